"""What the results of all fits share: statistics, tests, intervals, and what the points say.

A result gives the few parts that differ, and derives from :class:`FitMembers`:

    params, bse, ssr, rsquared      one target, or an axis (or more) for each
    nobs, rank, intercept, status, terms
    _robust                         of robust.py; None: the plain one
    _known()                        the basis of its rows, and the logarithms of its weights
    _replaced(**changes)            the same fit with other fields
    _rows_in_basis()                the points of the fit
    _features(x)                    x as the basis takes it
    _drawn_points()                 x and y of a picture
    _of_points(values)              one value a target and point, with the axes in their order
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._doors import public
from mathwork.regression.details import Details
from mathwork.regression.inference import (
    checked_alpha,
    f_pvalue,
    t_pvalue,
    t_quantile,
    t_statistic,
)
from mathwork.regression.restrictions import contrast, joint_test, restrictions_of
from mathwork.regression.robust import asked, covariance_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self, SupportsIndex

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatOrArray, IntOrArray
    from mathwork.regression.bases import Basis
    from mathwork.regression.restrictions import Contrast, JointTest
    from mathwork.regression.robust import Asked, Covariance
    from mathwork.regression.summary import Summary

INTERVALS = ("mean", "observation")


@public
class Prediction(NamedTuple):
    """The fitted y and an interval about it, as ``predict(x, interval=...)`` gives them.

    Parameters
    ----------
    y, lower, upper : float or ndarray
        All in the shape of ``predict(x)``.

    Examples
    --------
    >>> from mathwork.regression import fit_line
    >>> y, lower, upper = fit_line([1, 2, 3, 4], [1, 3, 2, 4]).predict(2.5, interval="mean")
    >>> y, round(lower, 3), round(upper, 3)
    (2.5, 0.459, 4.541)
    """

    y: Any
    lower: Any
    upper: Any


class Known(NamedTuple):
    """What a fit learns from its points when it is asked, and keeps."""

    basis: Basis
    log_weights: FloatOrArray | None = 0.0  # the sum of the logarithms of positive weights
    ssr: FloatOrArray | None = None         # where the fit itself does not have it


class FitMembers:
    """The members that `LineFit`, `LinearFit` and `PolynomialFit` share."""

    __slots__ = ()

    if TYPE_CHECKING:
        @property
        def _details(self) -> Details | None: ...
        _robust: Covariance | None
        intercept: Any
        params: Any
        bse: Any
        ssr: Any
        nobs: Any
        rank: Any
        status: Any
        rsquared: Any
        terms: Any
        predict: Any

        def _known(self) -> Known: ...
        def _replaced(self, **changes: Any) -> Self: ...
        def _with_errors(self, robust: Covariance) -> Self: ...
        def _rows_in_basis(self) -> tuple[NDArray[np.float64], NDArray[np.float64],
                                          NDArray[np.float64] | None]: ...
        def _features(self, x: Any) -> Any: ...
        def _of_points(self, values: Any) -> Any: ...

    # ---- the whole fit ----

    @property
    def cov_type(self) -> str:
        return "nonrobust" if self._robust is None else self._robust.kind

    @property
    def df_model(self) -> int:
        return self.rank - self._has_constant

    @property
    def df_resid(self) -> Any:
        return self.nobs - self.rank

    @property
    def scale(self) -> Any:
        return _quotient(self.ssr, self.df_resid)

    @property
    def rsquared_adj(self) -> Any:
        return 1 - _quotient((1 - self.rsquared) * (self.nobs - self._has_constant),
                             self.df_resid)

    @property
    def f_pvalue(self) -> Any:
        return f_pvalue(self.fvalue, self.df_model, self._df)       # type: ignore[attr-defined]

    @property
    def llf(self) -> Any:
        with np.errstate(all="ignore"):     # a perfect fit
            n = np.asarray(self.nobs, np.float64)
            likelihood = -n / 2 * (np.log(2 * np.pi * self.ssr / n) + 1)
            weights = self._known().log_weights
            if weights is None:
                raise ValueError("the log-likelihood needs the weights of the rows, which moments "
                                 "do not keep")
            return _as_python(likelihood + np.asarray(weights) / 2)

    @property
    def aic(self) -> Any:
        return -2 * self.llf + 2 * self.rank

    @property
    def bic(self) -> Any:
        return -2 * self.llf + _as_python(np.log(self.nobs) * self.rank)

    @property
    def condition_number(self) -> Any:
        factor = self._factor()
        if not np.isfinite(factor).all():
            return math.nan
        # X is an orthonormal matrix times the inverse of the factor.
        return _as_python(np.linalg.cond(factor))

    # ---- the parameters ----

    @property
    def tvalues(self) -> Any:
        return np.asarray(t_statistic(self.params, self.bse))

    @property
    def pvalues(self) -> Any:
        return np.asarray(t_pvalue(self.tvalues, self._df))

    def conf_int(self, alpha: float = 0.05) -> NDArray[np.float64]:
        """Confidence intervals of the parameters.

        Parameters
        ----------
        alpha : float
            The chance that an interval misses: 0.05 for intervals of 95 %.

        Returns
        -------
        ndarray, shape (P, 2), or (P, ..., 2) for several targets or lines
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
        params, bse = np.asarray(self.params), np.asarray(self.bse)
        with np.errstate(all="ignore"):
            reach = t_quantile(checked_alpha(alpha) / 2, self._df) * bse
            return np.stack([params - reach, params + reach], axis=-1)

    def cov_params(self) -> NDArray[np.float64]:
        """The covariance of the parameters.

        It is ``scale (X'X)^-1``, with the weights in the product, or the robust one that `cov` of
        the fit asked for.

        Returns
        -------
        ndarray, shape (P, P), or (..., P, P) for several targets or lines

        Examples
        --------
        >>> from mathwork.regression import fit_linear
        >>> fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4]).cov_params()
        array([[ 1.35, -0.45],
               [-0.45,  0.18]])
        """
        factor = self._known().basis.factor
        return self._sandwich(factor)

    def t_test(self, restrictions: Any, value: ArrayLike | None = None, *, alpha: float = 0.05
               ) -> Contrast:
        """Estimate linear combinations of the parameters, and test each of them by Student's t.

        Parameters
        ----------
        restrictions : array_like, shape (P,) or (q, P), or str
            The factors of the parameters, one row for each combination. Or text with the names in
            `terms`: ``"x = 2 z, intercept = 0"``.
        value : float or array_like, shape (q,), optional
            What the combinations are under the hypothesis; 0 if not given.
        alpha : float
            The chance that a confidence interval misses.

        Returns
        -------
        Contrast
            With `effect`, `stderr`, `tvalue`, `pvalue`, `lower` and `upper`.

        Raises
        ------
        ValueError
            For another shape, and text that cannot be read.
        ImportError
            If SciPy is missing.

        Examples
        --------
        >>> from mathwork.regression import fit_linear
        >>> fit = fit_linear([[1, 1], [2, 0], [3, 1], [4, 3]], [1, 3, 2, 4])
        >>> test = fit.t_test("X[0] - X[1] = 1")
        >>> test.effect.round(3), test.pvalue.round(3)
        (array([0.4]), array([0.83]))
        """
        checked = restrictions_of(restrictions, value, self.terms)
        return contrast(self, *checked, checked_alpha(alpha))

    def f_test(self, restrictions: Any, value: ArrayLike | None = None) -> JointTest:
        """Test linear restrictions on the parameters together, by F.

        Parameters
        ----------
        restrictions, value
            As for :meth:`t_test`. The restrictions must not follow from each other.

        Returns
        -------
        JointTest
            With `statistic`, `pvalue`, `df_num` and `df_denom`.

        Raises
        ------
        ValueError
            For another shape, text that cannot be read, and restrictions that depend on each other.
        ImportError
            If SciPy is missing.

        Examples
        --------
        >>> from mathwork.regression import fit_linear
        >>> fit = fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4])
        >>> test = fit.f_test("intercept = 0, X[0] = 1")
        >>> round(test.statistic, 6), round(test.pvalue, 6), test.df_num, test.df_denom
        (0.111111, 0.9, 2, 2)
        """
        return joint_test(self, *restrictions_of(restrictions, value, self.terms), use_f=True)

    def wald_test(self, restrictions: Any, value: ArrayLike | None = None, *, use_f: bool = False
                  ) -> JointTest:
        """Test linear restrictions on the parameters together, by chi-square or F.

        Parameters
        ----------
        restrictions, value
            As for :meth:`f_test`.
        use_f : bool
            Whether to divide by the number of restrictions and take an F for it.

        Returns
        -------
        JointTest
            `df_denom` is infinite for chi-square.

        Raises
        ------
        ValueError, ImportError
            As :meth:`f_test`.

        Examples
        --------
        >>> from mathwork.regression import fit_linear
        >>> fit = fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4])
        >>> round(fit.wald_test("intercept = 0, X[0] = 1").statistic, 6)
        0.222222
        """
        return joint_test(self, *restrictions_of(restrictions, value, self.terms), use_f=use_f)

    def with_cov(self, cov: str, *, groups: ArrayLike | None = None,
                 maxlags: SupportsIndex | None = None) -> Self:
        """The same fit with other standard errors, and all that comes from these.

        Parameters
        ----------
        cov, groups, maxlags
            As for :func:`fit_linear`.

        Returns
        -------
        LineFit, LinearFit or PolynomialFit

        Raises
        ------
        TypeError, ValueError
            As :func:`fit_linear`; ValueError also for a fit that came without its points.

        Examples
        --------
        >>> from mathwork.regression import fit_line
        >>> fit = fit_line([1, 2, 3, 4, 5], [1, 3, 2, 4, 9])
        >>> round(fit.stderr, 6), round(fit.with_cov("HC3").stderr, 6)
        (0.49666, 0.790569)
        """
        wanted = asked(cov, groups, maxlags, self._row_count())
        if wanted.kind == "nonrobust":
            raise ValueError("cov must be another one than 'nonrobust', which every fit starts "
                             "with")
        return self._with_asked(wanted)

    def _with_asked(self, wanted: Asked) -> Self:
        z, resid, weights = self._rows_in_basis()
        if resid.ndim < z.ndim or z.ndim > 2:
            robust = covariance_of(wanted, z, resid, weights, self.nobs, self.rank)
        else:                               # targets share z
            each = [covariance_of(wanted, z, target, weights, self.nobs, self.rank)
                    for target in resid]
            robust = each[0]._replace(scores=np.stack([one.scores for one in each]))
        return self._with_errors(robust)

    # ---- the points ----

    @property
    def leverage(self) -> Any:
        z, _, weights = self._rows_in_basis()
        return _leverage(z, weights)

    @property
    def cooks_distance(self) -> Any:
        z, resid, weights = self._rows_in_basis()
        leverage = _leverage(z, weights)
        with np.errstate(all="ignore"):
            squares = resid**2 if weights is None else weights * resid**2
            scale = np.asarray(self.scale)[..., None] * self.rank
            return self._of_points(squares / scale * (leverage / (1 - leverage) ** 2))

    # ---- predictions ----

    def mean_stderr(self, x: ArrayLike) -> FloatOrArray | Any:
        """The standard error of ``predict(x)``, as an estimate of the mean of y at x.

        Parameters
        ----------
        x : array_like
            As for `predict`.

        Returns
        -------
        float or ndarray of float64, in the shape of ``predict(x)``

        Raises
        ------
        TypeError, ValueError
            As `predict`; ValueError also for a line that was not made by a fit.

        Examples
        --------
        >>> from mathwork.regression import fit_line
        >>> fit_line([0, 1, 2], [1, 2, 5]).mean_stderr([0, 1, 2]).round(3)
        array([0.745, 0.471, 0.745])
        """
        with np.errstate(all="ignore"):
            return self._like_prediction(np.sqrt(self._variance(x)), x)

    def _interval(self, x: ArrayLike, interval: str | None, alpha: float) -> Any:
        """Return the Prediction for `interval`, one of INTERVALS or None"""
        y = self.predict(x)
        if interval is None:
            return y
        if interval not in INTERVALS:
            raise ValueError(f"interval must be one of {', '.join(INTERVALS)} or None, "
                             f"got {interval!r}")
        with np.errstate(all="ignore"):
            variance = self._variance(x)
            if interval == "observation":
                variance = variance + np.asarray(self.scale)[..., None]
            t = np.asarray(t_quantile(checked_alpha(alpha) / 2, self._df))[..., None]
            reach = self._like_prediction(t * np.sqrt(variance), x)
            return Prediction(y, y - reach, y + reach)

    def _variance(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the variance of the mean at x: the targets first, then the points"""
        z = self._known().basis.rows(self._features(x))
        if self._robust is None:
            return np.asarray(self.scale)[..., None] * (z * z).sum(-1)
        return ((z @ self._robust.scores) * z).sum(-1)

    def _like_prediction(self, values: NDArray[np.float64], x: ArrayLike) -> Any:
        return self._of_points(values)

    # ---- output ----

    def summary(self, *, names: Sequence[str] | None = None, alpha: float = 0.05) -> Summary:
        """The fit as a table: text when printed, HTML in a notebook.

        Parameters
        ----------
        names, alpha
            As for :func:`mathwork.regression.summary.linear_summary`.

        Returns
        -------
        mathwork.regression.summary.Summary

        Raises
        ------
        ValueError
            For a stack of lines.

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

    def plot(self, x: ArrayLike | None = None, y: ArrayLike | None = None, ax: Axes | None = None,
             **options: Any) -> Axes:
        """Draw points, fit and the confidence band of the mean; observed over fitted y if X has
        several columns.

        Parameters
        ----------
        x, y : array_like, optional
            The points to draw; by default those of the fit.
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if not given.
        **options
            `alpha`, `band` and `labels` of :func:`mathwork.regression.plot.plot_fit`.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib (extra ``plot``), or SciPy for the band (extra ``stats``), is missing.
        ValueError
            For several targets, a stack of lines, a fit with NaN, and a fit without its points.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from mathwork.regression import fit_line
        >>> fit = fit_line([1, 2, 3, 4], [1, 3, 2, 4])
        >>> fit.plot(ax=Figure().add_subplot(), labels=("t", "height")).get_ylabel()
        'height'
        """
        from mathwork.regression.plot import plot_fit

        return plot_fit(self, x, y, ax, **options)

    def with_data(self) -> Self:
        """The same fit, with pickles that carry its points. Other pickles leave them behind.

        Returns
        -------
        LineFit, LinearFit or PolynomialFit

        Examples
        --------
        >>> import pickle
        >>> from mathwork.regression import fit_linear
        >>> fit = fit_linear([[1], [2], [3]], [1, 3, 2])
        >>> pickle.loads(pickle.dumps(fit.with_data())).resid
        array([-0.5,  1. , -0.5])
        """
        return self._replaced(_details=(self._details or Details())._replace(with_data=True))

    def __copy__(self) -> Self:
        return self

    # ---- what the members are made of ----

    @property
    def _carries_data(self) -> bool:
        return self._details is not None and bool(self._details.with_data)

    def _known_or_none(self) -> Known | None:
        """What a pickle without the points keeps of them"""
        try:
            return self._known()
        except ValueError:                  # it came without points
            return None

    @property
    def _has_constant(self) -> int:
        return int(self.intercept)

    @property
    def _df(self) -> IntOrArray:
        """The degrees of freedom of t and F"""
        return self.df_resid if self._robust is None else self._robust.df

    def _row_count(self) -> int:
        return self._rows_in_basis()[0].shape[-2]

    def _factor(self) -> NDArray[np.float64]:
        """The factor of the basis, of the parameters that are there"""
        factor = self._known().basis.factor
        return factor[..., ~np.isnan(factor).any(axis=-1), :] if factor.ndim == 2 else factor

    def _sandwich(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The covariance of ``rows @ c``, c the coordinates in the basis: (..., q, q)"""
        with np.errstate(all="ignore"):
            turned = np.swapaxes(rows, -1, -2)
            if self._robust is None:
                return np.asarray(self.scale)[..., None, None] * (rows @ turned)
            return rows @ self._robust.scores @ turned


def copied(array: NDArray[Any] | None) -> NDArray[Any] | None:
    """Return a copy of an array, or None for None."""
    return None if array is None else array.copy()


def _leverage(z: NDArray[np.float64], weights: NDArray[np.float64] | None) -> Any:
    leverage = (z * z).sum(-1)
    return leverage if weights is None else np.where(weights > 0, weights * leverage, 0.0)


def _quotient(a: Any, df: Any) -> Any:
    """a / df, and NaN without degrees of freedom"""
    with np.errstate(all="ignore"):
        return _as_python(np.where(np.asarray(df) > 0, np.divide(a, df), math.nan))


def _as_python(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value
