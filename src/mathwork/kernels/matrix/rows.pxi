# The elementary row operations, augmented matrices and the echelon form: loops and doors.

import mathwork._arguments as _arguments


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


cdef object numbers_of(object A):
    """Return A as a plain matrix if that is simple, else as an array in any dtype"""
    cdef cnp.ndarray plain = simple_matrix(A)
    return plain if plain is not None else as_numbers(A, "A")


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
        raise IndexError(f"{name} must be a row of A of shape {shape_of(A)}, "
                         f"got {_arguments.shown(i)}")
    return row


cdef inline bint is_complex(object factor):
    return not isinstance(factor, (float, int)) and _arrays.holds_complex(factor)


cdef double multiple(object factor) except? -1:
    return factor if type(factor) is float else _arguments.real(factor, "factor")


cdef Py_ssize_t place(object row, str name) except? -1:
    """Return an integer, clipped to what C can hold"""
    return clipped_index(row if type(row) is int else _arguments.whole(row, name), NULL)


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
    A = numbers_of(A)
    if holds_objects(A):
        return swap_rows.__wrapped__(A, i, j, out=out)
    # Convert the numbers first: that may run code that changes A.
    cdef Py_ssize_t a = place(i, "i"), b = place(j, "j"), n
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
    A = numbers_of(A)
    if holds_objects(A) or is_complex(factor):
        return scale_row.__wrapped__(A, i, factor, out=out)
    cdef Py_ssize_t row = place(i, "i"), n
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
    A = numbers_of(A)
    if holds_objects(A) or is_complex(factor):
        return add_multiple.__wrapped__(A, target, source, factor, out=out)
    cdef Py_ssize_t t = place(target, "target"), s = place(source, "source"), n
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


# ---- matrices beside each other, and their form ----

def augment(A, b):
    cdef cnp.ndarray left = simple_matrix(A), right = None, made
    cdef Py_ssize_t m, n, k
    cdef PyThreadState* state
    if left is not None:
        left = kept_beside(left, b)
        right = simple_sides(b, left)
    if right is None:
        return augment.__wrapped__(A, b)
    if cnp.PyArray_TYPE(left) != cnp.PyArray_TYPE(right):
        left, right = in_double(left), in_double(right)
    m, n, k = left.shape[0], left.shape[1], 1
    if cnp.PyArray_NDIM(right) == 2:
        k = right.shape[1]
    made = new_matrix(m, n + k, cnp.PyArray_TYPE(left))
    state = release_gil(<double>m * (n + k))
    if cnp.PyArray_TYPE(left) == cnp.NPY_FLOAT:
        put_all_beside(m, n, k, <const float*>cnp.PyArray_DATA(left),
                       <const float*>cnp.PyArray_DATA(right), <float*>cnp.PyArray_DATA(made))
    else:
        put_all_beside(m, n, k, <const double*>cnp.PyArray_DATA(left),
                       <const double*>cnp.PyArray_DATA(right), <double*>cnp.PyArray_DATA(made))
    take_gil(state)
    return made


cdef void put_all_beside(Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const real* A, const real* B,
                         real* both) noexcept nogil:
    """put_beside() in pieces; an interrupt ends it"""
    cdef Py_ssize_t start = 0, rows
    while True:
        rows = min(m - start, <Py_ssize_t>4096)
        put_beside(rows, n, k, A + start * n, B + start * k, <const int*>NULL,
                   both + start * (n + k))
        start += rows
        if start == m or interrupted(4096.0 * (n + k)):
            return


cdef bint has_echelon_form(Py_ssize_t m, Py_ssize_t n, const real* A, bint reduced) noexcept:
    """Return whether each row begins right of the row above, or both are zero

    If `reduced`, also whether each begins with a 1 that is alone in its column.
    """
    cdef Py_ssize_t last = -1, i, k, c
    if n == 0:
        return True         # of any number of rows
    for i in range(m):
        c = 0
        while c < n and A[i * n + c] == 0:
            c += 1
        if c < n and c <= last:
            return False
        last = c
        if reduced and c < n:
            for k in range(m):
                if A[k * n + c] != (1 if k == i else 0):
                    return False
    return True


cdef inline bint plain_has_form(cnp.ndarray A, bint reduced) noexcept:
    if cnp.PyArray_TYPE(A) == cnp.NPY_FLOAT:
        return has_echelon_form(A.shape[0], A.shape[1], <const float*>cnp.PyArray_DATA(A), reduced)
    return has_echelon_form(A.shape[0], A.shape[1], <const double*>cnp.PyArray_DATA(A), reduced)


def is_ref(A):
    cdef cnp.ndarray plain = simple_matrix(A)
    return is_ref.__wrapped__(A) if plain is None else plain_has_form(plain, False) != 0


def is_rref(A):
    cdef cnp.ndarray plain = simple_matrix(A)
    return is_rref.__wrapped__(A) if plain is None else plain_has_form(plain, True) != 0
