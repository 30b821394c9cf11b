"""The digits and the network that ship with the package."""
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from mathwork import data
from mathwork.nn import Network

FOLDER = Path(data.__file__).parent
TOOL = Path(__file__).parents[1] / "tools" / "train_digits.py"


def test_digits_are_as_documented():
    images, labels = data.digits()
    assert images.shape == (500, 64) and images.dtype == np.uint8
    assert images.min() == 0 and images.max() == 16
    assert labels.shape == (500,) and labels.dtype == np.uint8
    counts = np.bincount(labels)
    assert len(counts) == 10 and counts.min() == 48 and counts.max() == 51


def test_network_is_as_documented():
    net = data.digits_network()
    assert isinstance(net, Network)
    assert net.sizes == (64, 32, 10) and net.dtype == np.float32
    assert [layer.activation for layer in net.layers] == ["relu", "softmax"]
    assert all(np.isfinite(layer.weight).all() for layer in net.layers)


def test_network_reads_the_held_out_digits():
    images, labels = data.digits()
    right = np.count_nonzero(data.digits_network().classify(images) == labels)
    assert right >= 0.96 * len(labels)      # what the package promises
    assert right == 491                     # what the README beside the files reports


def test_no_decision_hangs_on_rounding():
    # The two largest outputs of every digit are further apart than any order of summation moves.
    images, _ = data.digits()
    largest = np.sort(data.digits_network()(images), axis=1)
    assert (largest[:, -1] - largest[:, -2]).min() > 1e-3


def test_files_are_small_and_without_pickles():
    files = sorted(FOLDER.glob("*.npz"))
    assert [file.name for file in files] == ["digits.npz", "digits_network.npz"]
    assert sum(file.stat().st_size for file in files) < 150_000
    for file in files:
        with np.load(file, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype.kind in "fuU" for name in arrays.files)


def test_source_and_licence_are_with_the_files():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "10.24432/C50P49" in text and "CC BY 4.0" in text


@pytest.fixture
def tool():
    pytest.importorskip("sklearn", reason="the training tool needs scikit-learn")
    if not TOOL.exists():
        pytest.skip("not in a source tree")
    spec = importlib.util.spec_from_file_location("train_digits", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tool_holds_out_the_shipped_digits_and_trains_on_no_other_copy_of_them(tool):
    train_images, held_out_images, train_labels, held_out_labels = tool.split()
    images, labels = data.digits()
    assert np.array_equal(held_out_images, images) and np.array_equal(held_out_labels, labels)
    assert len(train_images) == len(train_labels) == 1797 - 500
    assert not {row.tobytes() for row in train_images} & {row.tobytes() for row in images}


def test_tool_turns_a_classifier_into_the_same_function_of_raw_pixels(tool):
    from sklearn.neural_network import MLPClassifier

    images, _, labels, _ = tool.split()
    classifier = MLPClassifier((32,), solver="lbfgs", max_iter=10_000, alpha=30.0, random_state=0)
    classifier.fit(images[:200] / tool.BRIGHTEST, labels[:200])
    expected = classifier.predict_proba(images / tool.BRIGHTEST)
    # Float32 weights, inputs and sums of 64 products: about 1e-6, with room.
    assert np.abs(tool.as_network(classifier)(images) - expected).max() < 1e-5
