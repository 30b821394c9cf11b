"""What `python -m bench` writes and refuses, and that its levels answer alike; no speed.

The documents that it writes must agree with the results in docs/*.json.

Every test runs a fresh interpreter in the checkout: `bench` is not installed, and its import
holds numerical libraries to one thread for the rest of a process.
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mathwork import _levels

CHECKOUT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(not (CHECKOUT / "bench").is_dir(),
                                reason="bench is in the checkout, and these tests are not")
needs_two_levels = pytest.mark.skipif(
    len(_levels.supported()) < 2,
    reason=f"needs two levels, here are {', '.join(_levels.supported())}")

WORK = "matvec 8x8, float64"        # of no peer but NumPy


def run(*command):
    """(exit code, stdout, stderr) of the interpreter in the checkout, with the mathwork here."""
    source = Path(_levels.__file__).parent.parent
    paths = os.pathsep.join([str(source), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=300,
                          cwd=CHECKOUT, env=os.environ | {"PYTHONPATH": paths}, check=False)
    return done.returncode, done.stdout, done.stderr


def value_of(code):
    """What the code prints, as JSON."""
    exit_code, out, err = run("-c", code)
    assert (exit_code, err) == (0, "")
    return json.loads(out)


def measured(tmp_path, *options):
    """(what is printed, the JSON) of a run that finds no fault."""
    file = tmp_path / "bench.json"
    exit_code, out, err = run("-m", "bench", "--quick", "--json", str(file), *options)
    assert (exit_code, err) == (0, "")
    return out, json.loads(file.read_text())


def test_the_json_says_what_was_measured_and_where(tmp_path):
    out, found = measured(tmp_path, "--only", WORK)
    assert set(found["machine"]) >= {"cpu", "family", "model", "flags", "cores", "cpus", "system",
                                     "python", "blas", "compiler", "clock", "date"}
    assert found["machine"]["cores"] == os.cpu_count()
    assert isinstance(found["machine"]["flags"], list)
    if _levels.supported()[0] == "v4":
        assert "avx512f" in found["machine"]["flags"]
    assert found["package"]["level"] == _levels.level
    assert found["peers"]["numpy"] and found["effort"] == "quick"
    row, = found["comparisons"]
    assert (row["work"], row["peer"], row["target"]) == (WORK, "NumPy", 5)
    paired = row["paired"]
    assert paired["low"] <= paired["ratio"] <= paired["high"]
    assert paired["ours"] > 0 and paired["theirs"] > 0 and row["noise"] >= 0
    assert (row["verdict"] == "met") == (paired["ratio"] >= 5)
    assert WORK in out


def test_a_peer_that_is_missing_is_named_with_what_installs_it(tmp_path):
    file = tmp_path / "bench.json"
    code = ("from dataclasses import replace\n"
            "from bench import peers\n"
            "from bench.__main__ import main\n"
            "numpy = peers.PEERS[peers.NUMPY]\n"
            "peers.PEERS[peers.NUMPY] = replace(numpy, modules=('no_such_module',))\n"
            f"raise SystemExit(main(['--quick', '--only', {WORK!r}, '--json', {str(file)!r}]))")
    exit_code, out, err = run("-c", code)
    assert (exit_code, err) == (0, "")
    assert "skipped, not installed: NumPy (to install: python -m pip install numpy)" in out
    found = json.loads(file.read_text())
    assert not found["comparisons"] and not found["failures"]
    assert found["skipped"] == {"NumPy": "python -m pip install numpy"}


def test_every_peer_of_every_work_is_listed_with_what_it_needs():
    peers, known = value_of(
        "import json\nfrom bench import cases, peers\n"
        "used = {rival.peer for work in cases.works() for rival in work.rivals}\n"
        "print(json.dumps([sorted(used), sorted(peers.PEERS)]))")
    assert peers == known
    assert {"DuckDB", "ONNX Runtime", "OpenVINO", "heyoka"} <= set(known)


def test_every_work_has_a_name_of_its_own():
    names = value_of("import json\nfrom bench import cases\n"
                     "print(json.dumps([work.name for work in cases.works()]))")
    assert len(names) == len(set(names))


def test_networks_of_five_activations_four_sizes_and_four_batches_meet_both_runtimes():
    works = value_of(
        "import json\nfrom bench import forward\n"
        "print(json.dumps([[work.name, work.quick,\n"
        "                   {rival.peer: rival.target for rival in work.rivals}]\n"
        "                  for work in forward.works() if 'kernel' not in work.name\n"
        "                  and 'residual' not in work.name]))")
    assert len(works) == 5 * 4 * 4
    for name, _, targets in works:
        assert targets["OpenVINO"] == 1 and targets["ONNX Runtime"] >= 1, name
        assert targets["ONNX Runtime"] == 1 or "relu" in name
    for activation in ("relu", "tanh", "sigmoid", "gelu", "softplus"):
        quick = [name for name, quick, _ in works if quick and activation in name]
        assert any("one row" in name for name in quick)
        assert any("batch 1024" in name for name in quick)


def test_a_quick_run_says_what_it_leaves_out():
    notes = value_of("import json\nfrom bench import machine, peers, report\n"
                     "found = report.Report(machine.package(), machine.describe(None), {},\n"
                     "                      left_out=48)\n"
                     "print(json.dumps(report.notes(found)))")
    assert any(line.startswith("quick: 48 works left out") for line in notes)


def test_results_may_be_asked_for_equal_bits():
    code = ("import json\nimport numpy as np\nfrom bench.harness import *\n"
            "sides = [Side('x', {'x': np.array(x)}) for x in (0.0, -0.0)]\n"
            "def verdict(*pair, **bits):\n"
            "    try: compare(*pair, rtol=0.0, atol=0.0, **bits)\n"
            "    except DisagreementError as error: return str(error)\n"
            "print(json.dumps([verdict(*sides), verdict(*sides, bits=True),\n"
            "                  verdict(sides[0], sides[0], bits=True)]))")
    assert value_of(code) == [None, "the bits of the results differ", None]


# ---- documents ----

DOCS = CHECKOUT / "docs"


def stored_rows():
    """{(work, peer): ratio} of docs/measured.json."""
    found = json.loads((DOCS / "measured.json").read_text("utf-8"))
    return {(row["work"], row["peer"]): row["paired"]["ratio"] for row in found["comparisons"]}


@pytest.mark.parametrize(("results", "page"), [("measured", "benchmarks"), ("levels", "levels")])
def test_the_pages_say_what_the_json_says(tmp_path, results, page):
    file = tmp_path / "page.md"
    assert run("-m", "bench", "--from", f"docs/{results}.json", "--markdown", str(file)) == (
        0, "", "")
    assert file.read_text("utf-8") == (DOCS / f"{page}.md").read_text("utf-8")


def test_the_readme_says_what_the_json_says(tmp_path):
    file, text = tmp_path / "README.md", (CHECKOUT / "README.md").read_text("utf-8")
    file.write_text(re.sub("(?<=python -m bench -->\n).*(?=<!-- end)", "", text, flags=re.DOTALL),
                    "utf-8")
    assert len(file.read_text("utf-8")) < len(text)
    assert run("-m", "bench", "--from", "docs/measured.json", "--readme", str(file)) == (0, "", "")
    assert file.read_text("utf-8") == text


def test_the_readme_names_the_sizes_from_which_others_win():
    rows, readme = stored_rows(), (CHECKOUT / "README.md").read_text("utf-8")
    readme = " ".join(readme.split())

    def sizes(operation, dtypes):
        """The sizes at which NumPy is faster."""
        return [int(work.split("x")[0].split()[1]) for (work, peer), ratio in rows.items()
                if work.startswith(operation) and work.endswith(dtypes) and ratio < 1]

    least = min(sizes("matvec", ("float32", "float64")))
    assert f"`matvec` loses to NumPy from {least} x {least} on" in readme
    assert not sizes("matmul", ("float32", "float64"))
    batches = [ratio for (work, peer), ratio in rows.items() if re.match(
        r"forward (784-128-10|256-256-256-256) (relu|tanh|sigmoid|gelu), batch 1024", work)
        and peer in ("ONNX Runtime", "OpenVINO")]
    assert len(batches) == 16 and min(batches) > 1
    assert f"are within {max(batches) - 1:.0%} of mathwork".replace("%", " %") in readme


def test_the_readme_names_what_torch_heyoka_and_flint_are_faster_at():
    faster = {peer: {work for (work, other), ratio in stored_rows().items()
                     if other == peer and ratio < 1} for peer in
              ("torch", "heyoka", "python-flint")}
    assert faster == {
        "torch": {"leaky_relu, 1e5 float32", "leaky_relu, 1e5 float64", "silu, 1e5 float32",
                  "silu, 1e5 float64", "clip, 1e5 float32", "clip, 1e5 float64",
                  "gelu, 1e5 float32"},
        "heyoka": {"forward 4-32-32-2 relu, batch 1024"},
        "python-flint": {"exact rref 8x9"}}


def test_json_is_read_back_whole():
    for file in ("measured.json", "levels.json"):
        same = value_of("from pathlib import Path\nfrom bench.report import Report\n"
                        f"text = Path('docs', {file!r}).read_text('utf-8')\n"
                        "print(str(Report.from_json(text).to_json() == text).lower())")
        assert same is True


def test_rows_of_another_run_take_the_place_of_the_same_work_and_name_their_processor():
    code = ("import copy, json\nfrom dataclasses import replace\nfrom pathlib import Path\n"
            "from bench import page\nfrom bench.report import Report\n"
            "text = Path('docs', 'measured.json').read_text('utf-8')\n"
            "def taken(cpu):\n"
            "    found, other = Report.from_json(text), Report.from_json(text)\n"
            "    known = other.comparisons[3]\n"
            "    other.comparisons = [replace(known, noise=0.5, processor=''),\n"
            "                         replace(known, work='new', processor='')]\n"
            "    other.readings = [replace(other.readings[0], value=7.0, processor='')]\n"
            "    other.machine = {'cpu': cpu or found.machine['cpu'], 'family': '25',\n"
            "                     'model': '17'}\n"
            "    before = len(found.comparisons)\n"
            "    found.take_over(other)\n"
            "    same = Report.from_json(found.to_json())\n"
            "    return [len(same.comparisons) - before, same.comparisons[3].noise,\n"
            "            same.comparisons[3].processor, same.comparisons[-1].work,\n"
            "            same.readings[0].value, same.readings[0].processor,\n"
            "            'family 25, model 17 |' in page.page(same)]\n"
            "print(json.dumps([taken('another'), taken(None)[:6]]))")
    assert value_of(code) == [
        [1, 0.5, "family 25, model 17", "new", 7.0, "family 25, model 17", True],
        [1, 0.5, "", "new", 7.0, ""]]


def test_every_reason_is_about_a_row_that_falls_short():
    texts = value_of("import json\nfrom bench import reasons\n"
                     "print(json.dumps([[reason.title for reason in page.reasons]\n"
                     "                  for page in (reasons.PEERS, reasons.LEVELS)]))")
    for titles, page in zip(texts, ("benchmarks.md", "levels.md"), strict=True):
        shown = (DOCS / page).read_text("utf-8")
        assert titles and all(f"### {title}\n" in shown for title in titles)


def test_stored_results_are_not_measured_again():
    exit_code, out, err = run("-m", "bench", "--from", "docs/measured.json", "--quick")
    assert (exit_code, out) == (2, "")
    assert err.endswith("error: --from measures nothing: it goes with --markdown, --readme and "
                        "--chart\n")


@pytest.mark.parametrize(("text", "results", "message"), [
    ("no table", "measured", "there is no <!-- measured: written by python -m bench --> with a "
     "<!-- end of measured --> behind it"),
    ("<!-- measured: written by python -m bench -->\n<!-- end of measured -->\n", "levels",
     "the report has no row of forward 4-32-32-2 relu, one row beside ONNX Runtime, ")])
def test_a_readme_or_a_report_without_the_table_is_refused(tmp_path, text, results, message):
    file = tmp_path / "README.md"
    file.write_text(text)
    exit_code, out, err = run("-m", "bench", "--from", f"docs/{results}.json", "--readme",
                              str(file))
    assert (exit_code, out) == (2, "")
    assert err.startswith(f"{file}: {message}")
    assert file.read_text() == text


def test_errors_are_measured_and_written_as_the_table_of_the_document():
    exit_code, out, err = run("-m", "bench.accuracy", "--float64", "1", "--processes", "1")
    assert exit_code == 0 and err in ("", "gelu skipped: no C compiler for its reference\n")
    first, _, *table, _, worst = out.splitlines()
    assert first == f"Level {_levels.level}, 262,144 float64 values:"
    headings, _, errors = ([cell.strip() for cell in line.strip("|").split("|")]
                           for line in table)
    shown = [line for line in (DOCS / "accuracy.md").read_text("utf-8").splitlines()
             if line.startswith("|")]
    if not err:
        assert table[0] == shown[0]
    found = dict(zip(headings[1:], errors[1:], strict=True))
    assert errors[0] == "float64" and found["relu"] == "0"
    exact = ("relu", "relu6", "hardtanh")
    assert all(0.45 < float(found[name]) < 3 for name in found if name not in exact)
    assert re.match(r"float64: sigmoid at \S+, tanh at ", worst)


# ---- levels ----

def test_a_worker_runs_the_level_it_is_asked_for_and_gives_the_result_of_that_level():
    works = ("tanh, 1e5 float32", WORK, "rref 3x4")
    code = ("import json\nfrom bench import cases, levels\n"
            f"works = [work for work in cases.works() if work.name in {works!r}]\n"
            "found = {}\n"
            "for level in levels.supported():\n"
            "    worker = levels.Worker(level)\n"
            "    answers = []\n"
            "    for work in works:\n"
            "        side = levels.Remote.of(worker, work)\n"
            "        answers.append(side.answer().tobytes().hex())\n"
            "        assert side.statement == work.ours().statement and side.passes == 1\n"
            "        assert side.loop()(10) > 0\n"
            "    found[level] = [worker.ask('package')['level'], answers]\n"
            "    worker.close()\n"
            "    assert worker.process.exitcode == 0\n"
            "ours = [work.ours().answer().tobytes().hex() for work in works]\n"
            "print(json.dumps([found, ours]))")
    found, ours = value_of(code)
    assert list(found) == _levels.supported()
    for level, (running, _) in found.items():
        assert running == level
    assert found[_levels.level][1] == ours
    fused = [answers for level, (_, answers) in found.items() if level in ("v3", "v4")]
    assert all(answers == fused[0] for answers in fused)


def test_what_fails_in_a_worker_is_an_error_that_names_its_level_and_leaves_it_running():
    level = _levels.supported()[-1]
    code = ("import json\nfrom bench import levels\n"
            f"worker = levels.Worker({level!r})\n"
            "failures = []\n"
            "try: worker.ask('prepare', 'no such work')\n"
            "except RuntimeError as error: failures.append(str(error))\n"
            "alive = worker.ask('package')['level']\n"
            "worker.process.terminate()\nworker.process.join()\n"
            "try: worker.ask('package')\n"
            "except RuntimeError as error: failures.append(str(error))\n"
            "print(json.dumps([failures, alive]))")
    (failed, ended), alive = value_of(code)
    assert failed.startswith(f"the worker of level {level} failed:\n")
    assert failed.splitlines()[-1] == "KeyError: 'no such work'"
    assert alive == level
    assert ended == f"the worker of level {level} has ended"


@needs_two_levels
def test_levels_are_measured_against_every_lower_one(tmp_path):
    here = _levels.supported()
    out, found = measured(tmp_path, "--only", WORK, "--levels", *reversed(here))
    pairs = [(high, low) for index, high in enumerate(here) for low in here[index + 1:]]
    assert [(row["work"], row["peer"]) for row in found["comparisons"]] == [
        (f"{WORK}, at {high}", f"mathwork at {low}") for high, low in pairs]
    assert all(row["target"] == 0.97 and row["verdict"] for row in found["comparisons"])
    assert not found["readings"] and not found["failures"]
    assert found["package"]["level"] == ", ".join(here)
    assert f"Level {here[0]} against level {here[1]}" in out


@needs_two_levels
def test_more_is_wanted_of_the_levels_of_activations_and_keplers_equation():
    targets = value_of("import json\nfrom bench import cases\n"
                       "print(json.dumps({work.name: work.level_target\n"
                       "                  for work in cases.works()}))")
    for name, target in targets.items():
        more = "1e5 float" in name or name.startswith("solve_kepler, 1e6")
        assert target == (1.15 if more else 0.97), name


@pytest.mark.parametrize("names", [["v9", "v3"], _levels.supported()[:1],
                                   _levels.supported()[:1] * 2])
def test_levels_that_are_not_here_or_alone_are_refused(names):
    exit_code, out, err = run("-m", "bench", "--levels", *names)
    assert (exit_code, out) == (2, "")
    assert err == ("--levels compares two or more levels of those built and supported here, "
                   f"{', '.join(_levels.supported())}; got {', '.join(names)}\n")
