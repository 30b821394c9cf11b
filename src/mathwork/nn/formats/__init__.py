"""Networks in files. The suffix names the format; nothing in a file is ever executed.

npz              NumPy's own archive, without pickle
safetensors      a state_dict with PyTorch's names, and the activations in the metadata
state_dict       the layers in tensors by name, from such a file or from memory
onnx             files and models in memory; onnx_graph reads one, onnx_model makes one
  onnx_layouts   how samples may lie in the inputs of a graph
  onnx_nodes, onnx_tensors     nodes and constants, decoded
  onnx_operators, onnx_arranging, onnx_folding     what nodes do to samples and to constants
  onnx_functions replaces missing standard operators
files            paths and refusals, for all of them
"""
from __future__ import annotations

from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING

from mathwork._arguments import choice
from mathwork.nn.formats.files import (
    NAMELESS,
    Content,
    as_path,
    content_of_file,
    named,
    write_to_file,
)

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from numpy.typing import DTypeLike, NDArray

    from mathwork.nn.formats.state_dict import Naming
    from mathwork.nn.labels import Labels
    from mathwork.nn.residual import AnyLayer

# Each has `read(path)`, which gives (a list of layers, Labels), and `content_of(network)`, which
# gives bytes. In place of a path there may be a files.Content. A format with files that need not
# name their activations also has `read_with(path, naming)`, one with graphs
# `read_part(path, inputs=, outputs=, dtype=)`, and one with files of many networks of one shape
# `read_many(path)` and `content_of_many(networks)`.
FORMATS = {".npz": "npz", ".onnx": "onnx", ".safetensors": "safetensors"}

PICKLES = (".bin", ".joblib", ".pickle", ".pkl", ".pt", ".pth")

def source_of(source: Any) -> Path | Content:
    """Return what load() is given, a path, bytes or a file, as readers take it."""
    if isinstance(source, bytes | bytearray | memoryview):
        return Content(bytes(source), NAMELESS[0])
    if hasattr(source, "read") and not isinstance(source, PathLike):
        return content_of_file(source)
    return as_path(source)


def layers(path: Path | Content, format: str | None, naming: Naming, part: dict[str, Any],
           dtype: DTypeLike | None = None) -> tuple[list[AnyLayer], Labels]:
    """Return the layers and labels in `path`, from source_of: see mathwork.nn.load.

    `part` are inputs and outputs, those that are given. Layers that a graph makes are rounded to
    `dtype`.
    """
    if format is None and path.suffix.lower() in PICKLES:
        raise ValueError(f"{path.name!r} holds a pickle, which may run any code: read it with the "
                         "library that wrote it, and give its model or state_dict")
    module = _module(path.name, path.suffix, format)
    given = naming.given()
    if not given and hasattr(module, "read_part"):
        return module.read_part(path, dtype=dtype, **part)
    if part:
        raise ValueError(f"{' and '.join(part)} are for .onnx files, {path.name!r} holds one chain")
    if not given:
        return module.read(path)
    if hasattr(module, "read_with"):
        return module.read_with(path, naming)
    raise ValueError(f"{' and '.join(given)} are for .safetensors files, {path.name!r} holds its "
                     "own")


def many_layers(path: Path | Content, format: str | None
                ) -> tuple[list[AnyLayer], NDArray[Any], Labels]:
    """Return the layers of the first of many networks, the parameters of all, and their labels."""
    return _many(_module(path.name, path.suffix, format)).read_many(path)


def save(network: Any, target: Any, format: str | None, *, many: bool = False) -> None:
    """Write `network` to a path or a file: see Network.save, and Networks.save if `many`."""
    from mathwork._files import replacing  # here, because most programs save nothing

    def content_by(module: Any) -> bytes:
        return _many(module).content_of_many(network) if many else module.content_of(network)

    if hasattr(target, "write") and not isinstance(target, PathLike):
        write_to_file(target, content_by(_module(*named(target), format)))
        return
    path = as_path(target)
    content = content_by(_module(path.name, path.suffix, format))
    with replacing(path) as file:
        file.write(content)


def _many(module: Any) -> Any:
    """Return the module of a format if it has files of many networks"""
    if not hasattr(module, "read_many"):
        raise ValueError("many networks are in one .npz or .safetensors file, "
                         f"not in .{module.__name__.rpartition('.')[2]}")
    return module


def _module(name: str, suffix: str, format: Any) -> Any:
    """Return the module for a format, which the suffix of `name` names if it is not given."""
    if format is not None:
        given = format.lower().removeprefix(".") if isinstance(format, str) else format
        suffix = f".{choice(given, 'format', FORMATS.values())}"
    suffix = suffix.lower()
    if suffix not in FORMATS and name in NAMELESS:
        raise ValueError(f"{name}: no suffix names the format, so give format=, one of "
                         f"{', '.join(FORMATS.values())}")
    if suffix not in FORMATS:
        raise ValueError(f"a network's file must end in {', '.join(FORMATS)}, got {name!r}")
    return import_module(f"{__name__}.{FORMATS[suffix]}")
