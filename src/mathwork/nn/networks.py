"""Many networks of one shape, called together."""
from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import numpy as np

import mathwork.nn.formats as formats
import mathwork.nn.parameters as flat
from mathwork._arguments import iterated
from mathwork._arrays import as_array
from mathwork._levels import core as kernels
from mathwork._workers import checked_workers
from mathwork.nn.dense import frozen
from mathwork.nn.formats.files import refusal
from mathwork.nn.formats.structure import text_of
from mathwork.nn.labels import labels_equal
from mathwork.nn.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO, Any, Literal, NoReturn, Self, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray, FloatDType, StrPath


class Networks(kernels.ManyPasses):
    """K networks of one shape, called together. Immutable, and safe to call from any thread.

    Parameters
    ----------
    networks : iterable of Network
        At least one. All have the same kinds of layers, sizes, activations with their parameters,
        dtype and labels; only weights and biases differ.

    Attributes
    ----------
    sizes : tuple of int
        ``(n_in, ..., n_out)``, of each of them.
    dtype : numpy.dtype
    n_parameters : int
        Of one network.

    Methods
    -------
    __call__(x, *, out=None, paired=False, workers=1)
        The forward passes. ``x`` of shape ``(..., n_in)`` goes through every network and gives
        ``(K, ..., n_out)``. With ``paired=True``, ``x`` has shape ``(K, ..., n_in)``, and network k
        gets ``x[k]``: ``(K, n_in)`` is one row for each network. The result is in `out` if it is
        given. The rows of all networks are split over `workers` threads. Errors are those of a
        call of :class:`Network`, and `ValueError` if paired rows are not K.
    __getitem__(index)
        A `Network` for an integer, and `Networks` for a slice or an array of integers or bools.

    Raises
    ------
    TypeError
        For anything but networks.
    ValueError
        For none, and for networks of another shape than the first.

    Notes
    -----
    Each result has the bits that the network has alone. Two collections are equal if their shapes,
    labels and parameters are.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.nn import Network, Networks
    >>> nets = Networks([Network.he((4, 8, 2), rng=seed) for seed in range(100)])
    >>> nets
    Networks(100 of 4-8-2, relu-sigmoid, float32)
    >>> nets(np.ones((7, 4))).shape                     # 7 rows through every network
    (100, 7, 2)
    >>> nets(np.ones((100, 4)), paired=True).shape      # one row for each network
    (100, 2)
    >>> nets[10:20]
    Networks(10 of 4-8-2, relu-sigmoid, float32)
    """

    __slots__ = ("_parameters",)

    like: Network               # one that has their shape
    _parameters: FloatArray     # (K, n_parameters), read-only

    def __new__(cls, networks: Iterable[Network]) -> Self:
        found = _checked_networks(networks)
        rows = np.empty((len(found), found[0].n_parameters), found[0].dtype)
        for row, network in zip(rows, found, strict=True):
            row[:] = network.parameters()
        return cls._made(rows, found[0])

    @classmethod
    def of(cls, parameters: ArrayLike, *, like: Network) -> Self:
        """The networks that have these parameters: many of them in a few milliseconds.

        Parameters
        ----------
        parameters : array_like, shape (K, n_parameters)
            One row a network, in the order of :meth:`Network.parameters`. K is at least 1. They are
            rounded to the dtype of `like`.
        like : Network
            Has the layers, activations, dtype and labels of all of them.

        Returns
        -------
        Networks

        Raises
        ------
        TypeError
            For parameters that are masked or not real numbers, and if `like` is no Network.
        ValueError
            For another shape.

        Examples
        --------
        >>> import numpy as np
        >>> from mathwork.nn import Network, Networks
        >>> net = Network.he((4, 8, 2), rng=0)
        >>> noise = np.random.default_rng(0).normal(0, 0.1, (1000, net.n_parameters))
        >>> Networks.of(net.parameters() + noise, like=net)
        Networks(1000 of 4-8-2, relu-sigmoid, float32)
        """
        if not isinstance(like, Network):
            raise TypeError(f"like must be a Network, got {type(like).__name__}")
        given = as_array(parameters, "parameters")
        if given.ndim != 2 or len(given) == 0:
            raise ValueError(f"parameters must have shape (K, {like.n_parameters}), K at least 1, "
                             f"got {given.shape}")
        shape = len(given), like.n_parameters
        return cls._made(flat.checked_parameters(given, shape, like.dtype), like)

    @classmethod
    def load(cls, path: StrPath | bytes | bytearray | memoryview | IO[bytes], *,
             format: Literal["npz", "safetensors"] | None = None) -> Self:
        """Read networks from a file that :meth:`save` wrote, or from its bytes.

        Parameters
        ----------
        path : str, path-like, bytes-like or binary file
            As for :func:`mathwork.nn.load`.
        format : {"npz", "safetensors"}, optional
            In place of the suffix. Bytes need it, and so does a file without a name.

        Returns
        -------
        Networks

        Raises
        ------
        TypeError
            For a file that gives text.
        ValueError
            For any other suffix or format, and a file that does not hold networks of one shape.
        ImportError
            If the ``safetensors`` package is needed and missing.
        OSError
            If the file cannot be read.

        Examples
        --------
        >>> import io
        >>> from mathwork.nn import Network, Networks
        >>> nets = Networks([Network.he((4, 8, 2), rng=seed) for seed in range(3)])
        >>> file = io.BytesIO()
        >>> nets.save(file, format="npz")
        >>> Networks.load(file.getvalue(), format="npz") == nets
        True
        """
        source = formats.source_of(path)
        layers, parameters, labels = formats.many_layers(source, format)
        try:
            return cls._made(flat.checked_parameters(
                parameters, parameters.shape, np.result_type(parameters)),
                Network._of(layers, parameters.dtype, labels))
        except ValueError as error:         # from layers that do not chain
            raise refusal(source, error) from None

    @classmethod
    def _made(cls, parameters: FloatArray, like: Network) -> Self:
        """The networks with rows of plain parameters, which are copied"""
        parameters = frozen(parameters)
        self = super().__new__(cls, like, parameters)
        object.__setattr__(self, "_parameters", parameters)
        return self

    @property
    def sizes(self) -> tuple[int, ...]:
        return self.like.sizes

    @property
    def dtype(self) -> FloatDType:
        return self.like.dtype

    @property
    def n_parameters(self) -> int:
        return self.like.n_parameters

    def parameters(self) -> FloatArray:
        """The weights and biases of all networks.

        Returns
        -------
        ndarray, shape (K, n_parameters)
            A copy; rows are in the order of :meth:`Network.parameters`.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network, Networks
        >>> Networks([Network([Dense([[1, 2]], [3])]), Network([Dense([[4, 5]])])]).parameters()
        array([[1., 2., 3.],
               [4., 5., 0.]], dtype=float32)
        """
        return self._parameters.copy()

    def with_parameters(self, parameters: ArrayLike) -> Self:
        """Networks of this shape with other weights and biases, as many as there are rows.

        Parameters
        ----------
        parameters : array_like, shape (K, n_parameters)
            As for :meth:`of`; K may be another number.

        Returns
        -------
        Networks

        Raises
        ------
        TypeError, ValueError
            As :meth:`of` does.

        Examples
        --------
        >>> from mathwork.nn import Network, Networks
        >>> nets = Networks([Network.he((4, 8, 2), rng=seed) for seed in range(3)])
        >>> nets.with_parameters(nets.parameters() * 0.9)
        Networks(3 of 4-8-2, relu-sigmoid, float32)
        """
        return type(self).of(parameters, like=self.like)

    def mean(self, x: ArrayLike, *, out: FloatArray | None = None, workers: int = 1) -> FloatArray:
        """The mean of the outputs of all networks: what an ensemble says.

        Parameters
        ----------
        x : array_like, shape (..., n_in)
        out : ndarray, shape (..., n_out), optional
            Where the result goes. After an interrupt it may be partly written.
        workers : int, optional
            Threads, over which the rows are split.

        Returns
        -------
        ndarray, shape (..., n_out)

        Raises
        ------
        TypeError, ValueError
            As the call does.

        Notes
        -----
        Summed in float64, from the first network to the last, and rounded once. The outputs of all
        networks are never in memory together. A NaN of one network makes the mean NaN.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network, Networks
        >>> nets = Networks([Network([Dense([[1, 0]])]), Network([Dense([[0, 2]])])])
        >>> nets.mean([[3, 5], [7, 0]])
        array([[6.5],
               [3.5]], dtype=float32)
        """
        return self._mean(x, out, checked_workers(workers))

    def average(self) -> Network:
        """The network whose weights and biases are the means of those of all networks.

        Returns
        -------
        Network
            Not the mean of the outputs, which is :meth:`mean`. It is of use for networks that are
            near each other, such as steps of one training (stochastic weight averaging). The means
            are of float64 sums, rounded once.

        References
        ----------
        Izmailov, Podoprikhin, Garipov, Vetrov, Wilson, "Averaging Weights Leads to Wider Optima and
        Better Generalization", UAI 2018.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network, Networks
        >>> nets = Networks([Network([Dense([[1, 0]])]), Network([Dense([[0, 2]])])])
        >>> nets.average().layers[0].weight
        array([[0.5, 1. ]], dtype=float32)
        """
        with np.errstate(all="ignore"):
            return self.like.with_parameters(self._parameters.mean(axis=0, dtype=np.float64))

    def save(self, path: StrPath | IO[bytes], *,
             format: Literal["npz", "safetensors"] | None = None) -> None:
        """Write the networks to a file that :meth:`load` reads back to equal bits.

        Parameters
        ----------
        path : str, path-like or binary file
            Ends in ``.npz`` or ``.safetensors``. The rest is as for :meth:`Network.save`.
        format : {"npz", "safetensors"}, optional
            In place of the suffix.

        Raises
        ------
        TypeError
            For a file that takes text.
        ValueError
            For any other suffix or format.
        ImportError
            If the package is missing.
        OSError
            If the file cannot be written.

        Notes
        -----
        The arrays are those of one network, with an axis of length K in front, as
        ``torch.func.stack_module_state`` makes them.

        Examples
        --------
        >>> import os, tempfile
        >>> from mathwork.nn import Network, Networks
        >>> nets = Networks([Network.he((4, 8, 2), rng=seed) for seed in range(3)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "nets.npz")
        ...     nets.save(path)
        ...     Networks.load(path)
        Networks(3 of 4-8-2, relu-sigmoid, float32)
        """
        formats.save(self, path, format, many=True)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: SupportsIndex | slice | NDArray[Any] | list[Any]) -> Any:
        try:
            number = operator.index(index)      # type: ignore[arg-type]  # that is the question
        except TypeError:
            return self._chosen(index)
        if not -self.count <= number < self.count:
            raise IndexError(f"index {number} is out of range for {self.count} networks")
        return self.like.with_parameters(self._parameters[number])

    def _chosen(self, index: Any) -> Self:
        """The networks of a slice, or of an array of integers or bools"""
        if not isinstance(index, slice):
            index = np.asarray(index)
            if index.ndim != 1 or index.dtype.kind not in "biu":
                raise TypeError("an index of networks must be an integer, a slice or a vector of "
                                f"integers or bools, got {index.dtype} of shape {index.shape}")
        rows = self._parameters[index]
        if not len(rows):
            raise ValueError(f"the index must choose at least one of {self.count} networks, "
                             f"got {index!r}")
        return self._made(rows, self.like)

    def __iter__(self) -> Iterator[Network]:
        return (self[index] for index in range(self.count))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Networks):
            return NotImplemented
        return (_form(self.like) == _form(other.like)
                and labels_equal(self.like._labels, other.like._labels)
                and np.array_equal(self._parameters, other._parameters))

    def __hash__(self) -> int:
        return hash((_form(self.like), self.count))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Networks are immutable, {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Networks are immutable, {name} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_networks, (type(self), self._parameters, self.like)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def _repr_html_(self) -> str:
        import mathwork.nn.displays as displays  # here: few programs run in a notebook

        return displays.networks_html(self)

    def __repr__(self) -> str:
        one = repr(self.like)
        return f"{type(self).__name__}({self.count} of {one[one.index('(') + 1:]}"


def _rebuild_networks(cls: type[Networks], parameters: FloatArray, like: Network) -> Networks:
    return cls._made(parameters, like)


def _form(network: Network) -> tuple[Any, ...]:
    """What networks of one shape have in common, but their labels"""
    return network.dtype, network.sizes, text_of(network.layers), flat.shapes(network.layers)


def _checked_networks(networks: Iterable[Network]) -> list[Network]:
    found: list[Network] = []
    for index, network in enumerate(iterated(networks, "networks", "a sequence of Network")):
        if not isinstance(network, Network):
            raise TypeError(f"networks must be a sequence of Network, got {type(network).__name__} "
                            f"at {index}")
        if index and _form(network) != _form(found[0]):
            raise ValueError(f"networks must have one shape: network 0 is {found[0]!r}, network "
                             f"{index} is {network!r}")
        if index and not labels_equal(network._labels, found[0]._labels):
            raise ValueError(f"networks must have the same labels, those of network {index} are "
                             "not those of network 0")
        found.append(network)
    if not found:
        raise ValueError("networks must hold at least one network, got none")
    return found
