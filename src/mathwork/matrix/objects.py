"""The row operations and products of what kernels do not compute with, by NumPy.

That is objects, such as Fractions: exact, entry by entry. And it is complex numbers.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import shown, whole
from mathwork._arrays import as_complex, broadcast_shape, check_out, holds_complex, not_real
from mathwork.matrix.checks import joint_stack, with_advice
from mathwork.matrix.rationals import as_exact, as_number

if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray


def swap_rows(A: ArrayLike, i: SupportsIndex, j: SupportsIndex, out: NDArray[Any] | None
              ) -> NDArray[Any]:
    result = _matrix(A)
    i, j = _row(i, "i", result), _row(j, "j", result)
    result[[i, j]] = result[[j, i]]
    return _placed(result, out)


def scale_row(A: ArrayLike, i: SupportsIndex, factor: Any, out: NDArray[Any] | None
              ) -> NDArray[Any]:
    result, multiple = _with_factor(A, factor)
    i = _row(i, "i", result)
    if not multiple:
        rounded = f"{factor}, which is zero in {result.dtype}" if factor != 0 else multiple
        raise ValueError(f"factor must not be zero, got {rounded}")
    with np.errstate(all="ignore"):        # as the kernels
        result[i] *= multiple
    return _placed(result, out)


def add_multiple(A: ArrayLike, target: SupportsIndex, source: SupportsIndex, factor: Any,
                 out: NDArray[Any] | None) -> NDArray[Any]:
    result, factor = _with_factor(A, factor)
    t, s = _row(target, "target", result), _row(source, "source", result)
    if t == s:
        raise ValueError(f"target and source must be different rows, got {target} and {source}")
    with np.errstate(all="ignore"):        # as the kernels
        result[t] += factor * result[s]
    return _placed(result, out)


def matmul(A: ArrayLike, B: ArrayLike, out: NDArray[Any] | None) -> NDArray[Any]:
    left, right = _numbers(A=A, B=B)
    if left.ndim < 2 or right.ndim < 2 or left.shape[-1] != right.shape[-2]:
        raise ValueError("A and B must have shapes (..., m, k) and (..., k, n), "
                         f"got {left.shape} and {right.shape}")
    if joint_stack(left.shape, right.shape) is None:
        raise ValueError("the stacks of A and B must broadcast, "
                         f"got shapes {left.shape} and {right.shape}")
    return _placed(_product(left, right), out)


def matvec(W: ArrayLike, x: ArrayLike, bias: ArrayLike | None, out: NDArray[Any] | None
           ) -> NDArray[Any]:
    matrix, vector, *offset = _numbers(W=W, x=x, **({} if bias is None else {"bias": bias}))
    if matrix.ndim < 2:
        raise ValueError(f"W must have shape (..., n_out, n_in), got {matrix.shape}")
    for name, given, length in zip(("x", "bias"), (vector, *offset), matrix.shape[:-3:-1],
                                   strict=False):
        if given.shape[-1:] != (length,):
            raise ValueError(f"{name} must have shape ({length},) or (..., {length}) to match W of "
                             f"shape {matrix.shape}, got {given.shape}")
    try:
        broadcast_shape(matrix.shape[:-2], *(part.shape[:-1] for part in (vector, *offset)))
    except ValueError:
        shapes = " and ".join(str(part.shape) for part in (matrix, vector, *offset))
        raise ValueError(f"the stacks of {'W, x and bias' if offset else 'W and x'} must "
                         f"broadcast, got shapes {shapes}") from None
    return _placed(sum(offset, _product(matrix, vector[..., None])[..., 0]), out)


def _product(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    if not left.shape[-1]:      # NumPy's product of objects needs a term
        stack = joint_stack(left.shape, right.shape) or ()
        return np.zeros((*stack, left.shape[-2], right.shape[-1]), left.dtype)
    with np.errstate(all="ignore"):
        return left @ right


def _numbers(**values: ArrayLike) -> list[NDArray[Any]]:
    """Return new arrays of a common complex dtype if any is complex, else of int and Fraction"""
    if any(map(holds_complex, values.values())):
        try:
            return [np.array(array) for array in as_complex(**values)]
        except TypeError as error:
            raise with_advice(error, *values.values()) from None
    return [_exact(value, name) for name, value in values.items()]


def _exact(value: ArrayLike, name: str) -> NDArray[np.object_]:
    try:
        return as_exact(value, name).astype(object)
    except TypeError:
        # The kernels refuse other dtypes with the same words.
        raise with_advice(not_real(name, np.asarray(value)), value) from None


def _matrix(A: ArrayLike) -> NDArray[Any]:
    """Return a new matrix of complex numbers, or of int and Fraction objects"""
    matrix = _numbers(A=A)[0]
    if matrix.ndim != 2:
        raise ValueError(f"A must have shape (m, n), got {matrix.shape}")
    return matrix


def _with_factor(A: ArrayLike, factor: Any) -> tuple[NDArray[Any], Any]:
    """Return (new matrix, factor of its kind); a complex factor makes a matrix complex"""
    if not holds_complex(A) and not holds_complex(factor):
        return _matrix(A), as_number(factor, "factor")
    number, = as_complex(factor=factor)
    if number.ndim:
        raise TypeError(f"factor must be a number, got shape {number.shape}")
    matrix = _matrix(A if holds_complex(A) else as_complex(A=A)[0])
    with np.errstate(all="ignore"):
        return matrix, matrix.dtype.type(number[()])


def _row(i: SupportsIndex, name: str, A: NDArray[Any]) -> int:
    row = whole(i, name)
    if not -len(A) <= row < len(A):
        raise IndexError(f"{name} must be a row of A of shape {A.shape}, got {shown(i)}")
    return row % len(A)


def _placed(result: NDArray[Any], out: NDArray[Any] | None) -> NDArray[Any]:
    if out is None:
        return result
    check_out(out, result.shape, result.dtype)[...] = result
    return out
