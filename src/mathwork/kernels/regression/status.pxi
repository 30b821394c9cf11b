# The outcome of a regression: the codes of mathwork._status.

cdef enum:
    FIT_DONE
    FIT_TOO_FEW             # fewer points than the parameters need
    FIT_CONSTANT            # x is constant, or a column depends on earlier columns
    FIT_NOT_FINITE
    FIT_BAD_WEIGHT
    FIT_NO_MEMORY           # becomes a MemoryError
