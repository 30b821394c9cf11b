# Optimisers whose every step sees all rows: L-BFGS and Levenberg-Marquardt. They work in float64.
#
# One epoch is one accepted step. The loss of an epoch is the one after its step.

cdef enum:
    PAIRS = 10              # of steps and gradients that L-BFGS remembers

cdef struct Descent:        # vectors of n_parameters, by their roles
    double* start           # the parameters before the step
    double* slope           # the gradient there
    double* direction
    double* steps           # PAIRS of them
    double* changes         # of the gradient, PAIRS of them
    double* normal          # J^T J, for Levenberg-Marquardt; n x n
    double* factor          # of J^T J + damping; n x n
    double* part            # of a piece; n x whole registers
    double* diagonal        # the largest seen
    double* rows            # the Jacobian of a piece, a row for each row
    double* samples         # the same, a column for each row
    double* misses          # the residuals of a piece
    double* product
    Py_ssize_t n
    Py_ssize_t width        # n, rounded up to whole registers
    Py_ssize_t capacity
    bint squares            # Levenberg-Marquardt


cdef void lay_out_descent(void* job, Arena* arena) noexcept nogil:
    cdef Descent* d = <Descent*>job
    cdef double n = <double>d.n
    d.start = doubles(arena, n)
    d.slope = doubles(arena, n)
    d.direction = doubles(arena, n)
    d.steps = doubles(arena, 0 if d.squares else PAIRS * n)
    d.changes = doubles(arena, 0 if d.squares else PAIRS * n)
    if not d.squares:
        return
    d.normal = doubles(arena, n * n)
    d.factor = doubles(arena, n * n)
    d.part = doubles(arena, n * d.width)
    d.diagonal = doubles(arena, n)
    d.rows = doubles(arena, <double>d.capacity * d.width + 4 * PADDING)
    d.samples = doubles(arena, n * d.capacity + 4 * PADDING)
    d.misses = doubles(arena, d.capacity)
    d.product = doubles(arena, n + PADDING)


cdef class WholeData:
    """Steps of L-BFGS or Levenberg-Marquardt for a Trainer in float64 and its samples."""

    cdef Trainer trainer
    cdef Samples samples
    cdef Descent d
    cdef object storage
    cdef Py_ssize_t pairs           # that are remembered
    cdef Py_ssize_t newest
    cdef double[PAIRS] inner        # 1 / (step . change)
    cdef bint begun
    cdef double loss                # with the penalty
    cdef double decay               # the penalty is decay / 2 times the squares of all parameters
    cdef double damping, growth     # of Levenberg-Marquardt

    def __cinit__(self, Trainer trainer not None, Samples samples not None, bint squares,
                  double decay=0):
        cdef Py_ssize_t size
        if trainer.typenum != cnp.NPY_DOUBLE or (squares and trainer.net.loss != SQUARED_ERROR):
            raise ValueError("trainer must be in float64, and its loss a squared error for "
                             "Levenberg-Marquardt")
        if squares and decay:
            raise ValueError("Levenberg-Marquardt has no decay")
        self.decay = decay
        self.trainer, self.samples = trainer, samples
        memset(&self.d, 0, sizeof(Descent))
        self.d.n, self.d.width = trainer.net.n_parameters, padded(trainer.net.n_parameters)
        self.d.capacity, self.d.squares = trainer.capacity, squares
        size = measured(lay_out_descent, &self.d)
        if size < 0:
            raise MemoryError
        self.storage = np.zeros(size + ALIGNMENT, np.uint8)
        if not hand_out(lay_out_descent, &self.d,
                        <void*>aligned(<size_t>cnp.PyArray_DATA(self.storage)), size):
            raise MemoryError
        # From 1 on the first steps go down the slope. From 1e-3 on, one network of a hundred found
        # a worse minimum of a sine.
        self.damping, self.growth = 1, 2

    def run(self, Samples validation, losses, validation_losses, Py_ssize_t patience=-1,
            double tolerance=0.0):
        """Take steps until `losses` is full or there is no way down; see Trainer.run.

        After an exception, such as Ctrl-C, the parameters are those of the last step.
        """
        cdef cnp.ndarray loss = own_plain_doubles(losses, "losses")
        cdef cnp.ndarray validated = own_plain_doubles(validation_losses, "validation_losses")
        cdef double* loss_of = <double*>cnp.PyArray_DATA(loss)
        cdef double* validation_loss_of = <double*>cnp.PyArray_DATA(validated)
        cdef Trainer t = self.trainer
        cdef Py_ssize_t epochs = loss.shape[0]
        cdef int status = TRAINED
        cdef bint found = True
        if validated.shape[0] < epochs:
            raise ValueError("validation_losses must be as long as losses")
        try:
            with nogil:
                if not self.begun:
                    self._evaluate(&self.loss)
                    memcpy(self.d.slope, t.gradient, self.d.n * sizeof(double))
                    self.begun = True
                if not isfinite(self.loss):
                    status = DIVERGED
                while t.epoch < epochs and status == TRAINED:
                    memcpy(self.d.start, t.parameters, self.d.n * sizeof(double))
                    found = self._damped_step() if self.d.squares else self._lbfgs_step()
                    if not found:
                        memcpy(t.parameters, self.d.start, self.d.n * sizeof(double))
                        break
                    status = t._end_epoch(self.loss - self._penalty(), self.samples, validation,
                                          loss_of, validation_loss_of, patience, tolerance)
        except BaseException:
            if self.begun:
                memcpy(t.parameters, self.d.start, self.d.n * sizeof(double))
            self.begun = False
            self.pairs = 0
            raise
        memcpy(t.saved, t.parameters, self.d.n * sizeof(double))
        if not found:
            return "converged"
        return outcomes[status]

    cdef double _penalty(self) noexcept nogil:
        cdef const double* w = <const double*>self.trainer.parameters
        return 0.5 * self.decay * dot(self.d.n, w, w) if self.decay else 0

    cdef int _evaluate(self, double* loss) except -1 nogil:
        """Set the loss at the parameters, with the penalty, and the gradient of both"""
        self.trainer._batch(&self.samples.data, 0, self.samples.n, True, loss)
        if self.decay:
            loss[0] += self._penalty()
            add_scaled(self.d.n, self.decay, <const double*>self.trainer.parameters,
                       <double*>self.trainer.gradient)
        return 0

    # ---- L-BFGS: Nocedal and Wright 2006, algorithms 7.4 and 7.5 ----

    cdef void _choose_direction(self) noexcept nogil:
        """direction = - H gradient by the two-loop recursion"""
        cdef double[PAIRS] alpha
        cdef Py_ssize_t n = self.d.n, i, k
        cdef double* q = self.d.direction
        cdef double size
        for i in range(n):
            q[i] = -self.d.slope[i]
        for i in range(self.pairs):
            k = (self.newest - i + PAIRS) % PAIRS
            alpha[k] = self.inner[k] * dot(n, self.d.steps + k * n, q)
            add_scaled(n, -alpha[k], self.d.changes + k * n, q)
        if self.pairs:
            k = self.newest
            size = 1 / (self.inner[k] * dot(n, self.d.changes + k * n,
                                            self.d.changes + k * n))
            for i in range(n):
                q[i] *= size
        for i in range(self.pairs - 1, -1, -1):
            k = (self.newest - i + PAIRS) % PAIRS
            add_scaled(n, alpha[k] - self.inner[k] * dot(n, self.d.changes + k * n, q),
                       self.d.steps + k * n, q)

    cdef int _try(self, double length, Trial* trial) except -1 nogil:
        """Go to start + length direction; set the loss and the slope there"""
        cdef double* w = <double*>self.trainer.parameters
        memcpy(w, self.d.start, self.d.n * sizeof(double))
        add_scaled(self.d.n, length, self.d.direction, w)
        self._evaluate(&trial.loss)
        trial.length = length
        trial.slope = dot(self.d.n, <const double*>self.trainer.gradient, self.d.direction)
        if not (isfinite(trial.loss) and isfinite(trial.slope)):
            trial.loss, trial.slope = INFINITY, 0
        return 0

    cdef bint _lbfgs_step(self) except -1 nogil:
        """Return whether a step down was found; the parameters, gradient and loss are its"""
        cdef Py_ssize_t n = self.d.n, k, i
        cdef double* gradient = <double*>self.trainer.gradient
        cdef Trial start, trial
        cdef double curvature, most = largest_of(n, self.d.slope)
        if most == 0 or not isfinite(most):
            return False
        self._choose_direction()
        start.length, start.loss = 0, self.loss
        start.slope = dot(n, self.d.slope, self.d.direction)
        if not start.slope < 0:         # the memory misleads
            self.pairs = 0
            self._choose_direction()
            start.slope = dot(n, self.d.slope, self.d.direction)
        trial = start
        if not self._search(&start, 1 if self.pairs else min(1.0, 1 / most), &trial):
            if self.pairs == 0:
                return False
            self.pairs = 0              # once more, straight down
            self._choose_direction()
            start.slope = dot(n, self.d.slope, self.d.direction)
            if not self._search(&start, min(1.0, 1 / most), &trial):
                return False
        k = (self.newest + 1) % PAIRS
        curvature = 0
        for i in range(n):
            self.d.steps[k * n + i] = (<double*>self.trainer.parameters)[i] - self.d.start[i]
            self.d.changes[k * n + i] = gradient[i] - self.d.slope[i]
        curvature = dot(n, self.d.steps + k * n, self.d.changes + k * n)
        if curvature > 1e-16 * dot(n, self.d.changes + k * n, self.d.changes + k * n):
            self.newest, self.inner[k] = k, 1 / curvature
            self.pairs = min(self.pairs + 1, <Py_ssize_t>PAIRS)
        memcpy(self.d.slope, gradient, n * sizeof(double))
        self.loss = trial.loss
        return True

    cdef bint _search(self, const Trial* start, double length, Trial* trial) except -1 nogil:
        """Return whether a length was found; the last trial was there"""
        cdef Trial before = start[0], low, high
        cdef int turn
        cdef bint bracketed = False
        for turn in range(MOST_TRIALS):
            self._try(length, trial)
            if not bracketed:
                if not falls_enough(start, trial) or (turn and trial.loss >= before.loss):
                    low, high, bracketed = before, trial[0], True
                elif is_flat(start, trial):
                    return True
                elif trial.slope >= 0:
                    low, high, bracketed = trial[0], before, True
                else:
                    before = trial[0]
                    length *= 2
                    continue
            elif not falls_enough(start, trial) or trial.loss >= low.loss:
                high = trial[0]
            else:
                if is_flat(start, trial):
                    return True
                if trial.slope * (high.length - low.length) >= 0:
                    high = low
                low = trial[0]
            if fabs(high.length - low.length) <= 1e-14 * max(high.length, low.length):
                break
            length = (cubic_minimum(&low, &high) if isfinite(high.loss)
                      else 0.5 * (low.length + high.length))
        if bracketed and low.length > 0 and low.loss < start.loss:
            self._try(low.length, trial)
            return True
        return not bracketed and trial.loss < start.loss

    # ---- Levenberg-Marquardt: Nocedal and Wright 2006, 10.3; damping by Nielsen 1999 ----

    cdef int _normal_equations(self) except -1 nogil:
        """normal = J^T J and slope = J^T r, r = residuals / sqrt(n); the loss is r . r"""
        cdef Room* room = self.trainer.room
        cdef Descent* d = &self.d
        cdef Py_ssize_t n = d.n, at = 0, rows, P, o, i, last = self.trainer.net.n_steps - 1
        cdef double* seed = <double*>room.derivative
        cdef double* scale = <double*>room.scale
        cdef const double* a
        cdef f64v like = fill_f64(0)
        memset(d.normal, 0, n * n * sizeof(double))
        memset(d.slope, 0, n * sizeof(double))
        self.trainer._turn()
        while at < self.samples.n:
            rows = min(self.trainer.capacity, self.samples.n - at)
            P = padded(rows)
            load_input(like, room, <const double*>self.samples.data.x, NULL, at, rows, P)
            load_answers(&self.samples.data, at, rows, self.trainer.net.n_out, P,
                         1.0 / self.samples.n, <double*>room.answers, scale)
            forward_piece(like, room, <const double*>self.trainer.parameters, P)
            a = <const double*>room.a[last]
            for i in range(P):
                scale[i] = sqrt(scale[i])
            for o in range(self.trainer.net.n_out):
                for i in range(P):
                    d.misses[i] = scale[i] * (a[o * P + i] - (<double*>room.answers)[o * P + i])
                memset(seed, 0, self.trainer.net.n_out * P * sizeof(double))
                memcpy(seed + o * P, scale, P * sizeof(double))
                room.samples = d.samples
                backward_piece(like, room, <const double*>self.trainer.parameters,
                               <const double*>self.trainer.turned, P, False, <double*>NULL)
                room.samples = NULL
                half_times_vector(like, n, P, d.samples, d.misses, <const double*>NULL, d.product)
                add_scaled(n, 1, d.product, d.slope)
                transpose(like, n, P, d.samples, P, d.rows, d.width)
                self.trainer._count(rows * self.trainer.work)
                self._add_products(P)
            at += rows
        return 0

    cdef int _add_products(self, Py_ssize_t P) except -1 nogil:
        """normal += samples samples^T of a piece, some of its rows at a time"""
        cdef Descent* d = &self.d
        cdef Py_ssize_t most = max(<Py_ssize_t>PADDING, CHECKED_WORK // (d.width * P))
        cdef Py_ssize_t first = 0, count, i
        while first < d.n:
            count = min(most, d.n - first)
            product(<f64v>fill_f64(0), count, d.width, P, d.samples + first * P, P, d.rows,
                    d.width, 2 * F64_LANES, <const double*>NULL, d.part, d.width, False,
                    <double*>NULL)
            for i in range(count):
                add_scaled(d.n, 1, d.part + i * d.width, d.normal + (first + i) * d.n)
            first += count
            self.trainer._count(<double>count * d.n * P)
        return 0

    cdef bint _factorised(self) except -1 nogil:
        """factor = its Cholesky factor; return whether it is positive definite"""
        cdef Py_ssize_t n = self.d.n, k = 0, stop
        while k < n:
            # steps walk through memory, so that one counts for several multiply-adds
            stop = min(n, k + max(<Py_ssize_t>1, CHECKED_WORK // (8 * (n - k) * (n - k))))
            if not cholesky(n, k, stop, self.d.factor):
                return False
            self.trainer._count(4.0 * (stop - k) * (n - k) * (n - k))
            k = stop
        return True

    cdef bint _damped_step(self) except -1 nogil:
        """Return whether a step down was found; the parameters and the loss are its"""
        cdef Descent* d = &self.d
        cdef Py_ssize_t n = d.n, i
        cdef double* w = <double*>self.trainer.parameters
        cdef double loss = 0, wanted, ratio, least
        self._normal_equations()
        for i in range(n):
            d.diagonal[i] = max(d.diagonal[i], d.normal[i * n + i])
        least = 1e-12 * largest_of(n, d.diagonal)
        if not (least > 0 and isfinite(least)) or largest_of(n, d.slope) == 0:
            return False
        while self.damping < 1e16:
            memcpy(d.factor, d.normal, n * n * sizeof(double))
            for i in range(n):
                d.factor[i * n + i] += self.damping * max(d.diagonal[i], least)
                d.direction[i] = -d.slope[i]
            if self._factorised():
                solve_cholesky(n, d.factor, d.direction)
                memcpy(w, d.start, n * sizeof(double))
                add_scaled(n, 1, d.direction, w)
                self.trainer._batch(&self.samples.data, 0, self.samples.n, False, &loss)
                # what the quadratic model promises: step . (damping D step - slope)
                wanted = -dot(n, d.direction, d.slope)
                for i in range(n):
                    wanted += (self.damping * max(d.diagonal[i], least)
                               * d.direction[i] * d.direction[i])
                if isfinite(loss) and loss < self.loss and wanted > 0:
                    ratio = 2 * (self.loss - loss) / wanted - 1
                    self.damping *= max(1.0 / 3, 1 - ratio * ratio * ratio)
                    self.damping = max(self.damping, 1e-15)
                    self.growth = 2
                    self.loss = loss
                    return True
            self.damping *= self.growth
            self.growth *= 2
        self.damping = 1e16
        return False
