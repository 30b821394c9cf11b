"""Numbers, matrices and solutions as a book writes them, in text and in LaTeX.

as_text, as_latex           a number
combination                 3 - 2 t
matrix_text, matrix_latex   a matrix in brackets, perhaps with a bar
contradictions              rows of a reduced matrix that say 0 = 1
assignments                 x1 = 3 - 2 t, an equation for each unknown
reduced_text, reduced_latex, solution_text, solution_latex     the results of rref and solve
"""
from __future__ import annotations

import math
import numbers
import re
from typing import TYPE_CHECKING

import numpy as np

import mathwork.matrix.rationals as rationals
from mathwork._arguments import items, shown
from mathwork._status import INCONSISTENT, INFINITE, SOLUTION_WORDS, SYSTEM_NOT_FINITE, UNIQUE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Protocol, TypeAlias

    from numpy.typing import NDArray

    from mathwork._types import CodeOrArray, Rows, SolutionWord

    _Written: TypeAlias = Callable[[Any], str]
    # Title, status code, x or None, null space.
    _System: TypeAlias = tuple[str, int, Any, NDArray[Any]]

    # Reduced and Solution are classes of modules that import this one.
    class _Result(Protocol):
        def __iter__(self) -> Iterator[Any]: ...
        @property
        def ambiguous(self) -> bool | NDArray[np.bool]: ...

    class _Reduced(_Result, Protocol):
        @property
        def status(self) -> CodeOrArray: ...

    class _Solution(_Result, Protocol):
        @property
        def status(self) -> SolutionWord | NDArray[np.int8]: ...
        @property
        def modulus(self) -> int | None: ...

NO_SOLUTION = "There is no solution."
NOT_FINITE = "The system holds NaN or infinity."
MOST_NAMES = 100_000
CLOSE = "This was a close call in floats; exact=True decides it."
CLOSE_COMPLEX = "This was a close call in floats; SymPy decides it."
# A sign between two parts, not of an exponent.
TWO_PARTS = re.compile(r"(?<![e({])[+-]")


# ---- numbers ----

def as_text(number: Any) -> str:
    """Return the number as 3, -3/4, 0.125 or 1-2j; floats with six digits.

    A part of a complex number that is below the sixth digit of the other is left out.
    """
    if isinstance(number, (complex, np.complexfloating)):
        return _joined(number, as_text, "j")
    if isinstance(number, numbers.Rational):
        return rationals.as_text(int(number) if isinstance(number, numbers.Integral) else number)
    return f"{number + 0.0:.6g}"        # no -0


def as_latex(number: Any) -> str:
    """Return the number in LaTeX's mathematics."""
    if isinstance(number, (complex, np.complexfloating)):
        return _joined(number, as_latex, r"\mathrm{j}")
    if isinstance(number, numbers.Rational) and number.denominator != 1:
        sign = "-" if number < 0 else ""
        numerator, denominator = map(as_text, (abs(number.numerator), number.denominator))
        return rf"{sign}\frac{{{numerator}}}{{{denominator}}}"
    mantissa, _, exponent = as_text(number).partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _joined(number: complex | np.complexfloating[Any], written: _Written, unit: str) -> str:
    """Return a complex number as 3, 2j or 3+2j"""
    re, im = float(number.real), float(number.imag)
    size = max(abs(re), abs(im))
    if abs(im) <= 1e-6 * size:
        return written(re)
    imaginary = written(im) + unit
    if abs(re) <= 1e-6 * size:
        return imaginary
    return f"{written(re)}{'' if imaginary.startswith('-') else '+'}{imaginary}"


def combination(terms: Iterable[tuple[Any, str]], written: _Written = as_text) -> str:
    """Return a sum of terms (factor, symbol); terms of 0 are left out, and the symbol may be ""."""
    text = ""
    for factor, symbol in terms:
        if factor == 0:
            continue
        number = written(factor)
        negative = number.startswith("-")
        size = number.removeprefix("-")
        if TWO_PARTS.search(size):
            negative, size = False, f"({number})" if symbol or text else number
        piece = symbol if symbol and size == "1" else f"{size} {symbol}".rstrip()
        if text:
            text += f" {'-' if negative else '+'} {piece}"
        else:
            text = "-" + piece if negative else piece
    return text or "0"


# ---- matrices ----

def matrix_text(rows: Rows, columns: int, written: _Written = as_text) -> str:
    """Return a list of rows as lines in brackets, with a bar after `columns` columns."""
    cells = [[written(entry) for entry in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(_row_text(row, widths, columns) for row in cells) or "[ ]"


def _row_text(row: list[str], widths: list[int], columns: int) -> str:
    if not row:
        return "[ ]"
    cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
    left, right = cells[:columns], cells[columns:]
    return f"[ {'  '.join(left)}{' | ' if left and right else ''}{'  '.join(right)} ]"


def matrix_latex(rows: Rows, width: int, columns: int) -> str:
    """Return a list of rows as an array of LaTeX, with a bar after `columns` of `width` columns."""
    if not width:
        return r"\left[\;\right]"
    bar = "|" if 0 < columns < width else ""
    alignment = "r" * columns + bar + "r" * (width - columns)
    body = r" \\ ".join(" & ".join(map(as_latex, row)) for row in rows)
    return rf"\left[\begin{{array}}{{{alignment}}} {body} \end{{array}}\right]"


def contradictions(matrix: NDArray[Any], rank: int, columns: int) -> list[tuple[int, int, Any]]:
    """Return (row, column behind the bar, entry) for rows of a reduced matrix that say 0 = entry.

    For each column behind the bar it is the first such row. In floats an entry counts if rounding
    in the rows above cannot have left it: if it is more than 32 n max(m, n) eps times the sum of
    their sizes in this column, by the bound of :func:`solve`, whose norm is at most 2 n.
    """
    found = []
    m, n = matrix.shape[0], columns
    for k, column in enumerate(matrix[:, columns:].T):
        bound: float = 0
        if matrix.dtype.kind in "fc":
            bound = (32 * n * max(m, n) * np.finfo(matrix.dtype).eps
                     * float(np.abs(column[:rank]).sum()))
        at = next((i for i in range(rank, m) if abs(column[i]) > bound), None)
        if at is not None:
            found.append((at, k, column[at]))
    return found


def contradictions_text(matrix: NDArray[Any], rank: int, columns: int) -> list[str]:
    """Return a sentence for each contradiction."""
    several = matrix.shape[1] - columns > 1
    found = contradictions(matrix, rank, columns) if columns else []     # no bar: no equations
    return [f"Row {row + 1} says 0 = {as_text(entry)}: "
            + (f"right-hand side {k + 1} has no solution." if several else "there is no solution.")
            for row, k, entry in found]


def aligned(lines: Iterable[str]) -> str:
    """Return lines of LaTeX with & in each as one formula."""
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def displayed(latex: str) -> str:
    """Return LaTeX for a notebook."""
    return f"$\\displaystyle {latex}$"


def sentence_latex(sentence: str) -> str:
    """Return a sentence as text between formulas."""
    return rf"\text{{{sentence}}}"


def pivots_text(pivots: Sequence[int]) -> str:
    """Return the rank and the columns of the pivots, counted from 1."""
    if not pivots:
        return "rank 0"
    places = ", ".join(str(pivot + 1) for pivot in pivots)
    return f"rank {len(pivots)}, pivot{'s' * (len(pivots) > 1)} in column" \
           f"{'s' * (len(pivots) > 1)} {places}"


def reduced_text(reduced: _Reduced, columns: int) -> str:
    """Return the text of a reduced matrix, or of each matrix of a stack."""
    parts = []
    for title, matrix, pivots in _matrices(reduced):
        remarks = contradictions_text(matrix, len(pivots), columns)
        parts += [(f"{title}:\n" if title else "") + matrix_text(matrix.tolist(), columns),
                  pivots_text(pivots), *remarks]
    return "\n\n".join(parts + _doubts(reduced))


def reduced_latex(reduced: _Reduced, columns: int) -> str:
    """Return the LaTeX of a reduced matrix, or of each matrix of a stack, for amsmath."""
    lines = []
    for title, matrix, pivots in _matrices(reduced):
        lines += [sentence_latex(title + ":")] * bool(title)
        lines.append(matrix_latex(matrix.tolist(), matrix.shape[1], columns))
        lines += map(sentence_latex, contradictions_text(matrix, len(pivots), columns))
    lines += map(sentence_latex, _doubts(reduced))
    return aligned([f"& {line}" for line in lines])


def _doubts(reduced: _Reduced) -> list[str]:
    finite = np.equal(reduced.status, 0)
    return ([] if np.all(finite) else ["NaN or infinity makes a matrix NaN."]) + (
        [_close(next(iter(reduced)))] * bool(np.any(reduced.ambiguous & finite)))


def _close(numbers: NDArray[Any]) -> str:
    return CLOSE_COMPLEX if numbers.dtype.kind == "c" else CLOSE


def _matrices(reduced: _Reduced) -> Iterator[tuple[str, NDArray[Any], tuple[int, ...]]]:
    """Yield (title or "", matrix, pivots) for each matrix"""
    matrix, pivots = reduced
    if matrix.ndim == 2:
        yield "", matrix, pivots
        return
    for at in np.ndindex(matrix.shape[:-2]):
        yield _title("Matrix", at), matrix[at], tuple(pivots[at][pivots[at] >= 0].tolist())


def _title(word: str, at: tuple[int, ...]) -> str:
    return f"{word} {', '.join(str(i + 1) for i in at)}"


# ---- solutions ----

def checked_names(names: Iterable[str] | None, n: int) -> list[str]:
    """Return the names of n unknowns: x1, x2, ... by default."""
    if names is None:
        return [f"x{i + 1}" for i in range(n)]
    names = [name if isinstance(name, str) else shown(name)
             for name in items(names, "names", "a sequence of names", MOST_NAMES)]
    if len(names) != n:
        raise ValueError(f"names must hold {n} names, one for each unknown, got {len(names)}")
    return names


def parameters_for(count: int, names: Iterable[str]) -> list[str]:
    """Return names for free parameters: t, or t1, t2, ...; another letter if an unknown has it."""
    for letter in (*"tsuvwpqr", "free"):
        found = [letter] if count == 1 else [f"{letter}{i + 1}" for i in range(count)]
        if not {letter, *found}.intersection(names):
            break
    return found


def name_latex(name: str) -> str:
    """Return a name in LaTeX: x1 has an index, and a word stands upright."""
    if not (parts := re.fullmatch(r"([^\W\d_]+)_?(\d*)", name)):
        return rf"\text{{{name}}}".replace("_", r"\_")
    word, index = parts.groups()
    word = word if len(word) == 1 else rf"\mathrm{{{word}}}"
    return word + (f"_{{{index}}}" if index else "")


def assignments(x: NDArray[Any], null_space: NDArray[Any], names: Iterable[str],
                parameters: Sequence[str], written: _Written = as_text
                ) -> Iterator[tuple[str, str]]:
    """Yield (name, right-hand side) for each unknown of one system with solutions."""
    for i, name in enumerate(names):
        factors = zip(null_space[i], parameters, strict=True)
        yield name, combination([(x[i], ""), *factors], written)


def solution_text(solution: _Solution, names: Sequence[str] | None) -> str:
    """Return the text of a solution, or of the solutions of a stack."""
    parts = []
    for title, status, x, null_space in _systems(solution):
        known = checked_names(names, len(null_space))
        if status not in (UNIQUE, INFINITE):
            text = _verdict(status)
        else:
            parameters = parameters_for(null_space.shape[1], known)
            text = "\n".join(f"{name} = {value}" for name, value
                             in assignments(x, null_space, known, parameters))
            if parameters:
                text += f"\n\n({', '.join(known)}) = " + _vector_form(
                    x, null_space, parameters, lambda v: f"({', '.join(map(as_text, v))})")
        parts.append(f"{title}:\n{text}" if title else text)
    return "\n\n".join(part for part in [*parts, *_remarks(solution)] if part)


def solution_latex(solution: _Solution, names: Sequence[str] | None) -> str:
    """Return the LaTeX of a solution, or of the solutions of a stack, for amsmath."""
    lines = []
    for title, status, x, null_space in _systems(solution):
        known = [*map(name_latex, checked_names(names, len(null_space)))]
        lines += ["& " + sentence_latex(title + ":")] * bool(title)
        if status not in (UNIQUE, INFINITE):
            lines.append("& " + sentence_latex(_verdict(status)))
            continue
        parameters = [*map(name_latex, parameters_for(
            null_space.shape[1], checked_names(names, len(null_space))))]
        lines += [f"{name} &= {value}" for name, value
                  in assignments(x, null_space, known, parameters, as_latex)]
        if parameters:
            lines.append(f"{_column_latex(known)} &= " + _vector_form(
                x, null_space, parameters, lambda v: _column_latex(map(as_latex, v))))
    lines += ["& " + sentence_latex(remark) for remark in _remarks(solution)]
    return aligned(lines)


def _column_latex(cells: Iterable[str]) -> str:
    return r"\begin{pmatrix} " + r" \\ ".join(cells) + r" \end{pmatrix}"


def _vector_form(x: NDArray[Any], null_space: NDArray[Any], parameters: Iterable[str],
                 vector: _Written) -> str:
    """Return p + t1 v1 + ..., without a p of zeros"""
    terms = [vector(x)] if any(x != 0) else []
    terms += [f"{parameter} {vector(column)}"
              for parameter, column in zip(parameters, null_space.T, strict=True)]
    return " + ".join(terms)


def _verdict(status: int) -> str:
    return {INCONSISTENT: NO_SOLUTION, SYSTEM_NOT_FINITE: NOT_FINITE}[status]


def _remarks(solution: _Solution) -> list[str]:
    remarks = [] if solution.modulus is None else [f"All numbers are modulo {solution.modulus}."]
    finite = np.not_equal(_codes(solution.status), SYSTEM_NOT_FINITE)
    return remarks + [_close([*solution][2])] * bool(np.any(solution.ambiguous & finite))


def _codes(status: SolutionWord | NDArray[np.int8]) -> CodeOrArray:
    return SOLUTION_WORDS.index(status) if isinstance(status, str) else status


def _systems(solution: _Solution) -> Iterator[_System]:
    """Yield (title or "", status code, x, null space) for each matrix and right-hand side"""
    status, x, null_space = solution
    if isinstance(status, str):
        yield from _sides("", SOLUTION_WORDS.index(status), x, null_space)
        return
    for at in np.ndindex(status.shape):
        basis = null_space[at]
        basis = basis[:, (basis != 0).any(axis=0)]      # without columns of padding
        yield from _sides(_title("System", at), int(status[at]), x[at], basis)


def _sides(title: str, status: int, x: Any, null_space: NDArray[Any]) -> Iterator[_System]:
    """Yield (title, status code, x, null space) for each right-hand side of one matrix"""
    if x is None or x.ndim == 1:
        yield title, status, x, null_space
        return
    for k, column in enumerate(x.T):
        side = f"{title}, right-hand side {k + 1}" if title else f"Right-hand side {k + 1}"
        own = status
        if status == INCONSISTENT and not _has_gap(column):
            own = INFINITE if null_space.shape[1] else UNIQUE
        yield side, own, column, null_space


def _has_gap(column: NDArray[Any]) -> bool:
    """Return whether the column holds NaN, or -1 modulo a prime"""
    return any(entry != entry for entry in column) or (
        column.dtype.kind == "i" and bool((column == -1).any()))


def too_long(*shapes: tuple[int, ...]) -> bool:
    """Return whether NumPy would shorten an array in print that holds arrays of these shapes."""
    return sum(map(math.prod, shapes)) > np.get_printoptions()["threshold"]
