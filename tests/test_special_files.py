"""Files that are not plain: pipes, devices, links, huge empty ones, ones that change."""
import errno
import os
import struct
import subprocess
import sys
from pathlib import Path

import hostile_files
import numpy as np
import pytest
from helpers import raises
from test_hostile import for_each_format, missing

import mathwork.nn.formats.files as files
from mathwork.nn import Dense, Network, Networks, load

NOT_REGULAR = "it is not a regular file: give its bytes, or an open file"
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")

@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def saved(suffix, name="net"):
    path = Path(f"{name}{suffix}")
    Network([Dense([[1, 2, 3], [4, 5, 6]], [7, 8], "relu")]).save(path)
    return path


@needs_pipes
@for_each_format
@pytest.mark.parametrize("read", [load, Networks.load])
def test_a_pipe_is_refused_at_once(suffix, read):
    if suffix == ".onnx" and read is not load:
        pytest.skip("no such file of many networks")
    os.mkfifo(f"pipe{suffix}")          # nobody ever writes into it
    with raises(ValueError, f"pipe{suffix}: {NOT_REGULAR}"):
        read(f"pipe{suffix}")


@for_each_format
def test_a_device_without_end_is_refused(suffix):
    if not os.path.exists("/dev/zero"):
        pytest.skip("there is no /dev/zero")
    Path(f"zeros{suffix}").symlink_to("/dev/zero")
    with raises(ValueError, f"zeros{suffix}: {NOT_REGULAR}"):
        load(f"zeros{suffix}")


@for_each_format
def test_a_folder_is_an_error_of_the_system(suffix):
    Path(f"folder{suffix}").mkdir()
    with pytest.raises((IsADirectoryError, PermissionError)) as info:
        load(f"folder{suffix}")
    assert str(info.value.filename) == f"folder{suffix}"


@for_each_format
def test_a_file_of_the_kernel_without_a_size(suffix):
    if not os.path.exists("/proc/self/status"):
        pytest.skip("there is no /proc")
    with pytest.raises(ValueError, match=r"/proc/self/status: |/proc/self/status is "):
        load("/proc/self/status", format=suffix[1:])


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="there is no /proc/self/mem")
def test_a_file_that_the_system_does_not_read_is_named():
    pytest.importorskip("click")
    from command_line import error_of

    for arguments in (["rref", "/proc/self/mem"], ["fit", "/proc/self/mem", "--y", "y"]):
        assert error_of(*arguments).startswith("mathwork: /proc/self/mem: ")
    Path("net.safetensors").symlink_to("/proc/self/mem")
    if not missing(".safetensors"):
        with pytest.raises(OSError) as info:
            load("net.safetensors")
        assert (info.value.errno, info.value.filename) == (errno.EIO, "net.safetensors")


@for_each_format
@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_links_to_a_network_are_read(suffix, link):
    link(saved(suffix), f"link{suffix}")
    assert load(f"link{suffix}").sizes == (3, 2)


@pytest.mark.skipif(bool(missing(".onnx")), reason="onnx is not installed")
def test_a_hard_link_is_the_file_that_it_names(tmp_path):
    # docs/trust.md says why: it has no outside, and installers make such links of every file.
    import hostile_models

    (tmp_path / "store").mkdir()
    (tmp_path / "model").mkdir()
    (tmp_path / "store" / "numbers").write_bytes(np.arange(6, dtype=np.float32).tobytes())
    os.link(tmp_path / "store" / "numbers", tmp_path / "model" / "weights.bin")
    path = tmp_path / "model" / "net.onnx"
    path.write_bytes(hostile_models.external("weights.bin", (3, 2)))
    np.testing.assert_array_equal(load(path).layers[0].weight.T.ravel(), np.arange(6))


@for_each_format
def test_names_that_no_file_can_have(suffix):
    with pytest.raises(ValueError, match="path must be the name of a file"):
        load(f"net\0{suffix}")


# ---- files that are almost empty, and huge ----

def sparse(name, size, start=b""):
    """A file of `size` bytes; all after `start` are 0 and take no room"""
    with open(name, "wb") as file:
        file.write(start)
        try:
            file.truncate(size)
        except OSError:
            pytest.skip("the file system has no such large files")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no limits of memory")
@for_each_format
@pytest.mark.parametrize("start", [
    b"", struct.pack("<Q", 2) + b"{}",
    struct.pack("<Q", 63) + b'{"0.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}',
    b"PK\x03\x04"])
def test_a_terabyte_of_nothing_is_refused_in_little_memory(suffix, start):
    sparse(f"huge{suffix}", 1 << 40, start)
    code = f"""
import resource
from mathwork.nn import load
{"import onnx" if suffix == ".onnx" else ""}
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
try:
    load("huge{suffix}")
except ValueError as error:
    assert str(error).startswith("huge{suffix}"), error
else:
    raise AssertionError("it was read")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120,
                          check=False)
    assert (done.returncode, done.stderr) == (0, "")


# ---- files that change while they are read ----

@for_each_format
@pytest.mark.parametrize("change", [lambda size: size // 2, lambda size: 0, lambda size: 3 * size])
def test_a_file_that_changes_while_it_is_read(suffix, change, monkeypatch):
    path, fstat = saved(suffix), os.fstat
    size = path.stat().st_size

    def changing(descriptor):
        found = fstat(descriptor)
        if found.st_size == size:       # it is asked for its size: now it changes
            os.truncate(path, change(size))
        return found

    monkeypatch.setattr(files.os, "fstat", changing)
    try:
        network = load(path)
    except ValueError as error:
        assert str(error).startswith(str(path))
    else:
        assert change(10) > 10          # what is behind the file that was opened is not read
        np.testing.assert_array_equal(network.layers[0].weight, [[1, 2, 3], [4, 5, 6]])


def test_every_kind_of_zip_name_is_only_a_name(tmp_path):
    before = sorted(os.listdir(tmp_path))
    for name in ("../escaped", "/escaped", "C:\\escaped", "a/../../escaped", "nul", "x" * 60_000):
        content = hostile_files.with_member(b"x", name)
        with pytest.raises(ValueError, match="the bytes is not a network saved by mathwork"):
            load(content, format="npz")
    assert sorted(os.listdir(tmp_path)) == before and not (tmp_path.parent / "escaped").exists()
