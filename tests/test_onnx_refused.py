"""ONNX models that are no chain of dense layers: each refused with the node that was in the way."""
import itertools

import numpy as np
import pytest
from helpers import raises
from onnx_models import helper, model, node, onnx, refused, tensor, value

from mathwork.nn import Network, load
from mathwork.nn.formats import onnx_functions

# Two numbers a sample in, three out, or three in and out.
WEIGHTS = {"w": np.ones((2, 3)), "v": np.ones((3, 3)), "b": np.ones(3), "column": np.ones((3, 1)),
           "number": np.array(1.0), "matrix": np.ones((4, 3)), "cube": np.ones((1, 1, 3)),
           "pair": np.ones(2), "nothing": np.ones((0, 3))}
GEMM = node("Gemm", "x w", "h")
TURNED = node("Gemm", "w x", "h", transA=1)         # has samples as columns
NOT_GIVEN = "is not of the samples that the network is given, or of unknown shape"
NO_CHAIN = ("which is neither a constant nor what the node before it gave, so the graph is not a "
            "chain")
KNOWN = ("is not an operator of a network; known are Constant, Add, Dropout, Elu, Flatten, Gelu, "
         "Gemm, Identity, LeakyRelu, LogSoftmax, MatMul, Mish, Mul, Relu, Reshape, Selu, Sigmoid, "
         "Softmax, Softplus, Swish, Tanh, Transpose, Where, mathwork.LeakyRelu, mathwork.Elu, "
         "mathwork.Softplus, mathwork.Selu, mathwork.Gelu, mathwork.Mish")
NO_GATE = "is not x times Sigmoid(x) or Tanh(Softplus(x)), the only products of a network"
ONE_OF_EACH = "a network has one input and one output, the graph has the inputs "


# ---- graphs ----

@pytest.mark.parametrize(("nodes", "reason"), [
    # a branch, and one that joins again
    ([GEMM, node("Relu", "h", "a"), node("Tanh", "h", "y")],
     f"node 2 '' (Tanh) takes 'h', {NO_CHAIN}"),
    ([GEMM, node("Relu", "h", "a"), node("Tanh", "h", "c"), node("Add", "a c", "y")],
     f"node 2 '' (Tanh) takes 'h', {NO_CHAIN}"),
    # a skip connection
    ([node("Gemm", "x v", "h"), node("Add", "h x", "y")],
     f"node 1 '' (Add) takes 'x', {NO_CHAIN}"),
    ([node("Gemm", "x v", "h"), node("MatMul", "h x", "y")],
     f"node 1 '' (MatMul) takes 'x', {NO_CHAIN}"),
    # one value twice
    ([GEMM, node("Add", "h h", "y")],
     "node 1 '' (Add) takes 'h' twice, so the graph is not a chain"),
    ([GEMM, node("Mul", "h h", "y")],
     "node 1 '' (Mul) takes 'h' twice, so the graph is not a chain"),
    ([node("Gemm", "x v x", "y")], "node 0 '' (Gemm) takes 'x' twice, so the graph is not a chain"),
    # nodes that lead nowhere
    ([GEMM, node("Relu", "h", "y"), node("Tanh", "y", "dead")],
     "its output 'y' is not what its last node gives"),
    ([node("Relu", "x", "dead"), node("Gemm", "x w", "y")],
     f"node 1 '' (Gemm) takes 'x', {NO_CHAIN}"),
    ([node("Exp", "w", "dead"), node("Gemm", "x w", "y")],
     "node 0 '' (Exp) takes constants alone; known are Constant, Identity, Transpose"),
    ([node("RandomNormal", "", "dead", shape=[2]), node("Gemm", "x w", "y")],
     "node 0 '' (RandomNormal) takes constants alone; known are Constant, Identity, Transpose"),
    # a cycle, and names that nothing gives
    ([node("Add", "x z", "h"), node("Relu", "h", "z"), node("Gemm", "z w", "y")],
     f"node 0 '' (Add) takes 'z', {NO_CHAIN}"),
    ([node("Gemm", "x unknown", "y")], f"node 0 '' (Gemm) takes 'unknown', {NO_CHAIN}"),
    ([node("Relu", "unknown", "y")], f"node 0 '' (Relu) takes 'unknown', {NO_CHAIN}"),
    # names that are there already
    ([GEMM, node("Relu", "h", "h")], "node 1 '' (Relu) gives ['h'], which must be new names"),
    ([GEMM, node("Relu", "h", "w")], "node 1 '' (Relu) gives ['w'], which must be new names"),
    ([GEMM, node("Relu", "h", "x")], "node 1 '' (Relu) gives ['x'], which must be new names"),
    ([helper.make_node("Dropout", ["x"], ["y", "y"])],
     "node 0 '' (Dropout) gives ['y', 'y'], which must be new names"),
    ([helper.make_node("Relu", ["x"], [])], "node 0 '' (Relu) gives [], which must be new names"),
    ([helper.make_node("Relu", ["x"], [""])], "node 0 '' (Relu) gives [], which must be new names"),
    # an output that is not the last
    ([node("Gemm", "x w", "y"), node("Relu", "y", "h")],
     "its output 'y' is not what its last node gives"),
    ([GEMM], "its output 'y' is not what its last node gives"),
    # nothing to compute
    ([node("Identity", "x", "y")], "the network has no linear layer"),
    ([node("Flatten", "x", "h"), node("Dropout", "h", "y")], "the network has no linear layer"),
])
def test_graphs_that_are_no_chain(nodes, reason):
    refused(model(nodes, WEIGHTS), reason)


@pytest.mark.parametrize(("inputs", "outputs", "names"), [
    (["x", "z"], ["y"], "['x', 'z'] and the outputs ['y']"),
    (["x"], ["y", "h"], "['x'] and the outputs ['y', 'h']"),
    (["w"], ["y"], "[] and the outputs ['y']"),
    (["x", *map(str, range(100))], ["y"],
     "['x', '0', '1', '2', '3', '4', ...] and the outputs ['y']")])
def test_more_or_fewer_than_one_input_and_output(inputs, outputs, names):
    refused(model([node("Gemm", "x w", "y")], WEIGHTS, inputs=list(map(value, inputs)),
                  outputs=list(map(value, outputs))), ONE_OF_EACH + names)


def test_no_output():
    made = model([node("Gemm", "x w", "y")], WEIGHTS)
    del made.graph.output[:]
    refused(made, ONE_OF_EACH + "['x'] and the outputs []")


def test_what_is_no_model():
    with raises(TypeError, "source must be a path or an onnx.ModelProto, got int"):
        Network.from_onnx(3)


def test_layers_that_do_not_fit():
    made = model([GEMM, node("MatMul", "h w", "y")], WEIGHTS)
    refused(made, "node 1 '' (MatMul) takes samples of 2 numbers, they have 3")
    made = model([node("Relu", "x", "h"), node("MatMul", "h w", "y")], WEIGHTS,
                 inputs=[value("x", ("n", 4))])
    refused(made, "node 1 '' (MatMul) takes samples of 2 numbers, they have 4")
    made = model([node("MatMul", "v x", "y")], WEIGHTS, inputs=[value("x", (4, "n"))])
    refused(made, "node 0 '' (MatMul) takes samples of 3 numbers, they have 4")


def test_too_many_nodes(folder):
    names = ["x", *map(str, range(10_000))]
    nodes = [node("Identity", *pair) for pair in itertools.pairwise(names)]
    made = model([*nodes, node("Gemm", f"{names[-1]} w", "y")], WEIGHTS)
    assert len(made.graph.node) == 10_001
    refused(made, "it has 10001 nodes; at most 10000 are read")
    del made.graph.node[5]
    made.graph.node[5].input[0] = "4"
    assert Network.from_onnx(made).sizes == (2, 3)
    onnx.save(model([GEMM], WEIGHTS), "net.onnx")
    with raises(ValueError, "net.onnx: its output 'y' is not what its last node gives"):
        load("net.onnx")


# ---- operators ----

@pytest.mark.parametrize(("last", "reason"), [
    (node("Conv", "h v", "y"), f"(Conv) {KNOWN}"),
    (node("Relu", "h", "y", domain="com.microsoft"), f"(com.microsoft.Relu) {KNOWN}"),
    (node("relu", "h", "y"), f"(relu) {KNOWN}"),
    (node("Constant", "h", "y", value=tensor("", 1.0)), f"(Constant) {KNOWN}"),
    # inputs
    (node("Relu", "h b", "y"), "(Relu) has the inputs ['h', 'b']"),
    (node("Softmax", "h b", "y"), "(Softmax) has the inputs ['h', 'b']"),
    (node("Elu", "h number", "y"), "(Elu) has the inputs ['h', 'number']"),
    (node("Identity", "h b", "y"), "(Identity) has the inputs ['h', 'b']"),
    (node("Add", "h b b", "y"), "(Add) has the inputs ['h', 'b', 'b']"),
    (node("Add", "h", "y"), "(Add) has the inputs ['h']"),
    (node("MatMul", "h", "y"), "(MatMul) has the inputs ['h']"),
    (node("Gemm", "h v b b", "y"), "(Gemm) has the inputs ['h', 'v', 'b', 'b']"),
    (node("Gemm", "h", "y"), "(Gemm) has the inputs ['h']"),
    (helper.make_node("Gemm", ["h", "", "v"], ["y"]), "(Gemm) has the inputs ['h', '', 'v']"),
    (helper.make_node("Gemm", ["", "h", "v"], ["y"]), "(Gemm) has the inputs ['', 'h', 'v']"),
    (node("Gemm", "v v h", "y"), "(Gemm) takes the samples as C"),
    (node("Dropout", "v h", "y"), "(Dropout) takes the samples as its ratio"),
    (helper.make_node("Dropout", ["", "h"], ["y"]), "(Dropout) takes the samples as its ratio"),
    # products and sums
    (node("MatMul", "h b", "y"), "(MatMul) multiplies by 'b' of shape (3,), not by a matrix"),
    (node("Gemm", "h nothing", "y", transB=1),
     "(Gemm) multiplies by 'nothing' of shape (0, 3), not by a matrix"),
    (node("MatMul", "cube h", "y"),
     "(MatMul) takes the samples along another axis than the nodes before it"),
    (node("MatMul", "v h", "y"),
     "(MatMul) takes the samples along another axis than the nodes before it"),
    (node("Gemm", "v h", "y"),
     "(Gemm) takes the samples along another axis than the nodes before it"),
    (node("Gemm", "h v", "y", transA=1),
     "(Gemm) takes the samples along another axis than the nodes before it"),
    (node("Mul", "h b", "y"), f"(Mul) {NO_GATE}"),
    # activations that mathwork has not
    (node("Selu", "h", "y", alpha=1.5), "(Selu) has an alpha or gamma of its own"),
    (node("Selu", "h", "y", gamma=1.05), "(Selu) has an alpha or gamma of its own"),
    (node("Gelu", "h", "y", approximate="tanh"), "(Gelu) is the approximation through tanh"),
    (node("Swish", "h", "y", alpha=1.5), "(Swish) has an alpha of its own"),
    # axes
    (node("Softmax", "h", "y", axis=0), "(Softmax) has axis 0, which is not that of one sample"),
    (node("Softmax", "h", "y", axis=-2), "(Softmax) has axis 0, which is not that of one sample"),
    (node("LogSoftmax", "h", "y", axis=2),
     "(LogSoftmax) has axis 2, which is not that of one sample"),
    (node("Flatten", "h", "y", axis=0), "(Flatten) with axis 0 does not leave one row a sample"),
    (node("Flatten", "h", "y", axis=2), "(Flatten) with axis 2 does not leave one row a sample"),
    (node("Transpose", "h", "y", perm=[0, 1]), "(Transpose) does not make columns of rows"),
    (node("Reshape", "h shape", "y"), f"(Reshape) {NOT_GIVEN}"),
    # attributes of another type
    (node("Elu", "h", "y", alpha=1), "(Elu) has an attribute 'alpha' of the wrong type"),
    (node("Gemm", "h v", "y", alpha="1"), "(Gemm) has an attribute 'alpha' of the wrong type"),
    (node("Gemm", "h v", "y", transB=1.0), "(Gemm) has an attribute 'transB' of the wrong type"),
    (node("Gemm", "h v", "y", transA=[1]), "(Gemm) has an attribute 'transA' of the wrong type"),
    (node("Softmax", "h", "y", axis=1.0), "(Softmax) has an attribute 'axis' of the wrong type"),
    (node("Transpose", "h", "y", perm=1), "(Transpose) has an attribute 'perm' of the wrong type"),
    (node("Gelu", "h", "y", approximate=1),
     "(Gelu) has an attribute 'approximate' of the wrong type"),
])
def test_operators_that_are_no_step(last, reason):
    constants = [tensor(name, np.float32(array)) for name, array in WEIGHTS.items()]
    constants.append(tensor("shape", np.array([-1, 3])))
    refused(model([GEMM, last], constants), f"node 1 '' {reason}")


@pytest.mark.parametrize(("last", "reason"), [
    (node("MatMul", "h v", "y"),
     "(MatMul) takes the samples along another axis than the nodes before it"),
    (node("Softmax", "h", "y"), "(Softmax) has axis 1, which is not that of one sample"),
    (node("Gemm", "v h b", "y"),
     "(Gemm) adds 'b' of shape (3,), which is no bias of 3 numbers a sample"),
    (node("Add", "h b", "y"),
     "(Add) adds 'b' of shape (3,), which is no bias of 3 numbers a sample"),
])
def test_steps_that_take_columns_for_rows(last, reason):
    refused(model([TURNED, last], WEIGHTS), f"node 1 '' {reason}")


@pytest.mark.parametrize("nodes", [[GEMM, node("Softmax", "h", "y", axis=0)],
                                   [TURNED, node("Softmax", "h", "y", axis=0)],
                                   [TURNED, node("Softmax", "h", "y")]])
def test_axes_before_opset_13_mean_all_from_there_on(nodes):
    axis = 0 if nodes[1].attribute else 1
    refused(model(nodes, WEIGHTS, opset=12),
            f"node 1 '' (Softmax) has axis {axis}, which is not that of one sample")
    assert Network.from_onnx(model([GEMM, node("Softmax", "h", "y")], WEIGHTS, opset=12))


@pytest.mark.parametrize("name", ["column", "matrix", "cube", "pair"])
@pytest.mark.parametrize("nodes", [[node("Gemm", "x w {}", "y")],
                                   [node("MatMul", "x w", "h"), node("Add", "h {}", "y")]])
def test_a_bias_that_differs_by_sample(name, nodes):
    made = model(nodes, WEIGHTS)
    last = made.graph.node[-1]
    last.input[-1] = name
    refused(made, f"node {len(nodes) - 1} '' ({last.op_type}) adds {name!r} of shape "
                  f"{WEIGHTS[name].shape}, which is no bias of 3 numbers a sample")


@pytest.mark.parametrize("name", ["b", "number"])
@pytest.mark.parametrize("before", [[], [node("Relu", "x", "h")],
                                    [GEMM, node("Relu", "h", "a")]])
def test_a_sum_without_a_linear_layer_before_it(name, before):
    value = before[-1].output[0] if before else "x"
    refused(model([*before, node("Add", f"{name} {value}", "y")], WEIGHTS),
            f"node {len(before)} '' (Add) adds where there is no linear layer just before it")


def test_samples_after_a_softmax_are_rows():
    refused(model([node("Softmax", "x", "h"), node("MatMul", "v h", "y")], WEIGHTS),
            "node 1 '' (MatMul) takes the samples along another axis than the nodes before it")


@pytest.mark.parametrize(("first", "reason"), [
    (node("Flatten", "h", "y"), "(Flatten) with axis 1 does not leave one row a sample"),
    (node("Reshape", "h shape", "y"), f"(Reshape) {NOT_GIVEN}")])
def test_softmax_over_a_part_of_a_sample(first, reason):
    made = model([node("Softmax", "x", "h"), first], [tensor("shape", np.array([-1, 12]))],
                 inputs=[value("x", ("n", 3, 4))])
    refused(made, f"node 1 '' {reason}")


def test_samples_of_three_dimensions_become_rows():
    refused(model([node("Flatten", "x", "h"), node("Gemm", "h w", "y", transA=1)], WEIGHTS,
                  inputs=[value("x", ("n", 3, 4))]),
            "node 1 '' (Gemm) takes the samples along another axis than the nodes before it")


@pytest.mark.parametrize(("first", "reason"), [
    (node("Gemm", "x v", "y"), "(Gemm) takes a matrix, the samples have 3 dimensions"),
    (node("MatMul", "v x", "y"), "(MatMul) multiplies samples of 3 dimensions from the left"),
    (node("Transpose", "x", "y", perm=[0, 2, 1]), "(Transpose) does not make columns of rows"),
    (node("Softmax", "x", "y", axis=1), "(Softmax) has axis 1, which is not that of one sample"),
    (node("Flatten", "x", "y", axis=0), "(Flatten) with axis 0 does not leave one row a sample")])
def test_samples_of_three_dimensions(first, reason):
    refused(model([first], WEIGHTS, inputs=[value("x", ("n", 2, 3))]), f"node 0 '' {reason}")


@pytest.mark.parametrize(("shape", "allowzero", "lengths"), [
    ([-1], 0, (2, 3, 4)), ([12], 0, (2, 3, 4)), ([1, -1], 0, (2, 3, 4)), ([3, -1], 0, (2, 3, 4)),
    ([-1, 4], 0, (2, 3, 4)), ([24, 1], 0, (2, 3, 4)), ([2, 3, 4], 0, (2, 3, 4)),
    ([-1, 3, 4], 0, (2, 3, 4)), ([], 0, (2, 3, 4)), ([-1, -1], 0, (2, 3, 4)),
    ([0, -1], 1, (2, 3, 4)), ([0, -1], 1, ("n", 3, 4)), ([-1, 0], 0, ("n", 3, "k"))])
def test_reshapes_that_leave_no_row_a_sample(shape, allowzero, lengths):
    made = model([node("Reshape", "x shape", "h", allowzero=allowzero), node("Gemm", "h w", "y")],
                 [tensor("shape", np.array(shape, np.int64)), tensor("w", np.eye(12))],
                 inputs=[value("x", lengths)])
    refused(made, f"node 0 '' (Reshape) to the shape {shape} does not leave one row a sample")


def test_a_reshape_of_a_constant_by_the_samples():
    refused(model([node("Reshape", "w x", "y")], WEIGHTS),
            f"node 0 '' (Reshape) {NOT_GIVEN}")


def test_a_reshape_of_unknown_shape():
    refused(model([node("Reshape", "x w", "y")], WEIGHTS, inputs=[value("x", None)]),
            f"node 0 '' (Reshape) {NOT_GIVEN}")


# ---- what is kept apart and comes together again: SiLU, Mish and Softplus of PyTorch ----

@pytest.mark.parametrize(("nodes", "reason"), [
    ([node("Tanh", "h", "s"), node("Mul", "h s", "y")], f"2 '' (Mul) takes 'h', {NO_CHAIN}"),
    ([node("Sigmoid", "h", "s"), node("Mul", "s x", "y")], f"2 '' (Mul) takes 'x', {NO_CHAIN}"),
    ([node("Sigmoid", "h", "s"), node("Mul", "s s", "y")],
     "2 '' (Mul) takes 's' twice, so the graph is not a chain"),
    ([node("Sigmoid", "h", "s"), node("Identity", "s", "i"), node("Mul", "h i", "y")],
     f"3 '' (Mul) takes 'h', {NO_CHAIN}"),
    ([node("Sigmoid", "h", "s"), node("Mul", "h s h", "y")], f"2 '' (Mul) takes 'h', {NO_CHAIN}"),
    ([node("Sigmoid", "h", "s"), node("Add", "h s", "y")], f"2 '' (Add) takes 'h', {NO_CHAIN}"),
    ([node("Sigmoid", "h", "s"), node("Mul", "s b", "y")],
     f"2 '' (Mul) {NO_GATE}"),
    ([node("Softplus", "h", "s"), node("Mul", "h s", "y")], f"2 '' (Mul) takes 'h', {NO_CHAIN}"),
    ([node("Tanh", "h", "s"), node("Softplus", "s", "t"), node("Mul", "h t", "y")],
     f"3 '' (Mul) takes 'h', {NO_CHAIN}"),
    ([node("Softplus", "h", "s"), node("Tanh", "s", "t"), node("Mul", "s t", "y")],
     f"3 '' (Mul) takes 's', {NO_CHAIN}"),
    ([node("Softplus", "h", "s"), node("Identity", "s", "i"), node("Tanh", "i", "t"),
      node("Mul", "h t", "y")], f"4 '' (Mul) takes 'h', {NO_CHAIN}"),
    ([node("Softplus", "h", "s"), node("Greater", "h low", "c"), node("Where", "c h s", "y")],
     f"2 '' (Greater) takes 'h', {NO_CHAIN}"),
    ([node("Softplus", "h", "s"), node("Greater", "high h", "c"), node("Where", "c h s", "y")],
     f"2 '' (Greater) takes 'h', {NO_CHAIN}"),
    ([node("Softplus", "h", "s"), node("Greater", "h b", "c"), node("Where", "c h s", "y")],
     f"2 '' (Greater) takes 'h', {NO_CHAIN}"),
    ([node("Softplus", "h", "s"), node("Greater", "h x", "c"), node("Where", "c h s", "y")],
     f"2 '' (Greater) takes 'h', {NO_CHAIN}"),
    ([node("Softplus", "h", "s"), node("Greater", "h highs", "c"), node("Where", "c h s", "y")],
     f"2 '' (Greater) takes 'h', {NO_CHAIN}"),
    ([node("Softplus", "h", "s"), node("Greater", "h high", "c"), node("Softplus", "s", "t"),
      node("Where", "c s t", "y")], f"4 '' (Where) takes 'c', {NO_CHAIN}"),
    ([node("Relu", "h", "s"), node("Greater", "h high", "c"), node("Where", "c h s", "y")],
     f"2 '' (Greater) takes 'h', {NO_CHAIN}"),
    ([node("Softplus", "h", "s"), node("Greater", "h high", "c"), node("Where", "c s h", "y")],
     f"3 '' (Where) takes 'c', {NO_CHAIN}"),
    ([node("Softplus", "h", "s"), node("Greater", "h high", "c"), node("Tanh", "s", "t"),
      node("Where", "c h t", "y")], f"4 '' (Where) takes 'c', {NO_CHAIN}"),
    ([node("Where", "b b h", "y")],
     "1 '' (Where) is not x where x > 20, else Softplus(x), the only choice of a network"),
])
def test_values_that_come_together_again(nodes, reason):
    made = model([GEMM, *nodes], WEIGHTS | {"low": np.array(19.0), "high": np.array(20.0),
                                            "highs": np.full((1, 1, 3), 20.0)})
    refused(made, f"node {reason}")


# ---- training ----

@pytest.mark.parametrize("training", [
    helper.make_tensor("t", onnx.TensorProto.BOOL, (), [True]), tensor("t", np.array(True)),
    tensor("t", np.float32(0))])
def test_dropout_in_training(training):
    made = model([GEMM, helper.make_node("Dropout", ["h", "", "t"], ["y"])],
                 [tensor("w", np.ones((2, 3), np.float32)), training])
    refused(made, "node 1 '' (Dropout) is in training mode")


def test_dropout_that_is_not_in_training_does_nothing():
    made = model([GEMM, helper.make_node("Dropout", ["h", "", "t"], ["y", "mask"])],
                 [tensor("w", np.ones((2, 3), np.float32)), tensor("t", np.array(False))])
    assert Network.from_onnx(made).sizes == (2, 3)


# ---- models ----

def test_old_opsets():
    made = model([node("Gemm", "x w", "y")], WEIGHTS)
    for version in (6, 1):
        made.opset_import[0].version = version
        refused(made, f"it is written for opset {version}; wanted 7 or newer")
    made.opset_import[0].domain = "ai.onnx.ml"
    refused(made, "it is written for opset 0; wanted 7 or newer")
    del made.opset_import[:]
    refused(made, "it is written for opset 0; wanted 7 or newer")


def test_functions_in_place_of_standard_operators():
    for domain in ("", "ai.onnx"):
        made = model([node("Gemm", "x w", "y")], WEIGHTS)
        made.functions.append(onnx_functions.function("elu"))
        made.functions[0].domain, made.functions[0].name = domain, "Gemm"
        refused(made, "it has a function in place of a standard operator")


def our_model():
    """A written model, whose second node is one of our functions"""
    net = Network.he((2, 3), output=("elu", 0.5), rng=0, dtype=np.float64)
    made = net.to_onnx()
    assert [each.op_type for each in made.graph.node] == ["Gemm", "Elu"]
    return made


def test_functions_of_another_body_under_our_name():
    changed = our_model()
    changed.functions[0].node[-1].input.reverse()
    missing = our_model()
    del missing.functions[:]
    other = our_model()
    other.functions[0].name = "Other"
    for made in changed, missing, other:
        refused(made, "node 1 'layer_0.elu' (mathwork.Elu) is not the function that mathwork "
                      "writes")
    twice = our_model()
    twice.functions.append(twice.functions[0])
    refused(twice, "it has two functions of one name")


def test_parameters_of_our_functions():
    made = our_model()
    made.graph.node[1].input[1] = "layer_0.bias"
    refused(made, "node 1 'layer_0.elu' (mathwork.Elu) has a parameter of shape (3,), not one "
                  "number")
    made.graph.node[1].input.reverse()
    refused(made, "node 1 'layer_0.elu' (mathwork.Elu) takes the samples as its parameter")
    del made.graph.node[1].input[0]
    refused(made, "node 1 'layer_0.elu' (mathwork.Elu) has the inputs ['layer_0.output']")
