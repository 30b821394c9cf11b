"""What PyTorch, scikit-learn's converter and Keras export as ONNX: read, and the same numbers."""
import io
import os
import warnings

import numpy as np
import pytest
from onnx_models import onnx

from mathwork.nn import Network

runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")


def assert_reads(made, x, output=None):
    """Assert that the network of a model gives what ONNX Runtime does."""
    session = runtime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    name, = [each.name for each in session.get_inputs()]
    y, = session.run([output or session.get_outputs()[-1].name], {name: x})
    if isinstance(y, list):             # maps of probabilities
        y = np.array([list(each.values()) for each in y])
    net = Network.from_onnx(made, outputs=output)
    result = net(x.reshape(-1, net.sizes[0])).reshape(y.shape)
    np.testing.assert_allclose(result, y, 0, 2e-6 * abs(y).max())
    return net


# ---- PyTorch ----

def torch_modules():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    nn = torch.nn
    torch.manual_seed(0)

    class Written(nn.Module):
        """A forward of its own"""

        def __init__(self, function, *parts):
            super().__init__()
            self.function, self.parts = function, nn.ModuleList(parts)

        def forward(self, x):
            return self.function(x, *self.parts)

    def norm(n):
        layer = nn.BatchNorm1d(n)
        layer.running_mean.normal_()
        layer.running_var.uniform_(0.5, 2)
        return layer

    def chain(*middle):
        return nn.Sequential(nn.Linear(6, 5), *middle, nn.Linear(5, 2))

    mean = torch.randn(6)
    return {
        "batch norm": nn.Sequential(norm(6), nn.Linear(6, 5), norm(5), nn.ReLU(), nn.Linear(5, 2)),
        "affine": Written(lambda x, a: 1 - 3 * a((x - mean) / 2.5), nn.Linear(6, 5)),
        "relu6": chain(nn.ReLU6()), "hardtanh": chain(nn.Hardtanh(-0.5, 0.75)),
        "hardsigmoid": chain(nn.Hardsigmoid()), "hardswish": chain(nn.Hardswish()),
        "gelu tanh": chain(nn.GELU("tanh")), "gelu": chain(nn.GELU()), "mish": chain(nn.Mish()),
        "celu": chain(nn.CELU(1.5)), "prelu": chain(nn.PReLU(5)), "softsign": chain(nn.Softsign()),
        "log sigmoid": chain(nn.LogSigmoid()), "softplus": chain(nn.Softplus(2.0)),
        "exp": Written(lambda x, a: torch.exp(a(x)), nn.Linear(6, 5)),
        "clamp": Written(lambda x, a: torch.clamp(a(x), -0.5, 0.5), nn.Linear(6, 5)),
        "layer norm": chain(nn.LayerNorm(5), nn.ReLU()), "rms norm": chain(nn.RMSNorm(5)),
        "residual": Written(lambda x, a, b: b(x + torch.tanh(a(x))), nn.Linear(6, 6),
                            nn.Linear(6, 2)),
        "constant": Written(lambda x, a: a(torch.cat([x, torch.ones(x.shape[0], 2)], 1)),
                            nn.Linear(8, 3)),
        "chunks": Written(lambda x, a, b: a(x.chunk(2, 1)[0]).relu() + b(x.chunk(2, 1)[1]).relu(),
                          nn.Linear(3, 5), nn.Linear(3, 5)),
        "view": Written(lambda x, a: a(x.view(x.size(0), -1)).squeeze(-1), nn.Linear(6, 1)),
        "dueling": Written(lambda x, a, b, c: b(a(x).relu()) + c(a(x).relu())
                           - c(a(x).relu()).mean(1, keepdim=True), nn.Linear(6, 7),
                           nn.Linear(7, 1), nn.Linear(7, 3))}


NAMES = ["batch norm", "affine", "relu6", "hardtanh", "hardsigmoid", "hardswish", "gelu tanh",
         "gelu", "mish", "celu", "prelu", "softsign", "log sigmoid", "softplus", "exp", "clamp",
         "layer norm", "rms norm", "residual", "constant", "chunks", "view", "dueling"]


@pytest.mark.parametrize("dynamic", [False, True], ids=["fixed", "dynamic"])
@pytest.mark.parametrize("dynamo", [False, True], ids=["legacy", "dynamo"])
@pytest.mark.parametrize("name", NAMES)
def test_pytorch(name, dynamo, dynamic):
    if name == "rms norm" and not dynamo:
        pytest.skip("the legacy exporter does not know RMSNorm")
    modules = torch_modules()
    assert list(modules) == NAMES
    import torch

    if dynamo:
        pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    x = torch.randn(4, 6)
    module = modules[name].eval()
    if dynamo:
        axes = {"dynamic_shapes": ({0: torch.export.Dim("n")},)} if dynamic else {}
        made = torch.onnx.export(module, (x,), dynamo=True, verbose=False, **axes).model_proto
    else:
        file = io.BytesIO()
        axes = {"dynamic_axes": {"x": {0: "n"}}} if dynamic else {}
        torch.onnx.export(module, (x,), file, dynamo=False, input_names=["x"], opset_version=17,
                          **axes)
        made = onnx.load_from_string(file.getvalue())
    net = assert_reads(made, x.numpy())
    assert net.sizes[0] == 6


# ---- scikit-learn ----

@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.parametrize("scaled", [True, False])
def test_classifiers_of_skl2onnx(rng, classes, zipmap, scaled):
    skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x = (rng.normal(size=(60, 4)) * [1, 2, 3, 4] + [0, 1, 2, 3]).astype(np.float32)
    estimator = MLPClassifier(5, max_iter=20)
    if scaled:
        estimator = make_pipeline(StandardScaler(), estimator)
    estimator.fit(x, np.arange(60) % classes)
    made = skl2onnx.to_onnx(estimator, x[:1], options={id(estimator): {"zipmap": zipmap}})
    net = assert_reads(made, x, made.graph.output[1].name)
    assert net.sizes == Network.from_onnx(made).sizes       # the label is no choice
    np.testing.assert_allclose(net(x), estimator.predict_proba(x), 1e-4, 1e-5)
    with pytest.raises(ValueError, match="gives the number of a class: name the output before it"):
        Network.from_onnx(made, outputs=made.graph.output[0].name)


@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("scaler", ["StandardScaler", "MinMaxScaler", "MaxAbsScaler",
                                    "RobustScaler"])
def test_regressors_of_skl2onnx(rng, dtype, targets, scaler):
    skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
    from sklearn import preprocessing
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline

    x = (rng.normal(size=(60, 4)) * [1, 2, 3, 4] + [0, 1, 2, 3]).astype(dtype)
    regressor = MLPRegressor(hidden_layer_sizes=5, max_iter=20)
    estimator = make_pipeline(getattr(preprocessing, scaler)(), regressor)
    estimator.fit(x, x[:, :targets].squeeze())
    net = Network.from_onnx(skl2onnx.to_onnx(estimator, x[:1]))
    assert net.dtype == dtype and net.sizes == (4, 5, targets)
    np.testing.assert_allclose(net(x), estimator.predict(x).reshape(-1, targets), 1e-4, 1e-5)


# ---- Keras ----

@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("torch", reason="torch is not installed")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras", reason="keras is not installed")


@pytest.mark.parametrize("name", ["batch norm", "normalization", "rescaling", "flatten", "gelu",
                                  "relu6", "hard_silu", "celu", "softsign", "softmax", "residual"])
def test_keras(rng, keras, folder, name):
    if keras.backend.backend() != "torch":
        pytest.skip("this backend exports ONNX through tf2onnx")
    layers = keras.layers
    shape = (3, 2) if name == "flatten" else (6,)
    inputs = x = keras.Input(shape)
    if name == "normalization":
        layer = layers.Normalization()
        layer.adapt(rng.normal(size=(50, 6)) * 3 + 1)
        x = layer(x)
    if name == "rescaling":
        x = layers.Rescaling(1 / 255, -0.5)(x)
    if name == "flatten":
        x = layers.Flatten()(x)
    h = layers.Dense(6, name if name.partition("_")[0] in (
        "gelu", "relu6", "hard", "celu", "softsign", "softmax") else "tanh")(x)
    if name == "batch norm":
        h = layers.BatchNormalization()(h)
    if name == "residual":
        h = layers.Add()([x, h])
    model = keras.Model(inputs, layers.Dense(2)(h))
    for weight in model.weights:
        if "seed" not in weight.path and weight.dtype == "float32":
            weight.assign(rng.uniform(0.2, 1, weight.shape) if "variance" in weight.path
                          else rng.normal(size=weight.shape))
    x = rng.normal(size=(3, *shape)).astype(np.float32)
    expected = model(x).detach().cpu().numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.export("net.onnx", format="onnx", verbose=False)
    net = Network.from_onnx("net.onnx")
    np.testing.assert_allclose(net(x.reshape(3, -1)), expected, 1e-4, 2e-5 * abs(expected).max())
