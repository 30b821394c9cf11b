"""Networks from files."""
from __future__ import annotations

from typing import TYPE_CHECKING

from mathwork.nn.formats import layers, source_of
from mathwork.nn.formats.files import refusal
from mathwork.nn.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import IO, Literal

    from numpy.typing import DTypeLike

    from mathwork._types import Activation, StrPath


def load(path: StrPath | bytes | bytearray | memoryview | IO[bytes], *,
         format: Literal["npz", "onnx", "safetensors"] | None = None,
         activations: Iterable[Activation] | None = None, dtype: DTypeLike | None = None
         ) -> Network:
    """Read a network from a file, or from its bytes.

    Parameters
    ----------
    path : str, path-like, bytes-like or binary file
        Ends in ``.npz`` (written by :meth:`Network.save`), ``.onnx`` (see
        :meth:`Network.from_onnx`) or ``.safetensors`` (a ``state_dict`` of ``nn.Linear`` layers
        as PyTorch names them, ``0.weight``, ``0.bias``, ``2.weight``, ...; biases may be absent).
        Also in capitals. Or the content of such a file, or an open one, which is read from where it
        stands to its end.
    format : {"npz", "onnx", "safetensors"}, optional
        In place of the suffix. Bytes need it, and so does a file without a name.
    activations : sequence of str or tuple, optional
        One for each layer, as :class:`Dense` takes it, for a ``.safetensors`` file that does not
        name them. ``"prelu"`` takes its slopes from the file. Files written by
        :meth:`Network.save` name them.
    dtype : dtype, optional
        float32 or float64; by default the dtype in the file, float16 and bfloat16 widened to
        float32.

    Returns
    -------
    Network

    Raises
    ------
    TypeError
        For a file that gives text.
    ValueError
        For any other suffix or format. For a file that is not of its suffix's kind, is cut short,
        declares more data than it has, or holds a network that is not a chain of layers. For
        activations that are missing, or given although the file names them.
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
    """
    file = source_of(path)
    found = layers(file, format, activations)
    try:
        return Network._of(found, dtype)
    except ValueError as error:         # from layers that do not chain
        raise refusal(file, error) from None
