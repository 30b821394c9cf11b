"""Quantities of circular orbits, each a function of the masses and the radius.

The star is held fixed unless the planet's mass is given; then both move. A fixed star is nearly
exact if the planet is much lighter. Gravity is Newton's, without relativity.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, overload

import mathwork.orbit.units as units
from mathwork._doors import door, typed_as
from mathwork._levels import orbit as kernels

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray, Number
    from mathwork.orbit.units import Kind

MU = "m**3/s**2"        # a form that both astropy and pint read
UNITS = {"radius": "m", "star_mass": "kg", "planet_mass": "kg", "mu": MU}


# ---- forces ----

@overload
def gravitational_force(m1: Number, m2: Number, r: Number, *, out: None = None) -> float: ...
@overload
def gravitational_force(m1: ArrayLike, m2: ArrayLike, r: ArrayLike, *, out: ArrayLike | None = None
                        ) -> FloatArray | Any: ...
@door(kernels.gravitational_force)
def gravitational_force(m1: ArrayLike, m2: ArrayLike, r: ArrayLike, *, out: ArrayLike | None = None
                        ) -> Any:
    """The force by which two masses attract each other, in N.

    Parameters
    ----------
    m1, m2 : float or array_like
        Masses in kg.
    r : float or array_like
        The distance of their centres in m.
    out : ndarray, optional
        Where to put the result.

    Returns
    -------
    float or ndarray
        As from :func:`circular_speed`, with the same errors.

    Notes
    -----
    .. math:: F = G m_1 m_2 / r^2

    Examples
    --------
    >>> from mathwork.constants import M_EARTH, M_SUN
    >>> from mathwork.orbit import gravitational_force
    >>> print(f"{gravitational_force(M_SUN, M_EARTH, 1.496e11):.4g} N")
    3.541e+22 N
    """
    return _force_in_general("gravitational_force", out, m1=(m1, "kg"), m2=(m2, "kg"), r=(r, "m"))


@overload
def centripetal_force(m: Number, v: Number, r: Number, *, out: None = None) -> float: ...
@overload
def centripetal_force(m: ArrayLike, v: ArrayLike, r: ArrayLike, *, out: ArrayLike | None = None
                      ) -> FloatArray | Any: ...
@door(kernels.centripetal_force)
def centripetal_force(m: ArrayLike, v: ArrayLike, r: ArrayLike, *, out: ArrayLike | None = None
                      ) -> Any:
    """The force that keeps a mass on a circle, in N.

    Parameters
    ----------
    m : float or array_like
        Mass in kg.
    v : float or array_like
        Speed in m/s; its sign does not matter.
    r : float or array_like
        Radius of the circle in m.
    out : ndarray, optional
        Where to put the result.

    Returns
    -------
    float or ndarray
        As from :func:`circular_speed`, with the same errors.

    Notes
    -----
    .. math:: F = m v^2 / r

    On a circular orbit this is the gravitational force. ``v = sqrt(G M / r)`` follows from that.

    Examples
    --------
    >>> from mathwork.orbit import centripetal_force
    >>> centripetal_force(1000, 20, 50)
    8000.0
    """
    return _force_in_general("centripetal_force", out, m=(m, "kg"), v=(v, "m/s"), r=(r, "m"))


def _force_in_general(name: str, out: ArrayLike | None, **values: tuple[ArrayLike, str]) -> Any:
    """Return a force of values with units, lists and subclasses"""
    (first, second, radius), kind = units.plain(**values)
    force = kernels.plain_force(kernels.orbit_codes[name], first, second, radius,
                                units.plain_out(out, kind, "N"))
    return _as_given(force, out, kind, "N")


# ---- quantities of a circular orbit ----

@overload
def circular_speed(radius: Number, *, star_mass: Number | None = None,
                   planet_mass: Number | None = None, mu: Number | None = None, out: None = None
                   ) -> float: ...
@overload
def circular_speed(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                   planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                   out: ArrayLike | None = None) -> FloatArray | Any: ...
@door(kernels.circular_speed)
def circular_speed(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                   planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                   out: ArrayLike | None = None) -> Any:
    """The speed of a circular orbit, in m/s.

    Parameters
    ----------
    radius : float or array_like
        The distance of the centres of planet and star in m.
    star_mass : float or array_like
        Mass of the central body, in kg. Give this or `mu`.
    planet_mass : float or array_like, optional
        Mass of the planet in kg. If it is given, both masses move, and the speed is relative: of
        one mass to the other. Otherwise the star is held fixed.
    mu : float or array_like
        G M of the central body, in m3/s2. It is known to more digits than G and M.
    out : ndarray, optional
        Where to put the result; its shape is the broadcast shape of the arguments.

    Returns
    -------
    float or ndarray
        A float for numbers. Arrays broadcast. The result is float32 if all arrays are float32 or
        float16, but it is computed in float64. If an argument carries units, of astropy or pint, so
        does the result, which is then float64.

    Raises
    ------
    TypeError
        Unless exactly one of `star_mass` and `mu` is given. For a unit of another dimension, and
        for input that is not real numbers.
    ValueError
        For a number that is negative or NaN, and for a radius of 0. For shapes that do not
        broadcast. In an array, such an element makes its result NaN.

    Warns
    -----
    UnitsWarning
        If plain numbers do not look like SI.

    Notes
    -----
    .. math:: v = \\sqrt{G M / r} \\quad\\text{or}\\quad v = \\sqrt{G (M + m) / r}

    It follows because the gravitational force is the centripetal force. It is not the mean speed of
    an ellipse with the same semi-major axis a. That is the ellipse's perimeter, shorter than the
    circle's, over the same period: about ``1 - e**2 / 4`` times as much. Mercury (e = 0.2056) has
    ``sqrt(GM / a)`` = 47.87 km/s and a mean speed of 47.36 km/s.

    Examples
    --------
    >>> from mathwork.constants import AU, GM_SUN
    >>> from mathwork.orbit import circular_speed
    >>> round(circular_speed(AU, mu=GM_SUN))
    29785
    """
    return _in_general("circular_speed", "m/s", radius, star_mass, planet_mass, mu, out)


@door(kernels.period)
@typed_as(circular_speed)
def period(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
           planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
           out: ArrayLike | None = None) -> Any:
    """The time of one revolution on a circular orbit, in s.

    Parameters
    ----------
    radius, star_mass, planet_mass, mu, out
        As for :func:`circular_speed`.

    Returns
    -------
    float or ndarray
        As from :func:`circular_speed`, with the same errors and warnings.

    Notes
    -----
    .. math:: P = 2 \\pi \\sqrt{r^3 / (G M)}

    with M + m for M if both masses move: Kepler's third law. It also holds for an ellipse with the
    semi-major axis r.

    Examples
    --------
    The Moon, with the Earth held fixed and with both moving:

    >>> from mathwork.constants import M_EARTH
    >>> from mathwork.orbit import period
    >>> print(f"{period(3.844e8, star_mass=M_EARTH) / 86400:.3f} d")
    27.452 d
    >>> print(f"{period(3.844e8, star_mass=M_EARTH, planet_mass=7.346e22) / 86400:.3f} d")
    27.285 d
    """
    return _in_general("period", "s", radius, star_mass, planet_mass, mu, out)


@door(kernels.angular_speed)
@typed_as(circular_speed)
def angular_speed(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                  planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                  out: ArrayLike | None = None) -> Any:
    """The angular speed on a circular orbit, in rad/s.

    Parameters
    ----------
    radius, star_mass, planet_mass, mu, out
        As for :func:`circular_speed`.

    Returns
    -------
    float or ndarray
        As from :func:`circular_speed`, with the same errors and warnings.

    Notes
    -----
    .. math:: \\omega = \\sqrt{G M / r^3}

    with M + m for M if both masses move. For an ellipse it is the mean motion.

    Examples
    --------
    >>> from mathwork.constants import GM_EARTH
    >>> from mathwork.orbit import angular_speed
    >>> print(f"{angular_speed(42164e3, mu=GM_EARTH) * 86164.1:.4f}")    # geostationary: 2 pi
    6.2832
    """
    return _in_general("angular_speed", "rad/s", radius, star_mass, planet_mass, mu, out)


@door(kernels.escape_speed)
@typed_as(circular_speed)
def escape_speed(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                 planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                 out: ArrayLike | None = None) -> Any:
    """The speed that is enough to never return, in m/s.

    Parameters
    ----------
    radius, star_mass, planet_mass, mu, out
        As for :func:`circular_speed`.

    Returns
    -------
    float or ndarray
        As from :func:`circular_speed`, with the same errors and warnings.

    Notes
    -----
    .. math:: v = \\sqrt{2 G M / r}

    with M + m for M if both masses move.

    Examples
    --------
    >>> from mathwork.constants import GM_EARTH
    >>> from mathwork.orbit import escape_speed
    >>> round(escape_speed(6371e3, mu=GM_EARTH))
    11186
    """
    return _in_general("escape_speed", "m/s", radius, star_mass, planet_mass, mu, out)


@door(kernels.orbital_energy)
@typed_as(circular_speed)
def orbital_energy(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                   planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                   out: ArrayLike | None = None) -> Any:
    """The energy of a circular orbit, kinetic and potential together, in J.

    Parameters
    ----------
    radius, star_mass
        As for :func:`circular_speed`.
    planet_mass : float or array_like
        Mass of the planet in kg. It may be left out beside `mu`; then the result is the specific
        energy, in J/kg.
    mu, out
        As for :func:`circular_speed`.

    Returns
    -------
    float or ndarray
        Negative; as from :func:`circular_speed`, with the same warnings.

    Raises
    ------
    TypeError, ValueError
        As :func:`circular_speed`; and TypeError without `planet_mass` beside `star_mass`.

    Notes
    -----
    .. math:: E = -\\frac{G M m}{2 r}, \\quad \\epsilon = -\\frac{\\mu}{2 r}

    E is the same with the star fixed and, about the barycentre, with both masses moving: the larger
    speed goes with the reduced mass ``M m / (M + m)``.

    Examples
    --------
    >>> from mathwork.constants import GM_EARTH
    >>> from mathwork.orbit import orbital_energy
    >>> print(f"{orbital_energy(6778e3, mu=GM_EARTH, planet_mass=420e3):.4g} J")
    -1.235e+13 J
    >>> print(f"{orbital_energy(6778e3, mu=GM_EARTH):.4g} J/kg")
    -2.94e+07 J/kg
    """
    return _in_general("orbital_energy", "J/kg" if planet_mass is None else "J",
                       radius, star_mass, planet_mass, mu, out)


@door(kernels.hill_radius)
@typed_as(circular_speed)
def hill_radius(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                out: ArrayLike | None = None) -> Any:
    """The radius within which a planet can hold satellites of its own, in m.

    Parameters
    ----------
    radius, star_mass
        As for :func:`circular_speed`.
    planet_mass : float or array_like
        Mass of the planet in kg.
    mu, out
        As for :func:`circular_speed`.

    Returns
    -------
    float or ndarray
        As from :func:`circular_speed`, with the same warnings.

    Raises
    ------
    TypeError, ValueError
        As :func:`circular_speed`; and TypeError without `planet_mass`.

    Notes
    -----
    .. math:: r_H = r \\left(\\frac{m}{3 M}\\right)^{1/3}

    the limit of a planet much lighter than its star. Orbits last long within a third to a half of
    it.

    References
    ----------
    D. P. Hamilton and J. A. Burns, "Orbital stability zones about asteroids II", Icarus 96 (1992).

    Examples
    --------
    >>> from mathwork.constants import AU, M_EARTH, M_SUN
    >>> from mathwork.orbit import hill_radius
    >>> print(f"{hill_radius(AU, star_mass=M_SUN, planet_mass=M_EARTH):.4g} m")
    1.497e+09 m
    """
    return _in_general("hill_radius", "m", radius, star_mass, planet_mass, mu, out)


def _in_general(name: str, unit: str, radius: ArrayLike, star_mass: ArrayLike | None,
                planet_mass: ArrayLike | None, mu: ArrayLike | None, out: ArrayLike | None) -> Any:
    """Return a quantity of values with units, lists and subclasses"""
    given: dict[str, Any] = {"radius": radius, "star_mass": star_mass, "planet_mass": planet_mass,
                             "mu": mu}
    wanted = {argument: (value, UNITS[argument]) for argument, value in given.items()
              if value is not None or argument == "radius"}
    plain, kind = units.plain(**wanted)
    given.update(zip(wanted, plain, strict=True))
    arguments = [*given.values(), units.plain_out(out, kind, unit)]
    result = kernels.plain_circular(kernels.orbit_codes[name], *arguments)
    if kind is None:
        look_at_units(given["radius"], given["star_mass"], given["mu"], 5)
    return _as_given(result, out, kind, unit)


def look_at_units(radius: Any, star_mass: Any, mu: Any, stacklevel: int,
                  radius_name: str = "radius") -> None:
    """Warn if numbers, or the first elements of arrays, do not look like SI"""
    star = star_mass if mu is None else mu
    if not kernels.looks_like_si(radius, star, mu is None):
        units.warn_of_units(radius, star, mu is None, stacklevel, radius_name)


def _as_given(result: Any, out: Any, kind: Kind | None, unit: str) -> Any:
    if out is not None:
        return out
    return result if kind is None else kind.wrap(result, unit)
