# The solutions of one system from its reduction: which sides have one, x, how close the call was.
#
#   reduce_again     the system with smaller right-hand sides
#   bring_back       numbers that left the range on the way
#   write_x          x, with the free variables zero
#   judge_sides      whether 0 = d is left, and whether that was close
#   finish_solution  all of this
#
# Rounding in b has the size of A x before cancellation, for an unknown x. So it may be up to
# CANCELLED times the rounding that the computed x could leave.

cdef enum:
    CANCELLED = 16
    CLOSE_CONTRADICTION = 1000      # times its bound: a contradiction below this was a close call
    NO_SHIFT = -100000              # of a column without numbers

cdef double CLOSE_AGREEMENT = 0.1   # part of its bound: no contradiction above this was one, too

# For matrices that are not reduced by kernels.
cancelled, close_contradiction = CANCELLED, CLOSE_CONTRADICTION
close_agreement = CLOSE_AGREEMENT

cdef enum:
    UNIQUE          # status codes of a system
    INFINITE
    INCONSISTENT
    SYSTEM_NOT_FINITE

cdef struct System:             # A X = B, and [A | B] reduced with pivots in A
    Py_ssize_t m, n, k
    Py_ssize_t rank
    Py_ssize_t* pivots


cdef struct Again:
    double cells
    Py_ssize_t most, m, k
    size_t number               # bytes of a number
    void* both                  # (m, n + k)
    void* reduced               # (m, n + k)
    Py_ssize_t* pivots
    int* exponents              # (m,): of the rows of A
    int* shifts                 # (k,): of the columns of B


cdef void lay_out_again(void* job, Arena* arena) noexcept nogil:
    """The pieces of bring_back() and judge_sides()"""
    cdef Again* again = <Again*>job
    again.exponents = <int*>take(arena, again.m, sizeof(int))
    again.shifts = <int*>take(arena, again.k, sizeof(int))
    again.both = take(arena, again.cells, again.number)
    again.reduced = take(arena, again.cells, again.number)
    again.pivots = indices(arena, again.most)


cdef void* memory_again(const System* system, size_t number, Again* again) noexcept nogil:
    again.number = number
    again.m, again.k = system.m, system.k
    again.most = min(system.m, system.n)
    again.cells = <double>system.m * (system.n + system.k)
    return working_memory(lay_out_again, again)


cdef inline void put_beside(Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const real* A, const real* B,
                            const int* shifts, real* both) noexcept nogil:
    """both = [A | B], or [A | I] for B = NULL; column j of B times 2^-shifts[j] unless NULL"""
    cdef Py_ssize_t width = n + k, i, j
    if width == 0:
        return              # an array without entries may claim any number of rows
    for i in range(m):
        memcpy(both + i * width, A + i * n, n * sizeof(real))
        if B == NULL:
            memset(both + i * width + n, 0, k * sizeof(real))
            both[i * width + n + i] = 1
        elif shifts == NULL:
            memcpy(both + i * width + n, B + i * k, k * sizeof(real))
        else:
            for j in range(k):
                both[i * width + n + j] = <real>ldexp(B[i * k + j], -shifts[j])


cdef int reduce_again(lanes like, const System* system, const real* A, const real* B,
                      const Policy* policy, Again* again) noexcept nogil:
    """again.reduced = [A | B 2^-shifts] reduced; return -1 if memory ran out, else 0"""
    cdef Verdict verdict
    put_beside(system.m, system.n, system.k, A, B, <const int*>again.shifts, <real*>again.both)
    return reduce_matrix(like, ANY_ENGINE, system.m, system.n + system.k, <const real*>again.both,
                         <real*>again.reduced, system.n, policy, True, again.pivots, &verdict)


cdef inline bint column_is_finite(Py_ssize_t m, Py_ssize_t step, const real* column) noexcept nogil:
    cdef double check = 0
    cdef Py_ssize_t i
    for i in range(m):
        check += column[i * step] * 0.0     # NaN where it is not finite
    return check == 0


cdef int bring_back(lanes like, const System* system, const real* A, const real* B,
                    const Policy* policy, real* R) noexcept nogil:
    """Replace numbers that left the range, perhaps on the way, by results of smaller sides

    Return -1 if memory ran out, else 0.
    """
    cdef Py_ssize_t m = system.m, n = system.n, k = system.k, width = n + k, i, j
    cdef int bits = 52 if real is double else 23    # elimination lets numbers grow by less
    cdef bint lost = False
    cdef Again again
    cdef void* memory
    cdef const real* smaller
    cdef int failed
    for j in range(k):
        lost |= (not column_is_finite(m, width, R + n + j)
                 and column_is_finite(m, k, B + j))
    if not lost:
        return 0
    memory = memory_again(system, sizeof(real), &again)
    if memory == NULL:
        return -1
    for j in range(k):
        again.shifts[j] = bits
    failed = reduce_again(like, system, A, B, policy, &again)
    smaller = <const real*>again.reduced
    for j in range(k):
        if failed == 0 and column_is_finite(m, k, B + j):
            for i in range(m):
                if not fabs(R[i * width + n + j]) < INFINITY:
                    R[i * width + n + j] = <real>ldexp(smaller[i * width + n + j], bits)
    free(memory)
    return failed


cdef void write_x(const System* system, const real* R, real* X) noexcept nogil:
    """X = the sides of R at the places of their pivots, zero elsewhere"""
    cdef Py_ssize_t n = system.n, k = system.k, r
    if system.rank < n:
        memset(X, 0, n * k * sizeof(real))
    for r in range(system.rank):
        memcpy(X + system.pivots[r] * k, R + r * (n + k) + n, k * sizeof(real))


# ---- contradictions ----

cdef bint shifts_needed(const System* system, const real* R, const real* B, const int* exponents,
                        int* shifts) noexcept nogil:
    """Return whether a column of sides left the range; shifts[j] brings column j of B near 1"""
    cdef double least = 2.0 ** -970 if real is double else 2.0 ** -103
    cdef double size
    cdef bint needed = False, empty, inside
    cdef Py_ssize_t width = system.n + system.k, k = system.k, i, j
    for j in range(k):
        size = 0
        empty = True
        shifts[j] = NO_SHIFT
        for i in range(system.m):
            size = max(size, fabs(R[i * width + system.n + j]))
            if B[i * k + j] != 0:
                empty = False
                shifts[j] = max(shifts[j], binary_exponent(B[i * k + j]) + 1 - exponents[i])
        if shifts[j] == NO_SHIFT:
            shifts[j] = 0
        inside = least < size < INFINITY and column_is_finite(system.m, width, R + system.n + j)
        needed |= not (inside or empty or not column_is_finite(system.m, k, B + j))
    return needed


cdef inline bint row_is_zero(Py_ssize_t n, const real* row) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(n):
        if row[j] != 0:
            return False
    return True


cdef void judge_column(const System* system, const real* A, const real* R, const real* B,
                       double unit, Py_ssize_t j, signed char* code,
                       signed char* close) noexcept nogil:
    """Set the code of column j of B if 0 = d is left there, and whether that was a close call

    A row that has become zero in A leaves 0 = d. Rounding leaves it d = unit sum |x|.
    """
    cdef Py_ssize_t width = system.n + system.k, i
    cdef double rest = 0, size = 0, bound
    for i in range(system.m):
        if i < system.rank:
            size += fabs(R[i * width + system.n + j])
        else:
            rest = max(rest, fabs(R[i * width + system.n + j]))
    bound = unit * size
    # x counts as at least 1 here: b may be all rounding.
    close[0] = CLOSE_AGREEMENT * bound < rest < max(CLOSE_CONTRADICTION * bound, unit)
    if rest > bound:
        code[0] = INCONSISTENT
    for i in range(system.m):
        if B[i * system.k + j] != 0 and row_is_zero(system.n, A + i * system.n):
            code[0], close[0] = INCONSISTENT, False     # such a row has no rounding


cdef int judge_sides(lanes like, const System* system, const real* A, const real* B,
                     const real* R, const Policy* policy, signed char* codes,
                     signed char* close) noexcept nogil:
    """judge_column() of all columns of B; return -1 if memory ran out, else 0"""
    cdef Again again
    cdef void* memory = memory_again(system, sizeof(real), &again)
    cdef double unit
    cdef Py_ssize_t j
    if memory == NULL:
        return -1
    unit = CANCELLED * measure_rows(system.m, system.n, system.n, A, policy, again.exponents)
    if shifts_needed(system, R, B, <const int*>again.exponents, again.shifts):
        if reduce_again(like, system, A, B, policy, &again):
            free(memory)
            return -1
        R = <const real*>again.reduced
    for j in range(system.k):
        judge_column(system, A, R, B, unit, j, codes + j, close + j)
    free(memory)
    return 0


cdef void join_codes(Py_ssize_t groups, Py_ssize_t each, bint doubtful, int least,
                     signed char* codes, signed char* close, signed char* status,
                     signed char* ambiguous) noexcept nogil:
    """The codes of groups of columns: the worst code, and whether any call was close"""
    cdef Py_ssize_t g, j
    for g in range(groups):
        status[g] = least
        ambiguous[g] = doubtful
        for j in range(g * each, (g + 1) * each):
            status[g] = max(status[g], codes[j])
            ambiguous[g] |= close[j]


cdef int finish_solution(lanes like, const System* system, const real* A, const real* B,
                         const Policy* policy, real* R, real* X, signed char* codes,
                         signed char* close) noexcept nogil:
    """Write X, and the code of each column of B; return -1 if memory ran out, else 0

    R is [A | B] reduced, of finite A. A column without a solution becomes NaN.
    """
    cdef Py_ssize_t k = system.k, i, j
    if bring_back(like, system, A, B, policy, R):
        return -1
    write_x(system, <const real*>R, X)
    memset(codes, UNIQUE if system.rank == system.n else INFINITE, k)
    memset(close, False, k)
    if system.rank < system.m and judge_sides(like, system, A, B, <const real*>R, policy, codes,
                                              close):
        return -1
    for j in range(k):
        if not column_is_finite(system.m, k, B + j):
            codes[j] = SYSTEM_NOT_FINITE
        if codes[j] >= INCONSISTENT:
            for i in range(system.n):
                X[i * k + j] = NAN
    return 0
