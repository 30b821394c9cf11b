"""Numbers with a limit instead of a peer: the time of a call, of the import, the size."""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import elimination, forward, orbit, tables, training
from bench.harness import CLOCK, Effort, measure

IMPORTS = 7  # fresh interpreters; their median

_TIME_IMPORT = f"""
from time import {CLOCK.__name__} as clock
import numpy
start = clock()
{{}}
print(clock() - start)
"""


@dataclass(frozen=True)
class Limit:
    """A quantity with its unit and the value it must not pass."""

    name: str
    unit: str
    limit: float
    value: Callable[[Effort], float]


@dataclass(frozen=True)
class Reading:
    """A measured quantity beside its limit; `processor` as in a Comparison."""

    name: str
    unit: str
    limit: float
    value: float
    processor: str = ""

    @property
    def verdict(self) -> str:
        """Say whether the value keeps the limit, or by how much it passes it."""
        if self.value <= self.limit:
            return "met"
        return f"over by {self.value / self.limit - 1:.1%}"


def _call_time(effort: Effort) -> float:
    side = forward.ours((4, 32, 32, 2), rows=1)
    return 1e6 * measure(side, side, effort).ours


def _import_time(statement: str, effort: Effort) -> float:
    command = [sys.executable, "-c", _TIME_IMPORT.format(statement)]
    times = [
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(IMPORTS)
    ]
    return 1e3 * statistics.median(times)


def _wheel_size(effort: Effort) -> float:
    """Compress the installed files as a wheel does."""
    import mathwork

    folder = Path(mathwork.__file__).parent
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.rglob("*"):
            if file.is_file() and file.suffix != ".pyc":
                archive.write(file, file.relative_to(folder))
    return len(wheel.getvalue()) / 1e6


LIMITS = (
    Limit("one call of a 4-32-32-2 network on a float32 row", "us", 0.4, _call_time),
    Limit("solve_kepler, an ellipse among 1e6", "ns", 20, orbit.kepler_time),
    Limit("circular_speed of two numbers", "us", 0.25, orbit.speed_time),
    *(Limit(f"the slowest of inv, det and solve, one {n}x{n} of 100,000", "ns", most,
            partial(elimination.slowest, n)) for n, most in elimination.SLOWEST.items()),
    Limit("an epoch of training 4-32-16-4, tanh, 10,000 rows in one batch, Adam", "ms",
          training.FULL_BATCH_LIMIT, training.epoch_time),
    Limit("training a 64-64-10 network to 97 % of unseen digits", "s", training.DIGITS_LIMIT,
          training.digits_time),
    Limit("mathwork fit, a line through a CSV of 1,000,000 rows", "s", tables.FIT_LIMIT,
          tables.fit_time),
    Limit("its memory", "MB", tables.MEMORY_LIMIT, tables.fit_memory),
    Limit("mathwork orbit, a CSV of 100,000 rows", "s", tables.ORBIT_LIMIT, tables.orbit_time),
    Limit("import mathwork, after NumPy", "ms", 30, partial(_import_time, "import mathwork")),
    Limit("import of all that mathwork offers, after NumPy", "ms", 30,
          partial(_import_time, "from mathwork import *")),
    Limit("the installed files, compressed as in a wheel", "MB", 3, _wheel_size),
)


def read(limit: Limit, effort: Effort) -> Reading:
    """Measure one quantity."""
    return Reading(limit.name, limit.unit, limit.limit, limit.value(effort))
