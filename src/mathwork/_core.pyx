# The kernels of mathwork. This file is their table of contents; each topic is one file below.
#
#   lanes         the register types f32v and f64v of _simd.h, under one name for both
#   doors         what every door shares: plain arrays, `out`, the GIL
#   exponential   e^x and its kin for arguments that are not positive
#   activations   elementwise functions over registers and memory
#   softmax       softmax and its logarithm over rows
#   ufuncs        the activations as NumPy ufuncs
#   product       the register tile and the loops that carry it over any shape
#   matrix        matvec and matmul over matrices as they lie in memory
#   forward       a whole network over packed weights, its activations kept in cache
#   residues      arithmetic modulo a prime, exact, in float64 registers
#   modular       row reduction and determinants modulo a prime
#   integers      row reduction without fractions in 64-bit integers
#   lifting       systems of integers, solved modulo powers of a prime
#   rows          the elementary row operations
#   elimination   row reduction: when a pivot counts as zero, and one small matrix
#   triangles     triangular systems of equations by halves
#   strips        a few columns of a large matrix: their pivots
#   blocked       one large matrix, nearly all of its work in products
#   stacks        many small matrices, one a lane
#   reduction     ref and rref
#   systems       regular systems of equations, and determinants
#   status        what became of a regression
#   doubled       numbers as pairs of float64: 32 digits
#   design        the rows of a regression, a block at a time
#   factors       a factor of the inverse of the normal equations, in float64
#   refinement    what makes the factor and the coefficients right, in doubled precision
#   fits          the object that a linear regression gives
#   linear        fit_linear
#   moments       centred second moments of rows
#   merging       the moments of two sets of rows made one
#   normal        a regression from its moments alone
#   lines         one straight line: its sums, and its fit
#   line_stacks   many of them, short ones one a lane
#   line_doors    fit_line
#   chebyshev     sums over points of Chebyshev polynomials
#   polynomial    fit_polynomial
#   batches       lines from centred sums, what groups and windows share
#   keys          keys of any kind, numbered as they first appear
#   groups        a line for every group of rows
#   rolling       a line for every window of a series
#   orbit         quantities of circular orbits, as ufuncs over float64
#   orbit_doors   the functions of circular orbits
#   kepler        Kepler's equation for every conic
#   states        positions and velocities of many orbits at many times
#
# Layers of a kernel, from the inside out: arithmetic on registers (`lanes`), a loop over
# memory (`real`, `noexcept nogil`), the door (`def`, the only place that checks, allocates
# and raises). setup.py compiles this file once for every level; mathwork._levels imports the
# best one, and nothing else in the package knows that levels exist.

cimport cython
cimport numpy as cnp
from cpython.object cimport PyObject, PyTypeObject
from libc.math cimport INFINITY, NAN, log1p
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

import numpy as np

from mathwork import _arrays, _workers

cnp.import_array()
cnp.import_umath()

include "kernels/lanes.pxi"
include "kernels/doors.pxi"
include "kernels/exponential.pxi"
include "kernels/activations.pxi"
include "kernels/softmax.pxi"
include "kernels/ufuncs.pxi"
include "kernels/product.pxi"
include "kernels/matrix.pxi"
include "kernels/forward.pxi"
include "kernels/residues.pxi"
include "kernels/modular.pxi"
include "kernels/integers.pxi"
include "kernels/lifting.pxi"
include "kernels/rows.pxi"
include "kernels/elimination.pxi"
include "kernels/triangles.pxi"
include "kernels/strips.pxi"
include "kernels/blocked.pxi"
include "kernels/stacks.pxi"
include "kernels/reduction.pxi"
include "kernels/systems.pxi"
include "kernels/status.pxi"
include "kernels/doubled.pxi"
include "kernels/design.pxi"
include "kernels/factors.pxi"
include "kernels/refinement.pxi"
include "kernels/fits.pxi"
include "kernels/linear.pxi"
include "kernels/moments.pxi"
include "kernels/merging.pxi"
include "kernels/normal.pxi"
include "kernels/lines.pxi"
include "kernels/line_stacks.pxi"
include "kernels/line_doors.pxi"
include "kernels/chebyshev.pxi"
include "kernels/polynomial.pxi"
include "kernels/batches.pxi"
include "kernels/keys.pxi"
include "kernels/groups.pxi"
include "kernels/rolling.pxi"
include "kernels/orbit.pxi"
include "kernels/orbit_doors.pxi"
include "kernels/kepler.pxi"
include "kernels/states.pxi"

# What this level was compiled for, for show_runtime() and the tests.
geometry = {"F32_LANES": F32_LANES, "F64_LANES": F64_LANES, "TILE_ROWS": TILE_ROWS}
