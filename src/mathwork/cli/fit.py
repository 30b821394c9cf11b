"""The command `mathwork fit`: a regression between columns of a table."""
import math
import warnings
from pathlib import Path

import click
import numpy as np

from mathwork._extras import extra
from mathwork._files import replacing
from mathwork.cli.lines import blamed_on
from mathwork.cli.output import as_json, print_json
from mathwork.cli.tables import read_columns

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
    wanted = [y_name, *([] if group_name is None else [group_name]),
              *([] if x_names is None else x_names.split(","))]
    table = read_columns(source, [name.strip() for name in wanted])
    y_at = table.find(y_name)
    group_at = None if group_name is None else table.find(group_name)
    if group_at is not None:
        table, left_out = table.without_gaps(group_at)
        if left_out:
            click.echo(f"mathwork: warning: {table.source}: {left_out} rows are left out: nothing "
                       f"in column {table.names[group_at]}", err=True)
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
    labels = {"x": [table.names[at] for at in x_at], "y": table.names[y_at]}
    with blamed_on(table.source):
        if group_name is not None:
            _report_groups(table.keys(group_at), xs[0], y, labels | {"group": group_name}, as_json)
        else:
            _report_fit(xs, y, degree, labels, picture, as_json)


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

