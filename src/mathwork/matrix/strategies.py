"""The choice of steps in an elimination: the fewest, steps that avoid fractions, or in floats."""
from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from mathwork.matrix.steps import Add, Scale, Swap

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence
    from typing import Any

    from mathwork._types import KnownEntries, Rows
    from mathwork.matrix.steps import Step

FAR = 300       # rows with sizes from 2^-300 to 2^300 do not leave the range
INSIDE = 900    # entries behind the bar from 2^-900 to 2^900 do not leave it either


class _Worker:
    """Rows, and the steps taken on them; modulo a prime if `modulus` is given

    For floats, `known` lists the entries that are exactly 0 or 1 without their rounding. It maps a
    number of steps to rows, a column and the value.
    """

    def __init__(self, rows: Rows, modulus: int | None = None) -> None:
        self.rows, self.modulus = rows, modulus
        self.steps: list[Step] = []
        self.known: dict[int, list[KnownEntries]] = {}

    def take(self, step: Step) -> None:
        step.apply(self.rows, self.modulus)
        self.steps.append(step)

    def swap(self, i: int, j: int) -> None:
        if i != j:
            self.take(Swap(i, j))

    def scale(self, i: int, factor: Any) -> None:
        if factor != 1:
            self.take(Scale(i, factor))

    def add(self, target: int, source: int, factor: Any) -> None:
        if factor:
            self.take(Add(target, source, factor))


class Textbook(_Worker):
    """Gauss-Jordan elimination in the fewest steps; among equal numbers of steps, nicer numbers

    Each row with a pivot is multiplied at most once, and each entry beside a pivot is cleared in
    one step. A row changes places only if it must, or to bring up a 1: that saves a step.
    """

    def down(self, columns: int, reduced: bool) -> tuple[int, ...]:
        """Bring the rows to echelon form; return the pivots' columns"""
        pivots: list[int] = []
        for column in range(columns if self.rows else 0):
            top = len(pivots)
            candidates = [i for i in range(top, len(self.rows)) if self.rows[i][column]]
            if not candidates:
                continue
            pivots.append(column)
            self.swap(top, self._best(candidates, top, column, columns, reduced))
            if reduced:
                self._scale_if_nicer(top, column)
            self._clear(range(top + 1, len(self.rows)), top, column)
        return tuple(pivots)

    def up(self, pivots: Sequence[int]) -> None:
        """Bring the echelon form to the reduced form"""
        for source, column in reversed(list(enumerate(pivots))):
            self.scale(source, self._ratio(1, self.rows[source][column]))
            self._clear(range(source), source, column)

    def _clear(self, targets: Iterable[int], source: int, column: int) -> None:
        for target in targets:
            self.add(target, source, self._factor(target, source, column))

    def _best(self, candidates: list[int], top: int, column: int, columns: int, reduced: bool
              ) -> int:
        """Return the row for the pivot: the fewest steps, then the nicest numbers below it"""
        steps = {i: (i != top) + (reduced and self.rows[i][column] != 1) for i in candidates}
        fewest = [i for i in candidates if steps[i] == min(steps.values())]
        if len(fewest) == 1:
            return fewest[0]

        def left_by(source: int) -> tuple[int, tuple[int, int]]:
            below = []
            for target in candidates:
                if target != source:
                    rows = [self.rows[target], self.rows[source]]
                    Add(0, 1, self._factor(target, source, column)).apply(rows, self.modulus)
                    below.append(rows[0])
            later = [entry for row in below for entry in row[column + 1:columns] if entry]
            return len(later), _ugliness(entry for row in below for entry in row)

        return min(fewest, key=left_by)

    def _scale_if_nicer(self, top: int, column: int) -> None:
        """Make the pivot 1 now, not on the way up, if this adds no fractions"""
        row = self.rows[top]
        scale = self._ratio(1, row[column])
        scaled = [row]
        Scale(0, scale).apply(scaled, self.modulus)
        below = [i for i in range(top + 1, len(self.rows)) if self.rows[i][column]]
        now = [*scaled[0], *(self.rows[i][column] for i in below)]
        later = [*row, *(self._factor(i, top, column) for i in below)]
        if _ugliness(now) <= _ugliness(later):
            self.scale(top, scale)

    def _factor(self, target: int, source: int, column: int) -> Any:
        """Return the multiple of row `source` that clears the column in row `target`"""
        return self._ratio(-self.rows[target][column], self.rows[source][column])

    def _ratio(self, a: Any, b: Any) -> Any:
        """Return a / b; modulo a prime, the value nearest to 0, such as -1"""
        if self.modulus is None:
            return a / b
        value = a * pow(b, -1, self.modulus) % self.modulus
        return value - self.modulus if 2 * value > self.modulus else value


class ColumnByColumn(Textbook):
    """Each column is cleared above and below its pivot at once; rows are taken as they come"""

    def down(self, columns: int, reduced: bool) -> tuple[int, ...]:
        """Bring the rows to reduced form; return the pivots' columns"""
        pivots: list[int] = []
        for column in range(columns if self.rows else 0):
            top = len(pivots)
            source = next((i for i in range(top, len(self.rows)) if self.rows[i][column]), None)
            if source is None:
                continue
            pivots.append(column)
            self.swap(top, source)
            self.scale(top, self._ratio(1, self.rows[top][column]))
            self._clear([i for i in range(len(self.rows)) if i != top], top, column)
        return tuple(pivots)


def _ugliness(numbers: Iterable[Any]) -> tuple[int, int]:
    """Return (number of fractions, number of digits in all)"""
    fractions = digits = 0
    for number in numbers:
        fractions += number.denominator != 1
        digits += number.numerator.bit_length() + number.denominator.bit_length()
    return fractions, digits


class InIntegers(_Worker):
    """Integers as long as possible; whole multiples find a pivot, as in Euclid's algorithm"""

    def down(self, columns: int, reduced: bool) -> tuple[int, ...]:
        """Bring the rows to echelon form; return the pivots' columns"""
        pivots: list[int] = []
        for i, row in enumerate(self.rows):
            self.scale(i, Fraction(math.lcm(*(entry.denominator for entry in row))))
        for column in range(columns if self.rows else 0):
            if self._clear_below(len(pivots), column):
                pivots.append(column)
        return tuple(pivots)

    def _clear_below(self, top: int, column: int) -> bool:
        """Clear the column below row `top`; return False if it has no entry from `top` on"""
        while candidates := [i for i in range(top, len(self.rows)) if self.rows[i][column]]:
            smallest = min(candidates, key=lambda i: abs(self.rows[i][column]))
            self.swap(top, smallest)
            self._divide_out(top, column)
            pivot = self.rows[top][column]
            if len(candidates) == 1:
                return True
            for i in range(top + 1, len(self.rows)):
                self.add(i, top, Fraction(-round(self.rows[i][column] / pivot)))
        return False

    def _divide_out(self, i: int, column: int) -> None:
        """Divide a row by its common factor, with the sign for a positive pivot"""
        factor = math.gcd(*(entry.numerator for entry in self.rows[i]))
        self.scale(i, Fraction(1 if self.rows[i][column] > 0 else -1, factor))

    def up(self, pivots: Sequence[int]) -> None:
        """Bring the echelon form to the reduced form"""
        for source, column in reversed(list(enumerate(pivots))):
            self._divide_out(source, column)
            pivot = self.rows[source][column]
            for target in range(source):
                entry = self.rows[target][column]
                self.scale(target, Fraction(pivot, math.gcd(int(pivot), int(entry))))
                self.add(target, source, -self.rows[target][column] / pivot)
        for i, column in enumerate(pivots):
            self.scale(i, 1 / self.rows[i][column])


class InFloats(_Worker):
    """Partial pivoting; the size of a candidate is relative to its row"""

    def down(self, columns: int, allowed: Container[int]) -> tuple[int, ...]:
        """Bring the rows to echelon form; return the pivots' columns, all among those allowed"""
        sizes = [self._brought_near(i, columns) for i in range(len(self.rows))]
        pivots: list[int] = []
        for column in range(columns if self.rows else 0):
            top = len(pivots)
            largest = max(range(top, len(self.rows)), default=None,
                          key=lambda i: abs(self.rows[i][column]) / sizes[i])
            if largest is None:
                break
            if column in allowed and self.rows[largest][column]:
                pivots.append(column)
                self.swap(top, largest)
                sizes[top], sizes[largest] = sizes[largest], sizes[top]
                for i in range(top + 1, len(self.rows)):
                    self.add(i, top, -self.rows[i][column] / self.rows[top][column])
                    self._know([i], column, 0.0)
            else:
                self._know(range(top, len(self.rows)), column, 0.0)
        return tuple(pivots)

    def _brought_near(self, i: int, columns: int) -> float:
        """Multiply a row by a power of two if its size is far from 1; return its size

        The size comes as near to 1 as the entries behind the bar allow: they stay in the range.
        """
        size = max(map(abs, self.rows[i][:columns]), default=0.0)
        exponent = math.frexp(size)[1]
        if abs(exponent) > FAR:
            exponents = [math.frexp(entry)[1] for entry in self.rows[i] if entry]
            power = max(min(-exponent, INSIDE - max(exponents)), -INSIDE - min(exponents))
            power = min(max(power, -FAR - exponent), FAR - exponent, 1000)
            self.scale(i, 2.0 ** power)
            size = max(map(abs, self.rows[i][:columns]))
        return size or 1.0

    def _know(self, rows: Iterable[int], column: int, value: float) -> None:
        rows = [i for i in rows if self.rows[i][column] != value]
        if rows:
            self.known.setdefault(len(self.steps), []).append((rows, column, value))
            set_entries(self.rows, rows, column, value)

    def up(self, pivots: Sequence[int]) -> None:
        for source, column in reversed(list(enumerate(pivots))):
            self.scale(source, 1 / self.rows[source][column])
            self._know([source], column, 1.0)
            for target in range(source):
                self.add(target, source, -self.rows[target][column])
                self._know([target], column, 0.0)


def set_entries(matrix: Rows, rows: Iterable[int], column: int, value: float) -> None:
    for i in rows:
        matrix[i][column] = value
