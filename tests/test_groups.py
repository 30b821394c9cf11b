"""fit_groups: every kind of key, every group against exact arithmetic, bad groups among good."""
import copy
import datetime
import math
import pickle
import signal
import sys
import threading
import time

import numpy as np
import pytest
from arrays import LAYOUTS, guarded
from exact_lines import FIELDS, assert_same_line, exact_line, numpy_lines
from helpers import OF_NONE, names_kernels, raises, same_bits

from mathwork._levels import regression as regression_kernels
from mathwork.regression import GroupFits, fit_groups
from mathwork.regression.keys import as_keys

TOO_FEW, CONSTANT, NOT_FINITE = 1, 2, 3

# Ways to write the group numbers 0..12 as keys.
NAMES = ["", "a", "b", "ab", "ba", "aa", "gamma rays", "gamma rayz", "über", "über ", "\U0001f30d",
         "a rather longer name than the others", "a rather longer name than the otherz"]
KEYS = {
    "int64": lambda g: g,
    "int8": lambda g: (g - 6).astype(np.int8),
    "int16": lambda g: ((g - 6) * 5000).astype(np.int16),
    "int32": lambda g: ((g - 6) * 300_000_000).astype(np.int32),
    "wide int64": lambda g: (g - 6) * (2 ** 63 // 7),
    "uint8": lambda g: (g + 243).astype(np.uint8),
    "uint16": lambda g: (g * 5000).astype(np.uint16),
    "uint32": lambda g: (g + 2 ** 32 - 13).astype(np.uint32),
    "uint64": lambda g: g.astype(np.uint64) * np.uint64(2 ** 60) + np.uint64(2 ** 63),
    "float16": lambda g: (g / 4 - 1).astype(np.float16),
    "float32": lambda g: (g / 4 - 1).astype(np.float32),
    "float64": lambda g: g / 10 - 0.5,
    "longdouble": lambda g: g.astype(np.longdouble) / 3,
    "infinities": lambda g: np.array([-np.inf, np.inf, *range(11)])[g],
    "str": lambda g: np.array(NAMES)[g],
    "short str": lambda g: np.array(list("abcdefghijklm"))[g],
    "bytes": lambda g: np.array([name.encode() for name in NAMES])[g],
    "StringDType": lambda g: np.array(NAMES)[g].astype(np.dtypes.StringDType()),
    "objects": lambda g: np.array(NAMES, object)[g],
    "mixed objects": lambda g: np.array([(1, 2), "a", 3, 4.5, b"a", frozenset(), 10 ** 30, True,
                                         datetime.date(2020, 1, 1), 2j, "1", len, ()], object)[g],
    "days": lambda g: np.datetime64("2024-02-24", "D") + g,
    "spans": lambda g: g.astype("m8[s]"),
    "list of int": lambda g: g.tolist(),
    "list of float": lambda g: (g / 4).tolist(),
    "list of str": lambda g: [NAMES[i] for i in g],
    "tuple of bytes": lambda g: tuple(NAMES[i].encode() for i in g),
    "list of str and int": lambda g: [(NAMES[i] if i % 2 else i) for i in g.tolist()],
    "list of large int": lambda g: [10 ** 20 + i for i in g.tolist()],
}
every_key = pytest.mark.parametrize("made", KEYS.values(), ids=KEYS)


def rows_of(rng, groups, n):
    """(group numbers in random order, x, y)"""
    x, noise = rng.normal(size=(2, n))
    g = rng.integers(0, groups, n)
    return g, x + g, 3 * x + noise - g


def first_appearances(g):
    numbers, at = np.unique(g, return_index=True)
    return numbers[np.argsort(at)]


def all_fields(fits):
    return np.array([getattr(fits, name) for name in FIELDS])


def equal_fits(left, right):
    return (same_bits(all_fields(left), all_fields(right)) and same_bits(left.status, right.status)
            and same_bits(left.nobs, right.nobs))


# ---- keys ----

@every_key
def test_every_kind_of_key(rng, made):
    g, x, y = rows_of(rng, 13, 700)
    keys = made(g)
    fits = fit_groups(keys, x, y)
    order = first_appearances(g)
    assert len(fits) == 13 and fits.nobs.tolist() == np.bincount(g)[order].tolist()
    for at, number in enumerate(order):
        assert_same_line(fits, at, numpy_lines(x[g == number], y[g == number]), 1e-9)
    expected = made(order)
    assert fits.keys.tolist() == (list(expected) if isinstance(expected, (list, tuple))
                                  else expected.tolist())
    if isinstance(keys, np.ndarray):
        assert fits.keys.dtype == keys.dtype
    assert equal_fits(fits, fit_groups(g, x, y))


def test_what_keys_of_a_list_become():
    x = [1, 2]
    for keys, kind in ((["a", "bc"], "U"), ([b"a", b"bc"], "S"), ([1, 2], "i"), ([1.5, 2.5], "f"),
                       ([True, False], "b"), (["a", b"a"], "O"), ([1, "a"], "O"),
                       (["a\0", "a"], "O"), ([1, 2 ** 70], "O")):
        fits = fit_groups(keys, x, x)
        assert fits.keys.dtype.kind == kind and fits.keys.tolist() == keys


@pytest.mark.parametrize(("keys", "kept"), [
    ([None, "a", None, "b", "a", "b"], ["a", "b"]),
    ([float("nan"), "a", None, "b", "a", "b"], ["a", "b"]),
    ([np.nan, 1.0, -np.nan, 2.0, 1.0, 2.0], [1.0, 2.0]),
    (np.array([np.nan, 1, -np.nan, 2, 1, 2], np.float32), [1.0, 2.0]),
    (np.array([np.nan, 1, np.nan, 2, 1, 2], np.float16), [1.0, 2.0]),
    (np.array([np.nan, 1, np.nan, 2, 1, 2], np.longdouble), [1.0, 2.0]),
    (np.array(["NaT", 1, "NaT", 2, 1, 2], "m8[s]"),
     [datetime.timedelta(seconds=1), datetime.timedelta(seconds=2)]),
    (np.array(["NaT", "2020-01-01", "NaT", "2021-01-01", "2020-01-01", "2021-01-01"], "M8[D]"),
     [datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)]),
])
def test_rows_without_a_key_are_left_out(keys, kept):
    fits = fit_groups(keys, [9, 0, 9, 0, 1, 2], [9, 1, 9, 3, 3, 4])
    assert fits.keys.tolist() == kept
    assert fits.nobs.tolist() == [2, 2]
    assert fits.slope.tolist() == [2, 0.5] and fits.intercept.tolist() == [1, 3]


def test_rows_without_any_key():
    for keys in ([None, None], [np.nan, np.nan], np.array([None, None])):
        assert len(fit_groups(keys, [1, 2], [1, 2])) == 0


def test_nan_as_a_string_is_a_key():
    assert fit_groups(["nan", "a", "nan"], [0, 1, 2], [0, 1, 4]).keys.tolist() == ["nan", "a"]


def test_bools_are_keys():
    for keys in ([True, False, True, False], np.array([True, False, True, False])):
        fits = fit_groups(keys, [0, 1, 2, 3], [0, 1, 4, 7])
        assert fits.keys.tolist() == [True, False] and fits.keys.dtype == bool
        assert fits.slope.tolist() == [2, 3]


def test_zeros_of_both_signs_are_one_key():
    fits = fit_groups([0.0, -0.0, 0.0], [0, 1, 2], [0, 1, 2])
    assert fits.nobs.tolist() == [3]


def test_numbers_beside_the_largest():
    for keys in (np.array([2 ** 63 - 1, -2 ** 63, 2 ** 63 - 1, -2 ** 63]),
                 np.array([2 ** 64 - 1, 0, 2 ** 64 - 1, 0], np.uint64)):
        fits = fit_groups(keys, [0, 1, 2, 3], [0, 1, 4, 7])
        assert fits.keys.tolist() == keys[:2].tolist() and fits.slope.tolist() == [2, 3]


@pytest.mark.parametrize("keys", [
    np.arange(3000) << 40, np.arange(3000) << 50, np.arange(-1500, 1500) * 1e-300,
    np.arange(3000).astype(float), np.arange(3000).astype("u8") * np.uint64(0x9E3779B97F4A7C15),
    np.arange(3000).astype("U4"), np.char.add("x" * 100, np.arange(3000).astype("U4")),
    np.arange(3000).astype("S11"), np.arange(3000).astype("M8[ns]")],
    ids=["shifted", "shifted far", "tiny", "floats", "spread", "str", "long str", "bytes", "times"])
def test_many_keys_that_look_alike(rng, keys):
    g = rng.permutation(np.repeat(np.arange(3000), 3))
    x, y = rng.normal(size=(2, 9000))
    fits = fit_groups(keys[g], x, y)
    assert same_bits(fits.keys, keys[first_appearances(g)])
    assert equal_fits(fits, fit_groups(g, x, y))


STEPS = np.arange(3000)
INTEGERS = {
    "up": STEPS // 2, "down": -(STEPS // 2), "up, wide": 5 * STEPS, "down, wide": -5 * STEPS,
    "both ways": np.where(STEPS % 2, STEPS, -STEPS),
    "a far one last": np.where(STEPS < 2999, STEPS % 7, 10 ** 15),
    "a far one in a block": np.where(STEPS == 300, -10 ** 15, STEPS % 600),
    "range of twice the rows": np.where(STEPS == 2999, 5999, STEPS % 50),
    "one more": np.where(STEPS == 2999, 6000, STEPS % 50),
    "ends of int64": np.where(STEPS % 2, 2 ** 63 - 1 - STEPS // 9, -2 ** 63 + STEPS // 9),
    "end of uint64": np.uint64(2 ** 64 - 1) - (STEPS // 2).astype("u8"),
    "ends of uint64": np.where(STEPS % 2, np.uint64(2 ** 64 - 1), (STEPS // 9).astype("u8")),
    "int8": (STEPS * 7 % 256 - 128).astype("i1"), "uint8": (STEPS * 7 % 256).astype("u1"),
    "int16": (STEPS * 21 - 2 ** 15).astype("i2"), "uint16": (STEPS * 21).astype("u2"),
}


@pytest.mark.parametrize("keys", INTEGERS.values(), ids=INTEGERS)
def test_integers_of_a_growing_range(rng, kernels, keys):
    """Beside a table of floats, which has no range"""
    _, g = np.unique(keys, return_inverse=True)
    x, y = rng.normal(size=(2, 3000))
    fits = fit_groups(keys, x, y)
    assert same_bits(fits.keys, keys[np.sort(np.unique(keys, return_index=True)[1])])
    assert equal_fits(fits, fit_groups(g.astype(float), x, y))
    _, plain, kind = as_keys(keys)
    first, nobs, status, fields = kernels.GroupedRows(plain, kind, x, y).fits()
    assert same_bits(plain[first], fits.keys) and same_bits(nobs, fits.nobs)
    assert same_bits(status, fits.status) and same_bits(fields, all_fields(fits))


@pytest.mark.parametrize("last", [0, 599, -4000, 10 ** 15])
def test_integers_that_take_a_second_pass(rng, last):
    keys = np.append(np.arange(600) % 13, last)
    x, y = rng.normal(size=(2, 601))
    y[keys == 5] = 2 * x[keys == 5] + 1e-9 * y[keys == 5]
    x[keys == 6] *= 1e200
    assert equal_fits(fit_groups(keys, x, y), fit_groups(keys.astype(float), x, y))


def test_columns_of_pandas(rng):
    pandas = pytest.importorskip("pandas")
    g, x, y = rows_of(rng, 13, 300)
    order = first_appearances(g)
    frame = pandas.DataFrame({"g": g, "s": np.array(NAMES)[g], "x": x, "y": y})
    expected = fit_groups(g, x, y)
    for column in (frame.g, frame.s, frame.s.astype(object), frame.s.astype("category"),
                   frame.g.astype("Int64"), frame.g.astype("category")):
        assert equal_fits(fit_groups(column, frame.x, frame.y), expected)
    assert fit_groups(frame.s, x, y).keys.tolist() == np.array(NAMES)[order].tolist()
    gaps = frame.g.astype("Int64")
    gaps[gaps == order[0]] = pandas.NA
    assert fit_groups(gaps, x, y).keys.tolist() == order[1:].tolist()
    assert equal_fits(fit_groups(gaps, x, y), fit_groups(g[g != order[0]], x[g != order[0]],
                                                         y[g != order[0]]))


def test_columns_of_polars(rng):
    polars = pytest.importorskip("polars")
    g, x, y = rows_of(rng, 13, 300)
    frame = polars.DataFrame({"g": g, "s": np.array(NAMES)[g], "x": x, "y": y})
    expected = fit_groups(g, x, y)
    for name in ("g", "s"):
        assert equal_fits(fit_groups(frame[name], frame["x"], frame["y"]), expected)


# ---- digits ----

def test_every_field_is_exact(rng):
    g, x, y = rows_of(rng, 40, 600)
    fits = fit_groups(g, x, y)
    for at, number in enumerate(fits.keys):
        assert_same_line(fits, at, exact_line(x[g == number], y[g == number]), 1e-11)


@pytest.mark.parametrize("offset", [0, 1e6, 1e9, 1.7e9])
def test_an_offset_costs_no_digits(rng, offset):
    g, x, y = rows_of(rng, 10, 400)
    x, y = x + offset, y + offset
    fits = fit_groups(g, x, y)
    for at, number in enumerate(fits.keys):
        expected = exact_line(x[g == number], y[g == number])
        assert abs(fits.slope[at] / expected["slope"] - 1) < 1e-13
        assert_same_line(fits, at, expected, 1e-11)


@pytest.mark.parametrize("at", [0, 1, 500, 1999])
def test_an_outlier_costs_no_digits(rng, at):
    x, y = rng.normal(size=(2, 2000))
    x[at] = 1e9
    fits = fit_groups(np.zeros(2000, int), x, y)
    expected = exact_line(x, y)
    assert abs(fits.slope[0] / expected["slope"] - 1) < 1e-12
    assert_same_line(fits, 0, expected, 1e-10)


@pytest.mark.parametrize("noise", [1e-3, 1e-6, 1e-8])
def test_standard_errors_near_a_line_keep_their_digits(rng, noise):
    g = np.arange(300) % 7
    x = 1.7e9 + np.arange(300.0)
    y = (g - 3.25) * np.arange(300.0) + noise * rng.normal(size=300)
    y[g == 3] = rng.normal(size=np.count_nonzero(g == 3))
    fits = fit_groups(g, x, y)
    for number in range(7):
        assert_same_line(fits, number, exact_line(x[g == number], y[g == number]), 2e-5)


def test_lines_in_integers_are_exact():
    x = np.arange(200)
    g = x % 3
    fits = fit_groups(g, x, (g + 1) * x - 7)
    assert fits.slope.tolist() == [1, 2, 3] and fits.stderr.tolist() == [0, 0, 0]
    assert fits.rvalue.tolist() == [1, 1, 1] and fits.pvalue.tolist() == [0, 0, 0]
    np.testing.assert_allclose(fits.intercept, -7, rtol=1e-12)


@pytest.mark.parametrize("of_x", [-1000, 0, 500, 1000])
@pytest.mark.parametrize("of_y", [-1000, -500, 0, 1000])
def test_powers_of_two_change_the_scale_and_no_bit(rng, of_x, of_y):
    g, x, y = rows_of(rng, 10, 200)
    if abs(of_x - of_y) < 900:      # with a group near a line
        y[g == 4] = 2 * x[g == 4] + 1e-6 * y[g == 4]
    usual = fit_groups(g, x, y)
    scaled = g % 2 == 0
    x[scaled], y[scaled] = np.ldexp(x[scaled], of_x), np.ldexp(y[scaled], of_y)
    fits = fit_groups(g, x, y)
    even = fits.keys % 2 == 0
    assert same_bits(all_fields(fits)[:, ~even], all_fields(usual)[:, ~even])
    assert same_bits(fits.status, usual.status) and same_bits(fits.rvalue, usual.rvalue)
    assert same_bits(fits.intercept[even], np.ldexp(usual.intercept[even], of_y))
    assert same_bits(fits.intercept_stderr[even], np.ldexp(usual.intercept_stderr[even], of_y))
    if abs(of_y - of_x) < 1000:
        assert same_bits(fits.slope[even], np.ldexp(usual.slope[even], of_y - of_x))
        assert same_bits(fits.stderr[even], np.ldexp(usual.stderr[even], of_y - of_x))


# ---- groups ----

def test_groups_that_cannot_be_fitted():
    inf, nan = np.inf, np.nan
    groups = {"one point": ([1], [2], TOO_FEW), "one bad point": ([nan], [2], TOO_FEW),
              "constant x": ([3, 3, 3], [1, 2, 3], CONSTANT),
              "same point": ([1, 1], [1, 1], CONSTANT),
              "nan in x": ([0, nan, 1], [1, 2, 3], NOT_FINITE),
              "inf in x": ([inf, 1], [1, 2], NOT_FINITE),
              "nan in y": ([0, 1, 2], [1, 2, nan], NOT_FINITE),
              "inf in y": ([0, 1], [1, -inf], NOT_FINITE),
              "all nan": ([nan, nan], [nan, nan], NOT_FINITE),
              "constant x, nan in y": ([1, 1], [1, nan], NOT_FINITE),
              "good": ([0, 1, 2], [0, 2, 4], 0), "two points": ([0, 2], [1, 0], 0),
              "constant y": ([0, 1, 2], [5, 5, 5], 0),
              "large": ([-1.7e308, 1.7e308], [0, 1e308], 0)}
    keys = [name for name, (x, _, _) in groups.items() for _ in x]
    x, y = (np.concatenate([group[part] for group in groups.values()]) for part in (0, 1))
    shuffled = np.random.default_rng(1).permutation(len(x))
    fits = fit_groups(np.array(keys)[shuffled], x[shuffled], y[shuffled])
    for at, name in enumerate(fits.keys):
        points, _, status = groups[name]
        assert (fits.status[at], fits.nobs[at]) == (status, len(points)), name
        if status:
            assert np.isnan(all_fields(fits)[:, at]).all() and np.isnan(fits.pvalue[at]), name
    found = {name: (*all_fields(fits)[:, at], fits.pvalue[at]) for at, name in enumerate(fits.keys)}
    assert found["good"] == (2, 0, 1, 0, 0, 0)
    assert found["constant y"] == (0, 5, 0, 0, 0, 1)
    assert found["two points"][:3] == (-0.5, 1, -1) and np.isnan(found["two points"][3:]).all()
    assert found["large"][2] == 1 and found["large"][0] == pytest.approx(1 / 3.4)


@pytest.mark.parametrize("kind", ["int64", "wide int64", "str", "objects"])
def test_a_group_has_the_same_bits_alone(rng, kind):
    g, x, y = rows_of(rng, 13, 900)
    keys = KEYS[kind](g)
    fits = fit_groups(keys, x, y)
    for at, number in enumerate(first_appearances(g)):
        alone = fit_groups(keys[g == number], x[g == number], y[g == number])
        assert same_bits(all_fields(alone)[:, 0], all_fields(fits)[:, at])


@pytest.mark.parametrize("n", [0, 1, 2, 255, 256, 257, 511, 512, 513, 1024, 1025])
@pytest.mark.parametrize("kind", ["int64", "wide int64", "str", "objects"])
def test_any_number_of_rows(rng, n, kind):
    g, x, y = rows_of(rng, 13, n)
    fits = fit_groups(KEYS[kind](g), x, y)
    order = first_appearances(g)
    assert fits.nobs.tolist() == np.bincount(g, minlength=13)[order].tolist()
    for at, number in enumerate(order):
        if fits.nobs[at] > 2:
            assert_same_line(fits, at, numpy_lines(x[g == number], y[g == number]), 1e-7)


@pytest.mark.parametrize("spread", [1, 2 ** 40])
def test_very_many_groups(rng, spread):
    g = rng.permutation(np.repeat(np.arange(50_000), 4))
    x, y = rng.normal(size=(2, 200_000))
    fits = fit_groups(g * spread, x, y)
    assert same_bits(fits.keys, first_appearances(g) * spread) and (fits.nobs == 4).all()
    order = np.argsort(g, kind="stable").reshape(-1, 4)
    expected = numpy_lines(x[order], y[order])
    for name in ("slope", "stderr"):
        found = np.empty(50_000)
        found[fits.keys // spread] = getattr(fits, name)
        np.testing.assert_allclose(found, expected[name].astype(float), rtol=1e-6)


def test_every_group_a_row(rng):
    fits = fit_groups(rng.permutation(5000), *rng.normal(size=(2, 5000)))
    assert (fits.status == TOO_FEW).all() and (fits.nobs == 1).all()


# ---- levels, layouts, dtypes ----

@pytest.mark.parametrize("kind", KEYS)
def test_every_level_has_the_same_bits(kernels, rng, kind):
    g, x, y = rows_of(rng, 13, 700)
    y[g == 5] = 2 * x[g == 5] + 1e-9 * y[g == 5]
    x[g == 6] *= 1e200
    _, keys, code = as_keys(KEYS[kind](g))
    rows = keys, code, x, y
    for found, expected in zip(kernels.GroupedRows(*rows).fits(),
                               regression_kernels.GroupedRows(*rows).fits(), strict=True):
        assert same_bits(found, expected)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["int32", "uint16", "float64", "str", "bytes", "days"])
def test_every_layout(rng, layout, kind):
    g, x, y = rows_of(rng, 13, 300)
    keys = KEYS[kind](g)
    before = keys.copy()
    made = LAYOUTS[layout]
    # The strided one is filled with numbers that only floats can hold.
    keys = np.repeat(keys, 2)[::2] if layout == "strided" else made(keys)
    fits = fit_groups(keys, made(x), made(y))
    assert equal_fits(fits, fit_groups(g, x, y)) and same_bits(before, KEYS[kind](g))


@pytest.mark.parametrize("kind", ["f2", "f4", "i1", "u8", "i4", "?"])
def test_dtypes_are_converted(rng, kind):
    g = rng.integers(0, 5, 600)
    x, y = (rng.normal(size=(2, 600)) * 50).astype("f2" if kind == "f2" else "i1")
    x, y = abs(np.array([x, y])).astype(kind)
    expected = fit_groups(g, x.astype(float), y.astype(float))
    assert equal_fits(fit_groups(g, x, y), expected)
    assert equal_fits(fit_groups(g, x, y.astype(float)), expected)


@pytest.mark.parametrize("side", ["start", "end"])
@pytest.mark.parametrize("kind", ["int8", "int64", "wide int64", "float32", "str", "bytes"])
def test_nothing_outside_the_rows_is_read(rng, dtype, side, kind):
    g, x, y = rows_of(rng, 13, 300)
    x, y = x.astype(dtype), y.astype(dtype)
    fits = fit_groups(*(guarded(array, side) for array in (KEYS[kind](g), x, y)))
    assert equal_fits(fits, fit_groups(g, x, y))


# ---- the result ----

def test_the_fields_are_those_of_scipy(rng):
    stats = pytest.importorskip("scipy.stats")
    g, x, y = rows_of(rng, 8, 200)
    fits = fit_groups(g, x, y)
    for at, number in enumerate(fits.keys):
        expected = stats.linregress(x[g == number], y[g == number])
        for name in (*FIELDS, "pvalue"):
            np.testing.assert_allclose(getattr(fits, name)[at], getattr(expected, name), rtol=1e-9)


def test_the_result_cannot_be_changed(rng):
    fits = fit_groups(*rows_of(rng, 8, 200))
    with raises(AttributeError, "GroupFits is immutable, slope cannot be set"):
        fits.slope = 1
    with raises(AttributeError, "GroupFits is immutable, other cannot be set"):
        fits.other = 1
    for name in (*FIELDS, "pvalue", "status", "keys", "nobs"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(fits, name)[0] = 1


def test_copies_and_pickles(rng):
    g, x, y = rows_of(rng, 13, 200)
    fits = fit_groups(np.array(NAMES)[g], x, y)
    text = pickle.dumps(fits)
    assert b"mathwork.regression" in text and not names_kernels(text)
    for other in (pickle.loads(text), copy.copy(fits), copy.deepcopy(fits)):
        assert type(other) is GroupFits and equal_fits(other, fits)
        assert same_bits(other.keys, fits.keys) and same_bits(other.pvalue, fits.pvalue)


def test_repr():
    assert repr(fit_groups([5, 5, 5], [0, 1, 2], [0, 1, 2])) == """GroupFits(
    keys=array([5]),
    nobs=array([3]),
    slope=array([1.]),
    intercept=array([0.]),
    rvalue=array([1.]),
    stderr=array([0.]),
    intercept_stderr=array([0.]),
    status=array([0], dtype=int8))"""


# ---- bad input ----

def test_bad_shapes():
    for keys, x, y in (((3,), (4,), (3,)), ((2,), (2,), (3,)), ((2, 2), (2, 2), (2, 2)),
                       ((), (), ()), ((1, 3), (3,), (3,))):
        hint = "; keys of several columns are tuples: list(zip(a, b))" if len(keys) == 2 else ""
        with raises(ValueError, "keys, x and y must have the same shape (n,), or x (n, k), "
                                f"got {keys}, {x} and {y}{hint}"):
            fit_groups(np.ones(keys, int), np.ones(x), np.ones(y))
    with raises(ValueError, "keys, x and y must have the same shape (n,), or x (n, k), "
                            "got (), (1,) and (1,)"):
        fit_groups("a", [1], [1])
    with pytest.raises(ValueError, match=r"^keys must be a regular array: "):
        fit_groups([[1], [1, 2]], [1, 2], [1, 2])


@pytest.mark.parametrize("bad", [np.array([1j, 2]), np.zeros(2, "V4"), np.zeros(2, [("a", "i4")])])
def test_keys_that_are_not_keys(bad):
    with raises(TypeError, "keys must be integers, strings, times, floats or objects, "
                           f"got dtype {bad.dtype}"):
        fit_groups(bad, [1, 2], [1, 2])


def test_objects_that_cannot_be_compared():
    keys = np.empty(3, object)
    keys[:] = [1, {}, 2]
    with pytest.raises(TypeError, match="unhashable"):
        fit_groups(keys, [1, 2, 3], [1, 2, 3])

    class Broken:
        def __hash__(self):
            raise RuntimeError("no hash today")
    with raises(RuntimeError, "no hash today"):
        fit_groups([Broken(), 1], [1, 2], [1, 2])


def test_what_is_not_real():
    with raises(TypeError, "x must hold real numbers, got dtype complex128"
                           ": take its .real, .imag or abs()"):
        fit_groups([1, 2], [1j, 2], [1, 2])
    with raises(TypeError, f"y must hold real numbers, got dtype {OF_NONE}"):
        fit_groups([1, 2], [1, 2], [None, 2])
    for masked in range(3):
        arguments = [[1, 2], [1, 2], [1, 2]]
        arguments[masked] = np.ma.masked_array([1, 2])
        name = ("keys", "x", "y")[masked]
        with raises(TypeError, f"{name} must be a plain array, got a masked array: "
                               "fill or compress it first"):
            fit_groups(*arguments)


@pytest.mark.parametrize("large", [1e100, 1e130, -1e160, 1e300])
def test_constants_of_any_size(large):
    """Whose sums of squares are 0, and ask for no other scale"""
    fits = fit_groups([0] * 3, [1.0, 2.0, 3.0], [large] * 3)
    assert (fits.slope[0], fits.intercept[0], fits.status[0]) == (0, large, 0)
    assert fit_groups([0] * 3, [large] * 3, [1.0, 2.0, 3.0]).status.tolist() == [2]
    assert fit_groups([0] * 3, [1e-170] * 3, [large] * 3).status.tolist() == [2]


def test_integers_of_a_column_that_misses_some():
    """NumPy makes float64 of these, in which two of the keys are one"""
    for package, made in (
            ("pandas", lambda pandas, keys: pandas.array(keys, dtype="Int64")),
            ("polars", lambda polars, keys: polars.Series(keys))):
        try:
            module = __import__(package)
        except ImportError:
            continue
        keys = made(module, [2**53, 2**53 + 1, None, 2**53 + 1])
        fits = fit_groups(keys, [0, 1, 2, 3], [1, 2, 3, 5])
        assert list(fits.keys) == [2**53, 2**53 + 1] and fits.nobs.tolist() == [1, 2]


def test_tuples_as_keys():
    keys = [(1, 2), (1, 3), (1, 2), (1, 3)]
    objects = np.empty(4, object)
    objects[:] = keys
    for given in (keys, tuple(keys), objects):
        fits = fit_groups(given, np.arange(4), np.arange(4))
        assert fits.keys.tolist() == [(1, 2), (1, 3)] and fits.nobs.tolist() == [2, 2]
        assert fits.of((1, 3)).nobs == 2
    for gap in (None, (None, 3), (1, math.nan)):
        for given in ([(1, 2), gap, (1, 2), (1, 2, 3)], [None, gap, (1, 2), (1, 2), (1, 2, 3)]):
            fits = fit_groups(given, np.arange(len(given)), np.arange(len(given)))
            assert fits.keys.tolist() == [(1, 2), (1, 2, 3)] and fits.nobs.tolist() == [2, 1]
    with raises(ValueError, "keys, x and y must have the same shape (n,), or x (n, k), got (4, 2), "
                            "(4,) and (4,); keys of several columns are tuples: list(zip(a, b))"):
        fit_groups(np.array(keys), np.arange(4), np.arange(4))


# ---- other threads ----

@pytest.mark.parametrize("k", [1, 2])
def test_other_threads_run_while_keys_are_objects(rng, k):
    keys = rng.integers(0, 99, 400_000).astype(str).astype(object)
    X = rng.normal(size=(400_000, k))
    x = X[:, 0] if k == 1 else X
    turns, done = [0], threading.Event()

    def count():
        while not done.is_set():
            turns[0] += 1
            time.sleep(0)
    thread = threading.Thread(target=count)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)         # a thread that waits asks for its turn at once
    try:
        thread.start()
        before = turns[0]
        fits = fit_groups(keys, x, X[:, 0])
        during = turns[0] - before
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert during > 10 and fits.nobs.sum() == 400_000


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals as POSIX has them")
def test_a_signal_ends_the_call_while_keys_are_objects(rng):
    class StopError(Exception):
        pass

    def stop(number, frame):
        raise StopError

    keys = rng.integers(0, 99, 1_000_000).astype(str).astype(object)
    x = rng.normal(size=1_000_000)
    rows = regression_kernels.GroupedRows(keys, regression_kernels.key_kinds["O"], x, x)
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(StopError):
            rows.fits()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_large_keys_beside_missing_ones_are_told_apart(library):
    module = pytest.importorskip(library)
    keys = [2**62 + 1, None, 2**62 + 2, 2**62 + 1]
    column = (module.Series(keys, dtype="Int64") if library == "pandas"
              else module.Series(keys) if library == "polars" else module.array(keys))
    fits = fit_groups(column, [1, 2, 3, 4], [1, 2, 3, 5])
    assert [int(key) for key in fits.keys] == [2**62 + 1, 2**62 + 2]
    assert fits.nobs.tolist() == [2, 1]


class EqualToArrays:
    """A key of which == is no bool"""

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return np.array([True, False])


def test_keys_that_cannot_be_compared():
    one, other = EqualToArrays(), EqualToArrays()
    with raises(TypeError, "a key, or one of the keys, cannot be hashed and compared: The truth "
                           "value of an array with more than one element is ambiguous. Use a.any() "
                           "or a.all()"):
        fit_groups([1, 1], [0, 1], [1, 3]).of(one)
    with raises(TypeError, "keys must be objects that can be hashed and compared: The truth value "
                           "of an array with more than one element is ambiguous. Use a.any() or "
                           "a.all()"):
        fit_groups([one, other], [0, 1], [1, 3])
