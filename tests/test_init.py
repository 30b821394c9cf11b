"""He initialisation: the distributions, by their moments and by Kolmogorov's distance."""
import math

import numpy as np
import pytest
import reference
from helpers import raises, run_python, same_bits

from mathwork import _levels
from mathwork.init import (
    glorot_normal,
    glorot_uniform,
    he_limit,
    he_normal,
    he_std,
    he_uniform,
    he_variance,
    lecun_normal,
    lecun_uniform,
    normal_pdf,
    orthogonal,
    uniform_pdf,
)

N_IN = 50
SHAPE = (8000, N_IN)        # 400,000 weights

# Standard deviation of N(0, 1) cut at two: the constant that Keras and JAX divide by
# (keras.initializers.VarianceScaling, jax.nn.initializers.variance_scaling).
TRUNCATED_STD = 0.87962566103423978


def normal_cdf(x):
    return np.vectorize(math.erf)(x / math.sqrt(2)) / 2 + 0.5


def truncated_cdf(x):
    return (normal_cdf(np.clip(x, -2, 2)) - normal_cdf(-2)) / (normal_cdf(2) - normal_cdf(-2))


def draw_normal(dtype):
    return he_normal(SHAPE, dtype=dtype, rng=1)


def draw_truncated(dtype):
    return he_normal(SHAPE, dtype=dtype, rng=2, truncated=True)


def draw_uniform(dtype):
    return he_uniform(SHAPE, dtype=dtype, rng=3)


STD = math.sqrt(2 / N_IN)
LIMIT = math.sqrt(6 / N_IN)
# The draw, its exact distribution, and E x^4 / (E x^2)^2: 3, 9/5, and for the cut normal from
# E x^2 = 1 - 2 c phi(c) / Z, E x^4 = 3 E x^2 - 2 c^3 phi(c) / Z with c = 2 (by parts).
_PHI, _Z = math.exp(-2) / math.sqrt(2 * math.pi), math.erf(math.sqrt(2))
_SECOND = 1 - 4 * _PHI / _Z
DRAWS = {
    "normal": (draw_normal, lambda x: normal_cdf(x / STD), 3.0),
    "truncated": (draw_truncated, lambda x: truncated_cdf(x / STD * TRUNCATED_STD),
                  (3 * _SECOND - 16 * _PHI / _Z) / _SECOND ** 2),
    "uniform": (draw_uniform, lambda x: np.clip((x + LIMIT) / (2 * LIMIT), 0, 1), 1.8),
}
draws = pytest.mark.parametrize(("draw", "cdf", "kurtosis"), DRAWS.values(), ids=DRAWS)


def test_the_cut_normal_has_the_published_deviation():
    assert math.sqrt(_SECOND) == pytest.approx(TRUNCATED_STD, rel=1e-14)


# ---- distributions ----

@draws
def test_moments(dtype, draw, cdf, kurtosis):
    weight = draw(dtype)
    assert weight.shape == SHAPE and weight.dtype == dtype
    x = weight.astype(np.float64).ravel() / STD
    n = x.size
    # Five standard deviations of each estimate, those of the last two from below by 15 and 106,
    # the sixth and eighth moments of the normal distribution.
    assert abs(x.mean()) < 5 / math.sqrt(n)
    assert abs((x ** 2).mean() - 1) < 5 * math.sqrt((kurtosis - 1) / n)
    assert abs((x ** 3).mean()) < 5 * math.sqrt(15 / n)
    assert abs((x ** 4).mean() - kurtosis) < 5 * math.sqrt(105 / n)


@draws
def test_distance_from_the_exact_distribution(dtype, draw, cdf, kurtosis):
    # Kolmogorov: P(sqrt(n) D > 1.95) = 0.001.
    sample = draw(dtype).ravel()[:100_000]
    assert reference.kolmogorov_distance(sample, cdf) < 1.95 / math.sqrt(sample.size)


@draws
def test_neighbours_are_independent(dtype, draw, cdf, kurtosis):
    x = draw(dtype).astype(np.float64) / STD
    for left, right in ((x[:, :-1], x[:, 1:]), (x[:-1], x[1:])):
        assert abs((left * right).mean()) < 5 / math.sqrt(left.size)


def test_the_distance_notices_a_wrong_deviation():
    wrong = draw_normal(np.float64).ravel()[:100_000] * 1.02
    assert reference.kolmogorov_distance(wrong, DRAWS["normal"][1]) > 1.95 / math.sqrt(wrong.size)


def test_truncated_weights_stay_within_two_deviations(dtype):
    limit = 2 * STD / TRUNCATED_STD
    extreme = np.abs(draw_truncated(dtype)).max()
    assert 0.99 * limit < extreme <= np.nextafter(dtype.type(limit), dtype.type(1))


def test_uniform_weights_stay_within_the_limit(dtype):
    weight = draw_uniform(dtype)
    assert dtype.type(-LIMIT) <= weight.min() < -0.99 * LIMIT
    assert 0.99 * LIMIT < weight.max() <= dtype.type(LIMIT)


def test_normal_weights_have_tails():
    assert np.abs(draw_normal(np.float64)).max() > 4 * STD


def test_fan_in_may_be_given(dtype):
    for draw in (he_normal, he_uniform):
        one = draw((200, 30), fan_in=7, dtype=dtype, rng=0)
        # the same draws, scaled by another deviation
        other = draw((200, 30), fan_in=7 * 16, dtype=dtype, rng=0)
        np.testing.assert_allclose(one, 4 * other, rtol=4 * np.finfo(dtype).eps)


# ---- seeds and shapes ----

@pytest.mark.parametrize("options", [{}, {"truncated": True}])
def test_one_seed_gives_the_same_weights(dtype, options):
    for draw, more in ((he_normal, options), (he_uniform, {})):
        one, same, other = (draw((30, 20), dtype=dtype, rng=seed, **more) for seed in (1, 1, 2))
        assert same_bits(one, same) and not same_bits(one, other)
        generator = np.random.default_rng(1)
        assert same_bits(draw((30, 20), dtype=dtype, rng=generator, **more), one)
        assert not same_bits(draw((30, 20), dtype=dtype, rng=generator, **more), one)


def test_without_a_seed_every_draw_differs():
    assert not same_bits(he_normal((30, 20)), he_normal((30, 20)))
    assert not same_bits(he_uniform((30, 20)), he_uniform((30, 20)))


def test_numpy_s_global_state_is_left_alone():
    before = np.random.get_state(legacy=False)["state"]
    he_normal((30, 20)), he_uniform((30, 20))
    after = np.random.get_state(legacy=False)["state"]
    assert before["pos"] == after["pos"] and np.array_equal(before["key"], after["key"])


def test_one_seed_gives_the_same_weights_at_every_level():
    code = ("from mathwork.init import *; print(he_normal((30, 20), rng=1).tobytes().hex(), "
            "he_normal((30, 20), rng=1, truncated=True).tobytes().hex(), "
            "he_uniform((30, 20), rng=1).tobytes().hex())")
    answers = [run_python(code, MATHWORK_LEVEL=level) for level in _levels.supported()]
    assert answers[0][0] == 0 and len(answers[0][1]) > 3 * 600 * 8
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (0, 4), (5,), [3, 4], (np.int64(3), 4)])
def test_shapes(dtype, shape):
    for draw in (he_normal, he_uniform):
        weight = draw(shape, dtype=dtype, rng=0)
        assert weight.shape == tuple(shape) and weight.dtype == dtype
        assert weight.flags.c_contiguous and weight.flags.writeable


def test_fan_in_makes_any_shape_possible():
    assert he_normal((), fan_in=3, rng=0).shape == ()
    assert he_uniform((3, 0), fan_in=3, rng=0).shape == (3, 0)


def test_float32_is_the_default():
    assert he_normal((3, 4)).dtype == he_uniform((3, 4)).dtype == np.float32


def test_a_seed_sequence_is_a_seed():
    children = np.random.SeedSequence(7).spawn(2)
    one, other = (he_normal((30, 20), rng=child) for child in children)
    assert not same_bits(one, other)
    assert same_bits(he_normal((30, 20), rng=children[0]), one)
    assert same_bits(he_normal((30, 20), rng=np.random.SeedSequence(7)), he_normal((30, 20), rng=7))


def test_any_bit_generator_will_do():
    for kind in (np.random.MT19937, np.random.Philox, np.random.SFC64):
        one, same, other = (he_normal((30, 20), rng=np.random.Generator(kind(seed)))
                            for seed in (1, 1, 2))
        assert same_bits(one, same) and not same_bits(one, other)


def test_workers_do_not_change_the_bits(dtype):
    for draw in (he_normal, he_uniform):
        one = draw((1001, 77), dtype=dtype, rng=5)
        for workers in (2, 3, 7):
            assert same_bits(draw((1001, 77), dtype=dtype, rng=5, workers=workers), one)


def test_a_larger_array_begins_with_the_smaller_one(dtype):
    whole = he_normal((4000,), fan_in=1, dtype=dtype, rng=5)
    for size in (0, 1, 15, 16, 31, 32, 33, 63, 64, 65, 1000):
        assert same_bits(he_normal((size,), fan_in=1, dtype=dtype, rng=5), whole[:size])


# ---- the other weights ----

def test_variances_of_glorot_and_lecun(dtype):
    shape, n = (300, 500), 150_000
    for draw, variance in ((glorot_normal, 2 / 800), (glorot_uniform, 2 / 800),
                           (lecun_normal, 1 / 500), (lecun_uniform, 1 / 500)):
        x = draw(shape, dtype=dtype, rng=1).astype(float)
        assert x.dtype == float and abs(x.mean()) < 5 * math.sqrt(variance / n)
        assert abs(x.var() / variance - 1) < 5 * math.sqrt(2 / n)
    limit = math.sqrt(6 / 800)
    most = np.abs(glorot_uniform(shape, dtype=dtype, rng=1)).max()
    assert 0.99 * limit < most <= np.float32(limit)
    twice = glorot_normal(shape, gain=2, dtype=dtype, rng=1)
    np.testing.assert_allclose(twice, 2 * glorot_normal(shape, dtype=dtype, rng=1),
                               rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (3, 8), (8, 3), (40, 41), (0, 3), (3, 0),
                                   (4, 3, 2), (100, 100)])
def test_orthogonal(dtype, shape):
    Q = orthogonal(shape, dtype=dtype, rng=3)
    assert Q.shape == shape and Q.dtype == dtype and Q.flags.c_contiguous
    matrix = Q.reshape(shape[0], math.prod(shape[1:])).astype(float)
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(len(matrix)),
                               atol=4 * np.finfo(dtype).eps, rtol=0)
    assert same_bits(orthogonal(shape, dtype=dtype, rng=3), Q)
    np.testing.assert_allclose(orthogonal(shape, gain=3, dtype=dtype, rng=3), 3 * Q,
                               rtol=4 * np.finfo(dtype).eps)


def test_orthogonal_matrices_have_no_preferred_direction():
    # The first entry of a row on the sphere of R^3 is uniform on [-1, 1] (Archimedes).
    first = np.array([orthogonal((3, 3), dtype=float, rng=seed)[0, 0] for seed in range(2000)])
    distance = reference.kolmogorov_distance(first, lambda x: (x + 1) / 2)
    assert distance < 1.95 / math.sqrt(first.size)


def test_bad_arguments_of_orthogonal():
    with raises(ValueError, "shape must have at least two axes, (n_out, n_in), got (3,)"):
        orthogonal((3,))
    for gain in (math.inf, math.nan):
        with raises(ValueError, f"gain must be finite, got {gain}"):
            orthogonal((3, 3), gain=gain)
    with raises(TypeError, "gain must be a number, got '2'"):
        glorot_normal((3, 3), gain="2")


# ---- bad input ----

WEIGHTS = [he_normal, he_uniform, glorot_normal, glorot_uniform, lecun_normal, lecun_uniform]
both = pytest.mark.parametrize("draw", [he_normal, he_uniform])
every = pytest.mark.parametrize("draw", WEIGHTS)


@both
@pytest.mark.parametrize("shape", [5, 2.5, (2.5, 3), ("3", 4), None, (None, 3), "34", ((3, 4), 2)])
def test_shapes_that_are_not_of_integers(draw, shape):
    with raises(TypeError, f"shape must be a tuple of integers, got {shape!r}"):
        draw(shape)


@both
def test_shapes_out_of_range(draw):
    for shape in ((-1, 4), (4, -1), (-1,)):
        with raises(ValueError, f"shape must not have negative sizes, got {shape}"):
            draw(shape)
    with raises(ValueError, "fan_in must be given for shape ()"):
        draw(())
    with raises(ValueError, "fan_in must be at least 1, got 0"):
        draw((4, 0))


@every
def test_a_kernel_of_a_convolution_does_not_take_its_width_for_its_inputs(draw):
    # (64, 3, 3, 3) has 27 inputs for each output, not 3.
    message = ("{} must be given for a shape of more than two axes, got (64, 3, 3, 3): a kernel "
               "(out, in, height, width) has fan_in = in * height * width and "
               "fan_out = out * height * width")
    with raises(ValueError, message.format("fan_in")):
        draw((64, 3, 3, 3))
    fans = {"fan_in": 27}
    if draw in (glorot_normal, glorot_uniform):
        with raises(ValueError, message.format("fan_out")):
            draw((64, 3, 3, 3), fan_in=27)
        fans["fan_out"] = 576
    assert draw((64, 3, 3, 3), rng=0, **fans).shape == (64, 3, 3, 3)


@both
def test_bad_fan_in(draw):
    for fan_in in (0, -3):
        with raises(ValueError, f"fan_in must be at least 1, got {fan_in}"):
            draw((3, 4), fan_in=fan_in)
    for fan_in in (2.5, "3", [3]):
        with raises(TypeError, f"fan_in must be an integer, got {fan_in!r}"):
            draw((3, 4), fan_in=fan_in)


@both
@pytest.mark.parametrize("wrong", [int, np.float16, complex, np.longdouble, object, "U3", bool])
def test_weights_are_float32_or_float64(draw, wrong):
    if np.dtype(wrong) == np.float64:
        pytest.skip("longdouble is float64 here")
    with raises(TypeError, f"dtype must be float32 or float64, got {np.dtype(wrong)}"):
        draw((3, 4), dtype=wrong)


@both
def test_a_dtype_that_is_none(draw):
    with raises(TypeError, "dtype must be float32 or float64, got 'no such dtype'"):
        draw((3, 4), dtype="no such dtype")


@every
def test_a_bad_seed(draw):
    shape = (3, 4)
    for rng in ("seed", 1.5, {}, object):
        with raises(TypeError, "rng must be an integer, a numpy.random.Generator, a SeedSequence "
                               f"or None, got {rng!r}"):
            draw(shape, rng=rng)
    with raises(ValueError, "rng must be at least 0, got -1"):
        draw(shape, rng=-1)


# ---- what they are drawn with ----

def test_published_values():
    # He, Zhang, Ren, Sun 2015, below equation 12: a layer of 3 x 3 filters on 64 channels has
    # the standard deviation sqrt(2 / (3^2 64)) = 0.059.
    assert he_std(3 ** 2 * 64) == pytest.approx(0.059, abs=5e-4)
    assert (he_variance(8), he_std(8), he_limit(24)) == (0.25, 0.5, 0.5)


@pytest.mark.parametrize("n_in", [1, 2, 3, 50, 784, 10 ** 9])
def test_they_agree_with_each_other(n_in):
    assert he_variance(n_in) == 2 / n_in
    assert he_std(n_in) ** 2 == pytest.approx(he_variance(n_in), rel=1e-15)
    assert he_limit(n_in) ** 2 / 3 == pytest.approx(he_variance(n_in), rel=1e-15)


@pytest.mark.parametrize("helper", [he_variance, he_std, he_limit])
def test_bad_n_in(helper):
    for n_in in (0, -1):
        with raises(ValueError, f"n_in must be at least 1, got {n_in}"):
            helper(n_in)
    for n_in in (2.0, "2", None, [2]):
        with raises(TypeError, f"n_in must be an integer, got {n_in!r}"):
            helper(n_in)
    assert type(helper(np.int32(8))) is float


# ---- densities ----

def test_published_densities():
    # Abramowitz and Stegun, Handbook of Mathematical Functions, table 26.1: Z(x).
    for x, density in ((0, 0.398942280401433), (0.5, 0.352065326764300), (1, 0.241970724519143),
                       (2, 0.053990966513188), (3, 0.004431848411938)):
        assert normal_pdf(x) == pytest.approx(density, abs=1e-15)
        assert normal_pdf(-x) == normal_pdf(x)
    assert uniform_pdf(1, 0, 4) == 0.25


@pytest.mark.parametrize(("mean", "std"), [(0, 1), (3, 0.1), (-20, 50)])
def test_the_normal_density_integrates_to_one_and_has_its_moments(mean, std):
    x, step = np.linspace(mean - 12 * std, mean + 12 * std, 20_001, retstep=True)
    density = normal_pdf(x, mean, std)
    # The trapezoidal rule is exact to rounding for a function that vanishes at both ends.
    assert density.sum() * step == pytest.approx(1, rel=1e-13)
    assert (density * x).sum() * step == pytest.approx(mean, abs=1e-12 * std)
    assert (density * (x - mean) ** 2).sum() * step == pytest.approx(std ** 2, rel=1e-12)


def test_the_uniform_density_integrates_to_one():
    # 1000 midpoints a unit: no midpoint lies on an end.
    x = (np.arange(10_000) + 0.5) / 1000 - 5
    for low, high in ((0, 1), (-2, 3), (1, 1.5)):
        assert uniform_pdf(x, low, high).sum() / 1000 == pytest.approx(1, rel=1e-12)


def test_the_density_is_that_of_the_weights():
    counts, edges = np.histogram(draw_normal(np.float64), 40, (-4 * STD, 4 * STD))
    middle, width = (edges[:-1] + edges[1:]) / 2, edges[1] - edges[0]
    expected = normal_pdf(middle, 0, STD) * width * math.prod(SHAPE)
    assert (np.abs(counts - expected) < 6 * np.sqrt(expected) + 0.01 * expected).all()


def test_densities_broadcast():
    assert normal_pdf(np.zeros((3, 1)), [0, 1], 1).shape == (3, 2)
    assert uniform_pdf(np.zeros((3, 1)), [0, -1], 1).shape == (3, 2)
    assert np.ndim(normal_pdf(0)) == np.ndim(uniform_pdf(0, 0, 1)) == 0
    assert normal_pdf(np.zeros(3, np.float32)).dtype == np.float64


def test_densities_at_the_edges():
    np.testing.assert_array_equal(normal_pdf([np.inf, -np.inf, 1e308, np.nan]), [0, 0, 0, np.nan])
    np.testing.assert_array_equal(uniform_pdf([0, 2, -1e-300, np.inf, np.nan], 0, 2),
                                  [0.5, 0.5, 0, 0, np.nan])


@pytest.mark.parametrize("std", [0, -1, np.nan])
def test_deviations_that_are_not_positive(std):
    with pytest.raises(ValueError, match=r"^std must be above 0, got ") as info:
        normal_pdf(0, 0, std)
    assert type(info.value) is ValueError
    with pytest.raises(ValueError, match=r"^std must be above 0, got "):
        normal_pdf(0, 0, [1, std])


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (np.nan, 1), (0, np.nan), (0, np.inf),
                                           (-np.inf, np.inf), (-1.7e308, 1.7e308)])
def test_limits_that_make_no_interval(low, high):
    with pytest.raises(ValueError, match=r"^low must be below high, both finite, got "):
        uniform_pdf(0, low, high)


def test_densities_of_what_is_not_real():
    with raises(TypeError, "x must hold real numbers, got dtype complex128"
                           ": take its .real, .imag or abs()"):
        normal_pdf(1j)
    with raises(TypeError, "std must hold real numbers, got dtype <U1"):
        normal_pdf(0, 0, "1")
    with raises(TypeError, "low must hold real numbers, got dtype object"):
        uniform_pdf(0, None, 1)
