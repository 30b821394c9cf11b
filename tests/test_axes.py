"""Networks of arrays with any number of leading axes."""
import itertools

import numpy as np
import pytest
from arrays import LAYOUTS
from helpers import raises, same_bits

from mathwork.nn import Dense, Network

SHAPES = [(1, 1), (3, 5), (0, 5), (5, 0), (2, 3, 7), (1, 1, 1, 1), (2, 0, 3), (1,) * 40,
          (2, 1, 2, 1, 2, 1, 2)]


def net_of(dtype):
    rng = np.random.default_rng(1)
    return Network([Dense(rng.normal(size=(9, 4)), None, "tanh"),
                    Dense(rng.normal(size=(3, 9)), rng.normal(size=3))], dtype=dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_leading_axes_are_rows(dtype, rng, shape):
    net = net_of(dtype)
    x = rng.normal(size=(*shape, 4)).astype(dtype)
    rows = net(x.reshape(-1, 4))
    for workers in (1, 3):
        y = net(x, workers=workers)
        assert y.dtype == dtype
        assert same_bits(y, rows.reshape(*shape, 3))
    for found, expected in zip(net.trace(x), net.trace(x.reshape(-1, 4)), strict=True):
        assert same_bits(found, expected.reshape(*shape, expected.shape[-1]))
    classes = net.classify(x)
    assert classes.shape == shape
    assert (classes.ravel() == net.classify(x.reshape(-1, 4))).all()


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_any_layout(dtype, rng, layout):
    net = net_of(dtype)
    x = rng.normal(size=(3, 5, 4)).astype(dtype)
    assert same_bits(net(layout(x)), net(x))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_out(dtype, rng, shape):
    net = net_of(dtype)
    x = rng.normal(size=(*shape, 4)).astype(dtype)
    expected = net(x)
    for out in (np.full((*shape, 3), 7, dtype), np.full((*shape, 6), 7, dtype)[..., ::2],
                np.full((*shape, 3), 7, dtype, order="F")):
        assert net(x, out=out) is out
        assert same_bits(np.ascontiguousarray(out), expected)
    whole = rng.normal(size=(*shape, 4)).astype(dtype)
    whole[...] = x
    out = whole[..., 1:]                # shares its memory
    assert net(whole, out=out) is out
    assert same_bits(np.ascontiguousarray(out), expected)


def test_out_of_another_shape(dtype):
    net = net_of(dtype)
    for shape in ((2, 5, 4), (5, 2, 3), (10, 3), (2, 5, 3, 1), (3,)):
        with raises(ValueError, f"out must have shape (2, 5, 3), got {shape}"):
            net(np.ones((2, 5, 4), dtype), out=np.empty(shape, dtype))


def test_lists_of_lists_of_lists(dtype):
    net = Network([Dense([[1, 10]])], dtype=dtype)
    assert net([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]).tolist() == [[[21], [43]], [[65], [87]]]


def test_many_rows_under_many_axes_are_split_as_rows_are(dtype, rng):
    net = net_of(dtype)
    x = rng.normal(size=(7, 11, 13, 4)).astype(dtype)
    results = [net(x, workers=workers) for workers in (1, 2, 4)]
    assert all(same_bits(one, other) for one, other in itertools.combinations(results, 2))
