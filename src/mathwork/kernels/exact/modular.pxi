# Row reduction modulo a prime, block by block of columns, for mathwork.matrix.modular.
#
#   substitute_block    subtracts a block of pivot rows from each other and from the rows below
#   eliminate_columns   finds the pivots of a block of columns and the multipliers of every row
#   eliminate_modulo    makes the row echelon form, one block after the other
#   back_substitute     makes the reduced form of it: substitute_block from the last row up

from libc.stdint cimport int64_t

cdef enum:
    PIVOT_WIDTH = PIVOT_BLOCK + 2 * MAX_LANES       # room for a block's columns in whole registers

cdef struct Workspace:
    Py_ssize_t m, n
    Py_ssize_t depth            # parts PIVOT_BLOCK
    Py_ssize_t ld
    double* matrix              # (m, ld): whole registers from any column on, zero past n
    double* coefficients        # (m, depth): minus the multipliers, in parts
    double* factors             # a block of pivot rows in parts, as panels of product.pxi
    double* free                # (m, ld): the columns without a pivot, last row first
    double* line                # two times max(m, n) numbers in whole registers
    Py_ssize_t* order           # (m,): the row of the input that each row began as
    Py_ssize_t* others          # (n,): the columns without a pivot
    void* memory


cdef void substitute_block(const Field* field, Py_ssize_t k, Py_ssize_t M, Py_ssize_t registers,
                           const double* coefficients, double* rows, Py_ssize_t ld, double* factors,
                           bint reduce_all) noexcept nogil:
    """rows[i] += sum over t < min(i, k) of coefficients[i, t] rows[t], i < k + M

    The first k rows become final one after the other, and are residues then. With `reduce_all`
    so are the others.
    """
    cdef Py_ssize_t width = 2 * F64_LANES, depth = field.parts * PIVOT_BLOCK
    cdef Py_ssize_t t, i, m = 0, count
    cdef double* y = rows
    cdef f64v like = fill_f64(0)
    for t in range(k):
        if t:
            row_product(like, registers, field.parts * t, field.parts * t,
                        coefficients + t * depth, <const double*>factors, width, width * depth,
                        <const double*>y, y, False, False)
        residues(field, registers, y)
        set_factors(field, registers, <const double*>y, factors + field.parts * t * width,
                    width * depth, width)
        y += ld
    coefficients += k * depth
    while m < M:
        count = min(<Py_ssize_t>ROW_BLOCK, M - m)
        panel_pass(like, count, registers, field.parts * k, field.parts * k,
                   coefficients + m * depth, depth, <const double*>factors, width, width * depth,
                   <const double*>y, ld, y, ld, False, False)
        if reduce_all:
            for i in range(count):
                residues(field, registers, y + i * ld)
        m += count
        y += count * ld


cdef inline void add_to_residues(const int parts, const Field* field, Py_ssize_t registers,
                                 const double* coefficient, const double* factors,
                                 double* row) noexcept nogil:
    """row += coefficient factors mod p; coefficient and factors are in parts"""
    cdef f64v sum
    cdef Py_ssize_t j
    cdef int part
    for j in range(registers):
        load(&sum, <const double*>row + j * F64_LANES)
        for part in range(parts):
            sum = mul_add(fill(sum, coefficient[part]),
                          load_f64(factors + part * PIVOT_WIDTH + j * F64_LANES), sum)
        store(row + j * F64_LANES, residue(field, sum))


cdef inline void exchange_rows(double* one, double* other, Py_ssize_t n) noexcept nogil:
    cdef double value
    cdef Py_ssize_t j
    for j in range(n):
        value = one[j]
        one[j] = other[j]
        other[j] = value


cdef Py_ssize_t eliminate_columns(const Field* field, Py_ssize_t m, Py_ssize_t rank,
                                  Py_ssize_t first, Py_ssize_t stop, Workspace* work,
                                  Py_ssize_t* pivots, int64_t* determinant) noexcept nogil:
    """Reduce the columns first..stop-1 of the rows from `rank` on; the number of their pivots"""
    cdef Py_ssize_t ld = work.ld, depth = field.parts * PIVOT_BLOCK, k = 0, c, i, at, skip, count
    cdef int64_t pivot
    cdef double* row
    cdef double* line = work.line
    cdef double[2 * PIVOT_WIDTH] factors
    for c in range(first, stop):
        at = rank + k
        i = at
        while i < m and work.matrix[i * ld + c] == 0:
            i += 1
        if i >= m:
            continue
        row = work.matrix + at * ld
        if i > at:
            exchange_rows(row, work.matrix + i * ld, ld)
            exchange_rows(work.coefficients + at * depth, work.coefficients + i * depth, depth)
            work.order[at], work.order[i] = work.order[i], work.order[at]
            determinant[0] = field.p - determinant[0]
        pivot = canonical(field, row[c])
        determinant[0] = determinant[0] * pivot % field.p
        for i in range(at + 1, m):
            line[i - at - 1] = -work.matrix[i * ld + c]
        scale_residues(field, registers_for(m - at - 1), line, inverse_modulo(field, pivot))
        set_coefficients(field, m - at - 1, line,
                         work.coefficients + (at + 1) * depth + field.parts * k, depth)
        # The row is zero left of its pivot; right of the block it waits for the product.
        skip = (c - first) // F64_LANES * F64_LANES
        count = registers_for(stop - first - skip)
        memset(factors, 0, sizeof(factors))
        set_factors(field, count, row + first + skip, factors, 2 * F64_LANES, PIVOT_WIDTH)
        for i in range(stop - first - skip, count * F64_LANES):
            factors[i] = factors[PIVOT_WIDTH + i] = 0
        for i in range(at + 1, m):
            if line[i - at - 1] != 0:
                if field.parts == 1:
                    add_to_residues(1, field, count, work.coefficients + i * depth + k, factors,
                                    work.matrix + i * ld + first + skip)
                else:
                    add_to_residues(2, field, count, work.coefficients + i * depth + 2 * k, factors,
                                    work.matrix + i * ld + first + skip)
        pivots[at] = c
        k += 1
    return k


cdef Py_ssize_t eliminate_modulo(const Field* field, Py_ssize_t m, Py_ssize_t n, Py_ssize_t columns,
                                 Workspace* work, Py_ssize_t* pivots,
                                 int64_t* determinant) noexcept nogil:
    """Bring work.matrix to row echelon form; returns the rank

    A pivot is in the first of the rows left whose entry is not zero. `determinant` is that of the
    pivots' rows and columns.
    """
    cdef Py_ssize_t ld = work.ld, depth = field.parts * PIVOT_BLOCK
    cdef Py_ssize_t rank = 0, gathered = 0, first = 0, stop, k, i
    cdef bint reduce_all
    determinant[0] = 1
    for i in range(m):
        work.order[i] = i
    while first < columns and rank < m:
        if first and interrupted(<double>(m - rank) * (n - first) * PIVOT_BLOCK):
            break
        stop = min(first + PIVOT_BLOCK, columns)
        if gathered:
            for i in range(rank, m):
                residues(field, registers_for(stop - first), work.matrix + i * ld + first)
        k = eliminate_columns(field, m, rank, first, stop, work, pivots, determinant)
        gathered += field.parts * k
        reduce_all = gathered + depth > field.most or stop == columns
        if reduce_all:
            gathered = 0
        if stop < n:
            substitute_block(field, k, m - rank - k, registers_for(n - stop),
                             work.coefficients + rank * depth, work.matrix + rank * ld + stop, ld,
                             work.factors, reduce_all)
        rank += k
        first = stop
    return rank


cdef void back_substitute(const Field* field, Py_ssize_t rank, Py_ssize_t n, Workspace* work,
                          const Py_ssize_t* pivots) noexcept nogil:
    """work.free = the columns without a pivot, reduced; its row 0 is row rank - 1"""
    cdef Py_ssize_t ld = work.ld, depth = field.parts * PIVOT_BLOCK
    cdef Py_ssize_t gathered = 0, first = 0, i, j, c, t, k
    cdef double* row
    cdef double* target
    cdef bint reduce_all
    t = 0
    for c in range(n):
        if t < rank and pivots[t] == c:
            t += 1
        else:
            work.others[c - t] = c
    for i in range(rank):
        row = work.matrix + i * ld
        scale_residues(field, registers_for(n - pivots[i]), row + pivots[i],
                       inverse_modulo(field, canonical(field, row[pivots[i]])))
        target = work.free + (rank - 1 - i) * ld
        for j in range(n - rank):
            target[j] = row[work.others[j]]
        for j in range(n - rank, registers_for(n - rank) * F64_LANES):
            target[j] = 0
    while first < rank:
        if first and interrupted(<double>(rank - first) * (n - rank) * PIVOT_BLOCK):
            break
        k = min(<Py_ssize_t>PIVOT_BLOCK, rank - first)
        for i in range(first, rank):
            row = work.matrix + (rank - 1 - i) * ld
            for t in range(k):
                work.line[t] = -row[pivots[rank - 1 - first - t]]
            set_coefficients(field, k, work.line, work.coefficients + i * depth, field.parts)
        gathered += field.parts * k
        reduce_all = gathered + depth > field.most
        if reduce_all:
            gathered = 0
        substitute_block(field, k, rank - first - k, registers_for(n - rank),
                         work.coefficients + first * depth, work.free + first * ld, ld,
                         work.factors, reduce_all)
        first += k


cdef void lay_out_workspace(void* job, Arena* arena) noexcept nogil:
    """The pieces of a reduction"""
    cdef Workspace* work = <Workspace*>job
    cdef double m = work.m, n = work.n, depth = work.depth, ld = work.ld
    work.matrix = doubles(arena, m * ld)
    work.free = doubles(arena, m * ld)
    work.coefficients = doubles(arena, m * depth)
    work.factors = doubles(arena, (ld + F64_LANES) * depth)
    work.line = doubles(arena, 2.0 * registers_for(max(work.m, work.n)) * F64_LANES)
    work.order = indices(arena, m)
    work.others = indices(arena, n)


cdef bint take_workspace(const Field* field, Py_ssize_t m, Py_ssize_t n,
                         Workspace* work) noexcept nogil:
    """Memory for matrices of this shape, to be freed; False where there is none"""
    work.m, work.n, work.depth = m, n, field.parts * PIVOT_BLOCK
    work.ld = registers_for(n) * F64_LANES + F64_LANES
    work.memory = working_memory(lay_out_workspace, work)
    return work.memory != NULL
