# Row reduction of many small matrices, one matrix a lane.
#
# The entry (i, j) of L matrices is one register, V[i, j]. `reduce_small` decides by branches. Here
# each lane picks, with the same operations in the same order: the bits agree. Nearly all matrices
# have a pivot in each of their first columns, and only these are finished here. A matrix goes
# through `reduce_small` after all if it lacks a pivot, is not finite, has rows, pivots or rows of
# its echelon form at the ends of the range, or is float32 and had a close call.
#
# Float32 is reduced again in float64 where a call was close: float32 arithmetic adds as much
# rounding as the data have.

cdef enum:
    LANE_ROWS = 8           # of the largest matrix that goes in a lane
    LANE_COLUMNS = 16

cdef enum:
    ANY_ENGINE              # the size decides
    SMALL_ENGINE
    LARGE_ENGINE

cdef struct Stack:          # the verdicts, one entry a matrix
    Py_ssize_t* pivots      # min(m, columns) a matrix, padded with -1
    Py_ssize_t* ranks
    double* accepted
    double* rejected
    signed char* status
    signed char* parity
    int* exponents          # only of row echelon forms, else NULL


cdef inline void load_group(lanes like, const Py_ssize_t m, Py_ssize_t n, const real* A,
                            lanes* V) noexcept nogil:
    """V[i, j][k] = A[k, i, j]: the entries of L matrices

    It reads on to the next whole register. The numbers that it finds there go to columns past n.
    """
    cdef Py_ssize_t L = lane_count(A), i, j
    for i in range(m):
        j = 0
        while j < n:
            load_some_columns(V + i * LANE_COLUMNS + j, A + i * n + j, m * n, min(L, n - j))
            j += L


cdef inline void store_block(vectors like, const real* V, Py_ssize_t slices, Py_ssize_t step,
                             real* A) noexcept nogil:
    """A[k step + j] = V[j, k] for j below the lanes of `like`; -0.0 becomes 0.0"""
    cdef vectors block[2 * MAX_LANES]
    cdef Py_ssize_t k
    load_some_columns(block, V, slices, slices)
    for k in range(slices):
        store(A + k * step, block[k] + fill(like, 0))


cdef inline void store_cell(lanes like, const lanes* V, Py_ssize_t step, real* A) noexcept nogil:
    """A[k step] = V[k], number by number; -0.0 becomes 0.0"""
    cdef real numbers[MAX_LANES]
    cdef Py_ssize_t k
    store(numbers, V[0] + fill(like, 0))
    for k in range(lane_count(A)):
        A[k * step] = numbers[k]


cdef inline void store_cells(lanes like, Py_ssize_t cells, const lanes* V,
                             real* A) noexcept nogil:
    """A[k, j] = V[j][k]: the numbers of L slices; -0.0 becomes 0.0"""
    cdef Py_ssize_t L = lane_count(A), half = F32_HALF_LANES if lanes is f32v else F64_HALF_LANES
    cdef Py_ssize_t j = 0
    if lanes is f32v and real is float:
        if cells == 4:
            store_quads_f32(V, A)
            return
    if cells < half:
        for j in range(cells):
            store_cell(like, V + j, cells, A + j)
        return
    while cells - j > 1:
        if cells >= L:
            j = min(j, cells - L)       # the last block overlaps the previous one
            store_block(like, <const real*>(V + j), L, cells, A + j)
            j += L
        else:
            j = min(j, cells - half)
            if lanes is f32v:
                store_block(<f32h>fill_f32h(0), <const real*>(V + j), L, cells, A + j)
            else:
                store_block(<f64h>fill_f64h(0), <const real*>(V + j), L, cells, A + j)
            j += half
    if j < cells:
        store_cell(like, V + j, cells, A + j)


cdef inline void store_group(lanes like, const Py_ssize_t m, Py_ssize_t n, lanes* V,
                             real* A) noexcept nogil:
    """A[k, i, j] = V[i, j][k]; -0.0 becomes 0.0"""
    cdef Py_ssize_t L = lane_count(A), cells = m * n, i, j
    if n >= L:
        for i in range(m):
            j = 0
            while j < n:
                if L > 2 and n - j == 1:        # a block would take longer
                    store_cell(like, <const lanes*>V + i * LANE_COLUMNS + j, cells, A + i * n + j)
                    break
                j = min(j, n - L)       # the last block overlaps the previous one
                store_block(like, <const real*>(V + i * LANE_COLUMNS + j), L, cells, A + i * n + j)
                j += L
        return
    for i in range(1, m):
        for j in range(n):
            V[i * n + j] = V[i * LANE_COLUMNS + j]
    store_cells(like, cells, <const lanes*>V, A)


cdef inline lanes scale_lanes(lanes like, const Py_ssize_t m, Py_ssize_t n, lanes* V,
                              Py_ssize_t columns, bint by_default, lanes* scale,
                              lanes* undo) noexcept nogil:
    """Scale the rows in every lane, as equilibrate() does; scale receives the factors of the rows

    Return the largest of all factors and their reciprocals. It is infinite where an augmented
    entry left the range, and where rows are so far apart that the smallest may be dust. It is above
    largest_safe() where a row of zeros lacks a pivot.
    """
    cdef lanes low = fill(like, 0), high = low, lost = low, reach, entry
    cdef lanes magnitude[LANE_ROWS]
    cdef Py_ssize_t i, j
    for i in range(m):
        magnitude[i] = fill(like, 0)
    for j in range(columns):
        for i in range(m):
            magnitude[i] = larger(absolute(V[i * LANE_COLUMNS + j]), magnitude[i])
    for i in range(m):
        if m > columns:
            scale[i] = scale_of(magnitude[i], &undo[i])
        else:
            scale[i] = scale_of_any(magnitude[i], &undo[i])
        low = larger(scale[i], low)
        high = larger(undo[i], high)
    for j in range(columns):
        for i in range(m):
            V[i * LANE_COLUMNS + j] = V[i * LANE_COLUMNS + j] * scale[i]
    for j in range(columns, n):
        for i in range(m):
            entry = V[i * LANE_COLUMNS + j]
            V[i * LANE_COLUMNS + j] = entry * scale[i]
            lost = larger_loss(entry, V[i * LANE_COLUMNS + j], undo[i], lost)
    reach = larger(low, high)
    if n > columns:
        reach = pick(lost, fill(like, 0), fill(like, INFINITY), reach)
    if by_default:          # tol is below the reciprocal of this limit
        reach = pick(low * high, fill(like, 2.0 ** 46 if lanes is f64v else 2.0 ** 19),
                     fill(like, INFINITY), reach)
    return reach


cdef inline lanes equilibrate_lanes(lanes like, const Py_ssize_t m, Py_ssize_t n, lanes* V,
                                    Py_ssize_t columns, bint by_default, lanes* scale,
                                    lanes* undo) noexcept nogil:
    """equilibrate() in every lane: scale_lanes(), and the norm; NaN where a row is not safe"""
    cdef lanes reach = scale_lanes(like, m, n, V, columns, by_default, scale, undo)
    cdef lanes norm = fill(like, 0), total = norm
    cdef lanes magnitude[LANE_ROWS]
    cdef Py_ssize_t i, j
    for i in range(m):
        magnitude[i] = fill(like, 0)
    for j in range(columns):
        for i in range(m):
            magnitude[i] = magnitude[i] + absolute(V[i * LANE_COLUMNS + j])
    for i in range(m):
        total = total + magnitude[i]
        norm = larger(magnitude[i], norm)
    # total - total is NaN if total is not finite.
    return pick(reach, largest_safe(like), fill(like, NAN), norm + (total - total))


cdef inline void tolerance_parts(const Policy* policy, lanes* relative,
                                 lanes* fixed) noexcept nogil:
    """Set the parts of tolerance() = relative sqrt(norm) + fixed, which is NaN where the norm is"""
    cdef double unit = policy.unit if policy.tol < 0 else policy.tol
    relative[0] = fill(relative[0], unit if policy.tol < 0 else 0)
    fixed[0] = fill(relative[0], unit) - relative[0]


cdef inline lanes find_pivot(
        lanes like, const Py_ssize_t m, const Py_ssize_t c, const lanes* V, lanes tol,
        lanes* size, lanes* most, lanes* accepted, lanes* failed) noexcept nogil:
    """Return the row of the pivot of column c; `failed` is not 0 in a lane without one

    size[i] > most[i] where row i, below c, has a larger entry than all from row c to i - 1: so the
    pivot is in the last such row. `accepted` becomes the smallest pivot over its bound. Without it,
    tol is that of clear_bound().
    """
    cdef lanes best = absolute(V[c * LANE_COLUMNS + c]), at = fill(like, c), total = fill(like, 0)
    cdef lanes bound, ratio
    cdef Py_ssize_t i
    for i in range(c + 1, m):
        size[i] = absolute(V[i * LANE_COLUMNS + c])
        most[i] = best
        at = pick(size[i], most[i], fill(like, i), at)
        best = larger(size[i], best)
    for i in range(c):
        total = total + absolute(V[i * LANE_COLUMNS + c])
    bound = tol * (fill(like, 1) + total)
    if accepted != NULL:
        ratio = best / bound
        accepted[0] = pick(accepted[0], ratio, ratio, accepted[0])
        bound = larger(smallest_safe(like), bound)
    failed[0] = pick(best, bound, failed[0], fill(like, 1))
    return at


cdef inline lanes in_pivot_row(lanes like, const Py_ssize_t m, const Py_ssize_t c,
                               const lanes* column, const lanes* size, const lanes* most,
                               const lanes* away) noexcept nogil:
    """Return the entry of a column that is in the row of the pivot: see find_pivot()

    Up to four rows it does not wait for the number of that row. More would be slower.
    """
    cdef lanes half = fill(like, 0.5), entry = column[c * LANE_COLUMNS]
    cdef Py_ssize_t i
    if m > 4:
        for i in range(c + 1, m):
            entry = pick(half, away[i], column[i * LANE_COLUMNS], entry)
    else:
        for i in range(c + 1, m):
            entry = pick(size[i], most[i], column[i * LANE_COLUMNS], entry)
    return entry


cdef inline void reduce_column(
        lanes like, const Py_ssize_t m, const Py_ssize_t c, Py_ssize_t n, lanes* V, lanes tol,
        lanes* kept, lanes* undo, lanes* pivots, lanes* accepted, lanes* failed,
        lanes* parity) noexcept nogil:
    """Bring the pivot of column c to row c: see find_pivot()

    kept[c, j], unless NULL, is the pivot row before it is divided by the pivot; undo, unless NULL,
    goes with its row. pivots[c], unless NULL, is the pivot.
    """
    cdef lanes half = fill(like, 0.5), one = fill(like, 1)
    cdef lanes pivot, entry, row, old
    cdef lanes factor[LANE_ROWS]
    cdef lanes away[LANE_ROWS]          # 0 in a lane that had its pivot in this row
    cdef lanes size[LANE_ROWS]
    cdef lanes most[LANE_ROWS]
    cdef lanes at = find_pivot(like, m, c, <const lanes*>V, tol, size, most, accepted, failed)
    cdef Py_ssize_t i, j
    parity[0] = pick(at, fill(like, c + 0.5), -parity[0], parity[0])
    for i in range(c):
        factor[i] = V[i * LANE_COLUMNS + c]
        V[i * LANE_COLUMNS + c] = fill(like, 0)
    for i in range(c + 1, m):
        away[i] = absolute(at - fill(like, i))
        factor[i] = pick(half, away[i], V[c * LANE_COLUMNS + c], V[i * LANE_COLUMNS + c])
    pivot = in_pivot_row(like, m, c, <const lanes*>V + c, size, most, away)
    for i in range(c + 1, m):
        V[i * LANE_COLUMNS + c] = fill(like, 0)
    V[c * LANE_COLUMNS + c] = one
    if pivots != NULL:
        pivots[c] = pivot
    if kept != NULL:
        kept[c * LANE_COLUMNS + c] = pivot
    if kept != NULL and undo != NULL:
        old = undo[c]
        for i in range(c + 1, m):
            undo[c] = pick(half, away[i], undo[i], undo[c])
            undo[i] = pick(half, away[i], old, undo[i])
    for j in range(c + 1, n):
        old = V[c * LANE_COLUMNS + j]
        row = in_pivot_row(like, m, c, <const lanes*>V + j, size, most, away)
        if kept != NULL:
            kept[c * LANE_COLUMNS + j] = row
        row = row / pivot
        for i in range(c):
            V[i * LANE_COLUMNS + j] = minus_mul(factor[i], row, V[i * LANE_COLUMNS + j])
        for i in range(c + 1, m):
            entry = pick(half, away[i], old, V[i * LANE_COLUMNS + j])
            V[i * LANE_COLUMNS + j] = minus_mul(factor[i], row, entry)
        V[c * LANE_COLUMNS + j] = row


cdef inline lanes unreduce_group(lanes like, const Py_ssize_t m, Py_ssize_t n, Py_ssize_t rank,
                                 const lanes* kept, const lanes* undo, lanes* V) noexcept nogil:
    """Make V the row echelon form: from the kept rows, at the scale of the matrix

    Return the loss; it is 0 where no entry leaves the range.
    """
    cdef lanes lost = fill(like, 0), back, entry
    cdef Py_ssize_t i, j
    for i in range(m):
        back = fill(like, 1) / undo[i]
        for j in range(n):
            entry = V[i * LANE_COLUMNS + j]
            if i < rank:
                entry = kept[i * LANE_COLUMNS + j] if j >= i else fill(like, 0)
            V[i * LANE_COLUMNS + j] = entry * undo[i]
            lost = larger_loss(entry, V[i * LANE_COLUMNS + j], back, lost)
    return lost


# ---- float32 where a call was close ----

cdef struct Doubled:            # a float32 matrix in float64
    double cells
    double* given
    double* found


cdef void lay_out_doubled(void* job, Arena* arena) noexcept nogil:
    """The pieces of reduce_doubled()"""
    cdef Doubled* doubled = <Doubled*>job
    doubled.given = doubles(arena, doubled.cells)
    doubled.found = doubles(arena, doubled.cells)


cdef inline bint is_whole(Py_ssize_t m, Py_ssize_t n, Py_ssize_t columns,
                          const float* A) noexcept nogil:
    """Return whether the first columns hold only exact whole numbers, below 2^24"""
    cdef bint whole = True
    cdef Py_ssize_t i, j
    for i in range(m):
        for j in range(columns):
            whole &= fabs(A[i * n + j]) < 16777216
        if not whole:
            return False
        for j in range(columns):
            whole &= A[i * n + j] == <int>A[i * n + j]
    return whole


cdef void round_rows(Py_ssize_t m, Py_ssize_t n, Py_ssize_t columns, bint reduced, double* E,
                     float* R, Verdict* verdict) noexcept nogil:
    """R = E; E is overwritten, and rows of a row echelon form are put in range"""
    cdef Py_ssize_t i, j
    cdef int exponent, wanted = 0
    cdef double digits
    for i in range(m):
        if not reduced:
            # Round each entry at its own scale first: then the row keeps all that float32 can hold.
            for j in range(n):
                if E[j] != 0 and fabs(E[j]) < INFINITY:
                    digits = <float>frexp(E[j], &exponent)
                    E[j] = ldexp(digits, exponent)
            wanted = exponent_in_range(n, columns, NULL, 0, True, <const double*>E)
            verdict.exponent -= wanted
        for j in range(n):
            R[j] = <float>ldexp(E[j], wanted) + <float>0
        E += n
        R += n


cdef int reduce_by_size(
        lanes like, int engine, Py_ssize_t m, Py_ssize_t n, const real* A, real* R,
        Py_ssize_t columns, const Policy* policy, bint reduced, Py_ssize_t* pivots,
        Verdict* verdict) noexcept nogil:
    """Reduce one matrix by the engine for its size; return -1 if memory ran out, else 0"""
    if m and n and (engine == LARGE_ENGINE
                    or (engine == ANY_ENGINE and is_large(A, m, n, columns))):
        return reduce_large(like, m, n, A, R, columns, policy, reduced, pivots, verdict)
    return reduce_small(like, m, n, A, R, columns, policy, reduced, pivots, verdict)


cdef int reduce_doubled(
        int engine, Py_ssize_t m, Py_ssize_t n, const float* A, float* R, Py_ssize_t columns,
        const Policy* policy, bint reduced, Py_ssize_t* pivots, Verdict* verdict) noexcept nogil:
    """reduce_matrix() of float32 in float64, with the result rounded"""
    cdef Policy finer = policy[0]
    cdef Doubled doubled
    cdef void* memory
    cdef Py_ssize_t i
    cdef int failed
    doubled.cells = <double>m * n
    memory = working_memory(lay_out_doubled, &doubled)
    if memory == NULL:
        return -1
    for i in range(m * n):
        doubled.given[i] = A[i]
    if is_whole(m, n, columns, A):
        finer.unit = UNIT_F64
    failed = reduce_by_size(<f64v>fill_f64(0), engine, m, n, <const double*>doubled.given,
                            doubled.found, columns, &finer, reduced, pivots, verdict)
    if not failed:
        round_rows(m, n, columns, reduced, doubled.found, R, verdict)
    free(memory)
    return failed


cdef int reduce_by_need(
        lanes like, int engine, Py_ssize_t m, Py_ssize_t n, const real* A, real* R,
        Py_ssize_t columns, const Policy* policy, bint reduced, Py_ssize_t* pivots,
        Verdict* verdict) noexcept nogil:
    """Reduce one matrix; reduce float32 again in float64 if a call was close

    With a tolerance from the caller it is reduced once. Return -1 if memory ran out, else 0.
    """
    cdef int failed = reduce_by_size(like, engine, m, n, A, R, columns, policy, reduced, pivots,
                                     verdict)
    if (real is float and verdict.dust < INFINITY
            and is_whole(m, n, columns, <const float*>A)):
        verdict.dust = INFINITY         # small whole numbers are no rounding of large ones
    if (real is float and not failed and policy.tol < 0 and verdict.status == REDUCED
            and not (verdict.accepted >= CLOSE_ACCEPTED and verdict.rejected == 0)
            and not interrupted(0)):
        return reduce_doubled(engine, m, n, A, R, columns, policy, reduced, pivots, verdict)
    return failed


cdef int reduce_matrix(
        lanes like, int engine, Py_ssize_t m, Py_ssize_t n, const real* A, real* R,
        Py_ssize_t columns, const Policy* policy, bint reduced, Py_ssize_t* pivots,
        Verdict* verdict) noexcept nogil:
    """Reduce one matrix; return -1 if memory ran out, else 0

    Entries of at most atol in the first columns are zero before rows are scaled.
    """
    cdef real* kept
    cdef Py_ssize_t i, j
    cdef int failed
    if not policy.atol > 0 or m == 0 or n == 0:
        failed = reduce_by_need(like, engine, m, n, A, R, columns, policy, reduced, pivots,
                                verdict)
        verdict.accepted = min(verdict.accepted, verdict.dust)
        return failed
    kept = <real*>malloc(m * n * sizeof(real))
    if kept == NULL:
        return -1
    memcpy(kept, A, m * n * sizeof(real))
    for i in range(m):
        for j in range(columns):
            if fabs(kept[i * n + j]) <= policy.atol and fabs(kept[i * n + j]) < INFINITY:
                kept[i * n + j] = 0
    failed = reduce_by_need(like, engine, m, n, <const real*>kept, R, columns, policy, reduced,
                            pivots, verdict)
    free(kept)
    verdict.accepted = min(verdict.accepted, verdict.dust)
    return failed


cdef int reduce_alone(
        lanes like, int engine, Py_ssize_t m, Py_ssize_t n, const real* A, real* R,
        Py_ssize_t columns, const Policy* policy, bint reduced, const Stack* found,
        Py_ssize_t s) noexcept nogil:
    """reduce_matrix() of matrix s of A into R; return -1 if memory ran out, else 0"""
    cdef Py_ssize_t most = min(m, columns), k
    cdef Verdict verdict
    if reduce_matrix(like, engine, m, n, A + s * m * n, R + s * m * n, columns, policy, reduced,
                     found.pivots + s * most, &verdict):
        return -1
    for k in range(verdict.rank, most):
        found.pivots[s * most + k] = -1
    found.ranks[s] = verdict.rank
    found.accepted[s] = verdict.accepted
    found.rejected[s] = verdict.rejected
    found.status[s] = <signed char>verdict.status
    found.parity[s] = <signed char>verdict.parity
    if found.exponents != NULL:
        found.exponents[s] = verdict.exponent
    return 0


# ---- groups of matrices ----

cdef inline void start_stack(const Py_ssize_t m, Py_ssize_t most, Py_ssize_t count,
                             const Stack* found) noexcept nogil:
    """Write the verdicts on matrices with a pivot in each of their first columns"""
    cdef Py_ssize_t s, k
    memset(found.rejected, 0, count * sizeof(double))
    memset(found.status, REDUCED, count)
    if found.exponents != NULL:
        memset(found.exponents, 0, count * sizeof(int))
    for s in range(count):
        found.ranks[s] = most
    for s in range(count):
        for k in range(m):
            if k < most:
                found.pivots[s * most + k] = k


cdef inline void reduce_group(
        lanes like, const Py_ssize_t m, Py_ssize_t n, Py_ssize_t columns, lanes* V, lanes tol,
        lanes* kept, lanes* undo, lanes* pivots, lanes* accepted, lanes* failed,
        lanes* parity) noexcept nogil:
    """reduce_column() of all pivots; each column is a constant there"""
    if columns > 0:
        reduce_column(like, m, 0, n, V, tol, kept, undo, pivots, accepted, failed, parity)
    if m > 1 and columns > 1:
        reduce_column(like, m, 1, n, V, tol, kept, undo, pivots, accepted, failed, parity)
    if m > 2 and columns > 2:
        reduce_column(like, m, 2, n, V, tol, kept, undo, pivots, accepted, failed, parity)
    if m > 3 and columns > 3:
        reduce_column(like, m, 3, n, V, tol, kept, undo, pivots, accepted, failed, parity)
    if m > 4 and columns > 4:
        reduce_column(like, m, 4, n, V, tol, kept, undo, pivots, accepted, failed, parity)
    if m > 5 and columns > 5:
        reduce_column(like, m, 5, n, V, tol, kept, undo, pivots, accepted, failed, parity)
    if m > 6 and columns > 6:
        reduce_column(like, m, 6, n, V, tol, kept, undo, pivots, accepted, failed, parity)
    if m > 7 and columns > 7:
        reduce_column(like, m, 7, n, V, tol, kept, undo, pivots, accepted, failed, parity)


cdef inline void note_group(lanes accepted, lanes parity, Py_ssize_t first, const Stack* found,
                            const real* like) noexcept nogil:
    """The verdicts on matrices `first` to first + L - 1"""
    cdef real numbers[MAX_LANES]
    cdef Py_ssize_t k
    store(numbers, accepted)
    for k in range(lane_count(like)):
        found.accepted[first + k] = numbers[k]
    store(numbers, parity)
    for k in range(lane_count(like)):
        found.parity[first + k] = <signed char>numbers[k]


cdef inline void reduce_groups(
        lanes like, const Py_ssize_t m, Py_ssize_t n, Py_ssize_t count, const real* A, real* R,
        Py_ssize_t columns, const Policy* policy, bint reduced, const Stack* found) noexcept nogil:
    """reduce_small() of `count` matrices of A into R; count is at least L"""
    cdef lanes V[LANE_ROWS * LANE_COLUMNS]
    cdef lanes raw[LANE_ROWS * LANE_COLUMNS]
    cdef lanes undo[LANE_ROWS]
    cdef lanes* kept = NULL if reduced else raw
    cdef lanes scale[LANE_ROWS]
    cdef lanes norm, tol, accepted, failed, parity
    cdef lanes relative = fill(like, 0), fixed = relative
    cdef bint by_default = policy.tol < 0
    cdef real numbers[MAX_LANES]
    cdef real edge[LANE_ROWS * LANE_COLUMNS * MAX_LANES + MAX_LANES]
    cdef const real* source
    cdef Py_ssize_t L = lane_count(A), cells = m * n, most = min(m, columns), s = 0, first, k
    cdef Py_ssize_t bytes = L * cells * <Py_ssize_t>sizeof(real)
    start_stack(m, most, count, found)
    tolerance_parts(policy, &relative, &fixed)
    while s < count:
        first = min(s, count - L)       # the last group overlaps the one before
        source = A + first * cells
        if (count - first - L) * cells < L:     # here reading on would leave A
            memcpy(edge, source, bytes)
            source = edge
        load_group(like, m, n, source, V)
        for k in range(0, bytes, 64):
            prefetch(<const char*>(A + (first + L) * cells) + k)
            prefetch(<const char*>(R + (first + L) * cells) + k)
        norm = equilibrate_lanes(like, m, n, V, columns, by_default, scale, undo)
        tol = mul_add(root(norm), relative, fixed)
        accepted = fill(like, INFINITY)
        parity = fill(like, 1)
        failed = tol - tol              # 0 or NaN
        reduce_group(like, m, n, columns, V, tol, kept, undo, <lanes*>NULL, &accepted, &failed,
                     &parity)
        if real is float and by_default:
            failed = pick(accepted, fill(like, CLOSE_ACCEPTED), failed, fill(like, 1))
        if not reduced:
            failed = larger(unreduce_group(like, m, n, most, raw, undo, V), failed)
        store_group(like, m, n, V, R + first * cells)
        note_group(accepted, parity, first, found, A)
        store(numbers, failed)
        for k in range(L):
            if not numbers[k] == 0:
                reduce_alone(like, SMALL_ENGINE, m, n, A, R, columns, policy, reduced, found,
                             first + k)
        s += L


cdef void groups_of_rows(
        lanes like, Py_ssize_t m, Py_ssize_t n, Py_ssize_t count, const real* A, real* R,
        Py_ssize_t columns, const Policy* policy, bint reduced, const Stack* found) noexcept nogil:
    """reduce_groups() with m as a constant, so that the compiler unrolls its loops"""
    if m == 1:
        reduce_groups(like, 1, n, count, A, R, columns, policy, reduced, found)
    elif m == 2:
        reduce_groups(like, 2, n, count, A, R, columns, policy, reduced, found)
    elif m == 3:
        reduce_groups(like, 3, n, count, A, R, columns, policy, reduced, found)
    elif m == 4:
        reduce_groups(like, 4, n, count, A, R, columns, policy, reduced, found)
    elif m == 5:
        reduce_groups(like, 5, n, count, A, R, columns, policy, reduced, found)
    elif m == 6:
        reduce_groups(like, 6, n, count, A, R, columns, policy, reduced, found)
    elif m == 7:
        reduce_groups(like, 7, n, count, A, R, columns, policy, reduced, found)
    elif m == 8:
        reduce_groups(like, 8, n, count, A, R, columns, policy, reduced, found)


cdef int reduce_stack(
        lanes like, int engine, Py_ssize_t count, Py_ssize_t m, Py_ssize_t n, const real* A,
        real* R, Py_ssize_t columns, const Policy* policy, bint reduced,
        const Stack* found) noexcept nogil:
    """reduce_matrix() of `count` matrices A into R; return -1 if memory ran out, else 0"""
    cdef Py_ssize_t s
    if (engine == ANY_ENGINE and policy.atol == 0 and count >= lane_count(A) and 0 < m <= LANE_ROWS
            and 0 < n <= LANE_COLUMNS):
        groups_of_rows(like, m, n, count, A, R, columns, policy, reduced, found)
        return 0
    for s in range(count):
        if reduce_alone(like, engine, m, n, A, R, columns, policy, reduced, found, s):
            return -1
    return 0
