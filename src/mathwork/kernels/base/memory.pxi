# Working memory, aligned to cache lines.

cdef enum:
    ALIGNMENT = 64          # bytes of a cache line
    STACK_BYTES = 16384     # largest working set on the stack; a larger one is on the heap


cdef inline size_t aligned(size_t offset) noexcept nogil:
    """Return an offset or an address rounded up to the next cache line"""
    return (offset + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


cdef inline char* working_set(Py_ssize_t size, char* local, char** heap) noexcept nogil:
    """Return `size` aligned bytes, in local or in a new heap; NULL if memory ran out"""
    heap[0] = NULL
    if size > STACK_BYTES:
        local = heap[0] = <char*>malloc(size + ALIGNMENT)
        if local == NULL:
            return NULL
    return <char*>aligned(<size_t>local)
