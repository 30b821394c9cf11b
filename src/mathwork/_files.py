"""Files that are written whole or not at all; and files that errors name."""
from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from mathwork._arguments import checked_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Any

    from mathwork._types import StrPath

# Errors if no file can be made beside a writable one: permission, and the errors of containers
# and /proc. A full disk does not count: then writing in place would lose the old content.
_NOTHING_BESIDE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENAMETOOLONG)


@contextmanager
def naming(path: StrPath) -> Iterator[None]:
    """Give an OSError of the system the name of the file that is read, if it has none."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = os.fspath(path)
        raise


@contextmanager
def replacing(path: StrPath, mode: str = "wb", **text: Any) -> Iterator[IO[Any]]:
    """Open a file to write, as open(path, mode, **text) does; at its end it replaces `path`.

    The new file is made beside `path`. If anything goes wrong, the old file stays and nothing else
    is left. The new file has the mode, the owner and the attributes (with access lists) of the old
    one. A link stays, and its target is replaced. Some files are written in place: a file that is
    not regular, the file of standard output, a file without a name of its own, a file that is
    mounted by itself, and a file that cannot have another like it beside it.
    """
    path = checked_path(path)
    target = _real_path(path)
    beside = os.path.join(os.path.dirname(target), f".mathwork-{os.urandom(8).hex()}.tmp")
    try:
        with _opened(path, target, beside, mode, text) as file:
            yield file
            if file.name == beside:
                file.flush()
                os.fsync(file.fileno())
        if file.name == beside:
            _replace(beside, target)
    except OSError as error:
        if error.errno is not None and error.filename in (None, beside):
            error.filename = path
            del error.filename2
        raise
    finally:
        with suppress(OSError):     # it exists only if something went wrong
            os.unlink(beside)


def _real_path(path: str) -> str:
    """Return the absolute target of `path`, or `path` itself if the working directory is gone"""
    try:
        return os.path.realpath(path)
    except OSError:
        return path


def _opened(path: str, target: str, beside: str, mode: str, text: dict[str, Any]) -> IO[Any]:
    """Open the new file `beside`, or `path` itself if that cannot be replaced"""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        found = None
    if found is not None:
        if (not stat.S_ISREG(found.st_mode) or _is_standard(found)
                or not _leads_to(target, found)):
            return open(path, mode, **text)
        open(path, "r+b").close()       # raises if writing is refused

    def opener(name: str, flags: int) -> int:
        # Nobody else may open the new file before it is as private as the old one.
        return os.open(name, flags, 0o666 if found is None else 0o600)

    with ExitStack() as stack:
        try:
            file = stack.enter_context(
                open(beside, mode.replace("w", "x"), opener=opener, **text))
        except OSError as error:
            if error.errno not in _NOTHING_BESIDE:
                raise
            return open(path, mode, **text)
        try:
            if found is not None:
                _be_like(target, found, file)
        except OSError:
            return open(path, mode, **text)
        stack.pop_all()
        return file


def _is_standard(found: os.stat_result) -> bool:
    """Return whether standard output or standard error goes to this file"""
    for descriptor in (1, 2):
        with suppress(OSError):         # the descriptor is closed
            if os.path.samestat(found, os.fstat(descriptor)):
                return True
    return False


def _leads_to(target: str, found: os.stat_result) -> bool:
    """Return whether target is the path of the file: a file removed or in memory has none"""
    try:
        return os.path.samestat(found, os.stat(target))
    except OSError:
        return False


def _be_like(target: str, found: os.stat_result, file: IO[Any]) -> None:
    """Give the file the owner, the mode and the attributes of the found one."""
    # Use its descriptor, because somebody else may have put a link at its name.
    made = file.fileno() if os.name == "posix" else file.name
    before = os.fstat(file.fileno())
    if (before.st_uid, before.st_gid) != (found.st_uid, found.st_gid):
        os.chown(made, found.st_uid, found.st_gid)
    if before.st_mode != found.st_mode:
        os.chmod(made, stat.S_IMODE(found.st_mode))
    wanted, given = _attributes(target), _attributes(made)
    for name in given.keys() - wanted.keys():
        os.removexattr(made, name)
    for name, value in wanted.items():
        if given.get(name) != value:
            os.setxattr(made, name, value)


def _attributes(path: str | int) -> dict[str, bytes]:
    """Return {name: value} of the extended attributes, if the system has them"""
    if not hasattr(os, "listxattr"):
        return {}
    try:
        return {name: os.getxattr(path, name) for name in os.listxattr(path)}
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return {}
        raise


def _replace(beside: str, target: str) -> None:
    try:
        os.replace(beside, target)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        # It is mounted by itself, as containers mount single files. Only its content can change.
        with open(beside, "rb") as source, open(target, "r+b") as file:
            shutil.copyfileobj(source, file)
            file.truncate()
