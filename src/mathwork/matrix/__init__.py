"""Matrices: products, row operations, row reduction, linear systems.

matvec, matmul, augment                               mathwork.matrix.operations
swap_rows, scale_row, add_multiple, is_ref, is_rref   mathwork.matrix.operations
ref, rref, Reduced, Margin                            mathwork.matrix.elimination
solve                                                 mathwork.matrix.systems
Solution                                              mathwork.matrix.solution
null_space                                            mathwork.matrix.null_spaces
rank, det, inv                                        mathwork.matrix.inverses
lu, LU, slogdet                                       mathwork.matrix.factors
ComplexLU                                             mathwork.matrix.complex_factors
SlogDet                                               mathwork.matrix.determinants
lstsq, LeastSquares                                   mathwork.matrix.least_squares
eliminate, Elimination                                mathwork.matrix.worked
parse_matrix, ParsedMatrix                            mathwork.matrix.reading
parse_equations, ParsedEquations                      mathwork.matrix.reading
RankWarning                                           mathwork._warnings
"""
from mathwork._warnings import RankWarning
from mathwork.matrix.complex_factors import ComplexLU
from mathwork.matrix.determinants import SlogDet
from mathwork.matrix.elimination import Margin, Reduced, ref, rref
from mathwork.matrix.factors import LU, lu, slogdet
from mathwork.matrix.inverses import det, inv, rank
from mathwork.matrix.least_squares import LeastSquares, lstsq
from mathwork.matrix.null_spaces import null_space
from mathwork.matrix.operations import (
    add_multiple,
    augment,
    is_ref,
    is_rref,
    matmul,
    matvec,
    scale_row,
    swap_rows,
)
from mathwork.matrix.reading import ParsedEquations, ParsedMatrix, parse_equations, parse_matrix
from mathwork.matrix.solution import Solution
from mathwork.matrix.systems import solve
from mathwork.matrix.worked import Elimination, eliminate

__all__ = [  # noqa: RUF022
    "ComplexLU", "Elimination", "LU", "LeastSquares", "Margin", "ParsedEquations", "ParsedMatrix",
    "RankWarning", "Reduced", "SlogDet", "Solution", "add_multiple", "augment", "det", "eliminate",
    "inv", "is_ref", "is_rref", "lstsq", "lu", "matmul", "matvec", "null_space", "parse_equations",
    "parse_matrix", "rank", "ref", "rref", "scale_row", "slogdet", "solve", "swap_rows",
]
