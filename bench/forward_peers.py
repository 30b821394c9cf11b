"""The same forward pass as a user of each peer would write it.

Every builder takes a `Network` and its input, and returns a `Side`; two builders take a model of
the peer's own instead. The network has two or three layers, ReLU between them and a sigmoid at the
end. NumPy's may end in a softmax; those of ONNX Runtime and OpenVINO may have any activations.
Each builder imports its peer, because any peer may be missing.
"""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from bench import peers
from bench.harness import Side


def numpy_expression(net, x: np.ndarray) -> Side:
    """Matrix products and whole-array expressions."""
    # Transposed views: `x @ W.T` is what a NumPy user writes, for one row and for many.
    *hidden, (last_weight, last_bias) = [(layer.weight.T, layer.bias) for layer in net.layers]
    output = {"sigmoid": _numpy_sigmoid, "softmax": _numpy_softmax}[net.layers[-1].activation]

    def forward(x):
        for weight, bias in hidden:
            x = np.maximum(x @ weight + bias, 0)
        return output(x @ last_weight + last_bias)

    return Side("forward(x)", {"forward": forward, "x": x})


def _numpy_sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _numpy_softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def onnx_runtime(net, x: np.ndarray) -> Side:
    """A session over the nodes of `net.to_onnx()`, which it fuses as it likes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        net.to_onnx().SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return Side(
        'session.run(None, {"x": x})',
        {"session": session, "x": np.atleast_2d(x)},
        result=lambda outputs: _shaped_as(x, outputs[0]),
    )


def openvino_request(net, x: np.ndarray) -> Side:
    """A request over the nodes of `net.to_onnx()`, compiled for the shape of its input."""
    import openvino

    core = openvino.Core()
    x_2d = np.atleast_2d(x)
    model = core.read_model(net.to_onnx().SerializeToString(), b"")
    model.reshape(x_2d.shape)  # of any number of rows, a call costs 7 us more
    settings = {
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "f32",  # or it may choose bfloat16
    }
    return Side(
        "infer(x, share_inputs=True, share_outputs=True)",
        {"infer": core.compile_model(model, "CPU", settings).create_infer_request().infer,
         "x": x_2d},
        result=lambda outputs: _shaped_as(x, outputs[0]),
    )


def heyoka_function(net, x: np.ndarray) -> Side:
    """A `cfunc` of the network's expressions, compiled with its weights; a row is a column."""
    import heyoka

    n_in, *hidden, n_out = net.sizes
    inputs = heyoka.make_vars(*(f"x_{index}" for index in range(n_in)))
    parameters = [layer.weight.ravel() for layer in net.layers]
    parameters += [layer.bias for layer in net.layers]
    outputs = heyoka.model.ffnn(
        inputs, hidden, n_out, [getattr(heyoka, layer.activation) for layer in net.layers],
        np.concatenate(parameters).tolist(),
    )
    # In compact mode it compiles in a second, and 64-64-64-8 runs faster than out of it.
    function = heyoka.cfunc(outputs, inputs, fp_type=np.float32, compact_mode=True)
    columns = np.ascontiguousarray(x.T)
    out = np.empty((n_out, *columns.shape[1:]), np.float32)
    return Side(
        "function(columns, outputs=out)",
        {"function": function, "columns": columns, "out": out},
        result=lambda _: out.T,
    )


def sklearn_estimator(estimator, x: np.ndarray) -> Side:
    """The probabilities of a fitted classifier."""
    return Side(
        "estimator.predict_proba(x)",
        {"estimator": estimator, "x": np.atleast_2d(x)},
        result=lambda probabilities: _shaped_as(x, probabilities),
    )


def _shaped_as(x: np.ndarray, results: np.ndarray) -> np.ndarray:
    """Undo `atleast_2d`: a single row is a batch of one to peers that take only matrices."""
    return results.reshape(*x.shape[:-1], -1)


def torch_eager(net, x: np.ndarray) -> Side:
    """The network as a `Sequential` of `Linear`, `ReLU` and `Sigmoid`."""
    torch = peers.torch()
    modules = []
    for layer in net.layers:
        outputs, inputs = layer.weight.shape
        linear = torch.nn.Linear(inputs, outputs)
        linear.weight.data = torch.from_numpy(layer.weight.copy())
        linear.bias.data = torch.from_numpy(layer.bias.copy())
        modules += [linear, torch.nn.ReLU()]
    return torch_module(torch.nn.Sequential(*modules[:-1], torch.nn.Sigmoid()).eval(), x)


def torch_module(module, x: np.ndarray) -> Side:
    """A module as it is, under `inference_mode`."""
    torch = peers.torch()
    return Side(
        "module(x)",
        {"module": module, "x": torch.from_numpy(x)},
        within=torch.inference_mode,
    )


def fixed_sizes(net, x: np.ndarray, passes: int) -> Side:
    """`fixed_sizes.cpp` compiled for this network; one call runs `passes` passes."""
    library = _compiled(net.sizes)
    pointer = ctypes.c_void_p
    library.load.argtypes = [pointer]
    library.repeat.argtypes = [pointer, pointer, ctypes.c_long]
    parts = [part for layer in net.layers for part in (layer.weight, layer.bias)]
    parameters = np.concatenate([np.ravel(part) for part in parts])
    library.load(parameters.ctypes.data)
    out = np.empty(net.sizes[-1], np.float32)
    names = {
        "repeat_passes": library.repeat,
        "x": x.ctypes.data,
        "out": out.ctypes.data,
        "passes": passes,
    }

    def result(_, owner=(x, out)):  # the addresses above are good while their arrays live
        return owner[1]

    return Side("repeat_passes(x, out, passes)", names, result=result, passes=passes)


def _compiled(sizes: tuple[int, ...]) -> ctypes.CDLL:
    """Compile the template for one list of sizes and load it; its file is gone afterwards."""
    source = Path(__file__).with_name("fixed_sizes.cpp")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        library = Path(folder, "fixed_sizes.so")
        subprocess.run(
            [
                *(peers.compiler(), "-std=c++17", "-O3", "-march=native", "-ffast-math"),
                *("-shared", "-fPIC", f"-DNETWORK_SIZES={','.join(map(str, sizes))}"),
                *(source, "-o", library),
            ],
            check=True,
        )
        return ctypes.CDLL(str(library))
