"""Columns that float64 cannot hold as they are: integers beyond 2^53, dates and times.

Rounding each of them first would cost the digits in which they differ. So they are kept as exact
pairs of float64, and a fit takes their differences from a base:

    as_column       an argument as a Column: float32 or float64 in place, or exact pairs
    as_table        the same of several columns, each of its own kind
    counted         float64 differences of a Column from its Base, the number nearest to 0
    distance        float64 differences of other numbers, those to predict, from a Base

The base is exact, and goes back in where a result needs it, as in an intercept.
"""
from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import mathwork._tables as tables
from mathwork._arguments import first_of
from mathwork._arrays import UNREADABLE, as_array, broadcast, unmasked
from mathwork._levels import regression as kernels
from mathwork.regression.checks import in_place

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray

    Pairs = tuple[NDArray[np.float64], NDArray[np.float64]]     # high and low parts

LARGEST = 2**53         # up to here float64 holds every integer
HALF = 32               # bits of the low part of an integer
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9, "ps": 10**12, "fs": 10**15,
              "as": 10**18}
OF_CATEGORIES = ("is categorical: give columns of 0 and 1 in its place, as get_dummies of pandas "
                 "or to_dummies of polars make them")
# dtypes of pandas, polars and pyarrow that may take as_column to read them exactly
EXACT = re.compile(r"int64|date|time|duration|object")      # objects may be dates
OBJECTS = re.compile(r"object$|date32|date64")        # of which NumPy makes objects
ZONED = re.compile(r"datetime64\[(\w+), |timestamp\[(\w+), tz=")
NOT_A_TIME = np.iinfo(np.int64).min


class Column(NamedTuple):
    """The numbers ``(high + low) / per``, exactly, in an array of any shape.

    `per` is 1 for numbers, and for times how many of their ticks make a second; in a table an array
    of one for each column. `low` is None where it would be 0 throughout. NaT is NaN.
    """

    high: FloatArray
    low: NDArray[np.float64] | None = None
    per: Any = 1

    @property
    def is_plain(self) -> bool:
        seconds = self.per == 1
        return self.low is None and (seconds is True or bool(np.all(seconds)))

    def rounded(self) -> FloatArray:
        """Return the numbers, rounded to float64 where they must be."""
        return self.high if self.is_plain else distance(self, Base(0.0, self.per))


class Base(NamedTuple):
    """The numbers ``ticks / per``, exactly: whole float64 ticks, one or an array of them."""

    ticks: Any
    per: Any = 1

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
    if type(value) is np.ndarray and value.dtype.kind in "bf":
        return Column(in_place(value))
    if tables.is_categorical(value):
        raise TypeError(f"{name} must hold real numbers or times, it {OF_CATEGORIES}")
    known = tables.integers_with_gaps(value)
    if known is not None:
        return _with_gaps(*known, 1)
    array = tables.floats_with_gaps(value)
    if array is None:
        array = times_of(value)
    if array is None:
        array = unmasked(value, name)
    if array.dtype.kind in "mM":
        ticks, per = _ticks(array, name)
        return _with_gaps(ticks, ticks == NOT_A_TIME, per)
    if array.dtype.kind in "iu":
        return Column(*split(array))
    return Column(in_place(as_array(array if array.dtype.kind in "bf" else value, name)))


def _with_gaps(integers: NDArray[Any], gaps: NDArray[np.bool], per: int) -> Column:
    """Return integers as a Column, NaN in its gaps, where they may be anything"""
    if not gaps.any():
        return Column(*split(integers), per)
    high, low = split(np.where(gaps, np.zeros_like(integers), integers))
    return Column(np.where(gaps, np.nan, high), low, per)


def as_table(value: ArrayLike, name: str) -> tuple[Column, tuple[str, ...] | None]:
    """Return a frame, or anything that is an array of numbers, as (a Column, its names or None).

    The columns of a frame are read one by one, where one of them needs it.
    """
    columns = tables.columns_of(value)
    if not columns:
        column, named = as_column(value, name), tables.name_of(value)
        return column, None if named is None or column.high.ndim > 1 else (named,)
    names = tuple(str(label) for label, _ in columns)
    for label, column in columns:
        if tables.is_categorical(column):
            raise TypeError(f"{name} must hold real numbers or times, its column {label!r} "
                            f"{OF_CATEGORIES}")
    if not any(tables.is_nullable(column) or EXACT.search(tables.dtype_of(column))
               for _, column in columns):
        return as_column(value, name), names
    parts = []
    for label, column in columns:
        try:
            parts.append(as_column(column, name))
        except TypeError:
            raise TypeError(f"{name} must hold real numbers or times, "
                            f"{tables.complaint(column, label, True)}") from None
        if parts[-1].high.ndim != 1:        # of lists or structures
            raise TypeError(f"{name} must hold real numbers or times, its column {label!r} holds "
                            f"{tables.dtype_of(column)}")
    low = None
    if any(part.low is not None for part in parts):
        low = np.stack([np.zeros(len(part.high)) if part.low is None else part.low
                        for part in parts], axis=1)
    high = np.stack([part.high for part in parts], axis=1).astype(np.float64, copy=False)
    return Column(high, low, np.array([part.per for part in parts])), names


def split(integers: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return integers as exact pairs: float64 and what it rounds off, None if that is nothing."""
    if integers.dtype.itemsize < 8 or not integers.size:
        return integers.astype(np.float64), None
    most = int(integers.max())
    if most <= LARGEST and integers.min() >= -LARGEST:
        return integers.astype(np.float64), None
    integers = integers.astype(integers.dtype.newbyteorder("="), copy=False)
    if most < np.iinfo(integers.dtype).max - (1 << HALF):       # so is the rounded number
        high = integers.astype(np.float64)
        rest = high.astype(integers.dtype)
        np.subtract(integers, rest, out=rest)
        return high, rest.view(np.int64).astype(np.float64)
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
    high, per = column.high, column.per
    low: Any = 0.0 if column.low is None else column.low
    if np.array_equal(per, base.per):
        difference = np.asarray(high - base.ticks)
        difference += low
        difference /= per
        return difference
    with np.errstate(all="ignore"):     # infinity has no remainder
        rest = np.where(np.equal(per, 1), 0.0, np.remainder(high, per))
    base_rest = np.remainder(base.ticks, base.per)
    return ((high - rest) / per - (base.ticks - base_rest) / base.per) + (
        (rest + low) / per - base_rest / base.per)


# ---- exact pairs ----

def pair_of(base: Base | None, shape: tuple[int, ...]) -> Pairs:
    """Return the numbers of a base as pairs of float64, 32 digits, in a shape of as many."""
    if base is None:
        return np.zeros(shape), np.zeros(shape)
    return _on_pairs("divide_pairs", np.broadcast_to(base.ticks, shape), base.per)


def pair_sum(a: Pairs, b: Any) -> Pairs:
    """Return a + b; b is pairs or numbers."""
    return _on_pairs("add_pairs", a, b)


def pair_product(a: Pairs, b: Any) -> Pairs:
    """Return a b; b is pairs or numbers."""
    return _on_pairs("multiply_pairs", a, b)


def _on_pairs(operation: str, a: Any, b: Any) -> Pairs:
    a, b = (pair if isinstance(pair, tuple) else (pair, 0.0) for pair in (a, b))
    parts = broadcast(*a, *b)
    left, right = (np.array([parts[i].ravel(), parts[i + 1].ravel()], np.float64) for i in (0, 2))
    high, low = kernels.on_pairs(operation, left, right, False)
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


def times_of(value: Any) -> NDArray[Any] | None:
    """Return as datetime64 or timedelta64 what NumPy takes for objects; None for anything else."""
    if isinstance(value, np.ndarray) or hasattr(value, "isna"):     # isna: of pandas
        zoned = ZONED.match(tables.dtype_of(value))
        if zoned:
            return np.asarray(value, f"M8[{zoned[1] or zoned[2]}]")
        if not OBJECTS.match(tables.dtype_of(value)):
            return None
    elif not (isinstance(first_of(value), date | timedelta) or _is_gap(first_of(value))):
        return None
    try:
        array = np.asarray(value, object)
    except UNREADABLE:          # as_array says why
        return None
    items = array.ravel().tolist()
    first = next((item for item in items
                  if isinstance(item, date | timedelta) and not _is_gap(item)), None)
    if first is None:
        return None
    # NaT without a unit is deprecated.
    gap = (np.timedelta64 if isinstance(first, timedelta) else np.datetime64)("NaT", "s")
    times = [gap if _is_gap(item) else _time(item) for item in items]
    return np.array(times).reshape(array.shape) if all(
        isinstance(item, type(gap)) for item in times) else None


def _is_gap(item: Any) -> bool:
    """Return whether an item among times is none: None, NaT, NaN or ``pandas.NA``"""
    return (item is None or type(item).__name__ in ("NaTType", "NAType")
            or (isinstance(item, float | np.datetime64 | np.timedelta64) and bool(item != item)))


def _time(item: Any) -> Any:
    """Return a date, time or duration of Python or pandas as NumPy has it; others as they are"""
    if isinstance(item, datetime) and item.tzinfo is not None:
        item = item.astimezone(UTC).replace(tzinfo=None)
    for convert in ("to_datetime64", "to_timedelta64"):     # of pandas, which has nanoseconds
        if hasattr(item, convert):
            return getattr(item, convert)()
    if isinstance(item, date):
        return np.datetime64(item)
    return np.timedelta64(item) if isinstance(item, timedelta) else item
