"""Files made by hand, so that they can hold contents that their libraries would not write."""
import io
import json
import struct
import zipfile
import zlib

import numpy as np

# ---- .npz ----

def arrays_of(network):
    """Return the arrays of a network's .npz, so that a test can spoil them."""
    arrays = {"kind": np.array("mathwork.Network 1"),
              "activations": np.array([layer._activation[0] for layer in network.layers]),
              "parameters": np.zeros(len(network.layers))}
    for index, layer in enumerate(network.layers):
        arrays[f"weight_{index}"], arrays[f"bias_{index}"] = layer.weight, layer.bias
    return arrays


def npz_of(arrays, save=np.savez):
    content = io.BytesIO()
    save(content, **arrays)
    return content.getvalue()


def npy_of(header, data=b"", version=(1, 0)):
    """An .npy file with any header at all."""
    header = header.encode() + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + length + header + data


def npy_members(arrays):
    """{name.npy: its bytes} of {name: array}"""
    members = {}
    for name, array in arrays.items():
        content = io.BytesIO()
        np.save(content, array)
        members[f"{name}.npy"] = content.getvalue()
    return members


def zip_of(members):
    """A zip file of these raw members, its checksums right."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, raw in members.items():
            archive.writestr(name, raw)
    return content.getvalue()


def zip_by_hand(members, *, size=None, method=0, flags=0, extra=b""):
    """Return a zip file of (name, data) pairs; they may repeat names, and sizes may be wrong.

    Both sizes in the directory are `size`, by default the true size. Every member has this method,
    these flags and this extra field.
    """
    parts, directory = bytearray(), bytearray()
    for name, data in members:
        name, offset, crc = name.encode(), len(parts), zlib.crc32(data)
        declared = len(data) if size is None else size
        common = struct.pack("<5H3I2H", 20, flags, method, 0, 0, crc, declared, declared,
                             len(name), len(extra))
        parts += b"PK\x03\x04" + common + name + extra + data
        directory += (b"PK\x01\x02" + struct.pack("<H", 20) + common
                      + struct.pack("<3H2I", 0, 0, 0, 0, offset) + name + extra)
    return bytes(parts + directory) + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(members),
                                           len(members), len(directory), len(parts), 0)


# ---- .safetensors ----

def safetensors_of(header, data=b""):
    """A file with this header, as JSON text or a dict."""
    header = (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(header)) + header + data


def tensors_of(tensors, metadata=None):
    """A file of {name: (dtype, shape, bytes)}, offsets right."""
    header, data = {} if metadata is None else {"__metadata__": metadata}, b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    return safetensors_of(header, data)


# ---- .onnx ----

def field(number, content):
    """A length-delimited field of a protocol buffer."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value):
    encoded = b""
    while value > 127:
        encoded += bytes([value & 127 | 128])
        value >>= 7
    return encoded + bytes([value])
