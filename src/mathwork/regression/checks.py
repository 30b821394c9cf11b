"""Checks of the arguments that all fits share."""
import numpy as np

from mathwork._arrays import FLOAT64, as_array, as_plain, real_dtype


def in_place(array):
    """Return `array` in any layout as aligned native float32 or float64, unchanged if possible."""
    dtype = real_dtype(array.dtype)
    if array.dtype == dtype and array.flags.aligned:        # == tells byte orders apart
        return array
    with np.errstate(over="ignore"):    # a long double beyond float64 becomes infinity
        return np.require(array, dtype, ["ALIGNED"])


def as_readable(value, name):
    """Return `value` as an array of real numbers that the kernels read in place."""
    return in_place(as_array(value, name))


def check_nan_policy(nan_policy, known):
    if nan_policy not in known:
        raise ValueError(f"nan_policy must be one of {', '.join(known)}, got {nan_policy!r}")


def checked_rank_tol(rank_tol, default):
    """Return `rank_tol` as a float; None is the default."""
    if rank_tol is None:
        return default
    rank_tol = float(rank_tol)
    if not rank_tol >= 0:
        raise ValueError(f"rank_tol must not be negative, got {rank_tol}")
    return rank_tol


# ---- weights ----

def check_weights_of_rows(weights, X):
    """Raise unless there is one weight for each row of X."""
    if weights.shape != (len(X),):
        raise ValueError(f"weights must have shape ({len(X)},) to match X, got {weights.shape}")


def check_weights(weights, first=0):
    """Raise if one of the weights, those of the rows from `first` on, is wrong."""
    wrong = are_wrong(weights)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError("weights must be finite and not negative, "
                         f"got {weights[row]} in row {first + row}")


def weights_of_points(weights, x):
    """Return `weights` as a plain float64 array, one for each of the points x."""
    weights = as_plain(weights, "weights", FLOAT64)
    if weights.shape != x.shape:
        raise ValueError(f"weights must have shape {x.shape} to match x, got {weights.shape}")
    return weights


def wrong_weight(weights):
    """Return the ValueError for weights of points where one is wrong."""
    wrong = weights[are_wrong(weights)]
    return ValueError(f"weights must be finite and at least 0, got {wrong[0]}")


def are_wrong(weights):
    """Return which weights are negative, infinite or NaN."""
    return ~((weights >= 0) & np.isfinite(weights))
