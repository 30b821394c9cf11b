# Right-hand sides for the factors P D A = L U of a matrix.
#
#   solve_columns     some columns, by the triangles of triangles.pxi
#   solve_vector      one column of few rows: the same sums in the same order, number by number
#   solve_with_care   a column at the ends of the range
#   solve_slices      a stack
#
# D scales rows by powers of two, P is their order. One array holds both triangles, as triangles.pxi
# wants them: -U from each pivot on, and L below it, in the column of the pivot. Everything is
# float64: factors of float32 data carry no rounding that shows in float32.

from libc.math cimport fma

cdef enum:
    COLUMNS_TOGETHER = 128      # right-hand sides that are solved at a time: whole registers

cdef struct Factors:            # of one matrix
    double* triangles           # (m, n)
    Py_ssize_t* rows            # rows[i] = the row of A that is row i of L U
    double* undo                # undo[i] = the divisor of that row
    Py_ssize_t* pivots          # min(m, n), padded with -1


# ---- columns ----

cdef struct Columns:            # right-hand sides under way
    Py_ssize_t n, width
    Py_ssize_t next_panel
    double* X                   # (n, width)
    double* solved              # the same in panels
    double* most                # (width,): the largest of each column, scaled like its row
    double* lost                # (width,): NaN where the result is not finite


cdef inline void lay_out_columns(void* job, Arena* arena) noexcept nogil:
    """The pieces of solve_columns()"""
    cdef Columns* columns = <Columns*>job
    cdef Py_ssize_t panel = 2 * F64_LANES
    cdef double n = columns.n
    # An odd number of cache lines, so that panels spread over all sets of a cache.
    columns.next_panel = ((columns.n * panel + 7) // 8 | 1) * 8
    columns.X = doubles(arena, n * columns.width)
    columns.solved = doubles(arena, (columns.width + panel - 1) // panel
                             * <double>columns.next_panel)
    columns.most = doubles(arena, columns.width)
    columns.lost = doubles(arena, columns.width)


cdef inline void substitute(const Columns* columns, Py_ssize_t N, const double* T) noexcept nogil:
    """X = -(inverse of L U) X for N columns; N is a multiple of the lane count"""
    cdef f64v like = <f64v>fill_f64(0)
    cdef Py_ssize_t n = columns.n, panel = 2 * F64_LANES
    solve_lower(like, n, N, T, n, columns.X, columns.width, columns.solved, panel,
                columns.next_panel)
    solve_upper(like, n, N, T, n, columns.X, columns.width, columns.solved, panel,
                columns.next_panel)


cdef void solve_with_care(const Columns* columns, const Factors* factors, Py_ssize_t k,
                          const real* B, real* X) noexcept nogil:
    """solve_columns() for one column, whose numbers are brought near 1 first

    The power of two comes back with the result, so only that can leave the range.
    """
    cdef Py_ssize_t n = columns.n, L = F64_LANES, i
    cdef int most = -100000
    cdef double entry
    memset(columns.X, 0, n * columns.width * sizeof(double))
    for i in range(n):
        entry = B[factors.rows[i] * k]
        if entry != 0 and fabs(entry) < INFINITY:
            most = max(most, binary_exponent(entry) - binary_exponent(factors.undo[i]))
    most = max(most, -10000)
    for i in range(n):
        columns.X[i * columns.width] = ldexp(
            B[factors.rows[i] * k], -binary_exponent(factors.undo[i]) - most)
    substitute(columns, L, factors.triangles)
    for i in range(n):
        X[i * k] = <real>(0 - ldexp(columns.X[i * columns.width], most))


cdef inline double multiply_add(double a, double b, double c) noexcept nogil:
    """mul_add() of numbers"""
    return fma(a, b, c) if FUSED else a * b + c


cdef inline double solve_few_rows(const bint lower, const int rows, Py_ssize_t i, Py_ssize_t n,
                                  const double* T, double* x, real* y) noexcept nogil:
    """solve_tile() for rows i, i + 1, ... of one column x; y = -x of the upper triangle

    Return 0, or NaN if a number of y is not finite. Here, because x is in registers: a loop over x
    afterwards would load numbers together that are still on their way to memory one by one.
    """
    cdef double sums[SOLVE_ROWS]
    cdef double lost = 0
    cdef Py_ssize_t k
    cdef int t, u, step
    T += i * n
    x += i
    for t in range(rows):
        sums[t] = x[t]
    for k in range(-i if lower else rows, 0 if lower else n - i):
        for t in range(rows):
            sums[t] = multiply_add(T[t * n + i + k], x[k], sums[t])
    for step in range(rows):
        t = step if lower else rows - 1 - step
        sums[t] = -sums[t] if lower else sums[t] / -T[t * n + i + t]
        x[t] = sums[t]
        if not lower:
            y[i + t] = <real>(0 - sums[t])
            lost += sums[t] * 0
        for u in range(rows):
            if u > t if lower else u < t:
                sums[u] = multiply_add(T[u * n + i + t], sums[t], sums[u])
    return lost


cdef inline double substitute_vector(Py_ssize_t n, const double* T, double* x, real* y
                                     ) noexcept nogil:
    """y = -substitute() for one column x of at most SOLVE_BLOCK rows; 0, or NaN if y is not finite
    """
    cdef Py_ssize_t whole = n - n % SOLVE_ROWS, i = 0
    cdef double lost = 0
    while i < whole:
        solve_few_rows(True, SOLVE_ROWS, i, n, T, x, y)
        i += SOLVE_ROWS
    while i < n:
        solve_few_rows(True, 1, i, n, T, x, y)
        i += 1
    while i > whole:
        i -= 1
        lost += solve_few_rows(False, 1, i, n, T, x, y)
    while i:
        i -= SOLVE_ROWS
        lost += solve_few_rows(False, SOLVE_ROWS, i, n, T, x, y)
    return lost


cdef void solve_vector(const Columns* columns, const Factors* factors, const real* b,
                       real* y) noexcept nogil:
    """solve_columns() for one vector of at most SOLVE_BLOCK rows"""
    cdef double x[SOLVE_BLOCK]
    cdef double most = 0, lost
    cdef Py_ssize_t n = columns.n, i
    for i in range(n):
        x[i] = b[factors.rows[i]] / factors.undo[i]
        most = max(most, <double>fabs(x[i]))
    lost = substitute_vector(n, factors.triangles, x, y)
    if lost != 0 or not 2.0 ** -500 < most < 2.0 ** 500:
        solve_with_care(columns, factors, 1, b, y)


cdef void solve_columns(Columns* columns, const Factors* factors, Py_ssize_t k, Py_ssize_t N,
                        const real* B, real* X) noexcept nogil:
    """X[:, :N] = inverse of A times B[:, :N]; both have rows of k numbers"""
    cdef Py_ssize_t n = columns.n, L = F64_LANES, all = (N + L - 1) // L * L, ld = columns.width
    cdef Py_ssize_t i, j
    cdef const real* given
    cdef real* found
    cdef double* row
    cdef double undo
    cdef bint risky = False
    for j in range(all):
        columns.most[j] = columns.lost[j] = 0
    for i in range(n):
        given = B + factors.rows[i] * k
        row = columns.X + i * ld
        undo = factors.undo[i]
        for j in range(N):
            row[j] = given[j] / undo
            columns.most[j] = max(columns.most[j], <double>fabs(row[j]))
        for j in range(N, all):
            row[j] = 0
    substitute(columns, all, factors.triangles)
    for i in range(n):
        found = X + i * k
        row = columns.X + i * ld
        for j in range(N):
            found[j] = <real>(0 - row[j])
            columns.lost[j] += row[j] * 0
    for j in range(N):
        risky |= columns.lost[j] != 0 or not 2.0 ** -500 < columns.most[j] < 2.0 ** 500
    if risky:
        for j in range(N):
            if columns.lost[j] != 0 or not 2.0 ** -500 < columns.most[j] < 2.0 ** 500:
                solve_with_care(columns, factors, k, B + j, X + j)


cdef void solve_sides(Columns* columns, const Factors* factors, Py_ssize_t k, const real* B,
                      real* X) noexcept nogil:
    """X[n, k] = inverse of A times B[n, k]"""
    cdef Py_ssize_t left = 0
    if k == 1 and columns.n <= SOLVE_BLOCK:
        solve_vector(columns, factors, B, X)
        return
    while left < k:
        if left and interrupted(<double>columns.n * columns.n * columns.width):
            return
        solve_columns(columns, factors, k, min(columns.width, k - left), B + left, X + left)
        left += columns.width


cdef inline void set_columns(Columns* columns, Py_ssize_t n, Py_ssize_t k) noexcept nogil:
    columns.n = n
    columns.width = min((k + F64_LANES - 1) // F64_LANES * F64_LANES, <Py_ssize_t>COLUMNS_TOGETHER)


# ---- a stack ----

cdef void solve_slices(Columns* columns, const Walk* from_walk, const Factors* first,
                       const Py_ssize_t* ranks, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t k,
                       const real* B, real* X) noexcept nogil:
    """X[s] = inverse of A[s] times B[s] for slices start:stop of X; NaN where there is none"""
    cdef Py_ssize_t n = columns.n, s, i, at
    cdef Factors factors
    cdef Walk walk = from_walk[0]
    begin_walk(&walk, start)
    X += start * n * k
    for s in range(start, stop):
        at = walk.slice[0]
        if ranks[at] == n:
            factors.triangles = first.triangles + at * n * n
            factors.rows, factors.undo = first.rows + at * n, first.undo + at * n
            solve_sides(columns, &factors, k, B + walk.slice[1] * n * k, X)
        else:
            for i in range(n * k):
                X[i] = NAN
        X += n * k
        next_slice(&walk)
