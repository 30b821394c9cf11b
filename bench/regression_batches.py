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

PLANES = "fit_groups with two x beside polars-ds and polars-ols, which give coefficients alone"
TESTED = "fit_groups with two x beside the same, all with standard errors, R^2 and p-values"
GROUPS = "fit_groups beside polars' group_by with the slope only"
WINDOWS = "fit_rolling beside statsmodels' RollingOLS, 20,000 points"

COUNT, ROWS = 100_000, 20
# The keys of 100,000 groups of 20 rows, unsorted, or of fewer groups: the least ratio against
# each peer.
KEYS = {
    "integers": {peers.POLARS: 2, peers.DUCKDB: 2},
    "1000 groups": {peers.DUCKDB: 2},
    "10 groups": {peers.POLARS: None, peers.DUCKDB: 2},
    "spread integers": {peers.POLARS: None},
    "strings": {peers.POLARS: None},
}
# The keys of groups with two x: the least ratio against each peer. These give coefficients alone.
TWO_X = {
    "integers": {peers.POLARS_DS: 5, peers.POLARS_OLS: 5},
    "1000 groups": {peers.POLARS_DS: 5, peers.POLARS_OLS: 5},
    "10 groups": {peers.POLARS_DS: 5, peers.POLARS_OLS: 5},
}
POINTS = 20_000
# Windows: the least ratio against RollingOLS.
LENGTHS = {60: 100, 5: None, 1000: None}

# Both sides of a group subtract its mean; RollingOLS updates X'X, which costs it digits.
CLOSE = {"rtol": 1e-7, "atol": 1e-9}


def works() -> Iterator[Work]:
    """Yield every kind of keys, then the windows."""
    builders = {peers.POLARS: _group_by, peers.DUCKDB: _regr_slope}
    for kind, targets in KEYS.items():
        rivals = tuple(Rival(peer, partial(builders[peer], kind), target)
                       for peer, target in targets.items())
        name = "fit_groups" if kind == "integers" else f"fit_groups, {kind}"
        yield Work(name, partial(_fit_groups, kind), rivals, **CLOSE, section=GROUPS)
    builders = {peers.POLARS_DS: _lin_reg, peers.POLARS_OLS: _ols}
    for kind, targets in TWO_X.items():
        rivals = tuple(Rival(peer, partial(builders[peer], kind), target)
                       for peer, target in targets.items())
        yield Work(f"fit_groups, two x, {kind}", partial(_fit_planes, kind), rivals, **CLOSE,
                   section=PLANES)
    for kind in TWO_X:
        rivals = tuple(Rival(peer, partial(build, kind, True), 5)
                       for peer, build in builders.items())
        yield Work(f"fit_groups, two x, tests too, {kind}", partial(_fit_planes, kind, True),
                   rivals, **CLOSE, section=TESTED)
    for window, target in LENGTHS.items():
        more = {} if target else {"section": WINDOWS}
        yield Work(f"fit_rolling, window {window}", partial(_fit_rolling, window),
                   (Rival(peers.STATSMODELS, partial(_rolling_ols, window), target),),
                   **CLOSE, **more)
    yield Work("fit_rolling, two x, window 60", partial(_fit_rolling, 60, 2),
               (Rival(peers.STATSMODELS, partial(_rolling_ols, 60, 2), 100),), **CLOSE)


# ---- groups ----

def rows(kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return keys, x and y of 2,000,000 rows in random order: 100,000 groups, unless `kind` says
    fewer.
    """
    random = np.random.default_rng(5)
    group = random.permutation(np.repeat(np.arange(COUNT), ROWS))
    x, noise = random.standard_normal((2, len(group)))
    if kind == "spread integers":
        group = random.integers(-2**62, 2**62, COUNT)[group]
    elif kind == "strings":
        group = np.char.add("key", np.arange(COUNT).astype("U6"))[group]
    elif kind.endswith("groups"):
        group = group % int(kind.partition(" ")[0])
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


def _regr_slope(kind) -> Side:
    import duckdb

    keys, x, y = rows(kind)
    points = {"keys": keys, "x": x, "y": y}
    connection = duckdb.connect(config={"threads": 1})
    connection.register("arrays", points)
    connection.execute("CREATE TABLE points AS SELECT * FROM arrays")
    query = "SELECT keys, regr_slope(y, x) AS slope FROM points GROUP BY keys"
    return Side("connection.execute(query).fetchnumpy()",
                {"connection": connection, "query": query},
                lambda found: _by_key(found["keys"], found["slope"]))


# ---- groups with two x ----

def rows_of_two(kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return keys, two x and y: the rows of `rows`, and another x."""
    keys, x, y = rows(kind)
    other = np.random.default_rng(6).standard_normal(len(x))
    return keys, np.column_stack([x, other]), y + other


def _fit_planes(kind, tested=False) -> Side:
    from mathwork.regression import fit_groups

    def with_tests(keys, X, y):
        fits = fit_groups(keys, X, y)
        return fits, fits.tvalues, fits.pvalues

    keys, X, y = rows_of_two(kind)
    names = {"keys": keys, "X": X, "y": y}
    if tested:
        return Side("with_tests(keys, X, y)", names | {"with_tests": with_tests},
                    lambda found: _by_key(found[0].keys, found[0].bse[:, 1]))
    return Side("fit_groups(keys, X, y)", names | {"fit_groups": fit_groups},
                lambda fits: _by_key(fits.keys, fits.params[:, 1]))


def _frame_of_two(kind) -> Any:
    keys, X, y = rows_of_two(kind)
    return _polars().DataFrame({"keys": keys, "a": X[:, 0], "b": X[:, 1], "y": y})


def _lin_reg(kind, tested=False) -> Side:
    import polars_ds

    fit = polars_ds.lin_reg_report if tested else polars_ds.lin_reg

    def numbers(fits):
        if tested:
            return fits.list.first().struct.field("std_err")
        return np.stack(fits.to_list()).reshape(len(fits), 3)[:, 0]

    return _by_expression(kind, fit("a", "b", target="y", add_bias=True), numbers)


def _ols(kind, tested=False) -> Side:
    import polars_ols  # noqa: F401    # it adds least_squares to columns

    polars = _polars()
    fit = polars.col("y").least_squares.ols(
        polars.col("a"), polars.col("b"), add_intercept=True,
        mode="statistics" if tested else "coefficients")

    def numbers(fits):
        return (fits.struct.field("standard_errors").list.first() if tested
                else fits.struct.field("a"))

    return _by_expression(kind, fit, numbers)


def _by_expression(kind, expression, numbers) -> Side:
    """A fit of each group by an expression of polars; numbers(fits) is what is compared."""
    return Side('frame.group_by("keys").agg(fit)',
                {"frame": _frame_of_two(kind), "fit": expression.alias("fit")},
                lambda found: _by_key(found["keys"], numbers(found["fit"])))


# ---- windows ----

def series(k: int) -> tuple[np.ndarray, np.ndarray]:
    X, noise = np.random.default_rng(5).standard_normal((2, POINTS, k))
    return X, 2 * X.sum(axis=1) + noise[:, 0]


def _fit_rolling(window, k=1) -> Side:
    from mathwork.regression import fit_rolling

    X, y = series(k)
    return Side("fit_rolling(x, y, window)",
                {"fit_rolling": fit_rolling, "x": X[:, 0] if k == 1 else X, "y": y,
                 "window": window},
                lambda fits: np.stack([fits.params[:, 1], fits.bse[:, 1]])[:, window - 1:])


def _rolling_ols(window, k=1) -> Side:
    from statsmodels.regression.rolling import RollingOLS

    X, y = series(k)
    design = np.column_stack([np.ones(POINTS), X])
    return Side("RollingOLS(y, design, window).fit()",
                {"RollingOLS": RollingOLS, "y": y, "design": design, "window": window},
                lambda fit: np.stack([fit.params[:, 1], fit.bse[:, 1]])[:, window - 1:])
