"""The fits of `mathwork fit`, and what it writes of them."""
import math
import warnings
from typing import NamedTuple

import numpy as np

from mathwork._extras import extra
from mathwork.cli.columns import Pieces, Table
from mathwork.cli.lines import blamed_on, visible
from mathwork.cli.names import listed
from mathwork.cli.output import print_aligned, print_json, save_picture, say

# The fields of a result that --json writes: of a line, of a line for each group, and of the others.
LINE = ("slope", "intercept", "rvalue", "pvalue", "stderr", "intercept_stderr", "nobs", "status")
STATISTICS = ("bse", "tvalues", "pvalues", "conf_int", "rsquared", "rsquared_adj", "fvalue",
              "f_pvalue", "ssr", "df_model", "df_resid", "nobs", "rank", "status")
DRAWN = 1e150           # the largest numbers in a picture, whose squares do not overflow
PLANES = ("params", "bse", "tvalues", "pvalues", "rsquared", "nobs", "status")
MANY = 1 << 62          # rows: a window of more holds all rows, too
HEADER_WIDTH = 70       # characters of the names that the text shows


class Asked(NamedTuple):
    """What a call of the command asks for, and the table that it read."""

    table: Table
    pieces: Pieces
    labels: dict            # "x", "y" and "group" or "cluster", if there are some
    degree: int | None
    window: int | None
    cov: str
    picture: str | None
    as_json: bool


def report(asked, data):
    """Fit what was asked for, and write it. `data` is (columns, codes of groups) or Moments."""
    if not isinstance(data, tuple):
        _report_fit(asked, _made(asked, data.fit))
        return
    (y, *xs), codes = data
    weights = xs.pop() if len(xs) > len(asked.labels["x"]) else None
    if "group" in asked.labels:
        _report_groups(asked, codes, xs, y, weights)
    elif asked.window is not None:
        _report_windows(asked, xs, y, weights)
    else:
        _report_fit(asked, _made(asked, _fitted, asked, xs, y, weights, codes), xs, y)


def _made(asked, function, *arguments, **options):
    """function(...); its errors name the file, and the result tells of dependent columns."""
    from mathwork.regression import RankWarning

    with blamed_on(asked.table.shown), warnings.catch_warnings():
        warnings.simplefilter("ignore", RankWarning)
        return function(*arguments, **options)


# ---- one fit ----

def _fitted(asked, xs, y, weights, codes):
    from mathwork import regression

    options = {"weights": weights, "cov": asked.cov, "groups": codes}
    if asked.degree is not None:
        return regression.fit_polynomial(xs[0], y, asked.degree, **options)
    fit = regression.fit_line if len(xs) == 1 else regression.fit_linear
    return fit(_design(xs), y, **options)


def _design(xs):
    """One x as it is, several as the columns of a matrix"""
    return xs[0] if len(xs) == 1 else np.stack(xs, axis=1)


def _report_fit(asked, made, xs=(), y=None):
    from mathwork.regression.summary import linear_summary

    names = asked.labels["x"]
    terms = ["intercept", *names]
    if asked.degree is not None:
        terms = ["1", names[0], *(f"{names[0]}^{k}" for k in range(2, asked.degree + 1))]
        terms = terms[:asked.degree + 1]
    if asked.as_json:
        print_json(_described(asked) | _fields_of_fit(asked, made))
    else:
        _print_heading(asked)
        terms = [*map(visible, terms)]
        say(f"{asked.labels['y']} ~ {' + '.join(terms)}\n")
        say(str(linear_summary(made, names=terms)))
    if asked.picture is not None:
        _draw(asked, made, xs, y)


def _fields_of_fit(asked, made):
    """{name: value} of what --json writes of a fit."""
    if asked.degree is not None:
        return _fields(made, ("coef", *STATISTICS))
    if len(asked.labels["x"]) > 1:
        return _fields(made, ("params", *STATISTICS))
    if hasattr(made, "slope"):
        return _fields(made, LINE)
    # A line out of Moments: the same by other names.
    sign = math.copysign(1.0, made.params[1])
    values = (made.params[1], made.params[0], sign * math.sqrt(made.rsquared), made.pvalues[1],
              made.bse[1], made.bse[0], made.nobs, made.status)
    return dict(zip(LINE, values, strict=True))


def _draw(asked, made, xs, y):
    from mathwork.regression.plot import plot_fit

    figure = extra("matplotlib.figure", "draw a fit").Figure(layout="constrained")
    labels = None
    if len(xs) == 1:        # what matplotlib reads between dollars is no part of a column's name
        labels = [visible(name).replace("$", r"\$")
                  for name in (asked.labels["x"][0], asked.labels["y"])]
    # Squares of distances, and the margins of a picture, overflow without an answer to see.
    with blamed_on(asked.table.shown), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        if any(abs(column).max() > DRAWN for column in (*xs, y)):
            raise ValueError(f"numbers beyond {DRAWN:g} cannot be drawn")
        plot_fit(made, ax=figure.add_subplot(), labels=labels)
        save_picture(figure, asked.picture)


# ---- many fits ----

def _report_groups(asked, codes, xs, y, weights):
    from mathwork.regression import fit_groups

    fits = _made(asked, fit_groups, codes, _design(xs), y, weights=weights, cov=asked.cov)
    names = asked.pieces.keys
    _report_fits(asked, fits, "keys", asked.labels["group"],
                 [names[code] for code in fits.keys.tolist()])


def _report_windows(asked, xs, y, weights):
    from mathwork.regression import fit_rolling

    fits = _made(asked, fit_rolling, _design(xs), y, min(asked.window, MANY), weights=weights,
                 cov=asked.cov)
    _report_fits(asked, fits, "row", "row", list(range(1, len(fits) + 1)))


def _report_fits(asked, fits, field, title, keys):
    """Write a line for each group or window; `keys` are the groups, or the last rows."""
    names = asked.labels["x"]
    if asked.as_json:
        print_json(_described(asked) | {field: keys}
                   | _fields(fits, LINE if len(names) == 1 else PLANES))
        return
    _print_heading(asked)
    if len(names) == 1:
        heads = ("nobs", "slope", "std err", "intercept", "std err", "r", "P>|t|")
        columns = [getattr(fits, name) for name in (
            "nobs", "slope", "stderr", "intercept", "intercept_stderr", "rvalue", "pvalue")]
    else:
        terms = ["intercept", *names]
        heads = ("nobs", *(head for term in terms for head in (term, "std err")), "R-squared")
        columns = [fits.nobs, *(column for at in range(len(terms))
                                for column in (fits.params[:, at], fits.bse[:, at])),
                   fits.rsquared]
    rows = [(str(key), *(f"{value:.6g}" for value in row)) for key, *row in zip(
        keys, *(column.tolist() for column in columns), strict=True)]
    print_aligned([(title, *heads), *rows])


# ---- what all have ----

def _described(asked):
    """What --json says beside the fields of the result."""
    names = asked.table.names
    return asked.labels | {"header": names if any(names) else None,
                           "n_omitted": asked.pieces.omitted}


def _print_heading(asked):
    table, pieces = asked.table, asked.pieces
    used = pieces.nobs - pieces.omitted - pieces.keyless
    rows = f"{pieces.nobs} rows" if used == pieces.nobs else f"{used} of {pieces.nobs} rows"
    names = ""
    if any(table.names):
        labels = map(table.label, range(len(table.names)))
        names = ": " + listed((f'"{label}"' if "," in label else label for label in labels),
                              HEADER_WIDTH)
    say(f"{table.shown}: {rows}, {table.heading}{names}")


def _fields(result, names):
    """{name: value} of a result's fields; conf_int is a method."""
    values = {name: getattr(result, name) for name in names}
    return {name: value() if callable(value) else value for name, value in values.items()}
