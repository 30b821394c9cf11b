"""The points of lines and polynomials: what is given, as arrays that the kernels read."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._status import BAD_WEIGHT, FIT_NOT_FINITE, TOO_FEW
from mathwork.regression.checks import (
    as_readable,
    check_nan_policy,
    not_finite,
    wrong_weight,
)
from mathwork.regression.columns import as_column, counted

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, FloatOrArray, IntOrArray
    from mathwork.regression.columns import Base


class Points(NamedTuple):
    """Points of one shape (..., n), float32 or float64, aligned, native, that nobody else holds.

    x and y count from their bases, if they have some. `wrong` says which points were left out.
    """

    x: FloatArray
    y: FloatArray
    weights: FloatArray | None
    x_base: Base | None
    y_base: Base | None
    n_omitted: IntOrArray


def checked_points(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None, nan_policy: str
                   ) -> Points:
    """Return the points; broadcast arrays are not copied, nor are arrays with strides."""
    check_nan_policy(nan_policy)
    columns = {"x": as_column(x, "x"), "y": as_column(y, "y")}
    arrays = {name: column.high for name, column in columns.items()}
    if weights is not None:
        arrays["weights"] = as_readable(weights, "weights")
    shape = _common_shape(arrays)
    weights = arrays.get("weights")
    if weights is not None and nan_policy == "propagate":
        unknown = np.isnan(weights)
        if unknown.any():       # of a NaN weight as of a NaN x
            columns["x"] = columns["x"]._replace(high=np.where(unknown, np.nan, arrays["x"]))
            weights = np.where(unknown, 1.0, weights)
    omitted: Any = 0
    if nan_policy == "omit":
        wrong = _missing(arrays["x"], arrays["y"], weights)
        if wrong.any():
            wrong = np.broadcast_to(wrong, shape)
            weights = np.where(wrong, 0.0, 1.0 if weights is None else weights)
            omitted = wrong.sum(axis=-1)
            omitted = int(omitted) if len(shape) == 1 else omitted
    bases, made = [], []
    for column in columns.values():
        array, base = counted(column, weights=_as_wide(weights, column.high))
        made.append(np.broadcast_to(array, shape))
        bases.append(base)
    weights = None if weights is None else np.broadcast_to(weights, shape)
    # Nobody else can set the shape of a view.
    return Points(made[0].view(), made[1].view(), None if weights is None else weights.view(),
                  *bases, omitted)


def _common_shape(arrays: dict[str, FloatArray]) -> tuple[int, ...]:
    """Return the shape that the arrays broadcast to; all have the same number of points"""
    for name, array in arrays.items():
        if array.ndim == 0:
            raise ValueError(f"{name} must have at least one axis, got a single number")
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) == 1:
        return shapes.pop()
    names = ", ".join(arrays)
    given = " and ".join(f"{name} of shape {array.shape}" for name, array in arrays.items())
    if len({shape[-1] for shape in shapes}) > 1:
        raise ValueError(f"{names} must have the same number of points along their last axis, "
                         f"got {given}")
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"the axes of {names} before the last must broadcast, "
                         f"got {given}") from None


def _missing(x: FloatArray, y: FloatArray, weights: FloatArray | None) -> NDArray[np.bool]:
    """Return which points of a weight other than 0 are not finite, or have a weight of NaN"""
    wrong = ~(np.isfinite(x) & np.isfinite(y))
    return wrong if weights is None else (wrong | np.isnan(weights)) & (weights != 0)


def _as_wide(weights: FloatArray | None, array: FloatArray) -> FloatArray | None:
    """Return weights that tell which points of this array count; of one row for many rows, None"""
    return weights if weights is not None and weights.shape == array.shape else None


def mean_of(x: FloatArray, weights: FloatArray | None) -> FloatOrArray:
    """Return the means of the points that count."""
    if weights is None:
        return x.mean(axis=-1)
    counts = weights > 0
    weights = np.where(counts, weights, 0.0)
    weights = weights / weights.max(axis=-1, keepdims=True)
    return (weights * np.where(counts, x, 0.0)).sum(axis=-1) / weights.sum(axis=-1)


def error_of(status: int, points: Points) -> ValueError:
    """Return the error for a status of one line that has no result."""
    x, weights = points.x, points.weights
    if weights is not None and status == BAD_WEIGHT:
        return wrong_weight(weights)
    if status == FIT_NOT_FINITE:
        return not_finite("x and y", "point", _missing(x, points.y, weights))
    of = ""
    if weights is not None:
        x = x[weights > 0]
        of = " that count" if points.n_omitted else " of positive weight"
    if status == TOO_FEW:
        return ValueError(f"a line needs at least 2 points{of}, got {len(x)}")
    same = x[0] if points.x_base is None else float(points.x_base.exact(0) + int(x[0]))
    return ValueError(f"x must vary, got {len(x)} points{of} with x = {same}")
