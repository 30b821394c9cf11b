"""Random networks, and the distance that two libraries may have for the same network.

Two correct programs differ: they add products in another order, and round activations in their own
way. The size of the difference depends on the network: on cancellation, and on the effect of the
later layers on the errors of the earlier layers. `error_scale` measures it by Monte Carlo
arithmetic (D. Stott Parker, "Monte Carlo Arithmetic", UCLA CSD-970002, 1997). The network runs many
times in float64. Where a program rounds, it gets an error of one eps and of random sign. The scale
is the distance that this moves the outputs, as a root mean square.

    a sum           eps of every product and of every partial sum, from the bias on; many errors
                    of random sign add up to the root of the sum of their squares
    an activation   eps of its value, and of the numbers that it subtracts on the way there

A bound instead, |W| scale at every layer, is larger than the numbers themselves after six wide
layers, and would notice nothing.
"""
import itertools

import numpy as np
import reference
from helpers import ACTIVATIONS

from mathwork.nn import Dense, Network

# Deep networks of exp overflow.
SLOW = [activation for activation in ACTIVATIONS if activation != "exp"]

TOLERANCE = 4       # eps of the scale; of 2000 networks the worst was 2.2 off, the median 0.5
TRIALS = 24


def _below_largest(z):
    return abs(z - z.max(axis=-1, keepdims=True))


# The numbers that an activation of value y at z rounds, if they are not y alone.
ROUNDED = {
    **{name: lambda z, y, *parameters: np.zeros_like(y)
       for name in ("identity", "relu", "relu6", "hardtanh", "clip")},
    "gelu_tanh": lambda z, y: abs(z) * (1 + z ** 2),                # z (1 + tanh(...)) / 2
    "log_sigmoid": lambda z, y: abs(y) + 1,                         # log(sigmoid(z))
    "softplus": lambda z, y, beta=1: abs(y) + (abs(z) if beta != 1 else 0),     # beta z
    "hardsigmoid": lambda z, y: abs(y) + 1,                         # z / 6 + 1 / 2
    "hardswish": lambda z, y: abs(y) + abs(z),
    "celu": lambda z, y, alpha: abs(y) + abs(alpha),                # alpha e^(z / alpha) - alpha
    "gelu": lambda z, y: abs(z),                                    # z (1 + erf(z / sqrt 2)) / 2
    "elu": lambda z, y, alpha: abs(y) + abs(alpha),                 # alpha e^z - alpha
    "selu": lambda z, y: abs(y) + 1.76,
    "softmax": lambda z, y: y * (2 + _below_largest(z)),            # e^(z - max) / sum
    "log_softmax": lambda z, y: abs(y) + 1 + _below_largest(z),     # z - max - log sum
}

# For `absolute` below: above 20 PyTorch's softplus is x, less by log(1 + exp(-20)) = 2.1e-9 at
# most. In float32 that is far below an ulp.
TORCH_SOFTPLUS = {"softplus": lambda z: (z > 8) * 2.1e-9}       # z > 20 / beta


def error_scale(network, x, absolute=()):
    """Return a scale for every output: two correct programs may be a few eps of it apart.

    `absolute` is {activation: function of z}. It gives the absolute error at z of a source that has
    one, such as a sigmoid that is cut off where it is small.
    """
    eps = np.finfo(network.dtype).eps
    rng = np.random.default_rng(0)

    def errors(size):
        signs = rng.choice([-1, 1], (1 + TRIALS, *size.shape[-2:]))
        signs[0] = 0        # the first trial is the exact one
        return signs * size

    a = np.repeat(np.asarray(x, np.float64)[None], 1 + TRIALS, axis=0)
    for layer in network.layers:
        weight, bias = layer.weight.astype(np.float64), layer.bias.astype(np.float64)
        products = weight * a[0, :, None, :]
        partial = products.cumsum(axis=-1) + bias[:, None]
        rounded = np.sqrt((products ** 2 + partial ** 2).sum(axis=-1))
        z = a @ weight.T + bias + errors(eps * rounded)
        name, *parameter = ([layer.activation] if isinstance(layer.activation, str)
                            else layer.activation)
        y = reference.FORMULAS[name](z, *parameter)
        rounded = ROUNDED.get(name, lambda z, y, *parameter: abs(y))(z, y, *parameter)
        wrong = absolute[name](z) if name in absolute else 0
        a = y + errors(eps * rounded + wrong)
    return np.sqrt(((a[1:] - a[0]) ** 2).mean(axis=0)) / eps


def assert_agrees(network, x, expected, absolute=()):
    """Assert that network(x) is another library's result for the same network, to rounding."""
    y = network(x)
    assert y.shape == expected.shape and y.dtype == expected.dtype == network.dtype
    info = np.finfo(network.dtype)
    # Below the smallest normal number some libraries give zero.
    allowed = TOLERANCE * info.eps * error_scale(network, x, absolute) + info.tiny
    difference = abs(y.astype(np.float64) - expected)
    assert (difference <= allowed).all(), \
        f"{network} is {(difference / allowed).max() * TOLERANCE:.3g} eps of the scale off"


# ---- networks ----

def random_sizes(rng):
    """Return (n_in, ..., n_out) of one to six layers, each 1 to 300, small as often as large"""
    return np.exp(rng.uniform(0, np.log(301), rng.integers(2, 8))).astype(int).tolist()


def random_layer(rng, n_in, n_out, dtype):
    """Return (weight, bias); weights of variance 2 / n_in keep the size of numbers (He)"""
    return (rng.normal(0, np.sqrt(2 / n_in), (n_out, n_in)).astype(dtype),
            rng.normal(0, 0.5, n_out).astype(dtype))


def random_rows(rng, n_in, dtype):
    return rng.normal(0, 1.5, (rng.integers(1, 20), n_in)).astype(dtype)


def random_network(rng, dtype, activations=SLOW):
    sizes = random_sizes(rng)
    return Network([Dense(*random_layer(rng, n_in, n_out, dtype),
                          activations[rng.integers(len(activations))])
                    for n_in, n_out in itertools.pairwise(sizes)], dtype=dtype)
