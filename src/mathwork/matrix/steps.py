"""The elementary row operations as steps of an elimination, and how they are written.

`step.apply(rows, modulus)` changes a list of rows: modulo a prime, unless `modulus` is None.
"""
from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from mathwork.matrix.written import as_latex, combination

if TYPE_CHECKING:
    from typing import Any

    from mathwork._types import Rows


@dataclass(frozen=True)
class Swap:
    """Rows `i` and `j`, counted from 0, change places."""

    i: int
    j: int

    def apply(self, rows: Rows, modulus: int | None = None) -> None:
        rows[self.i], rows[self.j] = rows[self.j], rows[self.i]

    def __str__(self) -> str:
        return f"R{self.i + 1} <-> R{self.j + 1}"

    @property
    def latex(self) -> str:
        return rf"R_{{{self.i + 1}}} \leftrightarrow R_{{{self.j + 1}}}"


@dataclass(frozen=True)
class Scale:
    """Row `i` is multiplied by `factor`."""

    i: int
    factor: Fraction | int | float

    def apply(self, rows: Rows, modulus: int | None = None) -> None:
        rows[self.i] = _rest([_product(self.factor, entry) for entry in rows[self.i]], modulus)

    def __str__(self) -> str:
        row = f"R{self.i + 1}"
        return f"{row} <- {combination([(self.factor, row)])}"

    @property
    def latex(self) -> str:
        row = f"R_{{{self.i + 1}}}"
        return rf"{row} \leftarrow {combination([(self.factor, row)], as_latex)}"


@dataclass(frozen=True)
class Add:
    """`factor` times row `source` is added to row `target`."""

    target: int
    source: int
    factor: Fraction | int | float

    def apply(self, rows: Rows, modulus: int | None = None) -> None:
        rows[self.target] = _rest(
            [entry + self.factor * other for entry, other
             in zip(rows[self.target], rows[self.source], strict=True)], modulus)

    def __str__(self) -> str:
        target = f"R{self.target + 1}"
        terms = [(1, target), (self.factor, f"R{self.source + 1}")]
        return f"{target} <- {combination(terms)}"

    @property
    def latex(self) -> str:
        target = f"R_{{{self.target + 1}}}"
        terms = [(1, target), (self.factor, f"R_{{{self.source + 1}}}")]
        return rf"{target} \leftarrow {combination(terms, as_latex)}"


Step = Swap | Scale | Add


def _product(factor: Any, entry: Any) -> Any:
    """Return factor * entry, never -0.0"""
    product = factor * entry
    return product or abs(product)


def _rest(entries: list[Any], modulus: int | None) -> list[Any]:
    return entries if modulus is None else [entry % modulus for entry in entries]
