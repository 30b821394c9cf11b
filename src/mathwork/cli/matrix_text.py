"""Matrices and equations that a command is given, in a file or in its argument."""
import os
import re
import sys
from pathlib import Path

import numpy as np

from mathwork._arrays import as_array, holds_complex
from mathwork.cli.lines import blamed_on, name_of, opened_lines
from mathwork.cli.tables import map_npy
from mathwork.matrix.equations import ARROW
from mathwork.matrix.reading import read, read_text

NAMES_OF_FILES = (".csv", ".npy", ".txt", ".tex", ".dat")
NUMBERS = re.compile(r"(?=.*\d)(?=.*\S[\s,|]+\S)[\s\d.eEij/+\-\u2212\[\],|]+")


def read_matrix(source, exact):
    """(matrix, how many columns stand before its bar or None, names of unknowns or None).

    `source` is the name of a file, or - for standard input, or a text itself: see `is_text`. A .npy
    file is mapped into memory. Text has the forms of mathwork.matrix.reading; equations give the
    matrix [A | b]. A matrix of text holds Fractions if `exact`, else float64,
    or complex128 if one of its numbers is complex.

    Raises
    ------
    ValueError
        If there is no matrix of numbers in the source.
    OSError
        If the file cannot be read.
    """
    if Path(source).suffix.lower() == ".npy":
        matrix = map_npy(source)
        if not holds_complex(matrix):
            matrix = as_array(matrix, source)
        if matrix.ndim != 2:
            raise ValueError(f"{source}: a matrix has shape (m, n), got {matrix.shape}")
        return matrix, None, None
    if is_text(source):
        with blamed_on(source_name(source)):
            found = read_text(source, exact)
    else:
        with opened_lines(source) as lines:
            found = read(lines, exact)
    if not len(found[0]):
        raise ValueError(f"{source_name(source)}: there is no row of numbers in it")
    return found


def is_text(source):
    """Whether an argument is a matrix or equations, and not the name of a file.

    No file has this name, and it has =, ; or &, or the arrow of a reaction in it, or numbers with
    something between them.
    """
    if source == "-" or source.lower().endswith(NAMES_OF_FILES) or os.path.exists(source):
        return False
    return bool(re.search(r"[=;&\n]", source) or ARROW.search(source) or NUMBERS.fullmatch(source))


def source_name(source):
    """What messages call a file or a text."""
    return "the argument" if is_text(source) else name_of(source)


def complex_text(number):
    """A complex number as 3, 2j or 3+2j: the shortest text that reads back to the same number."""
    real, imaginary = (str(part).removesuffix(".0") for part in (number.real, number.imag))
    if number.imag == 0:
        return real
    if number.real == 0:
        return f"{imaginary}j"
    return f"{real}{'' if imaginary[0] == '-' else '+'}{imaginary}j"


def write_matrix(matrix, columns):
    """Write a matrix to standard output, aligned, with a bar after `columns` columns."""
    text = complex_text if np.iscomplexobj(matrix) else str
    written = [[text(number).removesuffix(".0") for number in row] for row in matrix]
    widths = [max(map(len, column)) for column in zip(*written, strict=True)]
    file = sys.stdout
    for row in written:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        if columns is not None:
            cells.insert(columns, "|")
        file.write(" ".join(cells) + "\n")
