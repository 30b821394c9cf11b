"""Matrices and linear equations as people write them: plain rows, LaTeX, and 2x + 3y = 6.

parse_matrix, parse_equations   a text
read, read_text                 either kind, from the lines of a file or from a text

A text is taken a line at a time. latex cuts lines into parts, text_rows makes numbers of the parts,
equations coefficients.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from mathwork._arguments import flag
from mathwork._doors import public
from mathwork.matrix.equations import ARROW, read_equations
from mathwork.matrix.latex import Parts
from mathwork.matrix.text_rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from numpy.typing import NDArray

Parsed = TypeVar("Parsed")

BLOCK = 1 << 14         # characters of a text that are cut into lines at a time


@public
class ParsedMatrix(NamedTuple):
    """The result of :func:`parse_matrix`; unpacks to its fields.

    Parameters
    ----------
    matrix : ndarray, shape (m, n)
        Fractions, or float64 if it was not read exactly; complex128 if a number is complex.
    columns : int or None
        How many columns stand before the bar; None without a bar.

    Examples
    --------
    >>> from mathwork.matrix import parse_matrix
    >>> parse_matrix("1 2 | 3; 4 5 | 6").columns
    2
    """

    matrix: NDArray[Any]
    columns: int | None


@public
class ParsedEquations(NamedTuple):
    """The result of :func:`parse_equations`; unpacks to its fields.

    Parameters
    ----------
    A : ndarray, shape (m, n)
        The coefficients: Fractions, or float64 if it was not read exactly.
    b : ndarray, shape (m,)
        The constants, on the right.
    names : tuple of str
        The n unknowns, in the order of their first appearance.

    Examples
    --------
    >>> from mathwork.matrix import parse_equations
    >>> parse_equations("2x + 3y = 6").names
    ('x', 'y')
    """

    A: NDArray[Any]
    b: NDArray[Any]
    names: tuple[str, ...]


def parse_matrix(text: str, *, exact: bool = True) -> ParsedMatrix:
    r"""Read a matrix from text.

    Parameters
    ----------
    text : str
        Rows in lines of their own, or with ; or LaTeX's ``\\`` between them. Without brackets a row
        of one number has a line of its own: ; beside it may separate columns. Numbers have commas,
        white space or & between them, and may be fractions such as 3/4. A bar | stands before an
        augmented part. Brackets and LaTeX's environments are left out; the columns of an array such
        as ``{rr|r}`` place the bar. A comment begins with #.
    exact : bool
        Whether to make Fractions, in which 0.1 is 1/10, or float64. Complex numbers, such as 3+2j,
        2j or 1-1/2i, are read without it, and make complex128.

    Returns
    -------
    ParsedMatrix
        Unpacks to ``(matrix, columns)``.

    Raises
    ------
    ValueError
        If there is no matrix of numbers in the text, or more than is read. The message names the
        line.

    Notes
    -----
    The time is in proportion to the text. Floats take eight bytes each. Exactly, at most 4,000,000
    numbers are read, of at most 4300 digits and with exponents up to 999. A row with anything but
    plain numbers has at most 1,048,576 characters.

    Examples
    --------
    >>> from mathwork.matrix import parse_matrix, rref
    >>> A, columns = parse_matrix("1,2;3,4")
    >>> A.tolist()
    [[Fraction(1, 1), Fraction(2, 1)], [Fraction(3, 1), Fraction(4, 1)]]
    >>> A, columns = parse_matrix(r"\begin{array}{rr|r} 2 & 3 & 6 \\ 4 & 5 & 10 \end{array}")
    >>> print(rref(A, columns=columns, exact=True))
    [ 1  0 | 0 ]
    [ 0  1 | 2 ]
    <BLANKLINE>
    rank 2, pivots in columns 1, 2
    >>> parse_matrix("1+2j 3; 2j 1", exact=False).matrix
    array([[1.+2.j, 3.+0.j],
           [0.+2.j, 1.+0.j]])
    """
    exact = flag(exact, "exact")
    found = ParsedMatrix(*_with_lines(text, lambda lines: read_rows(Parts(lines), exact)))
    if not len(found.matrix):
        raise ValueError("there is no row of numbers in the text")
    return found


def parse_equations(text: str, *, exact: bool = True) -> ParsedEquations:
    r"""Read linear equations from text.

    Parameters
    ----------
    text : str
        Equations in lines of their own, or with ; or a comma or LaTeX's ``\\`` between them.
        Unknowns have names that begin with a letter, such as x, x_1 or flow. Terms may stand on
        both sides, with coefficients such as 2, 0.5, 3/4 or 2(1 - 1/3); products are read from left
        to right, so 3/4 x is three quarters of x. A comment begins with #.
    exact : bool
        Whether to make Fractions, in which 0.1 is 1/10, or float64.

    Returns
    -------
    ParsedEquations
        Unpacks to ``(A, b, names)``, with ``A x = b``.

    Raises
    ------
    ValueError
        If an equation is not linear, or is none. The message names the line.

    Notes
    -----
    At most 4,000,000 characters are read, 4,000,000 coefficients are made, and a coefficient has at
    most 16,384 bits.

    Examples
    --------
    >>> from mathwork.matrix import parse_equations, solve
    >>> A, b, names = parse_equations("2x + 3y = 6; 4x = 10 - 5y")
    >>> print(solve(A, b, exact=True).text(names))
    x = 0
    y = 2
    """
    exact = flag(exact, "exact")
    found = ParsedEquations(*_with_lines(text, lambda lines: read_equations(Parts(lines), exact)))
    if not len(found.b):
        raise ValueError("there is no equation in the text")
    return found


def read(lines: Iterable[str], exact: bool
         ) -> tuple[NDArray[Any], int | None, tuple[str, ...] | None]:
    """Read lines of either kind; return (matrix, columns, names).

    Equations give the matrix [A | b] and the names of their unknowns. Rows of numbers give None for
    the names. If there are no rows, the matrix has none. At an error, the line at fault is the last
    line taken from `lines`.
    """
    parts = Parts(lines)
    first = parts.first()
    if first is None or not ("=" in first or ARROW.search(first)):
        return *read_rows(parts, exact), None
    A, b, names = read_equations(parts, exact)
    return np.column_stack((A, b)), len(names), names


def read_text(text: str, exact: bool
              ) -> tuple[NDArray[Any], int | None, tuple[str, ...] | None]:
    """Read a text of either kind as :func:`read` does; errors of several lines name the line."""
    return _with_lines(text, lambda lines: read(lines, exact))


def _with_lines(text: str, parse: Callable[[Iterator[str]], Parsed]) -> Parsed:
    """Return parse(lines of the text); the message of an error in several lines names the line"""
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}")
    number = 0

    def lines() -> Iterator[str]:
        nonlocal number
        for number, line in enumerate(_lines_of(text), 1):      # noqa: B007
            yield line

    try:
        return parse(lines())
    except ValueError as error:
        where = f"line {number}: " if "\n" in text.strip() else ""
        raise ValueError(where + str(error)) from None


def _lines_of(text: str) -> Iterator[str]:
    """Yield the lines of a text; all at once, they would take several times its memory"""
    at = 0
    while at < len(text):
        end = text.find("\n", at + BLOCK) + 1 or len(text)
        yield from text[at:end].splitlines()
        at = end
