"""Orthonormal bases of the rows of a fit: what standard errors, leverages and scores come from.

The functions z of a row are orthonormal over the rows of the fit, ``sum w z z' = 1``. Where y is
``z'c`` the parameters are ``factor @ c``. So the plain covariance of the parameters is ``scale``
times ``factor factor'``, the standard error of the mean is ``sqrt(scale z'z)``, and the leverage of
a row is ``w z'z``. No digits are lost to the distance of x from 0.

A basis serves all targets of a fit. That of a stack of lines has the axes of the stack first.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from mathwork._arrays import as_plain

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from mathwork._types import FloatArray


class ColumnBasis(NamedTuple):
    """``z = [level, (x - centre) slopes]``; the slopes are rows of `factor`, the level a part of it

    Attributes
    ----------
    kept : ndarray of intp, shape (r,)
        The columns of X in use.
    centre : ndarray, shape (..., r)
        The weighted means of these; 0 without an intercept.
    factor : ndarray, shape (..., P, R)
        NaN in the rows of parameters that are left out. R is r and 1 for an intercept.
    intercept : bool
    """

    kept: NDArray[np.intp]
    centre: NDArray[np.float64]
    factor: NDArray[np.float64]
    intercept: bool

    def rows(self, X: FloatArray) -> NDArray[np.float64]:
        """Return z, shape (..., m, R), of rows X, shape (..., m, p)"""
        offset = int(self.intercept)
        slopes = self.factor[..., self.kept + offset, offset:]
        with np.errstate(all="ignore"):     # columns that the fit leaves out may hold anything
            z = (X[..., self.kept] - self.centre[..., None, :]) @ slopes
        if not self.intercept:
            return z
        level = np.broadcast_to(self.factor[..., :1, :1], (*z.shape[:-1], 1))
        return np.concatenate([level, z], axis=-1)


class ChebyshevBasis(NamedTuple):
    """``z = spread T(t)`` for the Chebyshev polynomials T of x, mapped to t in [-1, 1]

    Attributes
    ----------
    mapping : (int, float, float, int)
        As :func:`mathwork._levels.regression.polynomial_fit` gives it.
    spread, factor : ndarray, shape (degree + 1, degree + 1)
    """

    mapping: tuple[int, float, float, int]
    spread: NDArray[np.float64]
    factor: NDArray[np.float64]

    def rows(self, x: FloatArray) -> NDArray[np.float64]:
        """Return z, shape (m, degree + 1), of x, shape (m,)"""
        from numpy.polynomial.chebyshev import chebvander

        shift, centre, factor, _ = self.mapping
        with np.errstate(all="ignore"):     # far away all of this overflows
            terms = chebvander((np.ldexp(x, shift) - centre) * factor, len(self.spread) - 1)
            return terms @ self.spread.T


Basis: TypeAlias = ColumnBasis | ChebyshevBasis


class LineRows(NamedTuple):
    """The points of lines, shape (..., n), and what a fit of them does not keep itself."""

    basis: ColumnBasis
    z: NDArray[np.float64]          # (..., n, 2)
    resid: NDArray[np.float64]      # (..., n)
    ssr: NDArray[np.float64]        # (...)


def line_rows(x: FloatArray, y: FloatArray, weights: NDArray[Any] | None,
              slope: NDArray[np.float64]) -> LineRows:
    """Return the rows of lines with these slopes through their points, shape (..., n).

    A point of weight 0 may hold anything.
    """
    x, y = x.astype(np.float64, copy=False), y.astype(np.float64, copy=False)
    given_x, given_y = x, y
    w = np.ones(()) if weights is None else weights.astype(np.float64, copy=False)
    slope = slope[..., None]
    with np.errstate(all="ignore"):         # rows of a stack without a fit
        if weights is not None:
            x, y = np.where(w > 0, x, 0), np.where(w > 0, y, 0)
        total = w.sum(-1, keepdims=True) if w.ndim else np.float64(x.shape[-1])[None]
        centre = _mean(x, w, total)
        root = np.sqrt((w * (x - centre) ** 2).sum(-1, keepdims=True))
        z = np.stack(np.broadcast_arrays(1 / np.sqrt(total), (x - centre) / root), -1)
        z = np.broadcast_to(z, (*slope.shape[:-1], *z.shape[-2:]))      # one x may serve all lines
        level = _mean(y, w, total)
        resid = (y - level) - slope * (x - centre)
        along = _along(z, w * resid)
        ssr = (w * (resid - along) ** 2).sum(-1)
        if weights is not None:
            resid = (given_y - level) - slope * (given_x - centre)
        resid = resid - along
        top = np.concatenate(np.broadcast_arrays(1 / np.sqrt(total), -centre / root), -1)
        bottom = np.concatenate(np.broadcast_arrays(np.zeros(1), 1 / root), -1)
        factor = np.stack(np.broadcast_arrays(top, bottom), -2)
        basis = ColumnBasis(np.zeros(1, np.intp), centre, factor, True)
        return LineRows(basis, z, resid, ssr)


def without_rounding(z: NDArray[np.float64], weights: NDArray[np.float64] | None,
                     resid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return residuals, shape (..., n), without what rounded parameters left of the basis in them"""
    return resid - _along(z, resid if weights is None else weights * resid)


def log_weights(weights: NDArray[Any] | None) -> Any:
    """Return the sum of the logarithms of positive weights along the last axis."""
    if weights is None:
        return 0.0
    total = np.log(np.where(weights > 0, weights, 1.0)).sum(-1, dtype=np.float64)
    return float(total) if total.ndim == 0 else total


def as_numbers(x: Any, name: str = "x") -> NDArray[np.float64]:
    """Return x as a plain array of float64."""
    return as_plain(x, name, np.float64)


def _mean(values: NDArray[np.float64], w: NDArray[np.float64], total: NDArray[np.float64]
          ) -> NDArray[np.float64]:
    """Return weighted means along the last axis, which is kept; in two steps, to the last digit"""
    mean = (w * values).sum(-1, keepdims=True) / total
    return mean + (w * (values - mean)).sum(-1, keepdims=True) / total


def _along(z: NDArray[np.float64], weighted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the part of residuals (..., n), also given weighted, that lies along z (..., n, R)"""
    return (z @ (np.swapaxes(z, -1, -2) @ weighted[..., None]))[..., 0]
