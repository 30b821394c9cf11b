"""The rank, the inverse and the determinant of a matrix."""
from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, overload

import numpy as np

from mathwork._levels import core as kernels
from mathwork._warnings import RankWarning
from mathwork.matrix.arithmetic import arithmetic
from mathwork.matrix.beside import REMEDY, close_text, reduced_beside, warn_if_close
from mathwork.matrix.checks import checked_matrix, with_checked_shape
from mathwork.matrix.elimination import CLOSE_ACCEPTED, ref, rref
from mathwork.matrix.solution import is_zero

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, ScalarOrArray
    from mathwork.matrix.elimination import Reduced


def rank(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
         modulus: SupportsIndex | None = None) -> int | NDArray[np.intp]:
    """The number of independent rows.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
    tol, atol, exact, modulus
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
    field = arithmetic(tol, exact, modulus, atol)
    if field is not None:
        return field.rank(A)
    reduced = rref(A, tol=tol, atol=atol)
    warn_if_close(reduced.ambiguous, reduced, tol)
    return reduced.rank


@overload
def inv(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0) -> FloatArray: ...
@overload
def inv(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: SupportsIndex | None = None) -> NDArray[Any]: ...
def inv(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: SupportsIndex | None = None) -> NDArray[Any]:
    """The inverse of a square matrix.

    Parameters
    ----------
    A : array_like, shape (..., n, n)
    tol, atol, exact, modulus
        As for :func:`rref`.

    Returns
    -------
    ndarray, shape (..., n, n)
        In a stack, NaN for a slice without an inverse.

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
    if tol is None and is_zero(atol) and exact is False and modulus is None:
        found = kernels.invert_regular(A)
        if found is not None:
            inverse, accepted = found
            if not accepted >= CLOSE_ACCEPTED:
                warnings.warn(close_text("the rank of A"), RankWarning, stacklevel=2)
            return inverse
    field = arithmetic(tol, exact, modulus, atol)
    if field is not None:
        return field.inv(A)
    A = checked_matrix(A, square=True)
    n = A.shape[-1]
    identity = np.broadcast_to(np.eye(n, dtype=A.dtype), A.shape)
    reduced = reduced_beside(A, identity, tol, atol)
    singular = np.less(reduced.rank, n)
    if A.ndim == 2 and singular:
        raise np.linalg.LinAlgError(_why_singular(reduced, n))
    warn_if_close(reduced.ambiguous, reduced, tol)
    inverse = reduced.matrix[..., n:].copy()
    if A.ndim > 2:
        inverse[singular] = np.nan
    return inverse


def _why_singular(reduced: Reduced, n: int) -> str:
    if reduced.status:
        return "A has no inverse: it holds NaN or infinity"
    if reduced.ambiguous:
        return f"A has no inverse: its rank is {reduced.rank} of {n} within rounding; {REMEDY}"
    return f"A has no inverse: its rank is {reduced.rank} of {n}"


@overload
def det(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0) -> ScalarOrArray: ...
@overload
def det(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: SupportsIndex | None = None) -> Fraction | int | ScalarOrArray | NDArray[Any]: ...
def det(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: SupportsIndex | None = None) -> Fraction | int | ScalarOrArray | NDArray[Any]:
    """The determinant of a square matrix.

    Parameters
    ----------
    A : array_like, shape (..., n, n)
    tol, atol, exact, modulus
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
    field = arithmetic(tol, exact, modulus, atol)
    if field is not None:
        return field.det(A)
    echelon = ref(A, tol=tol, atol=atol)
    with_checked_shape(echelon.matrix, square=True)
    warn_if_close(echelon.ambiguous, echelon, tol)
    return kernels.determinants(echelon)
