# The doors of row reduction: one matrix with little overhead, or a stack of matrices.
#
# One matrix that is simply plain is reduced here, if the arguments are. Any other call goes through
# its declaration in mathwork.matrix.elimination.

from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM

cdef enum:
    FEW_PIVOTS = 64         # pivots on the stack; more go to the heap


@cython.no_gc
cdef class Reduction:
    """The kernel under mathwork.matrix.Reduced: a matrix, its pivots and the verdict.

    For a stack of matrices, `stack` holds an array for each number of `verdict`.
    """

    cdef readonly object matrix
    cdef readonly object pivots
    cdef readonly Py_ssize_t _columns
    cdef Verdict verdict
    cdef tuple stack
    cdef cnp.ndarray exponents      # verdict.exponent of each matrix; None for rref

    @property
    def _verdict(self):
        """(rank, accepted, rejected, status, parity)"""
        if self.stack is not None:
            return self.stack
        return (self.verdict.rank, self.verdict.accepted, self.verdict.rejected,
                self.verdict.status, self.verdict.parity)

    def __iter__(self):
        return iter((self.matrix, self.pivots))


cdef Maker reduction_maker = Maker(Reduction)


def reductions(cls):
    """Declare the public class of reductions."""
    return counted(reduction_maker(cls), Reduction)


cdef inline Reduction new_reduction(object cls, object matrix, object pivots, Py_ssize_t columns):
    cdef Reduction made = reduction_maker.new_as(cls)
    made.matrix = matrix
    made.pivots = pivots
    made._columns = columns
    return made


def reduction(cls, matrix, pivots, Py_ssize_t columns, tuple verdict):
    """Return a result with parts that the caller has computed and checked."""
    cdef Reduction made = new_reduction(reduction_maker.checked(cls), matrix, pivots, columns)
    if isinstance(pivots, tuple):
        made.verdict.rank, made.verdict.accepted, made.verdict.rejected = verdict[:3]
        made.verdict.status, made.verdict.parity = verdict[3:]
    else:
        made.stack = verdict
    return made


cdef tuple tuple_of(const Py_ssize_t* numbers, Py_ssize_t n):
    cdef tuple made = PyTuple_New(n)
    cdef Py_ssize_t i
    cdef object number
    for i in range(n):
        number = numbers[i]
        Py_INCREF(number)
        PyTuple_SET_ITEM(made, i, number)
    return made


cdef Reduction reduce_one(cnp.ndarray A, Py_ssize_t columns, double tol, double atol, bint reduced,
                          int engine):
    """Reduce one plain matrix"""
    cdef Py_ssize_t m = A.shape[0], n = A.shape[1], most = min(m, columns)
    cdef Py_ssize_t[FEW_PIVOTS] few
    cdef Py_ssize_t* pivots = few
    cdef int typenum = cnp.PyArray_TYPE(A), failed
    cdef Policy policy = policy_of(tol, atol, typenum == cnp.NPY_FLOAT)
    cdef Verdict verdict
    cdef PyThreadState* state
    cdef Reduction made
    cdef cnp.ndarray R = new_matrix(m, n, typenum)
    if most > FEW_PIVOTS:
        pivots = <Py_ssize_t*>malloc(most * sizeof(Py_ssize_t))
        if pivots == NULL:
            raise MemoryError
    state = release_gil(<double>m * n * most)
    if typenum == cnp.NPY_FLOAT:
        failed = reduce_matrix(
            <f32v>fill_f32(0), engine, m, n, <const float*>cnp.PyArray_DATA(A),
            <float*>cnp.PyArray_DATA(R), columns, &policy, reduced, pivots, &verdict)
    else:
        failed = reduce_matrix(
            <f64v>fill_f64(0), engine, m, n, <const double*>cnp.PyArray_DATA(A),
            <double*>cnp.PyArray_DATA(R), columns, &policy, reduced, pivots, &verdict)
    try:
        take_gil(state)
        if failed:
            raise MemoryError
        made = new_reduction(reduction_maker.declared, R, tuple_of(pivots, verdict.rank), columns)
        made.verdict = verdict
        return made
    finally:
        if pivots != few:
            free(pivots)


cdef int reduce_slices(cnp.ndarray A, cnp.ndarray R, Py_ssize_t columns, double tol,
                       double atol, bint reduced, int engine, Py_ssize_t start, Py_ssize_t stop,
                       tuple arrays) except -1:
    """Reduce matrices start:stop of the plain stack A into R; arrays are the fields of Stack"""
    cdef int ndim = cnp.PyArray_NDIM(A), failed = 0
    cdef Py_ssize_t m = A.shape[ndim - 2], n = A.shape[ndim - 1], most = min(m, columns)
    cdef Py_ssize_t end = start, count
    cdef bint single = cnp.PyArray_TYPE(A) == cnp.NPY_FLOAT
    cdef void* given = cnp.PyArray_DATA(A)
    cdef void* target = cnp.PyArray_DATA(R)
    cdef double work = <double>m * n * most
    cdef Policy policy = policy_of(tol, atol, cnp.PyArray_TYPE(A) == cnp.NPY_FLOAT)
    cdef Stack found
    cdef PyThreadState* state
    found.pivots = <Py_ssize_t*>cnp.PyArray_DATA(arrays[0]) + start * most
    found.ranks = <Py_ssize_t*>cnp.PyArray_DATA(arrays[1]) + start
    found.accepted = <double*>cnp.PyArray_DATA(arrays[2]) + start
    found.rejected = <double*>cnp.PyArray_DATA(arrays[3]) + start
    found.status = <signed char*>cnp.PyArray_DATA(arrays[4]) + start
    found.parity = <signed char*>cnp.PyArray_DATA(arrays[5]) + start
    found.exponents = NULL
    if arrays[6] is not None:
        found.exponents = <int*>cnp.PyArray_DATA(arrays[6]) + start
    state = release_gil((stop - start) * work)
    while not failed and next_piece(&start, &end, stop, work):
        count = end - start
        if single:
            failed = reduce_stack(
                <f32v>fill_f32(0), engine, count, m, n, <const float*>given + start * m * n,
                <float*>target + start * m * n, columns, &policy, reduced, &found)
        else:
            failed = reduce_stack(
                <f64v>fill_f64(0), engine, count, m, n, <const double*>given + start * m * n,
                <double*>target + start * m * n, columns, &policy, reduced, &found)
        found.pivots += count * most
        found.ranks += count
        found.accepted += count
        found.rejected += count
        found.status += count
        found.parity += count
        if found.exponents != NULL:
            found.exponents += count
    take_gil(state)
    if failed:
        raise MemoryError
    return 0


cdef Reduction reduce_many(cnp.ndarray A, Py_ssize_t columns, double tol, double atol,
                           bint reduced, Py_ssize_t workers, int engine):
    """Reduce a plain stack of matrices"""
    cdef int ndim = cnp.PyArray_NDIM(A), axis
    cdef cnp.npy_intp[MAX_DIMENSIONS] shape
    cdef Py_ssize_t count = 1
    cdef tuple found
    cdef Reduction made
    cdef cnp.ndarray R, pivots, ranks, accepted, rejected, status, parity, exponents = None
    for axis in range(ndim):
        shape[axis] = A.shape[axis]
    for axis in range(ndim - 2):
        count *= A.shape[axis]
    R = cnp.PyArray_EMPTY(ndim, shape, cnp.PyArray_TYPE(A), 0)
    ranks = cnp.PyArray_EMPTY(ndim - 2, shape, cnp.NPY_INTP, 0)
    accepted = cnp.PyArray_EMPTY(ndim - 2, shape, cnp.NPY_DOUBLE, 0)
    rejected = cnp.PyArray_EMPTY(ndim - 2, shape, cnp.NPY_DOUBLE, 0)
    status = cnp.PyArray_EMPTY(ndim - 2, shape, cnp.NPY_INT8, 0)
    parity = cnp.PyArray_EMPTY(ndim - 2, shape, cnp.NPY_INT8, 0)
    if not reduced:
        exponents = cnp.PyArray_EMPTY(ndim - 2, shape, cnp.NPY_INT, 0)
    shape[ndim - 2] = min(A.shape[ndim - 2], columns)
    pivots = cnp.PyArray_EMPTY(ndim - 1, shape, cnp.NPY_INTP, 0)
    found = (pivots, ranks, accepted, rejected, status, parity, exponents)
    if workers == 1:
        reduce_slices(A, R, columns, tol, atol, reduced, engine, 0, count, found)
    else:
        share_slices(A, R, columns, tol, atol, reduced, engine, count, found, workers)
    made = new_reduction(reduction_maker.declared, R, pivots, columns)
    made.stack = found[1:6]
    made.exponents = exponents
    return made


cdef share_slices(A, R, columns, tol, atol, reduced, engine, count, found, workers):
    """reduce_slices() in pieces, one a thread; each piece keeps its arrays alive"""
    _workers.over_rows(
        lambda start, stop: reduce_slices(A, R, columns, tol, atol, reduced, engine, start, stop,
                                          found),
        count, workers)


# What mathwork.matrix needs of the policy: the rounding of the data by their dtype, and the limits
# of a close call.
units = {"f": UNIT_F32, "d": UNIT_F64}
close_accepted = CLOSE_ACCEPTED
close_rejected = {"f": CLOSE_REJECTED_F32, "d": CLOSE_REJECTED}

# For the tests: the engine to use instead of the one for the size.
engines = {"any": ANY_ENGINE, "small": SMALL_ENGINE, "large": LARGE_ENGINE}


def reduce_plain(cnp.ndarray A not None, Py_ssize_t columns, double tol, bint reduced,
                 Py_ssize_t workers=1, engine="any", double atol=0):
    """Return the reduction of one plain matrix or a plain stack; all arguments are checked.

    A negative tol asks for the default.
    """
    cdef int ndim = cnp.PyArray_NDIM(A), by = engines[engine]
    # Check again: whoever holds A can set its shape, also in the __index__ of `columns`.
    if not (ndim >= 2 and 0 <= columns <= A.shape[ndim - 1]
            and (is_plain(A, ndim, cnp.NPY_DOUBLE) or is_plain(A, ndim, cnp.NPY_FLOAT))):
        raise ValueError(f"A must keep its shape, got {shape_of(A)}, {A.dtype} in the end")
    if ndim == 2:
        return reduce_one(A, columns, tol, atol, reduced, by)
    return reduce_many(own_view(A, NULL, NULL), columns, tol, atol, reduced, workers, by)


cdef inline Py_ssize_t plain_columns(object columns, Py_ssize_t n):
    """Return how many of n columns may have pivots, or -1 if the declaration must decide"""
    cdef Py_ssize_t asked
    if columns is None:
        return n
    if type(columns) is not int:
        return -1
    asked = clipped_index(columns, NULL)
    return asked if 0 <= asked <= n else -1


cdef inline double plain_tol(object tol):
    """Return the tolerance, -1 for the default, or NaN if the declaration must decide"""
    if tol is None:
        return -1
    return <double>tol if type(tol) is float and <double>tol >= 0 else NAN


cdef inline double plain_atol(object atol):
    """Return the absolute tolerance, or NaN if the declaration must decide"""
    return <double>atol if type(atol) is float and <double>atol >= 0 else NAN


cdef inline bint plain_keywords(tol, atol, exact, modulus, workers) noexcept:
    """Return whether the keywords ask for floats in one thread, with tolerances that are floats"""
    cdef double bound = plain_tol(tol), least = plain_atol(atol)
    return (exact is False and modulus is None and type(workers) is int and workers == 1
            and bound == bound and least == least)


cdef inline object reduce_if_plain(object A, tol, atol, columns, exact, modulus, workers,
                                   bint reduced):
    """Return the Reduction of a plain matrix or stack, or None if the declaration must decide"""
    cdef Py_ssize_t asked
    cdef cnp.ndarray plain = None
    if plain_keywords(tol, atol, exact, modulus, workers):
        plain = simple_matrices(A)
    if plain is None:
        return None
    asked = plain_columns(columns, plain.shape[cnp.PyArray_NDIM(plain) - 1])
    if asked < 0:
        return None
    if cnp.PyArray_NDIM(plain) == 2:
        return reduce_one(plain, asked, plain_tol(tol), plain_atol(atol), reduced, ANY_ENGINE)
    return reduce_many(plain, asked, plain_tol(tol), plain_atol(atol), reduced, 1, ANY_ENGINE)


def ref(A, *, tol=None, atol=0.0, columns=None, exact=False, modulus=None, workers=1):
    made = reduce_if_plain(A, tol, atol, columns, exact, modulus, workers, False)
    return made if made is not None else ref.__wrapped__(
        A, tol=tol, atol=atol, columns=columns, exact=exact, modulus=modulus, workers=workers)


def rref(A, *, tol=None, atol=0.0, columns=None, exact=False, modulus=None, workers=1):
    made = reduce_if_plain(A, tol, atol, columns, exact, modulus, workers, True)
    return made if made is not None else rref.__wrapped__(
        A, tol=tol, atol=atol, columns=columns, exact=exact, modulus=modulus, workers=workers)
