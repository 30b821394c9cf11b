"""A fit for every group of rows in partitions: moments of each group, merged in a tree."""
from __future__ import annotations

import itertools
import math
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import mathwork.dask.library as library
from mathwork._arguments import flag
from mathwork._levels import regression as kernels
from mathwork._status import BAD_WEIGHT, CONSTANT, FIT_NOT_FINITE, FITTED, TOO_FEW
from mathwork.dask.partitions import merged, partitions
from mathwork.regression.batch_rows import checked_rows
from mathwork.regression.batches import fields_of
from mathwork.regression.checks import checked_nan_policy
from mathwork.regression.columns import Column
from mathwork.regression.groups import GroupFits
from mathwork.regression.keys import as_keys
from mathwork.regression.moment_rows import MomentRows, is_unknown, moments_of

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from mathwork._types import NanPolicy
    from mathwork.dask.library import Delayed, Frame
    from mathwork.regression.batch_rows import Rows

DEPENDENT = 2.0**-50    # what is left of a column that depends on others, as in fit_groups


def fit_groups(keys: Frame, x: Frame, y: Frame, *, weights: Frame | None = None,
               intercept: bool = True, nan_policy: NanPolicy = "propagate") -> Delayed:
    """A fit of least squares to the rows of every group, over the partitions of Dask collections.

    Parameters
    ----------
    keys : dask.array.Array, shape (n,), or dask.dataframe.Series
        The group of each row. The rows of a group may be in any partitions.
    x : the same, shape (n,) or (n, k)
        One x, or up to ten columns.
    y : the same, shape (n,)
    weights : the same, shape (n,), optional
    intercept : bool
    nan_policy : {"propagate", "omit", "raise"}
        All of these as for :func:`mathwork.regression.fit_groups`.

    Returns
    -------
    Delayed of GroupFits
        ``compute()`` gives one entry a group, in the order of their first rows.

    Raises
    ------
    TypeError, ValueError
        As :func:`fit_linear`; what only the rows show, when they are read, as by
        :func:`mathwork.regression.fit_groups`.

    Notes
    -----
    One pass, without a shuffle: each partition gives the moments of its groups in 32 digits, and
    they are merged in a tree. So all groups must fit into the memory of one worker, some hundred
    bytes each. A partition takes about 5 us for each of its groups beside some 100 ns a row, so
    partitions should have many rows of a group. The fits are those of
    :func:`mathwork.regression.fit_groups` to nearly all digits.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import fit_groups
    >>> keys = da.from_array([7, 3, 7, 7, 3, 5], chunks=2)
    >>> x, y = (da.from_array(each, chunks=2) for each in ([0, 0, 1, 2, 1, 9], [1, 5, 3, 5, 2, 9]))
    >>> fits = fit_groups(keys, x, y).compute()
    >>> fits.keys, fits.slope
    (array([7, 3, 5]), array([ 2., -3., nan]))
    """
    of_rows = partial(_of_rows, nan_policy=checked_nan_policy(nan_policy))
    intercept = flag(intercept, "intercept")
    found = partitions(of_rows, keys=keys, x=x, y=y, weights=weights).results
    return library.delayed.delayed(_fits_of, pure=True)(merged(found, _merged), intercept)


# ---- in the workers ----

class GroupMoments(NamedTuple):
    """The moments of groups, in the order of their first rows."""

    keys: NDArray[Any]
    numbers: NDArray[np.float64]        # a row for each group: MomentSums, of x and y
    wrong: NDArray[np.bool]             # whether a weight is negative or infinite
    names: tuple[str, ...]              # of the columns of x
    n_omitted: int


def _of_rows(keys: Any, x: Any, y: Any, weights: Any = None, *, nan_policy: NanPolicy
             ) -> GroupMoments:
    """Return the moments of the groups of a partition"""
    given, plain, _ = as_keys(keys)
    rows = checked_rows(x, y, weights, nan_policy, keys=keys, of_keys=plain.shape)
    codes, first = _numbered(plain)
    # Of numbers of 16 bits NumPy sorts millions in milliseconds.
    order = np.argsort(codes.astype(np.min_scalar_type(-1 - len(first))), kind="stable")
    order = order[np.count_nonzero(codes < 0):]         # without the rows that have no key
    starts = np.searchsorted(codes[order], np.arange(len(first) + 1))
    wrong = np.zeros(len(first), bool)
    if rows.weights is not None:
        bad = ~(rows.weights >= 0) | np.isinf(rows.weights)
        wrong[codes[bad & (codes >= 0)]] = True
        rows = rows._replace(weights=np.where(bad, 0.0, rows.weights))
    numbers = _of_pieces(_in_order(rows, order), starts.tolist())
    return GroupMoments(given[first], numbers, wrong, rows.names, rows.n_omitted)


def _numbered(keys: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the number of each key in the order of first rows, -1 for none; and the first rows"""
    codes = library.part("pandas").factorize(keys)[0]
    largest = np.maximum.accumulate(codes)
    return codes, np.flatnonzero(largest > np.concatenate(([-1], largest[:-1])))


def _in_order(rows: Rows, order: NDArray[np.intp]) -> MomentRows:
    """Return some rows in this order, as moments are made of them"""
    def ordered(column: Column, *shape: int) -> Column:
        high, low = column.high[order], None if column.low is None else column.low[order]
        return Column(high.reshape(len(order), *shape),
                      None if low is None else low.reshape(len(order), *shape), column.per)

    x, y = ordered(rows.x, len(rows.names)), ordered(rows.y)
    weights = None if rows.weights is None else rows.weights[order]
    return MomentRows(x, y, weights, (x.high.shape[1], 1, True), rows.names, len(order))


def _of_pieces(rows: MomentRows, starts: list[int]) -> NDArray[np.float64]:
    """Return the moments of the rows between these starts, a row each"""
    pieces = [slice(*ends) for ends in itertools.pairwise(starts)]
    made = np.full((len(pieces), 4 + 3 * rows.q + 2 * rows.q**2), math.nan)
    x, y, weights = rows.X, rows.y, rows.weights
    assert isinstance(x, Column) and isinstance(y, Column)
    if x.is_plain and y.is_plain:
        for numbers, piece in zip(made, pieces, strict=True):
            numbers[:] = kernels.moments_of(x.high[piece], y.high[piece],
                                            None if weights is None else weights[piece])
    for at in np.flatnonzero(~np.isfinite(made).all(axis=1)).tolist():      # gaps, large numbers
        first, stop = starts[at:at + 2]
        made[at] = moments_of(rows, first, stop - first, "propagate", False).numbers
    return made


def _merged(parts: list[GroupMoments]) -> GroupMoments:
    """Return the moments of the groups of some partitions"""
    keys = np.concatenate([part.keys for part in parts])
    codes, first = _numbered(keys)
    found: list[Any] = [None] * len(first)
    q = len(parts[0].names) + 1
    for code, numbers in zip(codes.tolist(), np.concatenate([part.numbers for part in parts]),
                             strict=True):
        found[code] = numbers if found[code] is None else kernels.merged_moments(
            found[code], numbers, q)
    wrong = np.zeros(len(first), bool)
    wrong[codes[np.concatenate([part.wrong for part in parts])]] = True
    return GroupMoments(keys[first], np.array(found).reshape(len(first), parts[0].numbers.shape[1]),
                        wrong, parts[0].names, sum(part.n_omitted for part in parts))


def _fits_of(groups: GroupMoments, intercept: bool) -> GroupFits:
    k = len(groups.names)
    P = k + intercept
    count = len(groups.keys)
    nobs, status = groups.numbers[:, 0].astype(np.int64), np.zeros(count, np.int8)
    fields = np.full((2 * P + 1, count), math.nan)
    for at, numbers in enumerate(groups.numbers):
        status[at], fields[:, at] = _fit_of(numbers, bool(groups.wrong[at]), k, intercept)
    return GroupFits._made(keys=groups.keys, names=groups.names, n_omitted=groups.n_omitted,
                           cov_type="nonrobust",
                           **fields_of(nobs, status, fields, intercept))


def _fit_of(numbers: NDArray[np.float64], wrong: bool, k: int, intercept: bool
            ) -> tuple[int, Any]:
    """Return (status, numbers of the fit) of one group"""
    if wrong:
        return BAD_WEIGHT, math.nan
    if is_unknown(numbers) or not np.isfinite(numbers).all():
        return FIT_NOT_FINITE, math.nan
    if numbers[0] < k + intercept:
        return TOO_FEW, math.nan
    fit = kernels.fit_of_moments(numbers, k + 1, np.arange(k), 1, True, intercept, DEPENDENT)
    if fit.status != FITTED:
        return CONSTANT, math.nan
    return FITTED, np.concatenate([fit.params, fit.bse, [fit.rsquared]])
