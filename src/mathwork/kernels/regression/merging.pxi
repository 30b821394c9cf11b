# Moments of several sets of rows become the moments of all of them, or lose those of some.

from libc.math cimport fabs, frexp, ldexp

# Of the terms of a sum of squares: below, a difference of moments is their rounding, and 0.
cdef double FORGOTTEN = 2.0 ** -90

cdef void rescale_moments(Py_ssize_t q, Py_ssize_t j, double exponent,
                          MomentSums* moments) noexcept nogil:
    """Put column j into units of 2^exponent, not below its exponent so far"""
    cdef Py_ssize_t i
    cdef double factor = ldexp(1, <int>(moments.exponent[j] - exponent))
    moments.exponent[j] = exponent
    if factor == 1:
        return
    for i in range(q):
        moments.gram[i * q + j] *= factor
        moments.gram_low[i * q + j] *= factor
    for i in range(q):
        moments.gram[j * q + i] *= factor
        moments.gram_low[j * q + i] *= factor


cdef void rescale_weights(Py_ssize_t q, double exponent, MomentSums* moments) noexcept nogil:
    """Put weights into units of 2^exponent, not below their exponent so far"""
    cdef Py_ssize_t i
    cdef double factor = ldexp(1, <int>(moments.weight_exponent - exponent))
    moments.weight_exponent = exponent
    if factor == 1:
        return
    moments.weight *= factor
    moments.weight_low *= factor
    for i in range(q * q):
        moments.gram[i] *= factor
        moments.gram_low[i] *= factor


cdef inline double unit_exponent(double x) noexcept nogil:
    """e of the unit 2^e in which |x| < 1, within bounds"""
    cdef int power = -MAX_EXPONENT
    if x != 0:
        frexp(x, &power)
    return max(-MAX_EXPONENT, min(MAX_EXPONENT, power))


cdef void merge_moments(Py_ssize_t q, MomentSums* into, MomentSums* other) noexcept nogil:
    """The moments of the rows of both: gram = gram_a + gram_b + w_a w_b / (w_a + w_b) d d', where
    d is the difference of the means. `other` is used up. Rows whose count, weights and gram are
    negative are taken away.

    Chan, Golub, LeVeque, "Algorithms for computing the sample variance", The American
    Statistician 37(3), 1983.
    """
    cdef Pair weight, part, share, step, entry
    cdef double exponent, terms
    cdef bint without = other.count < 0
    cdef Py_ssize_t i, j
    exponent = max(into.weight_exponent, other.weight_exponent)
    rescale_weights(q, exponent, into)
    rescale_weights(q, exponent, other)
    share = pair_at(&into.weight, &into.weight_low, 0)
    part = pair_at(&other.weight, &other.weight_low, 0)
    weight = pair_sum(share, part)
    part = pair_quotient(part, weight)
    share = pair_product(share, part)
    into.count += other.count
    into.weight = weight.high
    into.weight_low = weight.low
    for j in range(q):
        step = pair_difference(pair_at(other.mean, other.mean_low, j),
                               pair_at(into.mean, into.mean_low, j))
        # A unit that fits both and the difference, which takes the place of other's mean.
        exponent = max(into.exponent[j], other.exponent[j], unit_exponent(step.high))
        rescale_moments(q, j, exponent, into)
        rescale_moments(q, j, exponent, other)
        other.mean[j] = ldexp(step.high, <int>-exponent)
        other.mean_low[j] = ldexp(step.low, <int>-exponent)
        step = pair_sum(pair_at(into.mean, into.mean_low, j), pair_product(step, part))
        into.mean[j] = step.high
        into.mean_low[j] = step.low
    for j in range(q):
        step = pair_product(share, pair_at(other.mean, other.mean_low, j))
        for i in range(j + 1):
            entry = pair_product(step, pair_at(other.mean, other.mean_low, i))
            entry = pair_sum(entry, pair_at(other.gram, other.gram_low, i * q + j))
            entry = pair_sum(entry, pair_at(into.gram, into.gram_low, i * q + j))
            into.gram[i * q + j] = into.gram[j * q + i] = entry.high
            into.gram_low[i * q + j] = into.gram_low[j * q + i] = entry.low
        if without:
            terms = fabs(other.gram[j * q + j]) + fabs(step.high * other.mean[j])
            if not into.gram[j * q + j] > FORGOTTEN * terms:
                forget_column(q, j, into)
    # Later columns wrote to the rows of those that were forgotten.
    if without:
        for j in range(q):
            if into.gram[j * q + j] == 0:
                forget_column(q, j, into)


cdef void forget_column(Py_ssize_t q, Py_ssize_t j, MomentSums* moments) noexcept nogil:
    """Make column j constant"""
    cdef Py_ssize_t i
    for i in range(q):
        moments.gram[i * q + j] = moments.gram[j * q + i] = 0
        moments.gram_low[i * q + j] = moments.gram_low[j * q + i] = 0


def merged_moments(cnp.ndarray a not None, cnp.ndarray b not None, Py_ssize_t q):
    """The moments of the rows of both, which moments_of gave."""
    cdef cnp.ndarray made = a.copy(), used = b.copy()
    cdef double* numbers = <double*>cnp.PyArray_DATA(made)
    check_moments(made, q)
    check_moments(used, q)
    cdef MomentSums into = moments_in(q, numbers)
    cdef MomentSums other = moments_in(q, <double*>cnp.PyArray_DATA(used))
    if other.count == 0:
        return made
    if into.count == 0:
        return used
    merge_moments(q, &into, &other)
    keep_weight(&into, numbers)
    return made


def parted_moments(cnp.ndarray a not None, cnp.ndarray b not None, Py_ssize_t q):
    """The moments of the rows of `a` without those of `b`, which has fewer rows and less weight."""
    cdef cnp.ndarray made = a.copy(), used = b.copy()
    cdef double* numbers = <double*>cnp.PyArray_DATA(made)
    cdef Py_ssize_t i
    check_moments(made, q)
    check_moments(used, q)
    cdef MomentSums into = moments_in(q, numbers)
    cdef MomentSums other = moments_in(q, <double*>cnp.PyArray_DATA(used))
    if other.count == 0:
        return made
    other.count, other.weight, other.weight_low = -other.count, -other.weight, -other.weight_low
    for i in range(q * q):
        other.gram[i], other.gram_low[i] = -other.gram[i], -other.gram_low[i]
    merge_moments(q, &into, &other)
    keep_weight(&into, numbers)
    return made
