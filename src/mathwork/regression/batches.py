"""Lines fitted to many small sets of points at once: groups of rows, windows of a series.

The sums are compiled: keys.pxi, groups.pxi, rolling.pxi and batches.pxi in
mathwork/kernels/regression.
"""
from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import numpy as np

from mathwork._arrays import PLAIN, as_plain
from mathwork._doors import public
from mathwork._levels import regression as kernels
from mathwork.regression.inference import t_pvalue, t_statistic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, ClassVar, NoReturn, SupportsIndex

    from numpy.typing import ArrayLike, NDArray

    from mathwork._types import FloatArray

FIELDS = ("slope", "intercept", "rvalue", "stderr", "intercept_stderr")


class _Fits:
    """The fields of many lines, arrays of one length. Immutable, and so are the arrays."""

    __slots__ = ("_pvalue", *FIELDS, "status")

    _shown: ClassVar[tuple[str, ...]]
    _pvalue: Any                # None until it is asked for
    slope: NDArray[np.float64]
    intercept: NDArray[np.float64]
    rvalue: NDArray[np.float64]
    stderr: NDArray[np.float64]
    intercept_stderr: NDArray[np.float64]
    status: NDArray[np.int8]

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            if isinstance(value, np.ndarray):
                value = value.view()        # its giver may go on writing to it
                value.flags.writeable = False
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable, {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable, {name} cannot be deleted")

    def __len__(self) -> int:
        return len(self.status)

    def __repr__(self) -> str:
        parts = []
        for name in self._shown:
            head = f"    {name}="
            value = repr(getattr(self, name)).replace("\n", "\n" + " " * len(head))
            parts.append(f"{head}{value}")
        return f"{type(self).__name__}(\n" + ",\n".join(parts) + ")"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, name) for name in self._shown)

    @property
    def nobs(self) -> NDArray[np.int64]:
        """How many points each line has"""
        raise NotImplementedError

    @property
    def pvalue(self) -> NDArray[np.float64]:
        if self._pvalue is None:
            t = t_statistic(self.slope, self.stderr)
            self._set(_pvalue=np.asarray(t_pvalue(t, self.nobs - 2.0)))
        return self._pvalue


@public
class GroupFits(_Fits):
    """The result of :func:`fit_groups`. Immutable; every field has one entry a group.

    Parameters
    ----------
    keys, nobs, slope, intercept, rvalue, stderr, intercept_stderr, status : ndarray
        The attributes of these names.

    Attributes
    ----------
    keys : ndarray, shape (groups,)
        The key of each group, in the order of their first rows.
    nobs : ndarray of int64, shape (groups,)
        The number of rows with this key.
    slope, intercept : ndarray of float64, shape (groups,)
        The line ``y = slope x + intercept`` of least squares.
    rvalue : ndarray of float64, shape (groups,)
        The correlation of x and y; 0 if y is constant.
    stderr, intercept_stderr : ndarray of float64, shape (groups,)
        The standard errors of slope and intercept; NaN for two points.
    pvalue : ndarray of float64, shape (groups,)
        The chance of a slope at least as far from 0 if the true slope is 0, by Student's t with
        ``nobs - 2`` degrees of freedom. Computed on access, with SciPy (extra ``stats``).
    status : ndarray of int8, shape (groups,)
        A code of ``mathwork.regression.status``: 0 for a fit; 1 for a single point, 2 if x is
        constant, 3 if x or y holds NaN or infinity. If it is not 0, the fields are NaN.

    Examples
    --------
    >>> from mathwork.regression import fit_groups
    >>> fits = fit_groups(["b", "a", "b", "a"], [0, 1, 2, 3], [1, 1, 5, 2])
    >>> fits.keys, fits.slope
    (array(['b', 'a'], dtype='<U1'), array([2. , 0.5]))
    >>> len(fits)
    2
    """

    __slots__ = ("keys", "nobs")
    _shown = ("keys", "nobs", *FIELDS, "status")

    keys: NDArray[Any]
    nobs: NDArray[np.int64]

    def __init__(self, keys: NDArray[Any], nobs: NDArray[np.int64], slope: NDArray[np.float64],
                 intercept: NDArray[np.float64], rvalue: NDArray[np.float64],
                 stderr: NDArray[np.float64], intercept_stderr: NDArray[np.float64],
                 status: NDArray[np.int8]) -> None:
        self._set(keys=keys, nobs=nobs, slope=slope, intercept=intercept, rvalue=rvalue,
                  stderr=stderr, intercept_stderr=intercept_stderr, status=status, _pvalue=None)


@public
class RollingFits(_Fits):
    """The result of :func:`fit_rolling`. Immutable; entry i is for the window that ends at point i.

    Parameters
    ----------
    window, min_nobs : int
    slope, intercept, rvalue, stderr, intercept_stderr, status : ndarray, shape (n,)
        The attributes of these names.

    Attributes
    ----------
    slope, intercept : ndarray of float64, shape (n,)
        The line ``y = slope x + intercept`` of least squares.
    rvalue : ndarray of float64, shape (n,)
        The correlation of x and y; 0 if y is constant in the window.
    stderr, intercept_stderr : ndarray of float64, shape (n,)
        The standard errors of slope and intercept; NaN for two points.
    pvalue : ndarray of float64, shape (n,)
        The chance of a slope at least as far from 0 if the true slope is 0, by Student's t with
        ``nobs - 2`` degrees of freedom. Computed on access, with SciPy (extra ``stats``).
    status : ndarray of int8, shape (n,)
        A code of ``mathwork.regression.status``: 0 for a fit; 1 for fewer than `min_nobs` points,
        2 if x is constant in the window, 3 if it holds NaN or infinity. If it is not 0, the fields
        are NaN.
    nobs : ndarray of int64, shape (n,)
        The number of points in the window: `window`, and fewer at the start.
    window, min_nobs : int
        The given values.

    Examples
    --------
    >>> from mathwork.regression import fit_rolling
    >>> fits = fit_rolling([0, 1, 2, 3], [0, 1, 3, 5], 3)
    >>> fits.slope
    array([nan, nan, 1.5, 2. ])
    >>> fits.status
    array([1, 1, 0, 0], dtype=int8)
    """

    __slots__ = ("min_nobs", "window")
    _shown = ("window", "min_nobs", *FIELDS, "status")

    min_nobs: int
    window: int

    def __init__(self, window: int, min_nobs: int, slope: NDArray[np.float64],
                 intercept: NDArray[np.float64], rvalue: NDArray[np.float64],
                 stderr: NDArray[np.float64], intercept_stderr: NDArray[np.float64],
                 status: NDArray[np.int8]) -> None:
        self._set(window=window, min_nobs=min_nobs, slope=slope, intercept=intercept,
                  rvalue=rvalue, stderr=stderr, intercept_stderr=intercept_stderr, status=status,
                  _pvalue=None)

    @property
    def nobs(self) -> NDArray[np.int64]:
        n = len(self)
        return np.minimum(np.arange(1, n + 1), min(self.window, n))


@public
def fit_groups(keys: ArrayLike | Sequence[Any], x: ArrayLike, y: ArrayLike) -> GroupFits:
    """A line of least squares through the points of every group. A group is the rows of one key.

    Parameters
    ----------
    keys : array_like, shape (n,)
        The group of each row, in any order: integers, bools, strings, bytes, times, floats, or
        objects that can be keys of a dict. Rows without a key (None, NaN, NaT, ``pandas.NA``)
        belong to no group and are left out.
    x, y : array_like, shape (n,)
        The points, in any real dtype.

    Returns
    -------
    GroupFits
        One entry a group, in the order of their first rows. No group raises: a group without a fit
        has NaN and a `status` with the reason.

    Raises
    ------
    TypeError
        If x or y does not hold real numbers, an argument is a masked array, or the keys cannot be
        told apart (unhashable objects, complex numbers, structures).
    ValueError
        If keys, x and y are not one-dimensional and of one length.

    Notes
    -----
    The rows pass once, in their order, into centred sums of each group (Welford 1962), counted from
    the group's first point. So the errors are relative to the distances between its points: about
    ``eps sqrt(nobs)`` and at most ``eps nobs`` of the spreads of x and y, for any offset. Some
    groups take a second pass: points so near a line that the standard errors would lose digits, and
    points with squares beyond the range of float64. A group has the same bits beside any other
    groups, and at every level.

    Beside the result this takes up to 400 bytes a group and the bytes of its key. Integers from a
    range of at most two for each row take a third of that, and up to 12 bytes for each integer of
    the range. Rows are neither sorted nor copied, except arrays that are not contiguous.

    References
    ----------
    B. P. Welford, "Note on a method for calculating corrected sums of squares and products",
    Technometrics 4(3), 1962.

    Examples
    --------
    >>> from mathwork.regression import fit_groups
    >>> fits = fit_groups([7, 3, 7, 7, 3, 5], [0, 0, 1, 2, 1, 9], [1, 5, 3, 5, 2, 9])
    >>> fits.keys
    array([7, 3, 5])
    >>> fits.slope
    array([ 2., -3., nan])
    >>> fits.status
    array([0, 0, 1], dtype=int8)
    """
    given, plain, kind = _as_keys(keys)
    x, y = _plain_view(x, "x"), _plain_view(y, "y")
    if plain.ndim != 1 or x.shape != plain.shape or y.shape != plain.shape:
        tuples = isinstance(keys, list) and bool(keys) and isinstance(keys[0], tuple)
        hint = "; keys that are tuples go into an array of objects" if tuples else ""
        raise ValueError("keys, x and y must have the same shape (n,), "
                         f"got {plain.shape}, {x.shape} and {y.shape}{hint}")
    rows = kernels.GroupedRows(plain, kind, x, y)
    first, nobs, status, fields = rows.fits()
    found = given[first] if hasattr(keys, "__array__") else _regular(given[first])
    return GroupFits(found, nobs, *(*fields, status))


@public
def fit_rolling(x: ArrayLike, y: ArrayLike, window: SupportsIndex, *,
                min_nobs: SupportsIndex | None = None) -> RollingFits:
    """A line of least squares through every window of a series: a point and the points before it.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        The series, in any real dtype. x need not be equally spaced, nor in order.
    window : int
        The number of points in a window, at least 2. It may be longer than the series.
    min_nobs : int, optional
        The shorter windows at the start of the series are fitted from this many points on, 2 to
        `window`. By default `window`: they are not fitted.

    Returns
    -------
    RollingFits
        Entry i is for the window that ends at point i. No window raises: a window without a fit has
        NaN and a `status` with the reason.

    Raises
    ------
    TypeError
        If x or y does not hold real numbers or is masked, or `window` is not an integer.
    ValueError
        If x and y are not one-dimensional and of one length, `window` is less than 2, or
        `min_nobs` is not in 2..window.

    Notes
    -----
    A window is the end of one block of `window` points and the beginning of the next. The sums of
    all beginnings and of all ends are built point by point (Welford 1962), and two are merged for a
    window (Chan, Golub and LeVeque 1983). So no point is ever subtracted. A window depends on its
    own points only: a spike, NaN or infinity has no effect after it has left, and no error grows
    along the series. The sums are counted from a point of the window. So the errors are relative to
    the distances between its points: about ``eps sqrt(window)`` and at most ``eps window`` of the
    spreads of x and y, for any offset.

    A window with NaN or infinity in it is not fitted; its points are not counted one by one.

    Some windows are summed a second time: points so near a line that the standard errors would lose
    digits, and points with squares beyond the range of float64. All levels give the same bits.
    Beside the result this takes some 60 KB, and 1 to 5 bytes for each point of a window.

    References
    ----------
    B. P. Welford, "Note on a method for calculating corrected sums of squares and products",
    Technometrics 4(3), 1962.
    T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample variance:
    analysis and recommendations", The American Statistician 37(3), 1983.

    Examples
    --------
    >>> from mathwork.regression import fit_rolling
    >>> fit_rolling([0, 1, 2, 3], [0, 1, 3, 5], 3, min_nobs=2).slope
    array([nan, 1. , 1.5, 2. ])
    """
    window = operator.index(window)
    if window < 2:
        raise ValueError(f"window must be at least 2, got {window}")
    min_nobs = window if min_nobs is None else operator.index(min_nobs)
    if not 2 <= min_nobs <= window:
        raise ValueError(f"min_nobs must be between 2 and window = {window}, got {min_nobs}")
    x, y = _plain_view(x, "x"), _plain_view(y, "y")
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"x and y must have the same shape (n,), got {x.shape} and {y.shape}")
    longest = len(x) + 1        # a longer window gives the same
    status, fields = kernels.rolling_fits(x, y, min(window, longest), min(min_nobs, longest))
    return RollingFits(window, min_nobs, *(*fields, status))


def _plain_view(value: ArrayLike, name: str) -> FloatArray:
    """Return `value` as a plain array; nobody else can set its shape and dtype"""
    return as_plain(value, name).view()


# ---- keys ----

def _as_keys(keys: Any) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Return (the keys as NumPy has them, as the kernel reads them, how it tells them apart)"""
    if isinstance(keys, np.ma.MaskedArray):
        raise TypeError("keys must be a plain array, got a masked array: fill or compress it first")
    try:
        given = np.asarray(keys)
    except ValueError as error:
        raise ValueError(f"keys must be a regular array: {error}") from None
    listed = isinstance(keys, (list, tuple))
    if given.dtype.kind == "f" and "int" in str(getattr(keys, "dtype", "")).lower():
        keys, listed = list(keys), True      # a column of pandas or polars with missing keys
    if given.ndim == 1 and given.dtype.kind in "USf" and listed:
        # NumPy would make "nan" of a NaN among strings, and one float of two large integers.
        given = np.empty(len(keys), object)
        given[:] = keys
    kind, size = given.dtype.kind, given.dtype.itemsize
    if kind == "T" or (kind == "f" and size > 8):
        plain = given.astype(object)
    elif kind == "f" and size < 4:
        plain = given.astype(np.float32)
    elif kind in kernels.key_kinds:
        plain = given
    else:
        raise TypeError("keys must be integers, strings, times, floats or objects, "
                        f"got dtype {given.dtype}")
    # As in _plain_view: the other arguments, and keys that are objects, may run any code.
    plain = np.require(plain, plain.dtype.newbyteorder("="), PLAIN).view()
    return given, plain, kernels.key_kinds[plain.dtype.kind]


def _regular(keys: NDArray[Any]) -> NDArray[Any]:
    """Return keys from a list; if all are strings, bytes or floats, as an array of these"""
    if keys.dtype == object and set(map(type, keys)) in ({str}, {bytes}, {float}):
        regular = np.array(keys.tolist())
        if regular.tolist() == keys.tolist():       # False if a string ends in NUL
            return regular
    return keys
