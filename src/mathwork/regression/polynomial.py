"""Polynomials through points: least squares that loses no digits of the data.

The passes over the points and the small systems are compiled:
mathwork/kernels/regression/polynomial.pxi.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import mathwork._tables as tables
from mathwork._arguments import count
from mathwork._doors import public
from mathwork._levels import regression as kernels
from mathwork._status import FIT_NOT_FINITE, FITTED, TOO_FEW
from mathwork.regression.bases import ChebyshevBasis, log_weights
from mathwork.regression.columns import pair_of
from mathwork.regression.details import Details, details_or_none
from mathwork.regression.points import (
    checked_points,
    one_series,
    that_count,
    with_labels,
    wrong_points,
)
from mathwork.regression.polynomial_fit import PolynomialFit, made_of, plain_points
from mathwork.regression.robust import asked
from mathwork.regression.statistics import Known

if TYPE_CHECKING:
    from typing import SupportsIndex, TypeAlias

    from numpy.typing import ArrayLike

    from mathwork._types import Cov, NanPolicy
    from mathwork.regression.points import Points

    # shift, centre, factor, y_shift: how x is brought to [-1, 1]
    _Mapping: TypeAlias = tuple[int, float, float, int]

MAX_DEGREE = 100


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
        The standard errors, as for :func:`fit_linear`. All but the plain ones take memory for
        degree + 1 numbers a point.

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
    tables.check_index(x=x, y=y, groups=groups)
    points = checked_points(x, y, weights, nan_policy, one_series)
    wanted = asked(cov, groups, maxlags, len(points.x))
    points = with_labels(points, wanted.codes, nan_policy)
    degree = count(degree, "degree", 0, MAX_DEGREE)
    base = None
    if points.x_base is not None or points.y_base is not None:
        base = np.array([*pair_of(points.x_base, (1,)), *pair_of(points.y_base, (1,))]).ravel()
    status, nobs, mapping, basis, spread, factor, coef, covariance, bse, ssr, unexplained = (
        kernels.polynomial_fit(plain_points(points.x), plain_points(points.y),
                               None if points.weights is None else plain_points(points.weights),
                               degree, base))
    if status == FIT_NOT_FINITE and nan_policy == "propagate":
        mapping = (0, 0.0, 1.0, 0)
        for array in (basis, spread, factor, coef, covariance, bse):
            array.fill(math.nan)
    elif status != FITTED:
        raise _error(status, points, degree)
    details = Details(points.n_omitted, points.names, points.targets, points.x_base, points.y_base)
    learnt = Known(ChebyshevBasis(mapping, spread, factor), log_weights(points.weights))
    fit = made_of({
        "coef": coef, "bse": bse, "ssr": ssr, "rsquared": 1 - unexplained, "nobs": nobs,
        "status": status, "_basis": basis, "_covariance": covariance, "_learnt": learnt,
        "_mapping": mapping, "_points": points, "_robust": None, "_unexplained": unexplained,
        "_details": details_or_none(details)})
    return fit if wanted.kind == "nonrobust" else fit._with_asked(wanted)


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
