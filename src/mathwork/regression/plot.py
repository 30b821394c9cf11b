"""Pictures of a fit: the data, the fit, and the confidence band of the mean."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import as_plain
from mathwork._extras import extra
from mathwork.regression.checks import are_wrong, weights_of_points, wrong_weight
from mathwork.regression.inference import checked_alpha, t_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

CURVE_POINTS = 201
FIT_COLOR, DATA_COLOR = "C0", "0.35"


def plot_fit(fit: Any, x: ArrayLike | None = None, y: ArrayLike | None = None,
             ax: Axes | None = None, *, weights: ArrayLike | None = None, alpha: float = 0.05,
             band: bool = True, labels: Sequence[str] | None = None) -> Axes:
    """Draw data, fit, and the confidence band of the mean.

    Parameters
    ----------
    fit : LineFit, LinearFit or PolynomialFit
        Of one line, not of a stack.
    x, y : array_like, shape (n,)
        The data. A LinearFit keeps its own data and takes none. With one column it is drawn against
        that column, else the observed y against the fitted y.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    weights : array_like, shape (n,), optional
        The weights of a weighted fit of one column, for its band. A LinearFit needs them only if x
        is far from 0.
    alpha : float
        The chance that the band misses the mean at one x: 0.05 for a band of 95 %.
    band : bool
        Whether to draw the band, which needs SciPy. No band is drawn without degrees of freedom.
        Without SciPy it is an ImportError.
    labels : (str, str), optional
        Labels of the axes; "x" and "y", or "fitted" and "observed" by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib (extra ``plot``), or SciPy for the band (extra ``stats``), is missing.
    TypeError
        If the data are missing, or given to a fit that keeps its own.
    ValueError
        If the data do not fit together, alpha is not between 0 and 1, or weights are missing for
        the band; and if `fit` is of a stack, of several y, or holds NaN.

    Notes
    -----
    The band is ``predict(x) +- t(1 - alpha/2, df_resid) mean_stderr(x)``: it holds for each x by
    itself, not for the whole curve at once. Points of a weighted fit are drawn alike.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from mathwork.regression import fit_polynomial
    >>> from mathwork.regression.plot import plot_fit
    >>> x, y = [0, 1, 2, 3, 4], [1.1, 1.9, 5.2, 9.8, 17.1]
    >>> ax = plot_fit(fit_polynomial(x, y, 2), x, y, Figure().add_subplot(), band=False)
    >>> ax.get_xlabel(), len(ax.lines)
    ('x', 2)
    """
    alpha = checked_alpha(alpha)
    if labels is not None and (isinstance(labels, str) or len(labels) != 2):
        raise ValueError(f"labels must be two, of x and of y, got {labels!r}")
    several = _several(fit)
    x, y = _data(fit, x, y)
    across = np.asarray(fit.predict(x)) if several else x       # what the x axis is for
    finite = np.isfinite(y) & np.isfinite(across)
    if not finite.any():
        raise ValueError("there is nothing to draw: no point is finite")
    if ax is None:
        ax = extra("matplotlib.pyplot", "draw a fit").subplots(layout="constrained")[1]
    x_label, y_label = labels or (("fitted", "observed") if several else ("x", "y"))
    if several:
        _draw_observed(ax, across[finite], y[finite], fit)
    else:
        if weights is not None:
            weights = weights_of_points(weights, x)
            if are_wrong(weights).any():
                raise wrong_weight(weights)
            weights = weights[finite]
            if not weights.any():
                raise ValueError("there is nothing to draw: no finite point has a weight above 0")
        _draw_curve(ax, fit, across[finite], y[finite], weights, alpha, band)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    legend: Any = ax.legend(framealpha=0.85, edgecolor="none")
    legend.legend_handles[0].set(alpha=0.75, markersize=5)
    return ax


def _several(fit: Any) -> bool:
    """Return whether the fit has several regressors that are not powers of one x."""
    slope: Any = getattr(fit, "slope", None)
    if np.ndim(slope) or np.ndim(getattr(fit, "params", np.empty(0))) > 1:
        raise ValueError("a picture shows one fit, got a stack of them")
    known = slope if slope is not None else fit.params
    if np.isnan(known).any():
        raise ValueError("there is nothing to draw: the fit holds NaN")
    return slope is None and not hasattr(fit, "coef") and len(fit.params) - fit.intercept != 1


def _data(fit: Any, x: ArrayLike | None, y: ArrayLike | None
          ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    keeps = hasattr(fit, "_rows")
    if keeps:
        if x is not None or y is not None:
            raise TypeError("this fit keeps its data: x and y must not be given")
        X, y = fit._rows("a picture")
        columns = X if X.shape[1] != 1 else X[:, 0]
        return as_plain(columns, "X", np.float64), as_plain(y, "y", np.float64).reshape(len(X))
    if x is None or y is None:
        raise TypeError("this fit does not keep its data: x and y must be given")
    x, y = as_plain(x, "x", np.float64), as_plain(y, "y", np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"x and y must have one shape (n,), got {x.shape} and {y.shape}")
    return x, y


def _draw_points(ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    # Many points are drawn small and light, so that their density shows.
    many = min(1.0, math.sqrt(300 / len(x)))
    ax.plot(x, y, "o", color=DATA_COLOR, markersize=2 + 3 * many, alpha=0.15 + 0.6 * many,
            markeredgewidth=0, label=f"data, n = {len(x):,}", zorder=1, rasterized=len(x) > 20000)


def _draw_curve(ax: Axes, fit: Any, x: NDArray[np.float64], y: NDArray[np.float64],
                weights: NDArray[np.float64] | None, alpha: float, band: bool) -> None:
    _draw_points(ax, x, y)
    where = np.linspace(x.min(), x.max(), CURVE_POINTS)
    mean = _predicted(fit, where)
    df = _degrees_of_freedom(fit)
    if band and df > 0:
        reach = t_quantile(alpha / 2, df) * _mean_stderr(fit, where, x, weights)
        ax.fill_between(where, mean - reach, mean + reach, color=FIT_COLOR, alpha=0.2, linewidth=0,
                        label=f"{100 * (1 - alpha):g} % confidence of the mean", zorder=2)
    ax.plot(where, mean, color=FIT_COLOR, linewidth=1.8, label=_name(fit), zorder=3)


def _draw_observed(ax: Axes, fitted: NDArray[np.float64], y: NDArray[np.float64], fit: Any
                   ) -> None:
    _draw_points(ax, fitted, y)
    ends = [min(fitted.min(), y.min()), max(fitted.max(), y.max())]
    ax.plot(ends, ends, color=FIT_COLOR, linewidth=1.8, zorder=3,
            label=f"observed = fitted, R² = {fit.rsquared:.4g}")


def _predicted(fit: Any, where: NDArray[np.float64]) -> NDArray[np.float64]:
    if hasattr(fit, "_rows"):
        return np.asarray(fit.predict(where[:, None]))
    return np.asarray(fit.predict(where))


def _degrees_of_freedom(fit: Any) -> int:
    return fit.nobs - 2 if hasattr(fit, "slope") else fit.df_resid


def _mean_stderr(fit: Any, where: NDArray[np.float64], x: NDArray[np.float64],
                 weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return the standard error of the mean at `where`"""
    if hasattr(fit, "mean_stderr"):
        return fit.mean_stderr(where)
    if hasattr(fit, "slope"):
        # s^2 / W + (where - mean)^2 s^2 / Sxx, with stderr^2 = s^2 / Sxx
        mean = np.average(x, weights=weights)
        spread = np.average((x - mean) ** 2, weights=weights)
        return fit.stderr * np.sqrt(spread + (where - mean) ** 2)
    covariance = fit.cov_params()
    if not fit.intercept:
        return np.abs(where) * math.sqrt(covariance[0, 0])
    (constant, both), (_, slope) = covariance
    if slope == 0:
        return np.zeros_like(where)
    least = constant - both * both / slope       # the variance at the mean of x
    if least < 1e-6 * constant:
        least = fit.scale / _total_weight(fit, slope, x, weights)   # x = 0 is far away: rounding
    return np.sqrt(least + slope * (where + both / slope) ** 2)


def _total_weight(fit: Any, slope_variance: float, x: NDArray[np.float64],
                  weights: NDArray[np.float64] | None) -> float:
    """Return the sum of weights, which a LinearFit does not keep"""
    if weights is not None:
        return weights.sum()
    if not math.isclose(slope_variance * np.sum((x - x.mean()) ** 2), fit.scale, rel_tol=1e-6):
        raise ValueError("this fit has weights, and x is far from 0: its band takes weights=")
    return fit.nobs


def _name(fit: Any) -> str:
    if hasattr(fit, "coef"):
        return f"polynomial of degree {fit.degree}, R² = {fit.rsquared:.4g}"
    if hasattr(fit, "slope"):
        slope, intercept, rsquared = fit.slope, fit.intercept, fit.rvalue ** 2
    else:
        intercept = fit.params[0] if fit.intercept else None
        slope, rsquared = fit.params[-1], fit.rsquared
    text = f"y = {slope:.4g} x"
    if intercept is not None:
        text += f" {'-' if intercept < 0 else '+'} {abs(intercept):.4g}"
    return f"{text}, R² = {rsquared:.4g}"
