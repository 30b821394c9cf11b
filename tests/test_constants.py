"""The constants: their values as published, and that they are floats."""
import copy
import math
import pickle
import warnings
from fractions import Fraction
from pathlib import Path

import mpmath
import pytest
from helpers import raises

from mathwork import constants
from mathwork.constants import G

TABLE = Path(__file__).resolve().parents[2] / "shared" / "reference" / "solar_system.csv"
ALL = [getattr(constants, name) for name in constants.__all__ if name != "Constant"]
every_constant = pytest.mark.parametrize("constant", ALL, ids=lambda constant: constant.name)


IAU, DE440, WGCCRE = ("IAU 2015 Resolution B3", "JPL DE440; its uncertainty: JPL Horizons",
                      "IAU WGCCRE 2015")


@pytest.mark.parametrize(("name", "value", "unit", "uncertainty", "source"), [
    ("G", 6.67430e-11, "m**3/(kg*s**2)", 1.5e-15, "CODATA 2022"),
    ("C", 299792458, "m/s", 0, "CODATA 2022"),
    ("AU", 149597870700, "m", 0, "IAU 2012 Resolution B2"),
    ("DAY", 86400, "s", 0, "IAU Style Manual 1989"),
    ("JULIAN_YEAR", 365.25 * 86400, "s", 0, "IAU Style Manual 1989"),
    ("GM_SUN", 1.3271244e20, "m**3/s**2", 0, IAU),
    ("GM_EARTH", 3.986004e14, "m**3/s**2", 0, IAU),
    ("GM_JUPITER", 1.2668653e17, "m**3/s**2", 0, IAU),
    ("GM_VENUS", 324858.592e9, "m**3/s**2", 0.006e9, DE440),
    ("GM_MOON", 4902.800118e9, "m**3/s**2", 0.0001e9, DE440),
    ("GM_MARS", 42828.373621e9, "m**3/s**2", 0.00028e9, DE440),
    ("GM_SATURN", 37931206.234e9, "m**3/s**2", 98e9, DE440),
    ("GM_URANUS", 5793951.257e9, "m**3/s**2", 4.3e9, DE440),
    ("GM_NEPTUNE", 6835103.145e9, "m**3/s**2", 10e9, DE440),
    ("R_SUN", 695700e3, "m", 0, IAU), ("R_EARTH", 6378.1e3, "m", 0, IAU),
    ("R_JUPITER", 71492e3, "m", 0, IAU), ("R_MERCURY", 2440.53e3, "m", 40, WGCCRE),
    ("R_VENUS", 6051.8e3, "m", 1e3, WGCCRE), ("R_MOON", 1737.4e3, "m", 1e3, WGCCRE),
    ("R_MARS", 3396.19e3, "m", 100, WGCCRE), ("R_SATURN", 60268e3, "m", 4e3, WGCCRE),
    ("R_URANUS", 25559e3, "m", 4e3, WGCCRE), ("R_NEPTUNE", 24764e3, "m", 15e3, WGCCRE)])
def test_published_values(name, value, unit, uncertainty, source):
    constant = getattr(constants, name)
    assert constant == pytest.approx(value, rel=2**-52)
    assert constant.uncertainty == pytest.approx(uncertainty, rel=1e-12)
    assert (constant.name, constant.si_unit, constant.source) == (name, unit, source)


def test_a_parsec():
    with mpmath.workdps(40):
        assert float(mpmath.mpf(149597870700) * 648000 / mpmath.pi) == constants.PARSEC
    assert (constants.PARSEC.si_unit, constants.PARSEC.uncertainty) == ("m", 0)


def test_mercury_against_messenger():
    """22031.87404(90) km^3/s^2: Verma and Margot (2016)"""
    assert abs(constants.GM_MERCURY - 22031.87404e9) < 1.2 * constants.GM_MERCURY.uncertainty
    assert constants.GM_MERCURY.source == "JPL DE440; its uncertainty: Verma 2016"


@pytest.mark.parametrize(("ours", "theirs"), [
    ("G", "G"), ("C", "c"), ("AU", "au"), ("PARSEC", "pc"), ("GM_SUN", "GM_sun"),
    ("GM_EARTH", "GM_earth"), ("GM_JUPITER", "GM_jup"), ("R_SUN", "R_sun"),
    ("R_EARTH", "R_earth"), ("R_JUPITER", "R_jup"), ("M_SUN", "M_sun"), ("M_EARTH", "M_earth"),
    ("M_JUPITER", "M_jup")])
def test_against_astropy(ours, theirs):
    astropy = pytest.importorskip("astropy")
    if int(astropy.__version__.split(".")[0]) < 7:
        pytest.skip("it has the constants of CODATA 2018")
    theirs = getattr(pytest.importorskip("astropy.constants"), theirs)
    constant = getattr(constants, ours)
    # masses are GM / G, which astropy rounds in another order
    assert constant == pytest.approx(theirs.si.value, rel=1e-15)
    assert constant.uncertainty == pytest.approx(theirs.uncertainty, rel=0.05)


@pytest.mark.skipif(not TABLE.is_file(), reason="the table is not in ../shared/reference")
def test_against_the_table_of_the_solar_system():
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    rows = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
    named = [row for row in rows if hasattr(constants, f"GM_{row['body'].upper()}")]
    assert len(named) == 9
    for row in named:
        mu, mass = (getattr(constants, f"{what}_{row['body'].upper()}") for what in ("GM", "M"))
        # the nominal values of the Earth and Jupiter have fewer digits
        assert mu == pytest.approx(float(row["gm_m3_s2"]), rel=1e-7 if mu.source == IAU else 1e-12)
        # NASA's sheets have five digits, and an older G
        assert mass == pytest.approx(float(row["mass_kg"]), rel=3e-4)


@every_constant
def test_astropy_and_pint_read_the_units(constant):
    units, pint = pytest.importorskip("astropy.units"), pytest.importorskip("pint")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        astropy = units.Quantity(constant, constant.si_unit)
        other = pint.UnitRegistry().Quantity(float(constant), constant.si_unit)
    assert astropy.si.value == other.to_base_units().magnitude == constant


BODIES = ("SUN", "MERCURY", "VENUS", "EARTH", "MOON", "MARS", "JUPITER", "SATURN", "URANUS",
          "NEPTUNE")


@pytest.mark.parametrize("body", BODIES)
def test_masses(body):
    mass, mu = (getattr(constants, f"{what}_{body}") for what in ("M", "GM"))
    exact = Fraction(float(mu)) / Fraction(float(G))
    assert abs(Fraction(float(mass)) - exact) <= exact / 2**53
    # as uncertain as G: 2.2e-5 of it
    assert mass.uncertainty == pytest.approx(mass * 1.5e-15 / 6.6743e-11, rel=0.05)
    assert mass.si_unit == "kg" and mass.source == f"{mu.source}; G of CODATA 2022"


@pytest.mark.parametrize("body", BODIES)
def test_densities_are_those_of_planets(body):
    """In kg/m3, of the sphere with the equatorial radius"""
    mass, radius = (getattr(constants, f"{what}_{body}") for what in ("M", "R"))
    sheet = {"SUN": 1410, "MERCURY": 5429, "VENUS": 5243, "EARTH": 5513, "MOON": 3344, "MARS": 3934,
             "JUPITER": 1326, "SATURN": 687, "URANUS": 1270, "NEPTUNE": 1638}
    # a flattened planet is up to 10 % smaller than that sphere
    assert mass / (4 / 3 * math.pi * radius**3) == pytest.approx(sheet[body], rel=0.11)


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
    own = constants.Constant("mu", 4.0, "m**3/s**2", 0.5, "a paper")
    again = pickle.loads(pickle.dumps(own))
    assert again == 4.0 and repr(again) == repr(own) and again.source == "a paper"
