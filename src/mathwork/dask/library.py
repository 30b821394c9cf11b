"""The parts of Dask that this package stands on, and names for what has no types there."""
from __future__ import annotations

from typing import Any, TypeAlias

from mathwork._extras import extra

Array: TypeAlias = Any          # dask.array.Array
Frame: TypeAlias = Any          # a Dask array, or a dataframe or series
Delayed: TypeAlias = Any        # dask.delayed.Delayed


def part(name: str) -> Any:
    """Return a module of Dask, or of pandas, on which Dask's dataframes stand."""
    return extra(name, "work on Dask collections", project="'dask[array,dataframe]'")


array = part("dask.array")
base = part("dask.base")
delayed = part("dask.delayed")
utils = part("dask.utils")
