"""What a fit says as a whole and of its parameters: statistics, intervals, tests of restrictions.

A result gives the few parts that differ, and derives from :class:`FitMembers`, which adds the rest:

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

from mathwork._arguments import flag
from mathwork.regression.inference import (
    checked_alpha,
    f_pvalue,
    t_pvalue,
    t_quantile,
    t_statistic,
)
from mathwork.regression.keys import unlabelled
from mathwork.regression.restrictions import contrast, joint_test, restrictions_of
from mathwork.regression.robust import asked, covariance_of

if TYPE_CHECKING:
    from typing import Any, Self, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatOrArray, IntOrArray
    from mathwork.regression.bases import Basis
    from mathwork.regression.details import Details
    from mathwork.regression.restrictions import Contrast, JointTest
    from mathwork.regression.robust import Asked, Covariance


class Known(NamedTuple):
    """What a fit learns from its points when it is asked, and keeps."""

    basis: Basis
    log_weights: FloatOrArray | None = 0.0  # the sum of the logarithms of positive weights
    ssr: FloatOrArray | None = None         # where the fit itself does not have it


class FitStatistics:
    """The members about the whole fit and its parameters; see :class:`FitMembers`."""

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
        def _features(self, x: Any, name: str = "x") -> Any: ...
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
            `terms`, ``"x = 2 z, intercept = 0"``, or a list of such texts.
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
        (array([1.022]), array([0.991]))
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
        return joint_test(self, *restrictions_of(restrictions, value, self.terms),
                          use_f=flag(use_f, "use_f"))

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
        (0.574456, 0.981045)
        """
        wanted = asked(cov, groups, maxlags, self._row_count())
        if wanted.kind == "nonrobust":
            raise ValueError("cov must be another one than 'nonrobust', which every fit starts "
                             "with")
        if wanted.codes is not None and (wanted.codes < 0).any():
            unlabelled(wanted.codes, self._rows_in_basis()[2], "groups", "raise")
        return self._with_asked(wanted)

    def _with_asked(self, wanted: Asked) -> Self:
        with np.errstate(all="ignore"):
            z, resid, weights = self._rows_in_basis()
            if resid.ndim < z.ndim or z.ndim > 2:
                robust = covariance_of(wanted, z, resid, weights, self.nobs, self.rank)
            else:                           # targets share z
                each = [covariance_of(wanted, z, target, weights, self.nobs, self.rank)
                        for target in resid]
                robust = each[0]._replace(scores=np.stack([one.scores for one in each]))
            return self._with_errors(robust)

    # ---- what the members are made of ----

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


def _quotient(a: Any, df: Any) -> Any:
    """a / df, and NaN without degrees of freedom"""
    with np.errstate(all="ignore"):
        return _as_python(np.where(np.asarray(df) > 0, np.divide(a, df), math.nan))


def _as_python(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value
