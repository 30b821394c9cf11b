"""Least squares on columns of a real or complex matrix, by the kernels of regression.

A complex number z is the 2 x 2 matrix [[Re z, -Im z], [Im z, Re z]] there. So a complex system is a
real one of twice the size, with the same sums of squares, and is refined as that is.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._levels import regression as kernels

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray



class ColumnFit(NamedTuple):
    """The x with A x nearest to the sides: NaN for columns that depend on earlier ones."""

    x: NDArray[Any]                     # (n, k)
    ssr: NDArray[np.float64]            # (k,)
    known: NDArray[np.bool]             # (n,): the other columns


def fit_columns(A: NDArray[Any], sides: NDArray[Any], weights: NDArray[np.float64] | None = None,
                tol: float | None = None) -> ColumnFit:
    """Return the fit of sides (m, k) by A (m, n), m >= n > 0 and k > 0, all finite"""
    if A.dtype.kind == "c":
        return _fit_complex(A, sides, weights, tol)
    fit = kernels.fit_rows(A, sides, False, weights, -1.0 if tol is None else tol)
    return ColumnFit(fit.params, fit.ssr, ~np.isnan(fit.params[:, 0]))


def fit_independent(A: NDArray[Any], sides: NDArray[Any], weights: NDArray[np.float64] | None = None
                    ) -> ColumnFit:
    """Return the fit by columns that are independent, if only to another tolerance"""
    fit = fit_columns(A, sides, weights)
    return fit if fit.known.all() else fit_columns(A, sides, weights, 0.0)


def residuals(A: NDArray[Any], sides: NDArray[Any] | None, x: NDArray[Any]) -> NDArray[Any]:
    """Return sides - A x in doubled precision, rounded; without sides A x"""
    if A.dtype.kind == "c":
        return _complex(kernels.residual_rows(
            _matrix(A), None if sides is None else _rows(sides), _rows(x), False))
    return kernels.residual_rows(A, sides, x, False)


def _fit_complex(A: NDArray[Any], sides: NDArray[Any], weights: NDArray[np.float64] | None,
                 tol: float | None) -> ColumnFit:
    """Both columns of a pair are left with the same norm; where rounding parts them, both count"""
    twice = None if weights is None else weights.repeat(2)
    matrix, rows = _matrix(A), _rows(sides)
    fit = fit_columns(matrix, rows, twice, tol)
    first, second = fit.known[::2], fit.known[1::2]
    known = first | second
    if (first == second).all():
        return ColumnFit(_complex(fit.x), fit.ssr, known)
    x = np.full(fit.x.shape, np.nan)
    both = known.repeat(2)
    x[both], ssr, _ = fit_columns(matrix[:, both], rows, twice, 0.0)
    return ColumnFit(_complex(x), ssr, known)


def _matrix(A: NDArray[Any]) -> NDArray[np.float64]:
    """Return complex A (m, n) as (2 m, 2 n)"""
    (m, n) = A.shape
    real = np.empty((m, 2, n, 2))
    real[:, 0, :, 0] = real[:, 1, :, 1] = A.real
    real[:, 1, :, 0] = A.imag
    np.negative(A.imag, out=real[:, 0, :, 1])
    return real.reshape(2 * m, 2 * n)


def _rows(x: NDArray[Any]) -> NDArray[np.float64]:
    """Return complex x (n, k) as (2 n, k)"""
    return np.stack((x.real, x.imag), axis=1).reshape(2 * len(x), -1)


def _complex(rows: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Return rows (2 n, k) as complex numbers (n, k)"""
    x = np.empty((len(rows) // 2, rows.shape[1]), np.complex128)
    x.real, x.imag = rows[::2], rows[1::2]
    return x
