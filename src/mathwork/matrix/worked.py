"""Elimination as done by hand: every elementary row operation is one step."""
import math

import numpy as np

from mathwork._arrays import as_plain
from mathwork.matrix.checks import checked_columns
from mathwork.matrix.elimination import rref
from mathwork.matrix.rationals import as_fractions
from mathwork.matrix.steps import as_latex, as_text
from mathwork.matrix.strategies import ByHand, InFloats, set_entries


class Elimination:
    """A matrix, and the elementary row operations that bring it into echelon form.

    Made by :func:`eliminate`. It is immutable.

    Attributes
    ----------
    matrix : ndarray, shape (m, n)
        The matrix as it was given: Fractions, or float64 if it was not exact.
    steps : tuple of Swap, Scale and Add
        In order. Rows are counted from 0 in their fields, from 1 in text.
    pivots : tuple of int
        The pivots' columns.
    columns : int
        How many of the first columns may have pivots. The bar is drawn after them.
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

    __slots__ = ("_known", "_rows", "_width", "columns", "exact", "pivots", "reduced", "steps")

    def __new__(cls, *args):
        # From eliminate or a pickle: the values of __slots__, in order.
        if len(args) != len(cls.__slots__):
            raise TypeError("an Elimination is made by eliminate(A)")
        self = super().__new__(cls)
        for name, value in zip(cls.__slots__, args, strict=True):
            object.__setattr__(self, name, value)
        return self

    def __setattr__(self, name, value):
        raise AttributeError(f"an Elimination is immutable, {name} cannot be set")

    def __delattr__(self, name):
        raise AttributeError(f"an Elimination is immutable, {name} cannot be deleted")

    def __reduce__(self):
        return type(self), tuple(getattr(self, name) for name in self.__slots__)

    @property
    def matrix(self):
        return self._array(self._rows, self._width)

    @property
    def rank(self):
        return len(self.pivots)

    @property
    def result(self):
        return self.matrices()[-1]

    @property
    def transform(self):
        return self.replay(np.eye(len(self._rows), dtype=int))

    def matrices(self):
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

    def replay(self, B):
        """Apply the steps to another matrix with as many rows.

        Parameters
        ----------
        B : array_like, shape (m, k) or (m,)
            Read in the same way as the eliminated matrix: exactly, or as float64.

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
        array = as_fractions(B, "B") if self.exact else as_plain(B, "B", np.float64)
        if array.ndim not in (1, 2) or len(array) != len(self._rows):
            raise ValueError(f"B must have {len(self._rows)} rows, got shape {array.shape}")
        width = math.prod(array.shape[1:])
        rows = array.reshape(len(array), width).tolist()
        for step in self.steps:
            step.apply(rows)
        return self._array(rows, width).reshape(array.shape)

    def latex(self):
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
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def _repr_latex_(self):
        return f"$\\displaystyle {self.latex()}$"

    def __str__(self):
        first, *others = map(self._matrix_text, self._states())
        return "\n\n".join([first] + [f"{step}\n\n{matrix}" for step, matrix
                                      in zip(self.steps, others, strict=True)])

    def __repr__(self):
        form = "reduced echelon form" if self.reduced else "echelon form"
        steps = "1 step" if len(self.steps) == 1 else f"{len(self.steps)} steps"
        return (f"<Elimination: {len(self._rows)} x {self._width} to {form}, {steps}, "
                f"rank {self.rank}>")

    def _states(self):
        """Yield the rows as given and after each step"""
        rows = [list(row) for row in self._rows]
        if self.steps:
            yield [list(row) for row in rows]
        for taken in range(len(self.steps) + 1):
            if taken:
                self.steps[taken - 1].apply(rows)
            for entries in self._known.get(taken, ()):
                set_entries(rows, *entries)
            if taken or not self.steps:
                yield [list(row) for row in rows]

    def _array(self, rows, width):
        array = np.empty((len(rows), width), object if self.exact else np.float64)
        for i, row in enumerate(rows):
            array[i] = row
        return array

    def _matrix_text(self, rows):
        written = [[as_text(entry) for entry in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(*written, strict=True)]
        return "\n".join(self._row_text(row, widths) for row in written) or "[ ]"

    def _row_text(self, row, widths):
        if not row:
            return "[ ]"
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        left, right = cells[:self.columns], cells[self.columns:]
        return f"[ {'  '.join(left)}{' | ' if left and right else ''}{'  '.join(right)} ]"

    def _matrix_latex(self, rows):
        if not self._width:
            return r"\left[\;\right]"
        bar = "|" if 0 < self.columns < self._width else ""
        columns = "r" * self.columns + bar + "r" * (self._width - self.columns)
        body = r" \\ ".join(" & ".join(map(as_latex, row)) for row in rows)
        return rf"\left[\begin{{array}}{{{columns}}} {body} \end{{array}}\right]"


def eliminate(A, *, exact=True, reduced=True, columns=None):
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

    Returns
    -------
    Elimination

    Raises
    ------
    TypeError, ValueError
        For input that is not a matrix of numbers, or has NaN or infinity.

    Notes
    -----
    If exact, the steps are those of a careful hand. Rows become integers first. A pivot is an entry
    that divides the others, or else their remainder after whole multiples are subtracted. Common
    factors are divided out at once. Fractions come only at the end, where a row is divided by its
    pivot. The result is that of ``rref(A, exact=True)``, with one exception: `columns` may leave
    entries in the rows below the rank, as in a system without a solution. Then the matrix does not
    determine the part behind the bar, and it may differ.

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
    array = as_fractions(A, "A") if exact else as_plain(A, "A", np.float64)
    if array.ndim != 2:
        raise ValueError(f"A must have shape (m, n), got {array.shape}")
    columns = checked_columns(columns, array.shape[1])
    if exact:
        worker = ByHand(array.tolist())
        pivots = worker.down(columns)
        if reduced:
            worker.up(pivots)
    else:
        if not np.isfinite(array).all():
            raise ValueError("A must be finite, got NaN or infinity")
        array = array + 0.0         # no -0.0
        worker = InFloats(array.tolist())
        pivots = worker.down(columns, rref(array, columns=columns).pivots)
        if reduced:
            worker.up(pivots)
    return Elimination(worker.known, array.tolist(), array.shape[1], columns, bool(exact),
                       pivots, bool(reduced), tuple(worker.steps))
