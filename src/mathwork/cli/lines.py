"""Lines of text in files, and errors that name the file and the line."""
import io
import sys
import unicodedata
from contextlib import contextmanager
from functools import partial

from mathwork._files import naming

LONGEST_LINE = 100_000_000      # characters of a matrix in one line
LONGEST_MESSAGE = 2000

# Categories of signs that a terminal obeys, or shows nowhere, and directions of text that begin or
# end inside a line: they could show other text than there is.
UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def visible(text):
    """Text with escapes for what would not be seen, or would move the cursor of a terminal"""
    return "".join(repr(sign)[1:-1] if unicodedata.category(sign) in UNSEEN
                   else f"\\u{ord(sign):04x}" if unicodedata.bidirectional(sign) in TURNING
                   else sign for sign in text)


def one_line(text):
    """Visible text on one line; dots stand for the middle of a long one."""
    if len(text) > LONGEST_MESSAGE:     # it quotes an argument or a table
        text = f"{text[:LONGEST_MESSAGE // 2]} ... {text[-LONGEST_MESSAGE // 2:]}"
    return visible(" ".join(line.strip() for line in text.splitlines()))


def shown_name(name):
    """What messages call a file of this name."""
    return name or "the empty name ''"


def name_of(name):
    """What messages call the file `name` that is read, or standard input for `-`."""
    return "standard input" if name == "-" else shown_name(name)


class ClosedOutput(io.TextIOBase):
    """In the place of standard output if it is closed: what is written is not lost in silence."""

    def write(self, text):
        raise ValueError("standard output is closed")


@contextmanager
def blamed_on(source):
    """Begin the message of a ValueError or TypeError with `source`."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise type(error)(f"{source}: {error}") from None


def opened_still(stream, name):
    """A stream of the process; a ValueError if it is closed."""
    if stream is None:      # Python's way to say that the parent process closed it
        raise ValueError(f"{name} is closed")
    return stream


@contextmanager
def _opened_text(name):
    # utf-8-sig: spreadsheets write a byte order mark.
    if name == "-":
        stdin = opened_still(sys.stdin, name_of(name))
        stream = io.TextIOWrapper(stdin.buffer, "utf-8-sig", newline="")
        try:
            yield stream
        finally:
            stream.detach()
    else:
        with open(name, encoding="utf-8-sig", newline="") as stream:
            yield stream


class LongLineError(Exception):     # told as a ValueError, with the file and the line
    """A line has more characters than are read."""


class Lines:
    """The lines of a text; `number` counts them. One that is too long is a LongLineError."""

    def __init__(self, stream, longest):
        self.stream, self.longest, self.number = stream, longest, 0

    def __iter__(self):
        longest = self.longest
        for line in iter(partial(self.stream.readline, longest + 1), ""):
            self.number += 1
            if len(line) > longest:
                raise LongLineError(f"it has more than {longest:,} characters")
            yield line


@contextmanager
def opened_lines(name, not_text="it is not text in UTF-8"):
    """The Lines of the file `name`; the message of a ValueError begins with the file and the line.

    That of a file in another encoding than UTF-8 is `not_text`.
    """
    with naming(name_of(name)), _opened_text(name) as stream:
        lines = Lines(stream, LONGEST_LINE)
        try:
            yield lines
        except UnicodeDecodeError:
            raise ValueError(f"{name_of(name)}: {not_text}") from None
        except (ValueError, LongLineError) as error:
            raise ValueError(f"{name_of(name)}: line {lines.number}: {error}") from None
