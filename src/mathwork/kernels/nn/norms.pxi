# Rows of one size to rows of that size: normalisation, and the sum that ends a residual.
#
# Bits: as in softmax.pxi, a row is taken in stripes of 64 bytes, and each lane of a stripe has its
# own sum. Each part of 16 stripes starts from zero, and the parts are added in order: a chain of
# thousands would lose bits. The lanes are added at the end as a tree. Zeros fill up the last
# stripe; they add nothing. docs/bits.md has the order of all steps.

cdef enum:
    PART_STRIPES = 16       # a power of two


cdef inline void end_part(lanes* sums, lanes* totals, const real* like) noexcept nogil:
    """totals += sums, and the sums start again"""
    cdef int j
    for j in range(stripe_registers(like)):
        totals[j] = totals[j] + sums[j]
        sums[j] = fill(sums[j], 0)


cdef inline real shifted(lanes like, const bint squares, Py_ssize_t n, real factor, real shift,
                         const real* x, real* y, real* tail, const real* kept) noexcept nogil:
    """y[n] = factor x[n] - shift; return the sum of y, or of y^2

    The numbers of the last stripe, if it is not full, are in `tail` instead of x and y. `kept` is 1
    for them and 0 behind them.
    """
    cdef lanes sums[MAX_STRIPE]
    cdef lanes totals[MAX_STRIPE]
    cdef lanes v, k, f = fill(like, factor), s = fill(like, shift)
    cdef int S = STRIPE_BYTES // <int>sizeof(real), j
    cdef Py_ssize_t whole = n - n % S, L = lane_count(x), i = 0
    for j in range(stripe_registers(x)):
        sums[j] = totals[j] = fill(like, 0)
    while i < whole:
        if i % (PART_STRIPES * S) == 0:
            end_part(sums, totals, x)
        for j in range(stripe_registers(x)):
            load(&v, x + i + j * L)
            v = f * v - s
            store(y + i + j * L, v)
            sums[j] = mul_add(v, v, sums[j]) if squares else sums[j] + v
        i += S
    if whole < n:
        if i % (PART_STRIPES * S) == 0:
            end_part(sums, totals, x)
        for j in range(stripe_registers(x)):
            load(&v, <const real*>(tail + j * L))
            load(&k, kept + j * L)
            v = (f * v - s) * k
            store(tail + j * L, v)
            sums[j] = mul_add(v, v, sums[j]) if squares else sums[j] + v
    end_part(sums, totals, x)
    return across(False, totals, x)


cdef inline real centred(lanes like, const bint centre, Py_ssize_t n, real unit, const real* x,
                         real* y, real* tail, const real* kept) noexcept nogil:
    """y[n] = unit x[n], less its mean if `centre`; return the mean of y^2

    The first mean is rounded. The second is what the first was wrong by.
    """
    cdef Py_ssize_t whole = n - n % (STRIPE_BYTES // <Py_ssize_t>sizeof(real))
    cdef real mean, count = <real>n
    memset(tail, 0, STRIPE_BYTES)
    memcpy(tail, x + whole, (n - whole) * sizeof(real))
    if not centre:
        return shifted(like, True, n, unit, 0, x, y, tail, kept) / count
    mean = shifted(like, False, n, unit, 0, x, y, tail, kept) / count
    mean = shifted(like, False, n, 1, mean, <const real*>y, y, tail, kept) / count
    return shifted(like, True, n, 1, mean, <const real*>y, y, tail, kept) / count


cdef inline void norm_of(lanes like, const bint centre, Py_ssize_t n, double eps, const real* x,
                         const real* weight, const real* bias, real* y, Py_ssize_t ldy
                         ) noexcept nogil:
    """y[n] = (x[n] - m) weight[n] / sqrt(s + eps) + bias[n]; s = mean of (x - m)^2

    m is the mean of x if `centre`, else 0. weight and bias have whole stripes. y[n:ldy] may change.
    A row whose squares would overflow or vanish is multiplied by a power of two first.
    """
    cdef real tail[MAX_STRIPE]
    cdef real kept[MAX_STRIPE]
    cdef int S = STRIPE_BYTES // <int>sizeof(real), j
    cdef Py_ssize_t whole = n - n % S, L = lane_count(x), i = 0
    cdef bint narrow = real is float
    cdef double unit = 1
    cdef real square
    cdef lanes v, w, b, slope
    for j in range(S):
        kept[j] = 1 if j < n - whole else 0
    square = centred(like, centre, n, 1, x, y, tail, kept)
    if not square <= (3.4028234663852886e+38 if narrow else 1.7976931348623157e+308):
        unit = 8.271806125530277e-25 if narrow else 2.409919865102884e-181     # 2^-80, 2^-600
        square = centred(like, centre, n, <real>unit, x, y, tail, kept)
    elif square + eps < (8.077935669463161e-28 if narrow else 1.1830521861667747e-271):
        # 2^-90, 2^-900: from here on squares lose bits to underflow
        unit = 1.8446744073709552e+19 if narrow else 3.273390607896142e+150     # 2^64, 2^500
        square = shifted(like, True, n, <real>unit, 0, <const real*>y, y, tail, kept) / <real>n
    slope = 1 / root(fill(like, square + <real>(eps * unit * unit)))
    while i < whole:
        for j in range(stripe_registers(x)):
            load(&v, <const real*>(y + i + j * L))
            load(&w, weight + i + j * L)
            load(&b, bias + i + j * L)
            store(y + i + j * L, mul_add(v * slope, w, b))
        i += S
    if whole < n:
        for j in range(stripe_registers(x)):
            load(&v, <const real*>(tail + j * L))
            load(&w, weight + i + j * L)
            load(&b, bias + i + j * L)
            store(tail + j * L, mul_add(v * slope, w, b))
        memcpy(y + whole, tail, min(<Py_ssize_t>S, ldy - whole) * sizeof(real))


cdef void norm_rows(lanes like, bint centre, Py_ssize_t rows, Py_ssize_t n, double eps,
                    const real* x, Py_ssize_t ldx, const real* weight, const real* bias, real* y,
                    Py_ssize_t ldy) noexcept nogil:
    """norm_of() for rows; y shares no memory with x"""
    cdef Py_ssize_t m
    for m in range(rows):
        if centre:
            norm_of(like, True, n, eps, x + m * ldx, weight, bias, y + m * ldy, ldy)
        else:
            norm_of(like, False, n, eps, x + m * ldx, weight, bias, y + m * ldy, ldy)


cdef void sum_rows(lanes like, Py_ssize_t rows, Py_ssize_t n, const real* x, Py_ssize_t ldx,
                   const real* held, Py_ssize_t ldheld, real* y, Py_ssize_t ldy) noexcept nogil:
    """y[m, n] = x[m, n] + held[m, n]; y[m, n:ldy] may change"""
    cdef real tail[2][MAX_LANES]
    cdef Py_ssize_t L = lane_count(y), whole = n - n % L, m, i
    cdef lanes v, u
    memset(tail, 0, sizeof(tail))
    for m in range(rows):
        for i in range(whole // L):
            load(&v, x + i * L)
            load(&u, held + i * L)
            store(y + i * L, v + u)
        if whole < n:
            memcpy(tail[0], x + whole, (n - whole) * sizeof(real))
            memcpy(tail[1], held + whole, (n - whole) * sizeof(real))
            load(&v, <const real*>&tail[0][0])
            load(&u, <const real*>&tail[1][0])
            store(&tail[0][0], v + u)
            memcpy(y + whole, tail[0], min(L, ldy - whole) * sizeof(real))
        x += ldx
        held += ldheld
        y += ldy
