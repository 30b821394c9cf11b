"""Networks as graphs of values, for readers of any library.

values      a tensor of samples, as an affine image of vectors that were activated before it
maps        the rows of such an image: a matrix, or a choice of numbers, with scales
patterns    products, quotients and logarithms that are activations written out
nesting     the graph of values as layers one behind the other, with residuals
chaining    the same for other branches, beside Relu

A reader makes a `Value` for each input by `Reading.input`, applies methods and functions to it as
its nodes say, and ends with `Reading.layers`. What does not fit raises `MisfitError`: its words go
behind the name of the node. A reader lets NumPy be silent (`np.errstate`), as weights may be
infinite or NaN.
"""
from mathwork.nn.graph.chaining import Reading
from mathwork.nn.graph.maps import MisfitError
from mathwork.nn.graph.patterns import (
    Comparison,
    absolute,
    choose,
    clip,
    divide,
    largest,
    logarithm,
    maximum,
    minimum,
    multiply,
    negate,
    power,
    root,
    subtract,
)
from mathwork.nn.graph.values import Axis, Value, concatenate

__all__ = ["Axis", "Comparison", "MisfitError", "Reading", "Value", "absolute", "choose", "clip",
           "concatenate", "divide", "largest", "logarithm", "maximum", "minimum", "multiply",
           "negate", "power", "root", "subtract"]
