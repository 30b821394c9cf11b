"""Activations as functions inside an ONNX model, where no operator would do.

ONNX Runtime has no float64 kernels for most of the activations that ONNX defines. Each of them is
written here in operators that have float64 kernels. So are, for float32 too, the activations that
ONNX does not define. A model carries the functions that it calls, in the domain "mathwork", and
ONNX Runtime puts their nodes in place of the calls. A function has the same bytes whenever it is
built, and a reader recognises it by them.

The bodies below are Python functions of `Value`: running one writes its nodes down.
"""
from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from onnx import TensorProto, helper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from onnx import FunctionProto, NodeProto

    _Operand: TypeAlias = "Value | float"

DOMAIN = "mathwork"
OPSET = 20      # of the standard operators in the bodies

# Our name of an activation: the name of its function, which is ONNX's name of the operator.
NAMES = {"leaky_relu": "LeakyRelu", "elu": "Elu", "softplus": "Softplus", "selu": "Selu",
         "gelu": "Gelu", "mish": "Mish", "celu": "Celu", "prelu": "PRelu",
         "hardsigmoid": "HardSigmoid", "hardswish": "HardSwish", "softsign": "Softsign",
         "gelu_tanh": "GeluTanh", "log_sigmoid": "LogSigmoid",
         "scaled_softplus": "ScaledSoftplus"}

# P of degree 23, highest power first: (a + 3.5) e^(a^2 / 2) Phi(-a) = P((a - 3.5) / (a + 3.5)).
# "normal tail float64" of tools/minimax.py; gelu in kernels/nn/activations.pxi evaluates it too:
# 0 <= a <= 40, relative error 2^-54.9.
NORMAL_TAIL = (
    1.4772497118189077e-09, 4.900254686870524e-09, -3.808156798289456e-09,
    -3.628305481707938e-08, -3.0198974682435576e-08, 1.2378084168363563e-07,
    2.944668093324105e-07, -1.430318790488438e-07, -1.479185518798372e-06,
    -1.1651703965769182e-06, 5.651912852996298e-06, 1.150670751472876e-05,
    -1.8788895662691936e-05, -7.558468539607795e-05, 6.70332314578012e-05,
    0.0004766571070586316, -0.0004450129500447786, -0.0031891010488813757,
    0.006476218919874566, 0.017407832602077244, -0.11605092871407852,
    0.31542496988795193, -0.565561816053779, 0.7444160754359381)

# (8 / pi)^(1/2) to 38 bits, and the rest; 0.044715 times it to 8 bits, and the rest
C_HIGH, C_LOW = 1.5957691216026433, 3.0874305383944692e-12
D_HIGH, D_LOW = 0.0712890625, 6.575377260024877e-05


def function(name: str, narrow: bool = False, opset: int = OPSET) -> FunctionProto:
    """Return the function of an activation; "scaled_softplus" is softplus with a beta.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    narrow : bool
        For float32 instead of float64: one of `NARROW_BODIES`.
    opset : int
        That of the model, 13 or newer.

    Returns
    -------
    onnx.FunctionProto
        Of a float64 tensor. A parameter is a second input, a float64 tensor of no dimensions, or of
        one for the slopes of prelu, because attributes hold float32 alone.

    Notes
    -----
    Errors of ONNX Runtime 1.31, over 10^6 samples each: one rounding for leaky_relu, below 3 units
    in the last place of the exact result for softplus, 4 for elu, 5 for selu, 7 for gelu and mish,
    6 for those after them, over 10^5 samples, tails and subnormal numbers included. NaN gives NaN,
    and infinities give the same results as in :mod:`mathwork.activations`; zeros may differ in
    sign.
    """
    body = (NARROW_BODIES if narrow else BODIES)[name]
    inputs = list(inspect.signature(body).parameters)
    nodes: list[NodeProto] = []
    result = body(*(Value(each, nodes) for each in inputs))
    return helper.make_function(DOMAIN, NAMES[name], inputs, [result.name], nodes,
                                [helper.make_opsetid("", opset)])


class Value:
    """A tensor in the body of a function, by its name; arithmetic with it appends to `nodes`."""

    def __init__(self, name: str, nodes: list[NodeProto]) -> None:
        self.name, self.nodes = name, nodes

    def __neg__(self) -> Value:
        return node("Neg", self)

    def __abs__(self) -> Value:
        return node("Abs", self)

    def __add__(self, other: _Operand) -> Value:
        return node("Add", self, other)

    def __radd__(self, other: _Operand) -> Value:
        return node("Add", other, self)

    def __sub__(self, other: _Operand) -> Value:
        return node("Sub", self, other)

    def __rsub__(self, other: _Operand) -> Value:
        return node("Sub", other, self)

    def __mul__(self, other: _Operand) -> Value:
        return node("Mul", self, other)

    def __rmul__(self, other: _Operand) -> Value:
        return node("Mul", other, self)

    def __truediv__(self, other: _Operand) -> Value:
        return node("Div", self, other)

    def __gt__(self, other: _Operand) -> Value:
        return node("Greater", self, other)


def node(operator: str, *operands: _Operand) -> Value:
    """Return the operator's result as a Value; operands are numbers and at least one Value."""
    nodes = next(each.nodes for each in operands if isinstance(each, Value))
    inputs = [each.name if isinstance(each, Value) else constant(each, nodes).name
              for each in operands]
    return append(nodes, operator, inputs)


def constant(number: float, nodes: list[NodeProto]) -> Value:
    """Return a float64 tensor of no dimensions."""
    tensor = TensorProto(data_type=TensorProto.DOUBLE, double_data=[number])
    return append(nodes, "Constant", [], value=tensor)


def append(nodes: list[NodeProto], operator: str, inputs: Sequence[str], **attributes: Any
           ) -> Value:
    result = Value(f"v{len(nodes)}", nodes)
    nodes.append(helper.make_node(operator, inputs, [result.name], **attributes))
    return result


# ---- the bodies ----

def leaky_relu(x: Value, slope: Value) -> Value:
    """x where x > 0, else slope x"""
    return node("Where", x > 0, x, slope * x)


def elu(x: Value, alpha: Value) -> Value:
    """x where x > 0, else alpha (e^x - 1)"""
    return node("Where", x > 0, x, alpha * expm1(x))


def selu(x: Value) -> Value:
    """1.0507 x where x > 0, else 1.0507 1.6733 (e^x - 1): Klambauer et al. 2017"""
    return node("Where", x > 0, 1.0507009873554804934 * x, 1.7580993408473768599 * expm1(x))


def softplus(x: Value) -> Value:
    """log(1 + e^x) = max(x, 0) + log(1 + v), v = e^-|x|"""
    v = node("Exp", -abs(x))
    u = 1 + v
    # log(u), and the rounding error of u to first order, which is all of v where u is 1
    return node("Relu", x) + (node("Log", u) + (v - (u - 1)) / u)


def gelu(x: Value) -> Value:
    """x Phi(x) = max(x, 0) - a Phi(-a), a = |x|, Phi(-a) = e^(-a^2 / 2) P(t) / (a + c),
    t = (a - c) / (a + c), c = 3.5"""
    a = node("Min", abs(x), 40)     # Phi(-40) is below the smallest number
    t = (a - 3.5) / (a + 3.5)
    p: Any = NORMAL_TAIL[0]
    for coefficient in NORMAL_TAIL[1:]:
        p = p * t + coefficient
    # a^2 = short^2 + (a - short) (a + short): multiples of 2^-10 up to 40 have an exact square
    short = node("Round", a * 2.0**10) * 2.0**-10
    power = node("Exp", -0.5 * short * short) * node("Exp", -0.5 * (a - short) * (a + short))
    return node("Relu", x) - a * (p / (a + 3.5)) * power


def mish(x: Value) -> Value:
    """x tanh(log(1 + e^x)) = x - 2 x v^2 / (1 + 2 v + 2 v^2) where x > 0, else
    x v (2 + v) / (2 + 2 v + v^2), v = e^-|x|"""
    a = node("Min", abs(x), 760)    # 760 e^-760 is below half the smallest number
    root = node("Exp", a * -0.5)    # a normal number also where v is not
    v = root * root
    above = x - a * (2 * v * v / (1 + 2 * v * (1 + v)))
    below = a * root * ((2 + v) / (2 + v * (2 + v))) * root
    return node("Where", x > 0, above, -below)


def celu(x: Value, alpha: Value) -> Value:
    """x where x > 0, else alpha (e^(x / alpha) - 1)"""
    return node("Where", x > 0, x, alpha * expm1(x / alpha))


def hardsigmoid(x: Value) -> Value:
    """min(max(x + 3, 0), 6) / 6"""
    return node("Min", node("Max", x + 3, 0), 6) / 6


def hardswish(x: Value) -> Value:
    """x hardsigmoid(x); x is bounded, because -inf * 0 is NaN"""
    return node("Max", x, -3) * hardsigmoid(x)


def softsign(x: Value) -> Value:
    """x / (1 + |x|), where |x| is at most so large that this is 1"""
    x = node("Max", node("Min", x, 1e18), -1e18)
    return x / (1 + abs(x))


def log_sigmoid(x: Value) -> Value:
    """-log(1 + e^-x)"""
    return -softplus(-x)


def scaled_softplus(x: Value, beta: Value) -> Value:
    """log(1 + e^(beta x)) / beta = max(x, 0) + log(1 + v) / beta, v = e^-(beta |x|)"""
    a = node("Min", abs(x), 1e290)      # whose halves do not overflow
    product = node("Min", a * beta, 800)
    (a, a_low), (b, b_low) = halves(a), halves(beta)
    low = ((a * b - product) + a * b_low + a_low * b) + a_low * b_low       # Dekker 1971
    v = node("Exp", -product)
    v = v - v * node("Where", product > 760, product * 0, low)
    u = 1 + v
    return node("Relu", x) + (node("Log", u) + (v - (u - 1)) / u) / beta


def gelu_tanh(x: Value) -> Value:
    """x / (1 + e^-z) = max(x, 0) - a v / (1 + v), a = |x|, v = e^-|z|, |z| = c a + d a^3,
    c = (8 / pi)^(1/2), d = 0.044715 c"""
    a = node("Min", abs(x), 22)         # e^-z is below the smallest number
    # The multiple of 2^-10 next to a has 15 bits, and its cube 45. Times the first bits of c and d
    # they are exact: 38 bits of c, 8 of d.
    short = node("Round", a * 2.0**10) * 2.0**-10
    cube = short * short * short
    slope = C_HIGH + C_LOW + (D_HIGH + D_LOW) * (a * a + a * short + short * short)
    rest = short * C_LOW + cube * D_LOW + (a - short) * slope
    part = node("Exp", -(short * C_HIGH)) * node("Exp", -rest)
    last = node("Exp", -(cube * D_HIGH))
    return node("Relu", x) - a * part / (1 + part * last) * last


def halves(x: Value) -> tuple[Value, Value]:
    """The first 26 bits of x and the rest"""
    large = x * 134217729.0             # 2^27 + 1: Dekker 1971
    high = large - (large - x)
    return high, x - high


def narrow_log_sigmoid(x: Value) -> Value:
    """-softplus(-x)"""
    return -node("Softplus", -x)


def narrow_scaled_softplus(x: Value, beta: Value) -> Value:
    """softplus(beta x) / beta"""
    return node("Softplus", x * beta) / beta


def expm1(x: Value) -> Value:
    """e^x - 1 = 2 t / (1 - t), t = tanh(x / 2), which is accurate near 0"""
    t = node("Tanh", x * 0.5)
    return 2 * t / (1 - t)


BODIES: dict[str, Callable[..., Value]] = {
    "leaky_relu": leaky_relu, "elu": elu, "softplus": softplus, "selu": selu, "gelu": gelu,
    "mish": mish, "celu": celu, "prelu": leaky_relu, "hardsigmoid": hardsigmoid,
    "hardswish": hardswish, "softsign": softsign, "gelu_tanh": gelu_tanh,
    "log_sigmoid": log_sigmoid, "scaled_softplus": scaled_softplus}
# For float32, without constants: an operator does most of it.
NARROW_BODIES: dict[str, Callable[..., Value]] = {
    "log_sigmoid": narrow_log_sigmoid, "scaled_softplus": narrow_scaled_softplus}
