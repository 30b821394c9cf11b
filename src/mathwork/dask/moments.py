"""Linear regression over partitions: the moments of each, merged in a tree."""
from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import mathwork.regression as regression
from mathwork._arguments import choice, count, flag, items
from mathwork._levels import regression as kernels
from mathwork.dask.library import delayed
from mathwork.dask.partitions import merged, partitions
from mathwork.regression.checks import checked_nan_policy, checked_rank_tol
from mathwork.regression.details import Details, details_or_none
from mathwork.regression.robust import Covariance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Literal, Self, SupportsIndex

    from mathwork._types import NanPolicy
    from mathwork.dask.library import Delayed, Frame


ROBUST = ("HC0", "HC1")         # the covariances that moments give
MOST_COLUMNS = 1_000_000


class Moments(delayed.Delayed):
    """Moments of rows in partitions, not yet computed: a Delayed of regression's Moments.

    :meth:`of` makes it. ``compute()`` gives a :class:`mathwork.regression.Moments`, of a few
    hundred bytes, and every attribute or method of that is a Delayed here. So ``moments.nobs`` and
    ``moments.fit([0])`` are computed when they are asked for, together or later; ``persist()``
    keeps the moments on a cluster, and further fits read no row.

    Attributes
    ----------
    nobs, n_columns, n_targets : Delayed of int
        As of :class:`mathwork.regression.Moments`.

    Notes
    -----
    Each partition is read once, and gives its moments in 32 digits. They are added in a tree whose
    form depends on the number of partitions alone. So the result has the same bits on every
    scheduler, for any number of workers, and after a worker was lost. Nothing is shuffled.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import Moments
    >>> X = da.from_array([[1.0, 1], [2, 1], [3, 2], [4, 2]], chunks=(2, 2))
    >>> moments = Moments.of(X, da.from_array([6.0, 8, 13, 15], chunks=2))
    >>> moments.compute()
    Moments(nobs=4, n_columns=2, n_targets=1)
    >>> moments.fit().compute().params, moments.fit([0]).compute().params
    (array([1., 2., 3.]), array([2.5, 3.2]))
    """

    __slots__ = ()

    @classmethod
    def of(cls, X: Frame, y: Frame, *, weights: Frame | None = None,
           nan_policy: NanPolicy = "raise", robust: bool = False) -> Self:
        """The moments of the rows of Dask collections.

        Parameters
        ----------
        X : dask.array.Array, shape (n, p), or dask.dataframe.DataFrame
            The columns of a dataframe name those of the fit. Columns of an array may be in several
            chunks; they are brought together.
        y : dask.array.Array, shape (n,) or (n, k), or dask.dataframe.Series or DataFrame
            In the same kind of collection as X. Chunks of arrays may differ, if Dask knows their
            sizes.
        weights : the same, shape (n,), optional
        nan_policy : {"raise", "omit", "propagate"}
        robust : bool
            All three as for :meth:`mathwork.regression.Moments.update`.

        Returns
        -------
        Moments

        Raises
        ------
        TypeError
            For what is not a Dask collection, and for an array beside a dataframe.
        ValueError
            For shapes that do not fit. What only the rows show is raised when they are read, as by
            :meth:`mathwork.regression.Moments.update`; it counts rows from the first one of their
            partition.

        Examples
        --------
        >>> import dask.dataframe as dd, pandas as pd
        >>> from mathwork.dask import Moments
        >>> frame = pd.DataFrame({"dose": [1, 2, 3, 4], "effect": [1, 3, 2, 4]})
        >>> frame = dd.from_pandas(frame, npartitions=2)
        >>> Moments.of(frame[["dose"]], frame["effect"]).fit().compute().terms
        ('intercept', 'dose')
        """
        of_rows = partial(_of_rows, nan_policy=checked_nan_policy(nan_policy),
                          robust=flag(robust, "robust"))
        found = merged(partitions(of_rows, X=X, y=y, weights=weights).results, sum)
        return cls(found.key, found.dask)

    def fit(self, columns: Iterable[SupportsIndex] | None = None, *, intercept: bool = True,
            rank_tol: float | None = None) -> Delayed:
        """The linear regression of y on columns of X.

        Parameters
        ----------
        columns, intercept, rank_tol
            As for :meth:`mathwork.regression.Moments.fit`.

        Returns
        -------
        Delayed of LinearFit
            A warning of columns that depend on others is given where it is computed. `status` tells
            of them everywhere.

        Raises
        ------
        ValueError, TypeError, IndexError
            As for :meth:`mathwork.regression.Moments.fit`, where it is computed.

        Examples
        --------
        >>> import dask.array as da
        >>> from mathwork.dask import Moments
        >>> x = da.arange(6, chunks=2)
        >>> Moments.of(x[:, None], 3 * x + 1).fit().compute().params
        array([1., 3.])
        """
        return _on_moments("fit", self, columns, intercept=intercept, rank_tol=rank_tol)

    def robust_cov(self, columns: Iterable[SupportsIndex] | None = None, *,
                   intercept: bool = True, rank_tol: float | None = None,
                   cov: Literal["HC0", "HC1"] = "HC1") -> Delayed:
        """The covariance of the parameters of :meth:`fit` if the variance of y differs among rows.

        Parameters
        ----------
        columns, intercept, rank_tol, cov
            As for :meth:`mathwork.regression.Moments.robust_cov`. The moments must have been made
            with ``robust=True``.

        Returns
        -------
        Delayed of ndarray, shape (P, P) or (k, P, P)

        Raises
        ------
        ValueError, TypeError, IndexError
            As for :meth:`mathwork.regression.Moments.robust_cov`, where it is computed.

        Examples
        --------
        >>> import dask.array as da
        >>> from mathwork.dask import Moments
        >>> X = da.from_array([[1.0], [2], [3], [4]], chunks=(2, 1))
        >>> moments = Moments.of(X, da.from_array([1.0, 3, 2, 4], chunks=2), robust=True)
        >>> (moments.robust_cov(cov="HC0").compute().diagonal() ** 0.5).round(4)
        array([0.5612, 0.18  ])
        """
        return _on_moments("robust_cov", self, columns, intercept=intercept, rank_tol=rank_tol,
                           cov=choice(cov, "cov", ROBUST))

    def __add__(self, other: Any) -> Moments:
        if not isinstance(other, delayed.Delayed | regression.Moments):
            return NotImplemented
        found = merged([self, other], sum)
        return type(self)(found.key, found.dask)

    def _rebuild(self, *args: Any, **kwargs: Any) -> Moments:
        found = super()._rebuild(*args, **kwargs)       # after persist()
        return type(self)(found.key, found.dask, layer=found._layer)


def fit_linear(X: Frame, y: Frame, *, intercept: bool = True, weights: Frame | None = None,
               rank_tol: float | None = None, nan_policy: NanPolicy = "raise",
               cov: Literal["nonrobust", "HC0", "HC1"] = "nonrobust") -> Delayed:
    """A linear regression by least squares, over the partitions of Dask collections.

    Parameters
    ----------
    X, y
        As for :meth:`Moments.of`.
    intercept : bool
        Whether to add a constant, the first parameter, to the columns.
    weights
        As for :meth:`Moments.of`.
    rank_tol : float, optional
        As for :meth:`mathwork.regression.Moments.fit`.
    nan_policy : {"raise", "omit", "propagate"}
        As for :func:`mathwork.regression.fit_linear`.
    cov : {"nonrobust", "HC0", "HC1"}
        What the standard errors allow for: equal variances alone, or variances that differ from row
        to row. Others need the rows.

    Returns
    -------
    Delayed of LinearFit
        ``compute()`` gives the fit, without `resid` and `fittedvalues`, which need the rows.

    Raises
    ------
    TypeError, ValueError
        As :meth:`Moments.of`, and ValueError for another `cov`.

    Notes
    -----
    One pass over the rows, none of which leaves its partition. Parameters and standard errors are
    those of :func:`mathwork.regression.fit_linear` to nearly all digits: see
    :meth:`mathwork.regression.Moments.fit`. The squared residuals of HC0 and HC1 are sums of
    products of four columns: see :meth:`mathwork.regression.Moments.robust_cov`. Without an
    intercept their F loses twice the digits that the condition of X costs. For several fits of one
    data set make :class:`Moments` once.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import fit_linear
    >>> X = da.from_array([[1.0, 1], [2, 1], [3, 2], [4, 2]], chunks=(2, 2))
    >>> fit_linear(X, da.from_array([6.0, 8, 13, 15], chunks=2)).compute()
    LinearFit(params=array([1., 2., 3.]), rsquared=1.0, nobs=4)
    """
    cov = choice(cov, "cov", ("nonrobust", *ROBUST), " (other estimators need the rows)")
    moments = Moments.of(X, y, weights=weights, nan_policy=nan_policy, robust=cov != "nonrobust")
    options = _checked(intercept, rank_tol)
    if cov == "nonrobust":
        return moments.fit(**options)
    return delayed.delayed(_robust_fit, pure=True)(moments, cov, **options)


def fit_line(x: Frame, y: Frame, *, weights: Frame | None = None,
             nan_policy: NanPolicy = "raise") -> Delayed:
    """The straight line through points in Dask collections by least squares.

    Parameters
    ----------
    x, y : dask.array.Array, shape (n,), or dask.dataframe.Series
    weights : the same, optional
    nan_policy : {"raise", "omit", "propagate"}
        As for :func:`mathwork.regression.fit_line`.

    Returns
    -------
    Delayed of LineFit
        Without what needs the points: `resid`, `fittedvalues`, `leverage`.

    Raises
    ------
    TypeError, ValueError
        As :meth:`Moments.of`. When it is computed, ValueError also for fewer than two points, and
        if all have the same x.

    Examples
    --------
    >>> import dask.array as da
    >>> from mathwork.dask import fit_line
    >>> x = da.from_array([1.0, 2, 3, 4], chunks=2)
    >>> fit = fit_line(x, da.from_array([3.0, 5, 7, 10], chunks=2)).compute()
    >>> fit.slope, fit.intercept
    (2.3, 0.5)
    """
    for name, points in (("x", x), ("y", y)):
        if getattr(points, "ndim", 1) != 1:
            raise ValueError(f"{name} must have one dimension, as a column has, got {points.ndim}: "
                             "fit_linear takes several columns")
    of_rows = partial(_of_rows, nan_policy=checked_nan_policy(nan_policy), robust=False)
    found = merged(partitions(of_rows, x=x, y=y, weights=weights).results, sum)
    return delayed.delayed(_line_of, pure=True)(found)


# ---- in the workers ----

def _of_rows(X: Any, y: Any, weights: Any = None, *, nan_policy: NanPolicy, robust: bool
             ) -> regression.Moments:
    """Return the moments of a partition; X may be one column"""
    if np.ndim(X) == 1:
        X = X.to_frame() if hasattr(X, "to_frame") else X[:, None]
    return regression.Moments.of(X, y, weights=weights, nan_policy=nan_policy, robust=robust)


def _on_moments(method: str, moments: Delayed, columns: Any, intercept: bool,
                rank_tol: float | None, **options: Any) -> Delayed:
    if columns is not None:         # a mask is refused where the number of columns is known
        columns = [column if isinstance(column, bool | np.bool) else
                   count(column, "columns", -sys.maxsize)
                   for column in items(columns, "columns", "an iterable of places of columns of X",
                                       MOST_COLUMNS)]
    return delayed.delayed(getattr(regression.Moments, method), pure=True)(
        moments, columns, **_checked(intercept, rank_tol), **options)


def _checked(intercept: bool, rank_tol: float | None) -> dict[str, Any]:
    """Return the options of a fit"""
    return {"intercept": flag(intercept, "intercept"),
            "rank_tol": None if rank_tol is None else checked_rank_tol(rank_tol, 0.0)}


def _robust_fit(moments: regression.Moments, cov: str, **options: Any) -> regression.LinearFit:
    """Return the fit by moments with robust standard errors"""
    fit = moments.fit(**options)
    factor = fit._known().basis.factor
    there = ~np.isnan(factor[:, 0])             # columns that depend on others have none
    inverse = np.linalg.inv(factor[there])
    found = moments.robust_cov(cov=cov, **options)[..., there, :][..., there]
    return fit._with_errors(Covariance(cov, inverse @ found @ inverse.T, fit.df_resid, cov))


def _line_of(moments: regression.Moments) -> regression.LineFit:
    """Return the line by the moments of one column"""
    if moments.nobs and moments.gram[0, 0] == 0:
        raise ValueError(f"x must vary, got {moments.nobs} points with x = {moments.mean[0]}")
    plane = moments.fit()
    (intercept, slope), (intercept_stderr, stderr) = plane.params.tolist(), plane.bse.tolist()
    rvalue = np.copysign(np.sqrt(plane.rsquared), slope)
    line = regression.LineFit(slope, intercept, rvalue, stderr, intercept_stderr, plane.nobs,
                              plane.status)
    line._basis = plane._known()
    return kernels.with_details(line, details_or_none(
        Details(moments.n_omitted, moments._names)))
