"""What docs/systems.md shows is what happens."""
import doctest
import re
import shlex
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "systems.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="not in a source tree")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_examples_in_python():
    examples, report = doctest.DocTestParser(), []
    test = examples.get_doctest("\n".join(blocks("python")), {}, PAGE.name, str(PAGE), 0)
    result = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert result.failed == 0 < result.attempted, "".join(report)


def test_commands():
    from command_line import output_of

    shown = blocks("console")
    assert shown
    for block in shown:
        command, output = block.split("\n", 1)
        dollar, program, *arguments = shlex.split(command)
        assert (dollar, program) == ("$", "mathwork")
        assert output_of(*arguments) == output
