# A whole network over packed weights: rows pass through all layers in blocks that stay in
# cache. Nothing here changes after construction, so any number of threads may call at once;
# what a call needs beside that lies on its own stack, or its own heap where it is larger.

cdef enum:
    STACK_BYTES = 16384         # of activations: one row of most networks
    BLOCK_BYTES = 196608        # of activations: two blocks of rows in a second-level cache
    ALIGNMENT = 64

cdef struct Layer:
    Py_ssize_t n_in
    Py_ssize_t n_out
    Py_ssize_t width            # n_out up to the next whole register: a row between layers
    Py_ssize_t ldw              # columns of a packed panel
    Py_ssize_t next_panel
    int activation
    double parameter
    size_t weight               # offsets in ForwardPass.memory: of the packed panels,
    size_t bias                 # and of the bias, zero up to a whole panel


cdef size_t lay_out(Layer* layer, size_t offset, const real* like) noexcept nogil:
    """Give the layer its place from `offset` on; the offset behind it"""
    cdef Py_ssize_t L = lane_count(like)
    cdef size_t columns = packed_columns(like, layer.n_out)
    layer.width = (layer.n_out + L - 1) // L * L
    layer.ldw = panel_width(like, layer.n_out)
    layer.next_panel = layer.ldw * layer.n_in
    layer.weight = offset
    layer.bias = aligned(offset + columns * layer.n_in * sizeof(real))
    return aligned(layer.bias + columns * sizeof(real))


cdef inline size_t aligned(size_t offset) noexcept nogil:
    """The next start of a cache line, for an offset or an address"""
    return (offset + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


cdef inline void forward_row(lanes like, const Layer* layers, Py_ssize_t n_layers,
                             const char* memory, Py_ssize_t widest, const real* x, real* y,
                             real* scratch) noexcept nogil:
    """y = the last of the layers of one row x, in whole registers until it is copied to y"""
    cdef Py_ssize_t index
    cdef const Layer* layer
    cdef real* target
    for index in range(n_layers):
        layer = layers + index
        target = scratch + (index % 2) * widest
        row_product(like, layer.width // lane_count(x), layer.n_in, x,
                    <const real*>(memory + layer.weight), layer.ldw, layer.next_panel,
                    <const real*>(memory + layer.bias), target, layer.activation == RELU)
        if layer.activation != RELU:        # which the tile has done
            activate_rows(like, layer.activation, layer.parameter, 1, layer.n_out, layer.width,
                          target)
        x = target
    memcpy(y, x, layers[n_layers - 1].n_out * sizeof(real))


cdef inline void forward_block(lanes like, const Layer* layers, Py_ssize_t n_layers,
                               const char* memory, Py_ssize_t rows, const real* x, real* y,
                               real* scratch, Py_ssize_t block) noexcept nogil:
    """y = the last of the layers of x, activations between layers in two blocks of scratch"""
    cdef Py_ssize_t index, ldx = layers[0].n_in, ldy
    cdef const Layer* layer
    cdef real* target
    for index in range(n_layers):
        layer = layers + index
        target = scratch + (index % 2) * block
        ldy = layer.width
        if index == n_layers - 1:
            target = y
            ldy = layer.n_out
        ragged_product(like, rows, ldy, layer.n_in, x, ldx,
                       <const real*>(memory + layer.weight), layer.ldw, layer.next_panel,
                       <const real*>(memory + layer.bias), target, ldy,
                       layer.activation == RELU)
        if layer.activation != RELU:
            activate_rows(like, layer.activation, layer.parameter, rows, layer.n_out, ldy, target)
        x = target
        ldx = ldy


cdef int forward(lanes like, const Layer* layers, Py_ssize_t n_layers, const char* memory,
                 Py_ssize_t widest, Py_ssize_t rows, const real* x, real* y) noexcept nogil:
    """y = the last of the layers of x, block by block; -1 where memory ran out, else 0"""
    cdef char local[STACK_BYTES + ALIGNMENT]
    cdef char* heap = NULL
    cdef Py_ssize_t row_bytes = 2 * widest * <Py_ssize_t>sizeof(real)
    cdef Py_ssize_t block = BLOCK_BYTES // (row_bytes + 1) // TILE_ROWS * TILE_ROWS
    cdef Py_ssize_t m = 0, n
    cdef real* scratch = <real*>aligned(<size_t>&local[0])
    block = min(max(block, TILE_ROWS), ROW_BLOCK, rows)
    if block * row_bytes > STACK_BYTES:
        heap = <char*>malloc(block * row_bytes + ALIGNMENT)
        if heap == NULL:
            return -1
        scratch = <real*>aligned(<size_t>heap)
    if rows == 1:
        forward_row(like, layers, n_layers, memory, widest, x, y, scratch)
        m = 1
    while m < rows:
        n = min(block, rows - m)
        forward_block(like, layers, n_layers, memory, n, x + m * layers[0].n_in,
                      y + m * layers[n_layers - 1].n_out, scratch, block * widest)
        m += n
    free(heap)
    return 0


cdef tuple rows_of(cnp.ndarray x, Py_ssize_t columns):
    """The shape of one row, or as many as x has, of so many columns"""
    if cnp.PyArray_NDIM(x) == 1:
        return (columns,)
    return (x.shape[0], columns)


cdef class ForwardPass:
    """The kernel under mathwork.nn.Network: packed weights and the call.

    The checks are those of mathwork.nn.network; they are called here, because no subclass and no
    call of __new__ comes past this.
    """

    cdef readonly tuple layers
    cdef readonly object dtype
    cdef int typenum
    cdef Layer* plan
    cdef Py_ssize_t n_layers, n_in, n_out, widest
    cdef double work            # multiply-adds a row
    cdef object storage         # an array that owns the memory
    cdef char* memory

    def __cinit__(self, layers, dtype):
        from mathwork.nn.network import checked_layers      # which imports this module

        cdef Layer* layer
        cdef Py_ssize_t index
        cdef size_t size = 0
        self.layers, self.dtype = layers, dtype = checked_layers(layers, dtype)
        self.typenum = dtype.num
        self.n_layers = len(layers)
        self.plan = <Layer*>malloc(self.n_layers * sizeof(Layer))
        if self.plan == NULL:
            raise MemoryError
        for index in range(self.n_layers):
            layer = self.plan + index
            layer.n_out, layer.n_in = layers[index].weight.shape
            name, layer.parameter = layers[index]._activation
            layer.activation = activation_codes[name]
            if self.typenum == cnp.NPY_FLOAT:
                size = lay_out(layer, size, <const float*>NULL)
            else:
                size = lay_out(layer, size, <const double*>NULL)
            self.widest = max(self.widest, layer.width)
            self.work += <double>layer.n_in * layer.n_out
        self.n_in = self.plan[0].n_in
        self.n_out = self.plan[self.n_layers - 1].n_out
        self.storage = np.zeros(size + ALIGNMENT, np.uint8)
        self.memory = <char*>aligned(<size_t>cnp.PyArray_DATA(self.storage))
        for index in range(self.n_layers):
            self._pack(self.plan + index, layers[index])

    def __dealloc__(self):
        free(self.plan)

    cdef _pack(self, Layer* layer, dense):
        """Lay one layer's weight and bias out as the product reads them."""
        cdef cnp.ndarray weight = _arrays.as_plain(dense.weight.T, "weight", self.dtype)
        cdef cnp.ndarray bias = _arrays.as_plain(dense.bias, "bias", self.dtype)
        cdef char* panels = self.memory + layer.weight
        if self.typenum == cnp.NPY_FLOAT:
            pack(layer.n_in, layer.n_out, <const float*>cnp.PyArray_DATA(weight), layer.n_out,
                 <float*>panels)
        else:
            pack(layer.n_in, layer.n_out, <const double*>cnp.PyArray_DATA(weight), layer.n_out,
                 <double*>panels)
        memcpy(self.memory + layer.bias, cnp.PyArray_DATA(bias), cnp.PyArray_NBYTES(bias))

    cdef int _run(self, Py_ssize_t first, Py_ssize_t stop, Py_ssize_t rows, const void* x,
                  void* y) noexcept nogil:
        if self.typenum == cnp.NPY_FLOAT:
            return forward(<f32v>fill_f32(0), self.plan + first, stop - first, self.memory,
                           self.widest, rows, <const float*>x, <float*>y)
        return forward(<f64v>fill_f64(0), self.plan + first, stop - first, self.memory,
                       self.widest, rows, <const double*>x, <double*>y)

    cdef _forward(self, Py_ssize_t first, Py_ssize_t stop, cnp.ndarray x, cnp.ndarray y):
        """y = layers first to stop - 1 of x, both plain and of matching shape"""
        cdef Py_ssize_t rows = x.shape[0] if cnp.PyArray_NDIM(x) == 2 else 1
        cdef PyThreadState* state = release_gil(self.work * rows)
        cdef int failed = self._run(first, stop, rows, cnp.PyArray_DATA(x), cnp.PyArray_DATA(y))
        take_gil(state)
        if failed:
            raise MemoryError

    def __call__(self, x, *, out=None, Py_ssize_t workers=1):
        cdef cnp.ndarray inputs, y
        cdef Py_ssize_t rows
        cdef int ndim
        if (is_plain(x, 1, self.typenum) and (<cnp.ndarray>x).shape[0] == self.n_in
                or is_plain(x, 2, self.typenum) and (<cnp.ndarray>x).shape[1] == self.n_in):
            inputs = x
        else:
            inputs = self._as_input(x)
        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        if out is None:
            y = (new_vector(self.n_out, self.typenum) if cnp.PyArray_NDIM(inputs) == 1
                 else new_matrix(inputs.shape[0], self.n_out, self.typenum))
        else:
            ndim = cnp.PyArray_NDIM(inputs)
            rows = self.n_out if ndim == 1 else inputs.shape[0]
            if is_place(out, ndim, self.typenum, rows, self.n_out, inputs, None):
                y = out
            else:
                y = _arrays.writing_place(out, rows_of(inputs, self.n_out), self.dtype, inputs)
        if workers == 1:
            self._forward(0, self.n_layers, inputs, y)
        else:
            self._forward_in_pieces(inputs, y, workers)
        return y if out is None or y is out else _arrays.copied(y, out)

    def _as_input(self, x):
        """x as the plain array that _forward reads"""
        cdef cnp.ndarray inputs = _arrays.as_plain(x, "x", self.dtype)
        cdef int ndim = cnp.PyArray_NDIM(inputs)
        if ndim not in (1, 2):
            raise ValueError(f"x must have shape ({self.n_in},) or (n, {self.n_in}), "
                             f"got shape {shape_of(inputs)}")
        if inputs.shape[ndim - 1] != self.n_in:
            raise ValueError(f"x must have {self.n_in} columns to match the first layer, "
                             f"got shape {shape_of(inputs)}")
        return inputs

    def _forward_in_pieces(self, inputs, y, workers):
        if inputs.ndim == 1:
            self._forward(0, self.n_layers, inputs, y)
        else:
            _workers.over_rows(
                lambda start, stop: self._forward(0, self.n_layers, inputs[start:stop],
                                                  y[start:stop]),
                len(inputs), workers)

    def _trace(self, x):
        """The activations of every layer"""
        cdef Py_ssize_t index
        activations = []
        x = self._as_input(x)
        for index in range(self.n_layers):
            y = np.empty(rows_of(x, self.plan[index].n_out), self.dtype)
            self._forward(index, index + 1, x, y)
            activations.append(y)
            x = y
        return tuple(activations)

    def _repeat(self, x, out, Py_ssize_t times):
        """The call `times` times over without leaving C: what bench/ times as the kernel."""
        cdef Py_ssize_t i
        if not (is_plain(x, 1, self.typenum) and is_plain(out, 1, self.typenum)
                and (<cnp.ndarray>x).shape[0] == self.n_in
                and (<cnp.ndarray>out).shape[0] == self.n_out):
            raise ValueError("x and out must be plain rows of the network")
        for i in range(times):
            self._run(0, self.n_layers, 1, cnp.PyArray_DATA(x), cnp.PyArray_DATA(out))
