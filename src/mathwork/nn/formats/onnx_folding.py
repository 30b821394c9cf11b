"""Nodes of an ONNX graph that take constants alone: weights on their way, and shapes.

A shape may hold an `Axis` where the length is that of the samples: an array of objects. It may be
put together and taken apart, but not computed with.
"""
from __future__ import annotations

import math
from reprlib import repr as short
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from mathwork._arrays import broadcast_shape
from mathwork.nn.graph import Axis, MisfitError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from mathwork.nn.formats.onnx_nodes import Node

    _Array: TypeAlias = NDArray[Any]
    _Fold: TypeAlias = Callable[[Node, list[Any]], _Array]

# NumPy's types for those of Cast; float16 would be widened again.
CASTS: dict[int, Any] = {TensorProto.FLOAT: np.float32, TensorProto.DOUBLE: np.float64,
         TensorProto.FLOAT16: np.float32, TensorProto.BFLOAT16: np.float32,
         TensorProto.INT64: np.int64, TensorProto.INT32: np.int32, TensorProto.BOOL: np.bool_}
MOST_REPEATED = 1 << 21         # numbers that a node with constants alone may make
MOST_JOINED = 1 << 24           # and that Concat may, whose numbers are often a file's own


def fold(node: Node, arrays: list[Any]) -> _Array:
    """Return the result of a node whose inputs are all constants, None where one is left out"""
    if node.operator not in FOLDS:
        raise node.refusal(f"takes constants alone; known are Constant, {', '.join(FOLDS)}")
    if not arrays or arrays[0] is None:
        raise node.refusal(f"has the inputs {short(node.places)}")
    try:
        result = _array(FOLDS[node.operator](node, arrays))
    except MisfitError as misfit:
        raise node.refusal(str(misfit)) from None
    except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError) as error:
        if str(error).startswith(node.where):
            raise
        raise node.refusal(f"does not fit its constants: {error}") from None
    if result.dtype == object and not any(isinstance(each, Axis) for each in result.flat):
        return result.astype(np.int64)
    return result


def _array(result: Any) -> _Array:
    """The result as an array, also if it is one Axis"""
    if not isinstance(result, Axis):
        return np.asarray(result)
    array = np.empty((), object)
    array[()] = result
    return array


def integers(array: Any, what: str) -> list[int]:
    """Return the integers of a constant"""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iub":
        raise MisfitError(f"takes {what} that is no constant of integers")
    return [int(each) for each in array.ravel()]


def lengths(array: Any) -> list[int | Axis]:
    """Return the lengths that a constant holds, with an Axis where the samples lie"""
    if isinstance(array, np.ndarray) and array.dtype == object:
        return array.ravel().tolist()
    return list(integers(array, "a shape"))


def axes_of(node: Node, arrays: list[Any]) -> list[int] | None:
    """Return the axes of a node, an attribute, and from opset 13 on an input; None for no axes"""
    if len(arrays) > 1 and arrays[1] is not None:
        return integers(arrays[1], "a list of axes") or None
    return node.integers("axes", ()) or None


def parts_of(node: Node, arrays: list[Any], rank: int) -> list[tuple[int, slice]]:
    """Return (axis, slice) for each axis that a Slice cuts"""
    if node.opset < 10:
        starts, ends = node.integers("starts", ()), node.integers("ends", ())
        axes = node.integers("axes", range(len(starts)))
        steps = [1] * len(starts)
    else:
        places = [*arrays, None, None, None, None][1:5]
        starts, ends = (integers(each, "a start or end") for each in places[:2])
        axes = [*range(len(starts))] if places[2] is None else integers(places[2], "a list of axes")
        steps = [1] * len(starts) if places[3] is None else integers(places[3], "a list of steps")
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise MisfitError(f"cuts from {short(starts)} to {short(ends)} by {short(list(steps))}")
    found = []
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if not -rank <= axis < rank:
            raise MisfitError(f"has axis {axis}, and its input {rank} axes")
        # For a negative step, an end before the first number is written as a very small one.
        found.append((axis, slice(start, None if step < 0 and end < -2**31 else end, step)))
    return found


def legacy(node: Node, array: _Array, rank: int) -> _Array:
    """Return a constant whose axes begin at the attribute `axis`, as before opset 7"""
    if node.opset >= 7 or not node.integer("broadcast", 0) or not node.has("axis"):
        return array
    behind = rank - node.axis(0, rank) - array.ndim
    return array.reshape(array.shape + (1,) * max(0, behind))


def _arithmetic(operation: Callable[..., _Array]) -> _Fold:
    """Compute in float64, and round once to the type that the constants have"""
    def step(node: Node, arrays: list[Any]) -> _Array:
        node.takes(*((2,) if operation.nin == 2 else (1,)))         # type: ignore[attr-defined]
        if len(arrays) == 2:
            arrays = [arrays[0], legacy(node, arrays[1], arrays[0].ndim)]
            _check_size(math.prod(broadcast_shape(*(each.shape for each in arrays))))
        kind = arrays[0].dtype if arrays[0].dtype.kind == "f" else np.result_type(*arrays)
        if kind.kind == "f":
            arrays = [each.astype(np.float64) for each in arrays]
        return operation(*arrays).astype(kind)
    return step


def _divide(first: _Array, second: _Array) -> _Array:
    if first.dtype.kind == "f":
        return np.divide(first, second)
    if (second == 0).any():
        raise MisfitError("divides by 0")
    return np.trunc(first / second)


_divide.nin = 2                                                     # type: ignore[attr-defined]


def _check_size(size: int, most: int = MOST_REPEATED) -> None:
    if size > most:
        raise MisfitError(f"makes more than {most} numbers of constants")


def _cast(node: Node, arrays: list[Any]) -> _Array:
    node.takes(1)
    kind = node.integer("to", 0)
    if kind not in CASTS:
        raise MisfitError(f"casts to the data type {kind}")
    array = arrays[0]
    return array if array.dtype == object else array.astype(CASTS[kind])


def _cast_like(node: Node, arrays: list[Any]) -> _Array:
    node.takes(2)
    return arrays[0].astype(arrays[1].dtype)


def _concat(node: Node, arrays: list[Any]) -> _Array:
    _check_size(sum(map(np.size, arrays)), MOST_JOINED)
    return np.concatenate(arrays, node.integer("axis", 1))


def _constant_of_shape(node: Node, arrays: list[Any]) -> _Array:
    shape = integers(arrays[0], "a shape")
    _check_size(math.prod(shape))
    return np.full(shape, fill_of(node))


def fill_of(node: Node) -> Any:
    """Return the number of a ConstantOfShape"""
    if not node.has("value"):
        return np.float32(0)
    tensor = node.tensor()
    if tensor.data_type == TensorProto.FLOAT:
        numbers = tensor.float_data or np.frombuffer(tensor.raw_data[:4], "<f4")
        if len(numbers) == 1:
            return np.float32(numbers[0])
    if tensor.data_type == TensorProto.INT64:
        numbers = tensor.int64_data or np.frombuffer(tensor.raw_data[:8], "<i8")
        if len(numbers) == 1:
            return np.int64(numbers[0])
    raise MisfitError("holds no number of type FLOAT or INT64")


def _expand(node: Node, arrays: list[Any]) -> _Array:
    array, target = arrays
    shape = broadcast_shape(array.shape, tuple(integers(target, "a shape")))
    _check_size(math.prod(shape))
    return np.broadcast_to(array, shape)


def _flatten(node: Node, arrays: list[Any]) -> _Array:
    array, = arrays
    axis = node.axis(1, array.ndim)
    return array.reshape(math.prod(array.shape[:axis]), math.prod(array.shape[axis:]))


def _gather(node: Node, arrays: list[Any]) -> _Array:
    array, indices = arrays
    places = np.array(integers(indices, "an index"), np.int64).reshape(indices.shape)
    axis = node.axis(0, array.ndim)
    _check_size(places.size * math.prod(array.shape[:axis] + array.shape[axis + 1:]))
    return _array(np.take(array, places, axis))


def _remainder(first: _Array, second: _Array) -> _Array:
    if (second == 0).any():
        raise MisfitError("divides by 0")
    return np.mod(first, second)


_remainder.nin = 2                                                  # type: ignore[attr-defined]


def _gemm(node: Node, arrays: list[Any]) -> _Array:
    first, second, *shift = (each.astype(np.float64) for each in arrays[:2]
                             + [each for each in arrays[2:] if each is not None])
    if node.integer("transA", 0):
        first = first.T
    if node.integer("transB", 0):
        second = second.T
    _check_size(first.shape[0] * second.shape[1])
    result = node.real("alpha", 1.0) * (first @ second)
    for each in shift:
        _check_size(math.prod(broadcast_shape(result.shape, each.shape)))
        result = result + node.real("beta", 1.0) * each
    return result.astype(np.result_type(*arrays))


def _matmul(node: Node, arrays: list[Any]) -> _Array:
    first, second = arrays
    if first.ndim > 2 or second.ndim > 2:
        raise MisfitError("multiplies constants of more than two dimensions")
    _check_size(math.prod(first.shape[:-1]) * math.prod(second.shape[1:]))
    product = first.astype(np.float64) @ second.astype(np.float64)
    return np.asarray(product).astype(np.result_type(first, second))


def _reduce(reduction: Callable[..., Any]) -> _Fold:
    def step(node: Node, arrays: list[Any]) -> _Array:
        axes = axes_of(node, arrays)
        array = arrays[0]
        wide = array.astype(np.float64) if array.dtype.kind == "f" else array
        return np.asarray(reduction(wide, axis=None if axes is None else tuple(axes),
                                    keepdims=bool(node.integer("keepdims", 1)))
                          ).astype(array.dtype)
    return step


def _norm(array: _Array, **options: Any) -> Any:
    return np.sqrt(np.sum(array * array, **options))


def _equal(node: Node, arrays: list[Any]) -> _Array:
    node.takes(2)
    _check_size(math.prod(broadcast_shape(*(each.shape for each in arrays))))
    return np.equal(*arrays)


def _reshape(node: Node, arrays: list[Any]) -> _Array:
    array, target = arrays
    shape = integers(target, "a shape")
    if not node.integer("allowzero", 0):
        shape = [array.shape[place] if each == 0 else each for place, each in enumerate(shape)]
    return array.reshape(shape)


def _shape(node: Node, arrays: list[Any]) -> _Array:
    return shape_part(node, np.array(arrays[0].shape, np.int64))


def shape_part(node: Node, shape: _Array) -> _Array:
    """Return the part of a shape that the attributes `start` and `end` say"""
    return shape[node.integer("start", 0):node.integer("end", len(shape))]


def _slice(node: Node, arrays: list[Any]) -> _Array:
    array = arrays[0]
    for axis, part in parts_of(node, arrays, array.ndim):
        array = array[(slice(None),) * (axis % array.ndim) + (part,)]
    return array


def _squeeze(node: Node, arrays: list[Any]) -> _Array:
    axes = axes_of(node, arrays)
    return arrays[0].squeeze(None if axes is None else tuple(axes))


def _transpose(node: Node, arrays: list[Any]) -> _Array:
    node.takes(1)
    array = arrays[0]
    order = node.integers("perm", range(array.ndim)[::-1])
    if sorted(order) != list(range(array.ndim)):
        raise MisfitError(f"has perm {order} for a tensor of shape {array.shape}")
    return array.transpose(order)


def _unsqueeze(node: Node, arrays: list[Any]) -> _Array:
    axes = axes_of(node, arrays)
    if axes is None or len(axes) + arrays[0].ndim > 64:
        raise MisfitError("has no axes, or too many")
    return np.expand_dims(arrays[0], tuple(axes))


def _where(node: Node, arrays: list[Any]) -> _Array:
    node.takes(3)
    _check_size(math.prod(broadcast_shape(*(each.shape for each in arrays))))
    return np.where(*arrays)


FOLDS: dict[str, _Fold] = {
    "Abs": _arithmetic(np.abs), "Add": _arithmetic(np.add), "Cast": _cast,
    "CastLike": _cast_like, "Concat": _concat,
    "ConstantOfShape": _constant_of_shape, "Div": _arithmetic(_divide),
    "Equal": _equal, "Exp": _arithmetic(np.exp), "Expand": _expand, "Flatten": _flatten,
    "Gather": _gather,
    "Gemm": _gemm, "Identity": lambda node, arrays: arrays[0], "MatMul": _matmul,
    "Max": _arithmetic(np.maximum), "Min": _arithmetic(np.minimum), "Mod": _arithmetic(_remainder),
    "Mul": _arithmetic(np.multiply), "Neg": _arithmetic(np.negative),
    "Pow": _arithmetic(np.power), "Reciprocal": _arithmetic(np.reciprocal),
    "ReduceL2": _reduce(_norm), "ReduceMax": _reduce(np.max), "ReduceMean": _reduce(np.mean),
    "ReduceMin": _reduce(np.min), "ReduceProd": _reduce(np.prod), "ReduceSum": _reduce(np.sum),
    "Reshape": _reshape, "Shape": _shape, "Slice": _slice, "Sqrt": _arithmetic(np.sqrt),
    "Squeeze": _squeeze, "Sub": _arithmetic(np.subtract), "Transpose": _transpose,
    "Unsqueeze": _unsqueeze, "Where": _where}
