"""Groups and windows with several x, weights or no intercept: against exact arithmetic."""
import math
from fractions import Fraction

import numpy as np
import pytest
from arrays import LAYOUTS, guarded
from exact_regression import exact_bse, exact_fit
from helpers import raises, same_bits

from mathwork._levels import level as chosen_level
from mathwork._levels import regression as regression_kernels
from mathwork.regression import PlaneFit, fit_groups, fit_rolling
from mathwork.regression.batch_rows import checked_rows

TOO_FEW, CONSTANT, NOT_FINITE, BAD_WEIGHT = 1, 2, 3, 4
PLANES = ("params", "bse", "rsquared")


def exact_plane(X, y, intercept=True, weights=None):
    """(params, bse, rsquared) in exact arithmetic, rounded"""
    X = np.asarray(X).reshape(len(y), -1)
    if weights is not None:
        X, y, weights = (np.asarray(part)[weights > 0] for part in (X, y, weights))
    params, inverse, ssr = exact_fit(X, y, intercept, weights)
    y = [Fraction(float(value)) for value in y]
    w = [Fraction(1)] * len(y) if weights is None else [Fraction(float(each)) for each in weights]
    mean = sum(a * b for a, b in zip(w, y, strict=True)) / sum(w) if intercept else 0
    tss = sum(a * (b - mean) ** 2 for a, b in zip(w, y, strict=True))
    df = len(y) - len(params)
    bse = exact_bse(inverse, ssr, df) if df else np.full(len(params), np.nan)
    return np.array(params, float), bse, float(1 - ssr / tss) if tss else 0.0


def assert_same_plane(fits, at, expected, rtol=1e-9):
    assert fits.status[at] == 0
    for name, value in zip(PLANES, expected, strict=True):
        np.testing.assert_allclose(getattr(fits, name)[at], value, rtol=rtol, atol=1e-300)


def rows_of(rng, n, k):
    X, noise = rng.normal(size=(n, k)), rng.normal(size=n)
    return X, X @ np.arange(1.0, k + 1) + 3 + noise


def equal_fits(left, right):
    return all(same_bits(np.asarray(getattr(left, name)), np.asarray(getattr(right, name)))
               for name in (*PLANES, "nobs", "status"))


# ---- digits ----

@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 7, 10])
def test_every_group_is_exact(rng, k, intercept):
    X, y = rows_of(rng, 180, k)
    g = rng.integers(0, 5, 180)
    fits = fit_groups(g, X, y, intercept=intercept)
    assert fits.params.shape == fits.bse.shape == (5, k + intercept)
    for at, key in enumerate(fits.keys):
        assert_same_plane(fits, at, exact_plane(X[g == key], y[g == key], intercept), 1e-11)
        assert fits.nobs[at] == np.count_nonzero(g == key)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("k", [1, 2, 3, 10])
def test_every_window_is_exact(rng, k, intercept):
    X, y = rows_of(rng, 130, k)
    fits = fit_rolling(X, y, 45, intercept=intercept, min_nobs=20)
    for end in (19, 20, 31, 32, 44, 45, 60, 88, 89, 90, 129):
        part = slice(max(0, end - 44), end + 1)
        assert_same_plane(fits, end, exact_plane(X[part], y[part], intercept), 1e-10)
    assert (fits.status[:19] == TOO_FEW).all() and np.isnan(fits.params[:19]).all()
    assert fits.nobs.tolist() == [min(45, end + 1) for end in range(130)]


@pytest.mark.parametrize("window", [3, 7, 8, 31, 32, 33, 64, 70, 500])
def test_windows_of_every_length(rng, window):
    X, y = rows_of(rng, 330, 2)
    fits = fit_rolling(X, y, window)
    for end in range(min(window, 330) - 1, 330, 29):
        part = slice(max(0, end + 1 - window), end + 1)
        if window <= 330:
            assert_same_plane(fits, end, exact_plane(X[part], y[part]), 1e-8)
    assert (fits.status[:window - 1] == TOO_FEW).all()


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("kind", ["offset", "spike", "clock", "scales", "squares"])
def test_hard_rows(rng, k, kind):
    X, y = rows_of(rng, 150, k)
    if kind == "offset":
        X, y = X + 1e6, y + 1e6
    elif kind == "spike":
        X[70, 0], y[90] = 1e8, -1e8
    elif kind == "clock":
        X[:, 0] = 1.7e9 + np.arange(150)
    elif kind == "scales":
        X, y = X * np.ldexp(1.0, rng.integers(-400, 400, k)), np.ldexp(y, 300)
    else:
        X, y = X * 1e160, y * 1e-160
    fits = fit_rolling(X, y, 40)
    groups = fit_groups(np.arange(150) // 50, X, y)
    with np.errstate(over="ignore"):
        for end in (39, 69, 70, 75, 109, 110, 149):
            part = slice(end - 39, end + 1)
            assert_same_plane(fits, end, exact_plane(X[part], y[part]), 1e-9)
        for at in range(3):
            part = slice(50 * at, 50 * at + 50)
            assert_same_plane(groups, at, exact_plane(X[part], y[part]), 1e-9)


def test_a_spike_that_has_left_leaves_no_trace(rng):
    X, y = rows_of(rng, 300, 3)
    clean = fit_rolling(X, y, 20)
    X[100, 1], y[199], X[260, 0] = 1e200, -1e306, np.nan
    fits = fit_rolling(X, y, 20)
    whole = np.ones(300, bool)
    for at in (100, 199, 260):
        whole[at:at + 20] = False
    for name in PLANES:
        assert same_bits(getattr(fits, name)[whole], getattr(clean, name)[whole])
    assert (fits.status[260:280] == NOT_FINITE).all()
    assert (np.delete(fits.status[19:], np.arange(241, 261)) == 0).all()
    part = slice(91, 111)
    assert_same_plane(fits, 110, exact_plane(X[part], y[part]), 1e-9)


@pytest.mark.parametrize("noise", [1e-3, 1e-6, 1e-9])
def test_standard_errors_near_a_plane_keep_their_digits(rng, noise):
    X = rng.normal(size=(120, 2)) + 1e3
    y = X @ [2.0, -3.0] + 5 + noise * rng.normal(size=120)
    fits, groups = fit_rolling(X, y, 30), fit_groups(np.arange(120) // 40, X, y)
    for end in (29, 60, 119):
        part = slice(end - 29, end + 1)
        assert_same_plane(fits, end, exact_plane(X[part], y[part]), 1e-9)
    for at in range(3):
        part = slice(40 * at, 40 * at + 40)
        assert_same_plane(groups, at, exact_plane(X[part], y[part]), 1e-9)


@pytest.mark.parametrize("n", [150, 1500])
def test_columns_that_nearly_depend(rng, n):
    """t and t^2 far from 0: their correlation is 1 - 1e-9, and less than 1e-3 of a digit is left"""
    time = 1e5 + np.arange(float(n))
    X = np.column_stack([time, time ** 2])
    y = X @ [2.0, 1e-3] + rng.normal(size=n)
    window = n // 3
    fits = fit_rolling(X, y, window)
    for end in (window - 1, window, n - 1):
        part = slice(end + 1 - window, end + 1)
        assert_same_plane(fits, end, exact_plane(X[part], y[part]), 1e-9)
    assert_same_plane(fit_groups(np.zeros(n), X, y), 0, exact_plane(X, y), 1e-9)


def test_planes_in_integers():
    """Exact parameters, and no residual that would not be there"""
    X = np.stack(np.divmod(np.arange(60), 7), axis=1)
    y = X @ [3, -2] + 5
    for fits in (fit_groups(np.arange(60) % 2, X, y)[:], fit_rolling(X, y, 20)[19:]):
        np.testing.assert_allclose(fits.params, np.tile([5, 3, -2], (len(fits), 1)), rtol=1e-14)
        assert (fits.bse == 0).all() and (fits.rsquared == 1).all()


# ---- which rows ----

@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("k", [1, 3])
def test_weights(rng, k, intercept):
    X, y = rows_of(rng, 120, k)
    weights = rng.uniform(0.1, 5, 120)
    weights[::7] = 0
    X[14], y[21] = np.nan, np.inf           # of weight 0
    fits = fit_rolling(X, y, 40, weights=weights, intercept=intercept, min_nobs=8)
    for end in (20, 39, 60, 119):
        part = slice(max(0, end - 39), end + 1)
        assert_same_plane(fits, end, exact_plane(X[part], y[part], intercept, weights[part]))
        assert fits.nobs[end] == np.count_nonzero(weights[part])
    groups = fit_groups(np.arange(120) % 3, X, y, weights=weights, intercept=intercept)
    for at in range(3):
        part = slice(at, None, 3)
        assert_same_plane(groups, at, exact_plane(X[part], y[part], intercept, weights[part]))


def test_weights_of_one_change_no_bit(rng):
    X, y = rows_of(rng, 200, 2)
    ones = np.ones(200)
    assert equal_fits(fit_rolling(X, y, 30), fit_rolling(X, y, 30, weights=ones))
    g = rng.integers(0, 7, 200)
    assert equal_fits(fit_groups(g, X, y), fit_groups(g, X, y, weights=ones))


def test_weights_of_any_size(rng):
    X, y = rows_of(rng, 60, 2)
    usual = fit_rolling(X, y, 30, weights=ones_but(60))
    for scale in (1e-300, 1e-150, 1e150, 1e290):
        fits = fit_rolling(X, y, 30, weights=scale * ones_but(60))
        groups = fit_groups(np.zeros(60), X, y, weights=scale * ones_but(60))
        np.testing.assert_allclose(fits.params[29:], usual.params[29:], rtol=1e-10)
        np.testing.assert_allclose(fits.bse[29:], usual.bse[29:], rtol=1e-10)
        np.testing.assert_allclose(groups.bse[0], exact_plane(X, y, True, ones_but(60))[1], 1e-10)


def ones_but(n):
    return 1 + (np.arange(n) % 3) / 4


@pytest.mark.parametrize("bad", [-1.0, np.inf])
def test_bad_weights_spoil_their_own(rng, bad):
    X, y = rows_of(rng, 90, 2)
    weights = np.ones(90)
    weights[40] = bad
    fits = fit_rolling(X, y, 10, weights=weights)
    assert fits.status.tolist() == [1] * 9 + [0] * 31 + [BAD_WEIGHT] * 10 + [0] * 40
    assert fit_groups(np.arange(90) // 30, X, y, weights=weights).status.tolist() == [0, 4, 0]
    assert np.isnan(fits.params[fits.status > 0]).all()


def test_gaps_are_left_out(rng):
    X, y = rows_of(rng, 150, 2)
    weights = rng.uniform(1, 2, 150)
    X[30, 1], y[50], weights[70], y[71] = np.nan, -np.inf, np.nan, np.nan
    there = np.ones(150, bool)
    there[[30, 50, 70, 71]] = False
    for given in (None, weights):
        if given is None:
            y[70] = np.nan
        fits = fit_rolling(X, y, 20, weights=given, min_nobs=17, nan_policy="omit")
        assert fits.n_omitted == 4
        assert fits.nobs.tolist() == [int(there[max(0, i - 19):i + 1].sum()) for i in range(150)]
        assert (fits.status == np.where(fits.nobs < 17, TOO_FEW, 0)).all()
        for end in (16, 49, 75, 80, 149):
            part = np.arange(max(0, end - 19), end + 1)[there[max(0, end - 19):end + 1]]
            w = None if given is None else given[part]
            assert_same_plane(fits, end, exact_plane(X[part], y[part], True, w))
        groups = fit_groups(np.arange(150) // 50, X, y, weights=given, nan_policy="omit")
        assert groups.n_omitted == 4
        assert groups.nobs.tolist() == [there[i:i + 50].sum() for i in (0, 50, 100)]
        with pytest.raises(ValueError, match="must be finite, rows 30 and 3 more are not"):
            fit_rolling(X, y, 20, weights=given, nan_policy="raise")
    # By default such rows spoil theirs, as does a weight of NaN.
    status = fit_groups(np.arange(150) // 50, X, y, weights=weights).status
    assert status.tolist() == [NOT_FINITE, NOT_FINITE, 0]


def test_gaps_in_one_x(rng):
    x, y = rng.normal(size=(2, 100))
    y[[3, 40]] = np.nan
    there = np.isfinite(y)
    fits = fit_groups(np.zeros(100), x, y, nan_policy="omit")
    expected = fit_groups(np.zeros(98), x[there], y[there])
    for name in ("slope", "intercept", "rvalue", "stderr", "intercept_stderr"):
        np.testing.assert_allclose(getattr(fits, name), getattr(expected, name), rtol=1e-13)
    assert fits.nobs.tolist() == [98] and fits.n_omitted == 2


def test_sets_that_cannot_be_fitted():
    nan = math.nan
    sets = {"good": ([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 3], 0),
            "three rows": ([[0, 0], [1, 0], [0, 1]], [0, 1, 1], 0),
            "two rows": ([[0, 0], [1, 0]], [0, 1], TOO_FEW),
            "constant": ([[5, 0], [5, 1], [5, 2], [5, 4]], [1, 2, 3, 5], CONSTANT),
            "dependent": ([[0, 1], [1, 3], [2, 5], [3, 7]], [1, 2, 3, 5], CONSTANT),
            "sum of rounded": ([[.1, .3], [.2, .6], [.7, 2.1], [.3, .9]], [1, 2, 3, 5], CONSTANT),
            "nan": ([[0, nan], [1, 3], [2, 5], [3, 7]], [1, 2, 3, 5], NOT_FINITE),
            "inf": ([[0, 1], [1, 3], [2, 5], [3, 6]], [1, 2, math.inf, 5], NOT_FINITE),
            "zeros": ([[0, 0]] * 4, [0] * 4, CONSTANT),
            "constant y": ([[0, 0], [1, 0], [0, 1], [1, 1]], [7, 7, 7, 7], 0),
            "y of 0": ([[0, 0], [1, 0], [0, 1], [1, 1]], [0, 0, 0, 0], 0)}
    keys = [name for name, (X, _, _) in sets.items() for _ in X]
    X = np.concatenate([np.array(X, float) for X, _, _ in sets.values()])
    y = np.concatenate([np.array(y, float) for _, y, _ in sets.values()])
    fits = fit_groups(keys, X, y)
    assert fits.status.tolist() == [status for _, _, status in sets.values()]
    for name in PLANES:
        assert np.isnan(getattr(fits, name)[fits.status > 0]).all()
    found = dict(zip(fits.keys.tolist(), fits, strict=True))
    assert np.isnan(found["three rows"].bse).all() and found["three rows"].rsquared == 1
    for name, level in (("constant y", 7), ("y of 0", 0)):
        assert found[name].params.tolist() == [level, 0, 0] and found[name].rsquared == 0
        assert found[name].bse.tolist() == [0, 0, 0]
    for name, (X, y, status) in sets.items():
        window = fit_rolling(np.array(X, float), np.array(y, float), max(3, len(y)))
        assert window.status[-1] == status, name


# ---- large integers and times ----

def test_integers_beyond_float64(rng):
    step = np.arange(90) % 30 * 7 + rng.integers(0, 3, 90)
    x = 1_700_000_000_000_000_000 + step
    for fits in (fit_groups(np.arange(90) // 30, x, 2 * (x - x[0]) + 1),
                 fit_rolling(x, 2 * (x - x[0]) + 1, 30)[29:]):
        assert (fits.status == 0).all()
        np.testing.assert_allclose(fits.slope, 2, rtol=1e-12)
        expected = float(1 - 2 * int(x[0]))
        np.testing.assert_allclose(fits.intercept, expected, rtol=1e-12)
    z = rng.normal(size=90)
    noise = rng.normal(size=90).round(2) * 100
    y = (2 * step + noise).astype(int) + 2**62
    X = np.column_stack([x, (z * 1000).astype(int)])
    fits = fit_groups(np.arange(90) // 30, X, y)
    for at in range(3):
        part = slice(30 * at, 30 * at + 30)
        near = exact_plane(np.column_stack([x - x[0], X[:, 1]])[part], (y - 2**62)[part])
        np.testing.assert_allclose(fits.params[at, 1:], near[0][1:], rtol=1e-10)
        np.testing.assert_allclose(fits.bse[at, 1:], near[1][1:], rtol=1e-10)


@pytest.mark.parametrize("n", [60, 3000])
def test_nanoseconds(n):
    """Steps of 1 us, which float64 rounds to multiples of 256 ns"""
    time = np.datetime64("2024-05-01T12:00:00", "ns") + 1000 * np.arange(n)
    x = time.astype(np.int64)
    y = np.arange(n) * 2000
    for made in (lambda x, y: fit_rolling(x, y, n // 2)[n // 2 - 1:],
                 lambda x, y: fit_groups(np.zeros(n), x, y),
                 lambda x, y: fit_rolling(x, y)[1:],
                 lambda x, y: fit_rolling(x, y, "25us", time=time)[1:]):
        assert np.abs(made(x, y).slope / 2 - 1).max() < 1e-12
        # times are seconds
        assert np.abs(made(time, y).slope / 2e9 - 1).max() < 1e-12
        assert np.abs(made(y, time).slope / 5e-10 - 1).max() < 1e-12


def test_times_have_the_errors_of_seconds(rng):
    seconds = np.arange(50) * 3 + rng.integers(0, 2, 50)
    y = seconds * 0.5 + rng.normal(size=50)
    time = np.datetime64("2000-01-01", "ns") + (seconds * 10**9).astype("m8[ns]")
    start = 946684800
    fits = fit_groups(np.zeros(50), time, y)
    params, bse, _ = exact_plane(start + seconds, y)
    np.testing.assert_allclose(fits.params[0], params, rtol=1e-11)
    np.testing.assert_allclose(fits.bse[0], bse, rtol=1e-11)


# ---- levels, layouts, neighbours ----

def awkward_rows(rng, k):
    X, y = rows_of(rng, 500, k)
    X[100:150] *= 1e200
    y[200:260] = X[200:260].sum(axis=1)
    X[300:340, -1] = X[300:340, 0] * 2
    X[350], y[400] = np.nan, np.inf
    X[420:460] += 1e5
    return X, y, rng.integers(0, 4, 500) / 2.0


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_fused_levels_have_the_same_bits(kernels, rng, k, intercept):
    X, y, weights = awkward_rows(rng, k)
    integers = rng.integers(-1000, 1000, (300, k)) + 2**60
    g = rng.integers(0, 9, 500)
    begins = np.maximum(0, np.arange(500) - 33).astype(np.intp)
    decay = rng.uniform(0.5, 1, 500)
    jobs = []
    for given in (None, weights):
        planes = checked_rows(X, y, given, "propagate").planes(intercept)
        jobs += [("rolling_planes", (*planes, 33, 5, intercept)),
                 ("span_planes", (*planes, begins, 5, intercept)),
                 ("growing_planes", (*planes, decay, 5, intercept))]
        for key in (g, g.astype(float)):
            jobs.append(("PlaneGroups", (key, regression_kernels.key_kinds[key.dtype.kind], *planes,
                                         intercept)))
    pairs = checked_rows(integers, y[:300], None, "propagate").planes(intercept)
    jobs += [("rolling_planes", (*pairs, 70, 5, intercept)),
             ("PlaneGroups", (g[:300], 0, *pairs, intercept))]
    for name, arguments in jobs:
        results = [getattr(each, name)(*arguments) for each in (kernels, regression_kernels)]
        if name == "PlaneGroups":
            results = [result.fits() for result in results]
        for found, expected in zip(*results, strict=True):
            # Without fused multiply-add sums of products of settled sets round elsewhere.
            if "baseline" in (kernels.level, chosen_level):
                np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14)
            else:
                assert same_bits(found, expected), name


@pytest.mark.parametrize("k", [2, 5])
def test_a_group_has_the_same_bits_alone(rng, k):
    X, y, weights = awkward_rows(rng, k)
    g = rng.integers(0, 9, 500)
    for given in (None, weights):
        fits = fit_groups(g, X, y, weights=given)
        for at, key in enumerate(fits.keys):
            part = g == key
            alone = fit_groups(g[part], X[part], y[part],
                               weights=None if given is None else given[part])
            assert equal_fits(alone, fits[at:at + 1])


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("k", [2, 5])
def test_groups_of_many_rows(kernels, rng, k, intercept):
    """Rows behind the 64th are summed eight at a time"""
    sizes = [10, 63, 64, 65, 71, 72, 73, 80, 81, 200, 333]
    g = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    X, y = rows_of(rng, len(g), k)
    X, y = X + 1e5, y - 1e6
    X[np.flatnonzero(g == 7)[75], 1] = np.nan
    y[np.flatnonzero(g == 10)[-1]] = 1e9
    fits = fit_groups(g, X, y, intercept=intercept)
    planes = checked_rows(X, y, None, "propagate").planes(intercept)
    found = kernels.PlaneGroups(g, regression_kernels.key_kinds["i"], *planes, intercept).fits()[3]
    for at, key in enumerate(fits.keys):
        part = g == key
        assert fits.nobs[at] == sizes[key]
        assert equal_fits(fit_groups(g[part], X[part], y[part], intercept=intercept),
                          fits[at:at + 1])
        if key == 7:
            assert fits.status[at] == NOT_FINITE
        else:
            expected = exact_plane(X[part], y[part], intercept)
            assert_same_plane(fits, at, expected, 1e-10)
            np.testing.assert_allclose(found[:k + intercept, at], expected[0], rtol=1e-10)


@pytest.mark.parametrize("kind", ["objects", "strings", "floats", "spread"])
def test_every_kind_of_key(rng, kind):
    X, y, _ = awkward_rows(rng, 2)
    g = rng.integers(0, 9, 500)
    keys = {"objects": g.astype(object), "strings": g.astype(str), "floats": g / 3,
            "spread": g << 58}[kind]
    assert equal_fits(fit_groups(keys, X, y), fit_groups(g, X, y))


def test_very_many_groups(rng):
    g = rng.permutation(np.repeat(np.arange(3000), 5))
    X, y = rows_of(rng, 15000, 2)
    fits = fit_groups(g, X, y)
    assert (fits.nobs == 5).all() and (fits.status == 0).all()
    for at in (0, 1, 1500, 2999):
        part = g == fits.keys[at]
        assert_same_plane(fits, at, exact_plane(X[part], y[part]), 1e-7)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(rng, dtype, layout):
    X, y = (part.astype(dtype) for part in rows_of(rng, 60, 2))
    made = LAYOUTS[layout]
    for fit in (lambda X, y: fit_rolling(X, y, 10),
                lambda X, y: fit_groups(np.arange(60) % 3, X, y)):
        assert equal_fits(fit(made(X), made(y)), fit(X, y))


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("k", [2, 3, 5])
def test_nothing_outside_the_rows_is_read(rng, side, k):
    for n in (1, 33, 64, 211):
        X, y = rows_of(rng, n, k)
        weights = ones_but(n)
        guards = [guarded(array, side) for array in (X, y, weights)]
        for window in (k + 1, 40):
            assert equal_fits(fit_rolling(*guards[:2], window, weights=guards[2]),
                              fit_rolling(X, y, window, weights=weights))
        assert equal_fits(fit_groups(np.arange(n) % 3, *guards[:2], weights=guards[2]),
                          fit_groups(np.arange(n) % 3, X, y, weights=weights))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_rows(n):
    X, y = np.ones((n, 2)), np.ones(n)
    for fits in (fit_rolling(X, y, 3), fit_rolling(X, y), fit_rolling(X, y, 2.5, time=np.arange(n)),
                 fit_groups(np.arange(n), X, y)):
        assert fits.params.shape == (n, 3) and fits.status.tolist() == [TOO_FEW] * n


# ---- statsmodels ----

def test_groups_are_those_of_statsmodels(rng):
    api = pytest.importorskip("statsmodels.api")
    X, y = rows_of(rng, 400, 3)
    weights = rng.uniform(0.5, 2, 400)
    g = rng.integers(0, 4, 400)
    fits = fit_groups(g, X, y, weights=weights)
    for at, key in enumerate(fits.keys):
        part = g == key
        expected = api.WLS(y[part], api.add_constant(X[part]), weights=weights[part]).fit()
        for name in ("params", "bse", "tvalues", "pvalues", "rsquared", "df_resid", "nobs"):
            np.testing.assert_allclose(getattr(fits, name)[at], getattr(expected, name), rtol=1e-9)
        np.testing.assert_allclose(fits.conf_int(0.1)[at], expected.conf_int(0.1), rtol=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("weighted", [False, True])
def test_windows_are_those_of_statsmodels(rng, weighted):
    rolling = pytest.importorskip("statsmodels.regression.rolling")
    X, y = rows_of(rng, 200, 3)
    weights = rng.uniform(0.5, 2, 200) if weighted else None
    design = np.column_stack([np.ones(200), X])
    model = rolling.RollingWLS(y, design, 25, weights=weights)
    expected = model.fit()
    fits = fit_rolling(X, y, 25, weights=weights)
    for name in ("params", "bse", "rsquared"):
        np.testing.assert_allclose(getattr(fits, name)[24:], getattr(expected, name)[24:],
                                   rtol=1e-8, atol=1e-10)


# ---- bad input ----

def test_bad_arguments():
    with raises(ValueError, "x must have 1 to 10 columns, got 11; fit_linear takes any number"):
        fit_groups([1], np.ones((1, 11)), [1])
    with raises(ValueError, "x must have 1 to 10 columns, got 0; fit_linear takes any number"):
        fit_rolling(np.ones((4, 0)), [1] * 4, 2)
    with raises(ValueError, "x and y must have the same shape (n,), or x (n, k), "
                            "got (4, 2) and (3,)"):
        fit_rolling(np.ones((4, 2)), [1] * 3, 2)
    with raises(ValueError, "weights must have shape (4,) to match y, got (3,)"):
        fit_rolling(np.ones((4, 2)), [1] * 4, 3, weights=[1, 2, 3])
    with raises(ValueError, "window must be at least 3, got 2"):
        fit_rolling(np.ones((4, 2)), [1] * 4, 2)
    assert fit_rolling(np.ones((4, 2)), [1] * 4, 2, intercept=False).status.tolist() == [1, 2, 2, 2]
    with raises(ValueError, "min_nobs must be between 3 and window = 4, got 2"):
        fit_rolling(np.ones((4, 2)), [1] * 4, 4, min_nobs=2)
    with pytest.raises(ValueError, match="nan_policy must be one of raise, omit, propagate"):
        fit_groups([1], [1], [1], nan_policy="drop")


def test_a_plane_is_a_tuple_of_its_fields():
    fit = fit_groups([1] * 4, [[0, 0], [1, 0], [0, 1], [1, 1]], [0, 1, 1, 3])[0]
    assert type(fit) is PlaneFit and fit.nobs == 4 and fit.has_intercept
    assert fit.params.tolist() == pytest.approx([-0.25, 1.5, 1.5])
    assert fit.predict([[1, 1], [0, 0]]).tolist() == pytest.approx([2.75, -0.25])
    with raises(ValueError, "X must have shape (m, 2) as the fit has, got (2,)"):
        fit.predict([1, 1])
