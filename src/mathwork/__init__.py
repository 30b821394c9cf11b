"""Small dense mathematics from Python at the cost of its arithmetic.

mathwork.nn            networks of dense layers: the forward pass
mathwork.activations   the activation functions as NumPy ufuncs
mathwork.init          He initialisation
mathwork.matrix        products of matrices and vectors

The `mathwork` command classifies digits (`mathwork demo`) and runs saved networks.
"""
from mathwork import activations, init, matrix, nn
from mathwork._runtime import __version__, show_runtime

__all__ = ["__version__", "activations", "init", "matrix", "nn", "show_runtime"]
