"""An ONNX graph read as a chain of dense layers.

The nodes that the wanted outputs need are followed from the inputs, whatever their order in the
file. The other nodes are not read. A node that is no step of a network is refused by its name.
"""
from __future__ import annotations

import contextlib
from reprlib import repr as short
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from mathwork._arguments import items, shown
from mathwork.nn.formats.onnx_arranging import OF_SHAPES, kept_rows
from mathwork.nn.formats.onnx_folding import fold
from mathwork.nn.formats.onnx_layouts import layouts
from mathwork.nn.formats.onnx_nodes import STANDARD, Node
from mathwork.nn.formats.onnx_operators import OURS, STEPS, is_ours
from mathwork.nn.formats.onnx_tensors import (
    TYPES,
    Constants,
    check_lengths,
    check_type,
    declared_count,
)
from mathwork.nn.graph import MisfitError, Reading, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import DTypeLike
    from onnx import FunctionProto, ModelProto, ValueInfoProto

    from mathwork.nn.residual import AnyLayer

MOST = 10_000                   # nodes, and all else; the deepest networks have some hundreds
MOST_NAMES = 1000
MOST_CALLS = 50                 # of functions within functions
OLDEST_OPSET = 6                # the first without `consumed_inputs`
# Integers that may be the samples, where they are cast first; the network takes real numbers.
WHOLE = {getattr(TensorProto, f"{sign}INT{bits}") for sign in ("", "U") for bits in (8, 16, 32, 64)}


def layers(model: ModelProto, folder: Path | None, inputs: str | Iterable[str] | None = None,
           outputs: str | Iterable[str] | None = None, dtype: DTypeLike | None = None
           ) -> list[AnyLayer]:
    """Return the layers of an onnx.ModelProto; its external data must lie in `folder`."""
    opset = _checked_opset(model)
    constants = Constants(model.graph.initializer, folder)
    graph = Graph(model, opset, constants)
    wanted = graph.wanted_outputs(outputs)
    given = graph.wanted_inputs(inputs, wanted)
    order = graph.order(wanted, given)
    entries = [graph.entry(name) for name in given]
    best: tuple[int, ValueError] | None = None
    with np.errstate(all="ignore"):         # infinity and NaN are allowed
        for lengths, known in layouts(entries, order, constants):
            reading = Reading(graph.held, graph.dtype(given))
            run = _Run(graph, reading, wanted)
            try:
                found = [reading.input(each, f"its input {short(name)}")
                         for name, each in zip(given, lengths, strict=True)]
                run.follow(order, dict(zip(given, found, strict=True)))
                result = reading.layers(found, [run.output(name) for name in wanted], dtype)
                if known:
                    return result
            except ValueError as error:
                # The layout that led furthest is the one that the model was meant for. Frames of
                # an error hold the arrays of its layout.
                if best is None or run.done > best[0]:
                    error.__context__ = None
                    best = run.done, error.with_traceback(None)
    if best is None:
        raise ValueError(f"its input {short(given[0])} has an unknown shape, and no constant says "
                         "how many numbers a sample has")
    try:
        raise best[1]
    finally:
        best = None         # which this frame holds, which the error will hold


def _checked_opset(model: ModelProto) -> int:
    graph = model.graph
    opset = max((entry.version for entry in model.opset_import if entry.domain in STANDARD),
                default=0)
    if opset < OLDEST_OPSET:
        raise ValueError(f"it is written for opset {opset}; wanted {OLDEST_OPSET} or newer: "
                         "onnx.version_converter makes it newer")
    for what, entries in (("nodes", graph.node), ("initializers", graph.initializer),
                          ("inputs", graph.input), ("functions", model.functions)):
        if len(entries) > MOST:
            raise ValueError(f"it has {len(entries)} {what}; at most {MOST} are read")
    if any(entry.domain in STANDARD for entry in model.functions):
        raise ValueError("it has a function in place of a standard operator")
    if len({(entry.domain, entry.name) for entry in model.functions}) != len(model.functions):
        raise ValueError("it has two functions of one name")
    if graph.sparse_initializer:
        raise ValueError("it has sparse initializers, which are not read")
    return opset


class Graph:
    """The graph of a model: what gives each name, and which names are wanted."""

    def __init__(self, model: ModelProto, opset: int, constants: Constants) -> None:
        graph = model.graph
        self.constants = constants
        self.opset = opset
        self.functions = {(entry.domain, entry.name): entry for entry in model.functions}
        self.nodes = [Node(proto, index, opset) for index, proto in enumerate(graph.node)]
        self.inputs = {entry.name: entry for entry in graph.input if entry.name not in constants}
        self.outputs = {entry.name: entry for entry in graph.output}
        self._declared = {entry.name: entry for entry in graph.value_info} | self.outputs
        self.held = sum(map(declared_count, graph.initializer))
        self.held = min(self.held, model.ByteSize() + constants.bytes_beside())
        self.giver: dict[str, Node] = {}
        for node in self.nodes:
            results = [name for name in node.outputs if name]
            if not results or len(set(results)) != len(results) or any(
                    name in self.giver or name in self.inputs or name in constants
                    for name in results):
                raise node.refusal(f"gives {short(results)}, which must be new names")
            for name in results:
                self.giver[name] = node

    def wanted_outputs(self, names: str | Iterable[str] | None) -> list[str]:
        if names is not None:
            return self._named(names, "outputs", self.outputs,
                               {**self.giver, **self.inputs})
        found = [name for name, entry in self.outputs.items()
                 if _may_be_real(entry) and not self._is_input(name)] or [*self.outputs]
        if len(found) != 1:
            raise ValueError(f"it has the outputs {short([*self.outputs])}: name the one to read "
                             "with outputs=" if found else "it has no outputs")
        return found

    def wanted_inputs(self, names: str | Iterable[str] | None, wanted: Sequence[str]) -> list[str]:
        if names is not None:
            return self._named(names, "inputs", self.inputs, {**self.giver, **self.inputs})
        for name in wanted:
            if name not in self.giver and name not in self.inputs:
                raise ValueError(f"its output {short(name)} is not what a node gives")
        needed = {name for node in self.order(wanted, ()) for name in node.inputs
                  if name in self.inputs} | {name for name in wanted if name in self.inputs}
        found = [name for name in self.inputs if name in needed]
        if not found:
            raise ValueError(f"its output {short(wanted[0])} depends on none of its inputs "
                             f"{short([*self.inputs])}")
        if len(found) > 1:
            raise ValueError(f"its output {short(wanted[0])} needs the inputs {short(found)}: "
                             "name them with inputs=, in the order of the columns, or another "
                             "output with outputs=")
        return found

    @staticmethod
    def _named(names: str | Iterable[str], what: str, listed: Iterable[str],
               known: Iterable[str]) -> list[str]:
        given = [names]
        if not isinstance(names, str):
            with contextlib.suppress(TypeError):
                given = items(names, what, "a name or names", MOST_NAMES)
        if not all(isinstance(name, str) for name in given):
            raise ValueError(f"{what} must be a name or names, got {shown(names)}")
        found = [str.__str__(name) for name in given]       # not what a subclass is equal to
        for name in found:
            if name not in known:
                raise ValueError(f"it has no value {shown(name)} for {what}=; its {what} are "
                                 f"{short([*listed])}")
        if not found or len(set(found)) != len(found):
            raise ValueError(f"{what} must be different names, at least one; got {short(found)}")
        return found

    def _is_input(self, name: str) -> bool:
        """Whether an output is an input, passed through"""
        seen = 0
        while name in self.giver and self.giver[name].operator == "Identity" and seen < MOST:
            name = (self.giver[name].inputs or [""])[0]
            seen += 1
        return name in self.inputs

    def order(self, wanted: Iterable[str], given: Iterable[str]) -> list[Node]:
        """The nodes that `wanted` needs, each behind those that it takes results from"""
        state: dict[int, bool] = {}             # {index: whether it is in the order}
        order: list[Node] = []
        given = set(given)
        waiting = [self.giver[name] for name in wanted if name in self.giver and name not in given]
        waiting.reverse()
        while waiting:
            node = waiting[-1]
            before = [self.giver[name] for name in node.inputs
                      if name in self.giver and name not in given]
            missing = [each for each in before if each.index not in state]
            if node.index not in state:
                state[node.index] = False
                if any(state.get(each.index) is False for each in before):
                    raise node.refusal("takes a value that needs its own result")
            if missing:
                waiting += reversed(missing)
                continue
            waiting.pop()
            if not state[node.index]:
                if any(not state[each.index] for each in before):
                    raise node.refusal("takes a value that needs its own result")
                state[node.index] = True
                order.append(node)
        return order

    def entry(self, name: str) -> list[int] | None:
        """The declared lengths of a value, 0 where they are unknown; None for any number of them"""
        entry = self.inputs.get(name) or self._declared.get(name)
        if entry is None:
            return None
        kind = entry.type.tensor_type
        if name in self.inputs and not (kind.elem_type in WHOLE and self._is_only_cast(name)):
            check_type(kind.elem_type, f"its input {short(name)}", TYPES)
        if not kind.HasField("shape"):
            return None
        lengths = [dim.dim_value for dim in kind.shape.dim]
        check_lengths(lengths, f"its input {short(name)}")
        return lengths

    def _is_only_cast(self, name: str) -> bool:
        """Whether all that takes a value makes real numbers of it, as of the bytes of an image"""
        takers = [node for node in self.nodes if name in node.inputs]
        return all(node.operator == "Cast" for node in takers) and name not in self.outputs

    def dtype(self, names: Iterable[str]) -> DTypeLike:
        kinds = [self.inputs[name].type.tensor_type.elem_type for name in names
                 if name in self.inputs]
        return np.float64 if TensorProto.DOUBLE in kinds else np.float32


def _may_be_real(entry: ValueInfoProto) -> bool:
    """Whether an output may hold real numbers; maps of probabilities do"""
    kind = entry.type
    return not kind.HasField("tensor_type") or kind.tensor_type.elem_type in (0, *TYPES)


class _Run:
    """The nodes of a graph, followed once from inputs of given lengths

    done    how many nodes were followed
    """

    def __init__(self, graph: Graph, reading: Reading, wanted: Iterable[str]) -> None:
        self._graph, self._reading, self._wanted = graph, reading, wanted
        self._values: dict[str, Any] = {}
        self.done = 0

    def output(self, name: str) -> Value:
        value = self._values[name]
        if not isinstance(value, Value):
            raise ValueError(f"its output {short(name)} does not depend on the input")
        return value

    def follow(self, order: Iterable[Node], values: dict[str, Any]) -> None:
        self._values = values
        self._through(order, values, self._graph.constants, 0)

    def _through(self, order: Iterable[Node], values: dict[str, Any],
                 constants: Constants | None, depth: int) -> None:
        for node in order:
            inputs = [self._input(name, node, values, constants) for name in node.places]
            results = self._results(node, inputs, depth)
            if len(results) < len([name for name in node.outputs if name]):
                results = results + [None] * (len(node.outputs) - len(results))
            values.update({name: result for name, result in zip(node.outputs, results, strict=False)
                           if name})
            self.done += 1
            if self.done > MOST:
                raise node.refusal(f"is more than number {MOST} with those inside functions")

    def _input(self, name: str, node: Node, values: dict[str, Any],
               constants: Constants | None) -> Any:
        if not name:
            return None
        if name in values:
            if values[name] is None:
                raise node.refusal(f"takes {short(name)}, which is no number of a network")
            return values[name]
        if constants is not None and name in constants:
            return constants.array(name)
        if name in self._graph.inputs:
            raise node.refusal(f"takes {short(name)}, which is none of the inputs that are named")
        raise node.refusal(f"takes {short(name)}, which nothing gives")

    def _results(self, node: Node, inputs: list[Any], depth: int) -> list[Any]:
        if node.operator == "Constant" and not inputs:
            where = f"tensor {short(node.outputs[0])}"
            return [self._graph.constants.decoded(node.tensor(), where)]
        function = self._graph.functions.get(node.key)
        if function is not None and node.operator not in OURS:
            return self._call(node, inputs, function, depth)
        try:
            if all(each is None or isinstance(each, np.ndarray) for each in inputs):
                if node.operator in OF_SHAPES and any(
                        each is not None and each.dtype == object for each in inputs):
                    return [OF_SHAPES[node.operator](node, inputs, self._reading)]
                result = fold(node, inputs)
                if result.base is None and not any(result is each for each in inputs):
                    self._reading.fold(result.size)
                return [result]
            if node.operator in OURS and not is_ours(node.operator, function):
                raise MisfitError("is not the function that mathwork writes")
            if node.operator not in STEPS:
                raise MisfitError("is no operator that dense layers can hold; docs/networks.md "
                                  "lists those that are read. Name an output before it with "
                                  "outputs=")
            if node.operator == "Reshape" and set(node.outputs) & set(self._wanted):
                inputs = kept_rows(inputs)
            results = STEPS[node.operator](node, inputs, self._reading)
        except MisfitError as misfit:
            raise node.refusal(str(misfit)) from None
        except (ArithmeticError, IndexError, TypeError) as error:       # of sizes nobody has
            raise node.refusal(f"does not fit its inputs: {error}") from None
        return results if isinstance(results, list) else [results]

    def _call(self, node: Node, inputs: list[Any], function: FunctionProto, depth: int
              ) -> list[Any]:
        """The results of a function of the model, as PyTorch exported modules for a while"""
        if depth > MOST_CALLS:
            raise node.refusal("calls functions within functions too often")
        if len(function.node) > MOST:
            raise node.refusal(f"calls a function of more than {MOST} nodes")
        opset = max((entry.version for entry in function.opset_import
                     if entry.domain in STANDARD), default=self._graph.opset)
        values: dict[str, Any] = dict.fromkeys(function.input)
        values.update(zip(function.input, inputs, strict=False))
        given = {each.name: each for each in function.attribute_proto} | node.attributes
        body = [Node(proto, index, opset, given) for index, proto in enumerate(function.node)]
        for inner in body:
            inner.where = f"{node.where}, {inner.where}"
        self._through(body, values, None, depth + 1)
        return [values.get(name) for name in function.output]


