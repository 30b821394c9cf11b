# Elimination in a strip: a few columns of a slab (see blocked.pxi), searched for pivots.
#
#   accepts             decides whether a candidate counts as a pivot
#   eliminate_column    reduces a column of the strip by the strip's earlier pivots
#   reduce_strip        a strip, transposed so that its columns are contiguous, and back
#
# The bound on a pivot (see elimination.pxi) takes the sum of a reduced column, |U^-1 u|. One sum
# costs a triangular system, all of them half as much as the elimination. But for numbers z of
# size at most 1 |z U^-1 u| is never above the sum, and with z U^-1 at hand it costs next to
# nothing. Fixed numbers z as if at random see a large sum, unless a column happens to be nearly
# orthogonal to all of them. If the mean over a few z leaves a decision open, the sum itself is
# computed. In the end it is computed for the closest of the other decisions, too.

cdef enum:
    STRIP_BYTES = 64        # bytes of a row: a cache line, whole registers at every level
    STRIP_COLUMNS = 16      # columns of a strip of the smallest type
    ESTIMATES = 4
    SURE = 100000           # an estimate of a bound may be this many times too low
    CLOSE_CALLS = 4         # for accepted columns, and as many for rejected ones
    FEW = 4                 # registers of a column that advance together

cdef struct CloseCall:      # a column accepted or rejected by estimate
    double key              # smaller for a closer call; positive if accepted
    double best             # the largest candidate of the column
    Py_ssize_t column
    Py_ssize_t rank         # pivots before the column

cdef struct Blocked:        # a reduction under way
    Py_ssize_t m, n, columns
    Py_ssize_t number       # bytes of a number
    Py_ssize_t panel        # columns of a panel: two registers
    Py_ssize_t strips       # of a slab
    const Policy* policy
    double tol              # for this matrix
    const void* A
    Py_ssize_t taken        # columns already in R
    Py_ssize_t rank         # pivots in those columns
    Py_ssize_t* pivots
    Py_ssize_t* order       # order[j] = the column of A that is column j of R; n more to spare
    Py_ssize_t* rows        # rows[i] = the row of A that is row i of R
    Py_ssize_t* swapped     # swapped[r] = the row that row r traded places with
    void* undo              # undo[i]: the divisor of row i of A; n numbers more to spare
    void* shift             # the powers of two that augmented columns are multiplied by
    bint shifted            # whether augmented columns are shifted
    void* slab              # m rows of ld, some of them to spare
    Py_ssize_t ld, slab_columns
    void* solved            # the solved rows of the slab, in panels next_panel apart
    Py_ssize_t next_panel
    void* strip             # the columns of the strip, next_column apart
    Py_ssize_t next_column
    void* above             # the strip reduced by earlier pivots
    void* weights           # weights[q] = z_q U^-1
    void* dots              # dots[q, j] = weights[q] (-U[:, j]) over the pivots before the strip
    CloseCall calls[2][CLOSE_CALLS]     # rejected ones, accepted ones
    Verdict* verdict


cdef inline Py_ssize_t strip_columns(const real* like) noexcept nogil:
    return STRIP_BYTES // <Py_ssize_t>sizeof(real)


cdef inline real* solved_from(lanes like, const Blocked* job, Py_ssize_t i, Py_ssize_t j,
                              const real* like_too) noexcept nogil:
    """Return the address of row i and column j of the solved rows"""
    cdef Py_ssize_t width = 2 * lane_count(like_too)
    return <real*>job.solved + j // width * job.next_panel + i * width + j % width


# ---- the bound on a pivot ----

cdef inline double fixed_number(Py_ssize_t q, Py_ssize_t i) noexcept nogil:
    """Return a number of size 1/2 to 1 and either sign, as if at random

    The multiplier is 2^64 over the golden ratio: Knuth, TAOCP volume 3, section 6.4.
    """
    cdef unsigned long long h = <unsigned long long>(ESTIMATES * i + q + 1)
    h *= 0x9E3779B97F4A7C15ULL
    h = (h ^ (h >> 32)) * 0x9E3779B97F4A7C15ULL
    h ^= h >> 32
    return (1 + <double>(h >> 12) * 2.0 ** -52) * (0.5 if h & 1 else -0.5)


cdef inline void note_call(CloseCall* calls, double key, double best, Py_ssize_t column,
                           Py_ssize_t rank) noexcept nogil:
    """Keep the calls with the smallest keys"""
    cdef Py_ssize_t i, last = 0
    for i in range(1, CLOSE_CALLS):
        if calls[i].key > calls[last].key:
            last = i
    if key < calls[last].key:
        calls[last].key, calls[last].best = key, best
        calls[last].column, calls[last].rank = column, rank


cdef inline void note_ratio(Verdict* verdict, bint accepted, double ratio) noexcept nogil:
    if accepted:
        verdict.accepted = min(verdict.accepted, ratio)
    else:
        verdict.rejected = max(verdict.rejected, ratio)


cdef void reduce_above(lanes like, const Blocked* job, Py_ssize_t before, Py_ssize_t left,
                       const real* R) noexcept nogil:
    """above[:rank] = -(inverse of U) U[:rank, strip]: by pivots of the slab, then earlier ones"""
    cdef Py_ssize_t width = strip_columns(R), next_panel = 2 * lane_count(R), i
    cdef const real* slab = <const real*>job.slab
    cdef real* above = <real*>job.above
    cdef real* inside = above + before * width
    for i in range(job.rank):
        memcpy(above + i * width, slab + i * job.ld + left, width * sizeof(real))
    solve_upper(like, job.rank - before, width, slab + before * job.ld, job.ld, inside, width,
                inside, width, next_panel)
    add_product(like, before, width, job.rank - before, slab, job.ld, <const real*>inside, width,
                next_panel, above, width)
    solve_upper(like, before, width, R, job.n, above, width, above, width, next_panel)


cdef double sum_of_reduced(const Blocked* job, Py_ssize_t j, Py_ssize_t k,
                           const Py_ssize_t* held, const real* P) noexcept nogil:
    """Return sum |R[:rank + k, j]| for column j of the strip P; its pivots are in held[:k]"""
    cdef real y[STRIP_COLUMNS]
    cdef Py_ssize_t width = strip_columns(P), next_column = job.next_column, i, t
    cdef const real* row = <const real*>job.above
    cdef double total = 0
    cdef real entry
    for t in range(k - 1, -1, -1):
        y[t] = P[j * next_column + t]
        for i in range(t + 1, k):
            y[t] -= P[held[i] * next_column + t] * y[i]
        y[t] /= P[held[t] * next_column + t]
        total += fabs(y[t])
    for i in range(job.rank):
        entry = row[j]
        for t in range(k):
            entry -= row[held[t]] * y[t]
        total += fabs(entry)
        row += width
    return total


cdef bint accepts(
        lanes like, Blocked* job, Py_ssize_t before, Py_ssize_t left, Py_ssize_t j, Py_ssize_t k,
        const Py_ssize_t* held, double best, double estimate, bint* reduced,
        const real* R) noexcept nogil:
    """Return whether `best`, the largest candidate of column j of the strip, is above its bound"""
    cdef Py_ssize_t column = job.order[job.taken + left + j]
    cdef double bound = bound_on_pivot(job.tol, estimate)
    cdef bint accepted = best > SURE * bound
    if accepted or (best <= 0.5 * bound and estimate < INFINITY):
        if accepted:
            note_call(job.calls[True], best / bound, best, column, job.rank + k)
        elif best > 0:
            note_call(job.calls[False], -best / bound, best, column, job.rank + k)
        return accepted
    if not reduced[0]:
        reduce_above(like, job, before, left, R)
        reduced[0] = True
    estimate = sum_of_reduced(job, j, k, held, <const real*>job.strip)
    bound = bound_on_pivot(job.tol, estimate)
    accepted = best > bound
    if not estimate < INFINITY:
        job.verdict.rejected = NAN      # unknown how close the call was
    if best > 0:
        note_ratio(job.verdict, accepted, best / bound)
    return accepted


# ---- elimination ----

cdef inline void turn(lanes like, Py_ssize_t M, Py_ssize_t N, const real* X, Py_ssize_t ldx,
                      real* Y, Py_ssize_t ldy) noexcept nogil:
    """Y[n, m] = X[m, n]; M and N are rounded up to whole registers"""
    cdef lanes v[MAX_LANES]
    cdef Py_ssize_t L = lane_count(X), i = 0, j, k
    while i < M:
        j = 0
        while j < N:
            load_columns(v, X + i * ldx + j, ldx)
            for k in range(L):
                store(Y + (j + k) * ldy + i, v[k])
            j += L
        i += L


cdef inline lanes subtract_columns(
        lanes like, const int registers, Py_ssize_t k, const Py_ssize_t* held, const real* P,
        Py_ssize_t next_column, const real* u, real* x, lanes largest) noexcept nogil:
    """x[i] -= P[held[t], i] u[t], t < k, for `registers` registers; return max(largest, |x|)"""
    cdef lanes sums[FEW]
    cdef lanes v, factor
    cdef Py_ssize_t L = lane_count(x), t
    cdef int i
    for i in range(registers):
        load(&sums[i], <const real*>x + i * L)
    for t in range(k):
        factor = fill(like, u[t])
        for i in range(registers):
            load(&v, P + held[t] * next_column + i * L)
            sums[i] = minus_mul(factor, v, sums[i])
    for i in range(registers):
        store(x + i * L, sums[i])
        largest = larger(absolute(sums[i]), largest)
    return largest


cdef real eliminate_column(lanes like, Py_ssize_t M, Py_ssize_t k, const Py_ssize_t* held,
                           const real* P, Py_ssize_t next_column, real* x) noexcept nogil:
    """Reduce x[:M], a column of the strip P, by the k pivots of P; return max |x[i]|, i >= k

    Rows from M on are zero, as far as a register may reach.
    """
    cdef lanes most = fill(like, 0)
    cdef Py_ssize_t L = lane_count(x), i, t
    for t in range(k):
        for i in range(t + 1, k):
            x[i] = first_lane(minus_mul(fill(like, P[held[t] * next_column + i]),
                                        fill(like, x[t]), fill(like, x[i])), x)
    i = k
    while i + FEW * L <= M:
        most = subtract_columns(like, FEW, k, held, P + i, next_column, <const real*>x, x + i,
                                most)
        i += FEW * L
    while i < M:
        most = subtract_columns(like, 1, k, held, P + i, next_column, <const real*>x, x + i, most)
        i += L
    return largest_lane(most, x)


cdef Py_ssize_t first_of_size(lanes like, Py_ssize_t M, Py_ssize_t k, real best,
                              const real* x) noexcept nogil:
    """Return the first i >= k with |x[i]| = best, or k if there is none"""
    cdef lanes v, most
    cdef Py_ssize_t L = lane_count(x), i = k, j
    while i < M:
        most = fill(like, 0)
        for j in range(FEW):
            load(&v, x + i + j * L)
            most = larger(absolute(v), most)
        if largest_lane(most, x) >= best:       # the lanes behind row M may hold anything
            for j in range(i, min(i + FEW * L, M)):
                if fabs(x[j]) == best:
                    return j
        i += FEW * L
    return k


cdef inline void divide_entries(lanes like, Py_ssize_t n, real divisor, real* x) noexcept nogil:
    """x[i] /= divisor, i < n, and so for the rest of the last register"""
    cdef lanes v
    cdef Py_ssize_t i = 0
    while i < n:
        load(&v, <const real*>x + i)
        store(x + i, v / fill(like, divisor))
        i += lane_count(x)


cdef inline void swap_ranges(Py_ssize_t n, real* a, real* b) noexcept nogil:
    """a[n], b[n] = b[n], a[n]"""
    cdef Py_ssize_t j
    for j in range(n):
        a[j], b[j] = b[j], a[j]


cdef inline void swap_columns(Py_ssize_t M, real* X, Py_ssize_t ld, Py_ssize_t* order,
                              Py_ssize_t left, Py_ssize_t count,
                              const Py_ssize_t* right) noexcept nogil:
    """Swap columns left + t and right[t] of X, t = 0, 1, ..., and swap them in `order`"""
    cdef Py_ssize_t i, t
    for t in range(count):
        order[left + t], order[right[t]] = order[right[t]], order[left + t]
    for i in range(M):
        for t in range(count):
            X[left + t], X[right[t]] = X[right[t]], X[left + t]
        X += ld


cdef void reduce_strip(lanes like, Blocked* job, Py_ssize_t before, Py_ssize_t left,
                       const real* R) noexcept nogil:
    """Reduce the strip at column `left` of the slab; its pivots join the others (R has `before`)"""
    cdef Py_ssize_t width = strip_columns(R), rank = job.rank, M = job.m - rank, L = lane_count(R)
    cdef Py_ssize_t ld = job.ld, next_column = job.next_column, ldw = min(job.m, job.columns)
    cdef Py_ssize_t held[STRIP_COLUMNS]
    cdef Py_ssize_t k = 0, at = 0, i, j, q, column
    cdef double dots[ESTIMATES]
    cdef double estimate
    cdef real best
    cdef bint reduced = False
    cdef real* X = <real*>job.slab + rank * ld
    cdef real* P = <real*>job.strip
    cdef real* weights = <real*>job.weights
    cdef real* sums = <real*>job.dots + left
    cdef real* x
    turn(like, M + L, width, <const real*>X + left, ld, P, next_column)
    add_product(like, ESTIMATES, width, rank - before, <const real*>weights + before, ldw,
                <const real*>solved_from(like, job, before, left, R), 2 * L, job.next_panel,
                sums, ld)
    for j in range(width):
        x = P + j * next_column
        best = eliminate_column(like, M, k, held, <const real*>P, next_column, x)
        if job.taken + left + j >= job.columns or k == M:
            continue
        if job.policy.atol > 0:
            at = largest_kept(k, M, 1, <const real*>x, <const real*>job.undo, job.rows + rank,
                              job.policy.atol, &best)
        estimate = 0
        for q in range(ESTIMATES):
            dots[q] = sums[q * ld + j]
            for i in range(k):
                dots[q] -= weights[q * ldw + rank + i] * x[i]
            estimate += fabs(dots[q]) / ESTIMATES
        if not accepts(like, job, before, left, j, k, held, best, estimate, &reduced, R):
            memset(x + k, 0, (M - k) * sizeof(real))
            column = job.order[job.taken + left + j]
            if job.policy.tol < 0 and is_scaled_apart(
                    job.m, job.n, <const real*>job.A + column, <const real*>job.undo, job.tol):
                job.verdict.rejected = max(job.verdict.rejected, 1.0)
            continue
        if job.policy.atol == 0:
            at = first_of_size(like, M, k, best, <const real*>x)
        job.swapped[rank + k] = rank + at
        if at != k:
            for i in range(width):
                P[i * next_column + k], P[i * next_column + at] = (
                    P[i * next_column + at], P[i * next_column + k])
            swap_ranges(ld, X + k * ld, X + at * ld)
            i, job.rows[rank + k] = job.rows[rank + k], job.rows[rank + at]
            job.rows[rank + at] = i
            job.verdict.parity = -job.verdict.parity
        divide_entries(like, M - k - 1, x[k], x + k + 1)
        for q in range(ESTIMATES):
            weights[q * ldw + rank + k] = <real>((fixed_number(q, rank + k) + dots[q]) / x[k])
        job.pivots[rank + k] = job.order[job.taken + left + j]
        held[k] = j
        k += 1
    turn(like, width, M, <const real*>P, next_column, X + left, ld)
    for i in range(k):
        for j in range(held[i], width):
            X[i * ld + left + j] = -X[i * ld + left + j]
        held[i] += left
    job.rank += k
    if k and held[k - 1] != rank - before + k - 1:
        swap_columns(job.m, <real*>job.slab, ld, job.order + job.taken, rank - before, k, held)
