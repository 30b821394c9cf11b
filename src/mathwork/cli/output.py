"""What commands share to write a result: JSON, aligned text, pictures and warnings."""
import json
import math
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

from mathwork._files import replacing
from mathwork.cli.lines import one_line, shown_name, visible

PICTURES = (".png", ".svg", ".pdf")
SLOW = 1 << 23          # bytes of a file that is read without showing progress

as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")


def print_json(report):
    """Write a result as one line of JSON.

    Arrays are lists, complex numbers are pairs [re, im], NaN and infinity are null.
    """
    click.echo(json.dumps(_plain(report)))


def _plain(value):
    """`value` in the types that the module json knows."""
    if isinstance(value, np.float32):
        value = float(str(value))       # 0.1, not 0.10000000149011612
    if isinstance(value, complex | np.complexfloating):
        value = [value.real, value.imag]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, np.ndarray | np.generic) and value.dtype not in (np.float32, np.complex64):
        value = value.tolist()
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(each) for each in value]
    return value


def say(text):
    """Write lines of a report; names in it come from files, so nothing in it acts on a terminal"""
    _echo("\n".join(map(visible, text.split("\n"))))


def _echo(text):
    """Write visible text, with escapes for signs that the encoding lacks"""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def print_aligned(rows):
    """Write rows of text in columns: the first column to the left, the others to the right."""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        _echo("  ".join([first.ljust(widths[0]), *cells]))


def warn(message):
    """Write a warning to standard error."""
    complain(f"warning: {one_line(message)}")


def complain(line):
    """Write a line to standard error; a result does not depend on whether that can be written."""
    try:
        click.echo(f"mathwork: {line}", err=True)
    except OSError:
        sys.stderr = None       # Python's way to say that it is closed: nothing more goes there


def check_picture(name):
    """Raise a ValueError unless `name` has a suffix of PICTURES."""
    if Path(name).suffix.lower() not in PICTURES:
        raise ValueError(f"{shown_name(name)}: a picture's name must end in {', '.join(PICTURES)}")


def save_picture(figure, name):
    """Write a figure to the file `name`, in the format of its suffix."""
    with busy(f"drawing {shown_name(name)}"), replacing(name) as file:
        figure.savefig(file, dpi=150, format=Path(name).suffix[1:].lower())


def _on_terminal():
    return sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def progress(source):
    """Show how much of a Source has been read, on a terminal; yield what to call after a piece."""
    if source.size < SLOW or not _on_terminal():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(source.shown, total=source.size)
        yield lambda: bar.update(task, completed=source.done)


@contextmanager
def busy(what):
    """Show on a terminal that `what` goes on, and how long it has, once it has taken a second."""
    if not _on_terminal():
        yield
        return
    ended = threading.Event()
    shown = threading.Thread(target=_show_until, args=(ended, what), daemon=True)
    shown.start()
    try:
        yield
    finally:
        ended.set()
        shown.join()


def _show_until(ended, what):
    if ended.wait(1):
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False),
               TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        bar.add_task(visible(what))
        ended.wait()
