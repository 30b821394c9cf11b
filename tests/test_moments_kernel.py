"""The kernels of Moments against exact arithmetic, at every level."""
import math
from fractions import Fraction

import numpy as np
import pytest
from exact_regression import as_linear_fit, digits, exact_bse, exact_fit
from helpers import same_bits
from levels import all_kernels
from test_nist import FOLDER, LEAST_DIGITS_OF_ERRORS, OTHER_DIGITS, SETS, read


def exact_moments(Z, weights=None):
    """(sum of weights, means, centred sums of products) of the columns of Z, as Fractions"""
    w = [Fraction(1) if weights is None else Fraction(float(v))
         for v in (range(len(Z)) if weights is None else weights)]
    rows = [[Fraction(float(v)) for v in row] if weight else [Fraction(0)] * len(row)
            for weight, row in zip(w, Z, strict=True)]
    total = sum(w)
    q = len(rows[0])
    mean = [sum(weight * row[j] for weight, row in zip(w, rows, strict=True)) / total
            for j in range(q)]
    gram = [[sum(weight * (row[i] - mean[i]) * (row[j] - mean[j])
                 for weight, row in zip(w, rows, strict=True)) for j in range(q)]
            for i in range(q)]
    return total, mean, gram


def relative_errors(numbers, Z, weights=None):
    """(of the means, of gram over its diagonal) of what the kernel gives, with its low parts"""
    total, mean, gram = exact_moments(Z, weights)
    q = len(mean)
    unit = Fraction(2) ** int(numbers[3])
    assert (Fraction(numbers[1]) + Fraction(numbers[2])) * unit == total
    high, low, exponent = numbers[4:4 + 3 * q].reshape(3, q)
    of_means = max(abs(Fraction(high[j]) + Fraction(low[j]) - mean[j])
                   / max(abs(Fraction(float(row[j]))) for row in Z) for j in range(q))
    high, low = numbers[4 + 3 * q:].reshape(2, q, q)
    assert (high == high.T).all() and (low == low.T).all()
    of_gram = 0.0
    for i in range(q):
        for j in range(q):
            found = (Fraction(high[i, j]) + Fraction(low[i, j])) * unit * Fraction(2) ** int(
                exponent[i] + exponent[j])
            square = (found - gram[i][j]) ** 2 / (gram[i][i] * gram[j][j])
            of_gram = max(of_gram, math.sqrt(square))
    return float(of_means), of_gram


@pytest.mark.parametrize("n", [2, 7, 8, 63, 65, 260])
@pytest.mark.parametrize("weighted", [False, True])
def test_moments_have_about_30_digits(kernels, rng, n, weighted):
    X, y = rng.normal(size=(n, 5)) * [1, 1e-3, 1e5, 1, 1] + [0, 0, 0, 1e9, -1e3], rng.normal(
        size=(n, 2))
    weights = rng.random(n) * (rng.random(n) > 0.2) + (np.arange(n) < 2) if weighted else None
    numbers = kernels.moments_of(X, y, weights)
    assert numbers[0] == (n if weights is None else np.count_nonzero(weights))
    of_means, of_gram = relative_errors(numbers, np.column_stack([X, y]), weights)
    assert of_means < 1e-30
    assert of_gram < 1e-29


@pytest.mark.parametrize("p", [0, 1, 4, 16, 17])
@pytest.mark.parametrize("layout", ["C", "F"])
def test_any_number_of_columns_in_either_type(kernels, rng, dtype, p, layout):
    X, y = rng.normal(size=(40, p)).astype(dtype, order=layout), rng.normal(size=(40, 1))
    _, of_gram = relative_errors(kernels.moments_of(X, y, None), np.column_stack([X, y]))
    assert of_gram < 1e-29


def test_scales_of_columns_do_not_meet(kernels, rng):
    scales = np.array([1e-250, 1e-160, 1, 1e160, 1e250])
    X = rng.normal(size=(50, 5)) * scales
    numbers = kernels.moments_of(X, X[:, :1], None)
    assert relative_errors(numbers, np.column_stack([X, X[:, :1]]))[1] < 1e-29


@pytest.mark.parametrize("scale", [2.0**-1060, 1e-200, 1e200, 1e307])
def test_weights_far_from_1_cost_no_digits(kernels, rng, scale):
    X, y = rng.normal(size=(30, 2)), rng.normal(size=(30, 1))
    weights = rng.integers(1, 9, 30) * scale
    parts = [kernels.moments_of(X[i:j], y[i:j], weights[i:j]) for i, j in ((0, 9), (9, 30))]
    for numbers in (kernels.moments_of(X, y, weights), kernels.merged_moments(*parts, 3)):
        of_means, of_gram = relative_errors(numbers, np.column_stack([X, y]), weights)
        assert of_means < 1e-30 and of_gram < 1e-29


def test_a_constant_column_has_no_spread(kernels):
    X = np.full((300, 2), [0.1, 1e17])
    y = np.arange(300.0)[:, None]
    gram = kernels.moments_of(X, y, None)[13:22].reshape(3, 3)
    assert (gram[:2] == 0).all() and (gram[:, :2] == 0).all()


def test_merging_is_exact_to_30_digits(kernels, rng):
    X, y = rng.normal(size=(90, 3)) * [1, 1e-170, 1e100] + [1e9, 0, 0], rng.normal(size=(90, 1))
    X[:30, 0] -= 1e9
    parts = [kernels.moments_of(X[i:j], y[i:j], None) for i, j in ((0, 30), (30, 31), (31, 90))]
    left = kernels.merged_moments(kernels.merged_moments(parts[0], parts[1], 4), parts[2], 4)
    right = kernels.merged_moments(parts[2], kernels.merged_moments(parts[1], parts[0], 4), 4)
    for numbers in (left, right):
        of_means, of_gram = relative_errors(numbers, np.column_stack([X, y]))
        assert of_means < 1e-30 and of_gram < 1e-29


def test_fused_levels_give_the_same_bits(rng):
    levels = [kernels for level, kernels in all_kernels().items() if level in ("v3", "v4")]
    if len(levels) < 2:
        pytest.skip("this machine has one fused level at most")
    for n, p in ((5, 1), (100, 3), (1000, 9)):
        X, y, weights = rng.normal(size=(n, p)), rng.normal(size=(n, 2)), rng.random(n)
        found = [level.moments_of(X, y, weights) for level in levels]
        found = [level.merged_moments(numbers, numbers[::1], p + 2)
                 for level, numbers in zip(levels, found, strict=True)]
        assert found[0].tobytes() == found[1].tobytes()
        fits = [level.fit_of_moments(found[0], p + 2, np.arange(p), 2, False, True, 1e-14)
                for level in levels]
        for name in ("params", "bse", "ssr", "rsquared", "fvalue", "_correlation"):
            assert same_bits(*(getattr(fit, name) for fit in fits))


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_fit_is_the_exact_one(kernels, rng, intercept, weighted):
    X = rng.normal(size=(40, 4)) * [1, 1e-3, 1, 1e6] + [0, 0, 1e4, 0]
    X[:, 2] += X[:, 0]
    y = X @ [1, 1, 1e-3, 1e-6] + rng.normal(size=40)
    weights = rng.random(40) if weighted else None
    fit = as_linear_fit(kernels.fit_of_moments(
        kernels.moments_of(X, y[:, None], weights), 5, np.arange(4), 1, True, intercept, 1e-14))
    exact, diagonal, exact_ssr = exact_fit(X, y, intercept, weights)
    assert fit.rank == 4 + intercept
    assert digits(fit.params, exact) > 14.9
    assert digits(fit.ssr, [exact_ssr]) > 14.9
    assert digits(fit.bse, exact_bse(diagonal, exact_ssr, fit.df_resid)) > 14.9
    covariance = fit.cov_params()
    assert digits(np.diag(covariance), [v * exact_ssr / fit.df_resid for v in diagonal]) > 14.9
    np.testing.assert_array_equal(covariance, covariance.T)


@pytest.mark.parametrize("degree, least", [(3, 15), (5, 15), (8, 13)])
def test_powers_lose_no_digit_of_the_stored_design(kernels, degree, least):
    # Like NIST's Wampler sets, for which the normal equations in float64 have 3.9 digits.
    x = np.arange(21.0)
    X = x[:, None] ** np.arange(1, degree + 1)
    y = X.sum(axis=1) + 1 + 1e3 * np.cos(x)
    fit = kernels.fit_of_moments(kernels.moments_of(X, y[:, None], None), degree + 1,
                                 np.arange(degree), 1, True, True, 1e-14)
    assert digits(fit.params, exact_fit(X, y)[0]) >= least


@pytest.mark.skipif(not FOLDER.is_dir(), reason="NIST's files are not in ../shared/nist-strd")
@pytest.mark.parametrize("name", SETS)
def test_reaches_the_limit_of_the_stored_design_of_nist(kernels, rng, name):
    X, y, intercept, certified, _ = read(name)
    n, p = X.shape
    chunks = np.array_split(rng.permutation(n), 3)
    first, *others = (kernels.moments_of(X[rows], y[rows, None], None) for rows in chunks)
    for other in others:
        first = kernels.merged_moments(first, other, p + 1)
    fit = kernels.fit_of_moments(first, p + 1, np.arange(p), 1, True, intercept, 1e-14)
    assert fit.rank == len(certified)
    assert digits(fit.params, certified[:, 0]) >= SETS[name][1] - 0.3
    assert digits(fit.bse, certified[:, 1]) >= LEAST_DIGITS_OF_ERRORS.get(name, OTHER_DIGITS)
