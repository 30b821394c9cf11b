# Least squares by moments alone: the normal equations, in doubled precision.
#
# They lose twice the digits that the condition of X costs, which is why float64 cannot afford
# them; of 32 digits what is left is still all that X determines. The factor S of the inverse,
# (X'X)^-1 = S S', S upper triangular, grows a column at a time.

cdef double SSR_NOISE = 2.0 ** -100     # of tss: a few roundings of a pair, 2^-104, a parameter

# P is p + centred parameters, the intercept first, of the p columns that were chosen.
cdef struct NormalFit:
    Py_ssize_t p, k
    bint centred
    double rank_tol
    double* params          # (P, k); what is left out is NaN
    double* inverse         # (P, P) of X'X
    double* sizes           # (P): the roots of its diagonal
    double* ssr             # (k)
    double* tss             # (k)


cdef void about_zero(Py_ssize_t q, MomentSums* moments) noexcept nogil:
    """Moments about 0 instead of the means"""
    cdef Pair step, entry
    cdef Pair weight = pair_at(&moments.weight, &moments.weight_low, 0)
    cdef double exponent
    cdef Py_ssize_t i, j
    for j in range(q):
        exponent = unit_exponent(moments.mean[j])
        if exponent > moments.exponent[j]:
            rescale_moments(q, j, exponent, moments)
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
    cdef Py_ssize_t p = fit.p, k = fit.k, P = p + fit.centred, r, i, j, t, c, target
    cdef Pair* S = <Pair*>malloc((p * p + 4 * p + 1) * sizeof(Pair) + p * sizeof(Py_ssize_t))
    cdef Pair* z = S + p * p + p
    cdef Pair* b = z + p
    cdef Pair* means = b + p                # in S's basis: S' mean
    cdef Py_ssize_t* kept = <Py_ssize_t*>(means + p + 1)
    cdef Pair total
    cdef double unit, least
    if S == NULL:
        return -1
    if not fit.centred:
        about_zero(q, moments)
    memset(S, 0, p * p * sizeof(Pair))
    r = factor_inverse(q, moments, chosen, fit, S, S + p * p, kept)
    for i in range(P * k):
        fit.params[i] = NAN
    for i in range(P * P):
        fit.inverse[i] = NAN
    for i in range(P):
        fit.sizes[i] = NAN

    for t in range(k):
        target = q - k + t
        for i in range(r):
            b[i] = pair_at(moments.gram, moments.gram_low, chosen[kept[i]] * q + target)
        for i in range(r):
            z[i] = dot(i + 1, S + i, p, b, 1)
        total = pair_at(moments.gram, moments.gram_low, target * (q + 1))
        unit = moments.exponent[target]
        fit.tss[t] = ldexp(total.high, <int>(2 * unit))
        least = (P + 1) * SSR_NOISE * total.high
        total = pair_difference(total, dot(r, z, 1, z, 1))
        fit.ssr[t] = ldexp(total.high, <int>(2 * unit)) if total.high > least else 0
        for i in range(r):
            b[i] = dot(r - i, S + i * p + i, 1, z + i, 1)
            c = chosen[kept[i]]
            fit.params[(kept[i] + fit.centred) * k + t] = ldexp(
                b[i].high, <int>(unit - moments.exponent[c]))
        if fit.centred:
            total = scaled_mean(moments, target)
            for i in range(r):
                total = pair_difference(total, pair_product(
                    b[i], scaled_mean(moments, chosen[kept[i]])))
            fit.params[t] = ldexp(total.high, <int>unit)

    if fit.centred:
        for i in range(r):
            b[i] = scaled_mean(moments, chosen[kept[i]])
        for i in range(r):
            means[i] = dot(i + 1, S + i, p, b, 1)
        total = pair_sum(pair_quotient(as_pair(1),
                                       pair_at(&moments.weight, &moments.weight_low, 0)),
                         dot(r, means, 1, means, 1))
        fit.inverse[0] = total.high
        fit.sizes[0] = pair_root(total).high
    for j in range(r):
        c = kept[j] + fit.centred
        unit = moments.exponent[chosen[kept[j]]]
        total = dot(r - j, S + j * p + j, 1, S + j * p + j, 1)
        fit.sizes[c] = ldexp(pair_root(total).high, <int>-unit)
        for i in range(j + 1):
            total = dot(r - j, S + i * p + j, 1, S + j * p + j, 1)
            fit.inverse[(kept[i] + fit.centred) * P + c] = ldexp(
                total.high, <int>(-unit - moments.exponent[chosen[kept[i]]]))
            fit.inverse[c * P + kept[i] + fit.centred] = (
                fit.inverse[(kept[i] + fit.centred) * P + c])
        if fit.centred:
            total = dot(r - j, means + j, 1, S + j * p + j, 1)
            fit.inverse[c] = fit.inverse[c * P] = ldexp(-total.high, <int>-unit)
    free(S)
    return <int>(r + fit.centred)


def fit_of_moments(cnp.ndarray numbers, Py_ssize_t q, cnp.ndarray chosen, Py_ssize_t k,
                   bint intercept, double rank_tol):
    """(parameters, inverse, sizes, ssr, tss, rank) of what moments_of gave, as NormalFit has them.

    `chosen` are the columns, plain and intp, that explain the last k.
    """
    cdef NormalFit fit
    cdef Py_ssize_t p = chosen.shape[0], P = p + intercept
    cdef cnp.ndarray copy = numbers.copy(), params = new_matrix(P, k, cnp.NPY_DOUBLE)
    cdef cnp.ndarray inverse = new_matrix(P, P, cnp.NPY_DOUBLE)
    cdef cnp.ndarray sizes = new_vector(P, cnp.NPY_DOUBLE)
    cdef cnp.ndarray ssr = new_vector(k, cnp.NPY_DOUBLE), tss = new_vector(k, cnp.NPY_DOUBLE)
    cdef MomentSums moments = moments_in(q, <double*>cnp.PyArray_DATA(copy))
    cdef PyThreadState* state
    cdef int rank
    fit.p, fit.k, fit.centred, fit.rank_tol = p, k, intercept, rank_tol
    fit.params = <double*>cnp.PyArray_DATA(params)
    fit.inverse = <double*>cnp.PyArray_DATA(inverse)
    fit.sizes = <double*>cnp.PyArray_DATA(sizes)
    fit.ssr = <double*>cnp.PyArray_DATA(ssr)
    fit.tss = <double*>cnp.PyArray_DATA(tss)
    state = release_gil(20.0 * P * P * (P + k))
    rank = fit_normal(q, &moments, <const Py_ssize_t*>cnp.PyArray_DATA(chosen), &fit)
    take_gil(state)
    if rank < 0:
        raise MemoryError
    return params, inverse, sizes, ssr, tss, rank
