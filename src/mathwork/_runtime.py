"""The running package: versions, the machine, and the level of the kernels."""
from __future__ import annotations

import sys

import numpy as np

from mathwork._levels import core, level, supported
from mathwork._version import __version__


def runtime() -> dict[str, str]:
    """Return {field: text} for show_runtime()."""
    import platform  # here, because it costs 5 ms and is for this call only

    return {
        "mathwork": __version__,
        "level": level,
        "levels here": ", ".join(supported()),
        "kernels": core.__file__,
        "register": "{F32_LANES} float32 or {F64_LANES} float64 lanes".format(**core.geometry),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "numpy": np.__version__,
        "machine": f"{platform.machine()}, {sys.platform}",
    }


def show_runtime() -> None:
    """Print versions, the machine and the level of the kernels: the first lines of a bug report.

    Examples
    --------
    >>> import mathwork
    >>> mathwork.show_runtime()    # doctest: +ELLIPSIS
    mathwork...
    """
    for field, text in runtime().items():
        print(f"{field:<12} {text}")
