"""solve, inv, det, rank and null_space: bits, stacks, threads, broadcasting, any input."""
import warnings
from fractions import Fraction
from itertools import permutations

import arrays
import numpy as np
import pytest
import slow_systems as slow
from helpers import raises, same_bits

from mathwork.matrix import (
    RankWarning,
    augment,
    det,
    inv,
    is_ref,
    is_rref,
    null_space,
    rank,
    ref,
    rref,
    scale_row,
    solve,
    swap_rows,
)

FUSED = "baseline"      # the level without fused multiply-add has bits of its own
sizes = pytest.mark.parametrize("n", [*range(1, 10), 12])
pytestmark = pytest.mark.filterwarnings("ignore::mathwork.matrix.RankWarning")


def mixed(rng, count, m, n, dtype):
    """Matrices of every kind: random, of low rank, with NaN, at the ends of the range."""
    A = rng.normal(size=(count, m, n))
    for s in range(count):
        kind = rng.integers(8)
        if kind == 0:
            A[s, rng.integers(m)] = A[s, rng.integers(m)] * 2
        elif kind == 1:
            k = rng.integers(1, min(m, n) + 1)
            A[s] = np.round(rng.normal(size=(m, k)), 2) @ np.round(rng.normal(size=(k, n)), 2)
        elif kind == 2 and rng.integers(2):
            A[s, rng.integers(m), rng.integers(n)] = [np.nan, np.inf, -np.inf][rng.integers(3)]
        elif kind == 3:
            A[s] = np.ldexp(A[s], rng.integers(-120, 120, (m, 1)))
        elif kind == 4:
            A[s] = rng.integers(-2, 3, (m, n))
    with np.errstate(all="ignore"):
        return A.astype(dtype)


def sides_of(rng, A, k):
    """Right-hand sides, most of which have a solution."""
    with np.errstate(all="ignore"):
        B = np.where(np.isfinite(A), A, 1) @ rng.integers(-3, 4, (len(A), A.shape[2], k))
        B[rng.random(len(A)) < 0.2] += 1
        B[rng.random(B.shape) < 0.01] = np.inf
        return B.astype(A.dtype)


def same(left, right):
    """Equal bits, but for the sign of NaN."""
    left, right = np.asarray(left), np.asarray(right)
    hole = np.isnan(left)
    return (left.shape == right.shape and left.dtype == right.dtype
            and np.array_equal(hole, np.isnan(right))
            and left[~hole].tobytes() == right[~hole].tobytes())


# ---- bits ----

@sizes
def test_a_stack_has_the_bits_of_the_slow_twin(kernels, rng, dtype, n):
    A = mixed(rng, 70, n, n, dtype)
    for k in (1, 2):
        B = sides_of(rng, A, k)
        found = kernels.solve(A, B)
        inverses, determinants = kernels.inv(A), kernels.det(A)
        for s in range(len(A)):
            status, x, basis, ambiguous = slow.solve(A[s], B[s])
            width = basis.shape[1] if status != "nan" or not np.isnan(basis).any() else 0
            if kernels.level != FUSED:
                assert same(found.x[s], x)
                assert same(found.null_space[s, :, :width], basis[:, :width])
                assert same(inverses[s], slow.inv(A[s]))
                assert same(determinants[s], slow.det(A[s]))
                assert found.ambiguous[s] == ambiguous
            assert found.status[s] == slow.WORDS.index(status)


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (4, 4), (8, 8), (9, 9), (2, 4), (5, 3), (3, 7)])
def test_a_slice_has_the_same_bits_alone_in_a_stack_and_on_any_workers(kernels, rng, dtype, shape):
    m, n = shape
    A = mixed(rng, 61, m, n, dtype)
    B = sides_of(rng, A, 1)
    b = B[..., 0]
    whole = kernels.solve(A, b)
    parts = kernels.solve(A, b, workers=3)
    assert same(whole.x, parts.x) and same(whole.null_space, parts.null_space)
    assert np.array_equal(whole.status, parts.status)
    assert np.array_equal(whole.ambiguous, parts.ambiguous)
    names = ["rank", "null_space"] + ["inv", "det"] * (m == n)
    stacks = {name: getattr(kernels, name)(A) for name in names}
    for name in names:
        for workers in (2, 7):
            assert same(stacks[name], getattr(kernels, name)(A, workers=workers))
    for start in range(0, 61, 13):
        assert same(kernels.solve(A[start:], b[start:]).x, whole.x[start:])
    for s in range(61):
        alone = kernels.solve(A[s], b[s])
        assert alone.status == slow.WORDS[whole.status[s]]
        assert same(alone.x, whole.x[s]) and alone.ambiguous == whole.ambiguous[s]
        if alone.status != "nan":
            width = alone.null_space.shape[1]
            assert same(alone.null_space, whole.null_space[s, :, :width])
            assert not whole.null_space[s, :, width:].any()
        assert kernels.rank(A[s]) == stacks["rank"][s]
        if m == n:
            assert same(kernels.det(A[s]), stacks["det"][s])
            if kernels.rank(A[s]) == n:
                assert same(kernels.inv(A[s]), stacks["inv"][s])
            else:
                assert np.isnan(stacks["inv"][s]).all()
                with pytest.raises(np.linalg.LinAlgError):
                    kernels.inv(A[s])


@pytest.mark.parametrize("n", [3, 4])
def test_an_inverse_has_its_columns_in_order_whatever_rows_changed_places(kernels, dtype, n):
    P = np.eye(n, dtype=dtype)[list(permutations(range(n)))]
    A = np.concatenate([P, P[::-1] * np.arange(1, n + 1, dtype=dtype)])
    for stack in (A, A[5:], A[::-1].copy()):
        expected = np.swapaxes(stack, 1, 2) / np.square(stack).sum(axis=1)[:, :, None]
        assert kernels.inv(stack).tobytes() == expected.astype(dtype).tobytes()


def test_no_zero_of_an_inverse_is_negative(kernels, dtype):
    for n in range(1, 9):
        A = -np.eye(n, dtype=dtype) * np.ones((33, 1, 1), dtype)
        found = kernels.inv(A)
        assert np.array_equal(found, A) and np.signbit(found).sum() == 33 * n


@sizes
def test_levels_agree(kernels, rng, dtype, n):
    if kernels.level == FUSED:
        pytest.skip("its multiplication and addition are rounded one by one")
    A = mixed(rng, 40, n, n, dtype)
    b = sides_of(rng, A, 1)[..., 0]
    assert same(kernels.solve(A, b).x, solve(A, b).x)
    assert same(kernels.solve(A, b).null_space, solve(A, b).null_space)
    assert same(kernels.inv(A), inv(A)) and same(kernels.det(A), det(A))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("bad", [np.zeros, lambda shape: np.full(shape, np.nan), np.ones])
def test_one_bad_slice_leaves_the_others_alone(kernels, rng, dtype, n, bad):
    lanes = kernels.geometry["F32_LANES" if dtype == np.float32 else "F64_LANES"]
    for count in {lanes, lanes + 1, 2 * lanes - 1, 2 * lanes + 1}:
        good = rng.normal(size=(count, n, n)).astype(dtype) + 3 * np.eye(n, dtype=dtype)
        b = rng.normal(size=(count, n)).astype(dtype)
        expected = kernels.solve(good, b).x, kernels.inv(good), kernels.det(good)
        for at in range(count):
            A = good.copy()
            A[at] = bad((n, n)) if n > 1 or bad is not np.ones else 0
            found = kernels.solve(A, b).x, kernels.inv(A), kernels.det(A)
            others = np.arange(count) != at
            for part, whole in zip(found, expected, strict=True):
                assert same(part[others], whole[others])
            assert np.isnan(found[1][at]).all()
            assert not found[2][at] > 0 and not found[2][at] < 0
            assert same(found[2][at], kernels.det(A[at]))
            assert same(found[0][at], kernels.solve(A[at], b[at]).x)


def test_x_is_that_of_rref_and_of_numpy(rng, dtype):
    eps = np.finfo(dtype).eps
    for n in range(1, 10):
        A = (rng.normal(size=(50, n, n)) + 4 * np.eye(n)).astype(dtype)
        b = rng.normal(size=(50, n)).astype(dtype)
        x = solve(A, b).x
        reduced = rref(np.concatenate((A, b[..., None]), axis=-1), columns=n)
        assert same_bits(x, reduced.matrix[..., n].copy())
        condition = np.linalg.cond(A).max()
        expected = np.linalg.solve(A.astype(float), b[..., None].astype(float))[..., 0]
        assert np.abs(x - expected).max() <= 10 * n * condition * eps * np.abs(expected).max()
        assert np.allclose(inv(A), np.linalg.inv(A.astype(float)), rtol=0,
                           atol=10 * n * condition * eps * np.abs(expected).max() + eps)
        assert np.allclose(det(A), np.linalg.det(A.astype(float)), rtol=10 * n * condition * eps)


@pytest.mark.parametrize(("dtype", "shift"), [("float64", 110), ("float32", 25)])
def test_powers_of_two_that_cancel_change_no_determinant(rng, dtype, shift):
    for n in (2, 4, 6, 8):
        A = rng.normal(size=(50, n, n)).astype(dtype)
        shifts = np.repeat([shift, -shift], n // 2)
        for scaled in (np.ldexp(A, shifts[:, None]), np.ldexp(A, -shifts[:, None])):
            assert same_bits(det(scaled, tol=1e-30), det(A, tol=1e-30))


def test_exact_answers_of_small_integers(rng):
    for n in range(1, 6):
        A = rng.integers(-5, 6, (200, n, n))
        b = rng.integers(-5, 6, (200, n))
        found, determinants = solve(A, b), det(A)
        for s in range(200):
            expected = solve(A[s], b[s], exact=True)
            assert found.status[s] == slow.WORDS.index(expected.status)
            assert round(determinants[s]) == det(A[s], exact=True)
            if expected.x is not None:
                assert np.allclose(found.x[s], expected.x.astype(float), rtol=1e-11, atol=1e-11)


# ---- broadcasting ----

BROADCAST = {       # stacks of A and of b
    "one b for many A": ((5,), ()), "one A for many b": ((), (5,)), "grid": ((4, 1), (1, 3)),
    "some axes": ((2, 1, 3), (4, 1)), "same": ((2, 3), (2, 3)), "none": ((0,), ()),
    "no b": ((), (0,)), "ones": ((1, 1), (1,)), "both": ((2, 1, 1, 3), (1, 4, 2, 1)),
}


@pytest.mark.parametrize(("left", "right"), BROADCAST.values(), ids=BROADCAST)
@pytest.mark.parametrize("k", [0, 1, 2])
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2)])
def test_stacks_broadcast(rng, dtype, left, right, k, shape):
    A = rng.integers(-2, 3, (*left, *shape)).astype(dtype)
    b = rng.integers(-2, 3, (*right, shape[0], k)).astype(dtype)
    if b.ndim == A.ndim - 1:
        b = b[None]             # else it would be vectors
    stack = np.broadcast_shapes(A.shape[:-2], b.shape[:-2])
    many = np.broadcast_to(A, (*stack, *shape)), np.broadcast_to(b, (*stack, *b.shape[-2:]))
    for keywords in ({}, {"atol": 1e-9}, {"tol": 1e-10, "workers": 2}):
        found = solve(A, b, **keywords)
        assert found.status.shape == np.shape(found.ambiguous) == stack
        assert found.x.shape == (*stack, shape[1], k)
        assert found.null_space.shape[:-1] == (*stack, shape[1])
        assert found.x.flags.c_contiguous and found.null_space.flags.writeable
        for at in np.ndindex(stack):
            alone = solve(many[0][at], many[1][at], **keywords)
            assert alone.status == slow.WORDS[found.status[at]]
            assert alone.ambiguous == found.ambiguous[at]
            assert same(alone.x, found.x[at])
            width = alone.null_space.shape[1]
            assert same(alone.null_space, found.null_space[at][:, :width])


@pytest.mark.parametrize("n", [1, 5, 21])
def test_many_b_beside_one_matrix_have_the_bits_of_each_alone(kernels, rng, dtype, n):
    A, b = rng.normal(size=(n, n)).astype(dtype), rng.normal(size=(150, n, 1)).astype(dtype)
    x = kernels.solve(A, b).x
    for s in range(0, 150, 7):
        assert same(x[s], kernels.solve(A, b[s]).x)


def test_which_b_are_vectors(rng):
    A, b = rng.normal(size=(4, 3, 3)), rng.normal(size=3)
    assert same(solve(A, b).x, solve(A, np.tile(b, (4, 1))).x)         # one dimension
    assert solve(A, np.ones((1, 3))).x.shape == (4, 3)                 # one less than A
    assert solve(A[0], np.ones((5, 3, 2))).x.shape == (5, 3, 2)
    assert solve(A, np.ones((3, 2))[None]).x.shape == (4, 3, 2)        # columns
    assert solve(A, np.ones((4, 3))).x.shape == (4, 3)
    assert solve(A[0], np.ones((3, 7))).x.shape == (3, 7)
    assert augment(A, b).shape == (4, 3, 4) and (augment(A, b)[..., 3] == b).all()
    assert augment(A[0], np.ones((5, 3, 2))).shape == (5, 3, 5)


@pytest.mark.parametrize("keywords", [{"exact": True}, {"modulus": 7}])
def test_exact_systems_broadcast(rng, keywords):
    A, b = rng.integers(-3, 4, (4, 2, 2)), rng.integers(-3, 4, 2)
    found = solve(A, b, **keywords)
    for s in range(4):
        alone = solve(A[s], b, **keywords)
        assert slow.WORDS[found.status[s]] == alone.status
        assert alone.x is None or np.array_equal(alone.x, found.x[s])
    assert solve(A[0], np.ones((3, 2, 1), int), **keywords).x.shape == (3, 2, 1)


# ---- input as it comes ----

FORMS = {
    "lists": lambda array: array.tolist(),
    "tuples": lambda array: tuple(map(tuple, array.tolist())),
    "rows": lambda array: [np.array(row) for row in array],
    "integers": lambda array: array.astype(int), "int8": lambda array: array.astype(np.int8),
    "transposed": np.asfortranarray,
    "float32": lambda array: array.astype("f4"), "swapped": lambda array: array.astype(">f8"),
    "half": lambda array: array.astype("f2"), "subclass": lambda array: array.view(np.recarray),
    "numbers of NumPy": lambda array: [[np.float64(x) for x in row] for row in array],
    "mixed": lambda array: [[int(x) if i else float(x) for i, x in enumerate(row)]
                            for row in array],
    "long double": lambda array: array.astype(np.longdouble),
    "read only": lambda array: np.broadcast_to(array, array.shape),
    "unaligned": lambda array: np.frombuffer(b"x" + array.tobytes(), "u1")[1:].view(
        array.dtype).reshape(array.shape),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("A", [[[2, 3, 1], [4, 5, 7], [1, 0, 5]], [[1, 2, 3], [2, 4, 6], [1, 0, 1]],
                               [[0, 0, 0], [0, 0, 0], [0, 0, 0]], [[1, 2, 3], [0, 1, 4]]])
def test_the_form_of_the_input_does_not_matter(form, A):
    A = np.array(A, float)
    b = np.arange(1.0, len(A) + 1)
    given = form(A)
    if np.asarray(given).dtype in (np.float16, np.float32):
        A, b = A.astype("f4"), b.astype("f4")
    for side in (b, b[:, None], np.stack([b, b], axis=1)):
        plain, found = solve(A, side), solve(given, side)
        assert found.status == plain.status and same(found.x, plain.x)
        assert same(found.null_space, plain.null_space)
        assert same(augment(given, side), augment(A, side))
    found = solve(A.tolist(), form(np.stack([b, b]).astype(float).T))
    assert same(found.x[:, 0].astype(float), solve(A.astype(float), b.astype(float)).x)
    assert rank(given) == rank(A) and same(null_space(given), null_space(A))
    assert (is_ref(given), is_rref(given)) == (is_ref([A])[0], is_rref([A])[0])
    assert same(rref(given).matrix, rref(A).matrix) and same(ref(given).matrix, ref(A).matrix)
    assert same(swap_rows(given, 0, 1), swap_rows(A, 0, 1))
    assert same(scale_row(given, 0, 0.5), scale_row(A, 0, 0.5))
    if A.shape[0] == A.shape[1]:
        assert same(det(given), det(A))
        if rank(A) == 3:
            assert same(inv(given), inv(A))


HUGE = [[2 ** 64, 1], [0, 1]]


@pytest.mark.parametrize("A", [
    HUGE, [[Fraction(1, 2), 1], [0, 1]], [[1, None], [0, 1]], [["1", "2"], ["3", "4"]],
    [[1, 2], [3]], [[1, 2], 3], [1, 2], 3, "1 2", [], [[1j, None], [3, 4]], [[[1, 2], [3]]], {1: 2},
    [[1, 2], "34"], [[1, 2], None], [[1.0, [2]], [3, 4]]], ids=repr)
def test_what_is_no_matrix_of_floats_is_refused(A):
    for function in (rank, det, inv, null_space, rref, lambda A: solve(A, [1, 2])):
        if isinstance(A, list) and A and isinstance(A[0], list) and isinstance(A[0][0], Fraction):
            with raises(TypeError, "A must hold real numbers, got dtype object: with exact=True "
                                   "it may hold Fractions, Decimals and integers of any size"):
                rank(A)
            continue
        with pytest.raises((TypeError, ValueError)):
            function(A)


def test_integers_are_rounded_once():
    A = [[2 ** 53 + 1, 2 ** 62 + 1], [-2 ** 63, 2 ** 63 - 1]]
    assert same(augment(A, [2 ** 53 + 3, 1]), augment(np.array(A), np.array([2 ** 53 + 3, 1])))
    assert augment([[2 ** 63, 1]], [1]).dtype == np.float64     # as NumPy reads it
    assert augment([[True, 2]], [False]).tolist() == [[1, 2, 0]]


def test_a_list_may_be_of_any_size(rng):
    for m, n in ((1, 1), (1, 300), (300, 1), (40, 50)):
        A = rng.normal(size=(m, n))
        assert same(rref(A.tolist()).matrix, rref(A).matrix)
    assert rref([[], []]).matrix.shape == (2, 0) and solve([[], []], [0, 1]).status == (
        "inconsistent")


@pytest.mark.parametrize("layout", arrays.LAYOUTS.values(), ids=arrays.LAYOUTS)
def test_stacks_in_any_layout(rng, dtype, layout):
    A, b = rng.normal(size=(40, 3, 3)).astype(dtype), rng.normal(size=(40, 3)).astype(dtype)
    A[7, 1] = A[7, 0]
    found = solve(layout(A), layout(b))
    assert same(found.x, solve(A, b).x) and found.status[7] == 2
    assert same(inv(layout(A)), inv(A)) and same(null_space(layout(A)), null_space(A))


# ---- echelon forms ----

@pytest.mark.parametrize(("A", "echelon", "reduced"), [
    ([[1, 2], [0, 1]], True, False), ([[1, 0], [0, 1]], True, True), ([[0, 0], [0, 1]], False,
                                                                     False),
    ([[0, 1], [1, 0]], False, False), ([[2, 0], [0, 1]], True, False), ([[0, 0]], True, True),
    ([[1, np.nan], [0, 0]], True, True), ([[np.nan, 0], [0, 1]], True, False),
    ([[1, 2], [1, 3]], False, False), ([[0, 1], [0, 0]], True, True), ([[0, 1], [0, 1]], False,
                                                                      False)])
def test_forms_of_one_matrix_and_of_a_stack(A, echelon, reduced):
    for given in (A, np.array(A, float), np.array(A, "f4"), np.array(A, float).T.copy().T):
        assert is_ref(given) is echelon and is_rref(given) is reduced
    assert is_ref([A, A]).tolist() == [echelon] * 2 and is_rref([A, A]).tolist() == [reduced] * 2


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_forms_of_nothing(shape):
    assert is_ref(np.empty(shape)) is is_rref(np.empty(shape)) is True


@pytest.mark.parametrize("m, n", [(2, 2), (3, 3), (4, 4), (9, 9), (2, 4), (5, 3)])
@pytest.mark.parametrize("stack", [(1,), (7,), (40,), (2, 3), (2, 1, 3)])
def test_a_stack_that_is_plain_as_it_stands_is_treated_as_any_other(rng, dtype, stack, m, n):
    A = mixed(rng, int(np.prod(stack)), m, n, dtype)
    B = sides_of(rng, A, 2).reshape(*stack, m, 2)
    A = A.reshape(*stack, m, n)
    spread = np.repeat(A, 2, axis=-1)[..., ::2]     # the same numbers, apart from each other
    for function in (rref, ref, rank, null_space, *[inv, det] * (m == n)):
        for found, expected in zip(parts(function(A)), parts(function(spread)), strict=True):
            assert found.flags.writeable and same(found, expected)
    for b in (B, B[..., 0].copy()):
        found = solve(A, b)
        for part, expected in zip(parts(found), parts(solve(spread, b)), strict=True):
            assert same(part, expected)
        assert same(found.ambiguous, solve(spread, b).ambiguous)
        assert found.x.dtype == dtype and found.x.shape == (*stack, n, *b.shape[len(stack) + 1:])


def parts(answer):
    return answer if isinstance(answer, tuple) else (
        [answer] if isinstance(answer, np.ndarray)
        else [answer.matrix, answer.pivots, answer.rank, answer.status, answer.ambiguous])


# ---- warnings and errors ----

def test_a_warning_names_the_caller_whichever_way_the_call_goes():
    close = np.array([[1, 1], [1, 1 + 3e-14]])
    for function in (rank, det, inv, null_space):
        for given, keywords in ((close, {}), (close.tolist(), {}), (close, {"atol": 0}),
                                (close, {"workers": 2}), ([close], {}), (close[None], {})):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                function(given, **keywords)
            assert [(w.category, w.filename) for w in caught] == [(RankWarning, __file__)]


def test_a_warning_may_be_an_error():
    close = np.array([[1, 1], [1, 1 + 3e-14]])
    with warnings.catch_warnings():
        warnings.simplefilter("error", RankWarning)
        for function in (rank, det, inv, null_space):
            for given in (close, [close] * 9):
                with pytest.raises(RankWarning):
                    function(given)


@pytest.mark.parametrize("workers", [0, -1])
def test_workers_are_checked(workers):
    for function in (rank, det, inv, null_space, lambda A, **keywords: solve(A, [1, 2],
                                                                             **keywords)):
        with raises(ValueError, f"workers must be at least 1, got {workers}"):
            function(np.eye(2), workers=workers)
        with pytest.raises(TypeError):
            function(np.eye(2), workers=2.5)
        function(np.eye(2), workers=True)


def test_an_array_that_changes_shape_is_refused():
    with pytest.raises(ValueError, match="keep"):
        from mathwork._levels import core

        core.solve_stack(np.ones((2, 2, 2)), np.ones((2, 3, 1)), 1, -1.0, 0.0, 1)
    for wrong in (np.ones((2, 3)), np.ones((2, 2), int), np.ones(2)):
        with pytest.raises(ValueError, match="A must keep its shape"):
            core.invert_plain(wrong, -1.0, 0.0, 1, 1)
    with pytest.raises(TypeError, match="array"):
        core.rank_of_plain([[1.0]], -1.0, 0.0, 1, 1)


def test_a_null_space_that_no_machine_holds_is_refused():
    A = np.empty((0, 2 ** 31))
    for function in (null_space, lambda A: solve(A, np.empty(0))):
        with pytest.raises((MemoryError, ValueError)):
            function(A)
