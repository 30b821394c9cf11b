"""What a fit says of itself: the codes of `status`, for one fit an int, for many an int8 array."""

FITTED = 0          # nothing is wrong
TOO_FEW = 1         # fewer points, of positive weight, than parameters
CONSTANT = 2        # x does not vary; of several columns: one depends on those before it
NOT_FINITE = 3      # NaN or infinity among the numbers
BAD_WEIGHT = 4      # a weight is negative, infinite or NaN
