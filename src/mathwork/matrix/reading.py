"""Matrices and linear equations as people write them: plain rows, LaTeX, and 2x + 3y = 6.

parse_matrix, parse_equations   a text
read, read_text                 either kind, from the lines of a file or from a text
"""
from __future__ import annotations

import itertools
import re
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from mathwork._arguments import flag
from mathwork._doors import public
from mathwork._rows import begins_a_number, check_length, numbers_in
from mathwork.matrix.checks import FOR_SYMBOLS
from mathwork.matrix.equations import CONSTANT, fraction, read_equation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Self

    from numpy.typing import NDArray

    from mathwork._types import Rows

Parsed = TypeVar("Parsed")

# LaTeX around numbers and signs, and its meaning.
SPECIAL = re.compile("[\\\\_$\u00b7\u00d7]")
BREAK = re.compile(r"\\\\(?:\[[^]]*\])?")
ARRAY = re.compile(r"\\begin\s*\{array\}\s*\{([^}]*)\}")
LATEX = (
    (re.compile(r"\\(begin|end)\s*\{[^}]*\}(\[[^]]*\])?"), " "),
    (re.compile(r"\\(left|right|big|Big)\b\s*(\\?[.()|{}\[\]])?"), " "),
    (re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}"), r"(\1)/(\2)"),
    (re.compile(r"\\(cdot|times)\b|[\u00b7\u00d7]"), "*"),
    (re.compile(r"\\(hline|quad|qquad|displaystyle)\b|\\[,;:!]|\$"), " "),
    (re.compile(r"_\{(\w+)\}"), r"_\1"),
    (re.compile(r"\\([A-Za-z]+)"), r"\1"),              # \lambda
)
MINUS = "\u2212"        # the minus sign of typeset pages
SYMBOL = re.compile(r"[+-]?(?!(?:nan|inf|infinity)$)[^\W\d_]\w*", re.IGNORECASE)
INNER_SIGN = re.compile(r"(?<=[^eE])[+-]")          # between the parts of a complex number
AROUND_SIGN = re.compile(r"\s*([+-])\s*")
FOR_COMPLEX = "complex numbers have no exact arithmetic here, and are read as floats"
PLAIN_FRACTION = re.compile(r"\(([^()]*)\)/\(([^()]*)\)")


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
        Rows in lines of their own, or with ; or LaTeX's ``\\`` between them. Numbers have commas,
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
        If there is no matrix of numbers in the text. The message names the line.

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
    found = ParsedMatrix(*_with_lines(text, lambda lines: _matrix(_Parts(lines), exact)))
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

    Examples
    --------
    >>> from mathwork.matrix import parse_equations, solve
    >>> A, b, names = parse_equations("2x + 3y = 6; 4x = 10 - 5y")
    >>> print(solve(A, b, exact=True).text(names))
    x = 0
    y = 2
    """
    exact = flag(exact, "exact")
    found = ParsedEquations(*_with_lines(text, lambda lines: _equations(_Parts(lines), exact)))
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
    parts = _Parts(lines)
    first = next(iter(parts), None)
    if first is None or "=" not in first:
        return *_matrix(parts.again(first), exact), None
    A, b, names = _equations(parts.again(first), exact)
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
        for number, line in enumerate(text.splitlines(), 1):    # noqa: B007
            yield line

    try:
        return parse(lines())
    except ValueError as error:
        where = f"line {number}: " if "\n" in text.strip() else ""
        raise ValueError(where + str(error)) from None


class _Parts:
    r"""The rows or equations in lines: without LaTeX around them, cut at its \\, never empty.

    `bar` is the number of columns before the bar of a LaTeX array, or None.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.bar: int | None = None
        self.parts: Iterator[str] = self._cut(lines)

    def __iter__(self) -> Iterator[str]:
        return self.parts

    def again(self, first: str | None) -> Self:
        """Return these parts with `first` before the parts that are not yet taken"""
        self.parts = itertools.chain([] if first is None else [first], self.parts)
        return self

    def _cut(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            line = line.partition("#")[0]
            array = ARRAY.search(line)
            if array:
                before, bar, _ = array[1].strip().strip("|").partition("|")
                self.bar = sum(map(str.isalpha, before)) if bar else None
                line = line[:array.start()] + line[array.end():]
            for part in BREAK.split(line.replace(MINUS, "-")):
                for pattern, meaning in LATEX if SPECIAL.search(part) else ():
                    part = pattern.sub(meaning, part)
                if part.strip():
                    yield part.strip()


# ---- rows of numbers ----

def _matrix(parts: _Parts, exact: bool) -> tuple[NDArray[Any], int | None]:
    """Return (matrix, columns) of rows of numbers"""
    rows, columns = _rows(parts, fraction if exact else _inexact)
    is_complex = any(isinstance(number, complex) for row in rows for number in row)
    dtype = object if exact else np.complex128 if is_complex else np.float64
    matrix = np.empty((len(rows), len(rows[0]) if rows else 0), dtype)
    if rows:
        matrix[...] = rows
    return matrix, columns


def _rows(parts: _Parts, number: Callable[[str], Any]) -> tuple[Rows, int | None]:
    """Return (lists of numbers, number of columns before the bar or None)"""
    rows: Rows = []
    columns: int | None = None
    header: list[str] | None = None
    for part in parts:
        for fields, bar in map(_fields, _single_rows(part)):
            if bar is None and len(fields) > (parts.bar or len(fields)):
                bar = parts.bar
            if not rows and header is None and not any(map(begins_a_number, fields)):
                header = fields
                continue
            row = _numbers(fields, number)
            if rows:
                check_length(row, len(rows[0]))
            else:
                columns = bar
            if bar != columns:
                raise ValueError(f"{_place(bar)}, in the rows above {_place(columns)}")
            rows.append(row)
    return rows, columns


def _numbers(fields: list[str], number: Callable[[str], Any]) -> list[Any]:
    try:
        return numbers_in(fields, number)
    except ValueError as error:
        if number is fraction and any(map(_is_complex, fields)):
            raise ValueError(f"{error}: {FOR_COMPLEX}") from None
        if any(map(SYMBOL.fullmatch, fields)):
            raise ValueError(f"{error}: {FOR_SYMBOLS}") from None
        raise


def _single_rows(part: str) -> list[str]:
    """Return the rows in a part: 1,2;3,4 are two, and so are [[1, 2], [3, 4]].

    Without brackets, a single number beside a ; is no row: the ; may separate columns.
    """
    if ";" not in part and "[" not in part:
        return [part]
    bare = part.strip("[] ")
    cut = re.sub(r"\]\s*,?\s*\[", ";", re.sub(r"\]\s*,$", "", bare))
    rows = [row for row in cut.split(";") if row.strip()]
    if bare == part and len(rows) > 1 and any(
            len(re.split(r"[\s,&|]+", row.strip())) == 1 for row in rows):
        return [part]
    return rows or [part]


def _fields(text: str) -> tuple[list[str], int | None]:
    """Return (fields of a row, number of fields before its bar or None)"""
    text = PLAIN_FRACTION.sub(r"\1/\2", text).strip()
    separator = next((sign for sign in "&," if sign in text), None)
    left, bar, right = text.removeprefix("[").removesuffix("]").partition("|")
    if "|" in right:
        raise ValueError("there is more than one |")
    if bar and separator:       # CSV may have a comma on either side of it
        left, right = left.strip().removesuffix(separator), right.strip().removeprefix(separator)
    before, after = ([field.strip() for field in part.split(separator)] if part.strip() else []
                     for part in (left, right))
    if not before + after:
        raise ValueError("there is no number in it")
    return before + after, len(before) if bar else None


def _place(bar: int | None) -> str:
    return "there is no |" if bar is None else f"the | stands after {bar} numbers"


def _float(text: str) -> float:
    return float(fraction(text)) if "/" in text else float(text)


def _inexact(text: str) -> float | complex:
    """Return a number such as 3/4, 3+2j, 2j or -i; the spaces around a sign do not matter"""
    if not text.endswith(("i", "j")):
        return _float(text)
    text = AROUND_SIGN.sub(r"\1", text[:-1])
    *_, at = 0, *(sign.start() for sign in INNER_SIGN.finditer(text))
    real, imaginary = text[:at], text[at:]
    unit = 1.0 if imaginary in ("", "+") else -1.0 if imaginary == "-" else _float(imaginary)
    return complex(_float(real) if real else 0.0, unit)


def _is_complex(text: str) -> bool:
    try:
        return isinstance(_inexact(text), complex)
    except (ValueError, ArithmeticError):
        return False


# ---- equations ----

def _equations(parts: _Parts, exact: bool
               ) -> tuple[NDArray[Any], NDArray[Any], tuple[str, ...]]:
    """Return (A, b, names) of equations"""
    equations = [read_equation(equation.replace("&", " ")) for part in parts
                 for equation in re.split("[;,]", part) if equation.strip()]
    names = dict.fromkeys(name for equation in equations for name in equation if name != CONSTANT)
    A = np.empty((len(equations), len(names)), object)
    for row, equation in zip(A, equations, strict=True):
        row[:] = [equation.get(name, Fraction(0)) for name in names]
    b = np.array([-equation[CONSTANT] for equation in equations], object)
    dtype = object if exact else np.float64
    return A.astype(dtype), b.astype(dtype), tuple(names)
