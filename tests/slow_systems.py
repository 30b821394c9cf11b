"""One system, inverse or null space in NumPy, from rref of [A | B]: the slow twin of the kernels.

A and B are arrays of the same dtype, float32 or float64, of two dimensions.
"""
import math

import numpy as np

from mathwork.matrix import ref, rref

UNITS = {np.dtype("f4"): 2 * 2.0 ** -23, np.dtype("f8"): 7 * 2.0 ** -52}     # docs/rank.md
WORDS = ("unique", "infinite", "inconsistent", "nan")


def beside(A, B, **keywords):
    """rref of [A | B] with pivots in A."""
    return rref(np.ascontiguousarray(np.hstack([A, B])), columns=A.shape[1], **keywords)


def solve(A, B, tol=None):
    """(status, x, null space, ambiguous) of A X = B."""
    n, k = A.shape[1], B.shape[1]
    reduced = beside(A, B, tol=tol)
    basis, doubtful = null_space(A, tol)
    if reduced.status:
        return "nan", np.full((n, k), np.nan, A.dtype), basis, True
    x = np.zeros((n, k), A.dtype)
    x[list(reduced.pivots)] = reduced.matrix[:reduced.rank, n:]
    finite = np.isfinite(B).all(axis=0)
    wrong, close = contradictions(A, B, reduced, tol)
    wrong &= finite
    x[:, wrong | ~finite] = np.nan
    code = 3 if not finite.all() else 2 if wrong.any() else int(reduced.rank < n)
    return WORDS[code], x, basis, bool(reduced.ambiguous or close.any() or doubtful)


def contradictions(A, B, reduced, tol):
    """Whether 0 = d is left, and whether that was close, for each column of B."""
    n, rank = A.shape[1], reduced.rank
    if rank == len(A):
        return np.zeros((2, B.shape[1]), bool)
    left = np.abs(reduced.matrix[:, n:].astype(float))
    unit = 16 * (default_tol(A) if tol is None else tol)
    with np.errstate(all="ignore"):
        rest, bound = left[rank:].max(axis=0), unit * left[:rank].sum(axis=0)
        close = (rest > 0.1 * bound) & (rest < np.maximum(1000 * bound, unit))
    no_row = ((A == 0).all(axis=1)[:, None] & (B != 0)).any(axis=0)
    return (rest > bound) | no_row, close & ~no_row


def exponents(A):
    """k with 2^k <= largest of a row < 2^(k + 1); 0 for a row of zeros."""
    largest = np.abs(A).max(axis=1, initial=0)
    return np.where(largest > 0, np.frexp(largest)[1] - 1, 0)


def default_tol(A):
    scaled = np.ldexp(np.abs(A.astype(float)), -exponents(A)[:, None])
    return UNITS[A.dtype] * math.sqrt(scaled.sum(axis=1).max(initial=0))


def null_space(A, tol=None):
    """(the null vectors, whether A times one is more than rounding)."""
    m, n = A.shape
    reduced = rref(A, tol=tol)
    if reduced.status:
        return np.full((n, n), np.nan, A.dtype), False
    pivots = list(reduced.pivots)
    free = [c for c in range(n) if c not in pivots]
    basis = np.zeros((n, len(free)), A.dtype)
    basis[free, range(len(free))] = 1
    basis[pivots] = 0 - reduced.matrix[:len(pivots), free]
    if not m or not free:
        return basis, False
    scaled = np.ldexp(A.astype(float), -exponents(A)[:, None])
    bound = tol or default_tol(A)
    if exceeds(scaled, basis, bound):
        again = beside(scaled[:, pivots], scaled @ basis.astype(float), tol=0.0)
        if again.rank == len(pivots):
            basis[pivots] -= again.matrix[:len(pivots), len(pivots):]
        return basis, exceeds(scaled, basis, bound)
    return basis, False


def exceeds(scaled, basis, bound):
    """Whether a row of A times a vector is above the bound times the vector's 1-norm."""
    return bool((np.abs(scaled @ basis) > bound * np.abs(basis).sum(axis=0)).any())


def inv(A):
    """The inverse, or NaN."""
    n = len(A)
    reduced = beside(A, np.eye(n, dtype=A.dtype))
    return reduced.matrix[:, n:] if reduced.rank == n else np.full((n, n), np.nan, A.dtype)


def det(A):
    """The product of the pivots in their order; only the whole product leaves the range."""
    echelon = ref(A)
    if echelon.status:
        return A.dtype.type(np.nan)
    if echelon.rank < len(A):
        return A.dtype.type(0)
    product, exponent = float(echelon.parity), 0
    for pivot in echelon.matrix.diagonal().tolist():
        part, more = math.frexp(pivot)
        product, shift = math.frexp(product * part)
        exponent += more + shift
    with np.errstate(over="ignore", under="ignore"):
        return A.dtype.type(np.ldexp(product, exponent))
