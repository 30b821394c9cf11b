"""Files that are made to do harm: {suffix: {name: (text of the refusal, a function: bytes)}}.

The files of `FOLDER` lie beside them, in one folder; a file outside it is ../secret.bin.
"""
import json
import pickle
import struct
import zlib
from pathlib import Path

import numpy as np
from raw_files import (
    arrays_of,
    npy_members,
    npy_of,
    npz_of,
    safetensors_of,
    tensors_of,
    zip_by_hand,
    zip_of,
)

from mathwork.nn import Dense, Network

WEIGHTS = 1 << 20               # bytes in weights.bin


class Trap:
    """Writes a file when it is unpickled."""

    marker = ""

    def __reduce__(self):
        return Path.write_text, (Path(self.marker), "executed")


def trap():
    array = np.empty(1, object)
    array[0] = Trap()
    return array


def network():
    return Network([Dense(np.ones((4, 3)), None, "relu"), Dense(np.ones((2, 4)))])


# ---- .npz ----

GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), }"


def with_arrays(**arrays):
    return npz_of(arrays_of(network()) | arrays)


def with_member(raw, name="weight_0.npy"):
    return zip_of(npy_members(arrays_of(network())) | {name: raw})


def with_header(*replaced, data=bytes(48)):
    return with_member(npy_of(GOOD.replace(*replaced), data))


def members(**more):
    return list(npy_members(arrays_of(network()) | more).items())


def changed_directory(place, new):
    """Return a zip file with other bytes at a place of every record of its directory"""
    content = bytearray(zip_of(npy_members(arrays_of(network()))))
    start = content.find(b"PK\x01\x02")
    while start >= 0:
        content[start + place:start + place + len(new)] = new
        start = content.find(b"PK\x01\x02", start + 1)
    return bytes(content)


def bomb(method):
    """Return about a kilobyte that claims to be stored uncompressed, and unpacks to 100 MB"""
    import bz2
    import lzma

    raw = bytes(10**8)
    if method == 8:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(raw) + packer.flush()
    elif method == 12:
        packed = bz2.compress(raw)
    else:
        filters = [{"id": lzma.FILTER_LZMA1}]
        packed = (b"\x09\x04\x05\x00" + lzma._encode_filter_properties(filters[0])
                  + lzma.compress(raw, lzma.FORMAT_RAW, filters=filters))
    return zip_by_hand([("kind.npy", packed)], method=method)


def nested_members():
    """Return members with data that contains the members after them: 40 of 1 MB each in 1 MB"""
    content, directory = bytes(1 << 20), b""
    offsets = []
    for index in reversed(range(40)):
        name = b"%03d.npy" % index
        common = struct.pack("<5H3I2H", 20, 0, 0, 0, 0, zlib.crc32(content), len(content),
                             len(content), len(name), 0)
        content = b"PK\x03\x04" + common + name + content
        offsets.append((common, name, len(content)))
    for common, name, length in offsets:
        directory += (b"PK\x01\x02" + struct.pack("<H", 20) + common
                      + struct.pack("<3H2I", 0, 0, 0, 0, len(content) - length) + name)
    return content + directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 40, 40,
                                             len(directory), len(content), 0)


COMPRESSED, LIES = "is compressed", "bytes hold"
NPZ = {
    "empty": ("not a zip file", lambda: b""),
    "magic alone": ("not a zip file", lambda: b"PK\x03\x04"),
    "zeros": ("not a zip file", lambda: bytes(100_000)),
    "a pickle": ("not a zip file", lambda: pickle.dumps(Trap())),
    "a pickle as a member": ("magic string", lambda: with_member(pickle.dumps(Trap()))),
    "a pickled kind": ("declares object", lambda: with_arrays(kind=trap())),
    "pickled activations": ("declares object", lambda: with_arrays(activations=trap())),
    "a pickled weight": ("declares object", lambda: with_arrays(weight_0=trap())),
    "a pickle in a structure": (LIES, lambda: with_header("'<f4'", "[('x', '|O')]")),
    "code in a header": ("", lambda: with_member(npy_of("__import__('os').abort()"))),
    "deflated": (COMPRESSED, lambda: npz_of(arrays_of(network()), np.savez_compressed)),
    "deflate bomb": (COMPRESSED, lambda: bomb(8)),
    "bzip2 bomb": (COMPRESSED, lambda: bomb(12)),
    "lzma bomb": (COMPRESSED, lambda: bomb(14)),
    "unknown compression": (COMPRESSED, lambda: zip_by_hand(members(), method=99)),
    "encrypted": ("encrypted", lambda: zip_by_hand(members(), flags=1)),
    "members of 2 GB": ("larger than the file", lambda: zip_by_hand(members(), size=2**31)),
    "members of 2^62 bytes": ("larger than the file", lambda: zip_by_hand(
        members(), size=0xFFFFFFFF, extra=struct.pack("<2H2Q", 1, 16, 2**62, 2**62))),
    "members in members": ("larger than the file", nested_members),
    "offsets beyond the file": ("", lambda: changed_directory(42, b"\xf0\xff\xff\x7f")),
    "members in one place": ("differ", lambda: changed_directory(42, bytes(4))),
    "checksums of nothing": ("Bad CRC", lambda: changed_directory(16, bytes(4))),
    "one name twice": ("two arrays of one name", lambda: zip_by_hand(members() + members()[:1])),
    "one name with and without .npy": ("two arrays of one name", lambda: zip_by_hand(
        [*members(), ("weight_0", members()[0][1])])),
    "60,000 members": ("it has no array 'kind'", lambda: zip_by_hand(
        [(f"{index:06}", npy_of(GOOD, bytes(48))) for index in range(60_000)])),
    "a stray array": ("which belongs to no layer", lambda: with_arrays(weight_2=np.ones(3))),
    "a name that leaves the folder": ("", lambda: with_member(b"x", "../escaped")),
    "a folder": ("", lambda: zip_of({"folder/": b""})),
    "a length that overflows": (LIES, lambda: with_header("4, 3", f"{2**62}, 4")),
    "lengths that overflow to 0": (LIES, lambda: with_header("4, 3", f"{2**32}, {2**32}")),
    "lengths beside a zero": ("", lambda: with_header("4, 3", f"0, {10**30}", data=b"")),
    "lengths below zero": (LIES, lambda: with_header("4, 3", "-4, -3")),
    "lengths that disagree": (LIES, lambda: with_header("4, 3", "40, 3")),
    "a type of no size": ("", lambda: with_header("<f4", "|V0", data=b"")),
    "a type of 2^60 bytes": ("", lambda: with_header("'<f4'", f"[('x', '<f4', ({2**58},))]")),
    "a header of brackets": ("", lambda: with_header("(4, 3)", "[" * 9000)),
    "a header of minus signs": ("", lambda: with_header("4, 3", "-" * 9000 + "4, 3")),
    "a header of digits": ("", lambda: with_header("4, 3", "9" * 9000)),
    "a header beyond its member": ("", lambda: with_member(b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{")),
    "a header of 64 kB": ("", lambda: with_header("}", " " * 60_000 + "}")),
    "a long kind": ("kind is", lambda: with_arrays(kind=np.array("x" * 10**6))),
    "an unknown activation": ("activation must be one of",
                              lambda: with_arrays(activations=np.array(["relu", "NaN"]))),
    "layers that do not chain": ("layer 1 must take",
                                 lambda: with_arrays(weight_1=np.ones((2, 5)))),
}


# ---- .safetensors ----

ONE = {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]}


def one(**changed):
    return safetensors_of({"0.weight": ONE | changed}, bytes(4))


def named(name):
    return safetensors_of({name: ONE}, bytes(4))


def with_activations(text):
    return safetensors_of({"__metadata__": {"mathwork.activations": text}, "0.weight": ONE},
                          bytes(4))


HEADER, LIST, LONG = "Error while deserializing", "must be a JSON list", "bytes; at most"
UNNAMED = "does not name its activations"
ENTRY = json.dumps(ONE)
SAFETENSORS = {
    "empty": (HEADER, lambda: b""),
    "zeros": (HEADER, lambda: bytes(100_000)),
    "a pickle": ("", lambda: pickle.dumps(Trap())),
    "a header beyond the file": (HEADER, lambda: struct.pack("<Q", 1000) + b"{}"),
    "a header of 2^63 bytes": (LONG, lambda: struct.pack("<Q", 2**63) + b"{}"),
    "a header of 5 MB": (LONG, lambda: named("x" * 5_000_000)),
    "a header that is no JSON": (HEADER, lambda: safetensors_of("{")),
    "a header that is a list": (HEADER, lambda: safetensors_of("[]")),
    "a header of brackets": (HEADER, lambda: safetensors_of('{"0.weight":' + "[" * 10**6)),
    "an empty header": ("no tensor named like", lambda: safetensors_of("{}")),
    "NaN as a length": (HEADER, lambda: safetensors_of(
        '{"0.weight": {"dtype": "F32", "shape": [NaN, 1], "data_offsets": [0, 4]}}', bytes(4))),
    "NaN as an offset": (HEADER, lambda: safetensors_of(
        '{"0.weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, NaN]}}', bytes(4))),
    "NaN as a tensor": (HEADER, lambda: safetensors_of('{"0.weight": NaN}')),
    "infinity as a length": (HEADER, lambda: safetensors_of(
        '{"0.weight": {"dtype": "F32", "shape": [1e999, 1], "data_offsets": [0, 4]}}', bytes(4))),
    "a length of 1.0": (HEADER, lambda: one(shape=[1.0, 1])),
    "a length below zero": (HEADER, lambda: one(shape=[-1, -1])),
    "a length that overflows": (HEADER, lambda: one(shape=[2**62, 4])),
    "lengths that overflow to 0": (HEADER, lambda: one(shape=[2**32, 2**32])),
    "lengths that disagree": (HEADER, lambda: one(shape=[2, 1])),
    "a length beside a zero": ("", lambda: tensors_of({"0.weight": ("F32", [0, 2**64 - 1], b"")})),
    "a million lengths": ("", lambda: one(shape=[1] * 10**6)),
    "offsets beyond the file": (HEADER, lambda: one(data_offsets=[2**40, 2**40 + 4])),
    "offsets backwards": (HEADER, lambda: one(data_offsets=[4, 0])),
    "offsets of 2^64": (HEADER, lambda: one(data_offsets=[2**64, 2**64 + 4])),
    "tensors that share bytes": (HEADER, lambda: safetensors_of(
        {"0.weight": ONE, "1.weight": ONE}, bytes(4))),
    "bytes of no tensor": (HEADER, lambda: safetensors_of({"0.weight": ONE}, bytes(5))),
    "an unknown type": (HEADER, lambda: one(dtype="F33")),
    "a type that is a number": (HEADER, lambda: one(dtype=32)),
    "complex numbers": ("", lambda: tensors_of({"0.weight": ("C64", [1, 1], bytes(8))})),
    "integers": ("known are", lambda: tensors_of({"0.weight": ("I8", [2, 2], bytes(4))})),
    "one name twice": ("one name twice", lambda: safetensors_of(
        f'{{"0.weight": {ENTRY}, "0.weight": {ENTRY}}}', bytes(4))),
    "two names for metadata": (HEADER, lambda: safetensors_of(
        f'{{"__metadata__": {{}}, "__metadata__": {{}}, "0.weight": {ENTRY}}}', bytes(4))),
    "metadata with one name twice": ("one name twice", lambda: safetensors_of(
        f'{{"__metadata__": {{"a": "", "a": ""}}, "0.weight": {ENTRY}}}', bytes(4))),
    "metadata of numbers": (HEADER, lambda: safetensors_of(
        {"__metadata__": {"mathwork.activations": 1}, "0.weight": ONE}, bytes(4))),
    "metadata of lists": (HEADER, lambda: safetensors_of(
        {"__metadata__": {"mathwork.activations": ["relu"]}, "0.weight": ONE}, bytes(4))),
    "other metadata": (UNNAMED, lambda: safetensors_of(
        {"__metadata__": {"format": "pt"}, "0.weight": ONE}, bytes(4))),
    "null as metadata": (UNNAMED, lambda: safetensors_of(
        {"__metadata__": None, "0.weight": ONE}, bytes(4))),
    "a null character in a name": ("not the weight or bias", lambda: named("0.weight\0")),
    "no name": ("not the weight or bias", lambda: named("")),
    "NaN as a name": ("not the weight or bias", lambda: named("NaN")),
    "half a character as a name": (HEADER, lambda: named("\ud800.weight")),
    "a name that clears the screen": (HEADER, lambda: safetensors_of(
        {"\x1b[2J.weight": ONE | {"data_offsets": [8, 12]}}, bytes(12))),
    "a name of 5000 digits": ("", lambda: named("9" * 5000 + ".weight")),
    "a name of 1 MB": ("not the weight or bias", lambda: named("x" * 10**6)),
    "numbers that are no digits": ("do not say by a number", lambda: tensors_of(
        {f"{digit}.weight": ("F32", [1, 1], bytes(4)) for digit in "\u0660\u0661"})),
    "50,000 tensors": (UNNAMED, lambda: tensors_of(
        {f"{index}.weight": ("F32", [0, 0], b"") for index in range(50_000)})),
    "50,000 strays": ("not the weight or bias", lambda: tensors_of(
        {f"{index}.x": ("F32", [0, 0], b"") for index in range(50_000)})),
    "activations that are no JSON": (LIST, lambda: with_activations("relu")),
    "activations as a string": (LIST, lambda: with_activations('"relu"')),
    "activations as a dict": (LIST, lambda: with_activations('{"relu": 0}')),
    "activations as null": (LIST, lambda: with_activations("null")),
    "text as a slope": ("a name and numbers", lambda: with_activations(
        '[["prelu", ["F64", 0.5]]]')),
    "a dict as a slope": ("a name and numbers", lambda: with_activations('[["prelu", {"a": 1}]]')),
    "a list without a name": ("", lambda: with_activations("[[]]")),
    "nothing as a parameter": ("a name and numbers", lambda: with_activations('[["elu", null]]')),
    "activations of brackets": (LIST, lambda: with_activations("[" * 10**6)),
    "a million activations": ("one activation for each", lambda: with_activations(
        "[" + "0," * 10**6 + "0]")),
    "an activation that is null": ("activation must be one of", lambda: with_activations("[null]")),
    "an activation that is NaN": ("activation must be one of", lambda: with_activations("[NaN]")),
    "an activation that is a dict": ("activation must be", lambda: with_activations('[{"x": 1}]')),
    "a parameter of 400 digits": ("within the range of floats", lambda: with_activations(
        f'[["elu", {10**400}]]')),
    "a parameter of 5000 digits": (LIST, lambda: with_activations(f'[["elu", {"9" * 5000}]]')),
    "a parameter that is a list": ("one real parameter", lambda: with_activations('[["elu", []]]')),
    "a vector as a weight": ("weight must have shape", lambda: tensors_of(
        {"0.weight": ("F32", [1], bytes(4))}, {"mathwork.activations": '["relu"]'})),
    "layers that do not chain": ("layer 1 must take", lambda: tensors_of(
        {"0.weight": ("F32", [1, 2], bytes(8)), "1.weight": ("F32", [1, 2], bytes(8))},
        {"mathwork.activations": '["relu", "relu"]'})),
}
