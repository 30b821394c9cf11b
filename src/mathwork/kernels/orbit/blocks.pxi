# A kernel over float64 operands of any layout: numbers, plain arrays, and all operands of NumPy's
# ufuncs.
#
#   BlockKernel    a function over blocks of whole registers, and the number of its operands
#   over_blocks    makes blocks of operands with elements any distance apart (0: one value for all)
#   block_ufunc    a NumPy ufunc of a kernel; NumPy does broadcasting, casting and overlap
#   one_element    the kernel on numbers
#   call_kernel    the kernel on numbers and exact arrays; plain arrays need no ufunc

from cpython.float cimport PyFloat_Check
from cpython.long cimport PyLong_CheckExact

cdef enum:
    STEP = 256              # elements of a block: 2 KB an operand, in cache
    OPERANDS = 12           # operands of a kernel, inputs and outputs, at most

# y of x; n is a multiple of the lane count
ctypedef void (*block_kernel)(int code, Py_ssize_t n, const double** x, double** y) noexcept nogil

cdef struct BlockKernel:
    block_kernel run
    int code
    int n_in
    int n_out


cdef void over_blocks(const BlockKernel* kernel, char** args, Py_ssize_t n,
                      const cnp.npy_intp* steps) noexcept nogil:
    """Run the kernel over n elements of every operand, steps[k] bytes apart

    Operands that are not contiguous go through blocks of their own. So does a last block that is
    not a whole number of registers; it repeats its last element.
    """
    cdef double memory[OPERANDS * STEP + 8]
    cdef double* blocks = <double*>aligned(<size_t>memory)
    cdef double* at[OPERANDS]
    cdef int n_in = kernel.n_in, operands = kernel.n_in + kernel.n_out, k
    cdef Py_ssize_t done = 0, part, whole, i
    cdef char* p
    while done < n:
        part = min(n - done, STEP)
        whole = (part + F64_LANES - 1) // F64_LANES * F64_LANES
        for k in range(operands):
            p = args[k] + done * steps[k]
            at[k] = blocks + k * STEP
            if steps[k] == sizeof(double) and whole == part:
                at[k] = <double*>p
            elif k < n_in and (steps[k] != 0 or done == 0):
                for i in range(whole):
                    at[k][i] = (<double*>(p + min(i, part - 1) * steps[k]))[0]
        kernel.run(kernel.code, whole, <const double**>at, at + n_in)
        for k in range(n_in, operands):
            if at[k] == blocks + k * STEP:
                p = args[k] + done * steps[k]
                for i in range(part):
                    (<double*>(p + i * steps[k]))[0] = at[k][i]
        done += part
        if done < n and interrupted(50.0 * part):
            return


# ---- as ufuncs ----

cdef void block_loop(char** args, const cnp.npy_intp* n, const cnp.npy_intp* steps,
                     void* kernel) noexcept nogil:
    if n[0] > 0:
        over_blocks(<const BlockKernel*>kernel, args, n[0], steps)
    clear_float_status()


# A ufunc's pointers must stay valid as long as the process: see nn/ufuncs.pxi.
cdef ufunc_loop block_loops[1]
cdef char block_types[OPERANDS]

block_loops[0] = block_loop
memset(block_types, cnp.NPY_DOUBLE, OPERANDS)


cdef object block_ufunc(const BlockKernel* kernel, void** data, const char* name):
    """Return the kernel as a NumPy ufunc over float64"""
    data[0] = <void*>kernel
    return cnp.PyUFunc_FromFuncAndData(
        <cnp.PyUFuncGenericFunction*>block_loops, data, block_types, 1, kernel.n_in,
        kernel.n_out, cnp.PyUFunc_None, name, b"", 0)


# ---- calls ----

cdef inline bint is_number(object value) noexcept:
    """Return whether value is a Python float (or of a subclass) or an exact int"""
    return PyFloat_Check(value) or PyLong_CheckExact(value)


cdef inline bint is_real(object value) noexcept:
    """Return whether value is a number or an exact array, and so needs no conversion of units"""
    return is_number(value) or cnp.PyArray_CheckExact(value)


cdef void one_element(const BlockKernel* kernel, const double* x, double* y) noexcept nogil:
    """Run the kernel on one element, with the same bits as in any array"""
    cdef double blocks[OPERANDS][F64_LANES]
    cdef double* at[OPERANDS]
    cdef int n_in = kernel.n_in, k, i
    for k in range(n_in + kernel.n_out):
        at[k] = blocks[k]
        for i in range(F64_LANES):
            blocks[k][i] = x[k] if k < n_in else 0
    kernel.run(kernel.code, F64_LANES, <const double**>at, at + n_in)
    for k in range(kernel.n_out):
        y[k] = blocks[n_in + k][0]


cdef object call_plain(const BlockKernel* kernel, tuple values, object out):
    """Return the results for numbers and plain arrays of one shape, or None if there are others

    A single output may be written to `out`. It must be such an array, and must begin where an
    input begins or share no memory with it.
    """
    cdef double numbers[OPERANDS]
    cdef char* args[OPERANDS]
    cdef cnp.npy_intp steps[OPERANDS]
    cdef cnp.ndarray like = None, array
    cdef int k, n_in = kernel.n_in
    cdef Py_ssize_t n
    cdef PyThreadState* state
    cdef list results = []
    for k in range(n_in):
        value = values[k]
        if is_number(value):
            numbers[k], args[k], steps[k] = value, <char*>&numbers[k], 0
            continue
        if not is_plain_double(value) or not (like is None or cnp.PyArray_SAMESHAPE(value, like)):
            return None
        like = value
        args[k], steps[k] = cnp.PyArray_BYTES(like), sizeof(double)
    if out is not None:
        if not (is_plain_double(out) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>out)
                and like is not None and cnp.PyArray_SAMESHAPE(<cnp.ndarray>out, like)):
            return None
        for k in range(n_in):
            array = None if steps[k] == 0 else values[k]
            if overlap(out, array) and args[k] != cnp.PyArray_BYTES(<cnp.ndarray>out):
                return None
    for k in range(n_in, n_in + kernel.n_out):
        array = out if out is not None else cnp.PyArray_EMPTY(
            cnp.PyArray_NDIM(like), cnp.PyArray_DIMS(like), cnp.NPY_DOUBLE, 0)
        args[k], steps[k] = cnp.PyArray_BYTES(array), sizeof(double)
        results.append(array)
    n = cnp.PyArray_SIZE(like)
    state = release_gil(10.0 * n)       # 10 or more for each element
    over_blocks(kernel, args, n, steps)
    take_gil(state)
    return results[0] if kernel.n_out == 1 else tuple(results)


cdef object call_kernel(const BlockKernel* kernel, object ufunc, tuple values, tuple names,
                        object out):
    """Return the results for numbers and exact arrays, by call_plain or else by call_ufunc"""
    result = call_plain(kernel, values, out)
    return call_ufunc(ufunc, kernel.n_out, values, names, out) if result is None else result


cdef object call_ufunc(object ufunc, int n_out, tuple values, tuple names, object out):
    """Return ufunc(*values), with the package's rule of dtypes

    The result is float32 if every array is float32 or float16; Python's numbers adapt.
    """
    cdef list given = [], outs = []
    cdef dict shapes = {}
    cdef bint narrow = True
    for value, name in zip(values, names):
        if not is_number(value):
            dtype = _arrays.real_dtype(value.dtype)
            if dtype is None:
                raise _arrays.not_real(name, value)
            narrow = narrow and dtype == np.float32
            shapes[name] = value.shape
            if value.dtype.itemsize > 8:        # wider than the loops of a ufunc
                value = _arrays.in_dtype(value, _arrays.FLOAT64)
            given.append(value)
        else:
            given.append(<double>value)         # it may be of a subclass, which answers ufuncs
    narrow = narrow and len(shapes) > 0
    # The shape is () of numbers alone, where `out` is given.
    shape = _arrays.joint_shape(shapes) if len(shapes) > 0 else ()
    if out is not None:     # of a subclass its memory, because the subclass answers ufuncs
        place = _arrays.check_out(out, shape, np.dtype(np.float32 if narrow else np.float64))
    # Numbers beyond float32 become infinity, as IEEE says, and signalling NaNs NaN, both without
    # NumPy's warning.
    with np.errstate(all="ignore"):
        if out is not None:
            ufunc(*given, out=place, casting="same_kind")
            return out
        if not narrow:
            return ufunc(*given)
        for _ in range(n_out):
            outs.append(np.empty(shape, np.float32))
        ufunc(*given, out=tuple(outs), casting="same_kind")
    return tuple(outs) if n_out > 1 else outs[0][()]
