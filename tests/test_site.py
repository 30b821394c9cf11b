"""Every block of code on the pages of the site runs."""
import ast
import re
import shutil
from pathlib import Path

import pytest
from test_examples import imported, run

DOCS = Path(__file__).parent.parent / "docs"
PAGES = [path for path in sorted(DOCS.rglob("*.md")) if path.parent.name != "gallery"]
pytestmark = pytest.mark.skipif(not PAGES, reason="not in a source tree")


def fences(page):
    """(language, content) of every fenced block."""
    return re.findall(r"^```([^\n]*)\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def cells(page):
    """The code of every cell, without its options."""
    return [re.sub(r"\A:tags:.*\n", "", code) for language, code in fences(page)
            if language == "{code-cell} python"]


WITH_CELLS = [page for page in PAGES if cells(page)]
name = {"ids": lambda page: str(page.relative_to(DOCS).with_suffix(""))}


@pytest.mark.parametrize("page", WITH_CELLS, **name)
def test_the_cells_of_a_page_run_one_after_the_other(page, tmp_path):
    code = "\n".join(cells(page))
    for package in sorted(imported(code)):
        pytest.importorskip(package)
    if '"cc"' in code and shutil.which("cc") is None:
        pytest.skip("no C compiler")
    run(code, folder=tmp_path)


def test_tutorials_and_how_to_pages_have_no_code_that_does_not_run():
    pages = [page for folder in ("tutorials", "howto") for page in (DOCS / folder).glob("*.md")]
    assert len(pages) > 12
    for page in pages:
        languages = {language for language, _ in fences(page)}
        assert languages <= {"{code-cell} python", "{toctree}", ""}, page


def test_a_prompt_takes_what_is_pasted():
    # At a prompt an empty line ends a loop or a function, and nothing else does.
    pages = [page for page in WITH_CELLS if page.parent != DOCS]
    assert len(pages) > 10
    for page in pages:
        for code in cells(page):
            lines = [*code.splitlines(), ""]
            for node in ast.parse(code).body:
                if hasattr(node, "body"):
                    whole = lines[node.lineno - 1:node.end_lineno]
                    assert all(line.strip() for line in whole), f"{page.name}: {whole[0]}"
                    assert not lines[node.end_lineno].strip(), f"{page.name}: {whole[0]}"


def test_pages_with_cells_say_so_to_the_build():
    head = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n"
    assert WITH_CELLS and all(page.read_text("utf-8").startswith(head) for page in WITH_CELLS)


def test_links_lead_to_files():
    # Pages of the gallery are made by the build.
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if "://" not in link and "gallery/" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"
