"""The doors of orbits: awkward memory, `out`, and what is refused, by the exact words."""
import copy
import math
import pickle
import warnings
from fractions import Fraction

import numpy as np
import pytest
from arrays import LAYOUTS, Fenced, guarded
from helpers import OF_COMPLEX, OF_NONE, raises, same_bits

from mathwork.constants import AU, GM_SUN, Constant
from mathwork.orbit import (
    CircularOrbit,
    KeplerOrbit,
    UnitsWarning,
    centripetal_force,
    circular_speed,
    gravitational_force,
    orbit_table,
    period,
    propagate,
    semimajor_axis,
    solve_kepler,
    vis_viva,
)

# numbers that are no astronomy are told to be none: test_units.py
pytestmark = pytest.mark.filterwarnings("ignore::mathwork.orbit.UnitsWarning")

CALLS = {       # of a radius (or an anomaly), a second array and out
    "speed": lambda r, m, out: circular_speed(r, star_mass=m, out=out),
    "period": lambda r, m, out: period(r, mu=m, out=out),
    "gravitation": lambda r, m, out: gravitational_force(m, m, r, out=out),
    "centripetal": lambda r, m, out: centripetal_force(m, 3.0, r, out=out),
    "kepler": lambda r, m, out: solve_kepler(r, m, out=out),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
WRITABLE = [name for name in LAYOUTS if name not in ("read_only", "subclass")
            and not name.startswith("byte_swapped")]


def two(rng, shape, dtype=np.float64):
    """Arrays that any of CALLS takes"""
    return (rng.uniform(1, 3, shape).astype(dtype), rng.uniform(0.1, 0.9, shape).astype(dtype))


# ---- memory ----

@every_call
@pytest.mark.parametrize("layout", WRITABLE)
def test_out_of_any_layout(rng, dtype, call, layout):
    r, m = two(rng, (7, 13), dtype)
    out = LAYOUTS[layout](np.zeros((7, 13), dtype))
    assert call(r, m, out) is out
    assert same_bits(np.ascontiguousarray(out), call(r, m, None))


@every_call
def test_out_that_overlaps(rng, dtype, call):
    for n in (3, 64, 700):
        for shift in (-5, -1, 0, 1, 5):
            r, m = two(rng, n, dtype)
            memory = np.zeros(n + 10, dtype)
            at, to = memory[5:5 + n], memory[5 + shift:5 + shift + n]
            at[:] = r
            call(at, m, to)
            assert same_bits(to.copy(), call(r, m, None))
    r, m = two(rng, 64, dtype)
    expected = call(r, m, None)
    call(r, m, r[::-1])
    assert same_bits(r[::-1].copy(), expected)


@every_call
@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("n", [1, 3, 4, 5, 255, 256, 257])
def test_memory_beyond_the_ends_is_left_alone(rng, call, n, side):
    r, m = two(rng, n)
    out = Fenced(n, np.float64)
    call(guarded(r, side), guarded(m, side), out.array)
    assert out.is_whole() and same_bits(out.array, call(r, m, None))
    call(r, m, guarded(np.zeros(n), side))


@pytest.mark.parametrize("n", [1, 3, 257])
def test_a_table_of_guarded_memory(rng, n):
    r, m = two(rng, n)
    for side in ("start", "end"):
        found = orbit_table(guarded(m, side), guarded(m, side), guarded(r, side))
        assert all(map(same_bits, found, orbit_table(m, m, r)))


def test_input_is_left_as_it_was(rng):
    r, m = two(rng, 50)
    before = r.copy(), m.copy()
    for call in CALLS.values():
        call(r, m, np.zeros(50))
    orbit_table(m, m, r)
    KeplerOrbit(r, m, mu=1.0).position(r)
    assert same_bits(r, before[0]) and same_bits(m, before[1])


# ---- what is refused ----

@every_call
def test_out_that_does_not_fit(rng, call):
    r, m = two(rng, (2, 3))
    fixed = np.zeros((2, 3))
    fixed.flags.writeable = False
    for out, error, message in (
            (np.zeros((3, 2)), ValueError, "out must have shape (2, 3), got (3, 2)"),
            (np.zeros((2, 3), "f4"), TypeError, "out must have dtype float64, got float32"),
            (np.zeros((2, 3), int), TypeError, "out must have dtype float64, got int64"),
            ([0.0], TypeError, "out must be a float64 array, got list"),
            (np.ma.zeros((2, 3)), TypeError, "out must be a float64 array, got MaskedArray"),
            (fixed, ValueError, "out must be writable, got a read-only array")):
        with raises(error, message):
            call(r, m, out)


DATES = {"datetime64[s]": "a date", "<U1": "text"}      # what may be the time of a KeplerOrbit


@pytest.mark.parametrize(("call", "name"), [
    (lambda x: circular_speed(x, mu=1.0), "radius"),
    (lambda x: circular_speed(1.0, mu=x), "mu"),
    (lambda x: circular_speed(1.0, star_mass=x), "star_mass"),
    (lambda x: circular_speed(1.0, star_mass=1.0, planet_mass=x), "planet_mass"),
    (lambda x: gravitational_force(x, 1.0, 1.0), "m1"),
    (lambda x: gravitational_force(1.0, x, 1.0), "m2"),
    (lambda x: gravitational_force(1.0, 1.0, x), "r"),
    (lambda x: centripetal_force(x, 1.0, 1.0), "m"),
    (lambda x: centripetal_force(1.0, x, 1.0), "v"),
    (lambda x: orbit_table(x, 1.0, 1.0), "star_mass"),
    (lambda x: orbit_table(1.0, x, 1.0), "planet_mass"),
    (lambda x: CircularOrbit(1.0, 1.0, x), "radius"),
    (lambda x: solve_kepler(x, 0.5), "mean_anomaly"),
    (lambda x: solve_kepler(0.5, x), "eccentricity"),
    (lambda x: vis_viva(x, 1.0, mu=1.0), "r"),
    (lambda x: KeplerOrbit(x, 0.5, mu=1.0), "a"),
    (lambda x: KeplerOrbit(1.0, x, mu=1.0), "e"),
    (lambda x: KeplerOrbit(1.0, 0.5, M0=x, mu=1.0), "M0"),
    (lambda x: KeplerOrbit(1.0, 0.5, mu=1.0).position(x), "t"),
    (lambda x: CircularOrbit(1.0, 1.0, 1.0).position(x), "t"),
])
def test_what_is_no_real_number(call, name):
    for value, dtype in ((1j, OF_COMPLEX), ("1", "<U1"), (Fraction(1, 2), "object"),
                         (np.ones(2, complex), OF_COMPLEX), ([None], OF_NONE),
                         (np.zeros(2, "M8[s]"), "datetime64[s]")):
        said = f"{name} must hold real numbers, got dtype {dtype}"
        if name == "t" and dtype in DATES and "Kepler" in repr(call.__code__.co_names):
            said = f"t is {DATES[dtype]}, but the orbit has no epoch: make it with epoch="
        with raises(TypeError, said):
            call(value)
    if name in ("a", "e", "M0"):
        return                  # masked elements make masked orbits: see test_orbit_tables.py
    with raises(TypeError, f"{name} must be a plain array, got a masked array: "
                           "fill or compress it first"):
        call(np.ma.masked_array([1.0, 2.0], mask=[True, False]))


def test_bad_numbers_of_forces():
    for bad in (-1.0, math.nan):
        said = "not be negative, got -1.0" if bad == -1 else "be a number, got nan"
        for name, arguments in (("m1", (bad, 1.0, 1.0)), ("m2", (1.0, bad, 1.0))):
            with raises(ValueError, f"{name} must {said}"):
                gravitational_force(*arguments)
        with raises(ValueError, f"m must {said}"):
            centripetal_force(bad, 1.0, 1.0)
    with raises(ValueError, "v must be a number, got nan"):
        centripetal_force(1.0, math.nan, 1.0)
    for bad in (0.0, -1.0, math.nan):
        for force in (gravitational_force, centripetal_force):
            with raises(ValueError, f"r must be positive, got {bad!r}"):
                force(1.0, 1.0, bad)
            assert np.isnan(force(1.0, 1.0, np.array([bad, 1.0]))).tolist() == [True, False]
    assert centripetal_force(1.0, -2.0, 1.0) == 4.0


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan])
def test_bad_elements_of_a_table_are_nan(bad):
    good = np.ones(3)
    radius = np.array([1.0, bad, 1.0])
    for column in orbit_table(good, good, radius):
        assert np.isnan(column).tolist() == [False, True, False]


@pytest.mark.parametrize("call", [
    lambda x: circular_speed(x, mu=1.0), lambda x: gravitational_force(x, 1.0, 1.0),
    lambda x: centripetal_force([1.0], x, 1.0), lambda x: orbit_table(x, 1.0, 1.0),
    lambda x: solve_kepler(x, 0.5), lambda x: vis_viva(1.0, x, mu=1.0),
    lambda x: KeplerOrbit(1.0, 0.5, x, mu=1.0), lambda x: KeplerOrbit([1.0], 0.5, mu=x),
    lambda x: KeplerOrbit(1.0, 0.5, mu=1.0).velocity(x),
    lambda x: CircularOrbit(1.0, x, 1.0)])
def test_none_is_no_number(call):
    with pytest.raises(TypeError, match=r"^\w+ must be a number or an array, got None$"):
        call(None)


def test_integers_beyond_64_bits():
    """As masses in kg are"""
    sun = 2 * 10**30
    assert circular_speed(1.5e11, star_mass=[sun, 1]).tolist() == [
        circular_speed(1.5e11, star_mass=sun), circular_speed(1.5e11, star_mass=1)]
    assert orbit_table(sun, [6 * 10**24], 1.5e11).force.tolist() == [
        gravitational_force(sun, 6 * 10**24, 1.5e11)]
    assert CircularOrbit(sun, 1, 1.5e11).position([10**30, 0.5]).shape == (2, 3)


@pytest.mark.parametrize(("call", "name"), [
    (lambda x: circular_speed(x, mu=1.0), "radius"),
    (lambda x: circular_speed(np.ones(2), mu=x), "mu"),
    (lambda x: circular_speed([x, 1], mu=1.0), "radius"),
    (lambda x: semimajor_axis(x, mu=1.0), "period"),
    (lambda x: gravitational_force(1, x, 1), "m2"), (lambda x: centripetal_force(1, x, 1), "v"),
    (lambda x: vis_viva(1.0, x, mu=1.0), "a"), (lambda x: vis_viva(1.0, [1.0], mu=x), "mu"),
    (lambda x: orbit_table(1e30, x, 1e11), "planet_mass"),
    (lambda x: KeplerOrbit(x, 0.1, mu=1.0), "a"), (lambda x: CircularOrbit(x, 1, 1), "star_mass"),
    (lambda x: solve_kepler(x, 0.1), "mean_anomaly"),
    (lambda x: solve_kepler(0.1, x), "eccentricity"),
    (lambda x: solve_kepler(x, 0.1, parts=True), "mean_anomaly"),
    (lambda x: solve_kepler(np.ones(2), x), "eccentricity"),
    (lambda x: KeplerOrbit(1.0, 0.5, mu=1.0).position(x), "t"),
    (lambda x: propagate([1, 0, 0], [0, 1, 0], x, mu=1), "dt")])
def test_integers_beyond_float64_are_named(call, name):
    for integer in (10**400, -10**400):
        with pytest.raises(ValueError, match=rf"^{name} must \w+ \w+ ?\w* up to 1\.8e308, got a"):
            call(integer)


def test_the_words_of_vis_viva_are_numbers():
    with raises(ValueError, "no orbit has r = 149597870700.0, a = 37399467675.0 and "
                            "mu = 1.3271244e+20"):
        vis_viva(AU, Constant("a", AU / 4, "m", 0.0, "a test"), mu=GM_SUN)


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="long double is float64 here")
def test_long_double_is_float64():
    wide = np.array([1.5, 2.5], np.longdouble)
    plain = wide.astype(float)
    assert same_bits(circular_speed(wide, mu=2.0), circular_speed(plain, mu=2.0))
    assert same_bits(solve_kepler(wide, 0.5), solve_kepler(plain, 0.5))
    orbit = CircularOrbit(1.0, 1.0, 1.0)
    assert same_bits(orbit.position(wide), orbit.position(plain))


@pytest.mark.parametrize("workers", [0, -1])
def test_too_few_workers(workers):
    for call in (KeplerOrbit(1.0, 0.5, mu=1.0).position, KeplerOrbit(1.0, 0.5, mu=1.0).velocity):
        with raises(ValueError, f"workers must be at least 1, got {workers}"):
            call(1.0, workers=workers)
    with pytest.raises(TypeError):
        call(1.0, workers=1.5)


def test_nothing_warns_of_the_ends_of_the_range():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", UnitsWarning)
        for orbit in (KeplerOrbit(1e200, 0.5, mu=1e-300), KeplerOrbit(1e200, 0.5, mu=1e200),
                      KeplerOrbit(1e-200, 0.5, mu=1e200)):
            _ = orbit.period, orbit.energy, orbit.angular_momentum, orbit.mean_motion
            orbit.position([0.0, 1e300])
        orbit = CircularOrbit(1e30, 1.0, 1e39)
        assert np.isinf(orbit.position(np.ones(1, "f4"))).any()
        assert np.isnan(orbit.position([math.nan, math.inf])).all()


# ---- objects ----

@pytest.mark.parametrize("kind", ["plain", "astropy", "pint"])
def test_orbits_are_copied_and_pickled(kind):
    if kind == "plain":
        mass, length = (lambda value: value), (lambda value: value)
    else:
        made = (pytest.importorskip("astropy.units").Quantity if kind == "astropy" else
                pytest.importorskip("pint").application_registry.get().Quantity)
        mass, length = (lambda value: made(value, "kg")), (lambda value: made(value, "km"))
    circle = CircularOrbit(mass(6e24), mass(7e22), length(4e8), fixed_star=False)
    ellipse = KeplerOrbit(length(7e6), 0.1, mu=circle.mu)
    for again in (lambda orbit: pickle.loads(pickle.dumps(orbit)), copy.copy, copy.deepcopy):
        assert again(circle) == circle and again(circle).speed == circle.speed
        assert again(ellipse) == ellipse and hash(again(ellipse)) == hash(ellipse)
        assert np.all(again(ellipse).position(1e3) == ellipse.position(1e3))
        assert np.all(again(circle).position(circle.period) == circle.position(circle.period))


def test_a_kepler_orbit_does_not_change():
    a = np.array([1.0, 2.0])
    orbit = KeplerOrbit(a, 0.5, mu=1.0)
    a[:] = 5.0
    assert orbit.a.tolist() == [1.0, 2.0]
    place = orbit.position(1.0)
    orbit.mean_motion[:] = 0.0
    assert same_bits(orbit.position(1.0), place)
    for one in (orbit, pickle.loads(pickle.dumps(orbit))):
        assert one == orbit and hash(one) == hash(orbit)
        with pytest.raises(ValueError, match="read-only"):
            one.a[0] = 5.0
    assert orbit != KeplerOrbit([1.0, 2.5], 0.5, mu=1.0) and orbit != KeplerOrbit(1.0, 0.5, mu=1.0)
    assert repr(KeplerOrbit(1 / 3, 0.5, mu=1.0)).startswith("KeplerOrbit(a=0.3333333333333333, ")
    with raises(AttributeError, "an orbit cannot be changed"):
        orbit.a = 5.0
    with raises(AttributeError, "an orbit cannot be changed"):
        del orbit.a


# ---- arrays and numbers that answer ufuncs ----

class Answering(np.ndarray):
    """An array that answers ufuncs, with nothing"""

    def __array_ufunc__(self, *_, **__):
        return None


class AnsweringFloat(float):
    def __array_ufunc__(self, *_, **__):
        return None


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("function", [lambda M, out=None: solve_kepler(M, 0.3, out=out),
                                      lambda r, out=None: circular_speed(r, mu=1.0, out=out)])
def test_out_of_a_subclass_is_written(function, dtype):
    values = (1 + np.arange(6.0)).astype(dtype)[::2]        # no plain array: NumPy's loop
    expected, out = function(values), np.full(3, -1, dtype).view(Answering)
    assert function(values, out=out) is out
    assert same_bits(np.asarray(out), expected)


def test_a_number_that_answers_ufuncs_is_a_number():
    values = np.ones(50, "f4")
    assert same_bits(circular_speed(values, mu=AnsweringFloat(4)), circular_speed(values, mu=4.0))
    assert same_bits(solve_kepler(values, AnsweringFloat(0.3)), solve_kepler(values, 0.3))
