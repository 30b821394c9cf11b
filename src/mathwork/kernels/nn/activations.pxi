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
    LEAKY_RELU
    ELU
    SOFTMAX
    LOG_SOFTMAX

cdef enum:
    TOGETHER = 4    # registers that all take one step before any takes the next

activation_codes = {
    "identity": IDENTITY, "relu": RELU, "sigmoid": SIGMOID, "tanh": TANH,
    "softplus": SOFTPLUS, "silu": SILU, "mish": MISH, "gelu": GELU, "selu": SELU,
    "leaky_relu": LEAKY_RELU, "elu": ELU, "softmax": SOFTMAX, "log_softmax": LOG_SOFTMAX,
}


cdef inline lanes leaky_relu(lanes x, lanes slope) noexcept nogil:
    """x where x > 0, else slope x"""
    return pick(x, fill(x, 0), x, slope * x)


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


cdef inline lanes silu_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """x / (1 + e^-x) = max(x, 0) - a v / (1 + v), v = e^-a, a = |x|"""
    cdef lanes low, rest, slope
    cdef lanes p = one_more(q, &low)
    cdef lanes minus_a = not_below(-110, -760, minus_absolute(x)) * scale
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


cdef inline lanes softplus_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """log(1 + e^x) = max(x, 0) + v - v^2 / 2 + v^3 p(v), v = e^-|x|"""
    cdef lanes p, pair, minus_half, cubic, total, low
    cdef lanes base = larger(fill(x, 0), x), unit = scale * unshift(x)
    cdef lanes v = mul_add(unit, q, unit)
    cdef lanes square = v * v
    # 0 <= v <= 1: relative error 2^-27.3 and 2^-55 (tools/minimax.py). Terms are added in pairs,
    # whose sums do not cancel.
    if lanes is f32v:
        p = fill(x, 0.00227781)
        pair = mul_add(fill(x, -0.014689269), v, fill(x, 0.044313174))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(x, -0.0859357), v, fill(x, 0.1268079))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(x, -0.16228904), v, fill(x, 0.19926466))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(x, -0.24993329), v, fill(x, 0.33333093))
        p = mul_add(p, square, pair)
    else:
        p = mul_add(fill(x, -1.7442611739409762e-05), v, fill(x, 0.00020848223876742747))
        pair = mul_add(fill(x, -0.001184628071402136), v, fill(x, 0.004278062180782526))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(x, -0.011101421898826505), v, fill(x, 0.022265037802788903))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(x, -0.036416728079169056), v, fill(x, 0.05088450980446319))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(x, -0.06346429659187418), v, fill(x, 0.07361562590256823))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(x, -0.08221689739694361), v, fill(x, 0.09060679882097598))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(x, -0.09993536390091616), v, fill(x, 0.11110041066828369))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(x, -0.12499866368532649), v, fill(x, 0.1428570213728374))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(x, -0.16666665902863834), v, fill(x, 0.19999999969319082))
        p = mul_add(p, square, pair)
        pair = mul_add(fill(x, -0.24999999999314854), v, fill(x, 0.33333333333327153))
        p = mul_add(p, square, pair)
    minus_half = fill(x, -0.5) * v
    cubic = square * p
    p = mul_add(square, p, minus_half)      # -v / 2 + v^2 p(v) from here on
    # First unit + max(x, 0) without error (Dekker 1971). Where unit is the smaller term, the error
    # may reach unit, which then is below an ulp. Then the rest of v: unit q.
    total = unit + base
    low = mul_add(unit, q, base - (total - unit))
    if not FUSED:       # else the roundings of p and of v p would be too much
        low = low - remainder(v * p, v, p) + v * (cubic - (p - minus_half))
    p = total + mul_add(v, p, low)
    # beyond 50 the result is x; so it is at infinity, where low is NaN
    return absolute(pick(x, fill(x, 50), x, p))


cdef inline lanes gelu_argument(lanes x, lanes* low) noexcept nogil:
    """-a^2 / 2 = result + low, a = |x|"""
    cdef lanes minus_a = not_below(-14.9, -40, minus_absolute(x))
    cdef lanes half = fill(x, 0.5) * minus_a
    cdef lanes result = half * minus_a
    low[0] = remainder(result, half, minus_a)
    return -result


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


cdef inline lanes selu_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """1.0507 x where x > 0, else 1.0507 1.6733 (e^x - 1): Klambauer et al. 2017"""
    cdef lanes low
    cdef lanes v = absolute(one_less(q, scale * unshift(x), &low))
    v = pick(x, fill(x, 0), fill(x, 1.0507009873554804934) * x,
             fill(x, 1.7580993408473768599) * v)
    return with_sign(absolute(v), x)


# ---- over memory ----

cdef inline lanes in_one_step(const int code, lanes x, lanes parameter) noexcept nogil:
    if code == RELU:
        return relu(x)
    if code == LEAKY_RELU:
        return leaky_relu(x, parameter)
    return x


cdef inline f32v from_pieces(const float* table, f32v chosen, f32v a) noexcept nogil:
    """Evaluate in a the polynomial that `chosen`, 1 less a multiple of a, selects in `table`"""
    cdef f32v p = lookup_f32(table + 64, chosen)
    cdef int k
    a = a - lookup_f32(table, chosen)
    for k in range(7, 0, -1):
        p = mul_add(p, a, lookup_f32(table + 8 * k, chosen))
    return p


cdef inline lanes prepared(const int code, lanes x, lanes* scale) noexcept nogil:
    """Return r and set scale, as in `reduced`, for the exponential of this activation"""
    cdef lanes r, low
    if code == GELU:
        r = gelu_argument(x, &low)
        return reduced(r, scale) + low
    x = minus_absolute(x)
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
    if code == SILU:
        return silu_of(x, q, scale)
    if code == MISH:
        return mish_of(x, q, scale)
    if code == GELU:
        return gelu_of(x, q, scale)
    if code == SELU:
        return selu_of(x, q, scale)
    return elu_of(x, q, scale, parameter)


cdef inline void straight(lanes like, const int code, double parameter, Py_ssize_t n,
                          const real* x, real* y) noexcept nogil:
    cdef lanes v
    cdef lanes p = fill(like, parameter)
    cdef Py_ssize_t i, L = lane_count(y)
    for i in range(n // L):
        load(&v, x + i * L)
        store(y + i * L, in_one_step(code, v, p))


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
        q[i] = prepared(code, v, &scale[i])
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


cdef void sweep(lanes like, int code, double parameter, Py_ssize_t n,
                const real* x, real* y) noexcept nogil:
    """y[n] = activation(x[n]), n a multiple of the lane count; y may be x"""
    # one loop for each activation: inside it the code is a constant
    if code == RELU:
        straight(like, RELU, 0, n, x, y)
    elif code == SIGMOID:
        through_exponential(like, SIGMOID, 0, n, x, y)
    elif code == TANH:
        through_exponential(like, TANH, 0, n, x, y)
    elif code == SOFTPLUS:
        through_exponential(like, SOFTPLUS, 0, n, x, y)
    elif code == SILU:
        through_exponential(like, SILU, 0, n, x, y)
    elif code == MISH:
        through_exponential(like, MISH, 0, n, x, y)
    elif code == GELU:
        through_exponential(like, GELU, 0, n, x, y)
    elif code == SELU:
        through_exponential(like, SELU, 0, n, x, y)
    elif code == LEAKY_RELU:
        straight(like, LEAKY_RELU, parameter, n, x, y)
    elif code == ELU:
        through_exponential(like, ELU, parameter, n, x, y)
    else:
        straight(like, IDENTITY, 0, n, x, y)


cdef inline void activate_any(lanes like, int code, double parameter, Py_ssize_t n,
                              const real* x, real* y) noexcept nogil:
    """y[n] = activation(x[n]) for any n; y may be x"""
    cdef real tail[16]
    cdef Py_ssize_t whole = n - n % lane_count(y)
    sweep(like, code, parameter, whole, x, y)
    if whole < n:
        memset(tail, 0, sizeof(tail))
        memcpy(tail, x + whole, (n - whole) * sizeof(real))
        sweep(like, code, parameter, lane_count(y), <const real*>tail, <real*>tail)
        memcpy(y + whole, tail, (n - whole) * sizeof(real))
