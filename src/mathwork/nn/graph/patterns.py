"""Activations that are written out, recognised by what they compute.

A product of two values is a network only where one of them is a gate of the other: x sigmoid(x),
or x (1 + erf(x / sqrt(2))) / 2. The parts, such as an exponential alone, are units like any other.
A unit that is no activation of the package is an error only if the network needs it in the end.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._parameters import clip_name
from mathwork.nn.graph.maps import Map, MisfitError
from mathwork.nn.graph.values import Unit, Value

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    _Array = NDArray[Any]

SAME = 1e-6                     # relative: constants of a source may be rounded to float32
HIGH = 20.0                     # above it, PyTorch's Softplus is x: 2.1e-9 less than softplus(x)
HALF_ROOT = math.sqrt(0.5)
GELU_SLOPE = math.sqrt(2 / math.pi)     # of the tanh form: Hendrycks, Gimpel 2016, section 2
GELU_CUBE = 0.044715
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805     # Klambauer et al. 2017


class Comparison:
    """Whether each number of a value is above a constant, or below it if `above` is false"""

    def __init__(self, value: Value, threshold: float, above: bool = True) -> None:
        self.value, self.threshold, self.above = value, threshold, above


# ---- one value as a multiple of another ----

def ratio(first: Value, second: Value) -> float | None:
    """The number q with first = q second, or None"""
    if first.size != second.size or first.terms.keys() != second.terms.keys() or not first.terms:
        return None
    ratios = []
    for unit, one in first.terms.items():
        other = second.terms[unit]
        if one.matrix is not other.matrix or not _same_rows(one, other, first.size):
            return None
        ratios.append(_scales(one, first.size) / _scales(other, first.size))
    both = np.concatenate(ratios)
    q = float(both[0])
    biases = [np.zeros(first.size) if each.bias is None else each.bias for each in (first, second)]
    if (not math.isfinite(q) or not np.allclose(both, q, SAME, 0)
            or not np.allclose(biases[0], q * biases[1], SAME, 1e-12)):
        return None
    return q


def _same_rows(one: Map, other: Map, count: int) -> bool:
    first, second = (np.arange(count) if each.take is None else each.take for each in (one, other))
    return np.array_equal(first, second)


def _scales(each: Map, count: int) -> _Array:
    return np.ones(count) if each.scale is None else each.scale


def _near(number: float, wanted: float) -> bool:
    return math.isclose(number, wanted, rel_tol=SAME)


def _gate(value: Value) -> tuple[Unit, float, float] | None:
    """(unit, slope, shift) of a value that is slope unit + shift, the same for every number"""
    if len(value.terms) != 1:
        return None
    (unit, each), = value.terms.items()
    if each.matrix is not None or unit.width != value.size or not _same_rows(
            each, type(each)(), value.size):
        return None
    slopes = _scales(each, value.size)
    shifts = np.zeros(value.size) if value.bias is None else value.bias
    if not value.size or (slopes != slopes[0]).any() or (shifts != shifts[0]).any():
        return None
    return unit, float(slopes[0]), float(shifts[0])


# ---- products ----

def multiply(first: Value, second: Value, where: str) -> Value:
    """The product of two values: by a constant, or of a number and a gate of it"""
    for value, other in ((first, second), (second, first)):
        inverse: Any = other.unit("1/sqrt")
        if inverse is not None:
            return _normalized(value, inverse.source.unit("sqrt"), where)
    first, second = first.together(second)
    for value, other in ((first, second), (second, first)):
        if not other.terms:
            return _times_constant(value, other)
    powers = _power(first, second, where)
    if powers is not None:
        return powers
    for value, other in ((first, second), (second, first)):
        gate = _gate(other)
        if gate is not None:
            found = _gated(value, *gate, where)
            if found is not None:
                return found.of_lengths(value.lengths)
    raise MisfitError("multiplies two values of the samples, which is no activation that "
                      "mathwork knows: SiLU is x Sigmoid(x), Mish x Tanh(Softplus(x)), Gelu x (1 "
                      "+ Erf(x / sqrt(2))) / 2")


def _times_constant(value: Value, other: Value) -> Value:
    bias = np.zeros(other.size) if other.bias is None else other.bias
    return Value((value.size,), value.terms, value.bias, value.budget).times(bias).of_lengths(
        value.lengths)


def _power(first: Value, second: Value, where: str) -> Value | None:
    """x x, or x times the square of x"""
    if ratio(first, second) == 1:
        return first.activated("x^2", where)
    for value, other in ((first, second), (second, first)):
        unit = other.unit("x^2")
        if unit is not None and ratio(unit.source, value) == 1:         # type: ignore[arg-type]
            return value.activated("x^3", where)
    return None


def _gated(value: Value, unit: Unit, slope: float, shift: float, where: str) -> Value | None:
    """value (slope unit + shift) as an activation, or None"""
    source: Any = unit.source
    if unit.activation == "sigmoid" and shift == 0:
        q = ratio(source, value)                # x sigmoid(q x) = silu(q x) / q
        if q:
            return _scaled(source.activated("silu", where), slope / q)
    if unit.activation == "hardsigmoid" and shift == 0 and ratio(source, value) == 1:
        return _scaled(value.activated("hardswish", where), slope)
    if unit.activation == "relu6" and shift == 0 and ratio(
            source.plus(np.array(-3.0)), value) == 1:       # x relu6(x + 3) / 6
        return _scaled(value.activated("hardswish", where), 6 * slope)
    if unit.activation == "erf" and _near(slope, shift):
        q = ratio(source, value)                # x (1 + erf(q x)) = gelu(r x) 2 / r
        if q:
            r = _rounded(q / HALF_ROOT)
            argument = value.times(np.array(r))
            return _scaled(argument.activated("gelu", where), 2 * slope / r)
    if unit.activation == "tanh" and shift == 0:
        inner = source.unit("softplus")
        q = None if inner is None else ratio(inner.source, value)
        if q == 1:
            return _scaled(value.activated("mish", where), slope)
    if unit.activation == "tanh" and _near(slope, shift):
        x = _cubic(source)
        q = None if x is None else ratio(value, x)
        if x is not None and q:
            return _scaled(x.activated("gelu_tanh", where), 2 * slope * q)
    return None


def _scaled(value: Value, factor: float) -> Value:
    """factor value; a factor that is nearly a power of two is meant to be it"""
    factor = _rounded(factor)
    return value if factor == 1 else value.times(np.array(factor))


def _rounded(number: float) -> float:
    """The number, or the power of two that it was meant to be"""
    power = 2.0 ** round(math.log2(abs(number))) if number else 0.0
    return math.copysign(power, number) if _near(abs(number), power) else number


def _cubic(value: Value) -> Value | None:
    """x if the value is sqrt(2 / pi) (x + 0.044715 x^3), else None"""
    cubes = [unit for unit in value.terms if unit.activation == "x^3"]
    if len(cubes) != 1:
        return None
    x: Any = cubes[0].source
    cube = Value((value.size,), {cubes[0]: value.terms[cubes[0]]}, None, value.budget)
    gate = _gate(cube)
    terms = {unit: each for unit, each in value.terms.items() if unit is not cubes[0]}
    q = ratio(Value((value.size,), terms, value.bias, value.budget), x)
    if gate is None or q is None or not _near(q, GELU_SLOPE):
        return None
    return x if _near(gate[1], GELU_SLOPE * GELU_CUBE) else None


def power(value: Value, exponent: float, where: str) -> Value:
    if exponent == 1:
        return value
    if exponent in (2, 3):
        return value.activated(f"x^{exponent:g}", where)
    if exponent == 0.5:
        return root(value, where)
    if exponent == -0.5:
        return divide(1.0, root(value, where), where)
    raise MisfitError(f"raises samples to the power {exponent:g}")


# ---- quotients and logarithms of exponentials ----

def divide(first: Value | float, second: Value, where: str) -> Value:
    """A number or a value by a value: c / (1 + e^x), and e^x / sum(e^x)"""
    deviation = second.unit("sqrt")
    if deviation is not None:
        if isinstance(first, Value):
            return _normalized(first, deviation, where)
        return _scaled(second.activated("1/sqrt", where), first)
    gate = _gate(second)
    if gate is not None and gate[0].activation == "exp" and gate[1] == gate[2]:
        source: Any = gate[0].source            # c / (1 + e^x) = c sigmoid(-x)
        sigmoid = source.times(np.array(-1.0)).activated("sigmoid", where).of_lengths(
            second.lengths)
        if isinstance(first, Value):
            return multiply(first, _scaled(sigmoid, 1 / gate[1]), where)
        return _scaled(sigmoid, first / gate[1])
    if isinstance(first, Value) and gate is not None and gate[1:] == (1, 1) and (
            _is_magnitude(gate[0], first)):
        return first.activated("softsign", where)
    if isinstance(first, Value):
        gate = _gate(first)
        exponential = _sum_of_exponentials(second)
        if gate is not None and gate[0] is exponential and gate[1:] == (1, 0):
            return _without_maximum(exponential.source).activated("softmax", where).of_lengths(
                first.lengths)
    raise MisfitError("divides by values of the samples; known are constants, 1 + Exp(x), and "
                      "Exp(x) by its sum")


def _is_magnitude(unit: Any, value: Value) -> bool:
    """Whether the unit is |x| of the value, which `absolute` makes of relu(x) and relu(-x)"""
    if unit.activation != "identity" or len(unit.source.terms) != 2:
        return False
    both = [each for each in unit.source.terms if each.activation == "relu"]
    return len(both) == 2 and sorted(ratio(each.source, value) or 0 for each in both) == [-1, 1]


def root(value: Value, where: str) -> Value:
    """The square root of a mean of squares, which normalisations are written out with"""
    return value.activated("sqrt", where)


def _normalized(value: Value, deviation: Any, where: str) -> Value:
    """value / sqrt(mean(value^2) + eps), which is layer_norm if the value is x - mean(x)"""
    found = None if deviation is None else _mean_of_squares(value, deviation.source)
    if found is None:
        raise MisfitError("divides by a root of the samples; known is that of the mean of their "
                          "squares, as in LayerNormalization")
    share, eps = found
    inner = (value.normalized("rms_norm", eps / share, where) if value.centred is None else
             value.centred.normalized("layer_norm", eps / share, where))
    return _scaled(inner, share**-0.5)


def _mean_of_squares(value: Value, total: Value) -> tuple[float, float] | None:
    """(share, eps) of a total that is share mean(value^2) + eps, or None"""
    if len(total.terms) != 1 or total.size != 1:
        return None
    (unit, each), = total.terms.items()
    if unit.activation != "x^2":
        return None
    squared: Any = unit.source
    # x - mean(x) may be computed twice.
    same = value.centred is not None and squared.centred is value.centred
    if not same and ratio(squared, value) != 1:
        return None
    row = each.dense(unit.width)[0]
    eps = 0.0 if total.bias is None else float(total.bias[0])
    share = float(row[0]) * len(row)
    if not share > 0 or not np.allclose(row, row[0], SAME, 0) or not eps >= 0:
        return None
    return (1.0 if _near(share, 1) else share), eps


def _sum_of_exponentials(value: Value) -> Any:
    """The unit of e^x if the value is the sum of all its numbers, else None"""
    if len(value.terms) != 1 or (value.bias is not None and value.bias.any()):
        return None
    (unit, each), = value.terms.items()
    if unit.activation != "exp" or each.matrix is None or each.matrix.shape != (1, unit.width):
        return None
    every = (each.matrix == 1).all() and (each.scale is None or (each.scale == 1).all())
    return unit if every else None


def _without_maximum(value: Any) -> Value:
    """x for x - max(x), which has the same softmax"""
    terms = {unit: each for unit, each in value.terms.items() if unit.activation != "max"}
    return Value(value.lengths, terms, value.bias, value.budget)


def largest(value: Value, where: str) -> Value:
    """The largest number of a sample, which softmax is written out with"""
    unit = Unit("max", value, 1, where)
    return Value((1,), {unit: Map()}, None, value.budget)


def subtract(first: Value, second: Value, where: str) -> Value:
    """first - second; x - log(sum(e^x)) is log_softmax"""
    unit = second.unit("log(sum(exp))")
    difference = first.add(second.times(np.array(-1.0)))
    if second.sum_of is not None and second.sum_of[0] is first and _near(
            second.sum_of[1] * first.size, 1) and second.size == 1:
        difference.centred = first
    if unit is not None and ratio(unit.source, first) == 1:             # type: ignore[arg-type]
        return _without_maximum(first).activated("log_softmax", where).of_lengths(first.lengths)
    return difference


def logarithm(value: Value, where: str) -> Value:
    """log(1 + e^x), log(sigmoid(x)) and log(softmax(x))"""
    gate = _gate(value)
    exponential = _sum_of_exponentials(value)
    if exponential is not None:
        unit = Unit("log(sum(exp))", exponential.source, 1, where)
        return Value(value.lengths, {unit: Map()}, None, value.budget)
    if gate is not None and gate[1] == 1:
        unit, _, shift = gate
        source: Any = unit.source
        if unit.activation == "exp" and shift == 1:
            return source.activated("softplus", where).of_lengths(value.lengths)
        if unit.activation == "sigmoid" and shift == 0:
            return source.activated("log_sigmoid", where).of_lengths(value.lengths)
        if unit.activation == "softmax" and shift == 0:
            return source.activated("log_softmax", where).of_lengths(value.lengths)
    raise MisfitError("takes a logarithm of samples; known are those of 1 + Exp(x), Sigmoid(x) "
                      "and Softmax(x)")


# ---- choices ----

def choose(condition: Any, first: Value, second: Value, where: str) -> Value:
    """One of two values, by whether a third is above a number: Softplus, Elu and LeakyRelu"""
    if isinstance(condition, Comparison):
        above, below = (first, second) if condition.above else (second, first)
        if _is_softplus(condition, above, below):
            return below
        one = ratio(above, condition.value) if condition.threshold == 0 else None
        if one is not None and one > 0:
            found = _signed(condition.value, one, below, where)
            if found is not None:
                return found.of_lengths(first.lengths)
    raise MisfitError("chooses between values of the samples; known are x where x > 20, else "
                      "Softplus(x), and x where x > 0, else a x or a (Exp(x) - 1)")


def _is_softplus(condition: Comparison, above: Value, below: Value) -> bool:
    """x where x > 20, else softplus(x), as PyTorch writes Softplus"""
    gate = _gate(below)
    if gate is None or gate[0].activation != "softplus" or gate[2] != 0:
        return False
    source: Any = gate[0].source
    q, one = ratio(source, condition.value), ratio(source, above)
    return bool(q and one is not None and _near(gate[1] * one, 1)
                and condition.threshold * q >= HIGH)


def _signed(value: Value, slope: float, below: Value, where: str) -> Value | None:
    """slope x where x > 0, else what is below, or None"""
    other = ratio(below, value)
    if other is not None:
        return _scaled(value.activated(("leaky_relu", other / slope), where), slope)
    gate = _gate(below)
    if gate is None or gate[0].activation != "exp" or not _near(gate[1], -gate[2]):
        return None
    if ratio(gate[0].source, value) != 1:                               # type: ignore[arg-type]
        return None
    alpha = gate[1] / slope
    if _near(alpha, SELU_ALPHA) and _near(slope, SELU_SCALE):
        return value.activated("selu", where)
    return _scaled(value.activated(("elu", alpha), where), slope)


def maximum(value: Value, bound: _Array, where: str) -> Value:
    """max(x, c); for different c it is c + relu(x - c)"""
    if not np.isfinite(bound).all():
        raise MisfitError("compares with a number that is not finite")
    if bound.size and (bound == bound.flat[0]).all():
        low = float(bound.flat[0])
        return value.plus(np.zeros(bound.shape)).activated(clip_name(low, math.inf), where)
    return value.plus(-bound).activated("relu", where).plus(bound)


def minimum(value: Value, bound: _Array, where: str) -> Value:
    """min(x, c) = -max(-x, -c)"""
    minus = np.array(-1.0)
    return maximum(value.times(minus), -bound, where).times(minus)


def clip(value: Value, low: float, high: float, where: str) -> Value:
    """min(max(x, low), high)"""
    if not low <= high:
        raise MisfitError(f"has the bounds {low:g} and {high:g}")
    name = clip_name(low, high)
    return value if name == "identity" else value.activated(name, where)


def negate(value: Value, where: str) -> Value:
    """-x; -softplus(x) is log_sigmoid(-x)"""
    minus = np.array(-1.0)
    unit = value.unit("softplus")
    if unit is None:
        return value.times(minus)
    source: Any = unit.source
    return source.times(minus).activated("log_sigmoid", where).of_lengths(value.lengths)


def absolute(value: Value, where: str) -> Value:
    """|x| = relu(x) + relu(-x)"""
    minus = value.times(np.array(-1.0)).activated("relu", where)
    return value.activated("relu", where).add(minus)
