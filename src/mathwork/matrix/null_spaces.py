"""The null space of a matrix: its vectors, checked and refined."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, overload

import numpy as np

from mathwork.matrix.arithmetic import arithmetic
from mathwork.matrix.beside import (
    at_pivots,
    default_tol,
    flat,
    reduced_beside,
    row_exponents,
    warn_if_close,
)
from mathwork.matrix.checks import checked_matrix
from mathwork.matrix.elimination import rref

if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray
    from mathwork.matrix.elimination import Reduced


@overload
def null_space(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0) -> FloatArray: ...
@overload
def null_space(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
               modulus: SupportsIndex | None = None,
               integer: bool = False) -> NDArray[Any]: ...
def null_space(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
               modulus: SupportsIndex | None = None,
               integer: bool = False) -> NDArray[Any]:
    """A basis of all x with ``A x = 0``. In each vector one free variable is 1, the others 0.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
    tol, atol, exact, modulus
        As for :func:`rref`.
    integer : bool
        Compute exactly, and multiply each vector so that it holds integers without a common factor,
        the first that is not zero positive.

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
    field = arithmetic(tol, exact or integer, modulus, atol)
    if field is not None:
        basis = field.null_space(A)
        return in_integers(basis) if integer else basis
    A = checked_matrix(A)
    reduced = rref(flat(A), tol=tol, atol=atol)
    basis, doubtful = null_vectors(flat(A), reduced, tol, atol)
    warn_if_close(reduced.ambiguous | doubtful, reduced, tol)
    return basis.reshape(*A.shape[:-2], *basis.shape[-2:])


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


def null_vectors(A: FloatArray, reduced: Reduced, tol: float | None, atol: float
                 ) -> tuple[FloatArray, NDArray[np.bool]]:
    """Return (the null space, whether A times it is not zero to rounding)

    Elimination is not stable row by row: a row may leave more than its own rounding. One step of
    refinement then brings it down.
    """
    basis = _null_space(reduced, A.shape[-1])
    if 0 in (A.shape[-2], basis.shape[-1]):
        return basis, np.zeros(A.shape[:-2], bool)
    exponents = row_exponents(A)
    with np.errstate(all="ignore"):
        bound = (tol or default_tol(A, exponents)) + np.ldexp(atol, -exponents).T
    scaled = np.ldexp(A.astype(float), -exponents[..., None])
    wrong = _exceeds(scaled, basis, bound.T)
    for at in map(tuple, np.argwhere(wrong)):
        pivots = np.asarray(reduced.pivots)[at]
        pivots = pivots[pivots >= 0]
        rest = scaled[at] @ basis[at].astype(float)
        again = reduced_beside(scaled[at][:, pivots], rest, 0)
        if again.rank == len(pivots):
            basis[at][pivots] -= again.matrix[:len(pivots), len(pivots):]
    return basis, _exceeds(scaled, basis, bound.T) if wrong.any() else wrong


def _exceeds(A: NDArray[Any], basis: NDArray[Any], bound: NDArray[Any]) -> NDArray[np.bool]:
    """Return whether a row of A times a vector is above its bound times the vector's 1-norm"""
    basis = basis.astype(float)
    with np.errstate(all="ignore"):
        sizes = np.abs(basis).sum(axis=-2)
        rest = np.abs(A @ basis)
        return (rest > bound[..., None] * sizes[..., None, :]).any(axis=(-2, -1))


def _null_space(reduced: Reduced, n: int) -> FloatArray:
    """Return the null space from a reduced matrix with its pivots in the first n columns"""
    if reduced.matrix.ndim == 2:
        return _null_space_of_one(reduced, n)
    # The identity less the rows at their pivots' places: zero in the columns of pivots.
    vectors = np.eye(n, dtype=reduced.matrix.dtype) - at_pivots(reduced, n, slice(n))
    is_pivot = np.zeros((*vectors.shape[:-2], n + 1), bool)
    np.put_along_axis(is_pivot, np.asarray(reduced.pivots) % (n + 1), True, axis=-1)
    free_first = np.argsort(is_pivot[..., :n], axis=-1, kind="stable")
    # A slice that is not finite does not widen the others.
    nullity = np.where(reduced.status == 0, n - reduced.rank, 0).max(initial=0)
    return np.take_along_axis(vectors, free_first[..., None, :nullity], axis=-1)


def _null_space_of_one(reduced: Reduced, n: int) -> FloatArray:
    pivots = list(reduced.pivots)
    free = sorted(set(range(n)).difference(pivots))
    vectors = np.zeros((n, len(free)), reduced.matrix.dtype)
    if reduced.status:
        vectors.fill(np.nan)
    elif free:
        vectors[free, range(len(free))] = 1
        vectors[pivots] = 0 - reduced.matrix[:len(pivots), free]     # never -0.0
    return vectors
