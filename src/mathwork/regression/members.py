"""What the results of all fits share. What a result gives for that is in statistics.py."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arguments import choice
from mathwork._doors import public
from mathwork.regression.details import Details
from mathwork.regression.inference import checked_alpha, t_quantile
from mathwork.regression.statistics import FitStatistics, Known

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatOrArray
    from mathwork.regression.summary import Summary

INTERVALS = ("mean", "observation")


@public
class Prediction(NamedTuple):
    """The fitted y and an interval about it, as ``predict(x, interval=...)`` gives them.

    Parameters
    ----------
    y, lower, upper : float or ndarray
        All in the shape of ``predict(x)``.

    Examples
    --------
    >>> from mathwork.regression import fit_line
    >>> y, lower, upper = fit_line([1, 2, 3, 4], [1, 3, 2, 4]).predict(2.5, interval="mean")
    >>> y, round(lower, 3), round(upper, 3)
    (2.5, 0.459, 4.541)
    """

    y: Any
    lower: Any
    upper: Any


class FitMembers(FitStatistics):
    """The members that `LineFit`, `LinearFit` and `PolynomialFit` share."""

    __slots__ = ()

    # ---- the points ----

    @property
    @np.errstate(all="ignore")
    def leverage(self) -> Any:
        z, _, weights = self._rows_in_basis()
        return _leverage(z, weights)

    @property
    @np.errstate(all="ignore")
    def cooks_distance(self) -> Any:
        z, resid, weights = self._rows_in_basis()
        leverage = _leverage(z, weights)
        squares = resid**2 if weights is None else weights * resid**2
        scale = np.asarray(self.scale)[..., None] * self.rank
        return self._of_points(squares / scale * (leverage / (1 - leverage) ** 2))

    # ---- predictions ----

    def mean_stderr(self, x: ArrayLike) -> FloatOrArray | Any:
        """The standard error of ``predict(x)``, as an estimate of the mean of y at x.

        Parameters
        ----------
        x : array_like
            As for `predict`.

        Returns
        -------
        float or ndarray of float64, in the shape of ``predict(x)``

        Raises
        ------
        TypeError, ValueError
            As `predict`; ValueError also for a line that was not made by a fit.

        Examples
        --------
        >>> from mathwork.regression import fit_line
        >>> fit_line([0, 1, 2], [1, 2, 5]).mean_stderr([0, 1, 2]).round(3)
        array([0.745, 0.471, 0.745])
        """
        with np.errstate(all="ignore"):
            return self._like_prediction(np.sqrt(self._variance(x, "x")), x)

    def _interval(self, x: ArrayLike, interval: str | None, alpha: float) -> Any:
        """Return the Prediction for `interval`, one of INTERVALS or None"""
        y = self.predict(x)
        if interval is None:
            return y
        interval = choice(interval, "interval", INTERVALS, " or None")
        with np.errstate(all="ignore"):
            variance = self._variance(x)
            if interval == "observation":
                variance = variance + np.asarray(self.scale)[..., None]
            t = np.asarray(t_quantile(checked_alpha(alpha) / 2, self._df))[..., None]
            reach = self._like_prediction(t * np.sqrt(variance), x)
            return Prediction(y, y - reach, y + reach)

    def _variance(self, x: ArrayLike, name: str = "X") -> NDArray[np.float64]:
        """Return the variance of the mean at x: the targets first, then the points"""
        z = self._known().basis.rows(self._features(x, name))
        if self._robust is None:
            return np.asarray(self.scale)[..., None] * (z * z).sum(-1)
        return ((z @ self._robust.scores) * z).sum(-1)

    def _like_prediction(self, values: NDArray[np.float64], x: ArrayLike) -> Any:
        return self._of_points(values)

    # ---- output ----

    def summary(self, *, names: Sequence[str] | None = None, alpha: float = 0.05) -> Summary:
        """The fit as a table: text when printed, HTML in a notebook.

        Parameters
        ----------
        names, alpha
            As for :func:`mathwork.regression.summary.linear_summary`.

        Returns
        -------
        mathwork.regression.summary.Summary

        Raises
        ------
        ValueError
            For a stack of lines.

        Examples
        --------
        >>> from mathwork.regression import fit_linear
        >>> fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4]).summary(names=["level", "slope"])
        nobs             4    R-squared        0.64
        df resid         2    adj. R-squared   0.46
        df model         1    F               3.556
        ssr            1.8    Prob(F)         0.200
        sigma     0.948683
        <BLANKLINE>
               coef   std err      t  P>|t|    [0.025   0.975]
        level   0.5    1.1619  0.430  0.709  -4.49923  5.49923
        slope   0.8  0.424264  1.886  0.200  -1.02546  2.62546
        """
        from mathwork.regression.summary import linear_summary

        return linear_summary(self, names=names, alpha=alpha)

    def plot(self, x: ArrayLike | None = None, y: ArrayLike | None = None, ax: Axes | None = None,
             **options: Any) -> Axes:
        """Draw points, fit and the confidence band of the mean; observed over fitted y if X has
        several columns.

        Parameters
        ----------
        x, y : array_like, optional
            The points to draw; by default those of the fit.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if not given.
        **options
            `alpha`, `band` and `labels` of :func:`mathwork.regression.plot.plot_fit`.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib (extra ``plot``), or SciPy for the band (extra ``stats``), is missing.
        ValueError
            For several targets, a stack of lines, a fit with NaN, and a fit without its points.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from mathwork.regression import fit_line
        >>> fit = fit_line([1, 2, 3, 4], [1, 3, 2, 4])
        >>> fit.plot(ax=Figure().add_subplot(), labels=("t", "height")).get_ylabel()
        'height'
        """
        from mathwork.regression.plot import plot_fit

        return plot_fit(self, x, y, ax, **options)

    def with_data(self) -> Self:
        """The same fit, with pickles that carry its points. Other pickles leave them behind.

        Returns
        -------
        LineFit, LinearFit or PolynomialFit

        Examples
        --------
        >>> import pickle
        >>> from mathwork.regression import fit_linear
        >>> fit = fit_linear([[1], [2], [3]], [1, 3, 2])
        >>> pickle.loads(pickle.dumps(fit.with_data())).resid
        array([-0.5,  1. , -0.5])
        """
        return self._replaced(_details=(self._details or Details())._replace(with_data=True))

    def __copy__(self) -> Self:
        return self

    # ---- pickles ----

    @property
    def _carries_data(self) -> bool:
        return self._details is not None and bool(self._details.with_data)

    def _known_or_none(self) -> Known | None:
        """What a pickle without the points keeps of them"""
        try:
            return self._known()
        except ValueError:                  # it came without points
            return None


def copied(array: NDArray[Any] | None) -> NDArray[Any] | None:
    """Return a copy of an array, or None for None."""
    return None if array is None else array.copy()


def _leverage(z: NDArray[np.float64], weights: NDArray[np.float64] | None) -> Any:
    leverage = (z * z).sum(-1)
    return leverage if weights is None else np.where(weights > 0, weights * leverage, 0.0)
