"""Stacks of matrices in blocks."""
from __future__ import annotations

from operator import attrgetter, methodcaller
from typing import TYPE_CHECKING, NamedTuple

import mathwork.matrix as matrix
from mathwork.dask.blocks import Blocks, Stack, as_known

if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from mathwork.dask.library import Array


class Reduced(NamedTuple):
    """The result of :func:`rref`: Dask arrays, which share the work if computed together.

    Parameters
    ----------
    matrix : dask.array.Array, shape (..., m, n)
    pivots : dask.array.Array of int, shape (..., min(m, columns))
        Padded with -1.
    rank, nullity, status, ambiguous : dask.array.Array, shape (...)
        As of a :class:`mathwork.matrix.Reduced`.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import rref
    >>> reduced = rref(da.ones((4, 2, 3), chunks=(2, 2, 3)))
    >>> reduced.pivots.compute().tolist()
    [[0, -1], [0, -1], [0, -1], [0, -1]]
    """

    matrix: Array
    pivots: Array
    rank: Array
    nullity: Array
    status: Array
    ambiguous: Array


class Solution(NamedTuple):
    """The result of :func:`solve`: Dask arrays, which share the work if computed together.

    Parameters
    ----------
    status : dask.array.Array of int8, shape (...)
        0 for one solution, 1 for infinitely many, 2 for none, 3 if A or b is not finite.
    x : dask.array.Array, shape (..., n) or (..., n, k)
        The solution, with all free variables zero; NaN if there is none.
    ambiguous : dask.array.Array of bool, shape (...)
        Whether the status depended on a close call.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import solve
    >>> status, x, ambiguous = solve(da.ones((4, 1, 2), chunks=(2, 1, 2)), [3.0])
    >>> status.compute()
    array([1, 1, 1, 1], dtype=int8)
    """

    status: Array
    x: Array
    ambiguous: Array


class LU:
    """The factors of each matrix of a stack, ``A[permutation] = L @ U``: the result of :func:`lu`.

    All attributes and results are Dask arrays, which share the factors if computed together.

    Attributes
    ----------
    L : dask.array.Array, shape (..., m, k), k = min(m, n)
    U : dask.array.Array, shape (..., k, n)
    permutation : dask.array.Array of int, shape (..., m)
    rank, status, ambiguous : dask.array.Array, shape (...)
        As of a :class:`mathwork.matrix.LU`.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import lu
    >>> factors = lu(da.from_array([[[2.0, 3], [4, 5]], [[1, 0], [0, 4]]], chunks=(1, 2, 2)))
    >>> factors.det().compute()
    array([-2.,  4.])
    """

    def __init__(self, _factors: Blocks) -> None:
        self._factors = _factors

    @property
    def L(self) -> Array:       # noqa: N802
        return self._factors.part(attrgetter("L"))

    @property
    def U(self) -> Array:       # noqa: N802
        return self._factors.part(attrgetter("U"))

    @property
    def permutation(self) -> Array:
        return self._factors.part(attrgetter("permutation"))

    @property
    def rank(self) -> Array:
        return self._factors.part(attrgetter("rank"))

    @property
    def status(self) -> Array:
        return self._factors.part(attrgetter("status"))

    @property
    def ambiguous(self) -> Array:
        return self._factors.part(attrgetter("ambiguous"))

    def solve(self, b: Array) -> Array:
        """The solution of ``A x = b`` for square matrices.

        Parameters
        ----------
        b : dask.array.Array or array_like, shape (n,), (..., n) or (..., n, k)
            As for :meth:`mathwork.matrix.LU.solve`.

        Returns
        -------
        dask.array.Array, shape (..., n) or (..., n, k)
            NaN for a matrix that is singular or not finite.

        Raises
        ------
        TypeError, ValueError
            As :meth:`mathwork.matrix.LU.solve`.

        Examples
        --------
        >>> import dask.array as da
        >>> from mathwork.dask import lu
        >>> factors = lu(da.from_array([[[2.0, 3], [4, 5]], [[1, 0], [0, 4]]], chunks=(1, 2, 2)))
        >>> factors.solve([6, 10]).compute().tolist()
        [[0.0, 2.0], [6.0, 2.5]]
        """
        b = as_known(b, "b")
        core = _core_of_sides(b, self._factors.whole.ndim + 2)
        return Blocks(matrix.LU.solve, self._factors, Stack("b", b, core), call=_solved).part()

    def det(self) -> Array:
        """The determinants of square matrices.

        Returns
        -------
        dask.array.Array, shape (...)
            0 for a singular matrix, NaN for one that is not finite.

        Raises
        ------
        ValueError
            If the matrices are not square.

        Examples
        --------
        >>> import dask.array as da
        >>> from mathwork.dask import lu
        >>> lu(da.from_array([[[2.0, 3], [4, 5]]], chunks=(1, 2, 2))).det().compute()
        array([-2.])
        """
        return self._factors.part(methodcaller("det"))

    def inv(self) -> Array:
        """The inverses of square matrices.

        Returns
        -------
        dask.array.Array, shape (..., n, n)
            NaN for a matrix that is singular or not finite.

        Raises
        ------
        ValueError
            If the matrices are not square.

        Examples
        --------
        >>> import dask.array as da
        >>> from mathwork.dask import lu
        >>> lu(da.from_array([[[2.0, 0], [0, 4]]], chunks=(1, 2, 2))).inv().compute().tolist()
        [[[0.5, 0.0], [0.0, 0.25]]]
        """
        return self._factors.part(methodcaller("inv"))


def rref(A: Array, *, tol: float | None = None, atol: float = 0.0,
         columns: SupportsIndex | None = None) -> Reduced:
    """The reduced row echelon form of each matrix of a stack in blocks.

    Parameters
    ----------
    A : dask.array.Array, shape (..., m, n), with an axis or more before the last two
        The matrices should be whole in their chunks; chunks of rows or columns are brought
        together.
    tol, atol, columns
        As for :func:`mathwork.matrix.rref`.

    Returns
    -------
    Reduced
        With the chunks of the stack, and the bits of :func:`mathwork.matrix.rref`.

    Raises
    ------
    TypeError
        For what is not a Dask array, and as :func:`mathwork.matrix.rref`.
    ValueError
        For one matrix, and as :func:`mathwork.matrix.rref`.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import rref
    >>> A = da.from_array([[[1, 2], [2, 4]], [[1, 2], [3, 4]]], chunks=(1, 2, 2))
    >>> rref(A).rank.compute()
    array([1, 2])
    """
    return Blocks(matrix.rref, Stack("A", A, 2), tol=tol, atol=atol, columns=columns).parts(Reduced)


def solve(A: Array, b: Array, *, tol: float | None = None, atol: float = 0.0) -> Solution:
    """The solutions of ``A x = b`` for stacks in blocks.

    Parameters
    ----------
    A : dask.array.Array or array_like, shape (..., m, n)
    b : dask.array.Array or array_like, shape (m,), (..., m) or (..., m, k)
        Vectors or columns as for :func:`mathwork.matrix.solve`. The axes of the stacks broadcast.
        One of A and b at least is a Dask array.
    tol, atol
        As for :func:`mathwork.matrix.solve`.

    Returns
    -------
    Solution
        With the bits of :func:`mathwork.matrix.solve`. It has no null spaces: their number of
        columns is the largest nullity of all matrices, which no block knows. ``A.map_blocks`` of
        :func:`mathwork.matrix.null_space` gives those of each block.

    Raises
    ------
    TypeError, ValueError
        As :func:`rref` and :func:`mathwork.matrix.solve`.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import solve
    >>> A = da.from_array([[[2, 0], [0, 2]], [[1, 1], [0, 1]]], chunks=(1, 2, 2))
    >>> solve(A, [2, 4]).x.compute()
    array([[ 1.,  2.],
           [-2.,  4.]])
    """
    A, b = as_known(A, "A"), as_known(b, "b")
    sides = Stack("b", b, _core_of_sides(b, A.ndim))
    return Blocks(matrix.solve, Stack("A", A, 2), sides, tol=tol, atol=atol).parts(Solution)


def lu(A: Array, *, tol: float | None = None, atol: float = 0.0) -> LU:
    """The factors of each matrix of a stack in blocks, to solve with them again and again.

    Parameters
    ----------
    A : dask.array.Array, shape (..., m, n), with an axis or more before the last two
    tol, atol
        As for :func:`mathwork.matrix.lu`.

    Returns
    -------
    LU
        With the bits of :func:`mathwork.matrix.lu`.

    Raises
    ------
    TypeError, ValueError
        As :func:`rref`.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import lu
    >>> factors = lu(da.from_array([[[2.0, 3], [4, 5]]], chunks=(1, 2, 2)))
    >>> factors.L.compute().tolist(), factors.U.compute().tolist()
    ([[[1.0, 0.0], [2.0, 1.0]]], [[[2.0, 3.0], [0.0, -1.0]]])
    """
    return LU(Blocks(matrix.lu, Stack("A", A, 2), tol=tol, atol=atol))


def inv(A: Array, *, tol: float | None = None, atol: float = 0.0) -> Array:
    """The inverse of each matrix of a stack in blocks.

    Parameters
    ----------
    A : dask.array.Array, shape (..., n, n), with an axis or more before the last two
    tol, atol
        As for :func:`mathwork.matrix.inv`.

    Returns
    -------
    dask.array.Array, shape (..., n, n)
        With the bits of :func:`mathwork.matrix.inv`: NaN for a matrix without an inverse.

    Raises
    ------
    TypeError, ValueError
        As :func:`rref`, and ValueError if the matrices are not square.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import inv
    >>> inv(da.from_array([[[2, 3], [4, 5]]], chunks=(1, 2, 2))).compute()
    array([[[-2.5,  1.5],
            [ 2. , -1. ]]])
    """
    return Blocks(matrix.inv, Stack("A", A, 2), tol=tol, atol=atol).part()


def det(A: Array, *, tol: float | None = None, atol: float = 0.0) -> Array:
    """The determinant of each matrix of a stack in blocks.

    Parameters
    ----------
    A : dask.array.Array, shape (..., n, n), with an axis or more before the last two
    tol, atol
        As for :func:`mathwork.matrix.det`.

    Returns
    -------
    dask.array.Array, shape (...)
        With the bits of :func:`mathwork.matrix.det`.

    Raises
    ------
    TypeError, ValueError
        As :func:`inv`.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import det
    >>> det(da.from_array([[[2, 3], [4, 5]]], chunks=(1, 2, 2))).compute()
    array([-2.])
    """
    return Blocks(matrix.det, Stack("A", A, 2), tol=tol, atol=atol).part()


def _core_of_sides(b: Array, ndim: int) -> int:
    """Return how many axes a right-hand side has, beside matrices with so many axes in all"""
    return 1 if b.ndim in (1, ndim - 1) else 2


def _solved(factors: matrix.LU, b: Any) -> Any:
    return factors.solve(b)
