"""Circular orbits: against the formulas in exact numbers, published values, and identities."""
import math
import pickle
from pathlib import Path

import mpmath
import numpy as np
import pytest
from arrays import LAYOUTS
from helpers import raises, same_bits
from hypothesis import given
from hypothesis import strategies as st

from mathwork.constants import AU, GM_JUPITER, GM_SUN, M_EARTH, M_JUPITER, M_SUN, G
from mathwork.orbit import (
    CircularOrbit,
    KeplerOrbit,
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
)

# of (r, GM of the star, GM or G (M + m), m)
TWINS = {
    circular_speed: lambda r, mu, both, m: mpmath.sqrt(both / r),
    period: lambda r, mu, both, m: 2 * mpmath.pi * mpmath.sqrt(r**3 / both),
    angular_speed: lambda r, mu, both, m: mpmath.sqrt(both / r**3),
    escape_speed: lambda r, mu, both, m: mpmath.sqrt(2 * both / r),
    orbital_energy: lambda r, mu, both, m: -mu * m / (2 * r),
    hill_radius: lambda r, mu, both, m: r * mpmath.cbrt(mpmath.mpf(float(G)) * m / (3 * mu)),
    # of a period
    semimajor_axis: lambda p, mu, both, m: mpmath.cbrt(both * (p / (2 * mpmath.pi))**2),
}
COLUMNS = [*TWINS][:-1]     # the functions whose results are columns of a table
every_function = pytest.mark.parametrize("function", TWINS, ids=lambda f: f.__name__)
# numbers that are no astronomy are told to be none: test_units.py
pytestmark = pytest.mark.filterwarnings("ignore::mathwork.orbit.UnitsWarning")

radii = st.floats(1e3, 1e15)
masses = st.floats(1e8, 1e32)


def some(rng, n):
    """radius, star_mass, planet_mass"""
    return 10 ** rng.uniform(6, 13, n), 10 ** rng.uniform(20, 31, n), 10 ** rng.uniform(0, 27, n)


# ---- the formulas ----

@every_function
@pytest.mark.parametrize("fixed_star", [True, False])
def test_against_mpmath(kernels, rng, function, fixed_star):
    r, star, planet = some(rng, 300)
    found = getattr(kernels, function.__name__)(r, star_mass=star, planet_mass=planet,
                                                fixed_star=fixed_star)
    with mpmath.workdps(40):
        for k in range(300):
            one, big, small, g = map(mpmath.mpf, (r[k], star[k], planet[k], float(G)))
            both = g * big if fixed_star else g * (big + small)
            exact = TWINS[function](one, g * big, both, small)
            assert abs(found[k] - exact) <= 4 * math.ulp(float(exact))


def test_forces_in_exact_numbers(rng):
    r, first, second = some(rng, 200)
    with mpmath.workdps(40):
        for one in zip(first.tolist(), second.tolist(), r.tolist(), strict=True):
            a, b, c = map(mpmath.mpf, one)
            assert abs(gravitational_force(*one) / (float(G) * a * b / c**2) - 1) < 1e-15
            assert abs(centripetal_force(*one) / (a * b**2 / c) - 1) < 1e-15


def hard_square_roots():
    """The x from 1 to 4 whose roots are nearest to the middle between two float64 numbers

    With x = X 2^-52 or X 2^-51, and N 2^-53 the middle, they differ by D 2^-106 in their squares:
    N^2 = -D modulo 2^54 or 2^55, so D = 7 modulo 8. All with abs(D) < 4096 are given; the roots of
    others are at least 2^-97 away, relative to themselves.
    """
    found = []
    for bits, scale in ((54, 2.0**-52), (55, 2.0**-51)):
        for square in range(4089 - 8192, 4096, 8):
            n = 1                       # a root of `square` modulo 2^3, 2^4, ...
            for bit in range(3, bits):
                n += (n * n - square >> bit & 1) << bit - 1
            for root in {n, -n, n + 2**(bits - 1), -n + 2**(bits - 1)}:
                middle = root % 2**bits
                middle += 2**bits if middle < 2**53 else 0
                x = (middle * middle - square) / 2**bits
                if 2**52 <= x < 2**53 and middle < 2**54:
                    assert x * 2**bits == middle * middle - square
                    found.append(x * scale)
    return np.array(found)


def test_roots_are_correctly_rounded(kernels, rng):
    hard = hard_square_roots()
    assert len(hard) > 1000
    powers = 2.0 ** np.arange(-1074, 1024)
    x = np.concatenate([
        *(hard * 4.0**k for k in (-449, -1, 0, 1, 498)),
        np.nextafter(powers, 0), powers, np.nextafter(powers, np.inf), [0, np.inf],
        2 ** rng.uniform(-1000, 1000, 10**5)])
    # 16: all places of two registers of any level, which take their roots in two ways
    x = np.repeat(x, 16)
    np.testing.assert_array_equal(kernels.circular_speed(1.0, mu=x), np.sqrt(x))


def test_ends_of_the_range():
    assert gravitational_force(1e200, 1e200, 1e200) == pytest.approx(G, rel=1e-15)
    assert centripetal_force(1e-200, 1e200, 1e200) == pytest.approx(1, rel=1e-15)
    assert period(1e150, mu=1e300) == pytest.approx(2 * math.pi * 1e75, rel=1e-15)
    assert circular_speed(AU, mu=0) == 0 and period(AU, mu=0) == math.inf
    assert circular_speed(math.inf, mu=1.0) == 0
    assert semimajor_axis(2 * math.pi * 1e75, mu=1e300) == pytest.approx(1e150, rel=1e-15)
    assert semimajor_axis(1.0, mu=0) == 0 and semimajor_axis(math.inf, mu=1.0) == math.inf


# ---- published values ----
#
# NASA planetary fact sheets: semi-major axis (m), period (s), mean speed (m/s). Of the moons the
# speed is 2 pi a / P.
PUBLISHED = {
    "Venus": (GM_SUN, 1.08210e11, 1.94141664e7, 35020),
    "Earth": (GM_SUN, 1.49598e11, 3.15581184e7, 29780),
    "Io": (GM_JUPITER, 4.218e8, 1.528535232e5, 17331),
    "Europa": (GM_JUPITER, 6.711e8, 3.068192064e5, 13740),
    "Ganymede": (GM_JUPITER, 1.0704e9, 6.181534656e5, 10879),
    "Callisto": (GM_JUPITER, 1.8827e9, 1.4419311552e6, 8203)}
REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference"
TABLE, CATALOGUE = REFERENCE / "solar_system.csv", REFERENCE / "exoplanets.csv"


@pytest.mark.parametrize("body", PUBLISHED)
def test_published_speeds_and_periods(body):
    mu, radius, time, speed = PUBLISHED[body]
    assert circular_speed(radius, mu=mu) == pytest.approx(speed, rel=1e-3)
    assert period(radius, mu=mu) == pytest.approx(time, rel=1e-3)
    assert period(radius, star_mass=mu / G) == pytest.approx(time, rel=1e-3)


@pytest.mark.skipif(not TABLE.is_file(), reason="the table is not in ../shared/reference")
def test_the_table_of_the_solar_system():
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    rows = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
    found = {row["body"]: row for row in rows}
    for body, (mu, *_) in PUBLISHED.items():
        row = found[body]
        radius = float(row["semi_major_axis_m"])
        assert circular_speed(radius, mu=mu) == pytest.approx(float(row["mean_speed_m_s"]),
                                                              rel=1e-3)
        assert period(radius, mu=mu) == pytest.approx(float(row["period_s"]), rel=1e-3)


def test_the_moon():
    for planet, days in ((None, 27.452), (7.346e22, 27.285)):
        time = period(3.844e8, star_mass=M_EARTH, planet_mass=planet, fixed_star=planet is None)
        assert round(time / 86400, 3) == days


def test_one_default_for_the_star():
    """13061.45 m/s beside a fixed Sun, 13067.68 m/s with both moving, everywhere"""
    masses = {"star_mass": M_SUN, "planet_mass": M_JUPITER}
    for fixed, expected in (({}, 13061.45), ({"fixed_star": True}, 13061.45),
                            ({"fixed_star": False}, 13067.68)):
        for speed in (circular_speed(5.2 * AU, **masses, **fixed),
                      orbit_table(*masses.values(), 5.2 * AU, **fixed).speed,
                      CircularOrbit(*masses.values(), 5.2 * AU, **fixed).speed):
            assert round(speed, 2) == expected


def test_mercury_is_no_circle():
    """Mean speed 47.36 km/s: the perimeter of an ellipse over its period"""
    speed = circular_speed(5.7909e10, mu=GM_SUN)
    assert speed == pytest.approx(47870, rel=1e-3)
    assert speed / 47360 - 1 == pytest.approx(0.0107, abs=5e-4)
    ratio = 2 / mpmath.pi * mpmath.ellipe(0.2056**2)
    assert speed * float(ratio) == pytest.approx(47360, rel=2e-4)


# ---- identities ----

@given(radii, masses, masses)
def test_identities(r, star, planet):
    masses = {"star_mass": star, "planet_mass": planet, "fixed_star": False}
    v, mu = circular_speed(r, **masses), G * star + G * planet
    assert v * v * r == pytest.approx(mu, rel=1e-14)
    assert period(r, **masses) == pytest.approx(2 * math.pi / angular_speed(r, **masses), rel=1e-14)
    assert semimajor_axis(period(r, **masses), **masses) == pytest.approx(r, rel=1e-14)
    assert escape_speed(r, **masses) == pytest.approx(math.sqrt(2) * v, rel=1e-14)
    assert orbital_energy(r, **masses) == pytest.approx(-G * star * planet / (2 * r), rel=1e-14)
    # fixed star: the attraction is what keeps the planet on the circle
    assert centripetal_force(planet, circular_speed(r, star_mass=star), r) == pytest.approx(
        gravitational_force(star, planet, r), rel=1e-14)


# ---- numbers and arrays ----

@every_function
def test_alone_and_in_arrays(kernels, rng, function):
    function = getattr(kernels, function.__name__)
    r, star, planet = some(rng, 601)
    found = function(r, star_mass=star, planet_mass=planet)
    alone = [function(a, star_mass=b, planet_mass=c)
             for a, b, c in zip(r.tolist(), star.tolist(), planet.tolist(), strict=True)]
    assert all(type(value) is float for value in alone) and found.tolist() == alone
    grid = function(r[:7, None], star_mass=star[:5], planet_mass=planet[0])
    assert grid.shape == (7, 5)
    assert grid[3, 2] == function(r[3], star_mass=star[2], planet_mass=planet[0])
    out = np.empty(601)
    assert function(r, star_mass=star, planet_mass=planet, out=out) is out
    assert same_bits(out, found)
    assert function(np.zeros((0, 3)), star_mass=1e30, planet_mass=1.0).shape == (0, 3)


@every_function
@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout(rng, dtype, function, layout):
    r, star, planet = (x.astype(dtype).reshape(4, 10) for x in some(rng, 40))
    found = function(r, star_mass=star, planet_mass=planet)
    assert found.dtype == dtype
    awkward = [LAYOUTS[layout](x) for x in (r, star, planet)]
    assert same_bits(np.asarray(function(awkward[0], star_mass=awkward[1],
                                         planet_mass=awkward[2])), found)


@every_function
def test_dtypes(function):
    given = {"star_mass": 2e30, "planet_mass": 6e24}
    assert function(np.array([1.5e11], "f4"), **given).dtype == np.float32
    narrow = np.array([1.5e11], "f4")
    wide = function(narrow.astype(float), **given)
    assert same_bits(function(narrow, **given), wide.astype("f4"))
    assert function(narrow, star_mass=np.array([2e30]), planet_mass=6e24).dtype == np.float64
    expected = function(1.5e11, **given)
    for number in (150_000_000_000, np.float64(1.5e11), np.array(1.5e11)):
        assert function(number, **given) == expected
    assert type(function(150_000_000_000, **given)) is float
    for many in ([1.5e11], (150_000_000_000,), np.array([150_000_000_000])):
        assert function(many, **given).tolist() == [expected]


def test_beyond_float32_is_infinite_without_a_warning():
    r, star, planet = (np.array([value], "f4") for value in (1e11, 2e30, 6e24))
    expected = np.array([-np.inf], "f4")
    assert same_bits(orbital_energy(r, star_mass=star, planet_mass=1e13 * planet), expected)
    assert same_bits(orbit_table(star, 1e13 * planet, r).energy, expected)


# ---- what is refused ----

@every_function
def test_bad_numbers(function):
    given = {"star_mass": 2e30, "planet_mass": 1.0}
    for bad in (0.0, -1.0, math.nan):
        first = "period" if function is semimajor_axis else "radius"
        with raises(ValueError, f"{first} must be positive, got {bad!r}"):
            function(bad, **given)
    for name in given:
        with raises(ValueError, f"{name} must not be negative, got -1.0"):
            function(1e11, **given | {name: -1.0})
        with raises(ValueError, f"{name} must be a number, got nan"):
            function(1e11, **given | {name: math.nan})
    message = "exactly one of star_mass and mu must be given"
    for wrong in ({}, {"star_mass": 1e30, "mu": 1e20}):
        with raises(TypeError, message):
            function(1e11, planet_mass=1.0, **wrong)
    bad = np.array([1e11, 0.0, -1.0, np.nan])
    assert np.isnan(function(bad, **given)).tolist() == [False, True, True, True]
    bad = np.array([1e30, -1.0, np.nan])
    assert np.isnan(function(1e11, star_mass=bad, planet_mass=1.0)).tolist() == [False, True, True]
    with raises(TypeError, "out must have dtype float64, got float32"):
        function(np.ones(2), out=np.zeros(2, "f4"), **given)
    with raises(ValueError, "out must have shape (2,), got (3,)"):
        function(np.ones(2), out=np.zeros(3), **given)


def test_what_else_is_needed():
    with raises(TypeError, "hill_radius needs planet_mass"):
        hill_radius(AU, star_mass=M_SUN)
    with raises(TypeError, "orbital_energy needs planet_mass beside star_mass; "
                           "mu alone gives the energy of each kilogram"):
        orbital_energy(AU, star_mass=M_SUN)
    for function in (circular_speed, period, angular_speed, escape_speed, semimajor_axis):
        with raises(TypeError, "fixed_star=False needs planet_mass"):
            function(AU, star_mass=M_SUN, fixed_star=False)
    with raises(TypeError, "fixed_star=False needs planet_mass"):
        orbit_table(M_SUN, radius=AU, fixed_star=False)
    with raises(TypeError, "one of radius and period must be given"):
        orbit_table(M_SUN, M_EARTH)
    with raises(ValueError, "radius and period must have shapes that broadcast, "
                            "got (2,) and (3,)"):
        orbit_table(M_SUN, M_EARTH, [AU, AU], period=[1e7, 1e7, 1e7])
    with raises(TypeError, "radius must hold real numbers, got dtype complex128"
                           ": take its .real, .imag or abs()"):
        circular_speed(np.ones(2, complex), mu=GM_SUN)


# ---- whole orbits ----

@pytest.mark.parametrize("fixed_star", [True, False])
def test_the_columns_are_the_functions(rng, dtype, fixed_star):
    r, star, planet = (x.astype(dtype) for x in some(rng, 333))
    planet *= dtype.type(1e-18)     # the energy fits float32
    table = orbit_table(star, planet, r, fixed_star=fixed_star)
    both = {"star_mass": star, "planet_mass": planet, "fixed_star": fixed_star}
    for name, function in zip(table._fields[1:], COLUMNS, strict=True):
        assert same_bits(getattr(table, name), function(r, **both)), name
    assert same_bits(table.force, gravitational_force(star, planet, r))
    one = orbit_table(float(star[5]), float(planet[5]), float(r[5]), fixed_star=fixed_star)
    assert [type(value) for value in one] == [float] * 7
    if dtype == np.float64:
        assert list(one) == [column[5] for column in table]
    assert table.radius is r and one.radius == r[5]


# ---- gaps ----

def test_a_column_is_nan_only_where_what_it_needs_is():
    nan = math.nan
    star, planet = np.array([M_SUN, M_SUN, nan, M_SUN]), np.array([M_EARTH, nan, M_EARTH, M_EARTH])
    radius = np.array([AU, AU, AU, nan])
    whole = orbit_table(M_SUN, M_EARTH, AU)
    for table in (orbit_table(star, planet, radius), orbit_table(star, list(planet), radius)):
        for name, column in table._asdict().items():
            of_planet = name in ("force", "energy", "hill_radius")
            assert np.isnan(column).tolist() == [False, of_planet, True, True], name
            assert column[0] == getattr(whole, name)
    assert orbit_table(M_SUN, [M_EARTH, nan], [AU, AU]).speed.tolist() == [whole.speed] * 2
    moving = orbit_table(star, planet, radius, fixed_star=False)
    assert all(np.isnan(column).tolist() == [False, True, True, True] for column in moving)
    without = orbit_table(M_SUN, None, [AU, 2 * AU])
    assert np.isnan([without.force, without.energy, without.hill_radius]).all()
    assert without.period[0] == whole.period
    # the same of the functions, and of a planet of infinite or negative mass
    for bad in (nan, math.inf, -1.0):
        speeds = circular_speed(AU, star_mass=M_SUN, planet_mass=np.array([bad, M_EARTH]))
        assert speeds.tolist() == [whole.speed] * 2
        assert math.isnan(circular_speed(AU, star_mass=M_SUN, planet_mass=np.array([bad]),
                                         fixed_star=False)[0]) is (bad != math.inf)


def test_a_table_by_periods():
    nan = math.nan
    year = period(AU, star_mass=M_SUN)
    radius, times = np.array([AU, nan, nan, AU]), np.array([nan, year, nan, 2 * year])
    table = orbit_table(M_SUN, M_EARTH, radius, period=times)
    np.testing.assert_allclose(table.radius, [AU, AU, nan, AU], rtol=1e-15)
    np.testing.assert_allclose(table.period, [year, year, nan, year], rtol=1e-15)
    for column, one in zip(table, orbit_table(M_SUN, M_EARTH, AU), strict=True):
        np.testing.assert_allclose(column, [one, one, nan, one], rtol=4e-15)
    # a period is known without the star's mass
    table = orbit_table([nan, M_SUN], radius=[AU, nan], period=[year, -1.0])
    assert table.period[0] == year and table.angular_speed[0] == 2 * math.pi / year
    assert np.isnan(table.period[1]) and np.isnan(table.speed).all() and table.radius[0] == AU
    one = orbit_table(M_SUN, M_EARTH, period=year)
    assert [type(value) for value in (*one, one.radius)] == [float] * 8
    assert one.radius == semimajor_axis(year, star_mass=M_SUN) and one.period == year
    assert orbit_table(M_SUN, None, AU, period=nan).period == year
    assert orbit_table(M_SUN, None, nan, period=year).radius == one.radius
    assert orbit_table(M_SUN, None, [10**11]).radius.dtype == np.float64
    moving = orbit_table(M_SUN, M_JUPITER, period=year, fixed_star=False)
    assert moving.radius == semimajor_axis(year, star_mass=M_SUN, planet_mass=M_JUPITER,
                                           fixed_star=False)
    narrow = orbit_table(np.array([M_SUN], "f4"), None, period=np.array([year], "f4"))
    assert {column.dtype for column in narrow} == {np.dtype("f4")}
    again = pickle.loads(pickle.dumps(one))
    assert again == one and again.radius == one.radius


@pytest.mark.skipif(not CATALOGUE.is_file(), reason="the catalogue is not in ../shared/reference")
def test_no_row_of_a_catalogue_is_lost():
    rows = np.genfromtxt(CATALOGUE, delimiter=",", names=True, dtype=None, encoding="utf-8")
    days, axis, planet, star = (rows[name].astype(float) for name in (
        "period_days", "semimajor_axis_au", "planet_mass_mjup", "star_mass_msun"))
    table = orbit_table(star * M_SUN, planet * M_JUPITER, axis * AU, period=86400 * days)
    assert len(table.speed) == len(rows) == 73
    # Each has a period or a radius with the mass of its star.
    assert np.isfinite(table.period).all()
    assert (np.isfinite(table.speed) == np.isfinite(star)).all()
    assert (np.isfinite(table.force) == np.isfinite(star * planet)).all()
    gaps = np.isnan(axis)
    assert (table.period[gaps] == 86400 * days[gaps]).all() and gaps.sum() > 20
    known = ~gaps & np.isfinite(star)
    assert (table.speed[known] == circular_speed(axis[known] * AU,
                                                 star_mass=star[known] * M_SUN)).all()
    # the catalogue's axes and periods mostly agree to some per cent
    assert np.median(np.abs(table.period[known] / (86400 * days[known]) - 1)) < 0.02


# ---- one orbit ----

@pytest.mark.parametrize("fixed_star", [True, False])
def test_a_circular_orbit(fixed_star):
    orbit = CircularOrbit(2e30, 3e28, AU, fixed_star=fixed_star)
    table = orbit_table(2e30, 3e28, AU, fixed_star=fixed_star)
    assert all(getattr(orbit, name) == value for name, value in table._asdict().items())
    t = np.linspace(-1, 1, 9).reshape(3, 3) * 1e7
    place = orbit.position(t)
    assert place.shape == (3, 3, 3) and orbit.position(0).tolist() == [AU, 0, 0]
    np.testing.assert_allclose(np.linalg.norm(place, axis=-1), AU, rtol=1e-15)
    np.testing.assert_allclose(orbit.position(t + orbit.period), place, rtol=0, atol=1e-14 * AU)
    kepler = KeplerOrbit(AU, 0, mu=orbit.mu)
    np.testing.assert_allclose(place, kepler.position(t), rtol=0, atol=1e-14 * AU)
    np.testing.assert_allclose(orbit.velocity(t), kepler.velocity(t), rtol=0,
                               atol=1e-14 * orbit.speed)
    star, planet = orbit.positions(t)
    np.testing.assert_allclose(planet - star, place, rtol=0, atol=1e-15 * AU)
    np.testing.assert_allclose(2e30 * star + 3e28 * planet, 0, rtol=0, atol=1e-14 * 3e28 * AU)
    assert orbit.barycentre == pytest.approx(AU * 3 / 203, rel=1e-15)
    assert orbit.mu == pytest.approx(G * (2e30 if fixed_star else 2.03e30), rel=1e-15)


def test_a_circular_orbit_as_an_object():
    orbit = CircularOrbit(M_SUN, M_EARTH, AU, fixed_star=False)
    copy = pickle.loads(pickle.dumps(orbit))
    assert copy == orbit and hash(copy) == hash(orbit) and copy.speed == orbit.speed
    assert orbit != CircularOrbit(M_SUN, M_EARTH, AU)
    assert repr(CircularOrbit(2e30, 6e24, 1.5e11)) == (
        "CircularOrbit(star_mass=2e+30, planet_mass=6e+24, radius=150000000000.0, "
        "fixed_star=True)")
    with pytest.raises(AttributeError):
        orbit.radius = 1.0
    with raises(ValueError, "radius must be positive, got 0.0"):
        CircularOrbit(1e30, 1.0, 0.0)
    with raises(TypeError, "radius of a CircularOrbit must be one number, got shape (2,): "
                           "orbit_table takes arrays"):
        CircularOrbit(2e30, 1.0, [AU, AU])


def test_numbers_go_to_an_out_of_float64():
    out = np.empty(())
    assert circular_speed(AU, mu=GM_SUN, out=out) is out
    assert float(out) == circular_speed(AU, mu=GM_SUN)
