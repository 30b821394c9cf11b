"""Lines fitted to many small sets of points: groups of rows, windows of a series."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from bench import peers
from bench.harness import Rival, Side, Work

GROUPS = "fit_groups beside polars' group_by with the slope only"
WINDOWS = "fit_rolling beside statsmodels' RollingOLS, 20,000 points"

# The keys of 100,000 groups of 20 rows, unsorted, and of 10 groups: the least ratio against polars.
KEYS = {"integers": 2, "spread integers": None, "strings": None, "10 groups": None}
COUNT, ROWS = 100_000, 20
POINTS = 20_000
# Windows: the least ratio against RollingOLS.
LENGTHS = {60: 100, 5: None, 1000: None}

# Both sides of a group subtract its mean; RollingOLS updates X'X, which costs it digits.
CLOSE = {"rtol": 1e-7, "atol": 1e-9}


def works() -> Iterator[Work]:
    """Yield the two cases of the table, then other keys and windows."""
    for kind, target in KEYS.items():
        more = {} if target else {"section": GROUPS}
        name = "fit_groups" if target else f"fit_groups, {kind}"
        yield Work(name, partial(_fit_groups, kind),
                   (Rival(peers.POLARS, partial(_group_by, kind), target),), **CLOSE, **more)
    for window, target in LENGTHS.items():
        more = {} if target else {"section": WINDOWS}
        yield Work(f"fit_rolling, window {window}", partial(_fit_rolling, window),
                   (Rival(peers.STATSMODELS, partial(_rolling_ols, window), target),),
                   **CLOSE, **more)


# ---- groups ----

def rows(kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return keys, x and y of 100,000 groups of 20 rows in random order."""
    random = np.random.default_rng(5)
    group = random.permutation(np.repeat(np.arange(COUNT), ROWS))
    x, noise = random.standard_normal((2, len(group)))
    if kind == "spread integers":
        group = random.integers(-2**62, 2**62, COUNT)[group]
    elif kind == "strings":
        group = np.char.add("key", np.arange(COUNT).astype("U6"))[group]
    elif kind == "10 groups":
        group = group % 10
    return group, x, 2 * x + noise


def _by_key(keys: Any, slopes: Any) -> np.ndarray:
    return np.asarray(slopes)[np.argsort(np.asarray(keys))]


def _fit_groups(kind) -> Side:
    from mathwork.regression import fit_groups

    keys, x, y = rows(kind)
    return Side("fit_groups(keys, x, y)", {"fit_groups": fit_groups, "keys": keys, "x": x, "y": y},
                lambda fits: _by_key(fits.keys, fits.slope))


def _polars() -> ModuleType:
    os.environ.setdefault("POLARS_MAX_THREADS", "1")     # read when polars is imported
    import polars

    return polars


def _group_by(kind) -> Side:
    polars = _polars()
    keys, x, y = rows(kind)
    slope = polars.cov("x", "y") / polars.col("x").var()
    return Side('frame.group_by("keys").agg(slope)',
                {"frame": polars.DataFrame({"keys": keys, "x": x, "y": y}),
                 "slope": slope.alias("slope")},
                lambda found: _by_key(found["keys"], found["slope"]))


# ---- windows ----

def series() -> tuple[np.ndarray, np.ndarray]:
    x, noise = np.random.default_rng(5).standard_normal((2, POINTS))
    return x, 2 * x + noise


def _fit_rolling(window) -> Side:
    from mathwork.regression import fit_rolling

    x, y = series()
    return Side("fit_rolling(x, y, window)",
                {"fit_rolling": fit_rolling, "x": x, "y": y, "window": window},
                lambda fits: np.stack([fits.slope, fits.stderr])[:, window - 1:])


def _rolling_ols(window) -> Side:
    from statsmodels.regression.rolling import RollingOLS

    x, y = series()
    design = np.column_stack([np.ones(POINTS), x])
    return Side("RollingOLS(y, design, window).fit()",
                {"RollingOLS": RollingOLS, "y": y, "design": design, "window": window},
                lambda fit: np.stack([fit.params[:, 1], fit.bse[:, 1]])[:, window - 1:])
