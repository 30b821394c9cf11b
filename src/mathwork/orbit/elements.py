"""Elements of orbits: their forms, their checks, and coefficients for the kernel of positions."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

import mathwork.orbit.units as units
from mathwork._arrays import FLOAT64, in_dtype, joint_shape
from mathwork._levels import orbit as kernels
from mathwork._status import ORBIT
from mathwork.constants import MU
from mathwork.orbit.masks import unmasked
from mathwork.orbit.members import angle_factor
from mathwork.orbit.times import checked_epoch, duration, since

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

# in the order of kernels.settle_orbits; either the first or the last is given
NAMES = ("a", "e", "i", "Omega", "omega", "M0", "mu", "periapsis")
ANGLES = ("i", "Omega", "omega", "M0")
TABLE_ANGLES = (*ANGLES, "longitude_of_periapsis", "mean_longitude")


def settled(given: dict[str, Any]
            ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]]:
    """Return the elements of valid orbits, and the coefficients for the kernel of positions.

    Parameters
    ----------
    given : dict
        Plain numbers and arrays: e, i, Omega, omega, M0, mu, and one of a and periapsis.

    Returns
    -------
    elements : ndarray, shape (8, ...)
        Those of NAMES, both a and periapsis among them. An element of an array without an orbit has
        NaN in all of them.
    coefficients : ndarray, shape (N, 10)
    codes : ndarray of int8, shape (...)
        Those of ``KeplerOrbit.status``.

    Raises
    ------
    ValueError
        As KeplerOrbit.
    """
    for name, value in given.items():
        if not isinstance(value, np.ndarray):
            _check_number(name, value)
    arrays = _broadcast(given)
    shape = arrays[0].shape
    elements = np.empty((len(NAMES), *shape))
    for name, array in zip(given, arrays, strict=True):
        elements[NAMES.index(name)] = array
    coefficients, codes = kernels.settle_orbits("periapsis" in given,
                                                elements.reshape(len(NAMES), -1))
    if not shape and codes[0] != ORBIT:
        raise ValueError(_refusal(given))
    return elements, coefficients, codes.reshape(shape)


def _broadcast(values: Mapping[str, ArrayLike]) -> list[NDArray[np.float64]]:
    """Return the values as float64 arrays of one shape"""
    arrays = {name: in_dtype(value, FLOAT64) for name, value in values.items()}
    shape = joint_shape({name: array.shape for name, array in arrays.items()}, 3)
    return [np.broadcast_to(array, shape) for array in arrays.values()]


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


# ---- angles in degrees, and elements as tables have them ----

def in_radians(values: dict[str, Any], unit: str) -> dict[str, Any]:
    """Return the values with their ANGLES, if they carry no unit, from `unit` to radians."""
    if angle_factor(unit) == 1:
        return values
    with np.errstate(all="ignore"):
        return {name: np.radians(units.number_or_array(value, name))
                if name in TABLE_ANGLES and units.kind_of(value) is None else value
                for name, value in values.items()}


def from_tables(kind: Any, lengths: dict[str, Any], periapses: dict[str, Any],
                anomalies: dict[str, Any], others: dict[str, Any], epoch: Any, unit: str) -> Any:
    """Return an orbit of the class `kind` from the forms of elements that its from_table takes."""
    length, size = _only(lengths, True)
    angle, direction = _only(periapses, False)
    anomaly, place = _only(anomalies, False)
    joint_shape({name: _shape(value) for name, value in (
        (length, size), (angle, direction), (anomaly, place), *others.items())}, 3)
    values = in_radians({**others, angle: direction, anomaly: place}, unit)
    direction, place = values[angle], values[anomaly]
    e, i, Omega, mu = (values[name] for name in ("e", "i", "Omega", "mu"))
    if angle == "longitude_of_periapsis":
        direction = _difference(angle, direction, "Omega", Omega)
    if anomaly == "mean_longitude":
        place = _difference(anomaly, place, angle, values[angle])
        if angle == "omega":
            place = _difference(anomaly, place, "Omega", Omega)
    if length == "period":
        length, size = "a", _axis(size, mu)
        (number,), _ = units.plain(e=(unmasked(e)[0], ""))
        if np.ndim(number) == 0 and number >= 1:
            raise ValueError("period must be left out where e >= 1, as an open orbit has none: "
                             f"give its periapsis, got e = {number!r}")
    make = kind if length == "a" else kind.from_periapsis
    if anomaly != "time_of_periapsis":
        return make(size, e, i, Omega, direction, place, mu=mu, epoch=epoch)
    epoch = checked_epoch(epoch)
    orbit = make(size, e, i, Omega, direction, mu=mu, epoch=epoch)
    (time,), _ = units.plain(time_of_periapsis=(since(place, epoch, anomaly), "s"))
    with np.errstate(all="ignore"):
        M0 = -orbit._coefficients[:, 1].reshape(orbit.shape) * time
    M0 = M0 if orbit._kind is None else orbit._kind.wrap(M0, "rad")
    return make(size, e, i, Omega, direction, M0, mu=mu, epoch=epoch)


def _shape(value: Any) -> tuple[int, ...]:
    """Return the shape of a value, or () for what its reader refuses"""
    try:
        shape = np.shape(value)
    except (TypeError, ValueError):
        return ()
    return shape if type(shape) is tuple else ()        # any object may have a `shape`


def _only(forms: dict[str, Any], needed: bool) -> tuple[str, Any]:
    """Return the one form of an element that is given, or else the first with 0"""
    given = [(name, value) for name, value in forms.items() if value is not None]
    if len(given) > 1 or (needed and not given):
        names = f"{', '.join(list(forms)[:-1])} and {list(forms)[-1]}"
        raise TypeError(f"{'exactly' if needed else 'at most'} one of {names} must be given, got "
                        f"{' and '.join(name for name, _ in given) or 'none'}")
    return given[0] if given else (next(iter(forms)), 0.0)


def _difference(name: str, value: Any, other: str, less: Any) -> Any:
    """Return value - less, angles that may carry units and masks"""
    parts = [unmasked(angle) for angle in (value, less)]
    found, kind = units.plain(**{name: (parts[0][0], "rad"), other: (parts[1][0], "rad")})
    with np.errstate(all="ignore"):
        result = np.subtract(*found)
    return result if kind is None else kind.wrap(result, "rad")


def _axis(period: Any, mu: Any) -> Any:
    """Return a of a period, by Kepler's third law"""
    parts = [unmasked(value)[0] for value in (period, mu)]
    found, kind = units.plain(period=(duration(parts[0], "period"), "s"), mu=(parts[1], MU))
    with np.errstate(all="ignore"):
        turn = np.asarray(found[0], np.float64) / (2 * np.pi)
        axis: Any = np.cbrt(np.asarray(found[1], np.float64) * turn * turn)
    axis = axis if axis.ndim else float(axis)
    return axis if kind is None else kind.wrap(axis, "m")
