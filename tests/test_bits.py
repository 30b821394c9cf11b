"""The bit contract: a row's result depends on the row and the network, on nothing else."""
import itertools
import platform

import numpy as np
import pytest
import reference
from helpers import ACTIVATIONS, every_activation, network_of, same_bits, three_of
from levels import all_kernels

from mathwork import _levels, activations
from mathwork.nn import Dense, Network

MOST_ROWS = 200
WORKERS = (1, 2, 3, 4)


def is_fused(kernels):
    """Whether the products of these kernels round once a term: (1 + e)(1 - e) - 1 = -e^2."""
    e = np.float32(2.0 ** -20)
    return kernels.matvec(np.array([[1 + e]]), np.array([1 - e]),
                          np.array([-1], np.float32))[0] != 0


def fused_kernels():
    """{level: kernels} of the levels here that have fused multiply-add."""
    return {level: kernels for level, kernels in all_kernels().items() if is_fused(kernels)}


def layers_of(rng, sizes, names, dtype):
    """Dense layers with weights of variance 1 / n_in and biases that are not zero."""
    return [Dense(rng.normal(size=(n_out, n_in), scale=n_in ** -0.5).astype(dtype),
                  rng.normal(size=n_out).astype(dtype), name)
            for n_in, n_out, name in zip(sizes, sizes[1:], names, strict=False)]


def layers_with_every_activation(rng, dtype):
    """Twelve layers, one of each activation."""
    sizes = rng.integers(3, 40, len(ACTIVATIONS) + 1).tolist()
    return layers_of(rng, sizes, ACTIVATIONS, dtype)


# ---- the twin itself ----

def test_the_vectorised_fma_is_correctly_rounded(dtype, rng):
    a, b = rng.normal(size=(2, 3000)).astype(dtype)
    # c near -a b, where a rounded product would lose everything, near it in size, and far.
    c = np.concatenate([-(a * b)[:1000], a[1000:2000], (b * 2.0 ** 40)[2000:]]).astype(dtype)
    expected = np.array([reference.fma_exact(*terms) for terms in zip(a, b, c, strict=True)])
    assert same_bits(reference.fma(a, b, c), expected)


def test_the_vectorised_fma_rounds_ties_once(dtype):
    # a b = 1 + 2^-p exactly half way between two values, the rest of c decides: where the sum
    # is rounded twice, the small part is lost first.
    half = np.finfo(dtype).eps / 2
    one, tiny = dtype.type(1), half * half
    a, b = np.array([half, half, half], dtype), np.array([1 + 2 * half] * 3, dtype)
    c = np.array([one, one + 2 * half, one - half], dtype)
    expected = np.array([reference.fma_exact(*terms) for terms in zip(a, b, c, strict=True)])
    assert tiny > 0
    assert same_bits(reference.fma(a, b, c), expected)
    assert expected[0] == one + 2 * half


# ---- the documented order ----

@pytest.mark.parametrize("machine_level", ["v3", "v4"])
def test_levels_with_fma_round_once(machine_level):
    if machine_level not in _levels.supported():
        pytest.skip(f"level {machine_level} is not built, or this machine cannot run it")
    assert machine_level in fused_kernels()


@pytest.mark.skipif(platform.machine() not in ("aarch64", "arm64"), reason="not an Arm machine")
def test_arm_rounds_once():
    assert _levels.core.geometry["F32_LANES"] == 1 or "baseline" in fused_kernels()


def test_products_start_from_the_bias_and_add_in_order(kernels):
    # float32 holds 24 bits, so 2^24 + 1 loses the 1. Backwards, the first sum would be 1; with
    # the bias last, the second would be 0.
    big = 2.0 ** 24
    weight = np.array([[1, 1, 1], [1, 1, 0]], np.float32)
    x = np.array([big, 1, -big], np.float32)
    bias = np.array([0, -big], np.float32)
    assert kernels.matvec(weight, x, bias).tolist() == [0, 1]
    assert network_of(kernels, [Dense(weight, bias)], np.dtype("float32"))(x).tolist() == [0, 1]


def test_a_sum_starts_from_a_negative_zero_too(kernels, dtype):
    weight, x = np.ones((3, 2), dtype), np.full(2, -0.0, dtype)
    bias = np.full(3, -0.0, dtype)
    net = network_of(kernels, [Dense(weight, bias)], dtype)
    for found in (kernels.matvec(weight, x, bias), net(x), net(np.tile(x, (7, 1)))[6],
                  reference.product_in_parts(x[None], weight, bias, fused=False)[0]):
        assert same_bits(found, bias)
    assert same_bits(kernels.matvec(weight, x), np.zeros(3, dtype))


def every_way(kernels, x):
    """The sum of x by matvec, by matmul, and by a network alone and in a batch: which must agree"""
    x = np.array(x, np.float32)
    ones = np.ones((1, len(x)), np.float32)
    net = network_of(kernels, [Dense(ones)], np.dtype("float32"))
    found = {kernels.matvec(ones, x)[0], kernels.matmul(ones, x[:, None])[0, 0], net(x)[0],
             *net(np.tile(x, (7, 1)))[:, 0]}
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize(("terms", "cut"), [
    (32, 8), (33, 16), (48, 16), (64, 16), (100, 32), (256, 64), (784, 200), (1000, 256),
    (1024, 256), (2048, 256)])
def test_the_second_part_begins_where_it_is_documented(kernels, terms, cut):
    # float32 holds 24 bits. In one chain after 2^24 both ones are lost, one after the other; in a
    # part of their own they make 2, which is not.
    x = np.zeros(terms)
    x[0], x[cut], x[cut + 1] = 2.0 ** 24, 1, 1
    assert every_way(kernels, x) == 2.0 ** 24 + 2
    x[cut - 1], x[cut + 1] = 1, 0
    assert every_way(kernels, x) == 2.0 ** 24


def test_a_short_sum_is_one_part(kernels):
    x = np.zeros(31)
    x[0], x[16], x[17] = 2.0 ** 24, 1, 1
    assert every_way(kernels, x) == 2.0 ** 24


def test_parts_are_added_in_order(kernels):
    x = np.zeros(64)
    x[0], x[16], x[32], x[48] = 1, 2.0 ** 24, -2.0 ** 24, 3
    assert every_way(kernels, x) == 3       # (1 + 2^24) - 2^24 is 0; from the back it would be 4


@pytest.mark.parametrize("n_in", range(1, 41))
def test_ragged_shapes_have_the_documented_bits(kernels, dtype, rng, n_in):
    fused = is_fused(kernels)
    weight = rng.normal(size=(40, n_in)).astype(dtype)
    bias = rng.normal(size=40).astype(dtype)
    x = rng.normal(size=(14, n_in)).astype(dtype)
    plain = reference.product_in_parts(x, weight, fused=fused)
    biased = reference.product_in_parts(x, weight, bias, fused=fused)
    for n_out in range(1, 41):
        part, b = weight[:n_out].copy(), bias[:n_out].copy()
        net = network_of(kernels, [Dense(part, b)], dtype)
        assert same_bits(kernels.matvec(part, x[0]), plain[0, :n_out])
        assert same_bits(kernels.matvec(part, x[0], b), biased[0, :n_out])
        assert same_bits(net(x[0]), biased[0, :n_out])
        assert same_bits(net(x), biased[:, :n_out])
        assert same_bits(kernels.matmul(x, part.T.copy()), plain[:, :n_out])
        assert same_bits(kernels.matmul(x[:1], part.T.copy()), plain[:1, :n_out])


# Rows beyond a tile, a block of 96 and a block that shares a panel; one part, four, more than
# that, and a last one that is nearly empty; columns about whole and half registers; matrices that
# are packed and that are read as they lie; rows that compete for a cache set.
@pytest.mark.parametrize(("rows", "n_in", "n_out"), [
    (13, 300, 40), (13, 700, 33), (97, 1100, 31), (200, 300, 17), (5, 1100, 300), (1, 1100, 300),
    (2, 300, 129), (3, 300, 97), (12, 700, 65), (14, 384, 64), (14, 385, 63), (95, 129, 48),
    (96, 193, 15), (97, 257, 16), (192, 40, 300), (193, 65, 1), (400, 1, 300), (17, 512, 300),
    (1, 2100, 3), (7, 1030, 20), (30, 36, 5), (300, 1025, 24), (1, 1024, 70), (1, 1536, 40),
    (9, 57, 8), (4, 64, 8), (1, 64, 8), (1, 48, 7), (2, 33, 4),
])
def test_large_shapes_have_the_documented_bits(kernels, dtype, rng, rows, n_in, n_out):
    weight = rng.normal(size=(n_out, n_in)).astype(dtype)
    bias = rng.normal(size=n_out).astype(dtype)
    x = rng.normal(size=(rows, n_in)).astype(dtype)
    fused = is_fused(kernels)
    expected = reference.product_in_parts(x, weight, fused=fused)
    assert same_bits(kernels.matmul(x, weight.T.copy()), expected)
    assert same_bits(kernels.matvec(weight, x[-1]), expected[-1])
    expected = reference.product_in_parts(x, weight, bias, fused=fused)
    assert same_bits(network_of(kernels, [Dense(weight, bias)], dtype)(x), expected)
    assert same_bits(kernels.matvec(weight, x[-1], bias), expected[-1])


# ---- batches and workers ----

@every_activation
def test_a_row_has_the_same_bits_in_batches_of_1_to_200(kernels, dtype, rng, activation):
    layers = layers_of(rng, (7, 19, 33, 5), [activation] * 3, dtype)
    net = network_of(kernels, layers, dtype)
    x = rng.normal(size=(MOST_ROWS, 7), scale=3).astype(dtype)
    alone = np.array([net(row) for row in x])
    for rows in range(1, MOST_ROWS + 1):
        assert same_bits(net(x[:rows]), alone[:rows]), rows
        assert same_bits(net(x[-rows:]), alone[-rows:]), rows


@pytest.mark.parametrize("workers", WORKERS)
def test_a_row_has_the_same_bits_on_1_to_4_workers(kernels, dtype, rng, workers):
    net = network_of(kernels, layers_with_every_activation(rng, dtype), dtype)
    x = rng.normal(size=(MOST_ROWS, net.layers[0].weight.shape[1])).astype(dtype)
    alone = np.array([net(row) for row in x])
    assert np.isfinite(alone).all()
    for rows in range(1, MOST_ROWS + 1):
        assert same_bits(net(x[:rows], workers=workers), alone[:rows]), rows


@pytest.mark.parametrize("depth", range(1, 7))
def test_networks_of_any_depth_and_width_have_the_same_bits(kernels, dtype, rng, depth):
    for trial in range(6):
        sizes = rng.integers(1, 300 if trial < 2 else 41, depth + 1).tolist()
        names = [ACTIVATIONS[i] for i in rng.integers(0, len(ACTIVATIONS), depth)]
        net = network_of(kernels, layers_of(rng, sizes, names, dtype), dtype)
        x = rng.normal(size=(101, sizes[0])).astype(dtype)
        whole = net(x)
        assert same_bits(np.array([net(row) for row in x]), whole), (sizes, names)
        for rows, workers in itertools.product((2, 11, 12, 13, 95, 96, 97), WORKERS):
            assert same_bits(net(x[:rows], workers=workers), whole[:rows]), (sizes, names)


@every_activation
def test_a_layer_is_its_product_through_the_public_activation(dtype, rng, activation):
    name, *parameter = (activation, ) if isinstance(activation, str) else activation
    public = getattr(activations, name)
    if activation == ("softplus", 2.5):     # which no public function is
        public = in_place
    for n_out in (1, 7, 8, 15, 16, 17, 33):
        weight = rng.normal(size=(n_out, 9)).astype(dtype)
        bias = rng.normal(size=n_out).astype(dtype)
        x = rng.normal(size=(31, 9), scale=4).astype(dtype)
        net = network_of(_levels.core, [Dense(weight, bias, activation)], dtype)
        sums = np.array([_levels.core.matvec(weight, row, bias) for row in x])
        assert same_bits(net(x), public(sums, *parameter)), n_out


def in_place(x, beta):
    y = x.copy()
    _levels.core.activate_in_place("softplus", (beta,), y)
    return y


# ---- levels ----

@every_activation
def test_levels_with_fma_have_equal_bits(dtype, rng, activation):
    levels = fused_kernels()
    if len(levels) < 2:
        pytest.skip(f"needs two levels with fused multiply-add, here is {len(levels)}")
    layers = layers_of(rng, (23, 40, 17, 9), [activation] * 3, dtype)
    x = rng.normal(size=(MOST_ROWS, 23), scale=4).astype(dtype)
    results = [network_of(kernels, layers, dtype)(x) for kernels in levels.values()]
    assert all(same_bits(result, results[0]) for result in results)


def test_products_of_levels_with_fma_have_equal_bits(dtype, rng):
    levels = fused_kernels()
    if len(levels) < 2:
        pytest.skip(f"needs two levels with fused multiply-add, here is {len(levels)}")
    for _ in range(50):
        m, n, k = rng.integers(1, 150, 3)
        left, right = rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)
        results = [kernels.matmul(left, right) for kernels in levels.values()]
        assert all(same_bits(result, results[0]) for result in results)


@every_activation
def test_every_level_is_near_the_float64_formula(kernels, dtype, rng, activation):
    # Three layers of width 40: some 120 roundings, each of at most eps / 2 of values about 1,
    # and two or three ulp an activation, amplified by weights of norm about 2 a layer.
    layers = layers_of(rng, (23, 40, 17, 9), three_of(activation), dtype)
    x = rng.normal(size=(50, 23)).astype(dtype)
    expected = reference.forward([(dense.weight, dense.bias, dense.activation)
                                  for dense in layers], x)[-1]
    tolerance = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(network_of(kernels, layers, dtype)(x), expected,
                               rtol=tolerance, atol=tolerance)


# ---- trace ----

def test_trace_ends_with_the_call(dtype, rng):
    net = Network(layers_with_every_activation(rng, dtype), dtype=dtype)
    x = rng.normal(size=(MOST_ROWS, net.sizes[0])).astype(dtype)
    for rows in (x[0], x[:1], x[:13], x):
        trace = net.trace(rows)
        assert len(trace) == len(net.layers)
        assert same_bits(trace[-1], net(rows))
        for layer, before, after in zip(net.layers, (rows, *trace), trace, strict=False):
            assert same_bits(Network([layer], dtype=dtype)(before), after)


# ---- softmax ----

@pytest.mark.parametrize("activation", ["softmax", "log_softmax"])
def test_softmax_of_a_row_is_the_same_in_any_batch(kernels, dtype, rng, activation):
    for width in [*range(1, 20), 31, 32, 33, 100]:
        batch = rng.normal(scale=30, size=(37, width)).astype(dtype)
        batch[rng.random(batch.shape) < 0.02] = np.nan
        batch[rng.random(batch.shape) < 0.02] = np.inf
        batch[rng.random(batch.shape) < 0.1] = -np.inf
        batch[rng.random(batch.shape) < 0.1] = -0.0
        batch[5], batch[6] = -np.inf, 0
        alone = batch.copy()
        for row in alone:
            kernels.activate_in_place(activation, (), row)
        kernels.activate_in_place(activation, (), batch)
        assert same_bits(batch, alone)
