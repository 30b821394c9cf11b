"""Standard errors that hold without equal variances or without independence: HC, cluster, HAC.

The kernel computes HC along with a linear fit (robust.pxi). Here is what other fits and the other
covariances need: the scores of the rows, in a basis of :mod:`mathwork.regression.bases`.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arguments import choice, count
from mathwork.regression.keys import numbered

if TYPE_CHECKING:
    from typing import Any, SupportsIndex, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import IntOrArray

    _Floats: TypeAlias = NDArray[np.float64]

KINDS = ("nonrobust", "HC0", "HC1", "HC2", "HC3", "cluster", "HAC")
# What divides the scores of a kind, in the codes of robust.pxi; 0 is the basis alone.
SCORES = {"HC0": 1, "HC1": 1, "HC2": 2, "HC3": 3}
LEAST_FREEDOM = 2.0**-40            # as in robust.pxi: 1 - leverage below it is rounding


class Asked(NamedTuple):
    """The covariance that a caller asks for, checked.

    Attributes
    ----------
    kind : str
        One of KINDS.
    codes : ndarray of intp, shape (n,), or None
        The number of the group of each row, for "cluster"; -1 for a row without one.
    maxlags : int or None
        For "HAC".
    """

    kind: str
    codes: NDArray[np.intp] | None = None
    maxlags: int | None = None


class Covariance(NamedTuple):
    """How the standard errors of a fit came about.

    Attributes
    ----------
    kind : str
        "HC0" to "HC3", "cluster" or "HAC".
    scores : ndarray, shape (..., R, R)
        The covariance in the basis of the rows: that of the parameters is
        ``factor @ scores @ factor.T``.
    df : int, or ndarray of int64 for a stack
        The degrees of freedom of its t and F.
    note : str
        What the summary says of it.
    """

    kind: str
    scores: _Floats
    df: IntOrArray
    note: str


def asked(cov: str, groups: ArrayLike | None, maxlags: SupportsIndex | None, n: int) -> Asked:
    """Return the arguments of a fit of n rows, checked.

    Raises
    ------
    TypeError
        If groups or lags are given to another covariance, or groups are missing.
    ValueError
        For another `cov`, groups of another shape, and fewer than 0 lags.
    """
    cov = choice(cov, "cov", KINDS)
    if (groups is not None) != (cov == "cluster"):
        raise TypeError("groups must be given with cov='cluster', and only with it, "
                        f"got cov={cov!r} and groups {'missing' if groups is None else 'given'}")
    if maxlags is not None:
        if cov != "HAC":
            raise TypeError(f"maxlags must be given only with cov='HAC', got cov={cov!r}")
        maxlags = count(maxlags, "maxlags", 0)
    codes = None
    if groups is not None:
        codes = numbered(groups, "groups", n)
    return Asked(cov, codes, maxlags)


def unkept(kind: str, df: int) -> Covariance:
    """Return the covariance of a line of which only its standard errors are kept."""
    return Covariance(kind, np.full((2, 2), np.nan), df, kind)


def covariance_of(wanted: Asked, z: _Floats, resid: _Floats, weights: _Floats | None,
                  nobs: IntOrArray, rank: int) -> Covariance:
    """Return the robust covariance of a fit from its rows.

    Parameters
    ----------
    z : ndarray, shape (..., n, R)
    resid : ndarray, shape (..., n)
    weights : ndarray, shape (..., n), or None
        A row of weight 0 has no part in it, but keeps its place in time.
    """
    factors = resid if weights is None else weights * resid
    if wanted.kind in SCORES:
        factors = factors / _divisors(wanted.kind, z, weights)
        total = _squares(z * factors[..., None])
    elif wanted.kind == "cluster":
        total = _squares(_group_sums(z * factors[..., None], *_sorted_groups(wanted)))
    else:
        total = _lagged(z * factors[..., None], lags_of(wanted, nobs))
    return finished(wanted, total, nobs, rank, weights)


def finished(wanted: Asked, total: _Floats, nobs: IntOrArray, rank: int,
             weights: _Floats | None) -> Covariance:
    """Return a covariance from the sums of its scores: the factor for few rows is missing."""
    free = np.asarray(nobs) - rank
    df: Any = free
    kind, note = wanted.kind, wanted.kind
    with np.errstate(all="ignore"):
        factor = np.where(free > 0, 1.0, np.nan)
        if kind == "HC1":
            factor = factor * nobs / free
        elif kind == "cluster":
            groups = np.asarray(group_count(wanted, weights))
            df = np.broadcast_to(groups - 1, free.shape)
            few = np.where(groups > 1, groups / (groups - 1), np.nan)
            factor = factor * few * ((np.asarray(nobs) - 1) / free)
            note = f"cluster, {groups} groups" if groups.ndim == 0 else kind
        elif kind == "HAC":
            note = f"HAC, {lags_of(wanted, nobs)} lags"
        scores = total * factor[..., None, None]
    scores.flags.writeable = False
    return Covariance(kind, scores, int(df) if np.ndim(df) == 0 else df, note)


def group_count(wanted: Asked, weights: _Floats | None) -> IntOrArray:
    """Return the number of groups with a row of positive weight, for each row of a stack of weights

    Raises
    ------
    ValueError
        If there is one only, of one set of weights.
    """
    assert wanted.codes is not None
    codes = wanted.codes
    if weights is not None and weights.ndim > 1:
        order, starts = _sorted_groups(wanted)
        if not len(starts):
            return np.zeros(weights.shape[:-1], np.int64)
        held = np.logical_or.reduceat(weights[..., order] > 0, starts, axis=-1)
        return held[..., codes[order][starts] >= 0].sum(axis=-1)
    if weights is not None:
        codes = codes[weights > 0]
    count = len(np.unique(codes[codes >= 0]))
    if count < 2 and (codes >= 0).all():        # without a label the fit is unknown
        raise ValueError(f"groups must be at least 2 for cov='cluster', got {count}")
    return count


def lags_of(wanted: Asked, nobs: IntOrArray) -> int:
    """Return the lags asked for; by default those of Newey and West, 1994."""
    if wanted.maxlags is not None:
        return wanted.maxlags
    return int(4 * (int(np.max(nobs)) / 100) ** (2 / 9))


# ---- scores ----

def _divisors(kind: str, z: _Floats, weights: _Floats | None) -> Any:
    """Return what divides the residuals; NaN where a leverage is 1"""
    if SCORES[kind] == 1:
        return 1.0
    leverage = (z * z).sum(-1)
    left = 1 - (leverage if weights is None else weights * leverage)
    left = np.where(left > LEAST_FREEDOM, left, np.nan)
    if weights is not None:
        left = np.where(weights > 0, left, 1.0)
    return np.sqrt(left) if SCORES[kind] == 2 else left


def _squares(scores: _Floats) -> _Floats:
    return np.swapaxes(scores, -1, -2) @ scores


def _sorted_groups(wanted: Asked) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the order that brings groups together, and where each of them starts"""
    assert wanted.codes is not None
    order = np.argsort(wanted.codes, kind="stable")
    ordered = wanted.codes[order]
    return order, np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][:len(ordered)])


def _group_sums(scores: _Floats, order: NDArray[np.intp], starts: NDArray[np.intp]) -> _Floats:
    return np.add.reduceat(scores[..., order, :], starts, axis=-2)


def _lagged(scores: _Floats, lags: int) -> _Floats:
    """Return the sum of the products of scores up to `lags` apart, by Bartlett's weights"""
    total = _squares(scores)
    for lag in range(1, min(lags, scores.shape[-2] - 1) + 1):
        product = np.swapaxes(scores[..., lag:, :], -1, -2) @ scores[..., :-lag, :]
        total = total + (1 - lag / (lags + 1)) * (product + np.swapaxes(product, -1, -2))
    return total
