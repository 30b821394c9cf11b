# Kepler's problem by universal variables: the state at t0 + dt from the state at t0, on any conic.
#
# With y = E - E0, in the units of vectors.pxi and with f = e cos E0 = C, g = e sin E0 = S,
#
#   beta^1.5 dt = beta sin y + S (1 - cos y) + (y - sin y)        r beta = 1 - C cos y + S sin y
#
# and with hyperbolic functions of y = H - H0, b = -beta,
#
#   b^1.5 dt = b sinh y + S (cosh y - 1) + (sinh y - y)           r b = C cosh y + S sinh y - 1
#
# Nothing cancels near the parabola. The start is the y of Kepler's equation from the periapsis,
# solved as in kepler.pxi, with whole turns taken from the time. One correction of these equations
# brings the digits of a short arc. The new state is r = F r0 + G v0, v = F' r0 + G' v0.
#
#   R. H. Battin, An Introduction to the Mathematics and Methods of Astrodynamics, revised ed.,
#   AIAA 1999: sections 4.5 and 4.6; section 9.7 for the matrix of derivatives.

cdef enum:
    STATE_OUTPUTS = 6
    TRANSITIONS = 36        # derivatives of six by six
    BEGIN_FIELDS = 6


cdef struct Begin:
    f64v E0             # the anomaly at the start, and a first one at the end
    f64v E
    f64v m              # the mean anomaly at the end
    f64v target         # the time as an angle, less its whole turns
    f64v n              # turns of m and of the time, which were taken away
    f64v turns


cdef struct Arc:
    # Functions of y, divided by powers of |beta|: Battin's U1 and U2
    f64v sine
    f64v versed
    f64v r              # at the end
    f64v G
    f64v late           # 3 U5 - chi U4, of the derivatives


cdef inline void begin_arc(const Conic* conic, f64v time, Begin* begin) noexcept nogil:
    """The anomalies at both ends of the arc of an ellipse, the second within 1e-3"""
    cdef f64v E0, m, lack, sine
    E0 = angle_of(conic.S, conic.C)
    half_turn(absolute(E0), &lack, &sine)
    m = mul_add(conic.f, E0, conic.e * with_sign(absolute(lack), E0))
    m = pick(absolute(E0), fill(time, 1.5707963267948966), E0 - conic.S, m)
    begin.target = whole_turns(conic.beta * conic.root * time, &begin.turns)
    begin.E0 = E0
    begin.m = whole_turns(m + begin.target, &begin.n)
    begin.E = ellipse_start(absolute(begin.m), conic.e, conic.f)


cdef inline void ellipse_arc(const Conic* conic, const Begin* begin, Arc* arc,
                             const bint stm) noexcept nogil:
    """The arc of an ellipse"""
    cdef f64v e = conic.e, f = conic.f, S = conic.S, C = conic.C, beta = conic.beta
    cdef f64v quarter = fill(e, 1.5707963267948966), pi2 = fill(e, 6.283185307179586)
    cdef f64v lack, sine, versed, E, y, target, n, turns, far, cosine, d, w, s, inverse
    cdef f64v rate = beta * conic.root, f2, f3
    E = with_sign(absolute(ellipse_end(absolute(begin.m), e, f, begin.E)), begin.m)
    y = whole_turns(E - begin.E0, &far)
    n = begin.n + far
    turns = begin.turns + n
    # the time less the same turns; 2 pi in two parts
    target = minus_mul(n, fill(e, 2.4492935982947064e-16), minus_mul(n, pi2, begin.target))
    versed = half_turn(absolute(y), &lack, &sine)
    lack = pick(absolute(y), quarter, absolute(y) - sine, lack)
    lack = with_sign(absolute(lack), y)
    sine = with_sign(absolute(sine), y)
    cosine = 1 - versed
    f2 = mul_add(C, sine, S * cosine)
    f3 = minus_mul(S, sine, C * cosine)
    d = correction(mul_add(beta, sine, mul_add(S, versed, lack - target)),
                   mul_add(beta, cosine, mul_add(S, sine, versed)), f2, f3, -f2)
    # Taylor's series in the small step d
    lack = mul_add(mul_add(d * fill(d, 0.5), sine, versed), d, lack)
    w = mul_add(mul_add(d * fill(d, 0.5), cosine, sine), d, versed)
    sine = mul_add(minus_mul(d * fill(d, 0.5), sine, cosine), d, sine)
    versed = w
    y = y + d
    inverse = 1 / beta
    arc.sine = sine / conic.root
    arc.versed = versed * inverse
    arc.r = mul_add(beta, 1 - versed, mul_add(S, sine, versed)) * inverse
    arc.G = mul_add(conic.s, arc.versed, arc.sine)
    if stm:
        s = y * y
        w = mul_add(fill(s, -1.280853774567257e-16), s, fill(s, 3.9346592223357905e-14))
        w = mul_add(w, s, fill(s, -9.176567570256657e-12))
        w = mul_add(w, s, fill(s, 1.605904350100276e-09))
        w = mul_add(w, s, fill(s, -2.004168670623164e-07))
        w = mul_add(w, s, fill(s, 1.653439153438494e-05))
        w = mul_add(w, s, fill(s, -0.0007936507936507929))
        w = mul_add(w, s, fill(s, 0.016666666666666666))
        w = -w * s * s * y
        w = pick(absolute(y), quarter, minus_mul(fill(s, 3), lack, y * versed), w)
        w = mul_add(turns * pi2, versed - 3, w)
        arc.late = w * inverse / rate


cdef inline void hyperbola_arc(const Conic* conic, f64v time, Arc* arc,
                               const bint stm) noexcept nogil:
    """The arc of a hyperbola

    A long arc has products of large functions that cancel. There y and r are those from the
    periapsis.
    """
    cdef f64v e = conic.e, f = conic.f, S = conic.S, C = conic.C, b = -conic.beta
    cdef f64v split = fill(time, 2.5), none = fill(time, 0)
    cdef f64v rate = b * conic.root, target = rate * time, inverse = 1 / b
    cdef f64v H0, H, m, y, near, s, sine, more, excess, d, r, f2, f3, far_r, long_, w
    H0 = area_of(S, C, e)
    near = pick(absolute(H0), split, none, H0)
    m = mul_add(f, near, e * sinh_excess(near, near * near))
    m = pick(absolute(H0), split, S - H0, m) + target
    H = with_sign(absolute(hyperbola(absolute(m), e, f)), m)
    y = H - H0
    more = grown(absolute(H), H * H, &sine)
    far_r = mul_add(e, more, f)
    long_ = absolute(y)
    more = grown(long_, y * y, &sine)
    sine = with_sign(absolute(sine), y)
    near = pick(long_, split, none, y)
    excess = pick(long_, split, sine - y, sinh_excess(near, near * near))
    f2 = mul_add(C, sine, S * (more + 1))
    f3 = mul_add(S, sine, C * (more + 1))
    r = mul_add(b, more + 1, mul_add(S, sine, more))
    d = correction(mul_add(b, sine, mul_add(S, more, excess - target)), r, f2, f3, f2)
    d = pick(long_, split, none, d)
    excess = mul_add(mul_add(d * fill(d, 0.5), sine, more), d, excess)
    w = mul_add(mul_add(d * fill(d, 0.5), more + 1, sine), d, more)
    sine = mul_add(mul_add(d * fill(d, 0.5), sine, more + 1), d, sine)
    more = w
    y = y + d
    r = mul_add(b, more + 1, mul_add(S, sine, more))
    arc.sine = sine / conic.root
    arc.versed = more * inverse
    arc.r = pick(long_, split, far_r, r) * inverse
    arc.G = pick(long_, split, (target - excess) / rate, mul_add(conic.s, arc.versed, arc.sine))
    if stm:
        s = y * y
        w = mul_add(fill(s, 3.7459547890807946e-19), s, fill(s, 1.3126839033147001e-16))
        w = mul_add(w, s, fill(s, 3.9362049538000417e-14))
        w = mul_add(w, s, fill(s, 9.176590453378978e-12))
        w = mul_add(w, s, fill(s, 1.6059043965817727e-09))
        w = mul_add(w, s, fill(s, 2.004168670680675e-07))
        w = mul_add(w, s, fill(s, 1.653439153440079e-05))
        w = mul_add(w, s, fill(s, 0.0007936507936507915))
        w = mul_add(w, s, fill(s, 0.016666666666666666))
        w = -w * s * s * y
        w = pick(long_, split, minus_mul(y, more, 3 * excess), w)
        arc.late = w * inverse / rate


cdef inline void put(double* column, Py_ssize_t row, int k, f64v value) noexcept nogil:
    """column[k, row] = value"""
    store(column + k * VECTOR_BLOCK + row, value)


cdef inline void transition(const f64v* r0, const f64v* v0, const f64v* r, const f64v* v,
                            const f64v* coefficient, double* out, Py_ssize_t row) noexcept nogil:
    """The derivatives of (r, v) by (r0, v0): Battin, equations 9.84 to 9.87

    coefficient is 1 - F, G, F', 1 - G', C, mu, |r0| and |r|. The two differences make those of the
    states without a subtraction, for a short time.
    """
    cdef f64v short = coefficient[0], G = coefficient[1], Ft = coefficient[2]
    cdef f64v slow = coefficient[3], F = 1 - short, Gt = 1 - slow
    cdef f64v late = coefficient[4], mu = coefficient[5], size0 = coefficient[6]
    cdef f64v size = coefficient[7], none = fill(G, 0)
    cdef f64v both = size0 * short, inverse = 1 / mu, cube0, cube, a, b, c, along
    cdef f64v square
    cdef f64v jump[3]
    cdef f64v step[3]
    cdef f64v turned[3]
    cdef int i, k
    cube0 = 1 / (size0 * size0 * size0)
    cube = 1 / (size * size * size)
    for i in range(3):
        jump[i] = minus_mul(slow, v0[i], Ft * r0[i])
        step[i] = minus_mul(short, r0[i], G * v0[i])
    along = dot(r[0], r[1], r[2], v[0], v[1], v[2])
    square = 1 / (size * size)
    for i in range(3):
        # (r v' - v r') r / (mu |r|), and the factor of (v - v0)' as a whole
        turned[i] = Ft * inverse / size * minus_mul(v[i], size * size, r[i] * along)
        turned[i] = minus_mul(r[i], square, turned[i])
    for k in range(3):
        a = jump[k] * (size * inverse)
        b = r0[k] * (both * cube0)
        c = r0[k] * (late * cube0)
        for i in range(3):
            put(out, row, i * 6 + k,
                mul_add(jump[i], a, mul_add(r[i], b, mul_add(v[i], c, F if i == k else none))))
        a = v0[k] * (both * inverse)
        b = -r0[k] * (both * inverse)
        c = v0[k] * (late * inverse)
        for i in range(3):
            put(out, row, i * 6 + 3 + k,
                mul_add(step[i], a, mul_add(jump[i], b, mul_add(v[i], c, G if i == k else none))))
        a = -r0[k] / (size0 * size0)
        b = minus_mul(r0[k], mu * late * cube * cube0, -r[k] * square * Ft)
        for i in range(3):
            put(out, row, (3 + i) * 6 + k,
                mul_add(jump[i], a, mul_add(turned[i], jump[k],
                                            mul_add(r[i], b, Ft if i == k else none))))
        a = jump[k] * (size0 * inverse)
        b = r0[k] * (both * cube)
        c = -v0[k] * (late * cube)
        for i in range(3):
            put(out, row, (3 + i) * 6 + 3 + k,
                mul_add(jump[i], a, mul_add(r[i], b + c, Gt if i == k else none)))


cdef inline void propagate_block(Py_ssize_t n, const double* columns, double* states,
                                 double* derivatives, const bint stm) noexcept nogil:
    """states[6, VECTOR_BLOCK] of n rows, as gather() gives them; derivatives[36, VECTOR_BLOCK]

    There are three loops. In one, the chain of operations is longer than a processor keeps in
    flight.
    """
    cdef f64v r0[3]
    cdef f64v v0[3]
    cdef f64v r[3]
    cdef f64v v[3]
    cdef f64v coefficient[8]
    cdef double memory[(CONIC_FIELDS + BEGIN_FIELDS + 1) * VECTOR_BLOCK + 8]
    cdef double* paces = <double*>aligned(<size_t>memory)
    cdef Conic* conics_of = <Conic*>(paces + VECTOR_BLOCK)
    cdef Begin* begins = <Begin*>(paces + (1 + CONIC_FIELDS) * VECTOR_BLOCK)
    cdef f64v dt, mu, pace, time, proper, zero, none
    cdef Conic* conic
    cdef Arc arc, other
    cdef Py_ssize_t i, row
    cdef int k, found
    for i in range(n // F64_LANES):
        row = i * F64_LANES
        load_state(columns, row, r0, v0)
        load(&mu, columns + STATE_MU * VECTOR_BLOCK + row)
        conic = &conics_of[i]
        conic_of(r0[0], r0[1], r0[2], v0[0], v0[1], v0[2], mu, conic)
        store(paces + row, sqrt_f64(mu / conic.r0) / conic.r0)
        store(states + row, conic.beta)
    for i in range(n // F64_LANES):
        row = i * F64_LANES
        load(&dt, columns + DELAY * VECTOR_BLOCK + row)
        load(&pace, <const double*>paces + row)
        begin_arc(&conics_of[i], dt * pace, &begins[i])
    for i in range(n // F64_LANES):
        row = i * F64_LANES
        load_state(columns, row, r0, v0)
        load(&dt, columns + DELAY * VECTOR_BLOCK + row)
        load(&mu, columns + STATE_MU * VECTOR_BLOCK + row)
        conic = &conics_of[i]
        load(&pace, <const double*>paces + row)
        time = dt * pace
        zero = fill(dt, 0)
        none = fill(dt, NAN)
        found = signs(states + row)
        if found != 2:
            ellipse_arc(conic, &begins[i], &arc, stm)
        if found == 2:
            hyperbola_arc(conic, time, &arc, stm)
        elif found & 2:
            hyperbola_arc(conic, time, &other, stm)
            arc.sine = pick(zero, conic.beta, other.sine, arc.sine)
            arc.versed = pick(zero, conic.beta, other.versed, arc.versed)
            arc.r = pick(zero, conic.beta, other.r, arc.r)
            arc.G = pick(zero, conic.beta, other.G, arc.G)
            if stm:
                arc.late = pick(zero, conic.beta, other.late, arc.late)
        # NaN and infinity reach each of these; a body at the centre has no orbit
        proper = pick(mu, zero, pick(conic.r0, zero, zero, none), none) + time * zero
        proper = pick(fill(dt, DBL_MAX), conic.r0 + conic.p, proper, none)
        coefficient[0] = arc.versed + proper
        coefficient[1] = arc.G / pace
        coefficient[2] = -arc.sine / arc.r * pace
        coefficient[3] = arc.versed / arc.r
        coefficient[5] = mu
        coefficient[6] = conic.r0
        coefficient[7] = arc.r * conic.r0
        for k in range(3):
            r[k] = r0[k] + minus_mul(coefficient[0], r0[k], coefficient[1] * v0[k])
            v[k] = v0[k] + minus_mul(coefficient[3], v0[k], coefficient[2] * r0[k])
            store(states + k * VECTOR_BLOCK + row, r[k])
            store(states + (3 + k) * VECTOR_BLOCK + row, v[k])
        if stm:
            coefficient[4] = minus_mul(time, arc.versed, arc.late) / pace * conic.r0 + proper
            transition(r0, v0, r, v, coefficient, derivatives, row)


cdef inline void load_state(const double* columns, Py_ssize_t row, f64v* r,
                            f64v* v) noexcept nogil:
    cdef int k
    for k in range(3):
        load(&r[k], columns + (POSITION + k) * VECTOR_BLOCK + row)
        load(&v[k], columns + (VELOCITY + k) * VECTOR_BLOCK + row)


cdef inline int signs(const double* values) noexcept nogil:
    """Return which signs a register of values has, as a sum: 1 positive or NaN, 2 negative"""
    cdef Py_ssize_t i
    cdef int found = 0
    for i in range(F64_LANES):
        found |= 1 + (values[i] < 0)
    return found


cdef void propagated(const Vectors* rows, Py_ssize_t start, Py_ssize_t stop, double* positions,
                     double* velocities, double* derivatives) noexcept nogil:
    """positions and velocities (N, 3), derivatives (N, 6, 6) unless NULL, from start to stop"""
    cdef double memory[(STATE_INPUTS + STATE_OUTPUTS + TRANSITIONS) * VECTOR_BLOCK + 8]
    cdef double* columns = <double*>aligned(<size_t>memory)
    cdef double* ends = columns + STATE_INPUTS * VECTOR_BLOCK
    cdef double* slopes = ends + STATE_OUTPUTS * VECTOR_BLOCK
    cdef Py_ssize_t part, whole, i, k
    while start < stop:
        part = min(stop - start, VECTOR_BLOCK)
        whole = (part + F64_LANES - 1) // F64_LANES * F64_LANES
        gather(rows, start, part, columns)
        if derivatives == NULL:
            propagate_block(whole, columns, ends, NULL, False)
        else:
            propagate_block(whole, columns, ends, slopes, True)
            for i in range(part):
                for k in range(TRANSITIONS):
                    derivatives[(start + i) * TRANSITIONS + k] = slopes[k * VECTOR_BLOCK + i]
        for i in range(part):
            for k in range(3):
                positions[(start + i) * 3 + k] = ends[k * VECTOR_BLOCK + i]
                velocities[(start + i) * 3 + k] = ends[(3 + k) * VECTOR_BLOCK + i]
        start += part
        if start < stop and interrupted(500.0 * part):
            return


# ---- the door ----

cdef int find_vectors(tuple arrays, Py_ssize_t N, Vectors* rows) except -1:
    """Set rows to plain arrays (N, 3), (N, 3), (N,) and (N,), or of one row for all"""
    cdef cnp.ndarray array
    cdef const double* data[4]
    cdef Py_ssize_t steps[4]
    cdef int k, ndim
    if len(arrays) != 4:
        raise ValueError("arrays must be four")
    for k in range(4):
        ndim = 2 if k < 2 else 1
        if not (is_plain(arrays[k], ndim, cnp.NPY_DOUBLE)):
            raise ValueError("positions, velocities, times and mu must be plain arrays")
        array = arrays[k]
        if array.shape[0] not in (1, N) or (k < 2 and array.shape[1] != 3):
            raise ValueError("arrays must have one row, or one for each state")
        data[k] = <const double*>cnp.PyArray_DATA(array)
        steps[k] = 0 if array.shape[0] == 1 else (3 if k < 2 else 1)
    rows.position, rows.position_step = data[0], steps[0]
    rows.velocity, rows.velocity_step = data[1], steps[1]
    rows.delay, rows.delay_step = data[2], steps[2]
    rows.mu, rows.mu_step = data[3], steps[3]
    return 0


cdef double* rows_to_write(cnp.ndarray out, Py_ssize_t N, Py_ssize_t columns) except NULL:
    """Return the memory of a plain, writable array (N, columns)"""
    if not (is_plain(out, 2, cnp.NPY_DOUBLE) and cnp.PyArray_ISWRITEABLE(out)
            and out.shape[0] == N and out.shape[1] == columns):
        raise ValueError("results must be plain arrays with a row for each state")
    return <double*>cnp.PyArray_DATA(out)


def propagate_rows(tuple arrays not None, cnp.ndarray positions not None,
                   cnp.ndarray velocities not None, cnp.ndarray derivatives,
                   Py_ssize_t start, Py_ssize_t stop):
    """Put the states at the end of arcs in positions and velocities[start:stop].

    arrays are positions (N, 3), velocities (N, 3), times (N,) and mu (N,); one of a single row is
    the same for all. The derivatives (N, 36) may be None.
    """
    cdef Vectors rows
    cdef Py_ssize_t N = positions.shape[0] if positions.ndim else 0
    cdef double* places = rows_to_write(positions, N, 3)
    cdef double* speeds = rows_to_write(velocities, N, 3)
    cdef double* slopes = (NULL if derivatives is None
                           else rows_to_write(derivatives, N, TRANSITIONS))
    if not 0 <= start <= stop <= N:
        raise ValueError(f"start and stop must be in order, from 0 to {N}")
    find_vectors(arrays, N, &rows)
    cdef PyThreadState* state = release_gil(500.0 * (stop - start))
    propagated(&rows, start, stop, places, speeds, slopes)
    clear_float_status()
    take_gil(state)
