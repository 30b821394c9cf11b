"""Numbers in files as the command line reads and writes them: .npy, .csv, and `-` for CSV on
standard input and output; matrices as text. A message about a file starts with its name and, in
text, the line.
"""
import csv
import io
import re
import reprlib
import sys
from array import array
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mathwork._arrays import as_array
from mathwork._files import replacing

SUFFIXES = (".npy", ".csv")
LARGEST_EXPONENT = 999      # of an exact number: a larger one takes more memory than it says


def read_table(name):
    """The array in the file `name`: as it is stored in .npy, float64 of shape (n, k) from CSV.

    A .npy file is mapped, not read: it may be larger than memory, and pickles are refused.
    In CSV a first row without a single number is a header; it is skipped, and so are blank
    lines and lines that begin with #. What begins like a number counts as one there.

    Raises
    ------
    ValueError
        If the name has another suffix, or what is in the file is not a table of numbers.
    OSError
        If the file cannot be read.
    """
    if check_suffix(name) == ".npy":
        return _map_npy(name)
    with opened_text(name) as lines:
        return _read_csv(lines, name_of(name))


def write_table(table, name):
    """Write a contiguous 1-D or 2-D array to the file `name`; in CSV a 1-D array is a column.

    A number in CSV is the shortest text that reads back to the same bits.
    """
    if check_suffix(name) == ".npy":
        # Not by np.save, whose error of a full disk says neither that nor where.
        header = np.lib.format.header_data_from_array_1_0(table)
        with replacing(name) as file:
            np.lib.format.write_array_header_1_0(file, header)
            file.write(table)
    elif name == "-":
        _write_csv(table, _checked_open(sys.stdout, "standard output"))
    else:
        with replacing(name, "w", encoding="utf-8", newline="\n") as file:
            _write_csv(table, file)


def read_matrix(name, exact):
    """(matrix, how many columns stand before its bar) in the file `name`; None without a bar.

    A .npy file is read as in read_table. Every other file is text, a row a line: numbers or
    fractions like 3/4 with commas or white space between, perhaps one | and brackets around. Of
    text the matrix is float64, or ints and Fractions if `exact`.

    Raises
    ------
    ValueError
        If there is no matrix of numbers in the file.
    OSError
        If the file cannot be read.
    """
    if Path(name).suffix.lower() == ".npy":
        matrix = as_array(_map_npy(name), name)
        if matrix.ndim != 2:
            raise ValueError(f"{name}: a matrix has shape (m, n), got {matrix.shape}")
        return matrix, None
    with opened_text(name) as lines:
        return _read_text(lines, name_of(name), exact)


def write_matrix(matrix, columns):
    """Write a matrix to standard output, aligned, with a bar after `columns` columns."""
    written = [[str(number).removesuffix(".0") for number in row] for row in matrix]
    widths = [max(map(len, column)) for column in zip(*written, strict=True)]
    file = _checked_open(sys.stdout, "standard output")
    for row in written:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        if columns is not None:
            cells.insert(columns, "|")
        file.write(" ".join(cells) + "\n")


def name_of(name):
    """What messages call the file `name`."""
    return "standard input" if name == "-" else name


def check_suffix(name):
    """The suffix that says how `name` is read or written; `-` counts as .csv."""
    suffix = ".csv" if name == "-" else Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{name}: a table's name must end in .npy or .csv, or be - for CSV")
    return suffix


def _map_npy(name):
    try:
        with np.errstate(all="ignore"):     # a size that overflows is an error by itself
            return np.lib.format.open_memmap(name, mode="r")
    except OSError:
        raise
    except Exception as error:      # NumPy's reader of headers has no end of ways to fail
        raise ValueError(f"{name}: not a .npy file of numbers: {error}") from None


@contextmanager
def opened_text(name):
    # utf-8-sig: spreadsheets put a byte order mark in front.
    if name == "-":
        stdin = _checked_open(sys.stdin, name_of(name))
        stream = io.TextIOWrapper(stdin.buffer, "utf-8-sig", newline="")
        try:
            yield stream
        finally:
            stream.detach()
    else:
        with open(name, encoding="utf-8-sig", newline="") as stream:
            yield stream


def _checked_open(stream, name):
    if stream is None:      # what Python makes of a descriptor that its parent closed
        raise ValueError(f"{name} is closed")
    return stream


def _read_csv(lines, source):
    numbers, width, header = array("d"), None, None
    reader = csv.reader("" if line.lstrip().startswith("#") else line for line in lines)
    try:
        for fields in reader:
            if len(fields) <= 1 and not "".join(fields).strip():
                continue
            try:
                row = [float(field) for field in fields]
            except ValueError:
                if width is None and header is None and not any(map(_begins_a_number, fields)):
                    header = fields
                    continue
                column = next(i for i, field in enumerate(fields, 1) if not _is_number(field))
                raise ValueError(f"column {column}: {reprlib.repr(fields[column - 1])} "
                                 "is not a number") from None
            if len(row) != (width := width or len(row)):
                raise ValueError(f"a row of length {len(row)}, those above have length {width}")
            numbers.extend(row)
    except UnicodeDecodeError:
        raise ValueError(f"{source}: not CSV: it is not text in UTF-8") from None
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{source}: line {reader.line_num}: {error}") from None
    if width is None:
        raise ValueError(f"{source}: there is no row of numbers in it")
    return np.frombuffer(numbers, np.float64).reshape(-1, width)


def _begins_a_number(text):
    """Whether it is a number, or has a digit where a number has its first: 1e5000, 3;4, 1/0"""
    return bool(re.match(r"\s*[+-]?(\.?\d|(nan|inf(inity)?)\s*$)", text, re.IGNORECASE))


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_text(lines, source, exact):
    number, rows, columns, header = _exact if exact else _float, [], None, None
    line_number = 0
    try:
        for line in lines:
            line_number += 1
            # U+2212 is the minus sign of typeset pages.
            if not (text := line.strip().replace("\u2212", "-")) or text.startswith("#"):
                continue
            fields, bar = _fields(text)
            row = [_number_in(field, number) for field in fields]
            if None in row:
                if not rows and header is None and not any(map(_begins_a_number, fields)):
                    header = fields
                    continue
                column = row.index(None)
                raise ValueError(f"column {column + 1}: {reprlib.repr(fields[column])} "
                                 "is not a number")
            if not rows:
                columns = bar
            elif len(row) != len(rows[0]):
                raise ValueError(f"a row of length {len(row)}, those above have length "
                                 f"{len(rows[0])}")
            elif bar != columns:
                raise ValueError(f"{_place(bar)}, in the rows above {_place(columns)}")
            rows.append(row)
    except UnicodeDecodeError:
        raise ValueError(f"{source}: it is not text in UTF-8") from None
    except ValueError as error:
        raise ValueError(f"{source}: line {line_number}: {error}") from None
    if not rows:
        raise ValueError(f"{source}: there is no row of numbers in it")
    matrix = np.empty((len(rows), len(rows[0])), object if exact else np.float64)
    matrix[...] = rows
    return matrix, columns


def _fields(text):
    """(the fields of a line, how many stand before its bar or None)"""
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


def _number_in(text, number):
    """None for what is not a number"""
    try:
        return number(text)
    except (ValueError, ArithmeticError):
        return None


def _float(text):
    return float(_exact(text)) if "/" in text else float(text)


def _exact(text):
    from fractions import Fraction

    _, _, exponent = text.lower().partition("e")
    if exponent and abs(int(exponent)) > LARGEST_EXPONENT:
        raise ValueError(f"{text} is too large or too small")
    return Fraction(text)


def _write_csv(table, file):
    for row in table if table.ndim == 2 else table[:, None]:
        # str of a NumPy scalar is the shortest text of its own dtype, float32 included.
        file.write(",".join(map(str, row)) + "\n")
