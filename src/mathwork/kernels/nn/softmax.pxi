# Softmax and its logarithm, row by row.
#
# Bits: a result depends on its row alone. At every level a row is taken in stripes of 64 bytes.
# Each of the 16 or 8 lanes of a stripe has its own sum, and the sums are added at the end as a
# tree. -inf fills up the last stripe; it adds nothing. Short rows of a batch take one lane each,
# with the same operations in the same order.

from libc.math cimport log1p

cdef enum:
    STRIPE_BYTES = 64
    MAX_STRIPE = 16             # numbers in a stripe, and registers if each holds one number
    SHORT_ROW = 32              # numbers: a longer row keeps the lanes busy by itself


cdef inline int stripe_registers(const real* like) noexcept nogil:
    return STRIPE_BYTES // <int>sizeof(real) // <int>lane_count(like)


cdef inline real across(const bint largest, lanes* stripe, const real* like) noexcept nogil:
    """Return the largest or the sum of a stripe: halves onto halves, down to one number"""
    cdef real number[MAX_STRIPE]
    cdef int half = stripe_registers(like) // 2, i
    while half:
        for i in range(half):
            stripe[i] = (larger(stripe[i], stripe[i + half]) if largest
                         else stripe[i] + stripe[i + half])
        half = half // 2
    store(number, stripe[0])
    half = <int>lane_count(like) // 2
    while half:
        for i in range(half):
            if largest:
                number[i] = number[i] if number[i] > number[i + half] else number[i + half]
            else:
                number[i] = number[i] + number[i + half]
        half = half // 2
    return number[0]


cdef inline lanes exponential_below(lanes v, lanes top) noexcept nogil:
    """e^(v - top) for v <= top; the difference has no error (Knuth)"""
    cdef lanes scale
    cdef lanes bottom = fill(v, -110 if lanes is f32v else -760)
    cdef lanes distance = v - top
    cdef lanes part_of_top = distance - v
    cdef lanes low = (v - (distance - part_of_top)) - (top + part_of_top)
    low = pick(distance, bottom, low, fill(v, 0))
    # fill(v, 1), not 1: with that, a register of one float would compute in double
    cdef lanes whole = fill(v, 1) + power(reduced(larger(bottom, distance), &scale) + low)
    return whole * scale * unshift(v)


cdef inline void add_stripe(const bint logarithm, lanes top, const real* x, real* y, lanes* sums,
                            lanes* ties) noexcept nogil:
    """sums += e^(x - top), stored in y

    For the logarithm, ties counts the terms with x = top and sums has the others, as their sum
    may be far below 1; y is not touched.
    """
    cdef lanes v, e, one
    cdef Py_ssize_t L = lane_count(x)
    cdef int j
    for j in range(stripe_registers(x)):
        load(&v, x + j * L)
        e = exponential_below(v, top)
        if logarithm:
            one = pick(top, v, fill(top, 0), fill(top, 1))
            ties[j] = ties[j] + one
            e = e - one
        else:
            store(y + j * L, e)
        sums[j] = sums[j] + e


cdef inline void finish_stripe(const bint logarithm, lanes top, lanes total, const real* x,
                               real* y) noexcept nogil:
    """y = x - top - total for the logarithm, else y / total"""
    cdef lanes v
    cdef Py_ssize_t L = lane_count(x)
    cdef int j
    for j in range(stripe_registers(x)):
        if logarithm:
            load(&v, x + j * L)
            store(y + j * L, v - top - total)
        else:
            load(&v, <const real*>(y + j * L))
            store(y + j * L, v / total)


cdef inline void softmax_of(lanes like, const bint logarithm, Py_ssize_t n, const real* x,
                            real* y) noexcept nogil:
    """y[n] = e^(x[n] - m) / s or x[n] - m - log s, m = max x, s = sum e^(x - m); y may be x"""
    cdef real tail[MAX_STRIPE]
    cdef lanes sums[MAX_STRIPE]
    cdef lanes ties[MAX_STRIPE]
    cdef lanes v, top
    cdef real total
    cdef int S = STRIPE_BYTES // <int>sizeof(real), j
    cdef Py_ssize_t whole = n - n % S, L = lane_count(x), i
    for j in range(S):
        tail[j] = <real>-INFINITY
    memcpy(tail, x + whole, (n - whole) * sizeof(real))
    for j in range(S // <int>lane_count(x)):
        load(&sums[j], <const real*>(tail + j * L))
    i = 0
    while i < whole:
        for j in range(S // <int>lane_count(x)):
            load(&v, x + i + j * L)
            sums[j] = larger(sums[j], v)
        i += S
    top = fill(like, across(True, sums, x))
    for j in range(S // <int>lane_count(x)):
        sums[j] = fill(like, 0)
        ties[j] = fill(like, 0)
    i = 0
    while i < whole:
        add_stripe(logarithm, top, x + i, y + i, sums, ties)
        i += S
    if whole < n:
        add_stripe(logarithm, top, <const real*>tail, tail, sums, ties)
    total = across(False, sums, x)
    if logarithm:
        total = <real>log1p(total + (across(False, ties, x) - 1))
    if total != total:          # NaN or infinity in the row: one NaN for all
        for i in range(n):
            y[i] = <real>NAN
        return
    i = 0
    while i < whole:
        finish_stripe(logarithm, top, fill(like, total), x + i, y + i)
        i += S
    if whole < n:
        finish_stripe(logarithm, top, fill(like, total), <const real*>tail, tail)
        memcpy(y + whole, tail, (n - whole) * sizeof(real))


cdef inline void softmax_of_rows(lanes like, const bint logarithm, Py_ssize_t n, Py_ssize_t ld,
                                 real* y) noexcept nogil:
    """softmax_of() for as many short rows as there are lanes, in place; rows are ld apart"""
    cdef real columns[SHORT_ROW * MAX_STRIPE]       # y transposed
    cdef real number[MAX_STRIPE]
    cdef lanes block[MAX_STRIPE]
    cdef lanes sums[MAX_STRIPE]
    cdef lanes ties[MAX_STRIPE]
    cdef lanes v, e, top, total, one, nothing = fill(like, NAN)
    cdef int S = STRIPE_BYTES // <int>sizeof(real), half, k
    cdef Py_ssize_t L = lane_count(y), i, j = 0, at
    if n < L:
        for i in range(L):
            for j in range(n):
                columns[j * L + i] = y[i * ld + j]
    else:
        while j < n:
            at = min(j, n - L)      # the last block overlaps the previous one
            load_columns(block, <const real*>(y + at), ld)
            for k in range(L):
                store(columns + (at + k) * L, block[k])
            j += L
    top = fill(like, -INFINITY)
    for j in range(n):
        load(&v, <const real*>(columns + j * L))
        top = larger(top, v)
    for k in range(S):
        sums[k] = fill(like, 0)
        ties[k] = fill(like, 0)
    for j in range(n):
        load(&v, <const real*>(columns + j * L))
        e = exponential_below(v, top)
        if logarithm:
            one = pick(top, v, fill(top, 0), fill(top, 1))
            ties[j % S] = ties[j % S] + one
            e = e - one
        else:
            store(columns + j * L, e)
        sums[j % S] = sums[j % S] + e
    half = S // 2
    while half:
        for k in range(half):
            sums[k] = sums[k] + sums[k + half]
            ties[k] = ties[k] + ties[k + half]
        half = half // 2
    total = sums[0]
    if logarithm:
        store(number, total + (ties[0] - 1))
        for k in range(L):
            number[k] = <real>log1p(number[k])
        load(&total, <const real*>number)
    for j in range(n):
        load(&v, <const real*>(columns + j * L))
        v = v - top - total if logarithm else v / total
        # NaN or infinity in the row: one NaN for all
        store(columns + j * L, pick(fill(like, INFINITY), total, v, nothing))
    if n < L:
        for i in range(L):
            for j in range(n):
                y[i * ld + j] = columns[j * L + i]
        return
    j = 0
    while j < n:
        at = min(j, n - L)
        load_columns(block, <const real*>(columns + at * L), L)
        for k in range(L):
            store(y + k * ld + at, block[k])
        j += L


cdef void softmax_rows(lanes like, bint logarithm, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t ld,
                       real* y) noexcept nogil:
    """softmax_of() for rows that are ld apart, in place"""
    cdef Py_ssize_t L = lane_count(y), m = 0
    if L > 1 and n <= SHORT_ROW:
        while m + L <= rows:
            if logarithm:
                softmax_of_rows(like, True, n, ld, y + m * ld)
            else:
                softmax_of_rows(like, False, n, ld, y + m * ld)
            m += L
    while m < rows:
        if logarithm:
            softmax_of(like, True, n, <const real*>(y + m * ld), y + m * ld)
        else:
            softmax_of(like, False, n, <const real*>(y + m * ld), y + m * ld)
        m += 1


cdef inline void activate_rows(lanes like, int code, const Parameters* parameters, Py_ssize_t rows,
                               Py_ssize_t n, Py_ssize_t ld, real* y) noexcept nogil:
    """y[m, :n] = activation(y[m, :n]) for any activation; rows are ld apart

    The memory between the rows may change.
    """
    if code == SOFTMAX or code == LOG_SOFTMAX:
        softmax_rows(like, code == LOG_SOFTMAX, rows, n, ld, y)
    elif code == PRELU:
        prelu_rows(like, <const real*>parameters.columns, rows, n, ld, y)
    else:
        activate_any(like, code, parameters, rows * ld, <const real*>y, y)
