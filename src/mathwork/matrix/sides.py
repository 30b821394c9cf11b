"""Matrices and right-hand sides, read for the functions that compute in floats alone.

Floats are real or complex here.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import as_complex, as_plain, holds_complex
from mathwork.matrix.checks import FOR_FRACTIONS, with_advice

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import ComplexArray, FloatArray

FOR_OBJECTS = "solve, inv, det and slogdet compute with Fractions: exact=True"


def plain_numbers(value: ArrayLike, name: str) -> NDArray[Any]:
    """Return `value` as a plain array, real or complex; of objects, the error says what takes them.
    """
    try:
        return as_plain(value, name)
    except TypeError as error:
        if not holds_complex(value):
            raise _with_advice(error, value) from None
    return plain_complex(value, name)


def plain_complex(value: ArrayLike, name: str) -> ComplexArray:
    """Return `value` as a plain complex array, or raise as plain_numbers()."""
    try:
        return as_complex(**{name: value})[0]
    except TypeError as error:
        raise _with_advice(error, value) from None


def _with_advice(error: TypeError, value: ArrayLike) -> TypeError:
    """Return the TypeError that floats cannot be made of `value`, with what to do about it."""
    advised = with_advice(error, value)
    return TypeError(f"{error}: {FOR_OBJECTS}") if str(advised).endswith(FOR_FRACTIONS) else advised


def joined(parts: FloatArray) -> ComplexArray:
    """Return the complex columns whose real parts are the first half of `parts`."""
    k = parts.shape[-1] // 2
    columns = np.empty((*parts.shape[:-1], k), np.result_type(parts.dtype, np.complex64))
    columns.real, columns.imag = parts[..., :k], parts[..., k:]
    return columns
