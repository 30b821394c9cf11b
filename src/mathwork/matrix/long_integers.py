"""One matrix over the rationals, of integers and fractions of any size.

Row reduction uses the first of two methods that can do it: fraction-free elimination in Python's
integers, for small matrices; and p-adic lifting, for all others. Both give the same reduced form.
"""
from __future__ import annotations

import bisect
import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from mathwork._levels import exact as kernels
from mathwork._status import INCONSISTENT, INFINITE, UNIQUE
from mathwork.matrix.checks import beside
from mathwork.matrix.modular import previous_prime
from mathwork.matrix.rationals import cleared

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    # int64, or objects that are int
    _Integers: TypeAlias = NDArray[Any]
    _Fractions: TypeAlias = NDArray[np.object_]

FEW = 6             # for more rows or columns, lifting costs less than Python's integers


def reduced_alone(A: NDArray[Any], columns: int, reduced: bool
                  ) -> tuple[_Fractions, tuple[int, ...]]:
    """Return (matrix of Fractions, pivots)"""
    integers, scales = cleared(A)
    if reduced and min(A.shape[0], columns) > FEW:
        found = lifted(integers, columns)
        if found:
            return found
    return fraction_free(integers, scales, columns, reduced)


def rank_alone(A: NDArray[Any]) -> int:
    integers, _ = cleared(A)
    # Modulo a prime the rank can only be smaller.
    most = min(integers.shape)
    p = lifting_prime(most)
    found = int(kernels.rank_modulo(modulo(integers, p)[None], p)[0])
    return most if found == most else len(reduced_alone(A, A.shape[1], True)[1])


def determinant_alone(A: NDArray[Any]) -> Fraction:
    integers, scales = cleared(A)
    return integer_determinant(integers) / math.prod(scales or (), start=Fraction(1))


def solve_alone(A: NDArray[Any], B: NDArray[Any]
                ) -> tuple[NDArray[np.int8], _Fractions, _Fractions]:
    """Return (codes, x, null space) of A x = B: a code for each right-hand side"""
    n, k = A.shape[1], B.shape[1]
    matrix, pivots = reduced_alone(beside(A, B), n + k, True)
    if k > 1 and pivots and pivots[-1] >= n:
        # A pivot in one right-hand side has changed those after it.
        each = [solve_alone(A, B[:, [t]]) for t in range(k)]
        return (np.concatenate([part[0] for part in each]),
                np.concatenate([part[1] for part in each], axis=1), each[0][2])
    inside = [pivot for pivot in pivots if pivot < n]
    free = sorted(set(range(n)).difference(inside))
    x: _Fractions = np.full((n, k), Fraction(0), object)
    x[inside] = matrix[:len(inside), n:]
    basis: _Fractions = np.full((n, len(free)), Fraction(0), object)
    basis[free, range(len(free))] = Fraction(1)
    basis[inside] = -matrix[:len(inside), free]
    code = INCONSISTENT if len(inside) < len(pivots) else INFINITE if free else UNIQUE
    return np.full(max(k, 1), code, np.int8), x, basis


# ---- fraction-free elimination in Python's integers ----

def fraction_free(integers: _Integers, scales: list[Fraction] | None, columns: int, reduced: bool
                  ) -> tuple[_Fractions, tuple[int, ...]]:
    """Return (matrix of Fractions, pivots): as kernels/exact/integers.pxi, without a limit of size.

    The rows of `integers` are the rows of the matrix times `scales`; None: times 1.
    """
    rows = integers.tolist()
    row_scales: list[Any] = list(scales) if scales else [1] * len(rows)
    pivots: list[int] = []
    divisors = [1]
    for column in range(columns):
        rank = len(pivots)
        found = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if found is None:
            continue
        for values in (rows, row_scales):
            values[rank], values[found] = values[found], values[rank]
        pivot_row = rows[rank]
        pivot = pivot_row[column]
        for i in range(0 if reduced else rank + 1, len(rows)):
            if i != rank:
                factor = rows[i][column]
                rows[i] = [(pivot * entry - factor * other) // divisors[-1]
                           for entry, other in zip(rows[i], pivot_row, strict=True)]
        pivots.append(column)
        divisors.append(pivot)
    for i, scale in enumerate(row_scales):
        if reduced and i < len(pivots):
            divisor: int | Fraction = divisors[-1]
        else:
            divisor = divisors[min(i, len(pivots))] * scale
        rows[i] = [Fraction(entry) / divisor for entry in rows[i]]
    matrix = np.empty(integers.shape, object)
    matrix[...] = rows
    return matrix, tuple(pivots)


# ---- p-adic lifting ----

def lifting_prime(rank: int) -> int:
    """Return the largest prime that the sums of kernels.lift allow: rank (p / 2)^2 <= 2^51"""
    return previous_prime(min(2 * math.isqrt(2 ** 51 // max(rank, 1)), 2 ** 24))


def modulo(integers: _Integers, p: int) -> NDArray[np.int64]:
    """Return integers as int64; integers that do not fit are taken modulo p."""
    return integers if integers.dtype == np.int64 else (integers % p).astype(np.int64)


def lifted(integers: _Integers, columns: int) -> tuple[_Fractions, tuple[int, ...]] | None:
    """Return (reduced matrix of Fractions, tuple of pivots), or None.

    It is None if rows below the rank keep entries in the columns after `columns`, or if two primes
    in a row divide a minor that matters.
    """
    p = lifting_prime(min(len(integers), columns))
    for _ in range(2):
        found = _lifted_from(integers, columns, p)
        if found:
            return found
        p = previous_prime(p)
    return None


def _lifted_from(integers: _Integers, columns: int, p: int
                 ) -> tuple[_Fractions, tuple[int, ...]] | None:
    """Return the reduced form if its pivots are those modulo p, else None

    Let B be the rows and columns of the pivots and C the other columns. The form is B^-1 C. It is
    right if all rows of the matrix agree and the form is a reduced one, because the rank is no less
    than modulo p.
    """
    m, n = integers.shape
    form, padded, order = kernels.reduce_modulo(
        np.ascontiguousarray(modulo(integers, p))[None], p, columns, False)
    pivots = [pivot for pivot in padded[0].tolist() if pivot >= 0]
    others = sorted(set(range(n)).difference(pivots))
    rank = len(pivots)
    if form[0, rank:, columns:].any():
        return None
    rows = integers[order[0]]
    left, right = rows[:, pivots], rows[:, others]
    if rank == 0 or not others:
        if right.any():
            return None
        numerators: list[list[int]] = [[]] * rank
        denominator = 1
    else:
        largest = max(-int(integers.min()), int(integers.max()))
        bound, steps = _enough(left[:rank], right[:rank], largest, p)
        bits = (p // 2).bit_length() - 1
        limbs = -(-largest.bit_length() // bits)
        values = kernels.lift(_limbs(left, limbs, bits), _limbs(right, limbs, bits), p, 2.0 ** bits,
                           steps)
        if values is None:
            return None
        found, denominator = _reconstructed(values, p ** steps, bound)
        numerators = [found[i:i + len(others)] for i in range(0, len(found), len(others))]
        for row, pivot in zip(numerators, pivots, strict=True):
            if any(row[:bisect.bisect(others, pivot)]):
                return None
    return kernels.fractions_over(numerators, denominator, m, n, pivots, others), tuple(pivots)


def _limbs(integers: _Integers, limbs: int, bits: int) -> NDArray[np.float64]:
    """Return digits in base 2^bits, (limbs, m, n) float64, lowest first, with the number's sign"""
    if limbs == 1:
        return integers.astype(np.float64, order="C")[None]
    sign = np.where(integers < 0, -1, 1)
    whole: NDArray[Any] = abs(integers.astype(object))
    mask = 2 ** bits - 1
    return np.array([sign * (whole >> bits * limb & mask) for limb in range(limbs)], np.float64)


def _enough(B: _Integers, C: _Integers, largest: int, p: int) -> tuple[int, int]:
    """Return (bound of numerators and denominator, needed powers of p) for x = B^-1 C

    The bound is by Cramer's rule and Hadamard's inequality over the rows of [B c], c a column of C.
    The power of p exceeds twice the square of the bound. It also exceeds A x - C times the
    denominator, for entries of A and C that are at most `largest`.
    """
    squares = _squares(B) + abs(_wide(C)).max(axis=1) ** 2
    bits = math.ceil(_product_bits(squares)) + 1
    needed = max(2 * bits + 2, bits + math.log2((len(B) + 1) * largest))
    return 2 ** bits, math.ceil(needed / math.log2(p))


def _wide(integers: _Integers) -> NDArray[Any]:
    """Return integers whose squares do not overflow: float64, if rounding is harmless, or ints"""
    return integers if integers.dtype == object else integers.astype(np.float64)


def _squares(integers: _Integers) -> NDArray[Any]:
    """Return the squares of the lengths of the rows"""
    rows = _wide(integers)
    return (rows * rows).sum(axis=1)


def _product_bits(squares: NDArray[Any]) -> float:
    """Return log2 of the product of lengths, from their squares"""
    return sum(map(math.log2, squares.tolist())) / 2


def _reconstructed(values: list[int], modulus: int, bound: int) -> tuple[list[int], int]:
    """Return (numerators, common denominator) of the fractions with these values modulo `modulus`

    Numerators and denominator are at most `bound`, and twice its square is below the modulus.
    Then they are unique (Wang, Guy, Davenport, "P-adic reconstruction of rational numbers",
    SIGSAM Bulletin 16, 1982).
    """
    half = modulus // 2
    denominator, found = 1, []
    for value in values:
        value = value * denominator % modulus
        if value > half:
            value -= modulus
        if not -bound <= value <= bound:
            value, divisor = _fraction_modulo(value, modulus, bound)
            denominator *= divisor
        found.append((value, denominator))
    return [value * (denominator // known) for value, known in found], denominator


def _fraction_modulo(value: int, modulus: int, bound: int) -> tuple[int, int]:
    """Return (a, b): a = b value mod `modulus`, |a| <= bound, b > 0; half of Euclid's algorithm"""
    high, low, before, now = modulus, value % modulus, 0, 1
    while low > bound:
        quotient, rest = divmod(high, low)
        high, low = low, rest
        before, now = now, before - quotient * now
    return (low, now) if now > 0 else (-low, -now)


# ---- determinants ----

def integer_determinant(integers: _Integers) -> int:
    """Return the determinant of a square matrix of integers, from its values modulo primes

    Hadamard's inequality gives the number of primes.
    """
    squares = _squares(integers)
    if not squares.all():
        return 0
    bound = 2 ** (math.ceil(_product_bits(squares)) + 2)
    value, modulus, p = 0, 1, 2 ** 24
    while modulus < bound:
        p = previous_prime(p)
        rest = int(kernels.determinant_modulo(modulo(integers, p)[None], p)[0])
        value += modulus * ((rest - value) * pow(modulus, -1, p) % p)
        modulus *= p
    return value if 2 * value < modulus else value - modulus
