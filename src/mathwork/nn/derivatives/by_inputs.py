"""Derivatives of a network's outputs by its inputs: the arrays that Network's methods return.

The kernel goes forward, from inputs to outputs. What goes backward is in NumPy.
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import as_plain
from mathwork._levels import core as kernels
from mathwork.nn.derivatives.steps import Chain

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray

BLOCK_NUMBERS = 1 << 17         # of the largest array on the way: one that a cache holds


def rows_of(network: kernels.ForwardPass, x: ArrayLike) -> tuple[FloatArray, tuple[int, ...]]:
    """Return (the rows of x in the network's dtype, the shape that they lie in)."""
    array: Any = as_plain(x, "x", network.dtype)
    n_in = network.sizes[0]
    if array.ndim == 0:
        raise ValueError(f"x must have shape (..., {n_in}), got shape ()")
    if array.shape[-1] != n_in:
        raise ValueError(f"x must have {n_in} columns to match the first layer, "
                         f"got shape {array.shape}")
    before = array.shape[:-1]
    return array.reshape(math.prod(before), n_in), before


def jacobian(network: kernels.ForwardPass, x: ArrayLike) -> FloatArray:
    """Return (..., n_out, n_in): see Network.jacobian."""
    if kernels.pays_forward(network):
        return kernels.jacobian_forward(network, x)
    return jacobian_backward(network, x)


def jacobian_backward(network: kernels.ForwardPass, x: ArrayLike) -> FloatArray:
    """Return the same, from each output to the inputs, in float64 and rounded once."""
    rows, before = rows_of(network, x)
    n_in, n_out = network.sizes[0], network.sizes[-1]

    def block(start: int, stop: int) -> Any:
        return Chain(rows[start:stop], network.layers).pull(_units(stop - start, n_out))

    return _in_blocks(network, block, len(rows), before, (n_out, n_in), n_out)


def hessian(network: kernels.ForwardPass, x: ArrayLike) -> FloatArray:
    """Return (..., n_out, n_in, n_in): see Network.hessian."""
    rows, before = rows_of(network, x)
    n_in, n_out = network.sizes[0], network.sizes[-1]

    def block(start: int, stop: int) -> Any:
        chain = Chain(rows[start:stop], network.layers)
        found = chain.curvature(_units(stop - start, n_out), _units(stop - start, n_in))
        # The same but for the order of a sum: now the same bits.
        return (found + np.swapaxes(found, -1, -2)) / 2 if isinstance(found, np.ndarray) else found

    return _in_blocks(network, block, len(rows), before, (n_out, n_in, n_in), n_in * n_out)


def jvp(network: kernels.ForwardPass, x: ArrayLike, v: ArrayLike) -> FloatArray:
    """Return (..., n_out): see Network.jvp."""
    return kernels.jvp_forward(network, x, v)


def vjp(network: kernels.ForwardPass, x: ArrayLike, cotangent: ArrayLike) -> FloatArray:
    """Return (..., n_in): see Network.vjp."""
    rows, before = rows_of(network, x)
    n_in, n_out = network.sizes[0], network.sizes[-1]
    factors = as_plain(cotangent, "cotangent", network.dtype)
    if factors.shape != (*before, n_out):
        raise ValueError(f"cotangent must have shape {(*before, n_out)} to match the outputs, "
                         f"got {factors.shape}")
    factors = factors.reshape(len(rows), 1, n_out)
    if kernels.pays_forward(network):
        slopes = kernels.jacobian_forward(network, rows)
        return kernels.matmul(factors, slopes).reshape(*before, n_in)

    def block(start: int, stop: int) -> Any:
        wide = factors[start:stop].astype(np.float64)
        return Chain(rows[start:stop], network.layers).pull(wide)[:, 0]

    return _in_blocks(network, block, len(rows), before, (n_in,), 1)


def _units(rows: int, n: int) -> Any:
    """Return the unit vectors of n numbers for each row, (rows, n, n)."""
    return np.broadcast_to(np.eye(n), (rows, n, n))


def _in_blocks(network: kernels.ForwardPass, block: Callable[[int, int], Any], rows: int,
               before: tuple[int, ...], shape: tuple[int, ...], vectors: int) -> FloatArray:
    """Return the results of block(start, stop) for all rows, in the network's dtype.

    For each row, a block has `vectors` vectors of the width of each layer.
    """
    found = np.zeros((rows, *shape), network.dtype)
    step = max(1, BLOCK_NUMBERS // (vectors * max(network.sizes)))
    with np.errstate(all="ignore"):
        for start in range(0, rows, step):
            stop = min(start + step, rows)
            found[start:stop] = block(start, stop)
    return found.reshape(*before, *shape)
