# The product y[m, n] = start[n] + x[m, k] w[k, n]. Networks, matmul and matvec share it.
#
# A sum of K terms is cut into contiguous parts of part_length(K) terms; the last part may be
# shorter. Each part is one chain of fused multiply-adds in the order of k. The first chain starts
# from the bias, the others from zero, and the parts are added in order. So the bits of an output do
# not depend on the number of rows or columns, and the loops below may choose the fastest tile:
#
#   tile             rows x registers outputs held in registers, parts in turn or side by side
#   row_product      one row: parts side by side if it has too few outputs to keep busy
#   panel_pass       any number of rows and registers, in tiles
#   product          the same, cut between parts to stay in cache
#   ragged_product   the same for columns that do not fill the last register
#
# Weights come as panels two registers wide. w[k, n] is at
# w[(n // 2L) * next_panel + k * ldw + n % 2L]. This fits packed panels (ldw = 2L) and a row-major
# matrix in place (next_panel = 2L).

cdef enum:
    MAX_PANELS = 4          # panels at a time for one row: 8 registers, latency 4 x 2 units a cycle
    PANEL_BYTES = 128       # bytes in a row of the widest panel: two registers
    MAX_THIRDS = 4          # groups of three rows in a tile
    MOST_SUMS = 24          # sums of a tile: 12 rows x 2 registers on arm64, 6 x 2, 3 x 4 or 1 x 8
    ROW_BLOCK = 96          # rows that share a pass over the panels: a multiple of TILE_ROWS
    PACK_ROWS = 16          # rows of w packed together: their pages fit the first-level TLB
    SLICE_BYTES = 98304     # bytes for a panel and the rows of one tile
    X_BYTES = 262144        # bytes for the rows that share a panel: half of a second-level cache

# The parts of a sum. A single row needs several chains, because each chain waits four cycles for
# its last term. A batch has enough chains, and every part costs it one more addition per output.
cdef enum:
    CUT_SUM = 32            # a sum of fewer terms is one part
    PARTS = 4               # a longer sum has four parts, or more parts of
    LONGEST_PART = 256
    PART_UNIT = 8           # parts are multiples of this: whole blocks of matvec


cdef inline Py_ssize_t part_length(Py_ssize_t K) noexcept nogil:
    """Return the number of terms in each part but the last of a sum of K terms"""
    if K < CUT_SUM:
        return max(K, <Py_ssize_t>1)
    return min(<Py_ssize_t>LONGEST_PART,
               (K + PARTS * PART_UNIT - 1) // (PARTS * PART_UNIT) * PART_UNIT)


cdef inline vectors relu(vectors x) noexcept nogil:
    """max(x, 0); the addition turns -0.0 into 0.0"""
    return larger(fill(x, 0), x) + fill(x, 0)


cdef inline void add_terms(
        vectors* sums, const int rows, const int registers, const int parts, Py_ssize_t terms,
        Py_ssize_t part, const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw,
        Py_ssize_t next_panel) noexcept nogil:
    """sums[p, i, j] += x[i, p part + k] w[p part + k, j], k < terms; rows or parts are 1

    Every third row (or part) of x has a pointer. The next two lie one and two strides away, and
    these addresses cost nothing. A compiler left alone takes a pointer for each row.
    """
    cdef const real* third[MAX_THIRDS]
    cdef const real* panel[MAX_PANELS]
    cdef vectors value, weight
    cdef Py_ssize_t k, L = lanes_in(sums[0]), stride = ldx if parts == 1 else part
    cdef int j, s
    for s in range((rows * parts + 2) // 3):
        third[s] = x + 3 * s * stride
    for j in range((registers + 1) // 2):
        panel[j] = w + j * next_panel
    for k in range(terms):
        for s in range(rows * parts):
            value = fill(sums[0], third[s // 3][s % 3 * stride])
            for j in range(registers):
                # Loaded once for all rows: the compiler sees no store in between.
                load(&weight, panel[j // 2] + s // rows * part * ldw + (j % 2) * L)
                sums[s * registers + j] = mul_add(value, weight, sums[s * registers + j])
        for j in range((registers + 1) // 2):
            panel[j] = <const real*>anew(<Py_ssize_t>(panel[j] + ldw))
        for s in range((rows * parts + 2) // 3):
            third[s] = <const real*>anew(<Py_ssize_t>(third[s] + 1))


cdef inline void hold(int i, vectors total, vectors* totals, real* held) noexcept nogil:
    """Keep a total for held_total(): in a register if there are enough, else in memory"""
    if TOTALS_STAY:
        totals[i] = total
    else:
        store(<real*>anew(<Py_ssize_t>held) + i * lanes_in(total), total)


cdef inline vectors held_total(int i, vectors* totals, const real* held) noexcept nogil:
    cdef vectors total
    if TOTALS_STAY:
        return totals[i]
    load(&total, <const real*>anew(<Py_ssize_t>held) + i * lanes_in(totals[0]))
    return total


cdef inline Py_ssize_t part_terms(Py_ssize_t which, Py_ssize_t K, Py_ssize_t part) noexcept nogil:
    """Return how many of K terms part number `which` has"""
    return max(<Py_ssize_t>0, min(part, K - which * part))


cdef inline void tile(
        vectors like, const int rows, const int registers, const int together, Py_ssize_t K,
        Py_ssize_t part, const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw,
        Py_ssize_t next_panel, const real* start, Py_ssize_t ldstart, real* y, Py_ssize_t ldy,
        bint onward, bint rectify) noexcept nogil:
    """y[i, j] = start[i, j] + x[i, k] w[k, j] (no start: 0), then relu if `rectify`

    j counts registers. 1, 2 or 4 parts advance together. If `onward`, y holds the sum of earlier
    parts and start is NULL.
    """
    cdef vectors sums[MOST_SUMS]
    cdef vectors total
    cdef vectors totals[MOST_SUMS]
    cdef real held[MOST_SUMS * MAX_LANES]
    cdef Py_ssize_t L = lanes_in(like), done, more
    cdef int i, j, p, size = rows * registers
    cdef bint whole
    ldx = anew(ldx)
    for i in range(rows):
        for j in range(registers):
            if start == NULL:
                sums[i * registers + j] = fill(like, 0)
            else:
                load(&sums[i * registers + j], start + i * ldstart + j * L)
            if TOTALS_STAY:
                totals[i * registers + j] = fill(like, 0)
            if onward:
                load(&total, <const real*>y + i * ldy + j * L)
                hold(i * registers + j, total, totals, held)
    while True:
        for p in range(size, together * size):
            sums[p] = fill(like, 0)
        whole = K >= together * part
        add_terms(sums, rows, registers, together,
                  part if whole else part_terms(together - 1, K, part), part, x, ldx, w, ldw,
                  next_panel)
        if together > 1 and not whole:
            # The shorter last part has ended; the parts before it go on.
            done = part_terms(together - 1, K, part)
            if together == 4:
                more = part_terms(2, K, part) - done
                add_terms(sums, rows, registers, 3, more, part, x + done, ldx, w + done * ldw,
                          ldw, next_panel)
                done += more
                more = part_terms(1, K, part) - done
                add_terms(sums, rows, registers, 2, more, part, x + done, ldx, w + done * ldw,
                          ldw, next_panel)
                done += more
            more = part_terms(0, K, part) - done
            add_terms(sums, rows, registers, 1, more, part, x + done, ldx, w + done * ldw, ldw,
                      next_panel)
        if onward:
            for i in range(size):
                sums[i] = held_total(i, totals, held) + sums[i]
        for p in range(1, together):
            if whole or K > p * part:
                for i in range(size):
                    sums[i] = sums[i] + sums[p * size + i]
        K -= together * part
        if K <= 0:
            break
        onward = True
        x += together * part
        w += together * part * ldw
        for i in range(size):
            hold(i, sums[i], totals, held)
            sums[i] = fill(like, 0)
    ldy = anew(ldy)
    for i in range(rows):
        for j in range(registers):
            if rectify:
                store(y + i * ldy + j * L, relu(sums[i * registers + j]))
            else:
                store(y + i * ldy + j * L, sums[i * registers + j])


cdef inline void tiles(
        vectors like, const int rows, const int registers, Py_ssize_t count, Py_ssize_t K,
        Py_ssize_t part, const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw,
        Py_ssize_t next_panel, const real* start, Py_ssize_t ldstart, real* y, Py_ssize_t ldy,
        bint onward, bint rectify) noexcept nogil:
    """Compute `count` tiles below one another"""
    cdef Py_ssize_t t
    cdef int i, j
    for t in range(count):
        if onward or ldstart:
            for i in range(rows):       # fetch the sums of the next tile
                for j in range(registers):
                    prefetch(y + (rows + i) * ldy + j * lanes_in(like))
        tile(like, rows, registers, 1, K, part, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy,
             onward, rectify)
        x += rows * ldx
        y += rows * ldy
        if ldstart:
            start += rows * ldstart


cdef inline void tiles_of_registers(
        vectors like, const int rows, int registers, Py_ssize_t count, Py_ssize_t K,
        Py_ssize_t part, const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw,
        Py_ssize_t next_panel, const real* start, Py_ssize_t ldstart, real* y, Py_ssize_t ldy,
        bint onward, bint rectify) noexcept nogil:
    """tiles() with `registers` as a constant, which unrolling needs"""
    if registers == 1:
        tiles(like, rows, 1, count, K, part, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy,
              onward, rectify)
    elif registers == 2:
        tiles(like, rows, 2, count, K, part, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy,
              onward, rectify)
    elif rows <= 3 and registers == 3:
        tiles(like, rows, 3, count, K, part, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy,
              onward, rectify)
    elif rows <= 3 and registers == 4:
        tiles(like, rows, 4, count, K, part, x, ldx, w, ldw, next_panel, start, ldstart, y, ldy,
              onward, rectify)


cdef void tiles_of_rows(
        vectors like, Py_ssize_t rows, int registers, Py_ssize_t count, Py_ssize_t K,
        Py_ssize_t part, const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw,
        Py_ssize_t next_panel, const real* start, Py_ssize_t ldstart, real* y, Py_ssize_t ldy,
        bint onward, bint rectify) noexcept nogil:
    """tiles() with both sizes as constants; 2 <= rows <= TILE_ROWS"""
    if rows == 2:
        tiles_of_registers(like, 2, registers, count, K, part, x, ldx, w, ldw, next_panel, start,
                           ldstart, y, ldy, onward, rectify)
    elif rows == 3:
        tiles_of_registers(like, 3, registers, count, K, part, x, ldx, w, ldw, next_panel, start,
                           ldstart, y, ldy, onward, rectify)
    elif rows == 4:
        tiles_of_registers(like, 4, registers, count, K, part, x, ldx, w, ldw, next_panel, start,
                           ldstart, y, ldy, onward, rectify)
    elif TILE_ROWS >= 5 and rows == 5:
        tiles_of_registers(like, 5, registers, count, K, part, x, ldx, w, ldw, next_panel, start,
                           ldstart, y, ldy, onward, rectify)
    elif TILE_ROWS >= 6 and rows == 6:
        tiles_of_registers(like, 6, registers, count, K, part, x, ldx, w, ldw, next_panel, start,
                           ldstart, y, ldy, onward, rectify)
    elif TILE_ROWS >= 7 and rows == 7:
        tiles_of_registers(like, 7, registers, count, K, part, x, ldx, w, ldw, next_panel, start,
                           ldstart, y, ldy, onward, rectify)
    elif TILE_ROWS >= 8 and rows == 8:
        tiles_of_registers(like, 8, registers, count, K, part, x, ldx, w, ldw, next_panel, start,
                           ldstart, y, ldy, onward, rectify)
    elif TILE_ROWS >= 9 and rows == 9:
        tiles_of_registers(like, 9, registers, count, K, part, x, ldx, w, ldw, next_panel, start,
                           ldstart, y, ldy, onward, rectify)
    elif TILE_ROWS >= 10 and rows == 10:
        tiles_of_registers(like, 10, registers, count, K, part, x, ldx, w, ldw, next_panel, start,
                           ldstart, y, ldy, onward, rectify)
    elif TILE_ROWS >= 11 and rows == 11:
        tiles_of_registers(like, 11, registers, count, K, part, x, ldx, w, ldw, next_panel, start,
                           ldstart, y, ldy, onward, rectify)
    elif TILE_ROWS >= 12 and rows == 12:
        tiles_of_registers(like, 12, registers, count, K, part, x, ldx, w, ldw, next_panel, start,
                           ldstart, y, ldy, onward, rectify)


cdef inline Py_ssize_t side_by_side(Py_ssize_t registers, Py_ssize_t most) noexcept nogil:
    """Return how many of the remaining registers to take at once, at most `most`

    The split is as even as whole panels allow: 10 with at most 8 go as 6 and 4.
    """
    cdef Py_ssize_t steps
    if registers <= most:
        return registers
    steps = (registers + most - 1) // most
    registers = (registers + steps - 1) // steps
    return registers + registers % 2


cdef void row_tile(
        vectors like, int registers, Py_ssize_t K, Py_ssize_t part, const real* x, const real* w,
        Py_ssize_t ldw, Py_ssize_t next_panel, const real* start, real* y, bint onward,
        bint rectify) noexcept nogil:
    """tile() for one row; 4, 2 or 1 of several parts advance together, to have at least 4 chains

    It is a function of its own, so that its loop has all address registers.
    """
    if registers == 8:
        tile(like, 1, 8, 1, K, part, x, 0, w, ldw, next_panel, start, 0, y, 0, onward, rectify)
    elif K <= part:
        if registers == 1:
            tile(like, 1, 1, 1, K, part, x, 0, w, ldw, next_panel, start, 0, y, 0, onward, rectify)
        elif registers == 2:
            tile(like, 1, 2, 1, K, part, x, 0, w, ldw, next_panel, start, 0, y, 0, onward, rectify)
        elif registers == 3:
            tile(like, 1, 3, 1, K, part, x, 0, w, ldw, next_panel, start, 0, y, 0, onward, rectify)
        elif registers == 4:
            tile(like, 1, 4, 1, K, part, x, 0, w, ldw, next_panel, start, 0, y, 0, onward, rectify)
        elif registers == 5:
            tile(like, 1, 5, 1, K, part, x, 0, w, ldw, next_panel, start, 0, y, 0, onward, rectify)
        elif registers == 6:
            tile(like, 1, 6, 1, K, part, x, 0, w, ldw, next_panel, start, 0, y, 0, onward, rectify)
        elif registers == 7:
            tile(like, 1, 7, 1, K, part, x, 0, w, ldw, next_panel, start, 0, y, 0, onward, rectify)
    elif registers == 1:
        tile(like, 1, 1, 4, K, part, x, 0, w, ldw, next_panel, start, 0, y, 0, onward, rectify)
    elif registers == 2:
        tile(like, 1, 2, 4, K, part, x, 0, w, ldw, next_panel, start, 0, y, 0, onward, rectify)
    elif registers == 3:
        tile(like, 1, 3, 2, K, part, x, 0, w, ldw, next_panel, start, 0, y, 0, onward, rectify)
    elif registers == 4:
        tile(like, 1, 4, 2, K, part, x, 0, w, ldw, next_panel, start, 0, y, 0, onward, rectify)


cdef inline void row_product(
        vectors like, Py_ssize_t registers, Py_ssize_t K, Py_ssize_t part, const real* x,
        const real* w, Py_ssize_t ldw, Py_ssize_t next_panel, const real* start, real* y,
        bint onward, bint rectify) noexcept nogil:
    """y[n] = start[n] + x[k] w[k, n], then relu if `rectify`; n counts registers"""
    cdef Py_ssize_t width, L = lanes_in(like)
    while registers:
        if K <= part:
            width = side_by_side(registers, 8)
        else:
            width = 8 if registers >= 8 else min(registers, <Py_ssize_t>4)
        row_tile(like, <int>width, K, part, x, w, ldw, next_panel, start, y, onward, rectify)
        w += width // 2 * next_panel
        if start != NULL:
            start += width * L
        y += width * L
        registers -= width


cdef void panel_pass(
        vectors like, Py_ssize_t M, Py_ssize_t registers, Py_ssize_t K, Py_ssize_t part,
        const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw, Py_ssize_t next_panel,
        const real* start, Py_ssize_t ldstart, real* y, Py_ssize_t ldy, bint onward,
        bint rectify) noexcept nogil:
    """y[m, n] = start[m, n] + x[m, k] w[k, n], then relu if `rectify`; n counts registers"""
    cdef Py_ssize_t L = lanes_in(like), tiles, taller, rows, done, width
    if M <= 1:
        if M == 1:
            row_product(like, registers, K, part, x, w, ldw, next_panel, start, y, onward,
                        rectify)
        return
    tiles = (M + TILE_ROWS - 1) // TILE_ROWS
    rows = M // tiles
    taller = M % tiles          # this many tiles have one more row
    done = taller * (rows + 1)
    while registers:
        # Two or three rows leave room for more columns, and need them to have enough chains.
        width = side_by_side(registers, 4 if M <= 3 else 2)
        if taller:
            tiles_of_rows(like, rows + 1, <int>width, taller, K, part, x, ldx, w, ldw, next_panel,
                          start, ldstart, y, ldy, onward, rectify)
        tiles_of_rows(like, rows, <int>width, tiles - taller, K, part, x + done * ldx, ldx, w, ldw,
                      next_panel, start + done * ldstart if start != NULL else NULL, ldstart,
                      y + done * ldy, ldy, onward, rectify)
        w += width // 2 * next_panel
        if start != NULL:
            start += width * L
        y += width * L
        registers -= width


cdef inline Py_ssize_t slice_depth(const real* like, Py_ssize_t K, Py_ssize_t part) noexcept nogil:
    """Return how many k to take at once: whole parts, split evenly to fit the first-level cache"""
    cdef Py_ssize_t most = SLICE_BYTES // (
        (2 * lane_count(like) + TILE_ROWS) * <Py_ssize_t>sizeof(real) * part)
    cdef Py_ssize_t parts = (K + part - 1) // part
    cdef Py_ssize_t slices = (parts + max(most, <Py_ssize_t>1) - 1) // max(most, <Py_ssize_t>1)
    return min(K, (parts + slices - 1) // max(slices, <Py_ssize_t>1) * part)


cdef inline Py_ssize_t shared_rows(const real* like, Py_ssize_t depth) noexcept nogil:
    """Return how many rows to take at once

    They fit the first-level cache beside a panel if that holds 4 tiles or more, else the
    second-level cache.
    """
    cdef Py_ssize_t row = depth * <Py_ssize_t>sizeof(real)
    cdef Py_ssize_t tiles = (SLICE_BYTES - 2 * lane_count(like) * row) // (row * TILE_ROWS)
    return TILE_ROWS * (tiles if tiles >= 4 else max(X_BYTES // (row * TILE_ROWS), 1))


cdef void product(
        vectors like, Py_ssize_t M, Py_ssize_t N, Py_ssize_t K,
        const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw, Py_ssize_t next_panel,
        const real* start, real* y, Py_ssize_t ldy, bint rectify, real* room) noexcept nogil:
    """y[m, n] = start[n] + x[m, k] w[k, n], then relu if `rectify`; N is a multiple of the lanes

    A long k is cut into slices of whole parts, so that a panel stays in cache while many rows
    pass. y holds the sums between slices. The rows go in blocks that stay in the second-level
    cache while all panels pass. If `room` is given, each slice of a row-major w is packed there;
    otherwise w is read in place.
    """
    cdef Py_ssize_t part = part_length(K), most_depth, most_rows, depth, k = 0, m
    cdef const real* panels
    if M <= TILE_ROWS or K == 0:
        panel_pass(like, M, N // lanes_in(like), K, part, x, ldx, w, ldw, next_panel, start, 0, y,
                   ldy, False, rectify)
        return
    most_depth = slice_depth(x, K, part)
    most_rows = shared_rows(x, most_depth)
    while k < K:
        depth = min(most_depth, K - k)
        panels = w + k * ldw
        if room != NULL:
            pack(depth, N, panels, ldw, room)
            panels = room
        m = 0
        while m < M:
            if k + m and interrupted(<double>depth * N * most_rows):
                return
            panel_pass(like, min(most_rows, M - m), N // lanes_in(like), depth, part,
                       x + m * ldx + k, ldx, panels, ldw if room == NULL else panel_width(x, N),
                       next_panel if room == NULL else panel_width(x, N) * depth,
                       start if k == 0 else NULL, 0, y + m * ldy, ldy, k > 0,
                       rectify and k + depth == K)
            m += most_rows
        k += depth


cdef inline void ragged_product(
        lanes like, Py_ssize_t M, Py_ssize_t N, Py_ssize_t K,
        const real* x, Py_ssize_t ldx, const real* w, Py_ssize_t ldw, Py_ssize_t next_panel,
        const real* start, real* y, Py_ssize_t ldy, bint rectify) noexcept nogil:
    """product() for any N; w and start are readable up to the next multiple of the lane count

    A panel with a partial register goes through a buffer: nothing past y[m, N - 1] is written.
    """
    cdef Py_ssize_t L = lane_count(x), full = N - N % (2 * L) if N % L else N
    cdef Py_ssize_t width = (N - full + L - 1) // L * L, m = 0, i, rows
    cdef Py_ssize_t half = F32_HALF_LANES if lanes is f32v else F64_HALF_LANES
    cdef char buffer[ROW_BLOCK * PANEL_BYTES + ALIGNMENT]
    cdef real* last = <real*>aligned(<size_t>buffer)
    if full:
        product(like, M, full, K, x, ldx, w, ldw, next_panel, start, y, ldy, rectify, NULL)
    if full == N:
        return
    w += full // (2 * L) * next_panel
    if start != NULL:
        start += full
    if N - full <= half:
        width = half
    while m < M:
        rows = min(ROW_BLOCK, M - m)
        if m and interrupted(<double>rows * width * K):
            return
        if width < L and lanes is f32v:
            product(<f32h>fill_f32h(0), rows, width, K, x + m * ldx, ldx, w, ldw, next_panel,
                    start, last, width, rectify, NULL)
        elif width < L and lanes is f64v:
            product(<f64h>fill_f64h(0), rows, width, K, x + m * ldx, ldx, w, ldw, next_panel,
                    start, last, width, rectify, NULL)
        else:
            product(like, rows, width, K, x + m * ldx, ldx, w, ldw, next_panel, start, last,
                    width, rectify, NULL)
        for i in range(rows):
            memcpy(y + (m + i) * ldy + full, last + i * width, (N - full) * sizeof(real))
        m += rows


cdef inline Py_ssize_t panel_width(const real* like, Py_ssize_t N) noexcept nogil:
    """Return the columns of a packed panel: one register if it holds all N, else two"""
    return lane_count(like) if N <= lane_count(like) else 2 * lane_count(like)


cdef inline Py_ssize_t packed_columns(const real* like, Py_ssize_t N) noexcept nogil:
    """Return the columns of all packed panels for N columns"""
    cdef Py_ssize_t width = panel_width(like, N)
    return (N + width - 1) // width * width


cdef void pack(Py_ssize_t K, Py_ssize_t N, const real* w, Py_ssize_t ldw,
               real* panels) noexcept nogil:
    """panels[n // width, k, n % width] = w[k, n], zero for n >= N

    It takes a few rows of w at a time, so that the pages read and written stay in the TLB.
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
