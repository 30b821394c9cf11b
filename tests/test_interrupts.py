"""No way out of a call with workers= leaves a thread at work, nor takes memory from under one."""
import os
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).with_name("ways_out.py")
CALLS = ["rref", "ref", "Network", "Network, out", "fit_line", "fit_line, weights", "position",
         "velocity"]

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals as POSIX has them")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs stacks that are too large")


@pytest.mark.parametrize("way", [
    pytest.param("a signal", marks=posix), pytest.param("many signals", marks=posix),
    "asynchronous", "interrupted start", "interrupted lock",
    pytest.param("no thread", marks=linux),
    pytest.param("no second thread", marks=linux), "failing piece", "forgotten"])
def test_a_call_ends_after_its_threads(way):
    assert left_by(way) == (0, CALLS, "")


def test_calls_when_the_interpreter_has_ended():
    assert left_by("ended interpreter") == (0, CALLS + ["True"] * len(CALLS), "")


def left_by(way):
    """(exit code, lines of standard output, standard error) of the script"""
    done = subprocess.run([sys.executable, str(SCRIPT), way], capture_output=True, text=True,
                          timeout=120, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr
