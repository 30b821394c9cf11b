# Products of matrices as they lie in memory, and their doors.
#
#   matvec_rows            W x for registers of rows of a row-major W: the lanes are its rows
#   matrix_times_vector    all rows of W
#   matrix_times_matrix    A B by product(), B packed where enough rows of A share it

cdef extern from "_transpose.h" nogil:
    void load_columns_f32(f32v*, const float*, Py_ssize_t)
    void load_columns_f64(f64v*, const double*, Py_ssize_t)


cdef inline void load_columns(lanes* v, const real* p, Py_ssize_t ld) noexcept nogil:
    """v[k][i] = p[i, k]: the columns of an L x L block"""
    if lanes is f32v and real is float:
        load_columns_f32(v, p, ld)
    elif lanes is f64v and real is double:
        load_columns_f64(v, p, ld)


cdef inline void add_columns(lanes* sums, Py_ssize_t depth, const real* W, Py_ssize_t ldw,
                             const real* x) noexcept nogil:
    """sums[m] += W[m, k] x[k] for L rows and the k < depth of one L x L block"""
    cdef lanes column[MAX_LANES]
    cdef Py_ssize_t k
    load_columns(column, W, ldw)
    for k in range(depth):
        sums[0] = mul_add(column[k], fill(sums[0], x[k]), sums[0])


cdef inline void add_lines(lanes* sums, const real* W, Py_ssize_t ldw,
                           const real* x) noexcept nogil:
    """sums[m] += W[m, k] x[k] for L rows and one cache line of each"""
    cdef Py_ssize_t block, L = lane_count(x)
    for block in range(LINE_BYTES // <int>sizeof(real) // L):
        add_columns(sums, L, W + block * L, ldw, x + block * L)


cdef inline void matvec_rows(
        lanes like, const int registers, Py_ssize_t rows, Py_ssize_t K, const real* W,
        Py_ssize_t ldw, const real* x, const real* start, real* y) noexcept nogil:
    """y[m] = start[m] + W[m, k] x[k] (no start: 0) for one or two registers of rows

    With one register, rows may be fewer than its lanes. What does not fill an L x L block is
    copied into one, so nothing past W[rows - 1, K - 1] is read.
    """
    cdef lanes first, second
    cdef real block[MAX_LANES * MAX_LANES]
    cdef Py_ssize_t L = lane_count(x), k = 0, i
    # A step takes the whole cache line of every row: with rows a power of two apart, few lines
    # stay in a cache at once.
    cdef Py_ssize_t step = LINE_BYTES // <Py_ssize_t>sizeof(real)
    first = fill(like, 0)
    second = fill(like, 0)
    if start != NULL:
        if rows < L:
            memset(block, 0, L * sizeof(real))
            memcpy(block, start, rows * sizeof(real))
            load(&first, <const real*>block)
        else:
            load(&first, start)
            if registers == 2:
                load(&second, start + L)
    if rows >= L:
        while k + step <= K:
            add_lines(&first, W + k, ldw, x + k)
            if registers == 2:
                add_lines(&second, W + L * ldw + k, ldw, x + k)
            k += step
        while k + L <= K:
            add_columns(&first, L, W + k, ldw, x + k)
            if registers == 2:
                add_columns(&second, L, W + L * ldw + k, ldw, x + k)
            k += L
    while k < K:
        step = min(L, K - k)
        for i in range(min(L, rows)):
            memcpy(block + i * L, W + i * ldw + k, step * sizeof(real))
        add_columns(&first, step, <const real*>block, L, x + k)
        if registers == 2:
            for i in range(L):
                memcpy(block + i * L, W + (L + i) * ldw + k, step * sizeof(real))
            add_columns(&second, step, <const real*>block, L, x + k)
        k += L
    if rows >= L:
        store(y, first)
        if registers == 2:
            store(y + L, second)
    else:
        store(block, first)
        memcpy(y, block, rows * sizeof(real))


cdef void matrix_times_vector(
        lanes like, Py_ssize_t M, Py_ssize_t K, const real* W, const real* x, const real* start,
        real* y) noexcept nogil:
    """y[m] = start[m] + W[m, k] x[k] for a row-major W"""
    cdef Py_ssize_t L = lane_count(x), m = 0
    while m + 2 * L <= M:
        matvec_rows(like, 2, 2 * L, K, W + m * K, K, x, start + m if start != NULL else NULL, y + m)
        m += 2 * L
    while m < M:
        # The last rows that fill a register may overlap the ones before: the same bits twice.
        if m + L > M and M >= L:
            m = M - L
        matvec_rows(like, 1, min(L, M - m), K, W + m * K, K, x,
                    start + m if start != NULL else NULL, y + m)
        m += L


cdef int matrix_times_matrix(
        lanes like, Py_ssize_t M, Py_ssize_t N, Py_ssize_t K, const real* A, const real* B,
        real* C) noexcept nogil:
    """C[m, n] = A[m, k] B[k, n], row-major; -1 where memory ran out, else 0

    B is packed into panels where enough rows share them, and read as it lies otherwise.
    """
    cdef Py_ssize_t L = lane_count(A), width
    cdef Py_ssize_t packed_from = 0
    cdef real* panels
    if M <= TILE_ROWS or K * N * <Py_ssize_t>sizeof(real) <= 2 * PANEL_BYTES:
        packed_from = N - N % L
    width = panel_width(A, N - packed_from)
    panels = <real*>malloc(packed_columns(A, N - packed_from) * K * sizeof(real) + 1)
    if panels == NULL:
        return -1
    pack(K, N - packed_from, B + packed_from, N, panels)
    if packed_from:
        product(like, M, packed_from, K, A, K, B, N, 2 * L, <const real*>NULL, C, N, False)
    if packed_from < N:
        ragged_product(like, M, N - packed_from, K, A, K, <const real*>panels, width, width * K,
                       <const real*>NULL, C + packed_from, N, False)
    free(panels)
    return 0


def matvec(W, x, bias=None, *, out=None):
    """The product of a matrix and a vector, plus a bias: ``W @ x + bias``.

    Parameters
    ----------
    W : array_like, shape (n_out, n_in)
    x : array_like, shape (n_in,)
    bias : array_like, shape (n_out,), optional
    out : ndarray, shape (n_out,), optional
        Where to put the result; may share memory with the inputs.

    Returns
    -------
    ndarray, shape (n_out,)
        float32 where all inputs are float32 or float16, else float64. `out` where it was given.

    Raises
    ------
    TypeError
        For inputs that are not real numbers, masked arrays, and an `out` of another dtype.
    ValueError
        For shapes that do not fit, and a read-only `out`.

    Notes
    -----
    ``y[m] = bias[m] + W[m, 0] x[0] + W[m, 1] x[1] + ...`` in this order, one fused multiply-add
    a term: the same bits as :func:`matmul` and as a layer of a network. The error is at most
    ``n_in eps |W| |x|`` (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
    section 3.1).

    Examples
    --------
    >>> from mathwork.matrix import matvec
    >>> matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0], [0.5, 0.5])
    array([3.5, 7.5])
    """
    cdef cnp.ndarray matrix, vector, offset = None, y
    cdef Py_ssize_t M, K
    cdef const void* start = NULL
    cdef PyThreadState* state
    cdef int typenum = cnp.NPY_FLOAT if is_plain(W, 2, cnp.NPY_FLOAT) else cnp.NPY_DOUBLE
    if is_plain(W, 2, typenum) and is_plain(x, 1, typenum) and (
            bias is None or is_plain(bias, 1, typenum)):
        matrix, vector, offset = W, x, bias
    else:
        matrix, vector, offset = _arrays.as_plain_together(W=W, x=x, bias=bias)
        typenum = cnp.PyArray_TYPE(matrix)
    if cnp.PyArray_NDIM(matrix) != 2:
        raise ValueError(f"W must have shape (n_out, n_in), got {shape_of(matrix)}")
    M, K = matrix.shape[0], matrix.shape[1]
    if cnp.PyArray_NDIM(vector) != 1 or vector.shape[0] != K:
        raise ValueError(f"x must have shape ({K},) to match W of shape {shape_of(matrix)}, "
                         f"got {shape_of(vector)}")
    if offset is not None:
        if cnp.PyArray_NDIM(offset) != 1 or offset.shape[0] != M:
            raise ValueError(f"bias must have shape ({M},) to match W of shape "
                             f"{shape_of(matrix)}, got {shape_of(offset)}")
        start = cnp.PyArray_DATA(offset)
    y = new_vector(M, typenum) if out is None else _arrays.writing_place(
        out, (M,), matrix.dtype, matrix, vector, offset)
    state = release_gil(<double>M * K)
    if typenum == cnp.NPY_FLOAT:
        matrix_times_vector(<f32v>fill_f32(0), M, K, <const float*>cnp.PyArray_DATA(matrix),
                            <const float*>cnp.PyArray_DATA(vector), <const float*>start,
                            <float*>cnp.PyArray_DATA(y))
    else:
        matrix_times_vector(<f64v>fill_f64(0), M, K, <const double*>cnp.PyArray_DATA(matrix),
                            <const double*>cnp.PyArray_DATA(vector), <const double*>start,
                            <double*>cnp.PyArray_DATA(y))
    take_gil(state)
    return y if out is None or y is out else _arrays.copied(y, out)


def matmul(A, B, *, out=None):
    """The product of two matrices: ``A @ B``.

    Parameters
    ----------
    A : array_like, shape (m, k)
    B : array_like, shape (k, n)
    out : ndarray, shape (m, n), optional
        Where to put the result; may share memory with the inputs.

    Returns
    -------
    ndarray, shape (m, n)
        float32 where both inputs are float32 or float16, else float64. `out` where it was given.

    Raises
    ------
    TypeError
        For inputs that are not real numbers, masked arrays, and an `out` of another dtype.
    ValueError
        For shapes that do not fit, and a read-only `out`.

    Notes
    -----
    Every entry is summed in the order k = 0, 1, 2, ... with one fused multiply-add a term, so
    a row of the result has the same bits as :func:`matvec` gives it. The error is at most
    ``k eps |A| |B|`` (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
    section 3.5).

    Examples
    --------
    >>> from mathwork.matrix import matmul
    >>> matmul([[1, 2], [3, 4]], [[0, 1], [1, 0]])
    array([[2., 1.],
           [4., 3.]])
    """
    cdef cnp.ndarray left, right, result
    cdef Py_ssize_t M, N, K
    cdef PyThreadState* state
    cdef int failed
    cdef int typenum = cnp.NPY_FLOAT if is_plain(A, 2, cnp.NPY_FLOAT) else cnp.NPY_DOUBLE
    if is_plain(A, 2, typenum) and is_plain(B, 2, typenum):
        left, right = A, B
    else:
        left, right = _arrays.as_plain_together(A=A, B=B)
        typenum = cnp.PyArray_TYPE(left)
    if (cnp.PyArray_NDIM(left) != 2 or cnp.PyArray_NDIM(right) != 2
            or left.shape[1] != right.shape[0]):
        raise ValueError("A and B must have shapes (m, k) and (k, n), "
                         f"got {shape_of(left)} and {shape_of(right)}")
    M, K, N = left.shape[0], left.shape[1], right.shape[1]
    result = new_matrix(M, N, typenum) if out is None else _arrays.writing_place(
        out, (M, N), left.dtype, left, right)
    state = release_gil(<double>M * K * N)
    if typenum == cnp.NPY_FLOAT:
        failed = matrix_times_matrix(
            <f32v>fill_f32(0), M, N, K, <const float*>cnp.PyArray_DATA(left),
            <const float*>cnp.PyArray_DATA(right), <float*>cnp.PyArray_DATA(result))
    else:
        failed = matrix_times_matrix(
            <f64v>fill_f64(0), M, N, K, <const double*>cnp.PyArray_DATA(left),
            <const double*>cnp.PyArray_DATA(right), <double*>cnp.PyArray_DATA(result))
    take_gil(state)
    if failed:
        raise MemoryError
    return result if out is None or result is out else _arrays.copied(result, out)
