"""Checks of arguments that are no arrays: counts, numbers, flags and choices.

A check takes a value and the argument's name, and returns the value as Python's own type. It raises
TypeError for a value of the wrong kind and ValueError for one out of bounds, never OverflowError.
Exceptions that the value's own methods raise pass through.
"""
from __future__ import annotations

import itertools
import math
import operator
import os
import reprlib
import sys
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Final

LARGE: Final = 2**31     # a bound that says more than "at least"
DEEPEST: Final = 64     # lists in lists: axes of an array
LONG: Final = 160       # characters that an error message shows of a value
MOST_TEXTS: Final = 100_000      # names, which may have no end
LONG_INTEGER: Final = 400       # bits; Python prints no integer of more than 4300 digits

_short = reprlib.Repr()
_short.maxlevel, _short.maxother, _short.maxstring, _short.maxlong = 3, LONG, LONG, LONG


def shown(value: object) -> str:
    """Return `value` as an error message shows it: short, on one line, whatever its methods do."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"{type(value).__name__} of shape {value.shape} and dtype {value.dtype}"
    if type(value) is int and value.bit_length() > LONG_INTEGER:
        return f"an integer of {value.bit_length()} bits"
    try:
        text = " ".join(_short.repr(value).split())
    except Exception:       # a __repr__ may raise anything, and the error to report is another one
        text = ""
    if not text or not text.isprintable():
        return f"an object of type {type(value).__name__}"
    return text if len(text) <= LONG else f"{text[:LONG]}..."


def whole(value: object, name: str) -> int:
    """Return an integer of any size."""
    try:
        if isinstance(value, np.bool):          # NumPy 2.1 makes an integer of it, with a warning
            raise TypeError
        return int(operator.index(value))       # type: ignore[arg-type]  # that is the question
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {shown(value)}") from None


def count(value: object, name: str, least: int = 1, most: int = sys.maxsize) -> int:
    """Return a whole number of at least `least` and at most `most`, by default what C can count."""
    found = value if type(value) is int else whole(value, name)
    if not least <= found <= most:
        wanted = (f"between {least} and {most}" if most < LARGE else
                  f"at least {least}" if found < least else f"at most {most}")
        raise ValueError(f"{name} must be {wanted}, got {shown(found)}")
    return found


def counts(values: object, name: str, least: int = 0, most: int = 64) -> tuple[int, ...]:
    """Return up to `most` whole numbers of at least `least` each."""
    found = items(values, name, "a tuple of integers", most)
    try:
        found = [whole(value, name) for value in found]
    except TypeError:
        raise TypeError(f"{name} must be a tuple of integers, got {shown(values)}") from None
    if any(size < least for size in found):
        wanted = "not have negative sizes" if least == 0 else f"be at least {least} each"
        raise ValueError(f"{name} must {wanted}, got {shown(tuple(found))}")
    return tuple(found)


def real(value: object, name: str) -> float:
    """Return a real number, NaN and infinity too, as a float."""
    kind = type(value)
    if kind is float:
        return value                            # type: ignore[return-value]
    # Complex numbers, masked ones, and in NumPy 2.1 arrays of one number have a __float__, with a
    # warning. An int, as at import, does without numpy.ma, which takes time to import.
    if kind is not int and (
            isinstance(value, (np.complexfloating, np.ma.MaskedArray, np.bool, np.timedelta64,
                               np.void))
            or (isinstance(value, np.ndarray) and value.ndim > 0)
            or not (hasattr(kind, "__float__") or hasattr(kind, "__index__"))):
        raise TypeError(f"{name} must be a number, got {shown(value)}")
    try:
        with np.errstate(all="ignore"):        # a long double beyond float64
            return float(value)                 # type: ignore[arg-type]
    except OverflowError:
        raise ValueError(f"{name} must be within the range of floats, got {shown(value)}") from None
    except (TypeError, ValueError):             # arrays; a signalling NaN
        raise TypeError(f"{name} must be a number, got {shown(value)}") from None


def number(value: object, name: str, *, above: float = -math.inf, least: float = -math.inf,
           below: float = math.inf) -> float:
    """Return a finite real number within bounds as a float."""
    found = real(value, name)
    if not (math.isfinite(found) and above < found < below and found >= least):
        bounds = [f"above {above:g}" if above > -math.inf else "",
                  f"at least {least:g}" if least > -math.inf else "",
                  f"below {below:g}" if below < math.inf else "finite"]
        wanted = " and ".join(bound for bound in bounds if bound)
        raise ValueError(f"{name} must be {wanted}, got {shown(value)}")
    return found


def flag(value: object, name: str) -> bool:
    """Return True or False; they may be NumPy's, 1 or 0."""
    if value is True or value is False:
        return value
    if isinstance(value, np.bool) or (type(value) is int and value in (0, 1)):
        return bool(value)
    raise TypeError(f"{name} must be True or False, got {shown(value)}")


def text(value: object, name: str) -> str:
    """Return a value, often text, as text to draw or print."""
    if isinstance(value, str):
        return value
    try:
        return str(value)
    except Exception as error:
        raise TypeError(f"{name} must be text, got {shown(value)}") from error


def texts(values: object, name: str, what: str = "an iterable of names",
          most: int = MOST_TEXTS) -> list[str]:
    """Return names, or other values, as text to draw or print."""
    return [text(value, name) for value in items(values, name, what, most)]


def choice(value: object, name: str, known: Sequence[str] | Iterable[str], more: str = "") -> Any:
    """Return the one of the known words that `value` is; `more` ends the list of them."""
    if isinstance(value, str):
        for word in known:
            if str.__eq__(word, value):         # a subclass of str may have its own
                return word
    raise ValueError(f"{name} must be one of {', '.join(known)}{more}, got {shown(value)}")


def checked_path(value: Any, name: str = "path") -> str:
    """Return a path as text that names a file."""
    try:
        found: Any = os.fspath(value)
    except TypeError:
        raise TypeError(f"{name} must be a path, got {shown(value)}") from None
    try:
        encoded = os.fsencode(found)
    except UnicodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        raise ValueError(f"{name} must be the name of a file, got {shown(found)}")
    return os.fsdecode(encoded)


def place(value: SupportsIndex, name: str, n: int, of: str) -> int:
    """Return the place, from 0, of one of n things; a negative one counts from the end."""
    found = whole(value, name)
    if not -n <= found < n:
        raise IndexError(f"{name} must be among the {n} {of}, got {shown(found)}")
    return found % n


def first_of(values: Any) -> Any:
    """Return the first item of nested lists, which may hold themselves."""
    for _ in range(DEEPEST):
        if not (isinstance(values, (list, tuple)) and len(values)):
            break
        values = values[0]
    return values


def iterated(values: Any, name: str, what: str) -> Iterator[Any]:
    """Return an iterator over an iterable; `what` says in words what it is."""
    if isinstance(values, memoryview) and values.ndim != 1:     # it cannot be iterated over
        raise TypeError(f"{name} must be {what}, got memory of {values.ndim} axes")
    try:
        return iter(values)
    except TypeError:
        raise TypeError(f"{name} must be {what}, got {shown(values)}") from None


def items(values: Any, name: str, what: str, most: int) -> list[Any]:
    """Return the items of an iterable, which may have no end: at most `most` of them."""
    found = list(itertools.islice(iterated(values, name, what), most + 1))
    if len(found) > most:
        raise ValueError(f"{name} must have at most {most} items, got more")
    return found
