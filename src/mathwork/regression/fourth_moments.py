"""Products of four columns, summed over rows: what robust standard errors take of rows that go.

The sandwich of White sums ``w^2 e^2 x x'`` over rows, where the residual e is known only at the
end. It is linear in the columns, so the sum is one of products of four of them. They are kept about
a fixed point near the mean, in float64.

White, "A heteroskedasticity-consistent covariance matrix estimator and a direct test for
heteroskedasticity", Econometrica 48(4), 1980.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mathwork.regression.linear_fit import LinearFit

PIECE_NUMBERS = 1 << 18     # products of two columns, at a time


class FourthMoments(NamedTuple):
    """``sum w^2 p p'`` over rows, p the products of two of ``z = [1, (columns - centre) scale]``.

    Attributes
    ----------
    centre, scale : ndarray, shape (q,)
        Scales are powers of two, so that no fourth power overflows.
    sums : ndarray, shape (T, T)
        T is ``(q + 1)(q + 2) / 2``: pairs in the order of ``triu_indices(q + 1)``.
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    sums: NDArray[np.float64]

    @np.errstate(all="ignore")          # squares out of range are known by their sum
    def plus(self, other: FourthMoments | None, sign: int = 1) -> FourthMoments:
        """Return the sums of the rows of both, or, for a sign of -1, without those of the other."""
        if other is None:
            return self
        pairs = self._pairs_from(other.centre, other.scale)
        return self._replace(sums=self.sums + sign * (pairs @ other.sums @ pairs.T))

    @np.errstate(all="ignore")
    def decayed(self, factor: float) -> FourthMoments:
        """Return the sums for weights that are multiplied by a factor."""
        return self._replace(sums=self.sums * factor * factor)

    def scores(self, columns: NDArray[np.intp], slopes: NDArray[np.float64], target: int,
               offset: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``sum w^2 e^2 d d'`` for ``d = [1, columns - point]``, residuals e of a target.

        The fit goes through the point, of all columns, with these slopes of `columns`; `offset` is
        the centre less the point.
        """
        Q = len(self.centre) + 1
        weights = np.zeros(Q)           # e = weights . z
        weights[target + 1] = 1 / self.scale[target]
        np.subtract.at(weights, columns + 1, slopes / self.scale[columns])
        weights[0] = offset[target] - slopes @ offset[columns]
        upper = np.triu_indices(Q)
        squares = np.outer(weights, weights)[upper] * np.where(upper[0] == upper[1], 1, 2)
        of_pairs = np.zeros((Q, Q))
        of_pairs[upper] = squares @ self.sums
        of_pairs += np.triu(of_pairs, 1).T
        rows = np.zeros((len(columns) + 1, Q))          # d = rows z
        rows[0, 0] = 1
        rows[1:, 0] = offset[columns]
        rows[np.arange(1, len(rows)), columns + 1] = 1 / self.scale[columns]
        return rows @ of_pairs @ rows.T

    def _pairs_from(self, centre: NDArray[np.float64], scale: NDArray[np.float64]
                    ) -> NDArray[np.float64]:
        """Return the matrix that makes the pairs here of pairs about another centre"""
        change = np.diag(np.append(1.0, self.scale / scale))
        change[1:, 0] = (centre - self.centre) * self.scale
        one, two = np.triu_indices(len(change))
        crossed: NDArray[np.float64] = change[one][:, two] * change[two][:, one]
        return change[one][:, one] * change[two][:, two] + np.where(one == two, 0, crossed)


@np.errstate(all="ignore")
def fourth_moments(X: NDArray[Any], y: NDArray[Any], weights: NDArray[np.float64] | None,
                   base: NDArray[np.float64] | None) -> FourthMoments | None:
    """Return the sums of some rows; None without rows. X and y may count from a base, (2, q) pairs.
    """
    columns = np.concatenate([X, y.reshape(len(y), -1)], axis=1).astype(np.float64, copy=False)
    if weights is not None:
        columns, weights = columns[weights > 0], weights[weights > 0]
    if not len(columns):
        return None
    centre = columns.mean(axis=0)
    outer = centre
    if base is not None:        # the centre is a float64; what rounding it takes, the columns lack
        outer = centre + base[0]
        centre = (outer - base[0]) - base[1]
    spread = np.abs(columns - centre).max(axis=0)
    scale = np.ldexp(1.0, -np.frexp(np.where(spread > 0, spread, 1.0))[1])
    one, two = np.triu_indices(columns.shape[1] + 1)
    sums = np.zeros((len(one), len(one)))
    step = max(PIECE_NUMBERS // len(one), 1)
    for start in range(0, len(columns), step):
        piece = columns[start:start + step].T
        z = np.ones((len(centre) + 1, piece.shape[1]))
        np.subtract(piece, centre[:, None], out=z[1:])
        z[1:] *= scale[:, None]
        pairs = z[one]
        pairs *= z[two]
        if weights is not None:
            pairs *= weights[start:start + step]
        sums += pairs @ pairs.T
    return FourthMoments(outer, scale, sums)


@np.errstate(all="ignore")
def sandwich(fourth: FourthMoments, fit: LinearFit, columns: NDArray[np.intp], q: int,
             mean: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Return the covariance of the parameters of a fit of `columns`: HC0, (P, P) or (k, P, P).

    `mean` (2, q) are pairs, the means of all columns; `weight` is the sum of weights.
    """
    params = fit.params.reshape(len(fit.params), -1)
    k, start = params.shape[1], int(fit.intercept)
    known = np.flatnonzero(~np.isnan(params[start:, 0]))
    kept = columns[known]
    offset = fourth.centre.copy() if not start else (fourth.centre - mean[0]) - mean[1]
    found = np.full((k, len(params), len(params)), np.nan)
    places = np.append(np.arange(start), known + start)
    bse, scale = fit.bse.reshape(params.shape), np.reshape(fit.scale, k)
    for target in range(k):
        size = bse[known + start, target] / np.sqrt(scale[target])
        inverse = np.outer(size, size) * fit._correlation[np.ix_(known + start, known + start)]
        scores = fourth.scores(kept, params[known + start, target], q - k + target, offset)
        bread = inverse
        if start:               # about the means; then back to 0
            bread = np.zeros((len(kept) + 1, len(kept) + 1))
            bread[0, 0], bread[1:, 1:] = 1 / weight, inverse
            back = np.eye(len(bread))
            back[0, 1:] = -mean[0, kept]
            bread = back @ bread
        else:
            scores = scores[1:, 1:]
        found[target][np.ix_(places, places)] = bread @ scores @ bread.T
    return found[0] if fit.params.ndim == 1 else found
