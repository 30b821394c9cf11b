"""Orbits: circular speeds, Kepler's equation, states, and many orbits at many times."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

import numpy as np

from bench import peers
from bench.harness import Effort, Rival, Side, Work, measure

SIZE = 1_000_000
LEVEL_TARGET = 1.15  # of Kepler's equation for many, at a level against a lower one
SECTION = "Orbits beside formulas in NumPy, astropy and solvers of Kepler's equation"
ORBITS, TIMES = 1000, 1000
FEW = 10_000        # elements that a peer solves one at a time, in a loop of Python

GRAVITATION = 6.67430e-11  # CODATA 2022
GM_SUN = 1.3271244e20  # IAU 2015
AU = 149597870700.0

# Formulas of a few operations each; Kepler's equation loses digits in every solver that forms
# E - e sin E, so peers agree to the condition of the inputs below.
TOLERANCE = {"rtol": 1e-9, "atol": 0.0}


def works() -> Iterator[Work]:
    """Yield every case of the table, then those without a target."""
    yield Work("circular_speed, 1e6", _speed, (Rival(peers.NUMPY, _speed_numpy, 1.6),),
               **TOLERANCE)
    yield Work("circular_speed, 10 radii", partial(_speed, 10),
               (Rival(peers.NUMPY, partial(_speed_numpy, 10)),), **TOLERANCE, section=SECTION)
    yield Work("circular_speed, 1e6, with units", _speed_of_quantities,
               (Rival(peers.ASTROPY, _speed_astropy),), **TOLERANCE, section=SECTION,
               needs=(peers.ASTROPY,))
    yield Work("orbit_table, 1e6", _table, (Rival(peers.NUMPY, _table_numpy),), **TOLERANCE,
               section=SECTION)
    yield Work("semimajor_axis, 1e6", _axis, (Rival(peers.NUMPY, _axis_numpy),), **TOLERANCE,
               section=SECTION)
    yield Work("solve_kepler, 1e6, a different eccentricity each", _kepler,
               (Rival(peers.NUMPY, _kepler_numpy), Rival(peers.HEYOKA, _kepler_heyoka)),
               **TOLERANCE, section=SECTION, level_target=LEVEL_TARGET)
    yield Work("solve_kepler, 1e6, one eccentricity", _kepler_of_one,
               (Rival(peers.FAST_KEPLER, _kepler_fast),), **TOLERANCE, section=SECTION,
               level_target=LEVEL_TARGET)
    yield Work(f"solve_kepler, {FEW:,} one at a time", _kepler_one_by_one,
               (Rival(peers.REBOUND, _kepler_rebound),), **TOLERANCE, section=SECTION)
    yield Work(f"positions of {ORBITS} orbits at {TIMES} times", _positions,
               (Rival(peers.NUMPY, _positions_numpy),), rtol=1e-7, atol=1e-3 * AU * 1e-6,
               section=SECTION)
    yield Work("solve_kepler with its parts, 1e6", _parts, (Rival(peers.NUMPY, _parts_numpy),),
               **TOLERANCE, section=SECTION)
    yield Work("KeplerOrbit.from_state, 1e6", _from_state,
               (Rival(peers.NUMPY, _from_state_numpy),), rtol=1e-7, atol=1e-7, section=SECTION)
    yield Work("propagate, 1e6 ellipses", _propagate, (Rival(peers.HEYOKA, _propagate_heyoka),),
               rtol=1e-7, atol=1e3, section=SECTION)


# ---- circular orbits ----

def radii(size: int = SIZE) -> np.ndarray:
    return AU * np.random.default_rng(5).uniform(0.3, 40, size)


def masses() -> np.ndarray:
    return 10 ** np.random.default_rng(6).uniform(20, 28, SIZE)


def _speed(size: int = SIZE) -> Side:
    from mathwork.orbit import circular_speed

    return Side("circular_speed(r, star_mass=M)",
                {"circular_speed": circular_speed, "r": radii(size), "M": 1.988e30})


def _speed_numpy(size: int = SIZE) -> Side:
    return Side("np.sqrt(G * M / r)",
                {"np": np, "G": GRAVITATION, "M": 1.988e30, "r": radii(size)})


def _speed_of_quantities() -> Side:
    from astropy import units

    from mathwork.orbit import circular_speed

    return Side("circular_speed(r, star_mass=M)",
                {"circular_speed": circular_speed, "r": radii() * units.m,
                 "M": 1.988e30 * units.kg}, lambda speed: speed.to_value("m/s"))


def _speed_astropy() -> Side:
    from astropy import units

    names = {"np": np, "G": GRAVITATION * units.m**3 / units.kg / units.s**2,
             "M": 1.988e30 * units.kg, "r": radii() * units.m}
    return Side("np.sqrt(G * M / r)", names, lambda speed: speed.to_value("m/s"))


def _table() -> Side:
    from mathwork.orbit import orbit_table

    return Side("orbit_table(M, m, r)",
                {"orbit_table": orbit_table, "M": 1.988e30, "m": masses(), "r": radii()},
                lambda table: np.stack([table.force, table.speed, table.period,
                                        table.angular_speed, table.escape_speed, table.energy,
                                        table.hill_radius]))


def columns(M: float, m: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, ...]:
    """Compute every column of the table as its formula stands in a textbook."""
    mu = GRAVITATION * M
    v = np.sqrt(mu / r)
    return (mu * m / r**2, v, 2 * np.pi * r / v, v / r, np.sqrt(2 * mu / r), -mu * m / (2 * r),
            r * np.cbrt(m / (3 * M)))


def _table_numpy() -> Side:
    return Side("columns(M, m, r)",
                {"columns": columns, "M": 1.988e30, "m": masses(), "r": radii()}, np.stack)


def periods() -> np.ndarray:
    return 2 * np.pi * np.sqrt(radii() ** 3 / GM_SUN)


def _axis() -> Side:
    from mathwork.orbit import semimajor_axis

    return Side("semimajor_axis(P, mu=GM)",
                {"semimajor_axis": semimajor_axis, "P": periods(), "GM": GM_SUN})


def _axis_numpy() -> Side:
    return Side("np.cbrt(GM * (P / (2 * np.pi)) ** 2)", {"np": np, "P": periods(), "GM": GM_SUN})


# ---- any orbit ----

def anomalies(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean anomalies and eccentricities, each element with its own."""
    random = np.random.default_rng(7)
    return random.uniform(-np.pi, np.pi, n), random.uniform(0, 0.99, n)


def newton(M: np.ndarray, e: np.ndarray) -> np.ndarray:
    """Solve by Newton's iteration on whole arrays, until the last element has converged."""
    E = M + np.copysign(0.85 * e, M)  # Danby 1987
    for _ in range(50):
        step = (E - e * np.sin(E) - M) / (1 - e * np.cos(E))
        E = E - step
        if np.max(np.abs(step)) < 1e-14:
            break
    return E


def wrapped(E) -> np.ndarray:
    """Return anomalies without their whole turns, which not every peer keeps."""
    return np.remainder(E, 2 * np.pi)


def _kepler() -> Side:
    from mathwork.orbit import solve_kepler

    M, e = anomalies(SIZE)
    return Side("solve_kepler(M, e)", {"solve_kepler": solve_kepler, "M": M, "e": e})


def _kepler_numpy() -> Side:
    M, e = anomalies(SIZE)
    return Side("newton(M, e)", {"newton": newton, "M": M, "e": e})


def _kepler_heyoka() -> Side:
    import heyoka

    e, M = heyoka.make_vars("e", "M")
    columns = np.stack(anomalies(SIZE)[::-1])
    names = {"kepE": heyoka.cfunc([heyoka.kepE(e, M)], [e, M]), "columns": columns,
             "out": np.empty((1, SIZE))}
    return Side("kepE(columns, outputs=out)", names, lambda E: _signed(E[0]))


def _signed(E: np.ndarray) -> np.ndarray:
    """Return anomalies between -pi and pi."""
    return np.remainder(E + np.pi, 2 * np.pi) - np.pi


def _kepler_of_one() -> Side:
    from mathwork.orbit import solve_kepler

    return Side("solve_kepler(M, e)",
                {"solve_kepler": solve_kepler, "M": anomalies(SIZE)[0], "e": 0.3}, wrapped)


def _kepler_fast() -> Side:
    from fast_kepler import kepler_array

    return Side("kepler_array(M, e)",
                {"kepler_array": kepler_array, "M": anomalies(SIZE)[0], "e": 0.3}, wrapped)


def _kepler_one_by_one() -> Side:
    from mathwork.orbit import solve_kepler

    M, e = (values.tolist() for values in anomalies(FEW))
    return Side("[solve_kepler(*pair) for pair in zip(M, e)]",
                {"solve_kepler": solve_kepler, "M": M, "e": e}, wrapped)


def _kepler_rebound() -> Side:
    from rebound import M_to_E

    M, e = (values.tolist() for values in anomalies(FEW))
    return Side("[M_to_E(*pair) for pair in zip(e, M)]", {"M_to_E": M_to_E, "M": M, "e": e},
                wrapped)


def orbits() -> tuple[np.ndarray, ...]:
    """Return a, e, i, Omega, omega and M0 of orbits between Mercury's and Neptune's."""
    random = np.random.default_rng(8)
    return (AU * random.uniform(0.4, 30, ORBITS), random.uniform(0, 0.9, ORBITS),
            *random.uniform(0, 3, (4, ORBITS)))


def times() -> np.ndarray:
    return np.linspace(0, 1e9, TIMES)


def _positions() -> Side:
    from mathwork.orbit import KeplerOrbit

    return Side("orbit.position(t)",
                {"orbit": KeplerOrbit(*orbits(), mu=GM_SUN), "t": times()})


def positions(a, e, i, Omega, omega, M0, t) -> np.ndarray:
    """Do the same on whole arrays, by Newton's iteration and the rotation of the plane."""
    a, e, i, Omega, omega, M0 = (value[:, None] for value in (a, e, i, Omega, omega, M0))
    M = np.remainder(M0 + np.sqrt(GM_SUN / a**3) * t + np.pi, 2 * np.pi) - np.pi
    E = newton(M, e)
    x, y = a * (np.cos(E) - e), a * np.sqrt(1 - e**2) * np.sin(E)
    node = (np.cos(Omega), np.sin(Omega))
    peri = (np.cos(omega), np.sin(omega))
    tilt = (np.cos(i), np.sin(i))
    return np.stack([
        x * (node[0] * peri[0] - node[1] * peri[1] * tilt[0])
        - y * (node[0] * peri[1] + node[1] * peri[0] * tilt[0]),
        x * (node[1] * peri[0] + node[0] * peri[1] * tilt[0])
        + y * (node[0] * peri[0] * tilt[0] - node[1] * peri[1]),
        x * (peri[1] * tilt[1]) + y * (peri[0] * tilt[1])], axis=-1)


def _positions_numpy() -> Side:
    a, e, i, Omega, omega, M0 = orbits()
    names = {"positions": positions, "a": a, "e": e, "i": i, "Omega": Omega, "omega": omega,
             "M0": M0, "t": times()}
    return Side("positions(a, e, i, Omega, omega, M0, t)", names)


# ---- states ----

def _parts() -> Side:
    from mathwork.orbit import solve_kepler

    M, e = anomalies(SIZE)
    return Side("solve_kepler(M, e, parts=True)",
                {"solve_kepler": solve_kepler, "M": M, "e": e}, lambda parts: np.stack(parts[:4]))


def parts(M: np.ndarray, e: np.ndarray) -> tuple[np.ndarray, ...]:
    """Compute the anomaly, sine and cosine of the true one and the slope by M as they stand."""
    E = newton(M, e)
    slope = 1 / (1 - e * np.cos(E))
    return E, np.sqrt(1 - e**2) * np.sin(E) * slope, (np.cos(E) - e) * slope, slope


def _parts_numpy() -> Side:
    M, e = anomalies(SIZE)
    return Side("parts(M, e)", {"parts": parts, "M": M, "e": e}, np.stack)


@cache
def ellipses() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return positions and velocities on ellipses of any direction, and times of a few turns."""
    from mathwork.orbit import KeplerOrbit

    random = np.random.default_rng(9)
    a = AU * random.uniform(0.4, 30, SIZE)
    orbits = KeplerOrbit(a, random.uniform(0, 0.9, SIZE), random.uniform(0.1, 3, SIZE),
                         *random.uniform(0.1, 6, (2, SIZE)), random.uniform(-3, 3, SIZE), mu=GM_SUN)
    now = np.zeros(SIZE)
    return (orbits.position(now, paired=True), orbits.velocity(now, paired=True),
            orbits.period * random.uniform(-3, 3, SIZE))


def _from_state() -> Side:
    from mathwork.orbit import KeplerOrbit

    r, v, _ = ellipses()
    return Side("from_state(r, v, mu=GM)",
                {"from_state": KeplerOrbit.from_state, "r": r, "v": v, "GM": GM_SUN},
                lambda orbit: np.stack((orbit.a / AU, orbit.e, orbit.i, orbit.Omega, orbit.omega)))


def elements(r: np.ndarray, v: np.ndarray, mu: float) -> tuple[np.ndarray, ...]:
    """Compute a, e, i, Omega, omega and M of ellipses as a textbook has them."""
    size = np.sqrt(np.sum(r * r, axis=-1))
    h, sigma = np.cross(r, v), np.sum(r * v, axis=-1)
    a = 1 / (2 / size - np.sum(v * v, axis=-1) / mu)
    to_periapsis = np.cross(v, h) / mu - r / size[:, None]
    e = np.sqrt(np.sum(to_periapsis**2, axis=-1))
    i = np.arccos(h[:, 2] / np.sqrt(np.sum(h * h, axis=-1)))
    Omega = np.arctan2(h[:, 0], -h[:, 1]) % (2 * np.pi)
    along = to_periapsis[:, 0] * np.cos(Omega) + to_periapsis[:, 1] * np.sin(Omega)
    omega = np.arctan2(to_periapsis[:, 2] / np.sin(i), along) % (2 * np.pi)
    E = np.arctan2(sigma / np.sqrt(mu * a), 1 - size / a)
    return a, e, i, Omega, omega, E - e * np.sin(E)


def _from_state_numpy() -> Side:
    r, v, _ = ellipses()
    return Side("elements(r, v, GM)", {"elements": elements, "r": r, "v": v, "GM": GM_SUN},
                lambda found: np.stack((found[0] / AU, *found[1:5])))


def _propagate() -> Side:
    from mathwork.orbit import propagate

    r, v, t = ellipses()
    return Side("propagate(r, v, t, mu=GM)",
                {"propagate": propagate, "r": r, "v": v, "t": t, "GM": GM_SUN},
                lambda state: np.concatenate([state.position.T, state.velocity.T * AU / 3e4]))


def _propagate_heyoka() -> Side:
    import heyoka

    names = heyoka.make_vars("x", "y", "z", "u", "v", "w", "t")
    position, velocity = heyoka.model.lagrange_prop(pos0=names[:3], vel0=names[3:6],
                                                    mu=heyoka.expression(GM_SUN), tm=names[6])
    r, v, t = ellipses()
    return Side("kepler(columns, outputs=out)",
                {"kepler": heyoka.cfunc([*position, *velocity], names),
                 "columns": np.ascontiguousarray(np.concatenate([r.T, v.T, t[None]])),
                 "out": np.empty((6, SIZE))},
                lambda state: np.concatenate([state[:3], state[3:] * AU / 3e4]))


# ---- without a peer ----

def kepler_time(effort: Effort) -> float:
    """Return the nanoseconds that solve_kepler takes for an ellipse among many."""
    side = _kepler()
    return 1e9 / SIZE * measure(side, side, effort).ours


def speed_time(effort: Effort) -> float:
    """Return the microseconds that circular_speed of two numbers takes."""
    from mathwork.orbit import circular_speed

    side = Side("circular_speed(r, star_mass=M)",
                {"circular_speed": circular_speed, "r": AU, "M": 1.988e30})
    return 1e6 * measure(side, side, effort).ours
