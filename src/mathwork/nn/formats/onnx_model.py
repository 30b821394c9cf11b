"""An ONNX model that computes the same as a network, for every runtime that reads ONNX."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

import mathwork.nn.formats.onnx_functions as onnx_functions
from mathwork.nn.dense import Dense
from mathwork.nn.norms import LayerNorm
from mathwork.nn.residual import Residual

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from numpy.typing import NDArray
    from onnx import FunctionProto, ModelProto, NodeProto

    from mathwork._types import FloatDType
    from mathwork.nn.norms import RMSNorm
    from mathwork.nn.residual import AnyLayer

OPSET = 20                      # the first with Gelu
IR_VERSION = 9                  # the oldest with this opset
STANDARD = {"elu": "Elu", "gelu": "Gelu", "leaky_relu": "LeakyRelu", "log_softmax": "LogSoftmax",
            "mish": "Mish", "relu": "Relu", "selu": "Selu", "sigmoid": "Sigmoid",
            "softmax": "Softmax", "softplus": "Softplus", "tanh": "Tanh"}


def model(network: Any) -> ModelProto:
    """A Gemm and an activation's nodes a layer, from ``x (n, n_in)`` to ``y (n, n_out)``."""
    writer = _Writer(network.dtype)
    writer.chain(network.layers, "layer", "x")
    writer.nodes[-1].output[0] = "y"
    sizes = network.sizes
    graph = helper.make_graph(
        writer.nodes, "network",
        [helper.make_tensor_value_info("x", writer.type, ["n", sizes[0]])],
        [helper.make_tensor_value_info("y", writer.type, ["n", sizes[-1]])],
        writer.initializers)
    domains = [helper.make_opsetid("", OPSET)]
    if writer.functions:
        domains.append(helper.make_opsetid(onnx_functions.DOMAIN, 1))
    result = helper.make_model(graph, producer_name="mathwork", opset_imports=domains,
                               ir_version=IR_VERSION, functions=writer.functions.values())
    checker.check_model(result)
    return result


class _Writer:
    """The nodes, initializers and functions of a graph, in the network's dtype"""

    def __init__(self, dtype: FloatDType) -> None:
        self.dtype = dtype
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
        if isinstance(layer, LayerNorm) and self.type == TensorProto.FLOAT:
            bias = self._keep(f"{name}.bias", layer.bias)
            return self._node("LayerNormalization", [value, weight, bias], name,
                              epsilon=layer.eps, axis=-1)
        last = self._keep(f"{name}.axis", np.array([-1]))
        if isinstance(layer, LayerNorm):
            mean = self._node("ReduceMean", [value, last], f"{name}.mean")
            value = self._node("Sub", [value, mean], f"{name}.difference")
        square = self._node("Mul", [value, value], f"{name}.square")
        square = self._node("ReduceMean", [square, last], f"{name}.mean_square")
        eps = self._keep(f"{name}.eps", np.array(layer.eps, self.dtype))
        square = self._node("Add", [square, eps], f"{name}.plus_eps")
        root = self._node("Sqrt", [square], f"{name}.root")
        value = self._node("Div", [value, root], f"{name}.quotient")
        value = self._node("Mul", [value, weight], f"{name}.times_weight")
        if isinstance(layer, LayerNorm):
            value = self._node("Add", [value, self._keep(f"{name}.bias", layer.bias)], name)
        return value

    def _activation(self, layer: AnyLayer, name: str, value: str) -> str:
        activation, parameter = layer._activation
        name = f"{name}.{activation}"
        if activation == "identity":
            return value
        if activation == "silu":        # for every opset and dtype; Swish came with 24
            gate = self._node("Sigmoid", [value], f"{name}.gate")
            return self._node("Mul", [value, gate], name)
        if self.type == TensorProto.DOUBLE and activation in onnx_functions.NAMES:
            return self._function(activation, parameter, value, name)
        attributes = {"alpha": parameter} if activation in ("elu", "leaky_relu") else {}
        return self._node(STANDARD[activation], [value], name, **attributes)

    def _function(self, activation: str, parameter: float, value: str, name: str) -> str:
        """Call a function of ours: runtimes lack the float64 operator, and attributes float64"""
        function = self.functions.setdefault(activation, onnx_functions.function(activation))
        inputs = [value]
        if len(function.input) == 2:
            self._keep(f"{name}.parameter", np.array(parameter, self.dtype))
            inputs.append(f"{name}.parameter")
        return self._node(function.name, inputs, name, domain=function.domain)

    def _keep(self, name: str, array: NDArray[Any]) -> str:
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def _node(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        output = f"{name}.output"
        self.nodes.append(helper.make_node(operator, inputs, [output], name, **attributes))
        return output
