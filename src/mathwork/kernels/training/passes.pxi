# Forward and backward passes of one piece of a batch.
#
#   Step, Net       a network as steps over values; value 0 is the input, step s makes value s + 1
#   Room            the working memory of one thread
#   load_input, load_answers    rows and answers, as columns
#   forward_piece   the values
#   backward_piece  the derivatives by the parameters
#
# Derivatives by the input are kernels/nn/tangents.pxi and cotangents.pxi.
#
# Parameters are one flat vector: for each step its weight, row-major, then its bias.

cdef struct Step:
    int kind                # DENSE, LAYER_NORM, RMS_NORM, SUM
    int activation
    Parameters parameters
    Py_ssize_t n_in
    Py_ssize_t n_out
    Py_ssize_t first        # of a SUM: the value that it adds to its input
    double eps
    Py_ssize_t weight       # places in the parameters; bias is -1 where there is none
    Py_ssize_t bias
    Py_ssize_t turned       # the place of its transposed weight in Net.turned

cdef struct Net:
    Step* steps
    Py_ssize_t n_steps
    Py_ssize_t n_in
    Py_ssize_t n_out
    Py_ssize_t widest       # of all values
    Py_ssize_t n_parameters
    Py_ssize_t n_turned
    int loss
    double delta            # of the Huber loss

cdef struct Room:
    const Net* net
    Py_ssize_t capacity     # rows of a piece
    size_t number           # bytes of a number
    void** z                # of each step, n_out x P: before its activation
    void** a                # of each step, n_out x P: its value; z where the activation is identity
    void** unit             # of a norm: rows with mean square 1
    void** factor           # of a norm: what they were multiplied by
    void** held             # of each value: what the sums above it add to its derivative, or NULL
    void* rows              # rows of the input
    void* input             # the same as columns
    void* answers           # as columns
    void* turned            # a value as rows
    void* derivative        # by a value, and by the one before
    void* other
    void* scale             # of each row's loss
    void* row_loss
    void* ones
    void* spare             # a gradient
    void* samples           # n_parameters x P: the derivatives of each row, or NULL


cdef void lay_out_room(void* job, Arena* arena) noexcept nogil:
    cdef Room* room = <Room*>job
    cdef const Net* net = room.net
    cdef const Step* step
    cdef Py_ssize_t n = net.n_steps, P = room.capacity, s, most = net.widest
    cdef size_t number = room.number, pointer = sizeof(void*)
    room.z = <void**>take(arena, n, pointer)
    room.a = <void**>take(arena, n, pointer)
    room.unit = <void**>take(arena, n, pointer)
    room.factor = <void**>take(arena, n, pointer)
    room.held = <void**>take(arena, n + 1, pointer)
    # PADDING numbers more than a matrix has: they may be read, but do not count
    room.rows = take(arena, <double>P * net.n_in + 4 * PADDING, number)
    room.input = take(arena, <double>P * net.n_in + PADDING, number)
    room.answers = take(arena, <double>P * net.n_out + PADDING, number)
    room.scale = take(arena, P, number)
    room.row_loss = take(arena, P, number)
    room.ones = take(arena, P, number)
    room.spare = take(arena, <double>net.n_parameters + 4 * PADDING, number)
    room.derivative = take(arena, <double>P * most + PADDING, number)
    room.other = take(arena, <double>P * most + PADDING, number)
    room.turned = take(arena, <double>P * most + 4 * PADDING, number)
    for s in range(n):
        step = net.steps + s
        place_values(arena, room, step, s)


cdef inline void place_values(Arena* arena, Room* room, const Step* step, Py_ssize_t s
                              ) noexcept nogil:
    cdef double count = <double>room.capacity * step.n_out + PADDING
    cdef void* z = take(arena, count, room.number)
    cdef void* a = z if step.activation == IDENTITY else take(arena, count, room.number)
    cdef bint norm = step.kind == LAYER_NORM or step.kind == RMS_NORM
    cdef Py_ssize_t n
    cdef void* unit = take(arena, count, room.number) if norm else NULL
    cdef void* factor = take(arena, room.capacity, room.number) if norm else NULL
    cdef void* held = take(arena, count, room.number) if step.kind == SUM else NULL
    if not arena.start:
        return
    room.z[s], room.a[s], room.unit[s], room.factor[s] = z, a, unit, factor
    if s == 0:
        for n in range(room.net.n_steps + 1):
            room.held[n] = NULL
    if step.kind == SUM and room.held[step.first] == NULL:
        room.held[step.first] = held


cdef inline const real* value_of(const Room* room, Py_ssize_t value, const real* like
                                 ) noexcept nogil:
    """Value 0 is the input, value s + 1 the result of step s"""
    return <const real*>(room.input if value == 0 else room.a[value - 1])


cdef void turn_weights(lanes like, const Net* net, const real* parameters, real* turned
                       ) noexcept nogil:
    """turned = the weight of every dense step but the first, transposed

    Nobody asks for derivatives by the input. The parameters have 16 bytes behind them that may be
    read.
    """
    cdef const Step* step
    cdef Py_ssize_t s
    for s in range(1, net.n_steps):
        step = net.steps + s
        if step.kind == DENSE:
            transpose(like, step.n_out, step.n_in, parameters + step.weight, step.n_in,
                      turned + step.turned, step.n_out)


cdef struct Data:               # what is learned from; each array has a row for each sample
    const void* x
    const void* answers         # n_out numbers a row, or NULL
    const Py_ssize_t* labels    # or NULL
    const void* weights         # a number a row, or NULL: 1
    const Py_ssize_t* order     # the order in which rows are taken, or NULL: as they lie


cdef void load_input(lanes like, Room* room, const real* x, const Py_ssize_t* order,
                     Py_ssize_t start, Py_ssize_t rows, Py_ssize_t P) noexcept nogil:
    """The rows order[start:start + rows] of x, then the last one again, as rows and as columns"""
    cdef Py_ssize_t n = room.net.n_in, i, row
    cdef real* target = <real*>room.rows
    for i in range(P):
        row = start + min(i, rows - 1)
        if order != NULL:
            row = order[row]
        memcpy(target + i * n, x + row * n, n * sizeof(real))
    transpose(like, P, n, <const real*>target, n, <real*>room.input, P)


cdef void load_answers(const Data* data, Py_ssize_t start, Py_ssize_t rows, Py_ssize_t n,
                       Py_ssize_t P, double share, real* y, real* scale) noexcept nogil:
    """y[n, P] = the answers, scale[P] = the factor of each row's loss: share times its weight"""
    cdef Py_ssize_t i, j, row
    cdef const real* source = <const real*>data.answers
    cdef const real* weights = <const real*>data.weights
    if data.labels != NULL:
        memset(y, 0, n * P * sizeof(real))
    for i in range(P):
        row = start + min(i, rows - 1)
        if data.order != NULL:
            row = data.order[row]
        scale[i] = <real>(share * (weights[row] if weights != NULL else 1)) if i < rows else 0
        if data.labels != NULL and n == 1:
            y[i] = <real>data.labels[row]
        elif data.labels != NULL:
            y[data.labels[row] * P + i] = 1
        else:
            for j in range(n):
                y[j * P + i] = source[row * n + j]


cdef void forward_piece(lanes like, Room* room, const real* parameters, Py_ssize_t P
                        ) noexcept nogil:
    """All values for the input; the last activation is left out where the loss has it in itself"""
    cdef const Net* net = room.net
    cdef const Step* step
    cdef const real* x
    cdef const real* bias
    cdef real* z
    cdef Py_ssize_t s
    for s in range(net.n_steps):
        step = net.steps + s
        x = value_of(room, s, parameters)
        z = <real*>room.z[s]
        if step.kind == DENSE:
            columns_product(like, step.n_out, P, step.n_in, parameters + step.weight,
                            parameters + step.bias, x, z)
        elif step.kind == SUM:
            memcpy(z, x, step.n_out * P * sizeof(real))
            add_to(like, step.n_out * P, value_of(room, step.first, parameters), z)
        else:
            bias = parameters + step.bias if step.bias >= 0 else <const real*>NULL
            norm_columns(like, step.kind == LAYER_NORM, step.n_out, P, step.eps, x,
                         parameters + step.weight, bias, <real*>room.unit[s],
                         <real*>room.factor[s], z)
        if step.activation != IDENTITY and not (s == net.n_steps - 1 and is_entropy(net.loss)):
            activate_columns(like, step.activation, &step.parameters, step.n_out, P,
                             <const real*>z, <real*>room.a[s])


cdef void derivatives_of_rows(lanes like, const Room* room, const Step* step, Py_ssize_t s,
                              Py_ssize_t P, const real* d, real* samples) noexcept nogil:
    """samples[parameter, P] = d[i, P] v[j, P]: the derivatives of each row, not of their sum"""
    cdef const real* x = value_of(room, s, d) if step.kind == DENSE else <const real*>room.unit[s]
    cdef Py_ssize_t L = lane_count(d), i, j, k, columns = step.n_in if step.kind == DENSE else 1
    cdef real* target = samples + step.weight * P
    cdef lanes u, v
    for i in range(step.n_out):
        for j in range(columns):
            for k in range(P // L):
                load(&u, d + i * P + k * L)
                load(&v, x + (j if step.kind == DENSE else i) * P + k * L)
                store(target + (i * columns + j) * P + k * L, u * v)
    if step.bias >= 0:
        memcpy(samples + step.bias * P, d, step.n_out * P * sizeof(real))


cdef void gradient_of_step(lanes like, const Room* room, const Step* step, Py_ssize_t s,
                           Py_ssize_t P, const real* d, real* gradient) noexcept nogil:
    """The derivatives by the weight and the bias of a step, from those by its z: d"""
    cdef const real* rows = <const real*>room.rows
    cdef real* turned = <real*>room.turned
    cdef const real* unit
    cdef Py_ssize_t i, j, L = lane_count(d)
    cdef lanes u, v
    if step.bias >= 0:
        half_times_vector(like, step.n_out, P, d, <const real*>room.ones, <const real*>NULL,
                          gradient + step.bias)
    if step.kind == DENSE:
        if s > 0:
            transpose(like, step.n_in, P, value_of(room, s, d), P, turned, step.n_in)
            rows = <const real*>turned
        ragged_product(like, step.n_out, step.n_in, P, d, P, rows, step.n_in, 2 * L,
                       <const real*>NULL, gradient + step.weight, step.n_in, False)
        return
    unit = <const real*>room.unit[s]
    for i in range(step.n_out * P // L):
        load(&u, unit + i * L)
        load(&v, d + i * L)
        store(turned + i * L, u * v)
    half_times_vector(like, step.n_out, P, <const real*>turned, <const real*>room.ones,
                      <const real*>NULL, gradient + step.weight)


cdef void clear_held(Room* room, const real* like) noexcept nogil:
    """held = 0, for all values that a sum adds"""
    cdef const Step* step
    cdef Py_ssize_t s
    for s in range(room.net.n_steps):
        step = room.net.steps + s
        if step.kind == SUM:
            memset(room.held[step.first], 0, step.n_out * room.capacity * sizeof(real))


cdef void backward_piece(lanes like, Room* room, const real* parameters, const real* turned,
                         Py_ssize_t P, bint by_z, real* gradient) noexcept nogil:
    """Set the gradient

    room.derivative has the derivative by the last value, or by its z if `by_z`. With room.samples,
    the derivatives of each row are set instead of the gradient.
    """
    cdef const Net* net = room.net
    cdef const Step* step
    cdef real* d = <real*>room.derivative
    cdef real* other = <real*>room.other
    cdef Py_ssize_t s = net.n_steps - 1
    clear_held(room, parameters)
    while True:
        step = net.steps + s
        if not by_z:
            back_through_activation(like, step.activation, &step.parameters, step.n_out, P,
                                    <const real*>room.z[s], <const real*>room.a[s], d)
        by_z = False
        if room.samples != NULL and step.kind != SUM:
            derivatives_of_rows(like, room, step, s, P, <const real*>d, <real*>room.samples)
        elif step.kind != SUM:
            gradient_of_step(like, room, step, s, P, <const real*>d, gradient)
        if s == 0:
            break
        if step.kind == DENSE:
            product(like, step.n_in, P, step.n_out, turned + step.turned, step.n_out,
                    <const real*>d, P, 2 * lane_count(d), <const real*>NULL, other, P, False,
                    <real*>NULL)
            d, other = other, d
        elif step.kind == SUM:
            add_to(like, step.n_out * P, <const real*>d, <real*>room.held[step.first])
        else:
            back_through_norm(like, step.kind == LAYER_NORM, step.n_out, P,
                              <const real*>room.unit[s], <const real*>room.factor[s],
                              parameters + step.weight, d)
        if room.held[s] != NULL:
            add_to(like, step.n_in * P, <const real*>room.held[s], d)
        s -= 1


cdef double piece(lanes like, Room* room, const Data* data, Py_ssize_t start, Py_ssize_t rows,
                  double share, const real* parameters, const real* turned,
                  real* gradient) noexcept nogil:
    """Return the loss of rows [start, start + rows) times `share`; set its gradient if not NULL"""
    cdef const Net* net = room.net
    cdef Py_ssize_t P = padded(rows), last = net.n_steps - 1
    cdef double loss
    load_input(like, room, <const real*>data.x, data.order, start, rows, P)
    load_answers(data, start, rows, net.n_out, P, share, <real*>room.answers, <real*>room.scale)
    forward_piece(like, room, parameters, P)
    loss = piece_loss(like, net.loss, net.delta, net.n_out, P, <const real*>room.z[last],
                      <const real*>room.a[last], <const real*>room.answers,
                      <const real*>room.scale, <real*>room.row_loss, <real*>room.derivative)
    if gradient != NULL:
        backward_piece(like, room, parameters, turned, P, is_entropy(net.loss), gradient)
    return loss
