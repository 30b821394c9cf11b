"""Stacks in blocks: a function of mathwork for each block, and the parts of its results.

A function that takes stacks takes blocks of them. What it gives for stacks of no length tells the
shape and dtype of each part, and whether the arguments are right, before anything is computed.
"""
from __future__ import annotations

import itertools
import math
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import mathwork.dask.library as library
from mathwork._arrays import complex_dtype, joint_shape, unmasked

if TYPE_CHECKING:
    from collections.abc import Callable

    from mathwork.dask.library import Array


MOST_AXES = 32          # that NumPy broadcasts for Dask


class Stack(NamedTuple):
    """An argument: a Dask array or what is in memory; `core` last axes belong to one element."""

    name: str
    value: Any
    core: int


class Blocks:
    """The results of a function, one for each block of stacks that broadcast, not yet computed.

    Parameters
    ----------
    public : callable
        The function of the package that messages name for what is in memory.
    *operands : Stack or Blocks
        Blocks are the results of another function.
    call : callable, optional
        Called as ``call(*blocks, **options)``; `public` by default.
    **options

    Raises
    ------
    TypeError, ValueError
        If no stack is a Dask array, or all of them are one element; and as the function does.
    """

    name: str               # that Dask shows
    whole: Array            # of the axes of the stack; a block is a result
    sample: Any             # the result for stacks of no length

    def __init__(self, public: Callable[..., Any], *operands: Stack | Blocks,
                 call: Callable[..., Any] | None = None, **options: Any) -> None:
        call = call or public
        _check_some(public, operands)
        stacks = [Stack("", each.whole, 0) if isinstance(each, Blocks) else _in_blocks(each)
                  for each in operands]
        if isinstance(operands[0], Blocks):     # whose results cannot be cut
            stacks[1:] = [_cut_as(stacks[0].value, each) for each in stacks[1:]]
        ndim = _checked_ndim(public, stacks)
        axes = itertools.count(ndim)            # names for blockwise, after those of the stack
        pairs: list[Any] = []
        samples = []
        for operand, (_, value, core) in zip(operands, stacks, strict=True):
            if not isinstance(value, library.array.Array):
                pairs += [value, None]          # a number
                samples.append(value)
                continue
            own = value.ndim - core
            pairs += [value, (*range(ndim - own, ndim), *itertools.islice(axes, core))]
            samples.append(operand.sample if isinstance(operand, Blocks) else
                           np.zeros((0,) * own + value.shape[own:], value.dtype))
        self.name = public.__name__
        self.sample = call(*samples, **options)
        self.whole = library.array.blockwise(
            call, tuple(range(ndim)), *pairs, concatenate=True, dtype=object, token=self.name,
            meta=np.empty((0,) * ndim, object), **options)

    def part(self, get: Callable[[Any], Any] | None = None) -> Array:
        """Return a part of each result, ``get(result)``, as one Dask array; or the results."""
        get = get or _itself
        meta = np.asarray(get(self.sample))
        axes = tuple(range(self.whole.ndim))
        new = dict(enumerate(meta.shape[len(axes):], len(axes)))
        return library.array.blockwise(
            get, axes + tuple(new), self.whole, axes, new_axes=new, dtype=meta.dtype,
            token=self.name, meta=np.empty((0,) * meta.ndim, meta.dtype), align_arrays=False)

    def parts(self, kind: type[Any]) -> Any:
        """Return a named tuple of the parts that have the names of its fields."""
        return kind(*(self.part(attrgetter(name)) for name in kind._fields))


def _itself(result: Any) -> Any:
    return result


def as_known(value: Any, name: str) -> Any:
    """Return a Dask array as it is, and what is in memory as an array of numbers."""
    if isinstance(value, library.array.Array):
        return value
    array = unmasked(value, name)
    if complex_dtype(array.dtype) is None:
        raise TypeError(f"{name} must hold numbers, got dtype {array.dtype}")
    return array


def _in_blocks(stack: Stack) -> Stack:
    """Return a stack as a Dask array whose elements are whole, a number as it is"""
    value = stack.value
    if not isinstance(value, library.array.Array):
        if np.ndim(value) == stack.core == 0:
            return stack
        value = library.array.from_array(as_known(value, stack.name), chunks=-1)
    if value.ndim < stack.core:
        raise ValueError(f"{stack.name} must have at least {stack.core} axes, "
                         f"got shape {value.shape}")
    return stack._replace(value=value.rechunk(dict.fromkeys(
        range(value.ndim - stack.core, value.ndim), -1)))


def _cut_as(whole: Array, stack: Stack) -> Stack:
    """Return a stack whose chunks are those of results, along their common axes"""
    own = stack.value.ndim - stack.core
    common = range(1, min(own, whole.ndim) + 1)
    chunks = {own - at: whole.chunks[-at] for at in common
              if stack.value.shape[own - at] == whole.shape[-at]}
    return stack._replace(value=stack.value.rechunk(chunks))


def _checked_ndim(public: Callable[..., Any], stacks: list[Stack]) -> int:
    """Return how many axes the results have; raise unless the stacks broadcast to one or more"""
    shapes = {name or "the factors": np.shape(value)[:np.ndim(value) - core]
              for name, value, core in stacks}
    try:
        ndim = len(joint_shape({name: tuple(1 if math.isnan(size) else size for size in shape)
                                for name, shape in shapes.items()}))
    except ValueError:
        raise ValueError(f"{' and '.join(shapes)} must be stacks that broadcast, got shapes "
                         f"{', '.join(map(str, shapes.values()))} before the axes of one element"
                         ) from None
    if ndim > MOST_AXES:
        raise ValueError(f"{' and '.join(shapes)} must have at most {MOST_AXES} axes before those "
                         f"of one element, got {ndim}")
    if ndim < 1:
        name, value, core = stacks[0]
        raise ValueError(f"{name} must be a stack, with more than {core} axes, got shape "
                         f"{np.shape(value)}: {_named(public)} takes {name}.compute()")
    return ndim


def _check_some(public: Callable[..., Any], operands: tuple[Stack | Blocks, ...]) -> None:
    """Raise unless one of the operands is a Dask array, or has such results"""
    stacks = [each for each in operands if isinstance(each, Stack)]
    if len(stacks) == len(operands) and not any(
            isinstance(each.value, library.array.Array) for each in stacks):
        raise TypeError(f"{' or '.join(each.name for each in stacks)} must be a Dask array, got "
                        f"{', '.join(type(each.value).__name__ for each in stacks)}: "
                        f"{_named(public)} takes what is in memory, and dask.array.from_array "
                        "makes an array in chunks of it")


def _named(public: Any) -> str:
    return ".".join([*public.__module__.split(".")[:2], public.__name__])
