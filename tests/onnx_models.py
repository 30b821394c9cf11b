"""ONNX models, and networks written in them in all possible ways."""
import itertools

import numpy as np
import pytest
from helpers import raises
from random_networks import SLOW, random_layer, random_sizes
from reference import FORMULAS

from mathwork.nn import Network

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")
helper = onnx.helper

NAMES = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softplus": "Softplus",
         "gelu": "Gelu", "selu": "Selu", "leaky_relu": "LeakyRelu", "elu": "Elu",
         "mish": "Mish", "softmax": "Softmax", "log_softmax": "LogSoftmax", "celu": "Celu",
         "clip": "Clip", "exp": "Exp", "gelu_tanh": "Gelu", "hardsigmoid": "HardSigmoid",
         "hardswish": "HardSwish", "prelu": "PRelu", "softsign": "Softsign"}
# The first opset with an operator, of those here.
SINCE = {"gelu": 20, "gelu_tanh": 20, "celu": 12, "hardswish": 14}
BOUNDS = {"relu6": (0, 6), "hardtanh": (-1, 1)}
# Operators without float64 kernels in ONNX Runtime.
FLOAT32_ALONE = {"Softplus", "Gelu", "Selu", "LeakyRelu", "Elu", "Mish", "Celu", "HardSigmoid",
                 "HardSwish", "PRelu", "Softsign"}


def node(operator, inputs, output, **attributes):
    """Return a node with inputs as text: "x weight" """
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def tensor(name, array):
    return onnx.numpy_helper.from_array(np.asarray(array), name)


def value(name, shape=("n", None), dtype=np.float32):
    """Return a graph's entry for an input or output"""
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, constants=(), *, inputs=None, outputs=None, opset=20, functions=(),
          domains=(), dtype=np.float32):
    """Return a ModelProto from x to y; `constants` are TensorProtos, or {name: array}."""
    if isinstance(constants, dict):
        constants = [tensor(name, np.asarray(array, dtype)) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "graph", inputs or [value("x", dtype=dtype)],
                              outputs or [value("y", dtype=dtype)], constants)
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(each, 1) for each in domains)]
    return helper.make_model(graph, opset_imports=opsets, functions=functions,
                             ir_version=max(8, helper.find_min_ir_version_for(opsets[:1])))


def refused(model, reason):
    """Assert that a model is refused for exactly this reason."""
    with raises(ValueError, f"the ONNX model: {reason}"):
        Network.from_onnx(model)


def run(model, x):
    """Return the result of ONNX Runtime for x, or of ONNX's evaluator where a kernel is missing."""
    if x.dtype == np.float64 and {each.op_type for each in model.graph.node
                                  if not each.domain} & FLOAT32_ALONE:
        return evaluate(model, x)
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(model.SerializeToString(), options,
                                       providers=["CPUExecutionProvider"])
    y, = session.run(None, {session.get_inputs()[0].name: x})
    return y


def evaluate(model, x):
    """Return the result of ONNX's evaluator for x

    Operators that it rounds to float32, or in which it subtracts, come from their formulas in
    float64.
    """
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import OpRun

    def exact(activation):
        def run(self, x, approximate=None, **attributes):
            name = "gelu_tanh" if approximate == "tanh" else activation
            return (FORMULAS[name](x).astype(x.dtype),)
        return type(NAMES[activation], (OpRun,), {"op_domain": "", "_run": run})

    operators = [exact(activation) for activation in (
        "gelu", "mish", "selu", "softplus", "hardsigmoid", "hardswish", "softsign")]
    evaluator = ReferenceEvaluator(model, new_ops=operators)
    y, = evaluator.run(None, {model.graph.input[0].name: x})
    return y


class RandomModel:
    """A network of one to six layers, each written in a way drawn at random.

    model        the ModelProto
    n_in         numbers a sample
    columns_in, columns_out     whether samples are columns at its input and output
    """

    def __init__(self, rng, dtype):
        self._rng, self._dtype = rng, np.dtype(dtype)
        self._opset = self._one_of(9, 13, 20, 24)
        self._nodes, self._constants, self._count = [], [], itertools.count()
        self.columns_in = self._columns = bool(rng.integers(2))
        sizes = random_sizes(rng)
        self.n_in = sizes[0]
        name = "x"
        if self._chance(0.1):
            name = self._activation(name, "tanh")
        for n_in, n_out in itertools.pairwise(sizes):
            name = self._layer(name, n_in, n_out)
        self._nodes[-1].output[0] = "y"
        self.columns_out = self._columns
        self.model = model(
            self._nodes, self._constants, opset=self._opset, dtype=dtype,
            inputs=[value("x", self._shape(sizes[0], self.columns_in), dtype)],
            outputs=[value("y", self._shape(sizes[-1], self.columns_out), dtype)])

    # ---- drawing ----

    def _one_of(self, *choices):
        return choices[self._rng.integers(len(choices))]

    def _chance(self, probability):
        return self._rng.random() < probability

    @staticmethod
    def _shape(length, columns):
        return [length, "n"] if columns else ["n", length]

    # ---- writing ----

    def _node(self, operator, inputs, **attributes):
        output = f"value_{next(self._count)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def _constant(self, array):
        """Return the name of a constant, kept in one of the possible ways"""
        name = f"constant_{next(self._count)}"
        way = self._one_of("raw", "typed", "Constant", "number", "Transpose", "Identity")
        kind = helper.np_dtype_to_tensor_dtype(self._dtype)
        if way == "typed":
            self._constants.append(helper.make_tensor(name, kind, array.shape, array.ravel()))
            return name
        if way == "Constant":
            return self._node("Constant", [], value=tensor("", array))
        if (way == "number" and array.ndim < 2 and self._dtype == np.float32
                and self._opset >= 12):
            return self._node("Constant", [], **{"value_floats" if array.ndim else "value_float":
                                                 array.tolist()})
        if way == "Transpose" and array.ndim == 2:
            self._constants.append(tensor(name, np.ascontiguousarray(array.T)))
            return self._node("Transpose", [name])
        self._constants.append(tensor(name, array))
        return self._node("Identity", [name]) if way == "Identity" else name

    def _layer(self, name, n_in, n_out):
        weight, bias = random_layer(self._rng, n_in, n_out, self._dtype)
        if self._chance(0.1):
            name = self._node("Transpose", [name])
            self._columns = not self._columns
        name = self._one_of(self._gemm, self._matmul)(name, weight, bias)
        for _ in range(self._rng.choice([0, 1, 2], p=[0.1, 0.8, 0.1])):
            name = self._moved(name)
            activation = self._one_of(*SLOW)
            name_of = activation if isinstance(activation, str) else activation[0]
            if self._opset < SINCE.get(name_of, 0) or activation == ("softplus", 2.5):
                activation = "relu"
            if ((self._columns and name_of == "prelu")
                    or (self._dtype == np.float64 and name_of == "celu")):  # float32 alone
                activation = "relu"
            if self._columns and self._opset < 13 and activation in ("softmax", "log_softmax"):
                activation = "sigmoid"
            name = self._activation(name, activation)
        return self._moved(name)

    def _bias(self, bias):
        """Return a bias in a shape that adds the same to every sample"""
        if self._chance(0.3):
            return bias[:1].reshape(self._one_of((), 1, (1, 1)))
        if self._columns:
            return bias.reshape(-1, 1)
        return bias.reshape(self._one_of(-1, (1, -1)))

    def _gemm(self, name, weight, bias):
        first = self._chance(0.5)       # the samples are A, else B
        transposed = self._columns if first else not self._columns
        self._columns = not first
        flip = self._chance(0.5)        # of the weight
        inputs = [name, self._constant(weight.T if first != flip else weight)]
        attributes = {"transA": int(transposed), "transB": int(flip)}
        if not first:
            inputs.reverse()
            attributes = {"transA": int(flip), "transB": int(transposed)}
        for factor in ("alpha", "beta"):
            if self._chance(0.4):
                attributes[factor] = float(np.float32(self._rng.normal(0, 1)))
        if self._opset < 11 or self._chance(0.8):
            inputs.append(self._constant(self._bias(bias)))
        elif self._chance(0.5):
            inputs.append("")
        return self._node("Gemm", inputs, **attributes)

    def _matmul(self, name, weight, bias):
        inputs = ([self._constant(weight), name] if self._columns
                  else [name, self._constant(weight.T)])
        name = self._node("MatMul", inputs)
        for _ in range(self._rng.integers(3)):
            name = self._moved(name)
            inputs = [name, self._constant(self._bias(bias))]
            name = self._node("Add", inputs if self._chance(0.5) else inputs[::-1])
        return name

    def _moved(self, name):
        """Go through nodes that change nothing"""
        for _ in range(self._rng.integers(3)):
            step = self._one_of("Identity", "Flatten", "Dropout", "Dropout with ratio")
            if step == "Dropout with ratio" and self._opset >= 12:
                self._constants.append(tensor(f"{name}.ratio", np.array(0.3, self._dtype)))
                name = self._node("Dropout", [name, f"{name}.ratio"])
            else:
                name = self._node(step.partition(" ")[0], [name])
        return name

    def _clip(self, name, low, high):
        if self._opset < 11 and self._dtype == np.float64:      # unknown to ONNX Runtime
            return self._node("Relu", [name])
        if self._opset < 11:
            return self._node("Clip", [name], min=float(low), max=float(high))
        return self._node("Clip", [name, *(self._constant(np.array(bound, self._dtype))
                                           for bound in (low, high))])

    def _activation(self, name, activation):
        activation, *alpha = [activation] if isinstance(activation, str) else activation
        if activation == "clip" or activation in BOUNDS:
            return self._clip(name, *BOUNDS.get(activation, alpha))
        if activation == "prelu":
            slope = np.array(alpha[0], self._dtype).reshape(self._one_of((), 1, (1, 1)))
            return self._node("PRelu", [name, self._constant(slope)])
        if activation == "log_sigmoid":
            return self._node("Log", [self._node("Sigmoid", [name])])
        if activation in ("gelu_tanh", "hardsigmoid"):
            attribute = ({"approximate": "tanh"} if activation == "gelu_tanh" else
                         {"alpha": 1 / 6} | ({"beta": 0.5} if self._chance(0.5) else {}))
            return self._node(NAMES[activation], [name], **attribute)
        if activation == "identity":
            return name
        if activation == "silu":
            if self._opset >= 24 and self._chance(0.5):
                return self._node("Swish", [name])
            inputs = [name, self._node("Sigmoid", [name])]
            return self._node("Mul", inputs if self._chance(0.5) else inputs[::-1])
        if activation == "mish" and (self._opset < 18 or self._chance(0.5)):
            inputs = [name, self._node("Tanh", [self._node("Softplus", [name])])]
            return self._node("Mul", inputs if self._chance(0.5) else inputs[::-1])
        attributes = {"alpha": alpha[0]} if alpha else {}
        if activation.endswith("softmax"):
            attributes["axis"] = int(not self._columns)
            if self._opset >= 11 and self._chance(0.5):
                attributes["axis"] -= 2
        return self._node(NAMES[activation], [name], **attributes)
