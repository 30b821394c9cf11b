"""Networks in files. The suffix names the format; nothing in a file is ever executed.

npz              NumPy's own archive, without pickle
safetensors      a state_dict as PyTorch names it, with the activations in the metadata
onnx             files and models in memory; onnx_graph, onnx_operators and onnx_tensors read
                 one, onnx_model makes one, with onnx_functions where standard operators lack
"""
from importlib import import_module

# Each has `read(path)`, which gives a list of Dense, and `content_of(network)`, which gives bytes;
# one whose files need not say their activations has `read_with(path, activations)`, too.
FORMATS = {".npz": "npz", ".onnx": "onnx", ".safetensors": "safetensors"}
LONGEST_REASON = 1000           # characters


def load(path, *, activations=None, dtype=None):
    """Read a network from a file.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.npz`` (written by :meth:`Network.save`), ``.onnx`` (see
        :meth:`Network.from_onnx`) or ``.safetensors`` (a ``state_dict`` of ``nn.Linear`` layers
        as PyTorch names them, ``0.weight``, ``0.bias``, ``2.weight``, ...; biases may be absent).
    activations : sequence of str or (str, float), optional
        One a layer, for a ``.safetensors`` file that does not say them itself; files written by
        :meth:`Network.save` do.
    dtype : dtype, optional
        float32 or float64; by default the dtype in the file, float16 and bfloat16 widened to
        float32.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        For any other suffix, a file that is not what its suffix says, is cut short, declares
        more data than it has, or holds a network that is not a chain of dense layers; and for
        activations that are missing, or given where the file says them.
    ImportError
        If the ``onnx`` or ``safetensors`` package is needed and missing.
    OSError
        If the file cannot be read.

    Notes
    -----
    A file from a stranger can only be refused: sizes are checked before anything is allocated,
    pickles are not read, and data that ONNX keeps in other files must lie in the same folder.

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
    from mathwork.nn.network import Network  # which imports this module

    path = as_path(path)
    module = _module(path)
    if activations is None:
        layers = module.read(path)
    elif hasattr(module, "read_with"):
        layers = module.read_with(path, activations)
    else:
        raise ValueError(f"activations are for .safetensors files, {path.name!r} holds its own")
    try:
        return Network._of(layers, dtype)
    except ValueError as error:         # for layers that do not chain
        raise refusal(path, error) from None


def save(network, path):
    """Write `network` to `path`: see Network.save."""
    from mathwork._files import replacing  # here, because most programs save nothing

    path = as_path(path)
    content = _module(path).content_of(network)
    with replacing(path) as file:
        file.write(content)


def as_path(path):
    """`path` as a pathlib.Path"""
    from pathlib import Path  # imported here: it takes as long as a fifth of mathwork

    return Path(path)


def refusal(what, reason):
    """The ValueError for a file that `what` names; its reason is one line, and not too long."""
    reason = str(reason) or repr(reason)
    if len(reason) > LONGEST_REASON:
        reason = f"{reason[:LONGEST_REASON // 2]}...{reason[-LONGEST_REASON // 2:]}"
    # The file may have put into it what a terminal obeys.
    reason = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in reason)
    return ValueError(f"{what}: {reason}")


def _module(path):
    """The module for the format that the suffix of `path` names."""
    if path.suffix not in FORMATS:
        raise ValueError(f"a network's file must end in {', '.join(FORMATS)}, got {path.name!r}")
    return import_module(f"{__name__}.{FORMATS[path.suffix]}")
