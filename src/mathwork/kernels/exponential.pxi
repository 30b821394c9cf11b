# The exponential of arguments that are not positive, which is all that activations need, and
# the two small functions built on it.
#
# e^x = (1 + q) 2^n with n the integer nearest to x / ln 2, r = x - n ln 2 and q = e^r - 1.
# Results that may be subnormal are carried at 2^SHIFT times their size, where they have all
# their bits, and scaled down by the last multiplication of their function.
#
# Where mul_add does not fuse (FUSED is 0), sums and products below that look redundant are
# still exact or still harmless; the error bounds hold there too.

cdef inline lanes rounder(lanes like, double shift) noexcept nogil:
    """1.5 * 2^23 (float) or 1.5 * 2^52 (double) + shift: adding it rounds to an integer"""
    if lanes is f32v:
        return fill(like, 12582912.0 + shift)
    else:
        return fill(like, 6755399441055744.0 + shift)


cdef inline lanes shift_up(lanes like) noexcept nogil:
    """2^SHIFT: SHIFT = 64 (float) or 256 (double)"""
    return fill(like, 18446744073709551616.0 if lanes is f32v else 1.157920892373162e77)


cdef inline lanes shift_down(lanes like) noexcept nogil:
    """2^-SHIFT"""
    return fill(like, 5.421010862427522e-20 if lanes is f32v else 8.636168555094445e-78)


cdef inline lanes not_below(lanes x, double floor32, double floor64) noexcept nogil:
    """max(x, floor), NaN where x is NaN"""
    return larger(fill(x, floor32 if lanes is f32v else floor64), x)


cdef inline lanes reduced(lanes x, bint shifted, lanes* scale) noexcept nogil:
    """r = x - n ln 2 for x <= 0; scale = 2^n, or 2^(n + SHIFT) where shifted. -3000 < x for
    double and -300 < x for float, and far enough above for a scale of a normal number."""
    cdef lanes magic = rounder(x, (64.0 if lanes is f32v else 256.0) if shifted else 0.0)
    cdef lanes t = mul_add(x, fill(x, 1.4426950408889634), magic)      # 1 / ln 2
    cdef lanes n = t - magic
    scale[0] = power_of_two(t)
    # ln 2 = high + low, high so short that n * high is exact (Cody and Waite 1980)
    if lanes is f32v:
        return mul_add(n, fill(x, -1.4286068203094172e-06), mul_add(n, fill(x, -0.693145751953125), x))
    else:
        return mul_add(n, fill(x, -1.9082149292705877e-10), mul_add(n, fill(x, -0.6931471803691238), x))


cdef inline lanes power(lanes r) noexcept nogil:
    """q = e^r - 1 for |r| <= 0.3467, relative error of the polynomial 2^-28.8 and 2^-60"""
    cdef lanes s = r * r
    cdef lanes even, odd
    if lanes is f32v:
        even = mul_add(fill(r, 0.0013940654), s, fill(r, 0.041666362))
        even = mul_add(even, s, fill(r, 0.5))
        odd = mul_add(fill(r, 0.0001984588), s, fill(r, 0.00833339))
        odd = mul_add(odd, s, fill(r, 0.16666666))
    else:
        even = mul_add(fill(r, 2.087533038677736e-09), s, fill(r, 2.7557402727332416e-07))
        even = mul_add(even, s, fill(r, 2.4801587172337717e-05))
        even = mul_add(even, s, fill(r, 0.0013888888888962524))
        even = mul_add(even, s, fill(r, 0.04166666666666651))
        even = mul_add(even, s, fill(r, 0.5))
        odd = mul_add(fill(r, 2.51090091229192e-08), s, fill(r, 2.7557244294584584e-06))
        odd = mul_add(odd, s, fill(r, 0.0001984126988603724))
        odd = mul_add(odd, s, fill(r, 0.008333333333321667))
        odd = mul_add(odd, s, fill(r, 0.16666666666666677))
    return mul_add(mul_add(odd, r, even), s, r)


cdef inline lanes exponential(lanes x, lanes* low) noexcept nogil:
    """2^SHIFT e^x = result + low for x <= 0 and not below the least that matters"""
    cdef lanes scale
    cdef lanes q = power(reduced(x, True, &scale))
    cdef lanes p = 1 + q
    low[0] = (q - (p - 1)) * scale
    return p * scale


cdef inline lanes expm1(lanes x, lanes* low) noexcept nogil:
    """e^x - 1 = result + low for -60 <= x <= 0"""
    cdef lanes scale
    cdef lanes q = power(reduced(x, False, &scale))
    cdef lanes whole = scale - 1
    cdef lanes result = mul_add(scale, q, whole)
    low[0] = mul_add(scale, q, whole - result)
    return result


cdef inline lanes fraction(lanes high, lanes low, double k, lanes unit, lanes* rest) noexcept nogil:
    """v / (k + v unit) = result + rest for v = high + low, |v unit| <= k"""
    cdef lanes whole = fill(high, k)
    cdef lanes d = mul_add(high, unit, whole)
    cdef lanes d_low = mul_add(low, unit, mul_add(high, unit, whole - d))
    cdef lanes result = high / d
    cdef lanes remainder = mul_add(-result, d_low, low)
    if FUSED:
        remainder = remainder + mul_add(-result, d, high)
    # 1 / (k + v unit) = (1 - result unit) / k
    rest[0] = remainder * mul_add(-result * unit, fill(high, 1 / k), fill(high, 1 / k))
    return result
