"""Linear algebra modulo a prime below 2^31."""
from __future__ import annotations

import functools
import math
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import shown, whole
from mathwork._levels import exact as kernels
from mathwork.matrix.fields import Field
from mathwork.matrix.rationals import as_exact, as_number, as_text

if TYPE_CHECKING:
    from typing import Any, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import Stack

LARGEST = 2 ** 31       # every prime modulus is below it


class PrimeField(Field):
    """Arithmetic modulo p: numbers are int64, results in 0..p-1.

    Parameters
    ----------
    p : int
        A prime below 2^31.

    Raises
    ------
    TypeError
        For a `p` that is not an integer.
    ValueError
        For a `p` that is not a prime, or too large.
    """

    missing = -1

    def __init__(self, p: SupportsIndex) -> None:
        p = whole(p, "modulus")
        if p >= LARGEST:
            raise ValueError(f"modulus must be below 2**31, got {shown(p)}")
        if not is_prime(p):
            raise ValueError(f"modulus must be a prime, got {shown(p)}")
        self.p = p
        self.over = f" modulo {p}"

    def read(self, value: ArrayLike, name: str) -> NDArray[Any]:
        return as_exact(value, name, self._residue)

    def _residue(self, entry: Any, name: str) -> int:
        if issubclass(type(entry), Decimal):
            whole = entry.to_integral_value() if entry.is_finite() else None
            if whole == entry:
                # The message omits the integer itself, which may have a million digits.
                sign, digits, exponent = whole.as_tuple()
                return int(Decimal((sign, digits, 0))) * pow(10, int(exponent), self.p) % self.p
        elif issubclass(type(entry), (float, np.floating)):
            if math.isfinite(entry) and entry == int(entry):
                return int(entry) % self.p
        else:
            number = as_number(entry, name)
            if number.denominator % self.p == 0:
                raise ValueError(f"{name} has the entry {as_text(number)}, whose denominator is "
                                 f"divisible by the modulus {self.p}")
            return number.numerator * pow(number.denominator, -1, self.p) % self.p
        raise ValueError(f"{name} must hold integers to be reduced modulo {self.p}, got {entry}")

    def reduce_all(self, A: Stack, columns: int, reduced: bool, workers: int
                   ) -> tuple[Stack, NDArray[np.intp]]:
        return kernels.reduce_modulo(A, self.p, columns, reduced, None, workers)[:2]

    def rank_all(self, A: Stack, workers: int) -> NDArray[np.intp]:
        return kernels.rank_modulo(A, self.p, workers)

    def determinant_all(self, A: Stack, workers: int) -> NDArray[np.int64]:
        return kernels.determinant_modulo(A, self.p, workers)

    def invert_all(self, A: Stack, workers: int) -> tuple[Stack, NDArray[np.intp]]:
        n = A.shape[-1]
        identity = np.eye(n, dtype=np.int64)[None]
        forms, pivots, _ = kernels.reduce_modulo(A, self.p, n, True, identity, workers)
        return forms[:, :, n:].copy(), (pivots >= 0).sum(axis=1)

    def null_space_all(self, A: Stack, workers: int) -> Stack:
        n = A.shape[-1]
        forms, pivots, _ = kernels.reduce_modulo(A, self.p, n, True, None, workers)
        return kernels.null_spaces(forms, pivots, None, n, self.p)

    def solve_all(self, A: Stack, B: Stack, workers: int
                  ) -> tuple[NDArray[np.int8], Stack, Stack]:
        n = A.shape[-1]
        forms, pivots, _ = kernels.reduce_modulo(A, self.p, n, True, B, workers)
        return (*kernels.solutions_of_forms(forms, pivots, None, n, self.p),
                kernels.null_spaces(forms, pivots, None, n, self.p))


@functools.lru_cache(maxsize=4096)
def is_prime(n: int) -> bool:
    """Return whether n, below 2^32, is a prime.

    Strong pseudoprimes to the bases 2, 7 and 61 begin at 4,759,123,141 (Jaeschke, "On strong
    pseudoprimes to several bases", Mathematics of Computation 61, 1993).
    """
    if n < 2 or n % 2 == 0:
        return n == 2
    odd = n - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    for base in (2, 7, 61):
        power = pow(base, odd, n)
        if base % n == 0 or power in (1, n - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % n
            if power == n - 1:
                break
        else:
            return False
    return True


@functools.lru_cache(maxsize=4096)
def previous_prime(n: int) -> int:
    """Return the largest prime below n."""
    n -= 1
    while not is_prime(n):
        n -= 1
    return n
