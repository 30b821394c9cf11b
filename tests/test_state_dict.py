"""load of named tensors: a state_dict in memory, prefix= and order=, there and in files."""
import collections

import numpy as np
import pytest
from helpers import raises, same_bits

from mathwork.nn import load


def square(number):
    """A weight that tells where it came from"""
    return np.full((2, 2), number, np.float32)


def tensors(*names):
    return {f"{name}.weight": square(at) for at, name in enumerate(names)}


def numbers_of(network):
    return [int(layer.weight[0, 0]) for layer in network.layers]


@pytest.fixture(params=["memory", "file"])
def read(request, folder):
    """load of tensors as a mapping, or from a file"""
    if request.param == "memory":
        return load
    save_file = pytest.importorskip("safetensors.numpy", reason="needs safetensors").save_file

    def read(held, **options):
        save_file(dict(held), "net.safetensors")
        return load("net.safetensors", **options)
    return read


@pytest.mark.parametrize(("names", "options", "expected"), [
    (["fc1", "fc2", "fc10"], {}, [0, 1, 2]),
    (["fc10", "fc2", "fc1"], {}, [2, 1, 0]),
    (["encoder.0", "encoder.2"], {}, [0, 1]),
    (["fc1", "fc2", "out"], {"order": ["fc1", "fc2", "out"]}, [0, 1, 2]),
    (["hidden", "head", "other"], {"order": ["hidden", "head"]}, [0, 1]),
    (["decoder.0", "encoder.2", "encoder.0"], {"order": ["encoder", "decoder"]}, [2, 1, 0]),
    (["decoder.0", "encoder.2", "encoder.0"], {"order": ("encoder.2.", "decoder.0")}, [1, 0]),
    (["actor.0", "actor.2", "critic.0", "critic.2"], {"prefix": "actor"}, [0, 1]),
    (["actor.0", "actor.2", "critic.0", "critic.2"], {"prefix": "critic."}, [2, 3]),
    (["net.pi.0", "net.v.0", "net.pi.2"], {"prefix": "net.pi"}, [0, 2]),
    (["net.body", "net.head", "old.body"],
     {"prefix": "net", "order": ["net.body", "net.head"]}, [0, 1]),
    (["actor1.0", "actor.0"], {"prefix": "actor"}, [1])])
def test_which_layers_in_which_order(read, names, options, expected):
    net = read(tensors(*names), activations=["relu"] * len(expected), **options)
    assert numbers_of(net) == expected


def test_biases_and_other_tensors(read):
    held = {**tensors("pi.0", "pi.2"), "pi.0.bias": np.array([3, 4], np.float32),
            "log_std": square(9), "vf.running_mean": square(9)}
    net = read(held, activations=["tanh", "linear"], prefix="pi")
    assert net.layers[0].bias.tolist() == [3, 4] and net.layers[1].bias.tolist() == [0, 0]
    assert [layer.activation for layer in net.layers] == ["tanh", "identity"]
    assert net.classes_ is None


@pytest.mark.parametrize(("options", "message"), [
    ({}, "'body.weight' and 'head.weight' do not say by a number which comes first: give order="),
    ({"prefix": "tail"}, "prefix: it has no tensor below 'tail', but below 'body', 'head'"),
    ({"order": ["body", "tail"]}, "order: it has no tensor below 'tail', but below 'body', 'head'"),
    ({"order": ["body", "body"]}, "order names the layer 'body' twice"),
    ({"order": "body"}, "order must be a sequence of names of layers, got 'body'"),
    ({"order": 3}, "order must be a sequence of names of layers, got 3"),
    ({"order": [1]}, "order must hold names, got 1"),
    ({"prefix": 1}, "prefix must hold names, got 1"),
    ({"order": []}, "there must be one activation for each of the 0 layers, got 2: ['relu', "
                    "'relu']"),
    ({"order": ["body"]}, "there must be one activation for each of the 1 layers, got 2: ['relu', "
                          "'relu']")])
def test_refused(options, message):
    with raises(ValueError, message):
        load(tensors("body", "head"), activations=["relu", "relu"], **options)


def test_groups_that_have_no_order():
    with raises(ValueError, "'net.a.weight' and 'net.b.weight' do not say by a number which comes "
                            "first: give the layers in 'net' one by one in order="):
        load(tensors("net.a", "net.b", "x"), activations=["relu"] * 2, order=["net"])


def test_batch_normalization_says_what_to_do():
    held = {**tensors("0", "2"), "1.running_mean": np.ones(2, np.float32)}
    with raises(ValueError, "tensor '1.running_mean' is not the weight or bias of a linear layer: "
                            "it belongs to a batch normalization, whose eps is not here; give the "
                            "module to Network.from_torch"):
        load(held, activations=["relu"] * 2)


def test_activations_are_needed():
    with raises(ValueError, "it does not name its activations: give activations=, one for each of "
                            "its 2 layers"):
        load(tensors("0", "2"))


def test_a_file_that_names_its_activations(folder):
    pytest.importorskip("safetensors", reason="needs safetensors")
    from mathwork.nn import Network

    Network.he((2, 3, 1), rng=0).save("net.safetensors")
    for options, given in (({"prefix": "0"}, "prefix="), ({"order": ["0", "2"]}, "order="),
                           ({"prefix": "0", "activations": []}, "activations= and prefix=")):
        with raises(ValueError, "net.safetensors: it names its activations itself, so "
                                f"{given} must not be given"):
            load("net.safetensors", **options)
    Network.he((2, 1), rng=0).save("net.npz")
    with raises(ValueError, "prefix and order are for .safetensors files, 'net.npz' holds its own"):
        load("net.npz", prefix="a", order=["b"])


@pytest.mark.parametrize(("held", "message"), [
    ({"state_dict": {}, "epoch": 3}, "a state_dict holds tensors by name, got a dict that holds "
                                     "the dict 'state_dict': give that one"),
    ({"epoch": 3}, "a state_dict holds tensors by name, got 'epoch' for a int"),
    ({3: square(1)}, "a state_dict holds tensors by name, got 3 for a ndarray")])
def test_what_is_no_state_dict(held, message):
    with raises(TypeError, message):
        load(held, activations=["relu"])
    with pytest.raises(TypeError, match=r"tensor '0\.weight' must hold real numbers"):
        load({"0.weight": np.array([["a"]])}, activations=["relu"])


def test_of_pytorch(rng):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn
    torch.manual_seed(0)
    module = nn.Sequential(collections.OrderedDict(
        body=nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 4), nn.ReLU()),
        head=nn.Linear(4, 2)))
    x = rng.normal(size=(20, 5)).astype(np.float32)
    expected = module(torch.tensor(x)).detach().numpy()
    options = {"order": ["body", "head"], "activations": ["tanh", "relu", "linear"]}
    net = load(module.state_dict(), **options)
    np.testing.assert_allclose(net(x), expected, rtol=1e-5, atol=1e-6)
    for kind, dtype in ((torch.bfloat16, "f4"), (torch.float16, "f4"), (torch.float64, "f8")):
        state = module.to(kind).state_dict()
        net = load(state, **options)
        assert net.dtype == dtype
        assert same_bits(net.layers[0].weight, state["body.0.weight"].to(
            getattr(torch, net.dtype.name)).numpy())
    assert load(module.state_dict(), dtype=np.float32, **options).dtype == np.float32
    with pytest.raises(ValueError, match=r"tensor '0\.weight' has parameters of dtype torch\.int8"):
        load({"0.weight": torch.ones(2, 2, dtype=torch.int8)}, activations=["relu"])
