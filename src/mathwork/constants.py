"""Constants of gravitation, each with its unit, its uncertainty and its source.

=====================================  ==================================  =====================
``G``                                  Newtonian constant of gravitation   CODATA 2022
``C``                                  speed of light                      CODATA 2022
``AU``, ``PARSEC``                     lengths of astronomy                IAU 2012 and 2015
``DAY``, ``JULIAN_YEAR``               times of astronomy                  IAU
``GM_SUN``, ``GM_EARTH``, ...          mass parameters                     IAU 2015, JPL DE440
``R_SUN``, ``R_EARTH``, ...            radii, at the equator               IAU 2015, WGCCRE 2015
``M_SUN``, ``M_EARTH``, ...            masses, ``GM / G``                  the same and CODATA 2022
=====================================  ==================================  =====================

The bodies are ``SUN``, ``MERCURY``, ``VENUS``, ``EARTH``, ``MOON``, ``MARS``, ``JUPITER``,
``SATURN``, ``URANUS`` and ``NEPTUNE``. Each is alone, without its moons. Those of the Sun, the
Earth and Jupiter are nominal.

A nominal value is exact by definition, so that everybody converts by the same number. A mass is
known five digits less well than its GM, because of G. Give ``mu=GM_SUN`` where that matters.

Examples
--------
>>> from mathwork.constants import AU, G, GM_SUN
>>> G
Constant('G', 6.6743e-11, 'm**3/(kg*s**2)', uncertainty=1.5e-15)
>>> G.source
'CODATA 2022'
>>> print(GM_SUN / AU)
887127867.3888237

The units are read by astropy and pint:

>>> from astropy.units import Quantity                             # doctest: +SKIP
>>> Quantity(GM_SUN, GM_SUN.si_unit).to("au3 / yr2")               # doctest: +SKIP
<Quantity 39.47692641 AU3 / yr2>
"""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mathwork._arguments import real

if TYPE_CHECKING:
    from typing import Any, NoReturn, Self

# In plain alphabetical order, as elsewhere.
__all__ = [  # noqa: RUF022
    "AU", "C", "Constant", "DAY", "G", "GM_EARTH", "GM_JUPITER", "GM_MARS", "GM_MERCURY", "GM_MOON",
    "GM_NEPTUNE", "GM_SATURN", "GM_SUN", "GM_URANUS", "GM_VENUS", "JULIAN_YEAR", "M_EARTH",
    "M_JUPITER", "M_MARS", "M_MERCURY", "M_MOON", "M_NEPTUNE", "M_SATURN", "M_SUN", "M_URANUS",
    "M_VENUS", "PARSEC", "R_EARTH", "R_JUPITER", "R_MARS", "R_MERCURY", "R_MOON", "R_NEPTUNE",
    "R_SATURN", "R_SUN", "R_URANUS", "R_VENUS",
]


class Constant(float):
    """A float that knows its name, unit, standard uncertainty and source.

    Arithmetic with it gives plain floats. The constants of this module are pickled by name.

    Parameters
    ----------
    name : str
        Its name in this module.
    value : float
        Its value in the unit.
    unit : str
        An SI unit, written so that both astropy and pint read it.
    uncertainty : float
        Standard uncertainty in the same unit; 0 for a value that is exact by definition.
    source : str
        The table or resolution, and its year.

    Examples
    --------
    >>> from mathwork.constants import AU
    >>> AU.si_unit, AU.uncertainty, AU.source
    ('m', 0.0, 'IAU 2012 Resolution B2')
    """

    __slots__ = ("name", "si_unit", "source", "uncertainty")

    name: str
    si_unit: str
    source: str
    uncertainty: float

    def __new__(cls, name: str, value: float, unit: str, uncertainty: float, source: str) -> Self:
        constant = super().__new__(cls, real(value, "value"))
        for field, is_ in (("name", name), ("si_unit", unit), ("source", source),
                           ("uncertainty", real(uncertainty, "uncertainty"))):
            object.__setattr__(constant, field, is_)
        return constant

    def __setattr__(self, field: str, value: object) -> NoReturn:
        raise AttributeError(f"the {field} of {self.name} cannot be changed")

    def __delattr__(self, field: str) -> NoReturn:
        raise AttributeError(f"the {field} of {self.name} cannot be deleted")

    def __repr__(self) -> str:
        return (f"Constant({self.name!r}, {float(self)!r}, {self.si_unit!r}, "
                f"uncertainty={self.uncertainty!r})")

    __str__ = float.__repr__

    def __reduce__(self) -> str | tuple[Any, ...]:
        if globals().get(self.name) is self:
            return self.name
        return Constant, (self.name, float(self), self.si_unit, self.uncertainty, self.source)


MU = "m**3/s**2"
NOMINAL = "IAU 2015 Resolution B3"
DE440 = "JPL DE440; its uncertainty: JPL Horizons"
WGCCRE = "IAU WGCCRE 2015"


def _mu(body: str, value: float, uncertainty: float = 0, source: str = NOMINAL) -> Constant:
    return Constant(f"GM_{body}", value, MU, uncertainty, source)


def _radius(body: str, value: float, uncertainty: float = 0, source: str = NOMINAL) -> Constant:
    return Constant(f"R_{body}", value, "m", uncertainty, source)


def _mass(mu: Constant) -> Constant:
    """Return GM / G, nearly as uncertain as G"""
    mass = mu / G
    uncertainty = mass * math.hypot(G.uncertainty / G, mu.uncertainty / mu)
    return Constant(mu.name.removeprefix("G"), mass, "kg", float(f"{uncertainty:.1e}"),
                    f"{mu.source}; G of {G.source}")


# P. J. Mohr, D. B. Newell, F. Tiesinga and E. Tiesinga, "CODATA recommended values of the
# fundamental physical constants: 2022", Reviews of Modern Physics 97, 025002 (2025). The metre is
# defined by the speed of light.
G = Constant("G", 6.67430e-11, "m**3/(kg*s**2)", 0.00015e-11, "CODATA 2022")
C = Constant("C", 299792458, "m/s", 0, "CODATA 2022")

# International Astronomical Union, Resolution B2 "on the re-definition of the astronomical unit
# of length", XXVIII General Assembly, Beijing 2012
AU = Constant("AU", 149597870700, "m", 0, "IAU 2012 Resolution B2")
# 648000 / pi au: IAU, Resolution B2 "on recommended zero points for the absolute and apparent
# bolometric magnitude scales", note 4, XXIX General Assembly, Honolulu 2015
PARSEC = Constant("PARSEC", 3.0856775814913673e16, "m", 0, "IAU 2015 Resolution B2")

# G. A. Wilkins, "The IAU style manual (1989)", IAU Transactions XXB, table 5: a day has 86 400 s,
# and a Julian year 365.25 days
DAY = Constant("DAY", 86400, "s", 0, "IAU Style Manual 1989")
JULIAN_YEAR = Constant("JULIAN_YEAR", 31557600, "s", 0, "IAU Style Manual 1989")

# Nominal values: A. Prsa et al., "Nominal values for selected solar and planetary quantities: IAU
# 2015 Resolution B3", The Astronomical Journal 152, 41 (2016), table 1. Its radii of the Earth and
# of Jupiter are equatorial.
# Others: R. S. Park, W. M. Folkner, J. G. Williams and D. H. Boggs, "The JPL planetary and lunar
# ephemerides DE440 and DE441", The Astronomical Journal 161, 105 (2021); of planets with moons, the
# planet alone by the ephemerides of its satellites, in the file gm_de440.tpc of NAIF. Standard
# uncertainties are those of JPL Horizons. It has none for Mercury: that one is the distance from
# 22031.87404 km^3/s^2 of A. K. Verma and J.-L. Margot, "Mercury's gravity, tides, and spin from
# MESSENGER radio science data", Journal of Geophysical Research: Planets 121 (2016).
GM_SUN = _mu("SUN", 1.3271244e20)
GM_MERCURY = _mu("MERCURY", 2.2031868551e13, 5.5e6, "JPL DE440; its uncertainty: Verma 2016")
GM_VENUS = _mu("VENUS", 3.24858592e14, 6e6, DE440)
GM_EARTH = _mu("EARTH", 3.986004e14)
GM_MOON = _mu("MOON", 4.902800118e12, 1e5, DE440)
GM_MARS = _mu("MARS", 4.2828373621e13, 2.8e5, DE440)
GM_JUPITER = _mu("JUPITER", 1.2668653e17)
GM_SATURN = _mu("SATURN", 3.7931206234e16, 9.8e10, DE440)
GM_URANUS = _mu("URANUS", 5.793951257e15, 4.3e9, DE440)
GM_NEPTUNE = _mu("NEPTUNE", 6.835103145e15, 1e10, DE440)

# B. A. Archinal et al., "Report of the IAU Working Group on Cartographic Coordinates and Rotational
# Elements: 2015", Celestial Mechanics and Dynamical Astronomy 130, 22 (2018), tables 4 and 5:
# equatorial radii. The Moon's is its mean radius.
R_SUN = _radius("SUN", 6.957e8)
R_MERCURY = _radius("MERCURY", 2440.53e3, 40, WGCCRE)
R_VENUS = _radius("VENUS", 6051.8e3, 1000, WGCCRE)
R_EARTH = _radius("EARTH", 6.3781e6)
R_MOON = _radius("MOON", 1737.4e3, 1000, WGCCRE)
R_MARS = _radius("MARS", 3396.19e3, 100, WGCCRE)
R_JUPITER = _radius("JUPITER", 7.1492e7)
R_SATURN = _radius("SATURN", 60268e3, 4000, WGCCRE)
R_URANUS = _radius("URANUS", 25559e3, 4000, WGCCRE)
R_NEPTUNE = _radius("NEPTUNE", 24764e3, 15000, WGCCRE)

M_SUN = _mass(GM_SUN)
M_MERCURY = _mass(GM_MERCURY)
M_VENUS = _mass(GM_VENUS)
M_EARTH = _mass(GM_EARTH)
M_MOON = _mass(GM_MOON)
M_MARS = _mass(GM_MARS)
M_JUPITER = _mass(GM_JUPITER)
M_SATURN = _mass(GM_SATURN)
M_URANUS = _mass(GM_URANUS)
M_NEPTUNE = _mass(GM_NEPTUNE)
