"""Which steps an elimination takes: with integers as long as there can be, or in floats."""
import math
from fractions import Fraction

from mathwork.matrix.steps import Add, Scale, Swap


class _Worker:
    """Rows, and the steps that have been taken on them

    Of floats, `rounded` says after how many steps, from which row on, a column became zero.
    """

    rounded = ()

    def __init__(self, rows):
        self.rows, self.steps = rows, []

    def take(self, step):
        step.apply(self.rows)
        self.steps.append(step)

    def swap(self, i, j):
        if i != j:
            self.take(Swap(i, j))

    def scale(self, i, factor):
        if factor != 1:
            self.take(Scale(i, factor))

    def add(self, target, source, factor):
        if factor:
            self.take(Add(target, source, factor))


class ByHand(_Worker):
    """With integers as long as there can be"""

    def down(self, columns):
        """Echelon form; the pivots' columns"""
        pivots = []
        for i, row in enumerate(self.rows):
            self.scale(i, Fraction(math.lcm(*(entry.denominator for entry in row))))
        for column in range(columns):
            if self._clear_below(len(pivots), column):
                pivots.append(column)
        return tuple(pivots)

    def _clear_below(self, top, column):
        """Leave one entry from row `top` on, in that row; False if there is none"""
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

    def _divide_out(self, i, column):
        """Divide a row by its common factor, with the sign that makes the pivot positive"""
        factor = math.gcd(*(entry.numerator for entry in self.rows[i]))
        self.scale(i, Fraction(1 if self.rows[i][column] > 0 else -1, factor))

    def up(self, pivots):
        """From echelon form to the reduced one"""
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
    """With partial pivoting"""

    def __init__(self, rows):
        super().__init__(rows)
        self.rounded = []

    def down(self, columns, allowed):
        """Echelon form; the pivots' columns, which are among those allowed"""
        pivots = []
        for column in range(columns):
            top = len(pivots)
            largest = max(range(top, len(self.rows)), default=None,
                          key=lambda i: abs(self.rows[i][column]))
            if largest is None:
                break
            if column in allowed and self.rows[largest][column]:
                pivots.append(column)
                self.swap(top, largest)
                for i in range(top + 1, len(self.rows)):
                    self.add(i, top, -self.rows[i][column] / self.rows[top][column])
            elif self.rows[largest][column]:
                self.rounded.append((len(self.steps), top, column))
                clear(self.rows, top, column)
        return tuple(pivots)

    def up(self, pivots):
        for source, column in reversed(list(enumerate(pivots))):
            self.scale(source, 1 / self.rows[source][column])
            for target in range(source):
                self.add(target, source, -self.rows[target][column])


def clear(rows, top, column):
    """Rounding that is left of a column in which there is no pivot becomes zero"""
    for row in rows[top:]:
        row[column] = 0.0
