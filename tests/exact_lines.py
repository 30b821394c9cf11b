"""The line of least squares through points, in exact arithmetic: the oracle of the batches."""
import math
from fractions import Fraction

import numpy as np

FIELDS = ("slope", "intercept", "rvalue", "stderr", "intercept_stderr")


def exact_sums(x, y):
    """Return (n, mean x, mean y, Sxx, Sxy, Syy) as Fractions, the sums centred."""
    x = [Fraction(float(value)) for value in x]
    y = [Fraction(float(value)) for value in y]
    n = len(x)
    mean_x, mean_y = sum(x) / n, sum(y) / n
    off_x, off_y = [value - mean_x for value in x], [value - mean_y for value in y]
    return (n, mean_x, mean_y, sum(a * a for a in off_x),
            sum(a * b for a, b in zip(off_x, off_y, strict=True)), sum(b * b for b in off_y))


def exact_line(x, y):
    """Return the fields of the line, exact and then rounded; NaN if they are not defined."""
    n, mean_x, mean_y, sxx, sxy, syy = exact_sums(x, y)
    slope = sxy / sxx
    sigma = relative = math.nan
    if n > 2:
        sigma = _root((syy - slope * sxy) / (n - 2))
        relative = _root(Fraction(1, n) + mean_x ** 2 / sxx)
    return {"slope": float(slope), "intercept": float(mean_y - slope * mean_x),
            "rvalue": _root(sxy ** 2 / (sxx * syy)) * (1 if sxy > 0 else -1) if syy else 0.0,
            "stderr": sigma / _root(sxx), "intercept_stderr": sigma * relative}


def _root(fraction):
    """Return sqrt of a Fraction, right to about the last digit"""
    shift = 2 * max(0, 140 - fraction.numerator.bit_length() + fraction.denominator.bit_length())
    return float(Fraction(math.isqrt((fraction.numerator << shift) // fraction.denominator),
                          1 << (shift // 2)))


def numpy_lines(x, y):
    """Return the fields of a line for each row of x and y, by the textbook's centred sums."""
    x, y = np.asarray(x, np.longdouble), np.asarray(y, np.longdouble)
    n = x.shape[-1]
    mean_x, mean_y = x.mean(axis=-1), y.mean(axis=-1)
    off_x, off_y = x - mean_x[..., None], y - mean_y[..., None]
    sxx, sxy = (off_x * off_x).sum(axis=-1), (off_x * off_y).sum(axis=-1)
    slope = sxy / sxx
    ssr = ((off_y - slope[..., None] * off_x) ** 2).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma = np.sqrt(ssr / (n - 2)) if n > 2 else np.full(slope.shape, np.nan)
    return {"slope": slope, "intercept": mean_y - slope * mean_x,
            "rvalue": sxy / np.sqrt(sxx * (off_y * off_y).sum(axis=-1)),
            "stderr": sigma / np.sqrt(sxx),
            "intercept_stderr": sigma * np.sqrt(1 / np.longdouble(n) + mean_x ** 2 / sxx)}


def assert_same_line(fits, at, expected, rtol):
    """Assert that entry `at` of every field is as expected, including a status of 0."""
    assert fits.status[at] == 0
    for name in FIELDS:
        np.testing.assert_allclose(getattr(fits, name)[at], np.float64(expected[name]), rtol=rtol,
                                   err_msg=f"{name} of {at}")
