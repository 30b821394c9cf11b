"""Row reduction modulo a prime, against Gauss's elimination in Python's integers."""
import itertools
import math
from decimal import Decimal
from fractions import Fraction

import gauss
import numpy as np
import pytest
from helpers import raises, same_bits
from levels import all_kernels

from mathwork.matrix import modular
from mathwork.matrix.modular import PrimeField, is_prime, previous_prime

# The smallest; one whose sums are reduced after three blocks; around 2^24, where one factor is
# split in two; the largest.
PRIMES = (2, 3, 65537, 1000003, 12582893, 16777213, 16777259, 2 ** 31 - 1)
primes = pytest.mark.parametrize("p", PRIMES)


@pytest.fixture
def field(kernels, monkeypatch):
    """The class of fields, on the kernels of one level."""
    monkeypatch.setattr(modular, "kernels", kernels)
    return PrimeField


def of_rank(rng, p, m, n, rank):
    """A random m x n matrix of residues of this rank at most"""
    left = rng.integers(0, p, (m, rank)).astype(object)
    right = rng.integers(0, p, (rank, n)).astype(object)
    return ((left @ right) % p).astype(np.int64) if rank else np.zeros((m, n), np.int64)


def check(field, source, p, columns=None):
    """Both forms of the matrix are those of Gauss's elimination"""
    for reduced in (True, False):
        matrix, pivots = field(p).rref(source, columns, reduced)
        expected, expected_pivots = gauss.modulo(source.tolist(), p, columns, reduced=reduced)
        assert pivots == expected_pivots
        assert matrix.dtype == np.int64 and matrix.tolist() == expected


# ---- published values ----

def test_a_worked_example(field):
    # Lidl and Niederreiter write out arithmetic modulo 7 so: 1/2 = 4, 1/3 = 5.
    assert field(7).inv([[2, 0], [0, 3]]).tolist() == [[4, 0], [0, 5]]
    assert field(7).solve([[2, 3], [4, 5]], [6, 10])[1].tolist() == [0, 2]
    assert field(2).rank([[1, 1, 0], [0, 1, 1], [1, 0, 1]]) == 2    # rank 3 over the rationals


@primes
def test_vandermonde_determinants(field, p):
    # prod_(i<j) (x_j - x_i): Horn and Johnson, Matrix Analysis, 2nd ed., section 0.9.11.
    points = [3, 10, 11, 50, 2 ** 31, -5, 77, 10 ** 12]
    expected = math.prod(b - a for a, b in itertools.combinations(points, 2)) % p
    assert field(p).det([[x ** k for k in range(len(points))] for x in points]) == expected


# ---- all shapes, ranks and primes ----

@primes
def test_small_matrices_of_every_rank(field, rng, p):
    for m, n in itertools.product((1, 2, 3, 6), (1, 2, 4, 7)):
        for rank in range(min(m, n) + 1):
            check(field, of_rank(rng, p, m, n, rank), p)


@primes
@pytest.mark.parametrize("n", [31, 32, 33, 65])
def test_matrices_around_the_size_of_a_block(field, rng, p, n):
    for m, rank in ((n, n), (n + 2, n - 3), (n - 2, n // 2), (n, 1)):
        check(field, of_rank(rng, p, m, n + 1, min(m, rank)), p)


@primes
def test_many_blocks(field, rng, p):
    check(field, of_rank(rng, p, 110, 120, 105), p)


@primes
def test_every_entry_as_large_as_it_can_be(field, p):
    # Residues of the largest magnitude, (p - 1)/2, make the largest sums of one sign.
    n = 100
    source = np.full((n, n + 1), (p - 1) // 2)
    source[np.diag_indices(n)] = (p + 1) // 2
    check(field, source, p)
    source = np.tril(np.full((n, n), p - 1)) + np.triu(np.full((n, n), p // 2), 1)
    check(field, source, p)


@primes
def test_dependent_columns_and_exchanged_rows(field, rng, p):
    source = np.zeros((70, 120), np.int64)
    source[:, 40:] = of_rank(rng, p, 70, 80, 70)
    source[:, 45:60] = source[:, 40:41]
    source[:60, 40] = 0
    check(field, source, p)
    check(field, np.eye(70, dtype=np.int64)[::-1].copy(), p)


@primes
def test_columns_keeps_pivots_out_of_the_augmented_part(field, rng, p):
    source = np.concatenate((of_rank(rng, p, 40, 37, 20), rng.integers(0, p, (40, 5))), axis=1)
    for columns in (0, 1, 5, 32, 37, 42):
        check(field, source, p, columns)


@primes
def test_determinants(field, rng, p):
    for n in (0, 1, 2, 3, 5, 6):
        source = rng.integers(0, p, (n, n))
        assert field(p).det(source) == gauss.determinant(source.tolist()) % p
    for n in (32, 50):
        source = rng.integers(0, p, (n, n))
        rows, pivots = gauss.modulo(source.tolist(), p, reduced=False)
        up_to_sign = math.prod(rows[i][i] for i in range(n)) % p if len(pivots) == n else 0
        assert field(p).det(source) in (up_to_sign, -up_to_sign % p)
        assert field(p).det(source[::-1]) == (-1) ** (n // 2) * field(p).det(source) % p
        assert field(p).det(of_rank(rng, p, n, n, n - 1)) == 0


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (2, 0, 3), (0, 3, 4), (2, 3, 0)])
def test_empty_matrices(field, shape):
    matrix, pivots = field(7).rref(np.zeros(shape))
    assert (matrix.shape, matrix.dtype) == (shape, np.int64)
    assert np.shape(pivots) == ((0,) if len(shape) == 2 else (*shape[:-2], min(shape[-2:])))
    assert not np.any(field(7).rank(np.zeros(shape)))


def test_every_level_gives_the_same_integers(rng, monkeypatch):
    for p in PRIMES:
        source = of_rank(rng, p, 90, 100, 80)[None]
        results = [kernels.reduce_modulo(source, p, 100, True)
                   for kernels in all_kernels().values()]
        for result in results[1:]:
            assert all(map(same_bits, result, results[0]))


# ---- systems ----

@primes
@pytest.mark.parametrize("n", [1, 4, 33])
def test_inverses(field, rng, p, n):
    lower = np.tril(rng.integers(0, p, (n, n)), -1) + np.eye(n, dtype=np.int64)
    upper = np.triu(rng.integers(0, p, (n, n)), 1) + np.eye(n, dtype=np.int64)
    source = lower.astype(object) @ upper % p
    inverse = field(p).inv(source)
    assert inverse.dtype == np.int64
    assert np.array_equal(source @ inverse % p, np.eye(n))
    assert field(p).det(source) == 1


def test_a_singular_matrix_has_no_inverse(field):
    with raises(np.linalg.LinAlgError, "A has no inverse modulo 5: its rank is 1 of 2"):
        field(5).inv([[2, 1], [1, 3]])
    assert field(7).inv([[2, 1], [1, 3]]).tolist() == [[2, 4], [4, 6]]


@primes
@pytest.mark.parametrize("n", [3, 40])
def test_solutions(field, rng, p, n):
    for rank in (n // 2, n):
        source = of_rank(rng, p, n + 1, n, rank).astype(object)
        x = rng.integers(0, p, (n, 2)).astype(object)
        for right in (source @ x % p, (source @ x % p)[:, 0]):
            status, found, null_space = field(p).solve(source, right)
            pivots = field(p).rref(source)[1]
            assert status == ("unique" if len(pivots) == n else "infinite")
            assert np.array_equal(source @ found % p, right)
            free = sorted(set(range(n)) - set(pivots))
            assert found.dtype == null_space.dtype == np.int64
            assert not found[free].any()
            assert not (source @ null_space % p).any()
            assert np.array_equal(null_space[free], np.eye(len(free)))
            assert np.array_equal(null_space, field(p).null_space(source))


def test_inconsistent_systems(field):
    status, x, null_space = field(7).solve([[1, 2], [2, 4]], [3, 7])
    assert (status, x, null_space.tolist()) == ("inconsistent", None, [[5], [1]])
    assert field(7).solve([[1, 2], [2, 4]], [[3, 3], [6, 7]])[:2] == ("inconsistent", None)
    assert field(7).solve([[1, 2], [2, 4]], [3, 6])[1].tolist() == [3, 0]


# ---- stacks ----

@primes
def test_a_stack_is_its_slices(field, rng, p):
    source = rng.integers(0, min(p, 3), (2, 3, 4, 5))
    source[1, 1] = 0
    for reduced in (True, False):
        matrices, pivots = field(p).rref(source, 4, reduced)
        for at in np.ndindex(2, 3):
            matrix, found = field(p).rref(source[at], 4, reduced)
            assert same_bits(matrices[at], matrix)
            assert tuple(pivots[at][:len(found)]) == found and (pivots[at][len(found):] == -1).all()
    for name in ("rank", "det"):
        function = getattr(field(p), name)
        each = [[function(a[..., :4]) for a in row] for row in source]
        assert np.array_equal(function(source[..., :4]), each)


def test_a_slice_without_an_answer_leaves_the_others_right(field):
    source = np.array([[[2, 0], [0, 4]], [[1, 1], [1, 1]], [[1, 2], [3, 4]]])
    assert field(7).inv(source).tolist() == [[[4, 0], [0, 2]], [[-1, -1], [-1, -1]],
                                        [[5, 1], [5, 3]]]
    status, x, null_space = field(7).solve(source, [[2, 4], [1, 2], [5, 6]])
    assert (status.tolist(), status.dtype) == ([0, 2, 0], np.int8)
    assert x.tolist() == [[1, 1], [-1, -1], [3, 1]]
    assert null_space.tolist() == [[[0], [0]], [[6], [1]], [[0], [0]]]


# ---- what is read ----

@primes
@pytest.mark.parametrize("value", [0, 1, -1, 2 ** 51, 2 ** 51 - 1, -2 ** 51, 2 ** 53 + 1, 2 ** 62,
                                   2 ** 63 - 1, -2 ** 63, 2 ** 63, 2 ** 64 - 1, 10 ** 30,
                                   -10 ** 30, 3.0, -2.0 ** 40, 2.0 ** 60, 1e300, True,
                                   Decimal(12), Decimal("1e400"), np.uint64(2 ** 64 - 1),
                                   np.int8(-128), np.float32(2 ** 30)])
def test_integers_of_any_kind_and_size(field, p, value):
    # 0 x = value is how rref shows a number: nothing else happens to the second column.
    expected = int(value) % p
    for source in ([[0, value]], np.array([[0, value]], object), [[0.0, value]]):
        matrix, _ = field(p).rref(source, 1)
        assert matrix.tolist() == [[0, expected]]
    alone, _ = field(p).rref(np.array([[value]]), 0)
    assert alone.tolist() == [[expected]]


def test_fractions_are_quotients(field):
    assert field(7).rref([[0, Fraction(1, 2), Fraction(-3, 5)]], 0)[0].tolist() == [[0, 4, 5]]
    with raises(ValueError, "A has the entry 1/14, whose denominator is divisible by the "
                            "modulus 7"):
        field(7).rref([[Fraction(1, 14)]])


@pytest.mark.parametrize("layout", gauss.LAYOUTS.values(), ids=gauss.LAYOUTS)
@pytest.mark.parametrize("dtype", ["i8", "i4", "f8", "f4", "u8", "u1"])
def test_any_layout_is_read_right_and_left_alone(field, rng, layout, dtype):
    source = rng.integers(0, 100, (20, 21)).astype(dtype)
    given_layout = layout(source)
    before = given_layout.copy()
    matrix, pivots = field(1000003).rref(given_layout)
    expected, expected_pivots = gauss.modulo(source.tolist(), 1000003)
    assert pivots == expected_pivots and matrix.tolist() == expected
    assert np.array_equal(given_layout, before)


# ---- bad input ----

@pytest.mark.parametrize("value", [0.5, -1.5, math.nan, math.inf, Decimal("0.1"),
                                   Decimal("sNaN"), np.float32(0.25)])
def test_floats_that_are_not_integers_are_refused(value):
    for source in ([[1, value]], np.array([[1, value]])):
        with raises(ValueError, f"A must hold integers to be reduced modulo 7, got {value}"):
            PrimeField(7).rref(source)


@pytest.mark.parametrize(("source", "message"), [
    ([[1j, 2]], "A must hold real numbers, got dtype complex128"
     ": Fractions and residues are real; SymPy has exact complex numbers"),
    ([["1"]], "A must hold real numbers, got dtype <U1"),
    ([[1, None]], "A must hold integers, fractions, decimals or floats, got NoneType"),
    (np.ma.array([[1]]),
     "A must be a plain array, got a masked array: fill or compress it first"),
])
def test_other_kinds_are_refused(source, message):
    with raises(TypeError, message):
        PrimeField(7).rank(source)


@pytest.mark.parametrize("p", [1, 0, -7, 4, 9, 561, 2047, 1373653, 25326001, 2 ** 31 - 3])
def test_a_modulus_that_is_not_a_prime_is_refused(p):
    with raises(ValueError, f"modulus must be a prime, got {p}"):
        PrimeField(p)


@pytest.mark.parametrize("p", [2 ** 31 + 11, 2 ** 61 - 1])      # primes both
def test_a_modulus_that_is_too_large_is_refused(p):
    with raises(ValueError, f"modulus must be below 2**31, got {p}"):
        PrimeField(p)


@pytest.mark.parametrize("p", [7.0, "7", None, Fraction(7)])
def test_a_modulus_that_is_not_an_integer_is_refused(p):
    with raises(TypeError, f"modulus must be an integer, got {p!r}"):
        PrimeField(p)
    assert PrimeField(np.int64(7)).p == 7


# ---- primes ----

def test_primes_are_those_of_the_sieve():
    sieve = np.ones(100_000, bool)
    sieve[:2] = False
    for n in range(2, 317):
        sieve[n * n::n] = False
    assert [n for n in range(100_000) if is_prime(n)] == np.flatnonzero(sieve).tolist()
    assert previous_prime(100) == 97 and previous_prime(3) == 2


def test_decimals_with_a_million_digits():
    # 10 has the order 6 modulo 7, and 10^6 = 4 modulo 6.
    A = [[Decimal("-3E+1000000"), Decimal("5.0")]]
    assert PrimeField(7).read(A, "A").tolist() == [[-3 * 10 ** 4 % 7, 5]]
    with raises(ValueError, "A must hold integers to be reduced modulo 7, got 1E-1000000"):
        PrimeField(7).read([[Decimal("1E-1000000")]], "A")


def test_strong_pseudoprimes_to_few_bases_are_not_primes():
    # Smallest ones to the first bases 2, 3, 5, 7 and to pairs of 2, 7, 61: Jaeschke, "On strong
    # pseudoprimes to several bases", Mathematics of Computation 61, 1993; OEIS A014233.
    for n in (2047, 1373653, 25326001, 3215031751):
        assert not is_prime(n)
    assert is_prime(2 ** 31 - 1) and is_prime(2 ** 32 - 5)      # Euler; OEIS A014234
