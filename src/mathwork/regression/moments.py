"""Regression without the rows: moments that add up.

The sums are compiled: mathwork/kernels/regression/moments.pxi, and normal.pxi for the fit.
"""
from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import FLOAT64, as_array, as_plain
from mathwork._doors import public
from mathwork._levels import regression as kernels
from mathwork._status import CONSTANT
from mathwork.regression.checks import (
    check_nan_policy,
    check_weights,
    check_weights_of_rows,
    checked_rank_tol,
    in_place,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Literal, Self, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray
    from mathwork.regression.linear import LinearFit

NAN_POLICIES = ("raise", "omit")
PIECE_NUMBERS = 1 << 20     # numbers to convert, or to search for NaN, at a time


@public
class Moments:
    """Means and centred sums of products of columns: enough of the rows for a linear regression.

    ``Moments()`` holds no rows. :meth:`of` makes the moments of rows, ``+`` and ``sum`` join
    moments of different rows, and :meth:`update` adds rows in place. Nothing else ever changes a
    Moments. Otherwise it is a value: it is compared by its content, and its pickle is small. Its
    size does not depend on the number of rows.

    Attributes
    ----------
    nobs : int
        Rows with a positive weight.
    weight : float
        The sum of their weights.
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

    __slots__ = ("_n_columns", "_n_targets", "_numbers", "_single")

    def __init__(self) -> None:
        self._numbers: NDArray[np.float64] | None = None
        self._n_columns = self._n_targets = 0
        self._single = False            # whether y has shape (n,)

    @classmethod
    def of(cls, X: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None,
           nan_policy: Literal["raise", "omit"] = "raise") -> Self:
        """The moments of some rows.

        Parameters
        ----------
        X, y, weights, nan_policy
            As for :meth:`update`.

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
        moments = cls()
        moments.update(X, y, weights=weights, nan_policy=nan_policy)
        return moments

    def update(self, X: ArrayLike, y: ArrayLike, *, weights: ArrayLike | None = None,
               nan_policy: Literal["raise", "omit"] = "raise") -> None:
        """Add rows, in place.

        Parameters
        ----------
        X : array_like, shape (n, p)
        y : array_like, shape (n,) or (n, k)
            As many columns as in earlier rows.
        weights : array_like, shape (n,), optional
            The factors of the squared residuals. A row of weight 0 is left out.
        nan_policy : {"raise", "omit"}
            What to do if X or y is not finite: raise, or leave those rows out.

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
        as a file. Two threads must not update the same object at once.

        Examples
        --------
        >>> from mathwork.regression import Moments
        >>> state = Moments()
        >>> for X, y in (([[1], [2]], [1, 3]), ([[3], [4]], [2, 4])):
        ...     state.update(X, y)
        >>> state.fit().params
        array([0.5, 0.8])
        """
        X, y, weights = _checked_rows(X, y, weights, nan_policy)
        shape = X.shape[1], y.shape[1] if y.ndim == 2 else 1, y.ndim == 1
        if self._numbers is not None and shape != self._shape:
            raise ValueError(f"X and y must have {_described(self._shape)} as the rows before, "
                             f"got {_described(shape)}")
        q = shape[0] + shape[1]
        numbers: Any = self._numbers
        step = max(PIECE_NUMBERS // max(q, 1), 1)
        for start in range(0, max(len(X), 1), step):
            piece = slice(start, start + step)
            added = _moments_of(in_place(X[piece]), in_place(y[piece]),
                                None if weights is None else _weights(weights[piece], start),
                                nan_policy, start)
            numbers = _joined(numbers, added, q)
        self._numbers = _finite(numbers)
        self._n_columns, self._n_targets, self._single = shape

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
            The remainder of a column, after earlier columns are removed, must be above this. It is
            relative to the norm of the column and of the columns that make it up. ``16 P eps`` for
            P parameters by default.

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
        chosen = self._chosen(columns)
        intercept = bool(intercept)
        P = len(chosen) + intercept
        if P == 0 or self._n_targets == 0:
            raise ValueError("there must be a column or an intercept, and a y, to fit: "
                             f"these are moments of {_described(self._shape)}")
        rank_tol = checked_rank_tol(rank_tol, 16 * P * np.finfo(np.float64).eps)
        if self._numbers is None or self.nobs < P:
            raise ValueError(f"there must be at least {P} rows for {P} parameters, "
                             f"got {self.nobs}")
        fit = kernels.fit_of_moments(self._numbers, self._n_columns + self._n_targets, chosen,
                                  self._n_targets, self._single, intercept, rank_tol)
        if fit.status == CONSTANT:
            fit._warn_of_rank(chosen, stacklevel=3)
        return fit

    @property
    def nobs(self) -> int:
        return 0 if self._numbers is None else int(self._numbers[0])

    @property
    def weight(self) -> float:
        return 0.0 if self._numbers is None else _weight(self._numbers)

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
        if self._numbers is None or other._numbers is None:     # one of them has no rows
            return (other if self._numbers is None else self)._like()
        if self._shape != other._shape:
            raise ValueError("moments must be of the same columns, "
                             f"got {_described(self._shape)} and {_described(other._shape)}")
        return self._like(_finite(
            kernels.merged_moments(self._numbers, other._numbers, sum(self._shape[:2]))))

    def __radd__(self, other: int) -> Moments:
        # sum() starts from 0
        return self._like() if isinstance(other, int) and other == 0 else NotImplemented

    # Without a hash, because update() changes what it compares by.
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Moments):
            return NotImplemented
        if self._numbers is None or other._numbers is None:
            return self._shape == other._shape and self._numbers is other._numbers
        return self._shape == other._shape and np.array_equal(self._numbers, other._numbers)

    def __repr__(self) -> str:
        return (f"Moments(nobs={self.nobs}, n_columns={self._n_columns}, "
                f"n_targets={self._n_targets})")

    @property
    def _shape(self) -> tuple[int, int, bool]:
        return self._n_columns, self._n_targets, self._single

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self._shape, self._numbers)

    def _like(self, numbers: NDArray[np.float64] | None = None) -> Moments:
        """Return Moments of the same columns with these numbers or its own; numbers never change"""
        return _rebuilt(self._shape, self._numbers if numbers is None else numbers)

    def _part(self, part: int, rows: int) -> NDArray[np.float64]:
        """Return the mean, its low part, the exponents, and gram with q rows: see moments.pxi"""
        q = self._n_columns + self._n_targets
        if self._numbers is None:
            return np.zeros(0)
        return self._numbers[4 + part * q:4 + (part + rows) * q].copy()

    def _chosen(self, columns: Iterable[SupportsIndex] | None) -> NDArray[np.intp]:
        if columns is None:
            return np.arange(self._n_columns)
        columns = list(columns)
        chosen = [operator.index(column) for column in columns]
        if any(isinstance(column, bool) for column in columns):
            raise TypeError("columns must be the places of columns of X, got a mask: "
                            "numpy.flatnonzero gives the places in it")
        for column in chosen:
            if not -self._n_columns <= column < self._n_columns:
                raise IndexError(f"columns must be among the {self._n_columns} of X, got {column}")
        return np.array([column % self._n_columns for column in chosen], np.intp)




def _rebuilt(shape: tuple[int, int, bool], numbers: NDArray[np.float64] | None) -> Moments:
    made = Moments()
    made._n_columns, made._n_targets, made._single = shape
    made._numbers = numbers
    return made


def _described(shape: tuple[int, int, bool]) -> str:
    """Return text for a message from (columns of X, columns of y, whether y is one vector)"""
    p, k, single = shape
    return f"shapes (n, {p}) and " + ("(n,)" if single else f"(n, {k})")


def _checked_rows(X: ArrayLike, y: ArrayLike, weights: ArrayLike | None, nan_policy: str
                  ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]:
    """Return X, y and weights as arrays that fit each other, in any layout and dtype"""
    X, y = as_array(X, "X"), as_array(y, "y")
    if X.ndim != 2:
        raise ValueError(f"X must have shape (n, p), got {X.shape}")
    if y.ndim not in (1, 2) or len(y) != len(X):
        raise ValueError(f"y must have shape ({len(X)},) or ({len(X)}, k) to match X of shape "
                         f"{X.shape}, got {y.shape}")
    check_nan_policy(nan_policy, NAN_POLICIES)
    if weights is not None:
        weights = as_array(weights, "weights")
        check_weights_of_rows(weights, X)
    return X, y, weights


def _weights(weights: NDArray[Any], first: int) -> NDArray[np.float64]:
    """Return a piece of the weights as the kernel takes them"""
    weights = as_plain(weights, "weights", FLOAT64)
    check_weights(weights, first)
    return weights


def _moments_of(X: FloatArray, y: FloatArray, weights: NDArray[np.float64] | None,
                nan_policy: str, first: int) -> NDArray[np.float64]:
    """Return the moments of a piece that starts with row `first`"""
    numbers = kernels.moments_of(X, y, weights)
    if np.isfinite(numbers).all():
        return numbers
    wrong = ~(np.isfinite(X).all(axis=1) & np.isfinite(y.reshape(len(y), -1)).all(axis=1))
    if weights is not None:
        wrong &= weights > 0
    if not wrong.any():
        return _moments_of_far_apart(X, y, weights)
    if nan_policy == "raise":
        raise ValueError(f"X and y must be finite, row {first + int(np.argmax(wrong))} is not; "
                         "nan_policy='omit' leaves such rows out")
    left = np.where(wrong, 0.0, 1.0 if weights is None else weights)
    return _moments_of(X, y, left, nan_policy, first)


def _moments_of_far_apart(X: FloatArray, y: FloatArray, weights: NDArray[np.float64] | None
                          ) -> NDArray[np.float64]:
    """Return the moments by halves: rows so far apart that no sample of them showed the scale"""
    numbers = kernels.moments_of(X, y, weights)
    if (len(X) == 1 or np.isfinite(numbers).all() or _too_far_apart(X, weights)
            or _too_far_apart(y, weights)):
        return numbers
    middle = len(X) // 2
    first, second = [
        _moments_of_far_apart(X[half], y[half], None if weights is None else weights[half])
        for half in (slice(middle), slice(middle, None))]
    return _joined(first, second, X.shape[1] + (y.shape[1] if y.ndim == 2 else 1))


def _too_far_apart(columns: FloatArray, weights: NDArray[np.float64] | None) -> bool:
    """Return whether a difference of rows overflows"""
    rows = columns if weights is None else columns[weights > 0]
    with np.errstate(over="ignore"):
        spans = np.subtract(rows.max(axis=0), rows.min(axis=0), dtype=np.float64)
    return not np.isfinite(spans).all()


def _joined(numbers: NDArray[np.float64] | None, added: NDArray[np.float64], q: int
            ) -> NDArray[np.float64]:
    return added if numbers is None else kernels.merged_moments(numbers, added, q)


def _finite(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the numbers of finite data"""
    if not (np.isfinite(numbers).all() and math.isfinite(_weight(numbers))):
        raise ValueError("X, y and weights must not be too large for their differences and sums")
    return numbers


def _weight(numbers: NDArray[np.float64]) -> float:
    """Return the sum of weights, in units of 1"""
    try:
        return math.ldexp(numbers[1], int(numbers[3]))
    except OverflowError:
        return math.inf
