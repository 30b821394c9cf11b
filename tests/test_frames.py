"""Fits of data frames: exact integers with gaps, times, names, indices, and what is refused."""
import datetime
import math

import numpy as np
import pytest
from helpers import raises, same_bits

from mathwork.nn import Network
from mathwork.orbit import solve_kepler
from mathwork.regression import (
    Moments,
    RankWarning,
    fit_groups,
    fit_line,
    fit_linear,
    fit_polynomial,
    fit_rolling,
)

BIG = [2**60 + 1, 2**60 + 2, None, 2**60 + 4]
Y = [1.0, 2, 4, 3.5]
DUMMIES = ("is categorical: give columns of 0 and 1 in its place, as get_dummies of pandas or "
           "to_dummies of polars make them")



@pytest.fixture(params=["Int64", "UInt64", "int64[pyarrow]", "polars", "array", "chunks"])
def big_column(request):
    """A column of integers beyond 2^53 with a gap"""
    if request.param == "polars":
        return pytest.importorskip("polars").Series("big", BIG)
    if "64" not in request.param or "pyarrow" in request.param:
        pyarrow = pytest.importorskip("pyarrow")
        if request.param == "array":
            return pyarrow.array(BIG)
        if request.param == "chunks":
            return pyarrow.chunked_array([BIG[:1], BIG[1:]])
    return pytest.importorskip("pandas").Series(BIG, dtype=request.param)


# ---- numbers ----

def with_nan(bits):
    """Rows of float32, one of them with the NaN of these bits"""
    rows = np.square(1 + np.arange(12, dtype=np.float32)).reshape(6, 2)
    rows.view(np.uint32)[2, 1] = bits
    return rows


@pytest.mark.parametrize("kind", ["array", "pandas", "polars"])
def test_a_signalling_nan_is_a_nan(kind, request):
    # NumPy warns of its conversion to another dtype.
    quiet, frame = with_nan(0x7fc00000), with_nan(0x7f800001)
    column, net = frame[:, 1], Network.he((2, 3, 1), dtype=np.float64, rng=0)
    if kind != "array":
        frame = request.getfixturevalue(kind).DataFrame({"a": frame[:, 0], "b": column})
        column = frame["b"]
    ys = np.arange(6.0)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(net(frame), net(quiet))
        fit, expected = (fit_linear(X, ys, nan_policy="omit") for X in (frame, quiet))
        assert same_bits(fit.params, expected.params) and fit.n_omitted == 1
        assert fit_line(ys, column, nan_policy="omit").n_omitted == 1
        assert np.isnan(fit.predict(frame)[2]) and not np.isnan(fit.predict(frame)[3])
        anomalies = solve_kepler(column, np.full(6, 0.3))
        assert np.isnan(anomalies[2]) and not np.isnan(anomalies[3])



def test_large_integers_with_gaps_stay_exact(big_column):
    fit = fit_line(big_column, [0, 1, 9, 3], nan_policy="omit")
    assert (fit.slope, fit.rvalue, fit.n_omitted) == (1, 1, 1)
    assert fit.predict(2**60 + 3) == 2
    with raises(ValueError, "x and y must be finite, point 2 is not; nan_policy='omit' leaves "
                            "such points out"):
        fit_line(big_column, [0, 1, 9, 3])
    assert fit_polynomial([0, 1, 9, 3], big_column, 1, nan_policy="omit").coef[1] == 1


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64", "UInt64", "int64[pyarrow]"])
def test_large_integers_without_gaps_stay_exact(pandas, dtype):
    column = pandas.Series([2**60 + 1, 2**60 + 2, 2**60 + 4], dtype=dtype)
    assert tuple(fit_line(column, [0, 1, 3])) == (1, float(-(2**60 + 1)))
    assert fit_linear(column.to_frame("i"), [0, 1, 3]).params[1] == 1
    assert fit_line(column.array, [0, 1, 3]).slope == 1


def test_large_integers_with_gaps_in_frames(pandas, polars, pyarrow):
    frames = (pandas.DataFrame({"i": pandas.array(BIG, "Int64")}), polars.DataFrame({"i": BIG}),
              pyarrow.table({"i": BIG}), pyarrow.record_batch({"i": BIG}))
    for frame in frames:
        fit = fit_linear(frame, [0, 1, 9, 3], nan_policy="omit")
        assert fit.params[1] == 1 and fit.n_omitted == 1 and fit.terms == ("intercept", "i")
        assert Moments.of(frame, [0, 1, 9, 3], nan_policy="omit").fit().params[1] == 1
        np.testing.assert_array_equal(fit.predict(frame)[[0, 1, 3]], [0, 1, 3])


def test_bools_and_nullable_columns_beside_floats(pandas):
    frame = pandas.DataFrame({"a": [1.0, 2, 3, 4], "b": [True, False, True, True]})
    expected = fit_linear([[1, 1], [2, 0], [3, 1], [4, 1]], Y).params
    for dtype in "bool", "boolean", "bool[pyarrow]", "Int64", "Float64", "float[pyarrow]":
        np.testing.assert_array_equal(fit_linear(frame.astype({"b": dtype}), Y).params, expected)
    gap = pandas.DataFrame({"a": pandas.array([1, 2, None, 4], "Int64"),
                            "b": pandas.array([1.0, None, 1, 3], "Float64")})
    with raises(ValueError, "X and y must be finite, rows 1 and 1 more are not; "
                            "nan_policy='omit' leaves such rows out"):
        fit_linear(gap, Y)
    fit = fit_linear(gap, Y, nan_policy="omit", intercept=False)
    assert (fit.nobs, fit.n_omitted) == (2, 2)


# ---- times ----

def test_times_of_every_library(pandas, polars, pyarrow):
    days = pandas.date_range("2020-01-01", periods=4, freq="D")
    moments, dates = days.to_pydatetime().tolist(), days.date.tolist()
    series = pandas.Series(days)
    spans = days - days[0]
    for column in (days, series, series.dt.tz_localize("Asia/Tokyo"), days.tz_localize("UTC"),
                   series.astype("timestamp[ns][pyarrow]"), polars.Series(moments),
                   polars.Series(dates), polars.Series(moments).dt.replace_time_zone("UTC"),
                   pyarrow.array(moments), pyarrow.array(dates), moments, dates,
                   pandas.Series(spans), polars.Series(spans.to_pytimedelta().tolist()),
                   pandas.Series(spans).astype("duration[ns][pyarrow]"), pyarrow.array(spans),
                   series.dt.as_unit("s").dt.tz_localize("UTC"),
                   series.dt.tz_localize("UTC").astype("timestamp[ns, tz=UTC][pyarrow]"),
                   spans.to_pytimedelta().tolist()):
        fit = fit_line(column, Y)
        assert fit.slope * 86400 == pytest.approx(0.95, rel=1e-14)
        np.testing.assert_allclose(fit.predict(column), [1.2, 2.15, 3.1, 4.05], rtol=1e-11)
    for frame in (pandas.DataFrame({"t": days, "b": [True, False, True, True]}),
                  polars.DataFrame({"t": moments, "b": [True, False, True, True]}),
                  pyarrow.table({"t": moments, "b": [True, False, True, True]})):
        fit = fit_linear(frame, Y)
        expected = fit_linear(np.stack([np.arange(4), [1, 0, 1, 1]], 1), Y)
        np.testing.assert_allclose(fit.params[1:] * [86400, 1], expected.params[1:], rtol=1e-13)
        np.testing.assert_allclose(fit.predict(frame), expected.fittedvalues, rtol=1e-13)


# ---- names ----

def test_names_are_in_every_table(pandas, polars):
    for height in (pandas.Series([1.0, 2, 4, 8], name="height"),
                   polars.Series("height", [1.0, 2, 4, 8])):
        line = fit_line(height, Y)
        assert line.terms == ("intercept", "height")
        assert "\nheight " in str(line.summary())
        curve = fit_polynomial(height, Y, 2)
        assert curve.terms == ("1", "height", "height^2") and "\nheight^2 " in str(curve.summary())
    assert fit_line([1, 2, 3, 4], Y).terms == ("intercept", "slope")
    frame = pandas.DataFrame({"cm": [1.0, 2, 3, 5], "inch": [2.0, 4, 6, 10]})
    with pytest.warns(RankWarning, match="^column 'inch' of X depends on those before it: "
                                         "its parameter is NaN$"):
        fit = fit_linear(frame, Y)
    assert fit.terms == ("intercept", "cm", "inch")
    assert "depend on the columns before them: inch" in str(fit.summary())
    # Names that are given to the table are in its note, too.
    with pytest.warns(RankWarning, match="^column 1 of X"):
        fit = fit_linear(frame.to_numpy(), Y)
    assert "before them: X[1]" in str(fit.summary())
    assert "before them: inches" in str(fit.summary(names=["start", "cm", "inches"]))


def test_rows_to_predict_have_the_columns_of_the_fit(pandas):
    frame = pandas.DataFrame({"a": [1.0, 2, 3, 4], "b": [1.0, 0, 0, 1]})
    fit = fit_linear(frame, Y)
    np.testing.assert_array_equal(fit.predict(frame.to_numpy()), fit.predict(frame))
    with raises(ValueError, "X must have the columns 'a', 'b' as the fit has, got 'b', 'a'"):
        fit.predict(frame[["b", "a"]])
    with raises(ValueError, "X must have the columns 'a', 'b' as the fit has, got 'a'"):
        fit.predict(frame[["a"]])
    with raises(ValueError, "X must have shape (m, 2) as the fit has, got (4, 1)"):
        fit.predict(frame[["a"]].to_numpy())


# ---- what is refused ----

def test_indices_that_differ(pandas):
    x, y = pandas.Series([1.0, 2, 3, 4], index=[3, 2, 1, 0]), pandas.Series(Y)
    message = "{} and {} must have one index, which is not so: align them first, or give arrays, " \
              "which go by place"
    for fit in (fit_line, lambda x, y, **options: fit_polynomial(x, y, 1, **options)):
        with raises(ValueError, message.format("x", "y")):
            fit(x, y)
        with raises(ValueError, message.format("y", "weights")):
            fit([1, 2, 3, 4], y, weights=x)
        assert fit(x.to_numpy(), y).nobs == fit(y.index, y).nobs == 4
    for fit in fit_linear, Moments.of:
        with raises(ValueError, message.format("X", "y")):
            fit(x.to_frame(), y)
        assert fit(x.to_frame(), y[x.index]).nobs == 4


def test_indices_of_groups_and_times_that_differ(pandas):
    x, y = pandas.Series([1.0, 2, 3, 4]), pandas.Series(Y)
    other = pandas.Series([0, 0, 1, 1], index=[3, 2, 1, 0])
    message = "{} and {} must have one index, which is not so: align them first, or give arrays, " \
              "which go by place"
    for fit in (fit_line, lambda x, y, **options: fit_polynomial(x, y, 1, **options)):
        with raises(ValueError, message.format("x", "groups")):
            fit(x, y, cov="cluster", groups=other)
    with raises(ValueError, message.format("X", "groups")):
        fit_linear(x.to_frame(), y, cov="cluster", groups=other)
    with raises(ValueError, message.format("x", "time")):
        fit_rolling(x, y, 2, time=other)


def test_dates_as_objects(pandas):
    """As .dt.date and databases give them, with gaps and beside numbers"""
    days = pandas.Series(pandas.date_range("2020-01-01", periods=4))
    objects = days.dt.date
    assert objects.dtype == object
    slope = fit_line(days, Y).slope
    for dates in (objects, objects.to_numpy(), list(objects), pandas.Index(objects)):
        assert fit_line(dates, Y).slope == slope
    frame = pandas.DataFrame({"day": objects, "x": [1.0, 4, 2, 0]})
    same = fit_linear(frame.assign(day=days), Y)
    np.testing.assert_array_equal(fit_linear(frame, Y).params, same.params)
    windows = fit_rolling([1, 2, 3, 4], Y, "3d", time=days)
    for series, time in ((Y, objects), (pandas.Series(Y, index=objects.to_numpy()), None)):
        np.testing.assert_array_equal(fit_rolling([1, 2, 3, 4], series, "3d", time=time).slope,
                                      windows.slope)
    gaps = objects.astype(object)
    for gap in (None, pandas.NaT, pandas.NA, math.nan):
        gaps[1] = gap
        for dates in (gaps, list(gaps), [gap, *objects[1:]]):
            fit = fit_line(dates, Y, nan_policy="omit")
            assert (fit.nobs, fit.n_omitted) == (3, 1)
    spans = [datetime.timedelta(day) for day in (1, 3, 4)]
    for gap in (None, pandas.NaT, pandas.NA, math.nan, np.float64("nan"), np.timedelta64("NaT")):
        for given in ([gap, *spans], pandas.Series([*spans, gap], dtype=object)):
            assert fit_line(given, Y, nan_policy="omit").nobs == 3
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    of_arrow = days.astype("timestamp[ns][pyarrow]").dt.date
    assert fit_line(of_arrow, Y).slope == slope


def test_sparse_integers_stay_exact(pandas):
    column = np.array([0, 1, 3, 4]) + 2**53
    assert fit_line(pandas.Series(pandas.arrays.SparseArray(column)), [1, 2, 4, 3]).slope == (
        fit_line(column, [1, 2, 4, 3]).slope)


@pytest.mark.parametrize("beside", [1, "a", datetime.timedelta(1)])
def test_dates_beside_something_else(pandas, beside):
    values = [datetime.date(2020, 1, 1), beside, datetime.date(2020, 1, 3)]
    for given in (values, np.array(values, object), pandas.Series(values, dtype=object)):
        with pytest.raises(TypeError, match=r"^x must hold real numbers, "):
            fit_line(given, [1, 2, 4])


def test_columns_of_lists_and_numbers_that_numpy_lacks(polars, pyarrow):
    for column, holds in ((polars.Series([[1], [2], [3]]), "array"),
                          (pyarrow.array([[1], [2], [3]]), "array"),
                          (pyarrow.array([{"a": 1}] * 3), "{'a': 1}")):
        for call in (fit_line, lambda x, y: fit_groups([1, 1, 1], x, y)):
            with pytest.raises(TypeError, match=f"^x must hold real numbers, it holds {holds}"):
                call(column, [1, 2, 4])
    array = polars.DataFrame({"a": [[1, 2]] * 4, "b": Y},
                             schema={"a": polars.Array(polars.Int64, 2), "b": polars.Float64})
    with pytest.raises(TypeError, match=r"^X must hold real numbers or times, its column 'a' "):
        fit_linear(array, Y)
    if hasattr(polars, "Int128"):
        labels = polars.Series([1, 1, 2, 2], dtype=polars.Int128)
        with pytest.raises(ValueError, match=r"^groups must be a regular array: "):
            fit_line([1, 2, 3, 4], Y, cov="cluster", groups=labels)
        with pytest.raises(ValueError, match=r"^x must be a regular array of real numbers: "):
            fit_line(polars.Series([1, 2, 3], dtype=polars.Int128), [1, 2, 4])


def test_categories_are_no_numbers(pandas, polars, pyarrow):
    for values in (["u", "v", "u", "v"], [1, 2, 1, 2]):
        column = pandas.Series(values, dtype="category")
        for x in (column, column.array, pyarrow.array(values).dictionary_encode()):
            with raises(TypeError, f"x must hold real numbers or times, it {DUMMIES}"):
                fit_line(x, Y)
        with raises(TypeError, "X must hold real numbers or times, its column 'c' " + DUMMIES):
            fit_linear(pandas.DataFrame({"a": Y, "c": column}), Y)
    for dtype in polars.Categorical, polars.Enum(["u", "v"]):
        frame = polars.DataFrame({"c": polars.Series(["u", "v", "u", "v"], dtype=dtype)})
        with raises(TypeError, "X must hold real numbers or times, its column 'c' " + DUMMIES):
            Moments.of(frame, Y)


def test_text_beside_times_is_named(pandas):
    frame = pandas.DataFrame({"t": pandas.date_range("2020-01-01", periods=4),
                              "c": ["u", "v", "u", "v"]})
    with raises(TypeError, "X must hold real numbers or times, its column 'c' holds 'u'"):
        fit_linear(frame, Y)


# ---- xarray ----

def test_columns_of_xarray():
    xarray = pytest.importorskip("xarray")
    times = np.array(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"], "M8[ns]")
    x, y = xarray.DataArray(times, dims="t", name="day"), xarray.DataArray(Y, dims="t")
    fit = fit_line(x, y)
    assert fit.slope * 86400 == pytest.approx(0.95, rel=1e-14)
    assert fit.terms == ("intercept", "day")
    gap = xarray.DataArray([1, 2, np.nan, 4], dims="t")
    assert fit_line(gap, y, nan_policy="omit").n_omitted == 1
