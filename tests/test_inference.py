"""p-values and quantiles against published tables and against mpmath's incomplete beta function."""
import math

import mpmath
import numpy as np
import pytest
from helpers import raises

from mathwork.regression.inference import (
    checked_alpha,
    f_pvalue,
    t_pvalue,
    t_quantile,
    t_statistic,
)

scipy = pytest.importorskip("scipy")


def t_tail(t, df):
    """Both tails of Student's t, by its relation to the incomplete beta function: Abramowitz and
    Stegun, Handbook of Mathematical Functions, 26.7.1"""
    with mpmath.workdps(40):
        t, df = mpmath.mpf(t), mpmath.mpf(df)
        return mpmath.betainc(df / 2, 0.5, 0, df / (df + t * t), regularized=True)


def f_tail(F, df_model, df_resid):
    """The same of F: 26.6.2"""
    with mpmath.workdps(40):
        x = df_resid / (df_resid + df_model * mpmath.mpf(F))
        return mpmath.betainc(mpmath.mpf(df_resid) / 2, mpmath.mpf(df_model) / 2, 0, x,
                              regularized=True)


# Two-sided 5 % and 1 % points of t: Fisher and Yates, Statistical Tables, table III.
@pytest.mark.parametrize("df, five, one", [(1, 12.706, 63.657), (5, 2.571, 4.032),
                                           (10, 2.228, 3.169), (30, 2.042, 2.750)])
def test_t_is_as_tabulated(df, five, one):
    assert t_quantile(0.025, df) == pytest.approx(five, abs=5.1e-4)
    assert t_quantile(0.005, df) == pytest.approx(one, abs=5.1e-4)
    assert t_pvalue(five, df) == pytest.approx(0.05, abs=1e-4)
    assert t_pvalue(-one, df) == pytest.approx(0.01, abs=1e-4)


@pytest.mark.parametrize("t, df", [(1e-8, 3), (0.5, 1), (1.2, 7), (6, 100), (40, 12), (2000, 11),
                                   (300, 2), (3, 1e6), (30, 5000)])
def test_tails_keep_their_digits(t, df):
    assert t_pvalue(t, df) == pytest.approx(float(t_tail(t, df)), rel=1e-12)
    assert t_pvalue(-t, df) == t_pvalue(t, df)
    assert f_pvalue(t * t, 1, df) == pytest.approx(float(t_tail(t, df)), rel=1e-12)


@pytest.mark.parametrize("F, df_model, df_resid", [(0.3, 4, 9), (2, 3, 30), (500, 6, 20),
                                                   (1e4, 2, 200)])
def test_f_is_the_incomplete_beta_function(F, df_model, df_resid):
    assert f_pvalue(F, df_model, df_resid) == pytest.approx(
        float(f_tail(F, df_model, df_resid)), rel=1e-12)


@pytest.mark.parametrize("df", [1, 2, 7.5, 1000])
def test_quantiles_invert_tails(df):
    tails = np.array([0.5, 0.4, 0.1, 0.025, 1e-4, 1e-8, 1e-15, 1e-30])
    np.testing.assert_allclose(t_pvalue(t_quantile(tails, df), df), 2 * tails, rtol=1e-9)


def test_a_zero_that_is_exact_is_no_evidence():
    assert t_statistic(3.0, 1.5) == 2 and t_statistic(0.0, 0.0) == 0 and t_statistic(1, 0) == np.inf
    assert math.isnan(t_statistic(0.0, math.nan))
    assert t_statistic(np.zeros((2, 3)), 0).tolist() == np.zeros((2, 3)).tolist()


def test_alpha_is_a_number_between_0_and_1():
    assert checked_alpha(np.float32(0.5)) == 0.5
    for wrong in (0, 1, -0.1, math.nan):
        with raises(ValueError, f"alpha must be above 0 and below 1, got {wrong!r}"):
            checked_alpha(wrong)
    for wrong in ("x", None, [0.1, 0.2]):
        with raises(TypeError, f"alpha must be a number, got {wrong!r}"):
            checked_alpha(wrong)


def test_limits_and_nan():
    assert t_pvalue(0, 5) == 1 and t_pvalue(math.inf, 5) == 0 and f_pvalue(math.inf, 2, 5) == 0
    assert f_pvalue(0, 2, 5) == 1
    for nothing in (t_pvalue(math.nan, 5), t_pvalue(1, math.nan), t_pvalue(1, 0),
                    t_pvalue(1, -1), f_pvalue(math.nan, 1, 2), f_pvalue(1, 0, 2),
                    f_pvalue(1, 2, 0), t_quantile(math.nan, 3), t_quantile(0.9, 0)):
        assert math.isnan(nothing)


def test_scalars_give_floats_and_arrays_broadcast():
    assert {type(t_pvalue(1, 2)), type(f_pvalue(1, 2, 3)), type(t_quantile(0.9, 2)),
            type(t_pvalue(np.float64(1), np.int64(2)))} == {float}
    found = t_pvalue([[1], [2]], np.array([3, 4, 5]))
    assert found.shape == (2, 3) and found[1, 2] == t_pvalue(2, 5)
    assert f_pvalue([1, 2], 3, 4).shape == t_quantile(0.9, [3, 4]).shape == (2,)


def test_without_scipy(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name="scipy")
    monkeypatch.setattr("mathwork._extras.import_module", missing)
    for call in (lambda: t_pvalue(1, 2), lambda: f_pvalue(1, 2, 3), lambda: t_quantile(0.9, 2)):
        with raises(ImportError, "to compute p-values and confidence intervals, mathwork needs "
                                 "scipy: pip install scipy"):
            call()
