"""Derivatives of a network's outputs by its inputs: the arrays that Network's methods return.

Kernels have the first derivatives, the second ones are in NumPy.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import as_plain
from mathwork._levels import core as kernels
from mathwork.nn.derivatives.steps import Chain

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray

MOST_AXES = 61                  # before the last; derivatives have three more, and NumPy 64
BLOCK_NUMBERS = 1 << 17         # of the largest array on the way: one that a cache holds


def jacobian(network: kernels.ForwardPass, x: ArrayLike) -> FloatArray:
    """Return (..., n_out, n_in): see Network.jacobian."""
    if network.sizes[0] <= network.sizes[-1]:
        return kernels.jacobian_forward(network, x)
    return kernels.jacobian_backward(network, x)


def rows_of(network: kernels.ForwardPass, x: ArrayLike) -> tuple[FloatArray, tuple[int, ...]]:
    """Return (the rows of x in the network's dtype, the shape that they lie in)."""
    array: Any = as_plain(x, "x", network.dtype).view()      # nobody else sets its shape
    n_in = network.sizes[0]
    if array.ndim == 0:
        raise ValueError(f"x must have shape (..., {n_in}), got shape ()")
    if array.shape[-1] != n_in:
        raise ValueError(f"x must have {n_in} columns to match the first layer, "
                         f"got shape {array.shape}")
    before = array.shape[:-1]
    if len(before) > MOST_AXES:
        raise ValueError(f"x must have at most {MOST_AXES + 1} axes, got shape {array.shape}")
    return array.reshape(math.prod(before), n_in), before


def hessian(network: kernels.ForwardPass, x: ArrayLike) -> FloatArray:
    """Return (..., n_out, n_in, n_in): see Network.hessian."""
    rows, before = rows_of(network, x)
    n_in, n_out = network.sizes[0], network.sizes[-1]
    found = np.zeros((len(rows), n_out, n_in, n_in), network.dtype)
    step = max(1, BLOCK_NUMBERS // (n_in * n_out * max(network.sizes)))
    with np.errstate(all="ignore"):
        for start in range(0, len(rows), step):
            chain = Chain(rows[start:start + step], network.layers)
            count = len(chain.y)
            bent = chain.curvature(units(count, n_out), units(count, n_in))
            if isinstance(bent, np.ndarray):
                # The same but for the order of a sum: now the same bits.
                bent = (bent + bent.swapaxes(-1, -2)) / 2
            found[start:start + step] = bent
    return found.reshape(*before, n_out, n_in, n_in)


def units(rows: int, n: int) -> Any:
    """Return the unit vectors of n numbers for each row, (rows, n, n)."""
    return np.broadcast_to(np.eye(n), (rows, n, n))
