"""Slow twins of orbits in 60-digit arithmetic, and state vectors of every conic."""
import mpmath as mp
import numpy as np

DIGITS = 60
EPS = 2.0**-52


def universal(chi, alpha):
    """U0, U1, U2, U3: Battin 1999, section 4.5"""
    root = mp.sqrt(abs(alpha))
    y = root * chi
    if alpha == 0 or abs(y) < mp.mpf(10)**-12:
        square = alpha * chi**2
        return [chi**k * sum((-square)**n / mp.factorial(2 * n + k) for n in range(4))
                for k in range(4)]
    if alpha > 0:
        return [mp.cos(y), mp.sin(y) / root, (1 - mp.cos(y)) / alpha,
                (y - mp.sin(y)) / (alpha * root)]
    return [mp.cosh(y), mp.sinh(y) / root, (1 - mp.cosh(y)) / alpha,
            (y - mp.sinh(y)) / (alpha * root)]


def state_after(r, v, dt, mu):
    """Return the six numbers of the state after dt; all arguments are exact."""
    r, v = ([mp.mpf(x) for x in vector] for vector in (r, v))
    dt, mu = mp.mpf(dt), mp.mpf(mu)
    r0, sigma = mp.sqrt(mp.fdot(r, r)), mp.fdot(r, v) / mp.sqrt(mu)
    alpha, wanted = 2 / r0 - mp.fdot(v, v) / mu, mp.sqrt(mu) * dt
    if alpha > 0:
        turn = 2 * mp.pi / alpha**mp.mpf(1.5)
        wanted -= mp.nint(wanted / turn) * turn

    def excess(chi):
        U = universal(chi, alpha)
        return r0 * U[1] + sigma * U[2] + U[3] - wanted, r0 * U[0] + sigma * U[1] + U[2]

    low, high = -mp.sqrt(r0), mp.sqrt(r0)
    while excess(high)[0] < 0:
        high *= 2
    while excess(low)[0] > 0:
        low *= 2
    chi = (low + high) / 2
    for _ in range(1000):           # Newton's steps inside a bracket that shrinks
        value, slope = excess(chi)
        low, high = (low, chi) if value > 0 else (chi, high)
        new = chi - value / slope if slope else low
        if not low < new < high:
            new = (low + high) / 2
        done = abs(new - chi) <= mp.mpf(10)**-50 * max(abs(chi), mp.mpf(10)**-25 * mp.sqrt(r0))
        chi = new
        if done:
            break
    U = universal(chi, alpha)
    end = r0 * U[0] + sigma * U[1] + U[2]
    F, G = 1 - U[2] / r0, (r0 * U[1] + sigma * U[2]) / mp.sqrt(mu)
    Ft, Gt = -mp.sqrt(mu) * U[1] / (end * r0), 1 - U[2] / end
    return [F * a + G * b for a, b in zip(r, v, strict=True)] + [
        Ft * a + Gt * b for a, b in zip(r, v, strict=True)]


def derivatives_after(r, v, dt, mu):
    """Return the 6 by 6 derivatives of state_after(), from differences of 20 digits fewer."""
    start = [mp.mpf(x) for x in (*r, *v)]
    columns = []
    for k in range(6):
        part = start[:3] if k < 3 else start[3:]
        h = mp.sqrt(mp.fdot(part, part)) * mp.mpf(10)**-18
        ends = []
        for sign in (1, -1):
            moved = list(start)
            moved[k] += sign * h
            ends.append(state_after(moved[:3], moved[3:], dt, mu))
        columns.append([float((a - b) / (2 * h)) for a, b in zip(*ends, strict=True)])
    return np.array(columns).T


CONICS = ("ellipse", "long ellipse", "circle", "parabola", "nearly parabola", "hyperbola",
          "fast hyperbola", "fall")


def states(rng, n, conics=CONICS):
    """Return r (n, 3), v (n, 3), mu (n,) of random orbits, and the index of each one's conic."""
    kind = rng.integers(0, len(conics), n)
    names = np.array(conics)[kind]

    def unit(vector):
        return vector / np.linalg.norm(vector, axis=-1, keepdims=True)

    r, side = unit(rng.normal(size=(n, 3))), unit(rng.normal(size=(n, 3)))
    side = unit(side - r * np.sum(r * side, axis=-1, keepdims=True))
    decade = rng.uniform(-16, -1, n)
    # v^2 in units of mu / |r|: 2 is a parabola
    square = np.select(
        [names == name for name in CONICS],
        [rng.uniform(0.01, 1.99, n), 2 - 10**decade, 1 + 10**decade, np.full(n, 2.0),
         2 + rng.choice([-1, 1], n) * 10**decade, 2 + rng.uniform(0, 8, n),
         10**rng.uniform(1, 6, n), rng.uniform(0.1, 4, n)])
    angle = np.where(names == "circle", 10**decade * rng.choice([-1, 1], n),
                     rng.uniform(-1.55, 1.55, n))
    v = np.sqrt(square)[:, None] * (np.sin(angle)[:, None] * r + np.cos(angle)[:, None] * side)
    v[names == "fall"] = (np.sqrt(square)[:, None] * r)[names == "fall"]
    size, mu = 10**rng.uniform(3, 13, n), 10**rng.uniform(5, 22, n)
    return r * size[:, None], v * np.sqrt(mu / size)[:, None], mu, kind
