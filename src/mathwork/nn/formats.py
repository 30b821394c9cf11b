"""Networks in files. The suffix names the format; nothing in a file is ever executed."""
import io
from pathlib import Path

import numpy as np

KIND = "mathwork.Network 1"     # the number changes when a reader must


def save(network, path):
    """Write `network` to `path`: see Network.save."""
    path = Path(path)
    _check_suffix(path)
    arrays = {"kind": np.array(KIND),
              "activations": np.array([layer._activation[0] for layer in network.layers]),
              "parameters": np.array([layer._activation[1] for layer in network.layers])}
    for index, layer in enumerate(network.layers):
        arrays[f"weight_{index}"] = layer.weight
        arrays[f"bias_{index}"] = layer.bias
    # Complete in memory before the file is touched, so that a failure cannot leave half of one.
    content = io.BytesIO()
    np.savez(content, **arrays)
    path.write_bytes(content.getvalue())


def load(path):
    """Read a network that :meth:`Network.save` wrote.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.npz``. Read without pickle: a hostile file can only be refused.

    Returns
    -------
    Network
        With the dtype it was saved with, and the same bits.

    Raises
    ------
    ValueError
        For any other suffix, and for a file that is not a network saved by mathwork, is cut
        short, or declares more data than it has.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import os, tempfile
    >>> from mathwork.nn import Network, load
    >>> net = Network.he((4, 8, 2), rng=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "net.npz")
    ...     net.save(path)
    ...     load(path)
    Network(4-8-2, relu-sigmoid, float32)
    """
    from mathwork.nn.network import Dense, Network

    path = Path(path)
    _check_suffix(path)
    arrays = _read_npz(path)
    try:
        if arrays["kind"].item() != KIND:
            raise ValueError(f"kind is {arrays['kind'].item()!r}, not {KIND!r}")
        dtype = arrays["weight_0"].dtype
        layers = []
        for index, (name, parameter) in enumerate(
                zip(arrays["activations"].tolist(), arrays["parameters"].tolist(), strict=True)):
            weight, bias = arrays[f"weight_{index}"], arrays[f"bias_{index}"]
            layers.append(Dense(weight, bias, _pair(name, parameter)))
        return Network(layers, dtype=dtype)
    except KeyError as error:
        raise _foreign(path, f"it has no array {error.args[0]!r}") from None
    except (TypeError, ValueError) as error:
        raise _foreign(path, error) from None


def _pair(name, parameter):
    from mathwork.nn.network import DEFAULT_PARAMETER

    return (name, parameter) if name in DEFAULT_PARAMETER else name


def _check_suffix(path):
    if path.suffix != ".npz":
        raise ValueError(f"a network's file must end in .npz, got {path.name!r}")


def _foreign(path, reason):
    return ValueError(f"{path} is not a network saved by mathwork: {reason}")


def _read_npz(path):
    """{name: array} of an uncompressed .npz, every size checked before it is allocated."""
    import zipfile  # here, because importing it costs more than the rest of this package

    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        try:
            with zipfile.ZipFile(file) as archive:
                return {info.filename.removesuffix(".npy"): _read_npy(archive, info, size)
                        for info in archive.infolist()}
        except Exception as error:
            # zipfile and NumPy's header parser raise a dozen kinds for bytes that are not theirs.
            raise _foreign(path, error) from None


def _read_npy(archive, info, file_size):
    if info.compress_size != info.file_size or info.file_size > file_size:
        raise ValueError(f"array {info.filename!r} is compressed or larger than the file")
    stored = archive.read(info)
    content = io.BytesIO(stored)
    version = np.lib.format.read_magic(content)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"array {info.filename!r} has the unknown .npy version {version}")
    read_header = (np.lib.format.read_array_header_1_0 if version == (1, 0)
                   else np.lib.format.read_array_header_2_0)
    shape, fortran_order, dtype = read_header(content)
    count = 1
    for length in shape:        # in Python integers, which do not overflow
        count *= length
    data = memoryview(stored)[content.tell():]
    if dtype.hasobject or min(shape, default=0) < 0 or count * dtype.itemsize != len(data):
        raise ValueError(f"array {info.filename!r} declares {dtype} {shape}, "
                         f"which is not what its {len(data)} bytes hold")
    return np.frombuffer(data, dtype, count).reshape(shape, order="F" if fortran_order else "C")
