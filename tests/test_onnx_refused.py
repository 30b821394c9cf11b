"""ONNX models that are no chain of dense layers: each refused with the node that was in the way."""
import itertools

import numpy as np
import pytest
from helpers import raises
from onnx_models import helper, model, node, onnx, refused, tensor, value

from mathwork.nn import Network, load
from mathwork.nn.formats import onnx_functions
from mathwork.nn.formats.onnx_folding import FOLDS

# Two numbers a sample in, three out, or three in and out.
WEIGHTS = {"w": np.ones((2, 3)), "v": np.ones((3, 3)), "b": np.ones(3), "column": np.ones((3, 1)),
           "number": np.array(1.0), "matrix": np.ones((4, 3)), "cube": np.ones((1, 1, 3)),
           "pair": np.ones(2), "two": np.array(2.0), "nothing": np.ones((0, 3))}
GEMM = node("Gemm", "x w", "h")
TURNED = node("Gemm", "w x", "h", transA=1)         # has samples as columns
KNOWN = ("is no operator that dense layers can hold; docs/networks.md lists those that are read. "
         "Name an output before it with outputs=")
CONSTANTS = "takes constants alone; known are Constant, " + ", ".join(FOLDS)
NO_GATE = ("multiplies two values of the samples, which is no activation that mathwork knows: SiLU "
           "is x Sigmoid(x), Mish x Tanh(Softplus(x)), Gelu x (1 + Erf(x / sqrt(2))) / 2")
NO_CHOICE = ("chooses between values of the samples; known are x where x > 20, else Softplus(x), "
             "and x where x > 0, else a x or a (Exp(x) - 1)")
NO_ACTIVATION = ("is no activation of a network, also not as a part of one that is written out")
BESIDE = (", whose numbers are needed after it: a chain of layers holds such branches only beside "
          "Relu. Name an output that needs one of them alone")
SEVERAL = ": name the one to read with outputs="


# ---- graphs ----

@pytest.mark.parametrize(("nodes", "reason"), [
    # branches that join again, but not beside Relu
    ([GEMM, node("Relu", "h", "a"), node("Tanh", "h", "c"), node("Add", "a c", "y")],
     f"node 1 '' (Relu) lies beside node 2 '' (Tanh){BESIDE}"),
    ([node("Gemm", "x v", "h"), node("Tanh", "h", "t"), node("Mul", "x two", "z"),
      node("Add", "t z", "y")], f"node 1 '' (Tanh) lies beside its input 'x'{BESIDE}"),
    ([node("Gemm", "x v", "h"), node("Softmax", "h", "s"), node("Softmax", "x", "t"),
      node("Add", "s t", "y")], f"node 1 '' (Softmax) lies beside node 2 '' (Softmax){BESIDE}"),
    # samples by samples
    ([node("Gemm", "x v", "h"), node("MatMul", "h x", "y")],
     "node 1 '' (MatMul) multiplies samples by samples"),
    ([node("Gemm", "x x", "y", transB=1)], "node 0 '' (Gemm) multiplies samples by samples"),
    ([GEMM, node("Mul", "h h", "y")], f"node 1 '' (Mul) {NO_ACTIVATION}"),
    ([node("Gemm", "x v", "h"), node("Div", "x h", "y")],
     "node 1 '' (Div) divides by values of the samples; known are constants, 1 + Exp(x), and "
     "Exp(x) by its sum"),
    # constants alone
    ([node("Sin", "w", "s"), node("Gemm", "x s", "y")], f"node 0 '' (Sin) {CONSTANTS}"),
    ([node("RandomNormal", "", "s", shape=[2, 3]), node("Gemm", "x s", "y")],
     f"node 0 '' (RandomNormal) {CONSTANTS}"),
    # a cycle, and names that nothing gives
    ([node("Add", "x z", "h"), node("Relu", "h", "z"), node("Gemm", "z w", "y")],
     "node 0 '' (Add) takes a value that needs its own result"),
    ([node("Add", "x y", "y")], "node 0 '' (Add) takes a value that needs its own result"),
    ([node("Gemm", "x unknown", "y")], "node 0 '' (Gemm) takes 'unknown', which nothing gives"),
    ([node("Relu", "unknown", "h"), node("Add", "h x", "y")],
     "node 0 '' (Relu) takes 'unknown', which nothing gives"),
    # names that are there already
    ([GEMM, node("Relu", "h", "h")], "node 1 '' (Relu) gives ['h'], which must be new names"),
    ([GEMM, node("Relu", "h", "w")], "node 1 '' (Relu) gives ['w'], which must be new names"),
    ([GEMM, node("Relu", "h", "x")], "node 1 '' (Relu) gives ['x'], which must be new names"),
    ([helper.make_node("Dropout", ["x"], ["y", "y"])],
     "node 0 '' (Dropout) gives ['y', 'y'], which must be new names"),
    ([helper.make_node("Relu", ["x"], [])], "node 0 '' (Relu) gives [], which must be new names"),
    ([helper.make_node("Relu", ["x"], [""])], "node 0 '' (Relu) gives [], which must be new names"),
    # an output that nothing gives, or that the input does not reach
    ([GEMM], "its output 'y' is not what a node gives"),
    ([GEMM, node("Relu", "w", "y")], "its output 'y' depends on none of its inputs ['x']"),
    ([GEMM, node("Dropout", "h", ["d", "m"][0]), helper.make_node("Dropout", ["h"], ["c", "y"])],
     "its output 'y' does not depend on the input"),
    ([node("Shape", "x", "s"), node("Identity", "s", "y")],
     "its output 'y' does not depend on the input"),
    # nothing to compute
    ([node("Identity", "x", "y")], "the network has no linear layer"),
    ([node("Flatten", "x", "h"), node("Dropout", "h", "y")], "the network has no linear layer"),
])
def test_graphs_that_are_no_chain(nodes, reason):
    refused(model(nodes, WEIGHTS), reason)


@pytest.mark.parametrize(("outputs", "names"), [
    (["y", "h"], "['y', 'h']"), (["y", *"abcdefgh"], "['y', 'a', 'b', 'c', 'd', 'e', ...]")])
def test_several_outputs(outputs, names):
    refused(model([node("Gemm", "x w", "y")], WEIGHTS, outputs=list(map(value, outputs))),
            f"it has the outputs {names}{SEVERAL}")


def test_several_inputs_that_reach_the_output():
    made = model([node("Add", "x z", "h"), node("Gemm", "h w", "y")], WEIGHTS,
                 inputs=[value("x"), value("z"), value("a")])
    refused(made, "its output 'y' needs the inputs ['x', 'z']: name them with inputs=, in the "
                  "order of the columns, or another output with outputs=")
    with raises(ValueError, "the ONNX model: node 0 '' (Add) takes 'z', which is none of the "
                            "inputs that are named"):
        Network.from_onnx(made, inputs="x")
    assert Network.from_onnx(made, inputs=["z", "x"]).sizes == (4, 2, 3)


def test_no_input_that_reaches_the_output():
    refused(model([node("Gemm", "w v", "y")], WEIGHTS, inputs=[value("w")]),
            "its output 'y' depends on none of its inputs []")


def test_no_output():
    made = model([node("Gemm", "x w", "y")], WEIGHTS)
    del made.graph.output[:]
    refused(made, "it has no outputs")


@pytest.mark.parametrize(("names", "reason"), [
    ({"outputs": "z"}, "it has no value 'z' for outputs=; its outputs are ['y']"),
    ({"inputs": "z"}, "it has no value 'z' for inputs=; its inputs are ['x']"),
    ({"inputs": ["x", "z"]}, "it has no value 'z' for inputs=; its inputs are ['x']"),
    ({"inputs": "w"}, "it has no value 'w' for inputs=; its inputs are ['x']"),
    ({"inputs": ["x", "x"]}, "inputs must be different names, at least one; got ['x', 'x']"),
    ({"outputs": []}, "outputs must be different names, at least one; got []"),
    ({"outputs": 3}, "outputs must be a name or names, got 3"),
    ({"inputs": [3]}, "inputs must be a name or names, got [3]")])
def test_names_that_are_not_there(names, reason):
    with raises(ValueError, f"the ONNX model: {reason}"):
        Network.from_onnx(model([node("Gemm", "x w", "y")], WEIGHTS), **names)


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
    refused(made, "node 0 '' (MatMul) works along axis -2, where the samples lie")


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
    with raises(ValueError, "net.onnx: its output 'y' is not what a node gives"):
        load("net.onnx")


# ---- operators ----

@pytest.mark.parametrize(("last", "reason"), [
    (node("Conv", "h v", "y"), f"(Conv) {KNOWN}"),
    (node("Relu", "h", "y", domain="com.microsoft"), f"(com.microsoft.Relu) {KNOWN}"),
    (node("relu", "h", "y"), f"(relu) {KNOWN}"),
    (node("Constant", "h", "y", value=tensor("", 1.0)), f"(Constant) {KNOWN}"),
    (node("QuantizeLinear", "h number", "y"), f"(QuantizeLinear) {KNOWN}"),
    (node("If", "h", "y"), f"(If) {KNOWN}"),
    (node("ArgMax", "h", "y"), "(ArgMax) gives the number of a class: name the output before it, "
                               "of which Network.classify gives the class"),
    (node("Cast", "h", "y", to=7), "(Cast) casts the samples to the data type 7, which is no real "
                                   "number: name an output before it"),
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
    (node("MatMul", "h matrices", "y"),
     "(MatMul) multiplies by 'matrices' of shape (2, 3, 3), not by a matrix"),
    (node("Div", "h zero", "y"), "(Div) scales by a number that is not finite"),
    (node("Mul", "h infinity", "y"), "(Mul) scales by a number that is not finite"),
    (node("Div", "number h", "y"), "(Div) divides by values of the samples; known are constants, 1 "
                                   "+ Exp(x), and Exp(x) by its sum"),
    (node("Log", "h", "y"), "(Log) takes a logarithm of samples; known are those of 1 + Exp(x), "
                            "Sigmoid(x) and Softmax(x)"),
    (node("Erf", "h", "y"), f"(Erf) {NO_ACTIVATION}"),
    (node("Pow", "h quarter", "y"), "(Pow) raises samples to the power 0.25"),
    (node("Sqrt", "h", "y"), f"(Sqrt) {NO_ACTIVATION}"),
    (node("LayerNormalization", "h pair", "y"),
     "(LayerNormalization) takes 'pair' of shape (2,) for samples of 3 numbers"),
    (node("LayerNormalization", "h b", "y", axis=0),
     "(LayerNormalization) has axis 0, which is not that of one sample"),
    (node("Sub", "h shape", "y"), "(Sub) takes 'shape', which is no constant of real numbers"),
    (node("Add", "h pair", "y"),
     "(Add) takes a constant of shape (2,) beside samples of shape (3,)"),
    (node("BatchNormalization", "h b b b b", "y", training_mode=1),
     "(BatchNormalization) is in training mode"),
    (node("Clip", "h number half", "y"), "(Clip) has the bounds 1 and 0.5"),
    (node("Gemm", "h nothing", "y", transB=1),
     "(Gemm) multiplies by 'nothing' of shape (0, 3), not by a matrix"),
    (node("MatMul", "cube h", "y"),
     "(MatMul) works along axis -2, where the samples lie"),
    (node("MatMul", "v h", "y"), "(MatMul) works along axis -2, where the samples lie"),
    (node("Gemm", "v h", "y"), "(Gemm) works along axis 0, where the samples lie"),
    (node("Gemm", "h v", "y", transA=1), "(Gemm) works along axis -1, where the samples lie"),
    # activations that mathwork has not
    (node("Selu", "h", "y", alpha=1.5), "(Selu) has an alpha or gamma of its own"),
    (node("Selu", "h", "y", gamma=1.05), "(Selu) has an alpha or gamma of its own"),
    (node("Gelu", "h", "y", approximate="other"),
     "(Gelu) has the form 'other'; known are none and tanh"),
    # axes
    (node("Softmax", "h", "y", axis=0), "(Softmax) has axis 0, which is not that of one sample"),
    (node("Softmax", "h", "y", axis=-2), "(Softmax) has axis 0, which is not that of one sample"),
    (node("LogSoftmax", "h", "y", axis=2),
     "(LogSoftmax) has axis 2, which is not that of one sample"),
    (node("Flatten", "h", "y", axis=0), "(Flatten) with axis 0 does not leave one row a sample"),
    (node("Flatten", "h", "y", axis=2), "(Flatten) with axis 2 does not leave one row a sample"),
    (node("Transpose", "h", "y", perm=[0, 0]),
     "(Transpose) has the order of axes [0, 0] for 2 axes"),
    (node("Reshape", "h long", "y"),
     "(Reshape) to the shape [-1, 6] does not leave one row a sample"),
    (node("Squeeze", "h axis", "y"), "(Squeeze) takes away axis 1 of length 3"),
    (node("Concat", "h h", "y", axis=0), "(Concat) works along axis 0, where the samples lie"),
    (node("Slice", "h axis long", "y"), "(Slice) cuts from [1] to [-1, 6] by [1]"),
    (node("Gather", "h long", "y", axis=1), "(Gather) chooses number 6 of 3"),
    (node("Split", "h axis", "y", axis=1), "(Split) splits 3 numbers into [1]"),
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
    constants += [tensor("shape", np.array([-1, 3])), tensor("long", np.array([-1, 6])),
                  tensor("axis", np.array([1])), tensor("half", np.float32(0.5)),
                  tensor("quarter", np.float32(0.25)),
                  tensor("zero", np.float32([1, 2, 0])), tensor("infinity", np.float32(np.inf)),
                  tensor("matrices", np.ones((2, 3, 3), np.float32))]
    refused(model([GEMM, last], constants), f"node 1 '' {reason}")


@pytest.mark.parametrize(("last", "reason"), [
    (node("MatMul", "h v", "y"), "(MatMul) works along axis -1, where the samples lie"),
    (node("Softmax", "h", "y"), "(Softmax) has axis 1, which is not that of one sample"),
    (node("Gemm", "v h ramp", "y"),
     "(Gemm) takes a constant of shape (1, 3), which differs from sample to sample"),
    (node("Add", "h ramp", "y"),
     "(Add) takes a constant of shape (1, 3), which differs from sample to sample"),
])
def test_steps_that_take_columns_for_rows(last, reason):
    refused(model([TURNED, last], WEIGHTS | {"ramp": np.arange(3.0)}), f"node 1 '' {reason}")


@pytest.mark.parametrize("nodes", [[GEMM, node("Softmax", "h", "y", axis=0)],
                                   [TURNED, node("Softmax", "h", "y", axis=0)],
                                   [TURNED, node("Softmax", "h", "y")]])
def test_axes_before_opset_13_mean_all_from_there_on(nodes):
    axis = 0 if nodes[1].attribute else 1
    refused(model(nodes, WEIGHTS, opset=12),
            f"node 1 '' (Softmax) has axis {axis}, which is not that of one sample")
    assert Network.from_onnx(model([GEMM, node("Softmax", "h", "y")], WEIGHTS, opset=12))


@pytest.mark.parametrize("nodes", [[node("Gemm", "x w {}", "y")],
                                   [node("MatMul", "x w", "h"), node("Add", "h {}", "y")]])
@pytest.mark.parametrize(("name", "reason"), [
    ("column", "takes a constant of shape (3, 1), which differs from sample to sample"),
    ("matrix", "takes a constant of shape (4, 3), which differs from sample to sample"),
    ("pair", "takes a constant of shape (2,) beside samples of shape (3,)")])
def test_a_bias_that_differs_by_sample(name, nodes, reason):
    made = model(nodes, WEIGHTS)
    last = made.graph.node[-1]
    last.input[-1] = name
    refused(made, f"node {len(nodes) - 1} '' ({last.op_type}) {reason}")


def test_samples_after_a_softmax_are_rows():
    refused(model([node("Softmax", "x", "h"), node("MatMul", "v h", "y")], WEIGHTS),
            "node 1 '' (MatMul) works along axis -2, where the samples lie")


@pytest.mark.parametrize(("first", "reason"), [
    (node("Flatten", "h", "y"), "1 '' (Flatten) with axis 1 does not leave one row a sample"),
    (node("Reshape", "h shape", "y"),
     "1 '' (Reshape) to the shape [-1, 12] does not leave one row a sample"),
    (node("Relu", "h", "y"), "0 '' (Softmax) has axis 1, which is not that of one sample")])
def test_softmax_over_a_part_of_a_sample(first, reason):
    axis = 1 if first.op_type == "Relu" else 2
    made = model([node("Softmax", "x", "h", axis=axis), first],
                 [tensor("shape", np.array([-1, 12]))], inputs=[value("x", ("n", 3, 4))])
    refused(made, f"node {reason}")


@pytest.mark.parametrize(("first", "reason"), [
    (node("Gemm", "x v", "y"), "(Gemm) takes a matrix, the samples have 3 dimensions"),
    (node("Softmax", "x", "y", axis=1), "(Softmax) has axis 1, which is not that of one sample"),
    (node("Flatten", "x", "y", axis=0), "(Flatten) with axis 0 does not leave one row a sample")])
def test_samples_of_three_dimensions(first, reason):
    refused(model([first], WEIGHTS, inputs=[value("x", ("n", 2, 3))]), f"node 0 '' {reason}")


@pytest.mark.parametrize(("shape", "allowzero", "lengths"), [
    ([1, -1], 0, ("n", 3, 4)), ([3, -1], 0, ("n", 3, 4)), ([-1], 0, ("n", 3, 4)),
    ([-1, 4], 0, ("n", 3, 4)), ([-1, -1], 0, (2, 3, 4)),
    ([0, -1], 1, (2, 3, 4)), ([0, -1], 1, ("n", 3, 4)), ([-1, 0], 0, ("n", 3, "k"))])
def test_reshapes_that_leave_no_row_a_sample(shape, allowzero, lengths):
    made = model([node("Reshape", "x shape", "h", allowzero=allowzero), node("Gemm", "h w", "y")],
                 [tensor("shape", np.array(shape, np.int64)), tensor("w", np.eye(12))],
                 inputs=[value("x", lengths)])
    refused(made, f"node 0 '' (Reshape) to the shape {shape} does not leave one row a sample")


def test_a_reshape_by_the_samples():
    refused(model([node("Reshape", "w x", "y")], WEIGHTS),
            "node 0 '' (Reshape) takes a constant where the samples should be")
    refused(model([node("Reshape", "x w", "y")], WEIGHTS),
            "node 0 '' (Reshape) takes a shape that is no constant of integers")


# ---- what is kept apart and comes together again: SiLU, Mish and Softplus of PyTorch ----

@pytest.mark.parametrize(("nodes", "reason"), [
    ([node("Tanh", "h", "s"), node("Mul", "h s", "y")], f"2 '' (Mul) {NO_GATE}"),
    ([node("Sigmoid", "h", "s"), node("Mul", "s x", "y")],
     "2 '' (Mul) takes axes of lengths 3 and 2 together"),
    ([node("Sigmoid", "h", "s"), node("Mul", "s s", "y")], f"2 '' (Mul) {NO_ACTIVATION}"),
    ([node("Sigmoid", "h", "s"), node("Mul", "h s h", "y")],
     "2 '' (Mul) has the inputs ['h', 's', 'h']"),
    ([node("Softplus", "h", "s"), node("Mul", "h s", "y")], f"2 '' (Mul) {NO_GATE}"),
    ([node("Tanh", "h", "s"), node("Softplus", "s", "t"), node("Mul", "h t", "y")],
     f"3 '' (Mul) {NO_GATE}"),
    ([node("Softplus", "h", "s"), node("Tanh", "s", "t"), node("Mul", "s t", "y")],
     f"3 '' (Mul) {NO_GATE}"),
    ([node("Softplus", "h", "s"), node("Greater", "h low", "c"), node("Where", "c h s", "y")],
     f"3 '' (Where) {NO_CHOICE}"),
    ([node("Softplus", "h", "s"), node("Greater", "high h", "c"), node("Where", "c h s", "y")],
     "2 '' (Greater) takes a constant where the samples should be"),
    ([node("Softplus", "h", "s"), node("Greater", "h b", "c"), node("Where", "c h s", "y")],
     "2 '' (Greater) takes 'b' of shape (3,), not one number"),
    ([node("Softplus", "h", "s"), node("Greater", "h x", "c"), node("Where", "c h s", "y")],
     "2 '' (Greater) takes 'x', which is no constant of real numbers"),
    ([node("Softplus", "h", "s"), node("Greater", "h high", "c"), node("Softplus", "s", "t"),
      node("Where", "c s t", "y")], f"4 '' (Where) {NO_CHOICE}"),
    ([node("Relu", "h", "s"), node("Greater", "h high", "c"), node("Where", "c h s", "y")],
     f"3 '' (Where) {NO_CHOICE}"),
    ([node("Softplus", "h", "s"), node("Greater", "h high", "c"), node("Where", "c s h", "y")],
     f"3 '' (Where) {NO_CHOICE}"),
    ([node("Softplus", "h", "s"), node("Greater", "h high", "c"), node("Tanh", "s", "t"),
      node("Where", "c h t", "y")], f"4 '' (Where) {NO_CHOICE}"),
    ([node("Where", "b b h", "y")],
     "1 '' (Where) chooses between a value of the samples and a constant; known is x where x > c, "
     "else c"),
    ([node("Greater", "h high", "c"), node("Add", "c h", "y")],
     "2 '' (Add) takes 'c', which is no constant of real numbers"),
    ([node("Exp", "h", "e"), node("Add", "e high", "f"), node("Log", "f", "y")],
     "3 '' (Log) takes a logarithm of samples; known are those of 1 + Exp(x), Sigmoid(x) and "
     "Softmax(x)"),
    ([node("Erf", "h", "e"), node("Add", "e number", "f"), node("Mul", "f h", "g"),
      node("Mul", "g g", "y")], f"4 '' (Mul) {NO_ACTIVATION}"),
])
def test_values_that_come_together_again(nodes, reason):
    made = model([GEMM, *nodes], WEIGHTS | {"low": np.array(19.0), "high": np.array(20.0)})
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
    newer = "wanted 6 or newer: onnx.version_converter makes it newer"
    for version in (5, 1):
        made.opset_import[0].version = version
        refused(made, f"it is written for opset {version}; {newer}")
    made.opset_import[0].domain = "ai.onnx.ml"
    refused(made, f"it is written for opset 0; {newer}")
    del made.opset_import[:]
    refused(made, f"it is written for opset 0; {newer}")


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


def test_an_input_of_unknown_shape():
    for shape in ("n", None), None:
        refused(model([node("Relu", "x", "y")], inputs=[value("x", shape)]),
                "its input 'x' has an unknown shape, and no constant says how many numbers a "
                "sample has")


# ---- the axis of the samples ----

@pytest.mark.parametrize("constant", [np.full(3, 2.0), np.full((1, 3), 2.0), np.array([1.0, 2, 3])])
@pytest.mark.parametrize(("operator", "more", "attributes"), [
    ("Softmax", "", {"axis": 0}), ("LogSoftmax", "", {"axis": 0}), ("Gather", " one", {"axis": 0}),
    ("Slice", " zero one zero", {})])
@pytest.mark.parametrize("first", ["Div", "Add", "Mul", None])
@pytest.mark.parametrize("lengths", [("n", 3), ("n", "f")])
def test_steps_over_samples_are_not_read_as_steps_over_their_numbers(constant, operator, more,
                                                                     attributes, first, lengths):
    """The axis of any length counts samples, also where a constant is the same for all numbers"""
    nodes = [node(operator, f"{'h' if first else 'x'}{more}", "y", **attributes)]
    if first:
        nodes.insert(0, node(first, "x c", "h"))
    else:
        nodes.append(node("Mul", "y c", "z"))
    indices = {"one": np.array([1]), "zero": np.array([0])}
    made = model(nodes, [tensor("c", constant.astype(np.float32)),
                         *(tensor(*each) for each in indices.items())],
                 inputs=[value("x", lengths)], outputs=[value("y" if first else "z")], opset=17)
    with pytest.raises(ValueError, match="axis 0"):
        Network.from_onnx(made)
