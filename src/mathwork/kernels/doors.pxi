# What every door shares: recognising a plain array, choosing where to write, letting go of
# the GIL. A door has two ways in: arrays that are plain already, which costs a few tests, and
# everything else by way of mathwork._arrays, where the dtype and layout rules stand.

cdef extern from "Python.h":
    ctypedef struct PyThreadState
    PyThreadState* PyEval_SaveThread()
    void PyEval_RestoreThread(PyThreadState*)

cdef extern from "numpy/arrayobject.h":
    # The same memory as an array of its own, whose shape and dtype nobody else can set.
    cnp.ndarray own_view "PyArray_View"(cnp.ndarray array, void* dtype, void* subtype)

cdef enum:
    GIL_WORK = 20000        # multiply-adds, 1 to 2 us: taking the GIL back costs about 0.1 us


cdef inline bint is_plain(object value, int ndim, int typenum) noexcept:
    """An exact ndarray of this many dimensions and type that kernels can read as it is"""
    return (cnp.PyArray_CheckExact(value)
            and cnp.PyArray_NDIM(<cnp.ndarray>value) == ndim
            and cnp.PyArray_TYPE(<cnp.ndarray>value) == typenum
            and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>value))


cdef inline bint is_plain_double(object value) noexcept:
    """is_plain() in any number of dimensions but 0"""
    return (cnp.PyArray_CheckExact(value) and cnp.PyArray_NDIM(<cnp.ndarray>value) > 0
            and is_plain(value, cnp.PyArray_NDIM(<cnp.ndarray>value), cnp.NPY_DOUBLE))


cdef inline bint is_strided(cnp.ndarray array) noexcept:
    """float32 or float64 that kernels can read as it is, however far apart the numbers lie"""
    return ((cnp.PyArray_TYPE(array) == cnp.NPY_DOUBLE or cnp.PyArray_TYPE(array) == cnp.NPY_FLOAT)
            and cnp.PyArray_ISALIGNED(array) and cnp.PyArray_ISNOTSWAPPED(array))


cdef inline bint overlap(cnp.ndarray a, cnp.ndarray b) noexcept:
    """Whether two plain arrays share memory; None shares none"""
    if a is None or b is None:
        return False
    return (cnp.PyArray_BYTES(a) < cnp.PyArray_BYTES(b) + cnp.PyArray_NBYTES(b)
            and cnp.PyArray_BYTES(b) < cnp.PyArray_BYTES(a) + cnp.PyArray_NBYTES(a))


cdef inline bint is_place(object out, int ndim, int typenum, Py_ssize_t first, Py_ssize_t last,
                          cnp.ndarray a, cnp.ndarray b) noexcept:
    """A plain, writable array of this first and last size that shares no memory with a and b"""
    return (is_plain(out, ndim, typenum)
            and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>out)
            and (<cnp.ndarray>out).shape[0] == first
            and (<cnp.ndarray>out).shape[ndim - 1] == last
            and not overlap(out, a) and not overlap(out, b))


cdef inline cnp.ndarray new_vector(Py_ssize_t n, int typenum):
    cdef cnp.npy_intp shape = n
    return cnp.PyArray_EMPTY(1, &shape, typenum, 0)


cdef inline cnp.ndarray new_matrix(Py_ssize_t rows, Py_ssize_t columns, int typenum):
    cdef cnp.npy_intp[2] shape
    shape[0] = rows
    shape[1] = columns
    return cnp.PyArray_EMPTY(2, shape, typenum, 0)


cdef inline PyThreadState* release_gil(double work):
    """Let other threads run where there is enough work; to be undone by take_gil"""
    return PyEval_SaveThread() if work > GIL_WORK else NULL


cdef inline void take_gil(PyThreadState* state):
    if state != NULL:
        PyEval_RestoreThread(state)


cdef tuple shape_of(cnp.ndarray array):
    return tuple([array.shape[axis] for axis in range(cnp.PyArray_NDIM(array))])
