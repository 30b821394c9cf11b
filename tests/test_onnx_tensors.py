"""The constants of ONNX models: types and sizes that are refused, and numbers in other files."""
import itertools
import os
from pathlib import Path
from reprlib import repr as short

import numpy as np
import pytest
from helpers import raises, same_bits
from onnx_models import model, node, onnx, refused, tensor, value

from mathwork.nn import Network, load

WEIGHT = np.ones((2, 3))
NUMBERS = np.arange(6, dtype=np.float32)        # 24 bytes


def test_constants_of_another_type():
    known = "known are FLOAT, DOUBLE, FLOAT16, BFLOAT16"
    for array in np.ones((2, 3), np.int64), np.ones((2, 3), bool):
        refused(model([node("Gemm", "x w", "y")], [tensor("w", array)]),
                "node 0 '' (Gemm) takes 'w', which is no constant of real numbers")
    refused(model([node("Gemm", "x w", "y")], [tensor("w", np.ones((2, 3), np.complex64))]),
            f"tensor 'w' has the data type 14; {known}, INT64, INT32, BOOL")
    refused(model([node("Relu", "x", "y")], inputs=[value("x", ("n", 2), np.int32)]),
            f"its input 'x' has the data type 6; {known}")
    refused(model([node("Reshape", "x w", "y")], {"w": WEIGHT}),
            "node 0 '' (Reshape) takes a shape that is no constant of integers")


def test_sparse_initializers():
    made = model([node("Gemm", "x w", "y")], {"w": WEIGHT})
    made.graph.sparse_initializer.add(dims=[2, 3])
    refused(made, "it has sparse initializers, which are not read")


def test_initializers_of_one_name():
    twice = [tensor("w", np.ones((2, 3), np.float32))] * 2
    refused(model([node("Gemm", "x w", "y")], twice), "it has two initializers of one name")


@pytest.mark.parametrize(("dims", "numbers", "reason"), [
    ((2, 3), 5, "declares the shape (2, 3), 24 bytes, but holds 20"),
    ((2, 3), 7, "declares the shape (2, 3), 24 bytes, but holds 28"),
    ((2, 3), 0, "declares the shape (2, 3), 24 bytes, but holds 0"),
    ((), 0, "declares the shape (), 4 bytes, but holds 0"),
    ((10**9, 10**9), 6, "declares the shape (1000000000, 1000000000), 4000000000000000000 bytes, "
                        "but holds 24"),
    ((-2, -3), 6, "has the shape (-2, -3)"),
    ((1,) * 65, 1, "has the shape (1, 1, 1, 1, 1, 1, ...)")])
@pytest.mark.parametrize("raw", [False, True])
def test_tensors_that_hold_other_than_they_declare(dims, numbers, reason, raw):
    numbers = np.ones(numbers, np.float32)
    fields = {"raw_data": numbers.tobytes()} if raw else {"float_data": numbers}
    weight = onnx.TensorProto(name="w", data_type=1, dims=dims, **fields)
    refused(model([node("Gemm", "x w", "y")], [weight]), f"tensor 'w' {reason}")


@pytest.mark.parametrize(("attributes", "reason"), [
    ({}, "holds no tensor of numbers"),
    ({"value_string": "1"}, "holds no tensor of numbers"),
    ({"value": 1.0}, "has an attribute 'value' of the wrong type"),
    ({"value_float": 1}, "has an attribute 'value_float' of the wrong type"),
    ({"value_floats": 1.0}, "has an attribute 'value_floats' of the wrong type")])
def test_constant_nodes(attributes, reason):
    made = model([node("Constant", "", "c", **attributes), node("Gemm", "x w c", "y")],
                 {"w": WEIGHT})
    refused(made, f"node 0 '' (Constant) {reason}")


@pytest.mark.parametrize("perm", [[0, 0], [0], [1, 2], [0, 1, 2], [-1, 0]])
def test_axes_of_constants(perm):
    made = model([node("Transpose", "w", "t", perm=perm), node("Gemm", "x t", "y")],
                 {"w": WEIGHT})
    refused(made, f"node 0 '' (Transpose) has perm {perm} for a tensor of shape (2, 3)")


def test_sizes_of_the_input():
    long = [value("x", (1,) * 65)]
    refused(model([node("Relu", "x", "y")], inputs=long),
            "its input 'x' has the shape (1, 1, 1, 1, 1, 1, ...)")
    refused(model([node("Relu", "x", "y")], inputs=[value("x", ("n", -3))]),
            "its input 'x' has the shape (0, -3)")


def test_networks_larger_than_their_files():
    nodes = [node("Gemm", "x w", "h"), node("Relu", "h", "a"), node("Tanh", "a", "y")]
    refused(model(nodes, {"w": np.ones((2, 5000))}, inputs=[value("x", ("n", 2))]),
            "the network would need more than 16777216 parameters beside those that its source "
            "holds")
    refused(model([node("Relu", "x", "y")], inputs=[value("x", ("n", 10**12))]),
            "its input 'x' has samples of more than 4194304 numbers")


@pytest.mark.parametrize("operator", [None, "Identity", "Transpose"])
def test_weights_that_are_used_again_and_again(operator):
    names = ["x", *map(str, range(9)), "y"]         # ten products of 2.25 million numbers each
    nodes = []
    for index, (before, after) in enumerate(itertools.pairwise(names)):
        weight = "w"
        if operator:
            weight = f"w{index}"
            nodes.append(node(operator, "w", weight))
        nodes.append(node("MatMul", f"{before} {weight}", after))
    refused(model(nodes, {"w": np.ones((1500, 1500))}),
            "the network would need more than 16777216 parameters beside those that its source "
            "holds")


# ---- numbers in other files ----

def outside(name, dims=(2, 3), kind=onnx.TensorProto.FLOAT, **entries):
    """A tensor that keeps its numbers in another file"""
    result = onnx.TensorProto(name=name, data_type=kind, dims=dims,
                              data_location=onnx.TensorProto.EXTERNAL)
    for key, text in entries.items():
        result.external_data.add(key=key, value=str(text))
    return result


def save_model(**entries):
    """net.onnx in the working directory, with its weight in another file"""
    made = model([node("Gemm", "x w", "y")], [outside("w", **entries)])
    Path("net.onnx").write_bytes(made.SerializeToString())


def refuses(reason, **entries):
    save_model(**entries)
    with raises(ValueError, f"net.onnx: tensor 'w'{reason}"):
        load("net.onnx")
    with raises(ValueError, f"net.onnx: tensor 'w'{reason}"):
        Network.from_onnx("net.onnx")


@pytest.fixture
def numbers(folder):
    """A folder with the numbers of a weight in it, and in folders around it"""
    home = folder / "home"
    for place in home, home / "data", folder, folder / "homely":
        place.mkdir(exist_ok=True)
        (place / "numbers").write_bytes(NUMBERS.tobytes())
    os.chdir(home)
    return home


@pytest.mark.parametrize("entries", [
    {"location": "numbers"}, {"location": "numbers", "offset": 0, "length": 24},
    {"location": "./numbers"}, {"location": "data/numbers"}, {"location": "data/../numbers"},
    {"location": "../home/numbers"}, {"location": "numbers", "checksum": "unknown"}])
def test_numbers_in_another_file(numbers, monkeypatch, entries):
    save_model(**entries)
    weight = NUMBERS.reshape(2, 3).T
    assert same_bits(load("net.onnx").layers[0].weight, weight)
    monkeypatch.chdir(numbers.parent)
    for path in "home/net.onnx", numbers / "net.onnx":
        assert same_bits(Network.from_onnx(path).layers[0].weight, weight)


def test_a_part_of_another_file(numbers):
    Path("numbers").write_bytes(b"before" + NUMBERS.tobytes() + b"after")
    save_model(location="numbers", offset=6, length=24)
    assert same_bits(load("net.onnx").layers[0].weight, NUMBERS.reshape(2, 3).T)


@pytest.mark.parametrize("one_file", [False, True])
def test_what_onnx_writes_beside_a_model(folder, rng, dtype, one_file):
    net = Network.he((5, 6, 7), output=("elu", 0.3), rng=rng, dtype=dtype)
    onnx.save(net.to_onnx(), "net.onnx", save_as_external_data=True, size_threshold=0,
              all_tensors_to_one_file=one_file, location="numbers" if one_file else None)
    assert len(list(folder.iterdir())) > 2 or one_file
    again = load("net.onnx")
    assert repr(again) == repr(net)
    for layer, other in zip(net.layers, again.layers, strict=True):
        assert same_bits(layer.weight, other.weight) and same_bits(layer.bias, other.bias)


@pytest.mark.parametrize("location", ["../numbers", "data/../../numbers", "../homely/numbers",
                                      ".."])
def test_files_outside_the_folder(numbers, location):
    refuses(f": {location!r} is not in the folder of the model", location=location)


def test_absolute_paths(numbers):
    location = str(numbers.parent / "numbers")
    refuses(f": {short(location)} is not in the folder of the model", location=location)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links(numbers):
    Path("link").symlink_to("data/numbers")
    save_model(location="link")
    assert load("net.onnx").sizes == (2, 3)
    Path("out").symlink_to("../numbers")
    refuses(": 'out' is not in the folder of the model", location="out")
    Path("folder").symlink_to("..")
    refuses(": 'folder/numbers' is not in the folder of the model", location="folder/numbers")


@pytest.mark.parametrize("location", ["none", "data", ".", "", "data/none", "numbers/none"])
def test_what_is_no_file(numbers, location):
    refuses(f": {location!r} is not a file in the folder of the model", location=location)


def test_no_location(numbers):
    refuses(": '' is not a file in the folder of the model")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe(numbers):
    os.mkfifo("pipe")
    refuses(": 'pipe' is not a file in the folder of the model", location="pipe")


def test_a_name_that_no_file_can_have(numbers):
    save_model(location="numbers\0")
    with pytest.raises(ValueError):
        load("net.onnx")


@pytest.mark.parametrize(("offset", "length"), [
    (4, 24), (24, 24), (10**30, 24), (-4, 24), (0, 20), (0, 28), (0, -24), (0, 0), (4, 20)])
def test_places_beyond_the_file(numbers, offset, length):
    refuses(f" needs 24 bytes, and names {length} from {offset} on in a file of 24",
            location="numbers", offset=offset, length=length)


@pytest.mark.parametrize("entry", ["offset", "length"])
@pytest.mark.parametrize("text", ["", "four", "4.0", "9" * 5000])
def test_places_that_are_no_integers(numbers, entry, text):
    refuses(": offset and length of its numbers must be integers", location="numbers",
            **{entry: text})


def test_a_file_that_is_too_short(numbers):
    Path("numbers").write_bytes(bytes(20))
    refuses(" needs 24 bytes, and names 24 from 0 on in a file of 20", location="numbers")
    refuses(" needs 4000000000000 bytes, and names 4000000000000 from 0 on in a file of 20",
            location="numbers", dims=(10**6, 10**6))


def test_tensors_that_share_the_bytes_of_a_file(numbers):
    weights = [outside(name, dims, location="numbers", offset=offset)
               for name, dims, offset in (("w", (2, 2), 0), ("v", (2, 2), 8))]
    made = model([node("Gemm", "x w", "h"), node("Gemm", "h v", "y")], weights)
    Path("net.onnx").write_bytes(made.SerializeToString())
    with raises(ValueError, "net.onnx: tensor 'v' needs 16 bytes, and names 16 from 8 on in a file "
                            "of 24"):
        load("net.onnx")


def test_models_in_memory_have_no_other_files(numbers):
    made = model([node("Gemm", "x w", "y")], [outside("w", location="numbers")])
    refused(made, "tensor 'w' keeps its numbers in another file: give the model's path")


def test_a_flag_in_another_file_may_be_true(numbers):
    flag = outside("t", (), onnx.TensorProto.BOOL, location="numbers")
    made = model([onnx.helper.make_node("Dropout", ["x", "", "t"], ["y"])], [flag])
    refused(made, "tensor 't' keeps its numbers in another file: give the model's path")
