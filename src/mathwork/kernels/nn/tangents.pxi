# Derivatives of the outputs by the inputs, forward: a row goes through the network together with
# tangents, what small changes of the input do to its values. Products of tangents go over the same
# packed weights as the row. In a place of a working set (steps.pxi) the row comes first, and its
# tangents behind it.
#
#   push_softmax, push_norm     tangents through functions of whole rows
#   tangents_of_row             the outputs of one row, and their derivatives
#   row_jacobian                the door for compiled callers: see mathwork.nn.cfunction
#   jacobian_forward, jvp_forward   the doors for Python


cdef void push_softmax(bint logarithm, Py_ssize_t rows, Py_ssize_t n, const real* p, real* v,
                       Py_ssize_t ld) noexcept nogil:
    """v[m, n] = p[n] (v[m, n] - p' v[m]), p the softmax; for its logarithm without the factor"""
    cdef real total
    cdef Py_ssize_t m, i
    for m in range(rows):
        total = 0
        for i in range(n):
            total += p[i] * v[i]
        for i in range(n):
            v[i] = v[i] - total if logarithm else p[i] * (v[i] - total)
        v += ld


cdef double mean_of(Py_ssize_t n, const real* x) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t i
    for i in range(n):
        total += x[i]
    return total / n


cdef double unit_of(bint centre, Py_ssize_t n, double eps, const real* x, double* unit
                    ) noexcept nogil:
    """unit[n] = (x[n] - m) factor; return factor = 1 / sqrt(mean of (x - m)^2 + eps)"""
    cdef double mean = mean_of(n, x) if centre else 0, square = 0, largest = 0, scale, factor
    cdef int exponent = 0
    cdef Py_ssize_t i
    for i in range(n):
        unit[i] = x[i] - mean
    if centre:
        mean = mean_of(n, <const double*>unit)      # what the first mean was wrong by
    for i in range(n):
        unit[i] -= mean
        largest = max(largest, fabs(unit[i]))
    frexp(largest, &exponent)       # so that no square overflows or vanishes
    scale = ldexp(1, -max(exponent, -500))
    for i in range(n):
        square += (unit[i] * scale) * (unit[i] * scale)
    factor = scale / sqrt(square / n + eps * scale * scale)
    for i in range(n):
        unit[i] *= factor
    return factor


cdef void push_norm(bint centre, Py_ssize_t rows, Py_ssize_t n, double eps, const real* x,
                    const real* weight, const real* v, Py_ssize_t ldv, double* unit, real* y,
                    Py_ssize_t ldy) noexcept nogil:
    """y[m, n] = weight[n] (d - unit[n] mean(unit d)), d[n] = factor (v[m, n] - its mean)

    unit is working memory. Without `centre` no mean is taken off. In float64 for both dtypes.
    """
    cdef double factor = unit_of(centre, n, eps, x, unit), mean, along
    cdef Py_ssize_t m, i
    for m in range(rows):
        mean = mean_of(n, v) if centre else 0
        along = 0
        for i in range(n):
            along += unit[i] * (v[i] - mean)
        along = along / n
        for i in range(n):
            y[i] = <real>(weight[i] * factor * ((v[i] - mean) - unit[i] * along))
        v += ldv
        y += ldy


cdef void times_rows(lanes like, Py_ssize_t rows, Py_ssize_t width, const real* factors, real* y
                     ) noexcept nogil:
    """y[m, n] = y[m, n] factors[n]; width is a multiple of the lane count"""
    cdef lanes u, v
    cdef Py_ssize_t L = lane_count(y), m, i
    for m in range(rows):
        for i in range(width // L):
            load(&u, <const real*>(y + m * width + i * L))
            load(&v, factors + i * L)
            store(y + m * width + i * L, u * v)


cdef void push_activation(lanes like, const Layer* layer, Py_ssize_t d, const real* z,
                          const real* a, real* factors, real* v) noexcept nogil:
    """v[d, width] through an activation at z, where its value is a; factors is working memory"""
    cdef Py_ssize_t i
    if layer.activation == SOFTMAX:
        push_softmax(False, d, layer.n_out, a, v, layer.width)
        return
    if layer.activation == LOG_SOFTMAX:
        sweep(like, EXP, &no_parameters, layer.width, a, factors)
        push_softmax(True, d, layer.n_out, <const real*>factors, v, layer.width)
        return
    for i in range(layer.width):
        factors[i] = 1
    if layer.activation == PRELU:
        for i in range(layer.n_out):
            factors[i] = 1 if z[i] > 0 else (<const real*>layer.parameters.columns)[i]
    else:
        through_activation(like, layer.activation, &layer.parameters, layer.width, z, a, factors)
    times_rows(like, d, layer.width, <const real*>factors, v)


cdef void columns_of_weight(const Layer* layer, const real* w, real* y) noexcept nogil:
    """y[k, n] = w[k, n] from packed panels: what unit vectors are after the first layer"""
    cdef Py_ssize_t k, n, columns
    for k in range(layer.n_in):
        n = 0
        while n < layer.width:
            columns = min(layer.ldw, layer.width - n)
            memcpy(y + k * layer.width + n, w + n // layer.ldw * layer.next_panel + k * layer.ldw,
                   columns * sizeof(real))
            n += columns


cdef void step_with_tangents(lanes like, const Plan* plan, Py_ssize_t index, Py_ssize_t d,
                             const real* x, const real* v, Py_ssize_t ldv, const real* origin,
                             const real* changes, const real* scratch, double* unit, real* y
                             ) noexcept nogil:
    """y[1 + d, width] = a row x and its tangents v after a step, without its activation

    origin and changes are the input of the plan and its tangents; NULL: unit vectors, which the
    first dense layer does not read.
    """
    cdef const Layer* layer = plan.layers + index
    cdef const real* weight = <const real*>(plan.memory + layer.weight)
    cdef const real* bias = <const real*>(plan.memory + layer.bias)
    cdef const real* held
    cdef Py_ssize_t width = layer.width
    if layer.kind == DENSE:
        ragged_product(like, 1, width, layer.n_in, x, layer.n_in, weight, layer.ldw,
                       layer.next_panel, bias, y, width, False)
        if v == NULL:
            columns_of_weight(layer, weight, y + width)
        else:
            ragged_product(like, d, width, layer.n_in, v, ldv, weight, layer.ldw,
                           layer.next_panel, <const real*>NULL, y + width, width, False)
    elif layer.kind == SUM and layer.held == plan.origin:
        sum_rows(like, 1, layer.n_out, x, layer.n_out, origin, plan.n_in, y, width)
        sum_rows(like, d, layer.n_out, v, ldv, changes, plan.n_in, y + width, width)
    elif layer.kind == SUM:
        held = scratch + layer.held * (1 + d)
        sum_rows(like, 1, layer.n_out, x, layer.n_out, held, width, y, width)
        sum_rows(like, d, layer.n_out, v, ldv, held + width, width, y + width, width)
    else:
        norm_rows(like, layer.kind == LAYER_NORM, 1, layer.n_out, layer.eps, x, layer.n_out,
                  weight, bias, y, width)
        push_norm(layer.kind == LAYER_NORM, d, layer.n_out, layer.eps, x, weight, v, ldv, unit,
                  y + width, width)


cdef int tangents_of_row(lanes like, const Plan* plan, Py_ssize_t d, const real* x, const real* v,
                         real* y, real* slopes) noexcept nogil:
    """y[n_out] = the outputs for x, slopes[n_out, d] = what v[d, n_in] do to them

    v is NULL for the unit vectors. Return -1 if memory ran out, else 0. y may be NULL.
    """
    cdef Py_ssize_t widest = plan.widest, index, i, j, ldv = plan.n_in
    cdef Py_ssize_t units = plan.n_in if v == NULL and not plan.dense else 0    # to be written
    cdef char local[STACK_BYTES + ALIGNMENT]
    cdef char* heap
    cdef double* unit = <double*>working_set(
        widest * <Py_ssize_t>sizeof(double)
        + (2 * widest + plan.places * (1 + d) * widest + units * units) * <Py_ssize_t>sizeof(real),
        local, &heap)
    cdef real* z = <real*>(unit + widest)
    cdef real* factors = z + widest
    cdef real* scratch = factors + widest
    cdef real* target = scratch
    cdef const Layer* layer
    cdef const real* origin = x
    cdef const real* changes
    if unit == NULL:
        return -1
    if units:
        target = scratch + plan.places * (1 + d) * widest
        memset(target, 0, units * units * sizeof(real))
        for i in range(units):
            target[i * units + i] = 1
        v = target
    changes = v
    for index in range(plan.n_layers):
        layer = plan.layers + index
        target = scratch + layer.place * (1 + d)
        step_with_tangents(like, plan, index, d, x, v, ldv, origin, changes, <const real*>scratch,
                           unit, target)
        if layer.activation != IDENTITY:
            memcpy(z, target, layer.width * sizeof(real))
            activate_rows(like, layer.activation, &layer.parameters, 1, layer.n_out, layer.width,
                          target)
            push_activation(like, layer, d, <const real*>z, <const real*>target, factors,
                            target + layer.width)
        x, ldv = target, layer.width
        v = x + ldv
    if y != NULL:
        memcpy(y, x, plan.n_out * sizeof(real))
    for i in range(plan.n_out):
        for j in range(d):
            slopes[i * d + j] = v[j * ldv + i]
    free(heap)
    return 0


# ---- the door for compiled callers: a plain C function; `network` is the address of a Plan ----

cdef int row_jacobian(const real* x, real* y, real* jacobian, void* network) noexcept nogil:
    """y[n_out] = network(x[n_in]), jacobian[n_out, n_in] = dy/dx; return -1 if memory ran out"""
    cdef const Plan* plan = <const Plan*>network
    if real is float:
        return tangents_of_row(<f32v>fill_f32(0), plan, plan.n_in, x, NULL, y, jacobian)
    else:
        return tangents_of_row(<f64v>fill_f64(0), plan, plan.n_in, x, NULL, y, jacobian)


def jacobian_address(ForwardPass network not None):
    """Return the address of row_jacobian() for the network's dtype"""
    if network.typenum == cnp.NPY_FLOAT:
        return <size_t>&row_jacobian[float]
    return <size_t>&row_jacobian[double]


# ---- the doors for Python ----

def jacobian_forward(ForwardPass network not None, x):
    """Return the derivatives of all outputs by all inputs, (..., n_out, n_in)"""
    cdef cnp.ndarray inputs = own_view(network._as_input(x), NULL, NULL), slopes
    cdef tuple before = network._before(inputs, 1)
    cdef Py_ssize_t rows = network._rows(inputs, before)
    slopes = new_rows(inputs, network.plan.n_out, network.plan.n_in, network.typenum)
    tangents_of_rows(network, network.plan.n_in, rows, inputs, None, slopes)
    return slopes


def jvp_forward(ForwardPass network not None, x, v):
    """Return what changes v of x, of the same shape, do to the outputs, (..., n_out)"""
    cdef cnp.ndarray inputs = own_view(network._as_input(x), NULL, NULL), slopes
    cdef cnp.ndarray changes = own_view(_arrays.as_plain(v, "v", network.dtype), NULL, NULL)
    cdef tuple before = network._before(inputs)
    cdef Py_ssize_t rows = network._rows(inputs, before)
    if shape_of(changes) != shape_of(inputs):
        raise ValueError(f"v must have shape {shape_of(inputs)} to match x, "
                         f"got {shape_of(changes)}")
    slopes = new_rows(inputs, network.plan.n_out, 0, network.typenum)
    tangents_of_rows(network, 1, rows, inputs, changes, slopes)
    return slopes


cdef tangents_of_rows(ForwardPass network, Py_ssize_t d, Py_ssize_t rows, cnp.ndarray x,
                      cnp.ndarray v, cnp.ndarray slopes):
    """tangents_of_row() for plain rows; v is None for the unit vectors, else has one for each row
    """
    cdef const Plan* plan = &network.plan
    cdef PyThreadState* state = release_gil(plan.work * rows * (1 + d))
    cdef const void* changes = NULL if v is None else cnp.PyArray_DATA(v)
    cdef Py_ssize_t m
    cdef int failed = 0
    for m in range(rows):
        if m and interrupted(plan.work * (1 + d)):
            break
        if network.typenum == cnp.NPY_FLOAT:
            failed |= tangents_of_row(
                <f32v>fill_f32(0), plan, d, <const float*>cnp.PyArray_DATA(x) + m * plan.n_in,
                <const float*>NULL if changes == NULL else <const float*>changes + m * plan.n_in,
                <float*>NULL, <float*>cnp.PyArray_DATA(slopes) + m * plan.n_out * d)
        else:
            failed |= tangents_of_row(
                <f64v>fill_f64(0), plan, d, <const double*>cnp.PyArray_DATA(x) + m * plan.n_in,
                <const double*>NULL if changes == NULL else <const double*>changes + m * plan.n_in,
                <double*>NULL, <double*>cnp.PyArray_DATA(slopes) + m * plan.n_out * d)
    take_gil(state)
    if failed:
        raise MemoryError
