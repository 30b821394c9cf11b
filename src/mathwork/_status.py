"""The codes of every `status`: what became of one fit, one system or one element of many.

One rule holds for all of them. 0 says that the answer is whole and the only one. Any other code
says why it is not: there is none, only a part of one, or one of many. Numbers that do not exist
are NaN, modulo a prime -1. Those that are given are right, and so is the rest of the batch.
One result has an int (that of `solve` a word), a batch an int8 array.

The kernels write the same codes: see status.pxi and elimination.pxi among them.
"""

# ---- a fit of regression ----
FITTED = 0
TOO_FEW = 1                 # points, of positive weight, for the parameters
CONSTANT = 2                # x does not vary; of several columns: one depends on those before it
FIT_NOT_FINITE = 3          # NaN or infinity among the numbers
BAD_WEIGHT = 4              # negative, infinite or NaN

# ---- a reduced matrix ----
REDUCED = 0
MATRIX_NOT_FINITE = 1       # in the columns that may have pivots

# ---- the solution of a linear system ----
UNIQUE = 0
INFINITE = 1                # many solutions: one, and the null space with the others
INCONSISTENT = 2            # no solution; the null space is that of the matrix all the same
SYSTEM_NOT_FINITE = 3
SOLUTION_WORDS = ("unique", "infinite", "inconsistent", "nan")      # what solve says for a code

# ---- the anomaly of Kepler's equation ----
CONVERGED = 0
INVALID = 1                 # a negative eccentricity, or an argument that is not finite
NOT_CONVERGED = 2           # has never been seen
