# Row reduction without rounding: in integers, and modulo a prime. The table of contents.
#
#   base/...           registers, memory, doors, products
#   exact/residues     arithmetic modulo a prime, exact, in float64 registers
#   exact/modular      row reduction and determinants modulo a prime
#   exact/integers     row reduction without fractions in 64-bit integers
#   exact/lifting      systems of integers, solved modulo powers of a prime

include "kernels/base/base.pxi"
include "kernels/base/product.pxi"
include "kernels/base/matrices.pxi"

include "kernels/exact/residues.pxi"
include "kernels/exact/modular.pxi"
include "kernels/exact/integers.pxi"
include "kernels/exact/lifting.pxi"
