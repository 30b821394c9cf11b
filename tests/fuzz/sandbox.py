"""Load files in processes of their own, and say what came of each.

`python sandbox.py FILE...` prints a line of JSON a file: path, outcome, message, seconds and
megabytes. The outcome is "network" (made and called once), "refused" (exactly a ValueError that
begins with the file's name) or "failed". Needs os.fork, so neither Windows nor threads.
"""
import contextlib
import importlib
import json
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

import numpy as np

from mathwork.nn import load

MOST_MEMORY = 4 << 30           # bytes of address space, so that a mistake takes no machine down
MAXRSS = 1 if sys.platform == "darwin" else 1024        # bytes


def outcomes(paths, *, seconds, at_once=1):
    """What came of each file, `at_once` of them in a process.

    Memory is exact where that is 1; else it is the most that was in use since the process began.
    """
    done = 0
    while done < len(paths):
        results = _in_a_process(paths[done:done + at_once], seconds)
        yield from results
        done += len(results)


def _in_a_process(paths, seconds):
    """What came of each, up to the first that ended the process"""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        with os.fdopen(write_end, "w") as pipe:
            try:
                for path in paths:
                    print(json.dumps(_tried(path, seconds)), file=pipe, flush=True)
            finally:
                pipe.flush()
                os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        results = [json.loads(line) for line in pipe]
    _, status = os.waitpid(child, 0)
    if len(results) < len(paths):
        number = os.waitstatus_to_exitcode(status)
        reason = (f"took more than {seconds} seconds" if number == -signal.SIGALRM
                  else f"ended the process with status {number}")
        results.append({"path": str(paths[len(results)]), "outcome": "failed", "message": reason,
                        "seconds": seconds, "megabytes": 0.0})
    return results


def _tried(path, seconds):
    with contextlib.suppress(ValueError, OSError):      # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, resource.RLIM_INFINITY))
    signal.setitimer(signal.ITIMER_REAL, seconds)       # kills, also where C code runs
    # A process that has just been forked has peaked at what it has.
    peak = _peak()
    start = time.perf_counter()
    outcome, message = _outcome(path)
    taken = time.perf_counter() - start
    signal.setitimer(signal.ITIMER_REAL, 0)
    return {"path": str(path), "outcome": outcome, "message": message,
            "seconds": round(taken, 3), "megabytes": round((_peak() - peak) / 1e6, 1)}


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS


def _outcome(path):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            network = load(path)
            y = network(np.ones(network.sizes[0]))
            assert y.shape == (network.sizes[-1],) and y.dtype == network.dtype
            return "network", repr(network)[:200]
    except ValueError as error:
        if type(error) is ValueError and str(error).startswith(f"{path}"):
            return "refused", str(error)
        return "failed", traceback.format_exc()
    except BaseException:
        return "failed", traceback.format_exc()


def main():
    import_formats()
    for result in outcomes([Path(name) for name in sys.argv[1:]], seconds=60):
        print(json.dumps(result), flush=True)


def import_formats():
    """Import what loading imports, once for all processes, so that no file is charged for it."""
    for name in ("zipfile", "safetensors", "mathwork.nn.formats.safetensors",
                 "mathwork.nn.formats.npz", "mathwork.nn.formats.onnx_graph"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


if __name__ == "__main__":
    main()
