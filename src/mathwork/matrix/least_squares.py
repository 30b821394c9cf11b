"""Linear systems without a solution: the x that comes nearest.

The factorisation and its refinement are those of a linear regression, compiled:
mathwork/kernels/regression/linear.pxi and the files that it names. column_fits.py calls it.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arrays import COMPLEX64, COMPLEX128, FLOAT32, FLOAT64, as_plain, in_dtype
from mathwork._doors import public
from mathwork._levels import regression as kernels
from mathwork._status import (
    FITTED,
    INFINITE,
    SOLUTION_WORDS,
    SYSTEM_NOT_FINITE,
    UNIQUE,
)
from mathwork.matrix.checks import checked_sides, checked_tol, with_checked_shape
from mathwork.matrix.column_fits import fit_columns, fit_independent, residuals
from mathwork.matrix.complex_reduction import WHOLE
from mathwork.matrix.factors import lu
from mathwork.matrix.sides import joined, plain_numbers

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, FloatOrArray, SolutionWord

    # x, ssr, rank, status
    _Found = tuple[NDArray[Any], NDArray[np.float64], int, int]

# A column of rounded numbers that depends on others leaves less than half an eps of float32.
FLOAT32_TOL = 2 * 2.0 ** -23

LAST = 2.0 ** -28       # of the result: the square of such a correction is below rounding

NAN = {FLOAT64: float("nan"), COMPLEX128: complex("nan+nanj")}


@public
class LeastSquares(NamedTuple):
    """The result of :func:`lstsq`; unpacks to its fields.

    Parameters
    ----------
    x : ndarray, shape (..., n) or (..., n, k)
        The x that makes ``A x`` nearest to b. Of many, the shortest.
    ssr : float, or ndarray, shape (...) or (..., k)
        The sum of the squares of ``|b - A x|``, times the weights; float64.
    rank : int, or ndarray of int for a stack
        The number of independent columns of A.
    status : str, or ndarray of int8 for a stack
        ``"unique"`` 0, ``"infinite"`` 1 if the rank is below n, so that x is one of many, or
        ``"nan"`` 3 if A or b is not finite.

    Examples
    --------
    >>> from mathwork.matrix import lstsq
    >>> x, ssr, rank, status = lstsq([[1, 0], [0, 1], [1, 1]], [1, 2, 0])
    >>> x.round(6), round(ssr, 6), rank, status
    (array([0., 1.]), 3.0, 2, 'unique')
    """

    x: FloatArray
    ssr: FloatOrArray
    rank: int | NDArray[np.intp]
    status: SolutionWord | NDArray[np.int8]


def lstsq(A: ArrayLike, b: ArrayLike, *, weights: ArrayLike | None = None,
          tol: float | None = None) -> LeastSquares:
    """The least-squares solution of ``A x = b``, whether the system is consistent or not.

    Parameters
    ----------
    A : array_like, shape (..., m, n)
        Real or complex, and so is b. Any size: more rows than columns, or less.
    b : array_like, shape (..., m) or (..., m, k)
        It is a vector if it has one dimension, and vectors if it has one dimension less than A.
        Otherwise it is k columns. Its stack broadcasts with that of A.
    weights : array_like, shape (m,), optional
        The factors of the squared residuals. A row of weight 0 is left out.
    tol : float, optional
        What earlier columns leave of a column must be above this. It is relative to the norm of the
        column and of the columns that make it up. ``16 n eps`` by default, twice that for a complex
        A. If A has fewer rows than columns, it is about rows, ``16 m eps``. For float32 and
        complex64 it is 2 eps of float32, 2.4e-7, because their entries are rounded; not where all
        of A are whole numbers below 2^24.

    Returns
    -------
    LeastSquares
        x is float32 if A and b are float32 or float16, else float64; or complex64 and complex128.

    Raises
    ------
    TypeError
        For input that is not numbers, and for masked arrays.
    ValueError
        For shapes that do not go together, and for weights that are negative or not finite.

    Notes
    -----
    x minimises ``sum(weights * |b - A x|**2)``. If the rank is below n, many x do. This is the one
    of the smallest 2-norm, as from ``numpy.linalg.lstsq``. :func:`solve` gives all solutions of a
    system that has one.

    The columns are factored in float64 and x is refined with residuals in doubled precision, as
    :func:`mathwork.regression.fit_linear` describes. So for a rank of n, x has nearly all digits
    that the stored A and b determine, also for a condition of 1e12. The rank decision does not
    depend on the units of columns. If the rank is below n, the basic solution on independent
    columns is projected on the row space of A.

    References
    ----------
    Bjorck, Numerical Methods for Least Squares Problems, SIAM 1996, chapters 2 and 6.

    Examples
    --------
    Which line comes nearest to three points?

    >>> from mathwork.matrix import lstsq
    >>> lstsq([[1, 1], [1, 2], [1, 3]], [1, 2, 2]).x.round(4)
    array([0.6667, 0.5   ])

    One equation for two unknowns: the shortest solution.

    >>> lstsq([[1, 1]], [2])
    LeastSquares(x=array([1., 1.]), ssr=0.0, rank=1, status='infinite')

    Three measurements of one complex number:

    >>> lstsq([[1], [1], [1]], [1j, 1, 2 + 2j]).x
    array([1.+1.j])
    """
    A, b = with_checked_shape(plain_numbers(A, "A")), plain_numbers(b, "b")
    tol = checked_tol(tol)
    dtype = np.result_type(A, b)
    m, n = A.shape[-2:]
    sides, vectors, stack = checked_sides(A.shape, b)
    rows = None if weights is None else _checked_weights(weights, m)
    matrices, columns = _wide(A), _wide(sides)
    if not stack:
        x, ssr, rank, code = _nearest(matrices, columns, rows, _tol_for(A, tol))
        found = _rounded(x, dtype)
        if vectors:
            return LeastSquares(found[:, 0], ssr.item(), rank, SOLUTION_WORDS[code])
        return LeastSquares(found, ssr.copy(), rank, SOLUTION_WORDS[code])
    k = sides.shape[-1]
    x, ssr = np.empty((*stack, n, k), np.result_type(matrices, columns)), np.empty((*stack, k))
    ranks, status = np.empty(stack, np.intp), np.empty(stack, np.int8)
    given, matrices = (np.broadcast_to(part, (*stack, m, n)) for part in (A, matrices))
    columns = np.broadcast_to(columns, (*stack, m, k))
    for at in np.ndindex(stack):
        x[at], ssr[at], ranks[at], status[at] = _nearest(matrices[at], columns[at], rows,
                                                         _tol_for(given[at], tol))
    if vectors:
        x, ssr = x[..., 0], ssr[..., 0]
    return LeastSquares(_rounded(x, dtype), ssr, ranks, status)


def _wide(part: NDArray[Any]) -> NDArray[Any]:
    if part.dtype is FLOAT64 or part.dtype is COMPLEX128:
        return part             # at once, as most are
    return in_dtype(part, COMPLEX128 if part.dtype.kind == "c" else FLOAT64)


def _rounded(x: NDArray[Any], dtype: np.dtype[Any]) -> Any:
    """Return x in the dtype of the result, writable"""
    with np.errstate(all="ignore"):
        return x.astype(dtype)


def _checked_weights(weights: ArrayLike, m: int) -> NDArray[np.float64]:
    rows = as_plain(weights, "weights", FLOAT64)
    if rows.shape != (m,):
        raise ValueError(f"weights must have shape ({m},), one for each row of A, got {rows.shape}")
    wrong = ~((rows >= 0) & np.isfinite(rows))
    if wrong.any():
        raise ValueError("weights must be finite and not negative, "
                         f"got {rows[wrong.argmax()]} in row {wrong.argmax()}")
    return rows


def _tol_for(A: NDArray[Any], tol: float | None) -> float | None:
    """Return the tol of the caller, or the default for the dtype of one matrix; None: of float64"""
    if tol is not None or A.dtype not in (FLOAT32, COMPLEX64):
        return tol
    if all(((np.abs(part) < WHOLE) & (part == np.trunc(part))).all() for part in (A.real, A.imag)):
        return None
    return FLOAT32_TOL


# ---- one system ----

def _nearest(A: NDArray[Any], sides: NDArray[Any], weights: NDArray[np.float64] | None,
             tol: float | None) -> _Found:
    """Return (x, ssr, rank, status code) of one system; a side that is not finite gives NaN"""
    (m, n), k = A.shape, sides.shape[1]
    if A.dtype != sides.dtype:
        return _nearest_parts(A, sides, weights, tol)
    if m >= n > 0 and k and weights is None and A.dtype == FLOAT64:     # nearly always
        fit = kernels.fit_rows(A, sides, False, None, -1.0 if tol is None else tol)
        if fit.status == FITTED:
            return fit.params, fit.ssr, n, UNIQUE
    x, ssr = np.full((n, k), NAN[A.dtype], A.dtype), np.full(k, np.nan)
    if weights is not None and not weights.all():
        A, sides, weights = A[weights > 0], sides[weights > 0], weights[weights > 0]
    if not np.isfinite(A).all():
        return x, ssr, 0, SYSTEM_NOT_FINITE
    known = np.isfinite(sides).all(axis=0)
    x[:, known], ssr[known], rank = _shortest(A, sides[:, known], weights, tol)
    if not known.all():
        return x, ssr, rank, SYSTEM_NOT_FINITE
    return x, ssr, rank, UNIQUE if rank == n else INFINITE


def _nearest_parts(A: NDArray[Any], sides: NDArray[Any], weights: NDArray[np.float64] | None,
                   tol: float | None) -> _Found:
    """_nearest() where one of A and the sides is real: the two parts of sides are two columns"""
    if A.dtype == COMPLEX128:
        return _nearest(A, sides.astype(COMPLEX128), weights, tol)
    counted: Any = slice(None) if weights is None else weights > 0
    lost: NDArray[np.bool] = ~np.isfinite(sides[counted]).all(axis=0)
    sides = np.where(lost, NAN[COMPLEX128], sides)
    x, ssr, rank, code = _nearest(A, np.hstack((sides.real, sides.imag)), weights, tol)
    return joined(x), ssr[:len(lost)] + ssr[len(lost):], rank, code


def _shortest(A: NDArray[Any], sides: NDArray[Any], weights: NDArray[np.float64] | None,
              tol: float | None) -> tuple[NDArray[Any], NDArray[np.float64], int]:
    """Return (x, ssr, rank) for finite numbers: the shortest x of those nearest"""
    (m, n), k = A.shape, sides.shape[1]
    if m >= n and n and k:
        fit = fit_columns(A, sides, weights, tol)
        if fit.known.all():
            return fit.x, fit.ssr, n
        columns, y, ssr = np.flatnonzero(fit.known), fit.x[fit.known], fit.ssr
    else:
        columns = _independent(A, tol)
        if not len(columns) or not k:
            with np.errstate(all="ignore"):
                ssr = ((1 if weights is None else weights[:, None])
                       * (sides.real ** 2 + sides.imag ** 2)).sum(axis=0)
            return np.zeros((n, k), A.dtype), ssr, len(columns)
        y, ssr, _ = fit_independent(A[:, columns], sides, weights)
    x = np.zeros((n, k), A.dtype)
    x[columns] = y
    if len(columns) == m < n - m:
        return _in_row_space(A, x, sides, columns), ssr, m
    return _without_null_vectors(A, x, columns), ssr, len(columns)


def _in_row_space(A: NDArray[Any], x: NDArray[Any], sides: NDArray[Any], columns: NDArray[np.intp]
                  ) -> NDArray[Any]:
    """Return the part of x in the row space of a very wide A of full rank, for which A x = sides

    The rows may be nearly dependent. So what the result leaves of the sides is solved for again. A
    correction by the factor f leaves an error of f^2: a small one is the last of its side.
    """
    rows = A.conj().T

    def correction(result: NDArray[Any]) -> NDArray[Any]:
        basic = np.zeros(x.shape, A.dtype)
        basic[columns] = fit_independent(A[:, columns], residuals(A, sides, result)).x
        return residuals(rows, None, fit_independent(rows, basic).x)

    result = residuals(rows, None, fit_independent(rows, x).x)
    first = correction(result)
    result += first
    more = np.abs(first).max(axis=0) > LAST * np.abs(result).max(axis=0)
    if more.any():
        result += np.where(more, correction(result), 0)
    return result


def _without_null_vectors(A: NDArray[Any], x: NDArray[Any], columns: NDArray[np.intp]
                          ) -> NDArray[Any]:
    """Return x, which is 0 but for these independent columns, without its part in the null space

    The other columns are A[:, columns] C. So the null space is that of [-C; I], and the row space
    that of [I C]. The smaller of the two makes the result.
    """
    n, rank = len(x), len(columns)
    others = np.setdiff1d(np.arange(n), columns)
    if not rank:
        return np.zeros(x.shape, A.dtype)
    combined = fit_independent(A[:, columns], A[:, others]).x
    if n - rank <= rank:
        null_space = np.zeros((n, n - rank), A.dtype)
        null_space[columns], null_space[others] = -combined, np.eye(n - rank)
        return residuals(null_space, x, fit_independent(null_space, x).x)
    row_space = np.zeros((n, rank), A.dtype)
    row_space[columns], row_space[others] = np.eye(rank), combined.conj().T
    return residuals(row_space, None, fit_independent(row_space, x).x)


def _independent(A: NDArray[Any], tol: float | None) -> NDArray[np.intp]:
    """Return the numbers of columns that are independent, as many as there are

    Of a wide matrix the independent rows come first. Partial pivoting then takes columns that
    differ as much as they can.
    """
    m, n = A.shape
    if m < n:
        rows = _independent(A.conj().T, tol)
        return np.sort(lu(A[rows].T, tol=0).permutation[:len(rows)])
    if not n:
        return np.empty(0, np.intp)
    return np.flatnonzero(fit_columns(A, np.zeros((m, 1), A.dtype), None, tol).known)
