# The layers of a network as a list of steps, each with the place of its result. A residual becomes
# the steps of its layers, and a sum.
#
# A place is a row, or a block of rows, of a call's working set. A step reads the result of the step
# before, and the first step the network's input. It writes to the first place that it does not read
# and that is not held. The input of a residual is held until its sum.

cdef enum:
    DENSE
    LAYER_NORM
    RMS_NORM
    SUM

cdef enum:
    INPUT = -1              # in place of a place: the network's input
    MOST_NESTED = 30        # residuals in each other: each holds a place

cdef struct Layer:              # one step
    Py_ssize_t n_in
    Py_ssize_t n_out
    Py_ssize_t part             # terms in a part of its sums
    Py_ssize_t width            # n_out rounded up to whole registers: the row between layers
    Py_ssize_t ldw              # columns of a packed panel
    Py_ssize_t next_panel
    int kind
    int activation
    Parameters parameters
    double eps
    Py_ssize_t place            # of its result: times widest, the offset in a row's working set
    Py_ssize_t held             # the same for what a sum adds, or INPUT
    size_t weight               # offset of the packed panels, or of a norm's, in Plan.memory
    size_t bias                 # offset of the bias, padded with zeros to a whole panel or stripe
    size_t slopes               # offset of the slopes of prelu; of nothing for the others
    Py_ssize_t first            # of a sum: the first step of its residual
    size_t back                 # offset of the weight packed transposed: see cotangents.pxi

cdef struct Plan:               # consecutive steps, ready to run
    Layer* layers
    Py_ssize_t n_layers
    Py_ssize_t n_in
    Py_ssize_t n_out
    Py_ssize_t widest           # width of the widest row between layers
    Py_ssize_t places           # rows of that width in a working set; if not dense, also the result
    bint dense                  # all steps: their places alternate
    Py_ssize_t origin           # the place that steps mean where they mean the input
    char* memory
    size_t back_size            # bytes of all transposed weights
    double work                 # multiply-adds for a row


cdef size_t lay_out(Layer* layer, size_t offset, const real* like) noexcept nogil:
    """Give the layer its place from `offset` on; returns the offset behind it"""
    cdef Py_ssize_t L = lane_count(like)
    cdef size_t columns = packed_columns(like, layer.n_out), row
    layer.width = (layer.n_out + L - 1) // L * L
    layer.slopes = offset
    if layer.activation == PRELU:
        offset += aligned(layer.n_out * sizeof(real))
    if layer.kind == SUM:
        return offset
    if layer.kind != DENSE:
        row = aligned(layer.n_out * sizeof(real))
        layer.weight, layer.bias = offset, offset + row
        return offset + 2 * row
    layer.part = part_length(layer.n_in)
    layer.ldw = panel_width(like, layer.n_out)
    layer.next_panel = layer.ldw * layer.n_in
    layer.weight = offset
    layer.bias = aligned(offset + columns * layer.n_in * sizeof(real))
    return aligned(layer.bias + columns * sizeof(real))


cdef size_t lay_out_transposed(Layer* layer, size_t offset, const real* like) noexcept nogil:
    """Give the transposed weight its place from `offset` on; returns the offset behind it"""
    layer.back = offset
    if layer.kind != DENSE:
        return offset
    return aligned(offset + packed_columns(like, layer.n_in) * layer.n_out * sizeof(real))


step_kinds = {"dense": DENSE, "layer_norm": LAYER_NORM, "rms_norm": RMS_NORM, "residual": SUM}


cdef int free_place(int source, list held) except -1:
    cdef int place = 0
    while place == source or place in held:
        place += 1
    return place


cdef list steps_of(layers, dtype, list counts):
    """Return a tuple for each step, and append the number of steps of each layer to `counts`

    (kind, weight, bias, eps, (activation, parameters), first step of the branch, held place, place)
    weight has the shape (n_in, n_out) or (n,); arrays are plain. Each attribute is read once, here:
    Python may answer differently the next time.
    """
    cdef list steps = []
    cdef int place = INPUT
    for layer in layers:
        count = len(steps)
        place = append_steps(layer, dtype, place, [], steps)
        counts.append(len(steps) - count)
    return steps


cdef int append_steps(layer, dtype, int source, list held, list steps) except? -1:
    """Append the steps of a layer that reads `source`; return the place of its result"""
    cdef int place = source, kind
    cdef Py_ssize_t first = len(steps)
    try:
        kind = step_kinds[layer._kind]
        name, given = layer._activation
        if name == "prelu":
            given = (_arrays.as_plain(*given, "slopes", dtype),)
        if kind == SUM:
            weight = bias = None
            eps, inner = 0.0, tuple(layer.layers)
        else:
            weight, bias = layer.weight, layer.bias
            eps = 0.0 if kind == DENSE else layer.eps
            weight = _arrays.as_plain(weight.T if kind == DENSE else weight, "weight", dtype)
            bias = _arrays.as_plain(bias, "bias", dtype)
    except AttributeError:
        raise TypeError("layers must be Dense, LayerNorm, RMSNorm or Residual, "
                        f"got {type(layer).__name__}") from None
    if kind == SUM:
        if len(held) == MOST_NESTED:
            raise ValueError(f"residuals may be nested {MOST_NESTED} deep, got more")
        held.append(source)
        for each in inner:
            place = append_steps(each, dtype, place, held, steps)
        target = free_place(place, held)
        held.pop()
    else:
        target = free_place(source, held)
    steps.append((kind, weight, bias, eps, (name, given), first, source, target))
    return target
