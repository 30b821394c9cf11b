"""How the network that reads digits was trained: on digits a little to each side, too."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork.nn import Network, train

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SEED = 0
SIZES = (64, 32, 10)
BRIGHTEST = 16      # pixels count the set points of a 4 x 4 block, 0 to 16
EPOCHS = 100
PENALTY = 1e-3      # tools/train_digits.py chooses it, by cross-validation
MOVES = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))


def trained(images: NDArray[np.uint8], labels: NDArray[np.uint8], *, penalty: float = PENALTY,
            held_out: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None,
            progress: Callable[..., object] | None = None) -> Network:
    """A float32 network that takes pixels as they are, trained on images of shape (n, 64).

    `held_out` chooses nothing: `progress` is told the loss on it after each epoch.
    """
    rows = np.concatenate([_moved(_scaled(images), *move) for move in MOVES])
    validation = None if held_out is None else (_scaled(held_out[0]), held_out[1])
    network = train(Network.he(SIZES, output="softmax", rng=SEED), rows,
                    np.tile(labels, len(MOVES)), loss="cross_entropy", learning_rate=0.003,
                    schedule="cosine", epochs=EPOCHS, weight_decay=penalty, validation=validation,
                    rng=SEED, progress=progress).network
    parameters = network.parameters()
    # The division by 16 moves into the first weights. It is exact there: a power of two.
    parameters[:SIZES[0] * SIZES[1]] /= BRIGHTEST
    return network.with_parameters(parameters)


def _scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return images.astype(np.float32) / np.float32(BRIGHTEST)


def _moved(pixels: NDArray[np.float32], down: int, right: int) -> NDArray[np.float32]:
    """The images half a pixel to a side: the mean of an image and the one a pixel further."""
    padded = np.pad(pixels.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    further = padded[:, 1 - down:9 - down, 1 - right:9 - right].reshape(pixels.shape)
    return (pixels + further) / np.float32(2)
