"""The row operations and the product on objects, such as Fractions: exact, entry by entry."""
from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import check_out
from mathwork.matrix.checks import with_advice
from mathwork.matrix.rationals import as_exact, as_number

if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

OBJECT = np.dtype(object)


def swap_rows(A: ArrayLike, i: SupportsIndex, j: SupportsIndex, out: NDArray[Any] | None
              ) -> NDArray[Any]:
    result = _matrix(A)
    i, j = _row(i, "i", result), _row(j, "j", result)
    result[[i, j]] = result[[j, i]]
    return _placed(result, out)


def scale_row(A: ArrayLike, i: SupportsIndex, factor: Any, out: NDArray[Any] | None
              ) -> NDArray[Any]:
    result, factor = _matrix(A), as_number(factor, "factor")
    i = _row(i, "i", result)
    if not factor:
        raise ValueError("factor must not be zero, got 0")
    result[i] *= factor
    return _placed(result, out)


def add_multiple(A: ArrayLike, target: SupportsIndex, source: SupportsIndex, factor: Any,
                 out: NDArray[Any] | None) -> NDArray[Any]:
    result, factor = _matrix(A), as_number(factor, "factor")
    t, s = _row(target, "target", result), _row(source, "source", result)
    if t == s:
        raise ValueError(f"target and source must be different rows, got {target} and {source}")
    result[t] += factor * result[s]
    return _placed(result, out)


def matmul(A: ArrayLike, B: ArrayLike, out: NDArray[Any] | None) -> NDArray[Any]:
    left, right = _exact(A, "A"), _exact(B, "B")
    if left.ndim < 2 or right.ndim < 2 or left.shape[-1] != right.shape[-2]:
        raise ValueError("A and B must have shapes (..., m, k) and (..., k, n), "
                         f"got {left.shape} and {right.shape}")
    try:
        stack = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    except ValueError:
        raise ValueError("the stacks of A and B must broadcast, "
                         f"got shapes {left.shape} and {right.shape}") from None
    if not left.shape[-1]:
        return _placed(np.zeros((*stack, left.shape[-2], right.shape[-1]), object), out)
    return _placed(left @ right, out)


def _exact(value: ArrayLike, name: str) -> NDArray[np.object_]:
    """Return a new array of int and Fraction objects"""
    try:
        return as_exact(value, name).astype(object)
    except TypeError:
        # The kernels refuse other dtypes with the same words.
        error = TypeError(f"{name} must hold real numbers, got dtype {np.asarray(value).dtype}")
        raise with_advice(error, value) from None


def _matrix(A: ArrayLike) -> NDArray[np.object_]:
    """Return a new matrix of int and Fraction objects"""
    matrix = _exact(A, "A")
    if matrix.ndim != 2:
        raise ValueError(f"A must have shape (m, n), got {matrix.shape}")
    return matrix


def _row(i: SupportsIndex, name: str, A: NDArray[Any]) -> int:
    row = operator.index(i)
    if not -len(A) <= row < len(A):
        raise IndexError(f"{name} must be a row of A of shape {A.shape}, got {i}")
    return row % len(A)


def _placed(result: NDArray[Any], out: NDArray[Any] | None) -> NDArray[Any]:
    if out is None:
        return result
    check_out(out, result.shape, OBJECT)[...] = result
    return out
