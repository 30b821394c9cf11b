"""Linear regression with any number of columns: the arguments of its kernel.

The fit itself is compiled: mathwork/kernels/regression/linear.pxi and the files it names.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import mathwork._tables as tables
from mathwork._arguments import flag
from mathwork._doors import door
from mathwork._levels import regression as kernels
from mathwork._status import CONSTANT, FIT_NOT_FINITE
from mathwork.regression.checks import checked_rank_tol, not_finite
from mathwork.regression.details import details_or_none
from mathwork.regression.formulas import read_formula
from mathwork.regression.linear_fit import LinearFit
from mathwork.regression.robust import SCORES, asked, finished
from mathwork.regression.rows import Rows, checked_rows, gaps_in, with_labels, without_gaps

if TYPE_CHECKING:
    from typing import SupportsIndex

    from numpy.typing import ArrayLike

    from mathwork._types import Cov, NanPolicy
    from mathwork.regression.robust import Asked


@door(kernels.fit_linear)
def fit_linear(X: ArrayLike, y: ArrayLike, *, intercept: bool = True,
               weights: ArrayLike | None = None, rank_tol: float | None = None,
               nan_policy: NanPolicy = "raise", cov: Cov = "nonrobust",
               groups: ArrayLike | None = None, maxlags: SupportsIndex | None = None
               ) -> LinearFit:
    """A linear regression by least squares.

    Parameters
    ----------
    X : array_like, shape (n, p)
        The columns that explain y. A data frame names them. Or a formula such as
        ``"y ~ a * C(b)"``, by formulaic (extra ``formula``): a str, which is code and must be your
        own.
    y : array_like, shape (n,) or (n, k)
        The explained variable. Several targets share the work on X. With a formula, the data: a
        frame, or a dict of columns. `weights` and `groups` may then be names of columns, and
        :meth:`predict <LinearFit.predict>` takes frames.
    intercept : bool
        Whether to add a constant, the first parameter, to the columns.
    weights : array_like, shape (n,), optional
        The factors of the squared residuals. A row of weight 0 is left out.
    rank_tol : float, optional
        A column depends on earlier columns if what they leave of it is at most this part of its
        norm and of the norms of the columns that make it up, and at most an eighth (or this part)
        of its deviations from its mean. ``16 P eps`` for P parameters by default. On the intercept
        alone only a constant column depends, however large its numbers are, as in `fit_line`.
    nan_policy : {"raise", "omit", "propagate"}
        What to do if X or y is NaN, NaT or infinite, a weight is NaN, or a row has no group: raise,
        leave those rows out, or return a fit with all fields NaN.
    cov : {"nonrobust", "HC0", "HC1", "HC2", "HC3", "cluster", "HAC"}
        What the standard errors allow for: equal variances alone; variances that differ from row to
        row (HC); rows of one group that depend on each other (cluster); or rows that depend on
        those before them (HAC, by Newey and West).
    groups : array_like, shape (n,), optional
        The group of each row, for "cluster": numbers, strings, times or objects that can be keys of
        a dict. None, NaN and NaT are no group.
    maxlags : int, optional
        For "HAC": up to how many rows apart they may depend on each other.
        ``floor(4 (nobs / 100)^(2/9))`` by default.

    Returns
    -------
    LinearFit

    Raises
    ------
    TypeError
        For input that is not real numbers, and for masked arrays.
    ValueError
        For shapes that do not fit, fewer rows than parameters, weights that are negative or not
        finite, NaN or infinity in X or y by default, and an unknown `nan_policy`.

    Warns
    -----
    RankWarning
        If a column depends on earlier columns. Its parameter is NaN, the others are the fit
        without it, and ``status`` is 2.

    Notes
    -----
    The parameters minimise ``sum(weights * (y - intercept - X b)**2)``. The textbook's formula for
    them, ``(X'X)^-1 X'y``, loses twice the digits that the condition of X costs.

    Here the centred columns are factored in float64, by a Cholesky factorisation of their Gram
    matrix. If its condition does not allow that, they are factored by Householder reflections with
    limited column pivoting. Then the parameters are refined with residuals in doubled precision
    (about 32 digits) until they stop improving. A factor that lost more than three digits is
    refined too. So parameters and standard errors are those of the stored X and y to nearly all
    digits, for any X with columns that differ by more than rounding.

    A robust covariance is ``N (sum u u') N`` with ``N = (X'WX)^-1`` and the scores
    ``u = w residual x``. With the leverage h, HC1 is HC0 times ``nobs / df_resid``. HC2 and HC3
    divide residuals by ``sqrt(1 - h)`` and ``1 - h``; they are NaN where a row alone decides a
    parameter, h = 1. "cluster" sums u over each of G groups first, and has a factor of
    ``G / (G - 1) (nobs - 1) / df_resid``. "HAC" adds products of scores up to L rows apart, with
    weights ``1 - lag / (L + 1)``; a row that is left out keeps its place. Tests and intervals are
    by Student's t and F, with G - 1 degrees of freedom for "cluster" and `df_resid` else:
    statsmodels' ``use_t=True``. `fvalue` is the Wald test of all slopes. HC takes no memory. The
    others take as much as X.

    X and y are read in place, twice or a few times. X is never copied as a whole unless its type is
    not float32 or float64. Columns of integers beyond 2^53, ``datetime64`` and ``timedelta64`` (in
    seconds; dates since 1970-01-01) are fitted by their differences from the number nearest to 0,
    where there is an intercept: so they lose no digits, and `predict` takes differences again.

    References
    ----------
    Bjorck, Numerical Methods for Least Squares Problems, SIAM 1996, chapters 2 and 6.

    MacKinnon, White, "Some heteroskedasticity-consistent covariance matrix estimators with improved
    finite sample properties", Journal of Econometrics 29(3), 1985.

    Newey, West, "A simple, positive semi-definite, heteroskedasticity and autocorrelation
    consistent covariance matrix", Econometrica 55(3), 1987.

    Cameron, Miller, "A practitioner's guide to cluster-robust inference", Journal of Human
    Resources 50(2), 2015.

    Examples
    --------
    >>> from mathwork.regression import fit_linear
    >>> fit = fit_linear([[1, 1], [2, 1], [3, 2], [4, 2]], [6, 8, 13, 15])
    >>> fit.params
    array([1., 2., 3.])
    >>> fit.nobs, fit.df_resid, fit.rank
    (4, 1, 3)
    """
    formula = None
    if isinstance(X, str):
        X, y, intercept, weights, groups, formula = read_formula(X, y, intercept, weights, groups)
    intercept = flag(intercept, "intercept")
    rows = checked_rows(X, y, weights, nan_policy, intercept)
    tables.check_index(X=X, y=y, groups=groups)
    rows = rows._replace(details=rows.details._replace(formula=formula))
    rank_tol = checked_rank_tol(rank_tol, -1.0)
    wanted = asked(cov, groups, maxlags, len(rows.X))
    rows = with_labels(rows, wanted.codes, nan_policy)
    fit = _fitted(rows, intercept, rank_tol, wanted)
    if fit.status == FIT_NOT_FINITE and nan_policy != "propagate":
        if nan_policy == "raise":
            raise not_finite("X and y", "row", gaps_in(rows.X, rows.y, rows.weights))
        fit = _fitted(without_gaps(rows), intercept, rank_tol, wanted)
    if fit.status == CONSTANT:
        fit._warn_of_rank(stacklevel=3)
    return fit if wanted.kind == "nonrobust" else _with_cov(fit, wanted)


def _with_cov(fit: LinearFit, wanted: Asked) -> LinearFit:
    """Return a fit with other standard errors; the kernel gave the scores of HC with the basis"""
    if wanted.kind not in SCORES or fit._basis is None:
        return fit._with_asked(wanted)
    total = fit._basis[3]
    total = total[0] if fit.params.ndim == 1 else total
    return fit._with_errors(finished(wanted, total, fit.nobs, fit.rank, fit._weights))


def _fitted(rows: Rows, intercept: bool, rank_tol: float, wanted: Asked) -> LinearFit:
    """Return the fit of checked rows, with the scores that a covariance needs"""
    scores = -1 if wanted.kind == "nonrobust" else SCORES.get(wanted.kind, 0)
    details, bases, level = rows.details, rows.bases(), None
    if bases is not None:
        level = np.empty((2, rows.y.shape[1] if rows.y.ndim == 2 else 1))
    fit = kernels.fit_rows(rows.X, rows.y, intercept, rows.weights, rank_tol, bases=bases,
                           level=level, scores=scores)
    if level is not None:
        details = details._replace(level=(level[0], level[1]))
    return kernels.with_details(fit, details_or_none(details))
