"""Moments of the largest numbers: no sum of them leaves the range of float64."""
import numpy as np
import pytest

from mathwork.regression import Moments, fit_groups


@pytest.mark.parametrize("far", [1.7e308, 2.0**1000, 2.0**-1000])
def test_the_sample_of_a_column_does_not_overflow(far):
    x = np.tile([-1.0, 1.0, 1.0, 0.5, 1.0], 20)[:, None]
    y = 2 * x[:, 0] + np.tile([0.125, -0.125, 0, 0, 0.25], 20)
    expected = Moments.of(x, y).fit()
    found = Moments.of(x * far, y).fit()
    assert found.params[0] == pytest.approx(expected.params[0], rel=1e-12)
    assert found.params[1] * far == pytest.approx(expected.params[1], rel=1e-12)
    turned = Moments.of(x, x[:, 0] * (far / 2) - far / 4).fit()
    assert turned.params / far == pytest.approx([-0.25, 0.5], rel=1e-12)


def test_rows_at_both_ends_of_float64_have_moments():
    """That they alternate, and that one half follows the other"""
    for ends in (np.tile([1.7e308, -1.7e308], 500), np.repeat([1.7e308, -1.7e308], 500)):
        moments = Moments.of(ends[:, None], np.sign(ends))
        assert moments.mean.tolist() == [0, 0]
        assert moments.fit().params * [1, 1.7e308] == pytest.approx([0, 1], rel=1e-12)


def test_a_group_of_the_largest_numbers_has_a_fit():
    x = np.array([[-1.0, 0.5], [1.0, 1.0], [0.75, -1.0], [-0.5, 1.0], [1.0, 0.25]] * 20)
    fits = fit_groups([0] * 100, x * 1.7e308, x @ [1.0, 2.0])
    assert fits.status.tolist() == [0]
    assert fits.params[0, 1:] * 1.7e308 == pytest.approx([1, 2], rel=1e-9)
