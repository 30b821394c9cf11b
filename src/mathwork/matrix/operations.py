"""Products and row operations: the doors of the kernels as they are, under their public name.

Here is what needs no kernel: putting matrices side by side, and telling their form.
"""
import contextlib

import numpy as np

from mathwork import _arrays
from mathwork._levels import core
from mathwork.matrix.arithmetic import checked_sides

matvec = core.matvec
matmul = core.matmul
swap_rows = core.swap_rows
scale_row = core.scale_row
add_multiple = core.add_multiple

for function in (matvec, matmul, swap_rows, scale_row, add_multiple):
    # A pickle or a traceback names the public module, not the level that happens to run.
    function.__module__ = "mathwork.matrix"
del function


def augment(A, b):
    """The augmented matrix ``[A | b]``.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
    b : array_like, shape (..., m) or (..., m, k)
        One column or k of them for each matrix: a column if it has one dimension less than A.

    Returns
    -------
    ndarray, shape (..., m, n + 1) or (..., m, n + k)
        float32 where both are float32 or float16, else float64; objects where either holds
        objects, such as Fractions, which stay what they are.

    Raises
    ------
    TypeError
        For what is neither real numbers nor objects, and masked arrays.
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
    if "O" not in (A.dtype.kind, b.dtype.kind):
        A, b = _arrays.as_plain_together(A=A, b=b)
    if A.ndim < 2:
        raise ValueError(f"A must have shape (m, n) or (..., m, n), got {A.shape}")
    return np.concatenate((A, checked_sides(A, b)[0]), axis=-1)


def _numbers(value, name):
    """`value` as an array of real numbers, or as it is where it holds objects"""
    if not isinstance(value, np.ndarray):
        with contextlib.suppress(ValueError):       # which as_array explains
            value = np.asarray(value)
    if type(value) is np.ndarray and value.dtype.kind == "O":
        return value
    return _arrays.as_array(value, name)


def is_ref(A):
    """Whether a matrix is in row echelon form.

    That is: rows of zeros are at the bottom, and the first entry of any other row that is not
    zero stands right of that of the row above.

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
        For what is neither real numbers nor objects, and masked arrays.
    ValueError
        If A has less than 2 dimensions.

    Examples
    --------
    >>> from mathwork.matrix import is_ref
    >>> is_ref([[1, 2, 3, 6], [0, 1, 4, 5]])
    True
    """
    return _answer(_descends(*_leading(A)))


def is_rref(A):
    """Whether a matrix is in reduced row echelon form.

    That is: in row echelon form, the first entry of a row that is not zero being 1, and the only
    one in its column.

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
        For what is neither real numbers nor objects, and masked arrays.
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
    column = np.minimum(leading, max(A.shape[-1] - 1, 0))
    empty = leading == A.shape[-1]
    if not A.size:
        return _answer(_descends(A, leading))
    one = np.take_along_axis(A, column[..., None], axis=-1)[..., 0] == 1
    alone = np.take_along_axis((A != 0).sum(axis=-2), column, axis=-1) == 1
    return _answer(_descends(A, leading) & (empty | (one & alone)).all(axis=-1))


def _leading(A):
    """A as an array, and the column of each row's first entry that is not zero, or n"""
    A = _numbers(A, "A")
    if A.ndim < 2:
        raise ValueError(f"A must have shape (m, n) or (..., m, n), got {A.shape}")
    end = np.ones((*A.shape[:-1], 1), bool)
    return A, np.concatenate((A != 0, end), axis=-1).argmax(axis=-1)


def _descends(A, leading):
    """Whether each row begins right of the one above, or both are zero"""
    below, above = leading[..., 1:], leading[..., :-1]
    return ((below > above) | (below == A.shape[-1])).all(axis=-1)


def _answer(found):
    return bool(found) if found.ndim == 0 else found
