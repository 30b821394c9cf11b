"""The points of lines and polynomials: what is given, as arrays that the kernels read."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import mathwork._tables as tables
from mathwork._arrays import joint_shape
from mathwork._status import BAD_WEIGHT, FIT_NOT_FINITE, TOO_FEW
from mathwork.regression.checks import (
    as_readable,
    check_weights_of_points,
    checked_nan_policy,
    not_finite,
    wrong_weight,
)
from mathwork.regression.columns import as_column, counted
from mathwork.regression.keys import unlabelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, FloatOrArray, IntOrArray
    from mathwork.regression.columns import Base


class Points(NamedTuple):
    """Points of one shape (..., n), float32 or float64, aligned, native, that nobody else holds.

    x and y count from their bases, if they have some.
    """

    x: FloatArray
    y: FloatArray
    weights: FloatArray | None
    x_base: Base | None
    y_base: Base | None
    n_omitted: IntOrArray
    names: tuple[str, ...] | None
    targets: tuple[str, ...] | None


def checked_points(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None, nan_policy: str,
                   shape_of: Callable[[dict[str, FloatArray]], tuple[int, ...]]) -> Points:
    """Return the points; broadcast arrays are not copied, nor are arrays with strides.

    `shape_of` checks the shapes and returns the common one: of `rows_of_points` or `one_series`.
    """
    nan_policy = checked_nan_policy(nan_policy)
    tables.check_index(x=x, y=y, weights=weights)
    names, targets = tables.name_of(x), tables.name_of(y)
    columns = {"x": as_column(x, "x"), "y": as_column(y, "y")}
    arrays = {name: column.high for name, column in columns.items()}
    if weights is not None:
        arrays["weights"] = as_readable(weights, "weights")
    shape = shape_of(arrays)
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
                  bases[0], bases[1], omitted, None if names is None else (names,),
                  None if targets is None else (targets,))


def with_labels(points: Points, numbers: NDArray[np.intp] | None, nan_policy: str) -> Points:
    """Return the points, by the policy, where some have no label: their number is -1."""
    x, weights = points.x, points.weights
    missing = None if numbers is None else unlabelled(numbers, weights, "groups", nan_policy)
    if missing is None:
        return points
    if nan_policy == "propagate":       # as of a NaN x
        return points._replace(x=np.where(missing, np.nan, x))
    missing = np.broadcast_to(missing, x.shape)
    omitted: Any = missing.sum(axis=-1) + points.n_omitted
    return points._replace(weights=np.where(missing, 0.0, 1.0 if weights is None else weights),
                           n_omitted=int(omitted) if x.ndim == 1 else omitted)


def one_series(arrays: dict[str, FloatArray]) -> tuple[int, ...]:
    """Return the shape (n,) that all arrays must have."""
    for name in "x", "y":
        if arrays[name].ndim != 1:
            raise ValueError(f"{name} must have shape (n,), got {arrays[name].shape}")
    x, y = arrays["x"], arrays["y"]
    if len(x) != len(y):
        raise ValueError(f"x and y must have the same length, got {len(x)} and {len(y)}")
    if "weights" in arrays:
        check_weights_of_points(arrays["weights"], x)
    return x.shape


def rows_of_points(arrays: dict[str, FloatArray]) -> tuple[int, ...]:
    """Return the shape that the arrays broadcast to; all have the same number of points."""
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
        return joint_shape({name: array.shape for name, array in arrays.items()})
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
    with np.errstate(all="ignore"):
        mean: Any = np.einsum("...i,...i->...", weights, x) / weights.sum(axis=-1)
    if np.isfinite(mean).all():
        return mean
    counts = weights > 0        # the others may hold anything, and weights may be extreme
    weights = np.where(counts, weights, 0.0)
    weights = weights / weights.max(axis=-1, keepdims=True)
    return (weights * np.where(counts, x, 0.0)).sum(axis=-1) / weights.sum(axis=-1)


def that_count(points: Points) -> tuple[FloatArray, str]:
    """Return the x of one set of points that count, and how to say that in a message."""
    x, weights = points.x, points.weights
    if weights is None:
        return x, ""
    return x[weights > 0], " that count" if points.n_omitted else " of positive weight"


def wrong_points(status: int, points: Points) -> ValueError | None:
    """Return the error for a status of one set of points that no fit takes; None for others."""
    if points.weights is not None and status == BAD_WEIGHT:
        return wrong_weight(points.weights)
    if status == FIT_NOT_FINITE:
        return not_finite("x and y", "point", _missing(points.x, points.y, points.weights))
    return None


def line_error(status: int, points: Points) -> ValueError:
    """Return the error for a status of one line that has no result."""
    error = wrong_points(status, points)
    if error is not None:
        return error
    x, of = that_count(points)
    if status == TOO_FEW:
        return ValueError(f"a line needs at least 2 points{of}, got {len(x)}")
    same = x[0] if points.x_base is None else points.x_base.ticks[0] / points.x_base.per + x[0]
    return ValueError(f"x must vary, got {len(x)} points{of} with x = {same}")
