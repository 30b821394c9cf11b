"""From rows to moments, a piece at a time: gaps, columns that count from a base, far numbers.

The moments are a vector of numbers in the order of MomentSums: kernels/regression/moments.pxi.
Moments of unknown rows have a NaN for each mean.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import mathwork._tables as tables
from mathwork._arrays import FLOAT64, as_array, as_plain
from mathwork._levels import regression as kernels
from mathwork.regression.checks import (
    check_weights,
    check_weights_of_rows,
    checked_nan_policy,
    not_finite,
)
from mathwork.regression.columns import Column, as_table, pair_of, pair_product, pair_sum
from mathwork.regression.fourth_moments import FourthMoments, fourth_moments
from mathwork.regression.rows import counted_rows, gaps_in

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray

    Table = NDArray[Any] | Column

FAR = 100           # powers of two that weights may be from their unit
HEAD = 4            # numbers before the means: count, weight, its low part, its exponent


class MomentRows(NamedTuple):
    """X and y that fit each other: arrays as they were given, which may lie in a file, or Columns.
    """

    X: Table
    y: Table
    weights: NDArray[Any] | None
    shape: tuple[int, int, bool]        # columns of X, of y, whether y is one vector
    names: tuple[str, ...] | None
    n: int

    @property
    def q(self) -> int:
        return self.shape[0] + self.shape[1]


def checked_rows(X: ArrayLike, y: ArrayLike, weights: ArrayLike | None, nan_policy: str
                 ) -> MomentRows:
    """Return the rows of a call, checked but not converted."""
    nan_policy = checked_nan_policy(nan_policy)
    tables.check_index(X=X, y=y, weights=weights)
    (left, names), (right, _) = _lazily(X, "X"), _lazily(y, "y")
    shape, y_shape = _shape_of(left), _shape_of(right)
    if len(shape) != 2:
        raise ValueError(f"X must have shape (n, p), got {shape}")
    if len(y_shape) not in (1, 2) or y_shape[0] != shape[0]:
        raise ValueError(f"y must have shape ({shape[0]},) or ({shape[0]}, k) to match X of shape "
                         f"{shape}, got {y_shape}")
    if weights is not None:
        weights = as_array(weights, "weights")
        check_weights_of_rows(weights, shape[0])
    single = len(y_shape) == 1
    return MomentRows(left, right, weights, (shape[1], 1 if single else y_shape[1], single), names,
                      shape[0])


class Added(NamedTuple):
    """The moments of a piece of the rows, and what else a Moments keeps of them."""

    numbers: NDArray[np.float64]
    omitted: int
    squares: float                      # the sum of squared weights
    fourth: FourthMoments | None


def moments_of(rows: MomentRows, first: int, count: int, nan_policy: str, robust: bool) -> Added:
    """Return the moments of some rows, those from `first` on."""
    piece = slice(first, first + count)
    X, y, weights = _piece_of(rows.X, "X", piece), _piece_of(rows.y, "y", piece), None
    omitted = 0
    if rows.weights is not None:
        weights = as_plain(rows.weights[piece], "weights", FLOAT64)
        unknown = np.isnan(weights)
        if nan_policy != "raise" and unknown.any():
            weights = np.where(unknown, 0.0, weights)
            omitted = int(unknown.sum())
        check_weights(weights, first)
        if omitted and nan_policy == "propagate":
            return _unknown_moments(rows.q, len(X.high), weights)
    if X.is_plain and y.is_plain:
        numbers = kernels.moments_of(X.high, y.high, weights)
        if np.isfinite(numbers).all():
            fourth = fourth_moments(X.high, y.high, weights, None) if robust else None
            return Added(numbers, omitted, _squares(X, weights), fourth)
    gaps = gaps_in(X.high, y.high, weights)
    if gaps.any():
        if nan_policy == "raise":
            raise not_finite("X and y", "row", gaps, first)
        if nan_policy == "propagate":
            return _unknown_moments(rows.q, len(X.high), weights)
        omitted += int(gaps.sum())
        weights = np.where(gaps, 0.0, 1.0 if weights is None else weights)
    (X_less, X_base), (y_less, y_base) = (
        counted_rows(column, weights) for column in (X, y))
    numbers = _sound(_moments_of_far_apart(X_less, y_less, weights), unknown=False)
    base = None
    if X_base is not None or y_base is not None:
        base = np.concatenate([np.stack(pair_of(each, (count,))) for each, count in (
            (X_base, rows.shape[0]), (y_base, rows.shape[1]))], axis=1)
        _leave_base(numbers, base)
    fourth = fourth_moments(X_less, y_less, weights, base) if robust else None
    return Added(numbers, omitted, _squares(X, weights), fourth)


def joined(numbers: NDArray[np.float64] | None, added: NDArray[np.float64], q: int
           ) -> NDArray[np.float64]:
    """Return the moments of the rows of both, which may be unknown; None is no rows."""
    if numbers is None:
        return _sound(added)
    return _sound(kernels.merged_moments(numbers, added, q),
                  is_unknown(numbers) or is_unknown(added))


def _sound(numbers: NDArray[np.float64], unknown: bool | None = None) -> NDArray[np.float64]:
    """Return the moments; raise if a sum left the range of float64"""
    unknown = is_unknown(numbers) if unknown is None else unknown
    if not (unknown or np.isfinite(numbers).all()) or not math.isfinite(weight_of(numbers)):
        raise ValueError("X, y and weights must not be too large for their differences and sums")
    return numbers


def parted(numbers: NDArray[np.float64], taken: NDArray[np.float64], q: int
           ) -> NDArray[np.float64]:
    """Return the moments of the rows without some of them."""
    left = numbers[0] - taken[0]
    if left == 0:
        return np.zeros_like(numbers)
    if left < 0:
        raise ValueError(f"moments to take away must be of some of the {int(numbers[0])} rows, "
                         f"got those of {int(taken[0])}")
    if is_unknown(numbers) or is_unknown(taken):
        raise ValueError("moments of rows with gaps cannot be taken away, nor from: "
                         "nan_policy='omit' leaves such rows out")
    made = kernels.parted_moments(numbers, taken, q)
    if not made[1] > 0:
        raise ValueError(f"moments to take away must be of some of the rows, whose weight is "
                         f"{weight_of(numbers)}, got a weight of {weight_of(taken)}")
    return _sound(made)


def decayed(numbers: NDArray[np.float64], factor: float, q: int) -> NDArray[np.float64]:
    """Return the moments with all weights multiplied by a factor."""
    made = numbers.copy()
    gram = HEAD + 3 * q
    high, low = pair_product((made[gram:gram + q * q], made[gram + q * q:]), factor)
    made[gram:gram + q * q], made[gram + q * q:] = high, low
    high, low = pair_product((made[1:2], made[2:3]), factor)
    made[1:2], made[2:3] = high, low
    if made[1] > 0 and not 2.0**-FAR < made[1] < 2.0**FAR:      # before digits are lost
        shift = math.frexp(made[1])[1]
        for part in (slice(1, 3), slice(gram, None)):
            made[part] = np.ldexp(made[part], -shift)
        made[3] += shift
    return made


def is_unknown(numbers: NDArray[np.float64]) -> bool:
    """Return whether rows with gaps are among those of the moments."""
    return bool(np.isnan(numbers[HEAD:HEAD + 1]).any())


def weight_of(numbers: NDArray[np.float64]) -> float:
    """Return the sum of weights, in units of 1."""
    try:
        return math.ldexp(numbers[1], int(numbers[3]))
    except OverflowError:
        return math.inf


# ---- reading ----

def _squares(X: Column, weights: NDArray[np.float64] | None) -> float:
    """Return the sum of squared weights"""
    with np.errstate(all="ignore"):
        return float(len(X.high)) if weights is None else float(np.dot(weights, weights))


def _lazily(value: Any, name: str) -> tuple[Table, tuple[str, ...] | None]:
    """Return an array as it is, so that pieces of a file are read in turn, or as_table()"""
    if (isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray)
            and value.dtype.kind in "biufmM"):
        return np.asarray(value), None
    return as_table(value, name)


def _shape_of(table: Table) -> tuple[int, ...]:
    return table.high.shape if isinstance(table, Column) else table.shape


def _piece_of(table: Table, name: str, rows: slice) -> Column:
    if not isinstance(table, Column):
        return as_table(table[rows], name)[0]
    return Column(table.high[rows], None if table.low is None else table.low[rows], table.per)


def _leave_base(numbers: NDArray[np.float64], base: NDArray[np.float64]) -> None:
    """Make moments those of the numbers themselves, not of differences: only means tell the two"""
    q = base.shape[1]
    high, low = numbers[HEAD:HEAD + q], numbers[HEAD + q:HEAD + 2 * q]
    high[:], low[:] = pair_sum((base[0], base[1]), (high, low))


def _unknown_moments(q: int, count: int, weights: NDArray[np.float64] | None) -> Added:
    """Return the moments of rows with gaps: NaN, but for their count, weight and units"""
    numbers = np.full(HEAD + 3 * q + 2 * q * q, math.nan)
    numbers[:HEAD] = (count, count, 0, 0) if weights is None else (
        np.count_nonzero(weights), weights.sum(), 0, 0)
    numbers[HEAD + 2 * q:HEAD + 3 * q] = 0
    return Added(numbers, 0, math.nan, None)


# ---- numbers of very different sizes ----

def _moments_of_far_apart(X: FloatArray, y: FloatArray, weights: NDArray[np.float64] | None
                          ) -> NDArray[np.float64]:
    """Return the moments by halves: rows so far apart that no sample of them showed the scale"""
    numbers = kernels.moments_of(X, y, weights)
    if (len(X) == 1 or np.isfinite(numbers).all() or _too_far_apart(X, weights)
            or _too_far_apart(y, weights)):
        return numbers
    middle = len(X) // 2
    first, second = [
        _moments_of_far_apart(X[half], y[half], None if weights is None else weights[half])
        for half in (slice(middle), slice(middle, None))]
    return joined(first, second, X.shape[1] + (y.shape[1] if y.ndim == 2 else 1))


def _too_far_apart(columns: FloatArray, weights: NDArray[np.float64] | None) -> bool:
    """Return whether a difference of rows overflows"""
    rows = columns if weights is None else columns[weights > 0]
    with np.errstate(all="ignore"):
        spans = np.subtract(rows.max(axis=0), rows.min(axis=0), dtype=np.float64)
    return not np.isfinite(spans).all()
