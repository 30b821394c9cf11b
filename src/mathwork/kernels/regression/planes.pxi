# Planes fitted to many small sets of rows: the arithmetic that groups and windows share where they
# have several x, weights, or no intercept.
#
#   add_row         the centred sums of a set with one more row
#   merge_planes    the sums of two sets
#   fit_of_planes   parameters, standard errors and R^2 of L sets, one a lane
#
# A row is the k values of x and then y: q = k + 1 numbers, and a weight. They are counted from one
# row of the set, its base, as in batches.pxi. So every rounding is relative to the distance between
# rows of the set. Without an intercept the base is 0, and the sums are about 0. No product is fused
# with a sum: all levels give the same bits.
#
# The sums are good for most sets. The others get the status PENDING: a column nearly depends on
# others, the rows lie near a plane, or squares leave the range of float64. settling.pxi sums these
# in doubled precision, with equal bits at the levels that have fused multiply-add. A weight that is
# no weight is NaN here, and so is the sum of weights then.

cdef enum:
    MOST_X = 10
    MOST_Q = 11             # MOST_X + 1: numbers of a row, and the most parameters
    MOST_SQUARES = 66       # MOST_Q (MOST_Q + 1) / 2
    MOST_SUMS = 79          # MOST_Q + MOST_SQUARES + 2
    MOST_FITS = 25          # 2 MOST_Q + 3
    PIVOT_EXPONENT = -16    # of a pivot / its column's sum of squares: there b loses 5 digits
    WEIGHT_EXPONENT = 300   # sums of weights between 2^-300 and 2^300 are good as they are


# Where the sums of a set lie: q means from the base, q (q + 1) / 2 products of distances from the
# means, those of column j with the columns up to it behind each other, then these.

cdef inline Py_ssize_t weight_place(Py_ssize_t q) noexcept nogil:
    """Where the sum of weights is"""
    return q + q * (q + 1) // 2


cdef inline Py_ssize_t count_place(Py_ssize_t q) noexcept nogil:
    """Where the number of rows of positive weight is"""
    return weight_place(q) + 1


cdef inline Py_ssize_t plane_sums(Py_ssize_t q) noexcept nogil:
    """How many sums a set has"""
    return weight_place(q) + 2


# Where the numbers of a fit lie: P parameters, P standard errors, then these.

cdef inline Py_ssize_t rsquared_place(Py_ssize_t P) noexcept nogil:
    return 2 * P


cdef inline Py_ssize_t nobs_place(Py_ssize_t P) noexcept nogil:
    return 2 * P + 1


cdef inline Py_ssize_t status_place(Py_ssize_t P) noexcept nogil:
    return 2 * P + 2


cdef struct PlaneRows:      # plain and of float64
    Py_ssize_t n, k
    const double* X         # (n, k)
    const double* y
    const double* X_low     # what is to be added to X; NULL: nothing
    const double* y_low     # of y; NULL where X_low is
    const double* weights   # NULL: 1


cdef PlaneRows plane_rows(cnp.ndarray X, cnp.ndarray y, cnp.ndarray X_low, cnp.ndarray y_low,
                          cnp.ndarray weights) noexcept:
    cdef PlaneRows rows
    rows.n, rows.k = y.shape[0], X.shape[1]
    rows.X = <const double*>cnp.PyArray_DATA(X)
    rows.y = <const double*>cnp.PyArray_DATA(y)
    rows.X_low = rows.y_low = rows.weights = NULL
    if X_low is not None and y_low is not None:
        rows.X_low = <const double*>cnp.PyArray_DATA(X_low)
        rows.y_low = <const double*>cnp.PyArray_DATA(y_low)
    if weights is not None:
        rows.weights = <const double*>cnp.PyArray_DATA(weights)
    return rows


cdef inline double row_weight(const PlaneRows* rows, Py_ssize_t row) noexcept nogil:
    """The weight of a row, NaN if it is none"""
    return 1 if rows.weights == NULL else usable_weight(rows.weights[row])


cdef inline void take_base(const Py_ssize_t q, const PlaneRows* rows, Py_ssize_t row,
                           double* high, double* low, Py_ssize_t step) noexcept nogil:
    """Make a row the base, high + low, at the usual scale; a number every `step`"""
    cdef double unit = scales_of(FIT_DONE).x
    cdef Py_ssize_t k = q - 1, j
    for j in range(k):
        high[j * step] = rows.X[row * k + j] * unit
        low[j * step] = 0 if rows.X_low == NULL else rows.X_low[row * k + j] * unit
    high[k * step] = rows.y[row] * unit
    low[k * step] = 0 if rows.X_low == NULL else rows.y_low[row] * unit


cdef inline void read_row(const Py_ssize_t q, const PlaneRows* rows, Py_ssize_t row,
                          const double* high, const double* low, double* to, Py_ssize_t step,
                          Py_ssize_t base_step) noexcept nogil:
    """to[j step] = number j of the row, counted from the base, at the usual scale"""
    cdef double unit = scales_of(FIT_DONE).x
    cdef Py_ssize_t k = q - 1, j
    for j in range(k):
        to[j * step] = rows.X[row * k + j] * unit - high[j * base_step]
    to[k * step] = rows.y[row] * unit - high[k * base_step]
    if rows.X_low != NULL:
        for j in range(k):
            to[j * step] += rows.X_low[row * k + j] * unit - low[j * base_step]
        to[k * step] += rows.y_low[row] * unit - low[k * base_step]


cdef inline double usable_weight(double weight) noexcept nogil:
    """The weight, or NaN if it is negative or not finite"""
    return weight if 0 <= weight < INFINITY else NAN


cdef inline void add_row(word like, const Py_ssize_t q, const bint centred, word weight,
                         const word* row, word* sums) noexcept nogil:
    """Add a row, counted from the base, to the sums

    mean += w / W (x - mean), S += w (1 - w / W) (x - mean) (x - mean)', W counts this row: West,
    "Updating mean and variance estimates: an improved method", Communications of the ACM 22(9),
    1979. Without centring the means stay 0; but a number that is not finite makes them NaN.
    """
    cdef word zero = constant(like, 0), share = zero, step, rest
    cdef word off[MOST_Q]
    cdef word total = sums[weight_place(q)] + weight
    cdef Py_ssize_t i, j, at = q
    if centred:
        share = choose(total, zero, weight / total, zero)
    sums[weight_place(q)] = total
    sums[count_place(q)] = sums[count_place(q)] + choose(weight, zero, constant(like, 1), zero)
    for j in range(q):
        off[j] = row[j] - sums[j]
        step = share * off[j]
        sums[j] = sums[j] + step
        rest = (off[j] - step) * weight
        for i in range(j + 1):
            sums[at] = sums[at] + rest * off[i]
            at += 1


cdef inline void merge_planes(word like, const Py_ssize_t q, const bint centred,
                              const word* left, const word* right, const word* left_base,
                              const word* right_base, const word* shift, word* base,
                              word* sums) noexcept nogil:
    """The sums of two sets, and their base: that of the left one, unless it is empty

    S = S_left + S_right + w_left w_right / w d d' for the difference d of the means: see
    merge_sums(). shift: from the left base to the right one. The base of an empty set may be a row
    of neither, and not finite.
    """
    cdef word zero = constant(like, 0), share = zero, part = zero
    cdef word off[MOST_Q]
    cdef Py_ssize_t W = weight_place(q), i, j, at = q
    cdef word total = left[W] + right[W]
    if centred:
        share = choose(total, zero, right[W] / total, zero)
        part = left[W] * share
    for j in range(q):
        off[j] = choose(right[W], zero, shift[j] + (right[j] - left[j]), zero)
        off[j] = choose(left[W], zero, off[j], right[j])
        base[j] = choose(left[W], zero, left_base[j], right_base[j])
        sums[j] = left[j] + share * off[j]
        for i in range(j + 1):
            sums[at] = left[at] + right[at] + part * off[j] * off[i]
            at += 1
    sums[W] = total
    sums[W + 1] = left[W + 1] + right[W + 1]


# ---- the fit ----

cdef struct PlaneFactor:    # of the sums of squares of x, S = R'R, and z = R'^-1 S_xy
    f64v[MOST_SQUARES] R    # upper triangle as the sums lie; behind it z
    f64v[MOST_Q] turned     # 1 / diagonal of R
    f64v rest               # of y: its sum of squares less z'z
    f64v explained          # z'z
    f64v good               # 1 where no pivot is small


cdef inline void factor_planes(const Py_ssize_t q, const f64v* squares,
                               PlaneFactor* factor) noexcept nogil:
    """The Cholesky factor of L sets"""
    cdef f64v zero = fill_f64(0), one = fill_f64(1), rest
    cdef f64v least = fill_f64(2.0 ** PIVOT_EXPONENT)
    cdef const f64v* of_j
    cdef f64v* R = factor.R
    cdef f64v* to_j
    cdef Py_ssize_t k = q - 1, i, j, m
    factor.good = one
    factor.explained = zero
    for j in range(q):
        of_j = squares + j * (j + 1) // 2
        to_j = R + j * (j + 1) // 2
        for i in range(min(j + 1, k)):
            rest = of_j[i]
            for m in range(i):
                rest = rest - R[i * (i + 1) // 2 + m] * to_j[m]
            if i < j:
                to_j[i] = rest * factor.turned[i]
            else:
                factor.good = pick(rest, least * of_j[j], factor.good, zero)
                factor.turned[j] = one / sqrt_f64(rest)
                to_j[j] = rest * factor.turned[j]
    to_j = R + k * (k + 1) // 2
    for i in range(k):
        factor.explained = factor.explained + to_j[i] * to_j[i]
    factor.rest = larger(zero, squares[k * (k + 1) // 2 + k] - factor.explained)


cdef inline void solve_planes(const Py_ssize_t q, PlaneFactor* factor, f64v* b,
                              f64v* inverse) noexcept nogil:
    """b = R^-1 z, and the diagonal of (R'R)^-1 = R^-1 R'^-1"""
    cdef f64v* R = factor.R
    cdef f64v column[MOST_Q]
    cdef f64v total
    cdef Py_ssize_t k = q - 1, i, j, m
    for i in range(k - 1, -1, -1):
        total = R[k * (k + 1) // 2 + i]
        for m in range(i + 1, k):
            total = total - R[m * (m + 1) // 2 + i] * b[m]
        b[i] = total * factor.turned[i]
    for j in range(k):          # column j of R^-1, from its diagonal upwards
        column[j] = factor.turned[j]
        inverse[j] = column[j] * column[j]
        for i in range(j - 1, -1, -1):
            total = R[j * (j + 1) // 2 + i] * column[j]
            for m in range(i + 1, j):
                total = total + R[m * (m + 1) // 2 + i] * column[m]
            column[i] = -total * factor.turned[i]
            inverse[i] = inverse[i] + column[i] * column[i]


cdef inline f64v reach_of_means(const Py_ssize_t q, PlaneFactor* factor,
                                const f64v* means) noexcept nogil:
    """m' (R'R)^-1 m for the means m of x"""
    cdef f64v* R = factor.R
    cdef f64v along[MOST_Q]
    cdef f64v total, found = fill_f64(0)
    cdef Py_ssize_t k = q - 1, i, m
    for i in range(k):
        total = means[i]
        for m in range(i):
            total = total - R[i * (i + 1) // 2 + m] * along[m]
        along[i] = total * factor.turned[i]
        found = found + along[i] * along[i]
    return found


cdef inline f64v plane_status(const Py_ssize_t q, const bint centred, const f64v* means,
                              const f64v* sums, const PlaneFactor* factor,
                              f64v least) noexcept nogil:
    """The status of a fit of at least `least` rows"""
    cdef f64v zero = fill_f64(0), one = fill_f64(1), status, asked = zero, size = zero
    cdef f64v pending = fill_f64(PENDING), count = sums[count_place(q)]
    cdef f64v weight = sums[weight_place(q)], square = zero
    cdef Py_ssize_t P = q - 1 + centred, j
    for j in range(q):
        square = sums[q + j * (j + 1) // 2 + j]
        asked = asked + scale_asked(square, means[j])
        size = size + absolute(means[j])
    status = pick(factor.good, zero, zero, pending)
    # Near a plane the rest loses digits. As many rows as parameters leave none.
    asked = pick(pick(count, fill_f64(P + 0.5), square, zero) * fill_f64(2.0 ** LINE_EXPONENT),
                 factor.rest, one, asked)
    asked = pick(weight, fill_f64(2.0 ** -WEIGHT_EXPONENT), asked, one)
    asked = pick(fill_f64(2.0 ** WEIGHT_EXPONENT), weight, asked, one)
    status = pick(asked, zero, pending, status)
    status = pick(fill_f64(INFINITY), size, status, fill_f64(FIT_NOT_FINITE))
    status = pick(count, least - fill_f64(0.5), status, fill_f64(FIT_TOO_FEW))
    return pick(weight, -one, status, fill_f64(FIT_BAD_WEIGHT))


cdef inline void fit_of_planes(const Py_ssize_t q, const bint centred, const f64v* base,
                               f64v least, const f64v* sums, f64v* fit) noexcept nogil:
    """The fit of L sets with these sums of rows, counted from a base, at the usual scale"""
    cdef f64v zero = fill_f64(0), one = fill_f64(1), nan = fill_f64(NAN), status, good, sure, sigma
    cdef f64v count = sums[count_place(q)], square = sums[weight_place(q) - 1], level, rsquared
    cdef f64v unit = fill_f64(2.0 ** -USUAL_EXPONENT)
    cdef f64v means[MOST_Q]
    cdef f64v b[MOST_Q]
    cdef f64v inverse[MOST_Q]
    cdef PlaneFactor factor
    cdef Py_ssize_t k = q - 1, P = k + centred, j
    for j in range(q):
        means[j] = base[j] + sums[j]
    factor_planes(q, sums + q, &factor)
    solve_planes(q, &factor, b, inverse)
    status = plane_status(q, centred, means, sums, &factor, least)
    # NaN is picked, not added: the compiler decides which of two NaN their sum is.
    good = pick(status, zero, zero, one)
    sure = pick(count, fill_f64(P + 0.5), good, zero)
    sigma = sqrt_f64(factor.rest / pick(sure, zero, count - fill_f64(P), one))
    for j in range(k):
        fit[centred + j] = pick(good, zero, b[j], nan)
        fit[P + centred + j] = pick(sure, zero, sigma * sqrt_f64(inverse[j]), nan)
    if centred:
        level = means[k]
        for j in range(k):
            level = level - b[j] * means[j]
        fit[0] = pick(good, zero, level * unit, nan)
        level = one / sums[weight_place(q)] + reach_of_means(q, &factor, means)
        fit[P] = pick(sure, zero, sigma * sqrt_f64(level) * unit, nan)
    # Where little is explained, 1 - rest / square would be nearly all rounding.
    rsquared = pick(factor.rest, factor.explained, factor.explained / square,
                    one - factor.rest / square)
    rsquared = pick(count, fill_f64(P + 0.5), rsquared, one)
    rsquared = pick(square, zero, rsquared, zero)       # a constant y: nothing to explain
    fit[rsquared_place(P)] = pick(good, zero, rsquared, nan)
    fit[nobs_place(P)] = count
    fit[status_place(P)] = status
