# Functions of whole rows, where the rows of a piece are in the lanes: softmax, normalisation, and
# their derivatives. x and y are n x P; each lane is a row of its own.


cdef inline void softmax_lanes(lanes like, Py_ssize_t n, Py_ssize_t P, const real* z,
                               lanes* top, lanes* total) noexcept nogil:
    """top = max z, total = sum e^(z - top)"""
    cdef lanes v
    cdef Py_ssize_t j
    top[0] = fill(like, -INFINITY)
    for j in range(n):
        load(&v, z + j * P)
        top[0] = larger(top[0], v)
    total[0] = fill(like, 0)
    for j in range(n):
        load(&v, z + j * P)
        total[0] = total[0] + exponential_below(v, top[0])


cdef void softmax_columns(lanes like, bint logarithm, Py_ssize_t n, Py_ssize_t P, const real* z,
                          real* y) noexcept nogil:
    """y = softmax(z), or its logarithm"""
    cdef lanes v, top, total, rest
    cdef real number[MAX_LANES]
    cdef Py_ssize_t L = lane_count(y), i, j, k
    rest = fill(like, 0)            # a compiler may not see that it is read only if it is set
    for i in range(P // L):
        softmax_lanes(like, n, P, z + i * L, &top, &total)
        if logarithm:
            store(number, total)
            for k in range(L):
                number[k] = <real>log(number[k])
            load(&rest, <const real*>number)
        for j in range(n):
            load(&v, z + j * P + i * L)
            if logarithm:
                store(y + j * P + i * L, v - top - rest)
            else:
                store(y + j * P + i * L, exponential_below(v, top) / total)


cdef void back_through_softmax(lanes like, bint logarithm, Py_ssize_t n, Py_ssize_t P,
                               const real* a, real* d) noexcept nogil:
    """d = a (d - sum a d) for softmax, d - e^a sum d for its logarithm"""
    cdef lanes u, v, total, p
    cdef lanes zero = fill(like, 0)
    cdef Py_ssize_t L = lane_count(d), i, j
    for i in range(P // L):
        total = zero
        for j in range(n):
            load(&u, a + j * P + i * L)
            load(&v, <const real*>(d + j * P + i * L))
            total = total + v if logarithm else mul_add(u, v, total)
        for j in range(n):
            load(&u, a + j * P + i * L)
            load(&v, <const real*>(d + j * P + i * L))
            if logarithm:
                p = exponential_below(u, zero)
                store(d + j * P + i * L, minus_mul(p, total, v))
            else:
                store(d + j * P + i * L, u * (v - total))


cdef lanes centred_columns(lanes like, bint centre, Py_ssize_t n, Py_ssize_t P, lanes before,
                           lanes behind, const real* x, real* y) noexcept nogil:
    """y = behind (before x - m), m its mean if `centre`, else 0; return the mean of y^2

    The mean is computed twice, as in `norm_of`.
    """
    cdef lanes v, mean, square = fill(like, 0), count = fill(like, <double>n)
    cdef Py_ssize_t j
    cdef int turn
    for j in range(n):
        load(&v, x + j * P)
        store(y + j * P, before * v)
    if centre:
        for turn in range(2):
            mean = fill(like, 0)
            for j in range(n):
                load(&v, <const real*>(y + j * P))
                mean = mean + v
            mean = mean / count
            for j in range(n):
                load(&v, <const real*>(y + j * P))
                store(y + j * P, v - mean)
    for j in range(n):
        load(&v, <const real*>(y + j * P))
        v = behind * v
        store(y + j * P, v)
        square = mul_add(v, v, square)
    return square / count


cdef bint choose_units(double eps, const real* square, real* before, real* behind) noexcept nogil:
    """Set powers of 2 for rows whose squares overflow or vanish, else 1; return whether one does

    The bounds and powers are those of `norm_of`.
    """
    cdef bint narrow = real is float, found = False
    cdef Py_ssize_t k
    for k in range(lane_count(square)):
        before[k] = behind[k] = 1
        if not square[k] <= (3.4028234663852886e+38 if narrow else 1.7976931348623157e+308):
            before[k] = 8.271806125530277e-25 if narrow else 2.409919865102884e-181
            found = True
        elif square[k] + eps < (8.077935669463161e-28 if narrow else 1.1830521861667747e-271):
            behind[k] = 1.8446744073709552e+19 if narrow else 3.273390607896142e+150
            found = True
    return found


cdef void norm_columns(lanes like, bint centre, Py_ssize_t n, Py_ssize_t P, double eps,
                       const real* x, const real* weight, const real* bias, real* unit,
                       real* factor, real* y) noexcept nogil:
    """y = unit weight + bias, unit = (x - m) factor, factor = 1 / sqrt(mean of (x - m)^2 + eps)

    m is the mean of x if `centre`, else 0. No bias: NULL.
    """
    cdef lanes v, square, slope, before, behind, one = fill(like, 1), scale
    cdef real squares[MAX_LANES]
    cdef real befores[MAX_LANES]
    cdef real behinds[MAX_LANES]
    cdef Py_ssize_t L = lane_count(y), i, j
    for i in range(P // L):
        square = centred_columns(like, centre, n, P, one, one, x + i * L, unit + i * L)
        scale = one
        store(squares, square)
        if choose_units(eps, <const real*>squares, befores, behinds):
            load(&before, <const real*>befores)
            load(&behind, <const real*>behinds)
            square = centred_columns(like, centre, n, P, before, behind, x + i * L, unit + i * L)
            scale = before * behind
        slope = one / root(square + fill(like, eps) * scale * scale)
        store(factor + i * L, slope * scale)
        for j in range(n):
            load(&v, <const real*>(unit + j * P + i * L))
            v = v * slope
            store(unit + j * P + i * L, v)
            v = v * fill(like, weight[j])
            store(y + j * P + i * L, v if bias == NULL else v + fill(like, bias[j]))


cdef void back_through_norm(lanes like, bint centre, Py_ssize_t n, Py_ssize_t P,
                            const real* unit, const real* factor, const real* weight,
                            real* d) noexcept nogil:
    """d = factor (g - mean g - unit mean(g unit)), g = d weight; without centre no mean g"""
    cdef lanes u, g, mean, along, slope, count = fill(like, <double>n)
    cdef Py_ssize_t L = lane_count(d), i, j
    for i in range(P // L):
        mean = fill(like, 0)
        along = fill(like, 0)
        load(&slope, factor + i * L)
        for j in range(n):
            load(&u, unit + j * P + i * L)
            load(&g, <const real*>(d + j * P + i * L))
            g = g * fill(like, weight[j])
            along = mul_add(g, u, along)
            if centre:
                mean = mean + g
        mean = mean / count
        along = along / count
        for j in range(n):
            load(&u, unit + j * P + i * L)
            load(&g, <const real*>(d + j * P + i * L))
            g = minus_mul(along, u, g * fill(like, weight[j]) - mean)
            store(d + j * P + i * L, g * slope)


cdef void prelu_columns(lanes like, bint back, Py_ssize_t n, Py_ssize_t P, const real* slopes,
                        const real* z, real* y) noexcept nogil:
    """y = leaky_relu(z) with slopes[n]; back: y times its derivative"""
    cdef Parameters parameters = no_parameters
    cdef Py_ssize_t j
    for j in range(n):
        parameters.first = slopes[j]
        if back:
            through_activation(like, LEAKY_RELU, &parameters, P, z + j * P, z + j * P, y + j * P)
        else:
            sweep(like, LEAKY_RELU, &parameters, P, z + j * P, y + j * P)


cdef void activate_columns(lanes like, int code, const Parameters* parameters, Py_ssize_t n,
                           Py_ssize_t P, const real* z, real* a) noexcept nogil:
    """a = activation(z) for any activation"""
    if code == SOFTMAX or code == LOG_SOFTMAX:
        softmax_columns(like, code == LOG_SOFTMAX, n, P, z, a)
    elif code == PRELU:
        prelu_columns(like, False, n, P, <const real*>parameters.columns, z, a)
    else:
        sweep(like, code, parameters, n * P, z, a)


cdef void back_through_activation(lanes like, int code, const Parameters* parameters, Py_ssize_t n,
                                  Py_ssize_t P, const real* z, const real* a,
                                  real* d) noexcept nogil:
    """d = the derivative by z, where d was that by a = activation(z)"""
    if code == SOFTMAX or code == LOG_SOFTMAX:
        back_through_softmax(like, code == LOG_SOFTMAX, n, P, a, d)
    elif code == PRELU:
        prelu_columns(like, True, n, P, <const real*>parameters.columns, z, d)
    elif code != IDENTITY:
        through_activation(like, code, parameters, n * P, z, a, d)
