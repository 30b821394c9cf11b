"""Speed of the installed `mathwork` beside its peers: ``python -m bench``.

    harness.py         two ways to do the same work, compared and then timed in pairs
    peers.py           the libraries measured against, and how to install them
    forward.py         networks: one row, a few, many          (forward_peers.py, fixed_sizes.cpp)
    digits.py          networks that other libraries trained, against these libraries
    activations.py     arrays of 100,000 elements
    products.py        matrix-vector and matrix-matrix
    absolute.py        numbers with a limit instead of a peer
    machine.py         what was measured, and where
    report.py chart.py table, Markdown, JSON; picture

What is measured stands beside its target in tables at the top of the case files.
"""

import os

# Numerical libraries read these once, when they are imported: so here, before any of them.
for _variable in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
):
    os.environ[_variable] = "1"
