# Derivatives of the outputs by the inputs, backward: what factors of the outputs, cotangents, are
# in terms of the values before, from the last step to the input. Products go over weights that are
# packed a second time, transposed, when a network is first asked for it.
#
# Value 0 is the input, and step s makes value s + 1 out of value s; a sum also adds the value
# `first` of its residual. A block of rows is in a working set with all of its values.
#
#   pull_softmax, pull_norm     cotangents through functions of whole rows
#   Room, lay_out_room          the working set of a block
#   cotangents_of_block         forward with all values, and backward
#   jacobian_backward, vjp_backward     the doors for Python

cdef struct Room:
    const Plan* plan
    Py_ssize_t rows             # of a block
    Py_ssize_t count            # cotangents for each row
    Py_ssize_t wide             # of the widest value, the input included
    Py_ssize_t sums
    size_t number               # bytes of a number
    void* z                     # rows x widest for each step: before its activation
    void* a                     # the same behind it
    void* u                     # rows x count x wide
    void* other
    void* held                  # the same for each sum: what it adds to the value `first`
    void* factors
    double* unit


cdef void lay_out_room(void* job, Arena* arena) noexcept nogil:
    cdef Room* room = <Room*>job
    cdef double values = <double>room.plan.n_layers * room.rows * room.plan.widest
    cdef double vectors = <double>room.rows * room.count * room.wide
    room.z = take(arena, values, room.number)
    room.a = take(arena, values, room.number)
    room.u = take(arena, vectors, room.number)
    room.other = take(arena, vectors, room.number)
    room.held = take(arena, vectors * room.sums, room.number)
    room.factors = take(arena, room.plan.widest, room.number)
    room.unit = doubles(arena, room.plan.widest)


cdef void pack_backward(const Layer* layer, const real* panels, real* back) noexcept nogil:
    """back = the panels of w', w[k, n] from packed panels; behind the last column zeros"""
    cdef Py_ssize_t width = panel_width(back, layer.n_in), k, n
    for k in range(layer.n_in):
        for n in range(layer.n_out):
            back[k // width * width * layer.n_out + n * width + k % width] = \
                panels[n // layer.ldw * layer.next_panel + k * layer.ldw + n % layer.ldw]


cdef void pull_softmax(bint logarithm, Py_ssize_t rows, Py_ssize_t n, const real* p, real* u,
                       Py_ssize_t ld) noexcept nogil:
    """u[m, n] = p[n] (u[m, n] - p' u[m]); for the logarithm u[m, n] - p[n] sum u[m]"""
    cdef real total
    cdef Py_ssize_t m, i
    for m in range(rows):
        total = 0
        for i in range(n):
            total += u[i] if logarithm else p[i] * u[i]
        for i in range(n):
            u[i] = u[i] - p[i] * total if logarithm else p[i] * (u[i] - total)
        u += ld


cdef void pull_norm(bint centre, Py_ssize_t rows, Py_ssize_t n, double eps, const real* x,
                    const real* weight, const real* u, Py_ssize_t ldu, double* unit, real* y,
                    Py_ssize_t ldy) noexcept nogil:
    """y[m, n] = factor (g - mean g - unit[n] mean(unit g)), g[n] = weight[n] u[m, n]

    As in `push_norm`.
    """
    cdef double factor = unit_of(centre, n, eps, x, unit), mean, along
    cdef Py_ssize_t m, i
    for m in range(rows):
        mean = along = 0
        for i in range(n):
            if centre:
                mean += weight[i] * <double>u[i]
            along += unit[i] * (weight[i] * <double>u[i])
        mean, along = mean / n, along / n
        for i in range(n):
            y[i] = <real>(factor * (weight[i] * <double>u[i] - mean - unit[i] * along))
        u += ldu
        y += ldy


cdef void pull_activation(lanes like, const Layer* layer, Py_ssize_t rows, Py_ssize_t count,
                          const real* z, const real* a, real* factors, real* u) noexcept nogil:
    """u[rows, count, width] through the activation of each row"""
    cdef Py_ssize_t m
    for m in range(rows):
        if layer.activation == SOFTMAX:
            pull_softmax(False, count, layer.n_out, a, u, layer.width)
        elif layer.activation == LOG_SOFTMAX:
            sweep(like, EXP, &no_parameters, layer.width, a, factors)
            pull_softmax(True, count, layer.n_out, <const real*>factors, u, layer.width)
        elif layer.activation != IDENTITY:
            push_activation(like, layer, count, z, a, factors, u)
        z += layer.width
        a += layer.width
        u += count * layer.width


cdef Py_ssize_t slot_of(const Plan* plan, Py_ssize_t value) noexcept nogil:
    """The number of the first sum that adds this value, among all sums; -1 if there is none"""
    cdef Py_ssize_t index, slot = 0
    for index in range(plan.n_layers):
        if plan.layers[index].kind == SUM:
            if plan.layers[index].first == value:
                return slot
            slot += 1
    return -1


cdef void all_values(lanes like, const Room* room, Py_ssize_t rows, const real* x) noexcept nogil:
    """Set z and a of every step for rows of the input"""
    cdef const Plan* plan = room.plan
    cdef const Layer* layer
    cdef const real* origin = x
    cdef const real* added
    cdef real* z
    cdef real* a
    cdef Py_ssize_t step = room.rows * plan.widest, ldx = plan.n_in, index
    for index in range(plan.n_layers):
        layer = plan.layers + index
        z, a = <real*>room.z + index * step, <real*>room.a + index * step
        if layer.kind == DENSE:
            ragged_product(like, rows, layer.width, layer.n_in, x, ldx,
                           <const real*>(plan.memory + layer.weight), layer.ldw, layer.next_panel,
                           <const real*>(plan.memory + layer.bias), z, layer.width, False)
        elif layer.kind == SUM and layer.first == 0:
            sum_rows(like, rows, layer.n_out, x, ldx, origin, plan.n_in, z, layer.width)
        elif layer.kind == SUM:
            added = <const real*>room.a + (layer.first - 1) * step
            sum_rows(like, rows, layer.n_out, x, ldx, added, layer.width, z, layer.width)
        else:
            norm_rows(like, layer.kind == LAYER_NORM, rows, layer.n_out, layer.eps, x, ldx,
                      <const real*>(plan.memory + layer.weight),
                      <const real*>(plan.memory + layer.bias), z, layer.width)
        memcpy(a, z, rows * layer.width * sizeof(real))
        activate_rows(like, layer.activation, &layer.parameters, rows, layer.n_out, layer.width, a)
        x, ldx = a, layer.width


cdef void rows_of_weight(const Layer* layer, Py_ssize_t rows, const real* back, real* y,
                         Py_ssize_t ldy) noexcept nogil:
    """y[rows, n_out, n_in] = the weight: what unit vectors are before a dense layer"""
    cdef Py_ssize_t width = panel_width(back, layer.n_in), m, k
    for m in range(rows * layer.n_out):
        k = 0
        while k < ldy:
            memcpy(y + m * ldy + k, back + k * layer.n_out + m % layer.n_out * width,
                   min(width, ldy - k) * sizeof(real))
            k += width


cdef void pull_step(lanes like, const Room* room, const char* back, Py_ssize_t index,
                    Py_ssize_t rows, const real* x, Py_ssize_t ldx, const real* u, real* y,
                    Py_ssize_t ldy) noexcept nogil:
    """y[rows, count, n_in] = u[rows, count, n_out] through a step whose input was x; no sum"""
    cdef const Plan* plan = room.plan
    cdef const Layer* layer = plan.layers + index
    cdef Py_ssize_t count = room.count, width, m
    if layer.kind == DENSE:
        width = panel_width(u, layer.n_in)
        ragged_product(like, rows * count, ldy, layer.n_out, u, layer.width,
                       <const real*>(back + layer.back), width, width * layer.n_out,
                       <const real*>NULL, y, ldy, False)
        return
    for m in range(rows):
        pull_norm(layer.kind == LAYER_NORM, count, layer.n_out, layer.eps, x + m * ldx,
                  <const real*>(plan.memory + layer.weight), u + m * count * layer.width,
                  layer.width, room.unit, y + m * count * ldy, ldy)


cdef void cotangents_of_block(lanes like, const Room* room, const char* back, Py_ssize_t rows,
                              const real* x, const real* v, real* y) noexcept nogil:
    """y[rows, count, n_in] = the cotangents v[rows, count, n_out], from the outputs to the input

    v is NULL for the unit vectors.
    """
    cdef const Plan* plan = room.plan
    cdef Py_ssize_t last = plan.n_layers - 1
    cdef const Layer* layer = plan.layers + last
    cdef Py_ssize_t count = room.count, step = room.rows * plan.widest, index, m, k, slot
    cdef Py_ssize_t vectors = room.rows * count * room.wide, ldu = layer.width, ldx
    cdef real* u = <real*>room.u
    cdef real* other = <real*>room.other
    cdef real* held = <real*>room.held
    cdef real* target
    cdef const real* input
    all_values(like, room, rows, x)
    memset(held, 0, room.sums * vectors * sizeof(real))
    memset(u, 0, rows * count * ldu * sizeof(real))
    for m in range(rows * count):
        if v == NULL:
            u[m * ldu + m % count] = 1
        else:
            memcpy(u + m * ldu, v + m * plan.n_out, plan.n_out * sizeof(real))
    for index in range(last, -1, -1):
        layer = plan.layers + index
        pull_activation(like, layer, rows, count, <const real*>room.z + index * step,
                        <const real*>room.a + index * step, <real*>room.factors, u)
        ldx = plan.layers[index - 1].width if index else plan.n_in
        input = <const real*>room.a + (index - 1) * step if index else x
        if layer.kind == SUM:
            target = held + slot_of(plan, layer.first) * vectors
            sum_rows(like, rows * count, layer.n_out, <const real*>target, layer.width,
                     <const real*>u, ldu, target, layer.width)
        else:
            target = other if index or room.sums else y
            if (v == NULL and index == last and layer.kind == DENSE
                    and layer.activation == IDENTITY):
                rows_of_weight(layer, rows, <const real*>(back + layer.back), target, ldx)
            else:
                pull_step(like, room, back, index, rows, input, ldx, <const real*>u, target, ldx)
            ldu = ldx
            if target == y:
                return
            other, u = u, target
        slot = slot_of(plan, index)
        if slot >= 0:
            # a sum keeps its numbers in rows of its own width
            k = (layer.n_in + lane_count(x) - 1) // lane_count(x) * lane_count(x)
            sum_rows(like, rows * count, layer.n_in, <const real*>u, ldu,
                     <const real*>(held + slot * vectors), k, u, ldu)
    for m in range(rows * count):
        memcpy(y + m * plan.n_in, u + m * ldu, plan.n_in * sizeof(real))


cdef int cotangents_of_rows(lanes like, const Plan* plan, const char* back, Py_ssize_t count,
                            Py_ssize_t rows, const real* x, const real* v, real* y) noexcept nogil:
    """cotangents_of_block() for any number of rows; return -1 if memory ran out, else 0"""
    cdef Room room
    cdef void* memory
    cdef Py_ssize_t L = lane_count(x), index, n, m = 0, numbers
    room.plan, room.count, room.number, room.sums = plan, count, sizeof(real), 0
    room.wide = max(plan.widest, (plan.n_in + L - 1) // L * L)
    for index in range(plan.n_layers):
        room.sums += plan.layers[index].kind == SUM
    numbers = 2 * plan.n_layers * plan.widest + count * (2 + room.sums) * room.wide
    room.rows = BLOCK_BYTES // (numbers * <Py_ssize_t>sizeof(real))
    room.rows = min(max(room.rows, 1), ROW_BLOCK, rows)
    memory = working_memory(lay_out_room, &room)
    if memory == NULL:
        return -1
    while m < rows:
        n = min(room.rows, rows - m)
        if m and interrupted(plan.work * n * (1 + count)):
            break
        cotangents_of_block(
            like, &room, back, n, x + m * plan.n_in,
            <const real*>NULL if v == NULL else v + m * count * plan.n_out,
            y + m * count * plan.n_in)
        m += n
    free(memory)
    return 0


# ---- the doors for Python ----

cdef const char* back_of(ForwardPass network) except NULL:
    """The transposed weights, packed when they are first wanted"""
    cdef const Plan* plan = &network.plan
    cdef const Layer* layer
    cdef char* memory
    cdef Py_ssize_t index
    if network.back == NULL:
        storage = np.zeros(plan.back_size + ALIGNMENT, np.uint8)
        memory = <char*>aligned(<size_t>cnp.PyArray_DATA(storage))
        for index in range(plan.n_layers):
            layer = plan.layers + index
            if layer.kind != DENSE:
                continue
            if network.typenum == cnp.NPY_FLOAT:
                pack_backward(layer, <const float*>(plan.memory + layer.weight),
                              <float*>(memory + layer.back))
            else:
                pack_backward(layer, <const double*>(plan.memory + layer.weight),
                              <double*>(memory + layer.back))
        network.back_storage, network.back = storage, memory
    return network.back


def jacobian_backward(ForwardPass network not None, x):
    """Return the derivatives of all outputs by all inputs, (..., n_out, n_in)"""
    cdef cnp.ndarray inputs = own_view(network._as_input(x), NULL, NULL), slopes
    cdef tuple before = network._before(inputs, 1)
    cdef Py_ssize_t rows = network._rows(inputs, before)
    slopes = new_rows(inputs, network.plan.n_out, network.plan.n_in, network.typenum)
    pull_back(network, network.plan.n_out, rows, inputs, None, slopes)
    return slopes


def vjp_backward(ForwardPass network not None, x, cotangent):
    """Return the derivatives by the inputs of sums of outputs, whose factors are the cotangent"""
    cdef cnp.ndarray inputs = own_view(network._as_input(x), NULL, NULL), slopes
    cdef cnp.ndarray factors = own_view(_arrays.as_plain(cotangent, "cotangent", network.dtype),
                                        NULL, NULL)
    cdef tuple before = network._before(inputs)
    cdef Py_ssize_t rows = network._rows(inputs, before)
    if shape_of(factors) != before + (network.plan.n_out,):
        raise ValueError(f"cotangent must have shape {before + (network.plan.n_out,)} to match "
                         f"the outputs, got {shape_of(factors)}")
    slopes = new_rows(inputs, network.plan.n_in, 0, network.typenum)
    pull_back(network, 1, rows, inputs, factors, slopes)
    return slopes


cdef pull_back(ForwardPass network, Py_ssize_t count, Py_ssize_t rows, cnp.ndarray x,
               cnp.ndarray v, cnp.ndarray slopes):
    """cotangents_of_rows() for plain rows; v is None for the unit vectors"""
    cdef const char* back = back_of(network)
    cdef const Plan* plan = &network.plan
    cdef const void* factors = NULL if v is None else cnp.PyArray_DATA(v)
    cdef PyThreadState* state
    cdef int failed
    if rows == 0:
        return
    state = release_gil(plan.work * rows * (1 + count))
    if network.typenum == cnp.NPY_FLOAT:
        failed = cotangents_of_rows(
            <f32v>fill_f32(0), plan, back, count, rows, <const float*>cnp.PyArray_DATA(x),
            <const float*>factors, <float*>cnp.PyArray_DATA(slopes))
    else:
        failed = cotangents_of_rows(
            <f64v>fill_f64(0), plan, back, count, rows, <const double*>cnp.PyArray_DATA(x),
            <const double*>factors, <double*>cnp.PyArray_DATA(slopes))
    take_gil(state)
    if failed:
        raise MemoryError
