"""Robust standard errors of groups and windows: against statsmodels, and against single fits."""
import pickle

import numpy as np
import pytest
from helpers import raises

from mathwork.regression import (
    GroupFits,
    RollingFits,
    fit_groups,
    fit_line,
    fit_linear,
    fit_rolling,
)

KINDS = ("HC0", "HC1", "HC2", "HC3")
TIGHT = {"rtol": 1e-9, "atol": 1e-14}


@pytest.fixture
def data(rng):
    """keys, X, y, weights with zeros among them; the groups have 3 to some 70 rows."""
    n = 400
    keys = np.sort(rng.integers(0, 12, n)) ** 2 % 7
    keys[:3] = 50
    X = np.column_stack([rng.uniform(1, 9, n), rng.normal(50, 3, n), rng.exponential(2, n)])
    y = 3 + X @ [1.0, -0.2, 0.4] + rng.normal(size=n) * X[:, 0]
    return rng.permutation(keys), X, y, rng.integers(0, 4, n) * 0.7


def theirs(X, y, weights, intercept, cov):
    sm = pytest.importorskip("statsmodels.api")
    used = weights > 0
    X = X.reshape(len(X), -1)[used]
    return sm.WLS(y[used], sm.add_constant(X) if intercept else X, weights[used]).fit(
        cov_type=cov, use_t=True)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("cov", KINDS)
def test_groups_are_those_of_statsmodels(data, cov, k, intercept, weighted):
    pytest.importorskip("scipy")
    keys, X, y, weights = data
    X = X[:, 0] if k == 1 else X[:, :k]
    given = weights if weighted else None
    fits = fit_groups(keys, X, y, weights=given, intercept=intercept, cov=cov)
    plain = fit_groups(keys, X, y, weights=given, intercept=intercept)
    assert fits.cov_type == cov and plain.cov_type == "nonrobust"
    assert np.array_equal(fits.params, plain.params, equal_nan=True)
    assert np.array_equal(fits.status, plain.status)
    assert (fits.nobs > k + 2).sum() > 3
    for at in np.flatnonzero(fits.nobs > k + 2):
        mine = keys == fits.keys[at]
        expected = theirs(X[mine], y[mine], weights[mine] if weighted else np.ones(mine.sum()),
                          intercept, cov)
        np.testing.assert_allclose(fits.bse[at], expected.bse, **TIGHT)
        np.testing.assert_allclose(fits.tvalues[at], expected.tvalues, **TIGHT)
        np.testing.assert_allclose(fits.pvalues[at], expected.pvalues, rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("cov", KINDS)
def test_windows_are_those_of_statsmodels(data, cov, k, weighted):
    _, X, y, weights = data
    X = X[:, 0] if k == 1 else X[:, :k]
    given = weights if weighted else None
    time = np.cumsum(weights + 0.1)
    every = {
        "rows": (fit_rolling(X, y, 40, min_nobs=9, weights=given, cov=cov),
                 np.maximum(np.arange(400) - 39, 0)),
        "time": (fit_rolling(X, y, 30.0, time=time, min_nobs=9, weights=given, cov=cov),
                 np.searchsorted(time, time - 30.0, side="right")),
        "growing": (fit_rolling(X, y, min_nobs=9, weights=given, cov=cov), np.zeros(400, int))}
    for fits, begins in every.values():
        assert fits.cov_type == cov
        for end in (20, 39, 77, 399):
            rows = slice(begins[end], end + 1)
            expected = theirs(X[rows], y[rows], weights[rows] if weighted else
                              np.ones(end + 1 - begins[end]), True, cov)
            np.testing.assert_allclose(fits.bse[end], expected.bse, **TIGHT)


def test_far_from_zero_they_are_those_of_fit_linear(rng):
    """Where X'X has lost its digits: statsmodels' formulas would lose them, too."""
    n = 60
    X = np.column_stack([rng.normal(size=n) + 1e9, rng.normal(size=n) * 1e-7])
    X[:, 1] += X[:, 0] * 1e-9
    y = X[:, 0] - 3e6 * X[:, 1] + rng.normal(size=n)
    keys = np.arange(n) % 2
    for cov in KINDS:
        fits = fit_groups(keys, X, y, cov=cov)
        for key in (0, 1):
            expected = fit_linear(X[keys == key], y[keys == key], cov=cov).bse
            np.testing.assert_allclose(fits.bse[key], expected, rtol=1e-6)


@pytest.mark.parametrize("scale", [2.0**-600, 2.0**600])
def test_squares_beyond_float64_lose_nothing(rng, scale):
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    expected = fit_groups([0] * 30, X, y, cov="HC3").bse[0]
    found = fit_groups([0] * 30, X * scale, y, cov="HC3").bse[0]
    np.testing.assert_allclose(found * [1, scale, scale], expected, rtol=1e-12)
    found = fit_groups([0] * 30, X, y * scale, cov="HC3").bse[0]
    np.testing.assert_allclose(found / scale, expected, rtol=1e-12)


def test_large_integers_and_times_count_exactly(rng):
    steps = np.sort(rng.choice(1000, 40, replace=False))
    y = 2 * steps + rng.normal(size=40) * (1 + steps / 100)
    expected = fit_line(steps, y, cov="HC2")
    far = fit_groups([0] * 40, steps + 2**60, y, cov="HC2")
    assert far.stderr[0] == pytest.approx(expected.stderr, rel=1e-9)
    times = np.datetime64("2024-01-01", "ns") + steps.astype("m8[ns]")
    seconds = fit_rolling(times, y, 40, cov="HC2")
    assert seconds.stderr[-1] == pytest.approx(expected.stderr * 1e9, rel=1e-9)


def test_keys_of_all_kinds_and_rows_without_a_key(data):
    keys, X, y, _ = data
    expected = fit_groups(keys, X, y, cov="HC1").bse
    for given in (keys * 2.0**40, keys * 10**12, keys.astype("U2"), keys.astype(object),
                  keys.astype(np.int8)):
        np.testing.assert_array_equal(fit_groups(given, X, y, cov="HC1").bse, expected)
    missing = np.where(np.arange(400) % 5 == 0, np.nan, keys)
    there = ~np.isnan(missing)
    np.testing.assert_allclose(fit_groups(missing, X, y, cov="HC1").bse,
                               fit_groups(keys[there], X[there], y[there], cov="HC1").bse, **TIGHT)


def test_a_set_without_a_fit_has_no_errors_and_spoils_none():
    keys = [0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 3]
    x = [0, 1, 2, 4, 0, 1, 5, 5, 5, 1, 2, 3, 4]
    y = [1, 2, 2, 5, 0, 1, 1, 2, 3, 1, np.nan, 3, 4]
    fits = fit_groups(keys, x, y, cov="HC0")
    assert fits.status.tolist() == [0, 0, 2, 3]
    assert np.isnan(fits.stderr).tolist() == [False, True, True, True]      # two points: no errors
    assert fits.stderr[0] == pytest.approx(fit_line(x[:4], y[:4], cov="HC0").stderr, rel=1e-12)
    omitted = fit_groups(keys, x, y, nan_policy="omit", cov="HC0")
    assert omitted.stderr[3] == pytest.approx(0, abs=1e-12) and omitted.n_omitted == 1
    # A leverage of 1 leaves no residual to judge its row by.
    alone = fit_groups([0] * 5, [0, 0, 0, 0, 1], [1, 2, 2, 3, 9], cov="HC3")
    assert np.isnan(alone.stderr[0]) and np.isnan(
        fit_line([0, 0, 0, 0, 1], [1, 2, 2, 3, 9], cov="HC3").stderr)


def test_parts_and_pickles_keep_the_kind(data):
    keys, X, y, _ = data
    for fits in (fit_groups(keys, X[:, 0], y, cov="HC3"), fit_rolling(X, y, 30, cov="HC3")):
        assert isinstance(fits, GroupFits | RollingFits)
        again = pickle.loads(pickle.dumps(fits))[2:40]
        assert again.cov_type == "HC3"
        assert "cov_type='HC3'" in repr(again)
        np.testing.assert_array_equal(again.bse, fits.bse[2:40])
    one = fit_groups(keys, X[:, 0], y, cov="HC3")[0]
    assert one.cov_type == "HC3" and one.stderr > 0
    assert "cov_type" not in repr(fit_groups(keys, X, y))


def test_many_small_and_few_large_sets_agree(rng):
    """However the sets are laid out beside each other"""
    sizes = np.r_[[3] * 50, [200_000], [40] * 30]
    keys = np.repeat(np.arange(len(sizes)), sizes)
    X = rng.normal(size=(len(keys), 2))
    y = X[:, 0] + rng.normal(size=len(keys)) * X[:, 1]
    fits = fit_groups(keys, X, y, cov="HC1")
    for at in (50, 51, 80):
        expected = fit_linear(X[keys == at], y[keys == at], cov="HC1").bse
        np.testing.assert_allclose(fits.bse[at], expected, **TIGHT)
    assert np.isnan(fits.bse[:50]).all()


def test_no_rows_and_no_groups():
    assert fit_groups(np.zeros(0, int), np.zeros((0, 2)), [], cov="HC3").bse.shape == (0, 3)
    assert fit_rolling(np.zeros((0, 2)), [], 5, cov="HC3").bse.shape == (0, 3)


@pytest.mark.parametrize("cov", ["cluster", "HAC"])
def test_others_are_for_one_set_of_rows(cov):
    listed = "nonrobust, HC0, HC1, HC2, HC3"
    with raises(ValueError, f"cov must be one of {listed} for groups (fit_linear has others for "
                            f"one set of rows), got {cov!r}"):
        fit_groups([0, 0, 0], [1, 2, 4], [1, 2, 3], cov=cov)
    with raises(ValueError, f"cov must be one of {listed} for windows (fit_linear has others for "
                            f"one set of rows), got {cov!r}"):
        fit_rolling([1, 2, 4], [1, 2, 3], 3, cov=cov)


def test_refused():
    with raises(ValueError, "cov must be one of nonrobust, HC0, HC1, HC2, HC3 for groups "
                            "(fit_linear has others for one set of rows), got 'HC4'"):
        fit_groups([0, 0, 0], [1, 2, 4], [1, 2, 3], cov="HC4")
    with raises(ValueError, "cov must be 'nonrobust' for rows that fade (halflife), got 'HC0'"):
        fit_rolling([1, 2, 4], [1, 2, 3], halflife=2, cov="HC0")
