"""Frames to predict from: the fits of groups and windows know their columns."""
import numpy as np
import pytest
from helpers import raises

from mathwork.regression import fit_groups, fit_rolling


@pytest.fixture(params=["a b", "x1 x2"])
def frames(request, rng):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(rng.normal(size=(20, 2)), columns=request.param.split())
    return frame, frame[frame.columns[::-1]], frame.to_numpy() @ [1.0, 2.0]


def test_columns_in_another_order_are_refused(frames):
    frame, turned, y = frames
    first, second = map(repr, frame.columns)
    message = f" must have the columns {first}, {second} as the fit has, got {second}, {first}"
    groups, windows = fit_groups([0] * 20, frame, y), fit_rolling(frame, y, 10)
    for name, predict in (("X", groups[0].predict), ("X", windows[-1].predict),
                          ("x", windows.predict),
                          ("x", lambda given: groups.predict([0] * 20, given))):
        np.testing.assert_allclose(predict(frame)[9:], y[9:], rtol=1e-9)
        with raises(ValueError, name + message):
            predict(turned)
    assert groups[0].names == tuple(frame.columns)


def test_a_fit_of_an_array_takes_any_names(frames):
    frame, _, y = frames
    fits = fit_groups([0] * 20, frame.to_numpy(), y)
    other = frame.set_axis(["u", "v"], axis=1)
    np.testing.assert_allclose(fits[0].predict(other), y, rtol=1e-9)
    np.testing.assert_allclose(fits.predict([0] * 20, other), y, rtol=1e-9)
