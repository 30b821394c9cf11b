"""The kernels of every level that this machine runs, whatever module of the level holds them."""
from types import FunctionType, SimpleNamespace

from mathwork import _levels
from mathwork.matrix import Solution


def kernels_of(level):
    """Every kernel compiled for a level, under its own name."""
    found = SimpleNamespace(level=level)
    for module in _levels.modules(level):
        for name, kernel in vars(module).items():
            if not name.startswith("_"):
                setattr(found, name, kernel)
    if level != _levels.level:
        declare_doors(found)
    return found


def declare_doors(kernels):
    """Give doors of a level that the package does not run their declarations, on these kernels."""
    for module in _levels.modules(_levels.level):
        for name, door in vars(module).items():
            declaration = getattr(door, "__wrapped__", None)
            if isinstance(declaration, FunctionType):
                body = FunctionType(declaration.__code__,
                                    declaration.__globals__ | {"kernels": kernels})
                body.__defaults__ = declaration.__defaults__
                body.__kwdefaults__ = declaration.__kwdefaults__
                getattr(kernels, name).__wrapped__ = body
    kernels.solutions(Solution)


def all_kernels():
    """{level: kernels}, best first."""
    return {level: kernels_of(level) for level in _levels.supported()}
