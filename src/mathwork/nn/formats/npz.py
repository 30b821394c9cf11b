"""Networks as .npz: the arrays of every layer, their activations, and the version of the format."""
from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork.nn.dense import DEFAULT_PARAMETER, Dense
from mathwork.nn.formats.files import refusal

if TYPE_CHECKING:
    import zipfile
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

KIND = "mathwork.Network 1"     # a new number if a reader must change
STORED = 0                      # a zip file's code for a member without compression


def content_of(network: Any) -> bytes:
    arrays: dict[str, Any] = {
        "kind": np.array(KIND),
        "activations": np.array([layer._activation[0] for layer in network.layers]),
        "parameters": np.array([layer._activation[1] for layer in network.layers])}
    for index, layer in enumerate(network.layers):
        arrays[f"weight_{index}"] = layer.weight
        arrays[f"bias_{index}"] = layer.bias
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def read(path: Path) -> list[Dense]:
    import zipfile  # here, because importing it costs more than the rest of this package

    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _layers(archive, _members(archive, len(content)))
    except Exception as error:
        # For foreign bytes, zipfile and NumPy's header parser raise a dozen kinds of errors.
        raise refusal(f"{path} is not a network saved by mathwork", error) from None


def _members(archive: zipfile.ZipFile, file_size: int) -> dict[str, zipfile.ZipInfo]:
    """Return {name: info} of all arrays, with all sizes checked before one is allocated"""
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if len(members) != len(archive.infolist()):
        raise ValueError("it has two arrays of one name")
    for name, info in members.items():
        # Sizes alone prove nothing: for a compressed array they may be wrong.
        if info.compress_type != STORED or info.compress_size != info.file_size:
            raise ValueError(f"array {name!r} is compressed")
    # Check the sum, because members that share their bytes would make a small file large.
    if sum(info.file_size for info in members.values()) > file_size:
        raise ValueError("its arrays are larger than the file")
    return members


def _layers(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> list[Dense]:
    """Return the layers in a zip file; raise if an array is not used"""
    def take(name: str) -> NDArray[Any]:
        if name not in members:
            raise ValueError(f"it has no array {name!r}")
        return _array(name, archive.read(members.pop(name)))

    kind = take("kind").item()
    if kind != KIND:
        raise ValueError(f"kind is {kind!r}, not {KIND!r}")
    activations, parameters = take("activations"), take("parameters")
    if activations.ndim != 1 or activations.shape != parameters.shape:
        raise ValueError("activations and parameters must have one entry a layer, got shapes "
                         f"{activations.shape} and {parameters.shape}")
    layers = [Dense(take(f"weight_{index}"), take(f"bias_{index}"),
                    (name, parameter) if name in DEFAULT_PARAMETER else name)
              for index, (name, parameter) in enumerate(zip(activations.tolist(),
                                                            parameters.tolist(), strict=True))]
    if members:
        raise ValueError(f"it has an array {min(members)!r}, which belongs to no layer")
    return layers


def _array(name: str, stored: bytes) -> NDArray[Any]:
    """Return the array in the bytes of an .npy file"""
    content = io.BytesIO(stored)
    version = np.lib.format.read_magic(content)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"array {name!r} has the unknown .npy version {version}")
    read_header = (np.lib.format.read_array_header_1_0 if version == (1, 0)
                   else np.lib.format.read_array_header_2_0)
    shape, fortran_order, dtype = read_header(content)
    count = math.prod(shape)        # Python integers do not overflow
    data = memoryview(stored)[content.tell():]
    if dtype.hasobject or min(shape, default=0) < 0 or count * dtype.itemsize != len(data):
        raise ValueError(f"array {name!r} declares {dtype} {shape}, "
                         f"which is not what its {len(data)} bytes hold")
    return np.frombuffer(data, dtype, count).reshape(shape, order="F" if fortran_order else "C")
