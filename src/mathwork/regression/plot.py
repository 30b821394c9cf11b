"""Pictures of a fit: the data, the fit, and the confidence band of the mean."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import flag, shown, texts
from mathwork._arrays import as_plain
from mathwork._extras import checked_axes, extra
from mathwork.regression.inference import checked_alpha

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

CURVE_POINTS = 201
FIT_COLOR, DATA_COLOR = "C0", "0.5"     # the data read on white and on black


def plot_fit(fit: Any, x: ArrayLike | None = None, y: ArrayLike | None = None,
             ax: Axes | None = None, *, alpha: float = 0.05, band: bool = True,
             labels: Sequence[str] | None = None) -> Axes:
    """Draw data, fit, and the confidence band of the mean.

    Parameters
    ----------
    fit : LineFit, LinearFit or PolynomialFit
        Of one line, not of a stack.
    x, y : array_like, optional
        The points to draw; by default those of the fit. x has shape (n,), or (n, p) as the X of a
        LinearFit. One column is drawn as it is. Of several columns the picture shows the observed y
        against the fitted y.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
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
        If only one of x and y is given.
    ValueError
        If x and y do not fit together, or alpha is not between 0 and 1; if `fit` is of a stack, of
        several y, or holds NaN; and without x and y if it came without its points.

    Notes
    -----
    The band is ``predict(x, interval="mean", alpha=alpha)``: it holds for each x by itself, not for
    the whole curve at once. It is that of the fit, with its weights and its `cov`, whatever points
    are drawn. Points of a weighted fit are drawn alike.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from mathwork.regression import fit_polynomial
    >>> from mathwork.regression.plot import plot_fit
    >>> x, y = [0, 1, 2, 3, 4], [1.1, 1.9, 5.2, 9.8, 17.1]
    >>> ax = plot_fit(fit_polynomial(x, y, 2), ax=Figure().add_subplot(), band=False)
    >>> ax.get_xlabel(), len(ax.lines)
    ('x', 2)
    """
    alpha, band = checked_alpha(alpha), flag(band, "band")
    names = None if labels is None else texts(labels, "labels")
    if names is not None and (isinstance(labels, str) or len(names) != 2):
        raise ValueError(f"labels must be two, of x and of y, got {shown(labels)}")
    several = _several(fit)
    x, y = _data(fit, x, y)
    with np.errstate(all="ignore"):         # matplotlib computes limits of any numbers
        return _drawn(fit, x, y, ax, several, alpha, band, names)


def _drawn(fit: Any, x: NDArray[np.float64], y: NDArray[np.float64], ax: Any, several: bool,
           alpha: float, band: bool, labels: Sequence[str] | None) -> Axes:
    across = np.asarray(fit.predict(x)) if several else x       # what the x axis is for
    finite = np.isfinite(y) & np.isfinite(across)
    if not finite.any():
        raise ValueError("there is nothing to draw: no point of x and y is finite")
    if ax is None:
        ax = extra("matplotlib.pyplot", "draw a fit").subplots(layout="constrained")[1]
    checked_axes(ax)
    x_label, y_label = labels or (("fitted", "observed") if several else ("x", "y"))
    if several:
        _draw_observed(ax, across[finite], y[finite], fit)
    else:
        _draw_curve(ax, fit, across[finite], y[finite], alpha, band)
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
    if (x is None) != (y is None):
        raise TypeError("x and y must be given together, or left out for the points of the fit")
    if x is None:
        x, y = fit._drawn_points()
    x, y = as_plain(x, "x", np.float64), as_plain(y, "y", np.float64)
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    x = x[:, 0] if x.ndim == 2 and x.shape[1] == 1 else x
    several = _several(fit)
    if y.ndim != 1 or x.shape[:1] != y.shape or x.ndim != 1 + several:
        raise ValueError(f"x and y must have shapes {'(n, p)' if several else '(n,)'} and (n,), "
                         f"got {x.shape} and {y.shape}")
    return x, y


def _draw_points(ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    # Many points are drawn small and light, so that their density shows.
    many = min(1.0, math.sqrt(300 / len(x)))
    ax.plot(x, y, "o", color=DATA_COLOR, markersize=2 + 3 * many, alpha=0.15 + 0.6 * many,
            markeredgewidth=0, label=f"data, n = {len(x):,}", zorder=1, rasterized=len(x) > 20000)


def _draw_curve(ax: Axes, fit: Any, x: NDArray[np.float64], y: NDArray[np.float64],
                alpha: float, band: bool) -> None:
    _draw_points(ax, x, y)
    where = np.linspace(x.min(), x.max(), CURVE_POINTS)
    places = where if hasattr(fit, "slope") or hasattr(fit, "coef") else where[:, None]
    mean = np.asarray(fit.predict(places))
    if band and fit.df_resid > 0:
        _, lower, upper = fit.predict(places, interval="mean", alpha=alpha)
        ax.fill_between(where, lower, upper, color=FIT_COLOR, alpha=0.2, linewidth=0,
                        label=f"{100 * (1 - alpha):g} % confidence of the mean", zorder=2)
    ax.plot(where, mean, color=FIT_COLOR, linewidth=1.8, label=_name(fit), zorder=3)


def _draw_observed(ax: Axes, fitted: NDArray[np.float64], y: NDArray[np.float64], fit: Any
                   ) -> None:
    _draw_points(ax, fitted, y)
    ends = [min(fitted.min(), y.min()), max(fitted.max(), y.max())]
    ax.plot(ends, ends, color=FIT_COLOR, linewidth=1.8, zorder=3,
            label=f"observed = fitted, R² = {fit.rsquared:.4g}")


def _name(fit: Any) -> str:
    if hasattr(fit, "coef"):
        return f"polynomial of degree {fit.degree}, R² = {fit.rsquared:.4g}"
    if hasattr(fit, "slope"):
        slope, intercept = fit.slope, fit.intercept
    else:
        slope, intercept = fit.params[-1], fit.params[0] if fit.intercept else None
    text = f"y = {slope:.4g} x"
    if intercept is not None:
        text += f" {'-' if intercept < 0 else '+'} {abs(intercept):.4g}"
    return f"{text}, R² = {fit.rsquared:.4g}"
