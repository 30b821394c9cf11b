# Least squares: lines, planes, polynomials, groups and windows. The table of contents.
#
#   base/base               registers, memory, columns, and the parts that doors share
#   regression/status       the status codes of a regression
#   regression/doubled      numbers as pairs of float64: 32 digits
#
#   regression/design       the rows of a regression, a block at a time
#   regression/factors      a factor of the inverse of the normal equations, in float64
#   regression/refinement   corrects the factor and the coefficients in doubled precision
#   regression/robust       the orthonormal basis of the rows, scores of robust errors
#   regression/fits         the result object of a linear regression
#   regression/linear       fit_linear
#   regression/moments      centred second moments of rows
#   regression/merging      merges the moments of two sets of rows
#   regression/normal       a regression from its moments alone
#
#   regression/lines        one straight line: its sums, and its fit
#   regression/line_stacks  many lines; short ones take one lane each
#   regression/line_doors   fit_line
#
#   regression/chebyshev    sums over points of Chebyshev polynomials
#   regression/polynomial   fit_polynomial
#
#   regression/batches      lines from centred sums, for groups and windows
#   regression/keys         keys of any kind, numbered as they first appear
#   regression/groups       a line for every group of rows
#   regression/rolling      a line for every window of a series
#   regression/planes       planes from centred sums, for groups and windows
#   regression/settling     planes of single sets in doubled precision
#   regression/group_planes a plane for every group of rows
#   regression/spans        planes for windows of time, growing and fading ones
#   regression/rolling_planes   a plane for every window of a series

include "kernels/base/base.pxi"

include "kernels/regression/status.pxi"
include "kernels/regression/doubled.pxi"

include "kernels/regression/design.pxi"
include "kernels/regression/factors.pxi"
include "kernels/regression/refinement.pxi"
include "kernels/regression/fits.pxi"
include "kernels/regression/robust.pxi"
include "kernels/regression/linear.pxi"
include "kernels/regression/moments.pxi"
include "kernels/regression/merging.pxi"
include "kernels/regression/normal.pxi"

include "kernels/regression/lines.pxi"
include "kernels/regression/line_stacks.pxi"
include "kernels/regression/line_doors.pxi"

include "kernels/regression/chebyshev.pxi"
include "kernels/regression/polynomial.pxi"

include "kernels/regression/batches.pxi"
include "kernels/regression/keys.pxi"
include "kernels/regression/groups.pxi"
include "kernels/regression/rolling.pxi"

include "kernels/regression/planes.pxi"
include "kernels/regression/settling.pxi"
include "kernels/regression/group_planes.pxi"
include "kernels/regression/spans.pxi"
include "kernels/regression/rolling_planes.pxi"
