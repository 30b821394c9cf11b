# Centred second moments of the columns of X and of y, in one pass over the rows and in doubled
# precision, so that least squares by them alone (normal.pxi) loses no digit that X determines.
#
# A block of rows comes packed and scaled (design.pxi). Its columns are shifted near to their
# means, exactly (centre_block), and multiplied in tiles of columns by columns, with rows as lanes
# (add_gram). One column more is all ones, so that sums of columns are products as well.
#
# The shift is the mean of a sample. The final centring takes away at most rows / sample of the
# sum itself, and that ratio bounds the digits that it costs of 32. Scales are powers of two: they
# keep squares from overflow and underflow, and round nothing.

from libc.math cimport fabs, frexp, ldexp

cdef enum:
    SAMPLE_ROWS = 64
    MAX_EXPONENT = 1000     # of a scale: 2^1000 and its inverse are normal numbers
    MOST_MOMENTS = 1 << 24  # columns: with more, moments fit in no memory

# Moments of q columns, about their means, not divided by the weight. `gram` is (q, q) and
# symmetric. There column j is in units of 2^exponent[j]; in `mean` it is not. Weights are in
# units of 2^weight_exponent, which is 1 unless they are far from it.
cdef struct MomentSums:
    double count            # of the rows with a positive weight
    double weight, weight_low
    double weight_exponent
    double* mean
    double* mean_low
    double* exponent
    double* gram
    double* gram_low

# The memory of a pass. Q is q + 1, for the ones.
cdef struct MomentRoom:
    Py_ssize_t Q, ld
    bint weighted
    double* scales          # (q,), and the next
    double* shifts
    double* right           # (Q, ld): the columns, packed and then centred,
    double* right_low       # and their rounding errors
    double* left            # both times the weight; the same memory without weights
    double* left_low
    double* sums            # (Q, Q, 2, GROUP): partial sums, and their rounding errors
    double* weights         # (ld,): of the rows of a block
    Py_ssize_t* kept        # (q,)


cdef inline Py_ssize_t moment_numbers(Py_ssize_t q) noexcept nogil:
    """How many numbers the moments of q columns are"""
    return 4 + 3 * q + 2 * q * q


cdef int check_moments(cnp.ndarray numbers, Py_ssize_t q) except -1:
    """Raise unless these can be the moments of q columns"""
    if not (0 <= q <= MOST_MOMENTS and is_plain(numbers, 1, cnp.NPY_DOUBLE)
            and numbers.shape[0] == moment_numbers(q)):
        raise ValueError(f"moments of {q} columns must be {moment_numbers(q)} numbers of "
                         f"float64, got shape {shape_of(numbers)}, {numbers.dtype}")
    return 0


cdef inline MomentSums moments_in(Py_ssize_t q, double* numbers) noexcept nogil:
    """The moments that `numbers` hold in the order of MomentSums; the first four are copied"""
    cdef MomentSums made
    made.count, made.weight, made.weight_low = numbers[0], numbers[1], numbers[2]
    made.weight_exponent = numbers[3]
    made.mean = numbers + 4
    made.mean_low = made.mean + q
    made.exponent = made.mean_low + q
    made.gram = made.exponent + q
    made.gram_low = made.gram + q * q
    return made


cdef inline void keep_weight(const MomentSums* moments, double* numbers) noexcept nogil:
    """Put back the numbers that moments_in() copied"""
    numbers[0], numbers[1], numbers[2] = moments.count, moments.weight, moments.weight_low
    numbers[3] = moments.weight_exponent


# ---- a block ----

cdef inline void centre_column(Py_ssize_t rows, double shift, const double* weights, double* x,
                               double* low, double* left, double* left_low) noexcept nogil:
    """x + low = x - shift; left + left_low = weights (x + low) where there are weights"""
    cdef Py_ssize_t r = 0
    cdef f64v value, error, weight, lost
    while r < rows:
        load(&value, <const double*>x + r)
        value = two_sum(value, -fill_f64(shift), &error)
        store(x + r, value)
        store(low + r, error)
        if weights != NULL:
            load(&weight, weights + r)
            value = two_product(weight, value, &lost)
            store(left + r, value)
            store(left_low + r, mul_add(weight, error, lost))
        r += F64_LANES


cdef inline void centre_block(MomentRoom* room, const Block* block) noexcept nogil:
    """Centre the columns of a block and append the ones; behind the last row all is 0"""
    cdef Py_ssize_t q = room.Q - 1, ld = room.ld, rows = block.groups * GROUP, j, r
    for j in range(q):
        centre_column(rows, room.shifts[j], block.weights if room.weighted else NULL,
                      room.right + j * ld, room.right_low + j * ld, room.left + j * ld,
                      room.left_low + j * ld)
    for r in range(block.rows):
        room.right[q * ld + r] = 1
    if room.weighted:
        memcpy(room.left + q * ld, block.weights, rows * sizeof(double))
    clear_tail(block, room.right, room.Q, ld)
    clear_tail(block, room.right_low, q, ld)


cdef inline void gram_tile(const int rows, const int columns, Py_ssize_t depth,
                           const double* left, const double* left_low, const double* right,
                           const double* right_low, Py_ssize_t ld, double* sums,
                           Py_ssize_t ldsums) noexcept nogil:
    """sums[i, j] += left[i, r] right[j, r], row r to partial sum r % GROUP"""
    cdef f64v total[4]
    cdef f64v lost[4]
    cdef f64v y[2]
    cdef f64v y_low[2]
    cdef f64v x, x_low
    cdef Py_ssize_t part = 0, r
    cdef double* at
    cdef int i, j, k
    while part < GROUP:
        for i in range(rows):
            for j in range(columns):
                at = sums + i * ldsums + 2 * j * GROUP + part
                load(&total[i * columns + j], <const double*>at)
                load(&lost[i * columns + j], <const double*>at + GROUP)
        r = part
        while r < depth:
            for j in range(columns):
                load(&y[j], right + j * ld + r)
                load(&y_low[j], right_low + j * ld + r)
            for i in range(rows):
                load(&x, left + i * ld + r)
                load(&x_low, left_low + i * ld + r)
                for j in range(columns):
                    k = i * columns + j
                    sum_product(&total[k], &lost[k], x, y[j])
                    lost[k] = mul_add(x, y_low[j], mul_add(x_low, y[j], lost[k]))
            r += GROUP
        for i in range(rows):
            for j in range(columns):
                # Once a block, so that `lost` stays small and so does its rounding.
                at = sums + i * ldsums + 2 * j * GROUP + part
                store(at, two_sum(total[i * columns + j], lost[i * columns + j], &x_low))
                store(at + GROUP, x_low)
        part += F64_LANES


cdef void add_gram(MomentRoom* room, Py_ssize_t depth) noexcept nogil:
    """sums[i, j] += left[i, r] right[j, r] for i <= j, and a few below the diagonal"""
    cdef Py_ssize_t Q = room.Q, ld = room.ld, ldsums = 2 * Q * GROUP, i, j = 0
    cdef const double* left
    cdef const double* left_low
    cdef const double* right
    cdef const double* right_low
    cdef double* sums
    while j < Q:
        right = room.right + j * ld
        right_low = room.right_low + j * ld
        i = 0
        while i <= j:
            left = room.left + i * ld
            left_low = room.left_low + i * ld
            sums = room.sums + i * ldsums + 2 * j * GROUP
            if i + 1 < Q and j + 1 < Q:
                gram_tile(2, 2, depth, left, left_low, right, right_low, ld, sums, ldsums)
            elif i + 1 < Q:
                gram_tile(2, 1, depth, left, left_low, right, right_low, ld, sums, ldsums)
            else:
                gram_tile(1, 1, depth, left, left_low, right, right_low, ld, sums, ldsums)
            i += 2
        j += 2


# ---- the moments of rows ----

cdef inline void choose_scale(Py_ssize_t rows, const double* x, double* scale, double* shift,
                              double* exponent) noexcept nogil:
    """The scale of a column and the shift of the scaled column, by a sample"""
    cdef double total = 0, spread = 0
    cdef Py_ssize_t r
    cdef int power = 0
    for r in range(rows):       # halves, so that no difference overflows
        spread = max(spread, fabs(0.5 * x[r] - 0.5 * x[0]))
    if spread == 0 and rows:
        spread = fabs(x[0])
    frexp(spread, &power)
    power = max(-MAX_EXPONENT, min(MAX_EXPONENT, power))
    exponent[0] = power
    scale[0] = ldexp(1, -power)
    for r in range(rows):       # at the scale, so that no sum overflows
        total += (0.5 * x[r] - 0.5 * x[0]) * scale[0]
    shift[0] = x[0] * scale[0] + 2 * (total / rows) if rows else 0


cdef inline int exponent_of_weights(const Design* rows) noexcept nogil:
    """e of the unit 2^e of weights"""
    cdef Py_ssize_t whole = rows.n // GROUP, r
    cdef double total = 0, largest = 0
    cdef int power = 0
    if rows.weights == NULL:
        return 0
    total = column_sum(whole, rows.weights)
    for r in range(whole * GROUP, rows.n):
        total += rows.weights[r]
    if LEAST_WEIGHT * rows.n < total < LARGEST_WEIGHT * rows.n:
        return 0
    for r in range(rows.n):
        largest = max(largest, rows.weights[r])
    frexp(largest, &power)
    return max(-MAX_EXPONENT, power)


cdef void choose_scales(const Design* rows, MomentRoom* room, Block* block,
                        double* exponents) noexcept nogil:
    """Choose scales and shifts by a sample of the rows, which `block` and room.sums take"""
    cdef Design sample = rows[0]
    cdef double* weights = room.sums
    cdef Py_ssize_t step, r, j
    sample.n = min(rows.n, <Py_ssize_t>SAMPLE_ROWS, rows.ld - GROUP)
    sample.scaled = False
    step = rows.n // sample.n if sample.n else 1
    sample.row_step *= step
    sample.y_row_step *= step
    if rows.weights != NULL:
        for r in range(sample.n):
            weights[r] = rows.weights[r * step]
        sample.weights = weights
    pack_block(&sample, 0, block)
    for j in range(rows.p + rows.k):
        choose_scale(block.rows, block.columns + j * rows.ld, room.scales + j, room.shifts + j,
                     exponents + j)


cdef void sum_groups(Py_ssize_t Q, double* sums) noexcept nogil:
    """sums[i, j, :, 0] = the sum of the partial sums, as a pair, for i <= j

    It takes a register of sums at a time, and reads some behind the last.
    """
    cdef Py_ssize_t i, j, part, k
    cdef f64v highs[GROUP]
    cdef f64v lows[GROUP]
    cdef f64v total, low, high, error
    cdef double found[2 * GROUP]
    cdef double* at
    for i in range(Q):
        j = i
        while j < Q:
            at = sums + (i * Q + j) * 2 * GROUP
            total = low = fill_f64(0)
            part = 0
            while part < GROUP:
                load_columns(highs, <const double*>at + part, 2 * GROUP)
                load_columns(lows, <const double*>at + GROUP + part, 2 * GROUP)
                for k in range(F64_LANES):
                    high = two_sum(highs[k], lows[k], &error)
                    total = add_pairs(total, low, high, error, &low)
                part += F64_LANES
            store(found, total)
            store(found + GROUP, low)
            for k in range(min(F64_LANES, Q - j)):
                at[k * 2 * GROUP] = found[k]
                at[k * 2 * GROUP + GROUP] = found[GROUP + k]
            j += F64_LANES


cdef inline Pair sum_at(const MomentRoom* room, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """Entry (i, j) of the sums after sum_groups()"""
    cdef Pair found
    cdef const double* at = room.sums + (i * room.Q + j) * 2 * GROUP
    found.high = at[0]
    found.low = at[GROUP]
    return found


cdef void finish_moments(const MomentRoom* room, MomentSums* found) noexcept nogil:
    """mean = (shift + s / w) / scale, gram = sums - s s' / w for sums s of columns and w of ones"""
    cdef Py_ssize_t q = room.Q - 1, i, j
    cdef Pair weight = sum_at(room, q, q), offset, entry
    found.weight = weight.high
    found.weight_low = weight.low
    for j in range(q):
        offset = pair_quotient(sum_at(room, j, q), weight)
        for i in range(j + 1):
            entry = pair_difference(sum_at(room, i, j), pair_product(sum_at(room, i, q), offset))
            found.gram[i * q + j] = found.gram[j * q + i] = entry.high
            found.gram_low[i * q + j] = found.gram_low[j * q + i] = entry.low
        if found.gram[j * q + j] == 0:      # constant so far: any unit will do
            found.exponent[j] = -MAX_EXPONENT
        offset = pair_sum(as_pair(room.shifts[j]), offset)
        found.mean[j] = offset.high / room.scales[j]
        found.mean_low[j] = offset.low / room.scales[j]


cdef inline double partial_sums(double Q) noexcept nogil:
    """How many numbers the sums of a pass are; sum_groups() reads some behind the last"""
    return (Q * Q + GROUP) * 2 * GROUP


cdef void lay_out_moments(void* job, Arena* arena) noexcept nogil:
    """The pieces of a pass"""
    cdef MomentRoom* room = <MomentRoom*>job
    cdef double Q = room.Q, ld = room.ld
    room.scales = doubles(arena, Q - 1)
    room.shifts = doubles(arena, Q - 1)
    room.right = room.left = doubles(arena, Q * ld)
    room.right_low = room.left_low = doubles(arena, Q * ld)
    if room.weighted:
        room.left = doubles(arena, Q * ld)
        room.left_low = doubles(arena, Q * ld)
    room.sums = doubles(arena, partial_sums(Q))
    room.weights = doubles(arena, ld)
    room.kept = indices(arena, Q - 1)


cdef int accumulate_moments(Design* rows, MomentSums* found) noexcept nogil:
    """The moments of all rows, of the columns of X and then of y; -1 where memory ran out, else 0

    `rows` needs no kept, scales and ld. Rows of weight 0 do not count, whatever they hold; NaN and
    infinity in other rows make moments that are not finite. Without rows all is 0.
    """
    cdef Py_ssize_t q = rows.p + rows.k, Q = q + 1, ld = block_rows(Q), r = 0, j
    cdef MomentRoom room
    cdef Block block
    cdef void* memory
    room.Q, room.ld, room.weighted = Q, ld, rows.weights != NULL
    memory = working_memory(lay_out_moments, &room)
    if memory == NULL:
        return -1
    block.columns = room.right
    block.weights = room.weights
    rows.ld = ld
    rows.scales = room.scales
    rows.scaled = True
    rows.kept = room.kept
    for j in range(rows.p):
        rows.kept[j] = j
    memset(room.right_low + q * ld, 0, ld * sizeof(double))     # ones and weights are whole
    memset(room.left_low + q * ld, 0, ld * sizeof(double))
    found.weight_exponent = exponent_of_weights(rows)
    rows.weight_scale = ldexp(1, <int>-found.weight_exponent)
    choose_scales(rows, &room, &block, found.exponent)
    memset(room.sums, 0, <size_t>partial_sums(Q) * sizeof(double))
    found.count = 0
    while r < rows.n:
        r = pack_block(rows, r, &block)
        centre_block(&room, &block)
        add_gram(&room, block.groups * GROUP)
        found.count += block.rows
    if found.count > 0:
        sum_groups(Q, room.sums)
        finish_moments(&room, found)
    else:
        memset(found.mean, 0, (moment_numbers(q) - 4) * sizeof(double))
        found.weight = found.weight_low = found.weight_exponent = 0
    free(memory)
    return 0


# ---- the door ----

def moments_of(cnp.ndarray X not None, cnp.ndarray y not None, cnp.ndarray weights):
    """The moments of rows, as one vector of numbers in the order of MomentSums.

    X, y and weights are as set_rows() takes them.
    """
    cdef Design rows
    cdef MomentSums found
    cdef PyThreadState* state
    cdef cnp.ndarray made
    cdef double* numbers
    cdef Py_ssize_t q
    cdef int failed
    set_rows(&rows, X, y, weights)
    q = rows.p + rows.k
    if q > MOST_MOMENTS:
        raise MemoryError
    made = new_vector(moment_numbers(q), cnp.NPY_DOUBLE)
    numbers = <double*>cnp.PyArray_DATA(made)
    found = moments_in(q, numbers)
    state = release_gil(12.0 * rows.n * q * q)
    failed = accumulate_moments(&rows, &found)
    take_gil(state)
    if failed:
        raise MemoryError
    keep_weight(&found, numbers)
    return made
