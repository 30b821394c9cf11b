"""Products of square matrices with vectors and with each other, and stacks of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bench import peers
from bench.harness import Rival, Side, Work

DTYPES = ("float32", "float64")

SIZES = {
    "matvec": (8, 32, 64, 100, 200, 256, 400, 512, 700, 1000, 1024, 1500, 2048),
    "matmul": (16, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1000, 1536),
}

# The least ratio against NumPy's `@`, and where more is wanted.
TARGET = 1.0
TARGETS = {
    ("matvec", 8): 5,
    ("matvec", 32): 4,
    ("matmul", 16): 2,
    ("matmul", 64): 1.3,
    ("matmul", 256): 1.05,
}

STACKED = "Stacks of small products beside NumPy"
STACKS = {2: 100_000, 3: 100_000, 4: 100_000, 8: 20_000, 16: 5000, 32: 1000}
STACK_TARGETS = {3: 3, 4: 3}

# Sums of n products of standard normal numbers, in any order: n eps bounds their rounding
# with room to spare, as the sums themselves are about sqrt(n).
ROUNDINGS = 8


def works() -> Iterator[Work]:
    """Yield every product of the table in both dtypes."""
    for operation, sizes in SIZES.items():
        for size in sizes:
            target = TARGETS.get((operation, size), TARGET)
            for dtype in DTYPES:
                yield Work(
                    f"{operation} {size}x{size}, {dtype}",
                    partial(_ours, operation, size, dtype),
                    (Rival(peers.NUMPY, partial(_numpy, operation, size, dtype), target),),
                    rtol=0.0,
                    atol=ROUNDINGS * size * float(np.finfo(dtype).eps),
                )
    for size, count in STACKS.items():
        for dtype in DTYPES:
            yield Work(
                f"{count:,} matmul of {size}x{size}, {dtype}",
                partial(_ours, "matmul", size, dtype, count),
                (Rival(peers.NUMPY, partial(_numpy, "matmul", size, dtype, count),
                       STACK_TARGETS.get(size)),),
                rtol=0.0,
                atol=ROUNDINGS * size * float(np.finfo(dtype).eps),
                section=STACKED,
            )


def operands(operation: str, size: int, dtype: str, count: int | None = None
             ) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrix, or as many as `count`, and what it is multiplied with."""
    random = np.random.default_rng(3)
    stack = () if count is None else (count,)
    shape = (size,) if operation == "matvec" else (size, size)
    left = random.standard_normal((*stack, size, size), dtype=dtype)
    return left, random.standard_normal((*stack, *shape), dtype=dtype)


def _ours(operation: str, size: int, dtype: str, count: int | None = None) -> Side:
    from mathwork import matrix

    left, right = operands(operation, size, dtype, count)
    names = {operation: getattr(matrix, operation), "left": left, "right": right}
    return Side(f"{operation}(left, right)", names)


def _numpy(operation: str, size: int, dtype: str, count: int | None = None) -> Side:
    left, right = operands(operation, size, dtype, count)
    return Side("left @ right", {"left": left, "right": right})
