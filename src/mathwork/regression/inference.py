"""Probabilities of test statistics, by SciPy.

All arguments broadcast. A NaN argument gives NaN, and so do 0 degrees of freedom.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import number
from mathwork._extras import extra

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from mathwork._types import FloatOrArray

PURPOSE = "compute p-values and confidence intervals"


def t_pvalue(t: ArrayLike, df: ArrayLike) -> FloatOrArray:
    """The chance of a Student t with `df` degrees of freedom at least as far from 0 as `t`.

    Parameters
    ----------
    t, df : array_like

    Returns
    -------
    float, or ndarray if an argument is one

    Raises
    ------
    ImportError
        If SciPy is missing.

    Examples
    --------
    >>> from mathwork.regression.inference import t_pvalue
    >>> round(t_pvalue(-2.228139, 10), 6)
    0.05
    """
    return _as_python(extra("scipy.special", PURPOSE).stdtr(df, -np.abs(t)) * 2)


def f_pvalue(F: ArrayLike, df_model: ArrayLike, df_resid: ArrayLike) -> FloatOrArray:
    """The chance of an F with these degrees of freedom above `F`.

    Parameters
    ----------
    F, df_model, df_resid : array_like

    Returns
    -------
    float, or ndarray if an argument is one

    Raises
    ------
    ImportError
        If SciPy is missing.

    Examples
    --------
    >>> from mathwork.regression.inference import f_pvalue
    >>> round(f_pvalue(4.964603, 1, 10), 6)
    0.05
    """
    return _as_python(extra("scipy.special", PURPOSE).fdtrc(df_model, df_resid, F))


def t_quantile(tail: ArrayLike, df: ArrayLike) -> FloatOrArray:
    """The t that a Student t with `df` degrees of freedom exceeds with a chance of `tail`.

    Parameters
    ----------
    tail, df : array_like

    Returns
    -------
    float, or ndarray if an argument is one

    Raises
    ------
    ImportError
        If SciPy is missing.

    Examples
    --------
    >>> from mathwork.regression.inference import t_quantile
    >>> round(t_quantile(0.025, 10), 6)
    2.228139
    """
    return _as_python(-extra("scipy.special", PURPOSE).stdtrit(df, tail))


def t_statistic(value: ArrayLike, stderr: ArrayLike) -> FloatOrArray:
    """``value / stderr``, and 0 if both are 0: an exact zero is no evidence.

    Parameters
    ----------
    value, stderr : array_like

    Returns
    -------
    float, or ndarray if an argument is one

    Examples
    --------
    >>> from mathwork.regression.inference import t_statistic
    >>> t_statistic([1.0, 0.0], [0.5, 0.0])
    array([2., 0.])
    """
    value, stderr = np.asarray(value), np.asarray(stderr)
    with np.errstate(all="ignore"):
        t = np.where((value == 0) & (stderr == 0), 0.0, value / stderr)
    return _as_python(t[()])


def checked_alpha(alpha: float) -> float:
    """Return `alpha` as a float between 0 and 1."""
    return number(alpha, "alpha", above=0.0, below=1.0)


def _as_python(value: Any) -> FloatOrArray:
    return float(value) if np.ndim(value) == 0 else value
