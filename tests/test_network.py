"""Dense and Network: values, shapes, layouts, `out`, immutability, copies and pickles."""
import copy
import gc
import itertools
import pickle
import sys
import tracemalloc

import hypothesis.strategies as st
import numpy as np
import pytest
import reference
from arrays import LAYOUTS, Fenced, guarded
from helpers import (
    ACTIVATIONS,
    every_activation,
    names_kernels,
    network_of,
    raises,
    run_python,
    same_bits,
)
from hypothesis import given

from mathwork import _levels
from mathwork.nn import Dense, Network, cost

layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


def he(*sizes, **options):
    return Network.he(sizes, **{"rng": 1} | options)


# ---- values ----

def test_a_network_by_hand():
    # relu(3 + 5 + 1) = 9, relu(3 - 5) = 0; 2 * 9 - 0 + 0.5 = 18.5
    net = Network([Dense([[1, 1], [1, -1]], [1, 0], "relu"), Dense([[2, -1]], [0.5])])
    assert same_bits(net([3, 5]), np.array([18.5], np.float32))
    assert [a.tolist() for a in net.trace([3, 5])] == [[9, 0], [18.5]]


def test_exclusive_or():
    # Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.1: this network is XOR.
    net = Network([Dense([[1, 1], [1, 1]], [0, -1], "relu"), Dense([[1, -2]])])
    assert net([[0, 0], [0, 1], [1, 0], [1, 1]]).tolist() == [[0], [1], [1], [0]]


@every_activation
def test_a_layer_is_activation_of_weight_x_plus_bias(dtype, rng, activation):
    weight, bias = rng.normal(size=(21, 6)).astype(dtype), rng.normal(size=21).astype(dtype)
    x = rng.normal(size=(40, 6), scale=2).astype(dtype)
    expected = reference.forward([(weight, bias, activation)], x)[0]
    # |sums| stay below 40, so an error of 7 roundings in a sum is some 100 eps at most.
    np.testing.assert_allclose(Network([Dense(weight, bias, activation)], dtype=dtype)(x), expected,
                               rtol=20 * np.finfo(dtype).eps, atol=100 * np.finfo(dtype).eps)


def test_without_a_bias_it_is_zero(dtype, rng):
    weight = rng.normal(size=(5, 4)).astype(dtype)
    assert same_bits(Dense(weight).bias, np.zeros(5, dtype))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_row_of_softmax_sums_to_one(dtype, rng, name):
    net = he(6, 20, 10, output=name, dtype=dtype)
    y = net(rng.normal(size=(50, 6), scale=5).astype(dtype)).astype(np.float64)
    total = (np.exp(y) if name == "log_softmax" else y).sum(axis=1)
    np.testing.assert_allclose(total, 1, rtol=20 * np.finfo(dtype).eps)


def test_the_parameter_of_an_activation_is_used():
    slopes = [Network([Dense([[1]], None, a)])([-8.0])[0]
              for a in ("leaky_relu", ("leaky_relu", 0.25), ["leaky_relu", -1], "relu")]
    assert slopes == [np.float32(-0.08), -2, 8, 0]
    alphas = [Network([Dense([[1]], None, a)], dtype=float)([-1000.0])[0]
              for a in ("elu", ("elu", 0.25), ("elu", 3))]
    assert alphas == [-1, -0.25, -3]


@pytest.mark.parametrize("n_in", (1, 2, 7, 8, 9, 16, 33))
@pytest.mark.parametrize("n_out", (1, 2, 7, 8, 9, 16, 33))
def test_nan_in_one_row_stays_in_it(dtype, n_in, n_out):
    net = he(n_in, 12, n_out, activation="tanh", dtype=dtype)
    x = np.ones((20, n_in), dtype)
    clean = net(x)
    x[7, -1] = np.nan
    y = net(x)
    assert np.isnan(y[7]).all()
    assert same_bits(np.delete(y, 7, axis=0), np.delete(clean, 7, axis=0))


@every_activation
def test_nan_weights_are_accepted_and_propagate(dtype, activation):
    layer = Dense(np.full((3, 2), np.nan, dtype), None, activation)
    assert np.isnan(Network([layer], dtype=dtype)(np.ones((5, 2)))).all()


def test_infinity_goes_where_it_should(dtype):
    net = Network([Dense(np.eye(2), None, "relu"), Dense(np.eye(2), None, "sigmoid")], dtype=dtype)
    # 0 * inf is NaN: the identity matrix mixes both inputs into both sums
    assert np.isnan(net([np.inf, -np.inf])).all()
    one = Network([Dense([[1]], None, "sigmoid")], dtype=dtype)
    assert one([[np.inf], [-np.inf]]).tolist() == [[1], [0]]


def test_weights_beyond_float32_become_infinity_without_a_warning():
    net = Network([Dense([[1e300, 0]])])
    assert net.layers[0].weight.tolist() == [[np.inf, 0]]
    assert net([1e300, 1]).tolist() == [np.inf]


def test_sigmoid_of_minus_80_is_not_zero():
    assert Network([Dense([[1]], None, "sigmoid")])([-80.0])[0] > 0


# ---- identities ----

rows_of_four = st.lists(st.lists(st.floats(-100, 100, width=32), min_size=4, max_size=4),
                        min_size=1, max_size=30)


@given(rows_of_four, st.integers(-20, 20))
def test_relu_networks_without_bias_scale_by_powers_of_two(rows, exponent):
    # Multiplying by 2^n rounds nothing, as long as nothing falls below the normal numbers.
    net = he(4, 16, 16, 3, output="identity", dtype=float)
    x = np.array(rows)
    x[np.abs(x) < 1e-30] = 0
    assert same_bits(net(x * 2.0 ** exponent), net(x) * 2.0 ** exponent)


@given(rows_of_four, st.permutations(range(9)))
def test_permuting_the_rows_of_the_last_layer_permutes_the_outputs(rows, order):
    *hidden, last = he(4, 16, 9, output="tanh").layers
    shuffled = Dense(last.weight[list(order)], last.bias[list(order)], "tanh")
    x = np.array(rows, np.float32)
    assert same_bits(Network([*hidden, shuffled])(x), Network([*hidden, last])(x)[:, order].copy())


@given(rows_of_four, rows_of_four)
def test_batches_one_after_the_other_are_one_batch(first, second):
    net = he(4, 33, 7, output="softmax")
    first, second = np.array(first, np.float32), np.array(second, np.float32)
    together = net(np.concatenate([first, second]))
    assert same_bits(together, np.concatenate([net(first), net(second)]))


@given(rows_of_four, st.integers(1, 3))
def test_a_network_is_the_second_half_of_the_first_half(rows, cut):
    net = he(4, 8, 17, 8, 2)
    x = np.array(rows, np.float32)
    first, second = Network(net.layers[:cut]), Network(net.layers[cut:])
    assert same_bits(second(first(x)), net(x))


# ---- shapes ----

@pytest.mark.parametrize("workers", [1, 2, 4])
def test_shapes_of_results(dtype, workers):
    net = he(3, 5, 2, dtype=dtype)
    for shape, wanted in (((3,), (2,)), ((0, 3), (0, 2)), ((1, 3), (1, 2)), ((99, 3), (99, 2))):
        y = net(np.zeros(shape, dtype), workers=workers)
        assert type(y) is np.ndarray and y.shape == wanted and y.dtype == dtype
        assert y.flags.c_contiguous and y.flags.writeable and y.flags.owndata


def test_shapes_of_trace():
    net = he(3, 5, 4, 2)
    for shape in ((), (0,), (1,), (200,)):
        assert [a.shape for a in net.trace(np.zeros((*shape, 3)))] == [
            (*shape, 5), (*shape, 4), (*shape, 2)]


def test_more_workers_than_rows():
    net = he(3, 5, 2)
    x = np.ones((5, 3), np.float32)
    assert same_bits(net(x, workers=1000), net(x))
    assert same_bits(net(x[0], workers=7), net(x[0]))


@pytest.mark.parametrize("given", ["f2", "f4", "f8", "g", "i1", "u1", "i8", "u8", "?",
                                   ">f4", "<f8"])
def test_input_of_any_real_dtype(dtype, rng, given):
    net = he(6, 9, 4, dtype=dtype)
    x = rng.integers(0, 2, (30, 6)).astype(given)
    for rows in (x, x[0]):
        assert same_bits(net(rows), net(rows.astype(dtype)))


def test_float64_input_is_rounded_to_the_network(rng):
    net = he(6, 9, 4)
    x = rng.normal(size=(30, 6))
    assert same_bits(net(x), net(x.astype(np.float32)))


def test_lists_and_tuples():
    net = he(2, 3)
    expected = net(np.array([[1, 2], [3, 4]], np.float32))
    for x in ([[1, 2], [3, 4]], ((1.0, 2.0), (3.0, 4.0)), [np.array([1, 2]), np.array([3, 4])]):
        assert same_bits(net(x), expected)


# ---- layouts and out ----

@layout
def test_any_layout_has_the_bits_of_a_clean_copy(dtype, rng, layout):
    net = he(6, 19, 5, dtype=dtype)
    for shape in ((6,), (1, 6), (50, 6)):
        x = rng.normal(size=shape).astype(dtype)
        awkward = layout(x)
        for workers in (1, 3):
            assert same_bits(net(awkward, workers=workers), net(x))
        assert np.array_equal(awkward, x)


def test_broadcast_and_transposed_input(dtype, rng):
    net = he(6, 19, 5, dtype=dtype)
    row = rng.normal(size=6).astype(dtype)
    assert same_bits(net(np.broadcast_to(row, (20, 6))), np.tile(net(row), (20, 1)))
    x = rng.normal(size=(6, 20)).astype(dtype)
    assert same_bits(net(x.T), net(x.T.copy()))


def test_memory_mapped_input(tmp_path, dtype, rng):
    net = he(6, 19, 5, dtype=dtype)
    x = rng.normal(size=(20, 6)).astype(dtype)
    np.save(tmp_path / "x.npy", x)
    assert same_bits(net(np.load(tmp_path / "x.npy", mmap_mode="r")), net(x))


def test_input_is_left_as_it_was(dtype, rng):
    net = he(6, 19, 5, dtype=dtype)
    x = rng.normal(size=(20, 6)).astype(dtype)
    before = x.copy()
    net(x), net(x, workers=2), net.trace(x), net.classify(x)
    assert same_bits(x, before)


@layout
@pytest.mark.parametrize("workers", [1, 3])
def test_out_of_any_layout(dtype, rng, layout, workers):
    net = he(6, 19, 5, dtype=dtype)
    for shape in ((6,), (50, 6)):
        x = rng.normal(size=shape).astype(dtype)
        out = layout(np.zeros((*shape[:-1], 5), dtype))
        if out.flags.writeable:
            assert net(x, out=out, workers=workers) is out
            assert np.array_equal(out, net(x))


@pytest.mark.parametrize("shift", range(5))
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("n_in", "n_out"), [(5, 5), (3, 8), (8, 3)])
def test_out_may_overlap_the_input(dtype, rng, shift, workers, n_in, n_out):
    net = he(n_in, 7, n_out, dtype=dtype)
    for rows in (1, 30, 200):
        memory = rng.normal(size=rows * max(n_in, n_out) + shift).astype(dtype)
        x = memory[:rows * n_in].reshape(rows, n_in)
        out = memory[shift:shift + rows * n_out].reshape(rows, n_out)
        expected = net(x.copy())
        assert net(x, out=out, workers=workers) is out
        assert same_bits(out, expected)


def test_out_may_be_the_input_itself_or_its_reverse(dtype, rng):
    net = he(5, 7, 5, dtype=dtype)
    x = rng.normal(size=(30, 5)).astype(dtype)
    expected = net(x)
    for place in (np.s_[:], np.s_[::-1], np.s_[:, ::-1]):
        both = x.copy()
        net(both, out=both[place])
        assert np.array_equal(both[place], expected)


@pytest.mark.parametrize("n_out", (1, 2, 7, 8, 9, 15, 16, 17, 31, 33))
def test_nothing_is_written_outside_out(dtype, rng, n_out):
    net = he(6, 9, n_out, dtype=dtype)
    for rows, workers in itertools.product((1, 2, 11, 12, 13, 95, 96, 97, 193), (1, 3)):
        x = rng.normal(size=(rows, 6)).astype(dtype)
        out = Fenced((rows, n_out), dtype)
        net(x, out=out.array, workers=workers)
        assert out.is_whole()
        assert same_bits(out.array, net(x))


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("n_out", (1, 3, 8, 9, 16, 17, 33))
def test_nothing_past_an_end_is_touched(kernels, dtype, rng, side, n_out):
    for n_in, rows in itertools.product((1, 3, 8, 17, 300), (1, 2, 13, 96, 97)):
        layers = he(n_in, 9, n_out, activation="tanh", output="softplus", dtype=dtype).layers
        for depth in (1, 2):
            net = network_of(kernels, layers[-depth:], dtype)
            x = rng.normal(size=(rows, net.layers[0].weight.shape[1])).astype(dtype)
            out = guarded(np.zeros((rows, n_out), dtype), side)
            net(guarded(x, side), out=out)
            assert same_bits(out, net(x))


# ---- classify ----

def identity(n):
    return Network([Dense(np.eye(n))])


def test_classify_one_row_is_an_int():
    answer = identity(3).classify([1, 3, 2])
    assert type(answer) is int and answer == 1


def test_classify_a_batch():
    answers = identity(3).classify([[1, 3, 2], [5, 3, 2], [0, 0, 1]])
    assert answers.tolist() == [1, 0, 2] and answers.dtype.kind == "i"
    assert identity(3).classify(np.zeros((0, 3))).shape == (0,)


def test_classify_takes_the_first_of_equals_and_nan_for_the_largest():
    net = Network([Dense(np.eye(3), None, "relu")])
    assert net.classify([[2, 2, 1], [-1, -2, 0], [1, 2, 2]]).tolist() == [0, 0, 1]
    nan = Network([Dense([[1.0], [1.0], [1.0]], [5, np.nan, 7])])
    assert nan.classify([1.0]) == 1


# ---- what it says about itself ----

def test_repr():
    net = Network([Dense(np.ones((8, 4)), None, "relu"),
                   Dense(np.ones((2, 8)), None, ("leaky_relu", 0.25)),
                   Dense(np.ones((1, 2)), None, "elu")], dtype=float)
    assert repr(net) == "Network(4-8-2-1, relu-leaky_relu(0.25)-elu(1), float64)"
    assert repr(net.layers[0]) == "Dense(4 -> 8, relu, float64)"
    assert repr(Dense(np.ones((8, 4), "f4"), None, ("elu", 2))) == "Dense(4 -> 8, elu(2), float32)"


def test_attributes():
    net = he(4, 32, 32, 2)
    assert net.sizes == (4, 32, 32, 2)
    assert net.n_parameters == 4 * 32 + 32 + 32 * 32 + 32 + 32 * 2 + 2
    assert net.dtype == np.dtype("float32") and isinstance(net.dtype, np.dtype)
    assert type(net.layers) is tuple and all(type(layer) is Dense for layer in net.layers)
    assert [layer.activation for layer in net.layers] == ["relu", "relu", "sigmoid"]
    assert he(2, 1, output=["elu", 2]).layers[0].activation == ("elu", 2.0)


@pytest.mark.parametrize(("weight", "bias", "wanted"), [
    ("f4", "f4", "f4"), ("f2", None, "f4"), ("f4", "f8", "f8"), ("f8", "f4", "f8"),
    ("i4", None, "f8"), ("f4", "i4", "f8"), ("?", None, "f8"), (">f4", ">f4", "f4"),
    ("g", None, "f8")])
def test_the_dtype_of_a_layer(weight, bias, wanted):
    layer = Dense(np.ones((3, 2), weight), None if bias is None else np.ones(3, bias))
    assert layer.weight.dtype == layer.bias.dtype == np.dtype(wanted)
    assert layer.weight.dtype.isnative


def test_a_network_has_its_layers_in_its_own_dtype():
    net = Network([Dense(np.ones((3, 2), "f4")), Dense(np.full((1, 3), 0.1))])
    assert {layer.weight.dtype for layer in net.layers} == {np.dtype("f4")}
    assert net.layers[1].weight[0, 0] == np.float32(0.1)


@pytest.mark.parametrize("given", [np.float64, "float64", "f8", float, np.dtype("f8")])
def test_ways_to_say_float64(given):
    assert Network([Dense([[1]])], dtype=given).dtype == np.dtype("float64")


def test_layers_may_come_from_an_iterator():
    assert Network(iter([Dense([[1, 2]]), Dense([[3]])])).sizes == (2, 1, 1)


def test_weights_in_any_layout_make_the_same_network(dtype, rng):
    weight, bias = rng.normal(size=(9, 6)).astype(dtype), rng.normal(size=9).astype(dtype)
    x = rng.normal(size=(20, 6)).astype(dtype)
    expected = Network([Dense(weight, bias)], dtype=dtype)(x)
    for layout in LAYOUTS.values():
        layer = Dense(layout(weight), layout(bias))
        assert same_bits(layer.weight, weight) and same_bits(layer.bias, bias)
        assert same_bits(Network([layer], dtype=dtype)(x), expected)


# ---- He ----

def test_he_has_the_weights_of_he_normal_and_zero_biases():
    from mathwork.init import he_normal, he_uniform
    for name, draw in (("normal", he_normal), ("uniform", he_uniform)):
        net = Network.he((4, 8, 2), distribution=name, rng=np.random.default_rng(5))
        rng = np.random.default_rng(5)
        assert same_bits(net.layers[0].weight, draw((8, 4), rng=rng))
        assert same_bits(net.layers[1].weight, draw((2, 8), rng=rng))
        assert not any(layer.bias.any() for layer in net.layers)


def test_he_of_one_seed_is_one_network(dtype):
    one, same, other = (he(4, 8, 2, dtype=dtype, rng=seed) for seed in (7, 7, 8))
    assert same_bits(one.layers[0].weight, same.layers[0].weight)
    assert not np.array_equal(one.layers[0].weight, other.layers[0].weight)


def test_he_activations():
    net = he(4, 8, 8, 2, activation="tanh", output="softmax")
    assert [layer.activation for layer in net.layers] == ["tanh", "tanh", "softmax"]


# ---- immutable ----

@pytest.mark.parametrize("name", ["layers", "dtype", "sizes", "n_parameters", "anything"])
def test_a_network_cannot_be_changed(name):
    net = he(4, 8, 2)
    with pytest.raises(AttributeError):
        setattr(net, name, 1)
    with pytest.raises(AttributeError):
        delattr(net, name)


@pytest.mark.parametrize("name", ["weight", "bias", "activation", "anything"])
def test_a_layer_cannot_be_changed(name):
    layer = Dense([[1.0]])
    with raises(AttributeError, f"a Dense layer is immutable, {name} cannot be set"):
        setattr(layer, name, 1)
    with raises(AttributeError, f"a Dense layer is immutable, {name} cannot be deleted"):
        delattr(layer, name)


def test_arrays_of_a_layer_are_read_only():
    for layer in (Dense([[1.0]]), *he(2, 3, 1).layers):
        for array in (layer.weight, layer.bias):
            with raises(ValueError, "assignment destination is read-only"):
                array[...] = 0


def test_the_weights_given_are_copied(dtype):
    weight, bias = np.ones((3, 2), dtype), np.ones(3, dtype)
    net = Network([Dense(weight, bias)], dtype=dtype)
    weight[...] = bias[...] = 7
    assert net([1, 1]).tolist() == [3, 3, 3]
    assert weight.flags.writeable and bias.flags.writeable
    assert (net.layers[0].weight == 1).all() and (net.layers[0].bias == 1).all()


def test_initialising_again_changes_nothing():
    net = he(4, 8, 2)
    expected = net(np.ones(4))
    net.__init__([Dense([[5.0]])])
    net.__init__(net.layers, dtype=float)
    assert net.sizes == (4, 8, 2) and same_bits(net(np.ones(4)), expected)


def test_initialising_a_layer_again_changes_nothing():
    layer = Dense([[1.0]], [2.0], "relu")
    net = Network([layer], dtype=float)
    layer.__init__([[5.0, 6.0]])
    assert layer.weight.tolist() == [[1.0]] and layer.bias.tolist() == [2.0]
    assert net.sizes == (1, 1)


# ---- copies and pickles ----

def same_network(left, right):
    x = np.random.default_rng(0).normal(size=(20, left.sizes[0]))
    return (type(left) is type(right) and repr(left) == repr(right)
            and same_bits(left(x), right(x))
            and all(a.activation == b.activation and same_bits(a.weight, b.weight)
                    and same_bits(a.bias, b.bias)
                    for a, b in zip(left.layers, right.layers, strict=True)))


@pytest.fixture(scope="module")
def net_of_everything():
    rng = np.random.default_rng(3)
    return Network([Dense(rng.normal(size=(4 + i, 3 + i)), rng.normal(size=4 + i), activation)
                    for i, activation in enumerate(ACTIVATIONS)], dtype=float)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(net_of_everything, protocol):
    content = pickle.dumps(net_of_everything, protocol)
    assert not names_kernels(content)
    assert same_network(pickle.loads(content), net_of_everything)
    layer = net_of_everything.layers[ACTIVATIONS.index(("leaky_relu", 0.2))]
    layer = pickle.loads(pickle.dumps(layer, protocol))
    assert type(layer) is Dense and layer.activation == ("leaky_relu", 0.2)
    assert not layer.weight.flags.writeable


def test_a_copy_of_what_cannot_change_is_itself(net_of_everything):
    assert copy.copy(net_of_everything) is net_of_everything
    assert copy.deepcopy(net_of_everything) is net_of_everything
    assert same_network(copy.deepcopy([net_of_everything])[0], net_of_everything)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_of_layers(copied):
    layer = Dense([[1.0, 2.0]], [3.0], ("elu", 2.0))
    twin = copied(layer)
    assert same_bits(twin.weight, layer.weight) and same_bits(twin.bias, layer.bias)
    assert twin.activation == ("elu", 2.0) and not twin.weight.flags.writeable


class Named(Network):
    """A subclass as a user would write one."""

    __slots__ = ()


def test_a_subclass_keeps_its_class():
    net = Named.he((4, 8, 2), rng=0, dtype=float)
    assert type(net) is Named and repr(net) == "Named(4-8-2, relu-sigmoid, float64)"
    twin = pickle.loads(pickle.dumps(net))
    assert type(twin) is Named and same_network(twin, net)


# ---- it never crashes ----

def test_new_with_the_wrong_things_is_an_exception():
    core, layer, f4 = _levels.core, Dense([[1.0, 2.0]]), np.dtype("f4")
    with pytest.raises(TypeError):
        object.__new__(Network)
    for cls in (core.ForwardPass, Network):
        for arguments in ((), (None, None), (layer, f4), ((layer,),), ((layer,), None),
                          ((layer,), "int8"), (("layer",), f4), ((None,), f4)):
            with pytest.raises(TypeError):
                core.ForwardPass.__new__(cls, *arguments)


@pytest.mark.parametrize(("layers", "dtype"), [
    ("()", "f4"), ("(Dense(np.ones((2, 3))), Dense(np.ones((1, 50))))", "f4"),
    *[("(Dense(np.ones((9, 9))), )", dtype) for dtype in ("i4", "f2", "g", "c8", "O", "U3", ">f4")],
], ids=("no layers", "no chain", "i4", "f2", "g", "c8", "O", "U3", "swapped"))
def test_a_kernel_refuses_what_it_cannot_run(layers, dtype):
    # In another process: what is not refused here writes past the end of its memory.
    code = f"""
import numpy as np
from mathwork._levels import core
from mathwork.nn import Dense, Network
try:
    core.ForwardPass.__new__(Network, {layers}, np.dtype({dtype!r}))
except (TypeError, ValueError):
    print("refused")
"""
    assert run_python(code) == (0, "refused\n", "")


# ---- memory ----

def traced_growth(call, times, warm_up=100):
    """Bytes that `times` calls leave behind: the fewer of two rounds, as others allocate, too."""
    for _ in range(warm_up):
        call()
    return min(_growth(call, times) for _ in range(2))


def _growth(call, times):
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(times):
            call()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def test_calls_leave_no_memory_behind():
    net = he(4, 8, 2)
    x, out = np.ones(4, np.float32), np.empty(2, np.float32)
    assert traced_growth(lambda: net(x), 100_000) < 10_000
    assert traced_growth(lambda: net(x, out=out), 10_000) < 10_000
    assert traced_growth(lambda: net([1, 2, 3, 4]), 10_000) < 10_000


def test_refused_calls_leave_no_memory_behind():
    net = he(4, 8, 2)
    wrong = np.ones(5, np.float32)

    def refused():
        for arguments in ({"x": wrong}, {"x": wrong[:4], "out": wrong}, {"x": "x"}):
            try:
                net(**arguments)
            except (TypeError, ValueError):
                continue
            pytest.fail("was not refused")
    assert traced_growth(refused, 5000) < 10_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/statm")
def test_networks_and_working_sets_are_given_back():
    def resident():
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * 4096
    layers = he(64, 64, 64, 8).layers
    x = np.ones((1000, 64), np.float32)

    def use():
        Network(layers)(x)
        with pytest.raises(TypeError):
            _levels.core.ForwardPass.__new__(Network, (*layers, None), np.dtype("f4"))
    for _ in range(50):
        use()
    before = resident()
    for _ in range(400):
        use()
    gc.collect()
    # The weights are 35 kB and a block of rows 25 kB: either of them kept would be 10 MB.
    assert resident() - before < 5_000_000


# ---- cost ----

def test_cost_is_the_plain_sum_of_squares():
    # (0.5 - 1)^2 + (0.25 - 0)^2 + (2 - 0)^2, exact in binary
    assert cost([0.5, 0.25, 2], [1, 0, 0]) == 4.3125
    assert cost([[1, 2], [3, 4]], [[1, 2], [0, 0]]).tolist() == [0, 25]


def test_shapes_and_dtypes_of_cost():
    for shape in ((3,), (4, 3), (2, 4, 3), (0, 3), (4, 0)):
        for kind, wanted in (("f4", "f4"), ("f8", "f8"), ("i4", "f8"), ("f2", "f4"), ("?", "f8")):
            value = cost(np.ones(shape, kind), np.zeros(shape, kind))
            assert np.shape(value) == shape[:-1] and value.dtype == np.dtype(wanted)
            assert (np.asarray(value) == shape[-1]).all()
    assert cost(np.ones(2, "f4"), np.ones(2, "f8")).dtype == np.float64


def test_cost_of_nan_and_of_what_overflows():
    values = cost([[np.nan, 1], [1e200, 1], [np.inf, 1], [np.inf, 1]],
                  [[0, 0], [0, 0], [0, 0], [np.inf, 1]])
    np.testing.assert_array_equal(values, [np.nan, np.inf, np.inf, np.nan])
    assert cost(np.float32([1e30]), np.float32([0])) == np.inf


@given(rows_of_four, rows_of_four)
def test_cost_is_symmetric_and_not_negative(left, right):
    rows = min(len(left), len(right))
    left, right = np.array(left[:rows]), np.array(right[:rows])
    assert same_bits(cost(left, right), cost(right, left))
    assert (cost(left, right) >= 0).all() and not cost(left, left).any()


# ---- the way in without a tuple of arguments ----

def test_every_way_to_pass_the_arguments(rng):
    net = Network.he((3, 4, 2), rng=0)
    x, out = rng.normal(size=3).astype(np.float32), np.empty(2, np.float32)
    expected = net(x)
    assert same_bits(net(x=x), expected)
    assert same_bits(net(*[x], **{}), expected)
    assert same_bits(net.__call__(x), expected)
    assert same_bits(Network.__call__(net, x), expected)
    assert same_bits(next(map(net, [x])), expected)
    assert net(x, out=out) is out
    assert same_bits(out, expected)
    assert same_bits(net(x=x, workers=2), expected)


@pytest.mark.parametrize(("arguments", "named", "message"), [
    ((), {}, "takes exactly 1 positional argument"),
    ((1, 2), {}, "takes exactly 1 positional argument"),
    (([1, 2, 3],), {"rows": 1}, "unexpected keyword argument 'rows'"),
    (([1, 2, 3],), {"x": 1}, "multiple values|got multiple"),
    (([1, 2, 3],), {"workers": "two"}, "integer"),
])
def test_wrong_arguments_are_refused(arguments, named, message):
    with pytest.raises(TypeError, match=message):
        Network.he((3, 2), rng=0)(*arguments, **named)


def test_a_call_of_its_own_comes_first(monkeypatch):
    class Doubled(Network):
        def __call__(self, x):
            return 2 * super().__call__(x)

    class Plain(Network):
        pass

    net = Network.he((3, 2), rng=0)
    expected = net([1, 2, 3])
    assert same_bits(Doubled(net.layers)([1, 2, 3]), 2 * expected)
    assert same_bits(Plain(net.layers)([1, 2, 3]), expected)
    monkeypatch.setattr(Network, "__call__", lambda self, x: "patched")
    assert net([1, 2, 3]) == "patched"
    assert Plain(net.layers)([1, 2, 3]) == "patched"
    monkeypatch.undo()
    assert same_bits(net([1, 2, 3]), expected)


def test_a_call_keeps_no_reference_to_its_input(rng):
    net = Network.he((3, 2), rng=0)
    x = rng.normal(size=3).astype(np.float32)
    before = sys.getrefcount(x), sys.getrefcount(net)
    for _ in range(100):
        net(x)
        net(x=x)
    assert (sys.getrefcount(x), sys.getrefcount(net)) == before


def test_only_classes_of_networks_are_called_without_a_tuple(kernels):
    class Pretender:
        """What issubclass() and isinstance() take for a class of networks"""
        __bases__ = (kernels.ForwardPass,)
        __class__ = type

    for other in (Pretender(), dict, 3, None):
        with pytest.raises(TypeError, match="subclass of ForwardPass"):
            kernels.call_without_tuple(other)
