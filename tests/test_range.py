"""Row reduction at the ends of the range, where a row's scale rounds or overflows.

Rows are integers times powers of two, so that exact arithmetic on the integers tells the pivots,
the row space and the determinant whatever the powers are; or entries of any magnitude, against
Fractions.
"""
import math
from fractions import Fraction

import gauss
import numpy as np
import pytest
from helpers import same_bits

from mathwork.matrix import det, eliminate, inv, is_ref, null_space, rank, ref, solve

STACKED = 20        # matrices that fill the lanes of every level, and some more
SHAPES = [(1, 1), (1, 3), (2, 2), (3, 2), (3, 4), (4, 4), (5, 7), (7, 5), (8, 9)]
every_shape = pytest.mark.parametrize("shape", SHAPES)
every_engine = pytest.mark.parametrize("engine", ["any", "small", "large"])


# A row that is much smaller than another and uses few bits is a close call, rightly or not.
scales_look_like_rounding = pytest.mark.filterwarnings(
    "ignore:the rank of:mathwork.matrix.RankWarning")


def reduce(kernels, A, reduced=False, columns=None, tol=-1.0, **how):
    columns = A.shape[-1] if columns is None else columns
    return kernels.reduce_plain(np.ascontiguousarray(A), columns, tol, reduced, **how)


def limits(dtype):
    """(least, most): exponents of the smallest and the largest power of two."""
    info = np.finfo(dtype)
    return int(info.minexp) - int(info.nmant), int(info.maxexp) - 1


def rows_of_any_scale(rng, dtype, count, m, n):
    """(B, 2^d B): small integers, some of low rank, and the same with rows of any scale."""
    B = rng.integers(-2, 3, (count, m, n))
    for matrix in B[::3]:
        some = rng.integers(0, min(m, n) + 1)
        matrix[...] = rng.integers(-1, 2, (m, some)) @ rng.integers(-1, 2, (some, n))
    least, most = limits(dtype)
    high = most - 3                             # the integers are at most 8
    d = rng.integers(least, high + 1, (count, m, 1))
    ends = rng.integers(3, size=(count, m, 1))
    d = np.where(ends == 0, rng.integers(least, least + 9, d.shape), d)
    d = np.where(ends == 1, rng.integers(high - 9, high + 1, d.shape), d)
    return B, d, np.ldexp(B.astype(dtype), d)


def at_one_scale(rows):
    """Each row times the power of two that brings its first entry into [1, 2)."""
    exact = [[Fraction(float(entry)) for entry in row] for row in rows]
    for row in exact:
        first = next(filter(None, row), None)
        if first is not None:
            power = Fraction(2) ** (math.frexp(float(abs(first)))[1] - 1)
            row[:] = [entry / power for entry in row]
    return exact


# ---- ref ----

def test_a_row_below_the_range_has_another_scale():
    matrix, pivots = ref([[2, 1, 0], [5e-324, 0, 0], [0, 0, 1]])
    assert pivots == (0, 1, 2)
    # [0, -2^-1075, 0] and the zeros of a row that needs nothing.
    assert matrix.tolist() == [[2, 1, 0], [0, -5e-324, 0], [0, 0, 1]]


def test_a_row_above_the_range_has_another_scale():
    matrix, pivots = ref([[1.7e308, 1.7e308], [1.7e308, -1.7e308]])
    assert pivots == (0, 1)
    assert matrix.tolist() == [[1.7e308, 1.7e308], [0, -1.7e308]]


@every_engine
@every_shape
def test_rows_of_any_scale_span_what_their_integers_span(kernels, dtype, rng, shape, engine):
    B, _, A = rows_of_any_scale(rng, dtype, 3 * STACKED, *shape)
    echelons, plain = (reduce(kernels, part.astype(dtype), engine=engine) for part in (A, B))
    assert same_bits(echelons.pivots, plain.pivots)
    assert is_ref(echelons.matrix).all() and np.isfinite(echelons.matrix).all()
    for k, integers in enumerate(B.tolist()):
        assert at_one_scale(echelons.matrix[k]) == at_one_scale(plain.matrix[k])
        pivots = gauss.over_rationals(integers)[1]
        assert tuple(filter(lambda c: c >= 0, echelons.pivots[k])) == pivots
        alone = reduce(kernels, A[k], engine=engine)
        assert alone.pivots == pivots and same_bits(alone.matrix, echelons.matrix[k])


@pytest.mark.parametrize(("m", "n"), [(60, 61), (100, 50)])
def test_large_matrices_with_rows_of_any_scale(kernels, dtype, rng, m, n):
    B, _, A = rows_of_any_scale(rng, dtype, 1, m, n)
    for reduced in (True, False):
        found, plain = (reduce(kernels, part[0].astype(dtype), reduced) for part in (A, B))
        assert found.pivots == plain.pivots
        if reduced:
            assert same_bits(found.matrix, plain.matrix)
        else:
            assert at_one_scale(found.matrix) == at_one_scale(plain.matrix)


@every_engine
def test_rows_that_can_keep_their_scale_do(kernels, dtype, rng, engine):
    least, most = limits(dtype)
    B = np.triu(rng.integers(1, 4, (STACKED, 4, 5)))
    B[:, range(4), range(4)] = 7        # the largest of its row: no exchange, nothing to subtract
    for d in (least, least + 1, -30, 0, 30, most - 2):
        A = np.ldexp(B.astype(dtype), d)
        assert same_bits(reduce(kernels, A, engine=engine).matrix, A)


def magnitudes(dtype):
    least, most = limits(dtype)
    info = np.finfo(dtype)
    powers = [least, least + 1, int(info.minexp), least * 5 // 6, 0, most * 7 // 8, most]
    return np.append(np.ldexp(dtype.type(1), powers), info.max)


def entries_of_any_magnitude(rng, dtype, *shape):
    """Entries from one end of the range to the other, of either sign, a fifth of them zeros."""
    choice = magnitudes(dtype)
    few = rng.integers(len(choice), size=(shape[0], 3))     # of which most entries are
    places = rng.integers(3, size=(shape[0], shape[1] * shape[2]))
    common = np.take_along_axis(few, places, axis=1).reshape(shape)
    other = rng.integers(len(choice), size=shape)
    picked = choice[np.where(rng.integers(4, size=shape) > 0, common, other)]
    return picked * rng.choice([-1, 1, 1, -1, 0], shape).astype(dtype)


def strays(echelon, A, accepted):
    """How far rows lie outside what A spans, over what rounding explains.

    A row that the elimination made has errors of 2^m eps of the size of its rows before, over
    its pivot; a column j is reached by them through the exact reduced form's |R[:, j]|.
    """
    exact, pivots = gauss.over_rationals(A.tolist())
    worst = 0
    for row in echelon.tolist():
        if not any(row):
            continue
        rest = [Fraction(entry) for entry in row]
        size = max(map(abs, rest))
        for reduced, c in zip(exact, pivots, strict=False):
            factor = rest[c]
            rest = [entry - factor * other for entry, other in zip(rest, reduced, strict=True)]
        for j, entry in enumerate(rest):
            if entry:
                reach = 1 + sum(abs(reduced[j]) for reduced in exact[:len(pivots)])
                worst = max(worst, abs(entry) / (size * reach))
    return float(worst) * accepted / 2 ** len(A)


@every_engine
@every_shape
def test_entries_of_any_magnitude(kernels, dtype, rng, shape, engine):
    A = entries_of_any_magnitude(rng, dtype, 3 * STACKED, *shape)
    echelons, reduced = (reduce(kernels, A, form, engine=engine) for form in (False, True))
    assert same_bits(echelons.pivots, reduced.pivots)
    assert is_ref(echelons.matrix).all() and np.isfinite(echelons.matrix).all()
    for k, echelon in enumerate(echelons.matrix):
        rank_of_it = echelons._verdict[0][k]
        assert (echelon != 0).any(axis=-1).tolist() == [i < rank_of_it for i in range(shape[0])]
        assert (echelon[range(rank_of_it), echelons.pivots[k, :rank_of_it]] != 0).all()
        alone = reduce(kernels, A[k], engine=engine)
        assert same_bits(alone.matrix, echelon)
        accepted = echelons._verdict[1][k]
        # Exact arithmetic takes its time: not all of the larger ones.
        if rank_of_it and accepted >= 1000 and k < 300 // A[k].size:
            assert strays(echelon, A[k], accepted) <= 1


@every_engine
def test_an_augmented_part_of_another_scale(kernels, dtype, rng, engine):
    # Rows [2^d B | 2^a C], pivots in B alone: the part behind goes along.
    B, d, A = rows_of_any_scale(rng, dtype, 3 * STACKED, 4, 4)
    C = rng.integers(-2, 3, (len(B), 4, 2))
    least, most = limits(dtype)
    shift = np.clip(d + rng.integers(-40, 40, (len(B), 1, 1)), least, most - 3)
    sides = np.ldexp(C.astype(dtype), shift)
    found = reduce(kernels, np.concatenate([A, sides], axis=-1), columns=4, engine=engine)
    for k in range(len(B)):
        pivots = gauss.over_rationals(B[k].tolist())[1]
        assert found.pivots[k].tolist() == [*pivots, *[-1] * (4 - len(pivots))]
        whole = [[Fraction(float(entry)) for entry in (*row, *side)]
                 for row, side in zip(A[k], sides[k], strict=True)]
        exact = gauss.over_rationals(whole, 4, reduced=False)[0]
        # A row below the rank: 0 = d, and d is zero where it is exactly.
        for row, expected in zip(found.matrix[k][len(pivots):], exact[len(pivots):],
                                 strict=True):
            assert not row[:4].any()
            assert row[4:].any() or not any(expected[4:])


# ---- det ----

def is_rounded(found, exact, relative, dtype):
    """Whether this is the exact value to so many eps and one step of the subnormal numbers."""
    info = np.finfo(dtype)
    error = relative * Fraction(float(info.eps))
    if not np.isfinite(found):
        return np.isinf(found) and (found > 0) == (exact > 0) and (
            abs(exact) * (1 + error) >= Fraction(float(info.max)))
    step = Fraction(2) ** limits(dtype)[0]
    return abs(Fraction(float(found)) - exact) <= error * abs(exact) + step


def test_products_of_pivots_that_leave_the_range():
    assert det([[2e300, -1e300], [-5e-324, 0]]) == float(-Fraction(1e300) * Fraction(5e-324))
    assert det([[2, 1, 0], [5e-324, 0, 0], [0, 0, 4]]) == -2e-323       # -4 * 2^-1074
    assert det([[1.7e308, 1.7e308], [1.7e308, -1.7e308]]) == -math.inf
    assert det([[1.7e308, 1.7e308], [5e-324, -5e-324]]) == float(
        -2 * Fraction(1.7e308) * Fraction(5e-324))


@scales_look_like_rounding
@pytest.mark.parametrize("n", range(1, 9))
def test_determinants_of_rows_of_any_scale(dtype, rng, n):
    B, d, A = rows_of_any_scale(rng, dtype, 6 * STACKED, n, n)
    # Some whose powers cancel.
    d[1::2, -1] = np.clip(rng.integers(-9, 9, d[1::2, -1].shape) - d[1::2, :-1].sum(axis=1),
                          limits(dtype)[0], limits(dtype)[1] - 3)
    A = np.ldexp(B.astype(dtype), d)
    stack = det(A)
    for k, integers in enumerate(B.tolist()):
        whole = gauss.determinant(integers) if n < 7 else det(integers, exact=True)
        exact = Fraction(whole) * Fraction(2) ** int(d[k].sum())
        assert is_rounded(stack[k], exact, 2 ** n * n, dtype)
        assert same_bits(np.asarray(stack[k]), np.asarray(det(A[k])))
        if exact == 0:
            assert stack[k] == 0


@scales_look_like_rounding
@pytest.mark.parametrize("n", [20, 60, 100])
def test_large_determinants_of_rows_of_any_scale(dtype, rng, n):
    most = limits(dtype)[1]
    for _ in range(4):
        B = np.eye(n, dtype=int)
        B[range(1, n), rng.integers(0, range(1, n))] = rng.choice([-1, 1], n - 1)
        d = rng.integers(-most, most + 1, n // 2)
        d = rng.permutation(np.append(d, -d))       # the largest products on the way overflow
        d[0] = np.clip(d[0] + rng.integers(-9, 10), -most, most)
        order = rng.permutation(n)
        inversions = sum(order[i] > order[j] for i in range(n) for j in range(i + 1, n))
        A = np.ldexp(B.astype(dtype), d[:, None])[:, order]
        assert is_rounded(det(A), (-1) ** inversions * Fraction(2) ** int(d.sum()), n, dtype)


@scales_look_like_rounding
@pytest.mark.parametrize("n", range(1, 9))
def test_determinants_of_entries_of_any_magnitude(dtype, rng, n):
    A = entries_of_any_magnitude(rng, dtype, 4 * STACKED, n, n)
    found, echelons = det(A), ref(A)
    for k in range(len(A)):
        assert same_bits(np.asarray(found[k]), np.asarray(det(A[k])))
        if echelons.rank[k] < n:
            assert found[k] == 0
        elif echelons.margin.accepted[k] >= 1000:
            exact = det([[Fraction(float(entry)) for entry in row] for row in A[k]], exact=True)
            relative = 2 ** n * n / (echelons.margin.accepted[k] * float(np.finfo(dtype).eps))
            assert is_rounded(found[k], exact, Fraction(relative), dtype)


def test_a_tolerance_of_zero_at_the_ends(kernels):
    # Pivots of 2^-1040 in rows of size 1: what is divided by them must not overflow.
    A = [[2.0 ** -1040, 1], [2.0 ** -1040, 2]]
    assert det(A, tol=0) == det([A] * 9, tol=0)[8] == 2.0 ** -1040
    for engine in ("small", "large"):
        matrix, pivots = reduce(kernels, np.array(A), tol=0.0, engine=engine)
        assert pivots == (0, 1) and np.isfinite(matrix).all() and is_ref(matrix)
        assert abs(matrix[1, 1]) == 1


# ---- what is made of reductions ----

def regular(rng, n):
    """Integers of full rank, small, and not far from singular at most."""
    while True:
        B = rng.integers(-3, 4, (n, n))
        if abs(np.linalg.det(B)) > 0.5 and np.linalg.cond(B) < 50:
            return B


@scales_look_like_rounding
@every_shape
def test_ranks_and_null_spaces_do_not_see_the_scale_of_rows(dtype, rng, shape):
    B, _, A = rows_of_any_scale(rng, dtype, 3 * STACKED, *shape)
    exact = [gauss.over_rationals(integers)[1] for integers in B.tolist()]
    assert rank(A).tolist() == [len(pivots) for pivots in exact]
    assert same_bits(null_space(A), null_space(B.astype(dtype)))
    for k, pivots in enumerate(exact):
        assert rank(A[k]) == len(pivots)
        assert same_bits(null_space(A[k]), null_space(B[k].astype(dtype)))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 50])
def test_solutions_do_not_see_the_scale_of_rows(dtype, rng, n):
    least, most = limits(dtype)
    for _ in range(STACKED):
        B = regular(rng, n) if n < 50 else np.eye(n, dtype=int) + np.eye(n, k=1, dtype=int)
        x = rng.integers(-3, 4, (n, 2))
        d = rng.choice([least, least + 1, least // 2, 0, most // 2, most - 8], n)
        A, b = (np.ldexp(part.astype(dtype), d[:, None]) for part in (B, B @ x))
        for status, found, _ in (solve(A, b), [part[7] for part in solve([A] * 9, [b] * 9)]):
            assert status in ("unique", 0)
            np.testing.assert_allclose(found, x, rtol=0, atol=1e3 * n * np.finfo(dtype).eps)


@pytest.mark.parametrize("n", [2, 3, 5, 8, 50])
def test_solutions_in_the_range_of_sides_that_leave_it_on_the_way(dtype, rng, n):
    info = np.finfo(dtype)
    for _ in range(STACKED):
        # A x is not: sums of sides, which the elimination forms, may reach 8 times the largest.
        B = regular(rng, n) if n < 50 else np.eye(n, dtype=int) + np.eye(n, k=-1, dtype=int)
        b = info.max / 2 * rng.choice([-1, 0, 1], (n, 2)).astype(dtype)
        beside = np.hstack([B, np.eye(n, dtype=int)]).tolist()
        inverse = np.array(gauss.over_rationals(beside)[0])[:, n:]
        exact = inverse @ np.array([[Fraction(float(entry)) for entry in row] for row in b])
        A = B.astype(dtype)
        for x in (solve(A, b).x, solve([A] * 9, [b] * 9).x[5]):
            for found, expected in zip(x.ravel(), exact.ravel(), strict=True):
                close = 100 * n * Fraction(float(info.eps)) * Fraction(float(info.max))
                if abs(expected) + close >= Fraction(float(info.max)):
                    assert abs(found) >= info.max * 0.99
                else:
                    assert abs(Fraction(float(found)) - expected) <= close


def test_an_infinite_unknown_leaves_the_others_alone():
    # x_0 = 2^1023, and x_1 = -2^1024 times 0 is 0.
    A, b = [[-1, 0], [-2.0 ** 512, -2.0 ** 511]], [-2.0 ** 1023, -1]
    for x in (solve(A, b).x, solve(np.array(A), np.array(b)).x, solve([A] * 9, [b] * 9).x[8]):
        assert x.tolist() == [2.0 ** 1023, -math.inf]


@scales_look_like_rounding
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 50])
def test_inverses_of_rows_of_any_scale(dtype, rng, n):
    least, most = limits(dtype)
    for _ in range(STACKED):
        B = regular(rng, n) if n < 50 else np.eye(n, dtype=int) + np.eye(n, k=1, dtype=int)
        # The inverse is that of B with columns over 2^d: as far as these are in the range.
        d = rng.choice([-most + 8, least // 2, 0, most // 2, most - 8], n)
        A = np.ldexp(B.astype(dtype), d[:, None])
        for found in (inv(A), inv([A] * 9)[4]):
            np.testing.assert_allclose(np.ldexp(found, d), inv(B), rtol=0,
                                       atol=1e3 * n * np.finfo(dtype).eps)


# ---- eliminate ----

@pytest.mark.parametrize("shape", [(1, 3), (2, 2), (3, 4), (4, 4), (5, 7)])
def test_steps_in_floats_with_rows_of_any_scale(rng, shape):
    B, _, A = rows_of_any_scale(rng, np.dtype("float64"), STACKED, *shape)
    for matrix, integers in zip(A, B.tolist(), strict=True):
        expected, pivots = gauss.over_rationals(integers)
        for reduced in (True, False):
            work = eliminate(matrix, exact=False, reduced=reduced)
            assert work.pivots == pivots and len(work.matrices()) == len(work.steps) + 1
            assert np.isfinite(work.result).all() and is_ref(work.result)
        np.testing.assert_allclose(eliminate(matrix, exact=False).result,
                                   np.array(expected, float), rtol=0, atol=1e-11)


def test_steps_in_floats_with_an_augmented_part_of_any_scale():
    # x + y = 1e318, x - y = 1e318 in rows of 5e-324: brought near 1 they would overflow.
    A = [[1e-310, 1e-310, 1e8], [1e-310, -1e-310, 1e8], [0, 0, 1]]
    assert eliminate(A[:2], exact=False, columns=2, reduced=False).pivots == (0, 1)
    result = eliminate(A[:2], exact=False, columns=2, reduced=False).result
    assert np.isfinite(result).all() and result[1, 2] == 0
    # And 0 = d, d far below the row.
    A = [[1e300, 1e300, 1e-20], [1e300, 1e300, 2e-20]]
    result = eliminate(A, exact=False, columns=2, reduced=False).result
    assert result[1, :2].tolist() == [0, 0] and result[1, 2] != 0
