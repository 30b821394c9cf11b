# Elementwise activation functions, over registers and over contiguous memory.
#
# Bits: every result depends on its element alone, not on where it stands nor on how many lanes
# a register has. Tails go through a padded register.

cdef enum:
    IDENTITY
    RELU
    SIGMOID
    TANH
    SOFTPLUS
    SILU
    GELU
    SELU
    LEAKY_RELU
    ELU
    SOFTMAX
    LOG_SOFTMAX

cdef enum:
    BLOCK = 256     # elements of a block of in_two_steps: 2 or 4 KB in cache

activation_codes = {
    "identity": IDENTITY, "relu": RELU, "sigmoid": SIGMOID, "tanh": TANH,
    "softplus": SOFTPLUS, "silu": SILU, "gelu": GELU, "selu": SELU,
    "leaky_relu": LEAKY_RELU, "elu": ELU, "softmax": SOFTMAX, "log_softmax": LOG_SOFTMAX,
}


cdef inline lanes relu(lanes x) noexcept nogil:
    """max(x, 0): the sum turns -0.0 into 0.0"""
    return larger(fill(x, 0), x) + fill(x, 0)


cdef inline lanes leaky_relu(lanes x, lanes slope) noexcept nogil:
    """x where x > 0, else slope x"""
    return pick(x, fill(x, 0), x, slope * x)


# ---- through an exponential ----
# Two steps: e^-|x| (for tanh e^(-2|x|), for gelu e^(-x^2 / 2)) as q and scale of `exponential`,
# then the function of x, q and scale. Why they are two loops stands at `in_two_steps`. The
# sign of a result is set at the end, which settles that of zeros and of NaN.

cdef inline lanes sigmoid_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """1 / (1 + e^-x): w = v / (1 + v), v = e^-|x|, where x < 0, else 1 - w"""
    cdef lanes low, rest, slope, w
    cdef lanes p = one_more(q, &low)
    scale = scale * unshift(x)
    w = fraction(p, low, scale, 1, &rest, &slope)
    w = mul_add(rest, slope, w)
    return absolute(pick(fill(x, 0), x, w * scale, minus_mul(w, scale, fill(x, 1))))


cdef inline lanes silu_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """x / (1 + e^-x) = max(x, 0) - a v / (1 + v), v = e^-a, a = |x|"""
    cdef lanes low, rest, slope
    cdef lanes p = one_more(q, &low)
    cdef lanes minus_a = not_below(-110, -760, minus_absolute(x)) * scale
    cdef lanes w = fraction(p, low, scale * unshift(x), 1, &rest, &slope)
    cdef lanes product = minus_a * w
    rest = mul_add(minus_a, rest * slope, -remainder(product, minus_a, w))
    return with_sign(absolute(mul_add(product + rest, unshift(x), larger(fill(x, 0), x))), x)


cdef inline lanes tanh_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """-v / (2 + v), v = e^(-2|x|) - 1, with the sign of x"""
    cdef lanes low, rest, slope
    cdef lanes v = one_less(q, scale * unshift(x), &low)
    v = fraction(v, low, fill(x, 1), 2, &rest, &slope)
    return with_sign(absolute(mul_add(rest, slope, v)), x)


cdef inline lanes softplus_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """log(1 + e^x) = max(x, 0) + 2 atanh(s), s = v / (2 + v), v = e^-|x|"""
    cdef lanes low, rest, slope, half, s, square, p, total, part
    cdef lanes base = larger(fill(x, 0), x)
    p = one_more(q, &low)
    scale = scale * unshift(x)
    half = fraction(p, low, scale, 2, &rest, &slope)
    s = half * scale
    square = s * s
    # 2 atanh(s) = 2 s + s^3 p(s^2), 0 <= s^2 <= 1/9: relative error 2^-30.4 and 2^-58
    # (tools/minimax.py)
    if lanes is f32v:
        p = mul_add(fill(x, 0.24300933), square, fill(x, 0.21427658))
        p = mul_add(p, square, fill(x, 0.28616884))
        p = mul_add(p, square, fill(x, 0.39998877))
        p = mul_add(p, square, fill(x, 0.66666675))
    else:
        p = mul_add(fill(x, 0.17018576956632486), square, fill(x, 0.08340100851529497))
        p = mul_add(p, square, fill(x, 0.12106086337313189))
        p = mul_add(p, square, fill(x, 0.1330097358643145))
        p = mul_add(p, square, fill(x, 0.15386559921989076))
        p = mul_add(p, square, fill(x, 0.18181743925038346))
        p = mul_add(p, square, fill(x, 0.2222222396972584))
        p = mul_add(p, square, fill(x, 0.28571428547854005))
        p = mul_add(p, square, fill(x, 0.40000000000157243))
        p = mul_add(p, square, fill(x, 0.6666666666666631))
    # base + 2 s without error (Knuth), then the rest of 2 atanh(s)
    rest = mul_add(half, square * p, 2 * rest * slope)
    total = base + 2 * s
    part = total - base
    low = (base - (total - part)) + (2 * s - part)
    # beyond 50 it is x, and so it is at infinity, where low is not a number
    return absolute(pick(x, fill(x, 50), x, total + mul_add(rest, scale, low)))


cdef inline lanes gelu_argument(lanes x, lanes* low) noexcept nogil:
    """-a^2 / 2 = result + low, a = |x|: the short part of a has an exact square"""
    cdef lanes a = -not_below(-15, -40, minus_absolute(x))
    cdef lanes magic = fill(x, 98304.0 if lanes is f32v else 6442450944.0)     # 1.5 * 2^16, 2^32
    cdef lanes short = (a + magic) - magic
    cdef lanes high = fill(x, -0.5) * short * short
    cdef lanes rest = fill(x, -0.5) * (a - short) * (a + short)
    cdef lanes result = high + rest
    low[0] = rest - (result - high)
    return result


cdef inline lanes gelu_of(lanes x, lanes q, lanes scale) noexcept nogil:
    """x Phi(x) = max(x, 0) - a Phi(-a), a = |x|, Phi(-a) = e^(-a^2 / 2) p(t) / (a + c),
    t = 1 - 2 c / (a + c)"""
    cdef lanes a = -not_below(-15, -40, minus_absolute(x))
    cdef lanes c = fill(x, 5.0 if lanes is f32v else 3.5)
    cdef lanes d = a + c
    cdef lanes d_low = a - (d - c)
    cdef lanes reciprocal = 1 / d
    cdef lanes rest = minus_mul(reciprocal, d_low, remainder(fill(x, 1), reciprocal, d))
    cdef lanes double_c = 2 * c * reciprocal
    cdef lanes t = 1 - double_c
    # what rounding double_c lost, as a relative error of the reciprocal
    cdef lanes t_low = remainder(double_c, 2 * c, reciprocal) * (
        fill(x, 1.0 / 10 if lanes is f32v else 1.0 / 7) * d)
    cdef lanes square = t * t
    cdef lanes p, even, odd, slope, last, high, low
    # p on 0 <= a <= 15 and 40, by parts of even and odd powers: relative error 2^-26.8 and
    # 2^-54.9. The slope is how much of a relative error of the reciprocal goes into
    # p(t) / (a + c), to 1.6 %: a quadratic fit, for a correction of about an ulp. Both are
    # from tools/minimax.py.
    if lanes is f32v:
        even = mul_add(fill(x, -4.3378255e-05), square, fill(x, -0.0008033762))
        even = mul_add(even, square, fill(x, 0.020795908))
        even = mul_add(even, square, fill(x, 0.1650203))
        even = mul_add(even, square, fill(x, 0.49530563))
        odd = mul_add(fill(x, -5.5318695e-05), square, fill(x, 0.0005546697))
        odd = mul_add(odd, square, fill(x, -0.0029976259))
        odd = mul_add(odd, square, fill(x, -0.06911789))
        odd = mul_add(odd, square, fill(x, -0.31353322))
        p = mul_add(mul_add(odd, t, even), t, fill(x, -0.6653825))
        last = fill(x, 0.76919305)
        slope = mul_add(mul_add(fill(x, 0.694), t, fill(x, -1.443)), t, fill(x, 1.869))
    else:
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
        last = fill(x, 0.7444160754359381)
        slope = mul_add(mul_add(fill(x, 0.132), t, fill(x, -0.939)), t, fill(x, 1.765))
    high = mul_add(p, t, last)
    low = mul_add(p, t, last - high)
    # times the reciprocal, times a, times 1 + q, each with what its rounding lost
    p = high * reciprocal
    low = mul_add(low, reciprocal, -remainder(p, high, reciprocal))
    a = a * scale
    high = a * p
    low = mul_add(a, low, -remainder(high, a, p))
    rest = mul_add(rest - t_low, slope, t_low)
    low = mul_add(low, 1 + q, high * mul_add(rest, 1 + q, q))
    return with_sign(absolute(minus_mul(high + low, unshift(x), larger(fill(x, 0), x))), x)


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


cdef inline lanes first_step(const int code, lanes x, lanes* scale) noexcept nogil:
    cdef lanes r, low
    if code == GELU:
        x = gelu_argument(x, &low)
        r = reduced(x, scale)
        return power(r + low)
    x = minus_absolute(x)
    if code == TANH:
        x = x + x
    return power(reduced(not_below(-110, -760, x), scale))


cdef inline lanes second_step(const int code, lanes x, lanes q, lanes scale,
                              lanes parameter) noexcept nogil:
    if code == SIGMOID:
        return sigmoid_of(x, q, scale)
    if code == TANH:
        return tanh_of(x, q, scale)
    if code == SOFTPLUS:
        return softplus_of(x, q, scale)
    if code == SILU:
        return silu_of(x, q, scale)
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


cdef inline void in_two_steps(lanes like, const int code, double parameter, Py_ssize_t n,
                              const real* x, real* y) noexcept nogil:
    """The exponential and what follows as two loops over a block that stays in cache. As one
    loop they are a chain of about 80 cycles and 50 instructions, more than a processor can keep
    in flight several times over; two halves of it take two thirds of the time."""
    cdef real block_q[BLOCK]
    cdef real block_scale[BLOCK]
    cdef lanes v, q, scale
    cdef lanes p = fill(like, parameter)
    cdef Py_ssize_t i, m, L = lane_count(y)
    while n > 0:
        m = min(n, BLOCK)
        for i in range(m // L):
            load(&v, x + i * L)
            q = first_step(code, v, &scale)
            store(block_q + i * L, q)
            store(block_scale + i * L, scale)
        for i in range(m // L):
            load(&v, x + i * L)
            load(&q, <const real*>block_q + i * L)
            load(&scale, <const real*>block_scale + i * L)
            store(y + i * L, second_step(code, v, q, scale, p))
        x += m
        y += m
        n -= m


cdef void sweep(lanes like, int code, double parameter, Py_ssize_t n,
                const real* x, real* y) noexcept nogil:
    """y[n] = activation(x[n]), n a multiple of the lane count; y may be x"""
    # one loop for each: inside it the code is a constant
    if code == RELU:
        straight(like, RELU, 0, n, x, y)
    elif code == SIGMOID:
        in_two_steps(like, SIGMOID, 0, n, x, y)
    elif code == TANH:
        in_two_steps(like, TANH, 0, n, x, y)
    elif code == SOFTPLUS:
        in_two_steps(like, SOFTPLUS, 0, n, x, y)
    elif code == SILU:
        in_two_steps(like, SILU, 0, n, x, y)
    elif code == GELU:
        in_two_steps(like, GELU, 0, n, x, y)
    elif code == SELU:
        in_two_steps(like, SELU, 0, n, x, y)
    elif code == LEAKY_RELU:
        straight(like, LEAKY_RELU, parameter, n, x, y)
    elif code == ELU:
        in_two_steps(like, ELU, parameter, n, x, y)
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
