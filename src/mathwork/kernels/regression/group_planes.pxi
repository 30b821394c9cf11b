# A plane fitted to every group of rows: several x, weights, or no intercept.
#
# The rows pass once, as in groups.pxi: keys.pxi looks up the group of each row, then the row goes
# into the sums of its group. Groups whose sums are not good enough are few. Their rows are gathered
# in a second pass, group by group, and fitted in doubled precision.

cdef enum:
    NEAR_NUMBERS = 1 << 15      # 256 KB of the numbers of groups need no prefetch

cdef struct GroupNumbers:
    double* sums            # group_stride() numbers of each group
    Waiting* waiting        # of each group
    bint far                # more than the nearest caches hold


cdef inline int add_row_to_group(const Py_ssize_t q, const bint centred, const PlaneRows* rows,
                                 Py_ssize_t row, Waiting* waiting, double* group) noexcept nogil:
    """Add a row to the sums of its group; -1 if memory ran out"""
    cdef f64[MOST_Q] off
    cdef double weight = row_weight(rows, row)
    cdef double* sums = group + 2 * q
    if weight == 0:
        return 0
    if centred and sums[count_place(q)] == 0:
        take_base(q, rows, row, group, group + q, 1)
    read_row(q, rows, row, group, group + q, <double*>off, 1, 1)
    add_row(<f64>0, q, centred, <f64>weight, off, <f64*>sums)
    if rows.weights == NULL and sums[count_place(q)] == MANY_ROWS:
        return begin_many(q, waiting)
    return 0


cdef inline int add_block_to_groups(const Py_ssize_t q, const bint centred, const bint plain,
                                    const PlaneRows* rows, Py_ssize_t start, Py_ssize_t count,
                                    const Py_ssize_t* groups,
                                    const GroupNumbers* of) noexcept nogil:
    """Add the rows of a block to the numbers of their groups; -1 if memory ran out

    plain: no number has a low part.
    """
    cdef Py_ssize_t stride = group_stride(q), i, j
    cdef double* group
    cdef Waiting* waiting
    for i in range(count):
        if of.far and i + AHEAD < count:
            group = of.sums + groups[i + AHEAD] * stride
            for j in range(0, stride, 8):
                prefetch(group + j)
        if groups[i] < 0:
            continue
        group = of.sums + groups[i] * stride
        waiting = of.waiting + groups[i]
        # The count first: it lies with the sums, and most of very many groups have few rows.
        if group[2 * q + count_place(q)] >= MANY_ROWS and waiting.at != NULL:
            add_to_many(q, centred, plain, rows, start + i, waiting, group)
        elif add_row_to_group(q, centred, rows, start + i, waiting, group):
            return -1
    return 0


cdef inline Py_ssize_t add_near_block(const Py_ssize_t q, const PlaneRows* rows, Py_ssize_t start,
                                      Py_ssize_t count, const uint64_t* tokens,
                                      const int32_t* direct, uint64_t low, uint64_t span,
                                      const GroupNumbers* of) noexcept nogil:
    """Add rows until the next has no group of many rows in a small table; return how many

    Look-up and sum are one loop: the processor looks up one row while it adds others.
    """
    cdef PlaneRows here = rows[0]           # in registers: no store can change them
    cdef Waiting* waiting = of.waiting
    cdef const double* sums = of.sums
    cdef uint64_t at
    cdef Py_ssize_t i, group
    for i in range(count):
        at = tokens[i] - low
        if at >= span or direct[at] < 0:
            return i
        group = direct[at]
        if waiting[group].at == NULL:
            return i
        add_to_many(q, True, True, &here, start + i, waiting + group,
                    sums + group * group_stride(q))
    return count


cdef inline void fit_group_lanes(const Py_ssize_t q, const bint centred, const PlaneJob* job,
                                 Py_ssize_t begun, const double* numbers, double* fields,
                                 signed char* status) noexcept nogil:
    """The fits of all groups, some of them pending"""
    cdef f64v base[MOST_Q]
    cdef f64v sums[MOST_SUMS]
    cdef f64v fit[MOST_FITS]
    cdef double lane[MAX_LANES]
    cdef const double* of
    cdef Py_ssize_t L = F64_LANES, P = job.P, stride = group_stride(q), group = 0, i, m
    while group < begun:
        for m in range(q + plane_sums(q)):
            for i in range(L):      # lanes behind the last group repeat it
                of = numbers + min(group + i, begun - 1) * stride
                lane[i] = of[m] + of[q + m] if m < q else of[q + m]
            if m < q:
                load(&base[m], <double*>lane)
            else:
                load(&sums[m - q], <double*>lane)
        fit_of_planes(q, centred, base, fill_f64(job.least), sums, fit)
        for m in range(2 * P + 1):
            store(<double*>lane, fit[m])
            for i in range(min(L, begun - group)):
                fields[m * begun + group + i] = lane[i]
        store(<double*>lane, fit[status_place(P)])
        for i in range(min(L, begun - group)):
            status[group + i] = <signed char>lane[i]
        group += L


cdef struct PendingRows:    # the rows of the groups that are pending, group by group
    const Py_ssize_t* places    # of each group: its place among these, or -1
    Py_ssize_t* ends            # of each of them: where its rows end so far,
    Py_ssize_t* stops           # and where they may
    Py_ssize_t* bases           # the rows that they are counted from, where these have low parts
    double* X                   # (count, k), and y and weights
    double* y
    double* weights


@cython.final
cdef class PlaneGroups:
    """Rows by their keys, and the sums of each group.

    Parameters
    ----------
    keys, kind
        As for KeyTable.
    X, y, X_low, y_low, weights : ndarray
        As for rolling_planes.
    intercept : bool
    """

    cdef KeyTable table
    cdef tuple arrays           # kept alive
    cdef PlaneJob job
    cdef PlaneRows rows
    cdef GroupNumbers numbers
    cdef void* memory           # of these
    cdef Py_ssize_t room        # groups that there is memory for
    cdef Py_ssize_t begun       # groups whose numbers are set
    cdef bint asked

    def __cinit__(self, cnp.ndarray keys, int kind, cnp.ndarray X, cnp.ndarray y,
                  cnp.ndarray X_low, cnp.ndarray y_low, cnp.ndarray weights, bint intercept):
        self.table = KeyTable(keys, kind)
        self.arrays = X, y, X_low, y_low, weights
        self.job = plane_job(X.shape[1], intercept, 0)
        self.rows = plane_rows(X, y, X_low, y_low, weights)

    def __dealloc__(self):
        self.fold()
        free(self.memory)

    cdef inline double* sums_of(self, Py_ssize_t group) noexcept nogil:
        """The base of a group, what is to be added to that, and its sums"""
        return self.numbers.sums + group * group_stride(self.job.q)

    cdef void fold(self) noexcept nogil:
        """Put all rows into the sums of their groups"""
        cdef Py_ssize_t group
        for group in range(self.begun):
            if self.numbers.waiting[group].at != NULL:
                fold_many(self.job.q, self.job.centred, self.rows.X_low == NULL,
                          self.numbers.waiting + group, self.sums_of(group))

    cdef int begin_groups(self) noexcept nogil:
        """Give new groups empty sums; -1 if memory ran out"""
        cdef Py_ssize_t count = self.table.count, room = self.room
        cdef size_t size = group_stride(self.job.q) * sizeof(double)
        cdef void* memory
        cdef GroupNumbers numbers
        if count > room:
            while room < count:
                room = max(2 * room, <Py_ssize_t>(2 * ROWS_TOGETHER))
            memory = malloc(room * (size + sizeof(Waiting)) + ALIGNMENT)
            if memory == NULL:
                return -1
            prefer_large_pages(memory, room * (size + sizeof(Waiting)))
            numbers.far = False
            numbers.sums = <double*>aligned(<size_t>memory)
            numbers.waiting = <Waiting*>(numbers.sums + room * group_stride(self.job.q))
            if self.begun:
                memcpy(numbers.sums, self.numbers.sums, self.begun * size)
                memcpy(numbers.waiting, self.numbers.waiting, self.begun * sizeof(Waiting))
            free(self.memory)
            self.memory, self.numbers, self.room = memory, numbers, room
        if count > self.begun:
            memset(self.sums_of(self.begun), 0, (count - self.begun) * size)
            memset(self.numbers.waiting + self.begun, 0, (count - self.begun) * sizeof(Waiting))
            self.begun = count
        self.numbers.far = count * size > NEAR_NUMBERS * sizeof(double)
        return 0

    cdef Py_ssize_t add_near(self, Py_ssize_t start, Py_ssize_t count) noexcept nogil:
        """add_near_block(), compiled for two and three x with an intercept; 0 for all others"""
        cdef uint64_t[ROWS_TOGETHER] room
        cdef const uint64_t* tokens
        cdef const int32_t* direct = self.table.direct
        cdef uint64_t low = self.table.low, span = self.table.span
        cdef Py_ssize_t q = self.job.q
        if (direct == NULL or span > NEAR_SPAN or not self.job.centred
                or self.rows.X_low != NULL or not 3 <= q <= 4):
            return 0
        tokens = self.table.tokens_at(start, count, room)
        if q == 3:
            return add_near_block(3, &self.rows, start, count, tokens, direct, low, span,
                                  &self.numbers)
        return add_near_block(4, &self.rows, start, count, tokens, direct, low, span,
                              &self.numbers)

    cdef int add_block(self, Py_ssize_t start, Py_ssize_t count,
                       const Py_ssize_t* groups) noexcept nogil:
        """add_block_to_groups(), compiled for two and three x with an intercept, and all others

        -1 if memory ran out.
        """
        cdef bint plain = self.rows.X_low == NULL, usual = self.job.centred and plain
        cdef Py_ssize_t q = self.job.q
        if self.begin_groups():
            return -1
        if q == 3 and usual:
            return add_block_to_groups(3, True, True, &self.rows, start, count, groups,
                                       &self.numbers)
        if q == 4 and usual:
            return add_block_to_groups(4, True, True, &self.rows, start, count, groups,
                                       &self.numbers)
        return add_block_to_groups(q, self.job.centred, plain, &self.rows, start, count, groups,
                                   &self.numbers)

    cdef int walk(self, PendingRows* pending) except -1:
        """Look up the groups of all rows, a block at a time, and sum or gather the rows"""
        cdef Py_ssize_t[ROWS_TOGETHER] groups
        cdef Py_ssize_t n = self.table.rows, start = 0, count, near
        cdef bint objects = self.table.kind == OBJECT_KEYS
        cdef int failed = 0
        cdef PyThreadState* thread = NULL if objects else release_gil(10.0 * n)
        while start < n and not failed:
            count = min(n - start, <Py_ssize_t>ROWS_TOGETHER)
            if interrupted(10.0 * count * self.job.q * self.job.q):
                break
            near = self.add_near(start, count) if pending == NULL else 0
            start += near
            count -= near
            if count == 0:
                continue
            if objects:
                _workers.look()     # a dict of keys needs the GIL all the time
                self.table.groups_of_objects(start, count, groups)
            else:
                failed = self.table.groups_of(start, count, groups)
            if not failed and pending == NULL:
                failed = self.add_block(start, count, groups)
            elif not failed:
                self.gather_block(start, count, groups, pending)
            start += count
        take_gil(thread)
        if failed:
            raise MemoryError
        return 0

    cdef void gather_block(self, Py_ssize_t start, Py_ssize_t count, const Py_ssize_t* groups,
                           PendingRows* pending) noexcept nogil:
        """Put the rows of a block behind the rows of their groups, where those are pending

        A group has no more rows than before, even if somebody has changed the keys since.
        """
        cdef Py_ssize_t q = self.job.q, k = self.job.q - 1, i, row, at, place
        cdef double weight
        for i in range(count):
            place = pending.places[groups[i]] if groups[i] >= 0 else -1
            if place < 0 or pending.ends[place] == pending.stops[place]:
                continue
            row = start + i
            weight = row_weight(&self.rows, row)
            if not weight > 0:
                continue
            at = pending.ends[place]
            pending.ends[place] = at + 1
            pending.weights[at] = weight
            if self.rows.X_low == NULL:
                memcpy(pending.X + at * k, self.rows.X + row * k, k * sizeof(double))
                pending.y[at] = self.rows.y[row]
                continue
            if pending.bases[place] < 0:
                pending.bases[place] = row
            copy_differences(q, &self.rows, row, pending.bases[place], pending.X + at * k,
                             pending.y + at)

    cdef int settle(self, double* fields, signed char* status) except -1:
        """Fit the pending groups from their rows"""
        cdef PendingRows pending
        cdef cnp.ndarray places, ends, stops, bases, X, y, weights
        cdef Py_ssize_t group, count = 0, found = 0
        for group in range(self.begun):
            if status[group] == PENDING:
                found += 1
                count += self.rows_in(group)
        if found == 0:
            return 0
        places = np.full(self.begun, -1, np.intp)
        ends, stops, bases = np.full((3, found), -1, np.intp)
        X = np.empty((count, self.job.q - 1))
        y, weights = np.empty(count), np.zeros(count)
        pending.places = <const Py_ssize_t*>cnp.PyArray_DATA(places)
        pending.ends = <Py_ssize_t*>cnp.PyArray_DATA(ends)
        pending.stops = <Py_ssize_t*>cnp.PyArray_DATA(stops)
        pending.bases = <Py_ssize_t*>cnp.PyArray_DATA(bases)
        pending.X = <double*>cnp.PyArray_DATA(X)
        pending.y = <double*>cnp.PyArray_DATA(y)
        pending.weights = <double*>cnp.PyArray_DATA(weights)
        count = found = 0
        for group in range(self.begun):
            if status[group] == PENDING:
                (<Py_ssize_t*>cnp.PyArray_DATA(places))[group] = found
                pending.ends[found] = count
                count += self.rows_in(group)
                pending.stops[found] = count
                found += 1
        self.walk(&pending)
        return self.settle_gathered(&pending, fields, status)

    cdef inline Py_ssize_t rows_in(self, Py_ssize_t group) noexcept nogil:
        """How many rows of positive weight a group has"""
        return <Py_ssize_t>self.sums_of(group)[2 * self.job.q + count_place(self.job.q)]

    cdef int settle_gathered(self, const PendingRows* pending, double* fields,
                             signed char* status) except -1:
        """Fit the pending groups from the rows that were gathered"""
        cdef double fit[MOST_FITS]
        cdef double origin[MOST_Q]
        cdef double* from_there = NULL
        cdef Py_ssize_t k = self.job.q - 1, P = self.job.P, group, start = 0, place, rows, m
        cdef int failed = 0
        cdef PyThreadState* thread = release_gil(<double>self.begun * 1000)
        for group in range(self.begun):
            if status[group] != PENDING:
                continue
            rows = self.rows_in(group)
            place = pending.places[group]
            if pending.bases[place] >= 0:
                from_there = origin_at(k + 1, &self.rows, pending.bases[place], origin)
            failed = settle_rows(&self.job, pending.X + start * k, pending.y + start,
                                 pending.weights + start, rows, from_there, fit)
            if failed or interrupted(100.0 * rows * k * k):
                break
            start += rows
            for m in range(2 * P + 1):
                fields[m * self.begun + group] = fit[m]
            status[group] = <signed char>fit[status_place(P)]
        take_gil(thread)
        if failed:
            raise MemoryError
        return 0

    def fits(self):
        """(the first row of each group, nobs, status: each (G,), fields: (2 P + 1, G))"""
        cdef cnp.ndarray first, nobs, status, fields
        cdef Py_ssize_t count, group
        if self.asked:
            raise RuntimeError("fits() gives its result once")
        self.asked = True
        self.walk(NULL)
        self.fold()
        self.table.settled = True
        count = self.begun
        first = new_vector(count, cnp.NPY_INTP)
        nobs = new_vector(count, cnp.NPY_INT64)
        status = new_vector(count, cnp.NPY_INT8)
        fields = new_matrix(2 * self.job.P + 1, count, cnp.NPY_DOUBLE)
        for group in range(count):
            (<Py_ssize_t*>cnp.PyArray_DATA(first))[group] = self.table.first[group]
            (<cnp.int64_t*>cnp.PyArray_DATA(nobs))[group] = self.rows_in(group)
        self.fit_lanes(<double*>cnp.PyArray_DATA(fields),
                       <signed char*>cnp.PyArray_DATA(status))
        self.settle(<double*>cnp.PyArray_DATA(fields), <signed char*>cnp.PyArray_DATA(status))
        return first, nobs, status, fields

    cdef void fit_lanes(self, double* fields, signed char* status) noexcept nogil:
        """fit_group_lanes(), compiled for one or two x with an intercept, and for all others"""
        cdef Py_ssize_t q = self.job.q
        if not self.job.centred:
            fit_group_lanes(q, False, &self.job, self.begun, self.numbers.sums, fields, status)
        elif q == 2:
            fit_group_lanes(2, True, &self.job, self.begun, self.numbers.sums, fields, status)
        elif q == 3:
            fit_group_lanes(3, True, &self.job, self.begun, self.numbers.sums, fields, status)
        else:
            fit_group_lanes(q, True, &self.job, self.begun, self.numbers.sums, fields, status)
