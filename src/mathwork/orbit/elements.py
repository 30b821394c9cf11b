"""Elements of orbits: which of them an orbit has, and what the kernel of positions reads of it."""
import math

import numpy as np


def settled(given):
    """The elements of valid orbits, as float64 arrays of one shape.

    Parameters
    ----------
    given : dict
        Plain numbers and arrays: e, i, Omega, omega, M0, mu, and one of a and periapsis.

    Returns
    -------
    dict
        a and periapsis both, and the others; all are NaN in an array where there is no orbit.

    Raises
    ------
    ValueError
        As KeplerOrbit.
    """
    for name, value in given.items():
        if not isinstance(value, np.ndarray):
            _check_number(name, value)
    found = dict(zip(given, broadcast("elements", given.values()), strict=True))
    valid = np.all([np.isfinite(value) for value in found.values()], axis=0)
    e = found["e"]
    with np.errstate(all="ignore"):
        if "a" in given:
            found["periapsis"] = found["a"] * (1 - e)
        else:
            found["a"] = found["periapsis"] / (1 - e)
        valid &= (e >= 0) & (found["periapsis"] > 0) & (found["mu"] > 0)
    if e.ndim == 0 and not valid:
        raise ValueError(_refusal(given))
    return {name: np.where(valid, value, np.nan) for name, value in found.items()}


def broadcast(what, values):
    """The values as float64 arrays of one shape"""
    arrays = [np.asarray(value, np.float64) for value in values]
    try:
        return np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = " and ".join(str(array.shape) for array in arrays if array.ndim)
        raise ValueError(f"{what} must have shapes that broadcast, got {shapes}") from None


def _check_number(name, value):
    if name == "mu" and not value > 0:
        raise ValueError(f"mu must be positive, got {value!r}")
    if name == "e" and not 0 <= value < math.inf:
        raise ValueError(f"e must be finite and not negative, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}")


def _refusal(given):
    """Why one orbit of finite elements is none"""
    if "periapsis" in given:
        return f"periapsis must be positive, got {float(given['periapsis'])!r}"
    a, e = float(given["a"]), float(given["e"])
    if e == 1:
        return "a parabola has no a: make it by KeplerOrbit.from_periapsis"
    sign = "positive for e < 1" if e < 1 else "negative for e > 1"
    return f"a must be {sign}, got a = {a!r} with e = {e!r}"


def coefficients(elements):
    """What the kernel reads of each orbit, shape (N, 9)"""
    a, e, q, mu, i, Omega, omega, M0 = (elements[name].reshape(-1) for name in (
        "a", "e", "periapsis", "mu", "i", "Omega", "omega", "M0"))
    with np.errstate(all="ignore"):
        open_end = e == 1
        size = np.where(open_end, q, np.abs(a))
        minor = np.where(open_end, q, q * np.sqrt((1 + e) / np.abs(1 - e)))
        motion = np.sqrt(mu / np.where(open_end, 2 * q, size)) / size
        cos_i, sin_i = np.cos(i), np.sin(i)
        cos_node, sin_node = np.cos(Omega), np.sin(Omega)
        cos_peri, sin_peri = np.cos(omega), np.sin(omega)
        return np.stack([
            M0, motion, e,
            size * (cos_node * cos_peri - sin_node * sin_peri * cos_i),
            size * (sin_node * cos_peri + cos_node * sin_peri * cos_i),
            size * (sin_peri * sin_i),
            -minor * (cos_node * sin_peri + sin_node * cos_peri * cos_i),
            minor * (cos_node * cos_peri * cos_i - sin_node * sin_peri),
            minor * (cos_peri * sin_i)], axis=-1)
