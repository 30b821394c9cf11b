# A network as the kernels of training see it, and its derivatives by the input.


cdef class Model:
    """The steps and the parameters of a network. Nothing here changes, but in a Trainer."""

    cdef Net net
    cdef int typenum
    cdef readonly object dtype
    cdef size_t number                  # bytes of a number
    cdef list slopes                    # the arrays that parameters of activations point into
    cdef object storage                 # the array that owns the vectors
    cdef Py_ssize_t padded_size         # of a vector of parameters
    cdef size_t vector                  # its bytes, in cache lines of its own
    cdef void* parameters
    cdef void* turned
    cdef double work                    # multiply-adds for a row

    def __cinit__(self, layers, dtype, *_, **__):
        cdef Py_ssize_t s
        cdef list steps
        dtype = _arrays.float_dtype(dtype)
        self.dtype, self.typenum = dtype, dtype.num
        self.number = sizeof(float) if self.typenum == cnp.NPY_FLOAT else sizeof(double)
        steps = steps_of(layers, dtype, [])
        memset(&self.net, 0, sizeof(Net))
        self.net.steps = <Step*>malloc(max(<Py_ssize_t>1, <Py_ssize_t>len(steps)) * sizeof(Step))
        if self.net.steps == NULL:
            raise MemoryError
        memset(self.net.steps, 0, len(steps) * sizeof(Step))
        self.slopes = []
        for s in range(len(steps)):
            self._settle(s, steps[s])
        self.net.n_steps = len(steps)
        self.net.n_in = self.net.steps[0].n_in
        self.net.n_out = self.net.steps[self.net.n_steps - 1].n_out
        self.net.widest = self.net.n_in
        for s in range(self.net.n_steps):
            self.net.widest = max(self.net.widest, self.net.steps[s].n_out)
        self.padded_size = padded(self.net.n_parameters)
        self.vector = aligned(self.padded_size * self.number + ALIGNMENT)
        self._allocate(1)
        self._fill(steps)

    def __dealloc__(self):
        free(self.net.steps)

    cdef _allocate(self, Py_ssize_t vectors):
        """Make memory for vectors of parameters, the first of which are the parameters"""
        self.storage = np.zeros(vectors * self.vector + self.net.n_turned * self.number
                                + 2 * ALIGNMENT, np.uint8)
        self.parameters = <void*>aligned(<size_t>cnp.PyArray_DATA(self.storage))
        self.turned = <char*>self.parameters + vectors * self.vector

    cdef _settle(self, Py_ssize_t s, tuple given):
        """Set the sizes and codes of a step, if it fits the steps before"""
        cdef Step* step = self.net.steps + s
        cdef Py_ssize_t before = self.net.steps[s - 1].n_out if s else 0
        cdef cnp.ndarray weight, bias
        step.kind, weight, bias, step.eps, (name, numbers), step.first, _, _ = given
        step.activation = activation_codes[name]
        step.weight = step.bias = -1
        if step.kind == SUM:
            if step.first >= s or self.net.steps[step.first].n_in != before:
                raise ValueError(f"layer {s} must add as many numbers as its input has")
            step.n_in = step.n_out = before
        else:
            step.n_in, step.n_out = weight.shape[0], bias.shape[0]
            if s and step.n_in != before:
                raise ValueError(f"layer {s} must take as many numbers as the layer before gives")
            step.weight = self.net.n_parameters
            if step.kind == DENSE:
                step.turned = self.net.n_turned
                self.net.n_turned += step.n_in * step.n_out + PADDING
                self.net.n_parameters += step.n_in * step.n_out
                self.work += 3.0 * step.n_in * step.n_out
            else:
                self.net.n_parameters += step.n_out
                self.work += 16.0 * step.n_out
            if step.kind != RMS_NORM:
                step.bias = self.net.n_parameters
                self.net.n_parameters += step.n_out
        read_parameters(step.activation, numbers, self.typenum, step.n_out, &step.parameters)
        if step.parameters.columns != NULL:
            slopes = np.array(numbers[0])
            self.slopes.append(slopes)
            step.parameters.columns = cnp.PyArray_DATA(<cnp.ndarray>slopes)
        self.work += 10.0 * step.n_out

    cdef _fill(self, list steps):
        """Copy the weights and biases of the steps into the parameters"""
        cdef cnp.ndarray flat = new_vector(self.net.n_parameters, self.typenum)
        parts = []
        for kind, weight, bias, *_ in steps:
            if kind != SUM:
                parts.append(weight.T.ravel())
                if kind != RMS_NORM:
                    parts.append(bias)
        np.concatenate(parts, out=flat)
        memcpy(self.parameters, cnp.PyArray_DATA(flat), self.net.n_parameters * self.number)
        self._turn(True)

    cdef void _turn(self, bint by_input) noexcept nogil:
        if self.typenum == cnp.NPY_FLOAT:
            turn_weights(<f32v>fill_f32(0), &self.net, by_input, <const float*>self.parameters,
                         <float*>self.turned)
        else:
            turn_weights(<f64v>fill_f64(0), &self.net, by_input, <const double*>self.parameters,
                         <double*>self.turned)

    @property
    def n_parameters(self):
        return self.net.n_parameters

    cdef cnp.ndarray _copy_of(self, const void* vector):
        cdef cnp.ndarray copy = new_vector(self.net.n_parameters, self.typenum)
        memcpy(cnp.PyArray_DATA(copy), vector, self.net.n_parameters * self.number)
        return copy

    # ---- derivatives by the input: they need working memory of their own ----

    cdef int _derive(self, Py_ssize_t rows, const void* x, const void* cotangents, void* values,
                     void* out) noexcept nogil:
        if self.typenum == cnp.NPY_FLOAT:
            return derivatives_by_input(<f32v>fill_f32(0), &self.net, rows, <const float*>x,
                                        <const float*>cotangents, <const float*>self.parameters,
                                        <const float*>self.turned, <float*>values, <float*>out)
        return derivatives_by_input(<f64v>fill_f64(0), &self.net, rows, <const double*>x,
                                    <const double*>cotangents, <const double*>self.parameters,
                                    <const double*>self.turned, <double*>values, <double*>out)

    cdef cnp.ndarray _derived(self, x, cotangents):
        cdef cnp.ndarray inputs, seeds = None, out
        cdef PyThreadState* state
        cdef Py_ssize_t rows
        cdef int failed
        if not (is_plain(x, 2, self.typenum) and (<cnp.ndarray>x).shape[1] == self.net.n_in):
            raise ValueError(f"x must be a plain array of shape (n, {self.net.n_in})")
        inputs = own_view(x, NULL, NULL)
        rows = inputs.shape[0]
        if cotangents is None:
            out = np.empty((rows, self.net.n_out, self.net.n_in), self.dtype)
        else:
            if not (is_plain(cotangents, 2, self.typenum)
                    and (<cnp.ndarray>cotangents).shape[0] == rows
                    and (<cnp.ndarray>cotangents).shape[1] == self.net.n_out):
                raise ValueError("cotangents must be a plain array of shape "
                                 f"({rows}, {self.net.n_out})")
            seeds = own_view(cotangents, NULL, NULL)
            out = new_matrix(rows, self.net.n_in, self.typenum)
        state = release_gil(self.work * rows * (self.net.n_out if seeds is None else 1))
        failed = self._derive(rows, cnp.PyArray_DATA(inputs),
                              cnp.PyArray_DATA(seeds) if seeds is not None else NULL, NULL,
                              cnp.PyArray_DATA(out))
        take_gil(state)
        if failed:
            raise MemoryError
        return out

    def jacobian(self, x):
        """Return dy[n, i] / dx[n, j] for a plain x of shape (n, n_in)."""
        return self._derived(x, None)

    def vjp(self, x, cotangents not None):
        """Return sum_i cotangents[n, i] dy[n, i] / dx[n, j]."""
        return self._derived(x, cotangents)

    def _addresses(self):
        """Return (row_with_jacobian, `model`): see there; valid as long as self lives"""
        if self.typenum == cnp.NPY_FLOAT:
            return <size_t>&row_with_jacobian[float], <size_t><void*>self
        return <size_t>&row_with_jacobian[double], <size_t><void*>self


cdef int row_with_jacobian(const real* x, real* y, real* jacobian, void* model) noexcept nogil:
    """y[n_out] = network(x[n_in]), jacobian[n_out, n_in] = dy / dx; return -1 if memory ran out

    y may be NULL. It is a plain C function for compiled callers.
    """
    return model_row(<PyObject*>model, x, y, jacobian)


cdef int model_row(PyObject* model, const void* x, void* y, void* jacobian) noexcept nogil:
    return (<Model>model)._derive(1, x, NULL, y, jacobian)
