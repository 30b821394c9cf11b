"""ONNX graphs as other people write them: read, and the same numbers as ONNX Runtime."""
import itertools
from pathlib import Path

import numpy as np
import pytest
from command_line import output_of
from helpers import every_activation, raises, same_bits, three_of
from onnx_models import model, node, onnx, run, tensor, value
from random_networks import assert_agrees, random_rows

from mathwork.nn import Dense, LayerNorm, Network, Residual, RMSNorm, load

runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "models"


def outputs_of(made, x, names):
    """What ONNX Runtime gives for one input, and zeros for the others"""
    session = runtime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = {each.name: np.zeros([length if isinstance(length, int) else len(x)
                                  for length in each.shape], np.float32)
             for each in session.get_inputs()}
    return session.run(names, feeds | x)


# ---- files ----

# The input and the output to read, where there is a choice.
CHOICES = {"certificate_and_controller.onnx": [
    ("input_1", "output_1"), ("input_1", "output_2"), ("input_2", "output_3")],
    "two_branches.onnx": [("X", "Y"), ("X", "add1")]}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the models are not in ../shared/models")
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.onnx")), ids=lambda path: path.name)
def test_files_of_other_people(rng, path):
    made = onnx.load(path)
    for given, wanted in CHOICES.get(path.name, [(None, None)]):
        net = load(path, inputs=given, outputs=wanted)
        kept = {each.name for each in made.graph.initializer}
        entry = next(each for each in made.graph.input if each.name not in kept
                     and given in (None, each.name))
        shape = [dim.dim_value or 1 for dim in entry.type.tensor_type.shape.dim]
        x = rng.normal(size=shape).astype(np.float32)
        y, = outputs_of(made, {entry.name: x}, [wanted or made.graph.output[0].name])
        result = net(x.reshape(-1, net.sizes[0])).ravel()
        np.testing.assert_allclose(result, y.ravel(), 0, 1e-5 * abs(y).max())


# ---- graphs ----

W, V = (np.random.default_rng(0).normal(size=shape).astype(np.float32)
        for shape in ((4, 5), (5, 5)))
CONSTANTS = {
    "w": W, "v": V, "b": V[0], "c": W[:, 0], "row": W[:, :1].T, "two": np.float32(2),
    "half": np.float32(0.5), "six": np.float32(6), "three": np.float32(3), "one": np.float32(1),
    "zero": np.float32(0), "slope": abs(V[1]), "vT": V.T.copy(), "positive": abs(V[2]) + 1,
    "root": np.float32(2**-0.5), "flat": V.reshape(1, 25), "to55": np.array([5, 5]),
    "last": np.array([-1]), "first": np.array([0]), "second": np.array([1]),
    "end": np.array([3]), "rows": np.array([0, -1]), "pads": np.array([0, 1, 0, 0]),
    "some": np.array([3, 1, 1, 0, 2]), "tail": np.zeros((1, 1), np.float32), "eps": np.float32(0.1)}
GEMM = node("Gemm", "x w b", "h")
GRAPHS = {
    "shift and scale": [node("Sub", "x c", "d"), node("Div", "d c", "e"), node("Gemm", "e w", "y")],
    "a constant less x": [node("Sub", "c x", "d"), node("Gemm", "d w", "h"),
                          node("Sub", "one h", "y")],
    "columns": [node("Mul", "x c", "d"), GEMM,
                node("Mul", "h b", "e"), node("Relu", "e", "f"), node("Add", "b f", "y")],
    "batch normalisation": [GEMM, node("BatchNormalization", "h b v0 b positive", "n"),
                            node("Relu", "n", "y")],
    "weights on their way": [node("Reshape", "flat to55", "r"), node("Transpose", "r", "t"),
                             node("Cast", "t", "k", to=1), node("Squeeze", "k", "s"),
                             GEMM, node("MatMul", "h s", "y")],
    "moved numbers": [node("Slice", "x first end second", "s"),
                      node("Gather", "x some", "g", axis=1),
                      node("Pad", "g pads", "p"),
                      node("Concat", "s p", "k", axis=1),
                      node("Gather", "k some", "m", axis=1), node("MatMul", "m v", "y")],
    "shapes that are computed": [
        node("Shape", "x", "s"), node("Gather", "s first", "n"),
        node("Concat", "n last", "t", axis=0),
        node("Reshape", "x t", "r"), node("Gemm", "r w", "y")],
    "a constant behind": [node("Shape", "x", "s"), node("Slice", "s first second", "n"),
                          node("Concat", "n second", "t", axis=0), node("Expand", "tail t", "k"),
                          node("Concat", "x k", "m", axis=1), node("MatMul", "m v", "y")],
    "nodes out of order": [node("Relu", "h", "y"), GEMM],
    "branches": [GEMM, node("Relu", "h", "r"), node("MatMul", "r v", "p"), node("Relu", "p", "q"),
                 node("MatMul", "r vT", "s"), node("Relu", "s", "t"), node("Add", "q t", "u"),
                 node("Sub", "u h", "y")],
    "a residual": [GEMM, node("Gemm", "h v", "p"), node("Tanh", "p", "t"), node("Add", "t h", "u"),
                   node("Relu", "u", "r"), node("MatMul", "r v", "y")],
    "layer normalisation": [GEMM, node("LayerNormalization", "h b slope", "n", axis=-1),
                            node("Tanh", "n", "y")],
    "gelu with erf": [GEMM, node("Mul", "h root", "p"), node("Erf", "p", "e"),
                      node("Add", "one e", "f"), node("Mul", "h f", "g"),
                      node("Mul", "half g", "y")],
    "softplus": [GEMM, node("Exp", "h", "e"), node("Add", "e one", "f"), node("Log", "f", "y")],
    "log-sigmoid": [GEMM, node("Neg", "h", "m"), node("Exp", "m", "e"), node("Add", "e one", "f"),
                    node("Log", "f", "l"), node("Neg", "l", "y")],
    "softsign": [GEMM, node("Abs", "h", "a"), node("Add", "a one", "f"), node("Div", "h f", "y")],
    "softmax": [GEMM, node("ReduceMax", "h last", "m"), node("Sub", "h m", "d"),
                node("Exp", "d", "e"), node("ReduceSum", "e last", "s"), node("Div", "e s", "y")],
    "hardswish": [GEMM, node("Add", "h three", "p"), node("Clip", "p zero six", "q"),
                  node("Mul", "h q", "r"), node("Div", "r six", "y")],
    "bounds": [GEMM, node("Max", "h half", "p"), node("Min", "p slope", "q"),
               node("Abs", "q", "y")],
    "parametric relu": [GEMM, node("PRelu", "h slope", "y")],
    "less its mean": [GEMM, node("ReduceMean", "h last", "m"), node("Sub", "h m", "y")],
    "a node in training alone": [GEMM, node("Dropout", "h", "y")],
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs(rng, name):
    constants = [tensor(key, array) for key, array in CONSTANTS.items()] + [tensor("v0", V[3])]
    made = model(GRAPHS[name], constants, inputs=[value("x", ("n", 4))])
    if name == "nodes out of order":
        sorted_made = model(GRAPHS[name][::-1], constants, inputs=[value("x", ("n", 4))])
    else:
        sorted_made = made
    x = random_rows(rng, 4, np.float32)
    y = run(sorted_made, x)
    net = Network.from_onnx(made)
    assert net.dtype == np.float32
    np.testing.assert_allclose(net(x), y, 1e-5, 1e-5 * abs(y).max())
    double = Network.from_onnx(made, dtype=np.float64)
    np.testing.assert_allclose(double(x), y, 1e-5, 1e-5 * abs(y).max())


@pytest.mark.parametrize("opset", [6, 7])
def test_old_broadcasting(rng, opset):
    flags = {"broadcast": 1, "axis": 1} if opset == 6 else {}
    made = model([node("Gemm", "x w b", "h", **({"broadcast": 1} if opset == 6 else {})),
                  node("Sub", "h b", "s", **flags), node("Mul", "s v0", "m", **flags),
                  node("Dropout", "m", "d", **({"is_test": 1} if opset == 6 else {})),
                  node("Relu", "d", "y")], {"w": W, "b": V[0], "v0": V[1]}, opset=opset,
                 inputs=[value("x", ("n", 4))])
    x = random_rows(rng, 4, np.float32)
    expected = np.maximum((x.astype(np.float64) @ W + V[0] - V[0]) * V[1], 0)
    np.testing.assert_allclose(Network.from_onnx(made)(x), expected, 1e-5, 1e-5)


def test_a_tensor_of_fixed_shape_may_be_one_sample(rng):
    matrix = rng.normal(size=(3, 4)).astype(np.float32)
    made = model([node("Add", "x m", "a"), node("Relu", "a", "r"), node("MatMul", "r w", "y")],
                 {"m": matrix, "w": W}, inputs=[value("x", (3, 4))])
    net = Network.from_onnx(made)
    assert net.sizes == (12, 12, 15)
    x = rng.normal(size=(3, 4)).astype(np.float32)
    assert_agrees(net, x.reshape(1, 12), run(made, x).reshape(1, 15))


# ---- inputs and outputs ----

def actor_and_critic():
    nodes = [node("Gemm", "obs w", "h"), node("Tanh", "h", "t"), node("MatMul", "t v", "action"),
             node("Relu", "h", "r"), node("MatMul", "r vT", "critic"),
             node("Identity", "state", "state_out"), node("ArgMax", "action", "best")]
    outputs = [value("action"), value("critic"), value("state_out"),
               onnx.helper.make_tensor_value_info("best", onnx.TensorProto.INT64, None)]
    return model(nodes, {"w": W, "v": V, "vT": V.T}, outputs=outputs,
                 inputs=[value("obs", ("n", 4)), value("state", ("n",))])


def test_one_of_several_outputs(rng, folder):
    made = actor_and_critic()
    x = random_rows(rng, 4, np.float32)
    with raises(ValueError, "the ONNX model: it has the outputs ['action', 'critic', 'state_out', "
                            "'best']: name the one to read with outputs="):
        Network.from_onnx(made)
    h = x.astype(np.float64) @ W
    expected = {"action": np.tanh(h) @ V, "critic": np.maximum(h, 0) @ V.T, "t": np.tanh(h)}
    onnx.save(made, "net.onnx")
    for name, y in expected.items():
        for net in (Network.from_onnx(made, outputs=name), load("net.onnx", outputs=[name]),
                    Network.from_onnx("net.onnx", outputs=name, inputs="obs")):
            np.testing.assert_allclose(net(x), y, 1e-5, 1e-5)
    inside = Network.from_onnx(made, inputs="h", outputs="action")
    np.testing.assert_allclose(inside(h), expected["action"], 1e-5, 1e-5)


def test_outputs_that_are_no_network_need_no_choice():
    made = actor_and_critic()
    del made.graph.output[1]
    assert repr(Network.from_onnx(made)) == "Network(4-5-5, tanh-identity, float32)"


def test_several_inputs_and_outputs_are_columns(rng):
    made = model([node("Concat", "a b", "x", axis=1), node("Gemm", "x w", "h"),
                  node("Relu", "h", "r"), node("MatMul", "r v", "y"), node("Neg", "r", "z")],
                 {"w": W, "v": V}, inputs=[value("b", ("n", 1)), value("a", ("n", 3))],
                 outputs=[value("y"), value("z")])
    net = Network.from_onnx(made, inputs=["a", "b"], outputs=["z", "y"])
    x = random_rows(rng, 4, np.float32)
    r = np.maximum(x.astype(np.float64) @ W, 0)
    np.testing.assert_allclose(net(x), np.hstack([-r, r @ V]), 1e-5, 1e-5)
    assert net.sizes == (4, 5, 10)


def test_parts_of_other_files(folder):
    Network.he((2, 3), rng=0).save("net.npz")
    with raises(ValueError, "inputs and outputs are for .onnx files, 'net.npz' holds one chain"):
        load("net.npz", inputs="x", outputs="y")


def test_on_the_command_line(folder):
    onnx.save(actor_and_critic(), "net.onnx")
    np.save("x.npy", np.ones((2, 4)))
    done = output_of("convert", "net.onnx", "net.npz", "--outputs", "critic", "--inputs", "obs")
    assert done == "net.npz: Network(4-5-5, relu-identity, float32)\n"
    output_of("forward", "net.onnx", "x.npy", "--outputs", "action", "-o", "y.npy")
    np.testing.assert_allclose(np.load("y.npy"), np.tanh(np.ones((2, 4)) @ W) @ V, 1e-5, 1e-5)


# ---- writing older opsets ----

@every_activation
@pytest.mark.parametrize("opset", [13, 15, 18, 22])
def test_older_opsets(rng, dtype, activation, opset):
    activations = three_of(activation)
    net = Network([Dense(rng.normal(size=(n_out, n_in)), rng.normal(size=n_out), each)
                   for (n_in, n_out), each in zip(itertools.pairwise((9, 33, 17, 5)), activations,
                                                  strict=True)], dtype=dtype)
    made = net.to_onnx(opset=opset)
    assert made.opset_import[0].version == opset
    onnx.checker.check_model(made, full_check=True)
    x = random_rows(rng, 9, dtype)
    again = Network.from_onnx(made)
    assert repr(again) == repr(net) and same_bits(again(x), net(x))
    y = run(made, x)
    np.testing.assert_allclose(net(x), y, 1e-5, 1e-5 * abs(y).max())


@pytest.mark.parametrize("opset", [13, 17, 20])
def test_norms_and_residuals_come_back(rng, dtype, opset):
    def dense(n, activation):
        return Dense(rng.normal(size=(n, n)), rng.normal(size=n), activation)

    net = Network([dense(6, "identity"), LayerNorm(rng.normal(size=6), rng.normal(size=6), 0.25),
                   dense(6, "tanh"), Residual([RMSNorm(rng.normal(size=6), 0.5), dense(6, "tanh"),
                                               dense(6, "identity")], "relu"),
                   LayerNorm(rng.normal(size=6), None, 0.25, "relu"), dense(6, "sigmoid")],
                  dtype=dtype)
    again = Network.from_onnx(net.to_onnx(opset=opset))
    assert repr(again) == repr(net)
    x = random_rows(rng, 6, dtype)
    assert same_bits(again(x), net(x))


@pytest.mark.parametrize("opset", [12, 0, -1, 1000])
def test_opsets_that_cannot_be_written(opset):
    newest = onnx.defs.onnx_opset_version()
    with raises(ValueError, f"opset must be from 13 to {newest}, the newest that this onnx knows, "
                            f"got {opset}"):
        Network.he((2, 3), rng=0).to_onnx(opset=opset)
    with pytest.raises(TypeError):
        Network.he((2, 3), rng=0).to_onnx(opset=13.0)


@pytest.mark.parametrize("operator", ["Max", "Min"])
@pytest.mark.parametrize("same", ["h", "i"])
def test_the_larger_of_a_value_and_itself(operator, same):
    """Also through a node that leaves it as it is"""
    made = model([node("Relu", "x", "h"), node("Identity", "h", "i"),
                  node(operator, f"h {same}", "y")], inputs=[value("x", ("n", 4))])
    x = np.array([[1, -2, 3, 0]], np.float32)
    np.testing.assert_array_equal(Network.from_onnx(made)(x), np.maximum(x, 0))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64])
def test_images_of_bytes(dtype, rng):
    """Integers that are cast first: what a network of pixels often begins with"""
    weight = rng.normal(size=(12, 3)).astype(np.float32)
    nodes = [node("Cast", "x", "r", to=onnx.TensorProto.FLOAT), node("Div", "r full", "s"),
             node("Flatten", "s", "f"), node("Gemm", "f w", "y")]
    constants = [tensor("full", np.float32(255)), tensor("w", weight)]
    made = model(nodes, constants, inputs=[value("x", ("n", 1, 3, 4), dtype)])
    x = rng.integers(0, 100, (5, 1, 3, 4)).astype(dtype)
    network = Network.from_onnx(made)
    np.testing.assert_allclose(network(x.reshape(5, 12)), run(made, x), rtol=1e-5, atol=1e-6)
    # integers that something else takes are no real numbers
    other = model([*nodes[:-1], node("Mul", "x x", "z"), nodes[-1]], constants,
                  inputs=[value("x", ("n", 1, 3, 4), dtype)])
    with pytest.raises(ValueError, match="its input 'x' has the data type"):
        Network.from_onnx(other)


@pytest.mark.parametrize("shape", [(None, 5), ("f", 1), ("f", "n"), (3, "n")])
def test_columns_of_samples_whose_length_a_matrix_says(shape, rng):
    weight, bias = (rng.normal(size=size).astype(np.float32) for size in ((4, 3), (4, 1)))
    made = model([node("MatMul", "w x", "h"), node("Add", "h b", "y")],
                 [tensor("w", weight), tensor("b", bias)], inputs=[value("x", shape)])
    x = rng.normal(size=(3, shape[1] if isinstance(shape[1], int) else 2)).astype(np.float32)
    np.testing.assert_allclose(Network.from_onnx(made)(x.T).T, run(made, x), rtol=1e-5, atol=1e-6)
