# Training of networks: gradients, and the loops over epochs. The table of contents.
#
#   base/base, exponential, product, matrices     as in _core
#   nn/activations, softmax, steps                activations, and a network as a list of steps
#   random/philox                                 the generator, for the order of rows
#
#   training/columns_of_rows    a piece of a batch: its rows are in the lanes
#   training/slopes             derivatives of activations
#   training/column_functions   softmax and normalisation of rows in lanes, and their derivatives
#   training/losses             the loss of each row, and its derivative
#   training/passes             forward and backward passes of a piece
#   training/model              a network as these kernels see it
#   training/rules              one step of an optimiser
#   training/shuffling          the order of rows in an epoch
#   training/samples            what a network learns from
#   training/trainer            epochs, batches and pieces
#   training/vectors            vectors of float64, and Cholesky's factors
#   training/line_search        the length of a step along a direction
#   training/whole_data         L-BFGS and Levenberg-Marquardt

include "kernels/base/base.pxi"
include "kernels/base/exponential.pxi"
include "kernels/base/product.pxi"
include "kernels/base/matrices.pxi"

from libc.math cimport fabs, sqrt

include "kernels/nn/activations.pxi"
include "kernels/nn/softmax.pxi"
include "kernels/nn/steps.pxi"
include "kernels/random/philox.pxi"

include "kernels/training/columns_of_rows.pxi"
include "kernels/training/slopes.pxi"
include "kernels/training/column_functions.pxi"
include "kernels/training/losses.pxi"
include "kernels/training/passes.pxi"
include "kernels/training/model.pxi"
include "kernels/training/rules.pxi"
include "kernels/training/shuffling.pxi"
include "kernels/training/samples.pxi"
include "kernels/training/trainer.pxi"
include "kernels/training/vectors.pxi"
include "kernels/training/line_search.pxi"
include "kernels/training/whole_data.pxi"
