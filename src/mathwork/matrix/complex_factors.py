"""The factors of a complex matrix, by the elimination of complex_reduction.py."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arrays import COMPLEX64, COMPLEX128, in_dtype
from mathwork._doors import public
from mathwork._status import REDUCED
from mathwork._workers import checked_workers
from mathwork.matrix.checks import (
    checked_atol,
    checked_sides,
    checked_tol,
    joint_stack,
    over_stack,
)
from mathwork.matrix.complex_reduction import NAN, Planes, Policy
from mathwork.matrix.complexes import REMEDY, determinants, flat_matrices
from mathwork.matrix.determinants import complex_signs_and_logs
from mathwork.matrix.factor_members import FactorMembers
from mathwork.matrix.planes import (
    exchanged,
    over_pieces,
    planes_of,
    quotient,
    shifts_in_range,
    subtract_multiples,
)
from mathwork.matrix.sides import plain_complex

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import ComplexArray
    from mathwork._types import Float64Array as Floats


class _Parts(NamedTuple):
    """What factors are made of, for one matrix or a stack; rows are scaled by powers of two."""

    lower: NDArray[np.complex128]       # (..., m, k)
    upper: NDArray[np.complex128]       # (..., k, n)
    order: NDArray[np.intp]             # (..., m)
    scale: NDArray[np.intc]             # (..., m): exponents of the rows in that order
    mantissa: NDArray[np.complex128]    # of the determinant, times 2^exponent
    exponent: NDArray[np.int64]
    rank: NDArray[np.intp]
    accepted: Floats
    rejected: Floats
    status: NDArray[np.int8]
    parity: NDArray[np.int8]


@public
class ComplexLU(FactorMembers):
    """The factors of a complex matrix, or of each of a stack: ``A[permutation] = L @ U``.

    :func:`lu` makes it. It is immutable, and has the members of :class:`LU`.

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
    >>> factors = lu([[2, 2j], [2j, 0]])
    >>> factors
    ComplexLU(L=array([[1.+0.j, 0.+0.j],
                       [0.+1.j, 1.+0.j]]),
              U=array([[2.+0.j, 0.+2.j],
                       [0.+0.j, 2.+0.j]]),
              permutation=array([0, 1]))
    >>> factors.solve([2, 4j]), factors.det()
    (array([2.+0.j, 0.+1.j]), np.complex128(4+0j))
    """

    __slots__ = ("_parts", "_single")

    _parts: _Parts
    _single: bool
    _remedy = REMEDY

    def __new__(cls) -> Self:
        raise TypeError("a ComplexLU is made by lu")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a ComplexLU is immutable, so {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a ComplexLU is immutable, so {name} cannot be deleted")

    # ---- the factors ----

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self._parts.lower.shape[:-1], self._parts.upper.shape[-1])

    @property
    def L(self) -> ComplexArray:        # noqa: N802
        lower, scale = self._parts.lower, self._parts.scale
        factor = _scaled(lower, scale[..., :, None] - scale[..., None, :lower.shape[-1]])
        return self._finished(factor)

    @property
    def U(self) -> ComplexArray:        # noqa: N802
        upper, scale = self._parts.upper, self._parts.scale
        return self._finished(_scaled(upper, scale[..., :upper.shape[-2], None]))

    @property
    def permutation(self) -> NDArray[np.intp]:
        return self._parts.order.copy()

    def _finished(self, factor: NDArray[np.complex128]) -> ComplexArray:
        factor[self._parts.status != REDUCED] = NAN
        return self._rounded(factor)

    # ---- the verdict and the determinant ----

    @property
    def _verdict(self) -> tuple[NDArray[Any], ...]:
        return self._parts[-5:]

    def _determinants(self) -> tuple[NDArray[Any], NDArray[Any]]:
        if self.shape[-2] != self.shape[-1]:
            raise ValueError(f"A must be square, got shape {self.shape}")
        return self._parts.mantissa, self._parts.exponent

    def _signs_and_logs(self) -> tuple[Any, Any]:
        return complex_signs_and_logs(*self._determinants())

    # ---- solutions ----

    def solve(self, b: ArrayLike, *, workers: int = 1) -> ComplexArray:
        """The solution of ``A x = b`` for a square A.

        Parameters
        ----------
        b : array_like, shape (..., n) or (..., n, k)
            Real or complex. It is a vector if it has one dimension, and vectors if it has one
            dimension less than A. Otherwise it is k columns. Its stack broadcasts with that of A.
        workers : int
            The number of threads that share a stack.

        Returns
        -------
        ndarray, shape (..., n) or (..., n, k)
            complex64 if A and b have that precision or less, else complex128. A slice whose A is
            singular or not finite is NaN. NaN and infinity in b reach their own column.

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
        Forward and back substitution in complex128, also for complex64. A column has the same bits
        alone and beside others.

        Examples
        --------
        >>> from mathwork.matrix import lu
        >>> factors = lu([[2j, 0], [0, 4]])
        >>> factors.solve([2, 2])
        array([0. -1.j, 0.5+0.j])
        """
        self._regular_side()
        columns, vectors, _ = checked_sides(self.shape, plain_complex(b, "b"))
        x = self._solve_stack(columns, checked_workers(workers))
        return x[..., 0] if vectors else x

    def _solve_stack(self, sides: NDArray[Any], workers: int) -> ComplexArray:
        dtype = self._dtype() if sides.dtype == COMPLEX64 else COMPLEX128
        own, stack = self.shape[:-2], joint_stack(self.shape, sides.shape) or ()
        (n, k), count = sides.shape[-2:], math.prod(stack)
        columns = over_stack(sides, stack).reshape(count, n, k)
        # One matrix stays one: it broadcasts with the planes of all sides.
        one = math.prod(own) == 1
        lower, upper, order, scale = (
            over_stack(part, own if one else stack).reshape(1 if one else count, *part.shape[-2:])
            for part in (self._parts.lower, self._parts.upper, self._parts.order[..., None],
                         self._parts.scale[..., None]))
        x = np.empty((count, n, k), dtype)

        def solve_piece(piece: slice) -> None:
            some = slice(None) if one else piece
            rows = np.take_along_axis(columns[piece], order[some], axis=1)
            x[piece] = _substituted(lower[some], upper[some], scale[some, :, 0].T, rows)

        over_pieces(solve_piece, count, n * (n + k), workers)
        x = x.reshape(*stack, n, k)
        x[np.broadcast_to((self._parts.rank < n)[..., None, None], x.shape)] = NAN
        return x

    def _dtype(self) -> np.dtype[Any]:
        return COMPLEX64 if self._single else COMPLEX128

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self._single, *self._parts)


def _rebuilt(single: bool, *parts: Any) -> ComplexLU:
    """Return factors with copies of these parts; a file may hold anything, so they are checked"""
    types = (np.complex128, np.complex128, np.intp, np.intc, np.complex128, np.int64, np.intp,
             np.float64, np.float64, np.int8, np.int8)
    known = _Parts(*(np.array(part, dtype) for part, dtype in zip(parts, types, strict=True)))
    *stack, m, k = known.lower.shape if known.lower.ndim > 1 else (0, 0)
    shapes = ((*stack, m, k), (*stack, k, *known.upper.shape[-1:]), (*stack, m), (*stack, m),
              *[tuple(stack)] * 7)
    if not (tuple(part.shape for part in known) == shapes and k == min(m, known.upper.shape[-1])
            and (np.sort(known.order, axis=-1) == np.arange(m)).all()
            and ((known.rank >= 0) & (known.rank <= k)).all()):
        raise ValueError("the parts of a factorization do not go together")
    return _made(bool(single), known)


def _made(single: bool, parts: _Parts) -> ComplexLU:
    made = object.__new__(ComplexLU)
    for part in parts:
        part.setflags(write=False)
    object.__setattr__(made, "_single", single)
    object.__setattr__(made, "_parts", parts)
    return made


def complex_factors(A: ComplexArray, tol: float | None, atol: float, workers: int) -> Any:
    """Return the ComplexLU of a plain complex matrix, or of each of a stack."""
    policy = Policy(checked_tol(tol), checked_atol(atol), A.dtype == COMPLEX64)
    stack, (m, n) = A.shape[:-2], A.shape[-2:]
    flat, k = flat_matrices(A, n, policy.atol), min(m, n)
    count = len(flat)
    parts = _Parts(
        lower=np.empty((count, m, k), np.complex128), upper=np.empty((count, k, n), np.complex128),
        order=np.empty((count, m), np.intp), scale=np.empty((count, m), np.intc),
        mantissa=np.empty(count, np.complex128), exponent=np.empty(count, np.int64),
        rank=np.empty(count, np.intp), accepted=np.empty(count), rejected=np.empty(count),
        status=np.empty(count, np.int8), parity=np.empty(count, np.int8))

    def factor_piece(piece: slice) -> None:
        planes = FactorPlanes(flat[piece], policy)
        planes.reduce()
        for name, part in planes.parts()._asdict().items():
            getattr(parts, name)[piece] = part

    over_pieces(factor_piece, count, m * n, workers)
    shaped: Any = [part.reshape(stack + part.shape[1:]) for part in parts]
    return _made(policy.single, _Parts(*shaped))


class FactorPlanes(Planes):
    """A piece of a stack under way, with the order of its rows and the factors L (m, k, count)."""

    def __init__(self, A: NDArray[np.complex128], policy: Policy) -> None:
        super().__init__(A, A.shape[-1], policy, reduced=False)
        k = min(self.m, self.n)
        self.order = np.repeat(np.arange(self.m)[:, None], self.count, axis=1)
        self.lower = tuple(np.zeros((self.m, k, self.count)) for _ in range(2))

    def _keep(self, which: NDArray[np.intp], at: NDArray[np.intp], to: NDArray[np.intp],
              f: Floats, g: Floats) -> None:
        for whole in (self.order[:, None], *self.lower):
            part = whole[..., which]
            row = exchanged(part, at, to)
            np.put_along_axis(part, to[None, None], row[None], axis=0)
            whole[..., which] = part
        below = self.rows > to
        for whole, factors in zip(self.lower, (f, g), strict=True):
            whole[:, to, which] = np.where(below, factors, 0)

    def _echelon_rows(self) -> list[Floats]:
        """Return the rows of U at the scale of the elimination"""
        has_pivot = (self.rows < self.rank)[:, None]
        return [np.where(has_pivot, part, 0) for part in self.echelon]

    def parts(self) -> _Parts:
        """Return the factors; those of matrices that are not finite are NaN."""
        found = self.found()
        mantissa, exponent = determinants(found, min(self.m, self.n))
        k = min(self.m, self.n)
        lower = np.empty((self.count, self.m, k), np.complex128)
        lower.real, lower.imag = (part.transpose(2, 0, 1) + 0.0 for part in self.lower)
        lower[:, np.arange(k), np.arange(k)] = 1
        return _Parts(lower, found.matrix[:, :k], self.order.T, self.scale.T, mantissa, exponent,
                      found.rank, found.accepted, found.rejected, found.status, found.parity)


def _scaled(factor: NDArray[np.complex128], exponents: NDArray[np.intc]
            ) -> NDArray[np.complex128]:
    """Return factor 2^exponents"""
    result = np.empty(factor.shape, np.complex128)
    with np.errstate(all="ignore"):
        result.real, result.imag = (np.ldexp(part, exponents) + 0.0
                                    for part in (factor.real, factor.imag))
    return result


def _substituted(lower: NDArray[np.complex128], upper: NDArray[np.complex128],
                 scale: NDArray[np.intc], rows: ComplexArray) -> NDArray[np.complex128]:
    """Return x (count, n, k) with L U x = rows

    The exponents `scale` (n, count) are those of the rows of L U. So only x itself can overflow.
    """
    (low_re, low_im), (up_re, up_im) = planes_of(lower), planes_of(upper)
    re, im = planes_of(in_dtype(rows, COMPLEX128))
    shift, _ = shifts_in_range(re, im, scale)
    re, im = (np.ldexp(part, shift - scale[:, None]) for part in (re, im))
    n = len(re)
    for j in range(n):
        below = slice(j + 1, None)
        subtract_multiples(re[below], im[below], low_re[below, j], low_im[below, j], re[j], im[j])
    for j in reversed(range(n)):
        re[j], im[j] = quotient(re[j], im[j], up_re[j, j], up_im[j, j])
        subtract_multiples(re[:j], im[:j], up_re[:j, j], up_im[:j, j], re[j], im[j])
    x = np.empty(rows.shape, np.complex128)
    x.real, x.imag = (np.ldexp(part, -shift).transpose(2, 0, 1) + 0.0 for part in (re, im))
    return x
