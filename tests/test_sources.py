"""Networks out of scikit-learn and PyTorch: they compute the same, or are refused."""
import collections
import functools
import itertools

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
    (Network.from_sklearn, "estimator must be an MLPClassifier or MLPRegressor, or a Pipeline "
                           "that ends in one"),
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
    from sklearn.model_selection import GridSearchCV

    with raises(ValueError, "MLPClassifier is not fitted yet: call its fit first"):
        Network.from_sklearn(neural.MLPClassifier())
    search = GridSearchCV(neural.MLPClassifier(), {})
    search.best_estimator_ = neural.MLPClassifier()
    for other, name in ((neural.BernoulliRBM(), "BernoulliRBM"),
                        (neural.MLPClassifier, "ABCMeta"),
                        (search, "GridSearchCV: give its best_estimator_")):
        with raises(TypeError, "estimator must be an MLPClassifier or MLPRegressor, or a Pipeline "
                               f"that ends in one, got {name}"):
            Network.from_sklearn(other)
    regressor = fitted(neural, rng, np.float64, "regression", "relu", (2, 3, 1))
    regressor.out_activation_ = "cube"
    with raises(ValueError, "MLPRegressor has no counterpart in mathwork: it has the activation "
                            "'cube'; known are exp, identity, logistic, relu, softmax, tanh"):
        Network.from_sklearn(regressor)


# ---- scikit-learn: classes ----

@pytest.mark.parametrize("labels", [
    [0, 1], [-1, 1], [True, False], ["no", "yes"], ["a", "b", "c"], [7, 5, 6],
    np.array(["x", "y"], object)])
def test_classify_gives_the_labels_of_predict(neural, rng, labels):
    x = rng.normal(size=(200, 2))
    y = np.asarray(labels)[np.digitize(x[:, 0], np.linspace(-0.5, 0.5, len(labels) - 1))]
    estimator = neural.MLPClassifier(8, solver="lbfgs", random_state=0).fit(x, y)
    net = Network.from_sklearn(estimator)
    assert net.classes_.dtype == estimator.classes_.dtype
    answers = net.classes_[net.classify(x)]
    assert (answers == estimator.predict(x)).all() and (answers == y).mean() > 0.9


def test_several_labels_and_regressors(neural, rng):
    estimator = fitted(neural, rng, np.float64, "labels", "relu", (4, 6, 3))
    net = Network.from_sklearn(estimator)
    x = rng.normal(size=(50, 4))
    assert net.multilabel and ((net(x) > 0.5) == estimator.predict(x)).all()
    with pytest.raises(ValueError, match="labels of which several may hold"):
        net.classify(x)
    assert Network.from_sklearn(
        fitted(neural, rng, np.float64, "regression", "relu", (4, 6, 3))).classes_ is None


# ---- scikit-learn: pipelines ----

def pipeline_of(rng, *scalers, dtype=np.float64, kind="MLPRegressor"):
    """A fitted pipeline, and rows as far apart as those that it was fitted to"""
    from sklearn import neural_network, pipeline

    x = (rng.normal(size=(60, 4)) * [1, 100, 1e-3, 5] + [0, 1000, 0.1, -7]).astype(dtype)
    y = np.sin(x[:, 0]) if kind == "MLPRegressor" else np.where(x[:, 0] > 0, "up", "down")
    mlp = getattr(neural_network, kind)(hidden_layer_sizes=6, random_state=0, max_iter=30,
                                        solver="lbfgs")
    return pipeline.make_pipeline(*scalers, mlp).fit(x, y), x


SCALERS = {
    "standard": ("StandardScaler", {}), "centred": ("StandardScaler", {"with_std": False}),
    "scaled": ("StandardScaler", {"with_mean": False}), "min-max": ("MinMaxScaler", {}),
    "range": ("MinMaxScaler", {"feature_range": (-3, 2)}),
    "clipped": ("MinMaxScaler", {"clip": True}), "max-abs": ("MaxAbsScaler", {}),
    "robust": ("RobustScaler", {}), "quartiles": ("RobustScaler", {"with_centering": False}),
    "medians": ("RobustScaler", {"with_scaling": False}), "nothing": ("FunctionTransformer", {})}


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize("name", SCALERS)
def test_scalers_are_folded_into_the_first_layer(neural, rng, name):
    from sklearn import preprocessing

    kind, options = SCALERS[name]
    pipeline, x = pipeline_of(rng, getattr(preprocessing, kind)(**options))
    net = Network.from_sklearn(pipeline)
    assert net.dtype == np.float64 and (len(net.layers) == 2 or name == "clipped")
    wider = np.concatenate([x, 3 * x])          # beyond the range that it was fitted to
    np.testing.assert_allclose(net(wider)[:, 0], pipeline.predict(wider), rtol=1e-9, atol=1e-9)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_pipelines_in_pipelines_and_steps_that_are_left_out(neural, rng):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    inner = make_pipeline(MinMaxScaler(), "passthrough")
    pipeline, x = pipeline_of(rng, inner, None, StandardScaler(), kind="MLPClassifier")
    net = Network.from_sklearn(pipeline)
    assert len(net.layers) == 2 and net.classes_.tolist() == ["down", "up"]
    assert (net.classes_[net.classify(x)] == pipeline.predict(x)).all()


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_weights_are_rounded_once(neural, rng):
    """float32 weights of a scaled pipeline are the nearest to the exact product"""
    from sklearn.preprocessing import StandardScaler

    pipeline, _ = pipeline_of(rng, StandardScaler())
    scaler, mlp = pipeline[0], pipeline[-1]
    layer = Network.from_sklearn(pipeline, dtype=np.float32).layers[0]
    exact = mlp.coefs_[0].T / scaler.scale_
    assert (abs(layer.weight - exact) <= np.spacing(abs(exact).astype(np.float32)) * 0.5001).all()
    shift = mlp.intercepts_[0] - exact @ scaler.mean_
    np.testing.assert_allclose(layer.bias, shift, rtol=2e-7, atol=1e-12)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_a_mean_that_is_far_away_keeps_its_digits(neural, rng):
    from sklearn.preprocessing import StandardScaler

    pipeline, x = pipeline_of(rng, StandardScaler())
    scaler = pipeline[0]
    x = np.round((x - scaler.mean_) / scaler.scale_ * 40) / 8 + 2**20 + 1   # exact in float32
    scaler.mean_[:], scaler.scale_[:] = 2**20 + 1.03, 5.0
    expected = pipeline.predict(x)
    net = Network.from_sklearn(pipeline, dtype=np.float32)
    assert len(net.layers) == 3
    np.testing.assert_allclose(net(x)[:, 0], expected, rtol=0, atol=1e-5)
    assert len(Network.from_sklearn(pipeline).layers) == 2


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_scales_that_overflow_are_refused(neural, rng):
    from sklearn.preprocessing import StandardScaler

    pipeline, _ = pipeline_of(rng, StandardScaler())
    pipeline[0].scale_[:] = 1e-60
    with pytest.raises(ValueError, match=r"too large for float32 .* dtype=numpy\.float64"):
        Network.from_sklearn(pipeline, dtype=np.float32)
    assert Network.from_sklearn(pipeline).dtype == np.float64


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_refused_pipelines(neural, rng):
    from sklearn import linear_model, pipeline, preprocessing

    for step in (preprocessing.Normalizer(), preprocessing.PolynomialFeatures(1),
                 preprocessing.QuantileTransformer(n_quantiles=5)):
        name = type(step).__name__
        with raises(ValueError, f"{name} has no counterpart in mathwork: known as steps before the "
                                "network are FunctionTransformer, MaxAbsScaler, MinMaxScaler, "
                                "RobustScaler, StandardScaler: apply this one to the rows first"):
            Network.from_sklearn(pipeline_of(rng, step)[0])
    # also behind a step that is known, whose samples have another width
    from sklearn.decomposition import PCA
    scaler = preprocessing.StandardScaler()
    for steps in ((scaler, PCA(2)), (PCA(2), scaler)):
        with pytest.raises(ValueError, match=r"^PCA has no counterpart in mathwork: known as "):
            Network.from_sklearn(pipeline_of(rng, *steps)[0])
    with raises(ValueError, "FunctionTransformer has no counterpart in mathwork: it has a func, "
                            "which may compute anything"):
        Network.from_sklearn(pipeline_of(rng, preprocessing.FunctionTransformer(np.abs))[0])
    with raises(ValueError, "LinearRegression has no counterpart in mathwork: a pipeline must end "
                            "in an MLPClassifier or MLPRegressor"):
        Network.from_sklearn(pipeline.make_pipeline(linear_model.LinearRegression()))
    fitted_one = pipeline_of(rng)[0][-1]
    with raises(ValueError, "StandardScaler is not fitted yet: call its fit first"):
        Network.from_sklearn(pipeline.make_pipeline(preprocessing.StandardScaler(), fitted_one))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "_forward_pass_fast"])
def test_methods_of_a_subclass_are_not_ignored(neural, rng, method):
    plain = fitted(neural, rng, np.float64, "binary", "relu", (4, 6, 1))
    own = type("Mine", (neural.MLPClassifier,), {method: lambda self, X: 1 - X})()
    vars(own).update(vars(plain))
    message = f"has no counterpart in mathwork: it has a {method} of its own"
    with raises(ValueError, f"Mine {message}"):
        Network.from_sklearn(own)
    setattr(plain, method, lambda X: X)
    with raises(ValueError, f"MLPClassifier {message}"):
        Network.from_sklearn(plain)
    same = type("Mine", (neural.MLPClassifier,), {"fit": lambda self, X, y: self})()
    vars(same).update({key: value for key, value in vars(plain).items() if key != method})
    assert Network.from_sklearn(same).sizes == (4, 6, 1)


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_methods_of_steps_are_not_ignored(neural, rng):
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    class Doubling(StandardScaler):
        def transform(self, X):
            return 2 * super().transform(X)

    class Asking(Pipeline):
        def predict(self, X):
            return -super().predict(X)

    pipeline, _ = pipeline_of(rng, Doubling())
    with raises(ValueError, "Doubling has no counterpart in mathwork: it has a transform of its "
                            "own"):
        Network.from_sklearn(pipeline)
    with raises(ValueError, "Asking has no counterpart in mathwork: it has a predict of its own"):
        Network.from_sklearn(Asking(pipeline.steps))


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
