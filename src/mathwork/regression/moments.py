"""Regression without the rows: moments that add up.

The sums are compiled: mathwork/kernels/regression/moments.pxi, and normal.pxi for the fit.
"""
from __future__ import annotations

import functools
import math
import threading
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arguments import choice, flag, items, number, place
from mathwork._doors import public
from mathwork._levels import regression as kernels
from mathwork._status import CONSTANT, FIT_NOT_FINITE
from mathwork.regression.bases import ColumnBasis
from mathwork.regression.checks import checked_rank_tol
from mathwork.regression.details import Details, details_or_none
from mathwork.regression.fourth_moments import sandwich
from mathwork.regression.moment_rows import (
    HEAD,
    checked_rows,
    decayed,
    is_unknown,
    joined,
    moments_of,
    parted,
    weight_of,
)
from mathwork.regression.rows import check_same_columns
from mathwork.regression.statistics import Known

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Self, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import NanPolicy
    from mathwork.regression.fourth_moments import FourthMoments
    from mathwork.regression.linear_fit import LinearFit
    from mathwork.regression.moment_rows import MomentRows

LEAST_SQUARES = 1e-290      # sums of squared weights below it have lost digits
PIECE_NUMBERS = 1 << 20     # numbers to convert, or to search for NaN, at a time


@public
class Moments:
    """Means and centred sums of products of columns: enough of the rows for a linear regression.

    ``Moments()`` holds no rows. :meth:`of` makes the moments of rows, ``+`` and ``sum`` join
    moments of different rows, ``-`` takes rows away that are among them, :meth:`update` adds rows
    in place, and :meth:`decay` makes those so far weigh less. Nothing else ever changes a
    Moments. Otherwise it is a value: it is compared by its content, and its pickle is small. Its
    size does not depend on the number of rows.

    Parameters
    ----------
    robust : bool
        Whether to keep what :meth:`robust_cov` needs: sums of products of four columns, which take
        ``(q + 1)^2 (q + 2)^2 / 4`` numbers for q columns in X and y, and as much work a row.

    Attributes
    ----------
    nobs : int
        Rows with a positive weight.
    n_omitted : int
        Rows that ``nan_policy="omit"`` left out.
    weight : float
        The sum of their weights.
    effective_nobs : float
        ``sum(weights)**2 / sum(weights**2)``: `nobs` if all weights are equal; NaN if their squares
        leave the range of float64.
    n_columns, n_targets : int
        The columns of X and of y; 0 before the first rows.
    mean : ndarray, shape (n_columns + n_targets,)
        Weighted means of the columns of X, then of y.
    gram : ndarray, shape (n_columns + n_targets, n_columns + n_targets)
        ``sum(weights * (a - mean(a)) * (b - mean(b)))`` for all pairs of these columns.

    Notes
    -----
    All sums are kept in doubled precision, about 32 digits, and about a point near the mean that
    rounds nothing. So no digits are lost by an offset of the columns, by cutting the rows into
    pieces, or by the order of joining them. :meth:`fit` gives the parameters of :func:`fit_linear`.
    Columns may be of any magnitudes, also together.

    What ``-`` leaves is right to 32 digits of what was there before: of the sums that the rows
    taken away had a part in. A column that is constant to 27 of these digits is constant.

    Joining: Chan, Golub, LeVeque, "Algorithms for computing the sample variance", The American
    Statistician 37(3), 1983.

    Examples
    --------
    >>> from mathwork.regression import Moments
    >>> monday = Moments.of([[1], [2]], [1, 3])
    >>> tuesday = Moments.of([[3], [4]], [2, 4])
    >>> (monday + tuesday).fit()
    LinearFit(params=array([0.5, 0.8]), rsquared=0.64, nobs=4)
    >>> moments = Moments()
    >>> for x in range(1, 5):
    ...     moments.update([[x, x * x]], [x**3])
    >>> moments.nobs, moments.mean
    (4, array([ 2.5,  7.5, 25. ]))
    """

    __slots__ = ("_changing", "_fourth", "_n_columns", "_n_omitted", "_n_targets", "_names",
                 "_numbers", "_robust", "_single", "_squares")

    def __init__(self, *, robust: bool = False) -> None:
        self._numbers: NDArray[np.float64] | None = None
        self._n_columns = self._n_targets = 0
        self._single = False            # whether y has shape (n,)
        self._names: tuple[str, ...] | None = None      # of the columns of X
        self._n_omitted = 0
        self._squares = 0.0             # the sum of squared weights
        self._robust = flag(robust, "robust")
        self._fourth: FourthMoments | None = None       # None until there are rows
        self._changing = threading.Lock()               # held by update() and decay()

    @classmethod
    def of(cls, X: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None,
           nan_policy: NanPolicy = "raise", robust: bool = False) -> Self:
        """The moments of some rows.

        Parameters
        ----------
        X, y, weights, nan_policy
            As for :meth:`update`.
        robust : bool
            As for the class.

        Returns
        -------
        Moments

        Raises
        ------
        TypeError, ValueError
            As :meth:`update`.

        Examples
        --------
        >>> from mathwork.regression import Moments
        >>> Moments.of([[1], [2], [4]], [1, 2, 3]).gram.round(3)
        array([[4.667, 3.   ],
               [3.   , 2.   ]])
        """
        moments = cls(robust=robust)
        moments.update(X, y, weights=weights, nan_policy=nan_policy)
        return moments

    def update(self, X: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None,
               nan_policy: NanPolicy = "raise") -> None:
        """Add rows, in place.

        Parameters
        ----------
        X : array_like, shape (n, p)
        y : array_like, shape (n,) or (n, k)
            As many columns as in earlier rows.
        weights : array_like, shape (n,), optional
            The factors of the squared residuals. A row of weight 0 is left out.
        nan_policy : {"raise", "omit", "propagate"}
            What to do if X or y is NaN, NaT or infinite, or a weight is NaN: raise, leave those
            rows out, or let all fits of these moments, and of their sums with others, be NaN with
            status 3.

        Raises
        ------
        TypeError
            For input that is not real numbers, and for masked arrays.
        ValueError
            For shapes that do not fit, or differ from earlier ones; weights that are negative or
            not finite; NaN or infinity in X or y by default; differences or sums that overflow; and
            an unknown `nan_policy`. Then nothing has been added.

        Notes
        -----
        X and y are read once, in place, a piece at a time. With `numpy.memmap` they may be as large
        as a file. Threads that update the same object wait for each other. After an interrupt
        nothing has been added.

        Examples
        --------
        >>> from mathwork.regression import Moments
        >>> state = Moments()
        >>> for X, y in (([[1], [2]], [1, 3]), ([[3], [4]], [2, 4])):
        ...     state.update(X, y)
        >>> state.fit().params
        array([0.5, 0.8])
        """
        rows = checked_rows(X, y, weights, nan_policy)
        with self._changing:
            self._add(rows, nan_policy)

    def _add(self, rows: MomentRows, nan_policy: NanPolicy) -> None:
        """Add rows, all of them or none; for one thread at a time"""
        shape = rows.shape
        if self._numbers is not None and shape != self._shape:
            raise ValueError(f"X and y must have {_described(self._shape)} as the rows before, "
                             f"got {_described(shape)}")
        check_same_columns(rows.names, self._names, "as the rows before")
        q = rows.q
        numbers: Any = self._numbers
        omitted, squares, fourth = self._n_omitted, self._squares, self._fourth
        step = max(PIECE_NUMBERS // max(q, 1), 1)
        for start in range(0, max(rows.n, 1), step):
            added = moments_of(rows, start, step, nan_policy, self._robust)
            numbers = joined(numbers, added.numbers, q)
            omitted += added.omitted
            squares += added.squares
            if added.fourth is not None:
                fourth = added.fourth if fourth is None else fourth.plus(added.fourth)
        names = rows.names or self._names
        # From here on nothing is called. So no interrupt and no other thread comes in between.
        self._numbers, self._names, self._fourth = numbers, names, fourth
        self._n_columns, self._n_targets, self._single = shape
        self._n_omitted, self._squares = omitted, squares

    def decay(self, factor: float) -> None:
        """Multiply the weights of all rows so far by a factor, in place.

        Parameters
        ----------
        factor : float
            Above 0 and finite. ``0.5 ** (time / halflife)`` halves weights every `halflife`.

        Raises
        ------
        ValueError
            For another factor.

        Notes
        -----
        The fit is then the weighted one. `nobs` still counts all rows, and so do the degrees of
        freedom of its standard errors; `effective_nobs` says how many rows of one weight would
        weigh as much.

        Examples
        --------
        >>> from mathwork.regression import Moments
        >>> state = Moments.of([[1], [2], [3]], [1, 2, 3])
        >>> state.decay(0.5)
        >>> state.update([[4], [5]], [8, 10])
        >>> state.nobs, state.weight, round(state.effective_nobs, 3)
        (5, 3.5, 4.455)
        """
        factor = number(factor, "factor", above=0.0)
        with self._changing:
            if self._numbers is not None:
                numbers = decayed(self._numbers, factor, self._n_columns + self._n_targets)
                fourth = None if self._fourth is None else self._fourth.decayed(factor)
                self._numbers, self._fourth = numbers, fourth
                self._squares *= factor * factor

    def fit(self, columns: Iterable[SupportsIndex] | None = None, *, intercept: bool = True,
            rank_tol: float | None = None) -> LinearFit:
        """The linear regression of y on columns of X.

        Parameters
        ----------
        columns : sequence of int, optional
            Which columns of X explain y, in the order of the parameters. All by default.
        intercept : bool
            Whether to add a constant, the first parameter, to the columns.
        rank_tol : float, optional
            A column depends on earlier columns if what they leave of it is at most this part of
            its norm and of the norms of the columns that make it up, and at most an eighth (or this
            part) of its deviations from its mean. ``16 P eps`` for P parameters by default. On the
            intercept alone only a constant column depends, however large its numbers are, as in
            `fit_line`.

        Returns
        -------
        LinearFit
            As from :func:`fit_linear`, except `resid` and `fittedvalues`, which need the rows.

        Raises
        ------
        TypeError, IndexError
            For `columns` that are not integers, or not columns of X.
        ValueError
            If there are fewer rows than parameters, and for a negative `rank_tol`.

        Warns
        -----
        RankWarning
            If a column depends on earlier columns. Its parameter is NaN.

        Notes
        -----
        It solves the normal equations in doubled precision, by a Cholesky factorisation. Its error
        is about ``1e-31 cond(X)**2`` with the columns centred and scaled. For any X of full rank
        that is less than the effect of the rounding of the stored X, ``1e-16 cond(X)``. A sum of
        squared residuals that is not above ``1e-30 (P + 1)`` of the total cannot be told from 0,
        and is 0.

        Examples
        --------
        >>> from mathwork.regression import Moments
        >>> moments = Moments.of([[1, 1], [2, 1], [3, 2], [4, 2]], [6, 8, 13, 15])
        >>> moments.fit().params, moments.fit([0]).params
        (array([1., 2., 3.]), array([2.5, 3.2]))
        """
        return self._fitted(columns, intercept, rank_tol)

    def _fitted(self, columns: Iterable[SupportsIndex] | None, intercept: bool,
                rank_tol: float | None) -> LinearFit:
        """Return the fit; a RankWarning is for the caller's caller"""
        chosen = self._chosen(columns)
        intercept = flag(intercept, "intercept")
        P = len(chosen) + intercept
        if P == 0 or self._n_targets == 0:
            raise ValueError("there must be a column or an intercept, and a y, to fit: "
                             f"these are moments of {_described(self._shape)}")
        rank_tol = checked_rank_tol(rank_tol, 16 * P * np.finfo(np.float64).eps)
        numbers = self._numbers         # once: another thread may update them
        nobs = 0 if numbers is None else int(numbers[0])
        if numbers is None or nobs < P:
            raise ValueError(f"there must be at least {P} rows for {P} parameters, got {nobs}")
        if is_unknown(numbers):
            fit = _unknown_fit(P, self._n_targets, self._single, nobs, intercept)
        else:
            fit = kernels.fit_of_moments(numbers, self._n_columns + self._n_targets, chosen,
                                         self._n_targets, self._single, intercept, rank_tol)
            fit._basis = functools.partial(_known_of, self._like(0, 0.0, numbers), chosen)
        names = None if self._names is None else tuple(self._names[at] for at in chosen)
        fit = kernels.with_details(fit, details_or_none(Details(self._n_omitted, names)))
        if fit.status == CONSTANT:
            fit._warn_of_rank(None if names else chosen, stacklevel=4)
        return fit

    def robust_cov(self, columns: Iterable[SupportsIndex] | None = None, *,
                   intercept: bool = True, rank_tol: float | None = None, cov: str = "HC1"
                   ) -> NDArray[np.float64]:
        """The covariance of the parameters of :meth:`fit` if the variance of y differs among rows.

        Parameters
        ----------
        columns, intercept, rank_tol
            As for :meth:`fit`.
        cov : {"HC1", "HC0"}
            White's estimator, and with HC1 ``nobs / df_resid`` times it. HC2 and HC3 need the rows.

        Returns
        -------
        ndarray, shape (P, P) or (k, P, P)
            The roots of its diagonal are the standard errors. NaN if squares of the weights leave
            the range of float64.

        Raises
        ------
        TypeError, IndexError, ValueError
            As :meth:`fit`; for another `cov`; and if these moments were not made with
            ``robust=True``.

        Warns
        -----
        RankWarning
            As :meth:`fit`.

        Notes
        -----
        The squared residuals are sums of products of four columns, in float64. Their relative error
        is about ``1e-15 / (1 - rsquared)``, more if the first rows were far from the others.

        References
        ----------
        White, "A heteroskedasticity-consistent covariance matrix estimator and a direct test for
        heteroskedasticity", Econometrica 48(4), 1980.

        Examples
        --------
        >>> from mathwork.regression import Moments
        >>> moments = Moments.of([[1], [2], [3], [4]], [1, 3, 2, 4], robust=True)
        >>> (moments.robust_cov(cov="HC0").diagonal() ** 0.5).round(4)
        array([0.5612, 0.18  ])
        """
        cov = choice(cov, "cov", ("HC0", "HC1"), ", as other estimators need the rows")
        if not self._robust:
            raise ValueError("these moments do not keep what robust covariances need: "
                             "make them with robust=True")
        with self._changing:
            now = self._like(self._n_omitted, self._squares)
        chosen = now._chosen(columns)
        fit = now._fitted(chosen, intercept, rank_tol)
        if now._fourth is None or not now._knows_squares:       # rows with gaps, or lost squares
            return np.full((*fit.params.shape[1:], *2 * fit.params.shape[:1]), math.nan)
        mean = np.stack([now._part(0, 1), now._part(1, 1)])
        found = sandwich(now._fourth, fit, chosen, len(mean[0]), mean, now.weight)
        with np.errstate(all="ignore"):
            return found * (np.divide(fit.nobs, fit.df_resid) if cov == "HC1" else 1.0)

    @property
    def nobs(self) -> int:
        return 0 if self._numbers is None else int(self._numbers[0])

    @property
    def weight(self) -> float:
        return 0.0 if self._numbers is None else weight_of(self._numbers)

    @property
    def effective_nobs(self) -> float:
        if self.nobs == 0:
            return 0.0
        return (self.weight * (self.weight / self._squares) if self._knows_squares
                else math.nan)

    @property
    def _knows_squares(self) -> bool:
        """Whether squares of the weights are in the range of float64"""
        return LEAST_SQUARES < self._squares < math.inf

    @property
    def n_omitted(self) -> int:
        return self._n_omitted

    @property
    def n_columns(self) -> int:
        return self._n_columns

    @property
    def n_targets(self) -> int:
        return self._n_targets

    @property
    def mean(self) -> NDArray[np.float64]:
        return self._part(0, 1)

    @property
    def gram(self) -> NDArray[np.float64]:
        q = self._n_columns + self._n_targets
        if self._numbers is None:
            return np.zeros((0, 0))
        units = self._part(2, 1).astype(int)
        units = units[:, None] + units + int(self._numbers[3])
        with np.errstate(all="ignore"):
            return np.ldexp(self._part(3, q).reshape(q, q), units)

    def __add__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        totals = self._n_omitted + other._n_omitted, self._squares + other._squares
        if self._numbers is None or other._numbers is None:     # one of them has no rows
            return (other if self._numbers is None else self)._like(*totals)
        self._check_like(other)
        made = self._like(*totals, joined(self._numbers, other._numbers, sum(self._shape[:2])))
        made._names = self._names or other._names
        made._take_fourth(self, other, 1)
        return made

    def __sub__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        omitted = self._n_omitted - other._n_omitted
        if other._numbers is None:
            return self._like(omitted, self._squares)
        if self._numbers is None:
            raise ValueError("moments to take away must be of some of the 0 rows, "
                             f"got those of {other.nobs}")
        self._check_like(other)
        numbers = parted(self._numbers, other._numbers, sum(self._shape[:2]))
        made = self._like(omitted, max(self._squares - other._squares, 0.0), numbers)
        made._take_fourth(self, other, -1)
        return made

    def __radd__(self, other: int) -> Moments:
        # sum() starts from 0
        return self._like(self._n_omitted, self._squares) if (
            isinstance(other, int) and other == 0) else NotImplemented

    # Without a hash, because update() changes what it compares by.
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Moments):
            return NotImplemented
        if self._numbers is None or other._numbers is None:
            return self._shape == other._shape and self._numbers is other._numbers
        return self._shape == other._shape and np.array_equal(self._numbers, other._numbers)

    def _spread(self, most: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return means and standard deviations of the first columns, for weights of any scale"""
        now = self._like(0, 0.0)        # another thread may update these
        if now._numbers is None:
            return np.zeros(0), np.zeros(0)
        with np.errstate(all="ignore"):
            units = 2 * now._part(2, 1).astype(int) + int(now._numbers[3])
            q = len(units)
            squares = now._numbers[HEAD + 3 * q:HEAD + (3 + q) * q:q + 1]
            variances = np.ldexp(squares, units) / now.weight * np.divide(now.nobs, now.nobs - 1)
            return now.mean[:most], np.sqrt(variances)[:most]

    def _repr_html_(self) -> str:
        import mathwork.regression.displays as displays  # here: few run in a notebook

        return displays.moments_html(self)

    def __repr__(self) -> str:
        omitted = f", n_omitted={self._n_omitted}" if self._n_omitted else ""
        return (f"Moments(nobs={self.nobs}, n_columns={self._n_columns}, "
                f"n_targets={self._n_targets}{omitted})")

    @property
    def _shape(self) -> tuple[int, int, bool]:
        return self._n_columns, self._n_targets, self._single

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self._shape, self._numbers, self._names, self._n_omitted, self._squares,
                          self._robust, self._fourth, type(self))

    def _like(self, omitted: int, squares: float, numbers: NDArray[np.float64] | None = None
              ) -> Moments:
        """Return Moments of the same columns with these numbers or its own; numbers never change"""
        return _rebuilt(self._shape, self._numbers if numbers is None else numbers, self._names,
                        omitted, squares, self._robust, self._fourth)

    def _take_fourth(self, one: Moments, two: Moments, sign: int) -> None:
        """Have the fourth moments of both, if both keep them"""
        self._robust = one._robust and two._robust
        self._fourth = None
        if self._robust and self.nobs and one._fourth is not None:
            self._fourth = one._fourth.plus(two._fourth, sign)
        elif self._robust and self.nobs:
            self._fourth = two._fourth

    def _check_like(self, other: Moments) -> None:
        """Raise unless both have the same columns"""
        if self._shape != other._shape:
            raise ValueError("moments must be of the same columns, "
                             f"got {_described(self._shape)} and {_described(other._shape)}")
        check_same_columns(other._names, self._names, "as the first moments have",
                           "the second moments")

    def _part(self, part: int, rows: int) -> NDArray[np.float64]:
        """Return the mean, its low part, the exponents, and gram with q rows: see moments.pxi"""
        q = self._n_columns + self._n_targets
        if self._numbers is None:
            return np.zeros(0)
        return self._numbers[HEAD + part * q:HEAD + (part + rows) * q].copy()

    def _chosen(self, columns: Iterable[SupportsIndex] | None) -> NDArray[np.intp]:
        if columns is None:
            return np.arange(self._n_columns)
        listed = items(columns, "columns", "an iterable of places of columns of X",
                       self._n_columns)
        if any(isinstance(column, bool | np.bool) for column in listed):
            raise TypeError("columns must be the places of columns of X, got a mask: "
                            "numpy.flatnonzero gives the places in it")
        return np.array([place(column, "columns", self._n_columns, "of X") for column in listed],
                        np.intp)



def _rebuilt(shape: tuple[int, int, bool], numbers: NDArray[np.float64] | None,
             names: tuple[str, ...] | None = None, omitted: int = 0, squares: float = 0.0,
             robust: bool = False, fourth: FourthMoments | None = None,
             cls: type[Moments] = Moments) -> Moments:
    made = cls.__new__(cls)
    Moments.__init__(made, robust=robust)
    made._n_columns, made._n_targets, made._single = shape
    made._numbers, made._names, made._n_omitted = numbers, names, omitted
    made._squares, made._fourth = squares, fourth
    return made


def _known_of(moments: Moments, chosen: NDArray[np.intp], fit: LinearFit) -> Known:
    """Return what a fit of the chosen columns knows of the rows, once it is asked"""
    there = ~np.isnan(fit.params.reshape(len(fit.params), -1)[fit.intercept:, 0])
    basis = ColumnBasis.of_moments(
        np.flatnonzero(there), len(fit.params), moments.mean[chosen],
        moments.gram[np.ix_(chosen, chosen)], moments.weight, fit.intercept)
    return Known(basis, None)


def _unknown_fit(P: int, k: int, single: bool, nobs: int, intercept: bool) -> LinearFit:
    """Return the fit of moments of rows with gaps: NaN, with status 3"""
    params = np.full(P if single else (P, k), math.nan)
    each: Any = math.nan if single else np.full(k, math.nan)
    return kernels.least_squares(params, params.copy(), each, each, each, np.full((P, P), math.nan),
                                 nobs, P, FIT_NOT_FINITE, intercept, None, None)


def _described(shape: tuple[int, int, bool]) -> str:
    """Return text for a message from (columns of X, columns of y, whether y is one vector)"""
    p, k, single = shape
    return f"shapes (n, {p}) and " + ("(n,)" if single else f"(n, {k})")
