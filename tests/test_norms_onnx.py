"""Norms and residuals as ONNX: ONNX Runtime computes the same."""
import numpy as np
import pytest
from random_networks import random_rows
from test_norms import random_block

from mathwork.nn import LayerNorm, Network

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

SMOOTH = ["identity", "relu", "tanh", "sigmoid", "softplus", "elu"]


def test_onnx_runtime_agrees(dtype):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(2, 40))
        net = Network(random_block(rng, n, dtype, activations=SMOOTH), dtype=dtype)
        x = random_rows(rng, n, dtype)
        session = onnxruntime.InferenceSession(net.to_onnx().SerializeToString(),
                                               providers=["CPUExecutionProvider"])
        expected, = session.run(None, {"x": x})
        y = net(x)
        tolerance = 3000 * np.finfo(dtype).eps
        assert y.shape == expected.shape and y.dtype == expected.dtype
        np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance * abs(y).max())


def test_eps_keeps_its_bits(dtype):
    model = Network([LayerNorm([1, 2, 3])], dtype=dtype).to_onnx()
    operators = [node.op_type for node in model.graph.node]
    assert operators == (["LayerNormalization"] if dtype == np.float32 else
                         ["ReduceMean", "Sub", "Mul", "ReduceMean", "Add", "Sqrt", "Div", "Mul",
                          "Add"])
