"""The factors of a matrix, L and U, and what follows from them at little cost.

The factorisation and the solutions are compiled: mathwork/kernels/matrix/factors.pxi. Complex
matrices are in complex_factors.py.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import FLOAT64, MOST_AXES, in_dtype
from mathwork._doors import public
from mathwork._levels import core as kernels
from mathwork._status import MATRIX_NOT_FINITE, REDUCED
from mathwork._warnings import warn_of_close_calls
from mathwork._workers import checked_workers
from mathwork.matrix.arithmetic import arithmetic
from mathwork.matrix.checks import (
    check_shape,
    checked_sides,
    kernel_tolerances,
    with_checked_shape,
)
from mathwork.matrix.complex_factors import complex_factors
from mathwork.matrix.determinants import SlogDet, of_fractions, signs_and_logs
from mathwork.matrix.factor_members import FactorMembers
from mathwork.matrix.sides import joined, plain_numbers

SMALL = 8       # rows of the largest matrices whose stacks det() reduces side by side
LEAST_NORMAL = np.finfo(FLOAT64).smallest_normal

if TYPE_CHECKING:
    from typing import Any, Self, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, ScalarOrArray


@public
@kernels.factorizations
class LU(FactorMembers, kernels.Factorization):
    """The factors of a matrix, or of each matrix of a stack: ``A[permutation] = L @ U``.

    :func:`lu` makes it, once for many right-hand sides. It is immutable. The factors of a complex
    matrix are a :class:`ComplexLU`.

    Attributes
    ----------
    L : ndarray, shape (..., m, k), k = min(m, n)
        Lower triangular with ones on the diagonal. A column from the rank on is that of the
        identity.
    U : ndarray, shape (..., k, n)
        The row echelon form of A, as from :func:`ref`. Rows from the rank on are zero.
    permutation : ndarray of int, shape (..., m)
        The order of the rows of A.
    shape : tuple of int
        That of A.
    rank : int, or ndarray of int for a stack
        The number of pivots.
    ambiguous, margin
        Whether the rank was a close call, and how close, as in :class:`Reduced`.
    status : int, or ndarray of int8 for a stack
        0; 1 if A holds NaN or infinity; 2 if the rank is below k. A square matrix has a
        determinant, solutions and an inverse if it is 0.

    Examples
    --------
    >>> from mathwork.matrix import lu
    >>> factors = lu([[2, 3], [4, 5]])
    >>> factors
    LU(L=array([[1., 0.],
                [2., 1.]]),
       U=array([[ 2.,  3.],
                [ 0., -1.]]),
       permutation=array([0, 1]))
    >>> factors.solve([6, 10])
    array([0., 2.])
    """

    __slots__ = ()

    if TYPE_CHECKING:
        def det(self) -> ScalarOrArray: ...
        def inv(self, *, workers: int = 1) -> FloatArray: ...

    def __new__(cls) -> Self:
        raise TypeError("an LU is made by lu")

    # ---- the factors ----

    @property
    @np.errstate(all="ignore")
    def L(self) -> FloatArray:          # noqa: N802
        triangles, rows, undo, pivots = self._parts
        m, k = rows.shape[-1], pivots.shape[-1]
        if triangles.ndim == MOST_AXES:         # the indices below need an axis more
            first, second, *others = triangles.shape[:-2]
            triangles = triangles.reshape(first * second, *others, m, triangles.shape[-1])
            undo = undo.reshape(first * second, *others, m)
            pivots = pivots.reshape(first * second, *others, k)
        columns = np.take_along_axis(triangles, np.maximum(pivots, 0)[..., None, :], axis=-1)
        below = (np.arange(m)[:, None] > np.arange(k)) & (pivots >= 0)[..., None, :]
        exponents = np.frexp(undo)[1]
        lower = np.ldexp(np.where(below, columns, np.eye(m, k)),
                         exponents[..., :, None] - exponents[..., None, :k])
        return self._finished(np.where(below, lower, np.eye(m, k)).reshape(*rows.shape, k))

    @property
    @np.errstate(all="ignore")
    def U(self) -> FloatArray:          # noqa: N802
        triangles, _, undo, pivots = self._parts
        n, k = triangles.shape[-1], pivots.shape[-1]
        kept = (np.arange(n) >= pivots[..., None]) & (pivots >= 0)[..., None]
        rows = 0 - triangles[..., :k, :] * undo[..., :k, None]
        return self._finished(np.where(kept, rows, 0.0))

    @property
    def permutation(self) -> NDArray[np.intp]:
        return self._parts[1]

    def _finished(self, factor: NDArray[np.float64]) -> FloatArray:
        factor[self._verdict[3] != REDUCED] = np.nan
        return self._rounded(factor)

    # ---- what follows ----

    def _determinants(self) -> tuple[NDArray[Any], NDArray[Any]]:
        return kernels.determinant_parts(self)

    def _signs_and_logs(self) -> tuple[Any, Any]:
        return signs_and_logs(*self._determinants())

    def solve(self, b: ArrayLike, *, workers: int = 1) -> FloatArray:
        """The solution of ``A x = b`` for a square A.

        Parameters
        ----------
        b : array_like, shape (..., n) or (..., n, k)
            It is a vector if it has one dimension, and vectors if it has one dimension less than A.
            Otherwise it is k columns. Its stack broadcasts with that of A.
        workers : int
            The number of threads that share a stack.

        Returns
        -------
        ndarray, shape (..., n) or (..., n, k)
            float32 if A and b are float32 or float16, else float64; complex for a complex b. A
            slice whose A is singular or not finite is NaN. NaN and infinity in b reach their own
            column.

        Raises
        ------
        numpy.linalg.LinAlgError
            If one matrix has no inverse: its rank is below n, or it is not finite.
        TypeError
            For b that is not numbers.
        ValueError
            If A is not square, or for shapes that do not go together.

        Notes
        -----
        Forward and back substitution in float64, also for float32. A column has the same bits alone
        and beside others. The real and the imaginary part of a complex b are two columns.

        Examples
        --------
        >>> from mathwork.matrix import lu
        >>> factors = lu([[2, 0], [0, 4]])
        >>> factors.solve([2, 2]), factors.solve([[2, 4], [4, 8]])
        (array([1. , 0.5]), array([[1., 2.],
               [1., 2.]]))
        """
        if type(workers) is int and workers == 1:
            found = self._solve_plain(b)
            if found is not None:
                return found
        self._regular_side()
        sides = plain_numbers(b, "b")
        if sides.dtype.kind == "c":
            return self._solve_parts(sides, checked_workers(workers))
        if not self._single:
            sides = in_dtype(sides, FLOAT64)
        columns, vectors, _ = checked_sides(self.shape, sides)
        x = self._solve_stack(np.ascontiguousarray(columns), checked_workers(workers))
        return x[..., 0] if vectors else x

    def _solve_parts(self, sides: NDArray[Any], workers: int) -> Any:
        """solve() of complex sides: for their two parts"""
        columns, vectors, _ = checked_sides(self.shape, sides)
        parts = np.concatenate((columns.real, columns.imag), axis=-1)
        if not self._single:
            parts = in_dtype(parts, FLOAT64)
        x = joined(self._solve_stack(parts, workers))
        return x[..., 0] if vectors else x

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self._single, *self._parts, self._verdict)


def _rebuilt(*parts: Any) -> LU:
    return kernels.factorization(LU, *parts)


def lu(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, workers: int = 1) -> LU:
    """The factors of a matrix, to solve with it again and again: ``A[permutation] = L @ U``.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
        Any size, 0 included.
    tol, atol
        As for :func:`rref`.
    workers : int
        The number of threads that share the matrices of a stack.

    Returns
    -------
    LU
        For a complex A a :class:`ComplexLU`, which has the same members.

    Raises
    ------
    TypeError, ValueError
        As :func:`rref`.

    Notes
    -----
    The elimination is that of :func:`ref`: rows are scaled by powers of two, pivoting is partial,
    and a pivot counts by the rule of :func:`rref`. So rank, pivots and margins are theirs, and U
    has the bits of ``ref(A).matrix`` for float64. Where :func:`ref` scales a row so that it stays
    in the range of floats, that row of U overflows or underflows. L has entries of at most 1 at the
    scale of the scaled rows. Float32 is factored in float64, and results are rounded.

    The solution is that of a matrix near A, ``|A - L U| <= n eps |L| |U|``: Higham, Accuracy and
    Stability of Numerical Algorithms, 2nd ed., section 9.3. A matrix has the same bits alone, in
    any stack, for any number of workers, and at every level with fused multiply-add.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.matrix import lu
    >>> factors = lu([[1, 2], [3, 4]])
    >>> factors.solve([5, 11]), factors.det(), factors.rank
    (array([1., 2.]), np.float64(-2.0), 2)
    >>> np.array_equal(factors.L @ factors.U, np.array([[1, 2], [3, 4]])[factors.permutation])
    True
    >>> lu([[1, 2], [2, 4]]).status
    2
    >>> lu([[1 + 1j, 2], [3, 4 - 2j]]).det()
    np.complex128(2j)
    """
    A = with_checked_shape(plain_numbers(A, "A"))
    if A.dtype.kind == "c":
        return complex_factors(A, tol, atol, checked_workers(workers))
    return kernels.factor_plain(A, *kernel_tolerances(tol, atol), checked_workers(workers))


def slogdet(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
            modulus: SupportsIndex | None = None) -> SlogDet:
    """The determinant of a square matrix as its sign and the logarithm of its size.

    It neither overflows nor underflows where :func:`det` does.

    Parameters
    ----------
    A : array_like, shape (..., n, n)
    tol, atol
        As for :func:`rref`.
    exact : bool
        Compute the determinant with Fractions; sign and logarithm are rounded once.
    modulus : int, optional
        Refused: there is no size modulo a prime.

    Returns
    -------
    SlogDet
        Unpacks to ``(sign, logabsdet)``: float32 for float32 and float16, else float64. The sign of
        a complex determinant is a complex number of size 1. ``(0, -inf)`` if the rank is below n,
        ``(nan, nan)`` if A is not finite.

    Raises
    ------
    TypeError, ValueError
        As :func:`rref`; and ValueError if A is not square, and for a modulus.

    Warns
    -----
    RankWarning
        If a rank was a close call, as ``ambiguous`` of :class:`Reduced` tells.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.matrix import det, slogdet
    >>> A = np.diag(np.full(400, 0.1))
    >>> det(A), slogdet(A).logabsdet.round(6)
    (np.float64(0.0), np.float64(-921.034037))
    """
    field = arithmetic(tol, exact, modulus, atol)
    if modulus is not None:
        raise ValueError("slogdet has no meaning modulo a prime: det(A, modulus=p) gives the "
                         f"residue, got modulus {modulus}")
    if field is not None:
        return of_fractions(field.det(A))
    A = with_checked_shape(plain_numbers(A, "A"))
    check_shape(A.shape, square=True)
    if A.dtype == FLOAT64 and A.shape[-1] <= SMALL:
        return SlogDet(*_signs_and_logs_of_small(A, tol, atol))
    factors = lu(A, tol=tol, atol=atol)
    close = np.asarray(factors.ambiguous) & np.not_equal(factors.status, MATRIX_NOT_FINITE)
    if tol != 0 and close.any():
        warn_of_close_calls(int(close.sum()), close.size if close.ndim else -1, 2,
                            factors._remedy)
    return factors.slogdet()


def _signs_and_logs_of_small(A: NDArray[np.float64], tol: float | None, atol: float
                             ) -> tuple[Any, Any]:
    """Return (sign, log of the size) of determinants, with the bits and the warnings of lu()

    The determinants themselves take a tenth of the time of the factors. Those that are zero, not
    finite, or out of the range of normal numbers come from the factors.
    """
    determinants = np.asarray(
        kernels.determinant_of_plain(A, *kernel_tolerances(tol, atol), 1, 3)).ravel()
    sizes = np.abs(determinants)
    mantissas, exponents = np.frexp(determinants)
    others = ~((sizes >= LEAST_NORMAL) & (sizes < np.inf))
    if others.any():
        matrices = A.reshape(-1, *A.shape[-2:])[others]
        mantissas[others], exponents[others] = lu(matrices, tol=tol, atol=atol)._determinants()
    return tuple(part.reshape(A.shape[:-2])[()] for part in signs_and_logs(mantissas, exponents))
