"""What networks must learn from every seed: XOR, two spirals, handwritten digits."""
import numpy as np
import pytest

from mathwork.data import digits, training_digits
from mathwork.nn import Network, train

every_seed = pytest.mark.parametrize("seed", range(10))


def learned(sizes, activation, output, x, y, seed, *, dtype=np.float32, **options):
    net = Network.he(sizes, activation=activation, output=output, dtype=dtype, rng=seed)
    return train(net, x, y, rng=seed, **options).network


# ---- XOR: Minsky, Papert, "Perceptrons", 1969: no network of one layer has it ----

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@every_seed
def test_xor(seed, loss, activation):
    answers = [0, 1, 1, 0]
    net = learned((2, 16, 1), activation, "sigmoid", XOR, answers, seed, loss=loss, epochs=500,
                  learning_rate=0.05)
    assert net.classify(XOR).tolist() == answers


@every_seed
def test_xor_by_two_outputs(seed):
    answers = np.array([0, 1, 1, 0])
    net = learned((2, 16, 2), "tanh", "softmax", XOR, answers, seed, loss="cross_entropy",
                  epochs=500, learning_rate=0.05)
    assert net.classify(XOR).tolist() == answers.tolist()
    assert net(XOR)[range(4), answers].min() > 0.9


# ---- two spirals: Lang, Witbrock, "Learning to tell two spirals apart", 1988 ----

@pytest.fixture(scope="module")
def spirals():
    """97 points of a spiral of three turns within radius 1, and those opposite; their labels."""
    turn = np.arange(97)
    angle, radius = turn * np.pi / 16, (104 - turn) / 104
    one = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])
    return np.concatenate([one, -one]), np.repeat([0, 1], 97)


@pytest.mark.parametrize(("sizes", "activation", "options"), [
    ((2, 64, 64, 64, 1), "relu", {"optimizer": "adam", "epochs": 1000, "learning_rate": 0.005,
                                  "schedule": "cosine"}),
    ((2, 32, 32, 32, 1), "tanh", {"optimizer": "lbfgs", "epochs": 2000, "dtype": float})],
    ids=["adam", "lbfgs"])
@every_seed
def test_two_spirals(spirals, sizes, activation, options, seed):
    x, y = spirals
    net = learned(sizes, activation, "sigmoid", x, y, seed, loss="cross_entropy", **options)
    assert np.array_equal(net.classify(x), y)


# ---- digits ----

@pytest.fixture(scope="module")
def parts():
    """(images, labels) to learn from, and those of a fixed fifth of all digits."""
    images, labels = (np.concatenate(pair)
                      for pair in zip(training_digits(), digits(), strict=True))
    held = np.arange(len(images)) % 5 == 0
    return images[~held] / 16, labels[~held], images[held] / 16, labels[held]


@every_seed
def test_digits(parts, seed):
    images, labels, held_images, held_labels = parts
    net = learned((64, 64, 10), "relu", "softmax", images, labels, seed, loss="cross_entropy",
                  epochs=60, batch_size=16, learning_rate=0.01, schedule="cosine")
    assert np.mean(net.classify(held_images) == held_labels) >= 0.97
