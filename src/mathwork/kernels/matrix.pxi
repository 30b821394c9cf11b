# Products of matrices as they lie in memory, and their doors.
#
#   matrix_times_vector    W x for a row-major W: the lanes are rows, turned as they come
#   matrix_times_matrix    A B by product(), B packed where enough rows of A share it

cdef enum:
    SET_BYTES = 4096        # addresses this far apart compete for the same few cache lines
    LAG_BYTES = 1024        # keeps apart what two registers of rows and the prefetchers hold
    DIRECT_BYTES = 43008    # of a B that is read as it lies: not much more than a first-level cache

cdef extern from "_transpose.h" nogil:
    void load_columns_f32(f32v*, const float*, Py_ssize_t)
    void load_columns_f64(f64v*, const double*, Py_ssize_t)


cdef inline void load_columns(lanes* v, const real* p, Py_ssize_t ld) noexcept nogil:
    """v[k][i] = p[i, k]: the columns of an L x L block"""
    if lanes is f32v and real is float:
        load_columns_f32(v, p, ld)
    elif lanes is f64v and real is double:
        load_columns_f64(v, p, ld)


cdef inline void add_block(lanes* sums, Py_ssize_t first, const real* W, Py_ssize_t ldw,
                           const real* x) noexcept nogil:
    """sums[m] += W[m, k] x[k] for one L x L block, its columns from `first` on"""
    cdef lanes column[MAX_LANES]
    cdef Py_ssize_t k
    load_columns(column, W, ldw)
    for k in range(first, lane_count(x)):
        sums[0] = mul_add(column[k], fill(sums[0], x[k]), sums[0])


cdef inline void add_blocks(lanes* sums, Py_ssize_t depth, const real* W, Py_ssize_t ldw,
                            const real* x) noexcept nogil:
    """sums[m] += W[m, k] x[k] for L rows and k < depth, a multiple of L"""
    cdef Py_ssize_t k = 0
    while k < depth:
        add_block(sums, 0, W + k, ldw, x + k)
        k += lane_count(x)


cdef inline void few_rows_times_vector(
        lanes like, Py_ssize_t M, Py_ssize_t K, const real* W, const real* x, const real* start,
        real* y) noexcept nogil:
    """y[m] = start[m] + W[m, k] x[k] for fewer rows than lanes, their blocks copied"""
    cdef lanes sums
    cdef real block[MAX_LANES * MAX_LANES]
    cdef Py_ssize_t L = lane_count(x), k = 0, at, m
    memset(block, 0, sizeof(block))
    if start != NULL:
        memcpy(block, start, M * sizeof(real))
    load(&sums, <const real*>block)
    while k < K:
        at = min(k, K - L)      # the last block overlaps the one before
        for m in range(M):
            memcpy(block + m * L, W + m * K + at, L * sizeof(real))
        add_block(&sums, k - at, <const real*>block, L, x + at)
        k += L
    store(block, sums)
    memcpy(y, block, M * sizeof(real))


cdef void matrix_times_vector(
        lanes like, Py_ssize_t M, Py_ssize_t K, const real* W, const real* x, const real* start,
        real* y) noexcept nogil:
    """y[m] = start[m] + W[m, k] x[k] (no start: 0) for a row-major W

    A register of rows is one chain of additions, so two advance side by side: while one takes
    its first `cut` columns, the one before it takes its last. That is no column and all of them
    in turn, but for long rows: two registers of them would share a few cache sets where rows
    lie a multiple of SET_BYTES apart, so there one lags behind the other.
    """
    cdef lanes sums, behind
    cdef real one[MAX_LANES]
    cdef Py_ssize_t L = lane_count(x), whole = K - K % L, m = 0, k, lag
    cdef Py_ssize_t row, before = 0
    cdef Py_ssize_t size = sizeof(real), cut = LAG_BYTES // size if K * size >= SET_BYTES else 0
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
    sums = behind = fill(like, 0)
    while m < M + L:
        row = min(m, M - L)     # the last register overlaps the one before: the same bits twice
        if start != NULL:
            load(&sums, start + row)
        else:
            sums = fill(like, 0)
        k = lag = whole - cut
        if m == 0:
            add_blocks(&sums, cut, W, K, x)
        elif m >= M:
            add_blocks(&behind, cut, W + before * K + lag, K, x + lag)
        else:
            while k < whole:
                add_block(&sums, 0, W + row * K + k - lag, K, x + k - lag)
                add_block(&behind, 0, W + before * K + k, K, x + k)
                k += L
        if m > 0:
            if whole < K:
                add_block(&behind, L - K % L, W + before * K + K - L, K, x + K - L)
            store(y + before, behind)
        behind = sums
        before = row
        cut = whole - cut
        m += L


cdef int matrix_times_matrix(
        lanes like, Py_ssize_t M, Py_ssize_t N, Py_ssize_t K, const real* A, const real* B,
        real* C) noexcept nogil:
    """C[m, n] = A[m, k] B[k, n], row-major; -1 where memory ran out, else 0

    Slices of B are packed into panels where enough rows share them, and read as they lie
    otherwise. A partial register is always packed; with the whole one beside it for many rows.
    """
    cdef Py_ssize_t L = lane_count(A), full = N - N % L, room = 0
    cdef real* panels
    if N == 1:
        matrix_times_vector(like, M, K, A, B, <const real*>NULL, C)
        return 0
    if M > TILE_ROWS and full < N:
        full -= full % (2 * L)
    if M > TILE_ROWS and K * full * <Py_ssize_t>sizeof(real) > DIRECT_BYTES:
        room = slice_depth(A, K) * packed_columns(A, full)
    panels = <real*>malloc((room + K * packed_columns(A, N - full)) * sizeof(real) + 1)
    if panels == NULL:
        return -1
    if full:
        product(like, M, full, K, A, K, B, N, 2 * L, <const real*>NULL, C, N, False,
                panels if room else <real*>NULL)
    if full < N:
        pack(K, N - full, B + full, N, panels + room)
        ragged_product(like, M, N - full, K, A, K, <const real*>panels + room,
                       panel_width(A, N - full), 0, <const real*>NULL, C + full, N, False)
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
        matrix, vector, offset = _arrays.as_plain_together(
            W=W, x=x, bias=bias, optional=("bias",))
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
    if out is None:
        y = new_vector(M, typenum)
    elif is_place(out, 1, typenum, M, M, matrix, vector) and not overlap(out, offset):
        y = out
    else:
        y = _arrays.writing_place(out, (M,), matrix.dtype, matrix, vector, offset)
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
    if out is None:
        result = new_matrix(M, N, typenum)
    elif is_place(out, 2, typenum, M, N, left, right):
        result = out
    else:
        result = _arrays.writing_place(out, (M, N), left.dtype, left, right)
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
