"""The rank, the inverse and the determinant of a matrix.

The kernels are mathwork/kernels/matrix/system_doors.pxi and the files above it in _core.pyx.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, overload

from mathwork._doors import door
from mathwork._levels import core as kernels
from mathwork._workers import checked_workers
from mathwork.matrix.arithmetic import arithmetic
from mathwork.matrix.checks import checked_matrix, kernel_tolerances

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Any, SupportsIndex

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, ScalarOrArray


@door(kernels.rank)
def rank(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
         modulus: SupportsIndex | None = None, workers: int = 1) -> int | NDArray[np.intp]:
    """The number of independent rows.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
    tol, atol, exact, modulus, workers
        As for :func:`rref`.

    Returns
    -------
    int, or ndarray of int for a stack
        0 if A is not finite; then the status of :func:`rref` says so.

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
    >>> from mathwork.matrix import rank
    >>> rank([[1, 2], [2, 4]])
    1
    """
    workers = checked_workers(workers)
    field = arithmetic(tol, exact, modulus, atol, A)
    if field is not None:
        return field.rank(A, workers)
    return kernels.rank_of_plain(checked_matrix(A), *kernel_tolerances(tol, atol), workers, 2)


@overload
def inv(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, workers: int = 1
        ) -> FloatArray: ...
@overload
def inv(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: SupportsIndex | None = None, workers: int = 1) -> NDArray[Any]: ...
@door(kernels.inv)
def inv(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: SupportsIndex | None = None, workers: int = 1) -> NDArray[Any]:
    """The inverse of a square matrix.

    Parameters
    ----------
    A : array_like, shape (..., n, n)
    tol, atol, exact, modulus, workers
        As for :func:`rref`.

    Returns
    -------
    ndarray, shape (..., n, n)
        In a stack, NaN for a slice without an inverse, or -1 modulo a prime.

    Raises
    ------
    numpy.linalg.LinAlgError
        If one matrix has no inverse: its rank is below n, or it is not finite.
    TypeError, ValueError
        As :func:`rref`; and ValueError if A is not square.

    Warns
    -----
    RankWarning
        If a rank was a close call, as ``ambiguous`` of :class:`Reduced` tells.

    Examples
    --------
    >>> from mathwork.matrix import inv
    >>> inv([[2, 3], [4, 5]])
    array([[-2.5,  1.5],
           [ 2. , -1. ]])
    """
    workers = checked_workers(workers)
    field = arithmetic(tol, exact, modulus, atol, A)
    if field is not None:
        return field.inv(A, workers)
    A = checked_matrix(A, square=True)
    return kernels.invert_plain(A, *kernel_tolerances(tol, atol), workers, 2)


@overload
def det(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, workers: int = 1
        ) -> ScalarOrArray: ...
@overload
def det(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: SupportsIndex | None = None, workers: int = 1
        ) -> Fraction | int | ScalarOrArray | NDArray[Any]: ...
@door(kernels.det)
def det(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: SupportsIndex | None = None, workers: int = 1
        ) -> Fraction | int | ScalarOrArray | NDArray[Any]:
    """The determinant of a square matrix.

    Parameters
    ----------
    A : array_like, shape (..., n, n)
    tol, atol, exact, modulus, workers
        As for :func:`rref`.

    Returns
    -------
    float64 or float32, Fraction or int; ndarray for a stack
        The product of the pivots; only the whole product can overflow or underflow. 0 if the rank
        is below n, NaN if A is not finite. With ``tol=0`` only an exact zero is no pivot.

    Raises
    ------
    TypeError, ValueError
        As :func:`rref`; and ValueError if A is not square.

    Warns
    -----
    RankWarning
        If a rank was a close call, as ``ambiguous`` of :class:`Reduced` tells.

    Examples
    --------
    >>> from mathwork.matrix import det
    >>> det([[2, 3], [4, 5]])
    np.float64(-2.0)
    """
    workers = checked_workers(workers)
    field = arithmetic(tol, exact, modulus, atol, A)
    if field is not None:
        return field.det(A, workers)
    A = checked_matrix(A, square=True)
    return kernels.determinant_of_plain(A, *kernel_tolerances(tol, atol), workers, 2)
