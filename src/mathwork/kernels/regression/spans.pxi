# A plane fitted to every window of a series, for windows that are not all of one length: those of
# a span of time, those that grow, and those whose rows fade. All in doubled precision.
#
#   span_planes     a window ends at every row; it begins at any row not before the last one's
#   growing_planes  a window is all rows so far; older rows may count for less
#
# As in rolling.pxi nothing is subtracted. The rows of a window lie on both sides of a split:
#
#     |. . . . s s s s s s|p p p p p|. . . .      s: a suffix, p: a prefix
#
# The prefix grows with the windows. The sums of all suffixes up to the split are there from one
# pass backwards. When a window begins behind the split, the split moves to its end. Of long
# suffixes the sums are kept at the ends of pieces only, and summed again piece by piece.

cdef enum:
    SPAN_PIECE = 64         # rows


cdef struct Spans:
    PlaneJob job
    PlaneRows rows
    Py_ssize_t size         # numbers of the moments of a set
    const Py_ssize_t* begins    # of the windows; NULL: 0
    const double* decay     # the factor of all weights before each row; NULL: 1
    bint pending_only       # windows of another status stay as they are
    double* fields          # (2 P + 1, n)
    cnp.int64_t* nobs       # (n,), and the next two
    double* effective       # the number of observations that the weights are worth, or NULL
    signed char* status


cdef struct SpanRoom:
    Py_ssize_t size
    double* row             # the moments of one row, and of other sets
    double* prefix
    double* window
    double* used
    double* piece           # (SPAN_PIECE, size): suffixes that begin in one piece
    double* kept            # (pieces, size): suffixes that begin behind each piece from the last on
    Py_ssize_t kept_room    # pieces that there is memory for
    Py_ssize_t split        # where suffixes end
    Py_ssize_t expanded     # the piece whose suffixes are there, counted from the split; -1: none


cdef void lay_out_spans(void* job, Arena* arena) noexcept nogil:
    """The pieces of the working memory"""
    cdef SpanRoom* room = <SpanRoom*>job
    room.row = doubles(arena, room.size)
    room.prefix = doubles(arena, room.size)
    room.window = doubles(arena, room.size)
    room.used = doubles(arena, room.size)
    room.piece = doubles(arena, <double>room.size * SPAN_PIECE)


cdef void moments_of_row(const Spans* of, Py_ssize_t row, double* numbers) noexcept nogil:
    """The moments of one row, counted from row 0 where there are low parts; empty at weight 0"""
    cdef Py_ssize_t q = of.job.q, k = of.rows.k, j
    cdef double weight = row_weight(&of.rows, row)
    cdef MomentSums moments
    cdef Pair number
    cdef int power
    memset(numbers, 0, of.size * sizeof(double))
    if not weight > 0:
        return
    moments = moments_in(q, numbers)
    moments.count = 1
    if not 2.0 ** -WEIGHT_EXPONENT < weight < 2.0 ** WEIGHT_EXPONENT:
        weight = frexp(weight, &power)
        moments.weight_exponent = power
    moments.weight = weight
    for j in range(q):
        number = as_pair(of.rows.X[row * k + j] if j < k else of.rows.y[row])
        if of.rows.X_low != NULL and of.job.centred:
            number = pair_difference(
                pair_sum(number, as_pair(of.rows.X_low[row * k + j] if j < k
                                         else of.rows.y_low[row])),
                pair_sum(as_pair(of.rows.X[j] if j < k else of.rows.y[0]),
                         as_pair(of.rows.X_low[j] if j < k else of.rows.y_low[0])))
        moments.mean[j] = number.high
        moments.mean_low[j] = number.low
        moments.exponent[j] = -MAX_EXPONENT
    keep_weight(&moments, numbers)


cdef void add_moments(Py_ssize_t q, Py_ssize_t size, double* into, double* other) noexcept nogil:
    """The moments of both sets; `other` is used up"""
    cdef MomentSums a, b
    if other[0] == 0:
        return
    if into[0] == 0:
        memcpy(into, other, size * sizeof(double))
        return
    a = moments_in(q, into)
    b = moments_in(q, other)
    merge_moments(q, &a, &b)
    keep_weight(&a, into)


cdef int keep_span_fit(const Spans* of, Py_ssize_t end, double* numbers, Py_ssize_t bad,
                       double free_count) noexcept nogil:
    """Fit the window that ends with a row, and keep the fit; -1 where memory ran out"""
    cdef double fit[MOST_FITS]
    cdef double origin[MOST_Q]
    cdef double* from_there = NULL
    cdef MomentSums moments = moments_in(of.job.q, numbers)
    cdef Py_ssize_t P = of.job.P, m
    if of.rows.X_low != NULL and of.job.centred:
        from_there = origin_at(of.job.q, &of.rows, 0, origin)
    if bad:
        no_fit(&of.job, moments.count, FIT_BAD_WEIGHT, fit)
    elif fit_settled(&of.job, &moments, free_count, from_there, fit):
        return -1
    for m in range(2 * P + 1):
        of.fields[m * of.rows.n + end] = fit[m]
    of.nobs[end] = <cnp.int64_t>fit[nobs_place(P)]
    of.status[end] = <signed char>fit[status_place(P)]
    return 0


# ---- windows that begin and end ----

cdef int begin_suffixes(const Spans* of, SpanRoom* room, Py_ssize_t begin,
                        Py_ssize_t split) noexcept nogil:
    """Sum the suffixes of begin..split at the ends of pieces; -1 where memory ran out"""
    cdef Py_ssize_t pieces = (split - begin + SPAN_PIECE - 1) // SPAN_PIECE, piece, row, size
    cdef void* memory
    size = of.size * sizeof(double)
    room.split, room.expanded = split, -1
    if pieces > room.kept_room:
        memory = realloc(room.kept, 2 * pieces * size)
        if memory == NULL:
            return -1
        room.kept, room.kept_room = <double*>memory, 2 * pieces
    memset(room.kept, 0, size)
    for piece in range(1, pieces):
        if interrupted(200 * SPAN_PIECE):
            break
        memcpy(room.kept + piece * of.size, room.kept + (piece - 1) * of.size, size)
        for row in range(split - (piece - 1) * SPAN_PIECE - 1, split - piece * SPAN_PIECE - 1, -1):
            moments_of_row(of, row, room.row)
            add_moments(of.job.q, of.size, room.kept + piece * of.size, room.row)
    return 0


cdef double* suffix_from(const Spans* of, SpanRoom* room, Py_ssize_t begin) noexcept nogil:
    """The sums of begin..split"""
    cdef Py_ssize_t piece = (room.split - begin - 1) // SPAN_PIECE, at, row
    cdef double* to
    cdef const double* behind = room.kept + piece * of.size
    if piece != room.expanded:
        room.expanded = piece
        for at in range(SPAN_PIECE):
            row = room.split - piece * SPAN_PIECE - 1 - at
            if row < begin:
                break
            to = room.piece + at * of.size
            memcpy(to, behind, of.size * sizeof(double))
            moments_of_row(of, row, room.row)
            add_moments(of.job.q, of.size, to, room.row)
            behind = to
    return room.piece + (room.split - begin - 1) % SPAN_PIECE * of.size


cdef int walk_spans(const Spans* of, SpanRoom* room) noexcept nogil:
    """Fit all windows that begin and end; -1 where memory ran out"""
    cdef Py_ssize_t q = of.job.q, size = of.size * sizeof(double), bad = 0, first = 0, end, begin
    for end in range(of.rows.n):
        if interrupted(1000):
            break
        begin = of.begins[end]
        bad += isnan(row_weight(&of.rows, end))
        while first < begin:
            bad -= isnan(row_weight(&of.rows, first))
            first += 1
        if begin >= room.split:
            if begin_suffixes(of, room, begin, end + 1):
                return -1
            memset(room.prefix, 0, size)
        else:
            moments_of_row(of, end, room.row)
            add_moments(q, of.size, room.prefix, room.row)
        if of.pending_only and of.status[end] != PENDING:
            continue
        memcpy(room.window, suffix_from(of, room, begin), size)
        memcpy(room.used, room.prefix, size)
        add_moments(q, of.size, room.window, room.used)
        if keep_span_fit(of, end, room.window, bad, room.window[0]):
            return -1
    return 0


cdef int fit_spans(const Spans* of) noexcept nogil:
    """walk_spans() with the memory that it needs"""
    cdef SpanRoom room
    cdef void* memory
    cdef int failed
    room.size, room.kept, room.kept_room, room.split, room.expanded = of.size, NULL, 0, 0, -1
    memory = working_memory(lay_out_spans, &room)
    if memory == NULL:
        return -1
    failed = walk_growing(of, &room) if of.begins == NULL else walk_spans(of, &room)
    free(memory)
    free(room.kept)
    return failed


# ---- windows that grow ----

cdef void fade(Py_ssize_t q, double factor, double* numbers) noexcept nogil:
    """Multiply all weights of a set"""
    cdef MomentSums moments = moments_in(q, numbers)
    cdef Pair entry
    cdef Py_ssize_t i
    entry = pair_product(pair_at(&moments.weight, &moments.weight_low, 0), as_pair(factor))
    moments.weight, moments.weight_low = entry.high, entry.low
    for i in range(q * q):
        entry = pair_product(pair_at(moments.gram, moments.gram_low, i), as_pair(factor))
        moments.gram[i] = entry.high
        moments.gram_low[i] = entry.low
    keep_weight(&moments, numbers)


cdef int walk_growing(const Spans* of, SpanRoom* room) noexcept nogil:
    """Fit all windows from the first row on; -1 where memory ran out

    Rows that have faded to nothing are as if they had never been, but for `nobs`.
    """
    cdef Py_ssize_t q = of.job.q, size = of.size * sizeof(double), bad = 0, end
    cdef double count = 0, worth = 0, squares = 0, effective, factor
    memset(room.prefix, 0, size)
    for end in range(of.rows.n):
        if interrupted(1000):
            break
        factor = 1 if of.decay == NULL else of.decay[end]
        if factor != 1 and count > 0:
            fade(q, factor, room.prefix)
            worth *= factor
            squares *= factor * factor
            if not room.prefix[1] > 2.0 ** -WEIGHT_EXPONENT and room.prefix[1] == room.prefix[1]:
                memset(room.prefix, 0, size)
        moments_of_row(of, end, room.row)
        bad += isnan(row_weight(&of.rows, end))
        if room.row[0] > 0:
            count += 1
            worth += 1
            squares += 1
            add_moments(q, of.size, room.prefix, room.row)
        effective = worth * (worth / squares) if of.decay != NULL and worth > 0 else count
        memcpy(room.window, room.prefix, size)
        room.window[0] = count
        if keep_span_fit(of, end, room.window, bad, effective):
            return -1
        if of.effective != NULL:
            of.effective[end] = effective
    return 0


# ---- the doors ----

cdef tuple spans_of(Spans* of, cnp.ndarray effective):
    """(nobs, status, fields) of all windows; nobody else holds the arrays"""
    cdef Py_ssize_t n = of.rows.n
    cdef cnp.ndarray nobs = new_vector(n, cnp.NPY_INT64), status = new_vector(n, cnp.NPY_INT8)
    cdef cnp.ndarray fields = new_matrix(2 * of.job.P + 1, n, cnp.NPY_DOUBLE)
    cdef PyThreadState* thread
    cdef int failed
    of.size = moment_numbers(of.job.q)
    of.pending_only = False
    of.fields = <double*>cnp.PyArray_DATA(fields)
    of.nobs = <cnp.int64_t*>cnp.PyArray_DATA(nobs)
    of.status = <signed char*>cnp.PyArray_DATA(status)
    of.effective = NULL
    if effective is not None:
        of.effective = <double*>cnp.PyArray_DATA(effective)
    thread = release_gil(1000.0 * n)
    failed = fit_spans(of)
    take_gil(thread)
    if failed:
        raise MemoryError
    return nobs, status, fields


def span_planes(cnp.ndarray X, cnp.ndarray y, cnp.ndarray X_low, cnp.ndarray y_low,
                cnp.ndarray weights, cnp.ndarray begins, Py_ssize_t least, bint intercept):
    """rolling_planes() for windows that begin at begins[i] <= i, which never falls"""
    cdef Spans of
    cdef cnp.ndarray copy = begins.copy()       # nobody else holds it, so what is checked stays
    cdef Py_ssize_t last = 0, i
    of.job = plane_job(X.shape[1], intercept, least)
    of.rows = plane_rows(X, y, X_low, y_low, weights)
    if not (is_plain(copy, 1, cnp.NPY_INTP) and copy.shape[0] == of.rows.n):
        raise ValueError("begins must be plain and intp, one for each row")
    of.begins, of.decay = <const Py_ssize_t*>cnp.PyArray_DATA(copy), NULL
    for i in range(of.rows.n):
        if not last <= of.begins[i] <= i:
            raise ValueError(f"begins must not fall nor pass their rows, got {of.begins[i]}")
        last = of.begins[i]
    return spans_of(&of, None)


def growing_planes(cnp.ndarray X, cnp.ndarray y, cnp.ndarray X_low, cnp.ndarray y_low,
                   cnp.ndarray weights, cnp.ndarray decay, Py_ssize_t least, bint intercept):
    """(nobs, status, fields, effective) of all windows from the first row on.

    decay (n,), plain: the factor of all weights before each row; None: 1. effective (n,): how many
    observations the faded weights are worth, (sum f)^2 / sum f^2 for factors f; nobs without decay.
    """
    cdef Spans of
    cdef cnp.ndarray effective = new_vector(y.shape[0], cnp.NPY_DOUBLE)
    of.job = plane_job(X.shape[1], intercept, least)
    of.rows = plane_rows(X, y, X_low, y_low, weights)
    of.begins = NULL
    of.decay = NULL
    if decay is not None:
        of.decay = <const double*>cnp.PyArray_DATA(decay)
    return *spans_of(&of, effective), effective
