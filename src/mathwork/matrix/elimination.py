"""Row echelon forms: the result that carries them, and the arguments beside a plain matrix.

The elimination itself is compiled: mathwork/kernels/reduction.pxi and the files it names.
"""
import math
from typing import Any, NamedTuple

import numpy as np

from mathwork._levels import core
from mathwork.matrix.arithmetic import checked_columns, checked_matrix, checked_tol

# The codes of Reduced.status.
REDUCED, NOT_FINITE = range(2)

# A call was close if a pivot was accepted at less than so many times its bound, or one was
# rejected at more than this part of it.
CLOSE_ACCEPTED = 1000
CLOSE_REJECTED = 0.1


class Margin(NamedTuple):
    """How close the calls were: candidates for a pivot over their bounds.

    Parameters
    ----------
    accepted : float, or ndarray for a stack
        The smallest that was accepted; infinity if there was none.
    rejected : float, or ndarray for a stack
        The largest that was rejected and became zero; 0 if there was none.

    Examples
    --------
    >>> from mathwork.matrix import rref
    >>> rref([[1, 1], [1, 1.125]], tol=0.03125).margin
    Margin(accepted=2.0, rejected=0.0)
    """

    accepted: Any
    rejected: Any


class Reduced(core.Reduction):
    """What :func:`ref` and :func:`rref` give. Immutable; unpacks to ``(matrix, pivots)``.

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
        How many pivots there are.
    nullity : int, or ndarray of int for a stack
        ``columns - rank``: how many columns have none.
    ambiguous : bool, or ndarray of bool for a stack
        Whether the rank hung on a close call: a pivot accepted at less than 1000 times its bound,
        or a candidate rejected at more than a tenth of it. True also where `A` was not finite,
        or a bound overflowed.
    margin : Margin, ``(accepted, rejected)``
        How close the calls were.
    status : int, or ndarray of int8 for a stack
        0, or 1 where NaN or infinity stood in the first `columns`: there the matrix is NaN and
        has no pivots.
    parity : int, or ndarray of int8 for a stack
        1 or -1, of the permutation that brought the rows into their order, which the sign of a
        determinant needs; 1 in exact arithmetic, where it is not kept.

    Examples
    --------
    >>> from mathwork.matrix import rref
    >>> reduced = rref([[0.95 - 1, 0.45], [0.05, 0.55 - 1]])
    >>> reduced
    Reduced(matrix=array([[ 1., -9.],
                          [ 0.,  0.]]), pivots=(0,))
    >>> reduced.rank, reduced.nullity, reduced.ambiguous
    (1, 1, True)
    """

    __slots__ = ()

    def __new__(cls, matrix, pivots, *, columns=None, margin=None, status=None):
        if columns is None:
            columns = matrix.shape[-1]
        if matrix.ndim == 2:
            pivots = tuple(map(int, pivots))
            accepted, rejected = margin or (math.inf, 0.0)
            verdict = len(pivots), accepted, rejected, status or REDUCED, 1
        else:
            pivots = np.asarray(pivots, np.intp)
            rank = (pivots >= 0).sum(axis=-1)
            accepted, rejected = margin or (np.full(rank.shape, math.inf), np.zeros(rank.shape))
            if status is None:
                status = np.full(rank.shape, REDUCED, np.int8)
            verdict = rank, accepted, rejected, status, np.ones(rank.shape, np.int8)
        return core.reduction(cls, matrix, pivots, columns, verdict)

    rank = property(lambda self: self._verdict[0])
    nullity = property(lambda self: self._columns - self._verdict[0])
    margin = property(lambda self: Margin(*self._verdict[1:3]))
    status = property(lambda self: self._verdict[3])
    parity = property(lambda self: self._verdict[4])

    @property
    def ambiguous(self):
        accepted, rejected = self.margin
        clear = (accepted >= CLOSE_ACCEPTED) & (rejected <= CLOSE_REJECTED)     # NaN: no
        return not clear if isinstance(clear, bool) else ~clear

    def __repr__(self):
        indent = "\n" + " " * len("Reduced(matrix=")
        matrix = shown(self.matrix.__repr__).replace("\n", indent).replace(indent + "\n", "\n\n")
        return f"Reduced(matrix={matrix}, pivots={self.pivots!r})"

    def __reduce__(self):
        return _rebuilt, (self.matrix, self.pivots, self._columns, self._verdict)


def _rebuilt(matrix, pivots, columns, verdict):
    return core.reduction(Reduced, matrix, pivots, columns, verdict)


core.give_results_as(Reduced)
ref, rref = core.ref, core.rref

for public in (Margin, Reduced, ref, rref):
    # What a pickle or a traceback names is not the level that happens to run.
    public.__module__ = "mathwork.matrix"
del public


def reduced_over(field, A, columns, reduced):
    """ref or rref over one of the fields of mathwork.matrix.arithmetic."""
    matrix, pivots = field.rref(A, columns, reduced)
    return Reduced(matrix, pivots, columns=columns)


def shown(represent):
    """represent(), in which an array of Fractions may have more digits than int lets repr have"""
    try:
        return represent()
    except ValueError:
        from mathwork.matrix.rationals import as_text

        with np.printoptions(formatter={"object": as_text}):
            return represent()


def checked(A, columns, tol):
    """(plain A, columns, tol); a tol of -1 stands for the default."""
    A, tol = checked_matrix(A), checked_tol(tol)
    return A, checked_columns(columns, A.shape[-1]), -1.0 if tol is None else tol
