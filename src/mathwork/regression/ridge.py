"""Ridge regression: coefficients that a penalty keeps small, for one penalty or a path of them."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import flag
from mathwork._arrays import FLOAT64, as_plain, plain_in
from mathwork._doors import public
from mathwork.regression.checks import not_finite
from mathwork.regression.details import Details
from mathwork.regression.rows import Rows, checked_rows, from_base, gaps_in, without_gaps

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, FloatOrArray, NanPolicy

PIECE = 1 << 14         # rows that are factored at a time


@public
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RidgeFit:
    """The result of :func:`fit_ridge`. Immutable.

    With several penalties, or several targets, k of them, a float becomes an array ``(k,)``.

    Parameters
    ----------
    alpha : float, or ndarray, shape (k,) for a path
        The penalties.
    params : ndarray, shape (P,) or (P, k)
        The intercept if there is one, then one coefficient for each column of X.
    df : float, or ndarray, shape (k,) for a path
        The effective number of parameters: the trace of the matrix that turns y into fitted values.
    ssr : float or ndarray, shape (k,)
        The weighted sum of squared residuals, without the penalty.
    rsquared : float or ndarray, shape (k,)
        ``1 - ssr / tss``, about the mean with an intercept and about 0 without one.
    gcv : float or ndarray, shape (k,)
        Generalised cross-validation, ``nobs ssr / (nobs - df)^2``: the smaller the better.
    nobs : int
        Rows with a positive weight.
    intercept : bool
        Whether the fit has an intercept.

    Attributes
    ----------
    n_omitted : int
        Rows that ``nan_policy="omit"`` left out.
    terms : tuple of str
        The names of the parameters.

    Examples
    --------
    >>> from mathwork.regression import fit_ridge
    >>> X, y = [[1, 1], [2, 1], [3, 2], [4, 2]], [6, 8, 13, 15]
    >>> path = fit_ridge(X, y, alpha=[0, 1, 10])
    >>> path.params.round(3)
    array([[1.   , 3.   , 7.304],
           [2.   , 2.25 , 1.006],
           [3.   , 1.25 , 0.453]])
    >>> path.df.round(3)
    array([3.   , 2.   , 1.385])
    """

    alpha: FloatOrArray
    params: NDArray[np.float64]
    df: FloatOrArray
    ssr: FloatOrArray
    rsquared: FloatOrArray
    gcv: FloatOrArray
    nobs: int
    intercept: bool
    _level: NDArray[np.float64]         # y of the fit where X counts from
    _details: Details

    @property
    def n_omitted(self) -> int:
        return int(np.max(self._details.n_omitted))

    @property
    def terms(self) -> tuple[str, ...]:
        p = len(self.params) - self.intercept
        return ("intercept",) * self.intercept + (
            self._details.names or tuple(f"X[{i}]" for i in range(p)))

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The fitted y for rows of X.

        Parameters
        ----------
        X : array_like, shape (m, p)

        Returns
        -------
        ndarray, shape (m,) or (m, k)

        Raises
        ------
        TypeError
            For input that is not real numbers.
        ValueError
            For another shape, or other columns than those of the fit.

        Examples
        --------
        >>> from mathwork.regression import fit_ridge
        >>> fit_ridge([[1], [2], [3]], [1, 2, 3], alpha=2).predict([[4]])
        array([3.])
        """
        slopes = self.params[int(self.intercept):]
        X = plain_in(from_base(X, len(slopes), self._details), FLOAT64)
        with np.errstate(all="ignore"):
            return X @ slopes + self._level

    def _repr_html_(self) -> str:
        import mathwork.regression.displays as displays  # here: few run in a notebook

        return displays.ridge_html(self)

    def __repr__(self) -> str:
        indented = repr(self.params).replace("\n", "\n" + " " * len("RidgeFit(params="))
        return (f"RidgeFit(params={indented}, alpha={self.alpha!r}, nobs={self.nobs}"
                f"{f', n_omitted={self.n_omitted}' if self.n_omitted else ''})")


@public
def fit_ridge(X: ArrayLike, y: ArrayLike, *, alpha: ArrayLike = 1.0, intercept: bool = True,
              weights: ArrayLike | None = None, nan_policy: NanPolicy = "raise") -> RidgeFit:
    """A linear regression with a penalty on the size of its coefficients.

    Parameters
    ----------
    X : array_like, shape (n, p)
        The columns that explain y, not scaled: a penalty weighs more on a column of small numbers.
    y : array_like, shape (n,) or (n, k)
    alpha : float, or array_like of shape (a,)
        The penalty, at least 0, or a path of them for one y. They share the work on X.
    intercept : bool
        Whether to add a constant, which has no penalty.
    weights : array_like, shape (n,), optional
        The factors of the squared residuals. A row of weight 0 is left out.
    nan_policy : {"raise", "omit", "propagate"}
        As for :func:`fit_linear`.

    Returns
    -------
    RidgeFit

    Raises
    ------
    TypeError
        For input that is not real numbers, and for masked arrays.
    ValueError
        For shapes that do not fit, no rows, several penalties for several y, a penalty that is
        negative or not finite, wrong weights, and NaN or infinity by default.

    Notes
    -----
    The parameters minimise ``sum(weights (y - intercept - X b)^2) + alpha sum(b^2)``, as
    scikit-learn's ``Ridge`` does. The centred columns are reduced to a triangle by Householder
    reflections, some rows at a time, and that has the singular values s and vectors of X. The
    coefficients along these are those of least squares times ``s^2 / (s^2 + alpha)``. So nothing
    is squared before it is factored. With a penalty of 0 it is the least squares fit with the
    smallest coefficients, also if columns depend on each other.

    The working memory does not grow with the rows.

    References
    ----------
    Hoerl, Kennard, "Ridge regression: biased estimation for nonorthogonal problems", Technometrics
    12(1), 1970.

    Golub, Heath, Wahba, "Generalized cross-validation as a method for choosing a good ridge
    parameter", Technometrics 21(2), 1979.

    Examples
    --------
    >>> from mathwork.regression import fit_ridge
    >>> fit_ridge([[1], [2], [3]], [1, 2, 3], alpha=2)
    RidgeFit(params=array([1. , 0.5]), alpha=2.0, nobs=3)
    """
    intercept = flag(intercept, "intercept")
    rows = checked_rows(X, y, weights, nan_policy, intercept)
    penalties = _checked_penalties(alpha, rows)
    gaps = gaps_in(rows.X, rows.y, rows.weights)
    if gaps.any() and nan_policy != "propagate":
        if nan_policy == "raise":
            raise not_finite("X and y", "row", gaps)
        rows = without_gaps(rows)
    nobs = len(rows.X) if rows.weights is None else int(np.count_nonzero(rows.weights))
    if nobs == 0:
        raise ValueError("X must have at least 1 row that counts, got "
                         f"{len(rows.X)} rows in all")
    with np.errstate(all="ignore"):         # with gaps all of it is NaN
        return _solved(rows, penalties, intercept, nobs, bool(gaps.any())
                       and nan_policy == "propagate")


def _checked_penalties(alpha: ArrayLike, rows: Rows) -> NDArray[np.float64]:
    """Return the penalties, one or a path (a,)"""
    penalties = as_plain(alpha, "alpha", np.float64)
    if penalties.ndim > 1 or not penalties.size:
        raise ValueError(f"alpha must be one number or have shape (a,), got {penalties.shape}")
    if penalties.ndim == 1 and rows.y.ndim == 2:
        raise ValueError("alpha must be one number for several y, got shape "
                         f"{penalties.shape} and y of shape {rows.y.shape}")
    wrong = ~((penalties >= 0) & np.isfinite(penalties))
    if wrong.any():
        raise ValueError("alpha must be finite and at least 0, got "
                         f"{float(penalties[wrong].flat[0])}")
    return penalties


def _solved(rows: Rows, penalties: NDArray[np.float64], intercept: bool, nobs: int, unknown: bool
            ) -> RidgeFit:
    p, Y = rows.X.shape[1], rows.y if rows.y.ndim == 2 else rows.y[:, None]
    means = _means(rows, Y) if intercept else np.zeros(p + Y.shape[1])
    triangle = np.full((p + 1, p + Y.shape[1]), np.nan) if unknown else _triangle(rows, Y, means)
    U, s, turned = (np.linalg.svd(triangle[:, :p], full_matrices=False) if not unknown
                    else (np.full((p + 1, p), np.nan), np.full(p, np.nan), np.eye(p)))
    along = U.T @ triangle[:, p:]                       # (r, k)
    path = np.atleast_1d(penalties)
    root = np.sqrt(path)
    part = s[:, None] / np.hypot(s[:, None], root)      # squared later: s^2 may overflow
    kept = s > np.finfo(np.float64).eps * max(triangle.shape) * s.max(initial=0.0)
    keep = np.where((path > 0) | (kept | np.isnan(s))[:, None], part * part, 0.0)       # (r, a)
    slopes = turned.T @ np.where(s[:, None] > 0, keep * (along / s[:, None]), 0.0 * keep * along)
    exact = None if path.all() else _least_squares(triangle[:, :p], triangle[:, p:])
    if exact is not None:           # columns of any size: the singular values depend on it
        slopes = np.where(path == 0, exact, slopes)
        keep[:, path == 0] = 1.0
    # In units of the largest number of each y, whose square may overflow too.
    unit = np.abs(triangle[:, p:]).max(axis=0, initial=0.0)
    unit = np.where(unit > 0, unit, 1.0)
    lost = (1 - keep) * (along / unit)
    beside = (triangle[:, p:] - U @ along) / unit
    parts = (lost * lost).sum(0) + (beside * beside).sum(0)
    total = ((triangle[:, p:] / unit) ** 2).sum(0)
    ssr = parts * unit * unit
    df = keep.sum(0) + intercept
    level = means[p:] - means[:p] @ slopes              # y at the base of X, from the base of y
    x_base, y_base = rows.details.x_base, rows.details.y_base
    if y_base is not None:
        level = level + y_base.ticks / y_base.per
    params = slopes
    if intercept:
        at_zero = level if x_base is None else level - (x_base.ticks / x_base.per) @ slopes
        params = np.vstack([at_zero, slopes])
    rsquared, gcv = 1 - parts / total, nobs * ssr / (nobs - df) ** 2
    if rows.y.ndim == 1 and penalties.ndim == 0:
        return RidgeFit(float(penalties), params[:, 0], float(df[0]), float(ssr[0]),
                        float(rsquared[0]), float(gcv[0]), nobs, intercept, level[0],
                        rows.details)
    return RidgeFit(penalties if penalties.ndim else float(penalties), params,
                    df if penalties.ndim else float(df[0]), ssr, rsquared, gcv, nobs, intercept,
                    level, rows.details)


def _least_squares(triangle: NDArray[np.float64], along: NDArray[np.float64]
                   ) -> NDArray[np.float64] | None:
    """Return the one solution (p, k); None if columns, scaled to one size, depend on each other"""
    p = triangle.shape[1]
    if len(triangle) < p:
        return None
    largest = np.abs(triangle).max(axis=0, initial=0.0)
    if not (np.isfinite(largest).all() and largest.all()):
        return None
    sizes = np.ldexp(1.0, np.frexp(largest)[1] - 1)
    U, s, turned = np.linalg.svd(triangle / sizes, full_matrices=False)
    if s.min(initial=np.inf) <= 16 * p * np.finfo(np.float64).eps * s.max(initial=0.0):
        return None
    return turned.T @ ((U.T @ along) / s[:, None]) / sizes[:, None]


def _pieces(rows: Rows, Y: FloatArray) -> list[slice]:
    return [slice(at, at + PIECE) for at in range(0, len(Y), PIECE)]


def _means(rows: Rows, Y: FloatArray) -> NDArray[np.float64]:
    """Return the weighted means of all columns, in two steps: to the last digit"""
    means = np.zeros(rows.X.shape[1] + Y.shape[1])
    # The sum of large weights may overflow.
    most = 1.0 if rows.weights is None else rows.weights.max(initial=0.0)
    count = len(Y) if rows.weights is None else (rows.weights / most).sum()
    for _ in range(2):
        total = np.zeros_like(means)
        for piece in _pieces(rows, Y):
            columns, w = _piece(rows, Y, piece, means)
            total += columns.sum(0) if w is None else (w / most) @ columns
        means = means + total / count
    return means


def _piece(rows: Rows, Y: FloatArray, piece: slice, means: NDArray[np.float64]
           ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return the columns of some rows less their means, and weights; rows of weight 0 are 0"""
    columns = np.concatenate([rows.X[piece], Y[piece]], axis=1, dtype=np.float64)
    if rows.weights is None:
        return columns - means, None
    w = rows.weights[piece]
    return np.where(w[:, None] > 0, columns - means, 0.0), w


def _triangle(rows: Rows, Y: FloatArray, means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return R of the centred and weighted columns of X and y"""
    triangle = np.zeros((0, rows.X.shape[1] + Y.shape[1]))
    for piece in _pieces(rows, Y):
        columns, w = _piece(rows, Y, piece, means)
        if w is not None:
            columns = columns * np.sqrt(w)[:, None]
        triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, columns]), mode="r"))
    return triangle
