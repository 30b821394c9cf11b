"""The codes of `status` are what the kernels write, and keep the one rule of mathwork._status."""
import numpy as np
import pytest

from mathwork import _status, regression
from mathwork.matrix import lstsq, lu, rref, solve
from mathwork.orbit import solve_kepler
from mathwork.regression import fit_groups, fit_line, fit_linear, fit_polynomial, fit_rolling

NAN = np.nan
FITS = [_status.FITTED, _status.TOO_FEW, _status.CONSTANT, _status.FIT_NOT_FINITE,
        _status.BAD_WEIGHT]
SYSTEMS = [_status.UNIQUE, _status.INFINITE, _status.INCONSISTENT, _status.SYSTEM_NOT_FINITE]


def test_the_public_codes_of_fits():
    public = regression.status
    assert [public.FITTED, public.TOO_FEW, public.CONSTANT, public.NOT_FINITE,
            public.BAD_WEIGHT] == FITS == [0, 1, 2, 3, 4]


def assert_nan_but_for_code_0(numbers, status):
    np.testing.assert_array_equal(np.isnan(numbers), status != 0)


def test_lines():
    fits = fit_line([[0, 1, 2], [0, 1, 2], [1, 1, 1], [0, NAN, 2], [0, 1, 2]], [1, 3, 4],
                    weights=[[1, 1, 1], [0, 1, 0], [1, 1, 1], [1, 1, 1], [1, -1, 1]])
    assert fits.status.dtype == np.int8
    assert fits.status.tolist() == FITS
    for numbers in (fits.slope, fits.intercept, fits.rvalue, fits.stderr):
        assert_nan_but_for_code_0(numbers, fits.status)
    assert fit_line([0, NAN], [1, 2], nan_policy="propagate").status == _status.FIT_NOT_FINITE


def test_groups_and_windows():
    groups = fit_groups([0, 0, 1, 2, 2, 3, 3], [0, 1, 5, 2, 2, 0, 1], [1, 2, 3, 4, 5, NAN, 6])
    assert groups.status.tolist() == FITS[:4]
    windows = fit_rolling([0, 1, 1, NAN], [1, 2, 3, 4], 2)
    assert windows.status.tolist() == [FITS[1], FITS[0], FITS[2], FITS[3]]
    for fits in (groups, windows):
        assert_nan_but_for_code_0(fits.slope, fits.status)


def test_linear_fits_and_polynomials():
    X, y = [[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [4.0, 8.0]], [1.0, 3.0, 2.0, 4.0]
    with pytest.warns(regression.RankWarning):
        fit = fit_linear(X, y)
    assert fit.status == _status.CONSTANT
    assert np.isnan(fit.params).tolist() == [False, False, True]        # a part of the answer
    fit = fit_linear(X, [NAN, *y[1:]], nan_policy="propagate")
    assert fit.status == _status.FIT_NOT_FINITE
    assert np.isnan(fit.params).all()
    fit = fit_polynomial([0, 1, 2], [1, NAN, 3], 1, nan_policy="propagate")
    assert fit.status == _status.FIT_NOT_FINITE
    assert np.isnan(fit.coef).all()


def test_reduced_matrices():
    reduced = rref([[[1, 2], [3, 4]], [[1, NAN], [3, 4]]])
    assert reduced.status.dtype == np.int8
    assert reduced.status.tolist() == [_status.REDUCED, _status.MATRIX_NOT_FINITE]
    assert_nan_but_for_code_0(reduced.matrix[:, 0, 0], reduced.status)


def test_factors():
    factors = lu([[[1, 2], [3, 4]], [[1, NAN], [3, 4]], [[1, 2], [2, 4]]])
    assert factors.status.dtype == np.int8
    assert factors.status.tolist() == [_status.REDUCED, _status.MATRIX_NOT_FINITE,
                                       _status.DEFICIENT] == [0, 1, 2]
    assert_nan_but_for_code_0(factors.solve([1, 2])[:, 0], factors.status)
    assert_nan_but_for_code_0(factors.inv()[:, 0, 0], factors.status)
    assert lu([[1, 2], [2, 4]]).status == _status.DEFICIENT


def test_factors_and_least_squares_of_complex_matrices():
    A = np.array([[[1j, 2], [3, 4]], [[1, NAN], [3, 4]], [[1, 2j], [2, 4j]]])
    factors = lu(A)
    assert factors.status.dtype == np.int8
    assert factors.status.tolist() == [_status.REDUCED, _status.MATRIX_NOT_FINITE,
                                       _status.DEFICIENT]
    assert_nan_but_for_code_0(factors.solve([1, 2])[:, 0], factors.status)
    assert lu(A[2]).status == _status.DEFICIENT
    status = lstsq(A, [1, 2]).status
    assert status.dtype == np.int8
    assert status.tolist() == [_status.UNIQUE, _status.SYSTEM_NOT_FINITE, _status.INFINITE]


def test_least_squares():
    status = lstsq([[[1, 2], [3, 4]], [[1, 2], [2, 4]], [[1, NAN], [3, 4]]], [1, 2]).status
    assert status.dtype == np.int8
    assert status.tolist() == [_status.UNIQUE, _status.INFINITE, _status.SYSTEM_NOT_FINITE]
    assert lstsq([[1, 2]], [3]).status == _status.SOLUTION_WORDS[_status.INFINITE]


A = np.array([[[1, 2], [3, 4]], [[1, 2], [2, 4]], [[1, 2], [2, 4]], [[1, 2], [3, NAN]]])
b = np.array([[3, 7], [3, 6], [3, 7], [3, 7]])


def test_systems():
    status, x, _ = solve(A, b)
    assert status.dtype == np.int8
    assert status.tolist() == SYSTEMS
    # one of many is an answer
    np.testing.assert_array_equal(np.isnan(x).all(axis=-1), status > _status.INFINITE)
    assert [solve(*one).status for one in zip(A, b, strict=True)] == list(_status.SOLUTION_WORDS)


@pytest.mark.parametrize("arithmetic", [{"exact": True}, {"modulus": 7}], ids=["exact", "modulus"])
def test_systems_in_exact_arithmetic(arithmetic):
    status, x, _ = solve(A[:3].astype(int), b[:3], **arithmetic)
    assert status.dtype == np.int8
    assert status.tolist() == SYSTEMS[:3]
    missing = x == -1 if "modulus" in arithmetic else x != x
    np.testing.assert_array_equal(missing.all(axis=-1), status > _status.INFINITE)
    words = [solve(*one, **arithmetic).status for one in zip(A[:3].astype(int), b, strict=False)]
    assert words == list(_status.SOLUTION_WORDS[:3])


def test_anomalies():
    anomaly, status = solve_kepler([1, 1, NAN], [0.5, -1, 0.5], status=True)
    assert status.dtype == np.int8
    assert status.tolist() == [_status.CONVERGED, _status.INVALID, _status.INVALID]
    assert_nan_but_for_code_0(anomaly, status)
