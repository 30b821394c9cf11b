"""The calls that a module makes, from torch.fx, torch.export or TorchScript.

Each tracer gives a Program: a function that carries the calls out on a Machine. A module of
torch.nn with its own methods is one call; any other one is followed into.
"""
from __future__ import annotations

import contextlib
import logging
import operator
from typing import TYPE_CHECKING, NamedTuple

from mathwork.nn.graph import MisfitError, Value
from mathwork.nn.pytorch.machine import IN_PLACE, Memory, may_copy, plain_name, works_in_place
from mathwork.nn.pytorch.modules import CONTAINERS, IDENTITIES, apply
from mathwork.nn.pytorch.script import Script
from mathwork.nn.pytorch.shapes import SHARING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from mathwork.nn.pytorch.machine import Machine

TORCH = ("torch.nn.modules.",)
ROOT = "module"                 # the name of the module within the root that is traced
NOT_ONE = "gives {}, not one tensor: wrap it in a module that returns one of them"


class Program(NamedTuple):
    """What a module computes; `lengths` are those of its input, if it says them, else None."""

    run: Callable[[Machine], Value]
    lengths: tuple[int, ...] | None = None


def library_class(module: Any) -> str | None:
    """The class of torch.nn that decides what a module computes, or None if its own code does"""
    for kind in type(module).__mro__:
        if kind.__module__.startswith(TORCH):
            same = all(getattr(type(module), name, None) is getattr(kind, name, None)
                       for name in ("forward", "__call__"))
            return kind.__name__ if same and "forward" not in vars(module) else None
    return None


def is_leaf(module: Any) -> bool:
    """Whether a module is one call: of torch.nn, and no container"""
    kind = library_class(module)
    if kind is not None:
        return kind not in CONTAINERS
    return type(module).__module__.startswith(("torch.ao.", "torch.nn.quantized"))


def described(path: str, module: Any) -> str:
    """What messages call a module"""
    return f"{type(module).__name__} {path!r}" if path else type(module).__name__


# ---- torch.fx ----

def _proxy_class(torch: Any) -> Any:
    """torch.fx.Proxy that records `h += 1`, which changes h, as such and not as h + 1"""
    def method(function: Any) -> Any:
        def record(self: Any, other: Any) -> Any:
            return self.tracer.create_proxy("call_function", function, (self, other), {})
        return record
    return type("Proxy", (torch.fx.Proxy,),
                {f"__{name}__": method(getattr(operator, name)) for name in IN_PLACE
                 if hasattr(torch.Tensor, f"__{name}__")})


def by_fx(torch: Any, root: Any) -> Program:
    kind = _proxy_class(torch)

    class Tracer(torch.fx.Tracer):      # type: ignore[misc]  # of a library without types
        proxy_buffer_attributes = True          # what is done to buffers is not done now

        def is_leaf_module(self, module: Any, name: str) -> bool:
            return is_leaf(module)

        def proxy(self, node: Any) -> Any:
            return kind(node, self)

    graph = Tracer().trace(root)
    return Program(lambda run: _follow(torch, graph, root, run, {}))


def by_export(torch: Any, root: Any, shape: tuple[int, ...], dtype: Any, batch: int) -> Program:
    with _quiet():
        exported = torch.export.export(root, (torch.zeros((batch, *shape), dtype=dtype),))
    return of_exported(torch, exported)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch from logging tracebacks of what is only a try"""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    logger.addFilter(_no_record)
    try:
        yield
    finally:
        logger.removeFilter(_no_record)


def _no_record(record: logging.LogRecord) -> bool:
    return False


def of_exported(torch: Any, exported: Any) -> Program:
    """An ExportedProgram; the tensors that it was made with are the inputs of its graph"""
    held: dict[str, Any] = {}
    for spec in exported.graph_signature.input_specs:
        name = str(getattr(spec.arg, "name", ""))
        for store in (exported.state_dict, exported.constants):
            if spec.target is not None and spec.target in store:
                held[name] = store[spec.target]
    inputs = [node for node in exported.graph.nodes
              if node.op == "placeholder" and node.name not in held]
    _check_one_input([node.name for node in inputs])
    shape = inputs[0].meta["val"].shape
    lengths = tuple(length if isinstance(length, int) else 0 for length in shape)
    return Program(lambda run: _follow(torch, exported.graph, exported, run, held), lengths)


def _check_one_input(names: list[str]) -> None:
    if len(names) != 1:
        raise ValueError(f"its forward takes the inputs {', '.join(names) or 'none'}, a network "
                         "one: wrap it in a module that takes one tensor and splits it")


def _follow(torch: Any, graph: Any, root: Any, run: Machine, held: dict[str, Any]) -> Value:
    """Carry out the nodes of a torch.fx.Graph"""
    memory = Memory()
    known = memory.known
    done = set()
    for node in graph.nodes:
        done.add(node)
        if node.op == "placeholder":
            memory.keep(node, held.get(node.name, run.input))
            continue
        args = torch.fx.node.map_arg(node.args, known.__getitem__)
        kwargs = torch.fx.node.map_arg(node.kwargs, known.__getitem__)
        source = next(iter((*node.args, *node.kwargs.values())), None)
        source = source if source in known else None
        if node.op == "output":
            run.enter("its forward")
            return one_result(args[0])
        if node.op == "get_attr":
            memory.keep(node, operator.attrgetter(node.target)(root))
            continue
        if node.op == "call_module":
            module = root.get_submodule(node.target)
            kind = library_class(module)
            run.enter(described(node.target.removeprefix(ROOT).removeprefix("."), module))
            result = apply(run, module, kind, [*args, *kwargs.values()])
            shares = kind in IDENTITIES or kind == "Flatten"
            in_place, copies = getattr(module, "inplace", False), False
        else:
            name, function = _called(torch, node)
            run.enter(f"{name} ({node.name})")
            result = run.call(name, function, tuple(args), dict(kwargs))
            shares, in_place = plain_name(name) in SHARING, works_in_place(name, kwargs)
            copies = may_copy(plain_name(name), args)
        in_place = in_place and source is not None and (
            isinstance(known[source], Value) or hasattr(known[source], "clone"))
        if in_place:
            memory.overwrite(source, result, lambda other: not done.issuperset(other.users))
        memory.keep(node, result, source if shares or in_place else None, copies)
    raise MisfitError("gives nothing")


def _called(torch: Any, node: Any) -> tuple[str, Callable[..., Any]]:
    """(name, function) of a call"""
    target = node.target
    if node.op == "call_method":
        return target, lambda x, *args, **kwargs: getattr(x, target)(*args, **kwargs)
    if hasattr(target, "overloadpacket"):           # torch.ops.aten.relu.default
        name = target.overloadpacket.__name__
        return f"aten.{name}", target
    name = getattr(target, "__name__", repr(target))
    homes = (operator, torch, torch.nn.functional, torch.special, torch._C._nn, torch.Tensor)
    known = target is getattr or any(getattr(home, name, None) is target for home in homes)
    home = getattr(target, "__module__", None) or ""
    if known or home.startswith(("torch.", "_operator", "math")):
        return name, target
    return f"{home}.{name}", target


def one_result(result: Any) -> Value:
    """The one tensor that a module gives"""
    if isinstance(result, dict):
        if len(result) != 1:
            raise MisfitError(NOT_ONE.format(f"the results {', '.join(map(repr, result))}"))
        result = next(iter(result.values()))
    if isinstance(result, tuple | list):
        if len(result) != 1:
            raise MisfitError(NOT_ONE.format(f"{len(result)} results"))
        return one_result(result[0])
    if not isinstance(result, Value):
        raise MisfitError("does not depend on the input")
    return result


# ---- TorchScript ----

def of_script(torch: Any, module: Any) -> Program:
    """A module of torch.jit in evaluation"""
    graph = torch.jit.freeze(module).graph
    torch._C._jit_pass_inline(graph)
    script = Script(torch, graph)
    _check_one_input(script.inputs)

    def run(machine: Machine) -> Value:
        results = script.run(machine)
        machine.enter("its forward")
        return one_result(results)
    return Program(run)
