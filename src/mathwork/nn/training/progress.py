"""What shows how far a training is: a bar on a terminal, or a function of the caller."""
from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mathwork._extras import extra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mathwork.nn.training.loop import Report

    Reporter = Callable[[Report], object]

Counter = Callable[[], object]


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
    check(progress)
    if progress is True:
        with bar_on_terminal(epochs, "training") as show:
            yield lambda report: show(report.epoch, text_of(report))
    else:
        yield progress or None


@contextmanager
def counter(progress: bool | Callable[[int, int], object] | None, count: int
            ) -> Iterator[Counter | None]:
    """Give a function that is called after each of `count` networks; None if nobody wants to know.

    Raises
    ------
    TypeError, ImportError
        As `reporter` does.
    """
    check(progress)
    done = itertools.count(1)
    if progress is True:
        with bar_on_terminal(count, "networks") as show:
            yield lambda: show(next(done), "networks")
    elif progress:
        tell = progress
        yield lambda: tell(next(done), count)
    else:
        yield None


def check(progress: object) -> None:
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise TypeError("progress must be True, a function or None, "
                        f"got {type(progress).__name__}")


def text_of(report: Report) -> str:
    losses = [report.loss]
    if report.validation_loss is not None:
        losses.append(report.validation_loss)
    return "loss " + " / ".join(f"{loss:.4g}" for loss in losses)


@contextmanager
def bar_on_terminal(total: int, text: str) -> Iterator[Callable[[int, str], None]]:
    """Give a function that moves a bar: show(done, text). Without a terminal nothing is shown."""
    rich = extra("rich.progress", "show progress")
    columns = [rich.TextColumn("{task.description}"), rich.BarColumn(), rich.MofNCompleteColumn(),
               rich.TimeRemainingColumn()]
    console = extra("rich.console", "show progress").Console(stderr=True)
    with rich.Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(text, total=total)
        yield lambda done, description: bar.update(task, completed=done, description=description)
