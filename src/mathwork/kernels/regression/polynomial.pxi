# Polynomials by least squares, in doubled precision throughout.
#
# The basis is T_0 ... T_d, the Chebyshev polynomials of the mapped x. Because 2 T_i T_j =
# T_(i+j) + T_|i-j|, their Gram matrix needs 2 d + 1 sums only: O(d) work a point. The inverse W of
# its Cholesky factor turns the T_k into polynomials that are orthonormal on the data (Forsythe,
# "Generation and use of orthogonal polynomials for data-fitting with a digital computer", Journal
# of SIAM 5(2), 1957). With x spread unevenly they are nearly orthonormal, and their own Gram
# matrix makes them so (Yamamoto, Nakatsukasa, Yanagisawa, Fukaya, "Roundoff error analysis of the
# CholeskyQR2 algorithm", Electronic Transactions on Numerical Analysis 44, 2015). Then a pass over
# the data sums the residuals, and these sums refine the solution. A pass that corrects more than
# half of the digits is followed by another.

from libc.math cimport fabs, ldexp, sqrt

cdef enum:
    MOST_CORRECTIONS = 8
    MOST_ROUNDS = 5
    MAX_DEGREE = 100        # float64 x and y can show nothing of a higher degree

# A pivot above this part of its diagonal entry has lost less than 40 of 106 bits: its polynomial is
# orthonormal to 2^-66.
cdef double GOOD_PIVOT = ldexp(1, -40)

# With a pivot below this part of its diagonal entry, 64 times this part of the largest diagonal
# entry is added to all of them, and one more round follows: Fukaya, Kannan, Nakatsukasa, Yamamoto,
# Yanagisawa, "Shifted Cholesky QR", SIAM Journal on Scientific Computing 42(1), 2020.
cdef double LOST_PIVOT = ldexp(1, -90)

# The norm of T_k without its projection on those before it, over the norm of T_k. Below this part,
# standard errors have fewer than 9 of the 32 digits.
cdef double LEAST_NORM = ldexp(1, -76)

# A correction below this part of the solution is the last: it leaves an error of its square.
cdef double SMALL_CORRECTION = ldexp(1, -50)

# A sum below this part of its terms is their rounding, and is written as 0.
cdef double LEAST_PART = ldexp(1, -95)

cdef struct PolynomialFit:
    Py_ssize_t size         # degree + 1
    double* sums            # scratch of (3 size, 2 SHARES)
    double* seen            # scratch of (size,)
    Pair* moments           # (2 size,)
    Pair* gram              # (size, size), scratch
    Pair* coef              # (size,), of T_k
    Pair* right             # (size,)
    Pair* spare             # (size,)
    Pair* powers            # (size, size): row k has the coefficients of T_k in powers of x
    Pair* W                 # (size, size): W' W is the inverse of the Gram matrix
    double largest          # coefficient of a T_k, in magnitude
    double residual_squares
    double total_squares
    Pair x_base             # what x and y count from
    Pair y_base


cdef void lay_out_polynomial(void* job, Arena* arena) noexcept nogil:
    """The pieces of a fit"""
    cdef PolynomialFit* fit = <PolynomialFit*>job
    cdef double n = fit.size
    fit.sums = doubles(arena, 3 * n * 2 * SHARES)
    fit.seen = doubles(arena, n)
    fit.moments = pairs(arena, 2 * n)
    fit.gram = pairs(arena, n * n)
    fit.coef = pairs(arena, n)
    fit.right = pairs(arena, n)
    fit.spare = pairs(arena, n)
    fit.powers = pairs(arena, n * n)
    fit.W = pairs(arena, n * n)


# ---- small dense work: lower triangles, row by row ----

cdef double factor_pairs(Py_ssize_t n, Pair* A) noexcept nogil:
    """A = L L', L over A; returns the smallest pivot over its diagonal entry

    It stops at a pivot that is not above LOST_PIVOT times its entry.
    """
    cdef Py_ssize_t i, j, k
    cdef Pair sum
    cdef double diagonal, part, least = 1
    for j in range(n):
        diagonal = A[j * n + j].high
        for i in range(j, n):
            sum = A[i * n + j]
            for k in range(j):
                sum = pair_difference(sum, pair_product(A[i * n + k], A[j * n + k]))
            if i > j:
                A[i * n + j] = pair_quotient(sum, A[j * n + j])
                continue
            part = sum.high / diagonal
            least = min(least, part)
            if not part > LOST_PIVOT:
                return part
            A[i * n + j] = pair_root(sum)
    return least


cdef void solve_normal_equations(Py_ssize_t n, const Pair* W, Pair* b, Pair* spare) noexcept nogil:
    """b = W' W b"""
    cdef Py_ssize_t i, k
    for i in range(n):
        spare[i] = as_pair(0)
        for k in range(i + 1):
            spare[i] = pair_sum(spare[i], pair_product(W[i * n + k], b[k]))
    for i in range(n):
        b[i] = as_pair(0)
        for k in range(n - 1, i - 1, -1):
            b[i] = pair_sum(b[i], pair_product(W[k * n + i], spare[k]))


cdef void solve_triangle_of_pairs(Py_ssize_t n, const Pair* L, Pair* B) noexcept nogil:
    """B = L^-1 B of lower triangles"""
    cdef Py_ssize_t i, j, k
    for i in range(n):
        for j in range(i + 1):
            for k in range(j, i):
                B[i * n + j] = pair_difference(
                    B[i * n + j], pair_product(L[i * n + k], B[k * n + j]))
            B[i * n + j] = pair_quotient(B[i * n + j], L[i * n + i])


cdef inline Pair scaled_pair(Pair a, int shift) noexcept nogil:
    """2^shift a"""
    a.high, a.low = ldexp(a.high, shift), ldexp(a.low, shift)
    return a


cdef void chebyshev_powers(Py_ssize_t n, const Mapping* mapping, Pair origin,
                           Pair* powers) noexcept nogil:
    """powers[k, j]: of (2^shift x)^j in T_k(t), by the recurrence of the T_k

    The points are x - origin. 2 t = twice x + offset. The coefficients grow like (1 + sqrt(2))^k,
    and faster if x = 0 is far from the data. Nothing of that cancels.
    """
    cdef Py_ssize_t j, k
    cdef Pair twice = as_pair(2 * mapping.factor), offset, sum
    offset = scaled_pair(origin, mapping.shift)
    offset = pair_difference(as_pair(-mapping.centre), offset)
    offset = pair_product(twice, offset)
    memset(powers, 0, n * n * sizeof(Pair))
    powers[0] = as_pair(1)
    if n > 1:
        powers[n] = offset
        powers[n].high *= 0.5
        powers[n].low *= 0.5
        powers[n + 1] = as_pair(mapping.factor)
    for k in range(2, n):
        for j in range(k + 1):
            sum = pair_product(offset, powers[(k - 1) * n + j])
            if j > 0:
                sum = pair_sum(sum, pair_product(twice, powers[(k - 1) * n + j - 1]))
            powers[k * n + j] = pair_difference(sum, powers[(k - 2) * n + j])


# ---- the fit ----

cdef void gram_of_moments(const PolynomialFit* fit) noexcept nogil:
    """gram[i, j] = (moments[i + j] + moments[i - j]) / 2, i >= j"""
    cdef Py_ssize_t n = fit.size, i, j
    cdef Pair sum
    for i in range(n):
        for j in range(i + 1):
            sum = pair_sum(fit.moments[i + j], fit.moments[i - j])
            sum.high *= 0.5
            sum.low *= 0.5
            fit.gram[i * n + j] = sum


cdef int orthonormalise(const Cloud* cloud, PolynomialFit* fit) noexcept nogil:
    """W by the moments; a status"""
    cdef Py_ssize_t n = fit.size, round, k
    cdef double least, largest
    memset(fit.W, 0, n * n * sizeof(Pair))
    for k in range(n):
        fit.W[k * n + k] = as_pair(1)
    gram_of_moments(fit)
    for round in range(MOST_ROUNDS):
        memcpy(fit.powers, fit.gram, n * n * sizeof(Pair))
        least = factor_pairs(n, fit.gram)
        if not least > LOST_PIVOT:
            memcpy(fit.gram, fit.powers, n * n * sizeof(Pair))
            largest = 0
            for k in range(n):
                largest = max(largest, fit.gram[k * n + k].high)
            for k in range(n):
                fit.gram[k * n + k] = pair_sum(
                    fit.gram[k * n + k], as_pair(64 * LOST_PIVOT * largest))
            if not factor_pairs(n, fit.gram) > LOST_PIVOT:
                return FIT_CONSTANT
            least = 0
        solve_triangle_of_pairs(n, fit.gram, fit.W)
        if least > GOOD_PIVOT:
            gram_of_moments(fit)
            for k in range(n):
                if not 1 > LEAST_NORM * fit.W[k * n + k].high * sqrt(fit.gram[k * n + k].high):
                    return FIT_CONSTANT
            return FIT_DONE
        if not sum_squares(cloud, n, fit.W, fit.gram):
            return FIT_NO_MEMORY
    return FIT_CONSTANT


cdef int solve_polynomial(Cloud* cloud, PolynomialFit* fit) noexcept nogil:
    """The coefficients of the T_k, and all that the standard errors need; a status"""
    cdef Py_ssize_t n = fit.size, i, j, k
    cdef int status = survey_points(cloud)
    cdef Pair mean, sum
    cdef double correction, least, before = INFINITY
    if status != FIT_DONE:
        return status
    if not has_distinct(cloud, n, fit.seen):
        return FIT_TOO_FEW
    sum_moments(cloud, n, fit.sums, fit.moments, fit.coef)
    mean = pair_quotient(fit.coef[0], fit.moments[0])
    status = orthonormalise(cloud, fit)
    if status != FIT_DONE:
        return status
    solve_normal_equations(n, fit.W, fit.coef, fit.spare)
    for i in range(MOST_CORRECTIONS):
        sum_residuals(cloud, n, fit.coef, mean, fit.sums, fit.right, &fit.residual_squares,
                      &fit.total_squares)
        solve_normal_equations(n, fit.W, fit.right, fit.spare)
        correction = fit.largest = 0
        for k in range(n):
            correction = max(correction, fabs(fit.right[k].high))
            fit.largest = max(fit.largest, fabs(fit.coef[k].high))
            fit.coef[k] = pair_sum(fit.coef[k], fit.right[k])
        if correction <= SMALL_CORRECTION * fit.largest or not correction < before:
            break
        before = 0.5 * correction
    least = LEAST_PART * fit.largest
    for k in range(n):
        if fabs(fit.coef[k].high) <= least:
            fit.coef[k] = as_pair(0)
    if fit.residual_squares <= least * least * fit.moments[0].high:
        fit.residual_squares = 0
    if cloud.constant:
        memset(fit.coef, 0, n * sizeof(Pair))
        fit.coef[0] = as_pair(mean.high)
        fit.residual_squares = fit.total_squares = 0
    chebyshev_powers(n, &cloud.mapping, fit.x_base, fit.powers)
    return FIT_DONE


cdef void power_coefficients(const Cloud* cloud, const PolynomialFit* fit,
                             double* coef) noexcept nogil:
    """coef[j] = the coefficient of x^j"""
    cdef Py_ssize_t n = fit.size, j, k
    cdef Pair sum, base
    cdef double terms
    for j in range(n):
        sum = as_pair(0)
        terms = 0
        for k in range(n - 1, j - 1, -1):
            sum = pair_sum(sum, pair_product(fit.coef[k], fit.powers[k * n + j]))
            if fit.coef[k].high != 0:
                terms += fabs(fit.powers[k * n + j].high)
        if fabs(sum.high) <= LEAST_PART * fit.largest * terms:
            sum = as_pair(0)
        if j == 0 and fit.y_base.high != 0:
            base = scaled_pair(fit.y_base, cloud.y_shift)
            terms = fabs(base.high)
            sum = pair_sum(sum, base)
            if fabs(sum.high) <= LEAST_PART * terms:
                sum = as_pair(0)
        coef[j] = ldexp(sum.high, cloud.mapping.shift * <int>j - cloud.y_shift)


cdef inline double root_of_weights(const Cloud* cloud) noexcept nogil:
    """The root of the factor that the weights have been multiplied by"""
    return sqrt(ldexp(1, cloud.weight_shift))


cdef void power_covariance(const Cloud* cloud, PolynomialFit* fit, double variance,
                           double* factor, double* covariance, double* bse) noexcept nogil:
    """factor = (W M)' in the units of x and weights, M the powers; covariance = variance (W M)'
    (W M); bse = the roots of its diagonal"""
    cdef Py_ssize_t n = fit.size, i, j, k
    cdef int shift = cloud.mapping.shift
    cdef Pair sum
    for i in range(n):
        for j in range(i + 1):
            sum = as_pair(0)
            for k in range(j, i + 1):
                sum = pair_sum(sum, pair_product(fit.W[i * n + k], fit.powers[k * n + j]))
            fit.gram[i * n + j] = sum
            factor[j * n + i] = ldexp(sum.high, shift * <int>j) * root_of_weights(cloud)
            if i > j:
                factor[i * n + j] = 0
    for i in range(n):
        for j in range(i + 1):
            sum = as_pair(0)
            for k in range(i, n):
                sum = pair_sum(sum, pair_product(fit.gram[k * n + i], fit.gram[k * n + j]))
            covariance[i * n + j] = covariance[j * n + i] = ldexp(
                sum.high * variance, shift * <int>(i + j) - 2 * cloud.y_shift)
        bse[i] = ldexp(sqrt(sum.high * variance), shift * <int>i - cloud.y_shift)


cdef int set_cloud(Cloud* cloud, cnp.ndarray x, cnp.ndarray y, cnp.ndarray weights) except -1:
    """The points of plain float64 (n,) arrays; weights may be None

    Whoever holds an array can set its shape and dtype at any time: here they are read once, and
    checked.
    """
    if not (is_plain(x, 1, cnp.NPY_DOUBLE) and is_plain(y, 1, cnp.NPY_DOUBLE)
            and y.shape[0] == x.shape[0]
            and (weights is None or (is_plain(weights, 1, cnp.NPY_DOUBLE)
                                     and weights.shape[0] == x.shape[0]))):
        raise ValueError("x, y and weights must be float64 of one length, as when they were given")
    cloud.n = x.shape[0]
    cloud.x = <const double*>cnp.PyArray_DATA(x)
    cloud.y = <const double*>cnp.PyArray_DATA(y)
    cloud.weights = NULL
    if weights is not None:
        cloud.weights = <const double*>cnp.PyArray_DATA(weights)
    cloud.count = 0
    return 0


cdef struct PolynomialResult:   # in the units of x and y
    double* basis               # (2, size): the coefficients of T_k, high parts and low ones
    double* spread              # (size, size)
    double* factor              # (size, size)
    double* coef                # (size,), of the powers of x
    double* covariance          # (size, size)
    double* bse                 # (size,)
    double ssr
    double unexplained


cdef void write_result(const Cloud* cloud, PolynomialFit* fit,
                       PolynomialResult* result) noexcept nogil:
    """The result of a fit that is done"""
    cdef Py_ssize_t n = fit.size, df_resid = cloud.count - n, i
    cdef double variance = fit.residual_squares / <double>df_resid if df_resid > 0 else NAN
    cdef Pair constant = pair_sum(fit.coef[0], scaled_pair(fit.y_base, cloud.y_shift))
    for i in range(n):
        result.basis[i] = fit.coef[i].high
        result.basis[n + i] = fit.coef[i].low
    result.basis[0], result.basis[n] = constant.high, constant.low
    for i in range(n * n):
        result.spread[i] = fit.W[i].high * root_of_weights(cloud)
    power_coefficients(cloud, fit, result.coef)
    power_covariance(cloud, fit, variance, result.factor, result.covariance, result.bse)
    result.unexplained = NAN if cloud.constant else fit.residual_squares / fit.total_squares
    result.ssr = ldexp(fit.residual_squares, -cloud.weight_shift - 2 * cloud.y_shift)


def polynomial_fit(cnp.ndarray x not None, cnp.ndarray y not None, cnp.ndarray weights,
                   Py_ssize_t degree, cnp.ndarray base=None):
    """A polynomial through plain float64 (n,) arrays; weights may be None.

    x and y may count from `base`, the pairs (x, x_low, y, y_low): coefficients are then those of x
    and y themselves, and so are values of the basis, but the mapping takes x from its base.

    Returns (status, count, mapping, basis, spread, factor, coef, covariance, bse, ssr,
    unexplained).
    `count` points have a weight, and `unexplained` is ssr over the sum of w (y - mean)^2.
    `basis` (2, degree + 1) holds the coefficients of T_k as pairs, for evaluate_polynomial together
    with the mapping. `spread` (degree + 1, degree + 1) times the vector of T_k(t) is a vector z:
    orthonormal over the points, sum w z z' = 1. `factor` turns its coefficients into `coef`. With a
    status that is not 0 the arrays hold nothing.
    """
    cdef Py_ssize_t n = degree + 1
    cdef int status
    cdef Cloud cloud
    cdef PolynomialFit fit
    cdef PolynomialResult result
    cdef PyThreadState* state
    cdef void* memory
    cdef cnp.ndarray basis, spread, factor, coef, covariance, bse
    cdef tuple mapping = None
    cdef const double* numbers
    if not 0 <= degree <= MAX_DEGREE:
        raise ValueError(f"degree must be from 0 to {MAX_DEGREE}, got {degree}")
    set_cloud(&cloud, x, y, weights)
    fit.x_base = fit.y_base = as_pair(0)
    if base is not None:
        if not (is_plain(base, 1, cnp.NPY_DOUBLE) and base.shape[0] == 4):
            raise ValueError(f"base must be 4 numbers of float64, got {shape_of(base)}")
        numbers = <const double*>cnp.PyArray_DATA(base)
        fit.x_base, fit.y_base = pair_at(numbers, numbers + 1, 0), pair_at(numbers, numbers + 1, 2)
    basis = new_matrix(2, n, cnp.NPY_DOUBLE)
    spread = new_matrix(n, n, cnp.NPY_DOUBLE)
    factor = new_matrix(n, n, cnp.NPY_DOUBLE)
    coef = new_vector(n, cnp.NPY_DOUBLE)
    covariance = new_matrix(n, n, cnp.NPY_DOUBLE)
    bse = new_vector(n, cnp.NPY_DOUBLE)
    result.basis = <double*>cnp.PyArray_DATA(basis)
    result.spread = <double*>cnp.PyArray_DATA(spread)
    result.factor = <double*>cnp.PyArray_DATA(factor)
    result.coef = <double*>cnp.PyArray_DATA(coef)
    result.covariance = <double*>cnp.PyArray_DATA(covariance)
    result.bse = <double*>cnp.PyArray_DATA(bse)
    result.ssr = result.unexplained = NAN
    fit.size = n
    memory = working_memory(lay_out_polynomial, &fit)
    if memory == NULL:
        raise MemoryError
    state = release_gil(<double>n * n * n + <double>cloud.n * n)
    status = solve_polynomial(&cloud, &fit)
    if status == FIT_DONE:
        write_result(&cloud, &fit, &result)
    free(memory)
    take_gil(state)
    if status == FIT_NO_MEMORY:
        raise MemoryError
    if status == FIT_DONE:
        mapping = (cloud.mapping.shift, cloud.mapping.centre, cloud.mapping.factor, cloud.y_shift)
    return (status, cloud.count, mapping, basis, spread, factor, coef, covariance, bse, result.ssr,
            result.unexplained)


# ---- evaluation ----

cdef Py_ssize_t terms_of(cnp.ndarray basis) except -1:
    """degree + 1 of a basis (2, degree + 1), plain float64"""
    if not (is_plain(basis, 2, cnp.NPY_DOUBLE) and basis.shape[0] == 2 and basis.shape[1] > 0):
        raise ValueError("basis must have shape (2, degree + 1), float64, got "
                         f"{shape_of(basis)}, {basis.dtype}")
    return basis.shape[1]


def differentiate_polynomial(cnp.ndarray basis not None, tuple mapping not None):
    """(basis, mapping) of the derivative by x: c'_(k-1) = c'_(k+1) + 2 k c_k, c'_0 half of that."""
    cdef Py_ssize_t n = terms_of(basis), k
    cdef Py_ssize_t most = max(n - 1, 1)
    cdef cnp.ndarray made = np.zeros((2, most))
    cdef const double* c = <const double*>cnp.PyArray_DATA(basis)
    cdef double* found = <double*>cnp.PyArray_DATA(made)
    cdef Pair term, sum
    shift, centre, factor, y_shift = mapping
    for k in range(n - 1, 0, -1):
        term.high = c[k]
        term.low = c[n + k]
        sum = pair_product(term, as_pair(2.0 * <double>k))
        if k + 1 < most:
            term.high = found[k + 1]
            term.low = found[most + k + 1]
            sum = pair_sum(sum, term)
        found[k - 1] = sum.high
        found[most + k - 1] = sum.low
    found[0] *= 0.5
    found[most] *= 0.5
    for k in range(most):
        term.high = found[k]
        term.low = found[most + k]
        sum = pair_product(term, as_pair(factor))
        found[k] = sum.high
        found[most + k] = sum.low
    return made, (shift, centre, factor, y_shift - shift)


def evaluate_polynomial(cnp.ndarray basis not None, tuple mapping not None,
                        cnp.ndarray x not None):
    """The polynomial at each of a plain float64 array, in doubled precision and rounded."""
    cdef Py_ssize_t n, block, i, part, k
    cdef Cloud cloud
    cdef MappedPoints points
    cdef double[PAIRS] now, before
    cdef Pair* coef
    cdef f64v half, rest, value
    cdef cnp.ndarray made
    cdef double* found
    cdef const double* c
    cdef PyThreadState* state
    cloud.mapping.shift, cloud.mapping.centre, cloud.mapping.factor, i = mapping
    n = terms_of(basis)
    if not is_plain(x, cnp.PyArray_NDIM(x), cnp.NPY_DOUBLE):
        raise ValueError(f"x must be plain and float64, got {x.dtype}")
    made = cnp.PyArray_EMPTY(cnp.PyArray_NDIM(x), cnp.PyArray_DIMS(x), cnp.NPY_DOUBLE, 0)
    found = <double*>cnp.PyArray_DATA(made)
    c = <const double*>cnp.PyArray_DATA(basis)
    cloud.n = cnp.PyArray_SIZE(x)
    cloud.x = cloud.y = <const double*>cnp.PyArray_DATA(x)
    cloud.weights = NULL
    cloud.weight_shift = cloud.y_shift = 0
    # In two steps, because 2^-i alone may be out of range.
    half = fill_f64(ldexp(1, <int>-(i // 2)))
    rest = fill_f64(ldexp(1, <int>-(i - i // 2)))
    coef = <Pair*>malloc(n * sizeof(Pair))
    if coef == NULL:
        raise MemoryError
    for k in range(n):
        coef[k].high = c[k]
        coef[k].low = c[n + k]
    state = release_gil(10.0 * <double>cloud.n * <double>n)
    for block in range(block_count(&cloud)):
        if block % BLOCK_LOOKS == BLOCK_LOOKS - 1 and interrupted(100 * BLOCK_LOOKS * POINTS):
            break
        read_points(&cloud, block, &points)
        map_points(&cloud, &points)
        clenshaw(n, coef, points.twice, now, before)
        for part in range(POINTS // F64_LANES):
            i = part * F64_LANES
            load(&value, <const double*>now + i)
            store(now + i, value * half * rest)
        memcpy(found + block * POINTS, now,
               min(<Py_ssize_t>POINTS, cloud.n - block * POINTS) * sizeof(double))
    free(coef)
    take_gil(state)
    return made
