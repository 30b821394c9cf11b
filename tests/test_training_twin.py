"""The twin of training agrees with central differences, and with PyTorch."""
import itertools

import numpy as np
import pytest
import training_twin as twin
from helpers import ACTIVATIONS, every_activation

from mathwork.nn import Dense, LayerNorm, Residual, RMSNorm

SIZES = (3, 5, 4, 6, 2)

# (loss, last activation, kind of answers)
ENDS = [("squared_error", "identity", "numbers"), ("squared_error", "tanh", "numbers"),
        ("squared_error", "softmax", "numbers"), ("huber", "identity", "numbers"),
        ("cross_entropy", "softmax", "labels"), ("cross_entropy", "log_softmax", "labels"),
        ("cross_entropy", "identity", "labels"), ("cross_entropy", "softmax", "one-hot"),
        ("cross_entropy", "sigmoid", "one-hot")]
every_end = pytest.mark.parametrize(("loss", "last", "kind"), ENDS,
                                    ids=["-".join(end) for end in ENDS])
OPTIMIZERS = [("sgd", {}), ("sgd", {"momentum": 0.9}),
              ("sgd", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
              ("adam", {}), ("adam", {"weight_decay": 0.1, "beta1": 0.8, "eps": 1e-6}),
              ("adamw", {}), ("adamw", {"weight_decay": 0.2, "beta2": 0.99})]


@pytest.fixture
def torch_twin():
    pytest.importorskip("torch")
    import torch_twin
    return torch_twin


def dense(rng, n_in, n_out, activation):
    return Dense(rng.normal(0, 1 / np.sqrt(n_in), (n_out, n_in)), rng.normal(0, 0.3, n_out),
                 activation)


def chain(rng, depth, activation, last):
    """`depth` dense layers; exp, which grows too fast, is in the last hidden one alone."""
    sizes = (*SIZES[:depth], SIZES[-1])
    names = [activation] * (depth - 1) + [last]
    if activation == "exp":
        names[:-2] = ["sigmoid"] * (depth - 2)
    return tuple(dense(rng, *pair, name)
                 for pair, name in zip(itertools.pairwise(sizes), names, strict=True))


def every_kind(rng, activation):
    """Dense layers, both norms, and a residual in a residual"""
    def numbers(count):
        return rng.normal(1, 0.3, count)
    inner = Residual([dense(rng, 4, 4, activation)], "tanh")
    return (LayerNorm(numbers(3), numbers(3), 1e-3), dense(rng, 3, 4, activation),
            Residual([RMSNorm(numbers(4), 1e-2, activation), inner, dense(rng, 4, 4, "identity")],
                     activation),
            RMSNorm(numbers(4), 0.1), dense(rng, 4, 2, "identity"))


def answers_of(rng, kind, count, n_out=2):
    if kind == "numbers":
        return rng.normal(0, 2, (count, n_out))
    labels = rng.integers(n_out, size=count)
    return labels if kind == "labels" else np.eye(n_out)[labels]


def assert_central_differences(layers, x, answers, loss, **options):
    """The gradient is (L(t + h) - L(t - h)) / 2h in each parameter, to 1e-6 of the largest."""
    value, gradient = twin.loss_and_gradient(layers, x, answers, loss, **options)
    theta, step = twin.parameters(layers), 1e-5
    expected = np.empty_like(theta)
    for at in range(len(theta)):
        moved = [theta.copy(), theta.copy()]
        moved[0][at] += step
        moved[1][at] -= step
        high, low = (twin.loss_and_gradient(twin.rebuilt(layers, vector), x, answers, loss,
                                            **options)[0] for vector in moved)
        expected[at] = (high - low) / (2 * step)
    assert np.isfinite(value)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-6 * abs(expected).max())


# ---- the parameters ----

def test_parameters_are_weights_by_rows_and_then_biases():
    layers = (Dense([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0], "tanh"), LayerNorm([7.0, 8.0], [9.0, 10]),
              Residual([RMSNorm([11.0, 12.0])]), Dense([[13.0, 14.0]], [15.0]))
    vector = np.arange(1.0, 16)
    assert np.array_equal(twin.parameters(layers), vector)
    again = twin.rebuilt(layers, -vector)
    assert np.array_equal(twin.parameters(again), -vector)
    assert [repr(layer) for layer in again] == [repr(layer) for layer in layers]


def test_the_outputs_are_those_of_the_network(rng):
    from mathwork.nn import Network
    x = rng.normal(size=(5, 3))
    for activation in ACTIVATIONS:
        layers = every_kind(rng, activation)
        np.testing.assert_allclose(twin.outputs(layers, x)[1], Network(layers, dtype=float)(x),
                                   rtol=1e-11, atol=1e-13)


# ---- gradients ----

@every_activation
def test_slope_of_each_activation(rng, activation):
    # no kink is within a step of these numbers
    z = rng.uniform(-8, 8, (50, 4))
    away = np.array([twin.activate(activation, z + step) for step in (1e-5, -1e-5)])
    if twin.named(activation)[0] in ("softmax", "log_softmax"):
        slope, direction = rng.normal(size=z.shape), rng.normal(size=z.shape)
        away = [twin.activate(activation, z + step * direction) for step in (1e-5, -1e-5)]
        expected = (slope * (away[0] - away[1])).sum(axis=-1) / 2e-5
        got = (twin.pulled_back(activation, z, slope) * direction).sum(axis=-1)
    else:
        expected = (away[0] - away[1]) / 2e-5
        got = twin.pulled_back(activation, z, np.ones_like(z))
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@every_end
def test_gradient_against_central_differences(rng, depth, loss, last, kind):
    layers = chain(rng, depth, "tanh", last)
    assert_central_differences(layers, rng.normal(size=(6, 3)), answers_of(rng, kind, 6), loss,
                               weights=rng.uniform(0, 2, 6), delta=0.7)


@pytest.mark.parametrize("activation", ["tanh", "softplus", "softmax", "gelu"])
def test_gradient_of_every_kind_of_layer(rng, activation):
    assert_central_differences(every_kind(rng, activation), rng.normal(size=(6, 3)),
                               answers_of(rng, "labels", 6), "cross_entropy")


def test_binary_cross_entropy_by_labels_or_a_column(rng):
    labels = rng.integers(2, size=6)
    x = rng.normal(size=(6, 3))
    for last in ("sigmoid", "identity"):
        layers = (dense(rng, 3, 1, last),)
        assert_central_differences(layers, x, labels, "cross_entropy")
        by_column = twin.loss_and_gradient(layers, x, labels[:, None], "cross_entropy")
        assert by_column[0] == twin.loss_and_gradient(layers, x, labels, "cross_entropy")[0]
    # -log(1 - sigmoid(z)) = z + log(1 + e^-z), also where the sigmoid rounds to 1
    value, gradient = twin.loss_and_gradient((Dense([[1.0]], None, "sigmoid"),), [[800.0]], [0],
                                             "cross_entropy")
    assert value == 800 and np.array_equal(gradient, [800, 1])


@every_activation
def test_gradient_against_torch(torch_twin, rng, activation):
    x = rng.normal(0, 2, (16, 3))
    for depth, (loss, last, kind) in itertools.product((1, 2, 3, 4), ENDS):
        layers = chain(rng, depth, activation, last)
        answers, weights = answers_of(rng, kind, 16), rng.uniform(0, 2, 16)
        got = twin.loss_and_gradient(layers, x, answers, loss, weights=weights, delta=0.7)
        expected = torch_twin.torch_gradient(layers, x, answers, loss, weights=weights, delta=0.7)
        np.testing.assert_allclose(got[0], expected[0], rtol=1e-12)
        np.testing.assert_allclose(got[1], expected[1], rtol=1e-12,
                                   atol=1e-12 * abs(expected[1]).max())


@every_activation
def test_gradient_of_every_kind_of_layer_against_torch(torch_twin, rng, activation):
    layers = every_kind(rng, activation)
    x, answers = rng.normal(size=(16, 3)), answers_of(rng, "numbers", 16)
    value, gradient = twin.loss_and_gradient(layers, x, answers)
    expected, by_torch = torch_twin.torch_gradient(layers, x, answers)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(gradient, by_torch, rtol=1e-12, atol=1e-12 * abs(by_torch).max())


# ---- kinks ----

KINKS = {"relu": [0], ("leaky_relu", 0.2): [0], ("prelu", (0.3,)): [0], ("elu", 1.5): [0],
         ("celu", 1.5): [0], "selu": [0], "relu6": [0, 6], "hardtanh": [-1, 1],
         ("clip", -0.5, 2.0): [-0.5, 2], "hardsigmoid": [-3, 3], "softsign": [0]}


@pytest.mark.parametrize("activation", KINKS, ids=str)
def test_slope_at_a_kink_is_that_of_torch(torch_twin, activation):
    for value in KINKS[activation]:
        layers = (Dense([[0.0]], [value], activation),)
        got = twin.loss_and_gradient(layers, [[1.0]], [[100.0]])
        expected = torch_twin.torch_gradient(layers, [[1.0]], [[100.0]])
        np.testing.assert_allclose(got[1], expected[1], rtol=1e-15)


# ---- steps ----

def test_one_step_by_hand():
    # y = w x + b with x = 2, answer 1, w = 3, b = 0: loss 25, dL/dw = 2 * 5 * 2, dL/db = 2 * 5
    layers = (Dense([[3.0]], [0.0]),)
    theta, losses = twin.train(layers, [[2.0]], [[1.0]], optimizer="sgd", learning_rate=0.1)
    assert np.array_equal(theta, [1, -1]) and np.array_equal(losses, [25])
    # the first step of Adam has the size of the rate, whatever the gradient
    theta, _ = twin.train(layers, [[2.0]], [[1.0]], optimizer="adam", learning_rate=0.1)
    np.testing.assert_allclose(theta, [2.9, -0.1], rtol=1e-8)


@pytest.mark.parametrize(("optimizer", "options"), OPTIMIZERS, ids=str)
@pytest.mark.parametrize(("loss", "last", "kind"), [ENDS[0], ENDS[4]], ids=["numbers", "labels"])
def test_hundred_steps_against_torch(torch_twin, rng, optimizer, options, loss, last, kind):
    layers = chain(rng, 3, "tanh", last)
    x, answers, weights = rng.normal(size=(40, 3)), answers_of(rng, kind, 40), rng.uniform(0, 2, 40)
    # 40 rows in batches of 12: 4 steps an epoch, the last of 4 rows
    settings = {"loss": loss, "optimizer": optimizer, "learning_rate": 0.01, "batch_size": 12,
                "orders": [rng.permutation(40) for _ in range(25)], "weights": weights,
                "schedule": lambda epoch: 0.9 ** epoch, **options}
    theta, losses = twin.train(layers, x, answers, **settings)
    expected, torch_losses = torch_twin.torch_train(layers, x, answers, **settings)
    np.testing.assert_allclose(theta, expected, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(losses, torch_losses, rtol=1e-10)
    assert losses[-1] < losses[0]
