"""Rows of a batch over threads. No thread exists before the first call that asks for one.

Compiled, so that a call waits for its threads whatever comes: Ctrl-C and other asynchronous
exceptions are raised where the interpreter runs bytecode, thus in what is called from here, but
never between two statements here. For the same reason counters need no lock but the GIL.
"""
from cpython.pythread cimport (PyThread_acquire_lock, PyThread_allocate_lock, PyThread_free_lock,
                               PyThread_release_lock, PyThread_type_lock, WAIT_LOCK)

import builtins
import operator
import os
import sys
import threading

# What a thread that cannot start is refused with, in Python 3.13 also by a kind of its own. Not
# with what derives from these: that may be what a signal handler raises.
_NO_THREAD = (RuntimeError, MemoryError,
              getattr(builtins, "PythonFinalizationError", RuntimeError))


cdef class Pool:
    """Threads that run what is submitted. They end with the process, which does not wait for them.

    No ThreadPoolExecutor: an interrupt in its submit() can leave one of its locks held, at which
    the next call, or the end of the process, would wait for ever. Here no lock is taken by
    bytecode but in Thread.start(), and by nobody else.
    """

    cdef object tasks
    cdef readonly Py_ssize_t size

    def __cinit__(self):
        from queue import SimpleQueue       # 1 ms of import, for few

        self.tasks = SimpleQueue()

    def submit(self, run, *arguments):
        self.tasks.put((run, arguments))

    cdef grow(self, Py_ssize_t size):
        """Have at least `size` threads. One whose start is interrupted may be there uncounted."""
        while self.size < size:
            self.size += 1
            try:
                threading.Thread(target=serve, args=(self.tasks,), daemon=True,
                                 name=f"mathwork_{self.size - 1}").start()
            except BaseException:
                self.size -= 1
                raise


def checked_workers(workers):
    """`workers` as an int of at least 1."""
    workers = operator.index(workers)
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    return min(workers, sys.maxsize)


def serve(tasks):
    """Run one task after another; what they raise is theirs to tell."""
    while True:
        run, arguments = tasks.get()
        try:
            run(*arguments)
        except BaseException:
            pass
        del run, arguments      # which nobody else may need while this waits


cdef Pool _pool = None


def _forget_pool():
    """A forked child has the pool's object but not its threads."""
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def pool(size):
    """The shared threads, at least `size`."""
    global _pool
    cdef Pool made
    if _pool is None:
        made = Pool()
        if _pool is None:       # still: another thread, or a signal handler, may have come here
            _pool = made
    made = _pool
    made.grow(size)
    return made


cdef class Pieces:
    """The pieces of one call. A thread that calls this claims one after another, and runs it."""

    cdef object run
    cdef list bounds
    cdef list errors            # one a piece, None where it made none
    cdef Py_ssize_t count
    cdef Py_ssize_t claimed     # the first ones
    cdef Py_ssize_t left        # to wait for
    cdef PyThread_type_lock ended       # held until none is left

    def __cinit__(self, run, list bounds):
        self.run, self.bounds = run, bounds
        self.count = self.left = len(bounds) - 1
        self.errors = [None] * self.count
        self.ended = PyThread_allocate_lock()
        if self.ended == NULL:
            raise MemoryError
        PyThread_acquire_lock(self.ended, WAIT_LOCK)

    def __dealloc__(self):
        if self.ended != NULL:
            PyThread_free_lock(self.ended)

    def __call__(self):
        self.work()

    cdef work(self):
        cdef Py_ssize_t piece
        while self.claimed < self.count:
            piece = self.claimed
            self.claimed += 1
            try:
                self.run(self.bounds[piece], self.bounds[piece + 1])
            except BaseException as error:
                self.errors[piece] = error
                if is_interrupt(error):
                    self.give_up()
            self.left -= 1
            if self.left == 0:
                PyThread_release_lock(self.ended)

    cdef give_up(self):
        """Let nobody run what nobody has claimed."""
        self.left -= self.count - self.claimed
        self.claimed = self.count

    cdef wait(self):
        """Wait for what others have claimed, in C, where nothing is raised."""
        if self.left:
            with nogil:
                PyThread_acquire_lock(self.ended, WAIT_LOCK)


cdef bint is_interrupt(error) noexcept:
    """Whether it stops more than the piece in which it was raised: Ctrl-C does"""
    return not isinstance(error, Exception)


def over_rows(run, n_rows, workers):
    """Call run(start, stop) for `workers` even pieces of range(n_rows), in as many threads.

    The caller's thread is one of them, and the only one where no other can start. Nothing is
    raised here before all pieces have ended: an interrupt, which gives up pieces that have not
    begun, or else the error of the first piece that has one. There are never more pieces than
    rows, nor than four a processor, past which threads only cost.
    """
    workers = max(1, min(workers, n_rows, 4 * (os.cpu_count() or 1)))
    cdef Pieces pieces = Pieces(run, [n_rows * piece // workers for piece in range(workers + 1)])
    interrupt = None
    try:
        for other in range(1, workers):
            pool(other).submit(pieces)
    except BaseException as error:
        if type(error) not in _NO_THREAD:
            interrupt = error
            pieces.give_up()
    pieces.work()
    pieces.wait()
    pieces.run = None           # a thread that comes late, to find nothing, keeps no array alive
    errors = [error for error in [interrupt, *pieces.errors] if error is not None]
    if errors:
        raise min(errors, key=lambda error: not is_interrupt(error))
