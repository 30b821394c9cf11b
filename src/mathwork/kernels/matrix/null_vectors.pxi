# The null vectors of one reduced matrix: written, checked, and refined where the check fails.
#
#   measure_rows     the scale of the rows of A, and the tolerance for it
#   write_basis      the vectors from the reduced form
#   exceeds          whether A times a vector is more than rounding
#   refine_basis     one step of refinement
#   null_vectors     all of this
#
# Elimination is not stable row by row: a row of A times a vector may leave more than its own
# rounding. The check is in float64 also for float32: docs/rank.md has the reasons.

from libc.stdlib cimport realloc


cdef double measure_rows(Py_ssize_t m, Py_ssize_t n, Py_ssize_t lda, const real* A,
                         const Policy* policy, int* exponents) noexcept nogil:
    """Return the tolerance for A, of the caller or by default

    The largest entry of row i lies in [1, 2) times 2^exponents[i]; 0 stands for a row of zeros.
    """
    cdef double norm = 0, largest, total
    cdef Py_ssize_t i, j
    for i in range(m):
        largest = total = 0
        for j in range(n):
            largest = max(largest, fabs(A[i * lda + j]))
            total += fabs(A[i * lda + j])
        exponents[i] = binary_exponent(largest) if 0 < largest < INFINITY else 0
        if not total < INFINITY:        # only the sum has left the range
            total = 0
            for j in range(n):
                total += ldexp(fabs(A[i * lda + j]), -exponents[i])
            norm = max(norm, total)
        else:
            norm = max(norm, ldexp(total, -exponents[i]))
    return policy.tol if policy.tol >= 0 else policy.unit * sqrt(norm)


cdef void write_basis(Py_ssize_t n, Py_ssize_t rank, const real* R, Py_ssize_t ldr,
                      const Py_ssize_t* pivots, real* basis) noexcept nogil:
    """basis[n, n - rank]: 1 at a free variable, and less its column of R at the pivots"""
    cdef Py_ssize_t nullity = n - rank, r = 0, free = 0, c, i
    memset(basis, 0, n * nullity * sizeof(real))
    for c in range(n):
        if r < rank and pivots[r] == c:
            r += 1
            continue
        basis[c * nullity + free] = 1
        for i in range(r):      # rows below have zeros in this column
            basis[pivots[i] * nullity + free] = 0 - R[i * ldr + c]      # never -0.0
        free += 1


cdef struct Checked:            # null vectors, and what A leaves of them, in float64
    Py_ssize_t m, n, rank, nullity
    int* exponents              # (m,): of measure_rows()
    double* bounds              # (m,): rounding of a row, for a vector of 1-norm 1
    double* sizes               # (nullity,): 1-norms
    double* A                   # (m, n), rows scaled
    double* basis               # (n, nullity)
    double* rest                # (m, nullity): A times the basis


cdef void lay_out_checked(void* job, Arena* arena) noexcept nogil:
    """The pieces of null_vectors()"""
    cdef Checked* checked = <Checked*>job
    checked.exponents = <int*>take(arena, checked.m, sizeof(int))
    checked.bounds = doubles(arena, checked.m)
    checked.sizes = doubles(arena, checked.nullity)
    checked.A = doubles(arena, <double>checked.m * checked.n)
    checked.basis = doubles(arena, <double>checked.n * checked.nullity)
    checked.rest = doubles(arena, <double>checked.m * checked.nullity)


cdef void scale_rows_for_check(const real* A, const Policy* policy,
                               Checked* checked) noexcept nogil:
    """Fill in exponents, bounds and A"""
    cdef Policy relative = policy[0]
    cdef double tol, factor
    cdef int exponent
    cdef Py_ssize_t n = checked.n, i, j
    if relative.tol == 0:
        relative.tol = -1       # a vector that is computed carries rounding
    tol = measure_rows(checked.m, n, n, A, &relative, checked.exponents)
    for i in range(checked.m):
        exponent = checked.exponents[i]
        checked.bounds[i] = tol + (ldexp(policy.atol, -exponent) if policy.atol > 0 else 0)
        factor = ldexp(1, -exponent)
        for j in range(n):
            if -1000 < exponent < 1000:
                checked.A[i * n + j] = A[i * n + j] * factor
            else:
                checked.A[i * n + j] = ldexp(A[i * n + j], -exponent)


cdef int exceeds(const real* basis, Checked* checked) noexcept nogil:
    """Return whether A times a vector is above the bound of a row times its 1-norm

    It returns -1 where memory ran out. It leaves A times the basis in `rest`.
    """
    cdef Py_ssize_t nullity = checked.nullity, i, j
    memset(checked.sizes, 0, nullity * sizeof(double))
    for i in range(checked.n):
        for j in range(nullity):
            checked.basis[i * nullity + j] = basis[i * nullity + j]
            checked.sizes[j] += fabs(checked.basis[i * nullity + j])
    if matrix_times_matrix(<f64v>fill_f64(0), checked.m, nullity, checked.n,
                           <const double*>checked.A, <const double*>checked.basis, checked.rest):
        return -1
    for i in range(checked.m):
        for j in range(nullity):
            if fabs(checked.rest[i * nullity + j]) > checked.bounds[i] * checked.sizes[j]:
                return 1
    return 0


cdef struct Refined:            # [columns of pivots of A | rest], and the same reduced
    double cells
    Py_ssize_t rank
    double* both
    double* reduced
    Py_ssize_t* pivots


cdef void lay_out_refined(void* job, Arena* arena) noexcept nogil:
    """The pieces of refine_basis()"""
    cdef Refined* refined = <Refined*>job
    refined.both = doubles(arena, refined.cells)
    refined.reduced = doubles(arena, refined.cells)
    refined.pivots = indices(arena, refined.rank)


cdef int refine_basis(const Py_ssize_t* pivots, const Checked* checked,
                      real* basis) noexcept nogil:
    """Take from the vectors, at the pivots, the solution of A x = A basis; -1 for no memory"""
    cdef Py_ssize_t m = checked.m, rank = checked.rank, nullity = checked.nullity
    cdef Py_ssize_t width = rank + nullity, i, j
    cdef Policy exactly = policy_of(0, 0, False)
    cdef Verdict verdict
    cdef Refined refined
    cdef void* memory
    cdef int failed
    refined.cells, refined.rank = <double>m * width, rank
    memory = working_memory(lay_out_refined, &refined)
    if memory == NULL:
        return -1
    for i in range(m):
        for j in range(rank):
            refined.both[i * width + j] = checked.A[i * checked.n + pivots[j]]
        memcpy(refined.both + i * width + rank, checked.rest + i * nullity,
               nullity * sizeof(double))
    failed = reduce_matrix(<f64v>fill_f64(0), ANY_ENGINE, m, width, <const double*>refined.both,
                           refined.reduced, rank, &exactly, True, refined.pivots, &verdict)
    if failed == 0 and verdict.rank == rank:
        for i in range(rank):
            for j in range(nullity):
                basis[pivots[i] * nullity + j] = <real>(
                    basis[pivots[i] * nullity + j] - refined.reduced[i * width + rank + j])
    free(memory)
    return failed


cdef int null_vectors(Py_ssize_t m, Py_ssize_t n, const real* A, const real* R, Py_ssize_t ldr,
                      Py_ssize_t rank, const Py_ssize_t* pivots, const Policy* policy,
                      real* basis) noexcept nogil:
    """Write the null vectors of A, basis[n, n - rank], from its reduced form R

    Return 1 where A times them is not zero to rounding, -1 where memory ran out, else 0.
    """
    cdef char local[STACK_BYTES + ALIGNMENT]
    cdef char* heap = NULL
    cdef char* memory
    cdef Checked checked
    cdef Py_ssize_t size
    cdef int wrong
    write_basis(n, rank, R, ldr, pivots, basis)
    if m == 0 or rank == n:
        return 0
    checked.m, checked.n, checked.rank, checked.nullity = m, n, rank, n - rank
    size = measured(lay_out_checked, &checked)
    memory = working_set(size, local, &heap) if size >= 0 else NULL
    if memory == NULL or not hand_out(lay_out_checked, &checked, memory, size):
        free(heap)
        return -1
    scale_rows_for_check(A, policy, &checked)
    wrong = exceeds(<const real*>basis, &checked)
    if wrong > 0:
        wrong = refine_basis(pivots, &checked, basis)
        if wrong == 0:
            wrong = exceeds(<const real*>basis, &checked)
    free(heap)
    return wrong


# ---- the vectors of many slices ----

cdef struct Vectors:            # records, one after the other
    char* records
    size_t used, room

cdef struct Record:             # before the vectors of a slice
    Py_ssize_t slice
    Py_ssize_t nullity          # NOT_KNOWN where the slice is not finite: its vectors are NaN

cdef enum:
    NOT_KNOWN = -1


cdef inline size_t record_bytes(Py_ssize_t nullity, Py_ssize_t n, size_t number) noexcept nogil:
    """The bytes of a record and its vectors, in whole doubles"""
    cdef size_t numbers = 0 if nullity == NOT_KNOWN else <size_t>nullity * n
    return sizeof(Record) + (numbers * number + 7) // 8 * 8


cdef void* new_record(Vectors* vectors, Py_ssize_t slice, Py_ssize_t nullity, Py_ssize_t n,
                      size_t number) noexcept nogil:
    """Return the place for the vectors behind a new record; NULL where memory ran out"""
    cdef size_t bytes, room
    cdef char* grown
    cdef Record* record
    if <double>n * max(nullity, 0) > 2.0 ** 47:         # 64 bits hold the bytes of many
        return NULL
    bytes = record_bytes(nullity, n, number)
    if vectors.used + bytes > vectors.room:
        room = 2 * vectors.room + bytes
        grown = <char*>realloc(vectors.records, room)
        if grown == NULL:
            return NULL
        vectors.records, vectors.room = grown, room
    record = <Record*>(vectors.records + vectors.used)
    record.slice, record.nullity = slice, nullity
    vectors.used += bytes
    return <void*>(record + 1)
