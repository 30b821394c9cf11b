"""What a fit says of itself: the codes of `status`, for one fit an int, for many an int8 array.

mathwork._status says what they mean.
"""
from mathwork._status import BAD_WEIGHT, CONSTANT, FITTED, TOO_FEW
from mathwork._status import FIT_NOT_FINITE as NOT_FINITE

__all__ = ["BAD_WEIGHT", "CONSTANT", "FITTED", "NOT_FINITE", "TOO_FEW"]
