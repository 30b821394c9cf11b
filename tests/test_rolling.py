"""fit_rolling: windows against exact arithmetic, and what has left a window leaves no trace."""
import copy
import pickle
import threading

import numpy as np
import pytest
from arrays import LAYOUTS, guarded
from exact_lines import FIELDS, assert_same_line, exact_line, exact_sums, numpy_lines
from helpers import names_kernels, raises, run_python, same_bits

from mathwork._levels import regression as regression_kernels
from mathwork.regression import RollingFits, fit_rolling

NOT_FITTED = {"too few": 1, "constant": 2, "not finite": 3}


def series_of(rng, n):
    """{name: (x, y)}: series whose windows are hard for sums that are updated."""
    time = np.arange(n, dtype=float)
    x, noise = rng.normal(size=(2, n))
    spiked_x, spiked_y = x.copy(), 2 * x + noise
    spiked_x[n // 3], spiked_y[2 * n // 3] = 1e8, -1e8
    return {"plain": (x, 2 * x + noise), "spike": (spiked_x, spiked_y),
            "offset": (x + 1e6, 2 * x + noise + 1e6),
            "clock": (1.7e9 + time + 0.01 * x, 0.5 * time + noise)}


def all_fields(fits):
    return np.array([getattr(fits, name) for name in FIELDS])


def assert_windows(fits, x, y, window, first=None, rtol=1e-11):
    """Every window is as NumPy has it in extended precision; those before `first` are not there."""
    for end in range(len(x)):
        start = max(0, end + 1 - window)
        if end + 1 < (window if first is None else first):
            assert fits.status[end] == NOT_FITTED["too few"]
            assert np.isnan(all_fields(fits)[:, end]).all()
        else:
            assert_same_line(fits, end, numpy_lines(x[start:end + 1], y[start:end + 1]), rtol)


# ---- digits ----

@pytest.mark.parametrize("name", ["plain", "spike", "offset", "clock"])
def test_every_slope_has_its_digits(rng, name):
    # The issue asks for 9 digits of every slope.
    x, y = series_of(rng, 300)[name]
    fits = fit_rolling(x, y, 60)
    for end in range(59, 300):
        expected = exact_line(x[end - 59:end + 1], y[end - 59:end + 1])
        assert abs(fits.slope[end] / expected["slope"] - 1) < 1e-12
        assert_same_line(fits, end, expected, 1e-9)


@pytest.mark.parametrize("noise", [1e-3, 1e-6, 1e-8])
@pytest.mark.parametrize("window", [10, 70])
def test_standard_errors_near_a_line_keep_their_digits(rng, noise, window):
    # 1 - r^2 is down to 1e-21, far below the rounding of r; y holds the noise to about 1e-14.
    time = np.arange(220.0)
    x, y = 1.7e9 + time, 3.25 * time + noise * rng.normal(size=220)
    fits = fit_rolling(x, y, window)
    for end in range(window - 1, 220, 3):
        part = slice(end + 1 - window, end + 1)
        assert_same_line(fits, end, exact_line(x[part], y[part]), 2e-5)


def test_pieces_of_lines_of_many_slopes(rng):
    lengths, slopes = rng.integers(20, 45, 12), rng.normal(size=12) * 10
    steps = np.repeat(slopes, lengths)
    x = np.arange(len(steps), dtype=float)
    y = np.cumsum(steps) + 1e-7 * rng.normal(size=len(steps))
    fits = fit_rolling(x, y, 20)
    for end in range(19, len(x)):
        assert_same_line(fits, end, exact_line(x[end - 19:end + 1], y[end - 19:end + 1]), 2e-5)


def test_a_line_in_integers_is_exact():
    x = np.arange(200)
    fits = fit_rolling(x, 3 * x - 7, 16)
    assert (fits.slope[15:] == 3).all() and (fits.rvalue[15:] == 1).all()
    np.testing.assert_allclose(fits.intercept[15:], -7, rtol=1e-12)
    assert (fits.stderr[15:] == 0).all() and (fits.pvalue[15:] == 0).all()


def test_an_outlier_in_a_long_window(rng):
    # Sums that are counted from the outlier would lose as many digits as the window has.
    x, y = rng.normal(size=(2, 9000))
    x[2999] = 1e9
    fits = fit_rolling(x, y, 3000)
    for end in (2999, 3000, 4000, 5998, 5999, 8999):
        part = slice(end - 2999, end + 1)
        assert_same_line(fits, end, exact_line(x[part], y[part]), 1e-11)


# ---- windows ----

@pytest.mark.parametrize("window", [2, 3, 7, 8, 9, 63, 64, 65, 128, 130, 200])
def test_windows_of_every_length(rng, window):
    x, y = rng.normal(size=(2, 407))
    assert_windows(fit_rolling(x, y, window), x, y, window, rtol=1e-7)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 9, 20, 21, 39, 40, 41, 77, 80, 100, 161, 170])
def test_series_of_every_length(rng, n):
    x, y = rng.normal(size=(2, n))
    fits = fit_rolling(x, y, 20)
    assert len(fits) == n and fits.slope.shape == fits.pvalue.shape == (n,)
    assert_windows(fits, x, y, 20)


@pytest.mark.parametrize("n", [5, 30, 31, 200])
@pytest.mark.parametrize("least", [2, 3, 29, 30])
def test_shorter_windows_at_the_start(rng, n, least):
    x, y = rng.normal(size=(2, n))
    fits = fit_rolling(x, y, 30, min_nobs=least)
    assert_windows(fits, x, y, 30, least, rtol=1e-8)
    assert fits.nobs.tolist() == [min(end + 1, 30) for end in range(n)]
    # The windows that are whole have the same bits with and without.
    assert same_bits(all_fields(fits)[:, 29:], all_fields(fit_rolling(x, y, 30))[:, 29:])


@pytest.mark.parametrize("window", [6, 10 ** 6, 10 ** 30])
def test_a_window_longer_than_the_series(rng, window):
    x, y = rng.normal(size=(2, 5))
    assert fit_rolling(x, y, window).status.tolist() == [1] * 5
    assert_windows(fit_rolling(x, y, window, min_nobs=3), x, y, 5, 3)


def test_an_empty_series():
    fits = fit_rolling([], [], 3)
    assert len(fits) == 0
    assert fits.slope.shape == fits.status.shape == fits.pvalue.shape == fits.nobs.shape == (0,)


def test_two_points_have_no_errors():
    fits = fit_rolling([0, 1, 3], [1, 3, -1], 2)
    assert fits.slope[1:].tolist() == [2, -2] and fits.intercept[1:].tolist() == [1, 5]
    assert fits.rvalue[1:].tolist() == [1, -1] and fits.status.tolist() == [1, 0, 0]
    assert np.isnan([fits.stderr, fits.intercept_stderr, fits.pvalue]).all()


# ---- what is in a window and what has left it ----

@pytest.mark.parametrize("what", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["x", "y"])
@pytest.mark.parametrize("window", [5, 64, 100])
def test_what_is_not_finite_spoils_its_windows_only(rng, what, where, window):
    x, y = rng.normal(size=(2, 450))
    clean = fit_rolling(x, y, window, min_nobs=2)
    spoiled = np.zeros(450, bool)
    for at in (0, 200, 3 * window - 1, 3 * window, 449):
        (x if where == "x" else y)[at] = what
        spoiled[at:at + window] = True
    fits = fit_rolling(x, y, window, min_nobs=2)
    expected = np.where(spoiled, NOT_FITTED["not finite"], 0)
    expected[0] = NOT_FITTED["too few"]
    assert fits.status.tolist() == expected.tolist()
    assert np.isnan(all_fields(fits)[:, expected > 0]).all()
    assert same_bits(all_fields(fits)[:, expected == 0], all_fields(clean)[:, expected == 0])


@pytest.mark.parametrize("spike", [1e8, 1e200, 1.7e308, -1.7e308])
def test_a_spike_that_has_left_leaves_no_trace(rng, spike):
    x, y = rng.normal(size=(2, 300))
    clean = fit_rolling(x, y, 20)
    for series, at in ((x, 100), (y, 199)):
        series[at] = spike
    fits = fit_rolling(x, y, 20)
    whole = np.ones(300, bool)
    whole[100:120] = whole[199:219] = False
    assert same_bits(all_fields(fits)[:, whole], all_fields(clean)[:, whole])
    for end in (100, 110, 119):
        assert_same_line(fits, end, exact_line(x[end - 19:end + 1], y[end - 19:end + 1]), 1e-9)
    assert (fits.status[19:] == 0).all()
    np.testing.assert_allclose(fits.slope[205], exact_line(x[186:206], y[186:206])["slope"], 1e-9)


def test_windows_in_which_x_or_y_is_constant(rng):
    x, y = rng.normal(size=(2, 300))
    x[50:80] = 0.1
    y[150:190] = -0.3
    fits = fit_rolling(x, y, 10)
    constant = np.zeros(300, bool)
    constant[59:80] = True
    expected = np.where(constant, NOT_FITTED["constant"], 0)
    expected[:9] = NOT_FITTED["too few"]
    assert fits.status.tolist() == expected.tolist()
    assert np.isnan(all_fields(fits)[:, constant]).all()
    flat = all_fields(fits)[:, 159:190]
    assert (flat[[0, 2, 3, 4]] == 0).all() and (flat[1] == -0.3).all()
    assert (fits.pvalue[159:190] == 1).all()


# ---- scales ----

@pytest.mark.parametrize("of_x", [-1000, -500, 0, 500, 990])
@pytest.mark.parametrize("of_y", [-1000, -500, 0, 500, 990])
def test_powers_of_two_change_the_scale_and_no_bit(rng, of_x, of_y):
    x, y = rng.normal(size=(2, 120))
    usual = fit_rolling(x, y, 30)
    fits = fit_rolling(np.ldexp(x, of_x), np.ldexp(y, of_y), 30)
    assert same_bits(fits.status, usual.status)
    assert same_bits(fits.rvalue, usual.rvalue)
    assert same_bits(fits.intercept, np.ldexp(usual.intercept, of_y))
    assert same_bits(fits.intercept_stderr, np.ldexp(usual.intercept_stderr, of_y))
    if abs(of_y - of_x) < 1000:
        assert same_bits(fits.slope, np.ldexp(usual.slope, of_y - of_x))
        assert same_bits(fits.stderr, np.ldexp(usual.stderr, of_y - of_x))


def test_all_scales_in_one_series(rng):
    x, y = rng.normal(size=(2, 600))
    x *= np.repeat(10.0 ** np.array([0, -300, 300, -160, 160, 0]), 100)
    y *= np.repeat(10.0 ** np.array([300, 0, 160, 0, -300, -160]), 100)
    fits = fit_rolling(x, y, 12)
    for end in range(11, 600):
        if end % 100 >= 11:
            part = slice(end - 11, end + 1)
            expected = slope_or_infinity(x[part], y[part])
            np.testing.assert_allclose(fits.slope[end], expected, rtol=1e-10)
    assert (fits.status[11:] == 0).all()


def slope_or_infinity(x, y):
    """The exact slope, infinite where float64 cannot hold it"""
    _, _, _, sxx, sxy, _ = exact_sums(x, y)
    try:
        return float(sxy / sxx)
    except OverflowError:
        return np.inf if sxy > 0 else -np.inf


def test_subnormal_numbers(rng):
    x, y = rng.integers(-1000, 1000, (2, 60)).astype(float)
    fits = fit_rolling(x * 5e-324, y * 5e-324, 20)
    assert same_bits(fits.slope, fit_rolling(x, y, 20).slope)


# ---- levels, layouts, dtypes ----

def awkward_series(rng, n):
    """All four series, lines, constants, scales and gaps one after another."""
    parts = list(series_of(rng, n).values())
    line = np.arange(float(n))
    parts += [(line, 2.5 * line + 1e-8 * rng.normal(size=n)), (np.ones(n), line),
              (line, np.ones(n)), (line * 1e200, line * 1e-200)]
    x, y = np.concatenate(parts, axis=1)
    x[n // 2], y[3 * n // 2] = np.nan, np.inf
    return x, y


@pytest.mark.parametrize("window", [2, 6, 60, 150])
def test_every_level_has_the_same_bits(kernels, rng, window):
    x, y = awkward_series(rng, 150)
    for found, expected in zip(kernels.rolling_fits(x, y, window, 2),
                               regression_kernels.rolling_fits(x, y, window, 2), strict=True):
        assert same_bits(found, expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(rng, dtype, layout):
    x, y = rng.normal(size=(2, 100)).astype(dtype)
    expected = fit_rolling(x, y, 10)
    before = x.copy()
    fits = fit_rolling(LAYOUTS[layout](x), LAYOUTS[layout](y), 10)
    assert same_bits(all_fields(fits), all_fields(expected)) and same_bits(x, before)


@pytest.mark.parametrize("kind", ["f2", "f4", "i1", "u8", "i4", "?"])
def test_dtypes_are_converted(rng, kind):
    x, y = (rng.normal(size=(2, 90)) * 50).astype("f2" if kind == "f2" else "i1")
    x, y = abs(np.array([x, y])).astype(kind)
    fits = fit_rolling(x, y, 30)
    expected = fit_rolling(x.astype(float), y.astype(float), 30)
    assert same_bits(all_fields(fits), all_fields(expected))
    mixed = fit_rolling(x, y.astype(float), 30)
    assert same_bits(all_fields(mixed), all_fields(expected))


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("window", [2, 5, 64, 70])
def test_nothing_outside_the_series_is_read(rng, dtype, side, window):
    for n in (1, 2, 63, 64, 65, 211, 280):
        x, y = rng.normal(size=(2, n)).astype(dtype)
        fits = fit_rolling(guarded(x, side), guarded(y, side), window)
        assert same_bits(all_fields(fits), all_fields(fit_rolling(x, y, window)))


def test_threads_fit_at_once(rng):
    x, y = awkward_series(rng, 2000)
    expected, wrong = all_fields(fit_rolling(x, y, 50)), []

    def run():
        for _ in range(3):
            if not same_bits(all_fields(fit_rolling(x, y, 50)), expected):
                wrong.append(True)
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# ---- other packages ----

def test_the_fields_are_those_of_scipy(rng):
    stats = pytest.importorskip("scipy.stats")
    x, y = rng.normal(size=(2, 60))
    fits = fit_rolling(x, y, 12)
    for end in range(11, 60):
        expected = stats.linregress(x[end - 11:end + 1], y[end - 11:end + 1])
        for name in (*FIELDS, "pvalue"):
            np.testing.assert_allclose(getattr(fits, name)[end], getattr(expected, name),
                                       rtol=1e-9, atol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_the_fields_are_those_of_statsmodels(rng):
    rolling = pytest.importorskip("statsmodels.regression.rolling")
    x, y = rng.normal(size=(2, 200))
    design = np.column_stack([np.ones(200), x])
    expected = rolling.RollingOLS(y, design, window=25).fit()
    fits = fit_rolling(x, y, 25)
    for name, values in {"intercept": expected.params[:, 0], "slope": expected.params[:, 1],
                         "intercept_stderr": expected.bse[:, 0],
                         "stderr": expected.bse[:, 1]}.items():
        np.testing.assert_allclose(getattr(fits, name)[24:], values[24:], rtol=1e-8)
    np.testing.assert_allclose(fits.rvalue[24:] ** 2, expected.rsquared[24:], rtol=1e-8, atol=1e-12)


# ---- the result ----

def test_the_result_cannot_be_changed(rng):
    fits = fit_rolling(*rng.normal(size=(2, 20)), 5)
    with raises(AttributeError, "RollingFits is immutable, slope cannot be set"):
        fits.slope = 1
    with raises(AttributeError, "RollingFits is immutable, status cannot be deleted"):
        del fits.status
    for name in (*FIELDS, "pvalue", "status"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(fits, name)[0] = 1


def test_copies_and_pickles(rng):
    fits = fit_rolling(*rng.normal(size=(2, 40)), 5, min_nobs=3)
    text = pickle.dumps(fits)
    assert b"mathwork.regression" in text and not names_kernels(text)
    for other in (pickle.loads(text), copy.copy(fits), copy.deepcopy(fits)):
        assert type(other) is RollingFits
        assert same_bits(all_fields(other), all_fields(fits))
        assert (other.window, other.min_nobs) == (5, 3)
        assert same_bits(other.status, fits.status) and same_bits(other.pvalue, fits.pvalue)


def test_repr():
    assert repr(fit_rolling([0, 1, 2], [0, 1, 2], 3)) == """RollingFits(
    window=3,
    min_nobs=3,
    slope=array([nan, nan,  1.]),
    intercept=array([nan, nan,  0.]),
    rvalue=array([nan, nan,  1.]),
    stderr=array([nan, nan,  0.]),
    intercept_stderr=array([nan, nan,  0.]),
    status=array([1, 1, 0], dtype=int8))"""


def test_pvalues_need_scipy_and_nothing_else_does():
    code = ("import sys; sys.modules['scipy'] = None\n"
            "from mathwork.regression import fit_rolling\n"
            "fits = fit_rolling([1, 2, 4], [1, 2, 3], 3); print(fits.stderr[2] > 0)\n"
            "try: fits.pvalue\n"
            "except ImportError as error: print(error)")
    code, out, err = run_python(code)
    assert code == 0, err
    assert out.splitlines()[0] == "True" and "pip install scipy" in out


# ---- bad input ----

def test_bad_windows():
    for window in (1, 0, -3, True):
        with raises(ValueError, f"window must be at least 2, got {int(window)}"):
            fit_rolling([1, 2], [1, 2], window)
    for least in (1, 0, -1, 4, 10 ** 20):
        with raises(ValueError, f"min_nobs must be between 2 and window = 3, got {least}"):
            fit_rolling([1, 2], [1, 2], 3, min_nobs=least)
    with raises(TypeError, "window must be an integer, a number of rows, or have a time to go "
                           "with, got 2.0"):
        fit_rolling([1, 2], [1, 2], 2.0)


@pytest.mark.parametrize(("x", "y"), [((3,), (4,)), ((2, 2), (2, 2)), ((), ()), ((3,), (3, 1))])
def test_bad_shapes(x, y):
    with raises(ValueError, f"x and y must have the same shape (n,), or x (n, k), got {x} and {y}"):
        fit_rolling(np.ones(x), np.ones(y), 2)


@pytest.mark.parametrize("bad", [[1j, 2], ["a", "b"], [None, 1], np.array([1, 2], object)])
def test_what_is_not_real(bad):
    with pytest.raises(TypeError, match="x must hold real numbers"):
        fit_rolling(bad, [1, 2], 2)
    with pytest.raises(TypeError, match="y must hold real numbers"):
        fit_rolling([1, 2], bad, 2)
    with pytest.raises(TypeError, match="masked"):
        fit_rolling(np.ma.masked_array([1, 2]), [1, 2], 2)


@pytest.mark.parametrize("large", [1e130, -1e300])
def test_constants_of_any_size(large):
    x = np.arange(5.0)
    fits = fit_rolling(x, np.full(5, large), 3)
    assert fits.slope[2:].tolist() == [0] * 3 and fits.intercept[2:].tolist() == [large] * 3
    assert fit_rolling(np.full(5, large), x, 3).status.tolist() == [1, 1, 2, 2, 2]


def test_a_window_beyond_any_series():
    fits = fit_rolling([0, 1, 2], [1, 2, 4], 10**30, min_nobs=2)
    assert fits.nobs.tolist() == [1, 2, 3] and fits.window == 10**30
