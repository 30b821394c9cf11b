"""Row echelon forms: their result class, and the arguments of calls without a plain matrix.

The elimination itself is compiled: mathwork/kernels/matrix/reduction.pxi and the files it names.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arguments import count, items, real
from mathwork._arrays import for_each
from mathwork._doors import door, public
from mathwork._levels import core as kernels
from mathwork._status import REDUCED
from mathwork._workers import checked_workers
from mathwork.matrix.arithmetic import arithmetic
from mathwork.matrix.checks import checked_atol, checked_columns, checked_matrix, checked_tol
from mathwork.matrix.verdicts import is_ambiguous
from mathwork.matrix.written import displayed, reduced_latex, reduced_text, too_long

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Self, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import CodeOrArray, FloatArray, FloatOrArray
    from mathwork.matrix.complexes import ComplexFloats
    from mathwork.matrix.fields import Field


@public
class Margin(NamedTuple):
    """How close the calls were: candidates for a pivot over their bounds.

    Parameters
    ----------
    accepted : float, or ndarray for a stack
        The smallest accepted candidate; infinity if there was none.
    rejected : float, or ndarray for a stack
        The largest rejected candidate, which became zero; 0 if there was none.

    Examples
    --------
    >>> from mathwork.matrix import rref
    >>> rref([[1, 1], [1, 1.125]], tol=0.03125).margin
    Margin(accepted=2.0, rejected=0.0)
    """

    accepted: FloatOrArray
    rejected: FloatOrArray


@public
@kernels.reductions
class Reduced(kernels.Reduction):
    """The result of :func:`ref` and :func:`rref`. Immutable; unpacks to ``(matrix, pivots)``.

    Parameters
    ----------
    matrix : ndarray, shape (..., m, n)
    pivots : sequence of int, or ndarray (..., min(m, columns)) for a stack
    columns : int, optional
        How many of the first columns could have pivots. All by default.
    margin : (float, float), or two ndarray for a stack, optional
        By default ``(inf, 0)``: nothing was close.
    status : int, or ndarray for a stack, optional
        By default 0.

    Attributes
    ----------
    matrix : ndarray, shape (..., m, n)
    pivots : tuple of int, or ndarray of int, shape (..., min(m, columns))
        The columns of the pivots in ascending order; in a stack padded with -1.
    rank : int, or ndarray of int for a stack
        The number of pivots.
    nullity : int, or ndarray of int for a stack
        ``columns - rank``: the number of columns without a pivot.
    ambiguous : bool, or ndarray of bool for a stack
        Whether the rank depended on a close call: a pivot accepted at less than 64 times its
        bound, or a candidate rejected at more than a twentieth of it, a tenth in float32. Also True
        if `A` was not finite or a bound overflowed, and for a row or a column of another scale: see
        the Notes of :func:`rref`.
    margin : Margin, ``(accepted, rejected)``
        How close the calls were.
    status : int, or ndarray of int8 for a stack
        0, or 1 if NaN or infinity was in the first `columns`. Then the matrix is NaN and has no
        pivots.
    parity : int, or ndarray of int8 for a stack
        1 or -1, of the permutation that brought the rows into their order; the sign of a
        determinant needs it. It is 1 in exact arithmetic, which does not keep it.

    Examples
    --------
    >>> from mathwork.matrix import rref
    >>> reduced = rref([[0.95 - 1, 0.45], [0.05, 0.55 - 1]])
    >>> reduced
    Reduced(matrix=array([[ 1., -9.],
                          [ 0.,  0.]]), pivots=(0,))
    >>> reduced.rank, reduced.nullity, reduced.ambiguous
    (1, 1, True)
    >>> print(rref([[1, 2, 3], [2, 4, 7]], columns=2, exact=True))
    [ 1  2 | 3 ]
    [ 0  0 | 1 ]
    <BLANKLINE>
    rank 1, pivot in column 1
    <BLANKLINE>
    Row 2 says 0 = 1: there is no solution.
    """

    __slots__ = ()

    def __new__(cls, matrix: NDArray[Any], pivots: Sequence[int] | NDArray[np.intp], *,
                columns: SupportsIndex | None = None,
                margin: tuple[FloatOrArray, FloatOrArray] | None = None,
                status: CodeOrArray | None = None) -> Self:
        if not issubclass(type(matrix), np.ndarray) or matrix.ndim < 2:
            raise TypeError("matrix must be an array of shape (m, n) or (..., m, n), "
                            f"got {type(matrix).__name__}")
        *stack, m, n = matrix.shape
        columns = checked_columns(columns, n)
        accepted, rejected = _pair(margin)
        if not stack:
            pivots = tuple(count(pivot, "pivots", 0, n - 1) for pivot in items(
                pivots, "pivots", "a sequence of columns", min(m, columns)))
            status = REDUCED if status is None else count(status, "status", 0, 127)
            verdict: tuple[Any, ...] = (len(pivots), real(accepted, "margin"),
                                        real(rejected, "margin"), status, 1)
        else:
            pivots = for_each(pivots, "pivots", (*stack, min(m, columns)), np.intp)
            verdict = ((pivots >= 0).sum(axis=-1), for_each(accepted, "margin", stack, np.float64),
                       for_each(rejected, "margin", stack, np.float64),
                       for_each(REDUCED if status is None else status, "status", stack, np.int8),
                       np.ones(stack, np.int8))
        return kernels.reduction(cls, matrix, pivots, columns, verdict)

    @property
    def rank(self) -> int | NDArray[np.intp]:
        return self._verdict[0]

    @property
    def nullity(self) -> int | NDArray[np.intp]:
        return self._columns - self._verdict[0]

    @property
    def margin(self) -> Margin:
        return Margin(*self._verdict[1:3])

    @property
    def status(self) -> CodeOrArray:
        return self._verdict[3]

    @property
    def parity(self) -> CodeOrArray:
        return self._verdict[4]

    @property
    def ambiguous(self) -> bool | NDArray[np.bool]:
        return is_ambiguous(self.margin, self.matrix.dtype.char in "fF")

    def text(self) -> str:
        """The matrix as in a book, its rank, and which rows say 0 = 1.

        Returns
        -------
        str
            A bar stands before the columns that could not have pivots. Floats have six digits. A
            complex number is 3+2j, with six digits of its larger part.

        Examples
        --------
        >>> from mathwork.matrix import rref
        >>> print(rref([[2, 3, 1]], columns=2, exact=True).text())
        [ 1  3/2 | 1/2 ]
        <BLANKLINE>
        rank 1, pivot in column 1
        """
        return reduced_text(self, self._columns)

    def latex(self) -> str:
        """The same as LaTeX, for amsmath: without dollars around it.

        Returns
        -------
        str

        Examples
        --------
        >>> from mathwork.matrix import rref
        >>> print(rref([[2, 3]], exact=True).latex())
        \\begin{aligned}
        & \\left[\\begin{array}{rr} 1 & \\frac{3}{2} \\end{array}\\right]
        \\end{aligned}
        """
        return reduced_latex(self, self._columns)

    def _repr_latex_(self) -> str | None:
        return None if too_long(self.matrix.shape) else displayed(self.latex())

    def __str__(self) -> str:
        return repr(self) if too_long(self.matrix.shape) else self.text()

    def __repr__(self) -> str:
        indent = "\n" + " " * len("Reduced(matrix=")
        matrix = shown(self.matrix.__repr__).replace("\n", indent).replace(indent + "\n", "\n\n")
        return f"Reduced(matrix={matrix}, pivots={self.pivots!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.matrix, self.pivots, self._columns, self._verdict, type(self))


def _pair(margin: Any) -> list[Any]:
    """Return the two parts of a margin; None stands for one that is far from a close call"""
    found = [math.inf, 0.0] if margin is None else items(margin, "margin", "two numbers", 2)
    if len(found) != 2:
        raise ValueError(f"margin must be two numbers, got {len(found)}")
    return found


def _rebuilt(matrix: NDArray[Any], pivots: Any, columns: int, verdict: Any,
             cls: type[Reduced] = Reduced) -> Reduced:
    return kernels.reduction(cls, matrix, pivots, columns, verdict)


@door(kernels.ref)
def ref(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0,
        columns: SupportsIndex | None = None, exact: bool = False,
        modulus: SupportsIndex | None = None, workers: int = 1) -> Reduced:
    """A row echelon form of a matrix, or of each matrix of a stack.

    Zero rows are at the bottom. The first entry of a row that is not zero is its pivot; it is right
    of the pivot above. Pivots are not scaled to 1, and entries above them stay.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
    tol, atol, columns, exact, modulus, workers
        As for :func:`rref`, which finds the same pivots.

    Returns
    -------
    Reduced

    Raises
    ------
    TypeError, ValueError
        As :func:`rref`.

    Notes
    -----
    It uses partial pivoting: rows are exchanged so that each pivot is the largest of its
    candidates, relative to their rows.

    A row might leave the range at its scale, or lose bits at the end of the range. Then it is
    multiplied by the power of two nearest to 1 that prevents this. Its pivot stays in place, and
    the rows span the same space. If a row spans more than the range, its pivot keeps its bits and
    its largest entry stays finite where both are possible; smaller entries are rounded.

    Examples
    --------
    >>> from mathwork.matrix import ref
    >>> matrix, pivots = ref([[1, 2, 3], [4, 5, 6]])
    >>> matrix
    array([[4.  , 5.  , 6.  ],
           [0.  , 0.75, 1.5 ]])
    """
    return _reduced(A, tol, atol, columns, exact, modulus, workers, reduced=False)


@door(kernels.rref)
def rref(A: ArrayLike, *, tol: float | None = None, atol: float = 0.0,
         columns: SupportsIndex | None = None, exact: bool = False,
         modulus: SupportsIndex | None = None, workers: int = 1) -> Reduced:
    """The reduced row echelon form of a matrix, or of each matrix of a stack.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
        Any size, 0 included.
    tol : float, optional
        Replaces ``unit sqrt(norm)`` in the bound on a pivot, and is relative to the scaled row;
        see Notes.
    atol : float
        Entries of the first `columns` of at most this size are zero, before rows are scaled, and so
        are candidates for a pivot at the scale of A. 0 by default.
    columns : int, optional
        How many of the first columns may have pivots. The other columns, the augmented part, are
        transformed with them. All by default.
    exact : bool
        Compute with Fractions. `A` holds integers, Fractions, Decimals, or floats. A float that is
        a whole number is itself; any other is read as the decimal that it prints.
    modulus : int, optional
        Compute modulo this prime. `A` holds integers.
    workers : int
        The number of threads that share the matrices of a stack of floats or complex numbers.

    Returns
    -------
    Reduced
        Unpacks to ``(matrix, pivots)``. The matrix is float32 for float32 and float16, else
        float64; complex64 or complex128 for these; objects of type Fraction if `exact`; int64 for a
        modulus.

    Raises
    ------
    TypeError
        For input that is not numbers or is masked, and for complex numbers if `exact` or with a
        modulus.
    ValueError
        If A has less than 2 dimensions, `columns` is not in 0..n, `tol` or `atol` is negative
        or NaN, `workers` is below 1, the modulus is not a prime, for `exact` and `modulus`
        together, and for either of them with `tol` or `atol`.

    Notes
    -----
    Gauss-Jordan elimination with partial pivoting. Rows are first scaled by powers of two, so that
    the largest entry of each (in the first `columns`) lies in [1, 2); this rounds nothing.
    Augmented columns that would leave the range by that are scaled too. Columns with pivots are
    not: in ``[[0, 1], [1, 1e17]]`` the 1 below the 0 is rounding beside 1e17, and the rank is 1. A
    pivot in column c is accepted if it is above ``tol (1 + sum |R[:r, c]|)``, R being the r rows
    reduced so far: a column that depends on earlier columns carries the rounding of their
    combination. A candidate that is not above the bound is zero, and is written as exact zero.
    ``Reduced.margin`` tells how close these calls were.

    By default tol is ``unit sqrt(norm)``: the rounding of the data, times what it adds up to in a
    row. norm is the largest sum of sizes in a scaled row. unit is 7 eps for float64, 2 eps for
    float32, eps being the distance from 1 to the next number. ``tol=0`` takes every candidate but
    an exact zero.

    Float32 is reduced once more in float64, and the result rounded, if a pivot was accepted below
    64 times its bound or a column became zero that was not. Whole numbers below 2^24 are exact, and
    have the unit of float64 there. A caller's `tol` decides at once.

    Complex matrices follow the same rules with the sizes of their entries, and with a unit that is
    sqrt(2) times larger, for two parts. Complex64 is always reduced in complex128. NumPy does the
    work: about a microsecond for a 3 x 3 matrix in a stack, but half a millisecond for one alone.

    What subtraction leaves of equal numbers may look like data: ``[[5.6e-17, 0], [1, 1.7]]`` has
    rank 2, as rows are scaled, and ``atol=1e-15`` makes it 1. By default such a row is a close
    call: all of it a few units in the last place of the largest entry of A. So is a column without
    a pivot that is small beside its rows, or holds an entry below 2^-44 of its row.

    NaN or infinity in the first `columns` makes the whole matrix NaN, without pivots. A matrix has
    the same bits alone, in any stack, and for any number of workers. Beside the result, a matrix
    needs at most a quarter of its own memory, or 1 MB; float32 that is reduced in float64, four
    times its own.

    docs/rank.md has the reasons for the bound, and counts of wrong ranks on sets of matrices.

    Errors of the other entries are at most about ``m eps`` times the condition of the pivots'
    columns: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 14.4.

    Examples
    --------
    >>> from mathwork.matrix import rref
    >>> matrix, pivots = rref([[1, 2, 3, 6], [0, 1, 4, 5]])
    >>> matrix
    array([[ 1.,  0., -5., -4.],
           [ 0.,  1.,  4.,  5.]])
    >>> pivots
    (0, 1)
    >>> rref([[1, 2], [2, 4]]).rank
    1
    >>> less = [[0.1 + 0.2 - 0.3, 0], [1, 2 - 0.3]]
    >>> rref(less).rank, rref(less).ambiguous, rref(less, atol=1e-15).rank
    (2, True, 1)
    >>> rref([[[1, 2], [2, 4]], [[1, 2], [3, 4]]]).pivots
    array([[ 0, -1],
           [ 0,  1]])
    >>> rref([[1, 2, 3], [4, 5, 6]], modulus=7).matrix
    array([[1, 0, 6],
           [0, 1, 2]])
    >>> rref([[1j, 1], [-1, 1j]]).matrix
    array([[1.+0.j, 0.-1.j],
           [0.+0.j, 0.+0.j]])
    """
    return _reduced(A, tol, atol, columns, exact, modulus, workers, reduced=True)


def _reduced(A: ArrayLike, tol: float | None, atol: float, columns: SupportsIndex | None,
             exact: bool, modulus: SupportsIndex | None, workers: int, *, reduced: bool
             ) -> Reduced:
    """Answer the calls of ref and rref that their kernels do not answer"""
    workers = checked_workers(workers)
    field = arithmetic(tol, exact, modulus, atol, A)
    if field is not None:
        return reduced_over(field, A, columns, reduced, workers)
    A, columns, tol = checked(A, columns, tol)
    return kernels.reduce_plain(A, columns, tol, reduced, workers, atol=checked_atol(atol))


def reduced_over(field: Field | ComplexFloats, A: ArrayLike, columns: SupportsIndex | None,
                 reduced: bool, workers: int = 1) -> Reduced:
    """ref or rref over one of the fields of mathwork.matrix.arithmetic."""
    matrix, pivots, *verdict = field.rref(A, columns, reduced, workers)
    if not verdict:
        return Reduced(matrix, pivots, columns=columns)
    return _rebuilt(matrix, pivots, checked_columns(columns, matrix.shape[-1]), verdict[0])


def shown(represent: Callable[[], str]) -> str:
    """Return represent(); an array of Fractions may have more digits than int lets repr show"""
    try:
        return represent()
    except ValueError:
        from mathwork.matrix.rationals import as_text

        with np.printoptions(formatter={"object": as_text}):
            return represent()


def checked(A: ArrayLike, columns: SupportsIndex | None, tol: float | None
            ) -> tuple[FloatArray, int, float]:
    """Return (plain A, columns, tol); a tol of -1 stands for the default."""
    A, tol = checked_matrix(A), checked_tol(tol)
    return A, checked_columns(columns, A.shape[-1]), -1.0 if tol is None else tol
