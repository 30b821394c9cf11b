"""Every public name with every argument replaced by every awkward object, under limits.

    python tests/hostile_calls.py [--count] [--step N] [--leaks TIMES] [--all] [NAME ...]

prints a line for each fault, and counts at the end. `--count` only counts, `--step N` takes one
case of N. A case is one call, and its name says how to repeat it: `matrix.solve#0(b = nan)` is the
first example of solve with another b. Names choose what to run: functions, or single cases.
`--all` takes also the names whose frameworks take seconds to import. `--leaks` calls each example,
and every case of it, that often, and looks at the memory.

Each name runs in a child of this process under limits of memory and time; a case that ends the
child is a fault, and the next child goes on behind it.
"""
import argparse
import contextlib
import ctypes
import gc
import importlib.util
import inspect
import json
import mmap
import os
import re
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zlib

import numpy as np
from docstrings import section
from hostile_examples import EXAMPLES, OPERATORS, SLOW, ax, parameters, public_names
from hostile_values import SAME, VALUES, VARIANTS, OwnError

SECONDS = float(os.environ.get("MATHWORK_HOSTILE_SECONDS", 15))      # for a case
MEMORY = 2 << 30                # bytes that a child may take beyond what it has
LONGEST = 2000                  # characters of a message

DOCUMENTED = {"TypeError", "ValueError", "LinAlgError", "MemoryError"}
NEVER = {"OverflowError", "RecursionError", "FloatingPointError", "SystemError", "AssertionError"}
WARNINGS = {"RankWarning", "UnitsWarning", "ConvergenceWarning", "ResourceWarning"}

# scikit-learn checks what its estimators get, and NumPy says what ufuncs do not take.
FOREIGN = re.compile(r"sklearn\.")
FILES = {"path", "source"}      # readers name the file
FUNCTIONS = {"progress", "schedule", "loss"}        # they raise what they like
NUMERICAL = {"MemoryError", "LinAlgError", "DivergenceError"}       # of all arguments together
# One argument is named, and what it must be follows from another one.
RELATIONS = re.compile(
    r"^out must have (shape|dtype)|^cotangent must have shape|^(pivots|columns) must "
    r"|^(a|periapsis|M0|omega|radius) must be |that count$|rows in all$|none, got tol "
    r"|^a state_dict |no linear layer$|, in '|^column \d+: ")
# Not in the loop for leaks: matplotlib keeps what it draws, and Dask fills caches for 200 calls.
UNJUDGED = re.compile(r"\.plot|^dask\.")
# They keep what they are given as it is.
KEEPERS = {"matrix.Reduced", "nn.DivergenceError", "nn.Training", "nn.Trainings"}
libm = ctypes.CDLL(None)


class Case:
    """One call: an example of a name in which one argument is another object"""

    def __init__(self, name, public, number, call, parameter, value, make):
        self.name, self.public, self.number, self.call = name, public, number, call
        self.parameter, self.value, self.make = parameter, value, make

    def __str__(self):
        return f"{self.name}#{self.number}({self.parameter} = {self.value})"

    def arguments(self):
        """Return the arguments with a new awkward object; None if the right one has no such form"""
        if FOREIGN.match(self.name) and self.value in ("it, many of it", "it, without end"):
            return None         # scikit-learn looks at all of it
        call = dict(self.call)
        if "ax" in call:
            call["ax"] = ax()       # without what other calls have drawn
        if self.make is not None:
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    call[self.parameter] = self.make()
            except (TypeError, ValueError, IndexError, AttributeError, OverflowError, ImportError):
                return None
        return call


def cases_of(name, public):
    """Return the cases of a name: the valid calls first."""
    cases = []
    calls = EXAMPLES[name]()
    tried = set()
    for number, call in enumerate(calls):
        cases.append(Case(name, public, number, call, "nothing", "as it is", None))
        for parameter in parameters(name, public, calls):
            if parameter not in call:
                continue
            right = call[parameter]
            makers = {}
            if parameter not in tried or number == 1:       # the second call is another way in
                makers |= VALUES
            if isinstance(right, np.ndarray):
                makers |= {f"it, {variant}": lambda make=make, right=right: make(right)
                           for variant, make in VARIANTS.items()}
            tried.add(parameter)
            cases += [Case(name, public, number, call, parameter, value, make)
                      for value, make in makers.items()]
    return cases


# ---- one call ----

def called(case, arguments):
    """Return the result of the call: in their order what may be, by name what must be"""
    arguments = dict(arguments)
    positional = [arguments.pop("self")] if "self" in case.call else []
    if case.name.endswith(OPERATORS):
        first = next(iter(arguments))
        return case.public(*positional, arguments.pop(first), **arguments)
    if isinstance(case.public, np.ufunc):
        return case.public(arguments.pop("x"), **arguments)
    with contextlib.suppress(ValueError, TypeError):
        for name, parameter in inspect.signature(case.public).parameters.items():
            if name not in arguments or parameter.kind == parameter.KEYWORD_ONLY:
                break
            positional.append(arguments.pop(name))
    return case.public(*positional, **arguments)


def bits(value, depth=0):
    """Return a value by which two objects are the same, of arrays and what holds them."""
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject or value.nbytes > 1 << 20:
            return str(value.dtype), value.shape
        return str(value.dtype), value.shape, np.ndarray.tobytes(value)
    if isinstance(value, (float, int, str, bytes, type(None), np.generic)):
        return type(value).__name__, value.tobytes() if isinstance(value, np.generic) else (
            struct.pack("d", value) if isinstance(value, float) else value)
    if isinstance(value, (list, tuple)) and depth < 4:
        plain = list if isinstance(value, list) else tuple      # not what a subclass says
        return type(value).__name__, *(bits(item, depth + 1) for item in plain.__iter__(value))
    if depth < 3 and type(value).__module__.startswith("mathwork") and hasattr(value, "__dict__"):
        return type(value).__name__, *(bits(item, depth + 1) for item in vars(value).values())
    return type(value).__name__


def environment():
    """Return the rounding, what NumPy does about exceptions, and whether denormals are numbers."""
    return libm.fegetround(), tuple(np.geterr().values()), float(np.float64(5e-324) * 1.0) > 0


def own(error):
    while error is not None:
        if isinstance(error, OwnError):
            return True
        error = error.__cause__ or error.__context__
    return False


def documented(public):
    """Return the names of the exceptions that the docstring of a callable has under Raises.

    The index of an operator may be out of range.
    """
    if getattr(public, "__name__", "") == "__getitem__":
        return {"IndexError", "KeyError"}
    text = inspect.getdoc(public) or ""
    return set(re.findall(r"\w+(?:Error|Exception)\b", "\n".join(section(text, "Raises"))))


def wrong_error(case, error):
    """Return what is wrong with an exception, or None."""
    kind = type(error).__name__
    if own(error) or FOREIGN.match(case.name):
        return None
    try:
        message = str(error)
        message.encode()
        "".join(traceback.format_exception(error))
    except Exception as cannot:
        return f"a {kind} that cannot be printed: {cannot!r}"
    if isinstance(error, OSError) and case.parameter in FILES:
        return None             # the system's, with the path in its message
    kinds = {kind}              # and its bases, if it is one of NumPy's
    if type(error).__module__.startswith("numpy"):
        kinds = {each.__name__ for each in type(error).__mro__}
    if kind in NEVER or not kinds & (DOCUMENTED | documented(case.public)):
        return f"{kind}: {message[:300]}"
    if len(message) > LONGEST:
        return f"a message of {len(message)} characters: {message[:100]}..."
    foreign = isinstance(case.public, np.ufunc) or case.name.endswith(OPERATORS)
    if (kind in NUMERICAL or foreign or (case.parameter in FILES and kind == "ValueError")
            or (case.parameter in FUNCTIONS and case.value in ("a type", "a function"))):
        return None
    stem = case.parameter.removesuffix("s")
    if not re.search(rf"\b{stem}s?\b", message) and not RELATIONS.search(message):
        return f"names no {case.parameter}: {kind}: {message[:300]}"
    return None


def faults(case, arguments, expected):
    """Call; return (what is wrong, what came of the call: "result" or the exception)."""
    watched = {name: value for name, value in arguments.items()
               if name not in ("out", "self") and isinstance(value, (np.ndarray, list))}
    before = {name: bits(value) for name, value in watched.items()}
    found, error, result = [], None, None
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="raise"):
        warnings.simplefilter("always")
        outside = environment()
        try:
            result = called(case, arguments)
        except Exception as raised:
            error = raised
        after = environment()
    if after != outside:
        found.append(f"the floating-point environment is {after}, was {outside}")
    found += [f"warns: {warning.category.__name__}: {str(warning.message)[:200]}"
              for warning in caught if warning.category.__name__ not in WARNINGS
              and not FOREIGN.match(case.name)]
    found += [f"changes {name}" for name, value in watched.items() if bits(value) != before[name]]
    if error is not None:
        wrong = wrong_error(case, error)
        if wrong:
            found.append(wrong)
        elif case.make is None and not own(error):
            found.append(f"the valid call raises {error!r}")
    if expected is not None and (error is not None or bits(result) != expected):
        found.append(f"another result than for the same numbers: {error!r}"[:400])
    outcome = "result" if error is None else type(error).__name__
    if error is not None:
        error.__traceback__ = None
    return found, outcome, result


def keeps(case):
    """Return whether the case makes a tuple or a record, which keeps its fields as they are"""
    return case.name in KEEPERS or (inspect.isclass(case.public)
                                    and issubclass(case.public, tuple))


# ---- children ----

class Progress:
    """The index of the case at work, in memory that a parent and its child share"""

    def __init__(self):
        self.memory = mmap.mmap(-1, 8)

    def set(self, index):
        self.memory[:] = struct.pack("q", index)

    def get(self):
        return struct.unpack("q", self.memory[:])[0]


def limit_memory():
    with open("/proc/self/statm") as pages:
        used = int(pages.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 24, resource.RLIM_INFINITY))


def prepared(name, public):
    """Return the cases of a name in this process, which gets limits"""
    os.chdir(tempfile.mkdtemp(dir=os.environ["TMPDIR"]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = cases_of(name, public)
    limit_memory()
    return cases


def run_cases(name, public, wanted, start, progress, write):
    """Run the cases from `start` on, and write (case, faults, outcome) of each"""
    cases = prepared(name, public)
    expected = {}
    for index, case in enumerate(cases):
        if (index < start and case.make is not None) or not wanted(case):
            continue
        progress.set(index)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)       # the signal ends this process
        arguments = case.arguments()
        if arguments is None:
            continue
        alike = (case.value.removeprefix("it, ") in SAME and case.parameter != "out"
                 and not keeps(case) and not FOREIGN.match(case.name))
        found, outcome, result = faults(case, arguments,
                                        expected.get(case.number) if alike else None)
        if case.make is None:
            expected[case.number] = bits(result)
        write(str(case), found, outcome)
        del arguments, result
    signal.setitimer(signal.ITIMER_REAL, 0)
    progress.set(len(cases))


def in_a_child(work):
    """Run work(write) in a child; return (what it wrote, how it ended)."""
    gc.freeze()         # a collection in the child looks at what the child made, and copies no page
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            with os.fdopen(writing, "w") as pipe, open(os.devnull, "w") as sys.stdout:
                work(lambda *line: print(json.dumps(line), file=pipe, flush=True))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    lines = []
    with os.fdopen(reading) as pipe:
        for line in pipe:
            with contextlib.suppress(json.JSONDecodeError):     # a child that died in a line
                lines.append(json.loads(line))
    return lines, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def outcomes(name, public, wanted=lambda case: True):
    """Yield (case, faults, outcome) of every case of a name."""
    progress, start = Progress(), 0
    while True:
        progress.set(start)
        lines, code = in_a_child(lambda write, start=start: run_cases(
            name, public, wanted, start, progress, write))
        yield from (line for line in lines if start == 0 or "as it is" not in line[0])
        if code == 0:
            return
        case = str(cases_of(name, public)[progress.get()])
        reason = (f"takes more than {SECONDS} s" if code == -signal.SIGALRM
                  else f"ends the process with {code}")
        yield case, [reason], "death"
        start = progress.get() + 1


def names(full):
    """Return {name: callable} of what is to be run: all, without slow frameworks by default."""
    return {name: public for name, public in public_names().items()
            if name not in SLOW or (full and importlib.util.find_spec(SLOW[name]))}


# ---- leaks ----

def run_leaks(name, public, times, wanted, write):
    """Call every example and every wanted case `times` times; write what is kept"""
    cases = [(case, case.arguments()) for case in prepared(name, public) if wanted(case)]
    cases = [(case, arguments) for case, arguments in cases if arguments is not None
             and reusable(arguments.get(case.parameter))]
    quick = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for case, arguments in cases:
            start = time.perf_counter()
            attempt(case, arguments)
            attempt(case, arguments)
            if time.perf_counter() - start < 0.02:
                quick.append((case, arguments))
        kept = []
        for _ in range(3):              # what is cached or pooled is so after the first round
            before = held()
            for _ in range(times):
                for case, arguments in quick:
                    attempt(case, arguments)
            kept.append([after - was for after, was in zip(held(), before, strict=True)])
    write(name, len(quick), min(kept, key=lambda pair: pair[0]))


def reusable(value):
    """Return whether an object is the same after a call: iterators are used up, and data frames
    and objects of ours may remember who read them"""
    library = str(type(value).__module__).partition(".")[0]
    return (not hasattr(type(value), "__next__")
            and library not in ("hostile_values", "pandas", "polars"))


def attempt(case, arguments):
    with contextlib.suppress(Exception):
        called(case, arguments)


def held():
    """Return Python's blocks and the kilobytes of memory that this process holds."""
    gc.collect()
    with open("/proc/self/statm") as pages:
        resident = int(pages.read().split()[1]) * resource.getpagesize() // 1024
    return sys.getallocatedblocks(), resident


def leaks(name, public, times, wanted):
    """Return (name, cases, [blocks, kilobytes that were kept]) of a name.

    Of a loop that ended its process it is more blocks than there are, and how it ended.
    """
    lines, code = in_a_child(lambda write: run_leaks(name, public, times, wanted, write))
    return lines[0] if code == 0 else (name, 0, [sys.maxsize, code])


# ---- the command ----

def counts(found):
    """Return the lines that say how much was tried."""
    calls = list(found)
    arguments = {case.rpartition(" = ")[0].rpartition("#")[0] + case.partition("(")[2].partition(
        " = ")[0] for case, _, _ in calls if "(nothing" not in case}
    results = sum(outcome == "result" for _, _, outcome in calls)
    return (f"{len({case.partition('#')[0] for case, _, _ in calls})} names, {len(arguments)} "
            f"arguments, {len(VALUES)} awkward objects and {len(VARIANTS)} forms of an array: "
            f"{len(calls)} calls, {results} results and {len(calls) - results} refusals")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--leaks", type=int, default=0)
    parser.add_argument("--step", type=int, default=1)
    options = parser.parse_args()
    single = {name for name in options.names if "(" in name}
    chosen = {name.partition("#")[0] for name in options.names}
    found = []

    def wanted(case):
        return case.make is None or (str(case) in single if single else
                                     zlib.crc32(str(case).encode()) % options.step == 0)

    for name, public in names(options.all or bool(chosen & set(SLOW))).items():
        if chosen and not any(name == each or name.startswith(f"{each}.") for each in chosen):
            continue
        if options.leaks and UNJUDGED.search(name):
            continue
        if options.leaks:
            print(json.dumps(leaks(name, public, options.leaks, wanted)), flush=True)
            continue
        start = time.perf_counter()
        for case, wrong, outcome in outcomes(name, public, wanted):
            found.append((case, wrong, outcome))
            if not options.count:
                for fault in wrong:
                    print(ascii(f"{case}: {fault}")[1:-1], flush=True)
            if single and case in single:
                print(case, outcome)
        print(f"# {name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    if not options.leaks:
        print(counts(found))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = folder
        os.environ.setdefault("KERAS_BACKEND", "torch")
        main()
