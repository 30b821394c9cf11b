"""Checks of the arguments that the functions of this package share."""
import operator

from mathwork._arrays import as_plain


def checked_tol(tol):
    """Return `tol` as a float; None stays None."""
    if tol is None:
        return None
    try:
        number = float(operator.pos(tol))       # text has no +
    except (TypeError, ValueError):
        raise TypeError(f"tol must be a number, got {tol!r}") from None
    except OverflowError:
        raise ValueError("tol must be a number at least 0, got one beyond all floats") from None
    if not number >= 0:
        raise ValueError(f"tol must be a number at least 0, got {tol}")
    return number


def checked_columns(columns, n):
    """Return how many of n columns may have pivots; None: all."""
    if columns is None:
        return n
    columns = operator.index(columns)
    if not 0 <= columns <= n:
        raise ValueError(f"columns must be between 0 and {n}, the columns of A, got {columns}")
    return columns


def checked_matrix(A, *, square=False):
    """Return `A` as a plain matrix, or a stack of matrices."""
    return with_checked_shape(as_plain(A, "A"), square=square)


def with_checked_shape(A, *, square=False):
    """Return the array `A` if it is a matrix, or a stack of matrices."""
    if A.ndim < 2:
        raise ValueError(f"A must have shape (m, n) or (..., m, n), got {A.shape}")
    if square and A.shape[-2] != A.shape[-1]:
        raise ValueError(f"A must be square, got shape {A.shape}")
    return A


def checked_sides(A, b):
    """Return (`b` as columns, right-hand sides for the matrices A; whether they were vectors)."""
    shape = b.shape
    vectors = b.ndim == A.ndim - 1
    if vectors:
        b = b[..., None]
    if b.ndim != A.ndim or b.shape[:-1] != A.shape[:-1]:
        raise ValueError(f"b must have shape {A.shape[:-1]}, or that and a last axis of "
                         f"right-hand sides, to match A of shape {A.shape}, got {shape}")
    return b, vectors
