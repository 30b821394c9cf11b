# Doubled precision: numbers as pairs high + low of float64, about 32 digits, in registers or
# one at a time. `high` is the pair rounded to float64, so |low| <= ulp(high) / 2.
#
# A function returns the high part and writes the low one. Operations are rounded one by one and
# nothing is fused but the exact error of a product, which comes out the same without: all levels
# give the same bits. u = 2^-53 below. The bounds hold far from overflow and underflow (magnitudes
# in 1e-140 .. 1e140 are safe); infinity and NaN give NaN.
#
# Dekker, "A floating-point technique for extending the available precision", Numerische
# Mathematik 18, 1971; Knuth, The Art of Computer Programming volume 2, section 4.2.2; Joldes,
# Muller, Popescu, "Tight and rigorous error bounds for basic building blocks of double-word
# arithmetic", ACM Transactions on Mathematical Software 44(2), 2017: the algorithms and bounds
# that are named below by number.

from libc.math cimport fma, sqrt

cdef extern from * nogil:
    # One number: a double to the C compiler, as f64v is to Cython, which must tell the two apart.
    ctypedef long double f64 "double"

# The functions below compute with these. Their arguments, and the variables to which they write,
# are declared f64 or f64v; both mix with double in other expressions.
ctypedef fused word:
    f64
    f64v


# ---- what float64 loses ----

cdef inline word two_sum(word a, word b, word* error) noexcept nogil:
    """a + b = sum + error, exactly (Knuth)"""
    cdef word total = a + b, part = total - a
    error[0] = (a - (total - part)) + (b - part)
    return total


cdef inline word fast_two_sum(word a, word b, word* error) noexcept nogil:
    """a + b = sum + error, exactly, for |a| >= |b| or a = 0 (Dekker)"""
    cdef word total = a + b
    error[0] = b - (total - a)
    return total


cdef inline word veltkamp_split(word a, word* tail) noexcept nogil:
    """a = head + tail in 26 bits each, so that products of parts are exact (Veltkamp)"""
    cdef word large = a * 134217729.0      # 2^27 + 1
    cdef word head = large - (large - a)
    tail[0] = a - head
    return head


cdef inline word two_product(word a, word b, word* error) noexcept nogil:
    """a b = product + error, exactly (Dekker)"""
    cdef word product = a * b, a_head, a_tail, b_head, b_tail
    if FUSED:
        if word is f64v:
            error[0] = mul_add(a, b, -product)
        else:
            error[0] = fma(a, b, -product)
    else:
        a_head = veltkamp_split(a, &a_tail)
        b_head = veltkamp_split(b, &b_tail)
        error[0] = a_tail * b_tail - (
            ((product - a_head * b_head) - a_tail * b_head) - a_head * b_tail)
    return product


# ---- arithmetic of pairs ----

cdef inline word add_pairs(word a, word a_low, word b, word b_low, word* low) noexcept nogil:
    """a + b, to 3 u^2 (algorithm 6)"""
    cdef word total, error, tail, tail_error
    total = two_sum(a, b, &error)
    tail = two_sum(a_low, b_low, &tail_error)
    total = fast_two_sum(total, error + tail, &error)
    return fast_two_sum(total, tail_error + error, low)


cdef inline word add_single(word a, word a_low, word b, word* low) noexcept nogil:
    """a + b for one number b, to 2 u^2 (algorithm 4)"""
    cdef word error, total = two_sum(a, b, &error)
    return fast_two_sum(total, a_low + error, low)


cdef inline word multiply_pairs(word a, word a_low, word b, word b_low,
                                word* low) noexcept nogil:
    """a b, to 7 u^2 (algorithm 10)"""
    cdef word error, product = two_product(a, b, &error)
    return fast_two_sum(product, error + (a * b_low + a_low * b), low)


cdef inline word multiply_single(word a, word a_low, word b, word* low) noexcept nogil:
    """a b for one number b, to 3 u^2 (algorithm 8)"""
    cdef word error, product = two_product(a, b, &error)
    return fast_two_sum(product, error + a_low * b, low)


cdef inline word divide_pairs(word a, word a_low, word b, word b_low,
                              word* low) noexcept nogil:
    """a / b, to 18 u^2 (algorithm 17, its product by algorithm 8)"""
    cdef word quotient = a / b, product, product_low
    product = multiply_single(b, b_low, quotient, &product_low)
    return fast_two_sum(quotient, ((a - product) + (a_low - product_low)) / b, low)


cdef inline f64 square_root_pair(f64 a, f64 a_low, f64* low) noexcept nogil:
    """sqrt(a), to 4 u^2; sqrt(0) = 0

    Lefevre, Louvet, Muller, Picot, Rideau, "Accurate calculation of Euclidean norms using
    double-word arithmetic", ACM Transactions on Mathematical Software 49(1), 2023.
    """
    cdef f64 root = sqrt(a), square, error
    if root == 0:
        low[0] = 0
        return root
    square = two_product(root, root, &error)
    return fast_two_sum(root, (((a - square) - error) + a_low) / (2 * root), low)


# ---- sums ----

cdef inline void sum_product(word* total, word* low, word a, word b) noexcept nogil:
    """total + low += a b

    `low` gathers what the sum and the products lose: after n terms the error of total + low is
    about n^2 u^2 of the sum of |a b|. The two are not a pair until fast_two_sum makes them one.
    Ogita, Rump, Oishi, "Accurate sum and dot product", SIAM Journal on Scientific Computing
    26(6), 2005: Dot2.
    """
    cdef word error, lost, product = two_product(a, b, &error)
    total[0] = two_sum(total[0], product, &lost)
    low[0] = low[0] + (lost + error)


# ---- pairs as one word, for small dense work ----

cdef struct Pair:
    f64 high
    f64 low


cdef inline Pair as_pair(double a) noexcept nogil:
    cdef Pair pair
    pair.high = a
    pair.low = 0
    return pair


cdef inline Pair pair_at(const double* high, const double* low, Py_ssize_t i) noexcept nogil:
    """high[i] + low[i]"""
    cdef Pair found
    found.high = high[i]
    found.low = low[i]
    return found


cdef inline Pair* pairs(Arena* arena, double count) noexcept nogil:
    return <Pair*>take(arena, count, sizeof(Pair))


cdef inline Pair pair_sum(Pair a, Pair b) noexcept nogil:
    """a + b"""
    cdef Pair total
    total.high = add_pairs(a.high, a.low, b.high, b.low, &total.low)
    return total


cdef inline Pair pair_difference(Pair a, Pair b) noexcept nogil:
    """a - b"""
    cdef Pair rest
    rest.high = add_pairs(a.high, a.low, -b.high, -b.low, &rest.low)
    return rest


cdef inline Pair pair_product(Pair a, Pair b) noexcept nogil:
    """a b"""
    cdef Pair product
    product.high = multiply_pairs(a.high, a.low, b.high, b.low, &product.low)
    return product


cdef inline Pair pair_quotient(Pair a, Pair b) noexcept nogil:
    """a / b"""
    cdef Pair quotient
    quotient.high = divide_pairs(a.high, a.low, b.high, b.low, &quotient.low)
    return quotient


cdef inline Pair pair_root(Pair a) noexcept nogil:
    """sqrt(a)"""
    cdef Pair root
    root.high = square_root_pair(a.high, a.low, &root.low)
    return root


cdef inline void pair_gather(Pair* total, double a, double b) noexcept nogil:
    """total += a b by sum_product(): a pair again after pair_settled()"""
    sum_product(&total.high, &total.low, <f64>a, <f64>b)


cdef inline Pair pair_settled(Pair total) noexcept nogil:
    """The total of pair_gather() as a pair"""
    cdef Pair settled
    settled.high = fast_two_sum(total.high, total.low, &settled.low)
    return settled


# ---- for the tests ----

pair_operations = ["two_sum", "two_product", "add_pairs", "add_single", "multiply_pairs",
                   "multiply_single", "divide_pairs", "square_root_pair"]

cdef enum:
    SQUARE_ROOT = 7


cdef inline word operate(Py_ssize_t operation, word a, word a_low, word b, word b_low,
                         word* low) noexcept nogil:
    """The operation at this place in pair_operations"""
    if operation == 0:
        return two_sum(a, b, low)
    elif operation == 1:
        return two_product(a, b, low)
    elif operation == 2:
        return add_pairs(a, a_low, b, b_low, low)
    elif operation == 3:
        return add_single(a, a_low, b, low)
    elif operation == 4:
        return multiply_pairs(a, a_low, b, b_low, low)
    elif operation == 5:
        return multiply_single(a, a_low, b, low)
    else:
        return divide_pairs(a, a_low, b, b_low, low)


def on_pairs(name, cnp.ndarray a, cnp.ndarray b, bint registers):
    """An operation on plain float64 (2, n) arrays of high and low parts: in registers, of which
    n must fill whole ones, or one at a time. The square root is of `a`, one at a time."""
    cdef Py_ssize_t n = a.shape[1], operation = pair_operations.index(name), i
    cdef cnp.ndarray made = new_matrix(2, n, cnp.NPY_DOUBLE)
    cdef double* found = <double*>cnp.PyArray_DATA(made)
    cdef const double* p = <const double*>cnp.PyArray_DATA(a)
    cdef const double* q = <const double*>cnp.PyArray_DATA(b)
    cdef f64v x, x_low, y, y_low, low_lanes
    cdef f64 s, s_low, t, t_low, low
    if registers:
        for i in range(n // F64_LANES):
            load(&x, p + i * F64_LANES)
            load(&x_low, p + n + i * F64_LANES)
            load(&y, q + i * F64_LANES)
            load(&y_low, q + n + i * F64_LANES)
            store(found + i * F64_LANES, operate(operation, x, x_low, y, y_low, &low_lanes))
            store(found + n + i * F64_LANES, low_lanes)
    else:
        for i in range(n):
            s, s_low, t, t_low = p[i], p[n + i], q[i], q[n + i]
            if operation == SQUARE_ROOT:
                found[i] = square_root_pair(s, s_low, &low)
            else:
                found[i] = operate(operation, s, s_low, t, t_low, &low)
            found[n + i] = low
    return made
