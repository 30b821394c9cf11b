"""Robust standard errors of groups and windows, from the rows of each.

The rows of many sets are laid out as a stack: those of a set behind each other, and behind them
rows of weight 0, up to the longest set. So groups, windows of rows and windows of time go the same
way, and the scores are those of :mod:`mathwork.regression.robust`.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arguments import choice
from mathwork._status import FITTED
from mathwork.regression.robust import SCORES, Asked, covariance_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mathwork._types import RowCov
    from mathwork.regression.batch_rows import Planes

    _Floats = NDArray[np.float64]
    _Places = NDArray[np.intp]

KINDS = ("nonrobust", *SCORES)
TOGETHER = 1 << 16      # rows of a stack, unless one set has more
USUAL = 2.0**-4         # the scale of numbers: no difference of two overflows


class Sets(NamedTuple):
    """Sets of rows: those of set i are ``order[begins[i]:ends[i]]``; no order: the rows as they are
    """

    order: _Places | None
    begins: _Places
    ends: _Places


def checked_cov(cov: object, what: str) -> RowCov:
    """Return the covariance of `what`, groups or windows."""
    more = f" for {what} (fit_linear has others for one set of rows)"
    found: RowCov = choice(cov, "cov", KINDS, more)
    return found


def groups_of(numbers: _Places, count: int) -> Sets:
    """Return the rows of each group by the number of each row's group, -1 for none."""
    order = np.argsort(numbers, kind="stable")
    places = np.searchsorted(numbers[order], np.arange(count + 1))
    return Sets(order, places[:-1], places[1:])


def robust_errors(kind: str, planes: Planes, intercept: bool, sets: Sets,
                  status: NDArray[np.int8]) -> _Floats:
    """Return the standard errors of all parameters, (P, sets), NaN where a set has no fit."""
    P = planes[0].shape[1] + intercept
    found = np.full((P, len(sets.begins)), np.nan)
    for which in _alike(np.flatnonzero(status == FITTED), sets.ends - sets.begins):
        found[:, which] = _of_stack(kind, planes, intercept, sets, which)
    return found


def _alike(which: _Places, sizes: _Places) -> Iterator[_Places]:
    """Yield parts of the sets, each of sets of nearly one size"""
    which = which[np.argsort(sizes[which], kind="stable")]
    sizes = sizes[which]
    start = 0
    while start < len(which):
        longest = sizes[start] + sizes[start] // 4
        stop = int(np.searchsorted(sizes, longest, side="right"))
        stop = min(stop, start + max(1, TOGETHER // max(int(longest), 1)))
        yield which[start:stop]
        start = stop


def _of_stack(kind: str, planes: Planes, intercept: bool, sets: Sets, which: _Places) -> _Floats:
    """Return the standard errors of some sets, (P, sets)"""
    begins, ends = sets.begins[which, None], sets.ends[which, None]
    at = begins + np.arange(int((ends - begins).max()))
    inside = at < ends
    at = np.where(inside, at, begins)
    if sets.order is not None:
        at = sets.order[at]
    weights = inside.astype(np.float64) if planes[4] is None else inside * planes[4][at]
    used = weights > 0
    x, y, origin = _counted(planes, at, used, intercept)
    with np.errstate(all="ignore"):
        # So no square overflows or is lost. Errors of x times a factor are those of x by it.
        wide, high = _largest(x), _largest(y[..., None])[..., 0]
        x, y, origin = x / wide, y / high, origin / wide[:, 0]
        if intercept:
            share = weights / weights.sum(1, keepdims=True)
            for _ in range(2):      # the first mean is rounded
                mean = (share[..., None] * x).sum(1)
                x, origin = np.where(used[..., None], x - mean[:, None], 0), origin + mean
                y = np.where(used, y - (share * y).sum(1, keepdims=True), 0)
        root = np.sqrt(weights)
        one = [np.ones_like(x[..., :1])] if intercept else []
        spread = np.sqrt((weights[..., None] * x**2).sum(1, keepdims=True))
        basis, turn = np.linalg.qr(root[..., None] * np.concatenate([*one, x / spread], axis=-1))
        resid = root * y
        for _ in range(2):          # the first projection is rounded
            resid = resid - (basis * (basis * resid[..., None]).sum(1, keepdims=True)).sum(-1)
        factor = _inverse(turn)
        factor[:, intercept:] /= np.swapaxes(spread, 1, 2)
        if intercept:
            factor[:, 0] -= (origin[:, :, None] * factor[:, 1:]).sum(1)
        robust = covariance_of(Asked(kind), basis, resid, None, used.sum(1), factor.shape[1])
        variance = ((factor @ robust.scores) * factor).sum(-1)
        errors = np.sqrt(variance) * high
        errors[:, intercept:] /= wide[:, 0]
        errors[:, :intercept] /= USUAL
    return errors.T


def _counted(planes: Planes, at: _Places, used: NDArray[np.bool], intercept: bool
             ) -> tuple[_Floats, _Floats, _Floats]:
    """Return x (sets, rows, k) and y (sets, rows) from the first row that counts, and x there

    All are at the usual scale. Without an intercept they count from 0.
    """
    X, y, X_low, y_low, _ = planes
    first = np.take_along_axis(at, used.argmax(1)[:, None], 1)
    with np.errstate(all="ignore"):         # rows of weight 0 may hold anything
        x, y = X[at] * USUAL, y[at] * USUAL
        origin = np.zeros((len(at), x.shape[-1]))
        if intercept:
            origin = X[first[:, 0]] * USUAL
            x, y = x - origin[:, None], y - planes[1][first] * USUAL
            if X_low is not None and y_low is not None:
                x += (X_low[at] - X_low[first]) * USUAL
                y += (y_low[at] - y_low[first]) * USUAL
    return np.where(used[..., None], x, 0), np.where(used, y, 0), origin


def _largest(x: _Floats) -> _Floats:
    """Return the largest number of each column of each set, (sets, 1, k); 1 for 0"""
    largest = abs(x).max(1, keepdims=True)
    return np.where(largest > 0, largest, 1)


def _inverse(turn: _Floats) -> _Floats:
    """Return the inverses of triangles; NaN for one that has none"""
    lost = (np.diagonal(turn, axis1=1, axis2=2) == 0).any(1)
    return np.linalg.inv(np.where(lost[:, None, None], np.nan, turn))
