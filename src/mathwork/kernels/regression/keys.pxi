# Keys of any kind get numbers: 0, 1, 2, ... in the order of their first appearance.
#
#   integers of a small range     a table with an entry for each integer of the range
#   other integers, floats, times a hash table of 64-bit tokens: the keys themselves
#   strings, bytes                a hash table of their hashes; the keys are kept for comparison
#   objects                       a dict
#
# All integers begin with a table. It grows with the range of the keys so far, so the keys need no
# pass of their own for their range. A range that becomes wide moves to a hash table.
#
# A block of keys takes one step after the other. Each step is a loop, and asks for the memory that
# the next step reads.

from libc.stdint cimport int8_t, int16_t, int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport realloc
from libc.string cimport memcmp

from cpython.dict cimport PyDict_GetItemWithError, PyDict_SetItem
from cpython.object cimport PyObject

cdef extern from *:
    """
    #if defined(__linux__)
    #include <sys/mman.h>
    #endif
    /* Ask for large pages under memory that is read in random order. */
    static void prefer_large_pages(void *memory, size_t size)
    {
    #if defined(__linux__) && defined(MADV_HUGEPAGE)
        const size_t page = 4096, large = (size_t)1 << 22;
        size_t start = ((size_t)memory + page - 1) & ~(page - 1);
        if (size >= large)
            madvise((void *)start, ((size_t)memory + size - start) & ~(page - 1), MADV_HUGEPAGE);
    #else
        (void)memory;
        (void)size;
    #endif
    }
    """
    void prefer_large_pages(void*, size_t) noexcept nogil

cdef enum:                  # kinds of keys
    SIGNED_KEYS             # integers of 1, 2, 4 or 8 bytes
    UNSIGNED_KEYS
    FLOAT_KEYS              # of 4 or 8 bytes; NaN is no key, -0.0 is the key 0.0
    TIME_KEYS               # of 8 bytes; NaT is no key
    BYTES_KEYS              # strings of one length in bytes
    OBJECT_KEYS             # keys of a dict; None is no key, nor an object unequal to itself

cdef enum:
    ROWS_TOGETHER = 256     # rows of a block: their keys and numbers fit in 8 KB
    LEAST_SLOTS = 1024
    LEAST_SPAN = 1024
    NEAR_SPAN = 1 << 13     # of a small table: 32 KB, and at most 512 KB of its groups' sums
    MOST_SPAN = 0x7fffffff  # groups of a table are int32

# MurmurHash3's finalizer fmix64 (Appleby, 2011, public domain).
cdef uint64_t FIRST_FACTOR = 0xff51afd7ed558ccd
cdef uint64_t SECOND_FACTOR = 0xc4ceb9fe1a85ec53
# The tokens of NaN and NaT.
cdef uint64_t NAN_TOKEN = 0x7ff8000000000000
cdef uint64_t NAT_TOKEN = 0x8000000000000000

cdef struct Slot:
    uint64_t token          # a key, or the hash of one
    Py_ssize_t group        # -1: free


cdef inline uint64_t mixed(uint64_t token) noexcept nogil:
    """A hash whose high bits depend on all bits of the token"""
    token = (token ^ (token >> 33)) * FIRST_FACTOR
    return (token ^ (token >> 33)) * SECOND_FACTOR


cdef uint64_t hash_of_bytes(const char* key, Py_ssize_t size) noexcept nogil:
    cdef uint64_t found = size, token
    while size >= 8:
        memcpy(&token, key, 8)
        found = (found ^ token) * FIRST_FACTOR
        found = found ^ (found >> 33)
        key += 8
        size -= 8
    token = 0
    memcpy(&token, key, size)
    return mixed(found ^ token)


cdef bint is_missing(object key) except -1:
    """Whether an object is no key: it is unequal to itself, or cannot compare, as pandas.NA"""
    try:
        return bool(key != key)
    except TypeError:
        return True


@cython.final
cdef class KeyTable:
    """The numbers of keys.

    Parameters
    ----------
    keys : ndarray, shape (n,)
        C-contiguous, aligned, in native byte order.
    kind : int
        One of `key_kinds`.
    """

    cdef cnp.ndarray keys
    cdef Py_ssize_t rows
    cdef Py_ssize_t width       # of a key, in bytes
    cdef int kind
    cdef bint ranged            # all keys so far are integers low + i modulo 2^64, 0 <= i < span
    cdef uint64_t low, span
    cdef int32_t* direct        # the group of low + i, or -1
    cdef dict objects
    cdef Slot* slots
    cdef Py_ssize_t slot_count  # a power of two
    cdef int shift              # hash >> shift is a slot
    cdef Py_ssize_t count       # of groups
    cdef Py_ssize_t room        # groups that `first` and `names` have room for
    cdef Py_ssize_t* first      # the row of the first appearance of a group
    cdef char* names            # the key of a group, if keys are compared as bytes
    cdef bint settled           # all groups are known: a key that somebody changes is no key

    def __cinit__(self, cnp.ndarray keys, int kind):
        self.keys, self.kind = keys, kind
        self.rows = keys.shape[0]
        self.width = cnp.PyArray_ITEMSIZE(keys)
        self.ranged = kind == SIGNED_KEYS or kind == UNSIGNED_KEYS
        if kind == OBJECT_KEYS:
            self.objects = {}

    def __dealloc__(self):
        free(self.direct)
        free(self.slots)
        free(self.first)
        free(self.names)

    # ---- room ----

    cdef int make_room(self) noexcept nogil:
        """Make room for as many new groups as a block has rows; -1 if memory ran out"""
        cdef Py_ssize_t room = max(2 * self.room, <Py_ssize_t>(2 * ROWS_TOGETHER))
        cdef void* first
        cdef void* names
        if self.count + ROWS_TOGETHER > self.room:
            first = realloc(self.first, room * sizeof(Py_ssize_t))
            if first == NULL:
                return -1
            self.first = <Py_ssize_t*>first
            if self.kind == BYTES_KEYS:
                names = realloc(self.names, room * self.width)
                if names == NULL:
                    return -1
                self.names = <char*>names
            self.room = room
        if self.kind == OBJECT_KEYS or self.ranged:
            return 0
        while 2 * (self.count + ROWS_TOGETHER) > self.slot_count:
            if self.more_slots():
                return -1
        return 0

    cdef int more_slots(self) noexcept nogil:
        """Make the hash table twice as large; -1 if memory ran out"""
        cdef Py_ssize_t before = self.slot_count, i
        cdef Py_ssize_t size = max(2 * before, <Py_ssize_t>LEAST_SLOTS)
        cdef Slot* old = self.slots
        cdef Slot* slots = <Slot*>malloc(size * sizeof(Slot))
        if slots == NULL:
            return -1
        prefer_large_pages(slots, size * sizeof(Slot))
        for i in range(size):
            slots[i].group = -1
        self.shift = 64
        while <Py_ssize_t>1 << (64 - self.shift) < size:
            self.shift -= 1
        self.slots = slots
        self.slot_count = size
        for i in range(before):
            if old[i].group >= 0:
                self.place(old[i].token, old[i].group)
        free(old)
        return 0

    cdef inline void place(self, uint64_t token, Py_ssize_t group) noexcept nogil:
        """Put a new token into the hash table"""
        cdef Py_ssize_t at = self.home(token)
        while self.slots[at].group >= 0:
            at = (at + 1) & (self.slot_count - 1)
        self.slots[at].token = token
        self.slots[at].group = group

    cdef int widen(self, uint64_t token) noexcept nogil:
        """Move the nearer end of the range beyond this integer; -1 if memory ran out

        The span doubles at least. A range too wide for a table moves to a hash table.
        """
        cdef uint64_t above, below, needed, span, start     # distances modulo 2^64
        cdef uint64_t most = min(<Py_ssize_t>MOST_SPAN, max(2 * self.rows, <Py_ssize_t>LEAST_SPAN))
        cdef int32_t* direct
        if self.span == 0:
            self.low = token - LEAST_SPAN // 2
        above = token - self.low
        below = self.low + self.span - 1 - token
        needed = min(above, below) + 1
        if needed > most:
            return self.leave_range()
        span = min(most, max(2 * needed, <uint64_t>LEAST_SPAN))
        start = 0 if above < below else span - self.span
        direct = <int32_t*>malloc(span * sizeof(int32_t))
        if direct == NULL:
            return -1
        prefer_large_pages(direct, span * sizeof(int32_t))
        memset(direct, -1, span * sizeof(int32_t))
        if self.span:
            memcpy(direct + start, self.direct, self.span * sizeof(int32_t))
        free(self.direct)
        self.direct = direct
        self.low -= start
        self.span = span
        return 0

    cdef int leave_range(self) noexcept nogil:
        """Move all groups from the table to a hash table; -1 if memory ran out"""
        cdef uint64_t i
        self.ranged = False
        if self.make_room():
            return -1
        for i in range(self.span):
            if self.direct[i] >= 0:
                self.place(self.low + i, self.direct[i])
        free(self.direct)
        self.direct = NULL
        return 0

    cdef inline Py_ssize_t home(self, uint64_t token) noexcept nogil:
        """The first slot to search for a token"""
        return <Py_ssize_t>((token if self.kind == BYTES_KEYS else mixed(token)) >> self.shift)

    cdef inline Py_ssize_t new_group(self, Py_ssize_t row) noexcept nogil:
        cdef Py_ssize_t group = self.count
        if self.settled:
            return -1
        self.first[group] = row
        if self.kind == BYTES_KEYS:
            memcpy(self.names + group * self.width,
                   <const char*>cnp.PyArray_DATA(self.keys) + row * self.width, self.width)
        self.count += 1
        return group

    # ---- the groups of a block of rows ----

    cdef int groups_of(self, Py_ssize_t start, Py_ssize_t rows,
                       Py_ssize_t* groups) noexcept nogil:
        """groups[i] = the group of row start + i, or -1 without a key; -1 if memory ran out

        Objects have groups_of_objects().
        """
        cdef uint64_t[ROWS_TOGETHER] tokens
        cdef Py_ssize_t done = 0
        if self.make_room():
            return -1
        self.tokens_of(start, rows, tokens)
        while self.ranged and done < rows:
            done = self.look_up(start, done, rows, tokens, groups)
            if done < rows and self.widen(tokens[done]):
                return -1
        if not self.ranged:
            self.look_up_hashed(start, rows, tokens, groups)
        return 0

    cdef const uint64_t* tokens_at(self, Py_ssize_t start, Py_ssize_t rows,
                                   uint64_t* room) noexcept nogil:
        """The tokens of integers, where they lie or in `room`; somebody may change those keys"""
        if self.width == 8:
            return <const uint64_t*>cnp.PyArray_DATA(self.keys) + start
        self.tokens_of(start, rows, room)
        return room

    cdef void tokens_of(self, Py_ssize_t start, Py_ssize_t rows, uint64_t* tokens) noexcept nogil:
        """tokens[i] = the key of row start + i in 64 bits, or its hash"""
        cdef const char* data = <const char*>cnp.PyArray_DATA(self.keys) + start * self.width
        cdef bint unsigned = self.kind == UNSIGNED_KEYS
        cdef Py_ssize_t i
        cdef double number
        if self.kind == BYTES_KEYS:
            for i in range(rows):
                tokens[i] = hash_of_bytes(data + i * self.width, self.width)
        elif self.kind == FLOAT_KEYS:
            for i in range(rows):
                number = (<const double*>data)[i] if self.width == 8 else (<const float*>data)[i]
                number = number + 0.0
                tokens[i] = NAN_TOKEN
                if number == number:
                    memcpy(&tokens[i], &number, 8)
        elif self.width == 8:
            memcpy(tokens, data, rows * 8)
        elif self.width == 4:
            for i in range(rows):
                tokens[i] = <uint64_t>(<const int32_t*>data)[i]
                if unsigned:
                    tokens[i] = (<const uint32_t*>data)[i]
        elif self.width == 2:
            for i in range(rows):
                tokens[i] = <uint64_t>(<const int16_t*>data)[i]
                if unsigned:
                    tokens[i] = (<const uint16_t*>data)[i]
        else:
            for i in range(rows):
                tokens[i] = <uint64_t>(<const int8_t*>data)[i]
                if unsigned:
                    tokens[i] = (<const uint8_t*>data)[i]

    cdef Py_ssize_t look_up(self, Py_ssize_t start, Py_ssize_t done, Py_ssize_t rows,
                            const uint64_t* tokens, Py_ssize_t* groups) noexcept nogil:
        """Groups of integers from row `done` on; the first row out of range, or `rows`"""
        cdef int32_t* direct = self.direct
        cdef uint64_t low = self.low, span = self.span, at
        cdef Py_ssize_t i
        for i in range(done, rows):
            prefetch(direct + (tokens[i] - low))
        for i in range(done, rows):
            at = tokens[i] - low
            if at >= span:
                if not self.settled:
                    return i
                groups[i] = -1
                continue
            if direct[at] < 0:
                direct[at] = <int32_t>self.new_group(start + i)
            groups[i] = direct[at]
        return rows

    cdef void look_up_hashed(self, Py_ssize_t start, Py_ssize_t rows, const uint64_t* tokens,
                             Py_ssize_t* groups) noexcept nogil:
        """Groups of tokens; -1 without a key"""
        cdef bint may_miss = self.kind == FLOAT_KEYS or self.kind == TIME_KEYS
        cdef bint by_bytes = self.kind == BYTES_KEYS
        cdef uint64_t missing = NAN_TOKEN if self.kind == FLOAT_KEYS else NAT_TOKEN
        cdef Py_ssize_t mask = self.slot_count - 1, width = self.width, i, at
        cdef const char* keys = <const char*>cnp.PyArray_DATA(self.keys) + start * width
        cdef Slot* slots = self.slots
        cdef Slot* slot
        for i in range(rows):
            groups[i] = self.home(tokens[i])
            prefetch(slots + groups[i])
        if by_bytes:
            for i in range(rows):       # most keys are compared with the first slot's only
                slot = slots + groups[i]
                if slot.group >= 0:
                    prefetch(self.names + slot.group * width)
                    prefetch(self.names + slot.group * width + width - 1)
        for i in range(rows):
            at = groups[i]
            groups[i] = -1
            if may_miss and tokens[i] == missing:
                continue
            while True:
                slot = slots + at
                if slot.group < 0:
                    slot.token = tokens[i]
                    slot.group = self.new_group(start + i)
                    break
                if slot.token == tokens[i] and (
                        not by_bytes
                        or memcmp(keys + i * width, self.names + slot.group * width, width) == 0):
                    break
                at = (at + 1) & mask
            groups[i] = slot.group

    cdef int groups_of_objects(self, Py_ssize_t start, Py_ssize_t rows,
                               Py_ssize_t* groups) except -1:
        """groups_of() for objects"""
        cdef PyObject** keys = <PyObject**>cnp.PyArray_DATA(self.keys) + start
        cdef PyObject* found
        cdef Py_ssize_t i
        cdef object key
        if self.make_room():
            raise MemoryError
        for i in range(rows):
            groups[i] = -1
            if keys[i] == NULL:         # NumPy may have this for None
                continue
            key = <object>keys[i]
            if key is None:
                continue
            found = PyDict_GetItemWithError(self.objects, key)
            if found != NULL:
                groups[i] = <object>found
            elif not is_missing(key):
                groups[i] = self.new_group(start + i)
                if groups[i] >= 0:
                    PyDict_SetItem(self.objects, key, groups[i])
        return 0


def key_numbers(cnp.ndarray keys, int kind):
    """The number of the key of each row, (n,), -1 without a key; the arguments of KeyTable."""
    cdef KeyTable table = KeyTable(keys, kind)
    cdef cnp.ndarray numbers = new_vector(table.rows, cnp.NPY_INTP)
    cdef Py_ssize_t* to = <Py_ssize_t*>cnp.PyArray_DATA(numbers)
    cdef Py_ssize_t start = 0, count
    cdef bint objects = kind == OBJECT_KEYS
    cdef int failed = 0
    cdef PyThreadState* thread = NULL if objects else release_gil(10.0 * table.rows)
    while start < table.rows and not failed:
        count = min(table.rows - start, <Py_ssize_t>ROWS_TOGETHER)
        if interrupted(10.0 * count):
            break
        if objects:
            _workers.look()     # a dict of keys needs the GIL all the time
            table.groups_of_objects(start, count, to + start)
        else:
            failed = table.groups_of(start, count, to + start)
        start += count
    take_gil(thread)
    if failed:
        raise MemoryError
    return numbers


# For mathwork.regression.batches: the kind of a NumPy dtype's keys.
key_kinds = {"i": SIGNED_KEYS, "b": UNSIGNED_KEYS, "u": UNSIGNED_KEYS, "f": FLOAT_KEYS,
             "m": TIME_KEYS, "M": TIME_KEYS, "S": BYTES_KEYS, "U": BYTES_KEYS, "O": OBJECT_KEYS}
