"""Values of a graph: the layers compute what the steps say, with numbers folded in float64."""
import itertools

import numpy as np
import pytest
from helpers import raises, same_bits

from mathwork.nn import Network
from mathwork.nn.graph import (
    Axis,
    MisfitError,
    Reading,
    absolute,
    clip,
    concatenate,
    divide,
    logarithm,
    maximum,
    minimum,
    multiply,
    root,
    subtract,
)

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


class Twin:
    """A value beside the array of what it should be for random samples"""

    def __init__(self, rng, shape, batch=3):
        self.reading, self.samples = Reading(0), Axis()
        self.x = rng.normal(size=(batch, *shape))
        self.start = self.value = self.reading.input([self.samples, *shape], "the input")

    def check(self, value, expected):
        net = Network(self.reading.layers([self.start], [value], np.float64), dtype=np.float64)
        y = net(self.x.reshape(len(self.x), -1))
        np.testing.assert_allclose(y, expected.reshape(len(self.x), -1), 1e-12, 1e-12)
        return net


def relu(x):
    return np.maximum(x, 0)


@pytest.mark.parametrize("number", range(60))
def test_random_steps_give_what_numpy_gives(rng, number):
    twin = Twin(rng, rng.permutation([2, 3, 4])[:rng.integers(1, 4)])
    value, x = twin.value, twin.x
    for _ in range(rng.integers(1, 12)):
        value, x = random_step(rng, twin.reading, value, x)
        assert [each for each in value.lengths if not isinstance(each, Axis)] == [
            length for axis, length in enumerate(x.shape) if axis != value.lengths.index(
                twin.samples)]
        if value.lengths.index(twin.samples):
            x = np.moveaxis(x, value.lengths.index(twin.samples), 0)
            order = [value.lengths.index(twin.samples)]
            value = value.transposed(order + [axis for axis in range(value.rank)
                                              if axis not in order])
    twin.check(value, x)


def random_step(rng, reading, value, x):
    axis = int(rng.integers(1, x.ndim)) if x.ndim > 1 else None
    kind = rng.choice(["times", "plus", "relu", "linear", "linear", "transposed", "reshaped",
                       "sliced", "chosen", "concatenate", "add"])
    if axis is None:
        kind = "relu"
    if kind in ("times", "plus"):
        constant = rng.normal(size=[length if rng.random() < 0.7 else 1 for length in x.shape[1:]])
        constant = constant[None] if rng.random() < 0.5 else constant
        return ((value.times(constant), x * constant) if kind == "times"
                else (value.plus(constant), x + constant))
    if kind == "linear":
        weight = rng.normal(size=(rng.integers(1, 5), x.shape[axis]))
        return (reading.linear(value, weight, "linear", axis),
                np.moveaxis(np.moveaxis(x, axis, -1) @ weight.T, -1, axis))
    if kind == "transposed":
        order = rng.permutation(x.ndim)
        return value.transposed([int(each) for each in order]), x.transpose(order)
    if kind == "reshaped":
        return value.reshaped([0, -1]), x.reshape(len(x), -1)
    if kind == "sliced":
        part = slice(None, None, int(rng.choice([-1, 1, 2])))
        return value.sliced(part, axis), x[(slice(None),) * axis + (part,)]
    if kind == "chosen":
        chosen = rng.integers(0, x.shape[axis], 2)
        return value.chosen(chosen, axis), x.take(chosen, axis)
    if kind == "concatenate":
        constant = rng.normal(size=(1, *x.shape[1:]))
        parts = value, value.times(np.array(2.0)), constant
        arrays = x, 2 * x, np.broadcast_to(constant, x.shape)
        order = rng.permutation(3)
        return (concatenate([parts[each] for each in order], axis),
                np.concatenate([arrays[each] for each in order], axis))
    if kind == "add":
        return value.add(value.activated("relu", "relu")), x + relu(x)
    return value.activated("relu", "relu"), relu(x)


def test_branches_beside_relu(rng):
    twin = Twin(rng, (4,))
    weights = [rng.normal(size=(4, 4)) for _ in range(4)]

    def layer(value, weight, activation="relu"):
        return twin.reading.linear(value, weight, "layer").activated(activation, activation)

    first = layer(twin.value, weights[0])
    deep = layer(layer(first, weights[1]), weights[2])
    skip = twin.reading.linear(first, weights[3], "skip").add(twin.value)
    h = relu(twin.x @ weights[0].T)
    expected = relu(relu(h @ weights[1].T) @ weights[2].T) - (h @ weights[3].T + twin.x)
    twin.check(deep.add(skip.times(np.array(-1.0))), expected)


def test_sums_with_what_came_before_are_residuals(rng):
    twin = Twin(rng, (4,))
    weight, last = rng.normal(size=(2, 4, 4))
    h = twin.reading.linear(twin.value.activated("tanh", ""), weight, "").add(twin.value)
    k = h.activated("sigmoid", "").add(h).activated("relu", "")
    net = twin.check(twin.reading.linear(k, last, ""), residuals(twin.x, weight) @ last.T)
    assert [type(layer).__name__ for layer in net.layers] == ["Residual", "Residual", "Dense"]
    assert net.layers[1].activation == "relu"


def residuals(x, weight):
    h = np.tanh(x) @ weight.T + x
    return relu(1 / (1 + np.exp(-h)) + h)


@pytest.mark.parametrize("scale", [1.0, 0.5])
@pytest.mark.parametrize("inner", ["layer_norm", "tanh", "silu"])
@pytest.mark.parametrize("blocks", [1, 3])
def test_residuals_of_a_product(rng, scale, inner, blocks):
    twin = Twin(rng, (3,))
    first, bias = rng.normal(size=(4, 3)), rng.normal(size=4)
    value, x = twin.reading.linear(twin.value, first, "").plus(bias), twin.x @ first.T + bias
    for _ in range(blocks):
        weight, shift, again = rng.normal(size=(4, 4)), rng.normal(size=4), value.times(scale)
        h = (again.normalized(inner, 0.1, "") if inner == "layer_norm"
             else again.activated(inner, ""))
        value = value.add(twin.reading.linear(h, weight, "").plus(shift))
        x = x + INNER[inner](x * scale) @ weight.T + shift
    net = twin.check(value.activated("tanh", ""), np.tanh(x))
    assert [type(layer).__name__ for layer in net.layers].count("Residual") == blocks


def test_norms(rng):
    twin = Twin(rng, (4,))
    weight, bias = rng.normal(size=(2, 4))
    h = twin.value.activated("tanh", "").add(twin.value)
    net = twin.check(h.normalized("layer_norm", 0.1, "", weight, bias).activated("relu", ""),
                     relu(norm(np.tanh(twin.x) + twin.x) * weight + bias))
    assert [type(layer).__name__ for layer in net.layers] == ["Residual", "LayerNorm"]


def norm(x):
    centred = x - x.mean(1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(1, keepdims=True) + 0.1)


INNER = {"layer_norm": norm, "tanh": np.tanh, "silu": lambda x: x / (1 + np.exp(-x))}


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize("inverse", [True, False])
def test_norms_that_are_written_out(rng, centred, linear, inverse):
    twin = Twin(rng, (4,))
    matrix = rng.normal(size=(4, 4))
    value, x = twin.value, twin.x
    if linear:
        value, x = twin.reading.linear(value, matrix, ""), x @ matrix.T
    if centred:
        value = subtract(value, value.summed(1).times(np.array(1 / 4)), "")
        expected = norm(x)
    else:
        expected = x / np.sqrt((x**2).mean(1, keepdims=True) + 0.1)
    square = multiply(value, value, "").summed(1).times(np.array(1 / 4)).plus(np.array(0.1))
    deviation = root(square, "")
    result = (multiply(value, divide(1.0, deviation, ""), "") if inverse
              else divide(value, deviation, ""))
    net = twin.check(result.times(np.arange(4.0)), expected * np.arange(4.0))
    kind = "LayerNorm" if centred else "RMSNorm"
    assert type(net.layers[-1]).__name__ == kind


def test_branches_beside_other_activations_are_refused():
    reading = Reading(0)
    x = reading.input([Axis(), 4], "the input")
    first = x.activated("tanh", "node 1")
    with raises(MisfitError, "node 1 lies beside node 2, whose numbers are needed after it: a "
                             "chain of layers holds such branches only beside Relu. Name an "
                             "output that needs one of them alone"):
        reading.layers([x], [first.add(x.activated("relu", "node 2"))])
    with raises(MisfitError, "node 2 is a normalisation beside branches, which layers hold only as "
                             "x + f(x)"):
        reading.layers([x], [first.add(x.normalized("rms_norm", 0.0, "node 2"))])


def test_two_softmaxes_are_not_one():
    reading, samples = Reading(0), Axis()
    x = reading.input([samples, 4], "the input")
    parts = [x.sliced(part, 1).over_a_sample("softmax", 1, f"node {place}")
             for place, part in enumerate((slice(2), slice(2, 4)))]
    with pytest.raises(MisfitError, match="node 0 lies beside node 1"):
        reading.layers([x], [concatenate(parts, 1)])


@pytest.mark.parametrize(("function", "expected"), [
    (lambda x: multiply(x, x.activated("sigmoid", ""), ""), lambda x: x / (1 + np.exp(-x))),
    (lambda x: multiply(x.times(np.array(3.0)).activated("sigmoid", ""), x, ""),
     lambda x: x / (1 + np.exp(-3 * x))),
    (lambda x: divide(2.0, x.activated("exp", "").plus(np.array(1.0)), ""),
     lambda x: 2 / (1 + np.exp(x))),
    (lambda x: logarithm(x.activated("exp", "").plus(np.array(1.0)), ""),
     lambda x: np.log1p(np.exp(x))),
    (lambda x: logarithm(x.activated("sigmoid", ""), ""), lambda x: -np.log1p(np.exp(-x))),
    (lambda x: maximum(x, np.array(0.5), ""), lambda x: np.maximum(x, 0.5)),
    (lambda x: minimum(x, np.array([0.5, 1, -1, 0]), ""),
     lambda x: np.minimum(x, [0.5, 1, -1, 0])),
    (lambda x: clip(x, -0.5, 0.75, ""), lambda x: np.clip(x, -0.5, 0.75)),
    (lambda x: absolute(x, ""), np.abs)])
def test_activations_that_are_written_out(rng, function, expected):
    twin = Twin(rng, (4,))
    twin.check(function(twin.value), expected(twin.x))


def test_weights_alone_keep_their_bits(rng):
    weight = rng.normal(size=(3, 4)).astype(np.float32)
    reading = Reading(12)
    x = reading.input([Axis(), 4], "the input")
    layer, = reading.layers([x], [reading.linear(x, weight, "")])
    assert same_bits(layer.weight, weight) and layer.weight.dtype == np.float32


def test_scales_are_rounded_once(rng):
    weight = rng.normal(size=(3, 4)).astype(np.float32)
    mean, scale, factor = (rng.normal(size=n).astype(np.float32) for n in (4, 4, 3))
    reading = Reading(12)
    x = reading.input([Axis(), 4], "the input")
    value = reading.linear(x.plus(-mean).times(scale), weight, "").times(factor)
    layer, = reading.layers([x], [value])
    wide = [each.astype(np.float64) for each in (weight, mean, scale, factor)]
    folded = wide[0] * wide[2] * wide[3][:, None]
    assert same_bits(layer.weight, folded.astype(np.float32))
    np.testing.assert_allclose(layer.bias, -folded @ wide[1], 1e-6)
    double, = reading.layers([x], [value], np.float64)
    assert same_bits(double.weight, folded)


def test_scales_that_are_too_large_for_float64():
    weight = np.full((1, 1), 1e200)
    reading = Reading(1)
    x = reading.input([Axis(), 1], "the input").times(np.array(1e200))
    with raises(MisfitError, "gives a number that is too large for float64"):
        reading.linear(x, weight, "")
    with raises(MisfitError, "scales by a number that is not finite"):
        x.times(np.array(1e200))
    with raises(MisfitError, "gives a number that is too large for float64"):
        reading.linear(x.plus(np.array(1e200)), np.array([[1e150]]), "")


def test_scales_that_are_too_large_for_float32():
    weight = np.full((1, 1), 1e30, np.float32)
    reading = Reading(1)
    x = reading.input([Axis(), 1], "the input")
    value = reading.linear(x.times(np.array(1e30)), weight, "")
    with raises(MisfitError, "a weight or bias is too large for float32 once its scales are "
                             "multiplied in: read the network with dtype=numpy.float64"):
        reading.layers([x], [value])
    assert reading.layers([x], [value], np.float64)[0].weight == np.float64(weight) * 1e30


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
def test_scales_that_are_not_finite(number):
    x = Reading(0).input([Axis(), 1], "the input")
    with raises(MisfitError, "scales by a number that is not finite"):
        x.times(np.array(number))


@pytest.mark.parametrize(("target", "lengths"), [
    ([0, -1], "n 24"), ([-1, 24], "n 24"), ([5, 24], "n 24"), ([0, 0, 12], "n 2 12"),
    ([-1, 1, 24], "n 1 24"), ([1, -1, 24], "1 n 24"), ([5, -1], "n 24"),
    ([-1, 4, 3, 2], "n 4 3 2")])
def test_reshapes(target, lengths):
    samples = Axis(5)
    x = Reading(0).input([samples, 2, 3, 4], "the input").reshaped(target)
    assert " ".join("n" if each is samples else str(each) for each in x.lengths) == lengths


@pytest.mark.parametrize("target", [[24, -1], [-1], [120], [-1, 12], [4, 30], [-1, -1], [0, 25],
                                    [-2, 24], [], [0, 0, 0, 0, 0]])
def test_reshapes_that_move_samples(target):
    x = Reading(0).input([Axis(5), 2, 3, 4], "the input")
    with raises(MisfitError, f"to the shape {target} does not leave one row a sample"):
        x.reshaped(target)


def test_a_chain_of_many_scales_is_short():
    weight = np.ones((1000, 1000), np.float32)
    reading = Reading(weight.size)
    x = value = reading.input([Axis(), 1000], "the input")
    for _, factor in zip(range(1000), itertools.cycle([2.0, 0.5]), strict=False):
        value = reading.linear(value, weight, "") if value is x else value.times(np.array(factor))
    layer, = reading.layers([x], [value])
    assert layer.weight.shape == (1000, 1000)
