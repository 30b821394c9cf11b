# Row reduction: when a pivot counts as zero, and the reduction of one small matrix.
#
#   equilibrate      scales rows by powers of two, and measures the matrix for the tolerance
#   shift_columns    scales augmented columns that would leave the range
#   put_in_range     a row of a row echelon form back at its scale, or near it
#   Policy           the size of rounding
#   Verdict          rank and status of a reduction, and how close the call was
#   note_dust        a row left by cancellation
#   is_scaled_apart  a column of another scale than its rows
#   reduce_small     one small matrix by Gauss-Jordan elimination, rows in registers
#
# `stacks` has the same policy, operation by operation, for one matrix a lane: a matrix has the same
# bits alone and in a stack. `blocked` agrees with both on rank and pivots. The bound on a pivot of
# column c is tol (1 + sum |R[:r, c]|), R the rows reduced so far: a column that depends on earlier
# columns carries the rounding of their combination.

from libc.math cimport fabs, floor, frexp, ldexp, sqrt

# The rounding that data carry: some units in the last place of the size of a row. Float32 data are
# worth 2, float64 data 7: people subtract computed eigenvalues.
cdef double UNIT_F32 = 2 * 2.0 ** -23
cdef double UNIT_F64 = 7 * 2.0 ** -52

cdef enum:
    CLOSE_ACCEPTED = 64     # times its bound: a pivot below this product was a close call
    LARGE_STEP = 4096       # entries of a matrix whose steps look for interrupts

cdef double CLOSE_REJECTED = 0.05       # of its bound: a candidate above this was a close call
cdef double CLOSE_REJECTED_F32 = 0.1    # bounds on float32 have less room

cdef struct Policy:
    double tol              # relative to the scaled row, or -1 for the default by `unit`
    double unit             # the rounding of the data
    double atol             # entries and candidates of at most this are zero, at the scale of A

cdef enum:
    REDUCED         # status codes of a slice
    NOT_FINITE

cdef struct Verdict:
    Py_ssize_t rank
    double accepted         # smallest accepted pivot over its bound, infinity if there is none
    double rejected         # largest rejected candidate over its bound, 0 if there is none
    double dust             # as `accepted`, from note_dust(); reduce_matrix() joins the two
    int status              # REDUCED, or NOT_FINITE: NaN or infinity in the columns for pivots
    int parity              # 1 or -1, of the permutation of the rows
    int exponent            # sum of the powers of two that the rows of an echelon form lack


cdef inline void judge_empty(Verdict* verdict) noexcept nogil:
    """Set the verdict before any column is searched"""
    verdict.rank = 0
    verdict.accepted = INFINITY
    verdict.rejected = 0
    verdict.dust = INFINITY
    verdict.status = REDUCED
    verdict.parity = 1
    verdict.exponent = 0


cdef inline void judge_not_finite(Py_ssize_t m, Py_ssize_t n, real* R,
                                  Verdict* verdict) noexcept nogil:
    """Write NaN for a matrix that cannot be reduced"""
    cdef Py_ssize_t i
    for i in range(m * n):
        R[i] = NAN
    verdict.accepted = verdict.rejected = NAN
    verdict.status = NOT_FINITE


# ---- equilibration ----

cdef extern from *:
    """
    /* power_below(x)   the largest power of two that is not above |x|, for normal numbers
       reciprocal(p)    1 / p of such a power, without the division */
    static inline f32v power_below_f32(f32v x)
    { return float_f32(bits_f32(x) & (UINT32_C(0xFF) << 23)); }
    static inline f64v power_below_f64(f64v x)
    { return float_f64(bits_f64(x) & (UINT64_C(0x7FF) << 52)); }
    static inline f32v reciprocal_f32(f32v p)
    { return float_f32((UINT32_C(0xFE) << 23) - bits_f32(p)); }
    static inline f64v reciprocal_f64(f64v p)
    { return float_f64((UINT64_C(0x7FE) << 52) - bits_f64(p)); }
    """
    f32v power_below_f32(f32v) nogil
    f64v power_below_f64(f64v) nogil
    f32v reciprocal_f32(f32v) nogil
    f64v reciprocal_f64(f64v) nogil


cdef inline lanes smallest_safe(lanes like) noexcept nogil:
    """A row with a largest entry below this is scaled in two steps; a pivot below it is tiny"""
    return fill(like, 2.0 ** -900 if lanes is f64v else 2.0 ** -100)


cdef inline lanes largest_safe(lanes like) noexcept nogil:
    """A row with a largest entry above this is scaled in two steps"""
    return fill(like, 2.0 ** 900 if lanes is f64v else 2.0 ** 100)


cdef inline lanes scale_of_any(lanes largest, lanes* undo) noexcept nogil:
    """s = 2^k such that 1 <= largest s < 2, undo = 1 / s; not safe for largest = 0"""
    if lanes is f32v:
        undo[0] = power_below_f32(largest)
        return reciprocal_f32(undo[0])
    else:
        undo[0] = power_below_f64(largest)
        return reciprocal_f64(undo[0])


cdef inline lanes scale_of(lanes largest, lanes* undo) noexcept nogil:
    """scale_of_any() for safe rows; 1 for largest = 0, infinity for infinity"""
    return absolute(scale_of_any(pick(largest, fill(largest, 0), largest, fill(largest, 1)),
                                 undo))


cdef inline lanes step_before(lanes largest) noexcept nogil:
    """The power of two that makes a row safe: 1 except at the ends of the range"""
    cdef lanes one = fill(largest, 1)
    cdef lanes step = fill(largest, 2.0 ** 512 if lanes is f64v else 2.0 ** 64)
    cdef lanes unsafe = pick(largest, fill(largest, 0), step, one)
    return pick(smallest_safe(largest), largest, unsafe,
                pick(largest, largest_safe(largest), one / step, one))


cdef inline void scale_entries(lanes like, Py_ssize_t n, real factor, real* row) noexcept nogil:
    """row[j] *= factor; n is a multiple of the lane count"""
    cdef lanes x
    cdef Py_ssize_t j = 0
    while j < n:
        load(&x, <const real*>row + j)
        store(row + j, x * fill(like, factor))
        j += lane_count(row)


cdef inline lanes larger_loss(lanes x, lanes scaled, lanes undo, lanes lost) noexcept nogil:
    """max(lost, |scaled undo - x|); scaled undo = x unless scaling x overflowed or underflowed"""
    return larger(absolute(scaled * undo - x), lost)


cdef inline lanes row_loss(lanes like, Py_ssize_t n, real factor, real undo, const real* x,
                           lanes lost) noexcept nogil:
    """larger_loss() of all x[:n] factor; undo = 1 / factor"""
    cdef lanes v, multiple = fill(like, factor), divisor = fill(like, undo)
    cdef Py_ssize_t L = lane_count(x), i = 0
    while i + L <= n:
        load(&v, x + i)
        lost = larger_loss(v, v * multiple, divisor, lost)
        i += L
    while i < n:
        v = fill(like, x[i])
        lost = larger_loss(v, v * multiple, divisor, lost)
        i += 1
    return lost


cdef inline real largest_lane(lanes x, const real* like) noexcept nogil:
    cdef real lane[MAX_LANES]
    cdef real best
    cdef Py_ssize_t i
    store(lane, x)
    best = lane[0]
    for i in range(1, lane_count(like)):
        best = lane[i] if lane[i] > best else best
    return best


cdef inline real first_lane(lanes x, const real* like) noexcept nogil:
    cdef real lane[MAX_LANES]
    store(lane, x)
    return lane[0]


cdef inline lanes row_magnitudes(lanes like, const bint summing, Py_ssize_t columns, const real* A,
                                 Py_ssize_t lda) noexcept nogil:
    """max |A[i, j]| over j in lane i, or their sum in order if `summing`

    It reads whole registers of rows and of columns.
    """
    cdef lanes block[MAX_LANES]
    cdef lanes total = fill(like, 0)
    cdef Py_ssize_t L = lane_count(A), j = 0, k
    while j < columns:
        load_columns(block, A + j, lda)
        for k in range(min(L, columns - j)):
            if summing:
                total = total + absolute(block[k])
            else:
                total = larger(absolute(block[k]), total)
        j += L
    return total


cdef inline real equilibrate(lanes like, Py_ssize_t m, real* A, Py_ssize_t lda, Py_ssize_t columns,
                             real* undo) noexcept nogil:
    """Scale the rows of A; return their largest sum max_i sum_j |A[i, j]|, j < columns

    The result is NaN if any of these entries is NaN or infinite. Each row is multiplied by the
    power of two that brings its largest entry of the first `columns` into [1, 2). A row of zeros
    there stays as it is. undo receives the reciprocal factors. m and lda are multiples of the lane
    count: rows and columns of zeros fill them up.
    """
    cdef real before[MAX_LANES]
    cdef real scale[MAX_LANES]
    cdef real sums[MAX_LANES]
    cdef real norm = 0, total = 0
    cdef lanes largest, first, back
    cdef Py_ssize_t L = lane_count(A), i = 0, k
    while i < m:
        largest = row_magnitudes(like, False, columns, A + i * lda, lda)
        first = step_before(largest)
        store(before, first)
        store(scale, scale_of(largest * first, &back))
        store(undo + i, back / first)
        for k in range(L):
            if before[k] != 1:
                scale_entries(like, lda, before[k], A + (i + k) * lda)
            scale_entries(like, lda, scale[k], A + (i + k) * lda)
        store(sums, row_magnitudes(like, True, columns, <const real*>A + i * lda, lda))
        for k in range(L):
            total += sums[k]
            norm = sums[k] if sums[k] > norm else norm
        i += L
    return norm if total < INFINITY else <real>NAN


cdef inline int binary_exponent(double x) noexcept nogil:
    """k with 2^k <= |x| < 2^(k + 1)"""
    cdef int exponent
    frexp(x, &exponent)
    return exponent - 1


cdef void shift_columns(Py_ssize_t m, Py_ssize_t n, const real* A, Py_ssize_t columns,
                        const real* undo, real* shift) noexcept nogil:
    """shift[j], so that all A[i, j] / undo[i] 2^shift[j] of column j are in range

    If the column spans more than the range, its large entries are in range. Pivots decide the
    scale of a row. Augmented columns have no pivots, so their entries decide. For j < columns,
    shift[j] = 0.
    """
    cdef int most = 900 if real is double else 100, least = -1022 if real is double else -126
    cdef int high, low, exponent
    cdef Py_ssize_t i, j
    memset(shift, 0, columns * sizeof(real))
    for j in range(columns, n):
        high, low = -10000, 10000
        for i in range(m):
            if A[i * n + j] != 0 and fabs(A[i * n + j]) < INFINITY:
                exponent = binary_exponent(A[i * n + j]) - binary_exponent(undo[i])
                high, low = max(high, exponent), min(low, exponent)
        shift[j] = min(max(0, least - low), most - high) if low <= high else 0


cdef void shift_row(Py_ssize_t first, Py_ssize_t n, const real* shift, int sign, int exponent,
                    const real* row, real* target) noexcept nogil:
    """target[j] = row[j] 2^(exponent + sign shift[j]), j >= first; -0.0 becomes 0.0"""
    cdef Py_ssize_t j
    for j in range(first, n):
        target[j] = <real>ldexp(row[j], exponent + sign * <int>shift[j]) + <real>0


# ---- rows of a row echelon form ----

cdef inline int lowest_bit(double x) noexcept nogil:
    """k with x = 2^k times an odd integer"""
    cdef int exponent
    cdef long long digits = <long long>ldexp(fabs(frexp(x, &exponent)), 53)
    return exponent - 53 + binary_exponent(<double>(digits & -digits))


cdef int exponent_in_range(Py_ssize_t n, Py_ssize_t columns, const real* shift, int wanted,
                           bint single, const real* row) noexcept nogil:
    """Return the e nearest to `wanted` such that no row[j] 2^(e - shift[j]) is rounded

    The range is that of float32 if `single`. Without `shift` it is 0.

    Where the row spans more than the range, its largest entry stays in the range. But first of
    all the pivot keeps its bits: if the augmented part of an equation is so far above its pivot,
    the solution and that part are infinity.
    """
    cdef int most = 127 if single else 1023, least = -149 if single else -1074
    cdef int high = -10000, low = 10000, pivot = 10000, lowest, shifted
    cdef Py_ssize_t j
    for j in range(n):
        if row[j] != 0 and fabs(row[j]) < INFINITY:
            shifted = <int>shift[j] if shift != NULL else 0
            high = max(high, binary_exponent(row[j]) - shifted)
            lowest = lowest_bit(row[j]) - shifted
            low = min(low, lowest)
            if pivot == 10000 and j < columns:
                pivot = lowest
    return max(least - pivot, min(max(wanted, least - low), most - high))


cdef int put_in_range(Py_ssize_t n, Py_ssize_t columns, const real* shift, int wanted,
                      const real* row, real* target) noexcept nogil:
    """target[j] = row[j] 2^(e - shift[j]), e by exponent_in_range(); return wanted - e"""
    cdef int exponent = exponent_in_range(n, columns, shift, wanted, real is float, row)
    shift_row(0, n, shift, -1, exponent, row, target)
    return wanted - exponent


cdef inline bint comes_back(lanes like, Py_ssize_t n, real undo, const real* row) noexcept nogil:
    """Return whether no row[j] undo, j < n, is rounded; False if undo is not safe"""
    if undo <= first_lane(smallest_safe(like), row):
        return False
    return not largest_lane(row_loss(like, n, undo, 1 / undo, row, fill(like, 0)), row) > 0


# ---- the bound on a pivot ----

cdef inline Policy policy_of(double tol, double atol, bint single) noexcept nogil:
    """Return the policy for float32 data (single) or float64 data; tol is -1 for the default"""
    cdef Policy policy
    policy.tol = tol
    policy.atol = atol
    policy.unit = UNIT_F32 if single else UNIT_F64
    return policy


cdef inline real tolerance(const Policy* policy, real norm) noexcept nogil:
    """Return the tol of the caller, or unit sqrt(norm)

    The norm is the largest sum of a scaled row. Its root stands for the 2-norm of that row: the
    rounding errors of its entries add up like the 2-norm, not like the worst case.
    """
    if policy.tol >= 0:
        return <real>policy.tol
    return <real>policy.unit * <real>sqrt(norm)


cdef inline real bound_on_pivot(real tol, real total) noexcept nogil:
    """Return tol (1 + total); 0 for tol = 0 and any total"""
    return tol * (<real>1 + total) if tol > 0 else <real>0


# ---- data of another scale ----

cdef inline bint in_grains(Py_ssize_t n, const real* row, double grain) noexcept nogil:
    """Return whether row[:n] are whole multiples of the grain, not all zero"""
    cdef bint whole = True, zero = True
    cdef Py_ssize_t j
    for j in range(n):
        whole &= row[j] / grain == floor(row[j] / grain)
        zero &= row[j] == 0
    return whole and not zero


cdef void note_dust(Py_ssize_t m, Py_ssize_t n, const real* A, Py_ssize_t columns,
                    const real* undo, double tol, Verdict* verdict) noexcept nogil:
    """Note a row of a few units in the last place of the largest entry, as left by cancellation

    Its pivot still counts. The size of the row at the scale of A shows how close the call was.
    Other small rows use all bits of their entries.
    """
    cdef double top = 0, unit, grain
    cdef bint zero
    cdef Py_ssize_t i, j
    for i in range(m):
        zero = True
        for j in range(columns):
            zero &= A[i * n + j] == 0
        if not zero:
            top = max(top, <double>undo[i])
    unit = tol * top
    grain = ldexp(1, binary_exponent(unit) - 10)
    for i in range(m):
        if 0 < grain <= undo[i] <= unit and in_grains(columns, A + i * n, grain):
            verdict.dust = min(verdict.dust, undo[i] / unit)


cdef inline bint scales_differ(Py_ssize_t m, const real* undo, real tol) noexcept nogil:
    """Return whether a row is so much smaller than another that note_dust() must check the rows"""
    cdef real low = INFINITY, high = 0
    cdef Py_ssize_t i
    for i in range(m):
        low = undo[i] if undo[i] < low else low
        high = undo[i] if undo[i] > high else high
    return low <= tol * high


cdef bint is_scaled_apart(Py_ssize_t m, Py_ssize_t n, const real* column, const real* undo,
                          double tol) noexcept nogil:
    """Return whether a column of A without a pivot, or one of its entries, is small beside its rows

    Rows are scaled, and columns are not: its pivot may be lost in the rounding of other columns.
    """
    cdef double least = INFINITY, most = 0, entry
    cdef Py_ssize_t i
    for i in range(m):
        if column[i * n] != 0:
            entry = fabs(column[i * n] / undo[i])
            least, most = min(least, entry), max(most, entry)
    return least <= 2.0 ** -44 or (least < INFINITY and most <= CLOSE_ACCEPTED * tol)


cdef Py_ssize_t largest_kept(Py_ssize_t first, Py_ssize_t m, Py_ssize_t step, const real* column,
                             const real* undo, const Py_ssize_t* rows, double atol,
                             real* best) noexcept nogil:
    """Return the i >= first of the largest |column[i]| that is above atol at the scale of A

    `best` becomes that entry, 0 if there is none. undo[i], or undo[rows[i]], is the scale.
    """
    cdef Py_ssize_t at = first, i
    cdef real entry, scale
    best[0] = 0
    for i in range(first, m):
        entry = <real>fabs(column[i * step])
        scale = undo[i] if rows == NULL else undo[rows[i]]
        if entry > best[0] and <double>entry * scale > atol:
            best[0] = entry
            at = i
    return at


# ---- one small matrix ----

cdef inline void take_from_row(
        lanes like, Py_ssize_t first, Py_ssize_t ldw, lanes number, lanes here, real factor,
        const real* pivot_row, real* row) noexcept nogil:
    """row[j] -= factor pivot_row[j], j > c, and row[c] = 0; c is lane `here` of register `first`"""
    cdef lanes x, p, multiple = fill(like, factor)
    cdef Py_ssize_t j = first + lane_count(row)
    load(&x, <const real*>row + first)
    load(&p, pivot_row + first)
    store(row + first, pick(number, here, minus_mul(multiple, p, x),
                            pick(here, number, x, fill(like, 0))))
    while j < ldw:
        load(&x, <const real*>row + j)
        load(&p, pivot_row + j)
        store(row + j, minus_mul(multiple, p, x))
        j += lane_count(row)


cdef void take_with_care(lanes like, Py_ssize_t from_row, Py_ssize_t to_row, Py_ssize_t c,
                         Py_ssize_t ldw, real divisor, const real* pivot_row,
                         real* W) noexcept nogil:
    """take_from_row() of rows that may hold overflowed numbers: 0 times such a number is 0

    The factor of row i is W[i, c] / divisor.
    """
    cdef real* row
    cdef real factor
    cdef Py_ssize_t i, j
    for i in range(from_row, to_row):
        row = W + i * ldw
        factor = row[c] / divisor
        row[c] = 0
        if factor == 0:
            continue
        for j in range(c + 1, ldw):
            if pivot_row[j] != 0:
                row[j] = first_lane(minus_mul(fill(like, factor), fill(like, pivot_row[j]),
                                              fill(like, row[j])), row)


cdef inline void divide_row(lanes like, Py_ssize_t first, Py_ssize_t ldw, lanes number, lanes here,
                            real pivot, real* row) noexcept nogil:
    """row[j] /= pivot, j > c, and row[c] = 1; c is lane `here` of register `first`"""
    cdef lanes x, divisor = fill(like, pivot)
    cdef Py_ssize_t j = first + lane_count(row)
    load(&x, <const real*>row + first)
    store(row + first, pick(number, here, x / divisor, pick(here, number, x, fill(like, 1))))
    while j < ldw:
        load(&x, <const real*>row + j)
        store(row + j, x / divisor)
        j += lane_count(row)


cdef inline void put_row(Py_ssize_t n, const real* row, real factor, real* target) noexcept nogil:
    """target[j] = row[j] factor; -0.0 becomes 0.0"""
    cdef Py_ssize_t j
    for j in range(n):
        target[j] = row[j] * factor + <real>0


cdef bint give_row(
        lanes like, bint careful, Py_ssize_t n, Py_ssize_t ldw, Py_ssize_t columns,
        const real* shift, real undo, const real* row, real* target,
        Verdict* verdict) noexcept nogil:
    """Write a row of the row echelon form; return False if that needs care"""
    if careful:
        verdict.exponent += put_in_range(n, columns, shift, binary_exponent(undo), row, target)
    elif comes_back(like, ldw, undo, row):
        put_row(n, row, undo, target)
    else:
        return False
    return True


cdef struct Kept:               # what a factorisation keeps of an elimination: see factors.pxi
    void* factors               # (m, n)
    Py_ssize_t* rows            # (m,)
    void* undo                  # (m,)

cdef struct Small:              # a small matrix under way, in whole registers
    Py_ssize_t m, n, columns
    Py_ssize_t rows, ldw
    size_t number               # bytes of a number
    void* W                     # (rows, ldw)
    void* undo                  # (2, rows): reciprocals of the factors of rows, exchanged and not
    void* shift                 # (n,): of shift_columns()


cdef inline void lay_out_small(void* job, Arena* arena) noexcept nogil:
    """The pieces of reduce_small()"""
    cdef Small* small = <Small*>job
    small.W = take(arena, <double>small.rows * small.ldw, small.number)
    small.undo = take(arena, 2 * small.rows, small.number)
    small.shift = take(arena, small.n, small.number)


cdef inline void copy_to_registers(lanes like, Py_ssize_t m, Py_ssize_t n, const real* A,
                                   Py_ssize_t rows, Py_ssize_t ldw, real* W) noexcept nogil:
    """W[:m, :n] = A, and zeros up to `rows` and ldw"""
    cdef Py_ssize_t i
    for i in range(m):
        store(W + i * ldw + ldw - lane_count(A), fill(like, 0))
        memcpy(W + i * ldw, A + i * n, n * sizeof(real))
    memset(W + m * ldw, 0, (rows - m) * ldw * sizeof(real))


cdef inline bint scaling_rounds(Py_ssize_t m, Py_ssize_t n, Py_ssize_t columns, const real* A,
                                const real* W, Py_ssize_t ldw, const real* undo) noexcept nogil:
    """Whether an augmented entry of A is not W undo"""
    cdef bint lossy = False
    cdef Py_ssize_t i, j
    for i in range(m):
        for j in range(columns, n):
            lossy |= fabs(W[i * ldw + j] * undo[i] - A[i * n + j]) > 0
    return lossy


cdef inline real largest_below(Py_ssize_t first, Py_ssize_t m, Py_ssize_t ldw, const real* column,
                               Py_ssize_t* at) noexcept nogil:
    """Return the largest |column[i]|, i >= first; `at` becomes its i"""
    cdef real best = -1, entry
    cdef Py_ssize_t found = first, i
    for i in range(first, m):
        entry = <real>fabs(column[i * ldw])
        found = i if entry > best else found
        best = entry if entry > best else best
    at[0] = found
    return best


cdef inline real magnitude_above(Py_ssize_t last, Py_ssize_t ldw,
                                 const real* column) noexcept nogil:
    """sum |column[i]|, i < last"""
    cdef real total = 0
    cdef Py_ssize_t i
    for i in range(last):
        total += <real>fabs(column[i * ldw])
    return total


cdef inline void reject_column(Py_ssize_t first, Py_ssize_t m, Py_ssize_t ldw, real best,
                               real bound, real total, real* column,
                               Verdict* verdict) noexcept nogil:
    """Write the column as zero from row `first` on; note how close the call was"""
    cdef Py_ssize_t i
    if best > 0:
        verdict.rejected = max(verdict.rejected, <double>(best / bound))
    if not total < INFINITY:
        verdict.rejected = NAN      # unknown how close the call was
    for i in range(first, m):
        column[i * ldw] = 0


cdef inline void take_pivot_row(lanes like, lanes number, bint careful, Py_ssize_t m,
                                Py_ssize_t r, Py_ssize_t c, Py_ssize_t ldw,
                                real* W) noexcept nogil:
    """Make row r 1 in column c and take it from all others; with care where numbers may overflow

    W[r, c] is the pivot.
    """
    # Start at the register of column c. There, use only the lanes right of c.
    cdef Py_ssize_t first = c - c % lane_count(W), i
    cdef lanes here = fill(like, c - first)
    cdef real* row = W + r * ldw
    if careful:
        # Below: a row divided by its pivot might overflow, but no factor does. Above: either might.
        take_with_care(like, r + 1, m, c, ldw, row[c], <const real*>row, W)
    divide_row(like, first, ldw, number, here, row[c], row)
    if careful:
        take_with_care(like, 0, r, c, ldw, <real>1, <const real*>row, W)
        return
    for i in range(m):
        if i != r:
            take_from_row(like, first, ldw, number, here, W[i * ldw + c], <const real*>row,
                          W + i * ldw)


cdef inline void start_keeping(Kept* kept, const Small* small, const real* like) noexcept nogil:
    cdef real* F = <real*>kept.factors
    cdef Py_ssize_t i
    memset(F, 0, small.m * small.n * sizeof(real))
    for i in range(small.m):
        kept.rows[i] = i
        (<real*>kept.undo)[i] = 1


cdef inline void swap_kept(Kept* kept, const Small* small, Py_ssize_t r, Py_ssize_t at,
                           const real* like) noexcept nogil:
    """Exchange rows r and `at` of L, as far as it is known"""
    cdef Py_ssize_t* rows = kept.rows
    cdef real* F = <real*>kept.factors
    swap_entries(small.n, F + r * small.n, F + at * small.n)
    rows[r], rows[at] = rows[at], rows[r]


cdef inline void keep_pivot(Kept* kept, const Small* small, Py_ssize_t r, Py_ssize_t c,
                            const real* W) noexcept nogil:
    """Row r of -U, before it is divided by its pivot W[r, c], and below it a column of L"""
    cdef real* F = <real*>kept.factors
    cdef const real* row = W + r * small.ldw
    cdef Py_ssize_t i, j
    for j in range(c, small.n):
        F[r * small.n + j] = -row[j]
    for i in range(r + 1, small.m):
        F[i * small.n + c] = W[i * small.ldw + c] / row[c]


cdef inline bint gauss_jordan(
        lanes like, const bint careful, Kept* kept, const Small* small, const real* A,
        const Policy* policy, real tol, bint reduced, real* W, real* undo, const real* shift,
        real* R, Py_ssize_t* pivots, Verdict* verdict) noexcept nogil:
    """Reduce the columns one after the other; return False if that needs care

    Rows of a row echelon form go to R as they become final.
    """
    cdef Py_ssize_t L = lane_count(W), m = small.m, n = small.n, ldw = small.ldw
    cdef Py_ssize_t columns = small.columns, first, c, at, r = 0, i
    cdef real smallest = first_lane(smallest_safe(like), <const real*>W)
    cdef real best, bound, total
    cdef real lane_numbers[MAX_LANES]
    cdef lanes number
    cdef bint tiny = False          # whether a pivot was tiny; tol = 0 allows this
    for i in range(L):
        lane_numbers[i] = i
    load(&number, <const real*>lane_numbers)
    for c in range(columns):
        if r == m or (m * ldw > LARGE_STEP and interrupted(<double>m * ldw)):
            break
        best = largest_below(r, m, ldw, <const real*>W + c, &at)
        if policy.atol > 0:
            at = largest_kept(r, m, ldw, <const real*>W + c, <const real*>undo, NULL,
                              policy.atol, &best)
        total = magnitude_above(r, ldw, <const real*>W + c)
        bound = bound_on_pivot(tol, total)
        if not best > bound:
            reject_column(r, m, ldw, best, bound, total, W + c, verdict)
            if policy.tol < 0 and is_scaled_apart(m, n, A + c, <const real*>undo + small.rows,
                                                  tol):
                verdict.rejected = max(verdict.rejected, 1.0)
            continue
        verdict.accepted = min(verdict.accepted, <double>(best / bound))
        if best <= smallest:
            if not careful:
                return False
            tiny = True
            verdict.accepted = NAN
        if at != r:
            first = c - c % L
            swap_entries(ldw - first, W + r * ldw + first, W + at * ldw + first)
            undo[r], undo[at] = undo[at], undo[r]
            verdict.parity = -verdict.parity
            if kept != NULL:
                swap_kept(kept, small, r, at, <const real*>W)
        if kept != NULL:
            keep_pivot(kept, small, r, c, <const real*>W)
        elif not reduced and not give_row(
                like, careful, n, ldw, columns, shift, undo[r], <const real*>W + r * ldw,
                R + r * n, verdict):
            return False
        take_pivot_row(like, number, careful and tiny, m, r, c, ldw, W)
        pivots[r] = c
        r += 1
    verdict.rank = r
    return True


cdef inline bint give_rows(
        lanes like, const bint careful, const Small* small, bint shifted, bint reduced,
        const real* W, const real* undo, const real* shift, real* R,
        Verdict* verdict) noexcept nogil:
    """Write the rows that gauss_jordan() did not write; return False if that needs care"""
    cdef Py_ssize_t n = small.n, ldw = small.ldw, i
    for i in range(0 if reduced else verdict.rank, small.m):
        if reduced:
            put_row(n, W + i * ldw, <real>1, R + i * n)
            if careful and shifted:
                shift_row(small.columns, n, shift, -1, 0, W + i * ldw, R + i * n)
        elif not give_row(like, careful, n, ldw, small.columns, shift, undo[i], W + i * ldw,
                          R + i * n, verdict):
            return False
    return True


cdef inline bint reduce_in(
        lanes like, const bint careful, Kept* kept, const Small* small, const real* A, real* R,
        const Policy* policy, bint reduced, real* W, real* undo, real* shift, Py_ssize_t* pivots,
        Verdict* verdict) noexcept nogil:
    """reduce_by() in this memory; return False if that needs care"""
    cdef Py_ssize_t m = small.m, n = small.n, ldw = small.ldw, columns = small.columns, i
    cdef real norm, bound
    cdef bint lossy
    copy_to_registers(like, m, n, A, small.rows, ldw, W)
    if m * ldw > LARGE_STEP and interrupted(<double>m * ldw):
        return True
    if kept != NULL:
        start_keeping(kept, small, A)
    norm = equilibrate(like, small.rows, W, ldw, columns, undo)
    if norm != norm:
        judge_not_finite(m, n, R, verdict)
        return True
    lossy = scaling_rounds(m, n, columns, A, <const real*>W, ldw, <const real*>undo)
    if lossy and not careful:
        return False
    if careful:
        memset(shift, 0, n * sizeof(real))
    if careful and lossy:
        shift_columns(m, n, A, columns, <const real*>undo, shift)
        for i in range(m):
            shift_row(columns, n, <const real*>shift, 1, -binary_exponent(undo[i]), A + i * n,
                      W + i * ldw)
    for i in range(small.rows):
        undo[small.rows + i] = undo[i]
    bound = tolerance(policy, norm)
    if policy.tol < 0 and scales_differ(m, <const real*>undo, bound):
        note_dust(m, n, A, columns, <const real*>undo, bound, verdict)
    if not gauss_jordan(like, careful, kept, small, A, policy, bound, reduced, W, undo,
                        <const real*>shift, R, pivots, verdict):
        return False
    if kept != NULL:
        memcpy(kept.undo, undo, m * sizeof(real))
        return True
    if m * ldw > LARGE_STEP and interrupted(0):
        return True
    return give_rows(like, careful, small, lossy, reduced, <const real*>W, <const real*>undo,
                     <const real*>shift, R, verdict)


cdef inline int reduce_by(
        lanes like, const bint careful, Kept* kept, Py_ssize_t m, Py_ssize_t n, const real* A,
        real* R, Py_ssize_t columns, const Policy* policy, bint reduced, Py_ssize_t* pivots,
        Verdict* verdict) noexcept nogil:
    """reduce_small(); return 1 if numbers leave the range: then it needs care

    Pivots are searched in the first `columns` columns. pivots has room for min(m, columns) numbers,
    and verdict.rank of them are written. `kept` is NULL except for a factorisation; R then only
    says what is not finite. It is a constant where this is called, and costs a reduction nothing.
    """
    cdef char local[STACK_BYTES + ALIGNMENT]
    cdef char* heap
    cdef char* memory
    cdef Py_ssize_t L = lane_count(A)
    cdef Small small
    cdef Py_ssize_t size
    cdef bint done
    judge_empty(verdict)
    if m == 0 or n == 0:
        return 0
    small.m, small.n, small.columns, small.number = m, n, columns, sizeof(real)
    small.rows, small.ldw = (m + L - 1) // L * L, (n + L - 1) // L * L
    size = measured(lay_out_small, &small)
    memory = working_set(size, local, &heap)
    if memory == NULL or not hand_out(lay_out_small, &small, memory, size):
        free(heap)
        return -1
    done = reduce_in(like, careful, kept, &small, A, R, policy, reduced, <real*>small.W,
                     <real*>small.undo, <real*>small.shift, pivots, verdict)
    free(heap)
    return 0 if done else 1


cdef int reduce_with_care(
        lanes like, Py_ssize_t m, Py_ssize_t n, const real* A, real* R, Py_ssize_t columns,
        const Policy* policy, bint reduced, Py_ssize_t* pivots, Verdict* verdict) noexcept nogil:
    """reduce_small() at the ends of the range"""
    return reduce_by(like, True, NULL, m, n, A, R, columns, policy, reduced, pivots, verdict)


cdef int reduce_small(
        lanes like, Py_ssize_t m, Py_ssize_t n, const real* A, real* R, Py_ssize_t columns,
        const Policy* policy, bint reduced, Py_ssize_t* pivots, Verdict* verdict) noexcept nogil:
    """R = the reduced row echelon form of A, or a row echelon form; return -1 if memory ran out"""
    cdef int failed = reduce_by(like, False, NULL, m, n, A, R, columns, policy, reduced, pivots,
                                verdict)
    if failed > 0:
        return reduce_with_care(like, m, n, A, R, columns, policy, reduced, pivots, verdict)
    return failed
