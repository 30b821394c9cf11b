"""Linear regression: one small fit, and a million rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench import peers
from bench.harness import Rival, Side, Work

# (rows, columns): the least ratio against numpy.linalg.lstsq, and against statsmodels.
DESIGNS = {(100, 3): (2, 25), (1_000_000, 10): (6, None)}

# The cost of a design that is too ill-conditioned for the Gram matrix, and of other arguments.
ROBUST = "Linear regression on the robust way, weighted, and from float32"
LARGE = (1_000_000, 10)

# lstsq loses digits by the condition of the design.
TOLERANCE = {"rtol": 1e-9, "atol": 1e-9}


def works() -> Iterator[Work]:
    """Yield every case of the table, then those without a target."""
    for (n, p), (least, least_statsmodels) in DESIGNS.items():
        rivals = [Rival(peers.NUMPY, partial(_lstsq, n, p), least)]
        if least_statsmodels is not None:
            rivals.append(Rival(peers.STATSMODELS, partial(_ols, n, p), least_statsmodels))
        yield Work(f"fit_linear {n:,}x{p} with standard errors", partial(_fit, n, p),
                   tuple(rivals), **TOLERANCE)
    n, p = LARGE
    lstsq = (Rival(peers.NUMPY, partial(_lstsq, n, p)),)
    yield Work(f"fit_linear {n:,}x{p}, two columns equal to 1e-5", partial(_fit, n, p, near=1e-5),
               (Rival(peers.NUMPY, partial(_lstsq, n, p, near=1e-5)),), rtol=1e-6, atol=1e-6,
               section=ROBUST)
    yield Work(f"fit_linear {n:,}x{p}, weights of 1", partial(_weighted, n, p), lstsq,
               **TOLERANCE, section=ROBUST)
    yield Work(f"fit_linear {n:,}x{p}, float32", partial(_narrow, n, p), lstsq,
               rtol=1e-4, atol=1e-4, section=ROBUST)
    yield Work(f'fit_linear {n:,}x{p}, cov="HC1"', partial(_hc1, n, p), lstsq, **TOLERANCE,
               section=ROBUST)
    n, p = 1000, 3
    yield Work(f'fit_linear {n:,}x{p}, cov="HC1"', partial(_hc1, n, p),
               (Rival(peers.STATSMODELS, partial(_ols_hc1, n, p), 1.0),), **TOLERANCE,
               section=ROBUST)


def design(n: int, p: int, near: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return X of normal numbers and y, of their sum and noise."""
    random = np.random.default_rng(5)
    X = random.standard_normal((n, p))
    if near is not None:
        X[:, -1] = X[:, 0] + near * X[:, -1]
    return X, X.sum(axis=1) + 4 + random.standard_normal(n)


def _params(fit: Any) -> np.ndarray:
    return fit.params


def _fit(n, p, near=None) -> Side:
    from mathwork.regression import fit_linear

    X, y = design(n, p, near)
    # Standard errors are finished when asked for, and compared by what they belong to.
    return Side("fit_linear(X, y).bse", {"fit_linear": fit_linear, "X": X, "y": y},
                lambda bse: fit_linear(X, y).params)


def _weighted(n, p) -> Side:
    from mathwork.regression import fit_linear

    X, y = design(n, p)
    return Side("fit_linear(X, y, weights=weights)",
                {"fit_linear": fit_linear, "X": X, "y": y, "weights": np.ones(n)}, _params)


def _narrow(n, p) -> Side:
    from mathwork.regression import fit_linear

    X, y = design(n, p)
    return Side("fit_linear(X, y)",
                {"fit_linear": fit_linear, "X": X.astype(np.float32), "y": y.astype(np.float32)},
                _params)


def _hc1(n, p) -> Side:
    from mathwork.regression import fit_linear

    X, y = design(n, p)
    return Side('fit_linear(X, y, cov="HC1").bse', {"fit_linear": fit_linear, "X": X, "y": y},
                lambda bse: fit_linear(X, y).params)


def _ols_hc1(n, p) -> Side:
    from statsmodels.api import OLS

    X, y = design(n, p)
    return Side('OLS(y, A).fit(cov_type="HC1").bse', {"OLS": OLS, "A": _with_ones(X), "y": y},
                lambda bse: OLS(y, _with_ones(X)).fit().params)


def _with_ones(X: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(X)), X])


def _lstsq(n, p, near=None) -> Side:
    X, y = design(n, p, near)
    return Side("lstsq(A, y)", {"lstsq": np.linalg.lstsq, "A": _with_ones(X), "y": y},
                lambda found: found[0])


def _ols(n, p) -> Side:
    from statsmodels.api import OLS

    X, y = design(n, p)
    # Standard errors are computed when asked for.
    return Side("OLS(y, A).fit().bse", {"OLS": OLS, "A": _with_ones(X), "y": y},
                lambda bse: OLS(y, _with_ones(X)).fit().params)
