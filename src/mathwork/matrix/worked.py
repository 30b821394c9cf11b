"""Elimination as done by hand: every elementary row operation is one step."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import choice, flag
from mathwork._arrays import as_plain
from mathwork.matrix.arithmetic import arithmetic
from mathwork.matrix.checks import check_shape, checked_columns
from mathwork.matrix.elimination import rref
from mathwork.matrix.rationals import as_fractions
from mathwork.matrix.strategies import (
    ColumnByColumn,
    InFloats,
    InIntegers,
    Textbook,
    set_entries,
)
from mathwork.matrix.written import (
    aligned,
    contradictions_text,
    displayed,
    matrix_latex,
    matrix_text,
    sentence_latex,
    too_long,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Literal, NoReturn, Self, SupportsIndex

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from mathwork._types import KnownEntries, Rows
    from mathwork.matrix.steps import Step

# The strategies of each order. Of those that take equally few steps, it is the first.
ORDERS: dict[str, tuple[type[Textbook] | type[InIntegers], ...]] = {
    "textbook": (Textbook, ColumnByColumn), "integers": (InIntegers,)}


class Elimination:
    """A matrix, and the elementary row operations that bring it into echelon form.

    Made by :func:`eliminate`. It is immutable.

    Parameters
    ----------
    *args
        Only :func:`eliminate` and pickles pass these.

    Attributes
    ----------
    matrix : ndarray, shape (m, n)
        The matrix as it was given: Fractions, float64 if it was not exact, or int64 modulo a
        prime.
    steps : tuple of Swap, Scale and Add
        In order. Rows are counted from 0 in their fields, from 1 in text.
    pivots : tuple of int
        The pivots' columns.
    columns : int
        How many of the first columns may have pivots. The bar is drawn after them.
    exact : bool
        Whether no number was rounded.
    modulus : int or None
        The prime of the arithmetic.
    reduced : bool
        Whether the result is in reduced form.
    rank : int
    result : ndarray, shape (m, n)
        The echelon form.
    transform : ndarray, shape (m, m)
        The steps as one matrix: ``transform @ matrix`` is the result, exactly or to rounding.

    Examples
    --------
    >>> from mathwork.matrix import eliminate
    >>> work = eliminate([[1, 2, 3, 6], [0, 1, 4, 5]], columns=3)
    >>> print(work)
    [ 1  2  3 | 6 ]
    [ 0  1  4 | 5 ]
    <BLANKLINE>
    R1 <- R1 - 2 R2
    <BLANKLINE>
    [ 1  0  -5 | -4 ]
    [ 0  1   4 |  5 ]
    """

    __slots__ = ("_known", "_rows", "_width", "columns", "exact", "modulus", "pivots", "reduced",
                 "steps")

    _known: dict[int, list[KnownEntries]]
    _rows: Rows
    _width: int
    columns: int
    exact: bool
    modulus: int | None
    pivots: tuple[int, ...]
    reduced: bool
    steps: tuple[Step, ...]

    def __new__(cls, *args: Any) -> Self:
        # From eliminate or a pickle: the values of __slots__, in order.
        if len(args) != len(cls.__slots__):
            raise TypeError("an Elimination is made by eliminate(A)")
        self = super().__new__(cls)
        for name, value in zip(cls.__slots__, args, strict=True):
            object.__setattr__(self, name, value)
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"an Elimination is immutable, {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"an Elimination is immutable, {name} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in self.__slots__)

    @property
    def matrix(self) -> NDArray[Any]:
        return self._array(self._rows, self._width)

    @property
    def rank(self) -> int:
        return len(self.pivots)

    @property
    def result(self) -> NDArray[Any]:
        return self.matrices()[-1]

    @property
    def transform(self) -> NDArray[Any]:
        return self.replay(np.eye(len(self._rows), dtype=int))

    def matrices(self) -> list[NDArray[Any]]:
        """The matrix as it was given and after each step.

        Returns
        -------
        list of ndarray, shape (m, n)
            One more than the number of steps. In floats, an entry that :func:`rref` takes for zero
            is zero after the step before it, or in the given matrix if there is no step at all.

        Examples
        --------
        >>> from mathwork.matrix import eliminate
        >>> [matrix.astype(int).tolist() for matrix in eliminate([[2, 4]]).matrices()]
        [[[2, 4]], [[1, 2]]]
        """
        return [self._array(rows, self._width) for rows in self._states()]

    def replay(self, B: ArrayLike) -> NDArray[Any]:
        """Apply the steps to another matrix with as many rows.

        Parameters
        ----------
        B : array_like, shape (m, k) or (m,)
            Read in the same way as the eliminated matrix: exactly, modulo the prime, or as float64.

        Returns
        -------
        ndarray, of the shape of B

        Raises
        ------
        ValueError
            If B has another number of rows.

        Examples
        --------
        >>> from mathwork.matrix import eliminate
        >>> eliminate([[2, 3], [4, 5]]).replay([6, 10]).tolist()
        [Fraction(0, 1), Fraction(2, 1)]
        """
        array = _read(B, "B", self.exact, self.modulus)
        if array.ndim not in (1, 2) or len(array) != len(self._rows):
            raise ValueError(f"B must have {len(self._rows)} rows, got shape {array.shape}")
        width = math.prod(array.shape[1:])
        rows = array.reshape(len(array), width).tolist()
        for step in self.steps:
            step.apply(rows, self.modulus)
        return self._array(rows, width).reshape(array.shape)

    def latex(self) -> str:
        """The steps and matrices as LaTeX, for amsmath: without dollars around it.

        Returns
        -------
        str

        Examples
        --------
        >>> from mathwork.matrix import eliminate
        >>> print(eliminate([[2, 4]]).latex())
        \\begin{aligned}
        & \\left[\\begin{array}{rr} 2 & 4 \\end{array}\\right] \\\\
        \\xrightarrow{R_{1} \\leftarrow \\frac{1}{2} R_{1}} {}
        & \\left[\\begin{array}{rr} 1 & 2 \\end{array}\\right]
        \\end{aligned}
        """
        first, *others = map(self._matrix_latex, self._states())
        lines = [f"& {first}"] + [
            f"\\xrightarrow{{{step.latex}}} {{}}\n& {matrix}"
            for step, matrix in zip(self.steps, others, strict=True)]
        lines += ["& " + sentence_latex(sentence) for sentence in self._contradictions()]
        return aligned(lines)

    def _repr_latex_(self) -> str | None:
        shape = len(self.steps) + 1, len(self._rows), self._width
        return None if too_long(shape) else displayed(self.latex())

    def __str__(self) -> str:
        first, *others = map(self._matrix_text, self._states())
        worked = [f"{step}\n\n{matrix}" for step, matrix in zip(self.steps, others, strict=True)]
        return "\n\n".join([first, *worked, *self._contradictions()])

    def __repr__(self) -> str:
        form = "reduced echelon form" if self.reduced else "echelon form"
        steps = "1 step" if len(self.steps) == 1 else f"{len(self.steps)} steps"
        return (f"<Elimination: {len(self._rows)} x {self._width} to {form}, {steps}, "
                f"rank {self.rank}{self._field}>")

    def _states(self) -> Iterator[Rows]:
        """Yield the rows as given and after each step"""
        rows = [list(row) for row in self._rows]
        if self.steps:
            yield [list(row) for row in rows]
        for taken in range(len(self.steps) + 1):
            if taken:
                self.steps[taken - 1].apply(rows, self.modulus)
            for entries in self._known.get(taken, ()):
                set_entries(rows, *entries)
            if taken or not self.steps:
                yield [list(row) for row in rows]

    def _array(self, rows: Rows, width: int) -> NDArray[Any]:
        array = np.empty((len(rows), width), self._dtype)
        for i, row in enumerate(rows):
            array[i] = row
        return array

    def _matrix_text(self, rows: Rows) -> str:
        return matrix_text(rows, self.columns)

    def _matrix_latex(self, rows: Rows) -> str:
        return matrix_latex(rows, self._width, self.columns)

    def _contradictions(self) -> list[str]:
        return contradictions_text(self.result, self.rank, self.columns)

    @property
    def _dtype(self) -> DTypeLike:
        if self.modulus is not None:
            return np.int64
        return object if self.exact else np.float64

    @property
    def _field(self) -> str:
        return "" if self.modulus is None else f" modulo {self.modulus}"


def eliminate(A: ArrayLike, *, exact: bool = True, reduced: bool = True,
              columns: SupportsIndex | None = None, modulus: SupportsIndex | None = None,
              order: Literal["textbook", "integers"] = "textbook") -> Elimination:
    """Bring a matrix into echelon form by elementary row operations, and keep every one.

    Parameters
    ----------
    A : array_like, shape (m, n)
        Integers, Fractions, Decimals, or floats. A float that is a whole number is itself; any
        other is read as the decimal that it prints.
    exact : bool
        Whether to compute with Fractions. If not, computes in float64 with partial pivoting, and
        with the pivots of :func:`rref`. Rows at the ends of the range are multiplied by powers of
        two first.
    reduced : bool
        Whether to go on to the reduced form.
    columns : int, optional
        How many of the first columns may have pivots. The others are an augmented part, behind a
        bar. All by default.
    modulus : int, optional
        Compute modulo this prime. `A` holds integers.
    order : {"textbook", "integers"}
        Whether to take few steps, or to avoid fractions; see Notes. It is for exact arithmetic.

    Returns
    -------
    Elimination

    Raises
    ------
    TypeError, ValueError
        For input that is not a matrix of numbers, or has NaN or infinity; for a modulus that is not
        a prime; and for another order.

    Notes
    -----
    The order "textbook" is Gauss-Jordan elimination: below the pivots from the left, then above
    them from the right, or column by column where that is shorter. It takes one step for each entry
    to be cleared, at most one to make a pivot 1, and exchanges rows if it must or if that saves a
    step. So a regular system of n equations takes at most n^2 steps and the exchanges it needs.
    Where several ways have as many steps, it takes the one with fewer fractions and shorter
    numbers.

    The order "integers" takes about twice as many. Rows become integers first. A pivot is an entry
    that divides the others, or else their remainder after whole multiples are subtracted. Common
    factors are divided out at once. Fractions come only at the end, where a row is divided by its
    pivot.

    The result is that of ``rref(A, exact=True)``, with one exception: `columns` may leave entries
    in the rows below the rank. Such a row says 0 = d, and the system has no solution; the text
    names it. Then the matrix does not determine the part behind the bar, and it may differ.

    The notes that this package implements print ``[[1, 0, 0, -14], [0, 1, 0, 5]]`` beside
    ``[[1, 2, 3, 6], [0, 1, 4, 5]]``. It is reduced, but not the reduced form of that matrix,
    which is ``[[1, 0, -5, -4], [0, 1, 4, 5]]``.

    Examples
    --------
    >>> from mathwork.matrix import augment, eliminate
    >>> print(eliminate(augment([[2, 3], [4, 5]], [6, 10]), columns=2))
    [ 2  3 |  6 ]
    [ 4  5 | 10 ]
    <BLANKLINE>
    R2 <- R2 - 2 R1
    <BLANKLINE>
    [ 2   3 |  6 ]
    [ 0  -1 | -2 ]
    <BLANKLINE>
    R2 <- -R2
    <BLANKLINE>
    [ 2  3 | 6 ]
    [ 0  1 | 2 ]
    <BLANKLINE>
    R1 <- R1 - 3 R2
    <BLANKLINE>
    [ 2  0 | 0 ]
    [ 0  1 | 2 ]
    <BLANKLINE>
    R1 <- 1/2 R1
    <BLANKLINE>
    [ 1  0 | 0 ]
    [ 0  1 | 2 ]
    """
    exact, reduced = flag(exact, "exact"), flag(reduced, "reduced")
    order = choice(order, "order", ORDERS)
    if order != "textbook" and (modulus is not None or not exact):
        raise ValueError(f"order {order!r} is for exact arithmetic: there are no fractions "
                         f"{'in floats' if modulus is None else 'modulo a prime'}")
    p = None if modulus is None else arithmetic(None, False, modulus).p
    array = _read(A, "A", exact, p)
    if array.ndim != 2:
        raise ValueError(f"A must have shape (m, n), got {array.shape}")
    check_shape(array.shape)
    columns = checked_columns(columns, array.shape[1])
    worker: Textbook | InIntegers | InFloats
    if exact or p is not None:
        strategies = ORDERS[order] if reduced else ORDERS[order][:1]
        worker, pivots = min((_worked(strategy(array.tolist(), p), columns, reduced)
                              for strategy in strategies), key=lambda done: len(done[0].steps))
    else:
        if not np.isfinite(array).all():
            raise ValueError("A must be finite, got NaN or infinity")
        array = array + 0.0         # no -0.0
        worker = InFloats(array.tolist())
        pivots = worker.down(columns, rref(array, columns=columns).pivots)
        if reduced:
            worker.up(pivots)
    return Elimination(worker.known, array.tolist(), array.shape[1], columns,
                       exact or p is not None, p, pivots, reduced,
                       tuple(worker.steps))


def _worked(worker: Textbook | InIntegers, columns: int, reduced: bool
            ) -> tuple[Textbook | InIntegers, tuple[int, ...]]:
    """Return (worker, pivots) after all its steps"""
    pivots = worker.down(columns, reduced)
    if reduced:
        worker.up(pivots)
    return worker, pivots


def _read(value: ArrayLike, name: str, exact: bool, modulus: int | None) -> NDArray[Any]:
    """Return an array of Fractions, of int64 modulo a prime, or of float64"""
    if modulus is not None:
        return arithmetic(None, False, modulus).read(value, name) % modulus
    return as_fractions(value, name) if exact else as_plain(value, name, np.float64)
