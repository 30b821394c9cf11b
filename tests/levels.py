"""The kernels of every level that this machine runs, gathered from the modules of the level."""
from types import SimpleNamespace

from mathwork import _levels


def kernels_of(level):
    """Return every kernel compiled for a level, under its own name."""
    found = {"level": level}
    for module in _levels.modules(level):
        for name, kernel in vars(module).items():
            if not name.startswith("_"):
                found[name] = kernel
    return SimpleNamespace(**found)


RUNNING = kernels_of(_levels.level)         # the level that the package itself uses


def all_kernels():
    """Return {level: kernels}, best first."""
    return {level: kernels_of(level) for level in _levels.supported()}
