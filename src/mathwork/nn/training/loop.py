"""Epochs until the end, an interrupt or a divergence."""
from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mathwork._levels import training as kernels
from mathwork.nn.training.settings import WHOLE_DATA

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mathwork._types import FloatArray
    from mathwork.nn.training.settings import Settings

SLICE_SECONDS = 0.05        # between two reports

class Report(NamedTuple):
    """What `progress` is told."""

    epoch: int                      # epochs that are done
    epochs: int                     # epochs in all
    loss: float
    validation_loss: float | None


class Course(NamedTuple):
    """How the training of one network went."""

    parameters: FloatArray
    losses: NDArray[np.float64]
    validation_losses: NDArray[np.float64]
    status: str                     # "trained", "stopped", "interrupted", "diverged"
    row: int                        # where it diverged


def learn(trainer: kernels.Trainer, samples: kernels.Samples,
          validation: kernels.Samples | None, plan: Settings, seed: list[int] | None,
          report: Callable[[Report], object] | None, every_epoch: bool) -> Course:
    """Run the trainer from its parameters through all epochs.

    `report` is called after every epoch, or about every SLICE_SECONDS.
    """
    losses, validated = np.full(plan.epochs, np.nan), np.full(plan.epochs, np.nan)
    status = "trained"
    step = 1
    interrupted = False
    advance = advancing(trainer, samples, validation, plan, seed)
    try:
        while trainer.epoch < plan.epochs and status == "trained":
            end = plan.epochs if report is None else min(trainer.epoch + step, plan.epochs)
            start = time.perf_counter()
            status = advance(losses[:end], validated)
            if report is None or not trainer.epoch:
                continue
            last = trainer.epoch - 1
            if status != "diverged" and report(Report(
                    trainer.epoch, plan.epochs, float(losses[last]),
                    None if validation is None else float(validated[last]))) is True:
                status = "stopped"
            if not every_epoch:
                spent = time.perf_counter() - start
                step = max(1, int(step * min(2.0, SLICE_SECONDS / max(spent, 1e-9))))
    except KeyboardInterrupt:
        interrupted = True
    done = trainer.epoch
    if status == "diverged":
        parameters, word = trainer.get_saved(), "diverged"
    else:
        parameters = (trainer.get_best() if plan.patience >= 0 and done
                      else trainer.get_parameters())
        word = "interrupted" if interrupted else "trained" if status == "converged" else status
    return Course(parameters, losses[:done], validated[:done], word, trainer.row)


def advancing(trainer: kernels.Trainer, samples: kernels.Samples,
              validation: kernels.Samples | None, plan: Settings, seed: list[int] | None
              ) -> Callable[[NDArray[np.float64], NDArray[np.float64]], str]:
    """Return the function that goes on until the losses it is given are full.

    It returns "trained", "converged", "stopped" or "diverged".
    """
    if plan.optimizer in WHOLE_DATA:
        steps = kernels.WholeData(trainer, samples, plan.optimizer == "levenberg_marquardt",
                                  plan.weight_decay)
        return lambda losses, validated: steps.run(validation, losses, validated, plan.patience,
                                                   plan.tolerance)
    return lambda losses, validated: trainer.run(
        samples, validation, plan.batch_size or samples.n, plan.rates, losses, validated, seed,
        plan.patience, plan.tolerance)
