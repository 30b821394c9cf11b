# Straight lines: one row to its end, and stacks of rows.
#
# A row goes through refit_row() if its first fit is not settled or not ordinary (constant,
# extreme, not finite). fit_short() fits a short row in a number, or one in each lane of a register,
# so the bits agree. A row of a stack that is not ordinary is fitted again alone.

from libc.math cimport fabs, frexp, isfinite, ldexp, sqrt

cdef struct Scan:           # facts of the points that count
    Py_ssize_t count
    double largest_x
    double largest_y
    double largest_weight
    bint varies             # whether x varies
    bint finite
    bint weights_are_good

cdef struct SeriesRows:     # a Series for each row of a stack
    Series first
    const cnp.npy_intp* strides
    bint even               # whether rows lie row_step bytes apart
    Py_ssize_t row_step

cdef struct LineStack:
    int leading             # axes before the points
    const cnp.npy_intp* shape
    Py_ssize_t count        # points of a row
    SeriesRows x
    SeriesRows y
    SeriesRows weights
    double* found[FIT_SIZE]
    cnp.int64_t* nobs
    signed char* status


cdef inline double number_of(const Series* series, Py_ssize_t i) noexcept nogil:
    """Return number i"""
    cdef double number
    return fetch(series, i, 1, &number)[0]


# ---- one row ----

cdef void scan_row(const Points* points, Scan* found) noexcept nogil:
    """found = the facts of the points before the fit"""
    cdef Py_ssize_t i
    cdef double x, y, weight = 1, first = 0
    memset(found, 0, sizeof(Scan))
    found.finite = found.weights_are_good = True
    for i in range(points.count):
        if i % 4096 == 4095 and interrupted(10 * 4096):
            return
        if points.weights.data != NULL:
            weight = number_of(&points.weights, i)
            if not 0 <= weight < INFINITY:
                found.weights_are_good = False
            if not weight > 0:
                continue
        x, y = number_of(&points.x, i), number_of(&points.y, i)
        if found.count == 0:
            first = x
        found.count += 1
        found.finite &= isfinite(x) and isfinite(y)
        found.varies |= x != first
        found.largest_x = max(found.largest_x, fabs(x))
        found.largest_y = max(found.largest_y, fabs(y))
        found.largest_weight = max(found.largest_weight, weight)


cdef inline int exponent_near_one(double largest) noexcept nogil:
    """Return k such that 2^k brings a number far from 1 near to 1; 0 if it is not far"""
    cdef int exponent = 0
    if largest > 0 and isfinite(largest):
        frexp(largest, &exponent)
    return -exponent if not -150 <= exponent <= 150 else 0


cdef void improve(const double* sums, f64 weight, double largest_y, double* line) noexcept nogil:
    """Correct the provisional line by its residuals; round it where the change is negligible

    If points lie on a line with short numbers, rounding makes their residuals exactly 0.
    """
    cdef f64 negligible = 2.0 ** -80, mean_u = sums[SUM_U] / weight, mean_e = sums[SUM_E] / weight
    cdef f64 uu = sums[SUM_UU] - sums[SUM_U] * mean_u
    cdef f64 change = (sums[SUM_UE] - sums[SUM_E] * mean_u) / uu
    cdef f64 slope, slope_low, level, low, product, lost
    slope = add_single(<f64>line[LINE_SLOPE], <f64>line[LINE_SLOPE_LOW], change, &slope_low)
    if fabs(slope_low) <= negligible * fabs(slope):
        slope_low = 0
    if fabs(slope) * sqrt(uu / weight) <= negligible * largest_y:
        slope = slope_low = 0
        change = -line[LINE_SLOPE]
    level = add_single(<f64>line[LINE_LEVEL], <f64>line[LINE_LEVEL_LOW], mean_e, &low)
    product = two_product(change, <f64>line[LINE_CENTRE], &lost)
    level = add_single(level, low, -product, &low)
    level = add_single(level, low, -(lost + change * mean_u), &low)
    line[LINE_CENTRE] = line[LINE_CENTRE] + mean_u
    if fabs(low) <= negligible * fabs(level):
        low = 0
    if fabs(level) <= negligible * fabs(slope * line[LINE_CENTRE]):
        level = low = 0
    line[LINE_SLOPE], line[LINE_SLOPE_LOW] = slope, slope_low
    line[LINE_LEVEL], line[LINE_LEVEL_LOW] = level, low


cdef int refit_row(const int which, const Points* given, double* found,
                   cnp.int64_t* nobs) noexcept nogil:
    """fit_row() of any row: also short, constant, extreme or not finite rows"""
    cdef Points points = given[0]
    cdef Scan scan
    cdef double sums[LINE_SUMS]
    cdef double line[LINE_SIZE]
    cdef f64 settled = 0, weight, free
    cdef int i, refits = 0, status = FIT_DONE
    scan_row(given, &scan)
    nobs[0] = scan.count
    if not scan.weights_are_good:
        status = FIT_BAD_WEIGHT
    elif scan.count < 2:
        status = FIT_TOO_FEW
    elif not scan.finite:
        status = FIT_NOT_FINITE
    elif not scan.varies:
        status = FIT_CONSTANT
    if status != FIT_DONE:
        for i in range(FIT_SIZE):
            found[i] = NAN
        return status
    points.x.exponent = exponent_near_one(scan.largest_x)
    points.y.exponent = exponent_near_one(scan.largest_y)
    points.weights.exponent = exponent_near_one(scan.largest_weight)
    provisional_line(which, &points, False, line)
    free = scan.count - 2
    while True:
        row_sums(ABOUT_LINE, which, &points, line, sums)
        weight = sums[SUM_WEIGHT] if which == BY_WEIGHT else scan.count
        conclude(<f64>0, weight, 1 / weight, 1 / free, <const f64*>sums, <const f64*>line,
                 <f64*>found, &settled)
        if settled > 0 or refits == MOST_REFITS:
            break
        improve(sums, weight, ldexp(scan.largest_y, points.y.exponent), line)
        refits += 1
    if found[FIT_SLOPE] == 0:           # a constant y gives 0 / 0
        found[FIT_RVALUE] = 0
    found[FIT_SLOPE] = ldexp(found[FIT_SLOPE], points.x.exponent - points.y.exponent)
    found[FIT_STDERR] = ldexp(found[FIT_STDERR], points.x.exponent - points.y.exponent)
    found[FIT_INTERCEPT] = ldexp(found[FIT_INTERCEPT], -points.y.exponent)
    found[FIT_INTERCEPT_STDERR] = ldexp(found[FIT_INTERCEPT_STDERR], -points.y.exponent)
    return FIT_DONE


cdef inline void short_sums(word like, const int kind, const int which, Py_ssize_t n, const word* x,
                            const word* y, const word* w, const word* line,
                            word* sums) noexcept nogil:
    """sums = the sums of at most LINE_SHORT points, with the operations of row_sums()"""
    cdef Py_ssize_t i
    for i in range(LINE_SUMS):
        sums[i] = constant(like, 0)
    add_points(like, kind, which, n, 1, x, y, w, line, sums)


cdef inline word fit_short(word like, const int which, Py_ssize_t n, const word* x, const word* y,
                           const word* w, word* found, word* count) noexcept nogil:
    """found = the fit of n <= LINE_SHORT points, of which `count` count; 1 where it is fine"""
    cdef word line[LINE_SIZE]
    cdef word sums[LINE_SUMS]
    cdef word one = constant(like, 1), weight = constant(like, n), fine = one, settled
    short_sums(like, OF_POINTS, which, n, x, y, w, line, sums)
    aim(like, one / (sums[SUM_WEIGHT] if which == BY_WEIGHT else weight), <const word*>sums, line)
    short_sums(like, OF_SPREAD, which, n, x, y, w, line, sums)
    tilt(like, <const word*>sums, line)
    short_sums(like, ABOUT_LINE, which, n, x, y, w, line, sums)
    count[0] = weight
    if which == BY_WEIGHT:
        weight = sums[SUM_WEIGHT]
        count[0] = sums[SUM_COUNT]
        fine = weights_are_fine(like, <const word*>sums)
    return fine * conclude(like, weight, one / weight, one / (count[0] - constant(like, 2)),
                           <const word*>sums, <const word*>line, found, &settled)


cdef inline f64 fit_long(const int which, const Points* points, f64* found,
                         f64* count) noexcept nogil:
    """fit_short() of more points"""
    cdef double sums[LINE_SUMS]
    cdef double line[LINE_SIZE]
    cdef f64 weight = points.count, fine = 1, settled
    provisional_line(which, points, True, line)
    row_sums(ABOUT_LINE, which, points, line, sums)
    count[0] = weight
    if which == BY_WEIGHT:
        weight, count[0] = sums[SUM_WEIGHT], sums[SUM_COUNT]
        fine = weights_are_fine(<f64>0, <const f64*>sums)
    return fine * conclude(<f64>0, weight, 1 / weight, 1 / (count[0] - 2), <const f64*>sums,
                           <const f64*>line, found, &settled)


cdef inline int fit_points(const int which, const Points* points, double* found,
                           cnp.int64_t* nobs) noexcept nogil:
    """fit_row() with a constant `which`"""
    cdef double x[LINE_SHORT]
    cdef double y[LINE_SHORT]
    cdef double w[LINE_SHORT]
    cdef Py_ssize_t n = points.count
    cdef const double* ws = NULL
    cdef f64 count = 0, fine = 0
    if n > LINE_SHORT:
        fine = fit_long(which, points, <f64*>found, &count)
    elif n >= 2:
        if which == BY_WEIGHT:
            ws = fetch(&points.weights, 0, n, w)
        fine = fit_short(<f64>0, which, n, <const f64*>fetch(&points.x, 0, n, x),
                         <const f64*>fetch(&points.y, 0, n, y), <const f64*>ws, <f64*>found, &count)
    if fine > 0:
        nobs[0] = <cnp.int64_t>count
        return FIT_DONE
    return refit_row(which, points, found, nobs)


cdef int fit_row(const Points* points, double* found, cnp.int64_t* nobs) noexcept nogil:
    """found = the fit of a row, NaN if it failed; return its status"""
    if points.weights.data == NULL:
        return fit_points(EVERY_POINT, points, found, nobs)
    return fit_points(BY_WEIGHT, points, found, nobs)


# ---- stacks ----

cdef inline Series series_at(const LineStack* stack, const SeriesRows* rows,
                             Py_ssize_t row) noexcept nogil:
    """Return the numbers of one row"""
    cdef Series series = rows.first
    cdef int axis
    if rows.even:
        series.data += row * rows.row_step
        return series
    for axis in range(stack.leading - 1, -1, -1):
        series.data += row % stack.shape[axis] * rows.strides[axis]
        row = row // stack.shape[axis]
    return series


cdef void fit_alone(const LineStack* stack, Py_ssize_t row) noexcept nogil:
    """fit_row() of a row of a stack"""
    cdef Points points
    cdef double found[FIT_SIZE]
    cdef int i
    points.count = stack.count
    points.x = series_at(stack, &stack.x, row)
    points.y = series_at(stack, &stack.y, row)
    points.weights.data = NULL
    if stack.weights.first.data != NULL:
        points.weights = series_at(stack, &stack.weights, row)
    stack.status[row] = <signed char>fit_row(&points, found, stack.nobs + row)
    for i in range(FIT_SIZE):
        stack.found[i][row] = found[i]


cdef inline void load_rows(const LineStack* stack, const SeriesRows* rows, Py_ssize_t row,
                           Py_ssize_t last, f64v* v) noexcept nogil:
    """v[i][k] = number i of row + k, for i < count

    A transposing load of less than L numbers reads on, into the rows before `last`.
    """
    cdef double lane[MAX_LANES]
    cdef const double* p
    cdef Series series[PARTIAL_SUMS]
    cdef Py_ssize_t count = stack.count, ld = rows.row_step // <Py_ssize_t>sizeof(double), i, k
    if (rows.even and not rows.first.narrow and rows.first.step == <Py_ssize_t>sizeof(double)
            and (count >= F64_LANES
                 or (ld >= count and count * (last - row - F64_LANES) >= F64_LANES))):
        p = <const double*>(rows.first.data + row * rows.row_step)
        i = 0
        while i < count:
            if count >= F64_LANES:
                i = min(i, count - F64_LANES)       # the last block overlaps the previous one
            load_columns(v + i, p + i, ld)
            i += F64_LANES
        if ld == count:
            for k in range(0, F64_LANES * rows.row_step, 64):       # the next rows
                prefetch(rows.first.data + (row + F64_LANES) * rows.row_step + k)
        return
    for k in range(F64_LANES):
        series[k] = series_at(stack, rows, row + k)
    for i in range(count):
        for k in range(F64_LANES):
            lane[k] = number_of(&series[k], i)
        load(&v[i], <const double*>lane)


cdef inline void fit_lanes(const int which, const LineStack* stack, Py_ssize_t start,
                           Py_ssize_t stop) noexcept nogil:
    """fit_alone() of rows start:stop with at most LINE_SHORT points; L divides stop - start"""
    cdef f64v like = <f64v>fill_f64(0), fine, counts
    cdef f64v x[LINE_SHORT + PARTIAL_SUMS]
    cdef f64v y[LINE_SHORT + PARTIAL_SUMS]
    cdef f64v w[LINE_SHORT + PARTIAL_SUMS]
    cdef f64v found[FIT_SIZE]
    cdef double numbers[MAX_LANES]
    cdef Py_ssize_t n = stack.count, row, i, k
    cdef bint one_x = stack.x.even and stack.x.row_step == 0
    cdef bint one_w = stack.weights.even and stack.weights.row_step == 0
    memset(stack.status + start, FIT_DONE, stop - start)
    for row in range(start, stop):
        stack.nobs[row] = n
    row = start
    while row < stop:
        if row == start or not one_x:
            load_rows(stack, &stack.x, row, stop, x)
        load_rows(stack, &stack.y, row, stop, y)
        if which == BY_WEIGHT and (row == start or not one_w):
            load_rows(stack, &stack.weights, row, stop, w)
        fine = fit_short(like, which, n, <const f64v*>x, <const f64v*>y, <const f64v*>w, found,
                         &counts)
        if which == BY_WEIGHT:
            store(numbers, counts)
            for k in range(F64_LANES):
                stack.nobs[row + k] = <cnp.int64_t>numbers[k]
        for i in range(FIT_SIZE):
            store(stack.found[i] + row, found[i])
        store(numbers, fine)
        for k in range(F64_LANES):
            if not numbers[k] > 0:
                fit_alone(stack, row + k)
        row += F64_LANES


cdef void fit_stack(const LineStack* stack, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Fit the rows start:stop"""
    cdef Py_ssize_t row = start
    if 2 <= stack.count <= LINE_SHORT:
        row = stop - (stop - start) % F64_LANES
        if stack.weights.first.data == NULL:
            fit_lanes(EVERY_POINT, stack, start, row)
        else:
            fit_lanes(BY_WEIGHT, stack, start, row)
    for row in range(row, stop):
        fit_alone(stack, row)
