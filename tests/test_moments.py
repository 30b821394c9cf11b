"""Moments against fit_linear, other packages, and themselves in other pieces."""
import copy
import math
import pickle
import warnings

import arrays
import numpy as np
import pytest
from exact_regression import digits, exact_fit
from helpers import raises, run_python

from mathwork._levels import regression as regression_kernels
from mathwork.regression import LinearFit, Moments, RankWarning, fit_linear


def random_rows(rng, n, p=3, k=None):
    X = rng.normal(size=(n, p)) + np.arange(p)
    return X, X.sum(axis=1) + rng.normal(size=n) if k is None else rng.normal(size=(n, k))


def assert_same_fit(left, right, tolerance=1e-12):
    for name in ("params", "bse", "tvalues", "ssr", "scale", "rsquared", "rsquared_adj",
                 "fvalue"):
        np.testing.assert_allclose(getattr(left, name), getattr(right, name), rtol=tolerance,
                                   atol=1e-15 if name.startswith("rsquared") else 0,
                                   err_msg=name)
    np.testing.assert_allclose(left.cov_params(), right.cov_params(), rtol=tolerance,
                               atol=tolerance * np.nanmax(np.abs(right.cov_params())))
    for name in ("nobs", "df_model", "df_resid", "rank", "status", "intercept"):
        assert getattr(left, name) == getattr(right, name), name


# ---- the object ----

def test_a_hundred_shuffled_chunks_in_any_tree_are_one_pass(rng):
    X, y = random_rows(rng, 5000, 4)
    X[:, 0] += 1e9
    weights = rng.random(5000)
    whole = Moments.of(X, y, weights=weights)
    chunks = [Moments.of(X[rows], y[rows], weights=weights[rows])
              for rows in np.array_split(rng.permutation(5000), 100)]
    chunks = [chunks[i] for i in rng.permutation(100)]
    random_tree = list(chunks)
    while len(random_tree) > 1:
        one = random_tree.pop(int(rng.integers(len(random_tree))))
        at = int(rng.integers(len(random_tree)))
        random_tree[at] = random_tree[at] + one
    balanced = chunks
    while len(balanced) > 1:
        balanced = [sum(balanced[i:i + 2]) for i in range(0, len(balanced), 2)]
    stream = Moments()
    for rows in np.array_split(np.arange(5000), 100):
        stream.update(X[rows], y[rows], weights=weights[rows])
    for joined in (sum(chunks), random_tree[0], balanced[0], stream):
        np.testing.assert_allclose(joined.mean, whole.mean, rtol=1e-15)
        np.testing.assert_allclose(joined.gram, whole.gram, rtol=1e-15)
        assert joined.nobs == whole.nobs and joined.weight == pytest.approx(whole.weight, 1e-15)
        assert_same_fit(joined.fit(), whole.fit(), 1e-14)


def test_mean_weight_and_gram_are_what_numpy_says(rng):
    X, y = random_rows(rng, 50, 2)
    weights = rng.integers(0, 4, 50)
    moments = Moments.of(X, y, weights=weights)
    Z = np.column_stack([X, y])
    assert (moments.nobs, moments.weight) == (np.count_nonzero(weights), weights.sum())
    assert (moments.n_columns, moments.n_targets) == (2, 1)
    np.testing.assert_allclose(moments.mean, np.average(Z, axis=0, weights=weights), rtol=1e-13)
    np.testing.assert_allclose(moments.gram / (moments.weight - 1),
                               np.cov(Z, rowvar=False, fweights=weights), rtol=1e-12)
    assert repr(moments) == f"Moments(nobs={moments.nobs}, n_columns=2, n_targets=1)"


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [None, 1, 3])
def test_fit_is_that_of_fit_linear(rng, intercept, weighted, k):
    X, y = random_rows(rng, 60, 4, k)
    X[:, 1] += 1e6
    weights = rng.random(60) * (rng.random(60) > 0.1) if weighted else None
    fit = Moments.of(X, y, weights=weights).fit(intercept=intercept)
    expected = fit_linear(X, y, intercept=intercept, weights=weights)
    assert type(fit) is LinearFit and fit.params.shape == expected.params.shape
    assert type(fit.ssr) is type(expected.ssr)
    assert_same_fit(fit, expected, 1e-11)
    np.testing.assert_allclose(fit.predict(X), expected.predict(X), rtol=1e-9)


def test_fit_has_p_values_and_intervals(rng):
    pytest.importorskip("scipy")
    X, y = random_rows(rng, 30)
    fit, expected = Moments.of(X, y).fit(), fit_linear(X, y)
    np.testing.assert_allclose(fit.pvalues, expected.pvalues, rtol=1e-10)
    np.testing.assert_allclose(fit.conf_int(), expected.conf_int(), rtol=1e-10)
    assert fit.f_pvalue == pytest.approx(expected.f_pvalue, rel=1e-10)


def test_fit_is_that_of_statsmodels(rng):
    sm = pytest.importorskip("statsmodels.api")
    for _ in range(10):
        n, p = int(rng.integers(10, 60)), int(rng.integers(1, 6))
        X, y = random_rows(rng, n, p)
        weights = rng.random(n) + 0.1
        fit = Moments.of(X, y, weights=weights).fit()
        expected = sm.WLS(y, sm.add_constant(X, has_constant="add"), weights).fit()
        for name in ("params", "bse", "tvalues", "pvalues", "rsquared", "rsquared_adj", "fvalue",
                     "f_pvalue", "ssr", "scale", "df_resid", "df_model"):
            np.testing.assert_allclose(getattr(fit, name), getattr(expected, name), rtol=1e-9,
                                       err_msg=name)
        np.testing.assert_allclose(fit.conf_int(), expected.conf_int(), rtol=1e-8, atol=1e-12)


def test_some_of_the_columns_in_any_order(rng):
    X, y = random_rows(rng, 40, 5)
    moments = Moments.of(X, y)
    for columns in ([3, 0], [-1, 1], range(2), np.array([4])):
        fit = moments.fit(columns)
        assert_same_fit(fit, fit_linear(X[:, list(columns)], y), 1e-10)
    mean = moments.fit([])
    assert mean.params[0] == pytest.approx(y.mean(), rel=1e-14)
    assert mean.bse[0] == pytest.approx(y.std(ddof=1) / math.sqrt(40), rel=1e-13)
    assert_same_fit(moments.fit((1, 2), intercept=False),
                    fit_linear(X[:, 1:3], y, intercept=False), 1e-10)
    with raises(IndexError, "columns must be among the 5 of X, got 5"):
        moments.fit([0, 5])
    with pytest.raises(TypeError):
        moments.fit([0.5])
    for mask in ([False, True, False, False, False], np.arange(5) == 1):
        with pytest.raises(TypeError):
            moments.fit(mask)


def test_warns_of_columns_by_their_place(rng):
    with pytest.warns(RankWarning, match="^column 1 of X depends on those before it: "
                                         "its parameter is NaN$"):
        assert np.isnan(Moments.of(*random_rows(rng, 40, 5)).fit([3, 1, 1]).params[3])
    moments = Moments.of(*random_rows(rng, 40, 5), robust=True)
    for call in (moments.fit, moments.robust_cov):      # the caller's line is told
        with pytest.warns(RankWarning) as caught:
            call([3, 1, 1])
        assert caught[0].filename == __file__


def test_a_fit_of_moments_has_no_rows(rng):
    fit = Moments.of(*random_rows(rng, 20)).fit()
    for name, attribute in (("residuals", "resid"), ("fitted values", "fittedvalues")):
        with raises(ValueError, f"this fit has no rows for {name}: it came from moments or a "
                                "pickle"):
            getattr(fit, attribute)
    again = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(again.params, fit.params)


def test_dependent_columns_are_left_out_as_fit_linear_does(rng):
    X, y = random_rows(rng, 50, 6)
    X[:, 1] = 7.3
    X[:, 3] = X[:, 0]
    X[:, 4] = X[:, 0] - 3 * X[:, 2] + 1e3
    for intercept in (True, False):
        with pytest.warns(RankWarning) as caught:
            fit = Moments.of(X, y).fit(intercept=intercept)
        assert caught[0].filename == __file__
        with pytest.warns(RankWarning):
            expected = fit_linear(X, y, intercept=intercept)
        np.testing.assert_array_equal(np.isnan(fit.params), np.isnan(expected.params))
        assert (fit.rank, fit.status) == (expected.rank, 2)
        np.testing.assert_allclose(fit.params, expected.params, rtol=1e-9)
        np.testing.assert_allclose(fit.bse, expected.bse, rtol=1e-9)


def test_columns_at_an_offset_are_not_dependent(rng):
    x = rng.normal(size=100)
    for offset in (1e6, 1e9, 1e12):
        X = (x + offset)[:, None]
        slope = exact_fit(X, x)[0][1]
        assert digits(Moments.of(X, x).fit().params[1:], [slope]) > 14.9


def test_huge_and_tiny_columns_together(rng):
    X = rng.normal(size=(30, 4)) * [1e7, 1, 1e-200, 1e200]
    y = 3 * X[:, 1] + 1e-3 * rng.normal(size=30)
    fit, expected = Moments.of(X, y).fit(), fit_linear(X, y)
    np.testing.assert_allclose(fit.params, expected.params, rtol=1e-12)
    np.testing.assert_allclose(fit.bse, expected.bse, rtol=1e-12)
    assert fit.params[2] == pytest.approx(3, abs=1e-2)


def test_rows_of_other_magnitudes_than_a_sample_shows():
    X = np.full((1000, 1), 1e-200)
    X[500] = 1e250
    X[501] = -1e250
    moments = Moments.of(X, np.arange(1000.0))
    assert moments.mean[0] == pytest.approx(998e-203)
    assert moments.fit().params[1] == pytest.approx(-1 / 2e250)
    message = "X, y and weights must not be too large for their differences and sums"
    with raises(ValueError, message):
        Moments.of([[1.7e308]], [1]) + Moments.of([[-1.7e308]], [2])
    with raises(ValueError, message):
        Moments.of([[1], [2]], [1, 2], weights=[1.7e308, 1.7e308])


def test_rows_too_far_apart_are_refused_at_once(monkeypatch):
    calls = []
    moments_of = regression_kernels.moments_of

    def counted(*args):
        calls.append(args)
        return moments_of(*args)

    monkeypatch.setattr(regression_kernels, "moments_of", counted)
    X = np.ones((1000, 1))
    X[7], X[8] = 1.7e308, -1.7e308          # no sample shows their scale
    with raises(ValueError, "X, y and weights must not be too large for their differences and "
                            "sums"):
        Moments.of(X, np.ones(1000))
    assert len(calls) <= 2


@pytest.mark.parametrize("scale", [1e-310, 1e-162, 1e-158, 1e155, 1e307])
def test_what_has_no_unit_does_not_see_the_scale_of_y(scale):
    X, y = np.array([[1.0], [2], [3], [4]]), np.array([1.0, 3, 2, 4])
    fit, plain = Moments.of(X, y * scale).fit(), Moments.of(X, y).fit()
    for name in ("tvalues", "rsquared", "rsquared_adj", "fvalue"):
        np.testing.assert_allclose(getattr(fit, name), getattr(plain, name), rtol=1e-12)
    np.testing.assert_allclose(fit.bse, plain.bse * scale, rtol=1e-12)


@pytest.mark.parametrize("weight", [5e-324, 1e-312, 1e-200, 1e200, 1e307])
@pytest.mark.parametrize("intercept", [True, False])
def test_weights_of_one_extreme_scale(weight, intercept):
    X, y, weights = np.arange(6.0)[:, None], np.array([1.0, 3, 2, 5, 4, 6]), np.full(6, weight)
    moments, plain = Moments.of(X, y, weights=weights), Moments.of(X, y)
    parts = Moments.of(X[:2], y[:2], weights=weights[:2])
    parts.update(X[2:], y[2:], weights=weights[2:])
    assert moments.weight == parts.weight == math.fsum(weights)
    np.testing.assert_allclose(moments.gram, plain.gram * weight, rtol=1e-13, atol=1e-323)
    for one in (moments, parts):
        fit, expected = one.fit(intercept=intercept), plain.fit(intercept=intercept)
        assert fit.status == 0
        for name in ("params", "bse", "rsquared", "fvalue"):
            np.testing.assert_allclose(getattr(fit, name), getattr(expected, name), rtol=1e-13)
    # Beside weights of 1 these do not count, or only these do.
    other = Moments.of(2 * X, 1 - y * y)
    heavier = other if weight < 1 else plain
    np.testing.assert_allclose((moments + other).fit().params, heavier.fit().params, rtol=1e-13)


def test_streams_that_start_constant(rng):
    X, y = random_rows(rng, 60, 2)
    X[:20] = 0, 5
    stream = Moments()
    for rows in range(0, 60, 5):
        stream.update(X[rows:rows + 5] * [1e-180, 1], y[rows:rows + 5])
    expected = Moments.of(X, y).fit()
    np.testing.assert_allclose(stream.fit().params, expected.params * [1, 1e180, 1], rtol=1e-13)


def test_constant_y_and_a_perfect_fit():
    flat = Moments.of([[1], [2], [4]], [0.1, 0.1, 0.1]).fit()
    assert flat.params.tolist() == [0.1, 0] and flat.ssr == 0 and math.isnan(flat.rsquared)
    perfect = Moments.of([[1], [2], [4]], [3, 5, 9]).fit()
    assert perfect.params.tolist() == [1, 2] and perfect.ssr == 0 and perfect.rsquared == 1
    for value in (2.0**24, 2e7, 5e9, 1e300, -1e-300):
        flat = Moments.of([[1], [2], [3], [5]], [value] * 4)
        assert flat.fit().params.tolist() == [value, 0]
        assert flat.fit([]).params.tolist() == [value]
        assert (flat + flat).fit().params.tolist() == [value, 0]
    two = Moments.of([[1], [2]], [3, 5]).fit()
    assert two.params.tolist() == [1, 2] and np.isnan(two.bse).all()


# ---- values ----

def test_empty_moments_add_nothing(rng):
    X, y = random_rows(rng, 20)
    moments = Moments.of(X, y)
    no_rows = Moments.of(X[:0], y[:0])
    no_weight = Moments.of(X, y, weights=np.zeros(20))
    for empty in (Moments(), no_rows, no_weight):
        assert empty.nobs == 0 and empty.weight == 0
        assert empty + moments == moments + empty == moments
    assert sum([]) == 0 and sum([moments]) == moments and sum([Moments()]) == Moments()
    assert no_rows.mean.tolist() == [0, 0, 0, 0] and Moments().mean.shape == (0,)
    assert Moments().gram.shape == (0, 0)
    assert repr(Moments()) == "Moments(nobs=0, n_columns=0, n_targets=0)"


def test_adding_makes_a_new_value(rng):
    X, y = random_rows(rng, 20)
    left, right = Moments.of(X[:8], y[:8]), Moments.of(X[8:], y[8:])
    before = pickle.dumps(left), pickle.dumps(right)
    both = left + right
    joined = sum([left])
    joined.update(X, y)
    joined += right
    assert (pickle.dumps(left), pickle.dumps(right)) == before
    left.update(X[8:], y[8:])
    assert left == both != right
    with pytest.raises(TypeError):
        hash(left)
    with pytest.raises(TypeError):
        left + 1
    with pytest.raises(TypeError):
        1 + left
    assert left != "moments"


class Noted(Moments):
    """A subclass that is made of other arguments."""

    def __init__(self, note):
        super().__init__()
        self.note = note


@pytest.mark.parametrize("of", [copy.copy, copy.deepcopy,
                                lambda moments: pickle.loads(pickle.dumps(moments))])
def test_a_copy_is_of_the_same_class(of):
    made = Noted("a")
    made.update([[1.0], [2.0]], [3.0, 4.0])
    assert type(of(made)) is Noted and of(made).nobs == 2


def test_pickles_are_small_and_name_the_public_class(rng):
    X, y = random_rows(rng, 10_000, 6)
    moments = Moments.of(X, y)
    pickled = pickle.dumps(moments)
    assert len(pickled) < 1500 and b"mathwork.regression" in pickled and b"_core_v" not in pickled
    again = pickle.loads(pickled)
    assert again == moments
    again.update(X, y)
    assert again.nobs == 20_000
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for one in (moments, Moments()):
            assert pickle.loads(pickle.dumps(one, protocol)) == one


# ---- input ----

@pytest.mark.parametrize("layout", arrays.LAYOUTS)
def test_any_layout(rng, dtype, layout):
    make = arrays.LAYOUTS[layout]
    X, y = rng.normal(size=(100, 3)).astype(dtype), rng.normal(size=100).astype(dtype)
    weights = rng.random(100)
    expected = Moments.of(X, y, weights=weights)
    assert Moments.of(make(X), make(y), weights=make(weights)) == expected
    assert expected.fit().params.dtype == np.float64


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint64, np.float16, np.longdouble])
def test_other_numbers_are_converted(rng, kind):
    X, y = rng.integers(0, 2, (30, 2)).astype(kind), rng.integers(0, 2, 30).astype(kind)
    assert Moments.of(X, y) == Moments.of(X.astype(float), y.astype(float))


def test_a_long_double_beyond_float64_is_infinite():
    far = np.full(4, np.finfo(np.longdouble).max)
    if far[0] > np.finfo(float).max:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with raises(ValueError, "X and y must be finite, rows 0 and 3 more are not; "
                                    "nan_policy='omit' leaves such rows out"):
                Moments.of(far[:, None], np.arange(4))
            with raises(ValueError, "weights must be finite and not negative, got inf in row 0"):
                Moments.of(np.arange(4)[:, None], np.arange(4), weights=far)


def test_pieces_are_read_from_a_mapped_file(folder, rng, monkeypatch):
    rows = rng.normal(size=(1000, 3))
    rows.astype(">f8").tofile("rows.bin")
    mapped = np.memmap("rows.bin", ">f8", "r").reshape(-1, 3)
    expected = Moments.of(rows[:, :2], rows[:, 2]).fit().params
    monkeypatch.setattr("mathwork.regression.moments.PIECE_NUMBERS", 100)
    np.testing.assert_array_equal(Moments.of(mapped[:, :2], mapped[:, 2]).fit().params, expected)


def test_rows_that_are_not_finite(rng, monkeypatch):
    monkeypatch.setattr("mathwork.regression.moments.PIECE_NUMBERS", 40)
    X, y = random_rows(rng, 100, 3)
    X[31, 1], X[70, 0], y[90] = math.nan, math.inf, -math.inf
    good = np.isfinite(X).all(axis=1) & np.isfinite(y)
    moments = Moments.of(X[:10], y[:10])
    before = pickle.dumps(moments)
    with raises(ValueError, "X and y must be finite, row 31 is not; "
                            "nan_policy='omit' leaves such rows out"):
        moments.update(X, y)
    assert pickle.dumps(moments) == before
    weights = rng.random(100)
    expected = fit_linear(X[good], y[good], weights=weights[good])
    assert_same_fit(Moments.of(X, y, weights=weights, nan_policy="omit").fit(), expected, 1e-11)
    # A row of weight 0 is left out, whatever is in it.
    assert_same_fit(Moments.of(X, y, weights=weights * good).fit(), expected, 1e-11)
    omitting = Moments.of(X, y, nan_policy="omit")
    assert (omitting.nobs, omitting.n_omitted) == (97, 3)
    assert (omitting + omitting).n_omitted == (omitting + omitting).fit().n_omitted == 6
    assert repr(omitting) == "Moments(nobs=97, n_columns=3, n_targets=1, n_omitted=3)"
    assert pickle.loads(pickle.dumps(omitting)).n_omitted == 3
    weights[5] = math.nan
    good[5] = False
    with raises(ValueError, "weights must be finite and not negative, got nan in row 5"):
        Moments.of(X, y, weights=weights)
    omitting = Moments.of(X, y, weights=weights, nan_policy="omit")
    assert omitting.n_omitted == 4
    assert_same_fit(omitting.fit(), fit_linear(X[good], y[good], weights=weights[good]), 1e-11)
    assert Moments.of([[math.nan]], [1], nan_policy="omit").nobs == 0


@pytest.mark.parametrize("single", [True, False])
def test_gaps_that_propagate_make_every_fit_nan(rng, single):
    X, y = random_rows(rng, 30, 3)
    y = y if single else np.stack([y, y], axis=1)
    whole = Moments.of(X, y)
    weights = np.where(np.arange(30) == 4, math.nan, 1.0)
    X[7, 1] = math.nan
    for unknown in (Moments.of(X, y, nan_policy="propagate"),
                    Moments.of(X[:7], y[:7], weights=weights[:7], nan_policy="propagate")):
        for moments in (unknown, unknown + whole, whole + unknown):
            fit = moments.fit()
            assert fit.status == 3 and fit.nobs == moments.nobs > 0
            assert np.isnan(fit.params).all() and fit.params.shape == (4, *y.shape[1:])
            assert np.isnan(fit.predict(X)).all() and moments.weight == moments.nobs
        with raises(ValueError, "X and y must be finite, row 7 is not; "
                                "nan_policy='omit' leaves such rows out"):
            unknown.update(X, y)


def test_columns_have_names(pandas, rng):
    X, y = random_rows(rng, 30, 3)
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    moments = Moments.of(frame, y) + Moments.of(X, y)
    assert moments.fit([2, 0]).terms == ("intercept", "c", "a")
    frame["d"] = frame["a"]
    with pytest.warns(RankWarning, match="^column 'd' of X depends on those before it"):
        Moments.of(frame, y).fit()
    with raises(ValueError, "X must have the columns 'a', 'b', 'c' as the rows before, "
                            "got 'b', 'a', 'c'"):
        moments.update(frame[["b", "a", "c"]], y)
    with raises(ValueError, "the second moments must have the columns 'a', 'b', 'c' as the first "
                            "moments have, got 'b', 'a', 'c'"):
        moments + Moments.of(frame[["b", "a", "c"]], y)


def test_what_is_refused(rng):
    X, y = random_rows(rng, 10)
    moments = Moments.of(X, y)
    with raises(ValueError, "X must have shape (n, p), got (10,)"):
        Moments.of(y, y)
    with raises(ValueError, "y must have shape (10,) or (10, k) to match X of shape (10, 3), "
                            "got (9,)"):
        Moments.of(X, y[:9])
    with raises(ValueError, "weights must have shape (10,) to match X, got (3,)"):
        Moments.of(X, y, weights=[1, 2, 3])
    with raises(ValueError, "weights must be finite and not negative, got -1.0 in row 4"):
        Moments.of(X, y, weights=np.where(np.arange(10) == 4, -1.0, 1.0))
    with raises(ValueError, "weights must be finite and not negative, got nan in row 0"):
        Moments.of(X, y, weights=np.full(10, math.nan))
    with raises(ValueError, "nan_policy must be one of raise, omit, propagate, got 'drop'"):
        Moments.of(X, y, nan_policy="drop")
    with raises(ValueError, "X and y must have shapes (n, 3) and (n,) as the rows before, "
                            "got shapes (n, 2) and (n, 1)"):
        moments.update(X[:, :2], y[:, None])
    with raises(ValueError, "moments must be of the same columns, "
                            "got shapes (n, 3) and (n,) and shapes (n, 2) and (n,)"):
        moments + Moments.of(X[:, :2], y)
    with raises(TypeError, "X must hold real numbers, got dtype complex128"
                           ": take its .real, .imag or abs()"):
        Moments.of(X + 0j, y)
    with raises(TypeError, "y must hold real numbers, got dtype object"):
        Moments.of(X, y.astype(object))
    with raises(TypeError, "X must be a plain array, got a masked array: "
                           "fill or compress it first"):
        Moments.of(np.ma.array(X), y)


def test_what_cannot_be_fitted(rng):
    X, y = random_rows(rng, 3)
    with raises(ValueError, "there must be at least 4 rows for 4 parameters, got 3"):
        Moments.of(X, y).fit()
    with raises(ValueError, "there must be a column or an intercept, and a y, to fit: "
                            "these are moments of shapes (n, 3) and (n,)"):
        Moments.of(X, y).fit([], intercept=False)
    with raises(ValueError, "there must be a column or an intercept, and a y, to fit: "
                            "these are moments of shapes (n, 0) and (n, 0)"):
        Moments().fit()
    with raises(ValueError, "rank_tol must not be negative, got -1.0"):
        Moments.of(X, y).fit([0], rank_tol=-1)
    with pytest.warns(RankWarning):
        assert np.isnan(Moments.of(X, y).fit([0], rank_tol=1e3).params[1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Moments.of(X, y).fit([0], rank_tol=0).rank == 2


def test_memory_does_not_grow_with_the_rows():
    pytest.importorskip("resource")
    code = """
import resource
import numpy as np
from mathwork.regression import Moments
chunk = np.random.default_rng(0).normal(size=(20_000, 5))
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
moments = Moments.of(chunk[:, :4], chunk[:, 4])
early = peak()
for _ in range(150):            # 3 million rows, 120 MB
    moments.update(chunk[:, :4], chunk[:, 4])
print(moments.nobs, peak() - early)
"""
    status, out, err = run_python(code)
    assert (status, err) == (0, "")
    nobs, growth = map(int, out.split())
    assert nobs == 3_020_000
    assert growth < 5_000_000 if growth > 100_000 else growth < 5_000     # bytes on macOS, else kB


# ---- rows that go ----

@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("offset", [0, 1e6])
def test_rows_that_are_taken_away_leave_no_trace(rng, weighted, offset):
    X, y = random_rows(rng, 200, 3)
    X += offset
    w = rng.uniform(0.5, 2, 200) if weighted else np.ones(200)
    whole, some = Moments.of(X, y, weights=w), Moments.of(X[:150], y[:150], weights=w[:150])
    left, expected = whole - some, Moments.of(X[150:], y[150:], weights=w[150:])
    assert (left.nobs, left.n_columns) == (50, 3)
    np.testing.assert_allclose(left.mean, expected.mean, rtol=1e-15)
    np.testing.assert_allclose(left.gram, expected.gram, rtol=1e-14)
    np.testing.assert_allclose([left.weight, left.effective_nobs],
                               [expected.weight, expected.effective_nobs], rtol=1e-14)
    assert_same_fit(left.fit(), expected.fit(), 1e-13)
    assert_same_fit((left + some).fit(), whole.fit(), 1e-13)


def test_a_window_that_moves_for_long_is_as_one_made_anew(rng):
    X, y = random_rows(rng, 2000, 2)
    X[500] *= 1e8                       # a spike, which comes and goes
    state = Moments.of(X[:50], y[:50])
    for start in range(1950):
        state = state + Moments.of(X[start + 50:start + 51], y[start + 50:start + 51])
        state = state - Moments.of(X[start:start + 1], y[start:start + 1])
    assert_same_fit(state.fit(), Moments.of(X[1950:], y[1950:]).fit(), 1e-12)


def test_what_is_left_of_a_constant_column_is_constant(rng):
    X, y = random_rows(rng, 60, 2)
    X[20:, 0] = 0.1
    left = Moments.of(X, y) - Moments.of(X[:20], y[:20])
    assert left.gram[0].tolist() == [0, 0, 0]
    with pytest.warns(RankWarning, match="^column 0 "):
        assert_same_fit(left.fit([1]), fit_linear(X[20:, 1:], y[20:]), 1e-12) or left.fit()
    nothing = left - left
    assert nothing.nobs == 0 and not nothing.gram.any() and nothing.weight == 0
    nothing.update(X, y)
    assert_same_fit(nothing.fit(), fit_linear(X, y), 1e-12)


def test_rows_that_cannot_be_taken_away(rng):
    X, y = random_rows(rng, 10)
    few, many = Moments.of(X[:4], y[:4]), Moments.of(X, y)
    assert (many - Moments()).nobs == 10
    with raises(ValueError, "moments to take away must be of some of the 4 rows, got those of 10"):
        few - many
    with raises(ValueError, "moments to take away must be of some of the 0 rows, got those of 4"):
        Moments() - few
    with raises(ValueError, "moments to take away must be of some of the rows, whose weight is "
                            "10.0, got a weight of 20.0"):
        many - Moments.of(X[:4], y[:4], weights=[5] * 4)
    with pytest.raises(TypeError):
        many - 1
    gaps = Moments.of(X[:5] * math.nan, y[:5], nan_policy="propagate")
    with raises(ValueError, "moments of rows with gaps cannot be taken away, nor from: "
                            "nan_policy='omit' leaves such rows out"):
        many - gaps


@pytest.mark.parametrize(("factor", "times"), [(0.9, 20_000), (1e-200, 3), (1e200, 2)])
def test_weights_that_decay_beyond_the_range_of_float64(rng, factor, times):
    X, y = random_rows(rng, 50, 3)
    state = Moments.of(X, y, robust=True)
    for _ in range(times):
        state.decay(factor)
    fit, expected = state.fit(), fit_linear(X, y)       # one factor for all changes nothing
    np.testing.assert_allclose(fit.params, expected.params, rtol=1e-12)
    np.testing.assert_allclose(fit.bse, expected.bse, rtol=1e-12)
    assert math.isnan(state.effective_nobs)
    assert np.isnan(state.robust_cov()).all()       # their squares are lost: 0 would be a lie
    if factor < 1:
        state.update(X + 1, y)
        np.testing.assert_allclose(state.fit().params, fit_linear(X + 1, y).params, rtol=1e-12)
        assert state.nobs == 100 and state.effective_nobs == 50


def test_weights_that_decay(rng):
    X, y = random_rows(rng, 100, 3)
    state = Moments()
    for start in range(0, 100, 10):
        state.decay(0.7)
        state.update(X[start:start + 10], y[start:start + 10])
    w = 0.7 ** np.repeat(np.arange(10)[::-1], 10)
    expected = fit_linear(X, y, weights=w)
    assert_same_fit(state.fit(), expected, 1e-13)
    assert state.nobs == 100
    assert state.weight == pytest.approx(w.sum(), rel=1e-15)
    assert state.effective_nobs == pytest.approx(w.sum() ** 2 / (w ** 2).sum(), rel=1e-14)
    assert Moments.of(X, y).effective_nobs == 100 and Moments().effective_nobs == 0
    again = pickle.loads(pickle.dumps(state))
    assert again == state and again.effective_nobs == state.effective_nobs
    for factor in (0, -1, math.inf, math.nan):
        with raises(ValueError, f"factor must be above 0 and finite, got {factor}"):
            state.decay(factor)
