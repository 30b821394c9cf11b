"""One dense layer."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import shown
from mathwork._arrays import as_plain_together, in_dtype
from mathwork._levels import core as kernels
from mathwork._parameters import NAMES, numbers, slopes
from mathwork.nn.layer import Layer

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.typing import ArrayLike

    from mathwork._types import Activation, ActivationName, Array, FloatArray, FloatDType

# What other libraries call an activation; a layer has our name.
ALIASES: dict[str, ActivationName] = {"linear": "identity", "logistic": "sigmoid", "swish": "silu"}


class Dense(Layer):
    """One layer, ``activation(weight @ x + bias)``.

    Parameters
    ----------
    weight : array_like, shape (n_out, n_in)
        One row an output; both sizes at least 1. It is kept as a read-only copy, float32 if it and
        `bias` are float32 or float16, else float64. NaN and infinity are allowed.
    bias : array_like, shape (n_out,), optional
        Zeros if not given.
    activation : str or tuple
        A name of :mod:`mathwork.activations`, or a tuple of a name and its parameters:
        ``("leaky_relu", slope)``, ``("elu", alpha)``, ``("celu", alpha)``, ``("clip", low, high)``
        and ``("prelu", slope)``, where `slope` is one number or an array of shape (n_out,). Names
        alone mean slope 0.01 for leaky_relu, and alpha 1. ``("softplus", beta)`` is
        ``log(1 + exp(beta x)) / beta``, with an error below 2.3 ulp, and 2.7 where there is no
        fused multiply-add. The names ``linear``, ``logistic`` and ``swish`` are taken for identity,
        sigmoid and silu.

    Attributes
    ----------
    weight, bias : ndarray, read-only
    activation : str or tuple
        As given, with defaults filled in. The slopes of prelu are a tuple of n_out
        floats, rounded to the dtype of `weight`.

    Raises
    ------
    TypeError
        For weights or slopes that are masked or not real numbers.
    ValueError
        For shapes that do not fit, an unknown activation, and parameters that it does not take:
        alpha of celu and beta of softplus are positive, low of clip is not above high.

    Notes
    -----
    Published notes of this layer print ``W`` with columns 0 to n against inputs 1 to n. Here the
    bias is an array of its own, and ``W`` has one column an input.

    Examples
    --------
    >>> from mathwork.nn import Dense
    >>> Dense([[1.0, -1.0]], [0.5], "relu")
    Dense(2 -> 1, relu, float64)
    """

    __slots__ = ("bias", "weight")

    _kind = "dense"

    bias: FloatArray
    weight: FloatArray

    def __new__(cls, weight: ArrayLike, bias: ArrayLike | None = None,
                activation: Activation = "identity") -> Self:
        W, b = as_plain_together(weight=weight, bias=bias, optional=("bias",))
        if W.ndim != 2 or 0 in W.shape:
            raise ValueError("weight must have shape (n_out, n_in), both at least 1, "
                             f"got {W.shape}")
        if b is None:
            b = np.zeros(len(W), W.dtype)
        if b.shape != W.shape[:1]:
            raise ValueError(f"bias must have shape {W.shape[:1]} to match weight of shape "
                             f"{W.shape}, got {b.shape}")
        self = super().__new__(cls)
        object.__setattr__(self, "weight", frozen(W))
        object.__setattr__(self, "bias", frozen(b))
        object.__setattr__(self, "activation", checked_activation(activation, len(b), b.dtype))
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.weight, self.bias, self.activation)

    def __repr__(self) -> str:
        n_out, n_in = self.weight.shape
        return f"Dense({n_in} -> {n_out}, {self._activation_text}, {self.weight.dtype})"

    @property
    def _n_in(self) -> int:
        return self.weight.shape[1]

    @property
    def _n_out(self) -> int:
        return self.weight.shape[0]

    @property
    def _n_parameters(self) -> int:
        return self.weight.size + self.bias.size

    @property
    def _dtypes(self) -> set[np.dtype[Any]]:
        return {self.weight.dtype}

    @property
    def _text(self) -> str:
        return self._activation_text

    @property
    def _taken_text(self) -> str:
        return f"weight of shape {self.weight.shape}"

    def _plain(self) -> Dense:
        return self if type(self) is Dense else Dense(self.weight, self.bias, self.activation)

    def _astype(self, dtype: FloatDType) -> Dense:
        if self.weight.dtype == dtype:
            return self
        return Dense(in_dtype(self.weight, dtype), in_dtype(self.bias, dtype), self.activation)


def frozen(array: Array) -> Array:
    array = array.copy()
    array.flags.writeable = False
    return array


def checked_activation(activation: Any, count: int, dtype: FloatDType,
                       argument: str = "activation") -> Any:
    """Return `activation` as a layer keeps it: a name, or a tuple with its parameters.

    The layer has `count` outputs and this dtype, as far as prelu's slopes need them.
    """
    pair = isinstance(activation, tuple | list)
    name, *given = (activation or [None]) if pair else [activation]
    if isinstance(name, str):
        name = ALIASES.get(name, name)
    if not isinstance(name, str) or name not in kernels.activation_codes:
        raise ValueError(f"{argument} must be one of {', '.join(kernels.activation_codes)}, "
                         f"got {shown(name)}")
    if name == "prelu":
        if len(given) != 1:
            raise ValueError("activation prelu takes its slopes, one number or one for each "
                             f"output, got {shown(activation)}")
        return name, tuple(slopes(given[0], count, dtype).tolist())
    if name not in NAMES:
        if given:
            raise ValueError(f"activation {name} takes no parameter, got {shown(activation)}")
        return name
    checked = numbers(name, given)
    return name if name == "softplus" and checked == (1.0,) else (name, *checked)
