"""Inputs and answers as the kernels take them, and the loss that fits a network."""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arguments import choice, shown
from mathwork._arrays import as_plain, real_dtype, unmasked
from mathwork.nn.network import Network

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, FloatDType

LOSSES = ("squared_error", "cross_entropy", "huber")

# What a cross entropy compares with the answers, by the last activation. Outputs of "identity" are
# logits: of a sigmoid if there is one, else of a softmax.
ENTROPIES = {"softmax": "softmax_entropy", "log_softmax": "softmax_entropy",
             "sigmoid": "sigmoid_entropy"}


class Lesson(NamedTuple):
    """Plain arrays with a row for each sample; answers are numbers, or labels as integers."""

    inputs: FloatArray
    answers: FloatArray | NDArray[np.intp]
    weights: FloatArray | None


def kernel_loss(network: Network, loss: str, name: str = "network") -> str:
    """Return the kernels' name of the loss for this network, the argument `name`."""
    if not issubclass(type(network), Network):
        raise TypeError(f"{name} must be a Network, got {type(network).__name__}")
    loss = choice(loss, "loss", LOSSES)
    if loss != "cross_entropy":
        return loss
    name, _ = network.layers[-1]._activation
    if name == "identity":
        return "sigmoid_entropy" if network.sizes[-1] == 1 else "softmax_entropy"
    if name not in ENTROPIES:
        raise ValueError("cross_entropy needs probabilities or logits: a last activation of "
                         f"softmax, log_softmax, sigmoid or identity, got {name}")
    return ENTROPIES[name]


def lesson(network: Network, inputs: ArrayLike, answers: ArrayLike, loss: str,
           weights: ArrayLike | None = None, class_weight: Any = None,
           names: tuple[str, str] = ("inputs", "answers")) -> Lesson:
    """Return what `network` learns from, checked; `names` are those of inputs and answers.

    Raises
    ------
    TypeError
        For what is not real numbers, or labels.
    ValueError
        For shapes that do not fit, NaN and infinity, labels and weights out of range.
    """
    n_in = network.sizes[0]
    name = names[0]
    x = _finite(inputs, name, network)
    if x.ndim != 2 or x.shape[1] != n_in:
        raise ValueError(f"{name} must have shape (n, {n_in}) to match the first layer, "
                         f"got {x.shape}")
    if not len(x):
        raise ValueError(f"{name} must have at least one row, got none")
    if loss == "cross_entropy":
        y = _targets(network, answers, len(x), names)
    else:
        y = _numbers(network, answers, len(x), loss, names)
    factors = _weights(weights, len(x))
    if class_weight is not None:
        by_class = _class_weights(network, y, class_weight, loss)
        factors = by_class if factors is None else _near_one(factors) * _near_one(by_class)
    if factors is not None:
        if not factors.any():
            raise ValueError("weights and class_weight give every row a weight of 0")
        factors = _near_one(factors)
        factors = factors * (len(factors) / factors.sum())
    if factors is not None:
        with np.errstate(all="ignore"):
            factors = factors.astype(network.dtype)
    return Lesson(x, y, factors)


def _finite(values: ArrayLike, name: str, network: Network) -> FloatArray:
    """Return the values in the network's dtype; NaN and infinity are errors."""
    dtype: FloatDType = network.dtype
    array: FloatArray = as_plain(values, name, dtype)
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(index) for index in np.argwhere(~finite)[0])
        raise ValueError(f"{name} must be finite{_place_text(place)} is {array[place]}: leave out "
                         "such rows, or fill the gaps")
    return array


def _place_text(place: tuple[int, ...]) -> str:
    return f", element {place}" if len(place) != 1 else f", element {place[0]}"


def _numbers(network: Network, answers: ArrayLike, rows: int, loss: str, names: tuple[str, str]
             ) -> FloatArray:
    """Return answers of shape (n, n_out)."""
    n_out = network.sizes[-1]
    y = _finite(answers, names[1], network)
    if y.shape == (rows,) and n_out == 1:
        y = y.reshape(rows, 1)
    if y.shape != (rows, n_out):
        advice = (": for labels, take loss=\"cross_entropy\""
                  if y.shape == (rows,) and loss == "squared_error" else "")
        raise ValueError(f"{names[1]} must have shape ({rows}, {n_out}), a row for each row of "
                         f"{names[0]} and a number for each output, got {y.shape}{advice}")
    return y


def _targets(network: Network, answers: ArrayLike, rows: int, names: tuple[str, str]
             ) -> FloatArray | NDArray[np.intp]:
    """Return labels as integers, or probabilities of shape (n, n_out)."""
    n_out = network.sizes[-1]
    given = unmasked(answers, names[1])
    if given.shape == (rows, n_out) and (n_out > 1 or real_dtype(given.dtype) is not None):
        y = _finite(answers, names[1], network)
        if (y < 0).any() or (y > 1).any():
            raise ValueError(f"{names[1]} of shape (n, n_out) must be probabilities from 0 to 1, "
                             f"got {y[(y < 0) | (y > 1)].flat[0]:g}: for labels, give shape (n,)")
        return y
    if given.shape != (rows,):
        raise ValueError(f"{names[1]} must have shape ({rows},), a label for each row of "
                         f"{names[0]}, or ({rows}, {n_out}), got {given.shape}")
    return label_indices(network, given, "labels" if names[1] == "answers" else names[1])


def label_indices(network: Network, labels: NDArray[Any], name: str = "labels"
                  ) -> NDArray[np.intp]:
    """Return the index of each label among the network's classes, or the label itself."""
    classes, count = network.classes_, max(network.sizes[-1], 2)
    if classes is None:
        if labels.dtype.kind not in "biuf" or (labels.dtype.kind == "f"
                                               and not (labels == np.round(labels)).all()):
            raise ValueError(f"{name} must be integers from 0 to {count - 1}, got "
                             f"{labels.dtype}: for others, give Network(..., classes=labels)")
        outside = ~((labels >= 0) & (labels < count))
        if outside.any():
            raise ValueError(f"{name} must be integers from 0 to {count - 1}, one for each "
                             f"output, got {labels[outside][0]} in row {np.argmax(outside)}")
        return labels.astype(np.intp)
    numbers = {label: index for index, label in enumerate(classes.tolist())}
    try:
        return np.array([numbers[label] for label in labels.tolist()], np.intp)
    except KeyError as error:
        raise ValueError(f"{name} must be classes of the network, {list(numbers)[:6]}, got "
                         f"{shown(error.args[0])}") from None


def _weights(weights: ArrayLike | None, rows: int, name: str = "weights",
             each: str = "row of inputs") -> NDArray[np.float64] | None:
    if weights is None:
        return None
    array = as_plain(weights, name, np.float64)
    if array.shape != (rows,):
        raise ValueError(f"{name} must have shape ({rows},), one for each {each}, "
                         f"got {array.shape}")
    if not (np.isfinite(array).all() and (array >= 0).all() and array.any()):
        raise ValueError(f"{name} must be finite, at least 0, and not all 0")
    return array


def _near_one(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights times a power of 2, so that no product or sum overflows."""
    with np.errstate(all="ignore"):
        return np.ldexp(weights, -np.frexp(weights.max())[1])


def _class_weights(network: Network, y: Any, class_weight: Any, loss: str
                   ) -> NDArray[np.float64]:
    """Return the weight of each row by the class of its label."""
    if loss != "cross_entropy" or y.ndim != 1:
        raise ValueError("class_weight is for cross_entropy with labels, one a row")
    count = max(network.sizes[-1], 2)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError("class_weight must be \"balanced\", a mapping from labels or one "
                             f"number for each class, got {shown(class_weight)}")
        found = np.bincount(y, minlength=count)
        factors = len(y) / (np.count_nonzero(found) * np.maximum(found, 1.0))
    elif isinstance(class_weight, Mapping):
        factors = np.ones(count)
        labels = np.array(list(class_weight))
        if len(labels):
            factors[label_indices(network, labels)] = _weights(
                list(class_weight.values()), len(labels), "class_weight", "class")
    else:
        factors = np.asarray(_weights(class_weight, count, "class_weight", "class"))
    return np.asarray(factors[y])
