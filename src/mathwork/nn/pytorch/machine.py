"""Calls of PyTorch carried out on values of samples, and on tensors as they are."""
from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import numpy as np

from mathwork.nn.graph import Axis, MisfitError, Reading, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from numpy.typing import NDArray

IN_PLACE = {"iadd": "add", "isub": "sub", "imul": "mul", "itruediv": "truediv",
            "imatmul": "matmul", "ipow": "pow"}
# They give their argument itself if it has the dtype already.
CASTS = {"bfloat16", "double", "float", "half", "to", "type", "type_as"}


class Machine:
    """One run of a program from an input of a given shape.

    where       the call that is carried out, for messages
    steps       calls so far
    guessed     whether the shape of the input is a guess
    """

    def __init__(self, operations: dict[str, Callable[..., Any]], shape: Iterable[int], held: int,
                 guessed: bool, batch: int = 0) -> None:
        self._operations = operations
        self.reading = Reading(held)
        self.where, self.steps = "the input", 0
        self.guessed = guessed
        self._arrays: dict[int, tuple[Any, NDArray[Any]]] = {}
        self.axis = Axis(batch)
        self.input = self.reading.input((self.axis, *shape), "the input")

    def enter(self, where: str) -> None:
        """Begin the call `where`"""
        self.where, self.steps = where, self.steps + 1

    # ---- numbers ----

    def array(self, thing: Any) -> NDArray[Any]:
        """A constant: a number, an array or a tensor"""
        if holds_samples(thing):
            raise MisfitError("takes the samples where a constant is known")
        if hasattr(thing, "detach"):
            # One array for each tensor: what is called twice is known to be the same.
            if id(thing) not in self._arrays:
                self._arrays[id(thing)] = thing, numbers(thing, self.where)
            return self._arrays[id(thing)][1]
        if isinstance(thing, np.ndarray):
            return thing
        return np.asarray(thing, np.float64)

    def matrix(self, thing: Any) -> NDArray[Any]:
        array = self.array(thing)
        if array.ndim != 2 or 0 in array.shape:
            raise MisfitError(f"multiplies by an array of shape {array.shape}, not by a matrix")
        return array

    def linear(self, value: Value, weight: Any, bias: Any = None, axis: int = -1) -> Value:
        result = self.reading.linear(value, self.matrix(weight), self.where, axis)
        return result if bias is None else result.plus(self.array(bias))

    def is_input(self, value: Value) -> bool:
        """Whether a value is numbers of the input, before any linear step"""
        return all(unit.activation is None and each.matrix is None
                   for unit, each in value.terms.items())

    # ---- calls ----

    def call(self, name: str, function: Callable[..., Any] | None, args: tuple[Any, ...],
             kwargs: dict[str, Any]) -> Any:
        """What a function gives; without samples among the arguments it is called as it is"""
        if not holds_samples((args, kwargs)):
            if function is None:
                raise MisfitError("is not known")
            if works_in_place(name, kwargs) and hasattr(args[0], "clone"):
                args = (args[0].clone(), *args[1:])     # the module keeps its own numbers
            return function(*args, **kwargs)
        operation = self._operations.get(name) or self._operations.get(plain_name(name))
        if operation is None:
            raise MisfitError("has no counterpart in mathwork")
        kwargs = {key: value for key, value in kwargs.items() if key != "inplace"}
        try:
            inspect.signature(operation).bind(self, *args, **kwargs)
        except TypeError as error:
            raise MisfitError(f"has other arguments than mathwork knows: {error}") from None
        return operation(self, *args, **kwargs)


def holds_samples(thing: Any) -> bool:
    """Whether a value, or a length along which samples lie, is among some arguments"""
    if isinstance(thing, list | tuple):
        return any(map(holds_samples, thing))
    if isinstance(thing, dict):
        return any(map(holds_samples, thing.values()))
    if isinstance(thing, slice):
        return holds_samples((thing.start, thing.stop, thing.step))
    return isinstance(thing, Value | Axis)


def plain_name(name: str) -> str:
    """aten.relu_ as relu"""
    name = name.removeprefix("aten.").strip("_")
    return IN_PLACE.get(name, name)


def works_in_place(name: str, kwargs: dict[str, Any]) -> bool:
    return (name in IN_PLACE or kwargs.get("inplace") is True
            or (name.endswith("_") and not name.endswith("__")))


def may_copy(name: str, args: Iterable[Any]) -> bool:
    """Whether what a call gives may be a copy although it is a view with other arguments"""
    index = list(args)[1:2]
    parts = index[0] if index and isinstance(index[0], tuple) else index
    return name in CASTS or (name == "getitem" and any(
        isinstance(each, list | np.ndarray) or hasattr(each, "detach") for each in parts))


class Memory:
    """The results of calls by key, and which of them may share memory with each other."""

    def __init__(self) -> None:
        self.known: dict[Any, Any] = {}
        self._roots: dict[Any, Any] = {}
        self._unsure: set[Any] = set()

    def keep(self, key: Any, value: Any, source: Any = None, unsure: bool = False) -> None:
        """Keep a result; `source` is the key of what it shares its memory with

        With `unsure` it may also be a copy, as the result of a cast.
        """
        self.known[key] = value
        self._roots[key] = self._roots.get(source, key)
        if unsure or source in self._unsure:
            self._unsure.add(key)

    def overwrite(self, key: Any, value: Any, still_used: Callable[[Any], bool]) -> None:
        """Replace a result by what a call in place made of it, for all calls after it"""
        before = self.known[key]
        for other, root in self._roots.items():
            if root != self._roots[key]:
                continue
            unsure = other != key and not self._unsure.isdisjoint((other, key))
            if self.known[other] is before and not unsure:
                self.known[other] = value
            elif still_used(other):
                raise MisfitError("changes in place what other values share")


def numbers(tensor: Any, where: str) -> NDArray[Any]:
    """Return the numbers of a tensor; float16 and bfloat16 are widened to float32"""
    if not tensor.dtype.is_floating_point:
        whole = not (tensor.dtype.is_complex or tensor.is_quantized or tensor.is_meta)
        if whole and tensor.ndim < 2:
            return tensor.detach().cpu().numpy().astype(np.float64)     # a factor, not a weight
        raise MisfitError(f"has parameters of dtype {tensor.dtype}")
    if tensor.is_meta:
        raise ValueError(f"{where} is on the meta device, without numbers")
    try:
        tensor = tensor.detach().cpu()
        return (tensor.float() if tensor.dtype.itemsize == 2 else tensor).numpy()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise ValueError(f"{where} has a parameter that cannot be read: {error}") from None
