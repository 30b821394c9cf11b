"""Optimisers and learning rates: what `train` is given, checked, as the kernels take it."""
from __future__ import annotations

import math
import operator
from numbers import Real
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

FIRST_ORDER = ("sgd", "adam", "adamw")
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
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, got {optimizer!r}")
    if nesterov and not momentum:
        raise ValueError("nesterov needs a momentum above 0")
    if momentum and optimizer != "sgd":
        raise ValueError(f"momentum is for sgd; {optimizer} has none")
    if weight_decay is None:
        weight_decay = 0.01 if optimizer == "adamw" else 0.0
    if weight_decay and optimizer == "levenberg_marquardt":
        raise ValueError("weight_decay is for the other optimizers; levenberg_marquardt has none")
    epochs = at_least("epochs", epochs, 0)
    rate = number("learning_rate", learning_rate, above=0.0)
    return Settings(
        optimizer, rate * factors(schedule, epochs),
        number("weight_decay", weight_decay, least=0.0),
        number("momentum", momentum, least=0.0, below=1.0), bool(nesterov),
        number("beta1", beta1, least=0.0, below=1.0), number("beta2", beta2, least=0.0, below=1.0),
        number("eps", eps, above=0.0),
        None if batch_size is None else at_least("batch_size", batch_size, 1),
        -1 if patience is None else at_least("patience", patience, 0),
        number("tolerance", tolerance, least=0.0), bool(shuffle))


def factors(schedule: str | Callable[[int], float] | None, epochs: int) -> NDArray[np.float64]:
    """Return the factor of the learning rate in every epoch."""
    if schedule is None:
        return np.ones(epochs)
    if isinstance(schedule, str):
        if schedule not in SCHEDULES:
            raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}, or a function of "
                             f"the epoch, got {schedule!r}")
        factor = SCHEDULES[schedule]
        return np.array([factor(epoch / epochs) for epoch in range(epochs)], np.float64)
    if not callable(schedule):
        raise TypeError("schedule must be a name or a function of the epoch that returns a factor, "
                        f"got {type(schedule).__name__}")
    return np.array([number("schedule(epoch)", schedule(epoch), least=0.0)
                     for epoch in range(epochs)], np.float64)


def at_least(name: str, value: Any, least: int) -> int:
    """Return an integer argument that is not below `least`."""
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {type(value).__name__}") from None
    if count < least:
        raise ValueError(f"{name} must be at least {least}, got {count}")
    return min(count, 2**62)


def number(name: str, value: Any, *, above: float = -math.inf, least: float = -math.inf,
           below: float = math.inf) -> float:
    """Return a finite real argument within bounds."""
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a real number, got {type(value).__name__}")
    try:
        found = float(value)
    except OverflowError:       # from a large integer
        found = math.inf
    if not (math.isfinite(found) and above < found < below and found >= least):
        bounds = [f"above {above:g}" if above > -math.inf else "",
                  f"at least {least:g}" if least > -math.inf else "",
                  f"below {below:g}" if below < math.inf else ""]
        wanted = " and ".join(bound for bound in bounds if bound) or "finite"
        raise ValueError(f"{name} must be {wanted}, got {value!r}")
    return found
