# The rows of a regression as its kernels read them: a block at a time, columns apart.
#
# A design and its targets may lie in memory with any strides, as float32 or float64. A block
# holds some rows as columns of float64: the columns of X in use, then those of y. Each is scaled
# by a power of two, and zeros fill the last group of rows. Rows of weight 0 are left out. A sum
# over rows has GROUP partial sums, and row i goes to sum i % GROUP. So the bits do not depend on
# the number of lanes in a register.

cdef enum:
    GROUP = 8
    DESIGN_ROWS = 256        # rows of a block at most
    LEAST_DESIGN_ROWS = 64
    MANY_COLUMNS = 64       # fits of more columns look for interrupts between columns, too
    LINE_BYTES = 64         # of a cache line
    DESIGN_BYTES = 12288    # of a block of few columns: a first-level cache holds two

cdef struct Design:
    Py_ssize_t n            # rows
    Py_ssize_t p            # columns in use
    Py_ssize_t k            # targets
    Py_ssize_t columns      # of X, used or not
    const char* X
    Py_ssize_t row_step     # in bytes
    Py_ssize_t column_step
    bint narrow             # float32
    const char* y
    Py_ssize_t y_row_step
    Py_ssize_t y_column_step
    bint y_narrow
    const double* weights   # of the rows; NULL: 1
    double weight_scale     # factor of the weights, a power of two
    Py_ssize_t* kept        # the columns in use
    double* scales          # factors of the columns of X, then of the targets: powers of two
    bint scaled             # whether any scale is not 1
    Py_ssize_t ld           # from a column of a block to the next: GROUP more than its rows

cdef struct Block:
    double* columns         # column c of X at c * ld, then the targets
    double* weights         # of its rows, then zeros
    Py_ssize_t rows
    Py_ssize_t groups


cdef inline Py_ssize_t block_rows(Py_ssize_t columns) noexcept nogil:
    """Return the length of each column of a block with this number of columns

    It is GROUP more than the rows: at powers of two the columns would share the sets of a cache.
    """
    cdef Py_ssize_t rows = DESIGN_BYTES // (8 * max(columns, <Py_ssize_t>1))
    rows = max(min(rows, <Py_ssize_t>DESIGN_ROWS), <Py_ssize_t>LEAST_DESIGN_ROWS)
    return rows // GROUP * GROUP + GROUP


cdef inline void read_strided(const real* like, const char* source, Py_ssize_t step,
                              const Py_ssize_t* rows, Py_ssize_t count,
                              double* target) noexcept nogil:
    """target[i] = source[rows[i]]; rows NULL: i"""
    cdef Py_ssize_t i
    if rows == NULL:
        for i in range(count):
            target[i] = (<const real*>(source + i * step))[0]
    else:
        for i in range(count):
            target[i] = (<const real*>(source + rows[i] * step))[0]


cdef inline void read_column(bint narrow, const char* source, Py_ssize_t step,
                             const Py_ssize_t* rows, Py_ssize_t count,
                             double* target) noexcept nogil:
    """read_strided() of float32 or float64"""
    if narrow:
        read_strided(<const float*>NULL, source, step, rows, count, target)
    else:
        read_strided(<const double*>NULL, source, step, rows, count, target)


cdef inline void turn_rows(Py_ssize_t count, Py_ssize_t p, const double* X, Py_ssize_t ldx,
                           double* target, Py_ssize_t ld) noexcept nogil:
    """target[c, i] = X[i, c] for whole registers of rows; p is at least the number of lanes"""
    cdef f64v column[MAX_LANES]
    cdef Py_ssize_t L = F64_LANES, i = 0, c, k
    while i < count:
        c = 0
        while c < p:
            c = min(c, p - L)       # the last block overlaps the previous one
            load_columns(column, X + i * ldx + c, ldx)
            for k in range(L):
                store_f64(target + (c + k) * ld + i, column[k])
            c += L
        i += L


cdef inline Py_ssize_t pack_block(const Design* d, Py_ssize_t first,
                                  Block* block) noexcept nogil:
    """Fill the block with rows from `first` on; return the first row of the next block

    After an interrupt the block is empty, and the last.
    """
    cdef Py_ssize_t chosen[DESIGN_ROWS]
    cdef const Py_ssize_t* rows = NULL
    cdef Py_ssize_t count = 0, stop = first, ld = d.ld, whole = 0, c, i
    cdef const char* X = d.X
    cdef const char* y = d.y
    cdef double* target
    cdef double scale
    if first and interrupted(<double>ld * (d.p + d.k) * (d.p + d.k + 8)):
        block.rows = block.groups = 0
        return d.n
    if d.weights != NULL:
        while stop < d.n and count < ld - GROUP:
            if d.weights[stop] > 0:
                block.weights[count] = d.weights[stop] * d.weight_scale
                chosen[count] = stop
                count += 1
            stop += 1
        rows = chosen
    else:
        count = min(ld - GROUP, d.n - first)
        stop = first + count
        X += first * d.row_step
        y += first * d.y_row_step
    block.rows = count
    block.groups = (count + GROUP - 1) // GROUP
    if (rows == NULL and not d.narrow and d.column_step == 8 and d.p == d.columns
            and d.p >= F64_LANES and d.row_step % 8 == 0):
        whole = count - count % F64_LANES
        turn_rows(whole, d.p, <const double*>X, d.row_step // 8, block.columns, ld)
    for c in range(d.p):
        read_column(d.narrow, X + d.kept[c] * d.column_step + whole * d.row_step, d.row_step,
                    rows, count - whole, block.columns + c * ld + whole)
    for c in range(d.k):
        read_column(d.y_narrow, y + c * d.y_column_step, d.y_row_step, rows, count,
                    block.columns + (d.p + c) * ld)
    if d.scaled:
        for c in range(d.p + d.k):
            scale = d.scales[d.kept[c] if c < d.p else d.columns + c - d.p]
            if scale != 1:
                target = block.columns + c * ld
                for i in range(count):
                    target[i] = target[i] * scale
    clear_tail(block, block.columns, d.p + d.k, ld)
    if rows != NULL:
        clear_tail(block, block.weights, 1, ld)
    return stop


cdef inline void clear_tail(const Block* block, double* columns, Py_ssize_t count,
                            Py_ssize_t ld) noexcept nogil:
    """Write zeros after the last row, up to a whole group"""
    cdef Py_ssize_t c, i
    for c in range(count):
        for i in range(block.rows, block.groups * GROUP):
            columns[c * ld + i] = 0


cdef inline void fetch_ahead(const Design* d, Py_ssize_t next, Py_ssize_t part,
                             Py_ssize_t parts) noexcept nogil:
    """Prefetch part of the next block during the work on this one"""
    cdef Py_ssize_t size = min(d.ld - GROUP, d.n - next) * d.row_step, at, stop
    if d.row_step > 0 and d.column_step > 0 and d.row_step >= d.columns * d.column_step:
        at = size * part // parts
        stop = size * (part + 1) // parts
        while at < stop:
            prefetch(d.X + next * d.row_step + at)
            at += LINE_BYTES


# ---- sums over the rows of a block ----

cdef inline double sum_of_parts(const f64v* parts) noexcept nogil:
    """Return the sum of GROUP partial sums, in the same order at every level"""
    cdef double part[GROUP]
    cdef f64h left, right
    cdef Py_ssize_t half = GROUP // F64_LANES // 2, i
    for i in range(half):
        store_f64(part + i * F64_LANES, parts[i] + parts[i + half])
    if half == 0:
        store_f64(part, parts[0])
        load(&left, <const double*>part)
        load(&right, <const double*>part + GROUP // 2)
        store(part, left + right)
    return (part[0] + part[2]) + (part[1] + part[3])


cdef inline double column_sum(Py_ssize_t groups, const double* a) noexcept nogil:
    """Return sum a[i]"""
    cdef f64v parts[GROUP]
    cdef f64v v
    cdef Py_ssize_t i, lane
    for lane in range(GROUP // F64_LANES):
        parts[lane] = fill_f64(0)
    for i in range(groups):
        for lane in range(GROUP // F64_LANES):
            load(&v, a + i * GROUP + lane * F64_LANES)
            parts[lane] = parts[lane] + v
    return sum_of_parts(parts)


cdef inline void dot_tile(const int rows, const int columns, Py_ssize_t groups, const double* a,
                          const double* b, Py_ssize_t ld, double* out,
                          Py_ssize_t ldout) noexcept nogil:
    """out[i, j] = a[i] . b[j]; columns lie ld apart"""
    cdef f64v parts[8 * GROUP]
    cdef f64v left[4]
    cdef f64v right
    cdef Py_ssize_t at, g
    cdef int i, j, lane
    for i in range(rows * columns * (GROUP // F64_LANES)):
        parts[i] = fill_f64(0)
    for g in range(groups):
        for lane in range(GROUP // F64_LANES):
            at = g * GROUP + lane * F64_LANES
            for i in range(rows):
                load(&left[i], a + i * ld + at)
            for j in range(columns):
                load(&right, b + j * ld + at)
                for i in range(rows):
                    parts[(i * columns + j) * (GROUP // F64_LANES) + lane] = mul_add(
                        left[i], right, parts[(i * columns + j) * (GROUP // F64_LANES) + lane])
    for i in range(rows):
        for j in range(columns):
            out[i * ldout + j] = sum_of_parts(parts + (i * columns + j) * (GROUP // F64_LANES))


cdef void block_gram(Py_ssize_t p, Py_ssize_t k, Py_ssize_t groups, const double* a,
                     Py_ssize_t ld, double* G) noexcept nogil:
    """G[i, j] = a[i] . a[j] for i < p, i <= j < p + k, and G[p + 1, t] = a[p + t] . a[p + t]

    It also writes a few products below the diagonal and in row p.
    """
    cdef Py_ssize_t q = p + k, i = 0, j
    while i < p:
        j = i
        if q - i >= 2:
            while q - j >= 4 and F64_LANES == GROUP:
                dot_tile(2, 4, groups, a + i * ld, a + j * ld, ld, G + i * q + j, q)
                j += 4
            while q - j >= 2:
                dot_tile(2, 2, groups, a + i * ld, a + j * ld, ld, G + i * q + j, q)
                j += 2
            if j < q:
                dot_tile(2, 1, groups, a + i * ld, a + j * ld, ld, G + i * q + j, q)
        else:
            dot_tile(1, 1, groups, a + i * ld, a + j * ld, ld, G + i * q + j, q)
        i += 2
    if i > p and k:         # the last tile holds the square of the first target
        G[q * (p + 1)] = G[q * p + p]
    for j in range(i, q):
        dot_tile(1, 1, groups, a + j * ld, a + j * ld, 0, G + q * (p + 1) + j - p, 1)
