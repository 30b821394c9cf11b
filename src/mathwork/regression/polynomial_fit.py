"""The result of a fit of a polynomial."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, overload

import numpy as np

from mathwork._arguments import count
from mathwork._arrays import FLOAT64, plain_in
from mathwork._doors import public
from mathwork._levels import regression as kernels
from mathwork.regression.bases import without_rounding
from mathwork.regression.columns import Base, as_column, distance, pair_of, pair_sum
from mathwork.regression.details import Details
from mathwork.regression.members import FitMembers, copied
from mathwork.regression.restrictions import wald
from mathwork.regression.rows import to_base
from mathwork.regression.statistics import Known

if TYPE_CHECKING:
    from typing import Any, Literal, NoReturn, Self, SupportsIndex, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatOrArray, Interval, Number
    from mathwork.regression.members import Prediction
    from mathwork.regression.points import Points
    from mathwork.regression.robust import Covariance

    # shift, centre, factor, y_shift: how x is brought to [-1, 1]
    _Mapping: TypeAlias = tuple[int, float, float, int]


@public
class PolynomialFit(FitMembers):
    """The result of :func:`fit_polynomial`, the only way to make one. Immutable.

    Attributes
    ----------
    coef : ndarray, shape (degree + 1,), read-only
        Coefficients of the powers of x, from the constant up.
    bse : ndarray, shape (degree + 1,), read-only
        The standard errors of `coef`; NaN if no degrees of freedom are left.
    tvalues, pvalues : ndarray, shape (degree + 1,)
        ``coef / bse``, and the chance of a value at least as far from 0 if the coefficient is 0
        (by SciPy, extra ``stats``).
    ssr, scale : float
        The weighted sum of squared residuals, and the same for each degree of freedom.
    rsquared, rsquared_adj : float
        ``1 - ssr / sum w (y - mean)^2``, NaN if y is constant; and adjusted for the degree.
    fvalue, f_pvalue : float
        The F statistic against the constant alone, and its p-value (by SciPy, extra ``stats``);
        NaN for degree 0.
    nobs, df_model, df_resid : int
        Points of positive weight, the degree, and ``nobs - degree - 1``.
    n_omitted : int
        The number of points that ``nan_policy="omit"`` left out.
    degree, rank : int
        ``rank`` is ``degree + 1``.
    params, terms, intercept
        As in other fits: `coef`, the names of its terms, and True.
    resid, fittedvalues, leverage, cooks_distance, llf, aic, bic, condition_number, cov_type
        As of a :class:`LinearFit` of the powers of x. The fit keeps x and y without copying, so
        they should not be changed.
    status : int
        0; or 3 if x or y held NaN or infinity, and then all other fields are NaN.

    Examples
    --------
    >>> from mathwork.regression import fit_polynomial
    >>> fit = fit_polynomial([0, 1, 2, 3], [1, 3, 7, 13], 2)
    >>> fit.coef
    array([1., 1., 1.])
    >>> fit.predict(4), fit.derivative(4)
    (21.0, 9.0)
    """

    __slots__ = ("_basis", "_covariance", "_details", "_learnt", "_mapping", "_points", "_robust",
                 "_unexplained", "bse", "coef", "nobs", "rsquared", "ssr", "status")

    _basis: NDArray[np.float64]
    _covariance: NDArray[np.float64]
    _details: Details | None
    _learnt: Known
    _mapping: _Mapping
    _points: Points | None
    _robust: Covariance | None
    _unexplained: float
    bse: NDArray[np.float64]
    coef: NDArray[np.float64]
    nobs: int
    rsquared: float
    ssr: float
    status: int

    intercept = True

    def __new__(cls) -> Self:
        raise TypeError("a PolynomialFit is made by fit_polynomial")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a PolynomialFit is immutable, {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a PolynomialFit is immutable, {name} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {name: getattr(self, name) for name in self.__slots__}
        return made_of, (fields if self._carries_data else fields | {"_points": None},)

    def __deepcopy__(self, memo: dict[int, Any]) -> PolynomialFit:
        points = self._points
        return self._replaced(_points=points and points._replace(
            x=points.x.copy(), y=points.y.copy(), weights=copied(points.weights)))

    def __repr__(self) -> str:
        coef = np.array2string(self.coef, separator=", ", max_line_width=1000)
        return (f"PolynomialFit(coef={coef}, rsquared={self.rsquared:.6g}, nobs={self.nobs}, "
                f"status={self.status}{f', n_omitted={self.n_omitted}' if self.n_omitted else ''})")

    @property
    def n_omitted(self) -> int:
        return int(self._details.n_omitted) if self._details else 0

    @property
    def degree(self) -> int:
        return len(self.coef) - 1

    @property
    def rank(self) -> int:
        return len(self.coef)

    @property
    def params(self) -> NDArray[np.float64]:
        return self.coef

    @property
    def terms(self) -> tuple[str, ...]:
        names = self._details.names if self._details else None
        x = names[0] if names else "x"
        return ("1", x, *(f"{x}^{k}" for k in range(2, len(self.coef))))[:len(self.coef)]

    @property
    def rsquared_adj(self) -> float:
        if self.df_resid <= 0:
            return math.nan
        return 1 - self._unexplained * (self.nobs - 1) / self.df_resid

    @property
    def fvalue(self) -> float:
        if self._robust is not None and self.degree > 0:
            slopes = np.eye(len(self.coef))[1:]
            return wald(self, slopes, np.zeros(self.degree))
        if self.degree == 0 or self.df_resid <= 0:
            return math.nan
        if self._unexplained == 0:
            return math.inf
        return (1 / self._unexplained - 1) * self.df_resid / self.degree

    def cov_params(self) -> NDArray[np.float64]:
        return self._covariance

    @property
    def resid(self) -> NDArray[np.float64]:
        points = self._given("residuals")
        with np.errstate(all="ignore"):
            # The level goes first: fitted values would be rounded to the digits of large y.
            level: Any = np.ldexp(self._basis[:, :1], -self._mapping[3])
            if points.y_base is not None:
                high, low = pair_of(points.y_base, (1,))
                level = pair_sum((level[0], level[1]), (-high, -low))
            shape = self._basis.copy()
            shape[:, 0] = 0.0
            rest = kernels.evaluate_polynomial(shape, self._mapping, plain_points(points.x))
            return plain_points(points.y) - level[0] - level[1] - rest

    @property
    def fittedvalues(self) -> NDArray[np.float64]:
        x = plain_points(self._given("fitted values").x)
        return kernels.evaluate_polynomial(self._basis, self._mapping, x)

    @overload
    def predict(self, x: Number, *, interval: None = None, alpha: float = 0.05) -> float: ...
    @overload
    def predict(self, x: ArrayLike, *, interval: None = None, alpha: float = 0.05
                ) -> NDArray[np.float64] | Any: ...
    @overload
    def predict(self, x: ArrayLike, *, interval: Literal["mean", "observation"],
                alpha: float = 0.05) -> Prediction: ...
    def predict(self, x: ArrayLike, *, interval: Interval = None, alpha: float = 0.05
                ) -> FloatOrArray | Prediction:
        """The polynomial at x, and an interval for it.

        It is evaluated by Clenshaw's recurrence from the Chebyshev polynomials of the mapped x, in
        doubled precision. So it is right to the last bit, unless nearly 32 digits cancel. A sum of
        powers with the rounded `coef` is not.

        Parameters
        ----------
        x : array_like, any shape
        interval, alpha
            As for :meth:`LinearFit.predict`.

        Returns
        -------
        float or ndarray of float64, in the shape of x
            NaN if x is NaN or infinite, or so large that its powers leave the range of float64.
            With an interval, a Prediction of three of these.

        Raises
        ------
        TypeError, ValueError
            As from :meth:`LinearFit.predict`.

        Examples
        --------
        >>> from mathwork.regression import fit_polynomial
        >>> fit_polynomial([0, 1, 2], [1, 2, 5], 2).predict([3, 4])
        array([10., 17.])
        """
        if interval is not None:
            return self._interval(x, interval, alpha)
        return self._evaluated(x, self._basis, self._mapping)

    @overload
    def derivative(self, x: Number, order: SupportsIndex = 1) -> float: ...
    @overload
    def derivative(self, x: ArrayLike, order: SupportsIndex = 1
                   ) -> NDArray[np.float64] | Any: ...
    def derivative(self, x: ArrayLike, order: SupportsIndex = 1) -> FloatOrArray:
        """The derivative of the polynomial at x, as exact as :meth:`predict`.

        Parameters
        ----------
        x : array_like, any shape
        order : int
            At least 0; order 0 is the polynomial itself.

        Returns
        -------
        float or ndarray of float64, in the shape of x

        Raises
        ------
        ValueError
            If `order` is negative.

        Examples
        --------
        >>> from mathwork.regression import fit_polynomial
        >>> fit_polynomial([0, 1, 2], [1, 2, 5], 2).derivative([3, 4])
        array([6., 8.])
        """
        order = count(order, "order", 0)
        basis, mapping = self._basis, self._mapping
        for _ in range(min(order, self.degree + 1)):
            basis, mapping = kernels.differentiate_polynomial(basis, mapping)
        return self._evaluated(x, basis, mapping)

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    # ---- what the shared members are made of ----

    def _given(self, what: str) -> Points:
        if self._points is None:
            raise ValueError(f"this fit has no points for {what}: it came from a pickle")
        return self._points

    def _known(self) -> Known:
        return self._learnt

    def _row_count(self) -> int:
        return len(self._given("its inference").x)

    def _rows_in_basis(self) -> tuple[NDArray[np.float64], NDArray[np.float64],
                                      NDArray[np.float64] | None]:
        points = self._given("its inference")
        z = self._learnt.basis.rows(plain_points(points.x))
        resid, weights = self.resid, points.weights
        if weights is not None:
            weights = plain_points(weights)
            z = np.where(weights[:, None] > 0, z, 0.0)
            resid = np.where(weights > 0, resid, 0.0)
        return z, without_rounding(z, weights, resid), weights

    def _drawn_points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        points = self._given("a picture")
        return (plain_points(to_base(points.x, points.x_base)),
                plain_points(to_base(points.y, points.y_base)))

    def _features(self, x: ArrayLike, name: str = "x") -> NDArray[np.float64]:
        return self._counted(x).ravel()

    def _of_points(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values

    def _like_prediction(self, values: NDArray[np.float64], x: ArrayLike) -> FloatOrArray:
        return _like_input(values.reshape(np.shape(x)))

    def _with_errors(self, robust: Covariance) -> PolynomialFit:
        factor = self._learnt.basis.factor
        with np.errstate(all="ignore"):
            covariance = factor @ robust.scores @ factor.T
            bse = np.sqrt(np.diagonal(covariance))
        return self._replaced(_covariance=covariance, bse=bse, _robust=robust)

    def _replaced(self, **changes: Any) -> PolynomialFit:
        return made_of({name: getattr(self, name) for name in self.__slots__} | changes)

    def _evaluated(self, x: ArrayLike, basis: NDArray[np.float64], mapping: _Mapping
                   ) -> FloatOrArray:
        return _like_input(kernels.evaluate_polynomial(basis, mapping, self._counted(x)))

    def _counted(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return x as a plain array, counted from the base of the fit"""
        column = as_column(x, "x")
        base = self._details.x_base if self._details else None
        return plain_points(column.rounded() if base is None else distance(
            column, Base(float(base.ticks[0]), base.per)))


def made_of(fields: dict[str, Any]) -> PolynomialFit:
    fit = object.__new__(PolynomialFit)
    for name, value in fields.items():
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
        object.__setattr__(fit, name, value)
    return fit


def _like_input(values: NDArray[np.float64]) -> FloatOrArray:
    return float(values) if values.ndim == 0 else values


def plain_points(array: NDArray[Any]) -> NDArray[np.float64]:
    return plain_in(array, FLOAT64)
