"""The classes that a network's outputs stand for: how one is picked, and their text in files."""
from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arguments import flag, real

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray
    from mathwork.nn.layer import Layer

# Above which output a network of one output says class 1: half of the chances, or log odds of 0.
THRESHOLDS = {"identity": 0.0, "sigmoid": 0.5}
METADATA = "mathwork.labels"    # the name of an entry in a file, with text_of
MOST_BYTES = 1 << 24            # of labels in a file: as text, and as an array


class Labels(NamedTuple):
    """The classes of a network, or none; `multilabel` says that several may hold for one row."""

    classes: NDArray[Any] | None = None
    multilabel: bool = False


NO_LABELS = Labels()


def checked_labels(classes: ArrayLike | None, multilabel: object, n_out: int) -> Labels:
    """Return the Labels of a network with `n_out` outputs; the array is a read-only copy."""
    multilabel = flag(multilabel, "multilabel")
    if classes is None:
        return Labels(None, multilabel)
    try:
        array = np.array(classes)
        array = array.astype(object if array.dtype.kind == "T" else array.dtype.newbyteorder("="))
    except ValueError:              # sequences of several lengths, which are no labels
        array = np.empty((0, 0))
    wanted = 2 if n_out == 1 and not multilabel else n_out
    if array.shape != (wanted,):
        for_whom = "both classes of its one output" if wanted != n_out else "each output"
        raise ValueError(f"classes must hold {wanted} labels, one for {for_whom}, got shape "
                         f"{array.shape}")
    array.flags.writeable = False
    return Labels(array, bool(multilabel))


def labels_equal(one: Labels, other: Labels) -> bool:
    """Return whether two networks have the same labels, bit by bit; NaN equals itself."""
    if one.multilabel != other.multilabel:
        return False
    if one.classes is None or other.classes is None:
        return one.classes is other.classes
    if one.classes.dtype != other.classes.dtype:
        return False
    if one.classes.dtype.hasobject:
        return one.classes.tolist() == other.classes.tolist()
    return one.classes.tobytes() == other.classes.tobytes()


def picked(outputs: FloatArray, last: Layer, labels: Labels, threshold: float | None
           ) -> int | NDArray[np.intp]:
    """Return the index of the class for each row of outputs: see Network.classify."""
    if labels.multilabel:
        raise ValueError("classify picks one class a row, and the outputs of this network are "
                         "labels of which several may hold (multilabel): net(x) > 0.5 says which")
    n_out = outputs.shape[-1]
    if threshold is not None:
        if n_out > 1:
            raise ValueError(f"threshold is for a network of one output, this one has {n_out}")
        threshold = real(threshold, "threshold")
        if math.isnan(threshold):
            raise ValueError("threshold must be a number, got nan")
    elif n_out == 1:
        name, _ = last._activation
        if name not in THRESHOLDS:
            known = ", ".join(f"{each} ({limit:g})" for each, limit in THRESHOLDS.items())
            raise ValueError(f"one output of the activation {name} does not say where class 1 "
                             f"begins: give threshold=; known are {known}")
        threshold = THRESHOLDS[name]
    if threshold is None:
        indices = np.argmax(outputs, axis=-1)
    else:
        indices = (~(outputs[..., 0] <= threshold)).astype(np.intp)     # NaN is not below it
    return int(indices) if indices.ndim == 0 else indices


# ---- as text, for the metadata of files ----

def text_of(labels: Labels) -> str | None:
    """Return Labels as text in JSON; None if there are none.

    Raises
    ------
    ValueError
        For labels of a kind that text cannot give back.
    """
    if labels.classes is None and not labels.multilabel:
        return None
    content: dict[str, Any] = {"multilabel": labels.multilabel}
    if labels.classes is not None:
        dtype = labels.classes.dtype
        content["dtype"] = dtype.str
        content["classes"] = _items(labels.classes)
    return json.dumps(content)


def _items(array: NDArray[Any]) -> list[Any]:
    kind = array.dtype.kind
    if kind in "mM":
        return array.astype("i8").tolist()
    if kind == "S":
        return [item.decode("latin-1") for item in array.tolist()]
    if (kind == "f" and array.dtype.itemsize > 8) or kind not in "biufUO":
        raise ValueError(f"classes of dtype {array.dtype} cannot be saved: use numbers or text")
    items = [item.item() if isinstance(item, np.generic) else item for item in array.tolist()]
    for item in items:
        if not isinstance(item, str | bool | int | float | None):
            raise ValueError(f"classes of type {type(item).__name__} cannot be saved: "
                             "use numbers or text")
    return items


def from_text(text: str) -> Labels:
    """Return what text_of wrote.

    Raises
    ------
    ValueError
        For any other text.
    """
    if len(text) > MOST_BYTES:
        raise ValueError(f"its labels have {len(text)} characters; at most {MOST_BYTES} are read")
    try:
        content = json.loads(text)
        multilabel = content["multilabel"]
        if not isinstance(multilabel, bool):
            raise ValueError
        if "classes" not in content:
            return Labels(None, multilabel)
        dtype, items = np.dtype(content["dtype"]), content["classes"]
        if (not isinstance(content["dtype"], str) or not isinstance(items, list)
                or dtype.kind not in "biufUSmMO"
                or not 0 <= len(items) * dtype.itemsize <= MOST_BYTES   # NumPy 2.1 lets it overflow
                or any(isinstance(item, list | dict) for item in items)):
            raise ValueError
        if dtype.kind == "S":
            items = [item.encode("latin-1") for item in items]
        return Labels(np.array(items, "i8").astype(dtype) if dtype.kind in "mM"
                      else np.array(items, dtype), multilabel)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise ValueError("its labels are not what mathwork writes") from None
