# Groups of many rows of weight 1.
#
# Such a group gets a Many: its rows wait there as they are, WAITING of them at most. Then they are
# summed eight at a time, each of the eight to sums of its own. So the sums of a group depend on its
# own rows only, they stay in registers, and eight rows take one division.
#
#   sums            of each of the eight: (q + squares, 8)
#   eights          how many eights are summed, and what fills a cache line
#   rows            that wait: (WAITING, q)
#
# A row waits as it is given. Where numbers have low parts it is counted from the base of its group.

from libc.stdlib cimport calloc

cdef enum:
    MANY_ROWS = 64          # of a group that gets a Many
    EIGHTS = 4              # that are summed at once
    WAITING = 32            # rows of these

cdef struct Waiting:        # the rows of a group that wait
    double* at              # where the next goes; NULL: its group has no Many
    double* end


# The numbers of a group: its base, what is to be added to that, its sums, and what fills a cache
# line.

cdef inline Py_ssize_t group_stride(Py_ssize_t q) noexcept nogil:
    return (2 * q + plane_sums(q) + 7) // 8 * 8


cdef inline Py_ssize_t eight_sums(Py_ssize_t q) noexcept nogil:
    """How many numbers the sums of the eight are"""
    return GROUP * weight_place(q)


cdef inline int begin_many(Py_ssize_t q, Waiting* waiting) noexcept nogil:
    """Let the next rows of a group wait; -1 if memory ran out"""
    cdef double* many = <double*>calloc(eight_sums(q) + GROUP + WAITING * q, sizeof(double))
    if many == NULL:
        return -1
    waiting.at = many + eight_sums(q) + GROUP
    waiting.end = waiting.at + WAITING * q
    return 0


cdef inline double* first_waiting(Py_ssize_t q, const Waiting* waiting) noexcept nogil:
    return waiting.end - WAITING * q


cdef inline void wait_here(const Py_ssize_t q, const bint plain, const PlaneRows* rows,
                           Py_ssize_t row, const double* base, double* to) noexcept nogil:
    """Let a row wait; plain: no number has a low part"""
    cdef Py_ssize_t k = q - 1
    if plain:
        memcpy(to, rows.X + row * k, k * sizeof(double))
        to[k] = rows.y[row]
    else:
        read_row(q, rows, row, base, base + q, to, 1, 1)


cdef inline void sum_waiting(const Py_ssize_t q, const bint centred, const bint plain,
                             const Waiting* waiting, const double* base,
                             Py_ssize_t eights) noexcept nogil:
    """Add the rows that wait, so many eights, as add_row() does"""
    cdef double[MOST_Q * WAITING] columns
    cdef double[EIGHTS] shares
    cdef double* rows = first_waiting(q, waiting)
    cdef double* count = rows - GROUP
    cdef double* sums = count - eight_sums(q)
    cdef f64v mean[MOST_Q]
    cdef f64v squares[MOST_SQUARES]
    cdef f64v off[MOST_Q]
    cdef f64v unit = fill_f64(scales_of(FIT_DONE).x), share = fill_f64(0), step, rest
    cdef Py_ssize_t part = 0, i, j, at, m
    for i in range(GROUP * eights):
        for j in range(q):
            columns[j * WAITING + i] = rows[i * q + j]
    for m in range(eights):
        count[0] += 1
        shares[m] = 1 / count[0]
    while part < GROUP:
        for j in range(q):
            load(&mean[j], <const double*>sums + GROUP * j + part)
        for at in range(weight_place(q) - q):
            load(&squares[at], <const double*>sums + GROUP * (q + at) + part)
        for m in range(eights):
            if centred:
                share = fill_f64(shares[m])
            at = 0
            for j in range(q):
                load(&off[j], <const double*>columns + j * WAITING + m * GROUP + part)
                if plain:
                    off[j] = off[j] * unit - fill_f64(base[j])
                off[j] = off[j] - mean[j]
                step = share * off[j]
                mean[j] = mean[j] + step
                rest = off[j] - step
                for i in range(j + 1):
                    squares[at] = squares[at] + rest * off[i]
                    at += 1
        for j in range(q):
            store(sums + GROUP * j + part, mean[j])
        for at in range(weight_place(q) - q):
            store(sums + GROUP * (q + at) + part, squares[at])
        part += F64_LANES


cdef inline void add_to_many(const Py_ssize_t q, const bint centred, const bint plain,
                             const PlaneRows* rows, Py_ssize_t row, Waiting* waiting,
                             const double* base) noexcept nogil:
    """Let a row of a group wait, and sum those that wait if that are enough"""
    wait_here(q, plain, rows, row, base, waiting.at)
    waiting.at += q
    if waiting.at == waiting.end:
        sum_waiting(q, centred, plain, waiting, base, EIGHTS)
        waiting.at = first_waiting(q, waiting)


cdef void fold_many(Py_ssize_t q, bint centred, bint plain, Waiting* waiting,
                    double* group) noexcept nogil:
    """Put all that a Many has into the sums of its group"""
    cdef double* sums = group + 2 * q
    cdef double* rows = first_waiting(q, waiting)
    cdef double* many = rows - GROUP - eight_sums(q)
    cdef double unit = scales_of(FIT_DONE).x
    cdef f64 nothing[MOST_Q]
    cdef f64 row[MOST_Q]
    cdef f64 other[MOST_SUMS]
    cdef f64 left[MOST_SUMS]
    cdef Py_ssize_t count = (waiting.at - rows) // q, i, m
    sum_waiting(q, centred, plain, waiting, group, count // GROUP)
    for i in range(q):
        nothing[i] = 0
    for i in range(GROUP if rows[-GROUP] > 0 else 0):
        for m in range(plane_sums(q)):
            left[m] = sums[m]
            other[m] = many[GROUP * m + i] if m < weight_place(q) else rows[-GROUP]
        merge_planes(<f64>0, q, centred, left, other, nothing, nothing, nothing, row, <f64*>sums)
    for i in range(count // GROUP * GROUP, count):
        for m in range(q):
            row[m] = rows[i * q + m]
            if plain:
                row[m] = row[m] * unit - group[m]
        add_row(<f64>0, q, centred, <f64>1, row, <f64*>sums)
    free(many)
    waiting.at = NULL
