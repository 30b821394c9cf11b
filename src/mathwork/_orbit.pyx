# Orbits of two bodies. The table of contents.
#
#   base/base          registers, memory, and the parts that doors share
#   base/exponential   e^x, for hyperbolas
#   orbit/blocks       a kernel over float64 operands of any layout, and its calls
#   orbit/circular     quantities of circular orbits
#   orbit/doors        the doors of circular orbits
#   orbit/kepler       Kepler's equation for every conic
#   orbit/angles       angles from their sines and cosines
#   orbit/states       positions, velocities and anomalies of many orbits at many times
#   orbit/anomalies    the mean anomaly of a true one, and more of one pass of Kepler's equation
#   orbit/vectors      the conic through a position with a velocity
#   orbit/propagation  states after a time, and their derivatives
#   orbit/elements     elements from a position with a velocity

include "kernels/base/base.pxi"
include "kernels/base/exponential.pxi"

include "kernels/orbit/blocks.pxi"
include "kernels/orbit/circular.pxi"
include "kernels/orbit/doors.pxi"
include "kernels/orbit/kepler.pxi"
include "kernels/orbit/angles.pxi"
include "kernels/orbit/states.pxi"
include "kernels/orbit/anomalies.pxi"
include "kernels/orbit/vectors.pxi"
include "kernels/orbit/propagation.pxi"
include "kernels/orbit/elements.pxi"
