"""Rows of a batch over threads, and the interrupts of long calls.

No thread exists before the first call that asks for one. The module is compiled, so that a call
always waits for its threads. Ctrl-C and other asynchronous exceptions are raised where the
interpreter runs bytecode: in functions called from here, but never between two statements here.
For the same reason counters need no lock but the GIL.
"""
from cpython.object cimport PyObject
from cpython.pythread cimport (PyThread_acquire_lock, PyThread_allocate_lock, PyThread_free_lock,
                               PyThread_release_lock, PyThread_type_lock, WAIT_LOCK)

import builtins
import os
import sys
import threading
from _queue import SimpleQueue      # not from queue, which takes 1 ms to import
from _thread import start_new_thread

from mathwork._interrupts import turn

cdef extern from "pythread.h" nogil:
    ctypedef enum PyLockStatus:
        PY_LOCK_ACQUIRED
    PyLockStatus PyThread_acquire_lock_timed(PyThread_type_lock lock, long long microseconds,
                                             int returns_for_signals)

cdef extern from *:
    """
    #include "_threads.h"
    THREAD_LOCAL PyObject *at_work = NULL;
    """
    PyObject* at_work               # the Pieces of which this thread runs one, or NULL

cdef enum:
    WAIT_MICROSECONDS = 50000       # between two looks of a thread that waits for others

from mathwork._arguments import count, whole

# The errors of a thread that cannot start; Python 3.13 also has a kind of its own. Subclasses of
# these do not count: a signal handler may raise one.
_NO_THREAD = (RuntimeError, MemoryError,
              getattr(builtins, "PythonFinalizationError", RuntimeError))


cdef class Pool:
    """Threads that run submitted tasks. They end with the process, which does not wait for them.

    It is no ThreadPoolExecutor: an interrupt in its submit() can leave one of its locks held. Then
    the next call, or the end of the process, would wait for ever. Nor are its threads started by
    threading.Thread.start(), which waits for the new thread: one that has no memory to begin with
    never answers. Here no bytecode takes a lock. Nor is anything imported when it is first needed:
    in a child that is forked meanwhile, that import would never end.
    """

    cdef object tasks
    cdef readonly Py_ssize_t size

    def __cinit__(self):
        self.tasks = SimpleQueue()

    def submit(self, run, *arguments):
        self.tasks.put((run, arguments))

    cdef grow(self, Py_ssize_t size):
        """Have at least `size` threads. If a start is interrupted, its thread may run uncounted."""
        while self.size < size:
            self.size += 1
            try:
                start_new_thread(serve, (self.tasks, f"mathwork_{self.size - 1}"))
            except BaseException:
                self.size -= 1
                raise


def checked_workers(workers):
    """Return `workers` as an int of at least 1."""
    return count(min(whole(workers, "workers"), sys.maxsize), "workers")


def most_workers():
    """Return how many threads a call can have: more would only cost time."""
    return 4 * (os.cpu_count() or 1)


def serve(tasks, name):
    """Run one task after another. Each task reports its own errors."""
    try:
        threading.current_thread().name = name      # for whoever lists the threads
    except BaseException:
        pass
    while True:
        try:
            run, arguments = tasks.get()
            run(*arguments)
        except BaseException:
            pass
        run = arguments = None      # keep nothing alive while waiting


# ---- what all threads share ----

cdef Pool _pool = None
cdef Py_ssize_t _forks = 0          # how often this process and those before it forked


def _forget_pool():
    """A forked child has the pool's object but not its threads, nor those of calls under way."""
    global _pool, _forks
    _pool = None
    _forks += 1


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


# ---- one call ----

cdef inline Pieces pieces_at_work():
    """Return the Pieces of which this thread runs one, or None"""
    return None if at_work == NULL else <Pieces>at_work


class GivenUp(BaseException):
    """Ends a piece whose call another thread has ended with an error of its own."""


def look():
    """Raise what a signal handler or another thread raises in this one; let other threads run.

    Kernels call this every 0.05 s: see kernels/base/_interrupts.h. Signal handlers run in the main
    thread alone. Other threads learn from their Pieces that the call shall end.
    """
    cdef Pieces pieces = pieces_at_work()
    try:
        turn()
    except BaseException as error:
        while pieces is not None:
            pieces.raised = error
            pieces = pieces.outer
        raise
    while pieces is not None:
        if pieces.interrupt is not None:
            raise GivenUp
        pieces = pieces.outer


cdef class Pieces:
    """The pieces of one call. A thread that calls this claims and runs one piece after another."""

    cdef object run
    cdef list bounds
    cdef list errors            # one for each piece, None if it raised nothing
    cdef Py_ssize_t count
    cdef Py_ssize_t claimed     # the number of claimed pieces, from the first on
    cdef Py_ssize_t left        # the number of pieces to wait for
    cdef Py_ssize_t forks       # of the process, when this began
    cdef object interrupt       # the error that ended the call, or None
    cdef object raised          # what a look() raised in one of its threads, or None
    cdef Pieces outer           # of the call in a piece of which this one is made, or None
    cdef PyThread_type_lock ended       # held until no piece is left

    def __cinit__(self, run, list bounds):
        self.run, self.bounds, self.forks = run, bounds, _forks
        self.outer = pieces_at_work()
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
        global at_work
        cdef PyObject* before = at_work
        cdef Py_ssize_t piece
        at_work = <PyObject*>self
        while self.claimed < self.count:
            piece = self.claimed
            self.claimed += 1
            try:
                self.run(self.bounds[piece], self.bounds[piece + 1])
            except BaseException as error:
                self.note(piece, error)
            self.left -= 1
            if self.left == 0:
                PyThread_release_lock(self.ended)
        at_work = before

    cdef note(self, Py_ssize_t piece, error):
        """Keep the error of a piece. What ended the call hides what follows from it."""
        if error is self.raised or is_interrupt(error):
            self.end(error)
        elif self.interrupt is None:
            self.errors[piece] = error

    cdef end(self, error):
        """Give up the pieces that no thread has claimed; the others end at their next look"""
        if self.interrupt is None:
            self.interrupt = error
        self.left -= self.count - self.claimed
        self.claimed = self.count

    cdef wait(self):
        """Wait for the pieces that other threads have claimed"""
        cdef PyLockStatus status
        while self.left and self.forks == _forks:
            with nogil:
                status = PyThread_acquire_lock_timed(self.ended, WAIT_MICROSECONDS, True)
            if status == PY_LOCK_ACQUIRED:
                return
            try:
                look()
            except BaseException as error:
                self.end(error)

    cdef finish(self):
        """Raise the first error: that which ended the call, or that of the first piece with one"""
        self.run = self.raised = None       # a late thread finds no piece, and keeps no array alive
        if self.interrupt is not None:
            raise self.interrupt
        for error in self.errors:
            if error is not None:
                raise error
        if self.left and self.forks != _forks:
            raise RuntimeError("this process was forked in the middle of a call with workers=: "
                               "threads of the parent have its other rows; call again")


cdef bint is_interrupt(error) noexcept:
    """Return whether error stops more than the piece that raised it, as Ctrl-C does"""
    return not isinstance(error, Exception)


def over_rows(run, n_rows, workers):
    """Call run(start, stop) for `workers` even pieces of range(n_rows), in as many threads.

    The caller's thread is one of them, and the only one if no other can start. All pieces end
    before anything is raised. An interrupt comes first; it gives up the pieces that have not begun,
    and the others end at their next look(). Otherwise the error of the first piece with an error is
    raised. There are never more pieces than rows, nor more than four for each processor: further
    threads only cost time.
    """
    workers = max(1, min(workers, n_rows, most_workers()))
    edges = []
    for piece in range(workers + 1):
        edges.append(n_rows * piece // workers)
    cdef Pieces pieces = Pieces(run, edges)
    try:
        for other in range(1, workers):
            pool(other).submit(pieces)
    except BaseException as error:
        if type(error) not in _NO_THREAD:
            pieces.end(error)
    pieces.work()
    pieces.wait()
    pieces.finish()
