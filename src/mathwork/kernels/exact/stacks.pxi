# Stacks of matrices: what is given, what is wanted, and the reduction of one after the other by
# modular.pxi or integers.pxi. slices.pxi reduces many small ones side by side.

cdef struct Stack:              # results are NULL where they are not wanted
    bint rational               # by integers.pxi, else modulo the prime of the field
    Field field
    Py_ssize_t m, n, k          # of [A | B]: A is (m, n), B is (m, k)
    Py_ssize_t columns          # the first that may have pivots
    Py_ssize_t most             # pivots
    bint reduced
    bint divide                 # first each row by the common divisor of its entries
    const int64_t* left         # A of the first matrix, and the way to the next; 0: it is the same
    const int64_t* right
    Py_ssize_t left_step, right_step
    int64_t* matrices           # (m, n + k) each, in 0..p-1, or rows times their divisors
    Py_ssize_t* pivots          # (most,) each, padded with -1
    Py_ssize_t* order           # (m,) each: the row of the input that each row began as
    Py_ssize_t* ranks
    int64_t* determinants       # of square A; the last divisor, if rational
    signed char* odd            # whether it has the other sign
    int64_t* divisors           # (m,) each; all 0 where 64 bits are not enough


cdef inline double number_modulo(const Field* field, int64_t value) noexcept nogil:
    """A number of magnitude below 2^51 that is `value` mod p"""
    cdef int64_t largest = <int64_t>1 << 51
    return <double>(value if -largest < value < largest else value % field.p)


cdef void read_matrix(const Stack* stack, Py_ssize_t at, Workspace* work) noexcept nogil:
    """work.matrix = [A | B] mod p of matrix `at`, zero in the padding"""
    cdef Py_ssize_t i, j
    cdef const int64_t* left = stack.left + at * stack.left_step
    cdef const int64_t* right = stack.right + at * stack.right_step
    cdef double* row = work.matrix
    for i in range(work.m):
        for j in range(stack.n):
            row[j] = number_modulo(&stack.field, left[j])
        for j in range(stack.k):
            row[stack.n + j] = number_modulo(&stack.field, right[j])
        for j in range(work.n, work.ld):
            row[j] = 0
        residues(&stack.field, registers_for(work.n), row)
        left += stack.n
        right += stack.k
        row += work.ld


cdef void write_matrix(const Stack* stack, Py_ssize_t at, Py_ssize_t rank, const Workspace* work,
                       const Py_ssize_t* pivots) noexcept nogil:
    """Matrix `at` = the row echelon form, with entries in 0..p-1"""
    cdef Py_ssize_t m = work.m, n = work.n, i, c
    cdef int64_t* result = stack.matrices + at * m * n
    cdef const double* row
    memset(result, 0, m * n * sizeof(int64_t))
    for i in range(m):
        row = work.matrix + i * work.ld
        if stack.reduced and i < rank:
            row = work.free + (rank - 1 - i) * work.ld
            result[pivots[i]] = 1
            for c in range(n - rank):
                result[work.others[c]] = canonical(&stack.field, row[c])
        else:
            for c in range(pivots[i] if i < rank else stack.columns, n):
                result[c] = canonical(&stack.field, row[c])
        result += n


cdef int reduce_one_by_one(const Stack* stack, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Reduce the matrices start..stop-1; return -1 if memory ran out, else 0"""
    cdef Py_ssize_t m = stack.m, n = stack.n + stack.k, most = stack.most, at, i, rank
    cdef Py_ssize_t* found
    cdef int64_t determinant
    cdef Workspace work
    if not take_workspace(&stack.field, m, n, &work):
        return -1
    for at in range(start, stop):
        if at > start and interrupted(<double>m * n * most):
            break
        # Pivots that nobody wants take the room of the reduced form.
        found = <Py_ssize_t*>work.free if stack.pivots == NULL else stack.pivots + at * most
        read_matrix(stack, at, &work)
        rank = eliminate_modulo(&stack.field, m, n, stack.columns, &work, found, &determinant)
        if stack.reduced:
            back_substitute(&stack.field, rank, n, &work, found)
        if stack.matrices != NULL:
            write_matrix(stack, at, rank, &work, found)
        if stack.pivots != NULL:
            for i in range(rank, most):
                found[i] = -1
        if stack.order != NULL:
            memcpy(stack.order + at * m, work.order, m * sizeof(Py_ssize_t))
        if stack.ranks != NULL:
            stack.ranks[at] = rank
        if stack.determinants != NULL:
            stack.determinants[at] = determinant if rank == m else 0
    free(work.memory)
    return 0


cdef bint eliminate_one(const Stack* stack, Py_ssize_t at, int64_t* matrix, Py_ssize_t* pivots,
                        Py_ssize_t* rank, bint* odd) noexcept nogil:
    """eliminate_integers() of matrix `at`; return False where 64 bits are not enough"""
    cdef Py_ssize_t m = stack.m, n = stack.n + stack.k, i
    cdef const int64_t* left = stack.left + at * stack.left_step
    cdef const int64_t* right = stack.right + at * stack.right_step
    for i in range(m):
        memcpy(matrix + i * n, left + i * stack.n, stack.n * sizeof(int64_t))
        if stack.k:
            memcpy(matrix + i * n + stack.n, right + i * stack.k, stack.k * sizeof(int64_t))
    if not looks_small(m, n, matrix, stack.columns):
        return False
    if stack.divide:
        divide_rows(m, n, matrix)
    return eliminate_integers(m, n, matrix, stack.columns, stack.reduced, pivots, rank, odd)


cdef void eliminate_each(const Stack* stack, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """reduce_one_by_one() without a prime

    Where 64 bits are not enough the rank is -1.
    """
    cdef Py_ssize_t m = stack.m, n = stack.n + stack.k, most = stack.most, at, i, rank
    cdef bint odd
    cdef int64_t* matrix
    cdef int64_t* divisors
    cdef Py_ssize_t* pivots
    cdef int64_t divisor
    for at in range(start, stop):
        if at % 64 == 63 and interrupted(64.0 * m * n * most):
            break
        matrix, divisors = stack.matrices + at * m * n, stack.divisors + at * m
        pivots = stack.pivots + at * most
        odd = False
        if not eliminate_one(stack, at, matrix, pivots, &rank, &odd):
            rank = -1
        divisor = 0 if rank < 0 else 1
        if rank > 0 and stack.reduced:
            divisor = matrix[pivots[0]]
        for i in range(m):
            divisors[i] = divisor
            if i < rank:
                divisor = matrix[i * n + pivots[i]]
        for i in range(max(rank, 0), most):
            pivots[i] = -1
        if stack.ranks != NULL:
            stack.ranks[at] = rank
        if stack.determinants != NULL:
            stack.determinants[at] = divisor
            stack.odd[at] = odd
