# The object that a linear regression gives, whoever computed it: fit_linear or Moments.

from libc.math cimport sqrt


@cython.no_gc
cdef class LeastSquares:
    """The kernel under mathwork.regression.LinearFit: what else there is, is computed from this.

    `ssr`, `rsquared` and `fvalue` are floats for y of shape (n,), else arrays of shape (k,). Arrays
    are read-only.
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
    cdef readonly str _way
    cdef readonly Py_ssize_t _steps


cdef Maker fit_maker = Maker(LeastSquares)
fits = fit_maker


cdef inline LeastSquares new_fit(object params, object bse, object ssr, object rsquared,
                                 object fvalue, object correlation, Py_ssize_t nobs,
                                 Py_ssize_t rank, int status, bint intercept, object X, object y):
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
    return made


def least_squares(params, bse, ssr, rsquared, fvalue, correlation, Py_ssize_t nobs,
                  Py_ssize_t rank, int status, bint intercept, X, y):
    """A fit of parts that somebody else has computed and checked; arrays become read-only."""
    for part in (params, bse, ssr, rsquared, fvalue, correlation):
        if isinstance(part, np.ndarray):
            part.setflags(write=False)
    return new_fit(params, bse, ssr, rsquared, fvalue, correlation, nobs, rank, status, intercept,
                   X, y)


# ---- what all fits compute alike ----

cdef inline double root_of_scale(double ssr, Py_ssize_t df_resid) noexcept nogil:
    return sqrt(ssr / df_resid) if df_resid > 0 else NAN


cdef inline void judge_fit(double total, double explained, double ssr, Py_ssize_t df_model,
                           Py_ssize_t df_resid, double* rsquared, double* fvalue) noexcept nogil:
    """R^2 and F of the sums of squares

    Nearly all of their difference would be rounding where a fit explains little, or leaves little.
    """
    rsquared[0] = explained / total if explained < ssr else 1 - ssr / total
    fvalue[0] = (explained / df_model) / (ssr / df_resid) if df_resid > 0 else NAN


cdef inline cnp.ndarray of_parameters(Py_ssize_t P, Py_ssize_t k, bint single, double** numbers):
    """An array (P, k), or (P,) for a target that came as a vector, to which only a kernel writes"""
    cdef cnp.ndarray made = (new_vector(P, cnp.NPY_DOUBLE) if single
                             else new_matrix(P, k, cnp.NPY_DOUBLE))
    cnp.PyArray_CLEARFLAGS(made, cnp.NPY_ARRAY_WRITEABLE)
    numbers[0] = <double*>cnp.PyArray_DATA(made)
    return made


cdef inline object of_targets(const double* values, Py_ssize_t k, bint single):
    """A float for a target that came as a vector, else an array"""
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
