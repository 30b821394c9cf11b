# The doors of straight lines. Plain arrays are fitted here. Any other call goes through its
# declaration in mathwork.regression.line.


@cython.no_gc
cdef class Line:
    """The kernel under mathwork.regression.LineFit: the fit of one row, or of each row of a stack.

    One row fills `found`, `points` and `verdict`. A stack fills `arrays` in their place.
    """

    cdef double found[FIT_SIZE]
    cdef cnp.int64_t points
    cdef int verdict
    cdef tuple arrays
    cdef public object _x               # the points of the fit, as the kernel read them
    cdef public object _y
    cdef public object _weights
    cdef public object _basis           # once it is known; see mathwork.regression.members
    cdef public object _robust          # how the standard errors came about; None: plainly
    cdef readonly object _details       # see mathwork.regression.details

    cdef inline object field(self, int which):
        return self.found[which] if self.arrays is None else self.arrays[which]

    @property
    def slope(self):
        return self.field(FIT_SLOPE)

    @property
    def intercept(self):
        return self.field(FIT_INTERCEPT)

    @property
    def rvalue(self):
        return self.field(FIT_RVALUE)

    @property
    def stderr(self):
        return self.field(FIT_STDERR)

    @property
    def intercept_stderr(self):
        return self.field(FIT_INTERCEPT_STDERR)

    @property
    def nobs(self):
        return self.points if self.arrays is None else self.arrays[FIT_SIZE]

    @property
    def status(self):
        return self.verdict if self.arrays is None else self.arrays[FIT_SIZE + 1]

    def __iter__(self):
        return iter((self.slope, self.intercept))


cdef Maker line_maker = Maker(Line)
lines = line_maker


def make_line(cls, *fields):
    """Return a Line of computed and checked fields: five floats or arrays in the order of the
    class, then nobs and status."""
    cdef Line made
    cdef int i
    made = line_maker.new_as(line_maker.checked(cls))
    if len(fields) != FIT_SIZE + 2:
        raise TypeError(f"fields must be the five of a line, nobs and status, got {len(fields)}")
    if isinstance(fields[0], float):
        for i in range(FIT_SIZE):
            made.found[i] = fields[i]
        made.points, made.verdict = fields[FIT_SIZE], fields[FIT_SIZE + 1]
    else:
        made.arrays = fields
    return made


def with_details(made, details):
    """Return a fit that nobody else has seen with these details."""
    if isinstance(made, Line):
        (<Line>made)._details = details
    else:
        (<LeastSquares?>made)._details = details
    return made


cdef inline void describe(cnp.ndarray array, Series* series) noexcept:
    """series = the numbers of the first row, along the last axis"""
    series.data = cnp.PyArray_BYTES(array)
    series.step = cnp.PyArray_STRIDES(array)[cnp.PyArray_NDIM(array) - 1]
    series.narrow = cnp.PyArray_TYPE(array) == cnp.NPY_FLOAT
    series.exponent = 0


cdef inline Line fit_one(cnp.ndarray x, cnp.ndarray y, cnp.ndarray weights):
    """Return the fit of one row in any layout, aligned and in native byte order"""
    cdef Points points
    cdef PyThreadState* state
    cdef Line made = line_maker.new()
    made._x, made._y = x, y
    points.count = cnp.PyArray_DIM(x, 0)
    describe(x, &points.x)
    describe(y, &points.y)
    points.weights.data = NULL
    if weights is not None:
        made._weights = weights
        describe(weights, &points.weights)
    state = release_gil(<double>points.count * 10)
    made.verdict = fit_row(&points, made.found, &made.points)
    take_gil(state)
    return made


cdef void describe_rows(cnp.ndarray array, SeriesRows* rows) noexcept:
    """rows = the numbers of all rows, along the last axis"""
    cdef int leading = cnp.PyArray_NDIM(array) - 1, axis
    cdef const cnp.npy_intp* shape = cnp.PyArray_DIMS(array)
    cdef Py_ssize_t expected = 0, found = 0
    describe(array, &rows.first)
    rows.strides = cnp.PyArray_STRIDES(array)
    rows.even = True
    rows.row_step = 0
    for axis in range(leading - 1, -1, -1):
        if shape[axis] == 1:
            continue
        if found == 0:
            rows.row_step = expected = rows.strides[axis]
        rows.even &= rows.strides[axis] == expected
        expected = expected * shape[axis]
        found += 1


cdef Line fit_many(cnp.ndarray x, cnp.ndarray y, cnp.ndarray weights, Py_ssize_t workers):
    """Return the fits of a stack: equal shapes in any layout, or plain arrays

    Among plain arrays, x or weights may be one row. The fit reads shapes and strides while other
    threads may set them, but not those of plain arrays. So any other array must be a view that
    nobody else holds.
    """
    cdef LineStack stack
    cdef Py_ssize_t rows = 1
    cdef int axis
    cdef cnp.npy_intp* shape = cnp.PyArray_DIMS(y)
    cdef Line made = line_maker.new()
    cdef list fields = []
    cdef cnp.npy_intp[MAX_DIMENSIONS + 1] block_shape
    cdef cnp.ndarray block
    made._x, made._y, made._weights = x, y, weights
    stack.leading = cnp.PyArray_NDIM(y) - 1
    stack.shape = shape
    stack.count = shape[stack.leading]
    for axis in range(stack.leading):
        rows *= shape[axis]
    describe_rows(x, &stack.x)
    describe_rows(y, &stack.y)
    stack.weights.first.data = NULL
    stack.weights.even = False
    if weights is not None:
        describe_rows(weights, &stack.weights)
    # One block holds all results. The system gives a large block in large pages. Many small blocks
    # would take longer than the fits.
    block_shape[0] = FIT_SIZE + 1
    for axis in range(stack.leading):
        block_shape[axis + 1] = shape[axis]
    block = cnp.PyArray_EMPTY(stack.leading + 1, block_shape, cnp.NPY_DOUBLE, 0)
    for axis in range(FIT_SIZE + 1):
        fields.append(block[axis])
    fields[FIT_SIZE] = fields[FIT_SIZE].view(np.int64)
    fields.append(cnp.PyArray_EMPTY(stack.leading, shape, cnp.NPY_INT8, 0))
    for axis in range(FIT_SIZE):
        stack.found[axis] = <double*>cnp.PyArray_DATA(block) + axis * rows
    stack.nobs = <cnp.int64_t*>cnp.PyArray_DATA(block) + FIT_SIZE * rows
    stack.status = <signed char*>cnp.PyArray_DATA(<cnp.ndarray>fields[FIT_SIZE + 1])
    if workers == 1:
        fit_slices(stack, None, 0, rows)
    else:
        share_lines(stack, (x, y, weights, fields), rows, workers)
    for field in fields:
        cnp.PyArray_CLEARFLAGS(field, cnp.NPY_ARRAY_WRITEABLE)
    made.arrays = tuple(fields)
    return made


cdef fit_slices(LineStack stack, owners, Py_ssize_t start, Py_ssize_t stop):
    """fit_stack() without the GIL; `owners` keeps the memory of the stack alive"""
    cdef PyThreadState* state = release_gil(<double>(stop - start) * stack.count * 10)
    cdef Py_ssize_t end = start
    while next_piece(&start, &end, stop, 10.0 * stack.count):
        fit_stack(&stack, start, end)
    take_gil(state)


cdef share_lines(LineStack stack, owners, rows, workers):
    """fit_slices() of pieces, one a thread; each piece keeps the owners"""
    _workers.over_rows(lambda start, stop: fit_slices(stack, owners, start, stop), rows, workers)


cdef inline bint goes_with(cnp.ndarray x, cnp.ndarray y) noexcept:
    """Return whether x has the shape of y, or is one row for all rows of y"""
    cdef int ndim = cnp.PyArray_NDIM(x), extra = cnp.PyArray_NDIM(y) - ndim
    if ndim == 1:
        return extra >= 0 and cnp.PyArray_DIM(x, 0) == cnp.PyArray_DIM(y, extra)
    return extra == 0 and cnp.PyArray_CompareLists(cnp.PyArray_DIMS(x), cnp.PyArray_DIMS(y), ndim)


def fit_line(x, y, *, weights=None, workers=1, nan_policy="raise", cov=NONROBUST, groups=None,
             maxlags=None):
    cdef Line made
    if (type(workers) is int and workers == 1 and cov is NONROBUST and groups is None
            and maxlags is None and type(nan_policy) is str
            and (nan_policy == "raise" or nan_policy == "propagate")
            and is_plain_double(x) and is_plain_double(y)
            and goes_with(<cnp.ndarray>x, <cnp.ndarray>y)
            and (weights is None or (is_plain_double(weights)
                                     and goes_with(<cnp.ndarray>weights, <cnp.ndarray>y)))):
        if cnp.PyArray_NDIM(<cnp.ndarray>y) > 1:
            return fit_many(<cnp.ndarray>x, <cnp.ndarray>y, <cnp.ndarray>weights, 1)
        made = fit_one(<cnp.ndarray>x, <cnp.ndarray>y, <cnp.ndarray>weights)
        if made.verdict == FIT_DONE or (made.verdict == FIT_NOT_FINITE
                                        and nan_policy == "propagate"):
            return made
    return fit_line.__wrapped__(x, y, weights=weights, workers=workers, nan_policy=nan_policy,
                                cov=cov, groups=groups, maxlags=maxlags)


def fit_checked_line(cnp.ndarray x not None, cnp.ndarray y not None, cnp.ndarray weights,
                     Py_ssize_t workers):
    """fit_line of arrays of one shape, float32 or float64 in any layout, that nobody else holds.

    If a single fit failed, its fields are NaN and its status says why.
    """
    for array in (x, y, weights):
        if array is not None and not (
                cnp.PyArray_NDIM(y) > 0 and cnp.PyArray_SAMESHAPE(array, y) and is_strided(array)):
            raise ValueError("x, y and weights must be aligned arrays of one shape")
    if cnp.PyArray_NDIM(y) > 1:
        return fit_many(x, y, weights, workers)
    return fit_one(x, y, weights)
