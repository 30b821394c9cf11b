"""He initialisation: weights with the variance that keeps the signal of a rectified layer.

he_normal, he_uniform              arrays of weights
he_variance, he_std, he_limit      the parameters of their distributions
normal_pdf, uniform_pdf            the two densities

All formulas are from He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015, section 2.2.
"""
from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, overload

import numpy as np

from mathwork._arrays import as_plain, float_dtype

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import SupportsIndex

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from mathwork._types import FloatArray, Rng

__all__ = ["he_limit", "he_normal", "he_std", "he_uniform", "he_variance", "normal_pdf",
           "uniform_pdf"]


def he_variance(n_in: SupportsIndex) -> float:
    """Variance of He's weights, ``2 / n_in``.

    Parameters
    ----------
    n_in : int
        Inputs of the layer, at least 1.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `n_in` is not an integer.
    ValueError
        If it is below 1.

    Examples
    --------
    >>> from mathwork.init import he_variance
    >>> he_variance(8)
    0.25
    """
    try:
        n_in = operator.index(n_in)
    except TypeError:
        raise TypeError(f"n_in must be an integer, got {n_in!r}") from None
    if n_in < 1:
        raise ValueError(f"n_in must be at least 1, got {n_in}")
    return 2 / n_in


def he_std(n_in: SupportsIndex) -> float:
    """Standard deviation of He's weights, ``sqrt(2 / n_in)``.

    Parameters
    ----------
    n_in
        As for :func:`he_variance`, errors too.

    Returns
    -------
    float

    Examples
    --------
    >>> from mathwork.init import he_std
    >>> he_std(8)
    0.5
    """
    return math.sqrt(he_variance(n_in))


def he_limit(n_in: SupportsIndex) -> float:
    """Half width of He's uniform distribution, ``sqrt(6 / n_in)``.

    A uniform distribution on ``(-L, L)`` has variance ``L^2 / 3``; with this limit it is
    ``2 / n_in``.

    Parameters
    ----------
    n_in
        As for :func:`he_variance`, errors too.

    Returns
    -------
    float

    Examples
    --------
    >>> from mathwork.init import he_limit
    >>> he_limit(24)
    0.5
    """
    return math.sqrt(3 * he_variance(n_in))


@overload
def he_normal(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
              rng: Rng = None, truncated: bool = False) -> NDArray[np.float32]: ...
@overload
def he_normal(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
              dtype: DTypeLike, rng: Rng = None, truncated: bool = False) -> FloatArray: ...
def he_normal(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
              dtype: DTypeLike = np.float32, rng: Rng = None, truncated: bool = False
              ) -> FloatArray:
    """Weights from a normal distribution of mean 0 and **variance** ``2 / fan_in``.

    Parameters
    ----------
    shape : tuple of int
        ``(n_out, n_in)`` for a dense layer.
    fan_in : int, optional
        Inputs of each output; the last of `shape` if not given.
    dtype : dtype, optional
        float32 (the default) or float64.
    rng : int, numpy.random.Generator or None
        A seed, a source, or fresh entropy.
    truncated : bool, optional
        Draw again every number beyond two standard deviations of the normal distribution. That
        distribution is made wider (by 1 / 0.8796), so that the result has the same variance.

    Returns
    -------
    ndarray of `shape` and `dtype`

    Raises
    ------
    TypeError
        For a dtype other than these two, or a shape that is not of integers.
    ValueError
        For negative sizes, an empty shape without `fan_in`, and a `fan_in` below 1.

    Notes
    -----
    Some notes write both "N(0, sigma)" and "N(0, sigma^2)". sigma is the standard deviation
    ``sqrt(2 / fan_in)``, :func:`he_std`.

    Examples
    --------
    >>> from mathwork.init import he_normal
    >>> weight = he_normal((1000, 50), rng=0)
    >>> weight.shape, weight.dtype
    ((1000, 50), dtype('float32'))
    >>> round(float(weight.var()) * 50, 1)
    2.0
    """
    dtype = float_dtype(dtype)
    shape, fan_in = _checked_shape(shape, fan_in)
    std = he_std(fan_in)
    rng = np.random.default_rng(rng)
    weight = rng.standard_normal(shape, dtype)
    if truncated:
        cut = 2.0
        _redraw_beyond(cut, weight, rng)
        std /= _truncated_std(cut)
    weight *= dtype.type(std)
    return weight


def _redraw_beyond(cut: float, sample: NDArray[np.float32] | NDArray[np.float64],
                   rng: np.random.Generator) -> None:
    """Replace in place the numbers outside (-cut, cut) by new draws from the same distribution."""
    flat = sample.reshape(-1)
    outside = np.flatnonzero(np.abs(flat) >= cut)
    while outside.size:
        flat[outside] = rng.standard_normal(outside.size, sample.dtype)
        outside = outside[np.abs(flat[outside]) >= cut]


def _truncated_std(cut: float) -> float:
    """Return the standard deviation of N(0, 1) in (-cut, cut): x^2 phi(x) integrated by parts."""
    inside = math.erf(cut / math.sqrt(2))
    return math.sqrt(1 - 2 * cut * float(normal_pdf(cut)) / inside)


@overload
def he_uniform(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
               rng: Rng = None) -> NDArray[np.float32]: ...
@overload
def he_uniform(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
               dtype: DTypeLike, rng: Rng = None) -> FloatArray: ...
def he_uniform(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
               dtype: DTypeLike = np.float32, rng: Rng = None) -> FloatArray:
    """Weights from the uniform distribution on ``[-L, L)``, ``L = sqrt(6 / fan_in)``.

    The variance is ``L^2 / 3 = 2 / fan_in``.

    Parameters
    ----------
    shape, fan_in, dtype, rng
        As for :func:`he_normal`, errors too.

    Returns
    -------
    ndarray of `shape` and `dtype`

    Examples
    --------
    >>> from mathwork.init import he_limit, he_uniform
    >>> weight = he_uniform((100, 50), rng=0)
    >>> bool(abs(weight).max() <= he_limit(50))
    True
    """
    dtype = float_dtype(dtype)
    shape, fan_in = _checked_shape(shape, fan_in)
    weight = np.random.default_rng(rng).random(shape, dtype)
    # 2u - 1 is exact: u is a multiple of 2^-24 (float32) or 2^-53 (float64) below 1.
    weight *= 2
    weight -= 1
    weight *= dtype.type(he_limit(fan_in))
    return weight


def _checked_shape(shape: Iterable[SupportsIndex], fan_in: SupportsIndex | None
                   ) -> tuple[tuple[int, ...], SupportsIndex]:
    """Return (shape, fan_in); fan_in is by default the last size."""
    try:
        sizes = tuple(operator.index(size) for size in shape)
    except TypeError:
        raise TypeError(f"shape must be a tuple of integers, got {shape!r}") from None
    if any(size < 0 for size in sizes):
        raise ValueError(f"shape must not have negative sizes, got {sizes}")
    if fan_in is None:
        if not sizes:
            raise ValueError("shape must have a last size to be the fan_in, got ()")
        fan_in = sizes[-1]
    return sizes, fan_in


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
    if not np.all(std > 0):
        raise ValueError(f"std must be above 0, got {std}")
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
    with np.errstate(all="ignore"):
        width = high - low
        if not np.all((width > 0) & np.isfinite(width)):
            raise ValueError(f"low must be below high, both finite, got {low} and {high}")
        density = np.where((x >= low) & (x <= high), 1 / width, 0.0)
        return np.where(np.isnan(x), np.nan, density)[()]
