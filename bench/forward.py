"""Forward passes of small networks: hidden layers of one kind, sigmoid output, float32."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache, partial

import numpy as np

from bench import forward_numba, forward_peers, peers
from bench.harness import Rival, Side, Work

NETWORKS = (
    (4, 32, 32, 2),
    (64, 64, 64, 8),
    (784, 128, 10),
    (256, 256, 256, 256),
)

Sizes = tuple[int, ...]

ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "softplus")  # of the hidden layers
BATCHES = (1, 8, 64, 1024)

# Every activation, network and batch: the least ratio.
TARGETS = {peers.ONNX_RUNTIME: 1.0, peers.OPENVINO: 1.0}

UNSET = (None,) * len(NETWORKS)

# More is wanted with relu, and more peers know it. (rows, peer): the least ratio for each
# network. The loops in numba are written for three layers and the first two networks; heyoka
# would compile the others for minutes.
RELU_TARGETS = {
    (1, peers.ONNX_RUNTIME): (40, 9, 2.5, 1.9),
    (1, peers.NUMBA): (3, 1.7),
    (1, peers.NUMBA_TUNED): (2.0, 0.95),
    (1, peers.NUMPY): UNSET,
    (1, peers.TORCH): UNSET,
    (1, peers.HEYOKA): UNSET[:2],
    (8, peers.ONNX_RUNTIME): (9, 3.5, 1.3, 1.25),
    (8, peers.NUMPY): UNSET,
    (8, peers.TORCH): UNSET,
    (1024, peers.ONNX_RUNTIME): (1.2, 1.1, 1.0, 1.0),
    (1024, peers.NUMPY): UNSET,
    (1024, peers.TORCH): UNSET,
    (1024, peers.HEYOKA): UNSET[:2],
}

# A quick run takes these of the activations other than relu.
QUICK_NETWORKS, QUICK_BATCHES = (NETWORKS[0], NETWORKS[3]), (1, 1024)

# One row, timed inside the kernel, for the first two networks.
KERNEL_TARGETS = (1.0, 1.0)

BUILDERS = {
    peers.ONNX_RUNTIME: forward_peers.onnx_runtime,
    peers.OPENVINO: forward_peers.openvino_request,
    peers.HEYOKA: forward_peers.heyoka_function,
    peers.NUMBA: forward_numba.by_hand,
    peers.NUMBA_TUNED: forward_numba.tuned,
    peers.NUMPY: forward_peers.numpy_expression,
    peers.TORCH: forward_peers.torch_eager,
}

# Residual blocks that begin with a normalisation, of these widths.
RESIDUAL_WIDTHS = (32, 128)

# The outputs are sigmoids; the sums behind them differ by the rounding of float32.
TOLERANCE = {"rtol": 2e-5, "atol": 1e-6}

# Passes inside one call when only the kernel is timed: the call then costs under 1 %.
KERNEL_PASSES = 1000


def works() -> Iterator[Work]:
    """Yield the forward passes: activation by activation, one row first."""
    for activation, rows in itertools.product(ACTIVATIONS, BATCHES):
        batch = "one row" if rows == 1 else f"batch {rows}"
        for index, sizes in enumerate(NETWORKS):
            targets = _targets(activation, rows, index)
            rivals = tuple(
                Rival(peer, partial(_theirs, peer, sizes, rows, activation), target)
                for peer, target in targets.items()
            )
            yield Work(
                f"forward {_label(sizes)} {activation}, {batch}",
                partial(ours, sizes, rows, activation),
                rivals,
                **TOLERANCE,
                quick=_quick(activation, rows, sizes),
            )
    for rows, width in itertools.product(BATCHES, RESIDUAL_WIDTHS):
        batch = "one row" if rows == 1 else f"batch {rows}"
        rival = Rival(peers.ONNX_RUNTIME, partial(_residual_theirs, width, rows), 1.0)
        yield Work(
            f"forward residual LayerNorm {width}, {batch}",
            partial(_residual_ours, width, rows),
            (rival,),
            **TOLERANCE,
        )
    for sizes, target in zip(NETWORKS, KERNEL_TARGETS, strict=False):
        rival = Rival(peers.FIXED_SIZES, partial(_fixed_sizes, sizes), target)
        name = f"forward {_label(sizes)} relu, in the kernel"
        yield Work(name, partial(_kernel, sizes), (rival,), **TOLERANCE)


def _targets(activation: str, rows: int, index: int) -> dict[str, float | None]:
    """Return the least ratio against every peer that has the activation."""
    if activation != "relu":
        return TARGETS
    return TARGETS | {
        peer: targets[index]
        for (size, peer), targets in RELU_TARGETS.items()
        if size == rows and index < len(targets)
    }


def _quick(activation: str, rows: int, sizes: Sizes) -> bool:
    if activation == "relu":
        return (rows, peers.ONNX_RUNTIME) in RELU_TARGETS
    return rows in QUICK_BATCHES and sizes in QUICK_NETWORKS


@cache
def problem(sizes: Sizes, rows: int, activation: str = "relu") -> tuple:
    """Return a network and its input: one row of shape (n_in,), or (rows, n_in)."""
    from mathwork.nn import Dense, Network

    random = np.random.default_rng(1)
    shape = (sizes[0],) if rows == 1 else (rows, sizes[0])
    x = random.standard_normal(shape, dtype=np.float32)
    drawn = Network.he(sizes, activation=activation, rng=0).layers
    # Biases as training leaves them: a runtime may drop zeros.
    biases = (0.1 * random.standard_normal(len(layer.bias), dtype=np.float32) for layer in drawn)
    layers = [
        Dense(layer.weight, bias, layer.activation)
        for layer, bias in zip(drawn, biases, strict=True)
    ]
    return Network(layers), x


@cache
def residual_problem(width: int, rows: int) -> tuple:
    """Return a network of two blocks x + f(norm(x)) and its input"""
    from mathwork.nn import Dense, LayerNorm, Network, Residual

    random = np.random.default_rng(1)

    def dense(n_in: int, n_out: int, activation: str = "identity") -> Dense:
        weight = random.standard_normal((n_out, n_in), dtype=np.float32) * np.sqrt(2 / n_in)
        bias = 0.1 * random.standard_normal(n_out, dtype=np.float32)
        return Dense(weight.astype(np.float32), bias, activation)

    def norm() -> LayerNorm:
        return LayerNorm(*random.uniform(0.5, 1.5, (2, width)).astype(np.float32))

    def block() -> Residual:
        return Residual([norm(), dense(width, 2 * width, "gelu"), dense(2 * width, width)])

    layers = [dense(16, width), block(), block(), norm(), dense(width, 8, "sigmoid")]
    shape = (16,) if rows == 1 else (rows, 16)
    return Network(layers), random.standard_normal(shape, dtype=np.float32)


def _residual_ours(width: int, rows: int) -> Side:
    net, x = residual_problem(width, rows)
    return Side("net(x)", {"net": net, "x": x})


def _residual_theirs(width: int, rows: int) -> Side:
    return forward_peers.onnx_runtime(*residual_problem(width, rows))


def _label(sizes: Sizes) -> str:
    return "-".join(map(str, sizes))


def ours(sizes: Sizes, rows: int, activation: str = "relu") -> Side:
    """Return a call of mathwork's network."""
    net, x = problem(sizes, rows, activation)
    return Side("net(x)", {"net": net, "x": x})


def _theirs(peer: str, sizes: Sizes, rows: int, activation: str) -> Side:
    return BUILDERS[peer](*problem(sizes, rows, activation))


def _kernel(sizes: Sizes) -> Side:
    net, x = problem(sizes, 1)
    out = np.empty(sizes[-1], np.float32)
    names = {"net": net, "x": x, "out": out, "passes": KERNEL_PASSES}
    return Side("net._repeat(x, out, passes)", names, result=lambda _: out, passes=KERNEL_PASSES)


def _fixed_sizes(sizes: Sizes) -> Side:
    return forward_peers.fixed_sizes(*problem(sizes, 1), KERNEL_PASSES)
