"""What a caller gives as a network of PyTorch, and the reading of it."""
from __future__ import annotations

import contextlib
import inspect
import math
from typing import TYPE_CHECKING

import numpy as np

import mathwork.nn.pytorch.tracing as tracing
from mathwork._arguments import shown
from mathwork._extras import extra
from mathwork.nn.graph import MisfitError
from mathwork.nn.graph.chaining import MOST_INPUTS
from mathwork.nn.pytorch.machine import Machine
from mathwork.nn.pytorch.operations import OPERATIONS
from mathwork.nn.pytorch.policies import network_of_policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import DTypeLike

    from mathwork.nn.residual import AnyLayer

# Modules around another one that computes the same.
WRAPPERS = {("torch._dynamo.eval_frame", "OptimizedModule"): "_orig_mod",
            ("torch.nn.parallel.data_parallel", "DataParallel"): "module",
            ("torch.nn.parallel.distributed", "DistributedDataParallel"): "module"}
BATCH = 97                      # rows of an example: a prime, which no layer is likely to have
MOST_TRIES = 20                 # numbers of columns that are tried


def layers(given: Any, shape: Any, dtype: DTypeLike | None) -> list[AnyLayer]:
    """Return the layers of a module, or what else Network.from_torch takes."""
    bases = {(kind.__module__, kind.__name__) for kind in type(given).__mro__}
    exported = any(name == "ExportedProgram" and home.startswith("torch.export")
                   for home, name in bases)
    if not exported and ("torch.nn.modules.module", "Module") not in bases:
        raise _no_module(given)
    torch = extra("torch", "read a module of PyTorch")
    with torch.no_grad(), np.errstate(all="ignore"):     # weights may be infinite or NaN
        if exported:
            return _read(tracing.of_exported(torch, given), _tensors(given), shape, dtype)
        module = _unwrapped(given)
        policy = network_of_policy(torch, module)
        if policy is not None:
            module, count = policy
            shape = count if shape is None else shape
        with _in_evaluation(module):
            return _of_module(torch, module, shape, dtype)


def _no_module(given: Any) -> TypeError:
    if isinstance(given, dict):
        return TypeError("module must be a torch.nn.Module, got a dict: a state_dict does not say "
                         "what is computed; mathwork.nn.load(state_dict, activations=...) takes it")
    advice = ": give its policy" if hasattr(given, "policy") and hasattr(given, "predict") else ""
    return TypeError(f"module must be a torch.nn.Module, got {type(given).__name__}{advice}")


def _unwrapped(module: Any) -> Any:
    for _ in range(10):
        inner = next((name for kind in type(module).__mro__
                      if (name := WRAPPERS.get((kind.__module__, kind.__name__)))), None)
        if inner is None:
            break
        module = getattr(module, inner)
    return module


def _tensors(given: Any) -> list[Any]:
    """The tensors that a module or an ExportedProgram holds"""
    held = given.state_dict() if callable(given.state_dict) else given.state_dict
    return [each for each in held.values() if hasattr(each, "numel") and hasattr(each, "ndim")]


@contextlib.contextmanager
def _in_evaluation(module: Any) -> Iterator[None]:
    """Set a module and its parts to evaluation, and back"""
    training = [each for each in module.modules() if each.training]
    try:
        for each in training:
            each.training = False
        yield
    finally:
        for each in training:
            each.training = True


def _of_module(torch: Any, module: Any, shape: Any, dtype: DTypeLike | None) -> list[AnyLayer]:
    name = type(module).__name__
    if tracing.library_class(module) in ("ModuleDict", "ModuleList"):
        raise ValueError(f"{name} has no counterpart in mathwork: it has no forward; in the order "
                         "of its modules it is nn.Sequential(*modules)")
    if isinstance(module, torch.jit.ScriptModule):
        return _read(tracing.of_script(torch, module), _tensors(module), shape, dtype)
    _check_parts(module, "", ())
    _check_signature(module, name)

    class Root(torch.nn.Module):        # type: ignore[misc]  # of a library without types
        """Calls the module as a part, so that it is found with its hooks and its own forward"""

        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, x: Any) -> Any:
            return self.module(x)

    root = Root()
    root.training = False
    tensors = _tensors(module)
    try:
        program = tracing.by_fx(torch, root)
    except Exception as error:      # the module's own code ran, on what are not tensors
        return _by_example(torch, root, tensors, shape, dtype, error)
    return _read(program, tensors, shape, dtype)


def _by_example(torch: Any, root: Any, tensors: list[Any], shape: Any, dtype: DTypeLike | None,
                error: Exception) -> list[AnyLayer]:
    """Read a module whose code asks for lengths and the like, by an example of its input"""
    kind = next((each.dtype for each in tensors if each.dtype.is_floating_point), torch.float32)
    for lengths in _shapes(tensors, shape):
        try:
            program = tracing.by_export(torch, root, lengths, kind, BATCH)
        except Exception as failed:     # of many kinds, also for a wrong number of columns
            error = failed
            if "data-dependent" in str(failed):
                break
            continue
        return _read(program, tensors, lengths, dtype)
    reason = (str(error) or repr(error)).strip().splitlines()[0][:300].rstrip(". ")
    guessed = "" if shape is not None or "data-dependent" in str(error) else (
        "Give shape=, the number of columns of its input, if no Linear takes these as they are. ")
    raise ValueError(f"{type(root.module).__name__} cannot be traced: {reason}. {guessed}What its "
                     "forward does must not depend on the numbers in its input; a part of it that "
                     "makes no such choice can be read")


def _check_parts(module: Any, path: str, within: tuple[Any, ...]) -> None:
    """Refuse modules with hooks, without weights, and that contain themselves"""
    where = tracing.described(path, module)
    if any(module is outer for outer in within):
        raise ValueError(f"{where} contains itself")
    if type(module).__name__.startswith("Lazy") and module.has_uninitialized_params():
        raise ValueError(f"{where} has no weights yet: call the module first")
    if getattr(module, "_forward_hooks", None) or getattr(module, "_forward_pre_hooks", None):
        raise ValueError(f"{where} has no counterpart in mathwork: it has forward hooks, which are "
                         "not kept")
    for name, child in module._modules.items():
        if child is not None:
            _check_parts(child, f"{path}.{name}" if path else name, (*within, module))


def _check_signature(module: Any, name: str) -> None:
    parameters = inspect.signature(module.forward).parameters.values()
    needed = [each.name for each in parameters
              if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL,
                                                                  each.VAR_KEYWORD)]
    if len(needed) > 1:
        raise ValueError(f"{name} has no counterpart in mathwork: its forward takes the inputs "
                         f"{', '.join(needed)}, a network one: wrap it in a module that takes one "
                         "tensor and splits it")


# ---- the shape of the input ----

def _shapes(tensors: list[Any], shape: Any) -> list[tuple[int, ...]]:
    """The shapes of a sample to try: the one that is given, or what the weights suggest"""
    if shape is not None:
        return [_checked_shape(shape)]
    columns: list[int]
    columns = [int(each.shape[1]) for each in tensors if each.ndim == 2]
    columns += [int(each.shape[0]) for each in tensors if each.ndim == 2]
    columns += [int(each.shape[-1]) for each in tensors if each.ndim == 1]
    shapes: list[tuple[int, ...]] = [(count,) for count in dict.fromkeys(columns) if count]
    return shapes[:MOST_TRIES]


def _checked_shape(shape: Any) -> tuple[int, ...]:
    lengths = tuple(shape) if isinstance(shape, list | tuple) else (shape,)
    if not lengths or not all(type(each) is int and each > 0 for each in lengths):
        raise ValueError("shape must be the number of columns of a row, or the shape of one "
                         f"sample, got {shown(shape)}")
    if math.prod(lengths) > MOST_INPUTS:
        raise ValueError(f"shape must be of a sample of at most {MOST_INPUTS} numbers, "
                         f"got {shown(shape)}")
    return lengths


def _read(program: tracing.Program, tensors: list[Any], shape: Any, dtype: DTypeLike | None
          ) -> list[AnyLayer]:
    """Run a program on an input of the right shape, and return the layers that it makes"""
    held = sum(each.numel() for each in tensors)
    batch = 0
    if program.lengths is not None:
        batch = program.lengths[0]
        shapes = [program.lengths[1:]]
    else:
        shapes = _shapes(tensors, shape)
    best, furthest = ValueError("the network has no linear layer"), -1
    given = "" if shape is None else f", with shape = {shown(shape)}"
    for lengths in shapes or [(1,)]:
        run = Machine(OPERATIONS, lengths, held, shape is None and program.lengths is None, batch)
        try:
            result = program.run(run)
            run.enter("")
            layers = run.reading.layers([run.input], [result], dtype)
            if shapes:
                return layers
        except MisfitError as misfit:
            if run.steps > furthest:
                best, furthest = ValueError(f"{run.where} {misfit}{given}".strip()), run.steps
    raise best from None
