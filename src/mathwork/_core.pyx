# The kernels that mathwork is named for: products, activations, networks and their weights, and
# row reduction of floats. This file is their table of contents; each line below is one file.
#
#   base/base          registers, memory, columns, and the parts that doors share
#   base/counted       public classes whose objects the collector of cycles leaves alone
#   base/exponential   e^x and related functions of arguments that are not positive
#   base/product       the register tile, and the loops that carry it over any shape
#   base/matrices      matrix times vector, matrix times matrix, read in place
#
#   nn/activations     elementwise functions over registers and memory
#   nn/softmax         softmax and its logarithm over rows
#   nn/ufuncs          the activations as NumPy ufuncs
#   nn/norms           rows that are normalised, and the sum that ends a residual
#   nn/steps           the layers of a network as a list of steps
#   nn/vectorcall      calls of a network without a tuple of arguments
#   nn/forward         a whole network over packed weights, its activations kept in cache
#   nn/many            many networks of one shape
#   training/slopes    derivatives of activations; _training has them, too
#   nn/tangents        derivatives of the outputs by the inputs, forward
#   nn/cotangents      the same, backward
#
#   random/philox      the generator of weights: a counter and a key make four numbers of 32 bits
#   random/normal      from bits to numbers: uniform, normal, truncated normal
#   random/draws       arrays of them, in pieces on any number of threads
#
#   matrix/plain       lists of rows and arrays in any layout, made plain
#   matrix/broadcasting which slices of stacks go together
#   matrix/products    matvec and matmul
#   matrix/rows        the elementary row operations
#   matrix/elimination when a pivot counts as zero, and row reduction of one small matrix
#   matrix/triangles   triangular systems of equations by halves
#   matrix/strips      the pivots of a few columns of a large matrix
#   matrix/blocked     one large matrix, nearly all of its work in products
#   matrix/stacks      many small matrices, one a lane
#   matrix/reduction   ref and rref
#   matrix/null_vectors    null vectors of one reduced matrix, checked and refined
#   matrix/solutions   solutions of one reduced system, and what cannot be solved
#   matrix/jobs        what is wanted of a few slices, from their reduction
#   matrix/small_systems   many small regular systems, one a lane
#   matrix/systems     jobs over stacks, and the arrays of their results
#   matrix/system_doors    solve, inv, det, rank and null_space
#   matrix/substitution right-hand sides for L and U
#   matrix/factors     L and U of a matrix
#
# The layers of a kernel, from the inside out: arithmetic on registers (`lanes`); a loop over memory
# (`real`, `noexcept nogil`); the door (`def`). Only the door checks, allocates and raises. Other
# topics have modules of their own: _exact, _regression, _orbit. setup.py compiles each module once
# for every level. mathwork._levels imports the best level, and nothing else in the package knows
# that levels exist.

include "kernels/base/base.pxi"
include "kernels/base/counted.pxi"
include "kernels/base/exponential.pxi"
include "kernels/base/product.pxi"
include "kernels/base/matrices.pxi"

include "kernels/nn/activations.pxi"
include "kernels/nn/softmax.pxi"
include "kernels/nn/ufuncs.pxi"
include "kernels/nn/norms.pxi"
include "kernels/nn/steps.pxi"
include "kernels/nn/vectorcall.pxi"
include "kernels/nn/forward.pxi"
include "kernels/nn/many.pxi"
include "kernels/training/slopes.pxi"
include "kernels/nn/tangents.pxi"
include "kernels/nn/cotangents.pxi"

include "kernels/random/philox.pxi"
include "kernels/random/normal.pxi"
include "kernels/random/draws.pxi"

include "kernels/matrix/plain.pxi"
include "kernels/matrix/broadcasting.pxi"
include "kernels/matrix/products.pxi"
include "kernels/matrix/rows.pxi"
include "kernels/matrix/elimination.pxi"
include "kernels/matrix/triangles.pxi"
include "kernels/matrix/strips.pxi"
include "kernels/matrix/blocked.pxi"
include "kernels/matrix/stacks.pxi"
include "kernels/matrix/reduction.pxi"
include "kernels/matrix/null_vectors.pxi"
include "kernels/matrix/solutions.pxi"
include "kernels/matrix/jobs.pxi"
include "kernels/matrix/small_systems.pxi"
include "kernels/matrix/systems.pxi"
include "kernels/matrix/system_doors.pxi"
include "kernels/matrix/substitution.pxi"
include "kernels/matrix/factors.pxi"

# The register sizes of this level, for show_runtime() and the tests.
geometry = {"F32_LANES": F32_LANES, "F64_LANES": F64_LANES, "TILE_ROWS": TILE_ROWS}
