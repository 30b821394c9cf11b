# Row reduction of small integer matrices, exact over the rationals: fraction-free elimination.
# Every entry is a minor of the matrix, and no division leaves a rest (Bareiss, "Sylvester's
# Identity and Multistep Integer-Preserving Gaussian Elimination", Mathematics of Computation 22,
# 1968). It gives up if 64 bits are not enough, and mathwork.matrix.exact goes another way.

from libc.math cimport log2
from libc.stdint cimport int64_t, uint64_t

cdef extern from *:
    """
    /* The high 64 bits of a b. Without 128-bit integers by halves: Warren, Hacker's Delight,
       2nd ed., section 8-2. */
    static inline int64_t multiply_high(int64_t a, int64_t b)
    {
    #if defined(__SIZEOF_INT128__)
        return (int64_t)((__int128)a * b >> 64);
    #else
        uint64_t a_low = (uint32_t)a, b_low = (uint32_t)b;
        int64_t a_high = a >> 32, b_high = b >> 32;
        int64_t middle = a_high * (int64_t)b_low + (int64_t)(a_low * b_low >> 32);
        int64_t other = (int64_t)a_low * b_high + (int64_t)(uint32_t)middle;
        return a_high * b_high + (middle >> 32) + (other >> 32);
    #endif
    }
    """
    int64_t multiply_high(int64_t, int64_t) noexcept nogil

cdef enum:
    SMALL_RANK = 12         # up to this rank it is tried with any entries
    QUOTIENT_WORK = 20      # multiply-adds that take as long as an exact_quotient


# ---- elimination ----

cdef inline uint64_t magnitude(int64_t a) noexcept nogil:
    return <uint64_t>a if a >= 0 else 0 - <uint64_t>a


cdef inline uint64_t common_divisor(uint64_t a, uint64_t b) noexcept nogil:
    """gcd(a, b) by Euclid's algorithm"""
    cdef uint64_t rest
    while b:
        rest = a % b
        a = b
        b = rest
    return a


cdef void divide_rows(Py_ssize_t m, Py_ssize_t n, int64_t* A) noexcept nogil:
    """Divide each row by the greatest common divisor of its entries"""
    cdef uint64_t divisor
    cdef Py_ssize_t i, j
    for i in range(m):
        divisor = 0
        for j in range(n):
            if divisor != 1:
                divisor = common_divisor(magnitude(A[j]), divisor)
        if 1 < divisor < <uint64_t>1 << 63:
            for j in range(n):
                A[j] = A[j] // <int64_t>divisor
        A += n


cdef struct Divisor:
    int64_t value               # odd << shift
    uint64_t inverse            # of odd, modulo 2^64
    int shift


cdef Divisor divisor_of(int64_t value) noexcept nogil:
    cdef Divisor divisor
    cdef int step
    divisor.value = value
    divisor.shift = 0
    while value % 2 == 0:
        value = value // 2
        divisor.shift += 1
    # Newton's iteration doubles the correct bits; 3 value XOR 2 has five (Montgomery).
    divisor.inverse = (3 * <uint64_t>value) ^ 2
    for step in range(4):
        divisor.inverse *= 2 - <uint64_t>value * divisor.inverse
    return divisor


cdef inline bint exact_quotient(int64_t a, int64_t b, int64_t c, int64_t d,
                                const Divisor* divisor, int64_t* quotient) noexcept nogil:
    """quotient = (a b - c d) / divisor, an exact division; return False if it needs over 64 bits

    The low bits of an exact quotient are those of a product with the inverse of the odd part.
    """
    cdef uint64_t left = <uint64_t>a * <uint64_t>b, right = <uint64_t>c * <uint64_t>d
    cdef uint64_t low = left - right
    cdef int64_t high = multiply_high(a, b) - multiply_high(c, d) - (left < right)
    left = low
    if divisor.shift:
        left = low >> divisor.shift | <uint64_t>high << (64 - divisor.shift)
    quotient[0] = <int64_t>(left * divisor.inverse)
    return (<uint64_t>quotient[0] * <uint64_t>divisor.value == low
            and multiply_high(quotient[0], divisor.value) == high)


cdef inline bint cross_rows(Py_ssize_t n, int64_t pivot, const int64_t* pivot_row, int64_t factor,
                            const Divisor* divisor, int64_t* row) noexcept nogil:
    """row = (pivot row - factor pivot_row) / divisor; return False if an entry is too large"""
    cdef Py_ssize_t j
    for j in range(n):
        if not exact_quotient(pivot, row[j], factor, pivot_row[j], divisor, row + j):
            return False
    return True


cdef bint eliminate_integers(Py_ssize_t m, Py_ssize_t n, int64_t* A, Py_ssize_t columns,
                             bint reduced, Py_ssize_t* pivots, Py_ssize_t* rank,
                             bint* odd) noexcept nogil:
    """Make A its row echelon form times minors of A; return False if a minor is too large

    Row i is the row of Gauss's elimination times the pivot of row i - 1. In the reduced form
    every row is its row times the last pivot. The first remaining row with an entry that is not
    zero gives the pivot. `odd` says whether the rows were exchanged an odd number of times.
    """
    cdef Py_ssize_t i, j, c
    cdef int64_t pivot, factor
    cdef Divisor divisor = divisor_of(1)
    cdef int64_t* row
    cdef int64_t* pivot_row = A
    rank[0] = 0
    odd[0] = False
    for c in range(columns):
        i = rank[0]
        while i < m and A[i * n + c] == 0:
            i += 1
        if i == m:
            continue
        if i > rank[0]:
            row = A + i * n
            for j in range(n):
                row[j], pivot_row[j] = pivot_row[j], row[j]
            odd[0] = not odd[0]
        pivot = pivot_row[c]
        for i in range(0 if reduced else rank[0] + 1, m):
            row = A + i * n
            if i == rank[0]:
                continue
            factor = row[c]
            # Left of the pivot only rows above have entries, and only in skipped columns.
            if i < rank[0] < c and not cross_rows(c, pivot, pivot_row, factor, &divisor, row):
                return False
            row[c] = 0
            if not cross_rows(n - c - 1, pivot, pivot_row + c + 1, factor, &divisor, row + c + 1):
                return False
        divisor = divisor_of(pivot)
        pivots[rank[0]] = c
        rank[0] += 1
        pivot_row += n
    if reduced:
        for i in range(rank[0]):
            A[i * n + pivots[i]] = divisor.value
    return True


cdef bint looks_small(Py_ssize_t m, Py_ssize_t n, const int64_t* A,
                      Py_ssize_t columns) noexcept nogil:
    """Return whether the minors of A have a chance of 63 bits

    Hadamard's bound for rows of the mean length, less its excess for random entries: their squared
    minors have the mean n! / n^n times its square, about e^-n, 0.72 bits a row.
    """
    cdef double bits = 0, square
    cdef Py_ssize_t i, j, most = min(m, columns)
    if most <= SMALL_RANK:
        return True
    for i in range(m):
        square = 1
        for j in range(n):
            square += <double>A[j] * <double>A[j]
        bits += log2(square) / 2
        A += n
    return (bits / m - 0.72) * most < 63
