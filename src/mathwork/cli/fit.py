"""The command `mathwork fit`: a regression between columns of a table."""
import csv
import math
import reprlib
import warnings
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from mathwork._extras import extra
from mathwork._files import replacing
from mathwork.cli.output import as_json, print_json
from mathwork.cli.tables import check_suffix, name_of, opened_text, read_table

PICTURES = (".png", ".svg", ".pdf")
# What --json says of each kind of fit, by the names of the result's fields.
LINE = ("slope", "intercept", "rvalue", "pvalue", "stderr", "intercept_stderr", "nobs", "status")
GROUPS = ("keys", *LINE)
STATISTICS = ("bse", "tvalues", "pvalues", "conf_int", "rsquared", "rsquared_adj", "fvalue",
              "f_pvalue", "ssr", "df_model", "df_resid", "nobs", "rank", "status")


@click.command()
@click.argument("source", metavar="FILE")
@click.option("--y", "y_name", metavar="COLUMN", required=True, help="What is explained.")
@click.option("--x", "x_names", metavar="COLUMN,...",
              help="What explains it: all other columns of numbers, if not given.")
@click.option("--poly", "degree", type=click.IntRange(0, 100), metavar="D",
              help="Fit a polynomial of degree D in the one x.")
@click.option("--group", "group_name", metavar="COLUMN",
              help="Fit a line for each value in this column.")
@click.option("--plot", "picture", metavar="FILE",
              help="Draw data, fit and confidence band to this .png, .svg or .pdf file.")
@as_json
def fit(source, y_name, x_names, degree, group_name, picture, as_json):
    """Fit a line, a plane or a polynomial to columns of a table.

    FILE is a .csv or .npy file with one row an observation, or - for CSV from standard input. A
    COLUMN is a name of the CSV's header row, or a number counted from 1. The first row is a header
    if it holds no number, or a COLUMN that is named. Other columns may hold text. Blank lines and
    lines that begin with # are skipped, and so are rows with nothing in the column of --group.

    One x is fitted by a line with intercept, several by one plane. The result is a table of
    coefficients, standard errors and tests, and for --group a line of it for each group, in order
    of first appearance. Tests and the band of --plot need SciPy.

    With --json the keys are the fields of the Python result: for a line {"slope": ...,
    "intercept": ..., "pvalue": ...}, for several x {"params": [...], "bse": [...], ...}, the
    intercept first, for --poly {"coef": [...], ...}, the constant first, and for --group lists of
    the fields of a line and "keys". "x" and "y" name the columns; null stands for NaN and infinity.
    """
    if group_name is not None and (degree is not None or picture is not None):
        raise click.UsageError("--group fits lines and draws nothing: give it without "
                               f"{'--poly' if degree is not None else '--plot'}.")
    if picture is not None and Path(picture).suffix.lower() not in PICTURES:
        raise ValueError(f"{picture}: a picture's name must end in {', '.join(PICTURES)}")
    named = [y_name, *([] if group_name is None else [group_name]),
             *([] if x_names is None else x_names.split(","))]
    table = _read(source, [name.strip() for name in named])
    y_at = table.find(y_name)
    group_at = None if group_name is None else table.find(group_name)
    if group_at is not None:
        table = table.without_blanks(group_at)
    x_at = _explaining(table, x_names, y_at, group_at)
    if len(x_at) > 1 and (degree is not None or group_name is not None):
        raise ValueError(f"{'--poly' if degree is not None else '--group'} takes one x, got "
                         f"{', '.join(table.names[at] for at in x_at)}: name it with --x")
    y = table.numbers(y_at)
    try:
        xs = [table.numbers(at) for at in x_at]
    except ValueError as error:
        raise error if x_names is not None else ValueError(f"{error}: --x names the columns to "
                                                           "use") from None
    names = [table.names[at] for at in x_at]
    labels = {"x": names, "y": table.names[y_at]}
    try:
        if group_name is not None:
            _report_groups(table.keys(group_at), xs[0], y, labels | {"group": group_name}, as_json)
        else:
            _report_fit(xs, y, degree, labels, picture, as_json)
    except (ValueError, TypeError) as error:
        raise type(error)(f"{table.source}: {error}") from None


def _explaining(table, x_names, y_at, group_at):
    """The places of the columns that explain y"""
    if x_names is not None:
        found = [table.find(name) for name in x_names.split(",")]
        for at in found:
            if at == y_at or found.count(at) > 1:
                raise ValueError(f"{table.source}: column {table.names[at]} is "
                                 f"{'y' if at == y_at else 'named twice in --x'}")
        return found
    others = [at for at in range(len(table.names)) if at not in (y_at, group_at)]
    found = [at for at in others if table.has_numbers(at)]
    if not found:
        raise ValueError(f"{table.source}: there is no other column of numbers")
    return found


# ---- fits ----

def _report_fit(xs, y, degree, labels, picture, as_json):
    from mathwork import regression
    from mathwork.regression.summary import linear_summary

    names = labels["x"]
    data = (xs[0], y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", regression.RankWarning)     # the result says it too
        if degree is not None:
            made = regression.fit_polynomial(xs[0], y, degree)
            fields = ("coef", *STATISTICS)
            powers = ["1", names[0], *(f"{names[0]}^{k}" for k in range(2, degree + 1))]
            terms = powers[:degree + 1]
        elif len(xs) == 1:
            made, fields, terms = regression.fit_line(xs[0], y), LINE, ["intercept", *names]
        else:
            made = regression.fit_linear(np.stack(xs, axis=1), y)
            fields, terms, data = ("params", *STATISTICS), ["intercept", *names], ()
    if as_json:
        print_json(labels | _fields(made, fields))
    else:
        click.echo(f"{labels['y']} ~ {' + '.join(terms)}\n")
        click.echo(str(linear_summary(made, names=terms)))
    if picture is not None:
        _draw(made, data, labels, picture)


def _draw(made, data, labels, picture):
    from mathwork.regression.plot import plot_fit

    figure = extra("matplotlib.figure", "draw a fit").Figure(layout="constrained")
    axis_labels = (labels["x"][0], labels["y"]) if data else None
    plot_fit(made, *data, ax=figure.add_subplot(), labels=axis_labels)
    save_picture(figure, picture)


def save_picture(figure, picture):
    """Write a figure to the file that `picture` names, in the format of its suffix."""
    with replacing(picture) as file:
        figure.savefig(file, dpi=150, format=Path(picture).suffix[1:].lower())


def _report_groups(keys, x, y, labels, as_json):
    from mathwork.regression import fit_groups

    fits = fit_groups(keys, x, y)
    if as_json:
        print_json(labels | _fields(fits, GROUPS))
        return
    heads = ("nobs", "slope", "std err", "intercept", "std err", "r", "P>|t|")
    columns = [getattr(fits, name).tolist() for name in (
        "nobs", "slope", "stderr", "intercept", "intercept_stderr", "rvalue", "pvalue")]
    rows = [(str(key), *(f"{value:.6g}" for value in row))
            for key, *row in zip(fits.keys.tolist(), *columns, strict=True)]
    for line in aligned([(labels["group"], *heads), *rows]):
        click.echo(line)


def aligned(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *cells])


def _fields(result, names):
    return {name: plain_number(getattr(result, name)) for name in names}


def plain_number(value):
    """A field as JSON has it: lists, and None for NaN and infinity"""
    if callable(value):
        value = value()
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list):
        return [plain_number(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# ---- tables with names ----

class Columns(NamedTuple):
    """A table of text or numbers by columns.

    `lines` says of each row in which line of the file it ends; None of a table of numbers.
    """

    source: str
    names: list
    cells: list
    lines: list

    def find(self, name):
        """The place of a column by its name or, where no name is it, by its number from 1."""
        wanted = name.strip()
        if self.names.count(wanted) == 1:
            return self.names.index(wanted)
        if wanted in self.names:
            raise ValueError(f"{self.source}: there are several columns {wanted}")
        if wanted.isdecimal() and 1 <= int(wanted) <= len(self.names):
            return int(wanted) - 1
        raise ValueError(f"{self.source}: there is no column {reprlib.repr(wanted)}, but "
                         f"{', '.join(self.names)}")

    def has_numbers(self, at):
        """Whether the column holds a number; what else is in it, numbers() tells"""
        return self.lines is None or any(_number(cell) is not None for cell in self.cells[at])

    def without_blanks(self, at):
        """The rows with something in this column; says how many have nothing"""
        if self.lines is None:
            return self
        kept = [row for row, cell in enumerate(self.cells[at]) if cell.strip()]
        left_out = len(self.lines) - len(kept)
        if left_out == 0:
            return self
        click.echo(f"mathwork: warning: {self.source}: {left_out} rows are left out: nothing in "
                   f"column {self.names[at]}", err=True)
        return self._replace(cells=[[column[row] for row in kept] for column in self.cells],
                             lines=[self.lines[row] for row in kept])

    def numbers(self, at):
        """A column as finite float64"""
        column = self.cells[at]
        if self.lines is not None:
            column = np.array([_number(cell) for cell in column], np.float64)   # None: NaN
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
        """A column as integers where all of it are, else as text"""
        if self.lines is None:
            column = self.numbers(at)
            with np.errstate(invalid="ignore"):     # beyond int64
                whole = column.astype(np.int64)
            return whole if np.array_equal(whole, column) else column
        cells = [cell.strip() for cell in self.cells[at]]
        try:
            whole = np.array([int(cell) for cell in cells], np.int64)
        except (ValueError, OverflowError):
            return np.array(cells)
        # 01 is another key than 1.
        return whole if [*map(str, whole.tolist())] == cells else np.array(cells)


def _number(cell):
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _read(source, named):
    if check_suffix(source) == ".npy":
        table = np.asarray(read_table(source))
        if table.ndim != 2 or table.dtype.kind not in "biuf":
            raise ValueError(f"{source}: a table has shape (n, k) and real numbers, got shape "
                             f"{table.shape} and dtype {table.dtype}")
        columns = list(np.ascontiguousarray(table.T, np.float64))
        return Columns(source, [str(at + 1) for at in range(len(columns))], columns, None)
    with opened_text(source) as lines:
        return _read_csv(lines, name_of(source), named)


def _is_header(fields, named):
    """Whether the first row is one: it holds no number, or what is named and is no place in it"""
    if not any(_number(field) is not None for field in fields):
        return True
    places = {str(at) for at in range(1, len(fields) + 1)}
    return not places.issuperset(name for name in named if name in map(str.strip, fields))


def _read_csv(lines, source, named):
    names, rows, ends = None, [], []
    reader = csv.reader("" if line.lstrip().startswith("#") else line for line in lines)
    try:
        for fields in reader:
            if len(fields) <= 1 and not "".join(fields).strip():
                continue
            if names is None:
                header = _is_header(fields, named)
                names = [field.strip() if header and field.strip() else str(at)
                         for at, field in enumerate(fields, 1)]
                if header:
                    continue
            if len(fields) != len(names):
                raise ValueError(f"a row of length {len(fields)}, those above have length "
                                 f"{len(names)}")
            rows.append(fields)
            ends.append(reader.line_num)
    except UnicodeDecodeError:
        raise ValueError(f"{source}: not CSV: it is not text in UTF-8") from None
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{source}: line {reader.line_num}: {error}") from None
    if not rows:
        raise ValueError(f"{source}: there is no row of data in it")
    return Columns(source, names, list(zip(*rows, strict=True)), ends)
