# The kernels compiled for x86-64-v4.
include "_training.pyx"
