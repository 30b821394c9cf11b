"""The layers in named tensors, as PyTorch's state_dict has them: which, in what order.

Numbers in names say the order: 0, 2, 10; fc1, fc2; encoder.0, encoder.2. Where they do not, the
caller does.
"""
from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from reprlib import repr as short
from typing import TYPE_CHECKING, NamedTuple

from mathwork.nn.dense import Dense

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    # name, weight, bias or None, and the slopes of prelu or None
    _Linear: TypeAlias = tuple[str, NDArray[Any], NDArray[Any] | None, NDArray[Any] | None]
    _Arrays: TypeAlias = dict[str, NDArray[Any]]


class Naming(NamedTuple):
    """What a caller says of tensors: see mathwork.nn.load."""

    activations: Any = None
    prefix: Any = None
    order: Any = None

    def given(self) -> list[str]:
        return [name for name, value in self._asdict().items() if value is not None]


def layers(arrays: _Arrays, naming: Naming, named: list[Any] | None = None) -> list[Dense]:
    """Return the layers in {name: array}; `named` are the activations that the file names."""
    if named is not None:
        check_unnamed(naming)
    linear = _chosen(arrays, naming)
    activations = naming.activations if named is None else named
    if activations is None:
        raise ValueError("it does not name its activations: give activations=, "
                         f"one for each of its {len(linear)} layers")
    if isinstance(activations, str) or not isinstance(activations, Iterable):
        raise ValueError("activations must be a sequence with one for each layer, "
                         f"got {activations!r}")
    activations = list(activations)
    if len(activations) != len(linear):
        raise ValueError(f"there must be one activation for each of the {len(linear)} layers, "
                         f"got {len(activations)}: {activations!r}")
    return [_layer(*each, activation)
            for each, activation in zip(linear, activations, strict=True)]


def check_unnamed(naming: Naming) -> None:
    """Raise if the caller says what a file says itself."""
    if naming.given():
        raise ValueError("it names its activations itself, so "
                         f"{' and '.join(f'{each}=' for each in naming.given())} must not be given")


def _layer(name: str, weight: NDArray[Any], bias: NDArray[Any] | None,
           slopes: NDArray[Any] | None, activation: Any) -> Dense:
    if slopes is not None and activation != "prelu":
        raise ValueError(f"the weight after {name + 'weight'!r} has shape {slopes.shape}, like "
                         f"slopes of prelu, but the activation there is {activation!r}")
    try:
        if slopes is not None:
            activation = ("prelu", slopes)
        return Dense(weight, bias, activation)
    except ValueError as error:
        raise ValueError(f"layer of {name + 'weight'!r}: {error}") from None


def _chosen(arrays: _Arrays, naming: Naming) -> list[_Linear]:
    """Return the linear layers that prefix= and order= choose, in their order"""
    if naming.prefix is not None:
        arrays = _under(arrays, naming.prefix, "prefix")
    if naming.order is None:
        return _in_order(arrays, "order=")
    if isinstance(naming.order, str) or not isinstance(naming.order, Iterable):
        raise ValueError(f"order must be a sequence of names of layers, got {naming.order!r}")
    linear = []
    for name in naming.order:
        linear += _in_order(_under(arrays, name, "order"), f"the layers in {name!r} one by one in "
                                                           "order=")
    names = [name for name, *_ in linear]
    if len(set(names)) != len(names):
        raise ValueError(f"order names the layer {next(filter(_repeated(names), names))[:-1]!r} "
                         "twice")
    return linear


def _repeated(names: list[str]) -> Any:
    return lambda name: names.count(name) > 1


def _under(arrays: _Arrays, name: Any, option: str) -> _Arrays:
    """Return the arrays of one layer or group of layers; their names stay whole"""
    if not isinstance(name, str):
        raise ValueError(f"{option} must hold names, got {name!r}")
    start = name.removesuffix(".") + "."
    found = {each: array for each, array in arrays.items() if each.startswith(start)}
    if not found:
        groups = {each.rpartition(".")[0] for each in arrays}
        raise ValueError(f"{option}: it has no tensor below {name!r}, but below "
                         f"{', '.join(map(repr, sorted(groups)[:20]))}")
    return found


def _in_order(arrays: _Arrays, advice: str) -> list[_Linear]:
    """Return the linear layers, by the numbers in their names"""
    names = sorted((name.removesuffix("weight") for name in arrays if name.endswith("weight")),
                   key=_parts)
    strays = set(arrays).difference(name + end for name in names for end in ("weight", "bias"))
    if strays:
        raise ValueError(f"tensor {min(strays)!r} is not the weight or bias of a linear layer"
                         f"{_advice_on(min(strays))}")
    if not names:
        raise ValueError("it has no tensor named like '0.weight'")
    for first, second in itertools.pairwise(names):
        if not _ordered(first, second):
            raise ValueError(f"{first + 'weight'!r} and {second + 'weight'!r} do not say by a "
                             f"number which comes first: give {advice}")
    layers: list[_Linear] = []
    for name in names:
        weight, bias = arrays[name + "weight"], arrays.get(name + "bias")
        if weight.ndim == 1 and bias is None and layers and layers[-1][3] is None:
            layers[-1] = (*layers[-1][:3], weight)
        else:
            layers.append((name, weight, bias, None))
    return layers


def _advice_on(stray: str) -> str:
    if stray.endswith(("running_mean", "running_var", "num_batches_tracked")):
        return (": it belongs to a batch normalization, whose eps is not here; give the module to "
                "Network.from_torch")
    return "" if "." not in stray else ": prefix= or order= may choose the layers"


def _parts(name: str) -> list[Any]:
    """Split 'net.10.' into ['net.', 10, '.']: text and numbers in turn"""
    return [int(part) if index % 2 else part
            for index, part in enumerate(re.split(r"([0-9]+)", name))]


def _ordered(first: str, second: str) -> bool:
    """Return whether the first part in which two names differ is a number"""
    differing = (index for index, (one, other) in enumerate(zip(_parts(first), _parts(second),
                                                               strict=False)) if one != other)
    return next(differing, 0) % 2 == 1


def checked_tensors(tensors: Any, array_of: Any) -> _Arrays:
    """Return {name: array} of a mapping from names to tensors or arrays.

    Raises
    ------
    TypeError
        For a mapping of anything else; a checkpoint that holds a state_dict says so.
    """
    arrays = {}
    for name, value in tensors.items():
        if isinstance(value, dict):
            raise TypeError(f"a state_dict holds tensors by name, got a dict that holds the dict "
                            f"{short(name)}: give that one")
        if not isinstance(name, str) or not hasattr(value, "shape"):
            raise TypeError(f"a state_dict holds tensors by name, got {short(name)} for a "
                            f"{type(value).__name__}")
        arrays[name] = array_of(value, f"tensor {name!r}")
    return arrays
