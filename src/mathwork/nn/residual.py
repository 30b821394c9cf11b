"""Layers whose result is added to their input; chains of layers."""
from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mathwork._arguments import iterated
from mathwork.nn.dense import Dense, checked_activation
from mathwork.nn.layer import Layer
from mathwork.nn.norms import LayerNorm, RMSNorm

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Self

    from mathwork._types import Activation, FloatDType

KINDS = "Dense, LayerNorm, RMSNorm or Residual"
MOST_NESTED = 30        # kernels/nn/steps.pxi has the same


class Residual(Layer):
    """Layers whose result is added to their input: ``activation(x + layers(x))``.

    Parameters
    ----------
    layers : iterable of Dense, LayerNorm, RMSNorm or Residual
        At least one. Each takes as many inputs as the layer before has outputs, and the last has as
        many outputs as the first has inputs. Residuals may be nested 30 deep.
    activation : str or (str, float), optional
        Applied to the sum, as in :class:`Dense`. ``"relu"`` is usual in residual networks.

    Attributes
    ----------
    layers : tuple
    activation : str or (str, float)

    Raises
    ------
    TypeError
        For layers of another kind.
    ValueError
        For no layers, layers that do not chain, another number of outputs than of inputs, and an
        unknown activation.

    Notes
    -----
    A shortcut with a matrix of its own, ``W x + layers(x)``, has no counterpart.

    References
    ----------
    He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, equation 1.

    Examples
    --------
    >>> from mathwork.nn import Dense, Network, Residual
    >>> block = Residual([Dense([[1.0, -1.0]], None, "relu"), Dense([[1.0], [10.0]])])
    >>> block
    Residual(2-1-2, relu-identity, identity)
    >>> Network([block])([5.0, 3.0])            # relu(5 - 3) = 2 gives 2 and 20
    array([ 7., 23.], dtype=float32)
    """

    __slots__ = ("layers",)

    _kind = "residual"

    layers: tuple[AnyLayer, ...]

    def __new__(cls, layers: Iterable[AnyLayer], activation: Activation = "identity") -> Self:
        layers = chained(layers)
        if layers[-1]._n_out != layers[0]._n_in:
            raise ValueError(f"the last layer must give as many numbers as the first takes, "
                             f"{layers[0]._n_in}, to be added to them, got {layers[-1]._n_out}")
        depth = 1 + max((layer._depth for layer in layers if isinstance(layer, Residual)),
                        default=0)
        if depth > MOST_NESTED:
            raise ValueError(f"residuals may be nested {MOST_NESTED} deep, got {depth}")
        self = super().__new__(cls)
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "activation", checked_activation(
            activation, self._n_out, np.result_type(*self._dtypes)))
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.layers, self.activation)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, [self._n_in, *(layer._n_out for layer in self.layers)]))
        inner = "-".join(layer._text for layer in self.layers)
        return f"{type(self).__name__}({sizes}, {inner}, {self._activation_text})"

    @property
    def _depth(self) -> int:
        return 1 + max((layer._depth for layer in self.layers if isinstance(layer, Residual)),
                       default=0)

    @property
    def _n_in(self) -> int:
        return self.layers[0]._n_in

    @property
    def _n_out(self) -> int:
        return self.layers[0]._n_in

    @property
    def _n_parameters(self) -> int:
        return sum(layer._n_parameters for layer in self.layers)

    @property
    def _dtypes(self) -> set[np.dtype[Any]]:
        return set().union(*(layer._dtypes for layer in self.layers))

    @property
    def _inner_text(self) -> str:
        return f"residual({'-'.join(layer._text for layer in self.layers)})"

    def _plain(self) -> Residual:
        return self if type(self) is Residual else Residual(self.layers, self.activation)

    def _astype(self, dtype: FloatDType) -> Residual:
        layers = tuple(layer._astype(dtype) for layer in self.layers)
        same = all(one is other for one, other in zip(layers, self.layers, strict=True))
        return self if same else Residual(layers, self.activation)


AnyLayer: TypeAlias = Dense | LayerNorm | RMSNorm | Residual


def chained(layers: Iterable[AnyLayer]) -> tuple[AnyLayer, ...]:
    """Return a tuple of layers of our classes that chain."""
    found: list[AnyLayer] = []
    for layer in iterated(layers, "layers", f"a sequence of {KINDS}"):
        if not issubclass(type(layer), Dense | LayerNorm | RMSNorm | Residual):
            raise TypeError(f"layers must be {KINDS}, got {type(layer).__name__}")
        found.append(layer._plain())
    if not found:
        raise ValueError("layers must hold at least one layer, got none")
    layers = tuple(found)
    for index, (before, after) in enumerate(itertools.pairwise(layers), 1):
        if after._n_in != before._n_out:
            raise ValueError(f"layer {index} must take the {before._n_out} outputs of "
                             f"layer {index - 1}, got {after._taken_text}")
    return layers
