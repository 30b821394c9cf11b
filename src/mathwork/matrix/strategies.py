"""The choice of steps in an elimination: with integers as long as possible, or in floats."""
import math
from fractions import Fraction

from mathwork.matrix.steps import Add, Scale, Swap

FAR = 300       # rows with sizes from 2^-300 to 2^300 do not leave the range
INSIDE = 900    # nor do they with entries behind the bar from 2^-900 to 2^900


class _Worker:
    """Rows, and the steps taken on them

    For floats, `known` says which entries are exactly 0 or 1 without their rounding: after how many
    steps, in which rows and column.
    """

    def __init__(self, rows):
        self.rows, self.steps, self.known = rows, [], {}

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
    """With integers as long as possible"""

    def down(self, columns):
        """Bring the rows to echelon form; return the pivots' columns"""
        pivots = []
        for i, row in enumerate(self.rows):
            self.scale(i, Fraction(math.lcm(*(entry.denominator for entry in row))))
        for column in range(columns):
            if self._clear_below(len(pivots), column):
                pivots.append(column)
        return tuple(pivots)

    def _clear_below(self, top, column):
        """Leave one entry from row `top` on, in that row; return False if there is none"""
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
        """Divide a row by its common factor, with the sign for a positive pivot"""
        factor = math.gcd(*(entry.numerator for entry in self.rows[i]))
        self.scale(i, Fraction(1 if self.rows[i][column] > 0 else -1, factor))

    def up(self, pivots):
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
    """With partial pivoting; a candidate is measured by its row"""

    def down(self, columns, allowed):
        """Bring the rows to echelon form; return the pivots' columns, all among those allowed"""
        sizes = [self._brought_near(i, columns) for i in range(len(self.rows))]
        pivots = []
        for column in range(columns):
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

    def _brought_near(self, i, columns):
        """Multiply a row by a power of two if its size is far from 1; return its size

        The size becomes 1, or as near to 1 as keeps the entries behind the bar in the range.
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

    def _know(self, rows, column, value):
        rows = [i for i in rows if self.rows[i][column] != value]
        if rows:
            self.known.setdefault(len(self.steps), []).append((rows, column, value))
            set_entries(self.rows, rows, column, value)

    def up(self, pivots):
        for source, column in reversed(list(enumerate(pivots))):
            self.scale(source, 1 / self.rows[source][column])
            self._know([source], column, 1.0)
            for target in range(source):
                self.add(target, source, -self.rows[target][column])
                self._know([target], column, 0.0)


def set_entries(matrix, rows, column, value):
    for i in rows:
        matrix[i][column] = value
