"""Quantities of circular orbits, each a function of the masses and the radius.

The star is held fixed unless ``fixed_star=False``; then both masses move. A fixed star is nearly
exact if the planet is much lighter. Gravity is Newton's, without relativity.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, overload

import mathwork.orbit.units as units
from mathwork._doors import door, typed_as
from mathwork._levels import orbit as kernels
from mathwork.constants import MU

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray, Number

UNITS = {"radius": "m", "period": "s", "star_mass": "kg", "planet_mass": "kg", "mu": MU}


@overload
def circular_speed(radius: Number, *, star_mass: Number | None = None,
                   planet_mass: Number | None = None, mu: Number | None = None,
                   fixed_star: bool = True, out: None = None) -> float: ...
@overload
def circular_speed(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                   planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                   fixed_star: bool = True, out: ArrayLike | None = None) -> FloatArray | Any: ...
@door(kernels.circular_speed)
def circular_speed(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                   planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                   fixed_star: bool = True, out: ArrayLike | None = None) -> Any:
    """The speed of a circular orbit, in m/s.

    Parameters
    ----------
    radius : float or array_like
        The distance of the centres of planet and star in m.
    star_mass : float or array_like
        Mass of the central body, in kg. Give this or `mu`.
    planet_mass : float or array_like, optional
        Mass of the planet in kg. It counts if both masses move.
    mu : float or array_like
        G M of the central body, in m3/s2. It is known to more digits than G and M.
    fixed_star : bool, optional
        Whether the star is held fixed. Otherwise both masses move, which takes `planet_mass`, and
        the speed is relative: of one mass to the other.
    out : ndarray, optional
        Where to put the result; its shape is the broadcast shape of the arguments. After an
        interrupt it may be partly written.

    Returns
    -------
    float or ndarray
        A float for numbers. Arrays broadcast. The result is float32 if all arrays are float32 or
        float16, but it is computed in float64. If an argument carries units, of astropy or pint, so
        does the result, which is then float64.

    Raises
    ------
    TypeError
        Unless exactly one of `star_mass` and `mu` is given, and for ``fixed_star=False`` without
        `planet_mass`. For a unit of another dimension, and for input that is not real numbers.
    ValueError
        For a number that is negative or NaN, and for a radius of 0. For shapes that do not
        broadcast. In an array, such an element makes its result NaN, if the result needs it.

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
    return _in_general("circular_speed", "m/s", radius, star_mass, planet_mass, mu, fixed_star, out)


@door(kernels.period)
@typed_as(circular_speed)
def period(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
           planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
           fixed_star: bool = True, out: ArrayLike | None = None) -> Any:
    """The time of one revolution on a circular orbit, in s.

    Parameters
    ----------
    radius, star_mass, planet_mass, mu, fixed_star, out
        As for :func:`circular_speed`.

    Returns
    -------
    float or ndarray
        As from :func:`circular_speed`, with the same warnings.

    Raises
    ------
    TypeError, ValueError
        As from :func:`circular_speed`.

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
    >>> both = period(3.844e8, star_mass=M_EARTH, planet_mass=7.346e22, fixed_star=False)
    >>> print(f"{both / 86400:.3f} d")
    27.285 d
    """
    return _in_general("period", "s", radius, star_mass, planet_mass, mu, fixed_star, out)


@door(kernels.angular_speed)
@typed_as(circular_speed)
def angular_speed(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                  planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                  fixed_star: bool = True, out: ArrayLike | None = None) -> Any:
    """The angular speed on a circular orbit, in rad/s.

    Parameters
    ----------
    radius, star_mass, planet_mass, mu, fixed_star, out
        As for :func:`circular_speed`.

    Returns
    -------
    float or ndarray
        As from :func:`circular_speed`, with the same warnings.

    Raises
    ------
    TypeError, ValueError
        As from :func:`circular_speed`.

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
    return _in_general("angular_speed", "rad/s", radius, star_mass, planet_mass, mu, fixed_star,
                       out)


@door(kernels.escape_speed)
@typed_as(circular_speed)
def escape_speed(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                 planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                 fixed_star: bool = True, out: ArrayLike | None = None) -> Any:
    """The speed that is enough to never return, in m/s.

    Parameters
    ----------
    radius, star_mass, planet_mass, mu, fixed_star, out
        As for :func:`circular_speed`.

    Returns
    -------
    float or ndarray
        As from :func:`circular_speed`, with the same warnings.

    Raises
    ------
    TypeError, ValueError
        As from :func:`circular_speed`.

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
    return _in_general("escape_speed", "m/s", radius, star_mass, planet_mass, mu, fixed_star, out)


@door(kernels.orbital_energy)
@typed_as(circular_speed)
def orbital_energy(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                   planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                   fixed_star: bool = True, out: ArrayLike | None = None) -> Any:
    """The energy of a circular orbit, kinetic and potential together, in J.

    Parameters
    ----------
    radius, star_mass
        As for :func:`circular_speed`.
    planet_mass : float or array_like
        Mass of the planet in kg. It may be left out beside `mu`; then the result is the specific
        energy, in J/kg.
    mu, fixed_star, out
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
                       radius, star_mass, planet_mass, mu, fixed_star, out)


@door(kernels.hill_radius)
@typed_as(circular_speed)
def hill_radius(radius: ArrayLike, *, star_mass: ArrayLike | None = None,
                planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                fixed_star: bool = True, out: ArrayLike | None = None) -> Any:
    """The radius within which a planet can hold satellites of its own, in m.

    Parameters
    ----------
    radius, star_mass
        As for :func:`circular_speed`.
    planet_mass : float or array_like
        Mass of the planet in kg.
    mu, fixed_star, out
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
    return _in_general("hill_radius", "m", radius, star_mass, planet_mass, mu, fixed_star, out)


@overload
def semimajor_axis(period: Number, *, star_mass: Number | None = None,
                   planet_mass: Number | None = None, mu: Number | None = None,
                   fixed_star: bool = True, out: None = None) -> float: ...
@overload
def semimajor_axis(period: ArrayLike, *, star_mass: ArrayLike | None = None,
                   planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                   fixed_star: bool = True, out: ArrayLike | None = None) -> FloatArray | Any: ...
@door(kernels.semimajor_axis)
def semimajor_axis(period: ArrayLike, *, star_mass: ArrayLike | None = None,
                   planet_mass: ArrayLike | None = None, mu: ArrayLike | None = None,
                   fixed_star: bool = True, out: ArrayLike | None = None) -> Any:
    """The semi-major axis, or the radius of the circle, of an orbit with a given period, in m.

    Parameters
    ----------
    period : float or array_like
        The time of one revolution in s.
    star_mass, planet_mass, mu, fixed_star, out
        As for :func:`circular_speed`.

    Returns
    -------
    float or ndarray
        As from :func:`circular_speed`, with the same warnings; the period takes the
        place of the radius.

    Raises
    ------
    TypeError, ValueError
        As from :func:`circular_speed`.

    Notes
    -----
    .. math:: a = \\left(G M (P / 2 \\pi)^2\\right)^{1/3}

    with M + m for M if both masses move. It is the inverse of :func:`period`.

    Examples
    --------
    A geostationary satellite, whose period is a turn of the Earth:

    >>> from mathwork.constants import GM_EARTH
    >>> from mathwork.orbit import semimajor_axis
    >>> print(f"{semimajor_axis(86164.1, mu=GM_EARTH) / 1e3:.0f} km")
    42164 km
    """
    return _in_general("semimajor_axis", "m", period, star_mass, planet_mass, mu, fixed_star, out)


def _in_general(name: str, unit: str, radius: ArrayLike, star_mass: ArrayLike | None,
                planet_mass: ArrayLike | None, mu: ArrayLike | None, fixed_star: bool,
                out: ArrayLike | None) -> Any:
    """Return a quantity of values with units, lists and subclasses"""
    first = "period" if name == "semimajor_axis" else "radius"
    given: dict[str, Any] = {first: radius, "star_mass": star_mass, "planet_mass": planet_mass,
                             "mu": mu}
    wanted = {argument: (value, UNITS[argument]) for argument, value in given.items()
              if value is not None or argument == first}
    plain, kind = units.plain(**wanted)
    given.update(zip(wanted, plain, strict=True))
    arguments = [*given.values(), fixed_star, units.plain_out(out, kind, unit)]
    result = kernels.plain_circular(kernels.orbit_codes[name], *arguments)
    at, shown = (result, name) if first == "period" else (given[first], first)
    star = given["star_mass"] if mu is None else given["mu"]
    units.look_at_units(at, star, mu is None, 5, shown, kind)
    return units.as_given(result, out, kind, unit)
