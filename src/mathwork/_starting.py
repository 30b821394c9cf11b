"""An interrupt while `python -m mathwork` starts is one line.

The interpreter imports the package before mathwork.__main__. Until then only this hook can help.
"""
import os
import sys


def end(kind, error, traceback):
    """Report an error that nobody has caught."""
    if issubclass(kind, KeyboardInterrupt):
        print("mathwork: interrupted", file=sys.stderr, flush=True)
        os._exit(130)       # the shell's code for an interrupt
    sys.__excepthook__(kind, error, traceback)


sys.excepthook = end
