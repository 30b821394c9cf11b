# Row reduction of one large matrix: blocked elimination from the left.
#
#   row_scales       the scales of the rows, and the norm for the tolerance
#   reduce_slab      the next few columns: first by all pivots so far, then strip by strip
#   finish_columns   columns without a pivot: L and U solved for all of them at once
#   write_rows       the result: a reduced form or an echelon form
#   keep_rows        the result: L and U
#   reduce_large     the whole of it
#
# A slab is a copy of some columns of A. It goes to R when it is reduced. R starts with the columns
# that have a pivot, then come the others taken (`order` names them). Its rows are in the order of
# their pivots (`rows` names them). Below the diagonal of the first columns stands L, elsewhere -U.
# Columns that are not taken yet are untouched.
#
# The working set is 1.3 slabs and a few columns. A slab has fewer strips, at least one, if that
# would be more than 1 MB and a quarter of A.

cdef enum:
    SLAB_STRIPS = 8
    ROWS_AHEAD = 16         # rows that are on their way from memory
    SCAN = 16               # entries that are compared with 0 together
    FREE_BYTES = 1048576    # of a working set, besides a quarter of the matrix
    SUMS = MAX_LANES        # parts of a row sum, at all levels alike
    LARGE_SIDE = 176        # bytes: 22 or 44 pivots
    LARGE_AREA = 131072     # bytes by bytes: 45 by 45 or 90 by 90 entries


# ---- rows ----

cdef inline real measure_row(lanes like, Py_ssize_t n, real factor, const real* x,
                             real* total) noexcept nogil:
    """Return the largest |x[i] factor|, i < n, NaN counting as 0; total = the sum of all"""
    cdef lanes parts[SUMS]
    cdef lanes v, most = fill(like, 0)
    cdef real part[SUMS]
    cdef real best, entry
    cdef Py_ssize_t L = lane_count(x), i = 0, j
    for j in range(SUMS // L):
        parts[j] = fill(like, 0)
    while i + SUMS <= n:
        for j in range(SUMS // L):
            load(&v, x + i + j * L)
            v = absolute(v * fill(like, factor))
            parts[j] = parts[j] + v
            most = larger(v, most)
        i += SUMS
    for j in range(SUMS // L):
        store(part + j * L, parts[j])
    best = largest_lane(most, x)
    while i < n:
        entry = <real>fabs(x[i] * factor)
        part[i % SUMS] += entry
        best = entry if entry > best else best
        i += 1
    total[0] = 0
    for j in range(SUMS):
        total[0] += part[j]
    return best


cdef real row_scales(lanes like, Py_ssize_t m, Py_ssize_t n, const real* A, Py_ssize_t columns,
                     real* undo, bint* lossy) noexcept nogil:
    """Return the norm of equilibrate() and fill undo as it does; A stays as it is

    lossy = whether scaling loses a digit of an augmented entry.
    """
    cdef real norm = 0, all = 0, total, before
    cdef lanes largest, undone, lost = fill(like, 0)
    cdef Py_ssize_t i
    for i in range(m):
        if interrupted(n):
            break
        largest = fill(like, measure_row(like, columns, <real>1, A + i * n, &total))
        before = first_lane(step_before(largest), A)
        if before != 1:
            largest = fill(like, measure_row(like, columns, before, A + i * n, &total))
        total *= first_lane(scale_of(largest, &undone), A)
        undo[i] = first_lane(undone, A) / before
        lost = row_loss(like, n - columns, 1 / undo[i], undo[i], A + i * n + columns, lost)
        all += total
        norm = total if total > norm else norm
    lossy[0] = largest_lane(lost, A) > 0
    return norm if all < INFINITY else <real>NAN


cdef inline void divided_row(lanes like, Py_ssize_t n, const real* x, real divisor,
                             real* y) noexcept nogil:
    """y[i] = x[i] / divisor; divisor is a power of two"""
    cdef lanes v
    cdef real factor = 1 / divisor
    cdef Py_ssize_t L = lane_count(x), i = 0
    while factor < INFINITY and i + L <= n:
        load(&v, x + i)
        store(y + i, v * fill(like, factor))
        i += L
    while i < n:
        y[i] = x[i] / divisor
        i += 1


cdef inline void scaled_row(lanes like, const Blocked* job, Py_ssize_t i, Py_ssize_t N,
                            const real* A, real* y) noexcept nogil:
    """y = N entries of row i of A from column job.taken on, scaled"""
    cdef real undo = (<const real*>job.undo)[i]
    cdef Py_ssize_t first = max(job.columns, job.taken)
    A += i * job.n
    divided_row(like, N, A + job.taken, undo, y)
    if job.shifted:
        shift_row(first, job.taken + N, <const real*>job.shift, 1, -binary_exponent(undo), A,
                  y - job.taken)


cdef inline void prefetch_row(Py_ssize_t n, const real* x) noexcept nogil:
    cdef Py_ssize_t j = 0
    while j < n:
        prefetch(x + j)
        j += STRIP_BYTES // <Py_ssize_t>sizeof(real)


cdef inline bint is_zero_row(lanes like, Py_ssize_t n, const real* x) noexcept nogil:
    """Whether x[:n] and the rest of its last register are zero; NaN is not"""
    cdef real sums[MAX_LANES]
    cdef lanes v, total = fill(like, 0)
    cdef Py_ssize_t j = 0
    while j < n:
        load(&v, x + j)
        total = total + absolute(v)
        j += lane_count(x)
    store(sums, total)
    for j in range(lane_count(x)):
        if sums[j] != 0:
            return False
    return True


# ---- a slab ----

cdef void take_slab(lanes like, Blocked* job, Py_ssize_t N, const real* A,
                    const real* R) noexcept nogil:
    """slab = the next N columns of A, scaled and reduced by all pivots so far; set `dots` too"""
    cdef Py_ssize_t m = job.m, n = job.n, ld = job.ld, before = job.rank, width = strip_columns(A)
    cdef Py_ssize_t panel = 2 * lane_count(A), all = (N + width - 1) // width * width, i
    cdef real* slab = <real*>job.slab
    cdef real* solved = <real*>job.solved
    for i in range(m):
        if i + ROWS_AHEAD < m:
            prefetch_row(N, A + job.rows[i + ROWS_AHEAD] * n + job.taken)
        if interrupted(N):
            return
        scaled_row(like, job, job.rows[i], N, A, slab + i * ld)
        memset(slab + i * ld + N, 0, (ld - N) * sizeof(real))
    solve_lower(like, before, all, R, n, slab, ld, solved, panel, job.next_panel)
    add_product(like, m - before, all, before, R + before * n, n, <const real*>solved, panel,
                job.next_panel, slab + before * ld, ld)
    memset(job.dots, 0, ESTIMATES * ld * sizeof(real))
    add_product(like, ESTIMATES, all, before, <const real*>job.weights, min(m, job.columns),
                <const real*>solved, panel, job.next_panel, <real*>job.dots, ld)


cdef void reduce_slab(lanes like, Blocked* job, Py_ssize_t N, const real* A,
                      real* R) noexcept nogil:
    """Reduce the next N columns of A into R; their pivots join the others"""
    cdef Py_ssize_t starts[SLAB_STRIPS + 1]
    cdef Py_ssize_t right[SLAB_STRIPS * STRIP_COLUMNS]
    cdef Py_ssize_t m = job.m, n = job.n, ld = job.ld, before = job.rank, width = strip_columns(A)
    cdef Py_ssize_t strips = (N + width - 1) // width, b, half, some, found, i, t
    cdef real* slab = <real*>job.slab
    cdef real* T
    cdef real* X
    cdef real* solved
    take_slab(like, job, N, A, <const real*>R)
    for b in range(strips):
        if interrupted(<double>(m - job.rank) * width * width):
            return
        starts[b] = job.rank
        if job.taken + b * width < job.columns and job.rank < m:
            reduce_strip(like, job, before, b * width, <const real*>R)
        # The last 1, 2, 4, ... strips are now the first half. The next strips are the other half:
        # they are reduced by the pivots of the first.
        half = (b + 1) & -(b + 1)
        some = min(half, strips - b - 1) * width
        t = starts[b + 1 - half]
        found = job.rank - t
        if some and found:
            T = slab + t * ld + t - before
            X = slab + t * ld + (b + 1) * width
            solved = solved_from(like, job, t, (b + 1) * width, A)
            solve_lower(like, found, some, <const real*>T, ld, X, ld, solved, 2 * lane_count(A),
                        job.next_panel)
            add_product(like, m - job.rank, some, found, <const real*>T + found * ld, ld,
                        <const real*>solved, 2 * lane_count(A), job.next_panel, X + found * ld, ld)
    for t in range(before, job.rank):
        if job.swapped[t] != t:
            swap_ranges(before, R + t * n, R + job.swapped[t] * n)
    for i in range(m):
        if i + ROWS_AHEAD < m:
            prefetch_row(N, <const real*>R + (i + ROWS_AHEAD) * n + job.taken)
        if interrupted(n):      # the system may need half a second to give R its memory
            return
        memcpy(R + i * n + job.taken, slab + i * ld, N * sizeof(real))
    if before < job.taken:
        for t in range(job.rank - before):
            right[t] = job.taken + t
        swap_columns(m, R, n, job.order, before, job.rank - before, right)
    job.taken += N


# ---- columns without a pivot ----

cdef void arrange_columns(lanes like, Blocked* job, const real* A, real* R) noexcept nogil:
    """Write the columns of A that are left, scaled, into R; the most zeros at the top come last

    These zeros need no elimination: for the inverse that saves a third of all work.
    """
    cdef Py_ssize_t n = job.n, taken = job.taken, found = n if job.shifted else taken, i, j, k
    cdef Py_ssize_t* position = job.order + n       # position[order[j]] = j
    cdef bint moved = False, nonzero
    cdef const real* row
    cdef real* target
    for j in range(taken, n):
        position[j] = j if job.shifted else -1
    for i in range(job.m):
        row, target = A + job.rows[i] * n, R + i * n
        if i + ROWS_AHEAD < job.m:
            prefetch_row(n - taken, A + job.rows[i + ROWS_AHEAD] * n + taken)
        if found == n and not moved:
            scaled_row(like, job, job.rows[i], n - taken, A, target + taken)
            continue
        memset(target + taken, 0, (n - taken) * sizeof(real))
        j = taken
        while j < n:
            nonzero = False
            for k in range(j, min(j + SCAN, n)):
                nonzero |= row[k] != 0
            if nonzero:
                for k in range(j, min(j + SCAN, n)):
                    if row[k] != 0:
                        if position[k] < 0:
                            moved |= found != k
                            position[k] = found
                            found += 1
                        target[position[k]] = row[k]
            j += SCAN
        divided_row(like, n - taken, <const real*>target + taken,
                    (<real*>job.undo)[job.rows[i]], target + taken)
    for j in range(taken, n):
        if position[j] < 0:
            position[j] = found
            found += 1
        job.order[position[j]] = j


cdef void finish_columns(
        lanes like, Blocked* job, Py_ssize_t left, Py_ssize_t N, bint lower, bint upper,
        const CloseCall* calls, Py_ssize_t checks, real* R) noexcept nogil:
    """Multiply R[:, left:left + N] by the inverse of L (lower), then by that of U (upper)

    The columns of some close calls are reduced beside them. Then these calls are decided again.
    """
    cdef Py_ssize_t m = job.m, n = job.n, ld = job.ld, r = job.rank, L = lane_count(R)
    cdef Py_ssize_t all = (N + checks + L - 1) // L * L, first = 0, last = r, i, j, at
    cdef real* slab = <real*>job.slab
    cdef real* solved = <real*>job.solved
    cdef real* row
    cdef double total
    for i in range(m):
        memcpy(slab + i * ld, R + i * n + left, N * sizeof(real))
        memset(slab + i * ld + N, 0, (ld - N) * sizeof(real))
    for j in range(checks):
        at = 0
        while job.order[at] != calls[j].column:
            at += 1
        for i in range(calls[j].rank):
            slab[i * ld + N + j] = R[i * n + at]
    if lower:
        while first < r and is_zero_row(like, N, <const real*>slab + first * ld):
            first += 1
        solve_lower(like, r - first, all, <const real*>R + first * (n + 1), n, slab + first * ld,
                    ld, solved + first * 2 * L, 2 * L, job.next_panel)
        add_product(like, m - r, all, r - first, <const real*>R + r * n + first, n,
                    <const real*>solved + first * 2 * L, 2 * L, job.next_panel, slab + r * ld, ld)
    if upper:
        while last and is_zero_row(like, N + checks,
                                   <const real*>slab + (last - 1) * ld):
            last -= 1
        solve_upper(like, last, all, <const real*>R, n, slab, ld, solved, 2 * L, job.next_panel)
    # Solved rows are negative. The difference and the sum turn -0.0 into 0.0.
    for i in range(m):
        row = R + i * n + left
        for j in range(N):
            row[j] = 0 - slab[i * ld + j] if i < r else slab[i * ld + j] + <real>0
    for j in range(checks):
        total = 0
        for i in range(calls[j].rank):
            total += fabs(slab[i * ld + N + j])
        note_ratio(job.verdict, calls[j].key > 0,
                   calls[j].best / bound_on_pivot(job.tol, total))


cdef void finish(lanes like, Blocked* job, bint reduced, real* R) noexcept nogil:
    """Finish all columns without a pivot, and the close calls"""
    cdef CloseCall calls[2 * CLOSE_CALLS]
    cdef Py_ssize_t left = job.rank if reduced else min(job.columns, job.taken), checks = 0, N, i
    for i in range(2 * CLOSE_CALLS):
        calls[checks] = job.calls[i // CLOSE_CALLS][i % CLOSE_CALLS]
        checks += calls[checks].key < INFINITY
    N = min(job.slab_columns - checks, job.taken - left) if reduced else 0
    finish_columns(like, job, left, N, False, True, calls, checks, R)
    left += N
    while left < job.n and not interrupted(0):
        N = min(job.slab_columns, (job.taken if left < job.taken else job.n) - left)
        finish_columns(like, job, left, N, left >= job.taken, reduced, calls, 0, R)
        left += N


cdef void write_rows(lanes like, const Blocked* job, bint reduced, const real* undo, real* R,
                     real* row) noexcept nogil:
    """Put the columns of R in their places; write the pivots' columns, zeros and scales"""
    cdef Py_ssize_t n = job.n, pivoted = min(job.columns, job.taken), i, j, first
    cdef const Py_ssize_t* order = job.order
    cdef bint moved = not reduced or job.rank < pivoted
    cdef real entry, factor
    for j in range(job.taken, n):
        moved |= job.order[j] != j
    for i in range(job.m):
        # Left of the first entry to be kept stands L, or a column that has its pivot.
        first = job.rank if reduced or i >= job.rank else i
        if moved:
            memcpy(row + first, R + first, (n - first) * sizeof(real))
        memset(R, 0, pivoted * sizeof(real))
        if reduced and moved:
            for j in range(first, n):
                R[order[j]] = row[j]
        elif not reduced:
            for j in range(first, n):
                entry = row[j]
                if j < job.taken and order[j] < job.columns:
                    entry = 0 - entry
                R[order[j]] = entry
            factor = undo[job.rows[i]]
            if not job.shifted and comes_back(like, n, factor, <const real*>R):
                put_row(n, <const real*>R, factor, R)
            else:
                job.verdict.exponent += put_in_range(
                    n, job.columns, <const real*>job.shift, binary_exponent(factor),
                    <const real*>R, R)
        if reduced and i < job.rank:
            R[job.pivots[i]] = 1
        if reduced and job.shifted:
            shift_row(job.columns, n, <const real*>job.shift, -1, 0, <const real*>R, R)
        R += n


cdef void keep_rows(const Blocked* job, Kept* kept, const real* undo, real* R,
                    real* row) noexcept nogil:
    """Put the columns of R in their places: L in those of the pivots, -U right of each pivot"""
    cdef Py_ssize_t n = job.n, i, j
    for i in range(job.m):
        memcpy(row, R, n * sizeof(real))
        for j in range(n):
            if i >= job.rank and j >= job.rank:
                row[j] = 0
            R[job.order[j]] = row[j] if j < job.taken else -row[j]
        kept.rows[i] = job.rows[i]
        (<real*>kept.undo)[i] = undo[job.rows[i]]
        R += n


# ---- the whole matrix ----

cdef void lay_out_blocked(void* blocked, Arena* arena) noexcept nogil:
    """The pieces of a reduction with slabs of job.strips strips"""
    cdef Blocked* job = <Blocked*>blocked
    cdef Py_ssize_t width = STRIP_BYTES // job.number, most = min(job.m, job.columns)
    cdef Py_ssize_t panel = job.panel, spare = 4 * MAX_LANES
    cdef double m = job.m, n = job.n
    job.slab_columns = job.strips * width
    # Odd numbers of cache lines, so that rows and columns spread over all sets of a cache.
    job.ld = (job.strips | 1) * width
    job.next_panel = ((most * panel + width - 1) // width | 1) * width
    job.next_column = ((job.m + spare) // width | 1) * width
    job.slab = take(arena, (m + spare) * job.ld, job.number)
    job.solved = take(arena, (job.slab_columns + panel - 1) // panel * <double>job.next_panel,
                      job.number)
    job.strip = take(arena, <double>job.next_column * width, job.number)
    job.above = take(arena, <double>most * width, job.number)
    job.weights = take(arena, <double>ESTIMATES * most, job.number)
    job.dots = take(arena, ESTIMATES * job.ld, job.number)
    job.undo = take(arena, m + n, job.number)
    job.shift = take(arena, n, job.number)
    job.order = indices(arena, 2 * n)
    job.rows = indices(arena, m)
    job.swapped = indices(arena, most)


cdef inline bint is_large(const real* like, Py_ssize_t m, Py_ssize_t n,
                          Py_ssize_t columns) noexcept nogil:
    """Return whether reduce_large() is faster than reduce_small(), as measured"""
    cdef Py_ssize_t size = sizeof(real), short = size * min(m, columns)
    return short >= LARGE_SIDE and short * size * max(m, n) >= LARGE_AREA


cdef int reduce_by_slabs(
        lanes like, Kept* kept, Py_ssize_t m, Py_ssize_t n, const real* A, real* R,
        Py_ssize_t columns, const Policy* policy, bint reduced, Py_ssize_t* pivots,
        Verdict* verdict) noexcept nogil:
    """reduce_large(); with `kept` it is a factorisation, in R"""
    cdef Blocked job
    cdef Py_ssize_t most = FREE_BYTES + m * n * <Py_ssize_t>sizeof(real) // 4, i
    cdef real* undo
    cdef real norm
    cdef void* memory
    judge_empty(verdict)
    job.m, job.n, job.columns = m, n, columns
    job.number, job.panel, job.strips = sizeof(real), 2 * lane_count(A), SLAB_STRIPS
    job.rank = job.taken = 0
    job.pivots, job.verdict = pivots, verdict
    while job.strips > 1 and measured(lay_out_blocked, &job) > most:
        job.strips -= 1
    memory = working_memory(lay_out_blocked, &job)
    if memory == NULL:
        return -1
    undo = <real*>job.undo
    norm = row_scales(like, m, n, A, columns, undo, &job.shifted)
    if norm != norm:
        judge_not_finite(m, n, R, verdict)
    if norm != norm or interrupted(0):
        free(memory)
        return 0
    memset(job.shift, 0, n * sizeof(real))
    if job.shifted:
        shift_columns(m, n, A, columns, <const real*>undo, <real*>job.shift)
    job.tol = tolerance(policy, norm)
    job.policy, job.A = policy, A
    if policy.tol < 0 and scales_differ(m, <const real*>undo, <real>job.tol):
        note_dust(m, n, A, columns, <const real*>undo, job.tol, verdict)
    for i in range(m):
        job.rows[i] = i
    for i in range(n):
        job.order[i] = i
    for i in range(CLOSE_CALLS):
        job.calls[False][i].key = job.calls[True][i].key = INFINITY
    memset(<real*>job.slab + m * job.ld, 0, 4 * MAX_LANES * job.ld * sizeof(real))
    while job.taken < columns and job.rank < m and not interrupted(0):
        reduce_slab(like, &job, min(job.slab_columns, n - job.taken), A, R)
    if not interrupted(0):
        arrange_columns(like, &job, A, R)
        finish(like, &job, reduced, R)
    if interrupted(0):
        job.rank = 0
    elif kept != NULL:
        keep_rows(&job, kept, <const real*>undo, R, undo + m)
    else:
        write_rows(like, &job, reduced, <const real*>undo, R, undo + m)
    verdict.rank = job.rank
    free(memory)
    return 0


cdef int reduce_large(
        lanes like, Py_ssize_t m, Py_ssize_t n, const real* A, real* R, Py_ssize_t columns,
        const Policy* policy, bint reduced, Py_ssize_t* pivots, Verdict* verdict) noexcept nogil:
    """R = the reduced row echelon form of A, or a row echelon form; return -1 if memory ran out

    A and R do not overlap; the rest is as for reduce_small().
    """
    return reduce_by_slabs(like, NULL, m, n, A, R, columns, policy, reduced, pivots, verdict)
