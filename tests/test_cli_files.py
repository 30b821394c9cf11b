"""What the command line writes to files: whole or not at all, for every command that writes one."""
import importlib.util
import json
import os
import stat
import threading

import numpy as np
import pytest
from command_line import app, in_subprocess, output_of, run

from mathwork.nn import Network

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs what POSIX has")

# {name of the file: the command that writes it, without the name}
WRITES = {
    "out.csv": ("forward", "net.npz", "in.csv", "-o"),
    "out.npy": ("forward", "net.npz", "in.csv", "-o"),
    "out.npz": ("convert", "net.npz"),
    "out.onnx": ("convert", "net.npz"),
    "out.safetensors": ("convert", "net.npz"),
    "fit.png": ("fit", "in.csv", "--y", "@1", "--x", "@2", "--plot"),
    "fit.SVG": ("fit", "in.csv", "--y", "@1", "--x", "@2", "--plot"),
    "fit.pdf": ("fit", "in.csv", "--y", "@1", "--x", "@2", "--plot"),
    "orbit.csv": ("orbit", "--star-mass", "1Msun", "--radius", "1au", "--table"),
    "orbit.png": ("orbit", "--star-mass", "1Msun", "--radius", "1au", "--plot"),
    "orbit.svg": ("orbit", "--star-mass", "1Msun", "--radius", "1au", "--plot"),
    "orbit.PDF": ("orbit", "--star-mass", "1Msun", "--radius", "1au", "--plot"),
}
NEEDS = {"onnx": "onnx", "safetensors": "safetensors", "png": "matplotlib", "svg": "matplotlib",
         "pdf": "matplotlib"}
BEGINS = {"npy": b"\x93NUMPY", "npz": b"PK", "png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF-"}
OLD = b"what was there before"

every_file = pytest.mark.parametrize("name", WRITES, indirect=True)
one_of_each = pytest.mark.parametrize("name", [     # of what writes
    "out.csv", "out.npy", "out.npz", "out.onnx", "out.safetensors", "fit.png", "orbit.csv"],
    indirect=True)


@pytest.fixture(autouse=True)
def inputs(folder):
    """A folder that holds what the commands read, and nothing else."""
    Network.he((2, 3), rng=0).save("net.npz")
    rows = np.random.default_rng(0).normal(size=(20, 2))
    np.savetxt("in.csv", rows, delimiter=",")
    return folder


def is_writable(name):
    package = NEEDS.get(name.rpartition(".")[2].lower(), "numpy")
    return importlib.util.find_spec(package) is not None


@pytest.fixture
def name(request):
    if not is_writable(request.param):
        pytest.skip("needs a package that is not here")
    return request.param


def others(folder):
    return sorted({path.name for path in folder.iterdir()} - {"net.npz", "in.csv"})


def begins_well(name, content):
    return content.startswith(BEGINS.get(name.rpartition(".")[2].lower(), b"")) and content != OLD


def test_every_command_that_writes_files_is_here():
    options = {(name, option.name) for name, command in app.cli.commands.items()
               for option in command.params if option.name in ("target", "picture")}
    assert options == {("forward", "target"), ("convert", "target"), ("fit", "picture"),
                       ("orbit", "target"), ("orbit", "picture")}
    assert {command[0] for command in WRITES.values()} == {command for command, _ in options}


LIMITED = """
import json, resource, signal, sys
from mathwork.cli.app import cli

def run(*arguments):
    try:
        cli(arguments, prog_name="mathwork")
    except SystemExit as end:
        return end.code or 0

writes = json.loads(sys.argv[2])
for name, command in writes.items():        # which imports what they need
    assert run(*command, "other" + name) == 0
signal.signal(signal.SIGXFSZ, getattr(signal, sys.argv[1]))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))
for name, command in writes.items():
    assert run(*command, name) == 2
"""


@pytest.mark.parametrize("exists", [True, False])
def test_a_full_disk_leaves_what_was_there(inputs, exists):
    writes = {name: command for name, command in WRITES.items() if is_writable(name)}
    if exists:
        for name in writes:
            (inputs / name).write_bytes(OLD)
    result = in_subprocess("SIG_IGN", json.dumps(writes), code=LIMITED)
    assert result.stderr.decode().splitlines() == [
        f"mathwork: {name}: File too large" for name in writes]
    assert result.returncode == 0
    assert others(inputs) == sorted([f"other{name}" for name in writes] + [*writes] * exists)
    assert not exists or all((inputs / name).read_bytes() == OLD for name in writes)


@one_of_each
def test_a_killed_command_leaves_what_was_there(inputs, name):
    # The kernel ends the process in the write that comes to the limit.
    (inputs / name).write_bytes(OLD)
    result = in_subprocess("SIG_DFL", json.dumps({name: WRITES[name]}), code=LIMITED)
    assert result.returncode < 0 and result.stderr == b""
    assert (inputs / name).read_bytes() == OLD


@every_file
def test_link_and_mode_are_kept(inputs, name):
    (inputs / "else").mkdir()
    target = inputs / "else" / "file"
    target.write_bytes(OLD)
    target.chmod(0o640)
    (inputs / name).symlink_to("else/file")
    output_of(*WRITES[name], name)
    assert (inputs / name).is_symlink()
    assert begins_well(name, target.read_bytes())
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert others(inputs) == sorted(["else", name]) and os.listdir("else") == ["file"]


@every_file
def test_a_named_pipe_is_written_as_it_is(inputs, name):
    os.mkfifo(name)
    read = []
    thread = threading.Thread(target=lambda: read.append((inputs / name).read_bytes()))
    thread.start()
    output_of(*WRITES[name], name)
    thread.join()
    assert begins_well(name, read[0]) and stat.S_ISFIFO(os.stat(name).st_mode)
    output_of(*WRITES[name], "other" + name)
    if "pdf" not in name.lower() and "svg" not in name.lower():     # which tell the time
        assert read[0] == (inputs / f"other{name}").read_bytes()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@every_file
def test_a_full_device_is_named(inputs, name):
    (inputs / name).symlink_to("/dev/full")
    result = run(*WRITES[name], name)
    assert result.exit_code == 2
    assert result.stderr == f"mathwork: {name}: No space left on device\n"
    assert others(inputs) == [name]


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="needs /dev/stdout")
@one_of_each
def test_standard_output_by_its_name(inputs, name):
    (inputs / name).symlink_to("/dev/stdout")
    result = in_subprocess(*WRITES[name], name)
    assert (result.returncode, result.stderr) == (0, b"")
    assert BEGINS.get(name.rpartition(".")[2].lower(), b"") in result.stdout
    assert others(inputs) == [name] and (inputs / name).is_symlink()
