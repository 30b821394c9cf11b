"""lu and slogdet: values against NumPy and exact arithmetic, bits, statuses, and awkward input."""
import copy
import math
import pickle
import warnings
from decimal import Decimal
from fractions import Fraction

import arrays
import gauss
import numpy as np
import pytest
from helpers import names_kernels, raises, same_bits

from mathwork import _levels, _status
from mathwork._levels import core
from mathwork.matrix import LU, RankWarning, SlogDet, det, inv, lu, ref, slogdet, solve

SIDES = (1, 2, 3, 4, 5, 8, 9, 16, 17, 31, 33, 64, 65, 90, 130)
SHAPES = [(3, 3), (3, 5), (5, 3), (1, 6), (6, 1), (20, 12), (12, 20), (100, 140), (140, 100)]


def eps(dtype):
    return float(np.finfo(dtype).eps)


def regular(rng, n, dtype="float64", count=()):
    return rng.normal(size=(*count, n, n)).astype(dtype)


def of_rank(rng, m, n, rank):
    return np.array(gauss.of_rank(rng, m, n, rank, 5), float).reshape(m, n)


# ---- the factors ----

@pytest.mark.parametrize("shape", SHAPES)
def test_the_factors_have_the_product_of_the_rows(dtype, rng, shape):
    A = rng.normal(size=shape).astype(dtype)
    factors = lu(A)
    L, U = factors.L, factors.U
    k = min(shape)
    assert L.shape == (shape[0], k) and U.shape == (k, shape[1])
    assert L.dtype == U.dtype == dtype
    assert np.array_equal(L, np.tril(L)) and np.array_equal(np.diag(L), np.ones(k))
    assert np.array_equal(U, np.triu(U))
    assert sorted(factors.permutation) == list(range(shape[0]))
    bound = (k + 2) * eps(dtype) * (np.abs(L).astype(float) @ np.abs(U).astype(float))
    product = L.astype(float) @ U.astype(float)
    assert (np.abs(product - A[factors.permutation]) <= bound).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("engine", ["small", "large"])
def test_a_matrix_of_any_rank_has_the_pivots_and_the_form_of_ref(rng, shape, engine):
    for rank in range(min(*shape, 6) + 1):
        A = of_rank(rng, *shape, rank)
        factors = core.factor_plain(A, -1.0, engine=engine)
        echelon = core.reduce_plain(A, shape[1], -1.0, False, engine=engine)
        assert factors.rank == echelon.rank
        assert factors.margin == (echelon.margin.accepted, echelon.margin.rejected)
        assert factors.ambiguous == echelon.ambiguous
        assert same_bits(factors.U[:echelon.rank], echelon.matrix[:echelon.rank])
        assert not factors.U[echelon.rank:].any()
        np.testing.assert_allclose(factors.L @ factors.U, A[factors.permutation],
                                   atol=1e-12 * np.abs(A).max(initial=1))


def test_both_engines_agree(rng):
    for n in (3, 20, 60):
        A, b = regular(rng, n), rng.normal(size=n)
        small, large = (core.factor_plain(A, -1.0, engine=engine) for engine in ("small", "large"))
        assert np.array_equal(small.permutation, large.permutation)
        np.testing.assert_allclose(small.U, large.U, atol=1e-11)
        np.testing.assert_allclose(small.solve(b), large.solve(b), rtol=1e-9)


def test_an_example_by_hand():
    # The row [4, 5] scaled is [1, 1.25], and [2, 3] is [1, 1.5]: the first row is the pivot's.
    factors = lu([[2, 3], [4, 5]])
    assert factors.L.tolist() == [[1, 0], [2, 1]]
    assert factors.U.tolist() == [[2, 3], [0, -1]]
    assert factors.permutation.tolist() == [0, 1]


@pytest.mark.parametrize("scales", [(1e-300, 1e300, 1.0), (1e306, 1e-308, 1e-320)])
def test_rows_at_the_ends_of_the_range(rng, scales):
    A = rng.integers(1, 9, (3, 3)) * np.array(scales)[:, None]
    exact = [[Fraction(entry) for entry in row] for row in A.tolist()]
    wanted = [Fraction(1), Fraction(-2), Fraction(3)]
    b = np.array([float(sum(a * x for a, x in zip(row, wanted, strict=True))) for row in exact])
    np.testing.assert_allclose(lu(A).solve(b), [1, -2, 3], rtol=1e-2 if 1e-320 in scales else 1e-12)


def test_only_the_solution_itself_can_overflow_or_underflow():
    factors = lu([[1e-200, 0], [1e-200, 1e-200]])
    assert factors.solve([1e100, 2e100]).tolist() == pytest.approx([1e300, 1e300])
    assert factors.solve([1e200, 2e200]).tolist() == [math.inf, math.inf]
    assert factors.solve([1e-320, 0])[0] == pytest.approx(1e-120, rel=1e-3)
    assert lu([[1e200, 0], [0, 1e200]]).solve([1e-200, 1]).tolist() == [0, 1e-200]
    # A column beside it does not matter.
    sides = np.array([[1e200, 1.0, 1e-320], [2e200, 3.0, 0]])
    together = factors.solve(sides)
    for column in range(3):
        assert same_bits(together[:, column].copy(), factors.solve(sides[:, column].copy()))


# ---- solutions ----

@pytest.mark.parametrize("n", SIDES)
def test_a_solution_is_that_of_a_matrix_near_by(dtype, rng, n):
    A = regular(rng, n, dtype)
    factors, b = lu(A), rng.normal(size=n).astype(dtype)
    x = factors.solve(b)
    assert x.dtype == dtype and x.shape == (n,)
    # Higham, section 9.3; float32 is computed in float64 and rounded.
    L, U = np.abs(factors.L.astype(float)), np.abs(factors.U.astype(float))
    rest = np.abs(A.astype(float) @ x - b)[factors.permutation]
    assert (rest <= 4 * n * eps(dtype) * (L @ (U @ np.abs(x)))).all()


def test_integers_have_exact_solutions(rng):
    for n in (2, 3, 5, 8):
        A = np.tril(rng.integers(-5, 6, (n, n)), -1) + np.eye(n, dtype=int)
        A = A @ A.T
        x = rng.integers(-9, 10, n)
        assert np.abs(lu(A).solve(A @ x) - x).max() < 1e-4 * max(1, np.abs(x).max())
        assert lu(A).det() == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("n", (1, 2, 3, 8, 9, 20, 70))
def test_a_column_has_the_same_bits_alone_and_beside_any_number(kernels, rng, n):
    factors = kernels.factor_plain(regular(rng, n), -1.0)
    sides = rng.normal(size=(n, 150))
    together = factors._solve_plain(sides)
    for k in (1, 2, 7, 8, 9, 129):
        assert same_bits(factors._solve_plain(sides[:, :k].copy()), together[:, :k].copy())
    for column in (0, 1, 127, 128, 149):
        assert same_bits(factors._solve_plain(sides[:, column].copy()), together[:, column].copy())


@pytest.mark.parametrize("n", (1, 2, 3, 5, 8, 9, 20))
def test_a_slice_has_the_same_bits_alone_and_for_any_workers(kernels, dtype, rng, n):
    A, b = regular(rng, n, dtype, (13,)), rng.normal(size=(13, n, 3)).astype(dtype)
    A[4, 0] = A[4, -1] if n > 1 else 0
    A[7, 0, 0] = np.nan
    factors = kernels.factor_plain(A, -1.0)
    for workers in (2, 3, 20):
        shared = kernels.factor_plain(A, -1.0, 0.0, workers)
        for part, other in zip(factors._parts + factors._verdict, shared._parts + shared._verdict,
                               strict=True):
            assert same_bits(part, other)
        assert same_bits(factors._solve_stack(b, workers), factors._solve_stack(b, 1))
    x = factors._solve_stack(b, 1)
    for at in range(13):
        alone = kernels.factor_plain(A[at], -1.0)
        assert [part.tobytes() for part in alone._parts] == [
            part[at].tobytes() for part in factors._parts]
        if at in (4, 7):
            assert np.isnan(x[at]).all()
        else:
            assert same_bits(alone._solve_plain(b[at]), x[at])


def test_levels_with_fma_have_equal_bits(rng):
    from levels import all_kernels

    found = {}
    for level, kernels in all_kernels().items():
        if level == "baseline":
            continue
        generator = np.random.default_rng(5)
        bits = b""
        for n in (2, 3, 9, 40, 100):
            A, b = regular(generator, n), generator.normal(size=(n, 5))
            factors = kernels.factor_plain(A, -1.0)
            bits += factors._parts[0].tobytes() + factors._solve_plain(b).tobytes()
        found[level] = bits
    assert len(set(found.values())) <= 1


def test_float32_is_solved_to_its_last_digits(rng):
    A = regular(rng, 30, "f4")
    b = rng.normal(size=30).astype("f4")
    exact = np.linalg.solve(A.astype(float), b.astype(float))
    found = lu(A).solve(b)
    assert (np.abs(found - exact) <= 2 * eps("f4") * np.abs(exact)).all()
    assert lu(A).solve(b.astype(float)).dtype == np.float64


# ---- shapes ----

def test_vectors_columns_and_stacks_broadcast(rng):
    A, n = regular(rng, 3, count=(4,)), 3
    one, many = lu(A[0]), lu(A)
    vector, columns, stack = rng.normal(size=n), rng.normal(size=(n, 2)), rng.normal(size=(5, n, 2))
    assert one.solve(vector).shape == (3,) and one.solve(columns).shape == (3, 2)
    assert one.solve(stack).shape == (5, 3, 2)
    assert same_bits(one.solve(stack)[3], one.solve(stack[3]))
    assert many.solve(vector).shape == (4, 3)                       # one for all
    assert same_bits(many.solve(vector)[0], one.solve(vector))
    vectors = rng.normal(size=(4, n))
    assert same_bits(many.solve(vectors)[0], one.solve(vectors[0]))     # one for each
    assert same_bits(many.solve(columns[None])[0], one.solve(columns))  # columns for all
    assert many.solve(stack[:, None]).shape == (5, 4, 3, 2)
    assert same_bits(many.solve(stack[:, None])[3, 0], one.solve(stack[3]))
    deep = lu(A.reshape(2, 2, n, n))
    assert deep.solve(rng.normal(size=(1, 2, n))).shape == (2, 2, n)
    assert deep.rank.shape == deep.det().shape == (2, 2)
    assert deep.inv().shape == deep.shape == (2, 2, n, n)


@pytest.mark.parametrize(("shape", "b"), [
    ((3, 3), (4,)), ((3, 3), (2, 4)), ((3, 3), ()), ((4, 3, 3), (3, 2)), ((4, 3, 3), (5, 3)),
    ((4, 3, 3), (5, 3, 1)), ((2, 2, 3, 3), (3, 3, 1)), ((0, 0), (1,))])
def test_shapes_that_do_not_fit(shape, b):
    with raises(ValueError, f"b must have shape {shape[:-1]}, or that and a last axis of "
                f"right-hand sides, to match A of shape {shape}, got {b}"):
        lu(np.broadcast_to(np.eye(shape[-1]), shape)).solve(np.ones(b))


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (0, 2, 2), (2, 0, 0), (2, 0, 3)])
def test_empty_shapes(shape):
    factors = lu(np.ones(shape))
    m, n = shape[-2:]
    assert factors.L.shape == (*shape[:-1], min(m, n))
    assert factors.U.shape == (*shape[:-2], min(m, n), n)
    assert np.array_equal(factors.permutation, np.broadcast_to(np.arange(m), shape[:-1]))
    if m == n:
        assert factors.solve(np.ones((*shape[:-2], n, 2))).shape == (*shape[:-2], n, 2)
        assert np.array_equal(factors.det(), np.ones(shape[:-2]))
        assert np.array_equal(factors.slogdet().logabsdet, np.zeros(shape[:-2]))
        assert factors.inv().shape == shape
    assert lu(np.eye(2)).solve(np.ones((2, 0))).shape == (2, 0)


def test_what_is_not_square_has_factors_but_no_solution():
    factors = lu([[1, 2, 3], [4, 5, 6]])
    assert factors.rank == 2 and factors.status == 0
    for call in (factors.det, factors.slogdet, factors.inv, lambda: factors.solve([1, 2]),
                 lambda: slogdet([[1, 2, 3], [4, 5, 6]])):
        with raises(ValueError, "A must be square, got shape (2, 3)"):
            call()


# ---- the verdict ----

def test_a_singular_matrix_has_no_solution_and_says_the_words_of_inv():
    for A in ([[1, 2], [2, 4]], [[1, np.nan], [2, 4]], [[0.0]], [[0.1 + 0.2, 0.3], [1, 1 - 1e-16]]):
        factors = lu(A)
        with pytest.raises(np.linalg.LinAlgError) as wanted:
            inv(A)
        for call in (factors.inv, lambda factors=factors: factors.solve(np.ones(len(factors.L)))):
            with raises(np.linalg.LinAlgError, str(wanted.value)):
                call()


def test_a_stack_tells_of_each_slice():
    A = np.array([[[2.0, 1], [1, 3]], [[1, 2], [2, 4]], [[1, np.inf], [0, 1]], [[0, 0], [0, 0]]])
    factors = lu(A)
    assert factors.status.tolist() == [0, _status.DEFICIENT, _status.MATRIX_NOT_FINITE,
                                       _status.DEFICIENT]
    assert factors.status.dtype == np.int8
    assert factors.rank.tolist() == [2, 1, 0, 0]
    bad = factors.status != 0
    assert np.array_equal(np.isnan(factors.solve(np.ones((4, 2)))).all(axis=-1), bad)
    assert np.array_equal(np.isnan(factors.inv()).all(axis=(-1, -2)), bad)
    np.testing.assert_array_equal(factors.det(), [5, 0, np.nan, 0])
    np.testing.assert_array_equal(factors.slogdet().sign, [1, 0, np.nan, 0])
    np.testing.assert_allclose(factors.slogdet().logabsdet, [math.log(5), -np.inf, np.nan, -np.inf])
    assert np.isnan(factors.U[2]).all() and np.isnan(factors.L[2]).all()


def test_nan_in_b_stays_in_its_column():
    x = lu([[2, 1], [1, 3]]).solve([[1, np.nan, 1], [1, 1, 1]])
    assert np.isnan(x).tolist() == [[False, True, False]] * 2
    assert not np.isfinite(lu(np.eye(2)).solve([np.inf, 1])).all()


def test_tolerances_are_those_of_rref():
    A = [[1, 1], [1, 1 + 1e-14]]
    assert lu(A).rank == ref(A).rank and lu(A).ambiguous
    assert lu(A, tol=0).rank == 2 and lu(A, tol=1e-3).rank == 1
    less = [[0.1 + 0.2 - 0.3, 0], [1, 1.7]]
    assert lu(less).rank == 2 and lu(less).ambiguous
    assert lu(less, atol=1e-15).rank == 1
    assert lu(np.float32(less), atol=1e-15).rank == 1
    for keywords in ({"tol": -1}, {"tol": math.nan}, {"atol": -1.0}):
        with pytest.raises(ValueError, match=r"must be a number at least 0, got"):
            lu(A, **keywords)
    with pytest.raises(TypeError, match="tol must be a number"):
        lu(A, tol="1")
    with raises(ValueError, "workers must be at least 1, got 0"):
        lu(A, workers=0)
    with raises(ValueError, "workers must be at least 1, got 0"):
        lu(A, tol=0).solve([1, 2], workers=0)


def test_float32_has_the_verdict_of_rref(rng):
    for n in (5, 20, 100):
        A = regular(rng, n, "f4")
        assert lu(A).rank == ref(A).rank == n and not lu(A).ambiguous
    whole = np.array(gauss.of_rank(rng, 12, 12, 7), np.float32)
    assert lu(whole).rank == 7 and not lu(whole).ambiguous
    close = np.array([[1, 1], [1, 1 + 2e-7]], np.float32)
    assert (lu(close).rank, lu(close).margin) == (ref(close).rank, ref(close).margin)


# ---- determinants ----

@pytest.mark.parametrize("n", (1, 2, 3, 4, 7, 20, 100))
def test_the_determinant_has_the_bits_of_det(rng, n):
    A = regular(rng, n)
    assert lu(A).det() == det(A) and type(lu(A).det()) is np.float64
    sign, log = slogdet(A)
    expected = np.linalg.slogdet(A)
    assert sign == expected.sign and log == pytest.approx(expected.logabsdet, rel=1e-12)
    assert lu(A).slogdet() == (sign, log) and type(slogdet(A)) is SlogDet


def test_determinants_beyond_the_range(dtype):
    large = np.diag(np.full(400, 1e30)).astype(dtype)
    assert lu(large).det() == np.inf and lu(large).det().dtype == dtype
    assert slogdet(large).logabsdet == pytest.approx(400 * math.log(np.float64(dtype.type(1e30))),
                                                     rel=2 * eps(dtype))
    assert slogdet(large).logabsdet.dtype == dtype
    small = np.diag(np.full(400, -1e-30)).astype(dtype)
    assert lu(small).det() == 0 and slogdet(small).sign == 1


def test_logarithms_near_one_keep_their_digits():
    for value in (1 + 2.0 ** -40, 1 - 2.0 ** -40, 0.75, 1.5, 2 ** 0.5, -1 - 2.0 ** -50):
        sign, log = slogdet([[value]])
        assert log == pytest.approx(math.log(abs(value)), rel=1e-15) and sign == np.sign(value)
    assert slogdet([[1.0]]) == (1, 0)


def test_slogdet_of_singular_and_unclear_matrices():
    assert slogdet([[1, 2], [2, 4]]) == (0, -np.inf)
    assert np.isnan(slogdet([[1, np.nan], [2, 4]])).all()
    with pytest.warns(RankWarning, match="the rank of A was too close to call"):
        slogdet([[1, 1], [1, 1 + 1e-14]])
    with pytest.warns(RankWarning, match="the rank of A was too close to call"):
        assert slogdet([[0.95 - 1, 0.45], [0.05, 0.55 - 1]]).sign == 0      # rejected
    with pytest.warns(RankWarning, match="the rank of 1 of 2 A was too close to call"):
        slogdet([[[1, 1], [1, 1 + 1e-14]], [[1, 0], [0, 1]]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert slogdet([[1, 1], [1, 1 + 1e-14]], tol=0).sign == 1


def test_exact_determinants(rng):
    for n in (1, 3, 6):
        A = rng.integers(-9, 10, (n, n)).tolist()
        exact = gauss.determinant([[Fraction(entry) for entry in row] for row in A])
        sign, log = slogdet(A, exact=True)
        assert sign == np.sign(float(exact))
        assert log == (pytest.approx(math.log(abs(exact)), rel=1e-15) if exact else -np.inf)
    huge = slogdet([[10 ** 5000, 0], [0, Fraction(1, 10 ** 4999)]], exact=True)
    assert huge.logabsdet == pytest.approx(math.log(10), rel=1e-15)
    assert slogdet([[[Fraction(1, 3)]], [[-2]]], exact=True).sign.tolist() == [1, -1]
    assert slogdet(np.ones((1,) * 64), exact=True).logabsdet.shape == (1,) * 62
    near = slogdet([[Fraction(10 ** 30 + 1, 10 ** 30)]], exact=True)
    assert 0 <= near.logabsdet < 1e-15
    with raises(ValueError, "slogdet has no meaning modulo a prime: det(A, modulus=p) gives the "
                "residue, got modulus 7"):
        slogdet([[1]], modulus=7)


@pytest.mark.parametrize("n", (1, 3, 8, 30, 150))
def test_the_inverse(dtype, rng, n):
    A = regular(rng, n, dtype)
    inverse = lu(A).inv()
    assert inverse.dtype == dtype
    bound = 8 * n * eps(dtype) * np.linalg.cond(A.astype(float))
    assert np.abs(A.astype(float) @ inverse - np.eye(n)).max() <= bound


# ---- the object ----

def test_it_pickles_copies_and_cannot_be_changed(dtype, rng):
    A = regular(rng, 4, dtype, (3,))
    A[1] = 1
    factors = lu(A)
    pickled = pickle.dumps(factors)
    assert not names_kernels(pickled)
    for other in (pickle.loads(pickled), copy.copy(factors), copy.deepcopy(factors)):
        assert type(other) is LU and repr(other) == repr(factors)
        b = rng.normal(size=4).astype(dtype)
        assert same_bits(other.solve(b), factors.solve(b))
        assert same_bits(other.status, factors.status) and other.margin[0].shape == (3,)
    one = pickle.loads(pickle.dumps(lu(A[0])))
    assert same_bits(one.solve(b), lu(A[0]).solve(b)) and one.rank == 4
    for name in ("rank", "L", "shape", "other"):
        with pytest.raises(AttributeError):
            setattr(factors, name, 1)
    with raises(TypeError, "an LU is made by lu"):
        LU()
    before = factors.solve(b)
    factors.permutation[...] = 77           # a copy
    assert same_bits(factors.solve(b), before)


def test_parts_that_do_not_go_together_are_refused(rng):
    factors = lu(regular(rng, 3))
    single, triangles, rows, undo, pivots, verdict = factors.__reduce__()[1]
    for wrong in ([0, 1, 7], [0, 0, 1], [-1, 0, 1], [0, 1], [[0, 1, 2]]):
        with raises(ValueError, "the parts of a factorization do not go together"):
            core.factorization(LU, single, triangles, wrong, undo, pivots, verdict)
    for wrong in ([0, 1, 3], [0, 1], [0, 1, -2], [0, 1, -1]):
        with raises(ValueError, "the parts of a factorization do not go together"):
            core.factorization(LU, single, triangles, rows, undo, wrong, verdict)
    with raises(ValueError, "the parts of a factorization do not go together"):
        core.factorization(LU, single, triangles[0], rows, undo, pivots, verdict)
    with pytest.raises(TypeError, match="cls must be a subclass of Factorization"):
        core.factorization(int, single, triangles, rows, undo, pivots, verdict)


def test_it_shows_its_factors():
    assert repr(lu([[2, 3], [4, 5]])) == (
        "LU(L=array([[1., 0.],\n"
        "            [2., 1.]]),\n"
        "   U=array([[ 2.,  3.],\n"
        "            [ 0., -1.]]),\n"
        "   permutation=array([0, 1]))")


# ---- awkward input ----

@pytest.mark.parametrize("layout", arrays.LAYOUTS.values(), ids=arrays.LAYOUTS)
def test_any_layout_has_the_bits_of_a_clean_copy(dtype, rng, layout):
    for n in (3, 60):
        A, b = regular(rng, n, dtype), rng.normal(size=n).astype(dtype)
        columns = rng.normal(size=(n, 3)).astype(dtype)
        clean = lu(A)
        assert same_bits(lu(layout(A)).solve(layout(b)), clean.solve(b))
        assert same_bits(clean.solve(layout(columns)), clean.solve(columns))
        assert lu(layout(A)).det() == clean.det()


def test_integers_lists_and_halves():
    assert lu([[2, 1], [1, 1]]).solve([3, 2]).tolist() == [1, 1]
    assert lu(np.eye(2, dtype=bool)).solve(np.array([1, 2], "i1")).dtype == np.float64
    half = lu(np.eye(2, dtype="f2"))
    assert half.solve(np.ones(2, "f2")).dtype == half.det().dtype == np.float32


@pytest.mark.parametrize(("value", "advice"), [
    ([[Fraction(1, 2)]], ": solve, inv, det and slogdet compute with Fractions: exact=True"),
    ([[Decimal(1)]], ": solve, inv, det and slogdet compute with Fractions: exact=True"),
    ([["1"]], None), (np.ma.masked_array([[1.0]]), None), (None, None)])
def test_what_is_not_floats_is_refused(value, advice):
    for call in (lambda: lu(value), lambda: slogdet(value), lambda: lu([[1.0]]).solve(value)):
        with pytest.raises(TypeError) as info:
            call()
        assert advice is None or str(info.value).endswith(advice)
    with pytest.raises(ValueError, match="must have shape"):
        lu([1.0, 2.0])


def test_inputs_are_left_as_they_were(dtype, rng):
    for n in (3, 60):
        A, b = regular(rng, n, dtype), rng.normal(size=(n, 2)).astype(dtype)
        before = A.tobytes(), b.tobytes()
        lu(A, atol=0.1).solve(b) if n == 60 else lu(A).solve(b)
        assert (A.tobytes(), b.tobytes()) == before


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("n", (1, 2, 3, 7, 8, 9, 17, 50))
def test_nothing_past_an_end_is_touched(kernels, dtype, rng, side, n):
    A, b = regular(rng, n, dtype), rng.normal(size=(n, 3)).astype(dtype)
    factors = kernels.factor_plain(arrays.guarded(A, side), -1.0)
    assert same_bits(factors._solve_plain(arrays.guarded(b, side)),
                     kernels.factor_plain(A, -1.0)._solve_plain(b))
    stack = np.stack([A, A])
    factors = kernels.factor_plain(arrays.guarded(stack, side), -1.0)
    factors._solve_stack(arrays.guarded(np.stack([b, b]), side), 1)


def test_it_agrees_with_solve(rng):
    for n in (2, 3, 8, 40):
        A, b = regular(rng, n), rng.normal(size=n)
        np.testing.assert_allclose(lu(A).solve(b), solve(A, b).x, rtol=1e-8)


# ---- what a stranger may do with an object ----

def test_no_kernel_takes_a_state_from_a_pickle():
    # What Cython writes for pickles would trust sizes and types that a file has.
    for kernels in (_levels.core, _levels.exact, _levels.orbit, _levels.regression,
                    _levels.training):
        assert not [name for name, kind in vars(kernels).items()
                    if isinstance(kind, type) and hasattr(kind, "__setstate_cython__")]
    for factors in (lu(np.eye(3)), lu(np.ones((2, 3, 3)))):
        tampered = pickle.dumps(factors)[:-1] + b")b."        # build it once more, from ()
        with pytest.raises((AttributeError, TypeError, ValueError, pickle.UnpicklingError)):
            pickle.loads(tampered)
        with pytest.raises(AttributeError):
            factors.__setstate__(())
    with pytest.raises(TypeError):
        pickle.dumps(core.Factorization.__new__(core.Factorization))
    with pytest.raises(AttributeError):
        assert core.Factorization.__new__(LU).shape


def test_parts_are_copied_from_objects_that_keep_them():
    class Kept:
        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None, copy=None):
            return self.array

    factors = lu(np.diag([2.0, 4.0]))
    parts = [Kept(part) for part in factors._parts]
    verdicts = tuple(Kept(np.asarray(each)) for each in factors._verdict)
    made = core.factorization(LU, False, *parts, verdicts)
    for kept in (*parts, *verdicts):
        kept.array[...] = 100
    assert made.solve([2.0, 4.0]).tolist() == [1, 1]


@pytest.mark.parametrize("axes", [40, 63, 64])
def test_factors_of_many_axes(axes):
    factors = lu(np.array([2.0, 6.0, 1.0, 5.0]).reshape(*(1,) * (axes - 2), 2, 2))
    assert factors.L.shape == factors.U.shape == (*(1,) * (axes - 2), 2, 2)
    assert factors.L.ravel().tolist() == [1, 0, 0.5, 1]
    assert repr(factors) and factors._repr_html_()


def test_a_regular_matrix_of_no_rows():
    assert lu(np.empty((0, 0))).solve(np.empty((0, 3))).shape == (0, 3)
    assert lu(np.empty((0, 0))).solve(np.empty((0, 2**40))).shape == (0, 2**40)
