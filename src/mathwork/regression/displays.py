"""What a notebook shows of many fits, and of fits without a summary, in HTML."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import mathwork._html as html
from mathwork._status import FITTED
from mathwork.regression.batch_rows import names_of_array

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

LINE = ("slope", "intercept", "rvalue", "stderr", "nobs", "status")


def fits_html(fits: Any) -> str:
    """Return the table of `to_dict` for the first groups, or for the last windows."""
    grouped = hasattr(fits, "keys")
    start = 0 if grouped else max(len(fits) - html.MOST_ROWS, 0)
    columns = fits[start:start + html.MOST_ROWS].to_dict()
    columns.pop("intercept_stderr", None)
    places = {} if grouped else {"row": range(start, len(fits))}
    rows = zip(*places.values(), *columns.values(), strict=False)
    return _table([*places, *columns], rows, len(fits), type(fits).__name__, fits.status)


def lines_html(fit: Any) -> str:
    """Return a table of the first lines of a stack."""
    shape = np.shape(fit.slope)
    columns = (getattr(fit, name).reshape(-1)[:html.MOST_ROWS] for name in LINE)
    rows = zip(html.indices(shape), *columns, strict=True)
    return _table(["", *LINE], rows, np.size(fit.slope), type(fit).__name__, fit.status)


def plane_html(fit: Any) -> str:
    """Return a table of parameters and standard errors, and how good the fit is."""
    names = fit.names or names_of_array(len(fit.params) - fit.has_intercept)
    terms = ["intercept"] * fit.has_intercept + list(names)
    rows = list(zip(terms, fit.params, fit.bse, strict=True))
    return html.table(("", "coef", "std err"), rows[:html.MOST_ROWS], "PlaneFit") + html.notes(
        html.more(len(rows)), f"R-squared {html.written(fit.rsquared)}, nobs {fit.nobs:,}, "
                              f"status {fit.status}.")


def ridge_html(fit: Any) -> str:
    """Return a table of the penalties, or of the targets, and their parameters."""
    P = len(fit.params)
    params = fit.params.reshape(P, -1)
    n = params.shape[1]
    measures = {"alpha": fit.alpha, "df": fit.df, "R-squared": fit.rsquared, "GCV": fit.gcv}
    columns = [np.broadcast_to(np.ravel(values), n) for values in measures.values()]
    terms = fit.terms[:html.MOST_COLUMNS - len(measures)]
    rows = zip(range(min(n, html.MOST_ROWS)), *columns, *params[:len(terms)], strict=False)
    left_out = html.more(P, len(terms))
    return html.table(("", *measures, *terms), rows, f"RidgeFit, nobs {fit.nobs:,}") + html.notes(
        html.more(n), left_out and f"{left_out} parameters")


def moments_html(moments: Any) -> str:
    """Return a table of the means and standard deviations of the columns."""
    means, deviations = moments._spread(html.MOST_ROWS)
    p, q = moments.n_columns, moments.n_columns + moments.n_targets
    names = list(moments._names or [f"X[{i}]" for i in range(p)])[:html.MOST_ROWS]
    names += ["y"] if moments._single else [f"y[{i}]" for i in range(q - p)]
    rows = zip(names, means, deviations, strict=False)
    omitted = f", {moments.n_omitted:,} omitted" if moments.n_omitted else ""
    return html.table(
        ("", "mean", "standard deviation"), rows, f"Moments of {moments.nobs:,} rows{omitted}"
    ) + html.notes(html.more(q), f"Sum of weights {html.written(moments.weight)}.")


# ---- parts ----

def _table(names: Sequence[str], rows: Any, count: int, kind: str, status: Any) -> str:
    """Return a table of the first of `count` fits, and how many have no fit"""
    failed = count - int(np.count_nonzero(np.equal(status, FITTED)))
    left_out = len(names) - html.MOST_COLUMNS - 1
    kept = [(row[:html.MOST_COLUMNS] + row[-1:] if left_out > 0 else row)
            for row, _ in zip(rows, range(html.MOST_ROWS), strict=False)]
    if left_out > 0:
        names = [*names[:html.MOST_COLUMNS], names[-1]]
    return html.table(names, kept, f"{kind}: {html.counted(count, 'fit')}") + html.notes(
        html.more(count), f"{left_out:,} more columns" if left_out > 0 else "",
        f"{failed:,} without a fit: see status." if failed else "")
