"""The codes of every `status`: the verdict on one fit, one system or one element of many.

One rule holds for all of them. 0 says that the answer is complete and the only one. Any other code
gives the reason why not: there is no answer, only a part of one, or one of many. Numbers that do
not exist are NaN, modulo a prime -1. All other numbers are right, and so is the rest of the batch.
One result has an int (the result of `solve` a word), a batch an int8 array.

The kernels write the same codes: see status.pxi, elimination.pxi and states.pxi among them.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mathwork._types import SolutionWord

# ---- a fit of regression ----
FITTED = 0
TOO_FEW = 1                 # too few points, of positive weight, for the parameters
CONSTANT = 2                # x does not vary; of several columns, one depends on earlier ones
FIT_NOT_FINITE = 3          # NaN or infinity among the numbers
BAD_WEIGHT = 4              # negative, infinite or NaN

# ---- a reduced matrix ----
REDUCED = 0
MATRIX_NOT_FINITE = 1       # in the columns that may have pivots

# ---- the factors of a matrix: as of a reduced one, and ----
DEFICIENT = 2               # the rank is below the smaller side; a square matrix is singular

# ---- the solution of a linear system ----
UNIQUE = 0
INFINITE = 1                # many solutions: one, and the null space with the others
INCONSISTENT = 2            # no solution; the null space is still that of the matrix
SYSTEM_NOT_FINITE = 3
# the word of solve for a code
SOLUTION_WORDS: tuple[SolutionWord, ...] = ("unique", "infinite", "inconsistent", "nan")

# ---- the anomaly of Kepler's equation ----
CONVERGED = 0
INVALID = 1                 # a negative eccentricity, or an argument that is not finite
NOT_CONVERGED = 2           # has never been seen

# ---- the training of a network ----
TRAINED = 0                 # to the end, or until patience ended
DIVERGED = 1                # a loss was not finite
INTERRUPTED = 2             # by Ctrl-C or by a function that was told of the progress

# ---- an orbit by its elements, or by its state ----
ORBIT = 0
ELEMENT_NOT_FINITE = 1      # NaN or infinity among its numbers
NEGATIVE_ECCENTRICITY = 2
NO_CONIC = 3                # a of the wrong sign for e, of a parabola, or no positive periapsis
MU_NOT_POSITIVE = 4
NO_PLANE = 5                # a state at the centre, or moving straight to or from it
