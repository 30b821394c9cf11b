"""A chain of dense layers, ready to be called."""
from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeVar

import numpy as np

import mathwork.nn.parameters as flat
from mathwork._arguments import choice, counts
from mathwork._arrays import float_dtype
from mathwork._levels import core as kernels
from mathwork.init import he_normal, he_uniform
from mathwork.init.streams import generator_of
from mathwork.nn.dense import Dense, checked_activation
from mathwork.nn.derivatives.members import DerivativeMembers
from mathwork.nn.exchange import ExchangeMembers
from mathwork.nn.labels import NO_LABELS, Labels, checked_labels, picked
from mathwork.nn.residual import chained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Literal, Self

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from mathwork._types import Activation, FloatArray, FloatDType, Rng
    from mathwork.nn.residual import AnyLayer

MOST_LAYERS = 10_000    # of Network.he


_Network = TypeVar("_Network", bound="Network")


@kernels.call_without_tuple
class Network(ExchangeMembers, DerivativeMembers, kernels.ForwardPass):
    """A chain of layers, ready to be called. Immutable, and safe to call from any thread.

    Parameters
    ----------
    layers : iterable of Dense, LayerNorm, RMSNorm or Residual
        At least one. Each takes as many inputs as the layer before has outputs.
    dtype : dtype, optional
        float32 (the default) or float64. Weights are rounded to it once, here. Inputs are converted
        to it, and results have it.
    classes : array_like, optional
        The labels of the classes, one an output; two for a network of one output. Of any kind.
    multilabel : bool, optional
        Whether several of the outputs' labels may hold for one row. :meth:`classify` then raises.

    Attributes
    ----------
    layers : tuple
        In the network's dtype.
    sizes : tuple of int
        ``(n_in, ..., n_out)``: one more than the number of layers.
    dtype : numpy.dtype
    n_parameters : int
        Weights and biases together.
    classes_ : ndarray or None
        The labels, read-only: ``net.classes_[net.classify(x)]`` are those of the rows of x.
    multilabel : bool

    Methods
    -------
    __call__(x, *, out=None, workers=1)
        The forward pass. ``x`` of shape ``(..., n_in)`` gives ``(..., n_out)``. The result is in
        `out` if it is given; `out` may share memory with `x`, and after an interrupt it may be
        partly written. Batches are split over `workers` threads, at most four a processor.
        `TypeError` if `x` does not hold real numbers or is masked, or `out` is not an array of the
        network's dtype. `ValueError` if a shape does not fit, `out` is read-only, or `workers` is
        below 1.

    Raises
    ------
    TypeError
        For layers of another kind, and any other dtype.
    ValueError
        For no layers, layers that do not chain, and classes that do not fit the outputs.

    Notes
    -----
    ``a_l = act_l(W_l a_{l-1} + b_l)``. Products are summed in parts, as
    :func:`mathwork.matrix.matvec` describes, with one fused multiply-add a term. So a row has the
    same bits alone, inside any batch, on any number of workers and at every level of kernels with
    fused multiply-add. The weights are packed once, at construction. A call allocates its result.
    Beyond 16 kB of activations it also allocates a working set of at most two blocks of rows.

    Examples
    --------
    >>> import numpy as np
    >>> from mathwork.nn import Dense, Network
    >>> net = Network([Dense([[1, 1], [1, -1]], [0, 0], "relu"), Dense([[1, 1]])])
    >>> net
    Network(2-2-1, relu-identity, float32)
    >>> net([3.0, 5.0])                         # relu(3 + 5) + relu(3 - 5)
    array([8.], dtype=float32)
    >>> net(np.array([[3, 5], [5, 3]]))
    array([[ 8.],
           [10.]], dtype=float32)
    """

    __slots__ = ("_labels",)

    layers: tuple[AnyLayer, ...]
    _labels: Labels

    def __new__(cls, layers: Iterable[AnyLayer], *, dtype: DTypeLike = np.float32,
                classes: ArrayLike | None = None, multilabel: bool = False) -> Self:
        self = super().__new__(cls, *checked_layers(layers, dtype))
        self._labels = checked_labels(classes, multilabel, self.sizes[-1])
        return self

    @classmethod
    def he(cls, sizes: Iterable[int], *, activation: Activation = "relu",
           output: Activation = "sigmoid",
           distribution: Literal["normal", "uniform"] = "normal",
           dtype: DTypeLike = np.float32, rng: Rng = None) -> Self:
        """A network with He initialisation: weights of variance ``2 / n_in``, zero biases.

        Parameters
        ----------
        sizes : sequence of int
            ``(n_in, ..., n_out)``, at least two.
        activation, output : str or tuple
            As in :class:`Dense`. Activation of the hidden layers, and of the last layer.
        distribution : {"normal", "uniform"}
            :func:`mathwork.init.he_normal` or :func:`mathwork.init.he_uniform`.
        dtype : dtype, optional
            float32 (the default) or float64.
        rng : int, numpy.random.Generator or None
            A seed, a source, or fresh entropy.

        Returns
        -------
        Network

        Raises
        ------
        ValueError
            For fewer than two sizes, sizes below 1, and an unknown distribution or activation.

        References
        ----------
        He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015, section 2.2.

        Examples
        --------
        >>> from mathwork.nn import Network
        >>> Network.he((4, 32, 32, 2), rng=0)
        Network(4-32-32-2, relu-relu-sigmoid, float32)
        """
        draws: dict[str, Callable[..., FloatArray]] = {"normal": he_normal, "uniform": he_uniform}
        distribution = choice(distribution, "distribution", draws)
        dtype = float_dtype(dtype)
        sizes = counts(sizes, "sizes", 1, MOST_LAYERS)
        if len(sizes) < 2:
            raise ValueError(f"sizes must hold at least n_in and n_out, got {sizes}")
        checked_activation(output, sizes[-1], dtype, "output")
        rng = generator_of(rng)
        activations = [activation] * (len(sizes) - 2) + [output]
        return cls([Dense(draws[distribution]((n_out, n_in), dtype=dtype, rng=rng), None, name)
                    for (n_in, n_out), name in zip(itertools.pairwise(sizes), activations,
                                                 strict=True)],
                   dtype=dtype)

    @classmethod
    def _of(cls, layers: Sequence[AnyLayer], dtype: DTypeLike | None, labels: Labels = NO_LABELS
            ) -> Self:
        """The network of layers from elsewhere, in `dtype` or else the widest of their dtypes."""
        if dtype is None:
            dtype = np.result_type(*set().union(*(layer._dtypes for layer in layers)))
        return _rebuild(cls, layers, dtype, labels)

    @property
    def n_parameters(self) -> int:
        return sum(layer._n_parameters for layer in self.layers)

    def parameters(self) -> FloatArray:
        """All weights and biases as one vector, for optimisers that know nothing of layers.

        Returns
        -------
        ndarray, shape (n_parameters,)
            A copy, in the network's dtype. For each layer its weight, row by row, and then its
            bias; an RMSNorm has no bias, and a Residual has the parameters of its layers. The
            parameters of activations, such as the slopes of prelu, are not among them.

        See Also
        --------
        with_parameters : The network that has such a vector.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network
        >>> Network([Dense([[1, 2], [3, 4]], [5, 6], "relu"), Dense([[7, 8]], [9])]).parameters()
        array([1., 2., 3., 4., 5., 6., 7., 8., 9.], dtype=float32)
        """
        return flat.flattened(self.layers)

    def with_parameters(self, parameters: ArrayLike) -> Self:
        """A network like this one, with other weights and biases.

        Parameters
        ----------
        parameters : array_like, shape (n_parameters,)
            In the order of :meth:`parameters`. They are rounded to the network's dtype; NaN and
            infinity are allowed.

        Returns
        -------
        Network
            Its activations, dtype and labels are those of this network.

        Raises
        ------
        TypeError
            For parameters that are masked or not real numbers.
        ValueError
            For another shape.

        Examples
        --------
        >>> from mathwork.nn import Network
        >>> net = Network.he((4, 8, 2), rng=0)
        >>> half = net.with_parameters(net.parameters() / 2)
        >>> bool((half.layers[0].weight == net.layers[0].weight / 2).all())
        True
        """
        vector = flat.checked_parameters(parameters, (self.n_parameters,), self.dtype)
        return _rebuild(type(self), flat.with_parameters(self.layers, vector), self.dtype,
                        self._labels)

    def trace(self, x: ArrayLike) -> tuple[FloatArray, ...]:
        """Every layer's activation. The last one is the result of the call, bit for bit.

        Parameters
        ----------
        x : array_like, shape (..., n_in)

        Returns
        -------
        tuple of ndarray
            One for each layer, of shape ``(..., n_out)``.

        Raises
        ------
        TypeError, ValueError
            As the call does.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network
        >>> net = Network([Dense([[1, 1], [1, -1]], [0, 0], "relu"), Dense([[1, 1]])])
        >>> net.trace([3.0, 5.0])
        (array([8., 0.], dtype=float32), array([8.], dtype=float32))
        """
        return self._trace(x)

    @property
    def classes_(self) -> NDArray[Any] | None:
        return self._labels.classes

    @property
    def multilabel(self) -> bool:
        return self._labels.multilabel

    def classify(self, x: ArrayLike, *, threshold: float | None = None) -> int | NDArray[np.intp]:
        """The class of each row: the index of the largest output, or which side one output is on.

        Parameters
        ----------
        x : array_like, shape (..., n_in)
        threshold : float, optional
            For a network of one output, the value above which a row is of class 1. By default 0.5
            after a sigmoid, and 0 without an activation.

        Returns
        -------
        int or ndarray of int, shape (...)
            ``net.classes_[net.classify(x)]`` are the labels, if the network has them. The first of
            equal outputs; one that equals the threshold is class 0. A NaN counts as the largest,
            as in :func:`numpy.argmax`.

        Raises
        ------
        TypeError, ValueError
            As the call does.
        ValueError
            For one output of any other activation, without a threshold. For a multilabel network:
            ``net(x) > 0.5`` has a column for each label there.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network
        >>> Network([Dense([[1, 0], [0, 1]])]).classify([[3, 5], [5, 3]])
        array([1, 0])
        >>> net = Network([Dense([[1, -1]], None, "sigmoid")], classes=["no", "yes"])
        >>> net.classes_[net.classify([[3, 5], [5, 3]])]
        array(['no', 'yes'], dtype='<U3')
        """
        return self._picked(self(x), threshold)

    def _picked(self, outputs: FloatArray, threshold: float | None = None
                ) -> int | NDArray[np.intp]:
        """The class of each row of outputs"""
        return picked(outputs, self.layers[-1], self._labels, threshold)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.layers, self.dtype, self._labels)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def plot(self, ax: Axes | None = None, *, inputs: Iterable[str] | None = None,
             outputs: Iterable[str] | None = None, nodes: int = 12) -> Axes:
        """Draw the network: a column of nodes between two layers, and its weights as lines.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure if not given.
        inputs, outputs : sequence of str, optional
            Names of the n_in inputs and of the n_out outputs. By default inputs have no names, and
            outputs have the labels of `classes_`.
        nodes : int, optional
            How many nodes of a column are drawn, from 2 to 64. The others are left out in the
            middle, and counted.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            Without the package matplotlib.
        TypeError
            If `ax` is no Axes of matplotlib, and for names that are one str or have no text.
        ValueError
            For another number of names, and for `nodes` out of range.

        Notes
        -----
        The colour of a line is the sign of its weight. Its width is the size of the weight, over
        the largest drawn one of the layer. A weight of 0 has no line. Biases are not drawn. Norms
        have a line for each number, and the shortcut of a `Residual` is an arrow above its layers.
        Of more than 12 columns, the first 6 and the last 6 are drawn.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from mathwork.nn import Network
        >>> net = Network.he((2, 4, 1), rng=0)
        >>> ax = net.plot(Figure().add_subplot(), inputs=["height", "age"], outputs=["weight"])
        >>> len(ax.collections), len(ax.lines)          # layers, and columns of nodes
        (2, 3)
        """
        import mathwork.nn.picture as picture  # here: few programs draw

        return picture.draw_network(self, ax, inputs, outputs, nodes)

    def _repr_html_(self) -> str:
        import mathwork.nn.displays as displays  # here: few programs run in a notebook

        return displays.network_html(self)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.sizes))
        texts = "-".join(layer._text for layer in self.layers)
        return f"{type(self).__name__}({sizes}, {texts}, {self.dtype})"


def _rebuild(cls: type[_Network], layers: Iterable[AnyLayer], dtype: DTypeLike,
             labels: Labels = NO_LABELS) -> _Network:
    classes, multilabel = labels
    if classes is None and not multilabel:      # a subclass may take layers and dtype alone
        return cls(layers, dtype=dtype)
    return cls(layers, dtype=dtype, classes=classes, multilabel=multilabel)


def checked_layers(layers: Iterable[AnyLayer], dtype: DTypeLike
                   ) -> tuple[tuple[AnyLayer, ...], FloatDType]:
    """Return (tuple of layers that chain, in that dtype; dtype)."""
    dtype = float_dtype(dtype)
    return tuple(layer._astype(dtype) for layer in chained(layers)), dtype
