"""Linear regression with any number of columns: the result, and the arguments of its kernel.

The fit itself is compiled: mathwork/kernels/regression/linear.pxi and the files it names.
"""
from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from mathwork._doors import door, public
from mathwork._levels import regression as kernels
from mathwork._status import CONSTANT, FIT_NOT_FINITE
from mathwork._warnings import RankWarning
from mathwork.regression.checks import checked_rank_tol, not_finite
from mathwork.regression.columns import pair_sum
from mathwork.regression.details import Details, details_or_none
from mathwork.regression.inference import checked_alpha, f_pvalue, t_pvalue, t_quantile
from mathwork.regression.rows import checked_rows, from_base, gaps_in, to_base, without_gaps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, FloatOrArray, NanPolicy
    from mathwork.regression.rows import Rows
    from mathwork.regression.summary import Summary


@public
@kernels.fits
class LinearFit(kernels.LeastSquares):
    """The result of :func:`fit_linear`. Immutable.

    There are P parameters: the intercept if there is one, then one for each column of X. The types
    below are for y of shape ``(n,)``. For ``(n, k)`` a float becomes an array ``(k,)``, and
    ``(P,)`` becomes ``(P, k)``.

    Attributes
    ----------
    params : ndarray, shape (P,)
        NaN for a column that depends on earlier columns.
    bse : ndarray, shape (P,)
        Standard errors. Without degrees of freedom they, and all results of them, are NaN.
    tvalues : ndarray, shape (P,)
        ``params / bse``; 0 for a parameter of 0 if y is constant.
    pvalues : ndarray, shape (P,)
        The chance of a t at least as far from 0; 1 for a parameter that is 0 because y is
        constant. Needs SciPy, as do `f_pvalue` and `conf_int`.
    rsquared : float
        ``1 - ssr / tss``. The total sum of squares tss is about the mean with an intercept, and
        about 0 without one. NaN if tss is 0.
    rsquared_adj : float
        ``1 - (ssr / df_resid) / (tss / (nobs - 1))``; without an intercept, nobs for nobs - 1.
    fvalue : float
        ``((tss - ssr) / df_model) / (ssr / df_resid)``
    f_pvalue : float
        The chance of an F above `fvalue`.
    ssr : float
        The weighted sum of squared residuals.
    scale : float
        ``ssr / df_resid``, the estimate of the variance of y about the fit, at weight 1.
    nobs : int
        Rows with a positive weight.
    n_omitted : int
        Rows that ``nan_policy="omit"`` left out.
    terms : tuple of str
        The names of the parameters: ``intercept``, and the columns of a frame or ``X[0]`` and so
        on.
    rank : int
        The number of parameters that are not NaN.
    df_model, df_resid : int
        `rank` without the intercept, and ``nobs - rank``.
    intercept : bool
        Whether the fit has an intercept.
    status : int
        0; 2 if a column depended on earlier columns; 3 if X or y was not finite, which only
        ``nan_policy="propagate"`` allows. With 3 all fields are NaN.
    resid, fittedvalues : ndarray, shape (n,) or (n, k)
        ``y - fittedvalues`` of every row, whatever its weight, and ``predict(X)``. They are
        computed at each access from the given X and y. The fit keeps X and y without copying, so
        they should not be changed. Its pickle leaves them behind, unless it is one of
        :meth:`with_data`. Residuals are computed in doubled precision, so they keep their
        digits if nearly all of y is explained.

    Examples
    --------
    >>> from mathwork.regression import fit_linear
    >>> fit = fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4])
    >>> fit
    LinearFit(params=array([0.5, 0.8]), rsquared=0.64, nobs=4)
    >>> fit.bse.round(3), round(fit.fvalue, 3)
    (array([1.162, 0.424]), 3.556)
    >>> fit.predict([[5], [6]])
    array([4.5, 5.3])
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        raise TypeError("a LinearFit is made by fit_linear or Moments.fit")

    @property
    def df_model(self) -> int:
        return self.rank - self.intercept

    @property
    def df_resid(self) -> int:
        return self.nobs - self.rank

    @property
    def scale(self) -> FloatOrArray:
        return self.ssr / self.df_resid if self.df_resid > 0 else self.ssr * math.nan

    @property
    def tvalues(self) -> NDArray[np.float64]:
        # 0 if y is constant, 0 / 0: such a parameter is not far from 0
        flat = np.isnan(self.rsquared) & (self.params == 0)
        with np.errstate(all="ignore"):     # a perfect fit, or a quotient beyond float64
            return np.where(flat, 0.0, self.params / self.bse)

    @property
    def pvalues(self) -> NDArray[np.float64]:
        return np.asarray(t_pvalue(self.tvalues, self.df_resid))

    def conf_int(self, alpha: float = 0.05) -> NDArray[np.float64]:
        """Confidence intervals of the parameters.

        Parameters
        ----------
        alpha : float
            The chance that an interval misses: 0.05 for intervals of 95 %.

        Returns
        -------
        ndarray, shape (P, 2) or (P, k, 2)
            Lower and upper ends.

        Raises
        ------
        ValueError
            If alpha is not between 0 and 1.
        ImportError
            If SciPy is missing.

        Examples
        --------
        >>> from mathwork.regression import fit_linear
        >>> fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4]).conf_int().round(3)
        array([[-4.499,  5.499],
               [-1.025,  2.625]])
        """
        with np.errstate(all="ignore"):
            reach = t_quantile(checked_alpha(alpha) / 2, self.df_resid) * self.bse
            return np.stack([self.params - reach, self.params + reach], axis=-1)

    def cov_params(self) -> NDArray[np.float64]:
        """The covariance of the parameters, ``scale (X'X)^-1``, with the weights in the product.

        Returns
        -------
        ndarray, shape (P, P) or (k, P, P)

        Examples
        --------
        >>> from mathwork.regression import fit_linear
        >>> fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4]).cov_params()
        array([[ 1.35, -0.45],
               [-0.45,  0.18]])
        """
        bse = self.bse.T
        with np.errstate(all="ignore"):
            return bse[..., :, None] * bse[..., None, :] * self._correlation

    @property
    def rsquared_adj(self) -> FloatOrArray:
        if self.df_resid == 0:
            return self.rsquared * math.nan
        return 1 - (1 - self.rsquared) * ((self.nobs - self.intercept) / self.df_resid)

    @property
    def f_pvalue(self) -> FloatOrArray:
        return f_pvalue(self.fvalue, self.df_model, self.df_resid)

    @property
    def n_omitted(self) -> int:
        return self._details.n_omitted if self._details else 0

    @property
    def terms(self) -> tuple[str, ...]:
        names = self._details.names if self._details else None
        p = len(self.params) - self.intercept
        return ("intercept",) * self.intercept + (names or tuple(f"X[{i}]" for i in range(p)))

    @property
    def resid(self) -> NDArray[np.float64]:
        X, y = self._counted_rows("residuals")
        if self.status == FIT_NOT_FINITE:
            return np.full(y.shape, math.nan)
        return self._less(X, y).reshape(y.shape)

    @property
    def fittedvalues(self) -> NDArray[np.float64]:
        return self._predicted(self._counted_rows("fitted values")[0])

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """The fitted y for rows of X.

        Parameters
        ----------
        X : array_like, shape (m, p)

        Returns
        -------
        ndarray, shape (m,) or (m, k)
            float64. A column with a NaN parameter is ignored.

        Raises
        ------
        TypeError
            For input that is not real numbers.
        ValueError
            For another shape.

        Examples
        --------
        >>> from mathwork.regression import fit_linear
        >>> fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4]).predict([[5]])
        array([4.5])
        """
        return self._predicted(from_base(X, len(self.params) - self.intercept, self._details))

    def _predicted(self, X: FloatArray) -> NDArray[np.float64]:
        """Return the fitted y for rows that count from the base of the fit"""
        if self.status == FIT_NOT_FINITE:
            return np.full((len(X), *self.params.shape[1:]), math.nan)
        return self._less(X, None).reshape(len(X), *self.params.shape[1:])

    def summary(self, *, names: Sequence[str] | None = None, alpha: float = 0.05) -> Summary:
        """The fit as a table: text when printed, HTML in a notebook.

        Parameters
        ----------
        names, alpha
            As for :func:`mathwork.regression.summary.linear_summary`.

        Returns
        -------
        mathwork.regression.summary.Summary

        Examples
        --------
        >>> from mathwork.regression import fit_linear
        >>> fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4]).summary(names=["level", "slope"])
        nobs             4    R-squared        0.64
        df resid         2    adj. R-squared   0.46
        df model         1    F               3.556
        ssr            1.8    Prob(F)         0.200
        sigma     0.948683
        <BLANKLINE>
               coef   std err      t  P>|t|    [0.025   0.975]
        level   0.5    1.1619  0.430  0.709  -4.49923  5.49923
        slope   0.8  0.424264  1.886  0.200  -1.02546  2.62546
        """
        from mathwork.regression.summary import linear_summary

        return linear_summary(self, names=names, alpha=alpha)

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw one column's data with the line and its confidence band, or observed over fitted y.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if not given.
        **options
            `weights`, `alpha`, `band` and `labels` of :func:`mathwork.regression.plot.plot_fit`.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib (extra ``plot``), or SciPy for the band (extra ``stats``), is missing.
        ValueError
            For a fit of several y, a fit from moments, or a fit with NaN.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from mathwork.regression import fit_linear
        >>> fit = fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4])
        >>> fit.plot(Figure().add_subplot(), labels=("t", "height")).get_xlabel()
        't'
        """
        from mathwork.regression.plot import plot_fit

        return plot_fit(self, None, None, ax, **options)

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    def _less(self, X: FloatArray, y: FloatArray | None) -> NDArray[np.float64]:
        """Return y less the fit for X, or the fit alone if y is None, (n, k)"""
        params = self.params.reshape(len(self.params), -1)
        if self._details and self._details.level:
            params = params.copy()
            params[0] = self._details.level[0]      # y at the base of X, not at 0
            if y is not None and self._details.y_base:
                params[0] = pair_sum(self._details.level,
                                     -self._details.y_base.ticks / self._details.y_base.per)[0]
        return kernels.residual_rows(X, y, params, self.intercept)

    def _counted_rows(self, what: str) -> tuple[FloatArray, FloatArray]:
        """Return X and y as they were fitted: counted from their bases"""
        if self._X is None or self._y is None:
            raise ValueError(f"this fit has no rows for {what}: it came from moments or a pickle")
        return self._X, self._y

    def _rows(self, what: str) -> tuple[FloatArray, FloatArray]:
        """Return X and y as they were given, or rounded to float64"""
        X, y = self._counted_rows(what)
        details = self._details
        return (X, y) if details is None else (to_base(X, details.x_base),
                                               to_base(y, details.y_base))

    def __repr__(self) -> str:
        indented = repr(self.params).replace("\n", "\n" + " " * len("LinearFit(params="))
        return (f"LinearFit(params={indented}, rsquared={self.rsquared}, nobs={self.nobs}"
                f"{f', n_omitted={self.n_omitted}' if self.n_omitted else ''})")

    def _warn_of_rank(self, columns: NDArray[np.intp] | None = None, stacklevel: int = 2) -> None:
        """Warn of the columns without parameters; by default, warn the caller of the kernel's door.

        `columns` are the columns of the parameters, if not all.
        """
        known = ~np.isnan(self.params.reshape(len(self.params), -1)[:, 0])
        left_out = np.flatnonzero(~known[self.intercept:])
        columns = (left_out if columns is None else columns[left_out]).tolist()
        names = self._details.names if self._details else None
        listed = [repr(names[column]) if names else str(column) for column in columns]
        which = (f"column {listed[0]} of X depends on those before it: its parameter is NaN"
                 if len(listed) == 1 else
                 f"columns {', '.join(listed)} of X depend on those before them: "
                 "their parameters are NaN")
        warnings.warn(which, RankWarning, stacklevel=stacklevel)

    def with_data(self) -> LinearFit:
        """The same fit, with pickles that carry X and y. Other pickles leave them behind.

        Returns
        -------
        LinearFit

        Examples
        --------
        >>> import pickle
        >>> from mathwork.regression import fit_linear
        >>> fit = fit_linear([[1], [2], [3]], [1, 3, 2])
        >>> pickle.loads(pickle.dumps(fit.with_data())).resid
        array([-0.5,  1. , -0.5])
        """
        return _rebuilt(*self._parts(), self._X, self._y,
                        (self._details or Details())._replace(with_data=True))

    def _parts(self) -> tuple[Any, ...]:
        return (self.params, self.bse, self.ssr, self.rsquared, self.fvalue, self._correlation,
                self.nobs, self.rank, self.status, self.intercept)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> LinearFit:
        rows = (None if array is None else array.copy() for array in (self._X, self._y))
        return _rebuilt(*self._parts(), *rows, self._details)

    def __reduce__(self) -> tuple[Any, ...]:
        keeps = self._details is not None and self._details.with_data
        return _rebuilt, (*self._parts(), *((self._X, self._y) if keeps else (None, None)),
                          self._details)


def _rebuilt(*parts: Any) -> LinearFit:
    return kernels.with_details(kernels.least_squares(*parts[:-1]), parts[-1])


@door(kernels.fit_linear)
def fit_linear(X: ArrayLike, y: ArrayLike, *, intercept: bool = True,
               weights: ArrayLike | None = None, rank_tol: float | None = None,
               nan_policy: NanPolicy = "raise") -> LinearFit:
    """A linear regression by least squares.

    Parameters
    ----------
    X : array_like, shape (n, p)
        The columns that explain y. A data frame names them.
    y : array_like, shape (n,) or (n, k)
        The explained variable. Several targets share the work on X.
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
        What to do if X or y is NaN, NaT or infinite, or a weight is NaN: raise, leave those rows
        out, or return a fit with all fields NaN.

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

    X and y are read in place, twice or a few times. X is never copied as a whole unless its type is
    not float32 or float64. Columns of integers beyond 2^53, ``datetime64`` and ``timedelta64`` (in
    seconds; dates since 1970-01-01) are fitted by their differences from the number nearest to 0,
    where there is an intercept: so they lose no digits, and `predict` takes differences again.

    References
    ----------
    Bjorck, Numerical Methods for Least Squares Problems, SIAM 1996, chapters 2 and 6.

    Examples
    --------
    >>> from mathwork.regression import fit_linear
    >>> fit = fit_linear([[1, 1], [2, 1], [3, 2], [4, 2]], [6, 8, 13, 15])
    >>> fit.params
    array([1., 2., 3.])
    >>> fit.nobs, fit.df_resid, fit.rank
    (4, 1, 3)
    """
    rows = checked_rows(X, y, weights, nan_policy, bool(intercept))
    rank_tol = checked_rank_tol(rank_tol, -1.0)
    fit = _fitted(rows, intercept, rank_tol)
    if fit.status == FIT_NOT_FINITE and nan_policy != "propagate":
        if nan_policy == "raise":
            raise not_finite("X and y", "row", gaps_in(rows.X, rows.y, rows.weights))
        fit = _fitted(without_gaps(rows), intercept, rank_tol)
    if fit.status == CONSTANT:
        fit._warn_of_rank(stacklevel=3)
    return fit


def _fitted(rows: Rows, intercept: bool, rank_tol: float) -> LinearFit:
    """Return the fit of checked rows"""
    details, bases, level = rows.details, rows.bases(), None
    if bases is not None:
        level = np.empty((2, rows.y.shape[1] if rows.y.ndim == 2 else 1))
    fit = kernels.fit_rows(rows.X, rows.y, intercept, rows.weights, rank_tol, bases=bases,
                           level=level)
    if level is not None:
        details = details._replace(level=(level[0], level[1]))
    return kernels.with_details(fit, details_or_none(details))
