"""An interrupt while `python -m mathwork` starts is one line.

The interpreter imports the package before mathwork.__main__. Until then only this hook can help.
"""
from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


def end(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Report an error that nobody has caught."""
    if issubclass(kind, KeyboardInterrupt):
        print("mathwork: interrupted", file=sys.stderr, flush=True)
        os._exit(130)       # the shell's code for an interrupt
    sys.__excepthook__(kind, error, traceback)


sys.excepthook = end
