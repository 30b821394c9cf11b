"""Orbits in the Solar System, which `mathwork orbit` compares with circles.

Semi-major axes, eccentricities and mean speeds: NASA Goddard Space Flight Center, Planetary Fact
Sheets; the mean speeds of the Galilean moons are 2 pi a / P of the same sheets. GM: Jet Propulsion
Laboratory, Planetary and Lunar Ephemeris DE440 and its satellite ephemerides; the Sun's is nominal.
"""
from typing import NamedTuple

from mathwork.constants import GM_SUN


class Body(NamedTuple):
    """A body and its orbit about `centre`, in SI units."""

    name: str
    centre: str
    semi_major_axis: float      # m
    eccentricity: float
    mean_speed: float           # m/s, the length of one revolution over its time
    gm: float                   # m3/s2, of the body itself


BODIES = (
    Body("Mercury", "Sun", 5.7909e10, 0.2056, 47360, 2.2031868551e13),
    Body("Venus", "Sun", 1.08210e11, 0.0068, 35020, 3.24858592e14),
    Body("Earth", "Sun", 1.49598e11, 0.0167, 29780, 3.98600435507e14),
    Body("Mars", "Sun", 2.27956e11, 0.0935, 24070, 4.2828373621e13),
    Body("Jupiter", "Sun", 7.78479e11, 0.0487, 13060, 1.266865319e17),
    Body("Saturn", "Sun", 1.432041e12, 0.0520, 9670, 3.7931206234e16),
    Body("Uranus", "Sun", 2.867043e12, 0.0469, 6790, 5.793951257e15),
    Body("Neptune", "Sun", 4.514953e12, 0.0097, 5450, 6.835103145e15),
    Body("Pluto", "Sun", 5.869656e12, 0.2444, 4640, 8.696138e11),
    Body("Moon", "Earth", 3.844e8, 0.0554, 1022, 4.902800118e12),
    Body("Io", "Jupiter", 4.218e8, 0.0041, 17331, 5.959915466e12),
    Body("Europa", "Jupiter", 6.711e8, 0.0094, 13740, 3.2027121e12),
    Body("Ganymede", "Jupiter", 1.0704e9, 0.0013, 10879, 9.887832753e12),
    Body("Callisto", "Jupiter", 1.8827e9, 0.0074, 8203, 7.179283403e12),
)

GM = {"Sun": float(GM_SUN)} | {body.name: body.gm for body in BODIES}
