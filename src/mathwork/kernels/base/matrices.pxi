# Products of matrices, read in place.
#
#   matrix_times_vector    W x for a row-major W: the lanes are rows, transposed block by block
#   matrix_times_matrix    A B by product(), with B packed if enough rows of A share it

cdef enum:
    DIRECT_BYTES = 43008    # largest B read in place: not much more than a first-level cache
    MOST_REGISTERS = 3      # registers of rows that advance side by side
    SET_BYTES = 4096        # addresses this far apart share a cache set
    WAYS = 8                # cache lines of a set
    LONG_ROW = 128          # terms; longer rows are worth a third register


cdef inline void add_block(vectors* sums, const int registers, Py_ssize_t first, const real* W,
                           Py_ssize_t ldw, const real* x) noexcept nogil:
    """sums[i][m] += W[i L + m, k] x[k], first <= k < L, for blocks of L columns"""
    cdef vectors column[MOST_REGISTERS * MAX_LANES]
    cdef vectors factor
    cdef Py_ssize_t L = lanes_in(sums[0]), k
    cdef int i
    for i in range(registers):
        load_columns(column + i * MAX_LANES, W + i * L * ldw, ldw)
    for k in range(first, L):
        factor = fill(sums[0], x[k])
        for i in range(registers):
            sums[i] = mul_add(column[i * MAX_LANES + k], factor, sums[i])


cdef inline void add_blocks(vectors* sums, const int registers, const int parts,
                            Py_ssize_t start, Py_ssize_t stop, Py_ssize_t part, const real* W,
                            Py_ssize_t ldw, const real* x) noexcept nogil:
    """sums[p, i][m] += W[i L + m, p part + k] x[p part + k], start <= k < stop, in whole blocks"""
    cdef Py_ssize_t k = start
    cdef int p
    while k < stop:
        for p in range(parts):
            add_block(sums + p * registers, registers, 0, W + p * part + k, ldw,
                      x + p * part + k)
        k += lanes_in(sums[0])


cdef inline void rows_times_vector(vectors like, const int registers, const int together,
                                   Py_ssize_t K, const real* W, const real* x, const real* start,
                                   real* y) noexcept nogil:
    """y[m] = start[m] + W[m, k] x[k] for `registers` registers of rows; K >= L

    One or two parts of the sums advance together.
    """
    cdef vectors sums[2 * MOST_REGISTERS]
    cdef vectors totals[MOST_REGISTERS]
    cdef Py_ssize_t L = lanes_in(like), part = part_length(K), tail = K % L, left = K, both
    cdef bint first = True
    cdef int i, last
    for i in range(registers):
        totals[i] = fill(like, 0)
    while True:
        for i in range(together * registers):
            sums[i] = fill(like, 0)
            if first and start != NULL and i < registers:
                load(&sums[i], start + i * L)
        # Only the last part can have an incomplete block.
        both = part_terms(1, left - tail, part) if together == 2 else 0
        add_blocks(sums, registers, together, 0, both, part, W, K, x)
        add_blocks(sums, registers, 1, both, part_terms(0, left - tail, part), part, W, K, x)
        if tail and left <= together * part:
            last = 1 if left > part else 0
            if last == 0:
                add_block(sums, registers, L - tail, W + left - L, K, x + left - L)
            elif together == 2:
                add_block(sums + registers, registers, L - tail, W + left - L, K, x + left - L)
        for i in range(registers):
            totals[i] = sums[i] if first else totals[i] + sums[i]
            if together == 2 and left > part:
                totals[i] = totals[i] + sums[registers + i]
        left -= together * part
        if left <= 0:
            break
        first = False
        W += together * part
        x += together * part
    for i in range(registers):
        store(y + i * L, totals[i])


cdef inline void all_rows_times_vector(
        vectors like, const int registers, const int together, Py_ssize_t M, Py_ssize_t K,
        const real* W, const real* x, const real* start, real* y) noexcept nogil:
    """y[m] = start[m] + W[m, k] x[k], `registers` at a time, then one register at a time"""
    cdef Py_ssize_t L = lanes_in(like), m = 0, row
    while m + registers * L <= M:
        rows_times_vector(like, registers, together, K, W + m * K, x,
                          start + m if start != NULL else NULL, y + m)
        m += registers * L
    while m < M:
        row = min(m, M - L)     # the last register overlaps the previous one and repeats its bits
        rows_times_vector(like, 1, 2, K, W + row * K, x, start + row if start != NULL else NULL,
                          y + row)
        m += L


cdef inline void few_rows_times_vector(
        vectors like, Py_ssize_t M, Py_ssize_t K, const real* W, const real* x, const real* start,
        real* y) noexcept nogil:
    """y[m] = start[m] + W[m, k] x[k] for fewer rows than lanes; it copies their blocks"""
    cdef vectors sums, total = fill(like, 0)
    cdef real block[MAX_LANES * MAX_LANES]
    cdef Py_ssize_t L = lanes_in(like), part = part_length(K), k = 0, at, m, stop = 0
    memset(block, 0, sizeof(block))
    if start != NULL:
        memcpy(block, start, M * sizeof(real))
    load(&sums, <const real*>block)
    while True:
        stop = min(stop + part, K)
        while k < stop:
            at = min(k, K - L)      # the last block overlaps the previous one
            for m in range(M):
                memcpy(block + m * L, W + m * K + at, L * sizeof(real))
            add_block(&sums, 1, k - at, <const real*>block, L, x + at)
            k = at + L
        total = total + sums if stop > part else sums
        if stop == K:
            break
        sums = fill(like, 0)
    store(block, total)
    memcpy(y, block, M * sizeof(real))


cdef void matrix_times_vector(
        vectors like, Py_ssize_t M, Py_ssize_t K, const real* W, const real* x, const real* start,
        real* y) noexcept nogil:
    """y[m] = start[m] + W[m, k] x[k] (no start: 0) for a row-major W

    Three registers of rows give enough chains and share each x[k]. Rows that lie a multiple of
    SET_BYTES apart, or of half as much, compete for the WAYS lines of one or two cache sets;
    they take fewer registers.
    """
    cdef vectors sums
    cdef real one[MAX_LANES]
    cdef Py_ssize_t L = lanes_in(like), m = 0, k, stride = K * <Py_ssize_t>sizeof(real)
    cdef Py_ssize_t registers
    if K < L:
        for m in range(M):
            sums = fill(like, start[m] if start != NULL else 0)
            for k in range(K):
                sums = mul_add(fill(like, W[m * K + k]), fill(like, x[k]), sums)
            store(one, sums)
            y[m] = one[0]
        return
    if M < L:
        few_rows_times_vector(like, M, K, W, x, start, y)
        return
    registers = 3 if K >= LONG_ROW else 2
    if stride % (SET_BYTES // 2) == 0:
        registers = min(registers, (WAYS if stride % SET_BYTES == 0 else 2 * WAYS) // L)
    if registers == 3:
        all_rows_times_vector(like, 3, 1, M, K, W, x, start, y)
    elif registers == 2:
        all_rows_times_vector(like, 2, 1, M, K, W, x, start, y)
    else:
        all_rows_times_vector(like, 1, 2, M, K, W, x, start, y)


cdef inline void half_times_vector(
        lanes like, Py_ssize_t M, Py_ssize_t K, const real* W, const real* x, const real* start,
        real* y) noexcept nogil:
    """matrix_times_vector() in half registers: a transpose of 512 bits takes longer than two"""
    if lanes is f32v:
        matrix_times_vector(<f32h>fill_f32h(0), M, K, W, x, start, y)
    else:
        matrix_times_vector(<f64h>fill_f64h(0), M, K, W, x, start, y)


cdef struct Packed:             # the packed parts of the right factor of a product
    Py_ssize_t slice_numbers, rest_numbers
    size_t number               # bytes of a number
    void* slice                 # one slice of rows of the columns in whole registers
    void* rest                  # all rows of the columns behind them


cdef inline void lay_out_packed(void* job, Arena* arena) noexcept nogil:
    """The pieces of matrix_times_matrix()"""
    cdef Packed* packed = <Packed*>job
    packed.slice = take(arena, packed.slice_numbers, packed.number)
    packed.rest = take(arena, packed.rest_numbers, packed.number)


cdef int matrix_times_matrix(
        lanes like, Py_ssize_t M, Py_ssize_t N, Py_ssize_t K, const real* A, const real* B,
        real* C) noexcept nogil:
    """C[m, n] = A[m, k] B[k, n], row-major; -1 where memory ran out, else 0

    Slices of B are packed into panels if enough rows share them, else they are read as they lie. A
    partial register is always packed, for many rows with the whole one beside it.
    """
    cdef Py_ssize_t L = lane_count(A), full = N - N % L
    cdef Packed packed
    cdef void* memory = NULL
    if N == 1:
        half_times_vector(like, M, K, A, B, <const real*>NULL, C)
        return 0
    if M > TILE_ROWS and full < N:
        full -= full % (2 * L)
    packed.slice = packed.rest = NULL
    packed.number = sizeof(real)
    packed.slice_numbers, packed.rest_numbers = 0, K * packed_columns(A, N - full)
    if M > TILE_ROWS and K * full * <Py_ssize_t>sizeof(real) > DIRECT_BYTES:
        packed.slice_numbers = slice_depth(A, K, part_length(K)) * packed_columns(A, full)
    if packed.slice_numbers or packed.rest_numbers:
        memory = working_memory(lay_out_packed, &packed)
        if memory == NULL:
            return -1
    if full:
        product(like, M, full, K, A, K, B, N, 2 * L, <const real*>NULL, C, N, False,
                <real*>packed.slice if packed.slice_numbers else <real*>NULL)
    if full < N:
        pack(K, N - full, B + full, N, <real*>packed.rest)
        ragged_product(like, M, N - full, K, A, K, <const real*>packed.rest,
                       panel_width(A, N - full), 0, <const real*>NULL, C + full, N, False)
    free(memory)
    return 0
