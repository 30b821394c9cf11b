"""The reduction of [A | sides] with pivots in A alone, and what it says of A."""
from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from mathwork._levels import core as kernels
from mathwork._status import REDUCED
from mathwork._warnings import RankWarning

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from mathwork._types import FloatArray
    from mathwork.matrix.elimination import Reduced

REMEDY = "tol=0 takes all that is not 0 for data, exact=True computes with Fractions"


def flat(A: FloatArray) -> FloatArray:
    """Return a matrix unchanged, a stack with a single axis for its slices"""
    return A if A.ndim < 4 else A.reshape(math.prod(A.shape[:-2]), *A.shape[-2:])


def reduced_beside(A: FloatArray, sides: FloatArray, tol: float | None,
                   atol: float = 0.0) -> Reduced:
    """Return ``[A | sides]`` of plain arrays, reduced with pivots in A alone"""
    # Columns that lie one after the other would stay so.
    together = np.ascontiguousarray(np.concatenate((A, sides), axis=-1))
    return kernels.reduce_plain(together, A.shape[-1], -1 if tol is None else tol, True, atol=atol)


def at_pivots(reduced: Reduced, n: int, part: slice) -> FloatArray:
    """Return rows of `part` of the reduced matrix at their pivots' places of n, zeros elsewhere"""
    matrix = reduced.matrix[..., part]
    if matrix.ndim == 2:
        result = np.zeros((n, matrix.shape[-1]), matrix.dtype)
        result[list(reduced.pivots)] = matrix[:reduced.rank]
    else:
        # The padding of pivots, -1, writes to one extra row, which is dropped.
        result = np.zeros((*matrix.shape[:-2], n + 1, matrix.shape[-1]), matrix.dtype)
        pivots = np.asarray(reduced.pivots)
        rows = matrix[..., :pivots.shape[-1], :]
        np.put_along_axis(result, pivots[..., None] % (n + 1), rows, axis=-2)
        result = result[..., :n, :]
    result[np.not_equal(reduced.status, 0)] = np.nan
    return result


def default_tol(A: FloatArray, exponents: NDArray[np.intc]) -> NDArray[np.float64]:
    """Return the tolerance of rref for each matrix; exponents are those of its rows"""
    norm = np.ldexp(np.abs(A), -exponents[..., None]).sum(axis=-1).max(axis=-1, initial=0)
    return kernels.units[A.dtype.char] * np.sqrt(norm)


def row_exponents(A: FloatArray) -> NDArray[np.intc]:
    """Return k with 2^k <= largest of a row < 2^(k + 1); 0 if it is zero or not finite"""
    largest = np.abs(A).max(axis=-1, initial=0)
    usable = (largest > 0) & (largest < np.inf)
    return np.where(usable, np.frexp(largest)[1] - 1, 0).astype(np.intc)


def warn_if_close(close: Any, reduced: Reduced, tol: float | None) -> None:
    """Warn the caller of a public function, unless tol = 0 has made the call"""
    close = close & np.equal(reduced.status, REDUCED)
    if tol == 0 or not close.any():
        return
    which = "the rank of A" if close.ndim == 0 else f"the rank of {close.sum()} of {close.size} A"
    warnings.warn(close_text(which), RankWarning, stacklevel=3)


def close_text(which: str) -> str:
    return f"{which} was too close to call in floats: {REMEDY}"
