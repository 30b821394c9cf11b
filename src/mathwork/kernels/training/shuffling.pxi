# The order of rows in an epoch: a permutation that a seed and the number of the epoch choose.


cdef void permute(const Stream* stream, Py_ssize_t n, Py_ssize_t* order) noexcept nogil:
    """order[n] = a permutation of range(n), after Fisher and Yates; n < 2^32

    Each draw has 64 bits: two words of a block. So no permutation is more likely than another by
    more than n / 2^64.
    """
    cdef u64v words[4]
    cdef unsigned long long lane[4][MAX_LANES]
    cdef unsigned long long block = 0, count
    cdef Py_ssize_t i, j, k, w
    for i in range(n):
        order[i] = i
    i = n - 1
    while i > 0:
        philox(stream, fill_u64(block) + count_u64(), words)
        block += F64_LANES
        for w in range(4):
            memcpy(&lane[w][0], &words[w], sizeof(u64v))
        for k in range(min(<Py_ssize_t>(2 * F64_LANES), i)):
            w = k % 2 * 2
            count = <unsigned long long>(i + 1)
            j = <Py_ssize_t>(((lane[w][k // 2] & 0xFFFFFFFFULL) * count
                              + ((lane[w + 1][k // 2] & 0xFFFFFFFFULL) * count >> 32)) >> 32)
            order[i], order[j] = order[j], order[i]
            i -= 1
