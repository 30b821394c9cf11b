"""Write the manual pages of the command, docs/man/*.1, from what its --help says.

    python tools/man_pages.py

It takes click-man (`pip install '.[lint]'`). A wheel installs the pages where `man` finds them.
"""
from pathlib import Path

from click_man.core import write_man_pages

from mathwork import __version__
from mathwork.cli.app import cli

PAGES = Path(__file__).parent.parent / "docs" / "man"

if __name__ == "__main__":
    PAGES.mkdir(exist_ok=True)
    for page in PAGES.glob("*.1"):
        page.unlink()
    for command in (cli, *cli.commands.values()):
        command.short_help = command.get_short_help_str(limit=200)      # the whole sentence
    write_man_pages("mathwork", cli, version=__version__, target_dir=str(PAGES))
