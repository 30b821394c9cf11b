"""The result of a linear regression with any number of columns."""
from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, overload

import numpy as np

from mathwork._doors import public
from mathwork._levels import regression as kernels
from mathwork._status import FIT_NOT_FINITE
from mathwork._warnings import RankWarning
from mathwork.regression.bases import ColumnBasis, log_weights, without_rounding
from mathwork.regression.columns import pair_sum
from mathwork.regression.formulas import design_of
from mathwork.regression.members import FitMembers, copied
from mathwork.regression.restrictions import wald
from mathwork.regression.rows import Rows, from_base, to_base
from mathwork.regression.statistics import Known

if TYPE_CHECKING:
    from typing import Any, Literal, Self

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, FloatOrArray, Interval
    from mathwork.regression.members import Prediction
    from mathwork.regression.robust import Covariance


@public
@kernels.fits
class LinearFit(kernels.LeastSquares, FitMembers):
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

    llf, aic, bic : float
        The logarithm of the likelihood at the largest, for normal errors with variances
        ``scale / weights``; ``2 rank - 2 llf`` and ``log(nobs) rank - 2 llf``.
    leverage, cooks_distance : ndarray, shape (n,), the second also (n, k)
        The diagonal h of the matrix that turns y into fitted values, 0 for a row that is left out;
        and ``w resid^2 h / (rank scale (1 - h)^2)``: by how much the fitted values would change
        without the row.
    condition_number : float
        The largest singular value of X, with the intercept and weighted, over the smallest.
    cov_type : str
        The `cov` that `bse` and all that comes from it are by.
    terms : tuple of str
        The names of the parameters.

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
    def df_resid(self) -> int:
        return self.nobs - self.rank

    @property
    def fvalue(self) -> FloatOrArray:
        if self._robust is None:
            return super().fvalue
        slopes = np.eye(len(self.params))[self.intercept:]
        slopes = slopes[~np.isnan(self._known().basis.factor[self.intercept:]).any(axis=1)]
        return wald(self, slopes, np.zeros(len(slopes))) if len(slopes) else (
            super().fvalue * math.nan)

    def cov_params(self) -> NDArray[np.float64]:
        if self._robust is not None:
            return super().cov_params()
        bse = self.bse.T
        with np.errstate(all="ignore"):
            return bse[..., :, None] * bse[..., None, :] * self._correlation

    @property
    def n_omitted(self) -> int:
        return int(self._details.n_omitted) if self._details else 0

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

    @overload
    def predict(self, X: ArrayLike, *, interval: None = None, alpha: float = 0.05
                ) -> NDArray[np.float64]: ...
    @overload
    def predict(self, X: ArrayLike, *, interval: Literal["mean", "observation"],
                alpha: float = 0.05) -> Prediction: ...
    def predict(self, X: ArrayLike, *, interval: Interval = None, alpha: float = 0.05
                ) -> NDArray[np.float64] | Prediction:
        """The fitted y for rows of X, and an interval for it.

        Parameters
        ----------
        X : array_like, shape (m, p)
            With a formula a data frame, or a dict of columns.
        interval : {None, "mean", "observation"}
            Add the confidence interval of the mean of y at X, or the interval that a new y of
            weight 1 falls into. Each holds for one row by itself, not for all at once. By Student's
            t, so it needs SciPy.
        alpha : float
            The chance that an interval misses: 0.05 for intervals of 95 %.

        Returns
        -------
        ndarray, shape (m,) or (m, k)
            float64. A column with a NaN parameter is ignored. With an interval it is a
            `Prediction(y, lower, upper)` of three such arrays.

        Raises
        ------
        TypeError
            For input that is not real numbers.
        ValueError
            For another shape, another interval, and an alpha that is not between 0 and 1.
        ImportError
            For an interval, if SciPy is missing.

        Notes
        -----
        ``mean_stderr(X)`` is the root of ``x'Cx``, C the covariance of the parameters. The reach of
        the interval is ``t(1 - alpha/2)`` times it; for an observation, times the root of its
        square plus `scale`.

        Examples
        --------
        >>> from mathwork.regression import fit_linear
        >>> fit = fit_linear([[1], [2], [3], [4]], [1, 3, 2, 4])
        >>> fit.predict([[5]])
        array([4.5])
        >>> y, lower, upper = fit.predict([[5]], interval="mean")
        >>> lower.round(3), upper.round(3)
        (array([-0.499]), array([9.499]))
        """
        if interval is not None:
            return self._interval(X, interval, alpha)
        return self._predicted(self._from_base(X))

    def _predicted(self, X: FloatArray) -> NDArray[np.float64]:
        """Return the fitted y for rows that count from the base of the fit"""
        if self.status == FIT_NOT_FINITE:
            return np.full((len(X), *self.params.shape[1:]), math.nan)
        return self._less(X, None).reshape(len(X), *self.params.shape[1:])

    def _repr_html_(self) -> str:
        import mathwork.regression.summary as summary  # here: few run in a notebook

        return summary.fit_html(self)

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

    # ---- what the shared members are made of ----

    def _known(self) -> Known:
        known = self._basis
        if not isinstance(known, Known):
            if callable(known):             # of moments
                known = known(self)
            else:
                kept, centre, factor, _ = self._kernel_basis() if known is None else known
                basis = ColumnBasis(kept, centre[0], centre[1], factor, self.intercept)
                known = Known(basis, log_weights(self._weights))
            self._basis = known
        return known

    def _kernel_basis(self) -> tuple[Any, ...]:
        """Return the basis as fit_rows gives it, by a second fit of the columns that are left"""
        X, y = self._counted_rows("its inference")
        P, p = len(self.params), X.shape[1]
        if self.status == FIT_NOT_FINITE:
            return np.arange(p), np.full((2, p), math.nan), np.full((P, P), math.nan), None
        there = ~np.isnan(self.params.reshape(P, -1)[:, 0])
        columns = np.flatnonzero(there[self.intercept:])
        bases = Rows(X, y, None, self._details).bases() if self._details else None
        bases = None if bases is None else np.ascontiguousarray(bases[:, [*columns, p]])
        X = X if len(columns) == p else X[:, columns]
        for rank_tol in (-1.0, 0.0):
            again = kernels.fit_rows(X, y.reshape(len(y), -1)[:, :1], self.intercept,
                                     self._weights, rank_tol, bases=bases, level=np.empty((2, 1)),
                                     scores=0)
            if again.rank == self.rank:
                break
        kept, centre, part, _ = again._basis
        factor = np.full((P, part.shape[1]), math.nan)
        factor[there] = part
        return columns[kept], centre, factor, None

    def _rows_in_basis(self) -> tuple[NDArray[np.float64], NDArray[np.float64],
                                      NDArray[np.float64] | None]:
        X, _ = self._counted_rows("its inference")
        z = self._known().basis.rows(X.astype(np.float64, copy=False))
        resid, weights = np.moveaxis(self.resid, 0, -1), self._weights
        if weights is not None:
            counts = weights > 0
            z, resid = np.where(counts[:, None], z, 0.0), np.where(counts, resid, 0.0)
        if resid.ndim == 1:
            return z, without_rounding(z, weights, resid), weights
        return z, np.stack([without_rounding(z, weights, each) for each in resid]), weights

    def _row_count(self) -> int:
        return len(self._counted_rows("its inference")[0])

    def _drawn_points(self) -> tuple[FloatArray, FloatArray]:
        return self._rows("a picture")

    def _features(self, X: ArrayLike, name: str = "X") -> NDArray[np.float64]:
        return self._from_base(X, name).astype(np.float64, copy=False)

    def _from_base(self, X: ArrayLike, name: str = "X") -> FloatArray:
        """Return rows to predict, checked, as the fit counts them"""
        formula = self._details.formula if self._details else None
        if formula is not None:
            X = design_of(X, formula)
        return from_base(X, len(self.params) - self.intercept, self._details, name)

    def _of_points(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.moveaxis(values, 0, -1) if values.ndim > 1 else values

    def _with_errors(self, robust: Covariance) -> LinearFit:
        known = self._known()
        factor = known.basis.factor
        with np.errstate(all="ignore"):
            bse = np.sqrt(((factor @ robust.scores) * factor).sum(-1)).T
        return self._replaced(bse=np.ascontiguousarray(bse), _basis=known, _robust=robust)

    def _replaced(self, **changes: Any) -> LinearFit:
        plain = {"fvalue": super().fvalue} | changes        # the robust one is computed when asked
        return _rebuilt(*(plain[name] if name in plain else getattr(self, name)
                          for name in PARTS))

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

    def __deepcopy__(self, memo: dict[int, Any]) -> LinearFit:
        return self._replaced(**{name: copied(getattr(self, name)) for name in ROWS})

    def __reduce__(self) -> tuple[Any, ...]:
        parts: dict[str, Any] = {"fvalue": super().fvalue}
        if not self._carries_data:
            parts |= dict.fromkeys(ROWS) | {"_basis": self._known_or_none()}
        return _rebuilt, tuple(parts[name] if name in parts else getattr(self, name)
                               for name in PARTS)


ROWS = "_X", "_y", "_weights"
PARTS = ("params", "bse", "ssr", "rsquared", "fvalue", "_correlation", "nobs", "rank", "status",
         "intercept", *ROWS, "_basis", "_robust", "_details")


def _rebuilt(*parts: Any) -> LinearFit:
    return kernels.with_details(kernels.least_squares(*parts[:-1]), parts[-1])
