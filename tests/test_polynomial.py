"""fit_polynomial: against exact arithmetic, NIST's sets, and itself in other words."""
import math
import pickle
import warnings
from fractions import Fraction

import numpy as np
import pytest
from arrays import LAYOUTS, guarded
from helpers import raises, run_python, same_bits
from test_nist import FOLDER, read

from mathwork._levels import regression as regression_kernels
from mathwork.regression import PolynomialFit, fit_polynomial

EPS = 2.0 ** -52


def exact_fit(x, y, degree, weights=None):
    """(coef, the inverse of the normal equations' matrix, ssr) in Fractions."""
    x, y = ([Fraction(float(value)) for value in values] for values in (x, y))
    w = [Fraction(1)] * len(x) if weights is None else [Fraction(float(v)) for v in weights]
    n = degree + 1
    moments = [sum(wi * xi ** k for wi, xi in zip(w, x, strict=True)) for k in range(2 * n - 1)]
    rows = [[moments[i + j] for j in range(n)] + [Fraction(int(i == j)) for j in range(n)]
            for i in range(n)]
    for c in range(n):      # Gauss-Jordan; the matrix is positive definite
        rows[c] = [value / rows[c][c] for value in rows[c]]
        for r in range(n):
            if r != c:
                rows[r] = [a - rows[r][c] * b for a, b in zip(rows[r], rows[c], strict=True)]
    inverse = [row[n:] for row in rows]
    right = [sum(wi * yi * xi ** k for wi, xi, yi in zip(w, x, y, strict=True)) for k in range(n)]
    coef = [sum(a * b for a, b in zip(row, right, strict=True)) for row in inverse]
    ssr = sum(wi * (yi - at(coef, xi)) ** 2 for wi, xi, yi in zip(w, x, y, strict=True))
    return coef, inverse, ssr


def at(coef, x):
    """A polynomial in Fractions"""
    value = Fraction(0)
    for c in reversed(coef):
        value = value * x + c
    return value


def close(found, expected, ulps=1):
    """Whether floats are Fractions rounded, off by so many units in the last place."""
    return all(abs(Fraction(float(f)) - e) <= abs(e) * Fraction(ulps * EPS)
               for f, e in zip(np.ravel(found), expected, strict=True))


def points(rng, kind, n):
    x = {"even": lambda: np.linspace(-1, 2, n),
         "random": lambda: rng.normal(size=n),
         "whole": lambda: np.arange(n, dtype=float),
         "offset": lambda: 1e6 + rng.uniform(size=n),
         "clock": lambda: 1.7e9 + np.arange(n) * 60.0,
         "skewed": lambda: np.exp(rng.normal(size=n, scale=3)),
         "repeated": lambda: np.repeat(rng.normal(size=-(-n // 3)), 3)[:n]}[kind]()
    return x, np.cos(np.arange(n)) + 0.1 * rng.normal(size=n)


KINDS = ["even", "random", "whole", "offset", "clock", "skewed", "repeated"]


# ---- exact arithmetic ----

@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5, 8])
@pytest.mark.parametrize("kind", KINDS)
def test_against_exact_arithmetic(rng, kind, degree):
    x, y = points(rng, kind, 40)
    fit = fit_polynomial(x, y, degree)
    coef, inverse, ssr = exact_fit(x, y, degree)
    variance = ssr / (40 - degree - 1)
    assert close(fit.coef, coef)
    assert close([fit.ssr], [ssr], 4)
    assert close(fit.bse ** 2, [variance * inverse[j][j] for j in range(degree + 1)], 16)
    assert close(fit.cov_params(), [variance * v for row in inverse for v in row], 16)
    assert (fit.nobs, fit.df_resid, fit.degree, fit.rank) == (40, 39 - degree, degree, degree + 1)
    mean = sum(map(Fraction, y.tolist())) / 40
    total = sum((Fraction(v) - mean) ** 2 for v in y.tolist())
    assert abs(fit.rsquared - (1 - ssr / total)) <= 2 * EPS


@pytest.mark.parametrize("kind", KINDS)
def test_weights_against_exact_arithmetic(rng, kind):
    x, y = points(rng, kind, 30)
    weights = rng.uniform(0.1, 10, 30)
    weights[[3, 17]] = 0
    fit = fit_polynomial(x, y, 3, weights=weights)
    coef, inverse, ssr = exact_fit(x, y, 3, weights)
    assert fit.nobs == 28 and fit.df_resid == 24
    assert close(fit.coef, coef)
    assert close([fit.ssr], [ssr], 4)
    assert close(fit.bse ** 2, [ssr / 24 * inverse[j][j] for j in range(4)], 16)
    kept = weights > 0
    dropped = fit_polynomial(x[kept], y[kept], 3, weights=weights[kept])
    assert close(fit.coef, map(Fraction, dropped.coef.tolist()))


@pytest.mark.parametrize("kind", KINDS)
def test_values_and_derivatives_against_exact_arithmetic(rng, kind):
    x, y = points(rng, kind, 30)
    degree = 4
    fit = fit_polynomial(x, y, degree)
    coef, inverse, ssr = exact_fit(x, y, degree)
    for where in (x, rng.uniform(x.min(), x.max(), 20)):
        exact = [Fraction(v) for v in where.tolist()]
        assert close(fit.predict(where), [at(coef, v) for v in exact])
        slopes = [k * c for k, c in enumerate(coef)][1:]
        assert close(fit.derivative(where), [at(slopes, v) for v in exact])
        bends = [k * c for k, c in enumerate(slopes)][1:]
        assert close(fit.derivative(where, order=2), [at(bends, v) for v in exact])
        variances = [sum(v ** (i + j) * inverse[i][j] for i in range(degree + 1)
                         for j in range(degree + 1)) * ssr / fit.df_resid for v in exact]
        assert close(fit.mean_stderr(where) ** 2, variances, 2000)


def precise_fit(x, y, degree):
    """exact_fit in 200 digits, which is quicker at high degrees."""
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(200):
        design = mpmath.matrix([[mpmath.mpf(v) ** k for k in range(degree + 1)] for v in x])
        inverse = (design.T * design) ** -1
        coef = inverse * (design.T * mpmath.matrix(y.tolist()))
        resid = mpmath.matrix(y.tolist()) - design * coef
        return [[_fraction(v) for v in values]
                for values in (coef, [inverse[j, j] for j in range(degree + 1)],
                               [sum(r ** 2 for r in resid)])]


def _fraction(number):
    sign, mantissa, exponent, _ = number._mpf_
    return (-1) ** sign * int(mantissa) * Fraction(2) ** exponent


@pytest.mark.parametrize("degree", [12, 20, 30])
def test_high_degrees(degree):
    x = np.linspace(0, 1, degree + 10)
    y = np.sin(40 * x * x)
    fit = fit_polynomial(x, y, degree)
    coef, variances, ssr = precise_fit(x, y, degree)
    assert close(fit.coef, coef, 4)
    assert close(fit.bse ** 2, [ssr[0] / 9 * v for v in variances], 1000)


def test_interpolation():
    # 31 even points and degree 30, where a float64 design matrix of powers has no digits.
    x = np.linspace(-3, 4, 31)
    y = np.cos(x)
    fit = fit_polynomial(x, y, 30)
    assert same_bits(fit.predict(x), y)
    assert fit.df_resid == 0 and np.isnan(fit.bse).all()
    assert fit.rsquared == 1
    # The last coefficients are 1e-33 of what they are made of.
    assert close(fit.coef, precise_fit(x, y, 30)[0], 2000)


def test_polynomials_come_back():
    x = np.arange(-10, 11)
    coef = np.array([7, 0, -3, 1, 0, 2])
    fit = fit_polynomial(x, sum(c * x ** k for k, c in enumerate(coef)), 5)
    assert fit.coef.tolist() == coef.tolist()
    assert fit.ssr == 0 and fit.rsquared == 1 and fit.fvalue == math.inf


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1.0, 1e100, 1e300])
def test_scales(scale):
    x, y = np.arange(10.0), np.cos(np.arange(10.0))
    plain = fit_polynomial(x, y, 2)
    of_y = fit_polynomial(x, y * scale, 2)
    assert np.allclose(of_y.coef / scale, plain.coef, rtol=4 * EPS, atol=0)
    assert np.allclose(of_y.bse / scale, plain.bse, rtol=4 * EPS, atol=0)
    of_x = fit_polynomial(x * scale, y, 1)
    assert np.allclose(of_x.coef * [1, scale], fit_polynomial(x, y, 1).coef, rtol=4 * EPS, atol=0)
    of_weights = fit_polynomial(x, y, 2, weights=np.full(10, scale))
    for fit in (of_y, of_weights):
        assert math.isclose(fit.rsquared, plain.rsquared, rel_tol=100 * EPS)
        assert math.isclose(fit.fvalue, plain.fvalue, rel_tol=100 * EPS)
    assert np.allclose(of_weights.bse, plain.bse, rtol=4 * EPS, atol=0)


# ---- NIST ----

# The digits of limit x of LRE.md: what an exact solution for the stored float64 x has.
NIST = {"Norris": (1, 14.1), "Pontius": (2, 13.5), "Filip": (10, 14.0), "Wampler1": (5, 15.0),
        "Wampler2": (5, 13.2), "Wampler3": (5, 15.0), "Wampler4": (5, 15.0), "Wampler5": (5, 15.0)}


def digits(found, certified):
    """The least log relative error, where a value is 0 the log error; at most 15."""
    found, certified = np.atleast_1d(found), np.atleast_1d(certified)
    error = np.abs(found - certified) / np.where(certified == 0, 1, np.abs(certified))
    return 15.0 if error.max() < 1e-15 else -math.log10(error.max())


@pytest.mark.skipif(not FOLDER.is_dir(), reason="NIST's files are not in ../shared/nist-strd")
@pytest.mark.parametrize("name", NIST)
def test_nist(name):
    X, y, _, certified, tail = read(name)
    degree, limit = NIST[name]
    fit = fit_polynomial(X[:, 0], y, degree)
    assert digits(fit.coef, certified[:, 0]) >= limit - 0.3
    assert digits(fit.bse, certified[:, 1]) >= 12.6
    assert digits(fit.rsquared, tail["rsquared"]) >= 13.5
    if tail["fvalue"] == "Infinity":
        assert fit.fvalue > 1e30        # the decimal y of Wampler2 are rounded
    else:
        assert digits(fit.fvalue, float(tail["fvalue"])) >= 12.6


# ---- identities ----

def test_many_points(rng):
    x = rng.uniform(-1, 1, 200_001)
    y = np.exp(x) + rng.normal(size=x.size)
    fit = fit_polynomial(x, y, 3)
    design = np.vander(x, 4, increasing=True)
    resid = y - fit.predict(x)
    assert np.abs(design.T @ resid).max() < 1e-9
    assert math.isclose(fit.ssr, resid @ resid, rel_tol=1e-12)
    expected = np.linalg.inv(design.T @ design) * fit.ssr / fit.df_resid
    assert np.allclose(fit.cov_params(), expected, rtol=1e-10)


@pytest.mark.parametrize("n", [*range(6, 20), 63, 64, 65, 127, 128, 129])
def test_every_count_of_points(rng, n):
    x, y = points(rng, "random", n)
    assert close(fit_polynomial(x, y, 2).coef, exact_fit(x, y, 2)[0])


def test_tests_of_the_coefficients():
    scipy_stats = pytest.importorskip("scipy.stats")
    x, y = np.arange(12.0), np.cos(np.arange(12.0))
    fit = fit_polynomial(x, y, 1)
    other = scipy_stats.linregress(x, y)
    assert np.allclose(fit.coef, [other.intercept, other.slope], rtol=1e-12)
    assert np.allclose(fit.bse, [other.intercept_stderr, other.stderr], rtol=1e-12)
    assert math.isclose(fit.pvalues[1], other.pvalue, rel_tol=1e-10)
    assert math.isclose(fit.f_pvalue, other.pvalue, rel_tol=1e-10)      # F = t^2
    assert math.isclose(fit.fvalue, fit.tvalues[1] ** 2, rel_tol=1e-12)
    assert math.isclose(fit.rsquared_adj, 1 - (1 - fit.rsquared) * 11 / 10, rel_tol=1e-12)
    low, high = fit.conf_int(0.1).T
    reach = scipy_stats.t.ppf(0.95, 10) * fit.bse
    assert np.allclose([low, high], [fit.coef - reach, fit.coef + reach], rtol=1e-12)
    with raises(ValueError, "alpha must be above 0 and below 1, got 1"):
        fit.conf_int(1)


# ---- layouts, kinds, levels ----

@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout):
    x, y, w = np.arange(1, 80.0) ** 0.5, np.cos(np.arange(1, 80.0)), np.linspace(1, 2, 79)
    expected = fit_polynomial(x, y, 3, weights=w)
    copies = [LAYOUTS[layout](array) for array in (x, y, w)]
    before = [copy.tobytes() for copy in copies]
    fit = fit_polynomial(copies[0], copies[1], 3, weights=copies[2])
    assert same_bits(fit.coef, expected.coef) and same_bits(fit.bse, expected.bse)
    assert [copy.tobytes() for copy in copies] == before
    assert same_bits(fit.predict(copies[0]), expected.predict(x))


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8", "uint64", "bool"])
def test_other_numbers(dtype):
    x = np.array([0, 1, 0, 1, 1], dtype)
    assert fit_polynomial(x, x, 1).coef.tolist() == [0, 1]
    assert fit_polynomial(x.tolist(), x.tolist(), 1).coef.dtype == np.float64


@pytest.mark.parametrize("side", ["start", "end"])
def test_memory_beside_the_points_is_not_touched(side):
    for n in (3, 64, 67):
        x = guarded(np.arange(float(n)), side)
        fit = fit_polynomial(x, x, 1, weights=guarded(np.ones(n), side))
        assert np.allclose(fit.predict(x), x, atol=1e-25)


def test_all_levels_have_the_same_bits(kernels, rng):
    x, y = points(rng, "random", 333)
    for weights in (None, rng.uniform(size=333)):
        found = kernels.polynomial_fit(x, y, weights, 7)
        expected = regression_kernels.polynomial_fit(x, y, weights, 7)
        for one, other in zip(found, expected, strict=True):
            assert one == other if not isinstance(one, np.ndarray) else same_bits(one, other)
        assert same_bits(kernels.evaluate_polynomial(found[3], found[2], x),
                         regression_kernels.evaluate_polynomial(found[3], found[2], x))


def test_shapes_of_predictions():
    fit = fit_polynomial([0, 1, 2, 3], [0, 1, 4, 9], 2)
    for function in (fit.predict, fit.derivative, fit.mean_stderr):
        assert type(function(2)) is float
        for shape in ((), (0,), (3,), (2, 3), (4, 1, 2)):
            assert np.shape(function(np.ones(shape))) == shape
    assert fit.predict(5) == 25 and fit.derivative(5) == 10
    assert [fit.derivative(5, order) for order in range(5)] == [25, 10, 2, 0, 0]
    assert math.isnan(fit.predict(math.nan))
    with raises(ValueError, "order must be at least 0, got -1"):
        fit.derivative(1, -1)


# ---- what cannot be fitted ----

@pytest.mark.parametrize(("arguments", "message"), [
    (([1, 1, 2], [1, 2, 3], 2), "a polynomial of degree 2 takes at least 3 different x, got 2"),
    (([], [], 0), "a polynomial of degree 0 takes at least 1 different x, got 0"),
    (([1, 2], [1, 2, 3], 1), "x and y must have the same length, got 2 and 3"),
    (([[1, 2]], [1, 2], 1), "x must have shape (n,), got (1, 2)"),
    (([1, 2], 3, 1), "y must have shape (n,), got ()"),
    (([1, 2], [1, 2], -1), "degree must be between 0 and 100, got -1"),
    (([1, 2], [1, 2], 101), "degree must be between 0 and 100, got 101"),
])
def test_refused(arguments, message):
    with raises(ValueError, message):
        fit_polynomial(*arguments)


@pytest.mark.parametrize(("weights", "message"), [
    ([1, -2, 1], "weights must be finite and at least 0, got -2.0"),
    ([1, math.nan, 1], "weights must be finite and at least 0, got nan"),
    ([1, math.inf, 1], "weights must be finite and at least 0, got inf"),
    ([0, 1, 0], "a polynomial of degree 1 takes at least 2 different x of positive weight, got 1"),
    ([0, 0, 0], "a polynomial of degree 1 takes at least 2 different x of positive weight, got 0"),
    ([1, 2], "weights must have shape (3,) to match x, got (2,)"),
])
def test_refused_weights(weights, message):
    with raises(ValueError, message):
        fit_polynomial([1, 2, 3], [1, 2, 3], 1, weights=weights)


@pytest.mark.parametrize("value", [[1j, 2], ["a", "b"], np.array([1, 2], object),
                                   np.ma.array([1, 2], mask=[0, 1])])
def test_refused_kinds(value):
    for arguments in ((value, [1, 2]), ([1, 2], value)):
        with pytest.raises(TypeError, match="must "):
            fit_polynomial(*arguments, 1)
    with pytest.raises(TypeError):
        fit_polynomial([1, 2], [1, 2], 1.0)


@pytest.mark.parametrize("degree", [3, 5, 7])
def test_unevenly_spread_points(degree):
    # Half of the points are in a thousandth of the range: the T_k are far from orthogonal.
    x = 10.0 ** np.linspace(-3, 3, 40)
    y = np.log(x) + np.cos(np.arange(40))
    fit = fit_polynomial(x, y, degree)
    coef, inverse, ssr = exact_fit(x, y, degree)
    assert close(fit.coef, coef)
    assert close(fit.bse ** 2, [ssr / (39 - degree) * inverse[j][j] for j in range(degree + 1)], 16)


def test_uneven_points():
    # Ten points within 1e-9 and one at 1: for degree 6 cond is about 1e45.
    x = np.append(np.arange(10) * 1e-10, 1)
    with raises(np.linalg.LinAlgError,
                "x is spread too unevenly for a polynomial of degree 6: most of it is too close "
                "together, compared to its range"):
        fit_polynomial(x, np.arange(11), 6)
    y = np.cos(np.arange(11.0))
    assert close(fit_polynomial(x, y, 2).coef, exact_fit(x, y, 2)[0])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite(bad):
    for x, y in (([0, bad, 2, 3], [1, 2, 3, 4]), ([0, 1, 2, 3], [1, 2, 3, bad])):
        fit = fit_polynomial(x, y, 1, nan_policy="propagate")
        assert fit.status == 3 and np.isnan(fit.coef).all() and np.isnan(fit.bse).all()
        assert math.isnan(fit.ssr) and math.isnan(fit.rsquared) and math.isnan(fit.fvalue)
        assert np.isnan(fit.predict([1, 2])).all() and np.isnan(fit.cov_params()).all()
    dropped = fit_polynomial([0, bad, 2, 3], [1, 2, 3, 5], 1, weights=[1, 0, 1, 1])
    assert dropped.status == 0 and dropped.nobs == 3
    assert close(dropped.coef, exact_fit([0, 2, 3], [1, 3, 5], 1)[0])


@pytest.mark.parametrize("constant", [0.0, 0.1, 3.0])
def test_constant_y(constant):
    fit = fit_polynomial(np.arange(7) ** 2, np.full(7, constant), 2)
    assert fit.coef.tolist() == [constant, 0, 0] and fit.bse.tolist() == [0, 0, 0]
    assert fit.ssr == 0 and math.isnan(fit.rsquared)
    assert fit.predict(2.5) == constant


def test_degree_0_is_the_mean():
    fit = fit_polynomial([1, 2, 3, 5], [0.1, 0.2, 0.4, 0.9], 0)
    assert fit.coef == [0.4] and fit.rsquared == 0 and math.isnan(fit.fvalue)
    assert math.isclose(fit.bse[0], np.std([0.1, 0.2, 0.4, 0.9], ddof=1) / 2)


# ---- the object ----

def test_pickle_and_repr():
    fit = fit_polynomial([0, 1, 2, 3], [1, 3, 7, 14], 1)
    copy = pickle.loads(pickle.dumps(fit))
    assert type(copy) is PolynomialFit and repr(copy) == repr(fit)
    assert same_bits(copy.predict(np.arange(5.0)), fit.predict(np.arange(5.0)))
    assert copy.fvalue == fit.fvalue and not copy.coef.flags.writeable
    assert repr(fit) == ("PolynomialFit(coef=[-0.2,  4.3], rsquared=0.952139, nobs=4, "
                         "status=0)").replace("0.952139", f"{fit.rsquared:.6g}")
    assert PolynomialFit.__module__ == fit_polynomial.__module__ == "mathwork.regression"


def test_immutable():
    fit = fit_polynomial([0, 1], [1, 3], 1)
    with raises(AttributeError, "a PolynomialFit is immutable, ssr cannot be set"):
        fit.ssr = 1
    with raises(AttributeError, "a PolynomialFit is immutable, ssr cannot be deleted"):
        del fit.ssr
    with pytest.raises(ValueError, match="read-only"):
        fit.coef[0] = 1


def test_without_scipy():
    code = ("import sys; sys.modules['scipy'] = None\n"
            "from mathwork.regression import fit_polynomial\n"
            "fit = fit_polynomial([0, 1, 2, 4], [1, 3, 2, 5], 1)\n"
            "print(fit.bse.shape, fit.predict(1) > 0, fit.mean_stderr(1) > 0)\n"
            "try:\n    fit.pvalues\nexcept ImportError as error:\n    print(error)")
    status, output, errors = run_python(code)
    assert (status, errors) == (0, "")
    assert output.startswith("(2,) True True\n") and "scipy" in output


def test_low_degrees_far_from_zero():
    """The higher coefficients are exactly 0, and do not drown the others"""
    x = 1.7e9 + np.arange(12) / 8
    assert fit_polynomial(x, np.full(12, 1e9), 3).coef.tolist() == [1e9, 0, 0, 0]
    x = np.arange(100.0) + 1e6
    assert fit_polynomial(x, x, 8).coef.tolist() == [0, 1, *[0] * 7]
    assert fit_polynomial(x, 3 - 2 * x, 5).coef.tolist() == [3, -2, 0, 0, 0, 0]


def test_it_is_made_by_its_function():
    with raises(TypeError, "a PolynomialFit is made by fit_polynomial"):
        PolynomialFit()


def test_errors_of_the_mean_at_the_end_of_the_range():
    fit = fit_polynomial([1, 2, 3, 4], [1, 2, 3, 5], 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not np.isfinite(fit.mean_stderr([np.inf, 1e308])).any()
