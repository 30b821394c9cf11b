"""Layers as JSON, for the formats that have arrays of names: what is not in the arrays.

Many networks of one shape have one description, and arrays with an axis of the networks in front.

A layer is an object: {"layer": "dense", "activation": "relu"}. Norms have "eps" also, and residuals
"layers", a list of such objects. The path of a layer is its indices from the outside in: (3, 1) is
the second layer of a residual, which is the fourth layer of the network.
"""
from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from mathwork.nn.dense import Dense
from mathwork.nn.norms import LayerNorm, RMSNorm
from mathwork.nn.residual import Residual

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from mathwork.nn.residual import AnyLayer

    _Path: TypeAlias = tuple[int, ...]

KEYS = {"dense": {"layer", "activation"}, "layer_norm": {"layer", "activation", "eps"},
        "rms_norm": {"layer", "activation", "eps"}, "residual": {"layer", "activation", "layers"}}


def only_dense(layers: Iterable[AnyLayer]) -> bool:
    return all(isinstance(layer, Dense) for layer in layers)


def text_of(layers: Iterable[AnyLayer]) -> str:
    """Return the layers as JSON, without their arrays."""
    return json.dumps([_described(layer) for layer in layers])


def arrays_of(layers: Iterable[AnyLayer], path: _Path = ()
              ) -> Iterator[tuple[_Path, str, NDArray[Any]]]:
    """Yield (path, "weight" or "bias", array) of all layers."""
    for index, layer in enumerate(layers):
        here = (*path, index)
        if isinstance(layer, Residual):
            yield from arrays_of(layer.layers, here)
        else:
            yield here, "weight", layer.weight
            if not isinstance(layer, RMSNorm):
                yield here, "bias", layer.bias


def stacked(layers: Iterable[AnyLayer], parameters: NDArray[Any]
            ) -> Iterator[tuple[_Path, str, NDArray[Any]]]:
    """Yield the same for many networks like these: arrays with an axis of the networks in front.

    `parameters` has a row for each network, in the order of Network.parameters.
    """
    place = 0
    for path, what, array in arrays_of(layers):
        found = parameters[:, place:place + array.size]
        yield path, what, np.ascontiguousarray(found.reshape(len(parameters), *array.shape))
        place += array.size


def layers_of(text: Any, take: Callable[[_Path, str], NDArray[Any]]) -> list[AnyLayer]:
    """Return the layers of a text; `take` gives the array of a path and "weight" or "bias"."""
    try:
        described = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("its description of the layers is not JSON") from None
    return _layers(described, (), take)


def many_layers_of(text: Any, take: Callable[[_Path, str], NDArray[Any]]
                   ) -> tuple[list[AnyLayer], NDArray[Any]]:
    """Return the layers of the first of many networks, and the parameters of all, a row each.

    `take` gives the arrays of all networks, the first axis being that of the networks.
    """
    taken: list[NDArray[Any]] = []

    def first(path: _Path, what: str) -> NDArray[Any]:
        arrays = take(path, what)
        count = len(taken[0]) if taken else max(len(arrays), 1) if arrays.ndim else 1
        if arrays.ndim == 0 or len(arrays) != count:
            raise ValueError(f"{what} of layer {'.'.join(map(str, path))} must have a first axis "
                             f"of the {count} networks, got shape {arrays.shape}")
        taken.append(arrays.reshape(count, -1))
        return arrays[0]

    layers = layers_of(text, first)
    return layers, np.concatenate(taken, axis=1)


def _described(layer: AnyLayer) -> dict[str, Any]:
    found: dict[str, Any] = {"layer": layer._kind, "activation": _as_json(layer.activation)}
    if isinstance(layer, LayerNorm | RMSNorm):
        found["eps"] = layer.eps
    if isinstance(layer, Residual):
        found["layers"] = [_described(each) for each in layer.layers]
    return found


def _as_json(activation: Any) -> Any:
    """Return an activation as JSON has it: a tuple is a list, and so is an array"""
    if isinstance(activation, tuple):
        return [_as_json(each) for each in activation]
    return activation.tolist() if isinstance(activation, np.ndarray) else activation


def _layers(described: Any, path: _Path, take: Callable[[_Path, str], NDArray[Any]]
            ) -> list[AnyLayer]:
    if not isinstance(described, list) or not described:
        raise ValueError(f"its layers must be a list that is not empty, got {described!r}")
    return [_layer(each, (*path, index), take) for index, each in enumerate(described)]


def _layer(described: Any, path: _Path, take: Callable[[_Path, str], NDArray[Any]]) -> AnyLayer:
    kind = described.get("layer") if isinstance(described, dict) else None
    if not isinstance(kind, str) or kind not in KEYS or described.keys() != KEYS[kind]:
        raise ValueError(f"layer {'.'.join(map(str, path))} must be an object with the keys of one "
                         f"of {', '.join(KEYS)}, got {described!r}")
    activation = described["activation"]
    try:
        if kind == "residual":
            return Residual(_layers(described["layers"], path, take), activation)
        if kind == "layer_norm":
            return LayerNorm(take(path, "weight"), take(path, "bias"), described["eps"],
                             activation)
        if kind == "rms_norm":
            return RMSNorm(take(path, "weight"), described["eps"], activation)
        return Dense(take(path, "weight"), take(path, "bias"), activation)
    except TypeError as error:
        raise ValueError(f"layer {'.'.join(map(str, path))}: {error}") from None
