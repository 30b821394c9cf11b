"""A straight line through points, or a stack of lines.

The fit is compiled: lines.pxi, line_stacks.pxi and line_doors.pxi in mathwork/kernels/regression.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import mathwork._tables as tables
from mathwork._doors import door
from mathwork._levels import regression as kernels
from mathwork._status import FIT_NOT_FINITE, FITTED
from mathwork._workers import checked_workers
from mathwork.regression.columns import pair_of, pair_product, pair_sum
from mathwork.regression.details import Details, details_or_none
from mathwork.regression.line_fit import LineFit
from mathwork.regression.points import (
    checked_points,
    line_error,
    mean_of,
    rows_of_points,
    with_labels,
)
from mathwork.regression.robust import asked

if TYPE_CHECKING:
    from typing import SupportsIndex

    from numpy.typing import ArrayLike

    from mathwork._types import (
        Cov,
        NanPolicy,
    )
    from mathwork.regression.points import Points


@door(kernels.fit_line)
def fit_line(x: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None, workers: int = 1,
             nan_policy: NanPolicy = "raise", cov: Cov = "nonrobust",
             groups: ArrayLike | None = None, maxlags: SupportsIndex | None = None) -> LineFit:
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
    cov, groups, maxlags
        The standard errors, as for :func:`fit_linear`. The rows of a stack share the groups.

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

    A row has the same bits alone, in any stack, and for any number of workers. Robust standard
    errors of rows of a stack are computed in another order than those of one line, so that they
    may differ in the last digits.

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
    tables.check_index(x=x, y=y, groups=groups)
    points = checked_points(x, y, weights, nan_policy, rows_of_points)
    wanted = asked(cov, groups, maxlags, points.x.shape[-1])
    points = with_labels(points, wanted.codes, nan_policy)
    fit = kernels.fit_checked_line(points.x, points.y, points.weights, workers)
    allowed = (FITTED, FIT_NOT_FINITE) if nan_policy == "propagate" else (FITTED,)
    if points.y.ndim == 1 and fit.status not in allowed:
        raise line_error(fit.status, points)
    fit = _from_base(fit, points)
    return fit if wanted.kind == "nonrobust" else fit._with_asked(wanted)


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
    made = LineFit(*fields)
    made._x, made._y, made._weights = fit._x, fit._y, fit._weights
    return kernels.with_details(made, details._replace(x_base=x_base, y_base=y_base, level=there))
