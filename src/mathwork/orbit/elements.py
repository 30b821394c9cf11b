"""Elements of orbits: their checks, and the coefficients for the kernel of positions."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork._levels import orbit as kernels

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

# in the order of kernels.settle_orbits; either the first or the last is given
NAMES = ("a", "e", "i", "Omega", "omega", "M0", "mu", "periapsis")


def settled(given: dict[str, Any]) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64]]:
    """Return the elements of valid orbits, and the coefficients for the kernel of positions.

    Parameters
    ----------
    given : dict
        Plain numbers and arrays: e, i, Omega, omega, M0, mu, and one of a and periapsis.

    Returns
    -------
    elements : dict
        Both a and periapsis, and the others, as float64 arrays of one shape. In an array, an
        element without an orbit has NaN in all of them.
    coefficients : ndarray, shape (N, 9)

    Raises
    ------
    ValueError
        As KeplerOrbit.
    """
    for name, value in given.items():
        if not isinstance(value, np.ndarray):
            _check_number(name, value)
    arrays = _broadcast(given.values())
    shape = arrays[0].shape
    elements = np.empty((len(NAMES), *shape))
    for name, array in zip(given, arrays, strict=True):
        elements[NAMES.index(name)] = array
    coefficients = kernels.settle_orbits("periapsis" in given, elements.reshape(len(NAMES), -1))
    elements.flags.writeable = False        # also of the parts below
    found = {name: elements[k, ...] for k, name in enumerate(NAMES)}
    if not shape and math.isnan(found["e"]):
        raise ValueError(_refusal(given))
    return found, coefficients


def _broadcast(values: Iterable[ArrayLike]) -> tuple[NDArray[np.float64], ...]:
    """Return the values as float64 arrays of one shape"""
    arrays = [np.asarray(value, np.float64) for value in values]
    try:
        return np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = " and ".join(str(array.shape) for array in arrays if array.ndim)
        raise ValueError(f"elements must have shapes that broadcast, got {shapes}") from None


def _check_number(name: str, value: float) -> None:
    if name == "mu" and not value > 0:
        raise ValueError(f"mu must be positive, got {value!r}")
    if name == "e" and not 0 <= value < math.inf:
        raise ValueError(f"e must be finite and not negative, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}")


def _refusal(given: dict[str, Any]) -> str:
    """Return the reason why finite elements are not an orbit"""
    if "periapsis" in given:
        return f"periapsis must be positive, got {float(given['periapsis'])!r}"
    a, e = float(given["a"]), float(given["e"])
    if e == 1:
        return "a parabola has no a: make it by KeplerOrbit.from_periapsis"
    sign = "positive for e < 1" if e < 1 else "negative for e > 1"
    return f"a must be {sign}, got a = {a!r} with e = {e!r}"
