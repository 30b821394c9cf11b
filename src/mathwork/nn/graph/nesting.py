"""A graph of values as layers one behind the other, with sums `x + f(x)` as residuals."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork.nn.dense import Dense
from mathwork.nn.graph.maps import Map, MisfitError
from mathwork.nn.graph.values import Norm, Unit, Value
from mathwork.nn.norms import LayerNorm, RMSNorm
from mathwork.nn.residual import MOST_NESTED, Residual

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from mathwork.nn.residual import AnyLayer

    _Array = NDArray[Any]


class NoNestError(Exception):
    """The graph has branches that are no residuals."""


class _Linear:
    """A step: a matrix, as a map from `width` numbers, and a bias"""

    def __init__(self, rows: Map, bias: _Array | None, width: int) -> None:
        self.rows, self.bias, self.width = rows, bias, width


def steps(value: Value, start: Unit, depths: Mapping[Unit, int], nested: int = 0) -> list[Any]:
    """What leads from `start` to the value: linear steps, units, and lists of steps as residuals"""
    if nested > MOST_NESTED:
        raise NoNestError
    found: list[Any] = []
    while True:
        if len(value.terms) == 1:
            (unit, each), = value.terms.items()
            each = each.simplified(unit.width if each.matrix is None else len(each.matrix))
            bias = value.bias if value.bias is not None and value.bias.any() else None
            if not each.is_plain or bias is not None:
                found.append(_Linear(each, bias, unit.width))
        else:
            unit, inner = _residual(value, depths)
            found.append(steps(inner, unit, depths, nested + 1)[::-1])
        if unit is start:
            return found
        if unit.source is None or unit.activation is None or depths[unit] <= depths[start]:
            raise NoNestError
        found.append(unit)
        value = unit.source


def _residual(value: Value, depths: Mapping[Unit, int]) -> tuple[Unit, Value]:
    """(the unit of x, f(x)) of a value x + f(x)"""
    if len(value.terms) != 2:
        raise NoNestError
    before, last = sorted(value.terms, key=depths.__getitem__)
    if depths[before] == depths[last] or not (
            value.size == before.width and value.terms[before].simplified(before.width).is_plain):
        raise NoNestError
    return before, Value((value.size,), {last: value.terms[last]}, value.bias, value.budget)


def separated(values: Iterable[Value], depths: Mapping[Unit, int]) -> list[Value]:
    """The same values with every product of a matrix as a unit without activation of its own

    The product takes the bias of the first value that it is without a scale.
    """
    new: dict[Unit, Unit] = {}
    products: dict[tuple[Unit, int], Unit] = {}

    def rewritten(value: Value, where: str) -> Value:
        terms: dict[Unit, Map] = {}
        bias = value.bias
        for unit, each in value.terms.items():
            if each.matrix is None:
                terms[new[unit]] = each
                continue
            key = unit, id(each.matrix)
            count = len(each.matrix)
            plain = len(value.terms) == 1 and Map(None, each.take, each.scale).simplified(
                count).is_plain
            if key not in products:
                source = Value((count,), {new[unit]: Map(each.matrix)}, bias if plain else None,
                               value.budget)
                products[key] = Unit("identity", source, count, where)
            product = products[key]
            terms[product] = Map(None, each.take, each.scale)
            if product.source is not None and product.source.bias is not None:
                shift = terms[product].of(product.source.bias)
                bias = -shift if bias is None else bias - shift
        return Value(value.lengths, terms, bias, value.budget)

    for unit in sorted(depths, key=depths.__getitem__):
        new[unit] = unit if unit.source is None or unit.activation is None else Unit(
            unit.activation, rewritten(unit.source, unit.where), unit.width, unit.where)
    return [rewritten(value, "an output") for value in values]


class Builder:
    """Layers of steps, in the dtype that `rounded` rounds to; `count` is told of parameters"""

    def __init__(self, rounded: Callable[[_Array], _Array], count: Callable[[int], None]) -> None:
        self._rounded, self._count = rounded, count

    def layers(self, found: list[Any], width: int) -> list[AnyLayer]:
        """Layers of the steps from the last to the first, for an input of `width` numbers"""
        layers: list[AnyLayer] = []
        for step in reversed(found):
            if isinstance(step, _Linear):
                width = self._linear(layers, step)
            elif isinstance(step, list):
                layers.append(Residual(self.layers(step[::-1], width)
                                       or [self._identity(width, "identity")]))
            elif isinstance(step.activation, Norm):
                layers.append(self._norm(step.activation))
            elif step.activation != "identity":
                self._activate(layers, step.activation, width)
        return layers

    def _linear(self, layers: list[AnyLayer], step: _Linear) -> int:
        if layers and step.rows.matrix is None and step.rows.take is None and (
                self._into_norm(layers, step)):
            return step.width
        rows = step.rows
        count = (len(rows.take) if rows.take is not None else
                 step.width if rows.matrix is None else len(rows.matrix))
        self._count(count * (step.width + 1))
        weight = rows.dense(step.width)
        if rows.finite() and not np.isfinite(weight).all():
            raise MisfitError("a weight is too large for float64 once its scales are multiplied in")
        bias = np.zeros(count) if step.bias is None else step.bias
        layers.append(Dense(self._rounded(weight), self._rounded(bias)))
        return count

    def _into_norm(self, layers: list[AnyLayer], step: _Linear) -> bool:
        """Multiply scales and a bias into the norm just before, if there is one"""
        last = layers[-1]
        scale = np.ones(step.width) if step.rows.scale is None else step.rows.scale
        if isinstance(last, LayerNorm) and last.activation == "identity":
            bias = last.bias * scale + (0 if step.bias is None else step.bias)
            layers[-1] = LayerNorm(self._rounded(last.weight * scale), self._rounded(bias),
                                   last.eps)
            return True
        if isinstance(last, RMSNorm) and last.activation == "identity" and step.bias is None:
            layers[-1] = RMSNorm(self._rounded(last.weight * scale), last.eps)
            return True
        return False

    def _norm(self, norm: Norm) -> AnyLayer:
        weight = self._rounded(norm.weight)
        self._count(2 * len(weight))
        return (LayerNorm(weight, self._rounded(norm.bias), norm.eps)
                if norm.kind == "layer_norm" else RMSNorm(weight, norm.eps))

    def _activate(self, layers: list[AnyLayer], activation: Any, width: int) -> None:
        last = layers[-1] if layers else None
        if last is None or last.activation != "identity":
            layers.append(self._identity(width, activation))
        elif isinstance(last, Dense):
            layers[-1] = Dense(last.weight, last.bias, activation)
        elif isinstance(last, LayerNorm):
            layers[-1] = LayerNorm(last.weight, last.bias, last.eps, activation)
        elif isinstance(last, RMSNorm):
            layers[-1] = RMSNorm(last.weight, last.eps, activation)
        else:
            layers[-1] = Residual(last.layers, activation)

    def _identity(self, width: int, activation: Any) -> Dense:
        self._count(width * (width + 1))
        return Dense(self._rounded(np.eye(width)), None, activation)
