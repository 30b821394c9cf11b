"""Values that carry units, and the warning about numbers that look wrong."""
import math
import pickle
import warnings

import numpy as np
import pytest
from helpers import raises, run_python

from mathwork.constants import AU, GM_EARTH, GM_SUN, M_EARTH, M_SUN, G
from mathwork.orbit import (
    CircularOrbit,
    KeplerOrbit,
    UnitsWarning,
    angular_speed,
    centripetal_force,
    circular_speed,
    escape_speed,
    gravitational_force,
    hill_radius,
    orbit_table,
    orbital_energy,
    period,
    semimajor_axis,
    solve_kepler,
    vis_viva,
)

FUNCTIONS = {circular_speed: "m/s", period: "s", angular_speed: "rad/s", escape_speed: "m/s",
             orbital_energy: "J", hill_radius: "m"}     # of a radius
every_function = pytest.mark.parametrize(("function", "unit"), FUNCTIONS.items(),
                                         ids=lambda value: getattr(value, "__name__", ""))


@pytest.fixture(params=["astropy", "pint"])
def quantity(request):
    """quantity(value, unit), of either kind"""
    if request.param == "astropy":
        return pytest.importorskip("astropy.units").Quantity
    return pytest.importorskip("pint").UnitRegistry().Quantity


def magnitude(value, unit):
    return value.to_value(unit) if hasattr(value, "to_value") else value.m_as(unit)


# ---- the warning ----

@pytest.mark.parametrize("arguments", [
    {"radius": 1.496e8, "star_mass": M_SUN},        # kilometres
    {"radius": 1.0, "star_mass": M_SUN},            # astronomical units
    {"radius": AU, "star_mass": 1.0},               # solar masses
    {"radius": 1e24, "star_mass": M_SUN},
    {"radius": 1e8, "mu": GM_SUN},
    {"radius": AU, "mu": GM_SUN / 1e9},             # km3/s2: 0.94 m/s
    {"radius": 7e6, "mu": GM_EARTH / 1e9},          # the same: a period of 2133 days
    {"radius": 1e13, "star_mass": 1e41}])           # faster than light
def test_it_warns(arguments):
    radius = arguments["radius"]
    for wrong in (arguments, arguments | {"radius": np.array([radius, AU])},
                  arguments | {"radius": np.array([math.nan, -1.0, radius])}):
        with pytest.warns(UnitsWarning, match="are both in SI units") as caught:
            circular_speed(**wrong)
        assert [warning.filename for warning in caught] == [__file__]


def test_everything_warns_at_the_line_of_the_caller():
    for call in (lambda: circular_speed(1.0, mu=GM_SUN), lambda: period([1.0], mu=GM_SUN),
                 lambda: orbit_table(M_SUN, M_EARTH, 1.0),
                 lambda: CircularOrbit(M_SUN, M_EARTH, 1.0),
                 lambda: orbit_table(M_SUN, None, period=1.0),
                 lambda: semimajor_axis(365.25, mu=GM_SUN),
                 lambda: semimajor_axis([365.25], mu=GM_SUN),
                 lambda: KeplerOrbit(7e6, 0.1, 98.0, mu=GM_EARTH),
                 lambda: KeplerOrbit.from_periapsis(0.25, 1.2, mu=GM_SUN),
                 lambda: hill_radius(1.0, star_mass=M_SUN, planet_mass=M_EARTH)):
        with pytest.warns(UnitsWarning) as caught:
            call()
        assert [(warning.filename, warning.lineno) for warning in caught] == [
            (__file__, call.__code__.co_firstlineno)]


@pytest.mark.parametrize(("radius", "star"), [
    (5.7909e10, M_SUN), (5.869656e12, M_SUN), (6.778e6, M_EARTH), (3.844e8, M_EARTH),
    (1e15, M_SUN), (6e3, 1e12), (math.inf, M_SUN), (1.19e3, 5.4e11), (1.0e8, 2.15e18)])
def test_it_does_not_warn(radius, star):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        circular_speed(radius, star_mass=star)
        circular_speed(np.array([radius]), star_mass=star)
        circular_speed(np.zeros(0), star_mass=star)
        KeplerOrbit.from_periapsis(radius if math.isfinite(radius) else AU, 1.0, mu=G * star)


def test_canonical_units_are_no_mistake():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert circular_speed(1.0, mu=1.0) == period(1.0, mu=1.0) / (2 * math.pi) == 1
        circular_speed(np.ones(2), mu=1)
        KeplerOrbit(1.0, 0.5, mu=1.0)


def test_a_kepler_orbit_in_kilometres():
    for make in (lambda: KeplerOrbit(1.5e8, 0.5, mu=GM_SUN),
                 lambda: KeplerOrbit.from_periapsis([7.5e7, 7.5e10], 0.5, mu=GM_SUN)):
        with pytest.warns(UnitsWarning, match=r"^apoapsis = 2\.25e\+08 m with mu = ") as caught:
            make()
        assert [(warning.filename, warning.lineno) for warning in caught] == [
            (__file__, make.__code__.co_firstlineno)]


@pytest.mark.parametrize(("angles", "found"), [
    ((98.0,), "i = 98 rad: an inclination goes up to pi."),
    (([0.1, -90.0],), "i = -90 rad: an inclination goes up to pi."),
    ((0.1, 50.0), "Omega = 50 rad: that is over two turns."),
    ((0.1, 0.2, 120.0), "omega = 120 rad: that is over two turns.")])
def test_angles_in_degrees(angles, found):
    with pytest.warns(UnitsWarning) as caught:
        KeplerOrbit(7e6, 0.1, *angles, mu=GM_EARTH)
    assert [str(warning.message) for warning in caught] == [f"{found} Is it in degrees?"]


def test_the_speed_at_a_distance():
    for call in (lambda: vis_viva(7e6, 7e6, mu=GM_EARTH / 1e9),
                 lambda: vis_viva(7e3, 8e3, mu=GM_EARTH),
                 lambda: vis_viva([7e3], 8e3, mu=GM_EARTH), lambda: vis_viva(1.0, 2.0, mu=GM_SUN),
                 lambda: vis_viva(np.array([7e3]), math.inf, mu=GM_EARTH)):
        with pytest.warns(UnitsWarning, match=r"^r = ") as caught:
            call()
        assert [(warning.filename, warning.lineno) for warning in caught] == [
            (__file__, call.__code__.co_firstlineno)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert vis_viva(2 * AU, AU, mu=GM_SUN) == 0     # the apoapsis of a fall
        vis_viva(6.4e6, 3.3e6, mu=GM_EARTH)             # a missile
        vis_viva(1.0, 1.0, mu=1.0)
        vis_viva(np.array([AU, 2 * AU]), math.inf, mu=GM_SUN)
        orbit = KeplerOrbit.from_periapsis(1e5, 0.98, mu=GM_EARTH)
        orbit.speed_at(orbit.periapsis)


def test_impact_trajectories_are_no_mistake():
    """A periapsis in the body is one; angles of pi and of a turn back are none"""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        KeplerOrbit(3.3e6, 0.97, mu=GM_EARTH)
        KeplerOrbit.from_periapsis([1e3, 1e5], [1.0, 1.3], mu=GM_EARTH)
        KeplerOrbit(7e6, [0.1, math.nan], 3.1416, -6.0, 6.3, 1e6, mu=GM_EARTH)


def test_faster_than_light_is_told_of_quantities(quantity):
    for call in (lambda: circular_speed(quantity(1.0, "km"), star_mass=quantity(2e30, "kg")),
                 lambda: KeplerOrbit.from_periapsis(quantity(1.0, "km"), 1.5, mu=GM_SUN)):
        with pytest.warns(UnitsWarning, match="has an escape speed above that of light: "
                                              "are both right"):
            call()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        circular_speed(quantity(5e3, "km"), star_mass=quantity(2e30, "kg"))   # a white dwarf
        KeplerOrbit(quantity(7e3, "km"), 0.1, quantity(98.0, "deg"), mu=GM_EARTH)


def test_it_can_be_switched_off():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore", UnitsWarning)
        assert circular_speed(2.0, mu=8e20) == 2e10
    assert not caught


# ---- units ----

@every_function
def test_the_same_kind_comes_out(quantity, function, unit):
    radius, star, planet = quantity(1.5, "au"), quantity(2e30, "kg"), quantity(6e27, "g")
    expected = function(1.5 * AU, star_mass=2e30, planet_mass=6e24)
    found = function(radius, star_mass=star, planet_mass=planet)
    assert type(found) is type(radius)
    assert magnitude(found, unit) == pytest.approx(expected, rel=1e-14)
    found = function(quantity(np.array([1.5, 3.0]), "au"), star_mass=2e30, planet_mass=6e24)
    assert found.shape == (2,)
    assert magnitude(found, unit)[0] == pytest.approx(expected, rel=1e-14)
    out = quantity(np.zeros(2), unit)
    assert function(quantity(np.array([1.5, 3.0]), "au"), star_mass=2e30, planet_mass=6e24,
                    out=out) is out
    assert np.array_equal(magnitude(out, unit), magnitude(found, unit))


def test_periods_with_units(quantity):
    axis = semimajor_axis(quantity(1.0, "year"), star_mass=quantity(2e30, "kg"))
    assert magnitude(axis, "m") == pytest.approx(semimajor_axis(365.25 * 86400, star_mass=2e30))
    table = orbit_table(quantity(2e30, "kg"), None, quantity(np.array([1.0, np.nan]), "au"),
                        period=quantity(np.array([np.nan, 1.0]), "year"))
    assert magnitude(table.radius, "m")[1] == pytest.approx(magnitude(axis, "m"))
    assert magnitude(table.period, "day")[1] == pytest.approx(365.25)
    assert magnitude(table.speed, "m/s")[0] == pytest.approx(circular_speed(AU, star_mass=2e30))


def test_forces(quantity):
    force = gravitational_force(quantity(2.0, "kg"), 3.0, quantity(1.0, "km"))
    assert magnitude(force, "N") == pytest.approx(gravitational_force(2.0, 3.0, 1e3), rel=1e-14)
    force = centripetal_force(quantity(2.0, "g"), quantity(3.0, "km/s"), 1.0)
    assert magnitude(force, "N") == pytest.approx(18e3, rel=1e-14)


def test_wrong_dimensions_name_both_units(quantity):
    for call, name, wanted, found in (
            (lambda: circular_speed(quantity(1.0, "kg"), mu=GM_SUN), "radius", "m", "k"),
            (lambda: circular_speed(AU, star_mass=quantity(1.0, "m")), "star_mass", "kg", "m"),
            (lambda: period(AU, mu=quantity(1.0, "m/s")), "mu", r"m\*\*3/s\*\*2", "m"),
            (lambda: orbit_table(quantity(1.0, "m"), 1.0, 1.0), "star_mass", "kg", "m")):
        with pytest.raises(TypeError, match=f"^{name} must be in {wanted} or a unit like it, "
                                            f"got {found}"):
            call()


def test_lists_of_quantities_are_refused(quantity):
    """NumPy drops their units"""
    angles = [quantity(90.0, "deg"), quantity(45.0, "deg")]
    pair = quantity(np.array([1.0, 2.0]), "km")
    for call, name, kind in (
            (lambda: solve_kepler(angles, 0.1), "mean_anomaly", "list"),
            (lambda: KeplerOrbit(AU, 0.1, tuple(angles), mu=GM_SUN), "i", "tuple"),
            (lambda: KeplerOrbit([[AU], [pair]], 0.1, mu=GM_SUN), "a", "list"),
            (lambda: KeplerOrbit(AU, 0.1, mu=GM_SUN).position([quantity(1.0, "day")]), "t", "list"),
            (lambda: circular_speed([pair, pair], mu=GM_SUN), "radius", "list")):
        with raises(TypeError, f"{name} must be one quantity that holds all values, "
                               f"got a {kind} of quantities"):
            call()


def test_narrow_quantities_are_widened(quantity):
    """SI units take many a value beyond float32, and more beyond float16"""
    for dtype in ("f2", "f4"):
        speed = circular_speed(quantity(np.array([1.5], dtype), "au"), star_mass=2e30)
        assert magnitude(speed, "m/s")[0] == pytest.approx(circular_speed(1.5 * AU, star_mass=2e30))
    heavy = quantity(np.array([6.5e33], "f4"), "Mg")
    speed = escape_speed(quantity(1e14, "m"), star_mass=heavy)
    assert magnitude(speed, "m/s")[0] == pytest.approx(escape_speed(1e14, star_mass=6.5e36))


def test_dimensionless(quantity):
    with pytest.raises(TypeError, match=r"^eccentricity must be dimensionless, got k"):
        solve_kepler(1.0, quantity(1.0, "kg"))


def test_an_orbit_and_its_argument_have_one_kind_of_units():
    units, pint = pytest.importorskip("astropy.units"), pytest.importorskip("pint")
    one, other = (pint.UnitRegistry().Quantity for _ in range(2))
    for orbit in (KeplerOrbit(one(1.0, "au"), 0.1, mu=GM_SUN),
                  CircularOrbit(2e30, 6e24, one(1.0, "au"))):
        for t in (1 * units.day, other(1.0, "day")):
            with raises(TypeError, "t must carry the same kind of units as the orbit"):
                orbit.position(t)
        assert orbit.position(one(1.0, "day")).units == orbit.position(1.0).units


def test_an_orbit_does_not_change_with_what_it_was_made_of():
    units = pytest.importorskip("astropy.units")
    radius = 1.0 * units.au
    orbit = CircularOrbit(2e30, 6e24, radius)
    speed = orbit.speed
    radius *= 2
    speed *= 2
    assert orbit.radius == 1 * units.au and orbit.speed == speed / 2
    for one in (orbit, pickle.loads(pickle.dumps(orbit))):
        with pytest.raises(ValueError, match="read-only"):
            one.radius *= 2


def test_mixed_kinds_are_refused():
    units, pint = pytest.importorskip("astropy.units"), pytest.importorskip("pint")
    one, other = (pint.UnitRegistry().Quantity for _ in range(2))
    message = ("star_mass must carry the same kind of units as the others: "
               "astropy's, or those of one pint registry")
    for radius, star in ((1 * units.au, one(1.0, "kg")), (one(1.0, "au"), other(1.0, "kg"))):
        with raises(TypeError, message):
            circular_speed(radius, star_mass=star)
    with raises(TypeError, "out must carry the same kind of units as the arguments, got ndarray"):
        circular_speed([1, 2] * units.au, mu=GM_SUN, out=np.zeros(2))


def test_objects_with_units(quantity):
    orbit = CircularOrbit(quantity(2e30, "kg"), quantity(6e24, "kg"), quantity(1.0, "au"),
                          fixed_star=False)
    plain = CircularOrbit(2e30, 6e24, AU, fixed_star=False)
    for name, unit in (("speed", "m/s"), ("period", "s"), ("energy", "J"), ("force", "N"),
                       ("barycentre", "m"), ("mu", "m**3/s**2"), ("hill_radius", "m")):
        assert magnitude(getattr(orbit, name), unit) == pytest.approx(getattr(plain, name),
                                                                      rel=1e-13), name
    place = magnitude(orbit.position(quantity(1.0, "day")), "m")
    np.testing.assert_allclose(place, plain.position(86400.0), rtol=0, atol=1e-13 * AU)


def test_mathwork_imports_neither():
    assert run_python("import sys, mathwork.orbit as o\n"
                      "o.circular_speed([1.5e11, 3e11], star_mass=2e30)\n"
                      "print({'astropy', 'pint', 'matplotlib'} & set(sys.modules))"
                      ) == (0, "set()\n", "")
