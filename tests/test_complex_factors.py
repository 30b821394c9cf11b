"""lu and slogdet of complex matrices: against exact elimination, NumPy and what reals have."""
import copy
import math
import pickle
import warnings
from fractions import Fraction

import gauss
import numpy as np
import pytest
import rank_sets
from arrays import LAYOUTS
from helpers import names_kernels, raises, same_bits
from mpmath import mp

from mathwork import _status
from mathwork.matrix import LU, ComplexLU, RankWarning, SlogDet, det, inv, lu, ref, slogdet, solve
from mathwork.matrix.complex_factors import _rebuilt

either = pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
EPS = {np.complex64: 2.0 ** -23, np.complex128: 2.0 ** -52}
SHAPES = [(3, 3), (3, 5), (5, 3), (1, 6), (6, 1), (20, 12), (12, 20), (50, 50)]
NAN = complex(math.nan, math.nan)


def normal(rng, *shape, dtype=np.complex128):
    return rank_sets.complex_normal(rng, *shape).astype(dtype)


def gaussian(rng, m, n):
    re, im = rank_sets.gaussian_integers(rng, m, n)
    return re + 1j * im


def parts(factors):
    return [factors.L, factors.U, factors.permutation,
            *map(np.asarray, (*factors._verdict, factors.status, factors.ambiguous))]


def identical(left, right):
    return all(same_bits(a, b) for a, b in zip(parts(left), parts(right), strict=True))


def is_nan(x):
    return np.isnan(x.real) & np.isnan(x.imag)


# ---- the factors ----

@either
@pytest.mark.parametrize("shape", SHAPES)
def test_the_factors_have_the_product_of_the_rows(rng, dtype, shape):
    A = normal(rng, *shape, dtype=dtype)
    factors = lu(A)
    L, U, k = factors.L, factors.U, min(shape)
    assert type(factors) is ComplexLU and factors.shape == shape
    assert L.shape == (shape[0], k) and U.shape == (k, shape[1]) and L.dtype == U.dtype == dtype
    assert np.array_equal(L, np.tril(L)) and np.array_equal(np.diag(L), np.ones(k))
    assert np.array_equal(U, np.triu(U))
    assert sorted(factors.permutation) == list(range(shape[0]))
    bound = (k + 4) * EPS[dtype] * (np.abs(L).astype(float) @ np.abs(U).astype(float))
    product = L.astype(complex) @ U.astype(complex)
    assert (np.abs(product - A[factors.permutation]) <= bound).all()


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (4, 6), (6, 4), (7, 7)])
def test_a_matrix_of_any_rank_has_the_pivots_and_the_form_of_ref(rng, shape):
    for _ in range(60):
        A = gaussian(rng, *shape)
        factors, echelon = lu(A), ref(A)
        assert factors.rank == len(gauss.over_gaussian(A.tolist())[1]) == echelon.rank
        assert factors.margin == echelon.margin and factors.ambiguous == echelon.ambiguous
        assert same_bits(factors.U[:echelon.rank], echelon.matrix[:echelon.rank])
        assert not factors.U[echelon.rank:].any()
        assert np.array_equal(factors.L[:, echelon.rank:],
                              np.eye(shape[0], min(shape))[:, echelon.rank:])
        assert factors.status == (0 if echelon.rank == min(shape) else _status.DEFICIENT)
        np.testing.assert_allclose(factors.L @ factors.U, A[factors.permutation],
                                   atol=1e-12 * np.abs(A).max(initial=1))


def test_an_example_by_hand():
    # Scaled rows are [1, i] and [i, 0]: the first has the pivot, and i times it is subtracted.
    factors = lu([[2, 2j], [2j, 0]])
    assert factors.L.tolist() == [[1, 0], [1j, 1]]
    assert factors.U.tolist() == [[2, 2j], [0, 2]]
    assert factors.permutation.tolist() == [0, 1] and factors.det() == 4
    assert factors.solve([2, 4j]).tolist() == [2, 1j]


def test_real_numbers_may_be_complex(rng):
    for n in (1, 3, 8):
        A = rng.normal(size=(n, n))
        real, found = lu(A), lu(A + 0j)
        assert np.array_equal(found.permutation, real.permutation)
        np.testing.assert_allclose(found.U, real.U, rtol=1e-9, atol=1e-12)
        assert not found.U.imag.any() and found.slogdet().sign in (1, -1)
        assert found.slogdet().logabsdet == pytest.approx(real.slogdet().logabsdet, rel=1e-12)


# ---- solutions ----

@either
@pytest.mark.parametrize("n", (1, 2, 3, 8, 20, 60))
def test_a_solution_is_that_of_a_matrix_near_by(rng, dtype, n):
    A, b = normal(rng, n, n, dtype=dtype), normal(rng, n, dtype=dtype)
    factors = lu(A)
    x = factors.solve(b)
    assert x.dtype == dtype and x.shape == (n,)
    # Higham, section 9.3; a complex product has four real ones.
    L, U = np.abs(factors.L).astype(float), np.abs(factors.U).astype(float)
    rest = np.abs(A.astype(complex) @ x - b)[factors.permutation]
    assert (rest <= 8 * n * EPS[dtype] * (L @ (U @ np.abs(x)))).all()
    np.testing.assert_allclose(factors.inv() @ A, np.eye(n),
                               atol=20 * n * EPS[dtype] * np.linalg.cond(A))


def test_solutions_are_those_of_exact_arithmetic(rng):
    for n in (1, 2, 4, 6):
        for _ in range(20):
            A, b = gaussian(rng, n, n), gaussian(rng, n, 1)
            rows, pivots = gauss.over_gaussian(np.hstack((A, b)).tolist(), n)
            if len(pivots) == n:
                exact = np.array([complex(row[n]) for row in rows])
                size = np.abs(exact).max(initial=1)
                np.testing.assert_allclose(lu(A).solve(b[:, 0]), exact, atol=1e-9 * size)
            else:
                with pytest.raises(np.linalg.LinAlgError, match=f"rank is {len(pivots)} of {n}"):
                    lu(A).solve(b)


def test_it_agrees_with_solve(rng):
    A, b = normal(rng, 30, 30), normal(rng, 30, 2)
    np.testing.assert_allclose(lu(A).solve(b), solve(A, b).x, rtol=1e-10)


def test_only_the_solution_itself_can_overflow_or_underflow():
    factors = lu([[1e-200j, 0], [1e-200, 1e-200]])
    np.testing.assert_allclose(factors.solve([1e100j, 2e100]), [1e300, 1e300], rtol=1e-14)
    assert np.isinf(factors.solve([1e200j, 2e200]).real).all()
    assert factors.solve([1e-320, 0])[0] == pytest.approx(-1e-120j, rel=1e-3)
    assert lu([[1e200j, 0], [0, 1e200]]).solve([1e-200, 1]).tolist() == [0, 1e-200]


def test_a_real_matrix_solves_for_complex_numbers(rng):
    for dtype in (np.float32, np.float64):
        factors = lu(rng.normal(size=(5, 5)).astype(dtype))
        b = normal(rng, 5, 3, dtype=np.result_type(dtype, np.complex64))
        x = factors.solve(b)
        assert type(factors) is LU and x.dtype == b.dtype
        assert same_bits(x.real.copy(), factors.solve(b.real.copy()))
        assert same_bits(x.imag.copy(), factors.solve(b.imag.copy()))
        assert same_bits(factors.solve(b[:, 0].copy()), x[:, 0].copy())
        assert factors.solve(b.astype(complex)).dtype == np.complex128
    stack = lu(rng.normal(size=(4, 3, 3)))
    b = normal(rng, 4, 3)
    np.testing.assert_allclose(stack.solve(b)[2], lu(stack.L[2] @ stack.U[2]).solve(
        b[2][stack.permutation[2]]), rtol=1e-10)
    assert stack.solve([1j, 2, 3]).shape == (4, 3)
    with raises(np.linalg.LinAlgError, "A has no inverse: its rank is 1 of 2"):
        lu([[1, 2], [2, 4]]).solve([1j, 2])


def test_real_sides_of_a_complex_matrix(rng):
    A, b = normal(rng, 3, 3, dtype=np.complex64), rng.normal(size=3)
    assert lu(A).solve(b).dtype == np.complex128
    assert lu(A).solve(b.astype("f4")).dtype == np.complex64
    assert same_bits(lu(A).solve(b), lu(A).solve(b + 0j))


# ---- bits and stacks ----

@either
@pytest.mark.parametrize("n", (1, 2, 3, 9))
def test_a_slice_has_its_bits_alone_in_a_stack_and_on_threads(rng, dtype, n):
    A, b = normal(rng, 13, n, n, dtype=dtype), normal(rng, 13, n, 3, dtype=dtype)
    A[4, 0] = A[4, -1] * 1j if n > 1 else 0
    A[7, 0, 0] = np.nan
    factors = lu(A)
    assert identical(factors, lu(A, workers=3))
    x, inverse = factors.solve(b), factors.inv()
    assert same_bits(x, factors.solve(b, workers=3)) and same_bits(inverse, factors.inv(workers=2))
    for at in range(13):
        alone = lu(A[at])
        pairs = [*zip(parts(alone), parts(factors), strict=True), (alone.det(), factors.det()),
                 *zip(alone.slogdet(), factors.slogdet(), strict=True)]
        assert all(np.asarray(one, all_.dtype).tobytes() == all_[at].tobytes()
                   for one, all_ in pairs)
        if at in (4, 7):
            assert is_nan(x[at]).all() and is_nan(inverse[at]).all()
        else:
            assert same_bits(alone.solve(b[at]), x[at]) and same_bits(alone.inv(), inverse[at])


def test_a_column_has_the_same_bits_alone_and_beside_any_number(rng):
    factors, sides = lu(normal(rng, 7, 7)), normal(rng, 7, 40)
    together = factors.solve(sides)
    for column in (0, 1, 39):
        assert same_bits(factors.solve(sides[:, column].copy()), together[:, column].copy())
    sides[2, 5], sides[0, 6] = complex(1, np.nan), np.inf
    found = factors.solve(sides)
    assert np.isnan(found[:, 5]).all() and not np.isfinite(found[:, 6]).all()
    others = np.delete(np.arange(40), [5, 6])
    assert same_bits(found[:, others], together[:, others])


def test_a_stack_larger_than_a_piece(rng):
    A, b = normal(rng, 5000, 3, 3), normal(rng, 5000, 3)
    factors = lu(A)
    np.testing.assert_allclose((A @ factors.solve(b)[..., None])[..., 0], b, atol=1e-9)
    one = lu(A[0])
    assert same_bits(one.solve(b[:, :, None])[4999, :, 0].copy(), one.solve(b[4999]))


def test_vectors_columns_and_stacks_broadcast(rng):
    A, n = normal(rng, 4, 3, 3), 3
    one, many = lu(A[0]), lu(A)
    vector, columns, stack = normal(rng, n), normal(rng, n, 2), normal(rng, 5, n, 2)
    assert one.solve(vector).shape == (3,) and one.solve(columns).shape == (3, 2)
    assert same_bits(one.solve(stack)[3], one.solve(stack[3]))
    assert same_bits(many.solve(vector)[1], lu(A[1]).solve(vector))
    assert many.solve(stack[:, None]).shape == (5, 4, 3, 2)
    assert same_bits(many.solve(stack[:, None])[3, 2], lu(A[2]).solve(stack[3]))
    deep = lu(A.reshape(2, 2, n, n))
    assert deep.solve(normal(rng, 1, 2, n)).shape == (2, 2, n)
    assert deep.rank.shape == deep.det().shape == (2, 2)
    assert deep.inv().shape == deep.shape == (2, 2, n, n)
    single = lu(A[:1])
    assert single.solve(stack).shape == (5, 3, 2)
    assert same_bits(single.solve(stack)[2], one.solve(stack[2]))
    with raises(ValueError, "b must have shape (4, 3), or that and a last axis of right-hand "
                "sides, to match A of shape (4, 3, 3), got (5, 3)"):
        many.solve(np.ones((5, 3)))


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (0, 2, 2), (2, 0, 0), (2, 0, 3)])
def test_empty_shapes(shape):
    factors = lu(np.ones(shape, complex))
    m, n = shape[-2:]
    assert factors.L.shape == (*shape[:-1], min(m, n)) and factors.shape == shape
    assert factors.U.shape == (*shape[:-2], min(m, n), n)
    assert np.array_equal(factors.permutation, np.broadcast_to(np.arange(m), shape[:-1]))
    assert identical(pickle.loads(pickle.dumps(factors)), factors)
    if m == n:
        assert factors.solve(np.ones((*shape[:-2], n, 2))).shape == (*shape[:-2], n, 2)
        assert np.array_equal(factors.det(), np.ones(shape[:-2]))
        assert np.array_equal(factors.slogdet().logabsdet, np.zeros(shape[:-2]))
        assert factors.inv().shape == shape
    assert lu(np.eye(2) + 0j).solve(np.ones((2, 0))).shape == (2, 0)


# ---- the verdict ----

def test_a_singular_matrix_has_no_solution_and_says_the_words_of_inv():
    for A in ([[1, 1j], [1j, -1]], [[1, NAN], [2, 4]], [[0j]], [[1, 1], [1, 1 + 1e-17j]],
              [[.95 - 1 + 0j, .45], [.05, .55 - 1]]):
        factors = lu(A)
        with pytest.raises(np.linalg.LinAlgError) as wanted:
            inv(A)
        for call in (factors.inv, lambda factors=factors: factors.solve(np.ones(len(factors.L)))):
            with raises(np.linalg.LinAlgError, str(wanted.value)):
                call()


def test_a_stack_tells_of_each_slice():
    A = np.array([[[2, 1j], [1j, 3]], [[1, 2j], [2j, -4]], [[1, np.inf], [0, 1]], [[0, 0], [0, 0]]])
    factors = lu(A)
    assert factors.status.tolist() == [0, _status.DEFICIENT, _status.MATRIX_NOT_FINITE,
                                       _status.DEFICIENT]
    assert factors.status.dtype == np.int8 and factors.rank.tolist() == [2, 1, 0, 0]
    bad = factors.status != 0
    assert np.array_equal(is_nan(factors.solve(np.ones((4, 2)))).all(axis=-1), bad)
    np.testing.assert_array_equal(is_nan(factors.det()), [False, False, True, False])
    np.testing.assert_allclose(factors.det()[[0, 1, 3]], [7, 0, 0])
    sign, log = factors.slogdet()
    np.testing.assert_array_equal(sign[[0, 1, 3]], [1, 0, 0])
    np.testing.assert_allclose(log, [math.log(7), -np.inf, np.nan, -np.inf])
    assert is_nan(sign[2]) and is_nan(factors.U[2]).all() and is_nan(factors.L[2]).all()


def test_what_is_not_square_has_factors_but_no_solution():
    factors = lu([[1j, 2, 3], [4, 5, 6]])
    assert factors.rank == 2 and factors.status == 0
    for call in (factors.det, factors.slogdet, factors.inv, lambda: factors.solve([1, 2]),
                 lambda: slogdet([[1j, 2, 3], [4, 5, 6]])):
        with raises(ValueError, "A must be square, got shape (2, 3)"):
            call()


def test_tolerances_are_those_of_rref():
    A = [[1, 1], [1, 1 + 1e-14j]]
    assert lu(A).rank == ref(A).rank and lu(A).ambiguous
    assert lu(A, tol=0).rank == 2 and lu(A, tol=1e-3).rank == 1
    less = [[0.1 + 0.2 - 0.3, 0], [1j, 1.7]]
    assert lu(less).rank == 2 and lu(less).ambiguous and lu(less, atol=1e-15).rank == 1
    for keywords in ({"tol": -1}, {"tol": math.nan}, {"atol": -1.0}):
        with pytest.raises(ValueError, match=r"must be a number at least 0, got"):
            lu(A, **keywords)
    with raises(ValueError, "workers must be at least 1, got 0"):
        lu(A, workers=0)
    with raises(ValueError, "workers must be at least 1, got 0"):
        lu(A, tol=0).solve([1, 2], workers=0)


# ---- determinants ----

@pytest.mark.parametrize("n", (1, 2, 3, 7, 20, 80))
@either
def test_the_determinant_has_the_bits_of_det(rng, dtype, n):
    A = (normal(rng, n, n) / 2).astype(dtype)
    assert same_bits(np.asarray(lu(A).det()), np.asarray(det(A)))
    sign, log = slogdet(A)
    expected = np.linalg.slogdet(A.astype(complex))
    assert sign.dtype == dtype and log.dtype == np.finfo(dtype).dtype
    assert abs(sign - expected[0]) < 1e3 * EPS[dtype]
    assert abs(log - expected[1]) < 1e3 * EPS[dtype] * max(1, abs(expected[1]))
    assert abs(sign) == pytest.approx(1, rel=2 * EPS[dtype])
    assert lu(A).slogdet() == (sign, log) and type(slogdet(A)) is SlogDet


def test_determinants_beyond_the_range():
    large = np.diag(np.full(401, 1e30j))
    assert not np.isfinite(lu(large).det())
    sign, log = slogdet(large)
    assert sign == 1j and log == pytest.approx(401 * math.log(1e30), rel=1e-15)
    small = np.diag(np.full(400, 1e-30 - 1e-30j))
    assert lu(small).det() == 0
    sign, log = slogdet(small)          # (1 - i)^400 is 2^200
    assert abs(sign - 1) < 1e-13
    assert log == pytest.approx(400 * math.log(1e-30) + 200 * math.log(2), rel=1e-15)


def test_logarithms_keep_their_digits():
    with mp.workdps(60):
        for value in (0.6 + 0.8j, 0.8 - 0.6j, 1 + 1e-9j, 2.0 ** -0.5 * (1 + 1j), 1e-7 - 1j, 1j,
                      -1.4 + 0.1j, 1.999 + 1.999j, 3 + 4j, 5e-324j, 1.5e308 + 1.5e308j,
                      0.71 + 0.71j):
            sign, log = slogdet([[value]])
            exact = mp.log(mp.hypot(value.real, value.imag))
            assert abs(log - exact) <= 4e-16 * abs(exact)
            size = mp.hypot(value.real, value.imag)
            assert sign == pytest.approx(complex(mp.mpc(value) / size), rel=4e-16)
    assert slogdet([[1j]]) == (1j, 0)


def test_slogdet_of_singular_and_unclear_matrices():
    assert slogdet([[1, 1j], [1j, -1]]) == (0, -np.inf)
    assert np.isnan(slogdet([[1j, np.nan], [2, 4]])).all()
    message = "the rank of A was too close to call in floats: tol=0 takes all .* SymPy computes"
    with pytest.warns(RankWarning, match=message) as caught:
        slogdet([[1, 1], [1, 1 + 1e-14j]])
    assert caught[0].filename == __file__ and len(caught) == 1
    with pytest.warns(RankWarning, match="the rank of 1 of 2 A was too close to call"):
        slogdet([[[1, 1], [1, 1 + 1e-14j]], [[1, 0], [0, 1]]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert slogdet([[1, 1], [1, 1 + 1e-14j]], tol=0).sign == 1j
    with pytest.raises(TypeError):
        slogdet([[1j]], exact=True)


# ---- the object ----

@either
def test_it_pickles_copies_and_cannot_be_changed(rng, dtype):
    A = normal(rng, 3, 4, 4, dtype=dtype)
    A[1] = 1
    factors, b = lu(A), normal(rng, 4, dtype=dtype)
    pickled = pickle.dumps(factors)
    assert not names_kernels(pickled)
    for other in (pickle.loads(pickled), copy.copy(factors), copy.deepcopy(factors)):
        assert type(other) is ComplexLU and repr(other) == repr(factors)
        assert identical(other, factors) and same_bits(other.solve(b), factors.solve(b))
        assert all(map(same_bits, other.slogdet(), factors.slogdet()))
    for name in ("rank", "L", "shape", "other", "_parts"):
        with pytest.raises(AttributeError):
            setattr(factors, name, 1)
    with pytest.raises(AttributeError):
        del factors._parts
    with raises(TypeError, "a ComplexLU is made by lu"):
        ComplexLU()
    before = factors.solve(b)
    factors.permutation[...] = 77           # copies
    factors.L[...] = factors.U[...] = 7
    assert same_bits(factors.solve(b), before)


def test_parts_that_do_not_go_together_are_refused(rng):
    single, *known = lu(normal(rng, 3, 3)).__reduce__()[1]
    assert type(_rebuilt(single, *known)) is ComplexLU
    for place, wrong in ((0, np.eye(2)), (0, 1.0), (1, np.ones((2, 3))), (2, [0, 1, 7]),
                         (2, [0, 0, 1]), (2, [0, 1]), (3, [0, 1]), (6, 4), (6, -1), (9, [0, 0])):
        with raises(ValueError, "the parts of a factorization do not go together"):
            _rebuilt(single, *known[:place], wrong, *known[place + 1:])


def test_it_shows_its_factors():
    assert repr(lu([[2, 2j], [2j, 0]])) == (
        "ComplexLU(L=array([[1.+0.j, 0.+0.j],\n"
        "                   [0.+1.j, 1.+0.j]]),\n"
        "          U=array([[2.+0.j, 0.+2.j],\n"
        "                   [0.+0.j, 2.+0.j]]),\n"
        "          permutation=array([0, 1]))")


# ---- awkward input ----

@layout
@either
def test_any_layout_has_the_bits_of_a_clean_copy(rng, dtype, layout):
    A, b, columns = (normal(rng, *shape, dtype=dtype) for shape in ((5, 5), (5,), (5, 3)))
    clean = lu(A)
    assert identical(lu(layout(A)), clean)
    assert same_bits(clean.solve(layout(b)), clean.solve(b))
    assert same_bits(clean.solve(layout(columns)), clean.solve(columns))
    before = A.tobytes(), b.tobytes()
    lu(A, atol=0.1).solve(b)
    assert (A.tobytes(), b.tobytes()) == before


@pytest.mark.parametrize(("value", "words"), [
    ([[1j, Fraction(1, 2)]], "without Fractions or Decimals beside them"),
    ([["1j"]], "must hold real numbers, got dtype <U2"),
    (np.ma.masked_array([[1j]]), "must be a plain array, got a masked array")])
def test_what_is_not_numbers_is_refused(value, words):
    for call in (lambda: lu(value), lambda: slogdet(value)):
        with pytest.raises(TypeError, match=words):
            call()
    with pytest.raises(TypeError):
        lu([[1j]]).solve(value)
    with raises(TypeError, "b must hold numbers, got dtype object: solve, inv, det and slogdet "
                "compute with Fractions: exact=True"):
        lu([[1j]]).solve([Fraction(1, 2)])
    with pytest.raises(ValueError, match="must have shape"):
        lu([1j, 2.0])
