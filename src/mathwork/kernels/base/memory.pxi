# Working memory that starts with a cache line.

cdef enum:
    ALIGNMENT = 64          # a cache line
    STACK_BYTES = 16384     # of a working set: more comes from the heap


cdef inline size_t aligned(size_t offset) noexcept nogil:
    """The next start of a cache line, for an offset or an address"""
    return (offset + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


cdef inline char* working_set(Py_ssize_t size, char* local, char** heap) noexcept nogil:
    """`size` aligned bytes in local if they fit, else in a new heap; NULL where memory ran out"""
    heap[0] = NULL
    if size > STACK_BYTES:
        local = heap[0] = <char*>malloc(size + ALIGNMENT)
        if local == NULL:
            return NULL
    return <char*>aligned(<size_t>local)
