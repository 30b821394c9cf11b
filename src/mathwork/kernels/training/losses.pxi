# The loss of each row of a piece, and its derivative. Rows are in the lanes; outputs are n x P.
#
# The derivative of a cross entropy is taken by z, the numbers before the last activation, where it
# is simple and exact: p - y. Others are taken by the outputs.

from libc.math cimport log

cdef enum:
    SQUARED_ERROR
    HUBER
    SOFTMAX_ENTROPY     # -sum y log softmax(z)
    SIGMOID_ENTROPY     # -sum y log sigmoid(z) + (1 - y) log(1 - sigmoid(z))

loss_codes = {"squared_error": SQUARED_ERROR, "huber": HUBER, "softmax_entropy": SOFTMAX_ENTROPY,
              "sigmoid_entropy": SIGMOID_ENTROPY}


cdef inline bint is_entropy(int loss) noexcept nogil:
    return loss == SOFTMAX_ENTROPY or loss == SIGMOID_ENTROPY


cdef void squared_error(lanes like, Py_ssize_t n, Py_ssize_t P, const real* a, const real* y,
                        const real* scale, real* row_loss, real* d) noexcept nogil:
    """row_loss = sum (a - y)^2, d = 2 (a - y) scale"""
    cdef lanes u, v, s, total
    cdef Py_ssize_t L = lane_count(d), i, j
    for i in range(P // L):
        total = fill(like, 0)
        load(&s, scale + i * L)
        s = s + s
        for j in range(n):
            load(&u, a + j * P + i * L)
            load(&v, y + j * P + i * L)
            u = u - v
            total = mul_add(u, u, total)
            store(d + j * P + i * L, u * s)
        store(row_loss + i * L, total)


cdef void huber(lanes like, double delta, Py_ssize_t n, Py_ssize_t P, const real* a, const real* y,
                const real* scale, real* row_loss, real* d) noexcept nogil:
    """row_loss = sum of e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2), e = a - y"""
    cdef lanes e, v, s, total, inside, most = fill(like, delta), half = fill(like, 0.5)
    cdef Py_ssize_t L = lane_count(d), i, j
    for i in range(P // L):
        total = fill(like, 0)
        load(&s, scale + i * L)
        for j in range(n):
            load(&e, a + j * P + i * L)
            load(&v, y + j * P + i * L)
            e = e - v
            inside = clipped(e, -most, most)
            # inside (e - inside / 2) is both cases
            total = mul_add(inside, minus_mul(half, inside, e), total)
            store(d + j * P + i * L, inside * s)
        store(row_loss + i * L, total)


cdef void softmax_entropy(lanes like, Py_ssize_t n, Py_ssize_t P, const real* z, const real* y,
                          const real* scale, real* row_loss, real* d) noexcept nogil:
    """row_loss = sum y (log sum e^z - z), d = (softmax(z) sum y - y) scale"""
    cdef lanes u, v, s, top, total, answers, loss
    cdef real number[MAX_LANES]
    cdef Py_ssize_t L = lane_count(d), i, j, k
    for i in range(P // L):
        softmax_lanes(like, n, P, z + i * L, &top, &total)
        load(&s, scale + i * L)
        answers = fill(like, 0)
        loss = fill(like, 0)
        for j in range(n):
            load(&v, y + j * P + i * L)
            load(&u, z + j * P + i * L)
            answers = answers + v
            # where y is 0 nothing is added, even if z is -inf
            loss = pick(absolute(v), fill(like, 0), mul_add(v, top - u, loss), loss)
        store(number, total)
        for k in range(L):
            number[k] = <real>log(number[k])
        load(&u, <const real*>number)
        store(row_loss + i * L, mul_add(answers, u, loss))
        answers = answers / total
        for j in range(n):
            load(&v, y + j * P + i * L)
            load(&u, z + j * P + i * L)
            u = exponential_below(u, top)
            store(d + j * P + i * L, mul_add(u, answers, -v) * s)


cdef void sigmoid_entropy(lanes like, Py_ssize_t n, Py_ssize_t P, const real* z, const real* y,
                          const real* scale, real* row_loss, real* d) noexcept nogil:
    """row_loss = sum of log(1 + e^-|z|) + (1 - y) z where z > 0, else - y z

    d = (sigmoid(z) - y) scale. For y = 0 and 1 no term cancels another.
    """
    cdef lanes u, v, t, s, total, zero = fill(like, 0)
    cdef Py_ssize_t L = lane_count(d), i, j
    for i in range(n * P // L):
        load(&u, z + i * L)
        store(d + i * L, minus_absolute(u))
    sweep(like, SOFTPLUS, &no_parameters, n * P, <const real*>d, d)
    for i in range(P // L):
        total = zero
        load(&s, scale + i * L)
        for j in range(n):
            load(&u, z + j * P + i * L)
            load(&v, y + j * P + i * L)
            load(&t, <const real*>(d + j * P + i * L))
            total = total + mul_add(pick(u, zero, fill(like, 1) - v, -v), u, t)
            store(d + j * P + i * L, (logistic(u) - v) * s)
        store(row_loss + i * L, total)


cdef double piece_loss(lanes like, int loss, double delta, Py_ssize_t n, Py_ssize_t P,
                       const real* z, const real* a, const real* y, const real* scale,
                       real* row_loss, real* d) noexcept nogil:
    """Return sum scale[p] loss[p]; set d, the derivative by a, or of an entropy by z"""
    cdef double sums[4]
    cdef Py_ssize_t i
    if loss == SQUARED_ERROR:
        squared_error(like, n, P, a, y, scale, row_loss, d)
    elif loss == HUBER:
        huber(like, delta, n, P, a, y, scale, row_loss, d)
    elif loss == SOFTMAX_ENTROPY:
        softmax_entropy(like, n, P, z, y, scale, row_loss, d)
    else:
        sigmoid_entropy(like, n, P, z, y, scale, row_loss, d)
    sums[0] = sums[1] = sums[2] = sums[3] = 0
    for i in range(P):          # rows of weight 0 count nothing, whatever their loss is
        if scale[i] != 0:
            sums[i % 4] += <double>scale[i] * <double>row_loss[i]
    return (sums[0] + sums[1]) + (sums[2] + sums[3])
