"""Numbers as tables write them: decimal points or commas, and separators of thousands."""
import math
import re
import reprlib
from contextlib import suppress
from typing import NamedTuple

import numpy as np

EXACT = 2.0**53         # float64 holds every whole number up to here
# What the separator of thousands called blank may be: also the spaces that do not break a line.
BLANKS = " \u00a0\u2009\u202f"
# Cells with which programs say that there is no number.
GAPS = {"", "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "nil", "-", "--", ".", "?",
        "#null!", "#div/0!", "#value!", "#ref!", "#name?", "#num!"}


class Numerals(NamedTuple):
    """How numbers are written; '1.234,5' has the decimal ',' and the thousands '.'."""

    decimal: str = "."
    thousands: str | None = None

    @property
    def pattern(self):
        """A regular expression of a number, the same to Python and to RE2, for other than 1234.5.

        Between thousands there must be three digits: 1,23 is no number with the thousands ','.
        """
        whole = r"[0-9]+"
        if self.thousands is not None:
            whole = rf"(?:[0-9]{{1,3}}(?:{self.separator}[0-9]{{3}})+|[0-9]+)"
        point = re.escape(self.decimal)
        return rf"[+-]?(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"

    @property
    def separator(self):
        """A regular expression of the separator of thousands"""
        return f"[{BLANKS}]" if self.thousands == " " else re.escape(self.thousands)

    @property
    def is_plain(self):
        """Whether Python writes numbers so"""
        return self == Numerals()

    def number(self, cell):
        """The number in a cell, or None if it is none, or not finite; 1_000 is none."""
        if not self.is_plain:
            cell = cell.strip()
            if re.fullmatch(self.pattern, cell) is None:
                return None
            if self.thousands is not None:
                cell = re.sub(self.separator, "", cell)
            cell = cell.replace(self.decimal, ".")
        return _number(cell)

    def column(self, cells):
        """(numbers, whether each cell is one) of a list of cells.

        The numbers are float64, with NaN where there is none; they are int64, with 0 there, if they
        are whole numbers that float64 would round.
        """
        values = None
        if self.is_plain and "_" not in "".join(cells):
            with suppress(ValueError):
                values = np.fromiter(map(float, cells), np.float64, len(cells))
        if values is None:
            number = _number if self.is_plain else self.number
            values = np.array([*map(number, cells)], np.float64)       # None is NaN
        good = np.isfinite(values)
        if (abs(values[good]) >= EXACT).any():
            whole = self._whole(cells, good)
            values = values if whole is None else whole
        return values, good

    def _whole(self, cells, good):
        """The good cells as int64, the others as 0; None if one is no whole number of 64 bits"""
        remove = "" if self.thousands is None else f"[{self.separator.strip('[]')}]"
        try:
            return np.array([int(re.sub(remove, "", cell) if remove else cell) if is_good else 0
                             for cell, is_good in zip(cells, good, strict=True)], np.int64)
        except (ValueError, OverflowError):
            return None

    def advice(self, cell):
        """Which options would read a cell as a number; None if none would."""
        for decimal, thousands in ((",", None), (".", ","), (",", "."), (".", " "), (",", " "),
                                   (".", "'")):
            other = Numerals(decimal, thousands)
            if other.number(cell) is None:
                continue
            text = other.options()
            if decimal == "," and thousands is None and Numerals(".", ",").number(cell) is not None:
                return f"{text} or --thousands , reads it"
            return f"{text} reads it"
        return None

    def options(self):
        """The options that ask for these numerals."""
        options = [] if self.decimal == "." else [f"--decimal {self.decimal}"]
        if self.thousands is not None:
            character = {" ": "blank", "'": '"\'"'}.get(self.thousands, self.thousands)
            options.append(f"--thousands {character}")
        return " ".join(options)


def _number(cell):
    """The finite number that Python reads in a cell, or None; 1_000 is none."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if abs(number) < math.inf and "_" not in cell else None


def is_gap(cell):
    """Whether a cell says that there is nothing in it."""
    return cell.strip().lower() in GAPS


def shown(cell):
    """A cell as messages show it: short, and on one line."""
    return reprlib.repr(cell)


def joined(pieces):
    """One array of the pieces of a column: int64 if that rounds nothing and one of them is int64.

    float64 holds what the others are made of exactly, unless they hold fractions.
    """
    if len({piece.dtype for piece in pieces}) > 1:
        whole = [piece.astype(np.int64) for piece in pieces
                 if piece.dtype.kind != "f" or (abs(piece) < EXACT).all()]
        if len(whole) == len(pieces) and all(map(np.array_equal, whole, pieces)):
            pieces = whole
    return np.concatenate(pieces) if len(pieces) != 1 else pieces[0]
