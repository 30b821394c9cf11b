"""Every public name with every argument replaced by every awkward object: see hostile_calls.py.

One case of nineteen is tried, as the whole takes minutes. MATHWORK_HOSTILE=all takes all of them,
also of names whose frameworks take seconds to import, and longer loops.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_examples import EXAMPLES, parameters, public_names
from hostile_values import VALUES

SCRIPT = Path(__file__).parent / "hostile_calls.py"
FULL = os.environ.get("MATHWORK_HOSTILE") == "all"
STEP, TIMES = ("1", 30) if FULL else ("19", 3)
PUBLIC = public_names()

limited = pytest.mark.skipif(not sys.platform.startswith("linux"),
                             reason="limits of memory and time need Linux")


def run(*arguments, timeout=3600):
    """Return the lines of the script"""
    done = subprocess.run([sys.executable, SCRIPT, *arguments, *["--all"] * FULL],
                          capture_output=True, text=True, timeout=timeout, check=False,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_every_public_name_has_an_example():
    assert PUBLIC.keys() - EXAMPLES.keys() == set(), "add an example to hostile_examples.py"


@pytest.mark.parametrize("name", PUBLIC)
def test_examples_have_every_parameter(name, folder):
    needed = {"nn.Network.from_torch": "torch", "nn.Network.from_keras": "keras"}.get(name)
    if needed:
        pytest.importorskip(needed, reason=f"{needed} is not installed")
    calls = EXAMPLES[name]()
    given = {key for call in calls for key in call}
    assert not calls or set(parameters(name, PUBLIC[name], calls)) <= given


@limited
def test_awkward_arguments_are_answered_or_refused_by_name(record_property):
    *faults, counts = run("--step", STEP)
    record_property("counts", counts)
    print(counts)
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:100])


@limited
def test_no_call_keeps_memory():
    lines = [json.loads(line) for line in run("--step", "1" if FULL else "61", "--leaks",
                                              str(TIMES))]
    kept = {name: (blocks, kilobytes) for name, cases, (blocks, kilobytes) in lines
            if blocks > ROOM + cases * TIMES // 50 or kilobytes > KILOBYTES}
    assert len(lines) > 200 and not kept


# What calls may leave behind: caches and free lists, and what the allocator does not give back.
ROOM, KILOBYTES = 200, 4000


@limited
def test_the_matrix_finds_what_is_wrong(tmp_path):
    # so that what the tests above find good, is
    script = f"""
import os, sys, time, warnings
os.environ["TMPDIR"] = {str(tmp_path)!r}
sys.path.insert(0, {str(SCRIPT.parent)!r})
import numpy as np
import hostile_calls, hostile_examples
hostile_calls.SECONDS = 2

def wrong(x, kind):
    if x == 1:
        return 1
    if kind == "death":
        os.abort()
    if kind == "time":
        time.sleep(60)
    if kind == "memory":
        raise KeyError("x")
    if kind == "nameless":
        raise ValueError("it is no good")
    if kind == "warning":
        warnings.warn("aside of x")
    if kind == "environment":
        np.seterr(all="ignore")
    if kind == "print":
        raise ValueError("x is \\ud800")

hostile_calls.VALUES = {{"3": lambda: 3}}
for kind in ["good", "death", "time", "memory", "nameless", "warning", "environment", "print"]:
    hostile_calls.EXAMPLES["wrong"] = lambda kind=kind: [{{"x": 1, "kind": kind}}]
    hostile_calls.parameters = lambda *_: ["x"]
    print(kind, [line for line in hostile_calls.outcomes("wrong", wrong)][1:])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          timeout=120, check=True)
    good, *lines = done.stdout.splitlines()
    assert good == "good [['wrong#0(x = 3)', [], 'result']]"
    for line, message in zip(lines, [
            "ends the process with -6", "takes more than 2 s", "KeyError", "names no x",
            "warns: UserWarning", "floating-point environment", "cannot be printed"], strict=True):
        assert message in line


def test_awkward_objects_are_new_each_time():
    for name in ("generator", "list", "vector", "dict"):
        assert VALUES[name]() is not VALUES[name]()
