"""Warnings that several parts of the package give, and words of errors like them."""
import warnings


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

REMEDY = "tol=0 takes all that is not 0 for data, exact=True computes with Fractions"


def warn_of_close_calls(close: int, count: int, stacklevel: int, remedy: str = REMEDY) -> None:
    """Warn that `close` of `count` ranks were close calls; count is -1 for one matrix.

    A stacklevel of 1 is the caller, as the caller sees it.
    """
    which = "the rank of A" if count < 0 else f"the rank of {close} of {count} A"
    warnings.warn(f"{which} was too close to call in floats: {remedy}", RankWarning,
                  stacklevel=stacklevel + 1)


def why_singular(rank: int, n: int, finite: bool, ambiguous: bool, remedy: str = REMEDY) -> str:
    """Return why a matrix has no inverse."""
    if not finite:
        return "A has no inverse: it holds NaN or infinity"
    if ambiguous:
        return f"A has no inverse: its rank is {rank} of {n} within rounding; {remedy}"
    return f"A has no inverse: its rank is {rank} of {n}"
