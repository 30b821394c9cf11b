# Rows of int and Fraction objects as rows of 64-bit integers.

from cpython.long cimport PyLong_CheckExact

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object, int*) except? -1

cdef extern from *:
    """
    /* Set *product = a b; return whether it is in the range of 64 bits without sign. */
    static inline int multiplied(uint64_t a, uint64_t b, uint64_t *product)
    {
        *product = a * b;
        return !((a | b) >> 32) || b == 0 || *product / b == a;
    }
    """
    bint multiplied(uint64_t, uint64_t, uint64_t*) noexcept nogil


cdef bint read_number(object entry, int64_t* above, uint64_t* below) except -1:
    """entry = above / below; return False for one that 64 bits cannot hold, or another type"""
    cdef int over = 0, under = 0
    cdef object denominator
    below[0] = 1
    if type(entry) is fraction_class:
        denominator = entry.denominator
        entry = entry.numerator
        if not PyLong_CheckExact(denominator):
            return False
        below[0] = <uint64_t>PyLong_AsLongLongAndOverflow(denominator, &under)
    if not PyLong_CheckExact(entry):
        return False
    above[0] = PyLong_AsLongLongAndOverflow(entry, &over)
    return not (over or under)


cdef bint clear_row(Py_ssize_t n, int64_t* row, const uint64_t* below,
                    int64_t* multiple, int64_t* divisor) noexcept nogil:
    """row *= multiple / divisor, of entries row[j] / below[j]: integers without a common divisor

    Return False if 64 bits are not enough.
    """
    cdef uint64_t common = 1, shared = 0, whole
    cdef uint64_t limit = <uint64_t>1 << 63
    cdef Py_ssize_t j
    for j in range(n):
        if not multiplied(common, below[j] // common_divisor(common, below[j]), &common):
            return False
    if common >= limit:
        return False
    for j in range(n):
        if not multiplied(magnitude(row[j]), common // below[j], &whole) or whole >= limit:
            return False
        row[j] = <int64_t>whole if row[j] >= 0 else -<int64_t>whole
        shared = common_divisor(whole, shared)
    if shared > 1:
        for j in range(n):
            row[j] = row[j] // <int64_t>shared
    multiple[0] = <int64_t>common
    divisor[0] = <int64_t>max(shared, <uint64_t>1)
    return True


def cleared_rows(cnp.ndarray A):
    """Return (rows, multiples, divisors) of plain objects (count, n), which are int or Fraction.

    A row of `A` times its multiple, by its divisor, is a row of integers without a common divisor,
    int64. The multiple is 0 where 64 bits are not enough.
    """
    cdef Py_ssize_t count = A.shape[0], n = A.shape[1], i, j
    cdef cnp.ndarray rows = new_matrix(count, n, cnp.NPY_INT64)
    cdef cnp.ndarray multiples = new_vector(count, cnp.NPY_INT64)
    cdef cnp.ndarray divisors = new_vector(count, cnp.NPY_INT64)
    cdef cnp.ndarray denominators = new_vector(n, cnp.NPY_UINT64)
    cdef PyObject** entries = <PyObject**>cnp.PyArray_DATA(A)
    cdef int64_t* row = <int64_t*>cnp.PyArray_DATA(rows)
    cdef uint64_t* below = <uint64_t*>cnp.PyArray_DATA(denominators)
    cdef int64_t* multiple = <int64_t*>cnp.PyArray_DATA(multiples)
    cdef int64_t* divisor = <int64_t*>cnp.PyArray_DATA(divisors)
    cdef bint whole
    know_fractions()
    for i in range(count):
        whole = True
        for j in range(n):
            row[j] = 0
            whole = whole and read_number(<object>entries[j], row + j, below + j)
        if not (whole and clear_row(n, row, below, multiple + i, divisor + i)):
            memset(row, 0, n * sizeof(int64_t))
            multiple[i], divisor[i] = 0, 1
        entries += n
        row += n
    return rows, multiples, divisors
