"""The tests of operators that the ONNX package brings, where they make a network.

Each is a model of one node with its inputs and outputs. One input becomes the samples, and the
others become initializers.
"""
import fnmatch
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
    "test_*_expanded*": "is not an operator of a network",  # written out in smaller operators
    "test_add_*int* of *": "has the data type",
    "test_add of *": "is no bias of 5 numbers a sample",
    "test_add_bcast of y": "is no bias of 5 numbers a sample",
    "test_constant": "a network has one input and one output",
    "test_dropout_*_mask*": "a network has one input and one output",
    "test_flatten_axis[02]": "does not leave one row a sample",
    "test_flatten_negative_axis[24]": "does not leave one row a sample",
    "test_gelu_tanh_?": "is the approximation through tanh",
    # c differs from sample to sample, where b is not the weight
    "test_gemm_all_attributes of b": "is no bias of 3 numbers a sample",
    "test_gemm_alpha of b": "is no bias of 3 numbers a sample",
    "test_gemm_beta of b": "is no bias of 2 numbers a sample",
    "test_gemm_default_matrix_bias of [ab]": "which is no bias of",
    "test_gemm_default_vector_bias of b": "is no bias of 2 numbers a sample",
    "test_gemm_default_zero_bias of b": "is no bias of 3 numbers a sample",
    "test_gemm_transpose? of b": "is no bias of 3 numbers a sample",
    "test_identity_opt": "its input 'opt_in' has the data type 0",          # no tensor
    "test_identity_sequence": "its input 'x' has the data type 0",
    "test_*softmax_axis_[01]": "is not that of one sample",
    "test_matmul_1d_1d of ?": "not by a matrix",
    "test_matmul_1d_3d of a": "not by a matrix",
    "test_matmul_1d_3d of b": "multiplies samples of 3 dimensions from the left",
    "test_matmul_3d of a": "not by a matrix",
    "test_matmul_3d of b": "multiplies samples of 3 dimensions from the left",
    "test_matmul_4d of a": "not by a matrix",
    "test_matmul_4d of b": "multiplies samples of 4 dimensions from the left",
    "test_matmul_4d_1d of ?": "not by a matrix",
    "test_matmul_bcast of a": "not by a matrix",
    "test_matmul_bcast of b": "multiplies samples of 4 dimensions from the left",
    "test_selu": "has an alpha or gamma of its own",
    "test_selu_example": "has an alpha or gamma of its own",
    "test_training_dropout*_mask": "a network has one input and one output",
    "test_training_dropout": "is in training mode",
    "test_training_dropout_default": "is in training mode",
    "test_training_dropout_zero_ratio": "is in training mode",
    "test_transpose_*": "does not make columns of rows",    # tensors of three dimensions
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
        x = samples.T if columns_in else samples
        y = net(x.reshape(-1, net.sizes[0]))
        y = y.T if columns_out else y.reshape(expected.shape)
        np.testing.assert_allclose(y, expected, self.case.rtol, self.case.atol, strict=True)

    def _columns(self):
        """Whether a sample is a column of the input, and of the output"""
        transposed = {attribute.name for attribute in self.model.graph.node[0].attribute
                      if attribute.name.startswith("trans") and attribute.i}
        if self.operator not in ("Gemm", "MatMul"):
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


def put_identity_activation_after(graph):
    graph.node[0].output[0] = "moved"
    graph.node.append(onnx.helper.make_node("LeakyRelu", ["moved"], [graph.output[0].name],
                                            alpha=1.0))


@pytest.fixture(scope="module")
def variants():
    """{name: Variant} of all tests of OPERATORS, with those of their expanded forms"""
    with warnings.catch_warnings():
        # Numbers out of range are cast on purpose in what the loader makes of other operators.
        warnings.simplefilter("ignore", RuntimeWarning)
        from onnx.backend.test import loader

        cases = loader.load_model_tests(kind="node")
    models = {case.name: case.model or onnx.load(Path(case.model_dir, "model.onnx"))
              for case in cases}
    operators = {name: model.graph.node[0].op_type for name, model in models.items()
                 if len(model.graph.node) == 1 and model.graph.node[0].op_type in OPERATORS}
    found = {}
    for case in cases:
        operator = operators.get(case.name.partition("_expanded")[0])
        model = models[case.name]
        if operator in TWO_OPERANDS:
            for place, operand in enumerate(model.graph.input[:2]):
                name = f"{case.name} of {operand.name}"
                found[name] = Variant(case, model, operator, place)
        elif operator is not None:
            found[case.name] = Variant(case, model, operator, 0)
    return found


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
