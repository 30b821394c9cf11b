"""Functions and methods of PyTorch that arrange numbers, or do nothing in evaluation."""
from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from mathwork.nn.graph import Axis, MisfitError, Value, concatenate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from mathwork.nn.pytorch.machine import Machine


def identity(run: Machine, x: Value, *args: Any, **kwargs: Any) -> Value:
    """x as it is; a dtype among the arguments must be one of floating point"""
    for each in (*args, *kwargs.values()):
        if getattr(each, "is_floating_point", True) is False:
            raise MisfitError(f"makes {each} of the samples")
    return x


def copied(run: Machine, x: Value, *args: Any, **kwargs: Any) -> Value:
    """x with memory of its own"""
    return identity(run, x.of_lengths(x.lengths), *args, **kwargs)


def to_whole(run: Machine, x: Value, *args: Any) -> Value:
    raise MisfitError("makes whole numbers of the samples")


def dropout(run: Machine, x: Value, p: float = 0.5, training: bool = True, *rest: Any) -> Value:
    if training and p:
        raise MisfitError("drops numbers at random, also in evaluation: with "
                          "training=self.training it does not")
    return x


def nothing(run: Machine, *args: Any, **kwargs: Any) -> None:
    """A check"""


def lengths(shape: tuple[Any, ...]) -> list[Any]:
    """The lengths that a method has as its arguments, or as one sequence"""
    return list(shape[0]) if len(shape) == 1 and isinstance(shape[0], list | tuple) else [*shape]


def reshape(run: Machine, x: Value, *shape: Any, **named: Any) -> Value:
    wanted = lengths((*shape, *named.values()))
    if len(wanted) == 1 and getattr(wanted[0], "is_floating_point", None) is not None:
        return identity(run, x, *wanted)            # view(dtype)
    if wanted.count(-1) > 1:
        raise MisfitError(f"has the lengths {wanted}")
    return x.reshaped(wanted, keep_zeros=True)


def flatten(run: Machine, x: Value, start_dim: int = 0, end_dim: int = -1) -> Value:
    rank = x.rank
    start, end = (axis + rank if axis < 0 else axis for axis in (start_dim, end_dim))
    joined = x.lengths[start:end + 1]
    axes = [each for each in joined if isinstance(each, Axis)]
    if axes and len(joined) > 1 and any(each is not axes[0] and each != 1 for each in joined):
        raise MisfitError(f"with start_dim={start_dim}, end_dim={end_dim} does not leave one row a "
                     "sample")
    length: Any = axes[0] if axes else math.prod(joined)
    return x.reshaped([*x.lengths[:start], length, *x.lengths[end + 1:]], keep_zeros=True)


def squeeze(run: Machine, x: Value, dim: Any = None) -> Value:
    if dim is None:
        return x.squeezed(None)
    dims = [dim] if isinstance(dim, int) else list(dim)
    return x.squeezed([axis for axis in dims if x.lengths[axis] == 1])


def unsqueeze(run: Machine, x: Value, dim: int) -> Value:
    return x.unsqueezed([dim])


def transpose(run: Machine, x: Value, dim0: int, dim1: int) -> Value:
    order = list(range(x.rank))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return x.transposed(order)


def permute(run: Machine, x: Value, *dims: Any) -> Value:
    return x.transposed([axis % x.rank for axis in lengths(dims)])


def reverse_axes(run: Machine, x: Value) -> Value:
    return x.transposed(list(range(x.rank))[::-1])


def expand(run: Machine, x: Value, *shape: Any) -> Value:
    if tuple(lengths(shape)) not in (x.lengths, (-1,) * x.rank):
        raise MisfitError("repeats samples")
    return x


def join(run: Machine, tensors: Sequence[Any], dim: int = 0, axis: int | None = None) -> Value:
    values = [each if isinstance(each, Value) else run.array(each) for each in tensors]
    return concatenate(values, dim if axis is None else axis)


def stack(run: Machine, tensors: Sequence[Any], dim: int = 0) -> Value:
    if not all(isinstance(each, Value) for each in tensors):
        raise MisfitError("stacks constants beside samples")
    return concatenate([each.unsqueezed([dim]) for each in tensors], dim)


# ---- parts ----

def _known(run: Machine, x: Value) -> None:
    if run.guessed and run.is_input(x):
        raise MisfitError("takes a part of the input, whose number of columns is not known: give "
                          "shape=")


def getitem(run: Machine, x: Any, index: Any) -> Any:
    if not isinstance(x, Value):
        return x[index]             # of a shape, or of several results
    result, axis = x, 0
    places = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in places:
        at = places.index(Ellipsis)
        named = sum(each is not None and each is not Ellipsis for each in places)
        places[at:at + 1] = [slice(None)] * (x.rank - named)
    for each in places:
        if each is None:
            result = result.unsqueezed([axis])
            axis += 1
        elif isinstance(each, slice):
            if each != slice(None):
                result = _slice(run, result, each, axis)
            axis += 1
        elif isinstance(each, int):
            result = select(run, result, axis, each)
        else:
            result = index_select(run, result, axis, each)
            axis += 1
    return result


def _slice(run: Machine, x: Value, part: slice, axis: int) -> Value:
    if not all(isinstance(each, int | None) for each in (part.start, part.stop, part.step)):
        raise MisfitError(f"takes the part {part} of samples")
    if not isinstance(x.lengths[axis], Axis):
        _known(run, x)
    return x.sliced(part, axis)


def aten_slice(run: Machine, x: Value, dim: int = 0, start: Any = None, end: Any = None,
               step: int = 1) -> Value:
    if end is not None and end >= 2**31 - 1:
        end = None
    part = slice(start or None, end, step)
    return x if part == slice(None, None, 1) else _slice(run, x, part, dim)


def select(run: Machine, x: Value, dim: int, index: int) -> Value:
    _known(run, x)
    return x.chosen(index, dim)


def index_select(run: Machine, x: Value, dim: int, index: Any) -> Value:
    indices = np.asarray(run.array(index))
    if (indices != np.floor(indices)).any() or (hasattr(index, "dtype")
                                                and "bool" in str(index.dtype)):
        raise MisfitError("chooses by an array that holds no whole numbers")
    _known(run, x)
    return x.chosen(indices.astype(np.int64), dim)


def narrow(run: Machine, x: Value, dim: int, start: int, length: int) -> Value:
    return _slice(run, x, slice(start, start + length), dim)


def split(run: Machine, x: Value, split_size_or_sections: Any, dim: int = 0) -> list[Value]:
    _known(run, x)
    whole = x.shape[x.within(dim)]
    sizes = split_size_or_sections
    if isinstance(sizes, int):
        sizes = [min(sizes, whole - start) for start in range(0, whole, sizes)]
    stops = np.cumsum([0, *sizes]).tolist()
    if stops[-1] != whole:
        raise MisfitError(f"splits {whole} numbers into {list(sizes)}")
    return [x.sliced(slice(start, stop), dim)
            for start, stop in itertools.pairwise(stops)]


def chunk(run: Machine, x: Value, chunks: int, dim: int = 0) -> list[Value]:
    return split(run, x, -(-x.shape[x.within(dim)] // chunks), dim)


def unbind(run: Machine, x: Value, dim: int = 0) -> list[Value]:
    return [select(run, x, dim, index) for index in range(x.shape[x.within(dim)])]


# ---- what a tensor says of itself ----

def size(run: Machine, x: Value, dim: int | None = None) -> Any:
    return x.lengths if dim is None else x.lengths[dim]


def rank(run: Machine, x: Value) -> int:
    return x.rank


def attribute(run: Machine, x: Value, name: str) -> Any:
    if name == "shape":
        return x.lengths
    if name == "ndim":
        return x.rank
    if name in ("T", "mT"):
        return reverse_axes(run, x) if name == "T" else transpose(run, x, -1, -2)
    if name == "data":
        return x
    if name in ("device", "dtype", "requires_grad", "is_cuda"):
        return None
    raise MisfitError(f"asks samples for {name}")


IDENTITIES = ("alias", "bfloat16", "contiguous", "cpu", "cuda", "detach", "double", "float", "half",
              "requires_grad", "to", "type", "type_as")
COPIES = ("clone", "lift_fresh_copy", "to_copy")
# Whose results may share memory with their first argument.
SHARING = {*IDENTITIES, "chunk", "dropout", "alpha_dropout", "feature_alpha_dropout", "expand",
           "flatten", "getattr", "getitem", "narrow", "numpy_T", "permute", "reshape", "select",
           "slice", "split", "split_with_sizes", "squeeze", "swapaxes", "swapdims", "t",
           "transpose", "unbind", "unsqueeze", "view"}
CHECKS = ("assert", "assert_async", "assert_is_none", "assert_tensor_metadata",
          "sym_constrain_range_for_size")
SHAPES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(IDENTITIES, identity), **dict.fromkeys(COPIES, copied),
    **dict.fromkeys(CHECKS, nothing),
    **dict.fromkeys(("int", "long", "bool", "round", "floor", "ceil"), to_whole),
    **dict.fromkeys(("alpha_dropout", "dropout", "dropout1d", "feature_alpha_dropout",
                     "native_dropout"), dropout),
    **dict.fromkeys(("reshape", "unsafe_view", "view"), reshape),
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), transpose),
    **dict.fromkeys(("t", "numpy_T", "adjoint"), reverse_axes),
    **dict.fromkeys(("cat", "concat", "concatenate"), join),
    **dict.fromkeys(("size", "sym_size"), size),
    **dict.fromkeys(("dim", "ndimension"), rank),
    "chunk": chunk, "expand": expand, "flatten": flatten, "getattr": attribute, "getitem": getitem,
    "index_select": index_select, "narrow": narrow, "permute": permute, "select": select,
    "slice": aten_slice, "split": split, "split_with_sizes": split, "squeeze": squeeze,
    "stack": stack, "unbind": unbind, "unsqueeze": unsqueeze,
}
