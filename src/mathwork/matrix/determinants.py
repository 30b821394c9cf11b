"""Determinants as mantissas times powers of two, so that only the whole product can overflow."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._doors import public

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Any

    from numpy.typing import NDArray

    from mathwork._types import ScalarOrArray

# ln 2 in two parts. The first has 32 bits, so its multiples by exponents are exact: W. J. Cody,
# W. Waite, Software Manual for the Elementary Functions, 1980, chapter 5.
LN2_HIGH, LN2_LOW = float.fromhex("0x1.62e42fee00000p-1"), float.fromhex("0x1.a39ef35793c76p-33")
LARGEST_EXPONENT = 100_000      # beyond it every determinant is infinite or zero
HALVES = 2.0 ** 27 + 1          # splits 53 bits into two times 26: Dekker 1971


@public
class SlogDet(NamedTuple):
    """A determinant as its sign and the logarithm of its size: ``sign * exp(logabsdet)``.

    Parameters
    ----------
    sign : float or complex, or ndarray for a stack
        1, -1, or 0; of a complex matrix a complex number of size 1, or 0. NaN for a matrix that is
        not finite.
    logabsdet : float, or ndarray for a stack
        The natural logarithm of the absolute value; ``-inf`` for 0.

    Examples
    --------
    >>> from mathwork.matrix import slogdet
    >>> sign, logabsdet = slogdet([[0, 2], [3, 0]])
    >>> sign, logabsdet.round(4)
    (np.float64(-1.0), np.float64(1.7918))
    >>> slogdet([[2j]]).sign
    np.complex128(1j)
    """

    sign: ScalarOrArray
    logabsdet: ScalarOrArray


def products(mantissas: NDArray[Any], exponents: NDArray[Any]) -> NDArray[Any]:
    """Return real or complex mantissas times 2^exponents"""
    near = exponents.clip(-LARGEST_EXPONENT, LARGEST_EXPONENT).astype(np.intc)
    with np.errstate(all="ignore"):
        if mantissas.dtype.kind != "c":
            return np.ldexp(mantissas, near)
        result = np.empty_like(mantissas)
        result.real, result.imag = (np.ldexp(part, near) + 0.0
                                    for part in (mantissas.real, mantissas.imag))
        return result


def signs_and_logs(mantissas: NDArray[np.float64], exponents: NDArray[Any]) -> tuple[Any, Any]:
    """Return (sign, log of the size) of mantissas in [1/2, 1), or 0, times 2^exponents"""
    sizes = np.abs(mantissas)
    small = sizes < math.sqrt(0.5)      # else a logarithm near 0 would be a difference
    with np.errstate(all="ignore"):
        logs = np.log(np.where(small, 2 * sizes, sizes))
    return np.sign(mantissas), _sums_of_logs(exponents - small, logs)


def complex_signs_and_logs(mantissas: NDArray[np.complex128], exponents: NDArray[Any]
                           ) -> tuple[Any, Any]:
    """Return (sign, log of the size) of mantissas with a part in [1, 2), or 0, times 2^exponents"""
    sizes = np.hypot(mantissas.real, mantissas.imag)
    large = sizes > math.sqrt(2)
    x, y = (np.where(large, part / 2, part) for part in (mantissas.real, mantissas.imag))
    signs = np.zeros(mantissas.shape, np.complex128)
    some = sizes != 0
    for sign, part in ((signs.real, mantissas.real), (signs.imag, mantissas.imag)):
        np.divide(part, sizes, out=sign, where=some)
        sign += 0.0
    with np.errstate(all="ignore"):
        logs = 0.5 * np.log1p(_square_less_1(x, y))
    return signs, _sums_of_logs(exponents + large, logs)


def _sums_of_logs(powers: NDArray[Any], logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return powers * ln 2 + logs"""
    return powers * LN2_HIGH + (powers * LN2_LOW + logs)


def _square_less_1(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x^2 + y^2 - 1 without cancellation, for sizes below 2"""
    x, y = np.maximum(np.abs(x), np.abs(y)), np.minimum(np.abs(x), np.abs(y))
    (a, below_a), (b, below_b) = _square(x), _square(y)
    return ((a - 1) + b) + (below_a + below_b)


def _square(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (x^2 rounded, what rounding left), T. J. Dekker, Numer. Math. 18 (1971)"""
    split = HALVES * x
    high = split - (split - x)
    low = x - high
    square = x * x
    return square, ((high * high - square) + 2 * high * low) + low * low


def of_fractions(determinants: Fraction | NDArray[Any]) -> SlogDet:
    """Return the signs and logarithms of exact determinants"""
    numbers = np.asarray(determinants, object)
    mantissas, exponents = np.zeros(numbers.size), np.zeros(numbers.size, np.int64)
    for at, number in enumerate(numbers.ravel().tolist()):
        shift = abs(number.numerator).bit_length() - number.denominator.bit_length() + 1
        mantissas[at], more = math.frexp(number / 2 ** shift if shift > 0
                                         else number * 2 ** -shift)
        exponents[at] = shift + more
    return SlogDet(*(part.reshape(numbers.shape)[()]
                     for part in signs_and_logs(mantissas, exponents)))
