"""Linear algebra over a field with exact arithmetic; one row reduction gives all results.

exact.py and modular.py define the numbers and the reduction of one matrix. Everything else, stacks
included, is here once for both.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._status import INCONSISTENT, INFINITE, SOLUTION_WORDS, UNIQUE
from mathwork.matrix.checks import beside, checked_columns, checked_sides, with_checked_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, ClassVar, SupportsIndex, TypeAlias

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from mathwork._types import SolutionWord

    # Of one matrix, or of a stack padded with -1.
    _Pivots: TypeAlias = Sequence[int] | NDArray[np.intp]


class Field:
    """The functions of mathwork.matrix over one field.

    A subclass has `dtype`, `zero` and `one` of results. `missing` fills a slice of a stack that has
    no answer. `over` completes "no inverse". The methods that raise NotImplementedError here are
    the subclass's. Numbers are arrays from `read`; int64 arrays are always numbers.
    """

    dtype: ClassVar[np.dtype[Any]]
    zero: ClassVar[Any]
    one: ClassVar[Any]
    missing: ClassVar[float]
    over: str

    def read(self, value: ArrayLike, name: str) -> NDArray[Any]:
        """Return `value`, in any shape, as numbers"""
        raise NotImplementedError

    def negative(self, result: NDArray[Any]) -> NDArray[Any]:
        """Return the negatives of a result"""
        raise NotImplementedError

    def reduce(self, A: NDArray[Any], columns: int, reduced: bool
               ) -> tuple[NDArray[Any], Sequence[int]]:
        """Return (row echelon form, pivots) of one matrix of numbers"""
        raise NotImplementedError

    def determinant(self, A: NDArray[Any]) -> Any:
        """Return the determinant of one square matrix of numbers"""
        raise NotImplementedError

    def reduce_all(self, A: NDArray[Any], columns: int, reduced: bool
                   ) -> tuple[NDArray[Any], NDArray[np.intp]]:
        """Return (row echelon forms, pivots padded with -1) of matrices of numbers (count, m, n)"""
        matrices: NDArray[Any] = np.empty(A.shape, self.dtype)
        pivots = np.full((len(A), min(A.shape[1], columns)), -1, np.intp)
        for i, matrix in enumerate(A):
            matrices[i], found = self.reduce(matrix, columns, reduced)
            pivots[i, :len(found)] = found
        return matrices, pivots

    # ---- the public functions ----

    def rref(self, A: ArrayLike, columns: SupportsIndex | None = None, reduced: bool = True
             ) -> tuple[NDArray[Any], _Pivots]:
        """Return (matrix, pivots): a tuple of pivots, or for a stack an array padded with -1."""
        matrix = self._matrices(A)
        return self._reduced(matrix, checked_columns(columns, matrix.shape[-1]), reduced)

    def rank(self, A: ArrayLike) -> int | NDArray[np.intp]:
        """Return the rank: an int, or for a stack an array."""
        return self._each(self.rank_of, self._matrices(A), np.intp)

    def rank_of(self, A: NDArray[Any]) -> int:
        """Return the rank of one matrix of numbers"""
        return len(self.reduce(A, A.shape[1], False)[1])

    def det(self, A: ArrayLike) -> Any:
        """Return the determinant: a number, or for a stack an array."""
        return self._each(self.determinant, self._matrices(A, square=True), self.dtype)

    def inv(self, A: ArrayLike) -> NDArray[Any]:
        """Return the inverse. A singular matrix raises; in a stack its slice becomes `missing`."""
        square = self._matrices(A, square=True)
        n = square.shape[-1]
        identity = np.broadcast_to(np.eye(n, dtype=np.int64), square.shape)
        matrix, pivots = self._reduced(np.concatenate((square, identity), axis=-1), 2 * n)
        inverse = matrix[..., n:].copy()
        rank = (np.asarray(pivots) < n).sum(axis=-1)    # [A | I] has n pivots
        singular = rank < n
        if square.ndim == 2 and singular:
            raise np.linalg.LinAlgError(
                f"A has no inverse{self.over}: its rank is {rank} of {n}")
        inverse[singular] = self.missing
        return inverse

    def null_space(self, A: ArrayLike) -> NDArray[Any]:
        """Return a basis of the null space as columns, (n, nullity); each has one free variable 1.

        For a stack it is (..., n, largest nullity), with zeros for slices with fewer columns.
        """
        matrix = self._matrices(A)
        n = matrix.shape[-1]
        null_space = self._null_space if matrix.ndim == 2 else self._null_spaces
        return null_space(*self._reduced(matrix, n), n)

    def solve(self, A: ArrayLike, b: ArrayLike
              ) -> tuple[SolutionWord | NDArray[np.int8], NDArray[Any] | None, NDArray[Any]]:
        """Return (status, x, null_space) of ``A x = b``, with the free variables of x zero.

        `b` has the shape of `A` without its last axis, or with any other number of columns; their
        stacks broadcast. For one matrix, `status` is the word for the worst column, and `x` is None
        if that is "inconsistent". For a stack, `status` is an int8 array of codes, and `missing`
        fills the inconsistent slices of x.
        """
        left, right = self._matrices(A), self.read(b, "b")
        n = left.shape[-1]
        right, vector = checked_sides(left, right)
        together = beside(left, right)
        stack = together.shape[:-2]
        matrix, pivots = self._reduced(together, together.shape[-1])
        if not stack:
            status, x = self._solution(matrix, pivots, n)
            if vector and x is not None:
                x = x[:, 0]
            return SOLUTION_WORDS[status], x, self._null_space(matrix, pivots, n)
        codes = np.empty(stack, np.int8)
        x = np.full((*stack, n, right.shape[-1]), self.missing, self.dtype)
        for at in np.ndindex(stack):
            codes[at], found = self._solution(matrix[at], pivots[at][pivots[at] >= 0], n)
            if found is not None:
                x[at] = found
        return codes, x[..., 0] if vector else x, self._null_spaces(matrix, pivots, n)

    # ---- shared parts ----

    def _matrices(self, A: ArrayLike, *, square: bool = False) -> NDArray[Any]:
        # Nobody else can set the shape of a view.
        return with_checked_shape(self.read(A, "A").view(), square=square)

    def _each(self, function: Callable[[NDArray[Any]], Any], A: NDArray[Any], dtype: DTypeLike
              ) -> Any:
        """Return the function of one matrix, or an array of its results over a stack"""
        if A.ndim == 2:
            return function(A)
        values = np.empty(A.shape[:-2], dtype)
        for at in np.ndindex(values.shape):
            values[at] = function(A[at])
        return values

    def _reduced(self, A: NDArray[Any], columns: int, reduced: bool = True
                 ) -> tuple[NDArray[Any], Any]:
        """Return rref of numbers"""
        if A.ndim == 2:
            matrix, found = self.reduce(A, columns, reduced)
            return matrix, tuple(found)
        stack, shape = A.shape[:-2], A.shape[-2:]
        matrices, pivots = self.reduce_all(A.reshape(math.prod(stack), *shape), columns, reduced)
        return matrices.reshape(A.shape), pivots.reshape(*stack, pivots.shape[1])

    def _solution(self, matrix: NDArray[Any], pivots: _Pivots, n: int
                  ) -> tuple[int, NDArray[Any] | None]:
        """Return (status code, x or None) of one system, from the reduced form of [A b]"""
        if len(pivots) and pivots[-1] >= n:
            return INCONSISTENT, None
        x = np.full((n, matrix.shape[1] - n), self.zero, self.dtype)
        x[list(pivots)] = matrix[:len(pivots), n:]
        return UNIQUE if len(pivots) == n else INFINITE, x

    def _null_space(self, matrix: NDArray[Any], pivots: _Pivots, n: int) -> NDArray[Any]:
        """Return the null space of the first n columns of one reduced form"""
        pivots = [int(pivot) for pivot in pivots if pivot < n]
        free = sorted(set(range(n)).difference(pivots))
        basis: NDArray[Any] = np.full((n, len(free)), self.zero, self.dtype)
        if free:
            basis[free, range(len(free))] = self.one
            basis[pivots] = self.negative(matrix[:len(pivots), free])
        return basis

    def _null_spaces(self, matrix: NDArray[Any], pivots: NDArray[np.intp], n: int) -> NDArray[Any]:
        """Return the null spaces of a stack, with zero columns where one has fewer than another"""
        stack = matrix.shape[:-2]
        nullity = n - ((pivots >= 0) & (pivots < n)).sum(axis=-1)
        basis = np.full((*stack, n, nullity.max(initial=0)), self.zero, self.dtype)
        for at in np.ndindex(stack):
            basis[at][:, :nullity[at]] = self._null_space(
                matrix[at], pivots[at][pivots[at] >= 0], n)
        return basis
