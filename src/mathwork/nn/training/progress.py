"""What shows how far a training is: a bar on a terminal, or a function of the caller."""
from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mathwork._extras import extra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mathwork.nn.training.loop import Report

    Reporter = Callable[[Report], object]


@contextmanager
def reporter(progress: bool | Reporter | None, epochs: int) -> Iterator[Reporter | None]:
    """Give the function that is told of epochs; None if nobody wants to know.

    Raises
    ------
    TypeError
        For anything but True, False, None and a function.
    ImportError
        For True without the package rich.
    """
    if progress is None or progress is False:
        yield None
    elif progress is True:
        rich = extra("rich.progress", "show progress")
        columns = [rich.TextColumn("{task.description}"), rich.BarColumn(),
                   rich.MofNCompleteColumn(), rich.TimeRemainingColumn()]
        with rich.Progress(*columns) as bar:
            bar.disable = not bar.console.is_terminal
            task = bar.add_task("training", total=epochs)

            def show(report: Report) -> None:
                losses = [report.loss]
                if report.validation_loss is not None:
                    losses.append(report.validation_loss)
                bar.update(task, completed=report.epoch,
                           description="loss " + " / ".join(f"{loss:.4g}" for loss in losses))

            yield show
    elif callable(progress):
        yield progress
    else:
        raise TypeError("progress must be True, a function or None, "
                        f"got {type(progress).__name__}")
