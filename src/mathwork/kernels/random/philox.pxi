# Philox 4x32-10: ten rounds make four random words of 32 bits from a counter of four and a key of
# two. Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11, 2011. The
# tests have the vectors that its authors published.
#
# Block number b of a stream is the result for the counter (b, b >> 32, high[0], high[1]). So any
# number can be computed without those before it, and no two blocks of all streams are the same
# unless their keys and high words are.

cdef extern from "_integers.h" nogil:
    # Cython needs to know of them only that they are integers. u64v is no uint64_t.
    ctypedef unsigned long long u64v
    ctypedef unsigned int u32v
    enum:
        BLOCK_REGISTERS
    u64v fill_u64(unsigned long long)
    u64v count_u64()
    u64v product_u64(u64v, u64v)
    u32v join_u32(u64v, u64v)

cdef struct Stream:
    unsigned long long key[2]       # 32 bits each
    unsigned long long high[2]      # the upper words of the counter


cdef inline void philox(const Stream* stream, u64v block, u64v* words) noexcept nogil:
    """words[w] = word w of the blocks, a block a lane; the upper halves hold other bits"""
    cdef u64v first = fill_u64(0xD2511F53ULL), second = fill_u64(0xCD9E8D57ULL), product
    cdef u64v low = block, mid = block >> 32
    cdef u64v high = fill_u64(stream.high[0]), top = fill_u64(stream.high[1]), left
    cdef unsigned long long key = stream.key[0], other_key = stream.key[1]
    cdef int i
    for i in range(10):
        product = product_u64(second, high)
        left = product_u64(first, low)
        low = (product >> 32) ^ mid ^ fill_u64(key)
        mid = product
        high = (left >> 32) ^ top ^ fill_u64(other_key)
        top = left
        key = (key + 0x9E3779B9ULL) & 0xFFFFFFFFULL
        other_key = (other_key + 0xBB67AE85ULL) & 0xFFFFFFFFULL
    words[0] = low
    words[1] = mid
    words[2] = high
    words[3] = top


def philox_block(block, key, high):
    """Return the four words of a block, for tests: key and high are two words each."""
    cdef Stream stream
    cdef u64v[4] words
    cdef unsigned long long[MAX_LANES] lane
    cdef int w
    stream.key[0], stream.key[1] = key
    stream.high[0], stream.high[1] = high
    philox(&stream, fill_u64(block), words)
    found = []
    for w in range(4):
        memcpy(lane, &words[w], sizeof(u64v))
        found.append(lane[0] & 0xFFFFFFFFULL)
    return found
