"""Optimisers and learning rates: what `train` is given, checked, as the kernels take it."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._arguments import choice, count, flag, number, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

FIRST_ORDER = ("sgd", "adam", "adamw")
MOST_EPOCHS = 2**40     # each has a rate and a loss in memory
WHOLE_DATA = ("lbfgs", "levenberg_marquardt")       # every step sees all rows
OPTIMIZERS = FIRST_ORDER + WHOLE_DATA

# The factor of the learning rate in an epoch, by the part of all epochs that has passed.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "linear": lambda passed: 1 - passed,
    "cosine": lambda passed: 0.5 * (1 + math.cos(math.pi * passed)),
}


class Settings(NamedTuple):
    """How a network learns."""

    optimizer: str
    rates: NDArray[np.float64]          # one for each epoch
    weight_decay: float
    momentum: float
    nesterov: bool
    beta1: float
    beta2: float
    eps: float
    batch_size: int | None              # None: all rows
    patience: int                       # -1: never stop early
    tolerance: float
    shuffle: bool

    @property
    def epochs(self) -> int:
        return len(self.rates)

    def rule(self) -> dict[str, Any]:
        """What the kernels' first-order optimisers are given."""
        return {"decay": self.weight_decay, "momentum": self.momentum, "nesterov": self.nesterov,
                "beta1": self.beta1, "beta2": self.beta2, "eps": self.eps}


def settings(*, optimizer: str, learning_rate: float, weight_decay: float | None, momentum: float,
             nesterov: bool, beta1: float, beta2: float, eps: float, batch_size: int | None,
             epochs: int, patience: int | None, tolerance: float, shuffle: bool,
             schedule: str | Callable[[int], float] | None) -> Settings:
    """Return the checked settings."""
    optimizer = choice(optimizer, "optimizer", OPTIMIZERS)
    momentum = number(momentum, "momentum", least=0.0, below=1.0)
    nesterov = flag(nesterov, "nesterov")
    if nesterov and not momentum:
        raise ValueError("nesterov needs a momentum above 0")
    if momentum and optimizer != "sgd":
        raise ValueError(f"momentum is for sgd; {optimizer} has none")
    weight_decay = (0.01 if optimizer == "adamw" else 0.0) if weight_decay is None else number(
        weight_decay, "weight_decay", least=0.0)
    if weight_decay and optimizer == "levenberg_marquardt":
        raise ValueError("weight_decay is for the other optimizers; levenberg_marquardt has none")
    epochs = count(epochs, "epochs", 0, MOST_EPOCHS)
    rate = number(learning_rate, "learning_rate", above=0.0)
    return Settings(
        optimizer, rate * factors(schedule, epochs),
        weight_decay, momentum, nesterov,
        number(beta1, "beta1", least=0.0, below=1.0), number(beta2, "beta2", least=0.0, below=1.0),
        number(eps, "eps", above=0.0),
        None if batch_size is None else count(batch_size, "batch_size"),
        -1 if patience is None else count(patience, "patience", 0),
        number(tolerance, "tolerance", least=0.0), flag(shuffle, "shuffle"))


def factors(schedule: str | Callable[[int], float] | None, epochs: int) -> NDArray[np.float64]:
    """Return the factor of the learning rate in every epoch."""
    found = np.ones(epochs)         # before a loop over them: there may be no memory for so many
    if schedule is None:
        return found
    if isinstance(schedule, str):
        if schedule not in SCHEDULES:
            raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}, or a function of "
                             f"the epoch, got {shown(schedule)}")
        factor = SCHEDULES[schedule]
        for epoch in range(epochs):
            found[epoch] = factor(epoch / epochs)
        return found
    if not callable(schedule):
        raise TypeError("schedule must be a name or a function of the epoch that returns a factor, "
                        f"got {type(schedule).__name__}")
    for epoch in range(epochs):
        found[epoch] = number(schedule(epoch), "schedule(epoch)", least=0.0)
    return found
