"""The digits and the network that ship with the package."""
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from helpers import same_bits

from mathwork import _levels, data
from mathwork.data import recipe
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


def test_training_digits_are_as_documented():
    images, labels = data.training_digits()
    assert images.shape == (1297, 64) and images.dtype == labels.dtype == np.uint8
    assert images.min() == 0 and images.max() == 16 and labels.shape == (1297,)
    assert np.bincount(labels).min() >= 120


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
    assert right == 492                     # what the README beside the files reports


def test_no_decision_hangs_on_rounding():
    # The two largest outputs of every digit are further apart than any order of summation moves.
    images, _ = data.digits()
    largest = np.sort(data.digits_network()(images), axis=1)
    assert (largest[:, -1] - largest[:, -2]).min() > 1e-4    # float32 moves them by 1e-6


def test_files_are_small_and_without_pickles():
    files = sorted(FOLDER.glob("*.npz"))
    assert [file.name for file in files] == ["digits.npz", "digits_network.npz",
                                               "training_digits.npz"]
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
    shipped_images, shipped_labels = data.training_digits()
    assert np.array_equal(train_images, shipped_images)
    assert np.array_equal(train_labels, shipped_labels)


# ---- the recipe ----

def test_training_gives_the_network_that_is_shipped():
    network = recipe.trained(*data.training_digits())
    images, labels = data.digits()
    assert np.count_nonzero(network.classify(images) == labels) >= 0.97 * len(labels)
    if _levels.level in ("v3", "v4"):       # fused multiply-add: the same bits everywhere
        assert same_bits(network.parameters(), data.digits_network().parameters())


def test_images_move_by_half_a_pixel():
    image = np.zeros((1, 8, 8), np.float32)
    image[0, 2, 7] = 1
    right = recipe._moved(image.reshape(1, 64), 0, 1).reshape(8, 8)
    down = recipe._moved(image.reshape(1, 64), 1, 0).reshape(8, 8)
    assert np.argwhere(right).tolist() == [[2, 7]] and right[2, 7] == 0.5   # half left the image
    assert np.argwhere(down).tolist() == [[2, 7], [3, 7]] and down.max() == 0.5
    assert np.array_equal(recipe._moved(image.reshape(1, 64), 0, 0), image.reshape(1, 64))


def test_held_out_digits_choose_nothing():
    images, labels = (array[:200] for array in data.training_digits())
    seen = []
    watched = recipe.trained(images, labels, held_out=data.digits(), progress=seen.append)
    assert same_bits(watched.parameters(), recipe.trained(images, labels).parameters())
    assert len(seen) == recipe.EPOCHS and seen[-1].validation_loss < seen[0].validation_loss
