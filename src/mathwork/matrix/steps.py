"""The elementary row operations as steps of an elimination, and how they are written."""
from dataclasses import dataclass
from fractions import Fraction

import mathwork.matrix.rationals as rationals


@dataclass(frozen=True)
class Swap:
    """Rows `i` and `j`, counted from 0, change places."""

    i: int
    j: int

    def apply(self, rows):
        rows[self.i], rows[self.j] = rows[self.j], rows[self.i]

    def __str__(self):
        return f"R{self.i + 1} <-> R{self.j + 1}"

    @property
    def latex(self):
        return rf"R_{{{self.i + 1}}} \leftrightarrow R_{{{self.j + 1}}}"


@dataclass(frozen=True)
class Scale:
    """Row `i` is multiplied by `factor`."""

    i: int
    factor: Fraction | float

    def apply(self, rows):
        rows[self.i] = [_product(self.factor, entry) for entry in rows[self.i]]

    def __str__(self):
        return f"R{self.i + 1} <- {_times(self.factor, as_text)}R{self.i + 1}"

    @property
    def latex(self):
        row = f"R_{{{self.i + 1}}}"
        return rf"{row} \leftarrow {_times(self.factor, as_latex)}{row}"


@dataclass(frozen=True)
class Add:
    """`factor` times row `source` is added to row `target`."""

    target: int
    source: int
    factor: Fraction | float

    def apply(self, rows):
        rows[self.target] = [entry + self.factor * other for entry, other
                             in zip(rows[self.target], rows[self.source], strict=True)]

    def __str__(self):
        target = f"R{self.target + 1}"
        return f"{target} <- {target} {self._term(as_text)}R{self.source + 1}"

    @property
    def latex(self):
        target = f"R_{{{self.target + 1}}}"
        return rf"{target} \leftarrow {target} {self._term(as_latex)}R_{{{self.source + 1}}}"

    def _term(self, written):
        return f"{'-' if self.factor < 0 else '+'} {_times(abs(self.factor), written)}"


def _product(factor, entry):
    """Return factor * entry, never -0.0"""
    product = factor * entry
    return product or abs(product)


def _times(factor, written):
    """Return a factor for the name of a row: nothing for 1, a sign alone for -1"""
    return {1: "", -1: "-"}.get(factor) if abs(factor) == 1 else f"{written(factor)} "


def as_text(number):
    """Return the number as 3, -3/4 or 0.125"""
    return rationals.as_text(number) if isinstance(number, Fraction) else f"{number:.6g}"


def as_latex(number):
    if isinstance(number, Fraction) and number.denominator != 1:
        sign = "-" if number < 0 else ""
        numerator, denominator = map(rationals.as_text, (abs(number.numerator), number.denominator))
        return rf"{sign}\frac{{{numerator}}}{{{denominator}}}"
    mantissa, _, exponent = as_text(number).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa
