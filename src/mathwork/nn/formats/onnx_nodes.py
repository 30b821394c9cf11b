"""One node of an ONNX graph: its operator, its inputs, and its attributes by their type."""
from __future__ import annotations

from reprlib import repr as short
from typing import TYPE_CHECKING

from onnx import AttributeProto, TensorProto

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from onnx import NodeProto

STANDARD = ("", "ai.onnx")


class Node:
    """A NodeProto as the readers of operators see it.

    index       its place in the file
    opset       the version of the standard operators that it is of
    given       attributes of the call, if the node is in the body of a function
    """

    def __init__(self, proto: NodeProto, index: int, opset: int,
                 given: Mapping[str, AttributeProto] | None = None) -> None:
        self.operator = (proto.op_type if proto.domain in STANDARD
                         else f"{proto.domain}.{proto.op_type}")
        self.where = f"node {index} {short(proto.name)} ({self.operator[:200]})"
        self.index, self.opset = index, opset
        self.key = (proto.domain, proto.op_type)
        self.places = list(proto.input)         # "" where an optional input is left out
        self.outputs = list(proto.output)
        self.attributes: dict[str, AttributeProto] = {}
        for attribute in proto.attribute:
            if attribute.ref_attr_name:
                if given is not None and attribute.ref_attr_name in given:
                    self.attributes[attribute.name] = given[attribute.ref_attr_name]
            else:
                self.attributes[attribute.name] = attribute

    @property
    def inputs(self) -> list[str]:
        """The inputs that are given"""
        return [name for name in self.places if name]

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

    def reals(self, name: str) -> list[float]:
        return list(self._value(name, AttributeProto.FLOATS, "floats", ()))

    def text(self, name: str, default: str) -> str:
        return self._value(name, AttributeProto.STRING, "s", default.encode()).decode(
            errors="replace")

    def has(self, name: str) -> bool:
        return name in self.attributes

    def tensor(self) -> TensorProto:
        """Return the TensorProto of a Constant"""
        if self.has("value"):
            return self._value("value", AttributeProto.TENSOR, "t", None)
        if self.has("value_float"):
            return TensorProto(data_type=TensorProto.FLOAT,
                               float_data=[self.real("value_float", 0.0)])
        if self.has("value_int"):
            return TensorProto(data_type=TensorProto.INT64,
                               int64_data=[self.integer("value_int", 0)])
        if self.has("value_floats"):
            reals = self.reals("value_floats")
            return TensorProto(data_type=TensorProto.FLOAT, dims=[len(reals)], float_data=reals)
        if self.has("value_ints"):
            integers = self.integers("value_ints", ())
            return TensorProto(data_type=TensorProto.INT64, dims=[len(integers)],
                               int64_data=integers)
        raise self.refusal("holds no tensor of numbers")

    def _value(self, name: str, kind: int, field: str, default: Any) -> Any:
        attribute = self.attributes.get(name)
        if attribute is None:
            return default
        if attribute.type != kind:
            raise self.refusal(f"has an attribute {name!r} of the wrong type")
        return getattr(attribute, field)
