# A line fitted to every window of a series.
#
# The series is cut into blocks as long as the window. A window is the end of one block and the
# beginning of the next, so its sums are those of both, merged:
#
#     block   |. . . . . . s s s s|p p p p p p . . . .|      s: a suffix, p: a prefix
#
# The prefixes of a block are summed forwards, the suffixes backwards, and either sum takes each
# point once. Nothing is ever subtracted. So a point that leaves the window leaves no trace, be it
# a spike or NaN, and no error grows along the series. Each lane of a register has its own pair of
# blocks. A long block goes in pieces: its suffixes are summed once to keep the sums at the end of
# each piece, and once more, piece by piece, from there.

cdef enum:
    PIECE = 64              # windows of a lane whose suffixes are kept: 10 to 20 KB
    MOST_TILTS = 3          # windows near a line in two blocks are near three at most

cdef struct Windows:
    Py_ssize_t n            # points
    Py_ssize_t window
    Py_ssize_t least        # points that a fit takes
    double* fields[FIELDS]  # n each
    signed char* status
    double* kept            # sums of suffixes, SET_SUMS registers a piece


cdef struct Blocks:
    Py_ssize_t start        # of the first prefix; the other lanes start a window apart
    int lanes               # how many have a prefix
    bint alone              # prefixes only
    int asked               # FIT_DONE, or the status of the windows to fit again
    bint last               # whether no window may ask for another tilt
    f64v tilt


# A pass over a pair of blocks a lane. (x0, y0) is the first point of a prefix and the last one of
# a suffix: what its sums are counted from.
cdef struct BlockPass:
    Scales scales
    f64v prefix_x0, prefix_y0
    f64v suffix_x0, suffix_y0
    f64v shift_x, shift_z   # from the suffix's to the prefix's


cdef struct PieceRoom:      # a piece of the blocks: of every number one a lane
    double[PIECE * F64_LANES] x
    double[PIECE * F64_LANES] y
    double[PIECE * SET_SUMS * F64_LANES] suffixes
    double[PIECE * FIT_ROWS * F64_LANES] fits


cdef inline Py_ssize_t piece_count(Py_ssize_t window) noexcept nogil:
    return (window + PIECE - 1) // PIECE


cdef void gather_lanes(cnp.ndarray numbers, Py_ssize_t n, Py_ssize_t start, Py_ssize_t step,
                       Py_ssize_t count, double scale, double* points) noexcept nogil:
    """points[i, k] = scale numbers[start + i + k step], 0 outside the series"""
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
    """add_point() of one point in each lane"""
    cdef f64v off_x, off_y
    load(&off_x, x)
    load(&off_y, y)
    off_x = off_x - x0
    add_point(off_x, <f64v>(off_y - y0 - tilt * off_x), fill(x0, share), sums)


cdef inline void merge_sums(const f64v* left, const f64v* right, f64v shift_x, f64v shift_z,
                            double weight, double share, f64v* sums) noexcept nogil:
    """The sums of two sets, counted from the left one's (x0, y0); the right one's is shifted

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
    """Put fits[field, i, k] in their places: a whole piece of every lane, nothing pending"""
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
    """Put those of fits[field, i, k] that are asked for in their places; whether any is pending"""
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


cdef inline void gather_points(cnp.ndarray x, cnp.ndarray y, const Windows* of,
                               const BlockPass* run, Py_ssize_t start, Py_ssize_t count,
                               PieceRoom* room) noexcept nogil:
    """`count` scaled points of each lane, from `start` on in the first"""
    gather_lanes(x, of.n, start, of.window, count, run.scales.x, room.x)
    gather_lanes(y, of.n, start, of.window, count, run.scales.y, room.y)


cdef inline BlockPass start_pass(cnp.ndarray x, cnp.ndarray y, const Windows* of,
                                 const Blocks* blocks, PieceRoom* room) noexcept nogil:
    cdef BlockPass run
    run.scales = scales_of(blocks.asked)
    gather_points(x, y, of, &run, blocks.start, 1, room)
    load(&run.prefix_x0, <const double*>room.x)
    load(&run.prefix_y0, <const double*>room.y)
    run.suffix_x0 = run.suffix_y0 = fill_f64(0)
    if not blocks.alone:
        gather_points(x, y, of, &run, blocks.start - 1, 1, room)
        load(&run.suffix_x0, <const double*>room.x)
        load(&run.suffix_y0, <const double*>room.y)
    run.shift_x = run.prefix_x0 - run.suffix_x0
    run.shift_z = run.prefix_y0 - run.suffix_y0 - blocks.tilt * run.shift_x
    return run


cdef inline void add_to_suffix(const Windows* of, const Blocks* blocks, const BlockPass* run,
                               const PieceRoom* room, Py_ssize_t begin, Py_ssize_t i,
                               f64v* sums) noexcept nogil:
    """The sums of the suffixes with point i of the piece that begins at `begin`"""
    add_lanes(room.x + i * F64_LANES, room.y + i * F64_LANES, run.suffix_x0, run.suffix_y0,
              blocks.tilt, 1 / <double>(of.window - begin - i), sums)


cdef inline void keep_suffixes(cnp.ndarray x, cnp.ndarray y, const Windows* of,
                               const Blocks* blocks, const BlockPass* run,
                               PieceRoom* room) noexcept nogil:
    """of.kept[piece] = the sums of the suffixes that start where the piece ends"""
    cdef Py_ssize_t piece = piece_count(of.window), begin, count, i
    cdef f64v[SET_SUMS] sums
    for i in range(SET_SUMS):
        sums[i] = fill_f64(0)
    while piece > 0:
        piece -= 1
        for i in range(SET_SUMS):
            store(of.kept + (piece * SET_SUMS + i) * F64_LANES, sums[i])
        if piece == 0:
            break               # no piece before it needs its sums
        if interrupted(10.0 * PIECE * F64_LANES):
            break
        begin = piece * PIECE
        count = min(of.window - begin, <Py_ssize_t>PIECE)
        gather_points(x, y, of, run, blocks.start - of.window + begin, count, room)
        for i in range(count - 1, -1, -1):
            add_to_suffix(of, blocks, run, room, begin, i, sums)


cdef inline void sum_suffixes(cnp.ndarray x, cnp.ndarray y, const Windows* of,
                              const Blocks* blocks, const BlockPass* run, Py_ssize_t begin,
                              Py_ssize_t count, PieceRoom* room) noexcept nogil:
    """suffixes[i] = the sums of the suffixes that start behind point i of the piece"""
    cdef const double* kept = of.kept + begin // PIECE * SET_SUMS * F64_LANES
    cdef Py_ssize_t i, k
    cdef f64v[SET_SUMS] sums
    gather_points(x, y, of, run, blocks.start - of.window + begin, count, room)
    for i in range(SET_SUMS):
        load(&sums[i], kept + i * F64_LANES)
    for i in range(count - 1, -1, -1):
        for k in range(SET_SUMS):
            store(room.suffixes + (i * SET_SUMS + k) * F64_LANES, sums[k])
        if i:
            add_to_suffix(of, blocks, run, room, begin, i, sums)


cdef inline void fit_window(const Blocks* blocks, const BlockPass* run, Py_ssize_t prefix,
                            Py_ssize_t suffix, const double* suffix_sums,
                            const f64v* prefix_sums, f64v* fit) noexcept nogil:
    """The fit of the windows of so many points of a suffix and of a prefix"""
    cdef double total = prefix + suffix, df_share = 1 / (total - 2) if total > 2 else 0
    cdef f64v like = fill_f64(0), x0 = run.prefix_x0, y0 = run.prefix_y0
    cdef f64v[SET_SUMS] left
    cdef f64v[SET_SUMS] sums
    cdef Py_ssize_t i
    if suffix:
        x0, y0 = run.suffix_x0, run.suffix_y0
        for i in range(SET_SUMS):
            load(&left[i], suffix_sums + i * F64_LANES)
        merge_sums(left, prefix_sums, run.shift_x, run.shift_z, suffix * (prefix / total),
                   prefix / total, sums)
    else:
        for i in range(SET_SUMS):
            sums[i] = prefix_sums[i]
    fit_of_sums(fill(like, total), fill(like, 1 / total), fill(like, df_share), x0, y0, sums,
                blocks.tilt, fill(like, run.scales.half_slope), fill(like, run.scales.half_y),
                blocks.asked == FIT_DONE, blocks.last, fit)


cdef inline bint fit_piece(cnp.ndarray x, cnp.ndarray y, const Windows* of, const Blocks* blocks,
                           const BlockPass* run, Py_ssize_t begin, Py_ssize_t count,
                           PieceRoom* room, f64v* prefix_sums) noexcept nogil:
    """The fits of the windows that end in the piece; whether all of them are done"""
    cdef Py_ssize_t i, suffix, prefix
    cdef int field
    cdef f64v[FIT_ROWS] fit
    cdef f64v worst = fill_f64(0)
    cdef double[MAX_LANES] status
    gather_points(x, y, of, run, blocks.start + begin, count, room)
    for i in range(count):
        prefix = begin + i + 1
        suffix = 0 if blocks.alone else of.window - prefix
        add_lanes(room.x + i * F64_LANES, room.y + i * F64_LANES, run.prefix_x0, run.prefix_y0,
                  blocks.tilt, 1 / <double>prefix, prefix_sums)
        if prefix + suffix < of.least:
            continue
        fit_window(blocks, run, prefix, suffix, room.suffixes + i * SET_SUMS * F64_LANES,
                   prefix_sums, fit)
        for field in range(FIT_ROWS):
            store(room.fits + (field * PIECE + i) * F64_LANES, fit[field])
        worst = larger(fit[FIT_STATUS], worst)
    store(<double*>status, worst)
    for i in range(F64_LANES):
        if status[i] != FIT_DONE:
            return False
    return True


cdef bint fit_blocks(cnp.ndarray x, cnp.ndarray y, const Windows* of,
                     const Blocks* blocks) noexcept nogil:
    """The fits of all windows that end in these blocks; whether there are pending ones"""
    cdef Py_ssize_t L = F64_LANES, piece, begin, count, i
    cdef bint pending = False, done
    cdef bint all_whole = (blocks.asked == FIT_DONE and not blocks.alone and blocks.lanes == L
                           and blocks.start + L * of.window <= of.n)
    cdef PieceRoom room
    cdef BlockPass run = start_pass(x, y, of, blocks, &room)
    cdef f64v[SET_SUMS] prefix_sums
    for i in range(SET_SUMS):
        prefix_sums[i] = fill_f64(0)
    if not blocks.alone:
        keep_suffixes(x, y, of, blocks, &run, &room)
    for piece in range(piece_count(of.window)):
        if piece and interrupted(50.0 * PIECE * L):
            return False
        begin = piece * PIECE
        count = min(of.window - begin, <Py_ssize_t>PIECE)
        if not blocks.alone:
            sum_suffixes(x, y, of, blocks, &run, begin, count, &room)
        done = fit_piece(x, y, of, blocks, &run, begin, count, &room, prefix_sums)
        if done and all_whole:
            keep_all(of, blocks, begin, count, room.fits)
        elif keep_some(of, blocks, begin, count, room.fits):
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
    """fit_blocks(), and again for the windows that are pending then"""
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
    of.kept = <double*>malloc(piece_count(window) * SET_SUMS * F64_LANES * sizeof(double))
    if of.kept == NULL:
        raise MemoryError
    thread = release_gil(50.0 * n)
    blocks.start = 0
    blocks.lanes = 1
    blocks.alone = True
    fit_blocks_and_pending(x, y, &of, &blocks)
    blocks.start = window
    blocks.alone = False
    while blocks.start < n and not interrupted(50.0 * F64_LANES * window):
        blocks.lanes = <int>min(<Py_ssize_t>F64_LANES, (n - blocks.start + window - 1) // window)
        fit_blocks_and_pending(x, y, &of, &blocks)
        blocks.start += F64_LANES * window
    free(of.kept)
    take_gil(thread)
    return status, fields
