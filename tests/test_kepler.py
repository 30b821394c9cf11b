"""Kepler's equation of every conic, and orbits by their elements."""
import math
import pickle
import threading

import mpmath
import numpy as np
import pytest
from arrays import LAYOUTS, Fenced, guarded
from helpers import raises, same_bits
from hypothesis import given
from hypothesis import strategies as st

from mathwork._levels import orbit as orbit_kernels
from mathwork.constants import AU, GM_SUN
from mathwork.orbit import KeplerOrbit, solve_kepler, vis_viva

ECCENTRICITIES = (0.0, 1e-12, 0.1, 0.5, 0.9, 0.999999, np.nextafter(1, 0), 1.0, np.nextafter(1, 2),
                  1 + 1e-9, 1.1, 2.0, 50.0)


# ---- Kepler's equation ----
#
# The residual f(E) = E - e sin E - M is measured in what the rounding of M, of e and of E itself
# does to it: ulp(M) + |df/de| ulp(e) + |df/dE| ulp(E), and so for the other conics.

UNITS = 1.25        # the bound that the documentation states
FAR_PARABOLA = 2.0  # the same beyond M = 1e100


def bound_on(M):
    return np.where(np.abs(M) > 1e100, FAR_PARABOLA, UNITS)


def residual_and_unit(M, e, E):
    """Both in the arithmetic of mpmath's numbers"""
    if e < 1:
        slopes = abs(mpmath.sin(E)), 1 - e * mpmath.cos(E)
        residual = E - e * mpmath.sin(E) - M
    elif e > 1:
        slopes = abs(mpmath.sinh(E)), e * mpmath.cosh(E) - 1
        residual = e * mpmath.sinh(E) - E - M
    else:
        slopes = 0, 1 + E**2
        residual = E + E**3 / 3 - M
    ulps = [mpmath.mpf(math.ulp(float(value))) for value in (M, e, E)]
    return abs(residual), ulps[0] + slopes[0] * ulps[1] + slopes[1] * ulps[2]


def _lack(x, first, sign):
    """x^first / first! with the rest of that series, |x| <= 1"""
    term, total = x**first / math.factorial(first), np.zeros_like(x)
    for k in range(first, first + 30, 2):
        total = total + term
        term = term * (sign * x * x) / ((k + 1) * (k + 2))
    return total


def residuals_in_units(M, e, E):
    """The same of arrays, in extended precision, with nothing that cancels"""
    with np.errstate(all="ignore"):
        ulps = [np.spacing(np.abs(value)) for value in (M, e, E)]
        M, e, E = (np.asarray(value, np.longdouble) for value in (M, e, E))
        near = np.clip(E, -1, 1)
        closed = np.where(np.abs(E) < 1, (1 - e) * E + e * _lack(near, 3, -1) - M,
                          (E - M) - e * np.sin(E))
        closed_slope = (1 - e) + e * np.where(np.abs(E) < 1, _lack(near, 2, -1), 1 - np.cos(E))
        opened = ((e - 1) * E - M) + e * np.where(np.abs(E) < 1, _lack(near, 3, 1),
                                                  np.sinh(E) - E)
        opened_slope = (e - 1) + e * np.where(np.abs(E) < 1, _lack(near, 2, 1), np.cosh(E) - 1)
        between = (E - M) + E * E * E / 3
        residual = np.where(e < 1, closed, np.where(e > 1, opened, between))
        by_e = np.where(e < 1, np.abs(np.sin(E)), np.where(e > 1, np.abs(np.sinh(E)), 0))
        by_E = np.where(e < 1, closed_slope, np.where(e > 1, opened_slope, 1 + E * E))
        return np.abs(residual) / (ulps[0] + by_e * ulps[1] + by_E * ulps[2])


def anomalies(rng, n):
    """|M| from 1e-300 to 1e10 of both signs: by decades, of a few turns, and near whole turns"""
    sign = rng.choice([-1.0, 1.0], n)
    ways = (10 ** rng.uniform(-300, 10, n), 10 ** rng.uniform(-12, 2, n), rng.uniform(0, 10, n),
            2 * np.pi * rng.integers(0, 10**9, n) + 1e-5 * rng.standard_normal(n))
    return sign * np.choose(rng.integers(0, len(ways), n), ways)


def eccentricities(rng, n):
    """Those that are asked for, and any from 0 to 10, many near 1"""
    ways = (rng.choice(ECCENTRICITIES, n), rng.uniform(0, 1, n), 1 - 10 ** rng.uniform(-16, 0, n),
            1 + 10 ** rng.uniform(-15, 1, n))
    return np.choose(rng.integers(0, len(ways), n), ways)


def test_against_mpmath(kernels, rng):
    M, e = anomalies(rng, 10_000), eccentricities(rng, 10_000)
    E = kernels.solve_kepler(M, e)
    assert np.isfinite(E).all()
    with mpmath.workdps(60):
        for values in zip(M.tolist(), e.tolist(), E.tolist(), strict=True):
            # an M of 1e-300 needs its own digits: E - e sin E is of the size of E^3 at e = 1
            with mpmath.workdps(60 if abs(values[2]) > 1e-15 else 700):
                residual, unit = residual_and_unit(*map(mpmath.mpf, values))
                assert residual <= UNITS * unit, values


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="needs an extended precision")
def test_residuals_of_a_million(rng):
    for _ in range(10):
        M, e = anomalies(rng, 100_000), eccentricities(rng, 100_000)
        E = solve_kepler(M, e)
        assert np.isfinite(E).all()
        assert residuals_in_units(M, e, E).max() <= UNITS


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="needs an extended precision")
@pytest.mark.parametrize("e", ECCENTRICITIES)
def test_the_ends_of_the_range(kernels, rng, e):
    M = np.concatenate([[0.0, 5e-324, 1e-310, 2.3e-308, 1e308, np.finfo(float).max],
                        10 ** rng.uniform(10, 308, 1000)])
    E = kernels.solve_kepler(M, np.full(len(M), e))
    assert np.isfinite(E).all()
    assert (residuals_in_units(M, e, E)[1:] <= bound_on(M)[1:]).all()
    assert E[0] == 0 and not np.signbit(E[0])


def test_known_values():
    # where the equation is solved in closed form
    assert solve_kepler(math.pi, 0.9) == math.pi
    assert solve_kepler(0.7, 0.0) == 0.7
    assert solve_kepler(1e10, 0.0) == 1e10
    assert solve_kepler(4 / 3, 1.0) == 1.0          # D + D^3 / 3 at D = 1
    assert solve_kepler(14 / 3, 1.0) == 2.0
    # Meeus, Astronomical Algorithms, 2nd ed., example 30.a: M = 5 degrees, e = 0.1
    assert math.degrees(solve_kepler(math.radians(5), 0.1)) == pytest.approx(5.554589, abs=1e-6)
    # Vallado, Fundamentals of Astrodynamics, 4th ed., examples 2-1 and 2-3
    assert math.degrees(solve_kepler(math.radians(235.4), 0.4)) == pytest.approx(220.512074,
                                                                               abs=1e-6)
    assert solve_kepler(math.radians(235.4), 2.4) == pytest.approx(1.6013761449, abs=1e-9)


@pytest.mark.parametrize("e", ECCENTRICITIES)
def test_odd_in_the_anomaly(kernels, rng, e):
    M = anomalies(rng, 999)
    both = kernels.solve_kepler(np.concatenate([M, -M]), e)
    assert same_bits(both[:999], -both[999:])


def test_monotonic_across_whole_turns(rng):
    M = np.sort(np.concatenate([np.linspace(-20, 20, 100_001), np.pi * np.arange(-9, 10)]))
    for e in (0.0, 0.3, 0.9, 0.999999):
        assert (np.diff(solve_kepler(M, e)) >= 0).all()


def test_bits_depend_on_the_element_alone(kernels, rng):
    M, e = anomalies(rng, 777), eccentricities(rng, 777)
    E = kernels.solve_kepler(M, e)
    assert E.tolist() == [kernels.solve_kepler(*pair)
                          for pair in zip(M.tolist(), e.tolist(), strict=True)]
    for start in (0, 1, 5, 300):
        assert same_bits(kernels.solve_kepler(M[start:], e[start:]), E[start:])
    assert same_bits(kernels.solve_kepler(M[:, None], e)[np.arange(777), np.arange(777)], E)
    shuffled = rng.permutation(777)
    assert same_bits(kernels.solve_kepler(M[shuffled], e[shuffled]), E[shuffled])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout(rng, dtype, layout):
    M = anomalies(rng, 600).reshape(20, 30).astype(dtype)
    e = eccentricities(rng, 30).astype(dtype)
    E = solve_kepler(M, e)
    assert E.dtype == dtype and E.shape == (20, 30)
    awkward = LAYOUTS[layout](M)
    assert same_bits(np.asarray(solve_kepler(awkward, LAYOUTS[layout](e))), E)
    out = LAYOUTS[layout](np.zeros_like(M)) if layout != "read_only" else np.zeros_like(M)
    assert solve_kepler(M, e, out=out) is out
    assert same_bits(np.array(out, dtype, order="C", subok=False), E)


def test_float32_is_rounded_once(rng):
    M, e = anomalies(rng, 1000).astype("f4"), rng.uniform(0, 3, 1000).astype("f4")
    wide = solve_kepler(M.astype(float), e.astype(float))
    assert same_bits(solve_kepler(M, e), wide.astype("f4"))
    assert solve_kepler(M, 0.5).dtype == np.float32
    assert solve_kepler(M, np.full(1000, 0.5)).dtype == np.float64
    assert type(solve_kepler(1, 0)) is float


@pytest.mark.parametrize("n", [1, 3, 4, 7, 255, 256, 257, 600])
def test_memory_beyond_the_ends_is_left_alone(kernels, rng, n):
    M, e = anomalies(rng, n), eccentricities(rng, n)
    E = kernels.solve_kepler(M, e)
    out = Fenced((n,), float)
    for side in ("start", "end"):
        kernels.solve_kepler(guarded(M, side), guarded(e, side), out=out.array)
        assert same_bits(out.array.copy(), E) and out.is_whole()


def test_in_place(rng):
    M, e = anomalies(rng, 1000), eccentricities(rng, 1000)
    E = solve_kepler(M, e)
    for number, place in ((0, M.copy()), (1, e.copy())):
        arguments = [M, e]
        arguments[number] = place
        assert same_bits(solve_kepler(*arguments, out=place), E)
    memory = np.concatenate([M, [0.0]])
    assert same_bits(solve_kepler(memory[:-1], e, out=memory[1:]), E)


def test_status():
    anomaly, status = solve_kepler([1.0, np.nan, 1.0, np.inf, 1.0], [0.5, 0.5, -0.1, 0.5, np.nan],
                                   status=True)
    assert status.tolist() == [0, 1, 1, 1, 1] and status.dtype == np.int8
    assert np.isnan(anomaly).tolist() == [False, True, True, True, True]
    assert solve_kepler(1.0, 0.5, status=True) == (solve_kepler(1.0, 0.5), 0)
    assert solve_kepler(10**30, 0.5, status=True).status == 0
    for e in (0.5, 1.0, 2.0):
        anomaly, status = solve_kepler(np.array([np.inf, -np.inf]), e, status=True)
        assert np.isnan(anomaly).all() and status.tolist() == [1, 1]


@pytest.mark.parametrize("e", [1e300, 3e307, 1e308, 1.7976931348623157e308])
def test_the_largest_eccentricities(kernels, e):
    """e sinh H = M, beside which H is nothing"""
    for M in (0.0, 1e-300, 1.0, 1e290, 1e300, 1e306, 1e308, 1.7976931348623157e308):
        found = kernels.solve_kepler(np.array([M, -M]), np.array([e, e]))
        assert found[1] == -found[0]
        assert found[0] == pytest.approx(math.asinh(M / e), rel=1e-15, abs=5e-324)


def test_refused_numbers():
    with raises(ValueError, "eccentricity must be finite and not negative, got -0.5"):
        solve_kepler(1.0, -0.5)
    with raises(ValueError, "eccentricity must be finite and not negative, got nan"):
        solve_kepler(1.0, math.nan)
    with raises(ValueError, "mean_anomaly must be finite, got inf"):
        solve_kepler(math.inf, 0.5)
    with raises(ValueError, "mean_anomaly and eccentricity must have shapes that broadcast, "
                            "got (3,) and (2,)"):
        solve_kepler(np.zeros(3), np.zeros(2))
    with raises(TypeError, "mean_anomaly must hold real numbers, got dtype complex128"
                           ": take its .real, .imag or abs()"):
        solve_kepler(np.zeros(3, complex), 0.5)
    with raises(ValueError, "out must have shape (3,), got (2,)"):
        solve_kepler(np.zeros(3), 0.5, out=np.zeros(2))


def test_lets_other_threads_run(rng):
    M, e = anomalies(rng, 10_000), eccentricities(rng, 10_000)
    expected, found = solve_kepler(M, e), []
    threads = [threading.Thread(target=lambda: found.append(solve_kepler(M, e)))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same_bits(E, expected) for E in found) and len(found) == 4


# ---- orbits ----

angles = st.floats(-7, 7)
shapes = st.one_of(st.floats(0, 0.99), st.just(1.0), st.floats(1.01, 3))
elements = st.tuples(st.floats(1e9, 1e13), shapes, st.floats(0, math.pi), angles, angles, angles)


def turned(i, Omega, omega):
    """From the plane of the orbit to space, by three rotations"""
    def about(axis, angle):
        c, s = math.cos(angle), math.sin(angle)
        return np.array([[1, 0, 0], [0, c, -s], [0, s, c]] if axis == "x"
                        else [[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return about("z", Omega) @ about("x", i) @ about("z", omega)


@given(elements, st.floats(-3, 3))
def test_energy_and_angular_momentum(numbers, phase):
    orbit = KeplerOrbit.from_periapsis(*numbers, mu=GM_SUN)
    t = phase / orbit.mean_motion
    r, v = orbit.position(t), orbit.velocity(t)
    distance, speed = np.linalg.norm(r), np.linalg.norm(v)
    kinetic = speed**2 / 2
    assert kinetic - GM_SUN / distance == pytest.approx(orbit.energy, rel=1e-12,
                                                        abs=1e-12 * kinetic)
    np.testing.assert_allclose(np.cross(r, v), orbit.angular_momentum, rtol=0,
                               atol=1e-13 * distance * speed)
    assert orbit.speed_at(distance) == pytest.approx(speed, rel=1e-12)
    assert orbit.periapsis * (1 - 1e-12) <= distance <= orbit.apoapsis * (1 + 1e-12)


@given(elements, st.floats(-3, 3))
def test_by_the_conic_in_polar_coordinates(numbers, phase):
    """r = p / (1 + e cos nu), in the plane that the three angles turn"""
    q, e, i, Omega, omega, _ = numbers
    orbit = KeplerOrbit.from_periapsis(*numbers, mu=GM_SUN)
    x, y, z = turned(i, Omega, omega).T @ orbit.position(phase / orbit.mean_motion)
    distance = math.hypot(x, y)
    assert abs(z) <= 1e-14 * distance
    # as r + e x = p, which does not divide by what vanishes far away
    assert distance + e * x == pytest.approx(q * (1 + e), rel=1e-13, abs=1e-14 * e * distance)


@pytest.mark.filterwarnings("ignore::mathwork.orbit.UnitsWarning")
@given(st.floats(1e9, 1e13), st.floats(0, 0.999), angles, st.floats(-10, 10))
def test_an_ellipse_returns_after_a_period(a, e, M0, t):
    orbit = KeplerOrbit(a, e, 0.3, 0.2, 0.1, M0, mu=GM_SUN)
    assert orbit.period == pytest.approx(2 * math.pi * math.sqrt(a**3 / GM_SUN), rel=1e-14)
    t *= orbit.period
    now, later = orbit.position([t, t + orbit.period])
    # what the rounding of the time and the mean anomaly, up to 80, moves the body: its speed
    # is largest at the periapsis
    largest = np.sqrt(GM_SUN * (1 + e) / (a * (1 - e))) / orbit.mean_motion
    np.testing.assert_allclose(later, now, rtol=0, atol=1e-13 * largest)


@pytest.mark.filterwarnings("ignore::mathwork.orbit.UnitsWarning")
@given(st.floats(1e8, 1e13), st.floats(1e10, 1e21), angles, st.floats(0, 1e9))
def test_without_eccentricity_it_is_the_circle(radius, mu, M0, t):
    from mathwork.orbit import circular_speed, period

    orbit = KeplerOrbit(radius, 0, M0=M0, mu=mu)
    angle = M0 + math.sqrt(mu / radius) / radius * t
    assert orbit.period == pytest.approx(period(radius, mu=mu), rel=1e-15)
    np.testing.assert_allclose(
        orbit.position(t), [radius * math.cos(angle), radius * math.sin(angle), 0], rtol=0,
        atol=radius * (1e-15 + 4e-16 * abs(angle)))
    assert np.linalg.norm(orbit.velocity(t)) == pytest.approx(circular_speed(radius, mu=mu),
                                                              rel=1e-14)


@pytest.mark.parametrize("e", [0.0, 0.5, 0.999, 1.0, 1.001, 1.5, 10.0])
def test_velocity_is_the_derivative(e):
    orbit = KeplerOrbit.from_periapsis(AU, e, 0.1, 0.2, 0.3, -0.4, mu=GM_SUN)
    t = np.linspace(-3, 3, 25) / orbit.mean_motion
    h = 1e-4 / orbit.mean_motion * min(1.0, abs(1 - e) + 1e-2)
    slope = (orbit.position(t - 2 * h) - 8 * orbit.position(t - h) + 8 * orbit.position(t + h)
             - orbit.position(t + 2 * h)) / (12 * h)
    speed = np.linalg.norm(orbit.velocity(t), axis=-1, keepdims=True)
    np.testing.assert_allclose(orbit.velocity(t) / speed, slope / speed, rtol=0, atol=1e-6)


def test_the_conics_join():
    """Near e = 1 an orbit is as smooth in e as it is elsewhere"""
    t = np.linspace(-1e7, 1e7, 11)
    parabola = KeplerOrbit.from_periapsis(AU, 1, mu=GM_SUN).position(t)
    for e in (1 - 1e-13, np.nextafter(1, 0), np.nextafter(1, 2), 1 + 1e-13):
        orbit = KeplerOrbit.from_periapsis(AU, e, mu=GM_SUN)
        np.testing.assert_allclose(orbit.position(t), parabola, rtol=0, atol=1e-12 * AU)


def test_many_orbits_at_many_times(kernels, rng, monkeypatch):
    monkeypatch.setattr("mathwork.orbit.kepler.kernels", kernels)
    q, e = rng.uniform(0.5, 30, (4, 5)) * AU, eccentricities(rng, 20).reshape(4, 5)
    t = rng.uniform(-1e9, 1e9, (7, 3))
    orbits = KeplerOrbit.from_periapsis(q, e, 0.3, rng.uniform(0, 6, 5), mu=GM_SUN)
    assert orbits.shape == (4, 5)
    for name in ("position", "velocity"):
        found = getattr(orbits, name)(t)
        assert found.shape == (4, 5, 7, 3, 3)
        assert same_bits(getattr(orbits, name)(t, workers=3), found)
        assert same_bits(getattr(orbits, name)(t.tolist()), found)
        assert same_bits(getattr(orbits, name)(np.asfortranarray(t)), found)
        one = KeplerOrbit.from_periapsis(q[2, 1], e[2, 1], 0.3, orbits.Omega[2, 1], mu=GM_SUN)
        assert same_bits(getattr(one, name)(t), found[2, 1])
        assert same_bits(getattr(one, name)(t[5, 2]), found[2, 1, 5, 2])
    assert orbits.position(np.zeros(0)).shape == (4, 5, 0, 3)
    assert orbits.period.shape == (4, 5) and orbits.angular_momentum.shape == (4, 5, 3)


def test_properties_of_one_orbit():
    mars = KeplerOrbit(1.523679 * AU, 0.0934, mu=GM_SUN)
    assert type(mars.a) is type(mars.period) is type(mars.energy) is float
    assert mars.periapsis == pytest.approx(1.523679 * AU * (1 - 0.0934), rel=1e-15)
    assert mars.apoapsis == pytest.approx(1.523679 * AU * (1 + 0.0934), rel=1e-15)
    assert mars.period / 86400 == pytest.approx(686.97, abs=0.05)       # Mars fact sheet, NASA
    hyperbola = KeplerOrbit(-AU, 1.5, mu=GM_SUN)
    assert hyperbola.periapsis == AU / 2 and hyperbola.apoapsis == hyperbola.period == math.inf
    assert hyperbola.energy == pytest.approx(GM_SUN / (2 * AU), rel=1e-15)
    parabola = KeplerOrbit.from_periapsis(AU, 1, mu=GM_SUN)
    assert parabola.a == parabola.period == math.inf and parabola.energy == 0
    assert parabola.speed_at(AU) == pytest.approx(math.sqrt(2 * GM_SUN / AU), rel=1e-15)
    copy = pickle.loads(pickle.dumps(parabola))
    assert repr(copy) == repr(parabola) and same_bits(copy.position(1e7), parabola.position(1e7))
    assert repr(KeplerOrbit(2, 0.5, mu=1)) == (
        "KeplerOrbit(a=2.0, e=0.5, i=0.0, Omega=0.0, omega=0.0, M0=0.0, mu=1.0)")
    with raises(AttributeError, "an orbit cannot be changed"):
        mars.a = 1.0


@pytest.mark.filterwarnings("ignore::mathwork.orbit.UnitsWarning")
def test_vis_viva_near_the_apoapsis(rng):
    """Where 2 / r and 1 / a cancel"""
    for a in rng.uniform(1, 4, 200).tolist():
        for r in (2 * a * (1 - 1e-15), 2 * a * (1 - 1e-9), 2 * a, 1e-9 * a, a):
            with mpmath.workdps(40):
                square = mpmath.mpf(1e20) * (2 / mpmath.mpf(r) - 1 / mpmath.mpf(a))
            assert vis_viva(r, a, mu=1e20) == pytest.approx(float(mpmath.sqrt(square)), rel=1e-15)
        beyond = math.nextafter(2 * a, math.inf)
        with raises(ValueError, f"no orbit has r = {beyond!r}, a = {a!r} and mu = 1.0"):
            vis_viva(beyond, a, mu=1.0)
    for a in (0.0, -0.0):
        with raises(ValueError, f"no orbit has r = 1.0, a = {a!r} and mu = 1.0"):
            vis_viva(1.0, a, mu=1.0)
    with raises(ValueError, "r and a must have shapes that broadcast, got (3,) and (2,)"):
        vis_viva(np.ones(3), np.ones(2), mu=1.0)
    assert vis_viva(1e308, 1e308, mu=1e308) == 1.0


@pytest.mark.filterwarnings("ignore::mathwork.orbit.UnitsWarning")
def test_vis_viva():
    assert vis_viva(2.0, 2.0, mu=8.0) == 2.0
    assert vis_viva(1.0, math.inf, mu=2.0) == 2.0
    r = np.array([1.0, 4.0, 5.0, -1.0])
    np.testing.assert_array_equal(vis_viva(r, 2.0, mu=2.0), [math.sqrt(3), 0, np.nan, np.nan])
    assert vis_viva(r.astype("f4"), 2.0, mu=1e38).dtype == np.float32
    with raises(ValueError, "no orbit has r = 5.0, a = 2.0 and mu = 1.0"):
        vis_viva(5.0, 2.0, mu=1.0)


@pytest.mark.parametrize(("arguments", "message"), [
    ((-1.0, 0.5), "a must be positive for e < 1, got a = -1.0 with e = 0.5"),
    ((1.0, 1.5), "a must be negative for e > 1, got a = 1.0 with e = 1.5"),
    ((1.0, 1.0), "a parabola has no a: make it by KeplerOrbit.from_periapsis"),
    ((1.0, -0.5), "e must be finite and not negative, got -0.5"),
    ((math.nan, 0.5), "a must be finite, got nan"),
    ((1.0, 0.5, math.inf), "i must be finite, got inf"),
])
def test_refused_orbits(arguments, message):
    with raises(ValueError, message):
        KeplerOrbit(*arguments, mu=1.0)
    with raises(ValueError, "mu must be positive, got 0.0"):
        KeplerOrbit(1.0, 0.5, mu=0.0)
    with raises(ValueError, "periapsis must be positive, got 0.0"):
        KeplerOrbit.from_periapsis(0.0, 1.0, mu=1.0)
    with raises(ValueError, "a and e must have shapes that broadcast, got (2,) and (3,)"):
        KeplerOrbit(np.ones(2), np.zeros(3), mu=1.0)


def test_bad_elements_of_arrays_are_nan():
    orbits = KeplerOrbit([1.0, -1.0, 1.0, 1.0, -1.0], [0.5, 0.5, np.nan, 1.0, 2.0], mu=1.0)
    bad = [False, True, True, True, False]
    assert np.isnan(orbits.position(0.3)).all(axis=-1).tolist() == bad
    for name in ("a", "periapsis", "apoapsis", "period", "energy"):
        assert np.isnan(getattr(orbits, name)).tolist() == bad, name
    for wrong in ({"i": [0.0, np.inf]}, {"Omega": [0.0, np.nan]}, {"omega": [0.0, -np.inf]},
                  {"M0": [0.0, np.nan]}):
        orbits = KeplerOrbit([AU, AU], 0.1, mu=GM_SUN, **wrong)
        assert np.isnan(orbits.velocity(1.0)).tolist() == [[False] * 3, [True] * 3]
        assert np.isnan(orbits.period).tolist() == [False, True]
    assert np.isnan(KeplerOrbit([AU, AU], 0.1, mu=[GM_SUN, np.inf]).period).tolist() == [False,
                                                                                         True]


def test_the_door_refuses_what_does_not_fit():
    orbits, times = np.zeros((2, 10)), np.zeros(3)
    message = "orbits (N, 10), times (T,) and out (N T, 3) must be plain arrays that fit"
    for wrong in ((orbits[:, :9], times, np.zeros((6, 3)), 0, 6),
                  (orbits, times, np.zeros((5, 3)), 0, 5),
                  (orbits, times, np.zeros((6, 3)), 0, 7),
                  (orbits.astype("f4"), times, np.zeros((6, 3)), 0, 6)):
        with raises(ValueError, message):
            orbit_kernels.orbit_states(0, False, *wrong)


# ---- units ----

def test_astropy_quantities():
    units = pytest.importorskip("astropy.units")
    E = solve_kepler(60 * units.deg, 0.5)
    assert E.unit == units.rad and E.value == pytest.approx(solve_kepler(math.pi / 3, 0.5))
    mu = float(GM_SUN) * units.m**3 / units.s**2
    orbit = KeplerOrbit(1 * units.au, 0.1, 5 * units.deg, mu=mu)
    plain = KeplerOrbit(AU, 0.1, math.radians(5), mu=GM_SUN)
    assert orbit.period.to_value(units.s) == pytest.approx(plain.period)
    assert orbit.position([1, 2] * units.day).shape == (2, 3)
    np.testing.assert_allclose(orbit.position(1 * units.day).to_value(units.m),
                               plain.position(86400.0), rtol=1e-14)
    assert vis_viva(1 * units.au, 1 * units.au, mu=mu).unit == units.m / units.s
    with pytest.raises(TypeError, match="a must be in m"):
        KeplerOrbit(1 * units.kg, 0.1, mu=mu)


def test_pint_quantities():
    pint = pytest.importorskip("pint")
    units = pint.UnitRegistry()
    assert solve_kepler(units.Quantity(60, "degree"), 0.5).m_as("rad") == pytest.approx(
        solve_kepler(math.pi / 3, 0.5))
    orbit = KeplerOrbit(units.Quantity(1.0, "km"), 0.1, mu=units.Quantity(1.0, "km**3/s**2"))
    assert orbit.period.m_as("s") == pytest.approx(2 * math.pi)
    assert orbit.velocity(units.Quantity(1.0, "s")).units == units.Unit("m/s")
