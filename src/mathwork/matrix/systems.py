"""Systems of linear equations: solve."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import as_plain_together
from mathwork._levels import core as kernels
from mathwork._status import INCONSISTENT, INFINITE, SOLUTION_WORDS, SYSTEM_NOT_FINITE, UNIQUE
from mathwork.matrix.arithmetic import arithmetic
from mathwork.matrix.beside import at_pivots, default_tol, flat, reduced_beside, row_exponents
from mathwork.matrix.checks import (
    checked_atol,
    checked_sides,
    with_advice,
    with_checked_shape,
)
from mathwork.matrix.elimination import CLOSE_ACCEPTED
from mathwork.matrix.null_spaces import null_vectors
from mathwork.matrix.solution import Solution, is_zero, solution_of

if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray
    from mathwork.matrix.elimination import Reduced


# Rounding in b has the size of A x before cancellation, for an unknown x. So it may be up to this
# many times the rounding that the computed x could leave.
CANCELLED = 16
# A 0 = d was a close call if it was a contradiction by less than this many times its bound, or none
# by more than this part of it: d carries more rounding than a pivot does.
CLOSE_CONTRADICTION = 1000
CLOSE_AGREEMENT = 0.1


def solve(A: ArrayLike, b: ArrayLike, *, tol: float | None = None, atol: float = 0.0,
          exact: bool = False, modulus: SupportsIndex | None = None) -> Solution:
    """All solutions of ``A x = b``.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
        One matrix, or a stack of them.
    b : array_like, shape (..., m) or (..., m, k)
        One right-hand side for each matrix, or k of them. It is a vector if it has one dimension
        less than A.
    tol : float, optional
        Replaces the tolerance of :func:`rref`, which is relative to the scaled row.
    atol : float
        Entries of A and candidates of at most this size are zero, as for :func:`rref`. Beside a row
        that is zero, so is an entry of b of at most this size.
    exact : bool
        Compute with Fractions.
    modulus : int, optional
        Compute modulo this prime.

    Returns
    -------
    Solution

    Raises
    ------
    TypeError, ValueError
        As :func:`rref`; and ValueError if the shapes of A and b do not go together.

    Notes
    -----
    The reduced form of ``[A | b]`` has pivots in A alone. A row that has become zero in A leaves
    0 = d. The system is inconsistent if ``|d| > 16 tol sum |x|``; tol is that of :func:`rref`, and
    x is the solution of the other rows. For this x, rounding can leave ``tol sum |x|`` there. If
    larger numbers cancelled in ``b = A @ y``, b carries more rounding. Of random matrices of rank 1
    with two decimals, 2 x 2 to 5 x 5, one in a thousand such b is still called inconsistent; in
    most of these A y is 0 and b is all rounding. ``ambiguous`` tells. A row of zeros in A itself
    has no rounding: any d but 0 is a contradiction.

    Examples
    --------
    >>> from mathwork.matrix import solve
    >>> solve([[1, 2]], [3])
    Solution(status='infinite', x=array([3., 0.]), null_space=array([[-2.],
           [ 1.]]))
    >>> solve([[1, 2], [2, 4]], [3, 7]).status
    'inconsistent'
    """
    if tol is None and is_zero(atol) and exact is False and modulus is None:
        found = kernels.solve_regular(A, b)
        if found is not None:
            x, basis, accepted = found
            return solution_of(SOLUTION_WORDS[UNIQUE], x, basis, not accepted >= CLOSE_ACCEPTED)
    field = arithmetic(tol, exact, modulus, atol)
    if field is not None:
        return solution_of(*field.solve(A, b), modulus=modulus)
    try:
        A, b = as_plain_together(A=A, b=b)
    except TypeError as error:
        raise with_advice(error, A, b) from None
    sides, vectors = checked_sides(with_checked_shape(A), b)
    A, sides = _without_noise(A, sides, checked_atol(atol))
    status, x, basis, ambiguous = _solved(flat(A), flat(sides), tol, float(atol))
    if A.ndim == 2:
        status, ambiguous = SOLUTION_WORDS[int(status)], bool(ambiguous)
    else:
        stack = A.shape[:-2]
        status, ambiguous = status.reshape(stack), ambiguous.reshape(stack)
        x, basis = (part.reshape(*stack, *part.shape[1:]) for part in (x, basis))
    return solution_of(status, x[..., 0] if vectors else x, basis, ambiguous)


def _without_noise(A: FloatArray, sides: FloatArray, atol: float
                   ) -> tuple[FloatArray, FloatArray]:
    """Return A with entries of at most atol as zeros; beside a row of zeros, sides too"""
    if not atol > 0:
        return A, sides
    A = np.where(np.abs(A) <= atol, A.dtype.type(0), A)
    noise = ~A.any(axis=-1, keepdims=True) & (np.abs(sides) <= atol)
    return A, np.where(noise, sides.dtype.type(0), sides)


def _solved(A: FloatArray, sides: FloatArray, tol: float | None,
            atol: float) -> tuple[Any, FloatArray, FloatArray, Any]:
    """Return (status code, x, null space, ambiguous) of plain arrays"""
    n = A.shape[-1]
    reduced = reduced_beside(A, sides, tol, atol)
    _bring_back(reduced, A, sides, tol, atol)
    if A.ndim > 2 and A.shape[-2] == n and (reduced.rank == n).all() and np.isfinite(sides).all():
        x = reduced.matrix[..., n:].copy()
        return (np.full(len(A), UNIQUE, np.int8), x, np.empty((*x.shape[:-1], 0), A.dtype),
                reduced.ambiguous)
    x = at_pivots(reduced, n, slice(n, None))
    unknown = ~np.isfinite(sides).all(axis=-2) | np.not_equal(reduced.status, 0)[..., None]
    lost, close = _contradictions(A, sides, reduced, tol, atol)
    lost &= ~unknown
    x[np.broadcast_to((lost | unknown)[..., None, :], x.shape)] = np.nan
    status = np.where(np.equal(reduced.rank, n), UNIQUE, INFINITE)
    status = np.where(lost.any(axis=-1), INCONSISTENT, status)
    status = np.where(unknown.any(axis=-1) | np.not_equal(reduced.status, 0),
                      SYSTEM_NOT_FINITE, status)
    basis, doubtful = null_vectors(A, reduced, tol, atol)
    return (status.astype(np.int8), x, basis, reduced.ambiguous | close.any(axis=-1) | doubtful)


def _bring_back(reduced: Reduced, A: FloatArray, sides: FloatArray, tol: float | None,
                atol: float) -> None:
    """Replace numbers that left the range, perhaps on the way, by results of smaller sides"""
    found = reduced.matrix[..., A.shape[-1]:]
    lost = ~np.isfinite(found)
    if lost.any():
        lost &= np.equal(reduced.status, 0)[..., None, None]
        lost &= np.isfinite(sides).all(axis=-2, keepdims=True)
    if lost.any():
        bits = np.finfo(A.dtype).nmant      # elimination lets numbers grow by less
        with np.errstate(all="ignore"):
            smaller = reduced_beside(A, np.ldexp(sides, -bits), tol, atol)
            np.copyto(found, np.ldexp(smaller.matrix[..., A.shape[-1]:], bits), where=lost)


def _contradictions(A: FloatArray, sides: FloatArray, reduced: Reduced, tol: float | None,
                    atol: float) -> tuple[NDArray[np.bool], NDArray[np.bool]]:
    """Return (whether 0 = d is left, whether that was a close call), for each right-hand side"""
    m = A.shape[-2]
    rank = np.asarray(reduced.rank)
    if (rank == m).all():
        return tuple(np.zeros((2, *sides.shape[:-2], sides.shape[-1]), bool))
    exponents = row_exponents(A)
    with np.errstate(all="ignore"):
        unit = CANCELLED * np.asarray(default_tol(A, exponents) if tol is None else tol)
        magnitudes = np.abs(_in_range(A, sides, reduced, exponents, atol))
        beyond = np.arange(m)[:, None] >= rank[..., None, None]
        rest = np.where(beyond, magnitudes, 0).max(axis=-2, initial=0)
        size = np.where(beyond, 0, magnitudes).sum(axis=-2)
        unit = unit[..., None]
        bound = unit * size
        # x counts as at least 1 here: b may be all rounding.
        close = (rest > CLOSE_AGREEMENT * bound) & (
            rest < np.maximum(CLOSE_CONTRADICTION * bound, unit))
    no_row = (~A.any(axis=-1, keepdims=True) & (sides != 0)).any(axis=-2)
    return (rest > bound) | no_row, close & ~no_row


def _in_range(A: FloatArray, sides: FloatArray, reduced: Reduced, exponents: NDArray[np.intc],
              atol: float) -> FloatArray:
    """Return the reduced sides; if any left the range, the sides of all slices are scaled"""
    n = A.shape[-1]
    left = reduced.matrix[..., n:]
    size = np.abs(left).max(axis=-2, initial=0)
    limits = np.finfo(A.dtype)
    inside = (size > limits.tiny / limits.eps) & (size < np.inf)
    if (inside | ~sides.any(axis=-2) | ~np.isfinite(sides).all(axis=-2)).all():
        return left
    scaled = np.frexp(sides)[1] - exponents[..., None]
    most = np.where(sides != 0, scaled, scaled.min(initial=0)).max(axis=-2, initial=-10000)
    scaled = np.ldexp(sides, -most[..., None, :])
    return reduced_beside(A, scaled, None, atol).matrix[..., n:]
