# A line fitted to every group of rows: the rows with the same key, in any order.
#
# The rows pass once, a block at a time: keys.pxi looks up the group of each row, then x and y go
# into the sums of the group. Both happen at once if the table of the keys is small. The rows are
# never sorted or copied, so memory grows with the number of groups only. The rows pass again if
# sums are pending (see batches.pxi).

cdef enum:
    AHEAD = 24              # rows ahead, whose sums are fetched
    MOST_PASSES = 3         # over rows whose groups are pending

cdef enum:                  # the numbers of a group beside its sums, when it goes one a lane
    LANE_COUNT = SET_SUMS
    LANE_X0
    LANE_Y0
    LANE_TILT
    LANE_HALF_SLOPE         # of its Scales
    LANE_HALF_Y
    LANE_FIELDS

# The sums of a group fill one cache line. Their order is for the compiler, which stores neighbours
# at once; the next row of the group then waits for both. Means are neighbours, and squares are:
# each two are ready at the same time. A count stored with sum_xz would wait for a quotient of the
# same count, twice the time of a row; but an integer is never stored with a double.
cdef struct GroupSums:
    double mean_x           # from x0
    double mean_z           # from y0
    double x0
    double y0
    double sum_xx
    double sum_zz
    cnp.int64_t count
    double sum_xz


cdef inline void add_to_group(double x, double y, double tilt, const bint tilted,
                              GroupSums* group) noexcept nogil:
    """Add a point to the sums of its group; z = y - tilt x, or y unless tilted"""
    cdef f64[SET_SUMS] sums
    if group.count == 0:
        group.x0 = x
        group.y0 = y
    group.count += 1
    x = x - group.x0
    y = y - group.y0
    if tilted:
        y = y - tilt * x
    sums[MEAN_X] = group.mean_x
    sums[MEAN_Z] = group.mean_z
    sums[SUM_XX] = group.sum_xx
    sums[SUM_XZ] = group.sum_xz
    sums[SUM_ZZ] = group.sum_zz
    add_point(<f64>x, <f64>y, <f64>(1 / <double>group.count), <f64*>sums)
    group.mean_x = sums[MEAN_X]
    group.mean_z = sums[MEAN_Z]
    group.sum_xx = sums[SUM_XX]
    group.sum_xz = sums[SUM_XZ]
    group.sum_zz = sums[SUM_ZZ]


cdef inline const double* as_doubles(cnp.ndarray numbers, Py_ssize_t start, Py_ssize_t count,
                                     double* room) noexcept nogil:
    """The numbers of a plain vector from `start` on; in `room` unless they are float64"""
    cdef const float* narrow
    cdef Py_ssize_t i
    if cnp.PyArray_TYPE(numbers) == cnp.NPY_DOUBLE:
        return <const double*>cnp.PyArray_DATA(numbers) + start
    narrow = <const float*>cnp.PyArray_DATA(numbers) + start
    for i in range(count):
        room[i] = narrow[i]
    return room


@cython.final
cdef class GroupedRows:
    """Rows by their keys, and the sums of each group.

    Parameters
    ----------
    keys, kind
        As for KeyTable.
    x, y : ndarray, shape (n,)
        Plain.
    """

    cdef KeyTable table
    cdef cnp.ndarray x, y
    cdef GroupSums* sums        # of each group
    cdef void* memory           # of the sums
    cdef Py_ssize_t room        # groups that `sums` has room for, a multiple of any lane count
    cdef Py_ssize_t begun       # groups whose sums are set
    cdef bint asked             # whether fits() was called: the code of keys may call it again

    def __cinit__(self, cnp.ndarray keys, int kind, cnp.ndarray x, cnp.ndarray y):
        self.table = KeyTable(keys, kind)
        self.x, self.y = x, y

    def __dealloc__(self):
        free(self.memory)

    # ---- sums ----

    cdef int begin_groups(self) noexcept nogil:
        """Give new groups empty sums; -1 if memory ran out"""
        cdef Py_ssize_t count = self.table.count, room = self.room
        cdef void* memory
        cdef GroupSums* sums
        if count > room:
            while room < count:
                room = max(2 * room, <Py_ssize_t>(2 * ROWS_TOGETHER))
            memory = malloc((room + 1) * sizeof(GroupSums))
            if memory == NULL:
                return -1
            prefer_large_pages(memory, room * sizeof(GroupSums))
            sums = <GroupSums*>aligned(<size_t>memory)
            if self.begun:
                memcpy(sums, self.sums, self.begun * sizeof(GroupSums))
            free(self.memory)
            self.memory, self.sums, self.room = memory, sums, room
        if count > self.begun:
            memset(self.sums + self.begun, 0, (count - self.begun) * sizeof(GroupSums))
            self.begun = count
        return 0

    cdef Py_ssize_t add_near(self, Py_ssize_t start, Py_ssize_t rows) noexcept nogil:
        """Add rows until the next has no group in a small table yet; return how many

        In one loop the processor looks up one row while it adds others. Nothing is fetched ahead.
        """
        cdef uint64_t[ROWS_TOGETHER] room
        cdef const uint64_t* tokens
        cdef double[ROWS_TOGETHER] x_room
        cdef double[ROWS_TOGETHER] y_room
        cdef const double* x
        cdef const double* y
        cdef Scales usual = scales_of(FIT_DONE)
        cdef int32_t* direct = self.table.direct
        cdef uint64_t low = self.table.low, span = self.table.span, at
        cdef Py_ssize_t i
        if direct == NULL or span > NEAR_SPAN:
            return 0
        x = as_doubles(self.x, start, rows, x_room)
        y = as_doubles(self.y, start, rows, y_room)
        tokens = self.table.tokens_at(start, rows, room)
        for i in range(rows):
            at = tokens[i] - low
            if at >= span or direct[at] < 0:
                return i
            add_to_group(x[i] * usual.x, y[i] * usual.y, 0, False, self.sums + direct[at])
        return rows

    cdef int add_block(self, Py_ssize_t start, Py_ssize_t rows, const Py_ssize_t* groups,
                       const signed char* status, const double* slope) noexcept nogil:
        """Add rows to the sums of their groups; given a status, to those of pending groups only

        -1 if memory ran out.
        """
        cdef double[ROWS_TOGETHER] x_room
        cdef double[ROWS_TOGETHER] y_room
        cdef const double* x = as_doubles(self.x, start, rows, x_room)
        cdef const double* y = as_doubles(self.y, start, rows, y_room)
        cdef Scales usual = scales_of(FIT_DONE), scales
        cdef GroupSums* sums
        cdef double tilt
        cdef Py_ssize_t i
        if self.begin_groups():
            return -1
        sums = self.sums
        for i in range(min(rows, <Py_ssize_t>AHEAD)):
            prefetch(sums + groups[i])
        for i in range(rows):
            if i + AHEAD < rows:
                prefetch(sums + groups[i + AHEAD])
            if groups[i] < 0:
                continue
            if status == NULL:
                add_to_group(x[i] * usual.x, y[i] * usual.y, 0, False, sums + groups[i])
            elif status[groups[i]] >= PENDING:
                scales = scales_of(status[groups[i]])
                tilt = 0
                if status[groups[i]] >= PENDING_LINE:
                    tilt = slope[groups[i]] / scales.half_slope / scales.half_slope
                add_to_group(x[i] * scales.x, y[i] * scales.y, tilt, True, sums + groups[i])
        return 0

    cdef int add_rows(self, const signed char* status, const double* slope) except -1:
        """add_block() for all blocks"""
        cdef Py_ssize_t[ROWS_TOGETHER] groups
        cdef Py_ssize_t n = self.table.rows, start = 0, rows, near
        cdef bint objects = self.table.kind == OBJECT_KEYS
        cdef int failed = 0
        cdef PyThreadState* thread = NULL if objects else release_gil(10.0 * n)
        while start < n and not failed:
            rows = min(n - start, <Py_ssize_t>ROWS_TOGETHER)
            if interrupted(10.0 * rows):
                break
            near = self.add_near(start, rows) if status == NULL else 0
            start += near
            rows -= near
            if rows == 0:
                continue
            if objects:
                _workers.look()     # a dict of keys needs the GIL all the time
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
        """Fit all groups, or the pending ones; return whether groups are still pending"""
        cdef f64v one = fill_f64(1), two = fill_f64(2), count
        cdef f64v[LANE_FIELDS] row
        cdef f64v[FIT_ROWS] fit
        cdef double[LANE_FIELDS * MAX_LANES] lane
        cdef double[FIT_ROWS * MAX_LANES] numbers
        cdef GroupSums* sums
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
                sums = self.sums + group + k
                lane[MEAN_X * L + k] = sums.mean_x
                lane[MEAN_Z * L + k] = sums.mean_z
                lane[SUM_XX * L + k] = sums.sum_xx
                lane[SUM_XZ * L + k] = sums.sum_xz
                lane[SUM_ZZ * L + k] = sums.sum_zz
                lane[LANE_COUNT * L + k] = sums.count
                lane[LANE_X0 * L + k] = sums.x0
                lane[LANE_Y0 * L + k] = sums.y0
                lane[LANE_TILT * L + k] = 0
                if asked >= PENDING_LINE:
                    lane[LANE_TILT * L + k] = (
                        fields[SLOPE][group + k] / scales.half_slope / scales.half_slope)
                lane[LANE_HALF_SLOPE * L + k] = scales.half_slope
                lane[LANE_HALF_Y * L + k] = scales.half_y
            for field in range(LANE_FIELDS):
                load(&row[field], <double*>lane + field * L)
            count = row[LANE_COUNT]
            fit_of_sums(count, one / count, one / (count - two), row[LANE_X0], row[LANE_Y0],
                        <const f64v*>row, row[LANE_TILT], row[LANE_HALF_SLOPE], row[LANE_HALF_Y],
                        first, last, fit)
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
                    memset(self.sums + group + k, 0, sizeof(GroupSums))
            group += L
        return pending

    def fits(self):
        """(the first row of each group, nobs, status: each (G,), fields: (FIELDS, G))"""
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
            (<cnp.int64_t*>cnp.PyArray_DATA(nobs))[group] = self.sums[group].count
        while self.fit_groups(passes == 0, passes == MOST_PASSES, fields, codes):
            self.add_rows(codes, fields[SLOPE])
            passes += 1
        return first, nobs, status, numbers
