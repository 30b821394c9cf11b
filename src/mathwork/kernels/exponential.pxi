# The exponential of arguments that are not positive, which is all that activations need.
#
# e^x = (1 + q) 2^n with n the integer nearest to x / ln 2, r = x - n ln 2 and q = e^r - 1.
# A value in two parts is their unrounded sum, the low one at most about an ulp of the high.
# Where mul_add does not fuse (FUSED is 0) what must be exact is exact another way.

cdef inline lanes minus_absolute(lanes x) noexcept nogil:
    """-|x|"""
    return with_sign(x, fill(x, -0.0))


cdef inline lanes not_below(double floor32, double floor64, lanes x) noexcept nogil:
    """max(x, floor), NaN where x is NaN"""
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


cdef inline lanes reduced(lanes x, bint to_zero, lanes* scale) noexcept nogil:
    """r and scale = 2^n for x <= 0. With to_zero n may be as low as -190 (float) or -1270
    (double), where the scale is 0; without, 2^n must be a normal number."""
    # x / ln 2 + 1.5 * 2^23 (float) or 1.5 * 2^52 (double) is rounded to an integer, and the
    # integer is in its low bits. A scale near 0 is made 2^64 or 2^256 times too large first.
    cdef lanes magic, t, n
    if lanes is f32v:
        magic = fill(x, 12582912.0 + (64.0 if to_zero else 0.0))
    else:
        magic = fill(x, 6755399441055744.0 + (256.0 if to_zero else 0.0))
    t = mul_add(x, fill(x, 1.4426950408889634), magic)      # 1 / ln 2
    n = t - magic
    scale[0] = power_of_two(t)
    if to_zero:
        scale[0] = scale[0] * fill(x, 5.421010862427522e-20 if lanes is f32v     # 2^-64
                                   else 8.636168555094445e-78)                   # 2^-256
    # ln 2 = high + low, high so short that n * high is exact: Cody and Waite 1980
    if lanes is f32v:
        x = minus_mul(n, fill(x, 0.693145751953125), x)
        return minus_mul(n, fill(x, 1.4286068203094172e-06), x)
    else:
        x = minus_mul(n, fill(x, 0.6931471803691238), x)
        return minus_mul(n, fill(x, 1.9082149292705877e-10), x)


cdef inline lanes power(lanes r) noexcept nogil:
    """q = e^r - 1 = r + r^2 / 2 + r^3 p(r), |r| <= 0.3467: relative error 2^-29.8 and 2^-60"""
    cdef lanes s = r * r
    cdef lanes p, p0, p2, p4, p6, p8
    p0 = mul_add(fill(r, 0.16666666666666677 if lanes is f64v else 0.16666667), r, fill(r, 0.5))
    if lanes is f32v:
        p2 = mul_add(fill(r, 0.008333283), r, fill(r, 0.04166648))
        p4 = mul_add(fill(r, 0.00019909728), r, fill(r, 0.001393334))
        p = mul_add(p4, s, p2)
    else:
        p2 = mul_add(fill(r, 0.00833333333332167), r, fill(r, 0.04166666666666669))
        p4 = mul_add(fill(r, 0.00019841269886056612), r, fill(r, 0.0013888888888870185))
        p6 = mul_add(fill(r, 2.7557244257065675e-06), r, fill(r, 2.4801587356036877e-05))
        p8 = mul_add(fill(r, 2.510902617616373e-08), r, fill(r, 2.755724563811359e-07))
        p8 = mul_add(fill(r, 2.092374263770286e-09), s, p8)
        p = mul_add(mul_add(p6, s, p4), s, p2)
        p = mul_add(p8, s * s * s, p)
    return mul_add(mul_add(p, s, p0), s, r)


cdef inline lanes exponential(lanes x, lanes* low, lanes* scale) noexcept nogil:
    """e^x = (result + low) scale for x <= 0"""
    cdef lanes q = power(reduced(x, True, scale))
    cdef lanes p = q + 1
    low[0] = q - (p - 1)
    return p


cdef inline lanes exponential_less_one(lanes x, lanes* low) noexcept nogil:
    """e^x - 1 = result + low for -60 <= x <= 0"""
    cdef lanes scale
    cdef lanes q = power(reduced(x, False, &scale))
    cdef lanes whole = scale - 1
    cdef lanes result = mul_add(scale, q, whole)
    low[0] = mul_add(scale, q, whole - result) + (scale - (whole + 1))
    return result


cdef inline lanes fraction(lanes high, lanes low, lanes scale, double k) noexcept nogil:
    """v / (k + v scale), v = high + low and |v scale| <= k, within 0.6 ulp"""
    cdef lanes whole = fill(high, k)
    cdef lanes d = mul_add(high, scale, whole)
    cdef lanes d_low = mul_add(low, scale, mul_add(high, scale, whole - d))
    cdef lanes result = high / d
    cdef lanes rest = minus_mul(result, d_low, low) + remainder(high, result, d)
    # 1 / (k + v scale) = (1 - result scale) / k
    cdef lanes slope = minus_mul(result, scale * fill(high, 1 / k), fill(high, 1 / k))
    return mul_add(rest, slope, result)
