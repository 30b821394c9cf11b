"""The tests of operators that the ONNX package brings, where they make a network.

Each is a model of one node with its inputs and outputs. One input becomes the samples, and the
others become initializers.
"""
import fnmatch
import functools
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from mathwork.nn import Network

onnx = pytest.importorskip("onnx", reason="the onnx package is not installed")

# Not Mish: its one test is a sample of 10,000 numbers, which would make a layer of 10^8 weights.
OPERATORS = ["Add", "Constant", "Dropout", "Elu", "Flatten", "Gelu", "Gemm", "Identity",
             "LeakyRelu", "LogSoftmax", "MatMul", "Relu", "Selu", "Sigmoid", "Softmax", "Softplus",
             "Swish", "Tanh", "Transpose"]
TWO_OPERANDS = ["Add", "Gemm", "MatMul"]                    # either may be the samples
MOVING_ALONE = ["Dropout", "Flatten", "Identity"]           # no layer: one is put after them

# What makes no network, and what its refusal says. "of b" is with b as the samples.
LEFT_OUT = {
    "test_add_*int* of *": "has the data type",
    "test_constant": "its output 'values' depends on none of its inputs []",
    "test_identity_opt": "its input 'opt_in' has the data type 0",          # no tensor
    "test_identity_sequence": "its input 'x' has the data type 0",
    "test_*softmax_axis_[01]": "is not that of one sample",
    "test_*softmax_axis_[01]_expanded*": "works along axis",
    "test_matmul_1d_3d of a": "not by a matrix",
    "test_matmul_3d of [ab]": "not by a matrix",
    "test_matmul_4d of [ab]": "not by a matrix",
    "test_matmul_4d_1d of b": "not by a matrix",
    "test_matmul_bcast of a": "not by a matrix",
    "test_matmul_bcast of b": "not by a matrix",
    "test_selu": "has an alpha or gamma of its own",
    "test_selu_example": "has an alpha or gamma of its own",
    "test_training_dropout*": "is in training mode",
}


class Variant:
    """One of ONNX's tests with one of its inputs as the samples"""

    def __init__(self, case, model, operator, place):
        self.case, self.place, self.operator = case, place, operator
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        graph = self.model.graph
        weights = [index for index in range(len(graph.input)) if index != place]
        graph.initializer.extend(named(self._tensor("input", index), graph.input[index].name)
                                 for index in weights)
        for index in reversed(weights):
            del graph.input[index]
        if operator == "Add":
            put_identity_matrix_before(graph, place)
        if operator in MOVING_ALONE:
            put_identity_activation_after(graph)

    def _tensor(self, kind, index):
        """The TensorProto of an input or output, in memory or, before onnx 1.21, in files"""
        if self.case.data_sets is not None:
            arrays = self.case.data_sets[0][kind == "output"]
            return onnx.numpy_helper.from_array(np.asarray(arrays[index]))
        path = Path(self.case.model_dir, "test_data_set_0", f"{kind}_{index}.pb")
        return onnx.TensorProto.FromString(path.read_bytes())

    def check(self):
        """Assert that the network gives what the test expects."""
        net = Network.from_onnx(self.model)
        samples = onnx.numpy_helper.to_array(self._tensor("input", self.place))
        expected = onnx.numpy_helper.to_array(self._tensor("output", 0))
        columns_in, columns_out = self._columns()
        if net.sizes[0] == samples.size:        # the whole tensor is one sample
            y = net(samples.ravel()).reshape(expected.shape)
            np.testing.assert_allclose(y, expected, self.case.rtol, self.case.atol)
            return
        x = samples.T if columns_in else samples
        y = net(x.reshape(-1, net.sizes[0]))
        y = y.T if columns_out else y.reshape(expected.shape)
        np.testing.assert_allclose(y, expected, self.case.rtol, self.case.atol, strict=True)

    def _columns(self):
        """Whether a sample is a column of the input, and of the output"""
        transposed = {attribute.name for attribute in self.model.graph.node[0].attribute
                      if attribute.name.startswith("trans") and attribute.i}
        if (self.operator not in ("Gemm", "MatMul")
                or len(self.model.graph.input[0].type.tensor_type.shape.dim) != 2):
            return False, False
        return ("transA" in transposed, False) if self.place == 0 else (
            "transB" not in transposed, True)


def named(tensor, name):
    tensor.name = name
    return tensor


def put_identity_matrix_before(graph, place):
    kind = graph.input[0].type.tensor_type
    matrix = np.eye(kind.shape.dim[-1].dim_value,
                    dtype=onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type))
    graph.initializer.append(onnx.numpy_helper.from_array(matrix, "matrix"))
    graph.node[0].input[place] = "product"
    graph.node.insert(0, onnx.helper.make_node("MatMul", [graph.input[0].name, "matrix"],
                                               ["product"]))


def make_one_sample(graph, array):
    """Add a constant that differs along all axes first, so that the whole tensor is one sample"""
    graph.initializer.append(onnx.numpy_helper.from_array(array, "moved"))
    graph.node[0].input[0] = "samples"
    graph.node.insert(0, onnx.helper.make_node("Add", [graph.input[0].name, "moved"], ["samples"]))


def put_identity_activation_after(graph):
    graph.node[0].output[0] = "moved"
    graph.node.append(onnx.helper.make_node("LeakyRelu", ["moved"], [graph.output[0].name],
                                            alpha=1.0))


@functools.cache
def cases():
    """{name: case} of all tests of operators"""
    with warnings.catch_warnings():
        # Numbers out of range are cast on purpose in what the loader makes of other operators.
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", DeprecationWarning)     # of NumPy 2.5, for what they do
        from onnx.backend.test import loader

        return {case.name: case for case in loader.load_model_tests(kind="node")}


@pytest.fixture(scope="module")
def variants():
    """{name: Variant} of all tests of OPERATORS, with those of their expanded forms"""
    models = {name: case.model or onnx.load(Path(case.model_dir, "model.onnx"))
              for name, case in cases().items()}
    operators = {name: model.graph.node[0].op_type for name, model in models.items()
                 if len(model.graph.node) == 1 and model.graph.node[0].op_type in OPERATORS}
    found = {}
    for case in cases().values():
        operator = operators.get(case.name.partition("_expanded")[0])
        model = models[case.name]
        if operator in TWO_OPERANDS:
            for place, operand in enumerate(model.graph.input[:2]):
                name = f"{case.name} of {operand.name}"
                found[name] = Variant(case, model, operator, place)
        elif operator is not None:
            found[case.name] = Variant(case, model, operator, 0)
    return found


# Operators that move numbers, compute affine images of them, or are pieces of Relu. The first input
# is the samples; where a test is of no network, such as one of integers, it is refused.
OTHERS = {"Abs": 1, "Celu": 1, "Exp": 2, "HardSwish": 1, "LayerNormalization": 6,
          "RMSNormalization": 6, "Softsign": 2, "BatchNormalization": 2, "Clip": 5,
          "Concat": 12, "Div": 2, "Expand": 2, "Gather": 3, "HardSigmoid": 3, "Max": 4,
          "Min": 4, "Mul": 2, "Neg": 2, "PRelu": 2,
          "Pad": 2, "ReduceMean": 4, "ReduceSum": 5, "Reshape": 9, "Slice": 7, "Split": 6,
          "Squeeze": 2, "Sub": 2, "Sum": 2, "Transpose": 7, "Unsqueeze": 6}


@pytest.mark.parametrize("operator", OTHERS)
def test_other_operators_are_right_or_refused(operator):
    right = 0
    for name, case in cases().items():
        model = case.model or onnx.load(Path(case.model_dir, "model.onnx"))
        if (len(model.graph.node) != 1 or model.graph.node[0].op_type != operator
                or not model.graph.input):
            continue
        variant = Variant(case, model, operator, 0)
        samples = onnx.numpy_helper.to_array(variant._tensor("input", 0))
        if samples.dtype not in (np.float32, np.float64) or not samples.size:
            continue
        moved = np.arange(samples.size, dtype=samples.dtype).reshape(samples.shape) % 7
        make_one_sample(variant.model.graph, moved)
        for place, output in enumerate(each.name for each in variant.model.graph.output):
            try:
                net = Network.from_onnx(variant.model, outputs=output)
            except ValueError as error:
                assert str(error).startswith("the ONNX model: "), name
                continue
            expected = onnx.numpy_helper.to_array(variant._tensor("output", place))
            y = net((samples - moved).ravel())
            np.testing.assert_allclose(y, expected.ravel(), 1e-4, 2e-5, err_msg=name)
            right += 1
    assert right >= OTHERS[operator]


def reasons(name):
    return [pattern for pattern in LEFT_OUT if fnmatch.fnmatchcase(name, pattern)]


@pytest.mark.parametrize("operator", [name for name in OPERATORS
                                      if name not in ("Constant", "Transpose")])
def test_networks_give_what_onnx_expects(variants, operator):
    kept = [name for name, variant in variants.items()
            if variant.operator == operator and not reasons(name)]
    assert kept
    for name in kept:
        variants[name].check()


@pytest.mark.parametrize("pattern", LEFT_OUT)
def test_what_is_left_out_is_refused(variants, pattern):
    names = fnmatch.filter(variants, pattern)
    assert names
    for name in names:
        with pytest.raises(ValueError, match=re.escape(LEFT_OUT[pattern])) as info:
            Network.from_onnx(variants[name].model)
        assert type(info.value) is ValueError


def test_every_test_of_the_operators_is_accounted_for(variants):
    assert {variant.operator for variant in variants.values()} == set(OPERATORS)
    assert all(len(reasons(name)) <= 1 for name in variants)
