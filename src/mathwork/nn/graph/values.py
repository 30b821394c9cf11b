"""A tensor of samples on its way through a network."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import broadcast_shape
from mathwork.nn.graph.maps import Budget, Map, MisfitError, stacked, total

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    _Array: TypeAlias = NDArray[Any]
    _Lengths: TypeAlias = "tuple[int | Axis, ...]"

# Activations that take all numbers of a sample together.
OVER_A_SAMPLE = ("softmax", "log_softmax")


# Units that are only parts of activations which are written out.
PARTS = ("1/sqrt", "erf", "log(sum(exp))", "max", "sqrt", "x^2", "x^3")


class Norm:
    """A normalisation in place of an activation: `kind` is layer_norm or rms_norm"""

    def __init__(self, kind: str, eps: float, weight: _Array, bias: _Array) -> None:
        self.kind, self.eps, self.weight, self.bias = kind, eps, weight, bias


class Axis:
    """An axis along which samples lie; `declared` is its length, or 0 if any length will do."""

    def __init__(self, declared: int = 0) -> None:
        self.declared = declared

    def __repr__(self) -> str:
        return str(self.declared or "n")


class Unit:
    """A vector of numbers a sample: an activation of a value, or an input of the network.

    activation  its name, or the pair with its parameter; None for an input
    source      the value that it is the activation of
    width       how many numbers
    where       the node that it comes from
    """

    def __init__(self, activation: Any, source: Value | None, width: int, where: str) -> None:
        self.activation, self.source, self.width = activation, source, width
        self.where = where


class Value:
    """A tensor of samples: an affine image of the units before it.

    lengths     of its axes; an `Axis` where samples lie
    terms       the map from each unit, with a row for each number of a sample in C order
    bias        what is added to them, float64; None is zero
    """

    def __init__(self, lengths: Sequence[int | Axis], terms: dict[Unit, Map],
                 bias: _Array | None, budget: Budget) -> None:
        self.lengths, self.terms, self.bias = tuple(lengths), terms, bias
        self.budget = budget
        budget.hold(sum(each.held for each in terms.values()) + (0 if bias is None else bias.size))
        # What it is: (v, s) for s times the sum of v; v for v - mean(v)
        self.sum_of: tuple[Value, float] | None = None
        self.centred: Value | None = None
        self._unit: Value | None = None         # what `settled` gave

    # ---- its axes ----

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample"""
        return tuple(each for each in self.lengths if not isinstance(each, Axis))

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def rank(self) -> int:
        return len(self.lengths)

    def within(self, axis: int) -> int:
        """The axis of a sample that is this axis of the tensor"""
        counted = axis + self.rank if axis < 0 else axis
        if not 0 <= counted < self.rank:
            raise MisfitError(f"has axis {axis}, and its input {self.rank} axes")
        if isinstance(self.lengths[counted], Axis):
            raise MisfitError(f"works along axis {axis}, where the samples lie")
        return sum(not isinstance(each, Axis) for each in self.lengths[:counted])

    def _with(self, lengths: Sequence[int | Axis], terms: dict[Unit, Map], bias: _Array | None
              ) -> Value:
        return Value(lengths, terms, bias, self.budget)

    def of_lengths(self, lengths: Sequence[int | Axis]) -> Value:
        """The same numbers in the same order under other lengths"""
        if tuple(lengths) == self.lengths:
            return self
        return self._with(lengths, self.terms, self.bias)

    def arranged(self, arrange: Callable[[_Array], _Array],
                 lengths: Sequence[int | Axis] | None = None) -> Value:
        """The numbers in the order that `arrange` gives to an array of indices like a sample.

        An index of -1 is the number 0. Without `lengths`, only the lengths of a sample change.
        """
        self.budget.move(self.size)
        return self.taken(arrange(np.arange(self.size).reshape(self.shape)), lengths)

    def taken(self, index: _Array, lengths: Sequence[int | Axis] | None = None) -> Value:
        """The numbers at these places of a sample in C order, as `arranged` says"""
        self.budget.widen(max(0, index.size - self.size))
        self.budget.move(index.size)
        if index.size and not self.size:
            raise MisfitError("takes samples that hold no numbers")
        if lengths is None:
            new = iter(index.shape)
            lengths = [each if isinstance(each, Axis) else next(new) for each in self.lengths]
        flat = index.ravel()
        if len(flat) == self.size and (flat == np.arange(self.size)).all():
            return self.of_lengths(lengths)
        bias = None if self.bias is None else np.where(flat >= 0, self.bias[flat], 0.0)
        return self._with(lengths, {unit: each.rows(flat) for unit, each in self.terms.items()},
                          bias)

    def transposed(self, order: Sequence[int]) -> Value:
        if sorted(order) != list(range(self.rank)):
            raise MisfitError(f"has the order of axes {list(order)} for {self.rank} axes")
        places = [axis for axis, each in enumerate(self.lengths) if not isinstance(each, Axis)]
        inner = [places.index(axis) for axis in order if axis in places]
        return self.arranged(lambda index: index.transpose(inner),
                             [self.lengths[axis] for axis in order])

    def chosen(self, indices: Any, axis: int) -> Value:
        """The numbers at these indices along an axis; a single index leaves the axis out"""
        inner = self.within(axis)
        axis += self.rank if axis < 0 else 0
        length = self.shape[inner]
        indices = np.asarray(indices)
        if indices.size and not (-length <= indices.min() and indices.max() < length):
            raise MisfitError(f"chooses number {int(indices.max())} of {length}")
        others = math.prod(self.shape[:inner] + self.shape[inner + 1:])
        self.budget.look(indices.size * max(others, 1) - self.size)
        lengths = [*self.lengths[:axis], *indices.shape, *self.lengths[axis + 1:]]
        return self.arranged(lambda index: np.take(index, indices % max(length, 1), inner),
                             lengths)

    def sliced(self, part: slice, axis: int) -> Value:
        axis += self.rank if axis < 0 else 0
        if part.start in (None, 0) and part.step in (None, 1) and (
                part.stop is None or part.stop >= 2**31 - 1):
            return self             # also along an axis of samples
        inner = self.within(axis)
        return self.arranged(lambda index: index[(slice(None),) * inner + (part,)])

    def reshaped(self, target: Sequence[int | Axis], keep_zeros: bool = False) -> Value:
        """The same numbers under other lengths: -1 is what remains, 0 the length that was there.

        The axes of the samples must stay, each behind as many numbers of a sample as before.
        """
        wanted = f"to the shape {short_lengths(target)} does not leave one row a sample"
        lengths: list[int | Axis] = list(target)
        if lengths.count(-1) > 1:
            raise MisfitError(wanted)
        for place, each in enumerate(lengths):
            if each == 0 and not keep_zeros:
                if place >= self.rank:
                    raise MisfitError(wanted)
                lengths[place] = self.lengths[place]
        axes = [each for each in self.lengths if isinstance(each, Axis)]
        for found in _placements(lengths, axes):
            filled = _filled(found, self.size)
            if filled is not None and self._leads(filled) == self._leads(self.lengths):
                return self.of_lengths(filled)
        raise MisfitError(wanted)

    @staticmethod
    def _leads(lengths: Iterable[int | Axis]) -> list[int]:
        """How many numbers of a sample the axes before each Axis hold"""
        product, leads = 1, []
        for each in lengths:
            if isinstance(each, Axis):
                leads.append(product)
            else:
                product *= each
        return leads

    def squeezed(self, axes: Iterable[int] | None) -> Value:
        if axes is None:
            axes = [axis for axis, each in enumerate(self.lengths)
                    if (each.declared if isinstance(each, Axis) else each) == 1]
        axes = [axis + self.rank if axis < 0 else axis for axis in axes]
        for axis in axes:
            if self.shape[self.within(axis)] != 1:
                raise MisfitError(f"takes away axis {axis} of length {self.lengths[axis]}")
        return self.of_lengths([each for axis, each in enumerate(self.lengths)
                                if axis not in axes])

    def unsqueezed(self, axes: Iterable[int]) -> Value:
        axes = list(axes)
        rank = self.rank + len(axes)
        axes = sorted(axis + rank if axis < 0 else axis for axis in axes)
        lengths = list(self.lengths)
        for axis in axes:
            if not 0 <= axis < rank or axes.count(axis) > 1:
                raise MisfitError(f"puts in the axes {axes} of {rank}")
            lengths.insert(axis, 1)
        return self.of_lengths(lengths)

    # ---- affine steps ----

    def _beside(self, array: _Array) -> tuple[Value, _Array]:
        """This value and a constant, broadcast to each other; the constant flat"""
        rank = max(self.rank, array.ndim)
        lengths = [1] * (rank - self.rank) + list(self.lengths)
        array = one_sample(array.reshape((1,) * (rank - array.ndim) + array.shape), lengths)
        shape = tuple(each for each in lengths if not isinstance(each, Axis))
        try:
            common = broadcast_shape(shape, array.shape)
        except ValueError:
            raise MisfitError(f"takes a constant of shape {array.shape} beside samples of shape "
                              f"{shape}") from None
        self.budget.widen(max(0, math.prod(common) - self.size - array.size))
        inner = iter(common)
        lengths = [each if isinstance(each, Axis) else next(inner) for each in lengths]
        value = self.arranged(lambda index: np.broadcast_to(index.reshape(shape), common), lengths)
        return value, np.broadcast_to(array, common).ravel()

    def plus(self, array: _Array) -> Value:
        """Add a constant, which must be the same for every sample"""
        value, flat = self._beside(np.asarray(array, np.float64))
        return value._with(value.lengths, value.terms,
                           flat if value.bias is None else value.bias + flat)

    def times(self, array: _Array) -> Value:
        """Multiply by a constant, which must be the same for every sample"""
        value, flat = self._beside(np.asarray(array, np.float64))
        if not np.isfinite(flat).all():
            raise MisfitError("scales by a number that is not finite")
        if value.terms and (flat == 1).all():
            return value
        result = value._with(
            value.lengths, {unit: each.scaled(flat) for unit, each in value.terms.items()},
            None if value.bias is None else finite(value.bias * flat, value.bias))
        if self.sum_of is not None and flat.size == 1:
            result.sum_of = self.sum_of[0], self.sum_of[1] * float(flat[0])
        return result

    def add(self, other: Value, where: str = "a sum") -> Value:
        """The sum of two values; a sum of numbers from several units is a unit of its own"""
        first, second = (self._unit or self).together(other._unit or other)
        terms = dict(first.terms)
        for unit, each in second.terms.items():
            terms[unit] = (total(terms[unit], each, unit.width, self.budget) if unit in terms
                           else each)
        if first.bias is None or second.bias is None:
            bias = second.bias if first.bias is None else first.bias
        else:
            bias = first.bias + second.bias
        result = self._with(first.lengths, terms, bias)
        if result._adds_units() and not any(unit.activation in PARTS for unit in terms):
            return result.settled(where)
        return result

    def together(self, other: Value) -> tuple[Value, Value]:
        """The two broadcast to each other"""
        if self.lengths == other.lengths:
            return self, other
        rank = max(self.rank, other.rank)
        both = [(*(1,) * (rank - each.rank), *each.lengths) for each in (self, other)]
        lengths = [_common(*pair) for pair in zip(*both, strict=True)]
        shape = [each for each in lengths if not isinstance(each, Axis)]
        self.budget.widen(max(0, 2 * math.prod(shape) - self.size - other.size))
        results = []
        for value, own in zip((self, other), both, strict=True):
            inner = [each for each, length in zip(own, lengths, strict=True)
                     if not isinstance(length, Axis)]
            index = np.arange(value.size).reshape(inner)            # type: ignore[arg-type]
            results.append(value.taken(np.broadcast_to(index, shape), lengths))
        return results[0], results[1]

    def linear(self, weight: _Array, where: str, axis: int = -1) -> Value:
        """weight @ the numbers along an axis, which becomes as long as the weight has rows"""
        inner = self.within(axis)
        axis += self.rank if axis < 0 else 0
        if weight.shape[1] != self.shape[inner]:
            raise MisfitError(f"takes samples of {weight.shape[1]} numbers, they have "
                              f"{self.shape[inner]}")
        moved = self.arranged(lambda index: np.moveaxis(index, inner, -1),
                              [*self.lengths[:axis], *self.lengths[axis + 1:], self.lengths[axis]])
        several = self.size // weight.shape[1]
        if several > 1:
            self.budget.make(several**2 * weight.size)
            weight = np.kron(np.eye(several, dtype=weight.dtype), weight)
        lengths = [*moved.lengths[:-1], len(weight) // several]
        result = moved._product(weight, where).of_lengths(lengths)
        back = list(range(result.rank - 1))
        back.insert(axis, result.rank - 1)
        return result.transposed(back)

    def summed(self, axis: int) -> Value:
        """The sum along an axis, which becomes 1 long"""
        inner = self.within(axis)
        axis += self.rank if axis < 0 else 0
        lengths = [*self.lengths[:axis], *self.lengths[axis + 1:]]
        moved = self.arranged(lambda index: np.moveaxis(index, inner, -1),
                              [*lengths, self.lengths[axis]])
        count = self.shape[inner]
        several = self.size // max(count, 1)
        terms = {}
        for unit, each in moved.terms.items():
            self.budget.make(self.size * unit.width)
            rows = each.dense(unit.width).astype(np.float64).reshape(several, count, unit.width)
            terms[unit] = Map(rows.sum(1))
        bias = None if moved.bias is None else moved.bias.reshape(several, count).sum(1)
        result = self._with([*self.lengths[:axis], 1, *self.lengths[axis + 1:]], terms, bias)
        result.sum_of = self, 1.0
        return result

    def _product(self, weight: _Array, where: str) -> Value:
        if (any(each.matrix is not None for each in self.terms.values()) or self._adds_units()
                or self._scales_a_norm()):
            return self.settled(where)._product(weight, where)
        terms = {}
        for unit, each in self.terms.items():
            each = each.simplified(unit.width)
            self.budget.make(max(0, len(weight) * unit.width - weight.size))
            product = each.times(weight, unit.width)
            terms[unit] = Map(product if each.scale is None else finite(product, weight))
        bias = None if self.bias is None else finite(weight.astype(np.float64) @ self.bias,
                                                     weight, self.bias)
        return self._with((len(weight),), terms, bias)

    def _adds_units(self) -> bool:
        """Whether a number is the sum of numbers of several units"""
        if len(self.terms) < 2:
            return False
        count = sum((np.ones(self.size, int) if each.take is None else (each.take >= 0).astype(int)
                     for each in self.terms.values()), np.zeros(self.size, int))
        return bool((count > 1).any())

    def _scales_a_norm(self) -> bool:
        """Whether it is a normalisation with a scale or a bias, which belong to that layer"""
        return any(isinstance(unit.activation, Norm) and each.take is None
                   and (each.scale is not None or self.bias is not None)
                   for unit, each in self.terms.items())

    def settled(self, where: str) -> Value:
        """The same numbers as a unit of their own, always the same one"""
        if self._unit is None:
            self._unit = self.activated("identity", where)
        return self._unit

    # ---- activations ----

    def activated(self, activation: Any, where: str) -> Value:
        unit = Unit(activation, self, self.size, where)
        return self._with(self.lengths, {unit: Map()}, None)

    def normalized(self, kind: str, eps: float, where: str, weight: _Array | None = None,
                   bias: _Array | None = None) -> Value:
        """layer_norm or rms_norm of all numbers of a sample"""
        ones, zeros = np.ones(self.size), np.zeros(self.size)
        norm = Norm(kind, eps, ones if weight is None else weight, zeros if bias is None else bias)
        return self.activated(norm, where)

    def over_a_sample(self, activation: str, axis: int, where: str) -> Value:
        """softmax or log_softmax along an axis, which must be all that a sample has"""
        if self.shape[self.within(axis)] != self.size:
            raise MisfitError(f"has axis {axis}, which is not that of one sample")
        return self.activated(activation, where)

    def unit(self, activation: str) -> Unit | None:
        """The unit of this activation that this value is, or None"""
        if len(self.terms) != 1 or (self.bias is not None and self.bias.any()):
            return None
        (unit, each), = self.terms.items()
        plain = each.simplified(unit.width).is_plain
        return unit if plain and unit.activation == activation else None


def finite(result: _Array, *sources: _Array) -> _Array:
    """The result, which must be finite where its sources are"""
    if not np.isfinite(result).all() and all(np.isfinite(each).all() for each in sources):
        raise MisfitError("gives a number that is too large for float64")
    return result


def short_lengths(lengths: Iterable[int | Axis]) -> str:
    texts = [str(each) for each in lengths]
    return f"[{', '.join(texts if len(texts) <= 8 else [*texts[:8], '...'])}]"


def one_sample(array: _Array, lengths: Sequence[int | Axis]) -> _Array:
    """What a constant holds for every sample: its part without the axes of samples"""
    for axis in reversed([axis for axis, each in enumerate(lengths) if isinstance(each, Axis)]):
        first = array.take([0], axis) if array.shape[axis] else array
        along = lengths[axis]
        if array.shape[axis] != 1 and not (
                array.shape[axis] == along.declared                     # type: ignore[union-attr]
                and np.array_equal(array, np.broadcast_to(first, array.shape))):
            raise MisfitError(f"takes a constant of shape {array.shape}, which differs from "
                              "sample to sample")
        array = first.squeeze(axis)
    return array


def _common(first: int | Axis, second: int | Axis) -> int | Axis:
    if first is second or second == 1:
        return first
    if first == 1:
        return second
    if isinstance(first, Axis) or isinstance(second, Axis) or first != second:
        raise MisfitError(f"takes axes of lengths {first} and {second} together")
    return first


def _placements(target: list[int | Axis], axes: list[Axis]) -> Iterable[list[int | Axis]]:
    """`target` with each of the axes that it lacks put where it may be meant"""
    missing = [each for each in axes if each not in target]
    if not missing:
        yield target
        return
    axis = missing[0]
    for meant in (-1, axis.declared or None):
        for place, each in enumerate(target):
            if each == meant:
                yield from _placements([*target[:place], axis, *target[place + 1:]], axes)


def _filled(lengths: list[int | Axis], size: int) -> list[int | Axis] | None:
    """`lengths` with a -1 replaced, if they are those of a sample of `size` numbers"""
    known = [each for each in lengths if not isinstance(each, Axis) and each != -1]
    product = math.prod(known)
    if any(each < 0 for each in known) or lengths.count(-1) > 1:
        return None
    if -1 in lengths and product and size % product == 0:
        place = lengths.index(-1)
        return [*lengths[:place], size // product, *lengths[place + 1:]]
    return lengths if product == size and -1 not in lengths else None


def concatenate(values: Sequence[Value | _Array], axis: int) -> Value:
    """Values and constants one behind the other along an axis, at least one of them a value"""
    first = next(each for each in values if isinstance(each, Value))
    inner = first.within(axis)
    axis += first.rank if axis < 0 else 0
    parts = [each if isinstance(each, Value) else constant(each, first.lengths, first.budget)
             for each in values]
    for part in parts:
        if part.rank != first.rank or any(
                one is not other for place, (one, other) in enumerate(zip(
                    part.lengths, first.lengths, strict=True)) if place != axis and one != other):
            raise MisfitError(f"puts samples of shape {short_lengths(part.lengths)} behind such "
                              f"of shape {short_lengths(first.lengths)}")
    if len(parts) == 1:
        return first
    sizes = [part.size for part in parts]
    first.budget.widen(sum(sizes) - max(sizes))
    # All one behind the other, and then in the order of the result.
    starts = np.cumsum([0, *sizes])
    index = np.concatenate([start + np.arange(part.size).reshape(part.shape)
                            for start, part in zip(starts, parts, strict=False)], inner)
    terms = {}
    for unit in dict.fromkeys(unit for part in parts for unit in part.terms):
        terms[unit] = stacked([(part.terms.get(unit), part.size) for part in parts], unit.width,
                              first.budget)
    bias = None
    if any(part.bias is not None for part in parts):
        bias = np.concatenate([np.zeros(part.size) if part.bias is None else part.bias
                               for part in parts])
    lengths = list(first.lengths)
    lengths[axis] = index.shape[inner]
    rows = Value([index.size], terms, bias, first.budget)
    return rows.arranged(lambda _: index.ravel()).of_lengths(lengths)


def constant(array: _Array, lengths: Sequence[int | Axis], budget: Budget) -> Value:
    """A constant as a value with the axes of samples of `lengths`"""
    array = np.asarray(array, np.float64)
    if array.ndim != len(lengths):
        raise MisfitError(f"takes a constant of shape {array.shape} beside samples of shape "
                          f"{short_lengths(lengths)}")
    for place, each in enumerate(lengths):
        if isinstance(each, Axis) and array.shape[place] == 1 and each.declared not in (0, 1):
            raise MisfitError(f"takes a constant of shape {array.shape} for {each.declared} "
                              "samples")
    flat = one_sample(array, lengths)
    own = list(array.shape)
    return Value([each if isinstance(each, Axis) else length
                  for each, length in zip(lengths, own, strict=True)], {}, flat.ravel(), budget)
