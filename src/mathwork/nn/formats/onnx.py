"""Networks as .onnx: between the file, the model in memory, and the layers."""
from os import PathLike

from mathwork._extras import extra
from mathwork.nn.formats.files import as_path, refusal


def read(path):
    onnx = extra("onnx", "read a .onnx file")
    from google.protobuf.message import DecodeError

    content = path.read_bytes()
    try:
        model = onnx.ModelProto.FromString(content)
    except DecodeError as error:
        raise refusal(path, f"it is not an ONNX model: {error}") from None
    return _layers(model, path)


def content_of(network):
    return model(network).SerializeToString()


def model(network):
    """Return the onnx.ModelProto of a network"""
    extra("onnx", "make an ONNX model")
    import mathwork.nn.formats.onnx_model as onnx_model

    return onnx_model.model(network)


def layers(source):
    """Return the layers of a path or an onnx.ModelProto"""
    onnx = extra("onnx", "read an ONNX model")
    if isinstance(source, onnx.ModelProto):
        return _layers(source, None)
    if not isinstance(source, str | PathLike):
        raise TypeError("source must be a path or an onnx.ModelProto, "
                        f"got {type(source).__name__}")
    return read(as_path(source))


def _layers(model, path):
    import mathwork.nn.formats.onnx_graph as onnx_graph

    try:
        return onnx_graph.layers(model, None if path is None else path.parent)
    except ValueError as error:
        raise refusal(path or "the ONNX model", error) from None
