"""Systems with the factors of a matrix, and least squares of systems without a solution."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bench import peers
from bench.elimination import TOLERANCE, systems
from bench.harness import Rival, Side, Work

FACTORS = "Factors of a matrix, float64"
LEAST_SQUARES = "Least squares beside numpy.linalg.lstsq, float64"

SIZES = (3, 8, 50, 200, 1000)
STACKS = {3: 100_000, 8: 20_000}
# (rows, columns) of systems with one right-hand side
SHAPES = ((10, 3), (100, 3), (1000, 10), (100_000, 10), (100, 100), (10, 100))


def works() -> Iterator[Work]:
    """Yield every case; none has a target of its own."""
    for n in SIZES:
        for k in (1, 100):
            yield Work(f"lu solve {n}x{n}, {k} of b", partial(_solve, None, n, k),
                       (Rival(peers.SCIPY, partial(_lu_solve, n, k)),), **TOLERANCE,
                       section=FACTORS)
        yield Work(f"lu {n}x{n}", partial(_lu, n),
                   (Rival(peers.SCIPY, partial(_lu_factor, n)),), rtol=0.0, atol=0.0,
                   section=FACTORS)
    for n, count in STACKS.items():
        # NumPy has nothing to keep, so it factors every time.
        yield Work(f"lu solve {count:,} of {n}x{n}", partial(_solve, count, n, 1),
                   (Rival(peers.NUMPY, partial(_numpy_solve, count, n)),), **TOLERANCE,
                   section=FACTORS)
        yield Work(f"slogdet {count:,} of {n}x{n}", partial(_slogdet, count, n),
                   (Rival(peers.NUMPY, partial(_numpy_slogdet, count, n)),), **TOLERANCE,
                   section=FACTORS)
    for m, n in SHAPES:
        yield Work(f"lstsq {m:,}x{n}", partial(_lstsq, m, n),
                   (Rival(peers.NUMPY, partial(_numpy_lstsq, m, n)),), **TOLERANCE,
                   section=LEAST_SQUARES)


# ---- factors ----

def sides(count: int | None, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return A, and b as a vector if k is 1, else as k columns."""
    A, b = systems(count, n)
    if k > 1:
        b = np.random.default_rng(8).standard_normal((n, k))
    return A, b if count is not None or k > 1 else b[:, 0].copy()


def _solve(count, n, k) -> Side:
    from mathwork.matrix import lu

    A, b = sides(count, n, k)
    return Side("factors.solve(b)", {"factors": lu(A), "b": b})


def _lu_solve(n, k) -> Side:
    from scipy.linalg import lu_factor, lu_solve

    A, b = sides(None, n, k)
    return Side("lu_solve(factors, b)", {"lu_solve": lu_solve, "factors": lu_factor(A), "b": b})


def _nothing(answer: object) -> np.ndarray:
    """Return nothing to compare: the factors have other scales."""
    return np.zeros(0)


def _lu(n) -> Side:
    from mathwork.matrix import lu

    return Side("lu(A)", {"lu": lu, "A": systems(None, n)[0]}, _nothing)


def _lu_factor(n) -> Side:
    from scipy.linalg import lu_factor

    return Side("lu_factor(A)", {"lu_factor": lu_factor, "A": systems(None, n)[0]}, _nothing)


def _numpy_solve(count, n) -> Side:
    A, b = systems(count, n)
    return Side("solve(A, b)", {"solve": np.linalg.solve, "A": A, "b": b})


def _slogdet(count, n) -> Side:
    from mathwork.matrix import slogdet

    return Side("slogdet(A)", {"slogdet": slogdet, "A": systems(count, n)[0]}, np.array)


def _numpy_slogdet(count, n) -> Side:
    return Side("slogdet(A)", {"slogdet": np.linalg.slogdet, "A": systems(count, n)[0]}, np.array)


# ---- least squares ----

def design(m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return A and b of normal numbers."""
    random = np.random.default_rng(9)
    return random.standard_normal((m, n)), random.standard_normal(m)


def _lstsq(m, n) -> Side:
    from mathwork.matrix import lstsq

    A, b = design(m, n)
    return Side("lstsq(A, b)", {"lstsq": lstsq, "A": A, "b": b}, lambda found: found.x)


def _numpy_lstsq(m, n) -> Side:
    A, b = design(m, n)
    return Side("lstsq(A, b)", {"lstsq": np.linalg.lstsq, "A": A, "b": b}, lambda found: found[0])
