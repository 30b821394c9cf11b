"""The Statistical Reference Datasets of NIST for linear regression, where they are present.

The data are NIST's (public domain). The least digits are limit X of the file LRE.md beside
them, what an exact solution of the stored float64 design has, less 0.3.
"""
from pathlib import Path

import numpy as np
import pytest
from exact_regression import as_linear_fit, digits, exact_bse, exact_fit, powers

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "nist-strd"

# name: (degree of a polynomial in x or None, limit X of the coefficients)
SETS = {"Norris": (None, 14.1), "Pontius": (2, 13.5), "NoInt1": (None, 14.7),
        "NoInt2": (None, 15.0), "Longley": (None, 14.6), "Filip": (10, 7.6),
        "Wampler1": (5, 15.0), "Wampler2": (5, 13.2), "Wampler3": (5, 15.0),
        "Wampler4": (5, 15.0), "Wampler5": (5, 15.0)}
LEAST_DIGITS_OF_ERRORS = {"Filip": 7.3}
OTHER_DIGITS = 12.6

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(),
                                reason="NIST's files are not in ../shared/nist-strd")
every_set = pytest.mark.parametrize("name", SETS)
both_ways = pytest.mark.parametrize("way", ["cholesky", "reflections"])


def read(name):
    """(X, y, intercept, certified (coefficient, standard error), certified R^2 and F)"""
    lines = (FOLDER / f"{name}.dat").read_text().splitlines()
    certified, tail = [], {}
    for fields in map(str.split, lines[30:60]):
        if len(fields) == 3 and fields[0][0] == "B" and fields[0][1:].isdigit():
            certified.append([float(fields[1]), float(fields[2])])
        elif fields[:1] == ["R-Squared"]:
            tail["rsquared"] = float(fields[1])
        elif fields[:1] == ["Regression"]:
            tail["fvalue"] = fields[-1]
        elif fields[:1] == ["Residual"] and len(fields) == 4:
            tail["ssr"] = float(fields[2])
    rows = np.array([list(map(float, line.split())) for line in lines[60:] if line.strip()])
    degree = SETS[name][0]
    X = rows[:, 1:] if degree is None else powers(rows[:, 1], degree)
    return X, rows[:, 0], not name.startswith("NoInt"), np.array(certified), tail


def fit_of(kernels, name, way):
    X, y, intercept, *_ = read(name)
    return as_linear_fit(kernels.fit_rows(X, y, intercept, None, -1, way)), X, y, intercept


@every_set
@both_ways
def test_reaches_the_limit_of_the_stored_design(kernels, name, way):
    fit, _, _, _ = fit_of(kernels, name, way)
    certified = read(name)[3]
    assert digits(fit.params, certified[:, 0]) >= SETS[name][1] - 0.3
    assert digits(fit.bse, certified[:, 1]) >= LEAST_DIGITS_OF_ERRORS.get(name, OTHER_DIGITS)
    assert fit.status == 0 and fit.rank == len(certified)


@every_set
@both_ways
def test_is_the_exact_solution_of_the_stored_design(kernels, name, way):
    fit, X, y, intercept = fit_of(kernels, name, way)
    params, inverse, ssr = exact_fit(X, y, intercept)
    assert digits(fit.params, params) >= 15
    assert digits(fit.ssr, [ssr]) >= 14
    assert digits(fit.bse, exact_bse(inverse, ssr, fit.df_resid)) >= 13.5


@every_set
def test_goodness_of_fit_is_as_certified(kernels, name):
    fit, _, _, _ = fit_of(kernels, name, "any")
    certified = read(name)[4]
    least = LEAST_DIGITS_OF_ERRORS.get(name, OTHER_DIGITS)
    assert digits(fit.rsquared, certified["rsquared"]) >= least
    if certified["fvalue"] == "Infinity":
        assert fit.fvalue > 1e20
    else:
        assert digits(fit.fvalue, float(certified["fvalue"])) >= least
        assert digits(fit.ssr, certified["ssr"]) >= least


@every_set
def test_which_way_is_gone(kernels, name):
    X, y, intercept, *_ = read(name)
    fit = kernels.fit_rows(X, y, intercept, None, -1, "any")
    assert fit._way == ("reflections" if name == "Filip" else "cholesky")
