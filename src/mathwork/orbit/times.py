"""Times as people write them: durations and dates of Python, NumPy, pandas and astropy, as seconds.

astropy is searched among the modules that the caller has imported, and never imported here.
"""
from __future__ import annotations

import datetime
import re
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mathwork._arguments import first_of, shown
from mathwork._arrays import UNREADABLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

# a date as an orbit keeps it: NumPy's, or a Time of astropy
Epoch: TypeAlias = Any

SECOND = np.timedelta64(1, "s")
LAST = 2.0**63 - 2**11      # ticks of NumPy's dates from 1970
ZONE = re.compile(r"(?:[zZ]|[T ]\d\d[^+-]*[+-][\d:]+)\s*$")
NO_ZONES = "a date must not have a time zone, which NumPy has not: convert it to UTC and {}"


def duration(value: Any, name: str = "dt") -> Any:
    """Return the seconds of a duration; any other value as it is.

    Raises
    ------
    TypeError
        For durations of years, months or no unit, which are no number of seconds.
    """
    if type(value) in (float, int):
        return value
    if _is_astropy(value, "TimeDelta"):
        return value.sec
    array = _dates(value, "m")
    if array is not None:
        return _seconds(array, name)
    if is_date(value):
        raise TypeError(f"{name} must be a duration or a number of seconds, got a date: {name} is "
                        "the difference of two dates")
    return value


def since(value: Any, epoch: Epoch | None, name: str = "t") -> Any:
    """Return the seconds from the epoch to a date, or of a duration; any other value as it is.

    Days have 86400 s to NumPy and Python. astropy's ``Time`` counts leap seconds.

    Raises
    ------
    TypeError
        For a date without an epoch, or of another kind than the epoch.
    """
    if type(value) in (float, int):
        return value
    if _is_text(value):
        if epoch is None:
            raise TypeError(f"{name} is text, but the orbit has no epoch: make it with epoch=")
        value = _from_texts(value, name)
    of_astropy = _is_astropy(value, "Time")
    array = None if of_astropy else _dates(value, "M")
    if not of_astropy and array is None:
        return duration(value, name)
    if epoch is None:
        raise TypeError(f"{name} is a date, but the orbit has no epoch: make it with epoch=")
    if of_astropy != _is_astropy(epoch, "Time"):
        raise TypeError(f"{name} and epoch must both be dates of NumPy or Python, or both astropy "
                        f"Times, got {type(value).__name__} and {type(epoch).__name__}")
    if of_astropy:
        return (value - epoch).sec
    # Whole seconds apart, so that dates far apart do not overflow in small units.
    whole, start = np.asarray(array, "M8[s]"), np.datetime64(epoch, "s")
    with np.errstate(all="ignore"):
        return ((whole - start) / SECOND
                + ((array - whole) / SECOND - (epoch - start) / SECOND))


def is_date(value: Any) -> bool:
    """Return whether a value is a date or an array of dates, of any kind; ISO text is one."""
    if type(value) in (float, int):
        return False
    return _is_text(value) or _is_astropy(value, "Time") or _dates(value, "M") is not None


def moment(seconds: NDArray[np.float64], epoch: Epoch) -> Any:
    """Return dates, of the kind of the epoch, from seconds after it.

    NaN and infinity become NaT, or a masked Time. NumPy's dates are in microseconds, or in seconds
    if one of them is beyond the years that microseconds reach, 292,000 before and after 1970.
    """
    finite = np.isfinite(seconds)
    if _is_astropy(epoch, "Time"):
        from astropy.time import TimeDelta

        times = epoch + TimeDelta(np.atleast_1d(np.where(finite, seconds, 0.0)), format="sec")
        if not finite.all():
            times[~np.atleast_1d(finite)] = np.ma.masked
        return times.reshape(finite.shape)
    dates: Any = None
    whole = float(np.asarray(epoch, "M8[s]").astype(np.int64))
    for unit, ticks in (("us", 1e6), ("s", 1.0)):
        start = np.asarray(epoch, f"M8[{unit}]")
        with np.errstate(all="ignore"):
            steps = np.round(np.where(finite, seconds, 0.0) * ticks)
            reached = (np.abs(whole * ticks + steps) < LAST) & (np.abs(whole * ticks) < LAST)
        dates = start + np.where(reached, steps, 0.0).astype(f"m8[{unit}]")
        if reached.all():
            break
    return np.where(reached & finite, dates, np.array("NaT", dates.dtype))[()]


def checked_epoch(epoch: Any) -> Epoch | None:
    """Return an epoch as an orbit keeps it; ISO text becomes NumPy's date.

    Raises
    ------
    TypeError
        For several dates, and for what is no date.
    ValueError
        For text that is no date, and for NaT.
    """
    if epoch is None:
        return None
    if _is_astropy(epoch, "Time"):
        if epoch.shape:
            raise TypeError(f"epoch must be one date, got shape {epoch.shape}")
        return epoch
    if isinstance(epoch, str):
        epoch = _from_text(epoch, "epoch")
    array = _dates(epoch, "M")
    if array is None or array.ndim:
        raise TypeError("epoch must be one date (datetime64, datetime, ISO text or astropy Time), "
                        f"got {type(epoch).__name__}")
    if np.isnat(array):
        raise ValueError("epoch must be a date, got NaT")
    return array[()]


def _is_text(value: Any) -> bool:
    """Return whether value is text, or a list or array of it"""
    value = first_of(value)
    return isinstance(value, str) or getattr(getattr(value, "dtype", None), "kind", "") == "U"


def _from_texts(value: Any, name: str) -> Any:
    """Return the date of ISO text, or an array of dates for a list or array of it"""
    if isinstance(value, str):
        return _from_text(value, name)
    texts = np.asarray(value)
    dates = [_from_text(str(text), name) for text in texts.reshape(-1)]
    return np.array(dates, "M8[us]").reshape(texts.shape)


def _from_text(text: str, name: str) -> np.datetime64:
    if ZONE.search(text):
        raise ValueError(f"{NO_ZONES.format('leave the zone out')}, got {name} = {shown(text)}")
    try:
        if not re.match(r"\d{4}-\d\d", text):      # NumPy takes "1" for a year
            raise ValueError
        return np.datetime64(text)
    except ValueError:
        raise ValueError(f"{name} must be a date such as 2000-01-01T12:00, got {shown(text)}"
                         ) from None


def _is_astropy(value: Any, name: str) -> bool:
    """Return whether value is astropy's Time, or TimeDelta, and no subclass that is the other"""
    module = sys.modules.get("astropy.time")
    return module is not None and isinstance(value, getattr(module, name))


def _dates(value: Any, kind: str) -> NDArray[Any] | None:
    """Return dates (kind "M") or durations ("m") as NumPy's, or None for anything else"""
    first = first_of(value)
    if isinstance(first, datetime.date if kind == "M" else datetime.timedelta):
        if getattr(first, "tzinfo", None) is not None:
            raise TypeError(NO_ZONES.format("remove its tzinfo"))
        if type(first) not in _PLAIN:       # pandas: its NaT is what NumPy cannot convert
            value = _of_pandas(value)
        return np.asarray(value, f"{kind}8[us]" if type(first) in _PLAIN else f"{kind}8[ns]")
    if isinstance(first, np.generic):
        return np.asarray(value) if first.dtype.kind == kind else None
    if first is not value or not hasattr(value, "__array__") or hasattr(value, "units"):
        return None                 # a list of something else, no array, or a quantity of pint
    dtype = getattr(value, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind not in "mMO":
        return None
    try:
        array = np.asarray(value)
    except UNREADABLE:
        return None                 # whoever reads it as numbers explains it
    return array if array.dtype.kind == kind else None


def _of_pandas(value: Any) -> Any:
    """Return dates or durations of pandas, in lists or not, as those of NumPy"""
    if isinstance(value, (list, tuple)):
        return [_of_pandas(each) for each in value]
    return value.to_numpy() if hasattr(value, "to_numpy") else value


_PLAIN = (datetime.date, datetime.datetime, datetime.timedelta)


def _seconds(durations: NDArray[Any], name: str) -> Any:
    """Return durations in seconds"""
    unit = np.datetime_data(durations.dtype)[0]
    if unit in ("Y", "M", "generic"):
        had = "no unit" if unit == "generic" else {"Y": "years", "M": "months"}[unit]
        raise TypeError(f"{name} must be a duration in units from nanoseconds to weeks, got {had}")
    return durations / SECOND
