# Sums over points of Chebyshev polynomials of the mapped x, in doubled precision: the passes over
# the data of a polynomial fit. See polynomial.pxi.
#
# x is mapped to t in [-1, 1], to 2^-104. A pass takes a block of points at a time: it holds two
# neighbours T_k and T_(k-1) there, and the recurrence makes the next of them.
#
# The weights cost nothing: w T_k obeys the recurrence of T_k. A sum over points has SHARES parts
# at every level, and doubled.pxi rounds alike at all of them; so the bits are the same.

from libc.math cimport frexp, ldexp

cdef enum:
    SHARES = 8              # parts of a sum over points: the float64 lanes of the widest level
    POINTS = 64             # of a block
    BLOCK_LOOKS = 64        # blocks between two counts of work
    PAIRS = 2 * POINTS      # of a block of pairs: POINTS high parts, then their low parts

# t = (2^shift x - centre) factor
cdef struct Mapping:
    int shift
    double centre
    double factor

cdef struct Cloud:
    Py_ssize_t n
    const double* x
    const double* y
    const double* weights   # NULL: 1
    Mapping mapping
    int y_shift             # the sums are those of 2^y_shift y and 2^weight_shift w
    int weight_shift
    Py_ssize_t count        # points whose weight is not 0
    bint constant           # whether y is the same number at all of them

# A block of points. After the last point, and at a weight of 0, all is 0.
cdef struct MappedPoints:
    double[POINTS] x
    double[POINTS] y
    double[POINTS] weight
    double[PAIRS] twice     # 2 t


# ---- points ----

cdef inline Py_ssize_t block_count(const Cloud* cloud) noexcept nogil:
    return (cloud.n + POINTS - 1) // POINTS


cdef inline void read_points(const Cloud* cloud, Py_ssize_t block,
                             MappedPoints* points) noexcept nogil:
    """x, y and weights as they are; after the last point the weight is 0"""
    cdef Py_ssize_t start = block * POINTS, i
    cdef Py_ssize_t count = min(<Py_ssize_t>POINTS, cloud.n - start)
    if count < POINTS:
        memset(points, 0, sizeof(MappedPoints))
    memcpy(points.x, cloud.x + start, count * sizeof(double))
    memcpy(points.y, cloud.y + start, count * sizeof(double))
    if cloud.weights != NULL:
        memcpy(points.weight, cloud.weights + start, count * sizeof(double))
    else:
        for i in range(count):
            points.weight[i] = 1


cdef inline void map_points(const Cloud* cloud, MappedPoints* points) noexcept nogil:
    """2 t, and y and weights at their scales"""
    cdef f64v x, y, weight, low, zero = fill_f64(0)
    cdef f64v x_scale = fill_f64(ldexp(1, cloud.mapping.shift))
    cdef f64v y_scale = fill_f64(ldexp(1, cloud.y_shift))
    cdef f64v weight_scale = fill_f64(ldexp(1, cloud.weight_shift))
    cdef f64v centre = fill_f64(-cloud.mapping.centre)
    cdef f64v factor = fill_f64(2 * cloud.mapping.factor)
    cdef Py_ssize_t part, i
    for part in range(POINTS // F64_LANES):
        i = part * F64_LANES
        load(&x, <const double*>points.x + i)
        load(&y, <const double*>points.y + i)
        load(&weight, <const double*>points.weight + i)
        x = two_sum(x * x_scale, centre, &low)
        x = multiply_single(x, low, factor, &low)
        store(points.twice + i, pick(weight, zero, x, zero))
        store(points.twice + POINTS + i, pick(weight, zero, low, zero))
        store(points.y + i, pick(weight, zero, y * y_scale, zero))
        store(points.weight + i, weight * weight_scale)


cdef int scaling_shift(double largest) noexcept nogil:
    """The power of 2 that brings a number to [1/2, 1)"""
    cdef int exponent = 0
    frexp(largest, &exponent)
    return max(-1000, min(1000, -exponent))


cdef double largest_of_lanes(f64v v) noexcept nogil:
    cdef double[POINTS] found
    cdef double largest = -INFINITY
    cdef Py_ssize_t i
    store(found, v)
    for i in range(F64_LANES):
        largest = max(largest, found[i])
    return largest


cdef double sum_of_lanes(f64v v) noexcept nogil:
    cdef double[POINTS] found
    cdef double total = 0
    cdef Py_ssize_t i
    store(found, v)
    for i in range(F64_LANES):
        total += found[i]
    return total


cdef int survey_points(Cloud* cloud) noexcept nogil:
    """Check the points, count those with a weight, and set the mapping and shifts; a status"""
    cdef MappedPoints points
    cdef f64v x, y, weight, zero = fill_f64(0), one = fill_f64(1), never = fill_f64(-INFINITY)
    cdef f64v right = never, left = never, top = never, bottom = never, heaviest = zero
    cdef f64v below = zero, wrong = zero, wrong_weight = zero, count = zero
    cdef double half, centre
    cdef Py_ssize_t block, part, i
    for block in range(block_count(cloud)):
        if block % BLOCK_LOOKS == BLOCK_LOOKS - 1 and interrupted(100 * BLOCK_LOOKS * POINTS):
            break
        read_points(cloud, block, &points)
        for part in range(POINTS // F64_LANES):
            i = part * F64_LANES
            load(&x, <const double*>points.x + i)
            load(&y, <const double*>points.y + i)
            load(&weight, <const double*>points.weight + i)
            # NaN of NaN and infinity, else 0
            wrong_weight = wrong_weight + (weight - weight)
            wrong = wrong + pick(weight, zero, (x - x) + (y - y), zero)
            right = larger(pick(weight, zero, x, never), right)
            left = larger(pick(weight, zero, -x, never), left)
            top = larger(pick(weight, zero, y, never), top)
            bottom = larger(pick(weight, zero, -y, never), bottom)
            heaviest = larger(weight, heaviest)
            below = larger(-weight, below)
            count = count + pick(weight, zero, one, zero)
    cloud.count = <Py_ssize_t>sum_of_lanes(count)
    if not sum_of_lanes(wrong_weight) == 0 or largest_of_lanes(below) > 0:
        return FIT_BAD_WEIGHT
    if not sum_of_lanes(wrong) == 0:
        return FIT_NOT_FINITE
    half = 0.5 * largest_of_lanes(right) + 0.5 * largest_of_lanes(left)
    centre = 0.5 * largest_of_lanes(right) - 0.5 * largest_of_lanes(left)
    cloud.mapping.shift = scaling_shift(half)
    cloud.mapping.centre = ldexp(centre, cloud.mapping.shift)
    cloud.mapping.factor = 1 / ldexp(half, cloud.mapping.shift) if half > 0 else 1
    cloud.y_shift = scaling_shift(max(largest_of_lanes(top), largest_of_lanes(bottom)))
    cloud.weight_shift = scaling_shift(largest_of_lanes(heaviest))
    cloud.constant = largest_of_lanes(top) == -largest_of_lanes(bottom)
    return FIT_DONE


cdef bint has_distinct(const Cloud* cloud, Py_ssize_t wanted, double* seen) noexcept nogil:
    """Whether so many different x have a weight; `seen` has room for them"""
    cdef Py_ssize_t count = 0, i, k
    for i in range(cloud.n):
        if cloud.weights != NULL and not cloud.weights[i] > 0:
            continue
        for k in range(count):
            if seen[k] == cloud.x[i]:
                break
        else:
            seen[count] = cloud.x[i]
            count += 1
            if count >= wanted:
                return True
    return False


# ---- the recurrence over a block ----

cdef inline void next_chebyshev(Py_ssize_t k, const double* twice, const double* now,
                                double* other) noexcept nogil:
    """other = T_(k+1) = 2 t T_k - T_(k-1), or t T_0 for k = 0; `other` holds T_(k-1) before"""
    cdef f64v t, t_low, a, a_low, b, b_low, scale = fill_f64(1 if k > 0 else 0.5)
    cdef Py_ssize_t part, i
    if k == 0:
        memset(other, 0, PAIRS * sizeof(double))
    for part in range(POINTS // F64_LANES):
        i = part * F64_LANES
        load(&t, twice + i)
        load(&t_low, twice + POINTS + i)
        load(&a, now + i)
        load(&a_low, now + POINTS + i)
        load(&b, <const double*>other + i)
        load(&b_low, <const double*>other + POINTS + i)
        a = multiply_pairs(t * scale, t_low * scale, a, a_low, &a_low)
        a = add_pairs(a, a_low, -b, -b_low, &a_low)
        store(other + i, a)
        store(other + POINTS + i, a_low)


cdef inline void clenshaw(Py_ssize_t size, const Pair* coef, const double* twice, double* now,
                          double* before) noexcept nogil:
    """now = sum of coef[k] T_k(t); `before` is scratch"""
    cdef f64v t, t_low, a, a_low, b, b_low, c, c_low, scale
    cdef Py_ssize_t i, part, k
    memset(before, 0, PAIRS * sizeof(double))
    memset(now, 0, PAIRS * sizeof(double))
    for k in range(size - 1, -1, -1):
        c = fill_f64(coef[k].high)
        c_low = fill_f64(coef[k].low)
        scale = fill_f64(1 if k > 0 else 0.5)       # the last step takes t, the others 2 t
        for part in range(POINTS // F64_LANES):
            i = part * F64_LANES
            load(&t, twice + i)
            load(&t_low, twice + POINTS + i)
            load(&a, <const double*>now + i)
            load(&a_low, <const double*>now + POINTS + i)
            load(&b, <const double*>before + i)
            load(&b_low, <const double*>before + POINTS + i)
            b = add_pairs(c, c_low, -b, -b_low, &b_low)
            t = multiply_pairs(t * scale, t_low * scale, a, a_low, &t_low)
            b = add_pairs(t, t_low, b, b_low, &b_low)
            # `now` becomes the next `before`.
            store(before + i, a)
            store(before + POINTS + i, a_low)
            store(now + i, b)
            store(now + POINTS + i, b_low)


# ---- sums over points ----

cdef inline void gather_terms(const double* terms, double* sums) noexcept nogil:
    """sums += terms; sums are SHARES totals and then their rounding errors"""
    cdef f64v total, low, a, a_low, lost
    cdef Py_ssize_t i, share, j
    for share in range(SHARES // F64_LANES):
        j = share * F64_LANES
        load(&total, <const double*>sums + j)
        load(&low, <const double*>sums + SHARES + j)
        for i in range(POINTS // SHARES):
            load(&a, terms + j + i * SHARES)
            load(&a_low, terms + POINTS + j + i * SHARES)
            total = two_sum(total, a, &lost)
            low = low + (lost + a_low)
        store(sums + j, total)
        store(sums + SHARES + j, low)


cdef inline void gather_products(const double* terms, const double* factors,
                                 double* sums) noexcept nogil:
    """sums += terms factors"""
    cdef f64v total, low, a, a_low, factor
    cdef Py_ssize_t i, share, j
    for share in range(SHARES // F64_LANES):
        j = share * F64_LANES
        load(&total, <const double*>sums + j)
        load(&low, <const double*>sums + SHARES + j)
        for i in range(POINTS // SHARES):
            load(&a, terms + j + i * SHARES)
            load(&a_low, terms + POINTS + j + i * SHARES)
            load(&factor, factors + j + i * SHARES)
            sum_product(&total, &low, a, factor)
            low = low + a_low * factor
        store(sums + j, total)
        store(sums + SHARES + j, low)


cdef inline void gather_squares(const double* a, const double* b, const double* weight,
                                double* sums) noexcept nogil:
    """sums += weight a b"""
    cdef f64v total, low, x, x_low, y, y_low, factor, error, lost
    cdef Py_ssize_t i, at, share
    for share in range(SHARES // F64_LANES):
        load(&total, <const double*>sums + share * F64_LANES)
        load(&low, <const double*>sums + SHARES + share * F64_LANES)
        for i in range(POINTS // SHARES):
            at = share * F64_LANES + i * SHARES
            load(&x, a + at)
            load(&x_low, a + POINTS + at)
            load(&y, b + at)
            load(&y_low, b + POINTS + at)
            load(&factor, weight + at)
            x = multiply_single(x, x_low, factor, &x_low)
            x = multiply_pairs(x, x_low, y, y_low, &error)
            total = two_sum(total, x, &lost)
            low = low + (lost + error)
        store(sums + share * F64_LANES, total)
        store(sums + SHARES + share * F64_LANES, low)


cdef inline Pair gathered(const double* sums) noexcept nogil:
    """The sum of all shares"""
    cdef Pair total = as_pair(0), share
    cdef f64 low
    cdef Py_ssize_t j
    for j in range(SHARES):
        low = sums[SHARES + j]
        share.high = sums[j]
        share.high = two_sum(share.high, low, &share.low)
        total = pair_sum(total, share)
    return total


cdef double gathered_squares(const f64v* total, const f64v* low) noexcept nogil:
    """The sum of all shares, which lie in registers"""
    cdef double[2 * SHARES] sums
    cdef Py_ssize_t j
    for j in range(SHARES // F64_LANES):
        store(sums + j * F64_LANES, total[j])
        store(sums + SHARES + j * F64_LANES, low[j])
    return gathered(sums).high


cdef void sum_moments(const Cloud* cloud, Py_ssize_t size, double* sums, Pair* moments,
                      Pair* right) noexcept nogil:
    """moments[k] = sum of w T_k for k < 2 size - 1; right[k] = sum of w y T_k for k < size"""
    cdef MappedPoints points
    cdef double[PAIRS] even, odd
    cdef double* now
    cdef double* other
    cdef Py_ssize_t last = 2 * size - 2, step = 2 * SHARES, block, k
    memset(sums, 0, 3 * size * step * sizeof(double))
    for block in range(block_count(cloud)):
        if block % BLOCK_LOOKS == BLOCK_LOOKS - 1 and interrupted(100 * BLOCK_LOOKS * POINTS):
            break
        read_points(cloud, block, &points)
        map_points(cloud, &points)
        memcpy(even, points.weight, POINTS * sizeof(double))
        memset(even + POINTS, 0, POINTS * sizeof(double))
        now, other = even, odd
        for k in range(last + 1):
            gather_terms(now, sums + k * step)
            if k < size:
                gather_products(now, points.y, sums + (last + 1 + k) * step)
            if k < last:
                next_chebyshev(k, points.twice, now, other)
                now, other = other, now
    for k in range(last + 1):
        moments[k] = gathered(sums + k * step)
    for k in range(size):
        right[k] = gathered(sums + (last + 1 + k) * step)


cdef struct SquareSums:         # of `size` polynomials
    Py_ssize_t size
    double* terms               # (size, PAIRS): their values at a block of points
    double* sums                # (size, size, 2 SHARES): of their products


cdef void lay_out_squares(void* job, Arena* arena) noexcept nogil:
    """The pieces of sum_squares()"""
    cdef SquareSums* squares = <SquareSums*>job
    cdef double size = squares.size
    squares.terms = doubles(arena, size * PAIRS)
    squares.sums = doubles(arena, size * size * 2 * SHARES)


cdef inline void combine(Py_ssize_t size, const Pair* W, double* terms) noexcept nogil:
    """terms = W terms for a lower triangle W: blocks of T_k become blocks of other polynomials"""
    cdef f64v a, a_low, total, total_low
    cdef Pair factor
    cdef Py_ssize_t i, j, k, part
    for k in range(size - 1, -1, -1):
        for part in range(POINTS // F64_LANES):
            i = part * F64_LANES
            total = total_low = fill_f64(0)
            for j in range(k + 1):
                factor = W[k * size + j]
                load(&a, <const double*>terms + j * PAIRS + i)
                load(&a_low, <const double*>terms + j * PAIRS + POINTS + i)
                a = multiply_pairs(a, a_low, fill_f64(factor.high), fill_f64(factor.low), &a_low)
                total = add_pairs(total, total_low, a, a_low, &total_low)
            store(terms + k * PAIRS + i, total)
            store(terms + k * PAIRS + POINTS + i, total_low)


cdef bint sum_squares(const Cloud* cloud, Py_ssize_t size, const Pair* W,
                      Pair* gram) noexcept nogil:
    """gram[i, j] = sum of w p_i p_j for i >= j, (p_k) = W (T_k); False where memory is short

    O(size^2) work a point.
    """
    cdef MappedPoints points
    cdef Py_ssize_t step = 2 * SHARES, block, i, j, k
    cdef SquareSums squares
    cdef double* terms
    cdef double* sums
    cdef void* memory
    squares.size = size
    memory = working_memory(lay_out_squares, &squares)
    if memory == NULL:
        return False
    terms, sums = squares.terms, squares.sums
    memset(sums, 0, size * size * step * sizeof(double))
    for block in range(block_count(cloud)):
        if block % BLOCK_LOOKS == BLOCK_LOOKS - 1 and interrupted(100 * BLOCK_LOOKS * POINTS):
            break
        read_points(cloud, block, &points)
        map_points(cloud, &points)
        memset(terms, 0, PAIRS * sizeof(double))
        for i in range(POINTS):
            terms[i] = 1
        for k in range(size - 1):
            if k > 0:
                memcpy(terms + (k + 1) * PAIRS, terms + (k - 1) * PAIRS, PAIRS * sizeof(double))
            next_chebyshev(k, points.twice, terms + k * PAIRS, terms + (k + 1) * PAIRS)
        combine(size, W, terms)
        for i in range(size):
            for j in range(i + 1):
                gather_squares(terms + i * PAIRS, terms + j * PAIRS, points.weight,
                               sums + (i * size + j) * step)
    for i in range(size):
        for j in range(i + 1):
            gram[i * size + j] = gathered(sums + (i * size + j) * step)
    free(memory)
    return True


cdef void sum_residuals(const Cloud* cloud, Py_ssize_t size, const Pair* coef, Pair mean,
                        double* sums, Pair* right, double* residual_squares,
                        double* total_squares) noexcept nogil:
    """right[k] = sum of w r T_k for r = y - sum of coef[k] T_k; sums of w r^2, w (y - mean)^2"""
    cdef MappedPoints points
    cdef double[PAIRS] even, odd
    cdef double* now
    cdef double* other
    cdef f64v y, weight, r, r_low, low
    cdef f64v[SHARES] ssr, ssr_low, total, total_low     # the first SHARES / F64_LANES are used
    cdef Py_ssize_t step = 2 * SHARES, block, i, j, part, k
    for j in range(SHARES):
        ssr[j] = ssr_low[j] = total[j] = total_low[j] = fill_f64(0)
    memset(sums, 0, size * step * sizeof(double))
    for block in range(block_count(cloud)):
        if block % BLOCK_LOOKS == BLOCK_LOOKS - 1 and interrupted(100 * BLOCK_LOOKS * POINTS):
            break
        read_points(cloud, block, &points)
        map_points(cloud, &points)
        clenshaw(size, coef, points.twice, even, odd)
        for part in range(POINTS // F64_LANES):
            i = part * F64_LANES
            j = i % SHARES // F64_LANES
            load(&y, <const double*>points.y + i)
            load(&weight, <const double*>points.weight + i)
            load(&r, <const double*>even + i)
            load(&r_low, <const double*>even + POINTS + i)
            r = add_single(-r, -r_low, y, &r_low)
            sum_product(&ssr[j], &ssr_low[j], weight * r, r)
            y = (y - fill_f64(mean.high)) - fill_f64(mean.low)
            sum_product(&total[j], &total_low[j], weight * y, y)
            r = multiply_single(r, r_low, weight, &low)
            store(even + i, r)
            store(even + POINTS + i, low)
        now, other = even, odd
        for k in range(size):
            gather_terms(now, sums + k * step)
            if k < size - 1:
                next_chebyshev(k, points.twice, now, other)
                now, other = other, now
    for k in range(size):
        right[k] = gathered(sums + k * step)
    residual_squares[0] = gathered_squares(ssr, ssr_low)
    total_squares[0] = gathered_squares(total, total_low)
