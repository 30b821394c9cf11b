"""The dtype and layout rules of the package, for every input that is not already plain.

Kernels read a plain array in place: float32 or float64, C-contiguous, aligned, in native byte
order. A hot door recognises a plain array by itself and comes here only with other input.
"""
from __future__ import annotations

import contextlib
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

import mathwork._tables as tables
from mathwork._arguments import LONG, shown

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from typing import Final

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from mathwork._types import ComplexArray, ComplexDType, FloatArray, FloatDType

Scalar = TypeVar("Scalar", bound=np.generic)

# What NumPy raises for values of which it makes no array: ragged and deep lists, integers of any
# size beside floats, buffers of two axes, __array__ methods that return something else.
UNREADABLE: Final = (TypeError, ValueError, RecursionError, OverflowError, NotImplementedError)

MOST_AXES: Final = 64       # of an array in NumPy

PLAIN: Final = ("C_CONTIGUOUS", "ALIGNED")

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
COMPLEX64, COMPLEX128 = np.dtype(np.complex64), np.dtype(np.complex128)


def real_dtype(dtype: np.dtype[Any]) -> FloatDType | None:
    """Return float32 for float16 and float32, float64 for other real dtypes, None for any other."""
    if dtype.kind not in "biuf":
        return None
    return FLOAT32 if dtype.kind == "f" and dtype.itemsize <= 4 else FLOAT64


def float_dtype(dtype: DTypeLike) -> FloatDType:
    """Return `dtype` as float32 or float64 in native byte order."""
    try:
        # NumPy warns of this name of "S", and of a module that has a `dtype`.
        if isinstance(dtype, ModuleType) or (
                isinstance(dtype, str) and dtype.lstrip("<>=|").startswith("a")):
            raise TypeError
        found: np.dtype[Any] = np.dtype(dtype)
    except (TypeError, ValueError, RecursionError, SyntaxError, OverflowError):
        raise TypeError(f"dtype must be float32 or float64, got {shown(dtype)}") from None
    if dtype is None or found not in (np.float32, np.float64):
        raise TypeError("dtype must be float32 or float64, "
                        f"got {None if dtype is None else str(found)[:LONG]}")
    return found


def unmasked(value: object, name: str) -> NDArray[Any]:
    """Return `value` as an array of any dtype, never masked; of numbers if its columns have them.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a plain array, got a masked array: "
                        "fill or compress it first")
    try:
        array = np.asarray(value)
    except Exception as error:
        if isinstance(error, UNREADABLE) or tables.is_of_tables(error):
            raise unreadable(name, error) from None
        raise
    if array.dtype.hasobject and array is not value:
        numbers = tables.real_numbers(value, name, convert=False)
        return array if numbers is None else numbers
    return array


def unreadable(name: str, error: Exception) -> Exception:
    """Return the error for a value of which NumPy makes no array."""
    kind = TypeError if isinstance(error, (TypeError, NotImplementedError)) else ValueError
    return kind(f"{name} must be a regular array of real numbers: {error}")


def as_array(value: object, name: str) -> NDArray[Any]:
    """Return `value` as an array of real numbers in any layout, never masked.

    Objects in data frames are numbers if they can be: see mathwork._tables.

    Raises
    ------
    TypeError
        For complex numbers, objects, strings, structures and masked arrays.
    ValueError
        For nested sequences of unequal lengths.
    """
    array = unmasked(value, name)
    if real_dtype(array.dtype) is None:
        numbers = tables.real_numbers(value, name, convert=True)
        if numbers is not None:
            return numbers
        raise not_real(name, array)
    return array


def not_real(name: str, array: NDArray[Any]) -> TypeError:
    """Return the error for an array of a dtype without real numbers."""
    advice = ""
    if array.dtype.kind == "c":
        advice = ": take its .real, .imag or abs()"
    elif array.dtype == object and array.ndim > 0 and any(
            entry is None for entry in islice(array.flat, 10**5)):      # of any claimed size
        advice = ": None is no number, write NaN for a gap"
    return TypeError(f"{name} must hold real numbers, got dtype {array.dtype}{advice}")


def in_dtype(value: ArrayLike, dtype: DTypeLike) -> NDArray[Any]:
    """Return an array, or a number, as an array of `dtype`, in any layout.

    A number beyond the dtype becomes infinity, as IEEE says, and a signalling NaN a quiet one: in
    silence, whereas NumPy warns of both.
    """
    array = np.asarray(value)
    if array.dtype == dtype:
        return array
    with np.errstate(all="ignore"):
        return array.astype(dtype)


def plain_in(value: ArrayLike, dtype: DTypeLike) -> NDArray[Any]:
    """Return in_dtype(value, dtype) as a plain array."""
    array = in_dtype(value, dtype)
    flags = array.flags
    return array if flags.c_contiguous and flags.aligned else np.require(array, None, PLAIN)


def own_copy(value: ArrayLike, dtype: DTypeLike) -> NDArray[Any]:
    """Return a new array; np.array alone trusts an object that says it made one."""
    return np.array(np.asarray(value, dtype))


@overload
def as_plain(value: object, name: str, dtype: None = None) -> FloatArray: ...
@overload
def as_plain(value: object, name: str, dtype: type[Scalar] | np.dtype[Scalar]
             ) -> NDArray[Scalar]: ...
def as_plain(value: object, name: str, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """Return `value` as a plain array of `dtype` (default: the dtype by the dtype rules)."""
    array = as_array(value, name)
    return plain_in(array, dtype or real_dtype(array.dtype))    # type: ignore[arg-type]  # it is real


@overload
def as_plain_together(*, optional: tuple[()] = (), **values: object) -> list[FloatArray]: ...
@overload
def as_plain_together(*, optional: Container[str], **values: object) -> list[Any]: ...
def as_plain_together(*, optional: Container[str] = (), **values: object) -> list[Any]:
    """Return the values as plain arrays of their common dtype; None stays None where optional."""
    arrays = {name: as_array(value, name) for name, value in values.items()
              if value is not None or name not in optional}
    dtypes = {real_dtype(array.dtype) for array in arrays.values()}
    dtype = FLOAT64 if FLOAT64 in dtypes else FLOAT32
    return [plain_in(arrays[name], dtype) if name in arrays else None for name in values]


def for_each(value: object, name: str, shape: Sequence[int], dtype: DTypeLike) -> NDArray[Any]:
    """Return a new array of this shape, of one number for all or of a number for each."""
    array = as_array(value, name)
    if array.shape not in ((), tuple(shape)):
        raise ValueError(f"{name} must be one number or have shape {tuple(shape)}, "
                         f"got {array.shape}")
    with np.errstate(all="ignore"):
        return np.broadcast_to(array, shape).astype(dtype)


def joint_shape(shapes: dict[str, tuple[int, ...]], more: int = 0) -> tuple[int, ...]:
    """Return the shape that arrays of these names and shapes broadcast to.

    Raises
    ------
    ValueError
        For shapes that do not broadcast, and for so many axes that there is no room for `more`.
    """
    n = max(map(len, shapes.values()))
    check_axes(n, " and ".join(name for name in shapes if len(shapes[name]) == n), more)
    joint = []          # numpy.broadcast_shapes takes 32 axes at most
    for sizes in zip(*((1,) * (n - len(shape)) + shape for shape in shapes.values()), strict=True):
        large = {size for size in sizes if size != 1}
        if len(large) > 1:
            named = {name: shape for name, shape in shapes.items() if shape}
            raise ValueError(f"{' and '.join(named)} must have shapes that broadcast, got "
                             f"{' and '.join(map(str, named.values()))}")
        joint.append(large.pop() if large else 1)
    return tuple(joint)


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the joint shape of operands without names; a ValueError counts them."""
    return joint_shape({f"operand {k}": shape for k, shape in enumerate(shapes, 1)})


def broadcast(*arrays: ArrayLike) -> list[NDArray[Any]]:
    """Return arrays in their joint shape; numpy.broadcast_arrays takes 32 axes at most."""
    shape = broadcast_shape(*map(np.shape, arrays))
    return [np.broadcast_to(array, shape) for array in arrays]


def check_axes(n: int, name: str, more: int) -> None:
    """Raise unless an array can have n axes and `more`."""
    if n + more > MOST_AXES:
        raise ValueError(f"{name} must have at most {MOST_AXES - more} axes, got {n}")


# ---- complex numbers, which no kernel computes with ----

def holds_complex(value: object) -> bool:
    """Return whether NumPy makes a complex array of `value`."""
    if not isinstance(value, np.ndarray):
        with contextlib.suppress(ValueError):       # whoever reads it explains it
            value = np.asarray(value)
    return isinstance(value, np.ndarray) and value.dtype.kind == "c"


def complex_dtype(dtype: np.dtype[Any]) -> ComplexDType | None:
    """Return complex64 for complex64 and reals of its precision, complex128 for other numbers."""
    if dtype.kind == "c":
        return COMPLEX64 if dtype.itemsize <= COMPLEX64.itemsize else COMPLEX128
    real = real_dtype(dtype)
    return real and (COMPLEX64 if real == FLOAT32 else COMPLEX128)


def as_complex(**values: object) -> list[ComplexArray]:
    """Return the values as plain arrays of their common complex dtype; nobody else sets a shape.

    Raises
    ------
    TypeError
        For objects, strings, structures and masked arrays.
    ValueError
        For nested sequences of unequal lengths.
    """
    arrays = {name: unmasked(value, name) for name, value in values.items()}
    dtypes = {complex_dtype(array.dtype) for array in arrays.values()}
    if None in dtypes:
        name, array = next((name, array) for name, array in arrays.items()
                           if complex_dtype(array.dtype) is None)
        raise TypeError(f"{name} must hold numbers, got dtype {array.dtype}")
    dtype = COMPLEX128 if COMPLEX128 in dtypes else COMPLEX64
    return [plain_in(array, dtype).view() for array in arrays.values()]


# ---- where results go ----

def check_out(out: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return `out` as an ndarray; raise unless it is writable and has this shape and dtype."""
    if not issubclass(type(out), np.ndarray) or isinstance(out, np.ma.MaskedArray):
        raise TypeError(f"out must be a {dtype} array, got {type(out).__name__}")
    if type(out) is not np.ndarray:
        out = np.ndarray.view(out, np.ndarray)      # a subclass may override its attributes
    if out.dtype.kind != dtype.kind or out.dtype.newbyteorder("=") != dtype:
        raise TypeError(f"out must have dtype {dtype}, got {out.dtype}")
    if out.shape != shape:
        raise ValueError(f"out must have shape {shape}, got {out.shape}")
    if not out.flags.writeable:
        raise ValueError("out must be writable, got a read-only array")
    return out


def writing_place(out: NDArray[Any] | None, shape: tuple[int, ...], dtype: np.dtype[Any],
                  *inputs: NDArray[Any] | None) -> NDArray[Any]:
    """Return the plain array that a kernel writes for `out` while it reads `inputs`.

    It is `out` itself if `out` is plain and shares no memory with an input; for a subclass it is
    its memory as an ndarray. Otherwise it is a new array, and the caller copies it into `out`.
    Inputs may be None.
    """
    if out is None:
        return np.empty(shape, dtype)
    out = check_out(out, shape, dtype)
    plain = out.dtype.isnative and all(out.flags[flag] for flag in PLAIN)
    if plain and not any(np.may_share_memory(out, array) for array in inputs if array is not None):
        return out
    return np.empty(shape, dtype)


def copied(result: NDArray[Any], out: NDArray[Any]) -> NDArray[Any]:
    """Copy `result` into `out`; return `out`."""
    out[...] = result
    return out
