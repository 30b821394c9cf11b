"""Stacks of systems modulo a prime and over the rationals, against elimination slice by slice."""
import gc
import itertools
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import gauss
import numpy as np
import pytest
from helpers import raises, same_bits
from levels import all_kernels

from mathwork import matrix
from mathwork.matrix import exact, long_integers, modular

PRIMES = (2, 3, 7, 65537, 1000003, 16777213, 16777259, 2 ** 31 - 1)
# A lane, a register, groups of registers: one less and one more of each.
COUNTS = (1, 2, 7, 8, 9, 31, 33, 64, 65, 130)
SHAPES = ((1, 1), (2, 2), (3, 3), (4, 4), (8, 8), (2, 4), (4, 2), (1, 6), (6, 1), (16, 17),
          (17, 17), (18, 18))


@pytest.fixture(params=(0, *PRIMES), ids=lambda p: f"mod{p}" if p else "rational")
def p(request):
    """A prime, or 0 for the rationals."""
    return request.param


@pytest.fixture
def on_level(kernels, monkeypatch):
    monkeypatch.setattr(exact, "kernels", kernels)
    monkeypatch.setattr(long_integers, "kernels", kernels)
    monkeypatch.setattr(modular, "kernels", kernels)


def arithmetic(p):
    return {"modulus": p} if p else {"exact": True}


def stack_of_any_rank(rng, p, count, m, n):
    """Random matrices (count, m, n) of every rank, with zeros and equal rows among them"""
    largest = min(p or 9, 10 ** 6)
    source = rng.integers(-largest, largest + 1, (count, m, n))
    source[rng.random(source.shape) < 0.2] = 0
    for at in range(0, count, 3):
        row, other = rng.integers(0, m, 2)
        source[at, row] = source[at, other]
    source[1::5] = 0
    return source


def reduced(rows, p, columns=None, *, whole=True):
    if p:
        return gauss.modulo(rows, p, columns, reduced=whole)
    return gauss.over_rationals(rows, columns, reduced=whole)


def solved(A, B, p):
    """Return (code, x, null space) of lists of rows, by the definition"""
    n = len(A[0])
    rows, pivots = reduced([a + b for a, b in zip(A, B, strict=True)], p, n)
    code = 2 if any(any(row[n:]) for row in rows[len(pivots):]) else int(len(pivots) < n)
    x = [[0] * len(B[0]) for _ in range(n)]
    free = [j for j in range(n) if j not in pivots]
    basis = [[int(j == f) for f in free] for j in range(n)]
    for row, pivot in zip(rows, pivots, strict=False):
        x[pivot] = row[n:]
        basis[pivot] = [-row[f] % p if p else -row[f] for f in free]
    return code, x, basis


def is_missing(x, p):
    """Return whether every entry of x says that there is no number"""
    return all(entry == -1 if p else entry != entry for entry in x.flat)


def check_solution(A, B, p, **more):
    """The solution of a stack is that of the definition, slice by slice"""
    status, x, null_space = matrix.solve(A, B, **arithmetic(p), **more)
    assert status.dtype == np.int8 and x.dtype == null_space.dtype == (np.int64 if p else object)
    widest = 0
    for at in np.ndindex(A.shape[:-2]):
        code, expected, basis = solved(A[at].tolist(), B[at].tolist(), p)
        assert status[at] == code
        assert is_missing(x[at], p) if code == 2 else x[at].tolist() == expected
        width = len(basis[0])
        widest = max(widest, width)
        assert null_space[at][:, :width].tolist() == basis
        assert not null_space[at][:, width:].any()
    assert null_space.shape[-1] == widest
    assert np.array_equal(null_space, matrix.null_space(A, **arithmetic(p), **more))


# ---- every shape, rank, prime and level ----

@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_solutions_and_null_spaces(on_level, rng, p, shape):
    A = stack_of_any_rank(rng, p, 40, *shape)
    for k in (1, 3):
        B = rng.integers(-9, 10, (40, shape[0], k))
        B[::2] = A[::2] @ rng.integers(-3, 4, (20, shape[1], k))      # consistent
        check_solution(A, B, p)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("whole", [True, False], ids=["rref", "ref"])
def test_forms_and_ranks(on_level, rng, p, shape, whole):
    A = stack_of_any_rank(rng, p, 20, *shape)
    ranks = matrix.rank(A, **arithmetic(p))
    for columns in {0, shape[1] // 2, shape[1] - 1, shape[1]}:
        form = (matrix.rref if whole else matrix.ref)(A, columns=columns, **arithmetic(p))
        for at in range(len(A)):
            rows, pivots = reduced(A[at].tolist(), p, columns, whole=whole)
            assert form.matrix[at].tolist() == rows
            assert form.pivots[at].tolist() == [*pivots, *[-1] * (min(shape[0], columns) -
                                                                  len(pivots))]
            if columns == shape[1]:
                assert ranks[at] == len(pivots)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_determinants(on_level, rng, p, n):
    A = stack_of_any_rank(rng, p, 25, n, n)
    expected = [gauss.determinant(a) for a in A.tolist()]
    found = matrix.det(A, **arithmetic(p))
    assert found.tolist() == [value % p for value in expected] if p else expected
    assert found.dtype == (np.int64 if p else object)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8, 12, 18])
def test_inverses(on_level, rng, p, n):
    A = stack_of_any_rank(rng, p, 25, n, n)
    inverse = matrix.inv(A, **arithmetic(p))
    for at in range(len(A)):
        code, expected, _ = solved(A[at].tolist(), np.eye(n, dtype=int).tolist(), p)
        assert is_missing(inverse[at], p) if code else inverse[at].tolist() == expected


@pytest.mark.parametrize("count", COUNTS)
def test_any_number_of_slices(on_level, rng, p, count):
    A = stack_of_any_rank(rng, p, count, 3, 4)
    check_solution(A, rng.integers(-9, 10, (count, 3, 1)), p)


def test_all_ways_and_levels_agree(rng):
    for prime, (m, n) in itertools.product(PRIMES, ((3, 4), (10, 9), (16, 17), (20, 21))):
        A = stack_of_any_rank(rng, prime, 70, m, n)
        for columns, whole in itertools.product((n, n - 1), (True, False)):
            results = [level.reduce_modulo(A, prime, columns, whole)
                       for level in all_kernels().values()]
            # A matrix alone may go another way than in a stack.
            alone = [all_kernels()[next(iter(all_kernels()))].reduce_modulo(
                a[None], prime, columns, whole) for a in A]
            results.append(tuple(map(np.concatenate, zip(*alone, strict=True))))
            for result in results[1:]:
                assert all(map(same_bits, result, results[0]))


def test_every_matrix_of_bits():
    # All 512 matrices of GF(2): 168 are regular (the order of GL(3, 2)).
    bits = np.array(list(itertools.product((0, 1), repeat=9))).reshape(512, 3, 3)
    determinants = matrix.det(bits, modulus=2)
    assert determinants.sum() == 168
    assert np.bincount(matrix.rank(bits, modulus=2)).tolist() == [1, 49, 294, 168]
    inverse = matrix.inv(bits, modulus=2)
    regular = determinants == 1
    assert np.array_equal(bits[regular] @ inverse[regular] % 2,
                          np.broadcast_to(np.eye(3), (168, 3, 3)))
    assert (inverse[~regular] == -1).all()


def test_entries_as_large_as_residues_can_be(on_level):
    for prime in PRIMES:
        for n in (3, 8, 16):
            A = np.full((9, n, n), (prime - 1) // 2)
            A[:, np.arange(n), np.arange(n)] += 1
            A[1::2] = prime - 1 - A[1::2]
            check_solution(A, np.full((9, n, 1), prime // 2), prime)


# ---- what may stand in a stack ----

def test_inconsistent_and_singular_slices_leave_the_others_right(p):
    A = np.array([[[2, 1], [1, 1]], [[1, 1], [1, 1]], [[1, 1], [1, 1]], [[0, 0], [0, 0]]])
    b = np.array([[3, 2], [1, 1], [1, 2], [0, 0]])
    solution = matrix.solve(A, b, **arithmetic(p))
    assert solution.status.tolist() == [0, 1, 2, 1]
    assert solution.x[[0, 1, 3]].tolist() == [[1, 1], [1, 0], [0, 0]]
    assert is_missing(solution.x[2], p)
    assert solution.modulus == (p or None) and solution.ambiguous is False
    inverse = matrix.inv(A, **arithmetic(p))
    assert np.array_equal(inverse[0] % p if p else inverse[0],
                          np.array([[1, -1], [-1, 2]]) % p if p else [[1, -1], [-1, 2]])
    assert is_missing(inverse[1:], p)


@pytest.mark.parametrize("shape", [(0, 3, 3), (2, 0, 3), (2, 3, 0), (0, 0, 0), (2, 0, 2, 2),
                                   (3, 1, 0, 0)])
def test_zero_sizes(p, shape):
    A, keywords = np.zeros(shape, int), arithmetic(p)
    stack, (m, n) = shape[:-2], shape[-2:]
    for k in (0, 2):
        status, x, null_space = matrix.solve(A, np.zeros((*stack, m, k), int), **keywords)
        assert status.shape == stack and (status == int(n > 0)).all()
        assert x.shape == (*stack, n, k) and not x.any()
        width = n if math.prod(stack) else 0
        assert null_space.shape == (*stack, n, width)
        assert np.array_equal(null_space, np.broadcast_to(np.eye(n, width), null_space.shape))
    assert matrix.rank(A, **keywords).tolist() == np.zeros(stack).tolist()
    if m == n:
        assert matrix.det(A, **keywords).tolist() == np.full(stack, int(n == 0)).tolist()
        assert matrix.inv(A, **keywords).shape == shape


def test_four_axes_and_any_layout(rng, p):
    A = stack_of_any_rank(rng, p, 12, 3, 4).reshape(2, 6, 3, 4)
    B = rng.integers(-5, 6, (2, 6, 3, 2))
    check_solution(A, B, p)
    expected = matrix.solve(A, B, **arithmetic(p))
    for layout in (np.asfortranarray, lambda a: a.repeat(2, -1)[..., ::2],
                   lambda a: a[::-1].copy()[::-1], lambda a: a.astype(">i8"),
                   lambda a: a.astype(np.int32), lambda a: a.astype(float),
                   lambda a: a.astype(object), np.ndarray.tolist):
        given = layout(A), layout(B)
        before = pickle.dumps(given)
        for found, wanted in zip(matrix.solve(*given, **arithmetic(p)), expected, strict=True):
            assert same_text(found, wanted)
        assert pickle.dumps(given) == before


def same_text(found, wanted):
    """Arrays of equal shapes and numbers; NaN is NaN"""
    return found.shape == wanted.shape and list(map(str, found.flat)) == list(map(str, wanted.flat))


@pytest.mark.parametrize("value", [True, np.uint64(2 ** 64 - 1), 2 ** 63, -2 ** 63, 10 ** 30,
                                   -10 ** 40, Fraction(1, 5), Fraction(-7, 11 ** 20),
                                   Decimal("3"), 2.0 ** 70])
def test_one_entry_of_another_kind(on_level, rng, p, value):
    if p and isinstance(value, Fraction):
        p = 1000003
    number = value.numerator if isinstance(value, (int, np.integer)) else Fraction(value)
    A = stack_of_any_rank(rng, p, 9, 3, 3).astype(object)
    B = rng.integers(-5, 6, (9, 3, 2)).astype(object)
    A[4, 1, 2] = A[0, 2, 2] = B[7, 0, 1] = value
    exactly_A, exactly_B = A.copy(), B.copy()
    exactly_A[4, 1, 2] = exactly_A[0, 2, 2] = exactly_B[7, 0, 1] = Fraction(int(number)) if (
        number == int(number)) else number
    if p:
        residues = np.frompyfunc(lambda a: int(a.numerator * pow(a.denominator, -1, p)), 1, 1)
        exactly_A, exactly_B = residues(exactly_A), residues(exactly_B)
    status, x, null_space = matrix.solve(A, B, **arithmetic(p))
    for at in range(9):
        code, expected, basis = solved(exactly_A[at].tolist(), exactly_B[at].tolist(), p)
        assert status[at] == code
        assert is_missing(x[at], p) if code == 2 else x[at].tolist() == expected
        assert null_space[at][:, :len(basis[0])].tolist() == basis
    determinants, ranks = matrix.det(A, **arithmetic(p)), matrix.rank(A, **arithmetic(p))
    forms, inverse = matrix.ref(A, **arithmetic(p)), matrix.inv(A, **arithmetic(p))
    for at in range(9):
        expected = gauss.determinant(exactly_A[at].tolist())
        assert determinants[at] == (expected % p if p else expected)
        rows, pivots = reduced(exactly_A[at].tolist(), p, whole=False)
        assert ranks[at] == len(pivots) and forms.matrix[at].tolist() == rows
        code, expected, _ = solved(exactly_A[at].tolist(), np.eye(3, dtype=int).tolist(), p)
        assert is_missing(inverse[at], p) if code else inverse[at].tolist() == expected


def test_fractions_at_the_limits_of_64_bits(on_level, rng):
    # Common denominators, numerators and their products just below and above 2^63 and 2^64.
    near = [2 ** 31, 2 ** 32, 2 ** 62, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1, 2 ** 64, 3 ** 39, 3 ** 40]
    for above, below in itertools.product(near, near):
        row = [Fraction(above, below), Fraction(1, above), Fraction(-below, 3), 1]
        A = np.array([[row, [1, 2, 3, 4]], [[1, 2, 3, 4], [5, 6, 7, 8]]], object)
        form = matrix.rref(A, exact=True)
        for at in range(2):
            rows, _ = gauss.over_rationals(A[at].tolist())
            assert form.matrix[at].tolist() == rows
        assert matrix.det(A[:, :, :2], exact=True).tolist() == [
            gauss.determinant([line[:2] for line in a]) for a in A.tolist()]


def test_a_slice_beyond_64_bits_does_not_change_the_others(on_level, rng):
    A = rng.integers(-9, 10, (50, 4, 4))
    b = rng.integers(-9, 10, (50, 4))
    alone = matrix.solve(A, b, exact=True)
    huge = A.copy()
    huge[20] = rng.integers(-2 ** 62, 2 ** 62, (4, 4))
    huge[30] = 2 ** 61
    found = matrix.solve(huge, b, exact=True)
    others = np.delete(np.arange(50), [20, 30])
    assert np.array_equal(found.status[others], alone.status[others])
    assert same_text(found.x[others], alone.x[others])
    assert (huge[20].astype(object) @ found.x[20] == b[20]).all()
    assert found.null_space.shape == (50, 4, 3) and found.status[30] == 2
    assert not (huge[30].astype(object) @ found.null_space[30]).any()


def test_products_of_the_limit_are_still_right(on_level):
    # |det| is 2^63, with either sign, and one more and one less than that.
    A = np.array([[[2 ** 32, 0], [0, 2 ** 31]], [[0, 2 ** 32], [2 ** 31, 0]],
                  [[2 ** 32, 1], [1, 2 ** 31]], [[-2 ** 32, 0], [0, 2 ** 31]],
                  [[-2 ** 63, 0], [0, -1]], [[0, -2 ** 63], [-1, 0]], [[-2 ** 63, 0], [0, 1]]])
    expected = [gauss.determinant(a) for a in A.tolist()]
    assert matrix.det(A, exact=True).tolist() == expected
    assert matrix.inv(A, exact=True)[0].tolist() == [[Fraction(1, 2 ** 32), 0],
                                                     [0, Fraction(1, 2 ** 31)]]


# ---- one matrix for many right-hand sides, and the other way round ----

@pytest.mark.parametrize(("left", "right", "stack"), [
    ((3, 3), (5, 3, 1), (5,)), ((3, 3), (2, 5, 3, 2), (2, 5)), ((1, 3, 3), (5, 3, 2), (5,)),
    ((5, 3, 3), (1, 3, 2), (5,)), ((2, 1, 3, 3), (5, 3, 1), None), ((2, 1, 3, 3), (1, 5, 3, 1),
                                                                    (2, 5)),
    ((2, 5, 3, 3), (3, 1), (2, 5)), ((0, 3, 3), (1, 3, 1), (0,)), ((1, 3, 3), (0, 3, 1), (0,)),
    ((2, 3, 3), (1, 3, 0), (2,)), ((3, 3), (4, 3, 0), (4,)),
], ids=str)
def test_stack_axes_broadcast(on_level, rng, p, left, right, stack):
    for singular in (False, True):
        A, B = rng.integers(-5, 6, left), rng.integers(-5, 6, right)
        if singular:
            A[..., 2, :] = A[..., 0, :]
            B[..., 2, :] = B[..., 0, :]
            B[..., :1, :1] += rng.integers(0, 2, B[..., :1, :1].shape)      # some are inconsistent
        if stack is None:       # b has one axis less than A: these are vectors, of 3, not of 1
            with raises(ValueError, f"b must have shape {left[:-1]}, or that and a last axis of "
                                    f"right-hand sides, to match A of shape {left}, got {right}"):
                matrix.solve(A, B, **arithmetic(p))
            continue
        found = matrix.solve(A, B, **arithmetic(p))
        wanted = matrix.solve(np.broadcast_to(A, (*stack, 3, 3)).copy(),
                              np.broadcast_to(B, (*stack, 3, right[-1])).copy(), **arithmetic(p))
        assert all(map(same_text, found, wanted))
        assert found.null_space.flags.writeable and found.x.flags.writeable


def test_a_vector_for_all(p):
    A = np.array([[[2, 1], [1, 1]], [[1, 0], [0, 1]]])
    assert matrix.solve(A, [3, 2], **arithmetic(p)).x.tolist() == (
        [[1, 1], [3 % p, 2 % p]] if p else [[1, 1], [3, 2]])


def test_one_large_matrix_for_many_sides(rng):
    A = rng.integers(-9, 10, (40, 40))
    x = rng.integers(0, 97, (7, 40, 2))
    assert np.array_equal(matrix.solve(A, A @ x, modulus=97).x, x)
    assert np.array_equal(matrix.solve(A, A @ x, exact=True).x, x)
    A[39] = A[0]
    b = A @ x
    b[3, 39, 1] += 1
    for keywords in ({"modulus": 97}, {"exact": True}):
        assert matrix.solve(A, b, **keywords).status.tolist() == [1, 1, 1, 2, 1, 1, 1]


# ---- workers ----

@pytest.mark.parametrize("workers", [2, 3, 100])
def test_any_number_of_workers_gives_the_same(rng, p, workers):
    A = stack_of_any_rank(rng, p, 500, 4, 4)
    b = rng.integers(-9, 10, (500, 4))
    keywords = arithmetic(p)
    pairs = [(function(A, **keywords), function(A, **keywords, workers=workers))
             for function in (matrix.rank, matrix.det, matrix.inv, matrix.null_space)]
    pairs += zip(matrix.solve(A, b, **keywords), matrix.solve(A, b, **keywords, workers=workers),
                 strict=True)
    pairs += zip(matrix.rref(A, **keywords), matrix.rref(A, **keywords, workers=workers),
                 strict=True)
    for alone, shared in pairs:
        assert alone.dtype == shared.dtype and same_text(shared, alone)


@pytest.mark.parametrize("name", ["rank", "det", "inv", "null_space", "rref", "ref", "solve"])
@pytest.mark.parametrize("keywords", [{}, {"exact": True}, {"modulus": 7}], ids=str)
def test_workers_are_checked(name, keywords):
    function, A = getattr(matrix, name), [[1, 2], [3, 4]]
    arguments = (A, [1, 2]) if name == "solve" else (A,)
    with raises(ValueError, "workers must be at least 1, got 0"):
        function(*arguments, **keywords, workers=0)
    with pytest.raises(TypeError):
        function(*arguments, **keywords, workers="2")
    assert str(function(*arguments, **keywords, workers=3)) == str(function(*arguments, **keywords))


# ---- other programs ----

def test_flint_agrees(rng):
    flint = pytest.importorskip("flint")
    for prime in (2, 65537, 2 ** 31 - 1):
        A = rng.integers(0, prime, (60, 5, 5))
        A[::4, 2] = A[::4, 1]
        theirs = [flint.nmod_mat(5, 5, a.ravel().tolist(), prime) for a in A]
        assert matrix.det(A, modulus=prime).tolist() == [int(a.det()) for a in theirs]
        assert matrix.rank(A, modulus=prime).tolist() == [a.rank() for a in theirs]
        forms = matrix.rref(A, modulus=prime).matrix.tolist()
        assert forms == [[[int(entry) for entry in row] for row in a.rref()[0].tolist()]
                         for a in theirs]
    A = rng.integers(-99, 100, (60, 5, 5))
    assert matrix.det(A, exact=True).tolist() == [
        int(flint.fmpz_mat(a.tolist()).det()) for a in A]


def test_sympy_agrees(rng):
    sympy = pytest.importorskip("sympy")
    A, b = rng.integers(-9, 10, (10, 3, 3)), rng.integers(-9, 10, (10, 3))
    found = matrix.solve(A, b, exact=True).x
    for at in range(10):
        theirs = sympy.Matrix(A[at].tolist()).LUsolve(sympy.Matrix(b[at].tolist()))
        assert found[at].tolist() == [Fraction(int(x.p), int(x.q)) for x in theirs]


# ---- Fractions ----

def test_fractions_are_ordinary_ones(on_level):
    half, third = matrix.solve([[[2, 0], [0, -3]]], [[1, 1]], exact=True).x[0]
    assert (type(half), half, hash(half)) == (Fraction, Fraction(1, 2), hash(Fraction(1, 2)))
    assert (third, str(third), third.denominator) == (Fraction(-1, 3), "-1/3", 3)
    assert half + third == Fraction(1, 6) and pickle.loads(pickle.dumps(third)) == third
    assert half < 1 and math.floor(third) == -1 and third.limit_denominator(2) == Fraction(-1, 2)


def test_fractions_come_and_go(rng):
    A, b = rng.integers(-9, 10, (1000, 3, 3)), rng.integers(-9, 10, (1000, 3))
    kept = matrix.solve(A, b, exact=True)
    before = kept.x.tolist()
    for _ in range(20):
        matrix.solve(A, b, exact=True)
        matrix.inv(A, exact=True)
    gc.collect()
    assert same_text(kept.x, np.array(before, object))
    assert not any(gc.is_tracked(x) for x in kept.x.flat if x not in (0, 1))
