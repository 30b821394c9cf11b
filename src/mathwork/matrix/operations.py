"""Products and row operations: the doors of the kernels, under their public names.

A kernel hands objects, such as Fractions, to the body of its declaration. They are read as
``rref(A, exact=True)`` reads them, and results are exact. augment, is_ref and is_rref hand over all
that is not one simple matrix. All hand over complex numbers.
"""
# mypy: disable-error-code="empty-body"
from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

import numpy as np

import mathwork.matrix.objects as objects
from mathwork._arrays import (
    as_array,
    as_complex,
    as_plain_together,
    holds_complex,
    unmasked,
)
from mathwork._doors import door
from mathwork._levels import core as kernels
from mathwork.matrix.checks import beside, checked_sides, with_checked_shape

if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, Place


@door(kernels.matvec)
def matvec(W: ArrayLike, x: ArrayLike, bias: ArrayLike | None = None, *,
           out: FloatArray | None = None, workers: int = 1) -> FloatArray:
    """The product of a matrix and a vector, plus a bias: ``W @ x + bias``.

    Parameters
    ----------
    W : array_like, shape (..., n_out, n_in)
        One matrix, or a stack. The leading axes of W, x and bias broadcast.
    x : array_like, shape (..., n_in)
        One vector, or a stack of them.
    bias : array_like, shape (..., n_out), optional
    out : ndarray, shape (..., n_out), optional
        Where to put the result; may share memory with the inputs. After an interrupt it may be
        partly written.
    workers : int
        The number of threads that share a stack.

    Returns
    -------
    ndarray, shape (..., n_out)
        float32 if all inputs are float32 or float16, else float64; complex64 or complex128 by the
        same rule if any is complex. It is `out` if that was given.

    Raises
    ------
    TypeError
        For inputs that are not numbers, masked arrays, and an `out` of another dtype.
    ValueError
        For shapes that do not fit, and a read-only `out`.

    Notes
    -----
    A sum of fewer than 32 terms is one part. A longer sum is cut into contiguous parts of
    ``min(256, 8 ceil(n_in / 32))`` terms; the last part may be shorter. Each part is one chain of
    fused multiply-adds in the order of the terms. The first chain starts from the bias, the others
    from zero, and the parts are added in order. So :func:`matmul` and a layer of a network give the
    same bits. The error is at most ``n_in eps |W| |x|`` (Higham, Accuracy and Stability of
    Numerical Algorithms, 2nd ed., section 3.1).

    Examples
    --------
    >>> from mathwork.matrix import matvec
    >>> matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0], [0.5, 0.5])
    array([3.5, 7.5])
    >>> matvec([[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0], [0.0, 1.0]])
    array([[3., 7.],
           [2., 4.]])
    """
    return objects.matvec(W, x, bias, out)


@door(kernels.matmul)
def matmul(A: ArrayLike, B: ArrayLike, *, out: FloatArray | None = None, workers: int = 1
           ) -> FloatArray:
    """The product of two matrices: ``A @ B``.

    Parameters
    ----------
    A : array_like, shape (..., m, k)
        One matrix, or a stack. The leading axes of A and B broadcast.
    B : array_like, shape (..., k, n)
    out : ndarray, shape (..., m, n), optional
        Where to put the result; may share memory with the inputs. After an interrupt it may be
        partly written.
    workers : int
        The number of threads that share a stack, or the rows of A.

    Returns
    -------
    ndarray, shape (..., m, n)
        float32 if both inputs are float32 or float16, else float64; complex64 or complex128 by the
        same rule if either is complex. If either holds objects, int
        and Fraction objects. It is `out` if that was given.

    Raises
    ------
    TypeError
        For inputs that are not numbers, masked arrays, and an `out` of another dtype.
    ValueError
        For shapes that do not fit, and a read-only `out`.

    Notes
    -----
    Every entry is summed in parts, as :func:`matvec` describes, so a row of the result has the same
    bits, and a slice of a stack too. The error is at most ``k eps |A| |B|`` (Higham, Accuracy and
    Stability of Numerical Algorithms, 2nd ed., section 3.5). NumPy multiplies
    complex matrices.

    Examples
    --------
    >>> from mathwork.matrix import matmul
    >>> matmul([[1, 2], [3, 4]], [[0, 1], [1, 0]])
    array([[2., 1.],
           [4., 3.]])
    >>> matmul([[[1, 2]], [[3, 4]]], [[1], [1]]).tolist()
    [[[3.0]], [[7.0]]]

    Objects, such as Fractions, have an exact product.

    >>> from fractions import Fraction
    >>> matmul([[Fraction(1, 2), 1]], [[1], [Fraction(1, 3)]])
    array([[Fraction(5, 6)]], dtype=object)
    """
    return objects.matmul(A, B, out)


@door(kernels.swap_rows)
def swap_rows(A: ArrayLike, i: SupportsIndex, j: SupportsIndex, *, out: Place | None = None
              ) -> FloatArray:
    """Exchange two rows: ``R_i <-> R_j``.

    Parameters
    ----------
    A : array_like, shape (m, n)
    i, j : int
        Rows, counted from 0, or from the end if negative. They may be the same.
    out : ndarray, shape (m, n), optional
        Where to put the result; may share memory with `A`. ``out=A`` changes A in place.

    Returns
    -------
    ndarray, shape (m, n)
        float32 if A is float32 or float16, else float64; complex64 or complex128 if it is complex;
        int and Fraction objects if A holds objects. It is `out` if that was given.

    Raises
    ------
    IndexError
        For a row that A does not have.
    TypeError
        For input that is not numbers, masked arrays, rows that are not integers, and an `out`
        of another dtype.
    ValueError
        If A does not have 2 dimensions, `out` has another shape, or is read-only.

    Examples
    --------
    >>> from mathwork.matrix import swap_rows
    >>> swap_rows([[0, 1, 4], [1, 2, 3]], 0, 1)
    array([[1., 2., 3.],
           [0., 1., 4.]])
    """
    return objects.swap_rows(A, i, j, out)


@door(kernels.scale_row)
def scale_row(A: ArrayLike, i: SupportsIndex, factor: complex, *, out: Place | None = None
              ) -> FloatArray:
    """Multiply a row by a number that is not zero: ``R_i <- factor R_i``.

    Parameters
    ----------
    A : array_like, shape (m, n)
    i : int
        The row, counted from 0, or from the end if negative.
    factor : float or complex
        Not zero, also not after rounding to the dtype of the result. A complex factor makes A
        complex.
    out : ndarray, shape (m, n), optional
        Where to put the result; may share memory with `A`. ``out=A`` changes A in place.

    Returns
    -------
    ndarray, shape (m, n)
        float32 if A is float32 or float16, else float64; complex64 or complex128 if it is complex;
        int and Fraction objects if A holds objects. It is `out` if that was given.

    Raises
    ------
    IndexError
        For a row that A does not have.
    TypeError
        For input that is not numbers, masked arrays, a row that is not an integer, and an
        `out` of another dtype.
    ValueError
        For a factor of zero; if A does not have 2 dimensions, `out` has another shape, or is
        read-only.

    Notes
    -----
    Zero is refused: a multiplication by zero cannot be undone, so it is no row operation. NaN and
    infinity propagate.

    Examples
    --------
    >>> from mathwork.matrix import scale_row
    >>> scale_row([[1, 2], [0, 4]], 1, 0.25)
    array([[1., 2.],
           [0., 1.]])

    Objects, such as Fractions, are exact.

    >>> from fractions import Fraction
    >>> scale_row([[Fraction(3), Fraction(1, 2)]], 0, Fraction(1, 3))
    array([[Fraction(1, 1), Fraction(1, 6)]], dtype=object)
    """
    return objects.scale_row(A, i, factor, out)


@door(kernels.add_multiple)
def add_multiple(A: ArrayLike, target: SupportsIndex, source: SupportsIndex, factor: complex, *,
                 out: Place | None = None) -> FloatArray:
    """Add a multiple of a row to another one: ``R_target <- R_target + factor R_source``.

    Parameters
    ----------
    A : array_like, shape (m, n)
    target, source : int
        Different rows, counted from 0, or from the end if negative.
    factor : float or complex
        A complex factor makes A complex.
    out : ndarray, shape (m, n), optional
        Where to put the result; may share memory with `A`. ``out=A`` changes A in place.

    Returns
    -------
    ndarray, shape (m, n)
        float32 if A is float32 or float16, else float64; complex64 or complex128 if it is complex;
        int and Fraction objects if A holds objects. It is `out` if that was given.

    Raises
    ------
    IndexError
        For a row that A does not have.
    TypeError
        For input that is not numbers, masked arrays, rows that are not integers, and an `out`
        of another dtype.
    ValueError
        If target and source are the same row; if A does not have 2 dimensions, `out` has another
        shape, or is read-only.

    Notes
    -----
    One fused multiply-add for each entry that is real: rounded once if the processor can.

    Examples
    --------
    >>> from mathwork.matrix import add_multiple
    >>> add_multiple([[1, 2, 3], [4, 5, 6]], 1, 0, -4)
    array([[ 1.,  2.,  3.],
           [ 0., -3., -6.]])
    """
    return objects.add_multiple(A, target, source, factor, out)


@door(kernels.augment)
def augment(A: ArrayLike, b: ArrayLike) -> NDArray[Any]:
    """The augmented matrix ``[A | b]``.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
    b : array_like, shape (m,), (..., m) or (..., m, k)
        One column or k for each matrix, as for :func:`solve`.

    Returns
    -------
    ndarray, shape (..., m, n + 1) or (..., m, n + k)
        float32 if both are float32 or float16, else float64; complex64 or complex128 by the same
        rule if either is complex. Objects, such as Fractions, if either
        holds objects; these are not converted.

    Raises
    ------
    TypeError
        For input that is neither numbers nor objects, and for masked arrays.
    ValueError
        For shapes that do not go together.

    Examples
    --------
    >>> from mathwork.matrix import augment
    >>> augment([[2, 3], [4, 5]], [6, 10])
    array([[ 2.,  3.,  6.],
           [ 4.,  5., 10.]])
    """
    A, b = _numbers(A, "A"), _numbers(b, "b")
    kinds = A.dtype.kind, b.dtype.kind
    if "O" not in kinds:
        A, b = as_complex(A=A, b=b) if "c" in kinds else as_plain_together(A=A, b=b)
    return beside(A, checked_sides(with_checked_shape(A).shape, b)[0])


def _numbers(value: ArrayLike, name: str) -> NDArray[Any]:
    """Return `value` as an array of numbers, or unchanged if it holds objects"""
    if not isinstance(value, np.ndarray):
        with contextlib.suppress(ValueError):       # as_array explains it
            value = np.asarray(value)
    if type(value) is np.ndarray and value.dtype.kind == "O":
        return value
    return unmasked(value, name) if holds_complex(value) else as_array(value, name)


@door(kernels.is_ref)
def is_ref(A: ArrayLike) -> bool | NDArray[np.bool]:
    """Whether a matrix is in row echelon form.

    Rows of zeros are at the bottom. The first entry of any other row that is not zero stands right
    of the first such entry of the row above.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
        Zero means exactly zero; NaN is not zero.

    Returns
    -------
    bool, or ndarray of bool for a stack

    Raises
    ------
    TypeError
        For input that is neither numbers nor objects, and for masked arrays.
    ValueError
        If A has less than 2 dimensions.

    Examples
    --------
    >>> from mathwork.matrix import is_ref
    >>> is_ref([[1, 2, 3, 6], [0, 1, 4, 5]])
    True
    """
    return _answer(_descends(*_leading(A)))


@door(kernels.is_rref)
def is_rref(A: ArrayLike) -> bool | NDArray[np.bool]:
    """Whether a matrix is in reduced row echelon form.

    It is in row echelon form, and the first entry of a row that is not zero is 1 and is the only
    nonzero entry of its column.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
        Zero means exactly zero and one exactly one; NaN is neither.

    Returns
    -------
    bool, or ndarray of bool for a stack

    Raises
    ------
    TypeError
        For input that is neither numbers nor objects, and for masked arrays.
    ValueError
        If A has less than 2 dimensions.

    Examples
    --------
    >>> from mathwork.matrix import is_rref
    >>> is_rref([[1, 2, 3, 6], [0, 1, 4, 5]])
    False
    >>> is_rref([[1, 0, -5, -4], [0, 1, 4, 5]])
    True
    """
    A, leading = _leading(A)
    stack, (m, n) = A.shape[:-2], A.shape[-2:]
    if len(stack) > 1:          # take_along_axis takes fewer axes than arrays have
        A, leading = A.reshape(math.prod(stack), m, n), leading.reshape(math.prod(stack), m)
    found = _descends(A, leading)
    if A.size:
        column = np.minimum(leading, n - 1)
        one = np.take_along_axis(A, column[..., None], axis=-1)[..., 0] == 1
        alone = np.take_along_axis((A != 0).sum(axis=-2), column, axis=-1) == 1
        found &= ((leading == n) | (one & alone)).all(axis=-1)
    return _answer(found.reshape(stack) if stack else found)


def _leading(A: ArrayLike) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return A as an array, and the column of each row's first entry that is not zero, or n"""
    A = with_checked_shape(_numbers(A, "A"))
    end = np.ones((*A.shape[:-1], 1), bool)
    try:
        filled = np.asarray(A != 0, bool)
    except (ArithmeticError, ValueError):       # of a signalling NaN, of an array in A
        raise ValueError("A must hold numbers that can be compared with 0") from None
    return A, np.concatenate((filled, end), axis=-1).argmax(axis=-1)


def _descends(A: NDArray[Any], leading: NDArray[np.intp]) -> np.bool | NDArray[np.bool]:
    """Return whether each row begins right of the row above, or both are zero"""
    below, above = leading[..., 1:], leading[..., :-1]
    return ((below > above) | (below == A.shape[-1])).all(axis=-1)


def _answer(found: np.bool | NDArray[np.bool]) -> bool | NDArray[np.bool]:
    return found if isinstance(found, np.ndarray) else bool(found)
