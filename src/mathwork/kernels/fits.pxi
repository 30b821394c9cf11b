# The object that a linear regression gives, whoever computed it: fit_linear or Moments.

@cython.no_gc
cdef class LeastSquares:
    """The kernel under mathwork.regression.LinearFit: what else there is, is computed from this.

    `_ssr` and `_tss` are floats for y of shape (n,), else arrays of shape (k,).
    """

    cdef readonly object params
    cdef readonly Py_ssize_t nobs
    cdef readonly Py_ssize_t rank
    cdef readonly int status
    cdef readonly bint intercept
    cdef readonly object _inverse       # of X'X, NaN for the columns left out
    cdef readonly object _sizes         # roots of its diagonal, which it may be too large for
    cdef readonly object _ssr
    cdef readonly object _tss
    cdef readonly object _X
    cdef readonly object _y
    cdef readonly str _way
    cdef readonly Py_ssize_t _steps


cdef object fit_class = LeastSquares


def give_fits_as(cls):
    """Let fit_linear make objects of this subclass of LeastSquares."""
    global fit_class
    if not issubclass(cls, LeastSquares):
        raise TypeError("cls must be a subclass of LeastSquares")
    fit_class = cls


cdef inline LeastSquares new_fit(object params, Py_ssize_t nobs, Py_ssize_t rank, int status,
                                 bint intercept, object inverse, object sizes, object ssr,
                                 object tss, object X, object y):
    cdef LeastSquares made = <LeastSquares>(<PyTypeObject*>LeastSquares).tp_new(
        fit_class, <PyObject*>no_arguments, NULL)
    made.params = params
    made.nobs = nobs
    made.rank = rank
    made.status = status
    made.intercept = intercept
    made._inverse = inverse
    made._sizes = sizes
    made._ssr = ssr
    made._tss = tss
    made._X = X
    made._y = y
    return made


def least_squares(params, Py_ssize_t nobs, Py_ssize_t rank, int status, bint intercept, inverse,
                  sizes, ssr, tss, X, y):
    """A fit of parts that somebody else has computed and checked."""
    return new_fit(params, nobs, rank, status, intercept, inverse, sizes, ssr, tss, X, y)
