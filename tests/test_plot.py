"""Pictures of fits: the numbers in them, and what is refused."""
import pickle

import numpy as np
import pytest
from helpers import raises, run_python

from mathwork.regression import LineFit, Moments, fit_line, fit_linear, fit_polynomial
from mathwork.regression.plot import plot_fit

matplotlib_figure = pytest.importorskip("matplotlib.figure")
stats = pytest.importorskip("scipy.stats")

X = np.array([0.0, 1, 2, 3, 4, 5.5])
Y = np.array([1.1, 1.9, 5.2, 9.8, 17.1, 25.0])
WEIGHTS = np.array([1.0, 2, 1, 4, 1, 0.5])


def axes():
    return matplotlib_figure.Figure().add_subplot()


def band(ax):
    """(where, lower, upper) of the confidence band"""
    corners = ax.collections[0].get_paths()[0].vertices
    where = ax.lines[1].get_xdata()
    return where, *(np.array([select(corners[corners[:, 0] == x, 1]) for x in where])
                    for select in (np.min, np.max))


def exact_band(x, degree, where, y, weights=None, alpha=0.05):
    """predict +- t s sqrt(v' (X'WX)^-1 v), from centred x so that it needs no care"""
    w = np.ones_like(x) if weights is None else weights
    design = np.vander(x - x.mean(), degree + 1)
    inverse = np.linalg.inv(design.T * w @ design)
    params = inverse @ (design.T @ (w * y))
    df = len(x) - degree - 1
    variance = (w * (y - design @ params) ** 2).sum() / df
    rows = np.vander(where - x.mean(), degree + 1)
    reach = stats.t.ppf(1 - alpha / 2, df) * np.sqrt(
        variance * np.einsum("ni,ij,nj->n", rows, inverse, rows))
    return rows @ params - reach, rows @ params + reach


@pytest.mark.parametrize("offset", [0, 1.7e9])
@pytest.mark.parametrize("kind", ["line", "linear", "polynomial"])
def test_band(kind, offset):
    x = X + offset
    if kind == "line":
        ax = plot_fit(fit_line(x, Y), x, Y, axes())
    elif kind == "linear":
        ax = plot_fit(fit_linear(x[:, None], Y), ax=axes())
    else:
        ax = plot_fit(fit_polynomial(x, Y, 1), x, Y, axes())
    where, lower, upper = band(ax)
    assert where[0] == x[0] and where[-1] == x[-1]
    # The line's slope times 1.7e9 and the intercept cancel to about 1e-6 where they are used.
    assert np.allclose([lower, upper], exact_band(x, 1, where, Y), atol=1e-5 if offset else 1e-10)


@pytest.mark.parametrize("alpha", [0.05, 0.32])
def test_band_of_a_polynomial(alpha):
    ax = plot_fit(fit_polynomial(X, Y, 2), X, Y, axes(), alpha=alpha)
    where, lower, upper = band(ax)
    assert np.allclose([lower, upper], exact_band(X, 2, where, Y, alpha=alpha))
    assert f"{100 - 100 * alpha:g} % confidence of the mean" in [
        text.get_text() for text in ax.get_legend().get_texts()]


def test_band_of_weighted_fits():
    expected = fit_line(X, Y, weights=WEIGHTS)
    for fit in (expected, pickle.loads(pickle.dumps(expected)),
                fit_polynomial(X, Y, 1, weights=WEIGHTS),
                fit_linear(X[:, None], Y, weights=WEIGHTS)):
        where, lower, upper = band(plot_fit(fit, X, Y, axes()))
        assert np.allclose([lower, upper], exact_band(X, 1, where, Y, WEIGHTS))


def test_band_of_robust_errors():
    fits = [fit_line(X, Y, cov="HC3"), fit_linear(X[:, None], Y, cov="HC3"),
            fit_polynomial(X, Y, 1, cov="HC3")]
    bands = [band(fit.plot(ax=axes())) for fit in fits]
    np.testing.assert_allclose(bands[0], bands[1], rtol=1e-12)
    np.testing.assert_allclose(bands[0], bands[2], rtol=1e-12)
    assert not np.allclose(bands[0], band(fit_line(X, Y).plot(ax=axes())))


def test_band_without_intercept():
    ax = plot_fit(fit_linear(X[:, None], Y, intercept=False), ax=axes())
    where, lower, upper = band(ax)
    slope = X @ Y / (X @ X)
    reach = stats.t.ppf(0.975, 5) * np.sqrt(((Y - slope * X) ** 2).sum() / 5 / (X @ X)) * where
    assert np.allclose([lower, upper], [slope * where - reach, slope * where + reach])


def test_what_is_drawn():
    ax = plot_fit(fit_polynomial(X, Y, 2), X, Y, axes(), labels=("time", "height"))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time", "height")
    data, curve = ax.lines
    assert np.array_equal(data.get_xydata(), np.stack([X, Y], axis=1))
    assert np.allclose(curve.get_ydata(), fit_polynomial(X, Y, 2).predict(curve.get_xdata()))
    assert len(ax.get_legend().get_texts()) == 3
    bare = plot_fit(fit_polynomial(X, Y, 2), X, Y, axes(), band=False)
    assert len(bare.collections) == 0 and (bare.get_xlabel(), bare.get_ylabel()) == ("x", "y")


def test_several_columns():
    fit = fit_linear(np.stack([X, np.cos(X)], axis=1), Y)
    ax = plot_fit(fit, ax=axes())
    assert np.allclose(ax.lines[0].get_xydata(), np.stack([fit.fittedvalues, Y], axis=1))
    assert np.array_equal(ax.lines[1].get_xdata(), ax.lines[1].get_ydata())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("fitted", "observed")


def test_all_fits_take_the_same_arguments():
    for fit in (fit_line(X, Y), fit_linear(X[:, None], Y), fit_polynomial(X, Y, 2)):
        own = fit.plot(ax=axes())
        assert np.array_equal(own.lines[0].get_xydata(), np.stack([X, Y], axis=1))
        other = fit.plot(X[:3] + 1, Y[:3], axes(), alpha=0.1, band=False, labels=("t", "height"))
        assert np.array_equal(other.lines[0].get_xdata(), X[:3] + 1)
        assert other.get_xlabel() == "t" and len(other.lines) == 2 and not other.collections
    several = fit_linear(np.stack([X, np.cos(X)], axis=1), Y)
    other = several.plot(np.ones((2, 2)), [1, 2], axes())
    assert np.array_equal(other.lines[0].get_ydata(), [1, 2])


def test_times_are_drawn_where_they_are():
    x = np.datetime64("2024-01-01") + np.arange(6) * np.timedelta64(1, "s")
    fit = fit_line(x, Y)
    ax = fit.plot(ax=axes())
    assert np.array_equal(ax.lines[0].get_xdata(), 1704067200 + np.arange(6.0))
    np.testing.assert_allclose(ax.lines[0].get_ydata(), Y, rtol=1e-13)
    where, lower, upper = band(ax)
    exact = exact_band(np.arange(6.0), 1, where - where[0], Y)
    np.testing.assert_allclose([lower, upper], exact, atol=2e-6)


def test_no_degrees_of_freedom():
    ax = plot_fit(fit_line([0, 1], [1, 3]), [0, 1], [1, 3], axes())
    assert len(ax.collections) == 0 and len(ax.lines) == 2


def test_points_that_are_not_finite_are_left_out():
    x, y = np.append(X, np.nan), np.append(Y, 3.0)
    ax = plot_fit(fit_line(X, Y), x, y, axes())
    assert len(ax.lines[0].get_xdata()) == len(X)


def test_a_new_figure():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    ax = plot_fit(fit_line(X, Y), X, Y)
    assert ax.figure.number in pyplot.get_fignums()
    pyplot.close(ax.figure)


def test_refused():
    fit = fit_line(X, Y)
    with raises(TypeError, "x and y must be given together, or left out for the points of the fit"):
        plot_fit(fit, X)
    with raises(ValueError, "this fit has no points for a picture: it was made by hand, is one "
                            "of a stack, or came from a pickle"):
        plot_fit(LineFit(1, 2, 0.5, 0.1, 0.1, 5))
    with raises(ValueError, "this fit has no rows for a picture: it came from moments or a pickle"):
        Moments.of(X[:, None], Y).fit().plot()
    with raises(ValueError, "x and y must have shapes (n,) and (n,), got (6,) and (5,)"):
        plot_fit(fit, X, Y[1:], axes())
    with raises(ValueError, "x and y must have shapes (n, p) and (n,), got (6,) and (6,)"):
        plot_fit(fit_linear(np.stack([X, np.cos(X)], axis=1), Y), X, Y, axes())
    with raises(ValueError, "alpha must be above 0 and below 1, got 5"):
        plot_fit(fit, X, Y, axes(), alpha=5)
    with raises(ValueError, "a picture shows one fit, got a stack of them"):
        plot_fit(fit_line(np.stack([X, X]), np.stack([Y, Y])), X, Y)
    with raises(ValueError, "a picture shows one fit, got a stack of them"):
        plot_fit(fit_linear(X[:, None], np.stack([Y, Y], axis=1)))
    with raises(ValueError, "there is nothing to draw: the fit holds NaN"):
        plot_fit(fit_line([0, 1, np.nan], [1, 2, 3], nan_policy="propagate"), X, Y)
    with raises(ValueError, "there is nothing to draw: no point of x and y is finite"):
        plot_fit(fit, [np.nan], [1.0])


def test_without_matplotlib():
    code = ("import sys; sys.modules['matplotlib'] = None\n"
            "from mathwork.regression import fit_polynomial\n"
            "fit = fit_polynomial([0, 1, 2, 4], [1, 3, 2, 5], 1)\n"
            "try:\n    fit.plot([0, 1, 2, 4], [1, 3, 2, 5])\n"
            "except ImportError as error:\n    print(error)")
    assert run_python(code) == (
        0, "to draw a fit, mathwork needs matplotlib: pip install matplotlib\n", "")


def test_odd_arguments():
    x, y = np.arange(5.0), np.array([1, 3, 2, 5, 4.0])
    line = fit_line(x, y)
    for labels in (("a", "b", "c"), "ab"):
        with raises(ValueError, f"labels must be two, of x and of y, got {labels!r}"):
            line.plot(x, y, axes(), labels=labels)
    with raises(TypeError, "labels must be an iterable of names, got 3"):
        line.plot(x, y, axes(), labels=3)
    with raises(TypeError, "band must be True or False, got ndarray of shape (2,) and dtype float64"
                ):
        line.plot(x, y, axes(), band=np.ones(2))


def test_numbers_at_the_ends_of_the_range():
    with np.errstate(all="raise"):
        ax = fit_line([0.0, 1.0, 2.0], [1.0, 3.0, 2.0]).plot(
            [-1e308, 5e-324, 1e308], [0.0, 1e308, -1e308], axes(), band=False)
    assert len(ax.lines) == 2


def test_a_band_far_from_zero(rng):
    x, y = 1.7e9 + np.arange(50.0), rng.normal(size=50) + 0.1 * np.arange(50)
    w = rng.uniform(1e3, 1e5, 50)
    fits = fit_linear(x[:, None], y, weights=w), fit_line(x, y, weights=w)
    bands = [band(fit.plot(ax=axes())) for fit in fits]
    np.testing.assert_allclose(*bands, atol=1e-6)
    near = band(fit_line(x - 1.7e9, y, weights=w).plot(ax=axes()))
    np.testing.assert_allclose(bands[1][1:], near[1:], atol=1e-6)
