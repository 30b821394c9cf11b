# Matrices and vectors as people write them, read without Python's help: lists of rows, integers,
# transposed arrays. What needs more care is left to mathwork._arrays, which has the rules.

cdef extern from "numpy/arrayobject.h":
    enum:
        NPY_HALF                # cnp does not have it

cdef enum:
    STACK_NUMBERS = 1 << 30     # at most, in a stack that needs no check of its shape

cdef extern from "Python.h":
    PyObject** items_of "PySequence_Fast_ITEMS"(object)
    Py_ssize_t length_of "PySequence_Fast_GET_SIZE"(object)
    bint is_float "PyFloat_CheckExact"(PyObject*)
    bint is_integer "PyLong_CheckExact"(PyObject*)
    double float_of "PyFloat_AS_DOUBLE"(PyObject*)
    long long integer_of "PyLong_AsLongLongAndOverflow"(PyObject*, int*)


cdef inline bint is_sequence(object value) noexcept:
    return type(value) is list or type(value) is tuple


cdef bint take_numbers(object sequence, Py_ssize_t n, double* numbers) noexcept:
    """Write n numbers of a list or tuple; return False unless it holds n, all Python's own"""
    cdef PyObject** items = items_of(sequence)
    cdef int overflow
    cdef Py_ssize_t i
    if length_of(sequence) != n:
        return False
    for i in range(n):
        if is_float(items[i]):
            numbers[i] = float_of(items[i])
        elif is_integer(items[i]):
            numbers[i] = <double>integer_of(items[i], &overflow)
            if overflow:
                return False
        else:
            return False
    return True


cdef cnp.ndarray array_of_rows(object rows):
    """A list of numbers, or of lists of numbers, as an array; None if it is not so simple"""
    cdef Py_ssize_t m = length_of(rows), n, i
    cdef cnp.ndarray made
    cdef object row
    if m == 0:
        return None
    row = <object>items_of(rows)[0]
    if not is_sequence(row):
        made = new_vector(m, cnp.NPY_DOUBLE)
        return made if take_numbers(rows, m, <double*>cnp.PyArray_DATA(made)) else None
    n = length_of(row)
    made = new_matrix(m, n, cnp.NPY_DOUBLE)
    for i in range(m):
        row = <object>items_of(rows)[i]
        if not is_sequence(row) or not take_numbers(
                row, n, <double*>cnp.PyArray_DATA(made) + i * n):
            return None
    return made


cdef cnp.ndarray simply_plain(object value):
    """Return value as a plain array, as mathwork._arrays would, or None if that must see it"""
    cdef cnp.ndarray array
    cdef int typenum
    if is_sequence(value):
        return array_of_rows(value)
    if not cnp.PyArray_CheckExact(value):
        return None
    array = value
    typenum = cnp.PyArray_TYPE(array)
    if typenum == NPY_HALF:
        typenum = cnp.NPY_FLOAT
    elif cnp.NPY_BOOL <= typenum <= cnp.NPY_ULONGLONG:
        typenum = cnp.NPY_DOUBLE
    elif typenum != cnp.NPY_FLOAT and typenum != cnp.NPY_DOUBLE:
        return None
    if is_plain(array, cnp.PyArray_NDIM(array), typenum):
        return array
    return cnp.PyArray_FROM_OTF(array, typenum, cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_ALIGNED
                                | cnp.NPY_ARRAY_NOTSWAPPED)


cdef inline cnp.ndarray simple_matrix(object value):
    """simply_plain() of one matrix, else None"""
    cdef cnp.ndarray A
    if is_plain(value, 2, cnp.NPY_DOUBLE) or is_plain(value, 2, cnp.NPY_FLOAT):
        return value
    A = simply_plain(value)
    return A if A is not None and cnp.PyArray_NDIM(A) == 2 else None


cdef inline cnp.ndarray simple_matrices(object value):
    """simple_matrix(), or a view that nobody else holds of a stack that is plain as it stands; else
    None
    """
    if is_plain_from(value, 3, cnp.NPY_DOUBLE) or is_plain_from(value, 3, cnp.NPY_FLOAT):
        if 0 < cnp.PyArray_SIZE(<cnp.ndarray>value) <= STACK_NUMBERS:
            return own_view(value, NULL, NULL)
        return None
    return simple_matrix(value)


cdef inline cnp.ndarray kept_beside(cnp.ndarray A, object b):
    """Return A, or a view of it that nobody else holds if an array b must be converted

    A conversion can let other threads run, and these may set the shape of A.
    """
    if (cnp.PyArray_CheckExact(b)
            and not is_plain(b, cnp.PyArray_NDIM(<cnp.ndarray>b), cnp.PyArray_TYPE(A))):
        return own_view(A, NULL, NULL)
    return A


cdef cnp.ndarray stacked_sides(object value, cnp.ndarray A, bint* vectors):
    """A view of plain vectors or columns, those for each matrix of the stack A, as columns; else
    None
    """
    cdef int ndim = cnp.PyArray_NDIM(A), typenum = cnp.PyArray_TYPE(A), axis
    cdef cnp.ndarray b
    vectors[0] = is_plain(value, ndim - 1, typenum)
    if vectors[0]:
        b = value[..., None]
    elif is_plain(value, ndim, typenum):
        b = own_view(value, NULL, NULL)
    else:
        return None
    for axis in range(ndim - 1):
        if b.shape[axis] != A.shape[axis]:
            return None
    return b if cnp.PyArray_SIZE(b) > 0 else None


cdef cnp.ndarray simple_sides(object value, cnp.ndarray A):
    """simply_plain() of a vector or columns beside the matrix A, else None

    Also None beside a matrix without entries, which may claim any shape.
    """
    cdef cnp.ndarray b = simply_plain(value)
    if (b is None or not 1 <= cnp.PyArray_NDIM(b) <= 2 or b.shape[0] != A.shape[0]
            or A.shape[0] == 0 or A.shape[1] == 0):
        return None
    if b is value and cnp.PyArray_TYPE(b) != cnp.PyArray_TYPE(A):
        return own_view(b, NULL, NULL)      # A will be converted: see kept_beside()
    return b


cdef cnp.ndarray in_double(cnp.ndarray array):
    """A plain array of float32 or float64 in float64, without NumPy's warning of signalling NaNs"""
    cdef cnp.ndarray made
    cdef Py_ssize_t i
    if cnp.PyArray_TYPE(array) == cnp.NPY_DOUBLE:
        return array
    made = cnp.PyArray_EMPTY(cnp.PyArray_NDIM(array), cnp.PyArray_DIMS(array), cnp.NPY_DOUBLE, 0)
    for i in range(cnp.PyArray_SIZE(made)):
        (<double*>cnp.PyArray_DATA(made))[i] = (<const float*>cnp.PyArray_DATA(array))[i]
    return made
