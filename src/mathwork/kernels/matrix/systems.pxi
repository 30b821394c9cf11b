# The two most frequent uses of a reduction: the solution of one regular system, and determinants.
#
# mathwork.matrix.systems handles all other systems by the same reduction of [A | B], so that a
# solution has the same bits either way.


cdef struct RegularSystem:
    Py_ssize_t n, width     # [A | B] is (n, width)
    size_t number           # bytes of a number
    void* both              # [A | B]
    void* reduced           # the same, reduced
    Py_ssize_t* pivots      # (n,)


cdef inline void lay_out_system(void* job, Arena* arena) noexcept nogil:
    """The pieces of solve_regular_system()"""
    cdef RegularSystem* system = <RegularSystem*>job
    cdef double n = system.n, width = system.width
    system.both = take(arena, n * width, system.number)
    system.reduced = take(arena, n * width, system.number)
    system.pivots = indices(arena, n)


cdef int solve_regular_system(lanes like, Py_ssize_t n, Py_ssize_t k, const real* A,
                              const real* B, real* X, double* accepted) noexcept nogil:
    """X[n, k] = inverse of A times B, or the inverse of A if B is NULL

    Returns 1 where the rank of A is below n, or B or X is not finite; -1 where memory ran out,
    else 0.
    """
    cdef Py_ssize_t width = n + k, i, j
    cdef RegularSystem system
    cdef real* both
    cdef real* reduced
    cdef real* row
    cdef real check = 0
    cdef Policy policy = policy_of(-1, 0, real is float)
    cdef Verdict verdict
    cdef int failed
    cdef void* memory
    system.n, system.width, system.number = n, width, sizeof(real)
    memory = working_memory(lay_out_system, &system)
    if memory == NULL:
        return -1
    both, reduced = <real*>system.both, <real*>system.reduced
    for i in range(n):
        row = both + i * width
        memcpy(row, A + i * n, n * sizeof(real))
        if B == NULL:
            memset(row + n, 0, k * sizeof(real))
            row[n + i] = 1
        else:
            for j in range(k):
                row[n + j] = B[i * k + j]
                check += B[i * k + j] * 0       # NaN where B is not finite
    failed = reduce_matrix(like, ANY_ENGINE, n, width, <const real*>both, reduced, n, &policy,
                           True, system.pivots, &verdict)
    accepted[0] = verdict.accepted
    if failed == 0:
        for i in range(n):
            row = reduced + i * width + n
            memcpy(X + i * k, row, k * sizeof(real))
            if B != NULL:
                for j in range(k):
                    check += row[j] * 0
        if verdict.rank < n or check != 0:
            failed = 1
    free(memory)
    return failed


cdef object regular_solution(cnp.ndarray A, cnp.ndarray b, cnp.ndarray X, double* accepted):
    """X with the solution in it, or None; without b it is the inverse"""
    cdef Py_ssize_t n = A.shape[0], k = X.shape[1] if cnp.PyArray_NDIM(X) == 2 else 1
    cdef const void* sides = NULL if b is None else cnp.PyArray_DATA(b)
    cdef PyThreadState* state = release_gil(<double>n * n * (n + k))
    cdef int failed
    if cnp.PyArray_TYPE(A) == cnp.NPY_FLOAT:
        failed = solve_regular_system(
            <f32v>fill_f32(0), n, k, <const float*>cnp.PyArray_DATA(A), <const float*>sides,
            <float*>cnp.PyArray_DATA(X), accepted)
    else:
        failed = solve_regular_system(
            <f64v>fill_f64(0), n, k, <const double*>cnp.PyArray_DATA(A), <const double*>sides,
            <double*>cnp.PyArray_DATA(X), accepted)
    take_gil(state)
    if failed < 0:
        raise MemoryError
    return None if failed else X


def solve_regular(A, b):
    """Return (x, the empty null space, the smallest pivot over its bound) for A x = b, or None.

    It is None unless A is plain, square and of full rank, b is a plain vector or plain columns that
    go with A, and both b and x are finite.
    """
    cdef int typenum = cnp.NPY_DOUBLE if is_plain(A, 2, cnp.NPY_DOUBLE) else cnp.NPY_FLOAT
    cdef Py_ssize_t n
    cdef double accepted
    if not is_plain(A, 2, typenum):
        return None
    n = (<cnp.ndarray>A).shape[0]
    if n == 0 or n != (<cnp.ndarray>A).shape[1]:
        return None
    if is_plain(b, 1, typenum) and (<cnp.ndarray>b).shape[0] == n:
        x = regular_solution(A, b, new_vector(n, typenum), &accepted)
    elif is_plain(b, 2, typenum) and (<cnp.ndarray>b).shape[0] == n:
        x = regular_solution(A, b, new_matrix(n, (<cnp.ndarray>b).shape[1], typenum), &accepted)
    else:
        return None
    return None if x is None else (x, new_matrix(n, 0, typenum), accepted)


def invert_regular(A):
    """Return (the inverse, the smallest pivot over its bound), or None

    It is None unless A is plain, square and of full rank.
    """
    cdef int typenum = cnp.NPY_DOUBLE if is_plain(A, 2, cnp.NPY_DOUBLE) else cnp.NPY_FLOAT
    cdef Py_ssize_t n
    cdef double accepted
    if not is_plain(A, 2, typenum):
        return None
    n = (<cnp.ndarray>A).shape[0]
    if n == 0 or n != (<cnp.ndarray>A).shape[1]:
        return None
    inverse = regular_solution(A, None, new_matrix(n, n, typenum), &accepted)
    return None if inverse is None else (inverse, accepted)


# ---- determinants ----

cdef double product_of_diagonal(Py_ssize_t n, const real* A, int sign,
                                long long exponents) noexcept nogil:
    """sign 2^exponents A[0, 0] A[1, 1] ...; only the whole product can overflow or underflow"""
    cdef double product = sign
    cdef int exponent, more
    cdef Py_ssize_t i
    for i in range(n):
        product = frexp(product * frexp(<double>A[i * (n + 1)], &exponent), &more)
        exponents += exponent + more
    # Beyond these limits every product is infinite or zero.
    return ldexp(product, <int>min(max(exponents, -100000), 100000))


cdef inline void determinants_of(
        Py_ssize_t count, Py_ssize_t n, const real* echelons, const Py_ssize_t* ranks,
        const signed char* parities, const signed char* statuses, const int* exponents,
        real* result) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(count):
        if statuses[i] != REDUCED:
            result[i] = NAN
        elif ranks[i] < n:
            result[i] = 0
        else:
            result[i] = <real>product_of_diagonal(n, echelons + i * n * n, parities[i],
                                                  exponents[i] if exponents != NULL else 0)


def determinants(Reduction echelon not None):
    """Return the determinants of square matrices, from their row echelon forms by `ref`.

    A determinant is zero if the rank is not full, and NaN if the matrix was not finite.
    """
    cdef cnp.ndarray matrix = echelon.matrix, result
    cdef int ndim = cnp.PyArray_NDIM(matrix)
    cdef Py_ssize_t n = matrix.shape[ndim - 1], count
    cdef signed char parity = echelon.verdict.parity, status = echelon.verdict.status
    cdef const Py_ssize_t* ranks = &echelon.verdict.rank
    cdef const signed char* parities = &parity
    cdef const signed char* statuses = &status
    cdef const int* exponents = &echelon.verdict.exponent
    if echelon.stack is not None:
        ranks = <const Py_ssize_t*>cnp.PyArray_DATA(echelon.stack[0])
        statuses = <const signed char*>cnp.PyArray_DATA(echelon.stack[3])
        parities = <const signed char*>cnp.PyArray_DATA(echelon.stack[4])
        exponents = NULL
        if echelon.exponents is not None:
            exponents = <const int*>cnp.PyArray_DATA(echelon.exponents)
    result = cnp.PyArray_EMPTY(ndim - 2, cnp.PyArray_DIMS(matrix), cnp.PyArray_TYPE(matrix), 0)
    count = cnp.PyArray_SIZE(result)
    if cnp.PyArray_TYPE(matrix) == cnp.NPY_FLOAT:
        determinants_of(
            count, n, <const float*>cnp.PyArray_DATA(matrix), ranks, parities, statuses,
            exponents, <float*>cnp.PyArray_DATA(result))
    else:
        determinants_of(
            count, n, <const double*>cnp.PyArray_DATA(matrix), ranks, parities, statuses,
            exponents, <double*>cnp.PyArray_DATA(result))
    return result[()]
