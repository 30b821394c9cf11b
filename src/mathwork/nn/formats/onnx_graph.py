"""An ONNX graph read as a chain of dense layers.

The graph is followed from its input. Every node must take the result of the node before it, and
constants. Any other node is refused by its name, so that nothing is left out silently.
"""
from __future__ import annotations

from reprlib import repr as short
from typing import TYPE_CHECKING

import numpy as np
from onnx import AttributeProto, TensorProto

from mathwork.nn.formats.onnx_operators import STEPS, Samples
from mathwork.nn.formats.onnx_tensors import Constants

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

    from onnx import ModelProto, NodeProto

    from mathwork.nn.dense import Dense

MOST = 10_000                   # nodes, and all else; the deepest networks have some hundreds
OLDEST_OPSET = 7                # in older ones, Add and Gemm have other rules of broadcasting
STANDARD = ("", "ai.onnx")


def layers(model: ModelProto, folder: Path | None) -> list[Dense]:
    """Return the layers of an onnx.ModelProto; its external data must lie in `folder`."""
    graph = model.graph
    opset = max((entry.version for entry in model.opset_import if entry.domain in STANDARD),
                default=0)
    if opset < OLDEST_OPSET:
        raise ValueError(f"it is written for opset {opset}; wanted {OLDEST_OPSET} or newer")
    for what, entries in (("nodes", graph.node), ("initializers", graph.initializer),
                          ("inputs", graph.input), ("functions", model.functions)):
        if len(entries) > MOST:
            raise ValueError(f"it has {len(entries)} {what}; at most {MOST} are read")
    if any(entry.domain in STANDARD for entry in model.functions):
        raise ValueError("it has a function in place of a standard operator")
    functions = {(entry.domain, entry.name): entry for entry in model.functions}
    if len(functions) != len(model.functions):
        raise ValueError("it has two functions of one name")
    if graph.sparse_initializer:
        raise ValueError("it has sparse initializers, which are not read")
    constants = Constants(graph.initializer, folder)
    inputs = [entry for entry in graph.input if entry.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise ValueError("a network has one input and one output, the graph has the inputs "
                         f"{short([entry.name for entry in inputs])} and the outputs "
                         f"{short([entry.name for entry in graph.output])}")
    samples = Samples(inputs[0], opset, constants, functions)
    with np.errstate(over="ignore", invalid="ignore"):      # infinity and NaN are allowed
        _follow(graph.node, samples, constants)
    if samples.name != graph.output[0].name:
        raise ValueError(f"its output {short(graph.output[0].name)} is not what its last node "
                         "gives")
    return samples.layers()


def _follow(nodes: Iterable[NodeProto], samples: Samples, constants: Constants) -> None:
    """Take every node in turn: as a constant, or as a step of the samples"""
    known = {samples.name, *constants}
    for index, proto in enumerate(nodes):
        node = Node(proto, index)
        results = [name for name in proto.output if name]
        if not results or known.intersection(results) or len(set(results)) != len(results):
            raise node.refusal(f"gives {short(results)}, which must be new names")
        known.update(results)
        if samples.name in node.inputs:
            _check_inputs(node, samples, constants)
            if node.operator not in STEPS:
                raise node.refusal("is not an operator of a network; known are Constant, "
                                   f"{', '.join(STEPS)}")
            STEPS[node.operator](samples, node)
            samples.passed(node)
        elif all(name in constants for name in node.inputs):
            constants.fold(node)
        elif samples.is_threshold(node):
            samples.threshold = node.output
        else:
            raise _no_chain(node, samples, constants)


def _check_inputs(node: Node, samples: Samples, constants: Constants) -> None:
    others = [name for name in node.inputs if name != samples.name]
    if samples.gated(node) or samples.is_choice(node):
        return
    if not all(name in constants for name in others):
        raise _no_chain(node, samples, constants)
    if len(others) != len(node.inputs) - 1:
        raise node.refusal(f"takes {short(samples.name)} twice, so the graph is not a chain")


def _no_chain(node: Node, samples: Samples, constants: Constants) -> ValueError:
    stray = next(name for name in node.inputs if name != samples.name and name not in constants)
    return node.refusal(f"takes {short(stray)}, which is neither a constant nor what the node "
                        "before it gave, so the graph is not a chain")


class Node:
    """A NodeProto: its operator, the inputs that are given, attributes by their type."""

    def __init__(self, proto: NodeProto, index: int) -> None:
        self.operator = (proto.op_type if proto.domain in STANDARD
                         else f"{proto.domain}.{proto.op_type}")
        self.where = f"node {index} {short(proto.name)} ({self.operator})"
        self.places = list(proto.input)         # "" where an optional input is left out
        self.inputs = [name for name in self.places if name]
        self.output = proto.output[0] if proto.output else ""
        self._attributes = {attribute.name: attribute for attribute in proto.attribute}

    def refusal(self, reason: str) -> ValueError:
        return ValueError(f"{self.where} {reason}")

    def takes(self, *counts: int) -> None:
        """Check the number of inputs."""
        if len(self.inputs) not in counts or self.inputs != self.places[:len(self.inputs)]:
            raise self.refusal(f"has the inputs {short(self.places)}")

    def real(self, name: str, default: float) -> float:
        return self._value(name, AttributeProto.FLOAT, "f", default)

    def integer(self, name: str, default: int) -> int:
        return self._value(name, AttributeProto.INT, "i", default)

    def axis(self, default: int, rank: int) -> int:
        """Return the attribute `axis`, counted from 0"""
        axis = self.integer("axis", default)
        return axis + rank if axis < 0 else axis

    def integers(self, name: str, default: Iterable[int]) -> list[int]:
        return list(self._value(name, AttributeProto.INTS, "ints", default))

    def text(self, name: str, default: str) -> str:
        return self._value(name, AttributeProto.STRING, "s", default.encode()).decode(
            errors="replace")

    def tensor(self) -> TensorProto:
        """Return the TensorProto of a Constant"""
        if "value" in self._attributes:
            return self._value("value", AttributeProto.TENSOR, "t", None)
        if "value_float" in self._attributes:
            return TensorProto(data_type=TensorProto.FLOAT,
                               float_data=[self.real("value_float", 0.0)])
        if "value_floats" in self._attributes:
            numbers = self._value("value_floats", AttributeProto.FLOATS, "floats", ())
            return TensorProto(data_type=TensorProto.FLOAT, dims=[len(numbers)],
                               float_data=numbers)
        raise self.refusal("holds no tensor of numbers")

    def _value(self, name: str, kind: int, field: str, default: Any) -> Any:
        attribute = self._attributes.get(name)
        if attribute is None:
            return default
        if attribute.type != kind:
            raise self.refusal(f"has an attribute {name!r} of the wrong type")
        return getattr(attribute, field)
