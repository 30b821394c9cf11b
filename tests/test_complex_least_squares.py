"""lstsq of complex systems: against exact arithmetic, NumPy and what reals have."""
import math
import pickle
from fractions import Fraction

import gauss
import numpy as np
import pytest
import rank_sets
import test_least_squares
from arrays import LAYOUTS
from helpers import names_kernels, raises, same_bits

from mathwork.matrix import LeastSquares, lstsq, solve
from mathwork.matrix.column_fits import ColumnFit, fit_columns

either = pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
SHAPES = [(5, 3), (3, 5), (4, 4), (10, 2), (2, 10), (30, 12), (12, 30), (1, 1), (3, 1), (1, 3)]
NAN = complex(math.nan, math.nan)
normal = rank_sets.complex_normal


def nearest(A, b):
    """The exact shortest x of those nearest, for A of full row or column rank, as complex128.

    With real and imaginary parts as unknowns the system is real, and sizes are the same.
    """
    rows = np.block([[A.real, -A.imag], [A.imag, A.real]])
    x = np.array(test_least_squares.nearest(rows.tolist(), [*b.real, *b.imag]), float)
    return x[:A.shape[1]] + 1j * x[A.shape[1]:]


# ---- values ----

def test_a_system_by_hand():
    # The mean of i, 1 and 2 + 2i is 1 + i; 1, i and 1 + i are left.
    x, ssr, rank, status = lstsq([[1], [1], [1]], [1j, 1, 2 + 2j])
    np.testing.assert_allclose(x, [1 + 1j], rtol=1e-15)
    assert ssr == pytest.approx(4) and (rank, status) == (1, "unique")
    # One equation: of all with x + i y = 2 the shortest is (1, -i).
    x, ssr, rank, status = lstsq([[1, 1j]], [2])
    np.testing.assert_allclose(x, [1, -1j], rtol=1e-15)
    assert ssr == pytest.approx(0) and (rank, status) == (1, "infinite")


@pytest.mark.parametrize("shape", SHAPES)
def test_every_rank_has_the_solution_of_numpy(rng, shape):
    for rank in range(min(shape) + 1):
        A = normal(rng, shape[0], rank) @ normal(rng, rank, shape[1])
        for b in (normal(rng, shape[0]), normal(rng, shape[0], 3)):
            found, expected = lstsq(A, b), np.linalg.lstsq(A, b)
            assert found.rank == expected[2] == rank
            np.testing.assert_allclose(found.x, expected[0], rtol=1e-8, atol=1e-9)
            np.testing.assert_allclose(found.ssr, (np.abs(b - A @ found.x) ** 2).sum(axis=0),
                                       atol=1e-12)
            assert found.status == ("unique" if rank == shape[1] else "infinite")


def test_columns_that_are_complex_multiples(rng):
    for _ in range(100):
        m, n = rng.integers(1, 8, 2)
        re, im = rank_sets.gaussian_integers(rng, int(m), int(n))
        A, b = re + 1j * im, normal(rng, m)
        found, rank = lstsq(A, b), len(gauss.over_gaussian(A.tolist())[1])
        assert found.rank == rank
        expected = np.linalg.pinv(A, rcond=1e-12) @ b
        np.testing.assert_allclose(found.x, expected, atol=1e-7 * np.abs(expected).max(initial=1))


@pytest.mark.parametrize("shape", [(8, 4), (6, 3), (4, 4), (4, 8), (3, 12), (5, 6), (2, 30)])
@pytest.mark.parametrize("condition", [1e2, 1e6, 1e10])
def test_nearly_all_digits_are_right_and_numpy_has_no_more(rng, shape, condition):
    k = min(shape)
    left, _ = np.linalg.qr(normal(rng, shape[0], k))
    right, _ = np.linalg.qr(normal(rng, shape[1], k))
    A = (left * np.geomspace(1, 1 / condition, k)) @ right.conj().T
    b = normal(rng, shape[0])
    exact = nearest(A, b)

    def error(x):
        return np.abs(x - exact).max() / np.abs(exact).max()

    mine, theirs = error(lstsq(A, b).x), error(np.linalg.lstsq(A, b)[0])
    assert mine <= (1e-14 if shape[0] >= shape[1] else max(1e-14, 1e-16 * condition))
    assert mine <= max(theirs, 1e-14)


def test_the_units_of_columns_do_not_matter(rng):
    A, b = normal(rng, 8, 3), normal(rng, 8)
    scales = np.array([1e-200, 1j, 1e150])
    found = lstsq(A * scales, b)
    assert found.rank == 3
    np.testing.assert_allclose(found.x * scales, lstsq(A, b).x, rtol=1e-12)


def test_weights(rng):
    A, b = normal(rng, 9, 3), normal(rng, 9, 2)
    weights = rng.uniform(0.1, 2, 9)
    weights[4], A[4], b[4] = 0, np.nan, np.inf      # left out
    found, kept = lstsq(A, b, weights=weights), np.delete(np.arange(9), 4)
    root = np.sqrt(weights)[kept, None]
    np.testing.assert_allclose(found.x, np.linalg.lstsq(A[kept] * root, b[kept] * root)[0],
                               rtol=1e-12)
    np.testing.assert_allclose(
        found.ssr, (root * np.abs(b[kept] - A[kept] @ found.x)).__pow__(2).sum(axis=0))
    some = lstsq(A, b, weights=[1, 1] + [0] * 7)
    assert some.rank == 2 and some.status == "infinite"
    np.testing.assert_allclose(A[:2] @ some.x, b[:2])
    none = lstsq(A, b, weights=np.zeros(9))
    assert none.rank == 0 and not none.x.any() and not none.ssr.any()
    real = lstsq(A.real, b, weights=weights)
    np.testing.assert_allclose(real.x, np.linalg.lstsq(A.real[kept] * root, b[kept] * root)[0],
                               rtol=1e-12)


def test_tol():
    A = [[1, 1], [1, 1 + 1e-6j], [1, 1 - 1e-6j]]
    assert lstsq(A, [1, 2, 3]).rank == 2
    for tall in (A, np.transpose(A)):
        assert lstsq(tall, [1, 2, 3][:len(tall)], tol=1e-4).rank == 1
    np.testing.assert_allclose(lstsq(A, [1, 2, 3], tol=1e-4).x, [1, 1], rtol=1e-5)


def test_a_pair_that_rounding_parts_counts_whole(rng, monkeypatch):
    # What is left of the two real columns of a complex one is the same but for rounding. Here the
    # second column of a pair is said to depend on the others.
    from mathwork.matrix import column_fits

    A, b = normal(rng, 6, 3), normal(rng, 6, 2)
    plain, calls = fit_columns, []

    def parted(matrix, sides, weights=None, tol=None):
        fit = plain(matrix, sides, weights, tol)
        if matrix.dtype.kind == "c" or calls:
            return fit
        calls.append(1)
        x = fit.x.copy()
        x[3] = np.nan
        return ColumnFit(x, fit.ssr, ~np.isnan(x[:, 0]))

    monkeypatch.setattr(column_fits, "fit_columns", parted)
    found = plain(A, b)
    assert calls and found.known.all()
    np.testing.assert_allclose(found.x, np.linalg.lstsq(A, b)[0], rtol=1e-12)


def test_ranks_near_the_tolerance_are_whole(rng):
    # Whatever the tolerance, the rank of [a, a z + d] is 1 or 2, and the answer is finite.
    for _ in range(300):
        a = normal(rng, 5, 1)
        A = np.hstack((a, a * (1 + 2j) + rng.choice([1, 2, 4]) * 1e-15 * normal(rng, 5, 1)))
        found = lstsq(A, normal(rng, 5))
        assert found.rank in (1, 2) and np.isfinite(found.x).all()


def test_a_system_with_a_solution_has_that_of_solve(rng):
    A, b = normal(rng, 4, 4), normal(rng, 4)
    np.testing.assert_allclose(lstsq(A, b).x, solve(A, b).x, rtol=1e-9)


# ---- real and complex together ----

def test_real_matrices_have_the_bits_of_two_real_systems(rng):
    for shape in SHAPES:
        A, b = rng.normal(size=shape), normal(rng, shape[0], 2)
        found, re, im = lstsq(A, b), lstsq(A, b.real), lstsq(A, b.imag)
        assert same_bits(found.x.real.copy(), re.x) and same_bits(found.x.imag.copy(), im.x)
        np.testing.assert_allclose(found.ssr, re.ssr + im.ssr)
        assert (found.rank, found.status) == (re.rank, re.status)
        assert lstsq(A, b[:, 0]).x.shape == (shape[1],)


def test_real_sides_of_a_complex_matrix(rng):
    A, b = normal(rng, 5, 3), rng.normal(size=5)
    assert same_bits(lstsq(A, b).x, lstsq(A, b + 0j).x)
    np.testing.assert_allclose(lstsq(A.real + 0j, b).x, lstsq(A.real, b).x, rtol=1e-12, atol=1e-15)


def test_complex64_is_computed_in_complex128_and_rounded(rng):
    A, b = normal(rng, 20, 5).astype(np.complex64), normal(rng, 20).astype(np.complex64)
    found, wide = lstsq(A, b), lstsq(A.astype(complex), b.astype(complex))
    assert found.x.dtype == np.complex64 and same_bits(found.x, wide.x.astype(np.complex64))
    assert found.ssr == wide.ssr
    assert lstsq(A, b.astype(complex)).x.dtype == np.complex128
    assert lstsq(A, b.real).x.dtype == lstsq(A.real, b).x.dtype == np.complex64
    assert lstsq(A.real.astype(float), b).x.dtype == np.complex128
    assert lstsq([[1j], [2]], [1, 2]).x.dtype == np.complex128


# ---- shapes and awkward input ----

def test_a_slice_has_the_bits_of_the_system_alone(rng):
    A, b = normal(rng, 3, 6, 2), normal(rng, 3, 6)
    A[1, :, 1] = A[1, :, 0] * 1j
    b[2, 3] = complex(1, np.nan)
    found = lstsq(A, b)
    assert found.status.tolist() == [0, 1, 3] and found.status.dtype == np.int8
    assert found.rank.tolist() == [2, 1, 2] and found.ssr.shape == (3,)
    for at in range(3):
        alone = lstsq(A[at], b[at])
        assert same_bits(found.x[at], alone.x)
        assert np.array_equal(found.ssr[at], alone.ssr, equal_nan=True)
    assert lstsq(A, b[0]).x.shape == (3, 2)
    assert lstsq(A[0], normal(rng, 5, 6, 4)).x.shape == (5, 2, 4)
    assert lstsq(A[:, None], normal(rng, 1, 7, 6, 4)).ssr.shape == (3, 7, 4)
    assert lstsq(A.real, b).x.shape == (3, 2)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (2, 2)])
def test_empty_and_zero_systems(shape):
    m, n = shape
    b = np.arange(1, m + 1) * 1j
    for A in (np.zeros(shape), np.zeros(shape, complex)):
        found = lstsq(A, b)
        assert np.array_equal(found.x, np.zeros(n)) and found.ssr == (np.abs(b) ** 2).sum()
        assert (found.rank, found.status) == (0, "infinite" if n else "unique")
        assert lstsq(A, np.zeros((m, 0), complex)).x.shape == (n, 0)
        assert lstsq(A[None][:0], np.zeros((0, m), complex)).x.shape == (0, n)


@pytest.mark.parametrize("bad", [complex(math.nan, 1), complex(1, math.inf), math.inf])
def test_numbers_that_are_not_finite(bad):
    x, ssr, rank, status = lstsq([[1, 2j], [3, bad], [0, 1]], [1, 2, 3])
    assert np.isnan(x.real).all() and np.isnan(x.imag).all() and np.isnan(ssr)
    assert (rank, status) == (0, "nan")
    for A in ([[1j, 0], [0, 1]], [[1, 0], [0, 1]]):
        found = lstsq(A, [[1, bad], [2, 3j]])
        assert found.status == "nan" and found.rank == 2
        np.testing.assert_allclose(found.x[:, 0], [1 / A[0][0], 2])
        assert np.isnan(found.x[:, 1].real).all() and np.isnan(found.x[:, 1].imag).all()
        assert np.isnan(found.ssr).tolist() == [False, True]


@layout
@either
def test_any_layout_has_the_bits_of_a_clean_copy(rng, dtype, layout):
    A, b = normal(rng, 7, 3).astype(dtype), normal(rng, 7).astype(dtype)
    assert same_bits(lstsq(layout(A), layout(b)).x, lstsq(A, b).x)
    wide = np.ascontiguousarray(A.T)
    before = wide.tobytes()
    assert same_bits(lstsq(layout(wide), layout(b[:3].copy())).x, lstsq(wide, b[:3]).x)
    assert wide.tobytes() == before


def test_what_is_refused():
    with raises(ValueError, "b must have shape (3,), or that and a last axis of right-hand sides, "
                "to match A of shape (3, 2), got (2,)"):
        lstsq(np.ones((3, 2), complex), [1, 2])
    with pytest.raises(TypeError, match="without Fractions or Decimals beside them"):
        lstsq([[1j, Fraction(1, 2)]], [1])
    with pytest.raises(TypeError, match="masked"):
        lstsq(np.ma.masked_array([[1j]]), [1])
    with pytest.raises(TypeError, match="b must hold real numbers"):
        lstsq([[1j]], ["1"])


def test_the_result_pickles():
    found = lstsq([[1, 1j]], [2])
    pickled = pickle.dumps(found)
    assert not names_kernels(pickled)
    other = pickle.loads(pickled)
    assert type(other) is LeastSquares and repr(other) == repr(found)
