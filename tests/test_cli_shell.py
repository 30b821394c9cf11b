"""What a terminal sees: the overview, completion, progress, the manual pages."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

click = pytest.importorskip("click")
pytest.importorskip("rich")

from click.shell_completion import ShellComplete  # noqa: E402
from command_line import error_of, in_subprocess, output_of  # noqa: E402

from mathwork.cli.app import SECTIONS, cli  # noqa: E402
from mathwork.cli.completion import SHELLS, VARIABLE  # noqa: E402

PAGES = Path(__file__).parent.parent / "docs" / "man"


# ---- the overview ----

def test_the_overview_has_every_command_with_its_whole_sentence():
    shown = output_of("--help")
    assert {command for commands in SECTIONS.values() for command in commands
            } == set(cli.commands.values())
    assert all(len(line) <= 80 for line in shown.splitlines())
    for name, command in cli.commands.items():
        sentence = command.help.partition("\n")[0]
        assert re.search(rf"^  {name} +{re.escape(sentence)}$", shown, re.MULTILINE)


def test_no_command_gives_the_overview():
    assert output_of() == output_of("-h")


# ---- completion ----

@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("site,x one,y,z\na,1,2,3\nb,2,3,4\n", encoding="utf-8")


def completed(*words):
    """What completes the last word."""
    complete = ShellComplete(cli, {}, "mathwork", VARIABLE)
    items = complete.get_completions(list(words[:-1]), words[-1])
    return [item.value if item.type == "plain" else item.type for item in items]


@pytest.mark.parametrize(("words", "wanted"), [
    (["fi"], ["fit"]),
    (["fit", "t"], ["file"]), (["forward", ""], ["file"]), (["solve", "a"], ["file"]),
    (["fit", "t.csv", "--robust", "HA"], ["HAC"]), (["completion", "f"], ["fish"]),
    (["fit", "t.csv", "--y", ""], ["site", "@2", "y", "z"]),
    (["fit", "--y", "y", "t.csv", "--group", "s"], ["site"]),
    (["fit", "t.csv", "--x", "y,"], ["y,site", "y,@2", "y,y", "y,z"]),
    (["train", "t.csv", "--y", "z"], ["z"]),
    (["orbit", "t.csv", "--eccentricity", "@"], ["@2"]),
    (["fit", "none.csv", "--y", ""], []), (["fit", "--y", ""], []),
    (["fit", "t.csv", "--plot", "p"], ["file"]),
])
def test_a_shell_completes(table, words, wanted):
    assert completed(*words) == wanted


def test_a_name_that_needs_quotes_comes_with_its_place(table):
    item, = ShellComplete(cli, {}, "mathwork", VARIABLE).get_completions(
        ["fit", "t.csv", "--y"], "@")
    assert (item.value, item.help) == ("@2", "x one")


@pytest.mark.parametrize("content", [b"", b"\0\xff\n", b"%PDF-1.7", b"PK\x03\x04 x", b"\x1f\x8bx"])
def test_a_file_that_is_no_table_completes_nothing(table, content):
    Path("bad").write_bytes(content)
    assert set(completed("fit", "bad", "--y", "")) <= {"@1"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(table):
    os.mkfifo("pipe")
    assert completed("fit", "pipe", "--y", "") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_for_shells(shell):
    script = output_of("completion", shell)
    assert f"{VARIABLE}={shell}_complete" in script


def test_another_shell_is_named():
    assert error_of("completion", "tcsh").startswith(
        "mathwork: Invalid value for 'SHELL': 'tcsh' is not one of 'bash', 'zsh', 'fish'.")


def test_the_started_command_completes(table):
    done = in_subprocess(COMP_WORDS="mathwork fit t.csv --y ", COMP_CWORD="4",
                         **{VARIABLE: "bash_complete"})
    assert done.stdout.decode().split() == ["plain,site", "plain,@2", "plain,y", "plain,z"]


# ---- manual pages ----

@pytest.mark.skipif(not PAGES.exists(), reason="not in a source tree")
@pytest.mark.parametrize("name", [None, *cli.commands])
def test_the_manual_page_has_every_option(name):
    command = cli if name is None else cli.commands[name]
    page = (PAGES / f"mathwork{'' if name is None else f'-{name}'}.1").read_text("utf-8")
    page = page.replace("\\-", "-").replace("\\fB", "").replace("\\fP", "")
    words = " ".join(page.split())
    for sentence in (command.help.partition("\n")[0],
                     *(option.help for option in command.params
                       if isinstance(option, click.Option))):
        assert " ".join(sentence.split()) in words
    for option in command.params:
        assert all(each in page for each in option.opts if each.startswith("-"))


# ---- progress ----

BUSY = """
import sys, time
from mathwork.cli.output import busy
with busy("counting"):
    time.sleep(float(sys.argv[1]))
print("done")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of POSIX")
@pytest.mark.parametrize(("seconds", "shown"), [("0", False), ("1.6", True)])
def test_work_of_more_than_a_second_is_shown_on_a_terminal(seconds, shown):
    import pty

    main, terminal = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", BUSY, seconds], stderr=terminal,
                          stdout=subprocess.PIPE, env=os.environ | {"TERM": "xterm"}) as process:
        os.close(terminal)
        output = process.stdout.read()
        written = b""
        try:
            while piece := os.read(main, 4096):
                written += piece
        except OSError:         # Linux's way to say that nobody writes any more
            pass
    os.close(main)
    assert (process.returncode, output) == (0, b"done\n")
    assert (b"counting" in written) == shown


def test_nothing_is_shown_where_there_is_no_terminal():
    done = in_subprocess("1.2", code=BUSY)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"done\n", b"")


# ---- names and labels from strangers ----

EVIL = "a\x1b[2J\x1b]0;title\x07\x9b\u202e"
SEEN = r"a\x1b[2J\x1b]0;title\x07\x9b\u202e"


@pytest.fixture
def evil(tmp_path, monkeypatch):
    """A table whose header and whose classes move a cursor, and a file for a network"""
    monkeypatch.chdir(tmp_path)
    rows = [f"{k},{k * k % 7},{EVIL if k % 2 else 'good'}" for k in range(40)]
    Path("t.csv").write_text("\n".join((f"{EVIL},$\\frac{{$,kind", *rows)), encoding="utf-8")
    return "t.csv"


@pytest.mark.parametrize("arguments", [
    ["fit", "--y", "@1", "--x", "@2"], ["fit", "--y", "@2", "--x", "@1", "--poly", "2"],
    ["fit", "--y", "@1", "--x", "@2", "--group", "kind"],
    ["train", "--y", "kind", "--epochs", "2", "--seed", "0"]])
def test_names_and_labels_are_escaped_in_reports(evil, arguments):
    shown = output_of(arguments[0], evil, *arguments[1:])
    assert SEEN in shown and not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_labels_are_escaped_on_a_terminal_and_nowhere_else(evil, monkeypatch):
    import pty

    assert output_of("train", evil, "--y", "kind", "--epochs", "2", "--seed", "0", "-o", "n.npz")
    Path("x.csv").write_text("1,2\n2,4\n", encoding="utf-8")
    forward = ["forward", "n.npz", "x.csv", "--labels"]
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    head, tail = pty.openpty()
    subprocess.run([sys.executable, "-m", "mathwork", *forward], stdout=tail, check=True,
                   timeout=120)
    os.close(tail)
    shown = os.read(head, 10_000).decode()
    os.close(head)
    labels = output_of(*forward).splitlines()
    assert shown.split() == [label.replace(EVIL, SEEN) for label in labels]
    assert {label.strip('"') for label in labels} <= {EVIL, "good"}


def test_a_name_between_dollars_is_drawn_as_it_stands(evil):
    pytest.importorskip("matplotlib")
    assert output_of("fit", evil, "--y", "@2", "--x", "@1", "--plot", "p.svg")
    assert Path("p.svg").stat().st_size > 1000


def test_an_encoding_without_a_sign(evil):
    report = in_subprocess("fit", evil, "--y", "@1", "--x", "@2", PYTHONIOENCODING="ascii")
    assert report.returncode == 0 and rb"\x9b\u202e" in report.stdout
    Path("t.csv").write_text("\n".join(f"{k},{'łódź' if k % 2 else 'łeb'}" for k in range(9)),
                             encoding="utf-8")
    assert output_of("train", "t.csv", "--y", "@2", "--no-header", "--epochs", "1", "-o", "n.npz")
    Path("x.csv").write_text("1\n2\n", encoding="utf-8")
    done = in_subprocess("forward", "n.npz", "x.csv", "--labels", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr.decode()) == (
        2, "mathwork: standard output: ascii has no 'ł'; PYTHONUTF8=1 makes it UTF-8, and -o "
           "writes a file in UTF-8\n")
