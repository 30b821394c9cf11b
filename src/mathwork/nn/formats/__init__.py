"""Networks in files. The suffix names the format; nothing in a file is ever executed.

npz              NumPy's own archive, without pickle
safetensors      a state_dict with PyTorch's names, and the activations in the metadata
onnx             files and models in memory; onnx_graph, onnx_operators and onnx_tensors read
                 one, onnx_model makes one; onnx_functions replaces missing standard operators
files            paths and refusals, for all of them
"""
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

    from mathwork._types import Activation
    from mathwork.nn.dense import Dense

# Each has `read(path)`, which gives a list of Dense, and `content_of(network)`, which gives bytes.
# A format with files that need not name their activations also has `read_with(path, activations)`.
FORMATS = {".npz": "npz", ".onnx": "onnx", ".safetensors": "safetensors"}


def layers(path: Path, activations: Iterable[Activation] | None) -> list[Dense]:
    """Return the layers in the file `path`, a pathlib.Path: see mathwork.nn.load."""
    module = _module(path)
    if activations is None:
        return module.read(path)
    if hasattr(module, "read_with"):
        return module.read_with(path, activations)
    raise ValueError(f"activations are for .safetensors files, {path.name!r} holds its own")


def save(network: Any, path: Path) -> None:
    """Write `network` to `path`, a pathlib.Path: see Network.save."""
    from mathwork._files import replacing  # here, because most programs save nothing

    content = _module(path).content_of(network)
    with replacing(path) as file:
        file.write(content)


def _module(path: Path) -> Any:
    """Return the module for the format that the suffix of `path` names."""
    if path.suffix not in FORMATS:
        raise ValueError(f"a network's file must end in {', '.join(FORMATS)}, got {path.name!r}")
    return import_module(f"{__name__}.{FORMATS[path.suffix]}")
