# P D A = L U: the factors of a matrix, for many right-hand sides (see substitution.pxi).
#
#   factor_matrix     one matrix: by the elimination of rref, with its pivots and its verdict
#   Factorization     the kernel class under mathwork.matrix.LU, and how it is made again
#   factor_plain      the door
#   determinant_parts determinants as mantissas and exponents

# ---- factorisation ----

cdef int factor_matrix(int engine, Py_ssize_t m, Py_ssize_t n, const double* A,
                       const Factors* factors, const Policy* policy,
                       Verdict* verdict) noexcept nogil:
    """The factors of A; return -1 if memory ran out, else 0"""
    cdef f64v like = <f64v>fill_f64(0)
    cdef double* F = factors.triangles
    cdef Kept kept
    cdef Py_ssize_t i
    cdef int failed
    kept.factors, kept.rows, kept.undo = F, factors.rows, factors.undo
    if m and n and (engine == LARGE_ENGINE or (engine == ANY_ENGINE and is_large(A, m, n, n))):
        failed = reduce_by_slabs(like, &kept, m, n, A, F, n, policy, False, factors.pivots, verdict)
    else:
        failed = reduce_by(like, False, &kept, m, n, A, F, n, policy, False, factors.pivots,
                           verdict)
        if failed > 0:
            failed = reduce_by(like, True, &kept, m, n, A, F, n, policy, False, factors.pivots,
                               verdict)
    if failed:
        return -1
    verdict.accepted = min(verdict.accepted, verdict.dust)
    if n == 0 or verdict.status != REDUCED:
        for i in range(m):
            factors.rows[i] = i
            factors.undo[i] = 1
    for i in range(verdict.rank, min(m, n)):
        factors.pivots[i] = -1
    return 0


cdef void read_matrix(Py_ssize_t cells, const real* A, double atol, double* copy) noexcept nogil:
    """copy = A, with zeros for entries of at most atol"""
    cdef Py_ssize_t i
    for i in range(cells):
        copy[i] = A[i]
        if fabs(copy[i]) <= atol and fabs(copy[i]) < INFINITY:
            copy[i] = 0


# ---- the class ----

@cython.no_gc
cdef class Factorization:
    """The kernel under mathwork.matrix.LU: the factors of one matrix, or of each of a stack.

    Nobody outside can write to its arrays, so row numbers stay row numbers.
    """

    cdef cnp.ndarray triangles      # (..., m, n)
    cdef cnp.ndarray rows           # (..., m)
    cdef cnp.ndarray undo           # (..., m)
    cdef cnp.ndarray pivots         # (..., min(m, n))
    cdef tuple verdicts             # as _verdict
    cdef Py_ssize_t m, n, count
    cdef readonly bint _single      # float32 data: results are float32
    cdef bint regular               # one square matrix of full rank

    @property
    def shape(self):
        return (<object>self.triangles).shape       # an AttributeError if lu did not make it

    @property
    def _verdict(self):
        """(rank, accepted, rejected, status, parity): arrays of the shape of the stack"""
        rank, accepted, rejected, status, parity = self.verdicts
        return rank.copy(), accepted.copy(), rejected.copy(), status.copy(), parity.copy()

    @property
    def _parts(self):
        """(triangles, rows, undo, pivots)"""
        return (self.triangles.copy(), self.rows.copy(), self.undo.copy(), self.pivots.copy())

    cdef Factors slice(self, Py_ssize_t s) noexcept:
        cdef Factors factors
        factors.triangles = <double*>cnp.PyArray_DATA(self.triangles) + s * self.m * self.n
        factors.rows = <Py_ssize_t*>cnp.PyArray_DATA(self.rows) + s * self.m
        factors.undo = <double*>cnp.PyArray_DATA(self.undo) + s * self.m
        factors.pivots = <Py_ssize_t*>cnp.PyArray_DATA(self.pivots) + s * min(self.m, self.n)
        return factors

    def _solve_plain(self, b):
        """x for a plain vector, or plain columns, and one regular matrix; None for anything else"""
        cdef int typenum = cnp.NPY_FLOAT if self._single else cnp.NPY_DOUBLE
        cdef bint vector = is_plain(b, 1, typenum)
        cdef cnp.ndarray sides, x
        cdef Py_ssize_t k
        if not (self.regular and self.n > 0 and (vector or is_plain(b, 2, typenum))):
            return None
        sides = b
        if sides.shape[0] != self.n:
            return None
        k = 1 if vector else sides.shape[1]
        x = new_vector(self.n, typenum) if vector else new_matrix(self.n, k, typenum)
        self.solve_one(k, sides, x)
        return x

    cdef int solve_one(self, Py_ssize_t k, cnp.ndarray sides, cnp.ndarray x) except -1:
        """x = inverse of A times k sides, for one matrix"""
        cdef char local[STACK_BYTES + ALIGNMENT]
        cdef char* heap = NULL
        cdef char* memory
        cdef Columns columns
        cdef Factors factors = self.slice(0)
        cdef Py_ssize_t size
        cdef PyThreadState* state
        if k == 0:
            return 0
        set_columns(&columns, self.n, k)
        size = measured(lay_out_columns, &columns)
        memory = working_set(size, local, &heap) if size >= 0 else NULL
        if memory == NULL or not hand_out(lay_out_columns, &columns, memory, size):
            free(heap)
            raise MemoryError
        state = release_gil(<double>self.n * self.n * k)
        if cnp.PyArray_TYPE(x) == cnp.NPY_FLOAT:
            solve_sides(&columns, &factors, k, <const float*>cnp.PyArray_DATA(sides),
                        <float*>cnp.PyArray_DATA(x))
        else:
            solve_sides(&columns, &factors, k, <const double*>cnp.PyArray_DATA(sides),
                        <double*>cnp.PyArray_DATA(x))
        free(heap)
        take_gil(state)
        return 0

    def _solve_stack(self, cnp.ndarray sides not None, workers):
        """x of plain columns (..., n, k) in float32 or float64; their stack broadcasts with this

        A slice without a solution is NaN.
        """
        cdef SidesJob job = SidesJob()
        cdef int ndim = cnp.PyArray_NDIM(sides), axis, typenum = cnp.PyArray_TYPE(sides)
        cdef Py_ssize_t count = 1
        cdef cnp.npy_intp[MAX_DIMENSIONS] shape
        if not (self.m == self.n and ndim >= 2 and sides.shape[ndim - 2] == self.n and (
                is_plain(sides, ndim, cnp.NPY_DOUBLE) or is_plain(sides, ndim, cnp.NPY_FLOAT))):
            raise ValueError(f"b must keep its shape, got {shape_of(sides)}, {sides.dtype}")
        job.factors, job.k = self, sides.shape[ndim - 1]
        job.walk.axes = job.walk.operands = 0
        if not (join_axes(&job.walk, self.triangles, 2) and join_axes(&job.walk, sides, 2)):
            raise ValueError(f"b must have a stack that broadcasts with A of shape "
                             f"{shape_of(self.triangles)}, got shape {shape_of(sides)}")
        add_operand(&job.walk, self.triangles, 2)
        add_operand(&job.walk, sides, 2)
        for axis in range(job.walk.axes):
            shape[axis] = job.walk.shape[axis]
            count *= shape[axis]
        shape[job.walk.axes], shape[job.walk.axes + 1] = self.n, job.k
        job.narrow = typenum == cnp.NPY_FLOAT
        job.x = cnp.PyArray_EMPTY(job.walk.axes + 2, shape, typenum, 0)
        job.sides = own_view(sides, NULL, NULL)
        if cnp.PyArray_SIZE(job.x) == 0:
            return job.x
        if workers == 1:
            job(0, count)
        else:
            _workers.over_rows(job, count, workers)
        return job.x


@cython.final
@cython.no_gc
cdef class SidesJob:
    """The right-hand sides of a stack under way, in pieces for the workers."""

    cdef Walk walk
    cdef Factorization factors
    cdef Py_ssize_t k
    cdef bint narrow
    cdef cnp.ndarray sides, x

    def __call__(self, Py_ssize_t start, Py_ssize_t stop):
        cdef Py_ssize_t n = self.factors.n, k = self.k, end = start
        cdef const Py_ssize_t* ranks = <const Py_ssize_t*>cnp.PyArray_DATA(self.factors.verdicts[0])
        cdef Factors first = self.factors.slice(0)
        cdef Columns columns
        cdef void* memory
        cdef PyThreadState* state
        set_columns(&columns, n, k)
        memory = working_memory(lay_out_columns, &columns)
        if memory == NULL:
            raise MemoryError
        state = release_gil(<double>n * n * k * (stop - start))
        while next_piece(&start, &end, stop, <double>n * n * k):
            if self.narrow:
                solve_slices(&columns, &self.walk, &first, ranks, start, end, k,
                             <const float*>cnp.PyArray_DATA(self.sides),
                             <float*>cnp.PyArray_DATA(self.x))
            else:
                solve_slices(&columns, &self.walk, &first, ranks, start, end, k,
                             <const double*>cnp.PyArray_DATA(self.sides),
                             <double*>cnp.PyArray_DATA(self.x))
        free(memory)
        take_gil(state)


cdef Maker factorization_maker = Maker(Factorization)
factorizations = factorization_maker


cdef Factorization new_factorization(object cls, bint single, cnp.ndarray triangles,
                                     cnp.ndarray rows, cnp.ndarray undo, cnp.ndarray pivots,
                                     tuple verdicts):
    """An object with these arrays, whose shapes go together"""
    cdef Factorization made = factorization_maker.new_as(cls)
    cdef int ndim = cnp.PyArray_NDIM(triangles)
    made.triangles, made.rows, made.undo, made.pivots = triangles, rows, undo, pivots
    made.verdicts = verdicts
    made.m, made.n = triangles.shape[ndim - 2], triangles.shape[ndim - 1]
    made.count = cnp.PyArray_SIZE(verdicts[0])
    made._single = single
    made.regular = (ndim == 2 and made.m == made.n and
                    (<const Py_ssize_t*>cnp.PyArray_DATA(verdicts[0]))[0] == made.n)
    return made


def factorization(cls, single, triangles, rows, undo, pivots, tuple verdicts not None):
    """An object of cls with copies of its parts, as from `_parts` and `_verdict`.

    A file may hold anything: what is not the parts of a factorisation is a ValueError.
    """
    triangles, rows, undo, pivots = map(_arrays.own_copy, (triangles, rows, undo, pivots),
                                        (np.float64, np.intp, np.float64, np.intp))
    if triangles.ndim < 2 or len(verdicts) != 5:
        raise ValueError("the parts of a factorization do not go together")
    *stack, m, n = triangles.shape
    stack = tuple(stack)
    types = (np.intp, np.float64, np.float64, np.int8, np.int8)
    verdicts = tuple(map(_arrays.own_copy, verdicts, types))
    if not (rows.shape == undo.shape == stack + (m,) and pivots.shape == stack + (min(m, n),)
            and all(verdict.shape == stack for verdict in verdicts)
            and (np.sort(rows, axis=-1) == np.arange(m)).all()
            and (pivots >= -1).all() and (pivots < n).all()
            and ((pivots >= 0).sum(axis=-1) == verdicts[0]).all()):
        raise ValueError("the parts of a factorization do not go together")
    return new_factorization(factorization_maker.checked(cls), single, triangles, rows, undo,
                             pivots, verdicts)


# ---- doors ----

cdef int factor_slices(cnp.ndarray A, Factorization made, double tol, double atol, int engine,
                       Py_ssize_t start, Py_ssize_t stop) except -1:
    """Factor matrices start:stop of the plain stack A"""
    cdef Py_ssize_t m = made.m, n = made.n, cells = m * n, s
    cdef bint single = cnp.PyArray_TYPE(A) == cnp.NPY_FLOAT, copied = single or atol > 0
    cdef const void* given = cnp.PyArray_DATA(A)
    cdef const double* matrix
    cdef double* copy = NULL
    cdef Policy policy, finer
    cdef Factors factors = made.slice(start)
    cdef Verdict verdict
    cdef Stack found
    cdef int failed = 0
    cdef PyThreadState* state
    policy = policy_of(tol, atol, single)
    finer = policy_of(tol, atol, False)
    found.ranks = <Py_ssize_t*>cnp.PyArray_DATA(made.verdicts[0])
    found.accepted = <double*>cnp.PyArray_DATA(made.verdicts[1])
    found.rejected = <double*>cnp.PyArray_DATA(made.verdicts[2])
    found.status = <signed char*>cnp.PyArray_DATA(made.verdicts[3])
    found.parity = <signed char*>cnp.PyArray_DATA(made.verdicts[4])
    if copied:
        copy = <double*>malloc(max(cells, 1) * sizeof(double))
        if copy == NULL:
            raise MemoryError
    state = release_gil(<double>cells * min(m, n) * (stop - start))
    for s in range(start, stop):
        matrix = copy
        if single:
            read_matrix(cells, <const float*>given + s * cells, atol, copy)
        elif copied:
            read_matrix(cells, <const double*>given + s * cells, atol, copy)
        else:
            matrix = <const double*>given + s * cells
        failed = factor_matrix(
            engine, m, n, matrix, &factors,
            &finer if single and is_whole(m, n, n, <const float*>given + s * cells) else &policy,
            &verdict)
        if failed or interrupted(<double>cells * min(m, n)):
            break
        found.ranks[s], found.accepted[s] = verdict.rank, verdict.accepted
        found.rejected[s] = verdict.rejected
        found.status[s], found.parity[s] = verdict.status, verdict.parity
        factors.triangles += cells
        factors.rows += m
        factors.undo += m
        factors.pivots += min(m, n)
    free(copy)
    take_gil(state)
    if failed:
        raise MemoryError
    return 0


def factor_plain(cnp.ndarray A not None, double tol, double atol=0, Py_ssize_t workers=1,
                 engine="any"):
    """Return the factorisation of one plain matrix or of a plain stack; all arguments are checked.

    A negative tol asks for the default.
    """
    cdef int ndim = cnp.PyArray_NDIM(A), by = engines[engine], axis
    cdef Py_ssize_t m, n
    cdef cnp.npy_intp[MAX_DIMENSIONS] shape
    cdef cnp.ndarray triangles, rows, undo, pivots
    cdef tuple verdicts
    cdef Factorization made
    if not (ndim >= 2 and (is_plain(A, ndim, cnp.NPY_DOUBLE) or is_plain(A, ndim, cnp.NPY_FLOAT))):
        raise ValueError(f"A must keep its shape, got {shape_of(A)}, {A.dtype} in the end")
    A = own_view(A, NULL, NULL)
    for axis in range(ndim):
        shape[axis] = A.shape[axis]
    m, n = shape[ndim - 2], shape[ndim - 1]
    triangles = cnp.PyArray_EMPTY(ndim, shape, cnp.NPY_DOUBLE, 0)
    rows = cnp.PyArray_EMPTY(ndim - 1, shape, cnp.NPY_INTP, 0)
    undo = cnp.PyArray_EMPTY(ndim - 1, shape, cnp.NPY_DOUBLE, 0)
    verdicts = (cnp.PyArray_EMPTY(ndim - 2, shape, cnp.NPY_INTP, 0),
                cnp.PyArray_EMPTY(ndim - 2, shape, cnp.NPY_DOUBLE, 0),
                cnp.PyArray_EMPTY(ndim - 2, shape, cnp.NPY_DOUBLE, 0),
                cnp.PyArray_EMPTY(ndim - 2, shape, cnp.NPY_INT8, 0),
                cnp.PyArray_EMPTY(ndim - 2, shape, cnp.NPY_INT8, 0))
    shape[ndim - 2] = min(m, n)
    pivots = cnp.PyArray_EMPTY(ndim - 1, shape, cnp.NPY_INTP, 0)
    made = new_factorization(factorization_maker.declared, cnp.PyArray_TYPE(A) == cnp.NPY_FLOAT,
                             triangles, rows, undo, pivots, verdicts)
    made.regular = False
    if workers == 1:
        factor_slices(A, made, tol, atol, by, 0, made.count)
    else:
        share_factors(A, made, tol, atol, by, workers)
    made.regular = ndim == 2 and m == n and verdicts[0] == n
    return made


cdef share_factors(A, made, tol, atol, engine, workers):
    """factor_slices() in pieces, one a thread"""
    _workers.over_rows(
        lambda start, stop: factor_slices(A, made, tol, atol, engine, start, stop),
        (<Factorization>made).count, workers)


# ---- determinants ----

cdef double mantissa_of_product(Py_ssize_t n, const double* T, const double* undo, int sign,
                                long long* exponent) noexcept nogil:
    """The determinant is the result, 0 or a number in [1/2, 1) with a sign, times 2^exponent"""
    cdef double product = sign
    cdef Py_ssize_t i
    exponent[0] = 0
    for i in range(n):
        product = times(product, -T[i * (n + 1)], exponent)
        exponent[0] += binary_exponent(undo[i])
    return product


def determinant_parts(Factorization factors not None):
    """Return (mantissas, exponents) of the determinants of square matrices.

    A mantissa is 0 if the rank is not full, and NaN if the matrix was not finite.
    """
    cdef cnp.ndarray ranks = factors.verdicts[0], mantissas, exponents
    cdef int ndim = cnp.PyArray_NDIM(ranks)
    cdef const signed char* status = <const signed char*>cnp.PyArray_DATA(factors.verdicts[3])
    cdef const signed char* parity = <const signed char*>cnp.PyArray_DATA(factors.verdicts[4])
    cdef double* mantissa
    cdef long long* exponent
    cdef Py_ssize_t s
    cdef Factors part
    if factors.m != factors.n:
        raise ValueError(f"A must be square, got shape {shape_of(factors.triangles)}")
    mantissas = cnp.PyArray_EMPTY(ndim, cnp.PyArray_DIMS(ranks), cnp.NPY_DOUBLE, 0)
    exponents = cnp.PyArray_EMPTY(ndim, cnp.PyArray_DIMS(ranks), cnp.NPY_LONGLONG, 0)
    mantissa = <double*>cnp.PyArray_DATA(mantissas)
    exponent = <long long*>cnp.PyArray_DATA(exponents)
    for s in range(factors.count):
        exponent[s] = 0
        if status[s] != REDUCED:
            mantissa[s] = NAN
        elif (<const Py_ssize_t*>cnp.PyArray_DATA(ranks))[s] < factors.n:
            mantissa[s] = 0
        else:
            part = factors.slice(s)
            mantissa[s] = mantissa_of_product(factors.n, part.triangles, part.undo, parity[s],
                                              &exponent[s])
    return mantissas, exponents
