"""State vectors: their shapes, their checks, and rows of them for the kernels."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

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
    arrays = {name: np.asarray(value, np.float64)
              for name, value in (*vectors.items(), *numbers.items())}
    for name in vectors:
        if arrays[name].ndim == 0 or arrays[name].shape[-1] != 3:
            raise ValueError(f"{name} must have shape (..., 3), got {arrays[name].shape}")
    heads = {name: array.shape[:-1] if name in vectors else array.shape
             for name, array in arrays.items()}
    try:
        shape = np.broadcast_shapes(*heads.values())
    except ValueError:
        shapes = " and ".join(str(array.shape) for array in arrays.values() if array.ndim)
        raise ValueError(f"{', '.join(arrays)} must have shapes that broadcast, got {shapes}"
                         ) from None
    found: list[Any] = []
    for name, array in arrays.items():
        tail = array.shape[len(heads[name]):]
        if math.prod(heads[name]) != 1:
            array = np.broadcast_to(array, (*shape, *tail))
            found.append(np.ascontiguousarray(array).reshape(-1, *tail))
        else:
            found.append(np.ascontiguousarray(array).reshape(1, *tail))
    return tuple(found), shape


def codes_of(rows: Rows, missing: NDArray[np.bool]) -> NDArray[np.int8]:
    """Return the codes of ``KeplerOrbit.status`` of states, some of which have no orbit."""
    codes = np.where(missing, np.int8(NO_PLANE), np.int8(ORBIT))
    if missing.any():
        r, v, _, mu = rows
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
    if names[0] == "position":
        return (f"velocity must not point straight to or from the centre: a fall has no plane, got "
                f"position = {r} and velocity = {v}")
    return f"no orbit of float64 numbers has {names[0]} = {r}, {names[1]} = {v} and mu = {mu}"
