# A whole network over packed weights. One row goes through all layers, or a block of rows that
# stays in cache. Nothing here changes after construction, so any number of threads may call at
# once; each call has its own working set.
#
#   forward_row, forward_rows   rows through the layers of a Plan
#   row, first_output           the doors for compiled callers: see mathwork.nn.cfunction
#   ForwardPass                 the door for Python

cdef enum:
    BLOCK_BYTES = 196608        # of activations: two blocks of rows in a second-level cache

cdef struct Layer:
    Py_ssize_t n_in
    Py_ssize_t n_out
    Py_ssize_t part             # terms in a part of its sums
    Py_ssize_t width            # n_out rounded up to whole registers: the row between layers
    Py_ssize_t ldw              # columns of a packed panel
    Py_ssize_t next_panel
    int activation
    double parameter
    size_t weight               # offset of the packed panels in Plan.memory
    size_t bias                 # offset of the bias, padded with zeros to a whole panel

cdef struct Plan:               # consecutive layers, ready to run
    Layer* layers
    Py_ssize_t n_layers
    Py_ssize_t n_in
    Py_ssize_t n_out
    Py_ssize_t widest           # width of the widest row between layers
    char* memory


cdef size_t lay_out(Layer* layer, size_t offset, const real* like) noexcept nogil:
    """Give the layer its place from `offset` on; returns the offset behind it"""
    cdef Py_ssize_t L = lane_count(like)
    cdef size_t columns = packed_columns(like, layer.n_out)
    layer.part = part_length(layer.n_in)
    layer.width = (layer.n_out + L - 1) // L * L
    layer.ldw = panel_width(like, layer.n_out)
    layer.next_panel = layer.ldw * layer.n_in
    layer.weight = offset
    layer.bias = aligned(offset + columns * layer.n_in * sizeof(real))
    return aligned(layer.bias + columns * sizeof(real))


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


cdef int forward_row(lanes like, const Plan* plan, const real* x, Py_ssize_t n,
                     real* y) noexcept nogil:
    """y[n] = the first n outputs for one row x; y may overlap x; return -1 if memory ran out"""
    # Read from plan before the loop: the compiler must assume that a store may change *plan.
    cdef const Layer* layers = plan.layers
    cdef const char* memory = plan.memory
    cdef Py_ssize_t n_layers = plan.n_layers, widest = plan.widest
    cdef char local[STACK_BYTES + ALIGNMENT]
    cdef char* heap
    cdef real* scratch = <real*>working_set(2 * widest * <Py_ssize_t>sizeof(real), local, &heap)
    cdef Py_ssize_t index
    cdef const Layer* layer
    cdef real* target
    if scratch == NULL:
        return -1
    for index in range(n_layers):
        layer = layers + index
        target = scratch + (index % 2) * widest     # has whole registers
        layer_of_row(like, layer, x, <const real*>(memory + layer.weight),
                     <const real*>(memory + layer.bias), target)
        if layer.activation != RELU:        # the tile has done relu
            activate_rows(like, layer.activation, layer.parameter, 1, layer.n_out, layer.width,
                          target)
        x = target
    memcpy(y, x, n * sizeof(real))
    free(heap)
    return 0


cdef inline void forward_block(lanes like, const Plan* plan, Py_ssize_t rows, const real* x,
                               real* y, real* scratch, Py_ssize_t block) noexcept nogil:
    """y = the outputs of the last layer for x; two blocks of scratch hold the layers in between"""
    cdef Py_ssize_t index, ldx = plan.n_in, ldy
    cdef const Layer* layer
    cdef real* target
    for index in range(plan.n_layers):
        layer = plan.layers + index
        target = scratch + (index % 2) * block
        ldy = layer.width
        if index == plan.n_layers - 1:
            target = y
            ldy = layer.n_out
        ragged_product(like, rows, ldy, layer.n_in, x, ldx,
                       <const real*>(plan.memory + layer.weight), layer.ldw, layer.next_panel,
                       <const real*>(plan.memory + layer.bias), target, ldy,
                       layer.activation == RELU)
        if layer.activation != RELU:
            activate_rows(like, layer.activation, layer.parameter, rows, layer.n_out, ldy, target)
        x = target
        ldx = ldy


cdef int forward_rows(lanes like, const Plan* plan, Py_ssize_t rows, const real* x,
                      real* y) noexcept nogil:
    """y = the outputs of the last layer for x, in blocks; return -1 if memory ran out, else 0"""
    cdef char local[STACK_BYTES + ALIGNMENT]
    cdef char* heap
    cdef Py_ssize_t row_bytes = 2 * plan.widest * <Py_ssize_t>sizeof(real)
    cdef Py_ssize_t block = BLOCK_BYTES // (row_bytes + 1) // TILE_ROWS * TILE_ROWS
    cdef Py_ssize_t m = 0, n
    cdef real* scratch
    block = min(max(block, TILE_ROWS), ROW_BLOCK, rows)
    scratch = <real*>working_set(block * row_bytes, local, &heap)
    if scratch == NULL:
        return -1
    while m < rows:
        n = min(block, rows - m)
        forward_block(like, plan, n, x + m * plan.n_in, y + m * plan.n_out, scratch,
                      block * plan.widest)
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


cdef tuple rows_of(int ndim, Py_ssize_t rows, Py_ssize_t columns):
    """Return the shape of one row if ndim is 1, else of `rows` rows, with `columns` columns"""
    if ndim == 1:
        return (columns,)
    return (rows, columns)


# ---- calls from Python without a tuple of arguments: PEP 590 ----

cdef extern from *:
    ctypedef object (*call_slot "ternaryfunc")(object, PyObject*, PyObject*)
    ctypedef object (*vectorcall_slot "vectorcallfunc")(object, PyObject**, size_t, PyObject*)
    ctypedef struct TypeSlots "PyTypeObject":
        call_slot tp_call
        Py_ssize_t tp_vectorcall_offset
        unsigned long tp_flags
    unsigned long HAVE_VECTORCALL "Py_TPFLAGS_HAVE_VECTORCALL"
    TypeSlots* type_slots "Py_TYPE"(object)
    Py_ssize_t PyVectorcall_NARGS(size_t)
    void PyType_Modified(PyTypeObject*)


cdef object called(ForwardPass self, PyObject** arguments, size_t flags, PyObject* names):
    """Call self(x) without making a tuple; every other call goes the usual way"""
    cdef Py_ssize_t count = PyVectorcall_NARGS(flags), index
    cdef tuple positional
    cdef dict named = None
    if names == NULL and count == 1 and type_slots(self).tp_call == forward_call_slot:
        return self._call(<object>arguments[0], None, 1)
    positional = tuple([<object>arguments[index] for index in range(count)])
    if names != NULL:
        named = {name: <object>arguments[count + index]
                 for index, name in enumerate(<tuple>names)}
    return type_slots(self).tp_call(self, <PyObject*>positional,
                                    <PyObject*>named if named is not None else NULL)


cdef call_slot forward_call_slot = NULL


def call_without_tuple(cls):
    """Let calls of this subclass of ForwardPass go by called(); a class decorator.

    A class made in Python inherits the slot's position from its base. Before Python 3.12 it does
    not inherit the flag for using the slot. If the class ever gets its own __call__, that is
    called.
    """
    global forward_call_slot
    cdef TypeSlots* slots = <TypeSlots*><PyObject*>cls
    cdef TypeSlots* base = <TypeSlots*><PyObject*>ForwardPass
    cdef void* anywhere = <void*>4096
    # An object with __bases__ would satisfy issubclass(), so cls must be a type as well.
    if not (isinstance(cls, type) and issubclass(cls, ForwardPass)):
        raise TypeError(f"cls must be a subclass of ForwardPass, got {cls!r}")
    forward_call_slot = base.tp_call
    slots.tp_vectorcall_offset = (<char*>&(<ForwardPass>anywhere).vectorcall) - <char*>anywhere
    slots.tp_flags |= HAVE_VECTORCALL
    PyType_Modified(<PyTypeObject*>cls)
    return cls


cdef tuple parts_of(dense, dtype):
    """Return (weight.T, bias, activation, parameter) of a layer, with plain arrays"""
    try:
        return (_arrays.as_plain(dense.weight.T, "weight", dtype),
                _arrays.as_plain(dense.bias, "bias", dtype), *dense._activation)
    except AttributeError:
        raise TypeError(f"layers must be Dense, got {type(dense).__name__}") from None


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
    cdef double work            # multiply-adds for a row
    cdef object storage         # the array that owns plan.memory
    cdef readonly tuple sizes   # (n_in, ..., n_out)

    def __cinit__(self, layers, dtype):
        self.vectorcall = <vectorcall_slot>called
        layers, dtype = tuple(layers), _arrays.float_dtype(dtype)
        if len(layers) == 0:
            raise ValueError("layers must hold at least one Dense, got none")
        # Each attribute is read once, here: Python may answer differently the next time.
        self._settle([parts_of(dense, dtype) for dense in layers], dtype)
        self.layers, self.dtype = layers, dtype

    def __dealloc__(self):
        free(self.plan.layers)

    cdef _settle(self, list parts, dtype):
        """Store the layers (weight.T, bias, activation, parameter) in the layout of the product.

        An array's shape can be set from Python at any time, so it is read and checked once, here.
        """
        cdef Plan plan
        cdef Layer* layer
        cdef cnp.ndarray weight, bias
        cdef int typenum = dtype.num
        cdef Py_ssize_t index, before = 0
        cdef size_t size = 0
        memset(&plan, 0, sizeof(plan))
        plan.n_layers = len(parts)
        plan.layers = self.plan.layers = <Layer*>malloc(plan.n_layers * sizeof(Layer))
        if plan.layers == NULL:
            raise MemoryError
        for index in range(plan.n_layers):
            layer = plan.layers + index
            weight, bias, name, layer.parameter = parts[index]
            layer.activation = activation_codes[name]
            if not (is_plain(weight, 2, typenum) and is_plain(bias, 1, typenum)
                    and bias.shape[0] == weight.shape[1] and cnp.PyArray_SIZE(weight) > 0
                    and (index == 0 or weight.shape[0] == before)):
                raise ValueError(f"layer {index} must have weight of shape (n_out, n_in), n_in as "
                                 "many as the layer before gives, and bias of shape (n_out,), got "
                                 f"{shape_of(weight)[::-1]} and {shape_of(bias)}")
            layer.n_in, layer.n_out = weight.shape[0], weight.shape[1]
            if typenum == cnp.NPY_FLOAT:
                size = lay_out(layer, size, <const float*>NULL)
            else:
                size = lay_out(layer, size, <const double*>NULL)
            plan.widest = max(plan.widest, layer.width)
            self.work += <double>layer.n_in * layer.n_out
            before = layer.n_out
        plan.n_in = plan.layers[0].n_in
        plan.n_out = before
        self.storage = np.zeros(size + ALIGNMENT, np.uint8)
        plan.memory = <char*>aligned(<size_t>cnp.PyArray_DATA(self.storage))
        for index in range(plan.n_layers):
            self._pack(&plan, plan.layers + index, typenum, parts[index][0], parts[index][1])
        self.sizes = (plan.n_in, *[plan.layers[index].n_out for index in range(plan.n_layers)])
        self.plan, self.typenum = plan, typenum         # last: nothing runs half a plan

    cdef _pack(self, const Plan* plan, const Layer* layer, int typenum, cnp.ndarray weight,
               cnp.ndarray bias):
        """Store one layer's weight and bias, which are plain arrays of the layer's sizes"""
        cdef char* panels = plan.memory + layer.weight
        if typenum == cnp.NPY_FLOAT:
            pack(layer.n_in, layer.n_out, <const float*>cnp.PyArray_DATA(weight), layer.n_out,
                 <float*>panels)
        else:
            pack(layer.n_in, layer.n_out, <const double*>cnp.PyArray_DATA(weight), layer.n_out,
                 <double*>panels)
        memcpy(plan.memory + layer.bias, cnp.PyArray_DATA(bias),
               layer.n_out * (sizeof(float) if typenum == cnp.NPY_FLOAT else sizeof(double)))

    cdef int _run(self, const Plan* plan, Py_ssize_t rows, const void* x, void* y) noexcept nogil:
        if self.typenum == cnp.NPY_FLOAT:
            return forward(<f32v>fill_f32(0), plan, rows, <const float*>x, <float*>y)
        return forward(<f64v>fill_f64(0), plan, rows, <const double*>x, <double*>y)

    cdef _forward(self, const Plan* plan, Py_ssize_t rows, const void* x, void* y):
        """y = the outputs of the last layer for x"""
        cdef PyThreadState* state = release_gil(self.work * rows)
        cdef int failed = self._run(plan, rows, x, y)
        take_gil(state)
        if failed:
            raise MemoryError

    def __call__(self, x, *, out=None, Py_ssize_t workers=1):
        return self._call(x, out, workers)

    cdef inline object _call(self, object x, object out, Py_ssize_t workers):
        cdef cnp.ndarray inputs, y
        cdef Py_ssize_t rows
        cdef int ndim
        if (is_plain(x, 1, self.typenum) and (<cnp.ndarray>x).shape[0] == self.plan.n_in
                or is_plain(x, 2, self.typenum) and (<cnp.ndarray>x).shape[1] == self.plan.n_in):
            inputs = x
        else:
            inputs = self._as_input(x)
        # Read once: later calls may let others set the shape of x.
        ndim = cnp.PyArray_NDIM(inputs)
        rows = inputs.shape[0] if ndim == 2 else 1
        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        if out is None:
            y = (new_vector(self.plan.n_out, self.typenum) if ndim == 1
                 else new_matrix(rows, self.plan.n_out, self.typenum))
        elif is_place(out, ndim, self.typenum, self.plan.n_out if ndim == 1 else rows,
                      self.plan.n_out, inputs, None):
            y = out
        else:
            y = _arrays.writing_place(out, rows_of(ndim, rows, self.plan.n_out), self.dtype, inputs)
        if workers == 1 or ndim == 1:
            self._forward(&self.plan, rows, cnp.PyArray_DATA(inputs), cnp.PyArray_DATA(y))
        else:
            self._forward_in_pieces(rows, inputs, y, workers)
        return y if out is None or y is out else _arrays.copied(y, out)

    cdef cnp.ndarray _as_input(self, object x):
        """Return x as the plain array that _forward reads"""
        cdef cnp.ndarray inputs = _arrays.as_plain(x, "x", self.dtype)
        cdef int ndim = cnp.PyArray_NDIM(inputs)
        if ndim not in (1, 2):
            raise ValueError(f"x must have shape ({self.plan.n_in},) or (n, {self.plan.n_in}), "
                             f"got shape {shape_of(inputs)}")
        if inputs.shape[ndim - 1] != self.plan.n_in:
            raise ValueError(f"x must have {self.plan.n_in} columns to match the first layer, "
                             f"got shape {shape_of(inputs)}")
        return inputs

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
        cdef cnp.ndarray inputs = self._as_input(x), y
        cdef int ndim = cnp.PyArray_NDIM(inputs)
        cdef Py_ssize_t rows = inputs.shape[0] if ndim == 2 else 1, index
        one.n_layers = 1
        activations = []
        for index in range(self.plan.n_layers):
            one.layers = self.plan.layers + index
            one.n_in = one.layers.n_in
            one.n_out = one.layers.n_out
            y = np.empty(rows_of(ndim, rows, one.n_out), self.dtype)
            self._forward(&one, rows, cnp.PyArray_DATA(inputs), cnp.PyArray_DATA(y))
            activations.append(y)
            inputs = y
        return tuple(activations)

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
