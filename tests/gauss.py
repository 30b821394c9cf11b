"""Gauss's elimination by the textbook: the slow twin of exact row reduction."""
from fractions import Fraction

import arrays

# "strided" also for integers: arrays.py puts floats between strided numbers.
LAYOUTS = arrays.LAYOUTS | {"strided": lambda array: array.repeat(2, 0).repeat(2, 1)[::2, ::2]}


def over_rationals(rows, columns=None, *, reduced=True):
    """Return (matrix, pivots) of rows of numbers, as lists of Fractions."""
    return _echelon([[Fraction(entry) for entry in row] for row in rows], columns, reduced,
                    lambda entry: entry, lambda pivot: 1 / pivot)


def modulo(rows, p, columns=None, *, reduced=True):
    """Return (matrix, pivots) of rows of ints, as lists of ints in 0..p-1."""
    return _echelon([[int(entry) % p for entry in row] for row in rows], columns, reduced,
                    lambda entry: entry % p, lambda pivot: pow(pivot, -1, p))


def over_gaussian(rows, columns=None, *, reduced=True):
    """Return (matrix, pivots) of rows of numbers, perhaps complex, as lists of Gaussian."""
    return _echelon([[Gaussian(entry) for entry in row] for row in rows], columns, reduced,
                    lambda entry: entry, lambda pivot: pivot.inverse())


class Gaussian:
    """An exact complex number: Fractions re and im."""

    def __init__(self, re, im=0):
        if isinstance(re, complex):
            re, im = re.real, re.imag
        self.re, self.im = Fraction(re), Fraction(im)

    def __bool__(self):
        return bool(self.re or self.im)

    def __sub__(self, other):
        return Gaussian(self.re - other.re, self.im - other.im)

    def __mul__(self, other):
        return Gaussian(self.re * other.re - self.im * other.im,
                        self.re * other.im + self.im * other.re)

    def inverse(self):
        size = self.re ** 2 + self.im ** 2
        return Gaussian(self.re / size, -self.im / size)

    def __complex__(self):
        return complex(float(self.re), float(self.im))


def _echelon(rows, columns, reduced, clean, inverse):
    """The first remaining row with a nonzero entry gives the pivot, divided if `reduced`"""
    pivots = []
    for c in range(len(rows[0]) if columns is None else columns):
        rank = len(pivots)
        found = next((i for i in range(rank, len(rows)) if rows[i][c]), None)
        if found is None:
            continue
        rows[rank], rows[found] = rows[found], rows[rank]
        if reduced:
            factor = inverse(rows[rank][c])
            rows[rank] = [clean(entry * factor) for entry in rows[rank]]
        for i in range(0 if reduced else rank + 1, len(rows)):
            if i != rank and rows[i][c]:
                factor = rows[i][c] * inverse(rows[rank][c])
                rows[i] = [clean(entry - factor * other)
                           for entry, other in zip(rows[i], rows[rank], strict=True)]
        pivots.append(c)
    return rows, tuple(pivots)


def determinant(rows):
    """Laplace's expansion along the first row."""
    if not rows:
        return 1
    return sum((-1) ** j * entry * determinant([row[:j] + row[j + 1:] for row in rows[1:]])
               for j, entry in enumerate(rows[0]) if entry)


def of_rank(rng, m, n, rank, largest=9):
    """Return a random m x n matrix of at most this rank, rows of ints: a product of two factors."""
    left = rng.integers(-largest, largest + 1, (m, rank)).tolist()
    right = rng.integers(-largest, largest + 1, (rank, n)).tolist()
    return [[sum(a * row[j] for a, row in zip(line, right, strict=True)) for j in range(n)]
            for line in left]
