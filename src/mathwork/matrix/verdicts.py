"""What a reduction says of a matrix or a system, for those of one matrix and of stacks.

Kernels have the same rules for floats; see docs/rank.md.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._levels import core as kernels
from mathwork._status import INCONSISTENT, INFINITE, SYSTEM_NOT_FINITE, UNIQUE

if TYPE_CHECKING:
    from typing import Any, Protocol

    from numpy.typing import NDArray

    from mathwork._types import FloatOrArray

    class HasMargin(Protocol):
        @property
        def accepted(self) -> FloatOrArray: ...
        @property
        def rejected(self) -> FloatOrArray: ...

# A call was close if a pivot was accepted at less than this many times its bound, or if a candidate
# was rejected at more than this part of it. Bounds on float32 have less room.
CLOSE_ACCEPTED = kernels.close_accepted
CLOSE_REJECTED = kernels.close_rejected

# When a 0 = d is a contradiction, and a close one: kernels/matrix/solutions.pxi.
CANCELLED = kernels.cancelled
CLOSE_CONTRADICTION = kernels.close_contradiction
CLOSE_AGREEMENT = kernels.close_agreement


def is_ambiguous(margin: HasMargin, single: bool) -> bool | NDArray[np.bool]:
    """Return whether calls on data of float64, or of float32 (single), were close."""
    limit = CLOSE_REJECTED["f" if single else "d"]
    clear = (margin.accepted >= CLOSE_ACCEPTED) & (margin.rejected <= limit)    # NaN: no
    return not clear if isinstance(clear, bool) else ~clear


def contradicted(rest: NDArray[Any], size: NDArray[Any], tol: NDArray[Any]
                 ) -> tuple[NDArray[np.bool], NDArray[np.bool]]:
    """Return (whether a 0 = d of size `rest` is a contradiction, whether that was a close call).

    `size` is the sum of sizes of the computed x.
    """
    unit = CANCELLED * tol
    bound = unit * size
    # x counts as at least 1 here: b may be all rounding.
    close = (rest > CLOSE_AGREEMENT * bound) & (
        rest < np.maximum(CLOSE_CONTRADICTION * bound, unit))
    return rest > bound, close


def codes_of(regular: Any, lost: NDArray[np.bool], unknown: NDArray[np.bool]) -> NDArray[np.int8]:
    """Return the status of systems, by the rank of A and by each right-hand side."""
    status = np.where(regular, UNIQUE, INFINITE)
    status = np.where(lost.any(axis=-1), INCONSISTENT, status)
    return np.where(unknown, SYSTEM_NOT_FINITE, status).astype(np.int8)


def without_noise(A: NDArray[Any], sides: NDArray[Any], atol: float
                  ) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return A with entries of at most atol as zeros; beside a row of zeros, sides too."""
    if not atol > 0:
        return A, sides
    A = np.where(np.abs(A) <= atol, A.dtype.type(0), A)
    noise = ~A.any(axis=-1, keepdims=True) & (np.abs(sides) <= atol)
    return A, np.where(noise, sides.dtype.type(0), sides)
