"""The forward pass of a network of three layers, ReLU and at the end a sigmoid, in numba."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from bench.harness import Side


def by_hand(net, x: np.ndarray) -> Side:
    """Loops over any three layers; the result is a new array."""
    from numba import njit

    sums = _sums()
    one, zero = np.float32(1), np.float32(0)

    @njit(fastmath=True)
    def forward(x, weight_1, bias_1, weight_2, bias_2, weight_3, bias_3):
        first = sums(weight_1, bias_1, x)
        for output in range(first.size):
            first[output] = max(first[output], zero)
        second = sums(weight_2, bias_2, first)
        for output in range(second.size):
            second[output] = max(second[output], zero)
        third = sums(weight_3, bias_3, second)
        for output in range(third.size):
            third[output] = one / (one + np.exp(-third[output]))
        return third

    names = {"forward": forward, "x": x}
    for index, layer in enumerate(net.layers, start=1):
        names[f"weight_{index}"] = layer.weight.copy()
        names[f"bias_{index}"] = layer.bias.copy()
    return Side("forward(x, weight_1, bias_1, weight_2, bias_2, weight_3, bias_3)", names)


def _sums() -> Callable:
    """Compile `weight @ x + bias` as a new array."""
    from numba import njit

    @njit(fastmath=True)
    def sums(weight, bias, x):
        result = np.empty_like(bias)
        for output in range(weight.shape[0]):
            total = bias[output]
            for column in range(weight.shape[1]):
                total += weight[output, column] * x[column]
            result[output] = total
        return result

    return sums


# ---- tuned ----

class Place(NamedTuple):
    """Where a layer lies in the workspace, and where it reads and writes; its sizes."""

    weight: int
    bias: int
    source: int
    result: int
    n_in: int
    n_out: int


def tuned(net, x: np.ndarray) -> Side:
    """Loops for this one network, every size a constant, nothing allocated.

    The parameters and the scratch share one array, because each array argument costs a call
    about 50 ns.
    """
    from numba import njit

    places = _places(net.sizes)
    first = _hidden(places[0], rectified=False)
    second = _hidden(places[1], rectified=True)
    last = _last(places[2])

    @njit(fastmath=True)
    def forward(x, work, out):
        first(x, work)
        second(work, work)
        last(work, out)

    layer_1, layer_2, layer_3 = net.layers
    # The hidden layers' weights are transposed: their loops run over outputs.
    parts = (layer_1.weight.T, layer_1.bias, layer_2.weight.T, layer_2.bias)
    parts += (layer_3.weight, layer_3.bias, np.zeros(sum(net.sizes[1:3]), np.float32))
    work = np.concatenate([np.ravel(part) for part in parts])
    out = np.empty(net.sizes[-1], np.float32)
    return Side(
        "forward(x, work, out)",
        {"forward": forward, "x": x, "work": work, "out": out},
        result=lambda _: out,
    )


def _places(sizes: tuple[int, ...]) -> list[Place]:
    """Lay out the workspace: weight and bias of every layer, then the hidden layers' results."""
    pairs = list(pairwise(sizes))
    starts, end = [], 0
    for n_in, n_out in pairs:
        starts.append((end, end + n_in * n_out))
        end += n_in * n_out + n_out
    results = [end, end + sizes[1], 0]  # the last layer writes elsewhere, from its start
    sources = [0, *results[:2]]  # as the first layer reads elsewhere
    return [Place(*start, source, result, *pair) for start, source, result, pair
            in zip(starts, sources, results, pairs, strict=True)]


def _hidden(place: Place, rectified: bool) -> Callable:
    """Compile a layer without its activation, which the next one applies to what it reads.

    Inputs are taken four at a time: the sums then pass through memory a quarter as often.
    """
    from numba import njit

    weight, bias, source, result, n_in, n_out = place
    read = _reader(rectified)

    @njit(fastmath=True, inline="always")
    def hidden(x, work):
        for output in range(n_out):
            work[result + output] = work[bias + output]
        for k in range(0, n_in, 4):
            x_0, x_1 = read(x[source + k]), read(x[source + k + 1])
            x_2, x_3 = read(x[source + k + 2]), read(x[source + k + 3])
            column = weight + k * n_out
            for output in range(n_out):
                work[result + output] += (
                    work[column + output] * x_0
                    + work[column + n_out + output] * x_1
                    + work[column + 2 * n_out + output] * x_2
                    + work[column + 3 * n_out + output] * x_3
                )

    return hidden


def _reader(rectified: bool) -> Callable:
    """Compile ReLU, or nothing at all."""
    from numba import njit

    zero = np.float32(0)

    @njit(fastmath=True, inline="always")
    def relu(value):
        return max(value, zero)

    @njit(fastmath=True, inline="always")
    def identity(value):
        return value

    return relu if rectified else identity


def _last(place: Place) -> Callable:
    """Compile the last layer, with ReLU before it and a sigmoid behind it."""
    from numba import njit

    weight, bias, source, _, n_in, n_out = place
    one, zero = np.float32(1), np.float32(0)

    @njit(fastmath=True, inline="always")
    def last(work, out):
        for output in range(n_out):
            total = work[bias + output]
            row = weight + output * n_in
            for k in range(n_in):
                total += work[row + k] * max(work[source + k], zero)
            out[output] = one / (one + np.exp(-total))

    return last
