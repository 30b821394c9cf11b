"""
Every digit of the sigmoid
==========================

The error of ``sigmoid`` in float32 beside that of the usual formulas, over three million
arguments, from -104, where the result is the smallest number that float32 has, to 20. It counts
in units in the last place of the exact result: half a unit is the least that rounding can do.
"""
import matplotlib.pyplot as plt
import numpy as np

from mathwork.activations import sigmoid

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-104, 20, 3_000_000).astype(np.float32))
tail = np.exp(-abs(x.astype(float)))
exact = np.where(x < 0, tail, 1) / (1 + tail)
one, half = np.float32(1), np.float32(0.5)


def worst_errors(found, parts=400):
    """Return the worst error of each part of the arguments"""
    unit = np.spacing(exact.astype(np.float32)).astype(float)
    errors = abs(found.astype(float) - exact) / unit
    return [part.max() for part in np.array_split(errors, parts)]


with np.errstate(over="ignore"):
    ways = {"1 / (1 + exp(-x))": one / (one + np.exp(-x)),
            "(1 + tanh(x / 2)) / 2": half * (one + np.tanh(half * x)), "mathwork": sigmoid(x)}

figure, axis = plt.subplots(figsize=(8, 4))
middles = [part.mean() for part in np.array_split(x, 400)]
for colour, (name, found) in zip(("C1", "C3", "C0"), ways.items(), strict=True):
    errors = worst_errors(found)
    print(f"{name:22} worst error {max(errors):.3g}")
    axis.semilogy(middles, np.maximum(errors, 0.1), color=colour, label=name)
axis.set(xlabel="x", ylabel="worst error, units in the last place", ylim=(0.3, 1e8))
axis.legend()
plt.show()
