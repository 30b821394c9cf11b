"""Networks as .safetensors: a state_dict with PyTorch's names, activations in the metadata.

A written file fits ``nn.Sequential(nn.Linear, activation, nn.Linear, activation, ...)``, so the
linear layers have even numbers. A file to read may have any numbers, in any nesting. The slopes of
prelu are a weight of one dimension after that of its linear layer, as nn.PReLU keeps them.
"""
from __future__ import annotations

import json
import operator
from reprlib import repr as short
from typing import TYPE_CHECKING

import numpy as np

import mathwork.nn.formats.state_dict as state_dict
import mathwork.nn.formats.structure as structure
from mathwork._arrays import as_plain
from mathwork._extras import extra
from mathwork.nn.formats.files import opened, refusal
from mathwork.nn.formats.state_dict import Naming
from mathwork.nn.labels import METADATA, NO_LABELS, Labels, from_text, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from typing import IO, Any, TypeVar

    from numpy.typing import NDArray

    from mathwork.nn.residual import AnyLayer

    _Parts = TypeVar("_Parts")

DTYPES: dict[str, type[np.generic]] = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}
ACTIVATIONS = "mathwork.activations"    # a metadata entry, a JSON list as text
LAYERS = "mathwork.layers"              # in its place, if a layer is not Dense: see structure.py
MANY = "mathwork.networks"              # the same for arrays of many networks of one shape
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


def content_of_many(networks: Any) -> bytes:
    numpy_format = extra("safetensors.numpy", "write a .safetensors file")
    layers, labels = networks.like.layers, text_of(networks.like._labels)
    held = {} if labels is None else {METADATA: labels}
    return numpy_format.save({_name(path, what): array for path, what, array
                              in structure.stacked(layers, networks._parameters)},
                             {MANY: structure.text_of(layers)} | held)


def read(path: Path) -> tuple[list[AnyLayer], Labels]:
    return read_with(path, Naming())


def read_with(path: Path, naming: Naming) -> tuple[list[AnyLayer], Labels]:
    """Read the layers and labels of a file; `naming` is for what the file does not say"""
    def parts(arrays: dict[str, NDArray[Any]], metadata: dict[str, str]) -> list[AnyLayer]:
        if LAYERS in metadata:
            state_dict.check_unnamed(naming)
            return structure.layers_of(metadata[LAYERS], _taking(arrays))
        if MANY in metadata:
            raise ValueError("it holds many networks: read it with Networks.load")
        found: list[AnyLayer] = [*state_dict.layers(arrays, naming, _named_activations(metadata))]
        arrays.clear()          # a state_dict may have more
        return found

    return _read(path, parts)


def read_many(path: Path) -> tuple[list[AnyLayer], NDArray[Any], Labels]:
    def parts(arrays: dict[str, NDArray[Any]], metadata: dict[str, str]
              ) -> tuple[list[AnyLayer], NDArray[Any]]:
        if MANY not in metadata:
            raise ValueError("it does not hold many networks: read it with mathwork.nn.load")
        return structure.many_layers_of(metadata[MANY], _taking(arrays))

    (layers, parameters), labels = _read(path, parts)
    return layers, parameters, labels


def _read(path: Path, parts: Callable[[dict[str, NDArray[Any]], dict[str, str]], _Parts]
          ) -> tuple[_Parts, Labels]:
    """Return what `parts` makes of the arrays, all of which it must take, and the labels"""
    safetensors = extra("safetensors", "read a .safetensors file")
    with opened(path) as (file, size):
        content, header_length = _content(file, size)
    try:
        if header_length > LONGEST_HEADER:
            raise ValueError(f"its header has {header_length} bytes; at most {LONGEST_HEADER} "
                             "are read")
        arrays = _arrays(safetensors.deserialize(content))      # checks all sizes
        metadata = _metadata(content[8:8 + header_length])
        labels = from_text(metadata[METADATA]) if METADATA in metadata else NO_LABELS
        found = parts(arrays, metadata)
        if arrays:
            raise ValueError(f"tensor {min(arrays)!r} belongs to no layer")
        return found, labels
    except (safetensors.SafetensorError, ValueError) as error:
        raise refusal(path, error) from None


def _content(file: IO[bytes], size: int) -> tuple[bytes, int]:
    """Return (the bytes of a file, the length of its header)

    No more is read than shows what is wrong: of a header that is too long, nothing, and one byte
    of data more than the header declares.
    """
    start = file.read(8)
    header_length = int.from_bytes(start, "little")
    if header_length > LONGEST_HEADER:
        return start, header_length
    header = file.read(header_length)
    left = max(0, size - len(start) - len(header))
    return start + header + file.read(max(0, min(left, _declared(header) + 1))), header_length


def _declared(header: bytes) -> int:
    """Return how many bytes of data a header declares; 0 if it makes no sense"""
    try:
        ends = [entry["data_offsets"][1] for name, entry in json.loads(header).items()
                if name != "__metadata__"]
        return operator.index(max(ends, default=0))
    except (ValueError, RecursionError, AttributeError, TypeError, LookupError):
        return 0


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


def _taking(arrays: dict[str, NDArray[Any]]) -> Callable[[tuple[int, ...], str], NDArray[Any]]:
    """Return a function that takes the array of a path, which content_of named, out of `arrays`"""
    def take(path: tuple[int, ...], what: str) -> NDArray[Any]:
        name = _name(path, what)
        if name not in arrays:
            raise ValueError(f"it has no tensor {name!r}")
        return arrays.pop(name)

    return take


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
                         f"got {short(metadata[ACTIVATIONS])}")
    for each in activations:
        if isinstance(each, list) and not all(map(_is_parameter, each[1:])):
            raise ValueError(f"an activation in {ACTIVATIONS} in its metadata must be a name, or a "
                             f"list of a name and numbers, got {short(each)}")
    return activations


def _is_parameter(value: Any) -> bool:
    """Whether it is a number, or a list of numbers"""
    return all(isinstance(part, (int, float))
               for part in (value if isinstance(value, list) else [value]))


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("its header has one name twice")
    return names
