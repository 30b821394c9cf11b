"""rref, solve and their kin on complex matrices, against exact elimination and NumPy."""
import copy
import math
import pickle

import gauss
import numpy as np
import pytest
import rank_sets
from arrays import LAYOUTS
from helpers import raises, same_bits
from hypothesis import given
from hypothesis import strategies as st

from mathwork.matrix import (
    RankWarning,
    Reduced,
    add_multiple,
    augment,
    det,
    inv,
    is_ref,
    is_rref,
    matmul,
    matvec,
    null_space,
    rank,
    ref,
    rref,
    scale_row,
    solve,
    swap_rows,
)

layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
either = pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
either_form = pytest.mark.parametrize("form", [rref, ref])
EPS = {np.complex64: 2.0 ** -23, np.complex128: 2.0 ** -52}
NAN = complex(math.nan, math.nan)

# Z = [[1 + i, 2], [3, 4 - 2i]] has determinant (1 + i)(4 - 2i) - 6 = 2i.
Z = np.array([[1 + 1j, 2], [3, 4 - 2j]])


def parts(result):
    return [np.asarray(part) for part in (*result, *result._verdict)]


def identical(left, right):
    return all(same_bits(a, b) for a, b in zip(parts(left), parts(right), strict=True))


def gaussian(rng, m, n):
    """Gaussian integers of any rank, as complex128"""
    re, im = rank_sets.gaussian_integers(rng, m, n)
    return re + 1j * im


def exactly(A, columns=None, *, reduced=True):
    """(complex128 nearest to the exact form, pivots)"""
    if not A.size:
        return A, ()
    rows, pivots = gauss.over_gaussian(A.tolist(), columns, reduced=reduced)
    return np.array([[complex(entry) for entry in row] for row in rows]).reshape(A.shape), pivots


def no_negative_zero(*arrays):
    return not any((np.signbit(part) & (part == 0)).any()
                   for array in arrays for part in (array.real, array.imag))


# ---- values ----

def test_a_small_matrix_by_hand():
    assert rref(Z).matrix.tolist() == [[1, 0], [0, 1]] and rref(Z).pivots == (0, 1)
    assert det(Z) == 2j and type(det(Z)) is np.complex128
    # The adjugate over 2i.
    np.testing.assert_allclose(inv(Z), np.array([[4 - 2j, -2], [-3, 1 + 1j]]) / 2j, rtol=1e-15)
    status, x, basis = solve(Z, [1, 1j])
    assert status == "unique" and basis.shape == (2, 0)
    np.testing.assert_allclose(x, [-2 - 2j, 0.5 + 2j], rtol=1e-15)


def test_a_singular_matrix_by_hand():
    A = [[1, 1j], [1j, -1]]             # the second row is i times the first
    assert rank(A) == 1 and det(A) == 0
    assert null_space(A).tolist() == [[-1j], [1]]
    assert solve(A, [1, 1j])[:2][1].tolist() == [1, 0] and solve(A, [1, 1j]).status == "infinite"
    assert solve(A, [1, 1]).status == "inconsistent" and np.isnan(solve(A, [1, 1]).x).all()
    assert rref(A).ambiguous is False
    with raises(np.linalg.LinAlgError, "A has no inverse: its rank is 1 of 2"):
        inv(A)


@given(st.integers(0, 7), st.integers(0, 8), st.integers(0, 2 ** 32))
def test_the_form_is_that_of_exact_arithmetic(m, n, seed):
    rng = np.random.default_rng(seed)
    A = gaussian(rng, m, n) if m and n else np.zeros((m, n), complex)
    columns = int(rng.integers(n + 1))
    found = rref(A, columns=columns)
    matrix, pivots = exactly(A, columns)
    assert found.pivots == pivots and found.status == 0
    # Where rows contradict each other, what stands behind the bar depends on the order of pivots.
    unique = columns if len(exactly(A)[1]) > len(pivots) else n
    known = slice(len(pivots)), slice(unique)
    size = np.abs(matrix).max(initial=1)
    np.testing.assert_allclose(found.matrix[known], matrix[known], atol=1e-7 * size)
    assert not found.matrix[len(pivots):, :columns].any()
    assert no_negative_zero(found.matrix) and is_rref(found.matrix[:, :columns])
    echelon = ref(A, columns=columns)
    assert echelon.pivots == pivots and is_ref(echelon.matrix[:, :columns])
    # Its rows span what the rows of A span.
    again = rref(echelon.matrix, columns=columns)
    np.testing.assert_allclose(again.matrix[known], found.matrix[known], atol=1e-7 * size)


@either
def test_against_numpy(rng, dtype):
    for n in (1, 2, 3, 5, 8, 20, 60):
        A = rank_sets.complex_normal(rng, n, n).astype(dtype)
        b = rank_sets.complex_normal(rng, n, 2).astype(dtype)
        wide, condition = A.astype(complex), np.linalg.cond(A)
        close = {"rtol": 0, "atol": 10 * n * EPS[dtype] * condition}
        for found, expected in ((inv(A), np.linalg.inv(wide)),
                                (solve(A, b).x, np.linalg.solve(wide, b)),
                                (solve(A, b[:, 0]).x, np.linalg.solve(wide, b)[:, 0])):
            assert found.dtype == dtype
            np.testing.assert_allclose(found / np.abs(expected).max(),
                                       expected / np.abs(expected).max(), **close)
        small = dtype(0.125) * A            # of 60 x 60, too, in the range of complex64
        found, expected = det(small), np.linalg.det(small.astype(complex))
        assert found.dtype == dtype and abs(found - expected) <= 10 * n * EPS[dtype] * abs(
            expected) * condition
        assert rank(A) == n and null_space(A).shape == (n, 0)


def test_real_numbers_may_be_complex(rng):
    for _ in range(200):
        m, n = rng.integers(1, 8, 2)
        A = rank_sets.integer_matrix(rng, int(m), int(n)).astype(float)
        real, found = rref(A), rref(A.astype(complex))
        assert (found.pivots, found.rank, found.status) == (real.pivots, real.rank, real.status)
        assert not found.matrix.imag.any()
        np.testing.assert_allclose(found.matrix.real, real.matrix, rtol=1e-9, atol=1e-9)


def test_a_hermitian_matrix(rng):
    A = rank_sets.complex_normal(rng, 6, 6)
    H = A @ A.conj().T
    assert abs(det(H).imag) <= 1e-13 * det(H).real
    np.testing.assert_allclose(inv(H), inv(H).conj().T, atol=1e-12 * np.abs(inv(H)).max())
    B = rank_sets.complex_normal(rng, 6, 3)
    assert rank(B @ B.conj().T) == 3


@either_form
@either
def test_what_a_row_echelon_form_keeps(rng, form, dtype):
    for _ in range(50):
        A = rank_sets.complex_normal(rng, 4, 6).astype(dtype)
        found = form(A, columns=5)
        assert found.matrix.dtype == dtype and found.matrix.shape == A.shape
        together = np.concatenate((A, found.matrix))
        assert np.linalg.matrix_rank(together, tol=1e-4) == 4
    echelon = ref([[2, 4j], [1j, 5]])           # the first row has the larger pivot beside its row
    assert echelon.matrix.tolist() in ([[2, 4j], [0, 7]], [[1j, 5], [0, 14j]])


# ---- the ends of the range ----

def test_sizes_that_overflow(rng):
    big = 1.5e308 * (1 + 1j)                    # its size is beyond float64
    A = np.array([[big, 0], [1, big]])
    assert rank(A) == 2 and np.abs(inv(A) @ [big, 0] - [1, 0]).max() < 1e-15
    assert solve(A, [big, 1]).x.tolist() == [1, 0]
    assert solve([[big, big], [big, -big]], [0, 0]).x.tolist() == [0, 0]
    assert rank([[big, big], [big, big]]) == 1
    with np.errstate(over="ignore"):
        assert det(A) == complex(0, math.inf) or np.isinf(det(A).imag)


def test_subnormal_numbers():
    small = 2.0 ** -1074
    A = small * np.array([[1 + 1j, 2], [3, 4 - 2j]])
    assert rank(A) == 2 and rref(A).matrix.tolist() == [[1, 0], [0, 1]]
    np.testing.assert_allclose(solve(A, A[:, 1]).x, [0, 1], atol=1e-15)
    assert not rref(A).ambiguous
    assert rank([[small, small * 1j], [small * 1j, -small]]) == 1
    x = solve(A, [1, 1j]).x                     # beyond the range
    assert not np.isfinite(x).any() and solve(A, [1, 1j]).status == "unique"


def test_only_the_whole_determinant_overflows():
    D = np.diag([1e200j, 1e200, 1e-200, -1e-200j])
    np.testing.assert_allclose(det(D), 1, rtol=1e-14)
    np.testing.assert_allclose(det(np.diag([1e-200, 1e-200j, 1e300])), 1e-100j, rtol=1e-14)
    assert det(np.diag([1e-200, 1e-200j])) == 0
    assert det(np.diag([1e20j, 1e30, 1e-20]).astype(np.complex64)).dtype == np.complex64
    np.testing.assert_allclose(det(np.diag([1e20j, 1e30, 1e-20]).astype(np.complex64)), 1e30j,
                               rtol=1e-6)


def test_rows_of_any_scale(rng):
    for _ in range(100):
        A = rank_sets.complex_normal(rng, 4, 4)
        scale = 2.0 ** rng.integers(-1000, 1000, (4, 1))
        x = rank_sets.complex_normal(rng, 4)
        np.testing.assert_allclose(solve(scale * A, (scale[:, 0] * (A @ x))).x, x, rtol=1e-8)
        # Powers of two round nothing.
        assert same_bits(rref(scale * A).matrix, rref(A).matrix)


@either
def test_sides_far_from_the_matrix(dtype):
    ends = (1e-37, 1e37) if dtype == np.complex64 else (1e-300, 1e300)
    for large, small in (ends, ends[::-1]):
        A = np.array([[large, 0], [0, large * 1j]], dtype)
        x = solve(A, np.array([small, small], dtype)).x
        with np.errstate(all="ignore"):
            assert (np.isinf(x).any() if small > large else not x.any())
        np.testing.assert_allclose(solve(A, np.array([large, large], dtype)).x, [1, -1j],
                                   rtol=1e-6)
    A = np.array([[1e-300, 0], [0, 1e300]])
    np.testing.assert_allclose(solve(A, np.array([2e-300j, 3e300j])).x, [2j, 3j], rtol=1e-15)


def test_a_row_of_a_row_echelon_form_stays_in_range():
    # The first row is 2^1023 of [1 i]; the second would be beyond the range at its own scale.
    A = np.array([[2.0 ** 1023, 2.0 ** 1023 * 1j], [2.0 ** 1023, -(2.0 ** 1023) * 1j]])
    found = ref(A)
    assert np.isfinite(found.matrix).all() and found.rank == 2
    lower = found.matrix[1]
    assert lower[0] == 0 and lower[1] != 0 and lower[1].real == 0
    tiny = ref(2.0 ** -1074 * np.array([[1, 1j, 0], [1, 2, 1]]))
    assert tiny.rank == 2 and (tiny.matrix[1] != 0).sum() == 2


def test_a_pivot_that_is_tiny():
    tiny = 1e-310
    A = np.array([[tiny, 1], [2j * tiny, 1]])
    found = rref(A, tol=0)
    assert found.rank == 2 and found.matrix.tolist() == [[1, 0], [0, 1]]
    assert found.ambiguous                      # its margin is unknown
    assert rref(A).rank == 1 and rref(A).ambiguous


# ---- the decision of rank ----

SHARE = 0.004
SETS = dict(rank_sets.every_complex(SHARE))


@pytest.mark.parametrize("name", SETS)
def test_ranks_of_a_set(rng, name):
    cases, wrong, unflagged, flagged = rank_sets.counts(rref, SETS[name](rng=rng))
    assert unflagged == 0 and wrong == 0
    if "complex128" in name or "1e5" in name:
        assert flagged <= 0.1 * cases


@pytest.mark.parametrize(("dtype", "condition"), [(np.complex64, 1e4), (np.complex128, 1e12)])
def test_full_rank_below_a_condition_is_never_close(rng, dtype, condition):
    for n in (2, 3, 5, 10, 30, 100):
        for _ in range(20 if n < 100 else 5):
            left, right = (np.linalg.qr(rank_sets.complex_normal(rng, n, n))[0] for _ in range(2))
            values = np.geomspace(1, 1.02 / condition, n)
            found = rref((left * rng.permutation(values) @ right).astype(dtype))
            assert (found.rank, found.ambiguous) == (n, False)


def test_the_bound_is_that_of_the_policy(rng):
    for _ in range(100):
        A = rank_sets.complex_normal(rng, 5, 7)
        R, accepted = A / 2.0 ** np.floor(np.log2(np.abs(A).max(axis=1)))[:, None], math.inf
        tol = math.sqrt(2) * 7 * 2.0 ** -52 * math.sqrt(np.abs(R).sum(axis=1).max())
        for c in range(5):
            at = c + np.abs(R[c:, c]).argmax()
            accepted = min(accepted, abs(R[at, c]) / (tol * (1 + np.abs(R[:c, c]).sum())))
            R[[c, at]] = R[[at, c]]
            R[c] /= R[c, c]
            others = np.arange(5) != c
            R[others] -= R[others, c][:, None] * R[c]
        found = rref(A)
        np.testing.assert_allclose(found.margin.accepted, accepted, rtol=1e-9)
        np.testing.assert_allclose(found.matrix, R, rtol=1e-9, atol=1e-11)


def test_tolerances_of_the_caller():
    A = [[1, 1j], [1j, -1 + 0.125j]]
    assert rank(A) == 2 and rref(A, tol=0.25).rank == 1
    found = rref([[1, 1j], [1j, -1 + 0.125j]], tol=0.03125)
    assert found.margin == (2.0, 0.0)           # 0.125 over tol (1 + 1)
    for bad, kind in ((-1, ValueError), (math.nan, ValueError), ("1", TypeError)):
        with pytest.raises(kind):
            rref(A, tol=bad)
        with pytest.raises(kind):
            rref(A, atol=bad)
    less = [[0.1 + 0.2 - 0.3, 0], [1j, 2 - 0.3]]
    assert rref(less).rank == 2 and rref(less).ambiguous and rref(less, atol=1e-15).rank == 1
    less = [[(0.1 + 0.2 - 0.3) * 1j, 0], [1j, 2 - 0.3]]
    assert rref(less).ambiguous and rref(less, atol=1e-15).rank == 1
    # By size: 3 + 4i is 5.
    assert rank([[3 + 4j]], atol=4.99) == 1 and rank([[3 + 4j]], atol=5) == 0


def test_columns_of_another_scale_are_flagged():
    assert rref([[0, 1j], [1j, 1e17]]).ambiguous
    assert rref(np.array([[1j, 1e-17], [1j, 2e-17j]])).ambiguous
    assert not rref(np.array([[1e17j, 0], [0, 0.3j]])).ambiguous


def test_whole_numbers_of_complex64():
    K = np.array([[2 ** 20, 1j * 2 ** 20 + 1], [1j * 2 ** 20, -(2 ** 20)]], np.complex64)
    assert rank(K) == 2 and not rref(K).ambiguous      # its determinant is -i 2^20, exactly


def test_a_close_call_is_warned_of_once():
    close = np.array([[1, 1j], [1j, -1 + 1e-14j]])
    text = ("was too close to call in floats: tol=0 takes all that is not 0 for data, SymPy "
            "computes exactly")
    for function in (rank, det, null_space, inv):
        with pytest.warns(RankWarning) as caught:
            function(close)
        assert [(str(w.message), w.filename) for w in caught] == [
            (f"the rank of A {text}", __file__)]
        with pytest.warns(RankWarning) as caught:
            function([close, np.eye(2), close])
        assert [str(w.message) for w in caught] == [f"the rank of 2 of 3 A {text}"]
        function(close, tol=0)
        function(Z)
    for function in (rank, det, null_space):        # NaN is no close call
        function(np.full((2, 2), NAN))
    with raises(np.linalg.LinAlgError,
                "A has no inverse: its rank is 1 of 2 within rounding; tol=0 takes all that is not "
                "0 for data, SymPy computes exactly"):
        inv([[1, 1j], [1j, -1 + 4e-16j]])


# ---- NaN and infinity ----

@pytest.mark.parametrize("bad", [math.nan, math.inf, complex(0, math.nan), complex(1, math.inf)])
def test_numbers_that_are_not_finite(bad):
    A = Z.copy()
    A[1, 0] = bad
    found = rref(A)
    assert found.status == 1 and found.rank == 0 and found.pivots == () and found.ambiguous
    assert np.isnan(found.matrix.real).all() and np.isnan(found.matrix.imag).all()
    assert rank(A) == 0 and np.isnan(det(A)) and np.isnan(null_space(A)).all()
    assert null_space(A).shape == (2, 2)
    with raises(np.linalg.LinAlgError, "A has no inverse: it holds NaN or infinity"):
        inv(A)
    status, x, basis = solve(A, [1, 2])
    assert status == "nan" and np.isnan(x).all() and np.isnan(basis).all()
    status, x, basis = solve(Z, [1, bad])
    assert status == "nan" and np.isnan(x).all() and basis.shape == (2, 0)
    status, x, basis = solve(Z, [[1, 1], [1j, bad]])
    assert status == "nan" and np.isfinite(x[:, 0]).all() and np.isnan(x[:, 1]).all()
    # In an augmented column it is nobody else's business.
    found = rref(augment(Z, [1, bad]), columns=2)
    assert found.status == 0 and found.matrix[:, :2].tolist() == [[1, 0], [0, 1]]


# ---- stacks ----

@either_form
@either
def test_a_slice_has_its_bits_alone_in_a_stack_and_on_threads(rng, form, dtype):
    cases = [gaussian(rng, 4, 6) if rng.random() < 0.7 else rank_sets.complex_normal(rng, 4, 6)
             for _ in range(3000)]
    cases[7][1, 1] = NAN
    cases[11] *= 1e300
    cases[12] *= 1e-310
    with np.errstate(over="ignore", invalid="ignore"):
        stack = np.array(cases, dtype)          # 3000 of them are three pieces
    together = form(stack, columns=5)
    assert identical(together, form(stack, columns=5, workers=3))
    for k in [*range(20), *range(1300, 1400), 2999]:
        alone = form(stack[k], columns=5)
        assert same_bits(alone.matrix, together.matrix[k])
        assert alone.pivots == tuple(c for c in together.pivots[k].tolist() if c >= 0)
        assert [np.asarray(part).item() for part in alone._verdict[3:]] == [
            part[k].item() for part in together._verdict[3:]]
        np.testing.assert_array_equal(alone.margin, [part[k] for part in together.margin])
        assert alone.ambiguous == together.ambiguous[k]


def test_answers_of_a_stack_are_those_of_its_slices(rng):
    stack = np.array([gaussian(rng, 3, 3) for _ in range(60)] + [np.full((3, 3), NAN)])
    stack = stack.reshape(1, 61, 3, 3)
    b = gaussian(rng, 61 * 3, 1).reshape(1, 61, 3)
    inverse, determinant, ranks = inv(stack), det(stack), rank(stack)
    basis, solution = null_space(stack), solve(stack, b)
    assert inverse.shape == stack.shape and determinant.shape == ranks.shape == (1, 61)
    words = ["unique", "infinite", "inconsistent", "nan"]
    for k in range(61):
        A = stack[0, k]
        status, x, own = solve(A, b[0, k])
        assert words[solution.status[0, k]] == status
        assert same_bits(np.where(np.isnan(x), 0, x),
                         np.where(np.isnan(solution.x[0, k]), 0, solution.x[0, k]))
        if k == 60:
            assert np.isnan(inverse[0, k]).all() and np.isnan(basis[0, k]).all()
            continue
        assert same_bits(det(A), determinant[0, k]) and rank(A) == ranks[0, k]
        width = 3 - ranks[0, k]
        assert same_bits(null_space(A), basis[0, k][:, :width])
        assert same_bits(own, solution.null_space[0, k][:, :width])
        assert not basis[0, k][:, width:].any()
        if ranks[0, k] == 3:
            assert same_bits(inv(A), inverse[0, k])
        else:
            assert np.isnan(inverse[0, k]).all()


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (0, 2, 2), (2, 0, 0), (4, 0, 3),
                                   (2, 3, 0)])
def test_zero_sizes(shape):
    A = np.zeros(shape, complex)
    for form in (rref, ref):
        assert form(A).matrix.shape == shape
    assert np.shape(rank(A)) == shape[:-2] and not np.any(rank(A))
    assert null_space(A).shape[-2] == shape[-1]
    if shape[-1] == shape[-2]:
        assert inv(A).shape == shape and np.all(det(A) == 1)
    assert solve(A, np.zeros(shape[:-1], complex)).x.shape == (*shape[:-2], shape[-1])
    assert solve(A, np.zeros((*shape[:-1], 0), complex)).x.shape == (*shape[:-2], shape[-1], 0)


# ---- systems ----

def test_solutions_of_gaussian_integers(rng):
    for _ in range(300):
        m, n = (int(k) for k in rng.integers(1, 7, 2))
        A, y = gaussian(rng, m, n), gaussian(rng, n, 1)[:, 0]
        status, x, basis = solve(A, A @ y)
        pivots = exactly(A)[1]
        assert status == ("unique" if len(pivots) == n else "infinite")
        assert basis.shape == (n, n - len(pivots))
        size = np.abs(A).max() * max(np.abs(x).max(), 1)
        assert np.abs(A @ x - A @ y).max() <= 1e-9 * size
        assert np.abs(A @ basis).max(initial=0) <= 1e-9 * np.abs(A).max() * np.abs(basis).max(
            initial=1)
        if len(pivots) < m:
            wrong = A @ y + gaussian(rng, m, 1)[:, 0] * 3
            expected = len(exactly(augment(A, wrong))[1]) > len(pivots)
            assert (solve(A, wrong).status == "inconsistent") == expected


def test_a_null_vector_is_one(rng):
    for dtype in (np.complex64, np.complex128):
        X = rank_sets.complex_normal(rng, 40, 80).astype(dtype)
        N = null_space(X)
        assert N.shape == (80, 40) and N.dtype == dtype and no_negative_zero(N)
        unit = {np.complex64: 2, np.complex128: 7}[dtype] * EPS[dtype] * math.sqrt(2)
        bound = unit * math.sqrt(np.abs(X).sum(axis=1).max()) * np.abs(X).max() * 2
        rest = np.abs(X.astype(complex) @ N) / np.abs(N).sum(axis=0)
        assert (rest <= bound).all()


def test_real_and_complex_together():
    for A, b in ((Z, [1, 2]), (Z.real, [1j, 2]), (Z, np.ones((2, 3), np.float32))):
        x = solve(A, b).x
        assert x.dtype == np.complex128
        np.testing.assert_allclose(x, np.linalg.solve(A, b), rtol=1e-14)
    for left, right, expected in ((np.complex64, np.float32, np.complex64),
                                  (np.float32, np.complex64, np.complex64),
                                  (np.float64, np.complex64, np.complex128),
                                  (np.int8, np.complex64, np.complex128)):
        A, b = np.eye(2, dtype=left), np.ones(2, right)
        assert solve(A, b).x.dtype == expected == augment(A, b).dtype
        assert matmul(A, b[:, None]).dtype == matvec(A, b).dtype == expected


def test_a_row_of_zeros_contradicts():
    A = [[1j, 1], [0, 0]]
    assert solve(A, [1, 1e-300j]).status == "inconsistent"
    assert solve(A, [1, 1e-300j], atol=1e-200).status == "infinite"
    assert solve(A, [1, 0]).status == "infinite"


# ---- input ----

@layout
@either
def test_layouts(rng, layout, dtype):
    A = rank_sets.complex_normal(rng, 4, 4).astype(dtype)
    given, b = layout(A), layout(A[:, 0].copy())
    for function in (rref, ref):
        assert identical(function(given), function(A))
    for function in (inv, det, null_space):
        assert same_bits(function(given), function(A))
    assert same_bits(solve(given, b).x, solve(A, A[:, 0]).x)
    assert same_bits(swap_rows(given, 0, 1), A[[1, 0, 2, 3]])


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1), (1, 1, 1), (3, 3), (5, 1, 1), (4, 3, 3)])
@either
def test_input_stays_as_it_is(rng, shape, dtype):
    A = rank_sets.complex_normal(rng, *shape).astype(dtype)
    b, before = A[..., 0].copy(), A.copy()
    for call in (rref, ref, rank, null_space, lambda A: solve(A, b), lambda A: rref(A, atol=0.1)):
        call(A)
        assert same_bits(A, before) and same_bits(b, before[..., 0])
    if shape[-1] == shape[-2]:
        inv(A), det(A)
        assert same_bits(A, before)


def test_lists_of_complex_numbers():
    assert same_bits(inv(Z.tolist()), inv(Z)) and det(Z.tolist()) == 2j
    assert is_rref([[1, 0, 2j]]) and not is_rref([[1j, 0]]) and is_ref([[1j, 0]])
    assert not is_rref([[1 + 1e-300j, 0]])
    assert is_ref(np.array([[[1j, 0], [0, 0]], [[0, 0], [0, 1j]]])).tolist() == [True, False]


def test_complex_numbers_that_no_arithmetic_takes():
    for keywords in ({"exact": True}, {"modulus": 7}):
        for call in (lambda k: rref(Z, **k), lambda k: solve(Z, [1, 2], **k),
                     lambda k: det(Z, **k), lambda k: rank(Z, **k), lambda k: inv(Z, **k)):
            with raises(TypeError, "A must hold real numbers, got dtype complex128: Fractions and "
                                   "residues are real; SymPy has exact complex numbers"):
                call(keywords)
    with raises(TypeError, "b must hold real numbers, got dtype complex128: Fractions and "
                           "residues are real; SymPy has exact complex numbers"):
        solve(Z.real, [1j, 2], exact=True)
    with raises(TypeError, "A must hold integers, fractions, decimals or floats, got complex: "
                           "Fractions and residues are real; SymPy has exact complex numbers"):
        rref(np.array([[1j, 2]], object), exact=True)
    with raises(TypeError, "A must hold real numbers, got dtype object: complex numbers go into "
                           "an array of complex128, without Fractions or Decimals beside them"):
        rref(np.array([[1j, 2]], object))
    with raises(TypeError, "b must hold numbers, got dtype <U1"):
        solve(Z, ["1", "2"])
    with raises(TypeError, "A must be a plain array, got a masked array: fill or compress it "
                           "first"):
        rref(np.ma.ones((2, 2), complex))
    with raises(ValueError, "A must be square, got shape (1, 2)"):
        inv([[1j, 2]])
    with raises(ValueError, "columns must be between 0 and 2, the columns of A, got 3"):
        rref(Z, columns=3)
    with raises(ValueError, "workers must be at least 1, got 0"):
        rref(Z, workers=0)


# ---- row operations and products ----

@either
def test_row_operations(dtype):
    A = np.array([[1 + 1j, 2], [3j, 4], [5, 6j]], dtype)
    before = A.copy()
    assert same_bits(swap_rows(A, 0, -1), A[[2, 1, 0]])
    assert scale_row(A, 1, 2j).tolist() == [A[0].tolist(), [-6, 8j], A[2].tolist()]
    assert add_multiple(A, 0, 2, -1j).tolist()[0] == [1 - 4j, 8]
    assert all(found.dtype == dtype for found in (
        swap_rows(A, 0, 1), scale_row(A, 0, 2j), add_multiple(A, 0, 1, 2)))
    assert same_bits(A, before)
    out = A.copy()
    assert scale_row(out, 1, 2j, out=out) is out and out[1].tolist() == [-6, 8j]
    with raises(TypeError, f"out must have dtype {np.dtype(dtype)}, got float64"):
        swap_rows(A, 0, 1, out=np.ones((3, 2)))
    with raises(IndexError, "i must be a row of A of shape (3, 2), got 3"):
        scale_row(A, 3, 1j)
    with raises(ValueError, "target and source must be different rows, got 1 and -2"):
        add_multiple(A, 1, -2, 1j)
    with raises(ValueError, "A must have shape (m, n), got (2,)"):
        swap_rows(A[0], 0, 0)


def test_a_complex_factor_makes_a_matrix_complex():
    for factor in (2j, np.complex64(2j), np.array(2j)):
        assert same_bits(scale_row([[1, 2.0]], 0, factor), np.array([[2j, 4j]]))
        assert same_bits(add_multiple(np.ones((2, 1)), 0, 1, factor), np.array([[1 + 2j], [1]]))
    assert scale_row(np.ones((1, 1), np.float32), 0, 2j).dtype == np.complex64
    with raises(ValueError, "factor must not be zero, got 0j"):
        scale_row(Z, 0, 0)
    with raises(ValueError,
                "factor must not be zero, got 1e-60j, which is zero in complex64"):
        scale_row(Z.astype(np.complex64), 0, 1e-60j)
    with raises(TypeError, "factor must be a number, got shape (1,)"):
        scale_row(Z, 0, [1j])
    with raises(TypeError, "factor must hold numbers, got dtype <U2"):
        scale_row(Z, 0, "1j")


def test_products(rng):
    A, B = rank_sets.complex_normal(rng, 3, 4), rank_sets.complex_normal(rng, 4, 2)
    x, bias = B[:, 0], A[:, 0]
    np.testing.assert_allclose(matmul(A, B), A @ B, rtol=1e-14)
    np.testing.assert_allclose(matvec(A, x), A @ x, rtol=1e-14)
    np.testing.assert_allclose(matvec(A.real, x.real, bias), A.real @ x.real + bias, rtol=1e-14)
    np.testing.assert_allclose(matmul(A.real, B), A.real @ B, rtol=1e-14)
    out = np.empty((3, 2), complex)
    assert matmul(A, B, out=out) is out
    square = rank_sets.complex_normal(rng, 3, 3)
    expected = square @ square
    np.testing.assert_allclose(matmul(square, square, out=square), expected, rtol=1e-14)
    with raises(ValueError, "A and B must have shapes (..., m, k) and (..., k, n), got (3, 4) "
                "and (3, 4)"):
        matmul(A, A)
    with raises(ValueError, "x must have shape (4,) or (..., 4) to match W of shape (3, 4), "
                "got (3,)"):
        matvec(A, bias)
    with raises(ValueError, "bias must have shape (3,) or (..., 3) to match W of shape (3, 4), "
                "got (4,)"):
        matvec(A, x, x)
    assert matmul(np.ones((2, 0), complex), np.ones((0, 3))).tolist() == [[0] * 3] * 2


# ---- results ----

def test_a_result_is_copied_and_pickled():
    found = rref(np.array([Z, Z * 1j]), columns=1)
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert type(again) is Reduced and identical(again, found)
    solution = solve(Z, [1, 1j])
    again = pickle.loads(pickle.dumps(solution))
    assert same_bits(again.x, solution.x) and again.ambiguous is False
