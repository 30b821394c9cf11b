"""Arithmetic of pairs of float64: exact where it says so, else within its bound, in all levels."""
from fractions import Fraction

import numpy as np
import pytest
from helpers import same_bits

U = Fraction(1, 2 ** 53)
COUNT = 512         # whole registers at every level

# name: (the exact result, its bound in u^2 or None where there is no error)
OPERATIONS = {
    "two_sum": (lambda a, b: Fraction(float(a[0])) + Fraction(float(b[0])), None),
    "two_product": (lambda a, b: Fraction(float(a[0])) * Fraction(float(b[0])), None),
    "add_pairs": (lambda a, b: _exact(a) + _exact(b), 3 / (1 - 4 * U)),
    "add_single": (lambda a, b: _exact(a) + Fraction(float(b[0])), 2 + 5 * U),
    "multiply_pairs": (lambda a, b: _exact(a) * _exact(b), 7),
    "multiply_single": (lambda a, b: _exact(a) * Fraction(float(b[0])), 3),
    "divide_pairs": (lambda a, b: _exact(a) / _exact(b), 18),
}


def _exact(pair):
    return Fraction(float(pair[0])) + Fraction(float(pair[1]))


def _pairs(rng, kind):
    """(2, COUNT) normalised pairs"""
    high = rng.uniform(1, 2, COUNT) * rng.choice([-1, 1], COUNT)
    if kind == "spread":
        high *= 2.0 ** rng.integers(-60, 60, COUNT)
    low = high * rng.uniform(-1, 1, COUNT) * 2.0 ** -rng.integers(53, 80, COUNT)
    if kind == "halfway":       # the low part as large as it can be
        low = np.copysign(np.spacing(np.abs(high)) / 2, rng.normal(size=COUNT))
    total = high + low
    return np.array([total, low - (total - high)])


@pytest.fixture(params=["even", "spread", "halfway", "cancelling"])
def operands(request, rng):
    a = _pairs(rng, request.param)
    if request.param == "cancelling":
        low = a[1] * rng.uniform(-2, 2, COUNT)
        total = -a[0] + low
        return a, np.array([total, low - (total + a[0])])
    return a, _pairs(rng, request.param)


@pytest.mark.parametrize("registers", [False, True])
@pytest.mark.parametrize("name", OPERATIONS)
def test_error_bounds(kernels, operands, name, registers):
    a, b = operands
    exact, bound = OPERATIONS[name]
    found = kernels.on_pairs(name, a, b, registers)
    for i in range(COUNT):
        expected, got = exact(a[:, i], b[:, i]), _exact(found[:, i])
        if bound is None:
            assert got == expected
        else:
            assert abs(got - expected) <= bound * U ** 2 * abs(expected)
    assert same_bits(found[0] + found[1], found[0])     # normalised


@pytest.mark.parametrize("kind", ["even", "spread", "halfway"])
def test_square_roots(kernels, rng, kind):
    a = _pairs(rng, kind)
    a *= np.sign(a[0])
    found = kernels.on_pairs("square_root_pair", a, a, False)
    for i in range(COUNT):
        # |r - sqrt(a)| <= e sqrt(a) is |r^2 - a| <= (2 e + e^2) a.
        e = 4 * U ** 2
        assert abs(_exact(found[:, i]) ** 2 - _exact(a[:, i])) <= (2 * e + e ** 2) * _exact(a[:, i])
    zero = np.zeros((2, 1))
    assert same_bits(kernels.on_pairs("square_root_pair", zero, zero, False), zero)


def test_every_operation_is_tested(kernels):
    assert sorted(kernels.pair_operations) == sorted([*OPERATIONS, "square_root_pair"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_registers_and_single_numbers_have_the_same_bits(kernels, operands, name):
    assert same_bits(kernels.on_pairs(name, *operands, True),
                     kernels.on_pairs(name, *operands, False))


@pytest.mark.parametrize("name", OPERATIONS)
def test_all_levels_have_the_same_bits(kernels, operands, name):
    # Also the level without fused multiply-add, where Dekker's split finds the same error.
    from mathwork._levels import regression

    expected = regression.on_pairs(name, *operands, True)
    assert same_bits(kernels.on_pairs(name, *operands, True), expected)
