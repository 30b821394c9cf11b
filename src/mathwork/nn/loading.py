"""Networks from files and from named tensors."""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import mathwork.nn.formats.state_dict as state_dict
from mathwork._arrays import as_array
from mathwork.nn.formats import layers, source_of
from mathwork.nn.formats.files import refusal
from mathwork.nn.formats.state_dict import Naming
from mathwork.nn.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import IO, Any, Literal

    from numpy.typing import DTypeLike, NDArray

    from mathwork._types import Activation, StrPath


def load(path: StrPath | bytes | bytearray | memoryview | IO[bytes] | Mapping[str, Any], *,
         format: Literal["npz", "onnx", "safetensors"] | None = None,
         activations: Iterable[Activation] | None = None, prefix: str | None = None,
         order: Iterable[str] | None = None, inputs: str | Iterable[str] | None = None,
         outputs: str | Iterable[str] | None = None, dtype: DTypeLike | None = None) -> Network:
    """Read a network from a file, from its bytes, or from a ``state_dict``.

    Parameters
    ----------
    path : str, path-like, bytes-like, binary file or mapping
        Ends in ``.npz`` (written by :meth:`Network.save`), ``.onnx`` (see
        :meth:`Network.from_onnx`) or ``.safetensors`` (a ``state_dict`` of ``nn.Linear`` layers
        as PyTorch names them, ``0.weight``, ``0.bias``, ``2.weight``, ...; biases may be absent).
        Also in capitals. Or the content of such a file, or an open one, which is read from where it
        stands to its end. Or a ``state_dict`` itself, of tensors or arrays by their names.
    format : {"npz", "onnx", "safetensors"}, optional
        In place of the suffix. Bytes need it, and so does a file without a name.
    activations : sequence of str or tuple, optional
        One for each layer, as :class:`Dense` takes it, for a ``.safetensors`` file that does not
        name them, and for a ``state_dict``. ``"prelu"`` takes its slopes from the file. Files
        written by :meth:`Network.save` name them.
    prefix : str, optional
        Take only the tensors below this name: ``"actor"`` for ``actor.0.weight``, where
        ``critic.0.weight`` stands beside it.
    order : sequence of str, optional
        The layers in their order, where no numbers in their names say it: ``["fc1", "head"]``. A
        name of several layers, such as ``encoder`` for ``encoder.0`` and ``encoder.2``, stands for
        all of them. Layers that are not named are left out.
    inputs, outputs : str or sequence of str, optional
        The part of the graph in an ``.onnx`` file, as for :meth:`Network.from_onnx`.
    dtype : dtype, optional
        float32 or float64; by default the dtype in the file, float16 and bfloat16 widened to
        float32.

    Returns
    -------
    Network

    Raises
    ------
    TypeError
        For a file that gives text, and a mapping that is not a ``state_dict``.
    ValueError
        For any other suffix or format. For a file that is not of its suffix's kind, is cut short,
        declares more data than it has, or holds a network that is not a chain of layers. For
        activations that are missing, or given although the file names them. For names that `prefix`
        or `order` does not find, and an order that nothing says.
    ImportError
        If the ``onnx`` or ``safetensors`` package is needed and missing.
    OSError
        If the file cannot be read.

    Notes
    -----
    An untrusted file can only be refused: sizes are checked before anything is allocated, pickles
    are not read, and data that ONNX keeps in other files must lie in the same folder.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from mathwork.nn import Network, load
    >>> net = Network.he((4, 8, 2), rng=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "net.npz")
    ...     net.save(path)
    ...     load(path)
    Network(4-8-2, relu-sigmoid, float32)
    >>> import io
    >>> memory = io.BytesIO()
    >>> net.save(memory, format="npz")
    >>> load(memory.getvalue(), format="npz")
    Network(4-8-2, relu-sigmoid, float32)
    >>> tensors = {"fc1.weight": [[1.0, -1.0]], "fc1.bias": [0.5], "head.weight": [[2.0]]}
    >>> tensors = {name: np.array(value) for name, value in tensors.items()}
    >>> load(tensors, activations=["relu", "identity"], order=["fc1", "head"])
    Network(2-1-1, relu-identity, float64)
    """
    naming = Naming(activations, prefix, order)
    part = {name: value for name, value in (("inputs", inputs), ("outputs", outputs))
            if value is not None}
    if isinstance(path, Mapping):
        if part:
            raise ValueError(f"{' and '.join(part)} are for .onnx files, a state_dict has no graph")
        held = state_dict.checked_tensors(path, _array_of)
        return Network._of([*state_dict.layers(held, naming)], dtype)
    file = source_of(path)
    found, labels = layers(file, format, naming, part, dtype)
    try:
        return Network._of(found, dtype, labels)
    except ValueError as error:         # from layers that do not chain
        raise refusal(file, error) from None


def _array_of(value: Any, where: str) -> NDArray[Any]:
    """Return the numbers of a tensor of PyTorch or of an array"""
    if not hasattr(value, "detach"):
        return as_array(value, where)
    # here: few programs have PyTorch
    from mathwork.nn.graph import MisfitError
    from mathwork.nn.pytorch.machine import numbers

    try:
        return numbers(value, where)
    except MisfitError as error:
        raise ValueError(f"{where} {error}") from None
