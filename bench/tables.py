"""The command on tables: a CSV of 1,000,000 rows into a fit, and orbits of 100,000 rows."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from bench.harness import Effort

FIT_ROWS, ORBIT_ROWS = 1_000_000, 100_000
FIT_LIMIT, MEMORY_LIMIT, ORBIT_LIMIT = 2, 200, 1       # s, MB, s
RUNS = 5  # processes; their median

# The time and the largest memory of a command, start and imports included.
_MEASURE = """
import resource, subprocess, sys, time
start = time.perf_counter()
subprocess.run([sys.executable, "-m", "mathwork", *sys.argv[1:]], check=True,
               stdout=subprocess.DEVNULL)
print(time.perf_counter() - start)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)     # KB on Linux
"""


def fit_time(effort: Effort) -> float:
    """Seconds of mathwork fit: read the columns x and y, fit a line, write its table."""
    return _measured("fit", str(_points()), "--y", "y", "--x", "x")[0]


def fit_memory(effort: Effort) -> float:
    """MB of the same."""
    return _measured("fit", str(_points()), "--y", "y", "--x", "x")[1]


def orbit_time(effort: Effort) -> float:
    """Seconds of mathwork orbit: read a table with gaps, write it with the orbits."""
    table = _planets()
    return _measured("orbit", str(table), "--star-mass", "mass:Msun", "--radius", "a:au",
                     "--period", "P:d", "-o", str(table.with_name("orbits.csv")))[0]


def _measured(*command: str) -> tuple[float, float]:
    runs = [subprocess.run([sys.executable, "-c", _MEASURE, *command], check=True,
                           capture_output=True, text=True).stdout.split() for _ in range(RUNS)]
    seconds, memory = zip(*runs, strict=True)
    return statistics.median(map(float, seconds)), statistics.median(map(float, memory))


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@cache
def _points() -> Path:
    """A number, x, z and y in each row, all digits written out: 65 MB."""
    random = np.random.default_rng(0)
    x, z, noise = random.normal(size=(3, FIT_ROWS))
    path = Path(_folder().name) / "points.csv"
    with path.open("w") as file:
        file.write("t,x,z,y\n")
        columns = (range(FIT_ROWS), x.tolist(), z.tolist(), (2 * x - z + noise).tolist())
        file.writelines(f"{t},{a!r},{b!r},{c!r}\n" for t, a, b, c in zip(*columns, strict=True))
    return path


@cache
def _planets() -> Path:
    """A name, a mass, and a radius or a period in each row: as catalogues are."""
    random = np.random.default_rng(0)
    masses, radii = random.lognormal(size=(2, ORBIT_ROWS)).round(4).tolist()
    path = Path(_folder().name) / "planets.csv"
    with path.open("w") as file:
        file.write("name,P,a,mass\n")
        file.writelines(
            f"planet {k},{'' if k % 3 else 365.25 * radius},{radius if k % 3 else ''},{mass}\n"
            for k, (mass, radius) in enumerate(zip(masses, radii, strict=True)))
    return path
