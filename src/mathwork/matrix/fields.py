"""Linear algebra over a field with exact arithmetic: shapes and checks of every function.

exact.py and modular.py define the numbers and compute results of stacks with one axis. One matrix
is a stack of one.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._status import INCONSISTENT, SOLUTION_WORDS
from mathwork._workers import checked_workers
from mathwork.matrix.checks import (
    checked_columns,
    checked_sides,
    over_stack,
    with_checked_shape,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, ClassVar, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import SolutionWord, Stack


class Field:
    """The functions of mathwork.matrix over one field.

    `missing` fills a slice of a stack that has no answer. `over` completes "no inverse". The
    methods that raise NotImplementedError here are the subclass's. Numbers are plain arrays from
    `read`; int64 arrays are always numbers.
    """

    missing: ClassVar[float]
    over: str

    def read(self, value: ArrayLike, name: str) -> NDArray[Any]:
        """Return `value`, in any shape, as numbers"""
        raise NotImplementedError

    def reduce_all(self, A: Stack, columns: int, reduced: bool, workers: int
                   ) -> tuple[Stack, NDArray[np.intp]]:
        """Return (row echelon forms, pivots padded with -1)"""
        raise NotImplementedError

    def rank_all(self, A: Stack, workers: int) -> NDArray[np.intp]:
        """Return the ranks"""
        raise NotImplementedError

    def determinant_all(self, A: Stack, workers: int) -> NDArray[Any]:
        """Return the determinants of square matrices"""
        raise NotImplementedError

    def invert_all(self, A: Stack, workers: int) -> tuple[Stack, NDArray[np.intp]]:
        """Return (inverses, ranks); the inverse of a singular matrix may be anything"""
        raise NotImplementedError

    def null_space_all(self, A: Stack, workers: int) -> Stack:
        """Return the null spaces, (count, n, largest nullity), filled up with zeros"""
        raise NotImplementedError

    def solve_all(self, A: Stack, B: Stack, workers: int
                  ) -> tuple[NDArray[np.int8], Stack, Stack]:
        """Return (codes, x, null spaces) of A x = B; one of a single matrix is for all of the other

        codes are (count, max(k, 1)): one for each right-hand side. Where it is inconsistent, x may
        be anything.
        """
        raise NotImplementedError

    # ---- the public functions ----

    def rref(self, A: ArrayLike, columns: SupportsIndex | None = None, reduced: bool = True,
             workers: int = 1) -> tuple[NDArray[Any], Sequence[int] | NDArray[np.intp]]:
        """Return (matrix, pivots): a tuple of pivots, or for a stack an array padded with -1."""
        workers, (matrix, stack) = checked_workers(workers), self._matrices(A)
        columns = checked_columns(columns, matrix.shape[-1])
        forms, pivots = self.reduce_all(matrix, columns, reduced, workers)
        if stack is None:
            found = pivots[0].tolist()
            return forms[0], tuple(found[:len(found) - found.count(-1)])
        return forms.reshape(*stack, *forms.shape[1:]), pivots.reshape(*stack, pivots.shape[1])

    def rank(self, A: ArrayLike, workers: int = 1) -> int | NDArray[np.intp]:
        """Return the rank: an int, or for a stack an array."""
        workers, (matrix, stack) = checked_workers(workers), self._matrices(A)
        ranks = self.rank_all(matrix, workers)
        return int(ranks[0]) if stack is None else ranks.reshape(stack)

    def det(self, A: ArrayLike, workers: int = 1) -> Any:
        """Return the determinant: a number, or for a stack an array."""
        workers, (matrix, stack) = checked_workers(workers), self._matrices(A, square=True)
        found = self.determinant_all(matrix, workers)
        return found.tolist()[0] if stack is None else found.reshape(stack)

    def inv(self, A: ArrayLike, workers: int = 1) -> NDArray[Any]:
        """Return the inverse. A singular matrix raises; in a stack its slice becomes `missing`."""
        workers, (square, stack) = checked_workers(workers), self._matrices(A, square=True)
        n = square.shape[-1]
        inverses, ranks = self.invert_all(square, workers)
        if stack is None:
            if ranks[0] < n:
                raise np.linalg.LinAlgError(
                    f"A has no inverse{self.over}: its rank is {ranks[0]} of {n}")
            return inverses[0]
        inverses[ranks < n] = self.missing
        return inverses.reshape(*stack, n, n)

    def null_space(self, A: ArrayLike, workers: int = 1) -> NDArray[Any]:
        """Return a basis of the null space as columns, (n, nullity); each has one free variable 1.

        For a stack it is (..., n, largest nullity), with zeros for slices with fewer columns.
        """
        workers, (matrix, stack) = checked_workers(workers), self._matrices(A)
        basis = self.null_space_all(matrix, workers)
        return basis[0] if stack is None else basis.reshape(*stack, *basis.shape[1:])

    def solve(self, A: ArrayLike, b: ArrayLike, workers: int = 1
              ) -> tuple[SolutionWord | NDArray[np.int8], NDArray[Any] | None, NDArray[Any]]:
        """Return (status, x, null_space) of ``A x = b``, with the free variables of x zero.

        For one matrix, `status` is the word for the worst column, and `x` is None if that is
        "inconsistent". For a stack, `status` is an int8 array of codes, and `missing` fills the
        inconsistent slices of x.
        """
        workers = checked_workers(workers)
        left, right = with_checked_shape(self.read(A, "A").view()), self.read(b, "b").view()
        right, vector, stack = checked_sides(left.shape, right)
        if not stack and left.ndim == 2:
            codes, x, basis = self.solve_all(left[None], right[None], workers)
            code = max(codes[0].tolist())
            answer = None if code == INCONSISTENT else x[0, :, 0] if vector else x[0]
            return SOLUTION_WORDS[code], answer, basis[0]
        codes, x, basis = self._solve_stack(left, right, stack, workers)
        x[codes == INCONSISTENT] = self.missing
        x = x.reshape(*stack, *x.shape[1:])
        return (codes.reshape(stack), x[..., 0] if vector else x,
                basis.reshape(*stack, *basis.shape[1:]))

    # ---- shared parts ----

    def _matrices(self, A: ArrayLike, *, square: bool = False
                  ) -> tuple[Stack, tuple[int, ...] | None]:
        """Return (a stack of one axis, the shape of the stack; None for one matrix)"""
        # Nobody else can set the shape of a view.
        matrix = with_checked_shape(self.read(A, "A").view(), square=square)
        if matrix.ndim == 2:
            return matrix[None], None
        return flat(matrix), matrix.shape[:-2]

    def _solve_stack(self, A: NDArray[Any], b: NDArray[Any], stack: tuple[int, ...], workers: int
                     ) -> tuple[NDArray[np.int8], Stack, Stack]:
        """Return (codes, x, null spaces) of systems with the stack axes `stack`, as one axis

        One matrix is reduced once, with all right-hand sides beside it.
        """
        count, (m, n), k = math.prod(stack), A.shape[-2:], b.shape[-1]
        if math.prod(A.shape[:-2]) == 1 < count and k:
            sides = np.ascontiguousarray(flat(b).swapaxes(0, 1)).reshape(1, m, count * k)
            codes, x, basis = self.solve_all(A.reshape(1, m, n), sides, workers)
            return (codes.reshape(count, k).max(axis=1),
                    x.reshape(n, count, k).swapaxes(0, 1).copy(),
                    np.repeat(basis, count, axis=0))
        A, b = (flat(array if math.prod(array.shape[:-2]) == 1 else over_stack(array, stack))
                for array in (A, b))
        codes, x, basis = self.solve_all(A, b, workers)
        return codes.max(axis=1), x, basis


def flat(array: NDArray[Any]) -> Stack:
    """Return a plain array with a single axis for the stack"""
    return np.ascontiguousarray(array.reshape(math.prod(array.shape[:-2]), *array.shape[-2:]))
