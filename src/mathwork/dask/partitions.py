"""Rows that lie in partitions: of Dask arrays, in blocks; of Dask dataframes, as frames of pandas.

`partitions` calls a function for each of them, and `merged` brings the results together in a tree.
No row leaves its partition.
"""
from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import mathwork.dask.library as library

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TOGETHER = 8            # results that one task merges


class Partitions(NamedTuple):
    """A Delayed result for each partition, in order."""

    results: list[Any]
    divisions: tuple[Any, ...] | None       # of a dataframe, where Dask knows them


def partitions(function: Callable[..., Any], **rows: Any) -> Partitions:
    """Return the results of ``function(*rows)`` for the rows of each partition.

    `rows` are Dask arrays, or Dask dataframes and series; those that are None are left out.

    Raises
    ------
    TypeError
        For anything else, and for arrays beside dataframes.
    ValueError
        For rows that do not fit each other.
    """
    given = {name: each for name, each in rows.items() if each is not None}
    kinds = {name: _kind(each, name) for name, each in given.items()}
    first, *_ = given
    for name, kind in kinds.items():
        if kind != kinds[first]:
            raise TypeError(f"{first} and {name} must be of one kind, got a Dask {kinds[first]} "
                            f"and a Dask {kind}: to_dask_array() makes an array of a dataframe")
    return (_of_arrays if kinds[first] == "array" else _of_frames)(function, given)


def merged(results: list[Any], merge: Callable[[list[Any]], Any]) -> Any:
    """Return the Delayed result of all: a tree, in which each task merges neighbours."""
    task = library.delayed.delayed(merge, pure=True)
    while True:
        results = [task(results[at:at + TOGETHER]) for at in range(0, len(results), TOGETHER)]
        if len(results) == 1:
            return results[0]


def _kind(value: Any, name: str) -> str:
    if isinstance(value, library.array.Array):
        return "array"
    likes = library.utils
    if library.base.is_dask_collection(value) and (
            likes.is_dataframe_like(value) or likes.is_series_like(value)):
        return "dataframe"
    raise TypeError(f"{name} must be a Dask array or dataframe, got {type(value).__name__}: what "
                    "is in memory goes to the function of this name in mathwork.regression, and "
                    "dask.array.from_array and dask.dataframe.from_pandas make collections of it")


def _of_arrays(function: Callable[..., Any], given: dict[str, Any]) -> Partitions:
    first, *others = given
    for name in others:
        _check_rows(given[first], given[name], first, name)
    pairs = []
    columns = itertools.count(1)            # names of axes for blockwise; that of the rows is 0
    for array in given.values():
        pairs += [array.rechunk(dict.fromkeys(range(1, array.ndim), -1)),
                  (0, *itertools.islice(columns, array.ndim - 1))]
    results = library.array.blockwise(
        function, (0,), *pairs, concatenate=True, dtype=object, meta=np.empty(0, object),
        align_arrays=not any(map(_has_unknown_rows, given.values())))
    return Partitions(results.to_delayed().tolist(), None)


def _check_rows(one: Any, other: Any, name: str, of_other: str) -> None:
    """Raise unless two arrays have the same rows, as far as their chunks tell."""
    if not other.ndim or not one.ndim:
        raise ValueError(f"{name} and {of_other} must have rows, got shapes {one.shape} and "
                         f"{other.shape}")
    if _has_unknown_rows(one) or _has_unknown_rows(other):
        if one.numblocks[0] != other.numblocks[0]:
            raise ValueError(
                f"{name} and {of_other} must have the same blocks of rows where the sizes of "
                f"chunks are unknown, got {one.numblocks[0]} and {other.numblocks[0]} blocks: "
                "compute_chunk_sizes() of each finds the sizes")
    elif len(one) != len(other):
        raise ValueError(f"{name} and {of_other} must have as many rows, "
                         f"got shapes {one.shape} and {other.shape}")


def _has_unknown_rows(array: Any) -> bool:
    return any(math.isnan(size) for size in array.chunks[0])


def _of_frames(function: Callable[..., Any], given: dict[str, Any]) -> Partitions:
    (name, first), *others = given.items()
    for of_other, other in others:
        known = first.known_divisions and other.known_divisions
        if first.npartitions != other.npartitions or (
                known and first.divisions != other.divisions):
            raise ValueError(
                f"{name} and {of_other} must have the same partitions, got {first.npartitions} and "
                f"{other.npartitions} with divisions of their own: take both from one dataframe, "
                f"or {of_other}.repartition(divisions={name}.divisions)")
    results = first.map_partitions(function, *(other for _, other in others),
                                   meta=("results", object), enforce_metadata=False)
    results = results.optimize()        # which may read several small files as one partition
    return Partitions(results.to_delayed(optimize_graph=False),
                      results.divisions if results.known_divisions else None)
