# Refinement of a regression in doubled precision (see doubled.pxi), until it stops improving.
#
#   sharpen      the factor S, whose rounding grows with the condition of X. W = X S has nearly
#                orthonormal columns and is computed in doubled precision. With C'C = W'W the
#                factor S C^-1 is right.
#   refine       the coefficients b. Residuals r = y - X b and g = X'r are computed in doubled
#                precision, then b += S S'g.
#   explained_by, correlate   what b explains; S S', with the intercept
#
# A residual brings twice the digits into X'r, so a large one does no harm, and b is a pair. Only
# X and y limit the result.
#
# Bjorck, "Stability analysis of the method of seminormal equations for linear least squares
# problems", Linear Algebra and its Applications 88, 1987, here with its products doubled; Yamamoto,
# Nakatsukasa, Yanagisawa, Fukaya, "Roundoff error analysis of the CholeskyQR2 algorithm",
# Electronic Transactions on Numerical Analysis 44, 2015.

from libc.math cimport fabs, sqrt

cdef enum:
    MOST_STEPS = 20

cdef double SETTLED = 2.0 ** -20        # of ssr: a smaller correction is the last
cdef double PERFECT = 2.0 ** -180       # of y'y: squares below it are rounding of pairs
cdef double BLUNT_INFLATION = 100       # above it, S of the Gram matrix may lack 13 digits


# ---- the factor ----

cdef inline void orthonormal_column(Py_ssize_t j, Py_ssize_t groups, const double* a,
                                    Py_ssize_t ld, const double* S, Py_ssize_t lds, Pair start,
                                    double* w) noexcept nogil:
    """w = start + a[:j + 1] S[:j + 1, j], in doubled precision and rounded"""
    cdef f64v total[GROUP]
    cdef f64v low[GROUP]
    cdef f64v v, factor
    cdef Py_ssize_t g, i, lane
    for g in range(groups):
        for lane in range(GROUP // F64_LANES):
            total[lane] = fill_f64(start.high)
            low[lane] = fill_f64(start.low)
        for i in range(j + 1):
            factor = fill_f64(S[i * lds + j])
            for lane in range(GROUP // F64_LANES):
                load(&v, a + i * ld + g * GROUP + lane * F64_LANES)
                sum_product(&total[lane], &low[lane], v, factor)
        for lane in range(GROUP // F64_LANES):
            store_f64(w + g * GROUP + lane * F64_LANES, total[lane] + low[lane])


cdef void orthonormal_gram(Fit* f, double* G, double* sums) noexcept nogil:
    """G = W'W, its upper triangle, and the sums of the columns of W; all weighted

    W is X S of the centred X.
    """
    cdef Py_ssize_t p = f.design.p, ld = f.design.ld, lds = f.design.columns, first = 0, i, j
    cdef Pair* starts = f.spare     # -S' mean
    cdef double* W = f.other        # at a block of rows
    cdef double total
    for j in range(p):
        starts[j] = as_pair(0)
        for i in range(j + 1):
            pair_gather(&starts[j], -f.mean[i], f.S[i * lds + j])
        starts[j] = pair_settled(starts[j])
        sums[j] = 0
    memset(G, 0, p * p * sizeof(double))
    while first < f.design.n:
        first = pack_block(&f.design, first, &f.block)
        for j in range(p):
            orthonormal_column(j, f.block.groups, f.block.columns, ld, f.S, lds, starts[j],
                               W + j * ld)
        clear_tail(&f.block, W, p, ld)
        if f.design.weights != NULL:
            for i in range(f.block.groups * GROUP):
                f.roots[i] = sqrt(f.block.weights[i])
            for j in range(p):
                scale_column(W + j * ld, f.block.groups, f.roots)
                if f.centred:
                    dot_tile(1, 1, f.block.groups, W + j * ld, f.roots, 0, &total, 1)
                    sums[j] += total
        elif f.centred:
            for j in range(p):
                sums[j] += column_sum(f.block.groups, W + j * ld)
        block_gram(p, 0, f.block.groups, W, ld, f.part)
        for i in range(p):
            for j in range(i, p):
                G[i * p + j] += f.part[i * p + j]


cdef bint invert_gram_factor(Py_ssize_t p, double* G, const double* sums, double weight,
                             double* C_inverse, Py_ssize_t ldc) noexcept nogil:
    """C_inverse = C^-1 for C'C = G - sums sums' / weight; False where G has lost a column

    C takes the place of the upper triangle of G.
    """
    cdef Py_ssize_t i, j, k
    cdef double total
    for j in range(p):
        if p > MANY_COLUMNS and interrupted(<double>(p - j) * (2 * j + 1)):
            return False
        for k in range(j, p):
            total = G[j * p + k] - sums[j] * sums[k] / weight
            for i in range(j):
                total -= G[i * p + j] * G[i * p + k]
            if k > j:
                G[j * p + k] = total / G[j * p + j]
            elif total > 0:
                G[j * p + j] = sqrt(total)
            else:
                return False
        next_of_inverse(j, G[j * p + j], G + j, p, C_inverse, ldc)
    return True


cdef void multiply_factor(Fit* f, const double* C_inverse) noexcept nogil:
    """S + S_low = S C_inverse, which may lie in S_low"""
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, i, j, k
    cdef Pair* row = f.spare
    for i in range(p):
        for j in range(i, p):
            row[j] = as_pair(0)
            for k in range(i, j + 1):
                pair_gather(&row[j], f.S[i * lds + k], C_inverse[k * lds + j])
            row[j] = pair_settled(row[j])
        for j in range(i, p):       # the rows below need no row of C_inverse up to this one
            f.S[i * lds + j] = row[j].high
            f.S_low[i * lds + j] = row[j].low


cdef void sharpen(Fit* f) noexcept nogil:
    """S + S_low = S C^-1 for C'C = W'W; shift = S' (means - their rounded values)"""
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, i, j
    cdef double* G = f.gram         # that of X is not needed any more
    cdef double* sums = f.z
    cdef double* C_inverse = f.S_low
    orthonormal_gram(f, G, sums)
    if not invert_gram_factor(p, G, sums, f.total, C_inverse, lds):
        return                      # a column of S is all rounding: nothing can be gained
    for j in range(p):
        f.shift[j] = 0
        for i in range(j + 1):
            f.shift[j] += C_inverse[i * lds + j] * sums[i] / f.total
    multiply_factor(f, C_inverse)
    f.sharp = True


# ---- residuals ----

cdef inline void residuals(Py_ssize_t p, Py_ssize_t groups, const double* a, Py_ssize_t ld,
                           const double* y, const Pair* b, Pair intercept, double* r,
                           double* r_low) noexcept nogil:
    """r + r_low = y - intercept - a b, all in doubled precision"""
    cdef f64v total[GROUP]
    cdef f64v low[GROUP]
    cdef f64v v, factor, factor_low
    cdef Py_ssize_t g, j, lane
    for g in range(groups):
        factor = fill_f64(-intercept.high)
        factor_low = fill_f64(-intercept.low)
        for lane in range(GROUP // F64_LANES):
            load(&v, y + g * GROUP + lane * F64_LANES)
            total[lane] = two_sum(v, factor, &low[lane])
            low[lane] = low[lane] + factor_low
        for j in range(p):
            factor = fill_f64(-b[j].high)
            factor_low = fill_f64(-b[j].low)
            for lane in range(GROUP // F64_LANES):
                load(&v, a + j * ld + g * GROUP + lane * F64_LANES)
                sum_product(&total[lane], &low[lane], v, factor)
                low[lane] = mul_add(v, factor_low, low[lane])
        for lane in range(GROUP // F64_LANES):
            total[lane] = two_sum(total[lane], low[lane], &low[lane])
            store_f64(r + g * GROUP + lane * F64_LANES, total[lane])
            store_f64(r_low + g * GROUP + lane * F64_LANES, low[lane])


cdef inline void weigh_residuals(Py_ssize_t groups, const double* weights, const double* r,
                                 const double* r_low, double* u, double* u_low) noexcept nogil:
    """u + u_low = weights (r + r_low)"""
    cdef f64v weight, high, low
    cdef Py_ssize_t i
    for i in range(groups * (GROUP // F64_LANES)):
        load(&weight, weights + i * F64_LANES)
        load(&high, r + i * F64_LANES)
        load(&low, r_low + i * F64_LANES)
        high = multiply_single(high, low, weight, &low)
        store_f64(u + i * F64_LANES, high)
        store_f64(u_low + i * F64_LANES, low)


cdef inline void add_dot(Py_ssize_t groups, const double* a, const double* a_low, const double* r,
                         const double* r_low, double* parts) noexcept nogil:
    """parts += (a + a_low) (r + r_low); a NULL is ones, a_low NULL is zero"""
    cdef f64v total[GROUP]
    cdef f64v low[GROUP]
    cdef f64v v, high, tail, lost
    cdef Py_ssize_t g, lane, at
    for lane in range(GROUP // F64_LANES):
        load(&total[lane], parts + lane * F64_LANES)
        load(&low[lane], parts + GROUP + lane * F64_LANES)
    for g in range(groups):
        for lane in range(GROUP // F64_LANES):
            at = g * GROUP + lane * F64_LANES
            load(&high, r + at)
            load(&tail, r_low + at)
            if a == NULL:
                total[lane] = two_sum(total[lane], high, &lost)
                low[lane] = low[lane] + (lost + tail)
            else:
                load(&v, a + at)
                sum_product(&total[lane], &low[lane], v, high)
                low[lane] = mul_add(v, tail, low[lane])
                if a_low != NULL:
                    load(&v, a_low + at)
                    low[lane] = mul_add(v, high, low[lane])
    for lane in range(GROUP // F64_LANES):
        store_f64(parts + lane * F64_LANES, total[lane])
        store_f64(parts + GROUP + lane * F64_LANES, low[lane])


cdef inline Pair sum_of_pairs(const double* parts) noexcept nogil:
    """The sum of GROUP partial sums"""
    cdef Pair total = pair_at(parts, parts + GROUP, 0)
    cdef Py_ssize_t i
    for i in range(1, GROUP):
        total = pair_sum(total, pair_at(parts, parts + GROUP, i))
    return total


# ---- coefficients ----

cdef void residual_pass(Fit* f) noexcept nogil:
    """parts[t] = partial sums of X'r, of r, and of r r, weighted, for the targets left to refine"""
    cdef Py_ssize_t p = f.design.p, ld = f.design.ld, lds = f.design.columns, first = 0, j, t
    cdef double* r = f.other
    cdef double* r_low = r + ld
    cdef double* u = r
    cdef double* u_low = r_low
    cdef double* parts
    cdef Pair* b
    if f.design.weights != NULL:
        u = r_low + ld
        u_low = u + ld
    memset(f.parts, 0, f.design.k * (p + 2) * 2 * GROUP * sizeof(double))
    if f.scores.kind != BASIS_ALONE:
        clear_scores(f)
    while first < f.design.n:
        first = pack_block(&f.design, first, &f.block)
        f.scores.placed = False
        for t in range(f.design.k):
            if f.energy[t] < 0:
                continue
            b = f.b + t * (lds + 1)
            parts = f.parts + t * (p + 2) * 2 * GROUP
            residuals(p, f.block.groups, f.block.columns, ld, f.block.columns + (p + t) * ld, b,
                      b[lds], r, r_low)
            clear_tail(&f.block, r, 2, ld)
            if f.scores.kind != BASIS_ALONE:
                score_block(f, t, r)
            if f.design.weights != NULL:
                weigh_residuals(f.block.groups, f.block.weights, r, r_low, u, u_low)
            for j in range(p):
                add_dot(f.block.groups, f.block.columns + j * ld, NULL, u, u_low,
                        parts + j * 2 * GROUP)
                if t == 0:
                    fetch_ahead(&f.design, first, j, p)
            if f.centred:
                add_dot(f.block.groups, NULL, NULL, u, u_low, parts + p * 2 * GROUP)
            add_dot(f.block.groups, r, r_low, u, u_low, parts + (p + 1) * 2 * GROUP)


cdef double project_residual(Fit* f, const double* parts, Pair sum_r, double* w) noexcept nogil:
    """w = S'g for g = X'r of the centred columns; by how much b += S w lowers ssr: w'w, and what
    the intercept takes"""
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, i, j
    cdef Pair* g = f.spare
    cdef Pair total
    cdef double energy = sum_r.high * sum_r.high / f.total
    for j in range(p):
        g[j] = sum_of_pairs(parts + j * 2 * GROUP)
        pair_gather(&g[j], -f.mean[j], sum_r.high)
        g[j].low -= f.mean[j] * sum_r.low
        g[j] = pair_settled(g[j])
        total = as_pair(0)
        for i in range(j + 1):
            pair_gather(&total, f.S[i * lds + j], g[i].high)
            total.low += f.S[i * lds + j] * g[i].low
            if f.sharp:
                total.low += f.S_low[i * lds + j] * g[i].high
        if f.sharp:
            total.low -= f.shift[j] * sum_r.high
        w[j] = total.high + total.low
        energy += w[j] * w[j]
    return energy


cdef bint add_step(Fit* f, Py_ssize_t t, const double* w, double sum_r,
                   double reach) noexcept nogil:
    """b += S w, and the intercept with it; whether errors of size `reach` times a row of S are
    below the rounding of b"""
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, i, j
    cdef Pair* b = f.b + t * (lds + 1)
    cdef Pair step, change = as_pair(sum_r / f.total)       # of the intercept
    cdef bint settled = True
    for j in range(p):
        step = as_pair(0)
        for i in range(j, p):
            pair_gather(&step, f.S[j * lds + i], w[i])
            if f.sharp:
                step.low += f.S_low[j * lds + i] * w[i]
        # As a pair: columns that nearly cancel do not where each has its own rounding.
        step = pair_settled(step)
        pair_gather(&change, -f.mean[j], step.high)
        change.low -= f.mean[j] * step.low
        b[j] = pair_sum(b[j], step)
        settled &= reach * f.rows[j] <= EPSILON / 4 * fabs(b[j].high)
        if f.sharp:
            change.low -= f.shift[j] * w[j]
    if f.centred:
        b[lds] = pair_sum(b[lds], pair_settled(change))
        settled &= reach * f.rows[lds] <= EPSILON / 4 * fabs(b[lds].high)
    return settled


cdef bint correct(Fit* f, Py_ssize_t t, bint first) noexcept nogil:
    """Correct b by the residuals of the last pass; whether nothing is left to gain"""
    cdef Py_ssize_t p = f.design.p
    cdef const double* parts = f.parts + t * (p + 2) * 2 * GROUP
    cdef double* w = f.z
    cdef double ssr = sum_of_pairs(parts + (p + 1) * 2 * GROUP).high, energy
    cdef Pair sum_r = sum_of_pairs(parts + p * 2 * GROUP)       # 0 without intercept
    cdef bint settled
    energy = project_residual(f, parts, sum_r, w)
    f.drift[t] = energy / ssr if ssr > 0 else 0
    f.ssr[t] = ssr
    if not (first or energy < f.energy[t] / 4):
        return True             # it does not improve any more
    f.energy[t] = energy
    f.ssr[t] = ssr - energy if energy < ssr else 0
    settled = add_step(f, t, w, sum_r.high, f.rate * sqrt(energy))
    if energy <= PERFECT * (f.tss[t] + f.total * f.mean[p + t] * f.mean[p + t]):
        return True
    return settled and energy <= SETTLED * ssr


cdef void start_refinement(Fit* f) noexcept nogil:
    """rows = the norms of the rows of S and of the intercept; rate = how much of an error a
    correction leaves

    float64 lost as much in S, and in the means.
    """
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, i, j
    cdef double total, intercept = 1 / f.total
    f.rate = 64 * (p + 1) * EPSILON * (1 if f.sharp else f.inflation)
    for j in range(p):
        total = 0
        for i in range(j, p):
            total += f.S[j * lds + i] * f.S[j * lds + i]
        f.rows[j] = sqrt(total)
        if not f.sharp:
            f.rate += 4 * EPSILON * fabs(f.mean[j]) * f.rows[j] * sqrt(f.total)
        total = 0
        for i in range(j + 1):
            total += f.S[i * lds + j] * f.mean[i]
        intercept += total * total
    f.rows[lds] = sqrt(intercept)


cdef void refine(Fit* f) noexcept nogil:
    """b and ssr of all targets"""
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, left = f.design.k, i, t
    start_refinement(f)
    for t in range(f.design.k):
        f.energy[t] = 0
        if f.flat[t]:       # the answer is known
            for i in range(lds):
                f.b[t * (lds + 1) + i] = as_pair(0)
            f.b[t * (lds + 1) + lds] = as_pair(f.mean[p + t])
            f.ssr[t] = 0
            f.energy[t] = -1
            f.drift[t] = 0
            left -= 1
    if f.scores.kind != BASIS_ALONE:
        prepare_scores(f)
    f.steps = 0
    while left and f.steps < MOST_STEPS:
        residual_pass(f)
        for t in range(f.design.k):
            if f.energy[t] >= 0 and correct(f, t, f.steps == 0):
                f.energy[t] = -1
                left -= 1
        f.steps += 1
    if f.scores.kind != BASIS_ALONE:
        finish_scores(f)


cdef double explained_by(Fit* f, Py_ssize_t t) noexcept nogil:
    """The sum of squares of the centred X b, which is z'z for S z = b

    In doubled precision: columns that nearly cancel make a large b of a small z.
    """
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, i, j
    cdef const Pair* b = f.b + t * (lds + 1)
    cdef const double* row
    cdef Pair* z = f.spare
    cdef Pair rest, pivot
    cdef double total = 0
    for j in range(p - 1, -1, -1):
        row = f.S + j * lds
        rest, pivot = b[j], as_pair(row[j])
        for i in range(j + 1, p):
            pair_gather(&rest, -row[i], z[i].high)
            rest.low -= row[i] * z[i].low
            if f.sharp:
                rest.low -= f.S_low[j * lds + i] * z[i].high
        if f.sharp:
            pivot.low = f.S_low[j * lds + j]
        z[j] = pair_quotient(pair_settled(rest), pivot)
        total += z[j].high * z[j].high
    return total


# ---- errors ----

cdef inline double dot_of_rows(const Fit* f, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """(S S')[i, j] for i <= j"""
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, k
    cdef const double* a = f.S + i * lds
    cdef const double* b = f.S + j * lds
    cdef Pair total = as_pair(0)
    for k in range(j, p):
        pair_gather(&total, a[k], b[k])
        if f.sharp:
            total.low += a[k] * f.S_low[j * lds + k] + f.S_low[i * lds + k] * b[k]
    return total.high + total.low


cdef void correlate(Fit* f, double* V, Py_ssize_t ldv) noexcept nogil:
    """rows = the roots of the diagonal of (X'X)^-1; V = (X'X)^-1 over these. An intercept is first.

    With the means m of the columns and v = S'm the blocks of (X'X)^-1 are 1/n + v'v, -S v and
    S S'. m is rounded, and v has a correction of its own for that.
    """
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, offset = f.centred, i, j, at, to
    cdef double* v = f.z
    cdef double total
    cdef Pair sum
    for j in range(p):
        sum = as_pair(0)
        for i in range(j + 1):
            pair_gather(&sum, f.S[i * lds + j], f.mean[i])
            if f.sharp:
                sum.low += f.S_low[i * lds + j] * f.mean[i]
        v[j] = sum.high + sum.low + (f.shift[j] if f.sharp else 0)
    for i in range(p):
        f.rows[i] = sqrt(dot_of_rows(f, i, i))
    if f.centred:
        total = 1 / f.total
        for j in range(p):
            total += v[j] * v[j]
        f.rows[lds] = sqrt(total)
        V[0] = 1
    for i in range(p):
        at = f.design.kept[i] + offset
        if f.centred:
            sum = as_pair(0)
            for j in range(i, p):
                pair_gather(&sum, f.S[i * lds + j], -v[j])
            V[at] = V[at * ldv] = (sum.high + sum.low) / (f.rows[i] * f.rows[lds])
        V[at * ldv + at] = 1
        for j in range(i + 1, p):
            to = f.design.kept[j] + offset
            V[at * ldv + to] = V[to * ldv + at] = (
                dot_of_rows(f, i, j) / (f.rows[i] * f.rows[j]))
