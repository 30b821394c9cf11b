"""load() and save() of bytes and open files, suffixes in capitals, `format=`."""
import io
import tempfile

import numpy as np
import pytest
from helpers import raises, same_bits

from mathwork.nn import Dense, LayerNorm, Network, Residual, RMSNorm, load
from mathwork.nn.formats import FORMATS

NET = Network.he((4, 8, 2), rng=0)
MIXED = Network([Dense(np.ones((4, 2)) / 3, [1, 2, 3, 4], ("elu", 0.3)),
                 LayerNorm([1, 2, 3, 4], [0.1, 0, 0, 0], 1e-3, "tanh"),
                 Residual([RMSNorm([1, 1, 1, 3], 0.1), Dense(np.eye(4) / 7),
                           Residual([Dense(np.ones((4, 4)), None, "softmax")])], "relu"),
                 Dense(np.ones((1, 4)))], dtype=float)
NEEDS = {"npz": (), "onnx": ("onnx",), "safetensors": ("safetensors",)}
every_format = pytest.mark.parametrize("name", FORMATS.values())


def content_of(net, name):
    for package in NEEDS[name]:
        pytest.importorskip(package)
    memory = io.BytesIO()
    net.save(memory, format=name)
    return memory.getvalue()


def assert_equal(net, other):
    assert repr(net) == repr(other)
    x = np.random.default_rng(0).normal(size=(5, net.sizes[0]))
    assert same_bits(net(x), other(x))


# ---- where it comes from ----

@every_format
def test_bytes(name):
    content = content_of(NET, name)
    for stored in (content, bytearray(content), memoryview(content)):
        for spelling in (name, name.upper(), f".{name}"):
            assert_equal(load(stored, format=spelling), NET)


@every_format
def test_files(name, tmp_path):
    content = content_of(NET, name)
    assert_equal(load(io.BytesIO(content), format=name), NET)
    path = tmp_path / f"net.{name.upper()}"
    with open(path, "wb") as file:
        NET.save(file)                                  # by the file's name
    assert path.read_bytes() == content
    with open(path, "rb") as file:
        assert_equal(load(file), NET)
    with open(path, "rb", buffering=0) as file:
        assert_equal(load(file), NET)
    with tempfile.TemporaryFile() as file:
        file.write(b"before")
        NET.save(file, format=name)
        file.seek(6)
        assert_equal(load(file, format=name), NET)


@every_format
def test_suffixes_in_capitals(name, tmp_path):
    content_of(NET, name)
    for suffix in (name.upper(), name.title()):
        NET.save(tmp_path / f"net.{suffix}")
        assert_equal(load(tmp_path / f"net.{suffix}"), NET)
        assert_equal(load(str(tmp_path / f"net.{suffix}")), NET)


@every_format
def test_a_format_in_place_of_a_suffix(name, tmp_path):
    content_of(NET, name)
    NET.save(tmp_path / "net.bin", format=name)
    assert_equal(load(tmp_path / "net.bin", format=name), NET)
    NET.save(tmp_path / "net", format=name)
    assert_equal(load(tmp_path / "net", format=name), NET)


def test_a_file_that_takes_a_few_bytes_at_a_time():
    class Slow(io.RawIOBase):
        def __init__(self):
            self.taken = b""

        def writable(self):
            return True

        def write(self, content):
            self.taken += bytes(content[:100])
            return min(100, len(content))

    file = Slow()
    NET.save(file, format="npz")
    assert_equal(load(file.taken, format="npz"), NET)


# ---- what is refused ----

def test_no_format():
    message = ": no suffix names the format, so give format=, one of npz, onnx, safetensors"
    with raises(ValueError, f"the bytes{message}"):
        load(b"")
    for call in (load, NET.save):
        with raises(ValueError, f"the file{message}"):
            call(io.BytesIO())
    for format in ("zip", "", 5, b"npz"):
        for call in (lambda format: load(b"", format=format),
                     lambda format: NET.save(io.BytesIO(), format=format)):
            with raises(ValueError, "format must be one of npz, onnx, safetensors, "
                                    f"got {format!r}"):
                call(format)


def test_files_of_text():
    with raises(TypeError, "the file must give bytes, as one that is opened with 'rb' does, "
                           "got str"):
        load(io.StringIO("x"), format="npz")
    with pytest.raises(TypeError, match=r"^the file must take bytes, as one that is opened with "
                                        r"'wb' does: "):
        NET.save(io.StringIO(), format="npz")

    class Nothing:
        def read(self):
            return None

    with raises(TypeError, "the file must give bytes, as one that is opened with 'rb' does, "
                           "got NoneType"):
        load(Nothing(), format="npz")


@pytest.mark.parametrize("source", [None, 5, 1.5, [], object()])
def test_what_is_no_source(source):
    with pytest.raises(TypeError):
        load(source, format="npz")


@every_format
def test_content_that_is_cut_short(name):
    content = content_of(NET, name)
    for end in (0, 1, 10, len(content) // 2, len(content) - 1):
        with pytest.raises(ValueError, match=r"^(the bytes|the file)"):
            load(content[:end], format=name)


# ---- layers of every kind ----

@every_format
def test_layers_of_every_kind(name, tmp_path):
    if name == "onnx":
        pytest.skip("tests/test_norms_onnx.py")
    assert_equal(load(content_of(MIXED, name), format=name), MIXED)
    narrow = Network(MIXED.layers, dtype=np.float32)
    assert_equal(load(content_of(narrow, name), format=name), narrow)


def test_networks_of_dense_layers_keep_their_files():
    with np.load(io.BytesIO(content_of(NET, "npz"))) as file:
        assert file["kind"] == "mathwork.Network 1"
        assert sorted(file) == ["activations", "bias_0", "bias_1", "kind", "parameters",
                                "weight_0", "weight_1"]


def test_names_of_arrays():
    with np.load(io.BytesIO(content_of(MIXED, "npz"))) as file:
        assert file["kind"] == "mathwork.Network 2"
        assert sorted(set(file) - {"kind", "layers"}) == [
            "bias_0", "bias_1", "bias_2.1", "bias_2.2.0", "bias_3", "weight_0", "weight_1",
            "weight_2.0", "weight_2.1", "weight_2.2.0", "weight_3"]
    numpy_format = pytest.importorskip("safetensors.numpy")
    assert sorted(numpy_format.load(content_of(MIXED, "safetensors"))) == [
        "0.bias", "0.weight", "2.bias", "2.weight", "4.0.weight", "4.2.bias", "4.2.weight",
        "4.4.0.bias", "4.4.0.weight", "6.bias", "6.weight"]


ONE = '{"layer": "dense", "activation": "relu"}'


@pytest.mark.parametrize(("text", "message"), [
    ("{", "its description of the layers is not JSON"),
    ("[" * 100_000, "its description of the layers is not JSON"),
    ("5", "its layers must be a list that is not empty, got 5"),
    ("[]", "its layers must be a list that is not empty, got "),
    ("[5]", "layer 0 must be an object with the keys of one of dense, layer_norm, rms_norm, "
            "residual, got 5"),
    ('[{"layer": ["dense"]}]', "layer 0 must be an object with the keys of one of"),
    ('[{"layer": "conv", "activation": "relu"}]', "layer 0 must be an object with the keys of"),
    ('[{"layer": "dense"}]', "layer 0 must be an object with the keys of one of"),
    ('[{"layer": "layer_norm", "activation": "relu"}]', "layer 0 must be an object"),
    ('[{"layer": "rms_norm", "activation": "relu", "eps": "x"}]', "layer 0: eps must be a number"),
    ('[{"layer": "rms_norm", "activation": "relu", "eps": NaN}]',
     "eps must be at least 0 and finite"),
    ('[{"layer": "dense", "activation": 5}]', "activation must be one of"),
    ('[{"layer": "dense", "activation": {"a": 1}}]', "activation must be one of"),
    ('[{"layer": "residual", "activation": "relu", "layers": 1}]', "its layers must be a list"),
    ('[{"layer": "residual", "activation": "relu", "layers": []}]', "its layers must be a list"),
    ('[{"layer": "residual", "activation": "relu", "layers": [' * 40 + ONE + "]}]" * 40,
     "must be an object|residuals may be nested|has no"),
    (f"[{ONE}, {ONE}]", "it has no (array|tensor) "),
    ("[]]", "its description of the layers is not JSON"),
])
@pytest.mark.parametrize("name", ["npz", "safetensors"])
def test_descriptions_that_are_wrong(name, text, message):
    with pytest.raises(ValueError, match=message):
        load(described(name, text, (1.0,) if "rms_norm" in text else ((1.0,),)), format=name)


@pytest.mark.parametrize("name", ["npz", "safetensors"])
def test_arrays_that_belong_to_no_layer(name):
    norm = '{"layer": "rms_norm", "activation": "relu", "eps": 1}'
    with pytest.raises(ValueError, match=r"bias.* belongs to no layer$"):
        load(described(name, f"[{norm}]", np.ones(3)), format=name)


def described(name, text, weight):
    """A file with one weight, one bias and a description of layers"""
    weight, bias = np.array(weight), np.ones(len(weight))
    if name == "npz":
        memory = io.BytesIO()
        np.savez(memory, kind=np.array("mathwork.Network 2"), layers=np.array(text),
                 weight_0=weight, bias_0=bias)
        return memory.getvalue()
    numpy_format = pytest.importorskip("safetensors.numpy")
    return numpy_format.save({"0.weight": weight, "0.bias": bias}, {"mathwork.layers": text})
