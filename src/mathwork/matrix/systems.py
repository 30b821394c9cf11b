"""Systems of linear equations: solve.

The kernels are mathwork/kernels/matrix/system_doors.pxi and the files above it in _core.pyx.
"""
from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import as_plain_together
from mathwork._doors import door
from mathwork._levels import core as kernels
from mathwork._workers import checked_workers
from mathwork.matrix.arithmetic import arithmetic
from mathwork.matrix.checks import (
    checked_sides,
    kernel_tolerances,
    over_stack,
    with_advice,
    with_checked_shape,
)
from mathwork.matrix.solution import Solution, solution_of
from mathwork.matrix.verdicts import without_noise

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray


@door(kernels.solve)
def solve(A: ArrayLike, b: ArrayLike, *, tol: float | None = None, atol: float = 0.0,
          exact: bool = False, modulus: SupportsIndex | None = None, workers: int = 1) -> Solution:
    """All solutions of ``A x = b``.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
        One matrix, or a stack of them.
    b : array_like, shape (m,), (..., m) or (..., m, k)
        One right-hand side for each matrix, or k of them. It is a vector, or a stack of vectors, if
        it has one dimension, or one dimension less than A. The axes before these broadcast with
        those of A: one b for many A, one A for many b. One A is reduced once.
    tol : float, optional
        Replaces the tolerance of :func:`rref`, which is relative to the scaled row.
    atol : float
        Entries of A and candidates of at most this size are zero, as for :func:`rref`. Beside a row
        that is zero, so is an entry of b of at most this size.
    exact : bool
        Compute with Fractions.
    modulus : int, optional
        Compute modulo this prime.
    workers : int
        The number of threads that share the matrices of a stack.

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

    One b for two matrices, and one matrix for three stacked b, each of one column:

    >>> solve([[[2, 0], [0, 2]], [[1, 1], [0, 1]]], [2, 4]).x
    array([[ 1.,  2.],
           [-2.,  4.]])
    >>> solve([[2, 0], [0, 2]], [[[2], [4]], [[6], [8]], [[0], [2]]]).x[..., 0]
    array([[1., 2.],
           [3., 4.],
           [0., 1.]])
    """
    workers = checked_workers(workers)
    field = arithmetic(tol, exact, modulus, atol, A, b)
    if field is not None:
        return solution_of(*field.solve(A, b, workers), modulus=modulus)
    try:
        A, b = as_plain_together(A=A, b=b)
    except TypeError as error:
        raise with_advice(error, A, b) from None
    sides, vectors, stack = checked_sides(with_checked_shape(A).shape, b)
    tol, atol = kernel_tolerances(tol, atol)
    if A.ndim == sides.ndim == 2:
        A, sides = without_noise(A, sides, atol)
        return kernels.solve_plain(A, sides[:, 0] if vectors else sides, tol, atol)
    solve_stack = partial(kernels.solve_stack, tol=tol, atol=atol, workers=workers)
    return _solved(solve_stack, A, sides, stack, vectors, atol)


def _solved(solve_stack: Callable[..., tuple[NDArray[Any], ...]], A: FloatArray,
            sides: FloatArray, stack: tuple[int, ...], vectors: bool, atol: float) -> Solution:
    """solve() of stacks that broadcast, by a kernel for stacks of one shape

    Along an axis where A does not vary, sides become columns: so each matrix is reduced once.
    """
    ndim, (m, n), k = len(stack), A.shape[-2:], sides.shape[-1]
    lengths = (1,) * (ndim + 2 - A.ndim) + A.shape[:-2]
    kept = [axis for axis in range(ndim) if lengths[axis] == stack[axis]]
    folded = [axis for axis in range(ndim) if lengths[axis] != stack[axis]]
    count, groups = (math.prod([stack[axis] for axis in axes]) for axes in (kept, folded))
    order = kept + folded
    back = [order.index(axis) for axis in range(ndim)]
    columns = over_stack(sides, stack).transpose(*kept, ndim, *folded, ndim + 1)
    A, columns = without_noise(A.reshape(count, m, n), columns.reshape(count, m, groups * k), atol)
    status, x, basis, ambiguous = solve_stack(A, np.ascontiguousarray(columns), groups)

    def unfolded(part: NDArray[Any], *last: int) -> NDArray[Any]:
        """Return part of shape (count, groups, *last) with the axes of the stack"""
        part = part.reshape(*[stack[axis] for axis in order], *last)
        if back == [*range(ndim)]:
            return part
        return np.ascontiguousarray(part.transpose(*back, *range(ndim, part.ndim)))

    x = unfolded(np.ascontiguousarray(x.reshape(count, n, groups, k).swapaxes(1, 2)), n, k)
    if folded:
        basis = np.repeat(basis, groups, axis=0)
    return solution_of(unfolded(status), x[..., 0] if vectors else x,
                       unfolded(basis, n, basis.shape[-1]), unfolded(ambiguous))
