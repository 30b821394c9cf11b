# Elementwise activation functions, for registers and for contiguous memory.
#
# Bits: every result depends on its element alone, not on its position or the number of lanes of a
# register. The tail of an array goes through a padded register.

# The ufuncs, which take no parameter, come before LEAKY_RELU.
cdef enum:
    IDENTITY
    RELU
    SIGMOID
    TANH
    SOFTPLUS
    SILU
    MISH
    GELU
    SELU
    GELU_TANH
    LOG_SIGMOID
    EXP
    SOFTSIGN
    HARDSIGMOID
    HARDSWISH
    RELU6
    HARDTANH
    LEAKY_RELU
    ELU
    CELU
    CLIP
    PRELU
    SOFTMAX
    LOG_SOFTMAX
    SCALED_SOFTPLUS     # of the kernels alone: softplus with a beta, and log_sigmoid

cdef enum:
    TOGETHER = 4    # registers that all take one step before any takes the next

activation_codes = {
    "identity": IDENTITY, "relu": RELU, "sigmoid": SIGMOID, "tanh": TANH,
    "softplus": SOFTPLUS, "silu": SILU, "mish": MISH, "gelu": GELU, "selu": SELU,
    "gelu_tanh": GELU_TANH, "log_sigmoid": LOG_SIGMOID, "exp": EXP, "softsign": SOFTSIGN,
    "hardsigmoid": HARDSIGMOID, "hardswish": HARDSWISH, "relu6": RELU6, "hardtanh": HARDTANH,
    "leaky_relu": LEAKY_RELU, "elu": ELU, "celu": CELU, "clip": CLIP, "prelu": PRELU,
    "softmax": SOFTMAX, "log_softmax": LOG_SOFTMAX,
}

cdef struct Parameters:     # of one activation; zeros where it has none
    double first            # slope, alpha, beta, or the lower bound
    double second           # the upper bound
    const void* columns     # a number for each column, for prelu; else NULL

cdef Parameters no_parameters       # zeros, as C starts its global variables


# ---- without an exponential ----

cdef inline lanes leaky_relu(lanes x, lanes slope) noexcept nogil:
    """x where x > 0, else slope x"""
    return pick(x, fill(x, 0), x, slope * x)


cdef inline lanes clipped(lanes x, lanes low, lanes high) noexcept nogil:
    """low where x < low, high where x > high, else x, so NaN where x is NaN"""
    x = larger(low, x)
    return pick(x, high, high, x)


cdef inline lanes hardsigmoid(lanes x) noexcept nogil:
    """min(max(x + 3, 0), 6) / 6"""
    return clipped(x + fill(x, 3), fill(x, 0), fill(x, 6)) / fill(x, 6)


cdef inline lanes hardswish(lanes x) noexcept nogil:
    """x hardsigmoid(x); x is bounded first, because -inf * 0 is NaN"""
    return larger(fill(x, -3), x) * hardsigmoid(x)


cdef inline lanes softsign(lanes x) noexcept nogil:
    """x / (1 + |x|), where |x| is at most so large that this is 1"""
    cdef lanes minus_a = not_below(-1.0e9, -1.0e18, minus_absolute(x))
    return with_sign(absolute(minus_a / (fill(x, 1) - minus_a)), x)


# ---- through an exponential ----

# In steps: `prepared` gives r and scale of `reduced`, `power` gives q, and the last step is the
# function of x, q and scale. Functions that float32 takes from a table go the same way. `in_steps`
# says why there are steps. Below, unit is scale without its shift, so that v = unit + unit q is
# e^-|x| or the exponential in its place. The sign of a result is set at the end, which also sets
# the sign of zeros and of NaN.

cdef inline lanes sigmoid_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """1 / (1 + e^-x) = b - b v / (1 + v), v = e^-|x|, b = v where x < 0, else 1"""
    cdef lanes unit = scale * unshift(x)
    cdef lanes v = mul_add(unit, q, unit)
    cdef lanes b = pick(fill(x, 0), x, v, fill(x, 1))
    cdef lanes d = v + fill(x, 1)
    return absolute(minus_mul(v / d, b, b))


cdef inline lanes gated_of(double floor32, double floor64, lanes x, lanes q,
                           lanes scale) noexcept nogil:
    """x / (1 + e^-z) = max(x, 0) - a v / (1 + v), v = e^-|z|, a = |x|, for silu and gelu_tanh

    z has the sign of x. a goes down to -floor, where a v is zero.
    """
    cdef lanes low, rest, slope
    cdef lanes p = one_more(q, &low)
    cdef lanes minus_a = not_below(floor32, floor64, minus_absolute(x)) * scale
    cdef lanes w = fraction(p, low, scale * unshift(x), 1, &rest, &slope)
    cdef lanes product = minus_a * w
    rest = mul_add(minus_a, rest * slope, -remainder(product, minus_a, w))
    return with_sign(absolute(mul_add(product + rest, unshift(x), larger(fill(x, 0), x))), x)


cdef inline lanes mish_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """x tanh(log(1 + e^x)) = max(x, 0) - a m / (k + n), a = |x|, v = e^-a:
    k = 1, n = 2 v (1 + v), m = n - 2 v where x > 0, else k = 2, m = n = v (2 + v)"""
    cdef lanes low, rest, zero = fill(x, 0), unit = scale * unshift(x)
    cdef lanes minus_a = not_below(-110, -760, minus_absolute(x)) * scale
    cdef lanes k = pick(x, zero, fill(x, 1), fill(x, 2))
    cdef lanes p = one_more(q, &low)
    cdef lanes t = mul_add(p, unit, k)
    cdef lanes t_low = mul_add(low, unit, mul_add(p, unit, k - t))
    # From here on p is v, or 2 v where x > 0. Like n, m and w it counts in units of `unit`, so that
    # the tail keeps its accuracy.
    p = (3 - k) * p
    low = (3 - k) * low
    cdef lanes n = p * t
    cdef lanes n_low = mul_add(low, t, mul_add(p, t_low, -remainder(n, p, t)))
    cdef lanes d = mul_add(n, unit, k)
    cdef lanes d_low = mul_add(n_low, unit, mul_add(n, unit, k - d))
    cdef lanes m = n - pick(x, zero, p, zero)       # without error, for p <= n <= 2 p
    cdef lanes m_low = n_low - pick(x, zero, low, zero)
    cdef lanes slope = 1 / d
    cdef lanes w = m * slope
    cdef lanes product = minus_a * w
    rest = minus_mul(w, d_low, m_low) + remainder(m, w, d)      # of m / d, over the slope
    rest = mul_add(minus_a, rest * slope, -remainder(product, minus_a, w))
    return with_sign(absolute(mul_add(product + rest, unshift(x), larger(zero, x))), x)


cdef inline lanes tanh_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """-v / (2 + v), v = e^(-2|x|) - 1, with the sign of x; in float32 |q| is |tanh x|"""
    cdef lanes low, rest, slope, v
    if lanes is f32v:
        return with_sign(absolute(q), x)
    else:
        v = one_less(q, scale * unshift(x), &low)
        v = fraction(v, low, fill(x, 1), 2, &rest, &slope)
        return with_sign(absolute(mul_add(rest, slope, v)), x)


cdef inline lanes log_polynomial(lanes v, lanes* lost) noexcept nogil:
    """(log(1 + v) - v) / v = -v / 2 + v^2 p(v), 0 <= v <= 1; lost is the error of the sum"""
    cdef lanes p, pair, cubic, minus_half = fill(v, -0.5) * v
    cdef lanes square = v * v
    # 0 <= v <= 1: relative error 2^-27.3 and 2^-55 (tools/minimax.py). Terms are added in pairs,
    # whose sums do not cancel.
    if lanes is f32v:
        p = fill(v, 0.00227781)
        pair = mul_add(fill(v, -0.014689269), v, fill(v, 0.044313174))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(v, -0.0859357), v, fill(v, 0.1268079))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(v, -0.16228904), v, fill(v, 0.19926466))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(v, -0.24993329), v, fill(v, 0.33333093))
        p = mul_add(p, square, pair)
    else:
        p = mul_add(fill(v, -1.7442611739409762e-05), v, fill(v, 0.00020848223876742747))
        pair = mul_add(fill(v, -0.001184628071402136), v, fill(v, 0.004278062180782526))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(v, -0.011101421898826505), v, fill(v, 0.022265037802788903))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(v, -0.036416728079169056), v, fill(v, 0.05088450980446319))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(v, -0.06346429659187418), v, fill(v, 0.07361562590256823))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(v, -0.08221689739694361), v, fill(v, 0.09060679882097598))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(v, -0.09993536390091616), v, fill(v, 0.11110041066828369))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(v, -0.12499866368532649), v, fill(v, 0.1428570213728374))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(v, -0.16666665902863834), v, fill(v, 0.19999999969319082))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(v, -0.24999999999314854), v, fill(v, 0.33333333333327153))
        p = mul_add(p, square, pair)
    cubic = square * p
    p = mul_add(square, p, minus_half)
    lost[0] = cubic - (p - minus_half)
    return p


cdef inline lanes softplus_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """log(1 + e^x) = max(x, 0) + v - v^2 / 2 + v^3 p(v), v = e^-|x|"""
    cdef lanes total, low, lost
    cdef lanes base = larger(fill(x, 0), x), unit = scale * unshift(x)
    cdef lanes v = mul_add(unit, q, unit)
    cdef lanes p = log_polynomial(v, &lost)
    # First unit + max(x, 0) without error (Dekker 1971). Where unit is the smaller term, the error
    # may reach unit, which then is below an ulp. Then the rest of v: unit q.
    total = unit + base
    low = mul_add(unit, q, base - (total - unit))
    if not FUSED:       # else the roundings of p and of v p would be too much
        low = low - remainder(v * p, v, p) + v * lost
    p = total + mul_add(v, p, low)
    # beyond 50 the result is x; so it is at infinity, where low is NaN
    return absolute(pick(x, fill(x, 50), x, p))


cdef inline lanes scaled_softplus_of(lanes x, lanes q, lanes scale, lanes beta) noexcept nogil:
    """log(1 + e^(beta x)) / beta = x where beta x > 0, else 0, + log(1 + v) / beta,
    v = e^-|beta x|; log_sigmoid(x) for beta = -1"""
    cdef lanes total, low, lost, top, rest
    cdef lanes zero = fill(x, 0), z = beta * x, unit = scale * unshift(x)
    cdef lanes factor = fill(x, 1) / beta
    cdef lanes factor_low = remainder(fill(x, 1), factor, beta) * factor
    cdef lanes base = pick(z, zero, x, zero)
    cdef lanes v = mul_add(unit, q, unit)
    cdef lanes p = log_polynomial(v, &lost)
    # From here on scale has half of its shift, and v counts in the same units. The other half comes
    # last, with the factor. So neither v nor v / beta leaves the range where the result does not.
    cdef lanes half = fill(x, 2.3283064365386963e-10 if lanes is f32v else 2.938735877055719e-39)
    cdef lanes to_v = mul_add(fill(x, 0.5), v, fill(x, -1)) * v     # of log(1 + v) - v, to 13 %
    scale = scale * half
    v = mul_add(scale, q, scale)
    rest = mul_add(scale, q, scale - v)
    top = scale * factor * half
    total = top + base
    low = mul_add(unit, factor_low, base - (total - top))
    rest = mul_add(v, p, mul_add(v, lost, mul_add(rest, to_v, scale * q)))
    if not FUSED:
        rest = rest - remainder(v * p, v, p)
    low = mul_add(rest, factor * half, low)
    # beyond 50 the result is x; so it is at infinity and for NaN
    return with_sign(absolute(pick(fill(x, 50), z, total + low, x)), beta)


cdef inline lanes gelu_argument(lanes x, lanes* low) noexcept nogil:
    """-a^2 / 2 = result + low, a = |x|"""
    cdef lanes minus_a = not_below(-14.9, -40, minus_absolute(x))
    cdef lanes half = fill(x, 0.5) * minus_a
    cdef lanes result = half * minus_a
    low[0] = remainder(result, half, minus_a)
    return -result


cdef inline lanes gelu_tanh_argument(lanes x, lanes* low) noexcept nogil:
    """-2 u = result + low, u = (2 / pi)^(1/2) (a + 0.044715 a^3), a = |x|"""
    # 2 (2 / pi)^(1/2) and 0.044715 times that, each the sum of two numbers of the register's kind
    cdef lanes c1 = fill(x, 1.5957691669464111 if lanes is f32v else 1.5957691216057308)
    cdef lanes c1_low = fill(x, -4.53406805e-08 if lanes is f32v else -9.96930880911092e-17)
    cdef lanes c3 = fill(x, 0.07135481387376785 if lanes is f32v else 0.07135481627260025)
    cdef lanes c3_low = fill(x, 2.39883247e-09 if lanes is f32v else -6.175149918155315e-19)
    cdef lanes minus_a = not_below(-11, -22, minus_absolute(x))
    cdef lanes square = minus_a * minus_a
    cdef lanes square_low = -remainder(square, minus_a, minus_a)
    cdef lanes cubic = c3 * square
    cdef lanes cubic_low = mul_add(c3, square_low, mul_add(c3_low, square,
                                                           -remainder(cubic, c3, square)))
    cdef lanes factor = c1 + cubic
    cdef lanes part = factor - c1       # the sum without error: Knuth
    cdef lanes factor_low = (c1 - (factor - part)) + (cubic - part) + (c1_low + cubic_low)
    cdef lanes result = minus_a * factor
    low[0] = mul_add(minus_a, factor_low, -remainder(result, minus_a, factor))
    return result


cdef inline f64v gelu_f64(f64v x, f64v q, f64v scale) noexcept nogil:
    """x Phi(x) = max(x, 0) - a Phi(-a), a = |x|, Phi(-a) = e^(-a^2 / 2) p(t) / (a + c),
    t = 1 - 2 c / (a + c), c = 3.5"""
    cdef f64v a = -not_below(0, -40, minus_absolute(x))
    cdef f64v c = fill(x, 3.5)
    cdef f64v d = a + c
    cdef f64v d_low = a - (d - c)
    cdef f64v reciprocal = 1 / d
    cdef f64v rest = minus_mul(reciprocal, d_low, remainder(fill(x, 1), reciprocal, d))
    cdef f64v double_c = 2 * c * reciprocal
    cdef f64v t = 1 - double_c
    # the rounding error of double_c, as a relative error of the reciprocal
    cdef f64v t_low = remainder(double_c, 2 * c, reciprocal) * (fill(x, 1.0 / 7) * d)
    cdef f64v square = t * t
    cdef f64v p, even, odd, slope, high, low, last = fill(x, 0.7444160754359381)
    # p on 0 <= a <= 40, by parts of even and odd powers: relative error 2^-54.9. The slope says
    # how much of a relative error of the reciprocal goes into p(t) / (a + c), to 1.6 %. It is a
    # quadratic fit, for a correction of about an ulp. Both are from tools/minimax.py.
    even = mul_add(fill(x, 4.900254686870524e-09), square, fill(x, -3.628305481707938e-08))
    even = mul_add(even, square, fill(x, 1.2378084168363563e-07))
    even = mul_add(even, square, fill(x, -1.430318790488438e-07))
    even = mul_add(even, square, fill(x, -1.1651703965769182e-06))
    even = mul_add(even, square, fill(x, 1.150670751472876e-05))
    even = mul_add(even, square, fill(x, -7.558468539607795e-05))
    even = mul_add(even, square, fill(x, 0.0004766571070586316))
    even = mul_add(even, square, fill(x, -0.0031891010488813757))
    even = mul_add(even, square, fill(x, 0.017407832602077244))
    even = mul_add(even, square, fill(x, 0.31542496988795193))
    odd = mul_add(fill(x, 1.4772497118189077e-09), square, fill(x, -3.808156798289456e-09))
    odd = mul_add(odd, square, fill(x, -3.0198974682435576e-08))
    odd = mul_add(odd, square, fill(x, 2.944668093324105e-07))
    odd = mul_add(odd, square, fill(x, -1.479185518798372e-06))
    odd = mul_add(odd, square, fill(x, 5.651912852996298e-06))
    odd = mul_add(odd, square, fill(x, -1.8788895662691936e-05))
    odd = mul_add(odd, square, fill(x, 6.70332314578012e-05))
    odd = mul_add(odd, square, fill(x, -0.0004450129500447786))
    odd = mul_add(odd, square, fill(x, 0.006476218919874566))
    odd = mul_add(odd, square, fill(x, -0.11605092871407852))
    p = mul_add(mul_add(odd, t, even), t, fill(x, -0.565561816053779))
    slope = mul_add(mul_add(fill(x, 0.132), t, fill(x, -0.939)), t, fill(x, 1.765))
    high = mul_add(p, t, last)
    low = mul_add(p, t, last - high)
    # times the reciprocal, times a, times 1 + q; low has the rounding errors of the products
    p = high * reciprocal
    low = mul_add(low, reciprocal, -remainder(p, high, reciprocal))
    a = a * scale
    high = a * p
    low = mul_add(a, low, -remainder(high, a, p))
    rest = mul_add(rest - t_low, slope, t_low)
    low = mul_add(low, 1 + q, high * mul_add(rest, 1 + q, q))
    return with_sign(absolute(minus_mul(high + low, unshift(x), larger(fill(x, 0), x))), x)


cdef inline lanes gelu_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """x Phi(x) = max(x, 0) - a Phi(-a), a = |x|; in float32 scale includes the factor
    -a Phi(-a) e^(a^2 / 2)"""
    if lanes is f32v:
        scale = mul_add(scale, q, scale)
        return with_sign(absolute(mul_add(scale, unshift(x), larger(fill(x, 0), x))), x)
    else:
        return gelu_f64(x, q, scale)


cdef inline lanes elu_of(lanes x, lanes q, lanes scale, lanes alpha) noexcept nogil:
    """x where x > 0, else alpha (e^x - 1)"""
    cdef lanes low
    cdef lanes v = one_less(q, scale * unshift(x), &low)
    return pick(x, fill(x, 0), x, alpha * with_sign(absolute(v + low), x))


cdef inline lanes celu_of(lanes x, lanes q, lanes scale, lanes alpha) noexcept nogil:
    """x where x > 0, else alpha (e^(x / alpha) - 1); x also where |x / alpha| is so small that
    the next term, x^2 / (2 alpha), is below half an ulp"""
    cdef lanes low, nearly = fill(x, -2.9802322387695312e-08 if lanes is f32v
                                  else -5.551115123125783e-17)      # -2^-25, -2^-54
    cdef lanes v = one_less(q, scale * unshift(x), &low)
    cdef lanes product = alpha * v
    # what the rounded quotient lost, where it is not far below: e^z (x - z alpha)
    cdef lanes minus_a = minus_absolute(x), z = minus_a / alpha
    cdef lanes rest = pick(z, fill(x, -760), kept(remainder(minus_a, z, alpha)), fill(x, 0))
    rest = mul_add(rest, v + fill(x, 1), -kept(remainder(product, alpha, v)))
    low = mul_add(alpha, low, rest)
    return pick(alpha * nearly, x, with_sign(absolute(product + low), x), x)     # NaN is x


cdef inline lanes exp_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """e^x; the shift of scale has the sign of -x: see `exp_argument`"""
    cdef lanes shift = fill(x, 1.8446744073709552e+19 if lanes is f32v
                            else 1.157920892373162e+77)             # 2^64, 2^256
    return mul_add(scale, q, scale) * pick(x, fill(x, 0), shift, unshift(x))


cdef inline lanes selu_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """1.0507 x where x > 0, else 1.0507 1.6733 (e^x - 1): Klambauer et al. 2017"""
    cdef lanes low
    cdef lanes v = absolute(one_less(q, scale * unshift(x), &low))
    v = pick(x, fill(x, 0), fill(x, 1.0507009873554804934) * x,
             fill(x, 1.7580993408473768599) * v)
    return with_sign(absolute(v), x)


# ---- over memory ----

cdef inline lanes in_one_step(const int code, lanes x, lanes first, lanes second) noexcept nogil:
    if code == RELU:
        return relu(x)
    if code == LEAKY_RELU:
        return leaky_relu(x, first)
    if code == CLIP:
        return clipped(x, first, second)
    if code == RELU6:
        return relu(clipped(x, fill(x, 0), fill(x, 6)))
    if code == HARDSIGMOID:
        return hardsigmoid(x)
    if code == HARDSWISH:
        return hardswish(x)
    if code == SOFTSIGN:
        return softsign(x)
    return x


cdef inline f32v from_pieces(const float* table, f32v chosen, f32v a) noexcept nogil:
    """Evaluate in a the polynomial that `chosen`, 1 less a multiple of a, selects in `table`"""
    cdef f32v p = lookup_f32(table + 64, chosen)
    cdef int k
    a = a - lookup_f32(table, chosen)
    for k in range(7, 0, -1):
        p = mul_add(p, a, lookup_f32(table + 8 * k, chosen))
    return p


cdef inline lanes exp_argument(lanes x, lanes* scale) noexcept nogil:
    """Return r and set scale, as in `reduced`, for e^x; scale is 2^(n - SHIFT) where x > 0"""
    cdef lanes most = fill(x, 90 if lanes is f32v else 711)        # e^x overflows
    x = not_below(-110, -760, pick(x, most, most, x))
    return reduced_by(pick(x, fill(x, 0), rounder(x, -1), rounder(x, 1)), x, scale)


cdef inline lanes prepared(const int code, lanes x, lanes parameter, lanes* scale) noexcept nogil:
    """Return r and set scale, as in `reduced`, for the exponential of this activation"""
    cdef lanes r, low
    if code == EXP:
        return exp_argument(x, scale)
    if code == GELU:
        r = gelu_argument(x, &low)
        return reduced(r, scale) + low
    if code == GELU_TANH:
        r = gelu_tanh_argument(x, &low)
        return reduced(r, scale) + low
    x = minus_absolute(x)
    if code == CELU:
        # at least the smallest normal number, because 0 / 0 would be NaN
        parameter = larger(fill(x, 1.1754943508222875e-38 if lanes is f32v
                                else 2.2250738585072014e-308), parameter)
        x = x / parameter
    if code == SCALED_SOFTPLUS:
        parameter = absolute(parameter)
        r = parameter * x
        low = kept(-remainder(r, parameter, x))
        low = pick(r, fill(x, -110 if lanes is f32v else -760), low, fill(x, 0))
        return reduced(not_below(-110, -760, r), scale) + low
    if code == TANH:
        if lanes is f32v:
            x = not_below(-9.2, 0, x)
            scale[0] = minus_mul(x, fill(x, 1.625), fill(x, 1))
            return x
        else:
            x = x + x
    return reduced(not_below(-110, -760, x), scale)


cdef inline lanes exponential_step(const int code, lanes r, lanes scale) noexcept nogil:
    """Return q of `power`, or the value from a table in its place"""
    if lanes is f32v:
        if code == TANH:
            return from_pieces(&TANH_PIECES[0][0], scale, r)
    return power(r)


cdef inline lanes factor_step(const int code, lanes x, lanes scale) noexcept nogil:
    """Return scale, in float32 times the factor from a table"""
    if lanes is f32v:
        if code == GELU:
            x = not_below(-14.9, 0, minus_absolute(x))
            return scale * from_pieces(&GELU_PIECES[0][0], 1 - x, x)
    return scale


cdef inline lanes last_step(const int code, lanes x, lanes q, lanes scale,
                            lanes parameter) noexcept nogil:
    if code == SIGMOID:
        return sigmoid_of(x, q, scale)
    if code == TANH:
        return tanh_of(x, q, scale)
    if code == SOFTPLUS:
        return softplus_of(x, q, scale)
    if code == SCALED_SOFTPLUS:
        return scaled_softplus_of(x, q, scale, parameter)
    if code == SILU:
        return gated_of(-110, -760, x, q, scale)
    if code == GELU_TANH:
        return gated_of(-11, -22, x, q, scale)
    if code == MISH:
        return mish_of(x, q, scale)
    if code == GELU:
        return gelu_of(x, q, scale)
    if code == SELU:
        return selu_of(x, q, scale)
    if code == EXP:
        return exp_of(x, q, scale)
    if code == CELU:
        return celu_of(x, q, scale, parameter)
    return elu_of(x, q, scale, parameter)


cdef inline void straight(lanes like, const int code, double first, double second, Py_ssize_t n,
                          const real* x, real* y) noexcept nogil:
    cdef lanes v, a = fill(like, first), b = fill(like, second)
    cdef Py_ssize_t i, L = lane_count(y)
    for i in range(n // L):
        load(&v, x + i * L)
        store(y + i * L, in_one_step(code, v, a, b))


cdef inline void in_steps(const int code, const int count, lanes parameter, const real* x,
                          real* y) noexcept nogil:
    """y = activation(x), `count` registers of each

    All registers take one step before any takes the next. One register after the other would be
    chains of about 100 cycles, and a processor cannot look far enough ahead to overlap them.
    """
    cdef lanes q[TOGETHER]
    cdef lanes scale[TOGETHER]
    cdef lanes v
    cdef Py_ssize_t L = lane_count(y)
    cdef int i
    for i in range(count):
        load(&v, x + i * L)
        q[i] = prepared(code, v, parameter, &scale[i])
    for i in range(count):
        q[i] = exponential_step(code, q[i], scale[i])
    for i in range(count):
        load(&v, x + i * L)
        scale[i] = factor_step(code, v, scale[i])
    for i in range(count):
        load(&v, x + i * L)
        store(y + i * L, last_step(code, v, q[i], scale[i], parameter))


cdef inline void through_exponential(lanes like, const int code, double parameter, Py_ssize_t n,
                                     const real* x, real* y) noexcept nogil:
    cdef lanes p = fill(like, parameter)
    cdef Py_ssize_t L = lane_count(y)
    while n >= TOGETHER * L:
        in_steps(code, TOGETHER, p, x, y)
        x += TOGETHER * L
        y += TOGETHER * L
        n -= TOGETHER * L
    while n > 0:
        in_steps(code, 1, p, x, y)
        x += L
        y += L
        n -= L


cdef void sweep(lanes like, int code, const Parameters* parameters, Py_ssize_t n,
                const real* x, real* y) noexcept nogil:
    """y[n] = activation(x[n]), n a multiple of the lane count; y may be x"""
    # one loop for each activation: inside it the code is a constant
    if code == RELU:
        straight(like, RELU, 0, 0, n, x, y)
    elif code == SIGMOID:
        through_exponential(like, SIGMOID, 0, n, x, y)
    elif code == TANH:
        through_exponential(like, TANH, 0, n, x, y)
    elif code == SOFTPLUS and parameters.first == 0:
        through_exponential(like, SOFTPLUS, 0, n, x, y)
    elif code == SOFTPLUS or code == LOG_SIGMOID:
        through_exponential(like, SCALED_SOFTPLUS, -1 if code == LOG_SIGMOID else parameters.first,
                            n, x, y)
    elif code == SILU:
        through_exponential(like, SILU, 0, n, x, y)
    elif code == MISH:
        through_exponential(like, MISH, 0, n, x, y)
    elif code == GELU:
        through_exponential(like, GELU, 0, n, x, y)
    elif code == GELU_TANH:
        through_exponential(like, GELU_TANH, 0, n, x, y)
    elif code == SELU:
        through_exponential(like, SELU, 0, n, x, y)
    elif code == EXP:
        through_exponential(like, EXP, 0, n, x, y)
    elif code == ELU:
        through_exponential(like, ELU, parameters.first, n, x, y)
    elif code == CELU:
        through_exponential(like, CELU, parameters.first, n, x, y)
    elif code == LEAKY_RELU:
        straight(like, LEAKY_RELU, parameters.first, 0, n, x, y)
    elif code == CLIP:
        straight(like, CLIP, parameters.first, parameters.second, n, x, y)
    elif code == HARDTANH:
        straight(like, CLIP, -1, 1, n, x, y)
    elif code == RELU6:
        straight(like, RELU6, 0, 0, n, x, y)
    elif code == HARDSIGMOID:
        straight(like, HARDSIGMOID, 0, 0, n, x, y)
    elif code == HARDSWISH:
        straight(like, HARDSWISH, 0, 0, n, x, y)
    elif code == SOFTSIGN:
        straight(like, SOFTSIGN, 0, 0, n, x, y)
    else:
        straight(like, IDENTITY, 0, 0, n, x, y)


cdef inline void activate_any(lanes like, int code, const Parameters* parameters, Py_ssize_t n,
                              const real* x, real* y) noexcept nogil:
    """y[n] = activation(x[n]) for any n; y may be x"""
    cdef real tail[16]
    cdef Py_ssize_t whole = n - n % lane_count(y)
    sweep(like, code, parameters, whole, x, y)
    if whole < n:
        memset(tail, 0, sizeof(tail))
        memcpy(tail, x + whole, (n - whole) * sizeof(real))
        sweep(like, code, parameters, lane_count(y), <const real*>tail, <real*>tail)
        memcpy(y + whole, tail, (n - whole) * sizeof(real))


cdef void prelu_rows(lanes like, const real* slopes, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t ld,
                     real* y) noexcept nogil:
    """y[m, :n] = leaky_relu(y[m, :n]) with slopes[n]; rows are ld apart"""
    cdef real tail[MAX_LANES]
    cdef real last[MAX_LANES]
    cdef lanes v, slope, slope_of_tail
    cdef Py_ssize_t L = lane_count(y), whole = n - n % L, m, i
    memset(last, 0, sizeof(last))
    memset(tail, 0, sizeof(tail))
    memcpy(last, slopes + whole, (n - whole) * sizeof(real))
    load(&slope_of_tail, <const real*>last)
    for m in range(rows):
        for i in range(whole // L):
            load(&slope, slopes + i * L)
            load(&v, <const real*>(y + i * L))
            store(y + i * L, leaky_relu(v, slope))
        if whole < n:
            memcpy(tail, y + whole, (n - whole) * sizeof(real))
            load(&v, <const real*>tail)
            store(tail, leaky_relu(v, slope_of_tail))
            memcpy(y + whole, tail, (n - whole) * sizeof(real))
        y += ld


cdef int read_parameters(int code, tuple given, int typenum, Py_ssize_t n,
                         Parameters* parameters) except -1:
    """Set the parameters: at most two numbers, or n slopes in a plain array, which is not kept"""
    cdef Py_ssize_t count = len(given)
    memset(parameters, 0, sizeof(Parameters))
    if code == PRELU:
        if not (count == 1 and is_plain(given[0], 1, typenum)
                and (<cnp.ndarray>given[0]).shape[0] == n):
            raise ValueError(f"prelu takes a plain array of {n} slopes, in the dtype of its input")
        parameters.columns = cnp.PyArray_DATA(<cnp.ndarray>given[0])
    elif count > 2:
        raise ValueError(f"parameters must be at most two numbers, got {count}")
    else:
        if count > 0:
            parameters.first = given[0]
        if count > 1:
            parameters.second = given[1]
    return 0
