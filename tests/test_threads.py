"""Calls from many threads, workers, forks; and that no thread exists before it is asked for."""
import concurrent.futures
import os
import signal
import threading
import time
import weakref

import numpy as np
import pytest
from helpers import raises, run_python, same_bits

from mathwork import _workers
from mathwork.matrix import matmul, matvec
from mathwork.nn import Network

THREADS = 8


def at_once(call):
    """What call(index) gives on each of THREADS threads that start together."""
    barrier = threading.Barrier(THREADS)

    def run(index):
        barrier.wait()
        return call(index)
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


@pytest.mark.parametrize("workers", [1, 2])
def test_threads_share_a_network(dtype, rng, workers):
    net = Network.he((6, 65, 33, 4), activation="tanh", output="softmax", dtype=dtype, rng=0)
    batches = [rng.normal(size=(rows, 6)).astype(dtype) for rows in (1, 13, 96, 97, 200, 500)]
    expected = [net(x) for x in batches]

    def call(index):
        for step in range(30):
            which = (index + step) % len(batches)
            if not same_bits(net(batches[which], workers=workers), expected[which]):
                return False
        return True
    assert at_once(call) == [True] * THREADS


def test_threads_share_the_products(dtype, rng):
    left = rng.normal(size=(120, 120)).astype(dtype)
    product, vector = matmul(left, left), matvec(left, left[0])
    assert all(at_once(lambda _: all(same_bits(matmul(left, left), product)
                                     and same_bits(matvec(left, left[0]), vector)
                                     for _ in range(30))))


def test_threads_may_write_parts_of_one_result(dtype, rng):
    net = Network.he((6, 33, 4), dtype=dtype, rng=0)
    x = rng.normal(size=(THREADS * 50, 6)).astype(dtype)
    y = np.empty((THREADS * 50, 4), dtype)
    at_once(lambda i: net(x[i * 50:i * 50 + 50], out=y[i * 50:i * 50 + 50]))
    assert same_bits(y, net(x))


def test_other_threads_run_during_a_long_call():
    # A call long enough to hold the interpreter for a while would stop the counting.
    left = np.ones((900, 900))
    counted, stop = 0, threading.Event()

    def count():
        nonlocal counted
        while not stop.is_set():
            counted += 1
            time.sleep(0)
    thread = threading.Thread(target=count)
    thread.start()
    try:
        while not counted:
            time.sleep(0.001)
        before = counted
        matmul(left, left)
        during = counted - before
    finally:
        stop.set()
        thread.join()
    assert during > 0


# ---- pieces ----

@pytest.mark.parametrize("n_rows", [0, 1, 2, 3, 7, 100])
@pytest.mark.parametrize("workers", [1, 2, 3, 4, 1000])
def test_pieces_cover_every_row_once(n_rows, workers):
    pieces = []
    _workers.over_rows(lambda start, stop: pieces.append((start, stop)), n_rows, workers)
    rows = [row for start, stop in sorted(pieces) for row in range(start, stop)]
    assert rows == list(range(n_rows))
    assert len(pieces) <= max(1, min(n_rows, workers))
    sizes = [stop - start for start, stop in pieces]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("failing", range(4))
def test_an_exception_in_a_piece_is_raised_after_all_pieces_ended(failing):
    ended = []

    def run(start, stop):
        if start == failing:
            raise LookupError(f"piece {start}")
        time.sleep(0.01)
        ended.append(start)
    with raises(LookupError, f"piece {failing}"):
        _workers.over_rows(run, 4, 4)
    assert sorted(ended) == [piece for piece in range(4) if piece != failing]


def test_workers_are_real_threads():
    threads = set()

    def run(start, stop):
        threads.add(threading.current_thread().name)
        time.sleep(0.02)
    _workers.over_rows(run, 3, 3)
    assert threading.current_thread().name in threads
    assert len(threads) == 3
    assert all(name.startswith("mathwork") for name in threads
               if name != threading.current_thread().name)


class Queue:
    """A pool whose threads never come, or only after the call."""

    def __init__(self, error=None):
        self.tasks, self.error = [], error

    def submit(self, task):
        self.tasks.append(task)         # as an executor does, before it starts a thread
        if self.error is not None:
            raise self.error


@pytest.fixture(params=[None, RuntimeError("can't start new thread"), MemoryError()])
def queue(request, monkeypatch):
    made = Queue(request.param)
    monkeypatch.setattr(_workers, "pool", lambda size: made)
    return made


def test_the_caller_does_what_no_thread_comes_for(queue):
    pieces = []
    _workers.over_rows(lambda start, stop: pieces.append((start, stop)), 10, 4)
    assert pieces == [(0, 2), (2, 5), (5, 7), (7, 10)]


def test_a_thread_that_comes_late_finds_nothing_to_do(queue):
    pieces = []

    def run(start, stop):
        pieces.append(start)
    alive = weakref.ref(run)
    _workers.over_rows(run, 4, 4)
    del run
    assert queue.tasks and alive() is None      # nor does it keep anything
    for task in queue.tasks:
        task()
    assert pieces == [0, 1, 2, 3]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interrupt_gives_up_what_has_not_begun(queue, interrupt):
    begun = []

    def run(start, stop):
        begun.append(start)
        if start == 2:
            raise interrupt
    with raises(interrupt, ""):
        _workers.over_rows(run, 5, 5)
    assert begun == [0, 1, 2]


@pytest.mark.parametrize("interrupted", range(3))
def test_an_interrupt_is_raised_before_errors_and_of_errors_the_first(queue, interrupted):
    def run(start, stop):
        raise KeyboardInterrupt if start == interrupted else LookupError(f"piece {start}")
    with raises(KeyboardInterrupt, ""):
        _workers.over_rows(run, 3, 3)
    interrupted = None
    with raises(LookupError, "piece 0"):
        _workers.over_rows(run, 3, 3)


@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeoutError, RecursionError])
def test_an_interrupt_while_threads_start(monkeypatch, error):
    monkeypatch.setattr(_workers, "pool", lambda size: Queue(error()))
    with raises(error, ""):
        _workers.over_rows(lambda start, stop: None, 3, 3)


def test_pieces_may_share_their_rows_in_turn():
    # The outer pieces leave no thread of the pool for the inner ones, and must not wait for one.
    _workers._forget_pool()
    rows, barrier = [], threading.Barrier(4, timeout=30)

    def outer(start, stop):
        barrier.wait()
        _workers.over_rows(lambda first, last: rows.extend(range(start + first, start + last)),
                           stop - start, 4)
    _workers.over_rows(outer, 100, 4)
    assert sorted(rows) == list(range(100))


# ---- processes ----

def test_no_thread_exists_at_import_nor_for_one_worker():
    code = """
import threading, os, time
import mathwork
net = mathwork.nn.Network.he((4, 8, 2), rng=0)
net([[1, 2, 3, 4]] * 100)
print(threading.active_count(), len(os.listdir("/proc/self/task")) if os.path.isdir("/proc") else 1)
net([[1, 2, 3, 4]] * 100, workers=3)
while threading.active_count() < 3:     # a thread counts once it has begun
    time.sleep(0.01)
print(threading.active_count())
"""
    # NumPy's own BLAS threads are told not to start.
    exit_code, out, err = run_python(code, OPENBLAS_NUM_THREADS="1")
    assert (exit_code, err) == (0, "")
    before, tasks, after = map(int, out.split())
    assert (before, tasks, after) == (1, 1, 3)


def test_a_process_that_used_workers_ends():
    code = """
import numpy as np, mathwork
net = mathwork.nn.Network.he((4, 64, 2), rng=0)
net(np.ones((10000, 4)), workers=4)
print("ends")
"""
    assert run_python(code, timeout=30) == (0, "ends\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_workers_after_a_fork():
    code = """
import os, warnings, numpy as np, mathwork
warnings.simplefilter("ignore", DeprecationWarning)     # Python 3.12: threads and fork
net = mathwork.nn.Network.he((4, 64, 2), rng=0)
x = np.random.default_rng(0).normal(size=(1000, 4))
expected = net(x, workers=2)
for _ in range(5):
    child = os.fork()
    if child == 0:
        os._exit(0 if net(x, workers=2).tobytes() == expected.tobytes() else 1)
    assert os.waitpid(child, 0)[1] == 0
assert net(x, workers=3).tobytes() == expected.tobytes()
"""
    assert run_python(code, timeout=30) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forks_while_another_thread_makes_its_first_call():
    # What the other thread holds at that moment, such as the lock of an import, the child has for
    # ever.
    code = """
import os, random, threading, time, warnings, numpy as np
from mathwork import _workers
from mathwork.nn import Network
warnings.simplefilter("ignore", DeprecationWarning)     # Python 3.12: threads and fork
net = Network.he((4, 64, 2), rng=0)
x = np.random.default_rng(0).normal(size=(2000, 4)).astype(np.float32)
expected = net(x).tobytes()

def forks():
    done = []
    threading.Thread(target=lambda: done.append(net(x, workers=3).tobytes())).start()
    end = time.perf_counter() + random.random() * 0.001
    while time.perf_counter() < end:
        pass
    child = os.fork()
    if child == 0:
        os._exit(0 if net(x, workers=2).tobytes() == expected else 1)
    assert os.waitpid(child, 0)[1] == 0
    while not done:
        time.sleep(0.001)
    assert done == [expected]

for _ in range(100):
    child = os.fork()           # in which no thread has been, nor any import of a first call
    if child == 0:
        forks()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
print("ends")
"""
    assert run_python(code, timeout=120) == (0, "ends\n", "")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals as POSIX has them")
def test_a_fork_in_the_middle_of_a_call():
    code = """
import os, signal, warnings, numpy as np
from mathwork.nn import Network
warnings.simplefilter("ignore", DeprecationWarning)
net = Network.he((32, 64, 64, 8), activation="tanh", rng=0)
x = np.ones((3_000_000, 32), np.float32)
children = []

def fork(number, frame):
    children.append(os.fork())

signal.signal(signal.SIGALRM, fork)
signal.setitimer(signal.ITIMER_REAL, 0.1)
try:
    y = net(x, workers=3)
except RuntimeError as error:
    assert children == [0] and "forked in the middle of a call" in str(error)
    y = net(x[:1000], workers=2)
assert y[:1000].tobytes() == net(x[:1000]).tobytes()
if children != [0]:
    assert os.waitpid(children[0], 0)[1] == 0
    print("ends")
"""
    assert run_python(code, timeout=120) == (0, "ends\n", "")


def test_memory_that_runs_out_while_threads_start():
    pytest.importorskip("_testcapi")
    code = """
import _testcapi, numpy as np
from mathwork import _workers
from mathwork.matrix import rref

A = np.random.default_rng(0).normal(size=(300, 4, 5))
expected = rref(A, workers=3).matrix.tobytes()
failed = 0
for first in range(100):
    _workers._forget_pool()
    _testcapi.set_nomemory(first, first + 1)        # this allocation fails
    try:
        found = rref(A, workers=3).matrix.tobytes()
    except MemoryError:
        failed += 1
        found = expected
    finally:
        _testcapi.remove_mem_hooks()
    assert found == expected
assert failed
assert rref(A, workers=3).matrix.tobytes() == expected
print("ends")
"""
    exit_code, out, _ = run_python(code, timeout=120)
    assert (exit_code, out) == (0, "ends\n")
