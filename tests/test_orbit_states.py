"""Orbits from states, and their anomalies: against the states and 60-digit arithmetic."""
import math
import pickle

import mpmath as mp
import numpy as np
import pytest
from helpers import raises, same_bits
from slow_orbits import CONICS, DIGITS, states
from test_bits import fused_kernels

from mathwork import _status
from mathwork.constants import AU, GM_SUN
from mathwork.orbit import CircularOrbit, KeplerOrbit, propagate, solve_kepler

pytestmark = pytest.mark.filterwarnings("ignore::mathwork.orbit.UnitsWarning")

ULP = 2.0**-52
BOUND = 10      # of a state from its own orbit, in ulps of |r| and |v|: docs/accuracy.md
WITH_PLANE = CONICS[:-1]


@pytest.fixture
def orbits_of(kernels, monkeypatch):
    """KeplerOrbit with the kernels of one level"""
    for module in ("kepler", "elements", "motion", "members", "vectors"):
        monkeypatch.setattr(f"mathwork.orbit.{module}.kernels", kernels)
    return KeplerOrbit


def errors(orbits, r, v):
    """The errors of position and velocity at time 0, in ulps of |r| and |v|

    A body slower than on a circle is near its apoapsis: there in ulps of the circular speed.
    """
    now = np.zeros(orbits.shape)
    distance = np.linalg.norm(r, axis=-1)
    speed = np.maximum(np.linalg.norm(v, axis=-1), np.sqrt(orbits.mu / distance))
    return np.stack([np.linalg.norm(found - given, axis=-1) / size / ULP
                     for found, given, size in ((orbits.position(now, paired=True), r, distance),
                                                (orbits.velocity(now, paired=True), v, speed))])


def test_an_orbit_goes_through_its_state(orbits_of, rng):
    r, v, mu, _ = states(rng, 20000, WITH_PLANE)
    assert errors(orbits_of.from_state(r, v, mu=mu), r, v).max() < BOUND


def test_elements_bring_the_state_back(orbits_of, rng):
    """Within what the rounding of e does, which is all that they lose near e = 1"""
    r, v, mu, kind = states(rng, 20000, WITH_PLANE)
    orbits = orbits_of.from_state(r, v, mu=mu)
    a, *others = orbits.elements()
    e = others[0]
    found = errors(orbits_of.from_periapsis(orbits.periapsis, *others, mu=mu), r, v)
    closed = e != 1
    by_a = errors(orbits_of(a[closed], *(x[closed] for x in others), mu=mu[closed]), r[closed],
                  v[closed])
    # a rounded e changes v by sqrt(|r| / q) of its ulp: the speed at a distance has 1 - e^2
    q, size = orbits.periapsis, np.linalg.norm(r, axis=-1)
    limit = BOUND + 2 * size / q
    assert np.all(found < limit)
    assert np.all(by_a < limit[closed])
    assert np.median(found) < 3 and np.median(by_a) < 3
    near = np.isin(kind, [WITH_PLANE.index("circle"), WITH_PLANE.index("fast hyperbola")])
    assert found[:, near].max() < 1.5 * BOUND


def slow_states(rng, count, across):
    """States with mu = 1, of velocities nearly to or from the centre, or of slow ones"""
    r, aside = rng.normal(size=(2, count, 3))
    r *= 10.0**rng.uniform(-3, 3, (count, 1))
    distance = np.linalg.norm(r, axis=1, keepdims=True)
    aside -= (aside * r).sum(1, keepdims=True) / distance**2 * r
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    along = rng.uniform(-1.8, 1.8, (count, 1)) * r / distance
    size = 10.0**rng.uniform(-14, 0, (count, 1))
    return r, (along + size * aside if across else size * (along + aside)) / np.sqrt(distance)


@pytest.mark.parametrize("across", [True, False])
def test_nearly_straight_falls_and_slow_bodies(orbits_of, rng, across):
    """Sizes, energies and times are those of the state, however near to 1 e is"""
    r, v = slow_states(rng, 20000, across)
    orbits = orbits_of.from_state(r, v, mu=1.0)
    assert errors(orbits, r, v).max() < 12
    wide = [np.longdouble(each) for each in (r, v)]
    distance, squares = np.sqrt((wide[0]**2).sum(1)), (wide[1]**2).sum(1)
    energy = squares / 2 - 1 / distance
    limit = 8 * ULP * (squares / 2 + 1 / distance)      # what the two terms are rounded to
    assert np.all(np.abs(orbits.energy - energy) < limit)
    assert np.all(np.abs(-1 / (2 * orbits.a) - energy) < limit)
    closed = orbits.e < 1
    far = orbits[closed].distance(orbits[closed].next_apoapsis(), paired=True)
    np.testing.assert_allclose(orbits.apoapsis[closed], far, rtol=1e-9)
    spin = np.linalg.norm(np.cross(*wide), axis=1)
    lost = 4 * ULP * distance * np.sqrt(squares)        # what the products in r x v are rounded to
    assert np.all(np.abs(np.linalg.norm(orbits.angular_momentum, axis=1) - spin)
                  < lost + 2.0**-46 * spin)     # up to that the elements say it
    assert np.all(np.abs(orbits.periapsis * (1 + orbits.e) - spin**2)
                  < 2 * lost * spin + 2e-6 * spin**2)
    # the next apoapsis is half a period from the last periapsis
    wait = orbits[closed].next_apoapsis() - orbits[closed].next_periapsis()
    turn = np.abs(wait) / orbits[closed].period
    np.testing.assert_allclose(turn, 0.5, rtol=1e-9)
    # and elements that are rounded still lead there, as far as a rounded e can
    a, *others = orbits[closed].elements()
    again = orbits_of(a, *others, mu=1.0)
    # and as r x v lets them, whose direction is that of the plane
    assert np.all(errors(again, r[closed], v[closed])[0] * ULP < 1e-7 + (lost / spin)[closed])


def test_a_fall_that_misses_the_centre():
    orbit = KeplerOrbit.from_state([1, 0, 0], [1.3, 1e-9, 0], mu=1.0)
    assert orbit.energy == pytest.approx(-0.155, rel=1e-14)
    assert orbit.a == pytest.approx(1 / 0.31, rel=1e-14)
    assert orbit.apoapsis == pytest.approx(2 / 0.31, rel=1e-14)
    assert orbit.periapsis == pytest.approx(5e-19, rel=1e-12)
    assert orbit.speed_at(1.0) == pytest.approx(1.3, rel=1e-14)
    assert orbit.next_apoapsis() == pytest.approx(
        orbit.period / 2 - (orbit.period - orbit.next_periapsis()), rel=1e-12)
    assert KeplerOrbit.from_state([1, 0, 0], [1.5, 1e-9, 0], mu=1.0).energy == pytest.approx(0.125)
    again = KeplerOrbit(*orbit.elements(), mu=1.0)
    np.testing.assert_allclose(again.position(0.0), [1, 0, 0], atol=1e-7)
    assert again == eval(repr(orbit))       # elements that fit each other


def exact_elements(r, v, mu):
    """a, e, i and M0 in mpmath"""
    r, v, mu = [mp.mpf(x) for x in r], [mp.mpf(x) for x in v], mp.mpf(mu)
    size, sigma = mp.sqrt(mp.fdot(r, r)), mp.fdot(r, v)
    alpha = 2 / size - mp.fdot(v, v) / mu
    h = [r[1] * v[2] - r[2] * v[1], r[2] * v[0] - r[0] * v[2], r[0] * v[1] - r[1] * v[0]]
    p = mp.fdot(h, h) / mu
    e = mp.sqrt(1 - alpha * p)
    i = mp.atan2(mp.sqrt(h[0]**2 + h[1]**2), h[2])
    root = mp.sqrt(abs(alpha) / mu)
    if alpha > 0:
        M = mp.atan2(sigma * root, 1 - size * alpha) - sigma * root
    else:
        M = sigma * root - mp.asinh(sigma * root / e)
    return 1 / alpha, e, i, M


def test_elements_of_ordinary_states(orbits_of, rng):
    r, v, mu, _ = states(rng, 300, ("ellipse", "hyperbola", "fast hyperbola"))
    ordinary = np.abs(np.sum(r * v, axis=-1)) < 0.9 * np.linalg.norm(r, axis=-1) * (
        np.linalg.norm(v, axis=-1))
    found = np.array(orbits_of.from_state(r, v, mu=mu).elements())[[0, 1, 2, 5]].T
    with mp.workdps(DIGITS):
        exact = np.array([[float(x) for x in exact_elements(*one)]
                          for one in zip(r, v, mu, strict=True)])
    far = np.abs(2 - np.sum(v * v, axis=-1) * np.linalg.norm(r, axis=-1) / mu) > 0.1
    near_circle = exact[:, 1] < 0.05
    np.testing.assert_allclose(*(x[ordinary & far & ~near_circle] for x in (found, exact)),
                               rtol=2e-13, atol=1e-14)


def test_angles_that_are_undefined_are_0(orbits_of):
    circle = orbits_of.from_state([0.0, 2.0, 0], [-math.sqrt(0.5), 0, 0], mu=1.0)
    assert circle.e == circle.i == circle.Omega == circle.omega == 0
    assert abs(circle.M0 - math.pi / 2) < 1e-15
    assert circle.a == pytest.approx(2, rel=1e-15)
    back = orbits_of.from_state([0.0, 2.0, 0], [math.sqrt(0.5), 0, 0], mu=1.0)
    assert (back.i, back.Omega, back.M0) == (math.pi, 0, -math.pi / 2)
    flat = orbits_of.from_state([0.0, 1.0, 0], [-1.2, 0, 0], mu=1.0)
    assert (flat.i, flat.Omega, flat.omega, flat.M0) == (0, 0, math.pi / 2, 0)
    tilted = orbits_of.from_state([1.0, 0, 0], [0, math.sqrt(0.5), math.sqrt(0.5)], mu=1.0)
    assert tilted.i == pytest.approx(math.pi / 4, rel=1e-15)
    assert tilted.e == tilted.omega == tilted.M0 == tilted.Omega == 0
    parabola = orbits_of.from_state([1.0, 0, 0], [0, 2.0, 0], mu=2.0)
    assert (parabola.e, parabola.a, parabola.periapsis, parabola.M0) == (1, math.inf, 1, 0)


def test_it_finds_the_elements_again(orbits_of, rng):
    n = 500
    e = rng.choice([0.01, 0.3, 0.9, 1.0, 1.2, 5.0], n)
    q, i = rng.uniform(0.1, 10, n), rng.uniform(0.01, 3.1, n)
    Omega, omega = rng.uniform(0.01, 6.2, (2, n))
    M0 = rng.uniform(-3, 3, n)
    orbits = orbits_of.from_periapsis(q, e, i, Omega, omega, M0, mu=2.0)
    now = np.zeros(n)
    again = orbits_of.from_state(orbits.position(now, paired=True),
                                 orbits.velocity(now, paired=True), mu=2.0)
    np.testing.assert_allclose(again.periapsis, q, rtol=1e-11)
    np.testing.assert_allclose(again.e, e, rtol=1e-12, atol=1e-12)
    for name, value in (("i", i), ("Omega", Omega), ("omega", omega)):
        np.testing.assert_allclose(getattr(again, name), value, rtol=0, atol=1e-11, err_msg=name)
    plain = e != 1
    np.testing.assert_allclose(again.M0[plain], M0[plain], rtol=0, atol=1e-10)


def test_states_without_an_orbit(orbits_of):
    r, v, mu = np.ones((6, 3)), np.tile([0.0, 1.0, 0.5], (6, 1)), np.ones(6)
    r[1], v[2], v[3, 1], mu[4], mu[5] = 0, -r[2], np.nan, 0, -np.inf
    orbits = orbits_of.from_state(r, v, mu=mu)
    assert orbits.status.dtype == np.int8
    assert orbits.status.tolist() == [_status.ORBIT, _status.NO_PLANE, _status.NO_PLANE,
                                      _status.ELEMENT_NOT_FINITE, _status.MU_NOT_POSITIVE,
                                      _status.ELEMENT_NOT_FINITE]
    for values in (orbits.a, orbits.M0, orbits.period, orbits.position(1.0)[:, 0],
                   orbits.distance(1.0), orbits.next_periapsis()):
        assert np.isnan(values).tolist() == [False] + [True] * 5
    with raises(ValueError, "position must not be the centre, got [0. 0. 0.]"):
        orbits_of.from_state(r[1], v[1], mu=1.0)
    with raises(ValueError, "velocity must not point straight to or from the centre: a fall has no "
                            "plane, got position = [1. 1. 1.] and velocity = [-1. -1. -1.]"):
        orbits_of.from_state(r[2], v[2], mu=1.0)
    with raises(ValueError, "velocity must be finite, got [0.  nan 0.5]"):
        orbits_of.from_state(r[3], v[3], mu=1.0)
    with raises(ValueError, "position must have shape (..., 3), got (2,)"):
        orbits_of.from_state([1, 0], v[0], mu=1.0)


@pytest.mark.parametrize("length", [-1000, -700, -520, -460, -200, -100, 100, 200, 460, 520, 1000])
def test_states_whose_squares_are_no_numbers(orbits_of, length):
    r, v = np.array([1, 0.25, 0.5]), np.array([[0.25, 0.75, 0.5], [0.25, 1.75, 0.5]])
    want = orbits_of.from_state(r, v, mu=1.0)
    got = orbits_of.from_state(np.ldexp(r, length), v, mu=math.ldexp(1.0, length))
    assert np.array_equal(got.status, [0, 0])
    assert np.all(got.mu == math.ldexp(1.0, length))
    for name in ("e", "i", "Omega", "omega", "M0"):
        np.testing.assert_allclose(getattr(got, name), getattr(want, name), rtol=4e-15)
    for name in ("a", "periapsis"):
        np.testing.assert_allclose(np.ldexp(getattr(got, name), -length), getattr(want, name),
                                   rtol=2e-15)
    time = math.ldexp(1.5, length)
    np.testing.assert_allclose(np.ldexp(got.position(time), -length), want.position(1.5),
                               rtol=1e-14)
    np.testing.assert_allclose(np.ldexp(got.distance(time), -length), want.distance(1.5),
                               rtol=1e-14)


def test_a_state_beyond_float64_is_no_fall(orbits_of):
    orbits = orbits_of.from_state([1.0, 0, 0], [[0, 1.0, 0], [1, 0, 0], [0, 1, 0]],
                                  mu=[5e-324, 1, 1])
    assert np.array_equal(orbits.status, [_status.ELEMENT_NOT_FINITE, _status.NO_PLANE, 0])
    with pytest.raises(ValueError, match=r"^no orbit of float64 numbers has position = "):
        orbits_of.from_state([1.0, 0, 0], [0, 1.0, 0], mu=5e-324)


def test_bits_workers_shapes_and_pickles(orbits_of, rng):
    r, v, mu, _ = states(rng, 131, WITH_PLANE)
    orbits = orbits_of.from_state(r, v, mu=mu)
    threads = orbits_of.from_state(r, v, mu=mu, workers=3)
    assert orbits == threads and same_bits(orbits.position(5.0), threads.position(5.0))
    for k in range(0, 131, 10):
        one = orbits_of.from_state(r[k], v[k], mu=mu[k])
        assert one == orbits[k] and one.shape == ()
        assert same_bits(one.velocity(5.0), orbits.velocity(5.0)[k])
    grid = orbits_of.from_state(r[:, None], v[:, None], mu=[[1e12, 1e13]])
    assert grid.shape == (131, 2) and grid[4, 1] == orbits_of.from_state(r[4], v[4], mu=1e13)
    copy = pickle.loads(pickle.dumps(orbits))
    assert copy == orbits and same_bits(copy.position(5.0), orbits.position(5.0))
    assert orbits_of.from_state(np.zeros((0, 3)), v[0], mu=1.0).shape == (0,)


def test_it_agrees_with_astropy_units():
    units = pytest.importorskip("astropy.units")
    orbit = KeplerOrbit.from_state([1, 0, 0] * units.au, [0, 30, 1] * units.km / units.s,
                                   mu=float(GM_SUN) * units.m**3 / units.s**2)
    plain = KeplerOrbit.from_state([AU, 0, 0], [0, 3e4, 1e3], mu=GM_SUN)
    assert orbit.a.to_value("m") == pytest.approx(plain.a, rel=1e-15)
    assert orbit.elements().i.to_value("rad") == pytest.approx(plain.i, rel=1e-14)
    assert orbit.true_anomaly(1 * units.day).to_value("rad") == pytest.approx(
        plain.true_anomaly(86400.0), rel=1e-12)


# ---- anomalies ----

E_VALUES = (0.0, 0.2, 0.9, 1 - 1e-9, 1.0, 1 + 1e-9, 1.5, 20.0)


def test_anomalies_and_distances(orbits_of, rng):
    for e in E_VALUES:
        orbit = orbits_of.from_periapsis(1.0, e, M0=0.1, mu=1.0)
        t = rng.uniform(-20, 20, 200)
        r, v = orbit.position(t), orbit.velocity(t)
        distance, nu = orbit.distance(t), orbit.true_anomaly(t)
        np.testing.assert_allclose(distance, np.linalg.norm(r, axis=-1), rtol=1e-14)
        np.testing.assert_allclose(nu, np.arctan2(r[:, 1], r[:, 0]), rtol=0, atol=1e-14)
        np.testing.assert_allclose(distance * (1 + e * np.cos(nu)), 1 + e, rtol=0,
                                   atol=1e-14 * (1 + e) * distance.max())
        M, E = orbit.mean_anomaly(t), orbit.eccentric_anomaly(t)
        np.testing.assert_array_equal(orbits_of.from_periapsis(1.0, e, M0=M, mu=1.0)
                                      .eccentric_anomaly(0.0), E)
        if e < 1:
            assert np.abs(M).max() <= np.pi and np.abs(E).max() <= np.pi
            assert orbit.mean_anomaly(0.0) == 0.1
            np.testing.assert_allclose(np.sin(M), np.sin(0.1 + orbit.mean_motion * t), atol=1e-14)
        if e > 0:       # outwards after the periapsis
            assert np.sum(r * v, axis=-1)[nu > 1e-3].min() > 0
        assert type(orbit.true_anomaly(0.5)) is float
    assert orbits_of([1.0, 2.0], 0.1, mu=1.0).distance(np.zeros((4, 3))).shape == (2, 4, 3)


def test_times_of_anomalies(orbits_of, rng):
    for e in E_VALUES:
        orbit = orbits_of.from_periapsis(1.0, e, M0=-0.7, mu=1.0)
        reach = 3.0 if e <= 1 else 0.95 * math.acos(-1 / e)
        nu, after = rng.uniform(-reach, reach, 100), rng.uniform(-3, 3, 100)
        t = orbit.time_at(nu, after=after)
        if e < 1:
            assert np.all((t >= after) & (t <= after + orbit.period))
        else:
            assert np.all(t >= after)
            passed = orbit.true_anomaly(after) > nu
            np.testing.assert_array_equal(np.isinf(t), passed)
        t, nu = t[np.isfinite(t)], nu[np.isfinite(t)]
        change = np.abs(t) * (1 + e)**0.5 / orbit.distance(t)**2        # radians in t
        assert np.all(np.abs(orbit.true_anomaly(t) - nu) < 1e-14 * (4 + change))


def test_mean_anomalies_are_exact(kernels):
    """Of true anomalies, to the last digits of the result"""
    for e in E_VALUES:
        for nu in (1e-9, 0.3, -1.5, 1.7, 2.0, -3.0, 3.1, 7.0, -20.0):
            found = kernels.plain_mean_anomaly(nu, e)
            with mp.workdps(DIGITS):
                x, turns = mp.mpf(nu), 0
                if e < 1:
                    turns = mp.nint(x / (2 * mp.pi))
                x -= mp.nint(x / (2 * mp.pi)) * 2 * mp.pi
                tangent, e_ = mp.tan(x / 2), mp.mpf(e)
                if e < 1:
                    E = 2 * mp.atan(mp.sqrt((1 - e_) / (1 + e_)) * tangent)
                    exact = E - e_ * mp.sin(E) + 2 * mp.pi * turns
                elif e == 1:
                    exact = tangent + tangent**3 / 3
                else:
                    w = mp.sqrt((e_ - 1) / (e_ + 1)) * tangent
                    if abs(w) >= 1:
                        assert math.isnan(found)
                        continue
                    exact = e_ * mp.sinh(2 * mp.atanh(w)) - 2 * mp.atanh(w)
                # the derivative by nu carries the rounding of nu; near pi it is large
                slope = abs(x) / max(mp.mpf("1e-3"), mp.pi - abs(x)) + 1
            if exact == 0:
                assert found == 0
            else:
                assert abs(found / exact - 1) < 1e-14 * slope, (nu, e)


def test_apsides():
    orbit = KeplerOrbit(1.0, 0.5, M0=1.0, mu=1.0)
    assert orbit.next_periapsis() == pytest.approx(2 * math.pi - 1, rel=1e-15)
    assert orbit.next_apoapsis() == pytest.approx(math.pi - 1, rel=1e-15)
    assert orbit.next_apoapsis(4.0) == pytest.approx(3 * math.pi - 1, rel=1e-15)
    orbits = KeplerOrbit.from_periapsis(1.0, [0.5, 1.0, 2.0], M0=-1.0, mu=1.0)
    assert np.isfinite(orbits.next_periapsis()).all()
    assert np.isinf(orbits.next_apoapsis()).tolist() == [False, True, True]
    assert np.isinf(orbits.next_periapsis(1e3)).tolist() == [False, True, True]
    with raises(ValueError, "orbits and true_anomaly must have shapes that broadcast, got (3,) and "
                            "(2,)"):
        orbits.time_at(np.zeros(2))


# ---- the parts of Kepler's equation ----

def test_parts(kernels, rng, monkeypatch):
    monkeypatch.setattr("mathwork.orbit.anomaly.kernels", kernels)
    for e in E_VALUES:
        M = np.concatenate([rng.uniform(-30, 30, 40), [0.0, 1e-12]])
        E, sine, cosine, by_M, by_e, status = solve_kepler(M, e, parts=True)
        assert same_bits(E, kernels.plain_solve_kepler(M, e)) and not status.any()
        with mp.workdps(DIGITS):
            for k, x in enumerate(map(mp.mpf, E)):
                if e < 1:
                    r, s, c = 1 - e * mp.cos(x), mp.sin(x), mp.cos(x) - e
                    exact = [mp.sqrt(1 - mp.mpf(e)**2) * s / r, c / r, 1 / r, s / r]
                elif e > 1:
                    r, s, c = e * mp.cosh(x) - 1, mp.sinh(x), e - mp.cosh(x)
                    exact = [mp.sqrt(mp.mpf(e)**2 - 1) * s / r, c / r, 1 / r, -s / r]
                else:
                    r = 1 + x * x
                    exact = [2 * x / r, (1 - x * x) / r, 1 / r, mp.nan]
                for found, wanted in zip((sine[k], cosine[k], by_M[k], by_e[k]), exact,
                                         strict=True):
                    assert (math.isnan(found) if mp.isnan(wanted) else
                            abs(found - wanted) <= 2e-15 * (abs(wanted) + (found is cosine[k]))
                            or abs(found - wanted) < 1e-15), (e, M[k])


def test_parts_of_numbers_and_bad_elements():
    parts = solve_kepler(1.0, 0.5, parts=True)
    assert type(parts.anomaly) is type(parts.by_eccentricity) is float and parts.status == 0
    assert parts.anomaly == solve_kepler(1.0, 0.5)
    assert parts.sin_true**2 + parts.cos_true**2 == pytest.approx(1, rel=1e-15)
    *numbers, status = solve_kepler([1.0, 1.0, np.inf], [0.5, -0.5, 0.5], parts=True)
    assert status.tolist() == [0, 1, 1]
    assert all(np.isnan(x).tolist() == [False, True, True] for x in numbers)
    with raises(TypeError, "out takes one array; with parts=True there are five"):
        solve_kepler(np.ones(2), 0.5, out=np.empty(2), parts=True)
    single = solve_kepler(np.float32([1, 2]), np.float32(0.5), parts=True)
    assert [x.dtype for x in single[:5]] == [np.float32] * 5


# ---- levels ----

def test_levels_with_fma_have_equal_bits(rng, monkeypatch):
    levels = fused_kernels()
    if len(levels) < 2:
        pytest.skip(f"needs two levels with fused multiply-add, here is {len(levels)}")
    r, v, mu, _ = states(rng, 3000)
    dt = rng.uniform(-30, 30, 3000) * np.sqrt(np.linalg.norm(r, axis=-1)**3 / mu)
    nu, M = rng.uniform(-7, 7, (2, 3000))
    results = []
    for kernels in levels.values():
        for module in ("kepler", "elements", "motion", "propagation", "anomaly"):
            monkeypatch.setattr(f"mathwork.orbit.{module}.kernels", kernels)
        orbits = KeplerOrbit.from_state(r, v, mu=mu)
        results.append([*orbits.elements(), orbits.position(dt, paired=True),
                        orbits.true_anomaly(dt, paired=True), orbits.distance(dt, paired=True),
                        *propagate(r, v, dt, mu=mu, stm=True),
                        *solve_kepler(M, orbits.e, parts=True)[:5],
                        kernels.plain_mean_anomaly(nu, np.asarray(orbits.e))])
    for other in results[1:]:
        assert [same_bits(a, b) for a, b in zip(results[0], other, strict=True)] == (
            [True] * len(other))


def test_times_of_many_axes_and_the_smallest_numbers():
    orbit, many = KeplerOrbit(1.0, 0.5, mu=1.0), np.ones((1,) * 63)
    for found in (orbit.time_at(many), orbit.next_periapsis(many), orbit.next_apoapsis(many),
                  orbit.time_at(0.5, after=many)):
        assert found.shape == many.shape
    circle = CircularOrbit(1.0, 0.0, 1.0)
    assert circle.position(many).shape == (*many.shape, 3)
    with raises(ValueError, "t must have at most 63 axes, got 64"):
        circle.position(many[None])
    with np.errstate(all="raise"):
        for name in ("i", "Omega", "omega", "M0"):
            turned = KeplerOrbit.from_degrees(1.0, 0.5, mu=1.0, **{name: 5e-324})
            assert turned.position(0.0) == pytest.approx(orbit.position(0.0), abs=1e-300)
        later = KeplerOrbit.from_table(a=1.0, e=0.5, mu=0.25, time_of_periapsis=5e-324)
        assert abs(later.M0) <= 5e-324
        assert KeplerOrbit(1.0, 0.5, i=1e308, mu=1.0).elements(unit="deg").i == math.inf
