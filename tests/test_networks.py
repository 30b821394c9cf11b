"""Many networks of one shape: each has the bits that it has alone, in every kind of call."""
import copy
import io
import pickle

import numpy as np
import pytest
from helpers import every_activation, names_kernels, raises, same_bits, three_of
from test_norms import random_block

from mathwork.nn import Dense, LayerNorm, Network, Networks, Residual, load

K = 5


def networks_of(rng, dtype, activations=("relu", "sigmoid"), sizes=(4, 9, 3), count=K):
    like = Network.he(sizes, activation=activations[0], output=activations[1], dtype=dtype, rng=rng)
    return [like.with_parameters(rng.normal(size=like.n_parameters)) for _ in range(count)]


def blocks(rng, dtype, count=K):
    like = Network([*random_block(rng, 5, dtype), Dense(rng.normal(size=(2, 5)))], dtype=dtype)
    return [like.with_parameters(rng.normal(size=like.n_parameters)) for _ in range(count)]


def many_of(kernels, networks):
    """The kernel of one level, under networks of this level"""
    one = networks[0]
    like = type("LevelNetwork", (kernels.ForwardPass,), {})(one.layers, one.dtype)
    return kernels.ManyPasses(like, np.array([net.parameters() for net in networks]))


# ---- calls ----

@every_activation
def test_each_has_the_bits_that_it_has_alone(kernels, activation, dtype, rng):
    names = three_of(activation)
    like = Network([Dense(np.ones((17, 4)), None, names[0]), Dense(np.ones((33, 17)), None,
                                                                   names[1]),
                    Dense(np.ones((3, 33)), None, names[2])], dtype=dtype)
    networks = [like.with_parameters(rng.normal(0, 0.3, like.n_parameters)) for _ in range(K)]
    alone = [type("LevelNetwork", (kernels.ForwardPass,), {})(net.layers, dtype)
             for net in networks]
    nets = many_of(kernels, networks)
    x = rng.normal(size=(K, 7, 4)).astype(dtype)
    assert same_bits(nets(x[0]), np.array([net(x[0]) for net in alone]))
    assert same_bits(nets(x[0, 0]), np.array([net(x[0, 0]) for net in alone]))
    assert same_bits(nets(x, paired=True),
                     np.array([net(rows) for net, rows in zip(alone, x, strict=True)]))
    assert same_bits(nets(x[:, 0], paired=True),
                     np.array([net(row) for net, row in zip(alone, x[:, 0], strict=True)]))


@pytest.mark.parametrize("width", [1, 3, 4, 5, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100])
def test_every_width_is_packed_right(kernels, width, dtype, rng):
    networks = networks_of(rng, dtype, sizes=(width, width, 101 - width), count=3)
    alone = [type("LevelNetwork", (kernels.ForwardPass,), {})(net.layers, dtype)
             for net in networks]
    x = rng.normal(size=(2, width)).astype(dtype)
    assert same_bits(many_of(kernels, networks)(x), np.array([net(x) for net in alone]))


def test_every_kind_of_layer(dtype, rng):
    for _ in range(5):
        networks = blocks(rng, dtype)
        nets = Networks(networks)
        x = rng.normal(size=(6, 5))
        assert same_bits(nets(x), np.array([net(x) for net in networks]))
        assert same_bits(nets(x[:K], paired=True),
                         np.array([net(row) for net, row in zip(networks, x, strict=False)]))


@pytest.mark.parametrize("workers", [2, 3, 4, 7, 100])
def test_workers_change_no_bit(workers, dtype, rng):
    nets = Networks(networks_of(rng, dtype))
    x = rng.normal(size=(K, 11, 4))
    assert same_bits(nets(x[0], workers=workers), nets(x[0]))
    assert same_bits(nets(x, paired=True, workers=workers), nets(x, paired=True))
    assert same_bits(nets.mean(x[0], workers=workers), nets.mean(x[0]))


def test_more_axes(dtype, rng):
    nets = Networks(networks_of(rng, dtype))
    x = rng.normal(size=(K, 2, 3, 4))
    assert same_bits(nets(x), nets(x.reshape(-1, 4)).reshape(K, K, 2, 3, 3))
    assert same_bits(nets(x, paired=True),
                     nets(x.reshape(K, 6, 4), paired=True).reshape(K, 2, 3, 3))
    assert nets(np.ones((0, 4))).shape == (K, 0, 3)
    assert nets(np.ones((K, 0, 4)), paired=True).shape == (K, 0, 3)
    assert nets.mean(np.ones((0, 4))).shape == (0, 3)


def test_out(dtype, rng):
    nets = Networks(networks_of(rng, dtype, sizes=(4, 9, 4)))
    x = rng.normal(size=(K, 4)).astype(dtype)
    expected = nets(x, paired=True)
    for out in (np.empty((K, 4), dtype), np.empty((2 * K, 4), dtype)[::2],
                np.empty((K, 4), dtype.newbyteorder())):
        assert nets(x, paired=True, out=out) is out
        assert (out == expected).all()
    assert nets(x, paired=True, out=x) is x
    assert same_bits(x, expected)
    out = np.empty((K, 4), dtype)
    assert nets.mean(expected, out=out) is out
    assert same_bits(out, nets.mean(expected))


def test_bad_calls(dtype, rng):
    nets = Networks(networks_of(rng, dtype))
    with raises(ValueError, "x must have 4 columns to match the first layer, got shape (5, 3)"):
        nets(np.ones((K, 3)))
    for shape in ((4,), (4, 4), (6, 4), (1, K, 4)):
        with raises(ValueError, "x must have shape (5, ..., 4) to pair with 5 networks, "
                                f"got {shape}"):
            nets(np.ones(shape), paired=True)
    with raises(ValueError, "out must have shape (5, 7, 3), got (7, 3)"):
        nets(np.ones((7, 4)), out=np.empty((7, 3), dtype))
    with raises(TypeError, f"out must be a {dtype} array, got list"):
        nets(np.ones((7, 4)), out=[])
    with raises(ValueError, "workers must be at least 1, got 0"):
        nets(np.ones((7, 4)), workers=0)
    with raises(TypeError, "x must hold real numbers, got dtype complex128: "
                           "take its .real, .imag or abs()"):
        nets(np.ones((7, 4), complex))


def test_the_kernel_refuses_other_parameters(kernels, dtype, rng):
    one = networks_of(rng, dtype, count=1)[0]
    like = type("LevelNetwork", (kernels.ForwardPass,), {})(one.layers, dtype)
    for shape in ((3, one.n_parameters - 1), (3, one.n_parameters + 1), (0, one.n_parameters),
                  (one.n_parameters,)):
        with pytest.raises(ValueError, match="parameters must be a plain"):
            kernels.ManyPasses(like, np.ones(shape, dtype))


# ---- means ----

def test_mean_of_the_outputs(dtype, rng):
    nets = Networks(networks_of(rng, dtype, count=40))
    x = rng.normal(size=(1000, 4))
    outputs = nets(x).astype(np.float64)
    expected = outputs[0].copy()
    for each in outputs[1:]:
        expected += each
    expected = (expected / 40).astype(dtype)
    assert same_bits(nets.mean(x), expected)
    assert same_bits(nets.mean(x[3]), expected[3])


def test_a_nan_of_one_network_is_seen(dtype, rng):
    nets = Networks(networks_of(rng, dtype))
    broken = nets.parameters()
    broken[2] = np.nan
    nets = nets.with_parameters(broken)
    outputs = nets(np.ones(4))
    assert np.isnan(outputs[2]).all() and np.isfinite(np.delete(outputs, 2, 0)).all()
    assert np.isnan(nets.mean(np.ones(4))).all()


def test_average_of_the_parameters(dtype, rng):
    networks = networks_of(rng, dtype)
    found = Networks(networks).average()
    expected = sum(net.parameters().astype(np.float64) for net in networks) / K
    assert type(found) is Network
    assert same_bits(found.parameters(), expected.astype(dtype))


# ---- a sequence ----

def test_a_sequence_of_networks(dtype, rng):
    networks = networks_of(rng, dtype)
    nets = Networks(iter(networks))
    assert len(nets) == nets.count == K
    assert nets.sizes == (4, 9, 3) and nets.dtype == dtype
    assert nets.n_parameters == networks[0].n_parameters
    for index, (one, other) in enumerate(zip(networks, nets, strict=True)):
        for net in (other, nets[index], nets[index - K], nets[np.int64(index)]):
            assert type(net) is Network and repr(net) == repr(one)
            assert same_bits(net.parameters(), one.parameters())
    for index in (K, -K - 1):
        with raises(IndexError, f"index {index} is out of range for 5 networks"):
            nets[index]


def test_parts(dtype, rng):
    nets = Networks(networks_of(rng, dtype))
    x = rng.normal(size=4)
    for index in (slice(1, 3), slice(None, None, -2), [4, 0, 0], np.array([1, -1]),
                  np.array([True, False, True, True, False])):
        part = nets[index]
        assert type(part) is Networks
        assert same_bits(part(x), nets(x)[index])
    for index in (slice(3, 3), np.zeros(K, bool)):
        with raises(ValueError, f"the index must choose at least one of 5 networks, got {index!r}"):
            nets[index]
    for index, what in ((1.5, "float64 of shape ()"), ("a", "<U1 of shape ()"),
                        ((1, 2, 3.0), "float64 of shape (3,)"),
                        ([[1]], "int64 of shape (1, 1)")):
        with raises(TypeError, "an index of networks must be an integer, a slice or a vector of "
                               f"integers or bools, got {what}"):
            nets[index]


def test_networks_of_rows_of_parameters(dtype, rng):
    networks = networks_of(rng, dtype)
    rows = np.array([net.parameters() for net in networks])
    nets = Networks.of(rows, like=networks[3])
    assert nets == Networks(networks)
    assert same_bits(nets.parameters(), rows)
    rows[:] = 0
    nets.parameters()[:] = 0
    assert nets == Networks(networks)
    assert len(nets.with_parameters(rows[:2])) == 2
    assert Networks.of(np.asfortranarray(nets.parameters()), like=networks[0]) == nets


def test_rows_that_are_not_parameters(rng):
    net = networks_of(rng, np.float32, count=1)[0]
    for shape in ((75,), (0, 75), (1, 2, 75), ()):
        with raises(ValueError, f"parameters must have shape (K, 75), K at least 1, got {shape}"):
            Networks.of(np.ones(shape), like=net)
    with raises(ValueError, "parameters must have shape (3, 75), got (3, 74)"):
        Networks.of(np.ones((3, 74)), like=net)
    with raises(TypeError, "like must be a Network, got list"):
        Networks.of(np.ones((3, 75)), like=[net])


def test_networks_of_different_shapes():
    def one(activation="relu", dtype=np.float32, **labels):
        return Network([Dense(np.ones((2, 4)), None, activation)], dtype=dtype, **labels)

    others = [one("tanh"), one(dtype=float), Network([Dense(np.ones((3, 4)), None, "relu")]),
              Network([LayerNorm(np.ones(4))]), one(("leaky_relu", 0.2))]
    for other in others:
        with raises(ValueError, f"networks must have one shape: network 0 is {one()!r}, network 1 "
                                f"is {other!r}"):
            Networks([one(), other])
    with raises(ValueError, "networks must have the same labels, those of network 1 are not those "
                            "of network 0"):
        Networks([one(), one(classes=["a", "b"])])
    same_outside = [
        [one(("prelu", 0.5)), one(("prelu", 0.25))],
        [Network([Residual([Dense(np.ones((n, 4))), Dense(np.ones((4, n)))])]) for n in (2, 3)],
        [Network([LayerNorm(np.ones(4), eps=eps)]) for eps in (0, 1)]]
    for networks in same_outside:
        with pytest.raises(ValueError, match="networks must have one shape"):
            Networks(networks)


def test_no_networks():
    with raises(ValueError, "networks must hold at least one network, got none"):
        Networks([])
    with raises(TypeError, "networks must be a sequence of Network, got 3"):
        Networks(3)
    with raises(TypeError, "networks must be a sequence of Network, got Dense at 1"):
        Networks([Network([Dense([[1.0]])]), Dense([[1.0]])])


# ---- copies and files ----

def test_equality(rng):
    networks = networks_of(rng, np.float32)
    nets = Networks(networks)
    assert nets == Networks(networks) and hash(nets) == hash(Networks(networks))
    assert nets != Networks(networks[::-1])
    assert nets != nets[:3]
    assert nets != networks and nets != "networks"
    labelled = [Network(net.layers, classes=[0.5, 1, np.nan]) for net in networks]
    assert nets != Networks(labelled)
    assert Networks(labelled) == Networks(labelled)


def test_copies_and_pickles(dtype, rng):
    nets = Networks(blocks(rng, dtype))
    assert copy.copy(nets) is nets and copy.deepcopy(nets) is nets
    pickled = pickle.dumps(nets)
    assert pickle.loads(pickled) == nets
    assert not names_kernels(pickled)

    again = pickle.loads(pickle.dumps(Mine(nets)))
    assert type(again) is Mine and again == nets


class Mine(Networks):
    pass


def test_immutable(rng):
    nets = Networks(networks_of(rng, np.float32))
    for name in ("like", "count", "_parameters", "other"):
        with raises(AttributeError, f"Networks are immutable, {name} cannot be set"):
            setattr(nets, name, 1)
        with raises(AttributeError, f"Networks are immutable, {name} cannot be deleted"):
            delattr(nets, name)


def test_repr(rng):
    assert repr(Networks(networks_of(rng, np.float32))) == \
        "Networks(5 of 4-9-3, relu-sigmoid, float32)"


FORMATS = ["npz", "safetensors"]


@pytest.mark.parametrize("name", FORMATS)
def test_files(name, dtype, rng, folder):
    if name == "safetensors":
        pytest.importorskip("safetensors")
    labelled = [Network(net.layers, dtype=dtype, classes=["a", "b"]) for net in blocks(rng, dtype)]
    for networks in (blocks(rng, dtype), networks_of(rng, dtype), labelled,
                     networks_of(rng, dtype, [("prelu", 0.3), ("clip", -1, 2)])):
        nets = Networks(networks)
        nets.save(f"nets.{name}")
        again = Networks.load(f"nets.{name}")
        assert again == nets and same_bits(again.parameters(), nets.parameters())
        assert str(again[0].classes_) == str(nets[0].classes_)
        memory = io.BytesIO()
        nets.save(memory, format=name)
        assert Networks.load(memory.getvalue(), format=name) == nets


def test_the_tensors_are_those_of_pytorch(rng, folder):
    safetensors = pytest.importorskip("safetensors.numpy")
    torch = pytest.importorskip("torch")
    modules = [torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
               for _ in range(3)]
    stacked, _ = torch.func.stack_module_state(modules)
    Networks(Network.from_torch(module) for module in modules).save("nets.safetensors")
    arrays = safetensors.load_file("nets.safetensors")
    assert arrays.keys() == stacked.keys()
    for key, array in arrays.items():
        assert same_bits(array, stacked[key].detach().numpy())


@pytest.mark.parametrize("name", FORMATS)
def test_one_and_many_are_different_files(name, rng, folder):
    if name == "safetensors":
        pytest.importorskip("safetensors")
    networks = networks_of(rng, np.float32)
    Networks(networks).save(f"many.{name}")
    with pytest.raises(ValueError, match=r"it holds many networks: read it with Networks\.load"):
        load(f"many.{name}")
    networks[0].save(f"one.{name}")
    with pytest.raises(ValueError, match=r"read it with mathwork\.nn\.load"):
        Networks.load(f"one.{name}")


def test_formats_without_many_networks(rng, folder):
    nets = Networks(networks_of(rng, np.float32))
    for call in (nets.save, Networks.load):
        with raises(ValueError, "many networks are in one .npz or .safetensors file, "
                                "not in .onnx"):
            call("nets.onnx")


def test_files_that_do_not_hold_what_they_say(rng, folder):
    nets = Networks(networks_of(rng, np.float32))
    nets.save("nets.npz")
    arrays = dict(np.load("nets.npz"))

    def refusal(**changed):
        np.savez("bad.npz", **{name: value for name, value in (arrays | changed).items()
                               if value is not None})
        with pytest.raises(ValueError, match=r"^bad\.npz does not hold networks") as info:
            Networks.load("bad.npz")
        return str(info.value)

    assert "bias of layer 0 must have a first axis of the 5 networks, got shape (4, 9)" in \
        refusal(bias_0=np.ones((4, 9), np.float32))
    assert "got shape ()" in refusal(weight_0=np.float32(1))
    assert "got shape (0, 9, 4)" in refusal(weight_0=np.ones((0, 9, 4), np.float32))
    assert "it has no array 'bias_1'" in refusal(bias_1=None)
    assert "it has an array 'more', which belongs to no layer" in refusal(more=np.ones(3))
    assert "not JSON" in refusal(layers=np.array("{"))
    assert "weight must have shape" in refusal(weight_0=np.ones((5, 9, 4, 1), np.float32))
    np.savez("bad.npz", **(arrays | {"weight_1": np.ones((5, 3, 8), np.float32)}))
    with pytest.raises(ValueError, match=r"^bad\.npz: layer 1 must take the 9 outputs"):
        Networks.load("bad.npz")
