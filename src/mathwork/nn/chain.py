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
        """Add to the linear step that has just been appended."""
        step = self._steps[-1]
        step[1] = bias if step[1] is None else step[1] + bias

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
        matrices = [weight for weight, _, _ in self._steps if weight is not None]
        if matrices:
            n_in, dtype = matrices[0].shape[1], np.float32      # in which identities are exact
        if not self._steps or not n_in:
            raise ValueError("the network has no linear layer")
        widths = []             # of what goes into every step
        for weight, _, _ in self._steps:
            widths.append(n_in)
            n_in = n_in if weight is None else len(weight)
        self.add_parameters(sum(width * width for (weight, _, _), width
                                in zip(self._steps, widths, strict=True) if weight is None))
        return [Dense(np.eye(width, dtype=dtype) if weight is None else weight, bias,
                      activation or "identity")
                for (weight, bias, activation), width in zip(self._steps, widths, strict=True)]
