"""The targets of the fuzzer for a moment, and what it has found."""
import gzip
import io
import random
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("click")
for package in ("onnx", "pyarrow", "safetensors"):
    pytest.importorskip(package)
sys.path.insert(0, str(Path(__file__).parent / "fuzz"))

import mutations  # noqa: E402
import targets  # noqa: E402

BINARY = ("gzip", "npy", "parquet")
made = {}


def target(name):
    if name not in made:
        made[name] = targets.TARGETS[name]()
    return made[name]


@pytest.mark.parametrize("name", targets.TARGETS)
def test_good_inputs_are_read(name):
    found = [targets.outcome(target(name), data) for data in target(name).seeds()]
    assert set(found) <= {"read", "refused"} and found.count("read") >= len(found) / 5


@pytest.mark.parametrize("name", targets.TARGETS)
def test_bad_inputs_are_refused(name):
    rng, good = random.Random(f"{name} 1"), target(name).seeds()
    found = [targets.outcome(target(name), mutations.mutate(rng, target(name).edits,
                                                            rng.choice(good), good))
             for _ in range(60)]
    assert set(found) <= {"read", "refused"} and "refused" in found


@pytest.mark.parametrize("name", BINARY)
def test_every_truncation_and_every_changed_byte_of_a_table(name):
    data = target(name).seeds()[0]
    step = 1 + len(data) // 1000
    found = {targets.outcome(target(name), data[:length]) for length in range(1, len(data), step)}
    for place in range(1, len(data), step):
        for changed in (data[place] ^ 0xFF, data[place] ^ 1):
            found.add(targets.outcome(target(name), data[:place] + bytes([changed])
                                      + data[place + 1:]))
    assert found == {"read", "refused"}


def test_two_columns_of_one_name_in_parquet(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq
    from command_line import error_of

    path = tmp_path / "twice.parquet"
    pq.write_table(pa.table([pa.array([1.0, 2.0])] * 3, ["x", "y", "y"]), path)
    assert error_of("fit", path, "--y", "@2", "--x", "x") == (
        f"mathwork: {path}: several columns are called 'y', and pyarrow finds columns by their "
        "names")


def test_a_message_has_an_end(tmp_path):
    from command_line import error_of

    path = tmp_path / "wide.csv"
    path.write_text("0.51" + "," * 40_000 + "\nx" + "," * 40_000)
    assert len(error_of("fit", path, "--y", "y")) < 2100


def npy_of(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


# What was found, each by one of the targets.
@pytest.mark.parametrize(("name", "data"), [
    ("equations", b"\x002x + 3y = 6;3e+384x = 6510 - 5y"),      # OverflowError
    ("equations", b"\x002e" + b"9" * 4000 + b" x = 1"),       # 4 kB of message
    ("npy", b"\x01\x93NUMPY\x01\x00\xff\x1f{'descr': '<f8', '" + b"x" * 8190),  # 8 kB of message
    ("npy", b"\x00" + npy_of(np.array([[0x7f800001, 0]], "u4").view("f4"))),   # NumPy's warning
    ("parquet", b"\x00PAR1" + bytes(40) + b"\x08\x00\x00\x00PAR1"),     # an OSError without a name
    ("gzip", b"\x00" + gzip.compress(b"1" * (10**7 + 1), mtime=0)),     # a line without end
    ("parquet", b"\x00" + b"a," * 16000),                # 48 kB of message: all the names
])
def test_what_was_found(name, data):
    assert targets.outcome(target(name), data) == "refused"


def test_what_is_no_refusal_is_raised():
    def failing(error):
        def read():
            raise error
        return read

    assert targets.refused_with("x.npz", failing(ValueError("x.npz: no"))) == "refused"
    for error in (ValueError("nameless"), KeyError("x.npz"), UnicodeDecodeError("ascii", b"", 0, 1,
                                                                              "x.npz")):
        with pytest.raises(type(error)):
            targets.refused_with("x.npz", failing(error))
