"""Files that are written whole or not at all."""
import os
import stat
from contextlib import ExitStack, contextmanager, suppress


@contextmanager
def replacing(path, mode="wb", **text):
    """A file to write, as open(path, mode, **text) gives one, that replaces `path` at its end.

    It is made beside `path`, so that whatever goes wrong leaves what was there, and nothing else.
    It has the mode and the owner of what it replaces; a link stays, and what it points at is
    replaced. Some things are written as they are: what is no regular file, what standard output
    goes to, and a file that cannot have another of its owner beside it.
    """
    path = os.fspath(path)
    target = os.path.realpath(path)
    beside = os.path.join(os.path.dirname(target), f".mathwork-{os.urandom(8).hex()}.tmp")
    try:
        with _opened(path, beside, mode, text) as file:
            yield file
            if file.name == beside:
                file.flush()
                os.fsync(file.fileno())
        if file.name == beside:
            os.replace(beside, target)
    except OSError as error:
        if error.errno is not None and error.filename in (None, beside):
            error.filename = path
            del error.filename2
        raise
    finally:
        with suppress(OSError):     # it is there only if something went wrong
            os.unlink(beside)


def _opened(path, beside, mode, text):
    """The new file `beside`, or `path` itself where that cannot be replaced"""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        found = None
    if found is not None:
        if not stat.S_ISREG(found.st_mode) or _is_standard(found):
            return open(path, mode, **text)
        open(path, "r+b").close()       # is refused where writing is

    def opener(name, flags):
        # Nobody else may open it while it is not yet as private as what it replaces.
        return os.open(name, flags, 0o666 if found is None else 0o600)

    with ExitStack() as stack:
        try:
            file = stack.enter_context(
                open(beside, mode.replace("w", "x"), opener=opener, **text))
        except PermissionError:
            return open(path, mode, **text)
        try:
            if found is not None:
                _be_like(found, file)
        except OSError:
            return open(path, mode, **text)
        stack.pop_all()
        return file


def _is_standard(found):
    """Whether standard output or standard error goes to this file"""
    for descriptor in (1, 2):
        with suppress(OSError):         # it is closed
            if os.path.samestat(found, os.fstat(descriptor)):
                return True
    return False


def _be_like(found, file):
    """Give the file the owner and the mode that another was found to have."""
    made = os.fstat(file.fileno())
    if (made.st_uid, made.st_gid) != (found.st_uid, found.st_gid):
        os.chown(file.name, found.st_uid, found.st_gid)
    if made.st_mode != found.st_mode:
        os.chmod(file.name, stat.S_IMODE(found.st_mode))
