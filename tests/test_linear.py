"""fit_linear: exact answers, statsmodels, weights, dependent columns, and what is not a design."""
import copy
import itertools
import pickle
import re
import warnings
from fractions import Fraction

import numpy as np
import pytest
from arrays import LAYOUTS, guarded
from exact_regression import as_linear_fit, digits, exact_bse, exact_fit, powers
from helpers import names_kernels, raises, run_python, same_bits
from test_bits import fused_kernels

from mathwork.regression import LinearFit, Moments, RankWarning, fit_line, fit_linear

WAYS = ("any", "cholesky", "reflections")
both_ways = pytest.mark.parametrize("way", WAYS[1:])
FIELDS = ("params", "bse", "tvalues", "rsquared", "rsquared_adj", "fvalue", "ssr", "df_resid",
          "nobs", "rank", "status")


def fit_at(kernels, X, y, way="any", *, intercept=True, weights=None, rank_tol=-1):
    return as_linear_fit(kernels.fit_rows(X, y, intercept, weights, rank_tol, way))


def design(rng, n=60, p=3, noise=0.3):
    """(X, y): normal columns, a known plane, and noise"""
    X = rng.standard_normal((n, p))
    return X, X @ np.arange(1, p + 1) + 4 + noise * rng.standard_normal(n)


# ---- exact answers ----

def test_points_of_a_plane_give_the_plane(kernels):
    X = np.array(list(itertools.product(range(4), range(3))), float)
    fit = fit_at(kernels, X, 2 + 3 * X[:, 0] - 5 * X[:, 1])
    assert fit.params.tolist() == [2, 3, -5]
    assert fit.ssr == 0 and fit.rsquared == 1 and fit.fvalue == np.inf
    assert fit.bse.tolist() == [0, 0, 0]


@both_ways
@pytest.mark.parametrize("noise", [0, 100, 10_000_000])
def test_polynomial_of_integers_as_wampler_posed_it(kernels, rng, way, noise):
    # Wampler, "A report of the accuracy of some widely used least squares computer programs",
    # Journal of the American Statistical Association 65, 1970: y = 1 + x + ... + x^5, x = 0..20.
    X = powers(np.arange(21), 5)
    y = 1 + X.sum(axis=1) + noise * rng.integers(-9, 10, 21)
    params, inverse, ssr = exact_fit(X, y)
    fit = fit_at(kernels, X, y, way)
    assert digits(fit.params, params) >= 15
    assert digits(fit.ssr, [ssr]) >= 14
    assert digits(fit.bse, exact_bse(inverse, ssr, fit.df_resid)) >= 14


@both_ways
def test_economic_series_of_large_integers_that_move_together(kernels, rng, way):
    trend = np.arange(16)
    X = np.column_stack([
        83_0 + 20 * trend + rng.integers(0, 9, 16), 234_289 + 21_000 * trend
        + rng.integers(0, 3000, 16), 107_608 + 1_400 * trend + rng.integers(0, 40, 16),
        1947 + trend]).astype(float)
    y = 60_323 + 700.0 * trend + rng.integers(0, 900, 16)
    params, inverse, ssr = exact_fit(X, y)
    fit = fit_at(kernels, X, y, way)
    assert digits(fit.params, params) >= 15
    assert digits(fit.bse, exact_bse(inverse, ssr, fit.df_resid)) >= 14


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("distance", [1, 1e-4, 1e-8, 1e-11])
def test_nearly_collinear_columns_reach_the_exact_solution(kernels, rng, way, intercept,
                                                           weighted, distance):
    X, y = design(rng, 30, 3)
    X[:, 2] = X[:, 0] - X[:, 1] + distance * X[:, 2]
    weights = rng.uniform(0.5, 2, 30) if weighted else None
    params, inverse, ssr = exact_fit(X, y, intercept, weights)
    fit = fit_at(kernels, X, y, way, intercept=intercept, weights=weights)
    assert digits(fit.params, params) >= 15
    assert digits(fit.bse, exact_bse(inverse, ssr, fit.df_resid)) >= 13.7


@pytest.mark.parametrize("offset", [1e6, 1e9, 1.7e9])
def test_an_offset_costs_no_digits(kernels, rng, offset):
    X, y = design(rng, 40, 2)
    X[:, 0] += offset
    params, inverse, ssr = exact_fit(X, y + offset)
    fit = fit_at(kernels, X, y + offset)
    assert digits(fit.params, params) >= 15
    assert digits(fit.bse, exact_bse(inverse, ssr, fit.df_resid)) >= 13.5


def exact_goodness(X, y, weights=None):
    """(R^2, F) of a fit with an intercept, as Fractions"""
    w = [Fraction(1) if weights is None else Fraction(float(weights[i])) for i in range(len(y))]
    targets = [Fraction(float(t)) for t in y]
    mean = sum(map(lambda v, t: v * t, w, targets)) / sum(w)
    total = sum(v * (t - mean)**2 for v, t in zip(w, targets, strict=True))
    ssr = exact_fit(X, y, True, weights)[2]
    n, p = X.shape
    return 1 - ssr / total, (total - ssr) / p / (ssr / (n - p - 1))


@both_ways
@pytest.mark.parametrize("weights", [None, [1, 2, 1, 3, 0.7]])
def test_goodness_of_fit_of_y_at_an_offset(kernels, way, weights):
    X, y = np.arange(1, 6.0)[:, None], 1e15 + np.array([0, 1, 0, 1, 0.5])
    weights = None if weights is None else np.array(weights)
    rsquared, fvalue = exact_goodness(X, y, weights)
    fit = fit_at(kernels, X, y, way, weights=weights)
    assert digits(fit.rsquared, [rsquared]) >= 14.5
    assert digits(fit.fvalue, [fvalue]) >= 14.5


@both_ways
@pytest.mark.parametrize("offset", [0, 1e4, 1e6, 1e9])
@pytest.mark.parametrize("weighted", [True, False])
def test_means_of_blocks_cost_no_digits_where_they_are_rounded(kernels, rng, way, offset,
                                                               weighted):
    # Several blocks, whose means differ by as much as the columns spread.
    X = (np.arange(700) >= 350)[:, None] + rng.random((700, 1)) + offset
    y = 0.1 * X[:, 0] + rng.standard_normal(700) + offset
    weights = rng.uniform(0.5, 2, 700) if weighted else None
    _, inverse, ssr = exact_fit(X, y, True, weights)
    rsquared, fvalue = exact_goodness(X, y, weights)
    fit = fit_at(kernels, X, y, way, weights=weights)
    assert digits(fit.bse, exact_bse(inverse, ssr, fit.df_resid)) >= 13.5
    assert digits(fit.rsquared, [rsquared]) >= 13.5
    assert digits(fit.fvalue, [fvalue]) >= 13.5


@both_ways
def test_f_of_one_column_is_t_squared_however_little_it_explains(kernels, rng, way):
    X, y = rng.standard_normal((20_000, 1)), rng.standard_normal(20_000)
    y -= X[:, 0] * fit_linear(X, y).params[1] * 0.999
    fit = fit_at(kernels, X, y, way)
    assert fit.rsquared < 1e-8
    assert fit.fvalue == pytest.approx(fit.tvalues[1]**2, rel=1e-13)
    assert fit.rsquared == pytest.approx(fit.fvalue / (fit.fvalue + fit.df_resid), rel=1e-13)


@both_ways
@pytest.mark.parametrize("distance", [1e-4, 1e-8, 1e-11])
def test_goodness_of_fit_by_nearly_collinear_columns(kernels, rng, way, distance):
    X, _ = design(rng, 30, 3)
    X[:, 2] = X[:, 0] - X[:, 1] + distance * X[:, 2]
    y = rng.standard_normal(30)
    rsquared, fvalue = exact_goodness(X, y)
    fit = fit_at(kernels, X, y, way)
    assert digits(fit.rsquared, [rsquared]) >= 13.5
    assert digits(fit.fvalue, [fvalue]) >= 13.5


def test_a_column_of_ten_million_does_not_drown_one_of_one(kernels, rng):
    X = rng.standard_normal((200, 2)) * [1e7, 1]
    y = 3 * X[:, 1] + 0.1 * rng.standard_normal(200)
    fit = fit_at(kernels, X, y)
    assert fit.params[2] == pytest.approx(3, abs=0.05)
    assert digits(fit.params, exact_fit(X, y)[0]) >= 15


@both_ways
@pytest.mark.parametrize("scales", [(1e-300, 1e300), (1e-160, 1), (1, 1e200), (1e-306, 1)])
def test_huge_and_tiny_columns_together(kernels, rng, way, scales):
    X = rng.integers(-9, 10, (30, 2)).astype(float)
    y = X @ [1, 2] + rng.integers(-3, 4, 30)
    plain, scaled = fit_at(kernels, X, y, way), fit_at(kernels, X * scales, y, way)
    np.testing.assert_allclose(scaled.params[1:] * scales, plain.params[1:], rtol=1e-10)
    np.testing.assert_allclose(scaled.bse[1:] * scales, plain.bse[1:], rtol=1e-10)
    np.testing.assert_allclose(scaled.ssr, plain.ssr, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e-120, 1e120, 1e150])
def test_scale_of_y(kernels, rng, scale):
    X, y = design(rng)
    plain, scaled = fit_at(kernels, X, y), fit_at(kernels, X, y * scale)
    np.testing.assert_allclose(scaled.params / scale, plain.params, rtol=1e-13)
    np.testing.assert_allclose(scaled.bse / scale, plain.bse, rtol=1e-13)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e-162, 1e-158, 1e155, 1e200, 1e307])
def test_what_has_no_unit_does_not_see_the_scale_of_y(kernels, scale, intercept):
    # The sum of squares itself is then infinite or 0.
    X, y = np.array([[1.0], [2], [3], [4]]), np.array([1.0, 3, 2, 4])
    plain = fit_at(kernels, X, y, intercept=intercept)
    fit = fit_at(kernels, X, y * scale, intercept=intercept)
    for name in ("tvalues", "rsquared", "rsquared_adj", "fvalue"):
        np.testing.assert_allclose(getattr(fit, name), getattr(plain, name), rtol=1e-12)
    np.testing.assert_allclose(fit.bse, plain.bse * scale, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-310, 1e-300, 1e300, 1e307])
def test_x_and_y_of_one_extreme_scale(kernels, scale):
    X, y = np.array([[1.0], [2], [3], [4]]), np.array([1.0, 3, 2, 4])
    plain, fit = fit_at(kernels, X, y), fit_at(kernels, X * scale, y * scale)
    np.testing.assert_allclose(fit.params, plain.params * [scale, 1], rtol=1e-12)
    np.testing.assert_allclose(fit.bse, plain.bse * [scale, 1], rtol=1e-12)
    np.testing.assert_allclose(fit.cov_params()[1], plain.cov_params()[1] * [scale, 1],
                               rtol=1e-12)


def test_nothing_warns_of_numbers_that_float64_has_no_room_for():
    X, y = np.array([[1.0], [2], [3], [4]]), np.array([1.0, 3, 2, 4])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scale_x in (1e-310, 1, 1e307):
            for scale_y in (1e-310, 1, 1e307):
                fit = fit_linear(X * scale_x, y * scale_y)
                for name in (*FIELDS, "scale", "resid", "fittedvalues"):
                    getattr(fit, name)
                fit.cov_params()
                assert fit.rsquared == pytest.approx(0.64, rel=1e-12)


@pytest.mark.parametrize("n", [4, 5, 7, 8, 9, 127, 128, 129, 1000])
def test_numbers_of_rows_around_a_block(kernels, rng, n):
    X, y = design(rng, n, 3)
    params, inverse, ssr = exact_fit(X, y)
    for way in WAYS:
        fit = fit_at(kernels, X, y, way)
        assert digits(fit.params, params) >= 14.9
        if n > 4:
            assert digits(fit.ssr, [ssr]) >= 13.9
            assert digits(fit.bse, exact_bse(inverse, ssr, n - 4)) >= 13.5


@pytest.mark.parametrize("p", [0, 1, 2, 3, 4, 5, 8, 9, 17, 40])
@pytest.mark.parametrize("intercept", [True, False])
def test_numbers_of_columns(kernels, rng, p, intercept):
    if p == 0 and not intercept:
        pytest.skip("nothing to fit")
    X = rng.standard_normal((150, p))
    y = X.sum(axis=1) + 1 + rng.standard_normal(150)
    A = np.column_stack([np.ones(150), X]) if intercept else X
    expected = np.linalg.lstsq(A, y)[0]
    for way in WAYS:
        fit = fit_at(kernels, X, y, way, intercept=intercept)
        np.testing.assert_allclose(fit.params, expected, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(fit.cov_params(), fit.scale * np.linalg.inv(A.T @ A),
                                   rtol=1e-9, atol=1e-12)


@both_ways
def test_levels_with_fused_multiply_add_agree_to_the_bit(way, rng):
    X, y = design(rng, 700, 6)
    X[:, 5] = X[:, 4] + 1e-5 * X[:, 5]
    fits = [fit_at(kernels, X, y, way) for kernels in fused_kernels().values()]
    for fit in fits[1:]:
        for name in ("params", "bse"):
            assert same_bits(getattr(fit, name), getattr(fits[0], name))
        assert fit.ssr == fits[0].ssr


# ---- statsmodels ----

def test_agrees_with_statsmodels_on_500_designs(rng):
    sm = pytest.importorskip("statsmodels.api")
    for _ in range(500):
        p = int(rng.integers(1, 8))
        n = int(rng.integers(p + 5, 80))
        X = (rng.standard_normal((n, p)) + rng.normal(0, 1, p)) * 10.0 ** rng.integers(-2, 3, p)
        y = X @ (rng.standard_normal(p) / np.std(X, axis=0)) + rng.standard_normal(n)
        assert_agrees(fit_linear(X, y), sm.OLS(y, sm.add_constant(X, has_constant="add")).fit())


def test_agrees_with_statsmodels_without_intercept(rng):
    sm = pytest.importorskip("statsmodels.api")
    for _ in range(50):
        X, y = design(rng, 40, 3)
        assert_agrees(fit_linear(X, y, intercept=False), sm.OLS(y, X).fit())


def test_agrees_with_statsmodels_weighted(rng):
    sm = pytest.importorskip("statsmodels.api")
    for _ in range(50):
        X, y = design(rng, 40, 3)
        weights = rng.uniform(0.1, 5, 40)
        assert_agrees(fit_linear(X, y, weights=weights),
                      sm.WLS(y, sm.add_constant(X), weights=weights).fit())


def assert_agrees(fit, theirs):
    names = ("params", "bse", "tvalues", "pvalues", "rsquared", "rsquared_adj", "fvalue",
             "f_pvalue", "ssr", "df_resid", "df_model", "nobs", "resid", "fittedvalues", "scale")
    for name in names:
        np.testing.assert_allclose(getattr(fit, name), getattr(theirs, name), rtol=1e-9,
                                   atol=1e-8 if name in ("resid", "fittedvalues") else 0,
                                   err_msg=name)
    np.testing.assert_allclose(fit.conf_int(), theirs.conf_int(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(fit.conf_int(0.01), theirs.conf_int(0.01), rtol=1e-9, atol=1e-12)
    sizes = np.outer(fit.bse, fit.bse)
    np.testing.assert_allclose(fit.cov_params() / sizes, theirs.cov_params() / sizes, atol=1e-9)


# ---- what is computed from the fit ----

def test_without_intercept_sums_of_squares_are_about_zero(rng):
    X, y = design(rng)
    fit = fit_linear(X, y, intercept=False)
    assert fit.rsquared == pytest.approx(1 - fit.ssr / (y @ y), rel=1e-13)
    assert fit.rsquared_adj == pytest.approx(1 - (fit.ssr / 57) / (y @ y / 60), rel=1e-13)
    assert fit.fvalue == pytest.approx((y @ y - fit.ssr) / 3 / fit.scale, rel=1e-13)


def test_fields_are_python_numbers_for_one_target(rng):
    fit = fit_linear(*design(rng))
    for name in ("rsquared", "rsquared_adj", "fvalue", "f_pvalue", "ssr", "scale"):
        assert type(getattr(fit, name)) is float
    for name in ("nobs", "rank", "df_resid", "df_model", "status"):
        assert type(getattr(fit, name)) is int
    assert fit.intercept is True


def test_several_targets_are_as_one_at_a_time(rng):
    X, y = design(rng)
    Y = np.column_stack([y, rng.standard_normal(60), 2 * X[:, 0] + 1, np.full(60, 0.1)])
    fit = fit_linear(X, Y)
    assert fit.params.shape == fit.bse.shape == (4, 4) and fit.conf_int().shape == (4, 4, 2)
    assert fit.cov_params().shape == (4, 4, 4) and fit.resid.shape == (60, 4)
    for t in range(4):
        one = fit_linear(X, Y[:, t])
        np.testing.assert_allclose(fit.params[:, t], one.params, rtol=1e-15, atol=1e-25)
        np.testing.assert_allclose(fit.ssr[t], one.ssr, rtol=1e-14, atol=1e-40)
        for name in ("rsquared", "rsquared_adj", "bse"):
            np.testing.assert_allclose(getattr(fit, name)[..., t], getattr(one, name), rtol=1e-13,
                                       atol=1e-18)
        if t < 2:
            for name in ("tvalues", "pvalues", "fvalue", "f_pvalue", "resid"):
                np.testing.assert_allclose(getattr(fit, name)[..., t], getattr(one, name),
                                           rtol=1e-11)
    assert fit_linear(X, y[:, None]).params.shape == (4, 1)


def test_memory_of_many_targets_is_that_of_one_each():
    pytest.importorskip("resource")
    code = """
import resource
import numpy as np
from mathwork.regression import fit_linear
X, Y = np.random.default_rng(0).normal(size=(2, 60, 6000))
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
early = peak()
fit_linear(X[:, :3], Y)
print(peak() - early)
"""
    status, out, err = run_python(code)
    assert (status, err) == (0, "")
    growth = int(out)
    # All products of all targets are 288 MB; bytes on macOS, else kB.
    assert growth < 50_000_000 if growth > 1_000_000 else growth < 50_000


def test_predicts(rng):
    X, y = design(rng)
    fit, rows = fit_linear(X, y), rng.standard_normal((7, 3))
    np.testing.assert_allclose(fit.predict(rows), fit.params[0] + rows @ fit.params[1:],
                               rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(fit.predict(X) + fit.resid, y, rtol=1e-14)
    assert fit.predict(np.empty((0, 3))).shape == (0,)
    assert fit_linear(X, np.column_stack([y, y])).predict(rows).shape == (7, 2)
    with raises(ValueError, "X must have shape (m, 3) as the fit has, got (3,)"):
        fit.predict(rows[0])


def test_residuals_keep_their_digits_where_all_is_explained():
    X = powers(np.arange(21), 5)
    y = 1 + X.sum(axis=1)
    y[7] += 2.0 ** -20
    params = [Fraction(value) for value in fit_linear(X, y).params]
    exact = [Fraction(t) - params[0] - sum(map(lambda a, b: Fraction(a) * b, row, params[1:]))
             for row, t in zip(X, y, strict=True)]
    assert digits(fit_linear(X, y).resid, exact) >= 12


def test_pickles_as_the_public_class(rng):
    fit = fit_linear(*design(rng))
    again = pickle.loads(pickle.dumps(fit))
    assert type(again) is LinearFit and not names_kernels(pickle.dumps(fit))
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(again, name), getattr(fit, name))
    with raises(ValueError, "this fit has no rows for residuals: it came from moments or a pickle"):
        again.resid  # noqa: B018
    carrying = fit.with_data()
    for copied in (pickle.loads(pickle.dumps(carrying)), copy.copy(fit), copy.deepcopy(fit)):
        np.testing.assert_array_equal(copied.resid, fit.resid)
    assert pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(carrying)))).resid.any()


def test_a_pickle_is_small_and_a_deep_copy_has_its_own_rows(rng):
    X, y = design(rng, 10_000)
    fit = fit_linear(X, y)
    assert len(pickle.dumps(fit)) < 2000 < 8 * X.size < len(pickle.dumps(fit.with_data()))
    again = copy.deepcopy(fit)
    before = again.resid
    X += 1
    np.testing.assert_array_equal(again.resid, before)


def test_weights_that_are_not_known(rng):
    X, y = design(rng)
    w = rng.uniform(1, 2, len(y))
    w[4], y[4], y[6] = np.nan, np.nan, np.inf
    with raises(ValueError, "weights must be finite and not negative, got nan in row 4"):
        fit_linear(X, y, weights=w)
    fit = fit_linear(X, y, weights=w, nan_policy="omit")
    there = np.delete(np.arange(len(y)), [4, 6])
    assert fit.n_omitted == 2
    np.testing.assert_allclose(fit.params, fit_linear(X[there], y[there], weights=w[there]).params,
                               rtol=1e-14)
    y[4] = y[6] = 1
    fit = fit_linear(X, y, weights=w, nan_policy="propagate")
    assert fit.status == 3 and np.isnan(fit.params).all()


def test_is_immutable(rng):
    X, y = design(rng)
    fit = fit_linear(X, y)
    for name in ("params", "ssr", "anything"):
        with pytest.raises(AttributeError):
            setattr(fit, name, 1)
    several = fit_linear(X, np.column_stack([y, y]))
    for one in (fit, pickle.loads(pickle.dumps(fit)), several,
                pickle.loads(pickle.dumps(several))):
        for name in ("params", "bse", "ssr", "rsquared", "fvalue", "_correlation"):
            if isinstance(part := getattr(one, name), np.ndarray):
                with raises(ValueError, "assignment destination is read-only"):
                    part[...] = 99


def test_conf_int_for_a_tiny_alpha():
    pytest.importorskip("scipy")
    fit = fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4])
    for alpha in (1e-20, 1e-12, 0.05):
        # The distribution function for two degrees of freedom, 1/2 + t / 2 / sqrt(2 + t^2), solved.
        tail = alpha / 2
        t = (1 - alpha) / np.sqrt(2 * tail * (1 - tail))
        np.testing.assert_allclose(fit.conf_int(alpha)[:, 1], fit.params + t * fit.bse, rtol=1e-9)


def test_conf_int_wants_a_probability(rng):
    with raises(ValueError, "alpha must be above 0 and below 1, got 95"):
        fit_linear(*design(rng)).conf_int(95)


# ---- weights ----

def test_rows_of_weight_zero_are_left_out(kernels, rng):
    X, y = design(rng, 300)
    weights = rng.integers(0, 3, 300).astype(float)
    X[weights == 0], y[np.flatnonzero(weights == 0)[0]] = np.nan, np.inf
    keep = weights > 0
    for way in WAYS:
        fit = fit_at(kernels, X, y, way, weights=weights)
        without = fit_at(kernels, X[keep], y[keep], way, weights=weights[keep])
        assert fit.nobs == keep.sum()
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(fit, name), getattr(without, name))


def test_whole_weights_repeat_rows(kernels, rng):
    X, y = design(rng, 50)
    weights = rng.integers(1, 4, 50)
    fit = fit_at(kernels, X, y, weights=weights.astype(float))
    repeated = fit_at(kernels, np.repeat(X, weights, axis=0), np.repeat(y, weights))
    assert digits(fit.params, repeated.params) >= 14.9
    assert digits(fit.ssr, [repeated.ssr]) >= 14
    np.testing.assert_allclose(fit.cov_params() / fit.scale,
                               repeated.cov_params() / repeated.scale, rtol=1e-12)


@pytest.mark.parametrize("weight", [5e-324, 1e-312, 1e-200, 1e200, 1e308])
@pytest.mark.parametrize("intercept", [True, False])
def test_weights_of_one_extreme_scale(kernels, weight, intercept):
    X, y = np.arange(6.0)[:, None], np.array([1.0, 3, 2, 5, 4, 6])
    plain = fit_at(kernels, X, y, intercept=intercept)
    fit = fit_at(kernels, X, y, intercept=intercept, weights=np.full(6, weight))
    assert fit.status == 0
    for name in ("params", "bse", "tvalues", "rsquared", "rsquared_adj", "fvalue"):
        np.testing.assert_allclose(getattr(fit, name), getattr(plain, name), rtol=1e-13)
    np.testing.assert_allclose(fit.cov_params(), plain.cov_params(), rtol=1e-12)
    np.testing.assert_allclose(fit.ssr, plain.ssr * weight, rtol=1e-13, atol=1e-323)


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_refuses_weights(rng, wrong):
    X, y = design(rng)
    weights = np.ones(60)
    weights[5] = wrong
    with raises(ValueError, f"weights must be finite and not negative, got {wrong} in row 5"):
        fit_linear(X, y, weights=weights)


# ---- dependent columns ----

@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("offset", [0, 0.1, 1e6, 1e12])
def test_columns_that_depend_on_those_before_them(kernels, rng, way, offset):
    X = rng.standard_normal((50, 2)) + offset
    y = X @ [1, 2] + rng.standard_normal(50)
    with_more = np.column_stack([np.full(50, 0.1), X[:, 0], X[:, 0], 3 * X[:, 0] - 7, X[:, 1],
                                 X[:, 0] + X[:, 1], np.zeros(50)])
    fit, plain = fit_at(kernels, with_more, y, way), fit_at(kernels, X, y, way)
    assert np.isnan(fit.params).tolist() == [False, True, False, True, True, False, True, True]
    assert (fit.rank, fit.status, fit.df_resid, fit.nobs) == (3, 2, 47, 50)
    known = [0, 2, 5]
    np.testing.assert_allclose(fit.params[known], plain.params, rtol=1e-14)
    np.testing.assert_allclose(fit.bse[known], plain.bse, rtol=1e-13)
    np.testing.assert_allclose(fit.cov_params()[np.ix_(known, known)], plain.cov_params(),
                               rtol=1e-12)
    for name in ("ssr", "rsquared", "rsquared_adj", "fvalue"):
        np.testing.assert_allclose(getattr(fit, name), getattr(plain, name), rtol=1e-13)
    np.testing.assert_allclose(fit.predict(with_more), plain.predict(X), rtol=1e-13)
    assert np.isnan(fit.cov_params()[1]).all() and np.isnan(fit.bse[1])


@pytest.mark.parametrize("x", [
    1e15 + np.arange(10), 1e15 + np.arange(3), 9e15 + np.arange(10.0) // 5,
    0.3 + np.spacing(0.3) * np.array([0, 1, 0, 2, 1]),
    np.float32(1) + np.finfo(np.float32).eps * np.array([0, 1, 1], np.float32)])
def test_a_column_depends_on_the_intercept_if_it_is_constant_as_for_a_line(rng, x):
    y = rng.normal(size=len(x))
    line, (exact, inverse, ssr) = fit_line(x, y), exact_fit(x[:, None], y)
    bse = exact_bse(inverse, ssr, max(len(x) - 2, 1))
    for fit in (fit_linear(x[:, None], y), Moments.of(x[:, None], y).fit(),
                fit_linear(np.column_stack([rng.normal(size=len(x)), x]), y)):
        assert fit.status == 0
        if len(fit.params) == 2:
            np.testing.assert_allclose(fit.params, [line.intercept, line.slope], rtol=1e-13)
            np.testing.assert_allclose(fit.params, [float(b) for b in exact], rtol=1e-13)
            if len(x) > 2:
                np.testing.assert_allclose(fit.bse, bse, rtol=1e-13)
    for other in (x, 0.1 * x, 3 * x - 7):       # dependent but for rounding
        with pytest.warns(RankWarning):
            fit_linear(np.column_stack([x, other]), y)
        with pytest.warns(RankWarning):
            Moments.of(np.column_stack([x, other]), y).fit()
    for constant in (0.3, 1e15, 1e-300, 7.1):
        column = np.full((len(x), 1), constant)
        with raises(ValueError, f"x must vary, got {len(x)} points with x = {constant}"):
            fit_line(column[:, 0], y)
        for find in (fit_linear, lambda X, y: Moments.of(X, y).fit()):
            with pytest.warns(RankWarning):
                assert np.isnan(find(column, y).params[1])


def test_what_is_in_a_column_that_was_left_out_does_not_matter():
    with pytest.warns(RankWarning):
        fit = fit_linear([[1, 2], [2, 4], [3, 6], [4, 8]], [1, 3, 2, 4])
    rows = [[5, np.nan], [5, np.inf], [5, 1e308]]
    np.testing.assert_allclose(fit.predict(rows), 4.5, rtol=1e-15)
    np.testing.assert_allclose(fit.resid, [-0.3, 0.9, -0.9, 0.3], rtol=1e-14)


def test_warns_once_of_dependent_columns_where_it_was_called(rng):
    X, y = design(rng)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit_linear(np.column_stack([X, X[:, 1]]), y)
    assert [(w.category, w.filename) for w in caught] == [(RankWarning, __file__)]
    assert str(caught[0].message) == (
        "column 3 of X depends on those before it: its parameter is NaN")
    with pytest.warns(RankWarning, match="^columns 1, 2 of X depend on those before them: "
                                         "their parameters are NaN$"):
        fit_linear(np.column_stack([X[:, 0], X[:, 0], np.ones(60)]), y)


def test_a_constant_column_is_the_intercept_where_there_is_none_else(rng):
    X, y = design(rng)
    ones = np.column_stack([np.ones(60), X])
    fit, plain = fit_linear(ones, y, intercept=False), fit_linear(X, y)
    np.testing.assert_allclose(fit.params, plain.params, rtol=1e-14)
    np.testing.assert_allclose(fit.bse, plain.bse, rtol=1e-13)


def test_rank_tol_says_what_counts_as_dependent(rng):
    X, y = design(rng)
    X[:, 2] = X[:, 0] + 1e-6 * X[:, 2]
    assert fit_linear(X, y).rank == 4
    assert fit_linear(X, y, rank_tol=1e-8).rank == 4
    with pytest.warns(RankWarning):
        assert fit_linear(X, y, rank_tol=1e-5).rank == 3
    for wrong in (-1, np.nan):
        with raises(ValueError, f"rank_tol must not be negative, got {float(wrong)}"):
            fit_linear(X, y, rank_tol=wrong)


def test_wide_random_integer_designs_have_the_rank_they_have(kernels, rng):
    for _ in range(200):
        n, p, rank = 30, 6, int(rng.integers(1, 6))
        X = (rng.integers(-3, 4, (n, rank)) @ rng.integers(-3, 4, (rank, p))).astype(float)
        expected = np.linalg.matrix_rank(np.column_stack([np.ones(n), X]))
        assert fit_at(kernels, X, rng.standard_normal(n)).rank == expected


# ---- what is hardly a design ----

def test_no_degrees_of_freedom(kernels):
    fit = fit_at(kernels, np.array([[1.0], [3.0]]), np.array([2.0, 8.0]))
    assert fit.params.tolist() == [-1, 3] and fit.df_resid == 0
    assert np.isnan(fit.bse).all() and np.isnan(fit.scale)
    assert fit.rsquared == 1 and np.isnan(fit.rsquared_adj)


def test_one_row(kernels):
    fit = fit_at(kernels, np.empty((1, 0)), np.array([2.5]))
    assert fit.params.tolist() == [2.5] and fit.ssr == 0 and np.isnan(fit.bse[0])
    with raises(ValueError, "X must have at least 2 rows for 2 parameters, got 1"):
        fit_linear([[1.0]], [2.0])


@pytest.mark.parametrize("value", [0.0, 0.1, -1e9 / 3])
def test_constant_y(kernels, rng, value):
    X, _ = design(rng)
    for way in WAYS:
        fit = fit_at(kernels, X, np.full(60, value), way)
        assert fit.params.tolist() == [value, 0, 0, 0] and fit.ssr == 0
        assert np.isnan(fit.rsquared) and np.isnan(fit.fvalue)


def test_no_parameter_is_further_from_0_than_those_of_constant_y():
    pytest.importorskip("scipy")
    fit = fit_linear([[1], [2], [4]], [5, 5, 5])
    assert fit.tvalues[1] == 0 and fit.pvalues.tolist() == [0, 1]
    assert fit_linear([[1], [2], [4]], [[0, 5]] * 3).pvalues.tolist() == [[1, 0], [1, 1]]
    assert np.isnan(fit_linear([[1], [2]], [5, 5]).pvalues).all()       # no degrees of freedom


def test_constant_x(rng):
    with pytest.warns(RankWarning):
        fit = fit_linear(np.full((9, 1), 0.1), np.arange(9.0))
    assert fit.params[0] == 4 and np.isnan(fit.params[1])
    assert fit.rsquared == 0 and np.isnan(fit.fvalue)


def test_fewer_rows_than_parameters(rng):
    with raises(ValueError, "X must have at least 4 rows for 4 parameters, got 3"):
        fit_linear(rng.standard_normal((3, 3)), np.ones(3))
    with raises(ValueError, "X must have at least 4 rows for 4 parameters, got 3 that count"):
        fit_linear(rng.standard_normal((9, 3)), np.ones(9), weights=[1, 1, 1] + [0] * 6)
    with raises(ValueError, "X must have at least 3 rows for 3 parameters, got 0"):
        fit_linear(np.empty((0, 2)), [])


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["X", "y"])
@pytest.mark.parametrize("n", [20, 1000])
def test_not_finite(rng, wrong, where, n):
    X, y = design(rng, n)
    if where == "X":
        X[7, 1] = wrong
    else:
        y[7] = wrong
    message = "X and y must be finite, row 7 is not; nan_policy='omit' leaves such rows out"
    with raises(ValueError, message):
        fit_linear(X, y)
    with raises(ValueError, message):
        fit_linear(X, y, weights=np.ones(n))
    fit = fit_linear(X, y, nan_policy="omit")
    without = fit_linear(np.delete(X, 7, 0), np.delete(y, 7))
    np.testing.assert_allclose(fit.params, without.params, rtol=1e-15)
    assert (fit.nobs, fit.n_omitted, without.n_omitted) == (n - 1, 1, 0)
    assert fit.resid.shape == (n,) and repr(fit).endswith(f"nobs={n - 1}, n_omitted=1)")
    assert re.search("^omitted +1 ", str(fit.summary()), re.M)
    weights = rng.uniform(1, 2, n)
    np.testing.assert_allclose(
        fit_linear(X, y, nan_policy="omit", weights=weights).params,
        fit_linear(np.delete(X, 7, 0), np.delete(y, 7), weights=np.delete(weights, 7)).params,
        rtol=1e-15)
    fit = fit_linear(X, y, nan_policy="propagate")
    assert fit.status == 3
    for name in ("params", "bse", "ssr", "rsquared", "fvalue", "resid"):
        assert np.isnan(getattr(fit, name)).all()
    assert np.isnan(fit.predict(X)).all()


def test_omitting_may_leave_too_few():
    X = np.full((5, 1), np.nan)
    with raises(ValueError, "X must have at least 2 rows for 2 parameters, got 0 that count"):
        fit_linear(X, np.ones(5), nan_policy="omit")


@pytest.mark.parametrize(("X", "y", "kind", "message"), [
    (np.ones(3), np.ones(3), ValueError, "X must have shape (n, p), got (3,)"),
    (np.ones((3, 1)), np.ones((3, 1, 1)), ValueError,
     "y must have shape (n,) or (n, k), got (3, 1, 1)"),
    (np.ones((3, 1)), np.ones(4), ValueError,
     "y must have 3 rows, as X of shape (3, 1) has, got shape (4,)"),
    (np.ones((3, 1), object), np.ones(3), TypeError, "X must hold real numbers, got dtype object"),
    (np.ones((3, 1)), np.ones(3, complex), TypeError,
     "y must hold real numbers, got dtype complex128: take its .real, .imag or abs()"),
    (np.ones((3, 1)), ["a", "b", "c"], TypeError, "y must hold real numbers, got dtype <U1"),
    (np.ma.masked_array(np.ones((3, 1))), np.ones(3), TypeError,
     "X must be a plain array, got a masked array: fill or compress it first"),
    ([[1, 2], [3]], np.ones(2), ValueError, None),
])
def test_refuses(X, y, kind, message):
    with pytest.raises(kind) as info:
        fit_linear(X, y)
    assert message is None or str(info.value) == message


def test_refuses_other_arguments(rng):
    X, y = design(rng)
    with raises(ValueError, "nan_policy must be one of raise, omit, propagate, got 'drop'"):
        fit_linear(X, y, nan_policy="drop")
    with raises(ValueError, "weights must have shape (60,) to match X, got (3,)"):
        fit_linear(X, y, weights=np.ones(3))
    with raises(ValueError, "X must have a column, or an intercept, and y a target, got shapes "
                            "(60, 0) and (60,)"):
        fit_linear(X[:, :0], y, intercept=False)
    with pytest.raises(TypeError):
        fit_linear(X, y, False)


# ---- layouts and types ----

@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_gives_the_same_bits(rng, layout):
    X, y = design(rng, 300, 5)
    plain = fit_linear(X, y)
    kept = X.copy(), y.copy()
    other = fit_linear(LAYOUTS[layout](X), LAYOUTS[layout](y))
    for name in ("params", "bse", "resid"):
        assert same_bits(getattr(other, name), getattr(plain, name))
    assert same_bits(X, kept[0]) and same_bits(y, kept[1])


@pytest.mark.parametrize("type_", ["float16", "float32", "int8", "uint32", "bool"])
def test_other_types_are_their_float64_values(rng, type_):
    X = (rng.integers(0, 2, (80, 3)) if type_ == "bool"
         else rng.integers(0, 100, (80, 3))).astype(type_)
    y = rng.integers(0, 100, 80).astype(type_)
    plain = fit_linear(X.astype(float), y.astype(float))
    fit = fit_linear(X, y)
    assert fit.params.dtype == np.float64
    for name in ("params", "bse", "resid"):
        assert same_bits(getattr(fit, name), getattr(plain, name))


def test_a_long_double_beyond_float64_is_infinite():
    X, y = np.arange(4.0)[:, None], np.arange(4.0)
    far = np.full(4, np.finfo(np.longdouble).max)
    if far[0] > np.finfo(float).max:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for args in ((X, far), (far[:, None], y)):
                with raises(ValueError, "X and y must be finite, rows 0 and 3 more are not; "
                                        "nan_policy='omit' leaves such rows out"):
                    fit_linear(*args)
            with raises(ValueError, "weights must be finite and not negative, got inf in row 0"):
                fit_linear(X, y, weights=far)


def test_broadcast_rows(kernels):
    X = np.broadcast_to(np.arange(3.0), (9, 3))
    assert fit_at(kernels, X, np.arange(9.0)).rank == 1


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("p", [1, 3, 4, 5, 9])
def test_reads_nothing_beside_its_input(kernels, rng, side, p):
    X, y = design(rng, 131, p)
    for way in WAYS:
        fit = fit_at(kernels, guarded(X, side), guarded(y, side), way)
        assert same_bits(fit.params, fit_at(kernels, X, y, way).params)


def test_memory_does_not_grow_with_rows(rng):
    import tracemalloc

    X, y = design(rng, 20_000, 8)
    tracemalloc.start()
    try:
        fit_linear(X, y)
        assert tracemalloc.get_traced_memory()[1] < 20_000
    finally:
        tracemalloc.stop()

