"""Bad input: the exact exception and the exact words, and that nothing was written."""
import contextlib
import decimal
import numbers
import re
from fractions import Fraction

import numpy as np
import pytest
from helpers import OF_NONE, raises

from mathwork import orbit
from mathwork._levels import core as core_kernels
from mathwork._parameters import NAMES
from mathwork.matrix import matmul, matvec, rref, solve
from mathwork.nn import Dense, Network, cost
from mathwork.regression import fit_line, fit_linear

NET = Network.he((4, 8, 2), rng=0)

# What is not an array of real numbers: (value, how messages call its dtype).
NOT_REAL = {
    "complex": (np.ones((3, 4), complex), "complex128: take its .real, .imag or abs()"),
    "complex64": (np.ones((3, 4), np.complex64), "complex64: take its .real, .imag or abs()"),
    "object": (np.ones((3, 4), object), "object"),
    "None": (None, "object"),
    "fractions": ([Fraction(1, 2)] * 4, "object"),
    "decimals": ([decimal.Decimal(1)] * 4, "object"),
    "huge integers": ([10 ** 30] * 4, "object"),
    "string": ("1 2 3 4", "<U7"),
    "strings": (["1", "2", "3", "4"], "<U1"),
    "bytes": (b"abc", "|S3"),
    "structured": (np.zeros(4, [("x", "f4")]), "[('x', '<f4')]"),
    "void": (np.zeros(4, "V4"), "|V4"),
    "datetime": (np.zeros(4, "M8[s]"), "datetime64[s]"),
    "timedelta": (np.zeros(4, "m8[s]"), "timedelta64[s]"),
    "dict": ({"x": 1}, "object"),
    "set": ({1.0, 2.0}, "object"),
}
not_real = pytest.mark.parametrize(("value", "dtype"), NOT_REAL.values(), ids=NOT_REAL)
MASKED = np.ma.masked_array(np.ones((3, 4), np.float32), mask=np.eye(3, 4))
MASKED_MESSAGE = "{} must be a plain array, got a masked array: fill or compress it first"


# ---- x of a network ----

@not_real
def test_x_that_is_not_real(value, dtype):
    for call in (NET, NET.trace, NET.classify):
        with raises(TypeError, f"x must hold real numbers, got dtype {dtype}"):
            call(value)


@pytest.mark.parametrize("masked", [MASKED, MASKED[0], np.ma.masked_array(np.ones(4), False),
                                    np.ma.masked_array(np.ones(4, int)), np.ma.masked])
def test_masked_x(masked):
    for call in (NET, NET.trace, NET.classify):
        with raises(TypeError, MASKED_MESSAGE.format("x")):
            call(masked)


@pytest.mark.parametrize("shape", [(3,), (5,), (0,), (3, 3), (4, 1), (4, 3), (0, 3), (10, 0),
                                   (4, 4, 3), (4, 0, 0), (0, 4, 4, 1)])
def test_x_of_the_wrong_width(dtype, shape):
    for call in (NET, NET.trace, NET.classify):
        with raises(ValueError, "x must have 4 columns to match the first layer, "
                                f"got shape {shape}"):
            call(np.ones(shape, dtype))


def test_x_without_an_axis(dtype):
    for call in (NET, NET.trace, NET.classify):
        with raises(ValueError, "x must have shape (..., 4), got shape ()"):
            call(np.ones((), dtype))


def test_ragged_x():
    with pytest.raises(ValueError, match=r"^x must be a regular array of real numbers: ") as info:
        NET([[1, 2, 3, 4], [1, 2]])
    assert type(info.value) is ValueError


def test_x_is_needed():
    with pytest.raises(TypeError):
        NET()
    with pytest.raises(TypeError):
        NET(np.ones(4), np.ones(2))


# ---- out ----

CALLS = {       # a call and the inputs it reads, with a result of shape (3, 2) or (3,) float32
    "network": (lambda out: NET(np.ones((3, 4), np.float32), out=out), (3, 2)),
    "network on workers": (lambda out: NET(np.ones((3, 4), np.float32), out=out, workers=2),
                           (3, 2)),
    "network through a copy": (lambda out: NET(np.ones((3, 4)), out=out), (3, 2)),
    "network, one row": (lambda out: NET(np.ones(4, np.float32), out=out), (2,)),
    "matmul": (lambda out: matmul(np.ones((3, 4), "f4"), np.ones((4, 2), "f4"), out=out), (3, 2)),
    "matvec": (lambda out: matvec(np.ones((3, 4), "f4"), np.ones(4, "f4"), out=out), (3,)),
}
calls = pytest.mark.parametrize(("call", "shape"), CALLS.values(), ids=CALLS)


@calls
def test_out_that_is_no_array(call, shape):
    for out in ([0.0] * 3, "out", 1, True, np.float32(1), object()):
        with raises(TypeError, f"out must be a float32 array, got {type(out).__name__}"):
            call(out)


@calls
def test_out_that_is_masked(call, shape):
    with raises(TypeError, "out must be a float32 array, got MaskedArray"):
        call(np.ma.zeros(shape, np.float32))


@calls
def test_out_of_the_wrong_dtype(call, shape):
    for wrong in ("f8", "f2", "i4", "c8", "O", "U4", "?", ">f8"):
        out = np.zeros(shape, wrong)
        with raises(TypeError, f"out must have dtype float32, got {out.dtype}"):
            call(out)
        assert not any(out.ravel())


@calls
def test_out_of_the_wrong_shape(call, shape):
    for wrong in ((), (0,), (4,), (2, 3), (3, 3), (1, 3, 2), (4, 2), (2, 2), (1, *shape),
                  (*shape, 1)):
        out = np.zeros(wrong, np.float32)
        with raises(ValueError, f"out must have shape {shape}, got {wrong}"):
            call(out)
        assert not out.any()


@calls
def test_out_that_is_read_only(call, shape):
    out = np.zeros(shape, np.float32)
    out.flags.writeable = False
    with raises(ValueError, "out must be writable, got a read-only array"):
        call(out)
    with raises(ValueError, "out must be writable, got a read-only array"):
        call(np.broadcast_to(np.float32(0), shape))
    assert not out.any()


# ---- workers ----

@pytest.mark.parametrize("workers", [0, -1, -10 ** 9])
def test_too_few_workers(workers):
    for x in (np.ones(4), np.ones((3, 4))):
        with raises(ValueError, f"workers must be at least 1, got {workers}"):
            NET(x, workers=workers)


@pytest.mark.parametrize("workers", [2.5, 2.0, "2", None, [2]])
def test_workers_that_are_no_integer(workers):
    with raises(TypeError, f"workers must be an integer, got {workers!r}"):
        NET(np.ones((3, 4)), workers=workers)


def test_workers_of_any_integer_type():
    for workers in (True, np.int64(2), np.uint8(3)):
        assert NET(np.ones((3, 4)), workers=workers).shape == (3, 2)


# ---- Dense ----

@not_real
def test_weights_that_are_not_real(value, dtype):
    if value is not None:
        with raises(TypeError, f"weight must hold real numbers, got dtype {dtype}"):
            Dense(value)
        with raises(TypeError, f"bias must hold real numbers, got dtype {dtype}"):
            Dense(np.ones((3, 4)), value)


def test_a_weight_of_none():
    with raises(TypeError, "weight must hold real numbers, got dtype object"):
        Dense(None)


def test_masked_weights():
    with raises(TypeError, MASKED_MESSAGE.format("weight")):
        Dense(MASKED)
    with raises(TypeError, MASKED_MESSAGE.format("bias")):
        Dense(np.ones((3, 4)), MASKED[:, 0])


@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4), (0, 4), (4, 0), (0, 0)])
def test_weight_of_the_wrong_shape(shape):
    with raises(ValueError, f"weight must have shape (n_out, n_in), both at least 1, got {shape}"):
        Dense(np.ones(shape))


@pytest.mark.parametrize("shape", [(), (4,), (2,), (0,), (3, 1), (1, 3)])
def test_bias_of_the_wrong_shape(shape):
    with raises(ValueError, "bias must have shape (3,) to match weight of shape (3, 4), "
                            f"got {shape}"):
        Dense(np.ones((3, 4)), np.ones(shape))


def test_ragged_weights():
    with pytest.raises(ValueError, match=r"^weight must be a regular array of real numbers: "):
        Dense([[1, 2], [3]])


KNOWN = ("identity, relu, sigmoid, tanh, softplus, silu, mish, gelu, selu, gelu_tanh, log_sigmoid, "
         "exp, softsign, hardsigmoid, hardswish, relu6, hardtanh, leaky_relu, elu, celu, clip, "
         "prelu, softmax, log_softmax")


@pytest.mark.parametrize("unknown", ["rleu", "", "RELU", "relu ", None, 1, b"relu", np.tanh])
def test_an_unknown_activation_names_the_known_ones(unknown):
    with raises(ValueError, f"activation must be one of {KNOWN}, got {unknown!r}"):
        Dense([[1.0]], None, unknown)


def test_an_unknown_activation_with_a_parameter():
    with raises(ValueError, f"activation must be one of {KNOWN}, got 'rleu'"):
        Dense([[1.0]], None, ("rleu", 0.5))


@pytest.mark.parametrize("empty", [(), []])
def test_an_empty_activation(empty):
    with pytest.raises(ValueError, match=re.escape(f"activation must be one of {KNOWN}")):
        Dense([[1.0]], None, empty)


@pytest.mark.parametrize("name", [name for name in core_kernels.activation_codes
                                  if name not in (*NAMES, "prelu")])
def test_a_parameter_for_an_activation_without_one(name):
    with raises(ValueError, f"activation {name} takes no parameter, got ({name!r}, 0.5)"):
        Dense([[1.0]], None, (name, 0.5))


@pytest.mark.parametrize("name", ["leaky_relu", "elu", "celu", "softplus"])
@pytest.mark.parametrize("bad", [("0.5",), (None,), (1j,), (0.5, 0.5), ([0.5],)])
def test_a_bad_parameter(name, bad):
    activation = (name, *bad)
    with raises(ValueError, f"activation {name} takes one real parameter, got {activation!r}"):
        Dense([[1.0]], None, activation)


@pytest.mark.parametrize("bad", [(), (1.0,), (1, 2, 3), ("0", 1), (0, None), (0, 1j), ([0, 1],)])
def test_bad_bounds(bad):
    activation = ("clip", *bad)
    with raises(ValueError, "activation clip takes two real parameters, low and high, got "
                            f"{activation!r}"):
        Dense([[1.0]], None, activation)


@pytest.mark.parametrize(("activation", "reason"), [
    (("clip", 2, 1), "low of clip must not be above high, got 2.0 and 1.0"),
    (("clip", np.nan, 1), "low of clip must not be above high, got nan and 1.0"),
    (("celu", 0), "alpha of celu must be positive and finite, got 0.0"),
    (("celu", np.nan), "alpha of celu must be positive and finite, got nan"),
    (("celu", np.inf), "alpha of celu must be positive and finite, got inf"),
    (("softplus", -1), "beta of softplus must be positive and finite, got -1.0"),
    ("prelu", "activation prelu takes its slopes, one number or one for each output, got 'prelu'"),
    (("prelu", 1, 2), "activation prelu takes its slopes, one number or one for each output, got "
                      "('prelu', 1, 2)"),
    (("prelu", [1, 2]), "slope of prelu must be one number or have shape (3,), one for each "
                        "output or column of x, got shape (2,)"),
    (("prelu", np.ones((1, 3))), "slope of prelu must be one number or have shape (3,), one for "
                                 "each output or column of x, got shape (1, 3)")])
def test_parameters_out_of_range(activation, reason):
    with raises(ValueError, reason):
        Dense(np.ones((3, 1)), None, activation)


def test_slopes_that_are_not_numbers():
    with raises(TypeError, "slope of prelu must hold real numbers, got dtype <U1"):
        Dense([[1.0]], None, ("prelu", ["a"]))
    with raises(TypeError, "slope of prelu must be a plain array, got a masked array: fill or "
                           "compress it first"):
        Dense([[1.0]], None, ("prelu", np.ma.masked_array([1.0])))


# ---- Network ----

@pytest.mark.parametrize("empty", [[], (), iter(())])
def test_no_layers(empty):
    with raises(ValueError, "layers must hold at least one layer, got none"):
        Network(empty)


@pytest.mark.parametrize(("wrong", "kind"), [
    ([np.ones((2, 2))], "ndarray"), ([None], "NoneType"), ([Dense], "type"), ("relu", "str"),
    ([Dense([[1.0]]), 1], "int"), ([NET], "Network"), ([(np.ones((2, 2)), None)], "tuple")])
def test_layers_that_are_not_dense(wrong, kind):
    with raises(TypeError, f"layers must be Dense, LayerNorm, RMSNorm or Residual, got {kind}"):
        Network(wrong)


@pytest.mark.parametrize("wrong", [None, 5, Dense([[1.0]])])
def test_layers_that_are_not_iterable(wrong):
    with raises(TypeError, "layers must be a sequence of Dense, LayerNorm, RMSNorm or Residual, "
                f"got {wrong!r}"):
        Network(wrong)


def test_layers_that_do_not_chain():
    layers = [Dense(np.ones((5, 3))), Dense(np.ones((2, 5))), Dense(np.ones((1, 4)))]
    with raises(ValueError, "layer 2 must take the 2 outputs of layer 1, "
                            "got weight of shape (1, 4)"):
        Network(layers)
    with raises(ValueError, "layer 1 must take the 5 outputs of layer 0, "
                            "got weight of shape (1, 4)"):
        Network([layers[0], layers[2]])


@pytest.mark.parametrize(("wrong", "said"), [
    (int, "int64"), (np.float16, "float16"), (complex, "complex128"), (np.longdouble, "float128"),
    ("U3", "<U3"), (object, "object"), (bool, "bool"), ([("x", "f4")], "[('x', '<f4')]"),
    ("no such dtype", "'no such dtype'"), (3, "3")])
def test_networks_are_float32_or_float64(wrong, said):
    if wrong is np.longdouble and np.dtype(wrong).itemsize == 8:
        pytest.skip("longdouble is float64 here")
    with contextlib.suppress(TypeError):
        said = str(np.dtype(wrong))
    with raises(TypeError, f"dtype must be float32 or float64, got {said}"):
        Network([Dense([[1.0]])], dtype=wrong)
    with raises(TypeError, f"dtype must be float32 or float64, got {said}"):
        Network.he((1, 1), dtype=wrong)


def test_dtype_is_for_the_keyword():
    with pytest.raises(TypeError):
        Network([Dense([[1.0]])], np.float64)


@pytest.mark.parametrize("sizes", [(), (4,)])
def test_too_few_sizes(sizes):
    with raises(ValueError, f"sizes must hold at least n_in and n_out, got {sizes}"):
        Network.he(sizes)


@pytest.mark.parametrize("sizes", [(4, 0), (0, 4), (4, -1), (-1, 4), (4, 0, 2)])
def test_sizes_below_one(sizes):
    with pytest.raises(ValueError) as info:
        Network.he(sizes)
    assert type(info.value) is ValueError


@pytest.mark.parametrize("sizes", [(4, 2.5), (2.5, 4), ("4", 2), (4, None)])
def test_sizes_that_are_not_integers(sizes):
    with pytest.raises(TypeError) as info:
        Network.he(sizes)
    assert type(info.value) is TypeError


def test_an_unknown_distribution():
    with raises(ValueError, "distribution must be one of normal, uniform, got 'cauchy'"):
        Network.he((4, 2), distribution="cauchy")


def test_an_unknown_activation_of_he():
    for name in ("activation", "output"):
        with raises(ValueError, f"{name} must be one of {KNOWN}, got 'rleu'"):
            Network.he((4, 4, 2), **{name: "rleu"})


# ---- products ----

@not_real
def test_factors_that_are_not_real(value, dtype):
    good = np.ones((4, 4))
    for name, call in (("W", lambda: matvec(value, good[0])), ("x", lambda: matvec(good, value)),
                       ("A", lambda: matmul(value, good)), ("B", lambda: matmul(good, value)),
                       ("bias", lambda: matvec(good, good[0], value))):
        if value is None or holds_numbers(value):
            continue
        with raises(TypeError, f"{name} must hold real numbers, got dtype {dtype}"):
            call()


def holds_numbers(value):
    """Whether products compute with it: tests/test_products.py, test_complex.py"""
    array = np.asarray(value)
    return array.dtype.kind == "c" or (array.dtype == object and all(
        isinstance(entry, numbers.Real | decimal.Decimal) for entry in array.flat))


def test_factors_of_none():
    for name, call in (("W", lambda: matvec(None, [1])), ("x", lambda: matvec([[1]], None)),
                       ("A", lambda: matmul(None, [[1]])), ("B", lambda: matmul([[1]], None))):
        with raises(TypeError, f"{name} must hold real numbers, got dtype object"):
            call()


def test_masked_factors():
    for name, call in (("W", lambda: matvec(MASKED, np.ones(4))),
                       ("x", lambda: matvec(np.ones((3, 4)), MASKED[0])),
                       ("bias", lambda: matvec(np.ones((3, 4)), np.ones(4), MASKED[:, 0])),
                       ("A", lambda: matmul(MASKED, np.ones((4, 2)))),
                       ("B", lambda: matmul(np.ones((2, 3)), MASKED))):
        with raises(TypeError, MASKED_MESSAGE.format(name)):
            call()


@pytest.mark.parametrize(("weight", "x", "bias", "message"), [
    ((4,), (4,), None, "W must have shape (..., n_out, n_in), got (4,)"),
    ((), (4,), None, "W must have shape (..., n_out, n_in), got ()"),
    *[((3, 4), x, None,
       f"x must have shape (4,) or (..., 4) to match W of shape (3, 4), got {x}")
      for x in ((3,), (), (4, 1))],
    *[((3, 4), (4,), bias,
       f"bias must have shape (3,) or (..., 3) to match W of shape (3, 4), got {bias}")
      for bias in ((4,), (), (3, 1))],
])
def test_matvec_of_shapes_that_do_not_fit(dtype, weight, x, bias, message):
    with raises(ValueError, message):
        matvec(np.ones(weight, dtype), np.ones(x, dtype),
               None if bias is None else np.ones(bias, dtype))


@pytest.mark.parametrize(("left", "right"), [
    ((3, 4), (3, 4)), ((3, 4), (4,)), ((4,), (4, 3)), ((), ()), ((1, 3, 4), (3, 3)),
    ((0, 4), (0, 4))])
def test_matmul_of_shapes_that_do_not_fit(dtype, left, right):
    with raises(ValueError, "A and B must have shapes (..., m, k) and (..., k, n), "
                f"got {left} and {right}"):
        matmul(np.ones(left, dtype), np.ones(right, dtype))


# ---- cost ----

@not_real
def test_cost_of_what_is_not_real(value, dtype):
    if value is not None:
        with raises(TypeError, f"result must hold real numbers, got dtype {dtype}"):
            cost(value, [1.0])
        with raises(TypeError, f"answer must hold real numbers, got dtype {dtype}"):
            cost([1.0], value)


def test_cost_of_none():
    with raises(TypeError, "result must hold real numbers, got dtype object"):
        cost(None, [1.0])
    with raises(TypeError, "answer must hold real numbers, got dtype object"):
        cost([1.0], None)


def test_cost_of_masked_arrays():
    with raises(TypeError, MASKED_MESSAGE.format("result")):
        cost(MASKED, np.ones((3, 4)))
    with raises(TypeError, MASKED_MESSAGE.format("answer")):
        cost(np.ones((3, 4)), MASKED)


@pytest.mark.parametrize(("result", "answer"), [
    ((3,), (4,)), ((3, 1), (3,)), ((2, 3), (3,)), ((), ()), ((3,), ()), ((2, 3), (1, 3))])
def test_cost_of_shapes_that_differ(result, answer):
    with raises(ValueError, "result and answer must have the same shape (..., n), "
                            f"got {result} and {answer}"):
        cost(np.ones(result), np.ones(answer))


@pytest.mark.parametrize(("name", "call"), [
    ("x", lambda gap: fit_line(gap, [1.0, 2.0, 4.0])),
    ("y", lambda gap: fit_linear(np.eye(3)[:, :1], gap)),
    ("X", lambda gap: fit_linear([gap, gap, gap, gap], np.ones(4))),
    ("x", lambda gap: Network([Dense(np.eye(3))])(gap)),
    ("weight", lambda gap: Dense([gap])),
    ("A", lambda gap: rref([gap])),
    ("b", lambda gap: solve(np.eye(3), gap)),
    ("radius", lambda gap: orbit.circular_speed(radius=gap, star_mass=2e30))])
def test_none_among_numbers_is_told_of_nan(name, call):
    with raises(TypeError, f"{name} must hold real numbers, got dtype {OF_NONE}"):
        call([1.0, None, 3.0])
