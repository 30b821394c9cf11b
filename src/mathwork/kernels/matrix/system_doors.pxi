# The doors of solve, inv, det, rank and null_space. One matrix that is simply plain is answered
# here. Any other call goes through its declaration in mathwork.matrix, which calls the functions
# for plain arrays below.

cdef Maker solution_maker = Maker(tuple)
solutions = solution_maker


cdef object solution_of(object status, object x, object basis, object ambiguous):
    """A Solution of one system, where ambiguous is a bool, or of a stack"""
    cdef tuple arguments = ((status, x, basis),)
    if solution_maker.declared is tuple:        # no Solution is declared: a level alone
        return status, x, basis, ambiguous
    made = (<PyTypeObject*>tuple).tp_new(solution_maker.declared, <PyObject*>arguments, NULL)
    if ambiguous is not False:
        made.__dict__["ambiguous"] = ambiguous
    return made


cdef cnp.ndarray kept_plain(object A, bint square):
    """Return a view of a plain matrix or stack that nobody else holds; checked again, because
    whoever holds A can set its shape"""
    cdef cnp.ndarray view
    if not cnp.PyArray_CheckExact(A):
        raise TypeError("A must be an array")
    view = own_view(A, NULL, NULL)
    cdef int ndim = cnp.PyArray_NDIM(view)
    if not (ndim >= 2 and (is_plain(view, ndim, cnp.NPY_DOUBLE)
                           or is_plain(view, ndim, cnp.NPY_FLOAT))
            and (not square or view.shape[ndim - 2] == view.shape[ndim - 1])):
        raise ValueError(f"A must keep its shape, got {shape_of(view)}, {view.dtype} in the end")
    return view


# ---- one matrix, or a stack ----

cdef inline bint is_square(cnp.ndarray A):
    """Return whether A is there, and its matrices are square"""
    cdef int ndim
    if A is None:
        return False
    ndim = cnp.PyArray_NDIM(A)
    return A.shape[ndim - 2] == A.shape[ndim - 1]


cdef object solve_each(cnp.ndarray A, cnp.ndarray B, bint vectors, double tol):
    """The Solution of a stack A with a stack of columns B, or of vectors with a last axis of one"""
    status, x, basis, ambiguous = solutions_of_stack(A, B, 1, tol, 0, 1)
    return solution_of(status[..., 0], x[..., 0] if vectors else x, basis, ambiguous[..., 0])


cdef object inverses_in(cnp.ndarray A, double tol, double atol, Py_ssize_t workers,
                        int stacklevel):
    if cnp.PyArray_NDIM(A) == 2:
        return invert_one(A, tol, atol, stacklevel)
    return invert_stack(A, tol, atol, workers, stacklevel)


cdef object determinants_in(cnp.ndarray A, double tol, double atol, Py_ssize_t workers,
                            int stacklevel):
    if cnp.PyArray_NDIM(A) == 2:
        return determinant_of_one(A, tol, atol, stacklevel)
    return determinants_of_stack(A, tol, atol, workers, stacklevel)


cdef object ranks_in(cnp.ndarray A, double tol, double atol, Py_ssize_t workers,
                     int stacklevel):
    if cnp.PyArray_NDIM(A) == 2:
        return rank_of_one(A, tol, atol, stacklevel)
    return ranks_of_stack(A, tol, atol, workers, stacklevel)


cdef object null_spaces_in(cnp.ndarray A, double tol, double atol, Py_ssize_t workers,
                           int stacklevel):
    if cnp.PyArray_NDIM(A) == 2:
        return null_space_of_one(A, tol, atol, stacklevel)
    return null_spaces_of_stack(A, tol, atol, workers, stacklevel)


# ---- plain arrays, for the declarations; tol = -1 is the default ----

def solve_plain(A, b, double tol, double atol):
    """Return the Solution of one plain system; b is a vector or columns."""
    cdef cnp.ndarray left = kept_plain(A, False), right = own_view(b, NULL, NULL)
    cdef int ndim = cnp.PyArray_NDIM(right)
    if (cnp.PyArray_NDIM(left) != 2 or not 1 <= ndim <= 2 or right.shape[0] != left.shape[0]
            or not is_plain(right, ndim, cnp.PyArray_TYPE(left))):
        raise ValueError("A and b must keep their shapes")
    return solve_one(left, right, tol, atol)


def solve_stack(A, B, Py_ssize_t groups, double tol, double atol, Py_ssize_t workers):
    """Return (status, x, null space, ambiguous) of the systems A X = B of a plain stack.

    The columns of B are `groups` equal groups, and each has a status: (..., groups).
    """
    cdef cnp.ndarray left = kept_plain(A, False), right = own_view(B, NULL, NULL)
    cdef int ndim = cnp.PyArray_NDIM(left), axis
    cdef bint fit = is_plain(right, ndim, cnp.PyArray_TYPE(left)) and groups >= 0
    for axis in range(ndim - 1):
        fit = fit and left.shape[axis] == right.shape[axis]
    if not fit or (right.shape[ndim - 1] % groups if groups else right.shape[ndim - 1]):
        raise ValueError("A and B must keep their shapes")
    return solutions_of_stack(left, right, groups, tol, atol, workers)


def invert_plain(A, double tol, double atol, Py_ssize_t workers, int stacklevel):
    """Return the inverse of a plain square matrix, or of each of a stack: NaN for none."""
    return inverses_in(kept_plain(A, True), tol, atol, workers, stacklevel)


def determinant_of_plain(A, double tol, double atol, Py_ssize_t workers, int stacklevel):
    """Return the determinant of a plain square matrix, or of each of a stack."""
    return determinants_in(kept_plain(A, True), tol, atol, workers, stacklevel)


def rank_of_plain(A, double tol, double atol, Py_ssize_t workers, int stacklevel):
    """Return the rank of a plain matrix, or of each of a stack."""
    return ranks_in(kept_plain(A, False), tol, atol, workers, stacklevel)


def null_space_of_plain(A, double tol, double atol, Py_ssize_t workers, int stacklevel):
    """Return the null space of a plain matrix, or of each of a stack, filled up with zeros."""
    return null_spaces_in(kept_plain(A, False), tol, atol, workers, stacklevel)


# ---- doors ----

def solve(A, b, *, tol=None, atol=0.0, exact=False, modulus=None, workers=1):
    cdef cnp.ndarray left, right = None
    cdef bint vectors = False
    if plain_keywords(tol, atol, exact, modulus, workers) and <double>atol == 0:
        left = simple_matrices(A)
        if left is not None and cnp.PyArray_NDIM(left) > 2:
            right = stacked_sides(b, left, &vectors)
            if right is not None:
                return solve_each(left, right, vectors, plain_tol(tol))
        elif left is not None:
            left = kept_beside(left, b)
            right = simple_sides(b, left)
        if right is not None:
            if cnp.PyArray_TYPE(left) != cnp.PyArray_TYPE(right):
                left, right = in_double(left), in_double(right)
            return solve_one(left, right, plain_tol(tol), 0)
    return solve.__wrapped__(A, b, tol=tol, atol=atol, exact=exact, modulus=modulus,
                             workers=workers)


def inv(A, *, tol=None, atol=0.0, exact=False, modulus=None, workers=1):
    cdef cnp.ndarray plain
    if plain_keywords(tol, atol, exact, modulus, workers):
        plain = simple_matrices(A)
        if is_square(plain):
            return inverses_in(plain, plain_tol(tol), plain_atol(atol), 1, 1)
    return inv.__wrapped__(A, tol=tol, atol=atol, exact=exact, modulus=modulus, workers=workers)


def det(A, *, tol=None, atol=0.0, exact=False, modulus=None, workers=1):
    cdef cnp.ndarray plain
    if plain_keywords(tol, atol, exact, modulus, workers):
        plain = simple_matrices(A)
        if is_square(plain):
            return determinants_in(plain, plain_tol(tol), plain_atol(atol), 1, 1)
    return det.__wrapped__(A, tol=tol, atol=atol, exact=exact, modulus=modulus, workers=workers)


def rank(A, *, tol=None, atol=0.0, exact=False, modulus=None, workers=1):
    cdef cnp.ndarray plain
    if plain_keywords(tol, atol, exact, modulus, workers):
        plain = simple_matrices(A)
        if plain is not None:
            return ranks_in(plain, plain_tol(tol), plain_atol(atol), 1, 1)
    return rank.__wrapped__(A, tol=tol, atol=atol, exact=exact, modulus=modulus, workers=workers)


def null_space(A, *, tol=None, atol=0.0, exact=False, modulus=None, integer=False, workers=1):
    cdef cnp.ndarray plain
    if integer is False and plain_keywords(tol, atol, exact, modulus, workers):
        plain = simple_matrices(A)
        if plain is not None:
            return null_spaces_in(plain, plain_tol(tol), plain_atol(atol), 1, 1)
    return null_space.__wrapped__(A, tol=tol, atol=atol, exact=exact, modulus=modulus,
                                  integer=integer, workers=workers)
