# Row reduction of large integer matrices: the p-adic digits of B^-1 C by B^-1 modulo one prime
# (Dixon, "Exact solution of linear equations using P-adic expansions", Numerische Mathematik 40,
# 1982). B are the columns of the pivots, C the others. mathwork.matrix.exact finds B and C, knows
# how many digits are needed, and makes fractions of them.

from math import gcd

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint32_t

cdef struct Lift:
    Field field
    Py_ssize_t limbs, m, rank, k, steps
    double base                 # of the limbs, below p/2
    const double* matrix        # A: (limbs, m, rank), the rows of B first
    double* inverse             # of B modulo p: (rank, rank)
    Py_ssize_t room             # of m k numbers in whole registers
    Py_ssize_t stride           # of rank k numbers in whole registers
    double* rest                # (limbs, room): C, less the part that the digits so far make
    double* right               # (stride,)
    double* digits              # (steps, stride)
    double* product             # m k numbers
    uint32_t* words             # of one number below p^steps


cdef void lay_out_lift(void* job, Arena* arena) noexcept nogil:
    """The pieces of lift()"""
    cdef Lift* lift = <Lift*>job
    cdef double rank = lift.rank, steps = lift.steps
    lift.rest = doubles(arena, <double>lift.limbs * lift.room)
    lift.right = doubles(arena, lift.stride)
    lift.product = doubles(arena, <double>lift.m * lift.k)
    lift.digits = doubles(arena, steps * lift.stride)
    lift.inverse = doubles(arena, rank * rank)
    lift.words = <uint32_t*>take(arena, steps + 1, sizeof(uint32_t))


cdef int invert_modulo(Lift* lift) noexcept nogil:
    """lift.inverse = B^-1 mod p, returns 1; 0 where there is none; -1 where memory ran out"""
    cdef Workspace work
    cdef Py_ssize_t rank = lift.rank, limb, i, j
    cdef const double* source
    cdef double* row
    cdef int64_t determinant
    if not take_workspace(&lift.field, rank, 2 * rank, &work):
        return -1
    for i in range(rank):
        row = work.matrix + i * work.ld
        memset(row, 0, work.ld * sizeof(double))
        for limb in range(lift.limbs - 1, -1, -1):
            source = lift.matrix + (limb * lift.m + i) * rank
            for j in range(rank):
                row[j] = row[j] * lift.base + source[j]
            residues(&lift.field, registers_for(rank), row)
        row[rank + i] = 1
    # Until the inverse is known, its memory holds the pivots.
    if eliminate_modulo(&lift.field, rank, 2 * rank, rank, &work, <Py_ssize_t*>lift.inverse,
                        &determinant) < rank:
        free(work.memory)
        return 0
    back_substitute(&lift.field, rank, 2 * rank, &work, <const Py_ssize_t*>lift.inverse)
    for i in range(rank):
        memcpy(lift.inverse + i * rank, work.free + (rank - 1 - i) * work.ld,
               rank * sizeof(double))
    free(work.memory)
    return 1


cdef inline f64v divided_rest(Lift* lift, Py_ssize_t at, bint keep) noexcept nogil:
    """One register of the rest modulo p; with `keep` the rest becomes the quotient"""
    cdef f64v carry = fill_f64(0), value, quotient
    cdef Py_ssize_t limb
    cdef double* place
    for limb in range(lift.limbs - 1, -1, -1):
        place = lift.rest + limb * lift.room + at * F64_LANES
        load(&value, <const double*>place)
        value = mul_add(carry, fill(value, lift.base), value)
        quotient = nearest_quotient(&lift.field, value)
        carry = minus_mul(quotient, fill(value, lift.field.prime), value)
        if keep:
            store(place, quotient)
    return carry


cdef int lift_solution(Lift* lift) noexcept nogil:
    """lift.digits[s] = x_s, where B^-1 C = x_0 + x_1 p + x_2 p^2 + ...

    Returns 1; 0 where A x is not C, modulo a power of p, in a row outside B; -1 where memory ran
    out. At every step the rest, C - A (x_0 + x_1 p + ...), is divided by p.
    """
    cdef f64v like = fill_f64(0), left = fill_f64(0)
    cdef double[MAX_LANES] any_left
    cdef Py_ssize_t n_digits = lift.rank * lift.k, n_rest = lift.m * lift.k, step, i, limb
    cdef double* digits = lift.digits
    cdef int done = invert_modulo(lift)
    if done < 1:
        return done
    for step in range(lift.steps):
        if interrupted(<double>lift.limbs * lift.m * lift.rank * lift.k):
            return 0
        for i in range(registers_for(n_digits)):
            store(lift.right + i * F64_LANES, divided_rest(lift, i, False))
        if matrix_times_matrix(like, lift.rank, lift.k, lift.rank, <const double*>lift.inverse,
                               <const double*>lift.right, digits):
            return -1
        residues(&lift.field, registers_for(n_digits), digits)
        for limb in range(lift.limbs):
            if matrix_times_matrix(like, lift.m, lift.k, lift.rank,
                                   lift.matrix + limb * lift.m * lift.rank,
                                   <const double*>digits, lift.product):
                return -1
            for i in range(n_rest):
                lift.rest[limb * lift.room + i] -= lift.product[i]
        for i in range(registers_for(n_rest)):
            left = larger(absolute(divided_rest(lift, i, True)), left)
        digits += lift.stride
    store(any_left, left)
    for i in range(F64_LANES):
        if any_left[i] != 0:
            return 0
    return 1


cdef Py_ssize_t put_together(Lift* lift, Py_ssize_t at) noexcept nogil:
    """words = x_0 + x_1 p + x_2 p^2 + ... mod p^steps, the lowest first; returns their number"""
    cdef Py_ssize_t stride = lift.stride, length = 0, step, i
    cdef uint32_t* words = lift.words
    cdef double* digit = lift.digits + at
    cdef double borrow = 0
    cdef uint64_t carry
    for step in range(lift.steps):
        digit[step * stride] -= borrow
        borrow = 1 if digit[step * stride] < 0 else 0
        digit[step * stride] += borrow * lift.field.prime
    for step in range(lift.steps - 1, -1, -1):
        carry = <uint64_t>digit[step * stride]
        for i in range(length):
            carry += <uint64_t>words[i] * <uint64_t>lift.field.p
            words[i] = <uint32_t>carry
            carry >>= 32
        if carry:
            words[length] = <uint32_t>carry
            length += 1
    return length


cdef object integer_of(const uint32_t* words, Py_ssize_t length):
    cdef bytes packed = PyBytes_FromStringAndSize(NULL, 4 * length)
    cdef unsigned char* place = packed
    cdef Py_ssize_t i
    for i in range(4 * length):
        place[i] = words[i // 4] >> (i % 4 * 8) & 255
    return int.from_bytes(packed, "little")


def lift(cnp.ndarray A, cnp.ndarray C, int64_t p, double base, Py_ssize_t steps):
    """B^-1 C modulo p^steps, as a list of integers, row by row.

    B is square, the first rows of `A`. `A` is (limbs, m, rank) and `C` is (limbs, m, k). Both are
    plain float64 and hold whole numbers in limbs of this base, such that rank p/2 max(base, p/2) is
    at most 2^51. Return None if B is singular modulo p, or if another row of `A` times the solution
    is not that row of `C` modulo p^steps.
    """
    cdef Lift lift
    cdef Py_ssize_t limb, size, i
    cdef void* memory
    cdef int done
    cdef list result = []
    cdef PyThreadState* state
    lift.field = field_modulo(p)
    lift.limbs, lift.m, lift.rank, lift.k = A.shape[0], A.shape[1], A.shape[2], C.shape[2]
    lift.steps, lift.base = steps, base
    lift.matrix = <const double*>cnp.PyArray_DATA(A)
    size = lift.m * lift.k
    lift.room = registers_for(size) * F64_LANES
    lift.stride = registers_for(lift.rank * lift.k) * F64_LANES
    memory = working_memory(lay_out_lift, &lift)
    if memory == NULL:
        raise MemoryError
    try:
        state = release_gil(<double>lift.steps * size * lift.rank)
        # The last register of each has lanes that nothing else writes.
        memset(lift.rest, 0, lift.limbs * lift.room * sizeof(double))
        memset(lift.digits, 0, lift.steps * lift.stride * sizeof(double))
        for limb in range(lift.limbs):
            memcpy(lift.rest + limb * lift.room,
                   <const double*>cnp.PyArray_DATA(C) + limb * size, size * sizeof(double))
        done = lift_solution(&lift)
        take_gil(state)
        if done < 0:
            raise MemoryError
        for i in range(lift.rank * lift.k if done else 0):
            if i % 16 == 15:        # long integers take long
                _workers.look()
            result.append(integer_of(lift.words, put_together(&lift, i)))
        return result if done else None
    finally:
        free(memory)


def fractions_over(list numerators, denominator, Py_ssize_t m, Py_ssize_t n, pivots, others):
    """The reduced form with these pivots; its other columns are numerators / denominator.

    `numerators` has one list of integers for each pivot; the denominator is positive.
    """
    cdef cnp.ndarray result = new_matrix(m, n, cnp.NPY_OBJECT)
    cdef Py_ssize_t i, j
    cdef object divisor, numerator, below
    know_fractions()
    for i in range(m * n):
        put_object(result, i, fraction_zero)
    for i, row in enumerate(numerators):
        put_object(result, i * n + <Py_ssize_t>pivots[i], fraction_one)
        for j, numerator in enumerate(row):
            if numerator:
                divisor, below = gcd(numerator, denominator), denominator
                if divisor != 1:
                    numerator, below = numerator // divisor, below // divisor
                put_object(result, i * n + <Py_ssize_t>others[j], new_fraction(numerator, below))
    return result
