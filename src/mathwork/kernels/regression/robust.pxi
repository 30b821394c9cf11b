# The rows of a regression in an orthonormal basis, and the scores of robust standard errors.
#
# S S' is the inverse of the normal equations of the centred columns (factors.pxi). So the functions
# z = [1 / sqrt(W), (x - mean) S] of a row x are orthonormal over the rows: sum w z z' = 1. Where y
# is z'c, the parameters are T c, with the first row [1 / sqrt(W), -mean'S] and the rows of S below
# it. A robust covariance of the parameters is T M T'. M is the sum of u u' over the scores
# u = w residual z, which may be divided by what the leverage h = w z'z leaves of the residual. M is
# well scaled whatever X is. So no digits are lost beyond those that the condition of X costs.
#
#   White, "A heteroskedasticity-consistent covariance matrix estimator and a direct test for
#   heteroskedasticity", Econometrica 48(4), 1980; MacKinnon, White, "Some heteroskedasticity-
#   consistent covariance matrix estimators with improved finite sample properties", Journal of
#   Econometrics 29(3), 1985.

from libc.math cimport NAN, ldexp, sqrt

# A residual whose leverage is above 1 - 2^-40 is rounding. So is what could be learned from it.
cdef double LEAST_FREEDOM = 2.0 ** -40

# An error of a mean that z may feel, in units of the spread of the column.
cdef double BLURRED_CENTRE = 2.0 ** -44

# Of ssr: a correction below it changes residuals by 1e-12.
cdef double UNFELT = 2.0 ** -80

cdef inline void lay_out_scores(ScoreRoom* room, double columns, double targets, double ld,
                                Arena* arena) noexcept nogil:
    """The pieces of the scores of a fit that has these columns, with the intercept"""
    room.z = doubles(arena, columns * ld)
    room.u = doubles(arena, columns * ld)
    room.r = doubles(arena, ld)
    room.h = doubles(arena, ld)
    room.part = doubles(arena, gram_numbers(columns, 0))
    room.M = doubles(arena, targets * columns * columns)
    room.starts = pairs(arena, columns)


cdef void centre_rows(Fit* f) noexcept nogil:
    """mean_low = what the rounded means lack, where a column is so far from 0 that z would feel it
    """
    cdef Py_ssize_t p = f.design.p, ld = f.design.ld, first = 0, i, j
    cdef double* total = f.mean_low
    cdef double* ones = f.roots
    cdef bint far = False
    memset(total, 0, p * sizeof(double))
    for j in range(p):
        far |= fabs(f.mean[j]) * f.rows[j] * sqrt(f.total) * EPSILON > BLURRED_CENTRE
    while far and first < f.design.n:
        first = pack_block(&f.design, first, &f.block)
        for i in range(f.block.groups * GROUP):
            ones[i] = 0 if i >= f.block.rows else (
                1 if f.design.weights == NULL else f.block.weights[i])
        for j in range(p):
            shift_column(f.block.columns + j * ld, f.block.groups, f.mean[j])
            scale_column(f.block.columns + j * ld, f.block.groups, ones)
            total[j] += column_sum(f.block.groups, f.block.columns + j * ld)
    for j in range(p):
        total[j] = total[j] / f.total


cdef void place_basis(const Fit* f, Pair* starts) noexcept nogil:
    """starts = -S' mean"""
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, i, j
    for j in range(p):
        starts[j] = as_pair(0)
        for i in range(j + 1):
            pair_gather(&starts[j], -f.mean[i], f.S[i * lds + j])
            starts[j].low -= f.S[i * lds + j] * f.mean_low[i]
        starts[j] = pair_settled(starts[j])


cdef inline void plain_column(Py_ssize_t j, Py_ssize_t groups, const double* a, Py_ssize_t ld,
                              const double* S, Py_ssize_t lds, const double* mean,
                              const double* mean_low, double* z) noexcept nogil:
    """z = (a[:j + 1] - mean) S[:j + 1, j] in float64"""
    cdef f64v total[GROUP]
    cdef f64v v, factor, centre, centre_low
    cdef Py_ssize_t g, i, lane
    for g in range(groups):
        for lane in range(GROUP // F64_LANES):
            total[lane] = fill_f64(0)
        for i in range(j + 1):
            factor = fill_f64(S[i * lds + j])
            centre = fill_f64(mean[i])
            centre_low = fill_f64(mean_low[i])
            for lane in range(GROUP // F64_LANES):
                load(&v, a + i * ld + g * GROUP + lane * F64_LANES)
                total[lane] = mul_add((v - centre) - centre_low, factor, total[lane])
        for lane in range(GROUP // F64_LANES):
            store_f64(z + g * GROUP + lane * F64_LANES, total[lane])


cdef inline void basis_of_block(const Fit* f, ScoreRoom* room) noexcept nogil:
    """z of the rows of the block"""
    cdef double level = 1 / sqrt(f.total)
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, ld = room.ld, i, j
    cdef double* z = room.z
    if f.centred:
        for i in range(f.block.rows):
            z[i] = level
        z += ld
    for j in range(p):
        if f.sharp:
            orthonormal_column(j, f.block.groups, f.block.columns, ld, f.S, lds, room.starts[j],
                               z + j * ld)
        else:
            plain_column(j, f.block.groups, f.block.columns, ld, f.S, lds, f.mean, f.mean_low,
                         z + j * ld)
    clear_tail(&f.block, room.z, room.columns, ld)


cdef inline void weigh_scores(const Fit* f, ScoreRoom* room) noexcept nogil:
    """r = the factors of z in the scores, from residuals r"""
    cdef Py_ssize_t i, j
    cdef double* h = room.h
    if f.design.weights != NULL:
        scale_column(room.r, f.block.groups, f.block.weights)
    if room.kind == WHOLE_SCORES:
        return
    for i in range(f.block.groups * GROUP):
        h[i] = 0
    for j in range(room.columns):
        for i in range(f.block.groups * GROUP):
            h[i] = h[i] + room.z[j * room.ld + i] * room.z[j * room.ld + i]
    for i in range(f.block.rows):
        h[i] = 1 - (h[i] if f.design.weights == NULL else h[i] * f.block.weights[i])
        if not h[i] > LEAST_FREEDOM:
            h[i] = NAN
        room.r[i] = room.r[i] / (sqrt(h[i]) if room.kind == ROOT_SCORES else h[i])


cdef inline void multiply_column(const double* a, double centre, double centre_low,
                                 const double* factors, Py_ssize_t groups,
                                 double* u) noexcept nogil:
    """u = (a - centre - centre_low) factors"""
    cdef Py_ssize_t i
    for i in range(groups * GROUP):
        u[i] = ((a[i] - centre) - centre_low) * factors[i]


cdef void score_block(Fit* f, Py_ssize_t t, const double* r) noexcept nogil:
    """M[t] += sum u u' over the block at hand, from its residuals r of target t"""
    cdef ScoreRoom* room = &f.scores
    cdef Py_ssize_t q = room.columns, ld = room.ld, groups = f.block.groups, i, j
    cdef double* u = room.u
    cdef double* m = room.M + t * q * q
    memcpy(room.r, r, groups * GROUP * sizeof(double))
    if not (room.plain or room.placed):
        basis_of_block(f, room)
        room.placed = True
    weigh_scores(f, room)
    if room.plain:
        if f.centred:
            memcpy(u, room.r, groups * GROUP * sizeof(double))
            u += ld
        for j in range(f.design.p):
            multiply_column(f.block.columns + j * ld, f.mean[j], f.mean_low[j], room.r, groups,
                            u + j * ld)
    else:
        for j in range(q):
            multiply_column(room.z + j * ld, 0, 0, room.r, groups, u + j * ld)
    block_gram(q, 0, groups, room.u, ld, room.part)
    for i in range(q):
        for j in range(i, q):
            m[i * q + j] += room.part[i * q + j]


cdef void prepare_scores(Fit* f) noexcept nogil:
    """Before the first pass over the residuals, once S is known"""
    cdef ScoreRoom* room = &f.scores
    room.columns, room.ld = f.design.p + f.centred, f.design.ld
    memset(room.M, 0, f.design.k * room.columns * room.columns * sizeof(double))
    room.plain = (room.kind == WHOLE_SCORES and not f.sharp
                  and not f.inflation > BLUNT_INFLATION)
    centre_rows(f)
    place_basis(f, room.starts)


cdef void clear_scores(Fit* f) noexcept nogil:
    """Before every pass: M of the targets that it is about"""
    cdef ScoreRoom* room = &f.scores
    cdef Py_ssize_t t, size = room.columns * room.columns
    for t in range(f.design.k):
        if f.energy[t] >= 0:
            memset(room.M + t * size, 0, size * sizeof(double))


cdef void finish_scores(Fit* f) noexcept nogil:
    """M of all targets, whole and of z

    A correction that a residual can feel takes a pass of its own: M came before it.
    """
    cdef ScoreRoom* room = &f.scores
    cdef Py_ssize_t q = room.columns, ld = room.ld, first = 0, t, i, j
    cdef double* m
    cdef const Pair* b
    cdef bint left = False
    for t in range(f.design.k):
        f.energy[t] = -1
        if f.drift[t] > UNFELT:
            f.energy[t] = 0
            left = True
    if left:
        clear_scores(f)
    while left and first < f.design.n:
        first = pack_block(&f.design, first, &f.block)
        room.placed = False
        for t in range(f.design.k):
            if f.energy[t] < 0:
                continue
            b = f.b + t * (f.design.columns + 1)
            residuals(f.design.p, f.block.groups, f.block.columns, ld,
                      f.block.columns + (f.design.p + t) * ld, b, b[f.design.columns], f.other,
                      f.other + ld)
            clear_tail(&f.block, f.other, 1, ld)
            score_block(f, t, f.other)
    for t in range(f.design.k):
        m = room.M + t * q * q
        for i in range(q):
            for j in range(i):
                m[i * q + j] = m[j * q + i]
        if room.plain:
            turn_scores(f, m, room.part)


cdef void turn_scores(const Fit* f, double* M, double* spare) noexcept nogil:
    """M = B' M B for z = B'[1, x - mean]: of z, from that of the centred columns"""
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, offset = f.centred, q = p + offset
    cdef Py_ssize_t side, i, j, k
    cdef double total
    for side in range(2):           # spare = B' M, and M = spare'; twice
        for j in range(q):
            if q > MANY_COLUMNS and interrupted(<double>q * j):
                return
            for k in range(q):
                total = 0
                if j < offset:
                    total = M[k] / sqrt(f.total)
                else:
                    for i in range(j - offset + 1):
                        total += f.S[i * lds + j - offset] * M[(i + offset) * q + k]
                spare[j * q + k] = total
        for j in range(q):
            for k in range(q):
                M[j * q + k] = spare[k * q + j]


# ---- for Python ----

cdef void write_basis(const Fit* f, const Pair* starts, double* T, double* M) noexcept nogil:
    """T and M (NULL: none) in the units of X and y"""
    cdef const Design* d = &f.design
    cdef Py_ssize_t p = d.p, q = p + f.centred, lds = d.columns, i, j, t
    cdef double root = sqrt(d.weight_scale), up, down
    if f.centred:
        T[0] = root / sqrt(f.total)
        for j in range(p):
            T[1 + j] = root * (starts[j].high + starts[j].low)
    for i in range(p):
        up = d.scales[d.kept[i]] if d.scaled else 1
        for j in range(p):
            T[(d.kept[i] + f.centred) * q + f.centred + j] = (
                f.S[i * lds + j] * up * root if j >= i else 0)
        if f.centred:
            T[(d.kept[i] + 1) * q] = 0
    if M != NULL and d.scaled:
        for t in range(d.k):
            down = d.scales[lds + t]
            for i in range(q * q):
                M[t * q * q + i] = M[t * q * q + i] / down / down / d.weight_scale


cdef object centre_of(Fit* f):
    """(means of the columns in use as they are read, what these lack)"""
    cdef double* centre
    cdef cnp.ndarray means = of_parameters(2, f.design.p, False, &centre)
    cdef Py_ssize_t i
    cdef double scale
    centre_rows(f)
    for i in range(f.design.p):
        scale = f.design.scales[f.design.kept[i]] if f.design.scaled else 1
        centre[i], centre[f.design.p + i] = f.mean[i] / scale, f.mean_low[i] / scale
    return means


cdef object basis_of(Fit* f, object means):
    """(kept, means, T, M) of a fit that is done; M (k, rank, rank) is None for BASIS_ALONE

    kept: the columns of X in use. T: (parameters, rank), NaN for a parameter that is left out.
    """
    cdef Py_ssize_t P = f.design.columns + f.centred, q = f.design.p + f.centred, k = f.design.k, i
    cdef double* T
    cdef double* M = NULL
    cdef cnp.ndarray kept, factor, scores = None
    kept = new_vector(f.design.p, cnp.NPY_INTP)
    for i in range(f.design.p):
        (<Py_ssize_t*>cnp.PyArray_DATA(kept))[i] = f.design.kept[i]
    factor = of_parameters(P, q, False, &T)
    fill_nan(T, P * q)
    if f.scores.kind != BASIS_ALONE:
        scores = of_parameters(k * q, q, False, &M)
        memcpy(M, f.scores.M, k * q * q * sizeof(double))
        scores = scores.reshape((k, q, q))
    place_basis(f, f.spare)
    write_basis(f, f.spare, T, M)
    return kept, means, factor, scores
