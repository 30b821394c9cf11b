# The result of a linear regression, for both fit_linear and Moments.

from libc.math cimport sqrt

cdef str NONROBUST = "nonrobust"        # the default of `cov`, which doors know by its identity


@cython.no_gc
cdef class LeastSquares:
    """The kernel under mathwork.regression.LinearFit, which computes all else from these fields.

    For y (n,), `ssr`, `rsquared` and `fvalue` are floats; for (n, k), arrays (k,). Arrays are
    read-only.
    """

    cdef readonly object params
    cdef readonly object bse
    cdef readonly object ssr
    cdef readonly object rsquared
    cdef readonly object fvalue
    cdef readonly object _correlation   # of the parameters, NaN for the columns left out
    cdef readonly Py_ssize_t nobs
    cdef readonly Py_ssize_t rank
    cdef readonly int status
    cdef readonly bint intercept
    cdef readonly object _X
    cdef readonly object _y
    cdef readonly object _weights       # of the rows, or None
    cdef public object _basis           # of the rows, once it is known; see robust.pxi
    cdef public object _robust          # how the standard errors came about; None: plainly
    cdef readonly str _way
    cdef readonly Py_ssize_t _steps
    cdef readonly object _details       # see mathwork.regression.details


cdef Maker fit_maker = Maker(LeastSquares)
fits = fit_maker


cdef inline LeastSquares new_fit(object params, object bse, object ssr, object rsquared,
                                 object fvalue, object correlation, Py_ssize_t nobs,
                                 Py_ssize_t rank, int status, bint intercept, object X, object y,
                                 object weights):
    cdef LeastSquares made = fit_maker.new()
    made.params = params
    made.bse = bse
    made.ssr = ssr
    made.rsquared = rsquared
    made.fvalue = fvalue
    made._correlation = correlation
    made.nobs = nobs
    made.rank = rank
    made.status = status
    made.intercept = intercept
    made._X = X
    made._y = y
    made._weights = weights
    return made


def least_squares(params, bse, ssr, rsquared, fvalue, correlation, Py_ssize_t nobs,
                  Py_ssize_t rank, int status, bint intercept, X, y, weights=None,
                  basis=None, robust=None):
    """Return a fit of computed and checked parts; arrays become read-only."""
    cdef LeastSquares made
    for part in (params, bse, ssr, rsquared, fvalue, correlation):
        if isinstance(part, np.ndarray):
            part.setflags(write=False)
    made = new_fit(params, bse, ssr, rsquared, fvalue, correlation, nobs, rank, status, intercept,
                   X, y, weights)
    made._basis = basis
    made._robust = robust
    return made


# ---- for all fits ----

cdef inline double root_of_scale(double ssr, Py_ssize_t df_resid) noexcept nogil:
    return sqrt(ssr / df_resid) if df_resid > 0 else NAN


cdef inline void judge_fit(double total, double explained, double ssr, Py_ssize_t df_model,
                           Py_ssize_t df_resid, double* rsquared, double* fvalue) noexcept nogil:
    """Compute R^2 and F from the sums of squares

    If the fit explains little or leaves little, their difference would be nearly all rounding.
    """
    rsquared[0] = explained / total if explained < ssr else 1 - ssr / total
    fvalue[0] = (explained / df_model) / (ssr / df_resid) if df_resid > 0 else NAN


cdef inline cnp.ndarray of_parameters(Py_ssize_t P, Py_ssize_t k, bint single, double** numbers):
    """Return an array (P, k), or (P,) for y (n,); only a kernel writes to it"""
    cdef cnp.ndarray made = (new_vector(P, cnp.NPY_DOUBLE) if single
                             else new_matrix(P, k, cnp.NPY_DOUBLE))
    cnp.PyArray_CLEARFLAGS(made, cnp.NPY_ARRAY_WRITEABLE)
    numbers[0] = <double*>cnp.PyArray_DATA(made)
    return made


cdef inline object of_targets(const double* values, Py_ssize_t k, bint single):
    """Return a float for y (n,), else an array (k,)"""
    cdef double* numbers
    cdef object made
    if single:
        return values[0]
    made = of_parameters(k, 1, True, &numbers)
    memcpy(numbers, values, k * sizeof(double))
    return made


cdef inline void fill_nan(double* numbers, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(count):
        numbers[i] = NAN
