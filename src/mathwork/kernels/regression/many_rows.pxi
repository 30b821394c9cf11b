# Groups of many rows of weight 1.
#
# Such a group gets a Many: its rows wait until there are eight, and each of them goes to sums of
# its own. So the sums of a group depend on its own rows only, and take a division for eight rows.
# Where there is no memory for a Many its rows go on one by one.
#
#   [0]        how many eights are summed      [1]        how many rows wait
#   [8...]     the rows that wait, (q, 8)      behind it  their sums, (q + squares, 8)

from libc.stdlib cimport calloc

cdef enum:
    MANY_ROWS = 64          # of a group that gets a Many

# The numbers of a group: its base, what is to be added to that, its sums, its Many, and what fills
# a cache line.

cdef inline Py_ssize_t group_stride(Py_ssize_t q) noexcept nogil:
    return (2 * q + plane_sums(q) + 1 + 7) // 8 * 8


cdef inline double** many_of(Py_ssize_t q, double* group) noexcept nogil:
    """Where a group has its Many, or NULL"""
    return <double**>(group + 2 * q + plane_sums(q))


cdef inline double* new_many(Py_ssize_t q) noexcept nogil:
    return <double*>calloc(GROUP * (1 + q + weight_place(q)), sizeof(double))


cdef inline void sum_eight(const Py_ssize_t q, const bint centred, double* many) noexcept nogil:
    """Add the eight rows that wait, as add_row() does"""
    cdef f64v off[MOST_Q]
    cdef f64v share = fill_f64(0), mean, step, rest, total
    cdef Py_ssize_t part = 0, i, j
    cdef double* to
    many[0] += 1
    many[1] = 0
    if centred:
        share = fill_f64(1 / many[0])
    while part < GROUP:
        to = many + GROUP * (1 + 2 * q) + part
        for j in range(q):
            load(&mean, <const double*>many + GROUP * (1 + q + j) + part)
            load(&off[j], <const double*>many + GROUP * (1 + j) + part)
            off[j] = off[j] - mean
            step = share * off[j]
            store(many + GROUP * (1 + q + j) + part, mean + step)
            rest = off[j] - step
            for i in range(j + 1):
                load(&total, <const double*>to)
                store(to, total + rest * off[i])
                to += GROUP
        part += F64_LANES


cdef inline void add_to_many(const Py_ssize_t q, const bint centred, const PlaneRows* rows,
                             Py_ssize_t row, double* group, double* many) noexcept nogil:
    """Add a row to the rows of a group that wait"""
    cdef Py_ssize_t waiting = <Py_ssize_t>many[1]
    read_row(q, rows, row, group, group + q, many + GROUP + waiting, GROUP, 1)
    many[1] = waiting + 1
    if waiting + 1 == GROUP:
        sum_eight(q, centred, many)


cdef void fold_many(Py_ssize_t q, bint centred, double* group) noexcept nogil:
    """Put all that a Many has into the sums of its group"""
    cdef double* many = many_of(q, group)[0]
    cdef double* sums = group + 2 * q
    cdef double* at = many + GROUP
    cdef f64 nothing[MOST_Q]
    cdef f64 row[MOST_Q]
    cdef f64 other[MOST_SUMS]
    cdef f64 left[MOST_SUMS]
    cdef Py_ssize_t i, m
    if many == NULL:
        return
    for i in range(q):
        nothing[i] = 0
    for i in range(GROUP if many[0] > 0 else 0):
        for m in range(plane_sums(q)):
            left[m] = sums[m]
            other[m] = at[GROUP * (q + m) + i] if m < weight_place(q) else many[0]
        merge_planes(<f64>0, q, centred, left, other, nothing, nothing, nothing, row, <f64*>sums)
    for i in range(<Py_ssize_t>many[1]):
        for m in range(q):
            row[m] = at[GROUP * m + i]
        add_row(<f64>0, q, centred, <f64>1, row, <f64*>sums)
    free(many)
    many_of(q, group)[0] = NULL
