"""For every format: paths, and the error for a file that it cannot read."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pathlib

    from mathwork._types import StrPath

LONGEST_REASON = 1000           # characters


def as_path(path: StrPath) -> pathlib.Path:
    """Return `path` as a pathlib.Path"""
    from pathlib import Path  # imported here: it takes as long as a fifth of mathwork

    return Path(path)


def refusal(what: object, reason: object) -> ValueError:
    """Return the ValueError for the file `what`; its reason is one line, and not too long."""
    text = str(reason) or repr(reason)
    if len(text) > LONGEST_REASON:
        text = f"{text[:LONGEST_REASON // 2]}...{text[-LONGEST_REASON // 2:]}"
    # The reason may quote the file, and the file may have control characters for a terminal.
    text = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return ValueError(f"{what}: {text}")
