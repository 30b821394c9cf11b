"""Exact numbers read from integers, fractions and floats; 0.1 as a float is 1/10."""
from __future__ import annotations

import math
import numbers
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import shown
from mathwork._arrays import PLAIN, unmasked
from mathwork.matrix.checks import FOR_SYMBOLS, is_symbolic

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

INT64 = np.dtype(np.int64)
LARGEST_EXPONENT = 999      # of an exact number: a larger exponent takes far too much memory
FOR_COMPLEX = "Fractions and residues are real; SymPy has exact complex numbers"


def as_exact(value: ArrayLike, name: str, number: Callable[[Any, str], int | Fraction] | None = None
             ) -> NDArray[Any]:
    """Return `value` as a plain array of int64 if they fit, else of int and Fraction objects.

    `number(entry, name)` reads one entry if the entries are not integers already. By default a
    float that is a whole number is itself; any other is the decimal that it prints: 0.8 is 4/5.

    Raises
    ------
    TypeError
        For complex numbers, strings, structures, other objects and masked arrays.
    ValueError
        For nested sequences of unequal lengths, NaN and infinity.
    """
    array = unmasked(value, name)
    kind, flags = array.dtype.kind, array.flags
    if array.dtype is INT64 and flags.c_contiguous and flags.aligned:
        return array
    if kind not in "biufO":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}"
                        + (f": {FOR_COMPLEX}" if kind == "c" else ""))
    if kind in "bi" or (kind in "uf" and isinstance(value, np.ndarray) and _are_integers(array)):
        return np.require(array, np.int64, PLAIN)
    if kind == "f" and array.dtype == np.float64 and not isinstance(value, np.ndarray):
        # NumPy would make floats of the integers among them; here all are read as written.
        array = np.array(value, object)
    exact = np.empty(array.shape, object)
    read = number or as_number
    entries = array.ravel()
    exact.reshape(-1)[:] = [read(entry, name)
                            for entry in (entries.tolist() if kind == "O" else entries)]
    return narrowed(exact)


def as_fractions(value: ArrayLike, name: str) -> NDArray[np.object_]:
    """Return `value`, read by `as_exact`, as an array of Fractions."""
    return np.asarray(np.frompyfunc(Fraction, 1, 1)(as_exact(value, name).astype(object)))


def narrowed(exact: NDArray[Any]) -> NDArray[Any]:
    """Return an array of objects as int64 if all are integers that fit, else the array itself."""
    if set(map(type, exact.ravel().tolist())) <= {int}:
        try:
            return exact.astype(np.int64)
        except OverflowError:
            pass
    return exact


def cleared(exact: NDArray[Any]) -> tuple[NDArray[Any], list[Fraction] | None]:
    """Return (integers, scales): each row times its scale, a positive Fraction, is of integers.

    Rows of objects lose their denominators and common factors. `scales` is None if all are 1.
    """
    if exact.dtype != object:
        return exact, None
    rows, scales = [], []
    for row in exact.tolist():
        multiple = math.lcm(*(entry.denominator for entry in row))
        whole = [entry.numerator * (multiple // entry.denominator) for entry in row]
        divisor = math.gcd(*whole) or 1
        rows.append([entry // divisor for entry in whole])
        scales.append(Fraction(multiple, divisor))
    integers = np.empty(exact.shape, object)
    integers[...] = rows
    return narrowed(integers), None if all(scale == 1 for scale in scales) else scales


def _are_integers(array: NDArray[Any]) -> bool:
    """Return whether all entries are whole numbers that fit into int64."""
    return bool(np.isfinite(array).all() and (abs(array) < np.float64(2 ** 63)).all()
                and (array == np.trunc(array)).all())


def as_text(number: object) -> str:
    """Return an int or a Fraction in digits; Python's str refuses more than some thousands."""
    if not isinstance(number, (int, Fraction)):
        return str(number)
    digits = str(Decimal(number.numerator))
    return digits if number.denominator == 1 else f"{digits}/{Decimal(number.denominator)}"


def as_number(entry: Any, name: str) -> int | Fraction:
    """Return one number as an int or a Fraction."""
    if type(entry) is int or (type(entry) is Fraction and type(entry.numerator) is int
                              and type(entry.denominator) is int):
        return entry
    if isinstance(entry, (numbers.Integral, np.bool_)):
        return int(entry)
    if isinstance(entry, numbers.Rational):
        return Fraction(int(entry.numerator), int(entry.denominator))
    if issubclass(type(entry), (float, np.floating)):       # an object may claim to be one
        if issubclass(type(entry), float):
            entry = float(entry)        # of a subclass, which may answer NumPy
        if np.isfinite(entry) and entry == np.trunc(entry):
            return int(entry)
        entry = Decimal(str(entry))
    if not issubclass(type(entry), Decimal):
        raise TypeError(f"{name} must hold integers, fractions, decimals or floats, got "
                        f"{type(entry).__name__}"
                        + (f": {FOR_SYMBOLS}" if is_symbolic(entry) else "")
                        + (f": {FOR_COMPLEX}" if isinstance(entry, (complex, np.complexfloating))
                           else ""))
    if not entry.is_finite():
        raise ValueError(f"{name} must be finite to be exact, got {entry}")
    _, digits, exponent = entry.as_tuple()
    if abs(int(exponent)) > LARGEST_EXPONENT + len(digits):
        raise ValueError(f"{name} must have decimals with exponents up to {LARGEST_EXPONENT}, "
                         f"got {shown(entry)}")
    numerator, denominator = entry.as_integer_ratio()
    return numerator if denominator == 1 else Fraction(numerator, denominator)
