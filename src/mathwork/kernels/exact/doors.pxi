# The doors of stacks. Arrays are held by nobody else.

cdef cnp.ndarray new_stack(Py_ssize_t count, Py_ssize_t rows, Py_ssize_t columns, int typenum):
    cdef cnp.npy_intp[3] shape
    shape[0] = count
    shape[1] = rows
    shape[2] = columns
    return cnp.PyArray_EMPTY(3, shape, typenum, 0)


cdef inline bint is_plain_stack(cnp.ndarray A):
    """Return whether A is a plain int64 stack; another dtype of 8 bytes would do no harm"""
    return (cnp.PyArray_NDIM(A) == 3 and cnp.PyArray_ISCARRAY_RO(A)
            and cnp.PyArray_ITEMSIZE(A) == sizeof(int64_t))


cdef Py_ssize_t slices_together(cnp.ndarray A, cnp.ndarray B) except -1:
    """The number of systems of the stacks A and B; either may have one matrix for all of them"""
    cdef Py_ssize_t count = A.shape[0] if cnp.PyArray_NDIM(A) else 0
    cdef bint fits = is_plain_stack(A)
    if B is not None and fits:
        count = B.shape[0] if count == 1 and is_plain_stack(B) else count
        fits = is_plain_stack(B) and A.shape[1] == B.shape[1] and B.shape[0] in (1, count)
    if not fits:
        raise ValueError("A and B must be plain stacks that go together, "
                         f"got {shape_of(A)} and {None if B is None else shape_of(B)}")
    return count


@cython.final
@cython.internal
cdef class Reducing:
    """A Stack and its arrays. A call reduces some of its matrices."""

    cdef Stack stack
    cdef Py_ssize_t count
    cdef list arrays            # kept alive

    def __cinit__(self, cnp.ndarray A, cnp.ndarray B, int64_t p, Py_ssize_t columns, bint reduced):
        cdef Stack* stack = &self.stack
        self.arrays = [A, B]
        self.count = slices_together(A, B)
        if not 0 <= columns <= A.shape[2] + (0 if B is None else B.shape[2]):
            raise ValueError(f"columns must be those of A and B, got {columns}")
        memset(stack, 0, sizeof(Stack))
        stack.rational = p == 0
        if p:
            stack.field = field_modulo(p)
        stack.m, stack.n, stack.columns, stack.reduced = A.shape[1], A.shape[2], columns, reduced
        stack.most = min(stack.m, columns)
        stack.left = <const int64_t*>cnp.PyArray_DATA(A)
        stack.left_step = stack.m * stack.n if A.shape[0] > 1 else 0
        if B is not None:
            stack.k = B.shape[2]
            stack.right = <const int64_t*>cnp.PyArray_DATA(B)
            stack.right_step = stack.m * stack.k if B.shape[0] > 1 else 0

    cdef void* keep(self, cnp.ndarray array):
        """The numbers of an array for results"""
        self.arrays.append(array)
        return cnp.PyArray_DATA(array)

    def __call__(self, Py_ssize_t start, Py_ssize_t stop):
        cdef Stack* stack = &self.stack
        cdef double work = <double>(stop - start) * stack.m * (stack.n + stack.k) * (stack.most + 1)
        cdef PyThreadState* state = release_gil(work * QUOTIENT_WORK if stack.rational else work)
        cdef int failed = reduce_slices(stack, start, stop)
        take_gil(state)
        if failed:
            raise MemoryError

    cdef run(self, workers):
        if workers == 1:
            self(0, self.count)
        else:
            _workers.over_rows(self, self.count, workers)


def reduce_modulo(cnp.ndarray A, int64_t p, Py_ssize_t columns, bint reduced, cnp.ndarray B=None,
                  workers=1):
    """Return row echelon forms modulo the prime p of the matrices [A | B] of two stacks.

    `A` is (count, m, n), `B` is (count, m, k) or None; one of a single matrix is for all. Returns
    (matrices, pivots, order): int64 in 0..p-1, the pivots' columns (count, min(m, columns)) padded
    with -1, and the row of the input that each row began as.
    """
    cdef Reducing work = Reducing(A, B, p, columns, reduced)
    cdef Stack* stack = &work.stack
    cdef cnp.ndarray matrices, pivots, order
    matrices = new_stack(work.count, stack.m, stack.n + stack.k, cnp.NPY_INT64)
    pivots = new_matrix(work.count, stack.most, cnp.NPY_INTP)
    order = new_matrix(work.count, stack.m, cnp.NPY_INTP)
    stack.matrices = <int64_t*>work.keep(matrices)
    stack.pivots = <Py_ssize_t*>work.keep(pivots)
    stack.order = <Py_ssize_t*>work.keep(order)
    work.run(workers)
    return matrices, pivots, order


def rank_modulo(cnp.ndarray A, int64_t p, workers=1):
    """Return the ranks modulo the prime p of the matrices `A`, (count, m, n): (count,) intp."""
    cdef Reducing work = Reducing(A, None, p, A.shape[2], False)
    cdef cnp.ndarray ranks = new_vector(work.count, cnp.NPY_INTP)
    work.stack.ranks = <Py_ssize_t*>work.keep(ranks)
    work.run(workers)
    return ranks


def determinant_modulo(cnp.ndarray A, int64_t p, workers=1):
    """Return the determinants modulo the prime p of `A`, (count, n, n): int64 in 0..p-1."""
    cdef Reducing work = Reducing(A, None, p, A.shape[2], False)
    cdef cnp.ndarray determinants = new_vector(work.count, cnp.NPY_INT64)
    work.stack.determinants = <int64_t*>work.keep(determinants)
    work.run(workers)
    return determinants


cdef list not_enough(Reducing work, const Py_ssize_t* ranks):
    """The matrices for which 64 bits are not enough"""
    cdef Py_ssize_t at
    cdef list found = []
    for at in range(work.count):
        if ranks[at] < 0:
            found.append(at)
    return found


cdef tuple integer_forms(Reducing work):
    """Arrays for the results of eliminate_each()"""
    cdef Stack* stack = &work.stack
    cdef cnp.ndarray forms, pivots, divisors, ranks
    forms = new_stack(work.count, stack.m, stack.n + stack.k, cnp.NPY_INT64)
    pivots = new_matrix(work.count, stack.most, cnp.NPY_INTP)
    divisors = new_matrix(work.count, stack.m, cnp.NPY_INT64)
    ranks = new_vector(work.count, cnp.NPY_INTP)
    stack.matrices = <int64_t*>work.keep(forms)
    stack.pivots = <Py_ssize_t*>work.keep(pivots)
    stack.divisors = <int64_t*>work.keep(divisors)
    stack.ranks = <Py_ssize_t*>work.keep(ranks)
    return forms, pivots, divisors, ranks


def fraction_free(cnp.ndarray A, Py_ssize_t columns, bint reduced, bint divide, cnp.ndarray B=None,
                  workers=1):
    """Return row echelon forms over the rationals of the matrices [A | B] of two stacks.

    `A` and `B` are as for `reduce_modulo`. Returns (forms, pivots, divisors, lost): each row of a
    form, int64, is to be divided by its divisor, (count, m). The pivots' columns are padded with
    -1. `lost` lists the matrices for which 64 bits are not enough; their divisors are 0. `divide`
    first divides rows by common divisors: then rows below the rank keep their direction only.
    """
    cdef Reducing work = Reducing(A, B, 0, columns, reduced)
    cdef tuple forms = integer_forms(work)
    work.stack.divide = divide
    work.run(workers)
    return forms[:3] + (not_enough(work, work.stack.ranks),)


def fraction_free_ranks(cnp.ndarray A, workers=1):
    """Return (ranks, lost) of the matrices `A`, (count, m, n): as `fraction_free`."""
    cdef Reducing work = Reducing(A, None, 0, A.shape[2], False)
    cdef tuple forms = integer_forms(work)
    work.run(workers)
    return forms[3], not_enough(work, work.stack.ranks)


def fraction_free_determinants(cnp.ndarray A, workers=1):
    """Return (determinants, lost) of `A`, (count, n, n): Fractions, and as `fraction_free`."""
    cdef Reducing work = Reducing(A, None, 0, A.shape[2], False)
    cdef Py_ssize_t at
    cdef cnp.ndarray result = new_vector(work.count, cnp.NPY_OBJECT)
    cdef cnp.ndarray last = new_vector(work.count, cnp.NPY_INT64)
    cdef cnp.ndarray odd = new_vector(work.count, cnp.NPY_INT8)
    cdef Stack* stack = &work.stack
    integer_forms(work)
    stack.determinants = <int64_t*>work.keep(last)
    stack.odd = <signed char*>work.keep(odd)
    work.run(workers)
    know_fractions()
    for at in range(work.count):
        put_object(result, at, small_fraction(
            stack.determinants[at] if stack.ranks[at] == stack.m else 0, 1, stack.odd[at]))
    return result, not_enough(work, stack.ranks)
