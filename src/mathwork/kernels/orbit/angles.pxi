# Angles from their sines and cosines, circular and hyperbolic ones.

cdef inline f64v arctangent(f64v t) noexcept nogil:
    """atan t, |t| <= tan(pi / 8): relative error 2^-58 before its rounding (tools/minimax.py)"""
    cdef f64v s = t * t
    cdef f64v p = mul_add(fill(s, 0.01791992379259755), s, fill(s, -0.03807621510787958))
    p = mul_add(p, s, fill(s, 0.05039764516013854))
    p = mul_add(p, s, fill(s, -0.05847991389541591))
    p = mul_add(p, s, fill(s, 0.06663118041613844))
    p = mul_add(p, s, fill(s, -0.07692061437402256))
    p = mul_add(p, s, fill(s, 0.09090897825611663))
    p = mul_add(p, s, fill(s, -0.11111110785775942))
    p = mul_add(p, s, fill(s, 0.14285714280241607))
    p = mul_add(p, s, fill(s, -0.19999999999954018))
    p = mul_add(p, s, fill(s, 0.333333333333332))
    return minus_mul(t * s, p, t)


cdef inline f64v angle_of(f64v y, f64v x) noexcept nogil:
    """The angle from -pi to pi of the point (x, y), 0 of the origin; x and y finite

    It is k pi / 4 plus or minus an angle of at most pi / 8.
    """
    cdef f64v wide = absolute(x), high = absolute(y), one = fill(x, 1), none = fill(x, 0)
    cdef f64v more = larger(wide, high), less = pick(wide, high, high, wide)
    cdef f64v steep = more * fill(x, 0.4142135623730951)        # tan(pi / 8)
    cdef f64v up = pick(less, steep, less - more, less)
    cdef f64v along = pick(less, steep, less + more, more)
    cdef f64v k = pick(less, steep, one, none), sign
    cdef f64v rest = arctangent(up / pick(more, none, along, one))
    sign = pick(high, wide, -one, one)
    k = pick(high, wide, 2 - k, k)
    sign = pick(none, x, -sign, sign)
    k = pick(none, x, 4 - k, k)
    # pi / 4 in two parts; the second is the rounding error of the first
    rest = mul_add(k, fill(x, 3.061616997868383e-17), rest * sign)
    rest = mul_add(k, fill(x, 0.7853981633974483), rest)
    return with_sign(absolute(rest), y)


cdef inline f64v area_of(f64v S, f64v C, f64v e) noexcept nogil:
    """H of e sinh H = S and e cosh H = C, for any S, C >= e > 0 and (C + |S|) / e below 1e300

    It is 2 artanh(S / (e + C)) near 0, and else the logarithm of (C + |S|) / e.
    """
    cdef f64v rise = absolute(S), whole = fill(S, 6755399441055744.0 + 1023), t, n, x, z, s, p
    x = (C + rise) / e
    t = minus_mul(log_guess_f64(x), fill(S, 1.4426950408889634), whole)     # 1 / ln 2
    n = whole - t
    x = x * power_of_two(t)
    z = (x - 1) / (x + 1)
    # up to a ratio of 1.4: tanh(H / 2), with all digits near 0
    t = rise / (e + C)
    n = pick(fill(S, 1.0 / 6), t, fill(S, 0), n)
    z = pick(fill(S, 1.0 / 6), t, t, z)
    s = z * z
    p = mul_add(fill(s, 0.13727400665435396), s, fill(s, 0.1318925406883261))
    p = mul_add(p, s, fill(s, 0.15390272576964725))
    p = mul_add(p, s, fill(s, 0.18181688393332757))
    p = mul_add(p, s, fill(s, 0.22222223984535622))
    p = mul_add(p, s, fill(s, 0.2857142855784763))
    p = mul_add(p, s, fill(s, 0.40000000000052793))
    p = mul_add(p, s, fill(s, 0.666666666666666))
    z = mul_add(z * s, p, z + z)
    z = mul_add(n, fill(S, 1.9082149292705877e-10), z)      # ln 2 in two parts, as in reduced_by
    return with_sign(absolute(mul_add(n, fill(S, 0.6931471803691238), z)), S)
