"""Robust covariances from moments: against statsmodels, in pieces, with rows that go."""
import math
import pickle

import numpy as np
import pytest
from helpers import raises

from mathwork.regression import Moments, RankWarning


def uneven_rows(rng, n=300, p=3, offset=0.0):
    """(X, y): columns, and a plane with noise that grows along the first"""
    X = rng.standard_normal((n, p)) * np.logspace(0, 3, p)
    y = X @ np.logspace(0, -3, p) + rng.standard_normal(n) * (0.2 + np.abs(X[:, 0]))
    return X + offset, y + offset


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("cov", ["HC0", "HC1"])
def test_as_statsmodels(rng, cov, intercept, weighted):
    sm = pytest.importorskip("statsmodels.api")
    X, y = uneven_rows(rng)
    w = rng.uniform(0.5, 2, 300) if weighted else np.ones(300)
    expected = sm.WLS(y, sm.add_constant(X) if intercept else X, weights=w).fit(cov_type=cov)
    moments = Moments.of(X, y, weights=w if weighted else None, robust=True)
    np.testing.assert_allclose(moments.robust_cov(cov=cov, intercept=intercept),
                               expected.cov_params(), rtol=1e-9, atol=1e-18)
    some = sm.WLS(y, sm.add_constant(X[:, [2, 0]]), weights=w).fit(cov_type=cov)
    np.testing.assert_allclose(moments.robust_cov([2, 0], cov=cov), some.cov_params(), rtol=1e-9)


def two_pass(X, y, w):
    """HC0 about the means, then at 0: the slow twin"""
    fit = Moments.of(X, y, weights=w).fit()
    root = np.sqrt(w)[:, None]
    mean = (w[:, None] * X).sum(0) / w.sum()
    D = np.column_stack([np.ones(len(X)), X - mean])
    inverse = np.linalg.inv((root * D).T @ (root * D))
    level = (w * y).sum() / w.sum()
    e = (y - level) - (X - mean) @ fit.params[1:]
    V = inverse @ (D.T @ ((w * e)[:, None] ** 2 * D)) @ inverse
    back = np.eye(len(V))
    back[0, 1:] = -mean
    return back @ V @ back.T


@pytest.mark.parametrize("offset", [0, 1e6])
def test_pieces_in_any_order_and_rows_that_go(rng, offset):
    X, y = uneven_rows(rng, 400, offset=offset)
    w = rng.uniform(0.5, 2, 400)
    pieces = [Moments.of(X[at], y[at], weights=w[at], robust=True)
              for at in np.split(rng.permutation(400), [10, 150, 151, 300])]
    expected = two_pass(X, y, w)
    np.testing.assert_allclose(sum(pieces).robust_cov(cov="HC0"), expected, rtol=1e-8)
    state = Moments(robust=True)
    for start in range(0, 400, 40):
        state.update(X[start:start + 40], y[start:start + 40], weights=w[start:start + 40])
    np.testing.assert_allclose(state.robust_cov(cov="HC0"), expected, rtol=1e-8)
    left = state - Moments.of(X[:100], y[:100], weights=w[:100], robust=True)
    np.testing.assert_allclose(left.robust_cov(cov="HC0"), two_pass(X[100:], y[100:], w[100:]),
                               rtol=1e-7)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(left)).robust_cov(),
                                  left.robust_cov())
    state.decay(0.25)
    state.update(X[:50], y[:50])
    np.testing.assert_allclose(
        state.robust_cov(cov="HC0"),
        two_pass(np.r_[X, X[:50]], np.r_[y, y[:50]], np.r_[w / 4, np.ones(50)]), rtol=1e-8)


def test_large_integers(rng):
    base = 1_700_000_000_000_000_000
    steps = rng.integers(0, 10**6, (100, 2))
    y = 2 * steps[:, 0] - steps[:, 1] + rng.integers(-9000, 9000, 100)
    found = Moments.of(base + steps, base + y, robust=True).robust_cov()
    expected = Moments.of(steps, y, robust=True).robust_cov()
    np.testing.assert_allclose(found[1:, 1:], expected[1:, 1:], rtol=1e-9)


def test_several_targets_and_columns_that_are_left_out(rng):
    X, y = uneven_rows(rng)
    both = Moments.of(X, np.stack([y, y[::-1]], 1), robust=True).robust_cov()
    assert both.shape == (2, 4, 4)
    for target, one in enumerate((y, y[::-1])):
        np.testing.assert_allclose(both[target], Moments.of(X, one, robust=True).robust_cov(),
                                   rtol=1e-9, atol=1e-18)
    with pytest.warns(RankWarning):
        more = Moments.of(np.column_stack([X[:, 0], X]), y, robust=True).robust_cov()
    assert np.isnan(more[2]).all() and np.isnan(more[:, 2]).all()
    kept = [0, 1, 3, 4]
    np.testing.assert_allclose(more[np.ix_(kept, kept)],
                               Moments.of(X, y, robust=True).robust_cov(), rtol=1e-9, atol=1e-18)


def test_what_is_not_there(rng):
    X, y = uneven_rows(rng, 20)
    robust = Moments.of(X, y, robust=True)
    message = "these moments do not keep what robust covariances need: make them with robust=True"
    for plain in (Moments.of(X, y), robust + Moments.of(X, y)):
        with raises(ValueError, message):
            plain.robust_cov()
    with raises(ValueError, "cov must be one of HC0, HC1, as other estimators need the rows, "
                            "got 'HC3'"):
        robust.robust_cov(cov="HC3")
    gaps = Moments.of(X * math.nan, y, nan_policy="propagate", robust=True)
    assert np.isnan((gaps + robust).robust_cov()).all()
    X[3] = math.nan
    omitted = Moments.of(X, y, nan_policy="omit", robust=True).robust_cov()
    there = np.delete(np.arange(20), 3)
    np.testing.assert_allclose(
        omitted, Moments.of(X[there], y[there], robust=True).robust_cov(), rtol=1e-9)
