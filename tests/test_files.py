"""Files that replace others: whole or not at all, and otherwise as open() would write them."""
import errno
import os
import stat
import struct
import threading

import pytest
from helpers import run_python

from mathwork._files import replacing
from mathwork.nn import Network, load

OLD = b"what was there before"
posix = pytest.mark.skipif(os.name != "posix", reason="needs what POSIX has")
unprivileged = pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0,
                                  reason="the superuser may write everything")


@pytest.fixture
def old(folder):
    (folder / "file").write_bytes(OLD)
    return folder / "file"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(path, content=b"new"):
    with replacing(path) as file:
        file.write(content)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


# ---- what goes wrong ----

class Failure(BaseException):
    pass


@pytest.mark.parametrize("kind", [Failure, KeyboardInterrupt, ValueError, OSError, MemoryError])
@pytest.mark.parametrize("exists", [True, False])
def test_a_failure_leaves_what_was_there_and_nothing_else(folder, exists, kind):
    if exists:
        (folder / "file").write_bytes(OLD)
    before = names(folder)
    with pytest.raises(kind), replacing(folder / "file") as file:
        file.write(bytes(100_000))
        raise kind
    assert names(folder) == before
    assert not exists or (folder / "file").read_bytes() == OLD


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_failure_at_the_end(old, monkeypatch, call, number):
    def fail(*arguments):
        raise OSError(number, os.strerror(number), *arguments[:1][call == "fsync":])

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError) as info:
        write(str(old))
    assert (info.value.errno, info.value.filename) == (number, str(old))
    assert names(old.parent) == ["file"] and old.read_bytes() == OLD


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_an_interrupt_at_the_end(old, monkeypatch, call):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, call, interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(old)
    assert names(old.parent) == ["file"] and old.read_bytes() == OLD


def test_what_is_written_lies_on_the_disk_before_it_replaces(old, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *arguments, name=name, real=real: (
            calls.append((name, old.read_bytes())), real(*arguments)))
    write(old)
    assert calls == [("fsync", OLD), ("replace", OLD)] and old.read_bytes() == b"new"


@posix
def test_errors_name_the_file_as_the_caller_does(folder):
    for path in ("none/file", folder / "none" / "file", "x" * 300):
        with pytest.raises(OSError) as ours:
            write(path)
        with pytest.raises(OSError) as builtin, open(path, "wb"):
            pass
        assert type(ours.value) is type(builtin.value)
        assert str(ours.value) == str(builtin.value)
    assert names(folder) == []


def test_a_folder_is_no_file(folder):
    (folder / "file").mkdir()
    with pytest.raises(IsADirectoryError if os.name == "posix" else PermissionError):
        write("file")
    assert names(folder) == ["file"]


# ---- what is replaced ----

@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002, 0])
def test_a_new_file_has_the_mode_that_open_gives(folder, umask):
    before = os.umask(umask)
    try:
        write("file")
        open("other", "w").close()
    finally:
        os.umask(before)
    assert mode_of("file") == mode_of("other") == 0o666 & ~umask


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o755, 0o700])
def test_the_mode_is_kept(old, mode):
    old.chmod(mode)
    with replacing(old) as file:
        # and nobody else may read it while it is written
        assert not os.fstat(file.fileno()).st_mode & 0o777 & ~mode
    assert mode_of(old) == mode


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="needs the superuser")
def test_the_owner_is_kept(old):
    os.chown(old, 12345, 23456)
    old.chmod(0o2770)
    write(old)
    found = old.stat()
    assert (found.st_uid, found.st_gid, mode_of(old)) == (12345, 23456, 0o2770)
    assert old.read_bytes() == b"new" and names(old.parent) == ["file"]


@pytest.mark.parametrize("call", ["chown", "chmod"])
@posix
def test_where_the_owner_or_mode_cannot_be_given_the_file_is_written_as_it_is(
        old, monkeypatch, call):
    def fail(*arguments):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    real = os.fstat
    if call == "chown":
        def another(descriptor):
            found = list(real(descriptor))
            found[4] += 1       # st_uid
            return os.stat_result(found)
        monkeypatch.setattr(os, "fstat", another)
    old.chmod(0o600 if call == "chown" else 0o640)
    monkeypatch.setattr(os, call, fail)
    inode = old.stat().st_ino
    write(old)
    assert (old.read_bytes(), old.stat().st_ino) == (b"new", inode)
    assert names(old.parent) == ["file"]


@posix
@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("links", [1, 2])
def test_a_link_stays_and_what_it_points_at_is_replaced(folder, exists, links):
    (folder / "else").mkdir()
    (folder / "link").symlink_to("else/file")
    if exists:
        (folder / "else" / "file").write_bytes(OLD)
    path = "link"
    if links == 2:
        (folder / "else" / "link").symlink_to("../link")
        path = "else/link"
    write(path)
    assert os.readlink("link") == "else/file"
    assert (folder / "else" / "file").read_bytes() == b"new"
    assert names(folder) == ["else", "link"]
    assert names(folder / "else") == ["file", "link"][:links]


def test_text(old):
    with replacing("file", "w", encoding="utf-8", newline="\n") as file:
        file.write("é\n")
    assert old.read_bytes() == b"\xc3\xa9\n"


# ---- what is written as it is ----

@posix
@pytest.mark.parametrize("way", ["pipe", "file", "link"])
def test_standard_output_by_its_name(folder, way):
    if not os.path.exists("/dev/stdout"):
        pytest.skip("there is none here")
    (folder / "link").symlink_to("/dev/stdout")
    name = "link" if way == "link" else "/dev/stdout"
    code = f"""
import os
from mathwork._files import replacing
if {way == "file"}:
    os.dup2(os.open("file", os.O_WRONLY | os.O_CREAT), 1)
with replacing({name!r}) as file:
    file.write(b"new")
os.write(1, b"er" if {way == "file"} else b"est")
"""
    exit_code, out, err = run_python(code)
    assert (exit_code, err) == (0, "")
    if way == "file":       # open() writes from its start, too
        assert (folder / "file").read_bytes() == b"erw" and names(folder) == ["file", "link"]
    else:
        assert out == "newest" and names(folder) == ["link"]


@posix
def test_devices(folder):
    write(os.devnull)
    (folder / "link").symlink_to(os.devnull)
    write("link")
    assert names(folder) == ["link"] and stat.S_ISCHR(os.stat(os.devnull).st_mode)
    if os.path.exists("/dev/full"):
        with pytest.raises(OSError) as info:
            write("/dev/full")
        assert (info.value.errno, info.value.filename) == (errno.ENOSPC, "/dev/full")


@posix
def test_a_named_pipe(folder):
    os.mkfifo("pipe")
    read = []
    thread = threading.Thread(target=lambda: read.append((folder / "pipe").read_bytes()))
    thread.start()
    write("pipe")
    thread.join()
    assert read == [b"new"] and stat.S_ISFIFO(os.stat("pipe").st_mode)
    assert names(folder) == ["pipe"]


@posix
def test_a_folder_that_takes_no_file(old, monkeypatch):
    # as another user has it: the superuser may make files everywhere
    def refuse(path, *arguments):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    inode = old.stat().st_ino
    monkeypatch.setattr(os, "open", refuse)
    write(old)
    assert (old.read_bytes(), old.stat().st_ino) == (b"new", inode)
    assert names(old.parent) == ["file"]


@posix
@pytest.mark.parametrize("call", ["chmod", "chown"])
def test_a_link_put_at_the_new_name_gives_nobody_anything(old, monkeypatch, call):
    # as somebody with the folder could, to have the superuser change another file
    victim = old.parent / "victim"
    victim.write_bytes(OLD)
    victim.chmod(0o600)
    real, given = getattr(os, call), []

    def swapped(*arguments):
        new, = old.parent.glob(".mathwork-*")
        new.unlink()
        new.symlink_to(victim)
        given.append(victim.stat())
        real(*arguments)

    old.chmod(0o666)
    if call == "chown":
        if os.geteuid() != 0:
            pytest.skip("needs the superuser")
        os.chown(old, 12345, 23456)
    monkeypatch.setattr(os, call, swapped)
    with replacing(old):
        found = victim.stat()
        assert [(found.st_mode, found.st_uid)] == [(was.st_mode, was.st_uid) for was in given]


@posix
@pytest.mark.parametrize("number", [errno.EROFS, errno.EPERM, errno.ENOENT])
def test_a_file_in_a_folder_that_takes_no_other(old, monkeypatch, number):
    # as a file that is mounted into a read-only container has it, and a file in /proc
    def refuse(path, *arguments):
        raise OSError(number, os.strerror(number), path)

    inode = old.stat().st_ino
    monkeypatch.setattr(os, "open", refuse)
    write(old)
    assert (old.read_bytes(), old.stat().st_ino) == (b"new", inode)
    assert names(old.parent) == ["file"]


@pytest.mark.parametrize("content", [b"new", OLD * 9])
def test_a_file_that_is_mounted_by_itself(old, monkeypatch, content):
    def busy(source, target):
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), source, None, target)

    monkeypatch.setattr(os, "replace", busy)
    write(old, content)
    assert old.read_bytes() == content and names(old.parent) == ["file"]


@posix
@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs names of open files")
def test_a_file_without_a_name_of_its_own(folder):
    with open("file", "w+b") as file:
        os.unlink("file")
        (folder / "link").symlink_to(f"/proc/self/fd/{file.fileno()}")
        write("link")
        assert file.read() == b"new"
    assert names(folder) == ["link"]


@posix
def test_a_path_longer_than_the_system_takes(folder):
    for _ in range(25):             # relative ones are taken
        os.mkdir("x" * 200)
        os.chdir("x" * 200)
    for content in (OLD, b"new"):
        write("file", content)
        with open("file", "rb") as file:
            assert file.read() == content
    assert os.listdir() == ["file"]


@posix
def test_a_working_directory_that_is_no_more(folder):
    (folder / "gone").mkdir()
    os.chdir("gone")
    (folder / "gone").rmdir()
    write("../file")
    write(folder / "other")
    assert (folder / "file").read_bytes() == (folder / "other").read_bytes() == b"new"
    with pytest.raises(FileNotFoundError) as info:
        write("file")
    assert info.value.filename == "file"
    assert names(folder) == ["file", "other"]


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="there are no attributes here")
def test_attributes_and_access_lists_are_kept(old):
    # The owner and user 12345 may write, the group may nothing; as a mode that is 0o660.
    entries = [(1, 6, -1), (2, 6, 12345), (4, 0, -1), (16, 6, -1), (32, 0, -1)]
    access = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    given = {"user.note": b"of mine", "system.posix_acl_access": access}
    try:
        for name, value in given.items():
            os.setxattr(old, name, value)
    except OSError as error:
        pytest.skip(f"this file system has none: {error}")
    write(old)
    assert old.read_bytes() == b"new"
    assert {name: os.getxattr(old, name) for name in given} == given


@unprivileged
def test_a_folder_and_a_file_without_permission(old):
    old.parent.chmod(0o500)
    try:
        write(old)
        assert old.read_bytes() == b"new"
        with pytest.raises(PermissionError):
            write(old.parent / "other")
    finally:
        old.parent.chmod(0o700)
    old.chmod(0o400)
    with pytest.raises(PermissionError) as info:
        write(old)
    assert info.value.filename == str(old) and old.read_bytes() == b"new"


# ---- networks ----

SAVE = """
import os, resource, signal, sys
from mathwork.nn import Network
net = Network.he((16, 64, 4), rng=1)
net.save({other!r})                     # which imports what it needs
{before}
net.save({path!r})
"""
FULL = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
"""
# The kernel ends the process in the write that comes to the limit.
KILLED = """
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
"""
KILLED_BEFORE_IT_REPLACES = "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)"


def saved(folder, suffix, before):
    """(exit code, stderr, whether the old file is whole, other names) of a process that saves"""
    pytest.importorskip({".onnx": "onnx", ".safetensors": "safetensors"}.get(suffix, "numpy"))
    path = folder / f"net{suffix}"
    Network.he((3, 2), rng=0).save(path)
    content = path.read_bytes()
    (folder / "other").mkdir()
    exit_code, _, err = run_python(SAVE.format(
        other=str(folder / "other" / f"net{suffix}"), path=str(path), before=before))
    whole = path.read_bytes() == content and load(path).sizes == (3, 2)
    return exit_code, err, whole, [name for name in names(folder) if name not in (
        "other", path.name)]


@posix
@pytest.mark.parametrize("suffix", [".npz", ".onnx", ".safetensors"])
def test_a_full_disk_leaves_the_saved_network(folder, suffix):
    exit_code, err, whole, others = saved(folder, suffix, FULL)
    assert exit_code == 1 and whole and not others
    assert err.splitlines()[-1] == (
        f"OSError: [Errno 27] File too large: {str(folder / 'net') + suffix!r}")


@posix
@pytest.mark.parametrize("suffix", [".npz", ".onnx", ".safetensors"])
@pytest.mark.parametrize("before", [KILLED, KILLED_BEFORE_IT_REPLACES])
def test_a_killed_process_leaves_the_saved_network(folder, suffix, before):
    exit_code, _, whole, others = saved(folder, suffix, before)
    assert exit_code < 0 and whole
    # What it was writing is told by its name.
    assert len(others) == 1 and others[0].startswith(".mathwork-")


@pytest.mark.parametrize("suffix", [".npz", ".onnx", ".safetensors"])
def test_saving_keeps_link_and_mode(folder, suffix):
    pytest.importorskip({".onnx": "onnx", ".safetensors": "safetensors"}.get(suffix, "numpy"))
    target, link = folder / f"target{suffix}", folder / f"link{suffix}"
    Network.he((3, 2), rng=0).save(target)
    if os.name == "posix":
        target.chmod(0o640)
        link.symlink_to(target.name)
    else:
        link = target
    Network.he((5, 2), rng=0).save(link)
    assert load(target).sizes == (5, 2)
    if os.name == "posix":
        assert mode_of(target) == 0o640 and link.is_symlink()
    assert len(names(folder)) == 1 + (link != target)
