"""The command `mathwork completion`. What completes a value is with its type, in options."""

import click
from click.shell_completion import get_completion_class

from mathwork.cli.options import Command

VARIABLE = "_MATHWORK_COMPLETE"      # click's own name for it
SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Command)
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx, shell):
    """Write a script that completes commands in a shell.

    SHELL is bash, zsh or fish. Have the shell read the script when it starts:

    \b
      bash  eval "$(mathwork completion bash)"        in ~/.bashrc
      zsh   eval "$(mathwork completion zsh)"         in ~/.zshrc, after compinit
      fish  mathwork completion fish | source         in ~/.config/fish/config.fish

    Then Tab completes: mathwork fit table.csv --y <Tab> lists the columns of the table. A name that
    a shell would have to quote is listed by its place: @3 is the third column.
    """
    commands = ctx.find_root().command
    click.echo(get_completion_class(shell)(commands, {}, "mathwork", VARIABLE).source())
