"""Checks of the arguments that all fits share."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import choice, real
from mathwork._arrays import as_array, real_dtype

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, NanPolicy


NAN_POLICIES = ("raise", "omit", "propagate")


def in_place(array: NDArray[Any]) -> FloatArray:
    """Return `array` in any layout as aligned native float32 or float64, unchanged if possible."""
    dtype = real_dtype(array.dtype)
    if array.dtype == dtype and array.flags.aligned:        # == tells byte orders apart
        return array
    with np.errstate(all="ignore"):     # of long doubles
        return np.require(array, dtype, ["ALIGNED"])


def as_readable(value: ArrayLike, name: str) -> FloatArray:
    """Return `value` as an array of real numbers that the kernels read in place."""
    return in_place(as_array(value, name))


def checked_nan_policy(nan_policy: str) -> NanPolicy:
    """Return the policy, which is one of the known."""
    return choice(nan_policy, "nan_policy", NAN_POLICIES)


def not_finite(what: str, row: str, wrong: NDArray[np.bool], start: int = 0) -> ValueError:
    """Return the error for rows (or points), from `start` on, of which some are not finite."""
    first, others = start + int(np.argmax(wrong)), int(wrong.sum()) - 1
    which = f"{row}s {first} and {others} more are" if others else f"{row} {first} is"
    return ValueError(f"{what} must be finite, {which} not; nan_policy='omit' leaves such "
                      f"{row}s out")


def checked_rank_tol(rank_tol: float | None, default: float) -> float:
    """Return `rank_tol` as a float; None is the default."""
    if rank_tol is None:
        return default
    rank_tol = real(rank_tol, "rank_tol")
    if not rank_tol >= 0:
        raise ValueError(f"rank_tol must not be negative, got {rank_tol}")
    return rank_tol


# ---- weights ----

def check_weights_of_rows(weights: NDArray[Any], n: int) -> None:
    """Raise unless there is one weight for each of the n rows of X."""
    if weights.shape != (n,):
        raise ValueError(f"weights must have shape ({n},) to match X, got {weights.shape}")


def check_weights(weights: NDArray[Any], first: int = 0) -> None:
    """Raise if one of the weights, those of the rows from `first` on, is wrong."""
    wrong = are_wrong(weights)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError("weights must be finite and not negative, "
                         f"got {weights[row]} in row {first + row}")


def check_weights_of_points(weights: NDArray[Any], x: NDArray[Any]) -> None:
    """Raise unless there is one weight for each of the points x."""
    if weights.shape != x.shape:
        raise ValueError(f"weights must have shape {x.shape} to match x, got {weights.shape}")


def wrong_weight(weights: NDArray[Any]) -> ValueError:
    """Return the ValueError for weights of points where one is wrong."""
    wrong = weights[are_wrong(weights)]
    return ValueError(f"weights must be finite and at least 0, got {wrong[0]}")


def are_wrong(weights: NDArray[Any]) -> NDArray[np.bool]:
    """Return which weights are negative, infinite or NaN."""
    return ~((weights >= 0) & np.isfinite(weights))
