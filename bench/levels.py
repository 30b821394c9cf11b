"""One level of the kernels beside another: the same work in two processes that take turns.

A process has one level, which it chooses when it imports mathwork. So every level gets a worker: a
process on the same CPU. It makes a side of the work, and runs its loop when it is asked to, while
the other workers wait. `harness` sees such a side as a `Remote`, and measures it like any other.
The noise is that of one level in two workers, because the place of a process's memory is part of
the difference.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from bench import cases, machine
from bench.harness import Comparison, Effort, Side, Work, compare, interval_from_1, measure

# These have fused multiply-add, and owe each other equal bits.
FUSED = ("v4", "v3")


def supported() -> list[str]:
    """Return the levels that are built and run here, best first."""
    from mathwork import _levels

    return _levels.supported()


# ---- in the worker ----

class _Servant:
    """What a worker does: each public method answers a question of the parent."""

    def __init__(self, level: str):
        os.environ["MATHWORK_LEVEL"] = level
        self.works = {work.name: work for work in cases.works()}
        self.work: Work | None = None
        self.side: Side | None = None
        self.loop: Callable[[int], float] | None = None

    def package(self) -> dict[str, str]:
        """Describe the mathwork of this process."""
        return machine.package()

    def prepare(self, name: str) -> tuple[str, int]:
        """Make the side of a work; return its statement and how many passes that is."""
        self.side = self.loop = None  # frees the memory of the last one
        self.work = self.works[name]
        self.side = self.work.ours()
        self.loop = self.side.loop()
        return self.side.statement, self.side.passes

    def answer(self) -> np.ndarray:
        """Do the work once, from its start, and return its result: a side may hold a generator."""
        return self.work.ours().answer()

    def run(self, times: int) -> float:
        """Return the seconds that so many repeats take."""
        gc.disable()
        try:
            with self.side.within():
                return self.loop(times)
        finally:
            gc.enable()


def _serve(connection, level: str) -> None:
    """Answer questions until the parent closes its end: (answer, None) or (None, what failed)."""
    servant = _Servant(level)
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        while True:
            question, arguments = connection.recv()
            try:
                reply = getattr(servant, question)(*arguments), None
            except Exception:
                reply = None, traceback.format_exc()
            connection.send(reply)


# ---- in the parent ----

class Worker:
    """A process that runs mathwork at one level."""

    def __init__(self, level: str):
        context = multiprocessing.get_context("spawn")  # nothing imported is inherited
        self.level = level
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, level), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, question: str, *arguments: Any) -> Any:
        """Return the worker's answer; `RuntimeError` with its traceback if it has none."""
        try:
            self.connection.send((question, arguments))
            answer, failure = self.connection.recv()
        except (EOFError, BrokenPipeError) as error:
            raise RuntimeError(f"the worker of level {self.level} has ended") from error
        if failure is not None:
            raise RuntimeError(f"the worker of level {self.level} failed:\n{failure}")
        return answer

    def close(self) -> None:
        """End the process."""
        self.connection.close()
        self.process.join()


@dataclass(frozen=True)
class Remote:
    """A side that a worker has prepared, with what `harness` asks of a `Side`."""

    worker: Worker
    statement: str
    passes: int

    @classmethod
    def of(cls, worker: Worker, work: Work) -> Remote:
        """Have the worker make its side of a work."""
        return cls(worker, *worker.ask("prepare", work.name))

    def answer(self) -> np.ndarray:
        """Do the work once and return its result."""
        return self.worker.ask("answer")

    def loop(self) -> Callable[[int], float]:
        """Return the function from a number of repeats to seconds."""
        return lambda times: self.worker.ask("run", times)

    def within(self) -> AbstractContextManager:
        """The worker enters the side's own context."""
        return nullcontext()


@dataclass(frozen=True)
class Team:
    """A worker for every level, best first, and a second one of the best."""

    workers: tuple[Worker, ...]
    twin: Worker

    def package(self) -> dict[str, str]:
        """Describe the mathwork of every worker, field by field."""
        found = [worker.ask("package") for worker in self.workers]
        for worker, package in zip(self.workers, found, strict=True):
            if package["level"] != worker.level:
                raise RuntimeError(f"a worker runs level {package['level']}, "
                                   f"wanted {worker.level}")
        return {field: ", ".join(dict.fromkeys(package[field] for package in found))
                for field in found[0]}

    def comparisons(self, work: Work, effort: Effort) -> Iterator[Comparison]:
        """Compare the results of every two levels, then time them."""
        *sides, twin = (Remote.of(worker, work) for worker in (*self.workers, self.twin))
        pairs = list(combinations(sides, 2))
        for high, low in (*pairs, (sides[0], twin)):
            bits = high.worker.level in FUSED and low.worker.level in FUSED
            compare(high, low, rtol=work.rtol, atol=work.atol, bits=bits)
        noise = interval_from_1(measure(sides[0], twin, effort))
        for high, low in pairs:
            names = high.worker.level, low.worker.level
            yield Comparison(
                f"{work.name}, at {names[0]}",
                "Level {} against level {}".format(*names),
                f"mathwork at {names[1]}",
                work.level_target,
                measure(high, low, effort),
                noise,
                (high.statement, low.statement),
            )


@contextmanager
def team(names: list[str]) -> Iterator[Team]:
    """Start the workers of these levels, best first, and end them."""
    with ExitStack() as stack:
        workers = []
        for name in (*names, names[0]):
            workers.append(Worker(name))
            stack.callback(workers[-1].close)
        yield Team(tuple(workers[:-1]), workers[-1])
