"""Speed of the installed `mathwork` beside its peers: ``python -m bench``.

    harness.py         two ways to do the same work, compared and then timed in pairs
    peers.py           the libraries measured against, and how to install them
    cases.py           every work of the case files, and the choice of some by name
    forward.py         networks: one row, a few, many          (forward_peers.py, fixed_sizes.cpp)
    digits.py          networks that other libraries trained, against these libraries
    activations.py     arrays of 100,000 elements
    products.py        matrix-vector and matrix-matrix
    elimination.py     row reduction
    regression_*.py    lines, designs, groups and windows
    orbit.py           circular orbits, Kepler's equation, positions
    absolute.py        numbers with a limit instead of a peer
    levels.py          a level of the kernels against another: ``python -m bench --levels``
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
