"""Working memory: a size that no machine has is a MemoryError, however large its factors are.

tools/sanitize has what finds a piece that is too small: a red zone behind every piece.
"""
import numpy as np
import pytest

LARGE = 2 ** 29     # columns of a matrix whose bytes still fit in 63 bits


def broadcast(*shape):
    """An array of ones that takes no memory."""
    return np.broadcast_to(np.float64(1), shape)


def test_fit_with_a_gram_matrix_that_fits_nowhere(kernels):
    for intercept in (True, False):
        with pytest.raises(MemoryError):
            kernels.fit_rows(broadcast(LARGE + 1, LARGE), broadcast(LARGE + 1), intercept, None, -1)


@pytest.mark.parametrize("columns", [2 ** 28, 2 ** 33, 2 ** 59])
def test_rows_of_more_columns_than_fit_anywhere(kernels, columns):
    with pytest.raises(MemoryError):
        kernels.finite_rows(np.empty((0, columns)), np.empty(0), np.empty(0))


@pytest.mark.parametrize("columns", [2 ** 49, 2 ** 55, 2 ** 58, 2 ** 59])
@pytest.mark.parametrize("p", [7, 2 ** 31 - 1])
def test_empty_matrix_modulo_a_prime(kernels, columns, p):
    A = np.empty((1, 0, columns), np.int64)
    with pytest.raises(MemoryError):
        kernels.reduce_modulo(A, p, columns, True)


@pytest.mark.parametrize("steps", [2 ** 50, 2 ** 59, 2 ** 60, 2 ** 61, 2 ** 62, 2 ** 63 - 1])
def test_more_digits_than_fit_anywhere(kernels, steps):
    one = np.ones((1, 1, 1))
    with pytest.raises(MemoryError):
        kernels.lift(one, one, 101, 16.0, steps)


def test_few_digits_fit(kernels):
    A, C = np.array([[[3.0]]]), np.array([[[1.0]]])
    assert kernels.lift(A, C, 101, 16.0, 2) == [pow(3, -1, 101 ** 2)]
