"""A graph of values as a chain of layers.

Every unit is as deep as the longest way to it. Each depth is a layer, which must have one
activation. What a later layer needs from before goes through: unchanged where there is no
activation, or a Relu and no number is negative; as relu(x) and relu(-x), whose difference is x,
through any other Relu. Both are exact for finite numbers.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import float_dtype
from mathwork._levels import core as kernels
from mathwork.nn.dense import Dense
from mathwork.nn.graph.maps import MOST_ADDED, Budget, Map, MisfitError
from mathwork.nn.graph.nesting import Builder, NoNestError, separated, steps
from mathwork.nn.graph.values import OVER_A_SAMPLE, Axis, Norm, Unit, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from numpy.typing import DTypeLike, NDArray

    from mathwork.nn.residual import AnyLayer

MOST_COMPUTED = 1 << 23         # numbers made of constants alone
MOST_FOLDED = 16                # steps that a constant of the source goes through on average
MOST_INPUTS = 1 << 22           # numbers a sample
# Activations that give no negative number.
NOT_NEGATIVE = ("exp", "hardsigmoid", "relu", "relu6", "sigmoid", "softmax", "softplus")


class Reading:
    """One reading of a source: its inputs, and what it may make of them.

    held    numbers that the source holds; its layers may have `MOST_ADDED` more, and what is
            computed of constants alone `MOST_COMPUTED` and some times as many
    dtype   of the layers, if no weight says otherwise
    """

    def __init__(self, held: int, dtype: DTypeLike = np.float32) -> None:
        self.budget = Budget()
        self._held = held
        self._folded = 0
        self._dtype = np.dtype(dtype)
        self._weights: set[np.dtype[Any]] = set()

    def input(self, lengths: Sequence[int | Axis], where: str) -> Value:
        """An input of the network, with an `Axis` in `lengths` where the samples lie"""
        value = Value(lengths, {}, None, self.budget)
        if value.size > MOST_INPUTS:
            raise MisfitError(f"{where} has samples of more than {MOST_INPUTS} numbers")
        return value.activated(None, where)

    def fold(self, count: int) -> None:
        """Count numbers that were made of constants alone."""
        self._folded += count
        if self._folded > MOST_COMPUTED + MOST_FOLDED * self._held:
            raise MisfitError(f"follows {self._folded} numbers made of constants alone, beside "
                              f"{self._held} that the source holds")

    def linear(self, value: Value, weight: NDArray[Any], where: str, axis: int = -1) -> Value:
        """weight @ the numbers of a sample along an axis; the weight decides the dtype"""
        self._weights.add(weight.dtype)
        return value.linear(weight, where, axis)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the network: the widest of its weights"""
        return np.result_type(*self._weights) if self._weights else self._dtype

    def layers(self, inputs: Iterable[Value], outputs: Iterable[Value],
               dtype: DTypeLike | None = None) -> list[AnyLayer]:
        """The layers from the inputs to the outputs, each one behind the other in a row.

        Weights are rounded to `dtype`, or else to that of the source, once.
        """
        wanted = self.dtype if dtype is None else float_dtype(dtype)
        return _Chain(inputs, outputs, wanted, self._held).layers


class _Place:
    """Where the numbers of a unit lie in the vector between two layers

    start   of x, or of relu(x)
    minus   of relu(-x), or None
    """

    def __init__(self, start: int, minus: int | None = None) -> None:
        self.start, self.minus = start, minus


class _Chain:
    """The layers that compute values from inputs"""

    def __init__(self, inputs: Iterable[Value], outputs: Iterable[Value], dtype: np.dtype[Any],
                 held: int) -> None:
        self._dtype, self._left = dtype, held + MOST_ADDED
        self.layers: list[AnyLayer] = []
        self._places: dict[Unit, _Place] = {}
        self._width = 0
        for value in inputs:
            unit, = value.terms
            self._places[unit] = _Place(self._width)
            self._width += unit.width
        self._last = list(outputs)
        depths = self._depths()
        if self._nested(depths):
            return
        places, width, left = self._places, self._width, self._left
        try:
            self._by_depth(depths)
        except MisfitError:
            # x + f(x) may begin at a product: make each of them a unit of its own.
            self.layers, self._places, self._width, self._left = [], places, width, left
            self._last = separated(self._last, depths)
            if not self._nested(self._depths()):
                raise

    def _nested(self, depths: dict[Unit, int]) -> bool:
        """Whether layers one behind the other and residuals hold the graph; they are made then"""
        if not len(self._places) == len(self._last) == 1:
            return False
        start, = self._places
        try:
            self._check_units(depths)
            found = steps(self._last[0], start, depths)
            self.layers = Builder(self._rounded, self._count).layers(found, start.width)
        except NoNestError:
            pass
        return bool(self.layers)

    def _by_depth(self, depths: dict[Unit, int]) -> None:
        # The deepest use of each unit; the end is deeper than any unit.
        end = max(depths.values(), default=0) + 1
        uses = dict.fromkeys(depths, 0)
        for unit, depth in depths.items():
            for before in ({} if unit.source is None else unit.source.terms):
                uses[before] = max(uses[before], depth)
        for value in self._last:
            for before in value.terms:
                uses[before] = end
        for depth in range(1, end):
            self._layer([unit for unit in depths if depths[unit] == depth],
                        [unit for unit in self._places if uses.get(unit, 0) > depth])
        self._end()

    def _depths(self) -> dict[Unit, int]:
        """{unit: its depth} of all that the outputs need"""
        depths: dict[Unit, int] = {}
        waiting = [unit for value in self._last for unit in value.terms][::-1]
        while waiting:
            unit = waiting[-1]
            before = [] if unit.source is None or unit.activation is None else [*unit.source.terms]
            missing = [each for each in before if each not in depths]
            if unit in depths or missing:
                if unit in depths:
                    waiting.pop()
                waiting += reversed(missing)
                continue
            if unit.activation is None and unit not in self._places:
                raise MisfitError(f"needs {unit.where}, which is none of the inputs")
            depths[unit] = (0 if unit.activation is None
                            else 1 + max((depths[each] for each in before), default=0))
            waiting.pop()
        return depths

    @staticmethod
    def _check_units(units: Iterable[Unit]) -> None:
        """Raise unless every unit is an activation that the package has"""
        for unit in units:
            if unit.activation is None or isinstance(unit.activation, Norm):
                continue
            name = unit.activation[0] if isinstance(unit.activation, tuple) else unit.activation
            if name not in kernels.activation_codes:
                raise MisfitError(f"{unit.where} is no activation of a network, also not as a "
                                  "part of one that is written out")

    def _layer(self, units: list[Unit], kept: list[Unit]) -> None:
        """Append a layer that computes `units`, and lets `kept` through"""
        activation = self._activation(units, kept)
        rows: list[tuple[Value, float]] = []
        places: dict[Unit, _Place] = {}
        width = 0
        for unit in (*units, *kept):
            let_through = unit in kept
            value: Any = (Value((unit.width,), {unit: Map()}, None, Budget()) if let_through
                          else unit.source)
            negative = unit.activation not in NOT_NEGATIVE if let_through else (
                unit.activation == "identity")
            both = activation == "relu" and negative
            rows += [(value, 1.0), (value, -1.0)] if both else [(value, 1.0)]
            places[unit] = _Place(width, width + unit.width if both else None)
            width += unit.width * (2 if both else 1)
        self._dense(rows, activation)
        self._places, self._width = places, width

    @staticmethod
    def _activation(units: list[Unit], kept: list[Unit]) -> Any:
        """The one activation of a layer"""
        if all(isinstance(unit.activation, tuple) and unit.activation[0] == "prelu"
               for unit in units) and not kept:
            return "prelu", tuple(each for unit in units for each in unit.activation[1])
        activations = {unit.activation for unit in units}
        alone = len(activations) == 1 and not kept
        norm = next((unit for unit in units if isinstance(unit.activation, Norm)), None)
        if norm is not None:
            raise MisfitError(f"{norm.where} is a normalisation beside branches, which layers "
                              "hold only as x + f(x)")
        activation = activations - {"identity"} or activations
        first = next(unit for unit in units if unit.activation in activation)
        if alone and (len(units) == 1 or first.activation not in OVER_A_SAMPLE):
            return first.activation
        if len(activation) == 1 and first.activation in ("identity", "relu"):
            return first.activation
        other = next((unit for unit in (*units, *kept) if unit is not first), first)
        raise MisfitError(f"{first.where} lies beside {other.where}, whose numbers are needed "
                          "after it: a chain of layers holds such branches only beside Relu. "
                          "Name an output that needs one of them alone")

    def _end(self) -> None:
        """Append a layer without activation, unless the last one gives the outputs as they are"""
        units = [unit for value in self._last for unit in value.terms]
        if not units:
            raise MisfitError("does not depend on the input")
        start, plain = 0, True
        for value in self._last:
            place = _Place(-1)
            for unit, each in value.terms.items():
                place = self._places[unit]
                plain = (plain and value.size == unit.width
                         and each.simplified(unit.width).is_plain)
            plain = (plain and len(value.terms) == 1 and place.start == start
                     and place.minus is None and (value.bias is None or not value.bias.any()))
            start += value.size
        if plain and start == self._width:
            if not self.layers:
                raise MisfitError("the network has no linear layer")
            return
        self._dense([(value, 1.0) for value in self._last], "identity")

    # ---- numbers ----

    def _count(self, parameters: int) -> None:
        self._left -= parameters
        if self._left < 0:
            raise MisfitError(f"the network would need more than {MOST_ADDED} parameters beside "
                              "those that its source holds")
        if not parameters:
            raise MisfitError("a layer of the network has no outputs")

    def _dense(self, rows: list[tuple[Value, float]], activation: Any) -> None:
        count = sum(value.size for value, _ in rows)
        self._count(count * (self._width + 1))
        weight, bias = self._arrays(rows, count)
        if not np.isfinite(weight).all() and all(
                each.finite() for value, _ in rows for each in value.terms.values()):
            raise self._too_large()
        self.layers.append(Dense(self._rounded(weight), self._rounded(bias), activation))

    def _arrays(self, rows: list[tuple[Value, float]], count: int
                ) -> tuple[NDArray[Any], NDArray[Any]]:
        bias = np.zeros(count)
        if len(rows) == 1 and len(rows[0][0].terms) == 1:
            value, _ = rows[0]
            (unit, each), = value.terms.items()
            place = self._places[unit]
            if place.start == 0 and place.minus is None and unit.width == self._width:
                each = each.simplified(unit.width if each.matrix is None else len(each.matrix))
                return each.dense(unit.width), bias if value.bias is None else value.bias
        weight = np.zeros((count, self._width))
        start = 0
        for value, sign in rows:
            part = slice(start, start + value.size)
            for unit, each in value.terms.items():
                matrix = each.dense(unit.width) * sign
                place = self._places[unit]
                weight[part, place.start:place.start + unit.width] += matrix
                if place.minus is not None:
                    weight[part, place.minus:place.minus + unit.width] -= matrix
            if value.bias is not None:
                bias[part] = sign * value.bias
            start += value.size
        return weight, bias

    def _rounded(self, array: NDArray[Any]) -> NDArray[Any]:
        """In the dtype of the network; a finite number must not become infinite"""
        rounded = array.astype(self._dtype)
        if (np.isinf(rounded) & np.isfinite(array)).any():
            raise self._too_large()
        return rounded

    def _too_large(self) -> MisfitError:
        return MisfitError(f"a weight or bias is too large for {self._dtype} once its scales are "
                      "multiplied in" + ("" if self._dtype == np.float64 else
                                         ": read the network with dtype=numpy.float64"))
