"""Networks out of Keras: they compute the same, or are refused."""
import itertools

import numpy as np
import pytest
from helpers import raises, same_bits
from random_networks import (
    TORCH_SOFTPLUS,
    assert_agrees,
    random_layer,
    random_rows,
    random_sizes,
)

from mathwork.nn import Network

keras = pytest.importorskip("keras", reason="Keras, or its backend, is not installed")
layers = keras.layers

# Keras' weights speak an older protocol with NumPy.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

NAMES = {"elu": ("elu", 1), "gelu": "gelu", "leaky_relu": ("leaky_relu", 0.2),
         "linear": "identity", "log_softmax": "log_softmax", "mish": "mish", "relu": "relu",
         "selu": "selu", "sigmoid": "sigmoid", "silu": "silu", "softmax": "softmax",
         "softplus": "softplus", "swish": "silu", "tanh": "tanh", "celu": ("celu", 1),
         "exponential": "exp", "hard_sigmoid": "hardsigmoid", "hard_silu": "hardswish",
         "hard_tanh": "hardtanh", "log_sigmoid": "log_sigmoid", "relu6": "relu6",
         "softsign": "softsign"}
ACTIVATIONS = [
    (lambda: layers.ReLU(), "relu"),
    (lambda: layers.ReLU(negative_slope=0.5), ("leaky_relu", 0.5)),
    (lambda: layers.LeakyReLU(), ("leaky_relu", 0.3)),
    (lambda: layers.LeakyReLU(negative_slope=0.1), ("leaky_relu", 0.1)),
    (lambda: layers.ELU(), ("elu", 1)),
    (lambda: layers.ELU(alpha=2.0), ("elu", 2)),
    (lambda: layers.Softmax(), "softmax"),
    (lambda: layers.Softmax(axis=1), "softmax"),
    (lambda: layers.Softmax(axis=[-1]), "softmax"),
    (lambda: layers.Activation("selu"), "selu"),
    (lambda: layers.Activation(keras.activations.gelu), "gelu"),
    (lambda: layers.ReLU(max_value=6.0), "relu6"),
    (lambda: layers.ReLU(max_value=2.5), ("clip", 0, 2.5)),
    (lambda: layers.PReLU(keras.initializers.Constant(0.25)), ("prelu", (0.25,) * 3))]
SLOW = [name for name in NAMES if name != "exponential"]     # deep networks of it overflow
IDENTITIES = [
    lambda: layers.Dropout(0.3), lambda: layers.AlphaDropout(0.3), lambda: layers.Flatten(),
    lambda: layers.GaussianDropout(0.3), lambda: layers.GaussianNoise(1.0),
    lambda: layers.Identity(), lambda: layers.ActivityRegularization(l2=1.0),
    lambda: layers.Activation("linear")]


def sequential(*steps, shape=(4,)):
    return keras.Sequential([keras.Input(shape), *steps], name="model")


def output(model, x):
    return keras.ops.convert_to_numpy(model(keras.ops.convert_to_tensor(x), training=False))


def one_of(rng, things):
    return things[rng.integers(len(things))]


def random_model(rng):
    """Sequential, or Functional, or Functional around a Sequential; and its sizes"""
    sizes = random_sizes(rng)
    steps = []
    for n_in, n_out in itertools.pairwise(sizes):
        dense = layers.Dense(n_out, one_of(rng, SLOW), use_bias=bool(rng.random() < 0.8))
        dense.build((None, n_in))
        weight, bias = random_layer(rng, n_in, n_out, np.float32)
        dense.set_weights([weight.T, bias][:1 + dense.use_bias])
        steps.append(dense)
        if rng.random() < 0.4:
            steps.append(one_of(rng, ACTIVATIONS)[0]())
        if rng.random() < 0.4:
            steps.append(one_of(rng, IDENTITIES)())
    y = x = keras.Input(sizes[:1])
    if rng.random() < 0.5:
        return keras.Sequential([x, *steps]), sizes
    cut = rng.integers(1, len(steps) + 1)
    for step in [*steps[:cut], *([keras.Sequential(steps[cut:])] if steps[cut:] else [])]:
        y = step(y)
    return keras.Model(x, y), sizes


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")
@pytest.mark.parametrize("seed", range(60))
def test_random_models(seed):
    rng = np.random.default_rng(seed)
    model, sizes = random_model(rng)
    net = Network.from_keras(model)
    assert net.dtype == np.float32 and (net.sizes[0], net.sizes[-1]) == (sizes[0], sizes[-1])
    x = random_rows(rng, sizes[0], np.float32)
    assert_agrees(net, x, output(model, x), TORCH_SOFTPLUS)


def test_float64_is_float64_here(rng):
    # Keras multiplies in float32 whatever the dtype, unless its backend is TensorFlow.
    weight, bias = random_layer(rng, 4, 3, np.float64)
    model = sequential(layers.Dense(3, "tanh", dtype="float64"))
    model.set_weights([weight.T, bias])
    x = random_rows(rng, 4, np.float64)
    y = Network.from_keras(model)(x)
    np.testing.assert_allclose(y, np.tanh(x @ weight.T + bias), rtol=0, atol=4e-15)
    np.testing.assert_allclose(y, output(model, x), rtol=0, atol=4e-6)


@pytest.mark.parametrize("name", NAMES)
def test_activations_by_name(rng, name):
    for steps in ([layers.Dense(3, name)], [layers.Dense(3), layers.Activation(name)],
                  [layers.Dense(3, getattr(keras.activations, name))]):
        model = sequential(*steps)
        net = Network.from_keras(model)
        assert [layer.activation for layer in net.layers] == [NAMES[name]]
        x = random_rows(rng, 4, np.float32)
        assert_agrees(net, x, output(model, x))


@pytest.mark.parametrize(("make", "activation"), ACTIVATIONS)
def test_activations_by_layer(rng, make, activation):
    model = sequential(layers.Dense(3), make())
    net = Network.from_keras(model)
    assert [layer.activation for layer in net.layers] == [activation]
    x = random_rows(rng, 4, np.float32)
    assert_agrees(net, x, output(model, x))


@pytest.mark.parametrize("make", IDENTITIES)
def test_layers_that_do_nothing(make):
    net = Network.from_keras(sequential(make(), layers.Dense(3, "relu"), make(), layers.Dense(2)))
    assert repr(net) == "Network(4-3-2, relu-identity, float32)"


def test_models_in_models_shared_layers_and_parts_of_models(rng):
    class Tower(keras.Model):
        def __init__(self):
            x = keras.Input((4,))
            super().__init__(x, layers.Dense(4, "selu")(x))

    class Projection(layers.Dense):
        pass

    x = keras.Input((4,), name="x")
    tower, shared = Tower(), Projection(4, "tanh")
    middle = shared(tower(shared(x)))
    model = keras.Model(x, sequential(layers.ReLU(), layers.Dense(2))(tower(middle)))
    rows = random_rows(rng, 4, np.float32)
    for part, activations in (
            (model, "tanh-selu-tanh-selu-relu-identity"),
            (keras.Model(x, middle), "tanh-selu-tanh"),
            (keras.Model({"x": x}, {"y": keras.activations.softmax(middle)}),
             "tanh-selu-tanh-softmax")):
        net = Network.from_keras(part)
        assert repr(net).split(", ")[1] == activations
        y = part({"x": rows} if isinstance(part.input, dict) else rows)
        assert_agrees(net, rows, keras.ops.convert_to_numpy(y["y"] if isinstance(y, dict) else y))


def test_images_are_rows_after_flatten(rng):
    model = sequential(layers.Dropout(0.3), layers.Flatten(), layers.Dense(3), shape=(2, 3, 2))
    net = Network.from_keras(model)
    images = rng.normal(size=(5, 2, 3, 2)).astype(np.float32)
    assert_agrees(net, images.reshape(5, 12), output(model, images))


@pytest.mark.parametrize(("policy", "own"), [
    ("float16", "f4"), ("bfloat16", "f4"), ("float32", "f4"), ("float64", "f8"),
    ("mixed_bfloat16", "f4")])
def test_dtype_of_a_model(rng, policy, own):
    model = sequential(layers.Dense(3, dtype=policy))
    weight = rng.normal(size=(4, 3)).astype(policy if policy.startswith("float") else "f4")
    model.set_weights([weight, np.ones(3)])
    net = Network.from_keras(model)
    assert net.dtype == np.dtype(own)
    np.testing.assert_allclose(net.layers[0].weight, weight.T,
                               rtol=2 ** -8 if policy == "bfloat16" else 0)
    for wanted in (np.float32, np.float64):
        assert Network.from_keras(model, dtype=wanted).dtype == wanted


def test_built_by_a_call_and_copied(rng):
    model = keras.Sequential([layers.Dense(3, "relu")])
    x = random_rows(rng, 4, np.float32)
    expected = output(model, x)
    net = Network.from_keras(model)
    model.set_weights([np.zeros((4, 3)), np.zeros(3)])
    assert_agrees(net, x, expected)


# ---- refused ----

KNOWN = ("known are Sequential and Functional models of Dense, Activation, ReLU, LeakyReLU, PReLU, "
         "ELU, Softmax, BatchNormalization, LayerNormalization, Normalization, Rescaling, Add, "
         "Subtract, Concatenate, Flatten, Dropout, noise, Identity, without a call of their own")
KNOWN_NAMES = ("known of keras.activations are celu, elu, exponential, gelu, hard_sigmoid, "
               "hard_silu, hard_tanh, leaky_relu, linear, log_sigmoid, log_softmax, mish, relu, "
               "relu6, selu, sigmoid, silu, softmax, softplus, softsign, swish, tanh")


class Doubling(layers.Dense):
    def call(self, inputs):
        return 2 * inputs


def relu(x):
    return -x


def with_replaced_call(layer):
    layer.call = lambda inputs: inputs
    return layer


@pytest.mark.parametrize(("make", "kind", "reason"), [
    (lambda: layers.EinsumDense("ab,bc->ac", 4, name="it"), "EinsumDense", KNOWN),
    (lambda: layers.Lambda(lambda x: x, name="it"), "Lambda", KNOWN),
    (lambda: Doubling(4, name="it"), "Doubling", KNOWN),
    (lambda: with_replaced_call(layers.ReLU(name="it")), "ReLU", KNOWN),
    (lambda: layers.Dense(4, "tanh_shrink", name="it"), "Dense",
     f"it has the activation tanh_shrink; {KNOWN_NAMES}"),
    (lambda: layers.Activation(relu, name="it"), "Activation",
     f"it has the activation relu; {KNOWN_NAMES}"),
    (lambda: layers.Dense(4, layers.LeakyReLU(), name="it"), "Dense",
     f"it has the activation LeakyReLU; {KNOWN_NAMES}"),
    (lambda: layers.ReLU(6, 0.1, name="it"), "ReLU",
     "it has max_value 6, threshold 0.0 and negative_slope 0.1"),
    (lambda: layers.ReLU(threshold=1, name="it"), "ReLU",
     "it has max_value None, threshold 1 and negative_slope 0"),
    (lambda: layers.Softmax(axis=0, name="it"), "Softmax", "it has axis 0"),
    (lambda: layers.Softmax(axis=[0, 1], name="it"), "Softmax", "it has axis [0, 1]")])
def test_refused_layers(make, kind, reason):
    with raises(ValueError, f"{kind} 'it' has no counterpart in mathwork: {reason}"):
        Network.from_keras(sequential(layers.Dense(4), make()))


def test_refused_axes():
    for steps in ([layers.Dense(3, name="it")], [layers.Dense(3, name="it"), layers.Flatten()]):
        with raises(ValueError, "Dense 'it' has no counterpart in mathwork: its input has 3 axes, "
                                "not one row a sample"):
            Network.from_keras(sequential(*steps, shape=(2, 4)))
    with raises(ValueError, "Flatten 'it' has no counterpart in mathwork: it has data_format "
                            "channels_first, which moves columns"):
        Network.from_keras(sequential(layers.Flatten("channels_first", name="it"),
                                      layers.Dense(2), shape=(2, 4)))
    flat = sequential(layers.Flatten("channels_first"), layers.Dense(2))    # moves nothing
    assert Network.from_keras(flat).sizes == (4, 2)


def test_refused_graphs():
    x, other = keras.Input((4,)), keras.Input((4,))
    a = layers.Dense(4)(x)
    for inputs, outputs, counts in (([x, other], layers.Add()([x, other]), "2 inputs and 1"),
                                    (x, [a, layers.ReLU()(a)], "1 inputs and 2")):
        with raises(ValueError, f"Functional 'it' has no counterpart in mathwork: it has {counts} "
                                "outputs, a network one of each: keras.Model(input, output) is a "
                                "part of it"):
            Network.from_keras(keras.Model(inputs, outputs, name="it"))
    with pytest.raises(ValueError, match=r"^Multiply 'it' multiplies two values of the samples"):
        Network.from_keras(keras.Model(x, layers.Multiply(name="it")([a, layers.Dense(4)(x)])))
    with pytest.raises(ValueError, match=r"^Dot 'it' has no counterpart in mathwork: known are"):
        Network.from_keras(keras.Model(x, layers.Dot(1, name="it")([a, x])))
    with raises(ValueError, "the network has no linear layer"):
        Network.from_keras(sequential(layers.ReLU()))


@pytest.mark.parametrize("make", [
    lambda: layers.Dropout(0.5, name="it"), lambda: layers.GaussianNoise(1.0, name="it"),
    lambda: layers.AlphaDropout(0.5, name="it"), lambda: layers.GaussianDropout(0.5, name="it"),
    lambda: layers.BatchNormalization(name="it"),
    lambda: keras.Sequential([layers.Dense(4)], name="it")])
def test_layers_that_are_called_as_in_training(make):
    x = keras.Input((4,))
    layer = make()
    with raises(ValueError, f"{type(layer).__name__} 'it' has no counterpart in mathwork: it is "
                            "called with training=True: it works as in training also in "
                            "evaluation"):
        Network.from_keras(keras.Model(x, layers.Dense(2)(layer(x, training=True))))
    plain = keras.Model(x, layers.Dense(2)(make()(x, training=False)))
    assert Network.from_keras(plain).sizes[-1] == 2


# ---- normalization and branches ----

def randomized(model, rng):
    """A model with weights that are not those of its start; variances are positive"""
    model.set_weights([abs(rng.normal(size=weight.shape)) + 0.1 for weight in model.get_weights()])
    return model


@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}, {"epsilon": 0.1},
                                     {"axis": 1}])
def test_batch_normalization_is_folded(rng, options):
    def normal():
        return layers.BatchNormalization(**options)

    model = randomized(sequential(normal(), layers.Dense(5), normal(), layers.ReLU(), normal(),
                                  layers.Dense(3), normal()), rng)
    net = Network.from_keras(model)
    assert repr(net) == "Network(4-5-3, relu-identity, float32)"
    x = random_rows(rng, 4, np.float32)
    assert_agrees(net, x, output(model, x))


def test_normalization_and_rescaling(rng):
    data = rng.normal(size=(100, 4)) * [1, 10, 0.1, 3] + 5
    adapted = layers.Normalization()
    adapted.adapt(data)
    constant = layers.Normalization(mean=[1.0, 2, 3, 4], variance=[4.0, 1, 0, 9])
    one = layers.Normalization(axis=None, mean=3.0, variance=2.0)
    back = layers.Normalization(mean=[1.0, 2, 3, 4], variance=[4.0, 1, 2, 9], invert=True)
    for before in (adapted, constant, one, back, layers.Rescaling(1 / 255),
                   layers.Rescaling(2.0, offset=-1.0), layers.Rescaling([1.0, 2, 3, 4])):
        model = sequential(before, layers.Dense(3, "tanh"))
        net = Network.from_keras(model)
        # A width of 0 counts as 1e-7: 3 is subtracted before it is divided.
        assert net.sizes == ((4, 4, 3) if before is constant else (4, 3))
        x = data[:20].astype(np.float32) if before is not constant else (
            np.ones((3, 4), np.float32) * [5, 6, 3, 1])
        np.testing.assert_allclose(net(x), output(model, np.asarray(x, np.float32)), rtol=1e-4,
                                   atol=2e-5)


@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}, {"epsilon": 0.1}])
def test_layer_normalization(rng, options):
    model = randomized(sequential(layers.Dense(6), layers.LayerNormalization(**options),
                                  layers.ReLU(), layers.Dense(3)), rng)
    x = random_rows(rng, 4, np.float32)
    np.testing.assert_allclose(Network.from_keras(model)(x), output(model, x), rtol=1e-4, atol=1e-4)


def test_branches(rng):
    x = keras.Input((4,))
    a, b = layers.Dense(4, "relu")(x), layers.Dense(4, "relu")(x)
    for y in (layers.Add()([a, b]), layers.Add()([a, a]), layers.Subtract()([a, b]),
              layers.Concatenate()([a, b]), layers.Dense(2)(layers.Add()([x, a])),
              a + 1.0, 2.0 * a - b, -0.5 * a + b, layers.Dense(3)(a / 4.0)):
        model = keras.Model(x, y)
        rows = random_rows(rng, 4, np.float32)
        net = Network.from_keras(model)
        np.testing.assert_allclose(net(rows), output(model, rows), rtol=1e-4, atol=1e-4)


def test_refused_models():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    with raises(ValueError, f"Own 'it' has no counterpart in mathwork: {KNOWN}"):
        Network.from_keras(Own(name="it"))
    for steps in ([], [layers.Dense(3)]):
        with raises(ValueError, "Sequential 'it' is not built yet: call it first"):
            Network.from_keras(keras.Sequential(steps, name="it"))
    endless = sequential(layers.Dense(4))
    endless._layers.append(endless)
    with raises(ValueError, "Sequential 'model' contains itself"):
        Network.from_keras(endless)
    for thing, kind in ((layers.Dense(3), "Dense"), (keras.optimizers.Adam(), "Adam"),
                        (keras.Model, "type")):
        with raises(TypeError, f"model must be a keras.Model, got {kind}"):
            Network.from_keras(thing)


def test_refused_weights():
    adapted = sequential(layers.Dense(3, name="it"))
    adapted.layers[0].enable_lora(2)
    quantized = sequential(layers.Dense(3, use_bias=False, name="it"))
    quantized.layers[0].quantize("int8")
    for model, count in ((adapted, 4), (quantized, 2)):
        with raises(ValueError, f"Dense 'it' has no counterpart in mathwork: it has {count} "
                                "arrays, not a kernel and a bias"):
            Network.from_keras(model)


def test_the_bits_of_the_weights_are_kept(rng):
    weight, bias = random_layer(rng, 4, 3, np.float32)
    model = sequential(layers.Dense(3))
    model.set_weights([weight.T, bias])
    layer, = Network.from_keras(model).layers
    assert same_bits(layer.weight, weight) and same_bits(layer.bias, bias)


@pytest.mark.filterwarnings("error")
def test_a_model_is_read_without_a_warning():
    assert Network.from_keras(sequential(layers.Dense(3), layers.PReLU())).sizes == (4, 3)


def test_a_wrong_dtype():
    with raises(TypeError, "dtype must be float32 or float64, got [1, 2]"):
        Network.from_keras(sequential(layers.Dense(3)), dtype=[1, 2])
