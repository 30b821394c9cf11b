"""
The rank of Hilbert's matrices
==============================

Hilbert's n x n matrix, 1 / (i + j + 1), is regular. In floats its entries are rounded, and from n
= 12 on the last pivots are no larger than that. ``rref`` tells when its decision was close, and
exact arithmetic decides.
"""
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np

from mathwork.matrix import rank, rref

sizes = np.arange(2, 21)
matrices = [[[Fraction(1, i + j + 1) for j in range(n)] for i in range(n)] for n in sizes]
floats = [rref(np.array(matrix, float)) for matrix in matrices]
found = np.array([reduced.rank for reduced in floats])
close = np.array([reduced.ambiguous for reduced in floats])
exact = np.array([rank(matrix, exact=True) for matrix in matrices])
numpys = [np.linalg.matrix_rank(np.array(matrix, float)) for matrix in matrices]

print(" n  exact  floats  close?  numpy")
for row in zip(sizes, exact, found, close, numpys, strict=True):
    print("{:2} {:6} {:7}  {!s:6} {:6}".format(*row))

figure, axis = plt.subplots(figsize=(7, 3.8))
axis.plot(sizes, exact, color="grey", label="exact")
axis.plot(sizes, numpys, "s", markersize=4, color="C3", label="numpy.linalg.matrix_rank")
axis.plot(sizes[~close], found[~close], "o", color="C0", label="rref")
axis.plot(sizes[close], found[close], "o", color="C1", label="rref, told as a close call")
axis.set(xlabel="n", ylabel="rank", xticks=sizes[::2], yticks=sizes[::2])
axis.legend()
plt.show()
