"""Networks as .safetensors: a state_dict with PyTorch's names, activations in the metadata.

A written file fits ``nn.Sequential(nn.Linear, activation, nn.Linear, activation, ...)``, so the
linear layers have even numbers. A file to read may have any numbers, in any nesting. The slopes of
prelu are a weight of one dimension after that of its linear layer, as nn.PReLU keeps them.
"""
from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

import mathwork.nn.formats.state_dict as state_dict
import mathwork.nn.formats.structure as structure
from mathwork._arrays import as_plain
from mathwork._extras import extra
from mathwork.nn.formats.files import refusal
from mathwork.nn.formats.state_dict import Naming
from mathwork.nn.labels import METADATA, NO_LABELS, Labels, from_text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from mathwork.nn.residual import AnyLayer

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
    labels = text_of(network._labels)
    held = {} if labels is None else {METADATA: labels}
    if not structure.only_dense(network.layers):
        arrays = {_name(path, what): array
                  for path, what, array in structure.arrays_of(network.layers)}
        return numpy_format.save(arrays, {LAYERS: structure.text_of(network.layers)} | held)
    for index, layer in enumerate(network.layers):
        arrays[f"{2 * index}.weight"], arrays[f"{2 * index}.bias"] = layer.weight, layer.bias
        if layer._activation[0] == "prelu":
            arrays[f"{2 * index + 1}.weight"] = as_plain(layer.activation[1], "slope",
                                                         layer.weight.dtype)
    activations = json.dumps(["prelu" if layer._activation[0] == "prelu" else layer.activation
                              for layer in network.layers])
    return numpy_format.save(arrays, {ACTIVATIONS: activations} | held)


def read(path: Path) -> tuple[list[AnyLayer], Labels]:
    return read_with(path, Naming())


def read_with(path: Path, naming: Naming) -> tuple[list[AnyLayer], Labels]:
    """Read the layers and labels of a file; `naming` is for what the file does not say"""
    safetensors = extra("safetensors", "read a .safetensors file")
    content = path.read_bytes()
    try:
        header_length = int.from_bytes(content[:8], "little")
        if header_length > LONGEST_HEADER:
            raise ValueError(f"its header has {header_length} bytes; at most {LONGEST_HEADER} "
                             "are read")
        arrays = _arrays(safetensors.deserialize(content))      # checks all sizes
        metadata = _metadata(content[8:8 + header_length])
        labels = from_text(metadata[METADATA]) if METADATA in metadata else NO_LABELS
        if LAYERS in metadata:
            return _described_layers(metadata[LAYERS], arrays, naming), labels
        return [*state_dict.layers(arrays, naming, _named_activations(metadata))], labels
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


def _metadata(header: bytes) -> dict[str, str]:
    """Return the metadata; the header is JSON"""
    return json.loads(header, object_pairs_hook=_without_duplicates).get("__metadata__") or {}


def _name(path: tuple[int, ...], what: str) -> str:
    """Return PyTorch's name of an array: in a Sequential, an activation follows every layer"""
    return ".".join([*(str(2 * index) for index in path), what])


def _described_layers(text: str, arrays: dict[str, NDArray[Any]], naming: Naming
                      ) -> list[AnyLayer]:
    """Return the layers of a file that `content_of` described"""
    state_dict.check_unnamed(naming)

    def take(path: tuple[int, ...], what: str) -> NDArray[Any]:
        name = _name(path, what)
        if name not in arrays:
            raise ValueError(f"it has no tensor {name!r}")
        return arrays.pop(name)

    layers = structure.layers_of(text, take)
    if arrays:
        raise ValueError(f"tensor {min(arrays)!r} belongs to no layer")
    return layers


def _named_activations(metadata: dict[str, str]) -> list[Any] | None:
    """Return the activations that content_of put into the metadata, or None"""
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
