"""One choice at import: the kernels compiled for the best level that this machine runs.

`core` is the module and `level` its name. MATHWORK_LEVEL=baseline|v3|v4 forces one. Nothing
else in the package knows that levels exist.
"""
import importlib.util
import os

from mathwork._cpu import x86_64_level

# name: (module, the x86-64 microarchitecture level it needs), best first. Where there is one
# level only, _core is compiled for every machine of its kind and x86_64_level() is 0.
MODULES = {"v4": ("_core_v4", 4), "v3": ("_core_v3", 3), "baseline": ("_core", 2)}


def supported():
    """Names of the levels that are both built and runnable here, best first."""
    machine = x86_64_level()
    return [name for name, (module, needs) in MODULES.items()
            if (machine >= needs or (machine == 0 and name == "baseline"))
            and importlib.util.find_spec(f"mathwork.{module}") is not None]


def load():
    """(name, module) of the level that MATHWORK_LEVEL asks for, or else of the best."""
    names = supported()
    if not names:
        raise ImportError("mathwork needs an x86-64-v2 processor (SSE4.2, POPCNT: any since about "
                          f"2009), this one reports level v{x86_64_level()}")
    wanted = os.environ.get("MATHWORK_LEVEL") or names[0]
    if wanted not in names:
        raise ImportError(f"MATHWORK_LEVEL must be one of {', '.join(names)} "
                          f"on this machine and build, got {wanted!r}")
    return wanted, importlib.import_module(f"mathwork.{MODULES[wanted][0]}")


level, core = load()
