# Random numbers for weights. The table of contents.
#
#   base/base          registers, memory, and the parts that doors share
#   random/philox      the generator: a counter and a key make four numbers of 32 bits
#   random/normal      from bits to numbers: uniform, normal, truncated normal
#   random/draws       arrays of them, in pieces on any number of threads

include "kernels/base/base.pxi"

include "kernels/random/philox.pxi"
include "kernels/random/normal.pxi"
include "kernels/random/draws.pxi"
