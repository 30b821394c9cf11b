"""Tables of numbers in files: .npy, .csv, and `-` for CSV on standard input and output.

read_table      an array of numbers
read_columns    columns of numbers or text, with names
write_table     an array, as .npy or as CSV

_read_csv reads the rows of every CSV file, and SUFFIXES names the formats. A message about a file
starts with its name and, for text, with the line.
"""
import csv
import reprlib
from array import array
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mathwork._files import replacing
from mathwork._rows import begins_a_number, check_length, numbers_in
from mathwork.cli.lines import blamed_on, name_of, opened_lines, standard_output

SUFFIXES = (".npy", ".csv")


def read_table(name, delimiter=",", columns=None):
    """The array in the file `name`: as it is stored in .npy, float64 of shape (n, k) from CSV.

    `columns` are names in the header, or numbers from 1, of the columns to take in this order. A
    .npy file is mapped into memory, not read: it may be larger than memory. Pickles are refused.

    Raises
    ------
    ValueError
        If the name has another suffix, or the file holds no table of numbers.
    OSError
        If the file cannot be read.
    """
    if check_suffix(name) == ".npy":
        table = map_npy(name)
        if columns is None:
            return table
        if table.ndim != 2:
            raise ValueError(f"{name}: columns are of a table of shape (n, k), got shape "
                             f"{table.shape}")
        with blamed_on(name):
            return table[:, _indices([str(at + 1) for at in range(table.shape[1])], columns)]
    numbers, places = array("d"), []

    def keep(fields, line, header):
        if columns is None:
            numbers.extend(numbers_in(fields))
            return
        if not numbers:
            places.extend(_indices(_names(header, len(fields)), columns))
        for at in places:
            if at < len(fields):        # a row that is too short is an error in any case
                numbers.extend(numbers_in(fields[at:at + 1], column=at + 1))

    _, width = _read_csv(name, keep, columns, delimiter)
    if not numbers:
        raise ValueError(f"{name_of(name)}: there is no row of numbers in it")
    return np.frombuffer(numbers, np.float64).reshape(-1, width if columns is None
                                                      else len(columns))


def read_columns(name, wanted, delimiter=","):
    """The Columns in the file `name`; `wanted` are the names by which the caller looks for them.

    Columns of a .npy file, and of CSV without a header, are named by their numbers from 1.

    Raises
    ------
    ValueError
        If the name has another suffix, or the file holds no table.
    OSError
        If the file cannot be read.
    """
    if check_suffix(name) == ".npy":
        table = np.asarray(map_npy(name))
        if table.ndim != 2 or table.dtype.kind not in "biuf":
            raise ValueError(f"{name}: a table has shape (n, k) and real numbers, got shape "
                             f"{table.shape} and dtype {table.dtype}")
        cells = list(np.ascontiguousarray(table.T, np.float64))
        return Columns(name, [str(at + 1) for at in range(len(cells))], cells, None)
    rows, lines = [], []

    def keep(fields, line, _):
        rows.append(fields)
        lines.append(line)

    header, width = _read_csv(name, keep, wanted, delimiter)
    if not rows:
        raise ValueError(f"{name_of(name)}: there is no row of data in it")
    return Columns(name_of(name), _names(header, width), list(zip(*rows, strict=True)), lines)


def _names(header, width):
    """The names of columns: from the header, or else their numbers from 1."""
    return [field.strip() or str(at) for at, field in enumerate(header or [""] * width, 1)]


def _indices(names, wanted):
    """The index in `names` of each wanted name or, if none is so called, number from 1."""
    found = []
    for each in map(str.strip, wanted):
        if names.count(each) > 1:
            raise ValueError(f"there are several columns {each}")
        if each in names:
            found.append(names.index(each))
        elif each.isdecimal() and 1 <= int(each) <= len(names):
            found.append(int(each) - 1)
        else:
            raise ValueError(f"there is no column {reprlib.repr(each)}, but {', '.join(names)}"
                             f"{_other_delimiter(names, ',')}")
    return found


class Columns(NamedTuple):
    """A table by columns, of text from CSV and of float64 from .npy.

    `source` is what messages call the file. `lines` has the line in which each row of CSV ends; it
    is None for .npy.
    """

    source: str
    names: list
    cells: list
    lines: list

    def find(self, name):
        """The index of the column with this name or, if none has it, with this number from 1."""
        with blamed_on(self.source):
            return _indices(self.names, [name])[0]

    def has_numbers(self, at):
        """Whether column `at` holds a number; it may hold text beside it."""
        return self.lines is None or any(_number(cell) is not None for cell in self.cells[at])

    def numbers(self, at):
        """Column `at` as finite float64; a ValueError names the first cell that is none."""
        column = self.cells[at]
        if self.lines is not None:
            column = np.array([_number(cell) for cell in column], np.float64)   # None becomes NaN
        wrong = np.flatnonzero(~np.isfinite(column))
        if len(wrong):
            row = wrong[0]
            where = f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"
            cell = self.cells[at][row]
            text = str(cell) if self.lines is None else reprlib.repr(cell)
            raise ValueError(f"{self.source}: {where}: column {self.names[at]}: {text} is not a "
                             "finite number")
        return column

    def keys(self, at):
        """Column `at` as int64 if each cell is written like one; otherwise as text or float64."""
        if self.lines is None:
            column = self.numbers(at)
            with np.errstate(invalid="ignore"):     # a number beyond int64
                whole = column.astype(np.int64)
            return whole if np.array_equal(whole, column) else column
        cells = [cell.strip() for cell in self.cells[at]]
        try:
            whole = np.array([int(cell) for cell in cells], np.int64)
        except (ValueError, OverflowError):
            return np.array(cells)
        # 01 is another key than 1.
        return whole if [*map(str, whole.tolist())] == cells else np.array(cells)

    def without_gaps(self, at):
        """(the rows with something in column `at`, how many rows that leaves out)."""
        if self.lines is None:
            return self, 0
        kept = [row for row, cell in enumerate(self.cells[at]) if cell.strip()]
        rows = self._replace(cells=[[column[row] for row in kept] for column in self.cells],
                             lines=[self.lines[row] for row in kept])
        return rows, len(self.lines) - len(kept)


def write_table(table, name, header=()):
    """Write a contiguous 1-D or 2-D array to the file `name`; in CSV a 1-D array is a column.

    A number in CSV is the shortest text that reads back to the same bits; text is quoted where it
    must be. CSV begins with a line of the names in `header`, if there are any.
    """
    if check_suffix(name) == ".npy":
        # Not np.save: its error names neither a full disk nor the file.
        header = np.lib.format.header_data_from_array_1_0(table)
        with replacing(name) as file:
            np.lib.format.write_array_header_1_0(file, header)
            file.write(table)
    elif name == "-":
        _write_csv(table, header, standard_output())
    else:
        with replacing(name, "w", encoding="utf-8", newline="\n") as file:
            _write_csv(table, header, file)


def _write_csv(table, header, file):
    if header:
        file.write(",".join(header) + "\n")
    rows = table if table.ndim == 2 else table[:, None]
    if table.dtype.kind == "U":
        csv.writer(file, lineterminator="\n").writerows(rows)
        return
    for row in rows:
        # str of a NumPy scalar is the shortest text of its own dtype, float32 included.
        file.write(",".join(map(str, row)) + "\n")


# ---- files ----

def check_suffix(name):
    """The suffix that names the format of the file `name`; `-` counts as .csv."""
    suffix = ".csv" if name == "-" else Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{name}: a table's name must end in .npy or .csv, or be - for CSV")
    return suffix


def map_npy(name):
    """The array in a .npy file, mapped into memory."""
    try:
        with np.errstate(all="ignore"):     # a size that overflows is an error without a warning
            return np.lib.format.open_memmap(name, mode="r")
    except OSError:
        raise
    except Exception as error:      # NumPy's reader fails in many ways on a bad header
        raise ValueError(f"{name}: not a .npy file of numbers: {error}") from None


# ---- CSV ----

def _read_csv(name, keep, wanted=None, delimiter=","):
    """Call keep(fields, line, header) for each row of a CSV file; returns (header or None, width).

    `fields` are the texts of the row, and `line` is the line in which it ends. A blank as delimiter
    stands for any number of blanks and tabs. Blank lines, lines
    that begin with # and the header are no rows. All rows have one length. The header has it too if
    `wanted` is given, the names by which the caller looks for columns.
    """
    header = width = None
    with opened_lines(name, "not CSV: it is not text in UTF-8") as lines:
        rows = map(str.split, lines) if delimiter == " " else csv.reader(lines, delimiter=delimiter)
        for fields in rows:
            if len(fields) <= 1 and not "".join(fields).strip():
                continue
            if header is None and width is None and _is_header(fields, wanted):
                header, width = fields, None if wanted is None else len(fields)
                continue
            try:
                keep(fields, lines.number, header)
            except ValueError as error:
                raise ValueError(f"{error}{_other_delimiter(fields, delimiter)}") from None
            check_length(fields, width := width or len(fields))
    return header, width


def _other_delimiter(fields, delimiter):
    """Advice, if the fields of a row look as if something else than `delimiter` parted them."""
    text = delimiter.join(fields).strip()
    for other, name in ((";", "';'"), ("\t", "tab"), (",", "','"), (" ", "blank")):
        parts = text.split(other)
        if other != delimiter and len(parts) > 1 and (len(fields) == 1
                                                      or all(map(begins_a_number, parts))):
            return f": are the columns parted by {name}? Then give --delimiter {name}"
    return ""


def _is_header(fields, wanted):
    """Whether a first row is a header.

    In a table of numbers it is one if no field begins like a number: a first row with a slip, like
    3;4, is an error. In a table with wanted columns it is one if no field is a number, or if a
    field is a wanted name and not the number of a column.
    """
    if wanted is None:
        return not any(map(begins_a_number, fields))
    if all(_number(field) is None for field in fields):
        return True
    numbers = {str(at) for at in range(1, len(fields) + 1)}
    return not numbers.issuperset(name for name in wanted if name in map(str.strip, fields))


def _number(cell):
    """The number in a cell that may hold text, or None; 1_000 is text there."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None
