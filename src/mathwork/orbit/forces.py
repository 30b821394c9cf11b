"""The force by which two masses attract each other, and the one that keeps a mass on a circle."""
from __future__ import annotations

from typing import TYPE_CHECKING, overload

import mathwork.orbit.units as units
from mathwork._doors import door
from mathwork._levels import orbit as kernels

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray, Number


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
        Where to put the result. After an interrupt it may be partly written.

    Returns
    -------
    float or ndarray
        As from :func:`circular_speed`.

    Raises
    ------
    TypeError
        For a unit of another dimension, and for input that is not real numbers.
    ValueError
        For a number that is negative or NaN, and for a distance of 0. For shapes that do not
        broadcast. In an array, such an element makes its result NaN.

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
        Where to put the result. After an interrupt it may be partly written.

    Returns
    -------
    float or ndarray
        As from :func:`circular_speed`.

    Raises
    ------
    TypeError
        For a unit of another dimension, and for input that is not real numbers.
    ValueError
        For a negative mass, NaN, and a radius that is not above 0. For shapes that do not
        broadcast. In an array, such an element makes its result NaN.

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
    return units.as_given(force, out, kind, "N")
