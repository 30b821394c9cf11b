"""Products of matrices and vectors.

matvec, matmul   mathwork.matrix.operations
"""
from mathwork.matrix.operations import matmul, matvec

__all__ = ["matmul", "matvec"]
