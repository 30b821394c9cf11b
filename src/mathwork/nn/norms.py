"""Layers that normalise a row: LayerNorm and RMSNorm."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import number
from mathwork._arrays import as_plain_together, in_dtype
from mathwork.nn.dense import checked_activation, frozen
from mathwork.nn.layer import Layer

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.typing import ArrayLike

    from mathwork._types import Activation, FloatArray, FloatDType


class _Norm(Layer):
    """A weight and a bias for each number of a row that is normalised."""

    __slots__ = ("bias", "eps", "weight")

    weight: FloatArray
    bias: FloatArray
    eps: float

    @classmethod
    def _of(cls, weight: ArrayLike, bias: ArrayLike | None, eps: float, activation: Activation
            ) -> Self:
        w, b = as_plain_together(weight=weight, bias=bias, optional=("bias",))
        if w.ndim != 1 or w.size == 0:
            raise ValueError(f"weight must have shape (n,), n at least 1, got {w.shape}")
        if b is None:
            b = np.zeros(len(w), w.dtype)
        if b.shape != w.shape:
            raise ValueError(f"bias must have shape {w.shape} to match weight, got {b.shape}")
        self = super().__new__(cls)
        for name, value in {"weight": frozen(w), "bias": frozen(b),
                            "eps": number(eps, "eps", least=0.0),
                            "activation": checked_activation(activation, len(w), w.dtype)}.items():
            object.__setattr__(self, name, value)
        return self

    @property
    def _n_in(self) -> int:
        return len(self.weight)

    @property
    def _n_out(self) -> int:
        return len(self.weight)

    @property
    def _dtypes(self) -> set[np.dtype[Any]]:
        return {self.weight.dtype}

    def __repr__(self) -> str:
        return (f"{type(self).__name__}({len(self.weight)}, eps={self.eps:g}, "
                f"{self._activation_text}, {self.weight.dtype})")

    def _astype(self, dtype: FloatDType) -> Self:
        if self.weight.dtype == dtype:
            return self
        return self._of(in_dtype(self.weight, dtype), in_dtype(self.bias, dtype), self.eps,
                        self.activation)


class LayerNorm(_Norm):
    """Layer normalisation of a row: mean 0 and variance 1, then a weight and a bias a number.

    Parameters
    ----------
    weight : array_like, shape (n,)
        n at least 1. It is kept as a read-only copy, float32 if it and `bias` are float32 or
        float16, else float64.
    bias : array_like, shape (n,), optional
        Zeros if not given.
    eps : float, optional
        It is added to the variance, inside the root. Finite, at least 0.
    activation : str or (str, float), optional
        Applied to the result, as in :class:`Dense`.

    Attributes
    ----------
    weight, bias : ndarray, read-only
    eps : float
    activation : str or (str, float)

    Raises
    ------
    TypeError
        For weights that are masked or not real numbers, and an `eps` that is no real number.
    ValueError
        For shapes that do not fit, an `eps` that is negative or not finite, and an unknown
        activation.

    Notes
    -----
    ``activation(weight (x - mean) / sqrt(variance + eps) + bias)``; the variance is the mean of
    ``(x - mean)^2``, without Bessel's correction, as in PyTorch, Keras and ONNX.

    The mean is computed twice, the second time of what remains after the first. The variance is
    that of the remainders. So a large common offset costs no accuracy beyond its own rounding.
    Without weights, the largest error measured was 2.0 ulp of the largest number of the result in
    float32, and 2.5 in float64 (rows of 1 to 4096 numbers, offsets up to 1e6 deviations). Rows
    whose squares would overflow or vanish are scaled by a power of two first. A NaN or an infinity
    makes the whole row NaN. The order of the sums is in docs/bits.md.

    References
    ----------
    Ba, Kiros, Hinton, "Layer Normalization", arXiv:1607.06450, 2016, equations 3 and 4.

    Examples
    --------
    >>> from mathwork.nn import Dense, LayerNorm, Network
    >>> norm = LayerNorm([1.0, 1.0, 1.0, 1.0], eps=0.0)
    >>> norm
    LayerNorm(4, eps=0, identity, float64)
    >>> net = Network([norm, Dense([[1.0, 1.0, 0.0, 0.0]])])
    >>> net([7.0, 9.0, 11.0, 13.0])             # mean 10, variance 5: -3 / sqrt(5) - 1 / sqrt(5)
    array([-1.7888544], dtype=float32)
    """

    __slots__ = ()

    _kind = "layer_norm"

    def __new__(cls, weight: ArrayLike, bias: ArrayLike | None = None, eps: float = 1e-5,
                activation: Activation = "identity") -> Self:
        return cls._of(weight, bias, eps, activation)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.weight, self.bias, self.eps, self.activation)

    @property
    def _n_parameters(self) -> int:
        return 2 * len(self.weight)

    def _plain(self) -> LayerNorm:
        return self if type(self) is LayerNorm else LayerNorm(self.weight, self.bias, self.eps,
                                                              self.activation)


class RMSNorm(_Norm):
    """Root-mean-square normalisation of a row: mean square 1, then a weight a number.

    Parameters
    ----------
    weight : array_like, shape (n,)
        n at least 1. It is kept as a read-only copy, float32 if it is float32 or float16, else
        float64.
    eps : float, optional
        It is added to the mean square, inside the root. Finite, at least 0. PyTorch's default is
        ``numpy.finfo(dtype).eps``.
    activation : str or (str, float), optional
        Applied to the result, as in :class:`Dense`.

    Attributes
    ----------
    weight : ndarray, read-only
    eps : float
    activation : str or (str, float)

    Raises
    ------
    TypeError
        For weights that are masked or not real numbers, and an `eps` that is no real number.
    ValueError
        For other shapes, an `eps` that is negative or not finite, and an unknown activation.

    Notes
    -----
    ``activation(weight x / sqrt(mean(x^2) + eps))``. Without weights, the largest error measured
    was 2.4 ulp in both dtypes (rows of 1 to 4096 numbers). Rows whose squares would overflow or
    vanish are scaled by a power of two first. The order of the sum is in docs/bits.md.

    References
    ----------
    Zhang, Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019, equation 4.

    Examples
    --------
    >>> from mathwork.nn import Network, RMSNorm
    >>> net = Network([RMSNorm([1.0, 2.0], eps=0.0)], dtype=float)
    >>> net([1.0, 7.0])                         # the mean square is 25
    array([0.2, 2.8])
    """

    __slots__ = ()

    _kind = "rms_norm"

    def __new__(cls, weight: ArrayLike, eps: float = 1e-5, activation: Activation = "identity"
                ) -> Self:
        return cls._of(weight, None, eps, activation)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.weight, self.eps, self.activation)

    @property
    def _n_parameters(self) -> int:
        return len(self.weight)

    def _plain(self) -> RMSNorm:
        return self if type(self) is RMSNorm else RMSNorm(self.weight, self.eps, self.activation)
