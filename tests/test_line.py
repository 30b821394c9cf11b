"""fit_line: against exact arithmetic, its bits, its edges, SciPy and statsmodels."""
import copy
import math
import pickle
import tracemalloc
import warnings
from fractions import Fraction

import numpy as np
import pytest
from arrays import LAYOUTS, guarded
from helpers import OF_COMPLEX, OF_NONE, names_kernels, raises, same_bits
from test_bits import fused_kernels

from mathwork.regression import LineFit, fit_line
from mathwork.regression.status import BAD_WEIGHT, CONSTANT, FITTED, NOT_FINITE, TOO_FEW

layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
FIELDS = ("slope", "intercept", "rvalue", "stderr", "intercept_stderr")
SHORT, BLOCK = 64, 512          # where the kernel changes its way: LINE_SHORT, LINE_BLOCK


# ---- the slow twin ----

def root(value):
    """The square root of a Fraction, to 100 digits or so."""
    bits = 400 + abs(value.numerator.bit_length() - value.denominator.bit_length())
    return Fraction(math.isqrt((value.numerator << 2 * bits) // value.denominator), 1 << bits)


def exact_line(x, y, weights=None):
    """The fields of a fit of at least three points, as Fractions, by the documented formulas."""
    weights = np.ones(len(x)) if weights is None else weights
    points = [tuple(map(Fraction, map(float, point)))
              for point in zip(x, y, weights, strict=True) if point[2] > 0]
    W = sum(w for _, _, w in points)
    mx, my = sum(w * x for x, _, w in points) / W, sum(w * y for _, y, w in points) / W
    Sxx = sum(w * (x - mx) ** 2 for x, _, w in points)
    Sxy = sum(w * (x - mx) * (y - my) for x, y, w in points)
    Syy = sum(w * (y - my) ** 2 for _, y, w in points)
    slope = Sxy / Sxx
    variance = (Syy - slope * Sxy) / (len(points) - 2)
    r = root(Sxy ** 2 / (Sxx * Syy)) if Syy else Fraction(0)
    return (slope, my - slope * mx, -r if Sxy < 0 else r,
            root(variance / Sxx), root(variance * (1 / W + mx ** 2 / Sxx)))


def digits(found, expected):
    """-log10 of the relative error; 17 where it is nothing that a float could show"""
    if expected == 0:
        return 17.0 if abs(found) < 1e-25 else 0.0
    error = abs((Fraction(found) - expected) / expected)
    return 17.0 if error < Fraction(1, 10 ** 17) else -math.log10(error)


def worst_digits(fit, exact):
    return [digits(getattr(fit, name), value) for name, value in zip(FIELDS, exact, strict=True)]


def fields(fit, row=None):
    """All that a fit found, as arrays; of one row of a stack if that is given."""
    names = (*FIELDS, "nobs", "status")
    return [np.asarray(getattr(fit, name) if row is None else getattr(fit, name)[row])
            for name in names]


def identical(left, right):
    return all(a.tobytes() == b.tobytes() if a.dtype == b.dtype else a == b
               for a, b in zip(left, right, strict=True))


# ---- digits ----

def _spike(x):
    x = x.copy()
    x[len(x) // 2] = 1e9
    return x


# What is fitted, of normal numbers x and noise of size 1. Relative to x the exponents of the
# sums go from nearly -2000 to 2000.
CASES = {
    "plain": lambda x, noise: (x, 2 * x + 1 + noise),
    "noise": lambda x, noise: (x, noise),
    "x at 1e9": lambda x, noise: (x + 1e9, 2 * x + noise),
    "both at 1e9": lambda x, noise: (x + 1e9, x - 1e9 + noise),
    "a clock": lambda x, noise: (1.7e9 + np.arange(len(x)), noise + 1e-3 * np.arange(len(x))),
    "r^2 = 1 - 1e-12": lambda x, noise: (x, 3 * x + 1e3 + 1e-6 * noise),
    "r^2 = 1 - 1e-12, x at 1e9": lambda x, noise: (x + 1e9, 3 * x + 1e-6 * noise),
    "r^2 = 1 - 1e-24": lambda x, noise: (x, 3 * x + 1e-12 * noise),
    "only rounding is left": lambda x, noise: (x, x / 3 + 1),
    "curved and sorted": lambda x, noise: (np.arange(len(x)), np.arange(len(x)) ** 1.5),
    "a spike in x": lambda x, noise: (_spike(x), x + noise),
    "a spike in y": lambda x, noise: (x, _spike(x + noise)),
    "x varies at its end": lambda x, noise: (np.where(np.arange(len(x)) < len(x) - 3, 1e9, 1e9 + x),
                                             noise),
    "huge": lambda x, noise: (x * 1e306, (x + noise) * 1e307),
    "tiny": lambda x, noise: (x * 1e-290, (x + noise) * 1e-280),
    "huge over tiny": lambda x, noise: (x * 1e-150, (x + noise) * 1e150),
    "tiny over huge": lambda x, noise: (x * 1e150, (x + noise) * 1e-150),
    "many scales": lambda x, noise: (x ** 15, x + noise ** 15),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("n", [3, 10, SHORT, SHORT + 1, 100, BLOCK + 1, 1100])
def test_digits_of_every_field(kernels, case, n):
    # The same numbers at all levels, as chance can bring slope or intercept near 0.
    x, y = case(*np.random.default_rng(n).normal(size=(2, n)))
    x, y = x.astype(float), y.astype(float)
    fit = kernels.fit_line(x, y)
    slope, intercept, rvalue, *errors = worst_digits(fit, exact_line(x, y))
    assert min(slope, intercept) > 13.5
    assert rvalue > 13.5
    assert min(errors) > 13.5


@pytest.mark.parametrize("n", [3, 10, SHORT + 1, 300])
def test_digits_with_weights(kernels, n):
    x, noise, weights = np.random.default_rng(n).normal(size=(3, n))
    weights = weights ** 4 * 1e-3
    for offset, scale in (0, 1), (1e9, 1), (0, 1e-200), (0, 1e200):
        y = 2 * x - 5 + noise
        fit = kernels.fit_line(x + offset, y, weights=weights * scale)
        assert min(worst_digits(fit, exact_line(x + offset, y, weights))[:4]) > 13.5
        assert fit.nobs == n


def test_residuals_that_an_offset_nearly_hides(kernels, rng):
    # x at 1e9, y at 0, and residuals that are rounding of y: 1e-26 of slope x.
    x = 1e9 + rng.normal(size=50)
    y = (x - 1e9) / 3
    fit = kernels.fit_line(x, y)
    slope, intercept, rvalue, *errors = worst_digits(fit, exact_line(x, y))
    assert min(slope, intercept, rvalue) > 15 and min(errors) > 6


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_digits_of_a_million_points(kernels, offset, rng):
    # x and y are multiples of 2^-20, so int64 sums of the multiples are exact.
    n = 1_000_000
    i = rng.integers(0, 1 << 20, n)
    j = i // 3 + rng.integers(0, 1 << 19, n)
    fit = kernels.fit_line(offset + i / 2 ** 20, offset - j / 2 ** 20)
    si, sj, sii, sij, sjj = (int(total) for total in
                             (i.sum(), j.sum(), (i * i).sum(), (i * j).sum(), (j * j).sum()))
    dii, dij, djj = n * sii - si * si, n * sij - si * sj, n * sjj - sj * sj
    slope = Fraction(-dij, dii)
    mean = Fraction(si, n << 20) + Fraction(offset)
    intercept = Fraction(offset) - Fraction(sj, n << 20) - slope * mean
    variance = (djj - Fraction(dij * dij, dii)) / n / (n - 2)       # of multiples
    stderr = root(variance * n / dii)
    assert digits(fit.slope, slope) > 14.5
    assert digits(fit.intercept, intercept) > 14.5
    assert digits(fit.rvalue, -root(Fraction(dij * dij, dii * djj))) > 14.5
    assert digits(fit.stderr, stderr) > 14.5


# NIST, Statistical Reference Datasets, Norris: y, x, and the certified values. An exact solution
# for the float64 data agrees with the certified coefficients to 14.1 digits, with the standard
# errors to 13.9.
NORRIS = np.array([
    0.1, 0.2, 338.8, 337.4, 118.1, 118.2, 888.0, 884.6, 9.2, 10.1, 228.1, 226.5, 668.5, 666.3,
    998.5, 996.3, 449.1, 448.6, 778.9, 777.0, 559.2, 558.2, 0.3, 0.4, 0.1, 0.6, 778.1, 775.5,
    668.8, 666.9, 339.3, 338.0, 448.9, 447.5, 10.8, 11.6, 557.7, 556.0, 228.3, 228.1, 998.0,
    995.8, 888.8, 887.6, 119.6, 120.2, 0.3, 0.3, 0.6, 0.3, 557.6, 556.8, 339.3, 339.1, 888.0,
    887.2, 998.5, 999.0, 778.9, 779.0, 10.2, 11.1, 117.6, 118.3, 228.9, 229.2, 668.4, 669.1,
    449.2, 448.9, 0.2, 0.5]).reshape(-1, 2).T
CERTIFIED = {"slope": "1.00211681802045", "intercept": "-0.262323073774029",
             "stderr": "0.429796848199937e-3", "intercept_stderr": "0.232818234301152"}


def test_norris(kernels):
    y, x = NORRIS
    fit = kernels.fit_line(x, y)
    certified = {name: Fraction(value) for name, value in CERTIFIED.items()}
    assert min(worst_digits(fit, exact_line(x, y))) > 15
    assert digits(fit.slope, certified["slope"]) > 13.8
    assert digits(fit.intercept, certified["intercept"]) > 13.8
    assert digits(fit.stderr, certified["stderr"]) > 13.6
    assert digits(fit.intercept_stderr, certified["intercept_stderr"]) > 13.6


def test_the_corrected_formulas_of_the_notes():
    # slope (n Sxy - Sx Sy) / (n Sxx - Sx^2), intercept (Sy Sxx - Sx Sxy) / (n Sxx - Sx^2): for
    # the points below 23/10 and 1/2 by hand.
    fit = fit_line([1, 2, 3, 4], [3, 5, 7, 10])
    assert (fit.slope, fit.intercept) == (2.3, 0.5)


@pytest.mark.parametrize("n", [3, 7, SHORT, SHORT + 1, BLOCK + 100])
def test_points_on_a_line_have_no_residuals(kernels, n):
    x = np.arange(float(n))
    fit = kernels.fit_line(x + 1e6, 2 * x + 1)
    assert list(fit) == [2.0, 1 - 2e6] and fit.rvalue == 1.0
    assert (fit.stderr, fit.intercept_stderr) == (0.0, 0.0)
    fit = kernels.fit_line(3 * x, 1 - x)
    assert fit.slope == -1 / 3 and fit.intercept == 1.0 and fit.rvalue == -1.0
    assert fit.stderr < 1e-28


@pytest.mark.parametrize("n", [2, 3, 10, SHORT + 1, 1000])
@pytest.mark.parametrize("constant", [0.0, 0.1, -1e9 / 3, 1e300, 1e-300, 5e-324])
def test_constant_y(kernels, n, constant, rng):
    fit = kernels.fit_line(rng.normal(size=n), np.full(n, constant))
    assert list(fit) == [0.0, constant] and fit.rvalue == 0.0 and fit.status == FITTED
    assert math.isnan(fit.stderr) if n == 2 else fit.stderr == 0.0


def test_two_points(kernels, rng):
    for x, y in rng.normal(size=(50, 2, 2)):
        fit = kernels.fit_line(x, y)
        (x0, x1), (y0, y1) = (tuple(map(Fraction, pair)) for pair in (x, y))
        slope = (y1 - y0) / (x1 - x0)
        assert digits(fit.slope, slope) > 15.5
        assert digits(fit.intercept, y0 - slope * x0) > 15.5
        assert fit.rvalue == math.copysign(1, slope)
        assert math.isnan(fit.stderr) and math.isnan(fit.intercept_stderr)
        assert fit.nobs == 2 and fit.status == FITTED


def test_powers_of_two_change_no_bit(kernels, rng):
    x, noise = rng.normal(size=(2, 40))
    y = x + noise
    plain = kernels.fit_line(x, y)
    for a, b in (10, -20), (-60, 60), (100, 140):
        scaled = kernels.fit_line(x * 2.0 ** a, y * 2.0 ** b)
        assert scaled.slope == plain.slope * 2.0 ** (b - a)
        assert scaled.intercept == plain.intercept * 2.0 ** b
        assert scaled.rvalue == plain.rvalue
        assert scaled.stderr == plain.stderr * 2.0 ** (b - a)
        assert scaled.intercept_stderr == plain.intercept_stderr * 2.0 ** b


def test_x_that_varies_in_its_last_bit(kernels):
    x = np.full(20, 1e9)
    x[::3] = np.nextafter(1e9, 2e9)
    y = np.arange(20.0)
    assert min(worst_digits(kernels.fit_line(x, y), exact_line(x, y))) > 13


# ---- the same bits ----

@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [2, 3, 4, 7, 8, 9, 20, 63, SHORT, SHORT + 1, 200, BLOCK + 9])
def test_a_row_has_the_same_bits_in_any_stack(kernels, n, weighted, rng):
    rows = 23
    x, y, w = rng.normal(size=(3, rows, n))
    y[3], x[5], y[6, 0], y[8] = 2 * x[3] + 1, 7, np.nan, 0.1        # out of the ordinary
    y[9] *= 1e-200
    weights = {"weights": np.abs(w)} if weighted else {}
    if weighted:
        weights["weights"][11, 0], weights["weights"][12] = -1, 0
    full = kernels.fit_line(x, y, **weights)
    for row in range(rows):
        one = {"weights": weights["weights"][row]} if weighted else {}
        if full.status[row] in (FITTED, NOT_FINITE):
            alone = kernels.fit_line(x[row], y[row], nan_policy="propagate", **one)
            assert identical(fields(alone), fields(full, row))
    for count in range(1, 14):
        part = {name: array[2:2 + count] for name, array in weights.items()}
        some = kernels.fit_line(x[2:2 + count], y[2:2 + count], **part)
        assert identical(fields(some), fields(full, slice(2, 2 + count)))
    for workers in 2, 3, 50:
        assert identical(fields(kernels.fit_line(x, y, workers=workers, **weights)), fields(full))
    assert full.status[5] == CONSTANT and full.status[6] == NOT_FINITE
    if weighted:
        assert full.status[11] == BAD_WEIGHT and full.status[12] == TOO_FEW


@pytest.mark.parametrize("n", [10, SHORT + 1, 3000])
def test_levels_that_fuse_have_the_same_bits(n, rng):
    x, y = rng.normal(size=(2, 9, n))
    found = [fields(kernels.fit_line(x, y)) for kernels in fused_kernels().values()]
    assert all(identical(found[0], other) for other in found[1:])


@pytest.mark.parametrize("n", [5, 20, 100])
def test_x_is_broadcast(kernels, n, rng):
    x, y = rng.normal(size=n), rng.normal(size=(3, 7, n))
    expected = fields(kernels.fit_line(np.tile(x, (3, 7, 1)), y))
    assert expected[0].shape == (3, 7)
    weights = np.ones(n)
    for shape in (n,), (1, n), (1, 1, n):
        assert identical(fields(kernels.fit_line(x.reshape(shape), y)), expected)
    assert identical(fields(kernels.fit_line(y, x)), fields(kernels.fit_line(y, y * 0 + x)))
    close = kernels.fit_line(x, y, weights=weights)
    np.testing.assert_allclose(close.slope, expected[0], rtol=1e-13)
    columns, rows = rng.normal(size=(4, 1, n)), rng.normal(size=(6, n))
    outer = kernels.fit_line(columns, rows)
    assert outer.slope.shape == (4, 6)
    assert identical(fields(outer, (2, 5)), fields(kernels.fit_line(columns[2, 0], rows[5])))


def test_windows_that_share_memory(kernels, rng):
    windows = np.lib.stride_tricks.sliding_window_view
    x, y = rng.normal(size=(2, 60))
    for width in 2, 3, 8, 30:
        x_rows, y_rows = windows(x, width), windows(y, width)
        assert identical(fields(kernels.fit_line(x_rows, y_rows)),
                         fields(kernels.fit_line(x_rows.copy(), y_rows.copy())))


@layout
@pytest.mark.parametrize("shape", [(9,), (80,), (5, 9), (3, 4, 9), (4, 700)])
def test_layouts(kernels, layout, shape, dtype, rng):
    x, y, w = rng.normal(size=(3, *shape)).astype(dtype)
    w = np.abs(w)
    expected = fields(kernels.fit_line(x.astype(float), y.astype(float)))
    weighted = fields(kernels.fit_line(x.astype(float), y.astype(float), weights=w.astype(float)))
    x, y, w = layout(x), layout(y), layout(w)
    before = [array.tobytes() for array in (x, y, w)]
    assert identical(fields(kernels.fit_line(x, y)), expected)
    assert identical(fields(kernels.fit_line(x, y, weights=w)), weighted)
    assert [array.tobytes() for array in (x, y, w)] == before


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("shape", [(2,), (9,), (67,), (515,), (1, 3), (4, 3), (9, 5), (9, 21)])
def test_nothing_is_read_outside(kernels, side, shape, dtype, rng):
    x, y, w = (guarded(np.abs(array).astype(dtype), side) for array in rng.normal(size=(3, *shape)))
    kernels.fit_line(x, y)
    kernels.fit_line(x, y, weights=w)


def test_integers_bools_and_mixed_types(kernels):
    expected = fields(kernels.fit_line([0.0, 1, 2, 1], [0.0, 1, 1, 1]))
    for x in (np.array([0, 1, 2, 1], kind) for kind in ("i1", "u8", "f2", "f4", "f8", ">i4")):
        assert identical(fields(kernels.fit_line(x, np.array([0, 1, 1, 1], bool))), expected)


def test_nothing_is_copied(rng):
    wide = rng.normal(size=(2, 400_000)).astype(np.float32)
    x, y = wide[:, ::2]
    rows = wide[:, ::2].reshape(2, 2000, 100)[:, :, ::3]
    fit_line(x, y)
    tracemalloc.start()
    try:
        fit_line(x, y)
        fit_line(x[:34], rows[0])
        assert tracemalloc.get_traced_memory()[1] < 250_000     # the results of 2000 rows: 98 KB
    finally:
        tracemalloc.stop()


# ---- SciPy and statsmodels ----

@pytest.mark.parametrize("n", [3, 10, 100, 1000])
def test_against_linregress(n, rng):
    stats = pytest.importorskip("scipy.stats")
    for slope in 0.0, 1.0, -3.0, 0.05:
        x, noise = rng.normal(size=(2, n))
        y = slope * x + noise
        ours, theirs = fit_line(x, y), stats.linregress(x, y)
        for name in (*FIELDS, "pvalue"):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-9)


def test_pvalues(rng):
    stats = pytest.importorskip("scipy.stats")
    x, y = rng.normal(size=(2, 6, 12))
    fit = fit_line(x, y)
    expected = [stats.linregress(*row).pvalue for row in zip(x, y, strict=True)]
    np.testing.assert_allclose(fit.pvalue, expected, rtol=1e-10)
    assert type(fit_line(x[0], y[0]).pvalue) is float
    assert math.isnan(fit_line([1, 2], [1, 3]).pvalue)
    assert fit_line([1, 2, 3], [1, 3, 5]).pvalue == 0.0
    assert fit_line([1, 2, 3], [4, 4, 4]).pvalue == 1.0
    assert math.isnan(fit_line([1, 2, np.nan], [4, 4, 4], nan_policy="propagate").pvalue)


def test_weights_against_statsmodels(rng):
    models = pytest.importorskip("statsmodels.api")
    x, noise, weights = rng.normal(size=(3, 50))
    y, weights = 1 - 2 * x + noise, weights ** 2
    ours, theirs = fit_line(x, y, weights=weights), models.WLS(y, models.add_constant(x),
                                                               weights).fit()
    assert list(ours) == pytest.approx(theirs.params[::-1].tolist(), rel=1e-12)
    assert [ours.stderr, ours.intercept_stderr] == pytest.approx(theirs.bse[::-1].tolist(),
                                                                rel=1e-12)
    assert ours.rvalue ** 2 == pytest.approx(theirs.rsquared, rel=1e-12)
    assert ours.pvalue == pytest.approx(theirs.pvalues[1], rel=1e-9)


@pytest.mark.parametrize("n", [12, 200])
def test_a_weight_of_zero_drops_the_point(kernels, n, rng):
    x, y, weights = np.abs(rng.normal(size=(3, n)))
    weights[[0, 4, n - 1]] = 0
    kept = weights > 0
    expected = kernels.fit_line(x[kept], y[kept], weights=weights[kept])
    x[0], y[4], x[n - 1], y[n - 1] = np.nan, np.inf, -np.inf, np.nan
    fit = kernels.fit_line(x, y, weights=weights)
    assert fit.nobs == n - 3 and fit.status == FITTED
    np.testing.assert_allclose([float(v) for v in fields(fit)[:5]],
                               [float(v) for v in fields(expected)[:5]], rtol=1e-13)
    stack = kernels.fit_line(np.tile(x, (9, 1)), y, weights=weights)
    assert identical(fields(stack, 8), fields(fit))


# ---- edges ----

NAN_FIELDS = [math.nan] * 5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n", [2, 3, 10, SHORT + 1, 1000])
def test_what_is_not_finite(kernels, bad, n, rng):
    for which in 0, 1:
        points = rng.normal(size=(2, n))
        points[which, n // 2] = bad
        fit = kernels.fit_line(*points, nan_policy="propagate")
        assert fit.status == NOT_FINITE and fit.nobs == n
        np.testing.assert_equal([getattr(fit, name) for name in FIELDS], NAN_FIELDS)


def test_rows_of_a_stack_never_raise(kernels):
    x = np.array([[1.0, 2, 3], [1, 1, 1], [1, np.nan, 3], [1, 2, 3], [1, 2, 3], [0, 5, 5]])
    y = np.array([[1.0, 2, 3], [1, 2, 3], [1, 2, 3], [1, np.inf, 3], [1, 2, 3], [1, 2, 3]])
    w = np.array([[1.0, 1, 1], [1, 1, 1], [1, 1, 1], [1, 0, 1], [0, 0, 1], [0, 1, 1]])
    fit = kernels.fit_line(x, y, weights=w)
    assert fit.status.dtype == np.int8 and fit.nobs.dtype == np.int64
    assert fit.status.tolist() == [FITTED, CONSTANT, NOT_FINITE, FITTED, TOO_FEW, CONSTANT]
    assert fit.nobs.tolist() == [3, 3, 3, 2, 1, 2]
    for name in FIELDS:
        assert np.isnan(getattr(fit, name)[[1, 2, 4, 5]]).all()
    assert fit.slope[[0, 3]].tolist() == [1, 1] and fit.intercept[[0, 3]].tolist() == [0, 0]
    for bad in -1.0, np.nan, np.inf, -np.inf:
        fit = kernels.fit_line(x[:2], y[:2], weights=[1, bad, 1])
        assert fit.status.tolist() == [BAD_WEIGHT] * 2 and np.isnan(fit.slope).all()


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (5, 1), (0, 0), (2, 0, 3)])
def test_empty_stacks(kernels, shape):
    fit = kernels.fit_line(np.ones(shape), np.ones(shape))
    assert all(field.shape == shape[:-1] for field in fields(fit))
    assert (fit.status == TOO_FEW).all() and np.isnan(fit.slope).all()


def test_one_fit_that_cannot_be():
    with raises(ValueError, "a line needs at least 2 points, got 0"):
        fit_line([], [])
    with raises(ValueError, "a line needs at least 2 points, got 1"):
        fit_line([1], [2])
    with raises(ValueError, "a line needs at least 2 points of positive weight, got 1"):
        fit_line([1, 2, 3], [1, 2, 3], weights=[0, 0, 1])
    with raises(ValueError, "x must vary, got 3 points with x = 0.1"):
        fit_line([0.1, 0.1, 0.1], [1, 2, 3])
    with raises(ValueError, "x must vary, got 2 points of positive weight with x = 2.0"):
        fit_line([1, 2, 2], [1, 2, 3], weights=[0, 1, 1])
    for bad in "-1.0", "nan", "inf":
        with raises(ValueError, f"weights must be finite and at least 0, got {bad}"):
            fit_line([1, 2, 3], [1, 2, 3], weights=[1, float(bad), 1])


@pytest.mark.parametrize("x", [0.1, 1e9 / 3, -1e300, 3e-310])
@pytest.mark.parametrize("n", [2, 10, 70, 1001])
def test_constant_x(kernels, x, n, rng):
    fit = kernels.fit_line(np.full((5, n), x), rng.normal(size=(5, n)))
    assert fit.status.tolist() == [CONSTANT] * 5 and np.isnan(fit.slope).all()
    with pytest.raises(ValueError, match=f"^x must vary, got {n} points with x = "):
        kernels.fit_line(np.full(n, x), np.arange(n))


def test_shapes_that_do_not_fit():
    with raises(ValueError, "x, y must have the same number of points along their last axis, "
                            "got x of shape (2,) and y of shape (3,)"):
        fit_line([1, 2], [1, 2, 3])
    with raises(ValueError, "x, y, weights must have the same number of points along their last "
                            "axis, got x of shape (2,) and y of shape (2,) and weights of "
                            "shape (1,)"):
        fit_line([1, 2], [1, 2], weights=[1])
    with raises(ValueError, "the axes of x, y before the last must broadcast, got x of shape "
                            "(2, 3) and y of shape (4, 3)"):
        fit_line(np.ones((2, 3)), np.ones((4, 3)))
    with raises(ValueError, "y must have at least one axis, got a single number"):
        fit_line([1, 2], 3)


@pytest.mark.parametrize(("value", "dtype"), [
    ([1, 2j], OF_COMPLEX), (["a", "b"], "<U1"), ([None, 1], OF_NONE)])
def test_what_is_not_real(value, dtype):
    with raises(TypeError, f"x must hold real numbers, got dtype {dtype}"):
        fit_line(value, [1, 2])
    with raises(TypeError, f"y must hold real numbers, got dtype {dtype}"):
        fit_line([1, 2], value)
    with raises(TypeError, f"weights must hold real numbers, got dtype {dtype}"):
        fit_line([1, 2], [1, 2], weights=value)


def test_masked_and_ragged():
    with raises(TypeError, "x must be a plain array, got a masked array: "
                           "fill or compress it first"):
        fit_line(np.ma.masked_array([1.0, 2, 3]), [1.0, 2, 3])
    with pytest.raises(ValueError, match=r"^y must be a regular array of real numbers"):
        fit_line([[1, 2], [3, 4]], [[1, 2], [3]])


@pytest.mark.parametrize("workers", [0, -1])
def test_too_few_workers(workers):
    with raises(ValueError, f"workers must be at least 1, got {workers}"):
        fit_line([1, 2], [1, 2], workers=workers)


# ---- the result ----

def test_one_fit_is_of_python_numbers():
    fit = fit_line(np.arange(5.0), np.array([1.0, 2, 4, 3, 5]))
    assert type(fit) is LineFit
    assert {type(getattr(fit, name)) for name in FIELDS} == {float}
    assert type(fit.nobs) is type(fit.status) is int
    slope, intercept = fit
    assert (slope, intercept) == (fit.slope, fit.intercept)


def test_predict():
    fit = fit_line([0, 1], [1, 3])
    assert fit.predict(10) == 21.0 and type(fit.predict(10)) is float
    assert fit.predict([[0, 1], [2, 3]]).tolist() == [[1, 3], [5, 7]]
    stack = fit_line([0, 1], [[1, 3], [0, -1]])
    assert stack.predict(2).tolist() == [5, -2]
    assert stack.predict([0, 2]).tolist() == [[1, 5], [0, -2]]
    assert stack.predict([[0, 2], [1, 3]]).tolist() == [[1, 5], [-1, -3]]
    with raises(TypeError, "x must hold real numbers, got dtype <U1"):
        fit.predict("a")


def test_repr():
    fit = LineFit(2.0, 1.0, 1.0, 0.0, 0.0, 3)
    assert repr(fit) == ("LineFit(slope=2.0, intercept=1.0, rvalue=1.0, stderr=0.0, "
                         "intercept_stderr=0.0, nobs=3)")
    fit = fit_line([1, np.inf], [1, 2], nan_policy="propagate")
    assert repr(fit).endswith("nobs=2, status=3)")


def test_fits_cannot_be_changed():
    fit = fit_line([1, 2], [1, 2])
    for name in ("slope", "status", "pvalue", "other"):
        with pytest.raises(AttributeError):
            setattr(fit, name, 1.0)


@pytest.mark.parametrize("y", [[1, 2, 4], [[1, 2, 4], [1, 1, np.nan]]], ids=["one", "stack"])
def test_copies_and_pickles(y):
    fit = fit_line([1, 2, 3], y)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        pickled = pickle.dumps(fit, protocol)
        assert not names_kernels(pickled) and b"mathwork.regression" in pickled
        again = pickle.loads(pickled)
        assert type(again) is LineFit and identical(fields(again), fields(fit))
    assert identical(fields(copy.deepcopy(fit)), fields(fit))


def test_a_fit_made_by_hand():
    fit = LineFit([1.0, 2.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.0], [3, 3])
    assert fit.status.tolist() == [FITTED, FITTED] and fit.nobs.dtype == np.int64
    assert same_bits(fit.slope, np.array([1.0, 2.0]))


def test_the_public_names():
    assert LineFit.__module__ == fit_line.__module__ == "mathwork.regression"


@pytest.mark.parametrize("exponent", [16, 17, 20, 40, 100, 300])
def test_long_rows_of_very_uneven_weights(kernels, exponent):
    """Whose sample may miss nearly all of the weight"""
    x = np.arange(600.0)
    y = 2 * x + 1 + np.sin(x)
    w = np.zeros(600)
    w[[0, 300, 599]] = [1, 1, 10.0**exponent]
    long, short = (kernels.fit_line(x[k], y[k], weights=w[k]) for k in (slice(None), w > 0))
    assert (long.nobs, long.status) == (3, 0)
    for name in ("slope", "intercept", "rvalue", "stderr", "intercept_stderr"):
        assert getattr(long, name) == pytest.approx(getattr(short, name), rel=1e-10), name


def test_weights_of_any_exponents(rng):
    for _ in range(100):
        n = int(rng.integers(513, 1500))
        x, y, w = rng.normal(size=n), rng.normal(size=n), 10 ** rng.uniform(-100, 100, n)
        fit = fit_line(np.stack([x, x]), y, weights=w)
        assert fit.status.tolist() == [0, 0]
        assert np.isfinite([fit.slope, fit.intercept, fit.stderr, fit.intercept_stderr]).all()


def test_stacks_are_read_only():
    y = np.array([1.0, 2.0, 4.0])
    fit = fit_line(np.arange(3.0), [y, y])
    own = np.ones(2)
    for one in (fit, pickle.loads(pickle.dumps(fit)), LineFit(own, own, own, own, own, [3, 3])):
        for name in ("slope", "intercept", "rvalue", "stderr", "nobs", "status"):
            with pytest.raises(ValueError, match="read-only"):
                getattr(one, name)[0] = 7
    own[0] = 2.0


def test_predict_takes_shapes_that_fit():
    stack = fit_line(np.arange(4.0), np.arange(12.0).reshape(3, 4))
    assert stack.predict(2.0).shape == (3,) and stack.predict([1, 2]).shape == (3, 2)
    assert stack.predict(np.zeros((3, 5))).shape == (3, 5)
    for shape in ((4, 3, 2), (1, 2), (2, 3)):
        with raises(ValueError, "x must be one number or have shape (k,) or (3, k), "
                                f"got shape {shape}"):
            stack.predict(np.zeros(shape))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(fit_line([1, 2, 3], [3, 3, 3]).predict(math.inf))


def test_a_stack_has_entries_and_is_a_table(rng):
    x, y = rng.normal(size=20), rng.normal(size=(3, 4, 20))
    y[1, 2, 5] = np.inf
    stack = fit_line(x, y, nan_policy="propagate")
    for place in ((0, 0), (1, 2), (2, -1)):
        alone, entry = fit_line(x, y[place], nan_policy="propagate"), stack[place]
        assert isinstance(entry, LineFit)
        for name in ("slope", "intercept", "rvalue", "stderr", "intercept_stderr"):
            assert np.array_equal(getattr(entry, name), getattr(alone, name), equal_nan=True)
        assert (entry.nobs, entry.status) == (alone.nobs, alone.status)
        assert type(entry.slope) is float
    assert np.array_equal(stack[1].slope, stack.slope[1], equal_nan=True)
    assert stack[:2, 1:3].slope.shape == (2, 2)
    table = stack.to_dict()
    assert list(table) == ["slope", "intercept", "rvalue", "stderr", "intercept_stderr", "nobs",
                           "status"]
    assert np.array_equal(table["slope"], stack.slope.ravel(), equal_nan=True)
    with pytest.raises(IndexError):
        stack[3]
    with raises(IndexError, "at must be within a stack of shape (3, 4), "
                            "got (0, 9223372036854775808)"):
        stack[0, 2**63]


def test_one_line_has_no_entries():
    fit = fit_line([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])
    with pytest.raises(TypeError, match="one line has no entries"):
        fit[0]
    assert fit.to_dict()["slope"].tolist() == [2.0]


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_stack_as_a_data_frame(package):
    pytest.importorskip(package)
    stack = fit_line([0.0, 1.0, 2.0], [[1.0, 3.0, 5.0], [0.0, 1.0, 2.0]])
    frame = getattr(stack, f"to_{package}")()
    assert list(frame["slope"]) == [2.0, 1.0]
    assert list(frame["status"]) == [0, 0]
