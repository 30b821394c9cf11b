"""Ridge regression against scikit-learn, its own definition, and exact arithmetic."""
import pickle

import numpy as np
import pytest
from exact_regression import exact_fit
from helpers import raises

from mathwork.regression import RidgeFit, fit_linear, fit_ridge

ALPHAS = [0.0, 1e-3, 1.0, 30.0, 1e6]


@pytest.fixture
def data(rng):
    X = rng.normal(size=(50, 4)) * [1, 10, 0.1, 3] + [5, 0, 100, -2]
    return X, X @ [1, 0.2, -3, 0] + rng.normal(size=50), rng.uniform(0.2, 3, 50)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_path_is_that_of_sklearn(data, intercept, weighted):
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y, weights = data
    weights = weights if weighted else None
    path = fit_ridge(X, y, alpha=ALPHAS, intercept=intercept, weights=weights)
    for at, alpha in enumerate(ALPHAS):
        theirs = linear_model.Ridge(alpha=alpha, fit_intercept=intercept, solver="svd").fit(
            X, y, sample_weight=weights)
        np.testing.assert_allclose(path.params[int(intercept):, at], theirs.coef_, rtol=1e-9,
                                   atol=1e-15)
        if intercept:
            np.testing.assert_allclose(path.params[0, at], theirs.intercept_, rtol=1e-9)
        np.testing.assert_allclose(path.predict(X[:5])[:, at], theirs.predict(X[:5]), rtol=1e-9)
        alone = fit_ridge(X, y, alpha=alpha, intercept=intercept, weights=weights)
        np.testing.assert_allclose(alone.params, path.params[:, at], rtol=1e-12)
        for name in ("df", "ssr", "rsquared", "gcv"):
            assert getattr(alone, name) == pytest.approx(getattr(path, name)[at], rel=1e-12)
        residual = y - theirs.predict(X)
        w = np.ones(50) if weights is None else weights
        assert alone.ssr == pytest.approx((w * residual**2).sum(), rel=1e-9)
        assert alone.rsquared == pytest.approx(
            1 - (w * residual**2).sum() / (w * (y - intercept * np.average(y, weights=w))**2).sum(),
            rel=1e-9)


def test_a_penalty_is_rows_that_want_zero(data):
    """Adding sqrt(alpha) I below the centred X is the same fit: exact normal equations."""
    X, y, _ = data
    X, y = X - X.mean(0), y - y.mean()
    for alpha in (0.25, 16.0):
        more = np.concatenate([X, np.sqrt(alpha) * np.eye(4)])
        params, _, _ = exact_fit(more, np.concatenate([y, np.zeros(4)]), intercept=False)
        found = fit_ridge(X, y, alpha=alpha, intercept=False).params
        np.testing.assert_allclose(found, [float(each) for each in params], rtol=1e-13)


def test_no_penalty_is_least_squares(data):
    X, y, weights = data
    plain, ridge = fit_linear(X, y, weights=weights), fit_ridge(X, y, alpha=0, weights=weights)
    np.testing.assert_allclose(ridge.params, plain.params, rtol=1e-11)
    assert ridge.df == pytest.approx(5) and ridge.ssr == pytest.approx(plain.ssr, rel=1e-12)
    assert ridge.rsquared == pytest.approx(plain.rsquared, rel=1e-12)


def test_effective_parameters_are_the_trace_of_the_hat_matrix(data):
    X, y, weights = data
    centred = X - np.average(X, 0, weights)
    gram = centred.T * weights @ centred
    for alpha in (0.5, 100.0):
        hat = np.linalg.solve(gram + alpha * np.eye(4), gram)
        fit = fit_ridge(X, y, alpha=alpha, weights=weights)
        assert fit.df == pytest.approx(1 + np.trace(hat), rel=1e-10)
        assert fit.gcv == pytest.approx(50 * fit.ssr / (50 - fit.df)**2)


def test_more_columns_than_rows_and_dependent_columns(rng):
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = rng.normal(size=(6, 10)), rng.normal(size=6)
    theirs = linear_model.Ridge(alpha=0.5, solver="svd").fit(X, y)
    np.testing.assert_allclose(fit_ridge(X, y, alpha=0.5).params[1:], theirs.coef_, rtol=1e-10)
    smallest = np.linalg.pinv(X) @ y
    np.testing.assert_allclose(fit_ridge(X, y, alpha=0, intercept=False).params, smallest,
                               rtol=1e-10)
    twice = np.column_stack([X[:, 0], X[:, 0]])
    one = fit_ridge(twice, y, alpha=0).params
    np.testing.assert_allclose(one[1:], fit_linear(X[:, :1], y).params[1] / 2, rtol=1e-12)
    np.testing.assert_array_equal(fit_ridge(np.ones((6, 2)), y, alpha=0).params[1:], 0)


@pytest.mark.parametrize("apart", [1e4, 1e8, 1e16, 1e150])
def test_columns_of_other_sizes_do_not_depend_on_each_other(rng, apart):
    sizes = np.array([apart, 1 / apart])
    X = rng.normal(size=(50, 2))
    y = X @ [1.0, 2.0] + rng.normal(size=50)
    expected = fit_linear(X, y).params
    for alpha, kind in ((0, lambda fit: fit.params), ([1e-300, 0], lambda fit: fit.params[:, 1])):
        found = kind(fit_ridge(X * sizes, y, alpha=alpha))
        np.testing.assert_allclose(found[1:] * sizes, expected[1:], rtol=1e-12)
    fit = fit_ridge(X * sizes, np.stack([y, 2 * y], axis=1), alpha=0)
    np.testing.assert_allclose(fit.params[1:, 1] * sizes, 2 * expected[1:], rtol=1e-12)
    assert fit.df == pytest.approx(3) and fit.ssr[0] == pytest.approx(fit_linear(X, y).ssr)


def test_several_targets_and_long_data(rng):
    X = rng.normal(size=(40000, 3)) + 1e6
    Y = rng.normal(size=(40000, 2)) + X[:, :2]
    both = fit_ridge(X, Y, alpha=3)
    assert both.params.shape == (4, 2) and both.predict(X[:7]).shape == (7, 2)
    centred = X - X.mean(0)
    expected = np.linalg.solve(centred.T @ centred + 3 * np.eye(3), centred.T @ (Y - Y.mean(0)))
    np.testing.assert_allclose(both.params[1:], expected, rtol=1e-8)
    np.testing.assert_allclose(both.params[:, 1], fit_ridge(X, Y[:, 1], alpha=3).params, rtol=1e-9)


def test_gaps_names_and_times(data):
    pandas = pytest.importorskip("pandas")
    X, y, weights = data
    gaps = X.copy()
    gaps[3, 1] = np.nan
    there = np.arange(50) != 3
    omitted = fit_ridge(gaps, y, nan_policy="omit", weights=weights)
    assert omitted.n_omitted == 1 and omitted.nobs == 49
    np.testing.assert_allclose(omitted.params,
                               fit_ridge(X[there], y[there], weights=weights[there]).params)
    assert np.isnan(fit_ridge(gaps, y, nan_policy="propagate").params).all()
    with raises(ValueError, "X and y must be finite, row 3 is not; nan_policy='omit' leaves such "
                            "rows out"):
        fit_ridge(gaps, y)
    frame = pandas.DataFrame(X, columns=list("abcd"))
    assert fit_ridge(frame, y).terms == ("intercept", "a", "b", "c", "d")
    times = (np.datetime64("2024-01-01", "ns") + np.arange(50) * np.timedelta64(1000, "ns"))
    fit = fit_ridge(times[:, None], y, alpha=0)
    near = fit_linear(np.arange(50)[:, None] * 1e-6, y)
    np.testing.assert_allclose(fit.params[1], near.params[1], rtol=1e-9)
    np.testing.assert_allclose(fit.predict(times[:, None]), near.fittedvalues, rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_numbers_whose_squares_leave_the_range(scale):
    x = np.arange(5.0)
    y = x + np.array([1, 0, 1, 0, 1])       # slope 1, SSR 6/5 of TSS 10 + 6/5
    fit = fit_ridge(x[:, None] * scale / 8, y * scale / 8, alpha=0)
    np.testing.assert_allclose(fit.params, [0.6 * scale / 8, 1], rtol=1e-14)
    assert fit.rsquared == pytest.approx(1 - 1.2 / 11.2, rel=1e-13) and fit.df == pytest.approx(2)


def test_weights_whose_sum_leaves_the_range():
    x, y = np.arange(5.0)[:, None], [1, 2, 3, 5, 9]
    for alpha in (0, 1):
        expected = fit_ridge(x, y, alpha=alpha).params
        fit = fit_ridge(x, y, weights=[1.5 * 2.0**1023] * 5, alpha=alpha * 1.5 * 2.0**1023)
        np.testing.assert_allclose(fit.params, expected, rtol=1e-13)


def test_no_rows():
    with raises(ValueError, "X must have at least 1 row that counts, got 0 rows in all"):
        fit_ridge(np.zeros((0, 2)), [])


def test_what_a_fit_is(data):
    X, y, _ = data
    fit = fit_ridge(X, y, alpha=[1, 2])
    again = pickle.loads(pickle.dumps(fit))
    assert type(again) is RidgeFit and repr(again) == repr(fit)
    with pytest.raises(AttributeError):
        fit.params = 3
    with raises(ValueError, "alpha must be finite and at least 0, got -1.0"):
        fit_ridge(X, y, alpha=[1, -1])
    with raises(ValueError, "alpha must be one number or have shape (a,), got (1, 1)"):
        fit_ridge(X, y, alpha=[[1]])
    with raises(ValueError, "alpha must be one number for several y, got shape (2,) and y of shape "
                            "(50, 2)"):
        fit_ridge(X, X[:, :2], alpha=[1, 2])
    with raises(ValueError, "X must have at least 1 row that counts, got 50 rows in all"):
        fit_ridge(X, y, weights=np.zeros(50))
    with raises(ValueError, "X must have shape (m, 4) as the fit has, got (2, 3)"):
        fit.predict(np.ones((2, 3)))
