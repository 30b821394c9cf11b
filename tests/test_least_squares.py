"""lstsq: against exact arithmetic, NumPy and NIST, for every shape and rank, and awkward input."""
import pickle
from fractions import Fraction

import arrays
import gauss
import numpy as np
import pytest
import rank_sets
import test_nist
from exact_regression import digits, exact_fit, powers
from helpers import names_kernels, raises, same_bits

from mathwork.matrix import LeastSquares, lstsq, solve

SHAPES = [(5, 3), (3, 5), (4, 4), (10, 2), (2, 10), (50, 20), (20, 50), (1, 1), (3, 1), (1, 3)]


def nearest(A, b):
    """The exact shortest x of those nearest, for rows of Fractions of full row or column rank."""
    A = [[Fraction(entry) for entry in row] for row in A]
    m, n = len(A), len(A[0])
    b = [Fraction(entry) for entry in b]
    if m >= n:
        together = [[sum(A[s][i] * A[s][j] for s in range(m)) for j in range(n)]
                    + [sum(A[s][i] * b[s] for s in range(m))] for i in range(n)]
        return [row[n] for row in gauss.over_rationals(together, n)[0][:n]]
    together = [[sum(A[i][s] * A[j][s] for s in range(n)) for j in range(m)] + [b[i]]
                for i in range(m)]
    u = [row[m] for row in gauss.over_rationals(together, m)[0][:m]]
    return [sum(A[i][s] * u[i] for i in range(m)) for s in range(n)]


# ---- values ----

def test_a_published_line():
    # Strang, Introduction to Linear Algebra, 5th ed., section 4.3: (0, 6), (1, 0), (2, 0).
    x, ssr, rank, status = lstsq([[1, 0], [1, 1], [1, 2]], [6, 0, 0])
    np.testing.assert_allclose(x, [5, -3], rtol=1e-15)
    assert ssr == pytest.approx(6) and (rank, status) == (2, "unique")


@pytest.mark.parametrize("shape", SHAPES)
def test_every_rank_has_the_solution_of_numpy(rng, shape):
    for rank in range(min(shape) + 1):
        A = rng.normal(size=(shape[0], rank)) @ rng.normal(size=(rank, shape[1]))
        for b in (rng.normal(size=shape[0]), rng.normal(size=(shape[0], 3))):
            found = lstsq(A, b)
            expected = np.linalg.lstsq(A, b)
            assert found.rank == expected[2] == rank
            np.testing.assert_allclose(found.x, expected[0], rtol=1e-8, atol=1e-9)
            np.testing.assert_allclose(found.ssr, ((b - A @ found.x) ** 2).sum(axis=0), atol=1e-12)
            assert found.status == ("unique" if rank == shape[1] else "infinite")


@pytest.mark.parametrize("shape", [(8, 4), (12, 6), (4, 4), (4, 8), (3, 12), (5, 6), (2, 30)])
@pytest.mark.parametrize("condition", [1e2, 1e6, 1e10])
def test_nearly_all_digits_are_right_and_numpy_has_no_more(rng, shape, condition):
    k = min(shape)
    left, _ = np.linalg.qr(rng.normal(size=(shape[0], k)))
    right, _ = np.linalg.qr(rng.normal(size=(shape[1], k)))
    A = (left * np.geomspace(1, 1 / condition, k)) @ right.T
    b = rng.normal(size=shape[0])
    exact = np.array([float(entry) for entry in nearest(A, b)])

    def error(x):
        return np.abs(x - exact).max() / np.abs(exact).max()

    mine, theirs = error(lstsq(A, b).x), error(np.linalg.lstsq(A, b)[0])
    # The stored numbers are exact here, so only rounding of the result and of its sums remains.
    assert mine <= (1e-14 if shape[0] >= shape[1] else max(1e-14, 1e-16 * condition))
    assert mine <= max(theirs, 1e-14)


def test_ill_conditioned_polynomials(rng):
    x = np.arange(1, 22)
    for degree in (3, 5, 7):
        X = np.column_stack([np.ones(21), powers(x, degree)])
        y = rng.normal(size=21)
        exact, _, ssr = exact_fit(X, y, False)
        found = lstsq(X, y)
        assert digits(found.x, [float(value) for value in exact]) > 13
        assert found.ssr == pytest.approx(float(ssr), rel=1e-12)


@pytest.mark.skipif(not test_nist.FOLDER.is_dir(), reason="NIST's files are not there")
@pytest.mark.parametrize("name", test_nist.SETS)
def test_the_sets_of_nist(name):
    X, y, intercept, certified = test_nist.read(name)[:4]
    A = np.column_stack([np.ones(len(X)), X]) if intercept else np.asarray(X, float)
    found = lstsq(A, y)
    wanted = np.array([entry[0] for entry in certified])
    mine = digits(found.x, wanted)
    assert found.rank == A.shape[1]
    assert mine > test_nist.SETS[name][1] - 0.3
    assert mine > digits(np.linalg.lstsq(A, y)[0], wanted) - 0.3


def test_the_units_of_columns_do_not_matter(rng):
    A, b = rng.normal(size=(8, 3)), rng.normal(size=8)
    scales = np.array([1e-200, 1.0, 1e150])
    found = lstsq(A * scales, b)
    assert found.rank == 3
    np.testing.assert_allclose(found.x * scales, lstsq(A, b).x, rtol=1e-12)


def test_weights(rng):
    A, b = rng.normal(size=(9, 3)), rng.normal(size=(9, 2))
    weights = rng.uniform(0.1, 2, 9)
    weights[4] = 0
    root = np.sqrt(weights)[:, None]
    found = lstsq(A, b, weights=weights)
    np.testing.assert_allclose(found.x, np.linalg.lstsq(A * root, b * root)[0], rtol=1e-12)
    np.testing.assert_allclose(found.ssr, (weights[:, None] * (b - A @ found.x) ** 2).sum(axis=0))
    some = lstsq(A, b, weights=[1, 1] + [0] * 7)        # two equations are left
    assert some.rank == 2 and some.status == "infinite"
    np.testing.assert_allclose(A[:2] @ some.x, b[:2])
    none = lstsq(A, b, weights=np.zeros(9))
    assert none.rank == 0 and not none.x.any() and not none.ssr.any()
    for wrong, message in (([1] * 8, "weights must have shape (9,), one for each row of A, got "
                            "(8,)"),
                           ([1] * 8 + [-1], "weights must be finite and not negative, got -1.0 in "
                            "row 8"),
                           ([np.nan] + [1] * 8, "weights must be finite and not negative, got nan "
                            "in row 0")):
        with raises(ValueError, message):
            lstsq(A, b, weights=wrong)


def test_tol():
    A = [[1, 1], [1, 1 + 1e-6], [1, 1 - 1e-6]]
    assert lstsq(A, [1, 2, 3]).rank == 2
    assert lstsq(A, [1, 2, 3], tol=1e-4).rank == 1
    assert lstsq(np.transpose(A), [1, 2], tol=1e-4).rank == 1
    np.testing.assert_allclose(lstsq(A, [1, 2, 3], tol=1e-4).x, [1, 1], rtol=1e-5)
    with pytest.raises(ValueError, match="tol must be a number at least 0"):
        lstsq(A, [1, 2, 3], tol=-1)


def test_a_system_with_a_solution_has_that_of_solve(rng):
    A = rng.normal(size=(4, 4))
    b = rng.normal(size=4)
    np.testing.assert_allclose(lstsq(A, b).x, solve(A, b).x, rtol=1e-9)


# ---- shapes and dtypes ----

def test_a_slice_has_the_bits_of_the_system_alone(rng):
    A, b = rng.normal(size=(3, 6, 2)), rng.normal(size=(3, 6))
    A[1, :, 1] = A[1, :, 0]
    b[2, 3] = np.nan
    found = lstsq(A, b)
    assert found.status.tolist() == [0, 1, 3] and found.status.dtype == np.int8
    assert found.rank.tolist() == [2, 1, 2] and found.ssr.shape == (3,)
    for at in range(3):
        alone = lstsq(A[at], b[at])
        assert same_bits(found.x[at], alone.x)
        assert np.array_equal(found.ssr[at], alone.ssr, equal_nan=True)
    assert lstsq(A, b[0]).x.shape == (3, 2)                     # one vector for all
    assert lstsq(A[0], rng.normal(size=(5, 6, 4))).x.shape == (5, 2, 4)
    assert lstsq(A[:, None], rng.normal(size=(1, 7, 6, 4))).ssr.shape == (3, 7, 4)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (2, 2)])
def test_empty_and_zero_systems(shape):
    m, n = shape
    b = np.arange(1.0, m + 1)
    found = lstsq(np.zeros(shape), b)
    assert np.array_equal(found.x, np.zeros(n)) and found.ssr == (b ** 2).sum()
    assert (found.rank, found.status) == (0, "infinite" if n else "unique")
    assert lstsq(np.zeros(shape), np.zeros((m, 0))).x.shape == (n, 0)
    assert lstsq(np.zeros((0, *shape)), np.zeros((0, m))).x.shape == (0, n)


def test_numbers_that_are_not_finite():
    x, ssr, rank, status = lstsq([[1, 2], [3, np.nan], [0, 1]], [1, 2, 3])
    assert np.isnan(x).all() and np.isnan(ssr) and (rank, status) == (0, "nan")
    found = lstsq([[1, 0], [0, 1]], [[1, np.inf], [2, 3]])
    assert found.status == "nan" and found.rank == 2
    np.testing.assert_array_equal(found.x, [[1, np.nan], [2, np.nan]])


def test_float32_is_computed_in_float64_and_rounded(rng):
    A, b = rng.normal(size=(20, 5)).astype("f4"), rng.normal(size=20).astype("f4")
    found = lstsq(A, b)
    wide = lstsq(A.astype(float), b.astype(float))
    assert found.x.dtype == np.float32 and same_bits(found.x, wide.x.astype("f4"))
    assert found.ssr == wide.ssr
    assert lstsq(A, b.astype(float)).x.dtype == np.float64
    assert lstsq([[1], [2]], [1, 2]).x.tolist() == pytest.approx([1])


@pytest.mark.parametrize("layout", arrays.LAYOUTS.values(), ids=arrays.LAYOUTS)
def test_any_layout_has_the_bits_of_a_clean_copy(dtype, rng, layout):
    A, b = rng.normal(size=(7, 3)).astype(dtype), rng.normal(size=7).astype(dtype)
    assert same_bits(lstsq(layout(A), layout(b)).x, lstsq(A, b).x)
    wide = np.ascontiguousarray(A.T)
    assert same_bits(lstsq(layout(wide), layout(b[:3].copy())).x, lstsq(wide, b[:3]).x)


def test_what_is_refused():
    with raises(ValueError, "b must have shape (3,), or that and a last axis of right-hand sides, "
                "to match A of shape (3, 2), got (2,)"):
        lstsq(np.ones((3, 2)), [1, 2])
    with raises(ValueError, "A must have shape (m, n) or (..., m, n), got (2,)"):
        lstsq([1, 2], [1, 2])
    with raises(TypeError, "A must hold real numbers, got dtype object: solve, inv, det and "
                "slogdet compute with Fractions: exact=True"):
        lstsq([[Fraction(1, 2)]], [1])
    with pytest.raises(TypeError, match="b must hold real numbers"):
        lstsq([[1.0]], ["1"])


def test_the_result_pickles_and_unpacks():
    found = lstsq([[1, 1]], [2])
    pickled = pickle.dumps(found)
    assert not names_kernels(pickled)
    other = pickle.loads(pickled)
    assert type(other) is LeastSquares and repr(other) == repr(found)
    assert repr(found) == "LeastSquares(x=array([1., 1.]), ssr=0.0, rank=1, status='infinite')"


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_rank_of_float32_does_not_count_its_rounding(rng, dtype):
    """Ranks are exact ones of whole numbers, divided by what float32 rounds"""
    factor = 1 + 1j if dtype is np.complex64 else 1
    for kind in ("quotients", "multiples"):
        for A, rank, _ in rank_sets.small_exact(rng, 40, kind, np.float32):
            A = (A * factor).astype(dtype)
            values = np.linalg.svd(A.astype(complex), compute_uv=False)
            found = lstsq(A, np.ones(len(A), dtype)).rank
            assert found <= rank
            if rank and values[rank - 1] > 1e-5 * values[0]:
                assert found == rank
                assert lstsq(np.array([A, A]), np.ones(len(A), dtype)).rank.tolist() == [rank] * 2


def test_shortest_x_of_float32_without_full_rank():
    """(1, 2, 3) times 0.1, 0.2 and 0.7: all x with x1 + 2 x2 + 3 x3 = 10 solve it"""
    A = np.outer([.1, .2, .7], [1, 2, 3]).astype("f4")
    found = lstsq(A, np.array([1, 2, 7], "f4"))
    assert (found.rank, found.status) == (1, "infinite")
    assert found.x == pytest.approx(np.array([1, 2, 3]) * 10 / 14, rel=1e-6)


def test_float32_keeps_its_rank_up_to_a_condition_of_1e5(rng):
    for n in (2, 5, 20):
        left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2))
        A = (left * np.geomspace(1, 1e-5, n) @ right).astype("f4")
        assert lstsq(A, A @ np.ones(n, "f4")).rank == n


def test_whole_numbers_in_float32_carry_no_rounding():
    """det is 1: columns that differ by 1 / 2^21 of their size are independent"""
    A = np.array([[2 ** 21, 2 ** 21 - 1], [2 ** 21 + 1, 2 ** 21]], "f4")
    assert lstsq(A, np.ones(2, "f4")).rank == 2
    assert lstsq(A * np.float32(0.5), np.ones(2, "f4")).rank == 1
