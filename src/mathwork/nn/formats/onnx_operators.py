"""The effect of each ONNX operator on the samples on their way through a network."""
from __future__ import annotations

import math
from reprlib import repr as short
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

import mathwork.nn.formats.onnx_functions as onnx_functions
from mathwork.nn.chain import Chain
from mathwork.nn.formats.onnx_tensors import check_lengths, check_type

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from numpy.typing import NDArray
    from onnx import FunctionProto, ValueInfoProto

    from mathwork._types import Activation, ActivationName, WithParameter
    from mathwork.nn.dense import Dense
    from mathwork.nn.formats.onnx_tensors import Constants

    _Step: TypeAlias = Callable[["Samples", Any], None]

# The defaults of Selu, as its specification prints them. mathwork has Selu with these only.
SELU = (np.float32(1.67326319217681884765625), np.float32(1.05070102214813232421875))

# The activations that are written as x times a gate of x: the operators of the gate.
GATES: dict[ActivationName, tuple[str, ...]] = {"silu": ("Sigmoid",), "mish": ("Softplus", "Tanh")}


class Samples:
    """The tensor that holds the samples, and the chain of the steps so far.

    name      the name of the tensor that holds them now
    rank      its number of dimensions; None if the model does not say
    lengths   of these dimensions, up to the first linear step; 0 if unknown
    columns   whether a sample is a column, as for transA=1 and W @ x; None while both are
              possible. The resulting network takes rows in any case.
    width     outputs of the last linear step; None before the first
    n_out     the same directly after a linear step, else None
    """

    def __init__(self, declared: ValueInfoProto, opset: int, constants: Constants,
                 functions: dict[tuple[str, str], FunctionProto]) -> None:
        self.name, self.opset, self.constants = declared.name, opset, constants
        self.functions = functions
        self.chain = Chain()
        self.columns: bool | None = None
        self.rank: int | None = None
        self.width: int | None = None
        self.n_out: int | None = None
        self.lengths: list[int] = []
        kind = declared.type.tensor_type
        check_type(kind.elem_type, f"its input {short(self.name)}")
        self.dtype = np.float64 if kind.elem_type == TensorProto.DOUBLE else np.float32
        if kind.HasField("shape"):
            self.lengths = [dim.dim_value for dim in kind.shape.dim]
            self.rank = len(self.lengths)
            check_lengths(self.lengths, f"its input {short(self.name)}")
        self._past: list[tuple[str, str]] = []      # (operator, input) of each node so far
        self.threshold: str | None = None   # of a node that compares the input of Softplus with 20

    def layers(self) -> list[Dense]:
        return self.chain.layers(self._n_in(), self.dtype)

    def _n_in(self) -> int | None:
        """Return the length of a sample before the first linear step; 0 or None if unknown"""
        return self.lengths[-2 if self.columns else -1] if self.lengths else None

    def passed(self, node: Any) -> None:
        """Set the output of the node as the samples."""
        self._past.append((node.operator, self.name))
        self.name, self.threshold = node.output, None

    def _before(self, *operators: str) -> str | None:
        """Return the input of the first of the last nodes if they are these, else None"""
        last = self._past[-len(operators):]
        return last[0][1] if tuple(operator for operator, _ in last) == operators else None

    def gated(self, node: Any) -> ActivationName | None:
        """Return the activation that the node completes as x times a gate of x, or None

        PyTorch exports SiLU and Mish so.
        """
        if node.operator == "Mul" and len(node.inputs) == 2:
            for activation, gate in GATES.items():
                if set(node.inputs) == {self._before(*gate), self.name}:
                    return activation
        return None

    def is_threshold(self, node: Any) -> bool:
        """Return whether the node is x > 20, or a larger number, after Softplus(x)"""
        if node.operator != "Greater":
            return False
        first, *others = node.inputs
        if (first != self._before("Softplus") or len(others) != 1
                or others[0] not in self.constants):
            return False
        threshold = self.constants.use(others[0], self.chain)
        return threshold.shape == () and bool(threshold >= 20)

    def is_choice(self, node: Any) -> bool:
        """Return whether the node is x where x > 20, else Softplus(x), as PyTorch exports Softplus

        Above 20 the two differ by less than 2.1e-9.
        """
        return (self.threshold is not None and node.operator == "Where"
                and node.inputs == [self.threshold, self._before("Softplus"), self.name])

    def lie(self, columns: bool, node: Any) -> None:
        """Set the samples to be columns, or rows; they cannot change in between."""
        if self.columns not in (None, columns):
            raise node.refusal("takes the samples along another axis than the nodes before it")
        self.columns = columns

    def become_rows(self, count: int, length: int) -> None:
        """Take tensors of other than two dimensions as rows, with 0 for an unknown length."""
        self.lengths, self.rank, self.columns = [count, length], 2, False

    def matrix(self, name: str, node: Any) -> NDArray[Any]:
        matrix = self.constants.use(name, self.chain)
        if matrix.ndim != 2 or 0 in matrix.shape:
            raise node.refusal(f"multiplies by {short(name)} of shape {matrix.shape}, "
                               "not by a matrix")
        return matrix

    def linear(self, weight: NDArray[Any], node: Any, alpha: float = 1.0) -> None:
        width = self.width or self._n_in() or weight.shape[1]
        if width != weight.shape[1]:
            raise node.refusal(f"takes samples of {weight.shape[1]} numbers, they have {width}")
        self.chain.linear(weight if alpha == 1 else weight * weight.dtype.type(alpha))
        self.n_out = self.width = len(weight)

    def shift(self, name: str, node: Any, factor: float = 1.0) -> None:
        """Add a constant, which must be the same for every sample."""
        if self.n_out is None:
            raise node.refusal("adds where there is no linear layer just before it")
        bias = self.constants.use(name, self.chain)
        per_sample = bias.shape[-2:-1] if self.columns else bias.shape[-1:]
        if (bias.ndim > (self.rank or 2) or bias.size != math.prod(per_sample)
                or bias.size not in (1, self.n_out)):
            raise node.refusal(f"adds {short(name)} of shape {bias.shape}, which is no bias of "
                               f"{self.n_out} numbers a sample")
        bias = np.broadcast_to(bias.ravel(), self.n_out)
        if factor != 1:
            bias = bias * bias.dtype.type(factor)
        self.chain.shift(bias)

    def activate(self, activation: Activation) -> None:
        self.chain.activate(activation)
        self.n_out = None

    def parameter(self, number: float) -> float:
        """Return an attribute, a float32, as the intended number

        In a float32 model that is the shortest number that rounds to it, 0.01, not 0.009999999776.
        """
        return float(str(np.float32(number))) if self.dtype == np.float32 else number


# ---- linear steps ----

def gemm(samples: Samples, node: Any) -> None:
    """alpha A' B' + beta C, with the samples as A or B and the rest constant"""
    node.takes(2, 3)
    first, second, *third = node.inputs
    alpha, trans_a, trans_b = (node.real("alpha", 1.0), node.integer("transA", 0) != 0,
                               node.integer("transB", 0) != 0)
    if samples.rank not in (None, 2):
        raise node.refusal(f"takes a matrix, the samples have {samples.rank} dimensions")
    if samples.name == first:
        samples.lie(trans_a, node)
        weight = samples.matrix(second, node)
        samples.linear(weight if trans_b else weight.T, node, alpha)
        samples.columns = False
    elif samples.name == second:
        samples.lie(not trans_b, node)
        weight = samples.matrix(first, node)
        samples.linear(weight.T if trans_a else weight, node, alpha)
        samples.columns = True
    else:
        raise node.refusal("takes the samples as C")
    for name in third:
        samples.shift(name, node, node.real("beta", 1.0))


def matmul(samples: Samples, node: Any) -> None:
    node.takes(2)
    first, second = node.inputs
    if samples.name == first:
        samples.lie(False, node)
        samples.linear(samples.matrix(second, node).T, node)
    elif samples.rank == 1:         # one sample is a row to the network
        samples.lie(False, node)
        samples.linear(samples.matrix(first, node), node)
    else:
        if samples.rank not in (None, 2):
            raise node.refusal(f"multiplies samples of {samples.rank} dimensions from the left")
        samples.lie(True, node)
        samples.linear(samples.matrix(first, node), node)


def add(samples: Samples, node: Any) -> None:
    node.takes(2)
    name, = (name for name in node.inputs if name != samples.name)
    samples.shift(name, node)


# ---- steps that do not change the numbers ----

def identity(samples: Samples, node: Any) -> None:
    node.takes(1)


def dropout(samples: Samples, node: Any) -> None:
    if node.places[0] != samples.name:
        raise node.refusal("takes the samples as its ratio")
    if any(map(samples.constants.is_true, filter(None, node.places[2:]))):
        raise node.refusal("is in training mode")


def flatten(samples: Samples, node: Any) -> None:
    """Keep rows unchanged, or make rows of the samples at the input of the network"""
    rank = samples.rank or 2
    axis = node.axis(1, rank)
    if axis != rank - 1 and (axis != 1 or samples.columns is not None):
        raise node.refusal(f"with axis {axis} does not leave one row a sample")
    if rank != 2:
        samples.become_rows(math.prod(samples.lengths[:axis]), math.prod(samples.lengths[axis:]))


def reshape(samples: Samples, node: Any) -> None:
    """Make rows with all numbers of a sample, as PyTorch exports Flatten"""
    node.takes(2)
    if node.inputs[0] != samples.name or samples.columns is not None or not samples.lengths:
        raise node.refusal("is not of the samples that the network is given, or of unknown shape")
    shape = samples.constants.integers(node.inputs[1])
    width = math.prod(samples.lengths[1:])
    known_rows = [(length, -1) for length in samples.lengths[:1] if length]
    if not node.integer("allowzero", 0):
        known_rows.append((0, -1))
    if tuple(shape) not in known_rows and (len(shape) != 2 or not shape[1] == width > 0):
        raise node.refusal(f"to the shape {short(shape)} does not leave one row a sample")
    samples.become_rows(samples.lengths[0], width)


def transpose(samples: Samples, node: Any) -> None:
    """Make columns of rows, and rows of columns"""
    node.takes(1)
    if samples.rank not in (None, 2) or node.integers("perm", (1, 0)) != [1, 0]:
        raise node.refusal("does not make columns of rows")
    samples.lengths.reverse()
    if samples.columns is not None:
        samples.columns = not samples.columns


# ---- activations ----

def elementwise(activation: ActivationName) -> _Step:
    def step(samples: Samples, node: Any) -> None:
        node.takes(1)
        samples.activate(activation)
    return step


def over_a_sample(activation: ActivationName) -> _Step:
    def step(samples: Samples, node: Any) -> None:
        node.takes(1)
        rank = samples.rank or 2
        # Before opset 13, axis means all axes from there on: for one sample it must be the last.
        old = samples.opset < 13
        axis = node.axis(1 if old else -1, rank)
        if axis != rank - (2 if samples.columns else 1) or (old and samples.columns):
            raise node.refusal(f"has axis {axis}, which is not that of one sample")
        samples.columns = bool(samples.columns)
        samples.activate(activation)
    return step


def with_alpha(activation: WithParameter, default: float) -> _Step:
    def step(samples: Samples, node: Any) -> None:
        node.takes(1)
        samples.activate((activation, samples.parameter(node.real("alpha", default))))
    return step


def selu(samples: Samples, node: Any) -> None:
    node.takes(1)
    if (node.real("alpha", SELU[0]), node.real("gamma", SELU[1])) != SELU:
        raise node.refusal("has an alpha or gamma of its own")
    samples.activate("selu")


def gelu(samples: Samples, node: Any) -> None:
    node.takes(1)
    if node.text("approximate", "none") != "none":
        raise node.refusal("is the approximation through tanh")
    samples.activate("gelu")


def product(samples: Samples, node: Any) -> None:
    activation = samples.gated(node)
    if activation is None:
        raise node.refusal("is not x times Sigmoid(x) or Tanh(Softplus(x)), the only products of a "
                           "network")
    samples.chain.merge_activations(len(GATES[activation]), activation)


def choice(samples: Samples, node: Any) -> None:
    if not samples.is_choice(node):
        raise node.refusal("is not x where x > 20, else Softplus(x), the only choice of a network")


def swish(samples: Samples, node: Any) -> None:
    node.takes(1)
    if node.real("alpha", 1.0) != 1:
        raise node.refusal("has an alpha of its own")
    samples.activate("silu")


def our_function(activation: Any) -> _Step:
    """Take a node that mathwork wrote, because no standard operator would do"""
    written = onnx_functions.function(activation)

    def step(samples: Samples, node: Any) -> None:
        if samples.functions.get((written.domain, written.name)) != written:
            raise node.refusal("is not the function that mathwork writes")
        node.takes(len(written.input))
        if node.inputs[0] != samples.name:
            raise node.refusal("takes the samples as its parameter")
        if len(node.inputs) == 2:
            parameter = samples.constants.use(node.inputs[1], samples.chain)
            if parameter.shape != ():
                raise node.refusal(f"has a parameter of shape {parameter.shape}, not one number")
            samples.activate((activation, float(parameter)))
        else:
            samples.activate(activation)
    return step


STEPS: dict[str, _Step] = {
    "Add": add, "Dropout": dropout, "Elu": with_alpha("elu", 1.0), "Flatten": flatten,
    "Gelu": gelu, "Gemm": gemm, "Identity": identity,
    "LeakyRelu": with_alpha("leaky_relu", 0.01), "LogSoftmax": over_a_sample("log_softmax"),
    "MatMul": matmul, "Mish": elementwise("mish"), "Mul": product, "Relu": elementwise("relu"),
    "Reshape": reshape, "Selu": selu, "Sigmoid": elementwise("sigmoid"),
    "Softmax": over_a_sample("softmax"),
    "Softplus": elementwise("softplus"), "Swish": swish, "Tanh": elementwise("tanh"),
    "Transpose": transpose, "Where": choice,
    **{f"{onnx_functions.DOMAIN}.{onnx_functions.NAMES[activation]}": our_function(activation)
       for activation in onnx_functions.NAMES},
}
