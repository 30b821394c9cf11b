# Triangular systems. Nearly all of the work is in products.
#
#   solve_tile                 a few rows in registers
#   solve_block                one or two registers of columns through all rows
#   solve_lower, solve_upper   by halves down to blocks, with a product between the halves
#
# One array holds both triangles as elimination leaves them: L below the diagonal and -U on and
# above it. So every product adds. Solved rows of L are kept negated for the same reason. They are
# kept twice: in X, and in panels for product(). The order of a sum depends on the size alone, so
# all levels have the same bits.

cdef enum:
    SOLVE_ROWS = 4          # rows to solve in registers
    SOLVE_BLOCK = 64        # rows to solve without products


cdef void add_product(
        lanes like, Py_ssize_t M, Py_ssize_t N, Py_ssize_t K, const real* x, Py_ssize_t ldx,
        const real* w, Py_ssize_t ldw, Py_ssize_t next_panel, real* y,
        Py_ssize_t ldy) noexcept nogil:
    """y[m, n] += x[m, k] w[k, n]; N is a multiple of the lane count

    It is like product(), but each sum is one chain that continues from y.
    """
    cdef Py_ssize_t most_depth = slice_depth(x, K, 1), most_rows, depth, rows, k = 0, m
    if M == 0 or K == 0:
        return
    most_rows = shared_rows(x, most_depth)
    while k < K:
        depth = min(most_depth, K - k)
        m = 0
        while m < M:
            rows = min(most_rows, M - m)
            panel_pass(like, rows, N // lane_count(x), depth, depth, x + m * ldx + k, ldx,
                       w + k * ldw, ldw, next_panel, <const real*>y + m * ldy, ldy, y + m * ldy,
                       ldy, False, False)
            m += rows
        k += depth


cdef inline void solve_tile(
        lanes like, const bint lower, const int rows, const int registers, Py_ssize_t K,
        const real* T, Py_ssize_t ldt, real* X, Py_ssize_t ld, const real* w, real* solved,
        Py_ssize_t ldw) noexcept nogil:
    """X[rows] += T[rows, k] w[k] over K solved rows, in registers; then solve these rows

    T points to the first of the K columns, w to the first of the K rows. solved is the place of
    the rows in the panels.
    """
    cdef lanes sums[2 * SOLVE_ROWS]
    cdef lanes value, factor
    cdef Py_ssize_t L = lane_count(X), k
    cdef const real* square = T + (K if lower else -rows)
    cdef int i, j, t, step
    for i in range(rows):
        for j in range(registers):
            load(&sums[i * registers + j], <const real*>X + i * ld + j * L)
    for k in range(K):
        for i in range(rows):
            factor = fill(like, T[i * ldt])
            for j in range(registers):
                load(&value, w + j * L)
                sums[i * registers + j] = mul_add(factor, value, sums[i * registers + j])
        T += 1
        w += ldw
    for step in range(rows):
        i = step if lower else rows - 1 - step
        for j in range(registers):
            if lower:
                sums[i * registers + j] = -sums[i * registers + j]
            else:
                sums[i * registers + j] = (
                    sums[i * registers + j] / fill(like, -square[i * ldt + i]))
            store(X + i * ld + j * L, sums[i * registers + j])
            store(solved + i * ldw + j * L, sums[i * registers + j])
        for t in range(rows):
            if t > i if lower else t < i:
                factor = fill(like, square[t * ldt + i])
                for j in range(registers):
                    sums[t * registers + j] = mul_add(
                        factor, sums[i * registers + j], sums[t * registers + j])


cdef inline void solve_rows(
        lanes like, const bint lower, const int rows, Py_ssize_t K, Py_ssize_t N, const real* T,
        Py_ssize_t ldt, real* X, Py_ssize_t ld, const real* w, real* solved, Py_ssize_t ldw,
        Py_ssize_t next_panel) noexcept nogil:
    """solve_tile() for N columns"""
    cdef Py_ssize_t L = lane_count(X), j = 0
    while j < N:
        if j + 2 * L <= N:
            solve_tile(like, lower, rows, 2, K, T, ldt, X + j, ld, w, solved, ldw)
        else:
            solve_tile(like, lower, rows, 1, K, T, ldt, X + j, ld, w, solved, ldw)
        w += next_panel
        solved += next_panel
        j += 2 * L


cdef void solve_block(
        lanes like, const bint lower, Py_ssize_t K, Py_ssize_t N, const real* T, Py_ssize_t ldt,
        real* X, Py_ssize_t ld, real* w, Py_ssize_t ldw, Py_ssize_t next_panel) noexcept nogil:
    """solve_lower() or solve_upper() by tiles, from the top or from the bottom"""
    cdef Py_ssize_t whole = K - K % SOLVE_ROWS, i = 0
    if lower:
        while i < whole:
            solve_rows(like, True, SOLVE_ROWS, i, N, T + i * ldt, ldt, X + i * ld, ld,
                       <const real*>w, w + i * ldw, ldw, next_panel)
            i += SOLVE_ROWS
        while i < K:
            solve_rows(like, True, 1, i, N, T + i * ldt, ldt, X + i * ld, ld, <const real*>w,
                       w + i * ldw, ldw, next_panel)
            i += 1
    else:
        i = K
        while i > whole:
            i -= 1
            solve_rows(like, False, 1, K - i - 1, N, T + i * (ldt + 1) + 1, ldt, X + i * ld, ld,
                       <const real*>w + (i + 1) * ldw, w + i * ldw, ldw, next_panel)
        while i:
            i -= SOLVE_ROWS
            solve_rows(like, False, SOLVE_ROWS, K - i - SOLVE_ROWS, N,
                       T + i * (ldt + 1) + SOLVE_ROWS, ldt, X + i * ld, ld,
                       <const real*>w + (i + SOLVE_ROWS) * ldw, w + i * ldw, ldw, next_panel)


cdef inline Py_ssize_t first_half(Py_ssize_t K) noexcept nogil:
    return (K + 2 * SOLVE_BLOCK - 1) // (2 * SOLVE_BLOCK) * SOLVE_BLOCK


cdef void solve_lower(
        lanes like, Py_ssize_t K, Py_ssize_t N, const real* T, Py_ssize_t ldt, real* X,
        Py_ssize_t ld, real* w, Py_ssize_t ldw, Py_ssize_t next_panel) noexcept nogil:
    """X[k, n] = w[k, n] = -(inverse of L) X; L is the unit lower triangle of T[k, k]"""
    cdef Py_ssize_t half = first_half(K)
    if K <= SOLVE_BLOCK:
        if interrupted(<double>K * K * N):
            return
        solve_block(like, True, K, N, T, ldt, X, ld, w, ldw, next_panel)
        return
    solve_lower(like, half, N, T, ldt, X, ld, w, ldw, next_panel)
    add_product(like, K - half, N, half, T + half * ldt, ldt, <const real*>w, ldw, next_panel,
                X + half * ld, ld)
    solve_lower(like, K - half, N, T + half * (ldt + 1), ldt, X + half * ld, ld, w + half * ldw,
                ldw, next_panel)


cdef void solve_upper(
        lanes like, Py_ssize_t K, Py_ssize_t N, const real* T, Py_ssize_t ldt, real* X,
        Py_ssize_t ld, real* w, Py_ssize_t ldw, Py_ssize_t next_panel) noexcept nogil:
    """X[k, n] = w[k, n] = inverse of U X; -U is the upper triangle of T[k, k]"""
    cdef Py_ssize_t half = first_half(K)
    if K <= SOLVE_BLOCK:
        if interrupted(<double>K * K * N):
            return
        solve_block(like, False, K, N, T, ldt, X, ld, w, ldw, next_panel)
        return
    solve_upper(like, K - half, N, T + half * (ldt + 1), ldt, X + half * ld, ld, w + half * ldw,
                ldw, next_panel)
    add_product(like, half, N, K - half, T + half, ldt, <const real*>w + half * ldw, ldw,
                next_panel, X, ld)
    solve_upper(like, half, N, T, ldt, X, ld, w, ldw, next_panel)
