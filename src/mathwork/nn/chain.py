"""What a network from elsewhere does to a row, step by step, and the layers that do the same."""
import numpy as np

from mathwork.nn.dense import Dense

# Of numbers that a source does not itself hold, so that a small file cannot ask for all memory.
MOST_ADDED = 1 << 24


class Chain:
    """Linear steps and activations in their order, collected for :meth:`layers`.

    An activation belongs to the linear step before it. One that has none before it, because it
    comes first or follows another, gets a layer with the identity matrix: exact for finite
    numbers, but for the sign of zero; an infinity makes NaN of the rest of its row.
    """

    def __init__(self):
        self._steps = []        # [weight or None for the identity matrix, bias, activation]
        self._added = 0

    def linear(self, weight, bias=None):
        """weight @ x + bias, with weight of shape (n_out, n_in)"""
        self._steps.append([weight, bias, None])

    def shift(self, bias):
        """Add to the linear step that has just been appended; False where there is none."""
        if not self._steps or self._steps[-1][0] is None or self._steps[-1][2] is not None:
            return False
        step = self._steps[-1]
        step[1] = bias if step[1] is None else step[1] + bias
        return True

    def activate(self, activation):
        if activation == "identity":
            return
        if not self._steps or self._steps[-1][2] is not None:
            self._steps.append([None, None, None])
        self._steps[-1][2] = activation

    def change_activation(self, activation):
        """Put another activation in the place of the last one."""
        self._steps[-1][2] = activation

    def add_parameters(self, count):
        """Account for `count` numbers that the source does not itself hold."""
        self._added += count
        if self._added > MOST_ADDED:
            raise ValueError(f"the network would need more than {MOST_ADDED} parameters "
                             "beside those that its source holds")

    def layers(self, n_in=None, dtype=np.float32):
        """The steps as a list of Dense.

        `n_in` and `dtype` are for a chain of activations alone, which does not tell them.
        """
        if all(weight is None for weight, _, _ in self._steps) and (not n_in or not self._steps):
            raise ValueError("the network has no linear layer")
        return [Dense(self._identity(index, n_in, dtype) if weight is None else weight,
                      bias, activation or "identity")
                for index, (weight, bias, activation) in enumerate(self._steps)]

    def _identity(self, index, n_in, dtype):
        """The identity matrix as wide as the nearest step that knows; float32 where any dtype
        does, because there its numbers are exact."""
        before = [len(weight) for weight, _, _ in self._steps[:index] if weight is not None]
        after = [weight.shape[1] for weight, _, _ in self._steps[index:] if weight is not None]
        width, = (before[-1:] or after[:1] or [n_in])
        self.add_parameters(width * width)
        return np.eye(width, dtype=np.float32 if before or after else dtype)
