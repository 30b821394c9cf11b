"""The parameters of He's distributions: variance, standard deviation, half width."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mathwork._arguments import count

if TYPE_CHECKING:
    from typing import SupportsIndex


def he_variance(n_in: SupportsIndex) -> float:
    """Variance of He's weights, ``2 / n_in``.

    Parameters
    ----------
    n_in : int
        Inputs of the layer, at least 1.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `n_in` is not an integer.
    ValueError
        If it is below 1.

    Examples
    --------
    >>> from mathwork.init import he_variance
    >>> he_variance(8)
    0.25
    """
    return 2 / checked_fan(n_in, "n_in")


def he_std(n_in: SupportsIndex) -> float:
    """Standard deviation of He's weights, ``sqrt(2 / n_in)``.

    Parameters
    ----------
    n_in
        As for :func:`he_variance`.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        As from :func:`he_variance`.

    Examples
    --------
    >>> from mathwork.init import he_std
    >>> he_std(8)
    0.5
    """
    return math.sqrt(he_variance(n_in))


def he_limit(n_in: SupportsIndex) -> float:
    """Half width of He's uniform distribution, ``sqrt(6 / n_in)``.

    A uniform distribution on ``(-L, L)`` has variance ``L^2 / 3``; with this limit it is
    ``2 / n_in``.

    Parameters
    ----------
    n_in
        As for :func:`he_variance`.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        As from :func:`he_variance`.

    Examples
    --------
    >>> from mathwork.init import he_limit
    >>> he_limit(24)
    0.5
    """
    return math.sqrt(3 * he_variance(n_in))


def checked_fan(fan: SupportsIndex, name: str) -> int:
    """Return a number of inputs or outputs as an int of at least 1."""
    return count(fan, name)
