"""The command line for tests: in this process, or in one of its own."""
import os
import subprocess
import sys

import pytest

click_testing = pytest.importorskip("click.testing")
pytest.importorskip("rich")

from mathwork.cli import app  # noqa: E402


def run(*arguments, stdin=None):
    return click_testing.CliRunner().invoke(app.cli, [str(argument) for argument in arguments],
                                            input=stdin, prog_name="mathwork")


def output_of(*arguments, stdin=None):
    result = run(*arguments, stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def error_of(*arguments, stdin=None):
    """Return the one line that a failing command writes, without the line's end."""
    result = run(*arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("\n") and result.stderr.count("\n") == 1
    return result.stderr[:-1]


def in_subprocess(*arguments, code=None, **environment):
    """python -m mathwork, or Python code, in a process of its own."""
    command = ["-m", "mathwork"] if code is None else ["-c", code]
    return subprocess.run([sys.executable, *command, *arguments], capture_output=True, timeout=120,
                          env={**os.environ, **environment}, check=False)
