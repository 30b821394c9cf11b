# From random bits to a number of a distribution, by the inverse of its distribution function: each
# number has its own 32 bits (float32) or 64 (float64).
#
# There is no fused multiply-add here: the bits are the same at every level, with it and without.

cdef extern from "_integers.h" nogil:
    f32v centred_f32(u32v, f32v*)
    f64v centred_f64(u64v, f64v*)
    f32v stepped_f32(u32v)
    f64v stepped_f64(u64v)
    f32v split_f32(f32v, f32v*)
    f64v split_f64(f64v, f64v*)
    bint any_above_f32(f32v, f32v)
    bint any_above_f64(f64v, f64v)

cdef extern from "_quantile.h" nogil:
    const float RATIO_LOG_F32[3]
    const double RATIO_LOG_F64[7]
    const float QUANTILE_F32[10]
    const double QUANTILE_F64[25]
    const float TAIL_F32[11]
    const double TAIL_F64[20]
    const double FAR_TAIL_F64[17]

cdef enum Distribution:
    UNIFORM         # on [-1, 1)
    NORMAL          # of mean 0 and variance 1
    TRUNCATED       # the same between -2 and 2

ctypedef fused words:
    u32v
    u64v


cdef inline lanes every_fourth(lanes q, const real* coefficients, const int terms,
                               const int first) noexcept nogil:
    """The terms first, first + 4, ... of a polynomial over x^first, in q = x^4"""
    cdef const real* lowest = coefficients + terms - 1 - first      # the highest power comes first
    cdef int steps = (terms - 1 - first) // 4, i
    cdef lanes value = fill(q, lowest[-4 * steps])
    for i in range(steps - 1, -1, -1):
        value = value * q + fill(q, lowest[-4 * i])
    return value


cdef inline lanes polynomial(lanes x, const real* coefficients, const int terms) noexcept nogil:
    """In four parts, which the processor computes side by side"""
    cdef lanes s = x * x, q = s * s
    return ((every_fourth(q, coefficients, terms, 0)
             + every_fourth(q, coefficients, terms, 1) * x)
            + (every_fourth(q, coefficients, terms, 2)
               + every_fourth(q, coefficients, terms, 3) * x) * s)


cdef inline lanes series(lanes t, const real* coefficients, const int terms) noexcept nogil:
    """A short polynomial, one term after the other"""
    cdef lanes value = fill(t, coefficients[0])
    cdef int i
    for i in range(1, terms):
        value = value * t + fill(t, coefficients[i])
    return value


cdef inline lanes logarithm(lanes y) noexcept nogil:
    """log(y), 2^-60 < y <= 1, within a few units of 2^-24 (float) or 2^-53 (double)"""
    cdef lanes exponent, m, z, t, p
    if lanes is f32v:
        m = split_f32(y, &exponent)
    else:
        m = split_f64(y, &exponent)
    z = (m - fill(y, 1)) / (m + fill(y, 1))
    t = z * z
    if lanes is f32v:
        p = series(t, RATIO_LOG_F32, 3)
    else:
        p = series(t, RATIO_LOG_F64, 7)
    return (z * t * p + (z + z)) + exponent * fill(y, 0.6931471805599453)


cdef inline lanes scaled_quantile(lanes w) noexcept nogil:
    """x / s, where s = sqrt(1 - e^-w) is the chance that a normal number is at most x in size"""
    cdef lanes value, r
    if lanes is f32v:
        value = polynomial(w - fill(w, 0.5), QUANTILE_F32, 10)
        if any_above_f32(w, fill(w, 5)):
            r = root(w)
            value = pick(w, fill(w, 5), polynomial(r - fill(w, 3.5), TAIL_F32, 11), value)
    else:
        value = polynomial(w - fill(w, 0.5), QUANTILE_F64, 25)
        if any_above_f64(w, fill(w, 6.25)):
            r = root(w)
            value = pick(w, fill(w, 6.25), polynomial(r - fill(w, 3.25), TAIL_F64, 20), value)
            value = pick(w, fill(w, 16), polynomial(r - fill(w, 5), FAR_TAIL_F64, 17), value)
    return value


cdef inline lanes log_of_rest(lanes share, lanes rest) noexcept nogil:
    """w = -log(1 - share^2), where rest = 1 - |share|"""
    return -logarithm(rest * (absolute(share) + fill(share, 1)))


cdef inline lanes share_of(lanes like, words bits, const int distribution,
                           lanes* rest) noexcept nogil:
    """Random bits as a number between -1 and 1, and the rest of its size to 1

    They are 32 bits for f32v, 64 for f64v. A number of the distribution is in size below another
    one with the chance |share|.
    """
    cdef lanes share = like
    cdef double inside = 0.9544997361036416         # of N(0, 1), between -2 and 2
    rest[0] = like
    if lanes is f32v and words is u32v:
        if distribution == UNIFORM:
            return stepped_f32(bits)
        share = centred_f32(bits, rest)
    elif lanes is f64v and words is u64v:
        if distribution == UNIFORM:
            return stepped_f64(bits)
        share = centred_f64(bits, rest)
    if distribution == TRUNCATED:
        share = share * fill(like, inside)
        rest[0] = rest[0] * fill(like, inside) + fill(like, 1 - inside)
    return share
