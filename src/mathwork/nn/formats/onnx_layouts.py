"""How samples may lie in the inputs of an ONNX graph.

A graph says the lengths of its inputs, but not which axes count samples. Each way that makes sense
is tried in turn: the first one that the graph can be read with holds.
"""
from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from mathwork.nn.graph import Axis
from mathwork.nn.graph.chaining import MOST_INPUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mathwork.nn.formats.onnx_nodes import Node
    from mathwork.nn.formats.onnx_tensors import Constants

MOST_WIDTHS = 4                 # that are tried for a length that the graph does not say
UNKNOWN = (0, 0)                # rows, if nothing is said
PRODUCTS = ("MatMul", "Gemm")


def layouts(entries: Sequence[list[int] | None], order: Sequence[Node], constants: Constants
            ) -> Iterator[tuple[list[list[int | Axis]], bool]]:
    """Yield (lengths of all inputs, with an Axis where samples may lie; whether they are known).

    `entries` are the declared lengths, 0 where one is unknown. Constants say what it may be. If
    there are none, a length of 1 is made up, so that what else is wrong can be found.
    """
    declared: list[Sequence[int]] = [UNKNOWN if each is None else each for each in entries]
    found = list(itertools.islice(_widths(order, constants), MOST_WIDTHS))
    # Rows of any number are no numbers of a sample, unless there is a matrix to multiply them.
    products = [node for node in order if node.operator in PRODUCTS]
    by_columns = list(itertools.islice(_widths(products, constants), MOST_WIDTHS))
    known = bool(found)
    found = found or [1]
    seen = []
    for samples in WAYS:
        chosen = [axes for axes in map(samples, declared) if axes is not None]
        if len(chosen) < len(declared) or chosen in seen:
            continue
        seen.append(chosen)
        unknown = any(length == 0 and axis not in places for lengths, places
                      in zip(declared, chosen, strict=True)
                      for axis, length in enumerate(lengths))
        widths = by_columns if samples is _columns else found
        for width in _shares(widths, declared[0], chosen[0]) if unknown else (0,):
            axes: dict[int, Axis] = {}
            yield [[axes.setdefault(axis, Axis(length)) if axis in places else length or width
                    for axis, length in enumerate(lengths)]
                   for lengths, places in zip(declared, chosen, strict=True)
                   ], known or not unknown


def _shares(widths: Sequence[int], lengths: Sequence[int], places: set[int]) -> list[int]:
    """Lengths that the unknown axis of a sample may have, if a sample has so many numbers"""
    known = math.prod(length for axis, length in enumerate(lengths)
                      if length and axis not in places)
    return [*widths, *(width // known for width in widths if known > 1 and width % known == 0)]


def _rows(lengths: Sequence[int]) -> set[int] | None:
    """A sample is the last axis; of one axis alone, all of it"""
    return set(range(len(lengths) - 1))


def _first(lengths: Sequence[int]) -> set[int] | None:
    """Samples lie along the first axis"""
    return {0} if len(lengths) > 1 else None


def _unknown(lengths: Sequence[int]) -> set[int] | None:
    """Samples lie along the axes of unknown length"""
    return {axis for axis, length in enumerate(lengths) if not length} if any(lengths) else None


def _columns(lengths: Sequence[int]) -> set[int] | None:
    """Samples are columns of a matrix"""
    return {1} if len(lengths) == 2 else None


def _whole(lengths: Sequence[int]) -> set[int] | None:
    """The tensor is one sample"""
    return set() if all(lengths) else None


WAYS: tuple[Callable[[Sequence[int]], set[int] | None], ...] = (
    _rows, _first, _unknown, _columns, _whole)


def _widths(order: Sequence[Node], constants: Constants) -> Iterator[int]:
    """Yield lengths of constants in the order of the nodes that take them"""
    seen = {0}
    for node in order:
        for name in node.inputs:
            for length in constants.shape(name)[-2:] if name in constants else ():
                length = length if 0 <= length <= MOST_INPUTS else 1     # the shape may be a lie
                if length not in seen:
                    seen.add(length)
                    yield length
