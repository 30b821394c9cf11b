"""Derivatives by inputs: against PyTorch's autograd, central differences and mpmath."""
import itertools

import numpy as np
import pytest
from helpers import ACTIVATIONS, every_activation, network_of, raises, same_bits
from levels import all_kernels
from test_bits import is_fused
from test_norms import random_block

from mathwork._levels import core
from mathwork.nn import Dense, LayerNorm, Network, Residual, RMSNorm
from mathwork.nn.derivatives.activations import FORMULAS, derivatives
from mathwork.nn.derivatives.by_inputs import BLOCK_NUMBERS, units
from mathwork.nn.derivatives.steps import Chain

NAMES = [activation if isinstance(activation, tuple) else (activation,)
         for activation in ACTIVATIONS]
TORCH, DIFFERENCES = 1e-12, 1e-6    # relative to the largest of an array


def chain_of(rng, activation, depth, dtype=float, n_in=3, n_out=4):
    sizes = [n_in, *rng.integers(2, 9, depth - 1).tolist(), n_out]
    # exp grows too fast to stand behind itself
    names = [activation if activation != "exp" or layer == 0 else "tanh" for layer in range(depth)]
    return Network([Dense(rng.normal(size=(after, before), scale=before ** -0.5),
                          rng.normal(size=after), name)
                    for (before, after), name in zip(itertools.pairwise(sizes), names,
                                                     strict=True)], dtype=dtype)


def block_network(rng, dtype=float, activations=ACTIVATIONS):
    named = [name for name in activations if name != "exp"]
    return Network([Dense(rng.normal(size=(5, 3))), *random_block(rng, 5, dtype, 2, named),
                    Dense(rng.normal(size=(2, 5)))], dtype=dtype)


def torch_derivatives(net, x):
    """(Jacobians, Hessians) of rows by autograd"""
    torch = pytest.importorskip("torch")
    from torch_twin import torch_module

    module = torch_module(net.layers)
    first, second = [], []
    for row in torch.tensor(x):
        def outputs(row):
            return module(row[None])[0]

        first.append(torch.autograd.functional.jacobian(outputs, row).numpy())
        second.append(np.array([
            torch.autograd.functional.hessian(lambda row, k=k: outputs(row)[k], row).numpy()
            for k in range(net.sizes[-1])]))
    return np.array(first), np.array(second)


def in_numpy(net, x):
    """Jacobians of rows by the steps of NumPy, from the outputs to the inputs, in float64"""
    return Chain(x, net.layers).pull(units(len(x), net.sizes[-1]))


def differences(function, x, step=1e-5):
    """Central differences by the last axis of x, which becomes the last axis of the result"""
    found = []
    for axis in range(x.shape[-1]):
        change = np.zeros(x.shape[-1])
        change[axis] = step
        found.append((function(x + change) - function(x - change)) / (2 * step))
    return np.stack(found, axis=-1)


def assert_near(found, expected, relative):
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= relative * max(np.abs(expected).max(), 1.0)


# ---- values ----

@every_activation
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_against_pytorch(activation, depth, rng):
    net, x = chain_of(rng, activation, depth), rng.normal(size=(4, 3))
    first, second = torch_derivatives(net, x)
    assert_near(net.jacobian(x), first, TORCH)
    assert_near(in_numpy(net, x), first, TORCH)
    assert_near(net.hessian(x), second, TORCH)


@every_activation
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_against_central_differences(activation, depth, rng):
    net, x = chain_of(rng, activation, depth), rng.normal(size=(4, 3))
    assert_near(net.jacobian(x), differences(net, x), DIFFERENCES)
    assert_near(net.hessian(x), differences(net.jacobian, x), DIFFERENCES)


def test_every_kind_of_layer(rng):
    for _ in range(6):
        net, x = block_network(rng), rng.normal(size=(3, 3))
        first, second = torch_derivatives(net, x)
        assert_near(net.jacobian(x), first, 1e-11)
        assert_near(net.hessian(x), second, 1e-10)
        assert_near(net.jacobian(x), differences(net, x), 1e-5)


@pytest.mark.parametrize(("n_in", "n_out"), [(1, 1), (1, 7), (7, 1), (20, 3), (3, 20)])
def test_shapes(n_in, n_out, rng):
    net = chain_of(rng, "tanh", 3, n_in=n_in, n_out=n_out)
    x = rng.normal(size=(2, 5, n_in))
    first, second = net.jacobian(x), net.hessian(x)
    assert first.shape == (2, 5, n_out, n_in) and second.shape == (2, 5, n_out, n_in, n_in)
    assert_near(first, differences(net, x), DIFFERENCES)
    assert_near(second, differences(net.jacobian, x), DIFFERENCES)
    assert net.jacobian(x[0, 0]).shape == (n_out, n_in)
    assert net.hessian(x[0, 0]).shape == (n_out, n_in, n_in)
    assert net.jacobian(np.ones((0, n_in))).shape == (0, n_out, n_in)
    assert net.hessian(np.ones((0, n_in))).shape == (0, n_out, n_in, n_in)


def test_products_with_the_jacobian(rng):
    for net in (block_network(rng), chain_of(rng, "gelu", 3)):
        x = rng.normal(size=(2, 5, 3))
        v, u = rng.normal(size=x.shape), rng.normal(size=net(x).shape)
        first = net.jacobian(x)
        assert_near(net.jvp(x, v), np.einsum("...mn,...n->...m", first, v), TORCH)
        assert_near(net.vjp(x, u), np.einsum("...mn,...m->...n", first, u), TORCH)
        assert net.jvp(x[0, 0], v[0, 0]).shape == net(x[0, 0]).shape
        assert net.vjp(x[0, 0], u[0, 0]).shape == (3,)


def test_second_derivatives_are_symmetric_bit_by_bit(dtype, rng):
    second = block_network(rng, dtype).hessian(rng.normal(size=(7, 3)))
    assert same_bits(second, np.ascontiguousarray(second.swapaxes(-1, -2)))


def test_networks_of_straight_pieces_have_none(dtype, rng):
    net = chain_of(rng, "relu", 3, dtype)
    second = net.hessian(rng.normal(size=(2, 3)))
    assert same_bits(second, np.zeros((2, 4, 3, 3), dtype))


# ---- bits and dtypes ----

def test_a_row_has_the_same_bits_alone_and_in_a_batch(dtype, rng):
    for net in (block_network(rng, dtype), chain_of(rng, "mish", 3, dtype),
                chain_of(rng, "softmax", 2, dtype, n_in=17, n_out=2)):
        x, u = rng.normal(size=(9, net.sizes[0])), rng.normal(size=(9, net.sizes[-1]))
        v = rng.normal(size=x.shape)
        for batch, each in ((net.jacobian(x), map(net.jacobian, x)),
                            (net.hessian(x), map(net.hessian, x)),
                            (net.jvp(x, v), map(net.jvp, x, v)),
                            (net.vjp(x, u), map(net.vjp, x, u))):
            assert same_bits(batch, np.array([*each]))


def test_blocks_of_rows(rng):
    net = chain_of(rng, "tanh", 2, n_in=10, n_out=30)
    x = rng.normal(size=(BLOCK_NUMBERS // 3000, 10))
    found = net.hessian(x)
    assert same_bits(found[-1], net.hessian(x[-1]))
    assert same_bits(found[17], net.hessian(x[17]))


def test_float32(rng):
    for name in ("tanh", "gelu", "softmax"):
        net = chain_of(rng, name, 3, np.float32)
        wide = Network(net.layers, dtype=float)
        x = rng.normal(size=(5, 3)).astype(np.float32)
        v, u = (rng.normal(size=(5, n)).astype(np.float32) for n in (3, 4))
        assert net.jacobian(x).dtype == net.jvp(x, v).dtype == net.vjp(x, u).dtype == np.float32
        assert_near(net.jacobian(x), wide.jacobian(x), 2e-6)
        assert_near(net.jvp(x, v), wide.jvp(x, v), 5e-6)
        assert_near(net.vjp(x, u), wide.vjp(x, u), 5e-6)
        # in float64, and rounded once
        assert same_bits(net.hessian(x), wide.hessian(x).astype(np.float32))


# ---- the kernels, forward and backward ----

def on_level(kernels, net):
    return network_of(kernels, net.layers, net.dtype)


def assert_kernels_agree(kernels, net, x, rng, tolerance):
    expected = in_numpy(net, x)
    level = on_level(kernels, net)
    v, u = (rng.normal(size=(len(x), n)).astype(x.dtype) for n in (net.sizes[0], net.sizes[-1]))
    assert_near(kernels.jacobian_forward(level, x), expected, tolerance)
    assert_near(kernels.jacobian_backward(level, x), expected, tolerance)
    assert_near(kernels.jvp_forward(level, x, v), np.einsum("rmn,rn->rm", expected, v),
                10 * tolerance)
    assert_near(kernels.vjp_backward(level, x, u), np.einsum("rmn,rm->rn", expected, u),
                10 * tolerance)


@every_activation
def test_kernels_through_every_activation(kernels, activation, dtype, rng):
    for depth in (1, 2, 4):
        for n_in, n_out in ((3, 4), (17, 5), (33, 1), (2, 70)):
            net = chain_of(rng, activation, depth, dtype, n_in, n_out)
            assert_kernels_agree(kernels, net, rng.normal(size=(5, n_in)).astype(dtype), rng,
                                 1e-13 if dtype == np.float64 else 5e-6)


def test_kernels_through_every_kind_of_layer(kernels, dtype, rng):
    for _ in range(6):
        net = block_network(rng, dtype)
        assert_kernels_agree(kernels, net, rng.normal(size=(4, 3)).astype(dtype), rng,
                             1e-12 if dtype == np.float64 else 5e-4)


def test_kernels_through_residuals_that_share_an_input(kernels, dtype, rng):
    """The input of the network, and a value inside of it, each added by two sums"""
    def dense(n_in, n_out, name="tanh"):
        return Dense(rng.normal(size=(n_out, n_in), scale=n_in ** -0.5), None, name)

    def block(n):
        inner = Residual([dense(n, 9), dense(9, n, "silu")], "tanh")
        return Residual([inner, dense(n, n)])

    for layers in ([block(5)], [dense(5, 18), block(18)], [block(5), dense(5, 33), block(33),
                                                           dense(33, 2)]):
        net = Network(layers, dtype=dtype)
        assert_kernels_agree(kernels, net, rng.normal(size=(7, 5)).astype(dtype), rng,
                             1e-13 if dtype == np.float64 else 2e-5)


@pytest.mark.parametrize("sizes", [(1, 1), (16, 16, 16), (64, 64, 64, 8), (300, 20, 2), (7, 600, 3),
                                   (3, 2, 200)], ids=str)
def test_kernels_over_many_rows(kernels, sizes, dtype, rng):
    net = Network.he(sizes, activation="tanh", output="identity", dtype=dtype, rng=0)
    level = on_level(kernels, net)
    x, u = (rng.normal(size=(230, n)).astype(dtype) for n in (sizes[0], sizes[-1]))
    for batch, each in ((kernels.jacobian_forward(level, x),
                         [kernels.jacobian_forward(level, row) for row in x]),
                        (kernels.jacobian_backward(level, x),
                         [kernels.jacobian_backward(level, row) for row in x]),
                        (kernels.vjp_backward(level, x, u),
                         [kernels.vjp_backward(level, *row) for row in zip(x, u, strict=True)])):
        assert same_bits(batch, np.array(each))
    assert_near(kernels.jacobian_backward(level, x), in_numpy(net, x),
                1e-13 if dtype == np.float64 else 5e-6)


def test_every_level_with_fused_steps_has_the_same_bits(dtype, rng):
    fused = [kernels for kernels in all_kernels().values() if is_fused(kernels)]
    for net in (block_network(rng, dtype), chain_of(rng, "mish", 3, dtype),
                chain_of(rng, "log_softmax", 2, dtype, n_in=17, n_out=40)):
        x, v = rng.normal(size=(2, 4, net.sizes[0])).astype(dtype)
        u = rng.normal(size=(4, net.sizes[-1])).astype(dtype)
        for call, *given in (("jacobian_forward", x), ("jacobian_backward", x),
                             ("jvp_forward", x, v), ("vjp_backward", x, u)):
            found = [getattr(kernels, call)(on_level(kernels, net), *given) for kernels in fused]
            assert all(same_bits(found[0], other) for other in found[1:])


def test_unit_vectors_give_rows_and_columns(dtype, rng):
    for net in (block_network(rng, dtype), chain_of(rng, "tanh", 3, dtype)):
        x = rng.normal(size=net.sizes[0]).astype(dtype)
        columns = [net.jvp(x, unit) for unit in np.eye(net.sizes[0], dtype=dtype)]
        assert same_bits(core.jacobian_forward(net, x), np.ascontiguousarray(np.array(columns).T))
        rows = [net.vjp(x, unit) for unit in np.eye(net.sizes[-1], dtype=dtype)]
        assert same_bits(core.jacobian_backward(net, x), np.array(rows))


def test_the_way_is_chosen_by_the_sizes(dtype, rng):
    for n_in, n_out, way in ((3, 4, core.jacobian_forward), (3, 3, core.jacobian_forward),
                             (4, 3, core.jacobian_backward)):
        net, x = chain_of(rng, "tanh", 3, dtype, n_in, n_out), rng.normal(size=(5, n_in))
        assert same_bits(net.jacobian(x), way(net, x))


# ---- activations ----

def exact(mpmath, name, parameters):
    """The activation as a function of mpmath's numbers"""
    def sigmoid(z):
        return 1 / (1 + mpmath.exp(-z))

    def elu(z, alpha):
        return z if z > 0 else alpha * mpmath.expm1(z)

    return {
        "sigmoid": sigmoid, "tanh": mpmath.tanh, "exp": mpmath.exp,
        "softplus": lambda z: mpmath.log1p(mpmath.exp(parameters[0] * z)) / parameters[0],
        "log_sigmoid": lambda z: -mpmath.log1p(mpmath.exp(-z)),
        "silu": lambda z: z * sigmoid(z),
        "mish": lambda z: z * mpmath.tanh(mpmath.log1p(mpmath.exp(z))),
        "gelu": lambda z: z * mpmath.erfc(-z / mpmath.sqrt(2)) / 2,
        "gelu_tanh": lambda z: z * sigmoid(mpmath.sqrt(8 / mpmath.pi)
                                           * (z + mpmath.mpf("0.044715") * z ** 3)),
        "elu": lambda z: elu(z, parameters[0]),
        "celu": lambda z: parameters[0] * elu(z / parameters[0], 1),
        "selu": lambda z: mpmath.mpf("1.0507009873554804934") * elu(
            z, mpmath.mpf("1.6732632423543772848")),
        "softsign": lambda z: z / (1 + abs(z)),
    }[name]


@pytest.mark.parametrize(("name", "parameters"), [
    ("sigmoid", ()), ("tanh", ()), ("exp", ()), ("softplus", (1.0,)), ("softplus", (2.5,)),
    ("log_sigmoid", ()), ("silu", ()), ("mish", ()), ("gelu", ()), ("gelu_tanh", ()),
    ("elu", (1.5,)), ("celu", (1.5,)), ("selu", ()), ("softsign", ())])
def test_derivatives_of_activations_and_their_tails(name, parameters):
    mpmath = pytest.importorskip("mpmath")
    z = np.array([-25.0, -12.3, -6.1, -3.7, -1.9, -0.83, -1e-3, 1e-3, 0.4, 1.2, 2.6, 5.3, 11.0,
                  24.0])
    found = derivatives(name, parameters, z)
    with mpmath.workdps(400):
        function = exact(mpmath, name, parameters)
        for order, values in enumerate(found, 1):
            for point, value in zip(z, values, strict=True):
                # in steps of 1e-60: no kink lies between them
                wanted = mpmath.diff(function, mpmath.mpf(float(point)), order,
                                     h=mpmath.mpf(10) ** -60)
                assert abs(value - wanted) <= 3e-13 * abs(wanted) + 1e-300, (order, point)


def test_every_activation_of_single_numbers_is_there():
    names = {name for name, *_ in NAMES} - {"softmax", "log_softmax"}
    assert FORMULAS.keys() == names


@every_activation
def test_far_out(activation):
    name, *parameters = activation if isinstance(activation, tuple) else (activation,)
    if name not in FORMULAS:
        return
    z = np.array([-np.inf, -1e300, -1e5, 1e5, 1e300, np.inf])
    for values in derivatives(name, tuple(parameters), z):
        if values is not None:
            assert not np.isnan(values).any()


KINKS = {"relu": [0.0], "relu6": [0.0, 6.0], "hardtanh": [-1.0, 1.0], "hardsigmoid": [-3.0, 3.0],
         "hardswish": [-3.0, 3.0], "leaky_relu": [0.0], "elu": [0.0], "celu": [0.0],
         "selu": [0.0], "prelu": [0.0], "clip": [-0.5, 2.0]}


@pytest.mark.parametrize("name", KINKS)
def test_kinks(name):
    activation = next(each for each in ACTIVATIONS if each == name or each[0] == name)
    net = Network([Dense([[1.0]], None, activation)], dtype=float)
    x = np.array(KINKS[name])[:, None]
    expected, _ = torch_derivatives(net, x)
    assert_near(net.jacobian(x), expected, 1e-15)
    assert_near(core.jacobian_backward(net, x), expected, 1e-15)
    assert_near(in_numpy(net, x), expected, 1e-15)


# ---- norms ----

@pytest.mark.parametrize("scale", [1e-170, 1e-10, 1.0, 1e10, 1e200])
@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
def test_norms_of_large_and_small_rows(kind, scale, rng):
    """Without eps, a norm does not see the scale: its derivative is the one at 1, over the scale"""
    net = Network([kind(rng.normal(size=6), eps=0.0)], dtype=float)
    x = rng.normal(size=(3, 6))
    assert_near(net.jacobian(x * scale) * scale, net.jacobian(x), 1e-11)
    assert_near(core.jacobian_backward(net, x * scale) * scale, net.jacobian(x), 1e-11)
    assert_near(in_numpy(net, x * scale) * scale, net.jacobian(x), 1e-11)
    if 1e-100 < scale < 1e100:          # else it overflows, or vanishes
        assert_near(net.hessian(x * scale) * scale * scale, net.hessian(x), 1e-11)


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
def test_eps_counts_in_rows_that_are_nearly_zero(kind, rng):
    net = Network([kind(rng.normal(size=6), eps=1e-4)], dtype=float)
    flat, tiny = np.zeros(6), 1e-290 * rng.normal(size=6)
    assert_near(net.jacobian(tiny), net.jacobian(flat), 1e-12)
    assert_near(core.jacobian_backward(net, tiny), net.jacobian(flat), 1e-12)
    assert_near(in_numpy(net, tiny[None])[0], net.jacobian(flat), 1e-12)


def test_residuals_in_residuals(rng):
    inner = Residual([Dense(rng.normal(size=(4, 3)), None, "tanh"), Dense(rng.normal(size=(3, 4)))])
    for _ in range(4):
        inner = Residual([inner, RMSNorm(rng.normal(size=3))], "silu")
    net = Network([inner], dtype=float)
    x = rng.normal(size=(2, 3))
    assert_near(net.jacobian(x), differences(net, x), DIFFERENCES)
    assert_near(net.hessian(x), differences(net.jacobian, x), DIFFERENCES)


# ---- calls ----

def test_input_is_converted_as_by_a_call(rng):
    net = chain_of(rng, "tanh", 2, np.float32)
    x = rng.integers(-3, 3, (4, 3))
    assert same_bits(net.jacobian(x), net.jacobian(x.astype(np.float32)))
    assert same_bits(net.jacobian(x.tolist()), net.jacobian(x))
    assert same_bits(net.jacobian(np.asfortranarray(x.astype(">f8"))), net.jacobian(x))


def test_bad_calls(rng):
    net = chain_of(rng, "tanh", 2)
    for call in (net.jacobian, net.hessian, lambda x: net.jvp(x, x), lambda x: net.vjp(x, x)):
        with raises(ValueError, "x must have 3 columns to match the first layer, got shape (2, 4)"):
            call(np.ones((2, 4)))
        with raises(ValueError, "x must have shape (..., 3), got shape ()"):
            call(1.0)
        with raises(TypeError, "x must hold real numbers, got dtype complex128: "
                               "take its .real, .imag or abs()"):
            call(np.ones(3, complex))
    with raises(ValueError, "v must have shape (2, 3) to match x, got (3,)"):
        net.jvp(np.ones((2, 3)), np.ones(3))
    with raises(ValueError, "cotangent must have shape (2, 4) to match the outputs, got (2, 3)"):
        net.vjp(np.ones((2, 3)), np.ones((2, 3)))


@pytest.mark.filterwarnings("error")
def test_nan_and_infinity_are_no_warnings(rng):
    net = block_network(rng)
    x = np.array([[np.nan, 1, 2], [np.inf, 1, 2], [1e308, -1e308, 1]])
    good = rng.normal(size=3)
    for call in (net.jacobian, net.hessian):
        assert same_bits(call(np.vstack([x, good]))[-1], call(good))
