"""What each ONNX operator does to the samples on their way through a network.

A step is called with the node, its inputs and the reading. An input is a `Value`, a constant, or
None where it is left out; at least one is a `Value`. `onnx_arranging` has the steps that change no
number, `onnx_folding` the nodes with constants alone.
"""
from __future__ import annotations

import math
from reprlib import repr as short
from typing import TYPE_CHECKING

import numpy as np

import mathwork.nn.formats.onnx_functions as onnx_functions
from mathwork.nn.formats.onnx_arranging import ARRANGING
from mathwork.nn.formats.onnx_folding import axes_of, legacy
from mathwork.nn.graph import (
    Axis,
    Comparison,
    MisfitError,
    Value,
    absolute,
    choose,
    clip,
    divide,
    largest,
    logarithm,
    maximum,
    minimum,
    multiply,
    negate,
    power,
    root,
    subtract,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from numpy.typing import NDArray
    from onnx import FunctionProto

    from mathwork._types import ActivationName, WithParameter
    from mathwork.nn.formats.onnx_nodes import Node
    from mathwork.nn.graph import Reading

    _Array: TypeAlias = NDArray[Any]
    _Step: TypeAlias = Callable[[Node, list[Any], Reading], Any]

# The defaults of Selu, as its specification prints them. mathwork has Selu with these only.
SELU: tuple[Any, Any] = (np.float32(1.67326319217681884765625),
                         np.float32(1.05070102214813232421875))


def value_of(node: Node, inputs: list[Any], *counts: int) -> Value:
    """The first input, which must be the samples, of as many as `counts` says"""
    node.takes(*counts)
    if not isinstance(inputs[0], Value):
        raise MisfitError("takes a constant where the samples should be")
    return inputs[0]


def numbers(array: Any, node: Node, place: int) -> _Array:
    """A constant of real numbers"""
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
        raise MisfitError(f"takes {short(node.places[place])}, which is no constant of real "
                          "numbers")
    return array


def one_number(array: Any, node: Node, place: int) -> float:
    number = numbers(array, node, place)
    if number.size != 1:
        raise MisfitError(f"takes {short(node.places[place])} of shape {number.shape}, not one "
                          "number")
    return float(number.ravel()[0])


# ---- products and sums ----

def gemm(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """alpha A B + beta C, with A or B transposed first"""
    node.takes(2, 3)
    first, second, third = [*inputs, None][:3]
    turned = bool(node.integer("transA", 0)), bool(node.integer("transB", 0))
    if isinstance(first, Value) and isinstance(second, Value):
        raise MisfitError("multiplies samples by samples")
    if isinstance(first, Value):
        weight = matrix(second, node, 1)
        product = reading.linear(_of_two_axes(first, turned[0]),
                                 weight if turned[1] else weight.T, node.where)
    elif isinstance(second, Value):
        weight = matrix(first, node, 0)
        product = reading.linear(_of_two_axes(second, turned[1]),
                                 weight.T if turned[0] else weight, node.where, 0)
    else:
        raise MisfitError("takes the samples as C")
    if node.real("alpha", 1.0) != 1:
        product = product.times(np.array(node.real("alpha", 1.0)))
    if third is None:
        return product
    beta = np.array(node.real("beta", 1.0))
    if isinstance(third, Value):
        return product.add(third.times(beta))
    return product.plus(legacy(node, numbers(third, node, 2), 2).astype(np.float64) * beta)


def _of_two_axes(value: Value, turned: bool) -> Value:
    if value.rank != 2:
        raise MisfitError(f"takes a matrix, the samples have {value.rank} dimensions")
    return value.transposed([1, 0]) if turned else value


def matrix(array: Any, node: Node, place: int) -> _Array:
    array = numbers(array, node, place)
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 2 or 0 in array.shape:
        raise MisfitError(f"multiplies by {short(node.places[place])} of shape {array.shape}, not "
                          "by a matrix")
    return array


def matmul(node: Node, inputs: list[Any], reading: Reading) -> Value:
    node.takes(2)
    first, second = inputs
    if isinstance(first, Value) and isinstance(second, Value):
        raise MisfitError("multiplies samples by samples")
    left = isinstance(second, Value)
    value, array = (second, first) if left else (first, second)
    array = numbers(array, node, int(not left))
    axis = -2 if left and value.rank > 1 else -1
    if array.ndim == 1 and array.size:
        product = reading.linear(value, array[None], node.where, axis)
        return product.squeezed([axis])
    weight = matrix(array, node, int(not left))
    product = reading.linear(value, weight if left else weight.T, node.where, axis)
    extra = array.ndim - max(value.rank, 2)         # of a constant of shape (1, ..., n, m)
    return product.unsqueezed(range(extra)) if extra > 0 else product


def add(node: Node, inputs: list[Any], reading: Reading) -> Value:
    node.takes(2)
    first, second = inputs
    if isinstance(first, Value) and isinstance(second, Value):
        return first.add(second, node.where)
    if isinstance(first, Value):
        return first.plus(legacy(node, numbers(second, node, 1), first.rank))
    return second.plus(numbers(first, node, 0))


def difference(node: Node, inputs: list[Any], reading: Reading) -> Value:
    node.takes(2)
    first, second = inputs
    if isinstance(second, Value):
        if isinstance(first, Value):
            return subtract(first, second, node.where)
        return second.times(np.array(-1.0)).plus(numbers(first, node, 0))
    return first.plus(-legacy(node, numbers(second, node, 1), first.rank).astype(np.float64))


def product(node: Node, inputs: list[Any], reading: Reading) -> Value:
    node.takes(2)
    first, second = inputs
    if isinstance(first, Value) and isinstance(second, Value):
        return multiply(first, second, node.where)
    if isinstance(first, Value):
        return first.times(legacy(node, numbers(second, node, 1), first.rank))
    return second.times(numbers(first, node, 0))


def quotient(node: Node, inputs: list[Any], reading: Reading) -> Value:
    node.takes(2)
    first, second = inputs
    if isinstance(second, Value):
        if isinstance(first, Value):
            return divide(first, second, node.where)
        return divide(1.0, second, node.where).times(numbers(first, node, 0))
    return first.times(1 / legacy(node, numbers(second, node, 1), first.rank).astype(np.float64))


def total(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """The sum of any number of inputs"""
    first = next(place for place, each in enumerate(inputs) if isinstance(each, Value))
    value = inputs[first]
    for place, each in enumerate(inputs):
        if place != first:
            value = (value.add(each) if isinstance(each, Value)
                     else value.plus(numbers(each, node, place)))
    return value


def reduction(mean: bool) -> _Step:
    """The sum or the mean along axes"""
    def step(node: Node, inputs: list[Any], reading: Reading) -> Value:
        value = value_of(node, inputs, 1, 2)
        axes = axes_of(node, inputs)
        if axes is None:
            if node.integer("noop_with_empty_axes", 0):
                return value
            axes = list(range(value.rank))
        axes = sorted(axis + value.rank if axis < 0 else axis for axis in axes)
        for axis in axes:
            count = value.shape[value.within(axis)]
            value = value.summed(axis)
            if mean:
                value = value.times(np.array(1 / max(count, 1)))
        return value if node.integer("keepdims", 1) else value.squeezed(axes)
    return step


def batch_normalization(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + shift, for each channel"""
    value = value_of(node, inputs, 5)
    if node.integer("training_mode", 0) or (node.opset < 7 and not node.integer("is_test", 0)):
        raise MisfitError("is in training mode")
    if value.rank < 2:
        raise MisfitError("has no axis of channels")
    scale, shift, mean, variance = (
        numbers(each, node, place).astype(np.float64) for place, each in enumerate(inputs[1:], 1))
    scale = scale / np.sqrt(variance + node.real("epsilon", 1e-5))
    shape = (-1,) + (1,) * (value.rank - 2)
    if isinstance(value.lengths[1], Axis):
        raise MisfitError("has its channels along the axis of the samples")
    return value.times(scale.reshape(shape)).plus((shift - mean * scale).reshape(shape))


def layer_normalization(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + bias over the last axes"""
    value = value_of(node, inputs, 2, 3)
    _check_last_axes(node, value)
    weight = _vector(inputs[1], node, 1, value.size)
    bias = _vector(inputs[2], node, 2, value.size) if len(inputs) > 2 else None
    eps = parameter(node.real("epsilon", 1e-5), reading)
    return value.normalized("layer_norm", eps, node.where, weight, bias)


def rms_normalization(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """x / sqrt(mean(x^2) + epsilon) * scale over the last axes"""
    value = value_of(node, inputs, 2)
    _check_last_axes(node, value)
    weight = _vector(inputs[1], node, 1, value.size)
    return value.normalized("rms_norm", parameter(node.real("epsilon", 1e-5), reading), node.where,
                            weight)


def _check_last_axes(node: Node, value: Value) -> None:
    axis = node.axis(-1, value.rank)
    behind = value.lengths[max(axis, 0):]
    if any(isinstance(each, Axis) for each in behind) or (
            math.prod(behind) != value.size):                       # type: ignore[arg-type]
        raise MisfitError(f"has axis {axis}, which is not that of one sample")


def _vector(array: Any, node: Node, place: int, size: int) -> _Array:
    array = numbers(array, node, place)
    if array.size not in (1, size):
        raise MisfitError(f"takes {short(node.places[place])} of shape {array.shape} for samples "
                          f"of {size} numbers")
    return np.broadcast_to(array.ravel(), size)


def square_root(node: Node, inputs: list[Any], reading: Reading) -> Value:
    return root(value_of(node, inputs, 1), node.where)


def scaler(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """(x - offset) * scale, of ai.onnx.ml"""
    value = value_of(node, inputs, 1)
    return value.plus(-np.array(node.reals("offset") or [0.0])).times(
        np.array(node.reals("scale") or [1.0]))


# ---- activations ----

def elementwise(activation: ActivationName | str) -> _Step:
    def step(node: Node, inputs: list[Any], reading: Reading) -> Value:
        return value_of(node, inputs, 1).activated(activation, node.where)
    return step


def over_a_sample(activation: str) -> _Step:
    def step(node: Node, inputs: list[Any], reading: Reading) -> Value:
        value = value_of(node, inputs, 1)
        # Before opset 13, axis means all axes from there on: they must be those of one sample.
        old = node.opset < 13
        axis = node.axis(1 if old else -1, value.rank)
        if not 0 <= axis < value.rank:
            raise MisfitError(f"has axis {axis}, which is not that of one sample")
        if old:
            behind = value.lengths[axis:]
            if any(isinstance(each, Axis) for each in behind) or (
                    math.prod(behind) != value.size):           # type: ignore[arg-type]
                raise MisfitError(f"has axis {axis}, which is not that of one sample")
            return value.activated(activation, node.where)
        if isinstance(value.lengths[axis], Axis):
            raise MisfitError(f"has axis {axis}, which is not that of one sample")
        return value.over_a_sample(activation, axis, node.where)
    return step


def with_alpha(activation: WithParameter, default: float) -> _Step:
    def step(node: Node, inputs: list[Any], reading: Reading) -> Value:
        alpha = parameter(node.real("alpha", default), reading)
        return value_of(node, inputs, 1).activated((activation, alpha), node.where)
    return step


def parameter(number: float, reading: Reading) -> float:
    """An attribute, a float32, as the intended number

    In a float32 model that is the shortest number that rounds to it, 0.01, not 0.009999999776. A
    float64 model computes with all digits of the attribute.
    """
    return number if reading.dtype == np.float64 else float(str(np.float32(number)))


def selu(node: Node, inputs: list[Any], reading: Reading) -> Value:
    if (node.real("alpha", SELU[0]), node.real("gamma", SELU[1])) != SELU:
        raise MisfitError("has an alpha or gamma of its own")
    return value_of(node, inputs, 1).activated("selu", node.where)


def gelu(node: Node, inputs: list[Any], reading: Reading) -> Value:
    names = {"none": "gelu", "tanh": "gelu_tanh"}
    form = node.text("approximate", "none")
    if form not in names:
        raise MisfitError(f"has the form {form!r}; known are none and tanh")
    return value_of(node, inputs, 1).activated(names[form], node.where)


def swish(node: Node, inputs: list[Any], reading: Reading) -> Value:
    value = value_of(node, inputs, 1)
    alpha = node.real("alpha", 1.0)
    if alpha == 0:
        return value.times(np.array(0.5))
    return value.times(np.array(alpha)).activated("silu", node.where).times(np.array(1 / alpha))


def bounded(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """Clip: its bounds are attributes before opset 11, then inputs"""
    if not isinstance(inputs[0], Value) or len(inputs) > 3:
        raise MisfitError(f"has the inputs {short(node.places)}")
    bounds = [node.real("min", -math.inf), node.real("max", math.inf)]
    for place, array in enumerate(inputs[1:], 1):
        if array is not None:
            bounds[place - 1] = one_number(array, node, place)
    low, high = (parameter(each, reading) for each in bounds)
    return clip(inputs[0], low, high, node.where)


def extreme(function: Callable[..., Value]) -> _Step:
    """Max or Min of the samples and a constant"""
    def step(node: Node, inputs: list[Any], reading: Reading) -> Value:
        node.takes(1, 2)
        place = next(at for at, each in enumerate(inputs) if isinstance(each, Value))
        value, other = inputs[place], inputs[1 - place if len(inputs) == 2 else place]
        if other is value:
            return value
        if isinstance(other, Value):            # max(x, y) = y + max(x - y, 0)
            difference = value.add(other.times(np.array(-1.0)))
            return function(difference, np.array(0.0), node.where).add(other)
        return function(value, numbers(other, node, 1 - place).astype(np.float64),
                        node.where)
    return step


def hard_sigmoid(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """min(max(alpha x + beta, 0), 1)"""
    value = value_of(node, inputs, 1)
    alpha, beta = node.real("alpha", float(np.float32(0.2))), node.real("beta", 0.5)
    if (np.float32(alpha), beta) == (np.float32(1 / 6), 0.5):
        return value.activated("hardsigmoid", node.where)
    alpha, beta = parameter(alpha, reading), parameter(beta, reading)
    return clip(value.times(np.array(alpha)).plus(np.array(beta)), 0.0, 1.0, node.where)


def prelu(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """x where x > 0, else slope x, with a slope for each channel"""
    value = value_of(node, inputs, 2)
    slope = numbers(inputs[1], node, 1)
    slopes = Value(value.lengths, {}, np.ones(value.size), value.budget).times(slope)
    if slopes.lengths != value.lengths or slopes.bias is None:
        raise MisfitError(f"takes {short(node.places[1])} of shape {slope.shape}, which is no "
                          "slope for each number of a sample")
    return value.activated(("prelu", tuple(slopes.bias.tolist())), node.where)


def raised(node: Node, inputs: list[Any], reading: Reading) -> Value:
    value = value_of(node, inputs, 2)
    exponent = inputs[1]
    if not isinstance(exponent, np.ndarray) or exponent.size != 1:
        raise MisfitError("raises samples to a power that is not one constant number")
    return power(value, float(exponent.ravel()[0]), node.where)


def choice(node: Node, inputs: list[Any], reading: Reading) -> Value:
    node.takes(3)
    condition, first, second = inputs
    if isinstance(first, Value) and isinstance(second, Value):
        return choose(condition, first, second, node.where)
    # x where x > c, else c
    value, bound = (first, second) if isinstance(first, Value) else (second, first)
    if isinstance(condition, Comparison) and value is condition.value and isinstance(
            bound, np.ndarray) and (bound == condition.threshold).all():
        larger = condition.above is (value is first)
        return (maximum if larger else minimum)(value, np.array(condition.threshold), node.where)
    raise MisfitError("chooses between a value of the samples and a constant; known is x where x "
                      "> c, else c")


def comparison(above: bool) -> _Step:
    def step(node: Node, inputs: list[Any], reading: Reading) -> Comparison:
        return Comparison(value_of(node, inputs, 2), one_number(inputs[1], node, 1), above)
    return step


def largest_number(node: Node, inputs: list[Any], reading: Reading) -> Value:
    """ReduceMax over a sample, as softmax is written out with it"""
    value = value_of(node, inputs, 1, 2)
    axes = axes_of(node, inputs)
    axes = [axis for axis in range(value.rank) if not isinstance(value.lengths[axis], Axis)
            ] if axes is None else [axis + value.rank if axis < 0 else axis for axis in axes]
    if math.prod(value.shape[value.within(axis)] for axis in axes) != value.size:
        raise MisfitError(f"has axes {axes}, which are not those of one sample")
    lengths = [1 if axis in axes else each for axis, each in enumerate(value.lengths)]
    result = largest(value, node.where).of_lengths(lengths)
    return result if node.integer("keepdims", 1) else result.squeezed(axes)


def cast_like(node: Node, inputs: list[Any], reading: Reading) -> Any:
    node.takes(2)
    return inputs[0]


def reciprocal(node: Node, inputs: list[Any], reading: Reading) -> Value:
    return divide(1.0, value_of(node, inputs, 1), node.where)


def log(node: Node, inputs: list[Any], reading: Reading) -> Value:
    return logarithm(value_of(node, inputs, 1), node.where)


def magnitude(node: Node, inputs: list[Any], reading: Reading) -> Value:
    return absolute(value_of(node, inputs, 1), node.where)


def negative(node: Node, inputs: list[Any], reading: Reading) -> Value:
    return negate(value_of(node, inputs, 1), node.where)


def our_function(activation: Any) -> _Step:
    """Take a node that mathwork wrote, because no standard operator would do"""
    count = len(onnx_functions.function(activation).input)
    name = "softplus" if activation == "scaled_softplus" else activation

    def step(node: Node, inputs: list[Any], reading: Reading) -> Value:
        node.takes(count)
        if not isinstance(inputs[0], Value):
            raise MisfitError("takes the samples as its parameter")
        if activation == "prelu":
            return prelu(node, inputs, reading)
        if count == 1:
            return inputs[0].activated(name, node.where)
        array = numbers(inputs[1], node, 1)
        if array.shape != ():
            raise MisfitError(f"has a parameter of shape {array.shape}, not one number")
        return inputs[0].activated((name, parameter(float(array), reading)), node.where)
    return step


def is_ours(operator: str, function: FunctionProto | None) -> bool:
    """Whether a function of a model is the one that mathwork writes under this name"""
    activation = OURS[operator]
    if function is None or len(function.opset_import) != 1:
        return False
    opset = function.opset_import[0].version
    return function == onnx_functions.function(activation, opset=opset) or (
        activation in onnx_functions.NARROW_BODIES
        and function == onnx_functions.function(activation, narrow=True, opset=opset))


OURS = {f"{onnx_functions.DOMAIN}.{name}": activation
        for activation, name in onnx_functions.NAMES.items()}
STEPS: dict[str, _Step] = {
    "Abs": magnitude, "Add": add, "BatchNormalization": batch_normalization, "CastLike": cast_like,
    "Celu": with_alpha("celu", 1.0), "HardSwish": elementwise("hardswish"),
    "Softsign": elementwise("softsign"),
    "Clip": bounded,
    "Div": quotient, "Elu": with_alpha("elu", 1.0), "Erf": elementwise("erf"),
    "Exp": elementwise("exp"), "Gelu": gelu, "Gemm": gemm, "Greater": comparison(True),
    "GreaterOrEqual": comparison(True),
    "HardSigmoid": hard_sigmoid, "LayerNormalization": layer_normalization,
    "RMSNormalization": rms_normalization, "Sqrt": square_root,
    "Less": comparison(False), "LessOrEqual": comparison(False),
    "LeakyRelu": with_alpha("leaky_relu", 0.01), "Log": log,
    "LogSoftmax": over_a_sample("log_softmax"), "MatMul": matmul, "Max": extreme(maximum),
    "Min": extreme(minimum), "Mish": elementwise("mish"), "Mul": product, "Neg": negative,
    "PRelu": prelu, "Pow": raised, "Reciprocal": reciprocal, "ReduceMax": largest_number,
    "ReduceMean": reduction(True),
    "ReduceSum": reduction(False), "Relu": elementwise("relu"), "Selu": selu,
    "Sigmoid": elementwise("sigmoid"), "Softmax": over_a_sample("softmax"),
    "Softplus": elementwise("softplus"), "Sub": difference, "Sum": total, "Swish": swish,
    "Tanh": elementwise("tanh"), "Where": choice, "ai.onnx.ml.Scaler": scaler, **ARRANGING,
    **{operator: our_function(activation) for operator, activation in OURS.items()},
}
