"""Networks as .npz: the arrays of every layer, their activations, and the version of the format."""
from __future__ import annotations

import errno
import io
import math
from typing import TYPE_CHECKING

import numpy as np

import mathwork.nn.formats.structure as structure
from mathwork._parameters import NAMES
from mathwork.nn.dense import Dense
from mathwork.nn.formats.files import opened, refusal
from mathwork.nn.labels import NO_LABELS, Labels, from_text, text_of

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any, TypeVar

    from numpy.typing import NDArray

    from mathwork.nn.residual import AnyLayer

    _Parts = TypeVar("_Parts")

KIND = "mathwork.Network 1"     # a new number if a reader must change
KIND_2 = "mathwork.Network 2"   # layers of other kinds than Dense: see structure.py
KIND_OF_MANY = "mathwork.Networks 1"    # the arrays of all networks of one shape
# Activations with one number, which is in the array `parameters`. Any other parameters are in an
# array of the layer.
ONE_NUMBER = {"leaky_relu", "elu", "celu"}
STORED = 0                      # a zip file's code for a member without compression


def content_of(network: Any) -> bytes:
    if not structure.only_dense(network.layers):
        return _archive({"kind": np.array(KIND_2),
                         "layers": np.array(structure.text_of(network.layers))}
                        | {_name(path, what): array for path, what, array
                           in structure.arrays_of(network.layers)}, network)
    arrays: dict[str, Any] = {
        "kind": np.array(KIND),
        "activations": np.array([layer._activation[0] for layer in network.layers]),
        "parameters": np.array([layer._activation[1][0] if layer._activation[0] in ONE_NUMBER
                                else 0.0 for layer in network.layers])}
    for index, layer in enumerate(network.layers):
        name, parameters = layer._activation
        if parameters and name not in ONE_NUMBER:
            arrays[f"parameters_{index}"] = np.ravel(parameters)
        arrays[f"weight_{index}"] = layer.weight
        arrays[f"bias_{index}"] = layer.bias
    return _archive(arrays, network)


def content_of_many(networks: Any) -> bytes:
    layers = networks.like.layers
    return _archive({"kind": np.array(KIND_OF_MANY), "layers": np.array(structure.text_of(layers))}
                    | {_name(path, what): array for path, what, array
                       in structure.stacked(layers, networks._parameters)}, networks.like)


def _archive(arrays: dict[str, Any], network: Any) -> bytes:
    labels = text_of(network._labels)
    if labels is not None:
        arrays["labels"] = np.array(labels)
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def _name(path: tuple[int, ...], what: str) -> str:
    return f"{what}_{'.'.join(map(str, path))}"


def read(path: Path) -> tuple[list[AnyLayer], Labels]:
    return _read(path, _parts, "is not a network saved by mathwork")


def read_many(path: Path) -> tuple[list[AnyLayer], NDArray[Any], Labels]:
    return _read(path, _parts_of_many, "does not hold networks saved by mathwork")


def _read(path: Path, parts: Callable[[Callable[[str], NDArray[Any]], set[str]], _Parts],
          refused: str) -> _Parts:
    """Return what `parts` makes of the arrays, all of which it must take"""
    import zipfile  # here, because importing it costs more than the rest of this package

    with opened(path) as (file, size):
        try:
            with zipfile.ZipFile(file) as archive:
                members = _members(archive, size)

                def take(name: str) -> NDArray[Any]:
                    if name not in members:
                        raise ValueError(f"it has no array {name!r}")
                    return array_of(name, archive.read(members.pop(name)))

                found = parts(take, set(members))
                if members:
                    raise ValueError(f"it has an array {min(members)!r}, which belongs to no layer")
                return found
        except Exception as error:
            if isinstance(error, OSError) and error.errno != errno.EINVAL:     # of a false place
                raise
            # For foreign bytes, zipfile and NumPy's header parser raise a dozen kinds of errors.
            raise refusal(f"{path} {refused}", error) from None


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


def _parts(take: Callable[[str], NDArray[Any]], names: set[str]) -> tuple[list[AnyLayer], Labels]:
    """Return the layers and labels of a network whose arrays have these names"""
    kind = take("kind").item()
    layers: list[AnyLayer]
    if kind == KIND_2:
        layers = structure.layers_of(take("layers").item(),
                                     lambda path, what: take(_name(path, what)))
    elif kind == KIND:
        layers = _dense_layers(take, names)
    elif kind == KIND_OF_MANY:
        raise ValueError("it holds many networks: read it with Networks.load")
    else:
        raise ValueError(f"kind is {kind!r}, not {KIND!r} or {KIND_2!r}")
    return layers, _labels(take, names)


def _parts_of_many(take: Callable[[str], NDArray[Any]], names: set[str]
                   ) -> tuple[list[AnyLayer], NDArray[Any], Labels]:
    """Return the layers of the first network, the parameters of all, and their labels"""
    kind = take("kind").item()
    if kind in (KIND, KIND_2):
        raise ValueError("it holds one network: read it with mathwork.nn.load")
    if kind != KIND_OF_MANY:
        raise ValueError(f"kind is {kind!r}, not {KIND_OF_MANY!r}")
    layers, parameters = structure.many_layers_of(take("layers").item(),
                                                  lambda path, what: take(_name(path, what)))
    return layers, parameters, _labels(take, names)


def _labels(take: Callable[[str], NDArray[Any]], names: set[str]) -> Labels:
    return from_text(str(take("labels").item())) if "labels" in names else NO_LABELS


def _dense_layers(take: Callable[[str], NDArray[Any]], names: set[str]) -> list[AnyLayer]:
    activations, parameters = take("activations"), take("parameters")
    if activations.ndim != 1 or activations.shape != parameters.shape:
        raise ValueError("activations and parameters must have one entry a layer, got shapes "
                         f"{activations.shape} and {parameters.shape}")
    layers: list[AnyLayer] = []
    for index, (name, parameter) in enumerate(zip(activations.tolist(), parameters.tolist(),
                                                   strict=True)):
        activation = (name, parameter) if name in ONE_NUMBER else name
        if f"parameters_{index}" in names:
            more = take(f"parameters_{index}")
            activation = (name, *more.tolist()) if name in NAMES else (name, more)
        layers.append(Dense(take(f"weight_{index}"), take(f"bias_{index}"), activation))
    return layers


def array_of(name: str, stored: bytes) -> NDArray[Any]:
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
