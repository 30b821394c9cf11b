"""Small dense mathematics from Python at the cost of its arithmetic.

mathwork.nn            networks of dense layers: the forward pass
mathwork.activations   the activation functions as NumPy ufuncs
mathwork.init          He initialisation
mathwork.matrix        products, row reduction, linear systems
mathwork.regression    least squares: lines, planes, polynomials, groups, windows
mathwork.orbit         circular orbits, Kepler's equation, positions of many bodies
mathwork.constants     constants of gravitation: G, and the GM of bodies
mathwork.data          handwritten digits and a network that reads them

A module is imported when it is first asked for: `mathwork.nn` does not wait for `mathwork.orbit`.

The `mathwork` command does the same for files: see `mathwork --help`.
"""
import sys
from importlib import import_module
from typing import TYPE_CHECKING

if getattr(sys, "argv", [])[:1] == ["-m"]:      # while `python -m mathwork` is being imported
    from mathwork import _starting  # noqa: F401

from mathwork._runtime import show_runtime
from mathwork._version import __version__

if TYPE_CHECKING:
    from types import ModuleType

    from mathwork import activations, constants, data, init, matrix, nn, orbit, regression

__all__ = ["__version__", "activations", "constants", "data", "init", "matrix", "nn", "orbit",
           "regression", "show_runtime"]


def __getattr__(name: str) -> "ModuleType":
    if name in __all__:
        return import_module(f"mathwork.{name}")
    raise AttributeError(f"module 'mathwork' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
