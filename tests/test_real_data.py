"""Every field of a fit of the data sets that statsmodels and scikit-learn bring along, to 1e-9.

Where the two differ by more, exact arithmetic decides: see the last test.
"""
import importlib
import warnings

import numpy as np
import pytest
from exact_regression import exact_bse, exact_fit, exact_sandwich

from mathwork.regression import fit_linear

sm = pytest.importorskip("statsmodels.api")
sklearn_datasets = pytest.importorskip("sklearn.datasets")
pytest.importorskip("scipy")

OF_STATSMODELS = [
    "anes96", "cancer", "ccard", "committee", "copper", "cpunish", "engel", "fair", "grunfeld",
    "heart", "longley", "modechoice", "nile", "randhie", "scotland", "spector", "stackloss",
    "star98", "statecrime", "strikes", "sunspots"]
OF_SKLEARN = ["breast_cancer", "diabetes", "iris", "linnerud", "wine"]
FIELDS = ["params", "bse", "tvalues", "pvalues", "rsquared", "rsquared_adj", "fvalue", "f_pvalue",
          "ssr", "scale", "llf", "aic", "bic", "nobs", "df_model", "df_resid"]
# Sets whose columns are so nearly dependent that statsmodels has 8 digits of some robust error.
HARD = {"longley"}


def rows_of(name):
    """(X, y) of a data set, all its numbers"""
    if name in OF_SKLEARN:
        data = getattr(sklearn_datasets, f"load_{name}")()
        return data.data, np.asarray(data.target, float).reshape(len(data.data), -1)[:, 0]
    data = importlib.import_module(f"statsmodels.datasets.{name}").load_pandas()
    if name in ("nile", "sunspots"):        # a series: its trend
        return data.data.iloc[:, :1].to_numpy(float), data.data.iloc[:, 1].to_numpy(float)
    exog = data.exog.to_frame() if data.exog.ndim == 1 else data.exog.select_dtypes("number")
    return exog.to_numpy(float), np.asarray(data.endog, float).reshape(len(exog), -1)[:, 0]


def fits_of(name, cov, weighted=False):
    X, y = rows_of(name)
    weights = 0.5 + np.arange(len(y)) % 7 if weighted else None
    groups = np.arange(len(y)) // max(2, len(y) // 30)
    ours = fit_linear(X, y, weights=weights, cov=cov, groups=groups if cov == "cluster" else None,
                      maxlags=2 if cov == "HAC" else None)
    model = sm.WLS(y, sm.add_constant(X, has_constant="add"), 1.0 if weights is None else weights)
    more = {"groups": groups} if cov == "cluster" else {"maxlags": 2} if cov == "HAC" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")     # of ranks of covariances
        return ours, model.fit(cov_type=cov, cov_kwds=more, use_t=True) if cov != "nonrobust" else (
            model.fit()), (X, y, weights, groups)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", OF_STATSMODELS + OF_SKLEARN)
def test_every_field_agrees(name, weighted):
    ours, theirs, _ = fits_of(name, "nonrobust", weighted)
    rtol = 1e-9
    for field in FIELDS:
        np.testing.assert_allclose(getattr(ours, field), getattr(theirs, field), rtol=rtol,
                                   atol=1e-300, err_msg=field)
    y_size = np.abs(theirs.model.endog).max()
    for field in ("resid", "fittedvalues"):
        np.testing.assert_allclose(getattr(ours, field), getattr(theirs, field), rtol=rtol,
                                   atol=1e-9 * y_size, err_msg=field)
    root = np.sqrt(theirs.model.weights)
    influence = sm.OLS(root * theirs.model.endog, root[:, None] * theirs.model.exog
                       ).fit().get_influence()
    np.testing.assert_allclose(ours.leverage, influence.hat_matrix_diag, rtol=rtol, atol=1e-10)
    np.testing.assert_allclose(ours.cooks_distance, influence.cooks_distance[0], rtol=1e2 * rtol,
                               atol=1e-9)
    np.testing.assert_allclose(ours.conf_int(), theirs.conf_int(), rtol=rtol,
                               atol=1e-9 * np.abs(theirs.bse).min())


@pytest.mark.parametrize("cov", ["HC0", "HC1", "HC2", "HC3", "cluster", "HAC"])
@pytest.mark.parametrize("name", OF_STATSMODELS + OF_SKLEARN)
def test_robust_errors_agree(name, cov):
    ours, theirs, _ = fits_of(name, cov)
    rtol = 1e-7 if name in HARD else 1e-9
    for field in ("params", "bse", "tvalues"):
        np.testing.assert_allclose(getattr(ours, field), getattr(theirs, field), rtol=rtol,
                                   err_msg=field)


@pytest.mark.parametrize("name", sorted(HARD))
def test_where_statsmodels_has_fewer_digits_exact_arithmetic_agrees(name):
    ours, _, (X, y, _, groups) = fits_of(name, "nonrobust")
    params, inverse, ssr = exact_fit(X, y)
    np.testing.assert_allclose(ours.params, [float(each) for each in params], rtol=1e-15)
    np.testing.assert_allclose(ours.bse, exact_bse(inverse, ssr, ours.df_resid), rtol=1e-14)
    for cov in ("HC0", "HC2", "HC3", "cluster", "HAC"):
        ours, _, _ = fits_of(name, cov)
        exact = exact_sandwich(X, y, np.ones(len(y)), cov, groups, 2)
        np.testing.assert_allclose(ours.bse, np.sqrt(np.diagonal(exact)), rtol=1e-11)
