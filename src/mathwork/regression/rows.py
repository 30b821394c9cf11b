"""The rows of a linear regression: what is given, as arrays that the kernels read."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import mathwork._tables as tables
from mathwork._arrays import FLOAT64, as_plain
from mathwork._levels import regression as kernels
from mathwork.regression.checks import check_weights, check_weights_of_rows, checked_nan_policy
from mathwork.regression.columns import Column, as_table, counted, distance, pair_of
from mathwork.regression.details import Details
from mathwork.regression.keys import unlabelled

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray
    from mathwork.regression.columns import Base


class Rows(NamedTuple):
    """X (n, p), y (n,) or (n, k), and weights (n,), as the kernels take them.

    X and y are not copied if they are float32 or float64, aligned, in native byte order. They count
    from the bases in the details, if there are some.
    """

    X: FloatArray
    y: FloatArray
    weights: NDArray[np.float64] | None
    details: Details

    def bases(self) -> NDArray[np.float64] | None:
        """Return the bases as pairs (2, p + k) for the kernel; None without bases."""
        x_base, y_base = self.details.x_base, self.details.y_base
        if x_base is None and y_base is None:
            return None
        k = self.y.shape[1] if self.y.ndim == 2 else 1
        return np.concatenate([_pairs(x_base, self.X.shape[1]), _pairs(y_base, k)], axis=1)


def checked_rows(X: ArrayLike, y: ArrayLike, weights: ArrayLike | None, nan_policy: str,
                 intercept: bool) -> Rows:
    """Return the rows of a fit.

    With "omit", rows that are not finite have a weight of 0 if a column counts from a base. Else
    the kernel finds them: see `without_gaps`.
    """
    nan_policy = checked_nan_policy(nan_policy)
    tables.check_index(X=X, y=y, weights=weights)
    (x_column, names), (y_column, targets) = as_table(X, "X"), as_table(y, "y")
    shape, y_shape = x_column.high.shape, y_column.high.shape
    if len(shape) != 2:
        raise ValueError(f"X must have shape (n, p), got {shape}")
    if len(y_shape) not in (1, 2):
        raise ValueError(f"y must have shape (n,) or (n, k), got {y_shape}")
    if y_shape[0] != shape[0]:
        raise ValueError(f"y must have {shape[0]} rows, as X of shape {shape} has, got shape "
                         f"{y_shape}")
    omitted = 0
    if weights is not None:
        weights = as_plain(weights, "weights", FLOAT64)
        check_weights_of_rows(weights, shape[0])
        unknown = np.isnan(weights)
        if nan_policy != "raise" and unknown.any():
            weights = np.where(unknown, float(nan_policy == "propagate"), weights)
            if nan_policy == "omit":
                omitted = int(unknown.sum())
            else:           # of a NaN weight as of a NaN y
                y_column = y_column._replace(high=np.where(
                    unknown[(slice(None), *(None,) * (len(y_shape) - 1))], np.nan, y_column.high))
        check_weights(weights)
    if nan_policy == "omit" and not (x_column.is_plain and y_column.is_plain):
        # Else the kernel finds them. Here they would have a say in the base.
        wrong = gaps_in(x_column.high, y_column.high, weights)
        omitted += int(wrong.sum())
        weights = np.where(wrong, 0.0, 1.0 if weights is None else weights)
    if not intercept:       # a fit through 0 counts from there
        x_column, y_column = (Column(column.rounded()) for column in (x_column, y_column))
    X, x_base = counted_rows(x_column, weights)
    y, y_base = counted_rows(y_column, weights)
    return Rows(X, y, weights, Details(omitted, names, targets, x_base, y_base))


def gaps_in(X: FloatArray, y: FloatArray, weights: NDArray[np.float64] | None
            ) -> NDArray[np.bool]:
    """Return which rows, of a weight other than 0, are not finite."""
    finite: Any = np.isfinite(X).all(axis=1)
    wrong = ~(finite & np.isfinite(y if y.ndim == 2 else y[:, None]).all(axis=1))
    return wrong if weights is None else wrong & (weights > 0)


def without_gaps(rows: Rows) -> Rows:
    """Return the rows with weights of 0 where X or y is not finite, and how many these are."""
    weights = np.ones(len(rows.X)) if rows.weights is None else rows.weights.copy()
    before = np.count_nonzero(weights)
    kernels.finite_rows(rows.X, rows.y, weights)
    omitted = rows.details.n_omitted + int(before - np.count_nonzero(weights))
    return rows._replace(weights=weights, details=rows.details._replace(n_omitted=omitted))


def with_labels(rows: Rows, numbers: NDArray[np.intp] | None, nan_policy: str) -> Rows:
    """Return the rows, by the policy, where some have no label: their number is -1."""
    missing = None if numbers is None else unlabelled(numbers, rows.weights, "groups", nan_policy)
    if missing is None:
        return rows
    if nan_policy == "propagate":       # as of a NaN y
        return rows._replace(y=np.where(missing if rows.y.ndim == 1 else missing[:, None],
                                        np.nan, rows.y))
    details = rows.details._replace(n_omitted=rows.details.n_omitted + int(missing.sum()))
    weights = np.where(missing, 0.0, 1.0 if rows.weights is None else rows.weights)
    return rows._replace(weights=weights, details=details)


def from_base(X: ArrayLike, p: int, details: Details | None, name: str = "X") -> FloatArray:
    """Return rows to predict, (m, p), as differences from the base of the fit, or as they are."""
    column, names = as_table(X, name)
    if details is not None:
        check_same_columns(names, details.names, "as the fit has", name)
    if column.high.ndim != 2 or column.high.shape[1] != p:
        raise ValueError(f"{name} must have shape (m, {p}) as the fit has, got {column.high.shape}")
    base = None if details is None else details.x_base
    return column.rounded() if base is None else distance(column, base)


def check_same_columns(names: tuple[str, ...] | None, wanted: tuple[str, ...] | None, like: str,
                       what: str = "X") -> None:
    """Raise if both have names and these differ."""
    if None not in (names, wanted) and names != wanted:
        raise ValueError(f"{what} must have the columns {_listed(wanted)} {like}, "
                         f"got {_listed(names)}")


def to_base(array: FloatArray, base: Base | None) -> FloatArray:
    """Return rows that count from a base as they were given, rounded to float64."""
    return array if base is None else array + base.ticks / base.per


def counted_rows(column: Column, weights: NDArray[np.float64] | None
                 ) -> tuple[FloatArray, Base | None]:
    """Return (rows as they are fitted, their base: a number for each column, or None)."""
    if column.is_plain:
        return column.high, None
    if weights is not None:
        weights = weights[(slice(None), *(None,) * (column.high.ndim - 1))]
    array, base = counted(column, 0, weights)
    return array, None if base is None else base.each(0)


def _pairs(base: Base | None, count: int) -> NDArray[np.float64]:
    return np.stack(pair_of(base, (count,)))


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
