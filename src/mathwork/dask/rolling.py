"""A fit for every window of a series in partitions, to the bits that it has in memory.

The bits of a window depend on its place in the series: sums begin anew every `window` rows, counted
from the first row of all. So a partition takes rows from those before it, up to one where sums
begin. Such rows are carried from partition to partition, of which Dask may not know the lengths.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import mathwork.dask.library as library
import mathwork.regression as regression
from mathwork._arguments import count, flag, shown
from mathwork.dask.partitions import partitions
from mathwork.regression.checks import checked_nan_policy
from mathwork.regression.spans import is_count

if TYPE_CHECKING:
    from typing import Any

    from mathwork._types import NanPolicy
    from mathwork.dask.library import Frame


def fit_rolling(x: Frame, y: Frame, window: int, *, min_nobs: int | None = None,
                weights: Frame | None = None, intercept: bool = True,
                nan_policy: NanPolicy = "propagate") -> Frame:
    """A fit of least squares for every window of a series: a row and the rows before it.

    Parameters
    ----------
    x : dask.array.Array, shape (n,) or (n, k), or dask.dataframe.Series or DataFrame
        One x, or up to ten columns.
    y : dask.array.Array, shape (n,), or dask.dataframe.Series
    window : int
        The number of rows in a window. It may be longer than partitions are.
    min_nobs : int, optional
        Windows of at least this many rows are fitted; by default all of a window.
    weights : as y, optional
    intercept : bool
    nan_policy : {"propagate", "omit", "raise"}
        All of these as for :func:`mathwork.regression.fit_rolling`.

    Returns
    -------
    dask.dataframe.DataFrame
        Row i is the fit of the window that ends at row i. The columns are those of
        ``mathwork.regression.fit_rolling(...).to_pandas()``; for one x ``nobs``, ``slope``,
        ``intercept``, ``rvalue``, ``stderr``, ``intercept_stderr`` and ``status``. It has the
        partitions of y, and its index; for arrays the numbers of the rows.

    Raises
    ------
    TypeError, ValueError
        As :func:`mathwork.regression.fit_rolling` and :func:`fit_linear`; for windows of time and
        those of all rows so far, too.

    Notes
    -----
    Each window has the bits that it has in memory. For that a partition takes the last rows of
    those before it, at most ``2 window - 2``. No other row moves.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import fit_rolling
    >>> x, y = da.arange(4, chunks=2), da.from_array([0, 1, 3, 5], chunks=2)
    >>> fit_rolling(x, y, 3).compute()["slope"].to_numpy()
    array([nan, nan, 1.5, 2. ])
    """
    if not is_count(window):
        raise TypeError(f"window must be an integer, a number of rows, got {shown(window)}: "
                        "windows of time, and those of all rows so far, are for series in memory")
    intercept = flag(intercept, "intercept")
    least = 1 + intercept
    options: dict[str, Any] = {
        "window": count(window, "window", least),
        "min_nobs": None if min_nobs is None else count(min_nobs, "min_nobs", least),
        "intercept": intercept, "nan_policy": checked_nan_policy(nan_policy)}
    parts = partitions(Series, x=x, y=y, weights=weights)
    meta = _table(regression.fit_rolling(_none_of(x), _none_of(y), **options), None)
    carried, fitted = (library.delayed.delayed(each, pure=True) for each in (_carried, _fitted))
    tables, before = [], None
    for part in parts.results:
        tables.append(fitted(before, part, **options))
        before = carried(before, part, options["window"])
    return library.part("dask.dataframe").from_delayed(
        tables, meta=meta, divisions=parts.divisions, verify_meta=False)


def _none_of(rows: Frame) -> Any:
    """Return a collection without its rows, which tells names, columns and dtypes"""
    meta = getattr(rows, "_meta", None)
    return meta.reshape((0, *rows.shape[1:])) if isinstance(meta, np.ndarray) else meta


# ---- in the workers ----

class Series(NamedTuple):
    """Rows that follow each other: arrays, or columns of pandas."""

    x: Any
    y: Any
    weights: Any = None

    def between(self, start: int, stop: int | None = None) -> Series:
        return Series(*(None if part is None else part[start:stop] for part in self))

    def then(self, other: Series) -> Series:
        """Return the rows of both."""
        return Series(*(None if part is None else _joined(part, more)
                        for part, more in zip(self, other, strict=True)))


class Before(NamedTuple):
    """The last of the rows before a partition: those from `first` on."""

    rows: Series
    first: int

    @property
    def stop(self) -> int:
        return self.first + len(self.rows.y)


def _joined(part: Any, more: Any) -> Any:
    if isinstance(part, np.ndarray):
        return np.concatenate([part, more])
    return library.part("pandas").concat([part, more])


def _with(before: Before | None, part: Series) -> Before:
    """Return a partition with the rows carried to it"""
    return Before(part, 0) if before is None else before._replace(rows=before.rows.then(part))


def _carried(before: Before | None, part: Series, window: int) -> Before:
    """Return what the next partition needs: from a row where sums begin, window - 1 rows or more"""
    rows, first = _with(before, part)
    stop = first + len(rows.y)
    begin = max((stop - window + 1) // window * window, first)
    return Before(rows.between(begin - first), begin)


def _fitted(before: Before | None, part: Series, *, window: int, **options: Any) -> Any:
    """Return the table of the windows that end in a partition"""
    rows, first = _with(before, part)
    fits = regression.fit_rolling(rows.x, rows.y, window, weights=rows.weights, **options)
    own = before.stop - first if before is not None else 0
    index = getattr(part.y, "index", None)
    if index is None:
        index = library.part("pandas").RangeIndex(first + own, first + len(fits))
    return _table(fits[own:], index)


def _table(fits: regression.RollingFits, index: Any) -> Any:
    return library.part("pandas").DataFrame(fits.to_dict(), index=index)
