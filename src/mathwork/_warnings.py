"""Warnings that several parts of the package give."""


class RankWarning(UserWarning):
    """A rank is below full, or was too close to call.

    :func:`mathwork.regression.fit_linear` warns of a column of X that depends on earlier columns:
    its parameter is NaN. Functions of :mod:`mathwork.matrix` without a field ``ambiguous`` warn
    once a call if a rank depended on a close call.

    Examples
    --------
    >>> import warnings
    >>> from mathwork.regression import RankWarning, fit_linear
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", RankWarning)
    ...     fit = fit_linear([[1, 2], [2, 4], [3, 6], [4, 8]], [1, 3, 2, 4])
    >>> fit.params, fit.rank
    (array([0.5, 0.8, nan]), 2)
    """


RankWarning.__module__ = "mathwork.regression"      # where pickles look for it
