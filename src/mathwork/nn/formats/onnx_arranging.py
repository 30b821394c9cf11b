"""ONNX operators that move the numbers of the samples and change none."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from mathwork.nn.formats.onnx_folding import (
    axes_of,
    fill_of,
    integers,
    lengths,
    parts_of,
    shape_part,
)
from mathwork.nn.graph import Axis, MisfitError, Value, concatenate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from mathwork.nn.formats.onnx_nodes import Node
    from mathwork.nn.graph import Reading

    _Step: TypeAlias = Callable[[Node, list[Any], Reading], Any]

FLOATS: tuple[int, ...] = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16,
                           TensorProto.BFLOAT16)


def _samples(inputs: list[Any]) -> Value:
    if not inputs or not isinstance(inputs[0], Value):
        raise MisfitError("takes a constant where the samples should be")
    return inputs[0]


def identity(node: Node, inputs: list[Any], reading: Reading) -> Value:
    node.takes(1)
    return _samples(inputs)


def cast(node: Node, inputs: list[Any], reading: Reading) -> Value:
    node.takes(1)
    kind = node.integer("to", 0)
    if kind not in FLOATS:
        raise MisfitError(f"casts the samples to the data type {kind}, which is no real number: "
                          "name an output before it")
    return _samples(inputs)


def dropout(node: Node, inputs: list[Any], reading: Reading) -> Value:
    if not isinstance(inputs[0], Value):
        raise MisfitError("takes the samples as its ratio")
    flag = inputs[2] if len(inputs) > 2 else None
    if (node.opset < 7 and not node.integer("is_test", 0)) or (flag is not None and not (
            isinstance(flag, np.ndarray) and flag.dtype == bool and not flag.any())):
        raise MisfitError("is in training mode")
    return inputs[0]


def flatten(node: Node, inputs: list[Any], reading: Reading) -> Value:
    node.takes(1)
    value = _samples(inputs)
    axis = node.axis(1, value.rank)
    if not 0 <= axis <= value.rank:
        raise MisfitError(f"with axis {axis} does not leave one row a sample")
    return value.of_lengths([_merged(value.lengths[:axis], axis),
                             _merged(value.lengths[axis:], axis)])


def _merged(part: Sequence[int | Axis], axis: int) -> int | Axis:
    """The length of some axes as one"""
    samples = [each for each in part if isinstance(each, Axis)]
    length = math.prod(each for each in part if not isinstance(each, Axis))
    if not samples:
        return length
    if length != 1:
        raise MisfitError(f"with axis {axis} does not leave one row a sample")
    return samples[0] if len(samples) == 1 else Axis(math.prod(each.declared for each in samples))


def reshape(node: Node, inputs: list[Any], reading: Reading) -> Value:
    if node.opset < 5:
        node.takes(1)
        return _samples(inputs).reshaped(node.integers("shape", ()))
    node.takes(2)
    return _samples(inputs).reshaped(lengths(inputs[1]), bool(node.integer("allowzero", 0)))


def kept_rows(inputs: list[Any]) -> list[Any]:
    """The inputs of the last Reshape: rows of samples stay, if it lays out all numbers anew

    scikit-learn's converter ends with such a one to (-1, 1), also for several numbers a sample.
    """
    value, target = [*inputs, None][:2]
    if (isinstance(value, Value) and isinstance(target, np.ndarray) and value.rank == 2
            and isinstance(value.lengths[0], Axis) and target.tolist() in ([-1], [-1, 1])):
        return [value, np.array([value.lengths[0], -1], object)]
    return inputs


def transpose(node: Node, inputs: list[Any], reading: Reading) -> Value:
    node.takes(1)
    value = _samples(inputs)
    return value.transposed(node.integers("perm", range(value.rank)[::-1]))


def squeeze(node: Node, inputs: list[Any], reading: Reading) -> Value:
    return _samples(inputs).squeezed(axes_of(node, inputs))


def unsqueeze(node: Node, inputs: list[Any], reading: Reading) -> Value:
    return _samples(inputs).unsqueezed(axes_of(node, inputs) or ())


def expand(node: Node, inputs: list[Any], reading: Reading) -> Any:
    """Repeat along axes of length 1"""
    node.takes(2)
    value = _samples(inputs)
    shape = [1 if isinstance(each, Axis) else each for each in lengths(inputs[1])]
    if min(shape, default=1) < 0:
        raise MisfitError(f"makes a tensor of shape {shape[:8]}")
    reading.budget.widen(math.prod(shape))
    return value.plus(np.zeros(shape))


def concat(node: Node, inputs: list[Any], reading: Reading) -> Value:
    if any(not isinstance(each, Value | np.ndarray) for each in inputs):
        raise MisfitError("takes what is neither a value of the samples nor a constant")
    return concatenate(inputs, node.integer("axis", 1))


def split(node: Node, inputs: list[Any], reading: Reading) -> list[Value]:
    value = _samples(inputs)
    axis = node.integer("axis", 0)
    length = value.shape[value.within(axis)]
    count = len(node.outputs)
    if len(inputs) > 1 and inputs[1] is not None:
        sizes = integers(inputs[1], "a list of sizes")
    elif node.has("split"):
        sizes = node.integers("split", ())
    else:
        chunk = -(-length // max(count, 1))
        sizes = [max(0, min(chunk, length - place * chunk)) for place in range(count)]
    if len(sizes) != count or sum(sizes) != length or min(sizes, default=0) < 0:
        raise MisfitError(f"splits {length} numbers into {sizes[:8]}")
    ends = np.cumsum(sizes).tolist()
    return [value.sliced(slice(end - size, end), axis)
            for size, end in zip(sizes, ends, strict=True)]


def part(node: Node, inputs: list[Any], reading: Reading) -> Value:
    value = _samples(inputs)
    for axis, cut in parts_of(node, inputs, value.rank):
        value = value.sliced(cut, axis)
    return value


def gather(node: Node, inputs: list[Any], reading: Reading) -> Value:
    node.takes(2)
    chosen = integers(inputs[1], "an index")
    return _samples(inputs).chosen(np.array(chosen, np.int64).reshape(inputs[1].shape),
                                   node.integer("axis", 0))


def extract_features(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """ArrayFeatureExtractor of ai.onnx.ml: columns by their number"""
    node.takes(2)
    return _samples(inputs).chosen(np.array(integers(inputs[1], "an index"), np.int64), -1)


def pad(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """Put constant numbers around"""
    value = _samples(inputs)
    if node.text("mode", "constant") != "constant":
        raise MisfitError("pads with other than a constant")
    widths = (node.integers("pads", ()) if node.opset < 11
              else integers(inputs[1] if len(inputs) > 1 else None, "a list of widths"))
    fill = node.real("value", 0.0)
    if node.opset >= 11 and len(inputs) > 2 and inputs[2] is not None:
        fill = float(np.asarray(inputs[2]).ravel()[0])
    axes = list(range(value.rank))
    if len(inputs) > 3 and inputs[3] is not None:
        axes = [axis % max(value.rank, 1) for axis in integers(inputs[3], "a list of axes")]
    if len(widths) != 2 * len(axes) or min(widths, default=0) < 0:
        raise MisfitError(f"pads {value.rank} axes by {widths[:8]}")
    for axis, before, after in zip(axes, widths, widths[len(axes):], strict=False):
        if before or after:
            value = _padded(value, value.within(axis), before, after, fill)
    return value


def _padded(value: Value, inner: int, before: int, after: int, fill: float) -> Value:
    around = [(0, 0)] * len(value.shape)
    around[inner] = (before, after)
    others = math.prod(value.shape[:inner] + value.shape[inner + 1:])
    value.budget.look((before + after) * max(others, 1))
    padded = value.arranged(lambda index: np.pad(index, around, constant_values=-1))
    if not fill:
        return padded
    empty = np.pad(np.zeros(value.shape), around, constant_values=fill)
    flat = Value((padded.size,), padded.terms, padded.bias, padded.budget).plus(empty.ravel())
    return flat.of_lengths(padded.lengths)


def shape_of(node: Node, inputs: list[Any], reading: Reading) -> NDArray[Any]:
    node.takes(1)
    value = _samples(inputs)
    shape = np.empty(value.rank, object)
    shape[:] = value.lengths
    shape = shape_part(node, shape)
    return shape if any(isinstance(each, Axis) for each in shape) else shape.astype(np.int64)


def zip_map(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """Probabilities as a map from the classes: the columns are in the order of the classes"""
    node.takes(1)
    return _samples(inputs)


def best_class(node: Node, inputs: list[Any], reading: Reading) -> Value:
    raise MisfitError("gives the number of a class: name the output before it, of which "
                      "Network.classify gives the class")


def filled(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """ConstantOfShape, where the shape has an axis of samples"""
    return _constant(lengths(inputs[0]), np.array(fill_of(node), np.float64), reading)


def expanded(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """Expand of a constant to a shape that has an axis of samples"""
    node.takes(2)
    target = lengths(inputs[1])
    array = np.asarray(inputs[0], np.float64)
    target = [*(1,) * (array.ndim - len(target)), *target]
    return _constant(target, array, reading)


def _constant(target: list[int | Axis], array: NDArray[Any], reading: Reading) -> Value:
    shape = [each for each in target if not isinstance(each, Axis)]
    if min(shape, default=1) < 0:
        raise MisfitError(f"makes a tensor of shape {target}")
    reading.budget.widen(math.prod(shape))
    zeros = Value(target, {}, np.zeros(math.prod(shape)), reading.budget)
    return zeros.plus(array)


ARRANGING: dict[str, _Step] = {
    "ArgMax": best_class, "Cast": cast, "Concat": concat, "Dropout": dropout, "Expand": expand,
    "Flatten": flatten, "Gather": gather, "Identity": identity, "Pad": pad, "Reshape": reshape,
    "Shape": shape_of, "Slice": part, "Split": split, "Squeeze": squeeze, "Transpose": transpose,
    "Unsqueeze": unsqueeze, "ai.onnx.ml.ArrayFeatureExtractor": extract_features,
    "ai.onnx.ml.ZipMap": zip_map}
# With a shape that has an axis of samples, these make a value of constants alone.
OF_SHAPES: dict[str, _Step] = {"ConstantOfShape": filled, "Expand": expanded}
