"""The densities of the distributions that weights are drawn from."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import shown
from mathwork._arrays import as_plain, joint_shape

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def normal_pdf(x: ArrayLike, mean: ArrayLike = 0, std: ArrayLike = 1
               ) -> np.float64 | NDArray[np.float64]:
    """Density of the normal distribution at `x`.

    Parameters
    ----------
    x, mean, std : array_like
        Broadcast against each other; every `std` is above 0.

    Returns
    -------
    float or ndarray of float64

    Raises
    ------
    TypeError
        For anything but real numbers.
    ValueError
        If a `std` is 0, negative or NaN.

    Notes
    -----
    ``exp(-((x - mean) / std)^2 / 2) / (std sqrt(2 pi))``. Some notes print it with the
    exponential in the denominator; that is no density.

    Examples
    --------
    >>> from mathwork.init import normal_pdf
    >>> round(float(normal_pdf(0)), 6)    # 1 / sqrt(2 pi)
    0.398942
    """
    x, mean, std = (as_plain(value, name, np.float64)
                    for value, name in ((x, "x"), (mean, "mean"), (std, "std")))
    joint_shape({"x": x.shape, "mean": mean.shape, "std": std.shape})
    if not np.all(std > 0):
        raise ValueError(f"std must be above 0, got {shown(std[()])}")
    with np.errstate(all="ignore"):
        return np.exp(-np.square((x - mean) / std) / 2) / (std * math.sqrt(2 * math.pi))


def uniform_pdf(x: ArrayLike, low: ArrayLike, high: ArrayLike
                ) -> np.float64 | NDArray[np.float64]:
    """Density of the uniform distribution on ``[low, high]`` at `x`.

    Parameters
    ----------
    x, low, high : array_like
        Broadcast against each other; every `low` is below its `high`, both finite.

    Returns
    -------
    float or ndarray of float64
        ``1 / (high - low)`` inside, both ends included, 0 outside, NaN where `x` is NaN.

    Raises
    ------
    TypeError
        For anything but real numbers.
    ValueError
        If a `low` is not below its `high`.

    Examples
    --------
    >>> from mathwork.init import uniform_pdf
    >>> uniform_pdf([-1.0, 0.5, 3.0], 0, 2)
    array([0. , 0.5, 0. ])
    """
    x, low, high = (as_plain(value, name, np.float64)
                    for value, name in ((x, "x"), (low, "low"), (high, "high")))
    joint_shape({"x": x.shape, "low": low.shape, "high": high.shape})
    with np.errstate(all="ignore"):
        width = high - low
        if not np.all((width > 0) & np.isfinite(width)):
            raise ValueError(f"low must be below high, both finite, got "
                             f"{shown(low[()])} and {shown(high[()])}")
        density = np.where((x >= low) & (x <= high), 1 / width, 0.0)
        return np.where(np.isnan(x), np.nan, density)[()]
