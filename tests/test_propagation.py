"""States after a time, and their derivatives, against 60-digit arithmetic."""
import datetime
import math

import mpmath as mp
import numpy as np
import pytest
from helpers import raises, same_bits
from slow_orbits import CONICS, DIGITS, EPS, derivatives_after, state_after, states

from mathwork._levels import orbit as orbit_kernels
from mathwork.constants import AU, GM_SUN
from mathwork.orbit import KeplerOrbit, State, Transition, propagate

UNITS = 3       # the bound on errors, in roundings of r, v and dt carried to the end of the arc


@pytest.fixture
def propagation(kernels, monkeypatch):
    """propagate() with the kernels of one level"""
    monkeypatch.setattr("mathwork.orbit.propagation.kernels", kernels)
    return propagate


def arcs(rng, n, conics=CONICS):
    """Random states and times from 1e-9 to 1e4 of the time that light orbits take"""
    r, v, mu, kind = states(rng, n, conics)
    time = np.sqrt(np.linalg.norm(r, axis=-1)**3 / mu)
    return r, v, time * 10**rng.uniform(-9, 4, n) * rng.choice([-1, 1], n), mu, kind


def roundings(r, v, dt, mu, end, stm):
    """What a relative error of EPS in r, v and dt, and in the end itself, does to (r, v)"""
    size = [np.linalg.norm(x, axis=-1) for x in (r, v, end[0], end[1])]
    gain = np.linalg.norm(stm.reshape(-1, 2, 3, 2, 3).swapaxes(2, 3), ord=2, axis=(-2, -1))
    moved = gain[:, :, 0] * size[0][:, None] + gain[:, :, 1] * size[1][:, None]
    late = np.stack([size[3], mu / size[2]**2], axis=-1) * np.abs(dt)[:, None]
    return EPS * (moved + late + np.stack(size[2:], axis=-1))


def test_states_are_right_to_the_rounding_of_the_inputs(propagation, rng):
    r, v, dt, mu, kind = arcs(rng, 250)
    found = propagation(r, v, dt, mu=mu, stm=True)
    unit = roundings(r, v, dt, mu, found[:2], found.stm)
    with mp.workdps(DIGITS):
        exact = np.array([[float(x) for x in state_after(r[i], v[i], dt[i], mu[i])]
                          for i in range(len(r))])
    errors = np.stack([np.linalg.norm(found.position - exact[:, :3], axis=-1),
                       np.linalg.norm(found.velocity - exact[:, 3:], axis=-1)], axis=-1)
    worst = (errors / unit).max(axis=-1)
    assert np.all(worst <= UNITS), [(CONICS[kind[i]], worst[i]) for i in np.argsort(worst)[-3:]]


def test_derivatives(propagation, rng):
    r, v, dt, mu, _ = arcs(rng, 24, CONICS[:-1])
    dt = np.clip(dt, *(np.sqrt(np.linalg.norm(r, axis=-1)**3 / mu) * sign for sign in (-9, 9)))
    found = propagation(r, v, dt, mu=mu, stm=True).stm
    for i in range(len(r)):
        with mp.workdps(DIGITS):
            exact = derivatives_after(r[i], v[i], dt[i], mu[i])
        for part in (np.s_[:3, :3], np.s_[:3, 3:], np.s_[3:, :3], np.s_[3:, 3:]):
            np.testing.assert_allclose(found[i][part], exact[part], rtol=0,
                                       atol=1e-11 * np.abs(exact[part]).max())


def test_derivatives_after_many_turns(propagation):
    """The secular term: on a circle, dr / r or dv / v slows the body by thrice as much"""
    turns = 1000
    end = propagation([1.0, 0, 0], [0, 1.0, 0], 2 * np.pi * turns, mu=1.0, stm=True)
    drift = 6 * np.pi * turns
    np.testing.assert_allclose(end.stm[1, [0, 4]], -drift, rtol=1e-9)


def test_the_flow_is_symplectic_and_reversible(propagation, rng):
    r, v, dt, mu, _ = arcs(rng, 200, ("ellipse", "circle", "parabola", "hyperbola"))
    size = np.linalg.norm(r, axis=-1)
    dt = np.clip(dt, -3 * np.sqrt(size**3 / mu), 3 * np.sqrt(size**3 / mu))
    there = propagation(r, v, dt, mu=mu, stm=True)
    back = propagation(*there[:2], -dt, mu=mu, stm=True)
    gain = np.linalg.cond(there.stm * scaled(size, mu))
    np.testing.assert_array_less(
        np.linalg.norm(back.position - r, axis=-1), 1e-14 * size * gain)
    scale = scaled(size, mu)
    form = np.block([[np.zeros((3, 3)), np.eye(3)], [-np.eye(3), np.zeros((3, 3))]])
    M = there.stm * scale
    error = M.swapaxes(1, 2) @ form @ M - form
    assert np.abs(error / (np.linalg.norm(M, axis=(1, 2))**2)[:, None, None]).max() < 1e-14


def scaled(size, mu):
    """The factors that make derivatives pure numbers"""
    time = np.sqrt(size**3 / mu)
    factor = np.ones((len(size), 6, 6))
    factor[:, :3, 3:] /= time[:, None, None]
    factor[:, 3:, :3] *= time[:, None, None]
    return factor


def test_it_agrees_with_the_elements(propagation, rng):
    for e in (0.0, 0.3, 0.99, 1.0, 1.5):
        orbit = KeplerOrbit.from_periapsis(AU, e, 0.4, 1.0, 2.0, 0.3, mu=GM_SUN)
        t = rng.uniform(-3e7, 3e7, 50)
        end = propagation(orbit.position(0.0), orbit.velocity(0.0), t, mu=GM_SUN)
        np.testing.assert_allclose(end.position, orbit.position(t), rtol=0, atol=1e-12 * AU)
        np.testing.assert_allclose(end.velocity, orbit.velocity(t), rtol=0, atol=1e-7)


def test_a_fall_goes_through_the_centre_as_the_limit_of_narrow_ellipses(propagation):
    narrow = propagation([1.0, 0, 0], [0, 1e-9, 0], 0.7, mu=1.0)
    fall = propagation([1.0, 0, 0], [0, 0, 0], 0.7, mu=1.0)
    np.testing.assert_allclose(fall.position, narrow.position, atol=1e-8)
    np.testing.assert_allclose(fall.velocity, narrow.velocity, atol=1e-8)
    assert fall.position[1] == fall.velocity[2] == 0


def test_bits_do_not_depend_on_neighbours_workers_or_shapes(propagation, rng):
    r, v, dt, mu, _ = arcs(rng, 197)
    for stm in (False, True):
        found = propagation(r, v, dt, mu=mu, stm=stm)
        assert type(found) is (Transition if stm else State)
        for part in range(len(found)):
            assert same_bits(propagation(r, v, dt, mu=mu, stm=stm, workers=3)[part], found[part])
            assert same_bits(propagation(r[::-1], v[::-1], dt[::-1], mu=mu[::-1],
                                         stm=stm)[part][::-1].copy(), found[part])
            for i in range(0, 197, 14):
                one = propagation(r[i], v[i], float(dt[i]), mu=float(mu[i]), stm=stm)
                assert same_bits(one[part], found[part][i])
    plain = propagation(r, v, dt, mu=mu)
    assert same_bits(plain.position, found.position)


def test_shapes_broadcast(propagation, rng):
    r, v, _, _, _ = arcs(rng, 5)
    times = rng.uniform(-1, 1, (4, 1))
    found = propagation(r, v, times, mu=1.0, stm=True)
    assert found.position.shape == found.velocity.shape == (4, 5, 3)
    assert found.stm.shape == (4, 5, 6, 6)
    assert same_bits(found.position[2, 3],
                     propagation(r[3], v[3], times[2, 0], mu=1.0).position)
    assert propagation(np.zeros((0, 3)), v[0], 1.0, mu=1.0).position.shape == (0, 3)
    assert propagation([1, 0, 0], [0, 1, 0], np.zeros(0), mu=1.0).velocity.shape == (0, 3)
    found = propagation(np.float32([1, 0, 0]), [0, 1, 0], [[0.0]], mu=1)
    assert found.position.tolist() == [[[1.0, 0.0, 0.0]]]


def test_what_has_no_orbit_is_nan_alone(propagation):
    r = np.array([[1.0, 0, 0]] * 8)
    v, dt, mu = np.array([[0, 1.0, 0]] * 8), np.ones(8), np.ones(8)
    r[1], r[2, 1], v[3, 0], dt[4], mu[5], mu[6] = 0, np.nan, np.inf, -np.inf, 0, -1
    found = propagation(r, v, dt, mu=mu, stm=True)
    for part in found:
        assert np.isnan(part).reshape(8, -1).all(axis=1).tolist() == [False] + [True] * 6 + [False]
    for i, message in ((1, "r must not be the centre, got [0. 0. 0.]"),
                       (2, "r must be finite, got [ 1. nan  0.]"),
                       (3, "v must be finite, got [inf  1.  0.]"),
                       (4, "dt must be finite, got -inf"),
                       (5, "mu must be positive and finite, got 0.0")):
        with raises(ValueError, message):
            propagation(r[i], v[i], dt[i], mu=mu[i])


def test_refused_shapes():
    with raises(ValueError, "r must have shape (..., 3), got (2,)"):
        propagate([1.0, 0], [0, 1.0, 0], 1.0, mu=1.0)
    with raises(ValueError, "v must have shape (..., 3), got ()"):
        propagate([1.0, 0, 0], 1.0, 1.0, mu=1.0)
    with raises(ValueError, "r and dt must have shapes that broadcast, got (2,) and (3,)"):
        propagate(np.ones((2, 3)), np.ones(3), np.ones(3), mu=1.0)
    good = (np.ones((2, 3)), np.ones((1, 3)), np.ones(1), np.ones(1))
    out = np.empty((2, 3)), np.empty((2, 3)), None
    with raises(ValueError, "arrays must have one row, or one for each state"):
        orbit_kernels.propagate_rows((np.ones((3, 3)), *good[1:]), *out, 0, 2)
    with raises(ValueError, "results must be plain arrays with a row for each state"):
        orbit_kernels.propagate_rows(good, out[0], np.empty((3, 3)), None, 0, 2)
    with raises(ValueError, "start and stop must be in order, from 0 to 2"):
        orbit_kernels.propagate_rows(good, *out, 0, 3)


def test_durations():
    day = propagate([AU, 0, 0], [0, 3e4, 0], 86400.0, mu=GM_SUN)
    for dt in (np.timedelta64(1, "D"), datetime.timedelta(days=1), np.timedelta64(86400000, "ms")):
        assert same_bits(propagate([AU, 0, 0], [0, 3e4, 0], dt, mu=GM_SUN).position, day.position)
    many = propagate([AU, 0, 0], [0, 3e4, 0], np.arange(3).astype("m8[D]"), mu=GM_SUN)
    assert same_bits(many.position[1], day.position)
    with raises(TypeError, "dt must be a duration in units from nanoseconds to weeks, got months"):
        propagate([AU, 0, 0], [0, 3e4, 0], np.timedelta64(1, "M"), mu=GM_SUN)


def test_units():
    units = pytest.importorskip("astropy.units")
    from astropy.time import TimeDelta

    plain = propagate([AU, 0, 0], [0, 3e4, 0], 86400.0, mu=GM_SUN)
    for day in (1 * units.day, TimeDelta(1, format="jd")):
        found = propagate([1, 0, 0] * units.au, [0, 30, 0] * units.km / units.s, day,
                          mu=float(GM_SUN) * units.m**3 / units.s**2, stm=True)
        np.testing.assert_allclose(found.position.to_value("m"), plain.position, rtol=1e-15)
        np.testing.assert_allclose(found.velocity.to_value("m/s"), plain.velocity, rtol=1e-15)
        assert type(found.stm) is np.ndarray


@pytest.mark.parametrize("length", [-1000, -700, -520, -460, -200, -100, 100, 200, 460, 520, 1000])
def test_sizes_whose_squares_are_no_numbers(propagation, length):
    # powers of two change no digit: the unit of length and of mu is 2^length, so that of time too
    r, v = np.array([1, 0.25, 0.5]), np.array([[0.25, 0.75, 0.5], [0.25, 1.75, 0.5], [0.5, 0, 0]])
    want = propagation(r, v, 1.25, mu=1.0, stm=True)
    got = propagation(np.ldexp(r, length), v, np.ldexp(1.25, length), mu=math.ldexp(1.0, length),
                      stm=True)
    np.testing.assert_allclose(np.ldexp(got.position, -length), want.position, rtol=2e-15)
    np.testing.assert_allclose(got.velocity, want.velocity, rtol=4e-15)
    np.testing.assert_allclose(got.stm[:, :3, :3], want.stm[:, :3, :3], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(np.ldexp(got.stm[:, :3, 3:], -length), want.stm[:, :3, 3:],
                               rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(np.ldexp(got.stm[:, 3:, :3], length), want.stm[:, 3:, :3],
                               rtol=1e-13, atol=1e-15)
