"""A fit as a table: plain text when printed, HTML in a notebook.

One table serves lines, linear regressions and polynomials. Without SciPy the table leaves out the
numbers that need it, and says so.
"""
from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

import mathwork._html as html
from mathwork._arguments import shown, texts
from mathwork._status import FIT_NOT_FINITE
from mathwork.regression.inference import (
    checked_alpha,
    f_pvalue,
    t_pvalue,
    t_quantile,
    t_statistic,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, TypeAlias

    _Pair: TypeAlias = tuple[str, str]
    _Head: TypeAlias = tuple[list[_Pair], list[_Pair]]
    _Table: TypeAlias = list[tuple[str, ...]]

NO_SCIPY = "p-values and confidence intervals need SciPy: pip install scipy"
MOST_TERMS = 100        # and targets as rows elsewhere: of a fit in a notebook
MOST_OF_NOTE = 1000     # letters
NOT_FINITE = "X or y was not finite."


class Summary:
    """The result of :func:`linear_summary`, shown as a table.

    Attributes
    ----------
    heads : list of (list of (str, str), list of (str, str))
        Names and values for the whole fit, to the left and right; one pair for each target.
    columns : tuple of str
        The columns of the tables, after the name of the term.
    tables : list of list of (str, ...)
        For each target a list of rows: a term and the values of its columns.
    notes : list of str

    Examples
    --------
    >>> from mathwork.regression import fit_linear
    >>> fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4]).summary().columns
    ('coef', 'std err', 't', 'P>|t|', '[0.025', '0.975]')
    """

    def __init__(self, heads: list[_Head], columns: tuple[str, ...], tables: list[_Table],
                 notes: list[str]) -> None:
        self.heads, self.columns, self.tables, self.notes = heads, columns, tables, notes

    def __str__(self) -> str:
        parts = []
        for target, (head, table) in enumerate(zip(self.heads, self.tables, strict=True)):
            title = [f"y[{target}]"] if len(self.tables) > 1 else []
            parts += [title + _side_by_side(head), _aligned([("", *self.columns), *table])]
        if self.notes:
            parts.append(self.notes)
        return "\n\n".join("\n".join(lines) for lines in parts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = []
        for target, (head, rows) in enumerate(zip(self.heads, self.tables, strict=True)):
            caption = f"y[{target}]" if len(self.tables) > 1 else ""
            parts += [html.fields(([*itertools.chain(*pairs)] for pairs in _padded(head)), caption),
                      html.table(("", *self.columns), rows)]
        return "\n".join([*parts, html.notes(*self.notes)])


def linear_summary(fit: Any, *, names: Sequence[str] | None = None, alpha: float = 0.05
                   ) -> Summary:
    """A fit as a table.

    Parameters
    ----------
    fit : LinearFit, PolynomialFit, or the LineFit of one line
    names : sequence of str, optional
        Names of the terms, including the intercept. By default ``intercept``, ``X[0]``, ``X[1]``
        and so on, or the powers of x.
    alpha : float
        The chance that a confidence interval misses.

    Returns
    -------
    Summary

    Raises
    ------
    ValueError
        For another number of names, an alpha that is not between 0 and 1, and a stack of lines.
    TypeError
        For names given as one str.

    Examples
    --------
    >>> from mathwork.regression import fit_linear
    >>> from mathwork.regression.summary import linear_summary
    >>> fit = fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4])
    >>> linear_summary(fit, names=["start", "slope"])
    nobs             4    R-squared        0.64
    df resid         2    adj. R-squared   0.46
    df model         1    F               3.556
    ssr            1.8    Prob(F)         0.200
    sigma     0.948683
    <BLANKLINE>
           coef   std err      t  P>|t|    [0.025   0.975]
    start   0.5    1.1619  0.430  0.709  -4.49923  5.49923
    slope   0.8  0.424264  1.886  0.200  -1.02546  2.62546
    """
    alpha = checked_alpha(alpha)
    if isinstance(names, str):
        raise TypeError(f"names must be a sequence of str, one a term, got {shown(names)}")
    parts = _parts(fit, names)
    if names is not None:
        parts["terms"] = texts(names, "names", "a sequence of str, one a term")
    if len(parts["terms"]) != len(parts["coef"]):
        raise ValueError(
            f"names must be {len(parts['coef'])}, one a term, got {len(parts['terms'])}")
    return _summary(parts, alpha)


def linear_summary_html(fit: Any, **options: Any) -> str:
    """:func:`linear_summary` as HTML.

    Parameters
    ----------
    fit, **options
        As for :func:`linear_summary`.

    Returns
    -------
    str

    Examples
    --------
    >>> from mathwork.regression import fit_linear
    >>> from mathwork.regression.summary import linear_summary_html
    >>> linear_summary_html(fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4]))[:26]
    '<table><tr><th>nobs</th><t'
    """
    return linear_summary(fit, **options)._repr_html_()


def fit_html(fit: Any) -> str:
    """Return what a notebook shows of a fit: the summary of its first targets and terms."""
    parts = _parts(fit, None)
    P, n_targets = parts["coef"].shape
    for name in ("coef", "bse"):
        parts[name] = parts[name][:MOST_TERMS, :html.MOST_ROWS]
    parts["terms"] = parts["terms"][:MOST_TERMS]
    parts["notes"] = [html.cut(note, MOST_OF_NOTE) for note in parts["notes"]]
    for count, most, noun in ((P, MOST_TERMS, "terms"), (n_targets, html.MOST_ROWS, "targets")):
        if count > most:
            parts["notes"].append(f"{html.more(count, most)} {noun}: see summary().")
    return _summary(parts, 0.05)._repr_html_()


# ---- contents ----

@np.errstate(all="ignore")              # for a y near the ends of the range
def _summary(parts: dict[str, Any], alpha: float) -> Summary:
    """Return the summary of the parts of a fit"""
    coef, bse, df = parts["coef"], parts["bse"], parts["df"]
    tvalues = t_statistic(coef, bse)
    columns, numbers = ["coef", "std err", "t"], [(coef, _plain), (bse, _plain), (tvalues, _short)]
    notes = list(parts["notes"])
    try:
        reach = t_quantile(alpha / 2, df) * bse
        columns += ["P>|t|", f"[{alpha / 2:.4g}", f"{1 - alpha / 2:.10g}]"]
        numbers += [(t_pvalue(tvalues, df), _chance), (coef - reach, _plain),
                    (coef + reach, _plain)]
        scipy = True
    except ImportError:
        scipy = False
        notes.append(NO_SCIPY)
    targets = range(coef.shape[1])
    tables = [[(term, *(write(float(column[i, t])) for column, write in numbers))
               for i, term in enumerate(parts["terms"])] for t in targets]
    return Summary([_head(parts, t, scipy) for t in targets], tuple(columns), tables, notes)


def _parts(fit: Any, names: Sequence[str] | None) -> dict[str, Any]:
    """Return the parts of a fit for the table; a column for each target"""
    if np.ndim(getattr(fit, "slope", 0.0)):
        raise ValueError(f"a summary is of one line, got a stack of shape {np.shape(fit.slope)}")
    params = np.asarray(fit.params)
    P, shape = len(params), (len(params), -1)
    terms = list(getattr(fit, "terms", None) or
                 ["intercept"] * fit.intercept + [f"X[{i}]" for i in range(P - fit.intercept)])
    notes = []
    if fit.status == FIT_NOT_FINITE:
        notes.append(NOT_FINITE)
    elif np.isnan(params).any():
        left_out = np.isnan(params.reshape(shape)[:, 0])
        named = ", ".join(str(term) for term, out in zip(
            terms if names is None or len(names) != P else names, left_out, strict=True) if out)
        notes.append(f"Left out, as they depend on the columns before them: {named}")
    robust = getattr(fit, "_robust", None)
    if robust is not None:
        notes.append(f"Standard errors: {robust.note}")
    parts = {"terms": terms, "coef": params.reshape(shape), "bse": np.reshape(fit.bse, shape),
             "df": getattr(fit, "_df", fit.df_resid), "nobs": fit.nobs,
             "omitted": getattr(fit, "n_omitted", 0), "df resid": fit.df_resid,
             "df model": fit.df_model, "notes": notes}
    for name, attribute in (("ssr", "ssr"), ("sigma", "scale"), ("R-squared", "rsquared"),
                            ("adj. R-squared", "rsquared_adj"), ("F", "fvalue")):
        try:
            parts[name] = np.atleast_1d(getattr(fit, attribute))
        except ValueError:      # a line that was not made by a fit
            continue
    if "sigma" in parts:
        parts["sigma"] = np.sqrt(parts["sigma"])
    return parts


def _head(parts: dict[str, Any], target: int, scipy: bool) -> _Head:
    """Return names and values for the whole fit, to the left and to the right"""
    F = float(parts["F"][target])
    left = [(name, str(parts[name])) for name in ("nobs", "omitted", "df resid", "df model")
            if name != "omitted" or parts[name]]
    left += [(name, _plain(float(parts[name][target]))) for name in ("ssr", "sigma")
             if name in parts]
    right = [(name, _plain(float(parts[name][target])))
             for name in ("R-squared", "adj. R-squared")] + [("F", _short(F))]
    if scipy:
        right.append(("Prob(F)", _chance(float(f_pvalue(F, parts["df model"], parts["df"])))))
    return left, right


# ---- how to write it ----

def _plain(number: float) -> str:
    return f"{number:.6g}"


def _short(number: float) -> str:
    return f"{number:.3f}" if abs(number) < 1e6 else f"{number:.4g}"


def _chance(number: float) -> str:
    return f"{number:.3f}" if number >= 0.0005 or number == 0 or math.isnan(number) else (
        f"{number:.2e}")


def _padded(head: _Head) -> Iterator[tuple[_Pair, _Pair]]:
    """Yield ((name, value), (name, value)) for each line; empty where a side has no more"""
    return itertools.zip_longest(*head, fillvalue=("", ""))


def _side_by_side(head: _Head) -> list[str]:
    """Return the lines of text"""
    left, right = (_aligned(side) for side in zip(*_padded(head), strict=True))
    width = max(map(len, left)) + 4
    return [(name.ljust(width) + value).rstrip() for name, value in zip(left, right, strict=True)]


def _aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return lines of cells, the first aligned left and the others right"""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]),
                       *(cell.rjust(width) for cell, width in
                         zip(row[1:], widths[1:], strict=True))]).rstrip() for row in rows]
