# Straight lines through points: the sums of one row, and its fit.
#
# The sums are taken about a provisional line, not of x and y: of u = x - centre and of the
# residuals e = y - slope x - level. The last digits of e are kept. If the line is near, its
# correction is small. Then plain sums give slope and intercept to the last digit, and nothing
# cancels in the sum of squared residuals, however good the fit. The provisional line is an
# ordinary fit by centred sums. A long row uses a fit of a sample, so memory is read once. The
# sums also tell whether the line was near. If it was not, they are taken again about the new
# line.
#
# Up to SHORT points are added in order. Longer rows use PARTIAL_SUMS interleaved sums a BLOCK,
# and the blocks are added pairwise. Every level does so: the bits agree where mul_add does.
#
# Bjorck, Numerical Methods for Least Squares Problems, SIAM, 1996, section 2.9 (refinement);
# Chan, Golub, LeVeque, "Algorithms for computing the sample variance", The American Statistician
# 37(3), 1983 (shifted sums and their correction, pairwise order).

from libc.math cimport copysign, fma, ldexp, sqrt

cdef enum:
    LINE_SHORT = 64         # points
    LINE_BLOCK = 512        # points; three arrays take 12 KB
    LINE_LOOKS = 8          # blocks between two counts of work
    LINE_SAMPLE = 128
    PARTIAL_SUMS = 8        # the float64 lanes of the widest level
    MOST_REFITS = 4         # a second refit is rare

cdef enum:                  # the kind of sums
    OF_POINTS               # u = x, e = y: for the two means
    OF_SPREAD               # u = x - centre, e = y - level: for the two products
    ABOUT_LINE              # u, e about the line: all sums

cdef enum:                  # the points that count
    EVERY_POINT
    WHERE_WEIGHTED          # points of weight above 0; weights are 1 or 0
    BY_WEIGHT

cdef enum:                  # the provisional line
    LINE_CENTRE
    LINE_SLOPE              # slope and level are pairs
    LINE_SLOPE_LOW
    LINE_LEVEL
    LINE_LEVEL_LOW
    LINE_SIZE

cdef enum:                  # the sums
    SUM_U
    SUM_E
    SUM_UU
    SUM_UE
    SUM_EE
    SUM_WEIGHT
    SUM_COUNT               # number of positive weights
    SUM_BAD                 # number of negative weights
    LINE_SUMS

cdef enum:                  # a fit
    FIT_SLOPE
    FIT_INTERCEPT
    FIT_RVALUE
    FIT_STDERR
    FIT_INTERCEPT_STDERR
    FIT_SIZE

# If mean squares or weights are outside this range, refit_row() scales by powers of two.
cdef double LINE_LEAST = 1e-100
cdef double LINE_MOST = 1e100

cdef struct Series:         # numbers in memory
    const char* data        # NULL for weights: all weights are 1
    Py_ssize_t step         # bytes from a number to the next
    bint narrow             # float32
    int exponent            # fetch() multiplies numbers by 2^exponent

cdef struct Points:         # a row
    Py_ssize_t count
    Series x
    Series y
    Series weights


# ---- registers and numbers alike ----

cdef inline word constant(word like, double s) noexcept nogil:
    """Return s in every lane"""
    if word is f64v:
        return fill(like, s)
    else:
        return s


cdef inline word choose(word a, word b, word x, word y) noexcept nogil:
    """Return x where a > b, else y"""
    if word is f64v:
        return pick(a, b, x, y)
    else:
        return x if a > b else y


cdef inline word multiply_add(word a, word b, word c) noexcept nogil:
    """Return mul_add() of registers or numbers"""
    if word is f64v:
        return mul_add(a, b, c)
    elif FUSED:
        return fma(a, b, c)
    else:
        return a * b + c


cdef inline word root_of(word a) noexcept nogil:
    """Return sqrt(a)"""
    if word is f64v:
        return sqrt_f64(a)
    else:
        return sqrt(a)


cdef inline word with_sign_of(word magnitude, word x) noexcept nogil:
    """Return magnitude with the sign of x"""
    if word is f64v:
        return with_sign(magnitude, x)
    else:
        return copysign(magnitude, x)


cdef inline word number_at(word like, const word* p) noexcept nogil:
    """Return *p; p need not be aligned to a register"""
    cdef word v
    if word is f64v:
        load(&v, <const double*>p)
        return v
    else:
        return p[0]


# ---- sums ----

cdef inline void add_one(word like, const int kind, const int which, word x, word y, word w,
                         const word* line, word* sums) noexcept nogil:
    """Add one point to the sums of one kind; skip it if its weight is not above 0"""
    cdef word zero = constant(like, 0), u = x, e = y, wu, we, product, lost, rest, rounding
    if kind == ABOUT_LINE:
        # Compute y - slope x exactly, then subtract the level.
        product = two_product(line[LINE_SLOPE], x, &lost)
        rest = two_sum(y, -product, &rounding)
        e = multiply_add(line[LINE_SLOPE_LOW], x, line[LINE_LEVEL_LOW])
        e = (rest - line[LINE_LEVEL]) + ((rounding - lost) - e)
    elif kind == OF_SPREAD:
        e = y - line[LINE_LEVEL]
    if kind != OF_POINTS:
        u = x - line[LINE_CENTRE]
    if which != EVERY_POINT:
        u = choose(w, zero, u, zero)
        e = choose(w, zero, e, zero)
    wu, we = u, e
    if which == BY_WEIGHT:
        wu = w * u
        we = w * e
    if which == BY_WEIGHT and kind != OF_SPREAD:
        sums[SUM_WEIGHT] = sums[SUM_WEIGHT] + w
    if which == BY_WEIGHT and kind == ABOUT_LINE:
        sums[SUM_COUNT] = sums[SUM_COUNT] + choose(w, zero, constant(like, 1), zero)
        sums[SUM_BAD] = sums[SUM_BAD] + choose(zero, w, constant(like, 1), zero)
    if kind != OF_SPREAD:
        sums[SUM_U] = sums[SUM_U] + wu
        sums[SUM_E] = sums[SUM_E] + we
    if kind != OF_POINTS:
        sums[SUM_UU] = multiply_add(wu, u, sums[SUM_UU])
        sums[SUM_UE] = multiply_add(wu, e, sums[SUM_UE])
    if kind == ABOUT_LINE:
        sums[SUM_EE] = multiply_add(we, e, sums[SUM_EE])


cdef inline void add_points(
        word like, const int kind, const int which, Py_ssize_t count, Py_ssize_t step,
        const word* x, const word* y, const word* weights, const word* line,
        word* sums) noexcept nogil:
    """Add the points i step, i < count, to the sums of one kind"""
    cdef word even[LINE_SUMS]
    cdef word odd[LINE_SUMS]
    cdef word w = constant(like, 1)
    cdef Py_ssize_t i = 0, k
    for k in range(LINE_SUMS):
        even[k] = sums[k]
        odd[k] = constant(like, 0)
    while i < count:
        if which != EVERY_POINT:
            w = number_at(like, weights + i * step)
        add_one(like, kind, which, number_at(like, x + i * step), number_at(like, y + i * step),
                w, line, even)
        i += 1
        if kind != ABOUT_LINE:
            # Two sums: the second fills the time that an addition takes.
            if i == count:
                break
            if which != EVERY_POINT:
                w = number_at(like, weights + i * step)
            add_one(like, kind, which, number_at(like, x + i * step),
                    number_at(like, y + i * step), w, line, odd)
            i += 1
    for k in range(LINE_SUMS):
        sums[k] = even[k] + odd[k]


cdef inline const double* fetch(const Series* series, Py_ssize_t start, Py_ssize_t count,
                                double* buffer) noexcept nogil:
    """Return the numbers start:start + count, in place or copied to the buffer"""
    cdef const char* p = series.data + start * series.step
    cdef Py_ssize_t i
    if (series.step == <Py_ssize_t>sizeof(double) and not series.narrow and series.exponent == 0):
        return <const double*>p
    for i in range(count):
        if series.narrow:
            buffer[i] = (<const float*>(p + i * series.step))[0]
        else:
            buffer[i] = (<const double*>(p + i * series.step))[0]
        if series.exponent:
            buffer[i] = ldexp(buffer[i], series.exponent)
    return buffer


cdef inline void block_sums(const int kind, const int which, Py_ssize_t count, const double* x,
                            const double* y, const double* weights, const double* line,
                            double* sums) noexcept nogil:
    """sums = the sums of a block: PARTIAL_SUMS interleaved sums, then added pairwise"""
    cdef f64v like = <f64v>fill_f64(0)
    cdef f64v parts[PARTIAL_SUMS][LINE_SUMS]
    cdef f64v wide[LINE_SIZE]
    cdef double last[3][PARTIAL_SUMS]
    cdef double each[PARTIAL_SUMS]
    cdef const double* base = x if weights == NULL else weights     # only its address is used
    cdef Py_ssize_t whole = count - count % PARTIAL_SUMS, first = 0, i, k
    for i in range(LINE_SIZE):
        wide[i] = fill(like, line[i])
    for i in range(count - whole):
        last[0][i] = x[whole + i]
        last[1][i] = y[whole + i]
        last[2][i] = 1 if weights == NULL else weights[whole + i]
    for i in range(count - whole, PARTIAL_SUMS):
        last[0][i], last[1][i], last[2][i] = line[LINE_CENTRE], line[LINE_LEVEL], 0
    while first < PARTIAL_SUMS:
        for i in range(LINE_SUMS):
            parts[first][i] = like
        add_points(like, kind, which, whole // PARTIAL_SUMS, PARTIAL_SUMS // F64_LANES,
                   <const f64v*>(x + first), <const f64v*>(y + first),
                   <const f64v*>(base + first), wide, parts[first])
        if whole < count:
            add_points(like, kind, WHERE_WEIGHTED if which == EVERY_POINT else which, 1, 1,
                       <const f64v*>(last[0] + first), <const f64v*>(last[1] + first),
                       <const f64v*>(last[2] + first), wide, parts[first])
        first += F64_LANES
    for i in range(LINE_SUMS):
        first = 0
        while first < PARTIAL_SUMS:
            store(each + first, parts[first][i])
            first += F64_LANES
        for k in range(4):
            each[k] = each[k] + each[k + 4]
        sums[i] = (each[0] + each[2]) + (each[1] + each[3])


cdef void row_sums(const int kind, const int which, const Points* points, const double* line,
                   double* sums) noexcept nogil:
    """sums = the sums of a row; without weights, SUM_WEIGHT and SUM_COUNT stay 0"""
    cdef double x[LINE_BLOCK]
    cdef double y[LINE_BLOCK]
    cdef double w[LINE_BLOCK]
    cdef double levels[64][LINE_SUMS]       # levels[k]: the sums of 2^k blocks
    cdef Py_ssize_t start = 0, done = 0, count, bits, i, k
    cdef const double* xs
    cdef const double* ys
    cdef const double* ws = NULL
    memset(sums, 0, LINE_SUMS * sizeof(double))
    while start < points.count:
        count = min(points.count - start, <Py_ssize_t>LINE_BLOCK)
        xs = fetch(&points.x, start, count, x)
        ys = fetch(&points.y, start, count, y)
        if which == BY_WEIGHT:
            ws = fetch(&points.weights, start, count, w)
        if points.count <= LINE_SHORT:
            add_points(<f64>0, kind, which, count, 1, <const f64*>xs, <const f64*>ys,
                       <const f64*>ws, <const f64*>line, <f64*>sums)
            return
        block_sums(kind, which, count, xs, ys, ws, line, sums)
        k = 0
        bits = done
        while bits & 1:
            for i in range(LINE_SUMS):
                sums[i] = levels[k][i] + sums[i]
            k += 1
            bits >>= 1
        memcpy(levels[k], sums, LINE_SUMS * sizeof(double))
        start += count
        done += 1
        if done % LINE_LOOKS == 0 and interrupted(5 * LINE_LOOKS * LINE_BLOCK):
            break
    for k in range(64):
        if done >> k & 1:
            if done & ((<Py_ssize_t>1 << k) - 1) == 0:
                memcpy(sums, levels[k], LINE_SUMS * sizeof(double))
            else:
                for i in range(LINE_SUMS):
                    sums[i] = levels[k][i] + sums[i]


# ---- the fit ----

cdef inline void aim(word like, word share, const word* sums, word* line) noexcept nogil:
    """line = the level line through the means; share = 1 / weight, and infinity counts as 0"""
    cdef word zero = constant(like, 0)
    share = choose(constant(like, INFINITY), share, share, zero)
    line[LINE_CENTRE] = share * sums[SUM_U]
    line[LINE_LEVEL] = share * sums[SUM_E]
    line[LINE_SLOPE] = line[LINE_SLOPE_LOW] = line[LINE_LEVEL_LOW] = zero


cdef inline void tilt(word like, const word* sums, word* line) noexcept nogil:
    """Give the provisional line its slope, or 0 where x does not vary"""
    cdef word zero = constant(like, 0), lost, rounding
    cdef word slope = choose(sums[SUM_UU], zero, sums[SUM_UE] / sums[SUM_UU], zero)
    cdef word product = two_product(slope, line[LINE_CENTRE], &lost)
    line[LINE_SLOPE] = slope
    line[LINE_LEVEL] = two_sum(line[LINE_LEVEL], -product, &rounding)
    line[LINE_LEVEL_LOW] = rounding - lost


cdef inline word conclude(word like, word weight, word share, word free, const word* sums,
                          const word* line, word* found, word* settled) noexcept nogil:
    """found = the fit by its sums about a line; return 1 where nothing is wrong, else 0

    share: 1 / weight. free: 1 / degrees of freedom, infinite if there are none.
    settled: 1 where the line was near enough to be the last, else 0.
    """
    cdef word zero = constant(like, 0), one = constant(like, 1)
    cdef word mean_u = share * sums[SUM_U], mean_e = share * sums[SUM_E]
    cdef word uu = multiply_add(-sums[SUM_U], mean_u, sums[SUM_UU])
    cdef word ue = multiply_add(-sums[SUM_E], mean_u, sums[SUM_UE])
    cdef word ee = multiply_add(-sums[SUM_E], mean_e, sums[SUM_EE])
    cdef word per_uu = one / uu, change = ue * per_uu, centre = line[LINE_CENTRE] + mean_u
    cdef word ssr = multiply_add(-change, ue, ee)
    cdef word slope = line[LINE_SLOPE] + (line[LINE_SLOPE_LOW] + change)
    cdef word explained = slope * (slope * uu), total, variance, fine
    cdef word least = constant(like, LINE_LEAST) * weight, most = constant(like, LINE_MOST) * weight
    cdef word blur = centre * constant(like, 2.0 ** -48)       # the rounding of a centre
    # Sums lose less than half of their size. Residuals of 0 lose nothing.
    settled[0] = choose(ssr + ssr, sums[SUM_EE], one, choose(sums[SUM_EE], zero, zero, one))
    settled[0] = choose(uu + uu, sums[SUM_UU], settled[0], zero)
    ssr = choose(ssr, zero, ssr, zero)
    ssr = choose(constant(like, INFINITY), free, ssr, zero)
    total = explained + ssr
    variance = ssr * free
    found[FIT_SLOPE] = slope
    found[FIT_INTERCEPT] = line[LINE_LEVEL] + (line[LINE_LEVEL_LOW] + (mean_e - change * centre))
    found[FIT_RVALUE] = with_sign_of(root_of(explained / total), slope)
    found[FIT_STDERR] = root_of(variance * per_uu)
    found[FIT_INTERCEPT_STDERR] = root_of(variance * (share + centre * centre * per_uu))
    fine = choose(uu, blur * blur * weight, settled[0], zero)
    fine = choose(uu, least, fine, zero)
    fine = choose(most, uu, fine, zero)
    fine = choose(total, least, fine, zero)
    return choose(most, total, fine, zero)


cdef inline word weights_are_fine(word like, const word* sums) noexcept nogil:
    """Return 1 where no weight is negative, two are positive, and their sum is not extreme"""
    cdef word zero = constant(like, 0), one = constant(like, 1)
    cdef word fine = choose(sums[SUM_BAD], zero, zero, one)
    fine = choose(sums[SUM_COUNT], one, fine, zero)
    fine = choose(sums[SUM_WEIGHT], constant(like, LINE_LEAST), fine, zero)
    return choose(constant(like, LINE_MOST), sums[SUM_WEIGHT], fine, zero)


cdef void provisional_line(const int which, const Points* points, const bint sampled,
                           double* line) noexcept nogil:
    """line = an ordinary fit of the row, or of a sample of a long row; a sample may miss weights"""
    cdef double sums[LINE_SUMS]
    cdef Points sample = points[0]
    cdef Py_ssize_t every
    cdef f64 weight
    if sampled and points.count > LINE_BLOCK:
        every = points.count // LINE_SAMPLE
        sample.count = LINE_SAMPLE
        sample.x.step *= every
        sample.y.step *= every
        sample.weights.step *= every
    memset(line, 0, LINE_SIZE * sizeof(double))
    row_sums(OF_POINTS, which, &sample, line, sums)
    weight = sums[SUM_WEIGHT] if which == BY_WEIGHT else sample.count
    aim(<f64>0, 1 / weight, <const f64*>sums, <f64*>line)
    row_sums(OF_SPREAD, which, &sample, line, sums)
    tilt(<f64>0, <const f64*>sums, <f64*>line)
