"""First and second derivatives of activations, in float64.

Exponentials and sigmoids are those of the kernels, so that tails keep their relative accuracy: no
derivative is a difference of numbers near each other, where a formula without it is known.

At a kink it is what PyTorch takes: 0 for relu at 0, and at both ends of an interval beyond which an
activation is constant; for others the derivative below the kink. The second derivative of what
consists of lines is 0.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork.activations import exp, gelu, sigmoid, tanh

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from mathwork._types import Float64Array

    _Pair: TypeAlias = tuple[Any, Any]

ROOT = math.sqrt(2 / math.pi)
CUBIC = 0.044715                                    # of gelu_tanh, as in PyTorch and Keras
DENSITY = 1 / math.sqrt(2 * math.pi)                # of the normal distribution at 0
SCALE, ALPHA = 1.0507009873554804934, 1.6732632423543772848     # of selu: Klambauer et al. 2017


def derivatives(name: str, parameters: tuple[Any, ...], z: Float64Array) -> _Pair:
    """Return (f'(z), f''(z)) of an elementwise activation; None for an f'' that is 0 everywhere."""
    with np.errstate(all="ignore"):
        return FORMULAS[name](z, *parameters)


# ---- of straight pieces ----

def _identity(z: Float64Array) -> _Pair:
    return np.ones_like(z), None


def _above(z: Float64Array, slope: Any) -> _Pair:
    """1 above 0, `slope` below"""
    return np.where(z > 0, 1.0, np.asarray(slope, np.float64)), None


def _between(z: Float64Array, low: float, high: float, slope: float = 1.0) -> _Pair:
    """`slope` inside of an interval, 0 outside"""
    return np.where((z > low) & (z < high), slope, 0.0), None


def _hardswish(z: Float64Array) -> _Pair:
    inside = (z > -3) & (z < 3)
    return (np.where(inside, z / 3 + 0.5, np.where(z >= 3, 1.0, 0.0)),
            np.where(inside, 1 / 3, 0.0))


# ---- of sigmoids: s = sigmoid(z), t = 1 - s = sigmoid(-z), t - s = -tanh(z / 2) ----

def _sigmoid(z: Float64Array) -> _Pair:
    first = sigmoid(z) * sigmoid(-z)
    return first, -first * tanh(z / 2)


def _tanh(z: Float64Array) -> _Pair:
    first = 4 * sigmoid(2 * z) * sigmoid(-2 * z)
    return first, -2 * tanh(z) * first


def _softplus(z: Float64Array, beta: float = 1.0) -> _Pair:
    s = sigmoid(beta * z)
    return s, beta * s * sigmoid(-beta * z)


def _log_sigmoid(z: Float64Array) -> _Pair:
    t = sigmoid(-z)
    return t, -t * sigmoid(z)


def _silu(z: Float64Array) -> _Pair:
    s, t = sigmoid(z), sigmoid(-z)
    z = np.clip(z, -1e3, 1e3)           # no inf * 0
    return s * (1 + z * t), s * t * (2 - z * tanh(z / 2))


def _gelu_tanh(z: Float64Array) -> _Pair:
    """z s(v) with v = 2 (2 / pi)^(1/2) (z + 0.044715 z^3)"""
    z = np.clip(z, -100, 100)           # no inf * 0: the product s t is 0 there
    v = 2 * ROOT * (z + CUBIC * z ** 3)
    slope, bend = 2 * ROOT * (1 + 3 * CUBIC * z * z), 12 * ROOT * CUBIC * z
    s, t = sigmoid(v), sigmoid(-v)
    product = s * t
    return (s + z * product * slope,
            product * (2 * slope + z * (bend - slope * slope * tanh(v / 2))))


def _mish(z: Float64Array) -> _Pair:
    """z w with w = tanh(log(1 + e^z)) = s (1 + t) / (1 + t^2); w' = q s, q = 1 - w^2"""
    s, t = sigmoid(z), sigmoid(-z)
    w = s * (1 + t) / (1 + t * t)
    root = 2 * t / (1 + t * t)          # of q
    slope = root * root * s
    z = np.clip(z, -1e3, 1e3)           # no inf * 0
    return w + z * slope, slope * (2 + z * (t - 2 * w * s))


# ---- of exponentials ----

def _gelu(z: Float64Array) -> _Pair:
    """z Phi(z): Phi + z phi, and phi (2 - z^2)"""
    value, z = gelu(z), np.clip(z, -40, 40)         # phi is 0 beyond
    normal = np.divide(value, z, out=np.full_like(z, 0.5), where=z != 0)
    normal[z >= 40] = 1.0
    # z^2 / 2 in two parts, the first one without rounding
    head = z.astype(np.float32).astype(np.float64)
    density = exp(-head * head / 2) * exp((head - z) * (head + z) / 2) * DENSITY
    return normal + z * density, density * (2 - z * z)


def _elu(z: Float64Array, alpha: float = 1.0) -> _Pair:
    below = alpha * exp(np.minimum(z, 0))
    return np.where(z > 0, 1.0, below), np.where(z > 0, 0.0, below)


def _selu(z: Float64Array) -> _Pair:
    first, second = _elu(z, ALPHA)
    return SCALE * first, SCALE * second


def _celu(z: Float64Array, alpha: float = 1.0) -> _Pair:
    first, second = _elu(z / alpha)
    return first, second / alpha


def _exp(z: Float64Array) -> _Pair:
    value = exp(z)
    return value, value


def _softsign(z: Float64Array) -> _Pair:
    factor = 1 / (1 + np.abs(z))
    return factor * factor, -2 * np.sign(z) * factor * factor * factor


FORMULAS: dict[str, Callable[..., _Pair]] = {
    "identity": _identity,
    "relu": lambda z: _above(z, 0.0),
    "leaky_relu": _above,
    "prelu": _above,
    "clip": _between,
    "relu6": lambda z: _between(z, 0.0, 6.0),
    "hardtanh": lambda z: _between(z, -1.0, 1.0),
    "hardsigmoid": lambda z: _between(z, -3.0, 3.0, 1 / 6),
    "hardswish": _hardswish,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": _softplus,
    "log_sigmoid": _log_sigmoid,
    "silu": _silu,
    "mish": _mish,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "elu": _elu,
    "selu": _selu,
    "celu": _celu,
    "exp": _exp,
    "softsign": _softsign,
}
