# Arrays of random numbers. The place of a number in the array decides its block and word, so the
# bits do not depend on pieces, threads or the width of registers.
#
# A group is 16 blocks. The numbers of a group lie in it word by word: float32 number 16 w + b is
# word w of block b, float64 number 16 h + b has the words 2 h and 2 h + 1 of block b.

cdef enum:
    GROUP_BLOCKS = 16       # as many as the widest register has lanes of 32 bits
    GROUP_BYTES = 256
    MOST_NUMBERS = 64       # float32 of a group; half as many float64


cdef inline void draw_group(lanes like, const int distribution, const Stream* stream,
                            unsigned long long first, lanes scale, real* numbers) noexcept nogil:
    """The numbers of one group, from block `first` on, times scale

    Each step is done for the whole group: the steps of one register wait for each other.
    """
    cdef u64v[4] even
    cdef u64v[4] odd
    cdef lanes share[MOST_NUMBERS]
    cdef lanes rest[MOST_NUMBERS]
    cdef Py_ssize_t L = lane_count(numbers), at = 0
    cdef int registers = GROUP_BYTES // <int>sizeof(lanes), step = GROUP_BLOCKS // <int>L, w, r
    for r in range(step):
        at = first + r * L
        if lanes is f32v:
            philox(stream, fill_u64(at) + BLOCK_REGISTERS * count_u64(), even)
            if BLOCK_REGISTERS == 2:
                philox(stream, fill_u64(at + 1) + BLOCK_REGISTERS * count_u64(), odd)
            for w in range(4):
                share[w * step + r] = share_of(like, join_u32(even[w], odd[w]), distribution,
                                               &rest[w * step + r])
        else:
            philox(stream, fill_u64(at) + count_u64(), even)
            for w in range(2):
                share[w * step + r] = share_of(
                    like, (even[2 * w] & fill_u64(0xFFFFFFFFULL)) | (even[2 * w + 1] << 32),
                    distribution, &rest[w * step + r])
    if distribution != UNIFORM:
        for r in range(registers):
            rest[r] = log_of_rest(share[r], rest[r])
        for r in range(registers):
            share[r] = share[r] * scaled_quantile(rest[r])
    for r in range(registers):
        store(numbers + r * L, scale * share[r])


cdef void draw_numbers(lanes like, const int distribution, const Stream* stream, Py_ssize_t start,
                       Py_ssize_t stop, double scale, real* numbers) noexcept nogil:
    """Numbers `start` to `stop` of the stream into an array; start begins a group"""
    cdef Py_ssize_t size = GROUP_BYTES // <Py_ssize_t>sizeof(real), at = start
    cdef lanes factor = fill(like, scale)
    cdef real group[MOST_NUMBERS]
    while at < stop:
        if stop - at >= size:
            draw_group(like, distribution, stream, at // size * GROUP_BLOCKS, factor, numbers + at)
        else:
            draw_group(like, distribution, stream, at // size * GROUP_BLOCKS, factor, group)
            memcpy(numbers + at, group, (stop - at) * sizeof(real))
        at += size


cdef void draw_some(lanes like, int distribution, const Stream* stream, Py_ssize_t start,
                    Py_ssize_t stop, double scale, real* numbers) noexcept nogil:
    """draw_numbers() with the distribution as a constant"""
    if distribution == UNIFORM:
        draw_numbers(like, UNIFORM, stream, start, stop, scale, numbers)
    elif distribution == NORMAL:
        draw_numbers(like, NORMAL, stream, start, stop, scale, numbers)
    else:
        draw_numbers(like, TRUNCATED, stream, start, stop, scale, numbers)


distributions = {"uniform": UNIFORM, "normal": NORMAL, "truncated": TRUNCATED}


def fill_random(cnp.ndarray out not None, int distribution, seed, double scale, workers=1):
    """Fill a new contiguous array of float32 or float64 with numbers of a distribution times scale.

    seed is four words of 32 bits: the key, and the upper words of the counter.
    """
    cdef Stream stream
    cdef Py_ssize_t size = cnp.PyArray_SIZE(out), groups
    cdef Py_ssize_t length = GROUP_BYTES // cnp.PyArray_ITEMSIZE(out)
    cdef void* numbers = cnp.PyArray_DATA(out)
    cdef bint narrow = cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT
    stream.key[0], stream.key[1], stream.high[0], stream.high[1] = seed

    def draw(Py_ssize_t start, Py_ssize_t stop):
        cdef double work = 4 * length
        cdef PyThreadState* state = release_gil(work * (stop - start))
        cdef Py_ssize_t end = start, first, last
        cdef Stream own = stream
        while next_piece(&start, &end, stop, work):
            first, last = start * length, min(end * length, size)
            if narrow:
                draw_some(<f32v>fill_f32(0), distribution, &own, first, last, scale,
                          <float*>numbers)
            else:
                draw_some(<f64v>fill_f64(0), distribution, &own, first, last, scale,
                          <double*>numbers)
        take_gil(state)

    groups = (size + length - 1) // length
    if workers == 1:
        draw(0, groups)
    else:
        _workers.over_rows(draw, groups, workers)
    return out


# ---- for tests ----

cdef void number_of_bits(lanes like, words bits, int distribution, real* number) noexcept nogil:
    """The number for bits that are the same in every lane"""
    cdef real lane[MAX_LANES]
    cdef lanes rest
    cdef lanes share = share_of(like, bits, distribution, &rest)
    if distribution != UNIFORM:
        share = share * scaled_quantile(log_of_rest(share, rest))
    store(lane, share)
    number[0] = lane[0]


def numbers_of_bits(cnp.ndarray bits not None, int distribution):
    """Return the numbers for given random bits: float32 for uint32, float64 for uint64."""
    cdef Py_ssize_t i, size = cnp.PyArray_SIZE(bits)
    cdef bint narrow = cnp.PyArray_TYPE(bits) == cnp.NPY_UINT32
    cdef cnp.ndarray out = new_vector(size, cnp.NPY_FLOAT if narrow else cnp.NPY_DOUBLE)
    cdef const unsigned int* short_bits = <const unsigned int*>cnp.PyArray_DATA(bits)
    cdef const unsigned long long* long_bits = <const unsigned long long*>cnp.PyArray_DATA(bits)
    cdef u64v two
    for i in range(size):
        if narrow:
            two = fill_u64(short_bits[i])
            number_of_bits(<f32v>fill_f32(0), join_u32(two, two), distribution,
                           <float*>cnp.PyArray_DATA(out) + i)
        else:
            number_of_bits(<f64v>fill_f64(0), fill_u64(long_bits[i]), distribution,
                           <double*>cnp.PyArray_DATA(out) + i)
    return out
