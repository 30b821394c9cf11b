# Row reduction without rounding: in integers, and modulo a prime. The table of contents.
#
#   base/...           registers, memory, doors, products
#   exact/residues     arithmetic modulo a prime, exact, in float64 registers
#   exact/modular      row reduction modulo a prime of one matrix
#   exact/integers     row reduction without fractions in 64-bit integers
#   exact/fractions    Fractions in arrays of objects
#   exact/clearing     rows of Fractions as rows of integers
#   exact/stacks       stacks of matrices: one after the other
#   exact/slices       many small ones modulo a prime, one a lane
#   exact/doors        reductions, ranks and determinants of stacks
#   exact/systems      solutions and null spaces
#   exact/lifting      systems of integers, solved modulo powers of a prime

include "kernels/base/base.pxi"
include "kernels/base/product.pxi"
include "kernels/base/matrices.pxi"

include "kernels/exact/residues.pxi"
include "kernels/exact/modular.pxi"
include "kernels/exact/integers.pxi"
include "kernels/exact/fractions.pxi"
include "kernels/exact/clearing.pxi"
include "kernels/exact/stacks.pxi"
include "kernels/exact/slices.pxi"
include "kernels/exact/doors.pxi"
include "kernels/exact/systems.pxi"
include "kernels/exact/lifting.pxi"
