"""The rows of an affine image of one vector."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    _Array = NDArray[Any]

# Most numbers that a source does not hold itself, so that a small file cannot ask for all memory.
MOST_ADDED = 1 << 24
MOST_MOVED = 1 << 27            # numbers in all steps that put them in another order
MOST_WIDER = 1 << 22            # numbers by which all steps widen samples: zeros, and copies
MOST_HELD = 1 << 24             # numbers that all tensors of samples hold


class MisfitError(ValueError):
    """What a node computes is no network; the words go behind the name of the node."""


class Budget:
    """Numbers that were made beside those that the source holds."""

    def __init__(self) -> None:
        self._made = self._wider = self._moved = self._held = 0

    def make(self, count: int) -> None:
        """Count numbers of matrices."""
        self._made += count
        self._look(self._made, MOST_ADDED)

    def widen(self, count: int) -> None:
        """Count numbers by which samples grow."""
        self._wider += count
        self._look(self._wider, MOST_WIDER)

    def look(self, count: int) -> None:
        """Raise unless samples may grow so: before an array of them is made."""
        self._look(self._wider + count, MOST_WIDER)

    @staticmethod
    def _look(count: int, most: int) -> None:
        if count > most:
            raise MisfitError(f"would need more than {most} numbers beside those that the source "
                              "holds")

    def move(self, count: int) -> None:
        self._moved += count
        if self._moved > MOST_MOVED:
            raise MisfitError("comes after too many steps that put numbers in another order")

    def hold(self, count: int) -> None:
        self._held += count
        if self._held > MOST_HELD:
            raise MisfitError("comes after too many steps with large samples")


class Map:
    """The rows ``scale[i] * matrix[take[i]]``.

    matrix  one column for each number of the vector; None is the identity matrix
    take    None takes every row in its order; -1 is a row of zeros
    scale   float64; None is 1 everywhere
    """

    __slots__ = ("matrix", "scale", "take")

    def __init__(self, matrix: _Array | None = None, take: _Array | None = None,
                 scale: _Array | None = None) -> None:
        self.matrix, self.take, self.scale = matrix, take, scale

    @property
    def held(self) -> int:
        """How many numbers it holds beside the matrix"""
        return sum(part.size for part in (self.take, self.scale) if part is not None)

    @property
    def is_plain(self) -> bool:
        """Whether it is the identity"""
        return self.matrix is None and self.take is None and self.scale is None

    def rows(self, index: _Array) -> Map:
        """The rows of these numbers; -1 is a row of zeros"""
        kept = index >= 0
        take = index if self.take is None else np.where(kept, self.take[index], -1)
        scale = None if self.scale is None else np.where(kept, self.scale[index], 0.0)
        return Map(self.matrix, take, scale)

    def scaled(self, factors: _Array) -> Map:
        scale = factors if self.scale is None else self.scale * factors
        if not np.isfinite(scale).all():
            raise MisfitError("scales by a number that is not finite")
        return Map(self.matrix, self.take, scale)

    def simplified(self, count: int) -> Map:
        """The same without a `take` of all `count` rows that there are, and without scales of 1"""
        take, scale = self.take, self.scale
        if (take is not None and len(take) == count
                and (take == np.arange(count)).all()):
            take = None
        if scale is not None and (scale == 1).all():
            scale = None
        return Map(self.matrix, take, scale)

    def times(self, weight: _Array, width: int) -> _Array:
        """weight @ this, which must have no matrix, as a matrix of `width` columns"""
        if self.take is None and self.scale is None:
            return weight
        product = weight if self.scale is None else weight.astype(np.float64) * self.scale
        if self.take is None:
            return product
        kept = self.take >= 0
        columns = self.take[kept]
        several = len(np.unique(columns)) != len(columns)
        result = np.zeros((len(weight), width), np.float64 if several else product.dtype)
        if several:
            np.add.at(result.T, columns, product[:, kept].T)
        else:
            result[:, columns] = product[:, kept]
        return result

    def of(self, vector: _Array) -> _Array:
        """The rows of a vector, in float64, for a map without a matrix"""
        chosen = vector.astype(np.float64)
        if self.take is not None:
            chosen = np.where(self.take >= 0, chosen[self.take], 0.0)
        return chosen if self.scale is None else chosen * self.scale

    def dense(self, width: int) -> _Array:
        """All as one matrix of `width` columns, in float64 if it is scaled or has no matrix"""
        if self.matrix is None:
            take = np.arange(width) if self.take is None else self.take
            kept = take >= 0
            chosen = np.zeros((len(take), width))
            chosen[np.flatnonzero(kept), take[kept]] = (1.0 if self.scale is None
                                                        else self.scale[kept])
            return chosen
        matrix = self.matrix
        if self.take is not None:
            matrix = np.where((self.take >= 0)[:, None], matrix[self.take], matrix.dtype.type(0))
        return matrix if self.scale is None else matrix.astype(np.float64) * self.scale[:, None]

    def finite(self) -> bool:
        """Whether it has no infinity and no NaN"""
        return ((self.matrix is None or bool(np.isfinite(self.matrix).all()))
                and (self.scale is None or bool(np.isfinite(self.scale).all())))


def total(first: Map, second: Map, width: int, budget: Budget) -> Map:
    """The sum of two maps from one vector of `width` numbers, with as many rows each"""
    same_rows = (first.take is second.take or (
        first.take is not None and second.take is not None
        and np.array_equal(first.take, second.take)))
    if first.matrix is second.matrix and same_rows:
        scales = [1.0 if each.scale is None else each.scale for each in (first, second)]
        count = width if first.matrix is None else len(first.matrix)
        count = count if first.take is None else len(first.take)
        return Map(first.matrix, first.take, np.broadcast_to(scales[0] + scales[1], count))
    rows = len(first.take if first.take is not None else
               np.empty(width) if first.matrix is None else first.matrix)
    budget.make(2 * rows * width)
    return Map(first.dense(width).astype(np.float64) + second.dense(width))


def stacked(parts: list[tuple[Map | None, int]], width: int, budget: Budget) -> Map:
    """Maps from one vector, one below the other, each with its number of rows; None is zero"""
    held = [part for part, _ in parts if part is not None]
    matrices = {id(part.matrix) for part in held}
    if len(matrices) == 1:
        matrix = held[0].matrix
        parts = [(part or Map(matrix, np.full(count, -1)), count) for part, count in parts]
    else:
        budget.make(width * sum(count for _, count in parts))
        parts = [(Map(np.zeros((count, width)) if part is None else part.dense(width)), count)
                 for part, count in parts]
        matrix = np.concatenate([part.matrix for part, _ in parts])     # type: ignore[union-attr]
        return Map(matrix)
    take = np.concatenate([np.arange(count) if part.take is None else part.take     # type: ignore[union-attr]
                           for part, count in parts])
    scale = np.concatenate([np.ones(count) if part.scale is None else part.scale    # type: ignore[union-attr]
                            for part, count in parts])
    return Map(matrix, take, None if (scale == 1).all() else scale)
