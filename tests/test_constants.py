"""The constants: their values as published, and that they are floats."""
import copy
import pickle
from fractions import Fraction

import pytest
from helpers import raises

from mathwork import constants
from mathwork.constants import AU, GM_EARTH, GM_JUPITER, GM_SUN, M_EARTH, M_JUPITER, M_SUN, G

ALL = [getattr(constants, name) for name in constants.__all__ if name != "Constant"]
every_constant = pytest.mark.parametrize("constant", ALL, ids=lambda constant: constant.name)


@pytest.mark.parametrize(("constant", "value", "unit", "uncertainty", "source"), [
    (G, 6.67430e-11, "m3 / (kg s2)", 1.5e-15, "CODATA 2022"),
    (GM_SUN, 1.3271244e20, "m3 / s2", 0, "IAU 2015 Resolution B3"),
    (GM_EARTH, 3.986004e14, "m3 / s2", 0, "IAU 2015 Resolution B3"),
    (GM_JUPITER, 1.2668653e17, "m3 / s2", 0, "IAU 2015 Resolution B3"),
    (AU, 149597870700, "m", 0, "IAU 2012 Resolution B2")])
def test_published_values(constant, value, unit, uncertainty, source):
    assert constant == value
    assert (constant.si_unit, constant.uncertainty, constant.source) == (unit, uncertainty, source)


@pytest.mark.parametrize(("mass", "mu"), [(M_SUN, GM_SUN), (M_EARTH, GM_EARTH),
                                          (M_JUPITER, GM_JUPITER)])
def test_masses(mass, mu):
    exact = Fraction(float(mu)) / Fraction(float(G))
    assert abs(Fraction(float(mass)) - exact) <= exact / 2**53
    # as uncertain as G: 2.2e-5 of it
    assert mass.uncertainty == pytest.approx(mass * 1.5e-15 / 6.6743e-11, rel=0.05)
    assert mass.si_unit == "kg" and mass.source == f"{mu.source}; G of CODATA 2022"


@every_constant
def test_it_is_a_float_by_name(constant):
    assert getattr(constants, constant.name) is constant
    assert pickle.loads(pickle.dumps(constant)) is constant
    assert copy.copy(constant) is constant and copy.deepcopy(constant) is constant
    assert type(constant * 2) is type(-constant) is type(constant / constant) is float
    assert str(constant) == repr(float(constant)) and hash(constant) == hash(float(constant))
    assert repr(constant) == (f"Constant({constant.name!r}, {float(constant)!r}, "
                              f"{constant.si_unit!r}, uncertainty={constant.uncertainty!r})")


@every_constant
def test_it_cannot_be_changed(constant):
    with raises(AttributeError, f"the si_unit of {constant.name} cannot be changed"):
        constant.si_unit = "km"
    with raises(AttributeError, f"the source of {constant.name} cannot be deleted"):
        del constant.source


@every_constant
def test_astropy_takes_it_as_a_number(constant):
    """It would square the unit of what has an attribute `unit`"""
    units = pytest.importorskip("astropy.units")
    for product in (constant * units.m**3 / units.s**2, units.m**3 / units.s**2 * constant):
        assert product.unit == units.m**3 / units.s**2
        assert product.value == float(constant)


def test_one_of_the_caller_is_pickled_whole():
    own = constants.Constant("mu", 4.0, "m3 / s2", 0.5, "a paper")
    again = pickle.loads(pickle.dumps(own))
    assert again == 4.0 and repr(again) == repr(own) and again.source == "a paper"
