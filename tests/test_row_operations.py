"""The elementary row operations, augmented matrices, and telling echelon forms."""
import itertools
from decimal import Decimal
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
import reference
from arrays import LAYOUTS, Fenced, guarded
from helpers import OF_NONE, raises, same_bits
from hypothesis import given
from test_bits import is_fused

from mathwork.matrix import (
    add_multiple,
    augment,
    is_ref,
    is_rref,
    scale_row,
    solve,
    swap_rows,
)

layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
CALLS = {
    "swap_rows": lambda A, out=None: swap_rows(A, 0, 2, out=out),
    "scale_row": lambda A, out=None: scale_row(A, 1, -0.3, out=out),
    "add_multiple": lambda A, out=None: add_multiple(A, 2, 0, 0.7, out=out),
}
every_operation = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


# ---- values ----

def test_the_notes_three_operations():
    # Strang, Introduction to Linear Algebra, 5th ed., section 2.2: 4x - 8y = 4, 3x + 2y = 11
    # becomes x - 2y = 1, 3x + 2y = 11, and subtracting 3 times the first 8y = 8.
    scaled = scale_row([[4, -8, 4], [3, 2, 11]], 0, 1 / 4)
    assert scaled.tolist() == [[1, -2, 1], [3, 2, 11]]
    assert add_multiple(scaled, 1, 0, -3).tolist() == [[1, -2, 1], [0, 8, 8]]
    assert swap_rows(scaled, 0, 1).tolist() == [[3, 2, 11], [1, -2, 1]]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 15, 16, 17, 33, 100])
def test_each_operation_in_numpy(kernels, dtype, rng, n):
    A = rng.normal(size=(4, n)).astype(dtype)
    assert same_bits(kernels.swap_rows(A, 1, 3), A[[0, 3, 2, 1]])
    scaled = A.copy()
    scaled[2] *= dtype.type(1.7)
    assert same_bits(kernels.scale_row(A, 2, 1.7), scaled)
    factor = dtype.type(-0.3)
    added = A.copy()
    added[0] = reference.fma(factor, A[3], A[0]) if is_fused(kernels) else factor * A[3] + A[0]
    assert same_bits(kernels.add_multiple(A, 0, 3, float(factor)), added)


def test_rows_are_counted_from_the_end_too():
    A = np.arange(6.0).reshape(3, 2)
    assert same_bits(swap_rows(A, -1, 0), swap_rows(A, 2, 0))
    assert same_bits(scale_row(A, -3, 2), scale_row(A, 0, 2))
    assert same_bits(add_multiple(A, -2, -1, 2), add_multiple(A, 1, 2, 2))
    assert same_bits(swap_rows(A, np.int8(1), np.uint64(2)), A[[0, 2, 1]])


def test_numbers_too_large_for_an_argument_are_named():
    A = np.eye(2)
    with raises(IndexError, f"j must be a row of A of shape (2, 2), got {2 ** 70}"):
        swap_rows(A, 0, 2 ** 70)
    for call in (lambda: scale_row(A, 0, 10 ** 400), lambda: add_multiple(A, 0, 1, 10 ** 400)):
        with raises(ValueError, "factor must be within the range of floats, got an integer of "
                                f"{(10 ** 400).bit_length()} bits"):
            call()


def test_swapping_a_row_with_itself_changes_nothing():
    A = np.arange(6.0).reshape(3, 2)
    assert same_bits(swap_rows(A, 1, 1), A)
    assert same_bits(swap_rows(A, 1, -2), A)


@given(st.integers(2, 6), st.integers(0, 9), st.integers(0, 2 ** 32))
def test_every_operation_can_be_undone(m, n, seed):
    rng = np.random.default_rng(seed)
    A = rng.integers(-9, 9, (m, n)).astype(float)
    i, j = rng.choice(m, 2, replace=False)
    assert same_bits(swap_rows(swap_rows(A, i, j), i, j), A)
    assert same_bits(scale_row(scale_row(A, i, -8), i, -0.125), A)
    assert same_bits(add_multiple(add_multiple(A, i, j, 3), i, j, -3) + 0.0, A + 0.0)


def test_nan_and_infinity_propagate(dtype):
    A = np.array([[1, np.nan, np.inf], [0, 1, 1]], dtype)
    np.testing.assert_array_equal(scale_row(A, 0, 2), [[2, np.nan, np.inf], [0, 1, 1]])
    np.testing.assert_array_equal(scale_row(A, 1, np.nan)[1], [np.nan] * 3)
    np.testing.assert_array_equal(scale_row(A, 1, np.inf)[1], [np.nan, np.inf, np.inf])
    np.testing.assert_array_equal(add_multiple(A, 1, 0, 1)[1], [1, np.nan, np.inf])
    np.testing.assert_array_equal(add_multiple(A, 1, 0, 0)[1], [0, np.nan, np.nan])


@pytest.mark.parametrize(("given_dtype", "wanted"), [
    ("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("g", "f8"), ("i4", "f8"), ("?", "f8")])
@every_operation
def test_the_dtype_of_a_result(call, given_dtype, wanted):
    assert call(np.ones((3, 2), given_dtype)).dtype == np.dtype(wanted)


# ---- memory ----

@every_operation
@layout
def test_any_layout_has_the_bits_of_a_clean_copy(call, dtype, rng, layout):
    A = rng.normal(size=(5, 7)).astype(dtype)
    assert same_bits(call(layout(A)), call(A))


@every_operation
def test_input_is_left_as_it_was(call, dtype, rng):
    A = rng.normal(size=(5, 7)).astype(dtype)
    before = A.copy()
    assert not np.shares_memory(call(A), A)
    assert same_bits(A, before)


@every_operation
@layout
def test_in_place(call, dtype, rng, layout):
    A = rng.normal(size=(5, 7)).astype(dtype)
    expected = call(A)
    place = layout(A)
    if place.flags.writeable:
        assert call(place, place) is place
        assert np.array_equal(place, expected)


@every_operation
@layout
def test_out_of_any_layout(call, dtype, rng, layout):
    A = rng.normal(size=(5, 7)).astype(dtype)
    out = layout(np.zeros_like(A))
    if out.flags.writeable:
        assert call(A, out) is out
        assert np.array_equal(out, call(A))


@every_operation
@pytest.mark.parametrize("shift", range(1, 15))
def test_out_may_overlap_the_input(call, dtype, rng, shift):
    memory = rng.normal(size=40).astype(dtype)
    A, out = memory[:20].reshape(4, 5), memory[shift:shift + 20].reshape(4, 5)
    expected = call(A)
    assert call(A, out) is out
    assert same_bits(out, expected)


@every_operation
def test_out_may_be_another_view_of_the_input(call, dtype, rng):
    A = rng.normal(size=(5, 7)).astype(dtype)
    expected = call(A)
    call(A, A[:])
    assert same_bits(A, expected)
    square = rng.normal(size=(5, 5)).astype(dtype)
    expected = call(square)
    call(square, square.T)
    assert np.array_equal(square.T, expected)


@pytest.mark.parametrize("n", [1, 3, 4, 7, 9, 17])
def test_nothing_past_an_end_is_touched(kernels, dtype, rng, n):
    A = rng.normal(size=(3, n)).astype(dtype)
    calls = (lambda A, **out: kernels.swap_rows(A, 0, 2, **out),
             lambda A, **out: kernels.scale_row(A, 2, 3, **out),
             lambda A, **out: kernels.add_multiple(A, 2, 1, 3, **out),
             lambda A, **out: kernels.add_multiple(A, 0, 2, 3, **out))
    for call, side in itertools.product(calls, ("start", "end")):
        out = Fenced((3, n), dtype)
        call(guarded(A, side), out=out.array)
        assert out.is_whole() and same_bits(out.array, call(A))
        place = guarded(A, side)
        call(place, out=place)
        assert same_bits(place, call(A))


# ---- bad input ----

@pytest.mark.parametrize("row", [3, -4, 10 ** 30, -10 ** 30])
def test_a_row_that_there_is_not(row):
    A = np.ones((3, 2))
    before = A.copy()
    message = "{} must be a row of A of shape (3, 2), got " + str(row)
    for call, name in ((lambda: swap_rows(A, row, 0, out=A), "i"),
                       (lambda: swap_rows(A, 0, row, out=A), "j"),
                       (lambda: scale_row(A, row, 2, out=A), "i"),
                       (lambda: add_multiple(A, row, 0, 2, out=A), "target"),
                       (lambda: add_multiple(A, 0, row, 2, out=A), "source")):
        if abs(row) < 10 ** 18:
            with raises(IndexError, message.format(name)):
                call()
        else:
            with pytest.raises(IndexError):
                call()
    assert same_bits(A, before)


def test_an_empty_matrix_has_no_rows():
    with raises(IndexError, "i must be a row of A of shape (0, 2), got 0"):
        scale_row(np.ones((0, 2)), 0, 2)


@pytest.mark.parametrize("row", [0.0, "0", None, 1j])
def test_a_row_that_is_no_integer(row):
    for call in (lambda: swap_rows(np.ones((3, 2)), row, 0),
                 lambda: scale_row(np.ones((3, 2)), row, 2),
                 lambda: add_multiple(np.ones((3, 2)), 1, row, 2)):
        with pytest.raises(TypeError):
            call()


def test_a_factor_of_zero_is_no_row_operation():
    A = np.ones((3, 2), np.float32)
    for zero in (0, 0.0, -0.0, False, Fraction(0)):
        with pytest.raises(ValueError, match=r"^factor must not be zero, got -?0\.0$"):
            scale_row(A, 1, zero, out=A)
    with raises(ValueError, "factor must not be zero, got 1e-60, which is zero in float32"):
        scale_row(A, 1, 1e-60, out=A)
    assert (A == 1).all()
    assert scale_row(A.astype(float), 1, 1e-60)[1, 0] == 1e-60
    assert add_multiple(A, 1, 0, 0).tolist() == A.tolist()


@pytest.mark.parametrize("factor", ["2", None, [2j], [2]])
def test_a_factor_that_is_no_number(factor):
    for call in (lambda: scale_row(np.ones((3, 2)), 1, factor),
                 lambda: add_multiple(np.ones((3, 2)), 1, 0, factor)):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize(("target", "source"), [(1, 1), (0, -3), (-1, 2)])
def test_a_row_is_not_added_to_itself(target, source):
    with raises(ValueError,
                f"target and source must be different rows, got {target} and {source}"):
        add_multiple(np.ones((3, 2)), target, source, 2)


@every_operation
@pytest.mark.parametrize("shape", [(), (3,), (3, 3, 3)])
def test_a_row_operation_is_on_one_matrix(call, shape):
    with raises(ValueError, f"A must have shape (m, n), got {shape}"):
        call(np.ones(shape))


@every_operation
def test_matrices_that_are_not_numbers(call):
    with raises(TypeError, "A must hold real numbers, got dtype object: complex numbers go into "
                           "an array of complex128, without Fractions or Decimals beside them"):
        call(np.full((3, 2), 1j, object))
    for entry, dtype in ((None, OF_NONE), ("1", "object")):
        with raises(TypeError, f"A must hold real numbers, got dtype {dtype}"):
            call(np.full((3, 2), entry, object))
    with raises(TypeError, "A must be a plain array, got a masked array: fill or compress it "
                           "first"):
        call(np.ma.ones((3, 2)))


@every_operation
def test_out_that_does_not_fit(call):
    A = np.ones((3, 2))
    with raises(ValueError, "out must have shape (3, 2), got (2, 3)"):
        call(A, np.ones((2, 3)))
    with raises(TypeError, "out must have dtype float64, got float32"):
        call(A, np.ones((3, 2), np.float32))
    with raises(TypeError, "out must be a float64 array, got list"):
        call(A, A.tolist())
    integers = np.ones((3, 2), int)
    with raises(TypeError, "out must have dtype float64, got int64"):
        call(integers, integers)
    A.flags.writeable = False
    with raises(ValueError, "out must be writable, got a read-only array"):
        call(A, A)


# ---- objects ----

THIRDS = [[Fraction(1, 3), 2], [Decimal("0.1"), 0.5], [10 ** 30, Fraction(-2, 3)]]


def exactly(array, rows):
    """Whether an array of objects holds int and Fraction, equal to the rows"""
    return (array.dtype == object and array.tolist() == rows
            and all(type(entry) in (int, Fraction) for entry in array.flat))


def test_fractions_and_large_integers_stay_exact():
    first, second, third = [[Fraction(entry) if isinstance(entry, Fraction | int) else
                             Fraction(str(entry)) for entry in row] for row in THIRDS]
    assert exactly(swap_rows(THIRDS, 0, -1), [third, second, first])
    assert exactly(scale_row(THIRDS, 1, Fraction(3, 7)),
                   [first, [Fraction(3, 70), Fraction(3, 14)], third])
    assert exactly(add_multiple(THIRDS, 2, 0, -3),
                   [first, second, [10 ** 30 - 1, Fraction(-20, 3)]])
    assert exactly(scale_row(THIRDS, 0, 0.1), [[Fraction(1, 30), Fraction(1, 5)], second, third])
    # Without objects they are floats, whatever the factor is.
    assert scale_row([[1, 2]], 0, Fraction(1, 2)).tolist() == [[0.5, 1]]


@given(st.integers(2, 5), st.integers(0, 5), st.integers(0, 2 ** 32))
def test_every_exact_operation_can_be_undone(m, n, seed):
    rng = np.random.default_rng(seed)
    A = np.empty((m, n), object)
    for at in np.ndindex(m, n):
        A[at] = Fraction(int(rng.integers(-9, 10)), int(rng.integers(1, 10)))
    i, j = rng.choice(m, 2, replace=False)
    rows, factor = A.tolist(), Fraction(3, 7)
    assert exactly(swap_rows(swap_rows(A, i, j), i, j), rows)
    assert exactly(scale_row(scale_row(A, i, factor), i, 1 / factor), rows)
    assert exactly(add_multiple(add_multiple(A, i, j, factor), i, j, -factor), rows)
    assert A.tolist() == rows


@every_operation
def test_exact_results_in_a_given_place(call):
    A = np.array(THIRDS, object)
    expected = call(A).tolist()
    out = np.empty((3, 2), object)
    assert call(A, out) is out and exactly(out, expected)
    assert call(A, A) is A and exactly(A, expected)
    with raises(ValueError, "out must have shape (3, 2), got (2, 3)"):
        call(A, np.empty((2, 3), object))
    with raises(TypeError, "out must have dtype object, got float64"):
        call(A, np.ones((3, 2)))
    A.flags.writeable = False
    with raises(ValueError, "out must be writable, got a read-only array"):
        call(A, A)


def test_exact_operations_refuse_what_those_in_floats_refuse():
    A = np.array(THIRDS, object)
    with raises(IndexError, "j must be a row of A of shape (3, 2), got 3"):
        swap_rows(A, 0, 3)
    with raises(ValueError, "factor must not be zero, got 0"):
        scale_row(A, 0, Fraction(0))
    with raises(ValueError, "target and source must be different rows, got -1 and 2"):
        add_multiple(A, -1, 2, 1)
    with raises(TypeError, "factor must hold integers, fractions, decimals or floats, got str"):
        scale_row(A, 0, "2")
    with raises(ValueError, "A must have shape (m, n), got (2,)"):
        swap_rows(A[0], 0, 1)


# ---- augment ----

def test_augment():
    assert same_bits(augment([[2, 3], [4, 5]], [6, 10]), np.array([[2.0, 3, 6], [4, 5, 10]]))
    assert augment(np.ones((2, 3), "f4"), np.zeros((2, 2), "f2")).dtype == np.float32
    assert augment(np.ones((2, 3)), np.zeros((2, 0))).shape == (2, 3)
    assert augment(np.ones((0, 3)), np.zeros(0)).shape == (0, 4)


def test_augment_stacks(rng):
    A, b = rng.normal(size=(4, 2, 3)), rng.normal(size=(4, 2))
    assert same_bits(augment(A, b), np.concatenate((A, b[..., None]), axis=-1))
    assert same_bits(augment(A, b[..., None]), augment(A, b))
    assert augment(np.ones((5, 4, 2, 3)), np.ones((5, 4, 2, 6))).shape == (5, 4, 2, 9)


def test_augment_keeps_fractions():
    augmented = augment([[Fraction(1, 3), 2]], np.array([1]))
    assert augmented.dtype == object
    assert augmented.tolist() == [[Fraction(1, 3), 2, 1]]


@pytest.mark.parametrize("shape", [(), (3,), (3, 1), (1, 3, 2), (2, 1, 1)])
def test_augment_with_a_shape_that_does_not_fit(shape):
    with raises(ValueError, "b must have shape (2,), or that and a last axis of right-hand sides, "
                            f"to match A of shape (2, 2), got {shape}"):
        augment(np.ones((2, 2)), np.ones(shape))


def test_augment_takes_numbers():
    with raises(TypeError, "b must hold real numbers, got dtype <U1"):
        augment([[1]], ["1"])
    with raises(TypeError, "A must be a plain array, got a masked array: fill or compress it "
                           "first"):
        augment(np.ma.ones((1, 1)), [1])
    with raises(ValueError, "A must have shape (m, n) or (..., m, n), got (2,)"):
        augment([1, 2], [1])


# ---- is_ref, is_rref ----

FORMS = {       # matrix: (is_ref, is_rref)
    "the example of the notes": ([[1, 2, 3, 6], [0, 1, 4, 5]], True, False),
    "reduced, beside it": ([[1, 0, 0, -14], [0, 1, 0, 5]], True, True),
    "its reduced form": ([[1, 0, -5, -4], [0, 1, 4, 5]], True, True),
    "identity": (np.eye(4), True, True),
    "zero": (np.zeros((3, 2)), True, True),
    "pivots that are not 1": ([[2, 1], [0, 3]], True, False),
    "an entry above a pivot": ([[1, 1], [0, 1]], True, False),
    "an entry below a pivot": ([[1, 0], [1, 1]], False, False),
    "two rows that begin together": ([[1, 2], [3, 4]], False, False),
    "a step back": ([[0, 1], [1, 0]], False, False),
    "a zero row on top": ([[0, 0], [1, 0]], False, False),
    "a zero row between": ([[1, 0], [0, 0], [0, 1]], False, False),
    "a leading zero column": ([[0, 1, 2], [0, 0, 0]], True, True),
    "free columns between": ([[1, 2, 0, 3], [0, 0, 1, 4]], True, True),
    "one row": ([[0, 0, 1, 5]], True, True),
    "one column": ([[1], [0], [0]], True, True),
    "two in a column": ([[1], [1]], False, False),
    "almost zero": ([[1, 0], [5e-324, 1]], False, False),
    "almost one": ([[1 + 2 ** -52, 0], [0, 1]], True, False),
    "negative zero": ([[1, -0.0], [-0.0, 1]], True, True),
    "NaN": ([[np.nan, 0], [0, 1]], True, False),
    "NaN that is free": ([[1, np.nan], [0, 0]], True, True),
    "empty": (np.zeros((0, 3)), True, True),
    "empty rows": (np.zeros((3, 0)), True, True),
}


@pytest.mark.parametrize(("matrix", "ref", "rref"), FORMS.values(), ids=FORMS)
def test_telling_forms(matrix, ref, rref):
    assert is_ref(matrix) is ref
    assert is_rref(matrix) is rref
    stack = np.array([[matrix] * 2] * 3, float)
    for found, expected in ((is_ref(stack), ref), (is_rref(stack), rref)):
        assert found.dtype == bool and found.shape == (3, 2) and (found == expected).all()


def test_each_matrix_of_a_stack_is_told_apart():
    stack = np.array([[[1, 2], [0, 1]], [[1, 0], [0, 1]], [[0, 1], [1, 0]]])
    assert is_ref(stack).tolist() == [True, True, False]
    assert is_rref(stack).tolist() == [False, True, False]
    assert is_rref(np.zeros((0, 2, 2))).shape == (0,)


def test_telling_forms_of_fractions_and_integers():
    half = Fraction(1, 2)
    assert is_rref(np.array([[Fraction(1), Fraction(0), half]], object))
    assert is_ref([[half, 1]]) and not is_rref([[half, 1]])
    assert is_rref(np.eye(2, dtype=np.int64)) and is_rref(np.eye(2, dtype=bool))


def test_telling_forms_takes_matrices():
    for call in (is_ref, is_rref):
        with raises(ValueError, "A must have shape (m, n) or (..., m, n), got (2,)"):
            call([1, 2])
        with raises(TypeError, "A must hold real numbers, got dtype <U1"):
            call(np.eye(2).astype("U1"))
        with raises(TypeError, "A must be a plain array, got a masked array: fill or compress it "
                               "first"):
            call(np.ma.ones((1, 1)))


@pytest.mark.parametrize("function", [augment, solve])
def test_arrays_without_entries_may_not_claim_any_shape(function):
    for A, b in ((np.empty((2**40, 0)), np.empty((2**40, 0))),
                 (np.empty((2**40, 0), "f4"), np.empty((2**40, 0), "f4")),
                 (np.empty((0, 2**40)), np.empty(0))):
        with pytest.raises((ValueError, MemoryError)):
            function(A, b)
    assert augment(np.empty((3, 0)), np.empty((3, 0))).shape == (3, 0)
    assert augment(np.empty((0, 2)), np.empty(0)).shape == (0, 3)


@pytest.mark.parametrize("function", [is_ref, is_rref])
def test_an_array_is_no_number(function):
    A = np.zeros((2, 2), object)
    A[0, 0] = np.ones(3)
    with raises(ValueError, "A must hold numbers that can be compared with 0"):
        function(A)
