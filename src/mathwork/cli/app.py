"""The group of commands: every error of a command is one line and exit code 2."""
import sys

import click

from mathwork import __version__
from mathwork.cli.demo import demo
from mathwork.cli.fit import fit
from mathwork.cli.info import info
from mathwork.cli.matrices import rref, solve
from mathwork.cli.networks import convert, forward
from mathwork.cli.orbit import orbit


class OneLineErrors(click.Group):
    """A group of commands in which an error is one line on standard error and exit code 2."""

    def main(self, *args, standalone_mode=True, **kwargs):
        if not standalone_mode:
            return super().main(*args, standalone_mode=False, **kwargs)
        try:
            sys.exit(super().main(*args, standalone_mode=False, **kwargs))
        except click.Abort:
            sys.exit(130)       # the shell's code for an interrupt
        except (click.ClickException, OSError, ValueError, TypeError, MemoryError,
                ImportError) as error:
            click.echo(f"mathwork: {_one_line(error)}", err=True)
            sys.exit(2)

    def invoke(self, ctx):
        result = super().invoke(ctx)
        click.echo(nl=False)    # flush here: click ends quietly if the pipe is closed
        return result


def _one_line(error):
    if isinstance(error, click.ClickException):
        text = error.format_message()
        if isinstance(error, click.UsageError) and error.ctx is not None:
            text = f"{text.rstrip('.')}. See {error.ctx.command_path} -h."
    elif isinstance(error, OSError) and error.strerror is not None:
        text = f"{error.filename or 'standard output'}: {error.strerror}"
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())


@click.group(cls=OneLineErrors, invoke_without_command=True,
             context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx):
    """Small dense mathematics at the cost of its arithmetic.

    New here? Start with: mathwork demo
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for command in (convert, demo, fit, forward, info, orbit, rref, solve):
    cli.add_command(command)
