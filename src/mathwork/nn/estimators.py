"""Networks out of scikit-learn: an MLP, also behind scalers in a pipeline.

Attributes are read by name; scikit-learn is not imported.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import mathwork.nn.graph as graph
from mathwork._arrays import float_dtype
from mathwork.nn.graph import Axis, MisfitError, Reading, Value
from mathwork.nn.labels import NO_LABELS, Labels
from mathwork.nn.sources import (
    SKLEARN_ACTIVATIONS,
    check_kind,
    overridden,
    refusal,
    standardized,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from numpy.typing import DTypeLike

    from mathwork._types import Activation
    from mathwork.nn.residual import AnyLayer

SKLEARN = ("sklearn.", "mathwork.sklearn.")
MLPS = ("BaseMultilayerPerceptron", "Estimator")        # scikit-learn's and ours
# What a subclass may have changed of what a network is to compute.
METHODS = ("predict", "predict_proba", "_predict", "_forward_pass", "_forward_pass_fast")


def sklearn_layers(estimator: Any, dtype: DTypeLike | None) -> tuple[list[AnyLayer], Labels]:
    """Return the layers of a fitted MLP or a pipeline that ends in one, and its classes."""
    check_kind(estimator, "estimator", "an MLPClassifier or MLPRegressor, or a Pipeline that ends "
               "in one", (*MLPS, "Pipeline"), SKLEARN)
    *scalers, mlp = _steps(estimator)
    where = type(mlp).__name__
    if not _is(mlp, *MLPS):
        raise refusal(where, "a pipeline must end in an MLPClassifier or MLPRegressor")
    _check_own(mlp, METHODS)
    if not hasattr(mlp, "coefs_"):
        raise ValueError(f"{where} is not fitted yet: call its fit first")
    with np.errstate(all="ignore"):         # weights may be infinite or NaN
        return _layers(scalers, mlp, dtype), _labels(mlp)


def _steps(estimator: Any) -> Iterator[Any]:
    """The steps of a pipeline, also of those within it; anything else is a step itself"""
    if not _is(estimator, "Pipeline"):
        yield estimator
        return
    _check_own(estimator, ("predict", "predict_proba", "transform"))
    for _, step in estimator.steps:
        if step is not None and not (isinstance(step, str) and step == "passthrough"):
            yield from _steps(step)


def _is(estimator: Any, *names: str) -> bool:
    return any(kind.__name__ in names and kind.__module__.startswith(SKLEARN)
               for kind in type(estimator).__mro__)


def _check_own(estimator: Any, methods: tuple[str, ...]) -> None:
    own = overridden(estimator, methods, SKLEARN)
    if own is not None:
        raise refusal(type(estimator).__name__, f"it has a {own} of its own")


def _layers(scalers: list[Any], mlp: Any, dtype: DTypeLike | None) -> list[AnyLayer]:
    where = type(mlp).__name__
    reading = Reading(sum(weight.size for weight in mlp.coefs_))
    first = reading.input((Axis(), len(mlp.coefs_[0])), "the input")
    value = first
    own = np.result_type(*(weight.dtype for weight in mlp.coefs_))
    narrow = (own if dtype is None else float_dtype(dtype)) == np.float32
    for scaler in scalers:          # before the first of them meets what another one leaves
        _check_scaler(scaler)
    try:
        for scaler in scalers:
            where = type(scaler).__name__
            value = SCALERS[_scaler_kind(scaler)](value, scaler, narrow)
        where = type(mlp).__name__
        for weight, bias, activation in zip(mlp.coefs_, mlp.intercepts_, _activations(mlp, where),
                                            strict=True):
            value = reading.linear(value, weight.T, where).plus(bias)
            if activation != "identity":
                value = value.activated(activation, where)
        return reading.layers([first], [value], dtype)
    except MisfitError as misfit:
        raise ValueError(f"{where} {misfit}") from None


def _activations(mlp: Any, where: str) -> list[Activation]:
    if hasattr(mlp, "network_"):        # ours
        return [layer.activation for layer in mlp.network_.layers]
    names = [mlp.activation] * (len(mlp.coefs_) - 1) + [mlp.out_activation_]
    for name in names:
        if name not in SKLEARN_ACTIVATIONS:
            raise refusal(where, f"it has the activation {name!r}; known are "
                                 f"{', '.join(SKLEARN_ACTIVATIONS)}")
    return [SKLEARN_ACTIVATIONS[name] for name in names]


def _labels(mlp: Any) -> Labels:
    if hasattr(mlp, "network_"):
        return Labels(mlp.network_.classes_, mlp.network_.multilabel)
    classes = getattr(mlp, "classes_", None)
    if classes is None:
        return NO_LABELS
    n_out = len(mlp.coefs_[-1].T)
    multilabel = str(getattr(mlp._label_binarizer, "y_type_", "")).startswith("multilabel")
    wanted = 2 if n_out == 1 and not multilabel else n_out
    return Labels(np.asarray(classes) if len(classes) == wanted else None, multilabel)


# ---- scalers ----

def _standard(value: Value, scaler: Any, narrow: bool) -> Value:
    """(x - mean) / scale"""
    return _centred(value, scaler, scaler.mean_ if scaler.with_mean else None,
                    scaler.scale_ if scaler.with_std else None, narrow)


def _robust(value: Value, scaler: Any, narrow: bool) -> Value:
    """(x - center) / scale"""
    return _centred(value, scaler, scaler.center_ if scaler.with_centering else None,
                    scaler.scale_ if scaler.with_scaling else None, narrow)


def _centred(value: Value, scaler: Any, centre: Any, width: Any, narrow: bool) -> Value:
    count = scaler.n_features_in_
    return standardized(value, np.zeros(count) if centre is None else np.asarray(centre),
                        np.ones(count) if width is None else np.asarray(width),
                        type(scaler).__name__, narrow)


def _min_max(value: Value, scaler: Any, narrow: bool) -> Value:
    """x * scale + min, and if `clip` no further than the range"""
    value = value.times(scaler.scale_).plus(scaler.min_)
    low, high = scaler.feature_range
    return graph.clip(value, low, high, "MinMaxScaler") if scaler.clip else value


def _max_abs(value: Value, scaler: Any, narrow: bool) -> Value:
    """x / scale, and if `clip` no further than 1"""
    value = value.times(1 / scaler.scale_)
    return (graph.clip(value, -1.0, 1.0, "MaxAbsScaler") if getattr(scaler, "clip", False)
            else value)


def _unchanged(value: Value, scaler: Any, narrow: bool) -> Value:
    if scaler.func is not None:
        raise refusal("FunctionTransformer", "it has a func, which may compute anything")
    return value


SCALERS: dict[str, Callable[[Value, Any, bool], Value]] = {
    "FunctionTransformer": _unchanged, "MaxAbsScaler": _max_abs, "MinMaxScaler": _min_max,
    "RobustScaler": _robust, "StandardScaler": _standard}


def _scaler_kind(scaler: Any) -> str:
    return next((name for name in SCALERS if _is(scaler, name)), "")


def _check_scaler(scaler: Any) -> None:
    where, kind = type(scaler).__name__, _scaler_kind(scaler)
    if not kind:
        raise refusal(where, "known as steps before the network are "
                             f"{', '.join(SCALERS)}: apply this one to the rows first")
    _check_own(scaler, ("transform",))
    if kind != "FunctionTransformer" and not hasattr(scaler, "n_features_in_"):
        raise ValueError(f"{where} is not fitted yet: call its fit first")
