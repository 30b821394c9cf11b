# Long calls release the GIL, and look up now and then: see _interrupts.h.
#
#     cdef PyThreadState* state = release_gil(work)     # about as many multiply-adds
#     for row in range(rows):
#         if interrupted(work_of_a_row):
#             break
#         ...
#     take_gil(state)                                   # raises what the look raised
#
# An interrupted kernel returns at once, and nobody reads its results. Memory is freed before
# take_gil(), and what a kernel did not write is not used as an index behind it.

cdef extern from "_interrupts.h":
    ctypedef struct PyThreadState
    PyObject* look
    PyThreadState* release_gil(double work)
    int take_gil(PyThreadState* state) except -1
    bint interrupted(double work) noexcept nogil
    double LOOK_WORK

cdef object look_of_workers = _workers.look
look = <PyObject*>look_of_workers


cdef inline bint next_piece(Py_ssize_t* start, Py_ssize_t* end, Py_ssize_t stop,
                            double work) noexcept nogil:
    """Move start:end to the slices from `end` on that go between two looks; False behind the last

    Each slice has so much work. Pieces are multiples of 64, so that registers are whole.
    """
    cdef double most
    start[0] = end[0]
    if start[0] >= stop:
        return False
    if work * (stop - start[0]) <= LOOK_WORK:
        end[0] = stop
        return True
    most = LOOK_WORK / work
    end[0] = min(stop, start[0] + (<Py_ssize_t>most // 64 * 64 if most >= 64 else 1))
    return not interrupted(work * (end[0] - start[0]))


cdef inline int give_turn(Py_ssize_t i) except -1:
    """Look up now and then in a loop over i that holds the GIL, and makes an object each time"""
    if i % 1024 == 1023:
        _workers.look()
    return 0
