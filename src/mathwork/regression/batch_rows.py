"""The rows of groups and windows: what is given, as arrays that the kernels read."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import mathwork._tables as tables
from mathwork._arrays import FLOAT32, FLOAT64, as_plain, plain_in
from mathwork.regression.checks import checked_nan_policy, not_finite
from mathwork.regression.columns import Column, as_table

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]
    Planes = tuple[Numbers, Numbers, Numbers | None, Numbers | None, Numbers | None]

MOST_COLUMNS = 10       # MOST_X of planes.pxi


class Rows(NamedTuple):
    """The columns of x, (n,) or (n, k), and of y, (n,); weights are of float64."""

    x: Column
    y: Column
    weights: NDArray[np.float64] | None
    names: tuple[str, ...]
    n_omitted: int

    def are_points(self, intercept: bool) -> bool:
        """Return whether the kernels of lines take them: one x, no weights, and no exact pairs."""
        return (intercept and self.weights is None and self.x.high.ndim == 1
                and self.x.low is self.y.low is None and self.x.per == self.y.per == 1)

    def points(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return x and y, plain; nobody else can set their shapes and dtypes."""
        return _plain(self.x.high), _plain(self.y.high)

    def planes(self, intercept: bool) -> Planes:
        """Return (X, y, X_low, y_low, weights) for the kernels of planes."""
        x, y = self.x, self.y
        if not intercept:       # these count from 0
            x, y = Column(x.rounded()), Column(y.rounded())
        X_low, y_low = x.low, y.low
        if X_low is not None or y_low is not None:
            X_low = np.zeros(x.high.shape) if X_low is None else X_low
            y_low = np.zeros(y.high.shape) if y_low is None else y_low
        return (_columns(x.high), _plain(y.high, FLOAT64),
                None if X_low is None else _columns(X_low),
                None if y_low is None else _plain(y_low, FLOAT64),
                None if self.weights is None else _plain(self.weights))

    def in_units(self, fields: NDArray[np.float64], intercept: bool) -> NDArray[np.float64]:
        """Put the numbers of fits by `planes` from ticks of times into seconds, in place"""
        if not intercept or (np.all(self.x.per == 1) and self.y.per == 1):
            return fields
        P = len(fields) // 2
        for part in (fields[:P], fields[P:-1]):
            part /= self.y.per
            part[1:] *= np.reshape(self.x.per, (-1, 1))
        return fields


def checked_rows(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None, nan_policy: str, *,
                 keys: Any = None, of_keys: tuple[int, ...] | None = None, hint: str = "") -> Rows:
    """Return the rows; `keys` are of the shape `of_keys`, and `hint` ends an error of it."""
    nan_policy = checked_nan_policy(nan_policy)
    if any(hasattr(given, "index") for given in (keys, x, y, weights)):
        tables.check_index(keys=keys, x=x, y=y, weights=weights)
    x_column, names = _own(x, "x")
    columns = x_column, _own(y, "y")[0]
    shapes = [column.high.shape for column in columns]
    if len(shapes[0]) not in (1, 2) or shapes[1] != shapes[0][:1] or (
            of_keys not in (None, shapes[1])):
        who, given = ("x and y", "") if of_keys is None else ("keys, x and y", f"{of_keys}, ")
        raise ValueError(f"{who} must have the same shape (n,), or x (n, k), "
                         f"got {given}{shapes[0]} and {shapes[1]}{hint}")
    k = 1 if len(shapes[0]) == 1 else shapes[0][1]
    if not 1 <= k <= MOST_COLUMNS:
        raise ValueError(f"x must have 1 to {MOST_COLUMNS} columns, got {k}; "
                         "fit_linear takes any number")
    if weights is not None:
        weights = as_plain(weights, "weights", FLOAT64).view()      # as in _own
        if weights.shape != shapes[1]:
            raise ValueError(f"weights must have shape {shapes[1]} to match y, "
                             f"got {weights.shape}")
    if names is None:
        names = names_of_array(k)
    return _without_gaps(*columns, weights, names, nan_policy)


def names_of_array(k: int) -> tuple[str, ...]:
    """Return the names of the columns of an x that has none."""
    return ("x",) if k == 1 else tuple(f"x{at}" for at in range(1, k + 1))


def _without_gaps(x: Column, y: Column, weights: NDArray[np.float64] | None,
                  names: tuple[str, ...], nan_policy: str) -> Rows:
    """Apply the policy: a row that is left out has a weight of 0"""
    if nan_policy == "propagate":
        if weights is not None and np.isnan(weights).any():     # as a NaN in y
            unknown = np.isnan(weights)
            y = y._replace(high=np.where(unknown, np.nan, y.high))
            weights = np.where(unknown, 1.0, weights)
        return Rows(x, y, weights, names, 0)
    finite = np.isfinite(x.high)
    wrong = ~(np.isfinite(y.high) & (finite if finite.ndim == 1 else finite.all(axis=1)))
    if weights is not None:
        wrong = (wrong | np.isnan(weights)) & (weights != 0)
    if not wrong.any():
        return Rows(x, y, weights, names, 0)
    if nan_policy == "raise":
        raise not_finite("x and y" if weights is None else "x, y and weights", "row", wrong)
    weights = np.where(wrong, 0.0, 1.0 if weights is None else weights)
    return Rows(x, y, weights, names, int(wrong.sum()))


def _own(value: ArrayLike, name: str) -> tuple[Column, tuple[str, ...] | None]:
    """Return an argument as a Column that nobody else has, and its names or None.

    Reading the other arguments may run any code.
    """
    if type(value) is np.ndarray and value.dtype in (FLOAT32, FLOAT64) and value.flags.aligned:
        return Column(value.view()), None       # what as_table makes of it, in a tenth of the time
    column, names = as_table(value, name)
    return column._replace(high=column.high.view()), names


def _columns(array: NDArray[Any]) -> NDArray[np.float64]:
    return plain_in(array if array.ndim == 2 else array[:, None], FLOAT64).view()


def _plain(array: NDArray[Any], dtype: Any = None) -> NDArray[Any]:
    return plain_in(array, dtype or array.dtype).view()
