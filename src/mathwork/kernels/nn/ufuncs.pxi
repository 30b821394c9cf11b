# The doors of the activations. Those without a parameter are NumPy ufuncs, with loops for float and
# double only. The others work in place, on arrays that mathwork.activations made.

# A ufunc's pointers must stay valid as long as the process, which may outlast this module's
# dictionary. So these are one array each of loops, types and codes, and a list of texts.
cdef ufunc_loop ufunc_loops[2]
cdef char ufunc_types[4]
cdef int ufunc_codes[LEAKY_RELU]
cdef void* ufunc_data[LEAKY_RELU][2]
cdef list ufunc_texts = []

ufunc_loops[0] = ufunc_loop_f32
ufunc_loops[1] = ufunc_loop_f64
ufunc_types[0] = ufunc_types[1] = cnp.NPY_FLOAT
ufunc_types[2] = ufunc_types[3] = cnp.NPY_DOUBLE


cdef inline void strided(lanes like, int code, Py_ssize_t n, const char* x, Py_ssize_t x_step,
                         char* y, Py_ssize_t y_step, const real* kind) noexcept nogil:
    """y[n] = activation(x[n]); the elements may be any distance apart"""
    cdef real buffer[256]
    cdef Py_ssize_t i, part
    if x_step == sizeof(real) and y_step == sizeof(real):
        activate_any(like, code, &no_parameters, n, <const real*>x, <real*>y)
        return
    while n > 0:
        part = min(n, 256)
        for i in range(part):
            buffer[i] = (<const real*>(x + i * x_step))[0]
        activate_any(like, code, &no_parameters, part, <const real*>buffer, <real*>buffer)
        for i in range(part):
            (<real*>(y + i * y_step))[0] = buffer[i]
        x += part * x_step
        y += part * y_step
        n -= part


cdef void ufunc_loop_f32(char** args, const cnp.npy_intp* n,
                         const cnp.npy_intp* steps, void* code) noexcept nogil:
    strided(fill_f32(0), (<int*>code)[0], n[0], args[0], steps[0], args[1], steps[1],
            <const float*>NULL)
    clear_float_status()


cdef void ufunc_loop_f64(char** args, const cnp.npy_intp* n,
                         const cnp.npy_intp* steps, void* code) noexcept nogil:
    strided(fill_f64(0), (<int*>code)[0], n[0], args[0], steps[0], args[1], steps[1],
            <const double*>NULL)
    clear_float_status()


def activation_ufunc(str name, str doc):
    """Return the activation `name`, which takes no parameter, as a NumPy ufunc."""
    cdef int code = activation_codes[name]
    if code >= LEAKY_RELU:
        raise ValueError(f"{name} is not elementwise without a parameter")
    cdef bytes name_text = name.encode()
    cdef bytes doc_text = doc.encode()
    ufunc_texts.append((name_text, doc_text))
    ufunc_codes[code] = code
    ufunc_data[code][0] = ufunc_data[code][1] = &ufunc_codes[code]
    return cnp.PyUFunc_FromFuncAndData(
        <cnp.PyUFuncGenericFunction*>ufunc_loops, ufunc_data[code], ufunc_types, 2, 1, 1,
        cnp.PyUFunc_None, name_text, doc_text, 0)


def activate_in_place(str name, tuple parameters not None, cnp.ndarray y not None):
    """Replace y, a plain array, by activation(y).

    softmax, log_softmax and prelu act on the last axis. The parameters are those of
    `read_parameters`.
    """
    if not (cnp.PyArray_ISCARRAY(y) and cnp.PyArray_TYPE(y) in (cnp.NPY_FLOAT, cnp.NPY_DOUBLE)):
        raise ValueError("y must be a writable C-contiguous array of float32 or float64")
    cdef int code = activation_codes[name]
    cdef bint narrow = cnp.PyArray_TYPE(y) == cnp.NPY_FLOAT
    cdef Py_ssize_t size = cnp.PyArray_SIZE(y)
    cdef Py_ssize_t n = y.shape[cnp.PyArray_NDIM(y) - 1] if cnp.PyArray_NDIM(y) else 1
    cdef void* memory = cnp.PyArray_DATA(y)
    cdef bint by_number = code not in (SOFTMAX, LOG_SOFTMAX, PRELU)
    cdef Py_ssize_t start = 0, end = 0, rows, columns
    cdef PyThreadState* state
    cdef Parameters p
    read_parameters(code, parameters, cnp.PyArray_TYPE(y), n, &p)
    if size == 0:
        return
    if by_number:
        n = 1
    state = release_gil(50.0 * size)
    while next_piece(&start, &end, size // n, 50.0 * n):
        rows = 1 if by_number else end - start
        columns = end - start if by_number else n
        if narrow:
            activate_rows(fill_f32(0), code, &p, rows, columns, columns,
                          <float*>memory + start * n)
        else:
            activate_rows(fill_f64(0), code, &p, rows, columns, columns,
                          <double*>memory + start * n)
    clear_float_status()
    take_gil(state)
