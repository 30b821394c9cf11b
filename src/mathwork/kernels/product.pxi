# The product y[m, n] = start[n] + x[m, k] w[k, n] that networks and matmul share.
#
# Every output is one chain of fused multiply-adds in the order k = 0, 1, 2, ... that starts
# from its bias. So its bits do not depend on how many rows or columns go with it, and the
# loops below are free to choose whatever tile is fastest:
#
#   tile             rows x registers outputs held in registers, one pass over k
#   panel_pass       any number of rows and registers, in tiles
#   product          the same, cut along k to stay in cache
#   ragged_product   the same for columns that do not fill the last register
#
# Weights come as panels two registers wide: w[k, n] at
# w[(n // 2L) * next_panel + k * ldw + n % 2L], which fits packed panels (ldw = 2L) and a
# row-major matrix as it is (next_panel = 2L).

cdef enum:
    MAX_PANELS = 4          # side by side for one row: 8 registers, latency 4 x 2 units a cycle
    MAX_LANES = 16
    ROW_BLOCK = 96          # rows that share a pass over the panels: a multiple of TILE_ROWS
    PACK_ROWS = 16          # of w that are packed together: pages in the first-level TLB
    SLICE_BYTES = 30720     # of a panel and the rows of one tile: a first-level cache
    X_BYTES = 98304         # of the rows that share a panel: a fifth of a second-level cache


cdef inline void tile(
        lanes like, const int rows, const int registers, Py_ssize_t K,
        const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw, Py_ssize_t next_panel,
        const real* start, Py_ssize_t ldstart, real* y, Py_ssize_t ldy,
        bint rectify) noexcept nogil:
    """y[i, j] = start[i, j] + x[i, k] w[k, j] (no start: 0), then relu; j in registers"""
    cdef lanes sums[3 * TILE_ROWS]
    cdef const real* panel[MAX_PANELS]
    cdef lanes value, weight
    cdef Py_ssize_t k, L = lane_count(x)
    cdef int i, j
    for j in range((registers + 1) // 2):
        panel[j] = w + j * next_panel
    for i in range(rows):
        for j in range(registers):
            if start == NULL:
                sums[i * registers + j] = fill(like, 0)
            else:
                load(&sums[i * registers + j], start + i * ldstart + j * L)
    for k in range(K):
        for i in range(rows):
            value = fill(like, x[i * ldx + k])
            for j in range(registers):
                # Loaded once for all rows: the compiler sees that nothing is stored between.
                load(&weight, panel[j // 2] + (j % 2) * L)
                sums[i * registers + j] = mul_add(value, weight, sums[i * registers + j])
        for j in range((registers + 1) // 2):
            panel[j] += ldw
    for i in range(rows):
        for j in range(registers):
            if rectify:
                store(y + i * ldy + j * L, relu(sums[i * registers + j]))
            else:
                store(y + i * ldy + j * L, sums[i * registers + j])


cdef inline void tile_of_registers(
        lanes like, const int rows, int registers, Py_ssize_t K,
        const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw, Py_ssize_t next_panel,
        const real* start, Py_ssize_t ldstart, real* y, Py_ssize_t ldy,
        bint rectify) noexcept nogil:
    """tile() with `registers` turned into the constant that its unrolling needs"""
    if registers == 1:
        tile(like, rows, 1, K, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy, rectify)
    elif registers == 2:
        tile(like, rows, 2, K, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy, rectify)
    elif rows <= 3 and registers == 3:
        tile(like, rows, 3, K, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy, rectify)
    elif rows <= 3 and registers == 4:
        tile(like, rows, 4, K, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy, rectify)
    elif rows == 1 and registers == 5:
        tile(like, rows, 5, K, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy, rectify)
    elif rows == 1 and registers == 6:
        tile(like, rows, 6, K, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy, rectify)
    elif rows == 1 and registers == 7:
        tile(like, rows, 7, K, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy, rectify)
    elif rows == 1 and registers == 8:
        tile(like, rows, 8, K, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy, rectify)


cdef inline void tile_of_rows(
        lanes like, Py_ssize_t rows, int registers, Py_ssize_t K,
        const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw, Py_ssize_t next_panel,
        const real* start, Py_ssize_t ldstart, real* y, Py_ssize_t ldy,
        bint rectify) noexcept nogil:
    """tile() with both sizes turned into constants; 2 <= rows <= TILE_ROWS"""
    if rows == 2:
        tile_of_registers(like, 2, registers, K, x, ldx, w, ldw, next_panel,
                          start, ldstart, y, ldy, rectify)
    elif rows == 3:
        tile_of_registers(like, 3, registers, K, x, ldx, w, ldw, next_panel,
                          start, ldstart, y, ldy, rectify)
    elif rows == 4:
        tile_of_registers(like, 4, registers, K, x, ldx, w, ldw, next_panel,
                          start, ldstart, y, ldy, rectify)
    elif TILE_ROWS >= 5 and rows == 5:
        tile_of_registers(like, 5, registers, K, x, ldx, w, ldw, next_panel,
                          start, ldstart, y, ldy, rectify)
    elif TILE_ROWS >= 6 and rows == 6:
        tile_of_registers(like, 6, registers, K, x, ldx, w, ldw, next_panel,
                          start, ldstart, y, ldy, rectify)
    elif TILE_ROWS >= 7 and rows == 7:
        tile_of_registers(like, 7, registers, K, x, ldx, w, ldw, next_panel,
                          start, ldstart, y, ldy, rectify)
    elif TILE_ROWS >= 8 and rows == 8:
        tile_of_registers(like, 8, registers, K, x, ldx, w, ldw, next_panel,
                          start, ldstart, y, ldy, rectify)
    elif TILE_ROWS >= 9 and rows == 9:
        tile_of_registers(like, 9, registers, K, x, ldx, w, ldw, next_panel,
                          start, ldstart, y, ldy, rectify)
    elif TILE_ROWS >= 10 and rows == 10:
        tile_of_registers(like, 10, registers, K, x, ldx, w, ldw, next_panel,
                          start, ldstart, y, ldy, rectify)
    elif TILE_ROWS >= 11 and rows == 11:
        tile_of_registers(like, 11, registers, K, x, ldx, w, ldw, next_panel,
                          start, ldstart, y, ldy, rectify)
    elif TILE_ROWS >= 12 and rows == 12:
        tile_of_registers(like, 12, registers, K, x, ldx, w, ldw, next_panel,
                          start, ldstart, y, ldy, rectify)


cdef inline Py_ssize_t side_by_side(Py_ssize_t registers, Py_ssize_t most) noexcept nogil:
    """How many of the registers left to take at once, as even a split as whole panels allow:
    10 of at most 8 go as 6 and 4"""
    cdef Py_ssize_t steps
    if registers <= most:
        return registers
    steps = (registers + most - 1) // most
    registers = (registers + steps - 1) // steps
    return registers + registers % 2


cdef void row_tile(
        lanes like, int registers, Py_ssize_t K, const real* x, const real* w, Py_ssize_t ldw,
        Py_ssize_t next_panel, const real* start, real* y, bint rectify) noexcept nogil:
    """tile() for one row; a function of its own, so that its loop has all address registers"""
    tile_of_registers(like, 1, registers, K, x, 0, w, ldw, next_panel, start, 0, y, 0, rectify)


cdef inline void row_product(
        lanes like, Py_ssize_t registers, Py_ssize_t K, const real* x, const real* w,
        Py_ssize_t ldw, Py_ssize_t next_panel, const real* start, real* y,
        bint rectify) noexcept nogil:
    """y[n] = start[n] + x[k] w[k, n], then relu; n in registers"""
    cdef Py_ssize_t width, L = lane_count(x)
    while registers:
        width = side_by_side(registers, 2 * MAX_PANELS)
        row_tile(like, <int>width, K, x, w, ldw, next_panel, start, y, rectify)
        w += width // 2 * next_panel
        if start != NULL:
            start += width * L
        y += width * L
        registers -= width


cdef void panel_pass(
        lanes like, Py_ssize_t M, Py_ssize_t registers, Py_ssize_t K,
        const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw, Py_ssize_t next_panel,
        const real* start, Py_ssize_t ldstart, real* y, Py_ssize_t ldy,
        bint rectify) noexcept nogil:
    """y[m, n] = start[m, n] + x[m, k] w[k, n], then relu; n in registers"""
    cdef Py_ssize_t L = lane_count(x), tiles, base, extra, m, i, t, rows, width
    if M <= 1:
        if M == 1:
            row_product(like, registers, K, x, w, ldw, next_panel, start, y, rectify)
        return
    tiles = (M + TILE_ROWS - 1) // TILE_ROWS
    base = M // tiles
    extra = M % tiles
    while registers:
        # Two or three rows leave room for more columns, and need them to keep enough chains.
        width = side_by_side(registers, 4 if M <= 3 else 2)
        m = 0
        for t in range(tiles):
            rows = base + (t < extra)
            if ldstart:
                for i in range(rows):       # the sums of the next tile
                    prefetch(start + (m + rows + i) * ldstart)
            tile_of_rows(like, rows, <int>width, K, x + m * ldx, ldx, w, ldw, next_panel,
                         start + m * ldstart if start != NULL else NULL, ldstart,
                         y + m * ldy, ldy, rectify)
            m += rows
        w += width // 2 * next_panel
        if start != NULL:
            start += width * L
        y += width * L
        registers -= width


cdef inline Py_ssize_t slice_depth(const real* like, Py_ssize_t K) noexcept nogil:
    """How many k to take at once: as even a split of K as the first-level cache asks for"""
    cdef Py_ssize_t most = SLICE_BYTES // (
        (2 * lane_count(like) + TILE_ROWS) * <Py_ssize_t>sizeof(real))
    cdef Py_ssize_t slices = max((K + most // 2) // most, 1)
    return (K + slices - 1) // slices


cdef inline Py_ssize_t shared_rows(const real* like, Py_ssize_t depth) noexcept nogil:
    """How many rows to take at once: what fits the first-level cache beside a panel where that
    is some tiles, else the second-level cache"""
    cdef Py_ssize_t row = depth * <Py_ssize_t>sizeof(real)
    cdef Py_ssize_t tiles = (SLICE_BYTES - 2 * lane_count(like) * row) // (row * TILE_ROWS)
    return TILE_ROWS * (tiles if tiles >= 4 else max(X_BYTES // (row * TILE_ROWS), 1))


cdef void product(
        lanes like, Py_ssize_t M, Py_ssize_t N, Py_ssize_t K,
        const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw, Py_ssize_t next_panel,
        const real* start, real* y, Py_ssize_t ldy, bint rectify, real* room) noexcept nogil:
    """y[m, n] = start[n] + x[m, k] w[k, n], then relu; N a multiple of the lane count

    A long k is cut into slices, so that a panel stays in the first-level cache while many rows
    pass; the sums rest in y meanwhile, which changes no bit. The rows go in blocks that stay in
    the second-level cache while all panels pass, their part of a slice copied together. Given
    room for it, each slice of a row-major w is packed; otherwise w is read as it lies.
    """
    cdef Py_ssize_t most_depth = slice_depth(x, K), most_rows, depth, rows, k = 0, m, i
    cdef const real* block
    cdef const real* panels
    cdef char buffer[X_BYTES]
    cdef real* together = <real*>buffer
    if M <= TILE_ROWS or K == 0:
        panel_pass(like, M, N // lane_count(x), K, x, ldx, w, ldw, next_panel, start, 0, y, ldy,
                   rectify)
        return
    most_rows = shared_rows(x, most_depth)
    while k < K:
        depth = min(most_depth, K - k)
        panels = w + k * ldw
        if room != NULL:
            pack(depth, N, panels, ldw, room)
            panels = room
        m = 0
        while m < M:
            rows = min(most_rows, M - m)
            block = x + m * ldx + k
            if depth < K:
                for i in range(rows):
                    memcpy(together + i * depth, block + i * ldx, depth * sizeof(real))
                block = together
            panel_pass(like, rows, N // lane_count(x), depth, block, depth if depth < K else ldx,
                       panels, ldw if room == NULL else panel_width(x, N),
                       next_panel if room == NULL else panel_width(x, N) * depth,
                       <const real*>y + m * ldy if k else start, ldy if k else 0, y + m * ldy, ldy,
                       rectify and k + depth == K)
            m += rows
        k += depth


cdef inline void ragged_product(
        lanes like, Py_ssize_t M, Py_ssize_t N, Py_ssize_t K,
        const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw, Py_ssize_t next_panel,
        const real* start, real* y, Py_ssize_t ldy, bint rectify) noexcept nogil:
    """product() for any N; w and start are readable up to the next multiple of the lane count

    A panel with a partial register goes through a buffer, so nothing past y[m, N - 1] is written.
    """
    cdef Py_ssize_t L = lane_count(x), full = N - N % (2 * L) if N % L else N
    cdef Py_ssize_t width = (N - full + L - 1) // L * L, m = 0, i, rows
    cdef real last[ROW_BLOCK * 2 * MAX_LANES]
    if full:
        product(like, M, full, K, x, ldx, w, ldw, next_panel, start, y, ldy, rectify, NULL)
    if full == N:
        return
    w += full // (2 * L) * next_panel
    while m < M:
        rows = min(ROW_BLOCK, M - m)
        product(like, rows, width, K, x + m * ldx, ldx, w, ldw, next_panel,
                start + full if start != NULL else NULL, last, width, rectify, NULL)
        for i in range(rows):
            memcpy(y + (m + i) * ldy + full, last + i * width, (N - full) * sizeof(real))
        m += rows


cdef inline Py_ssize_t panel_width(const real* like, Py_ssize_t N) noexcept nogil:
    """Columns of a packed panel: two registers, or one where that holds all N"""
    return lane_count(like) if N <= lane_count(like) else 2 * lane_count(like)


cdef inline Py_ssize_t packed_columns(const real* like, Py_ssize_t N) noexcept nogil:
    """Columns of all the packed panels for N columns"""
    cdef Py_ssize_t width = panel_width(like, N)
    return (N + width - 1) // width * width


cdef void pack(Py_ssize_t K, Py_ssize_t N, const real* w, Py_ssize_t ldw,
               real* panels) noexcept nogil:
    """panels[n // width, k, n % width] = w[k, n], zero for n >= N

    A few rows of w at a time, so that the pages read and written stay in the TLB.
    """
    cdef Py_ssize_t width = panel_width(w, N), k = 0, n, i, columns
    cdef real* target
    while k < K:
        n = 0
        while n < N:
            columns = min(width, N - n)
            target = panels + n * K + k * width
            for i in range(min(<Py_ssize_t>PACK_ROWS, K - k)):
                if columns == 2 * lane_count(w):
                    memcpy(target, w + (k + i) * ldw + n, 2 * lane_count(w) * sizeof(real))
                else:
                    memset(target, 0, width * sizeof(real))
                    memcpy(target, w + (k + i) * ldw + n, columns * sizeof(real))
                target += width
            n += width
        k += PACK_ROWS
