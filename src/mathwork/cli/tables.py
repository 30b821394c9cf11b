"""Tables of numbers in files: .npy, .csv, and `-` for CSV on standard input and output.

read_table      an array of numbers
write_table     an array, or columns, as .npy or as CSV

SUFFIXES names the formats. A message about a file starts with its name and, for text, with the
line. Tables in which there may be text have a module of their own: columns.
"""
import csv
import sys
from array import array
from pathlib import Path

import numpy as np

from mathwork._files import replacing
from mathwork._rows import check_length, numbers_in
from mathwork.cli.lines import blamed_on, shown_name, visible
from mathwork.cli.names import find
from mathwork.cli.records import (
    Format,
    is_header_of_numbers,
    other_delimiter,
    read_head,
    rows_after,
)
from mathwork.cli.sources import Source, check_text
from mathwork.nn.formats.files import refusal
from mathwork.nn.formats.npz import array_of

SUFFIXES = (".npy", ".csv")


def read_table(name, form=None, columns=None):
    """The array in the file `name`: as it is stored in .npy, float64 of shape (n, k) from CSV.

    `form` is the Format of CSV. `columns` are names in the header, or places like @3, of the
    columns to take in this order. A .npy file is mapped into memory, not read: it may be larger
    than memory. Pickles are refused.

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
            return table[:, [find([""] * table.shape[1], each) for each in columns]]
    form = form or Format(",")
    with Source(name) as source:
        head = read_head(source, form, is_header_of_numbers)
        places = None
        if columns is not None:
            with blamed_on(source.shown):
                places = [find(head.names or [""] * head.width, each,
                               None if head.names else head.first) for each in columns]
        return _numbers(source, form, head, places)


def _numbers(source, form, head, places):
    """The numbers in all columns of a table of text, or in those at `places`"""
    numbers, width = array("d"), None if places is None else head.width
    for line, cells in rows_after(source, form, head):
        try:
            if places is None:
                numbers.extend(numbers_in(cells))
            else:
                for at in places:
                    if at < len(cells):     # a row that is too short is an error in any case
                        numbers.extend(numbers_in(cells[at:at + 1], column=at + 1))
            check_length(cells, width := width or len(cells))
        except ValueError as error:
            check_text(source, form.encoding, "".join(cells))
            raise ValueError(f"{source.shown}: line {line}: {error}"
                             f"{other_delimiter(cells, head.delimiter)}") from None
    if not numbers:
        raise ValueError(f"{source.shown}: there is no row of numbers in it")
    return np.frombuffer(numbers, np.float64).reshape(-1, len(places or range(width)))


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
        if table.dtype.kind == "U" and sys.stdout.isatty():     # labels of a network from anybody
            table = np.array([visible(text) for text in table.ravel()]).reshape(table.shape)
        _write_csv(table, header, sys.stdout)
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
        raise ValueError(f"{shown_name(name)}: a table's name must end in .npy or .csv, or be - "
                         "for CSV")
    return suffix


def map_npy(name):
    """The array in a .npy file, mapped into memory."""
    return read_npy(name, lambda: np.lib.format.open_memmap(name, mode="r"))


def read_npy(name, content):
    """The array that content() gives, in .npy form if it is bytes; a ValueError names the file."""
    try:
        with np.errstate(all="ignore"):     # a size that overflows is an error without a warning
            found = content()
            return array_of(name, found) if isinstance(found, bytes) else found
    except OSError:
        raise
    except Exception as error:      # NumPy's reader fails in many ways on a bad header
        raise refusal(f"{name}: not a .npy file of numbers", error) from None
