"""State vectors: their shapes, their checks, and rows of them for the kernels."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mathwork._arrays import FLOAT64, joint_shape, plain_in
from mathwork._levels import orbit as kernels
from mathwork._status import ELEMENT_NOT_FINITE, MU_NOT_POSITIVE, NO_PLANE, ORBIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    # positions (N, 3), velocities (N, 3), times (N,), mu (N,); one row may stand for all
    Rows: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64],
                            NDArray[np.float64]]


def rows_of(vectors: Mapping[str, ArrayLike], numbers: Mapping[str, ArrayLike]
            ) -> tuple[Rows, tuple[int, ...]]:
    """Return plain rows for the kernels, and the shape that the arguments have in common.

    Parameters
    ----------
    vectors : dict
        Two plain arrays of shape (..., 3) by their names.
    numbers : dict
        One or two plain numbers or arrays by their names: times, or 0 if there are none, and mu.

    Raises
    ------
    ValueError
        For other shapes, and for shapes that do not broadcast.
    """
    arrays = {name: plain_in(value, FLOAT64)
              for name, value in (*vectors.items(), *numbers.items())}
    for name in vectors:
        if arrays[name].ndim == 0 or arrays[name].shape[-1] != 3:
            raise ValueError(f"{name} must have shape (..., 3), got {arrays[name].shape}")
    heads = {name: array.shape[:-1] if name in vectors else array.shape
             for name, array in arrays.items()}
    shape = joint_shape(heads, 2)
    found: list[Any] = []
    for name, array in arrays.items():
        tail = array.shape[len(heads[name]):]
        if math.prod(heads[name]) != 1:
            array = np.broadcast_to(array, (*shape, *tail))
        found.append(np.ascontiguousarray(array).reshape(-1, *tail))
    return tuple(found), shape


def far_from_1(rows: Rows) -> NDArray[np.bool]:
    """Return where r or mu is so large or small that derivatives, with r^6, may be no numbers."""
    r, _, _, mu = rows
    size = np.abs(r).max(axis=1, initial=0)
    with np.errstate(all="ignore"):
        product = mu * size
    return ~((size > 1e-36) & (size < 1e36) & (product > 1e-72) & (product < 1e72))


def in_range(rows: Rows, lost: NDArray[np.bool]
             ) -> tuple[NDArray[np.intp], Rows, NDArray[np.intp], NDArray[np.intp]]:
    """Return the lost rows once more, where they hold proper numbers, in units of their own.

    Powers of very large and small numbers are out of the range of float64. In units of about
    the distance and the time that a body needs for it, they are not. The units are powers of two,
    which round nothing.

    Returns
    -------
    places : ndarray
        Which rows they are.
    rows : tuple
        Those rows in their units.
    length, time : ndarray
        The exponents of the units of length and time.
    """
    r, v, dt, mu = (np.broadcast_to(row, (len(lost), *row.shape[1:])) for row in rows)
    places = np.flatnonzero(lost)
    r, v, dt, mu = r[places], v[places], dt[places], mu[places]
    proper = (np.isfinite(r).all(1) & np.isfinite(v).all(1) & np.isfinite(dt) & (mu > 0)
              & (mu < np.inf) & (r != 0).any(1))
    places, r, v, dt, mu = places[proper], r[proper], v[proper], dt[proper], mu[proper]
    length = np.frexp(np.abs(r).max(axis=1, initial=0))[1].astype(np.intp)
    time = (3 * length - np.frexp(mu)[1]) // 2
    with np.errstate(all="ignore"):
        scaled = (np.ldexp(r, -length[:, None]), np.ldexp(v, (time - length)[:, None]),
                  np.ldexp(dt, -time), np.ldexp(mu, 2 * time - 3 * length))
    return places, scaled, length, time


def elements_again(rows: Rows, lost: NDArray[np.bool], elements: NDArray[np.float64],
                   coefficients: NDArray[np.float64]) -> NDArray[np.bool]:
    """Put the elements of the lost rows, found in units of their own, in their places.

    Returns
    -------
    ndarray of bool
        Which rows still have none.
    """
    places, scaled, length, time = in_range(rows, lost)
    found, vectors = np.empty((len(elements), len(places))), np.empty((len(places), 10))
    kernels.elements_of(scaled, found, vectors, 0, len(places))
    with np.errstate(all="ignore"):
        for row, exponent in ((0, length), (6, 3 * length - 2 * time), (7, length)):
            found[row] = np.ldexp(found[row], exponent)         # a, mu, periapsis
        vectors[:, 1] = np.ldexp(vectors[:, 1], -time)          # the mean motion
        vectors[:, 4:] = np.ldexp(vectors[:, 4:], length[:, None])
    missing = ~(np.isfinite(found[1:]).all(axis=0) & np.isfinite(vectors).all(axis=1))
    found[:, missing] = np.nan
    vectors[missing] = np.nan
    elements[:, places], coefficients[places] = found, vectors
    return np.isnan(elements[0])


def codes_of(rows: Rows, missing: NDArray[np.bool]) -> NDArray[np.int8]:
    """Return the codes of ``KeplerOrbit.status`` of states, some of which have no orbit."""
    codes = np.where(missing, np.int8(NO_PLANE), np.int8(ORBIT))
    if missing.any():
        r, v, _, mu = rows
        codes[missing & ~_falls(r, v)] = ELEMENT_NOT_FINITE
        codes[missing & ~(mu > 0)] = MU_NOT_POSITIVE
        finite = np.isfinite(r).all(axis=1) & np.isfinite(v).all(axis=1) & np.isfinite(mu)
        codes[missing & ~finite] = ELEMENT_NOT_FINITE
    return codes


def refusal(rows: Rows, names: tuple[str, str]) -> str:
    """Return the reason why the one state in rows has no result."""
    r, v, dt, mu = (row[0] for row in rows)
    for name, value in ((names[0], r), (names[1], v), ("dt", dt)):
        if not np.all(np.isfinite(value)):
            return f"{name} must be finite, got {value}"
    if not 0 < mu < math.inf:
        return f"mu must be positive and finite, got {mu}"
    if not np.any(r):
        return f"{names[0]} must not be the centre, got {r}"
    if names[0] == "position" and _falls(r[None], v[None]):
        return (f"velocity must not point straight to or from the centre: a fall has no plane, got "
                f"position = {r} and velocity = {v}")
    if names[0] == "r":
        return ("dt must lead to a position and a velocity of float64 numbers, "
                f"got dt = {dt} from r = {r}, v = {v} and mu = {mu}")
    return f"no orbit of float64 numbers has {names[0]} = {r}, {names[1]} = {v} and mu = {mu}"


def _falls(r: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.bool]:
    """Return where v points straight to or from the centre, or r is the centre"""
    with np.errstate(all="ignore"):
        r, v = (x / np.abs(x).max(axis=1, keepdims=True) for x in (r, v))
        # the square of a smaller sine is no number
        return ~(np.abs(np.cross(r, v)).max(axis=1) > 1e-140)
