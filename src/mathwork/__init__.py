"""Small dense mathematics from Python at the cost of its arithmetic.

mathwork.nn            networks of dense layers: the forward pass
mathwork.activations   the activation functions as NumPy ufuncs
mathwork.init          He initialisation
mathwork.matrix        products of matrices and vectors
mathwork.data          handwritten digits and a network that reads them

The `mathwork` command classifies digits (`mathwork demo`) and runs saved networks.
"""
from mathwork import activations, data, init, matrix, nn
from mathwork._runtime import show_runtime

__all__ = ["__version__", "activations", "data", "init", "matrix", "nn", "show_runtime"]

__version__ = "0.1.0"
