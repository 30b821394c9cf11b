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

from mathwork._arrays import broadcast, check_axes
from mathwork._levels import regression as kernels
from mathwork.regression.checks import in_place
from mathwork.regression.columns import pair_product, pair_sum

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
    centre, centre_low : ndarray, shape (..., r)
        The weighted means of these, and what they lack by rounding; 0 without an intercept.
    factor : ndarray, shape (..., P, R)
        NaN in the rows of parameters that are left out. R is r and 1 for an intercept.
    intercept : bool
    """

    kept: NDArray[np.intp]
    centre: NDArray[np.float64]
    centre_low: NDArray[np.float64]
    factor: NDArray[np.float64]
    intercept: bool

    def rows(self, X: FloatArray) -> NDArray[np.float64]:
        """Return z, shape (..., m, R), of rows X, shape (..., m, p)"""
        offset = int(self.intercept)
        slopes = self.factor[..., self.kept + offset, offset:]
        with np.errstate(all="ignore"):     # columns that the fit leaves out may hold anything
            step = X[..., self.kept] - self.centre[..., None, :]
            z = (step - self.centre_low[..., None, :]) @ slopes
        if not self.intercept:
            return z
        level = np.broadcast_to(self.factor[..., :1, :1], (*z.shape[:-1], 1))
        return np.concatenate([level, z], axis=-1)


    @classmethod
    def of_moments(cls, kept: NDArray[np.intp], P: int, mean: NDArray[np.float64],
                   gram: NDArray[np.float64], weight: float, intercept: bool) -> ColumnBasis:
        """Return the basis of a fit of P parameters from the moments of all its columns.

        `gram` is about the mean, and has all that the moments keep: a column that nearly depends on
        others costs twice the digits.
        """
        mean, gram = mean[kept], gram[np.ix_(kept, kept)]
        if not intercept:
            gram = gram + weight * np.outer(mean, mean)
        size = np.sqrt(np.diagonal(gram))
        root = np.linalg.cholesky(gram / np.outer(size, size))
        slopes = np.linalg.solve(root, np.eye(len(kept))).T / size[:, None]
        offset = int(intercept)
        factor = np.full((P, len(kept) + offset), np.nan)
        factor[kept + offset] = 0.0
        factor[kept + offset, offset:] = slopes
        if intercept:
            factor[0, 0], factor[0, 1:] = 1 / np.sqrt(weight), -mean @ slopes
        zero = np.zeros(len(kept))
        return cls(kept, mean if intercept else zero, zero, factor, intercept)


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

    A point of weight 0 may hold anything. Residuals are computed in doubled precision.
    """
    given, w = (x, y), np.ones(()) if weights is None else weights.astype(np.float64, copy=False)
    if weights is not None:
        x, y = np.where(w > 0, x, 0), np.where(w > 0, y, 0)
    check_axes(slope.ndim + 1, "x, y and weights", 1)
    x = x.astype(np.float64, copy=False)
    with np.errstate(all="ignore"):         # rows of a stack without a fit
        total = w.sum(-1, keepdims=True) if w.ndim else np.full(1, float(x.shape[-1]))
        centre = (w * x).sum(-1, keepdims=True) / total
        step = x - centre
        low = (w * step).sum(-1, keepdims=True) / total
        step = step - low
        root = np.sqrt((w * step**2).sum(-1, keepdims=True))
        step = step / root
        z = np.stack([np.broadcast_to(1 / np.sqrt(total), step.shape), step], -1)
        z = np.broadcast_to(z, (*slope.shape, *z.shape[-2:]))      # one x may serve all lines
        level = (w * y).sum(-1, keepdims=True, dtype=np.float64) / total
        intercept = level - slope[..., None] * centre
        resid = _residuals(x, y, slope, intercept)
        along = _along(z, w * resid)
        ssr = (w * (resid - along) ** 2).sum(-1)
        if weights is not None:
            resid = _residuals(*given, slope, intercept)
        top = np.concatenate(broadcast(1 / np.sqrt(total), -(centre + low) / root), -1)
        bottom = np.concatenate(broadcast(np.zeros(1), 1 / root), -1)
        factor = np.stack(broadcast(top, bottom), -2)
        basis = ColumnBasis(np.zeros(1, np.intp), centre, low, factor, True)
        return LineRows(basis, z, resid - along, ssr)


def _residuals(x: FloatArray, y: FloatArray, slope: NDArray[np.float64],
               intercept: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``y - intercept - slope x`` in doubled precision, for one line or a stack"""
    if slope.ndim == 0:
        params = np.array([[intercept[0]], [slope]])
        return kernels.residual_rows(in_place(x)[:, None], in_place(y), params, True)[:, 0]
    wide = [part.astype(np.float64) for part in broadcast(x, y)]
    product = pair_product((-slope[..., None], np.zeros(())), wide[0])
    return pair_sum(pair_sum(product, wide[1]), -intercept)[0]


def without_rounding(z: NDArray[np.float64], weights: NDArray[np.float64] | None,
                     resid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return residuals (..., n) without what rounded parameters left of the basis in them"""
    return resid - _along(z, resid if weights is None else weights * resid)


def log_weights(weights: NDArray[Any] | None) -> Any:
    """Return the sum of the logarithms of positive weights along the last axis."""
    if weights is None:
        return 0.0
    total = np.log(np.where(weights > 0, weights, 1.0)).sum(-1, dtype=np.float64)
    return float(total) if total.ndim == 0 else total


def _along(z: NDArray[np.float64], weighted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the part of residuals (..., n), also given weighted, that lies along z (..., n, R)"""
    return (z @ (np.swapaxes(z, -1, -2) @ weighted[..., None]))[..., 0]
