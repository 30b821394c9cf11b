"""Polynomials through points: least squares that loses no digits of the data.

The passes over the points and the small systems are compiled:
mathwork/kernels/regression/polynomial.pxi.
"""
from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, overload

import numpy as np

from mathwork._arrays import PLAIN
from mathwork._doors import public
from mathwork._levels import regression as kernels
from mathwork._status import FIT_NOT_FINITE, FITTED, TOO_FEW
from mathwork.regression.bases import ChebyshevBasis, log_weights, without_rounding
from mathwork.regression.columns import Base, as_column, distance, pair_of
from mathwork.regression.details import Details, details_or_none
from mathwork.regression.members import FitMembers, copied
from mathwork.regression.points import checked_points, one_series, that_count, wrong_points
from mathwork.regression.restrictions import wald
from mathwork.regression.robust import asked
from mathwork.regression.rows import to_base
from mathwork.regression.statistics import Known

if TYPE_CHECKING:
    from typing import Any, Literal, NoReturn, Self, SupportsIndex, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import Cov, FloatOrArray, Interval, NanPolicy, Number
    from mathwork.regression.members import Prediction
    from mathwork.regression.points import Points
    from mathwork.regression.robust import Covariance

    # shift, centre, factor, y_shift: how x is brought to [-1, 1]
    _Mapping: TypeAlias = tuple[int, float, float, int]

MAX_DEGREE = 100


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
        return _made, (fields if self._carries_data else fields | {"_points": None},)

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
        base = points.y_base
        with np.errstate(all="ignore"):
            fitted = kernels.evaluate_polynomial(self._basis, self._mapping, _plain(points.x))
            if base is not None:
                fitted = fitted - base.ticks / base.per
            return _plain(points.y) - fitted

    @property
    def fittedvalues(self) -> NDArray[np.float64]:
        x = _plain(self._given("fitted values").x)
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
        order = operator.index(order)
        if order < 0:
            raise ValueError(f"order must be at least 0, got {order}")
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
        z, resid, weights = self._learnt.basis.rows(_plain(points.x)), self.resid, points.weights
        if weights is not None:
            weights = _plain(weights)
            z = np.where(weights[:, None] > 0, z, 0.0)
            resid = np.where(weights > 0, resid, 0.0)
        return z, without_rounding(z, weights, resid), weights

    def _drawn_points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        points = self._given("a picture")
        return (_plain(to_base(points.x, points.x_base)),
                _plain(to_base(points.y, points.y_base)))

    def _features(self, x: ArrayLike) -> NDArray[np.float64]:
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
        return _made({name: getattr(self, name) for name in self.__slots__} | changes)

    def _evaluated(self, x: ArrayLike, basis: NDArray[np.float64], mapping: _Mapping
                   ) -> FloatOrArray:
        return _like_input(kernels.evaluate_polynomial(basis, mapping, self._counted(x)))

    def _counted(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return x as a plain array, counted from the base of the fit"""
        column = as_column(x, "x")
        base = self._details.x_base if self._details else None
        return _plain(column.rounded() if base is None else distance(
            column, Base(float(base.ticks[0]), base.per)))


def _made(fields: dict[str, Any]) -> PolynomialFit:
    fit = object.__new__(PolynomialFit)
    for name, value in fields.items():
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
        object.__setattr__(fit, name, value)
    return fit


def _like_input(values: NDArray[np.float64]) -> FloatOrArray:
    return float(values) if values.ndim == 0 else values


@public
def fit_polynomial(x: ArrayLike, y: ArrayLike, degree: SupportsIndex, *,
                   weights: ArrayLike | None = None, nan_policy: NanPolicy = "raise",
                   cov: Cov = "nonrobust", groups: ArrayLike | None = None,
                   maxlags: SupportsIndex | None = None) -> PolynomialFit:
    """Fit a polynomial in x to y by least squares.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Of any real dtype; computed in float64 from their unchanged values. Integers count exactly,
        also beyond 2^53. ``datetime64`` and ``timedelta64`` are numbers of seconds, dates since
        1970-01-01.
    degree : int
        From 0 to 100.
    weights : array_like, shape (n,), optional
        They multiply squared residuals, so that 1/variance is the natural choice. A point of
        weight 0 is left out. All 1 if not given.
    nan_policy : {"raise", "omit", "propagate"}
        What to do if x or y, at a positive weight, is NaN, NaT or infinite, or a weight is NaN:
        raise, leave those points out, or return a fit with status 3 and NaN fields.
    cov, groups, maxlags
        The standard errors, as for :func:`fit_linear`.

    Returns
    -------
    PolynomialFit

    Raises
    ------
    TypeError
        For input that is not real numbers or times, or is masked.
    ValueError
        If the lengths differ, the degree is out of range, there are not more different x than
        `degree`, a weight is negative, NaN or infinite, x or y is not finite by default, or the
        policy is unknown.
    numpy.linalg.LinAlgError
        If x is spread too unevenly: all but a few x are so close together, compared to their
        distance from those few, that 32 digits cannot tell polynomials of that degree apart.

    Notes
    -----
    The range of x is mapped to [-1, 1], and the basis is the Chebyshev polynomials there. Pairs of
    float64, about 32 digits, hold their Gram matrix, its Cholesky factor (the passage to the
    polynomials that are orthogonal on the data), the residuals that refine the solution, and the
    passage to powers of x. So `coef` and `bse` are right to the last bits for the stored x and y,
    also if a design matrix of powers keeps few digits or none. NIST's Filip, of degree 10, comes
    out to 14.0 digits; the rounding of its decimal x leaves no more. Passing to powers costs about
    0.4 digits a degree, and more if x = 0 is far from the data. The 32 digits pay for that up to a
    degree of about 40. :meth:`predict <PolynomialFit.predict>` does not need the powers. If nearly
    all x lie in a thousandth of the range or less, a high degree takes digits too. An error is
    raised before fewer than about 7 digits of the standard errors are left.

    It makes two or three passes over the points, with a working set that does not grow with them.
    All levels of the kernels give the same bits.

    References
    ----------
    Forsythe, "Generation and use of orthogonal polynomials for data-fitting with a digital
    computer", Journal of SIAM 5(2), 1957.

    Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 20.6 (refinement).

    Examples
    --------
    >>> from mathwork.regression import fit_polynomial
    >>> fit = fit_polynomial([0, 1, 2, 3, 4], [1.1, 1.9, 5.2, 9.8, 17.1], 2)
    >>> fit.coef.round(3), fit.bse.round(3)
    (array([ 1.083, -0.096,  1.021]), array([0.211, 0.25 , 0.06 ]))
    """
    points = checked_points(x, y, weights, nan_policy, one_series)
    wanted = asked(cov, groups, maxlags, len(points.x))
    degree = operator.index(degree)
    if not 0 <= degree <= MAX_DEGREE:
        raise ValueError(f"degree must be between 0 and {MAX_DEGREE}, got {degree}")
    base = None
    if points.x_base is not None or points.y_base is not None:
        base = np.array([*pair_of(points.x_base, (1,)), *pair_of(points.y_base, (1,))]).ravel()
    status, nobs, mapping, basis, spread, factor, coef, covariance, bse, ssr, unexplained = (
        kernels.polynomial_fit(_plain(points.x), _plain(points.y),
                               None if points.weights is None else _plain(points.weights), degree,
                               base))
    if status == FIT_NOT_FINITE and nan_policy == "propagate":
        mapping = (0, 0.0, 1.0, 0)
        for array in (basis, spread, factor, coef, covariance, bse):
            array.fill(math.nan)
    elif status != FITTED:
        raise _error(status, points, degree)
    details = Details(points.n_omitted, points.names, points.targets, points.x_base, points.y_base)
    learnt = Known(ChebyshevBasis(mapping, spread, factor), log_weights(points.weights))
    fit = _made({
        "coef": coef, "bse": bse, "ssr": ssr, "rsquared": 1 - unexplained, "nobs": nobs,
        "status": status, "_basis": basis, "_covariance": covariance, "_learnt": learnt,
        "_mapping": mapping, "_points": points, "_robust": None, "_unexplained": unexplained,
        "_details": details_or_none(details)})
    return fit if wanted.kind == "nonrobust" else fit._with_asked(wanted)


def _plain(array: NDArray[Any]) -> NDArray[np.float64]:
    return np.require(array, np.float64, PLAIN)


def _error(status: int, points: Points, degree: int) -> ValueError:
    error = wrong_points(status, points)
    if error is not None:
        return error
    if status == TOO_FEW:
        x, of = that_count(points)
        return ValueError(f"a polynomial of degree {degree} takes at least {degree + 1} different "
                          f"x{of}, got {len(np.unique(x))}")
    return np.linalg.LinAlgError(
        f"x is spread too unevenly for a polynomial of degree {degree}: most of it is too close "
        "together, compared to its range")
