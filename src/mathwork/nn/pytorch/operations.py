"""What each function and method of PyTorch does to a value, by its name there."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import mathwork.nn.graph as graph
from mathwork.nn.graph import MisfitError, Value
from mathwork.nn.pytorch.shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mathwork._types import ActivationName
    from mathwork.nn.pytorch.machine import Machine

MINUS = np.array(-1.0)

# Activations without a parameter, by all their names.
ELEMENTWISE: dict[str, ActivationName] = {
    "exp": "exp", "expit": "sigmoid", "hardsigmoid": "hardsigmoid", "hardswish": "hardswish",
    "log_sigmoid": "log_sigmoid", "logsigmoid": "log_sigmoid", "mish": "mish", "relu": "relu",
    "selu": "selu", "sigmoid": "sigmoid", "silu": "silu", "softsign": "softsign",
    "special_expit": "sigmoid", "tanh": "tanh"}


# ---- products ----

def linear(run: Machine, input: Any, weight: Any, bias: Any = None) -> Value:
    return run.linear(input, weight, bias)


def matmul(run: Machine, input: Any, other: Any) -> Value:
    if isinstance(input, Value) and isinstance(other, Value):
        raise MisfitError("multiplies the samples by what depends on them")
    if isinstance(input, Value):
        weight = run.array(other)
        if weight.ndim == 1:
            return run.linear(input, weight[None, :]).squeezed([-1])
        return run.linear(input, run.matrix(other).T)
    weight = run.array(input)
    if other.rank == 1 or weight.ndim == 1:
        raise MisfitError("multiplies samples from the left by a vector")
    return run.linear(other, run.matrix(input), axis=-2)


def addmm(run: Machine, input: Any, mat1: Any, mat2: Any, beta: float = 1, alpha: float = 1
          ) -> Value:
    return add(run, multiply(run, matmul(run, mat1, mat2), alpha), input, alpha=beta)


# ---- arithmetic ----

def add(run: Machine, input: Any, other: Any, alpha: float = 1) -> Value:
    if isinstance(other, Value) and alpha != 1:
        other = other.times(np.array(float(alpha)))
    if not isinstance(input, Value):
        input, other, alpha = other, input, 1
    if isinstance(other, Value):
        return input.add(other)
    return input.plus(run.array(other) * alpha)


def subtract(run: Machine, input: Any, other: Any, alpha: float = 1) -> Value:
    if alpha == 1 and isinstance(input, Value) and isinstance(other, Value):
        return graph.subtract(input, other, run.where)
    return add(run, input, other, -alpha)


def subtract_from(run: Machine, input: Any, other: Any, alpha: float = 1) -> Value:
    return subtract(run, other, input, alpha)


def multiply(run: Machine, input: Any, other: Any) -> Value:
    if isinstance(input, Value) and isinstance(other, Value):
        return graph.multiply(input, other, run.where)
    value, factor = (input, other) if isinstance(input, Value) else (other, input)
    return value.times(run.array(factor))


def divide(run: Machine, input: Any, other: Any, rounding_mode: Any = None) -> Value:
    if rounding_mode is not None:
        raise MisfitError("rounds what it divides")
    if isinstance(input, Value) and isinstance(other, Value):
        return graph.divide(input, other, run.where)
    if isinstance(other, Value):
        number = None if isinstance(input, Value) else run.array(input)
        if number is None or number.size != 1:
            raise MisfitError("divides by values of the samples")
        return graph.divide(float(number.item()), other, run.where)
    divisor = run.array(other).astype(np.float64)
    if not divisor.all():
        raise MisfitError("divides by zero")
    return input.times(1 / divisor)


def reciprocal(run: Machine, input: Value) -> Value:
    return graph.divide(1.0, input, run.where)


def negate(run: Machine, input: Value) -> Value:
    return input.times(MINUS)


def power(run: Machine, input: Any, exponent: Any) -> Value:
    if not isinstance(input, Value) or not isinstance(exponent, int | float):
        raise MisfitError("has an exponent that is not one number")
    return graph.power(input, float(exponent), run.where)


def square(run: Machine, input: Value) -> Value:
    return graph.power(input, 2.0, run.where)


def _axes(x: Value, dim: Any) -> list[int]:
    dims = list(range(x.rank)) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    return sorted((axis % x.rank for axis in dims), reverse=True)


def total(run: Machine, input: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
          ) -> Value:
    for axis in _axes(input, dim):
        input = input.summed(axis)
        input = input if keepdim else input.squeezed([axis])
    return input


def mean(run: Machine, input: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
         ) -> Value:
    count = np.prod([input.shape[input.within(axis)] for axis in _axes(input, dim)])
    return total(run, input, dim, keepdim).times(np.array(1 / float(count)))


def root(run: Machine, input: Value) -> Value:
    return graph.root(input, run.where)


def inverse_root(run: Machine, input: Value) -> Value:
    return graph.divide(1.0, graph.root(input, run.where), run.where)


def variance(run: Machine, input: Value, dim: Any = None, unbiased: bool = True,
             keepdim: bool = False, *, correction: float | None = None) -> Value:
    """The mean of (x - mean(x))^2 along axes, over n - `correction` of n numbers"""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    centred = subtract(run, input, mean(run, input, dim, True))
    count = float(np.prod([input.shape[input.within(axis)] for axis in _axes(input, dim)]))
    taken = float(unbiased) if correction is None else float(correction)
    if count <= taken:
        raise MisfitError(f"divides by {count - taken:g}")
    squares = total(run, graph.multiply(centred, centred, run.where), dim, keepdim)
    return squares.times(np.array(1 / (count - taken)))


# ---- normalization ----

def batch_norm(run: Machine, input: Value, running_mean: Any, running_var: Any, weight: Any = None,
               bias: Any = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5
               ) -> Value:
    """(x - mean) / sqrt(var + eps) * weight + bias, a channel each: axis 1"""
    if training or running_mean is None or running_var is None:
        raise MisfitError("normalizes by the mean of each batch, so a row depends on the others")
    shape = (-1, *[1] * (input.rank - 2))
    centre, variance = (run.array(each).astype(np.float64) for each in (running_mean, running_var))
    scale = 1 / np.sqrt(variance + eps)
    if weight is not None:
        scale = scale * run.array(weight)
    shift = -centre * scale
    if bias is not None:
        shift = shift + run.array(bias)
    input.within(1)
    return input.times(scale.reshape(shape)).plus(shift.reshape(shape))


def aten_batch_norm(run: Machine, input: Value, weight: Any, bias: Any, running_mean: Any,
                    running_var: Any, training: bool, momentum: float, eps: float,
                    cudnn_enabled: bool = True) -> Value:
    return batch_norm(run, input, running_mean, running_var, weight, bias, training, momentum, eps)


def native_batch_norm(run: Machine, input: Value, weight: Any, bias: Any, running_mean: Any,
                      running_var: Any, momentum: float, eps: float) -> list[Any]:
    return [batch_norm(run, input, running_mean, running_var, weight, bias, False, momentum, eps),
            None, None]


def _whole_sample(input: Value, normalized_shape: Any) -> None:
    lengths = input.lengths[input.rank - len(normalized_shape):]
    if tuple(normalized_shape) != lengths or int(np.prod(normalized_shape)) != input.size:
        raise MisfitError(f"has normalized_shape {list(normalized_shape)}, which is not all of a "
                          "sample")


def layer_norm(run: Machine, input: Value, normalized_shape: Any, weight: Any = None,
               bias: Any = None, eps: float = 1e-5, cudnn_enable: bool = True) -> Value:
    _whole_sample(input, normalized_shape)
    scale, shift = (None if each is None else run.array(each).ravel() for each in (weight, bias))
    return input.normalized("layer_norm", float(eps), run.where, scale, shift)


def rms_norm(run: Machine, input: Value, normalized_shape: Any, weight: Any = None,
             eps: float | None = None) -> Value:
    """Without eps, PyTorch takes the one of the dtype"""
    _whole_sample(input, normalized_shape)
    scale = None if weight is None else run.array(weight).ravel()
    own = np.finfo(run.reading.dtype).eps if eps is None else eps
    return input.normalized("rms_norm", float(own), run.where, scale)


# ---- activations ----

def elementwise(name: str) -> Callable[..., Value]:
    def activate(run: Machine, input: Value) -> Value:
        return input.activated(name, run.where)
    return activate


def over_a_sample(name: str) -> Callable[..., Value]:
    def activate(run: Machine, input: Value, dim: int | None = None, *rest: Any, **named: Any
                 ) -> Value:
        if dim is None:         # PyTorch's choice
            dim = 0 if input.rank in (0, 1, 3) else 1
        return input.over_a_sample(name, dim, run.where)
    return activate


def leaky_relu(run: Machine, input: Value, negative_slope: float = 0.01) -> Value:
    return input.activated(("leaky_relu", float(negative_slope)), run.where)


def elu(run: Machine, input: Value, alpha: float = 1.0, scale: float = 1, input_scale: float = 1
        ) -> Value:
    if (scale, input_scale) != (1, 1):
        raise MisfitError(f"has the scales {scale} and {input_scale}")
    return input.activated(("elu", float(alpha)), run.where)


def softplus(run: Machine, input: Value, beta: float = 1.0, threshold: float = 20.0) -> Value:
    """log(1 + exp(beta x)) / beta; above its threshold PyTorch returns x, 2.1e-9 less at 20"""
    if threshold < 20 or beta <= 0:
        raise MisfitError(f"has beta={beta}, threshold={threshold}; known are thresholds from 20 "
                          "on")
    if beta == 1:
        return input.activated("softplus", run.where)
    return input.activated(("softplus", float(beta)), run.where)


def celu(run: Machine, input: Value, alpha: float = 1.0) -> Value:
    return input.activated(("celu", float(alpha)), run.where)


def prelu(run: Machine, input: Value, weight: Any) -> Value:
    """One slope, or one for each number of axis 1"""
    slopes = run.array(weight)
    if slopes.size > 1:
        slopes = slopes.reshape((-1, *[1] * (input.rank - 2)))
    every = np.broadcast_to(slopes, input.shape).ravel()
    return input.activated(("prelu", tuple(every.tolist())), run.where)


def gelu(run: Machine, input: Value, approximate: str = "none") -> Value:
    if approximate not in ("none", "tanh"):
        raise MisfitError(f"has approximate={approximate!r}")
    return input.activated("gelu" if approximate == "none" else "gelu_tanh", run.where)


def clamp(run: Machine, input: Value, min: Any = None, max: Any = None) -> Value:
    if all(each is None or isinstance(each, int | float) for each in (min, max)):
        return graph.clip(input, -np.inf if min is None else float(min),
                          np.inf if max is None else float(max), run.where)
    if min is not None:
        input = graph.maximum(input, run.array(min).astype(np.float64), run.where)
    return input if max is None else graph.minimum(input, run.array(max).astype(np.float64),
                                                   run.where)


def hardtanh(run: Machine, input: Value, min_val: float = -1.0, max_val: float = 1.0) -> Value:
    return graph.clip(input, float(min_val), float(max_val), run.where)


def relu6(run: Machine, input: Value) -> Value:
    return graph.clip(input, 0.0, 6.0, run.where)


def clamp_min(run: Machine, input: Value, min: Any) -> Value:
    return clamp(run, input, min)


def clamp_max(run: Machine, input: Value, max: Any) -> Value:
    return clamp(run, input, None, max)


def maximum(run: Machine, input: Any, other: Any) -> Value:
    value, bound = (input, other) if isinstance(input, Value) else (other, input)
    return graph.maximum(value, run.array(bound).astype(np.float64), run.where)


def minimum(run: Machine, input: Any, other: Any) -> Value:
    value, bound = (input, other) if isinstance(input, Value) else (other, input)
    return graph.minimum(value, run.array(bound).astype(np.float64), run.where)


def absolute(run: Machine, input: Value) -> Value:
    return graph.absolute(input, run.where)


def logarithm(run: Machine, input: Value) -> Value:
    return graph.logarithm(input, run.where)


OPERATIONS: dict[str, Callable[..., Any]] = {
    **SHAPES,
    **{name: elementwise(activation) for name, activation in ELEMENTWISE.items()},
    "erf": elementwise("erf"), "special_erf": elementwise("erf"),
    **dict.fromkeys(("softmax", "_softmax"), over_a_sample("softmax")),
    **dict.fromkeys(("log_softmax", "_log_softmax"), over_a_sample("log_softmax")),
    "linear": linear, "addmm": addmm,
    **dict.fromkeys(("matmul", "mm", "rmatmul"), matmul),
    **dict.fromkeys(("add", "radd"), add),
    **dict.fromkeys(("sub", "subtract"), subtract), "rsub": subtract_from,
    **dict.fromkeys(("mul", "multiply", "rmul"), multiply),
    **dict.fromkeys(("truediv", "div", "divide", "true_divide"), divide),
    **dict.fromkeys(("neg", "negative"), negate),
    "pow": power, "reciprocal": reciprocal, "square": square, "sum": total, "mean": mean,
    "sqrt": root, "rsqrt": inverse_root, "var": variance,
    "batch_norm": batch_norm, "aten.batch_norm": aten_batch_norm,
    "aten._native_batch_norm_legit_no_training": native_batch_norm,
    "layer_norm": layer_norm, "rms_norm": rms_norm, "celu": celu, "prelu": prelu,
    "leaky_relu": leaky_relu, "elu": elu, "softplus": softplus, "gelu": gelu,
    **dict.fromkeys(("clamp", "clip"), clamp), "clamp_min": clamp_min, "clamp_max": clamp_max,
    "hardtanh": hardtanh, "relu6": relu6, "maximum": maximum, "minimum": minimum,
    **dict.fromkeys(("abs", "absolute"), absolute), "log": logarithm,
}
