"""The group of commands: every error of a command is one line and exit code 2."""
import sys
import warnings

import click

from mathwork import __version__
from mathwork.cli.completion import completion
from mathwork.cli.demo import demo
from mathwork.cli.fit import fit
from mathwork.cli.info import info
from mathwork.cli.lines import ClosedOutput, one_line, shown_name
from mathwork.cli.matrices import rref, solve
from mathwork.cli.networks import convert, forward
from mathwork.cli.orbit import orbit
from mathwork.cli.output import complain, warn
from mathwork.cli.train import train

# The commands in the order of the overview.
SECTIONS = {
    "Networks": (demo, forward, train, convert),
    "Matrices": (rref, solve),
    "Tables": (fit, orbit),
    "The command itself": (info, completion),
}


class OneLineErrors(click.Group):
    """A group of commands in which an error is one line on standard error and exit code 2."""

    def format_commands(self, ctx, formatter):
        width = max(map(len, self.commands))
        limit = formatter.width - 6 - width
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(command.name.ljust(width), command.get_short_help_str(limit))
                                    for command in commands])

    def main(self, *args, standalone_mode=True, **kwargs):
        if not standalone_mode:
            return super().main(*args, standalone_mode=False, **kwargs)
        if sys.stdout is None:      # Python's way to say that the parent process closed it
            sys.stdout = ClosedOutput()
        try:
            with warnings.catch_warnings():
                told = set()
                warnings.showwarning = lambda message, *_: _warn_once(str(message), told)
                code = super().main(*args, standalone_mode=False, **kwargs)
            sys.exit(code)
        except (click.Abort, KeyboardInterrupt):
            sys.exit(130)       # the shell's code for an interrupt
        except (click.ClickException, OSError, ValueError, TypeError, MemoryError,
                ImportError) as error:
            complain(_one_line(error))
            sys.exit(2)

    def invoke(self, ctx):
        result = super().invoke(ctx)
        click.echo(nl=False)    # flush here: click ends quietly if the pipe is closed
        return result


def _warn_once(text, told):
    """Write a Python warning as the command writes its own"""
    if text not in told:
        told.add(text)
        warn(text)


def _one_line(error):
    if isinstance(error, click.ClickException):
        text = error.format_message()
        if isinstance(error, click.UsageError) and error.ctx is not None:
            text += f"{'' if text.endswith(('.', '?')) else '.'} See {error.ctx.command_path} -h."
    elif isinstance(error, OSError) and error.strerror is not None:
        name = "standard output" if error.filename is None else shown_name(error.filename)
        text = f"{name}: {error.strerror}"
    elif isinstance(error, UnicodeEncodeError) and error.encoding != "utf-8":
        text = (f"standard output: {error.encoding} has no {error.object[error.start]!r}; "
                "PYTHONUTF8=1 makes it UTF-8, and -o writes a file in UTF-8")
    else:
        text = str(error) or type(error).__name__
    return one_line(text)


@click.group(cls=OneLineErrors, invoke_without_command=True,
             context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx):
    """Small dense mathematics at the cost of its arithmetic.

    A command reads a file, or standard input for the name -, and writes text or, with --json, JSON.
    An error is one line and exit code 2. mathwork COMMAND -h says what a command takes.

    \b
      mathwork demo
      mathwork solve "2x + 3y = 6; 4x + 5y = 10" --steps
      mathwork fit table.csv --y price --x area,rooms --plot fit.png
      mathwork train table.csv --y kind -o kind.npz
      mathwork forward kind.npz new.csv --labels
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for section in SECTIONS.values():
    for command in section:
        cli.add_command(command)
