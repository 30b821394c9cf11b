"""Straight lines: one fit of few and of many points, and stacks of small ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench import peers
from bench.harness import Rival, Side, Work

LINES = "Straight lines beside scipy.stats.linregress and NumPy, float64"

ROWS, POINTS = 100_000, 20
TIMES = 1_000_000

# Points: the least ratio against linregress, which gives the same fields and a p-value.
SIZES = {10: 100, 10_000_000: 5, 100: None, 1000: None, 100_000: None}

# Well-conditioned sums; linregress takes standard errors from 1 - r^2, where digits cancel.
TOLERANCE = {"rtol": 1e-9, "atol": 1e-12}


def works() -> Iterator[Work]:
    """Yield every case of the table, then those without a target."""
    for n, target in SIZES.items():
        more = {} if target else {"section": LINES}
        yield Work(f"fit_line, n = {n:,}", partial(_fit, n),
                   (Rival(peers.SCIPY, partial(_linregress, n), target),), **TOLERANCE, **more)
    yield Work(f"fit_line, {ROWS:,} rows of {POINTS}", _fit_rows,
               (Rival(peers.NUMPY, _numpy_rows, 6), Rival(peers.POLARS, _polars_rows, 30)),
               **TOLERANCE)
    yield Work(f"fit_line, {ROWS:,} rows of {POINTS}, standard errors too", _fit_rows_fully,
               (Rival(peers.NUMPY, _numpy_rows_fully),), **TOLERANCE, section=LINES)
    yield Work(f"fit_line, n = {TIMES:,}, x in datetime64[ns], 1 % gaps left out", _fit_times,
               (Rival(peers.SCIPY, _linregress_times),), **TOLERANCE, section=LINES)


def points(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of noisy lines."""
    random = np.random.default_rng(5)
    x = random.standard_normal(shape)
    return x, 2 * x + 1 + random.standard_normal(shape)


# ---- one fit ----

def _fields(fit: Any) -> np.ndarray:
    return np.array([fit.slope, fit.intercept, fit.rvalue, fit.stderr, fit.intercept_stderr])


def _fit(n) -> Side:
    from mathwork.regression import fit_line

    x, y = points(n)
    return Side("fit_line(x, y)", {"fit_line": fit_line, "x": x, "y": y}, _fields)


def _linregress(n) -> Side:
    from scipy.stats import linregress

    x, y = points(n)
    return Side("linregress(x, y)", {"linregress": linregress, "x": x, "y": y}, _fields)


# ---- times and gaps ----

def times() -> tuple[np.ndarray, np.ndarray]:
    """Return moments in nanoseconds, and y with gaps."""
    random = np.random.default_rng(5)
    ticks = 1_700_000_000_000_000_000 + np.cumsum(random.integers(1, 10**6, TIMES))
    y = 1e-9 * (ticks - ticks[0]) + random.standard_normal(TIMES)
    y[::100] = np.nan
    return ticks.view("M8[ns]"), y


def _slope_and_errors(fit: Any) -> np.ndarray:
    return np.array([fit.slope, fit.rvalue, fit.stderr])


def _fit_times() -> Side:
    from mathwork.regression import fit_line

    x, y = times()
    return Side('fit_line(x, y, nan_policy="omit")', {"fit_line": fit_line, "x": x, "y": y},
                _slope_and_errors)


def _linregress_times() -> Side:
    from scipy.stats import linregress

    x, y = times()

    def fit(x: np.ndarray, y: np.ndarray) -> Any:
        there = ~np.isnan(y)
        return linregress((x[there] - x[0]) / np.timedelta64(1, "s"), y[there])

    return Side("fit(x, y)", {"fit": fit, "x": x, "y": y}, _slope_and_errors)


# ---- one fit a row ----

def _slope(fit: Any) -> np.ndarray:
    return np.asarray(fit.slope)


def _fit_rows(result=_slope) -> Side:
    from mathwork.regression import fit_line

    x, y = points(ROWS, POINTS)
    return Side("fit_line(x, y)", {"fit_line": fit_line, "x": x, "y": y}, result)


def _fit_rows_fully() -> Side:
    return _fit_rows(_fields)


def numpy_lines(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return slopes and intercepts by centred sums."""
    mean_x, mean_y = x.mean(axis=-1), y.mean(axis=-1)
    dx, dy = x - mean_x[..., None], y - mean_y[..., None]
    slope = (dx * dy).sum(axis=-1) / (dx * dx).sum(axis=-1)
    return slope, mean_y - slope * mean_x


def numpy_fits(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return every field that fit_line gives, by centred sums and residuals."""
    n = x.shape[-1]
    mean_x, mean_y = x.mean(axis=-1), y.mean(axis=-1)
    dx, dy = x - mean_x[..., None], y - mean_y[..., None]
    sxx, sxy, syy = (dx * dx).sum(axis=-1), (dx * dy).sum(axis=-1), (dy * dy).sum(axis=-1)
    slope = sxy / sxx
    variance = ((dy - slope[..., None] * dx) ** 2).sum(axis=-1) / (n - 2)
    return np.array([slope, mean_y - slope * mean_x, sxy / np.sqrt(sxx * syy),
                     np.sqrt(variance / sxx), np.sqrt(variance * (1 / n + mean_x ** 2 / sxx))])


def _numpy_rows() -> Side:
    x, y = points(ROWS, POINTS)
    return Side("lines(x, y)", {"lines": numpy_lines, "x": x, "y": y}, lambda found: found[0])


def _numpy_rows_fully() -> Side:
    x, y = points(ROWS, POINTS)
    return Side("fits(x, y)", {"fits": numpy_fits, "x": x, "y": y})


def _polars_rows() -> Side:
    import polars as pl

    x, y = points(ROWS, POINTS)
    key = np.repeat(np.arange(ROWS), POINTS)
    frame = pl.DataFrame({"key": key, "x": x.ravel(), "y": y.ravel()})
    slope = (pl.cov("x", "y") / pl.col("x").var()).alias("slope")
    return Side('frame.group_by("key").agg(slope)', {"frame": frame, "slope": slope},
                lambda found: found.sort("key")["slope"].to_numpy())
