"""Networks as .onnx: between the file, the model in memory, and the layers."""
from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from mathwork._arguments import whole
from mathwork._extras import extra
from mathwork.nn.formats.files import as_path, opened, refusal
from mathwork.nn.labels import METADATA, NO_LABELS, Labels, from_text

LARGEST = (1 << 31) - 1         # bytes of a protocol buffer

if TYPE_CHECKING:
    import pathlib
    from typing import Any

    from onnx import ModelProto

    from mathwork._types import StrPath
    from mathwork.nn.residual import AnyLayer


def read(path: pathlib.Path) -> tuple[list[AnyLayer], Labels]:
    return read_part(path)


def read_part(path: pathlib.Path, **options: Any) -> tuple[list[AnyLayer], Labels]:
    """Return the layers and labels of a file; `options` are inputs, outputs, dtype of from_onnx"""
    onnx = extra("onnx", "read a .onnx file")
    message = extra("google.protobuf.message", "read a .onnx file")

    with opened(path) as (file, size):
        if size > LARGEST:
            raise refusal(path, f"it has {size} bytes; an ONNX model has at most {LARGEST}, and "
                                "keeps more in files beside it")
        content = file.read(size)
    try:
        model = onnx.ModelProto.FromString(content)
    except message.DecodeError as error:
        raise refusal(path, f"it is not an ONNX model: {error}") from None
    return _parts(model, path, options)


def content_of(network: Any) -> bytes:
    return model(network, None).SerializeToString()


def model(network: Any, opset: int | None) -> ModelProto:
    """Return the onnx.ModelProto of a network"""
    extra("onnx", "make an ONNX model")
    import mathwork.nn.formats.onnx_model as onnx_model

    return onnx_model.model(network, onnx_model.OPSET if opset is None else whole(opset, "opset"))


def layers(source: StrPath | ModelProto, **options: Any) -> tuple[list[AnyLayer], Labels]:
    """Return the layers and labels of a path or an onnx.ModelProto"""
    onnx = extra("onnx", "read an ONNX model")
    if isinstance(source, onnx.ModelProto):
        return _parts(source, None, options)
    if not isinstance(source, str | PathLike):
        raise TypeError("source must be a path or an onnx.ModelProto, "
                        f"got {type(source).__name__}")
    return read_part(as_path(source, "source"), **options)


def _parts(model: ModelProto, path: pathlib.Path | None, options: dict[str, Any]
           ) -> tuple[list[AnyLayer], Labels]:
    import mathwork.nn.formats.onnx_graph as onnx_graph

    try:
        texts = {entry.key: entry.value for entry in model.metadata_props}
        return (onnx_graph.layers(model, None if path is None else path.parent, **options),
                from_text(texts[METADATA]) if METADATA in texts else NO_LABELS)
    except ValueError as error:
        raise refusal(path or "the ONNX model", error) from None
