# Softmax and its logarithm, row by row.
#
# Bits: a result depends on its row alone. A row is taken in stripes of 64 bytes whatever the
# level is; each of their 16 or 8 lanes has its own sum, and these are added at the end as a tree.
# The last stripe is filled up with -inf.

cdef inline Py_ssize_t stripe_length(const real* like) noexcept nogil:
    return 64 // sizeof(real)


cdef inline real tree(bint largest, real* v) noexcept nogil:
    """sum or maximum of the stripe v"""
    cdef Py_ssize_t i, half = stripe_length(v) // 2
    while half:
        for i in range(half):
            if largest:
                v[i] = v[i] if v[i] > v[i + half] else v[i + half]
            else:
                v[i] = v[i] + v[i + half]
        half = half // 2
    return v[0]


cdef inline const real* stripe(const real* x, Py_ssize_t left, real* buffer) noexcept nogil:
    """the stripe at x, or what is left of it and -inf in the buffer"""
    cdef Py_ssize_t i
    if left >= stripe_length(x):
        return x
    for i in range(stripe_length(x)):
        buffer[i] = x[i] if i < left else <real>-INFINITY
    return <const real*>buffer


cdef inline real largest_of(lanes like, Py_ssize_t n, const real* x) noexcept nogil:
    """the largest element; not NaN unless the last are"""
    cdef real buffer[16]
    cdef lanes best[16]
    cdef lanes v
    cdef Py_ssize_t i, j, L = lane_count(x), S = stripe_length(x)
    cdef const real* part
    for j in range(S // L):
        best[j] = fill(like, -INFINITY)
    i = 0
    while i < n:
        part = stripe(x + i, n - i, buffer)
        for j in range(S // L):
            load(&v, part + j * L)
            best[j] = larger(best[j], v)
        i += S
    for j in range(S // L):
        store(buffer + j * L, best[j])
    return tree(True, buffer)


cdef inline void softmax_row(lanes like, bint logarithm, Py_ssize_t n,
                             const real* x, real* y) noexcept nogil:
    """y[n] = e^(x[n] - m) / s or x[n] - m - log s, m = max x, s = sum e^(x - m); y may be x"""
    cdef real buffer[16]
    cdef lanes rest[16]     # of each lane: sum of e^(x - m) over x < m
    cdef lanes ties[16]     # and over x = m, where e^0 = 1
    cdef lanes v, e, scale, one, distance, part_of_top, low
    cdef Py_ssize_t i, j, L = lane_count(x), S = stripe_length(x)
    cdef const real* part
    cdef double total, log_total = 0
    cdef lanes top = fill(like, largest_of(like, n, x))
    cdef lanes bottom = fill(like, -110 if lanes is f32v else -760)
    for j in range(S // L):
        rest[j] = fill(like, 0)
        ties[j] = fill(like, 0)
    i = 0
    while i < n:
        part = stripe(x + i, n - i, buffer)
        for j in range(S // L):
            load(&v, part + j * L)
            one = pick(top, v, fill(like, 0), fill(like, 1))
            # v - top = distance + low without error (Knuth)
            distance = v - top
            part_of_top = distance - v
            low = (v - (distance - part_of_top)) - (top + part_of_top)
            low = pick(distance, bottom, low, fill(like, 0))
            distance = larger(bottom, distance)
            e = (1 + power(reduced(distance, &scale) + low)) * scale * unshift(like)
            rest[j] = rest[j] + (e - one)
            ties[j] = ties[j] + one
            if not logarithm:
                if part == x + i:
                    store(y + i + j * L, e)
                else:
                    store(buffer + j * L, e)
        if not logarithm and part != x + i:
            memcpy(y + i, buffer, (n - i) * sizeof(real))
        i += S
    for j in range(S // L):
        store(buffer + j * L, rest[j])
    total = tree(False, buffer)
    for j in range(S // L):
        store(buffer + j * L, ties[j])
    if logarithm:
        log_total = log1p(total + (tree(False, buffer) - 1))
    else:
        total = total + tree(False, buffer)
    if total != total:
        for i in range(n):
            y[i] = <real>NAN
        return
    i = 0
    while i < n:
        part = stripe(<const real*>(x if logarithm else y) + i, n - i, buffer)
        for j in range(S // L):
            load(&v, part + j * L)
            v = v - top - fill(like, log_total) if logarithm else v / fill(like, total)
            if part == buffer:
                store(buffer + j * L, v)
            else:
                store(y + i + j * L, v)
        if part == buffer:
            memcpy(y + i, buffer, (n - i) * sizeof(real))
        i += S
