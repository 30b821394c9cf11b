"""The constants of an ONNX graph. Every size is checked before an array is made."""
from __future__ import annotations

import math
import os
from reprlib import repr as short
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, numpy_helper

from mathwork.nn.formats.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    _Types: TypeAlias = dict[int, tuple[int, str]]

# The types that can be read: bytes a number, and the field for numbers that are not raw bytes.
TYPES: _Types = {TensorProto.FLOAT: (4, "float_data"), TensorProto.DOUBLE: (8, "double_data"),
         TensorProto.FLOAT16: (2, "int32_data"), TensorProto.BFLOAT16: (2, "int32_data")}
# Of shapes, indices and flags.
INTEGERS: _Types = {TensorProto.INT64: (8, "int64_data"), TensorProto.INT32: (4, "int32_data"),
                    TensorProto.BOOL: (1, "int32_data")}
MOST_DIMENSIONS = 64            # the most in NumPy


class Constants:
    """Initializers by name, decoded when they are used."""

    def __init__(self, initializers: Collection[TensorProto], folder: Path | None) -> None:
        self._folder = folder
        self._entries: dict[str, Any] = {tensor.name: tensor for tensor in initializers}
        self._external: dict[str, int] = {}     # bytes read from each file
        if len(self._entries) != len(initializers):
            raise ValueError("it has two initializers of one name")

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def array(self, name: str) -> NDArray[Any]:
        """Return the array of that name"""
        entry = self._entries[name]
        if isinstance(entry, TensorProto):
            entry = self._entries[name] = self.decoded(entry, f"tensor {short(name)}")
        return entry

    def bytes_beside(self) -> int:
        """Return how many bytes the files beside the model hold at most"""
        if self._folder is None:
            return 0
        total = 0
        for entry in self._entries.values():
            if isinstance(entry, TensorProto) and entry.data_location == TensorProto.EXTERNAL:
                total += declared_count(entry)
        return total

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of that name as the file declares it"""
        entry = self._entries[name]
        return tuple(entry.dims) if isinstance(entry, TensorProto) else entry.shape

    def decoded(self, tensor: TensorProto, where: str) -> NDArray[Any]:
        """Return the array in a TensorProto; float16 and bfloat16 are widened to float32"""
        types = TYPES | INTEGERS
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
            raise ValueError(f"{where} declares the shape {short(shape)}, {size} bytes, but holds "
                             f"{held}")
        array = numpy_helper.to_array(tensor)
        return array.astype(np.float32) if item_bytes == 2 else array

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
        with open_regular(path) as file:
            held = os.fstat(file.fileno()).st_size
            # Count all tensors of a file, because tensors that share their bytes would make a
            # small file large.
            self._external[path] = self._external.get(path, 0) + size
            if length != size or offset < 0 or max(offset + size, self._external[path]) > held:
                raise ValueError(f"{where} needs {size} bytes, and names {length} from {offset} "
                                 f"on in a file of {held}")
            file.seek(offset)
            return file.read(size)      # fewer if it shrinks meanwhile, which is an error then


def check_type(kind: int, where: str, types: _Types = TYPES) -> None:
    if kind not in types:
        known = ", ".join(map(TensorProto.DataType.Name, types))
        raise ValueError(f"{where} has the data type {kind}; known are {known}")


def check_lengths(lengths: Collection[int], where: str) -> None:
    if len(lengths) > MOST_DIMENSIONS or min(lengths, default=0) < 0:
        raise ValueError(f"{where} has the shape {short(tuple(lengths))}")


def declared_count(tensor: TensorProto) -> int:
    """Return how many numbers a tensor declares; 0 for a shape that check_lengths() refuses."""
    if len(tensor.dims) > MOST_DIMENSIONS or min(tensor.dims, default=1) < 0:
        return 0
    return math.prod(tensor.dims)


def _inside(folder: str | Path, location: str, where: str) -> str:
    """Return the path of a regular file in `folder`, with links resolved"""
    folder = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(folder, location))
    if os.path.commonpath([folder, path]) != folder:
        raise ValueError(f"{where}: {short(location)} is not in the folder of the model")
    if not os.path.isfile(path):
        raise ValueError(f"{where}: {short(location)} is not a file in the folder of the model")
    return path
