"""solve, rank, det, inv and null_space in floats, against exact arithmetic and NumPy."""
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import arrays
import gauss
import numpy as np
import pytest
from helpers import OF_NONE, raises, same_bits

from mathwork.matrix import (
    RankWarning,
    Solution,
    augment,
    det,
    inv,
    lstsq,
    lu,
    null_space,
    rank,
    solve,
)
from mathwork.matrix.exact import RATIONALS
from mathwork.matrix.modular import PrimeField

FUNCTIONS = {"det": det, "inv": inv, "null_space": null_space, "rank": rank,
             "solve": lambda A, **keywords: solve(A, np.zeros(np.shape(A)[:-1]), **keywords)}
every_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


def eps(dtype):
    return float(np.finfo(dtype).eps)


# ---- solve: one system ----

def test_the_documented_system():
    # 2x + 3y = 6, 4x + 5y = 10: the notes that this package implements.
    status, x, basis = solve([[2, 3], [4, 5]], [6, 10])
    assert (status, x.tolist(), basis.shape) == ("unique", [0, 2], (2, 0))


def test_a_solution_is_frozen():
    found = solve([[2, 3], [4, 5]], [6, 10])
    for change in (lambda: setattr(found, "rank", 2), lambda: setattr(found, "x", 1),
                   lambda: delattr(found, "x")):
        with pytest.raises(AttributeError, match=r"^a Solution is immutable: "):
            change()


def test_infinitely_many_solutions():
    status, x, basis = solve([[1, 2, 3], [0, 1, 4]], [6, 5])
    assert (status, x.tolist(), basis.tolist()) == ("infinite", [-4, 5, 0], [[5], [-4], [1]])


def test_no_solution():
    status, x, basis = solve([[1, 2], [2, 4]], [3, 7])
    assert status == "inconsistent" and np.isnan(x).all() and basis.tolist() == [[-2], [1]]


def test_right_hand_sides_have_their_own_solutions():
    A = [[1, 2], [2, 4]]
    status, x, basis = solve(A, [[3, 3, 0], [6, 7, 0]])
    assert status == "inconsistent" and x.shape == (2, 3) and basis.tolist() == [[-2], [1]]
    assert x[:, [0, 2]].tolist() == [[3, 0], [0, 0]] and np.isnan(x[:, 1]).all()
    assert solve(A, [[3, 0], [6, 0]]).status == "infinite"
    status, x, _ = solve(A, [[3, 3], [6, np.nan]])
    assert status == "nan" and x[:, 0].tolist() == [3, 0] and np.isnan(x[:, 1]).all()


@pytest.mark.parametrize("entry", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite(entry):
    status, x, basis = solve([[1, entry], [0, 1]], [1, 2])
    assert status == "nan" and np.isnan(x).all() and basis.shape == (2, 2)
    assert np.isnan(basis).all()
    status, x, basis = solve(np.eye(2), [entry, 2])
    assert status == "nan" and np.isnan(x).all() and basis.shape == (2, 0)


def test_random_systems_have_the_exact_status_and_solution(rng, dtype):
    for _ in range(300):
        m, n = rng.integers(1, 9, 2)
        A = gauss.of_rank(rng, m, n, rng.integers(0, min(m, n) + 1), 3)
        A = np.array(A, dtype).reshape(m, n)
        b = A @ rng.integers(-3, 4, (n, 2)).astype(dtype)
        if rng.integers(2):
            b[rng.integers(m)] += 1
        status, x, basis = solve(A, b)
        expected = RATIONALS.solve(A, b)
        assert status == expected[0]
        assert x.dtype == basis.dtype == dtype
        close = {"rtol": 1e4 * eps(dtype), "atol": 1e4 * eps(dtype)}
        assert np.allclose(basis, expected[2].astype(float), **close)
        assert np.linalg.norm(A @ basis) <= 1e4 * eps(dtype)
        if status != "inconsistent":
            assert np.allclose(x, expected[1].astype(float), **close)


@pytest.mark.parametrize("scale", [2.0 ** 900, 2.0 ** -900, 1e-3])
def test_scaled_rows_keep_their_status(scale):
    A, b = np.array([[1, 2], [2, 4], [1, 1]]), np.array([3.0, 6, 2])
    factors = np.array([1, scale, 1])
    assert solve(A * factors[:, None], b * factors).status == "unique"
    wrong = b + np.array([0, 1e-9, 0])
    assert solve(A * factors[:, None], wrong * factors).status == "inconsistent"


def test_rounding_in_b_is_no_contradiction():
    assert solve([[0.1, 0.3], [0.2, 0.6]], [0.4, 0.8]).status == "infinite"
    assert solve([[3], [1]], [1, 1 / 3]).status == "unique"
    assert solve([[3], [1]], [1, 1 / 3 + 1e-12]).status == "inconsistent"
    assert solve([[3], [1]], [1, 1 / 3 + 1e-12], tol=1e-9).status == "unique"


def test_a_multiple_of_rounding_is_no_contradiction():
    # b cancels: it carries the rounding of 1.5 - 1.4, the solution found is 0.2.
    A = np.array([[0.5, 0.7], [1.5, 2.1]])
    assert solve(A, A @ [3, -2]).status == "infinite"


@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (3, 3), (5, 5)])
def test_error_rates_of_systems_of_rank_one(rng, shape):
    m, n = shape
    u, v = (rng.integers(-99, 100, (20000, k)) / 10 for k in shape)
    A = np.round(u[:, :, None] * v[:, None, :], 2)
    solvable = solve(A, (A @ rng.integers(-9, 10, (20000, n, 1)))[..., 0])
    wrong = solvable.status == 2
    assert wrong.mean() <= 0.002
    assert (wrong & ~solvable.ambiguous).mean() <= 0.0002
    # Of integers a deviation of 1e-10 is told, and of 1e-12 nearly always, or that it is close.
    A = np.round(u[:, :, None] * 10) * np.round(v[:, None, :] * 10)
    b = (A @ rng.integers(-9, 10, (20000, n, 1)))[..., 0]
    usable = (A != 0).all(axis=(1, 2)) & (b != 0).all(axis=1)
    A, b, more = A[usable], b[usable], np.eye(m)[-1]
    assert (solve(A, b * (1 + 1e-10 * more)).status == 2).all()
    close = solve(A, b * (1 + 1e-12 * more))
    assert (close.status == 2).mean() >= 0.94
    assert ((close.status == 2) | close.ambiguous).mean() >= 0.9998


def test_error_rates_of_gaussian_systems(rng):
    A = rng.normal(size=(20000, 6, 2)) @ rng.normal(size=(20000, 2, 4))
    b = (A @ rng.normal(size=(20000, 4, 1)))[..., 0]
    assert (solve(A, b).status == 2).mean() <= 0.0001
    b[:, 0] *= 1 + 1e-9
    assert (solve(A, b).status == 2).mean() >= 0.999


def test_an_absolute_tolerance_takes_what_subtraction_left_for_zero():
    A = np.array([[0.1 + 0.2, 0], [1, 2]]) - 0.3 * np.eye(2)
    for function, expected in ((rank, 2), (null_space, np.empty((2, 0)))):
        with pytest.warns(RankWarning):
            assert np.array_equal(function(A), expected)
    assert rank(A, atol=1e-15) == 1 and det(A, atol=1e-15) == 0
    assert np.allclose(null_space(A, atol=1e-15), [[-1.7], [1]])
    with raises(np.linalg.LinAlgError, "A has no inverse: its rank is 1 of 2"):
        inv(A, atol=1e-15)
    for d, status in ((0, "infinite"), (1e-17, "infinite"), (1e-9, "inconsistent")):
        found = solve(A, [d, 3], atol=1e-15)
        assert found.status == status
    assert solve([A, A], [[0, 3], [1, 3]], atol=1e-15).status.tolist() == [1, 2]


def test_a_close_call_is_told():
    assert solve([[1, 2], [2, 4]], [1, 2.0000001]).ambiguous is False
    assert solve([[1, 2], [2, 4]], [1, 2 + 1e-12]).ambiguous is True
    assert solve([[1, 1], [1, 1 + 1e-14]], [1, 2]).ambiguous is True       # the rank
    plain = np.array([[1, 1], [1, 1 + 1e-14]]), np.array([1.0, 2])
    assert solve(*plain).ambiguous is True
    assert solve([[1, 0], [0, 0]], [1, 1e-20]).ambiguous is False
    assert solve([[1, 2], [2, 4]], [1, 2], exact=True).ambiguous is False
    together = solve([[[1, 2], [2, 4]], [[1, 2], [3, 4]]], [[1, 2 + 1e-12], [1, 1]])
    assert together.ambiguous.tolist() == [True, False]
    with pytest.raises(AttributeError):
        together.ambiguous = False
    assert pickle.loads(pickle.dumps(together)).ambiguous.tolist() == [True, False]


@pytest.mark.parametrize("spread", [1, 60])
def test_systems_at_the_ends_of_the_range(dtype, spread):
    # Diagonal, alone and in a stack, for either engine; exactly x = b / diagonal.
    tiny, big = (1e-308, 1.7e308) if dtype == np.float64 else (5e-39, 3e38)
    diagonal = np.ones(2 * spread, dtype)
    b = np.ones(2 * spread, dtype)
    for entry, side in ((tiny, 1), (0.99, big), (0.51, big / 2), (big, 1)):
        diagonal[0], b[0] = entry, side
        expected = b / diagonal
        for x in (solve(np.diag(diagonal), b).x, solve([np.diag(diagonal)] * 9, [b] * 9).x[8]):
            np.testing.assert_allclose(x, expected, rtol=4 * eps(dtype))
    diagonal[:2] = big, 1 / dtype.type(big)
    np.testing.assert_allclose(inv(np.diag(diagonal)).diagonal(), 1 / diagonal,
                               rtol=4 * eps(dtype))


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_contradictions_at_the_ends_of_the_range(scale):
    A = np.full((2, 2), 1 / scale)
    assert solve(A, [scale, 2 * scale]).status == "inconsistent"
    assert solve(A, [scale, scale]).status == "infinite"
    assert solve([A, A], [[scale, 2 * scale], [scale, scale]]).status.tolist() == [2, 1]


@pytest.mark.filterwarnings("error")
def test_nothing_warns_of_overflow(dtype):
    A = np.array([[np.inf, 0.9 * np.finfo(dtype).max], [1, 1]], dtype)
    b = np.ones(2, dtype)
    assert solve(A, b).status == "nan" and solve([A, A], [b, b]).status.tolist() == [3, 3]


def test_a_row_of_zeros_is_no_rounding():
    assert solve([[1, 0], [0, 0]], [1, 1e-300]).status == "inconsistent"
    assert solve([[1, 0], [0, 0]], [1, 0]).status == "infinite"
    assert solve(np.zeros((2, 3)), [0, 0]).status == "infinite"
    assert solve(np.zeros((2, 3)), [0, 1]).status == "inconsistent"


@pytest.mark.parametrize("n", [300, 1000])
def test_residual_is_like_that_of_lapack(rng, n):
    A, b = rng.normal(size=(n, n)), rng.normal(size=n)

    def residual(x):
        return np.linalg.norm(A @ x - b, 1) / (np.linalg.norm(A, 1) * np.linalg.norm(x, 1)
                                               * n * eps(np.float64))

    status, x, _ = solve(A, b)
    assert status == "unique"
    assert residual(x) <= 10 * residual(np.linalg.solve(A, b))


# ---- solve: stacks ----

def test_a_stack_with_every_status(dtype):
    A = np.array([[[2, 3], [4, 5]], [[1, 2], [2, 4]], [[1, 2], [2, 4]], [[1, np.nan], [2, 4]],
                  [[0, 0], [0, 0]], [[1, 0], [0, 1]]], dtype)
    b = np.array([[6, 10], [3, 6], [3, 7], [1, 1], [0, 0], [np.inf, 1]], dtype)
    status, x, basis = solve(A, b)
    assert same_bits(status, np.array([0, 1, 2, 3, 1, 3], np.int8))
    nan = np.nan
    assert same_bits(x, np.array([[0, 2], [3, 0], [nan, nan], [nan, nan], [0, 0], [nan, nan]],
                                 dtype))
    assert basis.shape == (6, 2, 2)
    assert basis[[0, 1, 2, 4, 5]].tolist() == [
        [[0, 0], [0, 0]], [[-2, 0], [1, 0]], [[-2, 0], [1, 0]], [[1, 0], [0, 1]], [[0, 0], [0, 0]]]
    assert np.isnan(basis[3]).all()


def test_a_slice_that_is_not_finite_does_not_widen_the_null_spaces():
    A = np.stack([np.eye(3), np.full((3, 3), np.nan)])
    assert null_space(A).shape == (2, 3, 0)


@pytest.mark.parametrize("shape", [(2, 2), (3, 4), (4, 3), (12, 12)])
def test_a_slice_has_the_bits_it_has_alone(rng, dtype, shape):
    A = rng.integers(-2, 3, (3, 20, *shape)).astype(dtype)
    b = A @ rng.integers(-2, 3, (3, 20, shape[1], 2)).astype(dtype)
    b[::2, ::3] += 1
    status, x, basis = solve(A, b)
    assert (x.shape, basis.shape[:3]) == ((3, 20, shape[1], 2), (3, 20, shape[1]))
    for at in np.ndindex(3, 20):
        alone = solve(A[at], b[at])
        assert alone.status == ("unique", "infinite", "inconsistent")[status[at]]
        assert np.array_equal(x[at], alone.x, equal_nan=True)
        width = alone.null_space.shape[1]
        assert same_bits(basis[at][:, :width].copy(), alone.null_space)
        assert not basis[at][:, width:].any()
    vectors = solve(A, b[..., 0].copy())
    assert vectors.x.shape == (3, 20, shape[1])


# ---- rank ----

@pytest.mark.parametrize(("order", "expected"), [(4, 3), (6, 5), (8, 3), (10, 7), (12, 3)])
def test_ranks_of_magic_squares(dtype, order, expected):
    # Moler, "Magic squares", parts 1 and 2: order odd full, doubly even 3, else order / 2 + 2.
    assert rank(magic(order).astype(dtype)) == rank(magic(order), exact=True) == expected


def magic(n):
    """A magic square of even order: by complements if 4 divides it, else by Strachey's method"""
    if n % 4 == 0:
        square = np.arange(1, n * n + 1).reshape(n, n)
        half = np.arange(1, n + 1) % 4 // 2
        return np.where(half[:, None] == half, n * n + 1 - square, square)
    half, k = n // 2, n // 4
    i, j = np.indices((half, half))
    odd = half * ((i + j + (half + 1) // 2) % half) + (i + 2 * j + 1) % half + 1
    square = np.block([[odd, odd + 2 * half ** 2], [odd + 3 * half ** 2, odd + half ** 2]])
    for row in range(half):
        columns = np.r_[np.arange(k) + (row == k), n - k + 1:n]
        square[[[row], [row + half]], columns] = square[[[row + half], [row]], columns]
    return square


@pytest.mark.parametrize("order", [4, 6, 8, 10, 12])
def test_the_magic_squares_are_magic(order):
    square = magic(order)
    total = order * (order ** 2 + 1) // 2
    assert sorted(square.ravel()) == list(range(1, order ** 2 + 1))
    assert {*square.sum(0), *square.sum(1), square.trace(), square[::-1].trace()} == {total}


def test_rosser():
    # Eigenvalues 0, 1000 twice, 1020 and others: rank 7. Rosser, Lanczos, Hestenes and Karush,
    # Journal of Research of the National Bureau of Standards 47, 1951.
    rosser = np.array([
        [611, 196, -192, 407, -8, -52, -49, 29], [196, 899, 113, -192, -71, -43, -8, -44],
        [-192, 113, 899, 196, 61, 49, 8, 52], [407, -192, 196, 611, 8, 44, 59, -23],
        [-8, -71, 61, 8, 411, -599, 208, 208], [-52, -43, 49, 44, -599, 411, 208, 208],
        [-49, -8, 8, 59, 208, 208, 99, -911], [29, -44, 52, -23, 208, 208, -911, 99]])
    assert rank(rosser) == rank(rosser.astype(np.float32)) == rank(rosser, exact=True) == 7
    assert det(rosser) == det(rosser, exact=True) == 0
    basis = null_space(rosser)
    assert np.allclose(basis, null_space(rosser, exact=True).astype(float), rtol=1e-12)


def test_hilbert_matrices_that_floats_can_tell_from_singular_ones():
    for n in range(1, 9):
        hilbert = 1 / (np.arange(n)[:, None] + np.arange(1, n + 1))
        exact = [[Fraction(1, i + j + 1) for j in range(n)] for i in range(n)]
        assert rank(hilbert) == n
        condition = np.linalg.cond(hilbert)
        expected = inv(exact, exact=True).astype(float)
        assert np.abs(inv(hilbert) / expected - 1).max() <= n * condition * eps(float)
        assert abs(det(hilbert) / float(det(exact, exact=True)) - 1) <= n * condition * eps(float)


def test_kahan():
    # Kahan, "Numerical linear algebra", Canadian Mathematical Bulletin 9, 1966: of full rank, and
    # determinant s^(n (n - 1) / 2).
    n, angle = 20, 1.2
    kahan = np.diag(np.sin(angle) ** np.arange(n)) @ (
        np.eye(n) - np.cos(angle) * np.triu(np.ones((n, n)), 1))
    assert rank(kahan) == n
    assert np.isclose(det(kahan), np.sin(angle) ** (n * (n - 1) / 2), rtol=1e-13)


def test_badly_scaled_diagonals():
    A = np.diag([1e17, 1.0])
    for function, expected in ((rank, 2), (det, 1e17), (inv, np.diag([1e-17, 1.0]))):
        with pytest.warns(RankWarning):     # 1 is a sixteenth of the last place of 1e17
            assert same_bits(np.asarray(function(A)), np.asarray(expected))


# ---- det ----

@pytest.mark.parametrize("n", range(7))
def test_determinants_of_integer_matrices(rng, n):
    for rows in rng.integers(-9, 10, (20, n, n)).tolist():
        expected = gauss.determinant(rows)
        found = det(np.array(rows, float).reshape(n, n))
        assert isinstance(found, np.float64)
        assert abs(found - expected) <= 1e-12 * max(1, abs(expected)) * 10 ** n


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 9, 20, 70])
def test_the_sign_of_a_permutation(rng, dtype, n):
    for _ in range(10):
        order = rng.permutation(n)
        inversions = sum(order[i] > order[j] for i in range(n) for j in range(i + 1, n))
        found = det(np.eye(n, dtype=dtype)[order])
        assert found == (-1) ** inversions and found.dtype == dtype


def test_only_the_result_can_overflow(dtype):
    n = 2000
    diagonal = np.full(n, dtype.type(2.0 ** -100))
    diagonal[:n // 2] = 2.0 ** 100
    assert det(np.diag(diagonal)) == 1
    diagonal = np.full(1100, dtype.type(2))
    assert det(np.diag(diagonal)) == np.inf
    assert det(np.diag(1 / diagonal)) == 0


def test_pivots_beyond_the_range_have_a_determinant(dtype):
    big, small = (1e308, 1e-300) if dtype == np.float64 else (1e38, 1e-30)
    A = np.zeros((4, 4), dtype)
    A[:2, :2] = [[big, big], [-big, big]]
    A[2, 2] = A[3, 3] = small
    expected = float(det(A.astype(object), exact=True))
    assert np.isclose(det(A), expected, rtol=10 * eps(dtype))
    assert np.allclose(det([A, np.eye(4, dtype=dtype)]), [expected, 1], rtol=10 * eps(dtype))


def test_a_tolerance_of_zero_keeps_every_pivot():
    A = [[1e-310, 1], [0, 1]]
    assert rank(A, tol=0) == 2 and det(A, tol=0) == 1e-310
    assert solve(A, [1e-310, 0], tol=0).x.tolist() == [1, 0]
    assert rank([A] * 9, tol=0).tolist() == [2] * 9


def test_determinants_of_stacks(rng, dtype):
    A = rng.normal(size=(3, 5, 4, 4)).astype(dtype)
    A[1, 2] = np.nan
    A[2, 3, 1] = A[2, 3, 0]
    found = det(A)
    assert found.shape == (3, 5) and found.dtype == dtype
    assert np.isnan(found[1, 2]) and found[2, 3] == 0
    with np.errstate(invalid="ignore"):
        expected = np.linalg.det(A.astype(float))
    assert np.allclose(found, expected, rtol=1e3 * eps(dtype), atol=10 * eps(dtype),
                       equal_nan=True)
    for at in np.ndindex(3, 5):
        assert same_bits(np.asarray(found[at]), np.asarray(det(A[at])))


# ---- inv ----

@pytest.mark.parametrize("n", [1, 2, 3, 8, 9, 33, 100])
def test_inverses(rng, dtype, n):
    A = rng.normal(size=(n, n)).astype(dtype)
    found = inv(A)
    assert found.dtype == dtype and found.flags.c_contiguous
    assert np.abs(found @ A - np.eye(n)).max() <= 10 * n * np.linalg.cond(A) * eps(dtype)


def test_singular_matrices_have_no_inverse():
    with raises(np.linalg.LinAlgError, "A has no inverse: its rank is 1 of 2"):
        inv([[1, 2], [2, 4]])
    with raises(np.linalg.LinAlgError, "A has no inverse: it holds NaN or infinity"):
        inv([[1, np.nan], [2, 4]])
    with raises(np.linalg.LinAlgError, "A has no inverse: its rank is 1 of 2"):
        inv([[1, 2], [2, 4]], exact=True)


def test_singular_slices_are_nan(dtype):
    A = np.array([[[2, 3], [4, 5]], [[1, 2], [2, 4]], [[1, np.inf], [2, 4]]], dtype)
    found = inv(A)
    assert same_bits(found[0].copy(), inv(A[0])) and np.isnan(found[1:]).all()


# ---- shapes and dtypes ----

@pytest.mark.parametrize("stack", [(), (0,), (2, 3)])
def test_empty_shapes(dtype, stack):
    for m, n in ((0, 0), (0, 3), (3, 0)):
        A = np.empty((*stack, m, n), dtype)
        status, x, basis = solve(A, np.zeros((*stack, m), dtype))
        assert np.all(np.asarray(status) == (("unique", 0) if n == 0 else ("infinite", 1))[
            bool(stack)])
        width = n if not stack or np.prod(stack) else 0
        assert x.shape == (*stack, n) and basis.shape == (*stack, n, width)
        assert not x.any() and x.dtype == basis.dtype == dtype
        assert np.shape(rank(A)) == stack and not np.any(rank(A))
        assert null_space(A).shape == (*stack, n, width)
        for k in (0, 2):
            assert solve(A, np.zeros((*stack, m, k), dtype)).x.shape == (*stack, n, k)
    A = np.empty((*stack, 0, 0), dtype)
    assert inv(A).shape == A.shape and np.shape(det(A)) == stack and np.all(det(A) == 1)
    assert solve(np.empty((3, 0)), [0, 1, 0]).status == "inconsistent"


def test_stacks_of_all_dimensions():
    A = np.broadcast_to(np.eye(2), (1,) * 62 + (2, 2))
    assert solve(A, np.ones((1,) * 62 + (2,))).x.shape == (1,) * 62 + (2,)
    assert solve(A, np.ones((1,) * 62 + (2, 1))).null_space.shape == (1,) * 62 + (2, 0)
    assert null_space(np.ones((1,) * 62 + (2, 2))).shape == (1,) * 62 + (2, 1)


def test_dtypes():
    A = [[2, 3], [4, 5]]
    for given, expected in ((np.float16, np.float32), (np.float32, np.float32),
                            (np.float64, np.float64), (np.int8, np.float64),
                            (np.longdouble, np.float64)):
        array = np.array(A, given)
        results = (inv(array), null_space(array), det(array), solve(array, array[0]).x)
        assert {result.dtype for result in results} == {np.dtype(expected)}
    assert solve(np.array(A, np.float32), [6, 10]).x.dtype == np.float64
    assert solve(np.array(A, np.float32), np.array([6, 10], np.float32)).x.dtype == np.float32
    assert type(rank(A)) is int and rank([A]).dtype == np.intp


@pytest.mark.parametrize("layout", arrays.LAYOUTS.values(), ids=arrays.LAYOUTS)
def test_layouts(rng, dtype, layout):
    A, b = rng.normal(size=(2, 3, 3)).astype(dtype), rng.normal(size=(2, 3)).astype(dtype)
    before = A.copy(), b.copy()
    given = layout(A), layout(b)
    for function in (det, inv, rank, null_space):
        assert same_bits(np.asarray(function(given[0])), np.asarray(function(A)))
    assert same_bits(solve(*given).x, solve(A, b).x)
    assert np.array_equal(given[0], before[0]) and np.array_equal(given[1], before[1])


def test_solution_unpacks_prints_and_pickles():
    found = solve([[1, 2]], [3])
    assert isinstance(found, Solution) and found._fields == ("status", "x", "null_space")
    assert repr(found).startswith("Solution(status='infinite', x=array([3., 0.])")
    copy = pickle.loads(pickle.dumps(found))
    assert type(copy) is Solution and same_bits(copy.x, found.x) and copy.status == found.status


# ---- exact and modulo a prime ----

def test_the_same_names_compute_exactly():
    A, b = [[2, 3], [4, 6]], [1, 2]
    assert rank(A, exact=True) == 1 and det(A, exact=True) == Fraction(0)
    assert null_space(A, exact=True).tolist() == [[Fraction(-3, 2)], [1]]
    found = solve(A, b, exact=True)
    assert isinstance(found, Solution) and found.status == "infinite"
    assert found.x.tolist() == [Fraction(1, 2), 0]
    assert inv([[0.8]], exact=True).tolist() == [[Fraction(5, 4)]]


def test_the_same_names_compute_modulo_a_prime():
    A = [[2, 3], [4, 5]]
    assert (rank(A, modulus=2), det(A, modulus=7)) == (1, 5)
    assert inv(A, modulus=7).tolist() == PrimeField(7).inv(A).tolist()
    found = solve(A, [6, 10], modulus=7)
    assert isinstance(found, Solution) and (found.status, found.x.tolist()) == ("unique", [0, 2])
    assert null_space(A, modulus=2).tolist() == [[1], [0]]


# ---- bad input ----

@every_function
def test_bad_keywords(function):
    A = np.eye(2)
    with raises(ValueError, "exact and modulus exclude each other, got both"):
        function(A, exact=True, modulus=7)
    for keywords, name in (({"exact": True}, "exact"), ({"modulus": 7}, "modulus")):
        with raises(ValueError, "tol is for floats: exact arithmetic needs none, "
                                f"got tol 0.1 with {name}"):
            function(A, tol=0.1, **keywords)
    for tol, text in ((-1, "-1"), (np.nan, "nan"), (-1e-300, "-1e-300")):
        with raises(ValueError, f"tol must be a number at least 0, got {text}"):
            function(A, tol=tol)
    with raises(TypeError, "tol must be a number, got 'small'"):
        function(A, tol="small")
    with raises(ValueError, "modulus must be a prime, got 6"):
        function(A, modulus=6)
    with raises(TypeError, "modulus must be an integer, got 7.0"):
        function(A, modulus=7.0)


@every_function
def test_bad_matrices(function):
    with raises(ValueError, "A must have shape (m, n) or (..., m, n), got (3,)"):
        function(np.ones(3))
    for entry in (1, 2 ** 70, Fraction(1, 2), Decimal("0.1")):
        with raises(TypeError, "A must hold real numbers, got dtype object: with exact=True it "
                               "may hold Fractions, Decimals and integers of any size"):
            function(np.full((2, 2), entry, object))
    with raises(TypeError, f"A must hold real numbers, got dtype {OF_NONE}"):
        function(np.full((2, 2), None))
    with raises(TypeError, "A must be a plain array, got a masked array: fill or compress it "
                           "first"):
        function(np.ma.ones((2, 2)))


@pytest.mark.parametrize("function", [det, inv])
@pytest.mark.parametrize("keywords", [{}, {"exact": True}, {"modulus": 5}])
def test_square_matrices_are_wanted(function, keywords):
    for shape in ((2, 3), (4, 3, 2)):
        with raises(ValueError, f"A must be square, got shape {shape}"):
            function(np.ones(shape, int), **keywords)


@pytest.mark.parametrize("keywords", [{}, {"exact": True}, {"modulus": 5}])
@pytest.mark.parametrize(("A", "b"), [((3, 2), (2,)), ((3, 2), ()), ((3, 2), (1, 2)),
                                      ((3, 2), (3, 2, 1)), ((4, 3, 2), (4,)), ((4, 3, 2), ()),
                                      ((4, 3, 2), (1, 4)), ((4, 3, 2), (5, 3, 1)),
                                      ((4, 3, 2), (5, 3)), ((2, 4, 3, 2), (4, 3))])
def test_right_hand_sides_that_do_not_fit(A, b, keywords):
    with raises(ValueError, f"b must have shape {A[:-1]}, or that and a last axis of right-hand "
                            f"sides, to match A of shape {A}, got {b}"):
        solve(np.ones(A, int), np.ones(b, int), **keywords)
    with raises(TypeError, "b must hold real numbers, got dtype <U1"):
        solve(np.ones(A, int), np.full(A[:-1], "1"), **keywords)


# ---- null spaces in whole numbers ----

@pytest.mark.parametrize(("atoms", "numbers"), [
    # KMnO4 + HCl -> KCl + MnCl2 + H2O + Cl2; rows K, Mn, O, H, Cl.
    ([[1, 0, -1, 0, 0, 0], [1, 0, 0, -1, 0, 0], [4, 0, 0, 0, -1, 0], [0, 1, 0, 0, -2, 0],
      [0, 1, -1, -2, 0, -2]], [2, 16, 2, 2, 8, 5]),
    # C3H8 + O2 -> CO2 + H2O; rows C, H, O.
    ([[3, 0, -1, 0], [8, 0, 0, -2], [0, 2, -2, -1]], [1, 5, 3, 4]),
    # Fe + O2 -> Fe2O3; rows Fe, O.
    ([[1, 0, -2], [0, 2, -3]], [4, 3, 2]),
])
def test_a_chemical_equation_in_whole_numbers(atoms, numbers):
    basis = null_space(atoms, exact=True, integer=True)
    assert basis[:, 0].tolist() == numbers and basis.shape == (len(numbers), 1)
    assert all(type(entry) is int for entry in basis.flat)
    assert null_space(atoms, integer=True).tolist() == basis.tolist()


def test_a_null_space_in_whole_numbers(rng):
    for _ in range(100):
        m, n = rng.integers(1, 6, 2)
        A = np.array(gauss.of_rank(rng, m, n, rng.integers(0, min(m, n) + 1))).reshape(m, n)
        basis, fractions = null_space(A, integer=True), null_space(A, exact=True)
        assert basis.shape == fractions.shape and not (A @ basis).any()
        for vector, expected in zip(basis.T, fractions.T, strict=True):
            assert math.gcd(*vector) == 1 and vector[np.flatnonzero(vector)[0]] > 0
            assert rank([vector, expected], exact=True) == 1


def test_whole_numbers_of_a_stack():
    A = [[[2, 3]], [[0, 0]]]
    assert null_space(A, integer=True).tolist() == [[[3, 0], [-2, 0]], [[1, 0], [0, 1]]]
    assert null_space(np.zeros((0, 2, 2)), integer=True).shape == (0, 2, 0)
    assert null_space(np.zeros((2, 0)), integer=True).shape == (0, 0)


def test_whole_numbers_are_exact_ones():
    with raises(ValueError, "exact and modulus exclude each other, got both"):
        null_space([[1, 2]], integer=True, modulus=5)
    with raises(ValueError, "tol is for floats: exact arithmetic needs none, got tol 0.1 with "
                            "exact"):
        null_space([[1, 2]], integer=True, tol=0.1)


@pytest.mark.parametrize("function", [solve, augment, lstsq, lambda A, b: lu(A).solve(b)])
def test_stacked_vectors_beside_one_matrix_are_told_of_a_last_axis(function):
    with raises(ValueError, "b must have shape (3,), or that and a last axis of right-hand sides, "
                            "to match A of shape (3, 3), got (7, 3): for a stack of vectors, "
                            "b[..., None] has a last axis of one"):
        function(np.eye(3), np.ones((7, 3)))
    function(np.eye(3), np.ones((7, 3))[..., None])
