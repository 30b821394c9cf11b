# fit_linear: the choice of a way, and the doors.
#
# A fit reads X twice if its condition allows it: for the Gram matrix, and for the residuals in
# doubled precision. A worse condition costs a pass more, which makes the factor right, and a bad
# one another before it, of Householder reflections. Working memory is a block of rows and some
# matrices of the size of the Gram matrix.

from libc.math cimport ilogb, isfinite, isnan, ldexp

cdef enum:
    ANY_WAY                 # the condition decides
    CHOLESKY
    REFLECTIONS


# ---- one fit ----

cdef inline void lay_out_fit(void* job, Arena* arena) noexcept nogil:
    """The pieces of a fit"""
    cdef Fit* f = <Fit*>job
    cdef Design* d = &f.design
    cdef double p = d.columns, k = d.k, q = p + k, ld = d.ld
    f.block.columns = doubles(arena, q * ld)
    f.other = doubles(arena, max(p, 4) * ld)
    f.block.weights = doubles(arena, ld)
    f.roots = doubles(arena, ld)
    f.gram = doubles(arena, gram_numbers(p, k))
    f.part = doubles(arena, gram_numbers(p, k))
    f.S = doubles(arena, p * p)
    f.S_low = doubles(arena, p * p)
    f.mean = doubles(arena, q)
    f.mean_low = doubles(arena, p)
    d.scales = doubles(arena, q)
    f.norms = doubles(arena, p)
    f.rows = doubles(arena, p + 1)
    f.z = doubles(arena, 3 * q)
    f.b = pairs(arena, k * (p + 1))
    f.spare = pairs(arena, p)
    f.ssr = doubles(arena, k)
    f.tss = doubles(arena, k)
    f.rsquared = doubles(arena, k)
    f.fvalue = doubles(arena, k)
    f.energy = doubles(arena, max(k, p))
    f.drift = doubles(arena, k)
    f.flat = doubles(arena, k)
    f.shift = doubles(arena, p)
    f.parts = doubles(arena, 2 * GROUP * k * (p + 2))
    d.kept = indices(arena, p)
    if f.scores.kind != BASIS_ALONE:
        lay_out_scores(&f.scores, p + f.centred, k, ld, arena)


cdef bint make_room(Fit* f) noexcept nogil:
    """Give a fit whose rows are set its memory; False where there is none"""
    cdef Design* d = &f.design
    cdef Py_ssize_t i
    d.ld = block_rows(d.columns + d.k)
    f.room = working_memory(lay_out_fit, f)
    if f.room == NULL:
        return False
    for i in range(d.columns):
        d.kept[i] = i
    d.p = d.columns
    d.scaled = False
    f.sharp = False
    f.steps = 0
    return True


cdef bint is_flat(Fit* f, Py_ssize_t t) noexcept nogil:
    """Whether target t is the same number in all rows; its mean is then that number

    Else the rounding of its mean would pass for a total sum of squares.
    """
    cdef const Design* d = &f.design
    cdef double number = 0
    if not f.centred or not is_constant(d, d.y_narrow, d.y + t * d.y_column_step, d.y_row_step,
                                        &number):
        return False
    f.mean[d.p + t] = number * (d.scales[d.columns + t] if d.scaled else 1)
    return True


cdef int fit_design(Fit* f, int* way) noexcept nogil:
    """b, ssr, tss and S; a status. `way` becomes the way that was taken."""
    cdef Py_ssize_t p = f.design.p, t
    gather_moments(f)
    if f.count < p + f.centred:
        return FIT_TOO_FEW
    if not in_range(f):
        if not find_scales(f):
            return FIT_NOT_FINITE
        gather_moments(f)
    for t in range(f.design.k):
        f.tss[t] = f.gram[(p + f.design.k) * (p + 1) + t]
        f.flat[t] = is_flat(f, t)
        if f.flat[t]:
            f.tss[t] = 0
    if way[0] != REFLECTIONS and by_cholesky(f):
        way[0] = CHOLESKY
    else:
        way[0] = REFLECTIONS
        by_reflections(f)
    if way[0] == REFLECTIONS or f.inflation > BLUNT_INFLATION:
        sharpen(f)
    refine(f)
    return FIT_DONE if f.design.p == f.design.columns else FIT_CONSTANT


cdef inline double in_units(double x, double up, double down) noexcept nogil:
    """x up / down for powers of two; up / down itself may overflow"""
    return ldexp(x, ilogb(up) - ilogb(down)) if up != down else x


cdef void leave_base(Fit* f, const double* bases, double* level) noexcept nogil:
    """The means and intercepts of X and y themselves, which count from `bases`, (2, columns + k)

    `level` (2, k) becomes y at the base of X: the intercept until then, and the base of y.
    """
    cdef Design* d = &f.design
    cdef Py_ssize_t q = d.columns + d.k, i, t, c
    cdef double scale
    cdef Pair base, there
    cdef Pair* b
    for t in range(d.k):
        b = f.b + t * (d.columns + 1)
        scale = d.scales[d.columns + t] if d.scaled else 1
        base = pair_at(bases, bases + q, d.columns + t)
        there = b[d.columns]
        there.high, there.low = there.high / scale, there.low / scale
        there = pair_sum(there, base)
        level[t], level[d.k + t] = there.high, there.low
        base.high, base.low = base.high * scale, base.low * scale
        b[d.columns] = pair_sum(b[d.columns], base)
        for i in range(d.p):
            base = pair_at(bases, bases + q, d.kept[i])
            scale = d.scales[d.kept[i]] if d.scaled else 1
            base.high, base.low = base.high * scale, base.low * scale
            b[d.columns] = pair_difference(b[d.columns], pair_product(b[i], base))
    for i in range(d.p):
        c = d.kept[i]
        f.mean[i] += bases[c] * (d.scales[c] if d.scaled else 1)


cdef LeastSquares result_of(Fit* f, int status, bint single, object X, object y,
                            object weights):
    """The result object, in the units of X and y"""
    cdef Design* d = &f.design
    cdef Py_ssize_t P = d.columns + f.centred, rank = d.p + f.centred, i, t, at
    cdef double* b
    cdef double* bse
    cdef double* V
    cdef cnp.ndarray params = of_parameters(P, d.k, single, &b)
    cdef cnp.ndarray errors = of_parameters(P, d.k, single, &bse)
    cdef cnp.ndarray correlation = of_parameters(P, P, False, &V)
    cdef double root, up, down = 1
    if d.p < d.columns or status == FIT_NOT_FINITE:
        fill_nan(b, P * d.k)
        fill_nan(bse, P * d.k)
        fill_nan(V, P * P)
    if status == FIT_NOT_FINITE:
        fill_nan(f.ssr, d.k)
        fill_nan(f.rsquared, d.k)
        fill_nan(f.fvalue, d.k)
    else:
        for t in range(d.k):
            judge_fit(f.tss[t], explained_by(f, t), f.ssr[t], d.p, f.count - rank,
                      &f.rsquared[t], &f.fvalue[t])
        correlate(f, V, P)
        for t in range(d.k):
            root = root_of_scale(f.ssr[t], f.count - rank)
            if d.scaled:
                down = d.scales[d.columns + t]
                f.ssr[t] = ldexp(f.ssr[t], -2 * ilogb(down) - ilogb(d.weight_scale))
            for i in range(d.p):
                up = d.scales[d.kept[i]] if d.scaled else 1
                at = (d.kept[i] + f.centred) * d.k + t
                b[at] = in_units(f.b[t * (d.columns + 1) + i].high, up, down)
                bse[at] = in_units(f.rows[i] * root, up, down)
            if f.centred:
                b[t] = in_units(f.b[t * (d.columns + 1) + d.columns].high, 1, down)
                bse[t] = in_units(f.rows[d.columns] * root, 1, down)
    return new_fit(params, errors, of_targets(f.ssr, d.k, single),
                   of_targets(f.rsquared, d.k, single), of_targets(f.fvalue, d.k, single),
                   correlation, f.count, rank, status, f.centred, X, y, weights)


cdef int set_rows(Design* d, cnp.ndarray X, cnp.ndarray y, cnp.ndarray weights) except -1:
    """The rows of X (n, p), y (n,) or (n, k), and plain weights (n,); the last two may be None

    Whoever holds an array can set its shape and dtype at any time: here they are read once, and
    checked.
    """
    cdef int ndim = 0 if y is None else cnp.PyArray_NDIM(y)
    if not (is_strided(X) and cnp.PyArray_NDIM(X) == 2):
        raise ValueError("X must have shape (n, p), float32 or float64, as when it was given, "
                         f"got {shape_of(X)}, {X.dtype}")
    d.n, d.columns, d.p, d.k = X.shape[0], X.shape[1], X.shape[1], 0
    if y is not None:
        if not (is_strided(y) and (ndim == 1 or ndim == 2)):
            raise ValueError("y must have shape (n,) or (n, k), float32 or float64, as when it was "
                             f"given, got {shape_of(y)}, {y.dtype}")
        if y.shape[0] != d.n:
            raise ValueError(f"y must have {d.n} rows, as X of shape {shape_of(X)} has, got "
                             f"shape {shape_of(y)}")
        d.k = y.shape[1] if ndim == 2 else 1
        d.y = cnp.PyArray_BYTES(y)
        d.y_row_step = cnp.PyArray_STRIDES(y)[0]
        d.y_column_step = cnp.PyArray_STRIDES(y)[1] if ndim == 2 else 0
        d.y_narrow = cnp.PyArray_TYPE(y) == cnp.NPY_FLOAT
    d.weights = NULL
    if weights is not None:
        if not (is_plain(weights, 1, cnp.NPY_DOUBLE) and weights.shape[0] == d.n):
            raise ValueError(f"weights must have shape ({d.n},) to match X of shape {shape_of(X)}, "
                             f"got {shape_of(weights)}, {weights.dtype}")
        d.weights = <const double*>cnp.PyArray_DATA(weights)
    d.X = cnp.PyArray_BYTES(X)
    d.row_step = cnp.PyArray_STRIDES(X)[0]
    d.column_step = cnp.PyArray_STRIDES(X)[1]
    d.narrow = cnp.PyArray_TYPE(X) == cnp.NPY_FLOAT
    d.weight_scale = 1
    return 0


# For the tests.
ways = {"any": ANY_WAY, "cholesky": CHOLESKY, "reflections": REFLECTIONS}


def fit_rows(cnp.ndarray X not None, cnp.ndarray y not None, bint intercept, cnp.ndarray weights,
             double rank_tol, way="any", cnp.ndarray bases=None, cnp.ndarray level=None,
             int scores=-1):
    """The fit of float32 or float64 arrays in any strides, and of plain float64 weights or None.

    A negative rank_tol asks for the default. Where X or y is not finite, the status is 3 and all
    fields are NaN. `scores`, a code of robust.pxi, asks for the basis of the rows, and for their
    scores above 0. `way` is for the tests.

    With an intercept X and y may count from `bases` (2, p + k), the pairs for their columns. The
    fit is then that of X and y themselves, and `level` (2, k) becomes the y at the base of X.
    """
    cdef Fit f
    cdef Py_ssize_t P
    cdef int status, taken = ways[way]
    cdef PyThreadState* state
    cdef LeastSquares made
    cdef object centre = None
    cdef bint single
    set_rows(&f.design, X, y, weights)
    single = cnp.PyArray_NDIM(y) == 1
    P = f.design.columns + intercept
    if P == 0 or f.design.k == 0:
        raise ValueError("X must have a column, or an intercept, and y a target, got shapes "
                         f"{shape_of(X)} and {shape_of(y)}")
    if f.design.n < P:
        raise too_few(P, f.design.n, weights)
    if bases is not None and not (
            intercept and level is not None and is_plain(bases, 2, cnp.NPY_DOUBLE)
            and is_plain(level, 2, cnp.NPY_DOUBLE) and bases.shape[0] == level.shape[0] == 2
            and bases.shape[1] == f.design.columns + f.design.k and level.shape[1] == f.design.k):
        raise ValueError("bases must have shape (2, p + k) and level (2, k), for an intercept")
    f.centred = intercept
    f.scores.kind = max(scores, <int>BASIS_ALONE)
    f.rank_tol = rank_tol if rank_tol >= 0 else 16 * P * EPSILON
    if rank_tol >= 0 and taken == ANY_WAY:
        taken = REFLECTIONS          # only this way measures columns by it
    if not make_room(&f):
        raise MemoryError
    try:
        state = release_gil(<double>f.design.n * P * (P + f.design.k))
        status = fit_design(&f, &taken)
        take_gil(state)
        if status == FIT_TOO_FEW:
            raise too_few(P, f.count, weights)
        if scores >= 0 and status != FIT_NOT_FINITE:
            centre = centre_of(&f)
        if bases is not None and status != FIT_NOT_FINITE:
            leave_base(&f, <const double*>cnp.PyArray_DATA(bases),
                       <double*>cnp.PyArray_DATA(level))
        made = result_of(&f, status, single, X, y, weights)
        made._way = "cholesky" if taken == CHOLESKY else "reflections"
        made._steps = f.steps
        if scores >= 0 and status != FIT_NOT_FINITE:
            made._basis = basis_of(&f, centre)
        return made
    finally:
        free(f.room)


cdef object too_few(Py_ssize_t P, Py_ssize_t count, object weights):
    return ValueError(f"X must have at least {P} rows for {P} parameters, got {count}"
                      + ("" if weights is None else " that count"))


def finite_rows(cnp.ndarray X not None, cnp.ndarray y not None, cnp.ndarray weights not None):
    """Set to 0 the weights of the rows in which X or y is not finite."""
    cdef Fit f
    cdef Py_ssize_t first = 0, start, c, i
    cdef double* w = <double*>cnp.PyArray_DATA(weights)
    cdef PyThreadState* state
    memset(&f, 0, sizeof(f))
    set_rows(&f.design, X, y, weights)
    f.design.weights = NULL         # look at all rows
    if not make_room(&f):
        raise MemoryError
    state = release_gil(10.0 * f.design.n * (f.design.p + f.design.k))
    while first < f.design.n:
        start = first
        first = pack_block(&f.design, first, &f.block)
        for c in range(f.design.p + f.design.k):
            for i in range(f.block.rows):
                if not isfinite(f.block.columns[c * f.design.ld + i]):
                    w[start + i] = 0
    free(f.room)
    take_gil(state)


def residual_rows(cnp.ndarray X not None, cnp.ndarray y, cnp.ndarray params not None,
                  bint intercept):
    """y - intercept - X params in doubled precision, rounded; params plain, (P, k).

    A column whose parameters are NaN is left out. Without y it is the prediction.
    """
    cdef Fit f
    cdef Py_ssize_t P, k, first = 0, start, i, j, t
    cdef double sign = -1 if y is None else 1
    cdef const double* b
    cdef cnp.ndarray result
    cdef double* out
    cdef PyThreadState* state
    memset(&f, 0, sizeof(f))
    set_rows(&f.design, X, y, None)
    P = f.design.columns + intercept
    if not (is_plain(params, 2, cnp.NPY_DOUBLE) and params.shape[0] == P and params.shape[1] > 0
            and (y is None or params.shape[1] == f.design.k)):
        raise ValueError(f"params must have shape ({P}, k), k as y has, to match X of shape "
                         f"{shape_of(X)}, got {shape_of(params)}, {params.dtype}")
    b = <const double*>cnp.PyArray_DATA(params)
    k = f.design.k = params.shape[1]
    result = new_matrix(f.design.n, k, cnp.NPY_DOUBLE)
    out = <double*>cnp.PyArray_DATA(result)
    if not make_room(&f):
        raise MemoryError
    f.design.k = 0 if y is None else k
    state = release_gil(10.0 * f.design.n * (P + 1) * k)
    f.design.p = 0
    for j in range(P - intercept):
        if isnan(b[(j + intercept) * k]):
            continue
        for t in range(k):
            f.b[t * P + f.design.p] = as_pair(b[(j + intercept) * k + t])
        f.design.kept[f.design.p] = j
        f.design.p += 1
    if y is None:
        memset(f.roots, 0, f.design.ld * sizeof(double))
    while first < f.design.n:
        start = first
        first = pack_block(&f.design, first, &f.block)
        for t in range(k):
            residuals(f.design.p, f.block.groups, f.block.columns, f.design.ld,
                      f.roots if y is None
                      else f.block.columns + (f.design.p + t) * f.design.ld,
                      f.b + t * P, as_pair(b[t] if intercept else 0), f.other,
                      f.other + f.design.ld)
            for i in range(f.block.rows):
                out[(start + i) * k + t] = sign * f.other[i]
    free(f.room)
    take_gil(state)
    return result


def fit_linear(X, y, *, intercept=True, weights=None, rank_tol=None, nan_policy="raise",
               cov=NONROBUST, groups=None, maxlags=None):
    cdef LeastSquares made
    if (weights is None and rank_tol is None and nan_policy == "raise" and cov is NONROBUST
            and groups is None and maxlags is None
            and is_plain(X, 2, cnp.NPY_DOUBLE) and is_plain(y, 1, cnp.NPY_DOUBLE)):
        made = fit_rows(X, y, intercept, None, -1)
        if made.status == FIT_CONSTANT:
            made._warn_of_rank()
        if made.status != FIT_NOT_FINITE:
            return made
    return fit_linear.__wrapped__(X, y, intercept=intercept, weights=weights, rank_tol=rank_tol,
                                  nan_policy=nan_policy, cov=cov, groups=groups, maxlags=maxlags)
