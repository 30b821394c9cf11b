"""Least squares in exact arithmetic: the oracle of the tests of regression."""
import math
from fractions import Fraction

import numpy as np

from mathwork._levels import regression as regression_kernels
from mathwork.regression import LinearFit


def exact_fit(X, y, intercept=True, weights=None):
    """Return (params, diagonal of (X'WX)^-1, ssr) of stored floats, Fractions: normal equations."""
    ones = [[Fraction(1)]] if intercept else [[]]
    rows = [ones[0] + [Fraction(float(entry)) for entry in row] for row in X]
    targets = [Fraction(float(entry)) for entry in y]
    w = [Fraction(1) if weights is None else Fraction(float(weight))
         for weight in (targets if weights is None else weights)]
    P = len(rows[0])
    gram = [[sum(v * row[i] * row[j] for v, row in zip(w, rows, strict=True)) for j in range(P)]
            + [sum(v * row[i] * t for v, row, t in zip(w, rows, targets, strict=True))]
            + [Fraction(i == j) for j in range(P)] for i in range(P)]
    for c in range(P):
        at = next(r for r in range(c, P) if gram[r][c])
        gram[c], gram[at] = gram[at], gram[c]
        gram[c] = [entry / gram[c][c] for entry in gram[c]]
        for r in range(P):
            if r != c and gram[r][c]:
                factor = gram[r][c]
                gram[r] = [a - factor * b for a, b in zip(gram[r], gram[c], strict=True)]
    params = [row[P] for row in gram]
    ssr = sum(v * (t - sum(a * b for a, b in zip(row, params, strict=True)))**2
              for v, row, t in zip(w, rows, targets, strict=True))
    return params, [gram[i][P + 1 + i] for i in range(P)], ssr


def exact_bse(inverse, ssr, df):
    """Return the standard errors, each rounded a few times."""
    return np.array([_root(v * ssr / df) for v in inverse])


def _root(value):
    """Return sqrt of a Fraction of any size, to within rounding"""
    shift = value.denominator.bit_length() - value.numerator.bit_length() if value else 0
    shift += shift % 2
    return math.ldexp(math.sqrt(value * Fraction(2) ** shift), -shift // 2)


def digits(found, expected):
    """Return the least number of correct digits: log relative error, absolute if 0 is expected."""
    worst = 15.0
    for a, b in zip(np.ravel(found), np.ravel(expected), strict=True):
        error = abs(Fraction(float(a)) - Fraction(b)) / (abs(Fraction(b)) or 1)
        if error:
            worst = min(worst, -math.log10(error))
    return worst


def powers(x, degree):
    """Return columns x, x^2, ...; each entry is rounded once."""
    return np.array([[float(Fraction(float(v)) ** k) for k in range(1, degree + 1)] for v in x])


def as_linear_fit(fit):
    """Return a public LinearFit from the result of the kernel of any level."""
    made = regression_kernels.least_squares(*LinearFit._parts(fit), fit._X, fit._y)
    assert type(made) is LinearFit
    return made
