"""Rows of text in a table: its first row, its header, and all rows after it."""
import csv
import itertools
import re
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from mathwork._rows import begins_a_number
from mathwork.cli.lines import blamed_on
from mathwork.cli.numerals import Numerals, is_gap
from mathwork.cli.sources import check_text

ALIKE = 3               # lines that tell what parts the columns
SAMPLE = 1000           # rows that tell which columns hold numbers
LONGEST_SAMPLE = 1 << 18        # characters or cells of such rows, if there are ALIKE of them
BY_SUFFIX = {".tsv": "\t", ".tab": "\t"}
DELIMITERS = {",": "','", ";": "';'", "\t": "tab", "|": "'|'", " ": "blank"}    # as options say it
NO_ROW = "there is no row of data in it"
SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)    # Excel's first line


class Format(NamedTuple):
    """How the text of a table is to be read; None is found out."""

    delimiter: str | None = None
    encoding: str | None = None
    numerals: Numerals = Numerals()
    comment: bool = False           # whether there are comments above the table
    header: bool | None = None


class Head(NamedTuple):
    """The beginning of a table of text."""

    names: list | None              # in the header
    line: int                       # in which the header begins, or the first row
    skip: int                       # lines before the first row of data
    first: list                     # the cells of the first row, the header or not
    delimiter: str
    sample: list                    # the first rows of data

    @property
    def width(self):
        return len(self.first)


def read_head(source, form, decide):
    """The Head of the table in a Source.

    decide(first row, second row or None) says whether the first row is the header.
    """
    with source.opened_text(form.encoding) as stream:
        skip, delimiter = 0, form.delimiter
        for line in stream:
            separator = SEPARATOR.fullmatch(line)
            if separator is not None and not skip:
                delimiter = delimiter or separator[1]
            elif line.strip() and not (form.comment and line.lstrip().startswith("#")):
                break
            skip += 1
        else:
            raise ValueError(f"{source.shown}: {NO_ROW}")
        check_text(source, form.encoding, line)
        if line.lstrip().startswith("#") and form.header is None:
            raise ValueError(f"{source.shown}: line {skip + 1} begins with #: --comment skips such "
                             "lines above the table, --header takes it for names")
        lines = [line, *_begun(stream, SAMPLE, len)]
        if delimiter is None:
            delimiter = delimiter_of(lines[:ALIKE], source.name)
        with blamed_on(source.shown):
            rows = list(_begun(rows_of(itertools.chain(lines, stream), delimiter, skip),
                               SAMPLE + 1, lambda row: len(row[2])))
        if not rows:                # all of it is a quoted cell with nothing in it
            raise ValueError(f"{source.shown}: {NO_ROW}")
        (begin, end, first), second = rows[0], rows[1][2] if len(rows) > 1 else None
        is_header = form.header
        if is_header is None:
            with blamed_on(f"{source.shown}: line {begin}"):
                is_header = decide(first, second)
        if not is_header:
            return Head(None, begin, skip, first, delimiter, [row for *_, row in rows])
        for name in first:
            check_text(source, form.encoding, name)
        return Head([name.strip() for name in first], begin, end, first, delimiter,
                    [row for *_, row in rows[1:]])


def _begun(items, count, length):
    """Yield the first `count` items, or fewer if they are long: a sample must not fill the memory
    """
    held = 0
    for number, item in enumerate(itertools.islice(items, count), 1):
        yield item
        held += length(item)
        if held > LONGEST_SAMPLE and number >= ALIKE:
            return


def rows_of(lines, delimiter, skipped=0):
    """Yield (the line where it begins, the line where it ends, cells) for each row; blank lines
    are no rows. `skipped` lines stand above. A blank as delimiter is any number of blanks and tabs.
    """
    if delimiter == " ":
        for number, line in enumerate(lines, skipped + 1):
            if line.strip():
                yield number, number, line.split()
        return
    reader, end = csv.reader(lines, delimiter=delimiter), skipped
    while True:
        try:
            for cells in reader:
                begin, end = end + 1, skipped + reader.line_num
                if not is_blank(cells):
                    yield begin, end, cells
            return
        except csv.Error as error:
            raise ValueError(f"line {end + 1}: {error}") from None


def rows_after(source, form, head):
    """Yield (line, cells) for each row of data in a Source. A quote at the end must be closed."""
    with source.opened_text(form.encoding) as stream:
        for _ in range(head.skip):
            next(stream, None)
        begin, cells = 0, [""]
        try:
            for begin, _, cells in rows_of(stream, head.delimiter, head.skip):
                yield begin, cells
        except ValueError as error:
            raise ValueError(f"{source.shown}: {error}") from None
    if cells[-1].endswith(("\n", "\r")):
        check_closed(source, form, head, begin)


@contextmanager
def raw_rows(source, form, head):
    """An iterator of the cells of each row of data, blank rows too: fast, without line numbers."""
    with source.opened_text(form.encoding) as stream:
        for _ in range(head.skip):
            next(stream, None)
        yield (map(str.split, stream) if head.delimiter == " "
               else csv.reader(stream, delimiter=head.delimiter))


def trimmed(cells, width):
    """A row without the cells beyond `width`, if there is nothing in them: a delimiter at its end.
    """
    return cells if any(map(str.strip, cells[width:])) else cells[:width]


def is_blank(cells):
    """Whether a row is no row: a line with nothing in it."""
    return not cells or (len(cells) == 1 and not cells[0].strip())


def check_closed(source, form, head, line):
    """Raise a ValueError if the last row, which begins in `line`, ends inside a quoted cell.

    The csv module takes all that follows for the text of the cell, and says so only if strict.
    """
    with source.opened_text(form.encoding) as stream:
        lines = itertools.islice(stream, line - 1, None)
        try:
            for _ in csv.reader(lines, delimiter=head.delimiter, strict=True):
                pass
        except csv.Error as error:
            if "end of data" in str(error):
                raise ValueError(f"{source.shown}: line {line}: a quoted cell begins here and does "
                                 "not end") from None


def delimiter_of(lines, name):
    """What parts the columns, by the suffix of the file or by its first lines.

    It is what makes the most columns, the same number in each line. If nothing does, it is what the
    first line has of DELIMITERS; a blank is so only if the line has nothing else of them.
    """
    by_suffix = BY_SUFFIX.get(Path(name.lower().removesuffix(".gz")).suffix)
    if by_suffix is not None:
        return by_suffix
    here = [each for each in DELIMITERS if each in re.sub(r'"[^"]*"', "", lines[0].strip())]
    alike = {}
    for each in here:
        with suppress(csv.Error):       # which is told when the rows are read
            widths = {len(cells) for cells in csv.reader(lines, delimiter=each) if cells}
            if each != " " and len(widths) == 1:
                alike[each] = max(widths)
    return max(alike, key=alike.get) if alike else (here or [","])[0]


def is_header_of_columns(first, second):
    """Whether the first row of a table, which may hold text, is its header.

    It is one if it holds text and no number. If it holds both, as in `a,1.5`, it is a row like the
    second; but if it has text where the second has a number, nothing is certain.
    """
    numbers = [Numerals().number(cell) is not None for cell in first]
    names = [not number and not is_gap(cell) for number, cell in zip(numbers, first, strict=True)]
    if not any(numbers):
        return any(names)
    if any(names) and second is not None and any(
            name and Numerals().number(cell) is not None
            for name, cell in zip(names, second, strict=False)):
        raise ValueError(f"the first row holds numbers and, above numbers, text: {first}: --header "
                         "takes it for names, --no-header for data")
    return False


def is_header_of_numbers(first, second):
    """Whether the first row of a table of numbers is its header: a slip, like 3;4, is an error."""
    return not any(map(begins_a_number, first))


def other_delimiter(cells, delimiter, width=None):
    """Advice, if the cells of a row look as if something else than `delimiter` parted them.

    With a width, it would have to part them into so many.
    """
    text = delimiter.join(cells).strip()
    for other in (";", "\t", ",", " "):
        parts = text.split(other)
        if other != delimiter and len(parts) > 1 and width in (None, len(parts)) and (
                len(cells) == 1 or all(map(begins_a_number, parts))):
            name = DELIMITERS[other]
            return f": are the columns parted by {name}? Then give --delimiter {name}"
    return ""
