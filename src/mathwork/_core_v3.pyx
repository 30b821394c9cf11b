# The kernels once more, compiled for another level: see setup.py.
include "_core.pyx"
