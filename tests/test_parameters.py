"""All parameters of a network as one vector, and back."""
import numpy as np
import pytest
from helpers import every_activation, raises, same_bits
from test_norms import random_block

from mathwork.nn import Dense, LayerNorm, Network, Residual, RMSNorm


def block_network(rng, dtype):
    return Network([*random_block(rng, 5, dtype), Dense(rng.normal(size=(2, 5)))], dtype=dtype)


def test_the_order():
    net = Network([Dense([[1, 2], [3, 4]], [5, 6], "relu"),
                   LayerNorm([7, 8], [9, 10]),
                   Residual([RMSNorm([11, 12]), Dense([[13, 14]], [15], ("prelu", 0.5)),
                             Dense([[16], [17]], [18, 19])]),
                   Dense([[20, 21]], [22], "softmax")])
    assert net.parameters().tolist() == [*range(1, 23)]
    again = net.with_parameters(np.arange(1, 23)[::-1])
    assert again.parameters().tolist() == [*range(22, 0, -1)]
    assert again.layers[0].weight.tolist() == [[22, 21], [20, 19]]
    assert again.layers[0].bias.tolist() == [18, 17]
    assert again.layers[2].layers[0].weight.tolist() == [12, 11]
    assert again.layers[2].layers[1].activation == ("prelu", (0.5,))


def test_a_copy_of_their_number_and_dtype(dtype, rng):
    net = block_network(rng, dtype)
    vector = net.parameters()
    assert vector.dtype == dtype and vector.shape == (net.n_parameters,)
    before = vector.copy()
    vector[:] = 0
    assert same_bits(net.parameters(), before)


def test_there_and_back(dtype, rng):
    net = block_network(rng, dtype)
    again = net.with_parameters(net.parameters())
    assert repr(again) == repr(net)
    assert same_bits(again.parameters(), net.parameters())
    x = rng.normal(size=(7, 5))
    assert same_bits(again(x), net(x))


@every_activation
def test_activations_are_kept(activation, dtype):
    net = Network([Dense(np.ones((3, 3)), None, activation)], dtype=dtype)
    other = net.with_parameters(np.arange(12))
    assert other.layers[0].activation == net.layers[0].activation
    assert other.dtype == dtype


def test_labels_and_the_class_are_kept():
    class Mine(Network):
        pass

    net = Mine([Dense(np.eye(2))], classes=["a", "b"])
    other = net.with_parameters(np.zeros(6))
    assert type(other) is Mine
    assert other.classes_.tolist() == ["a", "b"]
    several = Network([Dense(np.eye(2))], multilabel=True)
    assert several.with_parameters(np.zeros(6)).multilabel


def test_the_vector_is_not_kept(dtype):
    vector = np.arange(6, dtype=dtype)
    net = Network([Dense(np.eye(2))], dtype=dtype).with_parameters(vector)
    vector[:] = 100
    assert net.parameters().tolist() == [0, 1, 2, 3, 4, 5]


def test_numbers_of_any_layout_are_rounded_to_the_dtype():
    net = Network([Dense([[1.0, 2.0]])])
    for vector in ([0.1, np.nan, np.inf], np.array([0.1, np.nan, np.inf], ">f8"),
                   np.array([0.1, 7, np.nan, 7, np.inf])[::2]):
        assert same_bits(net.with_parameters(vector).parameters(),
                         np.array([0.1, np.nan, np.inf], np.float32))


def test_other_shapes():
    net = Network([Dense([[1.0, 2.0]])])
    for shape in ((2,), (4,), (1, 3), (3, 1), (), (0,)):
        with raises(ValueError, f"parameters must have shape (3,), got {shape}"):
            net.with_parameters(np.ones(shape))


def test_no_numbers():
    net = Network([Dense([[1.0, 2.0]])])
    with raises(TypeError, "parameters must hold real numbers, got dtype complex128: "
                           "take its .real, .imag or abs()"):
        net.with_parameters(np.ones(3, complex))
    with raises(TypeError, "parameters must be a plain array, got a masked array: "
                           "fill or compress it first"):
        net.with_parameters(np.ma.ones(3))


def test_the_order_is_that_of_pytorch(rng):
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.LayerNorm(5), torch.nn.ReLU(),
                                 torch.nn.Linear(5, 2))
    vector = torch.nn.utils.parameters_to_vector(module.parameters()).detach().numpy()
    assert same_bits(Network.from_torch(module).parameters(), vector)


def test_scipy_finds_the_least_squares(rng):
    optimize = pytest.importorskip("scipy.optimize")
    net = Network([Dense(np.zeros((1, 2)))], dtype=float)
    x = rng.normal(size=(30, 2))
    answer = x @ [2.0, -3.0] + 0.5
    found = optimize.least_squares(lambda v: net.with_parameters(v)(x)[:, 0] - answer,
                                   net.parameters())
    assert np.allclose(found.x, [2.0, -3.0, 0.5], rtol=0, atol=1e-8)
