"""Activation functions over 100,000 elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bench import peers
from bench.harness import Rival, Side, Work

SIZE = 100_000
DTYPES = ("float32", "float64")
LEVEL_TARGET = 1.15  # the ratio wanted of a level of the kernels against a lower one

# (function, peer): the least ratio for float32 and for float64.
TARGETS = {
    ("sigmoid", peers.TORCH): (1.3, 1.3),
    ("sigmoid", peers.NUMPY): (None, None),
    ("tanh", peers.NUMPY): (1.0, 1.3),
    ("tanh", peers.TORCH): (None, None),
    ("silu", peers.TORCH): (None, None),
    ("mish", peers.TORCH): (None, None),
    ("softplus", peers.TORCH): (None, None),
    ("gelu", peers.TORCH): (None, None),
    ("selu", peers.TORCH): (None, None),
    ("elu", peers.TORCH): (None, None),
    ("leaky_relu", peers.TORCH): (None, None),
    ("relu", peers.TORCH): (None, None),
    ("gelu_tanh", peers.TORCH): (None, None),
    ("log_sigmoid", peers.TORCH): (None, None),
    ("exp", peers.NUMPY): (None, None),
    ("exp", peers.TORCH): (None, None),
    ("softsign", peers.TORCH): (None, None),
    ("hardsigmoid", peers.TORCH): (None, None),
    ("hardswish", peers.TORCH): (None, None),
    ("relu6", peers.TORCH): (None, None),
    ("hardtanh", peers.TORCH): (None, None),
    ("celu", peers.TORCH): (None, None),
    ("clip", peers.NUMPY): (None, None),
    ("clip", peers.TORCH): (None, None),
}

# These of mathwork are no ufuncs, so they take no `out`.
PLAIN = ("elu", "leaky_relu", "celu", "clip")
# How a function is called, where that is not with x alone.
ARGUMENTS = {"clip": "x, -0.5, 2.0"}

# A function that takes `out` gets one, on both sides: to make an array costs as much as the cheap
# functions do.
TORCH_STATEMENTS = {
    "sigmoid": "torch.sigmoid(x, out=out)",
    "tanh": "torch.tanh(x, out=out)",
    "silu": "torch._C._nn.silu(x, out=out)",  # functional.silu without its check of the type
    "mish": "torch._C._nn.mish(x, out=out)",
    "softplus": "torch.nn.functional.softplus(x, out=out)",
    "gelu": "torch.nn.functional.gelu(x, out=out)",
    "selu": "torch.selu(x)",  # which takes no out
    "elu": "torch.nn.functional.elu(x)",
    "leaky_relu": "torch.nn.functional.leaky_relu(x)",
    "relu": "torch.clamp_min(x, 0, out=out)",  # torch.relu takes no out
    "gelu_tanh": "torch._C._nn.gelu(x, approximate='tanh', out=out)",
    "log_sigmoid": "torch._C._nn.log_sigmoid(x, out=out)",
    "exp": "torch.exp(x, out=out)",
    "softsign": "torch.nn.functional.softsign(x)",
    "hardsigmoid": "torch._C._nn.hardsigmoid(x, out=out)",
    "hardswish": "torch._C._nn.hardswish(x)",
    "relu6": "torch.clamp(x, 0, 6, out=out)",
    "hardtanh": "torch.clamp(x, -1, 1, out=out)",
    "celu": "torch.celu(x)",
    "clip": "torch.clamp(x, -0.5, 2.0)",
}
NUMPY_STATEMENTS = {
    "sigmoid": "1 / (1 + np.exp(-x))",
    "tanh": "np.tanh(x, out=out)",
    "exp": "np.exp(x, out=out)",
    "clip": "np.clip(x, -0.5, 2.0)",
}

# A few units in the last place; torch's own approximations are the wider of the two: its
# float32 gelu is off by up to 1.05e-6 around 3.4 where it has AVX-512.
TOLERANCES = {
    "float32": {"rtol": 1e-5, "atol": 2e-6},
    "float64": {"rtol": 1e-13, "atol": 1e-14},
}


def works() -> Iterator[Work]:
    """Yield every function of the table in both dtypes."""
    for function in dict.fromkeys(function for function, _ in TARGETS):
        for index, dtype in enumerate(DTYPES):
            rivals = tuple(
                Rival(peer, partial(SIDES[peer], function, dtype), targets[index])
                for (name, peer), targets in TARGETS.items()
                if name == function
            )
            yield Work(
                f"{function}, 1e5 {dtype}",
                partial(_ours, function, dtype),
                rivals,
                **TOLERANCES[dtype],
                level_target=LEVEL_TARGET,
            )


def inputs(dtype: str) -> np.ndarray:
    """Return numbers from both tails and from around 0."""
    return (3 * np.random.default_rng(2).standard_normal(SIZE)).astype(dtype)


def _ours(function: str, dtype: str) -> Side:
    from mathwork import activations

    x = inputs(dtype)
    names = {function: getattr(activations, function), "x": x, "out": np.empty_like(x)}
    arguments = ARGUMENTS.get(function, "x") + ("" if function in PLAIN else ", out=out")
    return Side(f"{function}({arguments})", names)


def _numpy(function: str, dtype: str) -> Side:
    x = inputs(dtype)
    return Side(NUMPY_STATEMENTS[function], {"np": np, "x": x, "out": np.empty_like(x)})


def _torch(function: str, dtype: str) -> Side:
    torch = peers.torch()
    x = torch.from_numpy(inputs(dtype))
    names = {"torch": torch, "x": x, "out": torch.empty_like(x)}
    return Side(TORCH_STATEMENTS[function], names, within=torch.inference_mode)


SIDES: dict[str, Callable[[str, str], Side]] = {peers.NUMPY: _numpy, peers.TORCH: _torch}
