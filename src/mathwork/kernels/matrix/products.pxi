# matvec and matmul: small slices of a stack in registers, and the doors.
#
#   few_rows_product   some rows of a small product in registers
#   small_product      one small product
#   multiply_stack     slice by slice, small ones here, others as single products
#   StackProduct       a stack of products under way, in pieces for the workers
#
# A small product has sums of one part (see base/product.pxi), so its bits are those of any other.
# Objects, such as Fractions, and complex numbers go to the declarations of the doors.

cdef enum:
    SMALL_SIDE = 16         # the most rows, columns and terms of a small product


# ---- small products ----

cdef inline void few_rows_product(vectors like, const int rows, Py_ssize_t N, Py_ssize_t K,
                                  const real* A, const real* B, real* C) noexcept nogil:
    """C[m, n] = A[m, k] B[k, n] for some rows and one register of columns"""
    cdef vectors sums[4]
    cdef vectors value
    cdef Py_ssize_t k
    cdef int i
    for i in range(rows):
        sums[i] = fill(like, 0)
    for k in range(K):
        load(&value, B + k * N)
        for i in range(rows):
            sums[i] = mul_add(fill(like, A[i * K + k]), value, sums[i])
    for i in range(rows):
        store(C + i * N, sums[i])


cdef inline void small_product(vectors like, Py_ssize_t M, Py_ssize_t N, Py_ssize_t K,
                               const real* A, const real* B, real* C) noexcept nogil:
    """C[m, n] = A[m, k] B[k, n]

    Registers wider than a row read and write on behind it, behind the last row too. They write what
    is written again, or what is not kept.
    """
    cdef Py_ssize_t L = lanes_in(like), m, n = 0
    while n < N:
        if n and n + L > N:
            n = N - L               # the last register overlaps the previous one
        m = 0
        while m + 4 <= M:
            few_rows_product(like, 4, N, K, A + m * K, B + n, C + m * N + n)
            m += 4
        if M - m == 3:
            few_rows_product(like, 3, N, K, A + m * K, B + n, C + m * N + n)
        elif M - m == 2:
            few_rows_product(like, 2, N, K, A + m * K, B + n, C + m * N + n)
        elif M - m == 1:
            few_rows_product(like, 1, N, K, A + m * K, B + n, C + m * N + n)
        n += L


cdef inline void small_product_inside(vectors like, Py_ssize_t M, Py_ssize_t N, Py_ssize_t K,
                                      const real* A, const real* B, real* C) noexcept nogil:
    """small_product() that touches nothing behind B and C"""
    cdef real copy[SMALL_SIDE * SMALL_SIDE + MAX_LANES]
    cdef real result[SMALL_SIDE * SMALL_SIDE + MAX_LANES]
    memset(copy, 0, sizeof(copy))
    memcpy(copy, B, K * N * sizeof(real))
    small_product(like, M, N, K, A, <const real*>copy, result)
    memcpy(C, result, M * N * sizeof(real))


cdef inline void small_products(vectors like, Walk* walk, Py_ssize_t count, Py_ssize_t M,
                                Py_ssize_t N, Py_ssize_t K, const real* A, const real* B,
                                const real* end, real* C) noexcept nogil:
    """C[s] = A[s] B[s] for the next `count` slices of the walk; B ends at `end`"""
    cdef Py_ssize_t over = max(lanes_in(like) - N, 0), s
    cdef const real* left
    cdef const real* right
    cdef const real* stop = <const real*>C + count * M * N
    for s in range(count):
        left, right = A + walk.slice[0] * M * K, B + walk.slice[1] * K * N
        if right + K * N + over <= end and <const real*>C + M * N + over <= stop:
            small_product(like, M, N, K, left, right, C)
        else:
            small_product_inside(like, M, N, K, left, right, C)
        C += M * N
        next_slice(walk)


# ---- a stack ----

cdef struct Products:
    Walk walk
    Py_ssize_t M, N, K
    const void* A
    const void* B
    Py_ssize_t numbers      # of B
    const void* start       # the bias, or NULL
    void* C


cdef int multiply_slices(lanes like, const Products* job, Py_ssize_t start, Py_ssize_t stop,
                         const real* A, const real* B, real* C) noexcept nogil:
    """C[s] = A[s] B[s] for slices start:stop of C; -1 where memory ran out, else 0"""
    cdef Py_ssize_t M = job.M, N = job.N, K = job.K, s
    cdef Py_ssize_t half = F32_HALF_LANES if lanes is f32v else F64_HALF_LANES
    cdef Walk walk = job.walk
    begin_walk(&walk, start)
    C += start * M * N
    if max(M, N, K) <= SMALL_SIDE:
        if N > half:
            small_products(like, &walk, stop - start, M, N, K, A, B, B + job.numbers, C)
        elif lanes is f32v:
            small_products(<f32h>fill_f32h(0), &walk, stop - start, M, N, K, A, B,
                           B + job.numbers, C)
        else:
            small_products(<f64h>fill_f64h(0), &walk, stop - start, M, N, K, A, B,
                           B + job.numbers, C)
        return 0
    for s in range(stop - start):
        if matrix_times_matrix(like, M, N, K, A + walk.slice[0] * M * K, B + walk.slice[1] * K * N,
                               C + s * M * N):
            return -1
        next_slice(&walk)
    return 0


cdef void apply_slices(vectors like, const Products* job, Py_ssize_t start, Py_ssize_t stop,
                       const real* W, const real* x, const real* bias, real* y) noexcept nogil:
    """y[s] = W[s] x[s] + bias[s] for slices start:stop of y; a bias of NULL is 0"""
    cdef Py_ssize_t M = job.M, K = job.K, s
    cdef Walk walk = job.walk
    begin_walk(&walk, start)
    for s in range(start, stop):
        matrix_times_vector(like, M, K, W + walk.slice[0] * M * K, x + walk.slice[1] * K,
                            bias + walk.slice[2] * M if bias != NULL else NULL, y + s * M)
        next_slice(&walk)


cdef int multiply_rows(lanes like, const Products* job, Py_ssize_t start, Py_ssize_t stop,
                       const real* A, const real* B, real* C) noexcept nogil:
    """C = A B for rows start:stop of all slices of A, by one matrix B; -1 where memory ran out"""
    return matrix_times_matrix(like, stop - start, job.N, job.K, A + start * job.K, B,
                               C + start * job.N)


cdef int multiply_part(lanes like, const Products* job, bint by_rows, Py_ssize_t start,
                       Py_ssize_t stop, const real* A, const real* B, real* C) noexcept nogil:
    if by_rows:
        return multiply_rows(like, job, start, stop, A, B, C)
    return multiply_slices(like, job, start, stop, A, B, C)


@cython.final
@cython.no_gc
cdef class StackProduct:
    """A stack of products of plain arrays under way, in pieces of slices, or of rows."""

    cdef Products job
    cdef bint narrow, by_vectors, by_rows
    cdef tuple arrays               # that the job points into

    def __call__(self, Py_ssize_t start, Py_ssize_t stop):
        cdef const Products* job = &self.job
        cdef double work = <double>(1 if self.by_rows else job.M) * (job.K + 1) * job.N
        cdef PyThreadState* state = release_gil(work * (stop - start))
        cdef Py_ssize_t end = start
        cdef int failed = 0
        if self.by_rows:
            work = 0            # all at once: B is packed for all rows
        while not failed and next_piece(&start, &end, stop, work):
            if self.by_vectors and self.narrow:
                apply_slices(<f32h>fill_f32h(0), job, start, end, <const float*>job.A,
                             <const float*>job.B, <const float*>job.start, <float*>job.C)
            elif self.by_vectors:
                apply_slices(<f64h>fill_f64h(0), job, start, end, <const double*>job.A,
                             <const double*>job.B, <const double*>job.start, <double*>job.C)
            elif self.narrow:
                failed = multiply_part(
                    <f32v>fill_f32(0), job, self.by_rows, start, end, <const float*>job.A,
                    <const float*>job.B, <float*>job.C)
            else:
                failed = multiply_part(
                    <f64v>fill_f64(0), job, self.by_rows, start, end, <const double*>job.A,
                    <const double*>job.B, <double*>job.C)
        take_gil(state)
        if failed:
            raise MemoryError


cdef object product_of_stacks(cnp.ndarray left, cnp.ndarray right, cnp.ndarray bias,
                              bint by_vectors, object out, object workers):
    """The product of plain stacks whose last axes fit; without a bias it is None"""
    cdef StackProduct made = StackProduct()
    cdef Products* job = &made.job
    cdef Walk* walk = &job.walk
    cdef int trailing = 1 if by_vectors else 2, axis
    cdef Py_ssize_t count = 1
    cdef cnp.ndarray result
    cdef cnp.npy_intp[MAX_DIMENSIONS + 2] shape
    walk.axes = walk.operands = 0
    if not (join_axes(walk, left, 2) and join_axes(walk, right, trailing)
            and (bias is None or join_axes(walk, bias, 1))):
        names = ("W and x" if bias is None else "W, x and bias") if by_vectors else "A and B"
        shapes = f"{shape_of(left)} and {shape_of(right)}"
        if bias is not None:
            shapes = f"{shapes} and {shape_of(bias)}"
        raise ValueError(f"the stacks of {names} must broadcast, got shapes {shapes}")
    job.M, job.K = left.shape[cnp.PyArray_NDIM(left) - 2], left.shape[cnp.PyArray_NDIM(left) - 1]
    job.N = 1 if by_vectors else right.shape[cnp.PyArray_NDIM(right) - 1]
    add_operand(walk, left, 2)
    add_operand(walk, right, trailing)
    if bias is not None:
        add_operand(walk, bias, 1)
    for axis in range(walk.axes):
        shape[axis] = walk.shape[axis]
        count *= shape[axis]
    shape[walk.axes], shape[walk.axes + 1] = job.M, job.N
    made.by_rows = not by_vectors and cnp.PyArray_NDIM(right) == 2      # B is packed once for all
    if made.by_rows:
        count *= job.M
    made.narrow, made.by_vectors = cnp.PyArray_TYPE(left) == cnp.NPY_FLOAT, by_vectors
    job.numbers = cnp.PyArray_SIZE(right)
    # Not left.dtype, which may have metadata
    dtype = _arrays.FLOAT32 if cnp.PyArray_TYPE(left) == cnp.NPY_FLOAT else _arrays.FLOAT64
    result = _arrays.writing_place(out, cnp.PyArray_IntTupleFromIntp(walk.axes + trailing, shape),
                                   dtype, left, right, bias)
    made.arrays = (left, right, bias, result)
    job.A, job.B = cnp.PyArray_DATA(left), cnp.PyArray_DATA(right)
    job.start = cnp.PyArray_DATA(bias) if bias is not None else NULL
    job.C = cnp.PyArray_DATA(result)
    if cnp.PyArray_SIZE(result):
        if workers == 1:
            made(0, count)
        else:
            _workers.over_rows(made, count, workers)
    return result if out is None or result is out else _arrays.copied(result, out)


# ---- doors ----

cdef inline object as_numbers(object value, str name):
    """Return value if it is a plain matrix, else an array of it in any dtype"""
    if is_plain(value, 2, cnp.NPY_DOUBLE) or is_plain(value, 2, cnp.NPY_FLOAT):
        return value
    return _arrays.unmasked(value, name)


cdef inline bint holds_objects(object array) noexcept:
    """Return whether array holds what only declarations compute with: objects, complex numbers"""
    return (cnp.PyArray_TYPE(<cnp.ndarray>array) == cnp.NPY_OBJECT
            or cnp.PyArray_ISCOMPLEX(<cnp.ndarray>array))


cdef int check_last_axes(cnp.ndarray W, cnp.ndarray x, cnp.ndarray bias) except -1:
    """Raise unless W (..., M, K) goes with x (..., K) and bias (..., M)"""
    cdef int ndim = cnp.PyArray_NDIM(W)
    cdef Py_ssize_t M, K
    if ndim < 2:
        raise ValueError(f"W must have shape (..., n_out, n_in), got {shape_of(W)}")
    M, K = W.shape[ndim - 2], W.shape[ndim - 1]
    ndim = cnp.PyArray_NDIM(x)
    if ndim < 1 or x.shape[ndim - 1] != K:
        raise ValueError(f"x must have shape ({K},) or (..., {K}) to match W of shape "
                         f"{shape_of(W)}, got {shape_of(x)}")
    if bias is not None:
        ndim = cnp.PyArray_NDIM(bias)
        if ndim < 1 or bias.shape[ndim - 1] != M:
            raise ValueError(f"bias must have shape ({M},) or (..., {M}) to match W of shape "
                             f"{shape_of(W)}, got {shape_of(bias)}")
    return 0


def matvec(W, x, bias=None, *, out=None, workers=1):
    cdef cnp.ndarray matrix, vector, offset = None, y
    cdef Py_ssize_t M, K
    cdef const void* start = NULL
    cdef PyThreadState* state
    cdef int typenum = cnp.NPY_FLOAT if is_plain_from(W, 2, cnp.NPY_FLOAT) else cnp.NPY_DOUBLE
    if type(workers) is not int or workers != 1:
        workers = _workers.checked_workers(workers)
    if is_plain_from(W, 2, typenum) and is_plain_from(x, 1, typenum) and (
            bias is None or is_plain_from(bias, 1, typenum)):
        matrix, vector, offset = W, x, bias
    else:
        W, x = as_numbers(W, "W"), as_numbers(x, "x")
        bias = None if bias is None else as_numbers(bias, "bias")
        if holds_objects(W) or holds_objects(x) or (bias is not None and holds_objects(bias)):
            return matvec.__wrapped__(W, x, bias, out=out)
        matrix, vector, offset = _arrays.as_plain_together(
            W=W, x=x, bias=bias, optional=("bias",))
        typenum = cnp.PyArray_TYPE(matrix)
    check_last_axes(matrix, vector, offset)
    if (cnp.PyArray_NDIM(matrix) > 2 or cnp.PyArray_NDIM(vector) > 1
            or (offset is not None and cnp.PyArray_NDIM(offset) > 1)):
        return product_of_stacks(matrix, vector, offset, True, out, workers)
    M, K = matrix.shape[0], matrix.shape[1]
    if offset is not None:
        start = cnp.PyArray_DATA(offset)
    if out is None:
        y = new_vector(M, typenum)
    elif is_place(out, 1, typenum, M, M, matrix, vector) and not overlap(out, offset):
        y = out
    else:
        y = _arrays.writing_place(out, (M,), matrix.dtype, matrix, vector, offset)
    state = release_gil(<double>M * K)
    if typenum == cnp.NPY_FLOAT:
        matrix_times_vector(<f32h>fill_f32h(0), M, K, <const float*>cnp.PyArray_DATA(matrix),
                            <const float*>cnp.PyArray_DATA(vector), <const float*>start,
                            <float*>cnp.PyArray_DATA(y))
    else:
        matrix_times_vector(<f64h>fill_f64h(0), M, K, <const double*>cnp.PyArray_DATA(matrix),
                            <const double*>cnp.PyArray_DATA(vector), <const double*>start,
                            <double*>cnp.PyArray_DATA(y))
    take_gil(state)
    return y if out is None or y is out else _arrays.copied(y, out)


def matmul(A, B, *, out=None, workers=1):
    cdef cnp.ndarray left, right, result
    cdef Py_ssize_t M, N, K
    cdef PyThreadState* state
    cdef int failed
    cdef int typenum = cnp.NPY_FLOAT if is_plain_from(A, 2, cnp.NPY_FLOAT) else cnp.NPY_DOUBLE
    if type(workers) is not int or workers != 1:
        workers = _workers.checked_workers(workers)
    if is_plain_from(A, 2, typenum) and is_plain_from(B, 2, typenum):
        left, right = A, B
    else:
        A, B = as_numbers(A, "A"), as_numbers(B, "B")
        if holds_objects(A) or holds_objects(B):
            return matmul.__wrapped__(A, B, out=out)
        left, right = _arrays.as_plain_together(A=A, B=B)
        typenum = cnp.PyArray_TYPE(left)
    if (cnp.PyArray_NDIM(left) < 2 or cnp.PyArray_NDIM(right) < 2
            or left.shape[cnp.PyArray_NDIM(left) - 1]
            != right.shape[cnp.PyArray_NDIM(right) - 2]):
        raise ValueError("A and B must have shapes (..., m, k) and (..., k, n), "
                         f"got {shape_of(left)} and {shape_of(right)}")
    if cnp.PyArray_NDIM(left) > 2 or cnp.PyArray_NDIM(right) > 2 or workers != 1:
        return product_of_stacks(left, right, None, False, out, workers)
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
