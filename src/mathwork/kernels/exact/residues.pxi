# Arithmetic modulo a prime below 2^31: exact, in float64 registers.
#
# A residue is a whole number of magnitude at most p/2 + 1, held in a double. Sums of products of
# residues are exact up to 2^52; they are reduced only when they could grow past that. For p above
# 2^24 the products are too large. Then one factor is split, x = 2^16 x1 + x0, and the other is kept
# twice, c x = (2^16 c mod p) x1 + c x0: the same sums with twice the terms. All results are the
# same whether mul_add rounds once or twice.

from libc.stdint cimport int64_t

cdef enum:
    PIVOT_BLOCK = 32            # pivots to eliminate together: terms of a sum, or half of it
    SPLIT_FROM = 1 << 24        # below this, PIVOT_BLOCK (p/2 + 1)^2 < 2^52

cdef struct Field:
    int64_t p
    double prime                # p
    double inverse              # 1 / p, rounded
    int parts                   # parts of a factor: 1 or 2
    Py_ssize_t most             # products that a residue may gather before it is reduced


cdef Field field_modulo(int64_t p) noexcept nogil:
    cdef Field field
    cdef int64_t largest = p // 2 + 1
    field.p = p
    field.prime = <double>p
    field.inverse = 1.0 / <double>p
    field.parts = 1 if p < SPLIT_FROM else 2
    field.most = <Py_ssize_t>(((<int64_t>1 << 52) - largest) // (
        largest * (largest if field.parts == 1 else <int64_t>1 << 15)))
    return field


cdef inline f64v nearest_quotient(const Field* field, f64v x) noexcept nogil:
    """x / p as a whole number, with an error below 1/2 + 1/p; |x| <= 2^52"""
    cdef f64v magic = fill(x, 6755399441055744.0)       # 1.5 * 2^52: its ulp is 1
    return mul_add(x, fill(x, field.inverse), magic) - magic


cdef inline f64v residue(const Field* field, f64v x) noexcept nogil:
    """x mod p, of magnitude at most p/2 + 1, and 0 for every multiple of p; |x| <= 2^52

    It is exact, whether mul_add rounds once or twice: the product is a whole number below 2^53.
    """
    return minus_mul(nearest_quotient(field, x), fill(x, field.prime), x)


cdef inline void split_residue(f64v x, f64v* high, f64v* low) noexcept nogil:
    """x = 2^16 high + low, |low| <= 2^15: adding 1.5 * 2^68 rounds to a multiple of 2^16"""
    cdef f64v magic = fill(x, 442721857769029238784.0)
    high[0] = ((x + magic) - magic) * fill(x, 1.0 / 65536)
    low[0] = minus_mul(high[0], fill(x, 65536), x)


cdef inline double balanced(const Field* field, int64_t a) noexcept nogil:
    """Return a, in 0..p-1, as a residue"""
    return <double>(a if a <= field.p // 2 else a - field.p)


cdef inline int64_t canonical(const Field* field, double x) noexcept nogil:
    """Return a residue as a number in 0..p-1"""
    cdef int64_t a = <int64_t>x
    return a if a >= 0 else a + field.p


cdef int64_t inverse_modulo(const Field* field, int64_t a) noexcept nogil:
    """1 / a mod p for a in 1..p-1, by Euclid's algorithm"""
    cdef int64_t high = field.p, low = a, before = 0, now = 1, quotient, rest
    while low > 1:
        quotient = high // low
        rest = high - quotient * low
        high = low
        low = rest
        rest = before - quotient * now
        before = now
        now = rest
    return now if now >= 0 else now + field.p


cdef inline Py_ssize_t registers_for(Py_ssize_t n) noexcept nogil:
    """Return the number of registers for n numbers"""
    return (n + F64_LANES - 1) // F64_LANES


cdef void residues(const Field* field, Py_ssize_t registers, double* x) noexcept nogil:
    """x = x mod p"""
    cdef f64v value
    cdef Py_ssize_t j
    for j in range(registers):
        load(&value, <const double*>x + j * F64_LANES)
        store(x + j * F64_LANES, residue(field, value))


cdef void scale_residues(const Field* field, Py_ssize_t registers, double* x,
                         int64_t factor) noexcept nogil:
    """x = x factor mod p, for residues x and a factor in 0..p-1"""
    cdef f64v value, high, low, once, shifted
    cdef Py_ssize_t j
    once = fill_f64(balanced(field, factor))
    shifted = fill_f64(balanced(field, factor * 65536 % field.p))
    for j in range(registers):
        load(&value, <const double*>x + j * F64_LANES)
        if field.parts == 2:
            split_residue(value, &high, &low)
            value = mul_add(high, shifted, low * once)
        else:
            value = value * once
        store(x + j * F64_LANES, residue(field, value))


cdef void set_coefficients(const Field* field, Py_ssize_t n, double* line, double* target,
                           Py_ssize_t step) noexcept nogil:
    """target[i step] = line[i], or the pair (2^16 line[i], line[i]) of a split field

    `line` has room for twice as many numbers, in whole registers.
    """
    cdef Py_ssize_t i
    cdef double* shifted = line + registers_for(n) * F64_LANES
    if field.parts == 2:
        memcpy(shifted, line, registers_for(n) * F64_LANES * sizeof(double))
        scale_residues(field, registers_for(n), shifted, 65536)
        for i in range(n):
            target[i * step] = shifted[i]
            target[i * step + 1] = line[i]
    else:
        for i in range(n):
            target[i * step] = line[i]


cdef inline void set_factors(const Field* field, Py_ssize_t registers, const double* row,
                             double* target, Py_ssize_t next_panel,
                             Py_ssize_t next_part) noexcept nogil:
    """target = row in its parts, in panels of two registers"""
    cdef f64v value, high, low
    cdef Py_ssize_t j
    for j in range(registers):
        load(&value, row + j * F64_LANES)
        if field.parts == 2:
            split_residue(value, &high, &low)
            store(target, high)
            store(target + next_part, low)
        else:
            store(target, value)
        target += F64_LANES if j % 2 == 0 else next_panel - F64_LANES
