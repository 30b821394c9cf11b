"""What the README and the documents show is what happens."""
import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
README, GUIDE, COMMANDS = (CHECKOUT / name for name in (
    "README.md", "docs/guide.md", "docs/command_line.md"))

pytestmark = pytest.mark.skipif(not README.exists(), reason="not in a source tree")


def blocks(document, language):
    """The contents of the document's blocks of this language."""
    return re.findall(rf"```{language}\n(.*?)```", document.read_text("utf-8"), re.DOTALL)


# ---- README ----

def examples():
    """(code, output) of every example, named by the first module that it imports."""
    if not README.exists():
        return []
    found = re.findall(r"```python\n(.*?)```\s*```\n(.*?)```", README.read_text("utf-8"),
                       re.DOTALL)
    return [pytest.param(code, output, id=re.search(r"from (\S+) import", code)[1])
            for code, output in found]


@pytest.mark.parametrize(("code", "output"), examples())
def test_an_example_prints_what_stands_below_it(code, output):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert printed.getvalue() == output


def test_a_network_a_system_and_a_fit_have_an_example_and_each_has_its_output():
    assert [example.id for example in examples()] == [
        "mathwork.data", "mathwork.matrix", "mathwork.regression"]
    assert len(blocks(README, "python")) == len(examples())


def test_both_commands_are_there_for_the_gate_to_run():
    commands = [block.rstrip("\n") for block in blocks(README, "sh")]
    assert [command.split("&&")[-1].strip() for command in commands[:2]] == [
        ".venv/bin/mathwork demo", ".venv/bin/python -m pytest"]
    assert all(command.startswith("python3 -m venv .venv && ") for command in commands[:2])


# ---- docs/guide.md ----

def test_the_guide_is_true(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)     # it saves a network
    parser, runner, report = doctest.DocTestParser(), doctest.DocTestRunner(verbose=False), []
    names = {}
    for index, block in enumerate(blocks(GUIDE, "python")):
        example = parser.get_doctest(block, names, f"block {index}", str(GUIDE), 0)
        runner.run(example, out=report.append, clear_globs=False)
        names = example.globs       # a later block uses what an earlier one imported
    failed, attempted = runner.summarize(verbose=False)
    assert attempted > 30 and failed == 0, "".join(report)


def test_code_in_the_guide_that_is_not_run_is_python():
    for block in blocks(GUIDE, "python"):
        if ">>>" not in block:
            compile(block, GUIDE, "exec")


# ---- docs/command_line.md ----

# Times, versions and the machine differ: of these, the labels of the lines are compared.
VARYING = ("mathwork demo", "mathwork info", "mathwork train")


@pytest.fixture
def shell(tmp_path):
    """A function that runs a line in an empty folder, where `mathwork` is the one under test."""
    programs, folder = tmp_path / "bin", tmp_path / "work"
    programs.mkdir()
    folder.mkdir()
    for name, arguments in (("python", ""), ("mathwork", "-m mathwork ")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
        program.chmod(0o755)
    paths = os.pathsep.join([str(programs), os.environ["PATH"]])
    environment = os.environ | {"PATH": paths, "PYTHONIOENCODING": "utf-8"}

    def run(line):
        done = subprocess.run(line, shell=True, cwd=folder, env=environment, text=True,
                              encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=120, check=False)
        return done.stdout

    run.folder = folder
    return run


def labels(output):
    return re.findall(r"^[a-z]+", output, re.MULTILINE)


@pytest.mark.skipif(os.name == "nt", reason="the lines are for a POSIX shell")
def test_every_command_prints_what_the_document_shows(shell):
    for package in ("click", "rich", "matplotlib", "onnx", "scipy"):
        pytest.importorskip(package)
    for block in blocks(COMMANDS, "console"):
        for session in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = session.partition("\n")
            if line.startswith("cat "):     # shows a file that is there for what comes after
                (shell.folder / line.removeprefix("cat ")).write_text(output)
            elif line.startswith(VARYING):
                assert labels(shell(line)) == labels(output), line
            else:
                assert shell(line) == output, line


def test_the_document_has_every_command():
    pytest.importorskip("click")
    pytest.importorskip("rich")
    from mathwork.cli.app import cli

    texts = [*blocks(COMMANDS, "console"), *blocks(COMMANDS, "sh")]
    shown = re.findall(r"mathwork (\w+)", "".join(texts))
    assert len(cli.commands) >= 8 and set(cli.commands) <= set(shown)


# ---- links ----

def links(document):
    """The files that the document links to."""
    found = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", document.read_text("utf-8"))
    return [link for link in found if "://" not in link]


def test_links_lead_to_files():
    documents = [README, CHECKOUT / "CHANGELOG.md", *(CHECKOUT / "docs").glob("*.md")]
    missing = [f"{document.name}: {link}" for document in documents for link in links(document)
               if not (document.parent / link).exists()]
    assert not missing and links(README)
