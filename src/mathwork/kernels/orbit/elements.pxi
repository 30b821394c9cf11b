# The elements of the orbit through a position with a velocity, and its coefficients for states.pxi.
#
# The coefficients describe the orbit through the state to the last digits, with |1 - e| beside e.
# Six rounded elements cannot. They are made to fit each other, so that the orbit that they describe
# goes through the state as far as a rounded e allows:
#
#   e       is rounded first; near the circle from its two components, else from 1 - beta p
#   a, q    one of them comes from the state, the other from it and the rounded e: q where the body
#           is near it, and a where it is as far away as a / 2
#   M0      by Kepler's equation with the rounded e and that a
#   omega   is what the true anomaly of the rounded elements leaves of the angle from the node
#
# An orbit is a parabola where beta is 0 within its rounding, and nowhere else.
#
# An angle that is undefined within rounding is 0: Omega where sin i < 2^-52, omega where e < 2^-51.
# Such an i is 0 or pi, and such an e is 0. The longitude that is left is in omega, or in M0.

cdef inline f64v full_turn(f64v angle) noexcept nogil:
    """An angle from -2 pi to 2 pi as one from 0 to 2 pi"""
    cdef f64v turn = fill(angle, 6.283185307179586)
    angle = pick(fill(angle, 0), angle, angle + turn, angle)
    return pick(turn, angle, angle, angle - turn) + fill(angle, 0)      # -0.0 becomes 0.0


cdef inline f64v mean_of_state(f64v S, f64v C, f64v e, f64v f, f64v nu, f64v circle,
                               int found) noexcept nogil:
    """M of e sin E = S, e cos E = C or the same of H, f = |1 - e|; E is nu of a circle"""
    cdef f64v half = fill(S, 0.5), quarter = fill(S, 1.5707963267948966), split = fill(S, 2.5)
    cdef f64v M = fill(S, NAN), E, lack, sine, near
    if found & 1:
        E = pick(circle, half, nu, angle_of(S, C))
        half_turn(absolute(E), &lack, &sine)
        near = mul_add(f, absolute(E), e * lack)
        near = pick(absolute(E), quarter, minus_mul(e, sine, absolute(E)), near)
        M = with_sign(absolute(near), E)
    if found & 2:
        E = absolute(area_of(S, C, e))
        near = pick(E, split, split, E)
        near = mul_add(f, near, e * sinh_excess(near, near * near))
        near = pick(E, split, absolute(S) - E, near)
        M = pick(e, fill(S, 1), with_sign(absolute(near), S), M)
    return M


cdef inline void elements_block(Py_ssize_t n, const double* columns, double* elements,
                                double* coefficients) noexcept nogil:
    """elements[8, VECTOR_BLOCK] and coefficients[10, VECTOR_BLOCK] of n rows of gather()"""
    cdef f64v x, y, z, u, v, w, mu, h, slope, node, across, along, swing, rise, size
    cdef f64v e, f, p, beta, root, E, M, a, q, nu, theta, i, Omega, proper, sine
    cdef f64v near, other, own, minor, motion, cosine, far, bent, flat, circle, r
    cdef f64v zero, one, half, none
    cdef Conic conic
    cdef Py_ssize_t block, row
    cdef int found, k
    for block in range(n // F64_LANES):
        row = block * F64_LANES
        load(&x, columns + POSITION * VECTOR_BLOCK + row)
        load(&y, columns + (POSITION + 1) * VECTOR_BLOCK + row)
        load(&z, columns + (POSITION + 2) * VECTOR_BLOCK + row)
        load(&u, columns + VELOCITY * VECTOR_BLOCK + row)
        load(&v, columns + (VELOCITY + 1) * VECTOR_BLOCK + row)
        load(&w, columns + (VELOCITY + 2) * VECTOR_BLOCK + row)
        load(&mu, columns + STATE_MU * VECTOR_BLOCK + row)
        zero = fill(x, 0)
        one = fill(x, 1)
        half = fill(x, 0.5)
        none = fill(x, NAN)
        conic_of(x, y, z, u, v, w, mu, &conic)
        r = conic.r0
        h = sqrt_f64(dot(conic.hx, conic.hy, conic.hz, conic.hx, conic.hy, conic.hz))
        proper = pick(mu, zero, pick(r, zero, pick(conic.p, zero, zero, none), none), none)
        proper = pick(fill(x, DBL_MAX), h + mu, proper, none)

        # ---- the plane ----
        slope = sqrt_f64(mul_add(conic.hx, conic.hx, conic.hy * conic.hy))
        flat = pick(fill(x, 2.220446049250313e-16) * h, slope, one, zero)
        i = angle_of(pick(flat, half, zero, slope), conic.hz)
        Omega = angle_of(pick(flat, half, zero, conic.hx), pick(flat, half, one, -conic.hy))
        # r along the node and a quarter ahead of it
        node = pick(flat, half, one, slope)
        along = pick(flat, half, x, minus_mul(conic.hy, x, conic.hx * y)) / node
        across = pick(flat, half, with_sign(one, conic.hz) * y, z * (h / node))
        theta = angle_of(across, along)

        # ---- shape ----
        beta = conic.beta
        e = conic.e
        other = fill(x, 2.220446049250313e-16)
        near = fill(x, 0.9999999999999999)          # 1 - 2^-53
        e = pick(beta, other, pick(near, e, e, near), e)
        near = fill(x, 1.0000000000000002)          # 1 + 2^-52
        e = pick(-other, beta, larger(e, near), e)
        circle = pick(fill(x, 4.440892098500626e-16), e, one, zero)
        e = pick(circle, half, zero, e)
        far = pick(absolute(beta), half, one, zero)
        f = absolute(1 - e)                         # of the rounded e
        q = pick(far, half, f / absolute(beta), conic.p / (1 + e))
        size = pick(far, half, absolute(beta), f / q)
        a = r / with_sign(size, 1 - e)              # infinite for a parabola

        # ---- anomalies, of the elements and of the state ----
        p = q * (1 + e)
        swing = conic.s * sqrt_f64(p)               # e sin nu and e cos nu
        rise = p - 1
        own = conic.s * sqrt_f64(conic.p)
        # near the circle from e sin E and e cos E, and in their unit
        bent = pick(beta, half, one, zero)
        swing = pick(bent, half, conic.S * sqrt_f64(f * (1 + e)), swing)
        rise = pick(bent, half, minus_mul(e, e, conic.C), rise)
        own = pick(bent, half, own * beta, own)
        swing = pick(circle, half, across / r, swing)
        own = pick(circle, half, across / r, own)
        rise = pick(circle, half, along / r, rise)
        nu = angle_of(swing, rise)
        store(elements + row, e)
        found = conics(F64_LANES, elements + row)
        root = sqrt_f64(size)
        M = mean_of_state(conic.s * root, 1 - with_sign(size, 1 - e), e, f, nu, circle, found)
        f = pick(circle, half, one, conic.f)
        if found & 4:
            E = conic.s / sqrt_f64(conic.p)
            near = mul_add(E * E, E * fill(x, 1.0 / 3), E)
            M = pick(e, one, M, pick(one, e, M, near))
            f = pick(e, one, f, pick(one, e, f, zero))
        put(elements, row, ANOMALY_AT_0, M + proper)
        near = mean_of_state(conic.S, conic.C, e, f, nu, circle, found)
        M = pick(e, one, near, pick(one, e, near, M))

        # ---- the coefficients ----
        q = q * r
        near = conic.p * r / (1 + e)
        size = r / absolute(beta)
        size = pick(e, one, size, pick(one, e, size, near))
        minor = r * (sqrt_f64(conic.p) / conic.root)
        minor = pick(circle, half, size, minor)
        minor = pick(e, one, minor, pick(one, e, minor, near))
        motion = pick(e, one, size, pick(one, e, size, near + near))
        motion = sqrt_f64(mu / motion) / size
        sine = sqrt_f64(mul_add(own, own, rise * rise))
        cosine = rise / sine
        sine = own / sine
        # unit vectors: r, and a quarter ahead of it
        across = h * r
        x, y, z = x / r, y / r, z / r
        u = cross(conic.hy, z, conic.hz, y) / h
        v = cross(conic.hz, x, conic.hx, z) / h
        w = cross(conic.hx, y, conic.hy, x) / h
        store(coefficients + MEAN_ANOMALY * VECTOR_BLOCK + row, M + proper)
        store(coefficients + MEAN_MOTION * VECTOR_BLOCK + row, motion + proper)
        store(coefficients + ECCENTRICITY * VECTOR_BLOCK + row, e + proper)
        store(coefficients + FROM_PARABOLA * VECTOR_BLOCK + row, f + proper)
        put(coefficients, row, TO_PERIAPSIS, minus_mul(sine, u, cosine * x) * size + proper)
        put(coefficients, row, TO_PERIAPSIS + 1, minus_mul(sine, v, cosine * y) * size + proper)
        put(coefficients, row, TO_PERIAPSIS + 2, minus_mul(sine, w, cosine * z) * size + proper)
        put(coefficients, row, TO_PERIAPSIS + 3, mul_add(sine, x, cosine * u) * minor + proper)
        put(coefficients, row, TO_PERIAPSIS + 4, mul_add(sine, y, cosine * v) * minor + proper)
        put(coefficients, row, TO_PERIAPSIS + 5, mul_add(sine, z, cosine * w) * minor + proper)
        put(elements, row, SEMI_MAJOR_AXIS, a + proper)
        put(elements, row, OF_CONIC, e + proper)
        put(elements, row, INCLINATION, i + proper)
        put(elements, row, NODE, full_turn(Omega) + proper)
        put(elements, row, PERIAPSIS_ANGLE, full_turn(theta - nu) + proper)
        put(elements, row, GRAVITY, mu + proper)
        put(elements, row, LEAST_DISTANCE, q + proper)


cdef void find_elements(const Vectors* rows, Py_ssize_t N, Py_ssize_t start, Py_ssize_t stop,
                        double* elements, double* coefficients) noexcept nogil:
    """elements (8, N) and coefficients (N, 10) of the rows from start to stop"""
    cdef double memory[(STATE_INPUTS + ELEMENTS + COEFFICIENTS) * VECTOR_BLOCK + 8]
    cdef double* columns = <double*>aligned(<size_t>memory)
    cdef double* found = columns + STATE_INPUTS * VECTOR_BLOCK
    cdef double* vectors = found + ELEMENTS * VECTOR_BLOCK
    cdef Py_ssize_t part, whole, i, k
    while start < stop:
        part = min(stop - start, VECTOR_BLOCK)
        whole = (part + F64_LANES - 1) // F64_LANES * F64_LANES
        gather(rows, start, part, columns)
        elements_block(whole, columns, found, vectors)
        for k in range(ELEMENTS):
            memcpy(elements + k * N + start, found + k * VECTOR_BLOCK, part * sizeof(double))
        for i in range(part):
            for k in range(COEFFICIENTS):
                coefficients[(start + i) * COEFFICIENTS + k] = vectors[k * VECTOR_BLOCK + i]
        start += part


def elements_of(tuple arrays not None, cnp.ndarray elements not None,
                cnp.ndarray coefficients not None, Py_ssize_t start, Py_ssize_t stop):
    """Put the elements (8, N) and coefficients (N, 10) of orbits as settle_orbits() makes them.

    arrays are as those of propagate_rows; the times are not read for a value. A state without an
    orbit, also a straight fall, which has no plane, gives NaN.
    """
    cdef Vectors rows
    cdef Py_ssize_t N = coefficients.shape[0] if coefficients.ndim else 0
    cdef double* vectors = rows_to_write(coefficients, N, COEFFICIENTS)
    cdef double* found = rows_to_write(elements, ELEMENTS, N)
    if not 0 <= start <= stop <= N:
        raise ValueError(f"start and stop must be in order, from 0 to {N}")
    find_vectors(arrays, N, &rows)
    with nogil:
        find_elements(&rows, N, start, stop, found, vectors)
        clear_float_status()
