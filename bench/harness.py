"""Paired timing of two ways to do the same work.

A side is a statement as its user would write it. It is compiled into a loop of its own, as
`timeit` does it, so both sides pay the same few nanoseconds for the loop. The results are compared
first. Then samples are taken in the order A B B A ..., so that a drift of the clock speed falls on
both sides. Each pair gives a ratio; the result is the median of the ratios and its bootstrap
interval.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_LOOP = """
def loop(times, repeat=repeat, clock=clock, {names}):
    start = clock()
    for _ in repeat(None, times):
        {statement}
    return clock() - start
"""


# Processor time leaves out the moments when another program had the CPU. Where its clock ticks
# too coarsely (Windows) the wall clock has to do.
_FINE = time.get_clock_info("process_time").resolution <= 1e-6
CLOCK = time.process_time if _FINE else time.perf_counter


class DisagreementError(Exception):
    """Two sides gave different results, so timing them would mean nothing."""


@dataclass(frozen=True)
class Effort:
    """How long a sample lasts (s), and how long and how often a pair is repeated."""

    sample: float
    budget: float
    least_pairs: int
    most_pairs: int


QUICK = Effort(sample=3e-4, budget=0.15, least_pairs=7, most_pairs=200)
FULL = Effort(sample=1e-3, budget=1.5, least_pairs=25, most_pairs=600)


@dataclass(frozen=True)
class Side:
    """One way to do the work.

    Parameters
    ----------
    statement : str
        What is timed, as a caller would write it.
    names : dict
        The objects the statement names.
    result : callable, optional
        Gives the answer as an array from the statement's value.
    passes : int, optional
        How often one execution of the statement does the work.
    within : callable, optional
        Makes the context manager in which the statement runs.
    """

    statement: str
    names: dict[str, Any]
    result: Callable[[Any], np.ndarray] = np.asarray
    passes: int = 1
    within: Callable[[], AbstractContextManager] = nullcontext

    def answer(self) -> np.ndarray:
        """Do the work once and return its result."""
        with self.within():
            return np.asarray(self.result(eval(self.statement, dict(self.names))))

    def loop(self) -> Callable[[int], float]:
        """Compile the statement into a function from a number of repeats to seconds."""
        source = _LOOP.format(
            names=", ".join(f"{name}={name}" for name in self.names), statement=self.statement
        )
        # Default arguments make every name a local variable of the loop.
        space = {**self.names, "repeat": itertools.repeat, "clock": CLOCK}
        exec(source, space)
        return space["loop"]


@dataclass(frozen=True)
class Rival:
    """A peer's way to do a piece of work, and the ratio wanted against it."""

    peer: str
    side: Callable[[], Side]
    target: float | None = None


@dataclass(frozen=True)
class Work:
    """A piece of work: mathwork's side, its rivals, and how closely results must agree.

    `needs` are the peers without which there is nothing to measure, `section` is the title of
    the table for what has no target, `quick` is false for what a quick run leaves out, and
    `level_target` is the ratio wanted of a level of the kernels against a lower one.
    """

    name: str
    ours: Callable[[], Side]
    rivals: tuple[Rival, ...]
    rtol: float
    atol: float
    needs: tuple[str, ...] = ()
    section: str = "Other peers"
    quick: bool = True
    level_target: float = 0.97


@dataclass(frozen=True)
class Paired:
    """Medians of one paired measurement: seconds, seconds, and their ratio with its interval."""

    ours: float
    theirs: float
    ratio: float
    low: float
    high: float
    pairs: int


@dataclass(frozen=True)
class Comparison:
    """One line of the table titled `section`: a piece of work against one peer.

    `processor` is that of the row, if the report is of another one.
    """

    work: str
    section: str
    peer: str
    target: float | None
    paired: Paired
    noise: float
    statements: tuple[str, str] = field(repr=False)
    processor: str = ""

    @property
    def verdict(self) -> str:
        """Say whether the target is met, or by how much it is missed."""
        if self.target is None:
            return ""
        if self.paired.ratio >= self.target:
            return "met"
        return f"short by {1 - self.paired.ratio / self.target:.1%}"


def compare(ours: Side, theirs: Side, *, rtol: float, atol: float, bits: bool = False) -> None:
    """Raise `DisagreementError` unless both sides give the same result, or even the same bits."""
    expected, given = theirs.answer(), ours.answer()
    if expected.shape != given.shape or expected.dtype != given.dtype:
        raise DisagreementError(
            f"mathwork gives {given.dtype} {given.shape}, the peer {expected.dtype} "
            f"{expected.shape}"
        )
    if bits and given.tobytes() != expected.tobytes():
        raise DisagreementError("the bits of the results differ")
    if not np.allclose(given, expected, rtol=rtol, atol=atol):
        worst = np.max(np.abs(given.astype(float) - expected))
        raise DisagreementError(f"results differ by up to {worst:.3g} (rtol {rtol}, atol {atol})")


def measure(ours: Side, theirs: Side, effort: Effort) -> Paired:
    """Time two sides in alternating order and return the medians.

    Measuring a side against itself gives the noise floor of the same procedure.
    """
    sides = (ours, theirs)
    loops = [side.loop() for side in sides]
    samples: list[tuple[float, float]] = []
    collecting = gc.isenabled()
    gc.disable()
    try:
        repeats = [_calibrate(*pair, effort.sample) for pair in zip(sides, loops, strict=True)]
        began = time.perf_counter()
        while _wants_more(len(samples), time.perf_counter() - began, effort):
            times = [0.0, 0.0]
            for which in (0, 1) if len(samples) % 2 == 0 else (1, 0):
                with sides[which].within():
                    elapsed = loops[which](repeats[which])
                times[which] = elapsed / (repeats[which] * sides[which].passes)
            samples.append((times[0], times[1]))
    finally:
        if collecting:
            gc.enable()
    return _summary(np.array(samples))


def noise_floor(side: Side, effort: Effort) -> float:
    """Return the largest deviation from 1 in the interval of a side against itself."""
    return interval_from_1(measure(side, side, effort))


def interval_from_1(paired: Paired) -> float:
    """Return the larger of the distances from 1 to the ends of the interval."""
    return max(abs(paired.low - 1), abs(paired.high - 1))


def _calibrate(side: Side, loop: Callable[[int], float], sample: float) -> int:
    """Return how many repeats last as long as a sample; warms the side up on the way."""
    times = 1
    with side.within():
        while (elapsed := loop(times)) < sample / 2:
            times *= 2
        elapsed = min(elapsed, loop(times))
    return max(1, round(times * sample / elapsed))


def _wants_more(pairs: int, elapsed: float, effort: Effort) -> bool:
    if pairs < effort.least_pairs:
        return True
    return elapsed < effort.budget and pairs < effort.most_pairs


def _summary(samples: np.ndarray) -> Paired:
    """Reduce (pairs, 2) seconds to medians; the interval is a 95 % bootstrap percentile."""
    ratios = samples[:, 1] / samples[:, 0]
    draws = np.random.default_rng(0).choice(ratios, size=(1000, len(ratios)))
    low, high = np.quantile(np.median(draws, axis=1), (0.025, 0.975))
    ours, theirs = np.median(samples, axis=0)
    return Paired(
        float(ours), float(theirs), float(np.median(ratios)), float(low), float(high), len(ratios)
    )
