"""Measure how far the orbit through a state misses it, and print the table of docs/accuracy.md.

    python -m bench.states [N]

N states (10^6 by default) of every conic come from tests/slow_orbits.py. An error is that of the
position or velocity at time 0, in units in the last place (2^-52) of the length of the
vector, or of the circular speed if that is larger. It is that of `KeplerOrbit.from_state(r, v,
mu=mu)`, and of the orbit that is made from its elements, a parabola from its periapsis.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from bench.report import aligned

ULP = 2.0**-52
PART = 100_000  # states at a time


def errors(orbits, r: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return the larger of the errors of position and velocity of each orbit, in ulps."""
    now = np.zeros(len(r))
    distance, speed = np.linalg.norm(r, axis=-1), np.linalg.norm(v, axis=-1)
    speed = np.maximum(speed, np.sqrt(orbits.mu / distance))
    return np.maximum(*(np.linalg.norm(found - given, axis=-1) / size
                        for found, given, size in ((orbits.position(now, paired=True), r, distance),
                                                   (orbits.velocity(now, paired=True), v, speed)))
                      ) / ULP


def measured(count: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return names of the conics, the conic of each state, and its errors (2, N)."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from slow_orbits import CONICS, states

    from mathwork.orbit import KeplerOrbit

    random, conics = np.random.default_rng(20), CONICS[:-1]
    kinds, found = [], []
    for start in range(0, count, PART):
        r, v, mu, kind = states(random, min(PART, count - start), conics)
        orbits = KeplerOrbit.from_state(r, v, mu=mu)
        a, e, *angles = orbits.elements()
        again = np.empty(len(r))
        for which, kept in ((e != 1, a), (e == 1, orbits.periapsis)):
            make = KeplerOrbit if kept is a else KeplerOrbit.from_periapsis
            again[which] = errors(make(kept[which], e[which], *(x[which] for x in angles),
                                       mu=mu[which]), r[which], v[which])
        kinds.append(kind)
        found.append(np.stack([errors(orbits, r, v), again]))
    return list(conics), np.concatenate(kinds), np.concatenate(found, axis=1)


def main() -> None:
    """Measure and print."""
    import warnings

    from mathwork.orbit import UnitsWarning

    warnings.simplefilter("ignore", UnitsWarning)
    names, kinds, found = measured(int(float(sys.argv[1])) if sys.argv[1:] else 10**6)
    rows = []
    for k, name in enumerate(names):
        part = found[:, kinds == k]
        rows.append([name, f"{part.shape[1]:,}", *(
            f"{f(each):.3g}" for each in part for f in (np.nanmedian, np.nanmax))])
    print(aligned(["conic", "states", "the orbit, median", "worst", "of its elements, median",
                   "worst"], rows))


if __name__ == "__main__":
    main()
