"""Networks from ONNX models and to them: the same results as other runtimes, equal bits back."""
import io
import itertools
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from helpers import ACTIVATIONS, every_activation, raises, same_bits, three_of
from onnx_models import RandomModel, evaluate, model, node, onnx, run, tensor, value
from random_networks import assert_agrees, random_layer, random_network, random_rows

from mathwork.nn import Dense, Network, load


def runtime_errors(dtype):
    """The absolute error of what ONNX Runtime computes as if small numbers did not count"""
    eps = np.finfo(dtype).eps
    return {"sigmoid": lambda z: eps, "silu": lambda z: eps * abs(z),
            "log_sigmoid": lambda z: eps * np.exp(-np.clip(z, -700, 0))}    # log(sigmoid(z))


def network(rng, sizes, activations, dtype):
    return Network([Dense(*random_layer(rng, n_in, n_out, dtype), activation)
                    for (n_in, n_out), activation in zip(itertools.pairwise(sizes), activations,
                                                         strict=True)], dtype=dtype)


def assert_same(net, other):
    """Equal bits and equal activations"""
    assert repr(net) == repr(other) and net.dtype == other.dtype
    for layer, twin in zip(net.layers, other.layers, strict=True):
        assert layer.activation == twin.activation
        assert same_bits(layer.weight, twin.weight) and same_bits(layer.bias, twin.bias)


# ---- reading ----

@pytest.mark.parametrize("number", range(100))
def test_random_models(rng, dtype, number):
    made = RandomModel(rng, dtype)
    onnx.checker.check_model(made.model, full_check=True)
    net = Network.from_onnx(made.model)
    assert net.sizes[0] == made.n_in and net.dtype == dtype
    x = random_rows(rng, made.n_in, dtype)
    y = run(made.model, x.T if made.columns_in else x)
    assert_agrees(net, x, y.T if made.columns_out else y, runtime_errors(dtype))


def test_activations_alone_become_layers_with_the_identity_matrix(rng, dtype):
    alone = model([node("Relu", "x", "a"), node("Softmax", "a", "y")], dtype=dtype,
                  inputs=[value("x", ("n", 5), dtype)])
    net = Network.from_onnx(alone)
    assert repr(net) == f"Network(5-5-5, relu-softmax, {dtype})"
    assert all(same_bits(layer.weight, np.eye(5, dtype=dtype)) for layer in net.layers)
    x = random_rows(rng, 5, dtype)
    assert_agrees(net, x, run(alone, x))


@pytest.mark.parametrize(("flatten", "shape"), [
    (node("Flatten", "x", "flat"), ("n", 3, 4)), (node("Flatten", "x", "flat"), (2, 3, 2, 2)),
    (node("Flatten", "x", "flat", axis=-1), ("n", 12)),
    (node("Reshape", "x shape", "flat"), ("n", 3, 4)),
    (node("Reshape", "x shape", "flat", allowzero=1), (2, 3, 4))])
@pytest.mark.parametrize("before", [[], ["Relu"]])
def test_samples_of_more_dimensions_become_rows(rng, flatten, shape, before):
    weight = rng.normal(size=(5, 12)).astype(np.float32)
    nodes = [node(name, "x", "a") for name in before]
    nodes += [onnx.NodeProto.FromString(flatten.SerializeToString()),
              node("Gemm", "flat w", "y", transB=1)]
    if before:
        nodes[1].input[0] = "a"
    made = model(nodes, [tensor("w", weight), tensor("shape", np.array([-1, 12]))],
                 inputs=[value("x", shape)])
    net = Network.from_onnx(made)
    assert net.sizes[-2:] == (12, 5)
    samples = rng.normal(size=(2, *shape[1:])).astype(np.float32)
    assert_agrees(net, samples.reshape(2, 12), run(made, samples))


@pytest.mark.parametrize(("shape", "declared"), [
    ([0, -1], ("n", 3, 4)), ([0, 12], ("n", 3, 4)), ([2, -1], (2, 3, 4)), ([2, 12], (2, 3, 4)),
    ([-1, 12], ("n", 3, 4)), ([0, -1], ("n", 3, "k"))])
def test_reshapes_to_rows(shape, declared):
    made = model([node("Reshape", "x shape", "flat"), node("Gemm", "flat w", "y")],
                 [tensor("shape", np.array(shape)), tensor("w", np.ones((12, 5), np.float32))],
                 inputs=[value("x", declared)])
    assert Network.from_onnx(made).sizes == (12, 5)


@pytest.mark.parametrize("target", [[-1], [-1, 1]])
@pytest.mark.parametrize("allowzero", [0, 1])
def test_a_last_reshape_keeps_the_rows(rng, target, allowzero):
    made = model([node("Gemm", "x w", "g"), node("Reshape", "g shape", "y", allowzero=allowzero)],
                 [tensor("shape", np.array(target)),
                  tensor("w", rng.normal(size=(4, 1)).astype(np.float32))],
                 inputs=[value("x", ("n", 4))], outputs=[value("y", ("n",) * len(target))])
    x = random_rows(rng, 4, np.float32)
    assert_agrees(Network.from_onnx(made), x, run(made, x).reshape(-1, 1))


def test_products_of_one_sample(rng):
    weight = rng.normal(size=(3, 4)).astype(np.float32)
    for inputs, array in ("w x", weight), ("x w", weight.T):
        made = model([node("MatMul", inputs, "a"), node("Softmax", "a", "y", axis=0)],
                     {"w": array}, inputs=[value("x", (4,))], outputs=[value("y", (3,))])
        x = rng.normal(size=4).astype(np.float32)
        assert_agrees(Network.from_onnx(made), x[None], run(made, x)[None])


@pytest.mark.parametrize("perm", [None, [1, 0]])
def test_the_input_may_be_turned_first(rng, perm):
    attributes = {} if perm is None else {"perm": perm}
    made = model([node("Transpose", "x", "turned", **attributes), node("Gemm", "turned w", "a"),
                  node("LogSoftmax", "a", "y")], {"w": np.ones((4, 3))},
                 inputs=[value("x", (4, "n"))])
    x = random_rows(rng, 4, np.float32)
    assert_agrees(Network.from_onnx(made), x, run(made, x.T))


def test_a_softmax_alone_before_and_after_it_is_turned(rng):
    x = random_rows(rng, 4, np.float32)
    before = model([node("Transpose", "x", "turned"), node("Softmax", "turned", "y")],
                   inputs=[value("x", (4, "n"))])
    assert_agrees(Network.from_onnx(before), x, run(before, x.T))
    after = model([node("Softmax", "x", "turned"), node("Transpose", "turned", "y")],
                  inputs=[value("x", ("n", 4))])
    assert_agrees(Network.from_onnx(after), x, run(after, x).T)


def test_several_biases_add_up():
    made = model([node("MatMul", "x w", "a"), node("Add", "a b", "c"), node("Add", "d c", "e"),
                  node("Identity", "e", "f"), node("Add", "f g", "y")],
                 {"w": [[1.0]], "b": [10.0], "d": [[100.0]], "g": 1000.0})
    assert Network.from_onnx(made).layers[0].bias == [1110]


def test_weights_of_infinity_and_nan_are_let_through():
    made = model([node("Gemm", "x w b", "y", alpha=-1.0, beta=1.0)],
                 {"w": [[-np.inf], [np.nan]], "b": [-np.inf]})
    layer, = Network.from_onnx(made).layers
    assert np.isinf(layer.weight[0, 0]) and np.isnan(layer.weight[0, 1]) and np.isinf(layer.bias)


@pytest.mark.parametrize("kind", ["FLOAT16", "BFLOAT16"])
@pytest.mark.parametrize("raw", [False, True])
def test_smaller_floats_are_widened(kind, raw):
    kind = getattr(onnx.TensorProto, kind)
    numbers = [1.5, -2.0, 0.00390625, 3.140625]      # exact in both
    weight = onnx.helper.make_tensor("w", kind, (2, 2), numbers)
    if raw:
        weight = tensor("w", onnx.numpy_helper.to_array(weight))
    assert weight.HasField("raw_data") == raw and weight.data_type == kind
    made = model([node("Gemm", "x w", "y", transB=1)], [weight],
                 inputs=[onnx.helper.make_tensor_value_info("x", kind, ("n", 2))])
    net = Network.from_onnx(made)
    assert same_bits(net.layers[0].weight, np.array(numbers, np.float32).reshape(2, 2))
    assert Network.from_onnx(made, dtype=np.float64).dtype == np.float64


def test_dtype(tmp_path, rng):
    written = random_network(rng, np.float64).to_onnx()
    onnx.save(written, tmp_path / "net.onnx")
    for source in written, tmp_path / "net.onnx":
        assert Network.from_onnx(source).dtype == np.float64
        assert Network.from_onnx(source, dtype=np.float32).dtype == np.float32
    assert load(tmp_path / "net.onnx", dtype="float32").dtype == np.float32


def test_paths_and_models_give_the_same(folder, rng):
    net = random_network(rng, np.float32)
    net.save("net.onnx")
    Path("other name").write_bytes(Path("net.onnx").read_bytes())
    for source in "net.onnx", folder / "net.onnx", "other name", onnx.load("net.onnx"):
        assert_same(Network.from_onnx(source), net)
    with pytest.raises(FileNotFoundError):
        Network.from_onnx("none.onnx")
    with pytest.raises(TypeError):
        Network.from_onnx(net.to_onnx().graph)


@pytest.mark.parametrize("attribute", [
    {"value": tensor("", np.float32([1, 2]))}, {"value_floats": [1.0, 2.0]}])
def test_constant_nodes(attribute):
    made = model([node("Constant", "", "b", **attribute), node("Gemm", "x w b", "y")],
                 {"w": np.ones((1, 2))})
    assert Network.from_onnx(made).layers[0].bias.tolist() == [1, 2]


def test_old_models_list_their_weights_as_inputs_too():
    made = model([node("Gemm", "x w", "y")], {"w": [[1.0]]},
                 inputs=[value("x"), value("w", (1, 1))])
    assert Network.from_onnx(made).sizes == (1, 1)


# ---- writing ----

@every_activation
def test_every_activation_runs_elsewhere(rng, dtype, activation):
    net = network(rng, (9, 33, 17, 5), three_of(activation), dtype)
    written = net.to_onnx()
    onnx.checker.check_model(written, full_check=True)
    x = random_rows(rng, 9, dtype)
    assert_agrees(net, x, run(written, x), runtime_errors(dtype))
    if not written.functions:
        assert_agrees(net, x, evaluate(written, x))


@pytest.mark.parametrize("number", range(20))
def test_random_networks_run_elsewhere(rng, dtype, number):
    net = random_network(rng, dtype)
    written = net.to_onnx()
    onnx.checker.check_model(written, full_check=True)
    x = random_rows(rng, net.sizes[0], dtype)
    assert_agrees(net, x, run(written, x), runtime_errors(dtype))
    assert_same(Network.from_onnx(written), net)


def test_what_a_written_model_says(dtype):
    written = Network.he((4, 8, 2), activation="elu", rng=0, dtype=dtype).to_onnx()
    operators = [each.op_type for each in written.graph.node]
    assert operators == ["Gemm", "Elu", "Gemm", "Sigmoid"]
    assert written.producer_name == "mathwork"
    domains = {entry.domain: entry.version for entry in written.opset_import}
    assert domains == ({"": 20} if dtype == np.float32 else {"": 20, "mathwork": 1})
    for declared, name, size in ((written.graph.input, "x", 4), (written.graph.output, "y", 2)):
        assert declared == [value(name, ("n", size), dtype)]


def test_a_written_model_has_each_function_once():
    layers = [Dense(np.eye(2), None, activation) for activation in ("elu", "gelu", ("elu", 2.0))]
    written = Network(layers, dtype=np.float64).to_onnx()
    assert [entry.name for entry in written.functions] == ["Elu", "Gelu"]


@pytest.mark.parametrize("suffix", ["npz", "onnx", "safetensors"])
def test_files_keep_bits_and_activations(tmp_path, rng, dtype, suffix):
    if suffix != "npz":
        pytest.importorskip(suffix, reason=f"the {suffix} package is not installed")
    activations = [*ACTIVATIONS, "leaky_relu", "elu", "celu", ("leaky_relu", 0.1), ("elu", 0.7),
                   ("clip", -np.inf, 0.1), ("softplus", 0.1)]
    net = network(rng, range(3, 4 + len(activations)), activations, dtype)
    net.save(tmp_path / f"net.{suffix}")
    again = load(tmp_path / f"net.{suffix}")
    assert_same(again, net)
    x = random_rows(rng, 3, dtype)
    assert same_bits(again(x), net(x))


@pytest.mark.parametrize("suffix", ["npz", "onnx", "safetensors"])
@pytest.mark.parametrize("name", ["leaky_relu", "elu", "celu", "softplus"])
def test_files_keep_parameters_of_many_digits(tmp_path, rng, dtype, suffix, name):
    if suffix != "npz":
        pytest.importorskip(suffix, reason=f"the {suffix} package is not installed")
    net = network(rng, (3, 4), [(name, 1 / 3)], dtype)
    net.save(tmp_path / f"net.{suffix}")
    again = load(tmp_path / f"net.{suffix}")
    # ONNX has float32 attributes, which is what a float32 network computes with.
    kept = 0.33333334 if suffix == "onnx" and dtype == np.float32 else 1 / 3
    assert again.layers[0].activation == (name, kept)
    x = random_rows(rng, 3, dtype)
    assert same_bits(again(x), net(x))


# ---- PyTorch ----

def exported(torch, module, x, dynamo):
    """The ModelProto that PyTorch makes of a module"""
    with warnings.catch_warnings():
        # Of what the exporters themselves use, and that one of them is the old one.
        for category in DeprecationWarning, FutureWarning, UserWarning:
            warnings.simplefilter("ignore", category)
        if dynamo:
            return torch.onnx.export(module, (x,), dynamo=True, verbose=False).model_proto
        file = io.BytesIO()
        torch.onnx.export(module, (x,), file, dynamo=False, opset_version=20)
        return onnx.load_from_string(file.getvalue())


@pytest.mark.parametrize("dynamo", [False, True])
def test_models_from_pytorch(rng, dtype, dynamo):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    if dynamo:
        pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    nn = torch.nn
    torch.manual_seed(0)
    # Parameters of activations are numbers that ONNX's float32 attributes hold.
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(12, 9), nn.ReLU(), nn.Linear(9, 8), nn.SiLU(), nn.Dropout(),
        nn.Linear(8, 17, bias=False), nn.Softplus(), nn.Linear(17, 6), nn.GELU(), nn.Linear(6, 6),
        nn.ELU(0.5), nn.Linear(6, 5), nn.LeakyReLU(0.25), nn.Linear(5, 5), nn.Tanh(), nn.Identity(),
        nn.Linear(5, 4), nn.Sigmoid(), nn.Linear(4, 9), nn.Softmax(1), nn.Linear(9, 4),
        nn.LogSoftmax(-1), nn.Linear(4, 7), nn.Mish(), nn.Linear(7, 3))
    module = module.eval().to(getattr(torch, dtype.name))
    x = torch.from_numpy(rng.normal(size=(7, 3, 4)).astype(dtype))
    net = Network.from_onnx(exported(torch, module, x, dynamo))
    names = [layer._activation[0] for layer in net.layers]
    assert names == ["relu", "silu", "softplus", "gelu", "elu", "leaky_relu", "tanh", "sigmoid",
                     "softmax", "log_softmax", "mish", "identity"]
    assert_agrees(net, x.numpy().reshape(7, 12), module(x).detach().numpy())


@pytest.mark.parametrize("dynamo", [False, True])
def test_more_activations_from_pytorch(rng, dynamo):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    if dynamo:
        pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    nn = torch.nn
    torch.manual_seed(0)
    slopes = nn.PReLU(5)
    slopes.weight = nn.Parameter(torch.tensor([0.5, -0.25, 0.125, 2.0, 0.0]))
    module = nn.Sequential(
        nn.Linear(12, 9), nn.ReLU6(), nn.Linear(9, 8), nn.Hardtanh(), nn.Linear(8, 7),
        nn.Hardtanh(-0.5, 2.0), nn.Linear(7, 6), nn.Hardsigmoid(), nn.Linear(6, 6), nn.Hardswish(),
        nn.Linear(6, 5), nn.GELU("tanh"), nn.Linear(5, 5), slopes, nn.Linear(5, 4), nn.PReLU(),
        nn.Linear(4, 4), nn.CELU(1.5), nn.Linear(4, 3), nn.LogSigmoid(), nn.Linear(3, 3))
    x = torch.from_numpy(random_rows(rng, 12, np.float32))
    net = Network.from_onnx(exported(torch, module.eval(), x, dynamo))
    activations = [layer.activation for layer in net.layers]
    assert activations == [
        "relu6", "hardtanh", ("clip", -0.5, 2.0), "hardsigmoid", "hardswish", "gelu_tanh",
        ("prelu", (0.5, -0.25, 0.125, 2.0, 0.0)), ("prelu", (0.25,) * 4), ("celu", 1.5),
        "log_sigmoid", "identity"]
    assert [layer.activation for layer in Network.from_torch(module).layers] == activations
    assert_agrees(net, x.numpy(), module(x).detach().numpy(), runtime_errors(np.float32))


def test_a_hard_sigmoid_of_other_lines(rng, dtype):
    weight, bias = np.array([[1.0, 2.0], [-3.0, 0.5]]), np.array([0.25, -1.0])
    for attributes, slope, shift in (({}, 0.2, 0.5), ({"alpha": 0.5, "beta": 0.25}, 0.5, 0.25)):
        for nodes in ([node("Gemm", "x w b", "h", transB=1),
                       node("HardSigmoid", "h", "y", **attributes)],
                      [node("Gemm", "x w b", "h", transB=1), node("Tanh", "h", "t"),
                       node("HardSigmoid", "t", "y", **attributes)]):
            net = Network.from_onnx(model(nodes, {"w": weight, "b": bias}, dtype=dtype))
            assert net.layers[-1].activation == ("clip", 0.0, 1.0) and net.dtype == dtype
            x = random_rows(rng, 2, dtype)
            h = x @ weight.T + bias
            h = np.tanh(h) if len(nodes) == 3 else h
            slope = dtype.type(np.float32(slope))       # an attribute is a float32
            np.testing.assert_allclose(net(x), np.clip(slope * h + shift, 0, 1),
                                       rtol=0, atol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize(("inputs", "activation"), [
    ("h low high", ("clip", -0.5, 2.0)), ("h low", ("clip", -0.5, np.inf)), ("h", "identity"),
    ("h zero six", "relu6"), ("h minus one", "hardtanh"), ("h zero", "relu")])
def test_bounds_of_clip(inputs, activation):
    numbers = {"low": -0.5, "high": 2.0, "zero": 0.0, "six": 6.0, "minus": -1.0, "one": 1.0}
    made = model([node("Gemm", "x w", "h"), node("Clip", inputs, "y")],
                 {"w": np.ones((2, 3)), **numbers})
    assert Network.from_onnx(made).layers[0].activation == activation


def test_clip_with_a_bound_above_alone():
    clip = onnx.helper.make_node("Clip", ["h", "", "high"], ["y"])
    made = model([node("Gemm", "x w", "h"), clip], {"w": np.ones((2, 3)), "high": 2.0})
    assert Network.from_onnx(made).layers[0].activation == ("clip", -np.inf, 2.0)
    made = model([node("Gemm", "x w", "h"), node("Clip", "h", "y", max=2.0)],
                 {"w": np.ones((2, 3))}, opset=9)
    assert Network.from_onnx(made).layers[0].activation == ("clip", -np.inf, 2.0)


def test_logarithms():
    for operator, activation in (("Sigmoid", "log_sigmoid"), ("Softmax", "log_softmax")):
        made = model([node("Gemm", "x w", "h"), node(operator, "h", "s"), node("Log", "s", "y")],
                     {"w": np.ones((2, 3))})
        assert Network.from_onnx(made).layers[0].activation == activation


def test_a_selu_from_pytorch(rng):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.SELU())
    x = torch.from_numpy(random_rows(rng, 4, np.float32))
    net = Network.from_onnx(exported(torch, module, x, dynamo=False))
    assert repr(net) == "Network(4-3, selu, float32)"
    assert_agrees(net, x.numpy(), module(x).detach().numpy())


def test_a_file_from_pytorch_with_its_weights_beside_it(tmp_path, rng):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(40, 30), torch.nn.Softplus())
    x = torch.from_numpy(rng.normal(size=(5, 4, 10)).astype(np.float32))
    onnx.save(exported(torch, module, x, dynamo=True), tmp_path / "net.onnx",
              save_as_external_data=True, size_threshold=0)
    net = load(tmp_path / "net.onnx")
    assert_agrees(net, x.numpy().reshape(5, 40), module(x).detach().numpy())


# ---- packages that are missing ----

def test_without_onnx(tmp_path, monkeypatch):
    net = Network.he((2, 3), rng=0)
    net.save(tmp_path / "net.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    make = "to make an ONNX model, mathwork needs onnx: pip install onnx"
    with raises(ImportError, make):
        net.to_onnx()
    with raises(ImportError, make):
        net.save(tmp_path / "other.onnx")
    assert not (tmp_path / "other.onnx").exists()
    for source in tmp_path / "net.onnx", b"anything":
        with raises(ImportError, "to read an ONNX model, mathwork needs onnx: pip install onnx"):
            Network.from_onnx(source)
    with raises(ImportError, "to read a .onnx file, mathwork needs onnx: pip install onnx"):
        load(tmp_path / "net.onnx")


def test_without_safetensors(tmp_path, monkeypatch):
    (tmp_path / "net.safetensors").write_bytes(bytes(8))
    for name in "safetensors", "safetensors.numpy":
        monkeypatch.setitem(sys.modules, name, None)
    for call, action in ((load, "read"), (Network.he((2, 3), rng=0).save, "write")):
        with raises(ImportError, f"to {action} a .safetensors file, mathwork needs safetensors: "
                                 "pip install safetensors"):
            call(tmp_path / "net.safetensors")
