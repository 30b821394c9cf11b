"""Networks as .safetensors: PyTorch's names and types, activations, and what is refused."""
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import ACTIVATIONS, raises, same_bits
from raw_files import tensors_of

from mathwork.nn import Dense, Network, load

safetensors = pytest.importorskip("safetensors", reason="the safetensors package is not installed")

NAME = "net.safetensors"
KNOWN = ("identity, relu, sigmoid, tanh, softplus, silu, mish, gelu, selu, gelu_tanh, log_sigmoid, "
         "exp, softsign, hardsigmoid, hardswish, relu6, hardtanh, leaky_relu, elu, celu, clip, "
         "prelu, softmax, log_softmax")


def write(arrays, metadata=None):
    """A file of float32 and float64 arrays in the working directory"""
    types = {np.dtype(np.float32): "F32", np.dtype(np.float64): "F64"}
    Path(NAME).write_bytes(tensors_of(
        {name: (types[array.dtype], array.shape, array.tobytes())
         for name, array in arrays.items()}, metadata))


def write_raw(**tensors):
    """A file of tensors as (type, shape, bytes), with the activation relu for each"""
    Path(NAME).write_bytes(tensors_of(tensors))


def square(number):
    """A weight that tells where it came from"""
    return np.full((2, 2), number, np.float32)


def numbers_of(network):
    return [layer.weight[0, 0] for layer in network.layers]


# ---- there and back ----

def test_what_is_loaded_has_the_bits_of_what_was_saved(folder, dtype, rng):
    net = Network([Dense(rng.normal(size=(4 + i, 3 + i)), rng.normal(size=4 + i), activation)
                   for i, activation in enumerate(ACTIVATIONS)], dtype=dtype)
    net.save(NAME)
    twin = load(NAME)
    assert type(twin) is Network and repr(twin) == repr(net) and twin.dtype == dtype
    for layer, other in zip(net.layers, twin.layers, strict=True):
        assert layer.activation == other.activation
        assert same_bits(layer.weight, other.weight) and same_bits(layer.bias, other.bias)
        assert not other.weight.flags.writeable
    x = rng.normal(size=(20, 3)).astype(dtype)
    assert same_bits(net(x), twin(x))


def test_parameters_of_activations_survive_to_the_last_bit(folder):
    pairs = [("leaky_relu", 0.1), ("elu", 1 / 3), ("elu", 5e-324), ("leaky_relu", -np.inf)]
    Network([Dense([[1.0]], None, pair) for pair in pairs]).save(NAME)
    assert [layer.activation for layer in load(NAME).layers] == pairs
    Network([Dense([[1.0]], None, ("elu", np.nan))]).save(NAME)
    assert np.isnan(load(NAME).layers[0].activation[1])


def test_nan_and_infinity_survive(folder, dtype):
    weight = np.array([[np.nan, np.inf], [-np.inf, -0.0]], dtype)
    Network([Dense(weight)], dtype=dtype).save(NAME)
    assert same_bits(load(NAME).layers[0].weight, weight)


def test_saving_replaces_a_file(folder):
    Path(NAME).write_bytes(b"something else" * 10_000)
    Network.he((3, 4, 2), rng=0).save(NAME)
    assert load(NAME).sizes == (3, 4, 2)


def test_the_file_holds_the_names_of_a_sequential_and_the_activations(folder):
    net = Network([Dense(square(1), None, "tanh"), Dense(square(2), None, ("elu", 0.5)),
                   Dense(square(3))])
    net.save(NAME)
    with safetensors.safe_open(NAME, "numpy") as file:
        assert sorted(file.keys()) == ["0.bias", "0.weight", "2.bias", "2.weight", "4.bias",
                                       "4.weight"]
        assert json.loads(file.metadata()["mathwork.activations"]) == ["tanh", ["elu", 0.5],
                                                                      "identity"]
        assert same_bits(file.get_tensor("2.weight"), net.layers[1].weight)


def test_eleven_layers_keep_their_order(folder):
    net = Network([Dense(square(number)) for number in range(11)])
    net.save(NAME)
    assert numbers_of(load(NAME)) == list(range(11))


# ---- names ----

@pytest.mark.parametrize("prefixes", [
    ["0.", "1.", "2."],
    ["0.", "2.", "10."],
    ["9.", "10.", "100."],
    ["fc1.", "fc2.", "fc10."],
    ["net.0.", "net.2.", "net.10."],
    ["0.0.", "0.2.", "1.0."],
    ["0.10.", "1.2.", "1.10."],
    ["encoder.layers.1.linear2.", "encoder.layers.2.linear1.", "encoder.layers.10.linear1."],
    ["layer01.", "layer02.", "layer10."],
    ["1", "2", "10"],
])
def test_numbers_in_names_say_the_order(folder, prefixes):
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        write({f"{prefixes[index]}weight": square(index) for index in order})
        assert numbers_of(load(NAME, activations=["relu"] * 3)) == [0, 1, 2]


@pytest.mark.parametrize("name", ["", "net.", "model.encoder.linear.", "x"])
def test_one_layer_may_have_any_name(folder, name):
    write({f"{name}weight": square(1), f"{name}bias": np.ones(2, np.float32)})
    assert repr(load(NAME, activations=["relu"])) == "Network(2-2, relu, float32)"


@pytest.mark.parametrize(("first", "second"), [
    ("hidden.", "output."), ("a.1.", "b.2."), ("0.", "head."), ("1.a.", "1.b."),
    ("", "0."), ("1.", "1.0."), ("\u0660.", "\u0661."), ("fc1.", "out2."),
])
def test_an_order_that_no_number_says(folder, first, second):
    write({f"{second}weight": square(1), f"{first}weight": square(1)})
    message = (f"{NAME}: '{first}weight' and '{second}weight' do not say by a number which comes "
               "first: give order=")
    with raises(ValueError, message):
        load(NAME, activations=["relu", "relu"])


def test_equal_numbers_say_no_order(folder):
    write({"0.weight": square(1), "00.weight": square(1)})
    with pytest.raises(ValueError, match="do not say by a number which comes first"):
        load(NAME, activations=["relu", "relu"])


@pytest.mark.parametrize("stray", [
    "1.running_mean", "1.bias", "bias", "0.weight_g", "0.weight.x", "embedding", "0_bias", "0.Bias",
])
def test_strays_are_named(folder, stray):
    write({"0.weight": square(1), stray: square(1)})
    advice = "" if "." not in stray else ": prefix= or order= may choose the layers"
    if "running" in stray:
        advice = (": it belongs to a batch normalization, whose eps is not here; give the module "
                  "to Network.from_torch")
    with raises(ValueError, f"{NAME}: tensor {stray!r} is not the weight or bias of a linear "
                            f"layer{advice}"):
        load(NAME, activations=["relu"])


def test_the_first_of_many_strays_is_named(folder):
    write({name: square(1) for name in ("0.weight", "d", "c", "b", "e")})
    with raises(ValueError, f"{NAME}: tensor 'b' is not the weight or bias of a linear layer"):
        load(NAME, activations=["relu"])


def test_no_layer_at_all(folder):
    write({})
    with raises(ValueError, f"{NAME}: it has no tensor named like '0.weight'"):
        load(NAME, activations=[])


def test_biases_may_be_missing(folder):
    write({"0.weight": square(1), "0.bias": np.array([3, 4], np.float32), "1.weight": square(1)})
    first, second = load(NAME, activations=["relu", "relu"]).layers
    assert first.bias.tolist() == [3, 4] and second.bias.tolist() == [0, 0]


# ---- shapes ----

@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 1), (0, 3), (3, 0)])
def test_weights_that_are_no_matrices(folder, shape):
    write({"fc1.weight": np.ones(shape, np.float32)})
    with raises(ValueError, f"{NAME}: layer of 'fc1.weight': weight must have shape "
                            f"(n_out, n_in), both at least 1, got {shape}"):
        load(NAME, activations=["relu"])


def test_a_bias_that_does_not_fit(folder):
    write({"0.weight": square(1), "0.bias": np.ones(3, np.float32)})
    with raises(ValueError, f"{NAME}: layer of '0.weight': bias must have shape (2,) to match "
                            "weight of shape (2, 2), got (3,)"):
        load(NAME, activations=["relu"])


def test_layers_that_do_not_chain(folder):
    write({"0.weight": square(1), "1.weight": np.ones((2, 3), np.float32)})
    with raises(ValueError, f"{NAME}: layer 1 must take the 2 outputs of layer 0, "
                            "got weight of shape (2, 3)"):
        load(NAME, activations=["relu", "relu"])


# ---- types ----

def decoded(bits, exponent_bits, mantissa_bits):
    """The numbers that IEEE 754 gives to these bits, each computed in float64"""
    sign = np.where(bits >> exponent_bits + mantissa_bits, -1.0, 1.0)
    exponent = (bits >> mantissa_bits) & (1 << exponent_bits) - 1
    mantissa = (bits & (1 << mantissa_bits) - 1) / (1 << mantissa_bits)
    bias = (1 << exponent_bits - 1) - 1
    normal = np.ldexp(1 + mantissa, exponent - bias)
    numbers = np.where(exponent == 0, np.ldexp(mantissa, 1 - bias), normal)
    special = np.where(mantissa == 0, np.inf, np.nan)
    return sign * np.where(exponent == (1 << exponent_bits) - 1, special, numbers)


@pytest.mark.parametrize(("kind", "exponent_bits", "mantissa_bits"), [
    ("F16", 5, 10), ("BF16", 8, 7)])
@pytest.mark.parametrize("dtype", [None, np.float64])
def test_every_16_bit_number_is_widened_exactly(folder, kind, exponent_bits, mantissa_bits, dtype):
    bits = np.arange(1 << 16).reshape(256, 256)
    expected = decoded(bits, exponent_bits, mantissa_bits)
    raw = bits.astype("<u2").tobytes()
    write_raw(**{"0.weight": (kind, [256, 256], raw), "0.bias": (kind, [256], raw[:512])})
    net = load(NAME, activations=["relu"], dtype=dtype)
    layer, = net.layers
    assert net.dtype == (dtype or np.float32)
    for array, numbers in ((layer.weight, expected), (layer.bias, expected[0])):
        with np.errstate(invalid="ignore"):         # signalling NaN
            np.testing.assert_array_equal(array.astype(np.float64), numbers)
        assert (np.signbit(array) == np.signbit(numbers))[~np.isnan(numbers)].all()


@pytest.mark.parametrize(("kinds", "dtype"), [
    (["F32"], "float32"), (["F64"], "float64"), (["F16"], "float32"), (["BF16"], "float32"),
    (["F32", "F64"], "float64"), (["F16", "BF16"], "float32"), (["BF16", "F64"], "float64"),
])
def test_the_network_has_the_widest_type_of_the_file(folder, kinds, dtype):
    one = {"F16": b"\x00\x3c", "BF16": b"\x80\x3f", "F32": np.float32(1).tobytes(),
           "F64": np.float64(1).tobytes()}
    write_raw(**{f"{index}.weight": (kind, [1, 1], one[kind]) for index, kind in enumerate(kinds)})
    net = load(NAME, activations=["identity"] * len(kinds))
    assert net.dtype == dtype and numbers_of(net) == [1] * len(kinds)


def test_dtype(folder, rng):
    wide = Network([Dense(rng.normal(size=(2, 2)))], dtype=np.float64)
    wide.save(NAME)
    assert same_bits(load(NAME, dtype=np.float64).layers[0].weight, wide.layers[0].weight)
    narrow = load(NAME, dtype="float32")
    assert same_bits(narrow.layers[0].weight, wide.layers[0].weight.astype(np.float32))
    narrow.save(NAME)
    assert load(NAME).dtype == np.float32
    assert same_bits(load(NAME, dtype=np.float64).layers[0].weight,
                     narrow.layers[0].weight.astype(np.float64))
    with raises(TypeError, "dtype must be float32 or float64, got int64"):
        load(NAME, dtype=np.int64)


@pytest.mark.parametrize(("kind", "size"), [
    ("BOOL", 1), ("I8", 1), ("U8", 1), ("I16", 2), ("I32", 4), ("I64", 8), ("F8_E4M3", 1),
    ("F8_E5M2", 1),
])
def test_other_types(folder, kind, size):
    write_raw(**{"0.weight": (kind, [2, 2], bytes(4 * size))})
    with raises(ValueError, f"{NAME}: tensor '0.weight' is {kind}; known are F64, F32, F16, BF16"):
        load(NAME, activations=["relu"])


# ---- activations ----

@pytest.mark.parametrize("activations", [
    ["relu", ("elu", 0.5)], ("relu", ["elu", 0.5]), iter(["relu", ("elu", 0.5)])])
def test_activations_may_be_given(folder, activations):
    write({"0.weight": square(1), "1.weight": square(2)})
    assert [layer.activation for layer in load(NAME, activations=activations).layers] == [
        "relu", ("elu", 0.5)]


def test_activations_are_missing(folder):
    write({"0.weight": square(1), "1.weight": square(2)}, {"format": "pt"})
    with raises(ValueError, f"{NAME}: it does not name its activations: give activations=, one "
                            "for each of its 2 layers"):
        load(NAME)


def test_activations_are_there_twice(folder):
    Network([Dense(square(1), None, "relu")]).save(NAME)
    with raises(ValueError, f"{NAME}: it names its activations itself, so activations= must not "
                            "be given"):
        load(NAME, activations=["relu"])


@pytest.mark.parametrize(("activations", "reason"), [
    ("relu", "activations must be a sequence with one for each layer, got 'relu'"),
    (3, "activations must be a sequence with one for each layer, got 3"),
    ([], "there must be one activation for each of the 1 layers, got 0: []"),
    (["relu", "relu"],
     "there must be one activation for each of the 1 layers, got 2: ['relu', 'relu']"),
    (["rleu"], f"layer of '0.weight': activation must be one of {KNOWN}, got 'rleu'"),
    ([None], f"layer of '0.weight': activation must be one of {KNOWN}, got None"),
    ([("relu", 1)],
     "layer of '0.weight': activation relu takes no parameter, got ('relu', 1)"),
    ([("elu", "1")],
     "layer of '0.weight': activation elu takes one real parameter, got ('elu', '1')"),
])
def test_activations_that_do_not_fit(folder, activations, reason):
    write({"0.weight": square(1)})
    with raises(ValueError, f"{NAME}: {reason}"):
        load(NAME, activations=activations)


@pytest.mark.parametrize("text", ["relu", '"relu"', "null", "{}", '{"relu": 1}', "", "[", "1"])
def test_metadata_that_is_no_list(folder, text):
    write({"0.weight": square(1)}, {"mathwork.activations": text})
    with raises(ValueError, f"{NAME}: mathwork.activations in its metadata must be a JSON list, "
                            f"got {text!r}"):
        load(NAME)


# ---- PyTorch ----

def test_a_state_dict_of_pytorch(folder, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from safetensors.torch import save_file

    nn = torch.nn
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(5, 12), nn.Tanh(), nn.Sequential(
        nn.Linear(12, 7, bias=False), nn.SiLU()), *[nn.Linear(7, 7) for _ in range(8)], nn.ReLU())
    save_file(module.state_dict(), NAME)
    net = load(NAME, activations=["tanh", "silu", *["identity"] * 7, "relu"])
    x = rng.normal(size=(20, 5)).astype(np.float32)
    expected = module(torch.from_numpy(x)).detach().numpy()
    # Ten layers of at most 12 terms each, of numbers around 1.
    np.testing.assert_allclose(net(x), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float64"])
def test_other_types_of_pytorch(folder, name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from safetensors.torch import save_file

    torch.manual_seed(0)
    module = torch.nn.Linear(33, 21).to(getattr(torch, name))
    save_file(module.state_dict(), NAME)
    net = load(NAME, activations=["identity"])
    expected = module.weight.detach().double().numpy()
    assert net.dtype == (np.float64 if name == "float64" else np.float32)
    np.testing.assert_array_equal(net.layers[0].weight.astype(np.float64), expected)


def test_pytorch_loads_what_is_saved(folder, dtype, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from safetensors.torch import load_file

    net = Network.he((6, 15, 9, 4), activation="tanh", output="sigmoid", dtype=dtype, rng=0)
    net.save(NAME)
    nn = torch.nn
    module = nn.Sequential(nn.Linear(6, 15), nn.Tanh(), nn.Linear(15, 9), nn.Tanh(),
                           nn.Linear(9, 4), nn.Sigmoid()).to(getattr(torch, dtype.name))
    module.load_state_dict(load_file(NAME))         # strict: every name has its place
    x = rng.normal(size=(20, 6)).astype(dtype)
    np.testing.assert_allclose(module(torch.from_numpy(x)).detach().numpy(), net(x),
                               rtol=1e3 * np.finfo(dtype).eps)


# ---- where ----

def test_a_file_that_is_not_there(folder):
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        load("none.safetensors")
    with pytest.raises(FileNotFoundError):
        Network([Dense(square(1))]).save("no folder/net.safetensors")


def test_without_the_package(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    Path(NAME).write_bytes(b"")
    with raises(ImportError, "to read a .safetensors file, mathwork needs safetensors: "
                             "pip install safetensors"):
        load(NAME)
    monkeypatch.delitem(sys.modules, "safetensors.numpy", raising=False)
    with raises(ImportError, "to write a .safetensors file, mathwork needs safetensors: "
                             "pip install safetensors"):
        Network([Dense(square(1))]).save(NAME)
    assert Path(NAME).read_bytes() == b""


# ---- prelu ----

def test_slopes_are_where_pytorch_has_them(folder, dtype):
    net = Network([Dense(square(2), None, ("prelu", [0.5, 0.25])), Dense(square(2))], dtype=dtype)
    net.save(NAME)
    from safetensors.numpy import load_file
    arrays = load_file(NAME)
    assert sorted(arrays) == ["0.bias", "0.weight", "1.weight", "2.bias", "2.weight"]
    assert arrays["1.weight"].tolist() == [0.5, 0.25] and arrays["1.weight"].dtype == dtype
    assert load(NAME).layers[0].activation == ("prelu", (0.5, 0.25))


def test_slopes_of_a_state_dict(folder):
    from safetensors.numpy import save_file
    weight = square(2)
    for slopes, wanted in (([0.5, 0.25], (0.5, 0.25)), ([0.5], (0.5, 0.5))):
        save_file({"0.weight": weight, "1.weight": np.array(slopes, weight.dtype),
                   "2.weight": weight}, NAME)
        net = load(NAME, activations=["prelu", "relu"])
        assert [layer.activation for layer in net.layers] == [("prelu", wanted), "relu"]
        with raises(ValueError, f"{NAME}: the weight after '0.weight' has shape "
                                f"({len(slopes)},), like slopes of prelu, but the activation "
                                "there is 'relu'"):
            load(NAME, activations=["relu", "relu"])
    save_file({"0.weight": weight, "2.weight": weight}, NAME)
    with pytest.raises(ValueError, match="activation prelu takes its slopes"):
        load(NAME, activations=["prelu", "relu"])
