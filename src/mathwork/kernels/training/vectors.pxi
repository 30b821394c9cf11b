# Vectors of float64, as optimisers over all rows need them. Loops are written so that their order
# of sums does not depend on the level.


cdef double dot(Py_ssize_t n, const double* x, const double* y) noexcept nogil:
    """sum x y, in eight chains"""
    cdef double sums[8]
    cdef Py_ssize_t i, k, whole = n - n % 8
    memset(sums, 0, sizeof(sums))
    for i in range(0, whole, 8):
        for k in range(8):
            sums[k] += x[i + k] * y[i + k]
    for i in range(whole, n):
        sums[i - whole] += x[i] * y[i]
    return (((sums[0] + sums[4]) + (sums[2] + sums[6]))
            + ((sums[1] + sums[5]) + (sums[3] + sums[7])))


cdef void add_scaled(Py_ssize_t n, double factor, const double* x, double* y) noexcept nogil:
    """y += factor x"""
    cdef Py_ssize_t i
    for i in range(n):
        y[i] += factor * x[i]


cdef double largest_of(Py_ssize_t n, const double* x) noexcept nogil:
    """max |x|"""
    cdef double most = 0
    cdef Py_ssize_t i
    for i in range(n):
        most = max(most, fabs(x[i]))
    return most


cdef bint cholesky(Py_ssize_t n, Py_ssize_t first, Py_ssize_t stop, double* A) noexcept nogil:
    """A = R^T R in the upper triangle; False where A is not positive definite

    These are its steps from `first` to `stop`, after which somebody may look for Ctrl-C.
    """
    cdef Py_ssize_t i, k
    cdef double pivot
    for k in range(first, stop):
        if not A[k * n + k] > 0:
            return False
        pivot = 1 / sqrt(A[k * n + k])
        for i in range(k, n):
            A[k * n + i] *= pivot
        for i in range(k + 1, n):
            add_scaled(n - i, -A[k * n + i], A + k * n + i, A + i * n + i)
    return True


cdef void solve_cholesky(Py_ssize_t n, const double* R, double* x) noexcept nogil:
    """x = R^-1 R^-T x"""
    cdef Py_ssize_t k
    for k in range(n):
        x[k] /= R[k * n + k]
        add_scaled(n - k - 1, -x[k], R + k * n + k + 1, x + k + 1)
    for k in range(n - 1, -1, -1):
        x[k] = (x[k] - dot(n - k - 1, R + k * n + k + 1, x + k + 1)) / R[k * n + k]
