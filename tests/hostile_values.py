"""Awkward arguments: one generator for every test that gives a function what it does not expect.

`VALUES` are objects for any argument. `VARIANTS` are made of the right array: in another layout,
where the result must be the same (`SAME`), or with another dtype, shape, type or other numbers.
Each is a function that makes a new object, so that no case sees what another one has used up.
"""
import array
import collections
import contextlib
import ctypes
import decimal
import fractions
import itertools
import struct
import tempfile

import numpy as np
from arrays import LAYOUTS, Subclass
from numpy.lib.stride_tricks import as_strided

with contextlib.suppress(ImportError):
    import pandas
with contextlib.suppress(ImportError):
    import polars

BEYOND = 10**5000       # Python refuses to print an integer of more than 4300 digits
HUGE = 2**40            # rows of an array that no memory holds


class OwnError(Exception):
    """What the objects here raise: it may pass through the package, and nothing else may."""


# ---- objects that lie, and objects that raise ----

ASKED = ("__array__", "__len__", "__index__", "__float__", "__int__", "__complex__", "__iter__",
         "__getitem__", "__repr__", "__eq__", "__hash__", "__bool__", "__pos__", "__neg__",
         "__mul__", "__lt__", "__array_interface__", "__fspath__", "__call__", "__next__")


def raising(*names):
    """Return an object of which these methods raise OwnError"""
    def method(self, *_, **__):
        raise OwnError(names[0])

    return type("Raising", (), dict.fromkeys(names, method) | (
        {"__hash__": None} if "__eq__" in names and "__hash__" not in names else {}))()


def raising_attributes():
    class Raising:
        def __getattr__(self, name):
            raise OwnError(name)

    return Raising()


def saying(**answers):
    """Return an object with methods of these names and answers"""
    return type("Saying", (), {f"__{name}__": lambda self, *_, answer=answer, **__: answer
                               for name, answer in answers.items()})()


class Claims:
    """An object that says to be a float"""

    __class__ = float


class Answering(float):
    """A float that answers ufuncs, with nothing"""

    def __array_ufunc__(self, *_, **__):
        return None


class ListOfMany(list):
    """A list that is shorter than it says"""

    def __len__(self):
        return 2**40


class Text(str):
    """Text that is equal to everything"""

    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


class OfItself:
    """A sequence of one item: itself"""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        if index:
            raise IndexError
        return self


def holding_itself():
    items = [1.0, 2.0]
    items.append(items)
    return items


def only_itself():
    items = []
    items.append(items)
    return items


def mapping_of_itself():
    items = {}
    items["a"] = items
    return items


def nested(depth):
    items = [1.0]
    for _ in range(depth):
        items = [items]
    return items


VERY_DEEP = nested(10_000)

VALUES = {
    # constants and scalars
    "None": lambda: None,
    "NotImplemented": lambda: NotImplemented,
    "Ellipsis": lambda: Ellipsis,
    "True": lambda: True,
    "False": lambda: False,
    "0": lambda: 0,
    "3": lambda: 3,
    "-1": lambda: -1,
    "2**31": lambda: 2**31,
    "2**62": lambda: 2**62,
    "2**63": lambda: 2**63,
    "-2**63 - 1": lambda: -2**63 - 1,
    "2**64": lambda: 2**64,
    "10**400": lambda: 10**400,
    "10**5000": lambda: BEYOND,
    "-10**5000": lambda: -BEYOND,
    "0.5": lambda: 0.5,
    "-0.0": lambda: -0.0,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: float("-inf"),
    "1e308": lambda: 1e308,
    "5e-324": lambda: 5e-324,
    "1 + 2j": lambda: 1 + 2j,
    "Decimal": lambda: decimal.Decimal("0.1"),
    "Decimal of 999999": lambda: decimal.Decimal("1e999999"),
    "Decimal of -999999": lambda: decimal.Decimal("1e-999999"),
    "signalling NaN": lambda: decimal.Decimal("sNaN"),
    "Fraction": lambda: fractions.Fraction(1, 3),
    "Fraction of 5000 digits": lambda: fractions.Fraction(BEYOND, 3),
    "float32": lambda: np.float32(0.5),
    "float32 of a signalling NaN": lambda: np.array(0x7f800001, np.uint32).view(np.float32)[()],
    "float of a signalling NaN": lambda: struct.unpack("d", b"\1\0\0\0\0\0\xf0\x7f")[0],
    "array of a signalling NaN": lambda: np.array(0x7f800001, np.uint32).view(np.float32),
    "float that answers NumPy": lambda: Answering(0.5),
    "float16": lambda: np.float16(0.5),
    "longdouble": lambda: np.longdouble("1e400"),
    "int8": lambda: np.int8(-1),
    "uint64": lambda: np.uint64(2**64 - 1),
    "numpy bool": lambda: np.True_,
    "complex64": lambda: np.complex64(1j),
    "NaT": lambda: np.datetime64("NaT"),
    "timedelta": lambda: np.timedelta64(3, "D"),
    "masked": lambda: np.ma.masked,
    "a type": lambda: float,
    "a dtype": lambda: np.dtype([("a", "f8")]),
    "a function": lambda: len,
    "a module": lambda: np,
    "an object": object,
    # text and bytes
    "empty text": lambda: "",
    "text": lambda: "hostile",
    "a digit": lambda: "3",
    "surrogate": lambda: "\ud800",
    "NUL": lambda: "a\0b",
    "long text": lambda: "9" * 10**5,
    "equal to all": lambda: Text("x"),
    "bytes": lambda: b"\xff\x00",
    "bytearray": lambda: bytearray(16),
    "memoryview": lambda: memoryview(bytes(16)),
    "memoryview of two axes": lambda: memoryview(bytes(16)).cast("B", (4, 4)),
    "array.array": lambda: array.array("d", [1.0, 2.0, 3.0]),
    "ctypes array": lambda: (ctypes.c_double * 3)(1.0, 2.0, 3.0),
    # containers
    "empty list": lambda: [],
    "list": lambda: [1.0, 2.0, 3.0],
    "integers": lambda: [1, 2],
    "empty tuple": lambda: (),
    "tuple": lambda: (4.0, 5.0),
    "long integers": lambda: [2**70, -2**80],
    "very long integers": lambda: [BEYOND, 1],
    "ragged": lambda: [[1.0, 2.0], [3.0]],
    "holding itself": holding_itself,
    "only itself": only_itself,
    "mapping of itself": mapping_of_itself,
    "70 deep": lambda: nested(70),
    "10000 deep": lambda: VERY_DEEP,
    "list of text": lambda: ["a", "b"],
    "list of None": lambda: [None, None],
    "list of objects": lambda: [object()],
    "list of Decimals": lambda: [decimal.Decimal("1e999999"), decimal.Decimal("NaN")],
    "list of complex": lambda: [1j, 2.0],
    "list that says more": lambda: ListOfMany([1.0, 2.0]),
    "list of arrays": lambda: [np.ones(2), np.ones(3)],
    "dict": lambda: {"a": 1.0},
    "set": lambda: {1.0, 2.0},
    "deque": lambda: collections.deque([1.0, 2.0]),
    "range": lambda: range(3),
    "long range": lambda: range(2**62),
    "slice": lambda: slice(None),
    "generator": lambda: (float(number) for number in range(3)),
    "count": itertools.count,
    "file": tempfile.TemporaryFile,
    # arrays
    "one number": lambda: np.array(1.5),
    "one integer": lambda: np.array(2),
    "vector": lambda: np.array([1.0, 2.0, 3.0]),
    "of one": lambda: np.array([1.0]),
    "empty": lambda: np.array([]),
    "empty matrix": lambda: np.empty((0, 0)),
    "no rows of many": lambda: np.empty((0, HUGE)),
    "many empty rows": lambda: np.empty((HUGE, 0)),
    "many empty matrices": lambda: np.empty((HUGE, 0, 0)),
    "structure": lambda: np.zeros(3, [("a", "f8"), ("b", "i4")]),
    "strings": lambda: np.array(["1", "2"]),
    "string dtype": lambda: np.array(["1", "2"], np.dtypes.StringDType()),
    "void": lambda: np.zeros(2, "V8"),
    "dates": lambda: np.array(["2000-01-01", "NaT"], "M8[D]"),
    "objects": lambda: np.array([object(), None]),
    "holds itself": lambda: array_of_itself(),
    "no masked": lambda: np.ma.array([1.0, 2.0], mask=[True, False]),
    "record": lambda: np.rec.array([(1.0, 2)], dtype=[("a", "f8"), ("b", "i4")]),
    "overflowing": lambda: np.broadcast_to(np.float64(1), (2**31, 2**31 - 1)),
    "of 2**62": lambda: np.broadcast_to(np.float32(1), 2**61),
    "strided overflow": lambda: as_strided(np.ones(1), (2**30, 2**30), (0, 0)),
    "of 63 axes": lambda: np.ones((1,) * 63),
    "of 64 axes": lambda: np.ones((1,) * 64),
    # objects
    **{f"{name} raises": lambda name=name: raising(name) for name in ASKED},
    "every method raises": lambda: raising(*ASKED),
    "every attribute raises": raising_attributes,
    "__len__ of -1": lambda: saying(len=-1, getitem=1.0),
    "__len__ of 2**62": lambda: saying(len=2**62, getitem=1.0),
    "__len__ of text": lambda: saying(len="3", getitem=1.0),
    "__getitem__ without end": lambda: saying(getitem=1.0),
    "__getitem__ of itself": OfItself,
    "__index__ of text": lambda: saying(index="3"),
    "__index__ of -1": lambda: saying(index=-1),
    "__float__ of text": lambda: saying(float="3"),
    "__float__ of nan": lambda: saying(float=float("nan")),
    "__array__ of text": lambda: saying(array="3"),
    "__array__ of None": lambda: saying(array=None),
    "__array__ of objects": lambda: saying(array=np.array([None])),
    "__array__ of numbers": lambda: saying(array=np.array([1.0, 2.0])),
    "__array_interface__ of nothing": lambda: saying_attribute("__array_interface__", {}),
    "__iter__ of 3": lambda: saying(iter=3),
    "__eq__ of an array": lambda: saying(eq=np.array([True, False]), hash=1),
    "__bool__ of 3": lambda: saying(bool=3),
    "__hash__ of text": lambda: saying(hash="3"),
    "__repr__ of 3": lambda: saying(repr=3),
    "says to be a float": Claims,
}


def array_of_itself():
    items = np.empty(2, object)
    items[:] = 1.0
    items[1] = items
    return items


def saying_attribute(name, answer):
    return type("Saying", (), {name: answer})()


# ---- arrays made of the right one ----

def _memmap(array):
    with tempfile.TemporaryFile() as file:      # the map keeps its memory
        found = np.memmap(file, array.dtype, "w+", shape=array.shape or (1,))
    found[...] = array
    return found.reshape(array.shape)


def _with(number):
    def made(array):
        copy = array.astype(np.result_type(array.dtype, np.float32))
        if copy.size:
            copy.flat[copy.size // 2] = number
        return copy
    return made


def _many(array):
    """The same row, as often as no memory could hold"""
    rest = array.shape[1:] if array.ndim else ()
    return np.broadcast_to(array[:1] if array.ndim else array, (HUGE, *rest))


# In these the numbers are the same, and so must be the result.
SAME = {**LAYOUTS, "memmap": _memmap, "list of it": np.ndarray.tolist}

VARIANTS = {
    **SAME,
    "its first row everywhere": lambda array: np.broadcast_to(array[:1], array.shape),
    "masked": lambda array: np.ma.array(array),
    "one masked": lambda array: np.ma.array(array, mask=np.arange(array.size).reshape(
        array.shape) == 0),
    "matrix subclass": lambda array: array.astype(float).view(Subclass),
    "float16": lambda array: array.astype(np.float16),
    "float32": lambda array: array.astype(np.float32),
    "longdouble": lambda array: array.astype(np.longdouble),
    "longdouble beyond": lambda array: array.astype(np.longdouble) * np.longdouble("1e4000"),
    "complex64": lambda array: array.astype(np.complex64),
    "complex": lambda array: array * (1 + 1j),
    "complex of no imaginary part": lambda array: array.astype(complex),
    "long complex": lambda array: array.astype(np.clongdouble),
    "int8": lambda array: array.astype(np.int8),
    "uint64": lambda array: np.abs(array).astype(np.uint64) + np.uint64(2**63),
    "bool": lambda array: array != 0,
    "objects": lambda array: array.astype(object),
    "objects with one None": lambda array: _object_in(array, None),
    "objects with one long integer": lambda array: _object_in(array, BEYOND),
    "objects with one Decimal": lambda array: _object_in(array, decimal.Decimal("1e999999")),
    "objects with a signalling NaN": lambda array: _object_in(array, decimal.Decimal("sNaN")),
    "Fractions": lambda array: np.vectorize(fractions.Fraction, otypes=[object])(
        array.astype(float)),
    "text": lambda array: array.astype(str),
    "bytes": lambda array: array.astype("S8"),
    "dates": lambda array: array.astype("M8[s]"),
    "durations": lambda array: array.astype("m8[s]"),
    "structures": lambda array: array.astype([("a", array.dtype)]),
    "nan in it": _with(np.nan),
    # Its conversion to another dtype is an invalid operation, of which NumPy warns.
    "signalling NaN of float16": lambda array: _signalling(array, np.float16, 0x7d01),
    "signalling NaN of float32": lambda array: _signalling(array, np.float32, 0x7f800001),
    "signalling NaN of float64": lambda array: _signalling(array, np.float64, 0x7ff0000000000001),
    "signalling NaN of complex64": lambda array: _signalling(array, np.complex64, 0x7f800001),
    "inf in it": _with(np.inf),
    "-inf in it": _with(-np.inf),
    "1e308 in it": lambda array: _with(1e308)(array.astype(float)),
    "denormal in it": lambda array: _with(5e-324)(array.astype(float)),
    "only denormals": lambda array: np.full(array.shape, 5e-324),
    "only 1e308": lambda array: np.full(array.shape, -1e308),
    "only nan": lambda array: np.full(array.shape, np.nan),
    "zeros": lambda array: np.zeros(array.shape, array.dtype),
    "negative": lambda array: -array,
    "its first row": lambda array: array[0],
    "without its last row": lambda array: array[:-1],
    "no row": lambda array: array[:0],
    "an axis more": lambda array: array[None],
    "an axis at the end": lambda array: array[..., None],
    "an empty axis": lambda array: np.broadcast_to(array, (0, *array.shape)),
    "transposed": lambda array: array.T,
    "of 63 axes": lambda array: array.reshape((1,) * (63 - array.ndim) + array.shape),
    "of 64 axes": lambda array: array.reshape((1,) * (64 - array.ndim) + array.shape),
    "without end": _many,
    "many of it": lambda array: np.broadcast_to(array, (HUGE, *array.shape)),
    "tuples": lambda array: tuple(map(tuple, array)) if array.ndim > 1 else tuple(array.tolist()),
    "rows in a list": lambda array: list(array),
    "ragged": lambda array: [*array.tolist(), []],
    "generator": lambda array: (row for row in array),
    "memoryview": lambda array: memoryview(np.ascontiguousarray(array)),
    "ctypes": lambda array: np.ctypeslib.as_ctypes(np.ascontiguousarray(array, float)),
}


def _signalling(array, dtype, bits):
    copy = array.astype(dtype)
    copy.reshape(-1)[copy.size // 2:].view(f"u{copy.real.itemsize}")[0] = bits
    return copy


def _object_in(array, item):
    copy = array.astype(object)
    copy.flat[copy.size // 2] = item
    return copy


if "pandas" in globals():
    VALUES |= {
        "pandas.NA": lambda: pandas.NA,
        "pandas.NaT": lambda: pandas.NaT,
        "Series of text": lambda: pandas.Series(["a", "b"]),
        "Series of NA": lambda: pandas.Series([1, None], dtype="Int64"),
        "empty DataFrame": lambda: pandas.DataFrame(),
        "DataFrame of objects": lambda: pandas.DataFrame({"a": [1, None], "b": ["x", object()]}),
    }
    VARIANTS["pandas"] = lambda array: (
        pandas.DataFrame(array) if array.ndim == 2 else pandas.Series(array))
if "polars" in globals():
    VALUES |= {
        "polars Series of null": lambda: polars.Series([1, None]),
        "polars of lists": lambda: polars.Series([[1.0], [2.0, 3.0]]),
        "empty polars": lambda: polars.DataFrame(),
    }
    VARIANTS["polars"] = lambda array: (
        polars.DataFrame(array) if array.ndim == 2 else polars.Series(array))
