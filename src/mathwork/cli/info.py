"""The command `mathwork info`: versions, the machine and the kernels in use."""
import click

from mathwork import show_runtime
from mathwork._runtime import runtime
from mathwork.cli.options import Command
from mathwork.cli.output import as_json, print_json


@click.command(cls=Command)
@as_json
def info(as_json):
    """Show versions, the machine and the kernels in use.

    A good bug report begins with these lines.
    """
    if as_json:
        print_json({field.replace(" ", "_"): text for field, text in runtime().items()})
    else:
        show_runtime()
