"""Rows of numbers in text. A row of plain numbers is read at once, any other field by field.

Whatever is in the text, time is in proportion to it, and memory to the matrix: see the bounds.
"""
from __future__ import annotations

import re
from array import array
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mathwork._rows import begins_a_number, check_length, numbers_in
from mathwork.matrix.checks import FOR_SYMBOLS
from mathwork.matrix.equations import (
    LARGEST_INTEGER,
    MOST_EXACT,
    TOO_MANY,
    fraction,
)
from mathwork.matrix.rationals import LARGEST_EXPONENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from numpy.typing import NDArray

    from mathwork.matrix.latex import Parts

PIECE = 1 << 16             # characters of a row that are split at a time
LONGEST_ROW = 1 << 20       # characters of a row that is not of plain numbers
MOST_DIGITS = 1 << 27       # of all exact numbers together, as exponents ask for them
KNOWN = 1 << 12             # exact numbers that are not made again

SYMBOL = re.compile(r"[+-]?(?!(?:nan|inf|infinity)$)[^\W\d_]\w*", re.IGNORECASE)
INNER_SIGN = re.compile(r"(?<=[^eE])[+-]")          # between the parts of a complex number
AROUND_SIGN = re.compile(r"(?<!\s)\s+(?=[+-])|(?<=[+-])\s+")
EXPONENT = re.compile(r"[eE][+-]?(\d{1,3})(?!\d)")
FOR_COMPLEX = "complex numbers have no exact arithmetic here, and are read as floats"
FOR_SIGNS = "there are no blanks in a number, such as -2 or 10-20j"
FOR_EXACT = ("exact numbers are finite, with an exponent of at most "
             f"{LARGEST_EXPONENT} and at most {LARGEST_INTEGER} digits")
PLAIN_FRACTION = re.compile(r"\(([^()]*)\)/\(([^()]*)\)")
ROW_JOINT = re.compile(r"\]\s*(?:,\s*)?\[")
ROWS_END = re.compile(r"\]\s*,$")
SEVERAL_ROWS = re.compile(r"[^\s;]\s*;[\s;]*[^\s;]")
SINGLE_NUMBER = re.compile(r"(?:^|;)\s*[^\s,&|;]+\s*(?:;|$)")


def read_rows(parts: Parts, exact: bool) -> tuple[NDArray[Any], int | None]:
    """Return (matrix, number of columns before the bar or None); without rows, the matrix has none

    Raises
    ------
    ValueError
        For a row that is not one of numbers, and for more than can be read.
    """
    table = _Table(exact)
    for line in parts.lines:
        if parts.bar is None and table.take_plain(line):
            continue
        for part in parts.cut(line):
            for row in _single_rows(part):
                if parts.bar is not None or not table.take_plain(row):
                    table.take(row, parts.bar)
    return table.matrix(), table.columns


class _Table:
    """The numbers of all rows, one after the other: `width` in a row, `columns` before the bar."""

    def __init__(self, exact: bool) -> None:
        self.exact, self.is_complex = exact, False
        self.plain_number: Callable[[str], Any] = lru_cache(KNOWN)(fraction) if exact else float
        # A complex number is two floats in the array.
        self.numbers: Any = [] if exact else array("d")
        self.width: int | None = None
        self.columns: int | None = None
        self.has_header = False
        self.digits = 0

    def take_plain(self, row: str) -> bool:
        """Take a row without a bar, and say whether all of it are plain numbers

        What makes no sense is left to take(), which says why.
        """
        if self.columns is not None or self.is_complex:
            return False
        start, separator = len(self.numbers), "," if "," in row else None
        for piece in (row,) if len(row) <= PIECE else _pieces(row, separator):
            if not self._extended(map(self.plain_number, piece.split(separator))):
                del self.numbers[start:]
                return False
            if self.exact:
                self._check_amount(piece)
        found = len(self.numbers) - start
        if self.width is None and found:
            self.width = found
        if found == self.width:
            return True
        del self.numbers[start:]
        if self.width is not None and found:
            check_length(range(found), self.width)
        return False

    def _check_amount(self, text: str) -> None:
        """Raise if exact numbers take too much memory; `text` holds the newest"""
        if len(self.numbers) > MOST_EXACT:
            raise ValueError(TOO_MANY)
        if "e" in text or "E" in text:
            self.digits += sum(map(int, EXPONENT.findall(text)))
            if self.digits > MOST_DIGITS:
                raise ValueError("the exponents of its exact numbers ask for more than "
                                    f"{MOST_DIGITS:,} digits")

    def take(self, row: str, array_bar: int | None) -> None:
        """Take any row; `array_bar` is where a LaTeX array has its bar"""
        if len(row) > LONGEST_ROW:
            raise ValueError(f"a row of {len(row):,} characters must have plain numbers alone, "
                             "with commas or blanks between them; one with anything else may have "
                             f"{LONGEST_ROW:,}")
        fields, bar = _fields(row)
        if bar is None and len(fields) > (array_bar or len(fields)):
            bar = array_bar
        if self.width is None and not self.has_header and not any(map(begins_a_number, fields)):
            self.has_header = True
            return
        numbers = _numbers(fields, self.exact)
        if self.width is not None:
            check_length(numbers, self.width)
        else:
            self.width, self.columns = len(numbers), bar
        if bar != self.columns:
            raise ValueError(f"{_place(bar)}, in the rows above {_place(self.columns)}")
        if self.is_complex or not self._extended(numbers):
            self._be_complex()
            self.numbers.frombytes(np.array(numbers, np.complex128).tobytes())
        if self.exact:
            self._check_amount(row)

    def _extended(self, numbers: Iterable[Any]) -> bool:
        """Take numbers; return whether all of them can be taken, else take none"""
        start = len(self.numbers)
        try:
            self.numbers.extend(numbers)
        except (TypeError, ValueError, ArithmeticError):    # complex; no number; 1/0
            del self.numbers[start:]
            return False
        return True

    def _be_complex(self) -> None:
        if not self.is_complex:
            self.is_complex = True
            self.numbers = array("d", np.array(self.numbers, np.complex128).tobytes())

    def matrix(self) -> NDArray[Any]:
        if not self.width:
            return np.empty((0, 0), object if self.exact else np.float64)
        if self.exact:
            matrix = np.empty(len(self.numbers), object)
            matrix[:] = self.numbers
        else:
            matrix = np.frombuffer(self.numbers,
                                   np.complex128 if self.is_complex else np.float64)
        return matrix.reshape(-1, self.width)


def _numbers(fields: list[str], exact: bool) -> list[Any]:
    try:
        return numbers_in(fields, fraction if exact else _inexact)
    except ValueError as error:
        if exact and any(map(_is_complex, fields)):
            raise ValueError(f"{error}: {FOR_COMPLEX}") from None
        if exact and any(map(_is_inexact_alone, fields)):
            raise ValueError(f"{error}: {FOR_EXACT}") from None
        if not {"+", "-"}.isdisjoint(fields):
            raise ValueError(f"{error}: {FOR_SIGNS}") from None
        if any(map(SYMBOL.fullmatch, fields)):
            raise ValueError(f"{error}: {FOR_SYMBOLS}") from None
        raise


def _single_rows(part: str) -> Iterable[str]:
    """Return the rows in a part: 1,2;3,4 are two, and so are [[1, 2], [3, 4]].

    Without brackets, a single number beside a ; is no row: the ; may separate columns.
    """
    if ";" not in part and "[" not in part:
        return (part,)
    bare = part.strip("[] ")
    cut = ROW_JOINT.sub(";", ROWS_END.sub("", bare))
    if bare == part and SEVERAL_ROWS.search(cut) and SINGLE_NUMBER.search(cut):
        return (part,)
    return _cut_rows(cut) if cut.replace(";", "").strip() else (part,)


def _cut_rows(text: str) -> Iterator[str]:
    """Yield what ; separates, without what is blank"""
    at = 0
    while at < len(text):
        end = text.find(";", at)
        end = len(text) if end < 0 else end
        if row := text[at:end].strip():
            yield row
        at = end + 1


def _pieces(text: str, separator: str | None) -> Iterator[str]:
    """Yield a long row in pieces: the strings of all its fields would take far more memory"""
    between = re.compile(separator or r"\s")
    at = 0
    while found := between.search(text, at + PIECE):
        yield text[at:found.start()]
        at = found.end()
    yield text[at:]


def _fields(text: str) -> tuple[list[str], int | None]:
    """Return (fields of a row, number of fields before its bar or None)"""
    text = PLAIN_FRACTION.sub(r"\1/\2", text).strip()
    separator = next((sign for sign in "&," if sign in text), None)
    left, bar, right = text.removeprefix("[").removesuffix("]").partition("|")
    if "|" in right:
        raise ValueError("there is more than one |")
    if bar and separator:       # CSV may have a comma on either side of it
        left, right = left.strip().removesuffix(separator), right.strip().removeprefix(separator)
    before, after = (part.split() if separator is None or not part.strip() else
                     [field.strip() for field in part.split(separator)] for part in (left, right))
    if not before + after:
        raise ValueError("there is no number in it")
    return before + after, len(before) if bar else None


def _place(bar: int | None) -> str:
    return "there is no |" if bar is None else f"the | stands after {bar} numbers"


def _float(text: str) -> float:
    return float(fraction(text)) if "/" in text else float(text)


def _inexact(text: str) -> float | complex:
    """Return a number such as 3/4, 3+2j, 2j or -i; the spaces around a sign do not matter"""
    try:
        return float(text)
    except ValueError:
        pass
    if not text.endswith(("i", "j")):
        return _float(text)
    text = AROUND_SIGN.sub("", text[:-1])
    *_, at = 0, *(sign.start() for sign in INNER_SIGN.finditer(text))
    real, imaginary = text[:at], text[at:]
    unit = 1.0 if imaginary in ("", "+") else -1.0 if imaginary == "-" else _float(imaginary)
    return complex(_float(real) if real else 0.0, unit)


def _is_complex(text: str) -> bool:
    try:
        return isinstance(_inexact(text), complex)
    except (ValueError, ArithmeticError):
        return False


def _is_inexact_alone(text: str) -> bool:
    """Return whether a number is one in floats and not as a fraction"""
    try:
        float(text)
    except ValueError:
        return False
    try:
        fraction(text)
    except (ValueError, ArithmeticError):
        return True
    return False
