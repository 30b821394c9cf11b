"""What all fits share, against statsmodels: tests, likelihood, influence, predictions."""
import copy
import math
import pickle

import numpy as np
import pytest
from helpers import raises

from mathwork.regression import LineFit, Moments, RankWarning, fit_line, fit_linear, fit_polynomial

sm = pytest.importorskip("statsmodels.api")
pytest.importorskip("scipy")

N = 60
TIGHT = {"rtol": 1e-9, "atol": 1e-12}


@pytest.fixture
def data(rng):
    """x, X, y and weights, uneven, with errors that grow with x."""
    x = rng.uniform(1, 9, N)
    X = np.column_stack([x, rng.normal(50, 3, N), x**2 / 5 + rng.normal(size=N)])
    y = 3 + X @ [1.0, -0.2, 0.4] + rng.normal(size=N) * (0.2 + 0.3 * x)
    return x, X, y, rng.uniform(0.3, 3, N)


def cases(data, weighted):
    """(our fit, with further arguments; the design of statsmodels; how predict takes rows)"""
    x, X, y, weights = data
    given = {"weights": weights} if weighted else {}
    w = weights if weighted else np.ones(N)
    powers = np.column_stack([np.ones(N), x, x**2, x**3])
    return [
        (lambda **more: fit_line(x, y, **given, **more), sm.WLS(y, powers[:, :2], w), x),
        (lambda **more: fit_linear(X, y, **given, **more), sm.WLS(y, sm.add_constant(X), w), X),
        (lambda **more: fit_linear(X, y, intercept=False, **given, **more), sm.WLS(y, X, w), X),
        (lambda **more: fit_polynomial(x, y, 3, **given, **more), sm.WLS(y, powers, w), x)]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("which", range(4))
def test_every_field_is_that_of_statsmodels(data, which, weighted):
    make, model, _ = cases(data, weighted)[which]
    ours, theirs = make(), model.fit()
    for mine, name in (("params", "params"), ("bse", "bse"), ("tvalues", "tvalues"),
                       ("pvalues", "pvalues"), ("rsquared", "rsquared"), ("ssr", "ssr"),
                       ("rsquared_adj", "rsquared_adj"), ("fvalue", "fvalue"),
                       ("f_pvalue", "f_pvalue"), ("scale", "scale"), ("llf", "llf"), ("aic", "aic"),
                       ("bic", "bic"), ("resid", "resid"), ("fittedvalues", "fittedvalues"),
                       ("nobs", "nobs"), ("df_model", "df_model"), ("df_resid", "df_resid"),
                       ("condition_number", "condition_number")):
        # Statsmodels takes the condition from X'X, which squares it.
        tolerance = {"rtol": 1e-7} if name == "condition_number" else TIGHT
        np.testing.assert_allclose(getattr(ours, mine), getattr(theirs, name), err_msg=mine,
                                   **tolerance)
    np.testing.assert_allclose(ours.conf_int(0.1), theirs.conf_int(0.1), **TIGHT)
    np.testing.assert_allclose(ours.cov_params(), theirs.cov_params(), **TIGHT)
    root = np.sqrt(model.weights)
    influence = sm.OLS(root * model.endog, root[:, None] * model.exog).fit().get_influence()
    np.testing.assert_allclose(ours.leverage, influence.hat_matrix_diag, **TIGHT)
    np.testing.assert_allclose(ours.cooks_distance, influence.cooks_distance[0], **TIGHT)


@pytest.mark.parametrize("cov", ["nonrobust", "HC1", "HAC"])
@pytest.mark.parametrize("which", range(4))
def test_predictions_and_tests_are_those_of_statsmodels(data, which, cov):
    make, model, rows = cases(data, True)[which]
    ours = make() if cov == "nonrobust" else make(cov=cov)
    theirs = model.fit() if cov == "nonrobust" else model.fit(
        cov_type=cov, use_t=True, cov_kwds={"maxlags": 3} if cov == "HAC" else {})
    design = model.exog[:5]
    expected = theirs.get_prediction(design, weights=1).summary_frame(alpha=0.1)
    mean = ours.predict(rows[:5], interval="mean", alpha=0.1)
    np.testing.assert_allclose(mean.y, expected["mean"], **TIGHT)
    np.testing.assert_allclose(ours.mean_stderr(rows[:5]), expected["mean_se"], **TIGHT)
    np.testing.assert_allclose(mean.lower, expected["mean_ci_lower"], **TIGHT)
    np.testing.assert_allclose(mean.upper, expected["mean_ci_upper"], **TIGHT)
    _, lower, upper = ours.predict(rows[:5], interval="observation", alpha=0.1)
    np.testing.assert_allclose(lower, expected["obs_ci_lower"], **TIGHT)
    np.testing.assert_allclose(upper, expected["obs_ci_upper"], **TIGHT)
    R = np.eye(len(ours.params))[-2:] + 0.25
    R[0, 0], value = -1, [0.5, 0.1]
    t, f = theirs.t_test((R, value)), theirs.f_test((R, value))
    mine = ours.t_test(R, value, alpha=0.1)
    for name, wanted in (("effect", t.effect), ("stderr", t.sd), ("tvalue", t.tvalue),
                         ("pvalue", t.pvalue)):
        np.testing.assert_allclose(getattr(mine, name), np.ravel(wanted), **TIGHT)
    np.testing.assert_allclose(np.stack([mine.lower, mine.upper], 1), t.conf_int(0.1), **TIGHT)
    mine = ours.f_test(R, value)
    np.testing.assert_allclose([mine.statistic, mine.pvalue, mine.df_num, mine.df_denom],
                               [f.fvalue, f.pvalue, f.df_num, f.df_denom], **TIGHT)
    wald = theirs.wald_test((R, value), use_f=False, scalar=True)
    mine = ours.wald_test(R, value)
    np.testing.assert_allclose([mine.statistic, mine.pvalue], [wald.statistic, wald.pvalue],
                               **TIGHT)
    assert math.isinf(mine.df_denom) and ours.wald_test(R, value, use_f=True) == ours.f_test(
        R, value)


def test_several_targets_and_lines_are_each_by_itself(data, rng):
    x, X, y, weights = data
    Y = np.column_stack([y, y**2, rng.normal(size=N)])
    all_targets = fit_linear(X, Y, weights=weights, cov="HC2")
    stack = fit_line(x, Y.T, weights=weights, cov="HC2")
    for t in range(3):
        for whole, alone, at in ((all_targets, fit_linear(X, Y[:, t], weights=weights, cov="HC2"),
                                  X[:4]),
                                 (stack, fit_line(x, Y[:, t], weights=weights, cov="HC2"), x[:4])):
            last = (lambda values, t=t: values[:, t]) if whole is all_targets else (
                lambda values, t=t: values[t])
            for name in ("llf", "aic", "bic", "ssr", "scale", "fvalue", "rsquared_adj"):
                np.testing.assert_allclose(getattr(whole, name)[t], getattr(alone, name), **TIGHT)
            for name in ("params", "bse", "tvalues", "pvalues"):
                np.testing.assert_allclose(getattr(whole, name)[:, t], getattr(alone, name),
                                           **TIGHT)
            for name in ("resid", "fittedvalues", "cooks_distance"):
                np.testing.assert_allclose(last(getattr(whole, name)), getattr(alone, name),
                                           **TIGHT)
            np.testing.assert_allclose(whole.cov_params()[t], alone.cov_params(), **TIGHT)
            np.testing.assert_allclose(whole.conf_int()[:, t], alone.conf_int(), **TIGHT)
            np.testing.assert_allclose(last(whole.mean_stderr(at)), alone.mean_stderr(at), **TIGHT)
            for mine, wanted in zip(whole.predict(at, interval="observation"),
                                    alone.predict(at, interval="observation"), strict=True):
                np.testing.assert_allclose(last(mine), wanted, **TIGHT)
            R = np.eye(len(alone.params))[1:]
            np.testing.assert_allclose(whole.t_test(R).pvalue[:, t], alone.t_test(R).pvalue,
                                       **TIGHT)
            np.testing.assert_allclose(whole.f_test(R).pvalue[t], alone.f_test(R).pvalue, **TIGHT)
    at_five = fit_line(x, Y.T).predict(5.0, interval="mean")
    assert at_five.y.shape == at_five.lower.shape == (3,)
    assert isinstance(fit_line(x, y).predict(5.0, interval="mean").upper, float)
    assert isinstance(fit_polynomial(x, y, 2).mean_stderr(5.0), float)


def test_a_column_that_is_left_out_changes_nothing(data):
    _, X, y, weights = data
    full = fit_linear(X, y, weights=weights, cov="HC3")
    with pytest.warns(RankWarning):
        more = fit_linear(np.column_stack([X[:, :2], X[:, 0] + X[:, 1], X[:, 2]]), y,
                          weights=weights, cov="HC3")
    kept = [0, 1, 2, 4]
    assert np.isnan(more.bse[3]) and np.isnan(more.t_test("X[2]").pvalue).all()
    np.testing.assert_allclose(more.bse[kept], full.bse, **TIGHT)
    np.testing.assert_allclose(more.fvalue, full.fvalue, **TIGHT)
    for name in ("leverage", "cooks_distance", "llf", "condition_number"):
        np.testing.assert_allclose(getattr(more, name), getattr(full, name), **TIGHT)
    np.testing.assert_allclose(more.t_test("X[0] - 2 * X[3]").stderr,
                               full.t_test("X[0] - 2 X[2]").stderr, **TIGHT)


def test_text_of_restrictions(data):
    x, X, y, _ = data
    fit = fit_linear(X, y)
    R, value = [[0, 1, -2, 0], [1, 0, 0, 1.5]], [0.5, -1]
    for text in ("X[0] - 2*X[1] = .5, intercept + 3/2 X[2] = -1",
                 "X[0] = 2 X[1] + 1/2, -intercept = 1.5 * X[2] + 1",
                 "2 * (X[0] - 2 X[1]) / 2 - 0.5, 1 + intercept + X[2] * (3 / 2)",
                 ["X[0] - 2*X[1] = .5", "intercept + 3/2 X[2] = -1"]):
        assert fit.f_test(text) == pytest.approx(fit.f_test(R, value), rel=1e-12)
    np.testing.assert_array_equal(fit.t_test("X[2]").effect, fit.params[3:])
    cubic = fit_polynomial(x, y, 3)
    np.testing.assert_array_equal(cubic.t_test("x^2 = 1, intercept").effect, cubic.coef[[2, 0]])
    np.testing.assert_array_equal(fit_line(x, y).t_test("slope").effect, [fit_line(x, y).slope])


def test_restrictions_that_are_refused(data):
    fit = fit_linear(data[1], data[2])
    for text, reason in (("X[7] = 1", "X[7] is no parameter and no number"),
                         ("X[0] * X[1] = 1", "a product of parameters is not linear"),
                         ("1 / X[1]", "a quotient of parameters is not linear"),
                         ("X[0] = 1 = 2", "it has more than one ="),
                         ("1 = 1", "a restriction names no parameter"),
                         ("X[0] / 0", "float division by zero"),
                         ("X[0] +", "it is no sum of parameters"),
                         ("__import__('os')", "__import__('os') is no parameter and no number")):
        with raises(ValueError, "restrictions must be like 'X[2] = 2', of intercept, X[0], X[1], "
                                f"X[2], got {text!r}: {reason}"):
            fit.t_test(text)
    with raises(ValueError, "restrictions must have shape (4,) or (q, 4), one column a parameter, "
                            "got (3,)"):
        fit.f_test([1, 2, 3])
    with raises(ValueError, "restrictions must not follow from each other, got 2 that do"):
        fit.f_test([[0, 1, 0, 1], [0, 2, 0, 2]])
    with raises(ValueError, "value must be one number or 1, one a restriction, got shape (2,)"):
        fit.t_test([0, 1, 0, 0], [1, 2])
    with raises(ValueError, "interval must be one of mean, observation or None, got 'both'"):
        fit.predict(data[1], interval="both")


def test_pickles_keep_what_the_fit_knows(data):
    x, X, y, weights = data
    for fit, at in ((fit_line(x, y, weights=weights), x[:3]),
                    (fit_line(x, y, weights=weights, cov="HC3"), x[:3]),
                    (fit_linear(X, y, weights=weights, cov="HC3"), X[:3]),
                    (fit_polynomial(x, y, 2, weights=weights, cov="HC3"), x[:3])):
        again = pickle.loads(pickle.dumps(fit))
        assert again.cov_type == fit.cov_type and again.llf == fit.llf and again.aic == fit.aic
        for name in ("bse", "pvalues", "ssr"):
            np.testing.assert_array_equal(getattr(again, name), getattr(fit, name))
        np.testing.assert_array_equal(again.cov_params(), fit.cov_params())
        np.testing.assert_array_equal(again.predict(at, interval="mean"),
                                      fit.predict(at, interval="mean"))


def test_pickles_leave_points_behind_unless_asked(data):
    x, X, y, weights = data
    for fit in (fit_line(x, y, weights=weights), fit_linear(X, y, weights=weights),
                fit_polynomial(x, y, 2, weights=weights)):
        bare = pickle.loads(pickle.dumps(fit))
        for name in ("resid", "fittedvalues", "leverage", "cooks_distance"):
            with pytest.raises(ValueError, match=r"this fit has no (points|rows) for "):
                getattr(bare, name)
        with pytest.raises(ValueError, match=r"this fit has no (points|rows) for its inference"):
            bare.with_cov("HC1")
        assert len(pickle.dumps(fit)) < len(pickle.dumps(fit.with_data()))
        deep = copy.deepcopy(fit)
        for again in (pickle.loads(pickle.dumps(fit.with_data())), copy.copy(fit), deep):
            assert type(again) is type(fit)
            for name in ("resid", "fittedvalues", "leverage", "cooks_distance"):
                np.testing.assert_array_equal(getattr(again, name), getattr(fit, name))
            np.testing.assert_array_equal(again.with_cov("HC3").bse, fit.with_cov("HC3").bse)
    y[0] += 5                               # the deep copy has its own
    np.testing.assert_array_equal(deep.resid[0] + 5, fit.resid[0])


def test_a_line_that_was_not_fitted_has_what_its_fields_say():
    made = LineFit(1.0, 2.0, 0.5, 0.1, 0.2, 12)
    assert made.rsquared == 0.25 and made.fvalue == pytest.approx(100)
    assert made.conf_int().shape == (2, 2)
    for missing in (lambda: made.ssr, lambda: made.llf, lambda: made.resid,
                    lambda: made.mean_stderr(1.0), lambda: made.with_cov("HC1")):
        with pytest.raises(ValueError, match="this fit has no points for "):
            missing()


@pytest.mark.parametrize("intercept", [True, False])
def test_fits_of_moments_predict_with_intervals(data, intercept):
    _, X, y, weights = data
    X = X + 1e4
    whole = fit_linear(X[:, [2, 0]], y, weights=weights, intercept=intercept)
    fit = Moments.of(X, y, weights=weights).fit([2, 0], intercept=intercept)
    again = pickle.loads(pickle.dumps(fit))
    for name in ("y", "lower", "upper"):
        wanted = getattr(whole.predict(X[:5, [2, 0]], interval="observation"), name)
        for made in (fit, again):
            np.testing.assert_allclose(
                getattr(made.predict(X[:5, [2, 0]], interval="observation"), name), wanted,
                rtol=1e-8)
    np.testing.assert_allclose(fit.condition_number, whole.condition_number, rtol=1e-7)
    np.testing.assert_allclose(fit.f_test(np.eye(2 + intercept)[-2:]).pvalue,
                               whole.f_test(np.eye(2 + intercept)[-2:]).pvalue, rtol=1e-6)
    with raises(ValueError, "the log-likelihood needs the weights of the rows, which moments do "
                            "not keep"):
        _ = fit.llf


def test_what_a_fit_without_freedom_says():
    fit = fit_line([0.0, 1], [1.0, 3])
    assert math.isnan(fit.scale) and math.isnan(fit.rsquared_adj) and fit.df_resid == 0
    assert np.isnan(fit.predict(0.5, interval="mean")[1:]).all()
    assert np.isnan(fit_line([0.0, 1], [1.0, 3], cov="HC0").bse).all()
    fit = fit_line([[0.0, 1, np.nan], [0, 1, 2]], [1.0, 3, 2])
    assert np.isnan(fit.llf[0]) and np.isfinite(fit.llf[1])
