"""The command `mathwork fit`: a regression between columns of a table."""
import warnings

import click
import numpy as np

from mathwork._extras import extra
from mathwork.cli.lines import blamed_on
from mathwork.cli.options import delimiter
from mathwork.cli.output import (
    as_json,
    check_picture,
    print_aligned,
    print_json,
    save_picture,
    warn,
)
from mathwork.cli.tables import read_columns

# The fields of a result that --json writes: of a line, of a line for each group, and of the others.
LINE = ("slope", "intercept", "rvalue", "pvalue", "stderr", "intercept_stderr", "nobs", "status")
GROUPS = ("keys", *LINE)
STATISTICS = ("bse", "tvalues", "pvalues", "conf_int", "rsquared", "rsquared_adj", "fvalue",
              "f_pvalue", "ssr", "df_model", "df_resid", "nobs", "rank", "status")


@click.command()
@click.argument("source", metavar="FILE")
@click.option("--y", "y_name", metavar="COLUMN", required=True, help="The column to explain.")
@click.option("--x", "x_names", metavar="COLUMN,...",
              help="The columns that explain it. Default: all other columns of numbers.")
@click.option("--poly", "degree", type=click.IntRange(0, 100), metavar="D",
              help="Fit a polynomial of degree D in the one x.")
@click.option("--group", "group_name", metavar="COLUMN",
              help="Fit a line for each value in this column.")
@delimiter
@click.option("--plot", "picture", metavar="FILE",
              help="Draw data, fit and confidence band to this .png, .svg or .pdf file.")
@as_json
def fit(source, y_name, x_names, degree, group_name, delimiter, picture, as_json):
    """Fit a line, a plane or a polynomial to columns of a table.

    FILE is a .csv or .npy file with one row an observation, or - for CSV from standard input. A
    COLUMN is a name in the header row of the CSV, or a number counted from 1. The first row is a
    header if it holds no number, or if it holds the name of a COLUMN. Other columns may hold text.
    Blank lines, lines that begin with #, and rows with nothing in the column of --group are
    skipped.

    One x gives a line with intercept, and several give one plane. The result is a table of
    coefficients, standard errors and tests. With --group it is one line for each group, in order
    of first appearance. Tests and the band of --plot need SciPy.

    With --json the keys are the fields of the Python result: for a line {"slope": ...,
    "intercept": ..., "pvalue": ...}, for several x {"params": [...], "bse": [...], ...} with the
    intercept first, for --poly {"coef": [...], ...} with the constant first. For --group they are
    "keys" and the fields of a line, as lists. "x" and "y" name the columns. NaN and infinity are
    null.
    """
    if group_name is not None and (degree is not None or picture is not None):
        raise click.UsageError("--group fits lines and draws nothing: give it without "
                               f"{'--poly' if degree is not None else '--plot'}.")
    if picture is not None:
        check_picture(picture)
    wanted = [y_name, *([] if group_name is None else [group_name]),
              *([] if x_names is None else x_names.split(","))]
    table = read_columns(source, [name.strip() for name in wanted], delimiter)
    y_at = table.find(y_name)
    group_at = None if group_name is None else table.find(group_name)
    if group_at is not None:
        table, left_out = table.without_gaps(group_at)
        if left_out:
            warn(f"{table.source}: {left_out} rows are left out: nothing in column "
                 f"{table.names[group_at]}")
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
    """The indices of the columns that explain y."""
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
        warnings.simplefilter("ignore", regression.RankWarning)     # the result tells it too
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
    print_aligned([(labels["group"], *heads), *rows])


def _fields(result, names):
    """{name: value} of a result's fields; conf_int is a method."""
    values = {name: getattr(result, name) for name in names}
    return {name: value() if callable(value) else value for name, value in values.items()}
