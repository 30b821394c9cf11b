"""Networks out of scikit-learn and PyTorch: they compute the same, or are refused."""
import collections
import functools
import itertools
import types

import numpy as np
import pytest
from helpers import raises, same_bits
from random_networks import (
    SLOW,
    TORCH_SOFTPLUS,
    assert_agrees,
    random_layer,
    random_network,
    random_rows,
    random_sizes,
)

from mathwork.nn import Dense, Network


@pytest.fixture(scope="module")
def neural():
    return pytest.importorskip("sklearn.neural_network", reason="scikit-learn is not installed")


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture
def nn(torch):
    return torch.nn


def test_the_tolerance_notices_a_missing_bias():
    # Where it does not, the layers after hardly depend on it.
    noticed = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        net = random_network(rng, np.float32)
        x = random_rows(rng, net.sizes[0], np.float32)
        assert_agrees(net, x, net(x))
        first, *rest = net.layers
        try:
            assert_agrees(net, x, Network([Dense(first.weight, None, first.activation), *rest])(x))
        except AssertionError:
            noticed += 1
    assert noticed > 50


@pytest.mark.parametrize("thing", [1, None, "relu", np.ones(3), Network, Network.he((2, 1))],
                         ids=["int", "None", "str", "array", "class", "network"])
@pytest.mark.parametrize(("make", "wanted"), [
    (Network.from_sklearn, "estimator must be an MLPClassifier or MLPRegressor"),
    (Network.from_torch, "module must be a torch.nn.Module"),
    (Network.from_keras, "model must be a keras.Model")], ids=["sklearn", "torch", "keras"])
def test_what_is_no_model(make, wanted, thing):
    with raises(TypeError, f"{wanted}, got {type(thing).__name__}"):
        make(thing)


# ---- scikit-learn ----

def fitted(neural, rng, dtype, task, activation, sizes):
    """An estimator after one step of fitting to noise, then with weights of any size"""
    n_in, *hidden, n_out = sizes
    x = rng.normal(size=(max(n_out, 3), n_in)).astype(dtype)
    kind = neural.MLPRegressor if task == "regression" else neural.MLPClassifier
    estimator = kind(hidden_layer_sizes=hidden, activation=activation, solver="sgd")
    if task == "regression":
        estimator.partial_fit(x, np.ones((len(x), n_out)) if n_out > 1 else np.ones(len(x)))
    elif task == "labels":
        estimator.partial_fit(x, rng.integers(0, 2, (len(x), n_out)), classes=range(n_out))
    else:
        n_classes = 2 if n_out == 1 else n_out
        estimator.partial_fit(x, np.arange(len(x)) % n_classes, classes=range(n_classes))
    shapes = [weight.shape for weight in estimator.coefs_]
    assert shapes == list(itertools.pairwise(sizes))
    layers = [random_layer(rng, *shape, dtype) for shape in shapes]
    estimator.coefs_ = [weight.T for weight, _ in layers]
    estimator.intercepts_ = [bias for _, bias in layers]
    return estimator


def answers(estimator, x):
    """What the network has to give: a column an output"""
    if hasattr(estimator, "predict_proba"):
        given = estimator.predict_proba(x)
        return given[:, 1:] if estimator.n_outputs_ == 1 else given
    return estimator.predict(x).reshape(len(x), -1)


@pytest.mark.parametrize("seed", range(200))
def test_random_estimators(neural, seed):
    rng = np.random.default_rng(seed)
    dtype = [np.float32, np.float64][seed % 2]
    task = ["regression", "binary", "classes", "labels"][seed // 2 % 4]
    activation = ["identity", "logistic", "tanh", "relu"][seed // 8 % 4]
    sizes = random_sizes(rng)
    if task == "binary":
        sizes[-1] = 1
    elif task != "regression":
        sizes[-1] += 2
    estimator = fitted(neural, rng, dtype, task, activation, sizes)
    net = Network.from_sklearn(estimator)
    assert net.sizes == tuple(sizes) and net.dtype == dtype
    assert net.layers[-1].activation == {"regression": "identity", "classes": "softmax"}.get(
        task, "sigmoid")
    x = random_rows(rng, sizes[0], dtype)
    assert_agrees(net, x, answers(estimator, x))


def test_classify_is_predict(neural, rng):
    estimator = fitted(neural, rng, np.float64, "classes", "relu", (4, 20, 5))
    x = rng.normal(size=(300, 4))
    assert (Network.from_sklearn(estimator).classify(x) == estimator.predict(x)).all()


@pytest.mark.parametrize("own", [np.float32, np.float64])
@pytest.mark.parametrize("wanted", ["float32", "float64"])
def test_dtype_of_an_estimator(neural, rng, own, wanted):
    estimator = fitted(neural, rng, own, "classes", "tanh", (4, 6, 3))
    net = Network.from_sklearn(estimator, dtype=wanted)
    assert Network.from_sklearn(estimator).dtype == own and net.dtype == np.dtype(wanted)
    for layer, weight in zip(net.layers, estimator.coefs_, strict=True):
        assert same_bits(layer.weight, weight.T.astype(wanted, order="C"))
    with raises(TypeError, "dtype must be float32 or float64, got float16"):
        Network.from_sklearn(estimator, dtype="f2")


def test_refused_estimators(neural, rng):
    from sklearn.pipeline import make_pipeline

    with raises(ValueError, "MLPClassifier is not fitted yet: call its fit first"):
        Network.from_sklearn(neural.MLPClassifier())
    for other, name in ((make_pipeline(neural.MLPClassifier()), "Pipeline"),
                        (neural.BernoulliRBM(), "BernoulliRBM"),
                        (neural.MLPClassifier, "ABCMeta")):
        with raises(TypeError, f"estimator must be an MLPClassifier or MLPRegressor, got {name}"):
            Network.from_sklearn(other)
    regressor = fitted(neural, rng, np.float64, "regression", "relu", (2, 3, 1))
    regressor.out_activation_ = "cube"
    with raises(ValueError, "MLPRegressor has no counterpart in mathwork: it has the activation "
                            "'cube'; known are exp, identity, logistic, relu, softmax, tanh"):
        Network.from_sklearn(regressor)


# ---- PyTorch ----

def torch_activation(nn, activation, dtype):
    name, *parameter = [activation] if isinstance(activation, str) else activation
    kinds = {"identity": nn.Identity, "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU,
             "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "softplus": nn.Softplus, "silu": nn.SiLU,
             "mish": nn.Mish, "gelu": nn.GELU, "elu": nn.ELU, "selu": nn.SELU,
             "celu": nn.CELU, "clip": nn.Hardtanh, "relu6": nn.ReLU6, "hardtanh": nn.Hardtanh,
             "hardsigmoid": nn.Hardsigmoid, "hardswish": nn.Hardswish, "softsign": nn.Softsign,
             "log_sigmoid": nn.LogSigmoid, "gelu_tanh": functools.partial(nn.GELU, "tanh"),
             "prelu": functools.partial(nn.PReLU, 1),
             "softmax": functools.partial(nn.Softmax, -1),
             "log_softmax": functools.partial(nn.LogSoftmax, 1)}
    made = kinds[name](*parameter)
    return made.double() if dtype == np.float64 else made       # PReLU has a parameter


def torch_linear(torch, rng, n_in, n_out, dtype):
    linear = torch.nn.Linear(n_in, n_out, bias=bool(rng.random() < 0.8))
    weight, bias = random_layer(rng, n_in, n_out, dtype)
    linear.weight = torch.nn.Parameter(torch.tensor(weight))
    if linear.bias is not None:
        linear.bias = torch.nn.Parameter(torch.tensor(bias))
    return linear


def torch_model(torch, rng, dtype):
    """Linear layers with none, one or two activations after each, in nested Sequentials"""
    nn = torch.nn

    def some_activations(most):
        for _ in range(rng.integers(most + 1)):
            yield torch_activation(nn, SLOW[rng.integers(len(SLOW))], dtype)
            yield from [nn.Flatten(), nn.Dropout(0.3), nn.Identity(), nn.ReLU()][rng.integers(9):]

    sizes = random_sizes(rng)
    steps = list(some_activations(1))
    for n_in, n_out in itertools.pairwise(sizes):
        steps += [torch_linear(torch, rng, n_in, n_out, dtype), *some_activations(2)]
    for _ in range(rng.integers(4)):
        start, stop = sorted(rng.integers(0, len(steps) + 1, 2))
        steps[start:stop] = [nn.Sequential(*steps[start:stop])]
    return nn.Sequential(*steps), sizes


@pytest.mark.parametrize("seed", range(200))
def test_random_modules(torch, seed):
    rng = np.random.default_rng(seed)
    dtype = [np.float32, np.float64][seed % 2]
    module, sizes = torch_model(torch, rng, dtype)
    net = Network.from_torch(module)
    assert net.dtype == dtype and (net.sizes[0], net.sizes[-1]) == (sizes[0], sizes[-1])
    x = random_rows(rng, sizes[0], dtype)
    with torch.no_grad():
        expected = module.eval()(torch.tensor(x)).numpy()
    assert_agrees(net, x, expected, TORCH_SOFTPLUS)


def test_softplus_above_the_threshold_of_pytorch(torch):
    x = np.array([[19.9], [20.1], [25.0], [800.0]])
    linear = torch.nn.Linear(1, 1, bias=False, dtype=torch.float64)
    linear.weight = torch.nn.Parameter(torch.ones(1, 1, dtype=torch.float64))
    for module in (torch.nn.Softplus(), torch.nn.Softplus(threshold=40)):
        net = Network.from_torch(torch.nn.Sequential(linear, module))
        np.testing.assert_allclose(net(x), np.logaddexp(0, x), rtol=4e-16)
        difference = net(x) - module(torch.tensor(x)).numpy()
        assert (abs(difference) < (2.1e-9 if module.threshold == 20 else 1e-14)).all()


def test_dtype_of_a_module(torch, nn):
    for source, own in ((torch.float16, "f4"), (torch.bfloat16, "f4"), (torch.float32, "f4"),
                        (torch.float64, "f8")):
        linear = nn.Linear(3, 2, dtype=source)
        net = Network.from_torch(linear)
        assert net.dtype == np.dtype(own) and net.sizes == (3, 2)
        wide = linear.double()
        assert np.array_equal(net.layers[0].weight, wide.weight.detach().numpy())
        assert np.array_equal(net.layers[0].bias, wide.bias.detach().numpy())
        for wanted in (np.float32, np.float64):
            assert Network.from_torch(linear, dtype=wanted).dtype == wanted
    assert Network.from_torch(nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1).double())
                              ).dtype == np.float64


def test_a_network_is_a_copy_of_its_module(torch, nn):
    module = nn.Sequential(nn.Linear(3, 2), nn.Dropout(), nn.ReLU())
    net = Network.from_torch(module)
    expected = net([1, 2, 3])
    assert module.training and module[0].weight.requires_grad
    with torch.no_grad():
        module[0].weight.fill_(7)
    assert same_bits(net([1, 2, 3]), expected)


def test_modules_used_twice_parametrized_named_and_subclassed(torch, nn):
    class Projection(nn.Linear):
        pass

    class Tower(nn.Sequential):
        def __init__(self):
            super().__init__(collections.OrderedDict(one=Projection(4, 4), two=nn.SELU()))

    relu, linear, tower = nn.ReLU(), nn.Linear(4, 4), Tower()
    normed = torch.nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    module = nn.Sequential(linear, relu, tower, linear, relu, normed, tower, relu)
    net = Network.from_torch(module)
    assert repr(net) == "Network(4-4-4-4-4-4-4, relu-selu-relu-identity-selu-relu, float32)"
    x = torch.randn(9, 4, generator=torch.Generator().manual_seed(0))
    assert_agrees(net, x.numpy(), module(x).detach().numpy())


def test_flatten_and_softmax_of_rows(torch, nn):
    for kind in (nn.Flatten(), nn.Flatten(1, 1), nn.Softmax(1), nn.Softmax(-1), nn.Softmax()):
        net = Network.from_torch(nn.Sequential(nn.Linear(4, 3), kind))
        assert net.layers[0].activation == ("softmax" if "Soft" in repr(kind) else "identity")


def test_an_activation_that_comes_first_is_as_wide_as_what_follows(nn):
    net = Network.from_torch(nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Linear(5, 2), nn.ReLU(),
                                           nn.Softmax(1), nn.Linear(2, 3)))
    assert net.sizes == (5, 5, 5, 2, 2, 3)
    assert np.array_equal(net.layers[1].weight, np.eye(5))


KNOWN = ("known are Sequential, Linear, Flatten, Dropout, Identity, CELU, ELU, GELU, Hardsigmoid, "
         "Hardswish, Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax, Mish, PReLU, ReLU, ReLU6, SELU, "
         "SiLU, Sigmoid, Softmax, Softplus, Softsign, Tanh of torch.nn, "
         "without a forward of their own")
HOOKS = "it has forward hooks, which are not kept"


def with_own_forward(nn, base, *arguments):
    return type("Mine", (base,), {"forward": lambda self, x: 2 * x})(*arguments)


def with_replaced_forward(module):
    module.forward = types.MethodType(lambda self, x: 2 * x, module)
    return module


def with_hook(module, register):
    getattr(module, register)(lambda *arguments: None)
    return module


def with_weight(torch, weight, **options):
    linear = torch.nn.Linear(1, 1, bias=False)
    del linear.weight
    linear.weight = torch.nn.Parameter(weight, requires_grad=False)
    return linear


@pytest.mark.parametrize(("make", "where", "reason"), [
    (lambda nn: nn.Conv2d(1, 1, 1), "Conv2d '1'", KNOWN),
    (lambda nn: nn.BatchNorm1d(4), "BatchNorm1d '1'", KNOWN),
    (lambda nn: nn.Module(), "Module '1'", KNOWN),
    (lambda nn: nn.Sequential(nn.ReLU(), nn.Hardshrink()), "Hardshrink '1.1'", KNOWN),
    (lambda nn: with_own_forward(nn, nn.Linear, 4, 4), "Mine '1'", KNOWN),
    (lambda nn: with_own_forward(nn, nn.Sequential), "Mine '1'", KNOWN),
    (lambda nn: with_own_forward(nn, nn.ReLU), "Mine '1'", KNOWN),
    (lambda nn: type("Mine", (nn.ReLU,), {"__call__": lambda self, x: x})(), "Mine '1'", KNOWN),
    (lambda nn: with_replaced_forward(nn.Linear(4, 4)), "Linear '1'", KNOWN),
    (lambda nn: with_hook(nn.ReLU(), "register_forward_hook"), "ReLU '1'", HOOKS),
    (lambda nn: with_hook(nn.Linear(4, 4), "register_forward_pre_hook"), "Linear '1'", HOOKS),
    (lambda nn: with_hook(nn.Sequential(), "register_forward_hook"), "Sequential '1'", HOOKS),
    (lambda nn: nn.Softmax(0), "Softmax '1'", "it has dim=0"),
    (lambda nn: nn.Sequential(nn.LogSoftmax(2)), "LogSoftmax '1.0'", "it has dim=2"),
    (lambda nn: nn.Flatten(0), "Flatten '1'",
     "it has start_dim=0, end_dim=-1, not one row a sample"),
    (lambda nn: nn.Softplus(-2), "Softplus '1'", "it has beta=-2, threshold=20.0"),
    (lambda nn: nn.Softplus(2, 10), "Softplus '1'", "it has beta=2, threshold=10"),
    (lambda nn: nn.Softplus(threshold=5), "Softplus '1'", "it has beta=1.0, threshold=5"),
])
def test_refused_modules(nn, make, where, reason):
    with raises(ValueError, f"{where} has no counterpart in mathwork: {reason}"):
        Network.from_torch(nn.Sequential(nn.Linear(4, 4), make(nn)))


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor.* are deprecated:UserWarning")
def test_refused_weights(torch, nn):
    for weight, dtype in ((torch.ones(2, 2, dtype=torch.complex64), "torch.complex64"),
                          (torch.ones(2, 2, dtype=torch.int8), "torch.int8"),
                          (torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 0, torch.qint8),
                           "torch.qint8")):
        with raises(ValueError, "Linear has no counterpart in mathwork: it has parameters of "
                                f"dtype {dtype}"):
            Network.from_torch(with_weight(torch, weight))
    with raises(ValueError, "Linear '0' is on the meta device, without numbers"):
        Network.from_torch(nn.Sequential(nn.Linear(2, 2, device="meta")))
    with pytest.raises(ValueError, match="Linear has a parameter that cannot be read"):
        Network.from_torch(with_weight(torch, torch.eye(2).to_sparse()))
    with raises(ValueError, "LazyLinear '0' has no weights yet: call the module first"):
        Network.from_torch(nn.Sequential(nn.LazyLinear(2)))


def test_refused_as_a_whole(torch, nn):
    endless = nn.Sequential(nn.Linear(4, 4))
    endless.append(nn.Sequential(endless))
    with raises(ValueError, "Sequential '1.0' contains itself"):
        Network.from_torch(endless)
    for empty in (nn.Sequential(), nn.ReLU(), nn.Sequential(nn.ReLU(), nn.Flatten())):
        with raises(ValueError, "the network has no linear layer"):
            Network.from_torch(empty)
    with raises(ValueError, f"Conv2d has no counterpart in mathwork: {KNOWN}"):
        Network.from_torch(nn.Conv2d(1, 1, 1))
    with raises(ValueError, "layer 1 must take the 3 outputs of layer 0, got weight of shape "
                            "(2, 4)"):
        Network.from_torch(nn.Sequential(nn.Linear(4, 3), nn.Linear(4, 2)))
    for other, name in ((torch.ones(2, 2), "Tensor"), (nn.Parameter(torch.ones(2)), "Parameter"),
                        (nn.Linear, "type")):
        with raises(TypeError, f"module must be a torch.nn.Module, got {name}"):
            Network.from_torch(other)
