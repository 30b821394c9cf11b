"""What each class of torch.nn does, as a call of an operation with its attributes."""
from __future__ import annotations

from typing import TYPE_CHECKING

from mathwork.nn.graph import MisfitError
from mathwork.nn.pytorch.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mathwork.nn.graph import Value
    from mathwork.nn.pytorch.machine import Machine

# The class, the operation, and the attributes that are its arguments behind the input.
MODULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "BatchNorm1d": ("batch_norm", ("running_mean", "running_var", "weight", "bias", "training",
                                   "momentum", "eps")),
    "CELU": ("celu", ("alpha",)),
    "ELU": ("elu", ("alpha",)),
    "Flatten": ("flatten", ("start_dim", "end_dim")),
    "GELU": ("gelu", ("approximate",)),
    "Hardsigmoid": ("hardsigmoid", ()),
    "Hardswish": ("hardswish", ()),
    "Hardtanh": ("hardtanh", ("min_val", "max_val")),
    "LayerNorm": ("layer_norm", ("normalized_shape", "weight", "bias", "eps")),
    "LeakyReLU": ("leaky_relu", ("negative_slope",)),
    "Linear": ("linear", ("weight", "bias")),
    "LogSigmoid": ("log_sigmoid", ()),
    "LogSoftmax": ("log_softmax", ("dim",)),
    "Mish": ("mish", ()),
    "NonDynamicallyQuantizableLinear": ("linear", ("weight", "bias")),
    "PReLU": ("prelu", ("weight",)),
    "RMSNorm": ("rms_norm", ("normalized_shape", "weight", "eps")),
    "ReLU": ("relu", ()),
    "ReLU6": ("hardtanh", ("min_val", "max_val")),
    "SELU": ("selu", ()),
    "SiLU": ("silu", ()),
    "Sigmoid": ("sigmoid", ()),
    "Softmax": ("softmax", ("dim",)),
    "Softplus": ("softplus", ("beta", "threshold")),
    "Softsign": ("softsign", ()),
    "Tanh": ("tanh", ()),
}
IDENTITIES = {"AlphaDropout", "Dropout", "Dropout1d", "FeatureAlphaDropout", "Identity"}
# The others of torch.nn only contain modules, and are followed into.
CONTAINERS = {"ModuleDict", "ModuleList", "Sequential"}
KNOWN = ("known of torch.nn are Sequential, "
         f"{', '.join(sorted({*MODULES, *IDENTITIES} - {'NonDynamicallyQuantizableLinear'}))}")


def apply(run: Machine, module: Any, kind: str | None, inputs: Sequence[Value]) -> Value:
    """The result of a module of torch.nn, whose class is `kind`"""
    if len(inputs) != 1:
        raise MisfitError("has no counterpart in mathwork: it is called with "
                          f"{len(inputs)} inputs; {KNOWN}")
    value = inputs[0]
    if kind in IDENTITIES:
        return value
    if kind not in MODULES:
        raise MisfitError(f"has no counterpart in mathwork: {refusal(module, kind)}")
    name, attributes = MODULES[kind]
    return OPERATIONS[name](run, value, *(getattr(module, each) for each in attributes))


def refusal(module: Any, kind: str | None) -> str:
    homes = " ".join(each.__module__ for each in type(module).__mro__)
    if "quantized" in homes or ".qat" in homes:
        return ("it is quantized: give the module as it was before, whose weights are floating "
                "point")
    if kind in ("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"):
        return f"it is recurrent; {KNOWN}"
    return KNOWN
