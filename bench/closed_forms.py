"""Inverses, determinants and solutions of stacks of 2x2, 3x3 and 4x4 matrices by formula, in numba.

As people write them by hand: the adjugate over the determinant. They say nothing of a matrix that
is singular, or nearly so, and lose digits where entries differ in size.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.harness import Side


def by_formula(name: str, A: np.ndarray, b: np.ndarray) -> Side:
    """The side for `inv`, `det` or `solve` of a stack; b are columns of one."""
    adjugate = _adjugate(A.shape[-1])
    function = {"inv": _inv, "det": _det, "solve": _solve}[name](adjugate)
    arguments = {"A": A, "b": b} if name == "solve" else {"A": A}
    return Side(f"{name}({', '.join(arguments)})", {name: function, **arguments})


def _inv(adjugate) -> Callable:
    from numba import njit

    @njit(fastmath=True)
    def inv(A):
        result = np.empty_like(A)
        for s in range(len(A)):
            factor = 1 / adjugate(A[s], result[s])
            for i in range(A.shape[1]):
                for j in range(A.shape[1]):
                    result[s, i, j] *= factor
        return result

    return inv


def _det(adjugate) -> Callable:
    from numba import njit

    @njit(fastmath=True)
    def det(A):
        result = np.empty(len(A), A.dtype)
        scratch = np.empty(A.shape[1:], A.dtype)
        for s in range(len(A)):
            result[s] = adjugate(A[s], scratch)
        return result

    return det


def _solve(adjugate) -> Callable:
    from numba import njit

    @njit(fastmath=True)
    def solve(A, b):
        x = np.empty_like(b)
        scratch = np.empty(A.shape[1:], A.dtype)
        for s in range(len(A)):
            factor = 1 / adjugate(A[s], scratch)
            for i in range(A.shape[1]):
                total = scratch[i, 0] * b[s, 0, 0]
                for j in range(1, A.shape[1]):
                    total += scratch[i, j] * b[s, j, 0]
                x[s, i, 0] = total * factor
        return x

    return solve


# ---- adjugates: each writes that of a to `out` and returns the determinant ----

def _adjugate(n: int) -> Callable:
    from numba import njit

    return njit(fastmath=True, inline="always")({2: _of_2, 3: _of_3, 4: _of_4}[n])


def _of_2(a, out):
    out[0, 0], out[0, 1] = a[1, 1], -a[0, 1]
    out[1, 0], out[1, 1] = -a[1, 0], a[0, 0]
    return a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]


def _of_3(a, out):
    out[0, 0] = a[1, 1] * a[2, 2] - a[1, 2] * a[2, 1]
    out[0, 1] = a[0, 2] * a[2, 1] - a[0, 1] * a[2, 2]
    out[0, 2] = a[0, 1] * a[1, 2] - a[0, 2] * a[1, 1]
    out[1, 0] = a[1, 2] * a[2, 0] - a[1, 0] * a[2, 2]
    out[1, 1] = a[0, 0] * a[2, 2] - a[0, 2] * a[2, 0]
    out[1, 2] = a[0, 2] * a[1, 0] - a[0, 0] * a[1, 2]
    out[2, 0] = a[1, 0] * a[2, 1] - a[1, 1] * a[2, 0]
    out[2, 1] = a[0, 1] * a[2, 0] - a[0, 0] * a[2, 1]
    out[2, 2] = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    return a[0, 0] * out[0, 0] + a[0, 1] * out[1, 0] + a[0, 2] * out[2, 0]


def _of_4(a, out):
    # minors of the upper two rows, and of the lower two
    u01 = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    u02 = a[0, 0] * a[1, 2] - a[0, 2] * a[1, 0]
    u03 = a[0, 0] * a[1, 3] - a[0, 3] * a[1, 0]
    u12 = a[0, 1] * a[1, 2] - a[0, 2] * a[1, 1]
    u13 = a[0, 1] * a[1, 3] - a[0, 3] * a[1, 1]
    u23 = a[0, 2] * a[1, 3] - a[0, 3] * a[1, 2]
    w01 = a[2, 0] * a[3, 1] - a[2, 1] * a[3, 0]
    w02 = a[2, 0] * a[3, 2] - a[2, 2] * a[3, 0]
    w03 = a[2, 0] * a[3, 3] - a[2, 3] * a[3, 0]
    w12 = a[2, 1] * a[3, 2] - a[2, 2] * a[3, 1]
    w13 = a[2, 1] * a[3, 3] - a[2, 3] * a[3, 1]
    w23 = a[2, 2] * a[3, 3] - a[2, 3] * a[3, 2]
    out[0, 0] = a[1, 1] * w23 - a[1, 2] * w13 + a[1, 3] * w12
    out[0, 1] = -a[0, 1] * w23 + a[0, 2] * w13 - a[0, 3] * w12
    out[0, 2] = a[3, 1] * u23 - a[3, 2] * u13 + a[3, 3] * u12
    out[0, 3] = -a[2, 1] * u23 + a[2, 2] * u13 - a[2, 3] * u12
    out[1, 0] = -a[1, 0] * w23 + a[1, 2] * w03 - a[1, 3] * w02
    out[1, 1] = a[0, 0] * w23 - a[0, 2] * w03 + a[0, 3] * w02
    out[1, 2] = -a[3, 0] * u23 + a[3, 2] * u03 - a[3, 3] * u02
    out[1, 3] = a[2, 0] * u23 - a[2, 2] * u03 + a[2, 3] * u02
    out[2, 0] = a[1, 0] * w13 - a[1, 1] * w03 + a[1, 3] * w01
    out[2, 1] = -a[0, 0] * w13 + a[0, 1] * w03 - a[0, 3] * w01
    out[2, 2] = a[3, 0] * u13 - a[3, 1] * u03 + a[3, 3] * u01
    out[2, 3] = -a[2, 0] * u13 + a[2, 1] * u03 - a[2, 3] * u01
    out[3, 0] = -a[1, 0] * w12 + a[1, 1] * w02 - a[1, 2] * w01
    out[3, 1] = a[0, 0] * w12 - a[0, 1] * w02 + a[0, 2] * w01
    out[3, 2] = -a[3, 0] * u12 + a[3, 1] * u02 - a[3, 2] * u01
    out[3, 3] = a[2, 0] * u12 - a[2, 1] * u02 + a[2, 2] * u01
    return u01 * w23 - u02 * w13 + u03 * w12 + u12 * w03 - u13 * w02 + u23 * w01
