"""One choice at import: the kernels compiled for the best level that this machine runs.

`level` is its name; `core`, `exact`, `regression`, `orbit` and `training` are its modules, one for
each topic.
MATHWORK_LEVEL=baseline|v3|v4 forces a level. Nothing else in the package knows that levels exist.
"""
from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING

from mathwork._cpu import x86_64_level

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["LEVELS", "TOPICS", "chosen", "core", "exact", "level", "module_name", "modules",
           "orbit", "regression", "supported", "training"]

TOPICS = ("core", "exact", "regression", "orbit", "training")

# name: the x86-64 microarchitecture level that it needs, best first. Where there is one level only,
# it is compiled for every machine of its kind, and x86_64_level() is 0.
LEVELS = {"v4": 4, "v3": 3, "baseline": 2}


def module_name(topic: str, name: str) -> str:
    """Return the full name of the module with the kernels of a topic at the level `name`."""
    return f"mathwork._{topic}" if name == "baseline" else f"mathwork._{topic}_{name}"


def supported() -> list[str]:
    """Return the names of the levels that are both built and runnable here, best first."""
    machine = x86_64_level()
    return [name for name, needs in LEVELS.items()
            if (machine >= needs or (machine == 0 and name == "baseline"))
            and all(importlib.util.find_spec(module_name(topic, name)) for topic in TOPICS)]


def chosen() -> str:
    """Return the level that MATHWORK_LEVEL asks for, or else the best."""
    names = supported()
    if not names:
        raise ImportError("mathwork needs an x86-64-v2 processor (SSE4.2, POPCNT: any since about "
                          f"2009), this one reports level v{x86_64_level()}", name="mathwork")
    wanted = os.environ.get("MATHWORK_LEVEL") or names[0]
    if wanted not in names:
        # With the name, `python -m mathwork` tells it in one line.
        raise ImportError(f"MATHWORK_LEVEL must be one of {', '.join(names)} "
                          f"on this machine and build, got {wanted!r}", name="mathwork")
    return wanted


def modules(name: str) -> list[ModuleType]:
    """Return the kernels of the level `name`: a module for each of TOPICS."""
    return [importlib.import_module(module_name(topic, name)) for topic in TOPICS]


level = chosen()
if TYPE_CHECKING:
    import mathwork._core as core
    import mathwork._exact as exact
    import mathwork._orbit as orbit
    import mathwork._regression as regression
    import mathwork._training as training
else:
    core, exact, regression, orbit, training = modules(level)
