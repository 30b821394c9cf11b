"""Products: the doors of the kernels as they are, under their public name."""
from mathwork._levels import core

matvec = core.matvec
matmul = core.matmul

for function in (matvec, matmul):
    # A pickle or a traceback names the public module, not the level that happens to run.
    function.__module__ = "mathwork.matrix"
del function
