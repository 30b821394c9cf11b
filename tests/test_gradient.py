"""Derivatives by parameters, of losses that may know the derivatives by inputs."""
import numpy as np
import pytest
from helpers import every_activation, raises, same_bits
from test_derivatives import TORCH, assert_near, block_network, chain_of

from mathwork.nn import Dense, Network, gradient, value_and_gradient

STEP = 1e-5


def by_differences(value, parameters):
    found = []
    for index in range(len(parameters)):
        change = np.zeros(len(parameters))
        change[index] = STEP
        found.append((value(parameters + change) - value(parameters - change)) / (2 * STEP))
    return np.array(found)


def weighted(shape_of_y, shape_of_slopes, rng):
    """A loss of outputs and derivatives: sum a y^2 + b J^2 + c J, with random factors"""
    a = rng.normal(size=shape_of_y)
    b, c = rng.normal(size=(2, *shape_of_slopes))

    def loss(y, jacobian):
        assert y.shape == shape_of_y and jacobian.shape == shape_of_slopes
        return ((a * y * y).sum() + (b * jacobian ** 2 + c * jacobian).sum(), 2 * a * y,
                2 * b * jacobian + c)

    return loss, (a, b, c)


def by_pytorch(net, x, a, b, c):
    torch = pytest.importorskip("torch")
    from torch_twin import flat, torch_module

    module = torch_module(net.layers)
    total = 0
    for row, *factors in zip(*map(torch.tensor, (x, a, b, c)), strict=True):
        row = row.clone().requires_grad_()
        y = module(row[None])[0]
        slopes = torch.stack([torch.autograd.grad(each, row, create_graph=True)[0] for each in y])
        of_y, of_squares, of_slopes = factors
        total = (total + (of_y * y * y).sum()
                 + (of_squares * slopes ** 2 + of_slopes * slopes).sum())
    found = torch.autograd.grad(total, list(module.parameters()), allow_unused=True)
    return total.item(), flat([torch.zeros_like(weight) if each is None else each
                               for each, weight in zip(found, module.parameters(), strict=True)])


# ---- losses with derivatives by the inputs ----

@every_activation
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_with_derivatives_against_pytorch(activation, depth, rng):
    net, x = chain_of(rng, activation, depth), rng.normal(size=(5, 3))
    loss, factors = weighted((5, 4), (5, 4, 3), rng)
    value, found = value_and_gradient(net, x, loss=loss)
    expected, wanted = by_pytorch(net, x, *factors)
    assert abs(value - expected) <= TORCH * abs(expected) + TORCH
    assert_near(found, wanted, TORCH)


@every_activation
def test_with_derivatives_against_central_differences(activation, rng):
    net, x = chain_of(rng, activation, 3), rng.normal(size=(5, 3))
    loss, _ = weighted((5, 4), (5, 4, 3), rng)
    wanted = by_differences(
        lambda v: value_and_gradient(net.with_parameters(v), x, loss=loss)[0], net.parameters())
    assert_near(gradient(net, x, loss=loss), wanted, 1e-6)


def test_every_kind_of_layer(rng):
    for _ in range(6):
        net, x = block_network(rng), rng.normal(size=(4, 3))
        loss, factors = weighted((4, 2), (4, 2, 3), rng)
        value, found = value_and_gradient(net, x, loss=loss)
        expected, wanted = by_pytorch(net, x, *factors)
        assert abs(value - expected) <= 1e-10 * abs(expected)
        assert_near(found, wanted, 1e-10)


def test_only_outputs_or_only_derivatives(rng):
    net, x = chain_of(rng, "tanh", 3), rng.normal(size=(5, 3))
    loss, _ = weighted((5, 4), (5, 4, 3), rng)
    both = gradient(net, x, loss=loss)

    def of_outputs(y, jacobian):
        value, by_y, _ = loss(y, jacobian)
        return value, by_y, None

    def of_slopes(y, jacobian):
        value, _, by_slopes = loss(y, jacobian)
        return value, None, by_slopes

    assert_near(gradient(net, x, loss=of_outputs) + gradient(net, x, loss=of_slopes), both, 1e-14)
    assert not gradient(net, x, loss=lambda y, jacobian: (0.0, None, None)).any()


def test_one_row_and_more_axes(rng):
    net = chain_of(rng, "tanh", 2)
    x = rng.normal(size=(2, 3, 3))
    loss, factors = weighted((2, 3, 4), (2, 3, 4, 3), rng)
    found = gradient(net, x, loss=loss)
    _, wanted = by_pytorch(net, x.reshape(6, 3), *(each.reshape(6, *each.shape[2:])
                                                   for each in factors))
    assert_near(found, wanted, TORCH)
    loss, factors = weighted((4,), (4, 3), rng)
    _, wanted = by_pytorch(net, x[0, :1], *(each[None] for each in factors))
    assert_near(gradient(net, x[0, 0], loss=loss), wanted, TORCH)


def test_what_a_loss_gets_are_outputs_and_jacobian(dtype, rng):
    net, x = block_network(rng, dtype), rng.normal(size=(6, 3))
    given = []

    def loss(y, jacobian):
        given.extend([y, jacobian])
        return 0.0, None, None

    assert gradient(net, x, loss=loss).dtype == dtype
    assert given[0].dtype == given[1].dtype == np.float64
    assert_near(given[0], net(x).astype(float), 20 * np.finfo(dtype).eps)
    assert_near(given[1], net.jacobian(x).astype(float), 20 * np.finfo(dtype).eps)


def test_float32_is_rounded_once(rng):
    net, x = chain_of(rng, "tanh", 3, np.float32), rng.normal(size=(5, 3)).astype(np.float32)
    loss, _ = weighted((5, 4), (5, 4, 3), rng)
    wide = gradient(Network(net.layers, dtype=float), x, loss=loss)
    assert same_bits(gradient(net, x, loss=loss), wide.astype(np.float32))


# ---- losses by name ----

@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_losses_of_numbers(loss, rng):
    pytest.importorskip("torch")
    from torch_twin import torch_gradient

    net, x, answers = chain_of(rng, "tanh", 3), rng.normal(size=(9, 3)), rng.normal(size=(9, 4))
    value, found = value_and_gradient(net, x, answers, loss, delta=0.7)
    expected, wanted = torch_gradient(net.layers, x, answers, loss, delta=0.7)
    assert abs(value - expected) <= TORCH * abs(expected)
    assert_near(found, wanted, TORCH)
    assert same_bits(gradient(net, x, answers, loss, delta=0.7), found)


def test_cross_entropy(rng):
    pytest.importorskip("torch")
    from torch_twin import torch_gradient

    net = Network([*chain_of(rng, "tanh", 2).layers, Dense(rng.normal(size=(4, 4)), None,
                                                           "softmax")], dtype=float)
    x, labels = rng.normal(size=(9, 3)), rng.integers(0, 4, 9)
    value, found = value_and_gradient(net, x, labels, "cross_entropy")
    expected, wanted = torch_gradient(net.layers, x, labels, "cross_entropy")
    assert abs(value - expected) <= TORCH * abs(expected)
    assert_near(found, wanted, TORCH)


def test_a_function_of_the_same_loss(rng):
    net, x, answers = chain_of(rng, "gelu", 3), rng.normal(size=(9, 3)), rng.normal(size=(9, 4))

    def loss(y, jacobian):
        error = y - answers
        return (error ** 2).sum() / 9, 2 * error / 9, None

    value, found = value_and_gradient(net, x, answers)
    other, wanted = value_and_gradient(net, x, loss=loss)
    assert abs(value - other) <= TORCH * abs(other)
    assert_near(found, wanted, TORCH)


# ---- what they are for ----

def test_a_differential_equation_is_solved():
    """x' = -x, x(0) = 1, from the residual alone"""
    optimize = pytest.importorskip("scipy.optimize")
    net = Network.he((1, 10, 1), activation="tanh", output="identity", dtype=float, rng=0)
    times = np.linspace(0, 2, 20)[:, None]

    def loss(y, jacobian):
        residual, error = jacobian[:, :, 0] + y, y[0, 0] - 1
        by_y = 2 * residual
        by_y[0] += 2 * 20 * error
        return (residual ** 2).sum() + 20 * error ** 2, by_y, 2 * residual[:, :, None]

    found = optimize.minimize(
        lambda v: value_and_gradient(net.with_parameters(v), times, loss=loss), net.parameters(),
        jac=True, method="BFGS", options={"maxiter": 300})
    between = np.linspace(0, 2, 101)[:, None]
    assert abs(net.with_parameters(found.x)(between) - np.exp(-between)).max() < 2e-3


# ---- errors ----

NET = Network([Dense([[1.0, 2.0]])])


def test_what_a_loss_must_return():
    for returned, text in ((1.0, "float"), ((1.0, None), "tuple of 2"), (None, "NoneType")):
        with raises(TypeError, f"loss must return (value, d_y, d_jacobian), got {text}"):
            gradient(NET, np.ones((3, 2)), loss=lambda y, jacobian, returned=returned: returned)
    with raises(TypeError, "loss must return a number as its value, got NoneType"):
        gradient(NET, np.ones((3, 2)), loss=lambda y, jacobian: (None, y, None))
    with raises(ValueError, "d_y of loss must have shape (3, 1), got (3,)"):
        gradient(NET, np.ones((3, 2)), loss=lambda y, jacobian: (0.0, y[:, 0], None))
    with raises(ValueError, "d_jacobian of loss must have shape (3, 1, 2), got (3, 2)"):
        gradient(NET, np.ones((3, 2)), loss=lambda y, jacobian: (0.0, None, jacobian[:, 0]))


def test_answers():
    with raises(TypeError, "answer must be None for a function as loss, which has the answers "
                           "itself, got ndarray"):
        gradient(NET, np.ones((3, 2)), np.ones((3, 1)), lambda y, jacobian: (0.0, None, None))
    with raises(TypeError, "answer must be given for the loss 'huber', got None"):
        gradient(NET, np.ones((3, 2)), loss="huber")
    with raises(ValueError, "loss must be one of squared_error, cross_entropy, huber, got 'mse'"):
        gradient(NET, np.ones((3, 2)), np.ones((3, 1)), "mse")
    with raises(ValueError, "x must have 2 columns to match the first layer, got shape (3, 3)"):
        gradient(NET, np.ones((3, 3)), loss=lambda y, jacobian: (0.0, None, None))
