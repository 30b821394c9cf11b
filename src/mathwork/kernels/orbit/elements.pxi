# The elements of the orbit through a position with a velocity, and its coefficients for states.pxi.
#
# The coefficients describe the orbit through the state to the last digits, with |1 - e| beside e.
# Six rounded elements cannot. They are made to fit each other, so that the orbit that they describe
# goes through the state as far as a rounded e allows:
#
#   e       is rounded first; near the circle from its two components, else from 1 - beta p
#   a, q    one of them comes from the state, the other from it and the rounded e: a where the body
#           at r has (r / a)^2 > q / r, and beyond a / 2, because there an error of q moves the
#           velocity less than one of a; else q
#   M0      by Kepler's equation with the rounded e and that a
#   omega   is what the true anomaly of the rounded elements leaves of the angle from the node
#
# An orbit is a parabola where beta is 0 within its rounding, and nowhere else.
#
# An angle that is undefined within rounding is 0: Omega where sin i < 2^-52, omega where e < 2^-51.
# Such an i is 0 or pi, and such an e is 0. The longitude that is left is in omega, or in M0.

cdef struct Plane:
    f64v i
    f64v Omega
    f64v along          # of the body, in the unit |r|: along the node, and a quarter ahead of it
    f64v across
    f64v theta          # its angle from the node


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


cdef inline void plane_of(f64v x, f64v y, f64v z, f64v h, const Conic* conic,
                          Plane* tilt) noexcept nogil:
    """The plane through the body at (x, y, z), whose angular momentum has the length h"""
    cdef f64v zero = fill(x, 0), one = fill(x, 1), half = fill(x, 0.5), node, slope, flat
    slope = sqrt_f64(mul_add(conic.hx, conic.hx, conic.hy * conic.hy))
    flat = pick(fill(x, 2.220446049250313e-16) * h, slope, one, zero)
    tilt.i = angle_of(pick(flat, half, zero, slope), conic.hz)
    tilt.Omega = angle_of(pick(flat, half, zero, conic.hx), pick(flat, half, one, -conic.hy))
    node = pick(flat, half, one, slope)
    tilt.along = pick(flat, half, x, minus_mul(conic.hy, x, conic.hx * y)) / node / conic.r0
    tilt.across = pick(flat, half, with_sign(one, conic.hz) * y, z * (h / node)) / conic.r0
    tilt.theta = angle_of(tilt.across, tilt.along)


cdef inline f64v rounded_e(const Conic* conic) noexcept nogil:
    """e as an element: 0 of a circle within rounding, and 1 of a parabola within rounding alone"""
    cdef f64v e = conic.e, zero = fill(e, 2.220446049250313e-16), below, above
    below = fill(e, 0.9999999999999999)         # 1 - 2^-53
    above = fill(e, 1.0000000000000002)         # 1 + 2^-52
    e = pick(conic.beta, zero, pick(below, e, e, below), e)
    e = pick(-zero, conic.beta, larger(e, above), e)
    return pick(zero + zero, e, fill(e, 0), e)


cdef inline f64v of_conic(f64v e, f64v other, f64v parabola) noexcept nogil:
    """parabola where e = 1, else other"""
    return pick(e, fill(e, 1), other, pick(fill(e, 1), e, other, parabola))


cdef inline void elements_block(Py_ssize_t n, const double* columns, double* elements,
                                double* coefficients) noexcept nogil:
    """elements[8, VECTOR_BLOCK] and coefficients[10, VECTOR_BLOCK] of n rows of gather()"""
    cdef f64v r[3]
    cdef f64v v[3]
    cdef f64v ahead[3]
    cdef f64v mu, h, proper, e, f, beta, size, a, q, swing, rise, own, nu, M, D, least, minor
    cdef f64v motion, sine, cosine, far, bent, circle, root, zero, one, half, none
    cdef Conic conic
    cdef Plane tilt
    cdef Py_ssize_t block, row
    cdef int found, k
    for block in range(n // F64_LANES):
        row = block * F64_LANES
        for k in range(3):
            load(&r[k], columns + (POSITION + k) * VECTOR_BLOCK + row)
            load(&v[k], columns + (VELOCITY + k) * VECTOR_BLOCK + row)
        load(&mu, columns + STATE_MU * VECTOR_BLOCK + row)
        zero = fill(mu, 0)
        one = fill(mu, 1)
        half = fill(mu, 0.5)
        none = fill(mu, NAN)
        conic_of(r[0], r[1], r[2], v[0], v[1], v[2], mu, &conic)
        h = sqrt_f64(dot(conic.hx, conic.hy, conic.hz, conic.hx, conic.hy, conic.hz))
        proper = pick(mu, zero, pick(conic.r0, zero, pick(conic.p, zero, zero, none), none), none)
        proper = pick(fill(mu, DBL_MAX), h + mu, proper, none)
        plane_of(r[0], r[1], r[2], h, &conic, &tilt)

        # ---- shape: e, then a and q by it, in the unit |r| ----
        e = rounded_e(&conic)
        f = absolute(1 - e)
        circle = pick(half, e, pick(e, zero, zero, one), zero)
        least = conic.p / (1 + e)
        far = pick(least, fill(mu, 0.25), fill(mu, 0.25), least)
        far = pick(conic.beta * conic.beta, far, one, zero)
        q = pick(far, half, f / absolute(conic.beta), least)
        size = pick(far, half, absolute(conic.beta), f / q)     # |beta| of the elements
        beta = with_sign(size, 1 - e)
        root = sqrt_f64(size)

        # ---- e sin nu of the elements and of the state, and their common e cos nu ----
        # near the circle from e sin E and e cos E, and in their unit
        bent = pick(conic.beta, half, one, zero)
        swing = pick(bent, half, conic.S * sqrt_f64(f * (1 + e)), conic.s * sqrt_f64(q * (1 + e)))
        own = conic.s * sqrt_f64(conic.p)
        own = pick(bent, half, own * conic.beta, own)
        rise = pick(bent, half, minus_mul(e, e, conic.C), q * (1 + e) - 1)
        swing = pick(circle, half, tilt.across, swing)
        own = pick(circle, half, tilt.across, own)
        rise = pick(circle, half, tilt.along, rise)
        nu = angle_of(swing, rise)

        # ---- the mean anomaly of the elements, then that of the state ----
        store(elements + row, e)
        found = conics(F64_LANES, elements + row)
        M = mean_of_state(conic.s * root, 1 - beta, e, f, nu, circle, found)
        D = conic.s / sqrt_f64(conic.p)
        D = mul_add(D * D, D * fill(D, 1.0 / 3), D)
        put(elements, row, ANOMALY_AT_0, of_conic(e, M, D) + proper)
        f = of_conic(e, pick(circle, half, one, conic.f), zero)
        M = of_conic(e, mean_of_state(conic.S, conic.C, e, f, nu, circle, found), D)

        # ---- the coefficients ----
        least = least * conic.r0
        size = of_conic(e, conic.r0 / absolute(conic.beta), least)
        minor = pick(circle, half, size, conic.r0 * (sqrt_f64(conic.p) / conic.root))
        minor = of_conic(e, minor, least)
        motion = sqrt_f64(mu / of_conic(e, size, least + least)) / size
        sine = sqrt_f64(mul_add(own, own, rise * rise))
        cosine = rise / sine
        sine = own / sine
        store(coefficients + MEAN_ANOMALY * VECTOR_BLOCK + row, M + proper)
        store(coefficients + MEAN_MOTION * VECTOR_BLOCK + row, motion + proper)
        store(coefficients + ECCENTRICITY * VECTOR_BLOCK + row, e + proper)
        store(coefficients + FROM_PARABOLA * VECTOR_BLOCK + row, f + proper)
        for k in range(3):
            r[k] = r[k] / conic.r0
        # the unit vector a quarter ahead of r
        ahead[0] = cross(conic.hy, r[2], conic.hz, r[1]) / h
        ahead[1] = cross(conic.hz, r[0], conic.hx, r[2]) / h
        ahead[2] = cross(conic.hx, r[1], conic.hy, r[0]) / h
        for k in range(3):
            put(coefficients, row, TO_PERIAPSIS + k,
                minus_mul(sine, ahead[k], cosine * r[k]) * size + proper)
            put(coefficients, row, TO_PERIAPSIS + 3 + k,
                mul_add(sine, r[k], cosine * ahead[k]) * minor + proper)

        # ---- the elements ----
        a = conic.r0 / beta                         # infinite for a parabola
        put(elements, row, SEMI_MAJOR_AXIS, a + proper)
        put(elements, row, OF_CONIC, e + proper)
        put(elements, row, INCLINATION, tilt.i + proper)
        put(elements, row, NODE, full_turn(tilt.Omega) + proper)
        put(elements, row, PERIAPSIS_ANGLE, full_turn(tilt.theta - nu) + proper)
        put(elements, row, GRAVITY, mu + proper)
        put(elements, row, LEAST_DISTANCE, q * conic.r0 + proper)


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
        if start < stop and interrupted(300.0 * part):
            return


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
    cdef PyThreadState* state = release_gil(300.0 * (stop - start))
    find_elements(&rows, N, start, stop, found, vectors)
    clear_float_status()
    take_gil(state)
