"""The parameters of layers as one flat vector, and layers that have others.

The order: each layer's weight by rows, then its bias, if it has one. A residual has the layers
inside of it. The parameters of activations are not among them.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import as_plain
from mathwork.nn.dense import Dense
from mathwork.nn.formats.structure import arrays_of
from mathwork.nn.norms import LayerNorm, RMSNorm
from mathwork.nn.residual import Residual

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray, FloatDType
    from mathwork.nn.residual import AnyLayer


def flattened(layers: Iterable[AnyLayer]) -> FloatArray:
    """Return a new vector of all parameters."""
    return np.concatenate([array.ravel() for _, _, array in arrays_of(layers)])


def shapes(layers: Iterable[AnyLayer]) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of their arrays, in the order of the vector."""
    return tuple(array.shape for _, _, array in arrays_of(layers))


def checked_parameters(parameters: ArrayLike, shape: tuple[int, ...], dtype: FloatDType
                       ) -> FloatArray:
    """Return `parameters` as a plain array of this shape and dtype."""
    vector: FloatArray = as_plain(parameters, "parameters", dtype)
    if vector.shape != shape:
        raise ValueError(f"parameters must have shape {shape}, got {vector.shape}")
    return vector


def with_parameters(layers: Iterable[AnyLayer], vector: FloatArray) -> list[AnyLayer]:
    """Return layers like these with the parameters of a vector, which has as many."""
    place = 0

    def taken(shape: tuple[int, ...]) -> FloatArray:
        nonlocal place
        start, place = place, place + math.prod(shape)
        return vector[start:place].reshape(shape)

    def replaced(layer: Any) -> AnyLayer:
        if isinstance(layer, Residual):
            return Residual([replaced(each) for each in layer.layers], layer.activation)
        weight = taken(layer.weight.shape)
        if isinstance(layer, RMSNorm):
            return RMSNorm(weight, layer.eps, layer.activation)
        bias = taken(layer.bias.shape)
        if isinstance(layer, LayerNorm):
            return LayerNorm(weight, bias, layer.eps, layer.activation)
        return Dense(weight, bias, layer.activation)

    return [replaced(layer) for layer in layers]
