# The loop over epochs, batches and pieces, and its door.
#
# A batch is cut into pieces of PIECE_ROWS rows. The gradients of its pieces are added in order, so
# its bits do not depend on who computed them: one thread, or several.

cdef enum:
    CHECKED_WORK = 100000000    # multiply-adds between two looks for Ctrl-C: about 2 ms
    SHARED_WORK = 400000        # of a batch that is worth other threads: about 20 us
    PIECES_A_ROUND = 4          # for each thread, or fewer:
    ROUND_WORK = 1000000000     # multiply-adds of a thread between two looks: about 20 ms

cdef enum:
    TRAINED
    DIVERGED
    STOPPED                 # early: no improvement

outcomes = ("trained", "diverged", "stopped")


cdef cnp.ndarray own_plain_doubles(value, str name):
    """Return a view of a plain, writable vector of float64 whose shape nobody else can set"""
    if not (is_plain(value, 1, cnp.NPY_DOUBLE) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>value)):
        raise ValueError(f"{name} must be a plain, writable array of float64 in one dimension")
    return own_view(value, NULL, NULL)


cdef class Trainer(Model):
    """The kernel under mathwork.nn.train: one network's parameters and the loops over them."""

    cdef Rule rule
    # vectors like the parameters
    cdef void* gradient
    cdef void* memory1                  # of the optimiser
    cdef void* memory2
    cdef void* saved                    # the parameters before this epoch
    cdef void* best                     # those with the lowest loss
    cdef list rooms                     # the arrays that own the working memory
    cdef Room* room                     # one for each worker
    cdef Py_ssize_t workers
    cdef Py_ssize_t capacity
    cdef double unchecked               # work since the last look for signals
    cdef public bint stopped            # set by another thread: the next look is an interrupt
    cdef object slots_storage
    cdef char* slots                    # gradients of the pieces of a round
    cdef double* slot_losses
    cdef object order_storage
    cdef Py_ssize_t order_rows
    # of the loop
    cdef readonly Py_ssize_t epoch      # epochs that have ended
    cdef readonly Py_ssize_t row        # of the epoch, where its next step begins
    cdef double total                   # of the losses of its rows
    cdef readonly Py_ssize_t since_best
    cdef readonly double lowest

    def __cinit__(self, layers, dtype, loss, double delta=1.0, Py_ssize_t batch=PIECE_ROWS,
                  Py_ssize_t workers=1):
        self.net.loss, self.net.delta = loss_codes[loss], delta
        self.gradient = <char*>self.parameters + self.vector
        self.memory1 = <char*>self.parameters + 2 * self.vector
        self.memory2 = <char*>self.parameters + 3 * self.vector
        self.saved = <char*>self.parameters + 4 * self.vector
        self.best = <char*>self.parameters + 5 * self.vector
        self.capacity = min(<Py_ssize_t>PIECE_ROWS, padded(max(batch, <Py_ssize_t>1)))
        self.workers = max(<Py_ssize_t>1, min(workers, <Py_ssize_t>_workers.most_workers()))
        self._make_rooms()
        self._start_anew()
        self.set_rule("adam", 1e-3)

    def __dealloc__(self):
        free(self.room)

    cdef _make_rooms(self):
        cdef Py_ssize_t size, i, j
        cdef Room* room
        self.room = <Room*>malloc(self.workers * sizeof(Room))
        if self.room == NULL:
            raise MemoryError
        self.rooms = []
        for i in range(self.workers):
            room = self.room + i
            memset(room, 0, sizeof(Room))
            room.net, room.capacity, room.number = &self.net, self.capacity, self.number
            size = measured(lay_out_room, room)
            if size < 0:
                raise MemoryError
            storage = np.zeros(size + ALIGNMENT, np.uint8)
            if not hand_out(lay_out_room, room, <void*>aligned(<size_t>cnp.PyArray_DATA(storage)),
                            size):
                raise MemoryError
            self.rooms.append(storage)
            for j in range(self.capacity):
                if self.typenum == cnp.NPY_FLOAT:
                    (<float*>room.ones)[j] = 1
                else:
                    (<double*>room.ones)[j] = 1
        if self.workers > 1:
            size = PIECES_A_ROUND * self.workers
            self.slots_storage = np.zeros(
                size * (self.padded_size * self.number + sizeof(double)) + 2 * ALIGNMENT, np.uint8)
            self.slots = <char*>aligned(<size_t>cnp.PyArray_DATA(self.slots_storage))
            self.slot_losses = <double*>(self.slots + size * self.padded_size * self.number)

    # ---- parameters ----

    def get_parameters(self):
        """Return a copy of the flat vector."""
        return self._copy_of(self.parameters)

    def get_saved(self):
        """Return the parameters at the start of the last epoch whose first loss was finite."""
        return self._copy_of(self.saved)

    def get_best(self):
        """Return the parameters with the lowest loss."""
        return self._copy_of(self.best)

    def set_parameters(self, vector):
        """Start anew, from a flat vector."""
        if not (is_plain(vector, 1, self.typenum)
                and (<cnp.ndarray>vector).shape[0] == self.net.n_parameters):
            raise ValueError("parameters must be a plain array of shape "
                             f"({self.net.n_parameters},)")
        memcpy(self.parameters, cnp.PyArray_DATA(<cnp.ndarray>vector),
               self.net.n_parameters * self.number)
        self._start_anew()

    cdef _start_anew(self):
        memcpy(self.saved, self.parameters, self.net.n_parameters * self.number)
        memcpy(self.best, self.parameters, self.net.n_parameters * self.number)
        self.epoch = self.row = self.since_best = 0
        self.lowest = INFINITY

    def set_rule(self, name, double rate, *, double decay=0.0, double momentum=0.0,
                 bint nesterov=False, double beta1=0.9, double beta2=0.999, double eps=1e-8):
        """Choose the optimiser; its memory starts anew."""
        memset(&self.rule, 0, sizeof(Rule))
        self.rule.kind, self.rule.rate, self.rule.decay = rule_codes[name], rate, decay
        self.rule.momentum, self.rule.nesterov = momentum, nesterov
        self.rule.beta1, self.rule.beta2, self.rule.eps = beta1, beta2, eps
        self.rule.power1 = self.rule.power2 = 1
        memset(self.memory1, 0, self.padded_size * self.number)
        memset(self.memory2, 0, self.padded_size * self.number)

    # ---- one batch ----

    cdef int _count(self, double work) except -1 nogil:
        """Look for Ctrl-C where enough work is behind"""
        self.unchecked += work
        if self.unchecked > CHECKED_WORK:
            self.unchecked = 0
            self._look()
        return 0

    cdef int _look(self) except -1 with gil:
        _workers.look()
        if self.stopped:
            raise KeyboardInterrupt
        return 0

    cdef double _piece(self, Room* room, const Data* data, Py_ssize_t start, Py_ssize_t rows,
                       double share, void* gradient) noexcept nogil:
        if self.typenum == cnp.NPY_FLOAT:
            return piece(<f32v>fill_f32(0), room, data, start, rows, share,
                         <const float*>self.parameters, <const float*>self.turned, <float*>gradient)
        return piece(<f64v>fill_f64(0), room, data, start, rows, share,
                     <const double*>self.parameters, <const double*>self.turned, <double*>gradient)

    cdef void _add_gradient(self, const void* gradient) noexcept nogil:
        if self.typenum == cnp.NPY_FLOAT:
            add_to(<f32v>fill_f32(0), self.padded_size, <const float*>gradient,
                   <float*>self.gradient)
        else:
            add_to(<f64v>fill_f64(0), self.padded_size, <const double*>gradient,
                   <double*>self.gradient)

    cdef int _batch(self, const Data* data, Py_ssize_t start, Py_ssize_t rows, bint with_gradient,
                    double* loss) except -1 nogil:
        """Set the mean loss of rows [start, start + rows), and the gradient if wanted"""
        cdef double share = 1.0 / rows, total = 0
        cdef Py_ssize_t at = 0, count
        cdef void* gradient
        if with_gradient:
            self._turn()
        if self.workers > 1 and rows > self.capacity and rows * self.work > SHARED_WORK:
            with gil:
                loss[0] = self._batch_by_workers(data, start, rows, with_gradient)
            return 0
        while at < rows:
            count = min(self.capacity, rows - at)
            gradient = NULL
            if with_gradient:
                gradient = self.gradient if at == 0 else self.room.spare
            total += self._piece(self.room, data, start + at, count, share, gradient)
            if with_gradient and at > 0:
                self._add_gradient(gradient)
            at += count
            self._count(count * self.work)
        loss[0] = total
        return 0

    cdef double _batch_by_workers(self, const Data* data, Py_ssize_t start, Py_ssize_t rows,
                                  bint with_gradient) except? -1:
        """The mean loss, in rounds of a few pieces for each worker; its gradient if wanted"""
        cdef Py_ssize_t pieces = (rows + self.capacity - 1) // self.capacity, done = 0, count, i
        cdef Py_ssize_t each = max(<Py_ssize_t>1, <Py_ssize_t>min(
            <double>PIECES_A_ROUND, ROUND_WORK / (self.capacity * self.work)))
        cdef double total = 0
        cdef Round task
        while done < pieces:
            count = min(each * self.workers, pieces - done)
            task = Round()
            task.trainer, task.data, task.start = self, data[0], start
            task.rows, task.done, task.count = rows, done, count
            task.with_gradient = with_gradient
            _workers.over_rows(task, count, self.workers)
            for i in range(count):
                total += self.slot_losses[i]
                if with_gradient and done + i == 0:
                    memcpy(self.gradient, self.slots, self.padded_size * self.number)
                elif with_gradient:
                    self._add_gradient(self.slots + i * self.padded_size * self.number)
            done += count
            self._look()
        return total

    # ---- epochs ----

    cdef int _epoch(self, const Data* data, Py_ssize_t n, Py_ssize_t batch, double rate
                    ) except -1 nogil:
        """Take the steps that are left in this epoch

        Return DIVERGED where a loss is not finite, or a parameter behind the last step.
        """
        cdef Py_ssize_t rows = 0
        cdef double loss = 0
        self.rule.rate = rate
        while self.row < n:
            rows = min(batch, n - self.row)
            self._batch(data, self.row, rows, True, &loss)
            if not isfinite(loss):
                return DIVERGED
            if self.row == 0:
                memcpy(self.saved, self.parameters, self.net.n_parameters * self.number)
            self.total += loss * rows
            if self.typenum == cnp.NPY_FLOAT:
                apply_rule(<f32v>fill_f32(0), &self.rule, self.padded_size,
                           <const float*>self.gradient, <float*>self.parameters,
                           <float*>self.memory1, <float*>self.memory2)
            else:
                apply_rule(<f64v>fill_f64(0), &self.rule, self.padded_size,
                           <const double*>self.gradient, <double*>self.parameters,
                           <double*>self.memory1, <double*>self.memory2)
            self.row += rows
        if not self._is_finite():
            self.row -= rows
            return DIVERGED
        return TRAINED

    cdef bint _is_finite(self) noexcept nogil:
        """Return whether all parameters are: a step can overflow although its loss does not"""
        if self.typenum == cnp.NPY_FLOAT:
            return all_finite(self.net.n_parameters, <const float*>self.parameters)
        return all_finite(self.net.n_parameters, <const double*>self.parameters)

    cdef int _end_epoch(self, double loss, Samples samples, Samples validation, double* losses,
                        double* validated, Py_ssize_t patience, double tolerance) except -1 nogil:
        """Write the losses of this epoch; return STOPPED where patience has ended"""
        losses[self.epoch] = loss
        if validation is not None:
            self._batch(&validation.data, 0, validation.n, False, &loss)
            validated[self.epoch] = loss
        self.epoch += 1
        if patience >= 0:
            self._keep_best(loss, tolerance)
            if self.since_best > patience:
                return STOPPED
        return TRAINED

    cdef int _keep_best(self, double loss, double tolerance) noexcept nogil:
        """Keep these parameters if their loss is the lowest so far, else count the epoch"""
        if loss < self.lowest - tolerance:
            self.since_best = 0
        else:
            self.since_best += 1
        if loss < self.lowest:
            self.lowest = loss
            memcpy(self.best, self.parameters, self.net.n_parameters * self.number)
        return 0

    def run(self, Samples samples not None, Samples validation, Py_ssize_t batch, rates,
            losses, validation_losses, seed=None, Py_ssize_t patience=-1, double tolerance=0.0):
        """Go through epochs until `losses` is full; return one of the `outcomes`.

        losses, validation_losses and rates are float64 arrays of one number an epoch; self.epoch is
        the first of them that has none. `seed`, three words of 32 bits, chooses the order of rows;
        without one they are taken as they lie. If `patience` is not negative, the run stops after
        more epochs than that without a loss lower by `tolerance`. After an exception, such as
        Ctrl-C, another call goes on where this one was.
        """
        cdef cnp.ndarray rate = own_plain_doubles(rates, "rates")
        cdef cnp.ndarray loss = own_plain_doubles(losses, "losses")
        cdef cnp.ndarray validated = own_plain_doubles(validation_losses, "validation_losses")
        cdef const double* step_rates = <const double*>cnp.PyArray_DATA(rate)
        cdef double* loss_of = <double*>cnp.PyArray_DATA(loss)
        cdef double* validation_loss_of = <double*>cnp.PyArray_DATA(validated)
        cdef Py_ssize_t epochs = loss.shape[0]
        cdef Stream stream
        cdef Data data = samples.data
        cdef Py_ssize_t* order = NULL
        cdef int status = TRAINED
        cdef bint shuffled = seed is not None
        memset(&stream, 0, sizeof(Stream))
        if rate.shape[0] < epochs or validated.shape[0] < epochs or batch < 1:
            raise ValueError("rates and validation_losses must be as long as losses")
        if shuffled:
            if self.order_rows != samples.n:
                self.order_rows = samples.n
                self.order_storage = new_vector(samples.n, cnp.NPY_INTP)
            order = <Py_ssize_t*>cnp.PyArray_DATA(<cnp.ndarray>self.order_storage)
            data.order = order
            stream.key[0], stream.key[1], stream.high[0] = seed
        with nogil:
            while self.epoch < epochs and status == TRAINED:
                if self.row == 0:
                    self.total = 0
                    if shuffled:
                        stream.high[1] = <unsigned long long>self.epoch & 0xFFFFFFFFULL
                        permute(&stream, samples.n, order)
                status = self._epoch(&data, samples.n, batch, step_rates[self.epoch])
                if status != TRAINED:
                    break
                status = self._end_epoch(self.total / samples.n, samples, validation, loss_of,
                                         validation_loss_of, patience, tolerance)
                self.row = 0
        return outcomes[status]

    # ---- one loss, one gradient ----

    def loss(self, Samples samples not None):
        """Return the mean loss."""
        cdef double loss = 0
        with nogil:
            self._batch(&samples.data, 0, samples.n, False, &loss)
        return loss

    def loss_and_gradient(self, Samples samples not None):
        """Return the mean loss, and its gradient as a flat vector."""
        cdef double loss = 0
        with nogil:
            self._batch(&samples.data, 0, samples.n, True, &loss)
        return loss, self._copy_of(self.gradient)


cdef class Round:
    """A few pieces of a batch, for some threads"""

    cdef Trainer trainer
    cdef Data data
    cdef Py_ssize_t start, rows, done, count
    cdef bint with_gradient

    def __call__(self, Py_ssize_t first, Py_ssize_t stop):
        cdef Trainer t = self.trainer
        cdef Py_ssize_t i, at, worker = 0
        cdef double share = 1.0 / self.rows
        # over_rows cuts `count` pieces into this many even parts
        cdef Py_ssize_t parts = min(t.workers, self.count)
        while self.count * worker // parts < first:
            worker += 1
        with nogil:
            for i in range(first, stop):
                at = (self.done + i) * t.capacity
                t.slot_losses[i] = t._piece(
                    t.room + worker, &self.data, self.start + at, min(t.capacity, self.rows - at),
                    share, t.slots + i * t.padded_size * t.number if self.with_gradient else NULL)
