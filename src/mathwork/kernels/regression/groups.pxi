# A line fitted to every group of rows: those with the same key, in any order.
#
# The rows pass once, a block at a time: the group of each is looked up (see keys), then its x and
# y go into the sums of that group, which fill one cache line. Rows are never sorted or copied:
# memory grows with the number of groups only. Where sums are pending (see batches) the rows pass
# again.

cdef enum:
    STATE = 8               # numbers a group: one cache line
    AHEAD = 24              # rows whose sums are on their way
    MOST_PASSES = 3         # over rows whose groups are pending

cdef enum:                  # where the numbers lie
    STATE_COUNT
    STATE_X0
    STATE_Y0
    STATE_SUMS


cdef inline const double* as_doubles(cnp.ndarray numbers, Py_ssize_t start, Py_ssize_t count,
                                     double* room) noexcept nogil:
    """The numbers from `start` on of a plain vector; in `room` where they are not float64"""
    cdef const float* narrow
    cdef Py_ssize_t i
    if cnp.PyArray_TYPE(numbers) == cnp.NPY_DOUBLE:
        return <const double*>cnp.PyArray_DATA(numbers) + start
    narrow = <const float*>cnp.PyArray_DATA(numbers) + start
    for i in range(count):
        room[i] = narrow[i]
    return room


cdef class GroupedRows:
    """Rows by their keys, and the sums of each group.

    Parameters
    ----------
    keys, kind, low, span
        As for KeyTable.
    x, y : ndarray, shape (n,)
        Plain.
    """

    cdef KeyTable table
    cdef cnp.ndarray x, y
    cdef double* states         # STATE numbers a group
    cdef void* memory           # in which they lie
    cdef Py_ssize_t room        # for so many groups, a multiple of any number of lanes
    cdef Py_ssize_t begun       # groups whose numbers are set
    cdef bint asked             # whether fits() was called, which may run the keys' own code

    def __cinit__(self, cnp.ndarray keys, int kind, low, Py_ssize_t span, cnp.ndarray x,
                  cnp.ndarray y):
        self.table = KeyTable(keys, kind, low, span)
        self.x, self.y = x, y

    def __dealloc__(self):
        free(self.memory)

    # ---- sums ----

    cdef int begin_groups(self) noexcept nogil:
        """Empty sums for the groups that are new; -1 where memory ran out"""
        cdef Py_ssize_t count = self.table.count, room = self.room
        cdef void* memory
        cdef double* states
        if count > room:
            while room < count:
                room = max(2 * room, <Py_ssize_t>(2 * ROWS_TOGETHER))
            memory = malloc((room + 1) * STATE * sizeof(double))
            if memory == NULL:
                return -1
            prefer_large_pages(memory, room * STATE * sizeof(double))
            states = <double*>aligned(<size_t>memory)
            if self.begun:
                memcpy(states, self.states, self.begun * STATE * sizeof(double))
            free(self.memory)
            self.memory, self.states, self.room = memory, states, room
        if count > self.begun:
            memset(self.states + self.begun * STATE, 0,
                   (count - self.begun) * STATE * sizeof(double))
            self.begun = count
        return 0

    cdef int add_block(self, Py_ssize_t start, Py_ssize_t rows, const Py_ssize_t* groups,
                       const signed char* status, const double* slope) noexcept nogil:
        """Rows into the sums of their groups: of all, or, given a status, of the pending ones

        -1 where memory ran out.
        """
        cdef double[ROWS_TOGETHER] x_room
        cdef double[ROWS_TOGETHER] y_room
        cdef const double* x = as_doubles(self.x, start, rows, x_room)
        cdef const double* y = as_doubles(self.y, start, rows, y_room)
        cdef Scales scales = scales_of(FIT_DONE)
        cdef double* states
        cdef double* state
        cdef f64 off_x, off_y, tilt = 0
        cdef Py_ssize_t i
        if self.begin_groups():
            return -1
        states = self.states
        for i in range(min(rows, <Py_ssize_t>AHEAD)):
            prefetch(states + groups[i] * STATE)
        for i in range(rows):
            if i + AHEAD < rows:
                prefetch(states + groups[i + AHEAD] * STATE)
            if groups[i] < 0:
                continue
            if status != NULL:
                if status[groups[i]] < PENDING:
                    continue
                scales = scales_of(status[groups[i]])
                tilt = 0
                if status[groups[i]] >= PENDING_LINE:
                    tilt = slope[groups[i]] / scales.half_slope / scales.half_slope
            state = states + groups[i] * STATE
            off_x = x[i] * scales.x
            off_y = y[i] * scales.y
            if state[STATE_COUNT] == 0:
                state[STATE_X0] = off_x
                state[STATE_Y0] = off_y
            state[STATE_COUNT] += 1
            off_x = off_x - state[STATE_X0]
            off_y = off_y - state[STATE_Y0]
            add_point(off_x, <f64>(off_y - tilt * off_x), <f64>(1 / state[STATE_COUNT]),
                      <f64*>(state + STATE_SUMS))
        return 0

    cdef int add_rows(self, const signed char* status, const double* slope) except -1:
        """add_block() of all blocks"""
        cdef Py_ssize_t[ROWS_TOGETHER] groups
        cdef Py_ssize_t n = self.table.rows, start = 0, rows
        cdef bint objects = self.table.kind == OBJECT_KEYS
        cdef int failed = 0
        cdef PyThreadState* thread = NULL if objects else release_gil(10.0 * n)
        while start < n and not failed:
            rows = min(n - start, <Py_ssize_t>ROWS_TOGETHER)
            if objects:
                self.table.groups_of_objects(start, rows, groups)
            else:
                failed = self.table.groups_of(start, rows, groups)
            if not failed:
                failed = self.add_block(start, rows, groups, status, slope)
            start += rows
        take_gil(thread)
        if failed:
            raise MemoryError
        return 0

    # ---- fits ----

    cdef bint fit_groups(self, bint first, bint last, double** fields,
                         signed char* status) noexcept nogil:
        """The fits of all groups, or of the pending ones; whether some are pending after that"""
        cdef f64v like = fill_f64(0), count, share, df_share, tilt, half_slope, half_y
        cdef f64v[STATE] state
        cdef f64v[FIT_ROWS] fit
        cdef double[3 * MAX_LANES] lane     # tilts, and what brings slopes and y back
        cdef double[FIT_ROWS * MAX_LANES] numbers
        cdef Scales scales
        cdef Py_ssize_t L = F64_LANES, group = 0, field, k
        cdef int asked
        cdef bint pending = False
        while group < self.begun:
            for k in range(L):
                asked = FIT_DONE
                if not first and group + k < self.begun and status[group + k] >= PENDING:
                    asked = status[group + k]
                scales = scales_of(asked)
                lane[k] = 0
                if asked >= PENDING_LINE:
                    lane[k] = fields[SLOPE][group + k] / scales.half_slope / scales.half_slope
                lane[L + k] = scales.half_slope
                lane[2 * L + k] = scales.half_y
            load(&tilt, <double*>lane)
            load(&half_slope, <double*>lane + L)
            load(&half_y, <double*>lane + 2 * L)
            for field in range(STATE // L):
                load_columns(state + field * L, self.states + group * STATE + field * L, STATE)
            count = state[STATE_COUNT]
            share = fill(like, 1) / count
            df_share = fill(like, 1) / (count - fill(like, 2))
            fit_of_sums(count, share, df_share, state[STATE_X0], state[STATE_Y0],
                        <const f64v*>state + STATE_SUMS, tilt, half_slope, half_y, first, last,
                        fit)
            for field in range(FIT_ROWS):
                store(<double*>numbers + field * L, fit[field])
            for k in range(min(L, self.begun - group)):
                asked = FIT_DONE if first else status[group + k]
                if not first and asked < PENDING:
                    continue
                for field in range(FIELDS):
                    fields[field][group + k] = numbers[field * L + k]
                status[group + k] = <signed char>numbers[FIT_STATUS * L + k]
                if status[group + k] == PENDING_LINE:
                    status[group + k] += <signed char>(asked % PENDING)
                if status[group + k] >= PENDING:
                    pending = True
                    memset(self.states + (group + k) * STATE, 0, STATE * sizeof(double))
            group += L
        return pending

    def fits(self):
        """(the rows in which groups appear first, nobs, status, all (G,), fields (FIELDS, G))"""
        cdef cnp.ndarray first, nobs, status, numbers
        cdef double* fields[FIELDS]
        cdef signed char* codes
        cdef Py_ssize_t count, group, field
        cdef int passes = 0
        if self.asked:
            raise RuntimeError("fits() gives its result once")
        self.asked = True
        self.add_rows(NULL, NULL)
        self.table.settled = True
        count = self.begun
        first = new_vector(count, cnp.NPY_INTP)
        nobs = new_vector(count, cnp.NPY_INT64)
        status = new_vector(count, cnp.NPY_INT8)
        numbers = new_matrix(FIELDS, count, cnp.NPY_DOUBLE)
        codes = <signed char*>cnp.PyArray_DATA(status)
        for field in range(FIELDS):
            fields[field] = <double*>cnp.PyArray_DATA(numbers) + field * count
        for group in range(count):
            (<Py_ssize_t*>cnp.PyArray_DATA(first))[group] = self.table.first[group]
            (<cnp.int64_t*>cnp.PyArray_DATA(nobs))[group] = <cnp.int64_t>(
                self.states[group * STATE + STATE_COUNT])
        while self.fit_groups(passes == 0, passes == MOST_PASSES, fields, codes):
            self.add_rows(codes, fields[SLOPE])
            passes += 1
        return first, nobs, status, numbers
