# The exponential e^x for x <= 0. `exp` alone needs it for x > 0, too: see `exp_argument`.
#
# e^x = (1 + q) 2^n with n the integer nearest to x / ln 2, r = x - n ln 2 and q = e^r - 1.
# A value in two parts is their unrounded sum; the low part is at most about an ulp of the high.
# Where mul_add does not fuse (FUSED is 0), other formulas keep the exact steps exact.

cdef inline lanes minus_absolute(lanes x) noexcept nogil:
    """-|x|"""
    return with_sign(x, fill(x, -0.0))


cdef inline lanes not_below(double floor32, double floor64, lanes x) noexcept nogil:
    """max(x, floor); NaN where x is NaN"""
    return larger(fill(x, floor32 if lanes is f32v else floor64), x)


cdef inline lanes remainder(lanes c, lanes a, lanes b) noexcept nogil:
    """c - a b without error, for c within a few ulp of a b"""
    cdef lanes product, splitter, a_high, b_high, a_low, b_low
    if FUSED:
        return minus_mul(a, b, c)
    product = a * b
    splitter = fill(a, 4097.0 if lanes is f32v else 134217729.0)   # 2^12 + 1, 2^27 + 1: Dekker 1971
    a_high = splitter * a - (splitter * a - a)
    b_high = splitter * b - (splitter * b - b)
    a_low = a - a_high
    b_low = b - b_high
    return (c - product) - (((a_high * b_high - product) + a_high * b_low + a_low * b_high)
                            + a_low * b_low)


cdef inline lanes kept(lanes low) noexcept nogil:
    """A `remainder`, or 0 where one of its halves overflowed, which none does where FUSED"""
    return low if FUSED else pick(fill(low, INFINITY), absolute(low), low, fill(low, 0))


cdef inline lanes unshift(lanes like) noexcept nogil:
    """2^-SHIFT: SHIFT is 64 (float) or 256 (double)"""
    return fill(like, 5.421010862427522e-20 if lanes is f32v else 8.636168555094445e-78)


cdef inline lanes rounder(lanes like, double sign) noexcept nogil:
    """What `reduced_by` adds for a scale of 2^(n + sign SHIFT)"""
    return fill(like, 12582912.0 + sign * 64 + 127 if lanes is f32v
                else 6755399441055744.0 + sign * 256 + 1023)


cdef inline lanes reduced_by(lanes magic, lanes x, lanes* scale) noexcept nogil:
    """Return r; set scale, a normal number"""
    # t is x / ln 2 + 1.5 * 2^23 (float) or 1.5 * 2^52 (double), rounded to an integer. The low
    # bits of t hold n + SHIFT + the bias of an exponent. Where x is NaN, scale is a power of 2 or
    # infinity. That makes no second kind of NaN, so the bits of the result do not depend on the
    # order of operands.
    cdef lanes n, t = mul_add(x, fill(x, 1.4426950408889634), magic)      # 1 / ln 2
    n = t - magic
    scale[0] = power_of_two(t)
    # ln 2 = high + low; high is so short that n * high is exact: Cody and Waite 1980
    if lanes is f32v:
        x = minus_mul(n, fill(x, 0.693145751953125), x)
        return minus_mul(n, fill(x, 1.4286068203094172e-06), x)
    else:
        x = minus_mul(n, fill(x, 0.6931471803691238), x)
        return minus_mul(n, fill(x, 1.9082149292705877e-10), x)


cdef inline lanes reduced(lanes x, lanes* scale) noexcept nogil:
    """Return r; set scale = 2^(n + SHIFT)

    scale is a normal number down to x = -130 (float) and -880 (double), far below where 2^n is 0.
    """
    return reduced_by(rounder(x, 1), x, scale)


cdef inline lanes power(lanes r) noexcept nogil:
    """q = e^r - 1 = r + r^2 p(r), |r| <= 0.3467"""
    # largest error of the polynomial: 2^-28 of e^r and 2^-60 of q (tools/minimax.py)
    cdef lanes s = r * r
    cdef lanes p, p0, p2, p4, p6, p8
    if lanes is f32v:
        p2 = mul_add(fill(r, 0.0013814559), r, fill(r, 0.008368735))
        p0 = mul_add(fill(r, 0.04166839), r, fill(r, 0.16666521))
        p = mul_add(mul_add(p2, s, p0), r, fill(r, 0.49999994))
        return mul_add(p, s, r)
    else:
        p0 = mul_add(fill(r, 0.16666666666666677), r, fill(r, 0.5))
        p2 = mul_add(fill(r, 0.00833333333332167), r, fill(r, 0.04166666666666669))
        p4 = mul_add(fill(r, 0.00019841269886056612), r, fill(r, 0.0013888888888870185))
        p6 = mul_add(fill(r, 2.7557244257065675e-06), r, fill(r, 2.4801587356036877e-05))
        p8 = mul_add(fill(r, 2.510902617616373e-08), r, fill(r, 2.755724563811359e-07))
        p8 = mul_add(fill(r, 2.092374263770286e-09), s, p8)
        p = mul_add(mul_add(mul_add(p8, s, p6), s, p4), s, p2)
        return mul_add(mul_add(p, s, p0), s, r)


cdef inline lanes one_more(lanes q, lanes* low) noexcept nogil:
    """1 + q = result + low"""
    cdef lanes result = q + 1
    low[0] = q - (result - 1)
    return result


cdef inline lanes one_less(lanes q, lanes scale, lanes* low) noexcept nogil:
    """(1 + q) scale - 1 = result + low for a scale of 1 or below"""
    cdef lanes whole = scale - 1
    cdef lanes result = mul_add(scale, q, whole)
    low[0] = mul_add(scale, q, whole - result) + (scale - (whole + 1))
    return result


cdef inline lanes fraction(lanes high, lanes low, lanes scale, double k,
                           lanes* rest, lanes* slope) noexcept nogil:
    """v / (k + v scale) = result + rest slope for v = high + low, |v scale| <= k"""
    cdef lanes whole = fill(high, k)
    cdef lanes d = mul_add(high, scale, whole)
    cdef lanes d_low = mul_add(low, scale, mul_add(high, scale, whole - d))
    cdef lanes result = high / d
    rest[0] = minus_mul(result, d_low, low) + remainder(high, result, d)
    # 1 / (k + v scale) = (1 - result scale) / k
    slope[0] = minus_mul(result, scale * fill(high, 1 / k), fill(high, 1 / k))
    return result
