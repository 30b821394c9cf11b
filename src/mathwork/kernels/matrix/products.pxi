# The doors of matvec and matmul. Objects, such as Fractions, go to their declarations.


cdef inline object as_numbers(object value, str name):
    """Return value if it is a plain matrix, else an array of it in any dtype"""
    if is_plain(value, 2, cnp.NPY_DOUBLE) or is_plain(value, 2, cnp.NPY_FLOAT):
        return value
    return _arrays.unmasked(value, name)


cdef inline bint holds_objects(object array) noexcept:
    return cnp.PyArray_TYPE(<cnp.ndarray>array) == cnp.NPY_OBJECT


def matvec(W, x, bias=None, *, out=None):
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
        matrix_times_vector(<f32h>fill_f32h(0), M, K, <const float*>cnp.PyArray_DATA(matrix),
                            <const float*>cnp.PyArray_DATA(vector), <const float*>start,
                            <float*>cnp.PyArray_DATA(y))
    else:
        matrix_times_vector(<f64h>fill_f64h(0), M, K, <const double*>cnp.PyArray_DATA(matrix),
                            <const double*>cnp.PyArray_DATA(vector), <const double*>start,
                            <double*>cnp.PyArray_DATA(y))
    take_gil(state)
    return y if out is None or y is out else _arrays.copied(y, out)


def matmul(A, B, *, out=None):
    cdef cnp.ndarray left, right, result
    cdef Py_ssize_t M, N, K
    cdef PyThreadState* state
    cdef int failed
    cdef int typenum = cnp.NPY_FLOAT if is_plain(A, 2, cnp.NPY_FLOAT) else cnp.NPY_DOUBLE
    if is_plain(A, 2, typenum) and is_plain(B, 2, typenum):
        left, right = A, B
    else:
        A, B = as_numbers(A, "A"), as_numbers(B, "B")
        if holds_objects(A) or holds_objects(B):
            return matmul.__wrapped__(A, B, out=out)
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
