"""Labels of rows, of any kind: the keys of groups, and the clusters of standard errors.

None, NaN, NaT and ``pandas.NA`` are no labels, nor are tuples with one of them. The numbers come
from keys.pxi of mathwork/kernels/regression.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import mathwork._tables as tables
from mathwork._arrays import PLAIN, UNREADABLE
from mathwork._levels import regression as kernels

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from mathwork._types import FloatArray

# What a dict raises for keys without a hash, and for keys whose == gives no bool.
NO_KEYS = TypeError, ValueError


def as_keys(keys: Any, name: str = "keys") -> tuple[NDArray[Any], NDArray[Any], int]:
    """Return (the keys as NumPy has them, as the kernel reads them, how it tells them apart)"""
    if isinstance(keys, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a plain array, got a masked array: "
                        "fill or compress it first")
    listed = isinstance(keys, (list, tuple))
    try:
        given = np.asarray(keys)
    except Exception as error:
        if not isinstance(error, UNREADABLE) and not tables.is_of_tables(error):
            raise
        if not listed or not any(isinstance(key, tuple) for key in keys):
            raise ValueError(f"{name} must be a regular array: {error}") from None
        given = np.empty(len(keys), object)
        given[:] = keys         # tuples of several lengths, or beside None
    if given.dtype.kind == "f" and "int" in tables.dtype_of(keys):
        # A column of integers with missing keys. NumPy would make one float of two large ones.
        keys, listed = keys.to_pylist() if hasattr(keys, "to_pylist") else list(keys), True
    if listed and ((given.ndim == 1 and given.dtype.kind in "USf")
                   or (given.ndim > 1 and isinstance(keys[0], tuple))):
        # NumPy would make "nan" of a NaN among strings, one float of two large integers, and rows
        # of tuples.
        given = np.empty(len(keys), object)
        given[:] = keys
    if given.dtype == object and isinstance(next((key for key in given.flat if key is not None),
                                                 None), tuple):
        given = _without_gaps(given)
    kind, size = given.dtype.kind, given.dtype.itemsize
    if kind == "T" or (kind == "f" and size > 8):
        plain = given.astype(object)
    elif kind == "f" and size < 4:
        plain = given.astype(np.float32)
    elif kind in kernels.key_kinds:
        plain = given
    else:
        raise TypeError(f"{name} must be integers, strings, times, floats or objects, "
                        f"got dtype {given.dtype}")
    # A view that nobody else has: the other arguments, and keys that are objects, may run any code.
    plain = np.require(plain, plain.dtype.newbyteorder("="), PLAIN).view()
    return given, plain, kernels.key_kinds[plain.dtype.kind]


def _without_gaps(keys: NDArray[Any]) -> NDArray[Any]:
    """Return keys, None in place of a tuple with a part that is no key"""
    found = keys.copy()
    for at, key in enumerate(found.flat):
        if isinstance(key, tuple) and any(map(_is_gap, key)):
            found.flat[at] = None
    return found


def _is_gap(part: Any) -> bool:
    """Return whether a part of a key is none, as is_missing() of keys.pxi says of a key"""
    try:
        return part is None or bool(part != part)
    except (TypeError, ValueError):
        return type(part).__name__ == "NAType"


def numbered(keys: Any, name: str, n: int) -> NDArray[np.intp]:
    """Return the number of the label of each of n rows, from 0; -1 for a row without one.

    Raises
    ------
    TypeError
        For labels that cannot be hashed, and for masked arrays.
    ValueError
        For another number of labels.
    """
    _, plain, kind = as_keys(keys, name)
    if plain.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), one label a row, got {plain.shape}")
    try:
        return kernels.key_numbers(plain, kind)
    except NO_KEYS as error:
        raise not_hashed(name, error) from None


def unlabelled(numbers: NDArray[np.intp], weights: FloatArray | None, name: str, nan_policy: str
               ) -> NDArray[np.bool] | None:
    """Return which rows of a weight other than 0 have no label, None if all have one.

    Raises
    ------
    ValueError
        If the policy is "raise" and a row has none.
    """
    missing = numbers < 0 if weights is None else (numbers < 0) & (weights != 0)
    if not missing.any():
        return None
    if nan_policy == "raise":
        rows = np.flatnonzero(missing.reshape(-1, len(numbers)).any(axis=0))
        which = f"row {rows[0]} has" if len(rows) == 1 else (
            f"rows {rows[0]} and {len(rows) - 1} more have")
        raise ValueError(f"{name} must have a label for each row, {which} none; a fit with "
                         "nan_policy='omit' leaves such rows out")
    return missing


def not_hashed(name: str, error: Exception) -> TypeError:
    """Return the error for labels of which Python makes no keys of a dict."""
    return TypeError(f"{name} must be objects that can be hashed and compared: {error}")
