"""One circular orbit as an object, of a planet about a star."""
from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

import mathwork.orbit.units as units
from mathwork._arrays import FLOAT64, check_axes, in_dtype, real_dtype
from mathwork.constants import MU, G
from mathwork.orbit.drawings import circles, share
from mathwork.orbit.plot import plot_orbits
from mathwork.orbit.table import TABLE_UNITS, OrbitTable, plain_table

if TYPE_CHECKING:
    from typing import Any, Self

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray, Measure
    from mathwork.orbit.drawings import Drawing
    from mathwork.orbit.units import Kind


GIVEN = ("star_mass", "planet_mass", "radius")


@dataclass(frozen=True)
class CircularOrbit:
    """A planet that circles a star.

    Parameters
    ----------
    star_mass, planet_mass : float
        Masses in kg.
    radius : float
        The distance of their centres in m.
    fixed_star : bool
        Whether the star is held fixed. Otherwise both move about their barycentre.

    Raises
    ------
    TypeError, ValueError
        As :func:`circular_speed`; and TypeError for arrays, see :func:`orbit_table`.

    Warns
    -----
    UnitsWarning
        If plain numbers do not look like SI.

    Notes
    -----
    If quantities with units of astropy or pint are given, all results carry such units. At t = 0
    the planet is on the x axis as seen from the star; it moves in the x-y plane towards y.

    Examples
    --------
    >>> from mathwork.constants import M_EARTH
    >>> from mathwork.orbit import CircularOrbit
    >>> moon = CircularOrbit(M_EARTH, 7.346e22, 3.844e8, fixed_star=False)
    >>> print(f"{moon.period / 86400:.3f} d, {moon.speed:.0f} m/s, {moon.barycentre / 1e3:.0f} km")
    27.285 d, 1025 m/s, 4671 km
    """

    star_mass: Measure
    planet_mass: Measure
    radius: Measure
    _: KW_ONLY
    fixed_star: bool = True
    _table: OrbitTable[float] = field(init=False, repr=False, compare=False)
    _plain: tuple[float, float, float] = field(init=False, repr=False, compare=False)
    _kind: Kind | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        plain, kind = units.plain(star_mass=(self.star_mass, "kg"),
                                  planet_mass=(self.planet_mass, "kg"), radius=(self.radius, "m"))
        for name, value in zip(GIVEN, plain, strict=True):
            if np.ndim(value):
                raise TypeError(f"{name} of a CircularOrbit must be one number, got shape "
                                f"{value.shape}: orbit_table takes arrays")
        star, planet, radius = plain
        table = OrbitTable(*map(float, plain_table(star, planet, radius, self.fixed_star)))
        # stacklevel counts this function, the dataclass's __init__ and the caller
        units.look_at_units(radius, star, True, 5, "radius", kind)
        self.__setstate__(self.__dict__ | {
            "fixed_star": bool(self.fixed_star), "_table": table,
            "_plain": tuple(map(float, plain)), "_kind": kind})

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, plain in zip(GIVEN, state["_plain"], strict=True):
            kind = units.kind_of(state[name])
            state[name] = plain if kind is None else kind.frozen(state[name])
        self.__dict__.update(state)

    def __copy__(self) -> Self:
        return self         # it never changes

    def __deepcopy__(self, memo: object) -> Self:
        return self

    @property
    def mu(self) -> Measure:
        """G M, or G (M + m) if both masses move, m3/s2."""
        star, planet, _ = self._plain
        return self._wrap(G * star if self.fixed_star else G * star + G * planet, MU)

    @property
    def force(self) -> Measure:
        """The force between the masses, N."""
        return self._wrap(self._table.force, TABLE_UNITS.force)

    @property
    def speed(self) -> Measure:
        """Speed of the planet relative to the star, m/s."""
        return self._wrap(self._table.speed, TABLE_UNITS.speed)

    @property
    def period(self) -> Measure:
        """Time of one revolution, s."""
        return self._wrap(self._table.period, TABLE_UNITS.period)

    @property
    def angular_speed(self) -> Measure:
        """Angular speed, rad/s."""
        return self._wrap(self._table.angular_speed, TABLE_UNITS.angular_speed)

    @property
    def escape_speed(self) -> Measure:
        """Speed relative to the star that would be enough to leave it, m/s."""
        return self._wrap(self._table.escape_speed, TABLE_UNITS.escape_speed)

    @property
    def energy(self) -> Measure:
        """Kinetic and potential energy, J."""
        return self._wrap(self._table.energy, TABLE_UNITS.energy)

    @property
    def hill_radius(self) -> Measure:
        """The radius within which the planet can hold satellites, m."""
        return self._wrap(self._table.hill_radius, TABLE_UNITS.hill_radius)

    @property
    def barycentre(self) -> Measure:
        """Distance of the common centre of mass from the star's, m."""
        star, planet, radius = self._plain
        return self._wrap(share(planet, star) * radius, "m")

    def position(self, t: ArrayLike) -> FloatArray | Any:
        """Position of the planet as seen from the star.

        Parameters
        ----------
        t : float or array_like
            Times in s. Whole periods are taken off without rounding.

        Returns
        -------
        ndarray, shape (..., 3)
            In m, for t of shape (...). NaN if t is NaN or infinite.

        Raises
        ------
        TypeError
            For times that are not real numbers.

        Examples
        --------
        >>> from mathwork.constants import AU, M_EARTH, M_SUN
        >>> from mathwork.orbit import CircularOrbit
        >>> earth = CircularOrbit(M_SUN, M_EARTH, AU)
        >>> (earth.position([0, earth.period / 4]) / AU).round(9) + 0
        array([[1., 0., 0.],
               [0., 1., 0.]])
        """
        place, kind = self._turned(t, self._plain[2], 0)
        return place if kind is None else kind.wrap(place, "m")

    def velocity(self, t: ArrayLike) -> FloatArray | Any:
        """Velocity of the planet as seen from the star.

        Parameters
        ----------
        t : float or array_like
            Times in s.

        Returns
        -------
        ndarray, shape (..., 3)
            In m/s, for t of shape (...).

        Raises
        ------
        TypeError
            For times that are not real numbers.

        Examples
        --------
        >>> from mathwork.constants import AU, M_EARTH, M_SUN
        >>> from mathwork.orbit import CircularOrbit
        >>> CircularOrbit(M_SUN, M_EARTH, AU).velocity(0).round() + 0
        array([    0., 29785.,     0.])
        """
        rate, kind = self._turned(t, self._table.speed, 1)
        return rate if kind is None else kind.wrap(rate, "m/s")

    def positions(self, t: ArrayLike) -> tuple[FloatArray | Any, FloatArray | Any]:
        """Positions of both bodies about their barycentre.

        Parameters
        ----------
        t : float or array_like
            Times in s.

        Returns
        -------
        star, planet : ndarray, shape (..., 3)
            In m, for t of shape (...). They are on opposite sides, at distances in the ratio of the
            other's mass. `fixed_star` changes only their angular speed.

        Raises
        ------
        TypeError
            For times that are not real numbers.

        Examples
        --------
        >>> from mathwork.constants import M_EARTH
        >>> from mathwork.orbit import CircularOrbit
        >>> earth, moon = CircularOrbit(M_EARTH, 7.346e22, 3.844e8).positions(0)
        >>> print(f"{earth[0]:.4g} {moon[0]:.4g}")
        -4.671e+06 3.797e+08
        """
        star, planet, radius = self._plain
        place, kind = self._turned(t, radius, 0)
        with np.errstate(all="ignore"):
            both = -share(planet, star) * place, share(star, planet) * place
        return both if kind is None else tuple(kind.wrap(body, "m") for body in both)

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the orbit, with both bodies and the barycentre.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; new axes by default.
        **options
            `labels`, `centre`, `unit`, `scale` and `dimensions`, as for :func:`plot_orbits`.

        Returns
        -------
        matplotlib.axes.Axes
            Drawn as by :func:`plot_orbits`.

        Raises
        ------
        ImportError, TypeError, ValueError
            As from :func:`plot_orbits`.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from mathwork.constants import AU, M_EARTH, M_SUN
        >>> from mathwork.orbit import CircularOrbit
        >>> ax = CircularOrbit(M_SUN, M_EARTH, AU).plot(Figure().add_subplot())
        >>> ax.get_xlabel()
        'x (au)'
        """
        return plot_orbits(self, ax, **options)

    def _repr_html_(self) -> str:
        import mathwork.orbit.displays as displays  # here: few programs run in a notebook

        return displays.circular_html(self, TABLE_UNITS)

    def _drawings(self) -> list[Drawing]:
        """Return the Drawing for plot_orbits"""
        star, planet, radius = self._plain
        return [circles(radius, G * star, G * planet, self.fixed_star)]

    def _wrap(self, value: float, unit: str) -> Measure:
        return value if self._kind is None else self._kind.wrap(value, unit)

    def _turned(self, t: Any, length: float, quarters: int) -> tuple[FloatArray, Kind | None]:
        """Return a vector of this length, turned from x by quarters and by time; and its units"""
        (t,), kind = units.plain(t=(t, "s"))
        kind = units.kind_beside(self._kind, kind, "t")
        time, one_period = in_dtype(t, FLOAT64), self._table.period
        check_axes(time.ndim, "t", 1)
        with np.errstate(all="ignore"):
            angle = 2 * np.pi * (np.fmod(time, one_period) / one_period)
            cosine, sine = length * np.cos(angle), length * np.sin(angle)
            for _ in range(quarters):
                cosine, sine = -sine, cosine
            vector = np.stack((cosine, sine, angle - angle), axis=-1)
            return vector.astype(real_dtype(np.asarray(t).dtype), copy=False), kind
