"""The decision of rank on sets of matrices whose rank is known: rank_sets.py, docs/rank.md."""
import numpy as np
import pytest
import rank_sets
from helpers import raises
from rank_sets import counts, every, examples, named

from mathwork.matrix import RankWarning, det, inv, null_space, rank, rref, solve

SHARE = 0.004
SETS = {name: make for name, make in every(SHARE) if not name.startswith("with names")}
# 2 to 3 % of these are flagged: 1000 of them tell, 20 do not.
SETS["thin products float64"] = dict(every(0.2))["thin products float64"]

# The most that may be wrong, and wrong without a flag, of a set; none where it is not here.
WRONG = {"full rank float32 1000": (1, 0),      # one of condition 7e6 is
         "A - lambda I": (0.02, 0), "graded columns 1e9": (1, 0.01),
         "graded columns 1e150": (1, 0.01), "graded rows and columns 1e9": (1, 0.01),
         "graded rows and columns 1e150": (1, 0.01)}


@pytest.mark.parametrize("name", SETS)
def test_ranks_of_a_set(rng, name):
    cases, wrong, unflagged, flagged = counts(rref, SETS[name](rng=rng))
    most, most_unflagged = WRONG.get(name, (0, 0))
    assert wrong <= max(most * cases, most > 0) and unflagged <= most_unflagged * cases
    if "float64" in name or "1e5" in name:
        assert flagged <= 0.05 * cases


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_matrices_with_names(dtype):
    for name, (A, exact, pivots) in named(dtype):
        found = rref(A)
        right = found.rank == exact and found.pivots == pivots
        # Half a unit in the last place of each entry makes Frank's matrices singular from 18 on.
        assert right or found.ambiguous or name in ("frank 18", "frank 19", "frank 20"), name


@pytest.mark.parametrize(("dtype", "condition"), [(np.float32, 1e4), (np.float64, 1e12)])
def test_full_rank_below_a_condition_is_never_close(rng, dtype, condition):
    for n in (2, 3, 5, 10, 30, 100):
        for _ in range(20):
            left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2))
            values = np.geomspace(1, 1.02 / condition, n)
            A = (left * rng.permutation(values) @ right).astype(dtype)
            found = rref(A)
            assert (found.rank, found.ambiguous) == (n, False)


@pytest.mark.parametrize(("name", "A", "ranks", "flagged"), list(examples()),
                         ids=[name for name, *_ in examples()])
def test_an_example(name, A, ranks, flagged):
    found = rref(A)
    assert found.rank in ranks and flagged in (None, found.ambiguous)


def test_float32_alone_in_a_stack_and_in_blocks(kernels, rng):
    for kind in ("quotients", "multiples", "integers"):
        cases = [A for A, *_ in rank_sets.small_exact(rng, 40, kind, np.float32, (6, 8))]
        stack = kernels.reduce_plain(np.array(cases), 8, -1.0, True)
        for k, A in enumerate(cases):
            one, large = (kernels.reduce_plain(A, 8, -1.0, True, engine=engine)
                          for engine in ("any", "large"))
            assert one.pivots == large.pivots == tuple(filter(lambda c: c >= 0, stack.pivots[k]))


# ---- what single answers do ----

def test_float32_of_moderate_condition_is_inverted():
    A = np.random.default_rng(8).normal(size=(300, 300)).astype("f4")
    assert np.abs(inv(A).astype(float) @ A - np.eye(300)).max() < 0.01
    assert det(A) != 0 and rank(A) == 300


def test_a_null_vector_is_one(rng):
    X = rng.normal(size=(100, 200)).astype("f4")
    N = null_space(X)
    assert N.shape == (200, 100) and N.dtype == np.float32
    bound = 4 * 2.0 ** -24 * np.abs(X).sum(axis=1).max() * np.abs(N).sum(axis=0)
    assert (np.abs(X.astype(float) @ N) <= bound).all()
    # Elimination alone leaves up to 2900 times its bound in a row of these.
    for make in (rank_sets.circuit, rank_sets.loops):
        for _ in range(200):
            A, *_ = make(rng)
            scale = np.exp2(np.floor(np.log2(np.abs(A).max(axis=1))))[:, None]
            bound = 7 * 2.0 ** -52 * np.sqrt(np.abs(A / scale).sum(axis=1).max())
            for N in (null_space(A), solve(A, np.zeros(len(A))).null_space,
                      null_space(np.array([A, A]))[1]):
                assert (np.abs(A @ N) / scale <= 1.5 * bound * np.abs(N).sum(axis=0)).all()


TEXT = ("was too close to call in floats: tol=0 takes all that is not 0 for data, exact=True "
        "computes with Fractions")


def test_a_close_call_is_warned_of_once(rng):
    close = np.array([[1, 1], [1, 1 + 1e-14]])
    for function in (rank, det, null_space, inv):
        with pytest.warns(RankWarning) as caught:
            function(close)
        assert [(str(w.message), w.filename) for w in caught] == [
            (f"the rank of A {TEXT}", __file__)]
        with pytest.warns(RankWarning) as caught:
            function([close, np.eye(2), close])
        assert [str(w.message) for w in caught] == [f"the rank of 2 of 3 A {TEXT}"]
        function(close, tol=0)
        function(close, exact=True)
        function(np.eye(2))
    for function in (rank, det, null_space):        # NaN is no close call
        function(np.full((2, 2), np.nan))


def test_no_inverse_within_rounding():
    with raises(np.linalg.LinAlgError,
                "A has no inverse: its rank is 1 of 2 within rounding; tol=0 takes all that is not "
                "0 for data, exact=True computes with Fractions"):
        inv([[1, 1], [1, 1 + 4e-16]])
    assert np.isfinite(inv([[1, 1], [1, 1 + 4e-16]], tol=0)).all()
