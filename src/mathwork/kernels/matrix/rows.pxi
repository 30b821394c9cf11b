# The elementary row operations: their loops and their doors.


cdef inline void add_row(lanes like, Py_ssize_t n, real factor, const real* source,
                         real* target) noexcept nogil:
    """target[j] += factor source[j], rounded once where the level has fused multiply-add"""
    cdef lanes x, y, multiple = fill(like, factor)
    cdef real last[2 * MAX_LANES]
    cdef Py_ssize_t L = lane_count(target), j = 0
    while j + L <= n:
        load(&x, source + j)
        load(&y, <const real*>target + j)
        store(target + j, mul_add(multiple, x, y))
        j += L
    if j < n:
        memset(last, 0, sizeof(last))
        memcpy(last, source + j, (n - j) * sizeof(real))
        memcpy(last + L, target + j, (n - j) * sizeof(real))
        load(&x, <const real*>last)
        load(&y, <const real*>last + L)
        store(last, mul_add(multiple, x, y))
        memcpy(target + j, last, (n - j) * sizeof(real))


cdef inline void multiply_row(Py_ssize_t n, real factor, real* row) noexcept nogil:
    """row[j] *= factor"""
    cdef Py_ssize_t j
    for j in range(n):
        row[j] *= factor


cdef inline void swap_entries(Py_ssize_t n, real* a, real* b) noexcept nogil:
    """a[j], b[j] = b[j], a[j]"""
    cdef Py_ssize_t j
    for j in range(n):
        a[j], b[j] = b[j], a[j]


cdef cnp.ndarray plain_matrix(object A):
    """Return A as a plain (m, n) array"""
    cdef cnp.ndarray matrix
    if is_plain(A, 2, cnp.NPY_DOUBLE) or is_plain(A, 2, cnp.NPY_FLOAT):
        return A
    matrix = _arrays.as_plain(A, "A")
    if cnp.PyArray_NDIM(matrix) != 2:
        raise ValueError(f"A must have shape (m, n), got {shape_of(matrix)}")
    return matrix


cdef Py_ssize_t row_number(Py_ssize_t asked, object i, str name, cnp.ndarray A) except -1:
    """Return the number of row `asked` of A; a negative one counts from the end; i is its origin"""
    cdef Py_ssize_t m = A.shape[0], row = asked + m if asked < 0 else asked
    if not 0 <= row < m:
        raise IndexError(f"{name} must be a row of A of shape {shape_of(A)}, got {i}")
    return row


cdef double multiple(object factor) except? -1:
    try:
        return factor
    except OverflowError:
        raise OverflowError("factor is too large for a float") from None


cdef cnp.ndarray to_be_changed(cnp.ndarray A, object out):
    """Return a plain array with the entries of A: A if out is A, else out if possible, else new"""
    cdef cnp.ndarray place
    cdef int typenum = cnp.PyArray_TYPE(A)
    if out is A and cnp.PyArray_ISWRITEABLE(A):
        return A
    if out is None:
        place = new_matrix(A.shape[0], A.shape[1], typenum)
    elif is_place(out, 2, typenum, A.shape[0], A.shape[1], A, None):
        place = out
    else:
        place = _arrays.writing_place(out, shape_of(A), A.dtype, A)
    memcpy(cnp.PyArray_DATA(place), cnp.PyArray_DATA(A), cnp.PyArray_NBYTES(A))
    return place


def swap_rows(A, i, j, *, out=None):
    A = as_numbers(A, "A")
    if holds_objects(A):
        return swap_rows.__wrapped__(A, i, j, out=out)
    # Convert the numbers first: that may run code that changes A.
    cdef Py_ssize_t a = clipped_index(i, NULL), b = clipped_index(j, NULL), n
    cdef cnp.ndarray matrix = plain_matrix(A), result
    cdef bint narrow = cnp.PyArray_TYPE(matrix) == cnp.NPY_FLOAT
    n = matrix.shape[1]
    a = row_number(a, i, "i", matrix)
    b = row_number(b, j, "j", matrix)
    result = to_be_changed(matrix, out)
    if a != b and narrow:
        swap_entries(n, <float*>cnp.PyArray_DATA(result) + a * n,
                     <float*>cnp.PyArray_DATA(result) + b * n)
    elif a != b:
        swap_entries(n, <double*>cnp.PyArray_DATA(result) + a * n,
                     <double*>cnp.PyArray_DATA(result) + b * n)
    return result if out is None or result is out else _arrays.copied(result, out)


def scale_row(A, i, factor, *, out=None):
    A = as_numbers(A, "A")
    if holds_objects(A):
        return scale_row.__wrapped__(A, i, factor, out=out)
    cdef Py_ssize_t row = clipped_index(i, NULL), n
    cdef double number = multiple(factor)
    cdef cnp.ndarray matrix = plain_matrix(A), result
    cdef bint narrow = cnp.PyArray_TYPE(matrix) == cnp.NPY_FLOAT
    n = matrix.shape[1]
    row = row_number(row, i, "i", matrix)
    if number == 0 or (narrow and <float>number == 0):
        raise ValueError(f"factor must not be zero, got {number}"
                         + (", which is zero in float32" if number else ""))
    result = to_be_changed(matrix, out)
    if narrow:
        multiply_row(n, <float>number, <float*>cnp.PyArray_DATA(result) + row * n)
    else:
        multiply_row(n, number, <double*>cnp.PyArray_DATA(result) + row * n)
    return result if out is None or result is out else _arrays.copied(result, out)


def add_multiple(A, target, source, factor, *, out=None):
    A = as_numbers(A, "A")
    if holds_objects(A):
        return add_multiple.__wrapped__(A, target, source, factor, out=out)
    cdef Py_ssize_t t = clipped_index(target, NULL), s = clipped_index(source, NULL), n
    cdef double number = multiple(factor)
    cdef cnp.ndarray matrix = plain_matrix(A), result
    cdef bint narrow = cnp.PyArray_TYPE(matrix) == cnp.NPY_FLOAT
    n = matrix.shape[1]
    t = row_number(t, target, "target", matrix)
    s = row_number(s, source, "source", matrix)
    if t == s:
        raise ValueError(f"target and source must be different rows, got {target} and {source}")
    result = to_be_changed(matrix, out)
    if narrow:
        add_row(<f32v>fill_f32(0), n, <float>number,
                <const float*>cnp.PyArray_DATA(result) + s * n,
                <float*>cnp.PyArray_DATA(result) + t * n)
    else:
        add_row(<f64v>fill_f64(0), n, number,
                <const double*>cnp.PyArray_DATA(result) + s * n,
                <double*>cnp.PyArray_DATA(result) + t * n)
    return result if out is None or result is out else _arrays.copied(result, out)
