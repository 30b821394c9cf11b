"""Dense layers and the networks they make."""
import itertools
from numbers import Real

import numpy as np

from mathwork import init
from mathwork._arrays import as_plain_together, float_dtype
from mathwork._levels import core
from mathwork.nn import formats

# Activations with a parameter, and its default; every other takes none.
DEFAULT_PARAMETER = {"leaky_relu": 0.01, "elu": 1.0}


class Dense:
    """One layer, ``activation(weight @ x + bias)``.

    Parameters
    ----------
    weight : array_like, shape (n_out, n_in)
        One row an output; both sizes at least 1. Kept as a read-only copy, float32 where it is
        float32 or float16 and so is `bias`, else float64. NaN and infinity are let through.
    bias : array_like, shape (n_out,), optional
        Zeros if not given.
    activation : str or (str, float)
        A name of :mod:`mathwork.activations`; ``("leaky_relu", slope)`` and ``("elu", alpha)``
        carry their parameter, which is 0.01 and 1.0 if only the name is given.

    Attributes
    ----------
    weight, bias : ndarray, read-only
    activation : str or (str, float)

    Raises
    ------
    TypeError
        For weights that are not real numbers, or masked.
    ValueError
        For shapes that do not fit, and an unknown activation.

    Notes
    -----
    Published notes of this layer print ``W`` with columns 0 to n against inputs 1 to n; here the
    bias is its own array and ``W`` has one column an input.

    Examples
    --------
    >>> from mathwork.nn import Dense
    >>> Dense([[1.0, -1.0]], [0.5], "relu")
    Dense(2 -> 1, relu, float64)
    """

    __slots__ = ("activation", "bias", "weight")

    def __new__(cls, weight, bias=None, activation="identity"):
        weight, bias = as_plain_together(weight=weight, bias=bias, optional=("bias",))
        if weight.ndim != 2 or 0 in weight.shape:
            raise ValueError("weight must have shape (n_out, n_in), both at least 1, "
                             f"got {weight.shape}")
        if bias is None:
            bias = np.zeros(len(weight), weight.dtype)
        if bias.shape != weight.shape[:1]:
            raise ValueError(f"bias must have shape {weight.shape[:1]} to match weight of shape "
                             f"{weight.shape}, got {bias.shape}")
        self = super().__new__(cls)
        object.__setattr__(self, "weight", _frozen(weight))
        object.__setattr__(self, "bias", _frozen(bias))
        object.__setattr__(self, "activation", _checked_activation(activation))
        return self

    def __setattr__(self, name, value):
        raise AttributeError(f"a Dense layer is immutable, {name} cannot be set")

    def __delattr__(self, name):
        raise AttributeError(f"a Dense layer is immutable, {name} cannot be deleted")

    def __reduce__(self):
        return type(self), (self.weight, self.bias, self.activation)

    def __repr__(self):
        n_out, n_in = self.weight.shape
        return f"Dense({n_in} -> {n_out}, {self._activation_text}, {self.weight.dtype})"

    @property
    def _activation(self):
        """(name, parameter) for the kernel; the parameter is 0.0 where there is none."""
        return self.activation if isinstance(self.activation, tuple) else (self.activation, 0.0)

    @property
    def _activation_text(self):
        name, parameter = self._activation
        return f"{name}({parameter:g})" if name in DEFAULT_PARAMETER else name

    def _astype(self, dtype):
        """This layer in another dtype; itself where it has it."""
        if self.weight.dtype == dtype:
            return self
        with np.errstate(over="ignore", invalid="ignore"):
            return Dense(self.weight.astype(dtype), self.bias.astype(dtype), self.activation)


def _frozen(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def _checked_activation(activation):
    """`activation` as Dense keeps it: a name, or a pair where there is a parameter."""
    pair = isinstance(activation, tuple | list)
    name, *parameters = (activation or [None]) if pair else [activation]
    if not isinstance(name, str) or name not in core.activation_codes:
        raise ValueError(f"activation must be one of {', '.join(core.activation_codes)}, "
                         f"got {name!r}")
    if name not in DEFAULT_PARAMETER:
        if parameters:
            raise ValueError(f"activation {name} takes no parameter, got {activation!r}")
        return name
    parameters = parameters or [DEFAULT_PARAMETER[name]]
    if len(parameters) != 1 or not isinstance(parameters[0], Real):
        raise ValueError(f"activation {name} takes one real parameter, got {activation!r}")
    return name, float(parameters[0])


class Network(core.ForwardPass):
    """A chain of dense layers, ready to be called. Immutable, and safe to call from any thread.

    Parameters
    ----------
    layers : iterable of Dense
        At least one; each takes as many inputs as the one before has outputs.
    dtype : dtype, optional
        float32 (the default) or float64: what weights are rounded to once, here, what inputs
        are converted to, and what results have.

    Attributes
    ----------
    layers : tuple of Dense
        In the network's dtype.
    sizes : tuple of int
        ``(n_in, ..., n_out)``: one more than there are layers.
    dtype : numpy.dtype
    n_parameters : int
        Weights and biases together.

    Methods
    -------
    __call__(x, *, out=None, workers=1)
        The forward pass: ``x`` of shape ``(n_in,)`` or ``(n, n_in)`` gives ``(n_out,)`` or
        ``(n, n_out)``, in `out` if it is given, which may share memory with `x`. Batches are
        split over `workers` threads, at most four a processor. `TypeError` if `x` is not of real
        numbers or is masked, or `out` is not an array of the network's dtype; `ValueError` if
        a shape does not fit, `out` is read-only, or `workers` is below 1.
    trace, classify, save, he
        Below.

    Raises
    ------
    TypeError
        For layers that are not Dense, and any other dtype.
    ValueError
        For no layers, and layers that do not chain.

    Notes
    -----
    ``a_l = act_l(W_l a_{l-1} + b_l)``. Products start from the bias and add k = 0, 1, 2, ... with
    one fused multiply-add a term, so a row has the same bits alone, inside any batch, on any
    number of workers and at every level of kernels with fused multiply-add. The weights are
    packed once, at construction; a call allocates its result and, beyond 16 kB of activations, a
    working set of at most two blocks of rows.

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

    __slots__ = ()

    def __new__(cls, layers, *, dtype=np.float32):
        return super().__new__(cls, layers, dtype)

    @classmethod
    def he(cls, sizes, *, activation="relu", output="sigmoid", distribution="normal",
           dtype=np.float32, rng=None):
        """A network with He initialisation: weights of variance ``2 / n_in``, zero biases.

        Parameters
        ----------
        sizes : sequence of int
            ``(n_in, ..., n_out)``, at least two.
        activation, output : str or (str, float)
            Of the hidden layers and of the last.
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
        draws = {"normal": init.he_normal, "uniform": init.he_uniform}
        if distribution not in draws:
            raise ValueError(f"distribution must be one of {', '.join(draws)}, "
                             f"got {distribution!r}")
        dtype = float_dtype(dtype)
        sizes = tuple(sizes)
        if len(sizes) < 2:
            raise ValueError(f"sizes must hold at least n_in and n_out, got {sizes}")
        rng = np.random.default_rng(rng)
        activations = [activation] * (len(sizes) - 2) + [output]
        return cls([Dense(draws[distribution]((n_out, n_in), dtype=dtype, rng=rng), None, name)
                    for (n_in, n_out), name in zip(itertools.pairwise(sizes), activations,
                                                 strict=True)],
                   dtype=dtype)

    @property
    def sizes(self):
        return (self.layers[0].weight.shape[1], *(len(layer.bias) for layer in self.layers))

    @property
    def n_parameters(self):
        return sum(layer.weight.size + layer.bias.size for layer in self.layers)

    def trace(self, x):
        """Every layer's activation, the last being what the call returns, bit for bit.

        Parameters
        ----------
        x : array_like, shape (n_in,) or (n, n_in)

        Returns
        -------
        tuple of ndarray
            One a layer, of shape ``(n_out,)`` or ``(n, n_out)``.

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

    def classify(self, x):
        """Index of the largest output: the class, where there is one output a class.

        Parameters
        ----------
        x : array_like, shape (n_in,) or (n, n_in)

        Returns
        -------
        int or ndarray of int, shape (n,)
            The first of equal outputs; a NaN counts as the largest, as in :func:`numpy.argmax`.

        Raises
        ------
        TypeError, ValueError
            As the call does.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network
        >>> Network([Dense([[1, 0], [0, 1]])]).classify([[3, 5], [5, 3]])
        array([1, 0])
        """
        largest = np.argmax(self(x), axis=-1)
        return int(largest) if largest.ndim == 0 else largest

    def save(self, path):
        """Write the network to a file that :func:`mathwork.nn.load` reads back to equal bits.

        Parameters
        ----------
        path : str or path-like
            Ends in ``.npz``. An existing file is replaced.

        Raises
        ------
        ValueError
            For any other suffix.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> import os, tempfile
        >>> from mathwork.nn import Network, load
        >>> net = Network.he((4, 8, 2), rng=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "net.npz")
        ...     net.save(path)
        ...     again = load(path)
        >>> bool((again.layers[0].weight == net.layers[0].weight).all())
        True
        """
        formats.save(self, path)

    def __reduce__(self):
        return _rebuild, (type(self), self.layers, self.dtype)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        sizes = "-".join(map(str, self.sizes))
        activations = "-".join(layer._activation_text for layer in self.layers)
        return f"{type(self).__name__}({sizes}, {activations}, {self.dtype})"


def _rebuild(cls, layers, dtype):
    return cls(layers, dtype=dtype)


def checked_layers(layers, dtype):
    """What the kernel may take for granted: (tuple of Dense that chain, in that dtype; dtype)."""
    dtype = float_dtype(dtype)
    try:
        layers = tuple(layers)
    except TypeError:
        raise TypeError(f"layers must be a sequence of Dense, got {type(layers).__name__}"
                        ) from None
    if not layers:
        raise ValueError("layers must hold at least one Dense, got none")
    for layer in layers:
        if not isinstance(layer, Dense):
            raise TypeError(f"layers must be Dense, got {type(layer).__name__}")
    for index, (before, after) in enumerate(itertools.pairwise(layers), 1):
        if after.weight.shape[1] != before.weight.shape[0]:
            raise ValueError(f"layer {index} must take the {before.weight.shape[0]} outputs of "
                             f"layer {index - 1}, got weight of shape {after.weight.shape}")
    return tuple(layer._astype(dtype) for layer in layers), dtype
