"""The factors of a matrix, L and U, and what follows from them at little cost.

The factorisation and the solutions are compiled: mathwork/kernels/matrix/factors.pxi.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arrays import FLOAT32, FLOAT64
from mathwork._doors import public
from mathwork._levels import core as kernels
from mathwork._status import DEFICIENT, MATRIX_NOT_FINITE, REDUCED
from mathwork._warnings import warn_of_close_calls, why_singular
from mathwork._workers import checked_workers
from mathwork.matrix.arithmetic import arithmetic
from mathwork.matrix.checks import kernel_tolerances, with_checked_shape
from mathwork.matrix.elimination import Margin, shown
from mathwork.matrix.sides import broadcast_sides, plain_floats
from mathwork.matrix.verdicts import is_ambiguous

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Any, Self, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import CodeOrArray, FloatArray, ScalarOrArray

# ln 2 in two parts. The first has 32 bits, so its multiples by exponents are exact: W. J. Cody,
# W. Waite, Software Manual for the Elementary Functions, 1980, chapter 5.
LN2_HIGH, LN2_LOW = float.fromhex("0x1.62e42fee00000p-1"), float.fromhex("0x1.a39ef35793c76p-33")
LARGEST_EXPONENT = 100_000      # beyond it every determinant is infinite or zero


@public
class SlogDet(NamedTuple):
    """A determinant as its sign and the logarithm of its size: ``sign * exp(logabsdet)``.

    Parameters
    ----------
    sign : float, or ndarray for a stack
        1, -1, or 0; NaN for a matrix that is not finite.
    logabsdet : float, or ndarray for a stack
        The natural logarithm of the absolute value; ``-inf`` for 0.

    Examples
    --------
    >>> from mathwork.matrix import slogdet
    >>> sign, logabsdet = slogdet([[0, 2], [3, 0]])
    >>> sign, logabsdet.round(4)
    (np.float64(-1.0), np.float64(1.7918))
    """

    sign: ScalarOrArray
    logabsdet: ScalarOrArray


@public
@kernels.factorizations
class LU(kernels.Factorization):
    """The factors of a matrix, or of each matrix of a stack: ``A[permutation] = L @ U``.

    :func:`lu` makes it, once for many right-hand sides. It is immutable.

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

    def __new__(cls) -> Self:
        raise TypeError("an LU is made by lu")

    # ---- the factors ----

    @property
    def L(self) -> FloatArray:          # noqa: N802
        triangles, rows, undo, pivots = self._parts
        m, k = rows.shape[-1], pivots.shape[-1]
        columns = np.take_along_axis(triangles, np.maximum(pivots, 0)[..., None, :], axis=-1)
        below = (np.arange(m)[:, None] > np.arange(k)) & (pivots >= 0)[..., None, :]
        exponents = np.frexp(undo)[1]
        lower = np.ldexp(np.where(below, columns, np.eye(m, k)),
                         exponents[..., :, None] - exponents[..., None, :k])
        return self._finished(np.where(below, lower, np.eye(m, k)))

    @property
    def U(self) -> FloatArray:          # noqa: N802
        triangles, _, undo, pivots = self._parts
        n, k = triangles.shape[-1], pivots.shape[-1]
        kept = (np.arange(n) >= pivots[..., None]) & (pivots >= 0)[..., None]
        with np.errstate(over="ignore", invalid="ignore"):
            rows = 0 - triangles[..., :k, :] * undo[..., :k, None]
        return self._finished(np.where(kept, rows, 0.0))

    @property
    def permutation(self) -> NDArray[np.intp]:
        return self._parts[1]

    def _finished(self, factor: NDArray[np.float64]) -> FloatArray:
        factor[self._verdict[3] != REDUCED] = np.nan
        return self._rounded(factor)

    def _rounded(self, numbers: Any) -> Any:
        """Return results in the dtype of the data"""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return numbers.astype(FLOAT32 if self._single else FLOAT64, copy=False)

    # ---- the verdict ----

    @property
    def rank(self) -> int | NDArray[np.intp]:
        return _one_or_all(self._verdict[0])

    @property
    def margin(self) -> Margin:
        return Margin(*map(_one_or_all, self._verdict[1:3]))

    @property
    def status(self) -> CodeOrArray:
        rank, _, _, status, _ = self._verdict
        deficient = (status == REDUCED) & (rank < min(self.shape[-2:]))
        return _one_or_all(np.where(deficient, np.int8(DEFICIENT), status))

    @property
    def ambiguous(self) -> bool | NDArray[np.bool]:
        return is_ambiguous(self.margin, self._single)

    # ---- what follows ----

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
            float32 if A and b are float32 or float16, else float64. A slice whose A is singular or
            not finite is NaN. NaN and infinity in b reach their own column.

        Raises
        ------
        numpy.linalg.LinAlgError
            If one matrix has no inverse: its rank is below n, or it is not finite.
        TypeError
            For b that is not real numbers.
        ValueError
            If A is not square, or for shapes that do not go together.

        Notes
        -----
        Forward and back substitution in float64, also for float32. A column has the same bits alone
        and beside others.

        Examples
        --------
        >>> from mathwork.matrix import lu
        >>> factors = lu([[2, 0], [0, 4]])
        >>> factors.solve([2, 2]), factors.solve([[2, 4], [4, 8]])
        (array([1. , 0.5]), array([[1., 2.],
               [1., 2.]]))
        """
        if workers == 1:
            found = self._solve_plain(b)
            if found is not None:
                return found
        self._regular_side()
        sides = plain_floats(b, "b")
        if not self._single:
            sides = sides.astype(FLOAT64, copy=False)
        columns, vectors, _ = broadcast_sides(self.shape, sides)
        x = self._solve_stack(np.ascontiguousarray(columns), checked_workers(workers))
        return x[..., 0] if vectors else x

    def det(self) -> ScalarOrArray:
        """The determinant of a square A.

        Returns
        -------
        float64 or float32; ndarray for a stack
            0 if the rank is below n, NaN if A is not finite. Only the whole product of the pivots
            can overflow or underflow.

        Raises
        ------
        ValueError
            If A is not square.

        Examples
        --------
        >>> from mathwork.matrix import lu
        >>> lu([[2, 3], [4, 5]]).det()
        np.float64(-2.0)
        """
        mantissas, exponents = kernels.determinant_parts(self)
        near = exponents.clip(-LARGEST_EXPONENT, LARGEST_EXPONENT).astype(np.intc)
        with np.errstate(over="ignore", under="ignore"):
            return self._rounded(np.ldexp(mantissas, near))[()]

    def slogdet(self) -> SlogDet:
        """The determinant of a square A, as sign and logarithm.

        Returns
        -------
        SlogDet
            Unpacks to ``(sign, logabsdet)``, as from :func:`slogdet`.

        Raises
        ------
        ValueError
            If A is not square.

        Examples
        --------
        >>> import numpy as np
        >>> from mathwork.matrix import lu
        >>> float(lu(np.diag([1e200, 1e200])).slogdet().logabsdet)
        921.0340371976183
        """
        return SlogDet(*map(self._rounded, _signs_and_logs(*kernels.determinant_parts(self))))

    def inv(self, *, workers: int = 1) -> FloatArray:
        """The inverse of a square A.

        Parameters
        ----------
        workers : int
            The number of threads that share a stack.

        Returns
        -------
        ndarray, shape (..., n, n)
            In a stack, NaN for a slice without an inverse.

        Raises
        ------
        numpy.linalg.LinAlgError
            If one matrix has no inverse: its rank is below n, or it is not finite.
        ValueError
            If A is not square.

        Examples
        --------
        >>> from mathwork.matrix import lu
        >>> lu([[2, 0], [0, 4]]).inv()
        array([[0.5 , 0.  ],
               [0.  , 0.25]])
        """
        identity: FloatArray = np.eye(self._regular_side())
        if self._single:
            identity = identity.astype(FLOAT32)
        return self._solve_stack(identity, checked_workers(workers))

    # ---- checks ----

    def _regular_side(self) -> int:
        """Return n; raise unless A is square, and one matrix regular"""
        m, n = self.shape[-2:]
        if m != n:
            raise ValueError(f"A must be square, got shape {self.shape}")
        if len(self.shape) == 2 and self._verdict[0] < n:
            raise np.linalg.LinAlgError(why_singular(
                int(self._verdict[0]), n, self.status != MATRIX_NOT_FINITE, bool(self.ambiguous)))
        return n

    def __repr__(self) -> str:
        parts = []
        for name, value in (("L", self.L), ("U", self.U), ("permutation", self.permutation)):
            parts.append(f"{name}=" + shown(value.__repr__).replace(
                "\n", "\n" + " " * len(f"LU({name}=")).replace("\n" + " " * 5 + "\n", "\n\n"))
        return "LU(" + ",\n   ".join(parts) + ")"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self._single, *self._parts, self._verdict)


def _rebuilt(*parts: Any) -> LU:
    return kernels.factorization(LU, *parts)


def _one_or_all(numbers: Any) -> Any:
    """Return a number of Python for one matrix, else the array"""
    return numbers if numbers.ndim else numbers.item()


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

    Raises
    ------
    TypeError, ValueError
        As :func:`rref`.

    Notes
    -----
    The elimination is that of :func:`ref`: rows are scaled by powers of two, pivoting is partial,
    and a pivot counts by the rule of :func:`rref`. So rank, pivots and margins are theirs, and U
    has the bits of ``ref(A).matrix`` for float64. L has entries of at most 1 at the scale of the
    scaled rows. Float32 is factored in float64, and results are rounded.

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
    """
    A = with_checked_shape(plain_floats(A, "A"))
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
        Unpacks to ``(sign, logabsdet)``: float32 for float32 and float16, else float64. ``(0,
        -inf)`` if the rank is below n, ``(nan, nan)`` if A is not finite.

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
        return _of_fractions(field.det(A))
    factors = lu(A, tol=tol, atol=atol)
    with_checked_shape(np.broadcast_to(0.0, factors.shape), square=True)
    close = np.asarray(factors.ambiguous) & np.not_equal(factors.status, MATRIX_NOT_FINITE)
    if tol != 0 and close.any():
        warn_of_close_calls(int(close.sum()), close.size if close.ndim else -1, 2)
    return factors.slogdet()


def _signs_and_logs(mantissas: NDArray[np.float64], exponents: NDArray[Any]
                    ) -> tuple[Any, Any]:
    """Return (sign, log of the size) of mantissas in [1/2, 1), or 0, times 2^exponents"""
    sizes = np.abs(mantissas)
    small = sizes < math.sqrt(0.5)      # else a logarithm near 0 would be a difference
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(small, 2 * sizes, sizes))
    powers = exponents - small
    return np.sign(mantissas), powers * LN2_HIGH + (powers * LN2_LOW + logs)


def _of_fractions(determinants: Fraction | NDArray[Any]) -> SlogDet:
    """Return the signs and logarithms of exact determinants"""
    numbers = np.asarray(determinants, object)
    mantissas, exponents = np.zeros(numbers.shape), np.zeros(numbers.shape, np.int64)
    for at, number in np.ndenumerate(numbers):
        shift = abs(number.numerator).bit_length() - number.denominator.bit_length() + 1
        mantissas[at], more = math.frexp(number / 2 ** shift if shift > 0
                                         else number * 2 ** -shift)
        exponents[at] = shift + more
    return SlogDet(*_signs_and_logs(mantissas, exponents))
