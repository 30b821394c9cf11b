"""Every piece of work there is to measure, and the choice of some of it by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench import (
    activations,
    derivatives,
    digits,
    elimination,
    factors,
    forward,
    orbit,
    products,
    regression_batches,
    regression_line,
    regression_linear,
    training,
    weights,
)
from bench.harness import Work

MODULES = (forward, digits, activations, products, elimination, factors, regression_line,
           regression_linear, regression_batches, orbit, weights, training,
           derivatives)


def works() -> Iterator[Work]:
    """Yield every work of every case file."""
    for module in MODULES:
        yield from module.works()


def chosen(only: list[str]) -> Iterator[Work]:
    """Yield the works whose name is asked for, and of the others the peers asked for."""
    for work in works():
        if matches(work.name, only):
            yield work
        elif rivals := tuple(rival for rival in work.rivals if matches(rival.peer, only)):
            yield replace(work, rivals=rivals)


def matches(name: str, only: list[str]) -> bool:
    """Say whether a name has one of the parts in it; every name has where there are none."""
    return not only or any(part.lower() in name.lower() for part in only)
