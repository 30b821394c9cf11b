"""The elementary row operations as steps of an elimination, and how they are written.

`step.apply(rows, modulus)` changes a list of rows: modulo a prime, unless `modulus` is None.
"""
from dataclasses import dataclass
from fractions import Fraction

from mathwork.matrix.written import as_latex, combination


@dataclass(frozen=True)
class Swap:
    """Rows `i` and `j`, counted from 0, change places."""

    i: int
    j: int

    def apply(self, rows, modulus=None):
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
    factor: Fraction | int | float

    def apply(self, rows, modulus=None):
        rows[self.i] = _rest([_product(self.factor, entry) for entry in rows[self.i]], modulus)

    def __str__(self):
        row = f"R{self.i + 1}"
        return f"{row} <- {combination([(self.factor, row)])}"

    @property
    def latex(self):
        row = f"R_{{{self.i + 1}}}"
        return rf"{row} \leftarrow {combination([(self.factor, row)], as_latex)}"


@dataclass(frozen=True)
class Add:
    """`factor` times row `source` is added to row `target`."""

    target: int
    source: int
    factor: Fraction | int | float

    def apply(self, rows, modulus=None):
        rows[self.target] = _rest(
            [entry + self.factor * other for entry, other
             in zip(rows[self.target], rows[self.source], strict=True)], modulus)

    def __str__(self):
        target = f"R{self.target + 1}"
        terms = [(1, target), (self.factor, f"R{self.source + 1}")]
        return f"{target} <- {combination(terms)}"

    @property
    def latex(self):
        target = f"R_{{{self.target + 1}}}"
        terms = [(1, target), (self.factor, f"R_{{{self.source + 1}}}")]
        return rf"{target} \leftarrow {combination(terms, as_latex)}"


def _product(factor, entry):
    """Return factor * entry, never -0.0"""
    product = factor * entry
    return product or abs(product)


def _rest(entries, modulus):
    return entries if modulus is None else [entry % modulus for entry in entries]
