"""The calls in a module of TorchScript, after `torch.jit.freeze` made constants of its weights."""
from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from mathwork.nn.graph import MisfitError, Value
from mathwork.nn.pytorch.machine import Memory, holds_samples, may_copy, plain_name, works_in_place
from mathwork.nn.pytorch.shapes import SHARING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mathwork.nn.pytorch.machine import Machine

# What is computed of lengths and choices.
PLAIN: dict[str, Callable[..., Any]] = {
    "aten::Bool": bool, "aten::Float": float, "aten::__getitem__": operator.getitem,
    "aten::__is__": operator.is_, "aten::__isnot__": operator.is_not,
    "aten::__not__": operator.not_, "aten::eq": operator.eq, "aten::ge": operator.ge,
    "aten::gt": operator.gt, "aten::le": operator.le, "aten::len": len, "aten::lt": operator.lt,
    "aten::ne": operator.ne, "prim::TupleIndex": operator.getitem,
    "prim::Uninitialized": lambda: None, "aten::format": lambda *texts: str(texts),
    **dict.fromkeys(("aten::Int", "aten::ScalarImplicit", "prim::NumToTensor",
                     "prim::unchecked_cast"), lambda x: x)}


class Script:
    """A graph of TorchScript, carried out on a Machine"""

    def __init__(self, torch: Any, graph: Any) -> None:
        self._torch, self._graph = torch, graph
        _, *inputs = graph.inputs()         # the first one is the module itself
        self.inputs = [each.debugName() for each in inputs]

    def run(self, machine: Machine) -> list[Any]:
        """The results for the input of the machine"""
        memory = Memory()
        memory.keep(self.inputs[0], machine.input)
        return self._block(self._graph, machine, memory, _never)

    def _block(self, block: Any, machine: Machine, memory: Memory,
               needed_after: Callable[[str], bool]) -> list[Any]:
        nodes = list(block.nodes())
        # The last node that needs each value.
        last = {name: at for at, node in enumerate(nodes) for name in _used(node)}
        results = [each.debugName() for each in block.outputs()]
        last |= dict.fromkeys(results, len(nodes))
        for at, node in enumerate(nodes):
            def still_used(name: str, at: int = at) -> bool:
                return last.get(name, -1) > at or needed_after(name)

            self._node(node, machine, memory, still_used)
        return [memory.known[name] for name in results]

    def _node(self, node: Any, machine: Machine, memory: Memory,
              still_used: Callable[[str], bool]) -> None:
        kind = node.kind()
        machine.enter(kind)
        inputs = [each.debugName() for each in node.inputs()]
        outputs = [each.debugName() for each in node.outputs()]
        args = [memory.known.get(each) for each in inputs]
        if kind == "prim::Constant":
            memory.keep(outputs[0], node.output().toIValue())
        elif kind in ("prim::ListConstruct", "prim::TupleConstruct"):
            memory.keep(outputs[0], args)
        elif kind in ("prim::ListUnpack", "prim::TupleUnpack"):
            for output, value in zip(outputs, memory.known[inputs[0]], strict=True):
                memory.keep(output, value, inputs[0])
        elif kind == "prim::If":
            self._choice(node, args[0], machine, memory, still_used)
        elif kind in PLAIN and not any(isinstance(each, Value) for each in args):
            memory.keep(outputs[0], PLAIN[kind](*args))
        elif kind.startswith("aten::"):
            function = (None if holds_samples(args)
                        else getattr(self._torch.ops.aten, kind.removeprefix("aten::")))
            name = kind.replace("::", ".")
            result = machine.call(name, function, tuple(args), {})
            in_place = works_in_place(kind, {})
            if in_place:
                memory.overwrite(inputs[0], result, still_used)
            shares = in_place or plain_name(name) in SHARING
            memory.keep(outputs[0], result, inputs[0] if shares else None,
                        may_copy(plain_name(name), args))
        else:
            raise MisfitError("has no counterpart in mathwork: give the module that was scripted")

    def _choice(self, node: Any, condition: Any, machine: Machine, memory: Memory,
                still_used: Callable[[str], bool]) -> None:
        """A condition of lengths is known; one of the numbers in the input is not"""
        if not isinstance(condition, bool):
            raise MisfitError("is a choice that depends on the numbers in the input")
        yes, no = node.blocks()
        results = self._block(yes if condition else no, machine, memory, still_used)
        for output, result in zip(node.outputs(), results, strict=True):
            memory.keep(output.debugName(), result)


def _never(name: str) -> bool:
    return False


def _used(node: Any) -> list[str]:
    """The names of all values that a node and the blocks in it need"""
    names = [each.debugName() for each in node.inputs()]
    for block in node.blocks():
        names += [each.debugName() for each in block.outputs()]
        for inner in block.nodes():
            names += _used(inner)
    return names
