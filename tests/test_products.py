"""matvec and matmul: values, shapes, layouts, `out`, and the ends of memory."""
import itertools
from fractions import Fraction

import hypothesis.strategies as st
import numpy as np
import pytest
import reference
from arrays import LAYOUTS, Fenced, guarded
from helpers import raises, same_bits
from hypothesis import given

from mathwork.matrix import matmul, matvec

# Around whole registers (2 to 16 lanes), pairs of them, tiles of rows, and cache lines.
SIZES = (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 63, 65)
layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
side = pytest.mark.parametrize("side", ["start", "end"])


def system(rng, dtype, m, k):
    return [rng.normal(size=shape).astype(dtype) for shape in ((m, k), k, m)]


# ---- values ----

def test_published_product():
    # Strang, Introduction to Linear Algebra, 5th ed., section 2.4: [[1, 1], [2, -1]] [[2, 2],
    # [3, 4]] = [[5, 6], [1, 0]].
    assert matmul([[1, 1], [2, -1]], [[2, 2], [3, 4]]).tolist() == [[5, 6], [1, 0]]
    assert matvec([[1, 1], [2, -1]], [2, 3]).tolist() == [5, 1]


def test_integers_are_exact(rng):
    left, right = rng.integers(-1000, 1000, (37, 53)), rng.integers(-1000, 1000, (53, 29))
    assert np.array_equal(matmul(left, right), left @ right)
    assert np.array_equal(matvec(left, right[:, 0], left[:, 1]), left @ right[:, 0] + left[:, 1])


@pytest.mark.parametrize("m", SIZES)
def test_products_are_within_the_published_bound(dtype, rng, m):
    for k in SIZES:
        weight, x, bias = system(rng, dtype, m, k)
        expected, bound = reference.product_and_bound(x[None], weight, bias)
        assert (np.abs(matvec(weight, x, bias) - expected[0]) <= bound[0]).all()
        expected, bound = reference.product_and_bound(weight, weight)
        assert (np.abs(matmul(weight, weight.T) - expected) <= bound).all()


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(0, 2 ** 32))
def test_the_transpose_of_a_product_is_the_product_of_the_transposes(m, k, n, seed):
    rng = np.random.default_rng(seed)
    left, right = rng.normal(size=(m, k)), rng.normal(size=(k, n))
    assert same_bits(np.ascontiguousarray(matmul(left, right).T), matmul(right.T, left.T))


@given(st.integers(1, 70), st.integers(1, 70))
def test_the_identity_changes_nothing(m, n):
    left = np.arange(m * n, dtype=float).reshape(m, n) / 7
    assert same_bits(matmul(left, np.eye(n)), left)
    assert same_bits(matmul(np.eye(m), left), left)


def test_nan_and_infinity_reach_only_their_own_rows(dtype):
    weight = np.ones((20, 9), dtype)
    weight[3, 8], weight[17, 0], weight[18, 2] = np.nan, np.inf, -np.inf
    expected = np.full(20, 9.0)
    expected[[3, 17, 18]] = np.nan, np.inf, -np.inf
    x = np.ones(9, dtype)
    np.testing.assert_array_equal(matvec(weight, x), expected)
    np.testing.assert_array_equal(matmul(weight, x[:, None])[:, 0], expected)
    np.testing.assert_array_equal(matmul(x[None], weight.T)[0], expected)


def test_zero_times_infinity_is_nan(dtype):
    weight = np.array([[np.inf, 1]], dtype)
    assert np.isnan(matvec(weight, np.array([0, 1], dtype))).all()


def test_overflow_is_infinity_without_a_warning(dtype):
    big = np.array([[np.finfo(dtype).max]], dtype)
    assert matmul(big, big).tolist() == [[np.inf]]


# ---- shapes ----

@pytest.mark.parametrize(("m", "k", "n"), list(itertools.product((0, 1, 20), repeat=3)))
def test_empty_shapes(dtype, m, k, n):
    left, right, bias = np.ones((m, k), dtype), np.ones((k, n), dtype), np.full(m, 0.5, dtype)
    assert same_bits(matmul(left, right), np.full((m, n), k, dtype))
    assert same_bits(matvec(left, np.ones(k, dtype)), np.full(m, k, dtype))
    assert same_bits(matvec(left, np.ones(k, dtype), bias), np.full(m, k + 0.5, dtype))


@pytest.mark.parametrize(("left", "right", "wanted"), [
    ("f4", "f4", "f4"), ("f2", "f4", "f4"), ("f2", "f2", "f4"), ("f4", "f8", "f8"),
    ("f8", "f4", "f8"), ("f8", "f8", "f8"), ("i4", "f4", "f8"), ("i1", "i8", "f8"),
    ("?", "?", "f8"), ("u8", "f8", "f8"), ("g", "f4", "f8"), ("f2", "?", "f8"),
])
def test_the_dtype_of_a_product(left, right, wanted):
    left, right = np.ones((3, 2), left), np.ones((2, 4), right)
    assert same_bits(matmul(left, right), np.full((3, 4), 2, wanted))
    assert same_bits(matvec(left, right[:, 0]), np.full(3, 2, wanted))
    assert same_bits(matvec(left, left[0], right[0, :1].repeat(3)), np.full(3, 3, wanted))


def test_lists_are_read_as_float64():
    assert matvec([[1, 2]], (3, 4)).dtype == np.float64


# ---- layouts ----

@layout
@pytest.mark.parametrize(("m", "k", "n"), [(5, 9, 7), (33, 17, 40), (14, 300, 33)])
def test_any_layout_has_the_bits_of_a_clean_copy(dtype, rng, layout, m, k, n):
    left, right = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
    x, bias = rng.normal(size=k).astype(dtype), rng.normal(size=m).astype(dtype)
    product, vector = matmul(left, right), matvec(left, x, bias)
    assert same_bits(matmul(layout(left), right), product)
    assert same_bits(matmul(left, layout(right)), product)
    assert same_bits(matmul(layout(left), layout(right)), product)
    assert same_bits(matvec(layout(left), x, bias), vector)
    assert same_bits(matvec(left, layout(x), bias), vector)
    assert same_bits(matvec(left, x, layout(bias)), vector)


def test_broadcast_input(dtype):
    row = np.arange(5, dtype=dtype)
    left = np.broadcast_to(row, (17, 5))
    assert same_bits(matmul(left, left.T), matmul(left.copy(), left.T.copy()))
    ones = np.broadcast_to(row[1], 5)
    assert same_bits(matvec(left, ones), matvec(left.copy(), ones.copy()))


def test_inputs_are_left_as_they_were(dtype, rng):
    weight, x, bias = system(rng, dtype, 19, 23)
    before = weight.copy(), x.copy(), bias.copy()
    matvec(weight, x, bias)
    matmul(weight, weight.T)
    assert all(same_bits(now, then) for now, then in zip((weight, x, bias), before, strict=True))


# ---- out ----

@layout
def test_out_of_any_layout(dtype, rng, layout):
    weight, x, bias = system(rng, dtype, 19, 23)
    calls = {(19,): lambda out: matvec(weight, x, bias, out=out),
             (19, 19): lambda out: matmul(weight, weight.T, out=out)}
    for shape, call in calls.items():
        out = layout(np.zeros(shape, dtype))
        if out.flags.writeable:
            assert call(out) is out
            assert np.array_equal(out, call(None))


@pytest.mark.parametrize(("m", "k", "n"), list(itertools.product(
    (1, 5, 8, 13, 33), (1, 8, 300), (1, 7, 16, 33))))
def test_nothing_is_written_outside_out(dtype, rng, m, k, n):
    left, right = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
    product, vector = Fenced((m, n), dtype), Fenced(m, dtype)
    matmul(left, right, out=product.array)
    matvec(left, right[:, 0].copy(), out=vector.array)
    assert product.is_whole() and vector.is_whole()
    assert same_bits(product.array, matmul(left, right))
    assert same_bits(vector.array, matvec(left, right[:, 0]))


@side
@pytest.mark.parametrize("m", (1, 2, 3, 7, 8, 9, 13, 16, 17, 33, 100))
def test_nothing_past_an_end_is_touched(kernels, dtype, rng, side, m):
    for k, n in itertools.product((1, 3, 8, 15, 17, 33, 300), (1, 7, 8, 17, 33)):
        left, x, bias = system(rng, dtype, m, k)
        right = rng.normal(size=(k, n)).astype(dtype)
        near = [guarded(array, side) for array in (left, x, bias, right)]
        vector, product = (guarded(np.zeros(shape, dtype), side) for shape in (m, (m, n)))
        kernels.matvec(near[0], near[1], near[2], out=vector)
        kernels.matmul(near[0], near[3], out=product)
        assert same_bits(vector, kernels.matvec(left, x, bias))
        assert same_bits(product, kernels.matmul(left, right))


@pytest.mark.parametrize("shift", range(6))
def test_out_may_overlap_an_input(dtype, rng, shift):
    n = 17
    memory = rng.normal(size=n * n + 2 * n).astype(dtype)
    right = rng.normal(size=(n, n)).astype(dtype)
    for call in (lambda shared, out: matmul(shared, right, out=out),
                 lambda shared, out: matmul(right, shared, out=out),
                 lambda shared, out: matmul(shared, shared, out=out)):
        shared = memory.copy()
        left = shared[:n * n].reshape(n, n)
        out = shared[shift:shift + n * n].reshape(n, n)
        expected = call(left.copy(), None)
        assert call(left, out) is out
        assert same_bits(out, expected)


def test_matvec_may_overwrite_any_of_its_inputs(dtype, rng):
    weight, x, bias = system(rng, dtype, 17, 17)
    expected = matvec(weight, x, bias)
    y = x.copy()
    assert same_bits(matvec(weight, y, bias, out=y), expected)
    y = bias.copy()
    assert same_bits(matvec(weight, x, y, out=y), expected)
    for place in (np.s_[3], np.s_[:, 3], np.s_[::-1, 0]):
        whole = weight.copy()
        assert np.array_equal(matvec(whole, x, bias, out=whole[place]), expected)


def test_out_reversed_over_its_own_input(dtype, rng):
    weight, x, _ = system(rng, dtype, 17, 17)
    expected = matvec(weight, x)
    assert np.array_equal(matvec(weight, x, out=x[::-1]), expected)


def test_memory_mapped_arrays(tmp_path, dtype, rng):
    weight, x, _ = system(rng, dtype, 19, 23)
    stored = np.memmap(tmp_path / "W", dtype, "w+", shape=weight.shape)
    stored[...] = weight
    out = np.memmap(tmp_path / "y", dtype, "w+", shape=19)
    assert matvec(stored, x, out=out) is out
    assert np.array_equal(out, matvec(weight, x))
    assert type(matvec(stored, x)) is np.ndarray


# ---- objects ----

def test_a_product_of_fractions_is_exact(rng):
    for m, k, n in ((2, 3, 4), (1, 1, 1), (3, 0, 2), (0, 2, 2), (2, 2, 0)):
        A, B = ([[Fraction(*map(int, rng.integers((-9, 1), 10))) for _ in range(width)]
                 for _ in range(height)] for height, width in ((m, k), (k, n)))
        left, right = np.empty((m, k), object), np.empty((k, n), object)
        left[...], right[...] = np.reshape(A, (m, k)), np.reshape(B, (k, n))
        product = matmul(left, right)
        assert product.dtype == object and product.shape == (m, n)
        assert product.tolist() == [[sum((a * row[j] for a, row in zip(line, B, strict=True)))
                                     for j in range(n)] for line in A]
        out = np.empty((m, n), object)
        assert matmul(left, right, out=out) is out and (out == product).all()


def test_a_product_with_a_side_of_objects_is_exact():
    assert matmul([[10 ** 30]], [[3]]).tolist() == [[3 * 10 ** 30]]
    product = matmul(np.array([[0.5, 2.0]]), [[Fraction(1, 3)], [0.1]])
    assert product.tolist() == [[Fraction(11, 30)]]
    with raises(ValueError, "A and B must have shapes (..., m, k) and (..., k, n), "
                "got (1, 1) and (2, 1)"):
        matmul([[Fraction(1, 2)]], [[1], [2]])
    with raises(TypeError, "B must hold real numbers, got dtype object"):
        matmul([[1]], np.array([["x"]], object))


# ---- stacks ----

STACKS = [((5,), (5,)), ((), (4,)), ((4,), ()), ((2, 1), (3,)), ((1,), (7,)), ((2, 3), (2, 3)),
          ((3, 1, 2), (4, 1))]


@pytest.mark.parametrize(("left", "right"), STACKS)
@pytest.mark.parametrize(("m", "k", "n"), [(3, 3, 3), (4, 4, 4), (2, 5, 1), (1, 1, 1), (16, 16, 16),
                                           (17, 3, 5), (20, 30, 20), (6, 40, 9), (2, 0, 3)])
def test_stacks_broadcast_and_a_slice_has_the_bits_of_the_single_product(
        kernels, dtype, rng, left, right, m, k, n):
    A = rng.normal(size=(*left, m, k)).astype(dtype)
    B = rng.normal(size=(*right, k, n)).astype(dtype)
    found = kernels.matmul(A, B)
    expected = np.matmul(A, B)
    assert found.shape == expected.shape and found.dtype == dtype
    bound = (k + 1) * np.finfo(dtype).eps * np.matmul(np.abs(A), np.abs(B))
    assert (np.abs(found - expected) <= 2 * bound).all()
    A = np.broadcast_to(A, (*found.shape[:-2], m, k))
    B = np.broadcast_to(B, (*found.shape[:-2], k, n))
    for at in np.ndindex(found.shape[:-2]):
        assert same_bits(found[at], kernels.matmul(A[at].copy(), B[at].copy()))


@pytest.mark.parametrize(("left", "right"), STACKS)
@pytest.mark.parametrize(("m", "k"), [(3, 3), (1, 1), (20, 5), (5, 40), (2, 0)])
def test_stacks_of_vectors(kernels, dtype, rng, left, right, m, k):
    W, x, b, biases = (rng.normal(size=shape).astype(dtype)
                       for shape in ((*left, m, k), (*right, k), (m,), (*right, m)))
    for bias in (None, b, biases):
        found = kernels.matvec(W, x, bias)
        stack = np.broadcast_shapes(left, right)
        assert found.shape == (*stack, m)
        W_all, x_all = np.broadcast_to(W, (*stack, m, k)), np.broadcast_to(x, (*stack, k))
        for at in np.ndindex(stack):
            one = None if bias is None else np.broadcast_to(bias, (*stack, m))[at].copy()
            assert same_bits(found[at], kernels.matvec(W_all[at].copy(), x_all[at].copy(), one))


@pytest.mark.parametrize("workers", [2, 3, 50])
def test_a_stack_has_the_same_bits_for_any_workers(dtype, rng, workers):
    for n in (3, 7, 16, 20):
        A, B = rng.normal(size=(2, 13, n, n)).astype(dtype)
        assert same_bits(matmul(A, B, workers=workers), matmul(A, B))
        assert same_bits(matmul(A, B[0], workers=workers), matmul(A, B[0]))     # rows are shared
        assert same_bits(matmul(A[0], B[0], workers=workers), matmul(A[0], B[0]))
        assert same_bits(matvec(A, B[:, 0], workers=workers), matvec(A, B[:, 0]))
    with raises(ValueError, "workers must be at least 1, got 0"):
        matmul(A, B, workers=0)
    with raises(ValueError, "workers must be at least 1, got -1"):
        matvec(A, B[:, 0], workers=-1)


@pytest.mark.parametrize("n", (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17))
@side
def test_nothing_past_an_end_of_a_stack_is_touched(kernels, dtype, rng, side, n):
    for m, k in ((1, 1), (3, 3), (n, 2), (5, n)):
        A, B = rng.normal(size=(3, m, k)).astype(dtype), rng.normal(size=(3, k, n)).astype(dtype)
        for count in (1, 3):
            out = guarded(np.zeros((count, m, n), dtype), side)
            kernels.matmul(guarded(A[:count], side), guarded(B[:count], side), out=out)
            assert same_bits(out.copy(), kernels.matmul(A[:count], B[:count]))
            x = B[:count, :, 0].copy()
            out = guarded(np.zeros((count, m), dtype), side)
            kernels.matvec(guarded(A[:count], side), guarded(x, side), out=out)
            assert same_bits(out.copy(), kernels.matvec(A[:count], x))


@layout
def test_a_stack_of_any_layout_and_out_of_any_layout(dtype, rng, layout):
    A, B = rng.normal(size=(4, 3, 5)).astype(dtype), rng.normal(size=(4, 5, 2)).astype(dtype)
    assert same_bits(matmul(layout(A), layout(B)), matmul(A, B))
    assert same_bits(matvec(layout(A), layout(B[..., 0].copy())), matvec(A, B[..., 0]))
    out = layout(np.zeros((4, 3, 2), dtype))
    if out.flags.writeable:
        assert matmul(A, B, out=out) is out
        assert np.array_equal(out, matmul(A, B))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_result_has_no_metadata_of_its_arguments(dtype, workers):
    named = np.dtype(dtype, metadata={"unit": "m"})
    A = np.ones((3, 2, 2)).astype(named)
    for made in (matmul(A, A, workers=workers), matmul(A[0], A[1], workers=workers),
                 matmul(A[0].copy(), A, workers=workers), matvec(A, A[0, 0], workers=workers)):
        assert made.dtype == dtype and made.dtype.metadata is None


def test_out_of_a_stack_may_overlap_an_input(dtype, rng):
    memory = rng.normal(size=200).astype(dtype)
    for shift in (0, 1, 5, 9, 40):
        kept = memory.copy()
        A, out = kept[:36].reshape(4, 3, 3), kept[shift:shift + 36].reshape(4, 3, 3)
        expected = matmul(A.copy(), A.copy())
        assert same_bits(matmul(A, A, out=out).copy(), expected)


def test_nan_and_infinity_stay_in_their_slice(dtype, rng):
    A = rng.normal(size=(5, 3, 3)).astype(dtype)
    expected = matmul(A, A)
    A[2, 1, 1], A[4, 0, 0] = np.nan, np.inf
    found = matmul(A, A)
    for at in (0, 1, 3):
        assert same_bits(found[at], expected[at])
    assert np.isnan(found[2, 1]).any() and not np.isfinite(found[4]).all()


@pytest.mark.parametrize(("left", "right"), [((0, 3, 3), (0, 3, 3)), ((0, 3, 3), (1, 3, 3)),
                                             ((2, 0, 3), (2, 3, 2)), ((2, 3, 3), (2, 3, 0)),
                                             ((4, 0, 1, 1), (1, 1))])
def test_empty_stacks(dtype, left, right):
    found = matmul(np.ones(left, dtype), np.ones(right, dtype))
    assert same_bits(found, np.matmul(np.ones(left, dtype), np.ones(right, dtype)))


def test_stacks_of_integers_lists_and_objects(rng):
    A, B = rng.integers(-9, 10, (4, 2, 3)), rng.integers(-9, 10, (3, 2))
    assert np.array_equal(matmul(A, B), A @ B)
    assert matmul(A.tolist(), B.tolist()).dtype == np.float64
    exact = matmul(A.astype(object) * Fraction(1, 3), B)
    assert exact.dtype == object and exact.shape == (4, 2, 2)
    assert exact.tolist() == ((A @ B).astype(object) * Fraction(1, 3)).tolist()
    assert matmul(np.zeros((2, 1, 0), object), np.zeros((0, 3), object)).shape == (2, 1, 3)


def test_stacks_that_do_not_go_together(dtype):
    for kind in (dtype, object):
        with raises(ValueError, "the stacks of A and B must broadcast, got shapes (2, 3, 3) and "
                    "(4, 3, 3)"):
            matmul(np.ones((2, 3, 3), kind), np.ones((4, 3, 3), kind))
    with raises(ValueError, "the stacks of W and x must broadcast, got shapes (2, 3, 3) and "
                "(4, 3)"):
        matvec(np.ones((2, 3, 3), dtype), np.ones((4, 3), dtype))
    with raises(ValueError, "the stacks of W, x and bias must broadcast, got shapes (2, 3, 3) and "
                "(2, 3) and (5, 3)"):
        matvec(np.ones((2, 3, 3), dtype), np.ones((2, 3), dtype), np.ones((5, 3), dtype))
    with raises(ValueError, "out must have shape (2, 3, 3), got (3, 3)"):
        matmul(np.ones((2, 3, 3), dtype), np.ones((3, 3), dtype), out=np.ones((3, 3), dtype))


@pytest.mark.parametrize("kind", [np.float64, complex, object])
def test_stacks_of_many_axes(kind):
    W = np.arange(4).astype(kind).reshape((1,) * 60 + (2, 2))
    assert matvec(W, W[..., 0, :], W[..., 1, :]).ravel().tolist() == [3, 6]
