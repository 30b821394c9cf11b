"""Regression over the partitions of Dask collections, against the same in memory."""
import doctest
import inspect
import pickle

import numpy as np
import pytest
from docstrings import documented, taken
from helpers import names_kernels, raises, run_python, same_bits

pytest.importorskip("dask", reason="dask is not installed")
pytest.importorskip("pandas", reason="pandas is not installed")
import dask
import dask.array as da
import dask.dataframe as dd
import pandas as pd

import mathwork.dask
from mathwork import regression
from mathwork.dask import Moments, fit_groups, fit_line, fit_linear, fit_rolling

EQUAL = {"rtol": 1e-12, "atol": 0.0}
PUBLIC = {name: getattr(mathwork.dask, name) for name in mathwork.dask.__all__}
PUBLIC |= {f"{name}.{method}": getattr(value, method) for name, value in PUBLIC.items()
           if inspect.isclass(value) for method, given in vars(value).items()
           if not method.startswith("_") and (inspect.isfunction(given)
                                              or isinstance(given, classmethod))}
every_public_name = pytest.mark.parametrize("name", PUBLIC)
either_kind = pytest.mark.parametrize("kind", ["arrays", "frames"])


def in_chunks(array, rows, columns=-1):
    return da.from_array(array, chunks=(rows, columns)[:array.ndim])


def collections(kind, X, y, weights=None, rows=130):
    """X, y and weights as Dask arrays, in chunks of other sizes, or as parts of a dataframe"""
    if kind == "arrays":
        return (in_chunks(X, rows, 2), in_chunks(y, rows + 17),
                None if weights is None else in_chunks(weights, rows - 9))
    frame = pd.DataFrame(X, columns=[f"x{at}" for at in range(X.shape[1])])
    names = list(frame)
    frame = dd.from_pandas(frame.assign(y=y, w=1.0 if weights is None else weights),
                           npartitions=-(-len(y) // rows))
    return frame[names], frame["y"], None if weights is None else frame["w"]


def sample(rng, n=1000, p=4):
    X = rng.normal(size=(n, p)) * 10.0 ** np.arange(p) + 1e5
    return X, X @ np.arange(1.0, p + 1) + rng.normal(size=n), rng.uniform(0.5, 2, n)


def assert_equal_fits(found, wanted):
    for name in ("params", "bse", "tvalues", "rsquared", "scale"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), **EQUAL)
    assert (found.nobs, found.df_resid, found.status) == (
        wanted.nobs, wanted.df_resid, wanted.status)


# ---- the package ----

def test_all_is_sorted_and_true():
    assert mathwork.dask.__all__ == sorted(mathwork.dask.__all__)
    assert {"Moments", "fit_linear"} <= set(mathwork.dask.__all__)


@every_public_name
def test_every_parameter_is_documented(name):
    text = inspect.getdoc(PUBLIC[name])
    assert documented(text) == taken(PUBLIC[name])


@every_public_name
def test_examples_are_true(name):
    report, finder = [], doctest.DocTestFinder(recurse=False)
    example, = finder.find(PUBLIC[name], name, module=False, globs={})
    assert doctest.DocTestRunner(verbose=False).run(example, out=report.append).failed == 0, report
    assert example.examples


@every_public_name
def test_pickles_name_public_modules(name):
    content = pickle.dumps(PUBLIC[name])
    assert not names_kernels(content)


def test_mathwork_does_not_import_dask():
    loaded = run_python("import sys; from mathwork import *; print(*sys.modules)")[1].split()
    assert "mathwork.nn" in loaded and not {"dask", "mathwork.dask"} & set(loaded)


def test_without_dask_the_error_says_what_to_install():
    code, _, error = run_python("import sys; sys.modules['dask'] = None\nimport mathwork.dask")
    assert code == 1 and error.rstrip().endswith(
        "ImportError: to work on Dask collections, mathwork needs 'dask[array,dataframe]': "
        "pip install 'dask[array,dataframe]'")


# ---- planes and lines ----

@either_kind
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_a_plane_is_the_one_in_memory(kind, weighted, intercept, rng):
    X, y, weights = sample(rng)
    weights = weights if weighted else None
    dX, dy, dw = collections(kind, X, y, weights)
    fit = fit_linear(dX, dy, weights=dw, intercept=intercept)
    assert dask.is_dask_collection(fit)
    assert_equal_fits(fit.compute(),
                      regression.fit_linear(X, y, weights=weights, intercept=intercept))


def test_columns_of_a_dataframe_name_those_of_the_fit(rng):
    fit = fit_linear(*collections("frames", *sample(rng)[:2])[:2]).compute()
    assert fit.terms == ("intercept", "x0", "x1", "x2", "x3")


def test_several_targets(rng):
    X, y, _ = sample(rng)
    Y = np.column_stack([y, X[:, 0] ** 2])
    fit = fit_linear(in_chunks(X, 100, 3), in_chunks(Y, 300, 1)).compute()
    assert_equal_fits(fit, regression.fit_linear(X, Y))


@either_kind
def test_the_moments_are_those_in_memory(kind, rng):
    X, y, weights = sample(rng)
    dX, dy, dw = collections(kind, X, y, weights)
    moments = Moments.of(dX, dy, weights=dw, robust=True)
    wanted = regression.Moments.of(X, y, weights=weights, robust=True)
    found = moments.compute()
    assert type(found) is regression.Moments
    np.testing.assert_allclose(found.gram, wanted.gram, rtol=1e-15)
    np.testing.assert_allclose(moments.robust_cov([2, 0], cov="HC0").compute(),
                               wanted.robust_cov([2, 0], cov="HC0"), rtol=1e-10)
    assert_equal_fits(moments.fit([2, 0]).compute(), wanted.fit([2, 0]))


@pytest.mark.parametrize("cov", ["HC0", "HC1"])
@pytest.mark.parametrize("intercept", [False, True])
def test_robust_errors(cov, intercept, rng):
    X, y, weights = sample(rng)
    X = X if intercept else X - 1e5         # F would lose twice the digits of its condition
    noise = 1e3 * X[:, 1] * rng.normal(size=1000)       # the smaller, the fewer digits
    y = np.column_stack([y, X[:, 1]]) + noise[:, None]
    chunks = [in_chunks(each, 130) for each in (X, y, weights)]
    options = {"cov": cov, "intercept": intercept}
    found = fit_linear(*chunks[:2], weights=chunks[2], **options).compute()
    wanted = regression.fit_linear(X, y, weights=weights, **options)
    for name in ("params", "bse", "pvalues", "fvalue", "f_pvalue"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-8)
    assert (found.cov_type, found.df_resid) == (wanted.cov_type, wanted.df_resid)
    np.testing.assert_allclose(found.cov_params(), wanted.cov_params(), rtol=1e-8)


def test_robust_errors_beside_a_dependent_column(rng):
    X, y, _ = sample(rng)
    both = np.column_stack([X[:, :2], X[:, 0] + X[:, 1]])
    fit = fit_linear(in_chunks(both, 100), in_chunks(y, 100), cov="HC1")
    with pytest.warns(regression.RankWarning):
        found = fit.compute(scheduler="sync")
    wanted = regression.fit_linear(X[:, :2], y, cov="HC1")
    np.testing.assert_allclose(found.bse[:3], wanted.bse, rtol=1e-8)
    assert np.isnan(found.bse[3])


def test_errors_that_need_the_rows_are_refused():
    with raises(ValueError, "cov must be one of nonrobust, HC0, HC1 (other estimators need the "
                            "rows), got 'HC3'"):
        fit_linear(da.ones((9, 2)), da.ones(9), cov="HC3")


def test_moments_are_added_kept_and_asked_lazily(rng):
    X, y, _ = sample(rng)
    half = [Moments.of(in_chunks(X[rows], 90), in_chunks(y[rows], 90))
            for rows in (slice(500), slice(500, None))]
    both = half[0] + half[1]
    assert isinstance(both, Moments) and isinstance(both.persist(), Moments)
    assert both.nobs.compute() == 1000
    assert_equal_fits(both.persist().fit().compute(), regression.fit_linear(X, y))
    assert sum(half).compute() == both.compute()


def test_the_bits_do_not_depend_on_the_scheduler(rng):
    X, y, _ = sample(rng)
    fit = fit_linear(in_chunks(X, 10), in_chunks(y, 10))
    one, many = (fit.compute(scheduler=scheduler) for scheduler in ("sync", "threads"))
    assert same_bits(one.params, many.params) and same_bits(one.bse, many.bse)


def test_every_row_is_read_once(rng):
    counted = []

    def block(start):
        counted.append(start)
        return np.random.default_rng(start).normal(size=(10, 3))

    parts = [da.from_delayed(dask.delayed(block, pure=True)(start), (10, 3), float)
             for start in range(30)]
    rows = da.concatenate(parts)
    moments = Moments.of(rows[:, :2], rows[:, 2])
    dask.compute(moments.fit(), moments.fit([1]), moments.nobs, scheduler="sync")
    assert sorted(counted) == list(range(30))


@either_kind
def test_a_line_is_the_one_in_memory(kind, rng):
    X, y, weights = sample(rng)
    y[7] = np.nan
    dX, dy, dw = collections(kind, X, y, weights)
    column = dX[:, 0] if kind == "arrays" else dX["x0"]
    found = fit_line(column, dy, weights=dw, nan_policy="omit").compute()
    wanted = regression.fit_line(X[:, 0], y, weights=weights, nan_policy="omit")
    for name in ("slope", "intercept", "rvalue", "stderr", "intercept_stderr", "pvalue"):
        assert getattr(found, name) == pytest.approx(getattr(wanted, name), rel=1e-11), name
    assert (found.nobs, found.n_omitted) == (wanted.nobs, wanted.n_omitted)
    np.testing.assert_allclose(found.conf_int(), wanted.conf_int(), rtol=1e-11)


def test_unknown_chunk_sizes_and_empty_partitions(rng):
    X, y, _ = sample(rng)
    names = list("abcd")
    frame = dd.from_pandas(pd.DataFrame(X, columns=names).assign(y=y, i=range(1000)),
                           npartitions=9)
    some = frame[frame["y"] > np.median(y)]
    some = some[some["i"] < 500]            # the last partitions have no row
    kept = (y > np.median(y)) & (np.arange(1000) < 500)
    wanted = regression.fit_linear(X[kept], y[kept])
    assert_equal_fits(fit_linear(some[names], some["y"]).compute(), wanted)
    rows = some[[*names, "y"]].to_dask_array()
    assert np.isnan(rows.shape[0])
    assert_equal_fits(fit_linear(rows[:, :4], rows[:, 4]).compute(), wanted)


def test_large_integers_and_times_keep_their_digits():
    start = np.datetime64("2026-01-01", "ns")
    times = start + np.arange(100).astype("m8[ns]")
    frame = dd.from_pandas(pd.DataFrame({"t": times, "y": 3.0 * np.arange(100)}), npartitions=4)
    assert fit_line(frame["t"], frame["y"]).compute().slope == pytest.approx(3e9, rel=1e-12)
    numbers = in_chunks(2**60 + np.arange(100), 30)
    assert fit_line(numbers, in_chunks(2.0 * np.arange(100), 30)).compute().slope == 2.0


def test_a_dependent_column_is_told_by_the_status():
    x = da.arange(20.0, chunks=5)
    fit = fit_linear(da.stack([x, 2 * x], axis=1), x)
    with pytest.warns(regression.RankWarning):
        assert fit.compute(scheduler="sync").status == regression.status.CONSTANT


# ---- groups ----

GROUP_FIELDS = ("params", "bse", "rsquared")


def assert_equal_groups(found, wanted):
    assert found.keys.tolist() == wanted.keys.tolist() and found.keys.dtype == wanted.keys.dtype
    assert found.names == wanted.names and found.n_omitted == wanted.n_omitted
    np.testing.assert_array_equal(found.nobs, wanted.nobs)
    np.testing.assert_array_equal(found.status, wanted.status)
    for name in GROUP_FIELDS:
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-11,
                                   atol=1e-12)


KEYS = {
    "integers": lambda codes: codes * 10**12,
    "strings": lambda codes: np.array([f"key {code}" for code in codes]),
    "floats": lambda codes: np.where(codes == 5, np.nan, codes / 7),
    "objects": lambda codes: np.array([None if code == 3 else code if code % 2 else str(code)
                                       for code in codes.tolist()], object),
}


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_groups_are_those_in_memory(keys, k, rng):
    n = 600
    keys = keys(rng.integers(0, 40, n))
    x, weights = rng.normal(size=(n, k)), rng.uniform(0, 1, n)
    y = x.sum(axis=1) + rng.normal(size=n)
    x[7], y[8], weights[20:60], weights[100], weights[101] = np.nan, np.inf, 0, -1, np.nan
    x = x[:, 0] if k == 1 else x
    chunks = [in_chunks(each, 70) for each in (keys, x, y, weights)]
    for options in ({}, {"intercept": False}, {"nan_policy": "omit"}):
        found = fit_groups(*chunks[:3], weights=chunks[3], **options).compute()
        assert_equal_groups(found, regression.fit_groups(keys, x, y, weights=weights, **options))


def test_statuses_of_groups():
    keys = np.array([1, 1, 2, 3, 3, 3, 4, 4, 4])
    x = np.array([1.0, 2, 1, 5, 5, 5, 1, 2, np.nan])
    found = fit_groups(*(in_chunks(each, 2) for each in (keys, x, 2 * x))).compute()
    assert found.status.tolist() == [0, 1, 2, 3]
    assert_equal_groups(found, regression.fit_groups(keys, x, 2 * x))


def test_groups_of_a_dataframe_have_names(rng):
    frame = pd.DataFrame({"k": rng.integers(0, 9, 200).astype(str), "a": rng.normal(size=200),
                          "b": rng.normal(size=200), "y": rng.normal(size=200)})
    lazy = dd.from_pandas(frame, npartitions=5)
    found = fit_groups(lazy["k"], lazy[["a", "b"]], lazy["y"]).compute()
    wanted = regression.fit_groups(frame["k"], frame[["a", "b"]], frame["y"])
    assert_equal_groups(found, wanted)
    assert list(found.to_dict()) == list(wanted.to_dict())
    key = found.keys[0]
    np.testing.assert_allclose(found.of(key).params, wanted.of(key).params, rtol=1e-12)


def test_groups_of_large_integers_and_far_numbers(rng):
    keys = rng.integers(0, 5, 100)
    x, y = 2**60 + rng.integers(0, 1000, 100), rng.normal(size=100) * 1e100
    found = fit_groups(*(in_chunks(each, 30) for each in (keys, x, y))).compute()
    assert_equal_groups(found, regression.fit_groups(keys, x, y))


# ---- windows ----

@pytest.mark.parametrize("window", [4, 37, 200, 900])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [1, 3])
def test_windows_have_their_bits_in_memory(k, weighted, window, rng):
    n = 700
    x, y, weights = rng.normal(size=(n, k)), rng.normal(size=n), rng.random(n)
    x[77, 0] = np.nan
    x, weights = x[:, 0] if k == 1 else x, weights if weighted else None
    wanted = regression.fit_rolling(x, y, window, weights=weights, min_nobs=4).to_pandas()
    chunks = (100, 20, 1, 1, 278, 300)      # shorter and longer than windows
    found = fit_rolling(*(in_chunks(each, chunks) for each in (x, y)), window, min_nobs=4,
                        weights=None if weights is None else in_chunks(weights, 100))
    assert (found.dtypes == wanted.dtypes).all()
    assert found.compute().equals(wanted)


def test_windows_of_a_dataframe_keep_its_index(rng):
    frame = pd.DataFrame({"a": rng.normal(size=300), "b": rng.normal(size=300),
                          "y": rng.normal(size=300)}, index=pd.date_range("2026", periods=300))
    lazy = dd.from_pandas(frame, npartitions=7)
    found = fit_rolling(lazy[["a", "b"]], lazy["y"], 50)
    assert found.divisions == lazy.divisions
    wanted = regression.fit_rolling(frame[["a", "b"]], frame["y"], 50)
    result = found.compute()
    assert result.index.equals(frame.index) and list(result) == list(wanted.to_dict())
    assert all(np.array_equal(result[name], column, equal_nan=True)
               for name, column in wanted.to_dict().items())
    filtered = lazy[lazy["a"] > 0]          # partitions of lengths that Dask does not know
    some = frame[frame["a"] > 0]
    assert np.array_equal(fit_rolling(filtered["a"], filtered["y"], 20).compute()["slope"],
                          regression.fit_rolling(some["a"], some["y"], 20).slope, equal_nan=True)


def test_partitions_that_dask_reads_together(tmp_path, rng):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    frame = pd.DataFrame({name: rng.normal(size=1000) for name in "abcdefgy"})
    for at in range(10):
        frame[100 * at:100 * at + 100].to_parquet(tmp_path / f"{at}.parquet")
    wanted = regression.fit_rolling(frame["a"], frame["y"], 150).slope
    for known in (False, True):
        lazy = dd.read_parquet(tmp_path, calculate_divisions=known)
        assert lazy.npartitions == 10
        found = fit_rolling(lazy["a"], lazy["y"], 150)
        assert same_bits(found.compute()["slope"].to_numpy(), wanted)
        assert_equal_fits(fit_linear(lazy[["a", "b"]], lazy["y"]).compute(),
                          regression.fit_linear(frame[["a", "b"]], frame["y"]))


# ---- what is refused ----

def test_what_is_in_memory_is_refused(rng):
    X, y, _ = sample(rng, 10)
    advice = (": what is in memory goes to the function of this name in mathwork.regression, and "
              "dask.array.from_array and dask.dataframe.from_pandas make collections of it")
    for function in (fit_linear, Moments.of):
        with raises(TypeError, "X must be a Dask array or dataframe, got ndarray" + advice):
            function(X, y)
    with raises(TypeError, "y must be a Dask array or dataframe, got ndarray" + advice):
        fit_linear(in_chunks(X, 3), y)


def test_what_does_not_fit_together_is_refused(rng):
    X, y, _ = sample(rng, 40)
    frame = dd.from_pandas(pd.DataFrame(X), npartitions=4)
    other = dd.from_pandas(pd.Series(y), npartitions=3)
    with raises(TypeError, "X and y must be of one kind, got a Dask array and a Dask dataframe: "
                           "to_dask_array() makes an array of a dataframe"):
        fit_linear(in_chunks(X, 10), other)
    with raises(ValueError, "X and y must have as many rows, got shapes (40, 4) and (30,)"):
        fit_linear(in_chunks(X, 10), in_chunks(y[:30], 10))
    with raises(ValueError, "X and y must have the same blocks of rows where the sizes of chunks "
                            "are unknown, got 4 and 3 blocks: compute_chunk_sizes() of each finds "
                            "the sizes"):
        fit_linear(frame.to_dask_array(), other.to_dask_array())
    with raises(ValueError, "X and y must have the same partitions, got 4 and 3 with divisions of "
                            "their own: take both from one dataframe, or "
                            "y.repartition(divisions=X.divisions)"):
        fit_linear(frame, other)
    aligned = other.repartition(divisions=frame.divisions)
    assert_equal_fits(fit_linear(frame, aligned).compute(), regression.fit_linear(X, y))


def test_what_only_the_rows_show_is_raised_when_they_are_read(rng):
    X, y, _ = sample(rng, 40)
    y[13] = np.nan
    fit = fit_linear(in_chunks(X, 10), in_chunks(y, 10))
    with pytest.raises(ValueError, match="row 3"):      # of its partition
        fit.compute()
    line = fit_line(da.ones(10, chunks=5), da.arange(10, chunks=5))
    with raises(ValueError, "x must vary, got 10 points with x = 1.0"):
        line.compute()


def test_windows_of_time_are_refused():
    x = da.arange(10, chunks=5)
    with raises(TypeError, "window must be an integer, a number of rows, got '3d': windows of "
                           "time, and those of all rows so far, are for series in memory"):
        fit_rolling(x, x, "3d")
    with pytest.raises(ValueError, match="window must be at least 2, got 1"):
        fit_rolling(x, x, 1)


def test_a_line_of_several_columns_is_refused():
    with raises(ValueError, "x must have one dimension, as a column has, got 2: fit_linear takes "
                            "several columns"):
        fit_line(da.ones((4, 2), chunks=2), da.ones(4, chunks=2))


@pytest.mark.parametrize(("call", "kind", "message"), [
    (lambda x: fit_linear(x[:, None], x, intercept=np.ones(2)), TypeError,
     "intercept must be True or False, got ndarray of shape (2,) and dtype float64"),
    (lambda x: fit_groups(x, x, x, intercept="no"), TypeError,
     "intercept must be True or False, got 'no'"),
    (lambda x: fit_groups(x, x, x, nan_policy=10**5000), ValueError,
     "nan_policy must be one of raise, omit, propagate, got an integer of 16610 bits"),
    (lambda x: fit_rolling(x, x, 10**5000), ValueError,
     "window must be at most 9223372036854775807, got an integer of 16610 bits"),
    (lambda x: fit_rolling(x, x, 0), ValueError, "window must be at least 2, got 0"),
    (lambda x: fit_rolling(x, x, 3, min_nobs=0, intercept=False), ValueError,
     "min_nobs must be at least 1, got 0"),
    (lambda x: Moments.of(x[:, None], x, robust=3), TypeError,
     "robust must be True or False, got 3"),
    (lambda x: Moments.of(x[:, None], x).fit(3), TypeError,
     "columns must be an iterable of places of columns of X, got 3"),
    (lambda x: Moments.of(x[:, None], x).fit(["x"]), TypeError,
     "columns must be an integer, got 'x'"),
    (lambda x: Moments.of(x[:, None], x).fit(rank_tol=-1), ValueError,
     "rank_tol must not be negative, got -1.0"),
    (lambda x: Moments.of(x[:, None], x).robust_cov(cov="HC3"), ValueError,
     "cov must be one of HC0, HC1, got 'HC3'"),
])
def test_options_are_checked_before_anything_is_computed(call, kind, message):
    with raises(kind, message):
        call(da.arange(6, chunks=2))


def test_a_mask_of_columns_is_no_list_of_places():
    x = da.arange(6, chunks=2)
    with pytest.raises(TypeError, match="columns must be the places of columns of X, got a mask"):
        Moments.of(x[:, None], x).fit([True]).compute()
