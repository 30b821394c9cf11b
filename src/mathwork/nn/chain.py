"""The steps of a network from elsewhere, in their order, and the layers that do the same."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork.nn.dense import Dense

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import DTypeLike, NDArray

    from mathwork._types import Activation

# Most numbers that a source does not hold itself, so that a small file cannot ask for all memory.
MOST_ADDED = 1 << 24


class Chain:
    """Linear steps and activations in their order, collected for :meth:`layers`.

    An activation belongs to the linear step before it. It may have none, because it comes first or
    follows another activation. Then it gets a layer with the identity matrix. That is exact for
    finite numbers, except for the sign of zero; an infinity makes the rest of its row NaN.
    """

    def __init__(self) -> None:
        # [weight or None for the identity matrix, bias, activation]
        self._steps: list[list[Any]] = []
        self._added = 0

    def linear(self, weight: NDArray[Any], bias: NDArray[Any] | None = None) -> None:
        """weight @ x + bias, with weight of shape (n_out, n_in)"""
        self._steps.append([weight, bias, None])

    def shift(self, bias: NDArray[Any]) -> None:
        """Add `bias` to the last linear step."""
        step = self._steps[-1]
        step[1] = bias if step[1] is None else step[1] + bias

    def scale(self, factor: float, shift: float) -> None:
        """Multiply the last linear step by `factor` and add `shift`, rounded once."""
        step = self._steps[-1]
        weight, dtype = step[0].astype(np.float64), step[0].dtype
        bias = 0.0 if step[1] is None else step[1].astype(np.float64)
        step[0] = (weight * factor).astype(dtype)
        step[1] = np.broadcast_to(bias * factor + shift, len(weight)).astype(dtype)

    def activate(self, activation: Activation) -> None:
        if activation == "identity":
            return
        if not self._steps or self._steps[-1][2] is not None:
            self._steps.append([None, None, None])
        self._steps[-1][2] = activation

    def last_activation(self) -> Activation | None:
        return self._steps[-1][2] if self._steps else None

    def merge_activations(self, count: int, activation: Activation) -> None:
        """Replace the last `count` activations, which follow each other at once, by one."""
        del self._steps[len(self._steps) - count + 1:]
        self._steps[-1][2] = activation

    def add_parameters(self, count: int) -> None:
        """Count `count` numbers that the source does not hold itself."""
        self._added += count
        if self._added > MOST_ADDED:
            raise ValueError(f"the network would need more than {MOST_ADDED} parameters "
                             "beside those that its source holds")

    def layers(self, n_in: int | None = None, dtype: DTypeLike = np.float32) -> list[Dense]:
        """Return the steps as a list of Dense.

        `n_in` and `dtype` are needed only for a chain of activations alone.
        """
        matrices = [weight for weight, _, _ in self._steps if weight is not None]
        if matrices:
            n_in, dtype = matrices[0].shape[1], np.float32      # identities are exact in it
        if not self._steps or not n_in:
            raise ValueError("the network has no linear layer")
        widths = []             # of the input of every step
        for weight, _, _ in self._steps:
            widths.append(n_in)
            n_in = n_in if weight is None else len(weight)
        self.add_parameters(sum(width * width for (weight, _, _), width
                                in zip(self._steps, widths, strict=True) if weight is None))
        return [Dense(np.eye(width, dtype=dtype) if weight is None else weight, bias,
                      activation or "identity")
                for (weight, bias, activation), width in zip(self._steps, widths, strict=True)]
