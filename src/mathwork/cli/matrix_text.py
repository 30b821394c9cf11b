"""Matrices in text: a row a line, numbers or fractions, and a bar before augmented columns."""
from pathlib import Path

import numpy as np

from mathwork._arrays import as_array
from mathwork.cli.lines import (
    begins_a_number,
    check_length,
    name_of,
    numbers_in,
    opened_lines,
    standard_output,
)
from mathwork.cli.tables import map_npy

LARGEST_EXPONENT = 999      # of an exact number: a larger one takes memory out of all proportion


def read_matrix(name, exact):
    """(matrix, how many columns stand before its bar) in the file `name`; None without a bar.

    A .npy file is mapped into memory. Every other file is text with a row a line: numbers or
    fractions like 3/4 with commas or white space between, perhaps one | and brackets around. A
    matrix of text is float64 or, if `exact`, holds Fractions.

    Raises
    ------
    ValueError
        If there is no matrix of numbers in the file.
    OSError
        If the file cannot be read.
    """
    if Path(name).suffix.lower() == ".npy":
        matrix = as_array(map_npy(name), name)
        if matrix.ndim != 2:
            raise ValueError(f"{name}: a matrix has shape (m, n), got {matrix.shape}")
        return matrix, None
    rows, columns = _read_rows(name, _fraction if exact else _float)
    matrix = np.empty((len(rows), len(rows[0])), object if exact else np.float64)
    matrix[...] = rows
    return matrix, columns


def write_matrix(matrix, columns):
    """Write a matrix to standard output, aligned, with a bar after `columns` columns."""
    written = [[str(number).removesuffix(".0") for number in row] for row in matrix]
    widths = [max(map(len, column)) for column in zip(*written, strict=True)]
    file = standard_output()
    for row in written:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        if columns is not None:
            cells.insert(columns, "|")
        file.write(" ".join(cells) + "\n")


def _read_rows(name, number):
    """(lists of numbers, how many stand before the bar or None)."""
    rows, columns, header = [], None, None
    with opened_lines(name) as lines:
        for line in lines:
            # U+2212 is the minus sign of typeset pages.
            if not (text := line.strip().replace("\u2212", "-")):
                continue
            fields, bar = _fields(text)
            if not rows and header is None and not any(map(begins_a_number, fields)):
                header = fields
                continue
            row = numbers_in(fields, number)
            if rows:
                check_length(row, len(rows[0]))
            else:
                columns = bar
            if bar != columns:
                raise ValueError(f"{_place(bar)}, in the rows above {_place(columns)}")
            rows.append(row)
    if not rows:
        raise ValueError(f"{name_of(name)}: there is no row of numbers in it")
    return rows, columns


def _fields(text):
    """(the fields of a line, how many stand before its bar or None)."""
    commas = "," in text
    left, bar, right = text.removeprefix("[").removesuffix("]").partition("|")
    if "|" in right:
        raise ValueError("there is more than one |")
    if bar:     # CSV may have a comma on either side of it
        left, right = left.strip().removesuffix(","), right.strip().removeprefix(",")
    before, after = ([field.strip() for field in part.split("," if commas else None)]
                     if part.strip() else [] for part in (left, right))
    if not before + after:
        raise ValueError("there is no number in it")
    return before + after, len(before) if bar else None


def _place(bar):
    return "there is no |" if bar is None else f"the | stands after {bar} numbers"


def _float(text):
    return float(_fraction(text)) if "/" in text else float(text)


def _fraction(text):
    from fractions import Fraction

    _, _, exponent = text.lower().partition("e")
    if exponent and abs(int(exponent)) > LARGEST_EXPONENT:
        raise ValueError(f"{text} is too large or too small")
    return Fraction(text)
