"""The speed on an orbit of any eccentricity."""
from __future__ import annotations

from typing import TYPE_CHECKING, overload

import mathwork.orbit.units as units
from mathwork._doors import door
from mathwork._levels import orbit as kernels
from mathwork.constants import MU

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from mathwork._types import FloatArray, Number


@overload
def vis_viva(r: Number, a: Number, *, mu: Number) -> float: ...
@overload
def vis_viva(r: ArrayLike, a: ArrayLike, *, mu: ArrayLike) -> FloatArray | Any: ...
@door(kernels.vis_viva)
def vis_viva(r: ArrayLike, a: ArrayLike, *, mu: ArrayLike) -> Any:
    """The speed at a distance on any orbit, in m/s.

    Parameters
    ----------
    r : float or array_like
        The distance from the focus in m.
    a : float or array_like
        Semi-major axis in m: negative for a hyperbola, ``math.inf`` for a parabola.
    mu : float or array_like
        G M in m3/s2.

    Returns
    -------
    float or ndarray
        A float for numbers; float32 if all arrays are float32 or float16. If an argument carries
        units, so does the result.

    Raises
    ------
    TypeError
        For input that is not real numbers, masked arrays, and units of another dimension.
    ValueError
        For numbers of no orbit: an r that is not positive or is beyond ``2 a``, a negative mu, NaN.
        For shapes that do not broadcast. In arrays, such an element gives NaN.

    Warns
    -----
    UnitsWarning
        If plain numbers do not look like SI.

    Notes
    -----
    .. math:: v = \\sqrt{\\mu \\left(\\frac{2}{r} - \\frac{1}{a}\\right)}

    Examples
    --------
    >>> from mathwork.constants import AU, GM_SUN
    >>> from mathwork.orbit import vis_viva
    >>> print(f"{vis_viva(AU, AU, mu=GM_SUN):.0f} m/s")
    29785 m/s
    """
    plain, kind = units.plain(r=(r, "m"), a=(a, "m"), mu=(mu, MU))
    speed = kernels.plain_vis_viva(*plain)
    if not kernels.speed_looks_like_si(speed, plain[0]):
        units.warn_of_units(plain[0], plain[2], False, "r", 3, only_light=kind is not None)
    return speed if kind is None else kind.wrap(speed, "m/s")
