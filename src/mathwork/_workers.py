"""Rows of a batch over threads. No thread exists before the first call that asks for one."""
import itertools
import os
import threading

_lock = threading.Lock()
_pool = None
_pool_size = 0


def _forget_pool():
    """A forked child has the pool's object but not its threads."""
    global _lock, _pool, _pool_size
    _lock, _pool, _pool_size = threading.Lock(), None, 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def pool(size):
    """The shared thread pool, with at least `size` threads."""
    global _pool, _pool_size
    with _lock:
        if _pool_size < size:
            from concurrent.futures import ThreadPoolExecutor  # 7 ms of import, for few

            # The smaller pool's threads end when its last task does.
            _pool, _pool_size = ThreadPoolExecutor(size, thread_name_prefix="mathwork"), size
        return _pool


def over_rows(run, n_rows, workers):
    """Call run(start, stop) for `workers` even pieces of range(n_rows), one a thread.

    The caller's thread takes the first piece. An exception in any piece is raised here, after
    all of them have ended. There are never more pieces than rows, nor than four a processor,
    past which threads only cost.
    """
    workers = max(1, min(workers, n_rows, 4 * (os.cpu_count() or 1)))
    bounds = [n_rows * piece // workers for piece in range(workers + 1)]
    tasks = [pool(workers - 1).submit(run, start, stop)
             for start, stop in itertools.pairwise(bounds[1:])]
    try:
        run(0, bounds[1])
    finally:
        errors = [task.exception() for task in tasks]
    for error in errors:
        if error is not None:
            raise error
