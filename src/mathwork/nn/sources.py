"""What readers of scikit-learn and Keras share: their names of activations, and whose code runs."""
from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mathwork._types import Activation, ActivationName
    from mathwork.nn.graph import Value

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


# Beyond this quotient of mean and width, x / width - mean / width keeps less than half of the
# digits of float32. So the mean is subtracted in a layer of its own there.
FAR = 1e4


def check_kind(thing: object, name: str, wanted: str, bases: tuple[str, ...],
               roots: tuple[str, ...]) -> None:
    """Raise unless the class of `thing` extends one of `bases` of the library in `roots`."""
    if not any(kind.__name__ in bases and kind.__module__.startswith(roots)
               for kind in type(thing).__mro__):
        advice = ": give its best_estimator_" if hasattr(thing, "best_estimator_") else ""
        raise TypeError(f"{name} must be {wanted}, got {type(thing).__name__}{advice}")


def library_class(thing: object, method: str, roots: tuple[str, ...]) -> str | None:
    """Return the class of the library in `roots` that decides what `thing` computes, or None.

    It is returned by name. A subclass counts as its base, unless the subclass or the object has a
    `method` of its own.
    """
    kind = _library_base(thing, roots)
    return None if kind is None or overridden(thing, (method, "__call__"), roots) else kind.__name__


def overridden(thing: object, methods: tuple[str, ...], roots: tuple[str, ...]) -> str | None:
    """Return the first of `methods` that `thing` or its class has in place of the library's."""
    base = _library_base(thing, roots)
    for name in methods:
        found, own = (inspect.getattr_static(kind, name, None) for kind in (base, type(thing)))
        if found is not own or name in getattr(thing, "__dict__", ()):
            return name
    return None


def _library_base(thing: object, roots: tuple[str, ...]) -> type | None:
    return next((kind for kind in type(thing).__mro__ if kind.__module__.startswith(roots)), None)


def refusal(where: str, reason: str) -> ValueError:
    return ValueError(f"{where} has no counterpart in mathwork: {reason}")



def standardized(value: Value, centre: NDArray[np.float64], width: NDArray[np.float64], where: str,
                 narrow: bool) -> Value:
    """(x - centre) / width; `narrow` says that it is computed in float32."""
    if narrow and (abs(centre) > FAR * abs(width)).any():
        near = centre.astype(np.float32).astype(np.float64)
        value = value.plus(-near).settled(where)        # exact for x from half to twice of it
        centre = centre - near
    return value.plus(-centre).times(1 / width)
