# The doors of straight lines: two plain vectors with little overhead, and the rest, whose checks
# are in mathwork.regression.line.


@cython.no_gc
@cython.auto_pickle(False)
cdef class Line:
    """The kernel under mathwork.regression.LineFit: the fit of one row, or of each of a stack.

    For a stack, `arrays` holds what `found`, `points` and `verdict` hold for one row.
    """

    cdef double found[FIT_SIZE]
    cdef cnp.int64_t points
    cdef int verdict
    cdef tuple arrays

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


cdef object line_class = Line


def give_lines_as(cls):
    """Let fit_line make objects of this subclass of Line."""
    global line_class
    if not issubclass(cls, Line):
        raise TypeError("cls must be a subclass of Line")
    line_class = cls


cdef inline Line new_line(object cls):
    # Not by way of cls.__new__, which checks the arguments of other callers.
    return <Line>(<PyTypeObject*>Line).tp_new(cls, <PyObject*>no_arguments, NULL)


def make_line(cls, *fields):
    """A Line of fields that somebody else has computed and checked: five floats or arrays in the
    order of the class, nobs and status."""
    cdef Line made
    cdef int i
    if not issubclass(cls, Line) or len(fields) != FIT_SIZE + 2:
        raise TypeError("cls must be a subclass of Line, and fields its five, nobs and status")
    made = new_line(cls)
    if isinstance(fields[0], float):
        for i in range(FIT_SIZE):
            made.found[i] = fields[i]
        made.points, made.verdict = fields[FIT_SIZE], fields[FIT_SIZE + 1]
    else:
        made.arrays = fields
    return made


cdef inline void describe(cnp.ndarray array, Series* series) noexcept:
    """The numbers along the last axis, of the first row"""
    series.data = cnp.PyArray_BYTES(array)
    series.step = cnp.PyArray_STRIDES(array)[cnp.PyArray_NDIM(array) - 1]
    series.narrow = cnp.PyArray_TYPE(array) == cnp.NPY_FLOAT
    series.exponent = 0


cdef inline Line fit_one(cnp.ndarray x, cnp.ndarray y, cnp.ndarray weights):
    """One row of any layout, aligned and in native byte order"""
    cdef Points points
    cdef PyThreadState* state
    cdef Line made = new_line(line_class)
    points.count = cnp.PyArray_DIM(x, 0)
    describe(x, &points.x)
    describe(y, &points.y)
    points.weights.data = NULL
    if weights is not None:
        describe(weights, &points.weights)
    state = release_gil(<double>points.count * 10)
    made.verdict = fit_row(&points, made.found, &made.points)
    take_gil(state)
    return made


cdef void describe_rows(cnp.ndarray array, SeriesRows* rows) noexcept:
    """The numbers along the last axis, of all rows"""
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
    """A stack: equal shapes in any layout, or plain arrays of which x or weights are one row

    Shapes and strides are read while other threads may set them, but not those of plain arrays:
    what is not plain must be a view that nobody else holds.
    """
    cdef LineStack stack
    cdef Py_ssize_t rows = 1
    cdef int axis
    cdef cnp.npy_intp* shape = cnp.PyArray_DIMS(y)
    cdef Line made = new_line(line_class)
    cdef list fields = []
    cdef cnp.npy_intp[MAX_DIMENSIONS + 1] block_shape
    cdef cnp.ndarray block
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
    # One block for all: a large one comes in large pages, where many small ones would cost more
    # to get from the system than the fits.
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
    """fit_stack() without the GIL; the owners are those of the memory that stack points into"""
    cdef PyThreadState* state = release_gil(<double>(stop - start) * stack.count * 10)
    fit_stack(&stack, start, stop)
    take_gil(state)


cdef share_lines(LineStack stack, owners, rows, workers):
    """fit_slices() of pieces, one a thread, each of which keeps the owners"""
    _workers.over_rows(lambda start, stop: fit_slices(stack, owners, start, stop), rows, workers)


cdef inline bint goes_with(cnp.ndarray x, cnp.ndarray y) noexcept:
    """Whether x has the shape of y, or is one row for all of it"""
    cdef int ndim = cnp.PyArray_NDIM(x), extra = cnp.PyArray_NDIM(y) - ndim
    return ((extra == 0 or (ndim == 1 and extra > 0))
            and cnp.PyArray_CompareLists(cnp.PyArray_DIMS(x), cnp.PyArray_DIMS(y) + extra, ndim))


def fit_line(x, y, *, weights=None, Py_ssize_t workers=1):
    """The straight line through points by least squares, or one for each row of a stack.

    Parameters
    ----------
    x, y : array_like, shape (..., n)
        The points, n at least 2. Axes before the last are broadcast, so that one x of shape (n,)
        serves all rows. float32 is read as it lies; everything is computed in float64.
    weights : array_like, shape (..., n), optional
        What each squared residual is multiplied by; a point of weight 0 is left out, whatever it
        is. All 1 by default.
    workers : int
        The threads that share the rows of a stack.

    Returns
    -------
    LineFit
        Unpacks to ``(slope, intercept)``; also `rvalue`, `stderr`, `intercept_stderr`, `pvalue`
        (which needs SciPy), `nobs`, `status` and ``predict(x)``. Python floats for one fit,
        arrays of shape ``(...)`` for a stack.

    Raises
    ------
    TypeError
        For what does not hold real numbers, or is masked.
    ValueError
        If the shapes do not fit together or `workers` is below 1. For one fit also if there are
        fewer than 2 points (of positive weight), all of them have the same x, or a weight is
        negative or not finite; a row of a stack of which that is true gets NaN and its `status`.

    Notes
    -----
    With w the weights, W their sum, and means ``mx = sum(w x) / W``, ``my = sum(w y) / W``::

        Sxx = sum(w (x - mx)^2),  Sxy = sum(w (x - mx) (y - my)),  SSR = sum(w residual^2)
        slope = Sxy / Sxx                       intercept = my - slope mx
        s^2 = SSR / (nobs - 2)                  rvalue = sign(Sxy) sqrt(1 - SSR / Syy)
        stderr = sqrt(s^2 / Sxx)                intercept_stderr = sqrt(s^2 (1 / W + mx^2 / Sxx))

    In sums that are not centred these are ``slope = (n Sxy - Sx Sy) / (n Sxx - Sx^2)`` and
    ``intercept = (Sy Sxx - Sx Sxy) / (n Sxx - Sx^2)``. (The notes that this package implements
    give the latter as the slope, with a slip, and the former as the intercept.) So computed they
    lose a digit for each digit of an offset of x.

    Here the sums are taken about a provisional line, of residuals whose last digits are kept, and
    once more where that line was not near. Errors of slope and intercept are a few units in the
    last place (of ``spread(y) / spread(x)`` where the slope is smaller than that), and those of
    standard errors about 1e-15 relative, whatever the offsets of x and y, and however good the
    fit as long as residuals are above 1e-18 of y. Memory is read once, unless the sums must be
    taken again.

    NaN or infinity in a point gives NaN fields and status 3. Through two points the line is
    exact, `rvalue` is 1 or -1 and standard errors are NaN. For constant y `rvalue` is 0.

    A row has the same bits alone, in any stack, and for any number of workers.

    References
    ----------
    Draper, Smith, Applied Regression Analysis, 3rd ed., Wiley, 1998, chapter 1.
    Bjorck, Numerical Methods for Least Squares Problems, SIAM, 1996, section 2.9.

    Examples
    --------
    >>> from mathwork.regression import fit_line
    >>> fit = fit_line([1, 2, 3, 4], [3, 5, 7, 10])
    >>> fit.slope, fit.intercept
    (2.3, 0.5)
    >>> slope, intercept = fit_line([0, 1, 2], [[1, 3, 5], [2, 2, 2]])
    >>> slope
    array([2., 0.])
    """
    cdef Line made
    if (workers == 1 and is_plain_double(x) and is_plain_double(y) and goes_with(x, y)
            and (weights is None or (is_plain_double(weights) and goes_with(weights, y)))):
        if cnp.PyArray_NDIM(<cnp.ndarray>y) > 1:
            return fit_many(x, y, weights, 1)
        made = fit_one(x, y, weights)
    else:
        from mathwork.regression import line as checks      # which imports this module

        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        x, y, weights = checks.checked(x, y, weights)
        if cnp.PyArray_NDIM(<cnp.ndarray>y) > 1:
            return fit_many(x, y, weights, workers)
        made = fit_one(x, y, weights)
    if made.verdict != FIT_DONE and made.verdict != FIT_NOT_FINITE:
        from mathwork.regression import line as checks

        checks.complain(made.verdict, x, y, weights)
    return made
