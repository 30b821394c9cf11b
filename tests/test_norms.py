"""LayerNorm, RMSNorm and Residual: values, bits, and networks that have them."""
import copy
import math
import pickle

import numpy as np
import pytest
import reference
from helpers import ACTIVATIONS, every_activation, network_of, raises, same_bits
from test_bits import fused_kernels, is_fused

from mathwork import activations
from mathwork.nn import Dense, LayerNorm, Network, Residual, RMSNorm

LENGTHS = [1, 2, 3, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 64, 100, 257, 1000]


def norm_of(kind, n, dtype, rng, **options):
    weight, bias = rng.normal(size=(2, n)).astype(dtype)
    return LayerNorm(weight, bias, **options) if kind is LayerNorm else RMSNorm(weight, **options)


def alone(x, layer, kernels):
    return network_of(kernels, [layer], x.dtype)(x)


def random_block(rng, n, dtype, depth=2, activations=ACTIVATIONS):
    """Layers from n numbers to n numbers of every kind, residuals in each other"""
    def name():
        return activations[rng.integers(len(activations))]

    layers = []
    for kind in rng.permutation(["layer_norm", "rms_norm", "dense", "residual"]):
        if kind == "layer_norm":
            layers.append(norm_of(LayerNorm, n, dtype, rng, activation=name()))
        elif kind == "rms_norm":
            layers.append(norm_of(RMSNorm, n, dtype, rng, eps=1e-3, activation=name()))
        elif kind == "dense":
            wide = int(rng.integers(1, 40))
            layers += [Dense(rng.normal(size=(wide, n), scale=n ** -0.5).astype(dtype), None,
                             name()),
                       Dense(rng.normal(size=(n, wide), scale=wide ** -0.5).astype(dtype),
                             rng.normal(size=n).astype(dtype), name())]
        elif depth:
            layers.append(Residual(random_block(rng, n, dtype, depth - 1, activations), name()))
    return layers


def twin(layers, x):
    """The outputs of all layers in float64, by the formulas"""
    found = []
    for layer in layers:
        if isinstance(layer, Residual):
            y = x + twin(layer.layers, x)[-1]
        elif isinstance(layer, Dense):
            y = x @ layer.weight.astype(float).T + layer.bias
        else:
            d = x - x.mean(axis=-1, keepdims=True) if isinstance(layer, LayerNorm) else x
            y = d / np.sqrt((d ** 2).mean(axis=-1, keepdims=True) + layer.eps)
            y = y * layer.weight.astype(float) + layer.bias
        name, *parameter = ([layer.activation] if isinstance(layer.activation, str)
                            else layer.activation)
        x = reference.FORMULAS[name](y, *parameter)
        found.append(x)
    return found


# ---- values ----

def test_norms_by_hand(kernels, dtype):
    # mean 10, variance (9 + 1 + 1 + 9) / 4 = 5
    x = np.array([7, 9, 11, 13], dtype)
    found = alone(x, LayerNorm(np.array([1, 2, 3, 4], dtype), np.ones(4, dtype), eps=4), kernels)
    expected = np.array([-3, -1, 1, 3]) * np.array([1, 2, 3, 4]) / 3 + 1
    np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps)
    # mean square (1 + 49) / 2 = 25; with eps 11 the root is 6
    found = alone(np.array([1, 7], dtype), RMSNorm(np.array([6, -12], dtype), eps=11), kernels)
    np.testing.assert_allclose(found, [1, -14], rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("scale", [1e-3, 1, 1e3])
@pytest.mark.parametrize("offset", [0, 1, 1e3, 1e6])
def test_the_error_is_a_few_ulp_of_the_largest_result(kernels, dtype, rng, offset, scale):
    # The documented bound, and that of the weight's and the bias' roundings, without FMA.
    for n in LENGTHS:
        x = (rng.normal(size=n) ** 3 + offset).astype(dtype) * dtype.type(scale)
        for centre, layer in ((True, LayerNorm(np.ones(n, dtype))), (False, RMSNorm([1.0] * n))):
            exact = reference.norm_exact(x, dtype.type(layer.eps), centre=centre)
            found = alone(x, layer, kernels)
            largest = max(map(abs, exact))
            error = max(abs(float(y) - e) for y, e in zip(found, exact, strict=True))
            assert error <= 3 * np.spacing(dtype.type(largest)), (n, centre)


def test_a_variance_is_not_a_difference_of_squares(kernels):
    # In float32 the mean square of 4096 + {-1, 1} is 2^24 + 1, which rounds to 2^24.
    x = np.float32([4095, 4097] * 8)
    found = alone(x, LayerNorm(np.ones(16, np.float32), eps=0), kernels)
    assert found.tolist() == [-1, 1] * 8


@pytest.mark.parametrize("exponent", [-0.96, -0.7, -0.52, 0.52, 0.7, 0.97])
def test_squares_that_would_overflow_or_vanish(kernels, dtype, rng, exponent):
    top = np.log2(float(np.finfo(dtype).max))
    for n in LENGTHS[1:]:
        x = rng.normal(size=n)
        x /= abs(x).max()
        unit = 2.0 ** np.round(exponent * top)
        for layer in (LayerNorm(np.ones(n, dtype), eps=0), RMSNorm(np.ones(n, dtype), eps=0)):
            expected = alone(x.astype(dtype), layer, kernels)
            found = alone(x.astype(dtype) * dtype.type(unit), layer, kernels)
            np.testing.assert_allclose(found, expected, rtol=0,
                                       atol=4 * np.spacing(abs(expected).max()))
    largest = np.full(5, np.finfo(dtype).max)
    largest[::2] *= -1
    assert np.isfinite(alone(largest, LayerNorm(np.ones(5, dtype)), kernels)).all()


def test_equal_numbers_give_the_bias(kernels, dtype):
    for value in (0, 1, 0.1, -3e30, np.finfo(dtype).tiny):
        for n in LENGTHS:
            bias = np.arange(n, dtype=dtype)
            found = alone(np.full(n, value, dtype), LayerNorm(np.ones(n, dtype), bias), kernels)
            # the mean of n equal numbers is rounded; its error counts in units of sqrt(eps)
            assert abs(found - bias).max() <= 1e-3 + n * np.spacing(dtype.type(n))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_not_finite_stays_alone(kernels, dtype, rng, bad):
    for n in LENGTHS:
        x = rng.normal(size=(7, n)).astype(dtype)
        x[3, n // 2] = bad
        for kind in (LayerNorm, RMSNorm):
            layer = norm_of(kind, n, dtype, rng)
            found = alone(x, layer, kernels)
            assert np.isfinite(np.delete(found, 3, axis=0)).all()
            assert np.isnan(found[3, n // 2])
            assert kind is RMSNorm or np.isnan(found[3]).all()
            assert same_bits(found[2], alone(x[2], layer, kernels))


def test_residuals_by_hand(kernels, dtype):
    # relu(x + relu(x0 - x1) (1, -4))
    block = Residual([Dense([[1, -1]], None, "relu"), Dense([[1], [-4]])], "relu")
    net = network_of(kernels, [block], dtype)
    assert net([5, 3]).tolist() == [7, 0]
    assert net([[5, 3], [3, 5]]).tolist() == [[7, 0], [3, 5]]
    # x + (y + f(y)) with y = 2 x and f(y) = 10 y: 1 + 2 + 20
    nested = Residual([Dense([[2]]), Residual([Dense([[10]])])])
    assert network_of(kernels, [nested], dtype)([1]).tolist() == [23]
    assert network_of(kernels, [nested, nested], dtype)([1]).tolist() == [23 * 23]


@every_activation
def test_an_activation_follows(dtype, rng, activation):
    name, *parameter = (activation, ) if isinstance(activation, str) else activation
    if activation == ("softplus", 2.5):
        pytest.skip("no public function has a beta")
    for n in LENGTHS:
        x = rng.normal(size=(9, n), scale=3).astype(dtype)
        weight, bias = rng.normal(size=(2, n)).astype(dtype)
        for plain, layer in (
                (LayerNorm(weight, bias), LayerNorm(weight, bias, activation=activation)),
                (RMSNorm(weight), RMSNorm(weight, activation=activation)),
                (Residual([RMSNorm(weight)]), Residual([RMSNorm(weight)], activation))):
            expected = getattr(activations, name)(Network([plain], dtype=dtype)(x), *parameter)
            assert same_bits(Network([layer], dtype=dtype)(x), expected)


def test_random_networks_are_near_the_formulas(kernels, dtype):
    smooth = ["identity", "relu", "tanh", "sigmoid", "softplus", "silu"]
    for seed in range(20):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 50))
        layers = random_block(rng, n, dtype, activations=smooth)
        x = rng.normal(size=(11, n))
        expected = twin(layers, x.astype(dtype).astype(float))[-1]
        found = network_of(kernels, layers, dtype)(x)
        tolerance = 3000 * np.finfo(dtype).eps
        np.testing.assert_allclose(found, expected, rtol=tolerance,
                                   atol=tolerance * abs(expected).max(), err_msg=str(layers))


# ---- bits ----

def test_the_documented_order(kernels, dtype, rng):
    for n in LENGTHS:
        for kind in (LayerNorm, RMSNorm):
            layer = norm_of(kind, n, dtype, rng)
            x = rng.normal(size=(5, n), loc=2).astype(dtype)
            expected = np.array([reference.norm_in_stripes(
                row, layer.weight, layer.bias, layer.eps, centre=kind is LayerNorm,
                fused=is_fused(kernels)) for row in x])
            assert same_bits(alone(x, layer, kernels), expected), (n, kind)
            assert same_bits(alone(x[4], layer, kernels), expected[4]), (n, kind)


def test_a_row_has_the_same_bits_in_any_batch(kernels, dtype):
    for seed in range(15):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 70))
        net = network_of(kernels, random_block(rng, n, dtype), dtype)
        x = rng.normal(size=(101, n)).astype(dtype)
        whole = net(x)
        assert same_bits(np.array([net(row) for row in x]), whole)
        for rows, workers in ((1, 1), (2, 1), (11, 2), (12, 3), (97, 1), (101, 4)):
            assert same_bits(net(x[:rows], workers=workers), whole[:rows])


def test_levels_with_fma_agree(dtype):
    levels = fused_kernels()
    if len(levels) < 2:
        pytest.skip(f"needs two levels with fused multiply-add, here is {len(levels)}")
    for seed in range(15):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 70))
        layers = random_block(rng, n, dtype)
        x = rng.normal(size=(23, n)).astype(dtype)
        results = [network_of(kernels, layers, dtype)(x) for kernels in levels.values()]
        assert all(same_bits(result, results[0]) for result in results)


def test_trace_is_every_layer(kernels, dtype):
    for seed in range(15):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(1, 40))
        net = network_of(kernels, random_block(rng, n, dtype), dtype)
        x = rng.normal(size=(17, n)).astype(dtype)
        for rows in (x[3], x[:1], x):
            trace = net._trace(rows)
            assert len(trace) == len(net.layers)
            assert same_bits(trace[-1], net(rows))
            for layer, before, after in zip(net.layers, (rows, *trace), trace, strict=False):
                assert same_bits(network_of(kernels, [layer], dtype)(before), after)


def test_out_may_be_the_input(dtype, rng):
    net = Network(random_block(rng, 19, dtype), dtype=dtype)
    for x in (rng.normal(size=19), rng.normal(size=(200, 19))):
        x = x.astype(dtype)
        expected = net(x)
        assert net(x, out=x) is x
        assert same_bits(x, expected)


def test_the_function_in_c_has_the_bits_of_a_call(dtype, rng):
    net = Network(random_block(rng, 23, dtype), dtype=dtype)
    function = net.as_ctypes()
    x = rng.normal(size=23).astype(dtype)
    y = np.empty(23, dtype)
    pointer = function.row.argtypes[0]
    assert function.row(x.ctypes.data_as(pointer), y.ctypes.data_as(pointer), function.network) == 0
    assert same_bits(y, net(x))


def test_a_wide_batch_and_the_deepest_nesting(kernels, rng):
    block = Dense(np.eye(3), None, "tanh")
    for _ in range(30):
        block = Residual([block, LayerNorm(np.ones(3))])
    net = network_of(kernels, [block], np.dtype(np.float32))
    x = rng.normal(size=(3000, 3)).astype(np.float32)
    assert same_bits(net(x)[2999], net(x[2999]))
    with raises(ValueError, "residuals may be nested 30 deep, got 31"):
        Residual([block])
    wide = network_of(kernels, [Residual([LayerNorm(np.ones(20_000)), RMSNorm(np.ones(20_000))])],
                      np.dtype(float))
    x = rng.normal(size=(3, 20_000))
    assert same_bits(wide(x)[1], wide(x[1]))


# ---- layers as objects ----

def test_a_network_of_all_layers(dtype, rng):
    net = Network([Dense(np.ones((3, 2)), None, "relu"), LayerNorm([1, 2, 3], [1, 1, 1]),
                   Residual([RMSNorm([1, 2, 3], 0.5, "tanh"), Dense(np.ones((3, 3)))],
                            ("elu", 0.5)),
                   Dense(np.ones((1, 3)))], dtype=dtype)
    assert repr(net) == ("Network(2-3-3-3-1, relu-layer_norm-residual(rms_norm+tanh-identity)"
                         f"+elu(0.5)-identity, {dtype})")
    assert net.sizes == (2, 3, 3, 3, 1)
    assert net.n_parameters == 9 + 6 + 3 + 12 + 4
    x = rng.normal(size=(4, 2))
    for other in (pickle.loads(pickle.dumps(net)), copy.copy(net), copy.deepcopy(net),
                  Network(net.layers, dtype=dtype)):
        assert same_bits(other(x), net(x))
        assert repr(other) == repr(net) and repr(other.layers) == repr(net.layers)
    narrow = Network(net.layers, dtype=np.float32)
    assert narrow.layers[2].layers[1].weight.dtype == np.float32
    assert net.layers == Network(net.layers, dtype=dtype).layers     # of that dtype: not copied


def test_what_layers_print():
    assert repr(LayerNorm([1, 2])) == "LayerNorm(2, eps=1e-05, identity, float64)"
    assert repr(RMSNorm(np.float32([1]), 0, "relu")) == "RMSNorm(1, eps=0, relu, float32)"
    block = Residual([Dense(np.ones((4, 2)), None, "tanh"), Dense(np.ones((2, 4)))], "relu")
    assert repr(block) == "Residual(2-4-2, tanh-identity, relu)"


@pytest.mark.parametrize("layer", [
    LayerNorm([1.0]), RMSNorm([1.0]), Residual([Dense([[1.0]])])], ids=lambda layer: layer._kind)
def test_layers_cannot_be_changed(layer):
    for name in ("weight", "bias", "eps", "activation", "layers", "anything"):
        kind = type(layer).__name__
        with raises(AttributeError, f"a {kind} layer is immutable, {name} cannot be set"):
            setattr(layer, name, 1)
        with raises(AttributeError, f"a {kind} layer is immutable, {name} cannot be deleted"):
            delattr(layer, name)
    assert repr(pickle.loads(pickle.dumps(layer))) == repr(layer)


def test_arrays_are_copies_that_cannot_be_written():
    weight = np.ones(3)
    layer = LayerNorm(weight, weight)
    weight[:] = 2
    assert layer.weight.tolist() == layer.bias.tolist() == [1, 1, 1]
    assert not layer.weight.flags.writeable and not layer.bias.flags.writeable


def test_a_subclass_has_the_values_that_it_gives_now(rng):
    class Mine(LayerNorm):
        def __getattribute__(self, name):
            return 4.0 if name == "eps" else super().__getattribute__(name)

    net = Network([Mine([1.0] * 4, activation="relu"), Residual([Mine([1.0] * 4)])], dtype=float)
    assert type(net.layers[0]) is LayerNorm and net.layers[0].eps == 4
    np.testing.assert_allclose(net.trace([7, 9, 11, 13])[0], [0, 0, 1 / 3, 1], rtol=1e-15)


WRONG_NORMS = [
    ((np.ones((2, 2)),), ValueError, "weight must have shape (n,), n at least 1, got (2, 2)"),
    (([],), ValueError, "weight must have shape (n,), n at least 1, got (0,)"),
    ((1.0,), ValueError, "weight must have shape (n,), n at least 1, got ()"),
]


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
def test_norms_that_are_wrong(kind):
    for arguments, error, message in WRONG_NORMS:
        with raises(error, message):
            kind(*arguments)
    for eps in (-1e-9, math.nan, math.inf):
        with raises(ValueError, f"eps must be at least 0 and finite, got {eps!r}"):
            kind([1.0], eps=eps)
    with raises(ValueError, "eps must be within the range of floats, got an integer of 1329 bits"):
        kind([1.0], eps=10 ** 400)
    with raises(TypeError, "eps must be a number, got 'small'"):
        kind([1.0], eps="small")
    with pytest.raises(ValueError, match="activation must be one of"):
        kind([1.0], activation="reul")


def test_a_bias_of_another_size():
    with raises(ValueError, "bias must have shape (2,) to match weight, got (3,)"):
        LayerNorm([1, 2], [1, 2, 3])


def test_residuals_that_are_wrong():
    with raises(ValueError, "layers must hold at least one layer, got none"):
        Residual([])
    with raises(TypeError, "layers must be Dense, LayerNorm, RMSNorm or Residual, got int"):
        Residual([1])
    with raises(TypeError, "layers must be a sequence of Dense, LayerNorm, RMSNorm or Residual, "
                "got Dense(1 -> 1, identity, float64)"):
        Residual(Dense([[1.0]]))
    with raises(ValueError, "the last layer must give as many numbers as the first takes, 2, to be "
                "added to them, got 3"):
        Residual([Dense(np.ones((3, 2)))])
    with raises(ValueError, "layer 1 must take the 3 outputs of layer 0, got a LayerNorm of 2"):
        Residual([Dense(np.ones((3, 2))), LayerNorm([1, 2])])
    with pytest.raises(ValueError, match="activation must be one of"):
        Residual([Dense([[1.0]])], "reul")
    with raises(ValueError, "layer 1 must take the 2 outputs of layer 0, got a Residual of 3"):
        Network([Dense(np.ones((2, 2))), Residual([RMSNorm([1, 2, 3])])])


def test_kernels_check_what_layers_say(kernels):
    class Lying:
        _kind, _activation, eps = "layer_norm", ("identity", 0.0), 1e-5
        weight, bias = np.ones(3, np.float32), np.ones(2, np.float32)

    class Empty:
        _kind, _activation, layers = "residual", ("relu", 0.0), ()

    class Growing(Empty):
        layers = (Dense(np.ones((3, 2))),)

    class Endless(Empty):
        pass

    Endless.layers = (Endless(),)
    for layers in ([Lying()], [Empty()], [Growing()], [Endless()],
                   [Dense(np.ones((3, 2))), LayerNorm([1, 2])]):
        with pytest.raises(ValueError):
            network_of(kernels, layers, np.dtype(np.float32))
    with pytest.raises(TypeError, match="layers must be Dense, LayerNorm, RMSNorm or Residual"):
        network_of(kernels, [object()], np.dtype(np.float32))


