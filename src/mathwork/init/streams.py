"""Streams of random numbers: a seed chooses one, and it fills an array.

The generator is Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1,
2, 3", SC11, 2011). A stream has 128 bits of seed and 2^66 numbers of 32 bits; no two streams share
a block of these. Each number of an array comes from 32 bits of its own (float32) or 64 (float64),
through the inverse of the distribution function.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import shown, whole
from mathwork._levels import core as kernels
from mathwork._workers import checked_workers

if TYPE_CHECKING:
    from typing import Literal, SupportsIndex

    from mathwork._types import FloatArray, FloatDType, Rng

# Of N(0, 1) between -2 and 2, where TRUNCATED numbers lie: x^2 phi(x) integrated by parts.
TRUNCATED_STD = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi)
                          / math.erf(math.sqrt(2)))


def drawn(shape: tuple[int, ...], dtype: FloatDType, rng: Rng,
          distribution: Literal["uniform", "normal", "truncated"], scale: float,
          workers: SupportsIndex) -> FloatArray:
    """Return a new array of numbers of a distribution times `scale`.

    The distribution is uniform on [-1, 1), normal of mean 0 and variance 1, or that normal one
    between -2 and 2.
    """
    workers = checked_workers(workers)
    seed = seed_words(rng)
    return kernels.fill_random(np.empty(shape, dtype), kernels.distributions[distribution], seed,
                               scale, workers)


def seed_words(rng: Rng) -> list[int]:
    """Return the 128 bits of a stream as four words, from a seed or from a generator's next words.

    An integer n and ``numpy.random.default_rng(n)`` before its first draw give the same stream.
    """
    words = generator_of(rng).bit_generator.random_raw(4)
    return [int(word) & 0xFFFFFFFF for word in words]


def generator_of(rng: Rng) -> np.random.Generator:
    """Return the generator that `rng` is or seeds."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None or isinstance(rng, np.random.SeedSequence):
        return np.random.default_rng(rng)
    if isinstance(rng, np.ndarray) or not hasattr(type(rng), "__index__"):
        # NumPy would read sequences, without end too.
        raise TypeError("rng must be an integer, a numpy.random.Generator, a SeedSequence or None, "
                        f"got {shown(rng)}")
    seed = whole(rng, "rng")
    if seed < 0:
        raise ValueError(f"rng must be at least 0, got {shown(seed)}")
    return np.random.default_rng(seed)
