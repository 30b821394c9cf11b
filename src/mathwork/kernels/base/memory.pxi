# Working memory: one allocation a call, cut into pieces.
#
#   take             the next piece
#   measured         the bytes that a layout takes
#   hand_out         the pieces of a layout in memory of that size
#   working_memory   all of this in new memory
#   working_set      a few bytes on the stack, or many on the heap
#
# A layout is a function that takes all pieces of a job, one after the other. It runs twice: the
# first time there is no memory and it only measures, the second time it sets the pointers of the
# job. So a size never stands beside the pieces that make it up.
#
# The address sanitizer sees a red zone behind every piece: see tools/sanitize.

cdef extern from * nogil:
    """
    #if defined(__has_feature)
    #  define HAS_FEATURE(name) __has_feature(name)
    #else
    #  define HAS_FEATURE(name) 0
    #endif
    #if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
    #  include <sanitizer/asan_interface.h>
    #  define RED_ZONE 64
    #  define forbid(start, size) ASAN_POISON_MEMORY_REGION(start, size)
    #else
    #  define RED_ZONE 0
    #  define forbid(start, size) ((void)0)
    #endif
    """
    enum:
        RED_ZONE        # bytes
    void forbid(void* start, size_t size)

cdef enum:
    ALIGNMENT = 64
    STACK_BYTES = 16384         # of a working set: one row of most networks, a small matrix

cdef struct Arena:
    size_t start        # an address; 0: the layout is only measured
    size_t used         # bytes
    bint too_large      # for any machine

ctypedef void (*Layout)(void* job, Arena* arena) noexcept nogil


cdef inline size_t aligned(size_t offset) noexcept nogil:
    """The next start of a cache line, for an offset or an address"""
    return (offset + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


# ---- pieces ----

cdef inline void* take(Arena* arena, double count, size_t size) noexcept nogil:
    """`count` items of `size` bytes, in cache lines of their own

    The count is a double, because a product of dimensions may not fit in 64 bits.
    """
    cdef size_t piece = arena.start + arena.used, bytes, step
    if not count < 2.0 ** 48:       # 64 bits hold the bytes of many such pieces
        arena.too_large = True
        count = 0
    bytes = <size_t>count * size
    step = aligned(bytes) + RED_ZONE
    arena.used += step
    if arena.start:
        forbid(<void*>(piece + bytes), step - bytes)
    return <void*>piece


cdef inline double* doubles(Arena* arena, double count) noexcept nogil:
    return <double*>take(arena, count, sizeof(double))


cdef inline Py_ssize_t* indices(Arena* arena, double count) noexcept nogil:
    return <Py_ssize_t*>take(arena, count, sizeof(Py_ssize_t))


# ---- layouts ----

cdef inline Py_ssize_t measured(Layout layout, void* job) noexcept nogil:
    """The bytes that the layout takes; -1 where no machine has them"""
    cdef Arena arena
    arena.start = arena.used = 0
    arena.too_large = False
    layout(job, &arena)
    return -1 if arena.too_large else <Py_ssize_t>arena.used


cdef inline bint hand_out(Layout layout, void* job, void* memory, Py_ssize_t size) noexcept nogil:
    """Set the pointers of the job; False where the layout does not end as it was measured"""
    cdef Arena arena
    arena.start, arena.used, arena.too_large = <size_t>memory, 0, False
    layout(job, &arena)
    return <Py_ssize_t>arena.used == size


cdef inline void* working_memory(Layout layout, void* job) noexcept nogil:
    """New memory with all pieces of the job, to be freed; NULL where there is none"""
    cdef Py_ssize_t size = measured(layout, job)
    cdef void* memory = malloc(size + ALIGNMENT) if size >= 0 else NULL
    if memory != NULL and not hand_out(layout, job, <void*>aligned(<size_t>memory), size):
        free(memory)            # before anything is written outside of it
        return NULL
    return memory


cdef inline char* working_set(Py_ssize_t size, char* local, char** heap) noexcept nogil:
    """`size` aligned bytes in `local` if they fit, else in a new heap; NULL where memory ran out"""
    heap[0] = NULL
    if size > STACK_BYTES or RED_ZONE:
        local = heap[0] = <char*>malloc(size + ALIGNMENT)
        if local == NULL:
            return NULL
    return <char*>aligned(<size_t>local)
