# A whole network over packed weights. One row goes through all layers, or a block of rows that
# stays in cache. Nothing here changes after construction, so any number of threads may call at
# once; each call has its own working set.
#
#   forward_row, forward_rows   rows through the steps of a Plan
#   row, first_output           the doors for compiled callers: see mathwork.nn.cfunction
#   ForwardPass                 the door for Python

cdef enum:
    BLOCK_BYTES = 196608        # of activations: blocks of rows in a second-level cache


cdef inline void layer_of_row(lanes like, const Layer* layer, const real* x, const real* w,
                              const real* bias, real* y) noexcept nogil:
    """y[n] = bias[n] + x[k] w[k, n], then relu if it is the activation; y has whole registers

    If half of one register holds all outputs, the other half is set to zero.
    """
    if lanes is f32v and F32_HALF_LANES < F32_LANES and layer.n_out <= F32_HALF_LANES:
        row_product(<f32h>fill_f32h(0), 1, layer.n_in, layer.part, x, w, layer.ldw, 0, bias, y,
                    False, layer.activation == RELU)
        store(y + F32_HALF_LANES, <f32h>fill_f32h(0))
    elif lanes is f64v and F64_HALF_LANES < F64_LANES and layer.n_out <= F64_HALF_LANES:
        row_product(<f64h>fill_f64h(0), 1, layer.n_in, layer.part, x, w, layer.ldw, 0, bias, y,
                    False, layer.activation == RELU)
        store(y + F64_HALF_LANES, <f64h>fill_f64h(0))
    else:
        row_product(like, layer.width // lane_count(x), layer.n_in, layer.part, x, w, layer.ldw,
                    layer.next_panel, bias, y, False, layer.activation == RELU)


cdef void other_step(lanes like, const Plan* plan, const Layer* layer, Py_ssize_t rows,
                     const real* x, Py_ssize_t ldx, const real* origin, const real* scratch,
                     Py_ssize_t block, real* y, Py_ssize_t ldy) noexcept nogil:
    """y = the result of a norm of x, or of a sum with x; relu if it is the activation

    origin is the input of the plan. scratch has blocks of rows.
    """
    if layer.kind == SUM and layer.held == plan.origin:
        sum_rows(like, rows, layer.n_out, x, ldx, origin, plan.n_in, y, ldy)
    elif layer.kind == SUM:
        sum_rows(like, rows, layer.n_out, x, ldx, scratch + layer.held * block, layer.width, y,
                 ldy)
    else:
        norm_rows(like, layer.kind == LAYER_NORM, rows, layer.n_out, layer.eps, x, ldx,
                  <const real*>(plan.memory + layer.weight),
                  <const real*>(plan.memory + layer.bias), y, ldy)
    if layer.activation == RELU:
        activate_any(like, RELU, &layer.parameters, rows * ldy, <const real*>y, y)


cdef void forward_block(lanes like, const Plan* plan, Py_ssize_t rows, const real* x, real* y,
                        real* scratch, Py_ssize_t block) noexcept nogil:
    """y = the outputs of the last layer for x; scratch holds the layers in between

    It has a place of `block` rows for each place of a row.
    """
    cdef Py_ssize_t index, ldx = plan.n_in, ldy
    cdef const real* origin = x
    cdef const Layer* layer
    cdef real* target
    for index in range(plan.n_layers):
        layer = plan.layers + index
        target = scratch + layer.place * block
        ldy = layer.width
        if index == plan.n_layers - 1:
            target = y
            ldy = layer.n_out
        if layer.kind == DENSE:
            ragged_product(like, rows, ldy, layer.n_in, x, ldx,
                           <const real*>(plan.memory + layer.weight), layer.ldw,
                           layer.next_panel, <const real*>(plan.memory + layer.bias), target, ldy,
                           layer.activation == RELU)
        else:
            other_step(like, plan, layer, rows, x, ldx, origin, <const real*>scratch, block, target,
                       ldy)
        if layer.activation != RELU:
            activate_rows(like, layer.activation, &layer.parameters, rows, layer.n_out, ldy, target)
        x = target
        ldx = ldy


cdef int forward_row(lanes like, const Plan* plan, const real* x, Py_ssize_t n,
                     real* y) noexcept nogil:
    """y[n] = the first n outputs for one row x; y may overlap x; return -1 if memory ran out"""
    # Read from plan before the loop: the compiler must assume that a store may change *plan.
    cdef const Layer* layers = plan.layers
    cdef const char* memory = plan.memory
    cdef Py_ssize_t n_layers = plan.n_layers, widest = plan.widest
    cdef char local[STACK_BYTES + ALIGNMENT]
    cdef char* heap
    cdef real* scratch = <real*>working_set(plan.places * widest * <Py_ssize_t>sizeof(real), local,
                                            &heap)
    cdef Py_ssize_t index
    cdef const Layer* layer
    cdef real* target
    if scratch == NULL:
        return -1
    if not plan.dense:
        target = scratch + (plan.places - 1) * widest
        forward_block(like, plan, 1, x, target, scratch, 1)
        n_layers = 0
        x = target
    for index in range(n_layers):
        layer = layers + index
        target = scratch + (index % 2) * widest     # has whole registers
        layer_of_row(like, layer, x, <const real*>(memory + layer.weight),
                     <const real*>(memory + layer.bias), target)
        if layer.activation != RELU:        # the tile has done relu
            activate_rows(like, layer.activation, &layer.parameters, 1, layer.n_out, layer.width,
                          target)
        x = target
    memcpy(y, x, n * sizeof(real))
    free(heap)
    return 0


cdef int forward_rows(lanes like, const Plan* plan, Py_ssize_t rows, const real* x,
                      real* y) noexcept nogil:
    """y = the outputs of the last layer for x, in blocks; return -1 if memory ran out, else 0"""
    cdef char local[STACK_BYTES + ALIGNMENT]
    cdef char* heap
    cdef Py_ssize_t row_bytes = plan.places * plan.widest * <Py_ssize_t>sizeof(real)
    cdef Py_ssize_t block = BLOCK_BYTES // (row_bytes + 1) // TILE_ROWS * TILE_ROWS
    cdef Py_ssize_t m = 0, n
    cdef real* scratch
    block = min(max(block, TILE_ROWS), ROW_BLOCK, rows)
    scratch = <real*>working_set(block * row_bytes, local, &heap)
    if scratch == NULL:
        return -1
    while m < rows:
        n = min(block, rows - m)
        if m and interrupted(plan.work * n):
            break
        forward_block(like, plan, n, x + m * plan.n_in, y + m * plan.n_out, scratch, block)
        m += n
    free(heap)
    return 0


cdef inline int forward(lanes like, const Plan* plan, Py_ssize_t rows, const real* x,
                        real* y) noexcept nogil:
    """y = the outputs of the last layer for x; return -1 if memory ran out, else 0"""
    if rows == 1:
        return forward_row(like, plan, x, plan.n_out, y)
    return forward_rows(like, plan, rows, x, y)


# ---- doors for compiled callers: plain C functions; `network` is the address of a Plan ----

cdef int row(const real* x, real* y, void* network) noexcept nogil:
    """y[n_out] = network(x[n_in]); y may overlap x; return -1 if memory ran out, else 0"""
    cdef const Plan* plan = <const Plan*>network
    if real is float:
        return forward_row(<f32v>fill_f32(0), plan, x, plan.n_out, y)
    else:
        return forward_row(<f64v>fill_f64(0), plan, x, plan.n_out, y)


cdef double first_output(int n, double* x, void* network) noexcept nogil:
    """Return network(x[n])[0], as integrators call it; NaN if n is not n_in or memory ran out"""
    cdef const Plan* plan = <const Plan*>network
    cdef double y
    if n != plan.n_in or forward_row(<f64v>fill_f64(0), plan, <const double*>x, 1, &y):
        return NAN
    return y


cdef class ForwardPass:
    """The kernel under mathwork.nn.Network: packed weights and the call.

    Memory is safe with any `layers`, because every call of __new__ passes these checks. Network has
    the checks with clear messages.
    """

    cdef vectorcall_slot vectorcall
    cdef readonly tuple layers
    cdef readonly object dtype
    cdef int typenum
    cdef Plan plan
    cdef object storage         # the array that owns plan.memory
    cdef object back_storage    # the array that owns `back`
    cdef char* back             # transposed weights, NULL until they are wanted
    cdef readonly tuple sizes   # (n_in, ..., n_out)
    cdef tuple counts           # of steps, for each of the layers

    def __cinit__(self, layers, dtype):
        self.vectorcall = <vectorcall_slot>called
        layers, dtype = tuple(layers), _arrays.float_dtype(dtype)
        if len(layers) == 0:
            raise ValueError("layers must hold at least one layer, got none")
        counts = []
        self._settle(steps_of(layers, dtype, counts), tuple(counts), dtype)
        self.layers, self.dtype = layers, dtype

    def __dealloc__(self):
        free(self.plan.layers)

    cdef _settle(self, list steps, tuple counts, dtype):
        """Store the steps, from steps_of(), in the layout of the kernels.

        An array's shape can be set from Python at any time, so it is read and checked once, here.
        """
        cdef Plan plan
        cdef Layer* layer
        cdef int typenum = dtype.num
        cdef Py_ssize_t index
        cdef size_t size = 0
        memset(&plan, 0, sizeof(plan))
        plan.n_layers, plan.places, plan.origin, plan.dense = len(steps), 2, INPUT, True
        plan.layers = self.plan.layers = <Layer*>malloc(plan.n_layers * sizeof(Layer))
        if plan.layers == NULL:
            raise MemoryError
        memset(plan.layers, 0, plan.n_layers * sizeof(Layer))
        for index in range(plan.n_layers):
            layer = plan.layers + index
            self._settle_step(&plan, index, typenum, steps[index])
            if typenum == cnp.NPY_FLOAT:
                size = lay_out(layer, size, <const float*>NULL)
                plan.back_size = lay_out_transposed(layer, plan.back_size, <const float*>NULL)
            else:
                size = lay_out(layer, size, <const double*>NULL)
                plan.back_size = lay_out_transposed(layer, plan.back_size, <const double*>NULL)
            plan.widest = max(plan.widest, layer.width)
            plan.places = max(plan.places, layer.place + 1)
            plan.dense = plan.dense and layer.kind == DENSE
            plan.work += <double>layer.n_out * (layer.n_in if layer.kind == DENSE else 4)
        plan.places += not plan.dense
        plan.n_in = plan.layers[0].n_in
        plan.n_out = plan.layers[plan.n_layers - 1].n_out
        self.storage = np.zeros(size + ALIGNMENT, np.uint8)
        plan.memory = <char*>aligned(<size_t>cnp.PyArray_DATA(self.storage))
        for index in range(plan.n_layers):
            layer = plan.layers + index
            layer.place *= plan.widest
            layer.held *= plan.widest if layer.held != INPUT else 1
            self._pack(&plan, layer, typenum, steps[index][1], steps[index][2])
        sizes = [plan.n_in]
        index = -1
        for count in counts:
            index += count
            sizes.append(plan.layers[index].n_out)
        self.sizes = tuple(sizes)
        self.plan, self.typenum, self.counts = plan, typenum, counts     # last

    cdef _settle_step(self, const Plan* plan, Py_ssize_t index, int typenum, tuple step):
        """Set the sizes and codes of a step, if it fits the steps before"""
        cdef Layer* layer = plan.layers + index
        cdef Py_ssize_t before = plan.layers[index - 1].n_out if index else 0
        cdef cnp.ndarray weight, bias
        cdef int axes
        layer.kind, weight, bias, layer.eps, (name, given), first, layer.held, layer.place = step
        layer.activation = activation_codes[name]
        layer.first = first
        if layer.kind == SUM:
            if first == index or plan.layers[first].n_in != before:
                raise ValueError(f"layer {index} must add as many numbers as its input has")
            layer.n_in = layer.n_out = before
            read_parameters(layer.activation, given, typenum, before, &layer.parameters)
            return
        axes = 2 if layer.kind == DENSE else 1
        if not (is_plain(weight, axes, typenum) and is_plain(bias, 1, typenum)
                and bias.shape[0] == weight.shape[axes - 1] and cnp.PyArray_SIZE(weight) > 0
                and (index == 0 or weight.shape[0] == before)):
            raise ValueError(f"layer {index} must have weight of shape (n_out, n_in), n_in as "
                             "many as the layer before gives, and bias of shape (n_out,), got "
                             f"{shape_of(weight)[::-1]} and {shape_of(bias)}")
        layer.n_in, layer.n_out = weight.shape[0], weight.shape[axes - 1]
        read_parameters(layer.activation, given, typenum, layer.n_out, &layer.parameters)

    cdef _pack(self, const Plan* plan, Layer* layer, int typenum, cnp.ndarray weight,
               cnp.ndarray bias):
        """Store one layer's weight, bias and slopes, plain arrays of the layer's sizes"""
        cdef char* panels = plan.memory + layer.weight
        cdef size_t size = sizeof(float) if typenum == cnp.NPY_FLOAT else sizeof(double)
        if layer.kind != SUM:
            memcpy(plan.memory + layer.bias, cnp.PyArray_DATA(bias), layer.n_out * size)
        if layer.kind == LAYER_NORM or layer.kind == RMS_NORM:
            memcpy(panels, cnp.PyArray_DATA(weight), layer.n_out * size)
        elif layer.kind == SUM:
            pass
        elif typenum == cnp.NPY_FLOAT:
            pack(layer.n_in, layer.n_out, <const float*>cnp.PyArray_DATA(weight), layer.n_out,
                 <float*>panels)
        else:
            pack(layer.n_in, layer.n_out, <const double*>cnp.PyArray_DATA(weight), layer.n_out,
                 <double*>panels)
        if layer.parameters.columns != NULL:
            memcpy(plan.memory + layer.slopes, layer.parameters.columns, layer.n_out * size)
            layer.parameters.columns = plan.memory + layer.slopes

    cdef int _run(self, const Plan* plan, Py_ssize_t rows, const void* x, void* y) noexcept nogil:
        if self.typenum == cnp.NPY_FLOAT:
            return forward(<f32v>fill_f32(0), plan, rows, <const float*>x, <float*>y)
        return forward(<f64v>fill_f64(0), plan, rows, <const double*>x, <double*>y)

    cdef _forward(self, const Plan* plan, Py_ssize_t rows, const void* x, void* y):
        """y = the outputs of the last layer for x"""
        cdef PyThreadState* state = release_gil(self.plan.work * rows)
        cdef int failed = self._run(plan, rows, x, y)
        take_gil(state)
        if failed:
            raise MemoryError

    def __call__(self, x, *, out=None, workers=1):
        cdef Py_ssize_t threads = 1
        if type(workers) is not int or workers != 1:
            threads = _workers.checked_workers(workers)
        return self._call(x, out, threads)

    cdef inline object _call(self, object x, object out, Py_ssize_t workers):
        cdef cnp.ndarray inputs, y
        cdef tuple before       # the shape without the last axis
        cdef Py_ssize_t rows
        cdef int ndim
        if (is_plain(x, 1, self.typenum) and (<cnp.ndarray>x).shape[0] == self.plan.n_in
                or is_plain(x, 2, self.typenum) and (<cnp.ndarray>x).shape[1] == self.plan.n_in):
            inputs = x
        else:
            inputs = self._as_input(x)
        # Read once: later calls may let others set the shape of x.
        ndim = cnp.PyArray_NDIM(inputs)
        if ndim <= 2:
            rows = inputs.shape[0] if ndim == 2 else 1
        else:
            before = self._before(inputs)
            rows = self._rows(inputs, before)
        if out is None and ndim <= 2:
            y = (new_vector(self.plan.n_out, self.typenum) if ndim == 1
                 else new_matrix(rows, self.plan.n_out, self.typenum))
        elif ndim <= 2 and is_place(out, ndim, self.typenum, self.plan.n_out if ndim == 1 else rows,
                                    self.plan.n_out, inputs, None):
            y = out
        else:
            if ndim == 1:
                before = ()
            elif ndim == 2:
                before = (rows,)
            y = _arrays.writing_place(out, before + (self.plan.n_out,), self.dtype, inputs)
        if workers == 1 or ndim == 1:
            self._forward(&self.plan, rows, cnp.PyArray_DATA(inputs), cnp.PyArray_DATA(y))
        else:
            self._forward_in_pieces(rows, inputs, y, workers)
        return y if out is None or y is out else _arrays.copied(y, out)

    cdef cnp.ndarray _as_input(self, object x):
        """Return x as the plain array that _forward reads"""
        cdef cnp.ndarray inputs = _arrays.as_plain(x, "x", self.dtype)
        cdef int ndim = cnp.PyArray_NDIM(inputs)
        if ndim == 0:
            raise ValueError(f"x must have shape (..., {self.plan.n_in}), got shape ()")
        if inputs.shape[ndim - 1] != self.plan.n_in:
            raise ValueError(f"x must have {self.plan.n_in} columns to match the first layer, "
                             f"got shape {shape_of(inputs)}")
        return inputs

    cdef tuple _before(self, cnp.ndarray inputs, int more=0):
        """Return the shape without the last axis, in which the rows of inputs lie

        It raises unless a result can have the axes of inputs and `more`.
        """
        if cnp.PyArray_NDIM(inputs) + more > MAX_DIMENSIONS:
            _arrays.check_axes(cnp.PyArray_NDIM(inputs), "x", more)
        return first_axes(inputs, cnp.PyArray_NDIM(inputs) - 1)

    cdef Py_ssize_t _rows(self, cnp.ndarray inputs, tuple before) except -1:
        """Return the number of rows of inputs, which had this shape when it was read"""
        cdef Py_ssize_t rows = 1, size
        for size in before:
            rows *= size
        if rows * self.plan.n_in != cnp.PyArray_SIZE(inputs):
            raise ValueError("x must keep its shape during the call")
        return rows

    cdef _forward_in_pieces(self, rows, cnp.ndarray x, cnp.ndarray y, workers):
        _workers.over_rows(lambda start, stop: self._forward_piece(start, stop, x, y), rows,
                           workers)

    cdef _forward_piece(self, Py_ssize_t start, Py_ssize_t stop, cnp.ndarray x, cnp.ndarray y):
        """Compute rows start:stop of y from x; both are plain arrays that have these rows"""
        cdef Py_ssize_t size = sizeof(float) if self.typenum == cnp.NPY_FLOAT else sizeof(double)
        self._forward(&self.plan, stop - start,
                      cnp.PyArray_BYTES(x) + start * self.plan.n_in * size,
                      cnp.PyArray_BYTES(y) + start * self.plan.n_out * size)

    def _trace(self, x):
        """Return the activations of every layer"""
        cdef Plan one = self.plan
        cdef cnp.ndarray inputs = own_view(self._as_input(x), NULL, NULL), y
        cdef tuple before = self._before(inputs)
        cdef Py_ssize_t rows = self._rows(inputs, before)
        activations = []
        for one.n_layers in self.counts:
            one.n_in = one.layers.n_in
            one.n_out = one.layers[one.n_layers - 1].n_out
            y = new_rows(inputs, one.n_out, 0, self.typenum)
            self._forward(&one, rows, cnp.PyArray_DATA(inputs), cnp.PyArray_DATA(y))
            activations.append(y)
            inputs = y
            one.origin = one.layers[one.n_layers - 1].place
            one.layers += one.n_layers
        return tuple(activations)

    def _steps(self):
        """Return (n_in, n_out, terms in a part, place, held place or -1) of every step"""
        cdef const Layer* layer
        steps = []
        for index in range(self.plan.n_layers):
            layer = self.plan.layers + <Py_ssize_t>index
            steps.append((layer.n_in, layer.n_out, layer.part, layer.place // self.plan.widest,
                          layer.held // self.plan.widest if layer.held != INPUT else INPUT))
        return steps

    def _addresses(self):
        """Return (row, first_output or None, `network` for both), valid as long as self lives"""
        if self.typenum == cnp.NPY_FLOAT:
            return <size_t>&row[float], None, <size_t>&self.plan
        return <size_t>&row[double], <size_t>&first_output, <size_t>&self.plan

    def _repeat(self, x, out, Py_ssize_t times):
        """Call the kernel `times` times without leaving C; bench/ measures it."""
        cdef Py_ssize_t i
        if not (is_plain(x, 1, self.typenum) and is_plain(out, 1, self.typenum)
                and (<cnp.ndarray>x).shape[0] == self.plan.n_in
                and (<cnp.ndarray>out).shape[0] == self.plan.n_out):
            raise ValueError("x and out must be plain rows of the network")
        for i in range(times):
            self._run(&self.plan, 1, cnp.PyArray_DATA(x), cnp.PyArray_DATA(out))
