# A plane fitted to every window of a series: several x, weights, or no intercept.
#
# The blocks and the pieces are those of rolling.pxi, which has the picture. A row of weight 0
# counts for nothing, and so do rows outside of the series. Windows whose sums are not good enough
# are fitted again from their rows.

cdef enum:
    PLANE_PIECE = 32        # windows of a lane whose suffixes are kept
    SPAN_ROWS = 300         # rows that are fitted in the time in which spans.pxi takes one more

cdef struct PlaneWindows:
    PlaneJob job
    PlaneRows rows
    Py_ssize_t n            # rows
    Py_ssize_t window
    double* fields          # (2 P + 1, n)
    cnp.int64_t* nobs       # (n,), and the next
    signed char* status
    Py_ssize_t pending      # how many windows are


cdef struct PlaneRoom:      # of a pass; of every number one a lane
    Py_ssize_t pieces, q, P
    double* kept            # sums of suffixes at the ends of the pieces
    double* rows            # of a piece: (rows, q + 1), the weight last
    double* suffixes        # of a piece: (rows, sums)
    double* fits            # of a piece: (rows, 2 P + 3)


cdef struct LaneBases:      # of each number one a lane; `low` is to be added
    double[MOST_Q][MAX_LANES] high
    double[MOST_Q][MAX_LANES] low


cdef struct PlaneBlocks:    # a pair of blocks a lane
    Py_ssize_t start        # of the first prefix; the other lanes start a window apart
    int lanes               # how many have a prefix
    bint alone              # prefixes only
    LaneBases prefix, suffix
    f64v[MOST_Q] prefix_base, suffix_base       # the same, rounded
    f64v[MOST_Q] shift      # from the suffix's to the prefix's


cdef void lay_out_planes(void* job, Arena* arena) noexcept nogil:
    """The pieces of the working memory"""
    cdef PlaneRoom* room = <PlaneRoom*>job
    cdef double sums = plane_sums(room.q) * F64_LANES
    room.kept = doubles(arena, room.pieces * sums)
    room.rows = doubles(arena, PLANE_PIECE * (room.q + 1) * F64_LANES)
    room.suffixes = doubles(arena, PLANE_PIECE * sums)
    room.fits = doubles(arena, PLANE_PIECE * (2 * room.P + 3) * F64_LANES)


cdef inline void gather_plane_rows(const Py_ssize_t q, const PlaneWindows* of,
                                   const LaneBases* bases, Py_ssize_t start, Py_ssize_t count,
                                   double* to) noexcept nogil:
    """to[i, j, lane] = number j of row start + i + lane window, from its base, then the weight"""
    cdef Py_ssize_t L = F64_LANES, lane, i, j, row
    cdef double weight
    cdef double* row_to
    for lane in range(L):
        for i in range(count):
            row = start + lane * of.window + i
            row_to = to + i * (q + 1) * L + lane
            weight = row_weight(&of.rows, row) if 0 <= row < of.n else 0
            row_to[q * L] = weight
            if weight > 0:
                read_row(q, &of.rows, row, <const double*>bases.high + lane,
                         <const double*>bases.low + lane, row_to, L, MAX_LANES)
            else:
                for j in range(q):
                    row_to[j * L] = 0


cdef inline void find_bases(const PlaneWindows* of, Py_ssize_t start, int step,
                            LaneBases* bases) noexcept nogil:
    """The first row that counts of each lane's block, going on by `step` from start"""
    cdef Py_ssize_t lane, i, row
    memset(bases, 0, sizeof(LaneBases))
    for lane in range(F64_LANES if of.job.centred else 0):
        for i in range(of.window):
            row = start + lane * of.window + step * i
            if not 0 <= row < of.n:
                break
            if row_weight(&of.rows, row) > 0:
                take_base(of.job.q, &of.rows, row, <double*>bases.high + lane,
                          <double*>bases.low + lane, MAX_LANES)
                break


cdef inline void add_lanes_of_rows(const Py_ssize_t q, const bint centred, const double* rows,
                                   f64v* sums) noexcept nogil:
    """add_row() of one row in each lane"""
    cdef f64v row[MOST_Q]
    cdef f64v weight
    cdef Py_ssize_t j
    for j in range(q):
        load(&row[j], rows + j * F64_LANES)
    load(&weight, rows + q * F64_LANES)
    add_row(weight, q, centred, weight, row, sums)


cdef inline void keep_plane_suffixes(const Py_ssize_t q, const bint centred,
                                     const PlaneWindows* of, const PlaneBlocks* blocks,
                                     PlaneRoom* room) noexcept nogil:
    """room.kept[piece] = the sums of the suffixes that start where the piece ends"""
    cdef Py_ssize_t L = F64_LANES, piece = room.pieces, begin, count, i
    cdef f64v sums[MOST_SUMS]
    for i in range(plane_sums(q)):
        sums[i] = fill_f64(0)
    while piece > 0:
        piece -= 1
        for i in range(plane_sums(q)):
            store(room.kept + (piece * plane_sums(q) + i) * L, sums[i])
        if piece == 0:
            break               # no piece before it needs its sums
        if interrupted(10.0 * PLANE_PIECE * L * q * q):
            break
        begin = piece * PLANE_PIECE
        count = min(of.window - begin, <Py_ssize_t>PLANE_PIECE)
        gather_plane_rows(q, of, &blocks.suffix, blocks.start - of.window + begin, count,
                          room.rows)
        for i in range(count - 1, -1, -1):
            add_lanes_of_rows(q, centred, room.rows + i * (q + 1) * L, sums)


cdef inline void sum_plane_suffixes(const Py_ssize_t q, const bint centred,
                                    const PlaneWindows* of, const PlaneBlocks* blocks,
                                    Py_ssize_t piece, Py_ssize_t count,
                                    PlaneRoom* room) noexcept nogil:
    """suffixes[i] = the sums of the suffixes that start behind row i of the piece"""
    cdef Py_ssize_t L = F64_LANES, size = plane_sums(q), i, m
    cdef f64v sums[MOST_SUMS]
    gather_plane_rows(q, of, &blocks.suffix, blocks.start - of.window + piece * PLANE_PIECE,
                      count, room.rows)
    for m in range(size):
        load(&sums[m], <const double*>room.kept + (piece * size + m) * L)
    for i in range(count - 1, -1, -1):
        for m in range(size):
            store(room.suffixes + (i * size + m) * L, sums[m])
        if i:
            add_lanes_of_rows(q, centred, room.rows + i * (q + 1) * L, sums)


cdef inline void fit_plane_windows(const Py_ssize_t q, const bint centred,
                                   const PlaneWindows* of, const PlaneBlocks* blocks,
                                   Py_ssize_t begin, Py_ssize_t count, PlaneRoom* room,
                                   f64v* prefix) noexcept nogil:
    """The fits of the windows that end in a piece"""
    cdef Py_ssize_t L = F64_LANES, size = plane_sums(q), P = q - 1 + centred, i, m
    cdef f64v left[MOST_SUMS]
    cdef f64v base[MOST_Q]
    cdef f64v sums[MOST_SUMS]
    cdef f64v fit[MOST_FITS]
    cdef f64v least = fill_f64(of.job.least)
    gather_plane_rows(q, of, &blocks.prefix, blocks.start + begin, count, room.rows)
    for i in range(count):
        add_lanes_of_rows(q, centred, room.rows + i * (q + 1) * L, prefix)
        if blocks.alone:
            fit_of_planes(q, centred, blocks.prefix_base, least, prefix, fit)
        else:
            for m in range(size):
                load(&left[m], <const double*>room.suffixes + (i * size + m) * L)
            merge_planes(least, q, centred, left, prefix, blocks.suffix_base, blocks.prefix_base,
                         blocks.shift, base, sums)
            fit_of_planes(q, centred, base, least, sums, fit)
        for m in range(2 * P + 3):
            store(room.fits + (i * (2 * P + 3) + m) * L, fit[m])


cdef void keep_planes(PlaneWindows* of, const PlaneBlocks* blocks, Py_ssize_t begin,
                      Py_ssize_t count, const double* fits) noexcept nogil:
    """Put the fits in their places"""
    cdef Py_ssize_t L = F64_LANES, P = of.job.P, lane, i, m, start
    cdef const double* fit
    for lane in range(blocks.lanes):
        start = blocks.start + lane * of.window + begin
        for i in range(min(count, of.n - start)):
            fit = fits + i * (2 * P + 3) * L + lane
            for m in range(2 * P + 1):
                of.fields[m * of.n + start + i] = fit[m * L]
            of.nobs[start + i] = <cnp.int64_t>fit[nobs_place(P) * L]
            of.status[start + i] = <signed char>fit[status_place(P) * L]
            if of.status[start + i] == PENDING:
                of.pending += 1


cdef inline void set_bases(const Py_ssize_t q, PlaneBlocks* blocks) noexcept nogil:
    """blocks.prefix_base, suffix_base and shift, by the bases of the lanes"""
    cdef f64v there, there_low, here, here_low
    cdef Py_ssize_t j
    for j in range(q):
        load(&there, <const double*>blocks.prefix.high[j])
        load(&there_low, <const double*>blocks.prefix.low[j])
        load(&here, <const double*>blocks.suffix.high[j])
        load(&here_low, <const double*>blocks.suffix.low[j])
        blocks.prefix_base[j] = there + there_low
        blocks.suffix_base[j] = here + here_low
        blocks.shift[j] = (there - here) + (there_low - here_low)


cdef inline void fit_plane_blocks(const Py_ssize_t q, const bint centred, PlaneWindows* of,
                                  PlaneBlocks* blocks, PlaneRoom* room) noexcept nogil:
    """The fits of all windows that end in these blocks"""
    cdef Py_ssize_t piece, begin, count, j
    cdef f64v prefix[MOST_SUMS]
    find_bases(of, blocks.start, 1, &blocks.prefix)
    find_bases(of, blocks.start - 1, -1, &blocks.suffix)
    set_bases(q, blocks)
    if not blocks.alone:
        keep_plane_suffixes(q, centred, of, blocks, room)
    for j in range(plane_sums(q)):
        prefix[j] = fill_f64(0)
    for piece in range(room.pieces):
        if interrupted(50.0 * PLANE_PIECE * F64_LANES * q * q):
            break
        begin = piece * PLANE_PIECE
        count = min(of.window - begin, <Py_ssize_t>PLANE_PIECE)
        if not blocks.alone:
            sum_plane_suffixes(q, centred, of, blocks, piece, count, room)
        fit_plane_windows(q, centred, of, blocks, begin, count, room, prefix)
        keep_planes(of, blocks, begin, count, room.fits)


cdef void fit_any_plane_blocks(PlaneWindows* of, PlaneBlocks* blocks,
                               PlaneRoom* room) noexcept nogil:
    """fit_plane_blocks(), compiled for one or two x with an intercept, and for all others"""
    if not of.job.centred:
        fit_plane_blocks(of.job.q, False, of, blocks, room)
    elif of.job.q == 2:
        fit_plane_blocks(2, True, of, blocks, room)
    elif of.job.q == 3:
        fit_plane_blocks(3, True, of, blocks, room)
    else:
        fit_plane_blocks(of.job.q, True, of, blocks, room)


cdef int roll_planes(PlaneWindows* of) noexcept nogil:
    """The fits of all windows, some of them pending; -1 where memory ran out"""
    cdef PlaneBlocks blocks
    cdef PlaneRoom room
    cdef void* memory
    room.pieces = (of.window + PLANE_PIECE - 1) // PLANE_PIECE
    room.q, room.P = of.job.q, of.job.P
    memory = working_memory(lay_out_planes, &room)
    if memory == NULL:
        return -1
    blocks.start, blocks.lanes, blocks.alone = 0, 1, True
    fit_any_plane_blocks(of, &blocks, &room)
    blocks.start, blocks.alone = of.window, False
    while blocks.start < of.n:
        blocks.lanes = <int>min(<Py_ssize_t>F64_LANES,
                                (of.n - blocks.start + of.window - 1) // of.window)
        fit_any_plane_blocks(of, &blocks, &room)
        blocks.start += F64_LANES * of.window
    free(memory)
    return 0


cdef int settle_window(const PlaneWindows* of, Py_ssize_t begin, Py_ssize_t end,
                       double* room, double* fit) noexcept nogil:
    """Fit the rows begin..end; -1 where memory ran out. room: for k + 1 numbers a row, or NULL"""
    cdef double origin[MOST_Q]
    cdef const double* X = of.rows.X + begin * of.rows.k
    cdef const double* y = of.rows.y + begin
    cdef const double* weights = NULL
    cdef double* from_there = NULL
    cdef Py_ssize_t k = of.rows.k, count = end - begin, row
    if of.rows.weights != NULL:
        weights = of.rows.weights + begin
    if room != NULL:
        for row in range(begin, end):
            copy_differences(k + 1, &of.rows, row, begin, room + (row - begin) * k,
                             room + count * k + row - begin)
        X, y = room, room + count * k
        from_there = origin_at(k + 1, &of.rows, begin, origin)
    return settle_rows(&of.job, X, y, weights, count, from_there, fit)


cdef int settle_long_windows(PlaneWindows* of) noexcept nogil:
    """Fit the pending windows where there are many, and long ones; -1 where memory ran out"""
    cdef Spans spans
    cdef Py_ssize_t* begins = <Py_ssize_t*>malloc(of.n * sizeof(Py_ssize_t))
    cdef Py_ssize_t end
    cdef int failed
    if begins == NULL:
        return -1
    for end in range(of.n):
        begins[end] = max(<Py_ssize_t>0, end + 1 - of.window)
    spans.job, spans.rows, spans.size = of.job, of.rows, moment_numbers(of.job.q)
    spans.begins, spans.decay, spans.pending_only = begins, NULL, True
    spans.fields, spans.nobs, spans.status = of.fields, of.nobs, of.status
    spans.effective = NULL
    failed = fit_spans(&spans)
    free(begins)
    return failed


cdef int settle_windows(PlaneWindows* of) noexcept nogil:
    """Fit the pending windows; -1 where memory ran out"""
    if of.pending == 0:
        return 0
    if <double>of.pending * of.window > <double>SPAN_ROWS * of.n:
        return settle_long_windows(of)
    return settle_short_windows(of)


cdef int settle_short_windows(PlaneWindows* of) noexcept nogil:
    """Fit the pending windows from their rows; -1 where memory ran out"""
    cdef double fit[MOST_FITS]
    cdef double* room = NULL
    cdef Py_ssize_t P = of.job.P, end, m
    cdef int failed = 0
    if of.rows.X_low != NULL:
        room = <double*>malloc(of.window * (of.rows.k + 1) * sizeof(double))
        if room == NULL:
            return -1
    for end in range(of.n):
        if of.status[end] != PENDING:
            continue
        if interrupted(100.0 * of.window * of.rows.k * of.rows.k):
            break
        failed = settle_window(of, max(<Py_ssize_t>0, end + 1 - of.window), end + 1, room, fit)
        if failed:
            break
        for m in range(2 * P + 1):
            of.fields[m * of.n + end] = fit[m]
        of.nobs[end] = <cnp.int64_t>fit[nobs_place(P)]
        of.status[end] = <signed char>fit[status_place(P)]
    free(room)
    return failed


def rolling_planes(cnp.ndarray X, cnp.ndarray y, cnp.ndarray X_low, cnp.ndarray y_low,
                   cnp.ndarray weights, Py_ssize_t window, Py_ssize_t least, bint intercept):
    """(nobs (n,), status (n,), fields (2 P + 1, n)) of all windows of at least `least` rows.

    X (n, k), y (n,) and weights (n,) or None are plain and of float64. So are X_low and y_low, to
    be added to X and y, or both are None.
    """
    cdef PlaneWindows of
    cdef PyThreadState* thread
    cdef cnp.ndarray nobs, status, fields
    cdef Py_ssize_t n = y.shape[0], k = X.shape[1]
    cdef int failed = 0
    of.job = plane_job(k, intercept, least)
    of.rows = plane_rows(X, y, X_low, y_low, weights)
    nobs = new_vector(n, cnp.NPY_INT64)
    status = new_vector(n, cnp.NPY_INT8)
    fields = new_matrix(2 * of.job.P + 1, n, cnp.NPY_DOUBLE)
    of.n, of.window, of.pending = n, min(window, n), 0
    of.fields = <double*>cnp.PyArray_DATA(fields)
    of.nobs = <cnp.int64_t*>cnp.PyArray_DATA(nobs)
    of.status = <signed char*>cnp.PyArray_DATA(status)
    if n == 0:
        return nobs, status, fields
    thread = release_gil(20.0 * n * k * k)
    failed = roll_planes(&of)
    if not failed and not interrupted(0):
        failed = settle_windows(&of)
    take_gil(thread)
    if failed:
        raise MemoryError
    return nobs, status, fields
