"""One process of the guided fuzzer: `python -m tests.fuzz` starts it, and again after a crash.

    python tests/fuzz/guided.py TARGET CORPUS FAILURES OPTION-OF-LIBFUZZER...

What a target raises is kept, one input for each place that raises, and the run goes on. Crashes,
and inputs that take too long or too much memory, end the process; libFuzzer keeps these.
"""
import atexit
import ctypes
import hashlib
import os
import random
import sys
import time
import traceback
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mathwork", "_mathwork"]):
    import mutations
    import targets

    # Modules that are imported where they are used: later they would not be watched.
    for module in ("mathwork.cli.app", "mathwork.nn.formats.npz", "mathwork.nn.formats.safetensors",
                   "mathwork.nn.formats.onnx_graph", "mathwork.matrix.worked"):
        __import__(module)

SLOW = 5                # seconds of work for one input, watched as it is


def main():
    name, corpus, failures, *options = sys.argv[1:]
    failures = Path(failures)
    target = targets.TARGETS[name]()
    good = target.seeds()
    for content in good:
        path = Path(corpus, hashlib.sha256(content).hexdigest()[:16])
        if not path.exists():
            path.write_bytes(content)
    seen = set()

    def run(data):
        start = time.process_time()
        try:
            targets.outcome(target, data)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            keep(data, f"{type(error).__name__} {place.filename}:{place.lineno}",
                 traceback.format_exc())
        if time.process_time() - start > SLOW:
            keep(data, "slow", f"took {time.process_time() - start:.1f} s")

    def keep(data, kind, text):
        if kind in seen:
            return
        seen.add(kind)
        path = failures / f"{name}-{hashlib.sha256(kind.encode()).hexdigest()[:8]}"
        path.write_bytes(data)
        path.with_suffix(".txt").write_text(f"{kind}\n{text}", errors="backslashreplace")

    def mutated(data, longest, seed):
        rng = random.Random(seed)
        if rng.random() < 0.4:
            return atheris.Mutate(data, longest)
        return mutations.mutate(rng, target.edits, bytes(data) or rng.choice(good), good, longest)

    # libFuzzer ends with C's exit(), which has the interpreter's lock. There pyarrow waits for its
    # threads, of which one may wait for the lock.
    @ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    def end(_):
        atexit._run_exitfuncs()
        os._exit(0)

    if sys.platform == "linux":
        getattr(ctypes.CDLL(None), "__cxa_atexit")(end, None, None)
    warnings.simplefilter("ignore")
    atheris.Setup(["fuzz", corpus, f"-artifact_prefix={failures}{os.sep}{name}-",
                   f"-max_len={target.longest}", *options], run, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
