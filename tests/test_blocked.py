"""Blocked elimination, forced on matrices of all sizes: pivots, values, bits, margins.

Run as a script with a number, it compares that many random matrices with the small engine.
"""
import itertools
import sys

import gauss
import numpy as np
import pytest
import reference
from arrays import guarded
from helpers import run_python, same_bits
from levels import all_kernels
from test_bits import is_fused

from mathwork import _levels
from mathwork.matrix import is_ref, is_rref

PRIME = 2 ** 31 - 1     # modulo it, small integers have their rank but by accident
either_form = pytest.mark.parametrize("reduced", [True, False], ids=["rref", "ref"])

# Around strips (8 or 16 columns), slabs (64 or 128) and triangles solved in halves (64, 128).
SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 71, 72, 73, 127, 129, 150)


def large(kernels, A, columns=None, tol=-1.0, reduced=True, engine="large"):
    columns = A.shape[1] if columns is None else columns
    return kernels.reduce_plain(np.ascontiguousarray(A), columns, tol, reduced, engine=engine)


def small(kernels, A, columns=None, tol=-1.0, reduced=True):
    return large(kernels, A, columns, tol, reduced, engine="small")


def margin(result):
    return result._verdict[1:3]


def augmented(A, B):
    return np.hstack([A, B.reshape(len(A), -1)]).astype(A.dtype)


def pivots_modulo(A, p=PRIME):
    """The pivots of a matrix of integers modulo a prime, row operation by row operation."""
    A = A.astype(np.int64) % p
    pivots = []
    for c in range(A.shape[1]):
        rank = len(pivots)
        found = np.flatnonzero(A[rank:, c])
        if not len(found):
            continue
        A[[rank, rank + found[0]]] = A[[rank + found[0], rank]]
        A[rank, c:] = A[rank, c:] * pow(int(A[rank, c]), -1, p) % p
        A[rank + 1:, c:] = (A[rank + 1:, c:] - A[rank + 1:, c, None] * A[rank, c:] % p) % p
        pivots.append(c)
    return tuple(pivots)


def of_rank(rng, m, n, rank, largest=3):
    """A matrix of small integers that is the product of two factors."""
    return (rng.integers(-largest, largest + 1, (m, rank))
            @ rng.integers(-largest, largest + 1, (rank, n)))


# ---- pivots ----

def test_rank_and_pivots_are_those_of_exact_arithmetic(kernels, rng):
    for _ in range(150):
        m, n = rng.integers(1, 13, 2)
        A = gauss.of_rank(rng, m, n, rng.integers(0, min(m, n) + 1), rng.choice([1, 2, 5, 9]))
        columns = rng.integers(0, n + 1)
        result = large(kernels, np.array(A, float).reshape(m, n), columns)
        expected, pivots = gauss.over_rationals(A, columns)
        assert result.pivots == pivots
        assert result._verdict[0] == len(pivots)
        expected = np.array(expected, float).reshape(m, n)
        np.testing.assert_allclose(result.matrix[:, :columns], expected[:, :columns],
                                   rtol=1e-9, atol=1e-9)


def random_integers(rng, most):
    """Of every rank, with columns that repeat, vanish or come late, and rows far apart in size."""
    m, n = rng.integers(1, most, 2)
    A = of_rank(rng, m, n, rng.integers(0, min(m, n) + 1), rng.integers(1, 6))
    kind = rng.integers(5)
    if kind == 0:
        A = A[:, rng.integers(0, n, n)]
    elif kind == 1:
        A = np.hstack([np.zeros((m, rng.integers(9)), int), A])
    elif kind == 2:
        A = A * (rng.random(A.shape[1]) < 0.7)
    elif kind == 3:
        A = A * 2.0 ** rng.integers(-20, 20, (m, 1))
    return np.ascontiguousarray(A, float)


def check_against_the_small_engine(kernels, rng, count, most):
    for _ in range(count):
        A = random_integers(rng, most)
        columns = A.shape[1] if rng.random() < 0.5 else int(rng.integers(A.shape[1] + 1))
        reduced = bool(rng.integers(2))
        result, expected = (way(kernels, A, columns, reduced=reduced) for way in (large, small))
        assert result.pivots == expected.pivots, A
        assert result._verdict[0] == expected._verdict[0]
        for one, other in zip(margin(result), margin(expected), strict=True):
            assert (one > 1000) == (other > 1000)
            assert (one > 0.1) == (other > 0.1)
        if reduced:
            np.testing.assert_allclose(result.matrix[:, :columns], expected.matrix[:, :columns],
                                       rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("most", [6, 16, 80])
def test_the_engines_agree(kernels, rng, most):
    check_against_the_small_engine(kernels, rng, 200, most)


@pytest.mark.parametrize(("m", "n", "rank"), [
    (50, 50, 20), (100, 100, 99), (130, 70, 40), (70, 130, 69), (200, 200, 100), (400, 400, 200),
    (400, 300, 11), (65, 400, 64),
])
def test_products_of_integer_factors(kernels, rng, m, n, rank):
    A = of_rank(rng, m, n, rank)
    result = large(kernels, A.astype(float))
    assert result.pivots == pivots_modulo(A)
    assert result._verdict[0] == rank
    assert margin(result)[0] > 1000
    assert margin(result)[1] < 0.1
    assert is_rref(result.matrix)


def _late(rng):
    """Five dependent columns, then 60 zeros, before the first pivots."""
    return np.hstack([of_rank(rng, 90, 5, 1), np.zeros((90, 60), int), of_rank(rng, 90, 120, 80)])


PATTERNS = {
    "columns twice": lambda rng: of_rank(rng, 150, 80, 80).repeat(2, 1),
    "columns twice, apart": lambda rng: np.tile(of_rank(rng, 150, 75, 75), 2),
    "rows twice": lambda rng: of_rank(rng, 80, 150, 80).repeat(2, 0),
    "late pivots": _late,
    "zero blocks": lambda rng: np.kron([[0, 1, 0], [0, 0, 0], [1, 1, 0]], of_rank(rng, 40, 50, 33)),
    "every third column": lambda rng: of_rank(rng, 160, 160, 150) * (np.arange(160) % 3 == 1),
    "zero": lambda _: np.zeros((100, 90), int),
    "identity": lambda _: np.eye(100, dtype=int),
    "permutation": lambda rng: np.eye(130, dtype=int)[rng.permutation(130)],
    "upper triangle of ones": lambda _: np.triu(np.ones((140, 140), int)),
    "ones": lambda _: np.ones((90, 100), int),
    "one row": lambda rng: rng.integers(-9, 10, (1, 200)),
    "one column": lambda rng: rng.integers(-9, 10, (200, 1)),
}


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
def test_patterns_of_zeros_and_repetition(kernels, dtype, rng, pattern):
    A = pattern(rng)
    result = large(kernels, A.astype(dtype))
    if dtype == np.float64:
        assert result.pivots == pivots_modulo(A)
    assert result.pivots == small(kernels, A.astype(dtype)).pivots
    assert is_rref(result.matrix)
    assert is_ref(large(kernels, A.astype(dtype), reduced=False).matrix)


def test_the_first_of_equal_candidates_is_taken(kernels, dtype):
    A = np.ones((100, 2), dtype)
    A[:, 1] = np.arange(100)
    assert large(kernels, A, 1, reduced=False).matrix[0].tolist() == [1, 0]
    A[0, 0] = -1
    assert large(kernels, A, 1, reduced=False).matrix[0].tolist() == [-1, 0]


# ---- close calls ----

def kahan(n, angle=1.2):
    """Kahan, "Numerical Linear Algebra", Canadian Mathematical Bulletin 9, 1966: nearly singular
    without a small pivot."""
    sine, cosine = np.sin(angle), np.cos(angle)
    return sine ** np.arange(n)[:, None] * (np.eye(n) - cosine * np.triu(np.ones((n, n)), 1))


def hilbert(n):
    return 1 / (np.arange(n)[:, None] + np.arange(n) + 1)


def of_singular_values(rng, values):
    left, right = (np.linalg.qr(rng.normal(size=2 * values.shape))[0] for _ in range(2))
    return left * values @ right


CLOSE_CALLS = {
    "Kahan 60": lambda _: kahan(60),
    "Kahan 60, turned": lambda _: kahan(60).T,
    "Kahan 90": lambda _: kahan(90),
    "Kahan 200": lambda _: kahan(200),
    "Hilbert 20": lambda _: hilbert(20),
    "Hilbert 100": lambda _: hilbert(100),
    "graded columns": lambda rng: rng.normal(size=(150, 150)) * np.logspace(0, -12, 150),
    "unit upper triangle of -1": lambda _: np.eye(100) - np.triu(np.ones((100, 100)), 1),
    "singular values to 1e-10": lambda rng: of_singular_values(rng, np.logspace(0, -10, 150)),
    "singular values to 1e-15": lambda rng: of_singular_values(rng, np.logspace(0, -15, 150)),
}


@pytest.mark.parametrize("make", CLOSE_CALLS.values(), ids=CLOSE_CALLS)
def test_close_calls_are_measured_exactly_and_decided_alike(kernels, dtype, rng, make):
    A = make(rng).astype(dtype)
    result, expected = large(kernels, A), small(kernels, A)
    assert result.pivots == expected.pivots
    # Margins near 1 are those of the reduced columns, not of estimates.
    for one, other in zip(margin(result), margin(expected), strict=True):
        if 1e-3 < other < 1e3:
            assert abs(one / other - 1) < 0.02


def test_a_dependent_column_among_many(kernels, rng):
    A = rng.normal(size=(200, 200))
    A[:, 150] = A[:, :150] @ rng.normal(size=150)
    result = large(kernels, A)
    assert result.pivots == (*range(150), *range(151, 200))
    accepted, rejected = margin(result)
    assert accepted > 1000
    assert 0 < rejected < 0.1


@pytest.mark.parametrize("n", [60, 200])
def test_growth_of_two_to_the_n(kernels, n):
    # Wilkinson, The Algebraic Eigenvalue Problem, 1965, chapter 4, section 28: row reduction
    # with partial pivoting doubles the last column at every pivot. What that does to a solution
    # is beyond row reduction: the pivots are right all the same.
    A = np.eye(n) - np.tril(np.ones((n, n)), -1)
    A[:, -1] = 1
    result = large(kernels, A, reduced=False)
    assert result.pivots == tuple(range(n))
    assert result.matrix[:, -1].tolist() == [2.0 ** i for i in range(n)]
    assert margin(result)[0] > 1000


def test_overflow_on_the_way_is_no_crash(kernels):
    A = np.eye(200, dtype=np.float32) - np.tril(np.ones((200, 200), np.float32), -1)
    A[:, -1] = 1
    for way in (large, small):
        assert way(kernels, A, tol=2.0 ** -20).pivots == tuple(range(199))
        assert way(kernels, A).pivots == tuple(range(200))      # in float64 there is none
    A = np.eye(1100) - np.tril(np.ones((1100, 1100)), -1)
    A[:, -1] = 1
    assert large(kernels, A).pivots == small(kernels, A).pivots == tuple(range(1099))


def test_a_tolerance_of_the_caller(kernels, dtype, rng):
    A = rng.normal(size=(90, 90)).astype(dtype)
    assert large(kernels, A, tol=0.0).pivots == tuple(range(90))
    assert margin(large(kernels, A, tol=0.0)) == (np.inf, 0)
    assert large(kernels, A, tol=1e9).pivots == ()
    for tol in (0.01, 0.1, 0.5):
        result, expected = (way(kernels, A, tol=tol) for way in (large, small))
        assert result.pivots == expected.pivots
        np.testing.assert_allclose(margin(result), margin(expected), rtol=0.01)


# ---- values ----

@pytest.mark.parametrize(("m", "n"), [*((size, size) for size in SIZES), (1, 150), (150, 1),
                                      (40, 150), (150, 40), (70, 300), (300, 70)])
def test_values_of_any_shape(kernels, dtype, rng, m, n):
    A = rng.normal(size=(m, n + 3)).astype(dtype)
    tolerance = 1e-9 if dtype == np.float64 else 0.5
    for columns, reduced in itertools.product((n, n + 3, n // 2), (True, False)):
        result, expected = (way(kernels, A, columns, 0.0, reduced) for way in (large, small))
        assert result.pivots == expected.pivots
        assert result.matrix.dtype == dtype
        scale = np.abs(expected.matrix).max()
        assert np.abs(result.matrix - expected.matrix).max() <= tolerance * scale


@pytest.mark.parametrize("n", [100, 333, 1000])
def test_the_residual_of_a_solution_is_that_of_numpy(kernels, dtype, rng, n):
    # NumPy solves float32 systems in float64: the residual is compared in units of each eps.
    A, b = rng.normal(size=(n, n)).astype(dtype), rng.normal(size=n).astype(dtype)
    x = large(kernels, augmented(A, b), n, 0.0).matrix[:, n]
    peer = np.linalg.solve(A.astype(np.float64), b.astype(np.float64))

    def residual(x):
        wide = np.longdouble
        rest = np.abs(A.astype(wide) @ x.astype(wide) - b).max()
        return rest / (np.abs(A).sum(1).max() * np.abs(x).max() * n * np.finfo(x.dtype).eps)

    assert residual(x) <= 10 * residual(peer)


@pytest.mark.parametrize("n", [1, 8, 64, 100, 257])
def test_the_inverse(kernels, dtype, rng, n):
    # NumPy inverts float32 in float64: errors are compared in units of each eps.
    A = rng.normal(size=(n, n)).astype(dtype)
    inverse = large(kernels, augmented(A, np.eye(n)), n, 0.0).matrix[:, n:]

    def error(inverse):
        return np.abs(inverse.astype(float) @ A - np.eye(n)).max() / np.finfo(inverse.dtype).eps

    assert error(inverse) <= 10 * (1 + error(np.linalg.inv(A.astype(np.float64))))


def test_columns_that_begin_with_zeros_in_any_order(kernels, dtype, rng):
    n = 150
    A, B = rng.normal(size=(n, n)), rng.normal(size=(n, 170))
    B[rng.random(B.shape) < np.linspace(0, 1.2, 170)] = 0
    B = B[rng.permutation(n)]
    C = augmented(A, B).astype(dtype)
    for reduced in (True, False):
        result, expected = (way(kernels, C, n, 0.0, reduced).matrix for way in (large, small))
        scale = np.abs(expected).max()
        assert np.abs(result - expected).max() <= scale * (1e-9 if dtype == np.float64 else 0.1)
        assert (result[:, n:][:, ~B.any(0)] == 0).all()


def test_a_row_echelon_form_is_row_equivalent(kernels, rng):
    A = of_rank(rng, 120, 150, 90).astype(float)
    result = large(kernels, augmented(A, np.eye(120)), 150, reduced=False)
    matrix, transform = result.matrix[:, :150], result.matrix[:, 150:]
    assert is_ref(matrix)
    np.testing.assert_allclose(transform @ A, matrix, atol=1e-9 * np.abs(A).max())
    assert np.abs(np.linalg.slogdet(transform)[1]) < 1e-9      # rows swapped and added only


def test_the_sign_of_the_permutation(kernels, rng):
    for n in (1, 2, 9, 70, 150):
        A = rng.normal(size=(n, n))
        result = large(kernels, A, reduced=False)
        sign = result._verdict[4] * np.sign(np.diag(result.matrix)).prod()
        assert sign == np.linalg.slogdet(A)[0]


def test_no_zero_of_a_reduced_form_is_negative(kernels, dtype, rng):
    A = -of_rank(rng, 100, 130, 60).astype(dtype)
    matrix = large(kernels, A, 100).matrix
    assert not np.signbit(matrix[matrix == 0]).any()


def test_an_inconsistent_system_leaves_a_row(kernels, rng):
    A = of_rank(rng, 100, 100, 70).astype(float)
    b = rng.integers(-9, 10, 100).astype(float)
    result = large(kernels, augmented(A, b), 100)
    assert (result.matrix[70:, :100] == 0).all()
    assert np.abs(result.matrix[70:, 100]).max() > 0.01
    consistent = large(kernels, augmented(A, A @ b), 100).matrix
    assert np.abs(consistent[70:, 100]).max() < 1e-9


def test_rows_of_any_size(kernels, dtype, rng):
    info = np.finfo(dtype)
    A = rng.integers(-9, 10, (80, 81)).astype(dtype)
    scales = np.exp2(np.linspace(info.minexp, info.maxexp - 5, 80).round()).astype(dtype)
    scaled = A * scales[rng.permutation(80), None]
    result, expected = large(kernels, scaled, 80), large(kernels, A, 80)
    assert result.pivots == expected.pivots
    assert same_bits(result.matrix, expected.matrix)


# ---- bits ----

def test_a_row_echelon_form_is_one_chain_an_entry(kernels, dtype, rng):
    fused = is_fused(kernels)
    for m, n in ((5, 7), (20, 20), (40, 33), (30, 90)):
        A = rng.uniform(1, 2, (m, n)).astype(dtype) * rng.choice([-1, 1], (m, n)).astype(dtype)
        R, rank = A.copy(), min(m, n)
        for k in range(rank):
            at = k + np.abs(R[k:, k]).argmax()
            R[[k, at]] = R[[at, k]]
            factors = R[k + 1:, k] / R[k, k]
            update = reference.fma if fused else lambda a, b, c: a * b + c
            R[k + 1:, k + 1:] = update(-factors[:, None], R[k, k + 1:][None], R[k + 1:, k + 1:])
            R[k + 1:, k] = 0
        assert same_bits(large(kernels, A, tol=0.0, reduced=False).matrix, R)


@either_form
def test_fused_levels_have_the_same_bits(dtype, rng, reduced):
    levels = [kernels for kernels in all_kernels().values() if is_fused(kernels)]
    matrices = [augmented(rng.normal(size=(n, n)).astype(dtype), np.eye(n)) for n in (7, 40, 150)]
    matrices += [of_rank(rng, 130, 90, 50).astype(dtype), kahan(90).astype(dtype)]
    for A in matrices:
        results = [large(level, A, min(A.shape), reduced=reduced) for level in levels]
        for result in results[1:]:
            assert same_bits(result.matrix, results[0].matrix)
            assert result.pivots == results[0].pivots
            assert margin(result) == margin(results[0])


# ---- input that is awkward ----

@pytest.mark.parametrize(("m", "n"), list(itertools.product((0, 1, 70), repeat=2)))
def test_empty_shapes(kernels, dtype, m, n):
    A = np.ones((m, n), dtype)
    for columns in {0, n}:
        for reduced in (True, False):
            result = large(kernels, A, columns, reduced=reduced)
            rank = min(m, columns, 1)
            assert result.pivots == tuple(range(rank))
            expected = np.ones((m, n), dtype)
            expected[rank:, :] = 0 if rank else 1
            assert same_bits(result.matrix, expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_pivots_where_an_entry_is_not_finite(kernels, dtype, rng, bad):
    A = rng.normal(size=(90, 100)).astype(dtype)
    A[71, 83] = bad
    result = large(kernels, A)
    assert np.isnan(result.matrix).all()
    assert result.pivots == ()
    assert result._verdict[0] == 0
    assert result._verdict[3] == 1
    assert np.isnan(margin(result)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_right_of_the_pivots_stays_in_its_columns(kernels, dtype, rng, bad):
    A = rng.normal(size=(90, 100)).astype(dtype)
    clean, clean_matrix = (lambda result: (result.pivots, result.matrix))(large(kernels, A, 90))
    A[50, 95] = bad
    result = large(kernels, A, 90)
    assert result.pivots == clean
    assert same_bits(np.delete(result.matrix, 95, 1), np.delete(clean_matrix, 95, 1))
    assert not np.isfinite(result.matrix[:, 95]).any()


@pytest.mark.parametrize("side", ["start", "end"])
def test_nothing_past_the_ends_of_the_matrix_is_read(kernels, dtype, rng, side):
    for m, n in ((1, 1), (3, 5), (9, 8), (33, 17), (64, 65), (70, 200), (130, 70)):
        A = rng.normal(size=(m, n)).astype(dtype)
        for columns in (n, n // 2):
            assert same_bits(large(kernels, guarded(A, side), columns).matrix,
                             large(kernels, A, columns).matrix)


def test_the_input_is_left_as_it_was(kernels, dtype, rng):
    A = rng.normal(size=(100, 120)).astype(dtype)
    before = A.copy()
    large(kernels, A, 100)
    assert same_bits(A, before)


def test_no_memory_is_an_exception():
    # Whatever there is too little of: the result, the working set, or neither.
    code = """if True:
        import resource
        import numpy as np
        from mathwork.matrix import rref
        n = 1500
        A = np.random.default_rng(0).normal(size=(n, n))
        expected = rref(A).pivots
        pages = int(open("/proc/self/statm").read().split()[0])
        seen = set()
        for extra in range(0, 48 << 20, 1 << 19):
            limit = pages * resource.getpagesize() + extra
            resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
            try:
                assert rref(A).pivots == expected
                seen.add("done")
            except MemoryError:
                seen.add("refused")
        print(sorted(seen))"""
    if not sys.platform.startswith("linux"):
        pytest.skip("the limit is Linux's")
    assert run_python(code)[:2] == (0, "['done', 'refused']\n")


if __name__ == "__main__":
    check_against_the_small_engine(_levels.core, np.random.default_rng(), int(sys.argv[1]), 16)
