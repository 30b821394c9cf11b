"""A chain of dense layers, ready to be called."""
from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, TypeVar

import numpy as np

import mathwork.nn.derivatives.by_inputs as by_inputs
import mathwork.nn.formats as formats
import mathwork.nn.formats.onnx as onnx
import mathwork.nn.parameters as flat
from mathwork._arguments import choice, counts
from mathwork._arrays import float_dtype
from mathwork._levels import core as kernels
from mathwork.init import he_normal, he_uniform
from mathwork.init.streams import generator_of
from mathwork.nn.cfunction import RowFunction
from mathwork.nn.dense import Dense, checked_activation
from mathwork.nn.formats.files import as_path
from mathwork.nn.labels import NO_LABELS, Labels, checked_labels, picked
from mathwork.nn.residual import chained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import IO, Any, Literal, Self

    from numpy.typing import ArrayLike, DTypeLike, NDArray
    from onnx import ModelProto

    from mathwork._types import Activation, FloatArray, FloatDType, Rng, StrPath
    from mathwork.nn.residual import AnyLayer

MOST_LAYERS = 10_000    # of Network.he


_Network = TypeVar("_Network", bound="Network")


@kernels.call_without_tuple
class Network(kernels.ForwardPass):
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

    @classmethod
    def from_sklearn(cls, estimator: Any, *, dtype: DTypeLike | None = None) -> Self:
        """The network in a fitted scikit-learn MLPClassifier or MLPRegressor, or a pipeline of one.

        Those of :mod:`mathwork.sklearn` are taken, too.

        Parameters
        ----------
        estimator : sklearn.neural_network.MLPClassifier, MLPRegressor or sklearn.pipeline.Pipeline
            Fitted. The steps of a pipeline before the estimator may be StandardScaler,
            MinMaxScaler, MaxAbsScaler, RobustScaler, FunctionTransformer without a function, and
            such pipelines. They are multiplied into the first layer in float64, and rounded once.
        dtype : dtype, optional
            float32 or float64; by default that of the fitted weights.

        Returns
        -------
        Network
            Its outputs are those of ``predict_proba``, or of ``predict`` for a regressor, one row a
            sample. They are a softmax for more than two classes, and a sigmoid for each label if
            there are several labels. For two classes there is one output, the probability of
            ``classes_[1]``. The network keeps ``classes_``: ``net.classes_[net.classify(x)]`` is
            what ``predict`` gives.

        Raises
        ------
        TypeError
            For anything else.
        ValueError
            If it is not fitted, has an activation or a step that mathwork does not have, or is of a
            subclass with a ``predict`` of its own. If a scale is too large for `dtype` once it is
            multiplied in.

        Notes
        -----
        In float32, a mean beyond 10^4 widths is subtracted by a layer of its own: multiplied in,
        it would cost the digits of x.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.neural_network import MLPRegressor
        >>> from mathwork.nn import Network
        >>> estimator = MLPRegressor(hidden_layer_sizes=3, solver="lbfgs", random_state=0)
        >>> estimator = estimator.fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
        >>> net = Network.from_sklearn(estimator)
        >>> net
        Network(1-3-1, relu-identity, float64)
        >>> bool(np.allclose(net([1.0]), estimator.predict([[1.0]]), rtol=1e-12))
        True
        """
        import mathwork.nn.estimators as estimators  # here: few programs have scikit-learn

        layers, labels = estimators.sklearn_layers(estimator, dtype)
        return cls._of(layers, dtype, labels)

    @classmethod
    def from_torch(cls, module: Any, *, shape: int | Sequence[int] | None = None,
                   dtype: DTypeLike | None = None) -> Self:
        """The network in a PyTorch module.

        Parameters
        ----------
        module : torch.nn.Module or torch.export.ExportedProgram
            With any ``forward`` that takes one tensor, a row a sample, and gives one. It is traced
            by ``torch.fx``; if its code asks for lengths, by ``torch.export``. What is computed
            must be Linear, BatchNorm1d, LayerNorm, RMSNorm, products with parameters, arithmetic
            with constants, activations, what arranges numbers (view, flatten, cat, chunk, ...),
            residuals, and sums of branches beside Relu: modules, functions or methods. A
            ScriptModule, ``torch.compile``d
            and DataParallel modules are read, too. It computes as in evaluation, so Dropout does
            nothing. Of the policies of Stable-Baselines3 (PPO, A2C, SAC, TD3, DDPG, DQN) the
            network gives the action of ``predict(x, deterministic=True)``; the logits or values of
            discrete ones, for :meth:`classify`.
        shape : int or tuple of int, optional
            The number of columns of a row, or the shape of a sample, of which the network takes the
            numbers in a row. By default it is what the weights tell.
        dtype : dtype, optional
            float32 or float64; by default that of the parameters, float16 and bfloat16 widened
            to float32.

        Returns
        -------
        Network

        Raises
        ------
        TypeError
            For an object that is not a module.
        ValueError
            For any other computation; the error names the module or the call. Also for a module
            with hooks, for choices that depend on the numbers in the input, for several inputs or
            outputs, and for a scale that is too large for `dtype` once it is multiplied in.

        Notes
        -----
        Constant factors and shifts, and BatchNorm1d, are multiplied into the layers beside them in
        float64, and rounded once. An activation without a Linear before it becomes a layer with
        the identity matrix, which is exact for finite numbers. Above its threshold of 20,
        PyTorch's Softplus returns x: 2e-9 less than here.

        Examples
        --------
        >>> from torch import nn
        >>> from mathwork.nn import Network
        >>> Network.from_torch(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)))
        Network(4-8-2, relu-identity, float32)
        """
        import mathwork.nn.pytorch.models as torch_models  # here: few programs have PyTorch

        return cls._of(torch_models.layers(module, shape, dtype), dtype)

    @classmethod
    def from_keras(cls, model: Any, *, dtype: DTypeLike | None = None) -> Self:
        """The network in a Keras model.

        Parameters
        ----------
        model : keras.Model
            Built, with one input and one output. Sequential, or Functional: Dense, Activation,
            ReLU, LeakyReLU, PReLU, ELU, Softmax, BatchNormalization, LayerNormalization,
            Normalization, Rescaling, Add, Subtract, Concatenate, arithmetic with constants,
            Flatten, Identity, Dropout and noise.
            Inputs of more than one axis a sample go through Flatten first; the network takes them
            flat.
        dtype : dtype, optional
            float32 or float64; by default that of the weights, float16 and bfloat16 widened to
            float32.

        Returns
        -------
        Network

        Raises
        ------
        TypeError
            For an object that is not a Keras model.
        ValueError
            For any other layer, which the error names; for Dropout and the like that are called
            with ``training=True``; for branches beside other activations than Relu.

        Examples
        --------
        >>> import keras
        >>> from mathwork.nn import Network
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
        >>> Network.from_keras(model)
        Network(4-2, softmax, float32)
        """
        import mathwork.nn.keras_models as keras_models  # here: few programs have Keras

        return cls._of(keras_models.keras_layers(model, dtype), dtype)

    @classmethod
    def from_onnx(cls, source: StrPath | ModelProto, *,
                  inputs: str | Iterable[str] | None = None,
                  outputs: str | Iterable[str] | None = None,
                  dtype: DTypeLike | None = None) -> Self:
        """The network in an ONNX model.

        Parameters
        ----------
        source : str, path-like or onnx.ModelProto
            A graph that layers can hold: Gemm, MatMul and activations; affine steps, which are
            folded into the weights; nodes that move numbers; LayerNormalization and sums
            ``x + f(x)``; branches beside Relu. docs/networks.md lists all. Needs the ``onnx``
            package.
        inputs, outputs : str or sequence of str, optional
            The part of the graph to read, by names of its inputs and outputs, or of values inside
            it. Several are columns one behind the other. Without them, the graph's one output, and
            the inputs that it needs: outputs that are no real numbers, or an input passed through,
            do not count.
        dtype : dtype, optional
            float32 or float64; by default that of the weights, float16 and bfloat16 widened to
            float32.

        Returns
        -------
        Network
            It takes and gives one row a sample. If the model has one column a sample
            (``transA=1``, ``W @ x``), the network computes the model's result for ``x.T``. If it
            takes a tensor of fixed shape as one sample, the network takes it flat, in C order.

        Raises
        ------
        TypeError
            For an object that is neither a path nor a model.
        ValueError
            For any other graph; the error names the node that does not fit. For several outputs, or
            inputs that reach the output, without a choice; the error lists them. For a scale that
            is too large for the dtype. For a file that is not
            an ONNX model or declares other sizes than it holds, and for data outside its folder.
        ImportError
            If ``onnx`` is missing.
        OSError
            If the file cannot be read.

        Notes
        -----
        Scales and shifts are multiplied in float64, and rounded to the network's dtype once. Inputs
        whose mean is many deviations from zero keep more digits with ``dtype="float64"``.

        Examples
        --------
        >>> from mathwork.nn import Network
        >>> net = Network.he((4, 8, 2), rng=0)
        >>> model = net.to_onnx()
        >>> Network.from_onnx(model)
        Network(4-8-2, relu-sigmoid, float32)
        >>> Network.from_onnx(model, outputs="layer_1.output")      # before the sigmoid
        Network(4-8-2, relu-identity, float32)
        """
        layers, labels = onnx.layers(source, inputs=inputs, outputs=outputs, dtype=dtype)
        return cls._of(layers, dtype, labels)

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

    def jacobian(self, x: ArrayLike) -> FloatArray:
        """The derivatives of all outputs by all inputs.

        Parameters
        ----------
        x : array_like, shape (..., n_in)

        Returns
        -------
        ndarray, shape (..., n_out, n_in)
            In the network's dtype, as all of its arithmetic.

        Raises
        ------
        TypeError, ValueError
            As the call does.

        See Also
        --------
        jvp, vjp : Products with it, without the matrix.
        as_ctypes : The same for compiled loops.

        Notes
        -----
        A kernel takes a row and its changes by each input through the layers together; or, if the
        network has fewer outputs than inputs, each output back to the inputs. A row has the same
        bits alone and in a batch. Derivatives at kinks are those of PyTorch: 0 for relu at 0.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network
        >>> net = Network([Dense([[1, 1], [1, -1]], None, "relu"), Dense([[3, 5]])])
        >>> net.jacobian([3.0, 5.0])                # relu(3 - 5) has the slope 0
        array([[3., 3.]], dtype=float32)
        """
        return by_inputs.jacobian(self, x)

    def hessian(self, x: ArrayLike) -> FloatArray:
        """The second derivatives of all outputs by all pairs of inputs.

        Parameters
        ----------
        x : array_like, shape (..., n_in)

        Returns
        -------
        ndarray, shape (..., n_out, n_in, n_in)
            In the network's dtype; the matrices are symmetric, bit by bit.

        Raises
        ------
        TypeError, ValueError
            As the call does.

        Notes
        -----
        ``sum over steps of J' (u f'') J``: for each step with a second derivative, its inputs' J by
        the network's inputs, and its outputs' influence u on the network's outputs. Computed in
        float64 and rounded once. A network of straight pieces (relu) has second derivatives 0.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network
        >>> net = Network([Dense([[1, 2]], None, "exp")], dtype=float)
        >>> net.hessian([0.0, 0.0])
        array([[[1., 2.],
                [2., 4.]]])
        """
        return by_inputs.hessian(self, x)

    def jvp(self, x: ArrayLike, v: ArrayLike) -> FloatArray:
        """The Jacobian times a vector: what a small change `v` of `x` does to the outputs.

        Parameters
        ----------
        x, v : array_like, both of shape (..., n_in)

        Returns
        -------
        ndarray, shape (..., n_out)
            In the network's dtype, as all of its arithmetic.

        Raises
        ------
        TypeError, ValueError
            As the call does, and `ValueError` if `v` has another shape than `x`.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network
        >>> net = Network([Dense([[1, 1], [1, -1]], None, "relu"), Dense([[3, 5]])])
        >>> net.jvp([3.0, 5.0], [1.0, 2.0])
        array([9.], dtype=float32)
        """
        return kernels.jvp_forward(self, x, v)

    def vjp(self, x: ArrayLike, cotangent: ArrayLike) -> FloatArray:
        """A vector times the Jacobian: the derivatives by the inputs of a sum of outputs.

        Parameters
        ----------
        x : array_like, shape (..., n_in)
        cotangent : array_like, shape (..., n_out)
            The factors of the outputs.

        Returns
        -------
        ndarray, shape (..., n_in)
            In the network's dtype, as all of its arithmetic.

        Raises
        ------
        TypeError, ValueError
            As the call does, and `ValueError` for a `cotangent` of another shape.

        Examples
        --------
        >>> from mathwork.nn import Dense, Network
        >>> net = Network([Dense([[1, 1], [1, -1]], None, "relu"), Dense([[3, 5]])])
        >>> net.vjp([3.0, 5.0], [2.0])
        array([6., 6.], dtype=float32)
        """
        return kernels.vjp_backward(self, x, cotangent)

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

    def save(self, path: StrPath | IO[bytes], *,
             format: Literal["npz", "onnx", "safetensors"] | None = None) -> None:
        """Write the network to a file that :func:`mathwork.nn.load` reads back to equal bits.

        Parameters
        ----------
        path : str, path-like or binary file
            Ends in ``.npz``, ``.safetensors`` or ``.onnx``, also in capitals; this names the
            format. The last two need the package of that name. An existing file is replaced once
            the new one is complete, so a failure leaves it unchanged. An open file is written from
            where it stands.
        format : {"npz", "onnx", "safetensors"}, optional
            In place of the suffix. A file without a name needs it.

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
        A ``.safetensors`` file has the names of the ``state_dict`` of
        ``nn.Sequential(nn.Linear, activation, nn.Linear, activation, ...)``.

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
        formats.save(self, path, format)

    def to_onnx(self, *, opset: int = 20) -> ModelProto:
        """The network as an ONNX model that computes the same, for other runtimes.

        Parameters
        ----------
        opset : int, optional
            Of the standard operators: 13 or newer. Activations and norms that a version has not are
            written out in older operators.

        Returns
        -------
        onnx.ModelProto
            From ``x`` of shape ``(n, n_in)`` to ``y`` of shape ``(n, n_out)``, in the
            network's dtype. It is checked; :meth:`from_onnx` reads it back to equal bits.

        Raises
        ------
        TypeError
            For an `opset` that is no integer.
        ValueError
            For an `opset` before 13, or newer than the ``onnx`` package.
        ImportError
            If ``onnx`` is missing.

        Notes
        -----
        ONNX Runtime has no float64 kernels for most of the activations, and ONNX has no LogSigmoid
        and no beta of Softplus. The model carries these as functions of operators that ONNX Runtime
        has, so it runs unchanged.

        Examples
        --------
        >>> from mathwork.nn import Network
        >>> model = Network.he((4, 8, 2), rng=0).to_onnx()
        >>> [node.op_type for node in model.graph.node]
        ['Gemm', 'Relu', 'Gemm', 'Sigmoid']
        """
        return onnx.model(self, opset)

    def to_c(self, path: StrPath) -> None:
        """Write the network as a C99 file and its header, for programs without Python.

        Parameters
        ----------
        path : str or path-like
            ``folder/name`` or ``folder/name.c``: the files are ``name.c`` and ``name.h``. Existing
            ones are replaced, each once it is complete.

        Raises
        ------
        ValueError
            For a name with quotes or backslashes.
        OSError
            If a file cannot be written.

        Notes
        -----
        The header declares ``void name(const real *x, real *y)`` for one row, with ``float`` or
        ``double`` for real, and the same with working memory of the caller's. What is no letter,
        digit or underscore in `name` becomes an underscore, and ``net_`` stands before a name that
        C does not allow. The functions call no library but that of C (``-lm``), allocate nothing,
        keep no state and may be called from any number of threads.

        Weights are constants with exactly their bits. The formulas of the activations and the order
        of sums are those of the kernels. With fused multiply-add (``-mfma`` on x86-64, always on
        arm64) the results have the bits of :class:`Network` at a level with fused multiply-add; see
        docs/bits.md. Without it, they have the bits of the level ``baseline``. ``log_softmax``
        calls ``log1p`` of the C library. Options such as ``-ffast-math`` change results.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> from mathwork.nn import Network
        >>> net = Network.he((4, 8, 2), rng=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     net.to_c(pathlib.Path(folder, "policy.c"))
        ...     header = pathlib.Path(folder, "policy.h").read_text()
        >>> [line for line in header.splitlines() if line.startswith("void")][0]
        'void policy(const float *x, float *y);'
        """
        import mathwork.nn.formats.c as c  # here, because most programs do not need it

        c.save(self, as_path(path))

    def as_ctypes(self) -> RowFunction:
        """The forward pass of one row as a C function, for compiled loops.

        Returns
        -------
        mathwork.nn.RowFunction
            For ctypes, numba, :class:`scipy.LowLevelCallable` and C. Its documentation says how.

        Examples
        --------
        >>> import numpy as np
        >>> from ctypes import c_float
        >>> from mathwork.nn import Network
        >>> net = Network.he((4, 8, 2), rng=0)
        >>> x, y = (c_float * 4)(1, 2, 3, 4), (c_float * 2)()
        >>> function = net.as_ctypes()
        >>> function.row(x, y, function.network)
        0
        >>> bool((np.array(y) == net([1, 2, 3, 4])).all())
        True
        """
        return RowFunction(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.layers, self.dtype, self._labels)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

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
