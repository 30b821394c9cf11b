"""The numbers in data frames and columns of pandas, polars and pyarrow.

NumPy makes an array of objects of a frame whose columns have several kinds, and of bools with gaps.
No library is imported here: its objects are known by the names of their classes.
"""
from __future__ import annotations

import functools
import re
import reprlib
from numbers import Number
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    # (name, column) of each column
    _Columns = list[tuple[Any, Any]]

FRAMES: dict[tuple[str, str], Callable[[Any], _Columns]] = {
    ("pandas", "DataFrame"): lambda frame: [(name, frame.iloc[:, at])       # names may repeat
                                            for at, name in enumerate(frame.columns)],
    ("polars", "DataFrame"): lambda frame: [(each.name, each) for each in frame.get_columns()],
    ("pyarrow", "Table"): lambda table: [*zip(table.column_names, table.columns, strict=True)],
    ("pyarrow", "RecordBatch"): lambda table: [*zip(table.schema.names, table.columns,
                                                    strict=True)]}
COLUMNS = {("pandas", "Series"), ("pandas", "ExtensionArray"), ("polars", "Series"),
           ("pyarrow", "Array"), ("pyarrow", "ChunkedArray")}
LIBRARIES = {library for library, _ in COLUMNS}
NAMED = COLUMNS | {("pandas", "Index"), ("xarray", "DataArray")}
INT64 = re.compile(r"(sparse\[)?u?int64\b")        # not of lists of them
CATEGORIES = ("category", "categorical", "dictionary", "enum")


def real_numbers(value: object, name: str, *, convert: bool) -> NDArray[Any] | None:
    """Return the real numbers of a frame or column; None for any other object.

    A gap (None, ``pandas.NA``) is NaN. Objects other than bools become float64 if `convert`, as
    scikit-learn does it; without it a table that holds some gives None.

    Raises
    ------
    TypeError
        If `convert`, for a column that cannot be numbers. It is named.
    """
    kinds = _kinds(value)
    if ("polars", "LazyFrame") in kinds:
        raise TypeError(f"{name} must hold real numbers, got a LazyFrame: call its collect first")
    split = next((FRAMES[kind] for kind in kinds if kind in FRAMES), None)
    if split is None and COLUMNS.isdisjoint(kinds):
        return None
    columns = [(None, value)] if split is None else split(value)
    arrays = []
    for label, column in columns:
        array = _numbers(column, convert)
        if array is None:
            if not convert:
                return None
            raise TypeError(f"{name} must hold real numbers, "
                            f"{complaint(column, label, split is not None)}")
        arrays.append(array)
    if split is None:
        return arrays[0]
    return np.column_stack(arrays) if arrays else np.empty((len(value), 0))     # type: ignore


def _kinds(value: object) -> tuple[tuple[str, str], ...]:
    """Return (library, name) of the classes of an object"""
    return _kinds_of(type(value))   # type: ignore[arg-type]    # classes have a hash


@functools.lru_cache(maxsize=256)
def _kinds_of(cls: type) -> tuple[tuple[str, str], ...]:
    return tuple((str(kind.__module__).partition(".")[0], kind.__name__) for kind in cls.__mro__)


def is_of_tables(error: Exception) -> bool:
    """Return whether an exception is one of a library of tables, as of a type that NumPy lacks."""
    return _kinds(error)[0][0] in LIBRARIES


# ---- parts of frames ----

def columns_of(value: object) -> _Columns | None:
    """Return (name, column) of each column of a frame; None for any other object."""
    split = next((FRAMES[kind] for kind in _kinds(value) if kind in FRAMES), None)
    return None if split is None else split(value)


def name_of(value: object) -> str | None:
    """Return the name of a column that has one."""
    if NAMED.isdisjoint(_kinds(value)):
        return None
    name = getattr(value, "name", None)
    return None if name is None or name == "" else str(name)


def dtype_of(column: Any) -> str:
    """Return the dtype of a column as its library writes it, in small letters."""
    return str(getattr(column, "dtype", getattr(column, "type", ""))).lower()


def is_categorical(column: object) -> bool:
    """Return whether a column is one of categories, which are no numbers even if they look so."""
    return not COLUMNS.isdisjoint(_kinds(column)) and dtype_of(column).startswith(CATEGORIES)


def integers_with_gaps(column: Any) -> tuple[NDArray[Any], NDArray[np.bool]] | None:
    """Return (64-bit integers, where there is none) of a column of these that may have gaps.

    NumPy would make floats or objects of it. None for any other object.
    """
    kind = dtype_of(column)
    if (COLUMNS.isdisjoint(_kinds(column)) or not INT64.match(kind)
            or isinstance(getattr(column, "dtype", None), np.dtype)):
        return None
    if hasattr(column, "fill_null"):        # polars, pyarrow
        gaps, filled = column.is_null(), column.fill_null(0)
    else:
        gaps = column.isna()
        filled = column.to_numpy("uint64" if "uint" in kind else "int64", na_value=0)
    return np.asarray(filled), np.asarray(gaps)


def is_nullable(column: Any) -> bool:
    """Return whether a column is one of numbers in pandas that may have gaps beside NaN."""
    if not hasattr(column, "isna") or NAMED.isdisjoint(_kinds(column)):
        return False
    dtype = column.dtype
    return not isinstance(dtype, np.dtype) and getattr(dtype, "kind", "O") in "biuf"


def floats_with_gaps(column: Any) -> NDArray[np.float64] | None:
    """Return a nullable column of numbers of pandas as float64, NaN in its gaps; None for others.

    NumPy would make an array of objects of one with gaps, which is slow.
    """
    return column.to_numpy(np.float64, na_value=np.nan) if is_nullable(column) else None


def check_index(**values: Any) -> None:
    """Raise unless all that have an index of pandas have the same: NumPy would go by place.

    Raises
    ------
    ValueError
        For two with other indices, which are named.
    """
    first = None
    for name, value in values.items():
        if ("pandas", "NDFrame") not in _kinds(value):
            continue
        if first is None:
            first, index = name, value.index
        elif not value.index.equals(index):
            raise ValueError(f"{first} and {name} must have one index, which is not so: align them "
                             "first, or give arrays, which go by place")


# ---- columns ----

def _numbers(column: Any, convert: bool) -> NDArray[Any] | None:
    """Return a column as an array of numbers, or None"""
    array = _asarray(column)
    if array.ndim != 1:         # a column of lists or structures
        return None
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind != "O":
        return None
    items = array.ravel().tolist()
    gaps = np.array([_is_gap(item) for item in items], bool).reshape(array.shape)
    if not convert and not all(isinstance(item, bool | np.bool) or _is_gap(item)
                               for item in items):
        return None
    if not all(map(_is_number, items)):
        return None
    result = np.full(array.shape, np.nan)
    result[~gaps] = [float(item) for item in array[~gaps]]
    return result


def _asarray(column: Any) -> NDArray[Any]:
    """Return a column as an array, text as objects"""
    array = np.asarray(column)
    return array.astype(object) if array.dtype.kind in "UT" else array


def _is_gap(item: object) -> bool:
    return item is None or type(item).__name__ == "NAType"


def _is_number(item: Any) -> bool:
    """Return whether `item` is a gap, or a number, or the text of one"""
    if _is_gap(item):
        return True
    if not isinstance(item, Number | str | np.generic):
        return False
    try:
        float(item)         # type: ignore[arg-type]  # complex numbers fail
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def complaint(column: Any, label: Any, of_frame: bool) -> str:
    """Return what is wrong with a column that is no numbers"""
    which = f"its column {label!r} holds" if of_frame else "it holds"
    array = _asarray(column)
    if array.ndim != 1:
        return f"{which} {dtype_of(column)}"
    if array.dtype.kind != "O":
        return f"{which} {array.dtype}"
    stray = next(item for item in array.ravel() if not _is_number(item))
    return f"{which} {reprlib.repr(stray)}"
