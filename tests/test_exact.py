"""Row reduction over the rationals, by every way it can go, against elimination in Fractions."""
import itertools
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import gauss
import hypothesis.strategies as st
import numpy as np
import pytest
from helpers import raises
from hypothesis import given

from mathwork import matrix
from mathwork.matrix import exact, long_integers
from mathwork.matrix.exact import RATIONALS

HUGE = 10 ** 30
LARGEST, SMALLEST = 2 ** 63 - 1, -2 ** 63


@pytest.fixture
def field(kernels, monkeypatch):
    """The rationals on the kernels of one level."""
    monkeypatch.setattr(exact, "kernels", kernels)
    monkeypatch.setattr(long_integers, "kernels", kernels)
    return RATIONALS


def objects(rows, n):
    array = np.empty((len(rows), n), object)
    array[...] = rows
    return array


def check(field, source, n=None):
    """Both forms of the matrix and its rank are those of Gauss's elimination."""
    rows = source.tolist() if isinstance(source, np.ndarray) else source
    for reduced in (True, False):
        matrix, pivots = field.rref(source, reduced=reduced)
        expected, expected_pivots = gauss.over_rationals(rows, reduced=reduced)
        assert pivots == expected_pivots
        assert matrix.tolist() == expected
    assert field.rank(source) == len(pivots)


def hilbert(n):
    return [[Fraction(1, i + j + 1) for j in range(n)] for i in range(n)]


# ---- published values ----

def test_the_documented_examples(field):
    # The corrected examples of the notes that this package implements.
    matrix, pivots = field.rref([[1, 2, 3, 6], [0, 1, 4, 5]])
    assert (matrix.tolist(), pivots) == ([[1, 0, -5, -4], [0, 1, 4, 5]], (0, 1))
    status, x, null_space = field.solve([[2, 3], [4, 5]], [6, 10])
    assert (status, x.tolist(), null_space.shape) == ("unique", [0, 2], (2, 0))


def test_the_inverse_of_the_hilbert_matrix(field):
    # Choi, "Tricks or treats with the Hilbert matrix", American Mathematical Monthly 90, 1983.
    n = 12
    expected = [[(-1) ** (i + j) * (i + j - 1) * math.comb(n + i - 1, n - j)
                 * math.comb(n + j - 1, n - i) * math.comb(i + j - 2, i - 1) ** 2
                 for j in range(1, n + 1)] for i in range(1, n + 1)]
    assert field.inv(hilbert(n)).tolist() == expected
    assert field.inv(objects(expected, n)).tolist() == hilbert(n)


def test_determinants_of_hilbert_matrices(field):
    # Reciprocals: OEIS A005249.
    reciprocals = [1, 1, 12, 2160, 6048000, 266716800000, 186313420339200000,
                   2067909047925770649600000, 365356847125734485878112256000000]
    assert [1 / field.det(objects(hilbert(n), n)) for n in range(9)] == reciprocals


@pytest.mark.parametrize("points", [range(5), range(-6, 7), [2 ** 40, 3, -7, 10 ** 12],
                                    [Fraction(1, k) for k in range(1, 8)]])
def test_determinants_of_vandermonde_matrices(field, points):
    # prod_(i<j) (x_j - x_i): Horn and Johnson, Matrix Analysis, 2nd ed., section 0.9.11.
    points = [Fraction(point) for point in points]
    expected = math.prod(b - a for a, b in itertools.combinations(points, 2))
    source = [[point ** k for k in range(len(points))] for point in points]
    assert field.det(source) == expected


def test_a_rank_that_floats_get_wrong(field):
    source = np.array([[0.95, 0.45], [0.05, 0.55]])
    assert field.rank([[0.95 - 1, 0.45], [0.05, 0.55 - 1]]) == 2     # rounded before it is read
    assert field.rank(RATIONALS.read(source, "A") - np.eye(2, dtype=int)) == 1
    assert field.rank(np.diag([1e17, 1.0])) == 2


# ---- all shapes and ranks ----

@pytest.mark.parametrize("largest", [1, 9, 10 ** 6, 2 ** 31])
def test_random_matrices_of_every_rank(field, rng, largest):
    for m, n in itertools.product((1, 2, 3, 5, 7), (1, 2, 4, 6, 8)):
        for rank in range(min(m, n) + 1):
            check(field, objects(gauss.of_rank(rng, m, n, rank, largest), n))


@pytest.mark.parametrize(("m", "n"), [(9, 9), (10, 14), (14, 10), (17, 18), (24, 25)])
@pytest.mark.parametrize("largest", [2, 9, 10 ** 6, 2 ** 40])
def test_larger_matrices_of_some_ranks(field, rng, m, n, largest):
    for rank in (1, min(m, n) // 2, min(m, n)):
        rows = gauss.of_rank(rng, m, n, rank, largest)
        matrix, pivots = field.rref(objects(rows, n))
        expected, expected_pivots = gauss.over_rationals(rows)
        assert pivots == expected_pivots
        assert matrix.tolist() == expected
        assert field.rank(objects(rows, n)) == rank


@pytest.mark.parametrize("scale", [1, HUGE, Fraction(1, 7 ** 30)])
@pytest.mark.parametrize("n", [3, 12])
def test_huge_and_tiny_entries(field, rng, n, scale):
    rows = [[entry * scale + (i == j) for j, entry in enumerate(row)]
            for i, row in enumerate(gauss.of_rank(rng, n, n + 2, n))]
    check(field, objects(rows, n + 2))


def test_columns_that_depend_on_those_before_them(field, rng):
    rows = gauss.of_rank(rng, 12, 5, 2)
    rows = [[0, *row, *more] for row, more in
            zip(rows, gauss.of_rank(rng, 12, 14, 12), strict=True)]
    check(field, objects(rows, 20))


def test_matrices_with_special_patterns(field):
    n = 11
    for source in (np.zeros((n, n + 1), int), np.eye(n, dtype=int), np.eye(n, dtype=int)[::-1],
              np.ones((n, n), int), np.triu(np.ones((n, n), int)), np.tri(n, n, -1, int),
              np.arange(n * n).reshape(n, n), np.eye(1, n, 4, dtype=int),
              np.eye(n, 1, -4, dtype=int)):
        check(field, source)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_empty_matrices(field, shape):
    matrix, pivots = field.rref(np.zeros(shape))
    assert (matrix.shape, matrix.dtype, pivots) == (shape, object, ())
    assert field.rank(np.zeros(shape)) == 0
    assert np.array_equal(field.null_space(np.zeros(shape)), np.eye(shape[1]))


def test_the_empty_determinant_and_inverse(field):
    assert field.det(np.zeros((0, 0))) == 1
    assert field.inv(np.zeros((0, 0))).shape == (0, 0)


# ---- the ways it can go ----

def entries():
    near = st.sampled_from([2 ** 31, 2 ** 32, 2 ** 62, LARGEST, SMALLEST, 2 ** 53])
    return st.one_of(st.integers(-9, 9), near, near.map(lambda value: 1 - value).filter(
        lambda value: SMALLEST <= value <= LARGEST))


@given(st.data(), st.integers(1, 4), st.integers(1, 5))
def test_the_limits_of_64_bits(data, m, n):
    rows = data.draw(st.lists(st.lists(entries(), min_size=n, max_size=n), min_size=m,
                              max_size=m))
    check(RATIONALS, objects(rows, n))


@pytest.mark.parametrize(("rows", "value"), [
    ([[2 ** 32, 1], [1, 2 ** 31]], LARGEST),
    ([[2 ** 32, 0], [5, 2 ** 31]], LARGEST + 1),
    ([[-2 ** 32, 0], [5, 2 ** 31]], SMALLEST),
    ([[-2 ** 32, 1], [1, 2 ** 31]], SMALLEST - 1),
    ([[SMALLEST, SMALLEST], [SMALLEST, LARGEST]], 2 ** 63 * (1 - 2 ** 64)),
    ([[SMALLEST, 0], [0, -1]], LARGEST + 1),
])
def test_determinants_at_the_limits_of_64_bits(field, kernels, rows, value):
    (found,), lost = kernels.fraction_free_determinants(np.array([rows]))
    if SMALLEST <= value <= LARGEST:
        assert (found, lost) == (value, [])
    else:
        assert lost == [0]
    assert field.det(rows) == value


@pytest.mark.parametrize("reduced", [True, False])
def test_64_bits_and_python_integers_agree(kernels, rng, reduced):
    for m, n, rank in ((1, 1, 1), (3, 4, 3), (6, 5, 3), (8, 9, 8), (8, 9, 5), (11, 12, 11)):
        source = np.array(gauss.of_rank(rng, m, n, rank, 3)).reshape(m, n)
        for columns in {n, n - 1, 1}:
            forms, pivots, divisors, lost = kernels.fraction_free(
                source[None], columns, reduced, False)
            expected, expected_pivots = long_integers.fraction_free(source, None, columns, reduced)
            assert not lost and tuple(pivots[0][:len(expected_pivots)]) == expected_pivots
            assert (pivots[0][len(expected_pivots):] == -1).all()
            assert kernels.quotients(forms, divisors)[0].tolist() == expected.tolist()


@pytest.mark.parametrize("largest", [1, 9, 2 ** 22, 2 ** 63, HUGE])
def test_lifting_gives_what_elimination_gives(field, rng, largest):
    for m, n, rank in ((1, 2, 1), (2, 5, 2), (5, 3, 3), (9, 12, 4), (12, 9, 5), (13, 14, 13),
                       (3, 40, 3), (40, 3, 2)):
        rows = gauss.of_rank(rng, m, n, rank, min(largest, 2 ** 31))
        source = objects([[entry * (largest // 2 ** 31 or 1) + entry // 3 * 0 for entry in row]
                     for row in rows], n)
        matrix, pivots = long_integers.lifted(source, n)
        expected, expected_pivots = long_integers.fraction_free(source, None, n, True)
        assert pivots == expected_pivots
        assert matrix.tolist() == expected.tolist()


def unlucky(rng, p, n=10):
    """Matrices whose pivots modulo p are not their pivots"""
    source = objects(gauss.of_rank(rng, n, n + 2, n), n + 2)
    for rows, columns in ((slice(None), slice(0, 1)), (slice(3, 4), slice(None)),
                          (slice(None), slice(None))):
        changed = source.copy()
        changed[rows, columns] *= p
        yield changed
    changed = source.copy()
    changed[4] = changed[3] + p * changed[4]
    yield changed


def test_lifting_survives_a_prime_that_divides_a_minor(field, rng):
    p = long_integers.lifting_prime(10)
    for source in unlucky(rng, p):
        assert long_integers.lifted(source, 12) is not None
        check(field, source)
    q = long_integers.previous_prime(p)
    for source in unlucky(rng, p * q):
        assert long_integers.lifted(source, 12) is None
        check(field, source)


def test_large_determinants(field, rng):
    for n in (9, 20, 40):
        rows = gauss.of_rank(rng, n, n, n)
        upper, _ = gauss.over_rationals(rows, reduced=False)
        order = math.prod(upper[i][i] for i in range(n))
        assert abs(field.det(rows)) == abs(order)
        assert field.det([*rows[1:], rows[0]]) == (-1) ** (n - 1) * field.det(rows)
        assert field.det([*rows[1:], rows[1]]) == 0
        assert field.det([*rows[1:], [0] * n]) == 0


def test_small_determinants_are_those_of_laplace(field, rng):
    for n in range(6):
        for largest in (1, 9, 2 ** 31, 2 ** 40):
            rows = rng.integers(-largest, largest + 1, (n, n)).tolist()
            assert field.det(objects(rows, n)) == gauss.determinant(rows)


# ---- columns, and what is left below the rank ----

@pytest.mark.parametrize("n", [4, 12])
@pytest.mark.parametrize("scale", [1, Fraction(2, 3), HUGE])
def test_columns_keeps_pivots_out_of_the_augmented_part(field, rng, n, scale):
    rows = gauss.of_rank(rng, n + 1, n, n - 2)
    rows = [[entry * scale for entry in row] + [i + 1, i * i] for i, row in enumerate(rows)]
    for columns, reduced in itertools.product((0, 1, n, n + 1, n + 2), (True, False)):
        matrix, pivots = field.rref(objects(rows, n + 2), columns=columns, reduced=reduced)
        expected, expected_pivots = gauss.over_rationals(rows, columns, reduced=reduced)
        assert pivots == expected_pivots
        assert matrix.tolist() == expected


# ---- systems ----

@pytest.mark.parametrize("n", [2, 5, 12, 20])
def test_solutions(field, rng, n):
    for rank in (n // 2, n):
        source = objects(gauss.of_rank(rng, n + 1, n, rank), n)
        x = rng.integers(-9, 10, (n, 3)).astype(object)
        for right in (source @ x, (source @ x)[:, 0]):
            status, found, null_space = field.solve(source, right)
            assert status == ("unique" if rank == n else "infinite")
            assert found.shape == (n, *right.shape[1:])
            assert (source @ found == right).all()
            free = sorted(set(range(n)) - set(field.rref(source)[1]))
            assert not found[free].any() and null_space.shape == (n, n - rank)
            assert not (source @ null_space).any()
            assert np.array_equal(null_space[free], np.eye(n - rank))
            assert np.array_equal(null_space, field.null_space(source))


@pytest.mark.parametrize("n", [2, 12])
def test_inconsistent_systems(field, rng, n):
    source = objects(gauss.of_rank(rng, n + 1, n, n - 1), n)
    right = np.arange(2 * n + 2).reshape(-1, 2) ** 2
    right[:, 0] = 0
    status, x, null_space = field.solve(source, right)
    assert (status, x) == ("inconsistent", None)
    assert np.array_equal(null_space, field.null_space(source))


@pytest.mark.parametrize("n", [1, 3, 9, 16])
def test_inverses(field, rng, n):
    source = rng.integers(-9, 10, (n, n)) * 2 + np.eye(n, dtype=int)     # odd, so not zero
    inverse = field.inv(source)
    assert np.array_equal(source @ inverse, np.eye(n))
    assert np.array_equal(field.inv(inverse), source)
    assert field.det(source) * field.det(inverse) == 1


@pytest.mark.parametrize("n", [2, 12])
def test_a_singular_matrix_has_no_inverse(field, rng, n):
    source = objects(gauss.of_rank(rng, n, n, n - 1), n)
    with raises(np.linalg.LinAlgError, f"A has no inverse: its rank is {n - 1} of {n}"):
        field.inv(source)


# ---- stacks ----

def test_a_stack_is_its_slices(field, rng):
    source = rng.integers(-2, 3, (2, 3, 4, 5))
    source[1, 1] = 0
    for reduced in (True, False):
        matrices, pivots = field.rref(source, columns=4, reduced=reduced)
        assert (pivots.shape, pivots.dtype) == ((2, 3, 4), np.intp)
        for at in np.ndindex(2, 3):
            matrix, found = field.rref(source[at], columns=4, reduced=reduced)
            assert np.array_equal(matrices[at], matrix)
            assert tuple(pivots[at][:len(found)]) == found and (pivots[at][len(found):] == -1).all()
    assert np.array_equal(field.rank(source), [[field.rank(a) for a in row] for row in source])
    squares = source[..., :4]
    assert np.array_equal(field.det(squares), [[field.det(a) for a in row] for row in squares])
    null_spaces = field.null_space(source)
    assert null_spaces.shape == (2, 3, 5, 5)
    for at in np.ndindex(2, 3):
        basis = field.null_space(source[at])
        assert np.array_equal(null_spaces[at][:, :basis.shape[1]], basis)
        assert not null_spaces[at][:, basis.shape[1]:].any()


def test_a_slice_without_an_answer_leaves_the_others_right(field):
    source = np.array([[[2, 0], [0, 4]], [[1, 1], [1, 1]], [[1, 2], [3, 4]]])
    inverse = field.inv(source)
    assert np.array_equal(inverse[0], field.inv(source[0])) and np.array_equal(inverse[2],
                                                                          field.inv(source[2]))
    assert all(entry != entry for entry in inverse[1].flat)
    status, x, null_space = field.solve(source, [[2, 4], [1, 2], [5, 6]])
    assert (status.tolist(), status.dtype) == ([0, 2, 0], np.int8)
    assert x[[0, 2]].tolist() == [[1, 1], [-4, Fraction(9, 2)]]
    assert all(entry != entry for entry in x[1])
    assert null_space[1].tolist() == [[-1], [1]] and not null_space[[0, 2]].any()
    assert field.solve(source, np.ones((3, 2, 4), int))[1].shape == (3, 2, 4)


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 3), (2, 3, 0), (2, 0, 1, 2)])
def test_empty_stacks(field, shape):
    matrix, pivots = field.rref(np.zeros(shape))
    assert matrix.shape == shape
    assert pivots.shape == (*shape[:-2], min(shape[-2:]))
    assert field.rank(np.zeros(shape)).shape == shape[:-2]


# ---- what is read, and what comes back ----

@pytest.mark.parametrize(("value", "number"), [
    (0.8, Fraction(4, 5)), (0.1 + 0.2, Fraction("0.30000000000000004")),
    (-2.5e-7, Fraction(-1, 4 * 10 ** 6)),
    (1e22, 10 ** 22), (2.0 ** 60, 2 ** 60), (-0.0, 0), (3.0, 3),
    (Decimal("0.3"), Fraction(3, 10)), (Decimal("1e3"), 1000), (Fraction(22, 7), Fraction(22, 7)),
    (HUGE, HUGE), (2 ** 63, 2 ** 63), (True, 1), (np.float32(0.8), Fraction(4, 5)),
    (np.float16(0.1), Fraction(1, 10)), (np.int8(-128), -128),
    (np.uint64(2 ** 64 - 1), 2 ** 64 - 1), (np.bool_(True), 1),
])
def test_a_number_is_read_as_it_is_written(value, number):
    for other in (1, 0.5, Fraction(1, 3)):
        assert exact.as_fractions([[value, other]], "A").tolist() == [[number, Fraction(other)]]
    (found,), = exact.as_fractions([[value]], "A")
    assert (found, type(found)) == (number, Fraction)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u1", "i4", "u8", "?", "O"])
def test_arrays_are_read_by_their_own_dtype(dtype):
    source = np.array([[1, 0], [0, 1]], dtype)
    assert exact.as_fractions(source, "A").tolist() == [[1, 0], [0, 1]]
    if source.dtype.kind == "f":
        assert exact.as_fractions(source * source.dtype.type(0.1), "A")[0, 0] == Fraction(1, 10)


def test_integers_among_floats_keep_their_digits(field):
    # NumPy would make 10^17 + 1 a float that ends in 0.
    source = [[10 ** 17 + 1, 0.5], [10 ** 17, 0.5]]
    assert field.det(source) == Fraction(1, 2)


@pytest.mark.parametrize("layout", gauss.LAYOUTS.values(), ids=gauss.LAYOUTS)
@pytest.mark.parametrize("dtype", ["i8", "i4", "f8", "f4", "u8"])
@pytest.mark.parametrize("n", [4, 20])
def test_any_layout_is_read_right_and_left_alone(field, rng, layout, dtype, n):
    source = rng.integers(0, 10, (n, n + 1)).astype(dtype)
    given_layout = layout(source)
    before = given_layout.copy()
    matrix, pivots = field.rref(given_layout)
    expected, expected_pivots = field.rref(source.tolist())
    assert pivots == expected_pivots and np.array_equal(matrix, expected)
    assert np.array_equal(given_layout, before)


def test_objects_are_not_changed():
    source = np.array([[Fraction(1, 2), 3], [HUGE, Decimal("0.5")]], object)
    before = source.tolist()
    RATIONALS.rref(source)
    RATIONALS.inv(source)
    assert source.tolist() == before


@pytest.mark.parametrize("n", [4, 12])
def test_results_are_fractions_in_lowest_terms(field, rng, n):
    matrix, _ = field.rref(rng.integers(-9, 10, (n, n + 2)) * 6)
    for entry in matrix.flat:
        assert type(entry) is Fraction
        assert math.gcd(entry.numerator, entry.denominator) == 1 and entry.denominator > 0
        same = Fraction(entry.numerator, entry.denominator)
        assert (hash(entry), repr(entry)) == (hash(same), repr(same))
    again = pickle.loads(pickle.dumps(matrix))
    assert np.array_equal(again, matrix)


@pytest.mark.parametrize("value", [2.0 ** 60, 2.0 ** 53, 1e23, -1e300, np.float32(1e30)])
def test_whole_floats_are_the_same_integer_in_both_arithmetics(value):
    p = 1000003
    for A in ([[value]], np.array([[value]])):
        assert matrix.det(A, exact=True) == int(value)
        assert matrix.det(A, modulus=p) == int(value) % p
        assert matrix.eliminate(A, reduced=False).matrix.tolist() == [[int(value)]]


@pytest.mark.parametrize("keywords", [{}, {"exact": True}])
def test_symbols_are_left_to_sympy(keywords):
    sympy = pytest.importorskip("sympy", reason="SymPy is not installed")
    A = [[sympy.Symbol("a"), 1], [0, 1]]
    for call in (matrix.rref, matrix.det, lambda A, **k: matrix.solve(A, [1, 2], **k)):
        with pytest.raises(TypeError, match=r"A must hold .*: for matrices of symbols there is "
                                            "SymPy$"):
            call(A, **keywords)


def test_numbers_of_sympy_are_rational_numbers():
    sympy = pytest.importorskip("sympy", reason="SymPy is not installed")
    source = [[sympy.Rational(1, 3), sympy.Integer(2)], [1, Fraction(1, 2)]]
    assert RATIONALS.det(source) == Fraction(1, 6) - 2


def test_sympy_agrees(rng):
    sympy = pytest.importorskip("sympy", reason="SymPy is not installed")
    for m, n, rank in ((3, 4, 3), (8, 9, 8), (9, 12, 5), (16, 18, 16)):
        source = np.array(gauss.of_rank(rng, m, n, rank))
        matrix, pivots = RATIONALS.rref(source)
        domain = sympy.polys.matrices.DomainMatrix.from_list_sympy(
            m, n, sympy.Matrix(source).tolist()).convert_to(sympy.QQ)
        expected, expected_pivots = domain.rref()
        assert pivots == expected_pivots
        assert matrix.tolist() == [[Fraction(int(entry.numerator), int(entry.denominator))
                                    for entry in row] for row in expected.to_list()]


# ---- bad input ----

@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, Decimal("NaN"),
                                   Decimal("-Infinity"), np.float32("nan")])
def test_what_is_not_finite_is_refused(value):
    message = f"A must be finite to be exact, got {Decimal(str(value))}"
    for source in ([[1, value]], np.array([[1, value]])):
        with raises(ValueError, message):
            RATIONALS.rref(source)


@pytest.mark.parametrize(("source", "message"), [
    ([[1j, 2]], "A must hold real numbers, got dtype complex128"
     ": Fractions and residues are real; SymPy has exact complex numbers"),
    ([["1", "2"]], "A must hold real numbers, got dtype <U1"),
    (np.zeros((2, 2), "M8[s]"), "A must hold real numbers, got dtype datetime64[s]"),
    ([[Fraction(1, 2), 1j]],
     "A must hold integers, fractions, decimals or floats, got complex"
     ": Fractions and residues are real; SymPy has exact complex numbers"),
    ([[Fraction(1, 2), "1"]], "A must hold integers, fractions, decimals or floats, got str"),
    ([[None, 1]], "A must hold integers, fractions, decimals or floats, got NoneType"),
    (np.ma.array([[1, 2]], mask=[[0, 1]]),
     "A must be a plain array, got a masked array: fill or compress it first"),
])
def test_other_kinds_are_refused(source, message):
    with raises(TypeError, message):
        RATIONALS.rref(source)


def test_every_result_has_a_repr():
    A = [[3, 10 ** 5000], [1, 1]]
    digits = "1" + "0" * 5000
    assert digits in repr(matrix.ref(A, exact=True))
    assert f"{digits}/3" in repr(matrix.solve([[3]], [10 ** 5000], exact=True))
    assert repr(matrix.rref(A, exact=True)).count("Fraction(1, 1)") == 2


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match=r"^A must be a regular array of real numbers: "):
        RATIONALS.rref([[1, 2], [3]])
    for source in (1, [1, 2]):
        with raises(ValueError,
                    f"A must have shape (m, n) or (..., m, n), got {np.shape(source)}"):
            RATIONALS.rank(source)
    for function in (RATIONALS.det, RATIONALS.inv):
        with raises(ValueError, "A must be square, got shape (1, 2)"):
            function([[1, 2]])
    for b in ([1, 2, 3], [[1]], 1, [[[1]], [[2]]]):
        with raises(ValueError, "b must have shape (2,), or that and a last axis of right-hand "
                                f"sides, to match A of shape (2, 2), got {np.shape(b)}"):
            RATIONALS.solve([[1, 2], [3, 4]], b)


@pytest.mark.parametrize("columns", [-1, 3])
def test_columns_that_are_not_there_are_refused(columns):
    with raises(ValueError,
                f"columns must be between 0 and 2, the columns of A, got {columns}"):
        RATIONALS.rref([[1, 2]], columns=columns)
