# A line fitted to every window of a series.
#
# The series is cut into blocks as long as the window. A window then is the end of one block and
# the beginning of the next, whose sums are merged:
#
#     block   |. . . . . . s s s s|p p p p p p . . . .|      s: a suffix, p: a prefix
#
# The prefixes of a block are summed forwards, the suffixes backwards, each point added once to
# either. Nothing is ever subtracted, so a point that has left the window leaves no trace, be it a
# spike or NaN, and no error grows along the series. There are as many pairs of blocks at a time
# as a register has lanes. A long block goes in pieces: its suffixes are summed once to keep the
# sums at the end of each piece, and again from there when their turn comes.

cdef enum:
    PIECE = 64              # windows a lane whose suffixes are kept: 10 to 20 KB
    MOST_TILTS = 3          # windows near a line in two blocks are near three at most

cdef struct Windows:
    Py_ssize_t n            # points
    Py_ssize_t window
    Py_ssize_t least        # points that a window is fitted from
    double* fields[FIELDS]  # n each
    signed char* status
    double* kept            # sums of suffixes, SET_SUMS registers a piece


cdef struct Blocks:
    Py_ssize_t start        # of the first prefix; those of the other lanes are a window apart
    int lanes               # how many have a prefix
    bint alone              # prefixes only
    int asked               # FIT_DONE, or the status of the windows to fit again
    bint last
    f64v tilt


cdef void gather_lanes(cnp.ndarray numbers, Py_ssize_t n, Py_ssize_t start, Py_ssize_t step,
                       Py_ssize_t count, double scale, double* points) noexcept nogil:
    """points[i, k] = scale numbers[start + i + k step], 0 where that is outside the series"""
    cdef double[PIECE] room
    cdef const double* source
    cdef Py_ssize_t inside, k, i
    for k in range(F64_LANES):
        inside = max(min(count, n - start - k * step), <Py_ssize_t>0) if start >= 0 else 0
        source = as_doubles(numbers, start + k * step, inside, room)
        for i in range(inside):
            points[i * F64_LANES + k] = source[i] * scale
        for i in range(inside, count):
            points[i * F64_LANES + k] = 0


cdef inline void add_lanes(const double* x, const double* y, f64v x0, f64v y0, f64v tilt,
                           double share, f64v* sums) noexcept nogil:
    """add_point() of one point a lane"""
    cdef f64v off_x, off_y
    load(&off_x, x)
    load(&off_y, y)
    off_x = off_x - x0
    add_point(off_x, <f64v>(off_y - y0 - tilt * off_x), fill(x0, share), sums)


cdef inline void merge_sums(const f64v* left, const f64v* right, f64v shift_x, f64v shift_z,
                            double weight, double share, f64v* sums) noexcept nogil:
    """The sums of two sets, from the (x0, y0) of the left one; the right one's is shifted

    weight = n_left n_right / n, share = n_right / n. Chan, Golub, LeVeque, "Algorithms for
    computing the sample variance", The American Statistician 37(3), 1983.
    """
    cdef f64v x = shift_x + (right[MEAN_X] - left[MEAN_X])
    cdef f64v z = shift_z + (right[MEAN_Z] - left[MEAN_Z])
    cdef f64v part_x = fill(x, weight) * x, part_z = fill(x, weight) * z
    sums[MEAN_X] = left[MEAN_X] + fill(x, share) * x
    sums[MEAN_Z] = left[MEAN_Z] + fill(x, share) * z
    sums[SUM_XX] = left[SUM_XX] + right[SUM_XX] + part_x * x
    sums[SUM_XZ] = left[SUM_XZ] + right[SUM_XZ] + part_x * z
    sums[SUM_ZZ] = left[SUM_ZZ] + right[SUM_ZZ] + part_z * z


cdef void keep_all(const Windows* of, const Blocks* blocks, Py_ssize_t begin, Py_ssize_t count,
                   const double* fits) noexcept nogil:
    """Put fits[field, i, k] where they belong: a whole piece of every lane, nothing pending"""
    cdef Py_ssize_t L = F64_LANES, k, i, at
    cdef int field
    cdef f64v[MAX_LANES] block
    cdef const double* source
    for field in range(FIELDS):
        source = fits + field * PIECE * L
        i = 0
        while i + L <= count:
            load_columns(block, source + i * L, L)
            for k in range(L):
                store(of.fields[field] + blocks.start + k * of.window + begin + i, block[k])
            i += L
        for i in range(count - count % L, count):
            for k in range(L):
                at = blocks.start + k * of.window + begin + i
                of.fields[field][at] = source[i * L + k]
    for k in range(L):
        memset(of.status + blocks.start + k * of.window + begin, FIT_DONE, count)


cdef bint keep_some(const Windows* of, const Blocks* blocks, Py_ssize_t begin, Py_ssize_t count,
                    const double* fits) noexcept nogil:
    """Put fits[field, i, k] where they belong if asked for; whether there are pending ones"""
    cdef Py_ssize_t k, i, start, at
    cdef const double* source
    cdef int field, code
    cdef bint pending = False
    for k in range(blocks.lanes):
        start = blocks.start + k * of.window + begin
        for i in range(min(count, of.n - start)):
            at = start + i
            if blocks.alone and begin + i + 1 < of.least:
                continue
            if blocks.asked != FIT_DONE and of.status[at] != blocks.asked:
                continue
            source = fits + i * F64_LANES + k
            for field in range(FIELDS):
                of.fields[field][at] = source[field * PIECE * F64_LANES]
            code = <int>source[FIT_STATUS * PIECE * F64_LANES]
            if code == PENDING_LINE:
                code += blocks.asked % PENDING
            of.status[at] = <signed char>code
            pending = pending or code >= PENDING
    return pending


cdef bint fit_blocks(cnp.ndarray x, cnp.ndarray y, const Windows* of,
                     const Blocks* blocks) noexcept nogil:
    """The fits of all windows that end in these blocks; whether there are pending ones"""
    cdef Py_ssize_t L = F64_LANES, w = of.window, pieces = (w + PIECE - 1) // PIECE
    cdef Py_ssize_t piece, begin, count, i, suffix, prefix
    cdef int field
    cdef Scales scales = scales_of(blocks.asked)
    cdef f64v like = fill_f64(0), tilt = blocks.tilt, suffix_x0, suffix_y0, prefix_x0, prefix_y0
    cdef f64v shift_x, shift_z, x0, y0, worst, half_slope = fill(like, scales.half_slope)
    cdef f64v half_y = fill(like, scales.half_y)
    cdef double total, df_share
    cdef double[PIECE * F64_LANES] px
    cdef double[PIECE * F64_LANES] py
    cdef double[PIECE * FIT_ROWS * F64_LANES] fits
    cdef f64v[PIECE * SET_SUMS] suffixes
    cdef f64v[SET_SUMS] right
    cdef f64v[SET_SUMS] sums
    cdef f64v[FIT_ROWS] fit
    cdef bint pending = False, whole
    cdef bint all_whole = (blocks.asked == FIT_DONE and not blocks.alone and blocks.lanes == L
                           and blocks.start + L * w <= of.n)
    for i in range(SET_SUMS):
        sums[i] = right[i] = like
    gather_lanes(x, of.n, blocks.start, w, 1, scales.x, px)
    gather_lanes(y, of.n, blocks.start, w, 1, scales.y, py)
    load(&prefix_x0, <double*>px)
    load(&prefix_y0, <double*>py)
    suffix_x0 = suffix_y0 = like
    if not blocks.alone:
        gather_lanes(x, of.n, blocks.start - 1, w, 1, scales.x, px)
        gather_lanes(y, of.n, blocks.start - 1, w, 1, scales.y, py)
        load(&suffix_x0, <double*>px)
        load(&suffix_y0, <double*>py)
        for piece in range(pieces - 1, -1, -1):
            for i in range(SET_SUMS):
                store(of.kept + (piece * SET_SUMS + i) * L, sums[i])
            if piece == 0:
                break
            begin = piece * PIECE
            count = min(w - begin, <Py_ssize_t>PIECE)
            gather_lanes(x, of.n, blocks.start - w + begin, w, count, scales.x, px)
            gather_lanes(y, of.n, blocks.start - w + begin, w, count, scales.y, py)
            for i in range(count - 1, -1, -1):
                add_lanes(<double*>px + i * L, <double*>py + i * L, suffix_x0, suffix_y0, tilt,
                          1 / <double>(w - begin - i), sums)
    shift_x = prefix_x0 - suffix_x0
    shift_z = prefix_y0 - suffix_y0 - tilt * shift_x
    for piece in range(pieces):
        begin = piece * PIECE
        count = min(w - begin, <Py_ssize_t>PIECE)
        if not blocks.alone:
            gather_lanes(x, of.n, blocks.start - w + begin, w, count, scales.x, px)
            gather_lanes(y, of.n, blocks.start - w + begin, w, count, scales.y, py)
            for i in range(SET_SUMS):
                load(&sums[i], of.kept + (piece * SET_SUMS + i) * L)
            for i in range(count - 1, -1, -1):
                memcpy(suffixes + i * SET_SUMS, sums, SET_SUMS * sizeof(f64v))
                if i:
                    add_lanes(<double*>px + i * L, <double*>py + i * L, suffix_x0, suffix_y0,
                              tilt, 1 / <double>(w - begin - i), sums)
        gather_lanes(x, of.n, blocks.start + begin, w, count, scales.x, px)
        gather_lanes(y, of.n, blocks.start + begin, w, count, scales.y, py)
        worst = like
        for i in range(count):
            prefix = begin + i + 1
            suffix = 0 if blocks.alone else w - prefix
            total = prefix + suffix
            add_lanes(<double*>px + i * L, <double*>py + i * L, prefix_x0, prefix_y0, tilt,
                      1 / <double>prefix, right)
            if total < of.least:
                continue
            df_share = 1 / (total - 2) if total > 2 else 0
            if suffix:
                x0 = suffix_x0
                y0 = suffix_y0
                merge_sums(<const f64v*>suffixes + i * SET_SUMS, right, shift_x, shift_z,
                           suffix * (prefix / total), prefix / total, sums)
            else:
                x0 = prefix_x0
                y0 = prefix_y0
                memcpy(sums, right, SET_SUMS * sizeof(f64v))
            fit_of_sums(fill(like, total), fill(like, 1 / total), fill(like, df_share), x0, y0,
                        sums, tilt, half_slope, half_y, blocks.asked == FIT_DONE, blocks.last,
                        fit)
            for field in range(FIT_ROWS):
                store(<double*>fits + (field * PIECE + i) * L, fit[field])
            worst = larger(fit[FIT_STATUS], worst)
        store(<double*>px, worst)
        whole = all_whole
        for i in range(L):
            whole = whole and px[i] == FIT_DONE
        if whole:
            keep_all(of, blocks, begin, count, fits)
        elif keep_some(of, blocks, begin, count, fits):
            pending = True
    return pending


cdef bint find_tilts(const Windows* of, Blocks* blocks) noexcept nogil:
    """The tilt for each lane: the slope of its first window that asks for one, if any does"""
    cdef Scales scales = scales_of(blocks.asked)
    cdef double[MAX_LANES] tilts
    cdef Py_ssize_t k, i, start
    cdef bint found = False
    for k in range(F64_LANES):
        tilts[k] = 0
        start = blocks.start + k * of.window
        for i in range(start, min(start + of.window, of.n) if k < blocks.lanes else start):
            if of.status[i] == blocks.asked:
                tilts[k] = of.fields[SLOPE][i] / scales.half_slope / scales.half_slope
                found = True
                break
    load(&blocks.tilt, <double*>tilts)
    return found


cdef bint is_asked(const Windows* of, const Blocks* blocks) noexcept nogil:
    """Whether a window of these blocks has the status that is asked for"""
    cdef Py_ssize_t stop = min(of.n, blocks.start + blocks.lanes * of.window), i
    for i in range(blocks.start, stop):
        if of.status[i] == blocks.asked:
            return True
    return False


cdef void fit_blocks_and_pending(cnp.ndarray x, cnp.ndarray y, const Windows* of,
                                 Blocks* blocks) noexcept nogil:
    """fit_blocks(), then again for what was pending after that"""
    cdef int scale, turn
    blocks.asked = FIT_DONE
    blocks.last = False
    blocks.tilt = fill(blocks.tilt, 0)
    if not fit_blocks(x, y, of, blocks):
        return
    for scale in range(SCALES * SCALES):
        if scale:
            blocks.asked = PENDING + scale
            if not is_asked(of, blocks):
                continue
            blocks.last = False
            blocks.tilt = fill(blocks.tilt, 0)
            fit_blocks(x, y, of, blocks)
        blocks.asked = PENDING_LINE + scale
        for turn in range(MOST_TILTS):
            if not find_tilts(of, blocks):
                break
            blocks.last = turn == MOST_TILTS - 1
            fit_blocks(x, y, of, blocks)


def rolling_fits(cnp.ndarray x, cnp.ndarray y, Py_ssize_t window, Py_ssize_t least):
    """(status (n,), fields (FIELDS, n)) of all windows of plain x and y; 2 <= least <= window"""
    cdef Windows of
    cdef Blocks blocks
    cdef PyThreadState* thread
    cdef cnp.ndarray status, fields
    cdef Py_ssize_t n = x.shape[0], first, i
    cdef int field
    fields = new_matrix(FIELDS, n, cnp.NPY_DOUBLE)
    status = new_vector(n, cnp.NPY_INT8)
    of.n, of.window, of.least = n, window, least
    of.status = <signed char*>cnp.PyArray_DATA(status)
    first = min(n, least - 1)           # windows before this have too few points
    for field in range(FIELDS):
        of.fields[field] = <double*>cnp.PyArray_DATA(fields) + field * n
        for i in range(first):
            of.fields[field][i] = NAN
    memset(of.status, FIT_TOO_FEW, first)
    if first == n:
        return status, fields
    of.window = window = min(window, n)     # no window reaches further
    of.kept = <double*>malloc((window // PIECE + 1) * SET_SUMS * F64_LANES * sizeof(double))
    if of.kept == NULL:
        raise MemoryError
    thread = release_gil(50.0 * n)
    blocks.start = 0
    blocks.lanes = 1
    blocks.alone = True
    fit_blocks_and_pending(x, y, &of, &blocks)
    blocks.start = window
    blocks.alone = False
    while blocks.start < n:
        blocks.lanes = <int>min(<Py_ssize_t>F64_LANES, (n - blocks.start + window - 1) // window)
        fit_blocks_and_pending(x, y, &of, &blocks)
        blocks.start += F64_LANES * window
    take_gil(thread)
    free(of.kept)
    return status, fields
