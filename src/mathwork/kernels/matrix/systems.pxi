# Jobs over one matrix or a stack, in threads, and the arrays of their results.

import mathwork._status as _status
import mathwork._warnings as _warnings


cdef void answer_slices(lanes like, Job* job, Py_ssize_t start, Py_ssize_t stop, const real* A,
                        const real* B, real* X) noexcept nogil:
    """The answers of slices start : stop"""
    cdef Py_ssize_t s = start, few
    if has_lanes(job, stop - start, A):
        if job.wanted == SOLUTION:
            answer_solutions(like, job, start, stop, A, B, X)
        elif job.wanted == INVERSE:
            answer_inverses(like, job, start, stop, A, B, X)
        else:
            answer_determinants(like, job, start, stop, A, B, X)
    else:
        while s < stop:
            few = min(job.few.room, stop - s)
            answer_few(like, job, s, few, A, B, X)
            s += few
    free(job.few.memory)
    job.few.memory = NULL


cdef int run_job(Job* job, cnp.ndarray A, cnp.ndarray B, cnp.ndarray X, Py_ssize_t start,
                 Py_ssize_t stop) except -1:
    """Answer slices start : stop of plain arrays; B and X may be None"""
    cdef void* sides = NULL if B is None else cnp.PyArray_DATA(B)
    cdef void* answers = NULL if X is None else cnp.PyArray_DATA(X)
    cdef void* numbers = cnp.PyArray_DATA(A)
    # Not the dtype of A: without the GIL another thread can set it.
    cdef bint single = job.few.number == sizeof(float)
    cdef double work = <double>job.m * (job.n + job.k) * min(job.m, job.n)
    cdef PyThreadState* state = release_gil((stop - start) * work)
    cdef Py_ssize_t end = start
    while next_piece(&start, &end, stop, work):
        if single:
            answer_slices(<f32v>fill_f32(0), job, start, end, <const float*>numbers,
                          <const float*>sides, <float*>answers)
        else:
            answer_slices(<f64v>fill_f64(0), job, start, end, <const double*>numbers,
                          <const double*>sides, <double*>answers)
    take_gil(state)
    if job.failed:
        raise MemoryError
    return 0


# ---- null vectors as an array ----

cdef Py_ssize_t widest(const Vectors* vectors, Py_ssize_t n, size_t number) noexcept:
    """The largest nullity; slices that are not finite do not count"""
    cdef const Record* record
    cdef Py_ssize_t most = 0
    cdef size_t at = 0
    while at < vectors.used:
        record = <const Record*>(vectors.records + at)
        most = max(most, record.nullity)
        at += record_bytes(record.nullity, n, number)
    return most


cdef void copy_vectors(const Vectors* vectors, Py_ssize_t n, Py_ssize_t width,
                       real* target) noexcept nogil:
    """Write the vectors of each record into target[slice, n, width]"""
    cdef const Record* record
    cdef real* place
    cdef size_t at = 0
    cdef Py_ssize_t i
    while at < vectors.used:
        record = <const Record*>(vectors.records + at)
        place = target + record.slice * n * width
        if record.nullity == NOT_KNOWN:
            fill_nan(n * width, place)
        for i in range(n if record.nullity > 0 else 0):
            memcpy(place + i * width, <const real*>(record + 1) + i * record.nullity,
                   record.nullity * sizeof(real))
        at += record_bytes(record.nullity, n, sizeof(real))


cdef void put_vectors(const Vectors* vectors, cnp.ndarray basis, Py_ssize_t n,
                      Py_ssize_t width) noexcept:
    if cnp.PyArray_TYPE(basis) == cnp.NPY_FLOAT:
        copy_vectors(vectors, n, width, <float*>cnp.PyArray_DATA(basis))
    else:
        copy_vectors(vectors, n, width, <double*>cnp.PyArray_DATA(basis))


# ---- one matrix ----

cdef inline void start_one(int wanted, cnp.ndarray A, Py_ssize_t k, double tol, double atol,
                           Job* job) noexcept:
    cdef bint single = cnp.PyArray_TYPE(A) == cnp.NPY_FLOAT
    cdef Policy policy = policy_of(tol, atol, single)
    start_job(wanted, A.shape[0], A.shape[1], k, 1, &policy,
              sizeof(float) if single else sizeof(double), job)


cdef cnp.ndarray basis_of_one(const Job* job, int typenum):
    """The null space of one matrix: (n, nullity), or (n, n) of NaN"""
    cdef Py_ssize_t width = job.n if job.reduced != REDUCED else job.n - job.rank
    cdef cnp.ndarray basis = new_matrix(job.n, width, typenum)
    if width:
        put_vectors(&job.vectors, basis, job.n, width)
    return basis


cdef object solve_one(cnp.ndarray A, cnp.ndarray b, double tol, double atol):
    """The Solution of one plain system; b is a vector or columns"""
    cdef int typenum = cnp.PyArray_TYPE(A)
    cdef Py_ssize_t n = A.shape[1]
    cdef signed char status = UNIQUE, ambiguous = False
    cdef cnp.ndarray x, basis
    cdef Job job
    if cnp.PyArray_NDIM(b) == 1:
        x = new_vector(n, typenum)
        start_one(SOLUTION, A, 1, tol, atol, &job)
    else:
        x = new_matrix(n, b.shape[1], typenum)
        start_one(SOLUTION, A, b.shape[1], tol, atol, &job)
    job.status, job.ambiguous = &status, &ambiguous
    try:
        run_job(&job, A, b, x, 0, 1)
        basis = basis_of_one(&job, typenum)
    finally:
        free(job.vectors.records)
    return solution_of(_status.SOLUTION_WORDS[status], x, basis, ambiguous != 0)


cdef object invert_one(cnp.ndarray A, double tol, double atol, int stacklevel):
    """The inverse of one plain matrix; LinAlgError if it has none"""
    cdef Py_ssize_t n = A.shape[0]
    cdef cnp.ndarray X = new_matrix(n, n, cnp.PyArray_TYPE(A))
    cdef Job job
    start_one(INVERSE, A, n, tol, atol, &job)
    run_job(&job, A, None, X, 0, 1)
    if job.rank < n:
        raise np.linalg.LinAlgError(_warnings.why_singular(
            job.rank, n, job.reduced == REDUCED, job.close > 0))
    warn_if_close(job.close, tol, None, stacklevel)
    return X


cdef object determinant_of_one(cnp.ndarray A, double tol, double atol, int stacklevel):
    cdef cnp.ndarray result = cnp.PyArray_EMPTY(0, NULL, cnp.PyArray_TYPE(A), 0)
    cdef Job job
    start_one(DETERMINANT, A, 0, tol, atol, &job)
    run_job(&job, A, None, result, 0, 1)
    warn_if_close(job.close, tol, None, stacklevel)
    return result[()]


cdef object rank_of_one(cnp.ndarray A, double tol, double atol, int stacklevel):
    cdef Py_ssize_t found = 0
    cdef Job job
    start_one(RANK, A, 0, tol, atol, &job)
    job.ranks = &found
    run_job(&job, A, None, None, 0, 1)
    warn_if_close(job.close, tol, None, stacklevel)
    return found


cdef object null_space_of_one(cnp.ndarray A, double tol, double atol, int stacklevel):
    cdef cnp.ndarray basis
    cdef int typenum = cnp.PyArray_TYPE(A)      # another thread can set it during the job
    cdef Job job
    start_one(NULL_SPACE, A, 0, tol, atol, &job)
    try:
        run_job(&job, A, None, None, 0, 1)
        basis = basis_of_one(&job, typenum)
    finally:
        free(job.vectors.records)
    warn_if_close(job.close, tol, None, stacklevel)
    return basis


cdef int warn_if_close(Py_ssize_t close, double tol, cnp.ndarray stack, int stacklevel) except -1:
    """Warn of close calls, unless tol = 0 has made them; `stack` has an entry for each matrix"""
    if close and tol != 0:
        _warnings.warn_of_close_calls(
            close, -1 if stack is None else cnp.PyArray_SIZE(stack), stacklevel)
    return 0


# ---- stacks ----

cdef cnp.ndarray new_stack(cnp.ndarray A, int more, Py_ssize_t rows, Py_ssize_t columns,
                           int typenum, bint zeros):
    """A new array: a number, a row or a matrix for each matrix of A, for more = 0, 1 or 2"""
    cdef cnp.npy_intp[MAX_DIMENSIONS] shape
    cdef int ndim = cnp.PyArray_NDIM(A) - 2, axis
    for axis in range(ndim):
        shape[axis] = A.shape[axis]
    if more == 1:
        shape[ndim] = columns
    elif more == 2:
        shape[ndim], shape[ndim + 1] = rows, columns
    if zeros:
        return cnp.PyArray_ZEROS(ndim + more, shape, typenum, 0)
    return cnp.PyArray_EMPTY(ndim + more, shape, typenum, 0)


@cython.final
cdef class Slices:
    """A job for a stack of plain matrices, and its arrays; threads run pieces of it."""

    cdef Job job
    cdef cnp.ndarray A, B, X, status, ambiguous, ranks
    cdef Vectors* vectors           # of each piece
    cdef Py_ssize_t count, pieces, close
    cdef double tol

    def __dealloc__(self):
        cdef Py_ssize_t piece
        for piece in range(self.pieces):
            free(self.vectors[piece].records)
        free(self.vectors)

    cdef begin(self, int wanted, cnp.ndarray A, cnp.ndarray B, Py_ssize_t groups, double tol,
               double atol):
        cdef int ndim = cnp.PyArray_NDIM(A)
        cdef bint single = cnp.PyArray_TYPE(A) == cnp.NPY_FLOAT
        cdef Policy policy = policy_of(tol, atol, single)
        cdef Py_ssize_t n = A.shape[ndim - 1], k = n if wanted == INVERSE else 0
        if B is not None:
            k = B.shape[ndim - 1]
        self.A, self.B, self.tol = A, B, tol
        start_job(wanted, A.shape[ndim - 2], n, k, groups, &policy,
                  sizeof(float) if single else sizeof(double), &self.job)

    def __call__(self, Py_ssize_t start, Py_ssize_t stop):
        """Answer slices start : stop"""
        cdef Job job = self.job
        if not 0 <= start < stop <= self.count:     # also where nothing has begun
            raise ValueError(f"start and stop must be in 0..{self.count}, got {start}, {stop}")
        if self.status is not None:
            job.status = <signed char*>cnp.PyArray_DATA(self.status)
            job.ambiguous = <signed char*>cnp.PyArray_DATA(self.ambiguous)
        if self.ranks is not None:
            job.ranks = <Py_ssize_t*>cnp.PyArray_DATA(self.ranks)
        try:
            run_job(&job, self.A, self.B, self.X, start, stop)
        finally:
            self.keep(&job)

    cdef int keep(self, const Job* job) except -1:
        """Take over what a piece has found"""
        cdef Vectors* grown
        self.close += job.close
        if job.vectors.records == NULL:
            return 0
        grown = <Vectors*>realloc(self.vectors, (self.pieces + 1) * sizeof(Vectors))
        if grown == NULL:
            free(job.vectors.records)
            raise MemoryError
        self.vectors = grown
        self.vectors[self.pieces] = job.vectors
        self.pieces += 1
        return 0

    cdef run(self, Py_ssize_t workers):
        """Answer all slices"""
        cdef Py_ssize_t count = 1
        cdef int axis
        for axis in range(cnp.PyArray_NDIM(self.A) - 2):
            count *= self.A.shape[axis]
        self.count = count
        if count and workers == 1:
            self(0, count)
        elif count:
            _workers.over_rows(self, count, workers)

    cdef cnp.ndarray basis(self):
        """The null spaces, filled up with zeros"""
        cdef Py_ssize_t n = self.job.n, width = 0, piece
        cdef int typenum = cnp.PyArray_TYPE(self.A)
        cdef cnp.ndarray basis
        for piece in range(self.pieces):
            width = max(width, widest(&self.vectors[piece], n, self.job.few.number))
        basis = new_stack(self.A, 2, n, width, typenum, True)
        for piece in range(self.pieces):
            put_vectors(&self.vectors[piece], basis, n, width)
        return basis

    cdef warn(self, cnp.ndarray result, int stacklevel):
        warn_if_close(self.close, self.tol, result, stacklevel)


cdef tuple solutions_of_stack(cnp.ndarray A, cnp.ndarray B, Py_ssize_t groups, double tol,
                              double atol, Py_ssize_t workers):
    cdef Slices slices = Slices()
    slices.begin(SOLUTION, A, B, groups, tol, atol)
    slices.status = new_stack(A, 1, 0, groups, cnp.NPY_INT8, True)
    slices.ambiguous = new_stack(A, 1, 0, groups, cnp.NPY_BOOL, True)
    slices.X = new_stack(A, 2, slices.job.n, slices.job.k, cnp.PyArray_TYPE(A), False)
    slices.run(workers)
    return slices.status, slices.X, slices.basis(), slices.ambiguous


cdef object invert_stack(cnp.ndarray A, double tol, double atol, Py_ssize_t workers,
                         int stacklevel):
    cdef Slices slices = Slices()
    slices.begin(INVERSE, A, None, 1, tol, atol)
    slices.X = new_stack(A, 2, slices.job.n, slices.job.n, cnp.PyArray_TYPE(A), False)
    slices.run(workers)
    slices.warn(new_stack(A, 0, 0, 0, cnp.NPY_BOOL, False), stacklevel)
    return slices.X


cdef object determinants_of_stack(cnp.ndarray A, double tol, double atol, Py_ssize_t workers,
                                  int stacklevel):
    cdef Slices slices = Slices()
    slices.begin(DETERMINANT, A, None, 1, tol, atol)
    slices.X = new_stack(A, 0, 0, 0, cnp.PyArray_TYPE(A), False)
    slices.run(workers)
    slices.warn(slices.X, stacklevel)
    return slices.X


cdef object ranks_of_stack(cnp.ndarray A, double tol, double atol, Py_ssize_t workers,
                           int stacklevel):
    cdef Slices slices = Slices()
    slices.begin(RANK, A, None, 1, tol, atol)
    slices.ranks = new_stack(A, 0, 0, 0, cnp.NPY_INTP, True)
    slices.run(workers)
    slices.warn(slices.ranks, stacklevel)
    return slices.ranks


cdef object null_spaces_of_stack(cnp.ndarray A, double tol, double atol, Py_ssize_t workers,
                                 int stacklevel):
    cdef Slices slices = Slices()
    slices.begin(NULL_SPACE, A, None, 1, tol, atol)
    slices.run(workers)
    slices.warn(new_stack(A, 0, 0, 0, cnp.NPY_BOOL, False), stacklevel)
    return slices.basis()
