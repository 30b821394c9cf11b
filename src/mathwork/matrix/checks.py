"""What the arguments of this package have in common, checked for all of its functions."""
import operator

from mathwork._arrays import as_plain


def checked_tol(tol):
    """`tol` as a float; None stays None."""
    if tol is None:
        return None
    try:
        number = float(operator.pos(tol))       # which text does not have
    except (TypeError, ValueError):
        raise TypeError(f"tol must be a number, got {tol!r}") from None
    except OverflowError:
        raise ValueError("tol must be a number at least 0, got one beyond all floats") from None
    if not number >= 0:
        raise ValueError(f"tol must be a number at least 0, got {tol}")
    return number


def checked_columns(columns, n):
    """How many of n columns may have pivots; None: all."""
    if columns is None:
        return n
    columns = operator.index(columns)
    if not 0 <= columns <= n:
        raise ValueError(f"columns must be between 0 and {n}, the columns of A, got {columns}")
    return columns


def checked_matrix(A, *, square=False):
    """`A` as a plain matrix, or a stack of them."""
    return with_checked_shape(as_plain(A, "A"), square=square)


def with_checked_shape(A, *, square=False):
    """The array `A` if it is a matrix, or a stack of them."""
    if A.ndim < 2:
        raise ValueError(f"A must have shape (m, n) or (..., m, n), got {A.shape}")
    if square and A.shape[-2] != A.shape[-1]:
        raise ValueError(f"A must be square, got shape {A.shape}")
    return A


def checked_sides(A, b):
    """`b`, right-hand sides for the matrices A, as columns; and whether they were vectors."""
    shape = b.shape
    vectors = b.ndim == A.ndim - 1
    if vectors:
        b = b[..., None]
    if b.ndim != A.ndim or b.shape[:-1] != A.shape[:-1]:
        raise ValueError(f"b must have shape {A.shape[:-1]}, or that and a last axis of "
                         f"right-hand sides, to match A of shape {A.shape}, got {shape}")
    return b, vectors
