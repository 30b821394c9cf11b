"""What layers do to rows, and their derivatives: each step at the rows that it got.

A step at r rows of n numbers, which gives r rows of m numbers, knows

    push        J v: what small changes of its input, (r, d, n), do to its output, (r, d, m)
    pull        J' u: (r, k, m) to (r, k, n)
    curvature   u' H(v, w), the second derivative: (r, k, m) and (r, d, n) to (r, k, d, d)
    bend        sum_d u_d' H(v_d, .): (r, d, m) and (r, d, n) to (r, n)
    gradient    the derivatives by its parameters, summed over rows

where J is its Jacobian at each row, and H its second derivative. All of them are float64. The sums
of products are those of the kernels: the bits of a row do not depend on the rows beside it.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._levels import core as kernels
from mathwork.nn.dense import Dense
from mathwork.nn.derivatives.activations import derivatives
from mathwork.nn.norms import LayerNorm
from mathwork.nn.residual import Residual

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from mathwork.nn.residual import AnyLayer


def _product(a: Any, b: Any) -> Any:
    """Return a b; a (..., n) is one matrix of rows."""
    rows = np.ascontiguousarray(a).reshape(-1, a.shape[-1])
    return kernels.matmul(rows, b).reshape(*a.shape[:-1], b.shape[1])


def _sum(a: Any) -> Any:
    return np.add.reduce(a, axis=-1, keepdims=True)


def _weighted(weights: Any, v: Any) -> Any:
    """Return sum_n weights[r, k, n] v[r, a, n] v[r, b, n], (r, k, a, b)."""
    left = np.ascontiguousarray(weights[:, :, None, :] * v[:, None, :, :])
    r, k, d, n = left.shape
    right = np.ascontiguousarray(v.transpose(0, 2, 1))
    return kernels.matmul(left.reshape(r, k * d, n), right).reshape(r, k, d, d)


class Step:
    """A step at rows, in the form of a straight one without parameters."""

    y: Any      # the rows that it gives

    def push(self, v: Any) -> Any:
        raise NotImplementedError

    def pull(self, u: Any) -> Any:
        raise NotImplementedError

    def curvature(self, u: Any, v: Any) -> Any:
        return 0.0

    def bend(self, u: Any, v: Any) -> Any:
        return 0.0

    def gradient(self, u: Any, u_first: Any, v: Any) -> list[Any]:
        """Return the derivatives by the parameters, flat, in their order.

        u (r, m) is the derivative by the output, and u_first (r, d, m) that by the changes of the
        output which the changes v (r, d, n) of the input cause; None if nothing depends on them.
        """
        return []


class Affine(Step):
    """y = x W' + b"""

    def __init__(self, x: Any, weight: Any, bias: Any) -> None:
        self.x, self.weight = x, np.ascontiguousarray(weight)
        self.turned = np.ascontiguousarray(weight.T)
        self.y = _product(x, self.turned) + bias

    def push(self, v: Any) -> Any:
        return _product(v, self.turned)

    def pull(self, u: Any) -> Any:
        return _product(u, self.weight)

    def gradient(self, u: Any, u_first: Any, v: Any) -> list[Any]:
        weight = kernels.matmul(np.ascontiguousarray(u.T), self.x)
        if u_first is not None:
            m, n = self.weight.shape
            weight = weight + kernels.matmul(np.ascontiguousarray(u_first.reshape(-1, m).T),
                                             np.ascontiguousarray(v).reshape(-1, n))
        return [weight.ravel(), u.sum(axis=0)]


class Elementwise(Step):
    """y = f(x)"""

    def __init__(self, x: Any, name: str, parameters: tuple[Any, ...]) -> None:
        self.y = x.copy()
        if name == "prelu":
            parameters = (np.array(parameters[0], np.float64),)
        kernels.activate_in_place(name, parameters, self.y)
        self.first, self.second = derivatives(name, parameters, x)

    def push(self, v: Any) -> Any:
        return v * self.first[:, None, :]

    def pull(self, u: Any) -> Any:
        return u * self.first[:, None, :]

    def curvature(self, u: Any, v: Any) -> Any:
        return 0.0 if self.second is None else _weighted(u * self.second[:, None, :], v)

    def bend(self, u: Any, v: Any) -> Any:
        return 0.0 if self.second is None else self.second * (u * v).sum(axis=1)


class Softmax(Step):
    """y = softmax(x), or its logarithm; p is the softmax

    The change of a row is p c, or c, where c = v - p' v. Its second derivative is a weighted sum
    of products of two c.
    """

    def __init__(self, x: Any, logarithm: bool) -> None:
        self.logarithm = logarithm
        self.y, p = x.copy(), x.copy()
        kernels.activate_in_place("log_softmax" if logarithm else "softmax", (), self.y)
        kernels.activate_in_place("softmax", (), p)
        self.p = p[:, None, :]

    def _centred(self, v: Any) -> Any:
        return v - _sum(self.p * v)

    def _weights(self, u: Any) -> Any:
        return -_sum(u) * self.p if self.logarithm else self.p * self._centred(u)

    def push(self, v: Any) -> Any:
        return self._centred(v) if self.logarithm else self.p * self._centred(v)

    def pull(self, u: Any) -> Any:
        return u - self.p * _sum(u) if self.logarithm else self.p * self._centred(u)

    def curvature(self, u: Any, v: Any) -> Any:
        return _weighted(self._weights(u), self._centred(v))

    def bend(self, u: Any, v: Any) -> Any:
        bent = self._weights(u) * self._centred(v)
        return (bent - self.p * _sum(bent)).sum(axis=1)


class Normalised(Step):
    """y = w unit + b; unit = c factor, factor = (mean c^2 + eps)^(-1/2), c = x - mean x or x

    The change of unit is d - unit m, where d = factor times the change of c, and m = mean(unit d).
    """

    def __init__(self, x: Any, layer: Any) -> None:
        self.centre = isinstance(layer, LayerNorm)
        self.weight, self.has_bias = layer.weight.astype(np.float64), self.centre
        c, self.n = self._centred(self._centred(x)), x.shape[-1]
        # By a power of two, so that no square overflows or vanishes.
        _, exponent = np.frexp(np.abs(c).max(axis=-1, keepdims=True))
        exponent = np.maximum(exponent, -500)       # eps must not overflow
        square = _sum(np.square(np.ldexp(c, -exponent))) / self.n
        with np.errstate(all="ignore"):
            factor = np.ldexp(1 / np.sqrt(square + np.ldexp(layer.eps, -2 * exponent)), -exponent)
            unit = c * factor
        self.y = unit * self.weight + layer.bias
        self.unit, self.factor = unit[:, None, :], factor[:, None, :]

    def _centred(self, v: Any) -> Any:
        return v - _sum(v) / v.shape[-1] if self.centre else v

    def _changes(self, v: Any) -> tuple[Any, Any]:
        """Return (d, m)."""
        d = self._centred(v) * self.factor
        return d, _sum(self.unit * d) / self.n

    def push(self, v: Any) -> Any:
        d, m = self._changes(v)
        return self.weight * (d - self.unit * m)

    def pull(self, u: Any) -> Any:
        u = u * self.weight
        return self._centred(self.factor * (u - self.unit * (_sum(self.unit * u) / self.n)))

    def curvature(self, u: Any, v: Any) -> Any:
        """-(u' d_a) m_b - (u' d_b) m_a + (u' unit) (3 m_a m_b - mean(d_a d_b)), u times w"""
        (d, m), u = self._changes(v), u * self.weight
        along = _sum(u * self.unit)                                         # (r, k, 1)
        first = kernels.matmul(np.ascontiguousarray(u),
                               np.ascontiguousarray(d.transpose(0, 2, 1)))  # (r, k, a)
        m_b = m[:, None, None, :, 0]
        crossed = first[..., None] * m_b
        return (3 * along[..., None] * (m_b.swapaxes(2, 3) * m_b) - crossed
                - crossed.swapaxes(2, 3) - _weighted(np.repeat(along / self.n, self.n, -1), d))

    def bend(self, u: Any, v: Any) -> Any:
        (d, m), u = self._changes(v), u * self.weight
        along = _sum(u * self.unit)
        by_d = ((3 * along * m - _sum(u * d)) * self.unit - along * d) / self.n - m * u
        return self._centred(self.factor * by_d).sum(axis=1)

    def gradient(self, u: Any, u_first: Any, v: Any) -> list[Any]:
        weight = (u * self.unit[:, 0]).sum(axis=0)
        if u_first is not None:
            d, m = self._changes(v)
            weight = weight + (u_first * (d - self.unit * m)).sum(axis=(0, 1))
        return [weight, u.sum(axis=0)] if self.has_bias else [weight]


class Chain(Step):
    """One step after the other; a residual also adds its input."""

    def __init__(self, x: Any, layers: Iterable[AnyLayer], adds: bool = False) -> None:
        x = x.astype(np.float64, copy=False)
        self.steps: list[Step] = []
        self.adds = adds
        self.y = x
        for layer in layers:
            self._append(_own_step(self.y, layer))
            name, parameters = layer._activation
            if name in ("softmax", "log_softmax"):
                self._append(Softmax(self.y, name == "log_softmax"))
            elif name != "identity":
                self._append(Elementwise(self.y, name, parameters))
        if adds:
            self.y = x + self.y

    def _append(self, step: Step) -> None:
        self.steps.append(step)
        self.y = step.y

    def push(self, v: Any) -> Any:
        given = v
        for step in self.steps:
            v = step.push(v)
        return given + v if self.adds else v

    def pull(self, u: Any) -> Any:
        given = u
        for step in reversed(self.steps):
            u = step.pull(u)
        return given + u if self.adds else u

    def _changes(self, v: Any) -> list[Any]:
        """Return the changes that each step gets."""
        changes = [v]
        for step in self.steps[:-1]:
            changes.append(step.push(changes[-1]))
        return changes

    def curvature(self, u: Any, v: Any) -> Any:
        found = 0.0
        for step, change in zip(reversed(self.steps), reversed(self._changes(v)), strict=True):
            found = found + step.curvature(u, change)
            u = step.pull(u)
        return found

    def bend(self, u: Any, v: Any) -> Any:
        found = np.zeros_like(v[:, 0])
        for step, change in zip(reversed(self.steps), reversed(self._changes(v)), strict=True):
            found = step.pull(found[:, None])[:, 0] + step.bend(u, change)
            u = step.pull(u)
        return found

    def gradient(self, u: Any, u_first: Any, v: Any) -> list[Any]:
        changes = [None] * len(self.steps) if u_first is None else self._changes(v)
        found: list[Any] = []
        for step, change in zip(reversed(self.steps), reversed(changes), strict=True):
            found = step.gradient(u, u_first, change) + found
            u = step.pull(u[:, None])[:, 0]
            if u_first is not None:
                u = u + step.bend(u_first, change)
                u_first = step.pull(u_first)
        return found


def _own_step(x: Any, layer: Any) -> Step:
    """Return the step of a layer without its activation."""
    if isinstance(layer, Dense):
        return Affine(x, layer.weight.astype(np.float64), layer.bias.astype(np.float64))
    if isinstance(layer, Residual):
        return Chain(x, layer.layers, adds=True)
    return Normalised(x, layer)
