"""Columns that float64 cannot hold as they are: integers beyond 2^53, dates and times.

Rounding each of them first would cost the digits in which they differ. So they are kept as exact
pairs of float64, and a fit takes their differences from a base:

    as_column       an argument as a Column: float32 or float64 in place, or exact pairs
    counted         float64 differences of a Column from its Base, the number nearest to 0
    distance        float64 differences of other numbers, those to predict, from a Base

The base is exact, and goes back in where a result needs it, as in an intercept.
"""
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arrays import as_array, unmasked
from mathwork._levels import regression as kernels
from mathwork.regression.checks import in_place

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, FloatOrArray

    Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]     # high and low parts

LARGEST = 2**53         # up to here float64 holds every integer
HALF = 32               # bits of the low part of an integer
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9, "ps": 10**12, "fs": 10**15,
              "as": 10**18}
NOT_A_TIME = np.iinfo(np.int64).min


class Column(NamedTuple):
    """The numbers ``(high + low) / per``, exactly, in an array of any shape.

    `per` is 1 for numbers, and for times how many of their ticks make a second. `low` is None where
    it would be 0 throughout. NaT is NaN.
    """

    high: FloatArray
    low: NDArray[np.float64] | None = None
    per: int = 1

    @property
    def is_plain(self) -> bool:
        return self.low is None and self.per == 1

    def rounded(self) -> FloatArray:
        """Return the numbers, rounded to float64 where they must be."""
        return self.high if self.is_plain else distance(self, Base(0.0, self.per))


class Base(NamedTuple):
    """The numbers ``ticks / per``, exactly: whole float64 ticks, one or an array of them."""

    ticks: FloatOrArray
    per: int = 1

    def exact(self, at: Any = ()) -> Fraction:
        """Return one of the numbers."""
        return Fraction(float(np.asarray(self.ticks)[at])) / self.per

    def each(self, axis: int = -1) -> Base:
        """Return them without an axis of length 1."""
        return Base(np.squeeze(self.ticks, axis), self.per)


def as_column(value: ArrayLike, name: str) -> Column:
    """Return real numbers, ``datetime64`` or ``timedelta64`` as a Column.

    float32 and float64 are not copied. The unit of times is the second; a date counts from
    1970-01-01, in UTC where it has a time zone.

    Raises
    ------
    TypeError
        As `as_array`, and for a timedelta64 of months, years or no unit.
    ValueError
        As `as_array`.
    """
    array = _times(value)
    if array is None:
        array = unmasked(value, name)
    if array.dtype.kind in "mM":
        ticks, per = _ticks(array, name)
        gaps = ticks == NOT_A_TIME
        if gaps.any():
            high, low = split(np.where(gaps, 0, ticks))
            return Column(np.where(gaps, np.nan, high), low, per)
        return Column(*split(ticks), per)
    if array.dtype.kind in "iu":
        return Column(*split(array))
    return Column(in_place(as_array(array if array.dtype.kind in "bf" else value, name)))


def split(integers: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return integers as exact pairs: float64 and what it rounds off, None if that is nothing."""
    if integers.dtype.itemsize < 8 or not integers.size or (
            integers.max() <= LARGEST and integers.min() >= -LARGEST):
        return integers.astype(np.float64), None
    integers = integers.astype(integers.dtype.newbyteorder("="), copy=False)
    low = (integers & integers.dtype.type((1 << HALF) - 1)).astype(np.float64)
    part = (integers >> HALF).astype(np.float64) * float(1 << HALF)
    high = part + low
    return high, low - (high - part)        # exact, as |part| >= low or part = 0 (Dekker)


def counted(column: Column, axis: int = -1, weights: NDArray[Any] | None = None
            ) -> tuple[FloatArray, Base | None]:
    """Return (differences from the base, the base): one for each set of numbers along an axis.

    The base has the same axes, that one with a length of 1. It is None for plain numbers, which
    come back as they are. Numbers with a weight that is not above 0 have no say in it.
    """
    if column.is_plain:
        return column.high, None
    high = column.high if weights is None else np.where(weights > 0, column.high, np.nan)
    if not high.shape[axis]:
        return column.rounded(), None
    # The number nearest to 0, or 0 between negative and positive ones. So no difference overflows,
    # and no number is nearer to 0 than the base is.
    least = np.fmin.reduce(high, axis=axis, keepdims=True)
    most = np.fmax.reduce(high, axis=axis, keepdims=True)
    base = Base(np.where(least > 0, least, np.where(most < 0, most, 0.0)), column.per)
    return distance(column, base), base if np.any(base.ticks) else None


def distance(column: Column, base: Base) -> NDArray[np.float64]:
    """Return the numbers of a column less a base that broadcasts, rounded once or twice.

    Where both are not in the same ticks, they are so in seconds and parts of them: to 1e-16 of a
    second.
    """
    high, low, per = column
    low = 0.0 if low is None else low
    if per == base.per:
        difference = (high - base.ticks) + low
        return difference / per if per != 1 else difference
    with np.errstate(invalid="ignore"):     # infinity has no remainder, NaN
        whole, rest = np.divmod(high, per) if per != 1 else (high, 0.0)
        base_whole, base_rest = np.divmod(base.ticks, base.per)
    return (whole - base_whole) + ((rest + low) / per - base_rest / base.per)


# ---- exact pairs ----

def pair_of(base: Base | None, shape: tuple[int, ...]) -> Pairs:
    """Return the numbers of a base as pairs of float64, 32 digits, in a shape of as many."""
    if base is None:
        return np.zeros(shape), np.zeros(shape)
    return _on_pairs("divide_pairs", (np.broadcast_to(base.ticks, shape), 0.0), float(base.per))


def pair_sum(a: Pairs, b: Any) -> Pairs:
    """Return a + b; b is pairs or numbers."""
    return _on_pairs("add_pairs", a, b)


def pair_product(a: Pairs, b: Any) -> Pairs:
    """Return a b; b is pairs or numbers."""
    return _on_pairs("multiply_pairs", a, b)


def _on_pairs(operation: str, a: Pairs, b: Any) -> Pairs:
    b = b if isinstance(b, tuple) else (b, 0.0)
    parts = np.broadcast_arrays(*a, *b)
    flat = [np.array([parts[i].ravel(), parts[i + 1].ravel()], np.float64) for i in (0, 2)]
    high, low = kernels.on_pairs(operation, *flat, False)
    return high.reshape(parts[0].shape), low.reshape(parts[0].shape)


# ---- times ----

def _ticks(array: NDArray[Any], name: str) -> tuple[NDArray[np.int64], int]:
    """Return datetime64 or timedelta64 as int64, and how many of these are a second"""
    unit, count = np.datetime_data(array.dtype)
    if array.dtype.kind == "m" and unit in ("Y", "M", "generic"):
        raise TypeError(f"{name} must hold numbers or times, got {array.dtype}: a timedelta64 "
                        "needs a unit of a fixed length, up to weeks")
    if unit not in PER_SECOND or count != 1:
        unit = unit if unit in PER_SECOND else "s"
        array = array.astype(f"{array.dtype.kind}8[{unit}]")
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    return array.view(np.int64), PER_SECOND[unit]


def _times(value: Any) -> NDArray[Any] | None:
    """Return the datetime64 or timedelta64 of times that NumPy takes for objects; None for others
    """
    if isinstance(value, np.ndarray) and value.dtype != object:
        return None
    if getattr(getattr(value, "dtype", None), "tz", None) is not None:      # pandas
        return np.asarray(value, "M8[ns]")
    first = value
    while isinstance(first, list | tuple) and first:
        first = first[0]
    if not isinstance(first, date | timedelta):
        return None
    array = np.asarray(value, object)
    times = [_time(item) for item in array.ravel().tolist()]
    return np.array(times).reshape(array.shape) if all(
        isinstance(item, np.datetime64 | np.timedelta64) for item in times) else None


def _time(item: Any) -> Any:
    """Return a date, time or duration of Python or pandas as NumPy has it; others as they are"""
    if item is None or type(item).__name__ == "NaTType":
        return np.datetime64("NaT")
    if isinstance(item, datetime) and item.tzinfo is not None:
        item = item.astimezone(UTC).replace(tzinfo=None)
    for convert in ("to_datetime64", "to_timedelta64"):     # of pandas, which has nanoseconds
        if hasattr(item, convert):
            return getattr(item, convert)()
    if isinstance(item, date):
        return np.datetime64(item)
    return np.timedelta64(item) if isinstance(item, timedelta) else item
