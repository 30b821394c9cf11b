# Kepler's equation for every conic, each element with its own eccentricity.
#
#   ellipse     E - e sin E = M, e < 1, for M less its whole turns
#   hyperbola   e sinh H - H = M, e > 1
#   parabola    D + D^3 / 3 = M, e = 1 (Barker), D = tan(nu / 2)
#
# Each has a starter and a fixed number of corrections of high order. The operations are the same
# for every element, so its bits do not depend on other elements. Differences that cancel are never
# formed: near the parabola M is (1 - e) E + e (E - sin E), with a polynomial for the second
# bracket. The starters' errors are bounded for all M and e. If the last correction is not small,
# the value did not converge and the result is NaN; this has never been seen.

from libc.math cimport fabs
from libc.float cimport DBL_MAX


# ---- y - sin y, 1 - cos y, and the same for sinh and cosh ----

cdef inline f64v sine_lack(f64v y, f64v s) noexcept nogil:
    """y - sin y, s = y^2, |y| <= pi / 2: relative error 2^-53.6 (tools/minimax.py)"""
    cdef f64v p = mul_add(fill(s, -2.731153966256919e-15), s, fill(s, 7.64394515582112e-13))
    p = mul_add(p, s, fill(s, -1.6058976458399404e-10))
    p = mul_add(p, s, fill(s, 2.505210760260559e-08))
    p = mul_add(p, s, fill(s, -2.755731921903872e-06))
    p = mul_add(p, s, fill(s, 0.00019841269841254462))
    p = mul_add(p, s, fill(s, -0.008333333333333316))
    p = mul_add(p, s, fill(s, 0.16666666666666666))
    return y * s * p


cdef inline f64v versine(f64v s) noexcept nogil:
    """1 - cos y, s = y^2, |y| <= pi / 2: relative error 2^-55"""
    cdef f64v p = mul_add(fill(s, -4.626723984867613e-14), s, fill(s, 1.1464607396192139e-11))
    p = mul_add(p, s, fill(s, -2.0876628057718122e-09))
    p = mul_add(p, s, fill(s, 2.7557317719827036e-07))
    p = mul_add(p, s, fill(s, -2.480158729203367e-05))
    p = mul_add(p, s, fill(s, 0.0013888888888859))
    p = mul_add(p, s, fill(s, -0.04166666666666631))
    return s * mul_add(p, s, fill(s, 0.5))


cdef inline f64v sinh_excess(f64v y, f64v s) noexcept nogil:
    """sinh y - y, s = y^2, |y| <= 2.5: relative error 2^-54"""
    cdef f64v p = mul_add(fill(s, 2.0811094784796495e-20), s, fill(s, 8.204142439423877e-18))
    p = mul_add(p, s, fill(s, 2.8115781510067417e-15))
    p = mul_add(p, s, fill(s, 7.647158393977227e-13))
    p = mul_add(p, s, fill(s, 1.6059043982310955e-10))
    p = mul_add(p, s, fill(s, 2.505210838303365e-08))
    p = mul_add(p, s, fill(s, 2.755731922400872e-06))
    p = mul_add(p, s, fill(s, 0.00019841269841269733))
    p = mul_add(p, s, fill(s, 0.008333333333333333))
    p = mul_add(p, s, fill(s, 0.16666666666666666))
    return y * s * p


cdef inline f64v cosh_excess(f64v s) noexcept nogil:
    """cosh y - 1, s = y^2, |y| <= 2.5: relative error 2^-59"""
    cdef f64v p = mul_add(fill(s, 4.394463968691555e-19), s, fill(s, 1.558152550461569e-16))
    p = mul_add(p, s, fill(s, 4.7797520221347315e-14))
    p = mul_add(p, s, fill(s, 1.1470733548351313e-11))
    p = mul_add(p, s, fill(s, 2.087675731380585e-09))
    p = mul_add(p, s, fill(s, 2.7557319218638707e-07))
    p = mul_add(p, s, fill(s, 2.480158730163747e-05))
    p = mul_add(p, s, fill(s, 0.001388888888888865))
    p = mul_add(p, s, fill(s, 0.04166666666666667))
    return s * mul_add(p, s, fill(s, 0.5))


cdef inline f64v half_turn(f64v E, f64v* lack, f64v* sine) noexcept nogil:
    """Return 1 - cos E; set sin E, and E - sin E for E up to pi / 2; 0 <= E <= pi"""
    cdef f64v quarter = fill(E, 1.5707963267948966)
    # pi in two parts; the second is the rounding error of the first
    cdef f64v mirrored = (fill(E, 3.141592653589793) - E) + fill(E, 1.2246467991473532e-16)
    cdef f64v y = pick(E, quarter, mirrored, E)
    cdef f64v s = y * y
    cdef f64v versed = versine(s)
    lack[0] = sine_lack(y, s)
    sine[0] = y - lack[0]
    return pick(E, quarter, 2 - versed, versed)


cdef inline f64v correction(f64v f0, f64v f1, f64v f2, f64v f3, f64v f4) noexcept nogil:
    """Return the root d near 0 of f0 + f1 d + f2 d^2 / 2 + f3 d^3 / 6 + f4 d^4 / 24

    It is found by the reversed series: with a = f2 d / (2 f1) the relative error is 14 a^4.
    """
    cdef f64v inverse = 1 / f1
    cdef f64v u = -f0 * inverse
    cdef f64v a = f2 * inverse * fill(u, 0.5)
    cdef f64v b = f3 * inverse * fill(u, 1.0 / 6)
    cdef f64v c = f4 * inverse * fill(u, 1.0 / 24)
    cdef f64v third = a * (5 * (b - a * a)) - c
    third = mul_add(third, u, 2 * a * a - b)
    return minus_mul(minus_mul(third, u, a) * u, u, u)


cdef inline f64v converged(f64v value, f64v step) noexcept nogil:
    """Return value + step, or NaN if the step is not small against the value"""
    cdef f64v largest = mul_add(fill(value, 0.015625), absolute(value), fill(value, 1e-300))
    return pick(absolute(step), largest, fill(value, NAN), value + step)


# ---- ellipses ----

cdef inline f64v whole_turns(f64v M, f64v* turns) noexcept nogil:
    """Return M less its whole turns, from -pi to pi, to an ulp of M or better"""
    cdef f64v magic = fill(M, 6755399441055744.0)       # 1.5 * 2^52: the sum is an integer
    cdef f64v pi = fill(M, 3.141592653589793)
    cdef f64v n = mul_add(M, fill(M, 0.15915494309189535), magic) - magic
    # 2 pi in three parts. The first two are so short that n times them is exact up to M = 1.3e10
    # (Cody and Waite 1980). Beyond it the error stays below an ulp of M.
    cdef f64v m = minus_mul(n, fill(M, 6.283184051513672), M)
    m = minus_mul(n, fill(M, 1.2556656656670384e-06), m)
    m = minus_mul(n, fill(M, 2.4893488687586454e-13), m)
    m = pick(m, pi, pi, m)
    turns[0] = n
    return pick(-pi, m, -pi, m)


# f is |1 - e|. Near e = 1 it may have more digits than e has: see propagation.pxi.

cdef inline f64v ellipse_start(f64v m, f64v e, f64v f) noexcept nogil:
    """E within 3e-4 E for 0 <= m <= pi: Markley 1995, equations 15 to 20"""
    cdef f64v a, d, ad, q, r, w, y, h, p
    # 1 / (1 + e) within 5.2e-5, from its values at six Chebyshev points
    a = mul_add(fill(e, -0.10448446507823898), e, fill(e, 0.41793786031301505))
    a = mul_add(a, e, fill(e, -0.7705729299522883))
    a = mul_add(a, e, fill(e, 0.9534207438394723))
    a = mul_add(a, e, fill(e, -0.9962757002193527))
    a = mul_add(a, e, fill(e, 0.9999489821947851))
    # 3 pi^2 / (pi^2 - 6) and 1.6 pi / (pi^2 - 6)
    a = mul_add(a * fill(m, 1.2989824604108398), fill(m, 3.141592653589793) - m,
                fill(m, 7.651638290191292))
    d = mul_add(a, e, 3 * f)
    ad = a * d
    q = minus_mul(m, m, 2 * ad * f)
    r = m * mul_add(3 * ad, d - f, m * m)
    w = r + sqrt_f64(mul_add(q * q, q, r * r))
    # w^(2/3) to 2e-5
    y = inverse_cbrt_guess_f64(w)
    h = minus_mul(w * y, y * y, fill(m, 1))
    p = mul_add(fill(m, 14.0 / 81), h, fill(m, 2.0 / 9))
    p = mul_add(p, h, fill(m, 1.0 / 3))
    w = w * mul_add(y * h, p, y)
    # (2 r w / (w^2 + w q + q^2) + m) / d, with one division
    q = mul_add(w, w + q, q * q)
    return mul_add(2 * r, w, m * q) / (q * d)


cdef inline f64v ellipse_end(f64v m, f64v e, f64v f, f64v E) noexcept nogil:
    """E for 0 <= m <= pi from a start within 1e-3 E, by one correction of fifth order"""
    cdef f64v lack, sine
    cdef f64v versed = half_turn(E, &lack, &sine)
    cdef f64v near = mul_add(e, lack, mul_add(f, E, -m))
    cdef f64v far = minus_mul(e, sine, E - m)
    cdef f64v f0 = pick(E, fill(E, 1.5707963267948966), far, near)
    cdef f64v f2 = e * sine
    return converged(E, correction(f0, mul_add(e, versed, f), f2, minus_mul(e, versed, e), -f2))


# ---- hyperbolas ----

cdef inline f64v hyperbola_start(f64v m, f64v e, f64v f) noexcept nogil:
    """H within 0.08 H for m >= 0

    It is the root of f H + e H^3 / 6 = m, which is never too small. If the root is large, it
    is the H of e sinh H = m + root instead.
    """
    cdef f64v q = 3 * (m / e)
    cdef f64v p = 2 * (f / e)
    cdef f64v z, cubic, S, T
    q = pick(q, fill(q, 1e100), fill(q, 1e100), q)      # its square does not overflow
    z = cube_root(q + sqrt_f64(mul_add(p * p, p, q * q)))
    z = z * z
    cubic = 2 * q / (z + p + p * p / z)
    S = (m + cubic) / e
    T = pick(S, fill(S, 1e100), fill(S, 1e100), S)
    T = log_guess_f64(T + sqrt_f64(mul_add(T, T, fill(S, 1))))
    # for large S, asinh S is the logarithm of 2 S
    T = pick(S, fill(S, 1e100), log_guess_f64(S) + fill(S, 0.6931471805599453), T)
    return pick(cubic, fill(q, 1.2), T, cubic)


cdef inline f64v hyperbola_step(f64v m, f64v e, f64v f, f64v H) noexcept nogil:
    """Return the step to add to H: a correction of fifth order

    Beyond H = 2.5 the equation is divided by e^H, so that nothing overflows.
    """
    cdef f64v split = fill(H, 2.5)
    cdef f64v y = pick(H, split, split, H)
    cdef f64v s = y * y
    cdef f64v excess = sinh_excess(y, s), more = cosh_excess(s)
    cdef f64v scale, v, w, half, wide, f0, f1, f2, f3
    f0 = mul_add(e, excess, mul_add(f, y, -m))
    f1 = mul_add(e, more, f)
    f2 = e * (y + excess)
    f3 = mul_add(e, more, e)
    v = power(reduced(-H, &scale))
    v = mul_add(v, scale, scale)        # 2^256 e^-H
    half = e * fill(H, 0.5)
    w = v * unshift(H)
    wide = (H + m) * unshift(H)
    f0 = pick(H, split, minus_mul(wide, v, mul_add(-half * w, w, half)), f0)
    f1 = pick(H, split, mul_add(half * w, w, half) - w, f1)
    f2 = pick(H, split, mul_add(-half * w, w, half), f2)
    f3 = pick(H, split, mul_add(half * w, w, half), f3)
    return correction(f0, f1, f2, f3, f2)


cdef inline f64v hyperbola(f64v m, f64v e, f64v f) noexcept nogil:
    """H for m >= 0"""
    # With e so large, H is nothing beside m and e sinh H. Scale both down to avoid overflow.
    cdef f64v shrink = pick(e, fill(e, 1e300), fill(e, 0.0009765625), fill(e, 1))
    cdef f64v H
    m = m * shrink
    e = e * shrink
    f = f * shrink
    H = hyperbola_start(m, e, f)
    H = H + hyperbola_step(m, e, f, H)
    return converged(H, hyperbola_step(m, e, f, H))


# ---- the parabola ----

cdef inline f64v parabola(f64v m) noexcept nogil:
    """D for m >= 0: the cubic's root and one correction; (3 m)^(1/3) if m is large"""
    cdef f64v huge = fill(m, 1e100)
    cdef f64v q = pick(m, huge, huge, m) * fill(m, 1.5)
    cdef f64v z = cube_root(q + sqrt_f64(mul_add(q, q, fill(m, 1))))
    cdef f64v D
    z = z * z
    D = 2 * q / (z + 1 + 1 / z)
    D = converged(D, -mul_add(D * D, D * fill(m, 1.0 / 3), D - m) / mul_add(D, D, fill(m, 1)))
    # 3^(1/3)
    return pick(m, huge, fill(m, 1.4422495703074083) * cube_root(m), D)


# ---- over blocks ----

cdef inline int conics(Py_ssize_t n, const double* e) noexcept nogil:
    """Return the conics among n eccentricities, as a sum: 1 ellipses, 2 hyperbolas, 4 parabolas

    n is a multiple of the lane count, and not 0.
    """
    cdef double most[F64_LANES]
    cdef f64v highest, value
    cdef Py_ssize_t i
    cdef int found = 0
    load(&highest, e)
    for i in range(1, n // F64_LANES):
        load(&value, e + i * F64_LANES)
        highest = larger(value, highest)
    store(most, highest)
    for i in range(F64_LANES):
        found |= not most[i] < 1
    if not found:
        return 1                # ellipses alone, the usual case
    found = 0
    for i in range(n):
        found |= (e[i] < 1) | 2 * (e[i] > 1) | 4 * (e[i] == 1)
    return found


cdef inline void kepler_loops(const bint given, Py_ssize_t n, const double* means, const double* es,
                              const double* fs, double* out) noexcept nogil:
    """out = E, H or D of the mean anomalies and eccentricities, with f = |1 - e| from fs if `given`

    There are two loops. In one, the chain of operations is longer than a processor keeps in flight.
    """
    cdef double starts[STEP]
    cdef double parts[STEP]
    cdef f64v M, e, f, m, E, turns, other
    cdef Py_ssize_t i
    cdef int found = conics(n, es)
    if found & 1:
        for i in range(n // F64_LANES):
            load(&M, means + i * F64_LANES)
            load(&e, es + i * F64_LANES)
            m = whole_turns(M, &turns)
            f = 1 - e
            if given:
                load(&f, fs + i * F64_LANES)
            store(parts + i * F64_LANES, m)
            store(starts + i * F64_LANES, ellipse_start(absolute(m), e, f))
    for i in range(n // F64_LANES):
        load(&M, means + i * F64_LANES)
        load(&e, es + i * F64_LANES)
        E = fill(M, NAN)
        f = absolute(1 - e)
        if given:
            load(&f, fs + i * F64_LANES)
        if found & 1:
            load(&E, <const double*>starts + i * F64_LANES)
            load(&m, <const double*>parts + i * F64_LANES)
            E = ellipse_end(absolute(m), e, f, E)
            # M brings the whole turns back: E is M + e sin E
            other = with_sign(absolute(E), m)
            E = pick(absolute(M - m), fill(M, 0), M + (other - m), other)
        if found & 2:
            other = with_sign(absolute(hyperbola(absolute(M), e, f)), M)
            E = pick(e, fill(e, 1), other, E)
        if found & 4:
            other = with_sign(absolute(parabola(absolute(M))), M)
            E = pick(e, fill(e, 1), E, pick(fill(e, 1), e, E, other))
        E = pick(fill(e, 0), e, fill(e, NAN), E)
        E = pick(absolute(M), fill(M, DBL_MAX), fill(M, NAN), E)
        store(out + i * F64_LANES, E)


cdef void kepler_block(int code, Py_ssize_t n, const double** x, double** y) noexcept nogil:
    """y = E, H or D of x = (mean anomaly, eccentricity)"""
    kepler_loops(False, n, x[0], x[1], NULL, y[0])


cdef BlockKernel kepler_kernel = BlockKernel(kepler_block, 0, 2, 1)
cdef void* kepler_data[1]
cdef object kepler_ufunc = block_ufunc(&kepler_kernel, kepler_data, b"solve_kepler")


# ---- doors ----

cdef int check_anomaly(mean_anomaly, eccentricity, double* x) except -1:
    """Put what is a number in x; raise for a number that has no anomaly"""
    if is_number(mean_anomaly):
        x[0] = number(mean_anomaly, "mean_anomaly")
        if not fabs(x[0]) <= DBL_MAX:
            raise ValueError(f"mean_anomaly must be finite, got {x[0]!r}")
    if is_number(eccentricity):
        x[1] = number(eccentricity, "eccentricity")
        if not 0 <= x[1] <= DBL_MAX:
            raise ValueError(f"eccentricity must be finite and not negative, got {x[1]!r}")
    return 0


cdef object anomaly_of(mean_anomaly, eccentricity, out):
    """Return E, H or D, or None if an argument is neither a Python number nor an exact array

    Numbers give a float. Arrays broadcast against each other and against numbers.
    """
    cdef double x[2]
    cdef double y[1]
    check_anomaly(mean_anomaly, eccentricity, x)
    if not (is_real(mean_anomaly) and is_real(eccentricity)):
        return None
    if out is None and is_number(mean_anomaly) and is_number(eccentricity):
        one_element(&kepler_kernel, x, y)
        return y[0]
    return call_kernel(&kepler_kernel, kepler_ufunc, (mean_anomaly, eccentricity),
                       ("mean_anomaly", "eccentricity"), out)


def plain_solve_kepler(mean_anomaly, eccentricity, out=None):
    """Return the anomaly for Python numbers and exact arrays."""
    result = anomaly_of(mean_anomaly, eccentricity, out)
    return no_number("mean_anomaly and eccentricity") if result is None else result


def solve_kepler(mean_anomaly, eccentricity, *, out=None, status=False, parts=False):
    result = (anomaly_of(mean_anomaly, eccentricity, out) if status is False and parts is False
              else None)
    return result if result is not None else solve_kepler.__wrapped__(
        mean_anomaly, eccentricity, out=out, status=status, parts=parts)
