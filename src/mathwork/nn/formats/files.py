"""For every format: paths, files that are safe to read, and the error for one that is not."""
from __future__ import annotations

import io
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mathwork._arguments import checked_path

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator
    from typing import IO, Any

    from mathwork._types import StrPath

LONGEST_REASON = 1000           # characters
NAMELESS = ("the bytes", "the file")    # in place of a name


class Content:
    """Bytes in memory, as far as readers need a path of them."""

    parent = None               # data in other files is refused

    def __init__(self, content: bytes, name: str, suffix: str = "") -> None:
        self._content, self.name, self.suffix = content, name, suffix

    def opened(self) -> tuple[IO[bytes], int]:
        return io.BytesIO(self._content), len(self._content)

    def __str__(self) -> str:
        return self.name


def content_of_file(file: Any) -> Content:
    """Return what a file object gives, from where it stands to its end."""
    content = file.read()
    if not isinstance(content, bytes | bytearray | memoryview):
        raise TypeError("the file must give bytes, as one that is opened with 'rb' does, "
                        f"got {type(content).__name__}")
    return Content(bytes(content), *named(file))


def named(file: Any) -> tuple[str, str]:
    """Return (name, suffix) of a file object; it may have neither."""
    name = getattr(file, "name", None)
    return (name, as_path(name).suffix) if isinstance(name, str) and name else (NAMELESS[1], "")


def write_to_file(file: Any, content: bytes) -> None:
    """Write all of `content`; a file without a buffer may take it in pieces."""
    rest = memoryview(content)
    while len(rest):
        try:
            written = file.write(rest)
        except TypeError as error:
            raise TypeError("the file must take bytes, as one that is opened with 'wb' does: "
                            f"{error}") from None
        rest = rest[written:] if isinstance(written, int) and written > 0 else rest[:0]


@contextmanager
def opened(source: pathlib.Path | Content) -> Iterator[tuple[IO[bytes], int]]:
    """Open a file to read: (file, how many bytes it has). It must be a regular file.

    A pipe or a device might never end, or never begin.
    """
    if isinstance(source, Content):
        yield source.opened()
        return
    from mathwork._files import naming  # here, because most programs load nothing

    with naming(source), open_regular(source) as file:
        yield file, os.fstat(file.fileno()).st_size     # files of the kernel do not know their end


def open_regular(path: StrPath) -> IO[bytes]:
    """Open a regular file to read bytes; a ValueError if the path leads to anything else"""
    # Not to wait here for somebody who writes into a pipe. What was opened is then looked at, not
    # its name, because somebody may put another file there at any time.
    file = open(path, "rb", opener=lambda name, flags: os.open(      # noqa: SIM115  (returned)
        name, flags | getattr(os, "O_NONBLOCK", 0)))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise ValueError(f"{path}: it is not a regular file: give its bytes, or an open file")
    return file


def as_path(path: StrPath, name: str = "path") -> pathlib.Path:
    """Return `path`, the argument `name`, as a pathlib.Path"""
    from pathlib import Path  # imported here: it takes as long as a fifth of mathwork

    return Path(checked_path(path, name))


def refusal(what: object, reason: object) -> ValueError:
    """Return the ValueError for the file `what`; its reason is one line, and not too long."""
    text = str(reason) or repr(reason)
    if len(text) > LONGEST_REASON:
        text = f"{text[:LONGEST_REASON // 2]}...{text[-LONGEST_REASON // 2:]}"
    # The reason may quote the file, and the file may have control characters for a terminal.
    text = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return ValueError(f"{what}: {text}")
