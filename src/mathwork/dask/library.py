"""The parts of Dask that this package stands on."""
from __future__ import annotations

from typing import TYPE_CHECKING

from mathwork._extras import extra

if TYPE_CHECKING:
    from typing import Any


def part(name: str) -> Any:
    """Return a module of Dask, or of pandas, on which Dask's dataframes stand."""
    return extra(name, "work on Dask collections", project="'dask[array,dataframe]'")


array = part("dask.array")
base = part("dask.base")
delayed = part("dask.delayed")
utils = part("dask.utils")
