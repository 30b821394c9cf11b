# A piece of a batch has its rows in the lanes: a matrix of n numbers a row is n x P here, P the
# rows. So every layer fills whole registers, however few outputs it has, and functions of a row,
# such as softmax, need no sum over the lanes.
#
# P is a multiple of PADDING at every level. The rows that fill it up are copies of the last one,
# and count with weight 0. So no bit depends on the number of lanes.

cdef enum:
    PIECE_ROWS = 128        # rows of a piece: activations of usual layers fit a second-level cache
    PADDING = 16            # a multiple of the lanes of every register


cdef inline Py_ssize_t padded(Py_ssize_t n) noexcept nogil:
    return (n + PADDING - 1) // PADDING * PADDING


cdef void transpose(lanes like, Py_ssize_t rows, Py_ssize_t columns, const real* x, Py_ssize_t ldx,
                    real* y, Py_ssize_t ldy) noexcept nogil:
    """y[j, i] = x[i, j]; up to 16 bytes behind the last row of x are read"""
    cdef lanes block[MAX_LANES]
    cdef Py_ssize_t L = lane_count(x), i = 0, j, k, at, count
    if rows < L:
        for i in range(rows):
            for j in range(columns):
                y[j * ldy + i] = x[i * ldx + j]
        return
    while i < rows:
        at = min(i, rows - L)       # the last block overlaps the one before
        j = 0
        while j < columns:
            count = min(L, columns - j)
            load_some_columns(block, x + at * ldx + j, ldx, count)
            for k in range(count):
                store(y + (j + k) * ldy + at, block[k])
            j += L
        i += L


cdef void columns_product(lanes like, Py_ssize_t M, Py_ssize_t P, Py_ssize_t K, const real* W,
                          const real* bias, const real* x, real* y) noexcept nogil:
    """y[m, p] = bias[m] + W[m, k] x[k, p]: sums in parts, as the forward pass has them"""
    cdef Py_ssize_t part = part_length(K), most_depth, most_rows, depth, L = lane_count(x)
    cdef Py_ssize_t k = 0, m, i
    cdef lanes b
    for m in range(M):
        b = fill(like, bias[m])
        for i in range(P // L):
            store(y + m * P + i * L, b)
    most_depth = slice_depth(x, K, part)
    most_rows = shared_rows(x, most_depth)
    while k < K:
        depth = min(most_depth, K - k)
        m = 0
        while m < M:
            panel_pass(like, min(most_rows, M - m), P // L, depth, part, W + m * K + k, K,
                       x + k * P, P, 2 * L, <const real*>(y + m * P) if k == 0 else NULL,
                       P if k == 0 else 0, y + m * P, P, k > 0, False)
            m += most_rows
        k += depth


cdef void add_to(lanes like, Py_ssize_t n, const real* x, real* y) noexcept nogil:
    """y[n] += x[n]; n is a multiple of the lane count"""
    cdef Py_ssize_t i, L = lane_count(x)
    cdef lanes u, v
    for i in range(n // L):
        load(&u, x + i * L)
        load(&v, <const real*>(y + i * L))
        store(y + i * L, v + u)
