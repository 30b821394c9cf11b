"""Layers of networks trained with scikit-learn, PyTorch and Keras.

Attributes of the objects are read by name; none of the three libraries is imported.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._parameters import clip_name
from mathwork._arrays import as_array
from mathwork.nn.chain import Chain
from mathwork.nn.dense import Dense

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from numpy.typing import NDArray

    from mathwork._types import Activation, ActivationName

SKLEARN_ACTIVATIONS: dict[str, ActivationName] = {
    "exp": "exp", "identity": "identity", "logistic": "sigmoid", "relu": "relu",
    "softmax": "softmax", "tanh": "tanh"}       # exp: of regressors with Poisson loss
KERAS_ACTIVATIONS: dict[str, Activation] = {
    "celu": "celu", "elu": "elu", "exponential": "exp", "gelu": "gelu",
    "hard_sigmoid": "hardsigmoid", "hard_silu": "hardswish", "hard_tanh": "hardtanh",
    "leaky_relu": ("leaky_relu", 0.2), "linear": "identity", "log_sigmoid": "log_sigmoid",
    "log_softmax": "log_softmax", "mish": "mish", "relu": "relu", "relu6": "relu6",
    "selu": "selu", "sigmoid": "sigmoid", "silu": "silu", "softmax": "softmax",
    "softplus": "softplus", "softsign": "softsign", "swish": "silu", "tanh": "tanh"}

# The modules that define the classes of the three libraries.
SKLEARN = ("sklearn.",)
TORCH = ("torch.nn.modules.",)
KERAS = ("keras.", "tf_keras.")


def sklearn_layers(estimator: Any) -> list[Dense]:
    """Return the layers of a fitted MLPClassifier or MLPRegressor."""
    _check_kind(estimator, "estimator", "an MLPClassifier or MLPRegressor",
                "BaseMultilayerPerceptron", SKLEARN)
    where = type(estimator).__name__
    if not hasattr(estimator, "coefs_"):
        raise ValueError(f"{where} is not fitted yet: call its fit first")
    names = [estimator.activation] * (len(estimator.coefs_) - 1) + [estimator.out_activation_]
    for name in names:
        if name not in SKLEARN_ACTIVATIONS:
            raise _refusal(where, f"it has the activation {name!r}; known are "
                                  f"{', '.join(SKLEARN_ACTIVATIONS)}")
    return [Dense(weight.T, bias, SKLEARN_ACTIVATIONS[name])
            for weight, bias, name in zip(estimator.coefs_, estimator.intercepts_, names,
                                          strict=True)]


def torch_layers(module: Any) -> list[Dense]:
    """Return the layers of a torch.nn.Sequential, or of one torch.nn.Linear."""
    _check_kind(module, "module", "a torch.nn.Module", "Module", TORCH)
    chain = Chain()
    _append_torch(chain, module, (), ())
    return chain.layers()


def keras_layers(model: Any) -> list[Dense]:
    """Return the layers of a Keras Sequential or Functional model."""
    _check_kind(model, "model", "a keras.Model", "Model", KERAS)
    leaves = list(_keras_leaves(model, ()))
    chain = Chain()
    axes = len(model.inputs[0].shape)       # two axes: a row for each sample
    for layer, kind in leaves:
        axes = _append_keras(chain, layer, kind, axes)
    return chain.layers()


def _check_kind(thing: object, name: str, wanted: str, base: str, roots: tuple[str, ...]) -> None:
    """Raise unless the class of `thing` extends the class `base` of the library in `roots`."""
    if not any(kind.__name__ == base and kind.__module__.startswith(roots)
               for kind in type(thing).__mro__):
        raise TypeError(f"{name} must be {wanted}, got {type(thing).__name__}")


def _library_class(thing: object, method: str, roots: tuple[str, ...]) -> str | None:
    """Return the class of the library in `roots` that decides what `thing` computes, or None.

    It is returned by name. A subclass counts as its base, unless the subclass or the object has a
    `method` of its own.
    """
    for kind in type(thing).__mro__:
        if kind.__module__.startswith(roots):
            same = all(getattr(type(thing), name, None) is getattr(kind, name, None)
                       for name in (method, "__call__"))
            return kind.__name__ if same and method not in vars(thing) else None
    return None


def _refusal(where: str, reason: str) -> ValueError:
    return ValueError(f"{where} has no counterpart in mathwork: {reason}")


# ---- PyTorch ----

def _torch_softmax(module: Any) -> bool:
    return module.dim in (None, 1, -1)      # None: for a batch, PyTorch takes 1 as well


# The activation for each module, and the condition under which it is the same.
TORCH_ACTIVATIONS: dict[str, tuple[Callable[[Any], Activation],
                                   Callable[[Any], bool] | None]] = {
    "CELU": (lambda module: ("celu", module.alpha), None),
    "ELU": (lambda module: ("elu", module.alpha), None),
    "GELU": (lambda module: "gelu_tanh" if module.approximate == "tanh" else "gelu",
             lambda module: module.approximate in ("none", "tanh")),
    "Hardsigmoid": (lambda module: "hardsigmoid", None),
    "Hardswish": (lambda module: "hardswish", None),
    "Hardtanh": (lambda module: clip_name(module.min_val, module.max_val), None),
    "LeakyReLU": (lambda module: ("leaky_relu", module.negative_slope), None),
    "LogSigmoid": (lambda module: "log_sigmoid", None),
    "LogSoftmax": (lambda module: "log_softmax", _torch_softmax),
    "Mish": (lambda module: "mish", None),
    "PReLU": (lambda module: ("prelu", _torch_array(module.weight, "PReLU")), None),
    "ReLU": (lambda module: "relu", None),
    "ReLU6": (lambda module: "relu6", None),
    "SELU": (lambda module: "selu", None),
    "SiLU": (lambda module: "silu", None),
    "Sigmoid": (lambda module: "sigmoid", None),
    "Softmax": (lambda module: "softmax", _torch_softmax),
    # Where beta x is above its threshold PyTorch returns x. From 20 on the error is less than
    # 2.1e-9 / beta.
    "Softplus": (lambda module: ("softplus", module.beta),
                 lambda module: module.beta > 0 and module.threshold >= 20),
    "Softsign": (lambda module: "softsign", None),
    "Tanh": (lambda module: "tanh", None),
}
TORCH_IDENTITIES = {"AlphaDropout", "Dropout", "Dropout1d", "FeatureAlphaDropout", "Identity"}


def _append_torch(chain: Chain, module: Any, path: tuple[str, ...], within: tuple[Any, ...]
                  ) -> None:
    where = f"{type(module).__name__} {'.'.join(path)!r}" if path else type(module).__name__
    kind = _library_class(module, "forward", TORCH)
    if kind == "LazyLinear":
        raise ValueError(f"{where} has no weights yet: call the module first")
    if getattr(module, "_forward_hooks", None) or getattr(module, "_forward_pre_hooks", None):
        raise _refusal(where, "it has forward hooks, which are not kept")
    if kind == "Sequential":
        if any(module is outer for outer in within):
            raise ValueError(f"{where} contains itself")
        for name, child in module._modules.items():     # a module used twice is in it twice
            _append_torch(chain, child, (*path, name), (*within, module))
    elif kind == "Linear":
        chain.linear(_torch_array(module.weight, where),
                     None if module.bias is None else _torch_array(module.bias, where))
    elif kind == "Flatten":
        if module.start_dim != 1 or module.end_dim not in (-1, 1):
            raise _refusal(where, f"it has {module.extra_repr()}, not one row a sample")
    elif kind in TORCH_ACTIVATIONS:
        activation, condition = TORCH_ACTIVATIONS[kind]
        if condition is not None and not condition(module):
            raise _refusal(where, f"it has {module.extra_repr()}")
        chain.activate(activation(module))
    elif kind not in TORCH_IDENTITIES:
        raise _refusal(where, "known are Sequential, Linear, Flatten, Dropout, Identity, "
                              f"{', '.join(TORCH_ACTIVATIONS)} of torch.nn, without a forward "
                              "of their own")


def _torch_array(tensor: Any, where: str) -> NDArray[Any]:
    """Return the numbers of a tensor; float16 and bfloat16 are widened to float32"""
    if not tensor.dtype.is_floating_point:
        raise _refusal(where, f"it has parameters of dtype {tensor.dtype}")
    if tensor.is_meta:
        raise ValueError(f"{where} is on the meta device, without numbers")
    try:
        tensor = tensor.detach().cpu()
        return (tensor.float() if tensor.dtype.itemsize == 2 else tensor).numpy()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise ValueError(f"{where} has a parameter that cannot be read: {error}") from None


def array_of(value: Any, where: str) -> NDArray[Any]:
    """Return the numbers of a tensor of PyTorch or of an array"""
    return _torch_array(value, where) if hasattr(value, "detach") else as_array(value, where)


# ---- Keras ----

KERAS_IDENTITIES = {"ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout",
                    "GaussianNoise", "Identity", "InputLayer"}
KERAS_LAYERS = {"Activation", "Dense", "ELU", "Flatten", "LeakyReLU", "PReLU", "ReLU", "Softmax"}


def _keras_leaves(layer: Any, within: tuple[Any, ...]) -> Iterator[tuple[Any, str]]:
    """Yield (layer, its class) of all layers that are not models, in the order of their calls"""
    where = _keras_name(layer)
    kind = _library_class(layer, "call", KERAS)
    if kind in KERAS_LAYERS | KERAS_IDENTITIES:
        yield layer, kind
        return
    if kind not in ("Sequential", "Functional"):
        raise _refusal(where, "known are Sequential and Functional models of Dense, Activation, "
                              "ReLU, LeakyReLU, PReLU, ELU, Softmax, Flatten, Dropout, noise, "
                              "Identity, without a call of their own")
    if any(layer is outer for outer in within):
        raise ValueError(f"{where} contains itself")
    if not getattr(layer, "inputs", None):
        raise ValueError(f"{where} is not built yet: call it first")
    for child in layer.layers if kind == "Sequential" else _keras_chain(layer, where):
        yield from _keras_leaves(child, (*within, layer))


def _keras_chain(model: Any, where: str) -> list[Any]:
    """Return the layers of a Functional model: one at each depth of its graph, so it is a chain"""
    depths = model._nodes_by_depth
    if len(model.inputs) != 1 or len(model.outputs) != 1 or any(
            len(nodes) != 1 for nodes in depths.values()):
        raise _refusal(where, "its layers are not one chain")
    calls = [depths[depth][0] for depth in sorted(depths, reverse=True)]
    return [getattr(call, "operation", None) or call.layer for call in calls]


def _append_keras(chain: Chain, layer: Any, kind: str, axes: int) -> int:
    """Append a layer; return the number of axes of its output, for an input with `axes`."""
    where = _keras_name(layer)
    if kind in KERAS_IDENTITIES:
        return axes
    if kind == "Flatten":
        if axes > 2 and layer.data_format == "channels_first":
            raise _refusal(where, "it has data_format channels_first, which moves columns")
        return 2
    if axes != 2:
        raise _refusal(where, f"its input has {axes} axes, not one row a sample")
    if kind == "Dense":
        if len(layer.weights) != 1 + bool(layer.use_bias):
            raise _refusal(where, f"it has {len(layer.weights)} arrays, not a kernel and a bias")
        chain.linear(_keras_array(layer.kernel).T,
                     _keras_array(layer.bias) if layer.use_bias else None)
        chain.activate(_keras_activation(layer.activation, where))
    elif kind == "Activation":
        chain.activate(_keras_activation(layer.activation, where))
    elif kind == "ReLU":
        slope = float(layer.negative_slope)
        if layer.threshold or (layer.max_value is not None and slope):
            raise _refusal(where, f"it has max_value {layer.max_value}, threshold "
                                  f"{layer.threshold} and negative_slope {slope:g}")
        if layer.max_value is not None:
            chain.activate(clip_name(0.0, float(layer.max_value)))
        else:
            chain.activate(("leaky_relu", slope) if slope else "relu")
    elif kind == "LeakyReLU":
        slope = layer.negative_slope if hasattr(layer, "negative_slope") else layer.alpha
        chain.activate(("leaky_relu", float(slope)))        # Keras 2 calls it alpha
    elif kind == "PReLU":
        chain.activate(("prelu", _keras_array(layer.alpha)))
    elif kind == "ELU":
        chain.activate(("elu", float(layer.alpha)))
    elif kind == "Softmax":
        if np.ravel(layer.axis).tolist() not in ([-1], [1]):
            raise _refusal(where, f"it has axis {layer.axis}")
        chain.activate("softmax")
    return axes


def _keras_name(layer: Any) -> str:
    return f"{type(layer).__name__} {getattr(layer, 'name', '')!r}"


def _keras_activation(function: Any, where: str) -> Activation:
    """Return our name of a function of keras.activations; others may only share its name"""
    name, module = (getattr(function, key, "") for key in ("__name__", "__module__"))
    if not (module.startswith(KERAS) and ".activations" in module and name in KERAS_ACTIVATIONS):
        raise _refusal(where, f"it has the activation {name or type(function).__name__}; known "
                              f"of keras.activations are {', '.join(KERAS_ACTIVATIONS)}")
    if name == "hard_sigmoid" and not module.endswith(".activations.activations"):
        raise _refusal(where, "it has the hard_sigmoid of Keras 2, which is not that of Keras 3")
    return KERAS_ACTIVATIONS[name]


def _keras_array(weight: Any) -> NDArray[Any]:
    """Return the numbers of a weight; bfloat16, unknown to NumPy, becomes float32"""
    array = weight.numpy()
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array
