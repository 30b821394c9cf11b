"""Rows of a batch over threads. No thread exists before the first call that asks for one.

The module is compiled, so that a call always waits for its threads. Ctrl-C and other asynchronous
exceptions are raised where the interpreter runs bytecode: in functions called from here, but never
between two statements here. For the same reason counters need no lock but the GIL.
"""
from cpython.pythread cimport (PyThread_acquire_lock, PyThread_allocate_lock, PyThread_free_lock,
                               PyThread_release_lock, PyThread_type_lock, WAIT_LOCK)

import builtins
import os
import sys
import threading

from mathwork._arguments import count, whole

# The errors of a thread that cannot start; Python 3.13 also has a kind of its own. Subclasses of
# these do not count: a signal handler may raise one.
_NO_THREAD = (RuntimeError, MemoryError,
              getattr(builtins, "PythonFinalizationError", RuntimeError))


cdef class Pool:
    """Threads that run submitted tasks. They end with the process, which does not wait for them.

    It is no ThreadPoolExecutor: an interrupt in its submit() can leave one of its locks held. Then
    the next call, or the end of the process, would wait for ever. Here bytecode takes a lock only
    in Thread.start(), and nobody else takes that lock.
    """

    cdef object tasks
    cdef readonly Py_ssize_t size

    def __cinit__(self):
        from queue import SimpleQueue       # 1 ms of import, and few calls need it

        self.tasks = SimpleQueue()

    def submit(self, run, *arguments):
        self.tasks.put((run, arguments))

    cdef grow(self, Py_ssize_t size):
        """Have at least `size` threads. If a start is interrupted, its thread may run uncounted."""
        while self.size < size:
            self.size += 1
            try:
                threading.Thread(target=serve, args=(self.tasks,), daemon=True,
                                 name=f"mathwork_{self.size - 1}").start()
            except BaseException:
                self.size -= 1
                raise


def checked_workers(workers):
    """Return `workers` as an int of at least 1."""
    return count(min(whole(workers, "workers"), sys.maxsize), "workers")


def most_workers():
    """Return how many threads a call can have: more would only cost time."""
    return 4 * (os.cpu_count() or 1)


def serve(tasks):
    """Run one task after another. Each task reports its own errors."""
    while True:
        run, arguments = tasks.get()
        try:
            run(*arguments)
        except BaseException:
            pass
        del run, arguments      # keep nothing alive while waiting


cdef Pool _pool = None


def _forget_pool():
    """A forked child has the pool's object but not its threads."""
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def pool(size):
    """Return the shared threads, at least `size`."""
    global _pool
    cdef Pool made
    if _pool is None:
        made = Pool()
        if _pool is None:       # check again: another thread or a signal handler may have made it
            _pool = made
    made = _pool
    made.grow(size)
    return made


cdef class Pieces:
    """The pieces of one call. A thread that calls this claims and runs one piece after another."""

    cdef object run
    cdef list bounds
    cdef list errors            # one for each piece, None if it raised nothing
    cdef Py_ssize_t count
    cdef Py_ssize_t claimed     # the number of claimed pieces, from the first on
    cdef Py_ssize_t left        # the number of pieces to wait for
    cdef PyThread_type_lock ended       # held until no piece is left

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
        """Give up the pieces that no thread has claimed."""
        self.left -= self.count - self.claimed
        self.claimed = self.count

    cdef wait(self):
        """Wait for the pieces that other threads have claimed, in C, where nothing is raised."""
        if self.left:
            with nogil:
                PyThread_acquire_lock(self.ended, WAIT_LOCK)


cdef bint is_interrupt(error) noexcept:
    """Return whether error stops more than the piece that raised it, as Ctrl-C does"""
    return not isinstance(error, Exception)


def over_rows(run, n_rows, workers):
    """Call run(start, stop) for `workers` even pieces of range(n_rows), in as many threads.

    The caller's thread is one of them, and the only one if no other can start. All pieces end
    before anything is raised. An interrupt comes first; it gives up the pieces that have not begun.
    Otherwise the error of the first piece with an error is raised. There are never more pieces than
    rows, nor more than four for each processor: further threads only cost time.
    """
    workers = max(1, min(workers, n_rows, most_workers()))
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
    pieces.run = None           # a late thread finds no piece, and keeps no array alive
    errors = [error for error in [interrupt, *pieces.errors] if error is not None]
    if errors:
        raise min(errors, key=lambda error: not is_interrupt(error))
