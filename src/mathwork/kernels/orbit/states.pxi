# Positions, velocities and anomalies of N orbits at T times: N T elements in one pass of blocks.
# The pass reads only the times and the few coefficients of each orbit.
#
# In the plane of the orbit, the unit of length is that of the conic: |a|, or the periapsis distance
# q of a parabola. x points to the periapsis. y is turned by a quarter, and stretched so that the
# second vector has the semi-minor axis:
#
#   ellipse     cos E - e, sin E           E' = n / (1 - e cos E)
#   hyperbola   e - cosh H, sinh H         H' = n / (e cosh H - 1)
#   parabola    1 - D^2, 2 D               D' = n / (1 + D^2)

from libc.math cimport cos, fabs, hypot, isfinite, sin, sqrt

cdef enum:
    MEAN_ANOMALY            # the coefficients of an orbit
    MEAN_MOTION
    ECCENTRICITY
    FROM_PARABOLA           # |1 - e|, of a state with more digits than e has
    TO_PERIAPSIS            # three components, and three of the second vector
    COEFFICIENTS = 10


cdef enum:
    SEMI_MAJOR_AXIS         # the elements of an orbit
    OF_CONIC
    INCLINATION
    NODE
    PERIAPSIS_ANGLE
    ANOMALY_AT_0
    GRAVITY
    LEAST_DISTANCE
    ELEMENTS


cdef enum:
    POSITIONS               # what states() finds; the first two have three components
    VELOCITIES
    MEAN_ANOMALIES
    ECCENTRIC_ANOMALIES
    TRUE_ANOMALIES
    DISTANCES
    STATE_CODES

state_codes = {"position": POSITIONS, "velocity": VELOCITIES, "mean_anomaly": MEAN_ANOMALIES,
               "eccentric_anomaly": ECCENTRIC_ANOMALIES, "true_anomaly": TRUE_ANOMALIES,
               "distance": DISTANCES}


cdef enum:
    ORBIT_FOUND             # the codes of KeplerOrbit.status, as in mathwork._status
    ELEMENT_NOT_FINITE
    NEGATIVE_ECCENTRICITY
    NO_CONIC
    MU_NOT_POSITIVE


def settle_orbits(bint by_periapsis, cnp.ndarray elements not None):
    """Return the coefficients (N, 10) of the orbits in elements (8, N), and their status.

    The coefficients are those that orbit_states reads; the status is an int8 code each. The rows of
    elements are a, e, i, Omega, omega, M0, mu and periapsis. a is computed here if `by_periapsis`,
    else periapsis. If there is no orbit, its elements and coefficients become NaN.
    """
    if not (is_plain(elements, 2, cnp.NPY_DOUBLE) and cnp.PyArray_ISWRITEABLE(elements)
            and elements.shape[0] == ELEMENTS):
        raise ValueError("elements must be a plain array (8, N)")
    cdef Py_ssize_t N = elements.shape[1], k
    cdef cnp.ndarray coefficients = new_matrix(N, COEFFICIENTS, cnp.NPY_DOUBLE)
    cdef cnp.ndarray status = new_vector(N, cnp.NPY_INT8)
    cdef signed char* code = <signed char*>cnp.PyArray_DATA(status)
    cdef double* element = <double*>cnp.PyArray_DATA(elements)
    cdef double* coefficient = <double*>cnp.PyArray_DATA(coefficients)
    cdef PyThreadState* state = release_gil(100.0 * N)
    for k in range(N):
        if k and interrupted(100):
            break
        code[k] = settle_orbit(by_periapsis, N, element + k, coefficient + k * COEFFICIENTS)
    take_gil(state)
    return coefficients, status


cdef int settle_orbit(bint by_periapsis, Py_ssize_t N, double* elements,
                      double* coefficients) noexcept nogil:
    """Settle one orbit and return its status; its elements are N apart"""
    cdef double a, e = elements[OF_CONIC * N], mu = elements[GRAVITY * N], q, size, minor
    cdef double cos_i = cos(elements[INCLINATION * N]), sin_i = sin(elements[INCLINATION * N])
    cdef double cos_node = cos(elements[NODE * N]), sin_node = sin(elements[NODE * N])
    cdef double cos_peri = cos(elements[PERIAPSIS_ANGLE * N])
    cdef double sin_peri = sin(elements[PERIAPSIS_ANGLE * N])
    cdef bint is_parabola = e == 1, valid
    cdef int k
    if by_periapsis:
        q = elements[LEAST_DISTANCE * N]
        elements[SEMI_MAJOR_AXIS * N] = a = q / (1 - e)
        valid = isfinite(q)
    else:
        a = elements[SEMI_MAJOR_AXIS * N]
        elements[LEAST_DISTANCE * N] = q = a * (1 - e)
        valid = isfinite(a)
    for k in range(1, LEAST_DISTANCE):
        valid = valid and isfinite(elements[k * N])
    cdef int status = ORBIT_FOUND
    if not (q > 0):
        status = NO_CONIC
    if not (mu > 0):
        status = MU_NOT_POSITIVE
    if not (e >= 0):
        status = NEGATIVE_ECCENTRICITY
    if not valid:
        status = ELEMENT_NOT_FINITE
    if status != ORBIT_FOUND:
        for k in range(ELEMENTS):
            elements[k * N] = NAN
        for k in range(COEFFICIENTS):
            coefficients[k] = NAN
        return status
    size = q if is_parabola else fabs(a)
    minor = q if is_parabola else q * sqrt((1 + e) / fabs(1 - e))
    coefficients[MEAN_ANOMALY] = elements[ANOMALY_AT_0 * N]
    coefficients[MEAN_MOTION] = sqrt(mu / (2 * q if is_parabola else size)) / size
    coefficients[ECCENTRICITY] = e
    coefficients[FROM_PARABOLA] = fabs(1 - e)
    coefficients += TO_PERIAPSIS
    coefficients[0] = size * (cos_node * cos_peri - sin_node * sin_peri * cos_i)
    coefficients[1] = size * (sin_node * cos_peri + cos_node * sin_peri * cos_i)
    coefficients[2] = size * (sin_peri * sin_i)
    coefficients[3] = -minor * (cos_node * sin_peri + sin_node * cos_peri * cos_i)
    coefficients[4] = minor * (cos_node * cos_peri * cos_i - sin_node * sin_peri)
    coefficients[5] = minor * (cos_peri * sin_i)
    return ORBIT_FOUND


cdef inline f64v grown(f64v H, f64v s, f64v* sinh_H) noexcept nogil:
    """Return cosh H - 1 and set sinh_H = sinh H, H >= 0, s = H^2"""
    cdef f64v split = fill(H, 2.5), scale, v, small, large
    small = pick(H, split, split, H)
    s = pick(H, split, split * split, s)
    v = power(reduced(-H, &scale))
    v = mul_add(v, scale, scale)            # 2^256 e^-H
    large = fill(H, 0.5) / v                # no overflow before e^H is too large itself
    v = v * unshift(H)
    large = large / unshift(H)
    v = v * fill(H, 0.5)
    sinh_H[0] = pick(H, split, large - v, small + sinh_excess(small, s))
    return pick(H, split, (large + v) - 1, cosh_excess(s))


cdef inline void plane(const bint moving, f64v E, f64v e, f64v f, f64v n, int found,
                       f64v* x, f64v* y) noexcept nogil:
    """x, y = the place of the anomaly E in the plane, or its velocity if `moving`; f = |1 - e|"""
    cdef f64v m, turns, lack, sine, versed, rate, x_open, y_open, one = fill(E, 1)
    x[0] = y[0] = fill(E, NAN)
    if found & 1:
        m = whole_turns(E, &turns)
        versed = half_turn(absolute(m), &lack, &sine)
        sine = with_sign(absolute(sine), m)
        if moving:
            rate = n / mul_add(e, versed, f)
            x[0] = -sine * rate
            y[0] = (1 - versed) * rate
        else:
            x[0] = f - versed
            y[0] = sine
    if found & 2:
        versed = grown(absolute(E), E * E, &sine)
        sine = with_sign(absolute(sine), E)
        rate = n / mul_add(e, versed, f)
        x_open = -sine * rate if moving else f - versed
        y_open = (versed + 1) * rate if moving else sine
        x[0] = pick(e, one, x_open, x[0])
        y[0] = pick(e, one, y_open, y[0])
    if found & 4:
        rate = n / mul_add(E, E, one)
        x_open = -2 * E * rate if moving else (1 - E) * (1 + E)
        y_open = 2 * rate if moving else 2 * E
        x[0] = pick(e, one, x[0], pick(one, e, x[0], x_open))
        y[0] = pick(e, one, y[0], pick(one, e, y[0], y_open))


cdef void states_block(bint moving, Py_ssize_t n, const double* anomaly, const double* e,
                       const double* f, const double* motion, double* x, double* y) noexcept nogil:
    """x, y of plane() for n elements; n is a multiple of the lane count"""
    cdef f64v E, eccentricity, excess, rate, across, along
    cdef Py_ssize_t i
    cdef int found = conics(n, e)
    for i in range(n // F64_LANES):
        load(&E, anomaly + i * F64_LANES)
        load(&eccentricity, e + i * F64_LANES)
        load(&excess, f + i * F64_LANES)
        load(&rate, motion + i * F64_LANES)
        if moving:
            plane(True, E, eccentricity, excess, rate, found, &across, &along)
        else:
            plane(False, E, eccentricity, excess, rate, found, &across, &along)
        store(x + i * F64_LANES, across)
        store(y + i * F64_LANES, along)


cdef void anomalies_block(int code, Py_ssize_t n, const double* anomaly, const double* e,
                          const double* fs, const double* size, double* out) noexcept nogil:
    """out = an angle or a distance for the anomaly E of n elements, as `code` says"""
    cdef f64v E, eccentricity, f, unit, x, y, one, value
    cdef Py_ssize_t i
    cdef int found = conics(n, e)
    for i in range(n // F64_LANES):
        load(&E, anomaly + i * F64_LANES)
        load(&eccentricity, e + i * F64_LANES)
        load(&unit, size + i * F64_LANES)
        one = fill(E, 1)
        load(&f, fs + i * F64_LANES)
        plane(False, E, eccentricity, f, one, found, &x, &y)
        if code == TRUE_ANOMALIES:
            # y in the unit of x
            value = sqrt_f64(f * (1 + eccentricity))
            value = pick(eccentricity, one, value, pick(one, eccentricity, value, one))
            value = angle_of(y * value, x)
        else:
            # r = q + e (what x lacks of q): 1 - e cos E, e cosh H - 1, 1 + D^2
            value = pick(eccentricity, one, f, pick(one, eccentricity, f, one))
            value = mul_add(eccentricity, value - x, value) * unit
        store(out + i * F64_LANES, value)


cdef void less_turns(Py_ssize_t n, double* M, const double* e) noexcept nogil:
    """Take the whole turns from the mean anomalies of ellipses"""
    cdef f64v mean, eccentricity, turns
    cdef Py_ssize_t i
    for i in range(n // F64_LANES):
        load(&mean, M + i * F64_LANES)
        load(&eccentricity, e + i * F64_LANES)
        mean = pick(fill(mean, 1), eccentricity, whole_turns(mean, &turns), mean)
        store(M + i * F64_LANES, mean)


cdef void states(int code, bint paired, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t T,
                 const double* orbits, const double* times, double* out) noexcept nogil:
    """out[i, 3] for start <= i < stop: orbit i / T at time i % T; out[i] for an angle or distance

    If `paired`, T is 1 and orbit i has a time of its own.
    """
    cdef double blocks[4][STEP]         # mean anomaly (later x), eccentricity, mean motion, |1 - e|
    cdef double anomaly[STEP]
    cdef double y[STEP]
    cdef const double* orbit
    cdef double unit = 0
    cdef Py_ssize_t part, whole, i, k, row = -1, column
    for k in range(4):
        for i in range(STEP):
            blocks[k][i] = 0
    while start < stop:
        if row >= 0 and interrupted(100 * STEP):
            return
        part = min(stop - start, STEP)
        whole = (part + F64_LANES - 1) // F64_LANES * F64_LANES
        row, column = start // T, start % T
        for i in range(part):
            orbit = orbits + row * COEFFICIENTS
            blocks[0][i] = (orbit[MEAN_ANOMALY]
                            + orbit[MEAN_MOTION] * times[row if paired else column])
            blocks[1][i] = orbit[ECCENTRICITY]
            blocks[2][i] = orbit[MEAN_MOTION]
            blocks[3][i] = orbit[FROM_PARABOLA]
            if code == DISTANCES:
                if i == 0 or column == 0:       # once an orbit; the squares could overflow
                    orbit += TO_PERIAPSIS
                    unit = hypot(hypot(orbit[0], orbit[1]), orbit[2])
                blocks[2][i] = unit
            column += 1
            if column == T:
                row, column = row + 1, 0
        if code >= MEAN_ANOMALIES:
            less_turns(whole, blocks[0], blocks[1])
            if code != MEAN_ANOMALIES:
                kepler_loops(True, whole, blocks[0], blocks[1], blocks[3], anomaly)
            if code == MEAN_ANOMALIES:
                memcpy(out + start, blocks[0], part * sizeof(double))
            elif code == ECCENTRIC_ANOMALIES:
                memcpy(out + start, anomaly, part * sizeof(double))
            else:
                anomalies_block(code, whole, anomaly, blocks[1], blocks[3], blocks[2], y)
                memcpy(out + start, y, part * sizeof(double))
            start += part
            continue
        kepler_loops(True, whole, blocks[0], blocks[1], blocks[3], anomaly)
        states_block(code == VELOCITIES, whole, anomaly, blocks[1], blocks[3], blocks[2], blocks[0],
                     y)
        row, column = start // T, start % T
        for i in range(part):
            orbit = orbits + row * COEFFICIENTS + TO_PERIAPSIS
            for k in range(3):
                out[3 * (start + i) + k] = orbit[k] * blocks[0][i] + orbit[3 + k] * y[i]
            column += 1
            if column == T:
                row, column = row + 1, 0
        start += part


cdef inline bint is_state_code(int code) noexcept:
    return 0 <= code < STATE_CODES


def states_at(int code, cnp.ndarray orbits not None, tuple shape not None, t):
    """Return one of state_codes of orbits at times t: a number or a plain array.

    Return NotImplemented for other times. orbits is (N, 10) as in orbit_states, and `shape` is the
    shape of the N orbits. The result has `shape` + the shape of t, + (3,) for a vector.
    """
    cdef cnp.npy_intp sizes[64]         # the most dimensions in NumPy
    cdef double time = 0
    cdef const double* times = &time
    cdef Py_ssize_t T = 1, N
    cdef int axis, of_orbits = len(shape), ndim = of_orbits
    cdef cnp.ndarray out
    for axis in range(min(of_orbits, 63)):
        sizes[axis] = shape[axis]
    if not (is_plain(orbits, 2, cnp.NPY_DOUBLE) and orbits.shape[1] == COEFFICIENTS
            and of_orbits < 64):
        raise ValueError("orbits (N, 10) must be a plain array, of less than 64 dimensions in all")
    N = orbits.shape[0]
    cdef PyThreadState* state
    if is_number(t):
        time = number(t, "t")
    elif is_plain_double(t) and of_orbits + cnp.PyArray_NDIM(<cnp.ndarray>t) < 64:
        ndim += cnp.PyArray_NDIM(<cnp.ndarray>t)
        T = cnp.PyArray_SIZE(<cnp.ndarray>t)
        times = <const double*>cnp.PyArray_DATA(<cnp.ndarray>t)
    else:
        return NotImplemented
    for axis in range(of_orbits, ndim):
        sizes[axis] = cnp.PyArray_DIM(<cnp.ndarray>t, axis - of_orbits)
    sizes[ndim] = 3
    out = cnp.PyArray_EMPTY(ndim + (code <= VELOCITIES), sizes, cnp.NPY_DOUBLE, 0)
    if not is_state_code(code) or (
            cnp.PyArray_SIZE(out) != (3 if code <= VELOCITIES else 1) * N * T):
        raise ValueError(f"shape must be that of {N} orbits, got {shape}")
    if N * T > 0:
        state = release_gil(100.0 * N * T)
        states(code, False, 0, N * T, T, <const double*>cnp.PyArray_DATA(orbits), times,
               <double*>cnp.PyArray_DATA(out))
        take_gil(state)
    return out


def orbit_states(int code, bint paired, cnp.ndarray orbits not None, cnp.ndarray times not None,
                 cnp.ndarray out not None, Py_ssize_t start, Py_ssize_t stop):
    """Put one of state_codes in out[start:stop].

    out is (N T, 3) for a vector, else (N T, 1); times (T,) and orbits (N, 10). If `paired`, each
    orbit has its own time, and out N = T rows. An orbit has its mean anomaly at time 0, its mean
    motion, its eccentricity, |1 - e|, and two vectors in its plane. The first vector points to the
    periapsis, with the unit of length (|a|, or q of a parabola). The second points a quarter ahead,
    with the semi-minor axis.
    """
    if not (is_plain(orbits, 2, cnp.NPY_DOUBLE) and is_plain(times, 1, cnp.NPY_DOUBLE)
            and is_plain(out, 2, cnp.NPY_DOUBLE) and cnp.PyArray_ISWRITEABLE(out)
            and orbits.shape[1] == COEFFICIENTS and is_state_code(code)
            and out.shape[1] == (3 if code <= VELOCITIES else 1)
            and (not paired or orbits.shape[0] == times.shape[0])
            and out.shape[0] == orbits.shape[0] * (1 if paired else times.shape[0])
            and 0 <= start <= stop <= out.shape[0]):
        raise ValueError("orbits (N, 10), times (T,) and out (N T, 3) must be plain arrays that "
                         "fit")
    cdef Py_ssize_t T = 1 if paired else times.shape[0]
    cdef const double* orbit = <const double*>cnp.PyArray_DATA(orbits)
    cdef const double* time = <const double*>cnp.PyArray_DATA(times)
    cdef double* place = <double*>cnp.PyArray_DATA(out)
    cdef PyThreadState* state = release_gil(100.0 * (stop - start))
    if start < stop:
        states(code, paired, start, stop, T, orbit, time, place)
        clear_float_status()
    take_gil(state)
