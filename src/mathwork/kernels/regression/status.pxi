# What became of a regression: the codes of mathwork._status.

cdef enum:
    FIT_DONE
    FIT_TOO_FEW             # points for the parameters
    FIT_CONSTANT            # x; of several columns: one depends on those before it
    FIT_NOT_FINITE
    FIT_BAD_WEIGHT
    FIT_NO_MEMORY           # which becomes a MemoryError
