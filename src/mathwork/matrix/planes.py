"""Complex numbers as planes: their real and their imaginary parts, in arrays of their own.

The last axis is the stack, so that many small matrices take few calls of NumPy. All operations are
real, entry by entry, and a sum goes term by term. So a matrix has the same bits alone, in any stack
and on every machine.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._workers import over_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    from mathwork._types import Float64Array as Floats

# Exponents of augmented numbers at the start. Elimination lets them grow by less than 2^123.
MOST, LEAST = 900, -1022
NONE = 10000                # beyond all exponents
PIECE = 32768               # numbers of a piece: its parts stay in the cache


def over_pieces(work: Callable[[slice], None], count: int, cells: int, workers: int) -> None:
    """Call work(piece) for all pieces of a stack of `count` matrices of so many cells"""
    step = max(1, PIECE // max(1, cells))

    def work_on(start: int, stop: int) -> None:
        with np.errstate(all="ignore"):
            for first in range(start, stop, step):
                work(slice(first, min(first + step, stop)))

    if workers == 1:
        work_on(0, count)
    else:
        over_rows(work_on, count, workers)


def planes_of(A: NDArray[np.complex128]) -> tuple[Floats, Floats]:
    """Return new parts (m, n, count) of A (count, m, n)"""
    re, im = (np.array(part.transpose(1, 2, 0), order="C") for part in (A.real, A.imag))
    return re, im


def exponents_of(x: Floats) -> NDArray[np.intc]:
    """Return k with 2^k <= |x| < 2^(k + 1); -1 for 0"""
    return np.frexp(x)[1] - np.intc(1)


def part_exponent(re: Floats, im: Floats) -> NDArray[np.intc]:
    """Return k with 2^k <= larger part < 2^(k + 1)"""
    return exponents_of(np.maximum(np.abs(re), np.abs(im)))


def shifts_in_range(re: Floats, im: Floats, scale: NDArray[np.intc]
                    ) -> tuple[NDArray[np.intc], NDArray[np.intc]]:
    """Return (shifts (k, count), largest exponents) of k columns beside a matrix

    Rows (m, k, count) are divided by 2^scale (m, count). A column times 2^shift is in range then.
    """
    parts = np.stack((re, im))
    usable = (parts != 0) & np.isfinite(parts)
    exponents = exponents_of(parts) - scale[:, None]
    high = np.where(usable, exponents, -NONE).max(axis=(0, 1), initial=-NONE)
    low = np.where(usable, exponents, NONE).min(axis=(0, 1), initial=NONE)
    shift = np.where(low <= high, np.minimum(np.maximum(0, LEAST - low), MOST - high), 0)
    return shift.astype(np.intc), high


def exchanged(part: NDArray[Any], at: NDArray[np.intp], to: NDArray[np.intp]) -> NDArray[Any]:
    """Return rows `at` of (m, n, count) as (n, count), with rows `to` put in their places"""
    row, other = (np.take_along_axis(part, index[None, None], axis=0)[0] for index in (at, to))
    np.put_along_axis(part, at[None, None], other[None], axis=0)
    return row


def quotient(re: Floats, im: Floats, p: Floats, q: Floats) -> tuple[Floats, Floats]:
    """Return (re + i im) / (p + i q), (p - i q) / (p^2 + q^2) times the dividend

    The divisor is scaled first: its square cannot leave the range. A real one divides the parts.
    """
    exponent = part_exponent(p, q)
    p, q = np.ldexp(p, -exponent), np.ldexp(q, -exponent)
    square = p * p + q * q
    real = q == 0
    x = np.where(real, re / p, (re * p + im * q) / square)
    y = np.where(real, im / p, (im * p - re * q) / square)
    return np.ldexp(x, -exponent), np.ldexp(y, -exponent)


def subtract_multiples(re: Floats, im: Floats, f: Floats, g: Floats, row_re: Floats,
                       row_im: Floats, tiny: bool = False) -> None:
    """re, im (m, n, count) -= the factors (m, count) times the row (n, count)

    With a tiny pivot a factor may be infinite, and 0 times it is 0.
    """
    f, g = f[:, None], g[:, None]
    x, y = f * row_re - g * row_im, f * row_im + g * row_re
    if tiny:
        nothing = (row_re == 0) & (row_im == 0)
        x, y = np.where(nothing, 0, x), np.where(nothing, 0, y)
    re -= x
    im -= y
