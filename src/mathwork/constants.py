"""Constants of gravitation, each with its unit, its uncertainty and its source.

============  ==============================================  =====================
``G``         Newtonian constant of gravitation               CODATA 2022
``GM_SUN``    the Sun's nominal mass parameter                IAU 2015 Resolution B3
``GM_EARTH``  the Earth's                                     IAU 2015 Resolution B3
``GM_JUPITER``  Jupiter's                                     IAU 2015 Resolution B3
``M_SUN``, ``M_EARTH``, ``M_JUPITER``  masses, ``GM / G``     IAU 2015 and CODATA 2022
``AU``        astronomical unit                               IAU 2012 Resolution B2
============  ==============================================  =====================

A nominal value is exact by definition, so that everybody converts by the same number. A mass is
known five digits less well than its GM, because of G. Give ``mu=GM_SUN`` where that matters.

Examples
--------
>>> from mathwork.constants import AU, G, GM_SUN
>>> G
Constant('G', 6.6743e-11, 'm3 / (kg s2)', uncertainty=1.5e-15)
>>> G.source
'CODATA 2022'
>>> print(GM_SUN / AU)
887127867.3888237
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, NoReturn, Self

# In plain alphabetical order, as elsewhere.
__all__ = ["AU", "Constant", "G", "GM_EARTH", "GM_JUPITER", "GM_SUN", "M_EARTH",  # noqa: RUF022
           "M_JUPITER", "M_SUN"]


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
        An SI unit.
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
        constant = super().__new__(cls, value)
        for field, is_ in (("name", name), ("si_unit", unit), ("uncertainty", float(uncertainty)),
                           ("source", source)):
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


def _mass(name: str, mu: Constant) -> Constant:
    """Return GM / G, as uncertain as G"""
    mass = mu / G
    return Constant(name, mass, "kg", float(f"{mass * (G.uncertainty / G):.1e}"),
                    f"{mu.source}; G of {G.source}")


# P. J. Mohr, D. B. Newell, F. Tiesinga and E. Tiesinga, "CODATA recommended values of the
# fundamental physical constants: 2022", Reviews of Modern Physics 97, 025002 (2025)
G = Constant("G", 6.67430e-11, "m3 / (kg s2)", 0.00015e-11, "CODATA 2022")

# A. Prsa et al., "Nominal values for selected solar and planetary quantities: IAU 2015
# Resolution B3", The Astronomical Journal 152, 41 (2016), table 1
GM_SUN = Constant("GM_SUN", 1.3271244e20, "m3 / s2", 0, "IAU 2015 Resolution B3")
GM_EARTH = Constant("GM_EARTH", 3.986004e14, "m3 / s2", 0, "IAU 2015 Resolution B3")
GM_JUPITER = Constant("GM_JUPITER", 1.2668653e17, "m3 / s2", 0, "IAU 2015 Resolution B3")

# The second and the metre are defined by it: 26th General Conference on Weights and Measures,
# Resolution 1 (2018)
C = Constant("C", 299792458, "m/s", 0, "SI 2019")
JULIAN_YEAR = Constant("JULIAN_YEAR", 31557600, "s", 0, "365.25 days of 86400 s")

M_SUN = _mass("M_SUN", GM_SUN)
M_EARTH = _mass("M_EARTH", GM_EARTH)
M_JUPITER = _mass("M_JUPITER", GM_JUPITER)

# International Astronomical Union, Resolution B2 "on the re-definition of the astronomical unit
# of length", XXVIII General Assembly, Beijing 2012
AU = Constant("AU", 149597870700, "m", 0, "IAU 2012 Resolution B2")
