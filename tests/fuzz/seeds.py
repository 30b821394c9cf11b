"""Good files of many kinds, from which the fuzzer makes bad ones: seeds(format) as bytes."""
import json
import tempfile
from pathlib import Path

import numpy as np

from mathwork._levels import core as kernels
from mathwork.nn import Dense, Network

BESIDE = {"weights.bin": bytes(range(256)) * 16}        # files in the folder of every fuzzed one
PARAMETERS = {"leaky_relu": ("leaky_relu", 0.2), "elu": ("elu", 1.5), "celu": ("celu", 1.5),
              "clip": ("clip", -0.5, 2.0), "prelu": ("prelu", 0.3)}


def seeds(name):
    return MAKERS[name]()


def networks():
    rng = np.random.default_rng(0)
    names = list(kernels.activation_codes)
    for sizes in ((1, 1), (3, 4, 2), (5, 7, 5, 3), (2,) * 13, (20, 33, 4)):
        for dtype in (np.float32, np.float64):
            yield Network([Dense(rng.normal(size=(n_out, n_in)), rng.normal(size=n_out),
                                 PARAMETERS.get(name, name))
                           for n_in, n_out, name in zip(sizes, sizes[1:], names, strict=False)],
                          dtype=dtype)
            names = names[5:] + names[:5]


def saved(suffix):
    """What mathwork writes"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"net{suffix}"
        for network in networks():
            network.save(path)
            yield path.read_bytes()


def npz():
    return list(saved(".npz"))


def safetensors():
    """Also what PyTorch names otherwise, in narrow types"""
    from safetensors.numpy import save

    narrow = np.arange(6, dtype=np.float16).reshape(2, 3)
    named = {"mathwork.activations": json.dumps(["relu", "relu"])}
    return [*saved(".safetensors"),
            save({"net.0.weight": narrow, "net.2.weight": narrow.T.copy()}, named),
            save({"fc1.weight": narrow, "fc1.bias": narrow[:, 0].copy(),
                  "fc2.weight": narrow.T.copy()}, named),
            save({"weight": narrow}, {"mathwork.activations": '[["elu", 2.0]]'})]


def onnx():
    """Also what others write: products from both sides, constants, external data"""
    return [*saved(".onnx"), *others()]


def others():
    from onnx import TensorProto, helper, numpy_helper

    w = np.arange(6, dtype=np.float32).reshape(2, 3)
    node = helper.make_node
    beside = TensorProto(data_type=TensorProto.FLOAT, dims=w.shape,
                         data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "weights.bin"), ("offset", "4"), ("length", "24")):
        beside.external_data.add(key=key, value=value)
    kept = {"w": numpy_helper.from_array(w), "v": numpy_helper.from_array(w.T.copy()),
            "b": numpy_helper.from_array(w[:, 0].copy()),
            "c": numpy_helper.from_array(w[:, :1].copy()), "beside": beside,
            "listed": TensorProto(data_type=TensorProto.FLOAT, dims=w.shape,
                                  float_data=w.ravel().tolist()),
            "half": TensorProto(data_type=TensorProto.FLOAT16, dims=w.shape,
                                int32_data=[0, 15360, 16384, 31744, 1, 64512])}
    numbers = {"r": np.float32([3, 1, 2]), "p": np.float32([1, 2, 4]), "low": np.float32(-1),
               "high": np.float32(1), "square": np.ones((3, 3), np.float32), "zero": np.array(0),
               "zeros": np.array([0]), "ones": np.array([1]), "minus": np.array([-1]),
               "pads": np.array([0, 1, 0, 0])}
    kept |= {name: numpy_helper.from_array(array) for name, array in numbers.items()}
    for name, tensor in kept.items():
        tensor.name = name
    graphs = [
        [node("MatMul", ["x", "v"], ["a"]), node("Add", ["a", "b"], ["b1"]),
         node("Sigmoid", ["b1"], ["s"]), node("Mul", ["b1", "s"], ["y"])],
        [node("Transpose", ["x"], ["t"]), node("MatMul", ["w", "t"], ["a"]),
         node("Add", ["a", "c"], ["d"]), node("Softmax", ["d"], ["e"], axis=0),
         node("Transpose", ["e"], ["y"])],
        [node("Flatten", ["x"], ["f"]), node("Dropout", ["f"], ["g"]),
         node("Transpose", ["v"], ["u"], perm=[1, 0]), node("Identity", ["u"], ["u2"]),
         node("Gemm", ["g", "u2", "b"], ["h"], transB=1, alpha=2.0, beta=0.5),
         node("LogSoftmax", ["h"], ["y"], axis=-1)],
        [node("Constant", [], ["k"], value=kept["w"]),
         node("Gemm", ["x", "k"], ["a"], transB=1), node("LeakyRelu", ["a"], ["y"], alpha=0.1)],
        [node("Relu", ["x"], ["a"]), node("Tanh", ["a"], ["y"])],
        [node("Sub", ["x", "r"], ["a"]), node("Div", ["a", "p"], ["d"]),
         node("MatMul", ["d", "v"], ["e"]), node("BatchNormalization", ["e", *["b"] * 4], ["y"])],
        [node("Shape", ["x"], ["s"]), node("Gather", ["s", "zero"], ["n"]),
         node("Unsqueeze", ["n", "zeros"], ["u"]), node("Concat", ["u", "minus"], ["t"], axis=0),
         node("Reshape", ["x", "t"], ["h"]), node("Gemm", ["h", "v"], ["y"])],
        [node("Slice", ["x", "zeros", "ones", "ones"], ["a"]),
         node("Split", ["x"], ["i", "j", "k"], axis=1),
         node("Gather", ["x", "ones"], ["g"], axis=1),
         node("Pad", ["a", "pads"], ["p2"]), node("Concat", ["p2", "j", "g"], ["c2"], axis=1),
         node("ReduceMean", ["c2", "ones"], ["m"]), node("Sub", ["c2", "m"], ["e"]),
         node("Exp", ["e"], ["f"]), node("ReduceSum", ["f", "ones"], ["h"]),
         node("Div", ["f", "h"], ["y"])],
        [node("Gemm", ["x", "square"], ["a"]), node("Tanh", ["a"], ["c2"]),
         node("Add", ["c2", "x"], ["e"]), node("LayerNormalization", ["e", "r"], ["f"]),
         node("Mul", ["f", "f"], ["g"]), node("ReduceMean", ["g", "ones"], ["h"]),
         node("Sqrt", ["h"], ["i"]), node("Div", ["f", "i"], ["j"]),
         node("Clip", ["j", "low", "high"], ["k"]), node("PRelu", ["k", "r"], ["y"])],
        [node("Relu", ["x"], ["a"]), node("Abs", ["x"], ["c2"]), node("Add", ["a", "c2"], ["y"])],
        [node("Erf", ["x"], ["a"]), node("Add", ["a", "high"], ["d"]), node("Mul", ["x", "d"],
                                                                           ["y"])],
        *[[node("Gemm", ["x", name], ["a"], transB=1), node("Elu", ["a"], ["y"])]
          for name in ("beside", "listed", "half")],
    ]
    for nodes in graphs:
        graph = helper.make_graph(
            nodes, "seed", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], list(kept.values()))
        yield helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]
                                ).SerializeToString()


MAKERS = {"npz": npz, "safetensors": safetensors, "onnx": onnx}
