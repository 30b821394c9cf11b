# Solutions and null spaces, read off the reduced forms of a stack. A form is a matrix of integers:
# residues modulo a prime, or numerators whose denominator is the divisor of the matrix. So only the
# Fractions that a result holds are ever made.

cdef enum:
    UNIQUE = 0                  # as _status.py has them
    INFINITE = 1
    INCONSISTENT = 2

cdef struct Forms:
    Py_ssize_t m, n, k          # of [A | B]
    Py_ssize_t most
    int64_t p                   # the prime, 0 for the rationals
    const int64_t* matrices     # (m, n + k) each
    const Py_ssize_t* pivots    # (most,) each, in A alone
    const int64_t* divisors     # (m,) each; not of residues


cdef inline void put_number(const Forms* forms, cnp.ndarray array, Py_ssize_t at, int64_t value,
                            int64_t divisor, bint minus):
    """array.flat[at] = value / divisor, or minus that"""
    if forms.p:
        (<int64_t*>cnp.PyArray_DATA(array))[at] = forms.p - value if minus and value else value
    else:
        put_object(array, at, small_fraction(value, divisor, minus))


cdef cnp.ndarray numbers(const Forms* forms, Py_ssize_t count, Py_ssize_t rows,
                         Py_ssize_t columns):
    """Zeros of the field"""
    cdef cnp.ndarray made
    cdef Py_ssize_t i
    made = new_stack(count, rows, columns, cnp.NPY_INT64 if forms.p else cnp.NPY_OBJECT)
    if forms.p:
        memset(cnp.PyArray_DATA(made), 0, count * rows * columns * sizeof(int64_t))
    else:
        for i in range(count * rows * columns):
            put_object(made, i, fraction_zero)
    return made


cdef Py_ssize_t rank_of(const Forms* forms, Py_ssize_t s) noexcept nogil:
    cdef const Py_ssize_t* pivots = forms.pivots + s * forms.most
    cdef Py_ssize_t rank = forms.most
    while rank and pivots[rank - 1] < 0:
        rank -= 1
    return rank


cdef void put_null_space(const Forms* forms, Py_ssize_t s, cnp.ndarray basis):
    """The null space of matrix s in the first columns of its basis"""
    cdef Py_ssize_t n = forms.n, width = basis.shape[2], rank = rank_of(forms, s), found = 0, i, j
    cdef Py_ssize_t at = s * n * width
    cdef const int64_t* matrix = forms.matrices + s * forms.m * (n + forms.k)
    cdef const Py_ssize_t* pivots = forms.pivots + s * forms.most
    cdef int64_t divisor = 0 if forms.p or not forms.m else forms.divisors[s * forms.m]
    for j in range(n):
        if found < rank and pivots[found] == j:
            found += 1
            continue
        put_number(forms, basis, at + j * width + j - found, 1, 1, False)
        for i in range(found):      # later rows are zero in this column
            put_number(forms, basis, at + pivots[i] * width + j - found,
                       matrix[i * (n + forms.k) + j], divisor, True)


cdef bint put_solution(const Forms* forms, Py_ssize_t s, Py_ssize_t t, cnp.ndarray x):
    """The solution for right-hand side t of matrix s; return False where there is none"""
    cdef Py_ssize_t m = forms.m, n = forms.n, k = forms.k, rank = rank_of(forms, s), i
    cdef const int64_t* column = forms.matrices + s * m * (n + k) + n + t
    cdef const Py_ssize_t* pivots = forms.pivots + s * forms.most
    for i in range(rank, m):
        if column[i * (n + k)]:
            return False
    for i in range(rank):
        put_number(forms, x, (s * n + pivots[i]) * k + t, column[i * (n + k)],
                   0 if forms.p else forms.divisors[s * m], False)
    return True


cdef Forms forms_of(cnp.ndarray matrices, cnp.ndarray pivots, cnp.ndarray divisors,
                    Py_ssize_t n, int64_t p):
    cdef Forms forms
    forms.m, forms.n, forms.k = matrices.shape[1], n, matrices.shape[2] - n
    forms.most, forms.p = pivots.shape[1], p
    forms.matrices = <const int64_t*>cnp.PyArray_DATA(matrices)
    forms.pivots = <const Py_ssize_t*>cnp.PyArray_DATA(pivots)
    forms.divisors = NULL
    if not p:
        forms.divisors = <const int64_t*>cnp.PyArray_DATA(divisors)
        know_fractions()
    return forms


def null_spaces(cnp.ndarray matrices, cnp.ndarray pivots, cnp.ndarray divisors, Py_ssize_t n,
                int64_t p):
    """Return the null spaces of A from reduced forms of [A | B], (count, n, largest nullity).

    The forms are those of `reduce_modulo` for the prime p, and `divisors` is None, or those of
    `fraction_free`, and p is 0. Pivots are in the n columns of A. A null space of fewer columns is
    filled up with zeros.
    """
    cdef Forms forms = forms_of(matrices, pivots, divisors, n, p)
    cdef Py_ssize_t count = matrices.shape[0], width = 0, s
    cdef cnp.ndarray basis
    for s in range(count):
        width = max(width, n - rank_of(&forms, s))
    basis = numbers(&forms, count, n, width)
    if width:
        for s in range(count):
            give_turn(s)
            put_null_space(&forms, s, basis)
    return basis


def solutions_of_forms(cnp.ndarray matrices, cnp.ndarray pivots, cnp.ndarray divisors,
                       Py_ssize_t n, int64_t p):
    """Return (codes, x) from reduced forms of [A | B]: (count, max(k, 1)) int8, (count, n, k).

    The arguments are those of `null_spaces`. There is a code for each right-hand side. Where it is
    inconsistent, x is 0.
    """
    cdef Forms forms = forms_of(matrices, pivots, divisors, n, p)
    cdef Py_ssize_t count = matrices.shape[0], k = forms.k, s, t
    cdef cnp.ndarray x = numbers(&forms, count, n, k)
    cdef cnp.ndarray codes = new_matrix(count, max(k, 1), cnp.NPY_INT8)
    cdef signed char* code = <signed char*>cnp.PyArray_DATA(codes)
    for s in range(count):
        for t in range(codes.shape[1]):
            give_turn(s * codes.shape[1] + t)
            code[0] = UNIQUE if rank_of(&forms, s) == n else INFINITE
            if t < k and not put_solution(&forms, s, t, x):
                code[0] = INCONSISTENT
            code += 1
    return codes, x


def quotients(cnp.ndarray numerators, cnp.ndarray denominators):
    """Return Fractions, (count, m, n): plain int64 numbers by the denominators of rows, (count, m)

    Where a denominator is 0, there is None.
    """
    cdef Py_ssize_t rows = numerators.shape[0] * numerators.shape[1], n = numerators.shape[2], i, j
    cdef const int64_t* above = <const int64_t*>cnp.PyArray_DATA(numerators)
    cdef const int64_t* below = <const int64_t*>cnp.PyArray_DATA(denominators)
    cdef cnp.ndarray result = new_stack(numerators.shape[0], numerators.shape[1], n,
                                        cnp.NPY_OBJECT)
    know_fractions()
    for i in range(rows):
        for j in range(n if below[i] else 0):
            give_turn(i * n + j)
            put_object(result, i * n + j, small_fraction(above[i * n + j], below[i], False))
    return result
