"""ref and rref of floats: the rank against exact arithmetic, the bits against the policy.

Run as a script with a number, it checks that many random matrices against exact arithmetic, and
ten times as many by all engines.
"""
import copy
import itertools
import math
import pickle
import sys
from fractions import Fraction

import gauss
import numpy as np
import pytest
import reference
from arrays import LAYOUTS, guarded
from helpers import names_kernels, raises, run_python, same_bits
from levels import all_kernels
from test_bits import is_fused

from mathwork import _levels
from mathwork.matrix import Margin, Reduced, augment, is_ref, is_rref, ref, rref

layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
every_engine = pytest.mark.parametrize("engine", ["any", "small", "large"])
either_form = pytest.mark.parametrize("reduced", [True, False], ids=["rref", "ref"])
STACKED = 20        # matrices that fill the lanes of every level, and some more


def parts(result):
    """Everything that a reduction found, as arrays."""
    return [np.asarray(part) for part in (*result, *result._verdict)]


def identical(left, right):
    """Whether two results have equal bits."""
    return all(same_bits(a, b) for a, b in zip(parts(left), parts(right), strict=True))


def reduce(kernels, A, columns=None, tol=-1.0, reduced=True, **how):
    columns = A.shape[-1] if columns is None else columns
    return kernels.reduce_plain(np.ascontiguousarray(A), columns, tol, reduced, **how)


def with_pivots(pivots, most):
    """Pivots as a stack has them."""
    return [*pivots, *[-1] * (most - len(pivots))]


# ---- published values ----

def test_the_corrected_example_of_the_notes():
    matrix, pivots = rref([[1, 2, 3, 6], [0, 1, 4, 5]])
    assert matrix.tolist() == [[1, 0, -5, -4], [0, 1, 4, 5]]
    assert pivots == (0, 1)


def test_the_system_of_the_notes():
    matrix, pivots = rref(augment([[2, 3], [4, 5]], [6, 10]), columns=2)
    assert matrix.tolist() == [[1, 0, 0], [0, 1, 2]]
    assert pivots == (0, 1)


def test_published_reduced_forms():
    # Strang, Introduction to Linear Algebra, 5th ed., section 3.2.
    matrix, pivots = rref([[1, 1, 2, 4], [1, 2, 2, 5], [1, 3, 2, 6]])
    assert matrix.tolist() == [[1, 0, 2, 3], [0, 1, 0, 1], [0, 0, 0, 0]]
    assert pivots == (0, 1)


# Order: rank, of the magic squares of MATLAB's `magic` (Moler, "Magic Squares", Cleve's Corner,
# 2012: doubly even orders have rank 3, singly even ones n / 2 + 2).
MAGIC_RANKS = {4: 3, 6: 5, 8: 3, 10: 7, 12: 3}


def magic(n):
    """The magic square of even order n: diagonals reversed if doubly even, else Strachey's."""
    i, j = np.mgrid[1:n + 1, 1:n + 1]
    if n % 4 == 0:
        square = np.arange(1, n * n + 1).reshape(n, n)
        return np.where(i % 4 // 2 == j % 4 // 2, n * n + 1 - square, square)
    p, k = n // 2, (n - 2) // 4
    i, j = i[:p, :p], j[:p, :p]
    odd = p * ((i + j - (p + 3) // 2) % p) + (i + 2 * j - 2) % p + 1
    upper, lower = np.hstack([odd, odd + 2 * p * p]), np.hstack([odd + 3 * p * p, odd + p * p])
    exchange = np.zeros((p, n), bool)
    exchange[:, :k] = exchange[:, n - k + 1:] = True
    exchange[k, [0, k]] ^= True
    return np.vstack([np.where(exchange, lower, upper), np.where(exchange, upper, lower)])


@pytest.mark.parametrize(("n", "rank"), MAGIC_RANKS.items())
def test_the_ranks_of_magic_squares(n, rank):
    square = magic(n)
    assert sorted(square.ravel()) == list(range(1, n * n + 1))
    total = n * (n * n + 1) // 2
    assert set(square.sum(0)) | set(square.sum(1)) == {total}
    assert np.trace(square) == np.trace(square[::-1]) == total
    assert rref(square).pivots == gauss.over_rationals(square.tolist())[1]
    assert rref(square).rank == rank


# Wilkinson and Reinsch, Handbook for Automatic Computation II, 1971; Rosser, Lanczos, Hestenes,
# Karush, "Separation of close eigenvalues of a real symmetric matrix", J. Res. Nat. Bur. Stand.
# 47, 1951: eigenvalue 0 once.
ROSSER = [[611, 196, -192, 407, -8, -52, -49, 29], [196, 899, 113, -192, -71, -43, -8, -44],
          [-192, 113, 899, 196, 61, 49, 8, 52], [407, -192, 196, 611, 8, 44, 59, -23],
          [-8, -71, 61, 8, 411, -599, 208, 208], [-52, -43, 49, 44, -599, 411, 208, 208],
          [-49, -8, 8, 59, 208, 208, 99, -911], [29, -44, 52, -23, 208, 208, -911, 99]]


def hilbert(n):
    return 1 / (np.arange(n)[:, None] + np.arange(n) + 1.0)


def kahan(n, theta=1.2):
    """Kahan, "Numerical linear algebra", Canadian Mathematical Bulletin 9, 1966."""
    s, c = np.sin(theta), np.cos(theta)
    return s ** np.arange(n)[:, None] * (np.eye(n) - c * np.triu(np.ones((n, n)), 1))


def growth(n):
    """Wilkinson's: partial pivoting doubles the last column at every step."""
    A = np.tril(-np.ones((n, n)), -1) + np.eye(n)
    A[:, -1] = 1
    return A


def test_rosser():
    reduced = rref(ROSSER)
    assert reduced.rank == len(gauss.over_rationals(ROSSER)[1]) == 7


@pytest.mark.parametrize("n", range(1, 21))
def test_hilbert(n):
    # Nonsingular for every n; its condition passes 1 / eps at n = 13, where no rank of the
    # rounded matrix below n would be wrong, if it says that it was close.
    reduced = rref(hilbert(n))
    assert reduced.rank == n or (n > 10 and reduced.ambiguous)
    assert n > 6 or not reduced.ambiguous


@pytest.mark.parametrize("n", [5, 20, 60, 90])
def test_kahan(n):
    reduced = rref(kahan(n))
    assert reduced.rank == n or reduced.ambiguous


@pytest.mark.parametrize("n", [2, 10, 40, 60])
def test_wilkinsons_growth(n):
    reduced = rref(growth(n))
    assert (reduced.rank, reduced.ambiguous) == (n, False)
    assert np.array_equal(reduced.matrix, np.eye(n))


def test_badly_scaled_rows():
    assert rref([[1e17, 0], [0, 1]]).rank == 2
    assert rref([[1e300, 1e300], [1e-300, -1e-300]]).matrix.tolist() == [[1, 0], [0, 1]]
    graded = np.array([[10.0 ** -(8 * i + j) for j in range(4)] for i in range(4)])
    graded += np.diag(10.0 ** -(8 * np.arange(4.0)))
    assert (rref(graded).rank, rref(graded).ambiguous) == (4, False)


def test_a_stochastic_matrix_less_the_identity():
    # Rank 1 in decimals; the floats nearest to them have rank 2, by the last bit.
    reduced = rref(np.array([[0.95, 0.45], [0.05, 0.55]]) - np.eye(2))
    assert (reduced.rank, reduced.ambiguous) == (1, True)


# ---- against exact arithmetic ----

def random_cases(rng, count):
    """(matrix of integers, how many columns may have pivots): of any rank, most from factors."""
    for _ in range(count):
        m, n = rng.integers(1, 13), rng.integers(1, 15)
        rank = rng.integers(0, min(m, n) + 1)
        largest = rng.choice([1, 2, 5, 9])
        A = np.array(gauss.of_rank(rng, m, n, rank, largest) if rank else np.zeros((m, n), int))
        kind = rng.integers(6)
        if kind == 0:
            A = rng.integers(-largest, largest + 1, (m, n))
        elif kind == 1 and m > 1:
            A[rng.integers(m)] = A[rng.integers(m)]
        elif kind == 2:
            A[:, rng.integers(n)] = 0
        elif kind == 3:
            A = A * rng.choice([1, 3, 1000, 10 ** 6], (m, 1))
        yield A, int(rng.choice([n, n, n, rng.integers(n + 1)]))


def check_against_exact(A, columns):
    """What is wrong with the float reduction of integers A, or None"""
    expected, pivots = gauss.over_rationals(A.tolist(), columns)
    floats = A.astype(float)
    reduced = rref(floats, columns=columns)
    if reduced.pivots != pivots:
        return f"pivots {reduced.pivots}, exactly {pivots}"
    if ref(floats, columns=columns).pivots != pivots:
        return f"pivots of ref are not {pivots}"
    if not np.array_equal(parts(rref(np.stack([floats] * STACKED), columns=columns))[1],
                          [with_pivots(pivots, min(A.shape[0], columns))] * STACKED):
        return "other pivots in a stack"
    again = rref(reduced.matrix, columns=columns)
    if again.pivots != pivots or not same_bits(again.matrix[:len(pivots)],
                                               reduced.matrix[:len(pivots)]):
        return "not idempotent"
    if columns == A.shape[1]:
        error, bound = error_and_bound(floats, reduced, expected)
        if not (error <= bound).all():
            return f"errors up to {(error / bound).max():.3g} times their bound"
    return None


def error_and_bound(A, reduced, expected):
    """|R - exact R| of each column, and m eps times what made it: cond(B) |B| |x|.

    B are the columns of the pivots, whose combination with coefficients x = R[:, j] is column j:
    Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 14.4, with rows
    scaled to 1 as rref does.
    """
    scaled = A / np.abs(A).max(axis=1, keepdims=True, initial=1e-300)
    basis = scaled[:, list(reduced.pivots)]
    exact = np.array(expected, float).reshape(A.shape)
    error = np.abs(reduced.matrix - exact).max(axis=0, initial=0)
    inverse = np.linalg.pinv(basis) if basis.size else np.zeros((0, len(A)))
    condition = math.prod(np.abs(part).sum(axis=1).max(initial=0) for part in (inverse, basis))
    size = 1 + np.abs(exact).max(axis=0, initial=0)
    return error, 10 * len(A) * np.finfo(float).eps * (1 + condition) * size


def test_ranks_pivots_and_entries_are_the_exact_ones(rng):
    for A, columns in random_cases(rng, 1000):
        wrong = check_against_exact(A, columns)
        assert wrong is None, f"{wrong}: {A.tolist()}, columns={columns}"


def test_ranks_in_float32(rng):
    for A, columns in random_cases(rng, 300):
        if np.abs(A).max(initial=0) < 100:
            pivots = gauss.over_rationals(A.tolist(), columns)[1]
            reduced = rref(A.astype(np.float32), columns=columns)
            assert reduced.pivots == pivots or reduced.ambiguous, (A.tolist(), columns)


# ---- against the policy, bit by bit ----

SHAPES = [(1, 1), (1, 5), (5, 1), (2, 2), (2, 3), (3, 4), (4, 4), (3, 9), (5, 3), (8, 9), (8, 4),
          (7, 16), (9, 10), (12, 5), (20, 21)]
LARGE_SHAPES = [(60, 61), (100, 50), (40, 300)]


def matrices(rng, shape, dtype, count):
    """Random matrices of any rank, some with rows of other scales or a column of zeros."""
    A = rng.normal(size=(count, *shape))
    integers = rng.integers(-2, 3, A.shape)
    kind = rng.integers(5, size=count)
    A[kind == 0] = integers[kind == 0]
    A[kind == 1, -1] = A[kind == 1, 0]
    A[kind == 2, :, rng.integers(shape[1])] = 0
    A[kind == 3] *= 2.0 ** rng.integers(-20, 20, (shape[0], 1))
    return A.astype(dtype)


@either_form
@pytest.mark.parametrize("shape", SHAPES)
def test_the_bits_of_the_policy(kernels, dtype, rng, shape, reduced):
    fused = is_fused(kernels)
    for A in matrices(rng, shape, dtype, 12):
        for columns, tol in ((shape[1], -1.0), (shape[1] // 2, -1.0), (shape[1], 0.125)):
            matrix, pivots, accepted, rejected = reference.rref_by_policy(
                A, columns, None if tol < 0 else tol, reduced=reduced, fused=fused)
            found = reduce(kernels, A, columns, tol, reduced)
            assert found.pivots == pivots
            assert same_bits(found.matrix, matrix)
            assert found._verdict[:4] == (len(pivots), accepted, rejected, 0)


@either_form
@pytest.mark.parametrize("shape", [*SHAPES, (60, 61)])
def test_a_matrix_has_the_same_bits_alone_and_in_a_stack(kernels, dtype, rng, shape, reduced):
    A = matrices(rng, shape, dtype, 3 * STACKED + 1)
    A[5, 0, 0], A[17, -1, 0] = np.nan, np.inf
    for columns, tol in ((shape[1], -1.0), (shape[1] - 1, -1.0), (0, -1.0), (shape[1], 0.0),
                         (shape[1], 0.125)):
        together = reduce(kernels, A, columns, tol, reduced)
        if shape[0] < 60:
            assert identical(together, reduce(kernels, A, columns, tol, reduced, engine="small"))
        for count in (1, 2, 3, 4, 5, 8, 17, 33):
            some = reduce(kernels, A[:count], columns, tol, reduced)
            for part, whole in zip(parts(some), parts(together), strict=True):
                assert same_bits(part, whole[:count])
        one = reduce(kernels, A[7], columns, tol, reduced)
        assert same_bits(one.matrix, together.matrix[7])
        assert with_pivots(one.pivots, min(shape[0], columns)) == together.pivots[7].tolist()
        assert one._verdict == tuple(part[7] for part in together._verdict)


@pytest.mark.parametrize("workers", [2, 3, 4, 7])
def test_workers_change_no_bit(dtype, rng, workers):
    for shape in ((3, 4), (9, 10), (60, 61)):
        A = matrices(rng, shape, dtype, 101)
        for form in (ref, rref):
            assert identical(form(A, workers=workers), form(A))
    assert identical(rref(A[0], workers=workers), rref(A[0]))
    assert rref(A[:0], workers=workers).rank.shape == (0,)


def test_levels_with_fused_multiply_add_agree(dtype, rng):
    fused = [kernels for kernels in all_kernels().values() if is_fused(kernels)]
    for shape in SHAPES + LARGE_SHAPES:
        A = matrices(rng, shape, dtype, STACKED)
        for kernels in fused:
            assert identical(reduce(kernels, A), reduce(fused[0], A))


def test_the_engines_agree(kernels, rng):
    for m, n in itertools.product(range(1, 13), range(1, 15)):
        check_engines(kernels, rng, m, n, 40)


def check_engines(kernels, rng, m, n, count):
    """Random matrices of small integers, a third each sparse, of low rank, and neither."""
    A = rng.integers(-2, 3, (count, m, n)).astype(float)
    for matrix in A[:count // 3]:
        rank = rng.integers(1, min(m, n) + 1)
        matrix[...] = rng.integers(-3, 4, (m, rank)) @ rng.integers(-3, 4, (rank, n))
    A[count // 3:2 * count // 3] //= 2
    columns = int(rng.integers(n + 1))
    for limit, reduced in ((n, True), (n, False), (columns, True)):
        by_any, small, large = (reduce(kernels, A, limit, reduced=reduced, engine=engine)
                                for engine in ("any", "small", "large"))
        assert identical(by_any, small)
        assert same_bits(large.pivots, small.pivots)
        assert same_bits(large._verdict[0], small._verdict[0])
        if reduced and limit == n:
            np.testing.assert_allclose(large.matrix, small.matrix, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("m", "n", "rank"), [
    (60, 61, 60), (60, 61, 31), (100, 80, 57), (70, 140, 70), (130, 131, 1), (200, 201, 150)])
def test_large_matrices_have_the_rank_and_pivots_of_their_integers(kernels, dtype, rng, m, n, rank):
    A = rng.integers(-3, 4, (m, rank)) @ rng.integers(-3, 4, (rank, n))
    A[:, rng.choice(n, 5, replace=False)] = 0
    # The pivots modulo a prime are those of the integers but for about one prime in 10^7.
    pivots = rref(A, modulus=2 ** 31 - 1).pivots
    for engine in ("any", "small", "large"):
        result = reduce(kernels, A.astype(dtype), engine=engine)
        close = result._verdict[1] < 1000
        assert result.pivots == pivots or (dtype == np.float32 and close)
        assert is_rref(result.matrix)


# ---- shapes and special matrices ----

@pytest.mark.parametrize(("m", "n"), list(itertools.product((0, 1, 3), repeat=2)))
@pytest.mark.parametrize("stack", [(), (0,), (2,), (40,), (3, 0, 2), (2, 3, 4)])
def test_empty_shapes_and_stacks(kernels, dtype, m, n, stack):
    if m and n and 0 not in stack:
        return
    result = reduce(kernels, np.ones((*stack, m, n), dtype))
    assert same_bits(result.matrix, np.ones((*stack, m, n), dtype))
    if stack:
        assert result.pivots.shape == (*stack, min(m, n))
        assert [part.shape for part in result._verdict] == [stack] * 5
    else:
        assert result.pivots == ()
        assert result._verdict == (0, math.inf, 0.0, 0, 1)


def test_a_stack_of_more_dimensions(rng):
    A = rng.normal(size=(2, 3, 4, 3, 4))
    together, flat = rref(A), rref(A.reshape(24, 3, 4))
    assert together.rank.shape == (2, 3, 4) and together.pivots.shape == (2, 3, 4, 3)
    for part, whole in zip(parts(flat), parts(together), strict=True):
        assert same_bits(part, whole.reshape(part.shape))


SPECIAL = {     # matrix: pivots
    "zero": (np.zeros((3, 4)), ()),
    "zero column first": ([[0, 1, 2], [0, 3, 4], [0, 5, 6]], (1, 2)),
    "zero columns first": ([[0, 0, 2], [0, 0, 4]], (2,)),
    "one row": ([[0, 0, 5, 1]], (2,)),
    "one column": ([[0], [0], [7]], (0,)),
    "one entry": ([[-3]], (0,)),
    "duplicated rows": ([[1, 2, 3]] * 5, (0,)),
    "duplicated columns": ([[1, 1, 1], [2, 2, 2], [3, 3, 4]], (0, 2)),
    "five columns that depend, then others": (
        np.hstack([np.outer([1, 2, 3, 4], [1, -1, 2, 3, 5]), np.vander([1, 2, 3, 4])]),
        (0, 5, 6, 8)),
    "pivots late": (np.hstack([np.zeros((3, 5)), np.eye(3)]), (5, 6, 7)),
    "tall": ([[1, 2], [2, 4], [3, 7], [0, 0], [5, 5]], (0, 1)),
    "triangular": (np.triu(np.ones((6, 6))), tuple(range(6))),
    "nilpotent": (np.diag([1.0] * 5, 1), tuple(range(1, 6))),
}


@every_engine
@pytest.mark.parametrize(("matrix", "pivots"), SPECIAL.values(), ids=SPECIAL)
def test_special_matrices(kernels, dtype, matrix, pivots, engine):
    A = np.array(matrix, dtype)
    assert gauss.over_rationals(np.array(matrix).tolist())[1] == pivots
    alone, echelon = (reduce(kernels, A, reduced=reduced, engine=engine)
                      for reduced in (True, False))
    assert alone.pivots == echelon.pivots == pivots
    assert is_rref(alone.matrix) and is_ref(echelon.matrix)
    together = reduce(kernels, np.stack([A] * STACKED), engine=engine)
    assert same_bits(together.matrix, np.stack([alone.matrix] * STACKED))
    assert together.pivots.tolist() == [with_pivots(pivots, min(A.shape))] * STACKED


@every_engine
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (2, 5), (5, 2), (9, 9)])
def test_nan_and_infinity_in_every_place(kernels, dtype, rng, shape, bad, engine):
    for i, j in itertools.product(*map(range, shape)):
        A = rng.normal(size=(STACKED, *shape)).astype(dtype)
        clean = reduce(kernels, A, engine=engine)
        A[3, i, j] = bad
        for reduced in (True, False):
            alone, together = (reduce(kernels, part, reduced=reduced, engine=engine)
                               for part in (A[3], A))
            assert np.isnan(alone.matrix).all() and alone.pivots == ()
            assert alone._verdict[0] == 0 and alone._verdict[3] == 1
            assert np.isnan(alone._verdict[1:3]).all()
            assert same_bits(together.matrix[3], alone.matrix)
            assert (together.pivots[3] == -1).all()
            assert together._verdict[3].tolist() == [int(k == 3) for k in range(STACKED)]
        others = np.arange(STACKED) != 3
        together = reduce(kernels, A, engine=engine)
        assert same_bits(together.matrix[others], clean.matrix[others])
        assert same_bits(together.pivots[others], clean.pivots[others])


@every_engine
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("shape", [(3, 5), (9, 11)])
def test_what_is_not_finite_in_the_augmented_part_goes_along(kernels, dtype, rng, shape, bad,
                                                             engine):
    m, n = shape
    A = rng.normal(size=(STACKED, m, n)).astype(dtype)
    clean = reduce(kernels, A, n - 2, engine=engine)
    others = np.arange(n) != n - 2
    for row in range(m):
        B = A.copy()
        B[:, row, -2] = bad
        result = reduce(kernels, B, n - 2, engine=engine)
        assert same_bits(result.pivots, clean.pivots)
        assert (result._verdict[3] == 0).all()
        assert same_bits(result.matrix[..., others], clean.matrix[..., others])
        assert not np.isfinite(result.matrix[..., n - 2]).all(axis=-1).any()


@pytest.mark.parametrize("shift", [-1080, -1060, -1030, -1022, -1000, -600, 600, 1000, 1020, 1022])
def test_rows_at_the_ends_of_the_range(kernels, rng, shift):
    A = rng.integers(-1, 2, (3 * STACKED, 4, 5)).astype(float)
    B = A.copy()
    with np.errstate(under="ignore"):
        B[:, 1] = np.ldexp(B[:, 1], max(shift, -1074))
    for engine in ("any", "small", "large"):
        result, expected = (reduce(kernels, part, engine=engine) for part in (B, A))
        assert identical(result, expected)
    echelon = reduce(kernels, B, reduced=False)
    assert identical(echelon, reduce(kernels, B, reduced=False, engine="small"))
    assert is_ref(echelon.matrix).all()


def test_scaling_rows_by_powers_of_two_changes_no_bit(kernels, dtype, rng):
    for shape in SHAPES + LARGE_SHAPES:
        A = rng.normal(size=(STACKED, *shape)).astype(dtype)
        scaled = np.ldexp(A, rng.integers(-40, 40, (*A.shape[:-1], 1))).astype(dtype)
        assert identical(reduce(kernels, A), reduce(kernels, scaled))


def test_negative_zero_becomes_zero(kernels, dtype):
    A = np.array([[-1, -0.0, 0, 2], [0, -2, -0.0, 0], [0, 0, -4, -0.0]], dtype)
    for part in (A, np.stack([A] * STACKED)):
        for reduced in (True, False):
            matrix = reduce(kernels, part, reduced=reduced).matrix
            assert not np.signbit(matrix[matrix == 0]).any()


# ---- ref ----

def test_ref_is_an_echelon_form_of_the_same_matrix(rng):
    for A, columns in random_cases(rng, 200):
        echelon, reduced = ref(A, columns=columns), rref(A, columns=columns)
        assert echelon.pivots == reduced.pivots and echelon.margin == reduced.margin
        assert is_ref(echelon.matrix[:, :columns])
        # Row-equivalent: the same reduced form.
        np.testing.assert_allclose(rref(echelon.matrix, columns=columns).matrix[:reduced.rank],
                                   reduced.matrix[:reduced.rank], rtol=1e-8, atol=1e-8)


def test_ref_keeps_rows_that_need_nothing(rng):
    A = np.triu(rng.normal(size=(5, 7))) * 10.0 ** rng.integers(-5, 5, (5, 1))
    A[np.arange(5), np.arange(5)] = np.abs(A).max(axis=1)
    assert same_bits(ref(A).matrix, A)
    assert same_bits(ref([[0, 1], [2, 3]]).matrix, np.array([[2.0, 3], [0, 1]]))


def test_parity_is_that_of_the_rows_order(kernels, dtype, rng):
    for n in (1, 2, 3, 5, 8, 12):
        orders = np.stack([rng.permutation(n) for _ in range(STACKED)])
        A = np.eye(n, dtype=dtype)[orders]
        expected = np.sign(np.linalg.det(A)).astype(np.int8)
        for engine in ("any", "small", "large"):
            assert same_bits(reduce(kernels, A, engine=engine)._verdict[4], expected)
            assert same_bits(reduce(kernels, A, reduced=False, engine=engine)._verdict[4],
                             expected)


# ---- columns, tol, margin ----

def test_columns_keep_pivots_out_of_the_augmented_part():
    A = [[1, 2, 3], [2, 4, 7]]
    assert rref(A).pivots == (0, 2)
    reduced = rref(A, columns=2)
    assert reduced.pivots == (0,) and (reduced.rank, reduced.nullity) == (1, 1)
    assert reduced.matrix[1].tolist() == [0, 0, 7 / 4 - 3 / 2]      # rows scaled to 1 at most
    assert rref(A, columns=0).matrix.tolist() == A
    assert rref(A, columns=np.int64(2)).pivots == (0,)


def test_tol_replaces_the_default():
    A = [[1, 0], [0, 1], [1, 1e-6]]
    assert rref(A).rank == 2
    close = [[1, 1], [1, 1 + 1e-6]]
    assert rref(close).pivots == (0, 1)
    assert rref(close, tol=1e-5).pivots == (0,)
    # The bound is tol (1 + |R[0, 1]|) = 2 tol.
    assert rref(close, tol=0.6e-6).pivots == (0,)
    assert rref(close, tol=0.4e-6).pivots == (0, 1)
    assert rref(close, tol=math.inf).pivots == ()
    assert rref([[1, 1], [1, 1 + 2 ** -52]], tol=0).rank == 2
    assert rref([[1, 1], [1, 1]], tol=0).rank == 1


@pytest.mark.parametrize("engine", ["small", "large"])
def test_a_tolerance_of_zero_takes_every_candidate(kernels, engine):
    for A in ([[1e-310, 1], [0, 1]], [[1e-300, 1e10], [0, 1]]):
        reduced = reduce(kernels, np.array(A), 2, 0.0, True, engine=engine)
        assert reduced.pivots == (0, 1) and reduced.matrix.tolist() == [[1, 0], [0, 1]]
    assert rref([[1e-310, 1], [0, 1]], tol=0).ambiguous is True


@either_form
@pytest.mark.parametrize("engine", ["small", "large"])
def test_augmented_columns_stay_in_range(kernels, dtype, engine, reduced):
    far = 1e300 if dtype == np.float64 else 1e30
    for entry in (far, 1 / far):
        A = np.array([[entry, 0, 1 / entry, 0], [0, 2, 0, 1]], dtype)
        found = reduce(kernels, A, 2, -1.0, reduced, engine=engine).matrix
        with np.errstate(all="ignore"):
            expected = A / A.diagonal()[:, None] if reduced else A
        assert same_bits(found, expected)
        stack = reduce(kernels, np.array([A] * 9), 2, -1.0, reduced).matrix
        assert same_bits(stack[8].copy(), expected)


LESS_AN_EIGENVALUE = np.array([[0.1 + 0.2, 0], [1, 2]]) - 0.3 * np.eye(2)


@every_engine
def test_a_row_that_cancellation_left_is_a_close_call(kernels, engine):
    found = reduce(kernels, LESS_AN_EIGENVALUE, engine=engine)
    assert found.pivots == (0, 1) and 0 < found._verdict[1] < 1
    assert rref(LESS_AN_EIGENVALUE).ambiguous is True
    assert rref([LESS_AN_EIGENVALUE] * 9).ambiguous.tolist() == [True] * 9
    # Data use all bits of their entries, and a row of zeros is none.
    for A in ([[1e-16, 2e-16], [1, 1.7]], [[0, 0], [1e-16, 1e-16]], [[1e-40, 0], [0, 1]]):
        assert not 0 < reduce(kernels, np.array(A), engine=engine)._verdict[1] < 64
    # Small whole numbers are no rounding of large ones.
    A = np.array([[1.4e7, 1], [1, 1]], np.float32)
    assert reduce(kernels, A, engine=engine)._verdict[1] >= 64
    assert reduce(kernels, A / 8, engine=engine)._verdict[1] < 64


@every_engine
def test_a_column_of_another_scale_than_its_rows_is_a_close_call(kernels, engine):
    for A, pivots in (([[0, 1], [1, 1e17]], (1,)), ([[1, 1e20], [2, 1e20]], (1,)),
                      ([[1e-30, 1, 2], [2e-30, 3, 5]], (1, 2))):
        found = reduce(kernels, np.array(A), engine=engine)
        assert found.pivots == pivots and found._verdict[2] >= 1
    assert reduce(kernels, np.array([[1, 2, 3], [2, 4, 7.0]]), engine=engine)._verdict[2] < 0.05


@either_form
@every_engine
def test_an_absolute_tolerance(kernels, dtype, rng, engine, reduced):
    A = LESS_AN_EIGENVALUE.astype(dtype)
    found = reduce(kernels, A, reduced=reduced, engine=engine, atol=1e-15)
    assert found.pivots == (0,) and found.matrix[1].tolist() == [0, 0]
    # Entries are zero before rows are scaled; the augmented part stays.
    A = np.array([[1e-9, 2e-9, 1e-9], [1, 2, 1e-9], [2, 5, 3]], dtype)
    found = reduce(kernels, A, 2, reduced=reduced, engine=engine, atol=1e-8)
    assert found.pivots == (0, 1) and found.matrix[2, :2].tolist() == [0, 0]
    assert found.matrix[2, 2] != 0
    # A candidate is measured at the scale of A, whatever its row was scaled by.
    A = np.array([[1, 1], [1024, 1024 + 2.0 ** -8]], dtype)
    for atol, pivots in ((2.0 ** -9, (0, 1)), (2.0 ** -7, (0,))):
        assert reduce(kernels, A, reduced=reduced, engine=engine, atol=atol, tol=0).pivots == pivots
    # Without noise it changes nothing.
    A = rng.normal(size=(60, 61)).astype(dtype)
    assert identical(reduce(kernels, A, reduced=reduced, engine=engine, atol=1e-12),
                     reduce(kernels, A, reduced=reduced, engine=engine))
    stack = np.array([LESS_AN_EIGENVALUE] * 9, dtype)
    assert reduce(kernels, stack, reduced=reduced, atol=1e-15).pivots.tolist() == [[0, -1]] * 9
    assert reduce(kernels, np.full((2, 2), np.inf, dtype), atol=math.inf)._verdict[3] == 1


def test_the_margin_tells_how_close_it_was():
    reduced = rref([[1, 1], [1, 1 + 1e-6]], tol=1e-7)
    assert reduced.margin.accepted == pytest.approx(5)
    assert reduced.margin.rejected == 0
    reduced = rref([[1, 1], [1, 1 + 1e-6]], tol=1e-5)
    assert reduced.margin == pytest.approx((1e5, 0.05))
    assert reduced.ambiguous is False
    assert rref([[1, 1], [1, 1 + 1e-6]], tol=4e-6).ambiguous is True     # rejected at 1 / 8
    assert rref([[1, 0], [0, 1]]).margin == (1 / (7 * 2 ** -52), 0)
    assert rref([[0]]).margin == (math.inf, 0)
    assert rref([[1]], tol=0).margin == (math.inf, 0)


# ---- what is taken, what is given ----

@pytest.mark.parametrize(("given", "wanted"), [
    ("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("g", "f8"), ("i1", "f8"), ("u8", "f8"), ("?", "f8")])
def test_the_dtype_of_a_result(given, wanted):
    for shape in ((2, 3), (STACKED, 2, 3)):
        for form in (ref, rref):
            assert form(np.ones(shape, given)).matrix.dtype == np.dtype(wanted)


@layout
@pytest.mark.parametrize("shape", [(3, 4), (9, 10), (60, 61), (STACKED, 3, 4), (4, 9, 10)])
def test_any_layout_has_the_bits_of_a_clean_copy(dtype, rng, layout, shape):
    A = rng.normal(size=shape).astype(dtype)
    for form in (ref, rref):
        assert identical(form(layout(A)), form(A))


def test_input_is_left_as_it_was(dtype, rng):
    for shape in ((3, 4), (STACKED, 3, 4), (30, 31), (90, 91)):
        A = rng.normal(size=shape).astype(dtype)
        before = A.copy()
        for form in (ref, rref):
            assert not np.shares_memory(form(A).matrix, A)
        assert same_bits(A, before)


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (2, 3), (3, 4), (5, 3), (8, 9), (7, 16), (9, 5),
                                   (50, 51)])
def test_nothing_past_an_end_is_read(kernels, dtype, rng, shape, side):
    for count in (1, 3, 4, 7, 8, 9, 16, 21):
        A = rng.normal(size=(count, *shape)).astype(dtype)
        assert identical(reduce(kernels, guarded(A, side)), reduce(kernels, A))
        assert identical(reduce(kernels, guarded(A[0], side)), reduce(kernels, A[0]))


def test_a_list_is_read_as_float64():
    assert rref([[1, 2], [3, 4]]).matrix.dtype == np.float64
    assert rref([[[1, 2], [3, 4]]]).rank.tolist() == [2]


def test_exact_and_modulus():
    reduced = rref([[2, 4], [1, 3]], exact=True)
    assert type(reduced) is Reduced
    assert reduced.matrix.tolist() == [[1, 0], [0, 1]]
    assert all(type(entry) is Fraction for entry in reduced.matrix.ravel())
    assert (reduced.pivots, reduced.rank, reduced.status) == ((0, 1), 2, 0)
    assert reduced.margin == (math.inf, 0) and reduced.ambiguous is False
    assert ref([[2, 4], [1, 3]], exact=True).matrix.tolist() == [[2, 4], [0, 1]]
    reduced = rref([[2, 4, 1], [1, 3, 1]], columns=2, modulus=5)
    assert reduced.matrix.dtype == np.int64
    assert reduced.matrix.tolist() == [[1, 0, 2], [0, 1, 3]]
    stack = rref([[[1, 2], [2, 4]]] * 2, modulus=7)
    assert stack.rank.tolist() == [1, 1] and stack.pivots.tolist() == [[0, -1]] * 2
    assert stack.ambiguous.tolist() == [False, False]


# ---- Reduced ----

def test_a_result_unpacks_to_matrix_and_pivots():
    reduced = rref([[1, 2], [3, 4]])
    matrix, pivots = reduced
    assert matrix is reduced.matrix and pivots is reduced.pivots
    assert all(type(pivot) is int for pivot in pivots)


def test_the_attributes_of_one_matrix():
    reduced = rref([[1, 2, 3], [2, 4, 6]])
    kinds = {"rank": int, "nullity": int, "ambiguous": bool, "status": int, "parity": int,
             "pivots": tuple, "margin": Margin}
    assert {name: type(getattr(reduced, name)) for name in kinds} == kinds
    assert (reduced.rank, reduced.nullity, reduced.status) == (1, 2, 0)


def test_the_attributes_of_a_stack(rng):
    reduced = rref(rng.normal(size=(4, 5, 2, 3)), columns=2)
    kinds = {"rank": np.intp, "nullity": np.intp, "ambiguous": bool, "status": np.int8,
             "parity": np.int8}
    for name, kind in kinds.items():
        assert getattr(reduced, name).dtype == kind
        assert getattr(reduced, name).shape == (4, 5)
    assert reduced.pivots.shape == (4, 5, 2) and reduced.pivots.dtype == np.intp
    assert reduced.margin.accepted.shape == reduced.margin.rejected.shape == (4, 5)
    assert (reduced.nullity == 0).all()


def test_a_result_cannot_be_changed():
    reduced = rref([[1, 2], [3, 4]])
    for name in ("matrix", "pivots", "rank", "margin", "anything"):
        with pytest.raises(AttributeError):
            setattr(reduced, name, None)


def test_the_repr_of_a_result():
    assert repr(rref([[1, 2], [2, 4]])) == (
        "Reduced(matrix=array([[1., 2.],\n"
        "                      [0., 0.]]), pivots=(0,))")


def test_results_are_pickled_under_their_public_name(rng):
    for reduced in (rref([[1, 2], [2, 4.5]]), rref(rng.normal(size=(3, 2, 2))),
                    rref([[1, 2]], exact=True)):
        pickled = pickle.dumps(reduced)
        assert not names_kernels(pickled)
        for same in (pickle.loads(pickled), copy.copy(reduced), copy.deepcopy(reduced)):
            assert type(same) is Reduced
            if reduced.matrix.dtype == object:
                assert same.matrix.tolist() == reduced.matrix.tolist()
            else:
                assert identical(same, reduced)
            assert np.array_equal(same.nullity, reduced.nullity)


def test_a_result_can_be_made_of_its_parts():
    matrix = np.array([[1.0, 0, 2], [0, 1, 3]])
    reduced = Reduced(matrix, [0, 1], columns=2)
    assert (reduced.pivots, reduced.rank, reduced.nullity) == ((0, 1), 2, 0)
    assert (reduced.margin, reduced.status) == (Margin(math.inf, 0), 0)
    assert Reduced(matrix, (0, 1)).nullity == 1
    assert Reduced(matrix, (0, 1), margin=(5.0, 0.0)).ambiguous
    stack = Reduced(np.zeros((4, 2, 3)), np.full((4, 2), -1))
    assert stack.rank.tolist() == [0] * 4 and stack.nullity.tolist() == [3] * 4
    assert stack.status.dtype == np.int8 and not stack.ambiguous.any()


def test_functions_are_known_by_their_public_name():
    for public in (ref, rref, Reduced, Margin):
        assert public.__module__ == "mathwork.matrix"
    assert pickle.loads(pickle.dumps(rref)) is rref


def test_the_result_of_another_level():
    code = ("import numpy as np, pickle, sys; from mathwork.matrix import rref; "
            "sys.stdout.write(pickle.dumps(rref(np.eye(2))).hex())")
    for level in _levels.supported():
        status, written, errors = run_python(code, MATHWORK_LEVEL=level)
        assert status == 0, errors
        assert pickle.loads(bytes.fromhex(written)).matrix.tolist() == [[1, 0], [0, 1]]


# ---- bad input ----

@pytest.mark.parametrize("form", [ref, rref])
class TestBadInput:
    @pytest.mark.parametrize("shape", [(), (3,)])
    def test_dimensions(self, form, shape):
        with raises(ValueError, f"A must have shape (m, n) or (..., m, n), got {shape}"):
            form(np.ones(shape))

    def test_kinds(self, form):
        for value, dtype in (([["1"]], "<U1"), (np.zeros((1, 1), "M8[s]"), "datetime64[s]")):
            with raises(TypeError, f"A must hold real numbers, got dtype {dtype}"):
                form(value)
        with raises(TypeError, "A must hold real numbers, got dtype object: with exact=True it may "
                               "hold Fractions, Decimals and integers of any size"):
            form([[Fraction(1)]])
        with raises(TypeError, "A must be a plain array, got a masked array: fill or compress it "
                               "first"):
            form(np.ma.ones((2, 2)))

    @pytest.mark.parametrize("columns", [-1, 4, 10 ** 30])
    def test_columns(self, form, columns):
        for options in ({}, {"exact": True}, {"modulus": 7}):
            with raises(ValueError, "columns must be between 0 and 3, the columns of A, "
                                    f"got {columns}"):
                form(np.ones((2, 3), int), columns=columns, **options)

    def test_columns_that_are_no_integer(self, form):
        with pytest.raises(TypeError):
            form(np.ones((2, 3)), columns=2.0)

    @pytest.mark.parametrize("tol", [-1e-9, -math.inf, math.nan])
    def test_tol(self, form, tol):
        with raises(ValueError, f"tol must be a number at least 0, got {tol}"):
            form(np.ones((2, 3)), tol=tol)

    @pytest.mark.parametrize("atol", [-1e-9, -math.inf, math.nan])
    def test_atol(self, form, atol):
        with raises(ValueError, f"atol must be a number at least 0, got {atol}"):
            form(np.ones((2, 3)), atol=atol)
        with raises(ValueError, "atol is for floats: exact arithmetic needs none, "
                                "got atol 0.1 with exact"):
            form(np.ones((2, 3)), atol=0.1, exact=True)

    @pytest.mark.parametrize("atol", ["small", None, [1]])
    def test_atol_that_is_no_number(self, form, atol):
        with raises(TypeError, f"atol must be a number, got {atol!r}"):
            form(np.ones((2, 3)), atol=atol)

    @pytest.mark.parametrize("tol", ["small", "1e-3", [1]])
    def test_tol_that_is_no_number(self, form, tol):
        with pytest.raises(TypeError):
            form(np.ones((2, 3)), tol=tol)

    @pytest.mark.parametrize("workers", [0, -1])
    def test_workers(self, form, workers):
        for A in (np.ones((2, 3)), np.ones((4, 2, 3))):
            with raises(ValueError, f"workers must be at least 1, got {workers}"):
                form(A, workers=workers)

    def test_two_arithmetics(self, form):
        for options in ({"exact": True, "modulus": 7}, {"exact": True, "tol": 0},
                        {"modulus": 7, "tol": 0.0}):
            with pytest.raises(ValueError):
                form(np.ones((2, 3), int), **options)

    def test_options_have_names(self, form):
        with pytest.raises(TypeError):
            form(np.ones((2, 3)), 1e-9)
        with pytest.raises(TypeError):
            form(np.ones((2, 3)), rtol=1e-9)


if __name__ == "__main__":
    generator, many = np.random.default_rng(0), int(sys.argv[1])
    bad = 0
    for matrix, limit in random_cases(generator, many):
        problem = check_against_exact(matrix, limit)
        if problem:
            bad += 1
            print(f"{problem}: {matrix.tolist()}, columns={limit}")
    print(f"{bad} of {many} wrong")
    for rows, width in itertools.product(range(1, 13), range(1, 15)):
        check_engines(_levels.core, generator, rows, width, 10 * many // (12 * 14) + 1)
    print(f"all engines agree on {10 * many}")
