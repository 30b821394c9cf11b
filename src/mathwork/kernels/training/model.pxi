# A network as the kernels of training see it.

cdef enum:
    VECTORS = 6             # the parameters, and what a Trainer has beside them


cdef class Model:
    """The steps and the parameters of a network, and room for vectors like these."""

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
        self.storage = np.zeros(VECTORS * self.vector + self.net.n_turned * self.number
                                + 2 * ALIGNMENT, np.uint8)
        self.parameters = <void*>aligned(<size_t>cnp.PyArray_DATA(self.storage))
        self.turned = <char*>self.parameters + VECTORS * self.vector
        self._fill(steps)

    def __dealloc__(self):
        free(self.net.steps)

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

    cdef void _turn(self) noexcept nogil:
        if self.typenum == cnp.NPY_FLOAT:
            turn_weights(<f32v>fill_f32(0), &self.net, <const float*>self.parameters,
                         <float*>self.turned)
        else:
            turn_weights(<f64v>fill_f64(0), &self.net, <const double*>self.parameters,
                         <double*>self.turned)

    @property
    def n_parameters(self):
        return self.net.n_parameters

    cdef cnp.ndarray _copy_of(self, const void* vector):
        cdef cnp.ndarray copy = new_vector(self.net.n_parameters, self.typenum)
        memcpy(cnp.PyArray_DATA(copy), vector, self.net.n_parameters * self.number)
        return copy
