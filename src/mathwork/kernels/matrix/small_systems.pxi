# Many small regular systems, one a lane: x, inverses and determinants, without [A | B] in memory.
#
# The operations are those of `stacks` on [A | B], in the same order, so the bits are those of rref.
# Zeros and ones of the identity are known, and left out: an inverse is made in the place of A. Only
# what is clear is finished here: A has full rank, no call was close, and x is finite. The rest goes
# to answer_few(), slice by slice.

cdef enum:
    CELLS = LANE_ROWS * LANE_COLUMNS
    SLACK = 4               # numbers that load_some_columns() may read past the last one
    AHEAD = 2048            # bytes between the numbers in use and those that are fetched
    GROUPS = 8              # groups that are answered before their doubtful slices


cdef inline void load_sides(lanes like, const Py_ssize_t n, const real* B,
                            lanes* V) noexcept nogil:
    """V[i, n][k] = B[k, i]: one right-hand side for each of L systems"""
    cdef lanes side[LANE_ROWS + MAX_LANES]
    cdef Py_ssize_t L = lane_count(B), i = 0
    while i < n:
        load_some_columns(side + i, B + i, n, min(L, n - i))
        i += L
    for i in range(n):
        V[i * LANE_COLUMNS + n] = side[i]


cdef inline void invert_column(lanes like, const Py_ssize_t n, const Py_ssize_t c, lanes* V,
                               lanes tol, lanes* scale, lanes* swapped,
                               lanes* failed) noexcept nogil:
    """reduce_column() of [A | I], with the column of I that belongs to row c in the place of A's

    scale[i] is the entry of I in row i; swapped[c] becomes the row that changed places with c.
    """
    cdef lanes half = fill(like, 0.5), zero = fill(like, 0)
    cdef lanes pivot, entry, row, old
    cdef lanes factor[LANE_ROWS]
    cdef lanes away[LANE_ROWS]          # 0 in a lane that had its pivot in this row
    cdef lanes size[LANE_ROWS]
    cdef lanes most[LANE_ROWS]
    cdef lanes at = find_pivot(like, n, c, <const lanes*>V, tol, size, most, <lanes*>NULL, failed)
    cdef Py_ssize_t i, j
    swapped[c] = at
    for i in range(c):
        factor[i] = V[i * LANE_COLUMNS + c]
    old = scale[c]
    for i in range(c + 1, n):
        away[i] = absolute(at - fill(like, i))
        factor[i] = pick(half, away[i], V[c * LANE_COLUMNS + c], V[i * LANE_COLUMNS + c])
        scale[c] = pick(half, away[i], scale[i], scale[c])
        scale[i] = pick(half, away[i], old, scale[i])
    pivot = in_pivot_row(like, n, c, <const lanes*>V + c, size, most, away)
    for j in range(n):
        if j == c:
            row = scale[c] / pivot
            for i in range(n):
                if i != c:
                    V[i * LANE_COLUMNS + j] = minus_mul(factor[i], row, zero)
        else:
            old = V[c * LANE_COLUMNS + j]
            row = in_pivot_row(like, n, c, <const lanes*>V + j, size, most, away)
            row = row / pivot
            for i in range(c):
                V[i * LANE_COLUMNS + j] = minus_mul(factor[i], row, V[i * LANE_COLUMNS + j])
            for i in range(c + 1, n):
                entry = pick(half, away[i], old, V[i * LANE_COLUMNS + j])
                V[i * LANE_COLUMNS + j] = minus_mul(factor[i], row, entry)
        V[c * LANE_COLUMNS + j] = row


cdef inline void unswap_columns(lanes like, const Py_ssize_t n, const Py_ssize_t rows,
                                const lanes* swapped, lanes* V) noexcept nogil:
    """Bring the columns of an inverse into their order: the swaps of rows, from the last on"""
    cdef lanes half = fill(like, 0.5), old, away
    cdef Py_ssize_t c, i, j
    for c in range(n - 2, -1, -1):
        for j in range(rows):
            old = V[j * LANE_COLUMNS + c]
            for i in range(c + 1, n):
                away = absolute(swapped[c] - fill(like, i))
                V[j * LANE_COLUMNS + c] = pick(half, away, V[j * LANE_COLUMNS + i],
                                               V[j * LANE_COLUMNS + c])
                V[j * LANE_COLUMNS + i] = pick(half, away, old, V[j * LANE_COLUMNS + i])


cdef inline void store_4x4(lanes like, const lanes* swapped, const lanes* cells,
                           real* X) noexcept nogil:
    """X[k, j] = cells[j][k], with the columns of the inverses in their order; -0.0 becomes 0.0

    The swaps are made once, in a row of places. Rows then change their order while they are stored.
    """
    cdef lanes order[4]
    cdef lanes block[MAX_LANES]
    cdef real places[4 * MAX_LANES]
    cdef const real* numbers = <const real*>cells
    cdef Py_ssize_t L = lane_count(X), c, i, j = 0, k
    for c in range(4):
        order[c] = quad_place(like, c)
    unswap_columns(like, 4, 1, swapped, order)
    store_cells(like, 4, <const lanes*>order, places)
    if (MOVES_QUADS_F32 if lanes is f32v else MOVES_QUADS_F64):
        while j < 16:
            load_some_columns(block, numbers + j * L, L, L)
            for k in range(L):
                block[k] = reorder(block[k], <const real*>places + 4 * k)
                store(X + 16 * k + j, block[k] + fill(like, 0))
            j += L
    else:
        for k in range(L):
            for c in range(4):
                j = <Py_ssize_t>places[4 * k + c]
                for i in range(4):
                    X[16 * k + 4 * i + c] = numbers[(4 * i + j) * L + k] + 0


cdef inline void invert_group(lanes like, const Py_ssize_t n, lanes* V, lanes tol, lanes* scale,
                              lanes* swapped, lanes* failed) noexcept nogil:
    """V = the inverse, its columns as the rows were swapped; up to four, each column is a constant
    in invert_column()
    """
    cdef Py_ssize_t c
    if n > 4:
        for c in range(n):
            invert_column(like, n, c, V, tol, scale, swapped, failed)
    else:
        invert_column(like, n, 0, V, tol, scale, swapped, failed)
        if n > 1:
            invert_column(like, n, 1, V, tol, scale, swapped, failed)
        if n > 2:
            invert_column(like, n, 2, V, tol, scale, swapped, failed)
        if n > 3:
            invert_column(like, n, 3, V, tol, scale, swapped, failed)


cdef inline void multiply_pivots(lanes like, const Py_ssize_t n, const lanes* pivots,
                                 const lanes* undo, lanes parity, real* result) noexcept nogil:
    """result[k] = the determinant in lane k, with the bits of product_of_diagonal()

    The pivots are multiplied in float64, in order. Powers of two change no digit, whatever the
    order: no part of the product leaves the range, and four powers do not.
    """
    cdef real numbers[LANE_ROWS * MAX_LANES]
    cdef real back[MAX_LANES]
    cdef real more[MAX_LANES]
    cdef lanes product = parity, powers = fill(like, 1), others = powers
    cdef double number
    cdef Py_ssize_t L = lane_count(result), i, k
    for i in range(min(n, 4)):
        powers = powers * undo[i]
    for i in range(4, n):
        others = others * undo[i]
    if lanes is f64v or n <= 2:     # the float64 product of two float32 is exact
        for i in range(n):
            product = product * pivots[i]
        store(result, product * powers * others)
    else:
        store(back, parity * powers)
        store(more, others)
        for i in range(n):
            store(numbers + i * L, pivots[i])
        for k in range(L):
            number = <double>back[k] * <double>more[k]
            for i in range(n):
                number = number * <double>numbers[i * L + k]
            result[k] = <real>number


# ---- groups ----

cdef inline const real* readable(Py_ssize_t cells, Py_ssize_t left, const real* source,
                                 real* edge) noexcept nogil:
    """Return the numbers of L slices, which have `left` slices behind them, with some to read on"""
    if left * cells >= SLACK:
        return source
    memcpy(edge, source, lane_count(source) * cells * sizeof(real))
    return <const real*>edge


cdef inline void load_square(lanes like, const Py_ssize_t n, const real* A,
                             lanes* V) noexcept nogil:
    """load_group() of n x n matrices; small ones as one row of all their cells"""
    cdef lanes cell[CELLS + MAX_LANES]
    cdef Py_ssize_t L = lane_count(A), i, j = 0
    if n > 4:
        load_group(like, n, n, A, V)
        return
    while j < n * n:
        load_some_columns(cell + j, A + j, n * n, min(L, n * n - j))
        j += L
    for i in range(n):
        for j in range(n):
            V[i * LANE_COLUMNS + j] = cell[i * n + j]


cdef inline lanes clear_bound(lanes like, const int wanted, Py_ssize_t n,
                              const Policy* policy) noexcept nogil:
    """tol, so that a pivot above tol (1 + sum |R[:r, c]|) is no close call, whatever the norm is

    The norm of n scaled entries is below 2 n. The pivots of a determinant stay far above underflow.
    """
    cdef double tol = policy.tol if policy.tol >= 0 else policy.unit * sqrt(<double>(2 * n))
    cdef double least = 2.0 ** -60 if lanes is f64v else 2.0 ** -30
    cdef lanes bound = fill(like, CLOSE_ACCEPTED * tol)
    return larger(bound, fill(like, least) if wanted == DETERMINANT else smallest_safe(like))


cdef inline void reduce_lanes(lanes like, const Py_ssize_t n, const Py_ssize_t width, lanes* V,
                              lanes tol, lanes* pivots, lanes* failed,
                              lanes* parity) noexcept nogil:
    """reduce_group() of the n columns of A; above four, four sizes share one loop"""
    cdef lanes* none = NULL
    cdef Py_ssize_t c
    if n > 4:
        for c in range(n):
            reduce_column(like, n, c, width, V, tol, none, none, pivots, none, failed, parity)
    else:
        reduce_group(like, n, width, n, V, tol, none, none, pivots, none, failed, parity)


cdef inline lanes answer_group(lanes like, const int wanted, const Py_ssize_t n, bint by_default,
                               lanes tol, const real* A, const real* B, real* X) noexcept nogil:
    """X = the answers of L slices of A (n, n) and B (n,); return 0 where they are right and clear

    It reads on past A and B by up to SLACK numbers.
    """
    cdef lanes V[CELLS + MAX_LANES]
    cdef lanes pivots[LANE_ROWS]
    cdef lanes undo[LANE_ROWS]
    cdef lanes scale[LANE_ROWS]
    cdef lanes swapped[LANE_ROWS]
    cdef lanes answer[CELLS + MAX_LANES]
    cdef lanes failed, reach, most = largest_safe(like), parity = fill(like, 1)
    cdef Py_ssize_t width = n + 1 if wanted == SOLUTION else n, i, j
    V[0] = pivots[0] = like     # GCC warns of an n of 0
    load_square(like, n, A, V)
    if wanted == SOLUTION:
        load_sides(like, n, B, V)
    elif wanted == DETERMINANT:     # so no part of the product leaves the range
        most = fill(like, 2.0 ** 120 if lanes is f64v else 2.0 ** 30)
    reach = scale_lanes(like, n, width, V, n, by_default, scale, undo)
    failed = pick(reach, most, fill(like, 1), fill(like, 0))
    if wanted == INVERSE:
        invert_group(like, n, V, tol, scale, swapped, &failed)
        if n != 4:
            unswap_columns(like, n, n, <const lanes*>swapped, V)
        for i in range(n):
            for j in range(n):
                answer[i * n + j] = V[i * LANE_COLUMNS + j]
        if n == 4:
            store_4x4(like, <const lanes*>swapped, <const lanes*>answer, X)
        else:
            store_cells(like, n * n, <const lanes*>answer, X)
    elif wanted == SOLUTION:
        reduce_lanes(like, n, width, V, tol, <lanes*>NULL, &failed, &parity)
        for i in range(n):
            answer[i] = V[i * LANE_COLUMNS + n]
            failed = failed + (answer[i] - answer[i])       # NaN if x is not finite
        store_cells(like, n, <const lanes*>answer, X)
    else:
        reduce_lanes(like, n, n, V, tol, pivots, &failed, &parity)
        multiply_pivots(like, n, <const lanes*>pivots, <const lanes*>undo, parity, X)
    return failed


cdef inline void answer_groups(lanes like, const int wanted, const Py_ssize_t n, Job* job,
                               Py_ssize_t start, Py_ssize_t stop, const real* A, const real* B,
                               real* X) noexcept nogil:
    """The answers of slices start : stop of A (n, n), at least L

    B (n,) is there for a SOLUTION. A few groups at a time are answered, and then those of their
    slices that are not clear. The last group overlaps the one before.
    """
    cdef lanes tol = clear_bound(like, wanted, n, &job.policy), failed, doubt
    cdef bint by_default = job.policy.tol < 0
    cdef real numbers[GROUPS * MAX_LANES]
    cdef real doubts[MAX_LANES]
    cdef real edge[LANE_ROWS * LANE_ROWS * MAX_LANES + MAX_LANES]
    cdef real side[LANE_ROWS * MAX_LANES + MAX_LANES]
    cdef real last[LANE_ROWS * LANE_ROWS * MAX_LANES]
    cdef Py_ssize_t L = lane_count(A), s = start, first, count, at, left, k
    cdef Py_ssize_t size = n * n if wanted == INVERSE else n if wanted == SOLUTION else 1
    cdef Py_ssize_t bytes = <Py_ssize_t>sizeof(real)
    cdef bint clear
    while s < stop:
        first = min(s, stop - L)
        count = min((stop - first) // L, GROUPS) * L
        doubt = fill(like, 0)
        at = 0
        while at < count:
            left = stop - first - at - L
            for k in range(0, L * n * n * bytes, 64):
                prefetch(<const char*>(A + (first + at) * n * n) + AHEAD + k)
            for k in range(0, L * size * bytes, 64):
                prefetch(<const char*>(X + (first + at) * size) + AHEAD + k)
            failed = answer_group(
                like, wanted, n, by_default, tol,
                readable(n * n, left, A + (first + at) * n * n, edge),
                readable(n, left, B + (first + at) * n, side) if wanted == SOLUTION else B,
                X + (first + at) * size if first == s else last)
            doubt = doubt + failed
            store(numbers + at, failed)
            at += L
        if first < s:       # slices before s may have other answers by now
            memcpy(X + s * size, last + (s - first) * size, (stop - s) * size * sizeof(real))
        clear = True
        store(doubts, doubt)
        for k in range(L):
            clear &= doubts[k] == 0
        if not clear:
            for k in range(s - first, count):
                if not numbers[k] == 0:
                    answer_few(like, job, first + k, 1, A, B, X)
        s = first + count


cdef void answer_solutions(lanes like, Job* job, Py_ssize_t start, Py_ssize_t stop, const real* A,
                           const real* B, real* X) noexcept nogil:
    """answer_groups() with n as a constant up to four, so that the compiler unrolls its loops"""
    if job.n == 1:
        answer_groups(like, SOLUTION, 1, job, start, stop, A, B, X)
    elif job.n == 2:
        answer_groups(like, SOLUTION, 2, job, start, stop, A, B, X)
    elif job.n == 3:
        answer_groups(like, SOLUTION, 3, job, start, stop, A, B, X)
    elif job.n == 4:
        answer_groups(like, SOLUTION, 4, job, start, stop, A, B, X)
    else:
        answer_groups(like, SOLUTION, job.n, job, start, stop, A, B, X)


cdef void answer_inverses(lanes like, Job* job, Py_ssize_t start, Py_ssize_t stop, const real* A,
                          const real* B, real* X) noexcept nogil:
    """answer_groups() with n as a constant up to four"""
    if job.n == 1:
        answer_groups(like, INVERSE, 1, job, start, stop, A, B, X)
    elif job.n == 2:
        answer_groups(like, INVERSE, 2, job, start, stop, A, B, X)
    elif job.n == 3:
        answer_groups(like, INVERSE, 3, job, start, stop, A, B, X)
    elif job.n == 4:
        answer_groups(like, INVERSE, 4, job, start, stop, A, B, X)
    else:
        answer_groups(like, INVERSE, job.n, job, start, stop, A, B, X)


cdef void answer_determinants(lanes like, Job* job, Py_ssize_t start, Py_ssize_t stop,
                              const real* A, const real* B, real* X) noexcept nogil:
    """answer_groups() with n as a constant up to four"""
    if job.n == 1:
        answer_groups(like, DETERMINANT, 1, job, start, stop, A, B, X)
    elif job.n == 2:
        answer_groups(like, DETERMINANT, 2, job, start, stop, A, B, X)
    elif job.n == 3:
        answer_groups(like, DETERMINANT, 3, job, start, stop, A, B, X)
    elif job.n == 4:
        answer_groups(like, DETERMINANT, 4, job, start, stop, A, B, X)
    else:
        answer_groups(like, DETERMINANT, job.n, job, start, stop, A, B, X)


cdef inline bint has_lanes(const Job* job, Py_ssize_t count, const real* like) noexcept nogil:
    """Return whether answer_groups() is for this job: for stacks, of which it keeps no verdicts"""
    if (count < max(lane_count(like), <Py_ssize_t>2) or job.m != job.n or not 0 < job.n <= LANE_ROWS
            or job.policy.atol != 0):
        return False
    if job.wanted == SOLUTION:
        return job.k == 1
    return job.wanted == INVERSE or job.wanted == DETERMINANT
