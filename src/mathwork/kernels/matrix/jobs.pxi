# Answers that rest on a reduction, for one matrix or the slices of a stack: solutions, inverses,
# determinants, ranks and null vectors.
#
# A Job is what is wanted of slices that lie one after the other. A few slices at a time are reduced
# in a working set, and answered from there. So the memory does not grow with the stack, and a slice
# is reduced once, whatever comes out.

cdef enum Wanted:
    SOLUTION
    INVERSE
    DETERMINANT
    RANK
    NULL_SPACE

cdef enum:
    FEW_SLICES = 32         # small ones that are reduced together

cdef struct Few:            # a few slices under way
    Py_ssize_t room         # how many
    double cells, most      # numbers of [A | B], and pivots, of one slice
    double k                # columns of B
    size_t number           # bytes of a number
    bint beside             # whether there is a B
    Stack found
    void* both              # [A | B]
    void* reduced
    signed char* codes      # (k,): of the columns of B
    signed char* close      # (k,)
    void* memory            # of all of these; NULL before it is needed

cdef struct Job:
    int wanted
    Py_ssize_t m, n, k      # A is (m, n), B (m, k); k = n for an INVERSE, 0 where there is no B
    Py_ssize_t groups, each     # k = groups times each; each group has a status
    Policy policy
    signed char* status     # (count, groups) of a SOLUTION; 0 before
    signed char* ambiguous  # (count, groups) of a SOLUTION; 0 before
    Py_ssize_t* ranks       # (count,) of a RANK
    Vectors vectors         # of a SOLUTION and a NULL_SPACE
    Py_ssize_t close        # how many slices had a close call
    Py_ssize_t rank         # of the last slice that was reduced, and its status
    int reduced
    Few few
    bint failed             # where memory ran out


cdef void lay_out_few(void* job, Arena* arena) noexcept nogil:
    """The pieces of answer_few()"""
    cdef Few* few = <Few*>job
    cdef double room = few.room
    few.both = take(arena, room * few.cells if few.beside else 0, few.number)
    few.reduced = take(arena, room * few.cells, few.number)
    few.codes = <signed char*>take(arena, few.k, 1)
    few.close = <signed char*>take(arena, few.k, 1)
    few.found.pivots = indices(arena, room * few.most)
    few.found.ranks = indices(arena, room)
    few.found.accepted = doubles(arena, room)
    few.found.rejected = doubles(arena, room)
    few.found.status = <signed char*>take(arena, room, 1)
    few.found.parity = <signed char*>take(arena, room, 1)
    few.found.exponents = <int*>take(arena, room, sizeof(int))


cdef void start_job(int wanted, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, Py_ssize_t groups,
                    const Policy* policy, size_t number, Job* job) noexcept nogil:
    cdef Few* few = &job.few
    memset(job, 0, sizeof(Job))
    job.wanted = wanted
    job.m, job.n, job.k, job.groups = m, n, k, groups
    job.each = k // groups if groups else 0
    job.policy = policy[0]
    few.room = FEW_SLICES if m <= LANE_ROWS and n + k <= LANE_COLUMNS else 1
    few.cells, few.most, few.k = <double>m * (<double>n + k), min(m, n), k
    few.number, few.beside = number, wanted == SOLUTION or wanted == INVERSE


cdef inline bint is_close_call(double accepted, double rejected, bint single) noexcept nogil:
    """Return whether the rank depended on a close call; NaN: yes"""
    return not (accepted >= CLOSE_ACCEPTED
                and rejected <= (CLOSE_REJECTED_F32 if single else CLOSE_REJECTED))


cdef inline void fill_nan(Py_ssize_t n, real* numbers) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        numbers[i] = NAN


cdef inline double times(double product, double factor, long long* exponent) noexcept nogil:
    """product factor = the result, 0 or a number in [1/2, 1) with a sign, times 2^more

    `more` is added to the exponent.
    """
    cdef int first, second
    product = frexp(product * frexp(factor, &first), &second)
    exponent[0] += first + second
    return product


cdef double product_of_diagonal(Py_ssize_t n, const real* A, int sign,
                                long long exponents) noexcept nogil:
    """sign 2^exponents A[0, 0] A[1, 1] ...; only the whole product can overflow or underflow"""
    cdef double product = sign
    cdef Py_ssize_t i
    for i in range(n):
        product = times(product, A[i * (n + 1)], &exponents)
    # Beyond these limits every product is infinite or zero.
    return ldexp(product, <int>min(max(exponents, -100000), 100000))


# ---- answers from the reduction of one slice ----

cdef int answer_null_space(Job* job, Py_ssize_t s, const real* A, const real* R,
                           const Py_ssize_t* pivots) noexcept nogil:
    """Record the null vectors of A, slice s

    Return 1 where A times them is not zero to rounding, -1 where memory ran out, else 0.
    """
    cdef Py_ssize_t nullity = job.n - job.rank
    cdef void* basis
    if job.reduced != REDUCED:
        return 0 if new_record(&job.vectors, s, NOT_KNOWN, job.n, sizeof(real)) != NULL else -1
    if nullity == 0:
        return 0
    basis = new_record(&job.vectors, s, nullity, job.n, sizeof(real))
    if basis == NULL:
        return -1
    return null_vectors(job.m, job.n, A, R, job.n + job.k, job.rank, pivots, &job.policy,
                        <real*>basis)


cdef int answer_solution(lanes like, Job* job, Py_ssize_t s, bint close, const real* A,
                         const real* B, real* R, Py_ssize_t* pivots, real* X) noexcept nogil:
    """Write X, the status, and record the null vectors; return -1 if memory ran out, else 0"""
    cdef System system
    cdef signed char* codes = job.few.codes
    cdef int doubtful = answer_null_space(job, s, A, <const real*>R, pivots)
    cdef int least = SYSTEM_NOT_FINITE
    if doubtful < 0:
        return -1
    memset(codes, least, job.k)
    memset(job.few.close, False, job.k)
    if job.reduced != REDUCED:
        fill_nan(job.n * job.k, X)
    else:
        least = UNIQUE if job.rank == job.n else INFINITE
        system.m, system.n, system.k = job.m, job.n, job.k
        system.rank, system.pivots = job.rank, pivots
        if finish_solution(like, &system, A, B, &job.policy, R, X, codes, job.few.close):
            return -1
    join_codes(job.groups, job.each, close or doubtful, least, codes, job.few.close,
               job.status + s * job.groups, job.ambiguous + s * job.groups)
    return 0


cdef int answer_slice(lanes like, Job* job, Py_ssize_t s, Py_ssize_t at, const real* A,
                      const real* B, real* X) noexcept nogil:
    """The answer of slice s, number `at` of the few; return -1 if memory ran out, else 0"""
    cdef const Stack* found = &job.few.found
    cdef Py_ssize_t n = job.n, width = n + job.k, i
    cdef real* R = <real*>job.few.reduced + at * job.m * width
    cdef Py_ssize_t* pivots = found.pivots + at * min(job.m, n)
    cdef bint close = is_close_call(found.accepted[at], found.rejected[at], real is float)
    cdef int doubtful = 0
    job.rank, job.reduced = found.ranks[at], found.status[at]
    if job.wanted == SOLUTION:
        return answer_solution(like, job, s, close, A + s * job.m * n, B + s * job.m * job.k, R,
                               pivots, X + s * n * job.k)
    if job.wanted == NULL_SPACE:
        doubtful = answer_null_space(job, s, A + s * job.m * n, <const real*>R, pivots)
    elif job.wanted == RANK:
        job.ranks[s] = job.rank
    elif job.wanted == INVERSE:
        if job.rank < n:
            fill_nan(n * n, X + s * n * n)
        else:
            for i in range(n):
                memcpy(X + s * n * n + i * n, R + i * width + n, n * sizeof(real))
    elif job.reduced != REDUCED:
        X[s] = NAN
    elif job.rank < n:
        X[s] = 0
    else:
        X[s] = <real>product_of_diagonal(n, <const real*>R, found.parity[at], found.exponents[at])
    if job.reduced == REDUCED and (close or doubtful > 0):
        job.close += 1
    return -1 if doubtful < 0 else 0


cdef void answer_few(lanes like, Job* job, Py_ssize_t first, Py_ssize_t count, const real* A,
                     const real* B, real* X) noexcept nogil:
    """The answers of slices first : first + count, at most few.room"""
    cdef Few* few = &job.few
    cdef Py_ssize_t m = job.m, n = job.n, k = job.k, width = n + k, s
    cdef const real* source = A + first * m * n
    cdef Stack found
    if few.memory == NULL:
        few.room = min(few.room, count)         # the first ones are never fewer than the next
        few.memory = working_memory(lay_out_few, few)
        if few.memory == NULL:
            job.failed = True
    if job.failed:
        return
    if few.beside:
        for s in range(count):
            put_beside(m, n, k, source + s * m * n, B + (first + s) * m * k
                       if job.wanted == SOLUTION else <const real*>NULL, <const int*>NULL,
                       <real*>few.both + s * m * width)
        source = <const real*>few.both
    found = few.found
    if job.wanted != DETERMINANT:
        found.exponents = NULL
    if reduce_stack(like, ANY_ENGINE, count, m, width, source, <real*>few.reduced, n, &job.policy,
                    job.wanted != DETERMINANT, &found):
        job.failed = True
        return
    if interrupted(0):
        return
    for s in range(count):
        if answer_slice(like, job, first + s, s, A, B, X) < 0:
            job.failed = True
            return
