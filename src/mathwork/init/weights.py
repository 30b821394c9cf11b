"""Weights of He, Glorot and LeCun, and orthogonal ones."""
from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, overload

import numpy as np

from mathwork._arguments import counts, flag, number, shown
from mathwork._arrays import float_dtype
from mathwork._levels import core
from mathwork.init.scales import checked_fan
from mathwork.init.streams import TRUNCATED_STD, drawn

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import SupportsIndex

    from numpy.typing import DTypeLike, NDArray

    from mathwork._types import FloatArray, Rng


@overload
def he_normal(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
              rng: Rng = None, truncated: bool = False, workers: SupportsIndex = 1
              ) -> NDArray[np.float32]: ...
@overload
def he_normal(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
              dtype: DTypeLike, rng: Rng = None, truncated: bool = False,
              workers: SupportsIndex = 1) -> FloatArray: ...
def he_normal(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
              dtype: DTypeLike = np.float32, rng: Rng = None, truncated: bool = False,
              workers: SupportsIndex = 1) -> FloatArray:
    """Weights from a normal distribution of mean 0 and **variance** ``2 / fan_in``.

    Parameters
    ----------
    shape : tuple of int
        ``(n_out, n_in)`` for a dense layer.
    fan_in : int, optional
        Inputs of each output. By default the last of `shape`, which has at most two axes then. A
        convolution with weights ``(out, in, height, width)`` has ``in * height * width``.
    dtype : dtype, optional
        float32 (the default) or float64.
    rng : int, numpy.random.Generator, numpy.random.SeedSequence or None
        A seed, a source of seeds, or None for fresh entropy.
    truncated : bool, optional
        Draw between two standard deviations of the normal distribution. That distribution is made
        wider (by 1 / 0.8796), so that the result has the same variance.
    workers : int, optional
        Threads. Their number does not change the bits.

    Returns
    -------
    ndarray of `shape` and `dtype`
        A seed gives the same bits at every vector level and in every release from 0.1.0 on.

    Raises
    ------
    TypeError
        For a dtype other than these two, a shape that is not of integers, or an `rng` of another
        kind.
    ValueError
        For negative sizes, a shape that has no `fan_in` of its own, a `fan_in` below 1, and a
        negative `rng`.

    Notes
    -----
    He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015, section 2.2. Some notes write
    both "N(0, sigma)" and "N(0, sigma^2)". sigma is the standard deviation ``sqrt(2 / fan_in)``,
    :func:`he_std`.

    The generator is Philox 4x32-10. A number is the quantile of its own 32 bits (float32) or 53
    bits (float64), computed within 5 units of the last place.

    Examples
    --------
    >>> from mathwork.init import he_normal
    >>> weight = he_normal((1000, 50), rng=0)
    >>> weight.shape, weight.dtype
    ((1000, 50), dtype('float32'))
    >>> round(float(weight.var()) * 50, 1)
    2.0
    """
    sizes, fan_in, _ = _checked_shape(shape, fan_in)
    return _normal(sizes, 2 / fan_in, dtype, rng, truncated, workers)


@overload
def he_uniform(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
               rng: Rng = None, workers: SupportsIndex = 1) -> NDArray[np.float32]: ...
@overload
def he_uniform(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
               dtype: DTypeLike, rng: Rng = None, workers: SupportsIndex = 1) -> FloatArray: ...
def he_uniform(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
               dtype: DTypeLike = np.float32, rng: Rng = None, workers: SupportsIndex = 1
               ) -> FloatArray:
    """Weights from the uniform distribution on ``[-L, L)``, ``L = sqrt(6 / fan_in)``.

    The variance is ``L^2 / 3 = 2 / fan_in``.

    Parameters
    ----------
    shape, fan_in, dtype, rng, workers
        As for :func:`he_normal`.

    Returns
    -------
    ndarray of `shape` and `dtype`

    Raises
    ------
    TypeError, ValueError
        As from :func:`he_normal`.

    Examples
    --------
    >>> from mathwork.init import he_limit, he_uniform
    >>> weight = he_uniform((100, 50), rng=0)
    >>> bool(abs(weight).max() <= he_limit(50))
    True
    """
    sizes, fan_in, _ = _checked_shape(shape, fan_in)
    return _uniform(sizes, 2 / fan_in, dtype, rng, workers)


def glorot_normal(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
                  fan_out: SupportsIndex | None = None, gain: float = 1.0,
                  dtype: DTypeLike = np.float32, rng: Rng = None, truncated: bool = False,
                  workers: SupportsIndex = 1) -> FloatArray:
    """Weights from a normal distribution of variance ``gain^2 2 / (fan_in + fan_out)``.

    Also called Xavier initialisation. It is for activations that are nearly the identity at 0, such
    as tanh.

    Parameters
    ----------
    shape, fan_in
        As for :func:`he_normal`.
    fan_out : int, optional
        Outputs of each input; the first of `shape` if not given, which has two axes then.
    gain : float, optional
        Multiplies the weights.
    dtype, rng, truncated, workers
        As for :func:`he_normal`.

    Returns
    -------
    ndarray of `shape` and `dtype`

    Raises
    ------
    TypeError, ValueError
        As from :func:`he_normal`.

    Notes
    -----
    Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010, equations 12 and 16.

    Examples
    --------
    >>> from mathwork.init import glorot_normal
    >>> weight = glorot_normal((300, 500), rng=0)
    >>> round(float(weight.var()) * (300 + 500), 1)
    2.0
    """
    sizes, fan_in, fan_out = _checked_shape(shape, fan_in, fan_out, both=True)
    return _normal(sizes, _squared_gain(gain) * 2 / (fan_in + fan_out), dtype, rng, truncated,
                   workers)


def glorot_uniform(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
                   fan_out: SupportsIndex | None = None, gain: float = 1.0,
                   dtype: DTypeLike = np.float32, rng: Rng = None, workers: SupportsIndex = 1
                   ) -> FloatArray:
    """Weights from ``[-L, L)``, ``L = gain sqrt(6 / (fan_in + fan_out))``.

    Parameters
    ----------
    shape, fan_in, fan_out, gain, dtype, rng, workers
        As for :func:`glorot_normal`, errors too.

    Returns
    -------
    ndarray of `shape` and `dtype`

    Raises
    ------
    TypeError, ValueError
        As from :func:`he_normal`.

    Examples
    --------
    >>> from mathwork.init import glorot_uniform
    >>> weight = glorot_uniform((2, 4), rng=0)
    >>> bool(abs(weight).max() <= 1)
    True
    """
    sizes, fan_in, fan_out = _checked_shape(shape, fan_in, fan_out, both=True)
    return _uniform(sizes, _squared_gain(gain) * 2 / (fan_in + fan_out), dtype, rng, workers)


def lecun_normal(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
                 dtype: DTypeLike = np.float32, rng: Rng = None, truncated: bool = False,
                 workers: SupportsIndex = 1) -> FloatArray:
    """Weights from a normal distribution of variance ``1 / fan_in``; selu is made for them.

    Parameters
    ----------
    shape, fan_in, dtype, rng, truncated, workers
        As for :func:`he_normal`.

    Returns
    -------
    ndarray of `shape` and `dtype`

    Raises
    ------
    TypeError, ValueError
        As from :func:`he_normal`.

    Notes
    -----
    LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, equation 16.

    Examples
    --------
    >>> from mathwork.init import lecun_normal
    >>> round(float(lecun_normal((1000, 50), rng=0).var()) * 50, 1)
    1.0
    """
    sizes, fan_in, _ = _checked_shape(shape, fan_in)
    return _normal(sizes, 1 / fan_in, dtype, rng, truncated, workers)


def lecun_uniform(shape: Iterable[SupportsIndex], *, fan_in: SupportsIndex | None = None,
                  dtype: DTypeLike = np.float32, rng: Rng = None, workers: SupportsIndex = 1
                  ) -> FloatArray:
    """Weights from ``[-L, L)``, ``L = sqrt(3 / fan_in)``: variance ``1 / fan_in``.

    Parameters
    ----------
    shape, fan_in, dtype, rng, workers
        As for :func:`he_normal`.

    Returns
    -------
    ndarray of `shape` and `dtype`

    Raises
    ------
    TypeError, ValueError
        As from :func:`he_normal`.

    Examples
    --------
    >>> from mathwork.init import lecun_uniform
    >>> bool(abs(lecun_uniform((5, 3), rng=0)).max() <= 1)
    True
    """
    sizes, fan_in, _ = _checked_shape(shape, fan_in)
    return _uniform(sizes, 1 / fan_in, dtype, rng, workers)


def orthogonal(shape: Iterable[SupportsIndex], *, gain: float = 1.0,
               dtype: DTypeLike = np.float32, rng: Rng = None) -> FloatArray:
    """A matrix whose rows, or columns if they are fewer, have length `gain` and right angles.

    It is drawn from all such matrices evenly (Haar's measure).

    Parameters
    ----------
    shape : tuple of int
        ``(n_out, n_in)``; more axes count as one second axis.
    gain : float, optional
        Multiplies the weights.
    dtype, rng
        As for :func:`he_normal`, errors too.

    Returns
    -------
    ndarray of `shape` and `dtype`
        Orthogonal to the rounding of `dtype`. A seed gives the same bits at every level with fused
        multiply-add.

    Raises
    ------
    TypeError
        As :func:`he_normal`.
    ValueError
        For fewer than two axes, negative sizes, a `gain` that is not finite, and a negative `rng`.

    Notes
    -----
    The columns of a normal matrix, made orthogonal one after the other (Gram and Schmidt, twice).
    Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks", ICLR 2014, propose such weights.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.init import orthogonal
    >>> Q = orthogonal((3, 5), dtype=np.float64, rng=0)
    >>> bool(np.allclose(Q @ Q.T, np.eye(3)))
    True
    """
    dtype = float_dtype(dtype)
    sizes = _checked_sizes(shape)
    if len(sizes) < 2:
        raise ValueError(f"shape must have at least two axes, (n_out, n_in), got {sizes}")
    gain = number(gain, "gain")
    rows, columns = sizes[0], math.prod(sizes[1:])
    vectors = drawn((min(rows, columns), max(rows, columns)), np.dtype(np.float64), rng, "normal",
                    1.0, 1)
    for at, vector in enumerate(vectors):
        for _ in range(2):          # the second time removes what rounding left
            shares = core.matvec(vectors[:at], vector)
            vector -= core.matmul(shares[np.newaxis], vectors[:at])[0]
            vector /= math.sqrt(core.matvec(vector[np.newaxis], vector)[0])
    matrix = vectors if rows <= columns else vectors.T
    with np.errstate(all="ignore"):
        weight: FloatArray = np.ascontiguousarray(matrix * gain, dtype)
    return weight.reshape(sizes)


# ---- what they share ----

def _normal(sizes: tuple[int, ...], variance: float, dtype: DTypeLike, rng: Rng, truncated: bool,
            workers: SupportsIndex) -> FloatArray:
    std = math.sqrt(variance)
    if flag(truncated, "truncated"):
        return drawn(sizes, float_dtype(dtype), rng, "truncated", std / TRUNCATED_STD, workers)
    return drawn(sizes, float_dtype(dtype), rng, "normal", std, workers)


def _uniform(sizes: tuple[int, ...], variance: float, dtype: DTypeLike, rng: Rng,
             workers: SupportsIndex) -> FloatArray:
    return drawn(sizes, float_dtype(dtype), rng, "uniform", math.sqrt(3 * variance), workers)


def _checked_sizes(shape: Iterable[SupportsIndex]) -> tuple[int, ...]:
    sizes = counts(shape, "shape")
    if math.prod(size or 1 for size in sizes) > sys.maxsize // 8:     # as NumPy counts bytes
        raise ValueError(f"shape must have sizes that memory could hold, got {shown(sizes)}")
    return sizes


def _checked_shape(shape: Iterable[SupportsIndex], fan_in: SupportsIndex | None,
                   fan_out: SupportsIndex | None = None, *, both: bool = False
                   ) -> tuple[tuple[int, ...], int, int]:
    """Return (shape, fan_in, fan_out), the fans by default the last and first of at most two sizes.

    fan_out is 0 unless `both` are wanted.
    """
    sizes = _checked_sizes(shape)
    given = {"fan_in": fan_in, "fan_out": fan_out} if both else {"fan_in": fan_in}
    for name, fan in given.items():
        if fan is not None:
            continue
        if len(sizes) > 2:
            raise ValueError(
                f"{name} must be given for a shape of more than two axes, got {sizes}: a kernel "
                "(out, in, height, width) has fan_in = in * height * width and "
                "fan_out = out * height * width")
        if len(sizes) < (2 if both else 1):
            raise ValueError(f"{name} must be given for shape {sizes}")
    inputs = checked_fan(sizes[-1] if fan_in is None else fan_in, "fan_in")
    if not both:
        return sizes, inputs, 0
    return sizes, inputs, checked_fan(sizes[0] if fan_out is None else fan_out, "fan_out")


def _squared_gain(gain: float) -> float:
    try:
        return number(gain, "gain") ** 2
    except OverflowError:
        raise ValueError("gain must have a square within the range of floats, "
                         f"got {shown(gain)}") from None
