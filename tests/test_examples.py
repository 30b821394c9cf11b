"""Every script of examples/ is short, runs, and shows a picture or a table."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
pytestmark = pytest.mark.skipif(not SCRIPTS, reason="not in a source tree")
every_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)

# Runs a script as Python would, and tells how many pictures are left.
RUN = """
import runpy, sys
runpy.run_path(sys.argv[1], run_name="__main__")
pyplot = sys.modules.get("matplotlib.pyplot")
print("pictures:", len(pyplot.get_fignums()) if pyplot else 0)
"""


def imported(code):
    """The packages that a script or a page imports, apart from Python's own and this one."""
    names = set(re.findall(r"^\s*(?:import|from) (\w+)", code, re.MULTILINE))
    return names - sys.stdlib_module_names - {"mathwork", "numpy", "bench"}


def run(code, *arguments, folder):
    """Run code in a process of its own, in a folder, without a display; return what it prints."""
    tree = Path(__file__).parent.parent
    paths = os.pathsep.join([*filter(None, sys.path), str(tree)])
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=folder, text=True,
                          encoding="utf-8", capture_output=True, timeout=300, check=False,
                          env=os.environ | {"MPLBACKEND": "agg", "PYTHONPATH": paths,
                                            "PYTHONIOENCODING": "utf-8"})
    assert done.returncode == 0, done.stderr
    return done.stdout


@every_script
def test_it_is_short_and_has_a_title(script):
    lines = script.read_text("utf-8").splitlines()
    assert len(lines) < 60
    assert lines[0] == '"""' and lines[2] == "=" * len(lines[1])


@every_script
def test_it_runs_and_shows_something(script, tmp_path):
    for package in sorted(imported(script.read_text("utf-8"))):
        pytest.importorskip(package)
    printed, _, pictures = run(RUN, str(script), folder=tmp_path).rpartition("pictures:")
    assert int(pictures) or printed.count("\n") > 4
