"""Memory that runs out at any allocation, and memory between pages that nobody may touch.

tests/failing_allocations.py and tests/guarded_calls.py are whole; here is what takes a minute.
"""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import failing_allocations
import guarded_calls
import pytest

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it stands before glibc"),
    pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler"),
]
# Each of these has its own way to fail; the others have the same allocations, or hundreds.
FAILING = ["products", "systems", "factors", "exact_systems", "groups", "polynomials", "moments",
           "networks", "many_networks", "trainings"]
GUARDED = ["sigmoid", "softmax", "rows_of_networks", "products", "vectors", "row_operations",
           "reductions", "stacks", "lines", "stacks_of_lines", "groups", "windows", "weights",
           "kepler_orbits"]


def run(script, *arguments):
    return subprocess.run([sys.executable, script.__file__, *arguments], capture_output=True,
                          text=True, timeout=600, check=False)


@pytest.mark.parametrize("of", ["kernels", "arrays"])
def test_every_allocation_fails_in_turn(of):
    done = run(failing_allocations, "--json", "--of", of, *FAILING)
    results = json.loads(done.stdout)
    assert {name: result["faults"] for name, result in results.items()} == {
        name: [] for name in FAILING}
    assert all(result["refused"] == result["tried"] > 0 for result in results.values())


def test_python_has_no_memory():
    pytest.importorskip("_testcapi", reason="this Python has no module of tests")
    done = run(failing_allocations, "--json", "--of", "python")
    results = json.loads(done.stdout)
    assert all(not result["faults"] and result["refused"] for result in results.values())


def test_nothing_outside_of_any_array_is_touched():
    done = run(guarded_calls, "--step", "11", *GUARDED)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(GUARDED)} functions" in done.stdout


@pytest.mark.parametrize(("at", "side"), [(-1, "start"), (9, "end")])
def test_a_touch_of_the_page_beside_an_array_is_seen(at, side, tmp_path):
    script = tmp_path / "touch.py"
    script.write_text(f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from interposed import Allocations, again
again()
import ctypes
import numpy as np
import mathwork.matrix
Allocations(arrays=True).guard({side!r})
array = np.empty(9, np.int8)
print(array[0], array[8], flush=True)
ctypes.string_at(array.ctypes.data + {at}, 1)
print("not seen")
""")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode and done.stdout == "-1 -1\n"
