"""Every quantity of many circular orbits at once, by their radii or their periods."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, overload

import numpy as np

import mathwork.orbit.units as units
from mathwork._levels import orbit as kernels
from mathwork.orbit.circular import UNITS

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray, Number

Column = TypeVar("Column")


class _Columns(NamedTuple, Generic[Column]):
    force: Column
    speed: Column
    period: Column
    angular_speed: Column
    escape_speed: Column
    energy: Column
    hill_radius: Column


class OrbitTable(_Columns[Column]):
    """The result of :func:`orbit_table`, one element an orbit; unpacks to its seven columns.

    Parameters
    ----------
    force : float or ndarray
        The force between the masses, N.
    speed : float or ndarray
        m/s.
    period : float or ndarray
        s.
    angular_speed : float or ndarray
        rad/s.
    escape_speed : float or ndarray
        m/s.
    energy : float or ndarray
        Kinetic and potential, J.
    hill_radius : float or ndarray
        Of the planet, m.
    radius : float or ndarray
        The radius that was given, or that follows from the period, m. It is no column of the tuple.

    Examples
    --------
    >>> from mathwork.constants import AU, M_EARTH, M_SUN
    >>> from mathwork.orbit import orbit_table
    >>> table = orbit_table(M_SUN, M_EARTH, [AU, 4 * AU])
    >>> (table.period / 86400).round(2)
    array([ 365.26, 2922.06])
    """

    radius: Column

    def __new__(cls, force: Column, speed: Column, period: Column, angular_speed: Column,
                escape_speed: Column, energy: Column, hill_radius: Column,
                radius: Any = math.nan) -> Self:
        table = tuple.__new__(cls, (force, speed, period, angular_speed, escape_speed, energy,
                                    hill_radius))
        table.radius = radius
        return table

    def _repr_html_(self) -> str:
        import mathwork.orbit.displays as displays  # here: few programs run in a notebook

        return displays.table_html(self, TABLE_UNITS)


TABLE_UNITS = OrbitTable("N", "m/s", "s", "rad/s", "m/s", "J", "m", "m")
OF_PLANET = ("force", "energy", "hill_radius")      # they need the planet's mass


@overload
def orbit_table(star_mass: Number, planet_mass: Number | None = None, radius: Number | None = None,
                *, period: Number | None = None, fixed_star: bool = True) -> OrbitTable[float]: ...
@overload
def orbit_table(star_mass: ArrayLike, planet_mass: ArrayLike | None = None,
                radius: ArrayLike | None = None, *, period: ArrayLike | None = None,
                fixed_star: bool = True) -> OrbitTable[FloatArray | Any]: ...
def orbit_table(star_mass: ArrayLike, planet_mass: ArrayLike | None = None,
                radius: ArrayLike | None = None, *, period: ArrayLike | None = None,
                fixed_star: bool = True) -> OrbitTable[Any]:
    """Every quantity of circular orbits in one pass.

    Parameters
    ----------
    star_mass : float or array_like
        Mass in kg.
    planet_mass : float or array_like, optional
        Mass in kg. Without it the force, the energy and the Hill radius are NaN.
    radius : float or array_like, optional
        The distance of their centres in m. Give this or `period`, or both where a table has gaps.
    period : float or array_like, optional
        The time of one revolution in s. It counts where the radius is NaN or not given.
    fixed_star : bool
        Whether the star is held fixed. Otherwise both masses move, which takes `planet_mass`.

    Returns
    -------
    OrbitTable
        Floats for numbers, else arrays of the broadcast shape of the arguments. Each has the same
        bits as the result of its own function. An element is NaN only if it needs what is NaN:
        without a planet's mass the speed beside a fixed star is known, and without a star's mass a
        period that was given.

    Raises
    ------
    TypeError
        As :func:`circular_speed`, and without both `radius` and `period`.
    ValueError
        As :func:`circular_speed`.

    Warns
    -----
    UnitsWarning
        If plain numbers do not look like SI.

    Examples
    --------
    >>> from mathwork.orbit import orbit_table
    >>> table = orbit_table(1.9884e30, 5.972e24, [1.496e11, 2.992e11])
    >>> table.speed.round()
    array([29784., 21061.])

    A table with gaps:

    >>> import numpy as np
    >>> table = orbit_table(1.9884e30, [5.972e24, np.nan], [1.496e11, np.nan],
    ...                     period=[np.nan, 8.926e7])
    >>> table.speed.round(), (table.radius / 1e9).round(1)
    (array([29784., 21061.]), array([149.6, 299.2]))
    >>> table.force.round(-20)
    array([3.54e+22,      nan])
    """
    given = {"star_mass": star_mass, "planet_mass": planet_mass, "radius": radius,
             "period": period}
    values, kind = units.plain(**{name: (value, UNITS[name]) for name, value in given.items()
                                  if value is not None or name == "star_mass"})
    plain = dict.fromkeys(given) | dict(zip(
        (name for name, value in given.items() if value is not None), values, strict=True))
    table = _table_of(**plain, fixed_star=fixed_star)
    shown = "radius" if period is None else "semimajor_axis"
    units.look_at_units(table.radius, plain["star_mass"], True, 4, shown, kind)
    return table if kind is None else OrbitTable(*(*map(kind.wrap, table, TABLE_UNITS),
                                                   kind.wrap(table.radius, TABLE_UNITS.radius)))


def _table_of(star_mass: Any, planet_mass: Any, radius: Any, period: Any, fixed_star: bool
              ) -> OrbitTable[Any]:
    """Return the table for plain numbers, arrays, and None for what is not known"""
    if radius is None and period is None:
        raise TypeError("one of radius and period must be given")
    if planet_mass is None and not fixed_star:
        raise TypeError("fixed_star=False needs planet_mass")
    if period is not None:
        if isinstance(period, np.ndarray) and period.ndim == 0:
            period = float(period)
        if radius is not None and type(period) is float and math.isnan(period):
            period = None
    by_period = True
    if period is not None:
        axis = kernels.plain_circular(kernels.orbit_codes["semimajor_axis"], period, star_mass,
                                      planet_mass, None, fixed_star)
        if radius is None:
            radius = axis
        else:
            by_period = np.isnan(radius)
            radius = _chosen(by_period, axis, radius)
    columns = plain_table(star_mass, 0.0 if planet_mass is None else planet_mass, radius,
                          fixed_star)._asdict()
    if planet_mass is None:
        columns |= {name: math.nan * columns[name] for name in OF_PLANET}
    if period is not None:
        with np.errstate(all="ignore"):
            known = np.where(np.greater(period, 0), period, math.nan)
            by_period = by_period | np.isnan(columns["period"])     # also without a star's mass
            columns["period"] = _chosen(by_period, known, columns["period"])
            columns["angular_speed"] = _chosen(by_period, 2 * math.pi / known,
                                               columns["angular_speed"])
    return OrbitTable(*(*columns.values(), _as_floats(radius)))


def _chosen(where: Any, value: Any, other: Any) -> Any:
    """Return value where that is so, else other; a float for numbers"""
    try:
        chosen = np.where(where, value, other)
    except ValueError:
        raise ValueError("radius and period must have shapes that broadcast, got "
                         f"{np.shape(other)} and {np.shape(value)}") from None
    return chosen.astype(getattr(other, "dtype", chosen.dtype)) if chosen.ndim else float(chosen)


def _as_floats(radius: Any) -> Any:
    if isinstance(radius, np.ndarray):
        return radius if radius.dtype.kind == "f" else radius.astype(np.float64)
    return float(radius)


def plain_table(star_mass: Any, planet_mass: Any, radius: Any, fixed_star: bool
                ) -> OrbitTable[Any]:
    """Return the table of masses and radii that are numbers or exact arrays."""
    return OrbitTable(*(*kernels.plain_table(star_mass, planet_mass, radius, fixed_star), radius))
