"""The compiled half of the build: directives, flags and vector levels, each named once.

Environment switches
    MATHWORK_PORTABLE=1    one plain scalar for a register, one level, as for a compiler without
                           vector types; to test that build anywhere
    MATHWORK_LEVELS="v3"   only these of baseline, v3 and v4: a shorter build while developing
                           (modules that are up to date are not built again)
    MATHWORK_CFLAGS="..."  appended to every compiler call, e.g. "-fsanitize=address" or "-Werror"

Each setting of these has its own folder below build/, so that a wheel has no module of another.
"""
import os
import platform
import re
import shlex
import subprocess
import sys
from pathlib import Path

import Cython
import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PORTABLE = os.environ.get("MATHWORK_PORTABLE", "0") not in ("", "0")
LEVELS = os.environ.get("MATHWORK_LEVELS", "").replace(",", " ").split()
CORES = os.cpu_count() or 1
EXTRA_FLAGS = shlex.split(os.environ.get("MATHWORK_CFLAGS", ""))
SETTING = "-".join((["portable"] if PORTABLE else sorted(LEVELS)) + EXTRA_FLAGS)
FOLDER = os.path.join("build", re.sub(r"\W+", "-", SETTING).strip("-"))

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "auto_pickle": False,       # what Cython writes trusts the pickle: sizes, pointers, types
    "embedsignature": True,
    "embedsignature.format": "python",
}

# -g0: debug information makes each module four times larger.
# -ffp-contract=off: an operation is fused exactly where the kernel says mul_add, so that
# compilers and levels cannot disagree about bits.
# -fno-math-errno, -fno-trapping-math: let comparisons vectorise; they change no result.
# -Wno-unused-function: Cython also writes out the two mixed pairs of `real` and `lanes`.
# CYTHON_INLINE: inline functions of kernels must be inlined, or tiles do not stay in registers.
UNIX_FLAGS = ["-O3", "-g0", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
              "-Wno-unused-function",
              "-DCYTHON_INLINE=__inline__ __attribute__((always_inline))"]
# With these, GCC keeps a tile's sums in registers. Without them, one or two sums go to memory and
# back in every step. Clang needs neither, and reports the first as an error.
GCC_FLAGS = ["-fira-region=all", "-fno-inline-functions-called-once"]
MSVC_FLAGS = ["/O2", "/fp:precise"]

HEADERS = [f"src/mathwork/kernels/base/{name}.h"
           for name in ("_simd", "_transpose", "_roots", "_tables", "_integers",
                        "_quantile", "_interrupts", "_threads")]

# The kernels of every topic are a module. A level is the same modules compiled for one instruction
# set: each is a file that includes the topic's file. Flags of the building machine never enter a
# wheel.
TOPICS = ("core", "exact", "regression", "orbit", "training")
X86_64_LEVELS = {
    "baseline": ["-march=x86-64-v2"],
    "v3": ["-march=x86-64-v3"],
    "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}


def building_for_x86_64():
    """Return whether the target, not the building machine, is x86-64 (macOS cross-compiles)."""
    target = os.environ.get("ARCHFLAGS") or os.environ.get("_PYTHON_HOST_PLATFORM")
    target = target or platform.machine()
    return "x86_64" in target.lower() or "amd64" in target.lower()


def levels():
    """Return {level: flags} for this target."""
    if PORTABLE or sys.platform == "win32" or not building_for_x86_64():
        return {"baseline": []}
    wanted = LEVELS or list(X86_64_LEVELS)
    if not set(wanted) <= X86_64_LEVELS.keys():
        raise SystemExit(f"MATHWORK_LEVELS must name levels of {', '.join(X86_64_LEVELS)}, "
                         f"got {' '.join(LEVELS)!r}")
    return {level: X86_64_LEVELS[level] for level in wanted}


def kernels():
    """Return the module of every topic at every level."""
    return [extension(f"_{topic}" if level == "baseline" else f"_{topic}_{level}", flags)
            for topic in TOPICS for level, flags in levels().items()]


def extension(name, flags=()):
    return Extension(
        f"mathwork.{name}",
        [f"src/mathwork/{name}.pyx"],
        include_dirs=["src/mathwork/kernels/base", numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
                       ("NPY_TARGET_VERSION", "NPY_2_0_API_VERSION"),
                       *([("MATHWORK_PORTABLE", "1")] if PORTABLE else [])],
        extra_compile_args=list(flags),
        # -Wl,-s: without the names of functions, which only a debugger and a sanitizer read
        extra_link_args=["-Wl,-s"] if sys.platform == "linux" and "-g" not in EXTRA_FLAGS else [],
        depends=HEADERS,
    )


def is_current(module):
    """Return whether this Cython wrote the C of a module after the last change of its sources.

    cythonize would also compare with the files of Cython and NumPy. An isolated build has just
    unpacked these, so that every install would translate and compile everything again.
    """
    made = Path(module.sources[0]).with_suffix(".c")
    listed = made.with_suffix(".c.dep")
    if not (made.exists() and listed.exists()):
        return False
    with made.open(encoding="utf-8") as file:
        if file.readline() != f"/* Generated by Cython {Cython.__version__} */\n":
            return False
    read = [line.strip(" \\") for line in listed.read_text(encoding="utf-8").splitlines()[1:]]
    ours = ["setup.py", *(path for path in read if path.startswith(f"src{os.sep}"))]
    return all(os.path.exists(path) and os.path.getmtime(path) < made.stat().st_mtime
               for path in ours)


def translate(modules):
    """Let Cython write the C of the modules whose sources have changed."""
    stale = [module for module in modules if not is_current(module)]
    if stale:
        cythonize(stale, compiler_directives=DIRECTIVES, include_path=["src/mathwork"],
                  nthreads=CORES, force=True, depfile=True)


class BuildLevels(build_ext):
    """build_ext that writes the C files, and adds the flags of the compiler it found.

    Cython takes minutes. So it runs where modules are built, and not for an sdist or for metadata.
    """

    def flags(self):
        if self.compiler.compiler_type == "msvc":
            return MSVC_FLAGS
        empty = [*self.compiler.compiler_so, *GCC_FLAGS, "-fsyntax-only", "-x", "c", os.devnull]
        refused = subprocess.run(empty, stderr=subprocess.DEVNULL, check=False).returncode
        return UNIX_FLAGS + ([] if refused else GCC_FLAGS)

    def build_extensions(self):
        common = self.flags()
        translate(self.extensions)
        for module in self.extensions:
            module.sources = [str(Path(module.sources[0]).with_suffix(".c"))]
            module.extra_compile_args = common + module.extra_compile_args + EXTRA_FLAGS
        super().build_extensions()


if __name__ == "__main__":      # the processes that run Cython may import this file
    setup(
        ext_modules=[extension("_cpu"), extension("_workers"), *kernels()],
        cmdclass={"build_ext": BuildLevels},
        options={"build": {"build_base": FOLDER}, "build_ext": {"parallel": CORES}},
    )
