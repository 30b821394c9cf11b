"""For every format: paths, and the error for a file that it cannot read."""
from __future__ import annotations

from typing import TYPE_CHECKING

from mathwork._arguments import checked_path

if TYPE_CHECKING:
    import pathlib
    from typing import Any

    from mathwork._types import StrPath

LONGEST_REASON = 1000           # characters
NAMELESS = ("the bytes", "the file")    # in place of a name


class Content:
    """Bytes in memory, as far as readers need a path of them."""

    parent = None               # data in other files is refused

    def __init__(self, content: bytes, name: str, suffix: str = "") -> None:
        self._content, self.name, self.suffix = content, name, suffix

    def read_bytes(self) -> bytes:
        return self._content

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
