"""A process in which allocations.c stands before malloc, and its functions by ctypes. For Linux."""
import ctypes
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

VARIABLE = "MATHWORK_ALLOCATIONS"       # the path of the library, in such a process
KERNELS = b"/mathwork/_"                # in the path of every module of kernels
NUMPY = b"/numpy/_core/_multiarray"     # and of the module that allocates arrays


def again():
    """Run this script in such a process and end with its status; return in that process"""
    if VARIABLE in os.environ:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "allocations.so"
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-o", path,
                        Path(__file__).with_name("allocations.c")], check=True)
        environment = os.environ | {"LD_PRELOAD": str(path), VARIABLE: str(path)}
        sys.exit(subprocess.run([sys.executable, *sys.argv], env=environment,
                                check=False).returncode)


class Allocations:
    """Allocations of kernels, and with `arrays` those of the numbers of NumPy's arrays"""

    def __init__(self, *, arrays):
        self.library = ctypes.CDLL(os.environ[VARIABLE])
        for name in ("live", "seen", "failed", "sites"):
            getattr(self.library, name).restype = ctypes.c_long
        self.library.site.restype = ctypes.c_ulong
        self.library.fail.argtypes = [ctypes.c_long, ctypes.c_long]
        self.library.watch_at.argtypes = [ctypes.c_ulong]
        self.stop()
        places = self._places_of_arrays() if arrays else ()
        self.library.unwatch()
        if not self.library.watch(KERNELS):
            raise SystemExit("no module of kernels is loaded")
        for place in places:
            self.library.watch_at(place)

    def _places_of_arrays(self):
        """Where NumPy allocates the numbers of arrays, and nothing else that it needs"""
        self.library.watch(NUMPY)
        for size in (5, 500, 50_000, 5_000_000):
            array = np.zeros(size)
            np.empty(size)
            array.resize(2 * size, refcheck=False)
        return self.sites()

    def start(self, first, last):
        """Let the allocations first to last from now on fail"""
        self.library.fail(first, last)

    def stop(self):
        """Let none fail; return how many did"""
        failed = self.library.failed()
        self.library.fail(0, 0)
        return failed

    def live(self):
        """How many blocks nobody has freed"""
        return self.library.live()

    def sites(self):
        """The places in the code that have allocated"""
        return [self.library.site(index) for index in range(self.library.sites())]

    def guard(self, side):
        """Place new blocks at the "end" or the "start" of a page"""
        self.library.guard(("", "end", "start").index(side))
