"""Every call with workers=, left by one way out, for the tests: `python ways_out.py "a signal"`

Exits with an AssertionError unless every piece had ended when its call ended.
"""
import atexit
import ctypes
import gc
import os
import signal
import sys
import threading
import time
import tracemalloc

import numpy as np

from mathwork import _workers
from mathwork.matrix import ref, rref
from mathwork.nn import Network
from mathwork.orbit import KeplerOrbit
from mathwork.regression import fit_line

SLOW = 0.1                      # seconds for a piece in another thread, twice in the next
OTHERS = 2                      # threads
over_rows = _workers.over_rows
caller = threading.current_thread()
begun = threading.Event()       # set once all other threads have a piece; one for each call
sent = threading.Event()        # set once their interrupt has been sent, however late
sent.set()
at_work = 0                     # pieces in other threads


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape)


CALLS = {
    "rref": lambda: rref(numbers(64, 30, 31), workers=3).matrix,
    "ref": lambda: ref(numbers(500, 4, 5).astype(np.float32), workers=3).matrix,
    "Network": lambda: Network.he((4, 8, 2), rng=0, dtype=np.float64)(
        numbers(500, 4), workers=3),
    "Network, out": lambda: Network.he((4, 8, 2), rng=0, dtype=np.float64)(
        numbers(500, 4), out=np.empty((500, 2)), workers=3),
    "fit_line": lambda: fit_line(numbers(500, 20), numbers(500, 20), workers=3).slope,
    "fit_line, weights": lambda: fit_line(numbers(50), numbers(2, 30, 50)[:, ::2],
                                          weights=numbers(50) ** 2, workers=3).slope,
    "position": lambda: KeplerOrbit([1e7, 2e7], 0.1, mu=4e14).position(numbers(500), workers=3),
    "velocity": lambda: KeplerOrbit([1e7, 2e7], 0.1, mu=4e14).velocity(numbers(500), workers=3),
}


def watched(run, n_rows, workers):
    """over_rows() with a caller that waits for pieces of other threads"""
    def piece(start, stop):
        global at_work
        if threading.current_thread() is caller:
            begun.wait()
            run(start, stop)
            return
        at_work += 1
        try:
            place = at_work
            if place == OTHERS:
                begun.set()
            sent.wait()
            time.sleep(SLOW * place)
            run(start, stop)
        finally:
            at_work -= 1

    over_rows(piece, n_rows, workers)


def result_of(call, shared=watched):
    """Return the exception that the call raises, else None; no piece may be at work then"""
    begun.clear()
    _workers.over_rows = shared
    try:
        call()
    except BaseException as error:
        assert at_work == 0, f"{at_work} pieces are at work after {error!r}"
        return error
    assert at_work == 0
    return None


def plain(call):
    """Return the result of the call as bytes"""
    _workers.over_rows = over_rows
    return call().tobytes()


def alone(call):
    """Return the same from one piece"""
    _workers.over_rows = lambda run, n_rows, workers: run(0, n_rows)
    return call().tobytes()


def later(run):
    threading.Thread(target=run, daemon=True).start()


def is_watched(frame):
    return frame is not None and (frame.f_code is watched.__code__ or is_watched(frame.f_back))


# ---- the ways out ----

def signals(call, times):
    def interrupt(number, frame):
        if is_watched(frame):           # else the test itself would be interrupted
            raise KeyboardInterrupt

    def send():
        time.sleep(SLOW / 10)           # until it is clear
        begun.wait()
        for _ in range(times):
            time.sleep(SLOW / 10)
            os.kill(os.getpid(), signal.SIGINT)
        sent.set()

    sent.clear()
    before = signal.signal(signal.SIGINT, interrupt)
    later(send)
    assert type(result_of(call)) is KeyboardInterrupt
    time.sleep(SLOW)                    # the last signal may be on its way
    signal.signal(signal.SIGINT, before)


def asynchronous(call):
    class Stop(BaseException):
        pass

    def send():
        time.sleep(SLOW / 10)           # until it is clear
        begun.wait()
        time.sleep(SLOW / 4)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(caller.ident),
                                                   ctypes.py_object(Stop))
        sent.set()

    sent.clear()
    later(send)
    try:
        error = result_of(call)
        for _ in range(1000):           # it arrives here if nothing was left to interrupt
            pass
    except Stop as late:
        error = late
    assert type(error) is Stop
    assert at_work == 0


def interrupted_start(call):
    """Ctrl-C while a thread starts; its pool then does not know that thread"""
    _workers._forget_pool()             # its threads have started
    start, starts = _workers.start_new_thread, []

    def interrupted(*arguments):
        start(*arguments)
        if not starts:
            starts.append(arguments)
            raise KeyboardInterrupt

    _workers.start_new_thread = interrupted
    try:
        assert type(result_of(call)) is KeyboardInterrupt
    finally:
        _workers.start_new_thread = start
    assert starts
    assert plain(call) == alone(call)   # with other threads


def interrupted_lock(call):
    """Ctrl-C, or any error of a signal handler, just after bytecode took a lock: it stays taken

    At that lock nothing may wait, neither the next call nor the end of the process.
    """
    enter = threading.Condition.__enter__
    for kind in (KeyboardInterrupt, RuntimeError):
        for fresh in (True, False):
            if fresh:
                _workers._forget_pool()
            places = []

            def interrupted(self, kind=kind, places=places):
                entered = enter(self)
                if threading.current_thread() is caller and not places:
                    places.append(self)
                    raise kind
                return entered

            threading.Condition.__enter__ = interrupted
            try:
                plain(call)
            except kind:
                pass
            finally:
                threading.Condition.__enter__ = enter
            assert plain(call) == alone(call)


def no_thread(call):
    """No thread can start: its stack would be larger than the address space"""
    _workers._forget_pool()
    no_more_threads(call)


def no_second_thread(call):
    """The first thread finds the pieces that the others should have started with"""
    _workers._forget_pool()
    _workers.pool(1).submit(time.sleep, SLOW)
    no_more_threads(call)


def no_more_threads(call):
    threading.stack_size(1 << 46)
    try:
        assert plain(call) == alone(call)
    finally:
        threading.stack_size(0)
    assert plain(call) == alone(call)


def failing_piece(call):
    """An error of the caller is raised after all others have ended, and so is an error of theirs"""
    for caller_fails in (True, False):
        def fails(run, n_rows, workers, caller_fails=caller_fails):
            def piece(start, stop):
                run(start, stop)
                if (threading.current_thread() is caller) == caller_fails:
                    raise LookupError(start)

            watched(piece, n_rows, workers)

        assert type(result_of(call, fails)) is LookupError


def ended_interpreter(call):
    """At exit no thread starts, and the module that makes threads cannot even be imported"""
    atexit.register(lambda: print(plain(call) == alone(call), flush=True))


def forgotten(call):
    """The arrays that a piece reads and writes live as long as the piece, even if nobody waits"""
    kept = []

    def keep(run, n_rows, workers):
        kept.extend((tracemalloc.get_traced_memory()[0], run, n_rows))

    call()                              # it imports the modules that it needs
    _workers.over_rows = keep
    tracemalloc.start()
    call()
    gc.collect()
    before, run, n_rows = kept
    freed = before - tracemalloc.get_traced_memory()[0]
    # parts of results other than arrays: 500 numbers have 4000 bytes
    assert freed < 3000, f"{freed} bytes are freed"
    tracemalloc.stop()
    run(0, n_rows)


WAYS = {
    "a signal": lambda call: signals(call, 1),
    "many signals": lambda call: signals(call, 8),
    "asynchronous": asynchronous,
    "interrupted start": interrupted_start,
    "interrupted lock": interrupted_lock,
    "no thread": no_thread,
    "no second thread": no_second_thread,
    "failing piece": failing_piece,
    "ended interpreter": ended_interpreter,
    "forgotten": forgotten,
}

if __name__ == "__main__":
    for name, call in CALLS.items():
        print(name, flush=True)
        WAYS[sys.argv[1]](call)
