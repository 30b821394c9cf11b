"""Forward passes of small networks: ReLU hidden layers, sigmoid output, float32."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

import numpy as np

from bench import forward_peers, peers
from bench.harness import Rival, Side, Work

NETWORKS = (
    (4, 32, 32, 2),
    (64, 64, 64, 8),
    (784, 128, 10),
    (256, 256, 256, 256),
)

UNSET = (None,) * len(NETWORKS)

# (rows, peer): the least ratio for each network. The loops in numba are written for three
# layers and the first two networks.
TARGETS = {
    (1, peers.ONNX_RUNTIME): (20, 9, 2.5, 1.9),
    (1, peers.NUMBA): (3, 1.7),
    (1, peers.NUMBA_TUNED): (1.0, 0.95),
    (1, peers.NUMPY): UNSET,
    (1, peers.TORCH): UNSET,
    (8, peers.ONNX_RUNTIME): (9, 3.5, 1.3, 1.25),
    (8, peers.NUMPY): UNSET,
    (8, peers.TORCH): UNSET,
    (1024, peers.ONNX_RUNTIME): (1.2, 1.1, 1.0, 1.0),
    (1024, peers.NUMPY): UNSET,
    (1024, peers.TORCH): UNSET,
}

# One row, timed inside the kernel, for the first two networks.
KERNEL_TARGETS = (0.9, 0.9)

BUILDERS = {
    peers.ONNX_RUNTIME: forward_peers.onnx_runtime,
    peers.NUMBA: forward_peers.numba_by_hand,
    peers.NUMBA_TUNED: forward_peers.numba_tuned,
    peers.NUMPY: forward_peers.numpy_expression,
    peers.TORCH: forward_peers.torch_eager,
}

# The outputs are sigmoids; the sums behind them differ by the rounding of float32.
TOLERANCE = {"rtol": 2e-5, "atol": 1e-6}

# Passes inside one call when only the kernel is timed: the call then costs under 1 %.
KERNEL_PASSES = 1000

Sizes = tuple[int, ...]


def works() -> Iterator[Work]:
    """Yield the forward passes, one row first."""
    for rows in dict.fromkeys(rows for rows, _ in TARGETS):
        batch = "one row" if rows == 1 else f"batch {rows}"
        for index, sizes in enumerate(NETWORKS):
            rivals = tuple(
                Rival(peer, partial(_theirs, peer, sizes, rows), targets[index])
                for (size, peer), targets in TARGETS.items()
                if size == rows and index < len(targets)
            )
            name = f"forward {_label(sizes)}, {batch}"
            yield Work(name, partial(ours, sizes, rows), rivals, **TOLERANCE)
    for sizes, target in zip(NETWORKS, KERNEL_TARGETS, strict=False):
        rival = Rival(peers.FIXED_SIZES, partial(_fixed_sizes, sizes), target)
        name = f"forward {_label(sizes)}, in the kernel"
        yield Work(name, partial(_kernel, sizes), (rival,), **TOLERANCE)


@cache
def problem(sizes: Sizes, rows: int) -> tuple:
    """Return a network and its input: one row of shape (n_in,), or (rows, n_in)."""
    from mathwork.nn import Network

    shape = (sizes[0],) if rows == 1 else (rows, sizes[0])
    x = np.random.default_rng(1).standard_normal(shape, dtype=np.float32)
    return Network.he(sizes, rng=0), x


def _label(sizes: Sizes) -> str:
    return "-".join(map(str, sizes))


def ours(sizes: Sizes, rows: int) -> Side:
    """Return a call of mathwork's network."""
    net, x = problem(sizes, rows)
    return Side("net(x)", {"net": net, "x": x})


def _theirs(peer: str, sizes: Sizes, rows: int) -> Side:
    return BUILDERS[peer](*problem(sizes, rows))


def _kernel(sizes: Sizes) -> Side:
    net, x = problem(sizes, 1)
    out = np.empty(sizes[-1], np.float32)
    names = {"net": net, "x": x, "out": out, "passes": KERNEL_PASSES}
    return Side("net._repeat(x, out, passes)", names, result=lambda _: out, passes=KERNEL_PASSES)


def _fixed_sizes(sizes: Sizes) -> Side:
    return forward_peers.fixed_sizes(*problem(sizes, 1), KERNEL_PASSES)
