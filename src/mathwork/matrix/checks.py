"""Checks of the arguments that the functions of this package share."""
from __future__ import annotations

import math
import numbers
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import real, shown, whole
from mathwork._arrays import as_plain, joint_shape

if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import Array, FloatArray

LARGEST = 2**31     # No memory holds more, but an array without entries may claim it.
FOR_SYMBOLS = "for matrices of symbols there is SymPy"
FOR_FRACTIONS = "with exact=True it may hold Fractions, Decimals and integers of any size"


def checked_tol(tol: float | None, name: str = "tol") -> float | None:
    """Return a tolerance as a float; None stays None."""
    if tol is None:
        return None
    number = real(tol, name)
    if not number >= 0:
        raise ValueError(f"{name} must be a number at least 0, got {shown(tol)}")
    return number


def checked_atol(atol: float) -> float:
    """Return `atol` as a float."""
    number = checked_tol(atol, "atol")
    if number is None:
        raise TypeError("atol must be a number, got None")
    return number


def checked_columns(columns: SupportsIndex | None, n: int) -> int:
    """Return how many of n columns may have pivots; None: all."""
    if columns is None:
        return n
    columns = whole(columns, "columns")
    if not 0 <= columns <= n:
        raise ValueError(f"columns must be between 0 and {n}, the columns of A, "
                         f"got {shown(columns)}")
    return columns


def checked_matrix(A: ArrayLike, *, square: bool = False) -> FloatArray:
    """Return `A` as a plain matrix, or a stack of matrices."""
    try:
        plain = as_plain(A, "A")
    except TypeError as error:
        raise with_advice(error, A) from None
    return with_checked_shape(plain, square=square)


def with_advice(error: TypeError, *values: ArrayLike) -> TypeError:
    """Return the TypeError that floats cannot be made of `values`, with a word on what could be."""
    entries = [entry for value in values if not isinstance(value, np.ma.MaskedArray)
               for array in [np.asarray(value)] if array.dtype == object
               for entry in array.reshape(-1)]
    if any(map(is_symbolic, entries)):
        return TypeError(f"{error}: {FOR_SYMBOLS}")
    if any(isinstance(entry, (complex, np.complexfloating)) for entry in entries):
        return TypeError(f"{error}: complex numbers go into an array of complex128, without "
                         "Fractions or Decimals beside them")
    if entries and all(isinstance(entry, (numbers.Real, Decimal)) for entry in entries):
        return TypeError(f"{error}: {FOR_FRACTIONS}")
    return error


def is_symbolic(entry: object) -> bool:
    """Return whether an object is an expression of SymPy that is not a rational number."""
    return (type(entry).__module__.partition(".")[0] == "sympy"
            and not isinstance(entry, numbers.Rational))


def with_checked_shape(A: Array, *, square: bool = False) -> Array:
    """Return the array `A` if it is a matrix, or a stack of matrices."""
    check_shape(A.shape, square=square)
    return A


def check_shape(shape: tuple[int, ...], *, square: bool = False) -> None:
    """Raise unless an array of this shape is a matrix, or a stack of matrices."""
    if len(shape) < 2:
        raise ValueError(f"A must have shape (m, n) or (..., m, n), got {shape}")
    if square and shape[-2] != shape[-1]:
        raise ValueError(f"A must be square, got shape {shape}")
    if max(math.prod(shape[:-2]), *shape[-2:]) > LARGEST:
        raise ValueError(f"A must have at most 2**31 rows, columns and matrices, got {shape}")


def checked_sides(shape: tuple[int, ...], b: NDArray[Any]
                  ) -> tuple[NDArray[Any], bool, tuple[int, ...]]:
    """Return (`b` as columns, whether they were vectors, the stack that they and A broadcast to).

    They are right-hand sides for matrices A of this shape.
    """
    ndim = len(shape)
    vectors = b.ndim in (1, ndim - 1)
    columns = b[..., None] if vectors else b
    if columns.ndim >= 2 and columns.shape[-2] == shape[-2]:
        stack = joint_stack(shape, columns.shape)
        if stack is not None:
            return columns, vectors, stack
    advice = ""
    if b.ndim == ndim and b.shape[-1] == shape[-2]:
        advice = ": for a stack of vectors, b[..., None] has a last axis of one"
    raise ValueError(f"b must have shape {shape[:-1]}, or that and a last axis of right-hand "
                     f"sides, to match A of shape {shape}, got {b.shape}{advice}")


def joint_stack(shape: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the axes to which stacks of matrices of these shapes broadcast; None if they do not"""
    one, two = shape[:-2], other[:-2]
    if one == two:
        return one
    try:
        return joint_shape({"A": one, "b": two})
    except ValueError:
        return None


def over_stack(array: NDArray[Any], stack: tuple[int, ...]) -> NDArray[Any]:
    """Return matrices broadcast to these axes, perhaps read-only."""
    if array.shape[:-2] == stack:
        return array
    return np.broadcast_to(array, (*stack, *array.shape[-2:]))


def beside(A: NDArray[Any], sides: NDArray[Any]) -> NDArray[Any]:
    """Return ``[A | sides]``; their stacks broadcast."""
    stack = joint_stack(A.shape, sides.shape) or ()
    return np.concatenate([over_stack(part, stack) for part in (A, sides)], axis=-1)


def kernel_tolerances(tol: float | None, atol: float) -> tuple[float, float]:
    """Return (tol, atol) as kernels take them: a tol of -1 stands for the default."""
    checked = checked_tol(tol)
    return -1.0 if checked is None else checked, checked_atol(atol)
