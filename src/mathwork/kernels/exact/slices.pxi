# Row reduction modulo a prime of many small matrices, one matrix a lane.
#
# The entry (i, j) of L matrices is one register. All lanes go through the same steps, so a matrix
# may have any rank, and a singular one costs nothing. Rows are not moved: `place` says where each
# of them would be. A step eliminates one column of several groups of L matrices, because the powers
# that give the inverses of their pivots are long chains: side by side they take little more time
# than one. Results are those of modular.pxi, which reduces one matrix, of any size.

cdef enum:
    LANE_CELLS = 300        # entries of the largest matrix that goes in a lane
    LONE_CELLS = 16         # and of the largest that goes in one alone
    LANE_GROUPS = 8         # groups of L matrices that go through a step together
    GROUP_BYTES = 40960     # of their entries: most of the nearest cache
    NOWHERE = 1 << 20       # a place that no row has

cdef struct Lanes:
    Field field
    Py_ssize_t m, n         # of a matrix, right-hand sides among its columns
    Py_ssize_t groups
    f64v* entries           # (groups, m, n)
    f64v* place             # (groups, m): the row of the echelon form that this row is
    f64v* column            # (groups, m): the column of this row's pivot, or -1
    f64v* factor            # (groups, m): what to subtract of the pivot's row
    f64v* pivot             # (groups,): of the present column; 1 in a lane without one
    f64v* inverse           # (groups,)
    f64v* rank              # (groups,): so far
    f64v* determinant       # (groups,): of the rows and columns of the pivots so far
    f64v* row               # (2, n): the pivot's row divided by the pivot, in parts
    void* memory


cdef void lay_out_lanes(void* job, Arena* arena) noexcept nogil:
    """The pieces of reduce_in_lanes()"""
    cdef Lanes* work = <Lanes*>job
    cdef double groups = work.groups, m = work.m, n = work.n
    cdef size_t register = F64_LANES * sizeof(double)
    work.entries = <f64v*>take(arena, groups * m * n, register)
    work.place = <f64v*>take(arena, groups * m, register)
    work.column = <f64v*>take(arena, groups * m, register)
    work.factor = <f64v*>take(arena, groups * m, register)
    work.pivot = <f64v*>take(arena, groups, register)
    work.inverse = <f64v*>take(arena, groups, register)
    work.rank = <f64v*>take(arena, groups, register)
    work.determinant = <f64v*>take(arena, groups, register)
    work.row = <f64v*>take(arena, 2 * n, register)


cdef inline Py_ssize_t groups_together(Py_ssize_t cells, Py_ssize_t count) noexcept nogil:
    """How many groups of matrices with so many entries to reduce together, of `count` matrices"""
    cdef Py_ssize_t bytes = max(cells, 1) * F64_LANES * <Py_ssize_t>sizeof(double)
    return min(min(<Py_ssize_t>LANE_GROUPS, registers_for(count)),
               max(<Py_ssize_t>GROUP_BYTES // bytes, <Py_ssize_t>1))


# ---- residues in every lane ----

cdef inline f64v product_of(const Field* field, f64v x, f64v y) noexcept nogil:
    """x y mod p, of residues"""
    cdef f64v high, low
    if field.parts == 1:
        return residue(field, x * y)
    split_residue(x, &high, &low)
    return residue(field, mul_add(high, residue(field, y * fill(y, 65536)), low * y))


cdef void invert_lanes(const Field* field, Py_ssize_t groups, const f64v* x,
                       f64v* inverse) noexcept nogil:
    """inverse = x^(p - 2) mod p = 1 / x for x that are not 0, by Fermat's little theorem"""
    cdef int64_t bit = 1
    cdef Py_ssize_t g
    for g in range(groups):
        inverse[g] = x[g] if field.p > 2 else fill(x[g], 1)
    while 2 * bit <= field.p - 2:
        bit *= 2
    while bit > 1:
        bit //= 2
        for g in range(groups):
            inverse[g] = product_of(field, inverse[g], inverse[g])
        if (field.p - 2) & bit:
            for g in range(groups):
                inverse[g] = product_of(field, inverse[g], x[g])


# ---- one column ----

cdef inline f64v where_equal(f64v a, f64v b, f64v x, f64v y) noexcept nogil:
    """x where a = b, else y; a and b are whole"""
    return pick(fill(a, 0.5), absolute(a - b), x, y)


cdef void choose_pivots(const Lanes* work, Py_ssize_t g, Py_ssize_t c, bint reduced) noexcept nogil:
    """The pivots of column c in group g: their values, and what each row will subtract

    The first of the rows left, in the order of their places, whose entry is not zero.
    """
    cdef Field field = work.field
    cdef Py_ssize_t m = work.m, n = work.n, i
    cdef f64v* entries = work.entries + g * m * n + c
    cdef f64v* place = work.place + g * m
    cdef f64v rank = work.rank[g], zero = fill(rank, 0), one = fill(rank, 1)
    cdef f64v half = fill(rank, 0.5), nowhere = fill(rank, NOWHERE), below = rank - half
    cdef f64v at = nowhere, pivot = one, moved, found, spot, entry, factor
    for i in range(m):
        spot = pick(absolute(entries[i * n]), half, place[i], nowhere)
        spot = pick(below, place[i], nowhere, spot)
        at = pick(at, spot, spot, at)
    found = pick(nowhere, at, one, zero)
    moved = pick(nowhere, at, at, rank)
    for i in range(m):
        entry = entries[i * n]
        spot = place[i]
        pivot = where_equal(spot, at, entry, pivot)
        if reduced:         # a pivot's row subtracts all of itself but 1 / pivot
            factor = entry - where_equal(spot, at, one, zero)
        else:
            factor = where_equal(spot, at, zero, pick(below, spot, zero, entry))
        work.factor[g * m + i] = pick(found, half, factor, zero)
        work.column[g * m + i] = where_equal(spot, at, fill(at, <double>c),
                                             work.column[g * m + i])
        place[i] = where_equal(spot, at, rank, where_equal(spot, rank, moved, spot))
    work.pivot[g] = pivot
    work.rank[g] = rank + found
    pivot = where_equal(moved, rank, pivot, -pivot)
    work.determinant[g] = product_of(&field, work.determinant[g], pivot)


cdef void eliminate_lanes(const Lanes* work, Py_ssize_t g, Py_ssize_t c) noexcept nogil:
    """Subtract the pivot's row, divided by the pivot, `factor` times from every row of group g"""
    cdef Field field = work.field
    cdef Py_ssize_t m = work.m, n = work.n, i, j
    cdef f64v* row = work.row
    cdef f64v* entries = work.entries + g * m * n
    cdef f64v like = work.pivot[g], half = fill(like, 0.5), chosen, factor, shifted
    for j in range(c, n):
        row[j] = fill(like, 0)
    for i in range(m):
        chosen = where_equal(work.column[g * m + i], fill(like, <double>c), fill(like, 1),
                             fill(like, 0))
        for j in range(c, n):
            row[j] = pick(chosen, half, entries[i * n + j], row[j])
    for j in range(c, n):
        row[j] = product_of(&field, row[j], work.inverse[g])
        if field.parts == 2:
            split_residue(row[j], row + n + j, row + j)
    for i in range(m):
        factor = work.factor[g * m + i]
        if field.parts == 1:
            for j in range(c, n):
                entries[i * n + j] = residue(
                    &field, minus_mul(factor, row[j], entries[i * n + j]))
        else:
            shifted = residue(&field, factor * fill(factor, 65536))
            for j in range(c, n):
                entries[i * n + j] = residue(&field, minus_mul(
                    shifted, row[n + j], minus_mul(factor, row[j], entries[i * n + j])))


cdef inline bint all_have(const Lanes* work, Py_ssize_t rank) noexcept nogil:
    """Return whether every lane has this rank"""
    cdef const double* ranks = <const double*>work.rank
    cdef Py_ssize_t k
    for k in range(work.groups * F64_LANES):
        if ranks[k] != rank:
            return False
    return True


# ---- matrices in and out ----

cdef void read_lanes(const Lanes* work, const Stack* stack, Py_ssize_t first,
                     Py_ssize_t count) noexcept nogil:
    """Begin with `count` matrices of the stack; lanes without one hold zeros"""
    cdef Field field = work.field
    cdef Py_ssize_t m = work.m, n = work.n, L = F64_LANES, g, i, j, k, s
    cdef f64v zero = fill_f64(0)
    cdef const int64_t* source
    cdef double* target
    for s in range(work.groups * L):
        target = <double*>(work.entries + s // L * m * n) + s % L
        for i in range(m):
            if s >= count:
                for j in range(n):
                    target[j * L] = 0
                target += n * L
                continue
            source = stack.left + (first + s) * stack.left_step + i * stack.n
            for j in range(stack.n):
                target[j * L] = number_modulo(&field, source[j])
            target += stack.n * L
            source = stack.right + (first + s) * stack.right_step + i * stack.k
            for j in range(stack.k):
                target[j * L] = number_modulo(&field, source[j])
            target += stack.k * L
    for g in range(work.groups):
        work.rank[g] = zero
        work.determinant[g] = fill(zero, 1)
        for i in range(m):
            work.place[g * m + i] = fill(zero, <double>i)
            work.column[g * m + i] = fill(zero, -1)
        for i in range(m * n):
            work.entries[g * m * n + i] = residue(&field, work.entries[g * m * n + i])


cdef void write_lane(const Lanes* work, const Stack* stack, Py_ssize_t s,
                     Py_ssize_t at) noexcept nogil:
    """The results of matrix s of the groups, which is matrix `at` of the stack"""
    cdef Field field = work.field
    cdef Py_ssize_t m = work.m, n = work.n, L = F64_LANES, g = s // L, most = stack.most
    cdef Py_ssize_t rank = <Py_ssize_t>(<const double*>work.rank)[s], i, j, to
    cdef const double* entries = <const double*>(work.entries + g * m * n) + s % L
    cdef const double* place = <const double*>(work.place + g * m) + s % L
    cdef const double* column = <const double*>(work.column + g * m) + s % L
    cdef int64_t* row
    if stack.ranks != NULL:
        stack.ranks[at] = rank
    if stack.determinants != NULL:
        stack.determinants[at] = 0
        if rank == m:
            stack.determinants[at] = canonical(&field, (<const double*>work.determinant)[s])
    for i in range(m):
        to = <Py_ssize_t>place[i * L]
        if stack.order != NULL:
            stack.order[at * m + to] = i
        if stack.pivots != NULL and to < most:
            stack.pivots[at * most + to] = <Py_ssize_t>column[i * L]
        if stack.matrices != NULL:
            row = stack.matrices + (at * m + to) * n
            for j in range(n):
                row[j] = canonical(&field, entries[(i * n + j) * L])


cdef bint fits_in_lanes(const Stack* stack, Py_ssize_t count) noexcept nogil:
    """Return whether one matrix a lane is the faster way for so many matrices"""
    cdef double cells = <double>stack.m * (stack.n + stack.k)
    return cells <= LANE_CELLS and cells <= LONE_CELLS * count


cdef int reduce_in_lanes(const Stack* stack, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """reduce_one_by_one(), one matrix a lane"""
    cdef Lanes work
    cdef Py_ssize_t together, count, s, c, g
    work.field = stack.field
    work.m, work.n = stack.m, stack.n + stack.k
    work.groups = groups_together(work.m * work.n, stop - start)
    work.memory = working_memory(lay_out_lanes, &work)
    if work.memory == NULL:
        return -1
    together = work.groups * F64_LANES
    while start < stop:
        count = min(together, stop - start)
        read_lanes(&work, stack, start, count)
        for c in range(stack.columns):
            if c >= work.m and all_have(&work, work.m):
                break
            for g in range(work.groups):
                choose_pivots(&work, g, c, stack.reduced)
            invert_lanes(&work.field, work.groups, <const f64v*>work.pivot, work.inverse)
            for g in range(work.groups):
                eliminate_lanes(&work, g, c)
        for s in range(count):
            write_lane(&work, stack, s, start + s)
        start += count
        if start < stop and interrupted(<double>count * work.m * work.n * stack.most):
            break
    free(work.memory)
    return 0


cdef int reduce_slices(const Stack* stack, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Reduce the matrices start..stop-1; return -1 if memory ran out, else 0"""
    if stack.rational:
        eliminate_each(stack, start, stop)
        return 0
    if fits_in_lanes(stack, stop - start):
        return reduce_in_lanes(stack, start, stop)
    return reduce_one_by_one(stack, start, stop)
