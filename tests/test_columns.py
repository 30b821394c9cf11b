"""Integers beyond 2^53, dates and times as x and y: fitted by exact differences."""
import math
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction

import numpy as np
import pytest
from helpers import raises
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from test_line import root

from mathwork.regression import Moments, fit_line, fit_linear, fit_polynomial
from mathwork.regression.columns import Base, as_column, counted, distance

NOW = 1_700_000_000_000_000_000         # nanoseconds since 1970, in November 2023
FIELDS = ("slope", "intercept", "rvalue", "stderr", "intercept_stderr")


def exact_line(x, y):
    """The fields of the line through points that are Fractions, as Fractions"""
    n, mx, my = len(x), sum(x) / len(x), sum(y) / len(y)
    xx = sum((a - mx) ** 2 for a in x)
    xy = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    yy = sum((b - my) ** 2 for b in y)
    slope = xy / xx
    variance = (yy - slope * xy) / (n - 2)
    r = root(xy ** 2 / (xx * yy))
    return (slope, my - slope * mx, r if xy > 0 else -r, root(variance / xx),
            root(variance * (Fraction(1, n) + mx ** 2 / xx)))


# ---- columns ----

@given(st.sampled_from([np.int64, np.uint64, ">i8"]).flatmap(
    lambda kind: arrays(kind, st.integers(1, 5))))
def test_pairs_hold_integers_exactly(integers):
    column = as_column(integers, "x")
    low = np.zeros(len(integers)) if column.low is None else column.low
    assert [int(a) + int(b) for a, b in zip(column.high, low, strict=True)] == integers.tolist()
    differences, base = counted(column)
    origin = 0 if base is None else int(base.ticks[0])
    assert differences.tolist() == [float(number - origin) for number in integers.tolist()]


def test_small_integers_and_floats_are_as_they_are():
    floats = np.arange(3.0)
    assert as_column(floats, "x").high is floats
    column = as_column(np.array([-2**53, 2**53]), "x")
    assert column.is_plain and counted(column)[1] is None


@pytest.mark.parametrize("unit", ["as", "fs", "ps", "ns", "us", "ms", "s", "m", "h", "D", "W",
                                  "25s", "10ms"])
def test_times_are_seconds(unit):
    spans = np.array([0, 1, -1, 7], f"m8[{unit}]")
    number, name = int("".join(filter(str.isdigit, unit)) or 1), unit.strip("0123456789")
    seconds = {"as": Fraction(1, 10**18), "fs": Fraction(1, 10**15), "ps": Fraction(1, 10**12),
               "ns": Fraction(1, 10**9), "us": Fraction(1, 10**6), "ms": Fraction(1, 1000),
               "s": 1, "m": 60, "h": 3600, "D": 86400, "W": 7 * 86400}[name] * number
    assert as_column(spans, "x").rounded().tolist() == [float(k * seconds) for k in (0, 1, -1, 7)]


def test_dates_count_from_1970_in_utc(pandas):
    expected = 1_577_934_245.0
    moment = datetime(2020, 1, 2, 3, 4, 5)
    east = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=5)))
    series = pandas.Series([pandas.Timestamp(moment)])
    for value in ([moment], [east], np.array([moment], "M8[s]"), [pandas.Timestamp(east)], series,
                  series.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
                  pandas.DatetimeIndex(series)):
        assert as_column(value, "x").rounded().tolist() == [expected]
    assert as_column([date(1970, 1, 2)], "x").rounded().tolist() == [86400]
    assert as_column(np.array(["1971", "NaT"], "M8[Y]"), "x").rounded()[0] == 365 * 86400
    assert np.isnan(as_column([moment, None], "x").rounded()).tolist() == [False, True]
    assert as_column([timedelta(milliseconds=5)], "x").rounded().tolist() == [0.005]


@pytest.mark.parametrize("unit", ["Y", "M"])
def test_spans_without_a_length_are_refused(unit):
    with raises(TypeError, f"x must hold numbers or times, got timedelta64[{unit}]: a timedelta64 "
                           "needs a unit of a fixed length, up to weeks"):
        as_column(np.array([1], f"m8[{unit}]"), "x")


def test_the_base_is_nearest_to_zero_and_points_without_weight_have_no_say():
    x = np.array([NOW + 5, NOW, 0])
    differences, base = counted(as_column(x, "x"), weights=np.array([1, 1, 0]))
    assert base.ticks.tolist() == [NOW] and differences.tolist() == [5, 0, -NOW]
    assert counted(as_column(x, "x"))[1] is None
    assert counted(as_column(-x[:2], "x"))[1].ticks.tolist() == [-NOW]


def test_distances_between_other_units():
    base = Base(1.7e18, 10**9)
    later = np.array(["2023-11-14T22:13:21"], "M8[ms]")         # a second after
    assert distance(as_column(later, "x"), base).tolist() == [1]
    assert distance(as_column([1.7e9 + 0.5], "x"), base).tolist() == [0.5]
    assert distance(as_column([np.inf], "x"), base).tolist() == [np.inf]


# ---- lines ----

def test_nanoseconds_one_microsecond_apart_have_their_slope():
    x = NOW + 1000 * np.arange(1000)
    y = 2 * (x - NOW) + 3
    fit = fit_line(x, y)
    assert fit.slope == 2 and fit.rvalue == 1 and fit.stderr == 0
    assert fit.intercept == float(3 - 2 * NOW)
    np.testing.assert_array_equal(fit.predict(x), y)
    assert fit.predict(int(x[7])) == y[7]
    fit = fit_line(x, 2 * x + 3)                                # y beyond 2^53 as well
    assert tuple(fit) == (2, 3) and fit.predict(x[5]) == float(2 * int(x[5]) + 3)


@pytest.mark.parametrize("kind", [np.int64, np.uint64, ">i8"])
@pytest.mark.parametrize("start", [NOW, 2**62, -NOW])
def test_lines_of_large_integers_against_exact_arithmetic(rng, kind, start):
    if start < 0 and kind is np.uint64:
        start = 2**64 - 2**40
    x = np.array([start + int(step) for step in rng.integers(0, 10**6, 50)], kind)
    y = np.array([start + 3 * (int(a) - start) + int(b)
                  for a, b in zip(x, rng.integers(-9000, 9000, 50), strict=True)], kind)
    exact = exact_line(*([Fraction(int(value)) for value in column] for column in (x, y)))
    fit = fit_line(x, y)
    for name, expected in zip(FIELDS, exact, strict=True):
        np.testing.assert_allclose(getattr(fit, name), float(expected), rtol=1e-14)
    predicted = fit.predict(x)
    expected = [float(exact[1] + exact[0] * int(value)) for value in x]
    np.testing.assert_allclose(predicted, expected, rtol=3e-16)
    # A stack, weights, a copy.
    stack = fit_line(np.stack([x, x]), np.stack([y, y[::-1]]), weights=np.full(50, 2.0))
    np.testing.assert_allclose([getattr(stack, name)[0] for name in FIELDS],
                               [getattr(fit, name) for name in FIELDS], rtol=1e-15)
    np.testing.assert_allclose(stack.predict(x)[0], predicted, rtol=1e-15)
    np.testing.assert_allclose(stack.predict(x[3])[0], predicted[3], rtol=1e-15)
    copy = pickle.loads(pickle.dumps(fit))
    assert copy.predict(x[2]) == predicted[2] and repr(copy) == repr(fit)


def test_one_column_of_times_for_many_rows(rng):
    times = (NOW + 1000 * np.arange(20)).view("M8[ns]")
    y = rng.normal(size=(3, 20))
    fit = fit_line(times, y)
    alone = [fit_line(times, row) for row in y]
    for name in FIELDS:
        assert getattr(fit, name).tolist() == [getattr(one, name) for one in alone]
    assert fit.predict(times).tolist() == [one.predict(times).tolist() for one in alone]
    assert fit.predict(times[2]).tolist() == [one.predict(times[2]) for one in alone]


def test_times_are_x_in_seconds(rng):
    seconds = np.arange(30) / 1000
    y = 4 * seconds + rng.normal(size=30)
    times = NOW + (np.arange(30) * 10**6)
    fit, plain = fit_line(times.view("M8[ns]"), y), fit_line(seconds, y)
    assert (fit.slope, fit.stderr, fit.rvalue) == (plain.slope, plain.stderr, plain.rvalue)
    np.testing.assert_allclose(fit.predict(times.view("M8[ns]")), plain.predict(seconds),
                               rtol=1e-14)
    assert fit.intercept == pytest.approx(plain.intercept - 1.7e9 * plain.slope, rel=1e-15)
    spans = fit_line((np.arange(30) * 10**6).view("m8[ns]"), y)
    assert tuple(spans) == tuple(plain)
    # In another unit, and as numbers of seconds.
    half = fit.predict(np.datetime64("2023-11-14T22:13:20.010", "ms"))
    assert half == pytest.approx(plain.predict(0.01), rel=1e-12)
    assert fit.predict(1.7e9) == pytest.approx(plain.predict(0), rel=1e-12)


def test_a_line_of_integers_that_cannot_be():
    with raises(ValueError, f"x must vary, got 3 points with x = {float(NOW)}"):
        fit_line([NOW] * 3, [1, 2, 3])


# ---- gaps ----

def test_policies_of_lines(rng):
    x, y = rng.normal(size=(2, 30))
    w = rng.uniform(1, 2, 30)
    y[3], x[8], w[9] = np.nan, np.inf, np.nan
    there = np.delete(np.arange(30), [3, 8, 9])
    with raises(ValueError, "x and y must be finite, points 3 and 1 more are not; "
                            "nan_policy='omit' leaves such points out"):
        fit_line(x, y)
    with raises(ValueError, "weights must be finite and at least 0, got nan"):
        fit_line(x, y, weights=w)
    fit = fit_line(x, y, weights=w, nan_policy="omit")
    np.testing.assert_allclose(
        [getattr(fit, name) for name in FIELDS],
        [getattr(fit_line(x[there], y[there], weights=w[there]), name) for name in FIELDS],
        rtol=1e-13)
    assert (fit.nobs, fit.n_omitted, fit.status) == (27, 3, 0)
    assert repr(fit).endswith("nobs=27, n_omitted=3)")
    assert pickle.loads(pickle.dumps(fit)).n_omitted == 3
    assert "omitted" in str(fit.summary())
    clean = fit_line([1, 2, 3], [1, 3, 2], nan_policy="omit")
    assert clean.n_omitted == 0 and "n_omitted" not in repr(clean)
    w[9] = 0                    # of no weight, so nothing is missing there
    assert fit_line(x, y, weights=w, nan_policy="omit").n_omitted == 2
    for weights in None, np.where(np.arange(30) == 5, np.nan, 1.0):
        fit = fit_line(x, y, weights=weights, nan_policy="propagate")
        assert fit.status == 3 and math.isnan(fit.slope) and math.isnan(fit.intercept_stderr)
    with raises(ValueError, "a line needs at least 2 points that count, got 1"):
        fit_line([1, 2, np.nan], [np.nan, 2, 3], nan_policy="omit")
    with raises(ValueError, "nan_policy must be one of raise, omit, propagate, got 'drop'"):
        fit_line(x, y, nan_policy="drop")


def test_rows_of_a_stack_omit_their_own(rng):
    x, y = rng.normal(size=(2, 4, 20))
    y[1, 2], x[3, :2] = np.nan, np.nan
    stack = fit_line(x, y, nan_policy="omit")
    assert stack.n_omitted.tolist() == [0, 1, 0, 2]
    for row in range(4):
        alone = fit_line(x[row], y[row], nan_policy="omit")
        np.testing.assert_allclose(stack.slope[row], alone.slope, rtol=1e-13)
    assert fit_line(x, y).status.tolist() == [0, 3, 0, 3]
    assert fit_line(x, y).n_omitted.tolist() == [0] * 4


def test_times_that_are_missing(rng):
    times = (NOW + 1000 * np.arange(20)).view("M8[ns]")
    y = rng.normal(size=20)
    gap = times.copy()
    gap[4] = "NaT"
    with raises(ValueError, "x and y must be finite, point 4 is not; nan_policy='omit' leaves "
                            "such points out"):
        fit_line(gap, y)
    fit, there = fit_line(gap, y, nan_policy="omit"), np.delete(np.arange(20), 4)
    assert fit.slope == pytest.approx(fit_line(times[there], y[there]).slope, rel=1e-13)
    assert fit.n_omitted == 1 and np.isnan(fit.predict(gap)[4])


# ---- any number of columns ----

def exact_plane(X, y):
    """(params, bse) by normal equations of Fractions, an intercept first"""
    rows = [[Fraction(1), *row] for row in X]
    P = len(rows[0])
    gram = [[sum(row[i] * row[j] for row in rows) for j in range(P)]
            + [sum(row[i] * b for row, b in zip(rows, y, strict=True))]
            + [Fraction(i == j) for j in range(P)] for i in range(P)]
    for c in range(P):
        at = next(r for r in range(c, P) if gram[r][c])
        gram[c], gram[at] = gram[at], gram[c]
        gram[c] = [entry / gram[c][c] for entry in gram[c]]
        for r in range(P):
            if r != c:
                factor = gram[r][c]
                gram[r] = [a - factor * b for a, b in zip(gram[r], gram[c], strict=True)]
    params = [row[P] for row in gram]
    ssr = sum((b - sum(map(Fraction.__mul__, row, params))) ** 2
              for row, b in zip(rows, y, strict=True))
    return params, [float(root(gram[i][P + 1 + i] * ssr / (len(y) - P))) for i in range(P)]


def large_columns(rng, n=60):
    X = NOW + rng.integers(0, 10**6, (n, 2))
    y = NOW + 2 * (X[:, 0] - NOW) - 3 * (X[:, 1] - NOW) + rng.integers(-9000, 9000, n)
    return X, y


def test_planes_of_large_integers_against_exact_arithmetic(rng):
    X, y = large_columns(rng)
    params, bse = exact_plane([[Fraction(int(v)) for v in row] for row in X],
                              [Fraction(int(v)) for v in y])
    fit = fit_linear(X, y)
    np.testing.assert_allclose(fit.params, [float(b) for b in params], rtol=1e-14)
    np.testing.assert_allclose(fit.bse, bse, rtol=1e-13)
    exact = [params[0] + sum(b * int(v) for b, v in zip(params[1:], row, strict=True))
             for row in X]
    np.testing.assert_allclose(fit.predict(X), [float(v) for v in exact], rtol=3e-16)
    resid = [float(int(b) - v) for b, v in zip(y, exact, strict=True)]
    for each in (fit, pickle.loads(pickle.dumps(fit.with_data()))):
        np.testing.assert_allclose(each.resid, resid, rtol=1e-8, atol=1e-3)
        np.testing.assert_array_equal(each.fittedvalues, each.predict(X))
    np.testing.assert_allclose(np.sqrt(np.diag(fit.cov_params())), bse, rtol=1e-13)
    both = fit_linear(X, np.stack([y, y], axis=1))
    np.testing.assert_allclose(both.params[:, 1], fit.params, rtol=1e-14)
    np.testing.assert_allclose(both.predict(X)[:, 1], fit.predict(X), rtol=3e-16)


def test_one_microsecond_apart_in_any_fit():
    x = NOW + 1000 * np.arange(100)
    fit = fit_linear(x[:, None], 2 * x + 5)
    assert fit.params.tolist() == [5, 2] and fit.bse.tolist() == [0, 0]
    assert fit.predict([[int(x[3])]]) == float(2 * int(x[3]) + 5)
    assert not fit.resid.any()
    moments = Moments.of(x[:, None], 2 * x + 5)
    assert moments.fit().params.tolist() == [5, 2]
    assert (Moments.of(x[:7, None], 2 * x[:7] + 5)
            + Moments.of(x[7:, None], 2 * x[7:] + 5)).fit().params.tolist() == [5, 2]
    polynomial = fit_polynomial(x, 2 * x + 5, 1)
    assert polynomial.coef.tolist() == [5, 2]
    assert polynomial.predict(int(x[3])) == float(2 * int(x[3]) + 5)
    assert polynomial.derivative(x).tolist() == [2] * 100


def test_columns_of_a_frame_each_have_their_kind(pandas, rng):
    times = NOW + np.cumsum(rng.integers(1, 10**7, 40))
    ids = 2**60 + rng.integers(0, 100, 40)
    frame = pandas.DataFrame({"time": times.view("M8[ns]"), "id": ids, "x": rng.normal(size=40)})
    y = 3.0 * (times - NOW) / 1e9 + (ids - 2**60) + frame["x"] + rng.normal(size=40)
    fit = fit_linear(frame, y)
    plain = fit_linear(np.column_stack([(times - times[0]) / 1e9, ids - 2**60, frame["x"]]), y)
    np.testing.assert_allclose(fit.params[1:], plain.params[1:], rtol=1e-13)
    np.testing.assert_allclose(fit.bse[1:], plain.bse[1:], rtol=1e-13)
    np.testing.assert_allclose(fit.predict(frame), plain.fittedvalues, rtol=1e-11)
    np.testing.assert_allclose(fit.resid, plain.resid, rtol=1e-8, atol=1e-9)
    assert fit.terms == ("intercept", "time", "id", "x")
    moments = Moments.of(frame[:20], y[:20]) + Moments.of(frame[20:], y[20:])
    np.testing.assert_allclose(moments.fit().params[1:], plain.params[1:], rtol=1e-13)
    with raises(ValueError, "X must have the columns 'time', 'id', 'x' as the fit has, "
                            "got 'x', 'time', 'id'"):
        fit.predict(frame[["x", "time", "id"]])


def test_without_an_intercept_numbers_count_from_zero(rng):
    X, y = large_columns(rng)
    fit = fit_linear(X, y, intercept=False)
    np.testing.assert_array_equal(fit.params, fit_linear(X * 1.0, y * 1.0, intercept=False).params)
    times = fit_linear(X[:, :1].view("M8[ns]"), y, intercept=False)
    assert times.params[0] == pytest.approx(1e9 * fit_linear(X[:, :1], y, intercept=False)
                                            .params[0], rel=1e-15)


def test_gaps_have_no_say_in_the_base(rng):
    X, y = large_columns(rng)
    y = (y - NOW).astype(float)
    X[3], y[3] = 0, np.nan
    fit, there = fit_linear(X, y, nan_policy="omit"), np.delete(np.arange(60), 3)
    np.testing.assert_allclose(fit.params, fit_linear(X[there], y[there]).params, rtol=1e-14)


# ---- polynomials ----

@pytest.mark.parametrize("degree", [1, 2, 3])
def test_polynomials_of_times(rng, degree):
    ticks = np.cumsum(rng.integers(1, 10**9, 40))
    y = rng.normal(size=40)
    times = (NOW + ticks).view("M8[ns]")
    fit, plain = fit_polynomial(times, y, degree), fit_polynomial(ticks / 1e9, y, degree)
    np.testing.assert_allclose(fit.predict(times), plain.predict(ticks / 1e9), rtol=1e-13)
    np.testing.assert_allclose(fit.derivative(times), plain.derivative(ticks / 1e9), rtol=1e-12)
    np.testing.assert_allclose(fit.mean_stderr(times), plain.mean_stderr(ticks / 1e9), rtol=1e-12)
    assert fit.ssr == pytest.approx(plain.ssr, rel=1e-13)
    # The coefficients of powers of seconds since 1970, by exact arithmetic.
    P = degree + 1
    x = [Fraction(NOW + int(t), 10**9) for t in ticks]
    exact, bse = exact_plane([[v**k for k in range(1, P)] for v in x], [Fraction(v) for v in y])
    np.testing.assert_allclose(fit.coef, [float(v) for v in exact], rtol=1e-9)
    np.testing.assert_allclose(fit.bse, bse, rtol=1e-9)
    copied = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(copied.predict(times), fit.predict(times))


def test_policies_of_polynomials(rng):
    x, y = rng.normal(size=(2, 30))
    w = rng.uniform(1, 2, 30)
    y[3], x[8], w[9] = np.nan, np.inf, np.nan
    there = np.delete(np.arange(30), [3, 8, 9])
    with raises(ValueError, "x and y must be finite, points 3 and 1 more are not; "
                            "nan_policy='omit' leaves such points out"):
        fit_polynomial(x, y, 2)
    fit = fit_polynomial(x, y, 2, weights=w, nan_policy="omit")
    np.testing.assert_allclose(fit.coef,
                               fit_polynomial(x[there], y[there], 2, weights=w[there]).coef,
                               rtol=1e-13)
    assert (fit.nobs, fit.n_omitted) == (27, 3) and "n_omitted=3" in repr(fit)
    assert pickle.loads(pickle.dumps(fit)).n_omitted == 3
    for weights in None, np.where(np.arange(30) == 5, np.nan, 1.0):
        fit = fit_polynomial(x, y, 2, weights=weights, nan_policy="propagate")
        assert fit.status == 3 and np.isnan(fit.coef).all()


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_weights_of_any_scale_beside_a_base(rng, scale):
    x = NOW + 1000 * np.arange(40)
    y, w = rng.normal(size=40), rng.uniform(1, 2, 40)
    w[5] = 0
    one, other = fit_line(x, y, weights=w), fit_line(x, y, weights=scale * w)
    assert other.intercept_stderr == pytest.approx(one.intercept_stderr, rel=1e-13)
    y[5] = np.nan
    assert fit_line(x, y, weights=w).intercept_stderr == one.intercept_stderr
