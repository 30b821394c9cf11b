"""Saved networks: equal bits back, and every other file refused with its name."""
import io
import pickle

import numpy as np
import pytest
from helpers import ACTIVATIONS, raises, same_bits
from raw_files import arrays_of, npy_members, npy_of, npz_of, zip_of

from mathwork.nn import Dense, Network, load

KIND = "mathwork.Network 1"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The bytes of a small saved network."""
    path = tmp_path_factory.mktemp("saved") / "net.npz"
    network().save(path)
    return path.read_bytes()


def network(dtype=np.float32):
    return Network.he((3, 4, 2), rng=0, dtype=dtype)


def refuses(path, content):
    """Assert that loading this content is a ValueError that names the file."""
    path.write_bytes(content)
    with pytest.raises(ValueError) as info:
        load(path)
    assert type(info.value) is ValueError
    assert str(info.value).startswith(f"{path} is not a network saved by mathwork: ")


# ---- there and back ----

def test_what_is_loaded_has_the_bits_of_what_was_saved(tmp_path, dtype, rng):
    net = Network([Dense(rng.normal(size=(4 + i, 3 + i)), rng.normal(size=4 + i), activation)
                   for i, activation in enumerate(ACTIVATIONS)], dtype=dtype)
    net.save(tmp_path / "net.npz")
    twin = load(tmp_path / "net.npz")
    assert type(twin) is Network and repr(twin) == repr(net) and twin.dtype == dtype
    for layer, other in zip(net.layers, twin.layers, strict=True):
        assert layer.activation == other.activation
        assert same_bits(layer.weight, other.weight) and same_bits(layer.bias, other.bias)
        assert not other.weight.flags.writeable
    x = rng.normal(size=(20, 3)).astype(dtype)
    assert same_bits(net(x), twin(x))


def test_parameters_of_activations_survive_to_the_last_bit(tmp_path):
    net = Network([Dense([[1.0]], None, ("leaky_relu", 0.1)), Dense([[1.0]], None, ("elu", 1 / 3))])
    net.save(tmp_path / "net.npz")
    assert [layer.activation for layer in load(tmp_path / "net.npz").layers] == [
        ("leaky_relu", 0.1), ("elu", 1 / 3)]


def test_nan_and_infinity_survive(tmp_path, dtype):
    weight = np.array([[np.nan, np.inf], [-np.inf, -0.0]], dtype)
    Network([Dense(weight)], dtype=dtype).save(tmp_path / "net.npz")
    assert same_bits(load(tmp_path / "net.npz").layers[0].weight, weight)


def test_paths_may_be_strings(tmp_path):
    path = str(tmp_path / "net.npz")
    network().save(path)
    assert repr(load(path)) == repr(network())


def test_saving_replaces_a_file(tmp_path):
    path = tmp_path / "net.npz"
    path.write_bytes(b"something else" * 10_000)
    network().save(path)
    assert load(path).sizes == (3, 4, 2)


def test_numpy_reads_the_file_without_pickle(tmp_path):
    net = network()
    net.save(tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as file:
        assert set(file) == set(arrays_of(net))
        for index, layer in enumerate(net.layers):
            assert same_bits(file[f"weight_{index}"], layer.weight)
            assert same_bits(file[f"bias_{index}"], layer.bias)


def test_a_file_written_by_numpy_is_read(tmp_path):
    (tmp_path / "net.npz").write_bytes(npz_of(arrays_of(network())))
    x = np.ones((2, 3))
    assert same_bits(load(tmp_path / "net.npz")(x), network()(x))


# ---- where ----

@pytest.mark.parametrize("name", ["net", "net.npy", "net.npz.gz", "net.h5", ".npz"])
def test_other_suffixes(tmp_path, name):
    message = f"a network's file must end in .npz, .onnx, .safetensors, got {name!r}"
    with raises(ValueError, message):
        network().save(tmp_path / name)
    with raises(ValueError, message):
        load(tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["net.pt", "net.pth", "net.pkl", "pytorch_model.bin"])
def test_pickles_are_not_read(tmp_path, name):
    with raises(ValueError, f"{name!r} holds a pickle, which may run any code: read it with the "
                            "library that wrote it, and give its model or state_dict"):
        load(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.npz"):
        load(tmp_path / "none.npz")
    with pytest.raises(FileNotFoundError):
        network().save(tmp_path / "no folder" / "net.npz")


def test_a_folder(tmp_path):
    (tmp_path / "net.npz").mkdir()
    with pytest.raises(IsADirectoryError):
        load(tmp_path / "net.npz")


# ---- damaged ----

def test_every_truncation(tmp_path, saved):
    for length in range(0, len(saved), 7):
        refuses(tmp_path / "net.npz", saved[:length])


def test_a_changed_byte_is_refused_or_means_nothing(tmp_path, saved):
    path = tmp_path / "net.npz"
    expected = network()(np.ones(3))
    central = saved.find(b"PK\x01\x02")
    for place in (*range(0, central, 11), *range(central, len(saved))):
        damaged = bytearray(saved)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            net = load(path)
        except ValueError as error:
            assert str(error).startswith(f"{path} is not a network saved by mathwork: ")
        else:
            assert same_bits(net(np.ones(3)), expected)


def test_random_bytes(tmp_path, rng):
    for size in (0, 1, 22, 100, 5000):
        refuses(tmp_path / "net.npz", rng.bytes(size))
        refuses(tmp_path / "net.npz", b"PK\x03\x04" + rng.bytes(size))


# ---- foreign ----

def test_other_kinds_of_file(tmp_path):
    path = tmp_path / "net.npz"
    refuses(path, pickle.dumps(network()))
    refuses(path, b"text\n")
    array = io.BytesIO()
    np.save(array, np.ones(3))
    refuses(path, array.getvalue())
    refuses(path, zip_of({}))
    refuses(path, zip_of({"readme.txt": b"hello"}))
    refuses(path, npz_of({"weight_0": np.ones((2, 3))}))
    refuses(path, npz_of({"x": np.ones(3)}))


def test_compressed_arrays(tmp_path):
    refuses(tmp_path / "net.npz", npz_of(arrays_of(network()), np.savez_compressed))
    arrays = arrays_of(network()) | {"zeros": np.zeros(10_000_000)}      # a small bomb
    refuses(tmp_path / "net.npz", npz_of(arrays, np.savez_compressed))


@pytest.mark.parametrize("name", list(arrays_of(network())))
def test_a_missing_array_is_named(tmp_path, name):
    arrays = arrays_of(network())
    del arrays[name]
    path = tmp_path / "net.npz"
    path.write_bytes(npz_of(arrays))
    with raises(ValueError, f"{path} is not a network saved by mathwork: it has no array {name!r}"):
        load(path)


@pytest.mark.parametrize("kind", [
    "mathwork.Network 2", "", "Network", 1, [KIND, KIND], b"mathwork.Network 1", np.nan])
def test_another_kind(tmp_path, kind):
    refuses(tmp_path / "net.npz", npz_of(arrays_of(network()) | {"kind": np.array(kind)}))


@pytest.mark.parametrize(("name", "value"), [
    ("activations", ["relu"]), ("activations", ["relu", "relu", "relu"]), ("activations", "relu"),
    ("activations", ["relu", "rleu"]), ("activations", [1, 2]), ("activations", [b"relu", b"relu"]),
    ("activations", [["relu"], ["relu"]]), ("activations", np.zeros(0, "U4")),
    ("parameters", [0.0]), ("parameters", 0.0), ("parameters", np.zeros((3, 2))),
    ("weight_0", np.ones((4, 3), complex)), ("weight_0", np.ones((4, 3), "U3")),
    ("weight_0", np.ones(12)), ("weight_0", np.ones((0, 3))), ("weight_0", np.ones((4, 3, 1))),
    ("weight_1", np.ones((2, 4), "M8[s]")),
    ("bias_0", np.ones(3)), ("bias_0", np.ones((4, 1))), ("bias_1", np.ones(2, "V4")),
    ("bias_1", np.zeros(2, [("x", "f4")])), ("weight_2", np.ones((2, 2))), ("x", np.ones(3)),
])
def test_arrays_that_make_no_network(tmp_path, name, value):
    refuses(tmp_path / "net.npz", npz_of(arrays_of(network()) | {name: np.array(value)}))


def test_layers_that_do_not_chain(folder):
    path = folder / "net.npz"
    path.write_bytes(npz_of(arrays_of(network()) | {"weight_1": np.ones((2, 5))}))
    with raises(ValueError, "net.npz: layer 1 must take the 4 outputs of layer 0, got weight of "
                            "shape (2, 5)"):
        load("net.npz")


def test_arrays_in_another_layout_are_read(tmp_path):
    net = network()
    for change in (np.asfortranarray, lambda array: array.astype(">f4")):
        arrays = {name: change(array) if array.dtype == np.float32 else array
                  for name, array in arrays_of(net).items()}
        (tmp_path / "net.npz").write_bytes(npz_of(arrays))
        for layer, other in zip(net.layers, load(tmp_path / "net.npz").layers, strict=True):
            assert same_bits(layer.weight, other.weight) and same_bits(layer.bias, other.bias)


def test_dtype(tmp_path):
    path = tmp_path / "net.npz"
    net = network(np.float64)
    net.save(path)
    assert load(path).dtype == np.float64
    assert same_bits(load(path, dtype=np.float32).layers[0].weight,
                     net.layers[0].weight.astype(np.float32))
    load(path, dtype=np.float32).save(path)
    assert load(path).dtype == np.float32 and load(path, dtype=np.float64).dtype == np.float64
    with raises(TypeError, "dtype must be float32 or float64, got int64"):
        load(path, dtype=np.int64)


def test_activations_are_in_the_file(folder):
    network().save("net.npz")
    with raises(ValueError, "activations are for .safetensors files, 'net.npz' holds its own"):
        load("net.npz", activations=["relu", "relu"])


def test_a_bad_parameter(tmp_path):
    for parameters in (np.zeros(2, complex), np.array(["a", "b"])):
        spoilt = {"activations": np.array(["elu", "elu"]), "parameters": parameters}
        refuses(tmp_path / "net.npz", npz_of(arrays_of(network()) | spoilt))


@pytest.mark.parametrize("more", [np.zeros(2), np.zeros((1, 2)), np.array(1.0), np.array(["a"])])
@pytest.mark.parametrize("name", ["relu", "clip", "prelu", "softplus", "elu", "unknown"])
def test_bad_parameters_of_a_layer(tmp_path, name, more):
    if (name, more.shape) == ("clip", (2,)):
        more = np.array([2.0, 1.0])
    spoilt = {"activations": np.array([name, "relu"]), "parameters_0": more}
    if name == "prelu" and more.dtype == float and more.ndim < 2:
        spoilt["parameters_0"] = np.zeros(7)
    refuses(tmp_path / "net.npz", npz_of(arrays_of(network()) | spoilt))


# ---- lying ----

GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), }"


@pytest.mark.parametrize("header", [
    GOOD.replace("4, 3", "4, 30"), GOOD.replace("4, 3", "4, 2"), GOOD.replace("4, 3", "4"),
    GOOD.replace("4, 3", "1000000000000, 3"), GOOD.replace("4, 3", f"{10 ** 30}, {10 ** 30}"),
    GOOD.replace("4, 3", "-4, -3"), GOOD.replace("4, 3", "4, 3.0"), GOOD.replace("4, 3", "4, 0"),
    GOOD.replace("4, 3", f"{2 ** 62}, 4"), GOOD.replace("4, 3", f"0, {10 ** 30}"),
    GOOD.replace("(4, 3)", "12"), GOOD.replace("(4, 3)", "None"), GOOD.replace("(4, 3)", "'4'"),
    GOOD.replace("<f4", "|O"), GOOD.replace("<f4", "O"), GOOD.replace("<f4", "<f8"),
    GOOD.replace("<f4", "nonsense"), GOOD.replace("'<f4'", "7"), GOOD.replace("'<f4'", "None"),
    GOOD.replace("<f4", "|V0"), GOOD.replace("<f4", "<U0"), GOOD.replace("'<f4'", "[('x', '|O')]"),
    GOOD.replace("False", "'no'"), GOOD.replace("'descr'", "'other'"), "{}", "", "[]", "1", "(",
    GOOD.replace("(4, 3)", "(" * 500 + ")" * 500), GOOD + " " * 20_000,
    "__import__('os').abort()", "\x00", GOOD.replace("4, 3", "4L, 3L"),
])
@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_headers_that_lie(tmp_path, header, version):
    refuses(tmp_path / "net.npz", with_header(header, version))


def with_header(header, version):
    """A saved network whose weight_0 has this header before its 48 bytes."""
    return zip_of(npy_members(arrays_of(network()))
                  | {"weight_0.npy": npy_of(header, bytes(48), version)})


def test_the_good_header_is_read(tmp_path):
    # so that what the test above refuses, it refuses for the header
    for version in ((1, 0), (2, 0)):
        (tmp_path / "net.npz").write_bytes(with_header(GOOD, version))
        assert not load(tmp_path / "net.npz").layers[0].weight.any()


@pytest.mark.parametrize("version", [(0, 0), (1, 1), (3, 0), (9, 9)])
def test_other_versions_of_npy(tmp_path, version):
    refuses(tmp_path / "net.npz", zip_of({"kind.npy": npy_of(GOOD, bytes(48), version)}))


def test_members_that_are_no_arrays(tmp_path):
    for raw in (b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x01\x00\xff\xff",
                b"\x93NUMPY\x01\x00\x10\x00{", b"text"):
        refuses(tmp_path / "net.npz", zip_of({"kind.npy": raw}))
    refuses(tmp_path / "net.npz", zip_of({"folder/": b""}))


def test_sizes_beyond_the_file_are_refused_before_they_are_read(tmp_path, saved):
    # The sizes in the central directory, 20 to 28 bytes after each signature, made huge.
    damaged = bytearray(saved)
    place = damaged.find(b"PK\x01\x02")
    while place >= 0:
        damaged[place + 20:place + 28] = b"\xf0\xff\xff\x7f" * 2
        place = damaged.find(b"PK\x01\x02", place + 1)
    refuses(tmp_path / "net.npz", bytes(damaged))
