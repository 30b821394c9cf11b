"""Least squares in exact arithmetic: the oracle of the tests of regression."""
import math
from fractions import Fraction

import numpy as np

from mathwork._levels import regression as regression_kernels
from mathwork.regression import LinearFit
from mathwork.regression.linear_fit import PARTS


def exact_fit(X, y, intercept=True, weights=None):
    """Return (params, diagonal of (X'WX)^-1, ssr) of stored floats, Fractions: normal equations."""
    params, inverse, rows, targets, w = exact_rows(X, y, intercept, weights)
    ssr = sum(v * (t - sum(a * b for a, b in zip(row, params, strict=True)))**2
              for v, row, t in zip(w, rows, targets, strict=True))
    return params, [inverse[i][i] for i in range(len(params))], ssr


def exact_sandwich(X, y, weights, cov, groups, maxlags):
    """Return the robust covariance of the parameters, with an intercept, rounded once: sums of
    scores in Fractions."""
    params, inverse, rows, targets, w = exact_rows(X, y, True, weights)
    n, P = len(rows), len(params)
    scores, divisors = [], []
    for row, t, v in zip(rows, targets, w, strict=True):
        left = 1 - v * sum(row[i] * inverse[i][j] * row[j] for i in range(P) for j in range(P))
        e = t - sum(a * b for a, b in zip(row, params, strict=True))
        scores.append([v * e * entry for entry in row])
        divisors.append({"HC2": left, "HC3": left**2}.get(cov, Fraction(1)))
    pairs = [(a, a, 1 / d) for a, d in zip(scores, divisors, strict=True)]
    factor = Fraction(1)
    if cov == "cluster":
        names = sorted(set(groups.tolist()))
        sums = [[sum(a[i] for a, g in zip(scores, groups, strict=True) if g == name)
                 for i in range(P)] for name in names]
        pairs = [(a, a, Fraction(1)) for a in sums]
        factor = Fraction(len(names), len(names) - 1) * Fraction(n - 1, n - P)
    elif cov == "HAC":
        for lag in range(1, maxlags + 1):
            weight = 1 - Fraction(lag, maxlags + 1)
            for a, b in zip(scores[lag:], scores, strict=False):
                pairs += [(a, b, weight), (b, a, weight)]
    middle = [[sum(d * a[i] * b[j] for a, b, d in pairs) for j in range(P)] for i in range(P)]
    return np.array([[float(factor * sum(inverse[i][k] * middle[k][m] * inverse[m][j]
                                         for k in range(P) for m in range(P)))
                      for j in range(P)] for i in range(P)])


def exact_rows(X, y, intercept, weights):
    """Return (params, (X'WX)^-1, rows, targets, weights), all Fractions."""
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
    return [row[P] for row in gram], [row[P + 1:] for row in gram], rows, targets, w


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
    made = regression_kernels.least_squares(*(getattr(fit, name) for name in PARTS[:-1]))
    assert type(made) is LinearFit
    return made
