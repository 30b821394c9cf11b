"""Handwritten digits and a network that reads them: something real to try a forward pass on.

README.md in this folder says where they come from and how the network was made.
"""
from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from mathwork.nn import load

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mathwork.nn import Network

__all__ = ["digits", "digits_network"]

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
    with np.load(os.path.join(FOLDER, "digits.npz"), allow_pickle=False) as arrays:
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
    It reads 491 of the 500 digits of :func:`digits` right (98.2 %).

    Examples
    --------
    >>> from mathwork.data import digits, digits_network
    >>> images, labels = digits()
    >>> net = digits_network()
    >>> net
    Network(64-32-10, relu-softmax, float32)
    >>> int((net.classify(images) == labels).sum())
    491
    """
    return load(os.path.join(FOLDER, "digits_network.npz"))
