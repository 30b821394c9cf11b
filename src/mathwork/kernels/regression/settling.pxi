# Planes fitted to single sets of rows in doubled precision: those for which the sums of planes.pxi
# are not good enough. The moments are those of moments.pxi, the fit is that of normal.pxi.

from libc.math cimport isfinite, isnan, sqrt

cdef enum:
    MOST_SQUARE = 121       # MOST_Q^2
    MOST_MOMENT_NUMBERS = 279       # moment_numbers(MOST_Q)

# A column depends on others if less than this is left of it: a few roundings of its numbers.
cdef double BATCH_RANK_TOL = 2.0 ** -50

cdef struct PlaneJob:       # what to fit to each set
    Py_ssize_t q            # numbers of a row
    Py_ssize_t P            # parameters
    bint centred
    Py_ssize_t least        # rows that a fit takes: P at least


cdef inline PlaneJob plane_job(Py_ssize_t k, bint centred, Py_ssize_t least) noexcept:
    cdef PlaneJob job
    job.q, job.P, job.centred = k + 1, k + centred, centred
    job.least = max(least, job.P)
    return job


cdef void no_fit(const PlaneJob* job, double count, int status, double* fit) noexcept nogil:
    fill_nan(fit, 2 * job.P + 1)
    fit[nobs_place(job.P)] = count
    fit[status_place(job.P)] = status


cdef bint all_finite(Py_ssize_t count, const double* numbers) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(count):
        if not isfinite(numbers[i]):
            return False
    return True


cdef void move_intercept(const PlaneJob* job, const double* origin, const double* correlation,
                         double* fit) noexcept nogil:
    """Count from 0, no more from the origin: the intercept is a + o_y - o'b then"""
    cdef Py_ssize_t P = job.P, i, j
    cdef double* bse = fit + P
    cdef double reach[MOST_Q]
    cdef double variance = 0
    fit[0] += origin[job.q - 1]
    reach[0] = bse[0]
    for j in range(1, P):
        fit[0] -= origin[j - 1] * fit[j]
        reach[j] = -origin[j - 1] * bse[j]
    for j in range(P):
        for i in range(P):
            variance += reach[i] * reach[j] * correlation[i * P + j]
    bse[0] = sqrt(variance)


cdef int fit_settled(const PlaneJob* job, MomentSums* moments, double free_count,
                     const double* origin, double* fit) noexcept nogil:
    """The fit of a set by its moments, which are used up; -1 where memory ran out

    free_count: its number of observations, to count the degrees of freedom. origin (q,): where the
    rows are counted from; NULL: 0.
    """
    cdef NormalFit normal
    cdef Py_ssize_t chosen[MOST_Q]
    cdef double correlation[MOST_SQUARE]
    cdef double judged[3]
    cdef Py_ssize_t q = job.q, P = job.P, j
    cdef double count = moments.count, root
    cdef int rank
    if count < job.least:
        no_fit(job, count, FIT_TOO_FEW, fit)
        return 0
    if not (all_finite(q, moments.mean) and all_finite(q * q, moments.gram)):
        no_fit(job, count, FIT_NOT_FINITE, fit)
        return 0
    for j in range(q):
        chosen[j] = j
    normal.p, normal.k, normal.chosen, normal.centred = q - 1, 1, chosen, job.centred
    normal.rank_tol = BATCH_RANK_TOL
    normal.params, normal.bse, normal.correlation = fit, fit + P, correlation
    normal.ssr, normal.rsquared, normal.fvalue = judged, judged + 1, judged + 2
    moments.count = P + 1           # one degree of freedom: its errors are divided by the root here
    rank = fit_normal(q, moments, &normal)
    if rank < 0:
        return -1
    if rank < P:
        no_fit(job, count, FIT_CONSTANT, fit)
        return 0
    root = sqrt(free_count - P) if free_count > P else NAN
    for j in range(P):
        fit[P + j] = fit[P + j] / root
    if job.centred and origin != NULL:
        move_intercept(job, origin, correlation, fit)
    fit[rsquared_place(P)] = judged[1]
    if moments.gram[(q - 1) * (q + 1)] == 0:
        fit[rsquared_place(P)] = 0
    elif count == P:
        fit[rsquared_place(P)] = 1
    fit[nobs_place(P)] = count
    fit[status_place(P)] = FIT_DONE
    return 0


cdef int settle_rows(const PlaneJob* job, const double* X, const double* y,
                     const double* weights, Py_ssize_t n, const double* origin,
                     double* fit) noexcept nogil:
    """The fit of n rows that follow each other; weights may be NULL; -1 where memory ran out"""
    cdef double numbers[MOST_MOMENT_NUMBERS]
    cdef MomentSums moments
    cdef Design rows
    memset(&rows, 0, sizeof(rows))
    rows.n, rows.p, rows.k, rows.columns = n, job.q - 1, 1, job.q - 1
    rows.X = <const char*>X
    rows.row_step = (job.q - 1) * sizeof(double)
    rows.column_step = sizeof(double)
    rows.y = <const char*>y
    rows.y_row_step = rows.y_column_step = sizeof(double)
    rows.weights = weights
    memset(numbers, 0, sizeof(numbers))
    moments = moments_in(job.q, numbers)
    if accumulate_moments(&rows, &moments):
        return -1
    return fit_settled(job, &moments, moments.count, origin, fit)


cdef void copy_differences(Py_ssize_t q, const PlaneRows* rows, Py_ssize_t row, Py_ssize_t base,
                           double* X, double* y) noexcept nogil:
    """A row for settle_rows(): its numbers less those of the row `base`

    For rows with low parts: X or y are integers, and no difference of integers overflows.
    """
    cdef Py_ssize_t k = q - 1, j
    for j in range(k):
        X[j] = ((rows.X[row * k + j] - rows.X[base * k + j])
                + (rows.X_low[row * k + j] - rows.X_low[base * k + j]))
    y[0] = (rows.y[row] - rows.y[base]) + (rows.y_low[row] - rows.y_low[base])


cdef double* origin_at(Py_ssize_t q, const PlaneRows* rows, Py_ssize_t row,
                       double* origin) noexcept nogil:
    """origin = the numbers of a row"""
    cdef Py_ssize_t k = q - 1, j
    for j in range(k):
        origin[j] = rows.X[row * k + j]
    origin[k] = rows.y[row]
    return origin
