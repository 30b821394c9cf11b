# Least squares by moments alone: the normal equations, in doubled precision.
#
# They lose twice the digits that the condition of X costs. float64 cannot afford that. 32 digits
# can: those left are all that X determines. The factor S of the inverse, (X'X)^-1 = S S', S upper
# triangular, grows a column at a time.

from libc.math cimport fabs, ldexp, sqrt

cdef double SSR_NOISE = 2.0 ** -100     # of tss: a few roundings of a pair, 2^-104, a parameter

# A fit of k targets by p chosen columns. P = p + centred parameters, the intercept first.
cdef struct NormalFit:
    Py_ssize_t p, k
    const Py_ssize_t* chosen
    bint centred
    double rank_tol
    double* params          # (P, k); NaN for a column that is left out
    double* bse             # (P, k)
    double* correlation     # (P, P) of the parameters
    double* ssr             # (k), and the next two
    double* rsquared
    double* fvalue

# The working memory of a fit. r of the columns are kept: those that do not depend on the ones
# before them.
cdef struct NormalRoom:
    Py_ssize_t p, r
    Py_ssize_t* kept        # (p,): their places in `chosen`
    Pair* S                 # (p, p), its upper triangle
    Pair* along             # (p,), as the next three: scratch
    Pair* z                 # S' X'y
    Pair* b                 # S z
    Pair* means             # S' mean
    Pair* sizes             # (p + 1,): roots of the inverse's diagonal, the intercept last


cdef void lay_out_normal(void* job, Arena* arena) noexcept nogil:
    """The pieces of a fit"""
    cdef NormalRoom* room = <NormalRoom*>job
    cdef double p = room.p
    room.kept = indices(arena, p)
    room.S = pairs(arena, p * p)
    room.along = pairs(arena, p)
    room.z = pairs(arena, p)
    room.b = pairs(arena, p)
    room.means = pairs(arena, p)
    room.sizes = pairs(arena, p + 1)


cdef void fit_units(Py_ssize_t q, MomentSums* moments) noexcept nogil:
    """Put columns into units that their means fit into as well"""
    cdef double exponent
    cdef Py_ssize_t j
    for j in range(q):
        exponent = unit_exponent(moments.mean[j])
        if exponent > moments.exponent[j]:
            rescale_moments(q, j, exponent, moments)


cdef void about_zero(Py_ssize_t q, MomentSums* moments) noexcept nogil:
    """Make them moments about 0 instead of the means"""
    cdef Pair step, entry
    cdef Pair weight = pair_at(&moments.weight, &moments.weight_low, 0)
    cdef Py_ssize_t i, j
    for j in range(q):
        step = pair_product(weight, scaled_mean(moments, j))
        for i in range(j + 1):
            entry = pair_sum(pair_at(moments.gram, moments.gram_low, i * q + j),
                             pair_product(step, scaled_mean(moments, i)))
            moments.gram[i * q + j] = moments.gram[j * q + i] = entry.high
            moments.gram_low[i * q + j] = moments.gram_low[j * q + i] = entry.low


cdef inline Pair scaled_mean(const MomentSums* moments, Py_ssize_t j) noexcept nogil:
    """The mean of column j, in its units"""
    cdef Pair mean
    mean.high = ldexp(moments.mean[j], <int>-moments.exponent[j])
    mean.low = ldexp(moments.mean_low[j], <int>-moments.exponent[j])
    return mean


cdef inline Pair dot(Py_ssize_t n, const Pair* a, Py_ssize_t lda, const Pair* b,
                     Py_ssize_t ldb) noexcept nogil:
    """sum a[i] b[i]"""
    cdef Pair total = as_pair(0)
    cdef Py_ssize_t i
    for i in range(n):
        total = pair_sum(total, pair_product(a[i * lda], b[i * ldb]))
    return total


cdef void factor_inverse(Py_ssize_t q, const MomentSums* moments, const NormalFit* fit,
                         NormalRoom* room) noexcept nogil:
    """S of the columns that do not depend on those before them, and which these are

    With a_j the products of column j with the kept columns, S' a_j is its part along them and
    S S' a_j their coefficients. The rest of the column is compared as choose_columns() does it.
    """
    cdef Py_ssize_t p = fit.p, r = 0, i, j, c
    cdef const Py_ssize_t* chosen = fit.chosen
    cdef Py_ssize_t* kept = room.kept
    cdef Pair* S = room.S
    cdef Pair* along = room.along
    cdef Pair* products = room.z
    cdef Pair rest, root
    cdef double reach
    memset(S, 0, p * p * sizeof(Pair))
    for j in range(p):
        if interrupted(20.0 * r * r):
            break
        c = chosen[j]
        for i in range(r):
            products[i] = pair_at(moments.gram, moments.gram_low, c * q + chosen[kept[i]])
        for i in range(r):
            along[i] = dot(i + 1, S + i, p, products, 1)
        rest = pair_difference(pair_at(moments.gram, moments.gram_low, c * q + c),
                               dot(r, along, 1, along, 1))
        reach = norm_of(q, moments, c, fit.centred)
        for i in range(r):      # the coefficients take the place of the products
            products[i] = dot(r - i, S + i * p + i, 1, along + i, 1)
            reach += fabs(products[i].high) * norm_of(q, moments, chosen[kept[i]], fit.centred)
        if not (rest.high > 0 and (sqrt(rest.high) > fit.rank_tol * reach or stands_alone(
                sqrt(rest.high), sqrt(moments.gram[c * q + c]), fit.rank_tol))):
            continue
        root = pair_root(rest)
        for i in range(r):
            products[i].high, products[i].low = -products[i].high, -products[i].low
            S[i * p + r] = pair_quotient(products[i], root)
        S[r * p + r] = pair_quotient(as_pair(1), root)
        kept[r] = j
        r += 1
    room.r = r


cdef inline double norm_of(Py_ssize_t q, const MomentSums* moments, Py_ssize_t c,
                           bint centred) noexcept nogil:
    """The norm of column c about 0, in its units"""
    cdef double mean
    if not centred:
        return sqrt(moments.gram[c * q + c])
    mean = scaled_mean(moments, c).high
    return sqrt(moments.gram[c * q + c] + moments.weight * mean * mean)


cdef void correlate_columns(const NormalFit* fit, NormalRoom* room) noexcept nogil:
    """sizes, and the correlation of the coefficients of the kept columns: S S' over its diagonal"""
    cdef Py_ssize_t p = fit.p, P = p + fit.centred, r = room.r, i, j, c, d
    cdef const Pair* S = room.S
    cdef Pair entry
    for j in range(r):
        if interrupted(10.0 * r * r):
            return
        room.sizes[j] = pair_root(dot(r - j, S + j * p + j, 1, S + j * p + j, 1))
        c = room.kept[j] + fit.centred
        fit.correlation[c * P + c] = 1
        for i in range(j):
            entry = dot(r - j, S + i * p + j, 1, S + j * p + j, 1)
            entry = pair_quotient(entry, pair_product(room.sizes[i], room.sizes[j]))
            d = room.kept[i] + fit.centred
            fit.correlation[d * P + c] = fit.correlation[c * P + d] = entry.high


cdef void correlate_intercept(const MomentSums* moments, const NormalFit* fit,
                              NormalRoom* room) noexcept nogil:
    """The size and the correlations of the intercept

    Its row of the inverse is -mean' S S', its diagonal entry 1 / weight + mean' S S' mean.
    """
    cdef Py_ssize_t p = fit.p, P = p + 1, r = room.r, i, j, c
    cdef const Pair* S = room.S
    cdef Pair* means = room.means
    cdef Pair entry = pair_quotient(
        as_pair(1), pair_at(&moments.weight, &moments.weight_low, 0))
    for i in range(r):
        room.b[i] = scaled_mean(moments, fit.chosen[room.kept[i]])
    for i in range(r):
        means[i] = dot(i + 1, S + i, p, room.b, 1)
    room.sizes[p] = pair_root(pair_sum(entry, dot(r, means, 1, means, 1)))
    fit.correlation[0] = 1
    for j in range(r):
        entry = dot(r - j, means + j, 1, S + j * p + j, 1)
        entry = pair_quotient(entry, pair_product(room.sizes[p], room.sizes[j]))
        c = room.kept[j] + 1
        fit.correlation[c] = fit.correlation[c * P] = -entry.high


cdef double judge_target(Py_ssize_t q, const MomentSums* moments, Py_ssize_t t,
                         const NormalFit* fit, NormalRoom* room) noexcept nogil:
    """z, and ssr, rsquared and fvalue of target t; the root of its scale, in its units"""
    cdef Py_ssize_t p = fit.p, r = room.r, P = p + fit.centred, target = q - fit.k + t, i
    cdef Py_ssize_t df_resid = <Py_ssize_t>moments.count - r - fit.centred
    cdef Pair total = pair_at(moments.gram, moments.gram_low, target * (q + 1)), explained, rest
    cdef double sigma
    for i in range(r):
        room.b[i] = pair_at(moments.gram, moments.gram_low,
                            fit.chosen[room.kept[i]] * q + target)
    for i in range(r):
        room.z[i] = dot(i + 1, room.S + i, p, room.b, 1)
    explained = dot(r, room.z, 1, room.z, 1)
    rest = pair_difference(total, explained)
    fit.ssr[t] = rest.high if rest.high > (P + 1) * SSR_NOISE * total.high else 0
    judge_fit(total.high, explained.high, fit.ssr[t], r, df_resid, &fit.rsquared[t],
              &fit.fvalue[t])
    sigma = root_of_scale(fit.ssr[t], df_resid)
    fit.ssr[t] = ldexp(fit.ssr[t],
                       2 * <int>moments.exponent[target] + <int>moments.weight_exponent)
    return sigma


cdef void fit_target(Py_ssize_t q, const MomentSums* moments, Py_ssize_t t, const NormalFit* fit,
                     NormalRoom* room) noexcept nogil:
    """The parameters of target t, their errors, and how good the fit is

    b = S z, and the intercept is mean_y - mean' b.
    """
    cdef Py_ssize_t p = fit.p, k = fit.k, r = room.r, target = q - k + t, i, c
    cdef double sigma = judge_target(q, moments, t, fit, room)
    cdef Pair intercept = scaled_mean(moments, target)
    cdef int unit = <int>moments.exponent[target], power
    for i in range(r):
        room.b[i] = dot(r - i, room.S + i * p + i, 1, room.z + i, 1)
        c = (room.kept[i] + fit.centred) * k + t
        power = unit - <int>moments.exponent[fit.chosen[room.kept[i]]]
        fit.params[c] = ldexp(room.b[i].high, power)
        fit.bse[c] = ldexp(room.sizes[i].high * sigma, power)
    if fit.centred:
        for i in range(r):
            intercept = pair_difference(intercept, pair_product(
                room.b[i], scaled_mean(moments, fit.chosen[room.kept[i]])))
        fit.params[t] = ldexp(intercept.high, unit)
        fit.bse[t] = ldexp(room.sizes[p].high * sigma, unit)


cdef int fit_normal(Py_ssize_t q, MomentSums* moments, const NormalFit* fit) noexcept nogil:
    """The fit of the last k columns by the chosen ones. `moments` are used up.

    How many parameters it has, the others are NaN; -1 where memory ran out.
    """
    cdef Py_ssize_t P = fit.p + fit.centred, t
    cdef NormalRoom room
    cdef void* memory
    room.p = fit.p
    memory = working_memory(lay_out_normal, &room)
    if memory == NULL:
        return -1
    fit_units(q, moments)
    if not fit.centred:
        about_zero(q, moments)
    factor_inverse(q, moments, fit, &room)
    fill_nan(fit.params, P * fit.k)
    fill_nan(fit.bse, P * fit.k)
    fill_nan(fit.correlation, P * P)
    correlate_columns(fit, &room)
    if fit.centred:
        correlate_intercept(moments, fit, &room)
    for t in range(fit.k):
        if interrupted(20.0 * room.r * room.r):
            break
        fit_target(q, moments, t, fit, &room)
    free(memory)
    return <int>(room.r + fit.centred)


def fit_of_moments(cnp.ndarray numbers not None, Py_ssize_t q, cnp.ndarray chosen not None,
                   Py_ssize_t k, bint single, bint intercept, double rank_tol):
    """The fit of the last k columns, or of one that came as a vector, by the moments of moments_of.

    `chosen` are the columns that explain them, plain and intp.
    """
    cdef NormalFit fit
    cdef MomentSums moments
    cdef PyThreadState* state
    cdef cnp.ndarray copy = numbers.copy(), params, bse, correlation, judged
    cdef const Py_ssize_t* columns = <const Py_ssize_t*>cnp.PyArray_DATA(chosen)
    cdef Py_ssize_t p, P, i
    cdef int rank
    check_moments(copy, q)
    if not (0 < k <= (1 if single else q) <= q and is_plain(chosen, 1, cnp.NPY_INTP)):
        raise ValueError("chosen must be plain and intp, and k from 1 to "
                         f"{1 if single else q}, got {chosen.dtype} and {k}")
    p = chosen.shape[0]
    P = p + intercept
    for i in range(p):
        if not 0 <= columns[i] < q - k:
            raise IndexError(f"chosen must be among the {q - k} columns of X, got {columns[i]}")
    params = of_parameters(P, k, single, &fit.params)
    bse = of_parameters(P, k, single, &fit.bse)
    correlation = of_parameters(P, P, False, &fit.correlation)
    judged = of_parameters(3, k, False, &fit.ssr)
    moments = moments_in(q, <double*>cnp.PyArray_DATA(copy))
    fit.p, fit.k, fit.centred, fit.rank_tol = p, k, intercept, rank_tol
    fit.chosen = columns
    fit.rsquared = fit.ssr + k
    fit.fvalue = fit.rsquared + k
    state = release_gil(20.0 * P * P * (P + k))
    rank = fit_normal(q, &moments, &fit)
    take_gil(state)
    if rank < 0:
        raise MemoryError
    return new_fit(params, bse, of_targets(fit.ssr, k, single),
                   of_targets(fit.rsquared, k, single), of_targets(fit.fvalue, k, single),
                   correlation, <Py_ssize_t>moments.count, rank,
                   FIT_DONE if rank == P else FIT_CONSTANT, intercept, None, None, None)
