"""The functions of mathwork.matrix on complex numbers: complex64 and complex128.

`arithmetic` chooses them as it chooses a field. The reduction is in complex_reduction.py; complex64
is always reduced in complex128, and results are rounded.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arrays import COMPLEX64, COMPLEX128, as_complex, in_dtype
from mathwork._status import REDUCED, SOLUTION_WORDS
from mathwork._warnings import warn_of_close_calls, why_singular
from mathwork._workers import checked_workers
from mathwork.matrix.checks import (
    beside,
    checked_atol,
    checked_columns,
    checked_sides,
    checked_tol,
    with_advice,
    with_checked_shape,
)
from mathwork.matrix.complex_reduction import NAN, Found, Policy, reduce_stack
from mathwork.matrix.determinants import products
from mathwork.matrix.planes import exponents_of
from mathwork.matrix.verdicts import codes_of, contradicted, is_ambiguous, without_noise

if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import ComplexArray, SolutionWord

REMEDY = "tol=0 takes all that is not 0 for data, SymPy computes exactly"


class _Reduced(NamedTuple):
    """What a reduction found, in arrays for a flat stack; one matrix is a stack of one."""

    found: Found
    matrix: ComplexArray
    pivots: NDArray[np.intp]
    rank: NDArray[np.intp]
    status: NDArray[np.int8]
    ambiguous: NDArray[np.bool]


class ComplexFloats:
    """The functions of mathwork.matrix on complex arrays, with the caller's tolerances."""

    def __init__(self, tol: float | None, atol: float) -> None:
        self.tol, self.atol = checked_tol(tol), checked_atol(atol)

    # ---- the public functions ----

    def rref(self, A: ArrayLike, columns: SupportsIndex | None = None, reduced: bool = True,
             workers: int = 1) -> tuple[ComplexArray, Any, tuple[Any, ...]]:
        """Return (matrix, pivots, verdict) as `Reduced` has them."""
        matrix = _matrix(A)
        known = checked_columns(columns, matrix.shape[-1])
        result = self._reduced(matrix, known, reduced, workers)
        form, found, stack = result.matrix.reshape(matrix.shape), result.found, matrix.shape[:-2]
        verdict = found[2:7]
        if not stack:
            rank, *others = (part[0].item() for part in verdict)
            return form, tuple(found.pivots[0, :rank].tolist()), (rank, *others)
        pivots = found.pivots.reshape(*stack, found.pivots.shape[1])
        return form, pivots, tuple(part.reshape(stack) for part in verdict)

    def rank(self, A: ArrayLike, workers: int = 1) -> int | NDArray[np.intp]:
        """Return the rank: an int, or for a stack an array."""
        matrix = _matrix(A)
        result = self._reduced(matrix, matrix.shape[-1], False, workers)
        self._warn(result.ambiguous, result, matrix)
        return result.rank.reshape(matrix.shape[:-2]) if matrix.ndim > 2 else int(result.rank[0])

    def det(self, A: ArrayLike, workers: int = 1) -> Any:
        """Return the determinant: a number, or for a stack an array."""
        matrix = _matrix(A, square=True)
        n = matrix.shape[-1]
        result = self._reduced(matrix, n, False, workers)
        self._warn(result.ambiguous, result, matrix)
        value = products(*determinants(result.found, n))
        return _rounded(value, matrix.dtype).reshape(matrix.shape[:-2])[()]

    def inv(self, A: ArrayLike, workers: int = 1) -> ComplexArray:
        """Return the inverse. A singular matrix raises; in a stack its slice becomes NaN."""
        matrix = _matrix(A, square=True)
        n = matrix.shape[-1]
        result = self._reduced(np.concatenate((matrix, np.broadcast_to(
            np.eye(n, dtype=matrix.dtype), matrix.shape)), axis=-1), n, True, workers)
        singular = result.rank < n
        if matrix.ndim == 2 and singular[0]:
            raise np.linalg.LinAlgError(why_singular(
                int(result.rank[0]), n, result.status[0] == REDUCED, bool(result.ambiguous[0]),
                REMEDY))
        self._warn(result.ambiguous, result, matrix)
        inverse = result.matrix[..., n:].copy()
        inverse[singular] = NAN
        return inverse.reshape(matrix.shape)

    def null_space(self, A: ArrayLike, workers: int = 1) -> ComplexArray:
        """Return a basis of the null space as columns; each has one free variable 1."""
        matrix = _matrix(A)
        n = matrix.shape[-1]
        result = self._reduced(matrix, n, True, workers)
        basis, doubtful = self._null_vectors(_flat(matrix), result)
        self._warn(result.ambiguous | doubtful, result, matrix)
        if matrix.ndim == 2 and result.status[0] != REDUCED:
            return np.full((n, n), NAN, matrix.dtype)
        return basis.reshape(*matrix.shape[:-2], *basis.shape[1:])

    def solve(self, A: ArrayLike, b: ArrayLike, workers: int = 1
              ) -> tuple[SolutionWord | NDArray[np.int8], ComplexArray, ComplexArray, Any]:
        """Return (status, x, null_space, ambiguous) of ``A x = b``, as `Solution` has them."""
        try:
            left, right = as_complex(A=A, b=b)
        except TypeError as error:
            raise with_advice(error, A, b) from None
        sides, vectors, stack = checked_sides(with_checked_shape(left).shape, right)
        left, sides = without_noise(left, sides, self.atol)
        n, together = left.shape[-1], beside(left, sides)
        result = self._reduced(together, n, True, workers)
        together = _flat(together)
        left, sides = together[..., :n], together[..., n:]
        found = result.found
        with np.errstate(all="ignore"):
            lost, close = contradicted(found.rest, found.size, found.tol[:, None])
        no_row = (~left.any(axis=-1, keepdims=True) & (sides != 0)).any(axis=-2)
        lost, close = lost | no_row, close & ~no_row
        unknown = ~np.isfinite(sides).all(axis=-2) | (result.status != REDUCED)[:, None]
        lost &= ~unknown
        x = _at_pivots(result, n, slice(n, None))
        x[np.broadcast_to((lost | unknown)[:, None], x.shape)] = NAN
        basis, doubtful = self._null_vectors(left, result)
        status = codes_of(result.rank == n, lost,
                          unknown.any(axis=-1) | (result.status != REDUCED))
        ambiguous = result.ambiguous | close.any(axis=-1) | doubtful
        x = x[..., 0] if vectors else x
        if stack:
            return (status.reshape(stack), x.reshape(*stack, *x.shape[1:]),
                    basis.reshape(*stack, *basis.shape[1:]), ambiguous.reshape(stack))
        if result.status[0] != REDUCED:
            basis = np.full((1, n, n), NAN, basis.dtype)
        return SOLUTION_WORDS[int(status[0])], x[0], basis[0], bool(ambiguous[0])

    # ---- shared parts ----

    def _reduced(self, A: ComplexArray, columns: int, reduced: bool = True, workers: int = 1
                 ) -> _Reduced:
        """Return the reduction of a matrix or a stack, rounded to its dtype"""
        policy = Policy(self.tol, self.atol, A.dtype == COMPLEX64)
        flat = flat_matrices(A, columns, self.atol)
        found = reduce_stack(flat, columns, policy, reduced, checked_workers(workers))
        close = np.asarray(is_ambiguous(found, policy.single))
        return _Reduced(found, _rounded(found.matrix, A.dtype), found.pivots, found.rank,
                        found.status, close)

    def _warn(self, close: NDArray[np.bool], result: _Reduced, A: ComplexArray) -> None:
        """Warn whoever called the public function"""
        close = close & (result.status == REDUCED)
        if self.tol != 0 and close.any():
            warn_of_close_calls(int(close.sum()), close.size if A.ndim > 2 else -1, 4, REMEDY)

    def _null_vectors(self, A: ComplexArray, result: _Reduced
                      ) -> tuple[ComplexArray, NDArray[np.bool]]:
        """Return (null spaces of A (count, m, n), whether A times them is not zero to rounding)

        One step of refinement is done where it is not, as the kernel of null_space does.
        """
        basis = _null_spaces(result, A.shape[-1])
        if 0 in (A.shape[-2], basis.shape[-1]):
            return basis, np.zeros(len(A), bool)
        with np.errstate(all="ignore"):
            largest = np.maximum(np.abs(A.real), np.abs(A.imag)).max(axis=-1).astype(float)
            exponents = np.where(largest > 0, exponents_of(largest), 0)
            bound = result.found.tol[:, None] + np.ldexp(self.atol, -exponents)
            scaled = np.empty(A.shape, COMPLEX128)
            for part, given in ((scaled.real, A.real), (scaled.imag, A.imag)):
                part[...] = np.ldexp(given.astype(float), -exponents[..., None])
            wrong = _exceeds(scaled, basis, bound)
            for k in np.flatnonzero(wrong):
                pivots = result.pivots[k, :result.rank[k]]
                rest = scaled[k] @ basis[k].astype(COMPLEX128)
                again = reduce_stack(np.concatenate((scaled[k][:, pivots], rest), axis=1)[None],
                                     len(pivots), Policy(0.0, 0.0, single=False))
                if again.rank[0] == len(pivots):
                    basis[k][pivots] -= again.matrix[0, :len(pivots), len(pivots):]
            return basis, _exceeds(scaled, basis, bound) if wrong.any() else wrong


def _matrix(A: ArrayLike, *, square: bool = False) -> ComplexArray:
    return with_checked_shape(as_complex(A=A)[0], square=square)


def flat_matrices(A: ComplexArray, columns: int, atol: float) -> NDArray[np.complex128]:
    """Return (count, m, n) with zeros for entries of at most atol in so many columns"""
    flat = in_dtype(_flat(A), COMPLEX128)
    if atol > 0:
        noise = np.abs(flat) <= atol
        noise[..., columns:] = False
        flat = np.where(noise, 0, flat)
    return flat


def determinants(found: Found, n: int) -> tuple[NDArray[np.complex128], NDArray[np.int64]]:
    """Return (mantissas, exponents) of determinants of n x n: 0 or NaN where there are none"""
    mantissas = found.product * found.parity
    mantissas[found.rank < n] = 0
    mantissas[found.status != REDUCED] = NAN
    return mantissas, found.exponent


def _flat(A: ComplexArray) -> ComplexArray:
    """Return one matrix or a stack as (count, m, n)"""
    return A.reshape(math.prod(A.shape[:-2]), *A.shape[-2:])


def _rounded(values: NDArray[np.complex128], dtype: np.dtype[Any]) -> ComplexArray:
    """Return values in the dtype of a result, without -0.0"""
    if dtype == COMPLEX128:
        return values
    return in_dtype(values, dtype) + dtype.type(0)


def _at_pivots(result: _Reduced, n: int, part: slice) -> ComplexArray:
    """Return rows of `part` of the reduced matrices at their pivots' places of n, zeros elsewhere

    A matrix that is not finite gives NaN in both parts.
    """
    matrix = result.matrix[..., part]
    # The padding of pivots, -1, writes to one extra row, which is dropped.
    rows = np.zeros((len(matrix), n + 1, matrix.shape[-1]), matrix.dtype)
    np.put_along_axis(rows, result.pivots[..., None] % (n + 1),
                      matrix[:, :result.pivots.shape[1]], axis=-2)
    rows = rows[:, :n]
    rows[result.status != REDUCED] = NAN
    return rows


def _null_spaces(result: _Reduced, n: int) -> ComplexArray:
    """Return the null spaces (count, n, largest nullity) from matrices with pivots in n columns"""
    vectors = np.eye(n, dtype=result.matrix.dtype) - _at_pivots(result, n, slice(n))
    is_pivot = np.zeros((len(vectors), n + 1), bool)
    np.put_along_axis(is_pivot, result.pivots % (n + 1), True, axis=-1)
    free_first = np.argsort(is_pivot[:, :n], axis=-1, kind="stable")
    # A slice that is not finite does not widen the others.
    widest = np.where(result.status == REDUCED, n - result.rank, 0).max(initial=0)
    return np.take_along_axis(vectors, free_first[:, None, :widest], axis=-1)


def _exceeds(A: NDArray[np.complex128], basis: ComplexArray, bound: NDArray[Any]
             ) -> NDArray[np.bool]:
    """Return whether a row of A times a vector is above its bound times the vector's 1-norm"""
    vectors = basis.astype(COMPLEX128)
    sizes = np.abs(vectors).sum(axis=-2)
    return (np.abs(A @ vectors) > bound[..., None] * sizes[:, None]).any(axis=(-2, -1))
