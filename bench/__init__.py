"""Measure the speed of the installed `mathwork` beside its peers: ``python -m bench``.

    harness.py         compares two ways to do the same work, then times them in pairs
    run.py             one run over all works;  levels.py  one level of the kernels beside another
    cases.py           every work of the case files, and the choice of some by name
    forward.py         networks: one row, a few, many  (forward_peers, forward_numba, fixed_sizes)
    digits.py          networks that other libraries trained, beside these libraries
    activations.py     arrays of 100,000 elements
    products.py        products of matrices with vectors and with each other
    elimination.py     row reduction  (closed_forms)
    factors.py         factors of a matrix, and least squares
    regression_*.py    lines, designs, groups and windows
    orbit.py           circular orbits, Kepler's equation, positions
    absolute.py        numbers with a limit instead of a peer
    peers.py           the libraries of the peers;  machine.py  the machine and the package
    report.py          the results, as JSON and as tables  (terminal.py, page.py, chart.py)
    reasons.py         the words of docs/benchmarks.md and docs/levels.md
    accuracy.py        errors instead of times: ``python -m bench.accuracy``
    states.py          errors of orbits through states: ``python -m bench.states``

Each case file has its works and their targets in tables at its top.
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
