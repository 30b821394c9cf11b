"""Columns of a table, found by name or place and read a piece at a time.

open_table gives the Table of a file, by what is in it: text, .npy or Parquet. It has names, and
chunks of columns. `pieces` makes numbers of the chunks, and leaves out rows with gaps or complains.
"""
import csv
import itertools
from contextlib import contextmanager

import numpy as np

from mathwork._extras import extra
from mathwork.cli import arrow
from mathwork.cli.lines import blamed_on
from mathwork.cli.names import find, label, listed
from mathwork.cli.numerals import Numerals, is_gap, shown
from mathwork.cli.records import (
    Format,
    check_closed,
    is_blank,
    is_header_of_columns,
    other_delimiter,
    raw_rows,
    read_head,
    rows_after,
    trimmed,
)
from mathwork.cli.sources import NPY, PARQUET, Source, check_text
from mathwork.cli.tables import map_npy, read_npy
from mathwork.nn.formats.files import refusal

CHUNK = 1 << 14         # rows of text that are split at a time
MOST_CELLS = 1 << 20    # of these rows
TYPED_CHUNK = 1 << 17   # rows of .npy and Parquet
INDEX = "Unnamed: 0"    # the name that pandas gives to an index that it reads back
MOST_FOUND = 1000       # columns that are taken without being named
CHANGED = "it changed while it was read"
GAPS_ADVICE = "--missing drop leaves out such rows"


def open_table(name, form=None):
    """The Table in the file `name`, or in standard input for `-`.

    Raises
    ------
    ValueError
        If it is not a table.
    OSError
        If the file cannot be read.
    """
    source = Source(name)
    try:
        if source.start.startswith(NPY):
            return NpyTable(source)
        if source.start.startswith(PARQUET):
            return ParquetTable(source)
        return TextTable(source, form or Format())
    except BaseException:
        source.close()
        raise


class Table:
    """Columns of a Source. `names` has "" for a column without a name."""

    def __init__(self, source, names):
        self.source, self.shown, self.names = source, source.shown, names

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.source.close()

    # Of each kind of table:
    # chunks(at, short)   yield lists with a piece of each column in `at`; `short` says whether a
    #                     row that is too short is one of gaps, or an error
    # numbers(piece)      (numbers, whether each is one), as Numerals.column
    # keys(piece)         a list of values, with "" or None for nothing
    # holds_numbers(at)   whether the column looks like one of numbers
    # where(row)          the place of a row in the file, for messages
    # heading             what was taken for the header, for people
    first = None            # the cells of the first row, if it was not taken for the header
    numerals = Numerals()
    short_advice = f": {GAPS_ADVICE}"       # what helps if a row is too short

    @staticmethod
    def strays(piece, good):
        """How many cells of a column are neither a number, as `good` says, nor a gap."""
        cells = [piece[row] for row in np.flatnonzero(~good).tolist()]
        return sum(not _is_gap(cell) for cell in cells)

    def find(self, wanted):
        """The index of the column with this name or, as @3, in this place."""
        with blamed_on(self.shown):
            return find(self.names, wanted, self.first)

    def label(self, at):
        return label(self.names, at)

    @property
    def index(self):
        """The place of a first column that is an index of pandas, or None."""
        return 0 if any(self.names) and self.names[0] in ("", INDEX) else None

    def nearly_numbers(self, taken):
        """Advice, if a column that is not among `taken` holds numbers that are written otherwise.
        """
        return ""

    def refuse(self, row, at, cell, advice=GAPS_ADVICE):
        """Raise the ValueError of a cell that is no number."""
        text = cell.strip() if isinstance(cell, str) else None
        reads = None if text is None else self.numerals.advice(text)
        raise ValueError(f"{self.shown}: {self.where(row)}: column {self.label(at)}: {shown(cell)} "
                         f"is not a finite number: {reads or advice}")


def _is_gap(cell):
    cell = cell.as_py() if hasattr(cell, "as_py") else cell
    return cell is None or (is_gap(cell) if isinstance(cell, str) else cell != cell)


class Pieces:
    """The numbers in columns `at` of a table, and the keys of a column, a piece at a time.

    Iteration yields (arrays, codes): codes number the keys in the order of their first rows, and
    are None without `key_at`. Rows without a key are left out. So are, if `drop`, rows in which a
    column has no number, which else are an error. Counted are `nobs` rows, `keyless` rows without a
    key, and `omitted` others. `advice` is {column: what helps if it holds no number}.
    """

    def __init__(self, table, at, key_at=None, drop=False, advice=None):
        self.table, self.at, self.key_at, self.drop = table, at, key_at, drop
        self.advice = advice or {}
        self.nobs = self.keyless = self.omitted = 0
        self._codes = {}

    def __iter__(self):
        places = self.at if self.key_at is None else [*self.at, self.key_at]
        for chunk in self.table.chunks(places, self.drop):
            columns = [self.table.numbers(piece) for piece in chunk[:len(self.at)]]
            count = len(columns[0][1])
            present, codes = np.ones(count, bool), None
            if self.key_at is not None:
                codes = self._coded(self.table.keys(chunk[-1]))
                present = codes >= 0
            good = np.logical_and.reduce([mask for _, mask in columns])
            if not self.drop and not (good | ~present).all():
                self._refuse(chunk, columns, present)
            kept = good & present
            self.keyless += int(count - present.sum())
            self.omitted += int((present & ~good).sum())
            self.nobs += count
            arrays = [values for values, _ in columns]
            if not kept.all():
                arrays = [values[kept] for values in arrays]
                codes = None if codes is None else codes[kept]
            yield arrays, codes

    def _coded(self, keys):
        codes = self._codes
        return np.fromiter((-1 if key is None or key == "" else codes.setdefault(key, len(codes))
                            for key in keys), np.int64, len(keys))

    @property
    def keys(self):
        """The key of each code: integers, if each is one, or is written like one."""
        keys = [*self._codes]
        try:
            whole = [int(key) for key in keys]
        except ValueError:
            return keys
        # 01 is another key than 1.
        return whole if [*map(str, whole)] == [*map(str, keys)] else keys

    def _refuse(self, chunk, columns, present):
        wrong = [(int(np.flatnonzero(present & ~mask)[0]), place)
                 for place, (_, mask) in enumerate(columns) if (present & ~mask).any()]
        row, place = min(wrong)
        cell = chunk[place][row]
        cell = cell.as_py() if hasattr(cell, "as_py") else cell
        self.table.refuse(self.nobs + row, self.at[place],
                          cell.item() if isinstance(cell, np.generic) else cell,
                          self.advice.get(self.at[place], GAPS_ADVICE))


def explaining(table, x_names, y_at, key_at=None, weights_at=None):
    """The indices of the columns that explain y."""
    if x_names is not None:
        found = [table.find(name) for name in x_names]
        for at in found:
            if at in (y_at, weights_at) or found.count(at) > 1:
                role = {y_at: "y", weights_at: "weights"}.get(at, "named twice in --x")
                raise ValueError(f"{table.shown}: column {table.label(at)} is {role}")
        return found
    taken = (y_at, key_at, weights_at, table.index)
    others = (at for at in range(len(table.names)) if at not in taken and table.holds_numbers(at))
    found = [*itertools.islice(others, MOST_FOUND + 1)]
    if len(found) > MOST_FOUND:
        raise ValueError(f"{table.shown}: there are more than {MOST_FOUND} other columns of "
                         "numbers: --x names the columns to use")
    if not found:
        raise ValueError(f"{table.shown}: there is no other column of numbers"
                         + table.nearly_numbers(taken))
    return found


# ---- the kinds of tables ----

class _WrongLength(Exception):      # noqa: N818  (the error that is told is made of it)
    """A row has more cells than the first, or fewer."""


class TextTable(Table):
    """A table of text: CSV and its kin."""

    def __init__(self, source, form):
        self.form, self.numerals = form, form.numerals
        self.head = head = read_head(source, form, is_header_of_columns)
        super().__init__(source, head.names or [""] * head.width)
        self.first = None if head.names else head.first
        if not head.sample:
            raise ValueError(f"{self.shown}: there is no row of data in it below the header of "
                             f"line {head.line}: {listed(map(self.label, range(head.width)))}")

    @property
    def heading(self):
        return "no header" if self.head.names is None else f"header in line {self.head.line}"

    def holds_numbers(self, at):
        return any(self.numerals.number(row[at]) is not None
                   for row in self.head.sample if at < len(row))

    def nearly_numbers(self, taken):
        for row, at in itertools.product(self.head.sample, range(self.head.width)):
            reads = at not in taken and at < len(row) and self.numerals.advice(row[at].strip())
            if reads:
                return f", but {shown(row[at])} in column {self.label(at)}: {reads}"
        for at, cell in enumerate(self.head.sample[0][:self.head.width]):
            if at not in taken and any(map(str.isdigit, cell)):
                return (f", and no option makes one of {shown(cell)} in column {self.label(at)}: "
                        "take away what is not part of the number")
        return ""

    def numbers(self, piece):
        if isinstance(piece, list | tuple):
            return self.numerals.column(piece)
        return arrow.numbers_in_text(piece, self.numerals)

    def keys(self, piece):
        cells = piece if isinstance(piece, list | tuple) else piece.to_pylist()
        return [cell.strip() for cell in cells]

    def chunks(self, at, short):
        count = 0
        try:
            for columns in arrow.text_chunks(self.source, self.form, self.head, at):
                count += len(columns[0])
                yield columns
            return
        except arrow.Refused:
            pass
        for rows in self._rows(short):
            if count >= len(rows):          # which pyarrow has read
                count -= len(rows)
                continue
            columns = [*zip(*rows[count:], strict=True)]
            count = 0
            yield [columns[column] for column in at]

    def _rows(self, short):
        """Yield lists of rows, each with as many cells as the first row.

        Lines are not counted: what is wrong is read a second time to say where.
        """
        width, rows = self.head.width, [[""]]
        count = max(1, min(CHUNK, MOST_CELLS // width))
        try:
            with raw_rows(self.source, self.form, self.head) as reader:
                while piece := [*itertools.islice(reader, count)]:
                    if width == 1 or {*map(len, piece)} != {width}:
                        piece = [self._whole(row, short) for row in piece if not is_blank(row)]
                    if piece:
                        rows = piece
                        yield piece
        except (csv.Error, _WrongLength):
            self._complain(short)
            raise ValueError(f"{self.shown}: {CHANGED}") from None
        if rows[-1][-1].endswith(("\n", "\r")):
            self._complain(short)           # if it is a quoted cell that does not end

    def _whole(self, row, short):
        """A row with as many cells as the first; one that is too short is gaps alone"""
        width = self.head.width
        row = trimmed(row, width)
        if len(row) > width or (len(row) < width and not short):
            raise _WrongLength
        return row if len(row) == width else [""] * width

    def _complain(self, short):
        """Raise the ValueError of the first row that is wrong; it names the line"""
        width = self.head.width
        for line, cells in rows_after(self.source, self.form, self.head):
            cells = trimmed(cells, width)
            if len(cells) > width or (len(cells) < width and not short):
                if "\n" in cells[-1]:
                    check_closed(self.source, self.form, self.head, line)
                advice = other_delimiter(cells, self.head.delimiter, width)
                if not advice and len(cells) < width:
                    advice = self.short_advice
                raise ValueError(f"{self.shown}: line {line}: a row of length {len(cells)}, "
                                 f"those above have length {width}{advice}")

    def refuse(self, row, at, cell, advice=GAPS_ADVICE):
        if "\n" in cell:
            self._complain(True)            # if it is a quoted cell that does not end
        super().refuse(row, at, cell, advice)

    def where(self, row):
        # Found when it is needed: pyarrow does not count lines.
        line, cells = next(itertools.islice(rows_after(self.source, self.form, self.head), row,
                                            None), (None, ()))
        if line is None:
            raise ValueError(f"{self.shown}: {CHANGED}")
        check_text(self.source, self.form.encoding, "".join(cells))
        return f"line {line}"


class NpyTable(Table):
    """A two-dimensional array in a .npy file; its columns have no names."""

    heading = "no header"

    def __init__(self, source):
        if source.name == "-":
            with source.opened() as raw:
                self.array = read_npy(source.shown, raw.read)
        else:
            self.array = map_npy(source.name)
        if self.array.ndim != 2 or self.array.dtype.kind not in "biuf":
            raise ValueError(f"{source.shown}: a table has shape (n, k) and real numbers, got "
                             f"shape {self.array.shape} and dtype {self.array.dtype}")
        if not self.array.size:
            raise ValueError(f"{source.shown}: there is no row of data in it")
        super().__init__(source, [""] * self.array.shape[1])

    def holds_numbers(self, at):
        return True

    def chunks(self, at, short):
        for start in range(0, len(self.array), TYPED_CHUNK):
            rows = self.array[start:start + TYPED_CHUNK]
            self.source.done = self.source.size * start // len(self.array)
            yield [rows[:, column] for column in at]

    def numbers(self, piece):
        whole = piece.dtype.kind in "iu" and piece.dtype != np.uint64
        with np.errstate(over="ignore", invalid="ignore"):  # long doubles, and signalling NaNs
            values = np.array(piece, np.int64 if whole else np.float64)
        return values, np.isfinite(values)

    def keys(self, piece):
        values, good = self.numbers(piece)
        return [int(value) if is_good and value == int(value) else value if is_good else None
                for value, is_good in zip(values.tolist(), good.tolist(), strict=True)]

    def where(self, row):
        return f"row {row + 1}"


@contextmanager
def _refusing(source):
    """Tell what pyarrow says of a damaged file, which may be any error"""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise refusal(f"{source.shown}: not a Parquet file of a table", error) from None


class ParquetTable(Table):
    """A Parquet file, which pyarrow reads."""

    heading = "names of the Parquet file"

    def __init__(self, source):
        parquet = extra("pyarrow.parquet", "read Parquet")
        with _refusing(source):
            self._file = parquet.ParquetFile(source.file())
        self._schema = self._file.schema_arrow
        super().__init__(source, self._schema.names)
        if not self._file.metadata.num_rows:
            raise ValueError(f"{source.shown}: there is no row of data in it")

    @property
    def index(self):
        # The name that pandas gives to an index when it writes Parquet.
        known = self.names.index("__index_level_0__") if "__index_level_0__" in self.names else None
        return super().index if known is None else known

    def holds_numbers(self, at):
        return arrow.is_of_numbers(self._schema.types[at])

    def chunks(self, at, short):
        rows, count = 0, self._file.metadata.num_rows
        wanted = [self.names[column] for column in at]
        for name in wanted:
            if self.names.count(name) > 1:
                raise ValueError(f"{self.shown}: several columns are called {shown(name)}, and "
                                 "pyarrow finds columns by their names")
        with _refusing(self.source):
            batches = self._file.iter_batches(TYPED_CHUNK, columns=wanted)
        while True:
            with _refusing(self.source):
                batch = next(batches, None)
            if batch is None:
                return
            self.source.done = self.source.size * rows // count
            rows += len(batch)
            yield [batch.column(name) for name in wanted]

    def numbers(self, piece):
        if arrow.is_of_numbers(piece.type):
            return arrow.numbers_in_column(piece)
        try:
            cells = piece.cast("string").fill_null("").to_pylist()
        except Exception:       # of a type that has no text
            cells = [""] * len(piece)
        return self.numerals.column(cells)

    def keys(self, piece):
        return [value if value is None or isinstance(value, int | str) else str(value)
                for value in piece.to_pylist()]

    def where(self, row):
        return f"row {row + 1}"
