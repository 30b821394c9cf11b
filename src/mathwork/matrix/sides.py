"""Matrices and right-hand sides that broadcast, for the functions that compute in floats alone."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import as_plain
from mathwork.matrix.checks import FOR_SYMBOLS, checked_sides, is_symbolic, joint_stack

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray

FOR_OBJECTS = "solve, inv, det and slogdet compute with Fractions: exact=True"


def plain_floats(value: ArrayLike, name: str) -> FloatArray:
    """Return `value` as a plain array; of objects, the TypeError says what else takes them."""
    try:
        return as_plain(value, name)
    except TypeError as error:
        entries = () if isinstance(value, np.ma.MaskedArray) else np.asarray(value)
        if not len(np.shape(entries)) or np.asarray(entries).dtype != object:
            raise
        symbols = any(map(is_symbolic, np.asarray(entries).flat))
        raise TypeError(f"{error}: {FOR_SYMBOLS if symbols else FOR_OBJECTS}") from None


def broadcast_sides(shape: tuple[int, ...], b: FloatArray
                    ) -> tuple[FloatArray, bool, tuple[int, ...]]:
    """Return (columns (..., m, k), whether b was vectors, the shape of the stack).

    `shape` is that of A. `b` and the errors are as for checked_sides().
    """
    A = np.broadcast_to(0.0, shape)
    columns, vectors = checked_sides(A, b)
    return columns, vectors, joint_stack(A, columns) or ()
