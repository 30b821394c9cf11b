"""Calls that would last for seconds, each interrupted soon after its start.

    python long_calls.py list                 the names, topic by topic
    python long_calls.py signal NAME...       SIGINT, as Ctrl-C sends it
    python long_calls.py alarm NAME...        SIGALRM, whose handler raises an error
    python long_calls.py asynchronous NAME... an exception that another thread sends

It prints a line for each call: its name, how many seconds after the interrupt the call ended, how
many seconds of processor time all threads took for that, and with what the call ended. "whole" is a
call that ended by itself. The processor time says on a busy machine, too, how late the call is. It
is nan where it is not known, as for an alarm.
"""
import ctypes
import signal
import subprocess
import sys
import threading
import time
from functools import partial

import numpy as np

from mathwork.activations import leaky_relu, log_softmax, prelu, softmax
from mathwork.init import he_normal, he_uniform, orthogonal
from mathwork.matrix import (
    det,
    inv,
    lstsq,
    lu,
    matmul,
    matvec,
    null_space,
    parse_matrix,
    rank,
    ref,
    rref,
    slogdet,
    solve,
)
from mathwork.nn import Network, Networks
from mathwork.orbit import (
    KeplerOrbit,
    circular_speed,
    orbit_table,
    period,
    propagate,
    semimajor_axis,
    solve_kepler,
    vis_viva,
)
from mathwork.regression import (
    Moments,
    fit_groups,
    fit_line,
    fit_linear,
    fit_polynomial,
    fit_ridge,
    fit_rolling,
)

HEAD_START = 0.1        # seconds from the start of a call to its interrupt


def numbers(*shape, dtype=np.float64):
    """Normal numbers; they repeat, so that many are made fast"""
    return np.resize(np.random.default_rng(0).normal(size=100_003).astype(dtype), shape)


def integers(*shape, most=1000):
    return np.random.default_rng(0).integers(-most, most, shape)


def network():
    return Network.he((32, 64, 64, 8), activation="tanh", rng=0)


def networks(count, sizes=(32, 64, 64, 8)):
    like = Network.he(sizes, activation="tanh", rng=0)
    return Networks.of(numbers(count, like.n_parameters, dtype=np.float32) / 10, like=like)


def singular(n):
    """A matrix of half the rank"""
    A = numbers(n, n)
    A[:, n // 2:] = A[:, :n - n // 2]
    return A


def table(rows, columns=None):
    """x or X, and y"""
    X = numbers(rows) if columns is None else numbers(rows, columns)
    return X, np.cos(numbers(rows + 7)[7:])


def labels(count):
    return np.resize(np.array([f"group {i % 200_000}" for i in range(100_003)]), count)


def orbits(count):
    return KeplerOrbit(np.linspace(7e6, 4e7, count), 0.3, mu=4e14)


def states(count):
    return np.resize([7e6, 0.0, 0.0], (count, 3)), np.resize([0.0, 8e3, 1e3], (count, 3))


def distances():
    return np.linspace(1e9, 1e12, 30_000_000)


def again(times, call, *arguments, **options):
    """A call that is repeated: the copies of larger input, which NumPy makes, would take longer"""
    return lambda: [call(*arguments, **options) for _ in range(times)]


# {name: a function that makes the input and returns the call}
NETWORKS = {
    "Network": lambda: partial(network(), numbers(4_000_000, 32, dtype=np.float32)),
    "Network, workers": lambda: partial(network(), numbers(4_000_000, 32, dtype=np.float32),
                                        workers=3),
    "trace": lambda: partial(network().trace, numbers(1_000_000, 32, dtype=np.float32)),
    "classify": lambda: partial(network().classify, numbers(4_000_000, 32, dtype=np.float32)),
    "jacobian": lambda: partial(network().jacobian, numbers(300_000, 32)),
    "hessian": lambda: partial(network().hessian, numbers(30_000, 32)),
    "jvp": lambda: again(9, network().jvp, numbers(100_000, 32), numbers(100_000, 32)),
    "vjp": lambda: again(9, network().vjp, numbers(100_000, 32), numbers(100_000, 8)),
    "Networks": lambda: partial(networks(1000), numbers(4000, 32)),
    "Networks, small": lambda: partial(networks(20_000, (4, 8, 2)), numbers(2000, 4)),
    "Networks.mean": lambda: partial(networks(1000).mean, numbers(4000, 32)),
    "softmax": lambda: again(50, softmax, numbers(10_000, 1000)),
    "softmax, one row": lambda: again(50, softmax, numbers(5_000_000)),
    "log_softmax": lambda: again(50, log_softmax, numbers(10_000, 1000)),
    "leaky_relu": lambda: again(200, leaky_relu, numbers(5_000_000)),
    "prelu": lambda: again(200, prelu, numbers(5_000_000), 0.1),
    "he_normal": lambda: partial(he_normal, (10_000, 30_000), rng=0),
    "he_normal, workers": lambda: partial(he_normal, (10_000, 30_000), rng=0, workers=2),
    "he_uniform": lambda: partial(he_uniform, (20_000, 30_000), rng=0, dtype=np.float32),
    "orthogonal": lambda: partial(orthogonal, (3000, 3000), rng=0),
}
MATRICES = {
    "matmul": lambda: partial(matmul, numbers(5000, 5000), numbers(5000, 5000)),
    "matmul, thin": lambda: again(9, matmul, numbers(10_000_000, 10), numbers(10, 3)),
    "matmul, stack": lambda: again(9, matmul, numbers(2_000_000, 4, 4), numbers(4, 4)),
    "matmul, stack, workers": lambda: partial(matmul, numbers(30_000, 48, 48),
                                              numbers(30_000, 48, 48), workers=3),
    "matvec": lambda: again(20, matvec, numbers(8000, 8000), numbers(8000)),
    "rref": lambda: partial(rref, numbers(4000, 4100)),
    "rref, float32": lambda: partial(rref, numbers(5000, 5100, dtype=np.float32)),
    "rref, tall": lambda: again(5, rref, numbers(1_000_000, 20)),
    "rref, low rank": lambda: partial(rref, singular(3000)),
    "rref, stack": lambda: partial(rref, numbers(5_000_000, 3, 4)),
    "rref, stack, workers": lambda: partial(rref, numbers(30_000, 40, 41), workers=3),
    "ref": lambda: partial(ref, numbers(4000, 4100)),
    "rank": lambda: partial(rank, numbers(5000, 5000)),
    "solve": lambda: partial(solve, numbers(5000, 5000), numbers(5000)),
    "solve, stack": lambda: again(9, solve, numbers(2_000_000, 3, 3), numbers(2_000_000, 3)),
    "inv": lambda: partial(inv, numbers(3000, 3000)),
    "inv, stack": lambda: again(9, inv, numbers(2_000_000, 3, 3)),
    "det": lambda: partial(det, numbers(5000, 5000)),
    "slogdet": lambda: partial(slogdet, numbers(5000, 5000)),
    "lu": lambda: partial(lu, numbers(5000, 5000)),
    "lu, stack": lambda: partial(lu, numbers(1_000_000, 5, 5)),
    "LU.solve": lambda: again(5, lu(numbers(2000, 2000)).solve, numbers(2000, 4000)),
    "null_space": lambda: partial(null_space, numbers(1500, 4500)),
    "lstsq": lambda: partial(lstsq, numbers(100_000, 300), numbers(100_000)),
    "complex rref": lambda: partial(rref, numbers(1500, 1600) * (1 + 1j)),
    "complex lu": lambda: partial(lu, numbers(1500, 1500) * (1 + 1j)),
    "exact rref": lambda: partial(rref, integers(600, 601), exact=True),
    "exact rref, stack": lambda: partial(rref, integers(300_000, 3, 4, most=9), exact=True),
    "exact det": lambda: partial(det, integers(300, 300), exact=True),
    "exact solve": lambda: partial(solve, integers(400, 400), integers(400), exact=True),
    "modular rref": lambda: partial(rref, integers(2000, 2001), modulus=2**31 - 1),
    "modular rref, stack": lambda: partial(rref, integers(500_000, 5, 6), modulus=10**9 + 7),
    "parse_matrix": lambda: partial(parse_matrix, "1 2.5 -3/4 7\n" * 500_000),
}
FITS = {
    "fit_line": lambda: again(40, fit_line, numbers(20_000_000), numbers(20_000_000)),
    "fit_line, stack": lambda: again(20, fit_line, numbers(2_000_000, 16), numbers(2_000_000, 16)),
    "fit_linear": lambda: partial(fit_linear, *table(200_000, 100)),
    "fit_linear, wide": lambda: partial(fit_linear, *table(3000, 2000)),
    "fit_linear, robust": lambda: partial(fit_linear, *table(200_000, 60), cov="HC3"),
    "fit_ridge": lambda: partial(fit_ridge, *table(200_000, 60), alpha=1.0),
    "fit_polynomial": lambda: partial(fit_polynomial, *table(5_000_000), 12),
    "fit_groups": lambda: again(9, fit_groups, np.arange(10_000_000) % 1_000_003,
                                *table(10_000_000)),
    "fit_groups, objects": lambda: partial(fit_groups, labels(2_000_000).astype(object),
                                           *table(2_000_000)),
    "fit_groups, strings": lambda: partial(fit_groups, labels(4_000_000), *table(4_000_000)),
    "fit_groups, planes": lambda: partial(fit_groups, np.arange(4_000_000) % 100_003,
                                          *table(4_000_000, 3)),
    "fit_rolling": lambda: partial(fit_rolling, *table(10_000_000), 100),
    "fit_rolling, one window": lambda: partial(fit_rolling, *table(10_000_000), 5_000_000),
    "fit_rolling, planes": lambda: partial(fit_rolling, *table(2_000_000, 3), 100),
    "fit_rolling, growing": lambda: partial(fit_rolling, *table(1_000_000, 2), None),
    "Moments.update": lambda: partial(Moments().update, *table(200_000, 100)),
    "Moments.fit": lambda: Moments.of(*table(1000, 800)).fit,
}
ORBITS = {
    "solve_kepler": lambda: again(9, solve_kepler, numbers(30_000_000), 0.3),
    "position": lambda: partial(orbits(3000).position, np.linspace(0, 1e7, 10_000)),
    "position, workers": lambda: partial(orbits(3000).position, np.linspace(0, 1e7, 10_000),
                                         workers=3),
    "KeplerOrbit": lambda: partial(orbits, 3_000_000),
    "propagate": lambda: again(9, propagate, *states(2_000_000), 1e3, mu=4e14),
    "from_state": lambda: partial(KeplerOrbit.from_state, *states(2_000_000), mu=4e14),
    "circular_speed": lambda: again(20, circular_speed, distances(), mu=1e20),
    "period": lambda: again(20, period, distances(), mu=1e20),
    "semimajor_axis": lambda: again(20, semimajor_axis, distances() / 1e3, mu=1e20),
    "vis_viva": lambda: again(20, vis_viva, distances(), 2 * distances(), mu=1e20),
    "orbit_table": lambda: partial(orbit_table, 1e30, radius=distances()),
}
TOPICS = [NETWORKS, MATRICES, FITS, ORBITS]
CALLS = {name: call for topic in TOPICS for name, call in topic.items()}


class AlarmError(Exception):
    """What the handler of SIGALRM raises."""


class Sent(BaseException):
    """What another thread sends."""


def send_signal():
    """Have SIGINT sent after HEAD_START; return a function that gives the moment

    The moment is (seconds, processor time of this process, nan where it is not known). Another
    process sends the signal: a thread of this one might have to wait for the GIL.
    """
    code = """
import os, sys, time
parent = os.getppid()
time.sleep(float(sys.argv[1]))
# Linux numbers the processor clock of another process so.
used = time.clock_gettime(~parent << 3 | 2) if sys.platform == "linux" else "nan"
print(time.monotonic(), used)
os.kill(parent, 2)
"""
    sender = subprocess.Popen([sys.executable, "-c", code, str(HEAD_START)],
                              stdout=subprocess.PIPE, text=True)

    return lambda: [float(each) for each in sender.communicate()[0].split()]


def set_alarm():
    """The same of SIGALRM, from the system."""
    moment = time.monotonic() + HEAD_START
    signal.setitimer(signal.ITIMER_REAL, HEAD_START)
    return lambda: (moment, np.nan)


def send_exception():
    """The same of an exception from another thread."""
    moments, caller = [], threading.get_ident()

    def send():
        time.sleep(HEAD_START)
        moments.append((time.monotonic(), time.process_time()))
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(caller), ctypes.py_object(Sent))

    threading.Thread(target=send, daemon=True).start()
    return lambda: moments[0]


WAYS = {"signal": (send_signal, KeyboardInterrupt), "alarm": (set_alarm, AlarmError),
        "asynchronous": (send_exception, Sent)}


def alarm(number, frame):
    raise AlarmError


def small_results():
    """Results of each kind of call, for a comparison after the interrupt"""
    A, x = numbers(200, 6, 7), numbers(500, 4)
    net = Network.he((4, 8, 2), rng=0, dtype=np.float64)
    return [rref(A, workers=3).matrix, matmul(A, A.swapaxes(1, 2)), net(x, workers=2), net(x),
            fit_line(x.T, x.T).slope, fit_groups(labels(500), x[:, 0], x[:, 1]).slope]


def interrupt(way, name):
    """Print the line of one call."""
    call, small = CALLS[name](), small_results()
    start, kind = WAYS[way]
    moment, ended = None, "whole"
    sent = start()
    try:
        call()
        moment = time.monotonic(), time.process_time()
        time.sleep(10 * HEAD_START)         # the interrupt comes here
    except kind:
        if moment is None:
            moment, ended = (time.monotonic(), time.process_time()), kind.__name__
    late, used = np.maximum(np.subtract(moment, sent()), 0)
    for result, expected in zip(small_results(), small, strict=True):
        assert result.tobytes() == expected.tobytes(), name
    print(f"{name}\t{late:.3f}\t{used:.3f}\t{ended}", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print("\n\n".join("\n".join(topic) for topic in TOPICS))
    else:
        signal.signal(signal.SIGALRM, alarm)
        # A shell starts what is to run in the background with interrupts ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for each in sys.argv[2:] or CALLS:
            interrupt(sys.argv[1], each)
