# Least squares by moments alone: the normal equations, in doubled precision.
#
# They lose twice the digits that the condition of X costs, which is why float64 cannot afford
# them; of 32 digits what is left is still all that X determines. The factor S of the inverse,
# (X'X)^-1 = S S', S upper triangular, grows a column at a time.

from libc.math cimport fabs, ldexp, sqrt

cdef double SSR_NOISE = 2.0 ** -100     # of tss: a few roundings of a pair, 2^-104, a parameter

# P is p + centred parameters, the intercept first, of the p columns that were chosen.
cdef struct NormalFit:
    Py_ssize_t p, k
    bint centred
    double rank_tol
    double* params          # (P, k); what is left out is NaN
    double* bse             # (P, k)
    double* correlation     # (P, P) of the parameters
    double* ssr             # (k), and the next two
    double* rsquared
    double* fvalue


cdef void fit_units(Py_ssize_t q, MomentSums* moments) noexcept nogil:
    """Units that the means fit into as well"""
    cdef double exponent
    cdef Py_ssize_t j
    for j in range(q):
        exponent = unit_exponent(moments.mean[j])
        if exponent > moments.exponent[j]:
            rescale_moments(q, j, exponent, moments)


cdef void about_zero(Py_ssize_t q, MomentSums* moments) noexcept nogil:
    """Moments about 0 instead of the means"""
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
    """In the units of the column"""
    cdef Pair mean
    mean.high = ldexp(moments.mean[j], <int>-moments.exponent[j])
    mean.low = ldexp(moments.mean_low[j], <int>-moments.exponent[j])
    return mean


cdef inline Pair dot(Py_ssize_t n, const Pair* a, Py_ssize_t lda, const Pair* b,
                     Py_ssize_t ldb) noexcept nogil:
    """a[i] b[i]"""
    cdef Pair total = as_pair(0)
    cdef Py_ssize_t i
    for i in range(n):
        total = pair_sum(total, pair_product(a[i * lda], b[i * ldb]))
    return total


cdef Py_ssize_t factor_inverse(Py_ssize_t q, const MomentSums* moments, const Py_ssize_t* chosen,
                               const NormalFit* fit, Pair* S, Pair* room,
                               Py_ssize_t* kept) noexcept nogil:
    """S (p, p) of the columns that do not depend on those before them; how many, named in `kept`
    by their place in `chosen`

    With a_j the products of column j with those kept, S' a_j is its part along them and
    S S' a_j makes it up from them. What is left is compared with the norms of all these columns,
    about 0: the numbers that are stored carry that much rounding.
    """
    cdef Py_ssize_t p = fit.p, r = 0, i, j, c
    cdef Pair* along = room
    cdef Pair* products = room + p
    cdef Pair rest, root
    cdef double reach
    for j in range(p):
        c = chosen[j]
        for i in range(r):
            products[i] = pair_at(moments.gram, moments.gram_low, c * q + chosen[kept[i]])
        for i in range(r):
            along[i] = dot(i + 1, S + i, p, products, 1)
        rest = pair_difference(pair_at(moments.gram, moments.gram_low, c * q + c),
                               dot(r, along, 1, along, 1))
        reach = norm_of(q, moments, c, fit.centred)
        for i in range(r):      # the products are not needed any more: what makes the column up
            products[i] = dot(r - i, S + i * p + i, 1, along + i, 1)
            reach += fabs(products[i].high) * norm_of(q, moments, chosen[kept[i]], fit.centred)
        if not (rest.high > 0 and sqrt(rest.high) > fit.rank_tol * reach):
            continue
        root = pair_root(rest)
        for i in range(r):
            products[i].high, products[i].low = -products[i].high, -products[i].low
            S[i * p + r] = pair_quotient(products[i], root)
        S[r * p + r] = pair_quotient(as_pair(1), root)
        kept[r] = j
        r += 1
    return r


cdef inline double norm_of(Py_ssize_t q, const MomentSums* moments, Py_ssize_t c,
                           bint centred) noexcept nogil:
    """The norm of column c about 0, in its units"""
    cdef double mean
    if not centred:
        return sqrt(moments.gram[c * q + c])
    mean = scaled_mean(moments, c).high
    return sqrt(moments.gram[c * q + c] + moments.weight * mean * mean)


cdef int fit_normal(Py_ssize_t q, MomentSums* moments, const Py_ssize_t* chosen,
                    NormalFit* fit) noexcept nogil:
    """The fit of the last k columns by the chosen ones. How many parameters it has, of which
    the others are NaN; -1 where memory ran out. `moments` are used up.

    The intercept is mean_y - mean' b; its row of the inverse is -mean' S S', its diagonal entry
    1 / weight + mean' S S' mean.
    """
    cdef Py_ssize_t p = fit.p, k = fit.k, P = p + fit.centred, r, i, j, t, c, target, df_resid
    cdef Pair* S = <Pair*>malloc((p * p + 5 * p + 2) * sizeof(Pair) + p * sizeof(Py_ssize_t))
    cdef Pair* z = S + p * p + p
    cdef Pair* b = z + p
    cdef Pair* means = b + p                # in S's basis: S' mean
    cdef Pair* sizes = means + p + 1        # roots of the inverse's diagonal, the intercept last
    cdef Py_ssize_t* kept = <Py_ssize_t*>(sizes + p + 1)
    cdef Pair total, explained, rest
    cdef double sigma
    cdef int unit, power
    if S == NULL:
        return -1
    fit_units(q, moments)
    if not fit.centred:
        about_zero(q, moments)
    memset(S, 0, p * p * sizeof(Pair))
    r = factor_inverse(q, moments, chosen, fit, S, S + p * p, kept)
    fill_nan(fit.params, P * k)
    fill_nan(fit.bse, P * k)
    fill_nan(fit.correlation, P * P)

    for j in range(r):
        sizes[j] = pair_root(dot(r - j, S + j * p + j, 1, S + j * p + j, 1))
        c = kept[j] + fit.centred
        fit.correlation[c * P + c] = 1
        for i in range(j):
            total = dot(r - j, S + i * p + j, 1, S + j * p + j, 1)
            total = pair_quotient(total, pair_product(sizes[i], sizes[j]))
            fit.correlation[(kept[i] + fit.centred) * P + c] = total.high
            fit.correlation[c * P + kept[i] + fit.centred] = total.high
    if fit.centred:
        for i in range(r):
            b[i] = scaled_mean(moments, chosen[kept[i]])
        for i in range(r):
            means[i] = dot(i + 1, S + i, p, b, 1)
        total = pair_quotient(as_pair(1), pair_at(&moments.weight, &moments.weight_low, 0))
        sizes[p] = pair_root(pair_sum(total, dot(r, means, 1, means, 1)))
        fit.correlation[0] = 1
        for j in range(r):
            total = dot(r - j, means + j, 1, S + j * p + j, 1)
            total = pair_quotient(total, pair_product(sizes[p], sizes[j]))
            fit.correlation[kept[j] + 1] = fit.correlation[(kept[j] + 1) * P] = -total.high

    df_resid = <Py_ssize_t>moments.count - r - fit.centred
    for t in range(k):
        target = q - k + t
        for i in range(r):
            b[i] = pair_at(moments.gram, moments.gram_low, chosen[kept[i]] * q + target)
        for i in range(r):
            z[i] = dot(i + 1, S + i, p, b, 1)
        total = pair_at(moments.gram, moments.gram_low, target * (q + 1))
        explained = dot(r, z, 1, z, 1)
        rest = pair_difference(total, explained)
        fit.ssr[t] = rest.high if rest.high > (P + 1) * SSR_NOISE * total.high else 0
        judge_fit(total.high, explained.high, fit.ssr[t], r, df_resid, &fit.rsquared[t],
                  &fit.fvalue[t])
        sigma = root_of_scale(fit.ssr[t], df_resid)
        unit = <int>moments.exponent[target]
        fit.ssr[t] = ldexp(fit.ssr[t], 2 * unit + <int>moments.weight_exponent)
        for i in range(r):
            b[i] = dot(r - i, S + i * p + i, 1, z + i, 1)
            c = (kept[i] + fit.centred) * k + t
            power = unit - <int>moments.exponent[chosen[kept[i]]]
            fit.params[c] = ldexp(b[i].high, power)
            fit.bse[c] = ldexp(sizes[i].high * sigma, power)
        if fit.centred:
            total = scaled_mean(moments, target)
            for i in range(r):
                total = pair_difference(total, pair_product(
                    b[i], scaled_mean(moments, chosen[kept[i]])))
            fit.params[t] = ldexp(total.high, unit)
            fit.bse[t] = ldexp(sizes[p].high * sigma, unit)
    free(S)
    return <int>(r + fit.centred)


def fit_of_moments(cnp.ndarray numbers not None, Py_ssize_t q, cnp.ndarray chosen not None,
                   Py_ssize_t k, bint single, bint intercept, double rank_tol):
    """The fit by what moments_of gave of the last k columns, or of one that came as a vector.

    `chosen` are the columns, plain and intp, that explain them.
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
    fit.rsquared = fit.ssr + k
    fit.fvalue = fit.rsquared + k
    state = release_gil(20.0 * P * P * (P + k))
    rank = fit_normal(q, &moments, columns, &fit)
    take_gil(state)
    if rank < 0:
        raise MemoryError
    return new_fit(params, bse, of_targets(fit.ssr, k, single),
                   of_targets(fit.rsquared, k, single), of_targets(fit.fvalue, k, single),
                   correlation, <Py_ssize_t>moments.count, rank,
                   FIT_DONE if rank == P else FIT_CONSTANT, intercept, None, None)
