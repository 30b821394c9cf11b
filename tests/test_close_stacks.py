"""Stacks of small matrices near the bound on a pivot: bits, warnings, and slogdet beside lu."""
import warnings

import numpy as np
import pytest
from helpers import same_bits

from mathwork.matrix import RankWarning, det, inv, lu, slogdet, solve

SEVERAL_BLOCKS = 300        # more than eight groups of any register, and a last one that overlaps


def nearly_dependent(rng, count, n, dtype, share):
    """A share of the matrices has a row that is nearly a combination of the others."""
    A = rng.normal(size=(count, n, n))
    off = 10.0 ** -(rng.uniform(1, 9, (count, 1, 1)) if dtype is np.float32
                    else rng.uniform(6, 17, (count, 1, 1)))
    last = rng.normal(size=(count, 1, n - 1)) @ A[:, :-1] + off * rng.normal(size=(count, 1, n))
    A[:, -1:] = np.where(rng.random((count, 1, 1)) < share, last, A[:, -1:])
    return np.ascontiguousarray(A[:, rng.permutation(n)].astype(dtype))


def with_warnings(function, *arguments, **keywords):
    """Return (result or None without one, how many rank warnings)"""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = function(*arguments, **keywords)
        except np.linalg.LinAlgError:
            found = None
    return found, sum(issubclass(warning.category, RankWarning) for warning in caught)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("share", [0.01, 0.5])
@pytest.mark.parametrize("tol", [None, 0, 1e-4])
def test_close_calls_have_the_bits_and_the_warnings_of_each_alone(rng, dtype, n, share, tol):
    A = nearly_dependent(rng, SEVERAL_BLOCKS, n, dtype, share)
    b = rng.normal(size=(len(A), n, 1)).astype(dtype)
    inverses, warned_inv = with_warnings(inv, A, tol=tol)
    determinants, warned_det = with_warnings(det, A, tol=tol)
    solutions = solve(A, b, tol=tol)
    close_inv = close_det = 0
    for s, matrix in enumerate(A):
        alone, close = with_warnings(inv, matrix, tol=tol)
        close_inv += close
        assert same_bits(inverses[s], np.full((n, n), np.nan, dtype) if alone is None else alone)
        alone, close = with_warnings(det, matrix, tol=tol)
        close_det += close
        assert same_bits(determinants[s], alone)
        found = solve(matrix, b[s], tol=tol)
        assert same_bits(solutions.x[s], found.x)
        assert solutions.ambiguous[s] == found.ambiguous
    # One warning for a stack. A matrix without an inverse is an error alone, and no warning.
    assert warned_det == (close_det > 0) and warned_inv >= (close_inv > 0)


@pytest.mark.parametrize("n", range(9))
@pytest.mark.parametrize("keywords", [{}, {"tol": 0}, {"tol": 1e-6}, {"atol": 0.3}])
def test_slogdet_of_small_matrices_has_the_bits_and_the_warnings_of_lu(rng, n, keywords):
    A = rng.normal(size=(60, n, n))
    A[10:20] *= 10.0 ** rng.integers(-300, 300, (10, n, 1))
    A[20:30] = rng.integers(-2, 3, (10, n, n))
    if n > 1:
        A[30, 0, 1], A[31, 1, 0], A[32, 0] = np.nan, np.inf, 0
        A[40:60] = nearly_dependent(rng, 20, n, np.float64, 0.5)
    for some in (A, A.reshape(3, 20, n, n), A[:0], *A[::7]):
        found, warned = with_warnings(slogdet, some, **keywords)
        factors = lu(some, **keywords)
        expected = factors.slogdet()
        for part, wanted in zip(found, expected, strict=True):
            assert type(part) is type(wanted) and same_bits(np.asarray(part), np.asarray(wanted))
        close = np.asarray(factors.ambiguous) & (np.asarray(factors.status) != 1)
        assert warned == (keywords.get("tol") != 0 and close.any())
