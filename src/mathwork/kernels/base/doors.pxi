# All doors share this: recognising a plain array, choosing where to write, making results. A door
# has two ways in. A call with plain arguments costs a few tests. Any other call goes through
# mathwork._arrays, which has the rules of dtype and layout, or through the door's declaration in
# Python, its __wrapped__: see mathwork._doors.

cdef extern from "Python.h":
    Py_ssize_t clipped_index "PyNumber_AsSsize_t"(object, void*) except? -1

cdef extern from "numpy/arrayobject.h":
    # The same memory as a new array: nobody else can set its shape and dtype.
    cnp.ndarray own_view "PyArray_View"(cnp.ndarray array, void* dtype, void* subtype)

cdef extern from "numpy/ufuncobject.h":
    # cnp declares it without the two const
    ctypedef void (*ufunc_loop "PyUFuncGenericFunction")(
        char**, const cnp.npy_intp*, const cnp.npy_intp*, void*) noexcept nogil

cdef enum:
    MAX_DIMENSIONS = 64     # the most that an array in NumPy has

cdef tuple no_arguments = ()


cdef inline bint is_plain(object value, int ndim, int typenum) noexcept:
    """Return whether value is an exact ndarray of this kind that kernels can read in place"""
    return (cnp.PyArray_CheckExact(value)
            and cnp.PyArray_NDIM(<cnp.ndarray>value) == ndim
            and cnp.PyArray_TYPE(<cnp.ndarray>value) == typenum
            and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>value))


cdef inline bint is_plain_from(object value, int least, int typenum) noexcept:
    """is_plain() in at least so many dimensions"""
    return (cnp.PyArray_CheckExact(value) and cnp.PyArray_NDIM(<cnp.ndarray>value) >= least
            and is_plain(value, cnp.PyArray_NDIM(<cnp.ndarray>value), typenum))


cdef inline bint is_plain_double(object value) noexcept:
    """is_plain() for float64 in any number of dimensions but 0"""
    return is_plain_from(value, 1, cnp.NPY_DOUBLE)


cdef inline bint is_strided(cnp.ndarray array) noexcept:
    """Return whether kernels can read array in place as float32 or float64, with any strides"""
    return ((cnp.PyArray_TYPE(array) == cnp.NPY_DOUBLE or cnp.PyArray_TYPE(array) == cnp.NPY_FLOAT)
            and cnp.PyArray_ISALIGNED(array) and cnp.PyArray_ISNOTSWAPPED(array))


cdef inline bint overlap(cnp.ndarray a, cnp.ndarray b) noexcept:
    """Return whether two plain arrays share memory; None shares none"""
    if a is None or b is None:
        return False
    return (cnp.PyArray_BYTES(a) < cnp.PyArray_BYTES(b) + cnp.PyArray_NBYTES(b)
            and cnp.PyArray_BYTES(b) < cnp.PyArray_BYTES(a) + cnp.PyArray_NBYTES(a))


cdef inline bint is_place(object out, int ndim, int typenum, Py_ssize_t first, Py_ssize_t last,
                          cnp.ndarray a, cnp.ndarray b) noexcept:
    """Return whether out is plain, writable, of these sizes, and shares no memory with a and b"""
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


cdef cnp.ndarray new_rows(cnp.ndarray like, Py_ssize_t n, Py_ssize_t k, int typenum):
    """A new array of the shape of `like`, with (n, k), or (n,) for k = 0, for its last axis"""
    cdef cnp.npy_intp[MAX_DIMENSIONS + 1] shape
    cdef int ndim = cnp.PyArray_NDIM(like)
    memcpy(shape, cnp.PyArray_DIMS(like), (ndim - 1) * sizeof(cnp.npy_intp))
    shape[ndim - 1], shape[ndim] = n, k
    return cnp.PyArray_EMPTY(ndim + (k > 0), shape, typenum, 0)


cdef tuple first_axes(cnp.ndarray array, int n):
    """The first n sizes of an array

    A tuple may begin a collection of garbage, in which others set the shape: it is copied first.
    """
    cdef cnp.npy_intp[MAX_DIMENSIONS] shape
    memcpy(shape, cnp.PyArray_DIMS(array), n * sizeof(cnp.npy_intp))
    return cnp.PyArray_IntTupleFromIntp(n, shape)


cdef tuple shape_of(cnp.ndarray array):
    return first_axes(array, cnp.PyArray_NDIM(array))


@cython.final
cdef class Maker:
    """Makes the objects of a kernel class, as objects of its public subclass.

    Python declares that subclass by using a Maker as the decorator. So kernels import no Python
    of the package, and a pickle names the public class, not the level that happens to run.
    """

    cdef type kernel
    cdef type declared

    def __init__(self, type kernel not None):
        self.kernel = self.declared = kernel

    def __call__(self, cls):
        self.declared = self.checked(cls)
        return cls

    cdef type checked(self, cls):
        # An object with __bases__ would satisfy issubclass(), so cls must be a type as well.
        if not (isinstance(cls, type) and issubclass(cls, self.kernel)):
            raise TypeError(f"cls must be a subclass of {self.kernel.__name__}, got {cls!r}")
        return cls

    cdef inline object new(self):
        return self.new_as(self.declared)

    cdef inline object new_as(self, type cls):
        # Not through cls.__new__: it checks the arguments of other callers.
        return (<PyTypeObject*>self.kernel).tp_new(cls, <PyObject*>no_arguments, NULL)
