"""What the README shows is what happens."""
import contextlib
import io
import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


@pytest.mark.skipif(not README.exists(), reason="not in a source tree")
def test_the_first_example_prints_what_stands_below_it():
    example, output = re.search(r"```python\n(.*?)```\s*```\n(.*?)```", README.read_text("utf-8"),
                                re.DOTALL).groups()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(example, {})
    assert printed.getvalue() == output


@pytest.mark.skipif(not README.exists(), reason="not in a source tree")
def test_both_commands_are_there_for_the_gate_to_run():
    commands = re.findall(r"```sh\n(.*?)\n```", README.read_text("utf-8"))
    assert [command.split("&&")[-1].strip() for command in commands[:2]] == [
        ".venv/bin/mathwork demo", ".venv/bin/python -m pytest"]
    assert all(command.startswith("python3 -m venv .venv && ") for command in commands[:2])
