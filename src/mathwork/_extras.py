"""Optional packages, imported where they are used."""
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mathwork._arguments import shown

if TYPE_CHECKING:
    from typing import Any


def extra(name: str, purpose: str, *, project: str | None = None) -> Any:
    """Return the module `name`; if its package is missing, the ImportError says how to get it.

    `project` is what is installed to get the package, if it has another name.
    """
    package = name.partition(".")[0]
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in (package, name):
            raise       # the package is there, but misses another one
        raise ImportError(f"to {purpose}, mathwork needs {project or package}: "
                          f"pip install {project or package}",
                          name=package) from None


def checked_axes(ax: Any) -> Any:
    """Return `ax`, which is Axes of matplotlib."""
    from matplotlib.axes import Axes

    if not issubclass(type(ax), Axes):
        raise TypeError(f"ax must be Axes of matplotlib, got {shown(ax)}")
    return ax
