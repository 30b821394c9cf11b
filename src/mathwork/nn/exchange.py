"""A network's doors to other libraries and to files: what makes networks of theirs, and back."""
from __future__ import annotations

from typing import TYPE_CHECKING

import mathwork.nn.formats as formats
import mathwork.nn.formats.onnx as onnx
from mathwork.nn.cfunction import RowFunction
from mathwork.nn.formats.files import as_path
from mathwork.nn.labels import NO_LABELS, Labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import IO, Any, Literal, Self

    from numpy.typing import DTypeLike
    from onnx import ModelProto

    from mathwork._types import StrPath
    from mathwork.nn.residual import AnyLayer


class ExchangeMembers:
    """The members of a network that read and write what others use."""

    __slots__ = ()

    @classmethod
    def _of(cls, layers: Sequence[AnyLayer], dtype: DTypeLike | None, labels: Labels = NO_LABELS
            ) -> Self:
        """The network of layers from elsewhere; the class of networks has it"""
        raise NotImplementedError

    # ---- from other libraries ----

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

    # ---- into files and other libraries ----

    def save(self: Any, path: StrPath | IO[bytes], *,
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

    def to_onnx(self: Any, *, opset: int = 20) -> ModelProto:
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

    def to_c(self: Any, path: StrPath) -> None:
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

    def as_ctypes(self: Any) -> RowFunction:
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
