"""Networks as .safetensors: a state_dict with PyTorch's names, activations in the metadata.

A written file fits ``nn.Sequential(nn.Linear, activation, nn.Linear, activation, ...)``, so the
linear layers have even numbers. A file to read may have any numbers, in any nesting. The slopes of
prelu are a weight of one dimension after that of its linear layer, as nn.PReLU keeps them.
"""
from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

import mathwork.nn.formats.structure as structure
from mathwork._arrays import as_plain
from mathwork._extras import extra
from mathwork.nn.dense import Dense
from mathwork.nn.formats.files import refusal

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from mathwork.nn.residual import AnyLayer

    # name, weight, bias or None, and the slopes of prelu or None
    _Linear: TypeAlias = tuple[str, NDArray[Any], NDArray[Any] | None, NDArray[Any] | None]

DTYPES: dict[str, type[np.generic]] = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}
ACTIVATIONS = "mathwork.activations"    # a metadata entry, a JSON list as text
LAYERS = "mathwork.layers"              # in its place, if a layer is not Dense: see structure.py
# Bytes of names, shapes and metadata. They take forty times as much once they are parsed; a layer
# has some two hundred.
LONGEST_HEADER = 1 << 22


def content_of(network: Any) -> bytes:
    numpy_format = extra("safetensors.numpy", "write a .safetensors file")
    arrays = {}
    if not structure.only_dense(network.layers):
        arrays = {_name(path, what): array
                  for path, what, array in structure.arrays_of(network.layers)}
        return numpy_format.save(arrays, {LAYERS: structure.text_of(network.layers)})
    for index, layer in enumerate(network.layers):
        arrays[f"{2 * index}.weight"], arrays[f"{2 * index}.bias"] = layer.weight, layer.bias
        if layer._activation[0] == "prelu":
            arrays[f"{2 * index + 1}.weight"] = as_plain(layer.activation[1], "slope",
                                                         layer.weight.dtype)
    activations = json.dumps(["prelu" if layer._activation[0] == "prelu" else layer.activation
                              for layer in network.layers])
    return numpy_format.save(arrays, {ACTIVATIONS: activations})


def read(path: Path) -> list[AnyLayer]:
    return read_with(path, None)


def read_with(path: Path, activations: Any) -> list[AnyLayer]:
    """Read the layers of a file; `activations` are for a file that does not name them"""
    safetensors = extra("safetensors", "read a .safetensors file")
    content = path.read_bytes()
    try:
        header_length = int.from_bytes(content[:8], "little")
        if header_length > LONGEST_HEADER:
            raise ValueError(f"its header has {header_length} bytes; at most {LONGEST_HEADER} "
                             "are read")
        arrays = _arrays(safetensors.deserialize(content))      # checks all sizes
        metadata = _metadata(content[8:8 + header_length])
        if LAYERS in metadata:
            return _described_layers(metadata[LAYERS], arrays, activations)
        linear = _in_order(arrays)
        named = _named_activations(metadata)
        if named is not None and activations is not None:
            raise ValueError("it names its activations itself, so activations= must not be given")
        if named is None and activations is None:
            raise ValueError("it does not name its activations: give activations=, "
                             f"one for each of its {len(linear)} layers")
        return [*_layers(linear, named if activations is None else activations)]
    except (safetensors.SafetensorError, ValueError) as error:
        raise refusal(path, error) from None


def _arrays(tensors: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, NDArray[Any]]:
    """Return {name: array} of the result of safetensors.deserialize, bfloat16 widened to float32"""
    arrays = {}
    for name, tensor in tensors:
        if tensor["dtype"] not in DTYPES:
            raise ValueError(f"tensor {name!r} is {tensor['dtype']}; known are "
                             f"{', '.join(DTYPES)}")
        stored = np.frombuffer(tensor["data"], np.dtype(DTYPES[tensor["dtype"]]).newbyteorder("<"))
        if tensor["dtype"] == "BF16":       # it is the upper half of a float32
            stored = (stored.astype(np.uint32) << 16).view(np.float32)
        arrays[name] = stored.reshape(tensor["shape"])
    return arrays


def _in_order(arrays: dict[str, NDArray[Any]]) -> list[_Linear]:
    """Return the linear layers, by the numbers in their names"""
    names = sorted((name.removesuffix("weight") for name in arrays if name.endswith("weight")),
                   key=_parts)
    strays = set(arrays).difference(name + end for name in names for end in ("weight", "bias"))
    if strays:
        raise ValueError(f"tensor {min(strays)!r} is not the weight or bias of a linear layer")
    if not names:
        raise ValueError("it has no tensor named like '0.weight'")
    for first, second in itertools.pairwise(names):
        if not _ordered(first, second):
            raise ValueError(f"{first + 'weight'!r} and {second + 'weight'!r} do not say by a "
                             "number which comes first")
    layers: list[_Linear] = []
    for name in names:
        weight, bias = arrays[name + "weight"], arrays.get(name + "bias")
        if weight.ndim == 1 and bias is None and layers and layers[-1][3] is None:
            layers[-1] = (*layers[-1][:3], weight)
        else:
            layers.append((name, weight, bias, None))
    return layers


def _parts(name: str) -> list[Any]:
    """Split 'net.10.' into ['net.', 10, '.']: text and numbers in turn"""
    return [int(part) if index % 2 else part
            for index, part in enumerate(re.split(r"([0-9]+)", name))]


def _ordered(first: str, second: str) -> bool:
    """Return whether the first part in which two names differ is a number"""
    differing = (index for index, (one, other) in enumerate(zip(_parts(first), _parts(second),
                                                               strict=False)) if one != other)
    return next(differing, 0) % 2 == 1


def _name(path: tuple[int, ...], what: str) -> str:
    """Return PyTorch's name of an array: in a Sequential, an activation follows every layer"""
    return ".".join([*(str(2 * index) for index in path), what])


def _described_layers(text: str, arrays: dict[str, NDArray[Any]], activations: Any
                      ) -> list[AnyLayer]:
    """Return the layers of a file that `content_of` described"""
    if activations is not None:
        raise ValueError("it names its activations itself, so activations= must not be given")

    def take(path: tuple[int, ...], what: str) -> NDArray[Any]:
        name = _name(path, what)
        if name not in arrays:
            raise ValueError(f"it has no tensor {name!r}")
        return arrays.pop(name)

    layers = structure.layers_of(text, take)
    if arrays:
        raise ValueError(f"tensor {min(arrays)!r} belongs to no layer")
    return layers


def _metadata(header: bytes) -> dict[str, Any]:
    """Return the metadata of a header, which is JSON"""
    return json.loads(header, object_pairs_hook=_without_duplicates).get("__metadata__") or {}


def _named_activations(metadata: dict[str, Any]) -> list[Any] | None:
    """Return the activations that `content_of` put into the metadata, or None"""
    if ACTIVATIONS not in metadata:
        return None
    try:
        activations = json.loads(metadata[ACTIVATIONS])
    except (ValueError, RecursionError):
        activations = None
    if not isinstance(activations, list):
        raise ValueError(f"{ACTIVATIONS} in its metadata must be a JSON list, "
                         f"got {metadata[ACTIVATIONS]!r}")
    return activations


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("its header has one name twice")
    return names


def _layers(linear: list[_Linear], activations: Any) -> list[Dense]:
    if isinstance(activations, str) or not isinstance(activations, Iterable):
        raise ValueError("activations must be a sequence with one for each layer, "
                         f"got {activations!r}")
    activations = list(activations)
    if len(activations) != len(linear):
        raise ValueError(f"there must be one activation for each of the {len(linear)} layers, "
                         f"got {len(activations)}: {activations!r}")
    return [_layer(*each, activation)
            for each, activation in zip(linear, activations, strict=True)]


def _layer(name: str, weight: NDArray[Any], bias: NDArray[Any] | None,
           slopes: NDArray[Any] | None, activation: Any) -> Dense:
    if slopes is not None and activation != "prelu":
        raise ValueError(f"the weight after {name + 'weight'!r} has shape {slopes.shape}, like "
                         f"slopes of prelu, but the activation there is {activation!r}")
    try:
        if slopes is not None:
            activation = ("prelu", slopes)
        return Dense(weight, bias, activation)
    except ValueError as error:
        raise ValueError(f"layer of {name + 'weight'!r}: {error}") from None
