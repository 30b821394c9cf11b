"""Derivatives of small networks by their inputs, and many networks in one call; tanh, float32."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np

from bench import peers
from bench.harness import Rival, Side, Work

SIZES = ((4, 32, 32, 2), (64, 64, 64, 8))
BATCHES = (1, 1000)
MANY = 10_000                   # networks, with one row each
# A derivative is a product of four matrices: its terms are larger than their sum.
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


def works() -> Iterator[Work]:
    """Yield Jacobians of one row and of many, Hessians, and a row for each of many networks."""
    for sizes, rows in itertools.product(SIZES, BATCHES):
        batch = "one row" if rows == 1 else f"batch {rows}"
        yield Work(f"jacobian {_label(sizes)} tanh, {batch}",
                   partial(_ours, "jacobian", sizes, rows),
                   (Rival(peers.TORCH, partial(_torch, "jacrev", sizes, rows), 1.0),
                    Rival(peers.JAX, partial(_jax, "jacrev", sizes, rows), 1.0)), **TOLERANCE)
    sizes = SIZES[0]
    yield Work(f"hessian {_label(sizes)} tanh, one row", partial(_ours, "hessian", sizes, 1),
               (Rival(peers.TORCH, partial(_torch, "hessian", sizes, 1)),
                Rival(peers.JAX, partial(_jax, "hessian", sizes, 1))), **TOLERANCE)
    yield Work(f"{MANY} networks {_label(sizes)} tanh, a row each", _many_ours,
               (Rival(peers.TORCH, _many_torch, 1.0), Rival(peers.JAX, _many_jax, 1.0)),
               **TOLERANCE)


@cache
def problem(sizes: tuple[int, ...], rows: int) -> tuple[Any, np.ndarray]:
    """Return a network and its input: one row of shape (n_in,), or (rows, n_in)."""
    from mathwork.nn import Network

    net = Network.he(sizes, activation="tanh", output="identity", rng=0)
    shape = (sizes[0],) if rows == 1 else (rows, sizes[0])
    return net, np.random.default_rng(1).standard_normal(shape, dtype=np.float32)


@cache
def many_problem() -> tuple[Any, np.ndarray]:
    """Return many networks of one shape, and a row for each."""
    from mathwork.nn import Networks

    net, _ = problem(SIZES[0], 1)
    random = np.random.default_rng(2)
    noise = random.standard_normal((MANY, net.n_parameters), dtype=np.float32)
    rows = random.standard_normal((MANY, SIZES[0][0]), dtype=np.float32)
    return Networks.of(net.parameters() + np.float32(0.1) * noise, like=net), rows


def stacked(nets: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the weights and biases of each layer, with an axis of the networks in front."""
    found, place, parameters = [], 0, nets.parameters()
    for n_in, n_out in itertools.pairwise(nets.sizes):
        weight, bias = np.split(parameters[:, place:place + (n_in + 1) * n_out], [n_in * n_out],
                                axis=1)
        found.append((weight.reshape(-1, n_out, n_in).copy(), bias.copy()))
        place += (n_in + 1) * n_out
    return found


def _outputs(tanh: Any) -> Any:
    """Return a function of a list of layers and one row, by this tanh."""
    def outputs(layers: Any, x: Any) -> Any:
        for weight, bias in layers[:-1]:
            x = tanh(weight @ x + bias)
        weight, bias = layers[-1]
        return weight @ x + bias

    return outputs


def _label(sizes: tuple[int, ...]) -> str:
    return "-".join(map(str, sizes))


def _ours(method: str, sizes: tuple[int, ...], rows: int) -> Side:
    net, x = problem(sizes, rows)
    return Side(f"net.{method}(x)", {"net": net, "x": x})


def _torch(transform: str, sizes: tuple[int, ...], rows: int) -> Side:
    torch = peers.torch()
    net, x = problem(sizes, rows)
    layers = [(torch.tensor(layer.weight), torch.tensor(layer.bias)) for layer in net.layers]
    function = getattr(torch.func, transform)(partial(_outputs(torch.tanh), layers))
    if rows > 1:
        function = torch.vmap(function)
    return Side("function(x)", {"function": function, "x": torch.tensor(x)})


def _jax(transform: str, sizes: tuple[int, ...], rows: int) -> Side:
    jax = peers.jax()
    net, x = problem(sizes, rows)
    layers = [(jax.numpy.array(layer.weight), jax.numpy.array(layer.bias)) for layer in net.layers]
    function = getattr(jax, transform)(partial(_outputs(jax.numpy.tanh), layers))
    if rows > 1:
        function = jax.vmap(function)
    return Side("function(x).block_until_ready()",
                {"function": jax.jit(function), "x": jax.numpy.array(x)})


def _many_ours() -> Side:
    nets, x = many_problem()
    return Side("nets(x, paired=True)", {"nets": nets, "x": x})


def _many_torch() -> Side:
    torch = peers.torch()
    nets, x = many_problem()
    layers = [(torch.tensor(weight), torch.tensor(bias)) for weight, bias in stacked(nets)]
    return Side("function(layers, x)",
                {"function": torch.vmap(_outputs(torch.tanh)), "layers": layers,
                 "x": torch.tensor(x)}, within=torch.inference_mode)


def _many_jax() -> Side:
    jax = peers.jax()
    nets, x = many_problem()
    layers = [(jax.numpy.array(weight), jax.numpy.array(bias)) for weight, bias in stacked(nets)]
    return Side("function(layers, x).block_until_ready()",
                {"function": jax.jit(jax.vmap(_outputs(jax.numpy.tanh))), "layers": layers,
                 "x": jax.numpy.array(x)})
