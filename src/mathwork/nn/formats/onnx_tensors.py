"""The constants of an ONNX graph. Every size is checked before an array is made."""
from __future__ import annotations

import math
import os
from reprlib import repr as short
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from mathwork.nn.chain import Chain

    _Types: TypeAlias = dict[int, tuple[int, str]]

# The types that can be read: bytes a number, and the field for numbers that are not raw bytes.
TYPES: _Types = {TensorProto.FLOAT: (4, "float_data"), TensorProto.DOUBLE: (8, "double_data"),
         TensorProto.FLOAT16: (2, "int32_data"), TensorProto.BFLOAT16: (2, "int32_data")}
INTEGERS: _Types = {TensorProto.INT64: (8, "int64_data")}           # for shapes
MOST_DIMENSIONS = 64            # the most in NumPy


class Constants:
    """Initializers, and results of nodes with constant inputs, by name; decoded when used."""

    def __init__(self, initializers: Collection[TensorProto], folder: Path | None) -> None:
        self._folder = folder
        self._entries: dict[str, Any] = {tensor.name: tensor for tensor in initializers}
        self._origins: dict[str, str] = {}      # {result of Identity or Transpose: the constant}
        self._used: set[str] = set()
        self._external: dict[str, int] = {}     # bytes read from each file
        if len(self._entries) != len(initializers):
            raise ValueError("it has two initializers of one name")

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def use(self, name: str, chain: Chain) -> NDArray[Any]:
        """Return the array of that name; a second use adds parameters that the file lacks"""
        array = self._array(name)
        origin = self._origins.get(name, name)
        if origin in self._used:
            chain.add_parameters(array.size)
        self._used.add(origin)
        return array

    def integers(self, name: str) -> list[int]:
        """Return the int64 numbers of that name, which are a shape"""
        entry = self._entries[name]
        if isinstance(entry, TensorProto):
            entry = self._decoded(entry, f"tensor {short(name)}", INTEGERS)
        return entry.ravel().tolist()

    def is_true(self, name: str) -> bool:
        """Return whether a boolean constant is, or may be, true"""
        tensor = self._entries[name]
        return (not isinstance(tensor, TensorProto) or tensor.data_type != TensorProto.BOOL
                or tensor.data_location == TensorProto.EXTERNAL
                or any(tensor.raw_data) or any(tensor.int32_data))

    def fold(self, node: Any) -> None:
        """Keep the result of a node with constant inputs only."""
        if node.operator == "Constant":
            self._entries[node.output] = node.tensor()
            return
        if node.operator not in ("Identity", "Transpose"):
            raise node.refusal("takes constants alone; known are Constant, Identity, Transpose")
        node.takes(1)
        name, = node.inputs
        array = self._array(name)
        if node.operator == "Transpose":
            order = node.integers("perm", range(array.ndim)[::-1])
            if sorted(order) != list(range(array.ndim)):
                raise node.refusal(f"has perm {order} for a tensor of shape {array.shape}")
            array = array.transpose(order)
        self._entries[node.output] = array
        self._origins[node.output] = self._origins.get(name, name)

    def _array(self, name: str) -> NDArray[Any]:
        entry = self._entries[name]
        if isinstance(entry, TensorProto):
            entry = self._entries[name] = self._decoded(entry, f"tensor {short(name)}")
        return entry

    def _decoded(self, tensor: TensorProto, where: str, types: _Types = TYPES) -> NDArray[Any]:
        """Return the array in a TensorProto; float16 and bfloat16 are widened to float32"""
        check_type(tensor.data_type, where, types)
        check_lengths(tensor.dims, where)
        shape = tuple(tensor.dims)
        item_bytes, field = types[tensor.data_type]
        size = math.prod(shape) * item_bytes
        if tensor.data_location == TensorProto.EXTERNAL:
            tensor = TensorProto(data_type=tensor.data_type, dims=shape,
                                 raw_data=self._external_data(tensor, size, where))
        held = len(tensor.raw_data) or len(getattr(tensor, field)) * item_bytes
        if held != size:
            raise ValueError(f"{where} declares the shape {short(shape)}, {size} bytes, "
                             f"but holds {held}")
        array = numpy_helper.to_array(tensor)
        return array if item_bytes > 2 else array.astype(np.float32)

    def _external_data(self, tensor: TensorProto, size: int, where: str) -> bytes:
        """Return the `size` bytes that a tensor keeps in another file in the folder of its model"""
        if self._folder is None:
            raise ValueError(f"{where} keeps its numbers in another file: give the model's path")
        entries = {entry.key: entry.value for entry in tensor.external_data}
        try:
            offset, length = int(entries.get("offset", 0)), int(entries.get("length", size))
        except ValueError:
            raise ValueError(f"{where}: offset and length of its numbers must be integers"
                             ) from None
        path = _inside(self._folder, os.fsdecode(entries.get("location", "")), where)
        with open(path, "rb") as file:
            held = os.fstat(file.fileno()).st_size
            # Count all tensors of a file, because tensors that share their bytes would make a
            # small file large.
            self._external[path] = self._external.get(path, 0) + size
            if length != size or offset < 0 or max(offset + size, self._external[path]) > held:
                raise ValueError(f"{where} needs {size} bytes, and names {length} from {offset} "
                                 f"on in a file of {held}")
            file.seek(offset)
            return file.read(size)


def check_type(kind: int, where: str, types: _Types = TYPES) -> None:
    if kind not in types:
        known = ", ".join(map(TensorProto.DataType.Name, types))
        raise ValueError(f"{where} has the data type {kind}; known are {known}")


def check_lengths(lengths: Collection[int], where: str) -> None:
    if len(lengths) > MOST_DIMENSIONS or min(lengths, default=0) < 0:
        raise ValueError(f"{where} has the shape {short(tuple(lengths))}")


def _inside(folder: str | Path, location: str, where: str) -> str:
    """Return the path of a regular file in `folder`, with links resolved"""
    folder = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(folder, location))
    if os.path.commonpath([folder, path]) != folder:
        raise ValueError(f"{where}: {short(location)} is not in the folder of the model")
    if not os.path.isfile(path):
        raise ValueError(f"{where}: {short(location)} is not a file in the folder of the model")
    return path
