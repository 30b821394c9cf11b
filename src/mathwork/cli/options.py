"""Options that commands share, and the types of their values."""
import csv

import click

NAMED = {"tab": "\t", "\\t": "\t", "blank": " ", "space": " "}


class CommaList(click.ParamType):
    """a,"b,c" as ["a", "b,c"]."""

    name = "names"

    def convert(self, value, param, ctx):
        try:
            names = next(csv.reader([value], strict=True), [])
        except csv.Error as error:
            self.fail(f"{value!r} must be names with commas between: {error}", param, ctx)
        if not names or not all(map(str.strip, names)):
            self.fail(f"{value!r} must be names with commas between", param, ctx)
        return names


class Delimiter(click.ParamType):
    """One character, or its name."""

    name = "delimiter"

    def convert(self, value, param, ctx):
        character = NAMED.get(value, value)
        if len(character) != 1 or character in '"#\r\n' or character.isalnum():
            self.fail(f"{value!r} must be one character between the columns, or tab, or blank",
                      param, ctx)
        return character


delimiter = click.option(
    "--delimiter", type=Delimiter(), metavar="C", default=",", show_default=True,
    help="What stands between the columns of CSV: one character, or tab, or blank for any number "
         "of blanks and tabs.")
