# From the true anomaly to the mean one, and what else one pass of Kepler's equation finds.
#
#   mean_block    M of (nu, e)
#   parts_block   E, sin nu, cos nu, dE / dM, dE / de of (M, e)

cdef void mean_block(int code, Py_ssize_t n, const double** x, double** y) noexcept nogil:
    """y = M of x = (true anomaly, eccentricity); NaN beyond the asymptote of a hyperbola

    tan(E / 2) = sqrt((1 - e) / (1 + e)) tan(nu / 2), and tanh(H / 2) with e - 1; D = tan(nu / 2)
    """
    cdef f64v nu, e, f, turns, lack, sine, cosine, versed, E, D, M, more, less, one, half, near, S
    cdef f64v quarter, split
    cdef Py_ssize_t i
    cdef int found = conics(n, x[1])
    for i in range(n // F64_LANES):
        load(&nu, x[0] + i * F64_LANES)
        load(&e, x[1] + i * F64_LANES)
        one = fill(e, 1)
        half = fill(e, 0.5)
        quarter = fill(e, 1.5707963267948966)
        split = fill(e, 2.5)
        f = absolute(1 - e)
        nu = whole_turns(nu, &turns)
        # with y from 0 to pi / 2: cos y = sin(pi / 2 - y)
        D = absolute(nu) * half
        half_turn(D, &lack, &sine)
        half_turn((quarter - D) + fill(e, 6.123233995736766e-17), &lack, &cosine)
        more = (1 + e) * cosine * cosine
        less = f * sine * sine
        M = fill(e, NAN)
        if found & 1:
            E = 2 * angle_of(sine * sqrt_f64(f), cosine * sqrt_f64(1 + e))
            half_turn(E, &lack, &sine)
            near = pick(E, quarter, minus_mul(e, sine, E), mul_add(f, E, e * lack))
            # the turns of nu; 2 pi in two parts
            near = with_sign(absolute(near), nu)
            near = mul_add(turns, fill(e, 6.283185307179586), mul_add(
                turns, fill(e, 2.4492935982947064e-16), near))
            M = pick(one, e, near, M)
        if found & 2:
            half_turn(D, &lack, &sine)
            versed = more - less
            S = 2 * e * sqrt_f64(f * (1 + e)) * sine * cosine / versed
            E = area_of(S, e * (more + less) / versed, e)
            near = pick(E, split, split, E)
            near = mul_add(f, near, e * sinh_excess(near, near * near))
            near = pick(E, split, S - E, near)
            near = pick(versed, fill(e, 0), with_sign(absolute(near), nu), fill(e, NAN))
            M = pick(e, one, near, M)
        if found & 4:
            half_turn(D, &lack, &sine)
            D = with_sign(sine / cosine, nu)
            near = mul_add(D * D, D * fill(e, 1.0 / 3), D)
            M = pick(e, one, M, pick(one, e, M, near))
        M = pick(fill(e, 0), e, fill(e, NAN), M)
        store(y[0] + i * F64_LANES, pick(absolute(nu), fill(e, DBL_MAX), fill(e, NAN), M))


cdef void parts_block(int code, Py_ssize_t n, const double** x, double** y) noexcept nogil:
    """y = (E, sin nu, cos nu, dE / dM, dE / de) of x = (mean anomaly, eccentricity)

    The slope by e of a parabola is NaN: its D is no limit of E or H.
    """
    cdef f64v E, e, f, one, none, turns, m, lack, versed, sine, slope, other, rate
    cdef f64v sin_nu, cos_nu, by_e
    cdef Py_ssize_t i
    cdef int found = conics(n, x[1])
    kepler_block(0, n, x, y)
    for i in range(n // F64_LANES):
        load(&E, y[0] + i * F64_LANES)
        load(&e, x[1] + i * F64_LANES)
        one = fill(e, 1)
        none = fill(e, NAN)
        f = absolute(1 - e)
        slope = sin_nu = cos_nu = by_e = none
        if found & 1:
            m = whole_turns(E, &turns)
            versed = half_turn(absolute(m), &lack, &sine)
            sine = with_sign(absolute(sine), m)
            slope = 1 / mul_add(e, versed, f)
            by_e = sine * slope
            sin_nu = by_e * sqrt_f64(f * (1 + e))
            cos_nu = (f - versed) * slope
        if found & 2:
            versed = grown(absolute(E), E * E, &sine)
            sine = with_sign(absolute(sine), E)
            rate = 1 / mul_add(e, versed, f)
            slope = pick(e, one, rate, slope)
            other = sine * rate
            by_e = pick(e, one, -other, by_e)
            sin_nu = pick(e, one, other * sqrt_f64(f * (1 + e)), sin_nu)
            cos_nu = pick(e, one, (f - versed) * rate, cos_nu)
        if found & 4:
            rate = 1 / mul_add(E, E, one)
            slope = pick(e, one, slope, pick(one, e, slope, rate))
            by_e = pick(e, one, by_e, pick(one, e, by_e, none))
            sin_nu = pick(e, one, sin_nu, pick(one, e, sin_nu, 2 * E * rate))
            cos_nu = pick(e, one, cos_nu, pick(one, e, cos_nu, (1 - E) * (1 + E) * rate))
        none = E * fill(e, 0)       # NaN where E is NaN
        store(y[1] + i * F64_LANES, sin_nu + none)
        store(y[2] + i * F64_LANES, cos_nu + none)
        store(y[3] + i * F64_LANES, slope + none)
        store(y[4] + i * F64_LANES, by_e + none)


cdef BlockKernel mean_kernel = BlockKernel(mean_block, 0, 2, 1)
cdef BlockKernel parts_kernel = BlockKernel(parts_block, 0, 2, 5)
cdef void* mean_data[1]
cdef void* parts_data[1]
cdef object mean_ufunc = block_ufunc(&mean_kernel, mean_data, b"mean_anomaly")
cdef object parts_ufunc = block_ufunc(&parts_kernel, parts_data, b"solve_kepler")


# ---- doors ----

def plain_mean_anomaly(true_anomaly, eccentricity):
    """Return the mean anomaly for Python numbers and exact arrays; NaN where there is none."""
    cdef double x[2]
    cdef double y[1]
    if is_number(true_anomaly) and is_number(eccentricity):
        x[0], x[1] = number(true_anomaly, "true_anomaly"), number(eccentricity, "eccentricity")
        one_element(&mean_kernel, x, y)
        return y[0]
    if not (is_real(true_anomaly) and is_real(eccentricity)):
        return no_number("true_anomaly and eccentricity")
    return call_kernel(&mean_kernel, mean_ufunc, (true_anomaly, eccentricity),
                       ("true_anomaly", "eccentricity"), None)


def plain_anomaly_parts(mean_anomaly, eccentricity):
    """Return (E, sin nu, cos nu, dE / dM, dE / de) for Python numbers and exact arrays."""
    cdef double x[2]
    cdef double y[5]
    if not (is_real(mean_anomaly) and is_real(eccentricity)):
        return no_number("mean_anomaly and eccentricity")
    check_anomaly(mean_anomaly, eccentricity, x)
    if is_number(mean_anomaly) and is_number(eccentricity):
        one_element(&parts_kernel, x, y)
        return y[0], y[1], y[2], y[3], y[4]
    return call_kernel(&parts_kernel, parts_ufunc, (mean_anomaly, eccentricity),
                       ("mean_anomaly", "eccentricity"), None)
