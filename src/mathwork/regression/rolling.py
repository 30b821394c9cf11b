"""A fit of least squares for every window of a series.

The sums are compiled: rolling.pxi, rolling_planes.pxi, spans.pxi and the files that they name, in
mathwork/kernels/regression.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import mathwork._tables as tables
from mathwork._arguments import flag, shown, whole
from mathwork._doors import public
from mathwork._levels import regression as kernels
from mathwork.regression.batch_errors import Sets, checked_cov, robust_errors
from mathwork.regression.batch_rows import checked_rows
from mathwork.regression.batches import FIELDS, Fits, as_rows, fields_of, on_planes
from mathwork.regression.spans import as_times, begins_of, decay_of, is_count

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import Duration, NanPolicy, RowCov
    from mathwork.regression.batch_rows import Rows


@public
class RollingFits(Fits):
    """The result of :func:`fit_rolling`. Immutable; entry i is for the window that ends at row i.

    ``fits[i]`` is the fit of one window: a :class:`LineFit` for one x and an intercept, else a
    :class:`PlaneFit`. A slice, or an array of integers or bools, gives the fits of some windows.
    There are P parameters: the intercept if there is one, then one for each x.

    Attributes
    ----------
    slope, intercept : ndarray of float64, shape (n,)
        For one x: the line ``y = slope x + intercept`` of least squares.
    rvalue : ndarray of float64, shape (n,)
        For one x: the correlation of x and y; 0 if y is constant in the window.
    stderr, intercept_stderr : ndarray of float64, shape (n,)
        For one x: the standard errors of slope and intercept; NaN for two points.
    pvalue : ndarray of float64, shape (n,)
        For one x: the chance of a slope at least as far from 0 if the true slope is 0, by
        Student's t with `df_resid` degrees of freedom. Needs SciPy (extra ``stats``), as do
        `pvalues` and `conf_int`.
    params, bse : ndarray of float64, shape (n, P)
        The parameters and their standard errors; these are NaN if there are P rows.
    tvalues, pvalues : ndarray of float64, shape (n, P)
        ``params / bse``, and the chance of a t at least as far from 0.
    rsquared : ndarray of float64, shape (n,)
        ``1 - ssr / tss``; tss is about the mean with an intercept, and about 0 without one. 0 if
        tss is 0.
    status : ndarray of int8, shape (n,)
        A code of ``mathwork.regression.status``: 0 for a fit; 1 for fewer than `min_nobs` rows, 2
        if x is constant in the window or one x depends on the others, 3 if it holds NaN or
        infinity, 4 for a weight that is negative or infinite. If it is not 0, the fields are NaN.
    nobs : ndarray of int64, shape (n,)
        The number of rows in the window, of positive weight.
    nobs_effective : ndarray of float64, shape (n,)
        How many observations the rows are worth: `nobs`, and less if they fade (`halflife`).
    df_resid : ndarray of float64, shape (n,)
        ``nobs_effective - P``
    n_omitted : int
        The number of rows that ``nan_policy="omit"`` left out.
    window : int, float, timedelta or None
        The given value.
    min_nobs : int
    has_intercept : bool
    names : tuple of str
        The names of the columns of x: those of a data frame, else ``x`` or ``x1``, ``x2``, ...
    cov_type : str
        The `cov` of the fit.

    Examples
    --------
    >>> from mathwork.regression import fit_rolling
    >>> fits = fit_rolling([0, 1, 2, 3], [0, 1, 3, 5], 3)
    >>> fits.slope
    array([nan, nan, 1.5, 2. ])
    >>> fits.status
    array([1, 1, 0, 0], dtype=int8)
    >>> fits[3].predict(4)
    7.0
    """

    __slots__ = ("_effective", "min_nobs", "window")
    _before = ("window", "min_nobs")

    _effective: NDArray[np.float64] | None      # None: rows do not fade
    min_nobs: int
    window: Any

    @property
    def nobs_effective(self) -> NDArray[np.float64]:
        return np.asarray(self._observations(), np.float64)

    def __getattr__(self, name: str) -> Any:
        if name != "nobs":
            return super().__getattr__(name)
        # Lines through windows of points: each has all of its points, counted when asked for.
        n = len(self)
        return self._set(nobs=np.minimum(np.arange(1, n + 1), min(self.window, n))).nobs

    def _observations(self) -> NDArray[Any]:
        return self.nobs if self._effective is None else self._effective

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """The fitted y for one row of x a window.

        Parameters
        ----------
        x : array_like, shape (n,) or (n, k)
            ``predict(x)`` for the x of the fit has the fitted y at the last row of each window.

        Returns
        -------
        ndarray of float64, shape (n,)

        Raises
        ------
        ValueError
            For another shape.

        Notes
        -----
        x and the intercept are rounded to float64. So for integers beyond 2^53, and for times far
        from 1970 by their steps, subtract a first x before the fit.

        Examples
        --------
        >>> from mathwork.regression import fit_rolling
        >>> fits = fit_rolling([0, 1, 2, 3], [0, 1, 3, 5], 3)
        >>> fits.predict([1, 2, 3, 4])          # one step ahead
        array([       nan,        nan, 4.33333333, 7.        ])
        """
        rows = as_rows(x, len(self.names), self.names)
        if len(rows) != len(self):
            raise ValueError(f"x must have {len(self)} rows, one for each window, got {len(rows)}")
        return on_planes(self.params, self.has_intercept, rows)


@public
def fit_rolling(x: ArrayLike, y: ArrayLike, window: int | float | Duration | None = None, *,
                min_nobs: int | None = None, weights: ArrayLike | None = None,
                intercept: bool = True, time: ArrayLike | None = None,
                halflife: float | Duration | None = None,
                nan_policy: NanPolicy = "propagate", cov: RowCov = "nonrobust") -> RollingFits:
    """A fit of least squares for every window of a series: a row and the rows before it.

    Parameters
    ----------
    x : array_like, shape (n,) or (n, k)
        The series of what explains y: one x, or up to ten columns. x need not be equally spaced,
        nor in order. Integers count exactly, also beyond 2^53. ``datetime64`` and ``timedelta64``
        are numbers of seconds, dates since 1970-01-01.
    y : array_like, shape (n,)
        What is explained, of the same kinds.
    window : int, float, str or timedelta, optional
        The number of rows in a window; it may be longer than the series. With `time` its width: the
        window of a row has the rows up to it that are less than a width older. A duration such as
        ``"30d"`` or ``timedelta(days=30)`` for dates, a number for numbers. None: a window is all
        rows so far.
    min_nobs : int, optional
        Windows of at least this many rows are fitted, from P to `window` for P parameters. By
        default all of a `window` of rows, and P for others. Rows that are left out do not count.
    weights : array_like, shape (n,), optional
        The factors of the squared residuals. A row of weight 0 is left out, whatever its x and y.
    intercept : bool
        Whether the fits have a constant, their first parameter.
    time : array_like, shape (n,), optional
        When each row was: numbers, dates or times that do not fall. By default it is the index of y
        or x, if that has dates and `window` or `halflife` is a duration.
    halflife : float, str or timedelta, optional
        A row counts half after so many rows, or so much `time`. Only if `window` is None.
    nan_policy : {"propagate", "omit", "raise"}
        What to do if x or y is NaN, NaT or infinite, or a weight is NaN. By default the windows
        with such rows have status 3 and the others are fitted. "omit" leaves these rows out.
    cov : {"nonrobust", "HC0", "HC1", "HC2", "HC3"}
        The standard errors: the usual ones, or those of White (HC0) and MacKinnon and White (HC1 to
        HC3), which hold if the variance of y is not the same in all rows, as for
        :func:`fit_linear`. Not with `halflife`. Each window is computed
        from its rows, so their time grows with the rows of all windows together.

    Returns
    -------
    RollingFits
        Entry i is for the window that ends at row i. By default no window raises: a window without
        a fit has NaN and a `status` with the reason.

    Raises
    ------
    TypeError
        If x or y does not hold real numbers or times or is masked, or `window` is of another kind
        than `time`.
    ValueError
        If the shapes do not fit, x has no or more than ten columns, `window` or `halflife` is too
        small, `min_nobs` is out of range, `time` falls, `cov` is another one or not for `halflife`,
        or a number is not finite and the policy is "raise".

    Notes
    -----
    A window is the end of one block of `window` rows and the beginning of the next. The sums of all
    beginnings and of all ends are built row by row (Welford 1962, West 1979), and two are merged
    for a window (Chan, Golub and LeVeque 1983). So no row is ever subtracted. A window depends on
    its own rows only: a spike, NaN or infinity has no effect after it has left, and no error grows
    along the series. The sums are counted from a row of the window. So the errors are relative to
    the distances between its rows: about ``eps sqrt(window)`` and at most ``eps window`` of the
    spreads of x and y, for any offset.

    Some windows are summed a second time: rows so near a line or plane that the standard errors
    would lose digits, squares beyond the range of float64, and columns that nearly depend on each
    other. With several x this is in doubled precision (32 digits), and so are all windows of
    `time`, those of all rows so far and those with `halflife`: one or two microseconds each for two
    x, where windows of so many rows take some 20 ns. A column is dependent (status 2) if
    less than ``2^-50`` of it is left. All levels with fused multiply-add give the same bits; for
    one x, no weights and windows of so many rows, level baseline gives them, too. Robust errors
    take about 0.4 us for each row of each window; their last digits may differ beside other
    windows.

    With `halflife` h a row of age a has the weight ``f = 2^(-a / h)``. The rows are worth
    ``sum(f)^2 / sum(f^2)`` observations (Kish 1965), at most about ``2.89 h``. This number takes
    the place of nobs in standard errors and degrees of freedom; for large h they are those of
    unfaded rows. Rows never leave such a window.

    Beside the result one x takes some 60 KB, and 1 to 5 bytes for each row of a window; several x
    take ``(k + 2)^2`` times 4 KB.

    References
    ----------
    B. P. Welford, "Note on a method for calculating corrected sums of squares and products",
    Technometrics 4(3), 1962.
    D. H. D. West, "Updating mean and variance estimates: an improved method", Communications of the
    ACM 22(9), 1979.
    T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance:
    analysis and recommendations", The American Statistician 37(3), 1983.
    L. Kish, Survey Sampling, Wiley 1965, section 11.7.

    Examples
    --------
    >>> from mathwork.regression import fit_rolling
    >>> fit_rolling([0, 1, 2, 3], [0, 1, 3, 5], 3, min_nobs=2).slope
    array([nan, 1. , 1.5, 2. ])
    >>> x = [[0, 1], [1, 0], [2, 2], [3, 1]]
    >>> fit_rolling(x, [2, 5, 5, 8], 4).params[-1]
    array([ 3.,  2., -1.])
    >>> fit_rolling([0, 1, 2, 3], [0, 1, 3, 5], 2.5, time=[0, 1, 5, 6]).slope
    array([nan,  1., nan,  2.])
    >>> fit_rolling([0, 1, 2, 3], [0, 1, 3, 5], halflife=2).nobs_effective.round(2)
    array([1.  , 1.94, 2.78, 3.5 ])
    """
    cov = checked_cov(cov, "windows")
    if cov != "nonrobust" and halflife is not None:
        raise ValueError(f"cov must be 'nonrobust' for rows that fade (halflife), got {cov!r}")
    tables.check_index(x=x, y=y, time=time)
    rows, intercept = checked_rows(x, y, weights, nan_policy), flag(intercept, "intercept")
    n = len(rows.y.high)
    P = len(rows.names) + intercept
    if halflife is not None and window is not None:
        raise ValueError("give window or halflife, got both: rows that fade never leave")
    width, name = (window, "window") if halflife is None else (halflife, "halflife")
    times = as_times(time, (y, x), n, width, name)
    count = _checked_window(window, P) if times is None and window is not None else None
    min_nobs = _checked_min_nobs(min_nobs, P, count)
    effective = spans = None
    if times is not None and window is not None:
        spans = begins_of(window, times)

    def robust(status: NDArray[np.int8]) -> NDArray[np.float64]:
        begins = np.maximum(np.arange(1, n + 1) - min(count or n, n), 0) if spans is None else spans
        sets = Sets(None, begins, np.arange(1, n + 1))
        return robust_errors(cov, rows.planes(intercept), intercept, sets, status)

    if count is not None and rows.are_points(intercept):
        fields = _lines(rows, count, min_nobs)
        if cov != "nonrobust":
            fields["intercept_stderr"], fields["stderr"] = robust(fields["status"])
    else:
        planes = rows.planes(intercept)
        least = min(min_nobs, n + 1)        # more rows than there are give the same
        if count is not None:
            nobs, status, numbers = kernels.rolling_planes(
                *planes, min(count, n + 1), least, intercept)
        elif spans is None:
            decay = None if halflife is None else decay_of(halflife, times, n)
            nobs, status, numbers, effective = kernels.growing_planes(
                *planes, decay, least, intercept)
        else:
            nobs, status, numbers = kernels.span_planes(*planes, spans, least, intercept)
        if cov != "nonrobust":
            numbers[len(numbers) // 2:-1] = robust(status)
        fields = fields_of(nobs, status, rows.in_units(numbers, intercept), intercept)
    return RollingFits._made(
        window=window if count is None else count, min_nobs=min_nobs, names=rows.names,
        n_omitted=rows.n_omitted, cov_type=cov, _effective=None if halflife is None else effective,
        **fields)


def _lines(rows: Rows, window: int, min_nobs: int) -> dict[str, Any]:
    """Return the fields of lines through windows of so many points"""
    x, y = rows.points()
    n = len(x)
    longest = n + 1         # a longer window gives the same
    status, numbers = kernels.rolling_fits(x, y, min(window, longest), min(min_nobs, longest))
    return {**dict(zip(FIELDS, numbers, strict=True)), "status": status, "has_intercept": True,
            "_planes": None}


def _checked_window(window: Any, P: int) -> int:
    """Return a number of rows that P parameters can be fitted to"""
    if not is_count(window):
        raise TypeError("window must be an integer, a number of rows, or have a time to go with, "
                        f"got {shown(window)}")
    window = whole(window, "window")
    if window < P:
        raise ValueError(f"window must be at least {P}, got {shown(window)}")
    return window


def _checked_min_nobs(min_nobs: Any, P: int, window: int | None) -> int:
    if min_nobs is None:
        return P if window is None else window
    min_nobs = whole(min_nobs, "min_nobs")
    if min_nobs < P or (window is not None and min_nobs > window):
        wanted = f"at least {P}" if window is None else f"between {P} and window = {window}"
        raise ValueError(f"min_nobs must be {wanted}, got {shown(min_nobs)}")
    return min_nobs
