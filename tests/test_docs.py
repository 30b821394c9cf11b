"""What pages of docs/ show is what happens."""
import doctest
import re
import shlex
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="not in a source tree")


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", ["larger.md", "systems.md", "training.md", "formulas.md",
                                  "index.md"])
def test_examples_in_python(page):
    if page == "larger.md":
        for package in ("dask.dataframe", "pyarrow"):
            pytest.importorskip(package, reason=f"{package} is not installed")
    examples, report = doctest.DocTestParser(), []
    test = examples.get_doctest("\n".join(blocks(page, "python")), {}, page, page, 0)
    result = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert result.failed == 0 < result.attempted, "".join(report)


def test_commands():
    from command_line import output_of

    shown = blocks("systems.md", "console")
    assert shown
    for block in shown:
        command, output = block.split("\n", 1)
        dollar, program, *arguments = shlex.split(command)
        assert (dollar, program) == ("$", "mathwork")
        assert output_of(*arguments) == output
