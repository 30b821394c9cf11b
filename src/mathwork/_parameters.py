"""The parameters of activations: how many an activation takes, their defaults, and the checks."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import real, shown
from mathwork._arrays import as_array, as_plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

# The numbers that an activation takes. The others take none; prelu takes one for each output.
NAMES: dict[str, tuple[str, ...]] = {
    "leaky_relu": ("slope",), "elu": ("alpha",), "celu": ("alpha",), "softplus": ("beta",),
    "clip": ("low", "high")}
DEFAULTS: dict[str, tuple[float, ...]] = {
    "leaky_relu": (0.01,), "elu": (1.0,), "celu": (1.0,), "softplus": (1.0,)}


def numbers(name: str, given: Sequence[Any]) -> tuple[float, ...]:
    """Return the checked numbers of an activation in `NAMES`; none given: its defaults."""
    wanted = NAMES[name]
    given = tuple(given) or DEFAULTS.get(name, ())
    try:
        checked = tuple(real(number, f"activation {name}: a parameter") for number in given)
    except TypeError:
        checked = ()
    if len(checked) != len(wanted):
        count = "one real parameter" if len(wanted) == 1 else "two real parameters"
        text = f"{count}, {' and '.join(wanted)}" if len(wanted) > 1 else count
        raise ValueError(f"activation {name} takes {text}, got {shown((name, *given))}")
    if name in ("celu", "softplus") and not 0 < checked[0] < np.inf:
        raise ValueError(f"{wanted[0]} of {name} must be positive and finite, got {checked[0]}")
    if name == "clip" and not checked[0] <= checked[1]:
        raise ValueError(f"low of clip must not be above high, got {checked[0]} and {checked[1]}")
    return checked


def slopes(given: Any, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the slopes of prelu, one for each of `count` channels; a single one is for all."""
    array = as_array(given, "slope of prelu")
    if array.shape not in ((), (1,), (count,)):
        raise ValueError(f"slope of prelu must be one number or have shape ({count},), one for "
                         f"each output or column of x, got shape {array.shape}")
    return as_plain(np.broadcast_to(array.ravel(), count), "slope", dtype)


def clip_name(low: float, high: float) -> Any:
    """Return the activation that clips to these bounds, by the name of its own if it has one."""
    own = {(0.0, 6.0): "relu6", (-1.0, 1.0): "hardtanh", (0.0, np.inf): "relu",
           (-np.inf, np.inf): "identity"}
    return own.get((low, high), ("clip", low, high))
