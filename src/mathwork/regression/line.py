"""A straight line through points, or a stack of lines: the result, and checks of the arguments.

The fit is compiled: lines.pxi, line_stacks.pxi and line_doors.pxi in mathwork/kernels/regression.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._doors import door, public
from mathwork._levels import regression as kernels
from mathwork._status import FIT_NOT_FINITE, FITTED
from mathwork._workers import checked_workers
from mathwork.regression.columns import as_column, distance, pair_of, pair_product, pair_sum
from mathwork.regression.details import Details, details_or_none
from mathwork.regression.points import checked_points, line_error, mean_of, rows_of_points

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from mathwork._types import CodeOrArray, FloatOrArray, IntOrArray, NanPolicy
    from mathwork.regression.columns import Pairs
    from mathwork.regression.points import Points
    from mathwork.regression.summary import Summary

FIELDS = ("slope", "intercept", "rvalue", "stderr", "intercept_stderr", "nobs", "status")


@public
@kernels.lines
class LineFit(kernels.Line):
    """The result of :func:`fit_line`. Immutable; unpacks to ``(slope, intercept)``.

    Parameters
    ----------
    slope, intercept, rvalue, stderr, intercept_stderr : float, or ndarray for a stack
    nobs : int, or ndarray of int64 for a stack
    status : int, or ndarray of int8 for a stack, optional
        By default 0.

    Attributes
    ----------
    slope, intercept : float, or ndarray for a stack
        Of the line ``y = slope x + intercept``.
    rvalue : float, or ndarray for a stack
        The correlation coefficient; 0 if y is constant.
    stderr, intercept_stderr : float, or ndarray for a stack
        The standard errors of slope and intercept; NaN for only two points.
    pvalue : float, or ndarray for a stack
        Of a two-sided test of slope 0 by Student's t; computed on access, with SciPy.
    nobs : int, or ndarray of int64 for a stack
        The number of points with a weight other than 0.
    status : int, or ndarray of int8 for a stack
        A code of `mathwork.regression.status`: 0, or the reason for NaN in all other fields.
    n_omitted : int, or ndarray of int64 for a stack
        The number of points that ``nan_policy="omit"`` left out.
    terms : (str, str)
        The names of the terms: ``intercept``, and the name of x if a frame's column has one, else
        ``slope``.

    Examples
    --------
    >>> from mathwork.regression import fit_line
    >>> fit = fit_line([1, 2, 3, 4], [2, 1, 4, 3])
    >>> fit.slope, fit.intercept, fit.rvalue, round(fit.stderr, 6), fit.nobs
    (0.6, 1.0, 0.6, 0.565685, 4)
    >>> slope, intercept = fit
    """

    __slots__ = ()

    def __new__(cls, slope: FloatOrArray, intercept: FloatOrArray, rvalue: FloatOrArray,
                stderr: FloatOrArray, intercept_stderr: FloatOrArray, nobs: IntOrArray,
                status: CodeOrArray | None = None) -> Self:
        numbers = slope, intercept, rvalue, stderr, intercept_stderr
        if np.ndim(slope) == 0:
            status = FITTED if status is None else status
            return kernels.make_line(cls, *map(float, numbers), int(nobs), int(status))
        if status is None:
            status = np.full(np.shape(slope), FITTED, np.int8)
        fields = [np.asarray(field, np.float64) for field in numbers]
        fields += [np.asarray(nobs, np.int64), np.asarray(status, np.int8)]
        fields = [field.view() for field in fields]     # the caller's own arrays stay writable
        for field in fields:
            field.flags.writeable = False
        return kernels.make_line(cls, *fields)

    @property
    def n_omitted(self) -> IntOrArray:
        omitted = self._details.n_omitted if self._details else 0
        return omitted if np.ndim(self.slope) == 0 else np.broadcast_to(
            np.int64(omitted), np.shape(self.slope))

    @property
    def terms(self) -> tuple[str, str]:
        names = self._details.names if self._details else None
        return ("intercept", names[0] if names else "slope")

    @property
    def pvalue(self) -> FloatOrArray:
        from mathwork.regression.inference import t_pvalue, t_statistic

        return t_pvalue(t_statistic(self.slope, self.stderr), self.nobs - 2)

    def predict(self, x: ArrayLike) -> FloatOrArray:
        """The y of the lines at x: ``slope x + intercept``.

        Parameters
        ----------
        x : array_like
            Numbers or times, as for the fit. Any shape for one fit. For a stack of shape ``(...)``:
            ``(..., k)`` or ``(k,)``, k points for each line, or one number for all lines.

        Returns
        -------
        float or ndarray of float64
            In the shape of x for one fit, else ``(..., k)``, or ``(...)`` for one number.

        Raises
        ------
        TypeError
            If x does not hold real numbers, or is masked.
        ValueError
            If x has another shape.

        Examples
        --------
        >>> from mathwork.regression import fit_line
        >>> fit_line([0, 1], [1, 3]).predict(10)
        21.0
        """
        column = as_column(x, "x")
        shape = column.high.shape
        slope, (high, low) = np.asarray(self.slope), self._there()
        base = self._details.x_base if self._details else None
        if slope.ndim and shape:
            if len(shape) > 1 and shape[:-1] != slope.shape:
                wanted = (*slope.shape, "k")
                raise ValueError("x must be one number or have shape (k,) or "
                                 f"({', '.join(map(str, wanted))}), got shape {shape}")
            slope, high, low = (np.expand_dims(part, -1) for part in (slope, high, low))
        elif base is not None:
            base = base.each()
        with np.errstate(all="ignore"):     # NaN for a slope of 0 and an infinite x
            y = slope * (column.rounded().astype(np.float64, copy=False) if base is None
                         else distance(column, base)) + low + high
        return float(y) if y.ndim == 0 else y

    def _there(self) -> Pairs:
        """Return y of the line at the base of x as a pair"""
        if self._details and self._details.level:
            return self._details.level
        return np.asarray(self.intercept), np.zeros(np.shape(self.intercept))

    def summary(self, *, names: Sequence[str] | None = None, alpha: float = 0.05) -> Summary:
        """The fit of one line as a table of text; HTML in notebooks.

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
        >>> from mathwork.regression import fit_line
        >>> fit_line([1, 2, 3, 4], [1, 3, 2, 4]).summary()
        nobs      4    R-squared        0.64
        df resid  2    adj. R-squared   0.46
        df model  1    F               3.556
                       Prob(F)         0.200
        <BLANKLINE>
                   coef   std err      t  P>|t|    [0.025   0.975]
        intercept   0.5    1.1619  0.430  0.709  -4.49923  5.49923
        slope       0.8  0.424264  1.886  0.200  -1.02546  2.62546
        """
        from mathwork.regression.summary import linear_summary

        return linear_summary(self, names=names, alpha=alpha)

    def plot(self, x: ArrayLike, y: ArrayLike, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the data with the line and its confidence band. The fit does not keep the data.

        Parameters
        ----------
        x, y : array_like, shape (n,)
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if not given.
        **options
            `weights`, `alpha`, `band` and `labels` of
            :func:`mathwork.regression.plot.plot_fit`.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib (extra ``plot``), or SciPy for the band (extra ``stats``), is missing.
        ValueError
            For a stack of lines.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from mathwork.regression import fit_line
        >>> x, y = [1, 2, 3, 4], [1, 3, 2, 4]
        >>> fit_line(x, y).plot(x, y, Figure().add_subplot(), labels=("t", "height")).get_ylabel()
        'height'
        """
        from mathwork.regression.plot import plot_fit

        return plot_fit(self, x, y, ax, **options)

    def _repr_html_(self) -> str | None:
        return self.summary()._repr_html_() if isinstance(self.slope, float) else None

    def __repr__(self) -> str:
        shown = [*FIELDS] if np.any(self.status != FITTED) else [*FIELDS[:-1]]
        shown += ["n_omitted"] * bool(np.any(self.n_omitted))
        fields = (f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__name__}({', '.join(fields)})"

    def __reduce__(self) -> tuple[Any, ...]:
        fields = tuple(getattr(self, name) for name in FIELDS)
        return (type(self), fields) if self._details is None else (
            _rebuilt, (type(self), fields, self._details))


def _rebuilt(cls: type[LineFit], fields: tuple[Any, ...], details: Details) -> LineFit:
    return kernels.with_details(cls(*fields), details)


@door(kernels.fit_line)
def fit_line(x: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None, workers: int = 1,
             nan_policy: NanPolicy = "raise") -> LineFit:
    """The straight line through points by least squares, or one for each row of a stack.

    Parameters
    ----------
    x, y : array_like, shape (..., n)
        The points, n at least 2. Axes before the last are broadcast, so that one x of shape (n,)
        serves all rows. float32 is read in place; everything is computed in float64. Integers
        count exactly, also beyond 2^53. ``datetime64`` and ``timedelta64`` are numbers of seconds,
        dates since 1970-01-01.
    weights : array_like, shape (..., n), optional
        The factors of the squared residuals. A point of weight 0 is left out, whatever its x and
        y. All 1 by default.
    workers : int
        The number of threads that share the rows of a stack.
    nan_policy : {"raise", "omit", "propagate"}
        What to do if x or y is NaN, NaT or infinite, or a weight is NaN: raise, leave those points
        out, or return NaN fields and status 3. A row of a stack never raises.

    Returns
    -------
    LineFit
        Unpacks to ``(slope, intercept)``. It also has `rvalue`, `stderr`, `intercept_stderr`,
        `pvalue` (which needs SciPy), `nobs`, `n_omitted`, `status` and ``predict(x)``. Python
        floats for one fit, arrays of shape ``(...)`` for a stack.

    Raises
    ------
    TypeError
        For input that is not real numbers or times, or is masked.
    ValueError
        If the shapes do not fit together, the policy is unknown or `workers` is below 1. For one
        fit also if there are fewer than 2 points (of positive weight), all of them have the same x,
        a weight is negative or not finite, or x or y is not finite by default. Such a row of a
        stack does not raise: it gets NaN and its `status`.

    Notes
    -----
    With w the weights, W their sum, and means ``mx = sum(w x) / W``, ``my = sum(w y) / W``::

        Sxx = sum(w (x - mx)^2),  Sxy = sum(w (x - mx) (y - my)),  SSR = sum(w residual^2)
        slope = Sxy / Sxx                       intercept = my - slope mx
        s^2 = SSR / (nobs - 2)                  rvalue = sign(Sxy) sqrt(1 - SSR / Syy)
        stderr = sqrt(s^2 / Sxx)                intercept_stderr = sqrt(s^2 (1 / W + mx^2 / Sxx))

    With sums that are not centred these are ``slope = (n Sxy - Sx Sy) / (n Sxx - Sx^2)`` and
    ``intercept = (Sy Sxx - Sx Sxy) / (n Sxx - Sx^2)``. (The notes that this package implements give
    the second formula as the slope, with a slip, and the first as the intercept.) In this form they
    lose a digit for each digit of an offset of x.

    Here the sums are taken about a provisional line, over residuals that keep their last digits.
    They are taken again if that line was not near. Errors of slope and intercept are a few units in
    the last place (of ``spread(y) / spread(x)`` if the slope is smaller than that). Errors of the
    standard errors are about 1e-15 relative. This holds for any offsets of x and y and however good
    the fit, as long as residuals are above 1e-18 of y. Memory is read once, unless the sums must be
    taken again.

    Large integers and times are fitted by their differences from the number nearest to 0, exact up
    to 2^53 of them; the intercept is that at 0, and `predict` goes by differences again. So
    nanoseconds since 1970 fit as well as nanoseconds since noon. Through two points the line is
    exact, `rvalue` is 1 or -1 and standard errors are NaN. For constant y `rvalue` is 0.

    A row has the same bits alone, in any stack, and for any number of workers.

    References
    ----------
    Draper, Smith, Applied Regression Analysis, 3rd ed., Wiley, 1998, chapter 1.
    Bjorck, Numerical Methods for Least Squares Problems, SIAM, 1996, section 2.9.

    Examples
    --------
    >>> from mathwork.regression import fit_line
    >>> fit = fit_line([1, 2, 3, 4], [3, 5, 7, 10])
    >>> fit.slope, fit.intercept
    (2.3, 0.5)
    >>> slope, intercept = fit_line([0, 1, 2], [[1, 3, 5], [2, 2, 2]])
    >>> slope
    array([2., 0.])
    """
    workers = checked_workers(workers)
    points = checked_points(x, y, weights, nan_policy, rows_of_points)
    fit = kernels.fit_checked_line(points.x, points.y, points.weights, workers)
    allowed = (FITTED, FIT_NOT_FINITE) if nan_policy == "propagate" else (FITTED,)
    if points.y.ndim == 1 and fit.status not in allowed:
        raise line_error(fit.status, points)
    return _from_base(fit, points)


def _from_base(fit: LineFit, points: Points) -> LineFit:
    """Return the fit of x and y, given the fit of their differences from the bases"""
    x_base, y_base = points.x_base, points.y_base
    details = Details(points.n_omitted, points.names, points.targets)
    if x_base is None and y_base is None:
        found = details_or_none(details)
        return fit if found is None else kernels.with_details(fit, found)
    shape = np.shape(fit.slope)
    origin, height = (pair_of(base and base.each(), shape) for base in (x_base, y_base))
    there = pair_sum(height, fit.intercept)
    intercept = pair_sum(pair_product(origin, -np.asarray(fit.slope)), there)[0]
    with np.errstate(all="ignore"):
        # No cancellation: the base is between 0 and the points, or is 0.
        reach = origin[0] * (origin[0] + 2 * mean_of(points.x, points.weights))
        stderr = np.hypot(fit.intercept_stderr, fit.stderr * np.sqrt(reach))
    fields = fit.slope, intercept, fit.rvalue, fit.stderr, stderr, fit.nobs, fit.status
    return kernels.with_details(LineFit(*fields), details._replace(
        x_base=x_base, y_base=y_base, level=there))
