# A factor S of the inverse of the normal equations, (X'X)^-1 = S S' of the centred columns, and
# first coefficients b = S z. S is upper triangular. There are two ways, both in float64.
#
#   gather_moments    means and Gram matrix, block by block
#   by_cholesky       the fast way, from the Gram matrix alone, if its condition allows it
#   by_reflections    the robust way: Householder QR of X, a block of rows at a time, with the
#                     limited pivoting of LINPACK's dqrdc as statisticians use it: a column
#                     is left out if the columns before it leave only rounding of it
#
# Either way loses digits; refinement.pxi brings them back.
#
# Chan, Golub, LeVeque, "Algorithms for computing the sample variance", The American Statistician
# 37(3), 1983; Golub, Van Loan, Matrix Computations, 4th ed., sections 5.2 and 5.3; Demmel,
# Grigori, Hoemmen, Langou, "Communication-optimal parallel and sequential QR and LU
# factorizations", SIAM Journal on Scientific Computing 34(1), 2012: the sequential order of blocks.

from libc.math cimport fabs, frexp, isfinite, ldexp, sqrt

cdef double LEAST_SQUARE = 1e-200       # of a column, on average: its products do not underflow
cdef double LARGEST_SQUARE = 1e200
cdef double LEAST_WEIGHT = 1e-100       # on average
cdef double LARGEST_WEIGHT = 1e100
cdef double LEAST_SPREAD = 1e-10        # standard deviation over mean that the fast way accepts
cdef double BLURRED_SPREAD = 1e-2       # below it, the rounding of the mean of a block shows
cdef double BLURRED_PIVOT = 1e-8        # of a correlation matrix: below, half its digits are noise
cdef double EPSILON = 2.0 ** -52
cdef double OWN_PART = 0.125            # of the size of a column: more than rounding leaves of it

cdef enum:                  # the scores of robust.pxi, and what divides them
    BASIS_ALONE             # there are none
    WHOLE_SCORES            # nothing: HC0, and HC1 but for a factor
    ROOT_SCORES             # sqrt(1 - h): HC2
    LEVERAGED_SCORES        # 1 - h: HC3

cdef struct ScoreRoom:
    int kind
    bint plain              # M is of the centred columns as they are, not yet of z
    bint placed             # whether z is that of the block at hand
    Py_ssize_t columns      # of z
    Py_ssize_t ld
    double* z               # a block of rows
    double* u               # of scores
    double* r               # of the factors of z in the scores
    double* h               # of leverages
    double* part            # of M, from one block
    double* M               # (targets, columns, columns); NULL for BASIS_ALONE
    Pair* starts            # -S' mean

cdef struct Fit:
    Design design
    Block block
    bint centred            # there is an intercept
    double rank_tol
    double total            # weight
    Py_ssize_t count        # rows of positive weight
    void* room              # all that follows
    double* roots           # of the weights in the block
    double* mean            # of the columns in use, then of the targets; 0 without intercept
    double* mean_low        # what these lack, once it is known
    double* gram            # of these, centred, as block_gram() makes it
    double* part            # of it, from one block; then R
    double* norms           # of the columns, not centred
    double* S               # (columns, columns), its upper triangle
    double* S_low           # what S lacks
    double* shift           # S' times what the means lack
    bint sharp              # whether S_low and shift hold anything
    double rate             # part of an error that a correction may leave
    double inflation        # the largest variance inflation factor
    double* rows            # norms of the rows of S, then of the intercept
    double* z               # three vectors of all columns
    Pair* b                 # (targets, columns + 1), the intercept last
    Pair* spare             # (columns,)
    double* ssr             # of the targets
    double* tss
    double* rsquared
    double* fvalue
    double* energy          # by how much the last correction lowered ssr; -1: it is done
    double* drift           # the same over ssr
    double* flat            # whether a target is constant
    double* other           # a block of other columns: of X S, or residuals
    double* parts           # partial sums of a pass
    Py_ssize_t steps        # of refinement
    ScoreRoom scores


# ---- means and Gram matrix ----

cdef inline void shift_column(double* a, Py_ssize_t groups, double shift) noexcept nogil:
    """a[i] -= shift"""
    cdef Py_ssize_t i
    for i in range(groups * GROUP):
        a[i] = a[i] - shift


cdef inline void scale_column(double* a, Py_ssize_t groups, const double* factors) noexcept nogil:
    """a[i] *= factors[i]"""
    cdef Py_ssize_t i
    for i in range(groups * GROUP):
        a[i] = a[i] * factors[i]


cdef inline double mean_of(const Fit* f, const double* column, double weight) noexcept nogil:
    """The mean of a column of a block of this total weight"""
    cdef double total
    if f.design.weights == NULL:
        return column_sum(f.block.groups, column) / weight
    dot_tile(1, 1, f.block.groups, column, f.block.weights, 0, &total, 1)
    return total / weight


cdef inline void weigh_block(Fit* f) noexcept nogil:
    """Multiply the rows of the block by the roots of their weights"""
    cdef Py_ssize_t c, i
    for i in range(f.block.groups * GROUP):
        f.roots[i] = sqrt(f.block.weights[i])
    for c in range(f.design.p + f.design.k):
        scale_column(f.block.columns + c * f.design.ld, f.block.groups, f.roots)


cdef inline double gram_numbers(double p, double k) noexcept nogil:
    """How many numbers block_gram() writes"""
    return (p + k) * (p + 1) + k


cdef void gather_moments(Fit* f) noexcept nogil:
    """total, count, mean and gram of all columns

    The mean of a block is rounded, and its columns are centred by that; `lacks` is the rest.
    """
    cdef Py_ssize_t p = f.design.p, k = f.design.k, q = p + k, ld = f.design.ld, first = 0, i, j
    cdef double weight, share, fraction, shift, lack
    cdef double* shifts = f.z       # the means of the block, then by how much they differ
    cdef double* lacks = shifts + q
    cdef double* mean_low = lacks + q
    cdef double* squares = f.gram + q * (p + 1)
    cdef double* part = f.part
    cdef double* part_squares = part + q * (p + 1)
    f.total = 0
    f.count = 0
    memset(f.mean, 0, q * sizeof(double))
    memset(f.z, 0, 3 * q * sizeof(double))
    memset(f.gram, 0, <size_t>gram_numbers(p, k) * sizeof(double))
    while first < f.design.n:
        first = pack_block(&f.design, first, &f.block)
        if f.block.rows == 0:
            continue
        weight = f.block.rows
        if f.design.weights != NULL:
            weight = column_sum(f.block.groups, f.block.weights)
        if f.centred:
            for j in range(q):
                shifts[j] = mean_of(f, f.block.columns + j * ld, weight)
                shift_column(f.block.columns + j * ld, f.block.groups, shifts[j])
                fetch_ahead(&f.design, first, j, q)
            clear_tail(&f.block, f.block.columns, q, ld)
        if f.design.weights != NULL:
            weigh_block(f)
        block_gram(p, k, f.block.groups, f.block.columns, ld, part)
        if f.centred:
            for j in range(q):
                lacks[j] = 0
                shift = BLURRED_SPREAD * shifts[j]
                if (part[j * q + j] if j < p else part_squares[j - p]) < weight * shift * shift:
                    lacks[j] = centred_sum(f, f.block.columns + j * ld) / weight
            join_means(f, weight / (f.total + weight), shifts, lacks, mean_low)
        share = f.total * weight / (f.total + weight)
        for i in range(p):
            shift = shifts[i] * share
            lack = lacks[i] * weight
            for j in range(i, q):
                f.gram[i * q + j] += part[i * q + j] + shift * shifts[j] - lack * lacks[j]
        for j in range(k):
            shift, lack = shifts[p + j], lacks[p + j]
            squares[j] += part_squares[j] + share * shift * shift - weight * lack * lack
        f.total += weight
        f.count += f.block.rows


cdef inline double centred_sum(const Fit* f, const double* column) noexcept nogil:
    """The sum of a column of the block after it is centred and weighed"""
    cdef double total
    if f.design.weights == NULL:
        return column_sum(f.block.groups, column)
    dot_tile(1, 1, f.block.groups, column, f.roots, 0, &total, 1)
    return total


cdef inline void join_means(Fit* f, double fraction, double* shifts, const double* lacks,
                            double* mean_low) noexcept nogil:
    """mean + mean_low of all blocks so far: the last has the means shifts + lacks and this fraction
    of the weight. shifts become the difference of its means from those before it.
    """
    cdef Py_ssize_t j
    cdef f64 high, low
    for j in range(f.design.p + f.design.k):
        if f.total == 0:
            f.mean[j] = shifts[j]
            mean_low[j] = lacks[j]
            shifts[j] = 0
        else:
            shifts[j] = (shifts[j] - f.mean[j]) + (lacks[j] - mean_low[j])
            high = two_sum(<f64>f.mean[j], <f64>(shifts[j] * fraction), &low)
            f.mean[j] = fast_two_sum(high, low + mean_low[j], &low)
            mean_low[j] = low


cdef bint in_range(const Fit* f) noexcept nogil:
    """Whether squares of all columns, and weights, are far from overflow and underflow"""
    cdef Py_ssize_t p = f.design.p, q = p + f.design.k, j
    cdef double square, weight = f.total / f.count
    if not LEAST_WEIGHT < weight < LARGEST_WEIGHT:
        return False
    for j in range(q):
        square = f.gram[j * q + j if j < p else q * (p + 1) + j - p] / f.count
        if not (LEAST_SQUARE < square < LARGEST_SQUARE
                and f.mean[j] * f.mean[j] < LARGEST_SQUARE):
            return False
    return True


cdef bint find_scales(Fit* f) noexcept nogil:
    """Choose powers of two that bring the largest of each column to [1/2, 1) and the largest weight
    to [1/4, 2); False where a number is not finite
    """
    cdef Py_ssize_t q = f.design.p + f.design.k, first = 0, c, i
    cdef double* largest = f.z
    cdef double* column
    cdef double heaviest = 0
    cdef int exponent
    memset(largest, 0, q * sizeof(double))
    while first < f.design.n:
        first = pack_block(&f.design, first, &f.block)
        for c in range(q):
            column = f.block.columns + c * f.design.ld
            for i in range(f.block.rows):
                if not isfinite(column[i]):
                    return False
                largest[c] = max(largest[c], fabs(column[i]))
        if f.design.weights != NULL:
            for i in range(f.block.rows):
                heaviest = max(heaviest, f.block.weights[i])
    for c in range(q):
        frexp(largest[c], &exponent)
        # 2^1022 is the largest whose inverse is a normal number.
        f.design.scales[c] = ldexp(1, min(-exponent, 1022)) if largest[c] > 0 else 1
    f.design.scaled = True
    if heaviest > 0:
        frexp(heaviest, &exponent)
        exponent = min(-exponent, 1022)
        f.design.weight_scale = ldexp(1, exponent - exponent % 2)   # so are roots
    return True


# ---- triangles ----

cdef inline void next_of_inverse(Py_ssize_t r, double pivot, const double* above,
                                 Py_ssize_t step, double* S, Py_ssize_t lds) noexcept nogil:
    """Column r of S = R^-1; column r of R is `above`, r numbers `step` apart, then the pivot"""
    cdef Py_ssize_t i, k
    cdef double total
    S[r * lds + r] = 1 / pivot
    for i in range(r):
        total = 0
        for k in range(i, r):
            total -= S[i * lds + k] * above[k * step]
        S[i * lds + r] = total / pivot


cdef void first_coefficients(Fit* f, const double* z, Py_ssize_t ldz) noexcept nogil:
    """b = S z and the intercept; z[:, t] for target t"""
    cdef Py_ssize_t p = f.design.p, lds = f.design.columns, j, k, t
    cdef Pair* b
    cdef double total
    for t in range(f.design.k):
        b = f.b + t * (lds + 1)
        for j in range(p):
            total = 0
            for k in range(j, p):
                total += f.S[j * lds + k] * z[k * ldz + t]
            b[j] = as_pair(total)
        b[lds] = as_pair(0)
        if f.centred:
            b[lds].high = f.mean[p + t]
            for j in range(p):
                pair_gather(&b[lds], -f.mean[j], b[j].high)
            b[lds] = pair_settled(b[lds])


# ---- the fast way ----

cdef bint by_cholesky(Fit* f) noexcept nogil:
    """S and b from the Gram matrix; False where its condition does not allow it

    R'R = D^-1 G D^-1 is the correlation matrix, and the square of a row of R^-1 the variance
    inflation factor of its column.
    """
    cdef Py_ssize_t p = f.design.p, q = p + f.design.k, lds = f.design.columns, i, j, c
    cdef double* R = f.part
    cdef double* size = f.norms
    cdef double total, spread
    for j in range(p):
        spread = f.gram[j * q + j]
        if not spread > f.total * LEAST_SPREAD * LEAST_SPREAD * f.mean[j] * f.mean[j]:
            return False
        size[j] = sqrt(spread)
    f.inflation = 0
    for j in range(p):
        if q > MANY_COLUMNS and interrupted(<double>(q - j) * (2 * j + 1)):
            return False
        for c in range(j, q):
            total = f.gram[j * q + c] / (size[j] * (size[c] if c < p else 1))
            for i in range(j):
                total -= R[i * q + j] * R[i * q + c]
            if c > j:
                R[j * q + c] = total / R[j * q + j]
            elif total > BLURRED_PIVOT:
                R[j * q + j] = sqrt(total)
            else:
                return False
        next_of_inverse(j, R[j * q + j], R + j, q, f.S, lds)
    for j in range(p):
        total = 0
        for c in range(j, p):
            total += f.S[j * lds + c] * f.S[j * lds + c]
            f.S[j * lds + c] /= size[j]
        f.inflation = max(f.inflation, total)
    first_coefficients(f, R + p, q)
    return True


# ---- the robust way ----

cdef inline void reflect_columns(const int columns, Py_ssize_t groups, const double* v, double tau,
                                 double* a, Py_ssize_t ld, double* above) noexcept nogil:
    """[above; a] -= tau [1; v] (above + v . a), for some columns a"""
    cdef double step[4]
    cdef Py_ssize_t i
    cdef int c
    dot_tile(1, columns, groups, v, a, ld, step, columns)
    for c in range(columns):
        step[c] = tau * (step[c] + above[c])
        above[c] -= step[c]
        for i in range(groups * GROUP):
            a[c * ld + i] = a[c * ld + i] - step[c] * v[i]


cdef void absorb_block(Py_ssize_t p, Py_ssize_t q, Py_ssize_t groups, double* a, Py_ssize_t ld,
                       double* R) noexcept nogil:
    """R of [R; a] by reflections of its first p columns, applied to the other columns as well"""
    cdef double above, norm, scale, tau
    cdef double* v
    cdef Py_ssize_t j, c, i
    for j in range(p):
        v = a + j * ld
        dot_tile(1, 1, groups, v, v, 0, &norm, 1)
        if norm == 0:
            continue
        above = R[j * q + j]
        norm = sqrt(above * above + norm)
        if above > 0:
            norm = -norm
        tau = (norm - above) / norm
        scale = 1 / (above - norm)
        for i in range(groups * GROUP):
            v[i] = v[i] * scale
        R[j * q + j] = norm
        c = j + 1
        while q - c >= 4:
            reflect_columns(4, groups, v, tau, a + c * ld, ld, R + j * q + c)
            c += 4
        while c < q:
            reflect_columns(1, groups, v, tau, a + c * ld, ld, R + j * q + c)
            c += 1


cdef bint is_constant(const Design* d, bint narrow, const char* column, Py_ssize_t step,
                      double* number) noexcept nogil:
    """Whether a column has the same number in all rows that count; that number

    False after an interrupt, which ends the fit.
    """
    cdef bint found = False
    cdef double value = 0
    cdef Py_ssize_t i
    number[0] = 0
    for i in range(d.n):
        if (i & 4095) == 4095 and interrupted(4096):
            return False
        if d.weights != NULL and not d.weights[i] > 0:
            continue
        read_column(narrow, column + i * step, 0, NULL, 1, &value)
        if not found:
            number[0] = value
            found = True
        elif value != number[0]:
            return False
    return True


cdef inline bint stands_alone(double rest, double size, double rank_tol) noexcept nogil:
    """Whether so much of a column is left that the columns before it do not make it up

    Its own size counts, which an offset does not change where there is an intercept. So a column of
    large numbers that differ little is no multiple of the intercept, as it is none for fit_line.
    """
    return rest > max(OWN_PART, rank_tol) * size


cdef void choose_columns(Fit* f, double* R) noexcept nogil:
    """S of the columns that do not depend on those before them; only these stay in use

    R becomes a triangle in the columns that stay. A column depends on those before it if its rest
    is small beside its size, and beside its norm and those of the columns that make it up, none of
    them centred: the stored numbers carry that much rounding. On the intercept alone only a
    constant depends.
    """
    cdef Py_ssize_t p = f.design.p, q = p + f.design.k, lds = f.design.columns, r = 0, i, j, c, k
    cdef double rest, scale, tau, step, coefficient, reach
    for j in range(p):
        if q > MANY_COLUMNS and interrupted(<double>(q - j) * (j - r + 1) + <double>r * r):
            break
        rest = 0
        for i in range(r, j + 1):
            rest += R[i * q + j] * R[i * q + j]
        rest = sqrt(rest)
        reach = f.norms[j]
        for i in range(r):
            coefficient = 0
            for k in range(i, r):
                coefficient += f.S[i * lds + k] * R[k * q + j]
            reach += fabs(coefficient) * f.norms[i]
        if not rest > f.rank_tol * reach and not (
                stands_alone(rest, sqrt(f.gram[j * q + j]), f.rank_tol)
                and not (f.centred and is_constant(
                    &f.design, f.design.narrow,
                    f.design.X + f.design.kept[j] * f.design.column_step, f.design.row_step,
                    &scale))):
            continue
        if r < j:       # a reflection of rows r to j
            if R[r * q + j] > 0:
                rest = -rest
            tau = (rest - R[r * q + j]) / rest
            scale = 1 / (R[r * q + j] - rest)
            for c in range(j + 1, q):
                step = R[r * q + c]
                for i in range(r + 1, j + 1):
                    step += scale * R[i * q + j] * R[i * q + c]
                step *= tau
                R[r * q + c] -= step
                for i in range(r + 1, j + 1):
                    R[i * q + c] -= step * scale * R[i * q + j]
            R[r * q + j] = rest
        next_of_inverse(r, R[r * q + j], R + j, q, f.S, lds)
        # Column j becomes column r. If that is another column, nothing needs it any more.
        for i in range(r + 1):
            R[i * q + r] = R[i * q + j]
        f.norms[r] = f.norms[j]
        f.mean[r] = f.mean[j]
        f.design.kept[r] = f.design.kept[j]
        r += 1
    for i in range(f.design.k):
        f.mean[r + i] = f.mean[p + i]
    f.design.p = r


cdef void by_reflections(Fit* f) noexcept nogil:
    """S and b from X itself; the columns to use with them"""
    cdef Py_ssize_t p = f.design.p, q = p + f.design.k, ld = f.design.ld, first = 0, i, j
    cdef double* R = f.part
    cdef double total, size
    for j in range(p):
        f.norms[j] = sqrt(f.gram[j * q + j] + f.total * f.mean[j] * f.mean[j])
    memset(R, 0, p * q * sizeof(double))
    while first < f.design.n:
        first = pack_block(&f.design, first, &f.block)
        if f.block.rows == 0:
            continue
        if f.centred:
            for j in range(q):
                shift_column(f.block.columns + j * ld, f.block.groups, f.mean[j])
            clear_tail(&f.block, f.block.columns, q, ld)
        if f.design.weights != NULL:
            weigh_block(f)
        absorb_block(p, q, f.block.groups, f.block.columns, ld, R)
    choose_columns(f, R)
    f.inflation = 0
    for j in range(f.design.p):
        total = size = 0
        for i in range(f.design.p):
            if i >= j:
                total += f.S[j * f.design.columns + i] * f.S[j * f.design.columns + i]
            if i <= j:
                size += R[i * q + j] * R[i * q + j]
        f.inflation = max(f.inflation, total * size)
    first_coefficients(f, R + p, q)
