"""Every allocation of a call fails in turn: an exception, nothing lost, and the next call is right.

    python tests/failing_allocations.py [--of kernels|arrays|python] [NAME ...]

runs calls, by default all, each in a child of the process, because a case may kill it. The n-th
allocation of a call fails, then all from the n-th on, for n = 1, 2, ... until the call needs no
more. The call must raise MemoryError or have the right bits; what kernels allocated must be given
back; and the same call must then have the right bits. Allocations are those of

    kernels     mathwork's own modules: malloc, calloc and realloc
    arrays      these, and the numbers of NumPy's arrays
    python      all that Python takes from its own allocators: objects, lists, texts

The cases are calls that are large enough to need the heap, and the example of every public name.
Those of `python` are calls that a kernel answers by itself: CPython and NumPy have faults of their
own here (np.errstate ends the process, np.nditer and reductions raise SystemError).
It prints a line for each case, and the counts. Linux with glibc, a C compiler, CPython's _testcapi.
"""
import argparse
import contextlib
import gc
import json
import os
import signal
import sys
import tempfile
import warnings

from interposed import Allocations, again
from kernel_calls import CALLS, PLAIN, bits, examples

SECONDS = 300           # the most that one case may take
LAST = 2 ** 62          # no call has as many allocations


class Blocks(Allocations):
    """Allocations of kernels and of arrays"""

    lasts = (LAST, 0)       # all from the n-th on, and the n-th alone
    enough = 1              # a call that does well: it needs no more


class Objects(Allocations):
    """Allocations of Python; blocks that kernels keep are counted beside them"""

    lasts = (0,)            # CPython ends the process if it cannot make even an exception
    enough = 30             # calls that do well, one after the other

    def __init__(self, *, arrays):
        import _testcapi
        self.testcapi = _testcapi
        super().__init__(arrays=arrays)

    def start(self, first, last):
        self.testcapi.set_nomemory(first - 1, last)

    def stop(self):
        self.testcapi.remove_mem_hooks()
        return 0                        # nobody counts


# ---- one case ----

def outcome(function, source, first, last):
    """Return how many allocations failed, the result or None, and the exception's name or None"""
    result = raised = None
    source.start(first, last)
    try:
        result = function()
    except BaseException as error:
        raised = error
    failed = source.stop()
    kind = None if raised is None else MemoryError if isinstance(raised, MemoryError) else (
        type(raised).__name__, str(raised))
    return failed, result, kind


def examined(function, source):
    """Return the counts of a case and what is wrong: a list, empty where all is well"""
    faults, tried, refused, well = [], 0, 0, 0
    expected = bits(function())
    assert bits(function()) == expected, "the call has not the same bits twice"
    gc.collect()
    live = source.live()
    for n in range(1, 100_000):
        well += 1
        for last in source.lasts:
            failed, result, error = outcome(function, source, n, last or n)
            if error is None and (bits(result) != expected):
                faults.append(f"{n}: another result")
            elif error is not None and error is not MemoryError:
                faults.append(f"{n}: {error}")
            refused += error is not None
            tried += failed > 0 or error is not None
            if failed > 0 or error is not None:
                well = 0
            result = None
            if source.live() != live:
                gc.collect()
            if source.live() > live:        # fewer: something from before went
                faults.append(f"{n}: {source.live() - live} blocks are lost")
            live = source.live()
        if bits(function()) != expected:
            faults.append(f"{n}: the next call has another result")
        if well == source.enough or len(faults) > 9:
            break
    return {"tried": tried, "refused": refused, "faults": faults, "sites": source.sites()}


def in_a_child(function, source):
    """Return examined() in a child of this process, or how the child died"""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        os.close(reading)
        warnings.simplefilter("ignore")
        try:
            with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
                content = examined(function, source)
        except BaseException as error:
            content = {"tried": 0, "refused": 0, "sites": [],
                       "faults": [f"{type(error).__name__}: {error}"]}
        with open(writing, "w") as pipe:
            json.dump(content, pipe)
        os._exit(0)
    os.close(writing)
    with open(reading) as pipe:
        content = pipe.read()
    status = os.waitpid(child, 0)[1]
    if status:
        return {"tried": 0, "refused": 0, "sites": [], "faults": [f"died with status {status}"]}
    return json.loads(content)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--of", choices=["kernels", "arrays", "python"], default="kernels")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    again()
    source = (Objects if options.of == "python" else Blocks)(arrays=options.of == "arrays")
    cases = PLAIN if options.of == "python" else CALLS | examples()
    results = {}
    for name in options.names or cases:
        result = results[name] = in_a_child(cases[name], source)
        if not options.json:
            print(f"{name}: {result['tried']} failed, {result['refused']} exceptions",
                  *result["faults"], sep="\n    ", flush=True)
    if options.json:
        print(json.dumps(results))
        return
    sites = set().union(*(result["sites"] for result in results.values()))
    print(f"{len(results)} cases, {sum(each['tried'] for each in results.values())} failed runs, "
          f"{sum(each['refused'] for each in results.values())} exceptions, {len(sites)} places, "
          f"{sum(len(each['faults']) for each in results.values())} faults")
    sys.exit(any(result["faults"] for result in results.values()))


if __name__ == "__main__":
    main()
