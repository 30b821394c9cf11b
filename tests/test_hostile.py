"""Files from strangers: each is refused by name, in bounded time and memory; nothing is executed.

Every file of the table is loaded in a process of its own, under a limit of memory.
"""
import importlib.util
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import hostile_files
import numpy as np
import pytest

from mathwork.nn import Dense, Network, load

SANDBOX = Path(__file__).parent / "fuzz" / "sandbox.py"
FUZZ = Path(__file__).parent / "fuzz" / "fuzz_formats.py"

# What a refusal may take. Of the table, the protocol buffer of a million empty nodes takes most.
MOST_SECONDS = 30
MOST_MEGABYTES = 200            # and twenty times the file


def missing(suffix):
    """The package that a format needs and that is not there, or None"""
    package = suffix[1:]
    return package if package != "npz" and not importlib.util.find_spec(package) else None


FILES = {".npz": hostile_files.NPZ, ".safetensors": hostile_files.SAFETENSORS}
if not missing(".onnx"):
    import hostile_models
    FILES[".onnx"] = hostile_models.ONNX

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no os.fork, no limits of memory")


def for_each_format(function):
    return pytest.mark.parametrize("suffix", [
        pytest.param(suffix, marks=pytest.mark.skipif(
            missing(suffix) is not None, reason=f"{missing(suffix)} is not installed"))
        for suffix in (".npz", ".safetensors", ".onnx")])(function)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """{(suffix, name): what came of that file}, all loaded by one run of the sandbox"""
    outside = tmp_path_factory.mktemp("hostile")
    hostile_files.Trap.marker = str(outside / "marker")
    folder = outside / "folder"
    furnish(folder)
    paths = {}
    for suffix, table in FILES.items():
        if not missing(suffix):
            for index, (name, (_, content)) in enumerate(table.items()):
                path = paths[suffix, name] = folder / f"{index}{suffix}"
                path.write_bytes(content())
    done = subprocess.run([sys.executable, SANDBOX, *paths.values()], capture_output=True,
                          text=True, timeout=600, check=True)
    # A pickle that was executed has left this file, and one that could not have proves nothing.
    assert not (outside / "marker").exists()
    pickle.loads(pickle.dumps(hostile_files.Trap()))
    assert (outside / "marker").read_text() == "executed"
    return dict(zip(paths, map(json.loads, done.stdout.splitlines()), strict=True))


def furnish(folder):
    """What lies beside the files: numbers, and what only looks like them"""
    (folder / "folder").mkdir(parents=True)
    (folder / "weights.bin").write_bytes(bytes(hostile_files.WEIGHTS))
    (folder.parent / "secret.bin").write_bytes(bytes(8))
    (folder / "link.bin").symlink_to("../secret.bin")
    os.mkfifo(folder / "pipe.bin")


@needs_fork
@pytest.mark.parametrize(("suffix", "name"), [
    pytest.param(suffix, name, id=f"{suffix[1:]}: {name}")
    for suffix, table in FILES.items() for name in table])
def test_is_refused(suffix, name, results):
    if missing(suffix):
        pytest.skip(f"{missing(suffix)} is not installed")
    result, (reason, _) = results[suffix, name], FILES[suffix][name]
    assert (result["outcome"], reason) == ("refused", reason), result["message"]
    path = Path(result["path"])
    message = result["message"].removeprefix(str(path))
    assert reason in message and len(message) < 2000 and message.isprintable()
    assert result["seconds"] < MOST_SECONDS
    assert result["megabytes"] < MOST_MEGABYTES + 20 * path.stat().st_size / 1e6


@needs_fork
def test_the_sandbox_sees_what_fails():
    # so that what the test above finds good, is
    script = f"""
import json, signal, sys, warnings
sys.path.insert(0, {str(SANDBOX.parent)!r})
import sandbox
kept = []
def load(path):
    if path == "memory":
        kept.append(bytearray(300_000_000))
        raise ValueError("memory: is full")
    if path == "time":
        while True: pass
    if path == "warning":
        warnings.warn("aside")
    if path == "error":
        raise KeyError
    if path == "subclass":
        raise UnicodeDecodeError("ascii", b"", 0, 1, "subclass")
    if path == "nameless":
        raise ValueError("it is no good")
    signal.raise_signal(signal.SIGSEGV)
sandbox.load = load
names = ["memory", "time", "warning", "error", "subclass", "nameless", "crash", "memory"]
print(json.dumps(list(sandbox.outcomes(names, seconds=5, at_once=3))))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          timeout=60, check=True)
    results = json.loads(done.stdout)
    assert [result["outcome"] for result in results] == ["refused", *["failed"] * 6, "refused"]
    for result, message in zip(results, [
            "memory: is full", "took more than 5 seconds", "UserWarning: aside", "KeyError",
            "UnicodeDecodeError", "it is no good", "status -11", "memory: is full"], strict=True):
        assert message in result["message"]
    assert 250 < results[0]["megabytes"] < 400 and 250 < results[-1]["megabytes"] < 400
    assert results[3]["megabytes"] < 50


# ---- damaged files ----

def valid(folder, suffix):
    """The bytes of a small file that is read"""
    path = folder / f"valid{suffix}"
    Network([Dense([[1, 2, 3], [4, 5, 6]], [7, 8], ("elu", 0.5))]).save(path)
    assert load(path).sizes == (3, 2)
    return path.read_bytes()


def refused_or_network(path, content):
    """The network in this file, or None; anything but that and a refusal is an error."""
    path.write_bytes(content)
    try:
        return load(path)
    except ValueError as error:
        assert type(error) is ValueError and str(error).startswith(str(path))
        return None


@for_each_format
def test_every_truncation(suffix, tmp_path):
    content = valid(tmp_path, suffix)
    for length in range(len(content)):
        assert refused_or_network(tmp_path / f"net{suffix}", content[:length]) is None


@for_each_format
def test_every_changed_byte_is_a_refusal_or_a_network(suffix, tmp_path):
    content = valid(tmp_path, suffix)
    for place in range(len(content)):
        for changed in (content[place] ^ 0xFF, content[place] ^ 1):
            damaged = bytearray(content)
            damaged[place] = changed
            network = refused_or_network(tmp_path / f"net{suffix}", damaged)
            if network is not None:
                network(np.ones(network.sizes[0]))


@for_each_format
def test_random_bytes(suffix, tmp_path, rng):
    for size in (0, 1, 8, 22, 100, 5000):
        start = valid(tmp_path, suffix)[:8]
        for content in (rng.bytes(size), start + rng.bytes(size)):
            assert refused_or_network(tmp_path / f"net{suffix}", content) is None


@for_each_format
def test_a_file_of_another_format(suffix, tmp_path):
    for other in FILES:
        if other != suffix and not missing(other):
            content = valid(tmp_path, other)
            assert refused_or_network(tmp_path / f"net{suffix}", content) is None


@needs_fork
@for_each_format
def test_the_fuzzer_for_a_moment(suffix, tmp_path):
    done = subprocess.run([sys.executable, FUZZ, "--files", "100", "--seed", "1", "--format",
                           suffix[1:], "--keep", tmp_path / "failures"],
                          capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "100 files" in done.stdout and not (tmp_path / "failures").exists()
