"""Arrays that change their shape or dtype under a call: refused, or nothing comes of it.

All cases of tests/hostile_arrays.py run in processes of their own, with guarded memory.
"""
import json
import subprocess
import sys
from pathlib import Path

import hostile_arrays
import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"),
                                reason="guard pages are made with Linux's mprotect")


@pytest.fixture(scope="module")
def results():
    """{name: (the name of an exception or "done", message)}"""
    done = subprocess.run([sys.executable, Path(hostile_arrays.__file__)], capture_output=True,
                          text=True, timeout=600, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", hostile_arrays.CASES)
def test_case(name, results):
    outcome, message = results[name]
    assert outcome == hostile_arrays.CASES[name][1], message
