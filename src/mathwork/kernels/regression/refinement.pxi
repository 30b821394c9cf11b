# Refinement of a regression in doubled precision (see doubled.pxi), until it stops improving.
#
#   sharpen      S, which has lost as many digits as X has condition: W = X S, its columns nearly
#                orthonormal, is computed in doubled precision; C'C = W'W, and S C^-1 is right
#   refine       b: residuals r = y - X b and g = X'r in doubled precision, b += S S'g
#   explained_by, correlate   what b explains; S S', with the intercept
#
# The residual carries twice the digits into X'r, so a large one does no harm, and b is kept as a
# pair; the limit is then what X and y themselves say.
#
# Bjorck, "Stability analysis of the method of seminormal equations for linear least squares
# problems", Linear Algebra and its Applications 88, 1987, here with its products doubled; Yamamoto,
# Nakatsukasa, Yanagisawa, Fukaya, "Roundoff error analysis of the CholeskyQR2 algorithm",
# Electronic Transactions on Numerical Analysis 44, 2015.

from libc.math cimport fabs, sqrt

cdef enum:
    MOST_STEPS = 20

cdef double SETTLED = 2.0 ** -20        # of ssr: what a last correction may take off
cdef double PERFECT = 2.0 ** -180       # of y'y: squares of what doubled precision does not know
cdef double BLUNT_INFLATION = 100       # above, S of the Gram matrix may have less than 13 digits


# ---- the factor ----

cdef inline void orthonormal_column(Py_ssize_t j, Py_ssize_t groups, const double* a,
                                    Py_ssize_t ld, const double* S, Py_ssize_t lds, double start,
                                    double start_low, double* w) noexcept nogil:
    """w = start + a[:j + 1] S[:j + 1, j], in doubled precision and rounded"""
    cdef f64v total[GROUP]
    cdef f64v low[GROUP]
    cdef f64v v, factor
    cdef Py_ssize_t g, i, lane
    for g in range(groups):
        for lane in range(GROUP // F64_LANES):
            total[lane] = fill_f64(start)
            low[lane] = fill_f64(start_low)
        for i in range(j + 1):
            factor = fill_f64(S[i * lds + j])
            for lane in range(GROUP // F64_LANES):
                load(&v, a + i * ld + g * GROUP + lane * F64_LANES)
                sum_product(&total[lane], &low[lane], v, factor)
        for lane in range(GROUP // F64_LANES):
            store_f64(w + g * GROUP + lane * F64_LANES, total[lane] + low[lane])


cdef void sharpen(Fit* f) noexcept nogil:
    """S + S_low = S C^-1; shift = S' (means - their rounded values)"""
    cdef Py_ssize_t p = f.design.p, ld = f.design.ld, lds = f.design.columns, first = 0, i, j, k
    cdef double* G = f.gram         # of W: nobody needs that of X any more
    cdef double* C_inverse = f.S_low
    cdef double* sums = f.z
    cdef double* starts = f.rows
    cdef double* starts_low = f.energy
    cdef double* column
    cdef double total
    cdef f64 high, low
    for j in range(p):
        high = low = 0
        for i in range(j + 1):
            sum_product(&high, &low, <f64>-f.mean[i], <f64>f.S[i * lds + j])
        starts[j] = fast_two_sum(high, low, &low)
        starts_low[j] = low
        sums[j] = 0
    memset(G, 0, p * p * sizeof(double))
    while first < f.design.n:
        first = pack_block(&f.design, first, &f.block)
        for j in range(p):
            column = f.other + j * ld
            orthonormal_column(j, f.block.groups, f.block.columns, ld, f.S, lds, starts[j],
                               starts_low[j], column)
        clear_tail(&f.block, f.other, p, ld)
        if f.design.weights != NULL:
            for i in range(f.block.groups * GROUP):
                f.roots[i] = sqrt(f.block.weights[i])
            for j in range(p):
                column = f.other + j * ld
                scale_column(column, f.block.groups, f.roots)
                if f.centred:
                    dot_tile(1, 1, f.block.groups, column, f.roots, 0, &total, 1)
                    sums[j] += total
        elif f.centred:
            for j in range(p):
                sums[j] += column_sum(f.block.groups, f.other + j * ld)
        block_gram(p, 0, f.block.groups, f.other, ld, f.part)
        for i in range(p):
            for j in range(i, p):
                G[i * p + j] += f.part[i * p + j]
    # C over the upper triangle of G, less what is left of the means.
    for j in range(p):
        for k in range(j, p):
            total = G[j * p + k] - sums[j] * sums[k] / f.total
            for i in range(j):
                total -= G[i * p + j] * G[i * p + k]
            if k > j:
                G[j * p + k] = total / G[j * p + j]
            elif total > 0:
                G[j * p + j] = sqrt(total)
            else:
                return          # S does not know its column: nothing to be gained
        next_of_inverse(j, G[j * p + j], G + j, p, C_inverse, lds)
    for j in range(p):
        f.shift[j] = 0
        for i in range(j + 1):
            f.shift[j] += C_inverse[i * lds + j] * sums[i] / f.total
    for i in range(p):
        for j in range(i, p):
            high = low = 0
            for k in range(i, j + 1):
                sum_product(&high, &low, <f64>f.S[i * lds + k], <f64>C_inverse[k * lds + j])
            G[j] = fast_two_sum(high, low, &low)
            sums[j] = low
        for j in range(i, p):       # row i of C^-1, in whose place S_low lies, is done with
            f.S[i * lds + j] = G[j]
            f.S_low[i * lds + j] = sums[j]
    f.sharp = True


# ---- residuals ----

cdef inline void residuals(Py_ssize_t p, Py_ssize_t groups, const double* a, Py_ssize_t ld,
                           const double* y, const double* b, const double* b_low,
                           double intercept, double intercept_low, double* r,
                           double* r_low) noexcept nogil:
    """r + r_low = y - intercept - a b, all in doubled precision"""
    cdef f64v total[GROUP]
    cdef f64v low[GROUP]
    cdef f64v v, factor, factor_low
    cdef Py_ssize_t g, j, lane
    for g in range(groups):
        factor = fill_f64(-intercept)
        factor_low = fill_f64(-intercept_low)
        for lane in range(GROUP // F64_LANES):
            load(&v, y + g * GROUP + lane * F64_LANES)
            total[lane] = two_sum(v, factor, &low[lane])
            low[lane] = low[lane] + factor_low
        for j in range(p):
            factor = fill_f64(-b[j])
            factor_low = fill_f64(-b_low[j])
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
    """parts += (a + a_low) (r + r_low); a NULL: ones, a_low NULL: zero"""
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


cdef inline double sum_of_pairs(const double* parts, double* low) noexcept nogil:
    """The sum of GROUP partial sums"""
    cdef f64 high = parts[0], tail = parts[GROUP]
    cdef Py_ssize_t i
    for i in range(1, GROUP):
        high = add_pairs(high, tail, <f64>parts[i], <f64>parts[GROUP + i], &tail)
    low[0] = tail
    return high


# ---- coefficients ----

cdef void residual_pass(Fit* f) noexcept nogil:
    """parts[t] = partial sums of X'r, of r, and of r r, weighted, for the targets left to refine"""
    cdef Py_ssize_t p = f.design.p, ld = f.design.ld, lds = f.design.columns, first = 0, j, t
    cdef double* r = f.other
    cdef double* r_low = r + ld
    cdef double* u = r
    cdef double* u_low = r_low
    cdef double* parts
    if f.design.weights != NULL:
        u = r_low + ld
        u_low = u + ld
    memset(f.parts, 0, f.design.k * (p + 2) * 2 * GROUP * sizeof(double))
    while first < f.design.n:
        first = pack_block(&f.design, first, &f.block)
        for t in range(f.design.k):
            if f.energy[t] < 0:
                continue
            parts = f.parts + t * (p + 2) * 2 * GROUP
            residuals(p, f.block.groups, f.block.columns, ld, f.block.columns + (p + t) * ld,
                      f.b + t * (lds + 1), f.b_low + t * (lds + 1), f.b[t * (lds + 1) + lds],
                      f.b_low[t * (lds + 1) + lds], r, r_low)
            clear_tail(&f.block, r, 2, ld)
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


cdef bint correct(Fit* f, Py_ssize_t t, bint first) noexcept nogil:
    """Correct b by the residuals of the last pass; whether nothing is left to gain

    With h = X'r of the centred columns and w = S'h, b += S w lowers ssr by w'w.
    """
    cdef bint settled
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, i, j
    cdef double* parts = f.parts + t * (p + 2) * 2 * GROUP
    cdef double* b = f.b + t * (lds + 1)
    cdef double* b_low = f.b_low + t * (lds + 1)
    cdef double* g = f.z
    cdef double* g_low = f.z + lds
    cdef double* w = f.z + 2 * lds
    cdef double ssr, sum_r, sum_low, energy, reach, tail
    cdef f64 high, low, step, step_low
    ssr = sum_of_pairs(parts + (p + 1) * 2 * GROUP, &tail)
    sum_r = sum_of_pairs(parts + p * 2 * GROUP, &sum_low)       # 0 without intercept
    energy = sum_r * sum_r / f.total
    for j in range(p):
        high = sum_of_pairs(parts + j * 2 * GROUP, &g_low[j])
        low = g_low[j]
        sum_product(&high, &low, <f64>-f.mean[j], <f64>sum_r)
        low -= f.mean[j] * sum_low
        g[j] = fast_two_sum(high, low, &low)
        g_low[j] = low
        high = low = 0
        for i in range(j + 1):
            sum_product(&high, &low, <f64>f.S[i * lds + j], <f64>g[i])
            low += f.S[i * lds + j] * g_low[i]
            if f.sharp:
                low += f.S_low[i * lds + j] * g[i]
        if f.sharp:
            low -= f.shift[j] * sum_r
        w[j] = high + low
        energy += w[j] * w[j]
    f.ssr[t] = ssr
    if not (first or energy < f.energy[t] / 4):
        return True             # it does not improve any more
    f.energy[t] = energy
    f.ssr[t] = ssr - energy if energy < ssr else 0
    reach = f.rate * sqrt(energy)       # times a row of S: what the corrected b may still lack
    settled = energy <= SETTLED * ssr
    step = sum_r / f.total
    step_low = 0
    for j in range(p):
        high = low = 0
        for i in range(j, p):
            sum_product(&high, &low, <f64>f.S[j * lds + i], <f64>w[i])
            if f.sharp:
                low += f.S_low[j * lds + i] * w[i]
        # As a pair: columns that nearly cancel do not where each has its own rounding.
        high = fast_two_sum(high, low, &low)
        sum_product(&step, &step_low, <f64>-f.mean[j], high)
        step_low -= f.mean[j] * low
        b[j] = add_pairs(<f64>b[j], <f64>b_low[j], high, low, &low)
        b_low[j] = low
        settled &= reach * f.rows[j] <= EPSILON / 4 * fabs(b[j])
        if f.sharp:
            step_low -= f.shift[j] * w[j]
    if f.centred:
        step = fast_two_sum(step, step_low, &step_low)
        b[lds] = add_pairs(<f64>b[lds], <f64>b_low[lds], step, step_low, &low)
        b_low[lds] = low
        settled &= reach * f.rows[lds] <= EPSILON / 4 * fabs(b[lds])
    return settled or energy <= PERFECT * (f.tss[t] + f.total * f.mean[p + t] * f.mean[p + t])


cdef void refine(Fit* f) noexcept nogil:
    """b and ssr of all targets"""
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, left = f.design.k, i, j, t
    cdef double total, intercept = 1 / f.total
    # How much of an error a correction leaves: what float64 lost in S, and in the means.
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
    for t in range(f.design.k):
        f.energy[t] = 0
        if f.flat[t]:       # the answer is known
            memset(f.b + t * (lds + 1), 0, lds * sizeof(double))
            f.b[t * (lds + 1) + lds] = f.mean[p + t]
            f.b_low[t * (lds + 1) + lds] = f.ssr[t] = 0
            f.energy[t] = -1
            left -= 1
    f.steps = 0
    while left and f.steps < MOST_STEPS:
        residual_pass(f)
        for t in range(f.design.k):
            if f.energy[t] >= 0 and correct(f, t, f.steps == 0):
                f.energy[t] = -1
                left -= 1
        f.steps += 1


cdef double explained_by(Fit* f, Py_ssize_t t) noexcept nogil:
    """The sum of squares of the centred X b: z'z where S z = b, in doubled precision, since columns
    that nearly cancel make large b of a small z
    """
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, i, j = p
    cdef const double* b = f.b + t * (lds + 1)
    cdef const double* b_low = f.b_low + t * (lds + 1)
    cdef const double* row
    cdef double* z = f.z
    cdef double* z_low = f.z + lds
    cdef double total = 0
    cdef f64 high, low, pivot_low
    while j > 0:
        j -= 1
        row = f.S + j * lds
        high, low, pivot_low = b[j], b_low[j], 0
        for i in range(j + 1, p):
            sum_product(&high, &low, <f64>-row[i], <f64>z[i])
            low -= row[i] * z_low[i]
            if f.sharp:
                low -= f.S_low[j * lds + i] * z[i]
        if f.sharp:
            pivot_low = f.S_low[j * lds + j]
        high = fast_two_sum(high, low, &low)
        z[j] = divide_pairs(high, low, <f64>row[j], pivot_low, &low)
        z_low[j] = low
        total += z[j] * z[j]
    return total


# ---- what is said of it ----

cdef inline double dot_of_rows(const Fit* f, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """(S S')[i, j] for i <= j"""
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, k
    cdef const double* a = f.S + i * lds
    cdef const double* b = f.S + j * lds
    cdef f64 high = 0, low = 0
    for k in range(j, p):
        sum_product(&high, &low, <f64>a[k], <f64>b[k])
        if f.sharp:
            low += a[k] * f.S_low[j * lds + k] + f.S_low[i * lds + k] * b[k]
    return high + low


cdef void correlate(Fit* f, double* V, Py_ssize_t ldv) noexcept nogil:
    """rows = the roots of the diagonal of (X'X)^-1, and V = (X'X)^-1 over these, the intercept its
    first if there is one

    With the means m of the columns, M = S S' and v = S'm: 1/n + v'v, -S v, and M. Not v but m is
    rounded, which is why v has its own correction.
    """
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, offset = f.centred, i, j, at, to
    cdef double* v = f.z
    cdef double total
    cdef f64 high, low
    for j in range(p):
        high = low = 0
        for i in range(j + 1):
            sum_product(&high, &low, <f64>f.S[i * lds + j], <f64>f.mean[i])
            if f.sharp:
                low += f.S_low[i * lds + j] * f.mean[i]
        v[j] = high + low + (f.shift[j] if f.sharp else 0)
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
            high = low = 0
            for j in range(i, p):
                sum_product(&high, &low, <f64>f.S[i * lds + j], <f64>-v[j])
            V[at] = V[at * ldv] = (high + low) / (f.rows[i] * f.rows[lds])
        V[at * ldv + at] = 1
        for j in range(i + 1, p):
            to = f.design.kept[j] + offset
            V[at * ldv + to] = V[to * ldv + at] = (
                dot_of_rows(f, i, j) / (f.rows[i] * f.rows[j]))
