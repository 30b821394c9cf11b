"""The codes of `status`, the verdict of a fit: an int for one fit, an int8 array for many.

mathwork._status says what they mean.
"""
from mathwork._status import BAD_WEIGHT, CONSTANT, FITTED, TOO_FEW
from mathwork._status import FIT_NOT_FINITE as NOT_FINITE

__all__ = ["BAD_WEIGHT", "CONSTANT", "FITTED", "NOT_FINITE", "TOO_FEW"]
