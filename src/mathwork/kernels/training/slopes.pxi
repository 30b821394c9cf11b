# Derivatives of activations, from the number z before an activation and the number a behind it.
#
# Where a is enough, no exponential is computed twice: tanh' = (1 - a)(1 + a). Close to the ends of
# sigmoid and tanh such a derivative has the absolute accuracy of a, as everywhere else it is done.
# At a kink the derivative is the one that PyTorch takes: 0 for relu at 0, 1 for hardswish at 3.


cdef inline lanes logistic(lanes x) noexcept nogil:
    """1 / (1 + e^-x)"""
    cdef lanes scale
    cdef lanes r = reduced(not_below(-110, -760, minus_absolute(x)), &scale)
    return sigmoid_of(x, power(r), scale)


cdef inline lanes gate(double at_zero, lanes z, lanes a) noexcept nogil:
    """a / z, the factor of z in a = z factor(z)"""
    return pick(absolute(z), fill(z, 0), a / z, fill(z, at_zero))


cdef inline lanes gelu_density(lanes z) noexcept nogil:
    """z phi(z), phi the density of the normal distribution"""
    cdef lanes low, scale
    cdef lanes r = gelu_argument(z, &low)
    cdef lanes q = power(reduced(r, &scale) + low)
    cdef lanes root = fill(z, 0.3989422804014327)   # 1 / sqrt(2 pi)
    z = clipped(z, fill(z, -40), fill(z, 40))       # not inf * 0
    return z * (mul_add(scale, q, scale) * unshift(z)) * root


cdef inline lanes slope(const int code, lanes z, lanes a, lanes first, lanes second) noexcept nogil:
    """The derivative of an activation at z, where its value is a"""
    cdef lanes zero = fill(z, 0), one = fill(z, 1), g
    if code == RELU:
        return pick(z, zero, one, zero)
    if code == SIGMOID:
        return a * (one - a)
    if code == TANH:
        return (one - a) * (one + a)
    if code == SOFTPLUS or code == SCALED_SOFTPLUS:
        return logistic(first * z)
    if code == LOG_SIGMOID:
        return logistic(-z)
    if code == SILU:
        g = gate(0.5, z, a)
        return mul_add(a, one - g, g)
    if code == MISH:
        g = gate(0.6, z, a)     # tanh(log 2)
        return mul_add(z * logistic(z), (one - g) * (one + g), g)
    if code == GELU:
        return gate(0.5, z, a) + gelu_density(z)
    if code == GELU_TANH:
        g = gate(0.5, z, a)
        z = clipped(z, fill(z, -22), fill(z, 22))       # beyond, a (1 - g) is 0
        # u' of u = 2 (2 / pi)^(1/2) (z + 0.044715 z^3)
        z = mul_add(z * z, fill(z, 0.21406444881780074), fill(z, 1.5957691216057308))
        return mul_add(a * (one - g), z, g)
    if code == SELU:        # scale and scale * alpha of Klambauer et al. 2017
        return pick(z, zero, fill(z, 1.0507009873554804934), a + fill(z, 1.7580993408473768599))
    if code == ELU:
        return pick(z, zero, one, a + first)
    if code == CELU:
        return pick(z, zero, one, a / first + one)
    if code == EXP:
        return a
    if code == SOFTSIGN:
        g = one / (one + absolute(z))
        return g * g
    if code == LEAKY_RELU:
        return pick(z, zero, one, first)
    if code == HARDSIGMOID:
        g = pick(fill(z, 3), absolute(z), fill(z, 1.0 / 6), zero)
        return g
    if code == HARDSWISH:
        g = mul_add(z, fill(z, 1.0 / 3), fill(z, 0.5))
        g = pick(z, fill(z, -3), g, zero)
        return pick(fill(z, 3), z, g, one)
    if code == CLIP:
        return pick(z, first, pick(second, z, one, zero), zero)
    return one


cdef inline void times_slopes(lanes like, const int code, double first, double second, Py_ssize_t n,
                              const real* z, const real* a, real* d) noexcept nogil:
    cdef lanes u, v, w, p = fill(like, first), q = fill(like, second)
    cdef Py_ssize_t i, L = lane_count(d)
    for i in range(n // L):
        load(&u, z + i * L)
        load(&v, a + i * L)
        load(&w, <const real*>(d + i * L))
        store(d + i * L, w * slope(code, u, v, p, q))


cdef void through_activation(lanes like, int code, const Parameters* parameters, Py_ssize_t n,
                             const real* z, const real* a, real* d) noexcept nogil:
    """d[n] = d[n] f'(z[n]) for an elementwise activation; n is a multiple of the lane count"""
    cdef double first = parameters.first
    # one loop for each activation: inside it the code is a constant
    if code == RELU:
        times_slopes(like, RELU, 0, 0, n, z, a, d)
    elif code == SIGMOID:
        times_slopes(like, SIGMOID, 0, 0, n, z, a, d)
    elif code == TANH:
        times_slopes(like, TANH, 0, 0, n, z, a, d)
    elif code == SOFTPLUS:
        times_slopes(like, SOFTPLUS, first if first != 0 else 1, 0, n, z, a, d)
    elif code == LOG_SIGMOID:
        times_slopes(like, LOG_SIGMOID, 0, 0, n, z, a, d)
    elif code == SILU:
        times_slopes(like, SILU, 0, 0, n, z, a, d)
    elif code == MISH:
        times_slopes(like, MISH, 0, 0, n, z, a, d)
    elif code == GELU:
        times_slopes(like, GELU, 0, 0, n, z, a, d)
    elif code == GELU_TANH:
        times_slopes(like, GELU_TANH, 0, 0, n, z, a, d)
    elif code == SELU:
        times_slopes(like, SELU, 0, 0, n, z, a, d)
    elif code == ELU:
        times_slopes(like, ELU, first, 0, n, z, a, d)
    elif code == CELU:
        times_slopes(like, CELU, first, 0, n, z, a, d)
    elif code == EXP:
        times_slopes(like, EXP, 0, 0, n, z, a, d)
    elif code == SOFTSIGN:
        times_slopes(like, SOFTSIGN, 0, 0, n, z, a, d)
    elif code == LEAKY_RELU:
        times_slopes(like, LEAKY_RELU, first, 0, n, z, a, d)
    elif code == HARDSIGMOID:
        times_slopes(like, HARDSIGMOID, 0, 0, n, z, a, d)
    elif code == HARDSWISH:
        times_slopes(like, HARDSWISH, 0, 0, n, z, a, d)
    elif code == CLIP:
        times_slopes(like, CLIP, first, parameters.second, n, z, a, d)
    elif code == HARDTANH:
        times_slopes(like, CLIP, -1, 1, n, z, a, d)
    elif code == RELU6:
        times_slopes(like, CLIP, 0, 6, n, z, a, d)
