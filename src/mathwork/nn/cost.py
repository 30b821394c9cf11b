"""The cost of a result against the answer it should have been."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import as_plain_together

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from mathwork._types import ScalarOrArray


def cost(result: ArrayLike, answer: ArrayLike) -> ScalarOrArray:
    """Sum of squared differences over the last axis.

    Parameters
    ----------
    result, answer : array_like, both of shape (..., n)
        Float32 and float16 are computed in float32, everything else in float64.

    Returns
    -------
    scalar or ndarray, shape (...)

    Raises
    ------
    TypeError
        For anything but real numbers, and for masked arrays.
    ValueError
        If the shapes differ or have no last axis. Broadcasting ``(n, 1)`` against ``(n,)`` would
        give an ``(n, n)`` answer that nobody wants.

    Notes
    -----
    ``C = sum_n (result_n - answer_n)^2``: a plain sum, without the 1/2 or the mean that other
    packages put in front.

    Examples
    --------
    >>> from mathwork.nn import cost
    >>> float(cost([0.5, 3.0], [1.0, 1.0]))    # 0.5**2 + 2**2
    4.25
    """
    result, answer = as_plain_together(result=result, answer=answer)
    if result.shape != answer.shape or result.ndim == 0:
        raise ValueError("result and answer must have the same shape (..., n), "
                         f"got {result.shape} and {answer.shape}")
    with np.errstate(all="ignore"):
        return np.sum(np.square(result - answer), axis=-1)
