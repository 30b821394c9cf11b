"""The null space of a matrix.

The kernel is mathwork/kernels/matrix/null_vectors.pxi.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, overload

import numpy as np

from mathwork._arguments import flag
from mathwork._doors import door
from mathwork._levels import core as kernels
from mathwork._workers import checked_workers
from mathwork.matrix.arithmetic import arithmetic
from mathwork.matrix.checks import checked_matrix, kernel_tolerances

if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray


@overload
def null_space(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, workers: int = 1
               ) -> FloatArray: ...
@overload
def null_space(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
               modulus: SupportsIndex | None = None, integer: bool = False, workers: int = 1
               ) -> NDArray[Any]: ...
@door(kernels.null_space)
def null_space(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
               modulus: SupportsIndex | None = None, integer: bool = False, workers: int = 1
               ) -> NDArray[Any]:
    """A basis of all x with ``A x = 0``. In each vector one free variable is 1, the others 0.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
    tol, atol, exact, modulus
        As for :func:`rref`.
    integer : bool
        Compute exactly, and multiply each vector so that it holds integers without a common factor,
        the first that is not zero positive.
    workers : int
        The number of threads that share the matrices of a stack.

    Returns
    -------
    ndarray, shape (..., n, nullity)
        The vectors as columns, in the order of their free variables. A stack has as many as its
        largest nullity; a slice with fewer is filled up with zeros. A slice that is not finite is
        NaN; a single such matrix gives n x n NaN. If `integer`, an array of Python's integers.

    Raises
    ------
    TypeError, ValueError
        As :func:`rref`.

    Warns
    -----
    RankWarning
        If a rank was a close call, as ``ambiguous`` of :class:`Reduced` tells.

    Examples
    --------
    >>> from mathwork.matrix import null_space
    >>> null_space([[1, 2, 3], [0, 1, 4]])
    array([[ 5.],
           [-4.],
           [ 1.]])

    A chemical equation in whole numbers: KMnO4 + HCl -> KCl + MnCl2 + H2O + Cl2. A row counts the
    atoms of one element, and the products are negative.

    >>> A = [[1, 0, -1, 0, 0, 0],       # K
    ...      [1, 0, 0, -1, 0, 0],       # Mn
    ...      [4, 0, 0, 0, -1, 0],       # O
    ...      [0, 1, 0, 0, -2, 0],       # H
    ...      [0, 1, -1, -2, 0, -2]]     # Cl
    >>> null_space(A, exact=True, integer=True)[:, 0].tolist()
    [2, 16, 2, 2, 8, 5]
    """
    workers, integer = checked_workers(workers), flag(integer, "integer")
    field = arithmetic(tol, flag(exact, "exact") or integer, modulus, atol, A)
    if field is not None:
        basis = field.null_space(A, workers)
        return in_integers(basis) if integer else basis
    return kernels.null_space_of_plain(checked_matrix(A), *kernel_tolerances(tol, atol), workers, 2)


def in_integers(basis: NDArray[Any]) -> NDArray[Any]:
    """Return multiples of the columns: coprime integers, the first that is not zero positive"""
    result = np.empty(basis.shape, object)
    for at in np.ndindex(*basis.shape[:-2], basis.shape[-1]):
        column = *at[:-1], slice(None), at[-1]
        entries = basis[column].tolist()
        multiple = math.lcm(*(entry.denominator for entry in entries))
        whole = [entry.numerator * (multiple // entry.denominator) for entry in entries]
        divisor = math.gcd(*whole) or 1         # a column of zeros fills up
        if next(filter(None, whole), 1) < 0:
            divisor = -divisor
        result[column] = [entry // divisor for entry in whole]
    return result
