"""Robust standard errors against statsmodels, against exact arithmetic, and what is refused."""
import math

import numpy as np
import pytest
from exact_regression import exact_sandwich
from helpers import raises

from mathwork.regression import RankWarning, fit_line, fit_linear, fit_polynomial
from mathwork.regression.robust import KINDS

N = 80
TIGHT = {"rtol": 1e-9, "atol": 1e-14}


@pytest.fixture
def data(rng):
    X = np.column_stack([rng.uniform(1, 9, N), rng.normal(50, 3, N), rng.exponential(2, N)])
    y = 3 + X @ [1.0, -0.2, 0.4] + np.cumsum(rng.normal(size=N)) * X[:, 0] / 5
    return X, y, rng.uniform(0.3, 3, N), rng.integers(0, 9, N)


def theirs_of(model, cov, groups, maxlags):
    more = {"groups": groups} if cov == "cluster" else {"maxlags": maxlags} if cov == "HAC" else {}
    return model.fit(cov_type=cov, cov_kwds=more, use_t=True)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("cov", KINDS[1:])
def test_linear_fits_are_those_of_statsmodels(data, cov, intercept, weighted):
    sm = pytest.importorskip("statsmodels.api")
    pytest.importorskip("scipy")
    X, y, weights, groups = data
    model = sm.WLS(y, sm.add_constant(X) if intercept else X, weights if weighted else 1.0)
    theirs = theirs_of(model, cov, groups, 4)
    ours = fit_linear(X, y, intercept=intercept, weights=weights if weighted else None, cov=cov,
                      groups=groups if cov == "cluster" else None,
                      maxlags=4 if cov == "HAC" else None)
    for name in ("params", "bse", "tvalues", "pvalues", "rsquared", "llf", "aic"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), **TIGHT)
    np.testing.assert_allclose(ours.cov_params(), theirs.cov_params(), **TIGHT)
    np.testing.assert_allclose(ours.conf_int(), theirs.conf_int(), **TIGHT)
    # Without an intercept statsmodels tests all columns, too.
    np.testing.assert_allclose([ours.fvalue, ours.f_pvalue], [theirs.fvalue, theirs.f_pvalue],
                               **TIGHT)
    assert ours.cov_type == cov


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cov", KINDS[1:])
def test_lines_and_polynomials_are_those_of_statsmodels(data, cov, weighted):
    sm = pytest.importorskip("statsmodels.api")
    X, y, weights, groups = data
    x = X[:, 0]
    more = {"cov": cov, "groups": groups if cov == "cluster" else None,
            "maxlags": 3 if cov == "HAC" else None, "weights": weights if weighted else None}
    for degree, ours in ((1, fit_line(x, y, **more)), (3, fit_polynomial(x, y, 3, **more))):
        model = sm.WLS(y, np.vander(x, degree + 1, increasing=True), weights if weighted else 1.0)
        theirs = theirs_of(model, cov, groups, 3)
        np.testing.assert_allclose(ours.bse, theirs.bse, **TIGHT)
        np.testing.assert_allclose(ours.cov_params(), theirs.cov_params(), **TIGHT)
        np.testing.assert_allclose(ours.fvalue, theirs.fvalue, **TIGHT)


@pytest.mark.parametrize("cov", ["HC0", "HC2", "HC3", "cluster", "HAC"])
@pytest.mark.parametrize("shift, near", [(0, 1), (1e6, 1), (0, 1e-4), (1e3, 1e-5)])
def test_columns_far_from_zero_or_nearly_dependent_reach_the_exact_covariance(cov, shift, near,
                                                                              rng):
    """In fractions: the sums are exact, only the last root is rounded."""
    X = rng.normal(size=(20, 2))
    X[:, 1] = X[:, 0] + near * X[:, 1]
    X, groups = X + shift, rng.integers(0, 5, 20)
    y, weights = X @ [1, 2] + rng.normal(size=20), rng.uniform(0.5, 2, 20)
    fit = fit_linear(X, y, weights=weights, cov=cov, groups=groups if cov == "cluster" else None,
                     maxlags=2 if cov == "HAC" else None)
    exact = exact_sandwich(X, y, weights, cov, groups, 2)
    size = np.sqrt(np.diagonal(exact))
    # Each column that is scaled and centred; its condition is about 1 / near.
    bound = 2e-14 / near
    np.testing.assert_allclose(fit.bse, size, rtol=bound)
    assert abs((fit.cov_params() - exact) / np.outer(size, size)).max() < bound


@pytest.mark.every_level
@pytest.mark.parametrize("n", [5, 63, 64, 65, 600])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_kernel_and_the_rows_agree(kernels, n, weighted, rng):
    X, Y = rng.normal(size=(n, 3)) + 2, rng.normal(size=(n, 2))
    weights = rng.uniform(size=n) * (rng.uniform(size=n) < 0.9) if weighted else None
    if weighted:
        weights[:5] = 1
    for kind, cov in ((1, "HC0"), (2, "HC2"), (3, "HC3")):
        for scale in (1.0, 1e-150, 1e150):
            made = kernels.fit_rows(X, Y * scale, True, weights, -1.0, scores=kind)
            kept, centre, factor, scores = made._basis
            expected = fit_linear(X, Y * scale, weights=weights).with_cov(cov)
            if expected.df_resid > 0:
                np.testing.assert_allclose(factor @ scores @ factor.T, expected.cov_params(),
                                           rtol=1e-10, atol=0)
        np.testing.assert_array_equal(kept, range(3))
        np.testing.assert_allclose(centre[0], np.average(X, 0, weights), rtol=1e-14)


@pytest.mark.every_level
def test_levels_with_fused_products_give_the_same_bits(kernels, rng):
    X, y = rng.normal(size=(300, 5)), rng.normal(size=300)
    made = kernels.fit_rows(X, y, True, None, -1.0, scores=3)
    expected = fit_linear(X, y, cov="HC3")
    if kernels.level in ("v3", "v4"):
        finished = made._basis[2] @ made._basis[3][0] @ made._basis[2].T
        np.testing.assert_array_equal(finished, expected.cov_params())


def test_a_good_fit_keeps_the_digits_of_its_residuals(rng):
    X = rng.normal(size=(40, 2)) + 5
    noise = np.round(rng.normal(size=40) * 8) / 2**40          # exact beside X that is
    X = np.round(X * 256) / 256
    y = X @ [1.0, 2.0] + 3 + noise
    for cov in ("HC0", "HC3"):
        alone = fit_linear(X, noise, cov=cov)
        np.testing.assert_allclose(fit_linear(X, y, cov=cov).bse, alone.bse, rtol=1e-9)
        np.testing.assert_allclose(fit_line(X[:, 0], 3 + 2 * X[:, 0] + noise, cov=cov).bse,
                                   fit_line(X[:, 0], noise, cov=cov).bse, rtol=1e-9)


def test_polynomials_of_a_large_y_keep_the_digits_of_their_residuals(rng):
    x = rng.integers(0, 4096, 14).astype(float)
    small = x + rng.integers(-50, 50, 14)
    for offset in (0.0, 1e12, 1e15):
        y = small + offset                      # exact
        fit, expected = fit_polynomial(x, y, 1, cov="HC3"), fit_line(x, small, cov="HC3")
        np.testing.assert_allclose(fit.bse, expected.bse, rtol=1e-11)
        np.testing.assert_allclose(fit.resid, expected.resid, atol=1e-11)


def test_equal_variances_need_no_robust_errors(rng):
    """White, 1980: with one variance for all rows both estimate the same."""
    X = rng.normal(size=(200000, 2))
    y = X @ [1, 2] + rng.normal(size=200000)
    plain, robust = fit_linear(X, y), fit_linear(X, y, cov="HC1")
    np.testing.assert_allclose(robust.bse, plain.bse, rtol=0.01)


def test_rows_of_weight_zero_have_no_part(data):
    X, y, weights, groups = data
    out = np.arange(0, N, 7)
    weights = weights.copy()
    weights[out] = 0
    bad = X.copy()
    bad[out] = math.nan
    kept = weights > 0
    for cov in KINDS[1:-1]:
        more = {"cov": cov} | ({"groups": groups} if cov == "cluster" else {})
        less = {"cov": cov} | ({"groups": groups[kept]} if cov == "cluster" else {})
        for given in (X, bad):
            np.testing.assert_allclose(
                fit_linear(given, y, weights=weights, **more).bse,
                fit_linear(X[kept], y[kept], weights=weights[kept], **less).bse, rtol=1e-10)
            np.testing.assert_allclose(
                fit_line(given[:, 0], y, weights=weights, **more).bse,
                fit_line(X[kept, 0], y[kept], weights=weights[kept], **less).bse, rtol=1e-10)
    omitted = fit_linear(bad, y, nan_policy="omit", cov="HC1")
    np.testing.assert_allclose(omitted.bse, fit_linear(X[kept], y[kept], cov="HC1").bse, rtol=1e-10)


def test_a_gap_keeps_its_place_in_time(rng):
    """Parzen, "On spectral analysis with missing observations", Sankhya A 25, 1963: a row that is
    not there has a score of 0."""
    x, y = rng.normal(size=30), np.cumsum(rng.normal(size=30))
    weights = np.ones(30)
    weights[[4, 5, 20]] = 0
    fit = fit_line(x, y, weights=weights, cov="HAC", maxlags=2)
    there = weights > 0
    design = np.column_stack([np.ones(30), x]) * weights[:, None]
    u = design * (y - fit.intercept - fit.slope * x)[:, None]
    total = u.T @ u
    for lag in (1, 2):
        total += (1 - lag / 3) * (u[lag:].T @ u[:-lag] + u[:-lag].T @ u[lag:])
    bread = np.linalg.inv(design[there].T @ design[there])
    np.testing.assert_allclose(fit.cov_params(), bread @ total @ bread, rtol=1e-10)


def test_lags_are_chosen_by_the_number_of_rows(data):
    X, y, _, _ = data
    assert "Standard errors: HAC, 3 lags" in str(fit_linear(X, y, cov="HAC").summary())
    np.testing.assert_array_equal(fit_linear(X, y, cov="HAC").bse,
                                  fit_linear(X, y, cov="HAC", maxlags=3).bse)
    np.testing.assert_allclose(fit_linear(X, y, cov="HAC", maxlags=0).bse,
                               fit_linear(X, y, cov="HC0").bse, rtol=1e-12)
    assert np.isfinite(fit_linear(X, y, cov="HAC", maxlags=10 * N).bse).all()


def test_groups_may_be_labels_of_any_kind(data):
    X, y, _, groups = data
    expected = fit_linear(X, y, cov="cluster", groups=groups)
    assert expected._df == 8 and "cluster, 9 groups" in str(expected.summary())
    for labels in (groups.astype(str), [f"g{g}" for g in groups],
                   [(frozenset(), 2, "a", 2.5, "b", 7, 8, 9, True)[g] for g in groups],
                   np.datetime64("2024-01-01") + groups, groups * 1.5):
        np.testing.assert_allclose(fit_linear(X, y, cov="cluster", groups=labels).bse,
                                   expected.bse, rtol=1e-14)
    each_alone = fit_linear(X, y, cov="cluster", groups=np.arange(N))
    np.testing.assert_allclose(each_alone.bse, fit_linear(X, y, cov="HC1").bse, rtol=1e-12)


@pytest.mark.parametrize("kind", ["objects", "floats", "dates", "pandas"])
def test_a_row_without_a_group(data, kind):
    """None, any NaN, NaT and pandas.NA are no group, and never one together"""
    X, y, weights, groups = data
    gaps = np.zeros(N, bool)
    gaps[[3, 4, 40]] = True
    labels = {"objects": groups.astype(object), "floats": groups + 0.5,
              "dates": np.datetime64("2024-01-01") + groups, "pandas": groups}[kind]
    if kind == "pandas":
        labels = pytest.importorskip("pandas").Series(labels).astype("Int64").where(~gaps)
    elif kind == "objects":
        labels[gaps] = [None, math.nan, np.float64("nan")]
    else:
        labels[gaps] = math.nan if kind == "floats" else np.datetime64("NaT")
    x = X[:, 0]
    message = ("groups must have a label for each row, rows 3 and 2 more have none; a fit with "
               "nan_policy='omit' leaves such rows out")
    for w in (None, weights):
        left = None if w is None else w[~gaps]
        for fit, of in ((fit_linear, X), (fit_line, x),
                        (lambda *rows, **more: fit_polynomial(*rows, 2, **more), x)):
            with raises(ValueError, message):
                fit(of, y, weights=w, cov="cluster", groups=labels)
            with raises(ValueError, message):
                fit(of, y, weights=w).with_cov("cluster", groups=labels)
            found = fit(of, y, weights=w, cov="cluster", groups=labels, nan_policy="omit")
            expected = fit(of[~gaps], y[~gaps], weights=left, cov="cluster", groups=groups[~gaps])
            assert found.n_omitted == 3 and found.nobs == N - 3
            np.testing.assert_allclose(found.bse, expected.bse, rtol=1e-12)
            unknown = fit(of, y, weights=w, cov="cluster", groups=labels, nan_policy="propagate")
            assert unknown.status == 3 and np.isnan(unknown.bse).all()
            # a row of weight 0 needs no label
            zero = np.where(gaps, 0.0, 1.0 if w is None else w)
            np.testing.assert_allclose(fit(of, y, weights=zero, cov="cluster", groups=labels).bse,
                                       expected.bse, rtol=1e-12)
            again = fit(of, y, weights=zero).with_cov("cluster", groups=labels)
            np.testing.assert_allclose(again.bse, expected.bse, rtol=1e-12)
    stack = fit_line(x, np.stack([y, y + x]), cov="cluster", groups=labels, nan_policy="omit")
    assert stack.n_omitted.tolist() == [3, 3]
    np.testing.assert_allclose(stack.stderr[0], fit_line(
        x[~gaps], y[~gaps], cov="cluster", groups=groups[~gaps]).stderr, rtol=1e-12)


def test_rows_of_a_stack_have_their_own_groups():
    x, y = np.arange(6.0), np.array([1.0, 2, 4, 3, 7, 5])
    stack = np.stack([y, y, y])
    stack[1, :2] = stack[2, :4] = math.nan
    groups = [1, 1, 2, 2, 3, 3]
    found = fit_line(x, stack, nan_policy="omit", cov="cluster", groups=groups)
    alone = [fit_line(x, each, nan_policy="omit", cov="cluster", groups=groups)
             for each in stack[:2]]
    np.testing.assert_allclose(found.stderr[:2], [fit.stderr for fit in alone], rtol=1e-12)
    np.testing.assert_allclose(found.conf_int()[:, :2],
                               np.stack([fit.conf_int() for fit in alone], axis=1), rtol=1e-10)
    assert math.isnan(found.stderr[2])          # one group is left
    weights = np.where(np.isnan(stack), 0.0, 1.0)
    again = fit_line(x, np.stack([y] * 3), weights=weights, cov="cluster", groups=groups)
    np.testing.assert_allclose(again.stderr, found.stderr, rtol=1e-12)
    empty = fit_line(np.zeros((0, 6)), np.zeros((0, 6)), cov="cluster", groups=groups,
                     nan_policy="omit")
    assert empty.stderr.shape == (0,)


def test_no_labels_and_parts_of_labels(data):
    X, y, _, groups = data
    unknown = fit_linear(X, y, cov="cluster", groups=[None] * N, nan_policy="propagate")
    assert np.isnan(unknown.bse).all()
    labels = [*zip(groups.tolist(), "ab" * (N // 2), strict=True)]
    whole = fit_linear(X, y, cov="cluster", groups=labels)
    numbers = fit_linear(X, y, cov="cluster", groups=2 * groups + np.arange(N) % 2)
    np.testing.assert_allclose(whole.bse, numbers.bse, rtol=1e-12)
    for gap in (None, (None, "a"), (math.nan, "b"), (1, np.datetime64("NaT"))):
        with raises(ValueError, "groups must have a label for each row, row 1 has none; a fit with "
                                "nan_policy='omit' leaves such rows out"):
            fit_linear(X, y, cov="cluster", groups=[labels[0], gap, *labels[2:]])


def test_fewer_groups_than_slopes_have_no_f(data):
    X, y, _, groups = data
    fit = fit_linear(X, y, cov="cluster", groups=groups % 3)
    assert np.isfinite(fit.bse).all() and math.isnan(fit.fvalue)
    assert np.isfinite(fit.f_test("X[0], X[1]").statistic)


def test_a_row_that_decides_a_parameter_alone():
    X = np.zeros((6, 2))
    X[:, 0], X[5, 1] = [1, 2, 3, 4, 5, 6], 1
    y = [1, 3, 2, 5, 4, 9]
    assert np.isfinite(fit_linear(X, y, cov="HC1").bse).all()
    for cov in ("HC2", "HC3"):
        assert np.isnan(fit_linear(X, y, cov=cov).bse).any()
        assert np.isnan(fit_linear(X, y).with_cov(cov).bse).any()


def test_perfect_fits_constant_y_and_no_freedom(rng):
    X = rng.integers(0, 9, (12, 2)).astype(float)
    for y in (X @ [1, 2] + 3, np.full(12, 7.0)):
        for cov in KINDS[1:]:
            more = {"groups": np.arange(12) % 4} if cov == "cluster" else {}
            assert (fit_linear(X, y, cov=cov, **more).bse <= 1e-14).all()
    assert np.isnan(fit_linear(X[:3], [1.0, 2, 4], cov="HC0").bse).all()
    nothing = fit_linear(X, np.full(12, math.nan), nan_policy="propagate", cov="HC1")
    assert nothing.status == 3 and np.isnan(nothing.bse).all()
    with pytest.warns(RankWarning):
        assert fit_linear(np.ones((4, 1)), [1.0, 2, 3, 5], cov="HC1").bse[0] > 0


def test_what_is_refused(data):
    X, y, _, groups = data
    x = X[:, 0]
    for fit in (lambda **more: fit_linear(X, y, **more), lambda **more: fit_line(x, y, **more),
                lambda **more: fit_polynomial(x, y, 2, **more),
                lambda **more: fit_line(x, y).with_cov(**{"cov": "nonrobust"} | more)):
        for wrong in ("hc1", None, 3, ["HC1"]):
            with raises(ValueError, "cov must be one of nonrobust, HC0, HC1, HC2, HC3, cluster, "
                                    f"HAC, got {wrong!r}"):
                fit(cov=wrong)
        with raises(TypeError, "groups must be given with cov='cluster', and only with it, got "
                               "cov='cluster' and groups missing"):
            fit(cov="cluster")
        with raises(TypeError, "groups must be given with cov='cluster', and only with it, got "
                               "cov='HC1' and groups given"):
            fit(cov="HC1", groups=groups)
        with raises(TypeError, "maxlags must be given only with cov='HAC', got cov='HC1'"):
            fit(cov="HC1", maxlags=3)
        with raises(ValueError, "maxlags must be at least 0, got -1"):
            fit(cov="HAC", maxlags=-1)
        with raises(ValueError, f"groups must have shape ({N},), one label a row, got (79,)"):
            fit(cov="cluster", groups=groups[1:])
        with raises(ValueError, "groups must be at least 2 for cov='cluster', got 1"):
            fit(cov="cluster", groups=np.zeros(N))
    with raises(TypeError, "groups must be given with cov='cluster', and only with it, got "
                           "cov='nonrobust' and groups given"):
        fit_linear(X, y, groups=groups)


def test_a_stack_of_many_axes(data):
    X, y, _, groups = data
    many = y.reshape((1,) * 60 + (2, N // 2))
    for cov in KINDS[1:]:
        more = {"groups": groups[:N // 2]} if cov == "cluster" else {}
        found = fit_line(X[:N // 2, 0], many, cov=cov, **more).stderr
        rows = fit_line(X[:N // 2, 0], y.reshape(2, -1), cov=cov, **more).stderr
        assert found.ravel().tolist() == rows.tolist()
