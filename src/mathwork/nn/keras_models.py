"""Networks out of Keras: the layers of a model, called in turn on values of a graph.

Attributes are read by name; Keras is not imported.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import mathwork.nn.graph as graph
from mathwork._arrays import float_dtype
from mathwork.nn.graph import Axis, MisfitError, Reading, Value
from mathwork.nn.sources import (
    KERAS_ACTIVATIONS,
    check_kind,
    library_class,
    refusal,
    standardized,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import DTypeLike, NDArray

    from mathwork._types import Activation
    from mathwork.nn.residual import AnyLayer

KERAS = ("keras.", "tf_keras.")
NOISE = {"AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise"}
IDENTITIES = {"ActivityRegularization", "Identity", "InputLayer", *NOISE}
MODELS = {"Functional", "Sequential"}
KNOWN = ("known are Sequential and Functional models of Dense, Activation, ReLU, LeakyReLU, PReLU, "
         "ELU, Softmax, BatchNormalization, LayerNormalization, Normalization, Rescaling, Add, "
         "Subtract, Concatenate, Flatten, Dropout, noise, Identity, without a call of their own")


def keras_layers(model: Any, dtype: DTypeLike | None) -> list[AnyLayer]:
    """Return the layers of a Keras Sequential or Functional model."""
    check_kind(model, "model", "a keras.Model", ("Model",), KERAS)
    with np.errstate(all="ignore"):         # weights may be infinite or NaN
        return _Run(model, dtype).layers()


class _Run:
    """One reading of a model

    where   the layer that is called, for messages
    linear  whether a Dense was called
    narrow  whether the network computes in float32
    """

    def __init__(self, model: Any, dtype: DTypeLike | None) -> None:
        self._dtype = dtype
        self.where = _name(model)
        _check_model(model, (), self.where)
        self._model = model
        self._within: list[Any] = []
        self.linear = False
        try:
            weights = model.weights
        except RecursionError:
            raise ValueError(f"{self.where} contains itself") from None
        self.reading = Reading(sum(int(np.prod(weight.shape)) for weight in weights))
        double = any("float64" in str(weight.dtype) for weight in weights)
        self.narrow = not double if dtype is None else float_dtype(dtype) == np.float32

    def layers(self) -> list[AnyLayer]:
        shape = self._model.inputs[0].shape[1:]
        if not all(isinstance(length, int) for length in shape):
            raise refusal(self.where, f"its input has the shape {tuple(shape)} a sample, with a "
                                      "length that is not known")
        value = self.reading.input((Axis(), *shape), "the input")
        try:
            result = self._call(self._model, [value], {})
            self.where = ""
            if not self.linear:
                raise MisfitError("the network has no linear layer")
            return self.reading.layers([value], [result], self._dtype)
        except MisfitError as misfit:
            raise ValueError(f"{self.where} {misfit}".strip()) from None

    def _call(self, layer: Any, values: list[Any], options: dict[str, Any]) -> Value:
        self.where = where = _name(layer)
        kind = library_class(layer, "call", KERAS)
        if options.get("training") is True and (kind in NOISE or kind in MODELS
                                                or kind == "BatchNormalization"):
            raise refusal(where, "it is called with training=True: it works as in training also in "
                                 "evaluation")
        if kind in MODELS:
            _check_model(layer, self._within, where)
            self._within.append(layer)
            result = (self._sequence(layer, values) if kind == "Sequential"
                      else self._functional(layer, values))
            self._within.pop()
            return result
        if kind not in LAYERS and kind not in IDENTITIES:
            raise refusal(where, KNOWN)
        if kind in IDENTITIES:
            return values[0]
        if kind not in MERGES and not isinstance(values[0], Value):
            raise refusal(where, KNOWN)
        return LAYERS[kind](self, layer, *values)

    def _sequence(self, model: Any, values: list[Any]) -> Value:
        value = values[0]
        for layer in model.layers:
            value = self._call(layer, [value], {})
        return value

    def _functional(self, model: Any, values: list[Any]) -> Value:
        """Carry out the calls of a graph, the deepest first"""
        known: dict[int, Value] = {id(model.inputs[0]): values[0]}
        depths = model._nodes_by_depth
        for depth in sorted(depths, reverse=True):
            for node in depths[depth]:
                outputs = _flat(node.outputs)
                if all(id(each) in known for each in outputs):
                    continue                # the input
                given = getattr(node, "arguments", None)
                args = node.call_args if given is None else given.args
                options = dict(node.call_kwargs if given is None else given.kwargs)
                layer = getattr(node, "operation", None) or node.layer
                found = [known.get(id(each), each) for each in _flat(args)]
                found += [known[id(options.pop(name))] for name in list(options)
                          if id(options[name]) in known]
                result = self._call(layer, found, options)
                known.update({id(each): result for each in outputs})
        return known[id(_flat(model.outputs)[0])]


def _check_model(model: Any, within: Any, where: str) -> None:
    """Refuse what is no model of one chain of layers in Keras' own way"""
    kind = library_class(model, "call", KERAS)
    if kind not in MODELS:
        raise refusal(where, KNOWN)
    if any(model is outer for outer in within):
        raise ValueError(f"{where} contains itself")
    if not getattr(model, "inputs", None):
        raise ValueError(f"{where} is not built yet: call it first")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise refusal(where, f"it has {len(model.inputs)} inputs and {len(model.outputs)} outputs, "
                             "a network one of each: keras.Model(input, output) is a part of it")


def _flat(things: Any) -> list[Any]:
    if isinstance(things, list | tuple):
        return [each for thing in things for each in _flat(thing)]
    return [*things.values()] if isinstance(things, dict) else [things]


# ---- layers: (run, layer, value) ----

def _dense(run: _Run, layer: Any, value: Value) -> Value:
    if value.rank != 2:
        raise refusal(run.where, f"its input has {value.rank} axes, not one row a sample")
    if len(layer.weights) != 1 + bool(layer.use_bias):
        raise refusal(run.where, f"it has {len(layer.weights)} arrays, not a kernel and a bias")
    run.linear = True
    result = run.reading.linear(value, _array(layer.kernel).T, run.where)
    if layer.use_bias:
        result = result.plus(_array(layer.bias))
    return _activated(run, result, _activation(layer.activation, run.where))


def _activated(run: _Run, value: Value, activation: Activation) -> Value:
    if activation == "identity":
        return value
    if activation in ("softmax", "log_softmax"):
        return value.over_a_sample(str(activation), -1, run.where)
    return value.activated(activation, run.where)


def _activation_layer(run: _Run, layer: Any, value: Value) -> Value:
    return _activated(run, value, _activation(layer.activation, run.where))


def _relu(run: _Run, layer: Any, value: Value) -> Value:
    slope = float(layer.negative_slope)
    if layer.threshold or (layer.max_value is not None and slope):
        raise refusal(run.where, f"it has max_value {layer.max_value}, threshold "
                                 f"{layer.threshold} and negative_slope {slope:g}")
    if layer.max_value is not None:
        return graph.clip(value, 0.0, float(layer.max_value), run.where)
    return value.activated(("leaky_relu", slope) if slope else "relu", run.where)


def _leaky_relu(run: _Run, layer: Any, value: Value) -> Value:
    slope = layer.negative_slope if hasattr(layer, "negative_slope") else layer.alpha
    return value.activated(("leaky_relu", float(slope)), run.where)     # Keras 2 says alpha


def _prelu(run: _Run, layer: Any, value: Value) -> Value:
    slopes = np.broadcast_to(_array(layer.alpha), value.shape).ravel()
    return value.activated(("prelu", tuple(slopes.tolist())), run.where)


def _elu(run: _Run, layer: Any, value: Value) -> Value:
    return value.activated(("elu", float(layer.alpha)), run.where)


def _softmax(run: _Run, layer: Any, value: Value) -> Value:
    if np.ravel(layer.axis).tolist() not in ([-1], [value.rank - 1]):
        raise refusal(run.where, f"it has axis {layer.axis}")
    return value.over_a_sample("softmax", -1, run.where)


def _flatten(run: _Run, layer: Any, value: Value) -> Value:
    if value.rank > 2 and layer.data_format == "channels_first":
        raise refusal(run.where, "it has data_format channels_first, which moves columns")
    return value.reshaped([value.lengths[0], value.size])


def _batch_normalization(run: _Run, layer: Any, value: Value) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta"""
    _check_last_axis(run, layer.axis, value)
    scale = 1 / np.sqrt(_array(layer.moving_variance).astype(np.float64) + layer.epsilon)
    if layer.scale:
        scale = scale * _array(layer.gamma)
    shift = -_array(layer.moving_mean).astype(np.float64) * scale
    if layer.center:
        shift = shift + _array(layer.beta)
    return value.times(scale).plus(shift)


def _layer_normalization(run: _Run, layer: Any, value: Value) -> Value:
    if value.rank != 2 or np.ravel(layer.axis).tolist() not in ([-1], [1]):
        raise refusal(run.where, f"it has axis {layer.axis}, not that of one row a sample")
    if getattr(layer, "rms_scaling", False):
        raise refusal(run.where, "it has rms_scaling")
    weight = _array(layer.gamma) if layer.scale else None
    bias = _array(layer.beta) if layer.center else None
    return value.normalized("layer_norm", float(layer.epsilon), run.where, weight, bias)


def _check_last_axis(run: _Run, axis: Any, value: Value) -> None:
    if np.ravel(axis).tolist() not in ([-1], [value.rank - 1]):
        raise refusal(run.where, f"it has axis {axis}, which is not the last one")


EPSILON = 1e-7                  # keras.backend.epsilon()


def _normalization(run: _Run, layer: Any, value: Value) -> Value:
    """(x - mean) / max(sqrt(variance), epsilon), or back"""
    if layer.axis:
        _check_last_axis(run, layer.axis, value)
    if getattr(layer, "mean", None) is None:
        raise ValueError(f"{run.where} has no mean and variance yet: call its adapt first")
    centre, variance = (np.squeeze(_array(each)).astype(np.float64)
                        for each in (layer.mean, layer.variance))
    width = np.maximum(np.sqrt(variance), EPSILON)
    if getattr(layer, "invert", False):
        return value.times(width).plus(centre)
    return standardized(value, centre, width, run.where, run.narrow)


def _rescaling(run: _Run, layer: Any, value: Value) -> Value:
    """x * scale + offset"""
    return value.times(np.asarray(layer.scale, np.float64)).plus(
        np.asarray(layer.offset, np.float64))


def _operand(run: _Run, thing: Any) -> Any:
    if isinstance(thing, Value):
        return thing
    if hasattr(thing, "_keras_history"):
        raise refusal(run.where, KNOWN)
    return np.asarray(thing.detach().cpu() if hasattr(thing, "detach") else thing, np.float64)


def _add(run: _Run, layer: Any, *values: Any) -> Value:
    first, *others = sorted((_operand(run, each) for each in values),
                            key=lambda each: not isinstance(each, Value))
    for other in others:
        first = first.add(other) if isinstance(other, Value) else first.plus(other)
    return first


def _subtract(run: _Run, layer: Any, first: Any, second: Any) -> Value:
    second = _operand(run, second)
    minus = second.times(np.array(-1.0)) if isinstance(second, Value) else -second
    return _add(run, layer, first, minus)


def _multiply(run: _Run, layer: Any, first: Any, second: Any) -> Value:
    first, second = _operand(run, first), _operand(run, second)
    if isinstance(first, Value) and isinstance(second, Value):
        return graph.multiply(first, second, run.where)
    return first.times(second) if isinstance(first, Value) else second.times(first)


def _divide(run: _Run, layer: Any, first: Any, second: Any) -> Value:
    second = _operand(run, second)
    if isinstance(second, Value) or not np.all(second):
        raise refusal(run.where, "it divides by values of the samples or zero")
    return _operand(run, first).times(1 / second)


def _concatenate(run: _Run, layer: Any, *values: Any) -> Value:
    if np.ravel(layer.axis).tolist() not in ([-1], [values[0].rank - 1]):
        raise refusal(run.where, f"it has axis {layer.axis}")
    return graph.concatenate([_operand(run, each) for each in values], -1)


MERGES: dict[str | None, Callable[..., Value]] = {
    "Add": _add, "Concatenate": _concatenate, "Divide": _divide, "Multiply": _multiply,
    "Subtract": _subtract, "TrueDivide": _divide}
LAYERS: dict[str | None, Callable[..., Value]] = {
    "Activation": _activation_layer, "BatchNormalization": _batch_normalization, "Dense": _dense,
    "ELU": _elu, "Flatten": _flatten,
    "LayerNormalization": _layer_normalization, "LeakyReLU": _leaky_relu,
    "Normalization": _normalization,
    "PReLU": _prelu, "ReLU": _relu, "Rescaling": _rescaling, "Softmax": _softmax, **MERGES}


def _name(layer: Any) -> str:
    return f"{type(layer).__name__} {getattr(layer, 'name', '')!r}"


def _activation(function: Any, where: str) -> Activation:
    """Return our name of a function of keras.activations; others may only share its name"""
    name, module = (getattr(function, key, "") for key in ("__name__", "__module__"))
    if not (module.startswith(KERAS) and ".activations" in module and name in KERAS_ACTIVATIONS):
        raise refusal(where, f"it has the activation {name or type(function).__name__}; known "
                             f"of keras.activations are {', '.join(KERAS_ACTIVATIONS)}")
    return KERAS_ACTIVATIONS[name]


def _array(weight: Any) -> NDArray[Any]:
    """Return the numbers of a weight; bfloat16, unknown to NumPy, becomes float32

    A Variable of Keras 3 holds a tensor, which NumPy reads without a warning.
    """
    tensor = getattr(weight, "value", None)
    if tensor is not None and not callable(tensor):
        weight = tensor
    if hasattr(weight, "detach"):
        weight = weight.detach().cpu()
        return (weight.float() if weight.dtype.itemsize == 2 else weight).numpy()
    array = weight.numpy() if hasattr(weight, "numpy") else np.asarray(weight)
    return array.astype(np.float32) if array.dtype.name in ("bfloat16", "float16") else array
