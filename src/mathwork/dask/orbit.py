"""Orbits of many bodies in blocks."""
from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

import mathwork.dask.library as library
import mathwork.orbit as orbit
import mathwork.orbit.units as units
from mathwork.constants import MU
from mathwork.dask.blocks import Blocks, Stack
from mathwork.orbit.anomaly import Anomaly, AnomalyParts
from mathwork.orbit.circular import UNITS
from mathwork.orbit.propagation import State, Transition
from mathwork.orbit.table import OrbitTable
from mathwork.orbit.times import duration

if TYPE_CHECKING:
    from mathwork.dask.library import Array

def orbit_table(star_mass: Array, planet_mass: Array | None = None, radius: Array | None = None, *,
                period: Array | None = None, fixed_star: bool = True) -> OrbitTable[Array]:
    """Every quantity of circular orbits in blocks.

    Parameters
    ----------
    star_mass : dask.array.Array, array_like or float
        Mass in kg.
    planet_mass : the same, optional
        Mass in kg.
    radius : the same, optional
        In m.
    period : the same, optional
        In s.
    fixed_star : bool
        All as for :func:`mathwork.orbit.orbit_table`. They broadcast, and one at least is a Dask
        array. Numbers may have units.

    Returns
    -------
    OrbitTable
        Of Dask arrays, in SI units, with the bits of :func:`mathwork.orbit.orbit_table`. Columns
        that are computed together share the work.

    Raises
    ------
    TypeError, ValueError
        As :func:`mathwork.orbit.orbit_table`, and TypeError if none is a Dask array.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import orbit_table
    >>> radius = da.from_array([1.496e11, 2.992e11], chunks=1)
    >>> orbit_table(1.9884e30, 5.972e24, radius).speed.compute().round()
    array([29784., 21061.])
    """
    given = {"star_mass": star_mass, "planet_mass": planet_mass, "radius": radius,
             "period": period}
    found = Blocks(orbit.orbit_table, *(_plain(name, value, UNITS[name])
                                        for name, value in given.items()),
                   call=_table, fixed_star=fixed_star)
    columns = [found.part(attrgetter(name)) for name in OrbitTable._fields]
    return OrbitTable(*[*columns, found.part(_radius)])


def solve_kepler(mean_anomaly: Array, eccentricity: Array, *, status: bool = False,
                 parts: bool = False) -> Array | Anomaly[Array, Array] | AnomalyParts[Array, Array]:
    """The eccentric anomaly of conics in blocks, by Kepler's equation.

    Parameters
    ----------
    mean_anomaly : dask.array.Array, array_like or float
        M in radians.
    eccentricity : the same
        They broadcast, and one at least is a Dask array.
    status, parts : bool, optional
        As for :func:`mathwork.orbit.solve_kepler`.

    Returns
    -------
    dask.array.Array, or Anomaly or AnomalyParts of Dask arrays
        With the bits of :func:`mathwork.orbit.solve_kepler`.

    Raises
    ------
    TypeError, ValueError
        As :func:`mathwork.orbit.solve_kepler`, and TypeError if none is a Dask array.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import solve_kepler
    >>> solve_kepler(da.ones(3, chunks=2), da.from_array([0.0, 1, 2], chunks=2)).compute().round(6)
    array([1.      , 0.817732, 0.814097])
    """
    found = Blocks(orbit.solve_kepler, _plain("mean_anomaly", mean_anomaly, "rad"),
                   _plain("eccentricity", eccentricity, ""), status=status, parts=parts)
    if not (status or parts):
        return found.part()
    return found.parts(AnomalyParts if parts else Anomaly)


def propagate(r: Array, v: Array, dt: Array, *, mu: Array, stm: bool = False
              ) -> State[Array] | Transition[Array]:
    """The states of bodies in blocks after a time, from their positions and velocities.

    Parameters
    ----------
    r : dask.array.Array or array_like, shape (..., 3)
        Positions in m.
    v : the same, shape (..., 3)
        Velocities in m/s.
    dt : dask.array.Array, array_like or float, shape (...)
        Times in s, or ``timedelta64``.
    mu : the same, shape (...)
        G M in m3/s2. They broadcast, and one at least is a Dask array.
    stm : bool, optional
        Also give the state transition matrices.

    Returns
    -------
    State, or Transition with `stm`
        Of Dask arrays, in SI units, with the bits of :func:`mathwork.orbit.propagate`.

    Raises
    ------
    TypeError, ValueError
        As :func:`mathwork.orbit.propagate`, and TypeError if none is a Dask array.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.constants import AU, GM_SUN
    >>> from mathwork.dask import propagate
    >>> days = da.from_array([0.0, 30, -30], chunks=2)
    >>> state = propagate([AU, 0, 0], [0, 3e4, 0], 86400 * days, mu=GM_SUN)
    >>> (state.position / AU).compute().round(3)[1]
    array([0.87 , 0.497, 0.   ])
    """
    dt = dt if isinstance(dt, library.array.Array) else duration(dt)
    found = Blocks(orbit.propagate, _plain("r", r, "m", 1), _plain("v", v, "m/s", 1),
                   _plain("dt", dt, "s"), _plain("mu", mu, MU), call=_propagated, stm=stm)
    return found.parts(Transition if stm else State)


def _plain(name: str, value: Any, unit: str, core: int = 0) -> Stack:
    """Return an argument; what is in memory becomes plain numbers, in SI units"""
    if value is not None and not isinstance(value, library.array.Array):
        (value,), _ = units.plain(**{name: (value, unit)})
    return Stack(name, value, core)


def _table(star_mass: Any, planet_mass: Any, radius: Any, period: Any, *, fixed_star: bool
           ) -> Any:
    return orbit.orbit_table(star_mass, planet_mass, radius, period=period, fixed_star=fixed_star)


def _radius(table: OrbitTable[Any]) -> Any:
    return np.broadcast_to(table.radius, table.speed.shape)


def _propagated(r: Any, v: Any, dt: Any, mu: Any, *, stm: Any) -> Any:
    return orbit.propagate(r, v, dt, mu=mu, stm=stm)
