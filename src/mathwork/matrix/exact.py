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
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import Stack

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
        integers, large, scales = cleared_stack(A)
        complete = reduced and columns == A.shape[-1]
        forms, pivots, divisors, lost = kernels.fraction_free(
            integers, columns, reduced, complete, None, workers)
        if scales is not None and not complete:
            # Rows that are not divided by the pivots still carry their scales.
            wrong = (scales != 1).any(axis=(0, 2)) & (has_rest(forms, pivots) | (not reduced))
            lost = either(lost, np.flatnonzero(wrong).tolist())
        matrices = kernels.quotients(forms, divisors)
        for at in either(lost, large):
            matrices[at], found = reduced_alone(A[at], columns, reduced)
            pivots[at] = -1
            pivots[at, :len(found)] = found
        return matrices, pivots

    def rank_all(self, A: Stack, workers: int) -> NDArray[np.intp]:
        integers, large, _ = cleared_stack(A)
        ranks, lost = kernels.fraction_free_ranks(integers, workers)
        for at in either(lost, large):
            ranks[at] = rank_alone(A[at])
        return ranks

    def determinant_all(self, A: Stack, workers: int) -> NDArray[np.object_]:
        integers, large, scales = cleared_stack(A)
        found, lost = kernels.fraction_free_determinants(integers, workers)
        if scales is not None:
            scaled = (scales != 1).any(axis=(0, 2)) & (scales[0] != 0).all(axis=1)
            for at in np.flatnonzero(scaled).tolist():
                found[at] *= Fraction(*map(math.prod, scales[::-1, at].tolist()))
        for at in either(lost, large):
            found[at] = determinant_alone(A[at])
        return found

    def invert_all(self, A: Stack, workers: int) -> tuple[Stack, NDArray[np.intp]]:
        n = A.shape[-1]
        identity = np.eye(n, dtype=np.int64)[None]
        forms, pivots, divisors, left = forms_beside(A, identity, workers)
        ranks = (pivots >= 0).sum(axis=1)
        divisors[ranks < n] = 0         # no Fractions for them
        inverses = kernels.quotients(forms[:, :, n:].copy(), divisors)
        for at in left:
            matrix, found = reduced_alone(beside(A[at], identity[0]), 2 * n, True)
            inverses[at], ranks[at] = matrix[:, n:], sum(pivot < n for pivot in found)
        return inverses, ranks

    def null_space_all(self, A: Stack, workers: int) -> Stack:
        return self.solve_all(A, np.empty((1, A.shape[1], 0), np.int64), workers)[2]

    def solve_all(self, A: Stack, B: Stack, workers: int
                  ) -> tuple[NDArray[np.int8], Stack, Stack]:
        n = A.shape[-1]
        forms, pivots, divisors, left = forms_beside(A, B, workers)
        if left:
            others = np.delete(np.arange(len(forms)), left)
            forms, pivots, divisors = forms[others], pivots[others], divisors[others]
        codes, x = kernels.solutions_of_forms(forms, pivots, divisors, n, 0)
        bases = kernels.null_spaces(forms, pivots, divisors, n, 0)
        if not left:
            return codes, x, bases
        alone = [solve_alone(A[at % len(A)], B[at % len(B)]) for at in left]
        order = np.argsort(np.concatenate((others, left)))
        width = max(bases.shape[2], *(basis.shape[1] for _, _, basis in alone))
        return (np.concatenate((codes, [part[0] for part in alone]))[order],
                np.concatenate((x, [part[1] for part in alone]))[order],
                np.concatenate((wider(bases, width),
                                [wider(part[2], width) for part in alone]))[order])


RATIONALS = Rationals()


# ---- stacks in 64 bits ----

def forms_beside(A: Stack, B: Stack, workers: int
                 ) -> tuple[NDArray[np.int64], NDArray[np.intp], NDArray[np.int64], list[int]]:
    """Return (forms, pivots, divisors) of [A | B] with pivots in A, and for which 64 bits are short

    Rows below the rank are zero where they should be, and otherwise anything else.
    """
    n = A.shape[-1]
    if A.dtype == B.dtype == np.int64:
        return kernels.fraction_free(A, n, True, True, B, workers)
    integers, large, _ = cleared_stack(beside(A, B))
    forms, pivots, divisors, lost = kernels.fraction_free(integers, n, True, True, None, workers)
    return forms, pivots, divisors, either(lost, large)


def cleared_stack(A: Stack) -> tuple[NDArray[np.int64], list[int], NDArray[np.int64] | None]:
    """Return (int64 matrices, those that 64 bits cannot hold, scales)

    Rows of objects lose their denominators and common factors. `scales`, (2, count, m), are the
    multiples and the divisors that do it; None for int64.
    """
    count, m, n = A.shape
    if A.dtype != object:
        return A, [], None
    rows, *scales = kernels.cleared_rows(np.ascontiguousarray(A).reshape(count * m, n))
    both = np.array(scales).reshape(2, count, m)
    return rows.reshape(count, m, n), np.flatnonzero((both[0] == 0).any(axis=1)).tolist(), both


def either(one: list[int], other: list[int]) -> list[int]:
    """Return what is in one list or in both"""
    return sorted({*one, *other}) if other else one


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
