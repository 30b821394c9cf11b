"""Linear algebra over the rational numbers.

Stacks are reduced without fractions in 64-bit integers (kernels/exact/integers.pxi). Matrices for
which these are not enough go through long_integers.py, one by one.
"""
from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from mathwork._levels import exact as kernels
from mathwork.matrix.checks import beside
from mathwork.matrix.fields import Field
from mathwork.matrix.long_integers import (
    determinant_alone,
    rank_alone,
    reduced_alone,
    solve_alone,
)
from mathwork.matrix.rationals import as_exact, as_fractions

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from mathwork.matrix.fields import Stack

    # For each matrix of a stack, whether 64 bits can hold its entries.
    _Small: TypeAlias = NDArray[np.bool]

__all__ = ["RATIONALS", "Rationals", "as_fractions"]


class Rationals(Field):
    """Numbers are read by as_exact; results are Fractions.

    Matrices for which 64 bits are enough are computed as one stack, each of the others alone.
    """

    missing = math.nan
    over = ""

    def read(self, value: ArrayLike, name: str) -> NDArray[Any]:
        return as_exact(value, name)

    def reduce_all(self, A: Stack, columns: int, reduced: bool, workers: int
                   ) -> tuple[Stack, NDArray[np.intp]]:
        integers, small, scales = cleared_stack(A)
        complete = reduced and columns == A.shape[-1]
        forms, pivots, divisors = kernels.fraction_free(integers, columns, reduced, complete, None,
                                                        workers)
        if scales is not None and not complete:
            # Rows that are not divided by the pivots still carry their scales.
            small &= (scales == 1).all(axis=(0, 2)) | (reduced & ~has_rest(forms, pivots))
        matrices = kernels.quotients(forms, divisors)
        for at in left_over(small, divisors):
            matrices[at], found = reduced_alone(A[at], columns, reduced)
            pivots[at] = -1
            pivots[at, :len(found)] = found
        return matrices, pivots

    def rank_all(self, A: Stack, workers: int) -> NDArray[np.intp]:
        integers, small, _ = cleared_stack(A)
        ranks = kernels.fraction_free_minors(integers, workers)[0]
        for at in np.flatnonzero(~small | (ranks < 0)).tolist():
            ranks[at] = rank_alone(A[at])
        return ranks

    def determinant_all(self, A: Stack, workers: int) -> NDArray[np.object_]:
        n = A.shape[1]
        integers, small, scales = cleared_stack(A)
        ranks, minors, odd = kernels.fraction_free_minors(integers, workers)
        minors[ranks < n] = 0
        found = kernels.quotients(minors[:, None, None], np.where(odd, -1, 1)[:, None])[:, 0, 0]
        if scales is not None:
            for at in np.flatnonzero(small & (scales != 1).any(axis=(0, 2))).tolist():
                found[at] *= Fraction(*map(math.prod, scales[::-1, at].tolist()))
        for at in np.flatnonzero(~small | (ranks < 0)).tolist():
            found[at] = determinant_alone(A[at])
        return found

    def invert_all(self, A: Stack, workers: int) -> tuple[Stack, NDArray[np.intp]]:
        n = A.shape[-1]
        identity = np.eye(n, dtype=np.int64)[None]
        forms, pivots, divisors, small = forms_beside(A, identity, workers)
        left = left_over(small, divisors)
        ranks = (pivots >= 0).sum(axis=1)
        divisors[ranks < n] = 0         # no Fractions for them
        inverses = kernels.quotients(np.ascontiguousarray(forms[:, :, n:]), divisors)
        for at in left:
            matrix, found = reduced_alone(beside(A[at], identity[0]), 2 * n, True)
            inverses[at], ranks[at] = matrix[:, n:], sum(pivot < n for pivot in found)
        return inverses, ranks

    def null_space_all(self, A: Stack, workers: int) -> Stack:
        return self.solve_all(A, np.empty((1, A.shape[1], 0), np.int64), workers)[2]

    def solve_all(self, A: Stack, B: Stack, workers: int
                  ) -> tuple[NDArray[np.int8], Stack, Stack]:
        n = A.shape[-1]
        forms, pivots, divisors, small = forms_beside(A, B, workers)
        left = left_over(small, divisors)
        if not left:
            return (*kernels.solutions(forms, pivots, divisors, n, 0),
                    kernels.null_spaces(forms, pivots, divisors, n, 0))
        count = len(forms)
        alone = [solve_alone(A[at % len(A)], B[at % len(B)]) for at in left]
        others = np.delete(np.arange(count), left)
        forms, pivots, divisors = forms[others], pivots[others], divisors[others]
        codes, x = kernels.solutions(forms, pivots, divisors, n, 0)
        basis = kernels.null_spaces(forms, pivots, divisors, n, 0)
        order = np.argsort(np.concatenate((others, left)))
        width = max(basis.shape[2], *(part[2].shape[1] for part in alone))
        bases = [wider(basis, width), *(wider(part[2][None], width) for part in alone)]
        return (np.concatenate((codes, *(part[0][None] for part in alone)))[order],
                np.concatenate((x, *(part[1][None] for part in alone)))[order],
                np.concatenate(bases)[order])


RATIONALS = Rationals()


# ---- stacks in 64 bits ----

def forms_beside(A: Stack, B: Stack, workers: int
                 ) -> tuple[NDArray[np.int64], NDArray[np.intp], NDArray[np.int64], _Small]:
    """Return (forms, pivots, divisors) of [A | B] with pivots in A, and which of them are right

    Rows below the rank are zero where they should be, and otherwise anything else.
    """
    n = A.shape[-1]
    if A.dtype == B.dtype == np.int64:
        forms, pivots, divisors = kernels.fraction_free(A, n, True, True, B, workers)
        return forms, pivots, divisors, np.ones(len(forms), bool)
    integers, small, _ = cleared_stack(beside(A, B))
    return (*kernels.fraction_free(integers, n, True, True, None, workers), small)


def cleared_stack(A: Stack) -> tuple[NDArray[np.int64], _Small, NDArray[np.int64] | None]:
    """Return (int64 matrices, which of them 64 bits can hold, scales)

    Rows of objects lose their denominators and common factors. `scales`, (2, count, m), are the
    multiples and the divisors that do it; None for int64.
    """
    count, m, n = A.shape
    if A.dtype != object:
        return A, np.ones(count, bool), None
    rows, multiples, divisors = kernels.cleared_rows(
        np.ascontiguousarray(A).reshape(count * m, n))
    small = (multiples != 0).reshape(count, m).all(axis=1)
    return rows.reshape(count, m, n), small, np.array((multiples, divisors)).reshape(2, count, m)


def left_over(small: _Small, divisors: NDArray[np.int64]) -> list[int]:
    """Return the matrices for which 64 bits are not enough"""
    enough = divisors.all(axis=1) & small
    return [] if enough.all() else np.flatnonzero(~enough).tolist()


def has_rest(forms: NDArray[np.int64], pivots: NDArray[np.intp]) -> NDArray[np.bool]:
    """Return whether rows below the rank hold entries"""
    rank = (pivots >= 0).sum(axis=1)
    below = np.arange(forms.shape[1]) >= rank[:, None]
    found: NDArray[np.bool] = (forms.any(axis=2) & below).any(axis=1)
    return found


def wider(basis: Stack, width: int) -> Stack:
    """Return bases filled up with zeros"""
    result = np.full((*basis.shape[:-1], width), Fraction(0), object)
    result[..., :basis.shape[-1]] = basis
    return result
