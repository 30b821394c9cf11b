"""Windows of a series by time: durations, when rows were, where windows begin, how rows fade."""
from __future__ import annotations

import math
import operator
import re
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arguments import number, real, shown, whole
from mathwork.regression.columns import as_column, times_of

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork.regression.columns import Column

# The units of a duration in nanoseconds, as people and NumPy write them. There is no month and no
# year: a window has a fixed width.
UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9,
         "d": 86400 * 10**9, "w": 604800 * 10**9}
ALSO = {"m": "min", "H": "h", "D": "d", "W": "w"}


class Times(NamedTuple):
    """When each row was, and whether these are dates or durations, not numbers."""

    column: Column
    dated: bool


def is_count(value: object) -> bool:
    """Return whether `value` is an integer."""
    try:
        operator.index(value)       # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def is_duration(value: object) -> bool:
    """Return whether `value` is text or a timedelta of any kind."""
    return isinstance(value, (str, timedelta, np.timedelta64))


def as_times(time: ArrayLike | None, indexed: tuple[Any, ...], n: int, width: object, name: str
             ) -> Times | None:
    """Return when each of n rows was, or None if rows are counted.

    Without `time` it is the index of one of `indexed`, if that has dates and `width`, the
    argument `name`, is a duration.
    """
    if time is None:
        if not is_duration(width):
            return None
        _nanoseconds(width, name)
        time = next((index for index in (getattr(each, "index", None) for each in indexed)
                     if _has_times(index)), None)
        if time is None:
            raise ValueError(f"{name}={shown(width)} needs the time of each row: give time=, or a "
                             "y with dates as its index")
    times = as_column(time, "time")
    dated = _has_times(time) or np.asarray(time).dtype.kind in "mM"
    if times.high.shape != (n,):
        raise ValueError(f"time must have shape ({n},) to match y, got {times.high.shape}")
    if not np.isfinite(times.high).all():
        raise ValueError("time must be finite: leave out rows without a time")
    steps = _steps(times)
    if (steps < 0).any():
        row = int(np.argmax(steps < 0)) + 1
        raise ValueError(f"time must not fall, but row {row} is before row {row - 1}: sort by time")
    return Times(times, dated)


def _has_times(values: Any) -> bool:
    """Return whether values are dates or durations"""
    kind = getattr(getattr(values, "dtype", None), "kind", "")
    return kind in ("m", "M") or times_of(values) is not None


def begins_of(width: Any, times: Times) -> NDArray[np.intp]:
    """Return where the window of each row begins: at the first row less than a width older."""
    ticks = _in_ticks(width, times, "window")
    high, low = times.column.high, times.column.low
    if low is None:
        edge = high - float(ticks)
        begins = np.searchsorted(high, edge, side="right")
        # Where the width is lost in rounding, the rows of the same time are the window.
        same = np.searchsorted(high, high, side="left")
        return np.where(edge < high, begins, same).astype(np.intp)
    # Ticks as integers: of float64 differences they would not be exact. The first row may begin the
    # windows of rows that are less than the width behind it, whatever its distance from 0.
    whole = _as_integers(high.astype(np.float64, copy=False), low)
    least = whole - min(math.ceil(ticks), int(whole[-1]) - int(whole[0]) + 1)
    return np.searchsorted(whole, least, side="right").astype(np.intp)


def decay_of(halflife: Any, times: Times | None, n: int) -> NDArray[np.float64]:
    """Return the factor by which earlier rows fade before each row."""
    if times is None:
        rows = real(halflife, "halflife")
        if not rows > 0:
            raise ValueError(f"halflife must be above 0, got {shown(halflife)}")
        with np.errstate(all="ignore"):
            return np.full(n, 0.5 ** (1 / np.float64(rows)))
    ticks = float(_in_ticks(halflife, times, "halflife"))
    return np.concatenate([[1.0], 0.5 ** (_steps(times.column) / ticks)])[:n]


def _as_integers(high: NDArray[np.float64], low: NDArray[np.float64]) -> NDArray[Any]:
    """Return ticks as int64, or as Python integers where these do not fit"""
    try:
        # low is below a unit of high, which may be 2^63
        return np.array([int(a) + int(b) for a, b in zip(high.tolist(), low.tolist(),
                                                         strict=True)], np.int64)
    except OverflowError:
        return np.array([int(a) + int(b) for a, b in zip(high.tolist(), low.tolist(),
                                                         strict=True)], object)


def _steps(times: Column) -> NDArray[np.float64]:
    """Return the ticks from each row to the next"""
    steps = np.diff(times.high.astype(np.float64, copy=False))
    return steps if times.low is None else steps + np.diff(times.low)


def _in_ticks(width: Any, times: Times, name: str) -> Fraction:
    """Return a width in the ticks of the times, exactly"""
    if is_duration(width):
        if not times.dated:
            raise TypeError(f"{name} must be a number as time is, got {shown(width)}")
        ticks = _nanoseconds(width, name) * times.column.per / 10**9
    else:
        if times.dated:
            raise TypeError(f"{name} must be a duration such as '30d' or a timedelta, as time has "
                            f"dates, got {shown(width)}")
        size = number(width, name, above=0.0)
        ticks = Fraction(whole(width, name) if is_count(width) else size)
    if ticks <= 0:
        raise ValueError(f"{name} must be above 0, got {shown(width)}")
    return ticks


def _nanoseconds(width: Any, name: str) -> Fraction:
    """Return a duration in nanoseconds, exactly"""
    if isinstance(width, str):
        parts = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)?\s*([a-zA-Z]+)\s*", width)
        size = UNITS.get(ALSO.get(parts[2], parts[2])) if parts else None
        if parts is None or size is None:
            raise ValueError(f"{name} must be a number and one of {', '.join(UNITS)}, such as "
                             f"'30d', got {shown(width)}")
        return Fraction(parts[1] or 1) * size
    if hasattr(width, "to_timedelta64"):        # of pandas, which has nanoseconds
        width = width.to_timedelta64()
    width = np.timedelta64(width)
    if np.isnat(width):
        raise ValueError(f"{name} must be a duration, got NaT")
    unit, count = np.datetime_data(width.dtype)
    unit = ALSO.get(unit, unit)
    if unit not in UNITS:
        raise TypeError(f"{name} must be a duration of a fixed length, got {shown(width)}")
    return Fraction(int(width.astype(np.int64)) * count * UNITS[unit])
