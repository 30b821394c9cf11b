"""Options that commands share, and the types of their values."""
import codecs
import csv
import os

import click
from click.shell_completion import CompletionItem

from mathwork.cli.numerals import Numerals
from mathwork.cli.records import Format

NAMED = {"tab": "\t", "\\t": "\t", "blank": " ", "space": " "}
THOUSANDS = (",", ".", " ", "'", "\u2019")


class Command(click.Command):
    """A command in which an option is given once, unless it takes several values.

    click itself keeps the last one, and says nothing.
    """

    def parse_args(self, ctx, args):
        if not ctx.resilient_parsing:
            _, _, given = self.make_parser(ctx).parse_args(list(args))
            for param in dict.fromkeys(given):
                loses = isinstance(param, click.Option) and not param.multiple and (
                    not param.is_flag or param.secondary_opts)
                if loses and given.count(param) > 1:
                    raise click.UsageError(f"{'/'.join([*param.opts, *param.secondary_opts])} is "
                                           f"given {given.count(param)} times.", ctx)
        return super().parse_args(ctx, args)


class File(click.ParamType):
    """The name of a file, which a shell completes. Who opens the file checks it."""

    name = "file"

    def shell_complete(self, ctx, param, incomplete):
        return [CompletionItem(incomplete, type="file")]


def columns_beside(ctx, incomplete):
    """What completes a column of the table in the argument FILE: its names, or places as @3.

    A name that a shell would have to quote is given by its place. A file that would have to be
    waited for, such as a pipe, has no names here, nor has one that is no table.
    """
    from mathwork.cli.columns import open_table

    # Behind an option whose value is not there yet, click leaves the arguments as they came.
    name = ctx.params.get("source") or next(iter(ctx.args), "")
    if not os.path.isfile(name):
        return []
    try:
        with open_table(name) as table:
            names = list(table.names)
    except (OSError, ValueError, ImportError):
        return []
    items = [CompletionItem(text) if text.replace("_", "").replace(".", "").isalnum()
             else CompletionItem(f"@{place}", help=text)
             for place, text in enumerate(names, start=1)]
    return [item for item in items if item.value.startswith(incomplete)]


class Column(click.ParamType):
    """The name of a column of the table in the argument `source`."""

    name = "column"

    def shell_complete(self, ctx, param, incomplete):
        return columns_beside(ctx, incomplete)


class CommaList(click.ParamType):
    """a,"b,c" as ["a", "b,c"]."""

    name = "names"

    def shell_complete(self, ctx, param, incomplete):
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(before + comma + item.value, help=item.help)
                for item in columns_beside(ctx, last)]

    def convert(self, value, param, ctx):
        try:
            names = next(csv.reader([value], strict=True), [])
        except csv.Error as error:
            self.fail(f"{value!r} must be names with commas between: {error}", param, ctx)
        if not names or not all(map(str.strip, names)):
            self.fail(f"{value!r} must be names with commas between", param, ctx)
        return [name.strip() for name in names]


class Delimiter(click.ParamType):
    """One character, or its name."""

    name = "delimiter"

    def convert(self, value, param, ctx):
        character = NAMED.get(value, value)
        if len(character) != 1 or character in '"#\r\n' or character.isalnum():
            self.fail(f"{value!r} must be one character between the columns, or tab, or blank",
                      param, ctx)
        return character


class Thousands(click.ParamType):
    """What stands between thousands, or its name."""

    name = "thousands"

    def convert(self, value, param, ctx):
        character = NAMED.get(value, value)
        if character not in THOUSANDS:
            self.fail(f"{value!r} must be one of , . ' or blank", param, ctx)
        return character


class Encoding(click.ParamType):
    """An encoding of text that Python knows."""

    name = "encoding"

    def convert(self, value, param, ctx):
        try:
            "a".encode(value)
            return codecs.lookup(value).name
        except LookupError:
            self.fail(f"{value!r} is no encoding of text, such as utf-8, cp1252, latin-1 or "
                      "utf-16", param, ctx)


def delimiter(default, shown):
    """The option --delimiter with this default."""
    return click.option(
        "--delimiter", type=Delimiter(), metavar="C", default=default, show_default=shown,
        help="What stands between the columns of text: one character, or tab, or blank for any "
             "number of blanks and tabs.")


encoding = click.option(
    "--encoding", type=Encoding(), metavar="NAME",
    help="The encoding of the text. Default: UTF-8, or UTF-16 if a mark at the beginning says so.")
comment = click.option("--comment", is_flag=True,
                       help="Skip lines that begin with # above the table.")
header = click.option("--header/--no-header", "header", default=None,
                      help="Whether the first row has the names of the columns. Without either: "
                           "if it holds text and no number.")


def reading(command):
    """Add all options that say how a table of text is to be read; see format_of."""
    for option in reversed((
            delimiter(None, "found out from the first lines"),
            encoding,
            click.option("--decimal", type=click.Choice([".", ","]), default=".",
                         show_default=True, help="What stands before decimals."),
            click.option("--thousands", type=Thousands(), metavar="C",
                         help="What stands between thousands: , . ' or blank. Default: nothing."),
            header, comment)):
        command = option(command)
    return command


def format_of(delimiter, encoding, decimal, thousands, header, comment):
    """The Format that the options of `reading` ask for."""
    if thousands == decimal:
        raise click.UsageError(f"--decimal and --thousands are both {decimal!r}.")
    if delimiter is not None and delimiter == thousands:
        raise click.UsageError(f"--delimiter and --thousands are both {delimiter!r}.")
    return Format(delimiter, encoding, Numerals(decimal, thousands), comment, header)
