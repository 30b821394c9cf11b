"""An ONNX model that computes the same as a network, for every runtime that reads ONNX."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, checker, defs, helper, numpy_helper

import mathwork.nn.formats.onnx_functions as onnx_functions
from mathwork._arguments import shown, whole
from mathwork.nn.dense import Dense
from mathwork.nn.labels import METADATA, text_of
from mathwork.nn.norms import LayerNorm
from mathwork.nn.residual import Residual

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from onnx import FunctionProto, ModelProto, NodeProto

    from mathwork._types import FloatDType
    from mathwork.nn.norms import RMSNorm
    from mathwork.nn.residual import AnyLayer

OPSET = 20                      # the first with Gelu
OLDEST = 13                     # since then, axes of Softmax are single ones
# The first opset with these operators; those without a number came before 13.
SINCE = {"gelu": 20, "gelu_tanh": 20, "mish": 18, "hardswish": 14}
LAYER_NORMALIZATION, AXES_AS_INPUT = 17, 18
IR_OF_FUNCTIONS = 8             # the first IR version with functions
STANDARD = {"elu": "Elu", "gelu": "Gelu", "leaky_relu": "LeakyRelu", "log_softmax": "LogSoftmax",
            "mish": "Mish", "relu": "Relu", "selu": "Selu", "sigmoid": "Sigmoid",
            "softmax": "Softmax", "softplus": "Softplus", "tanh": "Tanh", "celu": "Celu",
            "exp": "Exp", "gelu_tanh": "Gelu", "hardsigmoid": "HardSigmoid",
            "hardswish": "HardSwish", "prelu": "PRelu", "softsign": "Softsign"}
BOUNDS = {"relu6": (0.0, 6.0), "hardtanh": (-1.0, 1.0)}
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "gelu_tanh": {"approximate": "tanh"}, "hardsigmoid": {"alpha": 1 / 6}}


def model(network: Any, opset: int) -> ModelProto:
    """A Gemm and an activation's nodes a layer, from ``x (n, n_in)`` to ``y (n, n_out)``."""
    newest, opset = defs.onnx_opset_version(), whole(opset, "opset")
    if not OLDEST <= opset <= newest:
        raise ValueError(f"opset must be from {OLDEST} to {newest}, the newest that this onnx "
                         f"knows, got {shown(opset)}")
    writer = _Writer(network.dtype, opset)
    writer.chain(network.layers, "layer", "x")
    writer.nodes[-1].output[0] = "y"
    sizes = network.sizes
    graph = helper.make_graph(
        writer.nodes, "network",
        [helper.make_tensor_value_info("x", writer.type, ["n", sizes[0]])],
        [helper.make_tensor_value_info("y", writer.type, ["n", sizes[-1]])],
        writer.initializers)
    domains = [helper.make_opsetid("", opset)]
    ir_version = max(IR_OF_FUNCTIONS, helper.find_min_ir_version_for(domains))
    if writer.functions:
        domains.append(helper.make_opsetid(onnx_functions.DOMAIN, 1))
    result = helper.make_model(graph, producer_name="mathwork", opset_imports=domains,
                               ir_version=ir_version, functions=writer.functions.values())
    labels = text_of(network._labels)
    if labels is not None:
        helper.set_model_props(result, {METADATA: labels})
    checker.check_model(result)
    return result


class _Writer:
    """The nodes, initializers and functions of a graph, in the network's dtype"""

    def __init__(self, dtype: FloatDType, opset: int) -> None:
        self.dtype, self.opset = dtype, opset
        self.type = helper.np_dtype_to_tensor_dtype(dtype)
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []
        self.functions: dict[str, FunctionProto] = {}

    def chain(self, layers: Iterable[AnyLayer], name: str, value: str) -> str:
        """Append layers, the first of which takes `value`; return the name of the last's result"""
        for index, layer in enumerate(layers):
            value = self._layer(layer, f"{name}_{index}", value)
        return value

    def _layer(self, layer: AnyLayer, name: str, value: str) -> str:
        if isinstance(layer, Residual):
            value = self._node("Add", [value, self.chain(layer.layers, name, value)], name)
        elif isinstance(layer, Dense):
            self._keep(f"{name}.weight", layer.weight)
            self._keep(f"{name}.bias", layer.bias)
            value = self._node("Gemm", [value, f"{name}.weight", f"{name}.bias"], name, transB=1)
        else:
            value = self._norm(layer, name, value)
        return self._activation(layer, name, value)

    def _norm(self, layer: LayerNorm | RMSNorm, name: str, value: str) -> str:
        """Append LayerNormalization if it can hold eps, which is a float32 there, else its steps"""
        weight = self._keep(f"{name}.weight", layer.weight)
        if (isinstance(layer, LayerNorm) and self.type == TensorProto.FLOAT
                and self.opset >= LAYER_NORMALIZATION):
            bias = self._keep(f"{name}.bias", layer.bias)
            return self._node("LayerNormalization", [value, weight, bias], name,
                              epsilon=layer.eps, axis=-1)
        if isinstance(layer, LayerNorm):
            mean = self._mean(value, f"{name}.mean")
            value = self._node("Sub", [value, mean], f"{name}.difference")
        square = self._node("Mul", [value, value], f"{name}.square")
        square = self._mean(square, f"{name}.mean_square")
        eps = self._keep(f"{name}.eps", np.array(layer.eps, self.dtype))
        square = self._node("Add", [square, eps], f"{name}.plus_eps")
        root = self._node("Sqrt", [square], f"{name}.root")
        value = self._node("Div", [value, root], f"{name}.quotient")
        value = self._node("Mul", [value, weight], f"{name}.times_weight")
        if isinstance(layer, LayerNorm):
            value = self._node("Add", [value, self._keep(f"{name}.bias", layer.bias)], name)
        return value

    def _mean(self, value: str, name: str) -> str:
        if self.opset < AXES_AS_INPUT:
            return self._node("ReduceMean", [value], name, axes=[-1])
        return self._node("ReduceMean", [value, self._keep(f"{name}.axis", np.array([-1]))], name)

    def _activation(self, layer: AnyLayer, name: str, value: str) -> str:
        activation, parameters = layer._activation
        name = f"{name}.{activation}"
        if activation == "identity":
            return value
        if activation == "silu":        # for every opset and dtype; Swish came with 24
            gate = self._node("Sigmoid", [value], f"{name}.gate")
            return self._node("Mul", [value, gate], name)
        if activation == "clip" or activation in BOUNDS:
            inputs = [value, *self._numbers(name, BOUNDS.get(activation, parameters))]
            return self._node("Clip", inputs, name)
        function = "scaled_softplus" if activation == "softplus" and parameters else activation
        if (function in onnx_functions.NARROW_BODIES
                or (self.type == TensorProto.DOUBLE and function in onnx_functions.NAMES)):
            return self._function(function, parameters, value, name)
        if activation == "prelu":
            return self._node("PRelu", [value, *self._numbers(name, parameters)], name)
        if self.opset < SINCE.get(activation, 0):
            return self._written_out(activation, value, name)
        attributes = {"alpha": parameters[0]} if parameters else ATTRIBUTES.get(activation, {})
        return self._node(STANDARD[activation], [value], name, **attributes)

    def _written_out(self, activation: str, value: str, name: str) -> str:
        """An activation that is newer than the opset, in older operators"""
        if activation == "hardswish":
            gate = self._node("HardSigmoid", [value], f"{name}.gate", alpha=1 / 6)
            return self._node("Mul", [value, gate], name)
        if activation == "mish":
            inner = self._node("Softplus", [value], f"{name}.softplus")
            return self._node("Mul", [value, self._node("Tanh", [inner], f"{name}.gate")], name)
        if activation == "gelu":
            inner = self._scaled(value, math.sqrt(0.5), f"{name}.scaled")
            gate = self._node("Erf", [inner], f"{name}.erf")
        else:
            square = self._node("Mul", [value, value], f"{name}.square")
            cube = self._scaled(self._node("Mul", [square, value], f"{name}.cube"), 0.044715,
                                f"{name}.cube.scaled")
            inner = self._node("Add", [value, cube], f"{name}.sum")
            inner = self._scaled(inner, math.sqrt(2 / math.pi), f"{name}.scaled")
            gate = self._node("Tanh", [inner], f"{name}.tanh")
        one = self._keep(f"{name}.one", np.array(1, self.dtype))
        gate = self._node("Add", [gate, one], f"{name}.gate")
        return self._scaled(self._node("Mul", [value, gate], f"{name}.twice"), 0.5, name)

    def _scaled(self, value: str, factor: float, name: str) -> str:
        return self._node("Mul", [value, self._keep(f"{name}.factor", np.array(factor, self.dtype))
                                  ], name)

    def _function(self, activation: str, parameters: tuple[Any, ...], value: str, name: str) -> str:
        """Call a function of ours: runtimes lack the float64 operator, and attributes float64"""
        function = self.functions.setdefault(activation, onnx_functions.function(
            activation, narrow=self.type != TensorProto.DOUBLE, opset=self.opset))
        inputs = [value, *self._numbers(name, parameters)]
        return self._node(function.name, inputs, name, domain=function.domain)

    def _numbers(self, name: str, parameters: tuple[Any, ...]) -> list[str]:
        """Keep the parameters of an activation, an initializer each; return their names"""
        names = [f"{name}.{each}" for each in (("parameter",) if len(parameters) == 1
                                               else ("low", "high"))][:len(parameters)]
        with np.errstate(all="ignore"):
            for each, numbers in zip(names, parameters, strict=True):
                self._keep(each, np.array(numbers, self.dtype))
        return names

    def _keep(self, name: str, array: NDArray[Any]) -> str:
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def _node(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        output = f"{name}.output"
        self.nodes.append(helper.make_node(operator, inputs, [output], name, **attributes))
        return output
