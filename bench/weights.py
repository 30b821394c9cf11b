"""Initialisation: a matrix of random weights."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench import peers
from bench.harness import Rival, Side, Work

SHAPE = (1024, 1024)
# Both sides draw different numbers: the same quantiles, within eight of their deviations.
SHARES = np.linspace(0.05, 0.95, 19)
TOLERANCE = 8 * 0.0021 / np.sqrt(np.prod(SHAPE) / 1e6) * np.sqrt(2 / SHAPE[1])


def works() -> Iterator[Work]:
    """Yield the normal weights, with targets for float32, and the uniform ones."""
    for dtype, targets in (("float32", (4.0, 1.5)), ("float64", (None, None))):
        rivals = (Rival(peers.NUMPY, partial(_numpy, dtype), targets[0]),
                  Rival(peers.TORCH, partial(_torch, dtype), targets[1]))
        yield Work(f"he_normal 1024x1024 {dtype}", partial(_ours, "he_normal", dtype), rivals,
                   rtol=0, atol=float(TOLERANCE))
    yield Work("he_uniform 1024x1024 float32", partial(_ours, "he_uniform", "float32"),
               (Rival(peers.NUMPY, _numpy_uniform, None),), rtol=0, atol=float(TOLERANCE))


def quantiles(weights: Any) -> np.ndarray:
    """Return what the results are compared by."""
    return np.quantile(np.asarray(weights, np.float64), SHARES)


def _ours(function: str, dtype: str) -> Side:
    from mathwork import init

    names = {function: getattr(init, function), "shape": SHAPE, "dtype": np.dtype(dtype),
             "rng": np.random.default_rng(0)}
    return Side(f"{function}(shape, dtype=dtype, rng=rng)", names, quantiles)


def _numpy(dtype: str) -> Side:
    names = {"rng": np.random.default_rng(0), "shape": SHAPE, "dtype": np.dtype(dtype),
             "std": np.dtype(dtype).type(np.sqrt(2 / SHAPE[1]))}
    return Side("rng.standard_normal(shape, dtype) * std", names, quantiles)


def _numpy_uniform() -> Side:
    names = {"rng": np.random.default_rng(0), "shape": SHAPE, "dtype": np.dtype("f4"),
             "half": np.float32(0.5), "width": np.float32(2 * np.sqrt(6 / SHAPE[1]))}
    return Side("(rng.random(shape, dtype) - half) * width", names, quantiles)


def _torch(dtype: str) -> Side:
    torch = peers.torch()
    names = {"torch": torch, "shape": SHAPE, "dtype": getattr(torch, dtype),
             "std": float(np.sqrt(2 / SHAPE[1]))}
    return Side("torch.empty(shape, dtype=dtype).normal_(0, std)", names, quantiles,
                within=torch.inference_mode)
