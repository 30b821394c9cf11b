"""Handwritten digits and a network that reads them: something real to try a forward pass on.

README.md in this folder says where they come from and how the network was made, `recipe` makes it.
"""
from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from mathwork.nn import load

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mathwork.nn import Network

__all__ = ["digits", "digits_network", "training_digits"]

FOLDER = os.path.dirname(__file__)


def digits() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The 500 handwritten digits that :func:`digits_network` was not trained on.

    Returns
    -------
    images : ndarray of uint8, shape (500, 64)
        One row a digit: 8 x 8 pixels row by row, 0 (paper) to 16 (ink).
        ``images.reshape(-1, 8, 8)`` has them as pictures.
    labels : ndarray of uint8, shape (500,)
        Which digit it is, 0 to 9.

    Notes
    -----
    The order is random. Of each digit there are 48 to 51, as it is with all 1797 of them.

    References
    ----------
    E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository, 1998, doi:10.24432/C50P49, licence CC BY 4.0; as bundled with scikit-learn.

    Examples
    --------
    >>> from mathwork.data import digits
    >>> images, labels = digits()
    >>> images.shape, labels[:4].tolist()
    ((500, 64), [4, 8, 8, 3])
    """
    return _images_and_labels("digits.npz")


def training_digits() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The 1297 handwritten digits that :func:`digits_network` was trained on.

    Returns
    -------
    images : ndarray of uint8, shape (1297, 64)
        As :func:`digits` has them, of the same source.
    labels : ndarray of uint8, shape (1297,)
        Which digit it is, 0 to 9.

    Examples
    --------
    >>> from mathwork.data import digits, training_digits
    >>> from mathwork.nn import Network, train
    >>> images, labels = training_digits()
    >>> net = Network.he((64, 32, 10), output="softmax", rng=0)
    >>> net = train(net, images / 16, labels, loss="cross_entropy", epochs=20, rng=0).network
    >>> held_out, answers = digits()
    >>> bool((net.classify(held_out / 16) == answers).mean() > 0.9)
    True
    """
    return _images_and_labels("training_digits.npz")


def _images_and_labels(name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    with np.load(os.path.join(FOLDER, name), allow_pickle=False) as arrays:
        return arrays["images"], arrays["labels"]


def digits_network() -> Network:
    """A network trained to read handwritten digits.

    Returns
    -------
    Network
        64-32-10 in float32. It takes the pixels of :func:`digits` unchanged, 0 to 16, and gives
        one probability for each digit from 0 to 9.

    Notes
    -----
    It reads 492 of the 500 digits of :func:`digits` right (98.4 %).

    Examples
    --------
    >>> from mathwork.data import digits, digits_network
    >>> images, labels = digits()
    >>> net = digits_network()
    >>> net
    Network(64-32-10, relu-softmax, float32)
    >>> int((net.classify(images) == labels).sum())
    492
    """
    return load(os.path.join(FOLDER, "digits_network.npz"))
