"""Linear systems and other uses of a reduction: rank, determinant, inverse, null space."""
from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np

from mathwork._arrays import as_plain_together
from mathwork._levels import core as kernels
from mathwork._status import (
    INCONSISTENT,
    INFINITE,
    REDUCED,
    SOLUTION_WORDS,
    SYSTEM_NOT_FINITE,
    UNIQUE,
)
from mathwork._warnings import RankWarning
from mathwork.matrix.arithmetic import arithmetic
from mathwork.matrix.checks import (
    checked_atol,
    checked_matrix,
    checked_sides,
    with_advice,
    with_checked_shape,
)
from mathwork.matrix.elimination import CLOSE_ACCEPTED, ref, rref, shown
from mathwork.matrix.written import displayed, solution_latex, solution_text, too_long

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, ScalarOrArray, SolutionWord
    from mathwork.matrix.elimination import Reduced

# Rounding in b has the size of A x before cancellation, for an unknown x. So it may be up to this
# many times the rounding that the computed x could leave.
CANCELLED = 16
# A 0 = d was a close call if it was a contradiction by less than this many times its bound, or none
# by more than this part of it: d carries more rounding than a pivot does.
CLOSE_CONTRADICTION = 1000
CLOSE_AGREEMENT = 0.1


REMEDY = "tol=0 takes all that is not 0 for data, exact=True computes with Fractions"


class _Parts(NamedTuple):
    status: SolutionWord | NDArray[np.int8]
    x: NDArray[Any] | Any           # Any is None, which only exact arithmetic gives
    null_space: NDArray[Any]


class Solution(_Parts):
    """The result of :func:`solve`; unpacks to its fields.

    Parameters
    ----------
    status : str, or ndarray of int8 for a stack
        ``"unique"`` 0, ``"infinite"`` 1, ``"inconsistent"`` 2, or ``"nan"`` 3 if A or b is not
        finite. With several right-hand sides, the last of these words that applies to one of them.
    x : ndarray, shape (..., n) or (..., n, k), or None
        The solution, or the solution with all free variables zero. It is NaN for a right-hand side
        without a solution. In exact arithmetic and modulo a prime, x is None if there is such a
        right-hand side; in a stack, NaN, or -1 modulo a prime, then fills the slice.
    null_space : ndarray, shape (..., n, nullity)
        As from :func:`null_space`. Any combination of its columns may be added to x.

    Attributes
    ----------
    ambiguous : bool, or ndarray of bool for a stack
        Whether the status depended on a close call. It may be on the rank, as in :class:`Reduced`.
        It may be on a 0 = d: a contradiction by less than 1000 times its bound, or none by less
        than 10. False in exact arithmetic and modulo a prime.
    modulus : int or None
        The prime of the arithmetic.

    Examples
    --------
    >>> from mathwork.matrix import solve
    >>> solution = solve([[2, 3], [4, 5]], [6, 10])
    >>> status, x, null_space = solution
    >>> status, x, solution.ambiguous
    ('unique', array([0., 2.]), False)
    >>> print(solve([[1, 2]], [3]))
    x1 = 3 - 2 t
    x2 = t
    <BLANKLINE>
    (x1, x2) = (3, 0) + t (-2, 1)
    """

    @property
    def ambiguous(self) -> bool | NDArray[np.bool]:
        return self.__dict__.get("ambiguous", False)

    @property
    def modulus(self) -> int | None:
        return self.__dict__.get("modulus")

    def text(self, names: Sequence[str] | None = None) -> str:
        """All solutions as in a book: an equation for each unknown, then as vectors.

        Parameters
        ----------
        names : sequence of str, optional
            Of the n unknowns. By default x1, x2, and so on.

        Returns
        -------
        str
            The free parameters are t, or t1, t2, and so on. Floats have six digits.

        Raises
        ------
        ValueError
            If there are not n names.

        Examples
        --------
        >>> from mathwork.matrix import solve
        >>> print(solve([[2, 3, 1]], [6], exact=True).text("xyz"))
        x = 3 - 3/2 t1 - 1/2 t2
        y = t1
        z = t2
        <BLANKLINE>
        (x, y, z) = (3, 0, 0) + t1 (-3/2, 1, 0) + t2 (-1/2, 0, 1)
        """
        return solution_text(self, names)

    def latex(self, names: Sequence[str] | None = None) -> str:
        """The same as LaTeX, for amsmath: without dollars around it.

        Parameters
        ----------
        names : sequence of str, optional
            As for :meth:`text`; digits at the end of a name become its index.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If there are not n names.

        Examples
        --------
        >>> from mathwork.matrix import solve
        >>> print(solve([[3]], [1], exact=True).latex())
        \\begin{aligned}
        x_{1} &= \\frac{1}{3}
        \\end{aligned}
        """
        return solution_latex(self, names)

    def _repr_latex_(self) -> str | None:
        return None if self._is_long() else displayed(self.latex())

    def __str__(self) -> str:
        return repr(self) if self._is_long() else self.text()

    def _is_long(self) -> bool:
        return too_long(*(part for part in self[1:] if part is not None))

    def __repr__(self) -> str:
        return shown(super().__repr__)


def _is_zero(atol: float) -> bool:
    return type(atol) is float and atol == 0


def _solution(status: SolutionWord | NDArray[np.int8], x: NDArray[Any] | None,
              null_space: NDArray[Any], ambiguous: bool | NDArray[np.bool] = False,
              modulus: SupportsIndex | None = None) -> Solution:
    made = tuple.__new__(Solution, (status, x, null_space))
    if ambiguous is not False:
        made.__dict__["ambiguous"] = ambiguous
    if modulus is not None:
        made.__dict__["modulus"] = int(modulus)
    return made


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
    if tol is None and _is_zero(atol) and exact is False and modulus is None:
        found = kernels.solve_regular(A, b)
        if found is not None:
            x, basis, accepted = found
            return _solution(SOLUTION_WORDS[UNIQUE], x, basis, not accepted >= CLOSE_ACCEPTED)
    field = arithmetic(tol, exact, modulus, atol)
    if field is not None:
        return _solution(*field.solve(A, b), modulus=modulus)
    try:
        A, b = as_plain_together(A=A, b=b)
    except TypeError as error:
        raise with_advice(error, A, b) from None
    sides, vectors = checked_sides(with_checked_shape(A), b)
    A, sides = _without_noise(A, sides, checked_atol(atol))
    status, x, basis, ambiguous = _solved(_flat(A), _flat(sides), tol, float(atol))
    if A.ndim == 2:
        status, ambiguous = SOLUTION_WORDS[int(status)], bool(ambiguous)
    else:
        stack = A.shape[:-2]
        status, ambiguous = status.reshape(stack), ambiguous.reshape(stack)
        x, basis = (part.reshape(*stack, *part.shape[1:]) for part in (x, basis))
    return _solution(status, x[..., 0] if vectors else x, basis, ambiguous)


def _without_noise(A: FloatArray, sides: FloatArray, atol: float
                   ) -> tuple[FloatArray, FloatArray]:
    """Return A with entries of at most atol as zeros; beside a row of zeros, sides too"""
    if not atol > 0:
        return A, sides
    A = np.where(np.abs(A) <= atol, A.dtype.type(0), A)
    noise = ~A.any(axis=-1, keepdims=True) & (np.abs(sides) <= atol)
    return A, np.where(noise, sides.dtype.type(0), sides)


def _flat(A: FloatArray) -> FloatArray:
    """Return a matrix unchanged, a stack with a single axis for its slices"""
    return A if A.ndim < 4 else A.reshape(math.prod(A.shape[:-2]), *A.shape[-2:])


def _solved(A: FloatArray, sides: FloatArray, tol: float | None,
            atol: float) -> tuple[Any, FloatArray, FloatArray, Any]:
    """Return (status code, x, null space, ambiguous) of plain arrays"""
    n = A.shape[-1]
    reduced = _reduced_beside(A, sides, tol, atol)
    _bring_back(reduced, A, sides, tol, atol)
    if A.ndim > 2 and A.shape[-2] == n and (reduced.rank == n).all() and np.isfinite(sides).all():
        x = reduced.matrix[..., n:].copy()
        return (np.full(len(A), UNIQUE, np.int8), x, np.empty((*x.shape[:-1], 0), A.dtype),
                reduced.ambiguous)
    x = _at_pivots(reduced, n, slice(n, None))
    unknown = ~np.isfinite(sides).all(axis=-2) | np.not_equal(reduced.status, 0)[..., None]
    lost, close = _contradictions(A, sides, reduced, tol, atol)
    lost &= ~unknown
    x[np.broadcast_to((lost | unknown)[..., None, :], x.shape)] = np.nan
    status = np.where(np.equal(reduced.rank, n), UNIQUE, INFINITE)
    status = np.where(lost.any(axis=-1), INCONSISTENT, status)
    status = np.where(unknown.any(axis=-1) | np.not_equal(reduced.status, 0),
                      SYSTEM_NOT_FINITE, status)
    basis, doubtful = _null_vectors(A, reduced, tol, atol)
    return (status.astype(np.int8), x, basis, reduced.ambiguous | close.any(axis=-1) | doubtful)


def _reduced_beside(A: FloatArray, sides: FloatArray, tol: float | None,
                    atol: float = 0.0) -> Reduced:
    """Return ``[A | sides]`` of plain arrays, reduced with pivots in A alone"""
    # Columns that lie one after the other would stay so.
    together = np.ascontiguousarray(np.concatenate((A, sides), axis=-1))
    return kernels.reduce_plain(together, A.shape[-1], -1 if tol is None else tol, True, atol=atol)


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
            smaller = _reduced_beside(A, np.ldexp(sides, -bits), tol, atol)
            np.copyto(found, np.ldexp(smaller.matrix[..., A.shape[-1]:], bits), where=lost)


def _at_pivots(reduced: Reduced, n: int, part: slice) -> FloatArray:
    """Return rows of `part` of the reduced matrix at their pivots' places of n, zeros elsewhere"""
    matrix = reduced.matrix[..., part]
    if matrix.ndim == 2:
        result = np.zeros((n, matrix.shape[-1]), matrix.dtype)
        result[list(reduced.pivots)] = matrix[:reduced.rank]
    else:
        # The padding of pivots, -1, writes to one extra row, which is dropped.
        result = np.zeros((*matrix.shape[:-2], n + 1, matrix.shape[-1]), matrix.dtype)
        pivots = np.asarray(reduced.pivots)
        rows = matrix[..., :pivots.shape[-1], :]
        np.put_along_axis(result, pivots[..., None] % (n + 1), rows, axis=-2)
        result = result[..., :n, :]
    result[np.not_equal(reduced.status, 0)] = np.nan
    return result


def _contradictions(A: FloatArray, sides: FloatArray, reduced: Reduced, tol: float | None,
                    atol: float) -> tuple[NDArray[np.bool], NDArray[np.bool]]:
    """Return (whether 0 = d is left, whether that was a close call), for each right-hand side"""
    m = A.shape[-2]
    rank = np.asarray(reduced.rank)
    if (rank == m).all():
        return tuple(np.zeros((2, *sides.shape[:-2], sides.shape[-1]), bool))
    exponents = _row_exponents(A)
    with np.errstate(all="ignore"):
        unit = CANCELLED * np.asarray(_default_tol(A, exponents) if tol is None else tol)
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


def _default_tol(A: FloatArray, exponents: NDArray[np.intc]) -> NDArray[np.float64]:
    """Return the tolerance of rref for each matrix; exponents are those of its rows"""
    norm = np.ldexp(np.abs(A), -exponents[..., None]).sum(axis=-1).max(axis=-1, initial=0)
    return kernels.units[A.dtype.char] * np.sqrt(norm)


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
    return _reduced_beside(A, scaled, None, atol).matrix[..., n:]


def _row_exponents(A: FloatArray) -> NDArray[np.intc]:
    """Return k with 2^k <= largest of a row < 2^(k + 1); 0 if it is zero or not finite"""
    largest = np.abs(A).max(axis=-1, initial=0)
    usable = (largest > 0) & (largest < np.inf)
    return np.where(usable, np.frexp(largest)[1] - 1, 0).astype(np.intc)


def _warn_if_close(close: Any, reduced: Reduced, tol: float | None) -> None:
    """Warn the caller of a public function, unless tol = 0 has made the call"""
    close = close & np.equal(reduced.status, REDUCED)
    if tol == 0 or not close.any():
        return
    which = "the rank of A" if close.ndim == 0 else f"the rank of {close.sum()} of {close.size} A"
    warnings.warn(_close_text(which), RankWarning, stacklevel=3)


def _close_text(which: str) -> str:
    return f"{which} was too close to call in floats: {REMEDY}"


def rank(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
         modulus: SupportsIndex | None = None) -> int | NDArray[np.intp]:
    """The number of independent rows.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
    tol, atol, exact, modulus
        As for :func:`rref`.

    Returns
    -------
    int, or ndarray of int for a stack
        0 if A is not finite; then the status of :func:`rref` says so.

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
    >>> from mathwork.matrix import rank
    >>> rank([[1, 2], [2, 4]])
    1
    """
    field = arithmetic(tol, exact, modulus, atol)
    if field is not None:
        return field.rank(A)
    reduced = rref(A, tol=tol, atol=atol)
    _warn_if_close(reduced.ambiguous, reduced, tol)
    return reduced.rank


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
    reduced = rref(_flat(A), tol=tol, atol=atol)
    basis, doubtful = _null_vectors(_flat(A), reduced, tol, atol)
    _warn_if_close(reduced.ambiguous | doubtful, reduced, tol)
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


def _null_vectors(A: FloatArray, reduced: Reduced, tol: float | None, atol: float
                  ) -> tuple[FloatArray, NDArray[np.bool]]:
    """Return (the null space, whether A times it is not zero to rounding)

    Elimination is not stable row by row: a row may leave more than its own rounding. One step of
    refinement then brings it down.
    """
    basis = _null_space(reduced, A.shape[-1])
    if 0 in (A.shape[-2], basis.shape[-1]):
        return basis, np.zeros(A.shape[:-2], bool)
    exponents = _row_exponents(A)
    with np.errstate(all="ignore"):
        bound = (tol or _default_tol(A, exponents)) + np.ldexp(atol, -exponents).T
    scaled = np.ldexp(A.astype(float), -exponents[..., None])
    wrong = _exceeds(scaled, basis, bound.T)
    for at in map(tuple, np.argwhere(wrong)):
        pivots = np.asarray(reduced.pivots)[at]
        pivots = pivots[pivots >= 0]
        rest = scaled[at] @ basis[at].astype(float)
        again = _reduced_beside(scaled[at][:, pivots], rest, 0)
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
    vectors = np.eye(n, dtype=reduced.matrix.dtype) - _at_pivots(reduced, n, slice(n))
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


@overload
def inv(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0) -> FloatArray: ...
@overload
def inv(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: SupportsIndex | None = None) -> NDArray[Any]: ...
def inv(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: SupportsIndex | None = None) -> NDArray[Any]:
    """The inverse of a square matrix.

    Parameters
    ----------
    A : array_like, shape (..., n, n)
    tol, atol, exact, modulus
        As for :func:`rref`.

    Returns
    -------
    ndarray, shape (..., n, n)
        In a stack, NaN for a slice without an inverse.

    Raises
    ------
    numpy.linalg.LinAlgError
        If one matrix has no inverse: its rank is below n, or it is not finite.
    TypeError, ValueError
        As :func:`rref`; and ValueError if A is not square.

    Warns
    -----
    RankWarning
        If a rank was a close call, as ``ambiguous`` of :class:`Reduced` tells.

    Examples
    --------
    >>> from mathwork.matrix import inv
    >>> inv([[2, 3], [4, 5]])
    array([[-2.5,  1.5],
           [ 2. , -1. ]])
    """
    if tol is None and _is_zero(atol) and exact is False and modulus is None:
        found = kernels.invert_regular(A)
        if found is not None:
            inverse, accepted = found
            if not accepted >= CLOSE_ACCEPTED:
                warnings.warn(_close_text("the rank of A"), RankWarning, stacklevel=2)
            return inverse
    field = arithmetic(tol, exact, modulus, atol)
    if field is not None:
        return field.inv(A)
    A = checked_matrix(A, square=True)
    n = A.shape[-1]
    identity = np.broadcast_to(np.eye(n, dtype=A.dtype), A.shape)
    reduced = _reduced_beside(A, identity, tol, atol)
    singular = np.less(reduced.rank, n)
    if A.ndim == 2 and singular:
        raise np.linalg.LinAlgError(_why_singular(reduced, n))
    _warn_if_close(reduced.ambiguous, reduced, tol)
    inverse = reduced.matrix[..., n:].copy()
    if A.ndim > 2:
        inverse[singular] = np.nan
    return inverse


def _why_singular(reduced: Reduced, n: int) -> str:
    if reduced.status:
        return "A has no inverse: it holds NaN or infinity"
    if reduced.ambiguous:
        return f"A has no inverse: its rank is {reduced.rank} of {n} within rounding; {REMEDY}"
    return f"A has no inverse: its rank is {reduced.rank} of {n}"


@overload
def det(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0) -> ScalarOrArray: ...
@overload
def det(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: SupportsIndex | None = None) -> Fraction | int | ScalarOrArray | NDArray[Any]: ...
def det(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0, exact: bool = False,
        modulus: SupportsIndex | None = None) -> Fraction | int | ScalarOrArray | NDArray[Any]:
    """The determinant of a square matrix.

    Parameters
    ----------
    A : array_like, shape (..., n, n)
    tol, atol, exact, modulus
        As for :func:`rref`.

    Returns
    -------
    float64 or float32, Fraction or int; ndarray for a stack
        The product of the pivots; only the whole product can overflow or underflow. 0 if the rank
        is below n, NaN if A is not finite. With ``tol=0`` only an exact zero is no pivot.

    Raises
    ------
    TypeError, ValueError
        As :func:`rref`; and ValueError if A is not square.

    Warns
    -----
    RankWarning
        If a rank was a close call, as ``ambiguous`` of :class:`Reduced` tells.

    Examples
    --------
    >>> from mathwork.matrix import det
    >>> det([[2, 3], [4, 5]])
    np.float64(-2.0)
    """
    field = arithmetic(tol, exact, modulus, atol)
    if field is not None:
        return field.det(A)
    echelon = ref(A, tol=tol, atol=atol)
    with_checked_shape(echelon.matrix, square=True)
    _warn_if_close(echelon.ambiguous, echelon, tol)
    return kernels.determinants(echelon)
