"""Activations: accuracy, special values, layouts, and what makes a ufunc a ufunc.

bench/accuracy.py looks at every float32 value; here are dense samples of all exponents.
"""
import doctest
import pickle

import mpmath
import numpy as np
import pytest
from arrays import LAYOUTS, Fenced, guarded
from helpers import OF_COMPLEX, OF_NONE, raises, same_bits
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from levels import kernels_of
from numpy.exceptions import AxisError

from mathwork import _levels, activations

UFUNCS = ["relu", "sigmoid", "tanh", "softplus", "silu", "mish", "gelu", "selu", "gelu_tanh",
          "log_sigmoid", "exp", "softsign", "hardsigmoid", "hardswish", "relu6", "hardtanh"]
FUNCTIONS = ["identity", "leaky_relu", "elu", "celu", "clip", "prelu", "softmax", "log_softmax"]
# Largest error in ulp, in any dtype and at any level.
BOUNDS = {"relu": 0, "sigmoid": 1.9, "tanh": 1.6, "softplus": 2, "silu": 1.4, "mish": 1.4,
          "gelu": 4, "selu": 2, "elu": 1.4, "gelu_tanh": 2, "log_sigmoid": 2, "exp": 1.1,
          "softsign": 1.5, "hardsigmoid": 1.1, "hardswish": 2, "relu6": 0, "hardtanh": 0,
          "celu": 2, "clip": 0}
# At -inf, -0.0, 0.0 and inf, by the definitions; silu, mish and gelu have the sign they come with.
LIMITS = {
    "relu": (0.0, 0.0, 0.0, np.inf), "sigmoid": (0.0, 0.5, 0.5, 1.0),
    "tanh": (-1.0, -0.0, 0.0, 1.0), "softplus": (0.0, np.log(2), np.log(2), np.inf),
    "silu": (-0.0, -0.0, 0.0, np.inf), "mish": (-0.0, -0.0, 0.0, np.inf),
    "gelu": (-0.0, -0.0, 0.0, np.inf),
    "selu": (-1.0507009873554805 * 1.6732632423543772, -0.0, 0.0, np.inf),
    "elu": (-1.0, -0.0, 0.0, np.inf),
    "gelu_tanh": (-0.0, -0.0, 0.0, np.inf), "exp": (0.0, 1.0, 1.0, np.inf),
    "log_sigmoid": (-np.inf, -np.log(2), -np.log(2), -0.0), "softsign": (-1.0, -0.0, 0.0, 1.0),
    "hardsigmoid": (0.0, 0.5, 0.5, 1.0), "hardswish": (-0.0, -0.0, 0.0, np.inf),
    "relu6": (0.0, 0.0, 0.0, 6.0), "hardtanh": (-1.0, -0.0, 0.0, 1.0),
    "celu": (-1.5, -0.0, 0.0, np.inf), "clip": (-0.5, -0.0, 0.0, 2.0),
}
# celu and clip have exact parameters in both dtypes.
PARAMETERS = {"leaky_relu": (0.01,), "elu": (1.0,), "celu": (1.5,), "clip": (-0.5, 2.0),
              "prelu": (0.3,)}
every_ufunc = pytest.mark.parametrize("name", UFUNCS)
every_function = pytest.mark.parametrize("name", UFUNCS + FUNCTIONS)


def of_level(kernels, name):
    """The activation computed by the kernels of one level."""
    if name in UFUNCS:
        return kernels.activation_ufunc(name, "")

    def function(x):
        y = np.array(x)
        in_place(kernels, name, y)
        return y
    return function


def in_place(kernels, name, y, parameters=None):
    """y = activation(y), by the parameters of PARAMETERS if none are given"""
    if parameters is None:
        parameters = PARAMETERS.get(name, ())
    if name == "prelu":
        count = y.shape[-1] if y.ndim else 1
        parameters = (np.ascontiguousarray(np.broadcast_to(parameters[0], count), y.dtype),)
    kernels.activate_in_place(name, parameters, y)


def public(name):
    """The public function, with the parameters of PARAMETERS where it has no defaults."""
    function = getattr(activations, name)
    if name not in ("clip", "prelu"):
        return function
    return lambda x: function(x, *PARAMETERS[name])


def exact(name, x):
    """The definition in 60 digits."""
    with mpmath.workdps(60):
        x = mpmath.mpf(float(x))
        scale = alpha = mpmath.mpf(1)
        if name == "selu":
            scale = mpmath.mpf("1.0507009873554804934193349852946")
            alpha = mpmath.mpf("1.6732632423543772848170429916717")
        if name in ("selu", "elu"):
            return scale * (x if x > 0 else alpha * mpmath.expm1(x))
        if name in ("celu", "clip"):
            return exact_with(name, x, *PARAMETERS[name])
        return {"relu": lambda: max(x, mpmath.mpf(0)),
                "sigmoid": lambda: 1 / (1 + mpmath.exp(-x)),
                "tanh": lambda: mpmath.tanh(x),
                "softplus": lambda: mpmath.log1p(mpmath.exp(x)),
                "silu": lambda: x / (1 + mpmath.exp(-x)),
                "mish": lambda: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
                "gelu": lambda: x * mpmath.ncdf(max(-100, min(x, 100))),
                "gelu_tanh": lambda: x / (1 + mpmath.exp(
                    -mpmath.sqrt(8 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x ** 3))),
                "log_sigmoid": lambda: -mpmath.log1p(mpmath.exp(-x)),
                "exp": lambda: mpmath.exp(x),
                "softsign": lambda: x / (1 + abs(x)),
                "hardsigmoid": lambda: max(0, min(x + 3, 6)) / mpmath.mpf(6),
                "hardswish": lambda: x * max(0, min(x + 3, 6)) / 6,
                "relu6": lambda: max(0, min(x, 6)),
                "hardtanh": lambda: max(-1, min(x, 1))}[name]()


def exact_with(name, x, *parameters):
    """The definition of an activation with parameters, in 60 digits."""
    with mpmath.workdps(60):
        x = mpmath.mpf(float(x))
        a, b = (mpmath.mpf(float(each)) for each in (*parameters, 0)[:2])
        return {"celu": lambda: x if x > 0 else a * mpmath.expm1(x / a),
                "clip": lambda: max(a, min(x, b)),
                "softplus": lambda: mpmath.log1p(mpmath.exp(a * x)) / a}[name]()


def ulp_error(result, true):
    """|result - true| in units in the last place of `true` in the type of `result`."""
    info = np.finfo(result.dtype)
    exponent = int(mpmath.floor(mpmath.log(abs(true), 2))) if true else int(info.minexp)
    quantum = mpmath.mpf(2) ** (max(exponent, int(info.minexp)) - int(info.nmant))
    return float(abs(mpmath.mpf(float(result)) - true) / quantum)


def sample(dtype, rng, size=300):
    """Numbers of every exponent, subnormal ones, and many where the functions bend."""
    info = np.finfo(dtype)
    tiny = info.smallest_subnormal
    tail = 110 if dtype == np.float32 else 760
    exponents = np.linspace(info.minexp - info.nmant, info.maxexp - 1, size)
    x = np.concatenate([
        rng.choice([-1, 1], size) * np.ldexp(rng.uniform(1, 2, size), exponents.astype(int)),
        rng.normal(size=size, scale=0.3), rng.normal(size=size, scale=3),
        rng.uniform(-tail, 40, size), [tiny, -tiny, info.tiny, -info.tiny, info.max, info.min]])
    return x.astype(dtype)


def around(dtype, points, reach):
    """The numbers next to each of `points`, so many on each side, and their negatives."""
    x = np.array(points, dtype)
    steps = np.arange(-reach, reach + 1, dtype=f"i{dtype.itemsize}")
    x = (x.view(steps.dtype)[:, None] + steps).view(dtype).ravel()
    return np.concatenate([x, -x])


def mixed(dtype, shape, rng):
    """Ordinary and special values, NaN of several payloads among them."""
    x = rng.normal(size=shape, scale=4).astype(dtype)
    flat = x.reshape(-1)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 1e-40, -1e-40, -100], dtype)
    count = min(flat.size, len(special))
    flat[:count] = special[:count]
    flat[...] = rng.permutation(flat)
    return x


def payloads(dtype, shape, rng):
    """NaN of random payloads and signs."""
    unsigned = np.dtype(f"u{dtype.itemsize}")
    nan = np.array(np.inf, dtype).view(unsigned)
    bits = rng.integers(1, 1 << np.finfo(dtype).nmant, shape, dtype=unsigned)
    signs = rng.integers(0, 2, shape, dtype=unsigned) << unsigned.type(8 * dtype.itemsize - 1)
    return (nan | bits | signs).view(dtype)


# ---- accuracy ----

@pytest.mark.parametrize("name", BOUNDS)
def test_error_bound(kernels, name, dtype, rng):
    x = sample(dtype, rng)
    result = of_level(kernels, name)(x)
    assert result.dtype == dtype
    errors = [ulp_error(value, exact(name, argument))
              for value, argument in zip(result, x, strict=True)
              if abs(argument) < np.finfo(dtype).max / 2
              and (name != "exp" or argument < np.log(np.finfo(dtype).max))]
    assert max(errors) <= BOUNDS[name]


# Where float32 goes from one polynomial to the next, (u - 1) / 1.625 and u - 1 for u = 1.5, 2, 3
# ..., where it has its last value, and where the multiple of ln 2 changes.
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "silu", "mish", "gelu",
                                  "gelu_tanh", "log_sigmoid", "exp", "celu", "hardswish"])
def test_error_bound_at_seams(kernels, name, dtype):
    ends = np.array([1.5, 2, 3, 4, 6, 8, 12, 16]) - 1
    turns = (np.arange(1, 40, 2) / 2) * np.log(2)
    points = np.concatenate([ends, ends / 1.625, [9.01, 9.2, 14.9, 18.7, 36.7, 38.5], turns,
                             turns / 2, np.sqrt(2 * turns)])
    x = around(dtype, points, 4)
    result = of_level(kernels, name)(x)
    errors = [ulp_error(value, exact(name, argument))
              for value, argument in zip(result, x, strict=True)]
    assert max(errors) <= BOUNDS[name]


# Error of softplus with a beta, and of celu with another alpha, small, large and negative numbers.
@pytest.mark.parametrize(("name", "parameter", "bound"), [
    ("softplus", 2.5, 2.3), ("softplus", 0.3125, 2.3), ("softplus", 0.01171875, 2.3),
    ("softplus", 300, 2.3), ("celu", 0.3125, 2), ("celu", 100, 2), ("celu", 2.0**-20, 2)])
def test_error_bound_with_a_parameter(kernels, name, parameter, bound, dtype, rng):
    x = np.concatenate([sample(dtype, rng), rng.uniform(-110, 10, 300) / parameter,
                        rng.uniform(-3, 3, 300) / parameter, rng.uniform(-3, 3, 300) * parameter])
    x = x.astype(dtype)
    y = x.copy()
    kernels.activate_in_place(name, (parameter,), y)
    errors = [ulp_error(value, exact_with(name, argument, parameter))
              for value, argument in zip(y, x, strict=True)
              if abs(argument) < np.finfo(dtype).max / 512]
    assert max(errors) <= bound


@pytest.mark.parametrize("name", ["softplus", "celu"])
@pytest.mark.parametrize("parameter", [1e-300, 1e-40, 1e-30, 1e30, 1e40, 1e300])
def test_absurd_parameters_give_no_nan(kernels, name, parameter, dtype, rng):
    y = np.concatenate([rng.normal(size=40), [0.0, -0.0]]).astype(dtype)
    x = y.copy()
    with np.errstate(over="ignore"):
        known = 0 < dtype.type(parameter) < np.inf and 0 < 1 / dtype.type(parameter) < np.inf
    kernels.activate_in_place(name, (parameter,), y)
    if known and name == "celu":
        assert not np.isnan(y).any() and (y[x >= 0] == x[x >= 0]).all()


def test_softplus_with_beta_one_has_the_bits_of_the_ufunc(kernels, dtype, rng):
    from mathwork.nn import Dense
    x = mixed(dtype, 300, rng)
    y = x.copy()
    kernels.activate_in_place("softplus", (), y)
    assert same_bits(y, of_level(kernels, "softplus")(x))
    assert Dense([[1.0]], None, ("softplus", 1)).activation == "softplus"


def test_exp_overflows_where_the_result_does(kernels, dtype):
    exp = of_level(kernels, "exp")
    last = np.log(np.finfo(dtype).max)      # rounded: its exponential may be on either side
    below, above = (np.nextafter(last, dtype.type(side), dtype=dtype) for side in (0, np.inf))
    x = np.array([np.nextafter(below, dtype.type(0)), np.nextafter(above, dtype.type(np.inf)),
                  1e30, np.finfo(dtype).max], dtype)
    assert np.isfinite(exp(x)).tolist() == [True, False, False, False]


def test_clip_keeps_what_is_within_its_bounds(kernels, dtype, rng):
    x = mixed(dtype, 500, rng)
    for low, high in ((-1.0, 1.0), (0.0, 6.0), (-0.5, np.inf), (-np.inf, 2.0), (1.0, 1.0)):
        y = x.copy()
        kernels.activate_in_place("clip", (low, high), y)
        inside = (x >= low) & (x <= high) | np.isnan(x)
        assert same_bits(y[inside], x[inside])
        assert (y[x < low] == low).all() and (y[x > high] == high).all()
    assert same_bits(of_level(kernels, "hardtanh")(x), activations.clip(x, -1, 1))
    assert same_bits(of_level(kernels, "relu6")(x), activations.clip(activations.relu(x), 0, 6))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 40])
def test_prelu_has_a_slope_for_each_channel(kernels, n, dtype, rng):
    x, slope = mixed(dtype, (37, n), rng), rng.normal(size=n).astype(dtype)
    y = x.copy()
    kernels.activate_in_place("prelu", (slope,), y)
    np.testing.assert_array_equal(y, np.where(x > 0, x, slope * x))
    assert same_bits(activations.prelu(x, slope), y)
    assert same_bits(activations.prelu(x[3], slope), y[3])
    assert same_bits(activations.prelu(x, 0.3), activations.leaky_relu(x, 0.3))
    assert same_bits(activations.prelu(x[:, :1], slope[:1]), y[:, :1])
    with raises(ValueError, f"slope of prelu must be one number or have shape ({n},), one for "
                            f"each output or column of x, got shape ({n + 1},)"):
        activations.prelu(x, np.zeros(n + 1))
    for wrong in (slope[:-1], slope.astype("f2"), slope.tolist(), np.zeros((n, 1), dtype)):
        with raises(ValueError, f"prelu takes a plain array of {n} slopes, in the dtype of its "
                                "input"):
            kernels.activate_in_place("prelu", (wrong,), y)


def test_tanh_reaches_one(kernels, dtype):
    # 1 - tanh x < 2^-26 from 9.37 on, < 2^-55 from 19.5 on
    x = np.array([9.4, 12, 1e4, np.inf] if dtype == np.float32 else [19.5, 25, 1e9, np.inf], dtype)
    assert same_bits(of_level(kernels, "tanh")(x), np.ones_like(x))
    assert same_bits(of_level(kernels, "tanh")(-x), -np.ones_like(x))


def test_tails_do_not_vanish():
    # e^-80, 100 e^-100, e^-100 and 12 Phi(-12) are above the least positive float32
    narrow = np.float32
    assert activations.sigmoid(narrow(-80)) == pytest.approx(1.8048513878454153e-35, rel=1e-6)
    assert activations.sigmoid(narrow(-103)) > 0
    assert activations.silu(narrow(-100)) < 0
    # where e^2x is far below e^x, mish is x e^x
    assert activations.mish(narrow(-80)) == pytest.approx(-80 * 1.8048513878454153e-35, rel=1e-6)
    assert activations.mish(narrow(-100)) < 0
    assert activations.softplus(narrow(-100)) > 0
    assert activations.log_sigmoid(narrow(100)) < 0 < activations.exp(narrow(-103))
    # tanh(u) = -1 + 2 e^2u: x e^2u at -10, where 2 u = -87.31...
    assert activations.gelu_tanh(narrow(-10.5)) < 0
    # Phi(-12) = 1.776482112077679e-33: DLMF 7.12.1 summed in 50 digits with mpmath.ncdf
    assert activations.gelu(narrow(-12)) == pytest.approx(-12 * 1.776482112077679e-33, rel=1e-6)


@pytest.mark.parametrize("name", LIMITS)
def test_limits_and_signs_of_zero(kernels, name, dtype):
    result = of_level(kernels, name)(np.array([-np.inf, -0.0, 0.0, np.inf], dtype))
    np.testing.assert_allclose(result, LIMITS[name], rtol=2 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(np.signbit(result), np.signbit(LIMITS[name]))


@pytest.mark.parametrize("name", [*UFUNCS, "leaky_relu", "elu", "celu", "clip", "prelu",
                                  "identity"])
def test_nan_of_any_payload_gives_nan(kernels, name, dtype, rng):
    x = payloads(dtype, 2000, rng)
    assert np.isnan(x).all()
    assert np.isnan(of_level(kernels, name)(x)).all()


def test_relu_of_minus_zero_has_the_bits_of_zero(dtype):
    assert activations.relu(np.array([-0.0], dtype)).tobytes() == bytes(dtype.itemsize)


# ---- bits ----

@every_function
def test_levels_with_fused_multiply_add_agree(name, dtype, rng):
    levels = [level for level in ("v3", "v4") if level in _levels.supported()]
    if len(levels) < 2:
        pytest.skip("needs two levels with fused multiply-add on one machine")
    x = np.concatenate([mixed(dtype, (37, 53), rng), payloads(dtype, (10, 53), rng)])
    results = [of_level(kernels_of(level), name)(x)
               for level in levels]
    assert same_bits(*results)


@every_function
def test_position_does_not_matter(kernels, name, dtype, rng):
    function = of_level(kernels, name)
    x = mixed(dtype, 100, rng)
    if "softmax" in name:
        rows = rng.normal(size=(9, 100)).astype(dtype)
        assert same_bits(function(rows), np.stack([function(row) for row in rows]))
    else:
        whole = function(x)
        for start in range(20):
            for size in (1, 2, 3, 7, 8, 9, 16, 17, 31):
                part = slice(start, start + size)
                assert same_bits(function(x[part].copy()), whole[part])


@every_function
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_give_the_bits_of_a_clean_copy(name, layout, dtype, rng):
    function = public(name)
    for shape in [(0,), (1,), (5,), (700,), (3, 0), (9, 40), (2, 3, 5)]:
        clean = mixed(dtype, shape, rng)
        awkward = LAYOUTS[layout](clean)
        before = awkward.tobytes()
        wanted, result = function(clean), function(awkward)
        assert wanted.shape == shape
        assert same_bits(wanted, np.asarray(result))
        assert awkward.tobytes() == before


@every_function
def test_broadcast_and_zero_dimensional(name, dtype):
    function = public(name)
    row = np.array([0.5, -1.5, 3], dtype)
    assert same_bits(function(np.broadcast_to(row, (400, 3))), np.stack([function(row)] * 400))
    if "softmax" not in name:
        for scalar in (row[1], row[1:2].reshape(()), np.array(row[1], dtype.newbyteorder())):
            assert same_bits(function(scalar), function(row)[1])


@every_function
@pytest.mark.parametrize("side", ["start", "end"])
def test_nothing_is_touched_past_an_end(kernels, name, side, dtype, rng):
    function = of_level(kernels, name)
    for size in (1, 3, 7, 8, 15, 16, 17, 33):
        x = rng.normal(size=size).astype(dtype)
        wanted = function(x)
        inside = guarded(x, side)
        if name in UFUNCS:
            assert same_bits(function(inside, out=inside), wanted)
        else:
            in_place(kernels, name, inside)
            assert same_bits(inside, wanted)


# ---- ufuncs ----

@every_ufunc
def test_is_a_ufunc_with_two_loops(name):
    ufunc = getattr(activations, name)
    assert type(ufunc) is np.ufunc
    assert (ufunc.nin, ufunc.nout, ufunc.types) == (1, 1, ["f->f", "d->d"])
    assert ufunc.__name__ == name


@every_ufunc
def test_out_where_and_in_place(name, dtype, rng):
    ufunc = getattr(activations, name)
    x = mixed(dtype, 600, rng)
    wanted = ufunc(x)
    fenced = Fenced(600, dtype)
    assert ufunc(x, out=fenced.array) is fenced.array
    assert same_bits(fenced.array, wanted)
    assert fenced.is_whole()
    strided = np.zeros(1800, dtype)
    ufunc(x, out=strided[1::3])
    assert same_bits(strided[1::3].copy(), wanted)
    assert not strided[::3].any() and not strided[2::3].any()
    in_place = x.copy()
    ufunc(in_place, out=in_place)
    assert same_bits(in_place, wanted)
    overlapping = np.append(x, dtype.type(0))
    ufunc(overlapping[:-1], out=overlapping[1:])
    assert same_bits(overlapping[1:], wanted)
    mask = rng.random(600) < 0.5
    partly = np.full(600, 7, dtype)
    ufunc(x, out=partly, where=mask)
    assert same_bits(partly, np.where(mask, wanted, dtype.type(7)))
    with pytest.raises(ValueError, match="read-only"):
        frozen = np.zeros(600, dtype)
        frozen.flags.writeable = False
        ufunc(x, out=frozen)


@every_ufunc
def test_ufunc_casting(name):
    ufunc = getattr(activations, name)
    for dtype, result in [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("i1", "f4"), ("u2", "f4"),
                          ("i4", "f8"), ("i8", "f8"), ("u8", "f8"), ("?", "f4")]:
        assert ufunc(np.zeros(3, dtype)).dtype == result
    assert type(ufunc(1)) is type(ufunc(1.5)) is np.float64
    assert type(ufunc(np.float32(1.5))) is np.float32
    for bad in (1j, "text", np.array([None]), np.zeros(2, "i4,i4"), np.zeros(2, "M8[s]")):
        with pytest.raises(TypeError, match=f"ufunc '{name}' not supported"):
            ufunc(bad)


@every_ufunc
def test_masked_arrays_keep_their_mask(name):
    x = np.ma.masked_array([1.0, -2.0, 3.0], mask=[False, True, False])
    result = getattr(activations, name)(x)
    assert isinstance(result, np.ma.MaskedArray)
    assert result.mask.tolist() == [False, True, False]


@every_ufunc
def test_array_ufunc_protocol(name):
    class Wrapped:
        def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
            return ufunc, method
    ufunc = getattr(activations, name)
    assert ufunc(Wrapped()) == (ufunc, "__call__")


# pickle looks for a ufunc of NumPy 2.1 in every module, some of which warn.
@pytest.mark.filterwarnings("ignore:the .* module is deprecated:DeprecationWarning")
@every_function
def test_pickles_by_its_public_name(name):
    function = getattr(activations, name)
    pickled = pickle.dumps(function)
    assert pickle.loads(pickled) is function
    assert b"mathwork.activations" in pickled
    assert b"_core" not in pickled


@every_function
def test_never_warns(kernels, name, dtype, rng):
    # Warnings are errors in this suite; errstate turns on those that NumPy leaves out.
    x = np.concatenate([mixed(dtype, 64, rng), sample(dtype, rng, 50)])
    with np.errstate(all="raise"):
        of_level(kernels, name)(x)
        public(name)(x)
        public(name)(x[::2])


def test_parameterless_only():
    for name in FUNCTIONS[1:]:
        with raises(ValueError, f"{name} is not elementwise without a parameter"):
            _levels.core.activation_ufunc(name, "")


@every_ufunc
def test_ufuncs_cast_as_numpy_does(name):
    """float32 where it holds every value of the type, else float64"""
    ufunc = getattr(activations, name)
    for code in "?bBhHiIlLqQefd":
        x = np.ones(3, code)
        y = ufunc(x)
        assert y.dtype == np.result_type(code, np.float32)
        assert same_bits(y, ufunc(x.astype(y.dtype)))


# ---- functions ----

@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_dtypes(name):
    function = public(name)
    for dtype, result in [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("i1", "f8"), ("u8", "f8"),
                          ("?", "f8"), ("g", "f8")]:
        assert function(np.ones(3, dtype)).dtype == result
    assert function([1, 2]).dtype == np.float64


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_refuses(name):
    function = public(name)
    pairs = np.zeros(2, "i4,i4")
    for bad, dtype in ((np.ones(2, complex), OF_COMPLEX), (np.array(["a"]), "<U1"),
                       (np.array([None]), OF_NONE), (pairs, pairs.dtype),
                       (np.zeros(2, "M8[s]"), "datetime64[s]")):
        with raises(TypeError, f"x must hold real numbers, got dtype {dtype}"):
            function(bad)
    with raises(TypeError, "x must be a plain array, got a masked array: "
                           "fill or compress it first"):
        function(np.ma.masked_array([1.0]))


@pytest.mark.parametrize("name", ["identity", "leaky_relu", "elu", "celu", "clip", "prelu"])
def test_scalars_give_scalars(name):
    function = public(name)
    assert type(function(1.5)) is type(function(2)) is type(function(np.array(1.5))) is np.float64
    assert type(function(np.float32(1.5))) is type(function(np.float16(1.5))) is np.float32


def test_parameters():
    x = np.array([-2.0, -0.0, 3.0, -np.inf])
    np.testing.assert_array_equal(activations.leaky_relu(x), [-0.02, -0.0, 3.0, -np.inf])
    np.testing.assert_array_equal(activations.leaky_relu(x, slope=-1), [2.0, 0.0, 3.0, np.inf])
    np.testing.assert_allclose(activations.elu(x, alpha=2.5),
                               [2.5 * np.expm1(-2), 0.0, 3.0, -2.5], rtol=1e-15)
    np.testing.assert_array_equal(activations.elu(x, 0.0), [0, 0, 3, 0])


def test_identity_copies(dtype):
    x = np.arange(3, dtype=dtype)
    assert same_bits(activations.identity(x), x)
    assert not np.shares_memory(activations.identity(x), x)


# ---- softmax ----

@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_axis(name, dtype, rng):
    function = getattr(activations, name)
    x = rng.normal(size=(4, 5, 6)).astype(dtype)
    for axis in range(-3, 3):
        rows = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])
        wanted = np.stack([function(row) for row in rows])
        result = np.moveaxis(function(x, axis), axis, -1)
        assert same_bits(result.reshape(wanted.shape), wanted)
    with raises(AxisError, "axis 3 is out of bounds for x of dimension 3"):
        function(x, 3)
    with raises(AxisError, "axis -1 is out of bounds for x of dimension 0"):
        function(1.0)
    with pytest.raises(TypeError):
        function(x, 0.5)
    assert function(np.ones((3, 0), dtype)).shape == (3, 0)
    assert function(np.ones((0, 3), dtype), 1).shape == (0, 3)


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 100])
def test_softmax_against_extended_precision(kernels, n, dtype, rng):
    x = (rng.normal(size=(20, n)) * rng.choice([0.1, 3, 30], (20, 1))).astype(dtype)
    wide = x.astype(np.longdouble)
    wide -= wide.max(axis=-1, keepdims=True)
    powers = np.exp(wide)
    eps = np.finfo(dtype).eps
    tiny = np.finfo(dtype).tiny
    wanted = powers / powers.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(of_level(kernels, "softmax")(x), wanted, rtol=6 * eps, atol=tiny)
    np.put_along_axis(powers, powers.argmax(axis=-1)[:, None], 0, axis=-1)
    wanted = wide - np.log1p(powers.sum(axis=-1, keepdims=True))
    np.testing.assert_allclose(of_level(kernels, "log_softmax")(x), wanted, rtol=4 * eps,
                               atol=tiny)


def test_softmax_of_special_rows(kernels, dtype):
    softmax, log_softmax = of_level(kernels, "softmax"), of_level(kernels, "log_softmax")
    inf, nan, most = np.inf, np.nan, np.finfo(dtype).max
    rows = {(1, nan, 2): (nan, nan, nan), (1, inf, 2): (nan, nan, nan), (inf, -inf): (nan, nan),
            (-inf, -inf): (nan, nan), (0, -inf, 0): (0.5, 0, 0.5), (-inf, 7): (0, 1),
            (most, -most): (1, 0), (-most, -inf): (1, 0), (3,): (1,), (nan,): (nan,)}
    for row, wanted in rows.items():
        x = np.array(row, dtype)
        np.testing.assert_array_equal(softmax(x), np.array(wanted, dtype))
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(log_softmax(x), np.log(np.array(wanted, dtype)),
                                       rtol=np.finfo(dtype).eps)
    # 2^24 is far beyond where x - 110 is another float32
    apart = np.array([2.0**30, 2.0**30 - 2048], dtype)
    assert softmax(apart).tolist() == [1.0, 0.0]


@given(hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e3, 1e3)))
def test_softmax_is_a_distribution(x):
    result = activations.softmax(x)
    assert (result >= 0).all()
    assert result.sum() == pytest.approx(1, rel=1e-14)
    assert np.argmax(result) == np.argmax(x) or result[np.argmax(x)] == result.max()


@given(hnp.arrays(np.float64, st.integers(1, 40), elements=st.integers(-100, 100)),
       st.integers(-1000, 1000))
def test_softmax_does_not_see_a_shift(x, shift):
    # x + shift is exact for integers
    assert same_bits(activations.softmax(x + shift), activations.softmax(x))


@given(hnp.arrays(np.float32, 40, elements=st.floats(-200, 200, width=32)))
def test_identities(x):
    sigmoid, tanh, relu = activations.sigmoid, activations.tanh, activations.relu
    assert same_bits(tanh(-x), -tanh(x))
    np.testing.assert_array_equal(relu(x) - relu(-x), x)
    np.testing.assert_allclose(sigmoid(x) + sigmoid(-x), 1, rtol=3e-7)
    np.testing.assert_allclose(activations.softplus(x) - activations.softplus(-x), x,
                               rtol=3e-7, atol=3e-7)


# ---- documentation ----

@every_function
def test_docstring(name):
    function = getattr(activations, name)
    assert all(section in function.__doc__ for section in
               ("Parameters\n", "Returns\n", "Examples\n"))
    test = doctest.DocTestParser().get_doctest(function.__doc__, {}, name, None, 0)
    assert test.examples
    report = []
    doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert not report, "".join(report)


def test_public_names():
    assert sorted(activations.__all__) == sorted(UFUNCS + FUNCTIONS)
    assert set(activations.__all__) == set(_levels.core.activation_codes)
