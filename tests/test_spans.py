"""Windows by time, windows that grow and rows that fade: against the rows that they hold."""
import datetime

import numpy as np
import pytest
from helpers import raises, same_bits
from test_planes import assert_same_plane, exact_plane, rows_of

from mathwork.regression import fit_linear, fit_rolling

DAY = np.datetime64("2024-02-24", "D")


def begins(time, width):
    """The first row less than a width older, the slow way"""
    return [next(i for i, t in enumerate(time) if time[end] - t < width)
            for end in range(len(time))]


def assert_windows(fits, X, y, starts, least, rtol=1e-9):
    for end, start in enumerate(starts):
        part = slice(start, end + 1)
        assert fits.nobs[end] == end + 1 - start
        if fits.nobs[end] < least:
            assert fits.status[end] == 1
        else:
            assert_same_plane(fits, end, exact_plane(X[part], y[part]), rtol)


# ---- time ----

@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("width", [0.5, 7, 40.0, 1e6])
def test_windows_of_a_width(rng, k, width):
    X, y = rows_of(rng, 120, k)
    time = np.sort(rng.integers(0, 800, 120)) / 8
    fits = fit_rolling(X, y, width, time=time)
    assert (fits.window, fits.min_nobs) == (width, k + 1)
    assert_windows(fits, X, y, begins(time, width), k + 1, 1e-7)


def test_more_windows_than_fit_in_a_piece(rng):
    X, y = rows_of(rng, 700, 2)
    time = np.cumsum(rng.integers(0, 3, 700))
    fits = fit_rolling(X, y, 300, time=time, min_nobs=5)
    starts = begins(time, 300)
    for end in (5, 63, 64, 65, 128, 250, 256, 300, 444, 699):
        part = slice(starts[end], end + 1)
        assert_same_plane(fits, end, exact_plane(X[part], y[part]), 1e-9)


@pytest.mark.parametrize("width", ["30d", "30 D", "720h", "0.5w", "43200min", "43200m", "4.5d",
                                   datetime.timedelta(days=30), np.timedelta64(30, "D"),
                                   np.timedelta64(4, "W"), np.timedelta64(10**9, "us")])
@pytest.mark.parametrize("unit", ["D", "s", "ns"])
def test_durations(rng, width, unit):
    hours = {"0.5w": 84, "4.5d": 108}.get(width, 720) if isinstance(width, str) else (
        np.timedelta64(width) / np.timedelta64(1, "h"))
    days = np.cumsum(rng.integers(0, 5, 90))
    X, y = rows_of(rng, 90, 1)
    fits = fit_rolling(X[:, 0], y, width, time=(DAY + days).astype(f"M8[{unit}]"))
    expected = fit_rolling(X[:, 0], y, hours, time=24 * days)
    for name in ("slope", "stderr", "nobs", "status"):
        assert same_bits(getattr(fits, name), getattr(expected, name))
    assert_windows(fits, X, y, begins(24 * days, hours), 2, 1e-7)


def test_windows_of_nanoseconds_are_exact():
    ticks = 2**62 + np.array([0, 1, 2, 3, 1000, 1001, 1002])
    x = y = np.arange(7)
    for time, width in ((ticks, 3), (ticks.astype("M8[ns]"), "3ns"), (ticks.astype("u8"), 3),
                        (ticks.astype("M8[ns]"), "0.003us")):
        fits = fit_rolling(x, y, width, time=time)
        assert fits.nobs.tolist() == [1, 2, 3, 3, 1, 2, 3]
    assert fit_rolling(x, y, 10**25, time=ticks).nobs.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert fit_rolling(x, y, 2.5, time=ticks).nobs.tolist() == [1, 2, 3, 3, 1, 2, 3]


def test_rows_at_one_time(rng):
    """A row is in no window that ends before it, be it at the same time"""
    x, y = rng.normal(size=(2, 6))
    assert fit_rolling(x, y, 1, time=[0, 0, 0, 1, 1, 2]).nobs.tolist() == [1, 2, 3, 1, 2, 1]


def test_the_index_of_a_series(rng):
    pandas = pytest.importorskip("pandas")
    days = DAY + np.cumsum(rng.integers(0, 5, 60))
    X, y = rows_of(rng, 60, 2)
    frame = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y}, index=days)
    fits = fit_rolling(frame[["a", "b"]], frame.y, "20d")
    expected = fit_rolling(X, y, np.timedelta64(20, "D"), time=days)
    assert same_bits(fits.params, expected.params) and fits.names == ("a", "b")
    # the same rows as pandas has
    assert fits.nobs.tolist() == frame.y.rolling("20D").count().tolist()
    line = fit_rolling(frame.a, frame.y, pandas.Timedelta(days=20))
    roll = frame.rolling("20D")
    slope = roll.a.cov(frame.y) / roll.a.var()
    np.testing.assert_allclose(line.slope[5:], slope[5:], rtol=1e-9)


def test_spikes_gaps_and_weights(rng):
    X, y = rows_of(rng, 200, 2)
    time = np.arange(200.0)
    clean = fit_rolling(X, y, 20.0, time=time)
    X[50, 0], y[99], X[150, 1] = 1e200, np.nan, np.inf
    fits = fit_rolling(X, y, 20.0, time=time)
    spoiled = np.zeros(200, bool)
    for at in (50, 99, 150):
        spoiled[at:at + 20] = True
    assert same_bits(fits.params[~spoiled], clean.params[~spoiled])
    assert (fits.status[99:119] == 3).all() and (fits.status[50:70] == 0).all()
    omitted = fit_rolling(X, y, 20.0, time=time, nan_policy="omit")
    assert (omitted.status[2:] == 0).all() and omitted.n_omitted == 2
    assert omitted.nobs[100] == 19
    weights = np.ones(200)
    weights[120] = -1
    bad = fit_rolling(X, y, 20.0, time=time, weights=weights)
    assert (bad.status[120:140] == 4).all() and bad.status[140] == 0


# ---- windows that grow ----

@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("intercept", [True, False])
def test_all_rows_so_far(rng, k, intercept):
    X, y = rows_of(rng, 150, k)
    X[:, 0] += 1e5 + np.arange(150)
    fits = fit_rolling(X, y, intercept=intercept, min_nobs=20)
    assert (fits.status[:19] == 1).all() and fits.nobs.tolist() == list(range(1, 151))
    for end in (19, 20, 63, 64, 100, 149):
        expected = exact_plane(X[:end + 1], y[:end + 1], intercept)
        assert_same_plane(fits, end, expected, 1e-10)


def test_a_long_window_and_none_are_one(rng):
    X, y = rows_of(rng, 80, 2)
    left, right = fit_rolling(X, y), fit_rolling(X, y, 10**9, min_nobs=3)
    np.testing.assert_allclose(left.params[5:], right.params[5:], rtol=1e-10)
    assert left.window is None and left.min_nobs == 3


# ---- rows that fade ----

@pytest.mark.parametrize("halflife", [0.5, 3, 20, 1e9])
def test_rows_that_fade(rng, halflife):
    X, y = rows_of(rng, 90, 2)
    fits = fit_rolling(X, y, halflife=halflife)
    for end in (3, 10, 40, 89):
        age = end - np.arange(end + 1)
        factors = 0.5 ** (age / halflife)
        worth = factors.sum() ** 2 / (factors ** 2).sum()
        assert fits.nobs[end] == end + 1
        assert fits.nobs_effective[end] == pytest.approx(worth, rel=1e-12)
        expected = fit_linear(X[:end + 1], y[:end + 1], weights=factors)
        np.testing.assert_allclose(fits.params[end], expected.params, rtol=1e-6)
        if worth < 3.1:
            assert np.isnan(fits.bse[end]).all() or worth > 3
            continue
        bse = expected.bse * np.sqrt((end + 1 - 3) / (worth - 3))
        np.testing.assert_allclose(fits.bse[end], bse, rtol=1e-6)
        assert fits.df_resid[end] == pytest.approx(worth - 3)


def test_rows_that_fade_with_time(rng):
    days = np.cumsum(rng.integers(0, 5, 60))
    x, y = rng.normal(size=(2, 60))
    fits = fit_rolling(x, y, time=DAY + days, halflife="10d")
    same = fit_rolling(x, y, time=days, halflife=10)
    assert same_bits(fits.params, same.params)
    factors = 0.5 ** ((days[-1] - days) / 10)
    expected = fit_linear(x[:, None], y, weights=factors)
    np.testing.assert_allclose(fits.params[-1], expected.params, rtol=1e-9)
    even = fit_rolling(x, y, time=np.arange(60), halflife=7)
    np.testing.assert_allclose(even.params[5:], fit_rolling(x, y, halflife=7).params[5:], rtol=1e-9)


def test_a_spike_fades(rng):
    X, y = rows_of(rng, 400, 1)
    clean = fit_rolling(X, y, halflife=2)
    y[50] = 1e12
    fits = fit_rolling(X, y, halflife=2)
    np.testing.assert_allclose(fits.params[-1], clean.params[-1], rtol=1e-12)
    # The mean moves far away, too, and no digit is lost.
    drift = 1e9 * np.arange(400.0)
    far = fit_rolling(X + drift[:, None], y, halflife=2)
    expected = fit_linear(X[300:] + drift[300:, None], y[300:], weights=0.5 ** (
        np.arange(99, -1, -1) / 2))
    np.testing.assert_allclose(far.params[-1], expected.params, rtol=1e-9)


def test_long_gaps_in_time(rng):
    """The rows before it have faded to nothing"""
    X, y = rows_of(rng, 40, 2)
    time = np.arange(40.0)
    time[20:] += 1e6
    fits = fit_rolling(X, y, time=time, halflife=3)
    alone = fit_rolling(X[20:], y[20:], time=time[20:], halflife=3)
    np.testing.assert_allclose(fits.params[25:], alone.params[5:], rtol=1e-10)
    assert fits.nobs[-1] == 40


def test_faded_weights(rng):
    X, y = rows_of(rng, 50, 1)
    weights = rng.uniform(1, 2, 50)
    fits = fit_rolling(X, y, halflife=5, weights=weights)
    expected = fit_linear(X, y, weights=weights * 0.5 ** (np.arange(49, -1, -1) / 5))
    np.testing.assert_allclose(fits.params[-1], expected.params, rtol=1e-9)
    assert same_bits(fits.nobs_effective, fit_rolling(X, y, halflife=5).nobs_effective)


# ---- bad input ----

def test_bad_widths(rng):
    x, y = rng.normal(size=(2, 5))
    time, dates = np.arange(5.0), DAY + np.arange(5)
    for width in ("30", "d30", "3 months", "3M", "", "1y"):
        with pytest.raises(ValueError, match="window must be a number and one of ns, us"):
            fit_rolling(x, y, width, time=dates)
    with raises(ValueError, "window='30d' needs the time of each row: give time=, or a y with "
                            "dates as its index"):
        fit_rolling(x, y, "30d")
    with raises(ValueError, "window must be above 0, got '0d'"):
        fit_rolling(x, y, "0d", time=dates)
    with raises(ValueError, "window must be above 0 and finite, got -1"):
        fit_rolling(x, y, -1, time=time)
    with raises(TypeError, "window must be a number as time is, got '3d'"):
        fit_rolling(x, y, "3d", time=time)
    with raises(TypeError, "window must be a duration such as '30d' or a timedelta, as time has "
                           "dates, got 3"):
        fit_rolling(x, y, 3, time=dates)
    with raises(ValueError, "halflife must be above 0, got 0"):
        fit_rolling(x, y, halflife=0)
    with raises(ValueError, "give window or halflife, got both: rows that fade never leave"):
        fit_rolling(x, y, 3, halflife=2)
    with raises(ValueError, "min_nobs must be at least 2, got 1"):
        fit_rolling(x, y, 2.0, time=time, min_nobs=1)
    with pytest.raises(TypeError, match="fixed length"):
        fit_rolling(x, y, np.timedelta64(1, "M"), time=dates)


def test_bad_times(rng):
    x, y = rng.normal(size=(2, 4))
    with raises(ValueError, "time must not fall, but row 2 is before row 1: sort by time"):
        fit_rolling(x, y, 2, time=[0, 3, 1, 4])
    with raises(ValueError, "time must be finite: leave out rows without a time"):
        fit_rolling(x, y, 2, time=[0, 1, np.nan, 4])
    with raises(ValueError, "time must have shape (4,) to match y, got (3,)"):
        fit_rolling(x, y, 2, time=[0, 1, 2])
