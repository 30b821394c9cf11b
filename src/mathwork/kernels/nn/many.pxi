# Many networks of one shape: one plan, and for each network a memory of its own, one behind the
# other. The rows of all networks are one sequence, which is cut anywhere for threads: a row's bits
# do not depend on the rows beside it.
#
#   pack_network    parameters in the order of Network.parameters() into a network's memory
#   forward_many    rows of the outputs of all networks
#   mean_of_many    the mean of the outputs over the networks
#   ManyPasses      the door for Python

cdef enum:
    MEAN_NUMBERS = 2048     # outputs whose sums are in a first-level cache
    AHEAD_BYTES = 16384     # of the next network, read while this one computes
    FEW_ROWS = 8            # a network's memory takes longer to read than its rows to compute


cdef void pack_rows(Py_ssize_t N, Py_ssize_t K, const real* w, real* panels) noexcept nogil:
    """panels[n // width, k, n % width] = w[n, k]; what is behind the last row is left as it is"""
    cdef Py_ssize_t width = panel_width(w, N), n, k
    cdef real* target
    for n in range(N):
        target = panels + n // width * width * K + n % width
        for k in range(K):
            target[k * width] = w[n * K + k]


cdef void pack_network(const Plan* plan, const real* parameters, char* memory,
                       size_t size) noexcept nogil:
    """Pack the parameters of one network into its memory, of `size` bytes"""
    cdef const Layer* layer
    cdef Py_ssize_t index
    memset(memory, 0, size)
    for index in range(plan.n_layers):
        layer = plan.layers + index
        if layer.kind == SUM:
            continue
        if layer.kind == DENSE:
            pack_rows(layer.n_out, layer.n_in, parameters, <real*>(memory + layer.weight))
            parameters += layer.n_out * layer.n_in
        else:
            memcpy(memory + layer.weight, parameters, layer.n_out * sizeof(real))
            parameters += layer.n_out
        if layer.kind != RMS_NORM:
            memcpy(memory + layer.bias, parameters, layer.n_out * sizeof(real))
            parameters += layer.n_out


cdef Py_ssize_t parameters_of(const Plan* plan) noexcept nogil:
    """The number of parameters that pack_network() reads"""
    cdef const Layer* layer
    cdef Py_ssize_t index, count = 0
    for index in range(plan.n_layers):
        layer = plan.layers + index
        if layer.kind == DENSE:
            count += (layer.n_in + 1) * layer.n_out
        elif layer.kind == LAYER_NORM:
            count += 2 * layer.n_out
        elif layer.kind == RMS_NORM:
            count += layer.n_out
    return count


cdef inline void prefetch_network(const char* memory, size_t size) noexcept nogil:
    cdef size_t i = 0
    while i < size:
        prefetch(memory + i)
        i += ALIGNMENT


cdef int forward_many(lanes like, const Plan* plan, size_t step, bint paired, Py_ssize_t rows,
                      Py_ssize_t start, Py_ssize_t stop, const real* x, real* y) noexcept nogil:
    """y = rows start:stop of the outputs of all networks, each of which has `rows` of them

    x has the rows of every network if `paired`, else the same for all. The memory of the plan is
    the first network's; that of the next is `step` bytes behind it. Return -1 if memory ran out.
    """
    cdef Plan one = plan[0]
    cdef Py_ssize_t k, first, n
    while start < stop:
        k, first = start // rows, start % rows
        n = min(rows - first, stop - start)
        one.memory = plan.memory + k * step
        if start + n < stop and n <= FEW_ROWS:
            prefetch_network(one.memory + step, min(step, <size_t>AHEAD_BYTES))
        if forward(like, &one, n, x + (start if paired else first) * plan.n_in,
                   y + start * plan.n_out):
            return -1
        start += n
    return 0


cdef int mean_of_many(lanes like, const Plan* plan, size_t step, Py_ssize_t count, Py_ssize_t rows,
                      const real* x, real* y) noexcept nogil:
    """y[m] = the mean over all networks of their outputs for x[m]; return -1 if memory ran out

    The sums are in float64, from the first network to the last.
    """
    cdef Plan one = plan[0]
    cdef Py_ssize_t block = max(MEAN_NUMBERS // plan.n_out, 1), m = 0, n, i, k
    cdef double* sums = <double*>malloc(min(block, rows) * plan.n_out
                                        * (sizeof(double) + sizeof(real)))
    cdef real* each
    if sums == NULL:
        return -1
    each = <real*>(sums + min(block, rows) * plan.n_out)
    while m < rows:
        n = min(block, rows - m) * plan.n_out
        for i in range(n):
            sums[i] = 0
        for k in range(count):
            if interrupted(plan.work * (n // plan.n_out)):
                break
            one.memory = plan.memory + k * step
            if forward(like, &one, n // plan.n_out, x + m * plan.n_in, each):
                free(sums)
                return -1
            for i in range(n):
                sums[i] += each[i]
        for i in range(n):
            y[m * plan.n_out + i] = <real>(sums[i] / count)
        m += n // plan.n_out
    free(sums)
    return 0


cdef class ManyPasses:
    """The kernel under mathwork.nn.Networks: packed weights of `count` networks, and the calls.

    Networks has the checks with clear messages. Memory is safe with any arguments.
    """

    cdef readonly ForwardPass like      # its plan is that of all of them
    cdef readonly Py_ssize_t count
    cdef object storage                 # the array that owns plan.memory
    cdef Plan plan
    cdef size_t step

    def __cinit__(self, ForwardPass like not None, cnp.ndarray parameters not None):
        cdef Py_ssize_t k
        parameters = own_view(parameters, NULL, NULL)       # nobody else can set its shape
        if not (is_plain(parameters, 2, like.typenum) and parameters.shape[0] > 0
                and parameters.shape[1] == parameters_of(&like.plan)):
            raise ValueError(f"parameters must be a plain {like.dtype} array of shape (1 or more, "
                             f"{parameters_of(&like.plan)}), got {parameters.dtype} of shape "
                             f"{shape_of(parameters)}")
        self.like, self.plan, self.count = like, like.plan, parameters.shape[0]
        self.step = cnp.PyArray_NBYTES(like.storage) - ALIGNMENT
        self.storage = np.empty(self.count * self.step + ALIGNMENT, np.uint8)
        self.plan.memory = <char*>aligned(<size_t>cnp.PyArray_DATA(self.storage))
        with nogil:
            for k in range(self.count):
                self._pack(k, cnp.PyArray_DATA(parameters))

    cdef void _pack(self, Py_ssize_t k, const void* parameters) noexcept nogil:
        cdef Py_ssize_t first = k * parameters_of(&self.plan)
        cdef char* memory = self.plan.memory + k * self.step
        if self.like.typenum == cnp.NPY_FLOAT:
            pack_network(&self.plan, <const float*>parameters + first, memory, self.step)
        else:
            pack_network(&self.plan, <const double*>parameters + first, memory,
                         self.step)

    def __call__(self, x, *, out=None, paired=False, workers=1):
        cdef cnp.ndarray inputs = own_view(self.like._as_input(x), NULL, NULL), y
        cdef tuple before
        cdef Py_ssize_t rows
        workers, paired = _workers.checked_workers(workers), _arguments.flag(paired, "paired")
        before = self.like._before(inputs, 0 if paired else 1)
        if paired:
            if len(before) == 0 or before[0] != self.count:
                raise ValueError(f"x must have shape ({self.count}, ..., {self.plan.n_in}) to "
                                 f"pair with {self.count} networks, got {shape_of(inputs)}")
            before = before[1:]
        rows = 1
        for size in before:
            rows *= <Py_ssize_t>size
        y = _arrays.writing_place(out, (self.count,) + before + (self.plan.n_out,),
                                  self.like.dtype, inputs)
        y = own_view(y, NULL, NULL)
        if workers == 1:
            self._piece(0, self.count * rows, rows, paired, inputs, y)
        else:
            _workers.over_rows(lambda start, stop: self._piece(start, stop, rows, paired, inputs,
                                                               y),
                               self.count * rows, workers)
        return y if out is None else self._given(y, out)

    def _mean(self, x, out, Py_ssize_t workers):
        """Return the mean of the outputs of all networks for x"""
        cdef cnp.ndarray inputs = own_view(self.like._as_input(x), NULL, NULL), y
        cdef tuple before = self.like._before(inputs)
        cdef Py_ssize_t rows = 1
        for size in before:
            rows *= <Py_ssize_t>size
        y = own_view(_arrays.writing_place(out, before + (self.plan.n_out,), self.like.dtype,
                                           inputs), NULL, NULL)
        _workers.over_rows(lambda start, stop: self._mean_piece(start, stop, inputs, y), rows,
                           workers)
        return y if out is None else self._given(y, out)

    cdef object _given(self, cnp.ndarray y, out):
        """Return `out` with the numbers of y, which may be in its memory already"""
        if cnp.PyArray_DATA(y) != cnp.PyArray_DATA(out):
            _arrays.copied(y, out)
        return out

    cdef _piece(self, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t rows, bint paired,
                cnp.ndarray x, cnp.ndarray y):
        """Compute rows start:stop of y; both are plain arrays that have these rows"""
        cdef PyThreadState* state = release_gil(self.plan.work * (stop - start))
        cdef Py_ssize_t end = start
        cdef int failed = 0
        while not failed and next_piece(&start, &end, stop, self.plan.work):
            if self.like.typenum == cnp.NPY_FLOAT:
                failed = forward_many(<f32v>fill_f32(0), &self.plan, self.step, paired, rows,
                                      start, end, <const float*>cnp.PyArray_DATA(x),
                                      <float*>cnp.PyArray_DATA(y))
            else:
                failed = forward_many(<f64v>fill_f64(0), &self.plan, self.step, paired, rows,
                                      start, end, <const double*>cnp.PyArray_DATA(x),
                                      <double*>cnp.PyArray_DATA(y))
        take_gil(state)
        if failed:
            raise MemoryError

    cdef _mean_piece(self, Py_ssize_t start, Py_ssize_t stop, cnp.ndarray x, cnp.ndarray y):
        """Compute rows start:stop of y; both are plain arrays that have these rows"""
        cdef PyThreadState* state = release_gil(self.plan.work * (stop - start) * self.count)
        cdef int failed
        if self.like.typenum == cnp.NPY_FLOAT:
            failed = mean_of_many(<f32v>fill_f32(0), &self.plan, self.step, self.count,
                                  stop - start,
                                  <const float*>cnp.PyArray_DATA(x) + start * self.plan.n_in,
                                  <float*>cnp.PyArray_DATA(y) + start * self.plan.n_out)
        else:
            failed = mean_of_many(<f64v>fill_f64(0), &self.plan, self.step, self.count,
                                  stop - start,
                                  <const double*>cnp.PyArray_DATA(x) + start * self.plan.n_in,
                                  <double*>cnp.PyArray_DATA(y) + start * self.plan.n_out)
        take_gil(state)
        if failed:
            raise MemoryError
